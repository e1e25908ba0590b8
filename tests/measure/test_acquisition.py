"""Estimates of how an image was taken, on images whose settings are known."""

import os

import numpy as np
import pytest

from scopecheck import acquire
from scopecheck.errors import InputError
from scopecheck.measure.acquisition import RANGES, acquisition, edge_blur, gain, touching
from scopecheck.tools import classical

LIGHT, BLUR = (50.0, 100.0, 200.0, 1000.0, 5000.0), (0.5, 1.0, 2.0, 4.0)


def taken(photons, blur, k, camera=None):
    """A field whose 99.9th percentile lies `photons` above its background, as `acquire.retake` counts."""
    scene = acquire.scenes.nuclei((256, 256), 18, diameter=22, photons=100, background=0, seed=k)
    light = acquire.optics.gaussian_blur(scene.photons, blur)
    light = light * photons / np.percentile(light, 99.9)
    return acquire.expose(light + 10, camera or acquire.Camera(gain=0.5 + k), k), scene.labels


@pytest.fixture(scope="module")
def table():
    """(light, blur, field) -> estimate over truth, of light and of blur."""
    found = np.empty((len(LIGHT), len(BLUR), 4 if os.environ.get("WEEKLY") else 2, 2))
    for at in np.ndindex(found.shape[:3]):
        image, labels = taken(LIGHT[at[0]], BLUR[at[1]], at[2])
        told = acquisition(image, labels)
        found[at] = told.photons / LIGHT[at[0]], told.blur / BLUR[at[1]]
    return found


def test_light_is_what_was_sent(table):
    off = np.abs(np.log(table[..., 0]))
    assert np.median(off) < np.log(1.2)
    assert (off < np.log(2)).mean() > 0.95
    by_light = np.median(table[..., 0], axis=(1, 2))
    assert RANGES["photons"] == (LIGHT[0], LIGHT[-1])
    assert np.all(np.abs(np.log(by_light)) < np.log(1.2)), by_light


def test_blur_is_what_the_optics_did(table):
    by_blur = np.median(table[..., 1], axis=(0, 2))
    assert RANGES["blur"] == (BLUR[0], BLUR[-1])
    assert np.all(np.abs(by_blur - 1) < 0.2), by_blur


def test_blur_by_the_baselines_own_outlines():
    told = []
    for k in range(4):
        image = taken(200, 2.0, k)[0]
        told.append(edge_blur(image, classical.nuclei(image)))
    assert np.median(told) == pytest.approx(2, rel=0.15)


def test_gain_of_even_light_in_steps():
    """A stair of light, where mean and variance of each step are known: the photon transfer curve itself."""
    stair = np.repeat(np.repeat(np.linspace(20, 400, 8), 32)[None], 256, axis=0)
    image = acquire.expose(stair, acquire.Camera(gain=1.7, read_noise=3), 0)
    slope, read = gain(image)
    assert slope == pytest.approx(1.7, rel=0.1)
    assert read**2 == pytest.approx(
        1.7**2 * (3**2 + 20), rel=0.5
    )  # noise of the darkest step, its light included


@pytest.mark.parametrize(("factor", "offset"), [(3.0, -40.0), (0.25, 900.0)])
def test_a_constant_factor_and_offset_do_no_harm(factor, offset):
    image, labels = taken(200, 1.0, 1)
    before = acquisition(image.astype(float), labels)
    after = acquisition(factor * image.astype(float) + offset, labels)
    for name in ("photons", "blur", "diameter", "coverage", "touching", "contrast"):
        assert getattr(after, name) == pytest.approx(getattr(before, name), rel=1e-6), name


def test_noise_of_reading_alone_tells_no_light():
    noise = np.random.default_rng(0).normal(100, 5, (256, 256))
    labels = np.zeros((256, 256), int)
    labels[100:120, 100:120] = 1
    told = acquisition(noise, labels)
    assert not told.photons < 50  # none, or so much that noise of light would not be seen
    assert np.isnan(told.background)


def test_touching_counts_objects_that_share_a_border():
    labels = np.zeros((20, 20), int)
    labels[2:6, 2:6], labels[6:9, 6:9] = 1, 2  # at a corner
    labels[12:15, 2:5], labels[12:15, 6:9] = 3, 4  # a gap of one pixel
    assert touching(labels) == 0.5
    assert np.isnan(touching(np.zeros((4, 4), int)))


def test_what_is_not_from_a_camera_is_refused():
    from scipy import ndimage

    image, labels = taken(200, 1.0, 1)
    with pytest.raises(InputError, match="as_given=True"):
        acquisition(ndimage.gaussian_filter(image.astype(float), 1.5), labels)
    told = acquisition(ndimage.gaussian_filter(image.astype(float), 1.5), labels, as_given=True)
    assert np.isnan(told.photons)
    assert told.why["photons"]
    with pytest.raises(InputError, match="labels: have the shape"):
        acquisition(image, labels[:-1])


def test_no_object_is_said():
    image, labels = taken(200, 1.0, 1)
    told = acquisition(image, np.zeros_like(labels))
    assert told.objects == 0
    assert np.isnan(told.diameter)
    assert told.why["objects"]
