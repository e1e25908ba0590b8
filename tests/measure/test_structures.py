"""Filaments, rings and clusters: analytic lengths and radii, crossings that were drawn, bad input."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.draw import disk, line

from scopecheck.errors import InputError
from scopecheck.measure import structures


def drawn(*segments, side=400, width=0):
    mask = np.zeros((side, side), bool)
    for (y0, x0), (y1, x1) in segments:
        rows, columns = line(y0, x0, y1, x1)
        mask[rows, columns] = True
        for y, x in zip(rows, columns, strict=True) if width else ():
            mask[disk((y, x), width, shape=mask.shape)] = True
    return mask


@settings(max_examples=40, deadline=None)
@given(angle=st.floats(0, np.pi), length=st.integers(80, 300))
def test_a_line_has_its_length_at_any_angle(angle, length):
    end = 200 + length / 2 * np.array([np.sin(angle), np.cos(angle)])
    start = 400 - end
    ends = tuple(np.rint(start).astype(int)), tuple(np.rint(end).astype(int))
    true = np.hypot(*np.subtract(*ends))
    found = structures.filaments(drawn(ends), pixel_size=20)
    assert found.length == pytest.approx(20 * true, rel=0.035)
    assert (found.crossings, found.ends) == (0, 2)
    assert found.density == pytest.approx(found.length / (400 * 20) ** 2)


def test_a_circle_has_its_circumference_and_no_end():
    y, x = np.ogrid[:300, :300]
    away = np.hypot(y - 150, x - 150)
    found = structures.filaments((away > 97) & (away < 103))
    assert found.length == pytest.approx(2 * np.pi * 100, rel=0.03)
    assert (found.crossings, found.ends) == (0, 0)


def test_a_wide_filament_loses_its_width_at_the_ends_alone():
    found = structures.filaments(drawn(((200, 50), (200, 350)), width=5))
    assert found.length == pytest.approx(300, abs=12)
    assert found.ends == 2


@pytest.mark.parametrize("width", [0, 3])
def test_crossings_are_counted_once_each(width):
    grid = [((y, 20), (y, 380)) for y in (100, 200, 300)] + [((20, x), (380, x)) for x in (100, 200, 300)]
    found = structures.filaments(drawn(*grid, width=width), merge=8)
    assert found.crossings == 9
    assert found.ends == 12
    assert found.length == pytest.approx(6 * 360, rel=0.03)
    oblique = drawn(((50, 50), (350, 350)), ((350, 60), (60, 350)), width=width)
    assert structures.filaments(oblique, merge=8).crossings == 1
    tee = drawn(((200, 50), (200, 350)), ((200, 200), (380, 200)), width=width)
    assert (structures.filaments(tee, merge=8).crossings, structures.filaments(tee, merge=8).ends) == (1, 3)


@pytest.mark.parametrize("angle", [45, 60, 75, 90])
@pytest.mark.parametrize("width", [0, 1, 2, 3])
def test_two_filaments_cross_once_by_default(angle, width):
    half = 140 * np.array([np.sin(np.radians(angle)), np.cos(np.radians(angle))])
    ends = np.rint([200 - half, 200 + half]).astype(int)
    found = structures.filaments(drawn(((200, 60), (200, 340)), tuple(map(tuple, ends)), width=width))
    assert found.crossings == 1


def test_nothing_and_specks_have_no_length():
    mask = np.zeros((50, 50), bool)
    assert structures.filaments(mask) == structures.Filaments(0.0, 0, 0, 0.0)
    mask[10, 10] = mask[30, 30:32] = True
    assert structures.filaments(mask).length == 0


@settings(max_examples=30, deadline=None)
@given(radius=st.floats(20, 200), x=st.floats(-1e5, 1e5), share=st.floats(0.3, 1))
def test_a_ring_is_found_exactly_from_an_arc_of_it(radius, x, share):
    angle = np.linspace(0, 2 * np.pi * share, 40, endpoint=False)
    found = structures.ring(np.column_stack((x + radius * np.cos(angle), radius * np.sin(angle))))
    assert found.radius == pytest.approx(radius, rel=1e-4)
    assert (found.x, found.y) == (pytest.approx(x, abs=0.05), pytest.approx(0, abs=0.05))
    assert found.scatter < 0.01


def test_a_ring_with_scatter():
    """Nuclear pores: radius 53.7 nm, 8 corners, 10 nm precision; the radius is too large by s^2 / 2r."""
    rng = np.random.default_rng(0)
    radii = []
    for _ in range(300):
        angle = rng.integers(0, 8, 40) * np.pi / 4
        p = 53.7 * np.column_stack((np.cos(angle), np.sin(angle))) + rng.normal(0, 10, (40, 2))
        radii.append(structures.ring(p).radius)
    assert np.mean(radii) == pytest.approx(53.7 + 10**2 / (2 * 53.7), abs=0.3)


def test_clusters_that_were_planted():
    rng = np.random.default_rng(0)
    centres = np.array([(x, y) for x in (0, 1000, 2000) for y in (0, 1000)])
    p = np.concatenate([c + rng.normal(0, 15, (50, 2)) for c in centres] + [rng.uniform(4000, 9000, (20, 2))])
    of = structures.clusters(p, within=60, least=10)
    assert sorted(np.unique(of)) == [-1, 0, 1, 2, 3, 4, 5]
    assert (of[-20:] == -1).all()
    assert [np.bincount(of[of >= 0]).tolist()] == [[50] * 6]
    assert structures.clusters(np.zeros((0, 2)), 60, 3).tolist() == []
    members, radius = structures.cluster_sizes(p, of)
    assert members.tolist() == [50] * 6
    assert radius == pytest.approx(15 * np.sqrt(2), rel=0.2)  # two axes of 15 nm


def test_sizes_of_clusters_are_radii_of_gyration():
    """Four corners of a square of side 2 lie sqrt(2) from its middle; a disc of radius R has R / sqrt(2)."""
    square = [(0, 0), (2, 0), (0, 2), (2, 2), (50, 50), (9, 9)]
    members, radius = structures.cluster_sizes(square, [0, 0, 0, 0, 1, -1])
    assert members.tolist() == [4, 1]
    assert radius == pytest.approx([np.sqrt(2), 0])
    y, x = np.mgrid[-100:101, -100:101]
    disc = np.argwhere(y**2 + x**2 <= 100**2)
    assert structures.cluster_sizes(disc, np.zeros(len(disc), int))[1] == pytest.approx(
        100 / np.sqrt(2), rel=0.01
    )
    assert structures.cluster_sizes(np.zeros((0, 2)), np.zeros(0, int))[0].tolist() == []


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: structures.filaments(np.zeros((3, 4, 5))), "one plane"),
        (lambda: structures.filaments(np.arange(25.0).reshape(5, 5)), "Threshold it first"),
        (lambda: structures.filaments(np.full((5, 5), 100) + 155 * np.eye(5)), "0 and one value"),
        (lambda: structures.filaments(np.eye(5), pixel_size=0), "side of a pixel, above 0"),
        (lambda: structures.ring([[0, 0], [1, 1]]), "at least three"),
        (lambda: structures.ring([[0, 0], [1, 1], [2, 2]]), "not on a line"),
        (lambda: structures.clusters([[0, 0]], 10, 0), "1 or more"),
        (lambda: structures.cluster_sizes([[0, 0]], [0.5]), "expected 1 whole numbers"),
    ],
)
def test_bad_input_is_named(call, said):
    with pytest.raises(InputError, match=said):
        call()


def test_a_cross_beside_a_patch_that_fills_half_of_the_field_is_measured():
    mask = np.zeros((192, 192), bool)
    mask[2:190, 2:100] = True  # thinned to one line, it makes what is "wide" hundreds of pixels
    mask[20, 120:140] = mask[15:26, 130] = True
    assert structures.filaments(mask, 0.1, least=10).crossings == 1
