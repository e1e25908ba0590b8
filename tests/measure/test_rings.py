"""Rings laid upon each other: a ring and a disc of equal radius are told apart."""

import numpy as np
import pytest

from scopecheck.measure import rings


def planted(away, seed=0):
    rng = np.random.default_rng(seed)
    centres = np.array([(x, y) for x in range(500, 5000, 800) for y in range(500, 5000, 800)], float)
    angle = rng.uniform(0, 2 * np.pi, (len(centres), 60))
    far = away(rng, angle.shape)
    xy = centres[:, None] + np.stack((far * np.cos(angle), far * np.sin(angle)), axis=-1)
    return xy.reshape(-1, 2), centres


def test_a_ring_has_its_radius_and_an_empty_middle():
    told = rings.superposed(*planted(lambda rng, n: rng.normal(80, 15, n)))
    assert told["radius"] == pytest.approx(80, abs=2)
    assert told["filled"] < 0.01


def test_a_disc_has_a_quarter_of_its_positions_within_half_its_radius():
    told = rings.superposed(*planted(lambda rng, n: 80 * np.sqrt(rng.random(n))))
    assert told["filled"] == pytest.approx(0.25, abs=0.02)


def test_what_is_far_from_every_ring_does_not_count():
    xy, centres = planted(lambda rng, n: rng.normal(80, 5, n))
    more = np.concatenate((xy, np.full((50, 2), 9000.0)))
    assert rings.superposed(more, centres) == rings.superposed(xy, centres)


@pytest.mark.parametrize(
    ("xy", "centres"), [(np.zeros((0, 2)), [(0, 0)]), ([(1, 1)] * 2, [(0, 0)]), ([(1, 1)] * 5, ())]
)
def test_without_rings_there_is_no_radius(xy, centres):
    centres = np.asarray(centres, float).reshape(-1, 2)
    assert np.isnan(list(rings.superposed(xy, centres).values())).all()
