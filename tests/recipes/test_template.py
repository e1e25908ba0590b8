"""The template that CONTRIBUTING tells people to start from follows the plan and runs as it is."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TEMPLATE = Path(__file__).parents[2] / "recipes" / "template.py.txt"


@pytest.fixture
def recipe(tmp_path) -> Path:
    (tmp_path / "recipes").mkdir()
    shutil.copy(TEMPLATE.with_name("template.csv"), tmp_path / "recipes" / "segmentation-threshold.csv")
    return Path(shutil.copy(TEMPLATE, tmp_path / "recipes" / "segmentation-threshold.py"))


def test_template_follows_the_plan(recipe, structure_faults):
    assert structure_faults(recipe) == []


@pytest.mark.slow
def test_template_runs_as_it_is(recipe, tmp_path):
    start = "from scopecheck.cli import main; main()"
    command = [sys.executable, "-c", start, "run", "segmentation-threshold"]
    subprocess.run(command, cwd=tmp_path, check=True, timeout=300)
    (verdicts,) = tmp_path.glob("results/segmentation-threshold/*/verdict.json")
    words = {arm["arm"]: arm["verdict"] for arm in json.loads(verdicts.read_text())["arms"]}
    assert words["separated"] == "HOLDS"
    assert words["halved"] == "FAILS"
