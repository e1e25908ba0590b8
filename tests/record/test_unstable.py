"""A word that changed in the kept runs is never quoted; the word of one image looks like no other."""

import json

import pytest

from scopecheck import record
from scopecheck.errors import RecipeError
from scopecheck.record import front, overview, tables
from scopecheck.record.figures import MARKERS

LABELS = {
    ("field", "count"): ["HOLDS", "FAILS", "FAILS"],
    ("apart", "count"): ["HOLDS"] * 3,
    ("half lost", "count"): ["FAILS"] * 3,
    ("field", "mean_area"): ["FAILS"] * 3,
}
FAILED = {"arm": "apart", "measurement": "count", "label": "FAILS", "where": "another processor"}


@pytest.fixture
def kept(recorded):
    """Write the kept runs of the toy recipe: three seeds, with changes."""

    def write(labels=LABELS, elsewhere=(), *more):
        arms = [
            {"arm": arm, "measurement": m, "words": told, "biases": [0.0] * 3}
            for (arm, m), told in labels.items()
        ]
        head = {"profile": "quick", "tier": "embedded", "scopecheck": "0"}
        recorded(head | {"seeds": [0, 1, 2], "arms": arms}, *more, elsewhere=[*elsewhere])

    return write


def run(verdicts, factor=1.0, difference=20.0, apart=1.0):
    """A whole page of the toy recipe; the error of `field` is what the kept runs disagree about."""
    count, area = verdicts
    page = record.start("shift-toy")
    page.add("apart", count(apart))
    page.add("half lost", count(0.5))
    page.add("field", count(factor))
    page.add("field", area(difference), measurement="mean_area")
    return page


def of(page, arm="field", measurement="count"):
    return next(r for r in page.rows() if (r.arm, r.measurement) == (arm, measurement))


@pytest.mark.parametrize(("factor", "word"), [(1.0, "HOLDS"), (0.7, "FAILS")])
def test_a_word_that_changed_is_shown_with_its_counts_whatever_this_run_says(kept, verdicts, factor, word):
    kept()
    page = run(verdicts, factor)
    row = of(page)
    assert (row.verdict, row.label, row.told) == ("UNSTABLE",) + ("UNSTABLE (FAILS 2, HOLDS 1)",) * 2
    assert (row.run_verdict, row.run_label) == (word, word)
    assert (row.stable, row.holds, row.fails, row.surprise, row.differs) == (False,) * 5
    assert row.recorded == row.label  # seed 0's HOLDS is not quoted either
    line = "field | count | △ UNSTABLE (FAILS 2, HOLDS 1) | scope population, n = 6"
    assert tables.words([row]) == line  # what the derived notebook is compared with
    html = page.table().data
    assert "△ UNSTABLE (FAILS 2, HOLDS 1)</td>" in html
    assert "predicted HOLDS" not in html
    assert "HOLDS (paper): neither met nor missed" in html
    assert "4 verdicts, 2 with acquisitions" in html
    assert "1 is UNSTABLE: it is counted with no word." in html


def test_verdict_json_quotes_unstable_and_keeps_the_runs_word_apart(kept, verdicts):
    kept()
    arms = json.loads(run(verdicts).save().read_text(encoding="utf-8"))["arms"]
    row = next(a for a in arms if (a["arm"], a["measurement"]) == ("field", "count"))
    assert (row["verdict"], row["label"], row["stable"]) == ("UNSTABLE", "UNSTABLE (FAILS 2, HOLDS 1)", False)
    assert (row["run_verdict"], row["run_label"], row["marks"]) == ("HOLDS", "HOLDS", [])
    assert row["words_seen"] == {"FAILS": 2, "HOLDS": 1}
    apart = next(a for a in arms if a["arm"] == "apart")
    assert (apart["verdict"], apart["run_label"], apart["stable"]) == ("HOLDS", "HOLDS", True)


def test_a_word_outside_the_set_and_any_change_of_a_stable_word_differ(kept, verdicts):
    kept()
    between = run(verdicts, factor=0.9)
    row = of(between)
    assert (row.run_label, row.differs) == ("UNDETERMINED", True)
    assert tables.words([row]).endswith(
        "(FAILS 2, HOLDS 1); this run says UNDETERMINED, which no kept run said | scope population, n = 6"
    )
    moved = of(run(verdicts, difference=0.0), measurement="mean_area")
    assert (moved.stable, moved.label, moved.differs) == (True, "HOLDS", True)
    assert "differs from recorded FAILS" in tables.html([moved])
    marked = {**LABELS, ("field", "count"): ["HOLDS", "HOLDS BY CANCELLATION", "HOLDS"]}
    kept(marked)  # a mark is part of the word
    assert of(run(verdicts)).label == "UNSTABLE (HOLDS 2, HOLDS BY CANCELLATION 1)"
    assert not of(run(verdicts)).differs
    assert of(run(verdicts, 0.7)).differs


def test_a_word_of_another_machine_is_one_of_those_seen(kept, verdicts):
    kept(elsewhere=[FAILED | {"arm": "field", "measurement": "mean_area", "label": "HOLDS"}])
    row = of(run(verdicts, difference=0.0), measurement="mean_area")
    assert row.told == "UNSTABLE (FAILS 3, HOLDS 1) on this image"
    assert not row.differs
    assert "3 of 3 seeds say FAILS, 1 more on another machine" in tables.html([row])
    text = record.start("shift-toy").other_seeds()
    assert "gave other words: `field` mean_area: HOLDS (another processor)." in text


def test_a_control_is_held_to_this_runs_word(kept, verdicts):
    kept(elsewhere=[FAILED])
    assert of(run(verdicts), "apart").told == "UNSTABLE (HOLDS 3, FAILS 1)"
    run(verdicts).save()
    with pytest.raises(RecipeError, match=r"positive control .apart. .* must be HOLDS and is FAILS"):
        run(verdicts, apart=0.7).save()


