"""How often the corrected number's interval covers, by simulation; several intervals side by side.

A *family* is a function ``(rng, n_all, trials) -> (true, predicted)`` with arrays of shape (n_all, trials),
one study a column. Its fields are independent draws, so the first n of a column are a random sample of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from scopecheck.judge.correction import (
    TUNED_FROM,
    corrected,
    enlarged,
    estimate,
    exchangeable,
    package,
    quantile,
    residual_error,
    slope,
)
from scopecheck.judge.intervals import LEVEL

Family = Callable[[np.random.Generator, int, int], tuple[NDArray, NDArray]]
NORMAL = float(special.ndtri(0.5 + LEVEL / 2))
CHUNK = 2_000_000  # numbers held at once


def _true(rng: np.random.Generator, size: tuple[int, int], skew: float) -> NDArray:
    """True numbers of mean 100: normal of s.d. 25, or log-normal with that s.d. of the logarithm."""
    if not skew:
        return 100 + 25 * rng.standard_normal(size)
    return 100 * np.exp(skew * rng.standard_normal(size) - skew**2 / 2)


def _biased(
    bias: Callable[[NDArray], NDArray], skew: float = 0, noise: float = 8, grows: bool = False
) -> Family:
    def family(rng: np.random.Generator, n_all: int, trials: int) -> tuple[NDArray, NDArray]:
        y = _true(rng, (n_all, trials), skew)
        error = noise * rng.standard_normal(y.shape) * (y / 100 if grows else 1)
        return y, bias(y) + error

    return family


def _lost(share: float) -> Family:
    def family(rng: np.random.Generator, n_all: int, trials: int) -> tuple[NDArray, NDArray]:
        y, f = FAMILIES["bias proportional"](rng, n_all, trials)
        return y, np.where(rng.random(y.shape) < share, 0.0, f)

    return family


def _counted(mean: float) -> Family:
    def family(rng: np.random.Generator, n_all: int, trials: int) -> tuple[NDArray, NDArray]:
        y = rng.poisson(mean, (n_all, trials))
        return y.astype(float), rng.binomial(y, 0.8).astype(float)

    return family


def _half_empty(rng: np.random.Generator, n_all: int, trials: int) -> tuple[NDArray, NDArray]:
    y, f = FAMILIES["bias proportional, skewed"](rng, n_all, trials)
    there = rng.random(y.shape) < 0.5
    return y * there, f * there


def _rare(share: float) -> Family:
    """An event in a share of the fields; the tool misses a fifth of them and sees one in a field of fifty."""

    def family(rng: np.random.Generator, n_all: int, trials: int) -> tuple[NDArray, NDArray]:
        there, seen, dreamt = (rng.random((n_all, trials)) < p for p in (share, 0.8, 0.02))
        return there.astype(float), (there & seen | dreamt).astype(float)

    return family


def _denser(y: NDArray) -> NDArray:
    return y - y**2 / 500  # finds 80 % at a density of 100, 60 % at 200


def _useless(rng: np.random.Generator, n_all: int, trials: int) -> tuple[NDArray, NDArray]:
    return _true(rng, (n_all, trials), 0), _true(rng, (n_all, trials), 0)


# The fields' errors are plain: here the interval has to keep its promise.
FAMILIES: dict[str, Family] = {
    "bias constant": _biased(lambda y: y - 15),
    "bias proportional": _biased(lambda y: 0.8 * y),
    "bias grows with density": _biased(_denser),
    "error grows with density": _biased(lambda y: 0.9 * y, noise=10, grows=True),
    "bias constant, skewed": _biased(lambda y: y - 15, skew=0.4),
    "bias proportional, skewed": _biased(lambda y: 0.8 * y, skew=0.4),
    "bias grows with density, skewed": _biased(_denser, skew=0.4),
    "tool unrelated to the truth": _useless,
}
# Nothing is promised here.
STRESS: dict[str, Family] = {
    "truth strongly skewed": _biased(lambda y: 0.8 * y, skew=1),
    "one field in ten lost": _lost(0.1),
    "one field in fifty lost": _lost(0.02),
    "two objects a field, counted": _counted(2),
    "half of the fields empty": _half_empty,
    "an event in one field of twelve": _rare(1 / 12),
    "an event in one field of twenty": _rare(1 / 20),
    "tool perfect": _biased(lambda y: y, noise=0),
}
NUMBERS = (3, 5, 8, 12, 20, 30)
STUDIES = (20, 100, 2000)


def intervals(y: NDArray, f: NDArray, rest: NDArray) -> dict[str, tuple[NDArray, NDArray]]:
    """Centre and half-width of every interval that is compared; shapes (n, T), (n, T), (N - n, T) give (T,).

    * the package's: normal, two infinite populations, the weight tuned
    * normal: with the finite population correction
    * t: Student's, n - 1 degrees of freedom
    * t, slope counted: n - 2, and the residuals' variance likewise
    * t, enlarged: residuals divided by the root of 1 less their leverage, n - 1 (and n - 2) degrees of
      freedom
    * t, weight 1: the tool followed as it is, n - 1
    * annotated alone: Student's, without the tool
    """
    n, everyone = len(y), np.concatenate([f, rest])
    n_all = len(everyone)
    weight = slope(y, f, rest)
    centre, left = estimate(y, f, everyone, weight), y - weight * f
    wide = enlarged(left - left.mean(0), f - f.mean(0))
    whole = estimate(y, f, everyone, np.ones(weight.size))
    own = weight * len(rest) / n_all
    theirs = np.sqrt((own * rest).var(0) / len(rest) + (y - own * f).var(0) / n)  # as ppi_mean_ci has it
    return {
        "the package's": (centre, NORMAL * theirs),
        "normal": (centre, NORMAL * residual_error(left, n_all, 0)),
        "t": (centre, quantile(n - 1) * residual_error(left, n_all, 0)),
        "t, slope counted": (centre, quantile(n - 2) * residual_error(left, n_all, 1)),
        "t, enlarged": (centre, quantile(n - 1) * residual_error(wide, n_all, 0)),
        "t, enlarged, slope counted": (centre, quantile(n - 2) * residual_error(wide, n_all, 1)),
        "t, weight 1": (whole, quantile(n - 1) * residual_error(y - f, n_all, 0)),
        "annotated alone": (y.mean(0), quantile(n - 1) * residual_error(y, n_all, 0)),
    }


def chosen(n: int) -> str:
    """The interval that `corrected` gives for `n` annotated fields, as `intervals` calls it."""
    return "t, enlarged, slope counted" if n >= TUNED_FROM else "t, weight 1"


@dataclass(frozen=True)
class Rates:
    """Of one interval: how often it covers the study's mean, and its median half-width, in % of that mean."""

    coverage: float
    half_width: float


