"""The page: what is written down, what is refused, and what stands in verdict.json."""

import json

import numpy as np
import pytest

from scopecheck import judge, record
from scopecheck.errors import DataError, InputError, RecipeError

KEYS = {
    *("recipe", "arm", "scope", "measurement", "unit", "estimand", "bias", "interval", "n", "tolerance"),
    *(
        "truth_uncertainty",
        "plausibility",
        "chance",
        "trainings",
        "verdict",
        "reason",
        "predicted",
        "recorded",
        "seen_in_training",
    ),
    *("tool", "version", "data_sha256", "tier", "seconds"),
    *("run_verdict", "run_label", "words_seen", "stable"),  # since 1.2.0
}


def start(**keywords):
    return record.start("shift-toy", **keywords)


@pytest.fixture
def page(recipe, verdicts):
    """A whole page: both controls right, one arm that differs from what was recorded, one surprise."""
    count, area = verdicts
    page = start(seed=3)
    floor = {"F1@0.5": 0.031, "gross error": 1.9}
    looks = {"F1@0.5": 0.9, "pixel Dice": 0.8}
    page.add("field", count(0.7, u=None), plausibility=looks, chance=floor, seconds=1.5, seeds=[1, 2])
    page.add("apart", count(1.0), baseline=count(0.9))
    page.add("half lost", count(0.5))
    page.add("field", area(2.0), measurement="mean_area", unit="ignored")
    return page


def test_verdict_json_holds_every_key_and_the_numbers_of_the_judge(page, verdicts):
    path = page.save()
    raw = json.loads(path.read_text(encoding="utf-8"))
    assert raw["schema_version"] == "1.2.0"
    assert (raw["recipe"], raw["profile"], raw["tier"], raw["seed"]) == ("shift-toy", "quick", "embedded", 3)
    assert all(set(arm) >= KEYS for arm in raw["arms"])
    arms = {(a["arm"], a["measurement"]): a for a in raw["arms"]}
    field, want = arms["field", "count"], verdicts[0](0.7, u=None)
    assert field["verdict"] == want.word == "FAILS"
    assert field["bias"] == pytest.approx(-0.3)
    assert field["interval"] == pytest.approx(list(want.interval))
    assert field["tolerance"] == pytest.approx([-0.1, 0.1])
    assert (field["n"], field["unit"], field["seeds"]) == (6, "nuclei", [1, 2])
    assert field["truth_uncertainty"] is None
    assert field["chance"] == {"F1@0.5": 0.031, "gross error": 1.9}
    assert arms["apart", "count"]["chance"] == {}
    assert field["tool"] == "numpy"
    assert field["version"][0] in "12"
    assert arms["apart", "count"]["baseline"]["bias"] == pytest.approx(-0.1)
    assert arms["field", "mean_area"]["bias"] == pytest.approx(2.0)
    assert list(path.parent.iterdir()) == [path]  # nothing half-written beside it


def test_a_score_is_told_with_its_chance_where_that_is_known(page):
    assert "looks good: F1@0.5 0.90 (chance 0.03), pixel Dice 0.80" in page.table().data


def test_recorded_and_predicted_are_compared(page):
    rows = {(r.arm, r.measurement): r for r in page.rows()}
    assert rows["field", "count"].differs  # recorded HOLDS
    assert rows["field", "count"].surprise  # predicted HOLDS
    assert rows["field", "mean_area"].differs  # recorded FAILS in quick
    assert not rows["apart", "count"].differs  # nothing recorded
    assert not rows["apart", "count"].surprise


def test_words_are_fixed_lines_without_floats(page, capsys):
    page.words()
    assert capsys.readouterr().out.splitlines() == [
        "apart [positive control] | count | ● HOLDS | scope population, n = 6",
        "half lost [negative control] | count | ■ FAILS | scope population, n = 6",
        "field | count | ■ FAILS (disagrees with annotation) | scope population, n = 6",
        "field | mean_area | ○ HOLDS on this image | scope image, n = 1",
        "many fields | count | – not run | not run, because"
        " it needs tier public and this run is tier embedded",
        "training | count | – not run | not run, because it needs profile full and this run is profile quick",
    ]


def test_table_gives_scope_and_n_with_every_word_and_the_worst_case(page):
    html = page.table().data
    assert html.count("; 6 of 6 inside tolerance") == 1  # apart; the others have none inside
    assert html.count("population, n = 6") == 4  # three judged arms and one baseline
    assert "image, n = 1" in html
    assert "4 verdicts, 3 with acquisitions or seeds enough to say HOLDS." in html
    assert "0.15 wrong HOLDS" in html  # 5 % of 3
    assert "1 speaks of one image without sampling" in html
    assert "2 more were not run" in html
    assert "surprise: predicted HOLDS (paper)" in html
    assert "differs from recorded HOLDS" in html
    assert "disagrees with annotation" in html
    assert "&lt;" not in html
    assert page.table("mean_area").data.count("<tr>") == 2


