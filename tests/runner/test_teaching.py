"""What the book says to teachers: notes of every recipe, their numbers, the plans' minutes, figures."""

import json
import re
from pathlib import Path

import pytest
import yaml

from scopecheck.errors import RecipeError
from scopecheck.record.overview import latest
from scopecheck.record.recipe import read_recipe
from scopecheck.runner import teaching

ROOT = Path(__file__).parents[2]
RECIPES = [r for r in map(read_recipe, sorted(ROOT.glob("recipes/*.py"))) if r.kind == "recipe"]
WORDS = {"fifteen": 15, "twenty": 20, "thirty": 30}
NOTES = {
    "needs": ["what a pixel is"],
    "reading": 5,
    "exercise": 5,
    "concepts": [["a", "makes", "b"], ["b", "makes", "c"], ["a", "stands beside", "c"]],
    "notes": [{"wrong": "W.", "ask": "A?"}, {"wrong": "V.", "ask": "B?"}],
}


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda r: r.id)
def test_every_recipe_has_notes_that_its_record_bears(recipe):
    told = teaching.read_teaching(ROOT / "book" / "teaching" / f"{recipe.id}.yaml")
    text = teaching.header(recipe, told)
    kept = json.loads((ROOT / "recipes" / "recorded" / f"{recipe.id}.json").read_text(encoding="utf-8"))
    for pair in (pair for note in told.notes for pair in note.found):
        arm, measurement = pair.split("/")
        rows = [
            row
            for runs in kept["runs"]
            if runs["profile"] == "quick"
            for row in runs["arms"]
            if (row["arm"], row["measurement"]) == (arm, measurement)
        ]
        words = set(rows[0]["words"])
        name = recipe.measurements[measurement].name or measurement.replace("_", " ")
        line = next(one for one in re.split(r"; |Found: ", text) if one.startswith(f"`{arm}`, {name}: "))
        assert ("UNSTABLE" in line) == (len(words) > 1)
        assert len(words) > 1 or words.pop() in line
    assert any(note.found for note in told.notes)
    page = recipe.path.read_text(encoding="utf-8").replace("\n# ", " ")
    said = re.findall(r"(\w+)(?: minutes)? to read", page)
    assert next(WORDS[word] for word in said if word in WORDS) == told.reading


def test_each_recipe_stands_on_the_teachers_page_once():
    shown = re.findall(r"_generated/teach-([a-z0-9-]+)\.md", (ROOT / "book/teach-recipes.md").read_text())
    assert sorted(shown) == [r.id for r in RECIPES]


@pytest.mark.parametrize(("page", "minutes"), [("teach-90-minutes", 90), ("teach-half-day", 240)])
def test_the_minutes_of_a_plan_add_up(page, minutes):
    text = (ROOT / "book" / f"{page}.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (.+?) \| (\d+) \|$", text, re.M)
    assert sum(int(n) for _, n in rows) == minutes
    parts = {name: int(n) for name, n in rows if name != "Break"}
    assert re.findall(r"^## (\d\. .+)$", text, re.M) == [*parts]
    for name, below in re.findall(r"^## (\d\. .+)\n((?:(?!## ).*\n)*)", text, re.M):
        cards = re.findall(r"^::::\n\n\*\*(\d+) minutes\.\*\*", below, re.M)
        assert len(cards) == below.count("::::{card}"), name
        assert sum(map(int, cards)) == parts[name], name


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"reading": 0}, "reading"),
        ({"notes": []}, "notes"),
        ({"more": 1}, "more"),
        ({"concepts": [["a", "x", "b"], ["b", "x", "c"], ["c", "x", "a"]]}, "lead in a circle"),
    ],
)
def test_notes_that_do_not_fit_are_refused_by_name(tmp_path, change, said):
    path = tmp_path / "one.yaml"
    path.write_text(yaml.safe_dump(NOTES | change), encoding="utf-8")
    with pytest.raises(RecipeError, match=f"one.yaml.*{said}"):
        teaching.read_teaching(path)


def test_a_verdict_that_was_never_recorded_is_refused(place):
    recipe = read_recipe(place.recipe(recorded="HOLDS"))
    told = teaching.Teaching.model_validate(
        NOTES | {"notes": [{"wrong": "W.", "ask": "A?", "found": ["field/nothing"]}] * 2}
    )
    with pytest.raises(RecipeError, match="name 'field/nothing', which no quick run recorded"):
        teaching.header(recipe, told)


def test_header_table_and_map_are_written(place, tmp_path):
    recipe = read_recipe(place.recipe(recorded="HOLDS"))
    note = {"wrong": "It is fine.", "ask": "Is it?", "found": ["field/count"], "means": "HOLDS says so."}
    told = NOTES | {"notes": [note] * 2}
    (tmp_path / "shift-toy.yaml").write_text(yaml.safe_dump(told), encoding="utf-8")
    teaching.write_teaching([recipe], tmp_path, tmp_path)
    text = (tmp_path / "teach-shift-toy.md").read_text(encoding="utf-8")
    assert "- *It is fine.* Is it? Found: `field`, count: ● HOLDS" in text
    assert re.search(r"Found: .*\)\. HOLDS says so\.$", text, re.M)
    assert "what a pixel is | 5 |" in (tmp_path / "teaching.md").read_text(encoding="utf-8")
    minutes = (tmp_path / "teaching-minutes.md").read_text(encoding="utf-8")
    assert f"the 1 recipes run for {recipe.minutes['quick']:g} minutes" in minutes
    assert (tmp_path / "concepts-shift-toy.svg").read_text(encoding="utf-8").startswith("<?xml")
    (tmp_path / "shift-toy.yaml").unlink()
    teaching.write_teaching([recipe], tmp_path, tmp_path)
    assert "no notes for teachers yet" in (tmp_path / "teaching.md").read_text(encoding="utf-8")


def test_layers_put_each_concept_below_all_that_lead_to_it():
    found = teaching.layers([("a", "", "b"), ("b", "", "c"), ("a", "", "c")])
    assert found == {"a": 0, "b": 1, "c": 2}


@pytest.mark.parametrize(
    ("name", "said"),
    [("nobody--one", "no recipe or page 'nobody'"), ("names--one", None)],
)
def test_a_figure_of_a_page_that_did_not_run_is_said_so(place, tmp_path, name, said):
    state = latest(place.page("names"), place.results)
    (tmp_path / "_generated").mkdir()
    (tmp_path / "teach-x.md").write_text(f"```{{include}} _generated/figure-{name}.md\n```\n")
    if said:
        with pytest.raises(RecipeError, match=said):
            teaching.write_figures([state], tmp_path)
        return
    teaching.write_figures([state], tmp_path)
    assert (
        "has not run here: `scopecheck run names`" in (tmp_path / f"_generated/figure-{name}.md").read_text()
    )


def test_a_figure_that_a_run_did_not_make_is_refused(place, run, tmp_path):
    path = place.page("names")
    run(path)
    (tmp_path / "_generated").mkdir()
    (tmp_path / "teach-x.md").write_text("```{include} _generated/figure-names--nothing.md\n```\n")
    with pytest.raises(RecipeError, match="'nothing', which names does not make"):
        teaching.write_figures([latest(path, place.results)], tmp_path)
