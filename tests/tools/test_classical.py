"""The classical baselines: their one setting follows from the stated rule, and they find planted objects."""

import numpy as np
import pytest

from scopecheck import acquire
from scopecheck.tools import classical


def tuning_fields():
    """Foreground and number of nuclei of 18 simulated fields; no page judges fields with these seeds."""
    for diameter in (14, 20, 28):
        for touching in (0.25, 0.5, 0.75):
            for k in range(2):
                seed = 90_000 + 100 * diameter + int(100 * touching) + k
                scene = acquire.scenes.nuclei(
                    (160, 160),
                    int(6000 / diameter**2),
                    diameter=diameter,
                    spacing=3,
                    touching=touching,
                    photons=100,
                    background=10,
                    seed=seed,
                )
                light = acquire.optics.gaussian_blur(scene.photons, 1.0)
                yield classical.foreground(acquire.expose(light, acquire.Camera(), seed)), scene.labels.max()


def test_the_waist_depth_is_what_the_rule_gives():
    masks, counts = zip(*tuning_fields(), strict=True)
    assert classical.choose_waist(masks, counts) == classical.WAIST


def test_two_discs_that_touch_are_two_and_a_rod_is_one():
    y, x = np.mgrid[:40, :70]
    discs = ((y - 20) ** 2 + (x - 20) ** 2 <= 100) | ((y - 20) ** 2 + (x - 40) ** 2 <= 100)
    rod = (abs(y - 20) <= 4) & (abs(x - 35) <= 25)
    assert classical.objects(discs).max() == 1
    assert classical.split(discs).max() == 2
    assert classical.split(rod).max() == 1


def test_nuclei_counts_planted_discs_and_nothing_in_an_empty_field():
    y, x = np.mgrid[:80, :80]
    image = np.full((80, 80), 10.0)
    for centre in ((20, 20), (20, 60), (60, 40)):
        image[(y - centre[0]) ** 2 + (x - centre[1]) ** 2 <= 64] = 100
    assert classical.nuclei(image).max() == 3
    assert classical.nuclei(np.full((80, 80), 10.0)).max() == 0


def test_dust_is_dropped():
    mask = np.zeros((30, 30), bool)
    mask[2:5, 2:5] = mask[10:20, 10:20] = True  # 9 and 100 pixels
    assert classical.objects(mask).max() == 1
    assert classical.objects(mask, smallest=9).max() == 2


def test_the_fitted_texture_has_the_area_of_its_training_image():
    rng = np.random.default_rng(0)
    mask = np.zeros((120, 120), bool)
    mask[30:80, 30:80] = True
    image = 100 + rng.normal(0, np.where(mask, 20, 2))
    found = classical.texture(image, classical.fit_texture([image], [mask]))
    assert found.mean() == pytest.approx(mask.mean(), abs=1e-3)
