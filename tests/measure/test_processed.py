"""Traces of processing: none in raw images, simulated and real; the right one where it was made."""

import io
import re
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from scopecheck import acquire
from scopecheck.acquire.spots import field
from scopecheck.errors import InputError
from scopecheck.measure.processed import FADED, LINES, UNEVEN, processed, traces, wrapped

MIRROR = Path(__file__).parents[3] / "shared" / "data" / "light"


def raw(seed=0, shape=(256, 256), **camera):
    return acquire.expose(field(shape, 40, seed=seed).photons, acquire.Camera(**camera), seed)


def jpeg(image, quality):
    from PIL import Image

    low, high = np.percentile(image, (0.1, 99.9))
    grey = np.clip((image - low) / (high - low) * 255, 0, 255).astype(np.uint8)
    held = io.BytesIO()
    Image.fromarray(grey).save(held, "JPEG", quality=quality)
    return np.asarray(Image.open(held))


@pytest.mark.parametrize("seed", range(20))
def test_raw_images_bear_no_trace(seed):
    assert processed(raw(seed)).signs() == []
    assert processed(raw(seed, gain=0.5, read_noise=0.5, offset=20)).signs() == []


def test_independent_noise_has_no_correlation_within_its_error():
    found = [processed(raw(seed, (512, 512))) for seed in range(10)]
    pixels = 10 * 512 * 512 / 4
    # second differences share pixels with their neighbours, hence not 1 / sqrt(pixels) but 1.4 of it
    for name in ("along_x", "along_y"):
        assert abs(np.mean([getattr(one, name) for one in found])) < 3 * 1.4 / np.sqrt(pixels)


@pytest.mark.parametrize("part", [0.2, 0.3, 0.5])
def test_a_shift_between_pixels_is_measured(part):
    """Interpolation weighs a pixel (1 - part) and its neighbour part: their product over the squares."""
    moved = ndimage.shift(raw(1, (512, 512)).astype(float), (0, part), order=1, mode="nearest")
    expected = part * (1 - part) / (part**2 + (1 - part) ** 2)
    found = processed(moved)
    assert found.along_x == pytest.approx(expected, abs=0.03)
    assert abs(found.along_y) < 0.03


def test_each_trace_is_named_as_what_it_is():
    clean = raw(2).astype(float)
    both = ndimage.shift(clean, (0.5, 0.5), order=1, mode="nearest")
    rows = raw(2, row_noise=6)
    stretched = np.rint((raw(2) - 90) * 2.6)
    assert "interpolated, smoothed or denoised" in processed(both).signs()[0]
    assert (
        "interpolated"
        in processed(ndimage.rotate(clean, 7, reshape=False, order=3, mode="reflect")).signs()[0]
    )
    assert "denoised" in processed(ndimage.gaussian_filter(clean, 1)).signs()[0]
    assert "denoised" in processed(ndimage.median_filter(clean, 3)).signs()[0]
    assert "whole rows" in processed(rows).signs()[0]
    assert "whole columns" in processed(rows.T).signs()[0]
    assert "empty" in " ".join(processed(stretched).signs())
    assert "smallest value" in " ".join(processed(np.clip(clean - np.median(clean), 0, None)).signs())
    assert "largest value" in " ".join(processed(np.clip(clean, 0, np.percentile(clean, 98))).signs())
    assert "no noise" in processed(np.full((64, 64), 7)).signs()[0]


def spots():
    seen = field((256, 256), 60, light=300.0, sigma=1.3, seed=0).photons
    return acquire.expose(seen, acquire.Camera(), 0).astype(float) - 100


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("strength", [0.6, 0.8, 1.0])
def test_non_local_means_is_told_and_refused(seed, strength):
    """It leaves the noise of a patch that has few like it, so its noise is not even."""
    from skimage.restoration import denoise_nl_means

    from scopecheck.measure.decorrelation import resolution
    from scopecheck.measure.intensity import noise_level

    image = raw(seed).astype(float)
    noise = noise_level(image)
    quiet = denoise_nl_means(image, patch_size=5, patch_distance=6, h=strength * noise, sigma=noise)
    assert "denoised" in " ".join(processed(quiet).signs())
    with pytest.raises(InputError, match=r"denoised.*as_given=True"):
        resolution(quiet, 1.0)


@pytest.mark.parametrize("light", [300.0, 3000.0, 30000.0])
def test_many_bright_spots_are_no_trace(light):
    """300 spots in 256 x 256 pixels leave no block of 16 x 16 without one."""
    rng = np.random.default_rng(7)
    sharp = np.zeros((256, 256))
    sharp[tuple(rng.integers(0, 256, (2, 300)))] = light
    seen = acquire.expose(10 + ndimage.gaussian_filter(sharp, 1.3), acquire.Camera(), 7)
    assert processed(seen).signs() == []


@pytest.mark.parametrize("level", [20.0, 100.0, 300.0])
def test_the_share_of_whole_lines_is_the_planted_one(level):
    """Variance of rows over all variance: 9 electrons squared over those, the photons and the reading."""
    camera = acquire.Camera(row_noise=3)
    expected = 9 / (9 + level * camera.quantum_efficiency + camera.read_noise**2)
    found = [processed(acquire.expose(np.full((256, 256), level), camera, seed)) for seed in range(4)]
    assert np.mean([one.rows for one in found]) == pytest.approx(expected, rel=0.2)
    assert all(abs(one.columns) < 5 * one.lines_error for one in found)
    assert all("whole rows" in " ".join(one.signs()) for one in found)


