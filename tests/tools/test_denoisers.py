"""Denoisers that learn nothing: less noise, the same light, and nothing done where nothing was asked."""

import numpy as np
import pytest

from scopecheck.errors import InputError
from scopecheck.tools.denoisers import NAMES, denoised

RNG = np.random.default_rng(0)
TRUE = np.full((80, 80), 50.0)
NOISY = TRUE + RNG.normal(0, 5, TRUE.shape)


@pytest.mark.parametrize("name", NAMES[1:])
def test_noise_goes_and_light_stays(name):
    out = denoised(NOISY, name, 1.3)
    assert out.std() < 0.6 * NOISY.std()
    assert out.mean() == pytest.approx(50, abs=0.3)


def test_a_gaussian_keeps_as_much_noise_as_theory_says():
    assert denoised(NOISY, "Gaussian", 1.3).std() == pytest.approx(5 / (2 * np.sqrt(np.pi) * 1.3), rel=0.15)


def test_raw_is_raw_and_others_are_refused():
    np.testing.assert_array_equal(denoised(NOISY, "raw", 1.3), NOISY)
    with pytest.raises(InputError, match="expected one of raw, Gaussian"):
        denoised(NOISY, "wavelet", 1.3)


@pytest.mark.parametrize("name", NAMES)
def test_a_movie_is_not_smoothed_over_time(name):
    with pytest.raises(InputError, match=r"shape \(3, 80, 80\); expected one plane"):
        denoised(np.stack([NOISY] * 3), name, 1.3)
