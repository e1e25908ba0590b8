"""Fields of filaments: light and places are those asked for."""

import numpy as np
import pytest
from scipy import ndimage

from scopecheck.acquire.strands import strands
from scopecheck.errors import InputError


def test_light_follows_the_length_and_lies_along_the_lines():
    photons, lines = strands(128, 5, light=30, sigma=1.3, seed=4)
    again, more = (
        strands(128, 5, light=60, sigma=1.3, seed=4)[0],
        strands(128, 5, light=30, sigma=2.6, seed=4)[0],
    )
    np.testing.assert_allclose(again, 2 * photons)
    assert more.sum() == pytest.approx(photons.sum(), rel=0.03), (
        "a wider line has the same light, but for the edge"
    )
    near = ndimage.distance_transform_edt(~lines) < 5
    assert photons[~near].max() < 0.01 * photons.max()
    assert photons[lines].min() > photons[~near].max()


def test_the_middle_of_a_line_is_as_bright_as_is_said():
    photons, lines = strands(256, 1, light=30, sigma=2.0, seed=0)
    inner = np.zeros_like(lines)
    inner[20:-20, 20:-20] = lines[20:-20, 20:-20]
    middle = ndimage.maximum_filter(photons, 3)[inner]
    assert np.median(middle) == pytest.approx(30 / (np.sqrt(2 * np.pi) * 2.0), rel=0.04)


def test_none_at_all_is_an_empty_field():
    photons, lines = strands(32, 0)
    assert photons.shape == lines.shape == (32, 32)
    assert not photons.any()
    assert not lines.any()


@pytest.mark.parametrize(
    "wrong", [{"side": 0}, {"n": -1}, {"light": -1}, {"sigma": 0}, {"light": float("nan")}]
)
def test_numbers_out_of_range_are_refused(wrong):
    with pytest.raises(InputError, match="expected a side of 1 pixel"):
        strands(**({"side": 32, "n": 1} | wrong))
