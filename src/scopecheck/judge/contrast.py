"""A difference between two conditions, judged: numbers in, verdict out.

What is published is how many times as much there is in one condition as in another, or how much more. The
tool's error in it is the difference of its errors in the two conditions: a bias that both share cancels, and
one that they do not share makes an effect out of nothing, or hides one.

Several fields of one well or animal become one number first (``levels``); the intervals are in
``contrast_intervals``, and the simulation that tries them in ``contrast_calibration``.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scopecheck.judge import inputs
from scopecheck.judge.contrast_intervals import (
    difference_interval,
    paired_pooled_interval,
    pooled_interval_of_two,
)
from scopecheck.judge.estimate import NO_SPREAD, Estimate
from scopecheck.judge.intervals import limits_of_agreement, mean_interval, widen
from scopecheck.judge.levels import log_ratios
from scopecheck.judge.verdict import Verdict, _word, agreement, far_outside

Side = tuple[ArrayLike, ArrayLike]  # measured and true numbers of one condition
Tolerance = float | tuple[float, float] | None
FEWEST_EACH = 2  # replicates in a condition: one has no spread, so that its part in the error is not known
DIFFERENTIAL = "DIFFERENTIAL"
ALIKE = "EQUALLY BIASED"


@dataclass(frozen=True)
class Contrast:
    """What can be said about a difference between two conditions.

    Attributes
    ----------
    verdict : Verdict
        On the difference. Relative: its bias is that of the ratio of the two conditions (0.41: the ratio is
        41 % too high). Absolute: that of their difference. Its marks are those of `Verdict`, and

        - ``DIFFERENTIAL`` where each condition HOLDS alone and the difference does not,
        - ``EQUALLY BIASED`` where each condition FAILS alone and the difference HOLDS.

        `n`, `inside` and `far` count pairs, or, unpaired, the replicates of both conditions, those of `of`
        first: a replicate is inside where the difference would be if it stood for its whole condition. The
        bound of the fraction inside is exact for pairs alone.
        `further` is for the condition with fewer replicates, the other growing in proportion.
    of, over : Verdict
        Each condition alone.
    n : (int, int)
        Independent replicates of `of` and of `over`.
    measured, true : float
        What would be published: the ratio `of` / `over` of geometric means (pooled ratio: of means), or the
        difference of means. NaN where a geometric mean has a 0 in it.
    paired : bool
    """

    verdict: Verdict
    of: Verdict
    over: Verdict
    n: tuple[int, int]
    measured: float
    true: float
    paired: bool


def contrast(
    of: Side,
    over: Side,
    *,
    scope: str,
    tolerance: Tolerance,
    alone: tuple[Tolerance, Tolerance] | None = None,
    scale: str = "relative",
    estimand: str = "per-acquisition mean",
    paired: bool = False,
    truth_uncertainty: float | tuple[float | None, float | None] | None = None,
    left_uncertainty: float | None = None,
) -> Contrast:
    """Judge the difference between two conditions, `of` over (or minus) `over`, against the true one.

    The error is mean error of `of` less mean error of `over`: log ratios (relative; the result is the error
    of the ratio of geometric means), differences (absolute), or logs of summed ratios (pooled ratio; the
    error of the ratio of means). The words follow from its 90 % interval
    as in `judge.agreement`.

    Parameters
    ----------
    of, over : (array_like, array_like), shapes (n,) and (n,)
        Measured and true numbers of each condition, in the measurement's unit, one of each independent
        replicate; see `levels.level_means` where a replicate has several fields.
    scope : {"image", "setting", "population"}
        As in `judge.agreement`; a population needs 5 replicates in each condition for HOLDS and 2 for FAILS.
        ``image`` is for one pair alone: two measurements of one acquisition.
    tolerance : float, (float, float) or None
        Of the difference: 0.10 on the relative scale accepts ratios of ratios from 0.9 to 1.1.
    alone : (tolerance, tolerance), optional
        Of each condition alone; by default the same.
    scale, estimand : str
        As in `judge.agreement`.
    paired : bool
        Whether the numbers of `of` and `over` belong together one by one, in this order: the same animals or
        fields under both conditions. What the two have in common then cancels pair by pair.
    truth_uncertainty : float or (float, float), optional
        Systematic uncertainty of the truth in each condition. None: unknown.
    left_uncertainty : float, optional
        What is left of it in the difference. By default the worst: both truths are off in opposite
        directions. 0 where they are off alike, as where one truth serves both.

    Returns
    -------
    Contrast

    Raises
    ------
    ValueError
        As `judge.agreement`, naming the condition; for fewer than 2 replicates in a condition, pairs of
        unequal number, a pooled ratio of a condition in which nothing was measured, and geometric means of
        one in which nothing was measured in some replicate.

    Notes
    -----
    Unpaired: Welch's interval, degrees of freedom by Satterthwaite; below 5 replicates in a condition a wider
    one (`contrast_intervals.difference_interval`). Paired: Student's interval of the differences. A pooled
    ratio: jackknife intervals, put together so. `judge.agreement` averages log ratios along a straight line
    where less than half was measured; here they are logs throughout, since what is published is a ratio, and
    that of geometric means does not exist where one of them holds a 0. Swapping the conditions turns the sign
    of the error on the log (or absolute) scale.

    References
    ----------
    Welch (1947), doi:10.1093/biomet/34.1-2.28. Satterthwaite (1946), doi:10.2307/3002019. Schuirmann (1987),
    doi:10.1007/BF01068419.

    Examples
    --------
    A tool finds 9 in 10 in every control field and 7 in 10 in every treated one. Nothing was different.

    >>> from scopecheck.judge.contrast import contrast
    >>> treated = [70, 71, 69, 70, 72, 70], [100] * 6
    >>> control = [90, 91, 89, 90, 92, 90], [100] * 6
    >>> answer = contrast(treated, control, scope="population", tolerance=0.1, truth_uncertainty=0)
    >>> answer.verdict.word, round(answer.measured, 2), round(answer.true, 2)
    ('FAILS', 0.78, 1.0)
    """
    inputs.yes_no("paired", paired)
    relative, pooled = scale == "relative", estimand == "pooled ratio"
    doubts = truth_uncertainty if isinstance(truth_uncertainty, tuple) else (truth_uncertainty,) * 2
    limits = (tolerance, tolerance) if alone is None else alone
    singles = []
    for name, side, limit, doubt in zip(("of", "over"), (of, over), limits, doubts, strict=True):
        try:
            rules = {"scope": scope, "tolerance": limit, "scale": scale, "estimand": estimand}
            singles.append(agreement(*side, **rules, truth_uncertainty=doubt))  # type: ignore[arg-type]
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
    sides = [inputs.paired(*side, scope) for side in (of, over)]
    _check_numbers(sides, scope, bool(paired), relative, pooled)
    left = inputs.uncertainty(left_uncertainty)
    if left is None:
        left = opposed(doubts[0], doubts[1], relative)
    got = _estimate(sides, scope, relative, pooled, bool(paired))
    edges = inputs.tolerance_pair(tolerance)
    answer = Verdict(
        word=None,
        marks=(),
        reason="no tolerance",
        scope=scope,
        estimand=estimand,
        scale=scale,
        bias=got.bias,
        interval=None if got.ends is None else widen(*got.ends, left or 0.0, relative),
        limits=got.limits,
        n=got.own.size,
        tolerance=edges,
        truth_uncertainty=left,
        inside=0,
        inside_fraction=float("nan"),
        inside_bound=float("nan"),
        gross_error=None,
        further=None,
        note=got.note,
        far=() if scope == "image" else far_outside(got.own, edges, relative),
    )
    if edges is not None:
        answer = _word(answer, got, 0.0)
        beside = mark(singles[0].word, singles[1].word, answer.word)
        answer = replace(answer, marks=answer.marks + beside)
    sizes = sides[0][0].size, sides[1][0].size
    told = (
        published(sides[0][0], sides[1][0], scale, estimand),
        published(sides[0][1], sides[1][1], scale, estimand),
    )
    return Contrast(answer, singles[0], singles[1], sizes, *told, bool(paired))


def opposed(of: float | None, over: float | None, relative: bool) -> float | None:
    """Return how far a true difference may be off where the two truths are off in opposite directions.

    Absolute: the sum. Relative: 1 + that is (1 + larger) / (1 - smaller) at its worst, so that `widen` covers
    both ends. None where one of them is unknown; infinity from 100 % on.
    """
    if of is None or over is None:
        return None
    if not relative:
        return of + over
    return max((1 + a) / (1 - b) - 1 if b < 1 else np.inf for a, b in ((of, over), (over, of)))


def _check_numbers(
    sides: list[tuple[NDArray, NDArray]], scope: str, paired: bool, relative: bool, pooled: bool
) -> None:
    """Refuse too few replicates, pairs of unequal number, and sums that have no ratio."""
    sizes = [m.size for m, _ in sides]
    if paired and sizes[0] != sizes[1]:
        raise ValueError(f"of has {sizes[0]} numbers and over has {sizes[1]}; expected pairs, in one order")
    if scope == "image":
        if not paired:
            raise ValueError(
                "scope 'image' judges one pair; two acquisitions need paired=True or more of each"
            )
        m, t = sides[1]
        if relative and m[0] == 0 < t[0]:
            raise ValueError("over: nothing was measured, so the ratio does not exist; use scale='absolute'")
        return
    for name, (m, t) in zip(("of", "over"), sides, strict=True):
        some = int(np.sum(t > 0)) if pooled else m.size
        if some < FEWEST_EACH:
            what = "replicates whose truth is above 0" if pooled else "replicates"
            raise ValueError(f"{name} has {some} {what}; a difference needs at least {FEWEST_EACH} in each")
        if pooled and m.sum() == 0:
            raise ValueError(
                f"{name}: every measured value is 0, so the measured ratio does not exist;"
                " use scale='absolute'"
            )
        if relative and not pooled and (lost := int(((m == 0) & (t > 0)).sum())):
            raise ValueError(
                f"{name}: nothing was measured in {lost} of {m.size} replicates, so the ratio of geometric"
                " means does not exist; use estimand='pooled ratio' or scale='absolute'"
            )


def _estimate(
    sides: list[tuple[NDArray, NDArray]], scope: str, relative: bool, pooled: bool, paired: bool
) -> Estimate:
    """The bias of the difference and what surrounds it, in the form in which `agreement` gives its words."""
    (m1, t1), (m2, t2) = sides
    back = np.expm1 if relative else np.asarray
    errors = [log_ratios(m, t) if relative else m - t for m, t in sides]
    centres = [float(one.mean()) for one in errors]
    if pooled:
        centres = [float(np.log(m.sum() / t.sum())) for m, t in sides]
    with np.errstate(invalid="ignore", over="ignore"):
        if paired:
            own = back(errors[0] - errors[1])
        else:
            own = back(np.concatenate([errors[0] - centres[1], centres[0] - errors[1]]))
    bias = float(back(centres[0] - centres[1]))
    if scope == "image" and relative and m2[0] > 0:  # one pair needs no scale on which to average
        bias = float(m1[0] / t1[0] / (m2[0] / t2[0]) - 1)
        own = np.array([bias])
    scaled = _log if relative else np.asarray
    if scope == "image":
        return Estimate(bias, (bias, bias), None, own, scaled, 0.0, 1, "")
    if pooled:
        low, high, se = (
            paired_pooled_interval(m1, t1, m2, t2) if paired else pooled_interval_of_two(m1, t1, m2, t2)
        )
        few = int(np.sum((t1 > 0) & (t2 > 0))) if paired else min(int(np.sum(t > 0)) for t in (t1, t2))
    else:
        low, high, se = mean_interval(errors[0] - errors[1]) if paired else difference_interval(*errors)
        few = min(m1.size, m2.size)
    with np.errstate(over="ignore"):
        ends = float(back(low)), float(back(high))
        limits = _limits(errors, paired)
        told = None if limits is None else (float(back(limits[0])), float(back(limits[1])))
    note = NO_SPREAD if se == 0 else ""
    return Estimate(bias, ends, told, own, scaled, float(se * np.sqrt(few)), few, note)


def _log(bias: NDArray) -> NDArray:
    return np.log(np.clip(1 + bias, 1e-300, None))


def _limits(errors: list[NDArray], paired: bool) -> tuple[float, float] | None:
    """Where about 95 % of the differences lie, of single pairs or of one replicate of each condition."""
    if not all(np.isfinite(one).all() for one in errors):
        return None
    if paired:
        low, high = limits_of_agreement(errors[0] - errors[1])
        return float(low), float(high)
    centre = errors[0].mean() - errors[1].mean()
    spread = 1.96 * np.sqrt(sum(one.var(ddof=1) for one in errors))
    return float(centre - spread), float(centre + spread)


def mark(of: str | None, over: str | None, word: str | None) -> tuple[str, ...]:
    """Return the mark of a difference's `word` beside the words on each condition alone; none, or one."""
    if of == over == "HOLDS" and word in ("FAILS", "UNDETERMINED"):
        return (DIFFERENTIAL,)
    return (ALIKE,) if of == over == "FAILS" and word == "HOLDS" else ()


def published(of: NDArray, over: NDArray, scale: str, estimand: str) -> float:
    """Return a difference between two lists of numbers as one would publish it; see `Contrast`."""
    if scale != "relative":
        return float(of.mean() - over.mean())
    if estimand == "pooled ratio":
        return float(of.mean() / over.mean())
    if min(of.min(), over.min()) <= 0:
        return float("nan")
    return float(np.exp(np.log(of).mean() - np.log(over).mean()))
