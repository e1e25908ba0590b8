"""Derive the notebooks from the recipes: what Colab opens and what nbval compares.

``python -m scopecheck.runner.derive [ID ...]`` writes ``recipes/notebooks/<id>.ipynb`` (of all recipes when
none is named); with ``--check`` it writes nothing and ends with 1 where one is not in step. They hold the
outputs of the verdict cells alone, taken from the latest result that was run with default parameters; in
their metadata stand the header, the plan and the recorded runs. The first cell, folded, sets up a fresh
Colab.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from scopecheck import __version__
from scopecheck.errors import InputError, RecipeError
from scopecheck.record.colab import pack
from scopecheck.runner.colab import extra_of
from scopecheck.runner.find import find, locate, read_notebook, results_folder

TAG = "verdict"
SETUP = """\
# @title Set up (on Colab; elsewhere this cell does nothing) {{"display-mode":"form"}}
import sys

if "google.colab" in sys.modules:
    import importlib.metadata
    import pathlib
    import subprocess

    # Nothing that Colab holds may change: a session whose packages change has to start anew.
    held = {{}}
    for one in importlib.metadata.distributions():  # what is there twice is used as it is found first
        held.setdefault((one.metadata["Name"] or "").lower().replace("_", "-"), one.version)
    pins = pathlib.Path("colab-holds.txt")
    pins.write_text("".join(f"{{name}}=={{version}}\\n" for name, version in held.items() if name))
    wanted, drive = "{wanted}", pathlib.Path("/content/drive/MyDrive/scopecheck")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--constraint", str(pins)]
    pip += ["--find-links", str(drive)] if drive.is_dir() else []
    done = subprocess.run([*pip, wanted], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(
            f"{{wanted}} cannot be installed beside what this Colab holds. Before its release, put its wheel"
            f" into the folder scopecheck of your Drive and mount that. pip says: {{done.stderr[-1500:]}}"
        )
    from scopecheck.record import colab

    colab.begin("{recipe}")
"""


def derived(path: Path, outputs: dict[str, list[Any]]) -> Any:
    """The recipe as a notebook without outputs but those given, by cell source, for its verdict cells."""
    notebook = read_notebook(path)
    notebook.metadata.setdefault("scopecheck", {}).update(pack(path))
    notebook.cells.insert(0, setup(path))
    for cell in notebook.cells:
        if TAG in cell.metadata.get("tags", []) and outputs.get(cell.source):
            cell.outputs, cell.execution_count = outputs[cell.source], 1
    return notebook


def setup(path: Path) -> Any:
    """The folded cell that, on Colab alone, installs this version with the recipe's extra."""
    from nbformat.v4 import new_code_cell

    extra = extra_of(path)
    wanted = f"scopecheck{f'[{extra}]' if extra else ''}=={__version__}"
    folded = {"tags": ["hide-input"], "cellView": "form", "jupyter": {"source_hidden": True}}
    source = SETUP.format(wanted=wanted, recipe=path.stem).rstrip("\n")
    return new_code_cell(source, id="cell-setup", metadata=folded)


def words_of(notebook: Any) -> dict[str, list[Any]]:
    """What the verdict cells of an executed notebook printed, by cell source."""
    return {
        cell.source: [o for o in cell.outputs if o.output_type == "stream" and o.name == "stdout"]
        for cell in notebook.cells
        if cell.cell_type == "code" and TAG in cell.metadata.get("tags", [])
    }


def latest_words(recipe: str, results: Path) -> dict[str, list[Any]]:
    """Words of the newest result with default parameters, or none."""
    import nbformat

    runs = [json.loads(p.read_text(encoding="utf-8")) for p in (results / recipe).glob("*/run.json")]
    runs = sorted((r for r in runs if not r["changed"]), key=lambda r: r["ended"])
    pages = [results / recipe / r["key"] / f"{recipe}.ipynb" for r in runs[-1:]]
    return words_of(nbformat.read(pages[0], as_version=4)) if pages else {}


def faults(path: Path) -> list[str]:
    """Why the committed notebook of a recipe is not in step with it; empty when it is."""
    import nbformat

    target = path.parent / "notebooks" / f"{path.stem}.ipynb"
    if not target.is_file():
        return [f"{target} is missing"]
    have = nbformat.read(target, as_version=4)
    want = derived(path, words_of(have))
    out = []
    if [(c.cell_type, c.source, c.metadata) for c in have.cells] != [
        (c.cell_type, c.source, c.metadata) for c in want.cells
    ]:
        out.append(f"{target} is not what {path} gives")
    if have.metadata != want.metadata:
        out.append(f"{target} holds another header, plan or record than {path}")
    if [c.get("outputs") for c in have.cells] != [c.get("outputs") for c in want.cells]:
        out.append(f"{target} holds outputs of other cells than the verdict cells")
    return out


def main(check: bool, names: Sequence[str] = ()) -> int:
    """Write or check the derived notebooks of the recipes named, or of all; gives the exit status."""
    import nbformat

    wrong = []
    for path in [locate(name) for name in names] or find():
        if check:
            wrong += faults(path)
            continue
        target = path.parent / "notebooks" / f"{path.stem}.ipynb"
        old = words_of(nbformat.read(target, as_version=4)) if target.is_file() else {}
        notebook = derived(path, latest_words(path.stem, results_folder()) or old)
        target.parent.mkdir(exist_ok=True)
        nbformat.write(notebook, target)
        print(f"{target}: {'with' if any(c.get('outputs') for c in notebook.cells) else 'without'} verdicts")
    for line in wrong:
        print(f"{line}; run: python -m scopecheck.runner.derive", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    try:
        sys.exit(main("--check" in sys.argv[1:], [a for a in sys.argv[1:] if a != "--check"]))
    except (InputError, RecipeError) as err:
        print(err, file=sys.stderr)
        sys.exit(2)
