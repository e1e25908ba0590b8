"""The rules catch what they are there for: the template, broken in one way at a time."""

from pathlib import Path

import pytest

TEMPLATE = Path(__file__).parents[2] / "recipes" / "template.py.txt"
PLAN = TEMPLATE.with_name("template.csv")
LONG = "\n# %%\n" + "\n".join(f"x{i} = {i}" for i in range(16)) + "\n"
MANY = "\n# %%\nx = 1\n" * 151
NAMES = "\n# %%\n" + "".join(f"measure.name_{i}()\n" for i in range(9))
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
        ("#     gpu: none\n", "#     gpu: none\n" + 45 * "#\n", "header of 71 lines, at most 70"),
        (', "nbval-check-output"', "", "no cell is tagged verdict and nbval-check-output"),
        ('"solution", "hide-cell"', '"hide-cell"', "no cell is tagged solution"),
        ('"solution", "hide-cell"', '"solution"', "a solution is not folded"),
        ("seed = 0\n", "", "needs profile, tier and seed"),
        ("", LONG, "shows 16 lines of code, at most 15"),
        ("", MANY, "visible lines of code, at most 150"),
        ("", NAMES, "names of ours, at most 8"),
        ("", FIGURES, "cells draw figures"),
    ],
)
def test_each_departure_is_found(broken, old, new, said):
    assert any(said in fault for fault in broken(old, new))


def test_folded_code_does_not_count(broken):
    assert broken("", LONG.replace("# %%", '# %% tags=["hide-input"]')) == []
