"""Derived notebooks: the recipe's cells, and the outputs of the verdict cells alone."""

import json
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import nbformat
import pytest

from scopecheck import __version__
from scopecheck.record import colab
from scopecheck.runner import derive


@pytest.fixture
def written(place, made, monkeypatch):
    recipe = place.recipe(recorded="FAILS")
    made(recipe, {"seed": "9"})  # an experiment gives no words
    assert derive.main(check=False) == 0
    without = nbformat.read(recipe.parent / "notebooks" / "shift-toy.ipynb", as_version=4)
    assert not any(c.get("outputs") for c in without.cells)
    made(recipe)
    assert derive.main(check=False) == 0
    return recipe, recipe.parent / "notebooks" / "shift-toy.ipynb"


def test_only_the_words_are_kept(written):
    _, target = written
    notebook = nbformat.read(target, as_version=4)
    nbformat.validate(notebook)
    outputs = [o for c in notebook.cells for o in c.get("outputs", [])]
    assert len(outputs) == 1
    assert outputs[0]["text"].splitlines() == [
        "apart [positive control] | count | ● HOLDS (agrees with annotation) | scope population, n = 6",
        "lost [negative control] | count | ■ FAILS (disagrees with annotation) | scope population, n = 6",
        "field | count | ■ FAILS (disagrees with annotation) | scope population, n = 6",
    ]
    plan = notebook.metadata["scopecheck"]["plan"]
    told = {"arm": "field", "measurement": "count", "predicted": "HOLDS", "origin": "paper", "source": "x"}
    assert plan[2] == told
    recorded = json.loads(notebook.metadata["scopecheck"]["recorded"])
    assert recorded["runs"][0]["arms"][0]["words"] == ["FAILS"]
    assert derive.main(check=True, names=[target.stem]) == 0
    first = target.read_bytes()
    assert derive.main(check=False) == 0
    assert target.read_bytes() == first  # writing again changes nothing


def test_words_stay_when_no_result_is_at_hand(written, monkeypatch, tmp_path):
    _, target = written
    before = target.read_bytes()
    monkeypatch.setenv("SCOPECHECK_RESULTS", str(tmp_path / "none"))
    assert derive.main(check=False) == 0
    assert target.read_bytes() == before


def test_check_finds_each_way_to_be_out_of_step(written, capsys):
    recipe, target = written
    text = recipe.read_text(encoding="utf-8")
    recipe.write_text(text.replace("Its text.", "Other text."), encoding="utf-8")
    assert derive.main(check=True) == 1
    assert "is not what" in capsys.readouterr().err
    recipe.write_text(text, encoding="utf-8")
    kept = recipe.parent / "recorded" / "shift-toy.json"
    kept.rename(kept.with_suffix(".away"))
    assert derive.main(check=True) == 1
    assert "holds another header, plan or record than" in capsys.readouterr().err
    kept.with_suffix(".away").rename(kept)
    assert derive.main(check=True) == 0
    notebook = nbformat.read(target, as_version=4)
    notebook.cells[-1].outputs = [nbformat.v4.new_output("stream", text="0.123")]
    nbformat.write(notebook, target)
    assert derive.main(check=True) == 1
    assert "outputs of other cells" in capsys.readouterr().err
    target.unlink()
    assert derive.main(check=True) == 1
    assert "is missing" in capsys.readouterr().err


@pytest.fixture
def first_cell(place, tmp_path, monkeypatch):
    """Run the first cell of a derived notebook in an empty folder; gives what pip was called with."""
    (place.recipes / "colab.yaml").write_text("shift-toy: {extra: unet}\n", encoding="utf-8")
    cell = derive.derived(place.recipe(), {}).cells[0]
    assert cell.metadata["cellView"] == "form"
    (tmp_path / "content").mkdir()
    monkeypatch.chdir(tmp_path / "content")

    def run(status: int = 0, on_colab: bool = True) -> list[list[str]]:
        calls: list[list[str]] = []

        def pip(command, **_):
            calls.append(command)
            return subprocess.CompletedProcess(command, status, "", "no such version")

        monkeypatch.setattr(subprocess, "run", pip)
        monkeypatch.setattr(colab, "begin", lambda recipe: calls.append([recipe]))
        if on_colab:
            monkeypatch.setitem(sys.modules, "google.colab", object())
        exec(cell.source, {})
        return calls

    return run


def test_the_first_cell_does_nothing_elsewhere(first_cell, tmp_path, capsys):
    assert first_cell(on_colab=False) == []
    assert capsys.readouterr() == ("", "")
    assert not list((tmp_path / "content").iterdir())


def test_on_colab_the_first_cell_installs_this_version_and_holds_what_is_there(first_cell):
    pip, begun = first_cell()
    assert pip[-1] == f"scopecheck[unet]=={__version__}"
    held = Path(pip[pip.index("--constraint") + 1]).read_text(encoding="utf-8").split()
    assert f"numpy=={metadata.version('numpy')}" in held
    assert begun == ["shift-toy"]


@pytest.mark.parametrize("name", ["numpy", "NumPy"])
def test_of_a_package_that_is_there_twice_the_one_in_use_is_held(name, first_cell, tmp_path, monkeypatch):
    behind = tmp_path / "dist-packages" / f"{name}-1.0.dist-info"  # as a system's own packages lie behind
    behind.mkdir(parents=True)
    (behind / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    monkeypatch.setattr(sys, "path", [*sys.path, str(behind.parent)])
    assert [one.version for one in metadata.distributions(name="numpy")] == [metadata.version("numpy"), "1.0"]
    pip, _ = first_cell()
    held = Path(pip[pip.index("--constraint") + 1]).read_text(encoding="utf-8").split()
    assert [one for one in held if one.lower().startswith("numpy==")] == [
        f"numpy=={metadata.version('numpy')}"
    ]


def test_what_pip_refuses_is_said_and_nothing_begins(first_cell):
    with pytest.raises(
        RuntimeError, match=r"cannot be installed beside what this Colab holds.*no such version"
    ):
        first_cell(status=1)
