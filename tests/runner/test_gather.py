"""Reviewed runs are gathered, kept beside the recipe with their predictions, and told by the page."""

import json
from pathlib import Path

import pytest

from scopecheck.errors import InputError, RecipeError
from scopecheck.record.recipe import read_recipe
from scopecheck.record.recorded import Recorded, Runs, read_recorded, recorded_path
from scopecheck.record.result import read_verdict
from scopecheck.runner import gather
from scopecheck.runner.find import results_folder

BODY = """
from scopecheck import judge, record

page = record.start("{id}", profile=profile, tier=tier, seed=seed)
for arm, factor in (("apart", apart), ("lost", 0.5), ("field", field - 0.4 * (seed == 2))):
    got = [99 * factor, 101 * factor] * 3
    how = {{"scope": "population", "tolerance": 0.1, "estimand": "pooled ratio"}}
    page.add(arm, judge.agreement(got, [100.0] * 6, **how))
page.alarms("bright", judge.alarms([True, seed == 1], [True, False]))
page.note("seconds to see it", 2 * seed)
page.save()
print(page.other_seeds())
"""


@pytest.fixture
def recipe(place):
    path = place.recipe()
    text = path.read_text(encoding="utf-8")
    head = text[: text.index("# %%\nfrom scopecheck")]
    path.write_text(f"{head}# %%\n{BODY.format(id=path.stem)}", encoding="utf-8")
    return path


def words(recipe, *pair, profile="quick"):
    found = read_recorded(recipe)
    return found.word(profile, *pair), found.labels(profile, *pair)


def test_words_biases_alarms_and_notes_of_three_seeds(recipe, made, capsys):
    for seed in ("0", "1", "2"):
        made(recipe, given={"seed": seed})
    made(recipe, given={"seed": "3", "field": "1.5"})  # another experiment: left out
    assert gather.main([]) == 0
    assert "tier embedded, seeds [0, 1, 2], 1 of 3 words change" in capsys.readouterr().out
    found = read_recorded(recipe)
    (runs,) = found.runs
    assert runs == found.several("quick")
    assert found.several("full") is None
    assert words(recipe, "field", "count") == ("FAILS", {"FAILS": 2, "HOLDS": 1})
    assert words(recipe, "apart", "count") == ("HOLDS", {"HOLDS": 3})
    assert words(recipe, "apart", "count", profile="full") == (None, {})
    assert runs.biases("field", "count") == pytest.approx([0.4, 0.4, 0.0])
    assert runs.alarm("bright") == (3, 3, 1, 3)  # hits of wrong, false alarms of good
    assert runs.notes == {"seconds to see it": [0, 2, 4]}
    assert runs.versions["python"].startswith("3.")
    assert [(p.arm, p.predicted, p.origin) for p in found.predicted] == [
        ("apart", "HOLDS", "physics"),
        ("lost", "FAILS", "physics"),
        ("field", "HOLDS", "paper"),
    ]
    text = found.text("quick", [("field", "count"), ("apart", "count"), ("unknown", "count")])
    assert "the seeds 0, 1, 2. The word was the same 3 times for 1 of 2 verdicts" in text
    assert (
        "`field` count: FAILS 2, HOLDS 1. 1 of these said HOLDS with one seed and FAILS with another." in text
    )


def test_a_page_runs_again_under_its_old_key_when_other_runs_are_recorded_and_tells_them(
    recipe, run_here, made
):
    first = made(recipe)
    assert read_verdict(f"{first.folder}/verdict.json").arms[2].over_seeds == {}
    made(recipe, given={"seed": "1"})
    gather.main([recipe.stem])
    (runs,) = read_recorded(recipe).runs
    assert runs.key == Path(first.folder).name
    again = run_here(recipe)
    assert (again.status, again.folder) == ("ran", first.folder)
    assert again.because == ["other runs are recorded than its page quotes"]
    assert read_verdict(f"{again.folder}/verdict.json").arms[2].over_seeds == {"FAILS": 2}
    assert "was the same 2 times" in (results_folder() / f"{again.folder}/{recipe.stem}.ipynb").read_text()
    assert run_here(recipe).status == "unchanged"
    gather.main([recipe.stem])  # the same runs again: nothing to tell anew
    assert run_here(recipe).status == "unchanged"


def test_one_run_is_recorded_and_says_nothing_of_other_seeds(recipe, run_here, made):
    made(recipe)
    gather.main([recipe.stem])
    assert words(recipe, "field", "count") == ("FAILS", {})
    assert read_recorded(recipe).several("quick") is None
    row = read_verdict(f"{run_here(recipe).folder}/verdict.json").arms[2]
    assert (row.recorded, row.over_seeds, row.stable, row.differs) == ("FAILS", {}, None, False)


