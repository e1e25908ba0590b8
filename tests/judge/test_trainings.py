"""Trainings as a level: against Student's interval from SciPy, and coverage where the truth is planted."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from scopecheck.judge import agreement

CELLS = [  # standard deviations between trainings, acquisitions, and of the rest; acquisitions; scope
    (0.05, 0.00, 0.00, 1, "image"),
    (0.40, 0.00, 0.10, 1, "image"),
    (0.05, 0.00, 0.00, 5, "setting"),
    (0.00, 0.05, 0.00, 5, "population"),
    (0.00, 0.00, 0.05, 5, "population"),
    (0.05, 0.05, 0.00, 5, "population"),
    (0.03, 0.08, 0.05, 5, "population"),
    (0.08, 0.03, 0.05, 5, "population"),
    (0.05, 0.05, 0.05, 18, "population"),
    (0.30, 0.10, 0.10, 18, "population"),
    (0.01, 0.10, 0.02, 18, "population"),
]
FORMS = ["absolute", "log ratio", "pooled"]
# What runs every time: the hardest mixture in every form, and each kind of cell in one of them.
EVERY_TIME = {(CELLS[6], form) for form in FORMS} | {(CELLS[i], "absolute") for i in (0, 2, 8)}


def student(values):
    """Half-width of SciPy's 90 % interval of a mean."""
    low, high = stats.t.interval(0.9, len(values) - 1, np.mean(values), stats.sem(values))
    return (high - low) / 2


def test_for_one_image_the_interval_is_students_over_trainings():
    errors = np.array([0.4, -1.1, 2.3])
    v = agreement(100 + errors[:, None], [100], scope="image", tolerance=10.0, scale="absolute")
    assert v.bias == pytest.approx(errors.mean())
    half = student(errors)
    assert v.interval == pytest.approx((errors.mean() - half, errors.mean() + half))
    assert v.trainings == pytest.approx(tuple(errors))
    assert (v.n, v.word) == (1, "HOLDS")


def test_both_levels_are_added_in_quadrature():
    errors = np.random.default_rng(1).normal(size=(4, 7)) + np.arange(4)[:, None]
    v = agreement(50 + errors, [50] * 7, scope="population", tolerance=10.0, scale="absolute")
    half = np.hypot(student(errors.mean(0)), student(errors.mean(1)))
    assert v.interval == pytest.approx((errors.mean() - half, errors.mean() + half))


def test_relative_errors_are_averaged_as_log_ratios():
    logs = np.log([[1.10, 1.12], [1.05, 1.08], [1.02, 1.07]])  # no end of the interval below one half
    v = agreement(80 * np.exp(logs), [80, 80], scope="population", tolerance=0.1)
    half = np.hypot(student(logs.mean(0)), student(logs.mean(1)))
    assert 1 + v.bias == pytest.approx(np.exp(logs.mean()))
    assert np.log1p(v.interval) == pytest.approx([logs.mean() - half, logs.mean() + half])


def test_a_pooled_ratio_has_the_average_amounts_and_the_trainings_beside():
    measured = np.array([[90, 40, 200], [110, 55, 190], [100, 48, 230.0]])
    true = np.array([100, 50, 210])
    v = agreement(measured, true, scope="population", tolerance=0.1, estimand="pooled ratio")
    alone = agreement(measured.mean(0), true, scope="population", tolerance=0.1, estimand="pooled ratio")
    each = np.log(measured.sum(1) / true.sum())
    assert v.bias == pytest.approx(measured.sum() / 3 / true.sum() - 1)
    reach = np.log1p(np.array(alone.interval)) - np.log1p(alone.bias)
    assert np.log1p(v.interval) - np.log1p(v.bias) == pytest.approx(
        np.copysign(np.hypot(reach, student(each)), reach)
    )


def test_equal_trainings_add_nothing():
    row, true = [97, 103, 99, 104, 101], [100] * 5
    one = agreement(row, true, scope="population", tolerance=0.1)
    three = agreement([row] * 3, true, scope="population", tolerance=0.1)
    assert three.interval == pytest.approx(one.interval)
    assert three.word == one.word == "HOLDS"


