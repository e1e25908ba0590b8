"""Every recipe of the book follows the same plan, and its derived notebook is in step with it."""

from pathlib import Path

import pytest

from scopecheck.record import read_recipe
from scopecheck.runner import derive
from scopecheck.runner.find import find

FOLDER = Path(__file__).parents[2] / "recipes"
RECIPES = find(FOLDER)


@pytest.mark.parametrize("path", RECIPES, ids=lambda p: p.stem)
def test_follows_the_plan(path, structure_faults):
    assert structure_faults(path) == []


@pytest.mark.parametrize("path", RECIPES, ids=lambda p: p.stem)
def test_notebook_is_in_step(path):
    assert derive.faults(path) == []


@pytest.mark.parametrize("path", RECIPES, ids=lambda p: p.stem)
def test_datasets_are_in_the_catalogue_under_their_tier(path):
    from scopecheck import data

    order = ("embedded", "public", "archive")
    datasets = read_recipe(path).datasets
    for tier in order:
        for name in getattr(datasets, tier):
            assert order.index(data.describe(name).tier) <= order.index(tier)


def test_there_are_the_four_recipes_of_the_segmentation_part():
    kinds = {read_recipe(p).id: read_recipe(p).kind for p in RECIPES}
    assert {k for k, kind in kinds.items() if kind == "recipe"} >= {
        "segmentation-cellpose",
        "segmentation-stardist",
        "segmentation-unet-dice-trap",
        "segmentation-confluence",
    }
