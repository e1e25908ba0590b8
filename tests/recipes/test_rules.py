"""The rules catch what they are there for: the template, broken in one way at a time."""

from pathlib import Path

import pytest

TEMPLATE = Path(__file__).parents[2] / "recipes" / "template.py.txt"
PLAN = TEMPLATE.with_name("template.csv")
LONG = "\n# %%\n" + "\n".join(f"x{i} = {i}" for i in range(16)) + "\n"
MANY = "\n# %%\nx = 1\n" * 151
FIGURES = "\n# %%\nfig, ax = plt.subplots()\n" * 20


@pytest.fixture
def broken(tmp_path, structure_faults):
    def check(old: str, new: str) -> list[str]:
        path = tmp_path / "segmentation-threshold.py"
        text, plan = (file.read_text(encoding="utf-8") for file in (TEMPLATE, PLAN))
        assert old in text + plan
        path.write_text(text.replace(old, new) if old else text + new, encoding="utf-8")
        path.with_suffix(".csv").write_text(plan.replace(old, new) if old else plan, encoding="utf-8")
        return structure_faults(path)

    return check


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("# ## Predict", "# ## Guess", "missing ['## Predict']"),
        ("# ## The truth", "# ## Shift", "sections are"),
        ("# # ", "# ## ", "'# Title'"),
        (",positive,", ",,", "no positive control"),
        (",negative,", ",,", "no negative control"),
        (', "nbval-check-output"', "", "no cell is tagged verdict and nbval-check-output"),
        ('"solution", "hide-cell"', '"hide-cell"', "no cell is tagged solution"),
        ('"solution", "hide-cell"', '"solution"', "a solution is not folded"),
        ("seed = 0\n", "", "needs profile, tier and seed"),
        ("", LONG, "16 lines in a visible cell, at most 15"),
        ("", MANY, "visible lines of code, at most 150"),
        ("", FIGURES, "cells draw figures"),
    ],
)
def test_each_departure_is_found(broken, old, new, said):
    assert any(said in fault for fault in broken(old, new))


def test_folded_code_does_not_count(broken):
    assert broken("", LONG.replace("# %%", '# %% tags=["hide-input"]')) == []


def cell(lines: list[str], tags: str = "") -> str:
    return f"\n# %%{tags}\n" + "\n".join(lines) + "\n"


FOLD, SOLUTION = ' tags=["hide-input"]', ' tags=["solution", "hide-cell"]'
OURS = ["from scopecheck import measure", *(f"measure.name_{i}()" for i in range(16))]
DEEP = [f"{name}.deeper_{i}()" for name in ("acquire.optics", "page", "trial", "checks") for i in range(4)]
HELPER = cell(["def helper(x):", *(f"    y{i} = x + {i}" for i in range(28)), "    return 1"], SOLUTION)
SECOND = [f"{{}}.m{i}()" for i in range(14)]  # with the names that the template uses, more than 15
JOINED = ["; ".join(f"a{i} = {i}" for i in range(14))]
DIRECT = [f"from scopecheck.judge import name_{i} as other_{i}\nother_{i}()" for i in range(7)]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (cell([f"x{i} = {i}" for i in range(31)], FOLD), "31 lines in a folded cell, at most 30"),
        (cell(["x = 1"] * 25, FOLD) * 9, "folded lines of code, at most 220"),
        (cell([f"total = {' + '.join('1' * 27)}"]), "113 characters in a line of code"),
        (cell(OURS), "names of ours in visible cells, at most 15"),
        (cell(DEEP), "names of ours in visible cells, at most 15: acquire.Camera"),
        (cell(DIRECT), "names of ours in visible cells, at most 15"),
        (
            cell([f"x{i} = {i}" for i in range(9)], FOLD) + cell([f"print(x{i})" for i in range(9)]),
            "9 names used in visible cells and made in folded ones, at most 8: x0",
        ),
        ("\n# %% [markdown]\n" + "# more\n" * 300, "lines of file, at most 450"),
        (cell(["x = 1"] * 51, SOLUTION), "51 lines in a solution cell, at most 50"),
        (cell(JOINED * 2), "28 lines in a visible cell, at most 15"),
        (cell(JOINED * 20, FOLD), "280 lines in a folded cell, at most 30"),
        (cell(["if True: x = 1"] * 8), "16 lines in a visible cell, at most 15"),
        (HELPER * 8 + cell(["print(helper(1))"]), "folded lines of code, at most 220"),
        (
            HELPER * 8 + cell(["y = helper(1)"], SOLUTION) + cell(["print(y)"]),
            "folded lines of code, at most 220",
        ),
        (cell(["print(helper(1))"]) + HELPER * 8, "folded lines of code, at most 220"),
        (
            cell(["scene = 1"] * 31, SOLUTION) + cell(["print(scene)"]),
            "31 lines in a folded cell, at most 30",
        ),
        (
            cell(["scene = 1"] * 16, ' tags=["solution"]') + cell(["print(scene)"]),
            "16 lines in a visible cell",
        ),
    ],
)
def test_each_limit_is_kept(broken, more, said):
    assert any(said in fault for fault in broken("", more))