def test_no_default_seed_or_other_versions_are_refused(recipe, made):
    with pytest.raises(InputError, match=r"no run of profile quick was found\. Run it first: scopecheck run"):
        gather.main([recipe.stem])
    made(recipe, given={"seed": "1"})
    with pytest.raises(InputError, match="default seed 0 was not run with profile quick, tier embedded"):
        gather.main([recipe.stem])
    made(recipe)
    path = Path(made(recipe, given={"seed": "1"}).folder) / "run.json"
    told = json.loads(path.read_text())
    path.write_text(json.dumps(told | {"versions": {"numpy": "0.1"}}))
    with pytest.raises(InputError, match=r"seed 0 \(tier embedded\) and seed 1 .* same: version of numpy"):
        gather.main([recipe.stem])
    path.write_text(json.dumps(told | {"sources": {"recipe": "another text"}}))
    with pytest.raises(InputError, match="were not made from the same: the recipe changed"):
        gather.main([recipe.stem])
    assert not recorded_path(recipe).exists()


PUBLIC = "public one,count,,,public,,,HOLDS,,,x\n"
JUDGE_PUBLIC = """
if tier == "public":
    page.add("public one", judge.agreement([99.0, 101.0] * 3, [100.0] * 6, **how))
page.alarms("""


@pytest.fixture
def two_tiers(recipe):
    """The recipe with a verdict of the public tier."""
    plan = recipe.with_suffix(".csv")
    plan.write_text(plan.read_text(encoding="utf-8") + PUBLIC, encoding="utf-8")
    text = recipe.read_text(encoding="utf-8").replace("page.alarms(", JUDGE_PUBLIC.lstrip(), 1)
    recipe.write_text(text, encoding="utf-8")
    return recipe


def test_other_profiles_and_tiers_stay_when_one_is_gathered(two_tiers, made, capsys):
    recipe = two_tiers
    for given in ({"tier": "public"}, {"profile": "full"}, {"seed": "0"}, {"seed": "1"}, {"seed": "2"}):
        made(recipe, given=given)
    gather.main([recipe.stem, "--profile", "full"])
    gather.main([recipe.stem, "--tier", "public"])
    assert [(r.profile, r.tier, len(r.arms)) for r in read_recorded(recipe).runs] == [
        ("quick", "public", 4),
        ("full", "embedded", 3),
    ]
    gather.main([recipe.stem])  # the embedded runs have more seeds; the public verdict is known of one alone
    found = read_recorded(recipe)
    groups = [(r.profile, r.tier, r.seeds, [a.arm for a in r.arms]) for r in found.runs]
    assert groups == [
        ("quick", "embedded", [0, 1, 2], ["apart", "lost", "field"]),
        ("quick", "public", [0], ["public one"]),
        ("full", "embedded", [0], ["apart", "lost", "field"]),
    ]
    assert len({r.key for r in found.runs}) == 3
    gather.main([recipe.stem, "--tier", "embedded"])  # nothing of the public tier is lost
    assert read_recorded(recipe) == found
    assert found.text("quick", [("field", "count"), ("public one", "count")]).endswith(
        "3 times for 0 of 1 verdicts. The others changed and are shown as UNSTABLE: `field` count: FAILS 2,"
        " HOLDS 1. 1 of these said HOLDS with one seed and FAILS with another."
    )


def test_a_changed_prediction_or_a_lost_verdict_is_not_gathered(recipe, made):
    made(recipe)
    gather.main([recipe.stem])
    plan, kept = recipe.with_suffix(".csv"), recorded_path(recipe).read_text()
    text = plan.read_text(encoding="utf-8")
    plan.write_text(text.replace("field,count,,,,,,HOLDS", "field,count,,,,,,FAILS"), encoding="utf-8")
    with pytest.raises(InputError, match=r"field/count was predicted HOLDS \(paper\), the plan says FAILS"):
        gather.main([recipe.stem])
    plan.write_text(text.replace(",paper,", ",guess,"), encoding="utf-8")
    with pytest.raises(InputError, match=r"the plan says HOLDS \(guess\). A prediction is never edited"):
        gather.main([recipe.stem])
    assert recorded_path(recipe).read_text() == kept
    for line, said in {
        "field,count,image,,,,,HOLDS": "had the scope population, the plan says image",
        "field,count,,,,,positive,HOLDS": "had the control none, the plan says positive",
    }.items():
        plan.write_text(text.replace("field,count,,,,,,HOLDS", line), encoding="utf-8")
        with pytest.raises(InputError, match=f"field/count {said}"):
            gather.main([recipe.stem])
    plan.write_text(text.replace("field,count", "field-2,count"), encoding="utf-8")
    with pytest.raises(InputError, match="lacks field/count, predicted before"):
        gather.main([recipe.stem])
    recipe.write_text(recipe.read_text().replace('("field", field', '("field-2", field'))
    made(recipe)
    assert gather.main([recipe.stem, "--drop"]) == 0
    found = read_recorded(recipe)
    assert [p.arm for p in found.predicted] == ["apart", "lost", "field-2"]
    assert found.word("quick", "field", "count") is None


