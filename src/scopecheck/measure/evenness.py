"""Do objects lie in a field as if put down anywhere? At its border, from tile to tile, and on whole pixels.

All ask what chance alone would give, and say how rare what was found would be. Objects that gather, or keep
apart, are no accident either: cells of a colony ring here as a picture does of which a tile was lost.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scopecheck.arrays import label_image
from scopecheck.errors import InputError
from scopecheck.measure.objects import border_labels
from scopecheck.measure.pieces import pieces

RARE = 2.0  # rarity above which what was found is said to be no accident: rarer than 1 in 100


def rarity(p: float) -> float:
    """Minus the decimal logarithm of a chance, so that rarer is larger."""
    return -math.log10(max(p, 1e-300)) + 0.0


@dataclass(frozen=True)
class Border:
    """How many objects touch the border of an image, and how many would by chance.

    Attributes
    ----------
    touching, inside : int
        Objects that touch it, and the others.
    low, high : float
        Expected touching ones, if those count whose middle lies in the image, and if every sliver counts.
    p : float
        Chance of so few, by `low`, or of so many, by `high`: twice the smaller tail, at most 1.
    """

    touching: int
    inside: int
    low: float
    high: float
    p: float


@dataclass(frozen=True)
class Tile:
    """The tile whose number of objects differs most from that of its neighbours.

    Attributes
    ----------
    row, column : int
        Its place, from 0.
    found : int
        Objects in it.
    expected : float
        Mean of its neighbours.
    p : float
        Chance of one tile in the field that differs so much, by the number of tiles (Bonferroni), at most 1.
    """

    row: int
    column: int
    found: int
    expected: float
    p: float


def border(labels: ArrayLike) -> Border:
    """Compare the objects that touch the border with what the sizes of the others foretell.

    A box of h pixels has H - h - 1 places along a side of H pixels where it touches no end, H where its
    middle lies in the image, and H + h - 1 where some of it does. So each object inside stands for
    a number of objects that the border cuts: the weights with which stereology corrects for the
    border (Miles 1974, Lantuejoul 1980), turned round. Given the total, the number that touch is then
    binomial.

    Parameters
    ----------
    labels : array of int, (Y, X) or (Z, Y, X)
        0 is background.

    Returns
    -------
    Border

    Raises
    ------
    InputError
        Not a label image, or no object that lies wholly inside.
    """
    array = label_image(labels)
    found = pieces(array)
    ids, first = np.unique(found.value, return_index=True)
    if not len(ids):
        raise InputError("labels: hold no object.")
    low = np.minimum.reduceat(found.low, first)
    side = np.maximum.reduceat(found.high, first) - low + 1
    free = ~np.isin(ids, border_labels(array))
    inside, touching = int(free.sum()), int((~free).sum())
    if not inside:
        raise InputError("labels: every object touches the border, so nothing is known of whole ones.")
    shape, h = np.array(array.shape), side[free]
    places = np.prod(np.maximum(shape - h - 1, 1), axis=1)
    few, many = (float((np.prod(room, axis=1) / places - 1).sum()) for room in (shape + 0 * h, shape + h - 1))
    n = inside + touching
    tails = (
        _binomial(touching, n, few / (few + inside))[0],
        _binomial(touching, n, many / (many + inside))[1],
    )
    return Border(touching, inside, few, many, min(1.0, 2 * min(tails)))


def tiles(points: ArrayLike, shape: tuple[int, int], parts: int = 4) -> Tile:
    """Cut a field into `parts` times `parts` tiles, and find the one least like its neighbours.

    Given the objects of a tile and its neighbours, those of the tile are binomial if all are alike.

    Parameters
    ----------
    points : array_like, (n, 2)
        y, x of the objects, pixels.
    shape : (Y, X)
        Of the field, pixels.
    parts : int
        Tiles along each side.

    Returns
    -------
    Tile

    Raises
    ------
    InputError
        Under five objects a tile on average, so that an empty one would say nothing.
    """
    at = np.asarray(points, float).reshape(-1, 2)
    if len(at) < 5 * parts**2:
        raise InputError(f"{len(at)} objects; tiles need {5 * parts**2}, five in each of {parts**2}.")
    edges = [np.linspace(-0.5, side - 0.5, parts + 1) for side in shape]
    inner = [
        np.clip(np.searchsorted(e, x, "right") - 1, 0, parts - 1) for e, x in zip(edges, at.T, strict=True)
    ]
    counts = np.zeros((parts, parts), int)
    np.add.at(counts, tuple(inner), 1)
    worst = Tile(0, 0, 0, 0.0, 2.0)
    for row, column in np.ndindex(counts.shape):
        window = counts[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2]
        own, beside = int(counts[row, column]), window.size - 1
        others = int(window.sum()) - own
        tails = _binomial(own, own + others, 1 / (beside + 1))
        p = min(1.0, 2 * min(tails) * counts.size)
        if p < worst.p:
            worst = Tile(row, column, own, others / beside, p)
    return worst


def _binomial(k: int, n: int, p: float) -> tuple[float, float]:
    """Chance of k or fewer, and of k or more, of n."""
    from scipy.stats import binom

    return float(binom.cdf(k, n, p)), float(binom.sf(k - 1, n, p))


def grid(values: ArrayLike, largest: int = 16) -> tuple[int, float]:
    """Find the coarsest grid of whole pixels on which coordinates gather, and the chance of it.

    Coordinates are whole pixels, or rounded to them; for each step of 2 to `largest` pixels (powers of two)
    the number on one offset of the step is compared with chance, 1 / step of them, over all offsets and steps
    (Bonferroni). Coordinates picked on a binned image and scaled back lie on such a grid.

    Parameters
    ----------
    values : array_like, (n,)
        x or y of picks, pixels.
    largest : int
        Largest step.

    Returns
    -------
    step, p : int, float
        The step with the smallest chance, and that chance, at most 1; (1, 1.0) where nothing gathers.
    """
    x: NDArray = np.rint(np.asarray(values, float)).astype(np.int64)
    steps = [2**k for k in range(1, 12) if 2**k <= largest]
    best = (1, 1.0)
    for step in steps:
        most = int(np.bincount(x % step, minlength=step).max())
        p = min(1.0, _binomial(most, len(x), 1 / step)[1] * sum(steps))
        if p < best[1] or (p == best[1] < 1e-12):
            best = (step, p)
    return best