def test_too_few_trainings_do_not_hold_and_one_is_refused():
    row = [100.0, 100.1, 99.9, 100, 100]
    two = agreement([row, row], [100] * 5, scope="population", tolerance=0.1)
    assert (two.word, two.reason, two.further) == ("UNDETERMINED", "too few", None)
    with pytest.raises(ValueError, match=r"one training alone is given as \(n,\)"):
        agreement([row], [100] * 5, scope="population", tolerance=0.1)
    with pytest.raises(ValueError, match="same acquisitions"):
        agreement([[1, 2], [1]], [1, 2], scope="population", tolerance=0.1)
    with pytest.raises(ValueError, match="gross_error has shape"):
        agreement([[1, 2], [1, 2]], [1, 2], scope="population", tolerance=0.1, gross_error=[[0.1] * 3] * 2)


def test_trainings_that_disagree_decide_nothing_and_say_so():
    v = agreement([[112], [93], [115.0]], [100], scope="image", tolerance=0.10)
    assert (v.word, v.reason, v.further) == ("UNDETERMINED", "too noisy", None)
    assert "3 trainings" in str(v)
    assert "-7.0%" in str(v)
    assert "90 % interval" in str(v)  # for an image without trainings and known truth there is none


def test_an_acquisition_is_inside_when_it_is_with_every_training():
    measured = [[100, 100, 100, 100, 100], [100, 100, 100, 100, 111], [100, 100, 100, 89, 100.0]]
    v = agreement(measured, [100] * 5, scope="population", tolerance=0.10)
    assert v.inside == 3


def test_cancellation_is_judged_by_the_mean_gross_error():
    row, gross = [100.0] * 5, [[0.3] * 5, [0.0] * 5, [0.03] * 5]
    v = agreement([row] * 3, row, scope="population", tolerance=0.1, gross_error=gross)
    assert v.gross_error == pytest.approx(0.11)
    assert v.label == "HOLDS BY CANCELLATION"


@settings(deadline=None, max_examples=60)
@given(
    st.integers(2, 5).flatmap(
        lambda n: st.lists(
            st.lists(st.integers(0, 300), min_size=n, max_size=n), min_size=2, max_size=5
        )
    ),
    st.sampled_from(["per-acquisition mean", "pooled ratio"]),
)  # fmt: skip
def test_a_level_never_narrows_the_interval(measured, estimand):
    """Zeros and wild spread included: the bias lies within, and trainings only widen."""
    measured = np.array(measured, float)
    true = np.full(measured.shape[1], 100.0)
    v = agreement(measured, true, scope="population", tolerance=0.1, estimand=estimand)
    assert v.interval is not None
    assert v.interval[0] - 1e-9 <= v.bias <= v.interval[1] + 1e-9
    image = agreement(measured[:, :1], true[:1], scope="image", tolerance=0.1, estimand=estimand)
    assert image.interval[0] - 1e-9 <= image.bias <= image.interval[1] + 1e-9


def simulate(cell, rng, bias):
    between, acquisitions, rest, n, _ = cell
    error = between * rng.standard_normal((3, 1)) + acquisitions * rng.standard_normal(n)
    return error + rest * rng.standard_normal((3, n)) + bias


@pytest.mark.slow
@pytest.mark.parametrize(
    ("form", "cell"),
    [
        pytest.param(
            form,
            cell,
            id=f"{form}-{cell}",
            marks=[] if (cell, form) in EVERY_TIME else pytest.mark.weekly,
        )
        for form in FORMS
        for cell in CELLS
    ],
)
def test_the_planted_bias_is_covered_and_wrong_holds_are_rare(cell, form):
    n, scope = cell[3:]
    rng, trials, covered, held = np.random.default_rng(7), 1200, 0, 0
    scale = "absolute" if form == "absolute" else "relative"
    estimand = "pooled ratio" if form == "pooled" else "per-acquisition mean"
    edge = 0.1 if form == "absolute" else np.log(1.1)
    for _ in range(trials):
        error = simulate(cell, rng, edge)
        true = np.full(n, 1.0)
        measured = 1 + error if form == "absolute" else np.exp(error)
        if form == "pooled":  # the ratio itself has the bias, so errors are fractions
            measured = 1.1 * np.maximum(1 + error - edge, 0)
        v = agreement(measured, true, scope=scope, tolerance=0.10, scale=scale, estimand=estimand)
        covered += v.interval[0] <= 0.1 <= v.interval[1]
        held += v.word == "HOLDS"
    error = np.sqrt(0.9 * 0.1 / trials)
    assert covered / trials >= 0.90 - 3 * error  # never less than 88.5 % but for the simulation's own error
    assert held / trials <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / trials)
    print(cell, form, covered / trials, held / trials)