def test_what_no_run_can_judge_any_more_leaves_the_record_when_asked(recipe, made):
    made(recipe)
    gather.main([recipe.stem])
    text = recipe.read_text(encoding="utf-8")
    ask = "    page.add(arm, judge.agreement(got, [100.0] * 6, **how))"
    lacking = (
        '    if arm == "field":\n        page.not_run(arm, "count", "it does not exist")\n        continue\n'
    )
    assert ask in text
    recipe.write_text(text.replace(ask, lacking + ask), encoding="utf-8")
    made(recipe)
    gather.main([recipe.stem])
    assert read_recorded(recipe).word("quick", "field", "count") == "FAILS"  # an older run's
    gather.main([recipe.stem, "--drop"])
    found = read_recorded(recipe)
    assert found.word("quick", "field", "count") is None
    assert found.word("quick", "apart", "count") == "HOLDS"
    assert len(found.runs) == 1


def test_words_of_another_machine_are_added_by_the_runner(recipe, run_here, made, tmp_path, capsys):
    made(recipe)
    with pytest.raises(InputError, match="gather the runs made here first"):
        gather.main([recipe.stem, "--elsewhere", "another processor"])
    gather.main([recipe.stem])
    away = results_folder().rename(tmp_path / "away")
    for path in away.glob("*/*/verdict.json"):
        told = json.loads(path.read_text())
        told["arms"][2] |= {"verdict": "HOLDS", "label": "HOLDS", "run_label": "HOLDS"}
        path.write_text(json.dumps(told))
    for _ in range(2):  # twice is once
        gather.main([recipe.stem, "--elsewhere", "another processor", "--results", str(away)])
        (one,) = read_recorded(recipe).elsewhere
    assert (one.arm, one.label, one.where) == ("field", "HOLDS", "another processor")
    row = read_verdict(f"{run_here(recipe).folder}/verdict.json").arms[2]
    assert row.label == "UNSTABLE (FAILS 1, HOLDS 1)"
    gather.main([recipe.stem])
    assert read_recorded(recipe).elsewhere == [one]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"recipe": "another"}, "belongs to 'another'"),
        ({"runs": [{"seeds": [0]}]}, "one entry a seed, 1"),
        ({"runs": [{}, {"tier": "public"}]}, "twice: quick/field/count"),
        ({"runs": [{"sed": 1}]}, "sed: Extra inputs"),
        ({"runs": [{"words": ["HOLDS", "MAYBE"]}]}, "words.1: String should match"),
    ],
)
def test_a_file_that_does_not_fit_is_named(recipe, change, said):
    def runs(words=("HOLDS", "FAILS"), **more):
        arm = {"arm": "field", "measurement": "count", "words": [*words], "biases": [0.1, None]}
        head = {"profile": "quick", "tier": "embedded", "scopecheck": "0", "seeds": [0, 1], "arms": [arm]}
        return head | more

    good = {"recipe": recipe.stem, "runs": [runs()]}
    assert Recorded(**good).several("quick").biases("field", "count") == [0.1]
    if "runs" in change:
        change = {"runs": [runs(**one) for one in change["runs"]]}
    path = recorded_path(recipe)
    path.parent.mkdir()
    path.write_text(json.dumps(good | change))
    with pytest.raises(RecipeError, match=said) as caught:
        read_recorded(recipe)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("label", "may_be"),
    [
        ("FAILS NOT BETTER THAN CHANCE", True),
        ("UNDETERMINED NOT BETTER THAN CHANCE", True),
        ("HOLDS BY CANCELLATION", True),
        ("not run", True),
        ("HOLDS NOT BETTER THAN CHANCE", False),  # the judge never says so
        ("FAILS BY CANCELLATION", False),
        ("not running", False),
    ],
)
def test_only_labels_that_the_judge_can_say_are_recorded(label, may_be):
    arm = {"arm": "field", "measurement": "count", "words": [label], "biases": [None]}
    head = {"profile": "quick", "tier": "embedded", "scopecheck": "0", "seeds": [0], "arms": [arm]}
    if may_be:
        assert Runs(**head).arms[0].words == [label]
    else:
        with pytest.raises(ValueError, match="words"):
            Runs(**head)


def test_an_arm_that_a_seed_could_not_judge_is_not_hidden(recipe, made):
    text = recipe.read_text(encoding="utf-8")
    old = '    how = {"scope"'
    assert old in text
    skip = '    if arm == "field" and seed == 1:\n        page.not_run(arm, "count", "nothing")\n'
    skip += "        continue\n"
    text = text.replace(old, skip + old).replace('page.note("seconds', 'seed == 1 or page.note("seconds')
    recipe.write_text(text, encoding="utf-8")
    for seed in ("0", "1", "2"):
        made(recipe, given={"seed": seed})
    found = gather.gather(read_recipe(recipe), results_folder())
    (runs,) = found.runs
    assert runs.labels("field", "count") == {"FAILS": 1, "not run": 1, "HOLDS": 1}
    assert runs.biases("field", "count") == pytest.approx([0.4, 0.0])
    assert runs.notes == {}  # not said in every seed
    assert "`field` count: FAILS 1, not run 1, HOLDS 1." in found.text("quick", [("field", "count")])
