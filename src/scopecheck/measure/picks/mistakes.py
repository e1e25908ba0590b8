"""Coordinates in another frame than the truth's: noticed, because they would match if they were changed."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scopecheck.measure.picks.matching import match, near, points, positive

TIMES = (1.5, 2, 2.5, 3, 4, 5, 6, 8, 10, 12, 16)  # binnings, and ratios of usual pixel sizes
FACTORS = (1.0, *TIMES, *(1 / times for times in TIMES))
ALPHA = 5e-4  # chance of a word where there is nothing, all changes that are tried taken together
BESIDE = 2.5  # radii, by which changed picks are moved aside along each axis

Field = tuple[NDArray, NDArray]  # picks and truth of one micrograph
Change = tuple[tuple[int, ...] | None, int | None, float]  # order of the axes, axis turned, factor
SWAPS: dict[int, list[tuple[int, ...]]] = {2: [(1, 0)], 3: [(1, 0, 2), (2, 1, 0), (0, 2, 1)]}
TURNS = {1: "turned upside down (y = about {} - y)", 2: "turned over in depth (z = about {} - z)"}


def frame_hint(
    fields: Iterable[tuple[ArrayLike, ArrayLike]],
    *,
    radius: float,
    height: float | None = None,
    planes: float | None = None,
) -> str:
    """Say so where picks match far more particles once flipped, scaled, swapped or several of these.

    A change is named where its pairs outnumber those of the picks as given, and those of the changed picks
    moved aside by 2.5 radii, which is chance where the changed picks lie: by the sign test at `ALPHA` over
    the number of changes tried. So a crowded field, where a flipped table still hits by chance, is told
    apart, and a bad picker is not taken for a mistake.

    Parameters
    ----------
    fields : iterable of (picks, truth)
        x, y of each micrograph, (n, 2) and (m, 2), or x, y, z of each tomogram, px; all are changed alike.
    radius : float
        As `match`.
    height, planes : float, optional
        Rows of the micrographs, planes of the tomograms; by default the edge that y, or z, is counted from is
        sought.

    Returns
    -------
    str
        "" when all is well.
    """
    given = [(points(p), points(t, "truth")) for p, t in fields]
    given = [(p, t) for p, t in given if len(p) and len(t)]
    axes = given[0][0].shape[1] if given else 2
    ways = ((None, *SWAPS[axes]), (None, *range(1, axes)), FACTORS)
    return _hint(given, radius, (height, planes), sorted(itertools.product(*ways), key=_departures)[1:])


def size_hint(
    truths: Sequence[ArrayLike],
    *,
    diameter: float,
    stated: Mapping[str, Sequence[float]],
    boxes: Mapping[str, Sequence[float]],
) -> str:
    """Say so where the particle's diameter is out of proportion, as with a pixel size wrong by two.

    Each is a sign: half of the particles with a neighbour within 0.6 diameters; half with one within 0.75,
    more than half as many pairs so near as random points have, and fewer than half as many within 0.5, since
    particles that keep one diameter apart have none nearer than that, and at twice the diameter they seem to
    keep 0.5 of it; diameters `stated` elsewhere that differ by more than 1.5; `boxes` (by custom 1 to 2
    diameters wide) below 0.6 or above 2.5 diameters. Wide spacing is no sign, since the field may be sparse;
    nor is a field without order, where particles lie over one another in thick ice.

    Parameters
    ----------
    truths : sequence of (m, 2)
        True particles of each micrograph, in the unit of the diameter.
    diameter : float
        Taken for the particle's.
    stated, boxes : mapping of str to sequence of float
        What is known of sizes, by its name in the text; may be empty.
    """
    from scipy.spatial import cKDTree

    signs = []
    for widths, low, high in ((stated, 1 / 1.5, 1.5), (boxes, 0.6, 2.5)):
        for name, width in widths.items():
            if len(width) and not low <= (middle := float(np.median(width))) / diameter <= high:
                signs.append(f"{name}: {middle:.3g} px")
    many = [t for t in (points(t, "truth") for t in truths) if len(t) > 1]
    apart = [cKDTree(t).query(t, k=2)[0][:, 1] for t in many]
    if apart and (middle := float(np.median(np.concatenate(apart)))) < 0.75 * diameter:
        pairs, random = np.sum([pairs_within(t, 0.75 * diameter) for t in many], axis=0)
        inner, by_chance = np.sum([pairs_within(t, 0.5 * diameter) for t in many], axis=0)
        if middle < 0.6 * diameter or (pairs > random / 2 and inner < by_chance / 2):
            signs.append(f"half of the true particles have a neighbour within {middle:.3g} px")
    if not signs:
        return ""
    return (
        f"The diameter is given as {diameter:.3g} px; {'; '.join(signs)}. Is the diameter, or the pixel size,"
        " wrong by a factor?"
    )


def pairs_within(xy: ArrayLike, reach: float) -> tuple[int, float]:
    """Return the pairs of points within this distance, and how many random points of their box would have."""
    from scipy.spatial import cKDTree

    p = points(xy)
    if len(p) < 2:
        return 0, 0.0
    tree = cKDTree(p)
    pairs = (int(tree.count_neighbors(tree, reach)) - len(p)) // 2
    sides = np.maximum(np.ptp(p, axis=0), 1)
    ball = np.pi * reach**2 if len(sides) == 2 or sides[2] < reach else 4 / 3 * np.pi * reach**3
    room = np.prod(sides[:2]) if len(sides) == 2 or sides[2] < reach else np.prod(sides)
    return pairs, len(p) * (len(p) - 1) / 2 * min(1.0, float(ball / room))


def _departures(change: Change) -> int:
    order, turned, factor = change
    return (order is not None) + (turned is not None) + (factor != 1)


def _hint(
    fields: Sequence[Field],
    radius: float,
    ends: tuple[float | None, float | None],
    changes: Sequence[Change],
) -> str:
    from scipy.stats import binom

    positive(radius)
    given = [(p, t) for p, t in fields if len(p) and len(t)]
    now, most = _pairs(given, radius), sum(min(len(p), len(t)) for p, t in given)
    if not given or binom.sf(most - 1, most + now, 0.5) > ALPHA:
        return ""  # no change could be better by enough
    tried, found, best, how = 0, 0, given, ""
    for order, turned, factor in changes:
        fresh, said = [(factor * (p if order is None else p[:, order]), t) for p, t in given], []
        if order is not None:
            moved = [axis for axis, to in zip("xyz", order, strict=False) if "xyz"[to] != axis]
            said.append(f"{' and '.join(moved)} are swapped")
        if factor != 1:
            said.append(f"multiplied by {factor:g}" if factor > 1 else f"divided by {1 / factor:g}")
        if turned is not None:
            side = ends[turned - 1]
            edge, places = _edge(fresh, radius, None if side is None else side - 1, turned)
            for p, _ in fresh:
                p[:, turned] = edge - p[:, turned]
            said.append(TURNS[turned].format(f"{edge:.0f}"))
            tried += places - 1
        tried += 1
        if (count := _touching(fresh, radius)) > found:
            found, best, how = count, fresh, " and ".join(said)
    then = _pairs(best, radius)
    steps = [
        step for step in itertools.product((-BESIDE, 0, BESIDE), repeat=given[0][0].shape[1]) if any(step)
    ]
    beside = np.mean([_pairs([(p + np.array(step) * radius, t) for p, t in best], radius) for step in steps])
    if tried * binom.sf(then - 1, then + max(now, int(np.ceil(beside))), 0.5) > ALPHA:
        return ""
    return f"{then} of {sum(len(p) for p, _ in given)} picks match when {how}, and {now} as given"


def _pairs(fields: Sequence[Field], radius: float) -> int:
    return sum(match(p, t, radius).tp for p, t in fields)


def _touching(fields: Sequence[Field], radius: float) -> int:
    """No fewer than the pairs, and quickly counted."""
    close = [near(p, t, radius) for p, t in fields]
    return sum(min(len(np.unique(one["i"])), len(np.unique(one["j"]))) for one in close)


def _edge(fields: Sequence[Field], radius: float, edge: float | None, axis: int) -> tuple[float, int]:
    """Most frequent sum of the two y (or z) where the rest agrees, near `edge` or beyond all; places."""
    lowest = max(float(points[:, axis].max()) for both in fields for points in both)
    low, high = (lowest, 2 * lowest) if edge is None else (edge - radius, edge + radius)
    rest = [other for other in range(fields[0][0].shape[1]) if other != axis]
    sums = []
    for p, t in fields:
        close = near(p[:, rest], t[:, rest], radius)
        sums.append(p[close["i"], axis] + t[close["j"], axis])
    total = np.sort(np.concatenate(sums))
    total = total[(total >= low) & (total <= high)]
    places = 1 + int((high - low) / radius)
    if not len(total):
        return high, places
    count = np.searchsorted(total, total + 2 * radius, side="right") - np.arange(len(total))
    first = int(np.argmax(count))
    return float(np.median(total[first : first + count[first]])), places
