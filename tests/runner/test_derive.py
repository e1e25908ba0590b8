"""Derived notebooks: the recipe's cells, and the outputs of the verdict cells alone."""

import json

import nbformat
import pytest

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
