"""The list of recipes that ran as on Colab is whole, and a page has a button only where one passed."""

import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from scopecheck.errors import RecipeError
from scopecheck.record.recipe import read_recipe
from scopecheck.runner.colab import read_list, told

ROOT = Path(__file__).parents[2]
PATHS = {path.stem: path for path in sorted((ROOT / "recipes").glob("*.py"))}
LISTED = read_list(ROOT / "recipes")


def test_every_recipe_is_listed_and_nothing_else():
    recipes = {name for name, path in PATHS.items() if read_recipe(path).kind == "recipe"}
    assert recipes <= set(LISTED) <= set(PATHS)


@pytest.mark.parametrize("name", LISTED)
def test_its_extra_brings_the_tools_of_its_header(name):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    texts = [*project["dependencies"], *(t for e in LISTED[name]["extra"].split(",") for t in extras[e])]
    brought = {Requirement(text).name for text in texts}
    assert set(read_recipe(PATHS[name]).tools) <= brought


@pytest.mark.parametrize("name", LISTED)
def test_what_passed_names_the_pins_it_passed_with_and_has_a_button(name):
    passed, why = LISTED[name].get("passed"), LISTED[name].get("why")
    assert not (passed and why)
    said = told(PATHS[name])
    if passed:
        assert (ROOT / "tests" / "colab" / f"pins-{passed}.txt").is_file()
        assert "](https://colab.research.google.com/github/" in said
        assert f"/recipes/notebooks/{name}.ipynb)" in said
    else:
        assert said == f"no button, because {why or 'it was not run there yet'}"


def test_a_button_leads_to_the_notebook_in_the_repository_that_the_book_names(tmp_path):
    recipe = tmp_path / "recipes" / "a.py"
    recipe.parent.mkdir()
    config = "repository: {url: 'https://github.com/own/er', branch: trunk}\n"
    (tmp_path / "_config.yml").write_text(config, encoding="utf-8")
    (recipe.parent / "colab.yaml").write_text('a: {extra: unet, passed: "2026.08"}\n', encoding="utf-8")
    link = "https://colab.research.google.com/github/own/er/blob/trunk/recipes/notebooks/a.ipynb"
    assert f"]({link})" in told(recipe)
    assert told(recipe.with_name("b.py")) == "no button, because it was not run there yet"


@pytest.mark.parametrize("text", ["a: [unet]\n", "a: {extras: unet}\n", "a: {", "- a\n"])
def test_a_list_of_another_make_is_refused(tmp_path, text):
    (tmp_path / "colab.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(RecipeError, match=r"colab\.yaml"):
        read_list(tmp_path)
