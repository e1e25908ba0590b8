"""A tool that is no part of the package: run, judged from its folder, and found in results.json."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile

from scopecheck import data
from scopecheck.cli import main
from scopecheck.errors import InputError
from scopecheck.record import published
from scopecheck.score.submission import judge_folder

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
TOOL = HERE / "segment.py"


@pytest.fixture(scope="module")
def field(real):
    """The folder of the real field: image.tif and truth.tif."""
    return real("bbbc038-field")


@pytest.fixture(scope="module")
def left(field, tmp_path_factory):
    """What the tool leaves, run as its own process, without the package on its path."""
    folder = tmp_path_factory.mktemp("tool") / "outputs"
    done = subprocess.run(
        [sys.executable, "-I", TOOL, field / "image.tif", folder], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def outputs(left, tmp_path):
    """A copy of that folder, to be changed."""
    return shutil.copytree(left, tmp_path / "outputs")


def change(folder, **fields):
    path = folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | fields))


def test_the_tool_is_from_outside():
    assert not re.search(r"^\s*(import|from) scopecheck", TOOL.read_text(encoding="utf-8"), re.M)


def test_the_folder_is_judged_as_score_labels_judges_it(outputs, field, monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    entry = tmp_path / "submissions" / "tool.json"

    def call(*words):
        monkeypatch.setattr(sys, "argv", ["scopecheck", *map(str, words)])
        with pytest.raises(SystemExit) as end:
            main()
        assert not end.value.code
        return capsys.readouterr().out

    assert "Otsu and watershed" in call("submit", outputs, "--out", entry)
    both = outputs / "field.tif", field / "truth.tif"
    asked = "--measure", "count,mean_area", "--tolerance", "0.1", "--unit", "px", "--json"
    rows = json.loads(call("score", "labels", *both, *asked))["arms"]
    entries = published.read(entry).entries
    assert [e.quantity for e in entries] == ["count", "mean_area"]
    for one, row in zip(entries, rows, strict=True):
        assert (one.word, one.scope, one.n) == (row["verdict"], "image", 1)
        assert one.bias == pytest.approx(row["bias"])
        assert one.interval == row["interval"]
        assert one.plausibility == row["plausibility"]
    # and against a count of our own, that passes through nothing of the package
    true, found = (len(np.unique(tifffile.imread(path))) - 1 for path in reversed(both))
    assert entries[0].bias == pytest.approx(found / true - 1)

    (tmp_path / "recipes").mkdir()
    (tmp_path / "recipes" / "names.py").write_text(
        '# ---\n# jupyter:\n#   scopecheck: {schema: "2.0", kind: page, id: names, title: A page}\n# ---\n'
        '# %% tags=["parameters"]\nseed = 0\n'
    )
    monkeypatch.setenv("SCOPECHECK_RECIPES", str(tmp_path / "recipes"))
    call("report", "--export", "results.json")
    assert published.read("results.json").entries == entries


def test_the_committed_entry_is_what_the_tool_gives_and_the_page_shows_its_manifest(outputs):
    kept = published.read(ROOT / "submissions" / "scikit-image-watershed.json").entries
    now = judge_folder(outputs)[0].entries
    for one, other in zip(kept, now, strict=True):
        assert (one.tool, one.quantity, one.word, one.scope, one.n) == (
            other.tool,
            other.quantity,
            other.word,
            other.scope,
            other.n,
        )
        assert one.bias == pytest.approx(other.bias, abs=0.03)  # another version may cut another waist
    page = (ROOT / "book" / "submit.md").read_text(encoding="utf-8")
    shown = json.loads(re.search(r"```json\n(.*?)```", page, re.DOTALL)[1])
    made = json.loads((outputs / "manifest.json").read_text())
    assert made.keys() == shown.keys()
    assert made["dataset_sha256"] == shown["dataset_sha256"]
    assert made["measurements"]["count"] == shown["measurements"]["count"]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"dataset_sha256": "0" * 64}, "were the outputs made from other files"),
        ({"files": "../{}.tif"}, "which leaves the folder"),
        (
            {"files": "{}_labels.tif"},
            "lacks field_labels.tif; expected a label image for each",
        ),
        ({"files": "field.tif"}, "files"),
        ({"tool": ""}, "tool"),
        ({"settting": "x"}, "settting"),
        ({"measurements": {"count": {"tolerance": 0.1, "why": ""}}}, "why"),
        ({"measurements": {"counts": {"tolerance": 0.1, "why": "ten letters"}}}, "counts"),
        ({"measurements": {"count": {"tolerance": 10, "why": "ten letters"}}}, "write 0.1 for 10 %"),
        ({"dataset": "stardist-nuclei-trainings"}, "expected images with a truth"),
    ],
)
def test_what_is_wrong_with_a_manifest_is_said(outputs, fields, said):
    change(outputs, **fields)
    with pytest.raises(InputError, match=re.escape(said)):
        judge_folder(outputs)


def test_a_folder_without_a_manifest_and_one_that_is_no_json(tmp_path):
    with pytest.raises(InputError, match=r"manifest.json: cannot be read"):
        judge_folder(tmp_path)
    (tmp_path / "manifest.json").write_text("{")
    with pytest.raises(InputError, match=r"manifest.json: does not fit"):
        judge_folder(tmp_path)


def test_a_link_out_of_the_folder_is_refused(outputs, field):
    (outputs / "field.tif").unlink()
    (outputs / "field.tif").symlink_to(field / "truth.tif")
    with pytest.raises(InputError, match="leaves the folder"):
        judge_folder(outputs)


def test_samples_of_one_acquisition_count_once(outputs, monkeypatch):
    one = data.load("bbbc038-field")
    from dataclasses import replace

    fields = [replace(one, name=f"f{k}", acquisition=f"a{k // 2}") for k in range(6)]
    monkeypatch.setattr(data, "samples", lambda name: fields)
    labels = tifffile.imread(outputs / "field.tif")
    for sample in fields:
        tifffile.imwrite(outputs / f"{sample.name}.tif", labels)
    results, rows, notes = judge_folder(outputs)
    assert [(row.scope, row.n) for row in rows] == [("population", 3)] * 2
    assert any("6 samples, 3 acquisitions" in note for note in notes)
    assert results.entries[0].n == 3
