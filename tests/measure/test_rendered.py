"""Pictures of lists: a position is where its pixel is, and sums to 1."""

import numpy as np
import pytest

from scopecheck.errors import InputError
from scopecheck.measure.rendered import picture


def test_a_position_is_in_its_pixel_and_sums_to_one():
    out = picture([(60.0, 10.0), (60.0, 10.0), (999.0, 10.0)], 100, 25, 0)
    assert out.shape == (4, 4)
    assert out[0, 2] == 2
    assert out.sum() == 2


def test_a_smoothed_position_is_a_gaussian():
    out = picture([(512.5, 512.5)], 1025, 25, 2.0)
    assert out.max() == pytest.approx(1 / (2 * np.pi * 4), rel=0.01)
    assert out.sum() == pytest.approx(1)
    y, x = np.unravel_index(out.argmax(), out.shape)
    assert (y, x) == (20, 20)


def test_an_empty_list_is_an_empty_picture():
    assert not picture(np.zeros((0, 2)), 100, 25).any()


@pytest.mark.parametrize("wrong", [{"side": 110}, {"pixel": 0}, {"sigma": -1}])
def test_fields_that_are_no_whole_pixels_are_refused(wrong):
    with pytest.raises(InputError):
        picture(**({"positions": [(1, 1)], "side": 100, "pixel": 25} | wrong))
