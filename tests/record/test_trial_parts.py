"""An arm whose measurements two tools give: each is judged and checked by its own tool alone."""

import numpy as np
import pytest

from scopecheck import record
from scopecheck.record.trial import Case


class Noted:
    """Stands in for a page: what is judged is noted as (arm, measurement, mean relative error)."""

    seed = 0

    def __init__(self):
        self.judged, self.counts = [], {}

    def asked(self, arm, measured=()):
        return list(measured)

    def control(self, arm):
        return "negative" if arm == "broken" else None  # its limits are those of the trial's tool

    def scope(self, arm):
        return "population"

    def inside(self, name, measured, true):
        return abs(measured / true - 1) <= 0.1

    def judge(self, arm, name, measured, true, **noted):
        self.judged.append((arm, name, float(np.mean(np.divide(measured, true) - 1))))

    def alarms(self, check, found, **noted):
        self.counts[check] = (found.hits, found.misses, found.false_alarms, found.quiet)


@pytest.fixture
def trial():
    def numbers(answer, case):
        return {"count": float(answer[0]), "mean_area": float(answer[1])}

    return record.Trial(
        Noted(), tool=lambda image: image, numbers=numbers, scores=lambda answer, case: record.Scores()
    )


def halved(image):
    return [image[0] / 2, image[1]]


def grown(image):
    return [image[0], image[1] * 2]


def test_two_tools_give_one_arm(trial):
    cases = [Case([n, 50.0], [n, 50.0]) for n in (10, 20, 30)]
    trial.run("fine", cases)
    trial.run("broken", cases, tool=halved, only=["count"])
    trial.run("broken", cases, tool=grown, only=["mean_area"])
    said = [("fine", "count", 0), ("fine", "mean_area", 0)]
    assert trial.page.judged == [*said, ("broken", "count", -0.5), ("broken", "mean_area", 1.0)]
    assert set(trial.rows) == {"fine", "broken: count", "broken: mean_area"}

    asked = {}

    def signs(row, tool):
        asked.setdefault(row.arm, set()).add(tool)
        return {"wide": row.measured["mean_area"]}

    checks = trial.checks(signs, cases[:1])
    checks.count()
    # A measurement has six cases: three of `fine`, and three of its own part of `broken`. The halved answers
    # have the true area, so no alarm rings; the grown ones, twice the area of the rehearsal, ring every one.
    assert trial.page.counts == {"wide (count)": (0, 3, 0, 3), "wide (mean_area)": (3, 0, 0, 3)}
    assert asked["broken"] == {halved, grown}
    assert {p.arm for p in checks.points} == {"fine", "broken"}


def test_a_cell_that_ends_with_an_arm_shows_nothing(trial):
    from IPython.core.formatters import DisplayFormatter
    from IPython.core.interactiveshell import InteractiveShell

    formatter = DisplayFormatter(parent=InteractiveShell.instance())
    cases = [Case([n, 50.0], [n, 50.0]) for n in (10, 20)]
    rows = trial.run("fine", cases)
    assert [row.measured["count"] for row in rows] == [10, 20]
    assert formatter.format(rows) == ({}, {})
    assert formatter.format(trial.again("grown", of="fine", change=lambda row: grown(row.answer))) == ({}, {})
    assert formatter.format(list(rows)) != ({}, {})  # what it would be


def test_a_part_can_be_left_out_by_its_arm(trial):
    cases = [Case([n, 50.0], [n, 50.0]) for n in (10, 20)]
    trial.run("fine", cases)
    trial.run("broken", cases, tool=grown, only=["mean_area"])
    checks = trial.checks(lambda row, tool: {"wide": row.measured["mean_area"]}, cases)
    checks.count(leave_out=["broken"])
    assert {p.arm for p in checks.points} == {"fine"}


def test_a_scope_of_this_run_and_the_time_of_a_training_before_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SCOPECHECK_RECIPE", raising=False)
    page = record.start("planted-scope")
    trial = record.Trial(page, tool=len, numbers=lambda n, case: {"count": float(n)}, scores=lambda *_: {})
    cases = [Case([0] * n, true={"count": 10.0}, seconds=50) for n in (9, 11, 10)]
    trial.run("plan", cases, truth_uncertainty=0)
    trial.run("told", cases, truth_uncertainty=0, scope="image")  # three fields of one acquisition
    whole, one = page["plan", "count"], page["told", "count"]
    assert (whole.scope, whole.n) == ("population", 3)
    assert (one.scope, one.n) == ("image", 1)
    assert whole.seconds == pytest.approx(150, abs=1)
