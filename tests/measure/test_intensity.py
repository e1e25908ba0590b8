"""Light after restoration: planted gains, offsets and ratios, other libraries' scores, bad input."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.ndimage import gaussian_filter
from skimage.metrics import normalized_root_mse, peak_signal_noise_ratio

from scopecheck.errors import InputError
from scopecheck.measure import intensity


def image(seed=0, side=64):
    return 100 * gaussian_filter(np.random.default_rng(seed).random((side, side)), 2)


@settings(max_examples=30, deadline=None)
@given(slope=st.floats(0.1, 5), offset=st.floats(-50, 50), seed=st.integers(0, 99))
def test_a_planted_line_is_found_and_what_it_does_to_a_ratio(slope, offset, seed):
    light = image(seed)
    found = intensity.linearity(slope * light + offset, light)
    assert (found.slope, found.offset) == (pytest.approx(slope), pytest.approx(offset, abs=1e-6))
    assert found.scatter == pytest.approx(0, abs=1e-6)
    assert found.r == pytest.approx(1)
    if slope * 10 + offset > 1:
        assert found.ratio(10, 20) == pytest.approx((20 * slope + offset) / (10 * slope + offset))


def test_the_line_is_scipys():
    rng = np.random.default_rng(1)
    light = image()
    out = 0.7 * light + 3 + rng.normal(0, 2, light.shape)
    found, peer = intensity.linearity(out, light), stats.linregress(light.ravel(), out.ravel())
    assert (found.slope, found.offset, found.r) == pytest.approx((peer.slope, peer.intercept, peer.rvalue))
    assert found.scatter == pytest.approx(2, rel=0.05)


def test_objects_show_what_pixels_hide():
    """Bright objects are saturated: most pixels are dark and say 1, the objects do not."""
    light, labels = np.full((100, 100), 10.0), np.zeros((100, 100), int)
    for k in range(9):
        rows, columns = (
            np.s_[10 + 30 * (k // 3) : 20 + 30 * (k // 3)],
            np.s_[10 + 30 * (k % 3) : 20 + 30 * (k % 3)],
        )
        labels[rows, columns], light[rows, columns] = k + 1, 10 + 20 * (k + 1)
    out = np.minimum(light, 110)
    found = intensity.linearity(out, light, labels)
    assert found.n == 9
    sums = 100 * 20.0 * np.arange(1, 10)
    assert found.slope == pytest.approx(stats.linregress(sums, np.minimum(sums, 100 * 100)).slope)
    assert found.slope < 0.7


def test_scores_are_scikit_images_and_fitting_forgives_gain_and_offset():
    rng = np.random.default_rng(2)
    light = image()
    out = light + rng.normal(0, 3, light.shape)
    told, span = intensity.agreement(out, light), np.ptp(light)
    assert told["psnr"] == pytest.approx(peak_signal_noise_ratio(light, out, data_range=span))
    assert told["nrmse"] == pytest.approx(normalized_root_mse(light, out, normalization="min-max"))
    scaled = intensity.agreement(3 * out - 20, light)
    assert scaled["psnr_fitted"] == pytest.approx(told["psnr_fitted"])
    assert scaled["ssim_fitted"] == pytest.approx(told["ssim_fitted"])
    assert scaled["psnr"] < told["psnr"] - 10
    assert told["psnr_fitted"] >= told["psnr"]
    perfect = intensity.agreement(light, light)
    assert (perfect["psnr"], perfect["ssim"], perfect["nrmse"]) == (np.inf, pytest.approx(1), 0)


def test_contrast_and_colocalisation_of_planted_channels():
    labels = np.zeros((40, 40), int)
    labels[10:20, 10:20] = 1
    light = np.where(labels, 30.0, 10.0)
    assert intensity.contrast(light, labels) == pytest.approx(2)
    assert np.isnan(intensity.contrast(light, np.zeros((40, 40))))
    first, second = np.zeros((2, 40, 40))
    first[5:15, 5:15], second[5:15, 10:30] = 100, 50
    told = intensity.colocalisation(first, second, above=(10, 10))
    assert (told["m1"], told["m2"]) == (pytest.approx(0.5), pytest.approx(0.25))
    assert told["pearson"] == pytest.approx(np.corrcoef(first.ravel(), second.ravel())[0, 1])
    assert intensity.colocalisation(first, first, above=(10, 10))["pearson"] == pytest.approx(1)


def test_white_noise_has_its_level_and_smoothed_noise_less():
    rng = np.random.default_rng(3)
    noise = rng.normal(0, 5, (256, 256))
    assert intensity.noise_level(image(side=256) + noise) == pytest.approx(5, rel=0.05)
    smooth = gaussian_filter(noise, 1)  # neighbours correlate by exp(-1/4), those across by exp(-1/2)
    share = np.sqrt(1 - 2 * np.exp(-1 / 4) + np.exp(-1 / 2))
    assert intensity.noise_level(smooth) == pytest.approx(share * smooth.std(), rel=0.05)


def test_the_residual_tells_white_noise_from_rows_from_structure():
    rng = np.random.default_rng(4)
    light, white = image(side=200), rng.normal(0, 5, (200, 200))
    told = intensity.residual_correlation(light + white, light)
    assert max(abs(told[name]) for name in ("x", "y", "image")) < 4 * told["error"]
    rows = white + rng.normal(0, 3, (200, 1))
    told = intensity.residual_correlation(light + rows, light)
    assert told["x"] == pytest.approx(9 / 34, abs=0.05)
    assert abs(told["y"]) < 0.05
    oversmoothed = intensity.residual_correlation(light + white, gaussian_filter(light, 4))
    assert min(oversmoothed["x"], oversmoothed["y"]) > 5 * oversmoothed["error"]
    dimmed = intensity.residual_correlation(light + white, 0.8 * light)
    assert dimmed["image"] > 5 * dimmed["error"]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: intensity.linearity(np.zeros((3, 4)), np.zeros((4, 3))), "one shape"),
        (lambda: intensity.linearity(np.eye(4), np.ones((4, 4))), "do not vary"),
        (
            lambda: intensity.linearity(np.eye(4), np.eye(4), np.zeros((4, 4), int)),
            "no background or no object",
        ),
        (lambda: intensity.linearity(np.eye(4), np.eye(4), np.eye(4)), "whole numbers"),
        (lambda: intensity.linearity(np.eye(4), np.eye(4), -np.eye(4, dtype=int)), "hold -1"),
        (lambda: intensity.agreement(np.eye(9), np.ones((9, 9))), "is constant"),
        (lambda: intensity.agreement(np.eye(5), np.eye(5)), "at least 7 pixels"),
        (lambda: intensity.agreement(np.full((9, 9), np.nan), np.eye(9)), "NaN"),
        (lambda: intensity.residual_correlation(np.eye(4), np.eye(4)), "no residual"),
        (lambda: intensity.noise_level([]), "one plane of finite"),
        (lambda: intensity.contrast(np.eye(4), np.eye(3)), "expected that of the image"),
        (lambda: intensity.colocalisation(np.eye(4), np.eye(4), np.zeros((4, 4)), above=(0, 0)), "0 pixels"),
        (
            lambda: intensity.colocalisation(np.eye(4), np.eye(4), np.eye(4) * [1, 0, 0, 0], above=(0, 0)),
            "1 pix",
        ),
    ],
)
def test_bad_input_is_named(call, said):
    with pytest.raises(InputError, match=said):
        call()


def test_looks_are_means_over_images_with_something_in_them():
    rng = np.random.default_rng(1)
    scenes = [rng.random((30, 30)), np.full((30, 30), 5.0), rng.random((30, 30))]
    images = [scene + rng.normal(0, 0.1, scene.shape) for scene in scenes]
    told = [intensity.agreement(images[k], scenes[k]) for k in (0, 2)]
    looks = intensity.looks(images, scenes)
    assert looks["SSIM"] == pytest.approx(np.mean([one["ssim_fitted"] for one in told]))
    assert looks["PSNR, dB"] == pytest.approx(np.mean([one["psnr_fitted"] for one in told]))
    assert intensity.looks(images[1:2], scenes[1:2]) == {}


def test_a_picture_that_shows_nothing_looks_good_where_most_of_the_field_is_empty():
    spot = np.zeros((100, 100))
    spot[50, 50] = 100
    nothing = intensity.looks_of_nothing([spot])
    assert nothing["SSIM"] > 0.9
    assert nothing["PSNR, dB"] == pytest.approx(40, abs=0.1), "the rest of one pixel in 10,000"
