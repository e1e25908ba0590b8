"""What random points would score."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scopecheck.errors import InputError
from scopecheck.measure.matched import ratio
from scopecheck.measure.particles.matching import match, near, points


@dataclass(frozen=True)
class Chance:
    """What random points score: means over the repeats, and the standard deviation of one repeat.

    Attributes
    ----------
    precision, precision_sd, recall, recall_sd : float
        By one-to-one matching.
    any_hit, any_hit_sd : float
        Fraction of the points within the radius of some particle.
    n, repeats : int
        Points in a repeat, and repeats.
    """

    precision: float
    precision_sd: float
    recall: float
    recall_sd: float
    any_hit: float
    any_hit_sd: float
    n: int
    repeats: int


def spacing(picks: ArrayLike, shape: tuple[float, float]) -> tuple[float, float]:
    """Return a picker's own minimum distance and border, for `chance`.

    The minimum distance is the 1 % quantile of the distances to the nearest other pick, so that one pair of
    twins does not decide; 0 for fewer than two picks. The border is the smallest distance of a pick from the
    edge of the micrograph of `shape` (Y, X), at least 0.
    """
    p = points(picks)
    if not len(p):
        return 0.0, 0.0
    far = np.array([shape[1] - 1, shape[0] - 1])
    border = max(0.0, float(min(p.min(), (far - p).min())))
    if len(p) == 1:
        return 0.0, border
    from scipy.spatial import cKDTree

    return float(np.quantile(cKDTree(p).query(p, k=2)[0][:, 1], 0.01)), border


def chance(
    n: int,
    truth: ArrayLike,
    *,
    shape: tuple[float, float],
    radius: float,
    minimum_distance: float = 0,
    border: float = 0,
    seed: int = 0,
    repeats: int = 20,
) -> Chance:
    """Score `n` random points against the truth by the same matching, `repeats` times.

    Parameters
    ----------
    n : int
        Points, as many as the picker gave.
    truth : array_like, (m, 2)
        x, y of true particle centres.
    shape : (Y, X)
        Size of the micrograph, in the unit of the points.
    radius : float
        As `match`.
    minimum_distance, border : float
        No two points are closer than the one, none is closer to the edge than the other: the picker's own, as
        `spacing` reads them off its picks. Points are placed one after another, each uniform over the room
        that is left.
    seed, repeats : int
        Seed, and number of draws.

    Returns
    -------
    Chance

    Raises
    ------
    InputError
        More points than pixels, or than fit at this minimum distance; a border wider than the micrograph.
    """
    t, (height, width) = points(truth, "truth"), shape
    if n < 0 or n > height * width:
        raise InputError(
            f"chance: {n} points in {height:g} x {width:g} pixels; expected at most one a pixel."
        )
    if min(height, width) - 1 < 2 * border:
        raise InputError(f"chance: a border of {border:g} leaves nothing of {height:g} x {width:g} pixels.")
    rng, low = np.random.default_rng(seed), np.array([border, border])
    high = np.array([width - 1 - border, height - 1 - border])
    scores = np.full((repeats, 3), np.nan)
    for row in scores:
        drawn = _scatter(n, low, high, minimum_distance, rng)
        got = match(drawn, t, radius)
        hit = ratio(len(np.unique(near(drawn, t, radius)["i"])), n)
        row[:] = got.precision, got.recall, hit
    mean = scores.mean(axis=0).tolist()
    sd = scores.std(axis=0, ddof=1).tolist() if repeats > 1 else [float("nan")] * 3
    return Chance(mean[0], sd[0], mean[1], sd[1], mean[2], sd[2], n=n, repeats=repeats)


def _scatter(n: int, low: NDArray, high: NDArray, apart: float, rng: np.random.Generator) -> NDArray:
    """`n` points placed one after another, each uniform over the room that the earlier ones leave."""
    if apart <= 0 or n < 2:
        return rng.uniform(low, high, (n, 2))
    from scipy.spatial import cKDTree

    kept = np.zeros((0, 2))
    for _ in range(400):
        new = rng.uniform(low, high, (max(4 * (n - len(kept)), 64), 2))
        if len(kept):
            new = new[cKDTree(kept).query(new, distance_upper_bound=apart)[0] >= apart]
        close = cKDTree(new).query_pairs(apart, output_type="ndarray") if len(new) > 1 else np.zeros((0, 2))
        good = np.ones(len(new), bool)
        for earlier, later in sorted(close.tolist()):  # an earlier point that stays sends the later one away
            if good[int(earlier)]:
                good[int(later)] = False
        kept = np.concatenate((kept, new[good]))
        if len(kept) >= n:
            return kept[:n]
    raise InputError(
        f"chance: {n} random points at least {apart:g} apart do not fit between {low} and {high};"
        " give a smaller minimum distance."
    )
