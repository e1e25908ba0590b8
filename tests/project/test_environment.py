"""The lock, the conda file and the project file say the same."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

from scopecheck import cli

ROOT = Path(__file__).parents[2]


def locked() -> dict[str, str]:
    lines = (ROOT / "requirements.lock").read_text().split()
    return {
        re.sub(r"[-_.]+", "-", name).lower(): version
        for name, version in (line.split("==") for line in lines)
    }


def test_conda_pins_equal_the_lock():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    pip_section = next(d for d in environment["dependencies"] if isinstance(d, dict))["pip"]
    assert pip_section == (ROOT / "requirements.lock").read_text().split()
    assert "python=3.11" in environment["dependencies"]


def test_every_requirement_is_locked_within_its_bounds():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = [r for name, group in project["optional-dependencies"].items() if name != "all" for r in group]
    lock = locked()
    for text in project["dependencies"] + extras:
        requirement = Requirement(text)
        if requirement.marker and not requirement.marker.evaluate({"python_version": "3.11"}):
            continue  # the lock is for Python 3.11
        version = lock[re.sub(r"[-_.]+", "-", requirement.name).lower()]
        assert requirement.specifier.contains(version), f"{text} does not admit the locked {version}"


def test_all_names_every_extra():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    (everything,) = extras["all"]
    assert Requirement(everything).extras == set(extras) - {"all"}


def test_lock_names_no_build_suffix():
    assert "+" not in (ROOT / "requirements.lock").read_text()


def test_the_core_needs_no_deep_learning_tool():
    core = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    names = {Requirement(text).name for text in core}
    assert not names & {
        "torch",
        "tensorflow",
        "tensorflow-cpu",
        "cellpose",
        "stardist",
        "monai",
        "numba",
        "onnxruntime",
    }


def test_what_the_command_stands_on_is_the_extra_run_and_no_part_of_the_core():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    run = {Requirement(text).name for text in project["optional-dependencies"]["run"]}
    assert run == set(cli.STANDS_ON)
    assert not run & {Requirement(text).name for text in project["dependencies"]}


def imported_by(rooms: set[str]) -> set[str]:
    """The modules of others that files of these rooms import, wherever the import stands."""
    found = set()
    for path in (p for room in rooms for p in (ROOT / "src/scopecheck" / room).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module.split(".")[0])
    return found - sys.stdlib_module_names


def test_the_rooms_below_the_runner_import_nothing_that_only_the_extra_run_brings():
    below = imported_by({"judge", "measure", "acquire", "data", "tools", "record", "score"})
    assert below & set(cli.STANDS_ON) == {"rocrate"}  # of record/provenance.py, which the runner alone calls


@pytest.mark.parametrize("module", ["scopecheck", "scopecheck.judge", "scopecheck.measure", "scopecheck.cli"])
def test_import_loads_nothing_heavy(module):
    heavy = {
        "torch",
        "tensorflow",
        "cellpose",
        "stardist",
        "numba",
        "matplotlib",
        "pandas",
        "skimage",
        "papermill",
    }
    code = f"import sys, {module}; print(*sorted(set(sys.modules) & {heavy!r}))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert loaded == []


@pytest.mark.parametrize("path", sorted((ROOT / ".github/workflows").glob("*.yml")), ids=lambda p: p.name)
def test_every_workflow_can_be_read(path):
    jobs = yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"]
    assert all(job["runs-on"] and job["steps"] for job in jobs.values())


def test_the_weekly_run_names_every_recipe_and_reports_whatever_fails():
    jobs = yaml.safe_load((ROOT / ".github/workflows/weekly.yml").read_text(encoding="utf-8"))["jobs"]
    recipes = {p.stem for p in (ROOT / "recipes").glob("*.py") if "kind: recipe" in p.read_text("utf-8")}
    assert set(jobs["full"]["strategy"]["matrix"]["recipe"]) == recipes
    assert jobs["report"]["needs"] == [name for name in jobs if name != "report"]
    assert jobs["report"]["if"].startswith("always()")
    assert all(f"needs.{name}.result" in jobs["report"]["if"] for name in jobs["report"]["needs"])


def test_a_weekly_job_that_types_the_command_has_installed_it():
    jobs = yaml.safe_load((ROOT / ".github/workflows/weekly.yml").read_text(encoding="utf-8"))["jobs"]
    typed = {name: "\n".join(step.get("run", "") for step in job["steps"]) for name, job in jobs.items()}
    bare = {name: text for name, text in typed.items() if re.search(r"(?m)^\s*scopecheck ", text)}
    assert "results" in bare
    assert all("install -e '.[run]'" in text for text in bare.values())
