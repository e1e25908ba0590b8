"""Kill -9 at any moment and run again: nothing lost, nothing done twice, nothing left running."""

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import psutil
import pytest

import scopecheck

KILLS = 24 if os.environ.get("WEEKLY") else 8
BODY = (
    "import os, time\n"
    "time.sleep(0.2)\n"
    "with open(os.environ['LOG'], 'a') as log:\n"
    "    log.write(os.environ['SCOPECHECK_RECIPE'].rsplit('/', 1)[1] + '\\n')"
)


def left_running(root: str) -> list[psutil.Process]:
    """Processes that work on this test's folder."""
    found = []
    for process in psutil.process_iter(["cmdline", "cwd", "status"]):
        texts = [*(process.info["cmdline"] or []), process.info["cwd"] or ""]
        if process.info["status"] != psutil.STATUS_ZOMBIE and any(root in t for t in texts):
            found.append(process)
    return [p for p in found if p.pid != os.getpid()]


def whole_results(results) -> dict[str, tuple]:
    """Every visible result, with what would change if it were made again; each must be whole."""
    found = {}
    for folder in results.glob("*/*/"):
        if not re.fullmatch(r"[0-9a-f]{16}", folder.name):
            continue
        run = json.loads((folder / "run.json").read_text())
        crate = json.loads((folder / "ro-crate-metadata.json").read_text())
        notebook = nbformat.read(folder / f"{folder.parent.name}.ipynb", as_version=4)
        assert run["key"] == folder.name
        assert crate["@graph"]
        assert all(c.metadata.papermill.status == "completed" for c in notebook.cells)
        found[f"{folder.parent.name}/{folder.name}"] = ((folder / "run.json").stat().st_ino, run["started"])
    return found


@pytest.mark.slow
def test_killed_at_random_moments(place, tmp_path):
    chance = random.Random(20261120)
    log = tmp_path / "log"
    log.touch()
    # a copy of the package: editing the original while this test runs would rightly change every key
    shutil.copytree(Path(scopecheck.__file__).parent, tmp_path / "source" / "scopecheck")
    environment = {**os.environ, "LOG": str(log), "PYTHONPATH": str(tmp_path / "source")}
    command = [sys.executable, "-c", "from scopecheck.cli import main; main()", "run", "--all", "--jobs", "2"]
    pages = 0
    kills, halfway, seen, logged = 0, 0, {}, {}

    def runs_of(result: str) -> int:
        return log.read_text().splitlines().count(result.split("/")[0] + ".py")

    def check() -> None:
        now = whole_results(place.results)
        assert {k: now.get(k) for k in seen} == seen  # nothing lost, nothing replaced
        for result in now:
            if result not in seen:
                logged[result] = runs_of(result)
        seen.update(now)
        assert {r: runs_of(r) for r in seen} == logged  # nothing done twice

    while kills < KILLS or (len(seen) < 3 and kills < 2 * KILLS):
        while pages < len(seen) + 4:  # always something left to do
            place.page(f"page-{pages}", BODY)
            pages += 1
        process = subprocess.Popen(
            command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        if kills % 2:  # at any moment of the command, or at any moment of a notebook
            time.sleep(chance.uniform(0.2, 7))
        else:
            while process.poll() is None and not list(
                place.results.glob(f"*/.work-*-{process.pid}/spec.json")
            ):
                time.sleep(0.02)
            time.sleep(chance.uniform(0, 5))
        if process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)
            kills += 1
        process.wait()
        halfway += bool(list(place.results.glob("*/.work-*")))
        for _ in range(6000):  # the kernel tells them to end; when they get to it depends on the machine
            if not left_running(str(tmp_path)):
                break
            time.sleep(0.05)
        assert left_running(str(tmp_path)) == []  # nothing left running
        check()

    assert halfway >= KILLS // 3  # that many were hit while notebooks ran
    assert subprocess.run(command, env=environment, capture_output=True, check=False).returncode == 0
    check()
    assert {r.split("/")[0] for r in seen} == {f"page-{i}" for i in range(pages)}
    assert len(seen) == pages  # one result each
    assert not list(place.results.glob("*/.work-*"))  # what the killed runs left is gone
    again = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert f"{pages} unchanged" in again.stdout
    check()
