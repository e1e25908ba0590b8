"""What random points would score."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scopecheck.errors import InputError
from scopecheck.measure.matched import ratio
from scopecheck.measure.picks.matching import match, near, points
from scopecheck.measure.picks.ranking import hits


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


def spacing(picks: ArrayLike, shape: tuple[float, ...]) -> tuple[float, float]:
    """Return a picker's own minimum distance and border, for `chance`.

    The minimum distance is the 1 % quantile of the distances to the nearest other pick, so that one pair of
    twins does not decide; 0 for fewer than two picks. The border is the smallest distance of a pick from the
    edge of the micrograph of `shape` (Y, X), or from the sides of the tomogram of `shape` (Z, Y, X), in x and
    y; at least 0.
    """
    p = points(picks)
    if not len(p):
        return 0.0, 0.0
    far = np.array([shape[-1] - 1, shape[-2] - 1])
    border = max(0.0, float(min(p[:, :2].min(), (far - p[:, :2]).min())))
    if len(p) == 1:
        return 0.0, border
    from scipy.spatial import cKDTree

    return float(np.quantile(cKDTree(p).query(p, k=2)[0][:, 1], 0.01)), border


def layout(picks: ArrayLike, shape: tuple[float, ...]) -> dict[str, Any]:
    """Say where random points lie that are like a table of picks: the options of `chance` and `chance_hits`.

    They are as far apart and as far from the edge as the picks (`spacing`), in a tomogram also between the
    same planes. Where random points at that distance would not fit, since points that avoid each other by
    design can be packed more tightly, they are as far apart as fits.

    Parameters
    ----------
    picks : array_like, (n, 2) or (n, 3)
        x, y (z).
    shape : (Y, X) or (Z, Y, X)
        Size of the micrograph or tomogram, in the unit of the points.

    Returns
    -------
    dict
        shape, border, minimum_distance, and of a tomogram planes.
    """
    p = points(picks)
    apart, border = spacing(p, shape)
    how: dict[str, Any] = {"shape": shape, "border": border}
    # discs placed at random jam where they cover 0.547 of an area, spheres at 0.384 of a volume
    room = max((shape[-2] - 2 * border) * (shape[-1] - 2 * border), 1)
    most = float(np.sqrt(4 * 0.45 * room / (np.pi * max(len(p), 1))))
    if len(shape) == 3:
        low, high = (float(p[:, 2].min()), float(p[:, 2].max())) if len(p) else (0.0, shape[0] - 1.0)
        how["planes"] = low, high
        most = max(most, float(np.cbrt(6 * 0.3 * room * (high - low) / (np.pi * max(len(p), 1)))))
    return how | {"minimum_distance": min(apart, most)}


def chance(
    n: int,
    truth: ArrayLike,
    *,
    shape: tuple[float, ...],
    radius: float,
    minimum_distance: float = 0,
    border: float = 0,
    planes: tuple[float, float] | None = None,
    seed: int | Sequence[int] = 0,
    repeats: int = 20,
) -> Chance:
    """Score `n` random points against the truth by the same matching, `repeats` times.

    Parameters
    ----------
    n : int
        Points, as many as the picker gave.
    truth : array_like, (m, 2) or (m, 3)
        x, y (z) of true particle centres.
    shape : (Y, X) or (Z, Y, X)
        Size of the micrograph or tomogram, in the unit of the points.
    radius : float
        As `match`.
    minimum_distance, border : float
        No two points are closer than the one, none is closer to an edge in x and y than the other: the
        picker's own, as `spacing` reads them off its picks. Points are placed one after another, each uniform
        over the room that is left.
    planes : (low, high), optional
        Of a tomogram: the planes between which points are placed; by default all. Ice fills a part of a
        tomogram, and points outside it would make chance look smaller than it is.
    seed : int or sequence of int
        As `numpy.random.default_rng` takes it.
    repeats : int
        Draws.

    Returns
    -------
    Chance

    Raises
    ------
    InputError
        More points than pixels, or than fit at this minimum distance; a border wider than the micrograph.
    """
    t = points(truth, "truth")
    scores = np.full((repeats, 3), np.nan)
    drawn = _draws(n, shape, minimum_distance, border, planes, seed, repeats)
    for row, dots in zip(scores, drawn, strict=True):
        got = match(dots, t, radius)
        hit = ratio(len(np.unique(near(dots, t, radius)["i"])), n)
        row[:] = got.precision, got.recall, hit
    mean = scores.mean(axis=0).tolist()
    sd = scores.std(axis=0, ddof=1).tolist() if repeats > 1 else [float("nan")] * 3
    return Chance(mean[0], sd[0], mean[1], sd[1], mean[2], sd[2], n=n, repeats=repeats)


def random_points(
    picks: ArrayLike,
    truth: ArrayLike,
    radius: float,
    shape: tuple[float, ...],
    seed: int | Sequence[int] = 0,
    repeats: int = 5,
) -> Chance:
    """Score as many random points as there are picks, as far apart and from the edge: `layout`, `chance`."""
    p = points(picks)
    return chance(len(p), truth, radius=radius, seed=seed, repeats=repeats, **layout(p, shape))


def chance_hits(
    n: int,
    truth: ArrayLike,
    *,
    shape: tuple[float, ...],
    radius: float,
    minimum_distance: float = 0,
    border: float = 0,
    planes: tuple[float, float] | None = None,
    seed: int | Sequence[int] = 0,
    repeats: int = 10,
) -> NDArray[np.float64]:
    """Return the pairs that k random points make with the truth, for k = 0 to n: means over the repeats.

    What a table of `n` picks scores at every threshold if its places and its scores say nothing. Points are
    placed one after another, so the first k of them are a draw of k. Parameters as `chance`.

    Returns
    -------
    float array, (n + 1,)
    """
    t = points(truth, "truth")
    total = np.zeros(n + 1)
    for dots in _draws(n, shape, minimum_distance, border, planes, seed, repeats):
        total[1:] += np.cumsum(hits(dots, -np.arange(n, dtype=float), t, radius))
    return total / max(repeats, 1)


def _draws(
    n: int,
    shape: tuple[float, ...],
    minimum_distance: float,
    border: float,
    planes: tuple[float, float] | None,
    seed: int | Sequence[int],
    repeats: int,
) -> Iterator[NDArray[np.float64]]:
    height, width = shape[-2:]
    if n < 0 or n > np.prod(shape):
        raise InputError(
            f"chance: {n} points in {' x '.join(f'{side:g}' for side in shape)} pixels; expected at most one"
            " a pixel."
        )
    if min(height, width) - 1 < 2 * border:
        raise InputError(f"chance: a border of {border:g} leaves nothing of {height:g} x {width:g} pixels.")
    low, high = [border, border], [width - 1 - border, height - 1 - border]
    if len(shape) == 3:
        bottom, top = planes or (0, shape[0] - 1)
        low, high = [*low, bottom], [*high, top]
    rng = np.random.default_rng(seed)
    for _ in range(repeats):
        yield _scatter(n, np.array(low), np.array(high), minimum_distance, rng)


def _scatter(n: int, low: NDArray, high: NDArray, apart: float, rng: np.random.Generator) -> NDArray:
    """`n` points placed one after another, each uniform over the room that the earlier ones leave."""
    if apart <= 0 or n < 2:
        return rng.uniform(low, high, (n, len(low)))
    from scipy.spatial import cKDTree

    kept = np.zeros((0, len(low)))
    for _ in range(400):
        new = rng.uniform(low, high, (max(4 * (n - len(kept)), 64), len(low)))
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
