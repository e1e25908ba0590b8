"""Simulated scenes: the truth is exact, spacing is what was asked, and seeds reproduce."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from scipy.spatial import cKDTree
from skimage.measure import label as components
from skimage.measure import regionprops

from scopecheck.acquire import growth_series, phase_like, scenes, thin_labelling
from scopecheck.errors import InputError

MAKERS = {
    "nuclei": lambda **k: scenes.nuclei((160, 160), 15, **k),
    "rods": lambda **k: scenes.rods((160, 160), 8, **k),
    "branched": lambda **k: scenes.branched((200, 200), 5, **k),
}


def smallest_gap(labels):
    """Smallest distance between pixel centres of two objects, less one pixel: 0 means side by side."""
    points = np.argwhere(labels > 0)
    owner = labels[labels > 0]
    gaps = []
    for one in range(1, labels.max() + 1):
        others = cKDTree(points[owner != one])
        gaps.append(others.query(points[owner == one])[0].min() - 1)
    return np.array(gaps)


@pytest.mark.parametrize("kind", MAKERS)
@pytest.mark.parametrize("spacing", [-4.0, 0.0, 4.0])
def test_truth_adds_up_exactly(kind, spacing):
    scene = MAKERS[kind](spacing=spacing, seed=3)
    regions = regionprops(scene.labels)
    assert scene.labels.dtype == np.int32
    assert (
        [r.label for r in regions] == scene.objects.label.tolist() == list(range(1, scene.labels.max() + 1))
    )
    assert [r.area for r in regions] == scene.objects.area.tolist()
    assert np.array([r.centroid for r in regions]) == pytest.approx(scene.objects[["y", "x"]].to_numpy())
    total = scene.background.sum() + scene.objects.photons.sum()
    assert scene.photons.sum() == pytest.approx(total, rel=1e-12)
    signal = scene.photons - scene.background
    assert signal[scene.labels == 0] == pytest.approx(0.0)
    for region, photons in zip(regions, scene.objects.photons, strict=True):
        assert signal[scene.labels == region.label].sum() == pytest.approx(photons, rel=1e-9)
        assert components(region.image, connectivity=2).max() == 1
    edge = np.concatenate([scene.labels[[0, -1]].ravel(), scene.labels[:, [0, -1]].ravel()])
    assert not edge.any()


@pytest.mark.parametrize("kind", MAKERS)
def test_spacing_is_kept(kind):
    assert smallest_gap(MAKERS[kind](spacing=5.0, seed=1).labels).min() >= 4.0


def test_touching_objects_touch():
    gaps = smallest_gap(scenes.nuclei((200, 200), 40, touching=1.0, seed=2).labels)
    assert (gaps < 1).mean() > 0.8
    apart = smallest_gap(scenes.nuclei((200, 200), 20, spacing=4, seed=2).labels)
    assert (apart < 1).sum() == 0


def test_crowded_nuclei_share_outlines_and_light_is_as_asked():
    scene = scenes.nuclei(
        (256, 256), 110, spacing=-5, photons=80.0, background=7.0, brightness_cv=0.0, seed=0
    )
    assert (smallest_gap(scene.labels) == 0).mean() > 0.7
    assert scene.labels.max() == 110
    assert (scene.objects.photons / scene.objects.area).to_numpy() == pytest.approx(80.0)
    assert np.unique(scene.background).tolist() == [7.0]


def test_diameter_and_elongation_are_as_asked():
    scene = scenes.nuclei((600, 600), 60, diameter=30, elongation=2.0, diameter_cv=0.0, spacing=2, seed=5)
    regions = regionprops(scene.labels)
    assert np.mean([r.equivalent_diameter_area for r in regions]) == pytest.approx(30, rel=0.01)
    assert np.mean([r.axis_major_length / r.axis_minor_length for r in regions]) == pytest.approx(
        2.0, rel=0.02
    )


def test_rod_area_is_that_of_a_capsule_and_branches_are_not_convex():
    rods = scenes.rods((400, 400), 20, length=40, width=10, length_cv=0.0, seed=1)
    assert rods.objects.area.mean() == pytest.approx(30 * 10 + np.pi * 25, rel=0.02)
    branched = scenes.branched((400, 400), 10, seed=1)
    assert max(r.solidity for r in regionprops(branched.labels)) < 0.75


def test_texture_and_brightness_spread_are_as_asked():
    scene = scenes.nuclei((900, 900), 300, texture=0.2, brightness_cv=0.3, diameter=24, seed=8)
    mean = (scene.objects.photons / scene.objects.area).to_numpy()
    assert mean.std() / mean.mean() == pytest.approx(0.3, rel=0.15)
    signal = (scene.photons - scene.background)[scene.labels > 0] / mean[scene.labels[scene.labels > 0] - 1]
    assert signal.std() == pytest.approx(0.2, rel=0.25)


@settings(deadline=None, max_examples=15)
@given(seed=st.integers(0, 1000), n=st.integers(0, 12))
def test_seeds_reproduce_and_numbers_are_exact(seed, n):
    one, two = (scenes.nuclei((150, 150), n, diameter=16, seed=seed) for _ in range(2))
    assert np.array_equal(one.photons, two.photons)
    assert one.labels.max() == len(one.objects) == n


def test_an_empty_field_is_background_alone():
    scene = scenes.nuclei((20, 30), 0, background=4.0)
    assert scene.photons.shape == (20, 30)
    assert np.unique(scene.photons).tolist() == [4.0]
    assert len(scene.objects) == 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: scenes.nuclei((50, 50), 100), "found no place"),
        (lambda: scenes.nuclei((10, 10), 1, diameter=40), "found no place"),
        (lambda: scenes.nuclei((50, 50), -1), "n: expected 0 or more objects, got -1"),
        (lambda: scenes.nuclei((50, 50), 1, diameter=0), "diameter"),
        (lambda: scenes.rods((50, 50), 1, length=np.inf), "length"),
        (lambda: scenes.nuclei((50,), 1), "shape"),
        (lambda: scenes.nuclei((50, 50), 1, touching=2), "touching"),
        (lambda: scenes.nuclei((50, 50), 1, photons=-1), "photons"),
        (lambda: growth_series((64, 64), n=200), "found no place"),
        (lambda: growth_series(doubling_time=0), "doubling_time"),
    ],
)
def test_impossible_scenes_are_refused(call, message):
    with pytest.raises(InputError, match=message):
        call()


def test_thin_labelling_dims_the_mean_and_adds_the_stated_variance():
    light = np.full((500, 500), 400.0)
    thinned = thin_labelling(light, 0.25, seed=1, photons_per_label=10.0)
    assert thinned.mean() == pytest.approx(100.0, rel=0.01)
    assert thinned.var() == pytest.approx(0.25 * 400 * 10, rel=0.02)
    assert set(np.unique(thinned % 10)) == {0.0}
    scene = scenes.nuclei((160, 160), 15, seed=1)
    thin = thin_labelling(scene, 0.1, seed=2)
    assert np.array_equal(thin.labels, scene.labels)
    assert thin.objects.photons.sum() == pytest.approx(0.1 * scene.objects.photons.sum(), rel=0.05)
    assert thin.photons.sum() == pytest.approx(thin.background.sum() + thin.objects.photons.sum())
    for wrong in (0.0, 1.5):
        with pytest.raises(InputError, match="fraction"):
            thin_labelling(scene, wrong, seed=0)


def test_growth_doubles_cells_in_the_stated_time_and_area_is_exact():
    series = growth_series((256, 256), n=8, frames=5, hours=40, doubling_time=20, diameter=18, seed=3)
    assert series.photons.shape == series.labels.shape == (5, 256, 256)
    assert series.table.cells.tolist() == [8, 11, 16, 23, 32]
    assert [len(np.unique(frame)) - 1 for frame in series.labels] == series.table.cells.tolist()
    assert (series.labels > 0).mean(axis=(1, 2)) == pytest.approx(series.table.area_fraction.to_numpy())
    slope = np.polyfit(series.table.hours, np.log2(series.table.cells), 1)[0]
    assert 1 / slope == pytest.approx(20, rel=0.03)
    stay = series.labels[0] > 0
    assert np.array_equal(series.labels[4][stay], series.labels[0][stay])


def test_shrinking_cells_cover_less_and_their_area_doubles_more_slowly():
    same, shrunk = (
        growth_series((300, 300), n=25, frames=4, shrinkage=s, diameter=24, seed=0) for s in (0, 0.6)
    )
    assert same.table.cells.tolist() == shrunk.table.cells.tolist()
    growth = [np.log2(s.table.area_fraction.iloc[-1] / s.table.area_fraction.iloc[0]) for s in (same, shrunk)]
    assert growth[1] < growth[0] - 0.2
    # bodies a little darker than the field, rims brighter
    body = shrunk.labels[-1] > 0
    assert shrunk.photons[-1][body].mean() < shrunk.photons[-1][~body].mean()


def test_phase_like_draws_any_labels_in_the_same_look():
    labels = scenes.nuclei((120, 120), 6, spacing=12, seed=0).labels
    seen = phase_like(labels, photons=200.0, seed=3)
    assert np.array_equal(seen, phase_like(labels, photons=200.0, seed=3))
    assert not np.array_equal(seen, phase_like(labels, photons=200.0, seed=4))
    far = ndimage.distance_transform_edt(labels == 0) > 25
    assert seen[far] == pytest.approx(200.0, rel=0.01)
    assert seen[labels > 0].mean() < 195
    assert seen.max() > 230
    assert phase_like(labels * 0) == pytest.approx(400.0)