def rates(family: Family, n: int, n_all: int, *, trials: int, seed: int) -> dict[str, Rates]:
    """Correct `trials` studies of `n_all` fields, `n` of them annotated, by every interval of `intervals`."""
    package()
    rng = np.random.default_rng([seed, n, n_all])
    held: dict[str, list[tuple[NDArray, NDArray]]] = {}
    step = max(min(CHUNK // n_all, trials), 1)
    for done in range(0, trials, step):
        y, f = family(rng, n_all, min(step, trials - done))
        mean = y.mean(0)
        for name, (centre, half) in intervals(y[:n], f[:n], f[n:]).items():
            covered = np.abs(centre - mean) <= half + 1e-9 * np.abs(mean)
            no_end = np.full(half.shape, np.inf)  # of a study in which there is nothing
            wide = np.divide(100 * half, np.abs(mean), out=no_end, where=mean != 0)
            held.setdefault(name, []).append((covered, wide))
    found = {name: [np.concatenate(one) for one in zip(*parts, strict=True)] for name, parts in held.items()}
    return {name: Rates(float(c.mean()), float(np.median(h))) for name, (c, h) in found.items()}


def drawn(
    y: NDArray, f: NDArray, n: int, *, trials: int, seed: int
) -> Mapping[str, tuple[float, float, float]]:
    """Hide the truth of a real study for all but `n` fields, again and again, and correct it each time.

    Parameters
    ----------
    y, f : ndarray, shape (N,)
        Truth and the tool's number of every field.

    Returns
    -------
    dict of str to (float, float, float)
        By interval: fraction of draws that cover, that lie wholly below and wholly above the study's mean.
    """
    rng = np.random.default_rng([seed, n, y.size])
    order = np.argsort(rng.random((trials, y.size)), axis=1).T
    found = intervals(y[order[:n]], f[order[:n]], f[order[n:]])
    slack = 1e-9 * abs(float(y.mean()))
    told = {}
    for name, (centre, half) in found.items():
        low, high = np.mean(centre + half < y.mean() - slack), np.mean(centre - half > y.mean() + slack)
        told[name] = (1 - float(low + high), float(low), float(high))
    return told


def alarms(
    known: Callable[[np.random.Generator], NDArray],
    choose: Callable[[np.random.Generator, NDArray], NDArray],
    *,
    trials: int,
    seed: int,
    draws: int = 199,
) -> float:
    """How often the test of exchangeability gives an alarm, over `trials` studies and choices of fields."""
    hits = 0
    for trial in range(trials):
        rng = np.random.default_rng([seed, trial])
        table = known(rng)
        hits += exchangeable(table, choose(rng, table), seed=trial, draws=draws).alarm
    return hits / trials


def strata_cover(family: Family, taken: Sequence[int], *, n_all: int, trials: int, seed: int) -> float:
    """How often `corrected` covers where `taken` fields are drawn in each part of like numbers."""
    rng, hits = np.random.default_rng([seed, *taken]), 0
    for _ in range(trials):
        y, f = (x[:, 0] for x in family(rng, n_all, 1))
        part = np.argsort(np.argsort(f)) * len(taken) // n_all
        drawn_in = [rng.choice(np.flatnonzero(part == k), n, replace=False) for k, n in enumerate(taken)]
        at = np.concatenate(drawn_in)
        low, high = corrected(f, at, y[at], strata=part).interval
        hits += low <= y.mean() <= high
    return hits / trials


def ratio_covers(n: int, *, n_all: int, trials: int, seed: int) -> float:
    """The same for the share of positive cells, 30 % of about 60 a field; the tool finds 8 of 10."""
    rng, hits = np.random.default_rng([seed, n]), 0
    for _ in range(trials):
        cells = rng.poisson(60, n_all) + 1
        positive = rng.binomial(cells, rng.beta(6, 14, n_all))
        found = rng.binomial(positive, 0.8) + rng.binomial(5, 0.3, n_all)
        at = rng.choice(n_all, n, replace=False)
        below = {"predicted_per": rng.binomial(cells, 0.9), "true_per": cells[at]}
        low, high = corrected(found, at, positive[at], estimand="pooled ratio", **below).interval
        hits += low <= positive.sum() / cells.sum() <= high
    return hits / trials


def population_covers(family: Family, mean: float, n: int, *, n_all: int, trials: int, seed: int) -> float:
    """The same for the mean of the population from which the study's fields are drawn."""
    rng, hits = np.random.default_rng([seed, n, n_all]), 0
    for _ in range(trials):
        y, f = (x[:, 0] for x in family(rng, n_all, 1))
        low, high = corrected(f, np.arange(n), y[:n], scope="population").interval
        hits += low <= mean <= high
    return hits / trials
