"""Which object overlaps which, by how many pixels: one pass over both label images, stored sparsely."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

_BLOCK = 1 << 18  # pixels handled at a time by the numpy pass: small enough to stay in the processor's cache
_LARGE = 1 << 22  # pixels from which the compiled pass repays importing numba
_COMPILED_FOR = {np.dtype(name) for name in ("uint16", "int32", "int64")}  # others are read as int64


@dataclass(frozen=True)
class Overlap:
    """The non-zero entries of the contingency table of two label images.

    Attributes
    ----------
    predicted_labels, true_labels : (n_predicted,), (n_true,) int64
        Labels that occur, ascending, without 0.
    predicted_area, true_area : int64, same shapes
        Pixels of each object.
    predicted, true : (k,) intp
        For each overlapping pair, the positions of its two objects in the lists of labels, ordered by true
        object, then by predicted object.
    pixels : (k,) int64
        Pixels the two share.
    """

    predicted_labels: NDArray
    predicted_area: NDArray
    true_labels: NDArray
    true_area: NDArray
    predicted: NDArray
    true: NDArray
    pixels: NDArray

    @property
    def iou(self) -> NDArray:
        """Intersection over union of each overlapping pair, (k,) float64."""
        union = self.predicted_area[self.predicted] + self.true_area[self.true] - self.pixels
        return self.pixels / union


@cache
def _compiled_pass():
    try:
        from scopecheck.measure._pass import count_pairs
    except ImportError:
        return None
    return count_pairs


def chunks(*arrays: NDArray, size: int, dtype: str | None = None) -> Iterator[tuple[NDArray, ...]]:
    """Yield equal stretches of several arrays of one shape as 1D contiguous arrays in native byte order.

    Arrays that are contiguous already are viewed, others are copied stretch by stretch, so that no copy of a
    whole image is ever made.
    """
    if all(array.flags.c_contiguous for array in arrays):
        flat = [array.reshape(-1) for array in arrays]
        step = size
    else:
        flat = list(arrays)
        step = max(1, size // max(1, arrays[0][0].size))
    for start in range(0, len(flat[0]), step):
        yield tuple(
            np.ascontiguousarray(a[start : start + step], dtype or a.dtype.newbyteorder("=")).reshape(-1)
            for a in flat
        )


def run_starts(*arrays: NDArray) -> NDArray:
    """Positions at which any of several 1D arrays changes its value, beginning with 0."""
    change = arrays[0][1:] != arrays[0][:-1]
    for array in arrays[1:]:
        change |= array[1:] != array[:-1]
    return np.concatenate(([0], np.flatnonzero(change) + 1))


def sum_by_pair(a: NDArray, b: NDArray, count: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    """Add up `count` over equal pairs (a, b); the result is ordered by b, then by a."""
    rows, columns = int(b.max()) + 1, int(a.max()) + 1
    if rows * columns <= 4 * len(a):  # few labels: a scratch table is cheaper than sorting
        table = np.bincount(b.astype(np.intp) * columns + a.astype(np.intp), weights=count)
        filled = np.flatnonzero(table)
        return filled % columns, filled // columns, table[filled].astype(np.int64)
    order = np.lexsort((a, b))
    a, b = a[order].astype(np.int64), b[order].astype(np.int64)
    starts = run_starts(a, b)
    return a[starts], b[starts], np.add.reduceat(count[order], starts)


def _count_pairs_numpy(a: NDArray, b: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    starts = run_starts(a, b)
    return sum_by_pair(a[starts], b[starts], np.diff(starts, append=a.size))


def _totals(labels: NDArray, pixels: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    """Objects among `labels`, their pixel sums, and where each entry stands in that list (-1: background)."""
    if labels.max() < 8 * len(labels):  # numbered almost without gaps: look up instead of sorting
        area = np.bincount(labels, weights=pixels).astype(np.int64)
        area[0] = 0
        found = np.flatnonzero(area)
        position = np.full(area.size, -1)
        position[found] = np.arange(found.size)
        return found, area[found], position[labels]
    found, where = np.unique(labels, return_inverse=True)
    area = np.bincount(where, weights=pixels).astype(np.int64)
    zero = int(found[0] == 0)
    return found[zero:], area[zero:], where - zero


def contingency(
    predicted: NDArray,
    true: NDArray,
    *,
    ignore_predicted: NDArray | None = None,
    ignore_true: NDArray | None = None,
    engine: str | None = None,
) -> Overlap:
    """Count the pixels shared by every predicted and every true object in one pass over both arrays.

    Time is proportional to the number of pixels, memory to the number of overlapping pairs. No array of
    n_predicted x n_true is made.

    Parameters
    ----------
    predicted, true : arrays of int of one shape
        Checked label images.
    ignore_predicted, ignore_true : 1D arrays of int, optional
        Labels to be read as background.
    engine : {"numba", "numpy"}, optional
        By default numba where it is loaded already, and for large images where it is installed. Both give
        identical answers.
    """
    wanted = true.size >= _LARGE or "numba" in sys.modules if engine is None else engine == "numba"
    count = _compiled_pass() if wanted else None
    if count is None:
        parts = [_count_pairs_numpy(p, t) for p, t in chunks(predicted, true, size=_BLOCK)]
    else:
        known = predicted.dtype == true.dtype and true.dtype in _COMPILED_FOR
        stretches = chunks(predicted, true, size=_LARGE, dtype=None if known else "int64")
        tables = (count(p, t) for p, t in stretches)
        parts = [tuple(table[np.lexsort((table[:, 0], table[:, 1]))].T) for table in tables]
    if len(parts) > 1:
        p, t, pixels = sum_by_pair(*(np.concatenate(column) for column in zip(*parts, strict=True)))
    else:
        p, t, pixels = parts[0]
    for labels, ignored in ((p, ignore_predicted), (t, ignore_true)):
        if ignored is not None and len(ignored):
            labels[np.isin(labels, ignored)] = 0
    predicted_labels, predicted_area, p_at = _totals(p, pixels)
    true_labels, true_area, t_at = _totals(t, pixels)
    both = (p_at >= 0) & (t_at >= 0)
    return Overlap(
        predicted_labels, predicted_area, true_labels, true_area, p_at[both], t_at[both], pixels[both]
    )
