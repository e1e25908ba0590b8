"""A magnified object: where it was, as wide as is said, and dark beside."""

import numpy as np
import pytest

from scopecheck.acquire.looks import magnified
from scopecheck.errors import InputError

Y, X = np.indices((60, 80))


def disc(y, x, radius):
    return np.hypot(Y - y, X - x) <= radius


def test_the_largest_object_is_shown_times_as_large_on_a_dark_ground():
    labels = np.zeros((60, 80), int)
    labels[disc(30, 40, 6)], labels[disc(10, 10, 3)] = 1, 2
    image = 100.0 + 50 * (labels > 0) + np.random.default_rng(0).normal(0, 2, labels.shape)
    look = magnified(image, labels, side=192, times=6)
    assert look.shape == (192, 192)
    assert look.max() == 1
    assert (look > 0.5).sum() == pytest.approx(36 * np.pi * 6.3**2, rel=0.1)
    middle = [axis[look > 0.5].mean() for axis in np.indices(look.shape)]
    assert middle == pytest.approx([96, 96], abs=6)
    assert look[:30].max() < 0.01, "what is of no object is dark"


def test_an_object_at_the_edge_is_cut_inside_the_image():
    labels = disc(2, 78, 8).astype(int)
    assert magnified(10.0 * labels, labels, side=96).shape == (96, 96)


@pytest.mark.parametrize(
    ("image", "labels", "side"),
    [
        (np.ones((60, 80)), np.zeros((60, 80), int), 96),
        (np.ones((60, 80)), np.ones((60, 81), int), 96),
        (np.ones((60, 80)), np.ones((60, 80), int), 97),
        (np.ones((10, 10)), np.ones((10, 10), int), 96),
    ],
)
def test_what_cannot_be_cut_is_refused(image, labels, side):
    with pytest.raises(InputError, match="expected"):
        magnified(image, labels, side)
