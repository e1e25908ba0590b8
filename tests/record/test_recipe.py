"""The front matter, header and plan: what is read, and one clear message for each way to get it wrong."""

import pytest

from scopecheck.errors import RecipeError
from scopecheck.record import read_recipe


def test_reads_every_field(recipe):
    r = read_recipe(recipe)
    assert (r.id, r.kind, r.tools, len(r.arms)) == ("shift-toy", "recipe", ["numpy"], 6)
    assert r.arms[0].model_dump() == {
        **{"arm": "apart", "measurement": "count", "scope": "population", "data": (), "tier": "embedded"},
        **{"profile": "quick", "control": "positive", "predicted": "HOLDS", "origin": "physics"},
        **{"seen_in_training": "no", "source": "simulated"},
    }
    assert (r.arms[3].scope, r.arms[3].origin, r.arms[3].source) == ("image", "guess", "")
    assert r.arms[4].data == ("bbbc038-stage1-test", "bbbc038-field")
    assert r.arms[2].source == "nobody knows, nobody asked"
    assert r.measurements["count"].band() == (-0.10, 0.10)
    assert r.measurements["mean_area"].band() == (-5, 8)
    assert [a.seen_in_training for a in r.arms] == ["no", "no", "unknown", "yes", "unknown", "unknown"]
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
        ('schema: "2.0"', "schema: [", "not YAML"),
        ('schema: "2.0"', 'schema: "1.0"', "schema"),
        ("goals: [see]", "goals: [see]\n#     arms: []", "arms stand in the plan, shift-toy.csv"),
        ("id: shift-toy", "id: other", "id and file name must be the same"),
        ("id: shift-toy", "id: Shift Toy", "id"),
        ("estimand: pooled ratio", "estimand: median", "measurements.count.estimand"),
        ("tolerance: 0.10", "tolerance: ten", "measurements.count.tolerance"),
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
    head = '# ---\n# jupyter:\n#   scopecheck: {schema: "2.0", kind: page, id: names, title: Names}\n# ---\n'
    page.write_text(head, encoding="utf-8")
    assert read_recipe(page).arms == []
    with pytest.raises(RecipeError, match="no such recipe"):
        read_recipe(tmp_path / "nothing.py")


