"""What the score of a pick is worth: hits in order of score, precision and recall, calibration."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scopecheck.errors import InputError
from scopecheck.judge.intervals import fraction_bound
from scopecheck.measure.picks.matching import near, points, positive

if TYPE_CHECKING:
    import pandas as pd


def hits(picks: ArrayLike, scores: ArrayLike, truth: ArrayLike, radius: float) -> NDArray[np.bool_]:
    """Say of each pick whether it adds a particle to those that the better-scoring picks deliver.

    Among the k best picks the number of hits is the largest number of one-to-one pairs of these k picks, for
    every k: each pick in its turn looks for an augmenting path (Kuhn 1955, doi:10.1002/nav.3800020109).
    Equal scores are taken in the order given.

    Returns
    -------
    bool array, (n,)

    Raises
    ------
    InputError
        As `match`, or if there is not one finite score for each pick.
    """
    p, t = points(picks), points(truth, "truth")
    s = _scores(scores, len(p))
    close = np.sort(near(p, t, positive(radius)), order=["i", "v"])
    start = np.searchsorted(close["i"], np.arange(len(p) + 1))
    partners = [close["j"][a:b].tolist() for a, b in itertools.pairwise(start)]
    owner: dict[int, int] = {}  # particle: the pick that has it
    holds: dict[int, int] = {}  # the same, the other way round
    spent: set[int] = set()  # particles that no augmenting path will ever free again
    hit = np.zeros(len(p), bool)
    for first in np.argsort(-s, kind="stable").tolist():
        came: dict[int, int] = {}  # particle: the pick from which the search came to it
        waiting, free = [first], None
        while waiting and free is None:
            pick = waiting.pop()
            for particle in partners[pick]:
                if particle in came or particle in spent:
                    continue
                came[particle] = pick
                if particle not in owner:
                    free = particle
                    break
                waiting.append(owner[particle])
        if free is None:
            spent |= came.keys()
            continue
        hit[first] = True
        step: int | None = free
        while step is not None:  # hand each particle on along the path, back to the new pick
            pick = came[step]
            before = holds.get(pick)
            owner[step], holds[pick], step = pick, step, before
    return hit


def curve(scores: ArrayLike, hit: ArrayLike, n_truth: int) -> pd.DataFrame:
    """Precision and recall at every threshold, from the hits of one micrograph or of several put together.

    Parameters
    ----------
    scores, hit : array_like, (n,)
        Score of each pick, and whether it is a hit (`hits`).
    n_truth : int
        True particles in all these micrographs.

    Returns
    -------
    DataFrame
        threshold (falling; picks that score at least this are kept), picks, precision, recall.
    """
    import pandas as pd

    h = np.asarray(hit, bool)
    s = _scores(scores, len(h))
    order = np.argsort(-s, kind="stable")
    s, found = s[order], np.cumsum(h[order])
    last = np.flatnonzero(np.append(s[1:] != s[:-1], True)) if len(s) else np.zeros(0, int)
    kept = last + 1
    recall = found[last] / n_truth if n_truth else np.full(len(last), np.nan)
    table = {"threshold": s[last], "picks": kept, "precision": found[last] / kept, "recall": recall}
    return pd.DataFrame(table)


def average_precision(table: pd.DataFrame) -> float:
    """Area under a precision-recall table by steps: precision times recall gained, summed; NaN if empty."""
    if not len(table):
        return float("nan")
    return float((table["precision"] * np.diff(table["recall"], prepend=0.0)).sum(skipna=False))


def calibration(scores: ArrayLike, hit: ArrayLike, bins: int = 10) -> pd.DataFrame:
    """Put picks into bins of equal number by score and give the fraction of hits in each.

    Returns
    -------
    DataFrame
        low, high, score (mean), n, precision, and the ends lower and upper of its exact 90 % interval. Read
        as a probability, a score is calibrated where precision equals it; a log-likelihood ratio such as
        Topaz's has to be turned into one first.
    """
    import pandas as pd

    h = np.asarray(hit, bool)
    s = _scores(scores, len(h))
    edges = np.unique(np.quantile(s, np.linspace(0, 1, bins + 1))) if len(s) else np.zeros(0)
    place = np.clip(np.searchsorted(edges, s, side="right") - 1, 0, max(len(edges) - 2, 0))
    rows = []
    for k in np.unique(place):
        inside, right = s[place == k], int(h[place == k].sum())
        n = len(inside)
        ends = fraction_bound(right, n), 1 - fraction_bound(n - right, n)
        rows.append((inside.min(), inside.max(), inside.mean(), n, right / n, *ends))
    return pd.DataFrame(rows, columns=["low", "high", "score", "n", "precision", "lower", "upper"])


def _scores(scores: ArrayLike, n: int) -> NDArray[np.float64]:
    s = np.asarray(scores, dtype=np.float64)
    if s.shape != (n,) or not np.isfinite(s).all():
        raise InputError(f"scores: shape {s.shape} for {n} picks; expected one finite score for each pick.")
    return s
