"""What is kept of a recipe's seeds: five of them, and the recorded words for the default one."""

import pytest

from scopecheck.record.recipe import TIERS, read_recipe
from scopecheck.record.seeds import read_seeds
from scopecheck.runner.find import defaults, find

RECIPES = [path for path in find() if read_recipe(path).kind == "recipe"]


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_five_seeds_are_kept_and_the_default_one_gave_the_recorded_words(path):
    recipe, kept = read_recipe(path), read_seeds(path)
    if kept is None:
        pytest.skip(f"{path.stem}: no other seeds are kept, so its page says nothing of them")
    assert len(kept.seeds) >= 5
    assert kept.profile == "quick"
    default = kept.seeds.index(defaults(path)["seed"])
    told = {(a.arm, a.measurement): a.labels[default] for a in kept.arms}
    recorded = {(a.arm, a.measurement): a.recorded_in("quick") for a in recipe.arms if a.profile == "quick"}
    assert told == {pair: recorded[pair] for pair in told}
    # Seeds of the embedded tier say nothing of public images; where networks are kept, no seed changes those.
    reached = {(a.arm, a.measurement) for a in recipe.arms if TIERS.index(a.tier) <= TIERS.index(kept.tier)}
    assert {pair for pair, word in recorded.items() if word} & reached <= set(told)
