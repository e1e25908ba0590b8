"""A small recipe and verdicts to write on its page."""

from pathlib import Path

import numpy as np
import pytest

from scopecheck import judge

HEAD = """# ---
# jupyter:
#   scopecheck:
#     schema: "1.0"
#     kind: recipe
#     id: shift-toy
#     title: A toy
#     failure_mode: segmentation distribution shift
#     tools: [numpy]
#     datasets: {embedded: [], public: [], archive: []}
#     measurements:
#       count: {unit: nuclei, estimand: pooled ratio, scale: relative, tolerance: 0.10, why: "half an effect"}
#       mean_area: {unit: um2, estimand: per-acquisition mean, scale: absolute, tolerance: [-5, 8],
#         why: "as the assay states it"}
#     minutes: {quick: 1, full: 2}
#     memory_gib: 1
#     gpu: none
#     goals: [see]
#     arms:
#       - {arm: apart, measurement: count, control: positive, predicted: HOLDS, origin: physics,
#          seen_in_training: no, source: simulated}
#       - {arm: half lost, measurement: count, control: negative, predicted: FAILS, origin: physics,
#          seen_in_training: no, source: simulated}
#       - {arm: field, measurement: count, predicted: HOLDS, origin: paper, recorded: HOLDS,
#          seen_in_training: unknown, source: nobody knows}
#       - {arm: field, measurement: mean_area, predicted: FAILS, origin: guess,
#          recorded: {quick: FAILS, full: HOLDS}, seen_in_training: yes, source: x}
#       - {arm: many fields, measurement: count, tier: public, predicted: HOLDS, origin: guess,
#          seen_in_training: unknown, source: x}
#       - {arm: training, measurement: count, profile: full, predicted: HOLDS, origin: guess,
#          seen_in_training: unknown, source: x}
# ---
"""


@pytest.fixture
def recipe(tmp_path, monkeypatch) -> Path:
    """The toy recipe's file; the working folder is a result folder beside it."""
    path = tmp_path / "recipes" / "shift-toy.py"
    path.parent.mkdir()
    path.write_text(HEAD, encoding="utf-8")
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
