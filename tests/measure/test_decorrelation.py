"""Decorrelation analysis finds the cut-off that was put in, nothing in noise, and refuses what is not raw."""

import numpy as np
import pytest
from scipy import ndimage

from scopecheck.errors import InputError
from scopecheck.measure.decorrelation import resolution


def scene(cutoff, noise, seed=0, size=256):
    """Points through optics that pass nothing beyond a frequency (the transfer function of a round pupil)."""
    rng = np.random.default_rng(seed)
    points = (rng.random((size, size)) < 0.01) * rng.uniform(200, 1000, (size, size))
    at = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.fftfreq(size)) / cutoff
    inside = np.clip(at, 0, 1)
    passed = 2 / np.pi * (np.arccos(inside) - inside * np.sqrt(1 - inside**2))
    light = np.fft.ifft2(np.fft.fft2(points) * passed).real
    return light + noise * rng.standard_normal((size, size))


@pytest.mark.parametrize("cutoff", [0.12, 0.2, 0.3])
def test_the_cut_off_of_the_optics_is_found(cutoff):
    """A round pupil passes little close to its cut-off: with noise the end lies before it, never behind."""
    share = {
        noise: [1 / resolution(scene(cutoff, noise, seed), 1.0, as_given=True) / cutoff for seed in range(3)]
        for noise in (0.5, 0.002)
    }
    assert 0.7 < min(share[0.5]) <= max(share[0.5]) < 1.02
    assert 0.85 < min(share[0.002]) <= max(share[0.002]) < 1.02
    assert np.mean(share[0.002]) >= np.mean(share[0.5])


def test_more_noise_never_gives_finer_detail():
    found = [resolution(scene(0.25, noise), 1.0, as_given=True) for noise in (0.02, 0.5, 3, 10)]
    assert found == sorted(found)
    assert found[-1] > found[0]


@pytest.mark.parametrize("seed", range(5))
def test_noise_has_no_resolution(seed):
    noise = np.random.default_rng(seed).poisson(30, (200, 220))
    found = resolution(noise, 1.0)
    assert np.isnan(found) or found > 10, "no detail finer than ten pixels"


def test_the_unit_is_that_of_the_pixel_and_gain_and_offset_do_not_matter():
    image = scene(0.2, 0.5)
    assert resolution(image, 80.0, as_given=True) == pytest.approx(80 * resolution(image, 1.0, as_given=True))
    again = resolution(7 * image + 300, 1.0, as_given=True)
    assert again == pytest.approx(resolution(image, 1.0, as_given=True))


def test_an_interpolated_image_is_refused_unless_asked_for():
    raw = np.random.default_rng(0).poisson(30, (128, 128)).astype(float)
    moved = ndimage.shift(raw, (0.5, 0.5), order=1, mode="nearest")
    with pytest.raises(InputError, match=r"interpolated, smoothed or denoised.*as_given"):
        resolution(moved, 1.0)
    resolution(moved, 1.0, as_given=True)
    with pytest.raises(InputError, match="whole rows"):
        resolution(raw + 10 * np.random.default_rng(1).standard_normal((128, 1)), 1.0)
    with pytest.raises(InputError, match="pixel_size"):
        resolution(raw, 0)
