"""How often the judge is right: its own interval and word functions, run on simulated acquisitions.

A *family* is a function ``(rng, trials, n, bias) -> (measured, true)`` with arrays of shape (groups, trials
in a group, n) and (groups, n), whose true bias is exactly `bias`. Fields of one group share their sizes.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scopecheck.judge.estimate import to_bias, to_scale
from scopecheck.judge.intervals import LEVEL, mean_interval, pooled_interval
from scopecheck.judge.verdict import agreement, verdict_words

Family = Callable[[np.random.Generator, int, int, float], tuple[NDArray, NDArray]]
GROUP = 200  # trials that share their sizes
TOLERANCE = 0.10
TYPICAL_SD = 0.03  # of 39 objects: small enough for wrong HOLDS to be as likely as it gets


@dataclass(frozen=True)
class Rates:
    """Rates with the true bias at an edge of tolerance: it is covered; HOLDS and FAILS, at each edge.

    `excess` is how much wider the intervals are than they need be: the ideal one has the same centre, and
    its half-width is the same fraction of the judge's in every trial, so that it covers exactly 90 %.
    """

    coverage: float
    excess: float
    holds_low: float
    holds_high: float
    fails_low: float
    fails_high: float


def judged_intervals(measured: NDArray, true: NDArray, scale: str, estimand: str) -> tuple[NDArray, NDArray]:
    """Return the intervals that `agreement` gives, for measured (groups, trials, n), true (groups, n)."""
    t = true[:, None, :]
    if estimand == "pooled ratio":
        ends = [pooled_interval(m, sizes)[:2] for m, sizes in zip(measured, true, strict=True)]
        return np.expm1([low for low, _ in ends]), np.expm1([high for _, high in ends])
    if scale == "absolute":
        return mean_interval(measured - t)[:2]
    low, high, _ = mean_interval(to_scale(measured, t))
    return to_bias(low), to_bias(high)


def rates(family: Family, n: int, *, trials: int, seed: int, scale: str, estimand: str) -> Rates:
    """Judge `trials` sets of `n` acquisitions with the true bias at each edge of tolerance."""
    answer = {"coverage": 0.0, "excess": 0.0}
    for name, bias in (("low", -TOLERANCE), ("high", TOLERANCE)):
        measured, true = family(np.random.default_rng([seed, n]), trials, n, bias)
        low, high = judged_intervals(measured, true, scale, estimand)
        said = verdict_words(low, high, (-TOLERANCE, TOLERANCE), n, "population")
        answer["coverage"] += float(np.mean((low <= bias) & (high >= bias))) / 2
        answer["excess"] += _excess(low, high, bias, scale, estimand) / 2
        answer[f"holds_{name}"] = float(np.mean(said == "HOLDS"))
        answer[f"fails_{name}"] = float(np.mean(said == "FAILS"))
    return Rates(**answer)


def _excess(low: NDArray, high: NDArray, bias: float, scale: str, estimand: str) -> float:
    back = np.log1p if estimand == "pooled ratio" else lambda b: to_scale(1 + b)
    low, high, true = (low, high, bias) if scale == "absolute" else (back(low), back(high), back(bias))
    with np.errstate(invalid="ignore", divide="ignore"):
        needed = np.abs(2 * true - low - high) / (high - low)
    return float(1 / np.nanquantile(needed, LEVEL, method="higher") - 1)


def redrawn(
    measured: NDArray, true: NDArray, n: int, *, trials: int, seed: int, estimand: str
) -> tuple[float, float]:
    """Take N real fields for the whole population, draw `n` of them again and again, and judge each draw.

    Parameters
    ----------
    measured, true : ndarray, shape (N,)
        Amounts of each field. Their bias over all N fields is the truth here.
    n, trials, seed : int
        Fields in a draw (with replacement, so that they are independent), and number of draws.
    estimand : str
        As in `agreement`, on the relative scale.

    Returns
    -------
    too_low, too_high : float
        Fraction of draws whose interval lies wholly below, and above, the bias of the population; 5 % each is
        promised, and the rest is covered.
    """
    rng = np.random.default_rng([seed, n, measured.size])
    chosen = rng.integers(measured.size, size=(trials, n))
    if estimand == "pooled ratio":
        bias = measured.sum() / true.sum() - 1
    else:
        bias = float(to_bias(to_scale(measured, true).mean()))
    low, high = judged_intervals(measured[chosen][:, None, :], true[chosen], "relative", estimand)
    return float(np.mean(high < bias)), float(np.mean(low > bias))


def worsened(
    n: int, bias: float, sd: float, *, trials: int, seed: int, farthest: bool = False
) -> tuple[float, float, float]:
    """Make one field of a set worse and count how often that turns another word into HOLDS.

    Sets of `n` fields have normal errors of mean `bias` and standard deviation `sd` on the judging scale. One
    field drawn by chance, or the one that is `farthest` off on the side of the mean error, is moved anywhere
    further out on its own side: down to nothing found, or up to twice the truth.

    Returns
    -------
    all, marked, unmarked : float
        Of the sets that do not hold, the fraction that holds afterwards; that fraction in two parts, with the
        mark ON AVERAGE ONLY and without it.
    """
    rng = np.random.default_rng([seed, n])
    ratio = 1 + to_bias(to_scale(1 + bias) + sd * rng.standard_normal((trials, n)))
    rows, place = np.arange(trials), rng.integers(n, size=trials)
    if farthest:
        errors = to_scale(ratio)
        below = errors.mean(-1) <= to_scale(1 - TOLERANCE**2) / 2  # the middle of the tolerance
        place = np.where(below, errors.argmin(-1), errors.argmax(-1))
    one, share = ratio[rows, place], rng.random(trials)
    side = below if farthest else one < 1
    worse = ratio.copy()
    worse[rows, place] = np.where(side, one * share, one + share * np.maximum(2 - one, 0))
    holds = []
    for r in (ratio, worse):
        low, high, _ = mean_interval(to_scale(r))
        said = verdict_words(to_bias(low), to_bias(high), (-TOLERANCE, TOLERANCE), n, "population")
        holds.append(said == "HOLDS")
    inside = (np.abs(worse - 1) <= TOLERANCE).mean(-1) >= 0.8
    others = max(int((~holds[0]).sum()), 1)
    gained = ~holds[0] & holds[1]
    parts = [float((gained & part).sum() / others) for part in (gained, ~inside, inside)]
    return parts[0], parts[1], parts[2]


def draw_sizes(rng: np.random.Generator, groups: int, n: int, sizes: str) -> NDArray:
    """Draw objects a field: ``equal`` (39), ``even`` (any from 5 to 300), ``mostly small`` (log-uniform)."""
    if sizes == "equal":
        return np.full((groups, n), 39.0)
    if sizes == "even":
        return rng.integers(5, 301, (groups, n)).astype(float)
    return np.round(np.exp(rng.uniform(np.log(5), np.log(300), (groups, n))))


def objects(icc: float, sizes: str, shape: str, estimand: str) -> Family:
    """Return a guaranteed family: objects whose errors share the fraction `icc` of their variance in a field.

    Parameters
    ----------
    icc : float
        Intraclass correlation, 0 to 0.5: an acquisition of N objects has variance icc + (1 - icc) / N.
    sizes : {"equal", "even", "mostly small"}
        Objects per acquisition, see `draw_sizes`.
    shape : {"normal", "log-normal"}
        Normal errors are differences (mean) or fractions (pooled ratio); log-normal ones are log ratios.
    estimand : str
        As in `agreement`; for the pooled ratio `bias` is that of the expected ratio.
    """

    def family(rng: np.random.Generator, trials: int, n: int, bias: float) -> tuple[NDArray, NDArray]:
        groups = max(trials // GROUP, 1)
        true = draw_sizes(rng, groups, n, sizes)
        variance = TYPICAL_SD**2 * (icc + (1 - icc) / true) / (icc + (1 - icc) / 39)
        variance, size = variance[:, None, :], true[:, None, :]
        error = np.sqrt(variance) * rng.standard_normal((groups, trials // groups, n))
        if estimand == "pooled ratio":
            ratio = 1 + error if shape == "normal" else np.exp(error - variance / 2)
            return size * (1 + bias) * ratio, true
        return (size + bias + error if shape == "normal" else size * (1 + bias) * np.exp(error)), true

    return family


def _equal(error: Callable[[np.random.Generator, tuple[int, int, int]], NDArray]) -> Family:
    """Return a family of fields of 100 with the given errors, of mean 0, around the bias on its scale."""

    def family(rng: np.random.Generator, trials: int, n: int, bias: float) -> tuple[NDArray, NDArray]:
        return 100 * (1 + to_bias(to_scale(1 + bias) + error(rng, (1, trials, n)))), np.full((1, n), 100.0)

    return family


def skewed(skew: float) -> Family:
    """Return a stress family: gamma-shaped log ratios of the given skewness; negative is a tail of losses."""
    shape = 4 / skew**2
    return _equal(
        lambda rng, size: np.sign(skew) * TYPICAL_SD * (rng.gamma(shape, 1, size) - shape) / shape**0.5
    )


def catastrophic(loss: float = 0.5, share: float = 0.1) -> Family:
    """Return a stress family: a `share` of the acquisitions loses the fraction `loss`; 1 is all of it."""
    lost = to_scale(1 - loss)

    def family(rng: np.random.Generator, trials: int, n: int, bias: float) -> tuple[NDArray, NDArray]:
        rest = (to_scale(1 + bias) - share * lost) / (1 - share)  # so that the mean is the bias asked for
        value = rest + TYPICAL_SD * rng.standard_normal((1, trials, n))
        value = np.where(rng.random(value.shape) < share, lost, value)
        return 100 * (1 + to_bias(value)), np.full((1, n), 100.0)

    return family


def few_objects(count: int) -> Family:
    """Return a stress family: fields of `count` objects, each lost (bias < 0) or doubled by chance.

    The bias is that of the expected ratio; often all fields show one count, and the interval has no width.
    """

    def family(rng: np.random.Generator, trials: int, n: int, bias: float) -> tuple[NDArray, NDArray]:
        changed = rng.binomial(count, abs(bias), (1, trials, n))
        return count + np.sign(bias) * changed, np.full((1, n), float(count))

    return family


def trained(
    between: float, acquisitions: float, rest: float, n: int, *, trials: int, seed: int, trainings: int = 3
) -> tuple[float, float]:
    """Judge `trials` sets of several trainings on the same `n` acquisitions, the true bias at the upper edge.

    Parameters
    ----------
    between, acquisitions, rest : float
        Standard deviations of the log ratio between trainings, between acquisitions, and of what is left.
    n : int
        Acquisitions; 1 is judged as one image.
    trials, seed, trainings : int
        Sets; seed; trainings in a set.

    Returns
    -------
    coverage, holds : float
        How often the interval holds the true bias, and how often the word is HOLDS.
    """
    rng, covered, held = np.random.default_rng([seed, n]), 0, 0
    for _ in range(trials):
        error = between * rng.standard_normal((trainings, 1)) + acquisitions * rng.standard_normal(n)
        error = error + rest * rng.standard_normal((trainings, n))
        measured = (1 + TOLERANCE) * np.exp(error)
        scope = "image" if n == 1 else "population"
        v = agreement(measured, np.ones(n), scope=scope, tolerance=TOLERANCE)
        assert v.interval is not None
        covered += v.interval[0] <= TOLERANCE <= v.interval[1]
        held += v.word == "HOLDS"
    return covered / trials, held / trials
