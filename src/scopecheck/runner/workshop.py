"""Is this laptop ready for a class? Says what is missing and what to type; needs no network.

Run by any Python, ``python src/scopecheck/runner/workshop.py``: it imports the standard library alone, and
asks the environment that is there.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

RECIPE = "segmentation-unet-dice-trap"  # the shortest by its header
SECONDS = 120
WITH, WITHOUT = 1, 6  # GB of free disk: where the environment is set up, and where it is not
PRESENT = """
import json
from scopecheck.data import cache, mirror
from scopecheck.data.catalogue import describe
from scopecheck.record.recipe import read_recipe
from scopecheck.runner.find import find
def here(entry, file):
    if cache.ready(entry, file) or cache.comes_along(entry, file):
        return True
    return mirror.holds(cache.expected(entry, file))
names = sorted({name for path in find() for name in read_recipe(path).datasets.embedded})
print(json.dumps([n for n in names if not all(here(describe(n), f) for f in describe(n).files)]))
"""
INSTALLED = """
import json
from importlib.metadata import distributions
print(json.dumps({d.metadata["Name"]: d.version for d in distributions() if d.metadata["Name"]}))
"""
NAMES = """
import json
from scopecheck.record.recipe import read_recipe
from scopecheck.runner.find import locate
print(json.dumps(read_recipe(locate({!r})).datasets.embedded))
"""


def plain(name: str) -> str:
    """A package's name as registries compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def unlike(lock: str, installed: dict[str, str]) -> list[str]:
    """Packages of a lock that are absent or in another version; a local build counts as its version."""
    have = {plain(name): version.split("+")[0] for name, version in installed.items()}
    said = []
    for line in lock.splitlines():
        name, _, wanted = line.split("#")[0].split(";")[0].strip().partition("==")
        version = have.get(plain(name))
        if wanted and version != wanted.split("+")[0]:
            said.append(f"{name} {version or 'missing'}, not {wanted}")
    return said


def asked(python: Path, code: str, root: Path) -> Any:
    """What code prints as JSON in the environment; RuntimeError with its last line where it fails."""
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False, cwd=root)
    if done.returncode:
        raise RuntimeError((done.stderr.strip().splitlines() or ["no word why"])[-1])
    return json.loads(done.stdout)


def some(names: list[str]) -> str:
    """The first names of a list, and how many more."""
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def timed(python: Path, root: Path, recipe: str) -> tuple[float, str]:
    """Seconds of a fresh run of one recipe, and why it failed, if it did; nothing of it is kept."""
    with tempfile.TemporaryDirectory() as folder:
        env = os.environ | {"SCOPECHECK_RESULTS": folder, "SCOPECHECK_PROGRESS": "plain"}
        start = [str(python), "-c", "from scopecheck.cli import main; main()"]
        command = [*start, "run", recipe, "--minutes", "10"]
        started = time.monotonic()
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=root, env=env)
        seconds = time.monotonic() - started
    tail = (done.stdout + done.stderr).strip().splitlines()[-3:]
    return seconds, " ".join(tail) if done.returncode else ""


def look(root: Path, environment: Path, recipe: str) -> Iterator[tuple[bool, str, str]]:
    """Every check as (good, what was found, what to type where it is not), the longest last."""
    python = environment / "bin" / "python"
    again = f"rm -f {environment}/.installed, then make env (with a network, or from the bundle)"
    version = ".".join(map(str, sys.version_info[:3]))
    other = "install Python 3.11, then make workshop PYTHON=/path/to/python3.11"
    yield sys.version_info[:2] == (3, 11), f"Python {version}", other
    there = python.is_file()
    free, wanted = shutil.disk_usage(root).free / 1e9, WITH if there else WITHOUT
    yield free >= wanted, f"{free:.0f} GB of disk free, {wanted} wanted", "make room on this disk"
    if not there:
        yield False, f"no environment in {environment}", again
        return
    try:
        off = unlike((root / "requirements.lock").read_text(encoding="utf-8"), asked(python, INSTALLED, root))
        told = f"{len(off)} packages differ from the lock: {some(off)}" if off else "all packages of the lock"
        yield not off, told, again
        missing = asked(python, PRESENT, root)
        needed = asked(python, NAMES.format(recipe), root)
    except RuntimeError as err:
        yield False, f"scopecheck does not start: {err}", again
        return
    told = f"data of recipes not here: {some(missing)}" if missing else "the data of all embedded recipes"
    mirror = "without a network: export SCOPECHECK_MIRROR=/folder/of/the/bundle"
    yield not missing, told, f"scopecheck data fetch {' '.join(missing)}; {mirror}"
    if set(needed) & set(missing):
        yield False, f"{recipe} was not tried, since its data are missing", "fetch them first, as above"
        return
    seconds, why = timed(python, root, recipe)
    if why:
        yield False, f"{recipe} failed: {why}", f"scopecheck run {recipe}, to see all of it"
        return
    slow = "close other programs and try again; or let this laptop read the pages, which are made elsewhere"
    yield seconds <= SECONDS, f"{recipe} ran in {seconds:.0f} s, {SECONDS} at most", slow


def main(arguments: list[str]) -> int:
    """Print what was found; gives the exit status, 1 where something is missing."""
    parser = argparse.ArgumentParser(prog="make workshop", description=__doc__)
    parser.add_argument(
        "--root", type=Path, default=Path(__file__).parents[3], help="the repository's folder"
    )
    parser.add_argument("--environment", type=Path, default=Path(".venv"), help="the environment's folder")
    parser.add_argument("--recipe", default=RECIPE, help="the recipe that is run")
    given = parser.parse_args(arguments)
    root = given.root.resolve()
    bad = 0
    for good, told, do in look(root, root / given.environment, given.recipe):
        print(
            f"{'good    ' if good else 'MISSING '} {told}" + ("" if good else f"\n         do: {do}"),
            flush=True,
        )
        bad += not good
    print(f"{bad} to mend; then type make workshop again." if bad else "This laptop is ready.")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
