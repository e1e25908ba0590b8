"""A trial on planted numbers: what is judged, pooled, changed, checked and left out is known beforehand."""

import json

import numpy as np
import pytest

from scopecheck import judge, record
from scopecheck.errors import InputError
from scopecheck.record.trial import Case

HEAD = """# ---
# jupyter:
#   scopecheck:
#     schema: "2.0"
#     kind: recipe
#     id: shift-planted
#     title: Planted
#     failure_mode: segmentation distribution shift
#     tools: [numpy]
#     datasets: {embedded: [bbbc038-field], public: [bbbc038-stage1-test], archive: []}
#     measurements:
#       count: {unit: nuclei, estimand: pooled ratio, scale: relative, tolerance: 0.10, why: "half an effect"}
#       mean_area: {unit: px, estimand: per-acquisition mean, scale: relative, tolerance: 0.10,
#         why: "as the assay states it"}
#     minutes: {quick: 1, full: 2}
#     memory_gib: 1
#     gpu: none
#     goals: [see]
# ---
"""
PLAN = """\
arm,measurement,scope,data,tier,profile,control,predicted,origin,seen_in_training,source
apart,count,,,,,positive,HOLDS,physics,no,x
lost,count,,,,,negative,FAILS,physics,no,x
many,count,,,,,,HOLDS,guess,no,x
many,mean_area,,,,,,HOLDS,guess,no,x
planes,count,image,bbbc038-field,,,,HOLDS,guess,no,x
planes,mean_area,image,bbbc038-field,,,,HOLDS,guess,no,x
mended,count,,,,,,HOLDS,guess,no,x
public,count,,bbbc038-stage1-test,public,,,HOLDS,guess,no,x
"""


@pytest.fixture
def page(tmp_path, monkeypatch):
    path = tmp_path / "recipes" / "shift-planted.py"
    path.parent.mkdir()
    path.write_text(HEAD, encoding="utf-8")
    path.with_suffix(".csv").write_text(PLAN, encoding="utf-8")
    monkeypatch.chdir(path.parent.parent)
    monkeypatch.delenv("SCOPECHECK_RECIPE", raising=False)
    return record.start("shift-planted")


def numbers(answer, case):
    n, area = answer
    return {"count": float(n), "mean_area": float(area) if n else float("nan")}


def scores(answer, case):
    return record.Scores({"looks": 0.5}, {"count": abs(answer[0] - case.truth[0]) / case.truth[0]})


def case(n, area=50.0, **more):
    """The image is the true (count, mean area) itself, so that a tool's error is planted."""
    return Case((n, area), (n, area), **more)


def off_by(factor):
    return lambda image: [image[0] * factor, image[1]]


def half(image):
    return [image[0] / 2, image[1]]


TENS = [10, 20, 30, 20, 10]


def trial_of(page, *factors, **more):
    return record.Trial(page, tool=[off_by(f) for f in factors], numbers=numbers, scores=scores, **more)


def test_an_arm_is_judged_with_all_that_the_plan_declares_and_the_baseline_alike(page):
    trial_of(page, 1.02, baseline=half).run("many", [case(n) for n in TENS])
    count, area = page["many", "count"], page["many", "mean_area"]
    truth = np.array(TENS, float)
    rules = {"scope": "population", "tolerance": 0.10, "estimand": "pooled ratio", "truth_uncertainty": 0.0}
    alone = judge.agreement(1.02 * truth, truth, **rules, gross_error=np.full(5, 0.02))
    assert (count.bias, count.interval, count.run_label) == (alone.bias, [*alone.interval], alone.label)
    assert count.gross_error == pytest.approx(0.02)
    assert count.baseline["bias"] == pytest.approx(-0.5)
    assert count.baseline["verdict"] == "FAILS"
    assert area.bias == pytest.approx(0.0)
    assert area.gross_error is None
    assert count.plausibility == {"looks": 0.5}


def test_trainings_are_a_level_and_controls_ask_the_first_alone(page):
    trial = trial_of(page, 1.0, 1.02, 1.04)
    trial.run("apart", [case(n) for n in TENS])
    trial.run("many", [case(n) for n in TENS])
    assert page["apart", "count"].trainings == []
    assert page["many", "count"].trainings == pytest.approx([0.0, 0.02, 0.04])
    assert page["many", "count"].bias == pytest.approx(0.02)
    assert [row.measured["count"] for row in trial.rows["many"]] == TENS  # of the first training


def test_cases_of_one_image_are_pooled_by_their_objects(page):
    trial_of(page, 1.0).run("planes", [case(10, 40.0), case(30, 80.0)])
    assert page["planes", "count"].n == 1
    assert page["planes", "mean_area"].bias == pytest.approx(0.0)
    trial = record.Trial(
        page, tool=lambda image: [image[0], 50.0], numbers=numbers, scores=scores, weight="count"
    )
    pooled = trial._pooled([trial._row(case(10, 40.0), trial.tool), trial._row(case(30, 80.0), trial.tool)])
    assert pooled.true == {"count": 40.0, "mean_area": pytest.approx((10 * 40 + 30 * 80) / 40)}
    assert pooled.measured["mean_area"] == pytest.approx(50.0)


def test_the_truth_s_uncertainty_is_the_catalogue_s_for_the_data_and_zero_where_simulated(page):
    trial = trial_of(page, 1.0)
    trial.run("many", [case(n) for n in TENS])
    trial.run("planes", [case(10)])
    assert page["many", "count"].truth_uncertainty == 0.0
    assert page["planes", "count"].truth_uncertainty is None  # nobody has published it for this field
    assert list(page["planes", "count"].data_sha256) == ["bbbc038-field"]


