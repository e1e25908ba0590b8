"""`scopecheck score labels A TRUTH --against B`: both verdicts, and the paired difference of their errors."""

import json

import numpy as np
import pytest
import tifffile
from scipy import stats

TRUE = (20, 24, 28, 22, 26, 25)


@pytest.fixture
def run(score):
    return lambda *arguments: score("labels", *arguments)


def image(n):
    labels = np.zeros((40, 120), np.uint16)
    for i in range(n):
        y, x = divmod(i, 12)
        labels[2 + 10 * y : 8 + 10 * y, 2 + 10 * x : 8 + 10 * x] = i + 1
    return labels


def folder(path, counts):
    path.mkdir()
    for i, n in enumerate(counts):
        tifffile.imwrite(path / f"f{i}.tif", image(n))
    return path


@pytest.fixture
def made(tmp_path):
    """Folders of counts, the true ones times each factor and rounded."""

    def make(**factors):
        counts = {name: [round(n * factor) for n in TRUE] for name, factor in factors.items()}
        return [folder(tmp_path / name, counts[name]) for name in factors] + [
            folder(tmp_path / "truth", TRUE)
        ]

    return make


def judged(run, first, second, truth, *options):
    status, out, err = run(first, truth, "--against", second, "--measure", "count", *options, "--json")
    assert status == 0, err
    content = json.loads(out)
    both = content["arms"][0], content["against"]["arms"][0], content["difference"]["arms"][0]
    return content, both


@pytest.mark.parametrize(
    ("a", "b", "labels"),
    [
        (1.0, 0.7, ("HOLDS", "FAILS", "FAILS")),
        (1.0, 1.0, ("HOLDS", "HOLDS", "HOLDS")),
        (0.7, 0.7, ("FAILS", "FAILS", "HOLDS EQUALLY BIASED")),
        (1.13, 0.87, ("HOLDS", "HOLDS", "FAILS DIFFERENTIAL")),
    ],
)
def test_each_tool_is_judged_and_so_is_their_difference(run, made, a, b, labels):
    tolerance = "0.16" if a > 1 else "0.1"
    content, rows = judged(run, *made(a=a, b=b), "--tolerance", tolerance)
    assert tuple(row["label"] for row in rows) == labels
    assert [content["prediction"][-1], content["against"]["prediction"][-1]] == ["a", "b"]
    assert rows[2]["truth_uncertainty"] == 0  # it is the same truth


def test_the_difference_is_paired_field_by_field(run, made):
    folders = made(a=1.0, b=0.8)
    _, rows = judged(run, *folders, "--tolerance", "0.1", "--truth-uncertainty", "0.02")
    counts = np.array([[round(n * factor) for n in TRUE] for factor in (1.0, 0.8)])
    told = stats.ttest_rel(*np.log(counts)).confidence_interval(0.9)
    assert rows[2]["interval"] == pytest.approx(np.expm1([told.low, told.high]))
    assert (rows[2]["n"], rows[2]["scope"]) == (6, "population")
    _, back = judged(run, folders[1], folders[0], folders[2], "--tolerance", "0.1")
    assert 1 + back[2]["bias"] == pytest.approx(1 / (1 + rows[2]["bias"]))


def test_the_text_has_three_tables_and_says_which_is_nearer(run, made):
    a, b, truth = made(a=1.0, b=0.7)
    status, out, _ = run(a, truth, "--against", b, "--measure", "count", "--tolerance", "0.1")
    text = " ".join(out.split())
    assert status == 0
    assert f"prediction: {a} truth: {truth}" in text
    assert f"prediction: {b} truth: {truth}" in text
    assert f"{a} over {b}, field by field:" in text
    assert "HOLDS" in text
    assert "they differ by more than the tolerance" in text
    assert f"count: nearer to the truth is {a} on 6 of 6 fields, {b} on 0." in text


def test_fail_on_looks_at_both_tools_and_their_difference(run, made):
    a, b, truth = made(a=1.0, b=0.7)
    options = ("--measure", "count", "--tolerance", "0.1", "--fail-on", "FAILS")
    assert run(a, truth, *options)[0] == 0
    status, _, err = run(a, truth, "--against", b, *options)
    assert (status, "--fail-on FAILS: count, count" in err) == (1, True)


def test_one_image_is_judged_as_one(run, made):
    a, b, truth = (path / "f0.tif" for path in made(a=1.0, b=0.4))
    _, rows = judged(run, a, b, truth, "--tolerance", "0.1")
    assert [row["scope"] for row in rows] == ["image"] * 3
    assert (rows[2]["verdict"], rows[2]["bias"]) == ("FAILS", pytest.approx(20 / 8 - 1))


def test_a_measurement_that_one_tool_does_not_give_is_not_judged(run, made):
    a, b, truth = made(a=1.0, b=1.0)
    tifffile.imwrite(b / "f1.tif", image(0))
    status, out, _ = run(a, truth, "--against", b, "--measure", "mean_area", "--json", "--tolerance", "0.1")
    row = json.loads(out)["difference"]["arms"][0]
    assert (status, row["verdict"]) == (0, None)
    assert row["reason"].startswith(f"{b}: not defined for {b / 'f1.tif'}")


def test_the_same_folder_twice_and_folders_of_other_fields_are_refused(run, made):
    a, b, truth = made(a=1.0, b=1.0)
    status, _, err = run(a, truth, "--against", a)
    assert (status, "is the prediction itself; give what another tool made" in err) == (2, True)
    (b / "f3.tif").unlink()
    status, _, err = run(a, truth, "--against", b)
    assert (status, "1 of 6 files (f3.tif) have no prediction" in err) == (2, True)


def test_tools_that_measured_the_very_same_are_noted(run, made):
    content, _ = judged(run, *made(a=0.9, b=0.9))
    assert any(
        "Both tools measured the very same on 6 of 6 fields" in n for n in content["difference"]["notes"]
    )


def test_fields_of_one_well_make_one_pair(run, tmp_path):
    """Three wells of two fields: the difference is over wells, as each tool is."""
    names = [f"B0{2 + i // 2}_s{i}.tif" for i in range(6)]
    counts = {"a": (20, 22, 28, 21, 26, 24), "b": (18, 22, 25, 20, 23, 25), "truth": TRUE}
    for side, numbers in counts.items():
        (tmp_path / side).mkdir()
        for name, n in zip(names, numbers, strict=True):
            tifffile.imwrite(tmp_path / side / name, image(n))
    content, rows = judged(run, *(tmp_path / side for side in counts), "--tolerance", "0.1")
    assert [row["n"] for row in rows] == [3, 3, 3]
    assert rows[2]["verdict"] != "HOLDS"  # three are too few
    logs = (np.log(counts["a"]) - np.log(counts["b"])).reshape(3, 2).mean(1)
    half = stats.t.ppf(0.95, 2) * logs.std(ddof=1) / np.sqrt(3)
    expected = np.expm1(np.array([logs.mean(), logs.mean() - half, logs.mean() + half]))
    assert [rows[2]["bias"], *rows[2]["interval"]] == pytest.approx(list(expected))
    assert any("the fields' names hold 3 wells" in note for note in content["notes"])
    _, rows = judged(run, *(tmp_path / side for side in counts), "--tolerance", "0.1", "--level", "field")
    assert [row["n"] for row in rows] == [6, 6, 6]
