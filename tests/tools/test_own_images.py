"""What CARE's recipe trains on of a reader's own: four planes that fit, and what is said of others."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from scopecheck.errors import InputError
from scopecheck.tools import care


def four(by=0, side=160):
    rng = np.random.default_rng(0)
    scene = gaussian_filter(rng.random((2, side, side)), (0, 3, 3))
    scene = 20 * (scene - scene.min()) / np.ptp(scene)
    return np.concatenate([rng.poisson(scene), rng.poisson(20 * np.roll(scene, by, axis=2))])


def test_what_fits_is_given_back():
    np.testing.assert_array_equal(care.as_pairs(four()), four())
    assert care.as_pairs(np.zeros((4, 128, 128))).shape == (4, 128, 128)  # nothing in it tells a shift


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: care.as_pairs(np.zeros((3, 200, 200))), r"expected four planes \(4, Y, X\)"),
        (lambda: care.as_pairs(np.zeros((4, 200, 100))), "at least 128"),
        (
            lambda: care.as_pairs(four(3), "moved.tif"),
            r"moved.tif: .*moved by Y [+-]0.\d, X [+]\d.\d pixels; register",
        ),
    ],
)
def test_what_does_not_fit_is_named(call, said):
    with pytest.raises(InputError, match=said):
        call()