@pytest.mark.parametrize(
    ("made", "name"),
    [
        ("other = record.Trial(page)", "other"),
        ("other = another = record.Trial(page)", "another"),
        ("other: object = record.Trial(page)", "other"),
        ("(other := record.Trial(page))", "other"),
        ("other = trial", "other"),
        ("one, other = 1, record.Trial(page)", "other"),
        ("from scopecheck.record import Trial as T\nother = T(page)", "other"),
        ("from scopecheck import record as r\nother = r.Trial(page)", "other"),
        ("other = record.start('other')", "other"),
        ("other = trial.checks([], [])", "other"),
        ("def build():\n    return record.Trial(page)\n\n\nother = build()", "other"),
        ("other = None if tier else record.Trial(page)", "other"),
        ("for other in (trial, record.Trial(page)):\n    pass", "other"),
        ("", "record.Trial(page)"),
    ],
)
@pytest.mark.parametrize("tags", ["", FOLD])
def test_what_is_called_on_any_trial_is_a_name_of_ours(broken, made, name, tags):
    more = cell([made], tags) + cell([line.format(name) for line in SECOND])
    assert any("names of ours in visible cells, at most 15" in fault for fault in broken("", more))


def test_names_on_two_trials_count_once(broken):
    more = cell(
        ["other = record.Trial(page)", "other.run()", "other.again()", "other.one()", "other.retake()"]
    )
    assert broken("", more) == []


TWELVE = range(12)


@pytest.mark.parametrize(
    ("made", "read"),
    [
        (["if True:", *(f"    def f{i}(x): return x" for i in TWELVE)], "f{}(1)"),
        (["try:", *(f"    class f{i}: pass" for i in TWELVE), "finally:", "    pass"], "f{}()"),
        (["with x:", *(f"    async def f{i}(): pass" for i in TWELVE)], "f{}()"),
        (["for _ in [0]:", "    while True:", *(f"        def f{i}(): pass" for i in TWELVE)], "f{}()"),
        (["def make():", *(f"    global f{i}; f{i} = 1" for i in TWELVE)], "f{}"),
        (["h = N()", *(f"h.f{i} = 1" for i in TWELVE)], "h.f{}(1)"),
        (["class h:", *(f"    f{i} = 1" for i in TWELVE)], "h.f{}"),
        (["h = N(a=N())", *(f"h.a.f{i} = 1" for i in TWELVE)], "h.a.f{}"),
        ([f"f{i} = {i}" for i in TWELVE], "f{0} + sum(f{0} for f{0} in [1])"),  # a loop's own name is another
    ],
)  # fmt: skip
def test_names_made_in_folded_cells_count_wherever_they_are_made(broken, made, read):
    more = cell(made, FOLD) + cell([read.format(i) for i in TWELVE])
    assert any(
        "12 names used in visible cells and made in folded ones" in fault for fault in broken("", more)
    )