@pytest.mark.parametrize(
    ("old", "new", "where", "said"),
    [
        ("source\n", "source,recorded\n", "line 1", "unknown columns: recorded; missing: none"),
        (",scope,", ",", "line 1", "unknown columns: none; missing: scope"),
        (",scope,", ",scope,scope,", "line 1", "expected once each"),
        ("arm,measurement,scope", "arm;measurement;scope", "line 1", "missing: arm, measurement, scope"),
        ("half lost,", "apart,", "line 3, column arm", "'apart' declares 'count' twice, in line 2 before"),
        ("half lost,", " apart ,", "line 3, column arm", "twice"),
        ("half lost,", ",", "line 3, column arm", "'' is empty and has no default"),
        ("apart,count", "apart,volume", "line 2, column measurement", "expected one of count, mean_area"),
        ("area,image,", "area,images,", "line 5, column scope", "'images' is not known: Input should be 'im"),
        ("bbbc038-field,,,,H", "bbbc039,,,,H", "line 4, column data", "expected, with spaces between"),
        ("bbbc038-field,,,,H", "bbbc038-stage1-test,,,,H", "line 4, column data", "names for tier embedded"),
        ("test bbbc038-field", "test;bbbc038-field", "line 6, column data", "'bbbc038-stage1-test;bbbc038-"),
        (",public,", ",pubic,", "line 6, column tier", "'embedded', 'public' or 'archive'"),
        (",full,", ",long,", "line 7, column profile", "'quick' or 'full'"),
        (
            ",positive,",
            ",negative,",
            "line 2, column predicted",
            "a negative control must be predicted FAILS",
        ),
        (",negative,FAILS", ",negative,HOLDS", "line 3, column predicted", "must be predicted FAILS"),
        (",negative,", ",none,", "line 3, column control", "'positive' or 'negative'"),
        ("negative,FAILS", "negative,", "line 3, column predicted", "'' is empty and has no default"),
        (
            "negative,FAILS",
            "negative,fails",
            "line 3, column predicted",
            "'HOLDS', 'FAILS' or 'UNDETERMINED'",
        ),
        (",paper,", ",hearsay,", "line 4, column origin", "'first look'"),
        (",yes,", ",perhaps,", "line 5, column seen_in_training", "'no', 'yes' or 'unknown'"),
        ('"nobody knows, nobody asked"', "nobody knows, nobody asked", "line 4", "12 cells, expected 11"),
        ('asked"', "asked", "line 4", "is a quote not closed?"),
        (",simulated\nhalf", "\nhalf", "line 2", "10 cells, expected 11"),
    ],
)
def test_each_fault_of_a_plan_is_named_with_file_line_and_column(recipe, old, new, where, said):
    plan = recipe.with_suffix(".csv")
    text = plan.read_text(encoding="utf-8")
    assert old in text
    plan.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(RecipeError) as caught:
        read_recipe(recipe)
    assert str(caught.value).startswith(f"{plan}, {where}: ")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_lines_are_counted_as_an_editor_counts_them(recipe):
    """A cell of two lines and an empty line before the faulty one."""
    plan = recipe.with_suffix(".csv")
    text = (
        plan.read_text(encoding="utf-8")
        .replace("knows, nobody", "knows,\nnobody")
        .replace("\nmany", "\n\nmany")
    )
    plan.write_text(text.replace(",public,", ",pubic,"), encoding="utf-8")
    number = text.splitlines().index(next(line for line in text.splitlines() if line.startswith("many"))) + 1
    with pytest.raises(RecipeError, match=f"line {number}, column tier"):
        read_recipe(recipe)


@pytest.mark.parametrize("spreadsheet", ["\ufeff", "\r\n", ",,,,,,,,,,\n", "   \n\n"])
def test_what_spreadsheets_add_changes_nothing(recipe, spreadsheet):
    plan, want = recipe.with_suffix(".csv"), read_recipe(recipe).arms
    text = plan.read_text(encoding="utf-8")
    if spreadsheet == "\ufeff":
        text = spreadsheet + text
    elif spreadsheet == "\r\n":
        text = text.replace("\n", spreadsheet)
    elif spreadsheet.startswith(","):
        text += 2 * spreadsheet
    else:
        text += spreadsheet
    plan.write_bytes(text.encode())
    assert read_recipe(recipe).arms == want


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "no such plan; expected a CSV file with the columns arm,measurement,scope"),
        (b"", "is empty; expected a first line with the columns arm"),
        (b"\n\n", "is empty"),
        ("Gr\u00f6\u00dfe".encode("latin-1"), "is not UTF-8 text (byte 2)"),
        (b"PK\x03\x04\x00", "unknown columns"),
    ],
)
def test_a_plan_that_is_none_is_named(recipe, content, said):
    plan = recipe.with_suffix(".csv")
    head = plan.read_bytes().splitlines(keepends=True)[0]
    if content is None:
        plan.unlink()
    else:
        plan.write_bytes(content)
    with pytest.raises(RecipeError) as caught:
        read_recipe(recipe)
    assert str(plan) in str(caught.value)
    assert said in str(caught.value)
    plan.write_bytes(head)
    with pytest.raises(RecipeError, match="declares no verdict; expected one a line"):
        read_recipe(recipe)


def test_a_page_may_have_a_plan_too(tmp_path):
    page = tmp_path / "names.py"
    head = '# ---\n# jupyter:\n#   scopecheck: {schema: "2.0", kind: page, id: names, title: Names}\n# ---\n'
    page.write_text(head, encoding="utf-8")
    page.with_suffix(".csv").write_text("arm\nx\n", encoding="utf-8")
    with pytest.raises(RecipeError, match=r"names\.csv, line 1"):
        read_recipe(page)
