"""Lines that stand out, against what is known of a Gaussian line."""

import numpy as np
import pytest

from scopecheck.errors import InputError
from scopecheck.measure import ridges


def line(height=1.0, width=1.5):
    y, x = np.indices((65, 65)) - 32
    return height * np.exp(-(y**2) / (2 * width**2)) + 0 * x


def test_a_gaussian_line_answers_as_its_second_derivative_says():
    # smoothed by sigma, a line of width w is one of height w/s and width s = sqrt(w^2 + sigma^2); its second
    # derivative along y is -height/s^2 in the middle, which the filter multiplies by sigma^2
    for sigma in (1.5, 2.5):
        s = np.hypot(1.5, sigma)
        expected = 10 * 1.5 / s / s**2 * sigma**2
        assert ridges.standing(line(10), sigma)[32, 32] == pytest.approx(expected, rel=0.05)


def test_it_is_in_proportion_to_light_and_blind_to_background():
    base = ridges.standing(line(10), 1.5)
    np.testing.assert_allclose(ridges.standing(20 * line() + 7, 1.5), 2 * base, atol=1e-9)
    assert ridges.standing(np.full((20, 20), 3.0), 1.5).max() == 0


def test_what_is_typical_is_the_middle_of_known_lines():
    images = [line(10), line(30)]
    known = np.zeros((2, 65, 65), bool)
    known[:, 32, 10:55] = True
    heights = [ridges.standing(image, 1.5)[32, 32] for image in images]
    assert ridges.typical(images, known, 1.5) == pytest.approx(np.mean(heights), rel=1e-3)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: ridges.standing(np.zeros((2, 8, 8)), 1), "expected one plane"),
        (lambda: ridges.standing(np.full((8, 8), np.nan), 1), "finite grey levels"),
        (lambda: ridges.standing(np.zeros((8, 8)), 0), "width of a line"),
        (lambda: ridges.typical(np.zeros((1, 8, 8)), np.zeros((1, 8, 8)), 1), "pixels of known lines"),
    ],
)
def test_what_cannot_be_measured_is_refused(call, said):
    with pytest.raises(InputError, match=said):
        call()
