"""CITATION.cff of each recipe: in step with its sources, valid, and naming tool, papers and data."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

pytest.importorskip("pybtex")

from scopecheck.errors import InputError
from scopecheck.record.recipe import read_recipe
from scopecheck.runner import cite
from scopecheck.runner.find import find

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "book" / "extra" / "citations"


@pytest.fixture(scope="module")
def made():
    return cite.texts(ROOT / "recipes")


def test_the_committed_files_are_in_step(made):
    kept = {path.parent.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*/CITATION.cff")}
    again = "python -m scopecheck.runner.cite"
    assert kept.keys() == made.keys() == {path.stem for path in find(ROOT / "recipes")}, again
    assert [name for name in made if kept[name] != made[name]] == [], again


def test_tool_papers_and_data_are_named():
    told = yaml.safe_load((FOLDER / "segmentation-stardist" / "CITATION.cff").read_text(encoding="utf-8"))
    by_type = {}
    for one in told["references"]:
        by_type.setdefault(one["type"], []).append(one)
    recorded = json.loads((ROOT / "recipes/recorded/segmentation-stardist.json").read_text(encoding="utf-8"))
    assert [(t["title"], t["version"]) for t in by_type["software"]] == [
        ("stardist", recorded["runs"][0]["versions"]["stardist"])
    ]
    paper = by_type["conference-paper"][0]
    assert paper["authors"][0] == {"family-names": "Schmidt", "given-names": "Uwe"}
    assert paper["doi"] == "10.1007/978-3-030-00934-2_30"
    assert any("BBBC039v1" in one["notes"] and "CC0" in one["notes"] for one in by_type["data"])
    assert not any("trainings" in one["title"] for one in by_type["data"])  # ours, cited with the recipe


def test_a_page_names_the_tools_and_data_that_its_numbers_came_from(made):
    for page in find(ROOT / "recipes"):
        shown = re.search(r'^recipe = "(.*)"$', page.read_text(encoding="utf-8"), re.M)
        if shown:  # the validity envelope of a recipe
            tools = read_recipe(page.with_name(f"{shown[1]}.py")).tools
            named = {one["title"]: one["type"] for one in yaml.safe_load(made[page.stem])["references"]}
            assert {named.get(tool) for tool in tools} == {"software"}, page
            assert "data" in named.values()
    assert {page.stem for page in find(ROOT / "recipes")} >= set(cite.RESTS_ON)
    told = yaml.safe_load(made["corrected-number"])["references"]
    assert "ppi-python" in [one["title"] for one in told]


def test_every_recipe_names_all_its_tools_and_each_paper_that_its_text_cites(made):
    titles = cite.bibliography(ROOT / "book" / "references.bib")
    for path in find(ROOT / "recipes"):
        recipe, told = read_recipe(path), yaml.safe_load(made[path.stem])
        named = [one["title"] for one in told.get("references", [])]
        assert set(recipe.tools) <= set(named)
        cited = re.findall(r"\{cite:p\}`(\w+)`", path.read_text(encoding="utf-8"))
        assert {titles[key]["title"] for key in cited} <= set(named)


def test_no_latex_is_left(made):
    assert not [name for name, text in made.items() if re.search(r"\\['\"`^~ckv]|[{}]", text)]


def test_a_paper_that_the_bibliography_lacks_is_named(tmp_path):
    recipe = read_recipe(ROOT / "recipes" / "segmentation-stardist.py")
    root = {"title": "t", "authors": [], "license": "l", "version": "0"}
    with pytest.raises(InputError, match=r"segmentation-stardist.py: cites schmidt2018"):
        cite.citation(recipe, root, {}, "https://example.org")
    (tmp_path / "bad.bib").write_text("@article{a, title={")
    with pytest.raises(InputError, match=r"bad.bib: cannot be read as BibTeX"):
        cite.bibliography(tmp_path / "bad.bib")


@pytest.mark.skipif(not shutil.which("cffconvert"), reason="cffconvert is not installed here")
def test_each_file_is_valid(made):
    for name in made:
        command = ["cffconvert", "--validate", "-i", FOLDER / name / "CITATION.cff"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{name}: {done.stderr[-500:]}"
