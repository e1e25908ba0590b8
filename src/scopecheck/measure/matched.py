"""What two label images have in common at one threshold; `objects` holds every definition."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scopecheck.errors import InputError


def ratio(part: float, whole: float) -> float:
    """Return part / whole, and NaN where the whole is 0."""
    return float(part / whole) if whole else float("nan")


@dataclass(frozen=True, eq=False)
class Match:
    """Objects of two label images matched one to one at one IoU threshold.

    A ratio whose denominator is 0 is not defined and is NaN, never 0 or 1: with no true and no predicted
    object every ratio is NaN; with no true object recall is NaN and precision, F1, accuracy and PQ are 0;
    with no predicted object precision is NaN and the others are 0; with no pair `mean_iou` and `mean_dice`
    are NaN. (StarDist gives 0 in these cases, Cellpose 0 or NaN.)

    Attributes
    ----------
    threshold : float
        Smallest IoU of a matched pair.
    n_true, n_predicted : int
        Objects in either image.
    pairs : (k, 2) int64
        (predicted label, true label) of each matched pair, ordered by true label.
    iou : (k,) float64
        IoU of each matched pair.
    merges, splits, misses, inventions : int
        Counting errors, as `objects` defines them; they do not depend on the threshold.
    """

    threshold: float
    n_true: int
    n_predicted: int
    pairs: NDArray
    iou: NDArray
    merges: int
    splits: int
    misses: int
    inventions: int

    @property
    def tp(self) -> int:
        """Matched pairs."""
        return len(self.iou)

    @property
    def fp(self) -> int:
        """Predicted objects without a partner."""
        return self.n_predicted - self.tp

    @property
    def fn(self) -> int:
        """True objects without a partner."""
        return self.n_true - self.tp

    @property
    def precision(self) -> float:
        """TP / (TP + FP)."""
        return ratio(self.tp, self.n_predicted)

    @property
    def recall(self) -> float:
        """TP / (TP + FN)."""
        return ratio(self.tp, self.n_true)

    @property
    def f1(self) -> float:
        """2 TP / (2 TP + FP + FN)."""
        return ratio(2 * self.tp, self.n_true + self.n_predicted)

    @property
    def accuracy(self) -> float:
        """TP / (TP + FP + FN): StarDist's accuracy, called "average precision" elsewhere."""
        return ratio(self.tp, self.tp + self.fp + self.fn)

    @property
    def pq(self) -> float:
        """Panoptic quality: sum of IoU / (TP + FP/2 + FN/2)."""
        return ratio(2 * self.iou.sum(), self.n_true + self.n_predicted)

    @property
    def mean_iou(self) -> float:
        """Mean IoU over matched pairs only."""
        return ratio(self.iou.sum(), self.tp)

    @property
    def mean_dice(self) -> float:
        """Mean Dice over matched pairs only."""
        return ratio((2 * self.iou / (1 + self.iou)).sum(), self.tp)

    def summary(self) -> dict[str, float]:
        """Every number of this match by name, without the list of pairs."""
        names = "threshold n_true n_predicted tp fp fn precision recall f1 accuracy pq mean_iou mean_dice"
        return {name: getattr(self, name) for name in f"{names} merges splits misses inventions".split()}


def pool(matches: Iterable[Match]) -> Match:
    """Add up the matches of several images, at one threshold, as if they were one image.

    Ratios of the result are those of the summed counts, not means of the images' ratios. Labels in `pairs`
    are those of their own images.

    Raises
    ------
    InputError
        No match, or matches at different thresholds.
    """
    every = list(matches)
    if len({one.threshold for one in every}) != 1:
        raise InputError("pool: expected at least one match, and one threshold for all of them.")
    sums = {
        name: sum(getattr(one, name) for one in every)
        for name in ("n_true", "n_predicted", "merges", "splits", "misses", "inventions")
    }
    return Match(
        threshold=every[0].threshold,
        pairs=np.concatenate([one.pairs for one in every]),
        iou=np.concatenate([one.iou for one in every]),
        **sums,
    )


def gross_error(match: Match) -> float:
    """(misses + inventions) / n_true: the part of a count that is wrong before errors cancel.

    With no true object it is 0 when nothing was predicted either, and infinite otherwise.
    """
    wrong = match.misses + match.inventions
    if match.n_true == 0:
        return float("inf") if wrong else 0.0
    return wrong / match.n_true
