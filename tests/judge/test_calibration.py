"""The judge's promise, by simulation: a faster version of the table that the book prints."""

import numpy as np
import pytest

from scopecheck import judge
from scopecheck.judge import calibration

TRIALS = 4_000
NUMBERS = (2, 3, 5, 10, 30)
MEAN, POOLED = "per-acquisition mean", "pooled ratio"


def band(rate: float, trials: int) -> float:
    """Three and a half standard errors of a simulated rate: what chance alone may add."""
    return 3.5 * np.sqrt(rate * (1 - rate) / trials)


CELLS = [
    (estimand, shape, sizes, icc)
    for estimand in (MEAN, POOLED)
    for shape in ("normal", "log-normal")
    for sizes, iccs in (("equal", (0,)), ("even", (0, 0.1, 0.5)), ("mostly small", (0, 0.05, 0.25, 0.5)))
    for icc in iccs
]


@pytest.mark.parametrize(("estimand", "shape", "sizes", "icc"), CELLS)
def test_guaranteed_families(estimand: str, shape: str, sizes: str, icc: float) -> None:
    scale = "absolute" if (estimand, shape) == (MEAN, "normal") else "relative"
    family = calibration.objects(icc, sizes, shape, estimand)
    for n in NUMBERS:
        seen = calibration.rates(family, n, trials=TRIALS, seed=11, scale=scale, estimand=estimand)
        slack = band(0.90, TRIALS)
        assert seen.coverage >= 0.885 - slack
        # Independent objects in fields of unequal size: the interval is known to be too wide, not too narrow.
        widest = 0.94 if icc == 0 and sizes != "equal" else 0.915
        assert seen.coverage <= widest + slack
        most = 0.05 + 2 * np.sqrt(0.05 * 0.95 / 10_000) + band(0.05, TRIALS)
        assert max(seen.holds_low, seen.holds_high, seen.fails_low, seen.fails_high) <= most
        if n < 5:
            assert seen.holds_low == seen.holds_high == 0


FAMILIES = [
    (calibration.objects(0.1, "mostly small", "log-normal", MEAN), "relative", MEAN),
    (calibration.objects(0.5, "even", "normal", MEAN), "absolute", MEAN),
    (calibration.objects(0.1, "mostly small", "log-normal", POOLED), "relative", POOLED),
    (calibration.skewed(-2), "relative", MEAN),
    (calibration.catastrophic(), "relative", MEAN),
    (calibration.few_objects(2), "relative", MEAN),
    (calibration.few_objects(2), "relative", POOLED),
]


@pytest.mark.parametrize(("family", "scale", "estimand"), FAMILIES)
@pytest.mark.parametrize("n", [2, 5, 10])
def test_the_simulation_judges_as_agreement_does(family, scale: str, estimand: str, n: int) -> None:
    measured, true = family(np.random.default_rng(n), 60, n, -calibration.TOLERANCE)
    low, high = calibration.judged_intervals(measured, true, scale, estimand)
    for group in range(measured.shape[0]):
        for trial in range(measured.shape[1]):
            verdict = judge.agreement(
                measured[group, trial],
                true[group],
                scope="population",
                tolerance=calibration.TOLERANCE,
                scale=scale,
                estimand=estimand,
            )
            ends = low[group, trial], high[group, trial]
            assert verdict.interval == pytest.approx(ends, rel=1e-12, abs=1e-12)
            assert verdict.word == calibration.words(*ends, (-0.1, 0.1), n, "population")


def test_families_have_the_bias_they_claim() -> None:
    rng = np.random.default_rng(5)
    for family in (calibration.skewed(2), calibration.skewed(-4), calibration.catastrophic()):
        measured, true = family(rng, 100_000, 4, 0.1)
        errors = np.log(measured / true[:, None, :])
        assert errors.mean() == pytest.approx(np.log(1.1), abs=4 * errors.std() / np.sqrt(errors.size))
    measured, true = calibration.few_objects(20)(rng, 100_000, 4, -0.1)
    assert measured.sum() / (true.sum() * 100_000) == pytest.approx(0.9, abs=1e-3)


def test_skewness_is_as_named() -> None:
    from scipy.stats import skew

    for wanted in (1, 2, 4):
        measured, true = calibration.skewed(wanted)(np.random.default_rng(6), 400_000, 2, 0.0)
        assert skew(np.log(measured / true[:, None, :]).ravel()) == pytest.approx(wanted, rel=0.05)


def test_intraclass_correlation_sets_the_variance_of_a_field() -> None:
    draw = calibration.objects(0.0, "equal", "normal", MEAN)
    measured, true = draw(np.random.default_rng(7), 100_000, 2, 0.0)
    assert (measured - true[:, None, :]).std() == pytest.approx(calibration.TYPICAL_SD, rel=0.01)
