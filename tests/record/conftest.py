"""A small recipe and verdicts to write on its page."""

import json
from pathlib import Path

import numpy as np
import pytest

from scopecheck import judge

HEAD = """# ---
# jupyter:
#   scopecheck:
#     schema: "2.0"
#     kind: recipe
#     id: shift-toy
#     title: A toy
#     failure_mode: segmentation distribution shift
#     tools: [numpy]
#     datasets: {embedded: [bbbc038-field], public: [bbbc038-stage1-test], archive: []}
#     measurements:
#       count: {unit: nuclei, estimand: pooled ratio, scale: relative, tolerance: 0.10, why: "half an effect"}
#       mean_area: {unit: um2, estimand: per-acquisition mean, scale: absolute, tolerance: [-5, 8],
#         why: "as the assay states it"}
#     minutes: {quick: 1, full: 2}
#     memory_gib: 1
#     gpu: none
#     goals: [see]
# ---
"""
PLAN = """\
arm,measurement,scope,data,tier,profile,control,predicted,origin,seen_in_training,source
apart,count,,,,,positive,HOLDS,physics,no,simulated
half lost,count,,,,,negative,FAILS,physics,no,simulated
field,count,,bbbc038-field,,,,HOLDS,paper,unknown,"nobody knows, nobody asked"
field,mean_area,image,,embedded,quick,,FAILS,guess,yes,
many fields,count,,bbbc038-stage1-test bbbc038-field,public,,,HOLDS,guess,,x
training,count,,,,full,,HOLDS,guess,,x
"""


def one_run(profile: str, *words: tuple[str, str, str]) -> dict:
    """One reviewed run of seed 0, as the recorded file holds it."""
    arms = [{"arm": arm, "measurement": m, "words": [word], "biases": [0.1]} for arm, m, word in words]
    return {"profile": profile, "tier": "embedded", "seeds": [0], "scopecheck": "0", "arms": arms}


def write_recorded(recipe: Path, *runs: dict, **more) -> Path:
    """Write the recorded file of a recipe."""
    path = recipe.parent / "recorded" / f"{recipe.stem}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"recipe": recipe.stem, "runs": runs} | more), encoding="utf-8")
    return path


@pytest.fixture
def recorded(recipe):
    """Write the recorded file of the toy recipe anew: ``recorded(*runs, elsewhere=[...])``."""
    return lambda *runs, **more: write_recorded(recipe, *runs, **more)


@pytest.fixture
def recipe(tmp_path, monkeypatch) -> Path:
    """The toy recipe's file; the working folder is a result folder beside it."""
    path = tmp_path / "recipes" / "shift-toy.py"
    path.parent.mkdir()
    path.write_text(HEAD, encoding="utf-8")
    path.with_suffix(".csv").write_text(PLAN, encoding="utf-8")
    write_recorded(path, one_run("quick", ("field", "count", "HOLDS"), ("field", "mean_area", "FAILS")),
                   one_run("full", ("field", "mean_area", "HOLDS")))  # fmt: skip
    (tmp_path / "out").mkdir()
    monkeypatch.chdir(tmp_path / "out")
    monkeypatch.delenv("SCOPECHECK_RECIPE", raising=False)
    return path


def count(factor: float, *, u: float | None = 0.0, tolerance: float = 0.10, **keywords):
    """Count of six fields of 100 with 1 % spread, times a factor."""
    spread = np.array([0.99, 1.01, 1.0, 0.99, 1.01, 1.0])
    return judge.agreement(
        100 * factor * spread,
        np.full(6, 100.0),
        scope="population",
        tolerance=tolerance,
        estimand="pooled ratio",
        truth_uncertainty=u,
        **keywords,
    )


def area(difference: float):
    """Mean area of one image, off by a difference in um2."""
    return judge.agreement(
        50.0 + difference, 50.0, scope="image", tolerance=(-5, 8), scale="absolute", truth_uncertainty=1.0
    )


@pytest.fixture
def verdicts():
    return count, area
