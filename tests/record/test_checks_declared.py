"""Checks with declared limits: which rang at which case is known, since tool and signs are planted."""

import matplotlib as mpl
import numpy as np
import pytest

from scopecheck import record
from scopecheck.measure.maps import Curve

mpl.use("agg")


@pytest.fixture
def trial(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SCOPECHECK_RECIPE", raising=False)
    page = record.start("planted-limits")
    monkeypatch.setattr(page, "inside", lambda name, measured, true: abs(measured - true) < 1)
    made = record.Trial(
        page,
        tool=lambda image: image,
        numbers=lambda answer, case: {"length": float(answer)},
        scores=lambda answer, case: record.Scores(),
    )
    for arm, error in (("good", 0), ("long", 2)):
        cases = [record.Case(n + error, true={"length": float(n)}) for n in (10, 20, 30)]
        made.run(arm, cases, truth_uncertainty=0)
    return made


def signs(row, tool):
    return {"above 21": row.answer, "odd": np.nan if row.answer == 10 else 0.0}


def test_declared_limits_need_no_rehearsal_and_say_so(trial):
    checks = trial.checks(signs, limits={"above 21": 21, "odd": 0.5})
    checks.count()
    found = checks.counted["above 21"]
    assert (found.hits, found.misses, found.false_alarms, found.quiet) == (2, 1, 1, 2)  # 22, 32 | 30
    odd = checks.counted["odd"]
    assert (odd.misses, odd.quiet) == (3, 2)  # of the good ones one was not made
    assert trial.page._alarms[0]["rule"] == "its value is above 21, declared before the run"


def test_which_checks_rang_at_which_case(trial):
    checks = trial.checks(signs, limits={"above 21": 21, "odd": 0.5})
    assert checks.rang("good") == [set(), set(), {"above 21"}]
    assert checks.rang("long") == [set(), {"above 21"}, {"above 21"}]


def test_a_rule_of_several_checks_is_counted_a_case_at_a_time(trial):
    checks = trial.checks(lambda row, tool: {"low": -row.answer, "high": row.answer, "never": 0}, limits={
        "low": -11, "high": 21, "never": 1})  # fmt: skip
    checks.count()
    rule = checks.any_of(["low", "high"])  # low: 10; high: 30 | 22, 32; neither: 20 | 12
    assert (rule.hits, rule.misses, rule.false_alarms, rule.quiet) == (2, 1, 2, 1)
    assert checks.any_of(["never"]).misses == 3


def test_what_is_wrong_by_construction_is_counted_so(trial):
    checks = trial.checks(signs, limits={"above 21": 21, "odd": 0.5}, wrong=lambda row: row.arm == "good")
    checks.count()
    found = checks.counted["above 21"]
    assert (found.hits, found.misses, found.false_alarms, found.quiet) == (1, 2, 2, 1)
    assert checks.by_arm(["good"]).axes[0].texts[-1].get_text() == "3"  # wrong, though inside the tolerance


def test_signs_are_made_once_a_case(trial):
    asked = []

    def slow(row, tool):
        asked.append(row.answer)
        return {"above 21": row.answer}

    checks = trial.checks(slow, limits={"above 21": 21})
    checks.count()
    checks.rang("good")
    checks.by_arm()
    assert sorted(asked) == [10, 12, 20, 22, 30, 32]


def test_a_check_that_was_not_made_is_not_quiet(trial, capsys):
    checks = trial.checks(signs, limits={"above 21": 21, "odd": 0.5})
    checks.ring(trial.one(10))
    assert "not made" in capsys.readouterr().out


def test_the_figure_by_arm_shows_the_counts(trial):
    drawn = []
    checks = trial.checks(signs, limits={"above 21": 21, "odd": 0.5})
    figure = checks.by_arm(draw=lambda axis, arm: drawn.append(arm))
    marks = figure.axes[0]
    assert [t.get_text() for t in marks.texts] == ["1", "·", "·", "2", "·", "3"]  # the last column: wrong
    assert [t.get_text() for t in marks.get_xticklabels()] == ["above 21", "odd", "wrong"]
    assert drawn == ["good", "long"]
    assert [t.get_text() for t in checks.by_arm(["long"], ["above 21"]).axes[0].texts] == ["2", "3"]


def test_fsc_curves_stand_over_resolution():
    import matplotlib.pyplot as plt

    curve = Curve(np.arange(9) / 16, np.linspace(1, 0, 9), np.ones(9, int))
    _, ax = plt.subplots()
    record.plots.fsc(ax, {str(n): curve for n in range(6)}, 2.5)
    assert len(ax.get_legend_handles_labels()[1]) == 6  # none is lost beyond the styles
    assert [t.get_text() for t in ax.get_xticklabels()] == ["20", "10", "7", "5"]  # 4 A is beyond Nyquist
    assert ax.get_xticks() == pytest.approx([2.5 / 20, 2.5 / 10, 2.5 / 7, 0.5])
