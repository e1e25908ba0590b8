"""The template that CONTRIBUTING tells people to start from follows the plan and runs as it is."""

import json
import os
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


def test_template_is_read_in_one_sitting():
    assert TEMPLATE.read_text(encoding="utf-8").count("\n") <= 160


# Other threads, other kernels, other instructions; test_machines.py asks recipes, once a week.
MACHINES = [
    {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "OPENBLAS_CORETYPE": "Prescott"},
    {"OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2"},
]


@pytest.mark.slow
def test_template_runs_as_it_is_and_says_the_same_on_other_machines(recipe, tmp_path):
    start = "from scopecheck.cli import main; main()"
    command = [sys.executable, "-c", start, "run", "segmentation-threshold"]
    told = []
    for number, machine in enumerate(MACHINES if os.environ.get("WEEKLY") else MACHINES[:1]):
        env = os.environ | machine | {"SCOPECHECK_RESULTS": str(tmp_path / str(number))}
        subprocess.run(command, cwd=tmp_path, check=True, env=env)
        (verdicts,) = tmp_path.glob(f"{number}/segmentation-threshold/*/verdict.json")
        arms = json.loads(verdicts.read_text())["arms"]
        told.append({(arm["arm"], arm["measurement"]): arm["label"] for arm in arms})
    words = {arm["arm"]: arm["verdict"] for arm in arms}
    assert words["separated"] == "HOLDS"
    assert words["halved"] == "FAILS"
    assert told[0] == told[-1]