def test_a_shift_along_one_axis_is_not_taken_for_noise_of_rows():
    moved = ndimage.shift(raw(1).astype(float), (0, 0.3), order=1, mode="nearest")
    assert processed(moved).signs()[0].startswith("neighbours share noise along x")


def test_errors_are_those_of_independent_noise():
    """200 images of nothing but noise: each measure spreads as its error says, and none alarms."""
    found = [processed(np.random.default_rng(seed).poisson(50, (64, 64))) for seed in range(200)]
    assert not any(one.signs() for one in found)
    for name, error in (("along_x", "error"), ("rows", "lines_error"), ("faded", "faded_error")):
        spread = np.std([getattr(one, name) for one in found]) / np.mean(
            [getattr(one, error) for one in found]
        )
        assert 0.75 < spread < 1.25, name


@pytest.mark.tool
def test_what_noise2void_makes_is_told_and_refused():
    pytest.importorskip("n2v")
    from scopecheck import data
    from scopecheck.measure.decorrelation import resolution
    from scopecheck.tools import noise2void

    noise2void.prepare(0)
    from n2v.models import N2V, N2VConfig

    def network(patches, folder):
        config = N2VConfig(
            patches, unet_kern_size=3, unet_n_depth=2, unet_n_first=16, batch_norm=True, train_loss="mse",
            n2v_perc_pix=0.198, n2v_neighborhood_radius=5, n2v_patch_shape=(64, 64),
        )  # fmt: skip
        return N2V(config, "spots", basedir=folder)

    model, image = noise2void.kept(network, data.fetch("n2v-spots-trainings") / "plain-0.npz"), spots()
    restored = model.predict(image.astype(np.float32), axes="YX").astype(float)
    assert "denoised" in " ".join(processed(restored).signs())
    with pytest.raises(InputError, match=r"denoised.*as_given=True"):
        resolution(restored, 1.0)
    assert resolution(restored, 1.0, as_given=True) < resolution(image, 1.0)  # what the refusal saves from


@pytest.mark.parametrize("quality", [85, 75, 50])
@pytest.mark.parametrize("corner", [(0, 0), (3, 5)])
def test_jpeg_is_found_also_in_a_part_of_the_image(quality, corner):
    image = jpeg(raw(3), quality)[corner[0] :, corner[1] :]
    assert "JPEG" in " ".join(processed(image).signs())
    assert "JPEG" not in " ".join(processed(raw(3)).signs())


@pytest.mark.skipif(not MIRROR.is_dir(), reason="the staged real images are not here")
def test_real_raw_images_bear_no_trace():
    import tifffile

    files = [
        *sorted(MIRROR.glob("bbbc039/**/*.tif"))[:6],
        *sorted(MIRROR.glob("w2s*/**/input_avg1_*.tif"))[:4],
        *sorted(MIRROR.glob("deepstorm3d/**/Tetrapod_demo2_crop/*.tif"))[:6],
    ]
    if not files:
        pytest.skip("no raw images staged")
    for file in files:
        found = processed(tifffile.imread(file))
        assert max(abs(found.along_x), abs(found.along_y)) < 0.1, file
        assert max(found.rows, found.columns) < max(LINES, 5 * found.lines_error), file
        assert abs(found.faded) < FADED, file
        assert found.uneven < UNEVEN, file
        assert found.compressed < 0.02, file


@pytest.mark.parametrize(
    "image", [np.zeros((8, 8)), np.zeros((4, 64, 64)), np.full((64, 64), np.nan), np.zeros((64, 64), complex)]
)
def test_bad_input_is_named(image):
    with pytest.raises(InputError, match="image: "):
        processed(image)


def test_a_line_for_a_page_names_the_file_and_what_was_found():
    image = raw(4)
    assert traces(image, "cell.tif") == "cell.tif: no trace of software was found."
    smoothed = ndimage.gaussian_filter(image, 1)
    for at in range(3):
        movie = np.stack([smoothed if k == at else image for k in range(3)])
        assert re.search(rf"smoothed .*\(in plane {at + 1} of 3, of which 3", traces(movie, "movie.tif"))
    with pytest.raises(InputError, match=r"movie\.tif: shape \(0, 64, 64\)"):
        traces(np.zeros((0, 64, 64)), "movie.tif")
    with pytest.raises(InputError, match=r"small\.tif: shape \(16, 16\)"):
        traces(np.zeros((9, 16, 16)), "small.tif")
    assert "negative values" in traces(image.astype(float) - 110, "cell.tif")
    over = (image.astype(np.int64) - 110).astype(np.uint16)  # what fell below 0 comes in again at the top
    assert "wrap around" in traces(over, "cell.tif")
    assert "wrap around" in traces(over.astype(float))
    assert "wrap around" not in traces(np.minimum(image.astype(np.int64) * 300, 65535).astype(np.uint16))


@pytest.mark.parametrize("brighter", [3, 4])
def test_numbers_that_ran_over_eight_bits_are_told_from_saturated_ones(brighter):
    scene = ndimage.gaussian_filter(np.random.default_rng(0).random((256, 256)), 6)
    light = brighter * np.random.default_rng(1).poisson(100 * (scene - scene.min()) / np.ptp(scene) + 3)
    assert wrapped((light % 256).astype(np.uint8))
    assert not wrapped(np.minimum(light, 255).astype(np.uint8))
    light[50:150, 50:150] = 65535  # a patch that is saturated, in the dark
    assert not wrapped(light.astype(np.uint16))


def test_three_hot_pixels_have_not_wrapped():
    image = raw(4).astype(np.uint16)
    image[[10, 60, 90], [20, 70, 30]] = 60_000
    assert not wrapped(image)
