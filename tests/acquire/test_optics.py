"""Optics against theory: photon numbers, widths of point spread functions, area averaging."""

import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scopecheck.acquire import optics
from scopecheck.errors import InputError


def fwhm(profile):
    """Full width at half maximum of a line, by linear interpolation, in samples."""
    half = profile.max() / 2
    above = np.nonzero(profile >= half)[0]
    left, right = above[0], above[-1]
    rise = (profile[left] - half) / (profile[left] - profile[left - 1])
    fall = (profile[right] - half) / (profile[right] - profile[right + 1])
    return right - left + rise + fall


@settings(deadline=None, max_examples=60)
@given(rows=st.integers(1, 40), columns=st.integers(1, 40), factor=st.floats(0.3, 4), seed=st.integers(0, 99))
def test_resampling_keeps_the_photon_number(rows, columns, factor, seed):
    photons = np.random.default_rng(seed).poisson(20, (rows, columns)).astype(float)
    if min(round(rows / factor), round(columns / factor)) < 1:
        with pytest.raises(InputError, match="leaves no pixel"):
            optics.resample(photons, factor)
        return
    taken = optics.resample(photons, factor)
    assert taken.shape == (round(rows / factor), round(columns / factor))
    assert taken.sum() == pytest.approx(photons.sum(), rel=1e-12, abs=1e-9)
    assert taken.min() >= 0


def test_resampling_by_two_sums_blocks_and_by_a_half_splits_pixels():
    photons = np.arange(24.0).reshape(4, 6)
    binned = optics.resample(photons, 2)
    assert binned == pytest.approx(photons.reshape(2, 2, 3, 2).sum(axis=(1, 3)))
    split = optics.resample(photons, 0.5)
    assert split == pytest.approx(np.kron(photons, np.full((2, 2), 0.25)))


def test_resampling_by_a_broken_factor_weighs_by_area():
    # three pixels become two of 1.5: the middle one is shared
    assert optics.resample(np.array([[6.0, 10.0, 2.0]] * 3), 1.5)[0] == pytest.approx([16.5, 10.5])


def test_labels_are_resampled_by_nearest_neighbour():
    labels = np.kron(np.arange(12).reshape(3, 4), np.ones((4, 4), int)).astype(np.int32)
    small = optics.resample_labels(labels, 4)
    assert small.dtype == np.int32
    assert small.tolist() == np.arange(12).reshape(3, 4).tolist()


@pytest.mark.parametrize("sigma", [2.0, 3.7, 6.0])
def test_gaussian_blur_has_the_stated_width_and_keeps_light(sigma):
    point = np.zeros((61, 61))
    point[30, 30] = 1000.0
    blurred = optics.gaussian_blur(point, sigma)
    assert fwhm(blurred[30]) == pytest.approx(2.3548 * sigma, rel=0.02)
    crowded_edge = np.random.default_rng(0).poisson(50, (33, 17))
    assert optics.gaussian_blur(crowded_edge, sigma).sum() == pytest.approx(crowded_edge.sum(), rel=1e-10)


@pytest.mark.parametrize("sigma", [1.0, 1.5, 2.5])
def test_gaussian_psf_is_integrated_over_pixels(sigma):
    psf = optics.gaussian_psf(sigma)
    x = np.arange(psf.shape[0]) - psf.shape[0] // 2
    assert psf.sum() == pytest.approx(1.0, abs=1e-12)
    # a pixel adds the variance of a uniform distribution of width 1
    assert (psf.sum(axis=0) * x**2).sum() == pytest.approx(sigma**2 + 1 / 12, rel=5e-3)


@pytest.mark.parametrize("na", [0.3, 0.5, 0.75])
def test_physical_psf_has_airy_width_in_focus(na):
    pytest.importorskip("psfmodels")
    wavelength, pixel = 0.52, 0.02
    psf = optics.physical_psf(
        pixel, na=na, wavelength=wavelength, immersion_index=1.0, size=151, model="scalar"
    )
    # (2 J1(v) / v)^2 falls to a half at v = 1.61634, so the width is 2 * 1.61634 / (2 pi) wavelengths over NA
    airy = 2 * 1.61634 / (2 * np.pi) * wavelength / na
    assert fwhm(psf[75]) * pixel == pytest.approx(airy, rel=0.015)
    assert fwhm(psf[75]) * pixel == pytest.approx(0.51 * wavelength / na, rel=0.03)
    assert psf.sum() == pytest.approx(1.0)
    assert psf == pytest.approx(psf[::-1, ::-1], abs=1e-9)


def test_without_psfmodels_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "psfmodels", None)
    with pytest.raises(ImportError, match=r"scopecheck\[optics\]"):
        optics.physical_psf(0.1, na=1.0, wavelength=0.5)


