"""JPEG is told by its steps, of every quality, and never of an image that was not compressed."""

import io
import os
from pathlib import Path

import numpy as np
import pytest

from scopecheck import acquire
from scopecheck.errors import InputError
from scopecheck.measure.acquisition import acquisition
from scopecheck.measure.jpeg import FREQUENCIES, quantised, signs
from scopecheck.tools import classical

MIRROR = Path(os.environ.get("SCOPECHECK_MIRROR", "/nowhere"))
LIGHT = [(20, 1.0), (150, 1.0), (150, 3.0), (2000, 2.0)]  # photons, blur in pixels


def taken(photons, blur, seed=0, side=256):
    scene = acquire.scenes.nuclei((side, side), 20, diameter=22, photons=photons, seed=seed)
    return acquire.expose(acquire.optics.gaussian_blur(scene.photons, blur), acquire.Camera(), seed)


def eight_bits(image):
    low, high = np.percentile(image, (0.1, 99.9))
    return np.clip((image - low) / (high - low) * 255, 0, 255).astype(np.uint8)


def compressed(grey, quality):
    from PIL import Image

    held = io.BytesIO()
    Image.fromarray(grey).save(held, "JPEG", quality=quality)  # another library's own
    return np.asarray(Image.open(held))


@pytest.mark.parametrize("quality", [75, 90, 95, 98, 100])
@pytest.mark.parametrize("light", LIGHT)
def test_every_quality_is_told(light, quality):
    once = compressed(eight_bits(taken(*light)), quality)
    assert quantised(once) >= 2 * FREQUENCIES
    assert quantised(once.astype(np.uint16) * 257) == quantised(once)  # saved as 16 bits since
    assert "JPEG" in signs(once)[0]


@pytest.mark.parametrize("light", LIGHT)
@pytest.mark.parametrize("seed", range(5))
def test_what_was_not_compressed_is_left_alone(light, seed):
    image = taken(*light, seed=seed)
    assert quantised(image) == quantised(eight_bits(image)) == quantised(eight_bits(image) // 4) == 0


def test_images_without_steps_of_their_own():
    assert quantised(np.random.default_rng(0).normal(size=(64, 64))) == 0
    assert quantised(np.full((64, 64), 7)) == quantised(np.zeros((8, 8))) == 0


def test_what_is_known_is_not_said_twice():
    assert signs(compressed(eight_bits(taken(150, 1.0)), 95), ["bears the grid of JPEG"]) == [
        "bears the grid of JPEG"
    ]


def test_light_is_not_estimated_of_a_fine_jpeg():
    grey = eight_bits(taken(150, 1.0))
    labels = classical.nuclei(grey)
    assert acquisition(grey, labels).photons > 0
    with pytest.raises(InputError, match="JPEG"):
        acquisition(compressed(grey, 98), labels)


@pytest.mark.skipif(not MIRROR.is_dir(), reason="the staged real images are not here")
def test_real_images_are_left_alone_until_they_are_compressed():
    from scopecheck import data

    for name in ("bbbc038-field", "idr0062-6001240"):
        image = data.load(name).image
        plane = image if image.ndim == 2 else image[len(image) // 2]
        assert quantised(plane) == quantised(eight_bits(plane)) == 0
        assert min(quantised(compressed(eight_bits(plane), q)) for q in (75, 95, 98)) >= 2 * FREQUENCIES
