"""A picture that was moved by a known number of pixels is told so, and nothing is told of any other."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from scopecheck.errors import InputError
from scopecheck.measure.registered import moved_by

WIDE = ndimage.gaussian_filter(np.random.default_rng(0).random((160, 160)), 3)
SCENE = 60 * (WIDE - WIDE.min()) / np.ptp(WIDE)


@given(st.integers(-8, 8), st.integers(-8, 8), st.integers(0, 99))
def test_the_planted_shift_is_found_through_noise(y, x, seed):
    random = np.random.default_rng(seed)
    one, two = (random.poisson(SCENE[20 + a : 120 + a, 20 + b : 120 + b]) for a, b in ((0, 0), (y, x)))
    found = moved_by(one, two)
    if max(abs(y), abs(x)) < 1:
        assert found is None
    else:
        np.testing.assert_allclose(found[0], (-y, -x), atol=0.35)
        assert f"Y {found[0][0]:+.1f}, X {found[0][1]:+.1f} pixels" in found[1]


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (np.zeros((64, 64)), SCENE[:64, :64]),
        (SCENE[:64, :64], SCENE[90:154, 90:154]),  # another place
        (SCENE[:64, :64], ndimage.gaussian_filter(SCENE[:64, :64], 2)),
        (np.random.default_rng(1).random((64, 64)), np.random.default_rng(2).random((64, 64))),
    ],
)
def test_what_does_not_fit_elsewhere_is_not_moved(one, two):
    assert moved_by(one, two) is None


@pytest.mark.parametrize("other", [SCENE[:, :-1], SCENE[None], SCENE[0]])
def test_two_shapes_are_refused_by_name(other):
    with pytest.raises(InputError, match=r"image: shape \(160, 160\), other .*of one shape"):
        moved_by(SCENE, other)


def test_of_a_stack_the_mean_plane_is_looked_at():
    stack = np.stack([np.roll(SCENE, 4, axis=0)] * 2)
    np.testing.assert_allclose(moved_by(stack, np.stack([SCENE] * 2))[0], (-4, 0), atol=0.2)
