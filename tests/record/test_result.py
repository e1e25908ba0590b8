"""Reading verdict.json: an old file stays readable, a newer minor version reads, another major does not."""

import json
from pathlib import Path

import pytest

from scopecheck import judge
from scopecheck.errors import RecipeError
from scopecheck.record import ArmResult, caption, read_verdict, wrong_holds
from scopecheck.record.result import judged
from scopecheck.record.tables import detail, interval, span, words

OLD = Path(__file__).with_name("verdict-1.0.0.json")


def test_a_file_of_version_1_0_0_reads():
    result = read_verdict(OLD)
    assert result.schema_version == "1.0.0"
    assert [(a.arm, a.label, a.scope, a.n) for a in result.arms] == [
        ("apart", "HOLDS", "population", 6),
        ("field", "FAILS", "population", 6),
        ("many fields", "", None, None),
    ]
    assert result.arms[1].annotation == "disagrees with annotation"
    assert result.arms[0].bias == pytest.approx(0.01)


def test_unknown_keys_of_a_newer_minor_are_kept(tmp_path):
    content = json.loads(OLD.read_text(encoding="utf-8"))
    content |= {"schema_version": "1.7.0", "weather": "fine"}
    content["arms"][0]["humidity"] = 0.4
    new = tmp_path / "verdict.json"
    new.write_text(json.dumps(content), encoding="utf-8")
    assert read_verdict(new).arms[0].model_extra == {"humidity": 0.4}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"schema_version": "2.0.0", "recipe": "x"}', "reads 1.x: run the recipe again"),
        ('{"schema_version": "1.0.0"}', "not a verdict file"),
        ("{", "not a verdict file"),
        ("[]", "not a verdict file"),
    ],
)
def test_other_files_are_refused_in_one_line(tmp_path, text, said):
    path = tmp_path / "verdict.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RecipeError, match=said) as caught:
        read_verdict(path)
    assert "\n" not in str(caught.value)
    with pytest.raises(RecipeError, match="cannot be read"):
        read_verdict(tmp_path / "none.json")


def test_wrong_holds_counts_only_what_could_have_said_holds():
    def arm(**k):
        return ArmResult(recipe="r", arm="a", measurement="m", **k)

    t = [-0.1, 0.1]
    able = [
        arm(verdict="HOLDS", scope="population", n=6, tolerance=t),
        arm(verdict="FAILS", scope="setting", n=5, tolerance=t),
    ]
    image = [arm(verdict="HOLDS", scope="image", n=1, tolerance=t)]
    unable = [
        arm(verdict="UNDETERMINED", scope="population", n=4, tolerance=t, reason="too few"),
        arm(verdict="UNDETERMINED", scope="population", n=9, tolerance=t, reason="truth"),
    ]
    marks = ["NOT BETTER THAN CHANCE"]
    unable += [
        arm(verdict="UNDETERMINED", scope="population", n=9, tolerance=t, reason="chance", marks=marks)
    ]
    unable += [arm(verdict="FAILS", scope="population", n=9, tolerance=t, marks=marks)]
    none = [arm(verdict=None, scope="image", n=1), arm(verdict=None, status="not run")]
    assert wrong_holds(able + unable + image + none) == (7, 2, pytest.approx(0.10))
    assert caption(able + unable + image + none) == (
        "7 verdicts, 2 with acquisitions or seeds enough to say HOLDS. Were all of these exactly at the edge"
        " of tolerance, 0.1 wrong HOLDS would be expected (1 in 20). 1 speaks of one image without sampling:"
        " no such rate is known for it. 1 more was not run."
    )
    assert caption(2 * image) == (
        "2 verdicts. 2 speak of one image without sampling: no such rate is known for them."
    )
    trained = [
        arm(verdict="HOLDS", scope="image", n=1, tolerance=t, trainings=[0.01, 0.02, 0.0]),
        arm(verdict="HOLDS", scope="population", n=6, tolerance=t, trainings=[0.01, 0.02, 0.0]),
    ]
    two = [arm(verdict="UNDETERMINED", scope="population", n=6, tolerance=t, trainings=[0.01, 0.02])]
    assert wrong_holds(trained + two) == (3, 2, pytest.approx(0.10))
    assert "one image" not in caption(trained + two)
    assert caption(unable[:1]) == "1 verdict, none with acquisitions or seeds enough to say HOLDS."
    assert caption(none) == "No verdict. 1 more was not run."


def test_the_interval_of_one_image_is_told_where_its_truth_is_known():
    unknown = judge.agreement(108, 100, scope="image", tolerance=0.1)
    assert judged(unknown)["interval"] is None
    assert "interval" not in str(unknown)
    known = judge.agreement(108, 100, scope="image", tolerance=0.1, truth_uncertainty=0.0)
    assert judged(known)["interval"] == pytest.approx([0.08, 0.08])
    assert "90 % interval +8.0% to +8.0%" in str(known)
    fields = judge.agreement([108.0] * 5, [100] * 5, scope="population", tolerance=0.1)
    assert judged(fields)["interval"] == pytest.approx([0.08, 0.08])


def test_trainings_are_told_beside_the_word_and_give_one_image_an_interval():
    v = judge.agreement([[112.0], [93.0], [115.0]], [100.0], scope="image", tolerance=0.1)
    row = ArmResult(recipe="r", arm="a", measurement="m", **judged(v))
    assert row.sample == "image, n = 1, 3 trainings"
    assert row.trainings == pytest.approx([0.12, -0.07, 0.15])
    assert interval(row) == span(row.interval, "relative") != "not known"
    assert "trainings one by one: +12.0 %, -7.0 %, +15.0 %" in detail(row)
    assert "scope image, n = 1, 3 trainings" in words([row])


def test_an_acquisition_far_outside_is_told_beside_a_word_that_holds():
    many = judge.agreement([100.0] * 59 + [0.0], [100] * 60, scope="population", tolerance=0.1)
    row = ArmResult(recipe="r", arm="a", measurement="m", **judged(many))
    assert (row.verdict, row.far) == ("HOLDS", [59])
    assert "59 of 60 inside tolerance" in detail(row)
    assert "1 of 60 far outside" in detail(row)
    assert "far outside" not in detail(ArmResult(recipe="r", arm="a", measurement="m"))