@pytest.mark.parametrize(("arm", "factor", "word"), [("apart", 0.7, "FAILS"), ("half lost", 0.95, "HOLDS")])
def test_a_control_with_another_word_breaks_the_recipe(recipe, verdicts, arm, factor, word):
    count, area = verdicts
    page = start()
    for name, right in (("apart", 1.0), ("half lost", 0.5)):
        page.add(name, count(factor if name == arm else right))
    page.add("field", count(1.0))
    page.add("field", area(0), measurement="mean_area")
    with pytest.raises(RecipeError) as caught:
        page.save()
    expected = "HOLDS" if arm == "apart" else "FAILS"
    assert f"control '{arm}' (count) must be {expected} and is {word}" in str(caught.value)
    assert not (recipe.parents[1] / "out" / "verdict.json").exists()


def test_an_undetermined_control_is_wrong_too(recipe, verdicts):
    count, area = verdicts
    page = start()
    page.add("apart", count(0.9))
    page.add("half lost", count(0.5))
    page.add("field", count(1.0))
    page.add("field", area(0), measurement="mean_area")
    with pytest.raises(RecipeError, match="must be HOLDS and is UNDETERMINED"):
        page.save()


def test_a_control_that_was_not_run_vouches_for_nothing(recipe, verdicts):
    count, area = verdicts
    page = start()
    page.not_run("apart", "count", "no time")
    page.add("half lost", count(0.5))
    page.add("field", count(1.0))
    page.add("field", area(0), measurement="mean_area")
    with pytest.raises(RecipeError, match="positive control 'apart' was not run, because no time"):
        page.save()


def test_a_declared_arm_cannot_be_left_out_silently(recipe, verdicts):
    count, _ = verdicts
    page = start()
    page.add("apart", count(1.0))
    page.add("half lost", count(0.5))
    page.not_run("field", "mean_area", "the pixel size is not known")
    with pytest.raises(RecipeError, match="neither judged nor reported as not run: field/count"):
        page.save()
    page.not_run("field", "count", "no network")
    arms = record.read_verdict(page.save()).arms
    assert [a.reason for a in arms if a.arm == "field"] == [
        "not run, because no network",
        "not run, because the pixel size is not known",
    ]
    assert all(a.verdict is None and a.shape == "–" for a in arms if a.arm == "field")


def test_what_differs_from_the_declaration_is_refused(recipe, verdicts):
    count, area = verdicts
    page = start()
    with pytest.raises(
        RecipeError, match=r"with tolerance \(-0.2, 0.2\), the front matter declares \(-0.1, 0.1\)"
    ):
        page.add("field", count(1.0, tolerance=0.2))
    wrong = judge.agreement([1.0], [1.0], scope="population", tolerance=0.1)
    with pytest.raises(RecipeError, match="estimand per-acquisition mean"):
        page.add("field", wrong)
    with pytest.raises(RecipeError, match="baseline"):
        page.add("field", count(1.0), baseline=count(1.0, tolerance=0.3))
    with pytest.raises(RecipeError, match="field/volume is not declared"):
        page.add("field", area(0), measurement="volume")
    page.add("field", count(1.0))
    with pytest.raises(RecipeError, match="written twice"):
        page.add("field", count(1.0))


def test_alarms_are_told_with_their_false_alarms(recipe, capsys):
    page = start()
    page.alarms(
        "flips", judge.alarms([True, True, False, False], [True, False, True, False]), rule="F1 < 0.8"
    )
    assert (
        "raised for 1 of 2 wrong measurements, and for 1 of 2 good ones (false alarms)"
        in capsys.readouterr().out
    )


