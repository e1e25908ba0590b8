"""Run the notebook of a recipe as Colab would: its packages, an empty folder, the notebook's own first cell.

``python tests/colab/run_recipe.py ID [--pins FILE] [--python PYTHON] [--venv FOLDER] [--wheel FILE]`` ends
with 0 where the words of its verdict cells are those that the committed notebook shows, it had its front
matter, and nothing that was installed before has changed.

What is not Colab's here: the operating system, a GPU, packages that neither scopecheck nor the tool asks for,
and the service behind ``google.colab``, of which a stand-in answers the one question that the first cell has.
The interpreter is of the same minor version.
"""

import argparse
import difflib
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
# Runs before the notebook's first cell, in its kernel. Colab keeps these modules loaded.
STAND_IN = """
import json, pathlib, sys, types
colab, message = types.ModuleType("google.colab"), types.ModuleType("google.colab._message")
def blocking_request(kind, request="", timeout_sec=5):
    return {{"ipynb": json.loads(pathlib.Path({notebook!r}).read_text(encoding="utf-8"))}}
message.blocking_request, message.MessageError = blocking_request, type("MessageError", (Exception,), {{}})
colab._message = message
sys.modules |= {{"google.colab": colab, "google.colab._message": message}}
"""
EXECUTE = """
import sys, nbformat
from nbclient import NotebookClient
notebook = nbformat.read(sys.argv[1], as_version=4)
try:
    NotebookClient(notebook, timeout=3600, kernel_name="python3").execute()
finally:
    nbformat.write(notebook, sys.argv[2])
"""


def read_pins(path: Path) -> dict[str, str]:
    """Versions by name out of what ``pip freeze`` printed, builds (+cu128) left off."""
    lines = re.findall(
        r"^([A-Za-z0-9._-]+)==([^\s+;]+)", path.read_text(encoding="utf-8"), flags=re.MULTILINE
    )
    return {spelled(name): version for name, version in lines}


def spelled(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def run(*command: str | Path, **more) -> str:
    """What a command prints; its own messages go through, and its failure ends this one."""
    return subprocess.run([*map(str, command)], check=True, stdout=subprocess.PIPE, text=True, **more).stdout


def resolve(python: Path, wanted: list[str], pins: dict[str, str], work: Path) -> dict[str, str]:
    """What pip would install of `wanted` where everything that Colab holds keeps its version."""
    constraints, report = work / "pins.txt", work / "report.json"
    constraints.write_text(
        "".join(f"{name}=={version}\n" for name, version in pins.items()), encoding="utf-8"
    )
    asked = ["install", "-q", "--dry-run", "--report", report, "-c", constraints, *wanted]
    run(python, "-m", "pip", *asked, stderr=subprocess.PIPE)
    told = json.loads(report.read_text(encoding="utf-8"))["install"]
    return {spelled(p["metadata"]["name"]): p["metadata"]["version"] for p in told}


def colabs(python: Path, wanted: list[str], pins: dict[str, str], work: Path) -> None:
    """Install what Colab holds of all that `wanted` will ask for, and what runs a notebook."""
    found = resolve(python, [*wanted, "ipykernel", "ipython", "nbclient"], pins, work)
    held = [f"{name}=={version}" for name, version in found.items() if name in pins]
    run(
        python,
        "-m",
        "pip",
        "install",
        "-q",
        "-c",
        work / "pins.txt",
        *held,
        "ipykernel",
        "ipython",
        "nbclient",
    )


def words(notebook: dict) -> list[str]:
    """The lines that the verdict cells print."""
    cells = [c for c in notebook["cells"] if "verdict" in c["metadata"].get("tags", [])]
    texts = ["".join(o["text"]) for c in cells for o in c["outputs"] if o.get("name") == "stdout"]
    return "".join(texts).splitlines()


def main() -> int:
    """Run one notebook; gives the exit status."""
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("recipe")
    ask.add_argument(
        "--pins", type=Path, default=max(HERE.glob("pins-*.txt")), help="default: the newest here"
    )
    ask.add_argument("--python", default="python3.13", help="interpreter of Colab's minor version")
    ask.add_argument("--venv", type=Path, help="an environment that holds Colab's packages already")
    ask.add_argument("--wheel", type=Path, help="scopecheck's wheel; default: built from this checkout")
    given = ask.parse_args()
    notebook = ROOT / "recipes" / "notebooks" / f"{given.recipe}.ipynb"
    if not notebook.is_file():
        sys.exit(f"{notebook}: no such notebook; expected the id of a recipe, as `scopecheck list` gives it")
    listed = yaml.safe_load((ROOT / "recipes" / "colab.yaml").read_text(encoding="utf-8"))
    extra = (listed.get(given.recipe) or {}).get("extra", "")
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        if not given.wheel:
            run(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", work / "wheels", ROOT)
        wheel = given.wheel.absolute() if given.wheel else next((work / "wheels").iterdir())
        python = (given.venv or work / "venv").absolute() / "bin" / "python"
        if not given.venv:
            run(given.python, "-m", "venv", work / "venv")
            colabs(python, [f"{wheel}[{extra}]" if extra else str(wheel)], read_pins(given.pins), work)
        before = run(python, "-m", "pip", "freeze").splitlines()
        ran, verdict = as_colab(python, notebook, wheel, work)
        changed = sorted(set(before) - set(run(python, "-m", "pip", "freeze").splitlines()))
    asked, said = words(json.loads(notebook.read_text(encoding="utf-8"))), words(ran)
    for line in difflib.unified_diff(asked, said, "recorded", "here", lineterm="", n=0):
        print(line)
    found = "with its front matter" if verdict.get("front_matter") else "WITHOUT front matter"
    as_kept = "as recorded" if said == asked else "NOT as recorded"
    print(f"{given.recipe} with {given.pins.stem}: {len(said)} lines of words, {as_kept};", end=" ")
    print(f"packages changed: {', '.join(changed) or 'none'}; {found}")
    return int(said != asked or bool(changed) or not verdict.get("front_matter"))


def as_colab(python: Path, notebook: Path, wheel: Path, work: Path) -> tuple[dict, dict]:
    """The executed notebook and its verdict.json; what failed in it ends this command."""
    startup, page = work / "ipython" / "profile_default" / "startup", work / "page"
    startup.mkdir(parents=True)
    page.mkdir()
    (startup / "00.py").write_text(STAND_IN.format(notebook=str(notebook)), encoding="utf-8")
    env = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME", "SCOPECHECK_MIRROR") or "PIP_" in k}
    env |= {"IPYTHONDIR": str(work / "ipython"), "SCOPECHECK_CACHE": str(work / "data")}
    env |= {"CUDA_VISIBLE_DEVICES": "", "PIP_FIND_LINKS": f"{env.get('PIP_FIND_LINKS', '')} {wheel.parent}"}
    subprocess.run([python, "-c", EXECUTE, notebook, work / "done.ipynb"], cwd=page, env=env, check=True)
    verdict = page / "verdict.json"
    return (
        json.loads((work / "done.ipynb").read_text(encoding="utf-8")),
        json.loads(verdict.read_text(encoding="utf-8")) if verdict.is_file() else {},
    )


if __name__ == "__main__":
    sys.exit(main())
