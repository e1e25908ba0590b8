"""The corrected number against ppi-python's own, analytic cases, and every draw from tiny studies."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

pytest.importorskip("ppi_py")

from scopecheck.judge import correction, correction_calibration
from scopecheck.judge.correction import corrected, exchangeable, next_fields


def study(n_all=40, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.normal(100, 25, n_all)
    return y, 0.8 * y + rng.normal(0, 6, n_all), rng.permutation(n_all)


@pytest.mark.parametrize("n", [8, 12, 39])
def test_from_eight_fields_on_the_number_is_that_of_the_package(n):
    import ppi_py

    y, f, order = study()
    at, rest = order[:n], order[n:]
    theirs = ppi_py.ppi_mean_pointestimate(y[at], f[at], f[rest]).item()
    answer = corrected(f, at, y[at])
    assert answer.value == pytest.approx(theirs, rel=1e-12)
    assert answer.tuned


@pytest.mark.parametrize("n", [3, 7])
def test_below_eight_the_tool_is_followed_as_it_is(n):
    import ppi_py

    y, f, order = study()
    at = order[:n]
    answer = corrected(f, at, y[at])
    assert answer.value == pytest.approx(
        ppi_py.ppi_mean_pointestimate(y[at], f[at], f, lam=1).item(), rel=1e-12
    )
    difference = stats.ttest_1samp(y[at] - f[at], 0).confidence_interval(0.9)
    plain = (difference.high - difference.low) / 2
    assert answer.half_width == pytest.approx(plain * np.sqrt(1 - n / 40), rel=1e-12)


def test_for_many_fields_of_far_more_the_interval_is_that_of_the_package():
    import ppi_py

    rng = np.random.default_rng(3)
    y = rng.normal(100, 25, 60_000)
    f = 0.9 * y + rng.normal(0, 10, y.size)
    low, high = (end.item() for end in ppi_py.ppi_mean_ci(y[:600], f[:600], f[600:], alpha=0.1))
    answer = corrected(f, range(600), y[:600], scope="population")
    assert answer.interval == pytest.approx((low, high), rel=1e-3)
    assert answer.half_width == pytest.approx((high - low) / 2, rel=0.01)


def test_a_perfect_tool_leaves_no_doubt_and_every_field_annotated_none_either():
    y, _, order = study()
    few = corrected(y, order[:5], y[order[:5]])
    assert few.interval == pytest.approx((y.mean(), y.mean()), rel=1e-12)
    assert few.equivalent == 40
    for scope, wide in (("study", False), ("population", True)):
        all_of_them = corrected(y + 3, np.arange(40), y, scope=scope)
        assert all_of_them.value == pytest.approx(y.mean(), rel=1e-12)
        assert (all_of_them.half_width > 1) == wide
    whole = stats.ttest_1samp(y, 0).confidence_interval(0.9)  # of the population, from 40 known fields
    assert corrected(y + 3, np.arange(40), y, scope="population").interval == pytest.approx(
        (whole.low, whole.high), rel=1e-12
    )


def test_a_tool_that_says_always_the_same_leaves_the_interval_of_the_annotated_fields():
    y, _, order = study()
    at = order[:12]
    answer = corrected(np.full(40, 7.0), at, y[at])
    t = stats.ttest_1samp(y[at], 0).confidence_interval(0.9)
    half = (t.high - t.low) / 2 * np.sqrt(1 - 12 / 40)  # Cochran's finite population correction
    assert answer.value == answer.alone == pytest.approx(y[at].mean())
    assert answer.half_width == pytest.approx(half, rel=1e-12)
    assert answer.interval == answer.alone_interval
    assert answer.equivalent == 12
    assert "cannot help" in answer.note


def test_a_useless_tool_is_hardly_followed():
    rng = np.random.default_rng(1)
    y, f = rng.normal(100, 25, 2000), rng.normal(100, 25, 2000)
    answer = corrected(f, range(400), y[:400])
    assert answer.weight < 0.15
    assert answer.half_width == pytest.approx(
        (answer.alone_interval[1] - answer.alone_interval[0]) / 2, rel=0.02
    )


def test_over_all_draws_from_a_tiny_study_the_difference_is_unbiased_and_its_variance_is_right():
    """With weight 1 both are exact over every sample of 4 from 9 (Cochran, theorems 2.1 and 2.4)."""
    y, f, _ = study(9, 5)
    answers = [corrected(f, at, y[list(at)]) for at in combinations(range(9), 4)]
    values = np.array([a.value for a in answers])
    assert values.mean() == pytest.approx(y.mean(), rel=1e-12)
    t = special_quantile(3)
    squares = np.mean([(a.half_width / t) ** 2 for a in answers])
    assert squares == pytest.approx(values.var(), rel=1e-10)


def special_quantile(df):
    return stats.t.ppf(0.95, df)


def test_over_all_draws_from_strata_the_mean_is_unbiased():
    y, f, _ = study(8, 6)
    y[:4] += 100
    strata = np.repeat(["low", "high"], 4)
    values = [
        corrected(f, (*a, *(4 + np.array(b))), y[[*a, *(4 + np.array(b))]], strata=strata).value
        for a in combinations(range(4), 2)
        for b in combinations(range(4), 2)
    ]
    assert np.mean(values) == pytest.approx(y.mean(), rel=1e-12)


def test_strata_count_by_their_share_and_not_by_how_many_were_annotated():
    y = np.array([10.0] * 90 + [100.0] * 10)
    at = [0, 1, 2, 90, 91, 92]
    answer = corrected(np.zeros(100) + np.arange(100) % 2, at, y[at], strata=y)
    assert answer.alone == pytest.approx(19)
    assert answer.strata == 2


def test_an_odd_field_can_be_a_stratum_of_its_own_that_is_known():
    y, f, order = study(41, 3)
    y[40], f[40] = 2000, 0
    strata = np.arange(41) == 40
    at = [*order[order < 40][:10], 40]
    answer = corrected(f, at, y[at], strata=strata)
    rest = corrected(f[:40], at[:10], y[at[:10]])
    assert answer.value == pytest.approx((40 * rest.value + 2000) / 41, rel=0.02)
    assert answer.half_width == pytest.approx(rest.half_width * 40 / 41, rel=0.2)


def test_a_total_is_the_mean_times_the_fields_and_a_ratio_that_of_two_corrected_sums():
    y, f, order = study()
    at = order[:10]
    mean, total = (corrected(f, at, y[at], estimand=kind) for kind in ("mean", "total"))
    assert total.value == pytest.approx(40 * mean.value)
    assert total.half_width == pytest.approx(40 * mean.half_width)
    cells, tool_cells = y + 50, f + 40
    rate = 0.3 + 0.0 * y
    exact = corrected(
        rate * tool_cells,
        at,
        (rate * cells)[at],
        estimand="pooled ratio",
        predicted_per=tool_cells,
        true_per=cells[at],
    )
    assert exact.value == pytest.approx(0.3, rel=1e-12)  # positives are three tenths of cells everywhere
    assert exact.half_width == pytest.approx(0, abs=1e-12)
    one = corrected(f, at, y[at], estimand="pooled ratio", predicted_per=np.ones(40), true_per=np.ones(10))
    assert one.value == pytest.approx(mean.value)
    assert one.half_width == pytest.approx(mean.half_width)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(3, 20), st.floats(0.001, 1000), st.sampled_from(correction.SCOPES))
def test_order_of_rows_and_unit_change_nothing(seed, n, scale, scope):
    y, f, order = study(30, seed)
    at = order[:n]
    plain = corrected(f, at, y[at], scope=scope)
    turned = np.random.default_rng(seed).permutation(n)
    place = np.random.default_rng(seed + 1).permutation(30)
    moved = np.argsort(place)[at][turned]
    other = corrected(scale * f[place], moved, scale * y[at][turned], scope=scope)
    assert other.value == pytest.approx(scale * plain.value, rel=1e-9)
    assert other.interval == pytest.approx([scale * end for end in plain.interval], rel=1e-7)
    assert other.equivalent == plain.equivalent


def test_further_fields_bring_the_half_width_that_is_asked_for():
    reached = []
    for seed in range(40):  # a spread from 10 fields is noisy, so the median is asked for
        y, f, order = study(400, seed)
        answer = corrected(f, order[:10], y[order[:10]])
        more = answer.further(answer.half_width / 2)
        assert 8 < more < 40  # a quarter of the variance takes four times the fields, and t grows smaller
        again = corrected(f, order[: 10 + more], y[order[: 10 + more]])
        reached.append(again.half_width / (answer.half_width / 2))
    assert np.median(reached) == pytest.approx(1, abs=0.15)
    assert answer.further(answer.half_width) == 0
    assert answer.further(1e-9) == 390  # all of them
    assert corrected(f, order[:10], y[order[:10]], scope="population").further(1e-9) is None


def test_a_planted_mean_is_covered_as_often_as_the_page_says():
    for n, least in ((3, 0.87), (8, 0.885), (20, 0.875)):
        seen = correction_calibration.rates(
            correction_calibration.FAMILIES["bias proportional"], n, 200, trials=2000, seed=9
        )
        assert seen[correction_calibration.chosen(n)].coverage > least
        assert seen[correction_calibration.chosen(n)].half_width < seen["annotated alone"].half_width


def test_strata_ratios_and_populations_cover_as_they_say():
    family, rules = correction_calibration.FAMILIES["bias grows with density"], {"trials": 400, "seed": 6}
    seen = [correction_calibration.strata_cover(family, (3, 3, 6), n_all=60, **rules)]
    seen += [correction_calibration.ratio_covers(n, n_all=100, **rules) for n in (5, 12)]
    seen += [correction_calibration.population_covers(family, 100, n, n_all=40, **rules) for n in (5, 12)]
    assert min(seen) > 0.885 - 3 * np.sqrt(0.09 / 400)


@pytest.mark.parametrize("n", [3, 7, 8, 20])
def test_the_simulation_corrects_as_the_command_does(n):
    y, f = correction_calibration.FAMILIES["bias grows with density, skewed"](np.random.default_rng(n), 60, 5)
    found = correction_calibration.intervals(y[:n], f[:n], f[n:])
    centre, half = found[correction_calibration.chosen(n)]
    for k in range(5):
        answer = corrected(f[:, k], range(n), y[:n, k])
        assert (answer.value, answer.half_width) == pytest.approx((centre[k], half[k]), rel=1e-10)
        assert answer.alone == pytest.approx(found["annotated alone"][0][k])


def test_the_package_interval_of_the_simulation_is_the_package_s():
    import ppi_py

    y, f = correction_calibration.FAMILIES["bias constant"](np.random.default_rng(2), 60, 3)
    centre, half = correction_calibration.intervals(y[:12], f[:12], f[12:])["the package's"]
    for k in range(3):
        low, high = ppi_py.ppi_mean_ci(y[:12, k], f[:12, k], f[12:, k], alpha=0.1)
        assert (low.item(), high.item()) == pytest.approx(
            (centre[k] - half[k], centre[k] + half[k]), rel=1e-9
        )


def test_importing_the_package_leaves_warnings_on():
    import subprocess
    import sys

    code = (
        "import warnings; from scopecheck.judge import correction; before = list(warnings.filters);"
        "correction.package(); print(before == list(warnings.filters))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert said.stdout.split() == ["True"], said.stderr


def test_one_random_choice_in_twenty_gives_an_alarm_and_the_densest_fields_nearly_always_do():
    def known(rng):
        table = rng.normal(size=(60, 4))
        table[:, 1] += table[:, 0]
        return table

    rates = {
        "random": lambda rng, table: rng.choice(60, 8, replace=False),
        "densest": lambda rng, table: np.argsort(table[:, 0])[-8:],
        "typical": lambda rng, table: np.argsort(np.abs(table[:, 0]))[:8],
    }
    seen = {
        name: correction_calibration.alarms(known, choose, trials=400, seed=4)
        for name, choose in rates.items()
    }
    assert abs(seen["random"] - 0.05) < 3.5 * np.sqrt(0.05 * 0.95 / 400)
    assert seen["densest"] > 0.95
    assert seen["typical"] > 0.5


def test_the_p_value_is_that_of_all_choices():
    """Of 3 fields in 8 there are 56 choices; the two highest-and-lowest threes are the most unusual."""
    table = np.arange(8.0)
    found = exchangeable(table, [5, 6, 7], draws=20_000)
    assert found.p == pytest.approx(2 / 56, abs=0.006)
    assert (found.alarm, found.worst, found.how) == (True, 0, "higher")
    assert not exchangeable(np.ones(8), [5, 6, 7]).alarm
    within = exchangeable(table, [0, 5, 7, 3], strata=[0, 0, 0, 0, 1, 1, 1, 1])
    assert not within.alarm


def test_next_fields_are_new_and_bring_each_stratum_to_its_share():
    strata = np.repeat([0, 1, 2], [60, 30, 10])
    chosen = next_fields(100, [0, 1, 2, 60], 16, strata=strata, seed=3)
    assert len(set(chosen)) == 16
    assert not set(chosen) & {0, 1, 2, 60}
    assert np.bincount(strata[[*chosen, 0, 1, 2, 60]]).tolist() == [12, 6, 2]
    assert chosen != next_fields(100, [0, 1, 2, 60], 16, strata=strata, seed=4)
    assert sorted(next_fields(5, [1], 9)) == [0, 2, 3, 4]
    counts = np.bincount(np.concatenate([next_fields(10, [0], 3, seed=k) for k in range(400)]), minlength=10)
    assert stats.chisquare(counts[1:]).pvalue > 1e-4  # each of the others alike


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"true": [1, 2]}, "3 whole numbers|2 whole numbers"),
        ({"annotated": [0, 1], "true": [1, 2]}, "expected 3 or more"),
        ({"annotated": [0, 1, 1]}, "twice"),
        ({"annotated": [0, 1, 9]}, "position 9, but the study has 5"),
        ({"annotated": [0, 1, -1]}, "position"),
        ({"predicted": [1, 2, np.nan, 4, 5]}, "not finite"),
        ({"true": [1, np.inf, 3]}, "not finite"),
        ({"estimand": "median"}, "expected one of"),
        ({"scope": "image"}, "expected one of"),
        ({"estimand": "total", "scope": "population"}, "no total"),
        ({"estimand": "pooled ratio"}, "needs predicted_per"),
        ({"strata": [1, 1, 1, 1]}, "one label for each"),
        ({"strata": [1, 1, 1, 2, 2]}, "stratum 2 has 0 annotated"),
    ],
)
def test_what_is_refused(change, said):
    asked = {"predicted": [1, 2, 3, 4, 5], "annotated": [0, 1, 2], "true": [1, 2, 3]} | change
    with pytest.raises(ValueError, match=said):
        corrected(**asked)


def test_a_ratio_over_nothing_is_refused():
    with pytest.raises(ValueError, match="below the line is 0"):
        corrected(
            [1, 2, 3, 4],
            [0, 1, 2],
            [1, 2, 3],
            estimand="pooled ratio",
            predicted_per=[1, 1, 1, 1],
            true_per=[0, 0, 0],
        )


def test_a_hundred_thousand_fields_are_no_matter():
    rng = np.random.default_rng(0)
    y = rng.normal(100, 25, 100_000)
    answer = corrected(y - 10 + rng.normal(0, 5, y.size), range(20), y[:20])
    assert abs(answer.value - 100) < 3
    assert exchangeable(y, range(20), draws=199).p > 0
