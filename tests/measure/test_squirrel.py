"""SQUIRREL's errors on planted images: the blur and gain that were used, and what it can and cannot see."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from scopecheck.errors import InputError
from scopecheck.measure.squirrel import squirrel

FACTOR = 4
SIGMA = 6.0  # fine pixels: a PSF of 14 fine pixels, or 3.5 coarse ones, across


def specimen(seed=0, side=256, spots=150):
    rng = np.random.default_rng(seed)
    fine = np.zeros((side, side))
    fine[tuple(rng.integers(20, side - 20, (2, spots)))] = rng.uniform(50, 150, spots)
    return fine


def plain(fine, gain=2.0, offset=30.0, sigma=SIGMA):
    blurred = gaussian_filter(fine, sigma, mode="nearest")
    small = blurred.reshape(len(fine) // FACTOR, FACTOR, -1, FACTOR).mean(axis=(1, 3))
    return gain * small + offset


def test_blur_gain_and_offset_that_were_used_are_found():
    fine = specimen()
    found = squirrel(fine, plain(fine))
    assert found.rsp == pytest.approx(1, abs=1e-6)
    assert found.rse == pytest.approx(0, abs=1e-3)
    assert (found.gain, found.offset) == (pytest.approx(2, rel=1e-3), pytest.approx(30, abs=0.01))
    assert found.sigma == pytest.approx(SIGMA, abs=0.01)
    assert found.error.shape == (64, 64)


@pytest.mark.parametrize("side", [24, 64])
def test_the_short_way_for_small_images_is_the_filter(monkeypatch, side):
    fine = specimen(3, FACTOR * side, 40)
    reference = plain(fine) + np.random.default_rng(1).normal(0, 1, (side, side))
    short = squirrel(fine, reference)
    monkeypatch.setattr("scopecheck.measure.squirrel._SMALL", 0)
    filtered = squirrel(fine, reference)
    for name in ("rse", "rsp", "gain", "offset", "sigma"):
        assert getattr(short, name) == pytest.approx(getattr(filtered, name), rel=1e-6)
    np.testing.assert_allclose(short.error, filtered.error, rtol=1e-5, atol=1e-6)


def test_noise_alone_is_left_where_the_image_is_right():
    fine = specimen()
    reference = plain(fine) + np.random.default_rng(1).normal(0, 0.5, (64, 64))
    found = squirrel(fine, reference)
    assert found.rse == pytest.approx(0.5, rel=0.05)


def test_an_invention_above_the_limit_is_seen_and_one_below_it_is_not():
    """One spot more where nothing is, and one spot made two a seventh of the PSF apart: the first is seen."""
    fine = specimen(spots=60)
    reference = plain(fine) + np.random.default_rng(1).normal(0, 0.05, (64, 64))
    right = squirrel(fine, reference).rse
    y, x = np.unravel_index(np.argmax(fine), fine.shape)
    above, below = fine.copy(), fine.copy()
    empty = np.unravel_index(np.argmin(gaussian_filter(fine, 2 * SIGMA)[40:-40, 40:-40]), (176, 176))
    above[empty[0] + 40, empty[1] + 40] = fine[y, x]
    below[y, x] = 0
    below[y, x - 1] = below[y, x + 1] = fine[y, x] / 2  # a structure that is not there
    seen, unseen = squirrel(above, reference), squirrel(below, reference)
    assert seen.rse > 1.2 * right
    row, column = (empty[0] + 40) // FACTOR, (empty[1] + 40) // FACTOR
    assert seen.error[row, column] > 5 * 0.05  # five times the noise, at its place
    assert unseen.rse < 1.01 * right
    assert unseen.error[y // FACTOR, x // FACTOR] < 4 * 0.05


def test_a_gain_or_an_offset_of_the_image_changes_nothing():
    fine = specimen()
    reference = plain(fine) + np.random.default_rng(2).normal(0, 1, (64, 64))
    one, two = squirrel(fine, reference), squirrel(7 * fine + 3, reference)
    assert (one.rse, one.rsp) == (pytest.approx(two.rse, rel=1e-4), pytest.approx(two.rsp, rel=1e-4))


def test_inverted_contrast_has_a_negative_correlation_and_tiny_units_do_not_matter():
    fine = specimen()
    assert squirrel(-fine, plain(fine)).rsp == pytest.approx(-1, abs=1e-6)
    assert squirrel(fine * 1e-160, plain(fine)).rsp == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize(
    ("image", "reference", "said"),
    [
        (np.eye(10), np.eye(4), "whole multiple"),
        (np.eye(8), np.ones((4, 4)), "is constant"),
        (np.zeros((8, 8)), np.eye(4), "is constant"),
        (np.full((8, 8), np.nan), np.eye(4), "NaN"),
        (np.zeros((3, 4, 5)), np.eye(4), "one plane"),
    ],
)
def test_bad_input_is_named(image, reference, said):
    with pytest.raises(InputError, match=said):
        squirrel(image, reference)
    with pytest.raises(InputError, match="sigma"):
        squirrel(np.eye(8), np.eye(4), largest=0)
