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
        assert seen.coverage >= 0.885 - band(0.90, TRIALS)  # more is no fault: its price is `excess`
        if sizes == "equal" and n > 2:  # Student's interval is the ideal one
            assert abs(seen.excess) < 0.06
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
            assert verdict.word == calibration.verdict_words(*ends, (-0.1, 0.1), n, "population")


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


def test_excess_width_is_measured_against_the_interval_that_covers_ninety_percent() -> None:
    centre = np.random.default_rng(3).standard_normal(200_000)
    half = 1.2 * 1.6448536  # a fifth wider than the normal distribution asks for
    assert calibration._excess(centre - half, centre + half, 0.0, "absolute", MEAN) == pytest.approx(
        0.2, abs=0.01
    )
    low, high = np.expm1(0.1 * (centre - half)), np.expm1(0.1 * (centre + half))
    for estimand in (MEAN, POOLED):  # the same on the scale of ratios
        assert calibration._excess(low, high, 0.0, "relative", estimand) == pytest.approx(0.2, abs=0.01)


def test_fields_drawn_from_a_population_are_judged_against_that_population() -> None:
    # Two fields, two draws: half of the draws show one field twice, and an interval without width misses.
    true = np.array([100.0, 100.0])
    for estimand in (MEAN, POOLED):
        low, high = calibration.redrawn(
            np.array([90.0, 120.0]), true, 2, trials=4_000, seed=1, estimand=estimand
        )
        assert low == pytest.approx(0.25, abs=band(0.25, 4_000))
        assert high == pytest.approx(0.25, abs=band(0.25, 4_000))
    many = 100 * np.exp(np.random.default_rng(2).normal(0, 0.1, 20_000))
    low, high = calibration.redrawn(many, np.full(20_000, 100.0), 8, trials=4_000, seed=1, estimand=MEAN)
    assert low == pytest.approx(0.05, abs=band(0.05, 4_000))
    assert high == pytest.approx(0.05, abs=band(0.05, 4_000))


def test_making_a_field_worse_helps_only_where_errors_balance_or_become_alike() -> None:
    for n, bias, sd in ((5, -0.05, 0.03), (10, 0.0, 0.1), (30, -0.05, 0.2)):
        rules = {"trials": 20_000, "seed": 4}
        assert calibration.worsened(n, bias, sd, farthest=True, **rules) == (0, 0, 0)
        gained, marked, plain = calibration.worsened(n, bias, sd, **rules)
        assert gained == pytest.approx(marked + plain)
        assert plain < 0.005
    assert marked > 0.02  # 30 noisy fields: one more error of the other sign can balance the mean
