"""A real SLURM loses a node in the middle: every result is there, once."""

import csv
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_spec = importlib.util.spec_from_file_location("slurm", Path(__file__).with_name("slurm.py"))
slurm = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(slurm)

SNAKEMAKE = os.environ.get("SNAKEMAKE")  # set by tests/cluster.sh
WHY_NOT = slurm.missing() if os.environ.get("CLUSTER") else "`make test-cluster` starts SLURM"
pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(WHY_NOT), reason=f"not run: {WHY_NOT}")]
snakemake = pytest.mark.skipif(not SNAKEMAKE, reason="not run: Snakemake is not here")
# Long enough to be in the middle of it; the line at its end tells that a run came so far.
BODY = (
    "import os, time\n"
    "time.sleep(6)\n"
    "with open(os.environ['LOG'], 'a') as log:\n"
    "    log.write(os.environ['SCOPECHECK_RECIPE'].rsplit('/', 1)[1] + '\\n')"
)
PAGES = [f"page-{i}" for i in range(4)]


@pytest.fixture
def cluster(tmp_path_factory):
    made = slurm.Slurm(tmp_path_factory.mktemp("slurm"))
    yield made
    made.stop()


@pytest.fixture
def site(cluster, place, tmp_path):
    """A folder with the workflow, small recipes, and the command as the nodes see it."""
    shutil.copytree(ROOT / "workflow", tmp_path / "workflow")
    command = tmp_path / "scopecheck"
    command.write_text(
        f'#!/bin/sh\nexec "{sys.executable}" -c "from scopecheck.cli import main; main()" "$@"\n'
    )
    command.chmod(0o755)
    cluster.environment |= {
        "SCOPECHECK": str(command),
        "SCOPECHECK_RECIPES": str(place.recipes),
        "SCOPECHECK_RESULTS": str(place.results),
        "LOG": str(tmp_path / "log"),
        "PYTHONPATH": str(ROOT / "src"),
    }
    for name in PAGES:
        place.page(name, BODY)
    place.recipe("shift-toy")
    return tmp_path


def type_(cluster, site, *command, **more):
    return subprocess.run(command, cwd=site, env=cluster.environment, text=True, check=True, **more)


def lose_a_busy_node(cluster, place) -> str:
    """Take away a node on which a notebook runs; its name."""
    for _ in range(18_000):  # however slow the machine
        at_work = {p.parent.parent.name for p in place.results.glob("page-*/.work-*/spec.json")}
        lines = cluster("squeue", "-h", "-r", "-t", "RUNNING", "-o", "%N").split()
        if at_work and lines:
            cluster.lose(lines[0])
            return lines[0]
        time.sleep(0.1)
    raise AssertionError("no job came to run")


def every_result_once(place, log: Path, keys: set[str]) -> None:
    folders = [p for p in place.results.glob("*/*/") if re.fullmatch("[0-9a-f]{16}", p.name)]
    assert {p.name for p in folders} == keys
    assert len(folders) == len(keys)
    for folder in folders:
        run = json.loads((folder / "run.json").read_text())
        assert run["key"] == folder.name
        assert json.loads((folder / "ro-crate-metadata.json").read_text())["@graph"]
        assert (folder / f"{run['recipe']}.ipynb").is_file()
    assert sorted(log.read_text().split()) == [f"{name}.py" for name in PAGES]  # each came to its end once
    assert not list(place.results.glob("*/.work-*"))


def test_a_job_array_loses_a_node(cluster, site, place):
    type_(cluster, site, str(site / "scopecheck"), "jobs", "--seeds", "2")
    table = site / "jobs.csv"
    keys = {job["key"] for job in csv.DictReader(table.open())}
    assert len(keys) == len(PAGES) + 2
    submit = ["sbatch", "--parsable", f"--array=1-{len(keys)}", "--mem=1G", "workflow/scopecheck.sbatch"]
    array = type_(cluster, site, *submit, str(table), capture_output=True).stdout.strip()

    lose_a_busy_node(cluster, place)
    cluster._wait("end of the jobs", lambda: not cluster("squeue", "-h", "-o", "%i"), 1800)

    told = cluster("scontrol", "show", "job", array)
    assert "Restarts=1" in told  # what ran on the lost node went to another
    logs = "".join(p.read_text() for p in site.glob("scopecheck-*.log"))
    assert set(re.findall(r"JobState=(\w+)", told)) == {"COMPLETED"}, logs
    every_result_once(place, site / "log", keys)


@pytest.mark.weekly  # SLURM's limits go by the minute
def test_slurm_ends_a_job_at_its_time_limit_and_the_next_array_makes_its_result(cluster, site, place):
    go = site / "go"
    place.page("slow", f"import os, time\nwhile not os.path.exists({str(go)!r}): time.sleep(0.5)\n")
    type_(cluster, site, str(site / "scopecheck"), "jobs", "--seeds", "1")
    jobs = [*csv.DictReader((site / "jobs.csv").open())]
    slow = next(i for i, job in enumerate(jobs, 1) if job["recipe"].endswith("slow"))
    key = jobs[slow - 1]["key"]
    submit = ["sbatch", "--parsable", f"--array={slow}", "--time=1", "--mem=1G", "workflow/scopecheck.sbatch"]
    states = []
    for then in (go.touch, lambda: None):
        array = type_(cluster, site, *submit, "jobs.csv", capture_output=True).stdout.strip()
        cluster._wait("end of the job", lambda: not cluster("squeue", "-h", "-o", "%i"), 1800)
        states += re.findall(r"JobState=(\w+)", cluster("scontrol", "show", "job", array))
        made = [p for p in place.results.glob("*/*/run.json") if p.parent.name == key]
        assert len(made) == len(states) - 1, states  # nothing half-written after the limit, one result then
        submit[4] = "--time=30"
        then()
    assert states == ["TIMEOUT", "COMPLETED"]
    assert not list(place.results.glob("*/.work-*"))


@snakemake
def test_snakemake_loses_a_node(cluster, site, place):
    config = ["--config", f"scopecheck={site}/scopecheck", f"book={site}/book", "profile=quick"]
    config += ["tier=embedded", "seeds=2", "sweeps=[]"]
    options = ["--slurm-no-account", "--slurm-status-command", "squeue"]
    options += ["--slurm-init-seconds-before-status-checks", "5"]
    command = [SNAKEMAKE, "--profile", "workflow/profiles/slurm", *options, *config]
    with (site / "snakemake.log").open("w") as log:
        going = subprocess.Popen(command, cwd=site, env=cluster.environment, stdout=log, stderr=log)
    try:
        lose_a_busy_node(cluster, place)
        assert going.wait(timeout=1800) == 0, (site / "snakemake.log").read_text()[-3000:]
    finally:
        going.kill()
        going.wait()

    keys = {job["key"] for job in csv.DictReader((place.results / "jobs.csv").open())}
    every_result_once(place, site / "log", keys)
    rows = [*csv.DictReader((place.results / "runs.csv").open())]
    lost = {(row["seed"], row["word"]) for row in rows if row["arm"] == "lost"}
    assert lost == {("0", "FAILS"), ("1", "FAILS")}
    report = json.loads((place.results / "report.json").read_text())
    assert {state["status"] for state in report} == {"ok"}
    assert (site / "book" / "recipes" / "shift-toy.ipynb").is_file()
