"""A difference between two conditions: intervals against other sources, words, marks, levels, bad input."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from scopecheck.judge.contrast import contrast, mark, opposed
from scopecheck.judge.contrast_intervals import (
    difference_interval,
    paired_pooled_interval,
    pooled_interval_of_two,
    welch_interval,
)
from scopecheck.judge.levels import level_means

POOLED = "pooled ratio"
EXACT = {"scope": "population", "tolerance": 0.1, "truth_uncertainty": 0.0}


def drawn(seed, n, spread=0.05, bias=0.0):
    """Measured and true numbers of `n` replicates."""
    rng = np.random.default_rng(seed)
    true = rng.uniform(50, 150, n)
    return true * (1 + bias) * np.exp(spread * rng.standard_normal(n)), true


@pytest.mark.parametrize(("n", "k"), [(5, 5), (5, 30), (12, 7)])
def test_unpaired_is_welchs_interval_of_the_log_errors(n, k):
    of, over = drawn(1, n, 0.1, 0.2), drawn(2, k, 0.03, 0.1)
    verdict = contrast(of, over, **EXACT).verdict
    logs = [np.log(m / t) for m, t in (of, over)]
    told = stats.ttest_ind(*logs, equal_var=False).confidence_interval(0.9)
    assert verdict.interval == pytest.approx(np.expm1([told.low, told.high]), rel=1e-9)
    assert verdict.bias == pytest.approx(np.expm1(logs[0].mean() - logs[1].mean()))
    differences = [m - t for m, t in (of, over)]
    told = stats.ttest_ind(*differences, equal_var=False).confidence_interval(0.9)
    absolute = contrast(of, over, **(EXACT | {"tolerance": 9.0}), scale="absolute").verdict
    assert absolute.interval == pytest.approx((told.low, told.high), rel=1e-9)


@pytest.mark.parametrize("n", [2, 4, 9])
def test_paired_is_students_interval_of_the_differences(n):
    of, over = drawn(1, n, 0.1, 0.2), drawn(2, n, 0.03, 0.1)
    logs = [np.log(m / t) for m, t in (of, over)]
    told = stats.ttest_rel(*logs).confidence_interval(0.9)
    answer = contrast(of, over, **EXACT, paired=True)
    assert answer.verdict.interval == pytest.approx(np.expm1([told.low, told.high]), rel=1e-9)
    assert answer.verdict.n == n


@pytest.mark.parametrize(("n", "k"), [(2, 2), (3, 30), (30, 4)])
def test_below_five_half_widths_are_added_in_quadrature(n, k):
    errors = [np.random.default_rng(seed).standard_normal(size) for seed, size in ((3, n), (4, k))]
    halves = [stats.t.ppf(0.95, x.size - 1) * stats.sem(x) for x in errors]
    low, high, _ = difference_interval(*errors)
    assert (high - low) / 2 == pytest.approx(np.hypot(*halves))
    assert (high + low) / 2 == pytest.approx(errors[0].mean() - errors[1].mean())
    assert high - low >= np.subtract(*welch_interval(*errors)[1::-1])


# Extra hours of sleep under two drugs (Cushny and Peebles 1905, as Student 1908 has them). R's documentation
# of t.test prints these 95 % intervals: Welch -3.3654832 to 0.2054832 (17.776 degrees of freedom), paired
# -2.4598858 to -0.7001142.
SLEEP = (
    [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0],
    [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4],
)


@pytest.mark.parametrize(
    ("paired", "published", "freedom"),
    [(False, (-3.3654832, 0.2054832), 17.776), (True, (-2.4598858, -0.7001142), 9)],
)
def test_a_published_worked_value(paired, published, freedom):
    sides = [(drug, np.zeros(10)) for drug in SLEEP]
    rules = {"scope": "population", "tolerance": 5.0, "scale": "absolute", "paired": paired}
    low, high = contrast(*sides, **rules).verdict.interval
    half = (high - low) / 2 * stats.t.ppf(0.975, freedom) / stats.t.ppf(0.95, freedom)
    assert (low + high) / 2 == pytest.approx(-1.58)
    assert (-1.58 - half, -1.58 + half) == pytest.approx(published, abs=2e-5)


def test_pooled_ratios_of_equal_sizes_have_students_interval():
    (m1, _), (m2, _), t = drawn(1, 8, 0.1), drawn(2, 8, 0.2), np.full(8, 100.0)
    one, two = m1 / m1.mean(), m2 / m2.mean()
    quantile = stats.t.ppf(0.95, 7)
    low, high, error = paired_pooled_interval(m1, t, m2, t)
    assert error == pytest.approx(stats.sem(one - two))
    assert (high - low) / 2 == pytest.approx(quantile * stats.sem(one - two), rel=1e-6)
    low, high, error = pooled_interval_of_two(m1, t, m2, t)
    assert error == pytest.approx(np.hypot(stats.sem(one), stats.sem(two)))
    assert (high - low) / 2 == pytest.approx(quantile * error, rel=1e-6)
    assert (low + high) / 2 == pytest.approx(np.log(m1.sum() / m2.sum()))


def test_the_jackknife_of_pairs_is_near_the_one_that_leaves_out_pair_by_pair():
    (m1, t1), (m2, t2) = drawn(1, 30, 0.05), drawn(2, 30, 0.05)
    left = np.arange(30) != np.arange(30)[:, None]
    logs = np.log((left @ m1) / (left @ t1)) - np.log((left @ m2) / (left @ t2))
    brute = np.sqrt(29 / 30 * ((logs - logs.mean()) ** 2).sum())
    assert paired_pooled_interval(m1, t1, m2, t2)[2] == pytest.approx(brute, rel=0.01)


def test_a_bias_that_both_share_cancels_and_one_that_they_do_not_is_an_effect():
    true = np.array([80.0, 90, 100, 110, 120])
    answer = contrast((0.7 * true, true), (0.7 * true[::-1], true[::-1]), **EXACT)
    assert answer.verdict.bias == pytest.approx(0, abs=1e-12)
    assert (answer.of.word, answer.over.word, answer.verdict.label) == (
        "FAILS",
        "FAILS",
        "HOLDS EQUALLY BIASED",
    )
    answer = contrast((0.7 * true, true), (true, true), **EXACT)
    assert (answer.verdict.label, answer.verdict.bias) == ("FAILS", pytest.approx(-0.3))
    assert (answer.measured, answer.true) == (pytest.approx(0.7), pytest.approx(1))


def sides(of, over, spread=0.005, n=6):
    """Two conditions of `n` replicates, at these multiples of the truth, with a spread that has mean 0."""
    wave = spread * np.resize([1, -1], n)
    return (100 * of * np.exp(wave), np.full(n, 100.0)), (100 * over * np.exp(wave), np.full(n, 100.0))


@pytest.mark.parametrize(
    ("given", "more", "label", "reason"),
    [
        (sides(1.01, 1.0), {}, "HOLDS", ""),
        (sides(0.7, 1.0), {}, "FAILS", ""),
        (sides(0.7, 1.0, n=2), {}, "FAILS", ""),
        (sides(1.0, 1.0, n=4), {"alone": (None, None)}, "UNDETERMINED", "too few"),
        (sides(1.0, 1.0, 0.3), {}, "UNDETERMINED", "too noisy"),
        (sides(1.0, 1.0), {"truth_uncertainty": 0.06}, "UNDETERMINED DIFFERENTIAL", "truth"),
        (sides(1.0, 1.0), {"truth_uncertainty": 0.06, "left_uncertainty": 0.0}, "HOLDS", ""),
        (sides(1.07, 0.93), {}, "FAILS DIFFERENTIAL", ""),
        (sides(1.05, 0.955, 0.02), {}, "UNDETERMINED DIFFERENTIAL", "too noisy"),
        (sides(0.7, 0.7), {}, "HOLDS EQUALLY BIASED", ""),
        (sides(1.0, 1.0, 0.12, 60), {}, "HOLDS ON AVERAGE ONLY", ""),
        (sides(0.7, 1.0), {"tolerance": None}, "NOT JUDGED", "no tolerance"),
    ],
)
def test_every_word_and_mark(given, more, label, reason):
    verdict = contrast(*given, **(EXACT | more)).verdict
    assert (verdict.label, verdict.reason) == (label, reason)


def test_marks_follow_from_the_words():
    assert mark("HOLDS", "HOLDS", "HOLDS") == mark("FAILS", "FAILS", "FAILS") == ()
    assert mark("HOLDS", "FAILS", "FAILS") == mark("FAILS", "HOLDS", "HOLDS") == ()
    assert mark("HOLDS", "HOLDS", None) == ()
    assert mark("FAILS", "FAILS", "HOLDS") == ("EQUALLY BIASED",)


def test_a_lost_replicate_is_named_and_more_replicates_are_offered():
    of, over = sides(1.0, 1.0, n=8)
    of[0][3] = 20
    verdict = contrast(of, over, **EXACT).verdict
    assert (verdict.word, verdict.far, verdict.n) == ("UNDETERMINED", (3,), 16)
    assert verdict.further is not None
    over[0][5] = 300
    assert contrast(of, over, **EXACT).verdict.far == (3, 13)


def test_more_replicates_are_as_many_as_power_asks_for():
    """Paired, the offer is that of one condition with these errors."""
    from scopecheck import judge

    of, over = drawn(1, 7, 0.2), drawn(3, 7, 0.2)
    verdict = contrast(of, over, **EXACT, paired=True).verdict
    ratio = (of[0] / of[1]) / (over[0] / over[1])
    single = judge.agreement(ratio, np.ones(7), **EXACT)
    assert (verdict.word, verdict.reason) == ("UNDETERMINED", "too noisy")
    assert (verdict.further, verdict.interval) == (single.further, pytest.approx(single.interval))


@given(st.integers(0, 10**6), st.floats(-5, 2), st.floats(-5, 2), st.booleans())
def test_the_bias_is_that_of_the_ratio_however_little_was_measured(seed, one, other, paired):
    rng = np.random.default_rng(seed)
    t1, t2 = rng.uniform(50, 200, (2, 6))
    m1, m2 = (t * np.exp(rng.normal(by, 0.1, 6)) for t, by in ((t1, one), (t2, other)))
    got = contrast((m1, t1), (m2, t2), **EXACT, paired=paired)
    gmean = stats.gmean
    expected = gmean(m1) / gmean(m2) / (gmean(t1) / gmean(t2)) - 1
    assert got.verdict.bias == pytest.approx(expected)
    assert got.measured / got.true - 1 == pytest.approx(expected)


def test_geometric_means_of_nothing_have_no_ratio():
    some, none = ([5.0, 6, 7], [10.0, 11, 12]), ([5.0, 0, 7], [10.0, 11, 12])
    for sides, name in (((none, some), "of"), ((some, none), "over")):
        with pytest.raises(ValueError, match=rf"^{name}: nothing was measured in 1 of 3 replicates"):
            contrast(*sides, **EXACT)
        contrast(*sides, **EXACT | {"scale": "absolute"})
        contrast(*sides, **EXACT, estimand=POOLED)
    one, lost = ([5.0], [10.0]), ([0.0], [10.0])
    image = EXACT | {"scope": "image"}
    assert contrast(lost, one, **image, paired=True).verdict.bias == -1
    with pytest.raises(ValueError, match="over: nothing was measured, so the ratio does not exist"):
        contrast(one, lost, **image, paired=True)


def test_a_well_has_the_geometric_mean_of_its_fields():
    m, t = np.array([10.0, 30, 90, 0]), np.full(4, 100.0)
    got, _, _ = level_means(m[:3], t[:3], ["a"] * 3, scale="relative", estimand="")
    assert got == pytest.approx([30])
    assert level_means(m, t, ["a"] * 4, scale="relative", estimand="")[0][0] > 0


def test_one_pair_is_judged_as_an_image():
    answer = contrast(([30], [100]), ([100], [100]), scope="image", tolerance=0.1, paired=True)
    assert (answer.verdict.label, answer.verdict.bias) == ("FAILS", pytest.approx(-0.7))
    with pytest.raises(ValueError, match="paired=True"):
        contrast(([30], [100]), ([100], [100]), scope="image", tolerance=0.1)


def test_no_spread_is_noted():
    answer = contrast(([100] * 5, [100] * 5), ([100] * 5, [100] * 5), **EXACT)
    assert (answer.verdict.label, answer.verdict.interval) == ("HOLDS", (0, 0))
    assert answer.verdict.note.startswith("No spread")


def test_truths_that_err_in_opposite_directions_widen_by_both():
    assert opposed(0.03, 0.02, False) == pytest.approx(0.05)
    assert opposed(None, 0.02, True) is None
    assert opposed(1.0, 0.1, True) == np.inf
    u = opposed(0.03, 0.03, True)
    assert 1 + u == pytest.approx(1.03 / 0.97)
    of, over = sides(1.0, 1.0)
    narrow, wide = (contrast(of, over, **(EXACT | {"truth_uncertainty": x})).verdict for x in (0, 0.03))
    assert 1 + wide.interval[0] == pytest.approx((1 + narrow.interval[0]) * 0.97 / 1.03)
    assert 1 + wide.interval[1] >= (1 + narrow.interval[1]) * 1.03 / 0.97


ESTIMANDS = ["per-acquisition mean", POOLED]
amounts = st.floats(1, 1e6)
rows = st.lists(st.tuples(amounts, amounts), min_size=2, max_size=12)


def split(pairs):
    return tuple(np.array(column) for column in zip(*pairs, strict=True))


@settings(deadline=None, max_examples=60)
@given(
    rows,
    rows,
    st.randoms(use_true_random=False),
    st.floats(1e-3, 1e3),
    st.sampled_from(["per-acquisition mean", POOLED]),
)
def test_order_and_units_do_not_matter_and_swapping_turns_the_sign(of, over, random, unit, estimand):
    a, b = split(of), split(over)
    rules = EXACT | {"tolerance": None, "estimand": estimand}
    one = contrast(a, b, **rules)
    assume(one.verdict.interval[1] < 1e12)
    shuffled = [random.sample(list(range(len(side[0]))), len(side[0])) for side in (a, b)]
    mixed = [tuple(x[order] for x in side) for side, order in zip((a, b), shuffled, strict=True)]
    scaled = [tuple(unit * x for x in side) for side in (a, b)]
    # The quantile of a pooled ratio is simulated for sizes in an order.
    close = 1e-9 if estimand != POOLED else 0.05
    width = np.log1p(one.verdict.interval[1]) - np.log1p(max(one.verdict.interval[0], -1 + 1e-15))
    for other, slack in ((contrast(*mixed, **rules), close), (contrast(*scaled, **rules), 1e-9)):
        ends = [np.log1p(np.maximum(v.verdict.interval, -1 + 1e-15)) for v in (one, other)]
        assert ends[1] == pytest.approx(ends[0], abs=slack * (1 + width), rel=1e-6)
    back = contrast(b, a, **rules)
    assert np.log1p(back.verdict.bias) == pytest.approx(-np.log1p(one.verdict.bias), abs=1e-9)
    assert back.measured == pytest.approx(1 / one.measured, rel=1e-9)


@settings(deadline=None, max_examples=60)
@given(rows, rows)
def test_swapping_turns_the_absolute_interval_round(of, over):
    a, b = split(of), split(over)
    rules = EXACT | {"tolerance": None, "scale": "absolute"}
    low, high = contrast(a, b, **rules).verdict.interval
    back = contrast(b, a, **rules).verdict.interval
    assert back == pytest.approx((-high, -low), rel=1e-6, abs=1e-6)


def test_of_a_balanced_table_wells_have_the_standard_error_of_nested_variance_analysis():
    rng = np.random.default_rng(8)
    wells, fields = 5, 4
    errors = 5 * rng.standard_normal((2, wells, 1)) + rng.standard_normal((2, wells, fields))
    units = np.repeat(np.arange(wells), fields)
    got = []
    for side in errors:
        got.append(level_means(side.ravel(), np.zeros(side.size), units, scale="absolute", estimand=""))
    between = fields * errors.mean(2).var(1, ddof=1).mean()  # mean square of wells within conditions
    _, _, error = welch_interval(got[0][0], got[1][0])
    assert error == pytest.approx(np.sqrt(2 * between / (wells * fields)))


def test_a_well_counts_once_however_many_fields_it_has():
    m, t, units = [90.0, 90, 90, 90, 120], [100.0] * 5, ["b", "b", "b", "b", "a"]
    measured, true, first = level_means(m, t, units, scale="relative", estimand="per-acquisition mean")
    assert measured == pytest.approx([90, 120])
    assert (true.tolist(), first.tolist()) == ([100, 100], [0, 4])
    measured, true, _ = level_means(m, t, units, scale="relative", estimand=POOLED)
    assert (measured.tolist(), true.tolist()) == ([360, 120], [400, 100])
    with pytest.raises(ValueError, match="needs numbers >= 0"):
        level_means([-1.0, 2], [1.0, 1], [0, 0], scale="relative", estimand=POOLED)


GOOD = ([1.0, 2, 3], [1.0, 2, 3])


@pytest.mark.parametrize(
    ("of", "over", "more", "said"),
    [
        (([1.0], [1.0]), GOOD, {}, "of has 1 replicates; a difference needs at least 2"),
        (GOOD, ([1.0, np.nan], [1.0, 1]), {}, r"over: measured\[1\] is nan"),
        (([1.0, -2], [1.0, 1]), GOOD, {}, r"of: measured\[1\] is -2.0"),
        (GOOD, ([1.0, 2], [1.0, 0]), {}, r"over: true\[1\] is 0"),
        (GOOD, ([0.0, 0], [1.0, 1]), {"estimand": POOLED}, "over: every measured value is 0"),
        (GOOD, ([1.0, 1], [0.0, 1]), {"estimand": POOLED}, "over has 1 replicates whose truth is above 0"),
        (GOOD, ([1.0, 1], [1.0, 1]), {"paired": True}, "of has 3 numbers and over has 2; expected pairs"),
        (GOOD, GOOD, {"paired": "yes"}, "paired is 'yes'"),
        (GOOD, GOOD, {"left_uncertainty": -0.1}, "truth_uncertainty is -0.1"),
    ],
)
def test_bad_input_names_the_condition(of, over, more, said):
    with pytest.raises(ValueError, match=said):
        contrast(of, over, **EXACT, **more)
