"""How far files lie from those that the checks were counted on: planted values, and where they lie."""

import math

import numpy as np
import pytest
from scipy import ndimage

from scopecheck.score import seen

RNG = np.random.default_rng(0)


def test_light_over_noise_is_the_planted_one():
    scene = np.full((200, 200), 100.0)
    scene[90:110, 90:110] = 400.0  # a hundredth of the pixels
    found = seen.of_images(scene + RNG.normal(0, 10, scene.shape), scene)
    assert found["light over noise"] == pytest.approx(30 + 2.0, rel=0.1)  # the brightest of 400 noisy pixels


@pytest.mark.parametrize("sigma", [1.5, 3.0, 6.0])
def test_structure_is_as_wide_as_theory_says(sigma):
    # white noise seen through a Gaussian: the autocorrelation is one of sqrt(2) its width
    image = ndimage.gaussian_filter(RNG.normal(size=(300, 260)), sigma, mode="wrap")
    found = seen.of_images(image, image)["structure in pixels"]
    assert found == pytest.approx(math.sqrt(2) * sigma * math.sqrt(2 * math.log(2)), rel=0.1)


def test_what_is_not_there_is_not_known():
    flat = np.full((64, 64), 7.0)
    told = seen.of_images(flat, flat)
    assert all(map(math.isnan, told.values()))
    assert math.isnan(seen.of_picks([(1, 2)], 10)["neighbour in diameters"])
    assert math.isnan(seen.of_picks([(1, 2), (3, 4)], None)["neighbour in diameters"])


def test_of_a_stack_the_middle_plane_is_looked_at():
    stack = np.stack([np.zeros((64, 64)), RNG.normal(50, 3, (64, 64)), np.zeros((64, 64))])
    assert seen.of_images(stack, stack) == seen.of_images(stack[1], stack[1])


def test_picks_on_a_grid_lie_a_step_apart():
    grid = np.stack(np.meshgrid(np.arange(5) * 30.0, np.arange(4) * 30.0), axis=-1).reshape(-1, 2)
    assert seen.of_picks(grid, 20) == {"picks": 20, "neighbour in diameters": 1.5}


def test_halves_are_told_in_voxels():
    assert seen.of_halves(128, 1.5, 4.5) == {"box in voxels": 128, "resolution in voxels": 3}


@pytest.fixture
def known(monkeypatch):
    rows = (seen.Seen("a-recipe", "picks", 10, 50, 90, 7), seen.Seen("a-recipe", "box", 2, 3, 4, 7))
    monkeypatch.setattr(seen, "table", lambda: rows)


@pytest.mark.parametrize(
    ("yours", "said"),
    [
        ([{"picks": 50.0}], "yours have picks 50: inside nine in ten of them."),
        (
            [{"picks": 180.0}],
            "yours have picks 180: picks is 2 times the largest of nine in ten of them, 90.",
        ),
        ([{"picks": 2.0}], "yours have picks 2: picks is 0.2 of the smallest of nine in ten of them, 10."),
        ([{"picks": 5.0}, {"picks": 15.0}, {"picks": 40.0}], "yours (median of 3) have picks 15: inside"),
        (
            [{"picks": 50.0, "box": math.nan}],
            "yours have picks 50: box is not known (of nine in ten of them 2 to 4).",
        ),
    ],
)
def test_where_yours_lie(known, yours, said):
    (told,) = seen.far_from(["a-recipe", "a-recipe", "of no table"], yours)
    assert told.startswith("Beside the cases on which a-recipe counted its checks, ")
    assert said in told


def test_of_nothing_nothing_is_said(known):
    assert seen.far_from(["a-recipe"], []) == []
    assert seen.far_from(["a-recipe"], [{"picks": math.nan}]) == []


def test_every_check_of_files_finds_its_recipes_in_the_table():
    from scopecheck.score import check_denoised, check_halves, check_picks

    named = {row.recipe for row in seen.table()}
    counted = {recipe for rule in check_denoised.RULES for recipe, _ in rule.nearest}
    assert counted | {check_picks.TOPAZ, check_halves.TRAPS} == named
    assert all(row.low <= row.middle <= row.high and row.cases > 0 for row in seen.table())
