"""What the predicted objects themselves would score at random places: the floor under every agreement.

The predicted objects are put down again at random, many times, and scored against the same truth by the same
definitions (`objects`). Where there is room they are put down whole, apart from each other, anywhere in the
field. Where there is not (they cover more than `ROOM` of it, or one is wider than half of it along every
axis) all are shifted together by a random vector, over the edge and in again at the other side. Only objects
that the edge does not cut, as given and as shifted, are then looked at, and stand for the others: objects
given keep off the edge or are cut off there alike, and shifted ones would not. No shift goes along an axis of
which some object takes more than half, as in a thin stack; where that leaves no axis, and of a mask, all
shifts are made and the pieces counted.

Is the agreement better than chance? The statistic is the sum, over the predicted objects, of the IoU with the
true object that fits best. It needs no threshold, so masks that are honest and poor (every IoU at 0.3) still
count, and one good object counts in a field of one as in a field of many, where F1 would be 0 or 1. Its rank
among the draws is an exact p-value whatever the sizes and shapes, and the statistics of a folder add up.
The level is 5 %, as that of the verdict's one-sided tests: nonsense passes once in twenty, as it does there.

Objects that all lie a little aside overlap the right ones by slivers, though, which together are more than
chance, and none is found. So objects must also have partners, as many as by chance or more: matched pairs, or
some with one of their own (`objects`), which small masks inside their objects have as well.

The sum over a folder lets one perfect file speak for nine of nonsense. So each file is asked (`by_file`).

Cost. Of more than `OBJECTS` predicted objects a random `OBJECTS` are put down and stand for all; of more
than `PIXELS` pixels, every k-th row and column; the given places are scored on the same objects and pixels,
so that the rank stays exact. Means over the draws are then estimates (areas are exact, shared pixels are
counted k^2 at a time).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scopecheck.arrays import label_image, same_shape
from scopecheck.errors import InputError
from scopecheck.measure.matched import ratio
from scopecheck.measure.objects import (
    assignment,
    border_labels,
    checked_threshold,
    counting_errors,
    overlaps,
)
from scopecheck.measure.overlap import Overlap, run_starts, sum_by_pair

DRAWS = 99
OBJECTS = 100  # put down in a draw, at most
PIXELS = 5_000  # looked at in a draw, about,
SMALLEST = 30  # but no fewer of the smallest objects (10 % are smaller)
ROOM = 0.4  # of the field; discs put down one after another jam at 0.547
LEVEL = 0.05
HONEST = 0.02  # of honest fields are not better than chance, at most
MISSED = 0.2  # of its objects, what an honest tool may get wrong
_ROUNDS = 300  # tries to find room for an object
_TOGETHER = 1 << 22  # pixels of the fields that are filled at a time


@dataclass(frozen=True, eq=False)
class Chance:
    """What predicted objects score at random places, draw by draw.

    Attributes
    ----------
    threshold : float
        Smallest IoU of a matched pair.
    n_true, n_predicted : int
        Objects in either image.
    tp, iou, own : (draws,) float64
        Matched pairs, the sum of their IoU, and objects that have one of their own (`objects`), scaled to all
        predicted objects where only some were put down.
    best : (draws,) float64
        Sum, over the objects put down, of the IoU with the true object that fits best.
    found : float
        The same at the places given.
    matched, with_own : float
        As `tp` and `own`, at the places given.
    shared : (draws,) float64
        Foreground pixels in common.
    foreground, true_foreground : int
        Foreground pixels of both images together, and of the true one.
    placed : int
        Objects put down in a draw.
    shifted : bool
        Whether all were shifted together.
    mask : bool
        Whether they are masks, which have no partners to count.
    """

    threshold: float
    n_true: int
    n_predicted: int
    tp: NDArray
    iou: NDArray
    own: NDArray
    best: NDArray
    found: float
    matched: float
    with_own: float
    shared: NDArray
    foreground: int
    true_foreground: int
    placed: int
    shifted: bool
    mask: bool

    @property
    def p(self) -> float:
        """Part of the draws, the given places among them, that agree at least as well as the given places."""
        as_good = np.count_nonzero(self.best >= self.found * (1 - 1e-9))
        return float((1 + as_good) / (1 + len(self.best)))

    @property
    def better(self) -> bool | None:
        """Whether the agreement is better than chance; None where one side has no object at all.

        It is where p <= 5 % and, but for masks, some pairs match or objects have one of their own, as many as
        in the mean of the draws or more. (One large object may have both at every place.) It is not where an
        object fills the field, so that every place is like the given one: such an image cannot show that
        anything was found.
        """
        if not (self.n_true and self.n_predicted):
            return None
        partners = ((self.matched, self.tp), (self.with_own, self.own))
        found = self.mask or any(given > 0 and given >= np.mean(drawn) for given, drawn in partners)
        return bool(self.p <= LEVEL and found)

    @property
    def telling(self) -> bool:
        """Whether some place is worse than those given, or none of them is good: else nothing can be told."""
        return bool(self.found == 0 or self.best.min(initial=np.inf) < self.found * (1 - 1e-9))

    def scores(self) -> dict[str, float]:
        """Mean score over the draws, by name; NaN where not defined (as `Match`).

        F1, precision, recall, mean IoU (of matched pairs), PQ, Dice (of foreground pixels), IoU (of a
        predicted object with the true one that fits best; of a mask, its IoU) and gross error (of objects; of
        a mask, of its pixels).
        """
        return {name: ratio(float(np.mean(part)), whole) for name, (part, whole) in self._parts().items()}

    def beside(self) -> dict[str, float]:
        """Mean scores under the names they have on a page: ``F1@0.5``, ``pixel Dice``, ``gross error``."""
        scores = self.scores()
        named = {f"F1@{self.threshold:g}": "F1", "pixel Dice": "Dice", "gross error": "gross error"}
        return {name: scores[score] for name, score in named.items()}

    def reached(self) -> dict[str, float]:
        """The same scores as one draw in twenty reaches: the 95 % quantile, of the gross error the 5 %."""
        return {
            name: ratio(float(np.quantile(part, 0.05 if name == "gross error" else 0.95)), whole)
            for name, (part, whole) in self._parts().items()
            if name != "mean IoU"  # most draws hold no pair
        }

    def _parts(self) -> dict[str, tuple[NDArray, float]]:
        n, m = self.n_predicted, self.n_true
        gross = (n + m - 2 * self.own, m)
        if self.mask:  # a mask has no objects to miss: its pixels
            gross = (self.foreground - 2 * self.shared, self.true_foreground)
        return {
            "F1": (2 * self.tp, n + m),
            "precision": (self.tp, n),
            "recall": (self.tp, m),
            "mean IoU": (self.iou, float(np.mean(self.tp))),
            "PQ": (2 * self.iou, n + m),
            "Dice": (2 * self.shared, self.foreground),
            "IoU": (self.best, self.placed),
            "gross error": gross,
        }


def chance(
    predicted: ArrayLike,
    true: ArrayLike,
    threshold: float = 0.5,
    *,
    border: str = "keep",
    seed: int | Sequence[int] = 0,
    draws: int = DRAWS,
    overlap: Overlap | None = None,
) -> Chance:
    """Put the predicted objects down at random places and score them, `draws` times.

    Parameters
    ----------
    predicted, true : arrays of int or bool, (Y, X) or (Z, Y, X), same shape
        Label images; a boolean mask is one object, and is shifted.
    threshold : float
        Smallest IoU at which two objects match.
    border : {"keep", "drop"}
        As `match`.
    seed : int or sequence of int
        Equal seeds give equal draws. Files of a folder need different ones, e.g. (0, i).
    draws : int
        Random placements; fewer than 19 cannot show a p of 5 %.
    overlap : Overlap, optional
        From `objects.overlaps` of the same images, where it is at hand.

    Returns
    -------
    Chance
        With all scores 0 where one side has no object, and its gross error as `gross_error` gives it.

    Raises
    ------
    InputError
        As `match`; masks are taken too.
    """
    predicted_image = label_image(predicted, "predicted labels", mask=True)
    true_image = label_image(true, "true labels", mask=True)
    same_shape(predicted_image, true_image)
    limit = checked_threshold(threshold)
    if draws < 1:
        raise InputError(f"draws: {draws}; expected 1 or more.")
    mask = "b" in (predicted_image.dtype.kind, true_image.dtype.kind)
    if mask:
        predicted_image, true_image = ((a != 0).astype(np.uint8) for a in (predicted_image, true_image))
    if overlap is None:
        overlap = overlaps(predicted_image, true_image, border)
    rng = np.random.default_rng(seed)
    n, area = len(overlap.predicted_labels), overlap.predicted_area
    true_image = np.ascontiguousarray(true_image)
    tp, iou, own, best, shared = (np.zeros(draws) for _ in range(5))
    chosen, shifted = np.arange(n), False
    found = given_tp = given_own = 0.0
    if n and len(overlap.true_labels):
        crowded = mask or int(area.sum()) > ROOM * predicted_image.size
        if crowded and not mask:
            inner = ~np.isin(overlap.predicted_labels, border_labels(predicted_image))
            chosen = chosen[inner] if inner.any() else chosen
        chosen = np.sort(rng.permutation(chosen)[:OBJECTS])
        objects = _pixels(predicted_image, overlap.predicted_labels[chosen], area[chosen])
        wide = 2 * objects.extent > objects.shape
        torn = mask or bool(wide.any(axis=0).all())
        crowded |= bool(wide.all(axis=1).any())
        corners = None if crowded else _apart(objects, draws, rng)
        shifted = corners is None
        if corners is None:
            corners = _shifted(objects, draws, rng, torn | ~wide.any(axis=0))
        at, (first, last) = objects.flat(true_image.shape), objects.ends()
        given = _seen(objects, at, objects.of, true_image, overlap, chosen)
        found = float(_best(given).sum())
        given_tp = len(assignment(given, given.iou, limit)) * n / len(chosen)
        given_own = (len(chosen) - counting_errors(given)[3]) * n / len(chosen)
        for draw, corner in enumerate(corners):
            whole = torn | ((corner >= first) & (corner <= last)).all(axis=1)
            at, of = _moved(objects, corner, true_image.shape, whole)
            seen = _seen(objects, at, of, true_image, overlap, chosen)
            pairs = seen.iou
            matched, times = pairs[assignment(seen, pairs, limit)], n / max(1, whole.sum())
            tp[draw], iou[draw], shared[draw] = len(matched), matched.sum(), seen.pixels.sum()
            own[draw] = len(chosen) - counting_errors(seen)[3]
            best[draw] = _best(seen).sum() * len(chosen) / n
            for score in (tp, iou, own, best, shared):
                score[draw] *= times
        tp, own = (np.minimum(count, min(n, len(overlap.true_labels))) for count in (tp, own))
    return Chance(
        threshold=limit,
        n_true=len(overlap.true_labels),
        n_predicted=n,
        tp=tp,
        iou=iou,
        own=own,
        best=best,
        found=found,
        matched=given_tp,
        with_own=given_own,
        shared=shared,
        foreground=int(area.sum() + overlap.true_area.sum()),
        true_foreground=int(overlap.true_area.sum()),
        placed=len(chosen),
        shifted=shifted,
        mask=mask,
    )


def pool_chance(several: Iterable[Chance]) -> Chance:
    """Add up the draws of several images, as `pool` adds up their matches.

    Raises
    ------
    InputError
        None, different thresholds, or different numbers of draws.
    """
    every = list(several)
    if len({(one.threshold, len(one.best)) for one in every}) != 1:
        raise InputError("pool_chance: expected at least one image, one threshold and one number of draws.")
    summed = ("n_true", "n_predicted", "tp", "iou", "own", "best", "found", "matched", "with_own")
    pixels = ("shared", "foreground", "true_foreground", "placed")
    sums = {name: sum(getattr(one, name) for one in every) for name in (*summed, *pixels)}
    shifted, mask = any(one.shifted for one in every), any(one.mask for one in every)
    return Chance(threshold=every[0].threshold, shifted=shifted, mask=mask, **sums)


def by_file(several: Sequence[Chance]) -> tuple[list[int], bool]:
    """Ask each image of a folder whether it is better than chance.

    An honest tool has images that are not, too. In fields of 96 x 96 pixels with honest or poor masks of 1 to
    10 discs at most 2 % were not (`HONEST`; the judge's page counts them). And who gets four objects in five
    right, as assumed there, gets none of m right in 0.2^m of the images, where one side has m objects alone.
    The larger of the two is the rate allowed to an image. As many as were found, or more, by these rates: if
    that has a probability of 5 % or less, the images are not those of an honest tool, and the folder as a
    whole is not better than chance, however well the rest agrees.

    Parameters
    ----------
    several : sequence of Chance
        One an image. Those with an empty side are not asked, nor those that cannot tell (`Chance.telling`).

    Returns
    -------
    list of int
        Positions of the images that are not better than chance.
    bool
        Whether these are more than an honest tool has.
    """
    asked = [i for i, one in enumerate(several) if one.better is not None and one.telling]
    worse = [i for i in asked if not several[i].better]
    number = np.ones(1)  # distribution of the number of such images: a sum of unlike yes and no
    for i in asked:
        rate = max(HONEST, MISSED ** min(several[i].n_true, several[i].n_predicted))
        number = np.convolve(number, (1 - rate, rate))
    return worse, bool(worse) and float(number[len(worse) :].sum()) <= LEVEL


@dataclass(frozen=True, eq=False)
class _Objects:
    """Some objects as seen on every k-th row and column of their image."""

    shape: tuple[int, ...]  # of the thinned field
    step: NDArray  # (ndim,) pixels of the image from one of its points to the next
    at: tuple[NDArray, ...]  # (points,) an axis: where
    of: NDArray  # (points,) whose, ascending
    corner: NDArray  # (objects, ndim)
    extent: NDArray  # (objects, ndim)

    def ends(self) -> tuple[NDArray, NDArray]:
        """First and last corners, (objects, ndim), within the field; off the edges where so as given."""
        last = np.array(self.shape) - self.extent
        off = ((self.corner > 0) & (self.corner < last)).all(axis=1).astype(int)[:, None]
        return off + 0 * last, last - off

    def flat(self, shape: tuple[int, ...]) -> NDArray:
        """Where its points lie in a raveled image of that shape."""
        return sum(column * by for column, by in zip(self.at, self.step * _strides(shape), strict=True))


def _strides(shape: tuple[int, ...]) -> NDArray:
    return np.append(np.cumprod(shape[:0:-1])[::-1], 1)


def _pixels(labels: NDArray, chosen: NDArray, area: NDArray) -> _Objects:
    total, small = float(area.sum()), float(np.quantile(area, 0.1))
    every = max(1, int(min(np.sqrt(total / PIXELS), np.sqrt(small / SMALLEST))))
    every = max(every, int(np.sqrt(total / (20 * PIXELS))))
    step = np.array([1] * (labels.ndim - 2) + [every, every])
    thin = labels[..., ::every, ::every]
    where = np.flatnonzero(_among(thin, chosen))
    of = np.searchsorted(
        chosen, thin.reshape(-1)[where] if every == 1 else thin[np.unravel_index(where, thin.shape)]
    )
    order = np.argsort(of, kind="stable")
    of, at = of[order], np.unravel_index(where[order], thin.shape)
    corner, extent = np.zeros((2, len(chosen), labels.ndim), np.intp)
    if len(of):
        starts = run_starts(of)
        for axis, column in enumerate(at):
            corner[of[starts], axis] = np.minimum.reduceat(column, starts)
            extent[of[starts], axis] = np.maximum.reduceat(column, starts) + 1
        extent[of[starts]] -= corner[of[starts]]
    return _Objects(thin.shape, step, at, of, corner, extent)


def _among(labels: NDArray, chosen: NDArray) -> NDArray:
    """Whether each label is one of the chosen; by a table where labels are numbered without large gaps."""
    if (most := int(labels.max())) > 8 * labels.size:
        return np.isin(labels, chosen)
    table = np.zeros(most + 1, bool)
    table[chosen[chosen <= most]] = True
    return table[labels]


def _moved(
    objects: _Objects, corner: NDArray, shape: tuple[int, ...], whole: NDArray
) -> tuple[NDArray, NDArray]:
    """Where, in a raveled image of that shape, the points of the whole objects lie, and whose they are.

    With their corners there; what leaves the field beyond its far edge comes in again.
    """
    strides = objects.step * _strides(shape)
    if (corner + objects.extent <= objects.shape).all():
        return objects.flat(shape) + ((corner - objects.corner) @ strides)[objects.of], objects.of
    kept = whole[objects.of]
    of, where = objects.of[kept], np.zeros(1, np.intp)
    move = corner - objects.corner
    for axis, (column, size) in enumerate(zip(objects.at, objects.shape, strict=True)):
        there = column[kept] + move[of, axis]
        where = where + np.where(there < size, there, there - size) * strides[axis]
    return where, of


def _shifted(objects: _Objects, draws: int, rng: np.random.Generator, along: NDArray) -> NDArray:
    """Corners after a random shift of all along some axes, (draws, objects, ndim), each within the field."""
    shape = np.array(objects.shape)
    return (objects.corner + along * rng.integers(0, shape, (draws, 1, len(shape)))) % shape


def _apart(objects: _Objects, draws: int, rng: np.random.Generator) -> NDArray | None:
    """Corners at which no two objects share a point, (draws, objects, ndim); None where there is no room."""
    corner = np.empty((draws, *objects.corner.shape), np.intp)
    together = max(1, _TOGETHER // int(np.prod(objects.shape)))
    for first in range(0, draws, together):
        if not _put_apart(objects, corner[first : first + together], rng):
            return None
    return corner


def _put_apart(objects: _Objects, corner: NDArray, rng: np.random.Generator) -> bool:
    """Fill in random corners, (draws, objects, ndim), at which no two objects of a draw share a point.

    All objects that still have no place try at once; of those that meet, the first stays.
    """
    draws, n, size, strides = (*corner.shape[:2], int(np.prod(objects.shape)), _strides(objects.shape))
    first, last = (np.tile(ends, (draws, 1)) for ends in objects.ends())
    points = sum(column * by for column, by in zip(objects.at, strides, strict=True))
    taken = np.zeros(draws * size, np.int32)  # by whom, from 1; a field after the other
    at = np.tile(points - (objects.corner @ strides)[objects.of], draws)
    of = (objects.of + n * np.arange(draws)[:, None]).reshape(-1)
    base = size * np.arange(draws).repeat(n)
    corners, trying = corner.reshape(draws * n, -1), np.arange(draws * n)
    for _ in range(_ROUNDS):
        corners[trying] = rng.integers(first[trying], last[trying] + 1)
        where, bad = at + (corners @ strides + base)[of], np.zeros(draws * n, bool)
        bad[of[taken[where] > 0]] = True
        fits = ~bad[of]
        where, who = where[fits], of[fits]
        taken[where[::-1]] = who[::-1] + 1  # where several try, the first is written last
        bad[who[taken[where] != who + 1]] = True
        fallen = bad[who]
        undo = where[fallen]
        taken[undo[taken[undo] == who[fallen] + 1]] = 0
        left = bad[of]
        at, of, trying = at[left], of[left], np.flatnonzero(bad)
        if not len(trying):
            return True
    return False


def _seen(
    objects: _Objects, where: NDArray, of: NDArray, true: NDArray, overlap: Overlap, chosen: NDArray
) -> Overlap:
    """What the objects `of` overlap when their points lie there, in the raveled true image."""
    labels = true.reshape(-1)[where]
    starts = run_starts(of, labels) if len(labels) else np.zeros(0, np.intp)
    p, t, pixels = of[starts], labels[starts], np.diff(starts, append=len(labels))
    there = t != 0
    p, t, pixels = p[there], t[there], pixels[there]
    if len(t):
        p, t, pixels = sum_by_pair(p, t, pixels)
    position = np.minimum(np.searchsorted(overlap.true_labels, t), len(overlap.true_labels) - 1)
    known = overlap.true_labels[position] == t  # not one that the border rule leaves out
    p, t, pixels = p[known], position[known], pixels[known] * int(objects.step.prod())
    area = overlap.predicted_area[chosen]
    pixels = np.minimum(pixels, np.minimum(area[p], overlap.true_area[t]))
    return Overlap(
        overlap.predicted_labels[chosen], area, overlap.true_labels, overlap.true_area, p, t, pixels
    )


def _best(seen: Overlap) -> NDArray:
    """IoU of each predicted object with the true object that fits it best."""
    best = np.zeros(len(seen.predicted_labels))
    np.maximum.at(best, seen.predicted, seen.iou)
    return best
