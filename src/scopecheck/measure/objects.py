"""How many objects of one label image are found again in another, and how well.

Definitions, with TP pairs matched one to one, FP predicted and FN true objects left over, i the pixels shared
by a pair and A its two areas:

* IoU = i / (A_predicted + A_true - i); Dice = 2 i / (A_predicted + A_true) = 2 IoU / (1 + IoU).
* precision = TP / (TP + FP), recall = TP / (TP + FN), F1 = 2 TP / (2 TP + FP + FN).
* accuracy = TP / (TP + FP + FN), the name StarDist gives it; Cellpose and the 2018 Data Science Bowl call the
  same ratio "average precision". F1 = 2 accuracy / (1 + accuracy).
* PQ (panoptic quality) = sum of IoU over pairs / (TP + FP/2 + FN/2) = mean IoU x F1
  (Kirillov et al. 2019, doi:10.1109/CVPR.2019.00963).

Matching. A pair may match when its IoU is at least the threshold. Above 0.5 no object can have two such
partners, so the pairs are unique. At IoU of exactly 0.5 an object may have two: StarDist and Cellpose count
such a pair once (IoU >= threshold), Kirillov et al. do not count it (IoU > 0.5), and here it counts once, as
in StarDist. Below 0.5 as many pairs as possible are matched, and among such matchings the one with the
largest sum of IoU is taken, for every connected group of overlapping objects by itself.

Counting errors do not depend on the threshold, since a badly drawn object is still an object counted. A true
and a predicted object *correspond* when they share more than half of the pixels of one of the two.

* merge: a predicted object that holds more than half of each of two or more true objects.
* split: a true object that holds more than half of each of two or more predicted objects.
* miss: a true object with no predicted object of its own, and invention: a predicted object with no true
  object of its own. Two objects that share more than half of both are each other's own; of the rest as many
  as possible are given one corresponding object each. So a merge of three objects into one holds two misses,
  and a split into three two inventions.

So n_predicted - n_true = inventions - misses always, and (misses + inventions) / n_true, the gross error,
shows what cancels in a count.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scopecheck.arrays import border_rule, label_image, same_shape
from scopecheck.errors import InputError
from scopecheck.measure.matched import Match, ratio
from scopecheck.measure.overlap import Overlap, contingency


def assignment(overlap: Overlap, iou: NDArray, threshold: float) -> NDArray:
    """Positions, among the overlapping pairs, of the one-to-one pairs with IoU >= threshold."""
    candidate = np.flatnonzero(iou >= threshold)
    p, t = overlap.predicted[candidate], overlap.true[candidate]
    alone = (np.bincount(p)[p] == 1) & (np.bincount(t)[t] == 1)
    if alone.all():
        return candidate
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import min_weight_full_bipartite_matching

    contested = candidate[~alone]
    _, p = np.unique(overlap.predicted[contested], return_inverse=True)
    _, t = np.unique(overlap.true[contested], return_inverse=True)
    n_p, n_t = int(p.max()) + 1, int(t.max()) + 1
    # Every true object also has a partner of its own that stands for "unmatched", at a cost so far above any
    # difference in IoU that the number of pairs comes first. The solver never leaves a connected group.
    rows = np.concatenate((t, np.arange(n_t)))
    columns = np.concatenate((p, n_p + np.arange(n_t)))
    cost = np.concatenate((2 - iou[contested] / (2 * min(n_p, n_t)), np.full(n_t, 3.0)))
    graph = csr_array((cost, (rows, columns)), (n_t, n_p + n_t))
    chosen_t, chosen_p = min_weight_full_bipartite_matching(graph)
    partner = np.full(n_t, -1)
    partner[chosen_t] = chosen_p
    return np.sort(np.concatenate((candidate[alone], contested[partner[t] == p])))


def counting_errors(overlap: Overlap) -> tuple[int, int, int, int]:
    """Merges, splits, misses and inventions."""
    p, t = overlap.predicted, overlap.true
    holds_true = 2 * overlap.pixels > overlap.true_area[t]
    holds_predicted = 2 * overlap.pixels > overlap.predicted_area[p]
    merges = int((np.bincount(p[holds_true]) >= 2).sum())
    splits = int((np.bincount(t[holds_predicted]) >= 2).sum())
    mutual = holds_true & holds_predicted
    own = int(mutual.sum())
    free_p, free_t = np.ones(len(overlap.predicted_labels), bool), np.ones(len(overlap.true_labels), bool)
    free_p[p[mutual]] = free_t[t[mutual]] = False
    rest = (holds_true | holds_predicted) & free_p[p] & free_t[t]
    p, t = p[rest], t[rest]
    alone = (np.bincount(p)[p] == 1) & (np.bincount(t)[t] == 1)
    own += int(alone.sum())
    if not alone.all():
        from scipy.sparse import csr_array
        from scipy.sparse.csgraph import maximum_bipartite_matching

        _, p = np.unique(p[~alone], return_inverse=True)
        _, t = np.unique(t[~alone], return_inverse=True)
        graph = csr_array((np.ones(len(p), np.int8), (t, p)), (int(t.max()) + 1, int(p.max()) + 1))
        own += int((maximum_bipartite_matching(graph) >= 0).sum())
    return merges, splits, len(overlap.true_labels) - own, len(overlap.predicted_labels) - own


@overload
def match(
    predicted: ArrayLike, true: ArrayLike, threshold: float = 0.5, *, border: str = "keep"
) -> Match: ...
@overload
def match(
    predicted: ArrayLike, true: ArrayLike, threshold: Sequence[float], *, border: str = "keep"
) -> list[Match]: ...
def match(
    predicted: ArrayLike, true: ArrayLike, threshold: float | Sequence[float] = 0.5, *, border: str = "keep"
) -> Match | list[Match]:
    """Match predicted to true objects one to one by intersection over union.

    Both arrays are read once whatever the number of thresholds; memory grows with the number of overlapping
    pairs. See the module for every definition, including the tie at an IoU of exactly 0.5.

    Parameters
    ----------
    predicted, true : arrays of int, (Y, X) or (Z, Y, X), same shape
        Label images: 0 is background, every other value is one object, contiguous or not. All pixels of one
        value are one object, connected or not.
    threshold : float or sequence of float
        Smallest IoU at which two objects match, 0 < threshold <= 1.
    border : {"keep", "drop"}
        "drop" leaves out, from either image by the same rule, the objects that touch the edge of the image.

    Returns
    -------
    Match, or list of Match when `threshold` is a sequence

    Raises
    ------
    InputError
        Labels that are not label images (see `arrays.label_image`), different shapes, or an impossible
        threshold.

    Examples
    --------
    Two objects found of three; one of them is a pixel row short.

    >>> import numpy as np
    >>> from scopecheck import measure
    >>> true = np.zeros((12, 12), int)
    >>> true[1:4, 1:4], true[6:9, 1:4], true[6:9, 6:9] = 1, 2, 3
    >>> predicted = np.where(true == 3, 0, true)
    >>> predicted[8] = 0
    >>> found = measure.match(predicted, true)
    >>> found.tp, found.misses, found.inventions, round(found.f1, 2)
    (2, 1, 0, 0.8)
    """
    overlap = overlaps(predicted, true, border)
    if np.ndim(threshold) == 0:
        return matched(overlap, [threshold])[0]  # type: ignore[list-item]
    return matched(overlap, threshold)  # type: ignore[arg-type]


def overlaps(predicted: ArrayLike, true: ArrayLike, border: str = "keep") -> Overlap:
    """Which object overlaps which, of two label images as `match` takes them; for `matched` and `chance`."""
    predicted_image, true_image = label_image(predicted, "predicted labels"), label_image(true, "true labels")
    same_shape(predicted_image, true_image)
    drop = border_rule(border) == "drop"
    return contingency(
        predicted_image,
        true_image,
        ignore_predicted=border_labels(predicted_image) if drop else None,
        ignore_true=border_labels(true_image) if drop else None,
    )


def matched(overlap: Overlap, thresholds: Sequence[float]) -> list[Match]:
    """Matches of two label images at each threshold, from their overlaps."""
    iou, errors, matches = overlap.iou, counting_errors(overlap), []
    n_true, n_predicted = len(overlap.true_labels), len(overlap.predicted_labels)
    for value in [checked_threshold(value) for value in thresholds]:
        chosen = assignment(overlap, iou, value)
        p, t = overlap.predicted[chosen], overlap.true[chosen]
        pairs = np.stack((overlap.predicted_labels[p], overlap.true_labels[t]), axis=1)
        matches.append(Match(value, n_true, n_predicted, pairs, iou[chosen], *errors))
    return matches


def checked_threshold(threshold: object) -> float:
    """Return an IoU threshold as a number, or raise InputError."""
    try:
        value = float(threshold)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise InputError(f"threshold: {threshold} is not a number; expected 0 < threshold <= 1.") from None
    if not 0 < value <= 1:
        raise InputError(f"threshold: {value}; an IoU threshold must lie above 0 and not above 1.")
    return value


def pixel_dice(predicted: ArrayLike, true: ArrayLike) -> float:
    """Dice of foreground pixels, 2 |P and T| / (|P| + |T|), which does not tell objects apart.

    Parameters
    ----------
    predicted, true : arrays of int or bool, (Y, X) or (Z, Y, X), same shape
        Label images or masks; every value but 0 is foreground.

    Returns
    -------
    float
        NaN when neither image has foreground.

    Raises
    ------
    InputError
        As `match`, save that boolean masks are taken too.
    """
    predicted_image = label_image(predicted, "predicted labels", mask=True)
    true_image = label_image(true, "true labels", mask=True)
    same_shape(predicted_image, true_image)
    foreground, true_foreground = predicted_image != 0, true_image != 0
    total = np.count_nonzero(foreground) + np.count_nonzero(true_foreground)
    foreground &= true_foreground
    return ratio(2 * np.count_nonzero(foreground), total)


def border_labels(labels: NDArray) -> NDArray:
    """Labels that occur on the outermost pixels of the image along any axis, ascending, without 0."""
    faces = [np.take(labels, side, axis).ravel() for axis in range(labels.ndim) for side in (0, -1)]
    found = np.unique(np.concatenate(faces))
    return found[found != 0]


def drop_border(labels: ArrayLike) -> NDArray:
    """Copy of a label image without the objects that touch its edge (in 3D also the first and last plane).

    Apply it to truth and prediction alike before anything is compared.

    Raises
    ------
    InputError
        Not a label image.
    """
    array = label_image(labels)
    return np.where(np.isin(array, border_labels(array)), array.dtype.type(0), array)
