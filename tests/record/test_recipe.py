"""The front matter: what is read, and one clear message for each way to get it wrong."""

import pytest

from scopecheck.errors import RecipeError
from scopecheck.record import read_recipe


def test_reads_every_field(recipe):
    r = read_recipe(recipe)
    assert (r.id, r.kind, r.tools, len(r.arms)) == ("shift-toy", "recipe", ["numpy"], 6)
    assert r.measurements["count"].band() == (-0.10, 0.10)
    assert r.measurements["mean_area"].band() == (-5, 8)
    assert [a.seen_in_training for a in r.arms[:4]] == [
        "no",
        "no",
        "unknown",
        "yes",
    ]  # YAML's bare no is False
    assert r.declared("field", "mean_area").recorded_in("full") == "HOLDS"
    assert r.declared("field", "count").recorded_in("quick") == "HOLDS"
    assert r.declared("field", "count").recorded_in("full") is None
    assert r.declared("field", "volume") is None


def test_arms_of_a_run_follow_tier_and_profile(recipe):
    r = read_recipe(recipe)

    def run(profile, tier):
        return [a.arm for a in r.arms if not r.in_run(a, profile=profile, tier=tier)]

    assert run("quick", "embedded") == ["apart", "half lost", "field", "field"]
    assert run("quick", "public")[4:] == ["many fields"]
    assert run("full", "archive")[4:] == ["many fields", "training"]
    assert "needs tier public" in r.in_run(r.arms[4], profile="full", tier="embedded")


def test_a_recipe_that_is_not_utf_8_is_named(recipe):
    recipe.write_bytes(recipe.read_bytes() + "# Zelle f\u00fcr Zelle".encode("latin-1"))
    with pytest.raises(RecipeError, match=r"shift-toy\.py: is not UTF-8 text \(byte \d+\); save it as UTF-8"):
        read_recipe(recipe)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("# ---\n# jup", "# jup", "no front matter"),
        ("#   scopecheck:", "#   other:", "no jupyter: scopecheck: block"),
        ('schema: "1.0"', "schema: [", "not YAML"),
        ('schema: "1.0"', 'schema: "2.0"', "schema"),
        ("id: shift-toy", "id: other", "id and file name must be the same"),
        ("id: shift-toy", "id: Shift Toy", "id"),
        ("measurement: count, control: positive", "measurement: volume, control: positive", "not declared"),
        ("half lost, measurement", "apart, measurement", "twice"),
        (
            "control: positive, predicted: HOLDS",
            "control: positive, predicted: FAILS",
            "must be predicted HOLDS",
        ),
        (
            "control: negative, predicted: FAILS",
            "control: negative, predicted: HOLDS",
            "must be predicted FAILS",
        ),
        ("estimand: pooled ratio", "estimand: median", "measurements.count.estimand"),
        ("tolerance: 0.10", "tolerance: ten", "measurements.count.tolerance"),
        ("recorded: HOLDS,", "recorded: MAYBE,", "recorded"),
        ("origin: paper", "origin: hearsay", "origin"),
        ("seen_in_training: unknown, source: nobody knows", "source: nobody knows", "seen_in_training"),
        ("goals: [see]", "goal: [see]", "goal"),
        ("minutes: {quick: 1, full: 2}", "minutes: {quick: 1}", "minutes needs quick and full"),
        ("memory_gib: 1", "memory_gib: -1", "memory_gib"),
    ],
)
def test_each_fault_is_named_with_its_file(recipe, old, new, said):
    text = recipe.read_text(encoding="utf-8")
    assert old in text
    recipe.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(RecipeError) as caught:
        read_recipe(recipe)
    assert said in str(caught.value)
    assert str(recipe) in str(caught.value)


def test_a_page_needs_little_and_a_missing_file_is_said(tmp_path):
    page = tmp_path / "names.py"
    head = '# ---\n# jupyter:\n#   scopecheck: {schema: "1.0", kind: page, id: names, title: Names}\n# ---\n'
    page.write_text(head, encoding="utf-8")
    assert read_recipe(page).arms == []
    with pytest.raises(RecipeError, match="no such recipe"):
        read_recipe(tmp_path / "nothing.py")


@pytest.mark.parametrize(
    ("label", "may_be"),
    [
        ("FAILS NOT BETTER THAN CHANCE", True),
        ("UNDETERMINED NOT BETTER THAN CHANCE", True),
        ("HOLDS BY CANCELLATION", True),
        ("HOLDS NOT BETTER THAN CHANCE", False),  # the judge never says so
        ("FAILS BY CANCELLATION", False),
    ],
)
def test_only_labels_that_the_judge_can_say_are_recorded(recipe, label, may_be):
    text = recipe.read_text(encoding="utf-8").replace("recorded: HOLDS", f"recorded: {label}")
    recipe.write_text(text, encoding="utf-8")
    if may_be:
        assert read_recipe(recipe).declared("field", "count").recorded == label
    else:
        with pytest.raises(RecipeError, match="recorded"):
            read_recipe(recipe)
