"""Picks without a truth: what was planted rings, and picks put down at random are quiet."""

import numpy as np
import pytest

from scopecheck.errors import InputError
from scopecheck.measure.picks.alone import LIMITS, by_rule, fractions, grid, twins

SHAPE = (1024, 768)


def anywhere(n=200, seed=0):
    return np.random.default_rng(seed).uniform(0, [SHAPE[1], SHAPE[0]], (n, 2))


def rings(xy, diameter=4.0):
    found = by_rule(xy, diameter, SHAPE)
    return {name for name, value in found.items() if value > LIMITS[name]}


def test_random_picks_are_quiet_as_often_as_stated():
    rang = [rings(anywhere(seed=seed)) for seed in range(100)]
    for name in LIMITS:
        assert sum(name in one for one in rang) <= 5  # 1 in 100; twins: a disc of 1 px, rarely met


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (lambda xy: np.concatenate([xy, xy[:40] + 0.3]), "twins"),
        (lambda xy: np.floor(xy) + 0.4 * np.mod(xy, 1), "sub-pixel"),
        (lambda xy: 4 * np.rint(xy / 4), "grid"),
        (lambda xy: xy[~((xy[:, 0] < 384) & (xy[:, 0] > 192) & (xy[:, 1] < 512))], "tiles"),
    ],
)
def test_a_planted_fault_rings(change, name):
    xy = change(anywhere(600 if name == "tiles" else 200))
    assert name in rings(xy, 1.0 if name != "twins" else 4.0)


def test_twins_are_counted():
    assert twins([[0, 0], [1, 0], [50, 50]], 4) == 2
    assert twins([[0, 0, 0], [0, 0, 9], [50, 50, 50]], 4) == 0


def test_what_cannot_be_asked():
    with pytest.raises(InputError, match="whole pixels"):
        fractions(np.rint(anywhere()))
    with pytest.raises(InputError, match="rounded to 2 places"):
        fractions(np.rint(2 * anywhere()) / 2)
    with pytest.raises(InputError, match="19 picks; expected 20"):
        grid(anywhere(19))
    few = by_rule(anywhere(1), 4, SHAPE)
    assert all(np.isnan(value) for value in few.values())


def test_the_axis_is_the_one_that_gathers():
    xy = anywhere()
    xy[:, 1] = 8 * np.rint(xy[:, 1] / 8)
    axis, step, p = grid(xy)
    assert (axis, step) == (1, 8)
    assert p < 1e-6
