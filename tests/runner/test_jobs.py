"""The table of jobs names the keys that runs then have, and what the front matter allows."""

import csv
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from scopecheck.cli.command import app
from scopecheck.errors import InputError
from scopecheck.runner import jobs
from scopecheck.runner.jobs import jobs_of

ROOT = Path(__file__).parents[2]


def test_a_job_is_given_what_the_front_matter_says_and_its_key_is_the_runs(place, made):
    recipe, page = place.recipe(), place.page("small")
    jobs = jobs_of([recipe, page], place.results, "quick", "embedded", 2)
    assert [(j.recipe, j.seed) for j in jobs] == [("shift-toy", 0), ("shift-toy", 1), ("small", 0)]
    assert (jobs[0].minutes, jobs[0].memory_mib, jobs[0].gpu) == (30, 2 * 1024 + 512, "none")
    assert jobs[1].key == Path(made(recipe, {"seed": "1"}).folder).name
    assert len({j.key for j in jobs}) == 3
    assert [j.at_hand for j in jobs] == ["no"] * 3
    now = jobs_of([recipe, page], place.results, "quick", "embedded", 2)
    assert [j.at_hand for j in now] == ["no", "yes", "no"]


def test_three_times_the_minutes_of_a_long_recipe(place):
    recipe = place.recipe()
    recipe.write_text(recipe.read_text().replace("full: 1}", "full: 100.5}"))
    assert [j.minutes for j in jobs_of([recipe], place.results, "full", "embedded", 1)] == [302]


def test_the_table_is_written_and_the_line_to_type_is_told(place, tmp_path):
    place.recipe()
    out = tmp_path / "new" / "jobs.csv"
    said = CliRunner().invoke(app, ["jobs", "--seeds", "3", "--out", str(out)])
    assert said.exit_code == 0
    assert f"sbatch --array=1-3 --time=40 --mem=2560M workflow/scopecheck.sbatch {out}" in said.stdout
    assert [row["seed"] for row in csv.DictReader(out.open())] == ["0", "1", "2"]


def test_an_unknown_recipe_or_profile_leaves_no_table(place, tmp_path):
    place.recipe()
    out = tmp_path / "jobs.csv"
    for asked in (["shift-toi"], ["--profile", "fast"]):
        said = CliRunner().invoke(app, ["jobs", *asked, "--out", str(out)])
        assert isinstance(said.exception, InputError)
    assert not out.exists()


def test_every_seed_stands_in_the_table_of_runs(place, made, tmp_path):
    recipe = place.recipe()
    made(recipe)
    made(recipe, {"seed": "1"})
    made(recipe, {"field": "1.0"})  # an experiment, and none of the recipe's runs
    out = tmp_path / "runs.csv"
    assert CliRunner().invoke(app, ["report", "--runs", str(out)]).exit_code == 0
    rows = [*csv.DictReader(out.open())]
    assert [(r["seed"], r["arm"], r["word"]) for r in rows] == [
        (seed, arm, word)
        for seed in "01"
        for arm, word in (("apart", "HOLDS"), ("lost", "FAILS"), ("field", "FAILS"))
    ]
    assert {float(r["bias"]) for r in rows if r["arm"] == "lost"} == {-0.5}


def test_the_line_of_the_book_is_what_the_command_prints(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("SCOPECHECK_RESULTS", str(tmp_path))
    monkeypatch.setattr(jobs, "parts_of", lambda *_: {})  # nothing is at hand, whatever the key
    for page in ("book/running.md", "workflow/scopecheck.sbatch"):
        text = (ROOT / page).read_text(encoding="utf-8")
        asked, told = (
            re.search(line, text)[0] for line in ("scopecheck jobs .*", "sbatch --array.* jobs.csv")
        )
        said = CliRunner().invoke(app, [*asked.split()[1:], "--out", str(tmp_path / "jobs.csv")])
        assert told in said.stdout.replace(str(tmp_path / "jobs.csv"), "jobs.csv")


@pytest.mark.parametrize("path", ["Snakefile", "scopecheck.sbatch"])
def test_what_a_cluster_is_given_passes_every_option_that_run_has(path):
    text = (Path(__file__).parents[2] / "workflow" / path).read_text()
    for option in ("--profile", "--tier", "-p", "--minutes", "--threads"):
        assert option in text
