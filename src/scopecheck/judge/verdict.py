"""The verdict: measured numbers against true ones, within a tolerance declared before the run."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scopecheck.judge import inputs
from scopecheck.judge.estimate import Estimate, estimate
from scopecheck.judge.intervals import fraction_bound, widen
from scopecheck.judge.power import Edges, further_acquisitions
from scopecheck.judge.trainings import over_trainings

# Fewest acquisitions (or noise seeds) with which a verdict may say HOLDS, and FAILS.
FEWEST = {"image": (1, 1), "setting": (5, 5), "population": (5, 2)}
HALF = 0.5  # an acquisition at less than this share of the truth, or at more than its inverse, is far outside
FAR = 5  # on the absolute scale: one that is off by more than this many times the tolerance
ENOUGH = {"HOLDS": 3, "FAILS": 2}  # trainings, where they are a level of their own
SLACK = 1e-9  # allowed for rounding at an edge, as a fraction of the tolerance's width


@dataclass(frozen=True)
class Verdict:
    """What can be said about one measurement, and on what grounds.

    Attributes
    ----------
    word : str or None
        ``HOLDS``, ``FAILS``, ``UNDETERMINED``, or None where no tolerance was declared.
    marks : tuple of str
        ``ON AVERAGE ONLY`` and ``BY CANCELLATION``, where they apply to a HOLDS; ``NOT BETTER THAN CHANCE``
        beside any other word, and where there is none.
    reason : str
        ``too few``, ``too noisy``, ``truth``, ``chance`` or ``no tolerance``; empty for HOLDS and FAILS.
    scope, estimand, scale : str
        As asked.
    bias : float
        Relative: a fraction (0.41 is +41 %). Absolute: in the measurement's unit.
    interval : (float, float) or None
        90 % interval of the bias, widened by `truth_uncertainty`, on the scale of `bias`. None below
        2 acquisitions (for a pooled ratio: with objects in them), but for an image.
    limits : (float, float) or None
        Limits of agreement: where about 95 % of single acquisitions' errors lie. None below 2 acquisitions,
        and where an acquisition has a measured amount but no true one.
    n : int
        Acquisitions (population), noise seeds (setting) or 1 (image).
    tolerance : (float, float) or None
        As declared, (low, high).
    truth_uncertainty : float or None
        Systematic uncertainty of the truth, on the scale of `bias`; None is unknown.
    inside, inside_fraction, inside_bound : int, float, float
        Acquisitions whose own error is inside tolerance, their fraction, and its exact one-sided 95 % lower
        bound; 0, nan, nan without a tolerance.
    far : tuple of int
        Positions of the acquisitions that are far outside, whatever the word: outside tolerance and, on the
        relative scale, at less than half or more than twice the truth; on the absolute scale off by more than
        5 times the tolerance. Empty for an image.
    gross_error : float or None
        (misses + inventions) / number of true objects, averaged like the estimand.
    further : int, str or None
        Further acquisitions (setting: noise seeds) for 80 % power, or ``more than 1,000``; None where none is
        offered.
    trainings : tuple of float
        Bias of each training, judged alone, where several trainings of one network are a level of their own;
        else empty. The interval then holds both levels.
    note : str
        What the reader must know about a degenerate input; empty otherwise.
    """

    word: str | None
    marks: tuple[str, ...]
    reason: str
    scope: str
    estimand: str
    scale: str
    bias: float
    interval: tuple[float, float] | None
    limits: tuple[float, float] | None
    n: int
    tolerance: tuple[float, float] | None
    truth_uncertainty: float | None
    inside: int
    inside_fraction: float
    inside_bound: float
    gross_error: float | None
    further: int | str | None
    note: str = ""
    far: tuple[int, ...] = ()
    trainings: tuple[float, ...] = ()

    @property
    def label(self) -> str:
        """The word with its marks, as printed in a table."""
        return " ".join((self.word or "NOT JUDGED", *self.marks))

    @property
    def sample(self) -> str:
        """What the word speaks of and rests on, e.g. ``population, n = 6, 3 trainings``."""
        level = f", {len(self.trainings)} trainings" if self.trainings else ""
        return f"{self.scope}, n = {self.n}{level}"

    @property
    def claim(self) -> str:
        """What the word says; a truth of unknown uncertainty is called annotation."""
        against = "annotation" if self.truth_uncertainty is None else "the truth"
        verb = {"HOLDS": "agrees with", "FAILS": "disagrees with"}.get(self.word or "", "not decided against")
        return f"{verb} {against}"

    def __str__(self) -> str:
        def show(x: float) -> str:
            return f"{round(x, 3) + 0.0:+.1%}" if self.scale == "relative" else f"{x + 0.0:+.4g}"

        parts = [f"{self.label} [{self.sample}]: bias {show(self.bias)}"]
        if self.trainings:
            parts.append(f"one by one {', '.join(map(show, self.trainings))}")
        if self.interval and (self.scope != "image" or self.truth_uncertainty is not None or self.trainings):
            parts.append(f"90 % interval {show(self.interval[0])} to {show(self.interval[1])}")
        if self.tolerance:
            parts.append(f"tolerance {show(self.tolerance[0])} to {show(self.tolerance[1])}")
        if self.tolerance and self.scope != "image":
            parts.append(f"{self.inside} of {self.n} inside (at least {self.inside_bound:.0%})")
        if self.far:
            some = ", ".join(map(str, self.far[:3])) + (", ..." if len(self.far) > 3 else "")
            parts.append(f"{len(self.far)} of {self.n} far outside (index {some})")
        if self.gross_error is not None:
            parts.append(f"gross error {self.gross_error:.1%}")
        if self.reason:
            parts.append(f"reason: {self.reason}")
        if self.further is not None:
            what = "noise seeds" if self.scope == "setting" else "acquisitions"
            parts.append(f"further {what}: {self.further}")
        return ", ".join(parts) + (f". {self.note}" if self.note else "")


def verdict_words(low: ArrayLike, high: ArrayLike, tolerance: Edges, n: int, scope: str) -> NDArray[np.str_]:
    """Return the word for each interval (low, high) of a bias from `n` acquisitions; shapes broadcast."""
    lo, hi = np.asarray(low), np.asarray(high)
    slack = SLACK * (tolerance[1] - tolerance[0])
    holds = (lo >= tolerance[0] - slack) & (hi <= tolerance[1] + slack) & (n >= FEWEST[scope][0])
    fails = ((hi < tolerance[0] - slack) | (lo > tolerance[1] + slack)) & (n >= FEWEST[scope][1])
    return np.where(holds, "HOLDS", np.where(fails, "FAILS", "UNDETERMINED"))


def agreement(
    measured: ArrayLike,
    true: ArrayLike,
    *,
    scope: str,
    tolerance: float | tuple[float, float] | None,
    scale: str = "relative",
    estimand: str = "per-acquisition mean",
    truth_uncertainty: float | None = None,
    gross_error: ArrayLike | None = None,
    better_than_chance: bool | None = None,
) -> Verdict:
    """Judge measured numbers against true ones.

    HOLDS when the whole 90 % interval of the bias lies inside the tolerance (two one-sided tests at 5 %),
    FAILS when it lies wholly outside, else UNDETERMINED with its reason.

    Parameters
    ----------
    measured, true : array_like, shape (n,)
        In the measurement's unit, over *all* objects: one number per acquisition (scope ``population``), per
        noise seed (``setting``; one true number may stand for all), or a single number (``image``).
        Where one network was trained several times and every training measured the same acquisitions,
        `measured` may have shape (trainings, n): the verdict then speaks of networks trained so, and needs 3
        trainings for HOLDS and 2 for FAILS (`trainings.over_trainings`).
    scope : {"image", "setting", "population"}
        What the verdict speaks of. A population needs 5 acquisitions for HOLDS and 2 for FAILS, a setting 5
        seeds. Planes of a volume, crops, seeds and re-takes are never independent acquisitions.
    tolerance : float, (float, float) or None
        0.10 on the relative scale accepts ratios from 0.9 to 1.1. None gives no word.
    scale : {"relative", "absolute"}
        Errors as ratios, or as differences in the unit.
    estimand : {"per-acquisition mean", "pooled ratio"}
        Mean error of an acquisition, each counting alike, or sum of measured over sum of true.
    truth_uncertainty : float, optional
        Systematic uncertainty u of the truth, a fraction (relative) or in the unit (absolute). It moves both
        ends of the interval outwards: absolute to low - u and high + u, relative to (1 + low) / (1 + u) - 1
        and (1 + high) / (1 - u) - 1. Above the tolerance's half-width nothing is decided. None: unknown.
    gross_error : float or array_like, shape (n,), optional
        For counts, (misses + inventions) / number of true objects, of each acquisition or pooled. With
        trainings also (trainings, n), averaged over them.
    better_than_chance : bool, optional
        Whether the things that were measured agree with the true ones better than at random places
        (`measure.chance`). Where they do not, nothing HOLDS: a number that agrees says nothing about them.
        The word is then FAILS or UNDETERMINED, reason ``chance``, marked NOT BETTER THAN CHANCE. None: not
        asked.

    Returns
    -------
    Verdict

    Raises
    ------
    ValueError
        For NaN or infinite numbers (naming the index), empty or unequal lists, unknown words, a tolerance
        without 0 in it, and on the relative scale for negative numbers or a truth of 0 (pooled: all of 0).

    Notes
    -----
    Relative errors are averaged as log ratios, continued in a straight line below 1/2 (`estimate.to_scale`),
    so that an acquisition that found nothing counts as -1.69, and a little more than one that found a little.
    An interval's end that would lie below total loss is -100 %.

    Making an acquisition worse that is already at least as far off as the mean, on the side of the bias,
    never turns another word into HOLDS: the end of the interval on that side moves further out. No worsening
    of any acquisition raises the number inside tolerance. Other worsenings can turn a word into HOLDS, as for
    any interval of a mean: one that makes errors more alike, or one that balances errors of the other sign.

    Degenerate inputs. A pooled ratio allows zeros on both sides; acquisitions whose
    truth is 0 do not count towards the fewest that a word needs. One acquisition of a population has a bias
    and no interval. Without any spread the interval has no width, which proves little about the next
    acquisition; the note says so.

    References
    ----------
    Schuirmann (1987), doi:10.1007/BF01068419. Bland and Altman (1986), doi:10.1016/S0140-6736(86)90837-8.
    Clopper and Pearson (1934), doi:10.1093/biomet/26.4.404.

    Examples
    --------
    Six fields, counted 1 % high on average; a tolerance of 10 % was declared before.

    >>> from scopecheck import judge
    >>> verdict = judge.agreement(
    ...     [101, 103, 100, 99, 102, 101], [100] * 6, scope="population", tolerance=0.1, truth_uncertainty=0
    ... )
    >>> verdict.word, round(verdict.bias, 3)
    ('HOLDS', 0.01)
    """
    inputs.check_choice("scope", scope, inputs.SCOPES)
    inputs.check_choice("scale", scale, inputs.SCALES)
    inputs.check_choice("estimand", estimand, inputs.ESTIMANDS)
    relative, pooled = scale == "relative", estimand == "pooled ratio"
    if pooled and not relative:
        raise ValueError("a pooled ratio is relative by nature; use estimand='per-acquisition mean'")
    m, t = inputs.measured_and_true(measured, true, scope)
    edges, u = inputs.tolerance_pair(tolerance), inputs.uncertainty(truth_uncertainty)
    gross, gross_objects = inputs.gross(inputs.averaged(gross_error, m), t, pooled)
    inputs.yes_no("better_than_chance", better_than_chance)
    if relative:
        for row in np.atleast_2d(m):
            inputs.check_ratio(row, t, estimand)
    trainings: tuple[float, ...] = ()
    if m.ndim == 2:
        got, trainings = over_trainings(m, t, scope, relative, pooled)
    else:
        got = estimate(m, t, scope, relative, pooled)
    answer = Verdict(
        word=None,
        marks=(),
        reason="no tolerance",
        scope=scope,
        estimand=estimand,
        scale=scale,
        bias=got.bias,
        interval=None if got.ends is None else widen(*got.ends, u or 0.0, relative),
        limits=got.limits,
        n=t.size,
        tolerance=edges,
        truth_uncertainty=u,
        inside=0,
        inside_fraction=float("nan"),
        inside_bound=float("nan"),
        gross_error=gross,
        further=None,
        note=got.note,
        far=() if scope == "image" else far_outside(got.own, edges, relative),
        trainings=trainings,
    )
    if edges is not None:
        answer = _word(answer, got, gross_objects)
    return _by_chance(answer) if better_than_chance is not None and not better_than_chance else answer


def _word(answer: Verdict, got: Estimate, gross_objects: float) -> Verdict:
    """The verdict with its word, by what is inside the declared tolerance."""
    assert answer.tolerance is not None
    edges, u, gross, n = answer.tolerance, answer.truth_uncertainty, answer.gross_error, answer.n
    relative = answer.scale == "relative"
    slack = SLACK * (edges[1] - edges[0])
    inside = int(np.sum((got.own >= edges[0] - slack) & (got.own <= edges[1] + slack)))
    bound = fraction_bound(inside, n)
    answer = replace(answer, inside=inside, inside_fraction=inside / n, inside_bound=bound)
    if u is not None and u > (edges[1] - edges[0]) / 2 + slack:
        return replace(answer, word="UNDETERMINED", reason="truth")
    word = "UNDETERMINED"
    if answer.interval is not None:
        word = str(verdict_words(*answer.interval, edges, got.informative, answer.scope))
    if few := 0 < len(answer.trainings) < ENOUGH.get(word, 0):
        word = "UNDETERMINED"
    if word == "UNDETERMINED":
        reason, further = _why(got, edges, u or 0.0, answer.scope, relative, bool(answer.trainings))
        return replace(answer, word=word, reason="too few" if few else reason, further=further)
    marks: list[str] = []
    if word == "HOLDS" and 5 * inside < 4 * n:
        marks.append("ON AVERAGE ONLY")
    excess = gross_objects if gross is not None and not relative else gross or 0.0
    if word == "HOLDS" and excess > max(-edges[0], edges[1]) + slack:
        marks.append("BY CANCELLATION")
    return replace(answer, word=word, marks=tuple(marks), reason="")


def _by_chance(answer: Verdict) -> Verdict:
    """The verdict on things that agree no better than at random places: never HOLDS, and no offer."""
    marked = replace(answer, marks=("NOT BETTER THAN CHANCE",))
    if answer.word in (None, "FAILS"):
        return marked
    return replace(marked, word="UNDETERMINED", reason="chance", further=None)


def far_outside(own: NDArray, edges: Edges | None, relative: bool) -> tuple[int, ...]:
    """Return the positions of acquisitions so far off that no average should hide them; see `Verdict.far`."""
    low, high = edges or ((0.0, 0.0) if relative else (-np.inf, np.inf))
    most = FAR * max(-low, high)
    near = (-HALF, 1 / HALF - 1) if relative else (-most, most)
    return tuple(np.flatnonzero((own < min(low, near[0])) | (own > max(high, near[1]))).tolist())


def _why(
    got: Estimate, edges: Edges, u: float, scope: str, relative: bool, trained: bool
) -> tuple[str, int | str | None]:
    """Return the reason for UNDETERMINED, and the further acquisitions on offer (with trainings: none)."""
    low, high = edges
    if relative:  # what the data's own interval must clear, given what the truth's uncertainty takes away
        inner = (1 + low) * (1 + u) - 1, (1 + high) * (1 - u) - 1
        outer = (1 + low) * (1 - u) - 1, (1 + high) * (1 + u) - 1
    else:
        inner, outer = (low + u, high - u), (low - u, high + u)
    few = got.informative < FEWEST[scope][0]
    undecidable = outer[0] <= got.bias <= inner[0] or inner[1] <= got.bias <= outer[1]
    if (scope == "image" and not trained) or (u > 0 and undecidable):
        return "truth", None
    if trained:
        return ("too few" if few else "too noisy"), None
    further: int | str | None = None
    if got.ends is not None:
        values = np.array([got.bias, *inner, *outer])
        bias, hold_low, hold_high, fail_low, fail_high = got.scaled(values).tolist()
        narrow, wide = (hold_low, hold_high), (fail_low, fail_high)
        further = further_acquisitions(bias, got.sd, got.informative, narrow, wide, FEWEST[scope])
    return ("too few" if few else "too noisy"), further