def test_another_arm_s_answers_changed_and_those_of_trainings_that_a_control_did_not_ask(page):
    trial = trial_of(page, 0.5, 0.5)
    trial.run("lost", [case(n) for n in TENS])
    trial.again("mended", of="lost", change=lambda row: [row.answer[0] * 2, row.answer[1]])
    assert page["lost", "count"].run_verdict == "FAILS"
    assert page["mended", "count"].bias == pytest.approx(0.0)
    assert len(page["mended", "count"].trainings) == 2


def test_what_does_not_exist_is_not_run_and_says_in_how_many_images(page):
    trial = record.Trial(page, tool=lambda image: [0, 0.0], numbers=numbers, scores=scores)
    trial.run("many", [case(n) for n in TENS])
    assert page["many", "mean_area"].reason.endswith("nothing was found in 5 of 5 images")
    assert page["many", "count"].bias == pytest.approx(-1.0)


def test_without_cases_an_arm_of_this_tier_is_not_run_for_the_reason_that_samples_had(page):
    page.tier = "public"
    page._absent["bbbc038-stage1-test"] = "the files of bbbc038-stage1-test could not be had (no network)"
    trial_of(page, 1.0).run("public", [])
    assert "could not be had (no network)" in page["public", "count"].reason


def test_data_of_a_higher_tier_are_not_asked_for(page):
    assert page.samples("bbbc038-stage1-test") == []
    trial_of(page, 1.0).run("public", [])
    assert ("public", "count") not in {(r.arm, r.measurement) for r in page._entries}
    told = next(r for r in page.rows() if r.arm == "public")
    assert told.reason == "not run, because it needs tier public and this run is tier embedded"


def test_checks_count_hits_and_false_alarms_by_measurement_and_leave_changed_arms_out(page):
    trial = trial_of(page, 1.0)
    trial.run("many", [case(n) for n in TENS])  # good
    trial.run("lost", [case(n) for n in TENS], tool=half)  # wrong
    trial.again("mended", of="lost", change=lambda row: list(row.case.truth))
    checks = trial.checks(
        lambda row, tool: {"few": -row.answer[0], "always": 1.0}, [case(n) for n in (15, 40)]
    )
    assert checks.limits == {"few": -15, "always": 1.0}
    checks.count()
    few = checks.counted["few (count)"]
    # below 15: of the good ones the two tens, of the halved ones all but the 30
    assert (few.hits, few.misses, few.false_alarms, few.quiet) == (4, 1, 2, 3)
    assert checks.counted["always (count)"].hits == 0  # equal to the largest of the rehearsal is no alarm
    area = checks.counted["few (mean_area)"]
    assert (area.hits, area.misses, area.false_alarms, area.quiet) == (0, 0, 2, 3)
    assert json.dumps(page._alarms)


def test_checks_count_a_case_once_when_asked_together(page):
    trial = trial_of(page, 1.0)
    trial.run("many", [case(n) for n in TENS])
    checks = trial.checks(lambda row, tool: {"few": -row.answer[0]}, [case(15)])
    checks.count(together=True)
    assert (checks.counted["few"].false_alarms, checks.counted["few"].quiet) == (2, 3)


def test_one_image_of_the_reader_needs_no_truth(page, capsys):
    trial = trial_of(page, 0.5, baseline=half)
    checks = trial.checks(lambda row, tool: {"few": -row.answer[0]}, [case(15)])
    mine = trial.one((20, 50.0))
    assert mine.measured["count"] == 10
    assert mine.base == [10, 50.0]
    assert mine.true == {}
    checks.ring(mine)
    assert capsys.readouterr().out.split() == ["few", "-10.00", "quiet", "(limit", "-7.50)"]


def test_what_is_no_case_is_refused(page):
    with pytest.raises(InputError, match=r"expected record\.Case, data\.Sample or an image, found str"):
        trial_of(page, 1.0).run("many", ["a.tif"])


def test_a_retake_counts_in_the_source_s_pixels_and_grey_values(page):
    rng = np.random.default_rng(0)
    labels = np.zeros((64, 64), np.int32)
    labels[8:24, 8:24], labels[40:56, 32:48] = 1, 2
    image = 10.0 + 90.0 * (labels > 0) + rng.normal(0, 0.1, labels.shape)
    sample = Case(image, labels)

    def area_and_light(answer, one):
        found = answer > 0
        light = (one.image[found] - np.median(one.image[~found])).sum() * one.units["light"]
        return {"count": float(answer.max()), "mean_area": found.sum() / answer.max() * one.units["area"],
                "light": light}  # fmt: skip

    trial = record.Trial(page, tool=lambda image: None, numbers=area_and_light)
    trial.tools["many"] = trial.tool
    seen = []
    trial.run = lambda arm, cases, **more: seen.extend(cases)  # type: ignore[method-assign]
    trial.retake("many", sample, seeds=[0, 1], pixel_factor=2.0, photons=1000)
    true = area_and_light(labels, sample)
    for one in seen:
        assert one.true == true
        again = area_and_light(one.truth, one)
        assert again["mean_area"] == pytest.approx(true["mean_area"])
        assert again["light"] == pytest.approx(true["light"], rel=0.02)
