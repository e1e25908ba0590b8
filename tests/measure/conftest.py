"""Label images that look like cells: discs, some moved, merged, split, lost or invented."""

import numpy as np
import pytest


def discs(shape, n, radius, rng, dtype=np.int32):
    """`n` discs (balls in 3D) at random places; a later one covers an earlier one."""
    labels = np.zeros(shape, dtype)
    grid = np.indices(shape)
    for label in range(1, n + 1):
        centre = [rng.uniform(0, size) for size in shape]
        r = radius * rng.uniform(0.6, 1.4)
        inside = sum((axis - c) ** 2 for axis, c in zip(grid, centre, strict=True)) <= r * r
        labels[inside] = label
    return labels


def disturbed(labels, rng):
    """A prediction of `labels`: shifted by a pixel, with objects lost, merged, split and invented."""
    predicted = np.roll(labels, rng.integers(-1, 2, labels.ndim), axis=tuple(range(labels.ndim)))
    found = np.unique(labels[labels > 0])
    for label in rng.permutation(found)[: len(found) // 2]:
        what = rng.integers(3)
        if what == 0:
            predicted[predicted == label] = 0
        elif what == 1:
            predicted[predicted == label] = rng.choice(found)
        else:
            half = np.argwhere(predicted == label)
            half = half[: len(half) // 2]
            predicted[tuple(half.T)] = found[-1] + label
    predicted[tuple(slice(0, 4) for _ in labels.shape)] = 3 * found[-1]
    return predicted


@pytest.fixture(params=range(6))
def pair(request):
    """Predicted and true labels, 2D and 3D, sparse and crowded; predicted labels are not contiguous."""
    rng = np.random.default_rng(request.param)
    shape, n, radius = [((120, 150), 40, 9), ((120, 150), 150, 9), ((14, 50, 60), 40, 6)][request.param % 3]
    true = discs(shape, n, radius, rng)
    return disturbed(true, rng), true
