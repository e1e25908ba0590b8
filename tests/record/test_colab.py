"""Front matter travels in a notebook's metadata; a fresh Colab is made ready from it."""

import json
import os
import sys
import types
from pathlib import Path

import pytest

from scopecheck import record
from scopecheck.errors import RecipeError
from scopecheck.record import colab
from scopecheck.record.page import packaged
from scopecheck.record.recipe import read_recipe
from scopecheck.record.recorded import read_recorded

RECIPES = Path(__file__).parents[2] / "recipes"
OURS = ("SCOPECHECK_CACHE", "SCOPECHECK_RESULTS", "SCOPECHECK_RECIPES", "SCOPECHECK_RECIPE")


def metadata(recipe: str) -> dict:
    notebook = json.loads((RECIPES / "notebooks" / f"{recipe}.ipynb").read_text(encoding="utf-8"))
    return notebook["metadata"]["scopecheck"]


@pytest.fixture
def fresh(tmp_path, monkeypatch):
    """A folder with nothing in it; `fresh.answer` is what Colab tells of the notebook."""
    for name in OURS:  # put back afterwards, whatever is set meanwhile
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    place = types.SimpleNamespace(folder=tmp_path / "content", answer=None, failure=False)
    place.folder.mkdir()
    monkeypatch.chdir(place.folder)
    message = types.ModuleType("google.colab._message")
    message.MessageError = type("MessageError", (Exception,), {})

    def blocking_request(kind, request="", timeout_sec=5):
        assert kind == "get_ipynb"
        if place.failure:
            raise message.MessageError("no front end")
        return place.answer and {"ipynb": {"metadata": {"scopecheck": place.answer}}}

    message.blocking_request = blocking_request
    monkeypatch.setitem(sys.modules, "google.colab", types.SimpleNamespace(_message=message))
    monkeypatch.setitem(sys.modules, "google.colab._message", message)
    return place


@pytest.mark.parametrize("path", sorted(RECIPES.glob("*.py")), ids=lambda p: p.stem)
def test_what_a_notebook_carries_is_the_header_the_plan_and_the_record(path, tmp_path):
    got, want = colab.unpack(metadata(path.stem), path.stem, tmp_path / "new"), read_recipe(path)
    assert got.model_copy(update={"path": path}) == want.model_copy(update={"path": path})
    assert read_recorded(got.path) == read_recorded(path)


def test_the_page_reads_the_front_matter_of_the_notebook_and_not_the_package_s(fresh, capsys):
    carried = metadata("segmentation-confluence")
    carried["title"] = "Newer than the package"
    fresh.answer = carried
    colab.begin("segmentation-confluence", mounted=fresh.folder / "none")
    page = record.start("segmentation-confluence")
    assert page.front.title == "Newer than the package"
    assert len(page.front.arms) == len(carried["plan"])
    assert page.recorded == read_recorded(RECIPES / "segmentation-confluence.py")
    assert f"Results go to {fresh.folder} and end with this session" in capsys.readouterr().out
    assert "SCOPECHECK_CACHE" not in os.environ


@pytest.mark.parametrize("failure", [True, False])
def test_without_an_answer_the_package_s_front_matter_is_used_and_that_is_said(fresh, capsys, failure):
    fresh.failure = failure
    colab.begin("segmentation-confluence", mounted=fresh.folder / "none")
    assert "that of the installed package is used" in capsys.readouterr().out
    assert record.start("segmentation-confluence").front.path == packaged() / "segmentation-confluence.py"


def test_a_page_reads_what_lies_beside_the_package_s_recipes(fresh):
    fresh.answer = metadata("corrected-number")
    colab.begin("corrected-number", mounted=fresh.folder / "none")
    assert (record.start("corrected-number").front.path.parent / "studies").is_dir()


def test_a_later_session_finds_data_results_and_the_page_in_the_mounted_folder(fresh, monkeypatch, capsys):
    drive, fresh.answer = fresh.folder / "MyDrive", metadata("segmentation-confluence")
    drive.mkdir()
    colab.begin("segmentation-confluence", mounted=drive)
    home = drive / "scopecheck"
    assert Path.cwd() == home / "segmentation-confluence"
    assert os.environ["SCOPECHECK_CACHE"] == str(home / "data")
    assert os.environ["SCOPECHECK_RESULTS"] == str(home / "results")
    assert f"Results go to {home}/segmentation-confluence and stay there." in capsys.readouterr().out
    result = record.Result(schema_version=record.SCHEMA_VERSION, recipe="segmentation-confluence")
    Path("verdict.json").write_text(result.model_dump_json(), encoding="utf-8")  # and then the session dies
    for name in OURS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(fresh.folder)
    colab.begin("segmentation-confluence", mounted=drive)
    assert "The page was finished here before" in capsys.readouterr().out
    colab.begin("segmentation-confluence", mounted=drive)  # the cell run once more
    assert Path.cwd() == home / "segmentation-confluence"
    for text in ("", "{", "{}"):  # half copied, or of another version
        Path("verdict.json").write_text(text, encoding="utf-8")
        colab.begin("segmentation-confluence", mounted=drive)
        assert "cannot be read; this run writes it anew" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ({"id": "../../escape"}, "carries the front matter of '../../escape'"),
        ({"id": None}, "carries the front matter of None"),
        ({"measurements": {}}, "is not declared in the header"),
        ({"plan": "all"}, "carries a plan that cannot be read"),
        ({"plan": [{"arm": "a", "measurement": "b", "more": 1}]}, "carries a plan that cannot be read"),
        ({"recorded": "{"}, "not a record of runs"),
    ],
)
def test_front_matter_that_is_malformed_is_refused_and_leaves_no_file(fault, said, tmp_path):
    carried = metadata("segmentation-confluence") | fault
    with pytest.raises(RecipeError, match=said):
        colab.unpack(carried, "segmentation-confluence", tmp_path / "new")
    assert not [p for p in tmp_path.rglob("*") if p.is_file()]
