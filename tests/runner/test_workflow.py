"""The workflow on one machine: recipes, seeds and a sweep, each once; what fails is said."""

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SNAKEMAKE = os.environ.get("SNAKEMAKE")  # set by tests/cluster.sh
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not SNAKEMAKE, reason="not run: Snakemake is not here; `make test-cluster` brings it"),
]
LOG = "import os\nopen(os.environ['LOG'], 'a').write('ran\\n')"
SWEEP = """\
settings:
  dim:
    recipe: segmentation-threshold
    minutes: 5
    arguments: [--images, 2, --side, 128, --no-chance, --grid, "photons=10,200"]
"""


@pytest.fixture
def snakemake(place, tmp_path, monkeypatch):
    """Type the command as the page says it, in a folder with the workflow; gives status and what was said."""
    shutil.copytree(ROOT / "workflow", tmp_path / "workflow")
    (tmp_path / "more.yaml").write_text(SWEEP)
    command = tmp_path / "scopecheck"
    command.write_text(
        f'#!/bin/sh\nexec "{sys.executable}" -c "from scopecheck.cli import main; main()" "$@"\n'
    )
    command.chmod(0o755)
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "src"))
    monkeypatch.setenv("LOG", str(tmp_path / "log"))

    def typed():
        config = ["--config", f"scopecheck={command}", f"book={tmp_path}/book", "profile=quick"]
        config += ["tier=embedded", "seeds=2", "sweeps=[dim]"]
        asked = [SNAKEMAKE, "--profile", "workflow/profiles/local", "--cores", "2"]
        command_line = [*asked, "--configfile", "more.yaml", *config]
        return subprocess.run(command_line, cwd=tmp_path, capture_output=True, text=True, check=False)

    return typed


def test_recipes_seeds_and_a_sweep_are_made_once_and_reported(place, snakemake, tmp_path):
    text = (ROOT / "recipes" / "template.py.txt").read_text()
    field, small = "(256, 256), 40", "(128, 128), 10"
    assert field in text
    (place.recipes / "segmentation-threshold.py").write_text(text.replace(field, small))
    shutil.copy(ROOT / "recipes" / "template.csv", place.recipes / "segmentation-threshold.csv")
    place.page("small", f"{LOG}\nraise ValueError('on purpose')")
    broken = snakemake()
    assert broken.returncode == 1
    log = next(place.results.glob("small/.jobs/*.log")).read_text()
    assert "raised ValueError: on purpose" in log
    assert "This recipe failed." in (tmp_path / "book" / "recipes" / "small.ipynb").read_text()
    assert not (place.results / "report.json").exists()
    made = {p: p.stat().st_ino for p in place.results.glob("segmentation-threshold/*/run.json")}
    assert len(made) == 2

    place.page("small", LOG)
    mended = snakemake()
    assert mended.returncode == 0, mended.stderr[-3000:]
    assert {p: p.stat().st_ino for p in made} == made  # nothing was made again
    assert (tmp_path / "log").read_text() == "ran\nran\n"
    assert {state["status"] for state in json.loads((place.results / "report.json").read_text())} == {"ok"}
    rows = [*csv.DictReader((place.results / "runs.csv").open())]
    assert {row["seed"] for row in rows} == {"0", "1"}
    swept = (place.results / "sweeps" / "dim.csv").read_text().splitlines()
    assert len(swept) == 2 + 2  # what made it, its columns, a line a setting
    assert "Nothing to be done" in snakemake().stderr
