"""What CARE's recipe trains on of a reader's own: four planes that fit, and what is said of others."""

import re

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, shift

from scopecheck.errors import InputError
from scopecheck.tools import care


def four(by=0, side=160):
    rng = np.random.default_rng(0)
    scene = gaussian_filter(rng.random((2, side, side)), (0, 3, 3))
    scene = 20 * (scene - scene.min()) / np.ptp(scene)
    return np.concatenate([rng.poisson(scene), rng.poisson(20 * np.roll(scene, by, axis=2))])


def test_what_fits_is_given_back(capsys):
    np.testing.assert_array_equal(care.as_pairs(four()), four())
    assert capsys.readouterr().out == ""


def test_a_shift_below_a_pixel_is_said(capsys):
    planes = four().astype(float)
    planes[2:] = shift(planes[2:], (0, 0, 0.6), order=3, mode="nearest")
    care.as_pairs(planes, "mine.tif")
    assert re.search(
        r"mine\.tif: .* better moved by Y [+-]0\.\d, X \+0\.[567] pixels", capsys.readouterr().out
    )


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
    with pytest.raises(InputError, match=r"shape \(4, 64, 64\), emitters \(3, 256, 256, 1\); expected"):
        deepstorm.train(np.zeros((4, 64, 64)), np.zeros((3, 256, 256, 1)), 0)


@pytest.mark.parametrize("image", [np.zeros((2, 32, 32)), np.zeros(32)])
def test_a_movie_is_no_plane_for_richardson_and_lucy(image):
    pytest.importorskip("skimage")
    from scopecheck.tools import lucy

    with pytest.raises(InputError, match=r"psf \(7, 7\); expected planes \(Y, X\)"):
        lucy.denoised(image, np.ones((7, 7)))
    with pytest.raises(InputError, match="P odd"):
        lucy.denoised(np.ones((32, 32)), np.ones((4, 4)))
    with pytest.raises(InputError, match="psf: sums to 0"):
        lucy.denoised(np.ones((32, 32)), np.zeros((5, 5)))
