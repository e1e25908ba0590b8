"""Checks of outlines without a truth, each on an image in which its fault was planted."""

import numpy as np
import pytest

from scopecheck import acquire
from scopecheck.tools import outlines

SIDE = 320


def squares(step=20, wide=10, first=5):
    labels = np.zeros((SIDE, SIDE), int)
    for k, (y, x) in enumerate(np.ndindex(SIDE // step, SIDE // step)):
        top, left = first + step * y, first + step * x
        labels[top : top + wide, left : left + wide] = k + 1
    return labels


def test_an_object_in_two_places_is_in_pieces():
    labels = squares()
    assert outlines.by_rule(labels)["in pieces"] == 0
    labels[labels == 2] = 1
    found = outlines.by_rule(labels)["in pieces"]
    assert found == 1 / (len(np.unique(labels)) - 1) > outlines.LIMITS["in pieces"]


def test_a_field_whose_border_objects_were_removed_rings_at_the_border():
    rng = np.random.default_rng(0)
    labels = np.zeros((SIDE, SIDE), int)
    for k, (y, x) in enumerate(rng.integers(-8, SIDE, (400, 2))):
        part = labels[max(y, 0) : y + 9, max(x, 0) : x + 9]
        if not part.any():
            part[:] = k + 1
    assert outlines.by_rule(labels)["border"] < outlines.LIMITS["border"]
    edge = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
    inside = np.where(np.isin(labels, edge), 0, labels)
    assert outlines.by_rule(inside)["border"] > outlines.LIMITS["border"]


def test_a_lost_tile_rings():
    labels = squares(step=16, wide=8, first=4)
    assert outlines.by_rule(labels)["tiles"] < outlines.LIMITS["tiles"]
    labels[80:160, 80:160] = 0
    assert outlines.by_rule(labels)["tiles"] > outlines.LIMITS["tiles"]


@pytest.mark.parametrize("labels", [np.zeros((64, 64), int), np.ones((64, 64), int)])
def test_what_cannot_be_asked_is_nan(labels):
    found = outlines.by_rule(labels)
    assert np.isnan(found["border"])
    assert np.isnan(found["tiles"])


def test_merged_nuclei_have_waists_and_lost_ones_leave_light():
    scene = acquire.scenes.nuclei((128, 128), 8, diameter=18, photons=500, background=5, seed=1, spacing=4)
    image = acquire.optics.gaussian_blur(scene.photons, 1.0)
    right = outlines.by_rehearsal(scene.labels, image)
    assert right["waists"] == 0
    assert right["light outside"] < 0.2
    half = np.where(scene.labels > 4, 0, scene.labels)
    assert outlines.by_rehearsal(half, image)["light outside"] > 0.4
    assert np.isnan(outlines.by_rehearsal(half * 0, image)["waists"])
    assert np.isnan(outlines.by_rehearsal(half, image * 0)["light outside"])


def test_two_discs_that_are_one_object_are_cut():
    y, x = np.mgrid[:60, :100]
    joined = ((y - 30) ** 2 + (x - 30) ** 2 < 18**2) | ((y - 30) ** 2 + (x - 60) ** 2 < 18**2)
    assert outlines.waists(joined.astype(int)) == 1
    assert outlines.waists(((y - 30) ** 2 + (x - 30) ** 2 < 18**2).astype(int)) == 0


def test_one_object_drawn_as_two_has_a_seam_and_two_discs_have_none():
    y, x = np.mgrid[:60, :110]
    left, right = (y - 30) ** 2 + (x - 30) ** 2 < 18**2, (y - 30) ** 2 + (x - 66) ** 2 < 18**2
    touching = left + 2 * (right & ~left)
    assert outlines.seams(touching) == 0
    halved = left * np.where(x < 30, 1, 2)
    assert outlines.seams(halved) == 2
    apart = np.where(x == 30, 0, halved)  # a line of background between the halves
    assert outlines.seams(apart) == 2
    assert outlines.seams(np.where((x > 27) & (x < 33), 0, halved)) == 0  # too far to be one
    assert outlines.seams(halved + 3 * right) == 2  # the right disc is whole
    assert outlines.seams(7 * halved) == 2  # numbers need not be dense
    assert outlines.seams(halved * 0) == 0


def test_halved_nuclei_ring_and_whole_ones_do_not():
    scene = acquire.scenes.nuclei(
        (256, 256), 40, diameter=18, photons=500, background=5, seed=3, touching=0.5
    )
    whole = outlines.seams(scene.labels)
    halved, n = scene.labels.copy(), scene.labels.max()
    for k in range(1, 11):
        inside = np.argwhere(scene.labels == k)
        cut = inside[inside[:, 1] > np.median(inside[:, 1])]
        halved[tuple(cut.T)] = n + k
    assert whole <= 2
    assert outlines.seams(halved) >= whole + 18
