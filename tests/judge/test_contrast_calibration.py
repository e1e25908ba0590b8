"""The judge of differences on trial: a faster version of the tables that the book prints."""

import numpy as np
import pytest

from scopecheck.judge import contrast_calibration as calibration
from scopecheck.judge.contrast import contrast

TRIALS = 4_000
BALANCED = [(2, 2), (3, 3), (5, 5), (10, 10), (30, 30)]
UNEVEN = [(2, 30), (3, 30), (30, 3), (5, 30), (30, 5)]


def band(rate, trials=TRIALS):
    """Three and a half standard errors of a simulated rate: what chance alone may add."""
    return 3.5 * np.sqrt(rate * (1 - rate) / trials)


GUARANTEED = {
    "equal": (calibration.normal(), BALANCED + UNEVEN),
    "wide": (calibration.normal(3), BALANCED + UNEVEN),
    "narrow": (calibration.normal(0.2), BALANCED + UNEVEN),
    "pairs": (calibration.pairs(0.5), BALANCED),
    "wells": (calibration.in_wells(0.5, 8), BALANCED),
    "wells of unequal numbers": (calibration.in_wells(0.1, 8, unequal=True), BALANCED),
    "pooled": (calibration.pooled(0.1, "mostly small"), BALANCED + UNEVEN),
    "pooled pairs": (calibration.pooled(0.1, "mostly small", paired=True), BALANCED),
}


@pytest.mark.parametrize("name", GUARANTEED)
def test_guaranteed_families(name):
    family, sizes = GUARANTEED[name]
    for n, k in sizes:
        seen = calibration.rates(family, n, k, trials=TRIALS, seed=11)
        assert seen.coverage >= 0.885 - band(0.9)
        assert max(seen.holds, seen.fails) <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 10_000) + band(0.05)
        if min(n, k) < 5:
            assert seen.holds == 0


def test_what_goes_wrong_is_seen_to_go_wrong():
    """Fields of wells as replicates, tails on opposite sides, and Welch's interval for few against many."""
    wrong = calibration.rates(calibration.in_wells(0.5, 8, over_fields=True), 5, 5, trials=TRIALS, seed=11)
    # eight fields that share half: an interval 1 / sqrt(4.5) as wide as it has to be
    assert wrong.coverage == pytest.approx(0.562, abs=0.03 + band(0.56))
    assert wrong.holds > 0.15
    assert calibration.rates(calibration.skewed(-4, 4), 5, 5, trials=TRIALS, seed=11).coverage < 0.85
    assert calibration.rates(calibration.normal(welch=True), 2, 30, trials=TRIALS, seed=11).coverage < 0.87


def test_a_skewness_that_both_conditions_share_cancels():
    seen = calibration.rates(calibration.skewed(2, 2), 10, 10, trials=TRIALS, seed=11)
    assert seen.too_low == pytest.approx(seen.too_high, abs=2 * band(0.05))


@pytest.mark.parametrize(("n", "k"), [(3, 5), (5, 8)])
def test_the_simulation_judges_as_contrast_does(n, k):
    rng = np.random.default_rng([3, n, k])
    error = float(np.log(1.1))
    low, high = calibration.normal()(np.random.default_rng([3, n, k]), 20, n, k, error)
    of = error + calibration.TYPICAL_SD * rng.standard_normal((20, n))
    over = calibration.TYPICAL_SD * rng.standard_normal((20, k))
    for i in range(20):
        sides = [(np.exp(side[i]), np.ones(side[i].size)) for side in (of, over)]
        verdict = contrast(*sides, scope="population", tolerance=0.1).verdict
        assert verdict.interval == pytest.approx((np.expm1(low[i]), np.expm1(high[i])), rel=1e-9)
