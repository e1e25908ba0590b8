"""Children per parent: planted families, and held against a count by hand of every pixel."""

import json

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st

from scopecheck.score.children import MEASURE, family


@given(st.integers(0, 10**6))
@settings(max_examples=60, deadline=None)
def test_each_child_goes_to_the_parent_that_holds_most_of_it(seed):
    rng = np.random.default_rng(seed)
    parents, children = (np.kron(rng.integers(0, 5, (6, 6)), np.ones((k, k), int))[:12, :12] for k in (4, 2))
    children[rng.random(children.shape) < 0.3] = 0
    counts = dict.fromkeys(np.unique(parents[parents > 0]).tolist(), 0)
    orphans = 0
    for child in np.unique(children[children > 0]):
        under = parents[children == child]
        under = under[under > 0]
        if not under.size:
            orphans += 1
            continue
        held = np.bincount(under)
        counts[int(held.argmax())] += 1  # of equal ones the first
    found = family(parents, children)
    assert found.children.tolist() == list(counts.values())
    assert found.orphans == orphans


def field(numbers, extra=0):
    """Cells of 20 x 20 pixels in a row, with as many spots as told; `extra` spots beside them."""
    cells, spots = np.zeros((2, 40, 24 * len(numbers)), np.uint16)
    last = 0
    for i, n in enumerate(numbers):
        cells[2:22, 24 * i + 2 : 24 * i + 22] = i + 1
        for k in range(n):
            last += 1
            y, x = 4 + 4 * (k // 4), 24 * i + 4 + 4 * (k % 4)
            spots[y : y + 2, x : x + 2] = last
    for k in range(extra):
        spots[30:32, 5 + 5 * k : 7 + 5 * k] = last + k + 1
    return cells, spots


@pytest.fixture
def study(tmp_path):
    """Six fields; the tool finds three spots in four."""
    rng = np.random.default_rng(0)
    for folder in ("cells", "true_cells", "spots", "true_spots"):
        (tmp_path / folder).mkdir()
    for i in range(6):
        true = rng.integers(0, 4, 8) * 4
        for cells, spots, extra, numbers in (
            ("cells", "spots", 2, true * 3 // 4),
            ("true_cells", "true_spots", 0, true),
        ):
            made = field(numbers, extra)
            tifffile.imwrite(tmp_path / cells / f"f{i}.tif", made[0])
            tifffile.imwrite(tmp_path / spots / f"f{i}_spots.tif", made[1])
    return [tmp_path / name for name in ("cells", "true_cells")], [
        "--children",
        tmp_path / "spots",
        "--truth-children",
        tmp_path / "true_spots",
    ]


def test_a_planted_loss_of_spots_is_the_bias_and_what_lies_beside_cells_is_told(score, study):
    parents, given = study
    status, out, err = score("labels", *parents, *given, "--tolerance", "0.1", "--json")
    assert (status, err) == (0, "")
    content = json.loads(out)
    rows = {row["measurement"]: row for row in content["arms"]}
    assert rows["count"]["verdict"] == "HOLDS"
    assert rows[MEASURE]["bias"] == pytest.approx(-0.25)
    assert (rows[MEASURE]["verdict"], rows[MEASURE]["unit"]) == ("FAILS", "children a parent")
    notes = " ".join(content["notes"])
    assert "f0_spots.tif: 2 of" in notes
    assert "children lie in no parent" in notes
    assert "(chance 0." in notes


def test_spots_at_other_places_are_not_HOLDS(score, study, tmp_path):
    parents, given = study
    for path in given[1].iterdir():
        spots = tifffile.imread(given[3] / path.name)
        tifffile.imwrite(path, np.roll(spots, (3, 3), (0, 1)))
    status, out, _ = score("labels", *parents, *given, "--tolerance", "0.1", "--json")
    row = next(row for row in json.loads(out)["arms"] if row["measurement"] == MEASURE)
    assert status == 0
    assert row["verdict"] != "HOLDS"
    assert "NOT BETTER THAN CHANCE" in row["label"]


def test_bad_children_are_one_line(score, study, tmp_path):
    parents, given = study
    (tmp_path / "empty").mkdir()
    short = tmp_path / "short"
    short.mkdir()
    tifffile.imwrite(short / "f0_spots.tif", np.zeros((5, 5), np.uint16))
    for options, said in (
        (given[:2], "give --truth-children, too"),
        ([*given, "--border", "drop"], "is made for --border keep"),
        (["--children", tmp_path / "no", *given[2:]], "no such file or folder, given as children"),
        (["--children", short, *given[2:]], "no file of children for 6 of 6 files of parents"),
        (["--children", tmp_path / "empty", *given[2:]], "is empty; expected images"),
    ):
        status, out, err = score("labels", *parents, *options)
        assert (status, out, err.count("\n")) == (2, "", 1)
        assert said in err
    one = [folder / "f0.tif" for folder in parents]
    status, _, err = score(
        "labels", *one, "--children", short / "f0_spots.tif", "--truth-children", given[3] / "f0_spots.tif"
    )
    assert status == 2
    assert "children have the shape (5, 5) and parents (40, 192)" in err
