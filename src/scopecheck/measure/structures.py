"""Filaments, rings and clusters in super-resolved images and lists: length, crossings, size.

Positions are (n, 2): x, y in nanometres. Images are (Y, X) with square pixels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scopecheck.errors import InputError
from scopecheck.measure.localisations import pixel_side
from scopecheck.measure.picks.matching import points, positive

# Length of a digital curve from its straight and diagonal steps and its corners: the estimator of least
# error for straight lines among those of this form (Vossepoel and Smeulders 1982).
_STRAIGHT, _DIAGONAL, _CORNER = 0.980, 1.406, -0.091


@dataclass(frozen=True)
class Filaments:
    """What a mask of filaments holds.

    Attributes
    ----------
    length : float
        Of all centre lines, in the unit of the pixel size.
    crossings : int
        Places where three or more branches meet; those nearer than the merging distance are one.
    ends : int
        Ends of centre lines.
    density : float
        Length an area, 1/unit.
    """

    length: float
    crossings: int
    ends: int
    density: float


@dataclass(frozen=True)
class Ring:
    """A circle through positions.

    Attributes
    ----------
    x, y : float
        Its centre, nm.
    radius : float
        Nanometres.
    scatter : float
        Standard deviation of the positions' distance from the circle, nm.
    n : int
        Positions.
    """

    x: float
    y: float
    radius: float
    scatter: float
    n: int


def filaments(
    mask: ArrayLike, pixel_size: float = 1.0, merge: float | None = None, least: float = 3.0
) -> Filaments:
    """Length, crossings and ends of the centre lines of a mask.

    The mask is thinned to lines of one pixel (Zhang and Suen, doi:10.1145/357994.358023, as scikit-image does
    it). Their length is 0.980 straight steps + 1.406 diagonal ones - 0.091 corners (Vossepoel and Smeulders
    1982, Computer Graphics and Image Processing 20:347), within a few per cent of a line's at any angle.
    Thinning takes about half a width off each end of a wide filament, and short spurs stay on rough edges:
    smooth a ragged mask first.

    Parameters
    ----------
    mask : array_like of bool, (Y, X)
        True on filaments.
    pixel_size : float
        Length of a pixel, e.g. nanometres.
    merge : float, optional
        Pixels: branch points within this distance of each other are one crossing, since a crossing of two
        filaments is thinned to two forks, the farther apart the smaller their angle and the wider they are.
        By default three widths (area over length), at least 4: enough for angles of 45 degrees and more.
    least : float
        Pixels: pieces with a shorter centre line are left out.

    Returns
    -------
    Filaments

    Raises
    ------
    InputError
        If the mask is not 2D, holds more than two values, or a number is not positive.

    Examples
    --------
    >>> import numpy as np
    >>> from scopecheck.measure import structures
    >>> mask = np.zeros((60, 60), bool)
    >>> mask[30, 5:55] = mask[5:55, 30] = True
    >>> found = structures.filaments(mask)
    >>> round(found.length), found.crossings, found.ends
    (96, 1, 4)
    """
    from scipy import ndimage
    from skimage.morphology import skeletonize

    inside = _mask(mask)
    size = pixel_side(pixel_size)
    lines = skeletonize(inside)
    around = ndimage.convolve(lines.astype(int), np.ones((3, 3), int), mode="constant") - 1
    labels, count = ndimage.label(lines, np.ones((3, 3)))
    lengths = _lengths(lines, labels, count)
    kept = np.flatnonzero(lengths >= least)
    on = np.isin(labels, kept + 1)
    forks = on & _forks(lines)
    total = float(lengths[kept].sum())
    reach = positive(max(4.0, 3 * inside.sum() / total) if merge is None and total else merge or 4.0)
    near = ndimage.distance_transform_edt(~forks) <= (reach - 1) / 2 if forks.any() else forks
    return Filaments(
        total * size,
        int(ndimage.label(near, np.ones((3, 3)))[1]),
        int((on & (around == 1)).sum()),
        total / (inside.size * size),
    )


def ring(positions: ArrayLike) -> Ring:
    """Fit a circle to positions: the one of least squared distance from them.

    Parameters
    ----------
    positions : array_like, (n, 2)
        x, y, nm; at least three that are not on a line.

    Returns
    -------
    Ring

    Raises
    ------
    InputError
        Fewer than three positions, or all on a line.

    Notes
    -----
    It starts from the algebraic fit of Kåsa (1976, doi:10.1109/TIM.1976.6312298), which is too small for
    arcs, and goes on to the geometric one. Positions that scatter in x and y alike, as by the
    precision of a localisation, still make it a little too large: by s^2 / (2 radius), s along each axis.
    """
    from scipy.optimize import least_squares

    p = points(positions, "positions")
    if len(p) < 3 or p.shape[1] != 2 or np.linalg.matrix_rank(p - p.mean(axis=0), tol=1e-9 * np.ptp(p)) < 2:
        raise InputError(f"ring: {len(p)} positions; expected at least three (x, y) that are not on a line.")
    middle = p.mean(axis=0)
    q = p - middle
    a, b, c = np.linalg.lstsq(np.column_stack((2 * q, np.ones(len(q)))), (q**2).sum(axis=1), rcond=None)[0]
    start = a, b, np.sqrt(max(c + a**2 + b**2, 1e-12))
    fit = least_squares(lambda v: np.hypot(q[:, 0] - v[0], q[:, 1] - v[1]) - v[2], start)
    x, y, radius = fit.x
    scatter = float(np.sqrt(np.mean(fit.fun**2)))
    return Ring(float(x + middle[0]), float(y + middle[1]), float(abs(radius)), scatter, len(p))


def clusters(positions: ArrayLike, within: float, least: int) -> NDArray[np.intp]:
    """Which cluster each position belongs to, by DBSCAN (Ester et al. 1996), as scikit-learn does it.

    Parameters
    ----------
    positions : array_like, (n, 2) or (n, 3)
        Nanometres.
    within : float
        Nanometres: positions with enough neighbours this near are the core of a cluster.
    least : int
        How many are enough, the position itself included.

    Returns
    -------
    (n,) int
        From 0; -1 is no cluster.
    """
    from sklearn.cluster import DBSCAN

    p = points(positions, "positions")
    reach = positive(within)
    if least < 1:
        raise InputError(f"least: {least}; expected a number of positions, 1 or more.")
    return DBSCAN(eps=reach, min_samples=least).fit(p).labels_ if len(p) else np.zeros(0, np.intp)


def cluster_sizes(positions: ArrayLike, labels: ArrayLike) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """How many positions each cluster has, and how far they lie from its centre.

    Parameters
    ----------
    positions : array_like, (n, 2) or (n, 3)
        Nanometres.
    labels : array_like of int, (n,)
        As `clusters` gives them: from 0; those below 0 are left out.

    Returns
    -------
    members : (k,) int
        Of each cluster, in the order of the labels.
    radius : (k,) float64
        Radius of gyration, nm: root of the mean squared distance from the mean position. A disc of radius R
        has R / sqrt(2); what positions are off by (s.d. s along each of d axes) makes it
        sqrt(radius^2 + d s^2).

    Raises
    ------
    InputError
        If positions are not finite (n, 2) or (n, 3) arrays, or labels are not one whole number a position.
    """
    p, of = points(positions, "positions"), np.asarray(labels)
    if of.shape != (len(p),) or of.dtype.kind not in "iu":
        raise InputError(f"labels: shape {of.shape}, {of.dtype}; expected {len(p)} whole numbers.")
    p, (_, index, members) = p[of >= 0], np.unique(of[of >= 0], return_inverse=True, return_counts=True)
    centres = np.stack([np.bincount(index, axis) / members for axis in p.T], axis=-1)
    squared = ((p - centres[index]) ** 2).sum(axis=1)
    return members, np.sqrt(np.bincount(index, squared) / members)


def _mask(mask: ArrayLike) -> NDArray[np.bool_]:
    values = np.asarray(mask)
    if values.ndim != 2 or not values.size:
        raise InputError(f"mask: has the shape {values.shape}; expected one plane (Y, X).")
    held = np.unique(values) if values.dtype.kind != "b" else []
    if len(held) > 2 or (len(held) == 2 and held[0] != 0):
        raise InputError("mask: holds more than 0 and one value; expected a mask. Threshold it first.")
    return values != 0


def _steps(lines: NDArray) -> tuple[list[NDArray], list[NDArray]]:
    """Straight and diagonal steps between pixels of the lines, each as a map of where they start.

    A diagonal beside a pixel that touches both ends is none: the corner is walked.
    """
    down, right = lines[:-1] & lines[1:], lines[:, :-1] & lines[:, 1:]
    fall = lines[:-1, :-1] & lines[1:, 1:] & ~lines[:-1, 1:] & ~lines[1:, :-1]
    rise = lines[1:, :-1] & lines[:-1, 1:] & ~lines[:-1, :-1] & ~lines[1:, 1:]
    return [down, right], [fall, rise]


def _lengths(lines: NDArray, labels: NDArray, count: int) -> NDArray:
    """Length of each connected piece, in pixels."""
    straight, diagonal = _steps(lines)
    even, odd = np.zeros(lines.shape, int), np.zeros(lines.shape, int)
    ways = np.zeros((4, *lines.shape), int)  # steps at a pixel, by their four directions
    places: dict[int, tuple[Any, Any]] = {0: (np.s_[:-1, :], np.s_[1:, :]), 1: (np.s_[:, :-1], np.s_[:, 1:])}
    places |= {2: (np.s_[:-1, :-1], np.s_[1:, 1:]), 3: (np.s_[1:, :-1], np.s_[:-1, 1:])}
    for k, steps in enumerate([*straight, *diagonal]):
        start, end = places[k]
        (even if k < 2 else odd)[start] += steps
        for side in (start, end):
            ways[k][side] += steps
    corners = (ways.sum(axis=0) == 2) & ((ways > 0).sum(axis=0) == 2)
    weighed = _STRAIGHT * even + _DIAGONAL * odd + _CORNER * corners
    return np.bincount(labels[lines], weighed[lines], minlength=count + 1)[1:]


def _forks(lines: NDArray) -> NDArray:
    """Where three or more branches leave a pixel, or a block of four that thinning left of a crossing."""
    padded = np.pad(lines, 1)
    height, width = lines.shape
    circle = [(0, 1), (0, 2), (1, 2), (2, 2), (2, 1), (2, 0), (1, 0), (0, 0)]
    around = np.array([padded[y : y + height, x : x + width] for y, x in circle])
    forks = (around & ~np.roll(around, 1, axis=0)).sum(axis=0) >= 3  # changes from off to on around it
    block = lines[:-1, :-1] & lines[1:, :-1] & lines[:-1, 1:] & lines[1:, 1:]
    forks[:-1, :-1] |= block
    return forks & lines
