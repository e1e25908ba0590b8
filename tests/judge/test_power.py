"""Further acquisitions: published power values, and simulation of the promise itself."""

import numpy as np
import pytest

from scopecheck import judge
from scopecheck.judge.power import further_acquisitions, power_to_fail, power_to_hold


@pytest.mark.parametrize(("cv", "n", "published"), [(0.20, 20, 0.8346802), (0.30, 40, 0.815845)])
def test_published_power_of_two_one_sided_tests(cv: float, n: int, published: float) -> None:
    # Two-period crossover, true ratio 0.95, limits 0.80 to 1.25: the exact values that PowerTOST documents.
    # Its standard error is sqrt(2 / n) sd with n - 2 degrees of freedom: as of n - 1 acquisitions of this SD.
    sd = np.sqrt(np.log1p(cv**2)) * np.sqrt(2 / n * (n - 1))
    power = power_to_hold(np.log(0.95), sd, n - 1, (np.log(0.80), np.log(1.25)))
    assert power == pytest.approx(published, abs=2e-4)


@pytest.mark.parametrize(("bias", "power"), [(0.02, power_to_hold), (-0.2, power_to_fail)])
def test_power_equals_simulation(bias: float, power) -> None:
    rng = np.random.default_rng(3)
    n, sd, edges = 12, 0.09, (-0.1, 0.1)
    draws = rng.normal(bias, sd, (40_000, n))
    half = 1.7958848 * draws.std(1, ddof=1) / np.sqrt(n)  # Student's 95 % point for 11 degrees of freedom
    low, high = draws.mean(1) - half, draws.mean(1) + half
    hit = (
        (low > edges[0]) & (high < edges[1])
        if power is power_to_hold
        else (high < edges[0]) | (low > edges[1])
    )
    assert power(bias, sd, n, edges) == pytest.approx(hit.mean(), abs=0.008)


def test_further_is_the_first_number_with_eighty_percent() -> None:
    edges = (-0.1, 0.1)
    further = further_acquisitions(0.03, 0.15, 8, edges, edges, (5, 2))
    assert isinstance(further, int)
    assert power_to_hold(0.03, 0.15, 8 + further, edges) >= 0.80
    assert power_to_hold(0.03, 0.15, 8 + further - 1, edges) < 0.80


def test_more_than_a_thousand() -> None:
    verdict = judge.agreement(
        [1.1, 1.45, 0.76, 1.35, 0.94], [1] * 5, scope="population", tolerance=0.1, scale="absolute"
    )
    assert verdict.bias == pytest.approx(0.12)
    assert further_acquisitions(0.0999, 0.3, 5, (-0.1, 0.1), (-0.1, 0.1), (5, 2)) == "more than 1,000"
    assert further_acquisitions(0.1, 0.3, 5, (-0.1, 0.1), (-0.1, 0.1), (5, 2)) == "more than 1,000"


def test_no_spread_needs_only_the_fewest() -> None:
    assert further_acquisitions(0.0, 0.0, 3, (-0.1, 0.1), (-0.1, 0.1), (5, 2)) == 2