JUDGED = "from scopecheck import judge\njudge.agreement([1], [1], scope='population', tolerance=0.1)"
CAUGHT = "try:\n    pass\nexcept {}:\n    pass"


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (JUDGED, "calls judge.agreement"),
        ("from scopecheck.judge import agreement as same\nsame([1], [1])", "calls judge.agreement"),
        ("import scopecheck.judge as j\nj.agreement([1], [1])", "calls judge.agreement"),
        ("plt.savefig('x.png')", "calls savefig"),
        ("from matplotlib.pyplot import savefig\nsavefig('x.png')", "calls savefig"),
        (CAUGHT.format("DataError"), "names DataError"),
        (CAUGHT.format("(ValueError, DataError)"), "names DataError"),
        (CAUGHT.format("errors.DataError"), "names DataError"),
        ("from scopecheck.errors import DataError as E\n" + CAUGHT.format("E"), "names DataError"),
        ("with suppress(DataError):\n    pass", "names DataError"),
        ("exec('; '.join(f'a{i} = {i}' for i in range(300)))", "calls exec or eval"),
        ("x = eval('1')", "calls exec or eval"),
        ("import builtins\nbuiltins.exec('x = 1')", "calls exec or eval"),
        ("run = exec\nrun('x = 1')", "calls exec or eval"),
    ],
)
@pytest.mark.parametrize("tags", ["", SOLUTION])
def test_what_a_recipe_leaves_to_the_page_is_refused(broken, code, said, tags):
    assert any(said in fault for fault in broken("", cell([code], tags)))


@pytest.mark.parametrize("tag", ["hide_input", "remove_input", "hide_cell", "hideinput"])
def test_a_tag_that_nobody_counts_is_refused(broken, tag):
    assert f"a cell has the tag {tag}, which is none of ours" in broken(
        "", cell(["x = 1"], f' tags=["{tag}"]')
    )


def test_a_cell_hidden_by_other_means_is_refused(broken):
    more = cell(["x = 1"], ' jupyter={"source_hidden": true}')
    assert "a cell has jupyter beside its tags, which may hide its code" in broken("", more)


def test_a_solution_before_the_exercises_is_not_apart(broken):
    many = (HELPER.strip() + "\n\n") * 8
    said = broken("# %% [markdown]\n# ## What is measured", many + "# %% [markdown]\n# ## What is measured")
    assert any("folded lines of code, at most 220" in fault for fault in said)


def test_a_long_header_is_found(broken):
    assert any(
        "lines of header, at most 70" in fault
        for fault in broken("#     goals:", 70 * "#\n" + "#     goals:")
    )


@pytest.mark.parametrize(
    "more",
    [
        cell([f"x{i} = {i}" for i in range(50)], SOLUTION) * 4,  # solutions are apart
        cell([f"scene{i} = scene" for i in range(50)], SOLUTION) + cell(["print(scene)"]),
        cell(["def f(): ..."] * 15),
        cell([f"from math import sqrt as s{i}" for i in range(12)], FOLD)
        + cell([f"s{i}(1)" for i in range(12)]),
        cell(["h = np.zeros(3)"], FOLD)
        + cell(["h.sum(), h.mean(), h.max(), h.min(), h.std()", "h.shape, h.T"] * 2),
        cell(["net.eval()", "maps.agreement(1)"]),
        cell(DEEP, FOLD),  # names in folded cells are not met by a reader
        cell([f'text = "{"a" * 200}"'], FOLD),  # prose may be longer
        cell([f"x{i} = {i}" for i in range(9)], FOLD) + cell([f"x{i} = {i}" for i in range(9)]),
        cell(["def f(x1, x2):", "    return x1 + x2"]) + cell(["x1 = x2 = 1"], FOLD),  # its own names
    ],
)
def test_what_the_limits_leave_free(broken, more):
    assert broken("", more) == []
