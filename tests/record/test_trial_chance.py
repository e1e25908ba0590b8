"""Numbers of an answer at random places stand as a trial's baseline where it has no other."""

import numpy as np

from scopecheck import record


def run(page, chance, **more):
    trial = record.Trial(
        page,
        tool=lambda image: image,
        numbers=lambda answer, case: {"count": float(len(answer))},
        scores=lambda answer, case: record.Scores({"picks": len(answer) or np.nan}),
        chance=chance,
        **more,
    )
    cases = [record.Case(np.arange(n), truth=np.arange(100)) for n in (99, 101, 100, 0, 100)]
    trial.run("half lost", cases)
    return trial, page["half lost", "count"]


def test_chance_is_asked_once_a_judged_row_with_a_seed_of_its_own(recipe):
    asked = []

    def chance(answer, case, seed):
        asked.append((len(answer), seed))
        return {"count": 30.0}

    trial, row = run(record.start("shift-toy", seed=7), chance)
    assert asked == [(99, (7, 0)), (101, (7, 1)), (100, (7, 2)), (0, (7, 3)), (100, (7, 4))]
    assert row.baseline["bias"] == np.float64(150 / 500 - 1)
    trial.one(np.arange(5))  # judged nowhere
    assert len(asked) == 5
    assert row.plausibility == {
        "picks": 100.0
    }  # a look that does not exist of one case is left out of the mean


def test_a_baseline_comes_before_chance(recipe):
    _, row = run(record.start("shift-toy"), lambda *_: 1 / 0, baseline=lambda image: np.arange(100))
    assert row.baseline["bias"] == 0


def test_a_version_that_was_not_run_here_is_written_down(recipe):
    page = record.start("shift-toy")
    trial = record.Trial(
        page, tool=len, numbers=lambda n, case: {"count": float(n)}, scores=lambda *_: record.Scores()
    )
    trial.run(
        "apart", [record.Case([0] * 9, true={"count": 9.0})] * 3, named="crYOLO", version="as published"
    )
    row = page["apart", "count"]
    assert (row.tool, row.version) == ("crYOLO", "as published")
    assert row.baseline is None


def test_right_is_every_number_inside_its_tolerance_and_scores_may_be_a_dict(recipe):
    """Of the toy: count within 10 %, mean area between -5 and 8."""
    page = record.start("shift-toy")
    trial = record.Trial(page, tool=dict, numbers=lambda found, case: found, scores=lambda *_: {"F1": 0.5})
    true = {"count": 100.0, "mean_area": 50.0}
    for count, area, right in ((109, 57, True), (111, 57, False), (91, 44, False), (100, np.nan, False)):
        row = trial.one(record.Case({"count": float(count), "mean_area": float(area)}, truth=true))
        assert trial.right(row) == right, (count, area)
        assert row.looks == {"F1": 0.5}


def test_a_notebook_prints_no_rows(recipe):
    """Answers are images and tables; a cell that ends in `trial.run` would fill a page with them."""
    from IPython.core.formatters import DisplayFormatter

    trial, _ = run(record.start("shift-toy"), lambda *_: {"count": 30.0})
    assert DisplayFormatter().format(trial.rows["half lost"]) == ({}, {})
    assert DisplayFormatter().format(trial.run("field", [])) == ({}, {})
    assert record.markdown(["arm"], []).data == "*None of this was run.*"