def test_without_front_matter_it_says_so_and_still_records(tmp_path, monkeypatch, verdicts, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SCOPECHECK_RECIPE", raising=False)
    page = record.start("no-such-recipe")
    assert "No front matter of no-such-recipe" in capsys.readouterr().out
    page.add("mine", verdicts[0](1.0), unit="cells")
    result = record.read_verdict(page.save())
    assert not result.front_matter
    assert result.arms[0].unit == "cells"


def test_the_runner_names_the_recipe(recipe, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path.parent)
    monkeypatch.setenv("SCOPECHECK_RECIPE", str(recipe))
    assert start().front.id == "shift-toy"
    with pytest.raises(RecipeError, match="was given 'other'"):
        record.start("other")


def test_not_finite_numbers_become_null_not_invalid_json(recipe, verdicts):
    count, area = verdicts
    page = start()
    page.add("apart", count(1.0))
    page.add("half lost", count(0.5))
    page.add(
        "field",
        judge.agreement([0.0] * 6, [9.0] * 6, scope="population", tolerance=0.1, estimand="pooled ratio"),
    )
    page.add("field", area(0), measurement="mean_area", plausibility={"F1@0.5": float("nan")})
    text = page.save().read_text(encoding="utf-8")
    assert "NaN" not in text
    assert "Infinity" not in text
    assert json.loads(text)["arms"][3]["plausibility"] == {"F1@0.5": None}


def test_a_matrix_has_a_line_an_arm_with_word_and_error_of_each_number(page):
    lines = record.matrix(page.verdicts("field", "apart")).data.splitlines()
    assert lines[0] == "| arm | F1@0.5 | pixel Dice | count | mean area |"
    assert lines[2].startswith("| apart (positive control), population, n = 6 |  |  | ● HOLDS 0 % |")
    field = page["field", "mean_area"]
    assert lines[3].startswith("| field, population, n = 6 | 0.90 | 0.80 | ■ FAILS -30 % |")
    assert lines[3].endswith(f"| {field.shape} {field.label} +2 um2 |")
    assert len(lines) == 4


def test_what_the_catalogue_does_not_hold_is_had_or_the_arm_says_why_not(recipe):
    def gone():
        raise DataError("the author's server is down")

    page = start(tier="public")
    assert page.elsewhere("many fields", lambda: 3) == 3
    assert page.elsewhere("many fields", gone) is None
    page.lacking("many fields")
    row = page["many fields", "count"]
    assert (row.status, row.reason) == ("not run", "not run, because the author's server is down")
    assert record.matrix([row]).data.splitlines()[2] == "| many fields | – not run |"
    with pytest.raises(ZeroDivisionError):  # a fault of the code is not an absence
        page.elsewhere("many fields", lambda: 1 / 0)


def test_the_embedded_tier_asks_for_nothing_outside_the_catalogue(recipe):
    page = start(tier="embedded")
    assert page.elsewhere("field", lambda: pytest.fail("asked")) is None
    page.lacking("field")
    assert (
        page["field", "count"].reason == "not run, because it needs tier public and this run is tier embedded"
    )


def test_arms_that_are_wrong_in_every_case_without_an_alarm_are_named():
    from scopecheck.record.checks import Checks, Point

    checks = Checks(None, None, [])
    planted = {
        "unseen": [(True, False), (True, False)],
        "rung once": [(True, False), (True, True)],
        "right once": [(True, False), (False, False)],
    }
    checks.points = [
        Point("any number", "check", arm, 0.0, rung, wrong)
        for arm, pairs in planted.items()
        for wrong, rung in pairs
    ]
    assert checks.silent() == ["unseen"]


def test_a_sample_brings_its_own_truth_and_another_one_beside_it_is_refused(recipe):
    from scopecheck.data import Sample

    labels = np.zeros((4, 6), int)
    labels[1, 1], labels[2, 4] = 1, 2
    trial = record.Trial(
        start(), tool=lambda image: image, numbers=lambda answer, case: {"count": float(answer.max())}
    )
    row = trial.one(Sample("x", labels // 2, labels, None, "a", "toy"))
    assert (row.measured, row.true) == ({"count": 1.0}, {"count": 2.0})
    with pytest.raises(InputError, match="without my_image"):
        trial.one(row.case, labels)
    assert trial.one(labels, "").true == {}


def test_examples_say_score_and_error_of_a_case_in_its_title(recipe):
    labels = np.repeat([[0, 1, 2, 3]], 8, axis=0).repeat(2, axis=1)
    trial = record.Trial(
        start(), tool=lambda image: image, numbers=lambda answer, case: {"count": float(answer.max())}
    )
    row = trial.one(np.where(labels == 3, 0, labels), labels)
    figure = record.plots.examples({"two of three": row}, numbers=["count"])
    assert figure.axes[0].get_title() == "two of three\nF1@0.5 0.80, pixel Dice 0.80\ncount -33%"


def test_numbers_that_do_not_exist_are_not_judged_and_a_baseline_without_them_is_left_out(recipe):
    page, true = start(), np.full(3, 20.0)
    lost = page.judge("field", "count", [[20.0, np.nan, 20.0], [20.0, 20.0, np.nan]], true)
    assert (lost.status, lost.verdict) == ("not run", None)
    assert lost.reason == "not run, because it does not exist for 2 of 6 acquisitions"
    assert page.judge("half lost", "count", true, true, baseline=[20.0, np.nan, 20.0]).baseline is None
    assert page.judge("apart", "count", true, true, baseline=true).baseline["bias"] == 0.0


def test_true_numbers_are_measured_once_however_many_trainings_meet_a_case(recipe):
    labels, seen = np.zeros((20, 40), int), []
    for k in range(1, 4):
        labels[4:8, 10 * k : 10 * k + 5] = k

    def numbers(answer, case):
        seen.append(answer is case.truth)
        return {"count": float(answer.max())}

    page = start()
    trial = record.Trial(page, tool=[lambda image: image.copy()] * 3, numbers=numbers)
    rows = [trial.one(case) for case in [record.Case(labels, labels)] * 4]
    assert (seen.count(True), seen.count(False)) == (1, 4)
    assert [row.true for row in rows] == [{"count": 3.0}] * 4
    trial.one(record.Case(labels, labels, {"count": 5.0}))  # a re-take brings the source's numbers
    assert (seen.count(True), seen.count(False)) == (1, 5)
