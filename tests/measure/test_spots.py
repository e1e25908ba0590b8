"""Spots: found where they were planted, with their light; nothing on a level background."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scopecheck.acquire.spots import field
from scopecheck.errors import InputError
from scopecheck.measure import picks, spots


def test_planted_spots_are_found_with_their_light():
    made = field((200, 220), 30, light=400, sigma=1.3, background=(10, 10), seed=2)
    xy, light = spots.find(made.photons, 1.3, 2.0)
    pairs = picks.match(xy, made.xy, 1.0)
    assert (len(xy), pairs.tp) == (30, 30)
    # 3 sigma hold 98.9 % of a Gaussian's light in two dimensions, a pixel's width apart
    assert light[pairs.pairs[:, 0]] / made.light[pairs.pairs[:, 1]] == pytest.approx(
        np.full(30, 0.989), abs=0.02
    )


def test_a_lone_spot_stands_out_by_what_the_two_widths_say():
    made = field((64, 64), 1, light=1000, light_cv=0, sigma=2, background=(0, 0), seed=4)
    wide = 4 + 1 / 12  # a pixel widens the spot
    expected = 1000 / (2 * np.pi) * (1 / (wide + 4) - 1 / (wide + 4 * 1.6**2))
    assert spots.typical([made.photons], [made.xy], 2.0) == pytest.approx(expected, rel=0.05)


@pytest.mark.parametrize("sigma", [0.3, 0.36, 0.45, 0.6, 2.5])
def test_the_ring_is_never_empty(sigma):
    image = np.full((61, 61), 7.0)
    image[30, 30] += 100
    xy, light = spots.find(image, sigma, 1e-6)
    assert xy[0].tolist() == [30, 30]
    assert light[0] == pytest.approx(100)


@settings(deadline=None, max_examples=30)
@given(level=st.floats(-1e4, 1e4), sigma=st.floats(0.3, 5))
def test_nothing_stands_out_of_a_level_background(level, sigma):
    image = np.full((40, 30), level)
    assert np.abs(spots.standing(image, sigma)).max() <= 1e-9 * max(abs(level), 1)
    assert len(spots.find(image, sigma, 1e-3 * max(abs(level), 1))[0]) == 0


@settings(deadline=None, max_examples=20)
@given(gain=st.floats(0.1, 100), offset=st.floats(-500, 500))
def test_light_follows_the_gain_and_forgets_the_offset(gain, offset):
    made = field((96, 96), 8, seed=5)
    xy, light = spots.find(made.photons, 1.3, 2.0)
    again, scaled = spots.find(gain * made.photons + offset, 1.3, 2.0 * gain)
    np.testing.assert_array_equal(again, xy)
    np.testing.assert_allclose(scaled, gain * light, rtol=1e-6)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: spots.find(np.zeros((3, 4, 5)), 1.3, 1), "one plane"),
        (lambda: spots.find(np.full((8, 8), np.nan), 1.3, 1), "finite"),
        (lambda: spots.standing(np.zeros((8, 8)), 0), "sigma"),
        (lambda: spots.typical([np.zeros((8, 8))], [np.empty((0, 2))], 1.3), "no spot"),
    ],
)
def test_bad_input_is_named(call, said):
    with pytest.raises(InputError, match=said):
        call()


def test_the_best_threshold_is_the_one_that_a_search_over_all_finds():
    fields = [field((128, 128), 20, light=250, seed=s) for s in range(2)]
    rng = np.random.default_rng(5)
    images = [rng.poisson(one.photons).astype(float) for one in fields]
    places = [one.xy for one in fields]
    least = spots.best(images, places, 1.3)

    def f1(threshold):
        told = [spots.find(image, 1.3, threshold)[0] for image in images]
        near = [np.hypot(*(a[:, None] - b[None]).T).T <= 2.5 for a, b in zip(told, places, strict=True)]
        right = sum(int(n.any(axis=1).sum()) for n in near)  # spots lie far apart: one each
        return 2 * right / (sum(map(len, told)) + 40)

    typical = spots.typical(images, places, 1.3)
    assert f1(least) >= max(f1(typical * factor) for factor in np.linspace(0.2, 1.5, 27)) - 1e-9
    assert 0.2 < least / typical < 1