def test_kept_runs_say_nothing_of_other_parameters(kept, verdicts, monkeypatch):
    kept()
    monkeypatch.setenv("SCOPECHECK_EXPERIMENT", "field")
    row = of(run(verdicts, 0.9))
    assert (row.label, row.stable) == ("UNDETERMINED", None)


def test_an_arm_without_kept_runs_is_as_before(kept, verdicts):
    told = {"arm": "field", "measurement": "count", "words": ["HOLDS"], "biases": [0.01]}
    once = {"profile": "quick", "tier": "public", "seeds": [0], "scopecheck": "0", "arms": [told]}
    kept({pair: told for pair, told in LABELS.items() if pair != ("field", "count")}, (), once)
    row = of(run(verdicts, 0.7))
    assert (row.verdict, row.stable, row.surprise, row.differs) == ("FAILS", None, True, True)
    assert (row.recorded, row.over_seeds, row.words_seen) == ("HOLDS", {}, {})
    assert not of(run(verdicts)).differs


def test_a_word_of_another_machine_beside_one_run_makes_two(recorded, verdicts):
    told = {"arm": "apart", "measurement": "count", "words": ["HOLDS"], "biases": [0.01]}
    once = {"profile": "quick", "tier": "embedded", "seeds": [0], "scopecheck": "0", "arms": [told]}
    recorded(once, elsewhere=[FAILED, FAILED | {"profile": "full", "label": "UNDETERMINED"}])
    row = of(run(verdicts), "apart")
    assert (row.told, row.over_seeds) == ("UNSTABLE (HOLDS 1, FAILS 1)", {})


def test_the_words_of_one_image_look_like_no_other_and_are_counted_apart(kept, verdicts, recipe, tmp_path):
    kept({**LABELS, ("field", "mean_area"): ["HOLDS"] * 3})
    page = run(verdicts, difference=0.0)
    image = of(page, measurement="mean_area")
    assert (image.shape, image.told, image.holds) == ("○", "HOLDS on this image", False)
    look, apart = record.mark(image), record.mark(of(page, "apart"))
    assert (look["marker"], look["mec"]) == (apart["marker"], apart["mec"])
    assert (look["color"], apart["color"]) == ("white", apart["mec"])
    unstable = record.mark(of(page))
    assert (unstable["marker"], unstable["color"]) == (MARKERS["UNSTABLE"], "white")
    state = overview.State(
        record.read_recipe(recipe), "ok", arms=page.rows(), run={"versions": {"numpy": "2"}}
    )
    rows = [line.removeprefix("  - ") for line in overview.summary([state]).splitlines()]
    heads = rows[rows.index("* - recipe") + 1 :][:8]
    counts = dict(zip(heads, rows[rows.index("* - [A toy](recipes/shift-toy)") + 1 :][:8], strict=True))
    assert counts == {
        **{"HOLDS": "1", "HOLDS, marked": "0", "UNDETERMINED": "0", "FAILS": "1", "UNSTABLE": "1"},
        **{"of one image": "1", "not as predicted": "1 of 3", "not as after a first look": "0 of 0"},
    }
    assert "○ HOLDS on this image" in overview.markdown([state])
    scores = [arm.plausibility for arm in state.arms]
    for arm in state.arms:
        arm.plausibility, arm.chance = {"F1@0.5": 0.9, "pixel Dice": 0.8}, {"F1@0.5": 0.03}
    assert "| 0.90 (chance 0.03) | 0.80 |" in overview.markdown([state])
    for arm, before in zip(state.arms, scores, strict=True):
        arm.plausibility, arm.chance = before, {}
    said = front.html([state])
    assert "△ 1 UNSTABLE" in said
    assert "○ HOLDS on this image" in said


def test_a_setting_that_the_plan_does_not_know_is_listed_and_not_judged(recipe, verdicts):
    page = run(verdicts, 0.7)
    row = page.add("390x239", verdicts[0](1.0))
    page.not_run("another", "count", "no time")
    assert (row.status, row.verdict, row.label, row.n) == ("not judged", None, "", 6)
    rows = record.read_verdict(page.save()).arms  # and the recipe does not fail
    assert [(r.arm, r.reason) for r in rows[-2:]] == [
        ("390x239", "not judged: not in the plan"),
        ("another", "not judged: not in the plan"),
    ]
    assert tables.words(rows[-1:]) == "another | count | – not judged | not judged: not in the plan"
    assert "– not judged: not in the plan: 390x239 (count); another (count)" in page.table().data
    assert "2 more were not in the plan and not judged." in page.table().data
    with pytest.raises(RecipeError, match="390x239/volume is not declared"):
        page.add("390x239", verdicts[0](1.0), measurement="volume")


def test_a_prediction_after_a_first_look_is_counted_apart(recipe, kept, verdicts):
    plan = recipe.with_suffix(".csv")
    plan.write_text(plan.read_text(encoding="utf-8").replace("paper", "first look"), encoding="utf-8")
    page = run(verdicts, 0.7)
    assert "surprise: predicted HOLDS (first look, not blind)" in page.table().data
    assert page.predictions() == (
        "**Our predictions.** Of 3 predictions, 0 came out with another word; of 1 more, which rest on a"
        " first look of our own and were not blind, 1: `field` count (FAILS instead of HOLDS)."
    )
    kept()
    assert page.predictions() != (told := run(verdicts, 0.7).predictions())
    assert told.endswith(
        "Of 3 predictions, 0 came out with another word; 1 of UNSTABLE arms, neither met nor missed."
    )
