"""What `scopecheck score` prints on narrow terminals: every word whole."""

import re

import mrcfile
import numpy as np
import pytest
import tifffile

from scopecheck.cli.labels import MEASURES

REASONED = ("UNDETERMINED", "HOLDS", "FAILS")


def words(text):
    return set(re.findall(r"[A-Za-z_]{3,}", text))


def fields(folder, heights):
    folder.mkdir()
    for k, height in enumerate(heights):
        labels = np.zeros((60, 120), np.uint16)
        for i in range(20 + k):
            y, x = divmod(i, 10)
            labels[1 + 12 * y : 1 + 12 * y + height, 1 + 12 * x : 8 + 12 * x] = i + 1
        tifffile.imwrite(folder / f"f{k}.tif", labels)
    return folder


@pytest.fixture
def label_call(tmp_path):
    mine, truth = fields(tmp_path / "m", (7, 9, 5, 8, 6)), fields(tmp_path / "t", (7, 7, 7, 7, 7))
    measures = ",".join(name for name in MEASURES if "volume" not in name)
    return [
        "labels",
        mine,
        truth,
        "--image",
        truth,
        "--tolerance",
        "0.1",
        "--measure",
        measures,
        "--pixel-size",
        "2",
    ]


@pytest.fixture
def picks_call(tmp_path):
    rng = np.random.default_rng(3)
    for side in ("picks", "truth"):
        (tmp_path / side).mkdir()
    for k in range(5):
        true = (
            rng.permutation(np.stack(np.meshgrid(np.arange(9), np.arange(9)), -1).reshape(-1, 2))[:40] * 200
            + 100
        )
        np.savetxt(tmp_path / "truth" / f"m{k}.csv", true, "%.1f", ",", header="x,y", comments="")
        found = true[: 30 + 2 * k] + rng.normal(0, 3, (30 + 2 * k, 2))
        np.savetxt(tmp_path / "picks" / f"m{k}.csv", found, "%.1f", ",", header="x,y", comments="")
    return ["picks", tmp_path / "picks", tmp_path / "truth", "--diameter", "100", "--tolerance", "0.1"]


@pytest.fixture
def fsc_call(tmp_path):
    rng = np.random.default_rng(5)
    shared = np.zeros((32, 32, 32), np.float32)
    shared[10:22, 12:20, 9:23] = 3
    for k in (1, 2):
        with mrcfile.new(tmp_path / f"h{k}.mrc") as file:
            file.set_data((shared + rng.normal(size=shared.shape)).astype(np.float32))
            file.voxel_size = 1.5
    return ["fsc", tmp_path / "h1.mrc", tmp_path / "h2.mrc", "--claimed", "4", "--tolerance", "0.1"]


@pytest.mark.parametrize("columns", [40, 60, 80, 100])
@pytest.mark.parametrize("command", ["label_call", "picks_call", "fsc_call"])
def test_no_word_is_cut(score, request, monkeypatch, command, columns):
    arguments = request.getfixturevalue(command)
    monkeypatch.setenv("COLUMNS", "400")
    status, wide, err = score(*arguments)
    assert status == 0, err
    monkeypatch.setenv("COLUMNS", str(columns))
    _, narrow, _ = score(*arguments)
    assert "…" not in narrow
    paths = words(" ".join(map(str, arguments)))  # a path may be longer than a line
    assert words(wide) - paths - {"measurement"} <= words(narrow)  # the heading of names alone
    assert max(map(len, narrow.splitlines())) <= columns


def test_the_words_are_there_to_be_cut(score, label_call, picks_call, monkeypatch):
    """The longest: a reason after UNDETERMINED, and the names of all measures."""
    monkeypatch.setenv("COLUMNS", "60")
    out = score(*label_call)[1]
    assert "UNDETERMINED" in out
    assert "total_intensity" in out
    assert "area_fraction: verdict" in out  # a paragraph for each measurement
    assert "junk_fraction" in score(*picks_call)[1]


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_help_names_every_measure(score, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    out = score("labels", "--help")[1]
    assert set(MEASURES) <= words(out)
    assert "…" not in out


@pytest.mark.parametrize("columns", [80, 120])
@pytest.mark.parametrize("command", ["labels", "picks", "fsc"])
def test_help_cuts_no_word(score, monkeypatch, command, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    assert "…" not in score(command, "--help")[1]
