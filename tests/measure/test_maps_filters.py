"""Low-pass and sharpening, against single waves, whose factor is known; a mask in eight parts."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scopecheck.errors import InputError
from scopecheck.measure import maps

BOX, PIXEL = 16, 1.5


def wave(kz, ky, kx):
    """A cosine of whole periods along each axis, and its frequency, 1/A."""
    z, y, x = np.indices((BOX,) * 3)
    values = np.cos(2 * np.pi * (kz * z + ky * y + kx * x) / BOX)
    return values.astype(np.float32), np.sqrt(kz**2 + ky**2 + kx**2) / (BOX * PIXEL)


@settings(deadline=None)
@given(st.tuples(*[st.integers(0, 4)] * 3), st.floats(4, 30))
def test_a_low_pass_multiplies_a_wave_by_its_gaussian(k, resolution):
    values, s = wave(*k)
    expected = values * np.exp(-((s * resolution) ** 2) / 2)
    assert np.allclose(maps.low_pass(values, resolution, PIXEL), expected, atol=1e-5)


def test_a_low_pass_leaves_0_61_at_its_resolution():
    values, s = wave(0, 3, 4)
    assert np.abs(maps.low_pass(values, 1 / s, PIXEL)).max() == pytest.approx(0.6065, abs=1e-4)


@settings(deadline=None)
@given(st.tuples(*[st.integers(0, 4)] * 3), st.floats(-100, 100))
def test_a_b_factor_multiplies_a_wave_by_exp_of_minus_b_s2_over_4(k, b):
    values, s = wave(*k)
    factor = np.exp(-b * s**2 / 4)
    assert np.allclose(maps.sharpen(values, b, PIXEL), values * factor, atol=1e-5 * max(factor, 1))


def test_sharpening_takes_out_what_lies_beyond_nyquist():
    values, s = wave(7, 7, 7)  # in a corner: 12 shells out, the last whole one is 9
    assert s > 0.5 / PIXEL
    assert np.abs(maps.sharpen(values, 0.0, PIXEL)).max() < 1e-5


def test_a_crop_is_sharpened_as_if_it_stood_in_a_cube():
    rng = np.random.default_rng(1)
    crop = rng.standard_normal((10, 16, 12)).astype(np.float32)
    cube = np.zeros((16,) * 3, np.float32)
    cube[:10, :, :12] = crop
    sharp = maps.sharpen(crop, -30, PIXEL)
    assert sharp.shape == crop.shape
    assert np.array_equal(sharp, maps.sharpen(cube, -30, PIXEL)[:10, :, :12])


def test_sharpening_does_not_move_the_fsc_of_a_shell():
    rng = np.random.default_rng(0)
    a = rng.standard_normal((32,) * 3)
    b = a + rng.standard_normal((32,) * 3)
    before = maps.fsc(a, b)
    after = maps.fsc(maps.sharpen(a, -60, 2.0), maps.sharpen(b, -60, 2.0))
    assert np.allclose(before.fsc[2:], after.fsc[2:], atol=0.02)


@pytest.mark.parametrize(
    ("filtered", "said"),
    [
        (lambda x: maps.low_pass(x, 0, 1), "resolution: 0"),
        (lambda x: maps.low_pass(x, 10, float("nan")), "pixel_size: nan"),
        (lambda x: maps.sharpen(x, float("inf"), 1), "b_factor: inf"),
        (lambda x: maps.sharpen(x, -50, -1), "pixel_size: -1"),
        (lambda x: maps.sharpen(x[0], -50, 1), "cubic"),
        (lambda x: maps.low_pass(x[:4], 10, 1), "cubic"),
    ],
)
def test_what_no_filter_can_be_made_of_is_refused(filtered, said):
    with pytest.raises(InputError, match=said):
        filtered(np.zeros((8, 8, 8)))


def test_the_octants_of_a_cube_are_its_eight_corners():
    mask = np.zeros((12,) * 3)
    mask[2:10, 2:10, 2:10] = 1
    parts = maps.octants(mask, edge=0)
    assert [int(part.sum()) for part in parts] == [64] * 8
    assert np.array_equal(np.sum(parts, axis=0), mask)
    assert parts[0][2:6, 2:6, 2:6].all()  # low z, y, x first
    assert parts[1][2:6, 2:6, 6:10].all()  # x changes fastest


def test_octants_with_hardly_anything_inside_are_left_out():
    mask = np.zeros((12,) * 3)
    mask[0:4] = 1
    mask[8, 8, 8] = 1  # centre near z = 1.5: octants of z 0-1, z 2-3 and beyond
    assert len(maps.octants(mask, edge=0)) == 8
    line = np.zeros((12,) * 3)
    line[:, 5, 5] = 1
    assert len(maps.octants(line, edge=1)) == 2
    assert maps.octants(np.zeros((4,) * 3)) == []
