"""The rules of a verdict, each against a number worked out elsewhere or by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from scopecheck import judge

POPULATION = {"scope": "population", "tolerance": 0.10}
positive = st.floats(1.0, 1000.0)
pairs = st.integers(2, 12).flatmap(
    lambda n: st.tuples(
        st.lists(positive, min_size=n, max_size=n), st.lists(positive, min_size=n, max_size=n)
    )
)


def ratios(*values: float, size: float = 100.0) -> tuple[np.ndarray, np.ndarray]:
    return size * np.array(values), np.full(len(values), size)


def scale(ratio: np.ndarray | float) -> np.ndarray:
    """The integral of 1 / max(r, 1/2) from 1: ln r down to 1/2, then a straight line to -1.69 at 0."""
    ratio = np.asarray(ratio, float)
    return np.log(np.maximum(ratio, 0.5)) + 2 * np.minimum(ratio - 0.5, 0)


@settings(deadline=None)
@given(pairs)
def test_word_equals_two_one_sided_t_tests(pair: tuple[list[float], list[float]]) -> None:
    ratio = np.divide(*pair)
    errors = scale(ratio)
    if np.ptp(errors) < 1e-9:
        return
    n = len(errors)
    below = stats.ttest_1samp(errors, np.log(0.9), alternative="greater").pvalue
    above = stats.ttest_1samp(errors, np.log(1.1), alternative="less").pvalue
    outside = min(
        stats.ttest_1samp(errors, np.log(0.9), alternative="less").pvalue,
        stats.ttest_1samp(errors, np.log(1.1), alternative="greater").pvalue,
    )
    if min(abs(p - 0.05) for p in (below, above, outside)) < 1e-6:
        return
    expected = (
        "HOLDS" if max(below, above) < 0.05 and n >= 5 else "FAILS" if outside < 0.05 else "UNDETERMINED"
    )
    verdict = judge.agreement(*pair, **POPULATION)
    assert verdict.word == expected
    ends = np.maximum(stats.ttest_1samp(errors, 0).confidence_interval(0.90), scale(0))
    assert scale(1 + np.array(verdict.interval)) == pytest.approx(ends, rel=1e-9, abs=1e-9)
    assert scale(1 + verdict.bias) == pytest.approx(errors.mean(), rel=1e-9, abs=1e-9)
    if ratio.min() >= 0.5:  # where no acquisition lost more than half, the bias is the plain mean log ratio
        assert verdict.bias == pytest.approx(stats.gmean(ratio) - 1, rel=1e-9, abs=1e-9)


@settings(deadline=None)
@given(pairs, st.floats(0.01, 100))
def test_units_do_not_matter_on_the_relative_scale(
    pair: tuple[list[float], list[float]], unit: float
) -> None:
    m, t = map(np.array, pair)
    for estimand in ("per-acquisition mean", "pooled ratio"):
        one = judge.agreement(m, t, estimand=estimand, **POPULATION)
        other = judge.agreement(m * unit, t * unit, estimand=estimand, **POPULATION)
        assert (one.word, one.inside) == (other.word, other.inside)
        assert one.interval == pytest.approx(other.interval, rel=1e-6, abs=1e-6)


@settings(deadline=None)
@given(pairs, st.randoms(use_true_random=False))
def test_order_of_acquisitions_does_not_matter(pair: tuple[list[float], list[float]], random) -> None:
    order = list(range(len(pair[0])))
    random.shuffle(order)
    m, t = map(np.array, pair)
    one, other = judge.agreement(m, t, **POPULATION), judge.agreement(m[order], t[order], **POPULATION)
    assert one.word == other.word
    assert one.bias == pytest.approx(other.bias, rel=1e-9, abs=1e-12)


@settings(deadline=None)
@given(pairs, st.floats(0, 0.3), st.floats(0, 0.3))
def test_more_doubt_in_the_truth_never_decides_more(
    pair: tuple[list[float], list[float]], u: float, v: float
) -> None:
    less, more = (judge.agreement(*pair, truth_uncertainty=x, **POPULATION) for x in sorted((u, v)))
    assert less.interval[0] >= more.interval[0] - 1e-12
    assert less.interval[1] <= more.interval[1] + 1e-12
    assert more.word in (less.word, "UNDETERMINED")


def test_published_worked_example_of_bland_and_altman() -> None:
    # Peak expiratory flow, l/min, 17 subjects, first reading of each meter: difference -2.1, SD 38.8
    # (Bland and Altman 1986, doi:10.1016/S0140-6736(86)90837-8).
    wright = [494, 395, 516, 434, 476, 557, 413, 442, 650, 433, 417, 656, 267, 478, 178, 423, 427]
    mini = [512, 430, 520, 428, 500, 600, 364, 380, 658, 445, 432, 626, 260, 477, 259, 350, 451]
    verdict = judge.agreement(wright, mini, scope="population", tolerance=50, scale="absolute")
    assert round(verdict.bias, 1) == -2.1
    assert round((verdict.limits[1] - verdict.limits[0]) / 2 / 1.96, 1) == 38.8
    assert verdict.word == "HOLDS"
    assert verdict.inside == 14  # all but the differences 62, -81 and 73


def test_five_of_five_proves_only_55_percent() -> None:
    verdict = judge.agreement(*ratios(0.95, 1.01, 0.98, 1.03, 0.99), **POPULATION)
    assert (verdict.word, verdict.inside, verdict.n) == ("HOLDS", 5, 5)
    assert round(verdict.inside_bound, 3) == 0.549


@pytest.mark.parametrize(("inside", "n"), [(0, 5), (1, 5), (4, 5), (5, 5), (17, 20), (1, 1), (0, 1)])
def test_fraction_bound_is_clopper_pearson(inside: int, n: int) -> None:
    values = [1.0] * inside + [2.0] * (n - inside)
    verdict = judge.agreement(*ratios(*values), **POPULATION)
    exact = stats.binomtest(inside, n, alternative="greater").proportion_ci(0.95, method="exact").low
    assert verdict.inside_bound == pytest.approx(exact, abs=1e-12)
    assert verdict.inside_fraction == inside / n


def test_population_needs_five_to_hold_and_two_to_fail() -> None:
    for n, word in ((1, "UNDETERMINED"), (2, "UNDETERMINED"), (4, "UNDETERMINED"), (5, "HOLDS")):
        good = judge.agreement(*ratios(*[1.0, 1.001, 0.999, 1.002, 0.998][:n]), **POPULATION)
        assert good.word == word
        assert good.reason == ("" if word == "HOLDS" else "too few")
        bad = judge.agreement(*ratios(*[1.5, 1.501, 1.499, 1.502, 1.498][:n]), **POPULATION)
        assert bad.word == ("UNDETERMINED" if n == 1 else "FAILS")
    assert judge.agreement(*ratios(1.5), **POPULATION).interval is None
    assert judge.agreement(*ratios(1.0, 1.001, 0.999), **POPULATION).further == 2


def test_setting_needs_five_seeds_for_any_word() -> None:
    four = judge.agreement([150, 151, 149, 152], 100, scope="setting", tolerance=0.1)
    assert (four.word, four.reason) == ("UNDETERMINED", "too few")
    assert judge.agreement([150, 151, 149, 152, 150], 100, scope="setting", tolerance=0.1).word == "FAILS"
    assert judge.agreement([100, 101, 99, 100, 101], 100, scope="setting", tolerance=0.1).word == "HOLDS"


def test_image_is_judged_by_the_truths_own_uncertainty() -> None:
    verdict = judge.agreement(141, 100, scope="image", tolerance=0.1, truth_uncertainty=0.05)
    assert verdict.word == "FAILS"
    assert verdict.n == 1
    assert verdict.interval == pytest.approx((1.41 / 1.05 - 1, 1.41 / 0.95 - 1))
    assert verdict.limits is None
    near = judge.agreement(108, 100, scope="image", tolerance=0.1, truth_uncertainty=0.05)
    assert (near.word, near.reason, near.further) == ("UNDETERMINED", "truth", None)
    known = judge.agreement(96, 100, scope="image", tolerance=5, scale="absolute", truth_uncertainty=0)
    assert (known.word, known.interval, known.claim) == ("HOLDS", (-4.0, -4.0), "agrees with the truth")


def test_unknown_uncertainty_speaks_of_annotation() -> None:
    assert judge.agreement(141, 100, scope="image", tolerance=0.1).claim == "disagrees with annotation"


def test_truth_less_certain_than_the_tolerance_decides_nothing() -> None:
    for m in (ratios(1.0, 1.001, 0.999, 1.002, 0.998), ratios(3.0, 3.1, 3.2, 3.0, 3.1)):
        verdict = judge.agreement(*m, truth_uncertainty=0.11, **POPULATION)
        assert (verdict.word, verdict.reason, verdict.further) == ("UNDETERMINED", "truth", None)
    at_the_edge = judge.agreement(*ratios(3.0, 3.1, 3.2, 3.0, 3.1), truth_uncertainty=0.10, **POPULATION)
    assert at_the_edge.word == "FAILS"


def test_bias_in_the_truths_grey_zone_is_not_a_matter_of_number() -> None:
    m = ratios(*np.linspace(1.06, 1.08, 40))
    verdict = judge.agreement(*m, truth_uncertainty=0.05, **POPULATION)
    assert (verdict.word, verdict.reason, verdict.further) == ("UNDETERMINED", "truth", None)
    assert judge.agreement(*m, **POPULATION).word == "HOLDS"
    few = judge.agreement([100, 101, 99], [100] * 3, truth_uncertainty=0.0999, **POPULATION)
    assert (few.word, few.reason, few.further) == ("UNDETERMINED", "truth", None)
    lacking = judge.agreement([100, 101, 99], [100] * 3, truth_uncertainty=0.05, **POPULATION)
    assert (lacking.reason, lacking.further) == ("too few", 2)


def test_on_average_only() -> None:
    m = ratios(*[0.8, 1.2] * 30, 1.0, 1.0)
    verdict = judge.agreement(*m, **POPULATION)
    assert verdict.label == "HOLDS ON AVERAGE ONLY"
    assert (verdict.inside, verdict.n) == (2, 62)
    four_of_five = judge.agreement(*ratios(1.0, 1.0, 1.0, 1.0, 1.11), **POPULATION)
    assert (four_of_five.inside, four_of_five.marks) == (4, ())


def test_by_cancellation() -> None:
    m, t = ratios(1.0, 1.01, 0.99, 1.0, 1.02)
    assert judge.agreement(m, t, gross_error=0.10, **POPULATION).label == "HOLDS"
    assert judge.agreement(m, t, gross_error=0.11, **POPULATION).label == "HOLDS BY CANCELLATION"
    assert judge.agreement(m, t, gross_error=[0, 0, 0, 0, 0.6], **POPULATION).gross_error == pytest.approx(
        0.12
    )
    fails = judge.agreement(1.5 * m, t, gross_error=0.5, **POPULATION)
    assert fails.label == "FAILS"
    absolute = {"scope": "population", "tolerance": 5, "scale": "absolute"}
    assert judge.agreement(m, t, gross_error=0.04, **absolute).label == "HOLDS"  # 4 objects of 100
    assert judge.agreement(m, t, gross_error=0.06, **absolute).label == "HOLDS BY CANCELLATION"


def test_gross_error_of_a_pooled_ratio_is_weighted_by_objects() -> None:
    verdict = judge.agreement(
        [10, 90, 50, 50, 50],
        [10, 90, 50, 50, 50],
        estimand="pooled ratio",
        gross_error=[1, 0, 0, 0, 0],
        **POPULATION,
    )
    assert verdict.gross_error == pytest.approx(10 / 250)


def test_pooled_ratio_and_mean_are_different_questions() -> None:
    measured, true = [12, 13, 12, 11, 300], [10, 10, 10, 10, 300]
    pooled = judge.agreement(measured, true, estimand="pooled ratio", **POPULATION)
    mean = judge.agreement(measured, true, **POPULATION)
    assert pooled.bias == pytest.approx(348 / 340 - 1)
    assert mean.bias == pytest.approx(stats.gmean(np.divide(measured, true)) - 1)


def test_pooled_interval_of_equal_sizes_is_near_students() -> None:
    # with equal shares the jackknife is s / sqrt(n) of the ratios, and the simulated quantile is Student's
    m, t = ratios(0.96, 1.01, 0.98, 1.05, 0.99, 1.02)
    verdict = judge.agreement(m, t, estimand="pooled ratio", **POPULATION)
    half = stats.t.ppf(0.95, 5) * np.std(m / m.mean(), ddof=1) / np.sqrt(6)
    wanted = m.mean() / 100 * np.exp([-half, half]) - 1
    assert verdict.interval == pytest.approx(tuple(wanted), abs=1e-3)


def test_asymmetric_tolerance() -> None:
    m = ratios(0.80, 0.81, 0.79, 0.82, 0.80)
    assert judge.agreement(*m, scope="population", tolerance=(-0.3, 0.05)).word == "HOLDS"
    assert judge.agreement(*m, scope="population", tolerance=(-0.05, 0.3)).word == "FAILS"
    assert judge.agreement(*m, scope="population", tolerance=0.1).tolerance == (-0.1, 0.1)


def test_no_tolerance_gives_no_word() -> None:
    verdict = judge.agreement(*ratios(0.8, 0.9, 1.0), scope="population", tolerance=None)
    assert (verdict.word, verdict.reason, verdict.label) == (None, "no tolerance", "NOT JUDGED")
    assert verdict.interval is not None
    assert np.isnan(verdict.inside_fraction)


def test_sentence_names_scope_n_and_reason() -> None:
    text = str(judge.agreement(*ratios(0.9, 1.1, 1.0, 1.2, 0.8), gross_error=0.3, **POPULATION))
    for part in (
        "UNDETERMINED [population, n = 5]",
        "reason: too noisy",
        "further acquisitions",
        "gross error 30.0%",
    ):
        assert part in text


@settings(deadline=None)
@given(pairs, st.sampled_from([None, 0.05, 0.2, 2.0]), st.sampled_from([None, 0.0, 0.3]))
def test_what_is_not_better_than_chance_never_holds_and_is_marked(pair, tolerance, u) -> None:  # type: ignore[no-untyped-def]
    rules = {"scope": "population", "tolerance": tolerance, "truth_uncertainty": u, "gross_error": 0.5}
    plain, asked = (
        judge.agreement(*pair, better_than_chance=better, **rules)
        for better in (None, True)  # type: ignore[arg-type]
    )
    assert str(plain) == str(asked)  # better than chance, or not asked: nothing changes
    chance = judge.agreement(*pair, better_than_chance=False, **rules)  # type: ignore[arg-type]
    assert chance.marks == ("NOT BETTER THAN CHANCE",)
    assert (chance.bias, chance.interval, chance.inside) == (plain.bias, plain.interval, plain.inside)
    expected = {"HOLDS": "UNDETERMINED"}.get(plain.word, plain.word)
    assert chance.word == expected
    if expected == "UNDETERMINED":
        assert (chance.reason, chance.further) == ("chance", None)
        assert chance.label == "UNDETERMINED NOT BETTER THAN CHANCE"


def test_better_than_chance_is_yes_no_or_not_asked() -> None:
    for better in (np.bool_(True), np.bool_(False), True, False, None):
        judge.agreement(*ratios(1, 1, 1, 1, 1), better_than_chance=better, **POPULATION)
    for wrong in (0.03, "no", 1):
        with pytest.raises(ValueError, match=r"better_than_chance is .*; expected True, False or None"):
            judge.agreement(*ratios(1, 1, 1, 1, 1), better_than_chance=wrong, **POPULATION)  # type: ignore[arg-type]
