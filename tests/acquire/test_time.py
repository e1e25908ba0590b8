"""Repeated frames and bleaching: independent noise, a fixed pattern that stays, light that adds up."""

import numpy as np
import pytest

from scopecheck.acquire import Camera
from scopecheck.acquire.time import bleached, repeats
from scopecheck.errors import InputError


def test_frames_differ_by_independent_noise_of_the_cameras_size():
    camera = Camera(gain=2, offset=100, read_noise=3)
    frames = repeats(np.full((40, 50), 200.0), camera, 50, 1).astype(float)
    assert frames.shape == (50, 40, 50)
    assert frames.mean() == pytest.approx(2 * 200 + 100, rel=1e-3)
    assert frames.var(axis=0, ddof=1).mean() == pytest.approx(4 * (200 + 9) + 1 / 12, rel=0.02)
    noise = frames - frames.mean(axis=0)
    assert abs(np.corrcoef(noise[0].ravel(), noise[1].ravel())[0, 1]) < 0.1
    assert (repeats(np.full((4, 4), 5.0), camera, 2, 3) == repeats(np.full((4, 4), 5.0), camera, 2, 3)).all()


def test_the_fixed_pattern_is_the_same_in_all_frames():
    camera = Camera(read_noise=0, fixed_pattern=0.2)
    frames = repeats(np.full((30, 30), 1000.0), camera, 40, 0).astype(float)
    half = frames[:20].mean(axis=0), frames[20:].mean(axis=0)
    assert np.corrcoef(half[0].ravel(), half[1].ravel())[0, 1] > 0.99


def test_all_light_is_the_lifetimes_and_falls_by_one_factor_a_frame():
    specimen = np.full((2, 3), 80.0)
    series = bleached(specimen, 0, 4000, 0.5, 25)
    assert series.sum(axis=0) == pytest.approx(25 * specimen)
    assert series[1:6] / series[:5] == pytest.approx(np.exp(-0.5 / 25))
    assert bleached(specimen, 0, 3, 0.5, np.inf) == pytest.approx(40)
    assert bleached(specimen, 0, 1, 1e-6, 25)[0] == pytest.approx(80e-6 * np.ones((2, 3)), rel=1e-6)


def test_background_stays_and_longer_exposures_share_the_same_light():
    specimen = np.full((2, 2), 10.0)
    short, long = bleached(specimen, 3, 20, 1, 8), bleached(specimen, 3, 5, 4, 8)
    assert short.reshape(5, 4, 2, 2).sum(axis=1) == pytest.approx(long)
    assert bleached(specimen, 3, 500, 1, 8)[-1] == pytest.approx(3)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: repeats(np.ones((4, 4)), Camera(), 0, 0), "at least one frame"),
        (lambda: bleached(np.ones((4, 4)), 0, 0, 1, 1), "at least one frame"),
        (lambda: bleached(np.ones((4, 4)), 0, 2, 0, 1), "above 0"),
        (lambda: bleached(-np.ones((4, 4)), 0, 2, 1, 1), "0 and above"),
        (lambda: bleached(np.ones((4, 4)), -1, 2, 1, 1), "0 and above"),
    ],
)
def test_bad_input_is_named(call, said):
    with pytest.raises(InputError, match=said):
        call()
