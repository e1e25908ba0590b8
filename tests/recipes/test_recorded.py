"""What is recorded of a recipe: its predictions unchanged, five seeds where more than one was run."""

import json

import pytest

from scopecheck.record.plan import TIERS
from scopecheck.record.recipe import read_recipe
from scopecheck.record.recorded import read_recorded, recorded_path
from scopecheck.runner.find import defaults, find

RECIPES = [path for path in find() if read_recipe(path).kind == "recipe"]


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_no_prediction_was_edited_since_the_runs_were_gathered(path):
    recipe, kept = read_recipe(path), read_recorded(path)
    if kept is None:
        pytest.skip(f"{path.stem}: no run was reviewed yet")
    assert kept.edited(recipe.arms) == []
    assert kept.gone(recipe.arms) == []
    predicted = {(p.arm, p.measurement) for p in kept.predicted}
    told = {(a.arm, a.measurement) for runs in kept.runs for a in runs.arms}
    assert told <= predicted  # no word without the prediction it is compared with


def test_an_edited_prediction_is_found():
    """Every recipe's plan, one prediction, origin or line of it changed."""
    for path in RECIPES:
        arms, kept = read_recipe(path).arms, read_recorded(path)
        other = "FAILS" if arms[0].predicted != "FAILS" else "HOLDS"
        edited = [arms[0].model_copy(update={"predicted": other}), *arms[1:]]
        name = f"{arms[0].arm}/{arms[0].measurement}"
        (said,) = kept.edited(edited)
        assert said.startswith(f"{name} was predicted {arms[0].predicted} (")
        origin = "guess" if arms[0].origin != "guess" else "paper"
        assert kept.edited([arms[0].model_copy(update={"origin": origin}), *arms[1:]]) != []
        assert kept.gone(arms[1:]) == [name]


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_the_default_seed_stands_first_and_five_are_kept_where_several_are(path):
    kept = read_recorded(path)
    if kept is None:
        pytest.skip(f"{path.stem}: no run was reviewed yet")
    for runs in kept.runs:
        assert runs.seeds[0] == defaults(path)["seed"]
        assert len(set(runs.seeds)) == len(runs.seeds)
        assert len(runs.seeds) not in (2, 3, 4), f"{runs.seeds} are kept; run five seeds, or gather one"
        if len(runs.seeds) > 1:  # they say nothing of a higher tier, and something of every verdict below it
            tiers = {(a.arm, a.measurement): TIERS.index(a.tier) for a in read_recipe(path).arms}
            alone = [a for r in kept.runs if r.profile == runs.profile and len(r.seeds) == 1 for a in r.arms]
            assert all(tiers[a.arm, a.measurement] > TIERS.index(runs.tier) for a in alone)


def test_every_recorded_file_has_its_recipe_and_every_plan_its_notebook():
    folder = RECIPES[0].parent
    recipes = {path.stem for path in RECIPES}
    assert {path.stem for path in (folder / "recorded").iterdir()} <= recipes
    assert {path.stem for path in folder.glob("*.csv")} == recipes | {"template"}
    for path in RECIPES:
        text = recorded_path(path).read_text(encoding="utf-8")
        assert (
            text == json.dumps(json.loads(text), indent=1, ensure_ascii=False) + "\n"
        )  # as the runner wrote it
