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
    ],
)
def test_each_limit_is_kept(broken, more, said):
    assert any(said in fault for fault in broken("", more))


def test_a_long_header_is_found(broken):
    assert any(
        "lines of header, at most 70" in fault
        for fault in broken("#     goals:", 70 * "#\n" + "#     goals:")
    )


@pytest.mark.parametrize(
    "more",
    [
        cell([f"x{i} = {i}" for i in range(200)], SOLUTION),  # solutions are apart
        cell(DEEP, FOLD),  # names in folded cells are not met by a reader
        cell([f'text = "{"a" * 200}"'], FOLD),  # prose may be longer
        cell([f"x{i} = {i}" for i in range(9)], FOLD) + cell([f"x{i} = {i}" for i in range(9)]),
        cell(["def f(x1, x2):", "    return x1 + x2"]) + cell(["x1 = x2 = 1"], FOLD),  # its own names
    ],
)
def test_what_the_limits_leave_free(broken, more):
    assert broken("", more) == []
