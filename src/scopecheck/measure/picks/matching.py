"""Picks and true particles, paired one to one; the package holds the definitions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scopecheck.errors import InputError
from scopecheck.measure.matched import ratio

RADIUS = 0.25  # of the particle's diameter: beyond it a pick is no longer centred on its particle


@dataclass(frozen=True, eq=False, repr=False)
class PickMatch:
    """Picks and true particles paired one to one.

    Attributes
    ----------
    pairs : (k, 2) int64
        (row of the picks, row of the truth) of each pair, ordered by pick.
    distance : (k,) float64
        Distance of each pair, in the unit of the points.
    n_picks, n_truth : int
        Points given.
    """

    pairs: NDArray
    distance: NDArray
    n_picks: int
    n_truth: int

    @property
    def tp(self) -> int:
        """Pairs: true particles delivered."""
        return len(self.pairs)

    @property
    def precision(self) -> float:
        """Pairs / picks; NaN without a pick."""
        return ratio(self.tp, self.n_picks)

    @property
    def recall(self) -> float:
        """Pairs / particles; NaN without a particle."""
        return ratio(self.tp, self.n_truth)

    @property
    def f1(self) -> float:
        """2 pairs / (picks + particles); NaN without either."""
        return ratio(2 * self.tp, self.n_picks + self.n_truth)

    def __repr__(self) -> str:
        return f"PickMatch({self.tp} pairs of {self.n_picks} picks and {self.n_truth} particles)"


def points(xy: ArrayLike, name: str = "picks") -> NDArray[np.float64]:
    """Return `xy` as an (n, 2) or (n, 3) float64 array of finite points; an empty list is (0, 2).

    Raises
    ------
    InputError
        Another shape, values that are not numbers, NaN or infinity.
    """
    try:
        array = np.asarray(xy, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError(f"{name}: expected numbers x, y (z); select these columns alone.") from None
    if array.size == 0:
        return np.zeros((0, 3 if array.shape[1:] == (3,) else 2))
    if array.ndim != 2 or array.shape[1] not in (2, 3):
        raise InputError(
            f"{name}: has the shape {array.shape}; expected (n, 2) or, of a tomogram, (n, 3), one row x, y"
            " (z) per particle."
        )
    if bad := int((~np.isfinite(array).all(axis=1)).sum()):
        raise InputError(
            f"{name}: {bad} of {len(array)} positions are NaN or infinite; expected finite x, y (z)."
            " Leave these rows out, and say so."
        )
    return array


def match(picks: ArrayLike, truth: ArrayLike, radius: float) -> PickMatch:
    """Pair picks with true particles one to one: as many pairs as possible, then the least total distance.

    Parameters
    ----------
    picks, truth : array_like, (n, 2) and (m, 2), or (n, 3) and (m, 3)
        x, y, and in a tomogram z, of particle centres, in one unit.
    radius : float
        Largest distance of a pair, in the same unit; a distance equal to it still counts.

    Returns
    -------
    PickMatch

    Raises
    ------
    InputError
        Points that are not finite (n, 2) or (n, 3) arrays, picks in an image against a truth in a tomogram or
        the other way round, or a radius that is not positive.

    Examples
    --------
    >>> from scopecheck.measure import picks
    >>> found = picks.match([(10, 10), (52, 50), (90, 90)], [(11, 10), (50, 50)], radius=5)
    >>> found.tp, round(found.precision, 2), found.recall
    (2, 0.67, 1.0)
    """
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import min_weight_full_bipartite_matching

    p, t = points(picks), points(truth, "truth")
    close = near(p, t, positive(radius))
    rows, columns, distance = close["i"], close["j"], close["v"]
    single = (np.bincount(rows, minlength=len(p))[rows] == 1) & (
        np.bincount(columns, minlength=len(t))[columns] == 1
    )
    found = [np.stack((rows[single], columns[single]), axis=1)]
    lengths = [distance[single]]
    rows, columns, distance = rows[~single], columns[~single], distance[~single]
    if len(rows):
        # Every pick left may also take a column of its own, "no particle", that costs more than all distances
        # together; so a matching of all rows always exists, and the cheapest one has the most true pairs.
        names, at = np.unique(rows, return_inverse=True)
        nobody = len(t) + np.arange(len(names))
        weights = np.concatenate((distance / radius, np.full(len(names), len(names) + 1.0))) + 1.0
        graph = csr_array(
            (weights, (np.concatenate((at, nobody - len(t))), np.concatenate((columns, nobody)))),
            shape=(len(names), len(t) + len(names)),
        )
        row, column = min_weight_full_bipartite_matching(graph)
        real = column < len(t)
        pairs = np.stack((names[row[real]], column[real]), axis=1)
        found.append(pairs)
        lengths.append(np.linalg.norm(p[pairs[:, 0]] - t[pairs[:, 1]], axis=1))
    pairs, distance = np.concatenate(found).astype(np.int64), np.concatenate(lengths)
    order = np.argsort(pairs[:, 0])
    return PickMatch(pairs[order], distance[order], len(p), len(t))


def junk(picks: ArrayLike, junk_map: ArrayLike, kinds: Sequence[str]) -> dict[str, float]:
    """Return, for each kind of contaminant, the fraction of picks whose centre lies in it.

    Parameters
    ----------
    picks : array_like, (n, 2)
        x, y in pixels of `junk_map`.
    junk_map : (Y, X) array of int
        0 is none, k is ``kinds[k - 1]``.
    kinds : sequence of str
        Names of the classes.

    Raises
    ------
    InputError
        Picks outside the map, or a class without a name.
    """
    p, classes = points(picks), np.asarray(junk_map)
    if p.shape[1] != 2:
        raise InputError("picks: have z; a junk map is of an image, expected x, y.")
    if classes.ndim != 2 or classes.dtype.kind not in "iu" or (classes.size and classes.max() > len(kinds)):
        raise InputError(
            f"junk map: shape {classes.shape}, {classes.dtype}; expected (Y, X), whole, 0 to {len(kinds)}."
        )
    column, row = np.rint(p).astype(int).T
    outside = (column < 0) | (row < 0) | (column >= classes.shape[1]) | (row >= classes.shape[0])
    if outside.any():
        raise InputError(
            f"picks: {outside.sum()} of {len(p)} lie outside the junk map of {classes.shape[0]} x"
            f" {classes.shape[1]} pixels (Y x X). Are they from another binning?"
        )
    count = np.bincount(classes[row, column], minlength=len(kinds) + 1)
    return {kind: ratio(int(count[k + 1]), len(p)) for k, kind in enumerate(kinds)}


def positive(radius: float) -> float:
    """Return `radius` as a float, or refuse it."""
    if not (np.isfinite(radius) and radius > 0):
        raise InputError(f"radius: {radius!r}; expected a positive distance in the unit of the points.")
    return float(radius)


def near(p: NDArray, t: NDArray, radius: float) -> NDArray:
    """All (pick, particle, distance) within the radius, as a record array of i, j, v."""
    if not len(p) or not len(t):
        return np.zeros(0, dtype=[("i", np.intp), ("j", np.intp), ("v", np.float64)])
    if p.shape[1] != t.shape[1]:
        raise InputError(
            f"picks have {p.shape[1]} coordinates, the truth {t.shape[1]}; expected x, y or x, y, z of both."
        )
    from scipy.spatial import cKDTree

    return cKDTree(p).sparse_distance_matrix(cKDTree(t), radius, output_type="ndarray")
