"""How often the judge of a difference is right: its own intervals and words, on simulated replicates.

A *family* is a function ``(rng, trials, n, k, error) -> (low, high)``: the interval of the difference, on the
judging scale, in each of `trials` made-up experiments of `n` and `k` replicates whose true error is `error`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scopecheck.judge.calibration import TOLERANCE, TYPICAL_SD, draw_sizes
from scopecheck.judge.contrast_intervals import (
    difference_interval,
    paired_pooled_interval,
    pooled_interval_of_two,
    welch_interval,
)
from scopecheck.judge.intervals import mean_interval
from scopecheck.judge.verdict import verdict_words

Rng = np.random.Generator
Both = tuple[NDArray, NDArray]
Family = Callable[[Rng, int, int, int, float], Both]
GROUP = 200  # trials that share their sizes, where sizes differ


@dataclass(frozen=True)
class Rates:
    """Rates with the true error at an edge of tolerance, the mean or the worse of the two edges.

    `too_low` and `too_high` are how often the interval lies wholly below, and above, the true error (mean of
    both edges; 5 % each is nominal); `width` is the interval's mean width in log units.
    """

    coverage: float
    holds: float
    fails: float
    too_low: float
    too_high: float
    width: float


def rates(family: Family, n: int, k: int, *, trials: int, seed: int) -> Rates:
    """Judge `trials` experiments with the true error of the ratio at each edge of a tolerance of 10 %."""
    told = []
    for edge in (-TOLERANCE, TOLERANCE):
        error = float(np.log1p(edge))
        low, high = family(np.random.default_rng([seed, n, k]), trials, n, k, error)
        said = verdict_words(np.expm1(low), np.expm1(high), (-TOLERANCE, TOLERANCE), min(n, k), "population")
        below, above = np.mean(high < error), np.mean(low > error)
        words = [float(np.mean(said == word)) for word in ("HOLDS", "FAILS")]
        told.append((1 - below - above, *words, below, above, float(np.mean(high - low))))
    both = np.array(told)
    mean, worst = both.mean(0), both.max(0)
    return Rates(*(float(x) for x in (mean[0], worst[1], worst[2], mean[3], mean[4], mean[5])))


def normal(spread: float = 1.0, *, welch: bool = False) -> Family:
    """Normal log errors, of the first condition `spread` times as wide; `welch`: by his interval always."""

    def family(rng: Rng, trials: int, n: int, k: int, error: float) -> Both:
        of = error + spread * TYPICAL_SD * rng.standard_normal((trials, n))
        interval = welch_interval if welch else difference_interval
        return interval(of, TYPICAL_SD * rng.standard_normal((trials, k)))[:2]

    return family


def skewed(of: float, over: float) -> Family:
    """Gamma-shaped log errors of the given skewness in each condition; negative is a tail of losses."""

    def drawn(rng: Rng, size: tuple[int, int], skew: float) -> NDArray:
        shape = 4 / skew**2
        return np.sign(skew) * TYPICAL_SD * (rng.gamma(shape, 1, size) - shape) / shape**0.5

    def family(rng: Rng, trials: int, n: int, k: int, error: float) -> Both:
        return difference_interval(error + drawn(rng, (trials, n), of), drawn(rng, (trials, k), over))[:2]

    return family


def pairs(shared: float, *, judged_as_pairs: bool = True) -> Family:
    """Normal log errors of which pairs share the fraction `shared` of the variance; `k` is `n`."""

    def family(rng: Rng, trials: int, n: int, k: int, error: float) -> Both:
        common = np.sqrt(shared) * rng.standard_normal((trials, n))
        of, over = (common + np.sqrt(1 - shared) * rng.standard_normal((trials, n)) for _ in range(2))
        of, over = error + TYPICAL_SD * of, TYPICAL_SD * over
        return (mean_interval(of - over) if judged_as_pairs else difference_interval(of, over))[:2]

    return family


def in_wells(icc: float, fields: int, *, over_fields: bool = False, unequal: bool = False) -> Family:
    """`n` and `k` wells, each with fields whose log errors share the fraction `icc` of their variance.

    Parameters
    ----------
    icc : float
        Intraclass correlation of the fields of a well.
    fields : int
        Fields of each well; where `unequal`, from 1 to twice that less 1, drawn anew for every well.
    over_fields : bool
        Judge as if every field were independent (pseudoreplication), rather than over the wells' means.
    """

    def wells(rng: Rng, trials: int, n: int) -> Both:
        most = 2 * fields - 1 if unequal else fields
        well = np.sqrt(icc) * rng.standard_normal((trials, n, 1))
        error = TYPICAL_SD * (well + np.sqrt(1 - icc) * rng.standard_normal((trials, n, most)))
        number = rng.integers(1, most + 1, (trials, n, 1)) if unequal else np.full((trials, n, 1), most)
        return error, np.arange(most) < number

    def family(rng: Rng, trials: int, n: int, k: int, error: float) -> Both:
        (of, there), (over, here) = wells(rng, trials, n), wells(rng, trials, k)
        of = of + error
        if over_fields:  # equal numbers alone: every field is a column
            return difference_interval(of.reshape(trials, -1), over.reshape(trials, -1))[:2]
        means = [(one * kept).sum(-1) / kept.sum(-1) for one, kept in ((of, there), (over, here))]
        return difference_interval(*means)[:2]

    return family


def pooled(icc: float, sizes: str, *, paired: bool = False) -> Family:
    """Log-normal errors of replicates with 5 to 300 objects, judged as a pooled ratio.

    Parameters
    ----------
    icc : float
        As in `calibration.objects`: a replicate of N objects has the variance icc + (1 - icc) / N, scaled.
    sizes : str
        As in `calibration.draw_sizes`.
    paired : bool
        Pairs share half of the variance of their errors and are judged as pairs; `k` is `n`.
    """

    def family(rng: Rng, trials: int, n: int, k: int, error: float) -> Both:
        lows, highs = [], []
        for _ in range(max(trials // GROUP, 1)):
            true = [draw_sizes(rng, 1, number, sizes)[0] for number in (n, k)]
            common = rng.standard_normal((GROUP, n))
            measured = []
            for size, shift in zip(true, (error, 0.0), strict=True):
                variance = TYPICAL_SD**2 * (icc + (1 - icc) / size) / (icc + (1 - icc) / 39)
                drawn = rng.standard_normal((GROUP, size.size))
                drawn = (common + drawn) / np.sqrt(2) if paired else drawn
                measured.append(size * np.exp(shift + np.sqrt(variance) * drawn - variance / 2))
            interval = paired_pooled_interval if paired else pooled_interval_of_two
            low, high, _ = interval(measured[0], true[0], measured[1], true[1])
            lows.append(low)
            highs.append(high)
        return np.concatenate(lows), np.concatenate(highs)

    return family
