"""The key of a result: what decides it changes the key, and what tells of it does not."""

import json

import pytest

from scopecheck.errors import RecipeError
from scopecheck.runner import find, key

OURS = "from scopecheck import measure\nmeasure.match"


@pytest.fixture
def page(place):
    return place.page("small", OURS)


def test_the_key_of_a_path_takes_defaults_for_what_is_not_given(page):
    before = key.key_of(page, {})
    assert len(before) == 16
    assert key.key_of(page, {"seed": 0, "tier": "embedded"}) == before
    assert key.key_of(page, {"seed": 1}) != before


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("reached", {"measure.overlap": "0"}),
        ("installed", "99"),
        ("data_hashes", {"field": "other"}),
        ("FLAGS", {"PYTHONHASHSEED": "1"}),
        ("__version__", "99"),
    ],
)
def test_whatever_decides_the_result_changes_the_key(page, monkeypatch, name, other):
    before = key.key_of(page, {})
    monkeypatch.setattr(key, name, other if name in ("FLAGS", "__version__") else lambda *_: other)
    assert key.key_of(page, {}) != before


def test_what_computes_for_a_tool_is_part_of_it(place, monkeypatch):
    recipe = key.read_recipe(place.recipe()).model_copy(update={"tools": ["cellpose"]})
    monkeypatch.setattr(key, "installed", lambda name: "1" if name == "torch" else "0")
    assert key.versions(recipe)["torch"] == "1"


def test_the_text_the_plan_and_files_beside_a_recipe_count(place):
    page = place.recipe()
    plan, keys = page.with_suffix(".csv"), [key.key_of(page, {})]
    text = plan.read_text(encoding="utf-8")

    def then(path, text):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        keys.append(key.key_of(page, {}))

    then(plan, text.replace(",x\n", ",another source\n"))
    then(plan, text.replace("field,count,,", "field,count,image,"))
    then(page.parent / "fields" / "counts.json", "[1]")
    assert keys.pop() == keys[-1]  # the recipe does not name that folder
    then(page, page.read_text(encoding="utf-8") + '\nfolder = here / "fields"')
    then(page.parent / "fields" / "counts.json", "[2]")
    assert len(set(keys)) == len(keys)


def test_what_is_kept_of_earlier_runs_does_not_count(page):
    page.write_text(page.read_text(encoding="utf-8") + '\nnames = ["recorded", "seeds", "notebooks"]')
    before = key.key_of(page, {})
    for kept in key.KEPT:
        (page.parent / kept).mkdir()
        (page.parent / kept / "small.json").write_text("{}")
    assert key.key_of(page, {}) == before


def test_what_the_catalogue_says_of_a_truth_counts_and_its_prose_does_not(place, monkeypatch):
    from scopecheck import data

    recipe = key.read_recipe(place.recipe())
    name = "bbbc038-field"
    recipe = recipe.model_copy(update={"datasets": recipe.datasets.model_copy(update={"embedded": [name]})})
    entry = data.describe(name)
    truth = entry.truth.model_copy(update={"how": "by another hand"})

    def hashed(**changed):
        monkeypatch.setattr(data, "describe", lambda _: entry.model_copy(update=changed))
        return key.data_hashes(recipe, "embedded")[name]

    assert hashed() == hashed(title="Another title", citation="Another (2026)")
    assert len({hashed(), hashed(truth=truth), hashed(pixel_size_um=(9.0, 9.0))}) == 3


def test_a_recipe_that_is_no_python_is_refused(place):
    page = place.page("small", "x = (")
    with pytest.raises(RecipeError, match=r"small\.py: line \d+: '\(' was never closed"):
        key.key_of(page, {})


def test_what_changed_is_told_part_by_part(page):
    before = key.parts_of(page, {})
    told = json.loads(json.dumps(before))  # as a result keeps it
    assert key.changes(told, before) == []
    modules = {**before["modules"], "measure.overlap": "0", "measure.more": "1"}
    modules.pop("measure.matched")
    now = {
        **before,
        "recipe": "0",
        "modules": modules,
        "parameters": {**before["parameters"], "seed": 3},
        "versions": {**before["versions"], "numpy": "9"},
    }
    assert key.changes(told, now) == [
        "the recipe changed",
        "module measure.matched is gone",
        "module measure.more is new",
        "module measure.overlap changed",
        "parameter seed: 0 before, 3 now",
        f"version of numpy: {before['versions']['numpy']} before, 9 now",
    ]
    told.pop("modules")
    assert key.changes(told, before) == ["no modules known"]


def test_recipes_that_ask_kept_networks_have_their_own_flag_and_no_other_recipe_has(place):
    recipe = key.read_recipe(place.recipe())
    assert key.flags_of(recipe)["TF_ENABLE_ONEDNN_OPTS"] == "0"
    asks = recipe.model_copy(update={"tools": ["n2v"]})
    assert key.flags_of(asks) == {**key.FLAGS, "TF_ENABLE_ONEDNN_OPTS": "1"}


def test_an_image_of_ones_own_adds_what_reads_it():
    recipe = key.read_recipe(find.locate("denoising-noise2void"))
    empty, given = (key.sources(recipe, {"my_image": path})["modules"] for path in ("", "cell.tif"))
    assert set(given) - set(empty) >= {"data.own", "measure.processed"}
    assert {**given, **empty} == given  # all else counts alike
