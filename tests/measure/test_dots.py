"""Dots where they were put, lines that are none, and widths of Gaussians, which are known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopecheck.errors import InputError
from scopecheck.measure.dots import fwhm, inside, round_spots

FULL = 2 * np.sqrt(2 * np.log(2))  # FWHM of a Gaussian over its s.d.


def spot(sigma, x=20.0, y=20.0, side=41):
    rows, columns = np.mgrid[:side, :side]
    return np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * sigma**2))


@given(st.floats(1.0, 2.0), st.floats(0.1, 1e4), st.floats(-50, 50))
def test_of_a_gaussian_whatever_its_light_and_background(sigma, gain, offset):
    got = fwhm(gain * spot(sigma) + offset, [(20, 20)])
    assert got == pytest.approx(FULL * sigma, rel=0.01)


def test_x_comes_first():
    image = 1 + spot(1.5, x=12, y=27)
    assert fwhm(image, [(12, 27)]) == pytest.approx(FULL * 1.5, rel=0.01)
    assert np.isnan(fwhm(image, [(27, 12)])[0])


def test_off_its_centre_by_half_a_pixel_it_reads_a_little_wide():
    got = fwhm(spot(1.5, x=20.5), [(20, 20)])[0] / (FULL * 1.5)
    assert 1.02 < got < 1.04


def test_every_object_by_itself():
    image = spot(1.0, x=10, y=10) + spot(2.0, x=30, y=30)
    assert fwhm(image, [(30, 30), (10, 10)]) == pytest.approx([FULL * 2, FULL], rel=0.01)


def test_what_does_not_stand_out_has_no_width():
    assert np.isnan(fwhm(np.full((21, 21), 7.0), [(10, 10)])[0])
    assert np.isnan(fwhm(1 - spot(1.5), [(20, 20)])[0])
    assert len(fwhm(spot(1.5), np.zeros((0, 2)))) == 0


def test_an_ellipse_reads_between_its_axes():
    rows, columns = np.mgrid[:41, :41]
    image = np.exp(-((columns - 20) ** 2) / (2 * 1.2**2) - (rows - 20) ** 2 / (2 * 2.0**2))
    assert FULL * 1.2 < fwhm(image, [(20, 20)], reach=8)[0] < FULL * 2.0


@pytest.mark.parametrize(
    ("image", "xy", "reach"),
    [
        (np.zeros((3, 4, 5)), [(1, 1)], 6.0),
        (np.full((9, 9), np.nan), [(1, 1)], 6.0),
        (np.zeros((9, 9)), [(1, 1)], 0.5),
        (np.zeros((9, 9)), [(1, 1, 1), (2, 2, 2)], 6.0),
    ],
)
def test_what_it_refuses(image, xy, reach):
    with pytest.raises(InputError):
        fwhm(image, xy, reach)


def test_dots_are_found_and_lines_are_not():
    rows, _columns = np.mgrid[:80, :80]
    line = np.exp(-((rows - 60) ** 2) / (2 * 1.5**2))
    image = spot(1.5, 30, 25, side=80) + 0.6 * spot(1.5, 50, 20, side=80) + line
    assert round_spots(image, 1.5, 0.02).tolist() == [[30, 25], [50, 20]]
    every = round_spots(image, 1.5, 0.02, roundness=-1)
    assert (abs(every[:, 1] - 60) <= 1).sum() == len(every) - 2 > 5


def test_an_ellipse_is_round_enough_up_to_a_limit():
    rows, columns = np.mgrid[:41, :41]

    def oval(longer):
        return np.exp(-((columns - 20) ** 2) / (2 * 1.5**2) - (rows - 20) ** 2 / (2 * longer**2))

    # smoothed by 1.5, curvatures go with 1 / (s.d.² + 1.5²): 4.5 over 6.25 + ... is a third at 3.35
    assert len(round_spots(oval(3.0), 1.5, 0.01)) == 1
    assert len(round_spots(oval(3.7), 1.5, 0.01)) == 0


def test_the_edge_is_left_out():
    image = spot(1.5, 5, 30, side=60) + spot(1.5, 30, 51, side=60)
    assert round_spots(image, 1.5, 0.02).tolist() == [[30, 51]]
    assert len(round_spots(image, 1.5, 0.02, border=3)) == 2
    assert inside([(8, 8), (7.9, 8), (51.9, 40), (52, 40)], (60, 60)).tolist() == [True, False, True, False]
    assert inside([(95, 50)], (60, 110)).tolist() == [True]
