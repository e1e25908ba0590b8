"""The camera against theory: mean-variance line, saturation, fixed pattern, row noise."""

import numpy as np
import pytest

from scopecheck.acquire import Camera, expose
from scopecheck.errors import InputError


@pytest.mark.parametrize(("gain", "read_noise"), [(1.0, 1.6), (0.46, 5.0), (2.2, 3.0)])
def test_mean_variance_line_gives_back_gain_and_read_noise(gain, read_noise):
    camera = Camera(gain=gain, offset=200.0, read_noise=read_noise)
    levels = np.array([0.0, 20, 50, 100, 200, 400, 800])
    means, variances = [], []
    for step, level in enumerate(levels):
        frames = expose(np.full((2, 200, 200), level), camera, seed=step).astype(float)
        means.append(frames.mean() - camera.offset)
        # of the difference of two frames: free of any fixed pattern
        variances.append((frames[0] - frames[1]).var() / 2)
    slope, height = np.polyfit(means, variances, 1)
    assert slope == pytest.approx(gain, rel=0.02)
    dark = np.sqrt(variances[0] - 1 / 12) / gain
    assert dark == pytest.approx(read_noise, rel=0.02)
    assert height == pytest.approx(variances[0], abs=6 * gain**2)


def test_photons_dark_electrons_and_quantum_efficiency_add_up():
    camera = Camera(gain=2.0, offset=50.0, read_noise=0.0, dark=3.0, quantum_efficiency=0.5)
    frame = expose(np.full((400, 400), 100.0), camera, seed=1)
    # 0.5 * 100 + 3 electrons, Poisson: standard error of the mean is 2 * sqrt(53) / 400
    assert frame.mean() == pytest.approx(50 + 2 * 53, abs=4 * 2 * np.sqrt(53) / 400)


def test_saturation_cuts_at_the_bit_depth_and_at_the_full_well():
    bright = np.full((50, 50), 1e6)
    bits = Camera(bit_depth=12)
    assert np.unique(expose(bright, bits, 0)).tolist() == [4095] == [bits.saturation]
    well = Camera(gain=0.5, offset=100, full_well=2000, read_noise=0)
    assert np.unique(expose(bright, well, 0)).tolist() == [1100] == [well.saturation]
    between = Camera(gain=0.7, offset=100, full_well=1001, read_noise=0)  # 0.7 * 1001 + 100 = 800.7
    assert np.unique(expose(bright, between, 0)).tolist() == [801] == [between.saturation]
    # the noise of reading comes after the well, so it stays visible in a full pixel
    noisy = expose(bright, Camera(full_well=2000, read_noise=4), 0)
    assert noisy.mean() == pytest.approx(2100, abs=4 * 4 / 50)
    assert noisy.std() == pytest.approx(4, rel=0.1)
    assert expose(np.zeros((50, 50)), Camera(offset=0, read_noise=5), 0).min() == 0


@pytest.mark.parametrize(("bits", "dtype"), [(8, np.uint8), (12, np.uint16), (16, np.uint16)])
def test_bit_depth_sets_dtype(bits, dtype):
    assert expose(np.ones((4, 4)), Camera(bit_depth=bits, offset=10), 0).dtype == dtype


def test_fixed_pattern_stays_over_frames_and_has_the_stated_spread():
    camera = Camera(fixed_pattern=0.02, fixed_offset=3.0, offset=500, serial=4)
    light, dark = np.full((64, 40, 40), 1000.0), np.zeros((64, 40, 40))
    first = expose(light, camera, 1).mean(axis=0)
    second = expose(light, camera, 2).mean(axis=0)
    assert np.corrcoef(first.ravel(), second.ravel())[0, 1] > 0.95
    dark_mean = expose(dark, camera, 3).mean(axis=0)
    assert dark_mean.std() == pytest.approx(np.sqrt(9 + 1.6**2 / 64), rel=0.08)
    # sensitivity alone: 2 % of 1000, and what is left of the photon noise of 64 frames
    assert (first - dark_mean).std() == pytest.approx(np.sqrt(20**2 + 1000 / 64), rel=0.08)
    other = expose(light, Camera(fixed_pattern=0.02, fixed_offset=3.0, offset=500, serial=5), 1).mean(axis=0)
    assert abs(np.corrcoef(first.ravel(), other.ravel())[0, 1]) < 0.1


def test_row_noise_is_shared_by_a_row_and_new_in_every_frame():
    camera = Camera(read_noise=2.0, row_noise=4.0, offset=500)
    frames = expose(np.zeros((2, 600, 300)), camera, 0).astype(float)
    rows = frames.mean(axis=2)
    assert rows[0].std() == pytest.approx(np.sqrt(16 + 4 / 300), rel=0.1)
    assert abs(np.corrcoef(rows[0], rows[1])[0, 1]) < 0.15
    # all columns share the rows' noise, so between columns only read noise and rounding are left
    assert frames[0].mean(axis=0).std() == pytest.approx(np.sqrt((4 + 1 / 12) / 600), rel=0.15)
    assert (frames[0] - rows[0][:, None]).std() == pytest.approx(np.sqrt(4 + 1 / 12), rel=0.02)


def test_same_seed_same_frame_other_seed_other_frame():
    photons = np.full((30, 30), 50.0)
    assert np.array_equal(expose(photons, Camera(), 7), expose(photons, Camera(), 7))
    assert not np.array_equal(expose(photons, Camera(), 7), expose(photons, Camera(), 8))


@pytest.mark.parametrize(
    "settings",
    [
        {"gain": 0},
        {"gain": np.inf},
        {"read_noise": -1},
        {"bit_depth": 17},
        {"bit_depth": 8.5},
        {"quantum_efficiency": 1.2},
        {"full_well": 0},
        {"offset": np.nan},
    ],
)
def test_impossible_cameras_are_refused(settings):
    with pytest.raises(InputError, match=next(iter(settings))):
        Camera(**settings)


@pytest.mark.parametrize(
    "photons", [np.full((3, 3), -1.0), np.full((3, 3), np.nan), np.ones(4), np.ones((0, 4))]
)
def test_impossible_light_is_refused(photons):
    with pytest.raises(InputError, match="photons: expected"):
        expose(photons, Camera(), 0)
