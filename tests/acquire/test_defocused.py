"""Defocused pictures: what optics says of them, and the light that has to be there."""

import numpy as np
import pytest

pytest.importorskip("psfmodels")

from scopecheck.acquire import defocused
from scopecheck.measure.dots import fwhm


@pytest.mark.parametrize("even", [False, True])
def test_a_spot_is_brightest_in_focus(even):
    heights = [defocused.spot(away, even).max() for away in (-2, -1, -0.5, 0, 0.5, 1, 2)]
    assert np.argmax(heights) == 3


def test_in_focus_it_is_as_wide_as_the_aperture_allows():
    got = 100 * fwhm(defocused.spot(0, even=True), [(48, 48)])[0]
    assert got == pytest.approx(0.51 * 600 / 0.8, rel=0.1)  # Airy's FWHM, nm, low aperture


def test_above_and_below_are_alike_without_aberration_alone():
    def unlike(even):
        above, below = defocused.spot(2, even), defocused.spot(-2, even)
        return abs(above - below).sum() / 2

    assert unlike(even=True) < 1e-6
    assert unlike(even=False) > 0.2


def test_a_point_lies_where_it_is_told_and_keeps_its_light():
    picture = defocused.widefield([(150.7, 60.2, 1.0, 5000)], plane=1.0)
    y, x = np.unravel_index(picture.argmax(), picture.shape)
    assert (x, y) == (150, 60)
    assert (picture - 10).sum() == pytest.approx(5000, rel=1e-6)
    away = defocused.widefield([(150.7, 60.2, 1.0, 5000)], plane=-2.0)
    assert away.max() < picture.max() / 3


def test_points_at_the_edge_are_cut_not_lost():
    corner = defocused.widefield([(0, 0, 0, 1000), (223.9, 223.9, 0, 1000)], plane=0)
    assert corner.shape == (defocused.SIDE, defocused.SIDE)
    assert corner[0, 0] > 20
    assert corner[-1, -1] > 20


def test_pictures_are_two_at_zero_and_one_at_the_plane():
    points = defocused.beads(40, 3)
    images, truth = defocused.pictures(points, 2.0, 3)
    assert images.shape == (3, 224, 224)
    np.testing.assert_allclose(truth, defocused.widefield(points, 2.0))
    residue = images[2] - truth
    assert residue.mean() == pytest.approx(0, abs=0.1)
    assert np.corrcoef(images[0].ravel(), images[1].ravel())[0, 1] > 0.5
    assert (images[0] != images[1]).any()
    np.testing.assert_array_equal(images, defocused.pictures(points, 2.0, 3)[0])


def test_a_large_bead_is_wider_and_as_bright():
    point = [(100, 100, 0, 2000)]
    small, large = (defocused.pictures(point, 0, 0, large=size)[1] - 10 for size in (0.0, 2.5))
    assert large.max() == pytest.approx(small.max(), rel=0.15)
    assert fwhm(large, [(100, 100)], reach=12)[0] > 1.6 * fwhm(small, [(100, 100)])[0]


def test_beads_lie_in_the_volume():
    x, y, z, photons = defocused.beads(1000, 0).T
    for values, low, high in ((x, 0, 224), (y, 0, 224), (z, -4, 4), (photons, 1000, 3000)):
        assert low <= values.min() < low + 0.02 * (high - low)
        assert high - 0.02 * (high - low) < values.max() <= high


def test_which_points_lie_near_a_plane():
    points = [(1.9, 2.1, 0.5, 1), (5, 6, -0.6, 1), (7, 8, 1.4, 1)]
    assert defocused.near(points, 0.5).tolist() == [[1, 2], [7, 8]]
    assert defocused.near(points, 0.0, within=0.55).tolist() == [[1, 2]]
