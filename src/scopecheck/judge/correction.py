"""A tool's number for every field and the truth for a few of them: the number of the whole study, corrected.

Read in this order: `corrected` (the answer), `slope` and `residual_error` (what it rests on), `exchangeable`
(may the annotated fields speak for the rest?) and `next_fields` (which to annotate next). How often the
interval covers is counted in ``correction_calibration``.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special, stats

from scopecheck.judge.inputs import check_choice, numbers
from scopecheck.judge.intervals import LEVEL

ESTIMANDS = ("mean", "total", "pooled ratio")
SCOPES = ("study", "population")
FEWEST = 3
TUNED_FROM = 8  # annotated fields; a weight learned from fewer makes the interval wider, not narrower
ALARM = 0.05
DRAWS = 1_999
DRAWN_AT_ONCE = 2_000  # fields of a stratum up to which all draws are made in one array
NO_SPREAD = (
    "What the tool leaves is the same on every annotated field, so nothing tells how wide the interval has to"
    " be: its width of 0 is no precision. Rare events look like this until one is met: annotate more fields."
)
BATCH = 32  # columns given to the package at once: its work grows with their square


@dataclass(frozen=True)
class Corrected:
    """The number of a whole study, corrected by the fields whose truth is known.

    Attributes
    ----------
    estimand, scope : str
        As asked of `corrected`.
    n, n_all : int
        Annotated fields, and all fields of the study.
    value : float
        The corrected number, in the unit of the numbers given (a total: summed over the study's fields).
    interval : (float, float)
        Its 90 % interval.
    alone, alone_interval : float, (float, float)
        The same from the annotated fields alone, without the tool.
    uncorrected : float
        The tool's own number over all fields.
    weight : float
        How far the tool is followed: 0 not at all, 1 as it is (of PPI++; see `slope` for its scale).
    tuned : bool
        Whether the weight was learned, which takes 8 annotated fields.
    equivalent : int
        Annotated fields alone, without the tool, that would give as narrow an interval, if their spread is
        that of the annotated ones; at most `n_all`. Below `n` the tool is of no help.
    df : float
        Degrees of freedom of the t quantile.
    strata : int
        Strata in which the fields were drawn or are compared; 1 is none.
    note : str
        What the reader must know about a degenerate input; empty otherwise.
    """

    estimand: str
    scope: str
    n: int
    n_all: int
    value: float
    interval: tuple[float, float]
    alone: float
    alone_interval: tuple[float, float]
    uncorrected: float
    weight: float
    tuned: bool
    equivalent: int
    df: float
    strata: int
    note: str
    _spread: float  # standard deviation of what the tool leaves, a field; scaled by `_times`
    _enlarged: float  # by how much leverage enlarges it among these n fields, a fraction; less among more
    _floor: float  # variance that no annotation of these fields takes away; 0 in a study
    _times: float

    @property
    def half_width(self) -> float:
        """Half the width of the interval."""
        return (self.interval[1] - self.interval[0]) / 2

    def further(self, half_width: float) -> int | None:
        """Further annotated fields that bring the half-width to `half_width`, the spread staying as it is.

        0 where it is reached already; None where not even the truth of all these fields would do.
        """
        m = np.arange(self.n, self.n_all + 1)
        reached = np.flatnonzero(self._half(m) <= half_width * (1 + 1e-9))
        return int(reached[0]) if reached.size else None

    def _half(self, m: NDArray) -> NDArray:
        spread = self._spread * (1 + self._enlarged * self.n / m)
        variance = spread**2 * (1 / m - 1 / self.n_all) + self._floor
        return self._times * quantile(self.df + m - self.n) * np.sqrt(variance)


def corrected(
    predicted: ArrayLike,
    annotated: Sequence[int] | NDArray,
    true: ArrayLike,
    *,
    estimand: str = "mean",
    scope: str = "study",
    strata: ArrayLike | None = None,
    predicted_per: ArrayLike | None = None,
    true_per: ArrayLike | None = None,
) -> Corrected:
    """Correct a tool's number over all fields of a study by the truth of a few of them.

    Prediction-powered inference: the tool's mean over all fields, times a weight, plus the mean of what it
    leaves on the annotated fields. Point estimate and weight (power tuning) are those of the package
    ``ppi-python``; the interval is ours, since the package's is a normal one for many annotated fields out of
    infinitely many.

    Parameters
    ----------
    predicted : array_like, shape (N,)
        The tool's number on every field.
    annotated : sequence of int, shape (n,)
        Positions of the annotated fields in `predicted`, each once, 3 at least. They must be a random sample
        of the study, or of each stratum.
    true : array_like, shape (n,)
        Their true numbers, in the same unit.
    estimand : {"mean", "total", "pooled ratio"}
        Mean of a field, sum over all fields of the study, or the sum of this number over the sum of another
        (positive cells over cells).
    scope : {"study", "population"}
        ``study``: the number of these N fields. Then only the draw of the annotated fields is random, the
        fields need not be independent of each other, and with n = N nothing is left to doubt. ``population``:
        the number of the population of which the N fields are themselves an independent random sample; the
        interval also holds that the study's fields might have been others. It has no total.
    strata : array_like, shape (N,), optional
        A label a field. The annotated fields are then a random sample within each stratum (2 or more of
        each), and strata count by their share of the study.
    predicted_per, true_per : array_like, shapes (N,) and (n,)
        For the pooled ratio: the number below the line, by the tool and true.

    Returns
    -------
    Corrected

    Raises
    ------
    ValueError
        For unequal lengths, NaN, fewer than 3 annotated fields or than 2 in a stratum, a field named twice, a
        ratio over nothing, or a total of a population.
    ImportError
        Where ``ppi-python`` is not installed.

    Notes
    -----
    For a finite study the point estimate is the regression estimator of survey sampling, and its variance
    carries the finite population correction 1 - n / N. The half-width is Student's quantile times the
    standard error of the residuals. From 8 annotated fields on the weight is learned: residuals are enlarged
    by their leverage and there are n - 2 degrees of freedom. With fewer the tool is followed as it is (weight
    1, n - 1 degrees of freedom), since a weight learned from so few makes the interval wider than that of the
    annotated fields alone. Over strata the degrees of freedom are Satterthwaite's. A ratio is linearised
    (Cochran).

    References
    ----------
    Angelopoulos et al. (2023), Prediction-powered inference, doi:10.1126/science.adi6000. Angelopoulos, Duchi
    and Zrnic (2023), PPI++, arXiv:2311.01453 (the weight). Cochran, Sampling Techniques, 3rd ed., Wiley 1977,
    chapters 5 to 7. Satterthwaite (1946), doi:10.2307/3002019.

    Examples
    --------
    A tool that finds about a fifth too few in each of eight fields; four were counted by a person.

    >>> from scopecheck.judge.correction import corrected
    >>> tool = [80, 41, 99, 62, 78, 121, 57, 88]
    >>> answer = corrected(tool, [0, 2, 3, 5], [100, 125, 76, 150])
    >>> round(answer.uncorrected, 1), round(answer.value, 1), [round(end) for end in answer.interval]
    (78.2, 100.5, [95, 106])
    """
    check_choice("estimand", estimand, ESTIMANDS)
    check_choice("scope", scope, SCOPES)
    if (estimand, scope) == ("total", "population"):
        raise ValueError("a population has no total; ask for its mean, or for the total of the study")
    f, at, y = _fields(predicted, annotated, true, "")
    groups = _strata(strata, f.size, at)
    times = float(f.size) if estimand == "total" else 1.0
    if estimand == "pooled ratio":
        if predicted_per is None or true_per is None:
            raise ValueError("a pooled ratio needs predicted_per and true_per, the numbers below the line")
        g, _, x = _fields(predicted_per, annotated, true_per, "_per")
    else:
        g, x = np.ones(f.size), np.ones(at.size)
    shares = [(np.flatnonzero(groups == one), np.flatnonzero(groups[at] == one)) for one in np.unique(groups)]
    first = _mean(y, shares, f.size) / _below(_mean(x, shares, f.size))
    ratio = estimand == "pooled ratio"
    weight, tuned, note = _weight(y - ratio * first * x, f - ratio * first * g, at, shares)
    top, below = (_point(a, b, at, weight, shares) for a, b in ((y, f), (x, g)))
    value = top / _below(below)
    over = below if ratio else 1.0
    left = (y - ratio * value * x - weight * (f - ratio * value * g)[at]) / over
    own = (y - ratio * first * x) / (_mean(x, shares, f.size) if ratio else 1.0)
    plain, _ = _stratified_error(left, shares, f.size, int(tuned))
    if tuned:
        left = _enlarged_within(left, (f - ratio * value * g)[at], shares)
    floor = float(_variance_between(own, shares, f.size)) / f.size if scope == "population" else 0.0
    se, df = _stratified_error(left, shares, f.size, int(tuned))
    se_alone, df_alone = _stratified_error(own, shares, f.size, 0)
    scale = 1 / at.size - 1 / f.size
    half = float(quantile(df) * np.sqrt(se**2 + floor))
    half_alone = float(quantile(df_alone) * np.sqrt(se_alone**2 + floor))
    m = np.arange(2, f.size + 1)
    unit = se_alone**2 / scale if scale else 0.0
    by_alone = quantile(np.maximum(df_alone + m - at.size, 1)) * np.sqrt(unit * (1 / m - 1 / f.size) + floor)
    enough = np.flatnonzero(by_alone <= half * (1 + 1e-9))
    equivalent = int(m[enough[0]]) if enough.size else f.size
    if not se_alone:  # nothing that another number of fields could make narrower
        equivalent = at.size
    if not se and at.size < f.size:
        note = f"{note} {NO_SPREAD}".strip()
    return Corrected(
        estimand=estimand,
        scope=scope,
        n=at.size,
        n_all=f.size,
        value=times * value,
        interval=(times * (value - half), times * (value + half)),
        alone=times * first,
        alone_interval=(times * (first - half_alone), times * (first + half_alone)),
        uncorrected=float(times * f.mean() / _below(g.mean())),
        weight=weight,
        tuned=tuned,
        equivalent=equivalent,
        df=df,
        strata=len(shares),
        note=note,
        _spread=float(np.sqrt(plain**2 / scale)) if scale else 0.0,
        _enlarged=se / plain - 1 if plain else 0.0,
        _floor=floor,
        _times=times,
    )


def _fields(
    predicted: ArrayLike, annotated: Any, true: ArrayLike, name: str
) -> tuple[NDArray, NDArray, NDArray]:
    f, y, at = numbers(f"predicted{name}", predicted), numbers(f"true{name}", true), np.asarray(annotated)
    if at.ndim != 1 or at.dtype.kind not in "iu" or at.size != y.size:
        raise ValueError(
            f"annotated must hold {y.size} whole numbers, the positions of true{name}; got {annotated!r}"
        )
    if at.size < FEWEST:
        raise ValueError(
            f"{at.size} annotated fields; expected {FEWEST} or more, drawn at random from the study"
        )
    if at.min() < 0 or at.max() >= f.size:
        raise ValueError(f"annotated names position {int(at.max())}, but the study has {f.size} fields")
    if np.unique(at).size < at.size:
        raise ValueError("annotated names a field twice; give each field once")
    return f, at, y


def _strata(strata: ArrayLike | None, n_all: int, at: NDArray) -> NDArray:
    if strata is None:
        return np.zeros(n_all, int)
    labels = np.asarray(strata)
    if labels.shape != (n_all,):
        raise ValueError(
            f"strata has shape {labels.shape}; expected one label for each of the {n_all} fields"
        )
    _, groups = np.unique(labels, return_inverse=True)
    held = np.bincount(groups[at], minlength=groups.max() + 1)
    for one, count in enumerate(held):
        if count < 2 and count < (groups == one).sum():
            name = labels[np.flatnonzero(groups == one)[0]]
            raise ValueError(
                f"stratum {name} has {count} annotated fields; expected 2 or more, or fewer strata"
            )
    return groups


Shares = list[tuple[NDArray, NDArray]]  # of each stratum: positions in the study, and among the annotated


def _mean(y: NDArray, shares: Shares, n_all: int) -> float:
    return float(sum(every.size / n_all * y[mine].mean() for every, mine in shares))


def _below(value: float) -> float:
    if not value:
        raise ValueError("the number below the line is 0, so no ratio exists")
    return value


def _weight(y: NDArray, f: NDArray, at: NDArray, shares: Shares) -> tuple[float, bool, str]:
    """How far to follow the tool, by what varies within strata; whether that was learned; and a note."""
    if np.ptp(f) <= 1e-12 * np.abs(f).max():
        same = "The tool gives every field the same number and cannot help: the annotated fields alone count."
        return 0.0, False, same
    if at.size == f.size or at.size - len(shares) + 1 < TUNED_FROM:
        return 1.0, False, ""
    mine, within = np.empty(at.size), f.astype(float)
    for every, inside in shares:
        mine[inside] = y[inside] - y[inside].mean()
        within[every] -= f[every].mean()
    rest = np.setdiff1d(np.arange(f.size), at)
    return float(slope(mine[:, None], within[at, None], within[rest, None])[0]), True, ""


def package() -> Any:
    """The package ``ppi-python``; importing it would switch off all warnings, which is undone."""
    with warnings.catch_warnings():
        try:
            from ppi_py import ppi
        except ImportError:
            raise ImportError(
                "this needs ppi-python, which is optional: pip install 'scopecheck[correct]'"
            ) from None
    return ppi


def slope(y: NDArray, f: NDArray, rest: NDArray) -> NDArray:
    """The weight of the tool's numbers, by the package's power tuning.

    Parameters
    ----------
    y, f : ndarray, shape (n, T)
        True numbers and the tool's of the annotated fields, for each of T studies.
    rest : ndarray, shape (N - n, T)
        The tool's numbers of the other fields.

    Returns
    -------
    ndarray, shape (T,)
        lambda N / (N - n). The package weighs the tool's mean over the *other* fields by lambda, in [0, 1];
        the same estimate weighs its mean over *all* fields by this. 0 where the tool's numbers are all the
        same.
    """
    ppi, found = package(), np.empty(y.shape[1])
    for start in range(0, y.shape[1], BATCH):
        part = slice(start, start + BATCH)
        size = np.eye(found[part].size)
        with np.errstate(invalid="ignore", divide="ignore"):
            found[part] = ppi._calc_lam_glm(
                y[:, part], f[:, part], rest[:, part], size, clip=True, optim_mode="element"
            )
    return np.nan_to_num(found) * (len(y) + len(rest)) / len(rest)


def estimate(y: NDArray, f: NDArray, everyone: NDArray, weight: NDArray | float) -> NDArray:
    """The package's point estimate of the mean; shapes (n, T), (n, T), (N, T) and (T,) give (T,)."""
    return np.atleast_1d(package().ppi_mean_pointestimate(y, f, everyone, lam=weight))


def _point(y: NDArray, f: NDArray, at: NDArray, weight: float, shares: Shares) -> float:
    parts = [
        every.size / f.size * estimate(y[mine], f[at[mine]], f[every], weight).item()
        for every, mine in shares
    ]
    return float(sum(parts))


def residual_error(left: NDArray, n_all: int, lost: int) -> NDArray:
    """Standard error of the mean of residuals of shape (n, ...), drawn without replacement from `n_all`."""
    n = len(left)
    square = ((left - left.mean(0)) ** 2).sum(0) / max(n - 1 - lost, 1)
    return np.sqrt(square * (1 / n - 1 / n_all))


def enlarged(left: NDArray, centred: NDArray) -> NDArray:
    """Residuals, shape (n, ...), divided by the root of 1 less their field's leverage on the slope.

    `centred` are the tool's numbers less their mean. MacKinnon and White (1985),
    doi:10.1016/0304-4076(85)90158-7.
    """
    square = centred**2
    total = square.sum(0)
    leverage = np.divide(square, total, out=np.zeros_like(square), where=total > 0)
    return left / np.sqrt(np.maximum(1 - leverage / max(1 - 1 / len(left), 0.5), 1e-3))


def _enlarged_within(left: NDArray, f: NDArray, shares: Shares) -> NDArray:
    residual, centred = left.copy(), f.copy()
    for _, mine in shares:
        residual[mine] -= left[mine].mean()
        centred[mine] -= f[mine].mean()
    return left - residual + enlarged(residual, centred)


def quantile(df: ArrayLike) -> Any:
    """Student's quantile of the 90 % interval."""
    return special.stdtrit(df, 0.5 + LEVEL / 2)


def _stratified_error(left: NDArray, shares: Shares, n_all: int, lost: int) -> tuple[float, float]:
    """Standard error over the strata and Satterthwaite's degrees of freedom, less what the slope costs."""
    parts = [(every.size / n_all, left[mine], every.size) for every, mine in shares]
    errors = [
        (share * float(residual_error(x, size, 0)), x.size - 1) for share, x, size in parts if x.size < size
    ]
    spare = sum(df for _, df in errors)
    variance = sum(error**2 for error, _ in errors)
    if not variance:
        return 0.0, float(max(left.size - len(shares) - lost, 1))
    df = variance**2 / sum(error**4 / of for error, of in errors)
    return float(np.sqrt(variance * spare / max(spare - lost, 1))), max(df - lost, 1.0)


def _variance_between(own: NDArray, shares: Shares, n_all: int) -> float:
    """Variance of a field in the study, strata by their share."""
    share = np.empty(own.size)
    for every, mine in shares:
        share[mine] = every.size / n_all / mine.size
    centre = float(share @ own)
    return float(share @ (own - centre) ** 2) * own.size / (own.size - 1)


@dataclass(frozen=True)
class Exchange:
    """Whether the annotated fields could be a random draw, by what is known of all fields.

    Attributes
    ----------
    p : float
        Fraction of random draws at least as unusual; an alarm at or below 0.05.
    alarm : bool
    worst : int
        Position of the known number that is most unusual, -1 where nothing varies.
    how : str
        ``higher``, ``lower``, ``more alike`` or ``farther apart`` than in the rest of the study.
    """

    p: float
    alarm: bool
    worst: int
    how: str


def exchangeable(
    known: ArrayLike,
    annotated: Sequence[int] | NDArray,
    *,
    strata: ArrayLike | None = None,
    seed: int = 0,
    draws: int = DRAWS,
) -> Exchange:
    """Permutation test: are the annotated fields unlike the rest in what is known of every field?

    Each known number is ranked (within its stratum). Two sums over the annotated fields are compared with
    those of random draws: of the ranks (are they higher or lower?) and of the ranks' distance from the middle
    (are they all typical, or all extreme?). The largest of all standardised sums is the statistic, so that
    several known numbers raise no more false alarms than one.

    Parameters
    ----------
    known : array_like, shape (N, k)
        The tool's number, density, brightness, sharpness, noise: anything known of *all* fields.
    annotated : sequence of int
        Positions of the annotated fields.
    strata : array_like, shape (N,), optional
        Draws are then made within strata.
    seed, draws : int
        Of the random draws; the p-value cannot fall below 1 / (draws + 1).

    Notes
    -----
    It cannot show that a choice was random: with few annotated fields many choices by hand pass, and one that
    depends on what is not known here always does.
    """
    table, at = np.asarray(known, float), np.asarray(annotated)
    table = table[:, None] if table.ndim == 1 else table
    groups = (
        np.zeros(len(table), int) if strata is None else np.unique(np.asarray(strata), return_inverse=True)[1]
    )
    places = [np.flatnonzero(groups == one) for one in np.unique(groups)]
    scores = np.zeros((len(table), 2 * table.shape[1]))
    variance = np.zeros(scores.shape[1])
    taken = [int(np.isin(at, place).sum()) for place in places]
    for place, n in zip(places, taken, strict=True):
        ranks = stats.rankdata(table[place], axis=0)
        level = ranks - ranks.mean(0)
        spread = np.abs(level)
        both = np.concatenate([level, spread - spread.mean(0)], axis=1)
        scores[place] = both
        if place.size > 1:
            variance += n * (1 - n / place.size) * both.var(0, ddof=1)
    scale = np.sqrt(np.where(variance > 1e-9, variance, np.inf))
    seen = scores[at].sum(0) / scale
    rng = np.random.default_rng(seed)
    sums = sum(_sums_of_draws(scores[place], n, draws, rng) for place, n in zip(places, taken, strict=True))
    unusual = int((np.abs(sums / scale).max(1) >= np.abs(seen).max() - 1e-9).sum())
    p, worst = (1 + unusual) / (draws + 1), int(np.abs(seen).argmax())
    if not np.isfinite(scale).any():
        return Exchange(1.0, False, -1, "")
    words = ("higher", "lower") if worst < table.shape[1] else ("farther apart", "more alike")
    return Exchange(p, p <= ALARM, worst % table.shape[1], words[int(seen[worst] < 0)])


def _sums_of_draws(scores: NDArray, n: int, draws: int, rng: np.random.Generator) -> NDArray:
    """Sums of the scores of `n` fields drawn without replacement, shape (draws, k)."""
    if len(scores) > DRAWN_AT_ONCE:
        return np.array([scores[rng.choice(len(scores), n, replace=False)].sum(0) for _ in range(draws)])
    order = rng.random((draws, len(scores))).argsort(axis=1)[:, :n]
    return scores[order].sum(1)


def next_fields(
    n_all: int,
    annotated: Sequence[int] | NDArray,
    further: int,
    *,
    strata: ArrayLike | None = None,
    seed: int = 0,
) -> list[int]:
    """Which fields to annotate next: drawn at random within strata, so that each has its share.

    Fields go one by one to the stratum that lacks most of its share; within a stratum chance decides, never
    what looks interesting. All that are left where fewer than `further` are.
    """
    groups = np.zeros(n_all, int) if strata is None else np.unique(np.asarray(strata), return_inverse=True)[1]
    free, rng = np.setdiff1d(np.arange(n_all), annotated), np.random.default_rng(seed)
    further = min(further, free.size)
    size, have = (
        np.bincount(groups),
        np.bincount(groups[np.asarray(annotated, int)], minlength=groups.max() + 1),
    )
    waiting = [list(rng.permutation(free[groups[free] == one])) for one in range(size.size)]
    wanted = size * (len(annotated) + further) / n_all
    chosen: list[int] = []
    for _ in range(further):
        lack = [wanted[i] - have[i] if waiting[i] else -np.inf for i in range(size.size)]
        most = int(np.argmax(lack))
        chosen.append(int(waiting[most].pop()))
        have[most] += 1
    return chosen
