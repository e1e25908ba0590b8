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


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: care.as_pairs(np.zeros((3, 200, 200))), r"expected four planes \(4, Y, X\)"),
        (lambda: care.as_pairs(np.zeros((4, 200, 100))), "at least 128"),
        (lambda: care.as_pairs(np.where(four() == 3, np.nan, four())), "holds NaN or infinity"),
        (lambda: care.as_pairs(four() * [[[1]], [[0]], [[1]], [[1]]]), "plane treated has the grey level 0"),
        (
            lambda: care.as_pairs(four(3), "moved.tif"),
            r"moved.tif: .*moved by Y [+-]0.\d, X [+]3.[01] pixels.*; register",
        ),
    ],
)
def test_what_does_not_fit_is_named(call, said):
    with pytest.raises(InputError, match=said):
        call()


@pytest.mark.tool
def test_frames_and_pictures_smaller_than_what_a_network_learns_from_are_named():
    pytest.importorskip("tensorflow")
    from scopecheck.tools import deepstorm, translation

    small = np.zeros((4, 16, 16))
    with pytest.raises(InputError, match=r"shape \(4, 16, 16\), .*at least 32 pixels a side"):
        deepstorm.train(small, np.zeros((4, 64, 64, 1)), 0)
    with pytest.raises(InputError, match=r"emitters \(4, 64, 64, 1\); expected"):
        deepstorm.train(np.zeros((4, 64, 64)), np.zeros((4, 64, 64, 1)), 0)
    with pytest.raises(InputError, match=r"shape \(4, 64, 64, 1\), .*at least 128 a side"):
        translation.train(np.zeros((4, 64, 64, 1)), np.zeros((4, 64, 64, 1)), 0)