def test_defocus_and_a_vector_field_widen_the_psf():
    pytest.importorskip("psfmodels")
    optics_of = {"na": 1.4, "wavelength": 0.52, "size": 101}
    sharp = optics.physical_psf(0.02, model="scalar", **optics_of)
    vector = optics.physical_psf(0.02, **optics_of)
    defocused = optics.physical_psf(0.02, defocus=0.5, **optics_of)
    assert fwhm(vector[50]) > 1.03 * fwhm(sharp[50])
    assert defocused.max() < 0.6 * vector.max()


def test_apply_psf_copies_the_psf_to_a_point_and_keeps_light():
    psf = optics.gaussian_psf(1.5)
    point = np.zeros((41, 41))
    point[20, 20] = 100.0
    half = psf.shape[0] // 2
    seen = optics.apply_psf(point, psf)
    assert seen[20 - half : 21 + half, 20 - half : 21 + half] == pytest.approx(100 * psf, abs=1e-9)
    scene = np.random.default_rng(1).poisson(30, (37, 52)).astype(float)
    assert optics.apply_psf(scene, psf).sum() == pytest.approx(scene.sum(), rel=1e-10)
    assert optics.apply_psf(scene, psf) == pytest.approx(
        optics.gaussian_blur(scene, np.sqrt(1.5**2 + 1 / 12)), abs=0.3
    )


def test_apply_psf_keeps_light_of_a_mirror_symmetric_psf_and_the_range_of_any_image():
    corner = np.zeros((21, 21))
    corner[0, 0] = 100.0
    y, x = np.indices((13, 13)) - 6
    upright, slanted = np.exp(-(y**2) / 18 - x**2 / 4), np.exp(-((y + x) ** 2) / 36 - (y - x) ** 2 / 8)
    assert optics.apply_psf(corner, upright).sum() == pytest.approx(100)
    # a corner pixel and its mirror images all send the same quarter of a slanted PSF into the field
    sent = sum(slanted[one:, two:].sum() for one in (6, 7) for two in (6, 7)) / slanted.sum()
    assert sent > 1.2
    assert optics.apply_psf(corner, slanted).sum() == pytest.approx(100 * sent)
    stripes = np.tile([-5.0, 3.0], (30, 15))
    seen = optics.apply_psf(stripes, optics.gaussian_psf(1.0))
    assert seen.mean() == pytest.approx(-1, abs=1e-9)
    assert seen.min() >= -5
    assert optics.apply_psf(np.full((9, 9), 255.0), optics.gaussian_psf(2.0)).max() <= 255


def test_uneven_illumination_is_full_at_the_centre_and_dims_the_corners():
    field = optics.uneven_illumination(np.full((51, 51), 10.0), 0.4)
    assert field[25, 25] == pytest.approx(10.0)
    assert field[0, 0] == pytest.approx(6.0)
    assert field[0, 25] == pytest.approx(8.0)
    assert optics.uneven_illumination(np.full((1, 2), 10.0), 0.4) == pytest.approx(6.0)
    assert optics.uneven_illumination(np.full((5, 5), 3.0), 0.0) == pytest.approx(3.0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: optics.resample(np.ones((4, 4)), 0), "positive number"),
        (lambda: optics.resample(np.ones((4, 4)), np.nan), "positive number"),
        (lambda: optics.resample_labels(np.ones((3, 4, 5), int), 2), r"labels: expected one plane \(Y, X\)"),
        (lambda: optics.gaussian_blur(np.ones((4, 4)), -1), "sigma"),
        (lambda: optics.gaussian_blur(np.ones((2, 4, 4)), 1), r"one plane \(Y, X\)"),
        (lambda: optics.gaussian_blur(np.array([[1.0, np.nan]]), 1), "NaN"),
        (lambda: optics.gaussian_blur(np.array([["a"]]), 1), "real numbers"),
        (lambda: optics.gaussian_psf(0), "sigma"),
        (lambda: optics.apply_psf(np.ones((4, 4)), np.ones((3, 4))), "odd"),
        (lambda: optics.physical_psf(0.1, na=1.6, wavelength=0.5), "immersion"),
        (lambda: optics.physical_psf(0, na=1.4, wavelength=0.5), "above 0"),
        (lambda: optics.physical_psf(0.1, na=1.4, wavelength=0.5, model="born"), "born"),
        (lambda: optics.apply_psf(np.ones((4, 4)), np.zeros((3, 3))), "sum above 0"),
        (lambda: optics.uneven_illumination(np.ones((4, 4)), 1.5), "fall_off"),
    ],
)
def test_wrong_parameters_are_named(call, message):
    with pytest.raises(InputError, match=message):
        call()
