"""`scopecheck score labels`: verdicts on known objects, and every bad input with its one-line message."""

import json
import re

import numpy as np
import pytest
import tifffile
from PIL import Image


@pytest.fixture
def run(score):
    return lambda *arguments: score("labels", *arguments)


def squares(n, height=6, width=6, *, shape=(64, 200), start=2):
    """`n` separate rectangles, `start` pixels from the border: area and count are known by construction."""
    labels = np.zeros(shape, np.uint16)
    for i in range(n):
        y, x = divmod(i, 18)
        labels[start + 10 * y : start + 10 * y + height, start + 10 * x : start + 10 * x + width] = i + 1
    return labels


def write(folder, arrays, suffix=".tif", tail="", **how):
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in arrays.items():
        path = folder / f"{name}{tail}{suffix}"
        if suffix == ".npy":
            np.save(path, array)
        elif suffix == ".png":
            Image.fromarray(array).save(path)
        else:
            tifffile.imwrite(path, array, **how)
    return folder


COUNTS = (20, 24, 30, 27, 36, 22)


@pytest.fixture
def folders(tmp_path):
    """Six fields: as many predicted objects as true ones, each 7 x 6 instead of 6 x 6 pixels."""
    truth = write(tmp_path / "truth", {f"f{i}": squares(n) for i, n in enumerate(COUNTS)})
    predicted = write(tmp_path / "model", {f"f{i}": squares(n, height=7) for i, n in enumerate(COUNTS)})
    return predicted, truth


def arms(text):
    return {row["measurement"]: row for row in json.loads(text)["arms"]}


def test_folders_are_one_population_and_errors_are_exact(run, folders):
    status, out, _ = run(*folders, "--tolerance", "0.1", "--json")
    content, rows = json.loads(out), arms(out)
    assert status == 0
    assert (content["scope"], content["n"]) == ("population", 6)
    assert [rows[name]["verdict"] for name in ("count", "mean_area", "total_area")] == [
        "HOLDS",
        "FAILS",
        "FAILS",
    ]
    assert rows["count"]["bias"] == 0
    assert rows["mean_area"]["bias"] == pytest.approx(1 / 6)
    assert rows["mean_area"]["unit"] == "px^2"
    assert rows["mean_area"]["n"] == 6
    # IoU 36 / 42, Dice 72 / 78 in every object
    assert content["plausibility"] == pytest.approx({"F1@0.5": 1.0, "pixel Dice": 72 / 78})
    assert content["objects"]["true"] == content["objects"]["predicted"] == sum(COUNTS)
    assert content["files"][2]["true"]["total_area"] == 30 * 36


def thrown(n, seed, shape=(128, 128)):
    """`n` discs of radius 5 thrown at random places, apart from each other."""
    rng, labels, (y, x) = np.random.default_rng(seed), np.zeros(shape, np.uint16), np.ogrid[:128, :128]
    while labels.max() < n:
        cy, cx = rng.uniform(5, 122, 2)
        disc = (y - cy) ** 2 + (x - cx) ** 2 <= 25
        if not labels[disc].any():
            labels[disc] = labels.max() + 1
    return labels


def test_objects_thrown_at_random_never_hold(run, tmp_path):
    """8 fields of 60 discs against 8 others: count and mean area are right, and nothing was found."""
    predicted = write(tmp_path / "model", {f"f{i}": thrown(60, i) for i in range(8)})
    truth = write(tmp_path / "truth", {f"f{i}": thrown(60, 100 + i) for i in range(8)})
    status, out, _ = run(predicted, truth, "--tolerance", "0.1", "--json")
    content, rows = json.loads(out), arms(out)
    assert status == 0
    assert content["better_than_chance"] is False
    for name in ("count", "mean_area", "total_area"):
        assert abs(rows[name]["bias"]) < 0.03
        assert rows[name]["label"] == "UNDETERMINED NOT BETTER THAN CHANCE"
        assert rows[name]["reason"] == "chance"
    chance = content["chance"]
    # discs apart from each other cover 60 * 81 of 128^2 pixels: so much of every disc meets another by chance
    assert chance["pixel Dice"] == pytest.approx(60 * 81 / 128**2, abs=0.04)
    assert content["plausibility"]["F1@0.5"] == pytest.approx(chance["F1@0.5"], abs=0.05)
    assert rows["count"]["chance"]["gross error"] == pytest.approx(rows["count"]["gross_error"], abs=0.25)
    assert content["files"][0]["chance"]["F1@0.5"] == pytest.approx(chance["F1@0.5"], abs=0.05)
    _, out, _ = run(predicted, truth, "--tolerance", "0.1", "--fail-on", "UNDETERMINED")
    assert "UNDETERMINED NOT" in out
    assert "no better than the same objects at random places" in " ".join(out.split())


@pytest.mark.parametrize("bad", [9, 5, 2, 1])
def test_a_folder_does_not_hold_by_the_files_that_are_right(run, tmp_path, bad):
    """By the binomial tail at 2 % two of ten such files are too many (1.6 %), and one is not (18 %)."""
    fields = {f"f{i}": thrown(40, i) for i in range(10)}
    truth = write(tmp_path / "truth", fields)
    given = {name: thrown(40, 50 + i) if i < bad else array for i, (name, array) in enumerate(fields.items())}
    _, out, _ = run(write(tmp_path / "model", given), truth, "--tolerance", "0.1", "--json")
    content = json.loads(out)
    assert [file["better_than_chance"] for file in content["files"]] == [i >= bad for i in range(10)]
    assert content["better_than_chance"] is (bad < 2)
    labels = {row["label"] for row in arms(out).values()}
    if bad < 2:
        assert labels == {"HOLDS", "HOLDS BY CANCELLATION"}
    else:
        assert labels == {"UNDETERMINED NOT BETTER THAN CHANCE"}
    said = [note for note in content["notes"] if f"{bad} of 10 files with objects on both sides" in note]
    assert len(said) == 1
    assert "f0.tif" in said[0]
    assert said[0].startswith("Not better than chance: ") is (bad >= 2)


def test_two_files_exchanged_among_eight_do_not_hold(run, tmp_path):
    fields = [thrown(40, i) for i in range(8)]
    truth = write(tmp_path / "truth", {f"f{i}": array for i, array in enumerate(fields)})
    fields[2], fields[6] = fields[6], fields[2]
    model = write(tmp_path / "model", {f"f{i}": array for i, array in enumerate(fields)})
    _, out, _ = run(model, truth, "--tolerance", "0.1", "--json")
    assert {row["label"] for row in arms(out).values()} == {"UNDETERMINED NOT BETTER THAN CHANCE"}
    assert any("2 of 8 files" in note and "f2.tif, f6.tif" in note for note in json.loads(out)["notes"])


@pytest.mark.parametrize("by", [11, 12])
def test_objects_that_meet_their_own_by_slivers_do_not_hold(run, tmp_path, by):
    fields = {f"f{i}": np.kron(thrown(12, i), np.ones((2, 2), np.uint16)) for i in range(6)}
    truth = write(tmp_path / "truth", fields)
    model = write(tmp_path / "model", {name: np.roll(array, by, 1) for name, array in fields.items()})
    _, out, _ = run(model, truth, "--tolerance", "0.1", "--as-given", "--json")
    assert json.loads(out)["better_than_chance"] is False
    assert not [row for row in arms(out).values() if row["verdict"] == "HOLDS"]


def test_a_stack_some_planes_off_is_refused_by_name(run, tmp_path):
    true, grid = np.zeros((24, 120, 120), np.uint16), np.indices((24, 120, 120))
    rng = np.random.default_rng(6)
    while true.max() < 70:
        centre = rng.uniform(4, [15, 116, 116])
        ball = sum((a - c) ** 2 for a, c in zip(grid, centre, strict=True)) <= 12
        if not true[ball].any():
            true[ball] = true.max() + 1
    truth = write(tmp_path / "truth", {"a": true, "b": true[:, ::-1]})
    model = write(tmp_path / "model", {"a": np.roll(true, 5, 0), "b": np.roll(true[:, ::-1], 5, 0)})
    status, _, told = run(model, truth, "--tolerance", "0.1")
    assert status == 2
    assert "140 of 140 predicted objects match the truth (IoU 0.5) when shifted by z -5 px" in " ".join(
        told.split()
    )


def test_a_header_of_exactly_one_micrometre_is_doubted(run, tmp_path):
    """ImageJ and OME write 1 where nobody gave a size; the option, or pixels, settle it."""
    for size in (1.0, 0.65):
        how = {"imagej": True, "resolution": (1 / size, 1 / size), "metadata": {"unit": "um"}}
        sides = [write(tmp_path / f"{side}{size}", {"a": squares(20)}, **how) for side in "pt"]
        given = (*sides, "--tolerance", "0.1", "--json")
        notes = json.loads(run(*given)[1])["notes"]
        assert any("exactly 1 um" in note and "--unit px" in note for note in notes) is (size == 1)
        for settled in (("--unit", "px"), ("--pixel-size", f"{size}"), ("--pixel-size", "1")):
            assert not any("exactly 1 um" in note for note in json.loads(run(*given, *settled)[1])["notes"])


def test_the_same_objects_in_place_hold_and_empty_sides_are_not_asked(run, tmp_path):
    fields = {f"f{i}": thrown(n, i) for i, n in enumerate((1, 3, 10, 5, 2))}
    truth = write(tmp_path / "truth", fields)
    moved = write(tmp_path / "model", {name: np.roll(array, 1, 0) for name, array in fields.items()})
    _, out, _ = run(moved, truth, "--tolerance", "0.1", "--json")
    assert json.loads(out)["better_than_chance"] is True
    assert {row["label"] for row in arms(out).values()} == {"HOLDS"}
    nothing = write(tmp_path / "none", {name: 0 * array for name, array in fields.items()})
    _, out, _ = run(nothing, truth, "--measure", "count", "--tolerance", "0.1", "--json")
    content = json.loads(out)
    assert (content["better_than_chance"], content["chance"]) == (None, {})
    assert arms(out)["count"]["label"] == "FAILS"


@pytest.mark.parametrize(
    ("turn", "said"),
    [
        (lambda a: a.T, "transposed (y and x swapped)"),
        (lambda a: a[:, ::-1], "mirrored left to right"),
        (lambda a: np.roll(a, (40, 7), (0, 1)), "shifted by y -40, x -7 px"),
    ],
)
def test_another_frame_is_refused_by_name_and_noted_as_given(run, tmp_path, turn, said):
    """Areas and counts are right in every frame."""
    fields = {f"f{i}": thrown(40, i) for i in range(5)}
    truth = write(tmp_path / "truth", fields)
    predicted = write(tmp_path / "model", {name: turn(array) for name, array in fields.items()})
    status, out, told = run(predicted, truth, "--tolerance", "0.1")
    told = " ".join(told.split())
    assert (status, out) == (2, "")
    assert f"200 of 200 predicted objects match the truth (IoU 0.5) when {said}, and" in told
    assert "or --as-given" in told
    status, out, _ = run(predicted, truth, "--tolerance", "0.1", "--as-given", "--json")
    assert status == 0
    assert any("Another frame fits better" in note for note in json.loads(out)["notes"])


def test_a_higher_threshold_unmakes_the_matches(run, folders):
    _, out, _ = run(*folders, "--threshold", "0.9", "--json")
    assert json.loads(out)["plausibility"]["F1@0.9"] == 0.0


def test_the_reader_sees_word_scope_n_and_what_it_looks_like(run, folders):
    status, out, _ = run(
        *folders, "--tolerance", "count=0.1,mean_area=0.2", "--measure", "count,mean_area,density"
    )
    assert status == 0
    assert "● HOLDS" in out
    assert "population" in out
    assert "±20 %" in out
    assert "no verdict: no tolerance" in " ".join(out.split())
    said = " ".join(out.split())
    assert re.search(r"F1@0.5 1.00 \(chance 0.\d\d\), pixel Dice 0.92 \(chance 0.\d\d\)", said)
    # every IoU is 36 / 42
    number = r"\(chance 0.\d\d\)"
    assert re.search(
        rf"at IoU 0.5: precision 1.00 {number}, recall 1.00 {number}, mean IoU 0.86 .*PQ 0.86 {number}", said
    )
    assert re.search(r"gross error 0 % \(chance \d+ %\)", said)
    assert "one independent acquisition" in out
    assert "agrees with annotation" in " ".join(out.split())


@pytest.mark.parametrize("name", ["B0{w}_s{i}", "mouse{w}_{i}", "x_dish-{w}_{i}", "W{w:05d}--P{i:05d}"])
def test_folders_whose_names_hold_wells_are_judged_over_wells_as_tables_are(run, tmp_path, name):
    """Three wells of four fields: n, interval, word and note of the folders are those of the table."""
    rng = np.random.default_rng(0)
    true = rng.integers(18, 36, 12)
    got = true - rng.integers(0, 3, 12)
    called = [name.format(w=2 + i // 4, i=i) for i in range(12)]
    a = write(tmp_path / "a", {n: squares(k) for n, k in zip(called, got, strict=True)})
    t = write(tmp_path / "t", {n: squares(k) for n, k in zip(called, true, strict=True)})
    lines = [f"{n}.tif,{k},{m}" for n, k, m in zip(called, got, true, strict=True)]
    table = tmp_path / "a.csv"
    table.write_text("\n".join(["field,count,truth", *lines]))
    status, out, _ = run(a, t, "--tolerance", "0.1", "--measure", "count", "--json")
    content, row = json.loads(out), arms(out)["count"]
    how = ("--from", "table", "--value", "count", "--truth-value", "truth", "--tolerance", "0.1", "--json")
    listed = json.loads(run(table, *how)[1])
    other = listed["arms"][0]
    assert (status, content["n"], row["n"]) == (0, 3, 3)
    assert (row["scope"], row["verdict"]) == ("population", "UNDETERMINED")
    logs = np.log(got / true).reshape(3, 4).mean(1)
    assert row["bias"] == pytest.approx(np.expm1(logs.mean()))
    assert (row["n"], row["label"]) == (other["n"], other["label"])
    assert row["interval"] == pytest.approx(other["interval"])
    (said,) = [note for note in content["notes"] if "each counts once" in note]
    assert said in listed["notes"]
    assert any("in the files' names: 3 (12 pairs)" in note for note in content["notes"])
    status, out, _ = run(a, t, "--tolerance", "0.1", "--measure", "count", "--level", "field", "--json")
    assert (status, arms(out)["count"]["n"], json.loads(out)["n"]) == (0, 12, 12)
    assert any("fields of one are not independent of each other" in note for note in json.loads(out)["notes"])
    assert "--level: is a column of a table" in run(a, t, "--level", "well")[2]


def test_gross_errors_count_once_a_well(run, tmp_path):
    """Two fields of one well half lost, and a field each of three whole wells: 1/8 of all, not 1/5."""
    names = ["B02_1", "B02_2", "B03_1", "B04_1", "B05_1"]
    t = write(tmp_path / "t", {name: squares(20) for name in names})
    a = write(tmp_path / "a", {name: squares(10 if name < "B03" else 20) for name in names})
    _, out, _ = run(a, t, "--tolerance", "0.1", "--measure", "count", "--json")
    assert (arms(out)["count"]["n"], arms(out)["count"]["gross_error"]) == (4, pytest.approx(1 / 8))
    how = ("--scale", "absolute", "--tolerance", "count=3 objects", "--measure", "count", "--json")
    _, out, _ = run(a, t, *how)
    assert (arms(out)["count"]["n"], arms(out)["count"]["bias"]) == (4, pytest.approx(-10 / 4))


def test_one_pair_of_files_is_an_image_and_the_truths_uncertainty_is_its_interval(run, folders):
    predicted, truth = folders
    _, out, _ = run(
        predicted / "f0.tif", truth / "f0.tif", "--tolerance", "mean_area=0.1,count=0.1", "--json"
    )
    assert json.loads(out)["scope"] == "image"
    rows = arms(out)
    assert (rows["mean_area"]["verdict"], rows["mean_area"]["n"]) == ("FAILS", 1)
    assert rows["total_area"]["verdict"] is None
    assert rows["total_area"]["reason"] == "no tolerance"
    given = ("--tolerance", "0.1", "--truth-uncertainty", "mean_area=0.08,count=0.2")
    rows = arms(run(predicted / "f0.tif", truth / "f0.tif", *given, "--json")[1])
    assert (rows["mean_area"]["verdict"], rows["mean_area"]["reason"]) == ("UNDETERMINED", "truth")
    assert (rows["count"]["verdict"], rows["count"]["reason"]) == ("UNDETERMINED", "truth")
    assert rows["total_area"]["verdict"] == "FAILS"


def test_merges_that_cancel_inventions_are_marked(run, tmp_path):
    for i in range(5):
        truth = squares(20)
        predicted = truth.copy()
        predicted[predicted > 15] = 0
        predicted[52:58, 2:8], predicted[52:58, 12:18], predicted[52:58, 22:28] = 30, 31, 32
        predicted[52:58, 42:48], predicted[52:58, 52:58] = 33, 34
        write(tmp_path / "model", {f"f{i}": predicted})
        write(tmp_path / "truth", {f"f{i}": truth})
    row = arms(run(tmp_path / "model", tmp_path / "truth", "--tolerance", "0.1", "--json")[1])["count"]
    assert row["bias"] == 0
    assert row["gross_error"] == pytest.approx(10 / 20)
    assert row["label"] == "HOLDS BY CANCELLATION"


def test_short_names_stand_for_what_is_published(run, folders, tmp_path):
    grey = write(tmp_path / "grey", {f"f{i}": squares(n) for i, n in enumerate(COUNTS)})
    how = ("--measure", "count,area,intensity", "--tolerance", "area=0.2,0.1", "--image", grey, "--json")
    rows = arms(run(*folders, *how)[1])
    assert list(rows) == ["count", "mean_area", "total_intensity"]
    assert (rows["mean_area"]["tolerance"], rows["count"]["tolerance"]) == ([-0.2, 0.2], [-0.1, 0.1])
    status, _, err = run(*folders, "--measure", "volume")
    assert (status, "mean_volume: a 3D measure" in err) == (2, True)


def test_what_was_asked_is_kept_where_there_is_no_answer(run, tmp_path):
    """No objects in the truth, or all of them at the border: the tolerance given is still told."""
    edge = {"shape": (10, 180), "start": 0}
    write(
        tmp_path,
        {"none": squares(0), "none2": squares(0), "a": squares(18, **edge), "b": squares(18, **edge)},
    )
    for pair in (("none2", "none"), ("a", "b", "--border", "drop")):
        how = (*(tmp_path / f"{name}.tif" for name in pair[:2]), *pair[2:], "--tolerance", "0.1")
        row = arms(run(*how, "--truth-uncertainty", "0.02", "--json")[1])["count"]
        assert (row["verdict"], row["tolerance"], row["truth_uncertainty"]) == (None, [-0.1, 0.1], 0.02)
        assert (row["scope"], row["scale"], row["reason"][:11]) == ("image", "relative", "no ratio to")
        out = run(*how)[1]
        assert out.count("±10.0 %") == 3
        assert "Give --tolerance" not in out


def test_no_word_is_cut_in_80_columns(run, folders, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    predicted, truth = folders
    for name in ("f3", "f4", "f5"):
        (predicted / f"{name}.tif").unlink(), (truth / f"{name}.tif").unlink()
    how = ("--measure", "count,area,intensity", "--image", truth, "--tolerance", "0.2")
    table = run(predicted, truth, *how)[1].split("How it looks")[0]
    assert [table.count(word) for word in ("UNDETERMINED: ", "total_intensity", "tolerance")] == [3, 1, 1]


def test_exit_status_follows_fail_on_alone(run, folders):
    assert run(*folders, "--tolerance", "0.1")[0] == 0
    assert run(*folders, "--tolerance", "0.1", "--fail-on", "FAILS")[0] == 1
    assert run(*folders, "--tolerance", "0.1", "--fail-on", "undetermined")[0] == 0
    assert run(*folders, "--tolerance", "0.2", "--fail-on", "FAILS,UNDETERMINED")[0] == 0


def test_formats_and_tails_of_tools_meet(run, tmp_path):
    truth = write(tmp_path / "manual", {f"f{i}": squares(n) for i, n in enumerate(COUNTS)}, ".npy")
    predicted = write(
        tmp_path / "out", {f"f{i}": squares(n) for i, n in enumerate(COUNTS)}, ".png", tail="_cp_masks"
    )
    (predicted / "notes.txt").write_text("seen")
    _, out, _ = run(predicted, truth, "--json")
    content = json.loads(out)
    assert [file["name"] for file in content["files"]] == [f"f{i}" for i in range(6)]
    assert arms(out)["count"]["bias"] == 0
    assert any("notes.txt" in note for note in content["notes"])
    assert any("same in every pixel" in note for note in content["notes"])


def test_pixel_size_comes_from_the_files_or_the_option(run, tmp_path):
    about = {"axes": "YX", "PhysicalSizeX": 0.5, "PhysicalSizeXUnit": "µm"}
    about |= {"PhysicalSizeY": 0.5, "PhysicalSizeYUnit": "µm"}
    truth = write(tmp_path / "truth", {"a": squares(20)}, ".ome.tif", metadata=about)
    predicted = write(tmp_path / "model", {"a": squares(20)}, ".npy")
    row = json.loads(run(predicted, truth, "--json")[1])
    assert row["files"][0]["true"]["mean_area"] == pytest.approx(9.0)
    assert row["arms"][1]["unit"] == "um^2"
    one = json.loads(run(predicted, truth, "--pixel-size", "2", "--json")[1])
    assert one["files"][0]["true"]["mean_area"] == pytest.approx(144.0)
    two = json.loads(run(predicted, truth, "--pixel-size", "2,1", "--json")[1])
    assert two["files"][0]["predicted"]["mean_area"] == pytest.approx(72.0)
    px = json.loads(run(predicted, truth, "--unit", "px", "--json")[1])
    assert px["files"][0]["true"]["mean_area"] == pytest.approx(36.0)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("325", "If it was meant in nm, give --pixel-size 0.325."),
        ("0.000325", "If it was meant in mm, give --pixel-size 0.325."),
        ("0.325", None),
        ("0.004", None),  # electron microscopes
        ("8", None),  # a slide scanner's overview
    ],
)
def test_a_pixel_size_in_another_unit_is_noticed(run, folders, given, said):
    notes = json.loads(run(*folders, "--pixel-size", given, "--json")[1])["notes"]
    told = [note for note in notes if "--pixel-size" in note]
    assert len(told) == (said is not None)
    if said:
        assert told[0].startswith(f"--pixel-size {float(given):g}: is in um; microscopes have 0.001 to 10.")
        assert told[0].endswith(said)


def test_a_pixel_size_in_metres_is_refused_with_the_right_one(run, folders):
    status, out, err = run(*folders, "--pixel-size", "3.25e-7")
    assert (status, out) == (2, "")
    assert "If it was meant in m, give --pixel-size 0.325." in err
    assert run(*folders, "--pixel-size", "0.325")[0] == 0


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("500", "and the file's own size is 0.5 um, which is 500 nm. Was it meant in nm? Then give"),
        ("5000", "the file's own size is 0.5 um, which is 5000 A. Was it meant in A?"),
        ("0.65", "--pixel-size 0.65: the files say 0.5 um; the option was taken."),
        ("0.502", ""),
        ("0.5,0.5", ""),
    ],
)
def test_a_pixel_size_is_compared_with_that_of_the_files(run, tmp_path, given, said):
    about = {"axes": "YX", "PhysicalSizeX": 0.5, "PhysicalSizeXUnit": "µm"}
    about |= {"PhysicalSizeY": 0.5, "PhysicalSizeYUnit": "µm"}
    halves = [write(tmp_path / name, {"a": squares(20)}, ".ome.tif", metadata=about) for name in "pt"]
    notes = json.loads(run(*halves, "--pixel-size", given, "--json")[1])["notes"]
    told = [note for note in notes if "--pixel-size" in note]
    assert len(told) == bool(said)
    assert said in "".join(told)


def test_a_pixel_size_of_the_file_in_another_unit_is_noticed(run, tmp_path):
    about = {"axes": "YX", "PhysicalSizeX": 325, "PhysicalSizeXUnit": "µm"}
    about |= {"PhysicalSizeY": 325, "PhysicalSizeYUnit": "µm"}
    halves = [write(tmp_path / name, {"a": squares(20)}, ".ome.tif", metadata=about) for name in "pt"]
    notes = json.loads(run(*halves, "--json")[1])["notes"]
    assert any("pixel size 325: is in um" in note and "give --pixel-size 0.325" in note for note in notes)


def test_intensity_is_measured_on_the_image(run, folders, tmp_path):
    predicted, truth = folders
    grey = write(
        tmp_path / "grey", {f"f{i}": (squares(n) > 0) * np.uint16(50) + 10 for i, n in enumerate(COUNTS)}
    )
    how = ("--image", grey, "--tolerance", "0.1", "--json")
    rows = arms(run(predicted, truth, *how, "--grey-background", "10")[1])
    # the seventh row of each predicted object holds background alone
    assert rows["total_intensity"]["verdict"] == "HOLDS"
    assert rows["total_intensity"]["bias"] == pytest.approx(0.0)
    rows = arms(run(predicted, truth, *how, "--grey-background", "0")[1])
    assert rows["total_intensity"]["bias"] == pytest.approx(10 / 360)


def test_a_stack_is_measured_by_volume(run, tmp_path):
    stack = np.stack([squares(12)] * 5)
    write(tmp_path / "m", {"a": stack}, photometric="minisblack")
    write(tmp_path / "t", {"a": stack[:, :, :]}, ".npy")
    _, out, _ = run(tmp_path / "m", tmp_path / "t", "--pixel-size", "2,0.5,0.5", "--json")
    assert json.loads(out)["files"][0]["true"]["mean_volume"] == pytest.approx(36 * 5 * 0.5)


def test_seventy_thousand_objects(run, tmp_path):
    many = np.kron(
        np.arange(1, 70_001, dtype=np.uint32).reshape(280, 250), np.array([[1, 0], [0, 0]], np.uint32)
    )
    write(tmp_path, {"many": many, "most": np.where(many > 69_300, 0, many)})
    status, out, _ = run(tmp_path / "most.tif", tmp_path / "many.tif", "--tolerance", "count=0.02", "--json")
    assert status == 0
    assert arms(out)["count"]["bias"] == pytest.approx(-0.01)
    assert json.loads(out)["objects"]["misses"] == 700


def test_no_objects_have_an_answer_and_a_reason(run, tmp_path):
    write(tmp_path, {"none": squares(0), "some": squares(4), "none2": squares(0)})
    rows = arms(run(tmp_path / "none.tif", tmp_path / "some.tif", "--tolerance", "0.1", "--json")[1])
    assert (rows["count"]["verdict"], rows["count"]["bias"]) == ("FAILS", -1.0)
    assert rows["mean_area"]["verdict"] is None
    assert rows["mean_area"]["reason"].endswith("none.tif: no objects")
    status, out, _ = run(tmp_path / "some.tif", tmp_path / "none.tif", "--tolerance", "0.1", "--json")
    assert status == 0
    assert "no ratio to" in arms(out)["count"]["reason"]
    assert "--scale absolute or --estimand pooled" in arms(out)["count"]["reason"]
    absolute = ("--scale", "absolute", "--tolerance", "count=2 objects", "--json")
    rows = arms(run(tmp_path / "some.tif", tmp_path / "none.tif", *absolute)[1])
    assert (rows["count"]["verdict"], rows["count"]["bias"]) == ("FAILS", 4.0)
    rows = arms(run(tmp_path / "none.tif", tmp_path / "none2.tif", *absolute)[1])
    assert (rows["count"]["verdict"], rows["count"]["bias"]) == ("HOLDS", 0.0)
    status, out, _ = run(tmp_path / "none.tif", tmp_path / "none2.tif", *absolute[:-1])
    assert status == 0
    assert "F1@0.5 not defined, pixel Dice not defined" in out


def test_one_empty_field_is_pooled(run, folders):
    predicted, truth = folders
    write(truth, {"f6": squares(0)})
    write(predicted, {"f6": squares(2)})
    rows = arms(run(predicted, truth, "--estimand", "pooled", "--tolerance", "0.1", "--json")[1])
    assert rows["count"]["bias"] == pytest.approx(2 / sum(COUNTS))
    assert rows["count"]["gross_error"] == pytest.approx(2 / sum(COUNTS))
    assert rows["mean_area"]["reason"].endswith("f6.tif: no objects")


def test_labels_that_touch_the_border_only(run, tmp_path):
    write(tmp_path, {"a": squares(18, shape=(10, 180), start=0), "b": squares(18, shape=(10, 180), start=0)})
    rows = arms(
        run(tmp_path / "a.tif", tmp_path / "b.tif", "--border", "drop", "--tolerance", "0.1", "--json")[1]
    )
    assert rows["count"]["verdict"] is None
    assert "all 18 objects touch the border" in rows["count"]["reason"]
    rows = arms(run(tmp_path / "a.tif", tmp_path / "b.tif", "--tolerance", "0.1", "--json")[1])
    assert rows["count"]["verdict"] == "HOLDS"


def test_swapped_folders_are_refused_or_read_as_given(run, tmp_path):
    gt = write(tmp_path / "gt", {"a": squares(4)})
    predictions = write(tmp_path / "predictions", {"a": squares(5)})
    other = write(tmp_path / "batch", {"a": squares(5)})
    status, _, err = run(gt, predictions)
    assert status == 2
    assert "their names say the opposite; give the prediction first" in err
    _, out, _ = run(gt, predictions, "--as-given", "--json")
    assert arms(out)["count"]["bias"] == pytest.approx(-0.2)
    _, out, _ = run(gt, other, "--json")
    assert any("Read as given" in note for note in json.loads(out)["notes"])
    assert not any("Read as given" in note for note in json.loads(run(predictions, gt, "--json")[1])["notes"])


def test_a_grey_image_given_as_labels_is_refused(run, tmp_path):
    write(
        tmp_path, {"a": squares(4), "b": np.random.default_rng(0).poisson(900, (64, 200)).astype(np.uint16)}
    )
    status, _, err = run(tmp_path / "b.tif", tmp_path / "a.tif")
    assert (status, "b.tif: " in err, "in steps of one pixel, as grey levels" in err) == (2, True, True)
    _, out, _ = run(tmp_path / "b.tif", tmp_path / "a.tif", "--as-given", "--json")
    assert any("as grey levels" in note for note in json.loads(out)["notes"])


def bad_file(name, content):
    """Predicted file of the given content beside a good truth."""

    def make(folder):
        path = folder / name
        if isinstance(content, bytes):
            path.write_bytes(content)
        elif name.endswith("npy"):
            np.save(path, content, allow_pickle=True)
        else:
            tifffile.imwrite(path, content)
        return [path, *write(folder / "t", {"t": squares(4)}).glob("*")]

    return make


def two(predicted, true=None, *options, **how):
    """Two folders of these arrays by name, then options."""

    def make(folder):
        paths = [
            write(folder / "m", predicted, **how),
            write(folder / "t", true if true is not None else predicted),
        ]
        return [*paths, *options]

    return make


def same_names(folder):
    write(folder / "m", {"a": squares(3)}, ".png")
    return two({"a": squares(3)})(folder)


def same_tails(folder):
    write(folder / "m", {"a_pred": squares(3)})
    return two({"a": squares(3)}, {"a": squares(3), "b": squares(3)})(folder)


def cut(folder):
    path = folder / "cut.tif"
    tifffile.imwrite(path, squares(4))
    path.write_bytes(path.read_bytes()[:-300])
    return [path, *write(folder / "t", {"t": squares(4)}).glob("*")]


def one_path(folder):
    return [write(folder / "m", {"a": squares(3)})] * 2


def sizes_differ(folder):
    paths = []
    for name, size in (("m", 0.5), ("t", 0.6)):
        about = {"axes": "YX", "PhysicalSizeX": size, "PhysicalSizeY": size}
        paths += write(folder / name, {"a": squares(3)}, ".ome.tif", metadata=about).glob("*")
    return paths


def sizes_partly(folder):
    about = {"axes": "YX", "PhysicalSizeX": 0.5, "PhysicalSizeY": 0.5}
    for name in ("m", "t"):
        write(folder / name, {"a": squares(3)}, ".ome.tif", metadata=about)
        write(folder / name, {"b": squares(3)})
    return [folder / "m", folder / "t"]


ONE = {"a": squares(4)}
BAD = {
    "missing file": (lambda f: [f / "gone.tif", f], "gone.tif: no such file or folder, given as prediction."),
    "missing truth": (lambda f: [f, f / "gone"], "gone: no such file or folder, given as truth."),
    "truncated TIFF": (cut, "cut.tif: is cut short or damaged and cannot be read (it ends at byte"),
    "empty TIFF": (bad_file("x.tif", b""), "x.tif: is empty (0 bytes); expected an image."),
    "RGB": (
        bad_file("x.tif", np.zeros((64, 200, 3), np.uint8)),
        "x.tif: is a colour picture, shape (64, 200, 3)",
    ),
    "float labels": (
        bad_file("x.npy", squares(4) / 2),
        "x.npy: values are float64, expected whole-number labels.",
    ),
    "NaN": (bad_file("x.npy", squares(4) * np.nan), "x.npy: holds NaN; expected whole-number labels."),
    "negative": (bad_file("x.npy", -squares(4).astype(int)), "x.npy: holds the negative value -4"),
    "mask": (bad_file("x.npy", squares(4) > 0), "x.npy: a True/False mask does not tell objects apart"),
    "0 and 255": (
        bad_file("x.tif", (squares(4) > 0) * np.uint8(255)),
        "x.tif: holds 0 and 255 alone, in 4 separate pieces, so it is a mask",
    ),
    "0 and 1": (
        bad_file("x.tif", (squares(4) > 0) * np.uint8(1)),
        "x.tif: holds 0 and 1 alone, in 4 separate pieces, so it is a mask",
    ),
    "pickle": (bad_file("x.npy", np.array([{}], object)), "x.npy: holds Python objects (a pickle)"),
    "line": (bad_file("x.npy", np.arange(9)), "x.npy: has the shape (9,); expected a plane"),
    "wrong suffix": (bad_file("x.jpg", b"\xff\xd8\xff"), "x.jpg: has the suffix '.jpg'; expected .tif"),
    "other shape": (two(ONE, {"a": squares(4, shape=(64, 190))}), "predicted labels have shape (64, 200)"),
    "2D and 3D": (two({"a": np.stack([squares(4)] * 5)}, ONE), "One is 2D and the other 3D"),
    "3D measured as 2D": (
        two({"a": np.stack([squares(4)] * 5)}, None, "--measure", "mean_area"),
        "mean_area: a 2D measure, but the labels are 3D. Ask for mean_volume, or choose one plane.",
    ),
    "duplicate names": (
        same_names,
        "m: a.png and a.tif have the same name 'a'; leave the one that is meant.",
    ),
    "duplicate after tails": (same_tails, "t: 1 of 2 files (b.tif) have no prediction"),
    "no partner": (
        two(ONE | {"b": squares(2)}, ONE | {"c": squares(2)}),
        "m: 1 of 2 files (b.tif) have no truth of the same name in",
    ),
    "no image partner": (
        lambda f: [*two(ONE)(f), "--image", write(f / "i", {"b": squares(2)})],
        "m: 1 of 1 files (a.tif) have no image of the same name in",
    ),
    "empty folder": (
        lambda f: [*two({}, ONE)(f)],
        "m: is empty; expected images (.tif, .tiff, .png, .npy, .zarr).",
    ),
    "folder of other things": (
        lambda f: [f, write(f / "t", ONE)] if (f / "x.csv").write_text("1") else [],
        "holds t, x.csv; expected images",
    ),
    "file and folder": (
        lambda f: [write(f / "m", ONE) / "a.tif", write(f / "t", ONE)],
        "prediction is a file, truth is a folder; give files alone or folders alone.",
    ),
    "same path": (one_path, "m: given as prediction and as truth"),
    "no pixel size": (
        two(ONE, None, "--unit", "um"),
        "neither file gives a pixel size, so micrometres cannot be given; add --pixel-size",
    ),
    "pixel sizes differ": (
        sizes_differ,
        "their pixel sizes differ, 0.5 x 0.5 and 0.6 x 0.6 um; give --pixel-size, such as 0.6,0.6, or --unit",
    ),
    "some without pixel size": (sizes_partly, "mean_area: comes in px^2 and um^2, since not all files give"),
    "pixel size is text": (two(ONE, None, "--pixel-size", "fine"), "--pixel-size: 'fine' is not a number."),
    "pixel size is 0": (
        two(ONE, None, "--pixel-size", "0"),
        "scopecheck: --pixel-size: 0; expected positive micrometres per pixel.",
    ),
    "pixel sizes too many": (
        two(ONE, None, "--pixel-size", "1,2,3"),
        "--pixel-size: 3 given for 2D labels; expected one number, or y,x.",
    ),
    "unknown unit": (
        two(ONE, None, "--unit", "inch"),
        "scopecheck: --unit: 'inch' is not known; expected one of px, um.",
    ),
    "unknown measure": (
        two(ONE, None, "--measure", "count,beauty"),
        "scopecheck: --measure: 'beauty' is not known; expected one of count, mean_area",
    ),
    "intensity without image": (two(ONE, None, "--measure", "total_intensity"), "needs the grey image"),
    "colour image": (
        lambda f: [*two(ONE)(f), "--image", write(f / "i", {"a": np.zeros((64, 200, 3), np.uint8)})],
        "a.tif: is a colour picture",
    ),
    "NaN image": (
        lambda f: [*two(ONE)(f), "--image", write(f / "i", {"a": squares(4) * np.nan}, ".npy")],
        "a.npy: holds NaN or infinite values",
    ),
    "image of other shape": (
        lambda f: [*two(ONE)(f), "--image", write(f / "i", {"a": squares(4, shape=(64, 190))})],
        "image: shape (64, 190) differs from the labels' (64, 200)",
    ),
    "tolerance is text": (
        two(ONE, None, "--tolerance", "count=small"),
        "--tolerance: 'small' is not a number.",
    ),
    "tolerance of 0": (two(ONE, None, "--tolerance", "0"), "tolerance 0.0 must be one number above 0"),
    "tolerance twice": (two(ONE, None, "--tolerance", "0.1,0.2"), "--tolerance: all is given twice."),
    "tolerance of three ends": (two(ONE, None, "--tolerance", "1:2:3"), "has more than two ends"),
    "tolerance for nothing": (
        two(ONE, None, "--tolerance", "mean_volume=0.1"),
        "tolerance: names mean_volume; measured are count, mean_area, total_area.",
    ),
    "uncertainty of two ends": (two(ONE, None, "--truth-uncertainty", "0:1"), "expected one number."),
    "negative uncertainty": (
        two(ONE, None, "--truth-uncertainty", "-1"),
        "scopecheck: --truth-uncertainty: -1 for all; expected 0 or above, 0.02 for 2 %.",
    ),
    "uncertainty that is no number": (
        two(ONE, None, "--truth-uncertainty", "count=nan"),
        "scopecheck: --truth-uncertainty: nan for count; expected 0 or above, 0.02 for 2 %.",
    ),
    "uncertainty in per cent": (
        two(ONE, None, "--truth-uncertainty", "5"),
        "scopecheck: --truth-uncertainty: 5 means 500 %; write 0.05 for 5 %.",
    ),
    "tolerance twice by two names": (
        two(ONE, None, "--tolerance", "area=0.1,mean_area=0.2"),
        "scopecheck: --tolerance: mean_area is given twice, once as area.",
    ),
    "pixel size of nothing": (
        two(ONE, None, "--pixel-size", "1e-300", "--measure", "count,density"),
        "pixel_size: 1e-300, 1e-300 micrometres per pixel; expected 1e-06 (a picometre) to 1e+06 (a metre).",
    ),
    "threshold of 2": (two(ONE, None, "--threshold", "2"), "scopecheck: --threshold: 2 is no IoU"),
    "border rule": (
        two(ONE, None, "--border", "cut"),
        "scopecheck: --border: 'cut' is not known; expected one of keep, drop.",
    ),
    "scale": (
        two(ONE, None, "--scale", "log"),
        "--scale: 'log' is not known; expected one of relative, absolute.",
    ),
    "estimand": (two(ONE, None, "--estimand", "median"), "--estimand: 'median' is not known"),
    "fail on": (
        two(ONE, None, "--fail-on", "WORSE"),
        "--fail-on: WORSE is unknown; expected FAILS, UNDETERMINED.",
    ),
}


@pytest.mark.filterwarnings("ignore:.*stored as RGB.*:DeprecationWarning")
@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_line_and_status_2(run, tmp_path, case):
    make, message = BAD[case]
    status, out, err = run(*make(tmp_path))
    assert status == 2
    assert message in err
    assert err.startswith("scopecheck: ")
    assert err.count("\n") == 1
    assert "Traceback" not in err + out


def test_every_measure_that_can_be_asked_for_is_measured(run, tmp_path):
    """The names that --measure knows are those of measure.quantities, in planes and in stacks."""
    from scopecheck import measure
    from scopecheck.cli.labels import MEASURES

    plane, stack = squares(2), np.stack([squares(2)] * 3)
    known = {*measure.quantities(plane, plane), *measure.quantities(stack, stack)}
    assert known == set(MEASURES)
    status, _, err = run(*two(ONE, None, "--measure", "mean_aera")(tmp_path))
    assert (status, "(did you mean mean_area?)" in err) == (2, True)


def test_a_stack_needs_a_size_for_each_axis(run, tmp_path):
    stack = np.stack([squares(12)] * 5)
    for name in ("m", "t"):
        write(tmp_path / name, {"a": stack}, ".npy")
    status, _, err = run(tmp_path / "m", tmp_path / "t", "--pixel-size", "0.5")
    assert status == 2
    assert "--pixel-size: 1 given for 3D labels; expected z,y,x" in err
    assert "(" not in err.split("--pixel-size")[1]


def test_a_constant_image_is_said_so(run, tmp_path):
    write(tmp_path / "m", ONE), write(tmp_path / "t", ONE)
    grey = write(tmp_path / "i", {"a": np.full((64, 200), 9, np.uint8)})
    status, out, _ = run(tmp_path / "m", tmp_path / "t", "--image", grey, "--tolerance", "0.1", "--json")
    assert status == 0
    row = arms(out)["total_intensity"]
    assert row["verdict"] is None
    assert "constant image" in row["reason"]


def test_a_tolerance_in_per_cent_is_refused(run, folders):
    status, _, err = run(*folders, "--tolerance", "10")
    assert status == 2
    assert "--tolerance: 10 means 1000 %; write 0.1 for 10 %" in err


def test_grey_levels_without_an_image_are_refused(run, folders):
    status, _, err = run(*folders, "--saturation", "255")
    assert status == 2
    assert "--saturation: given without --image" in err


def test_the_advice_on_pixel_sizes_that_differ_works(run, tmp_path):
    paths = sizes_differ(tmp_path)
    grey = tmp_path / "grey.ome.tif"
    tifffile.imwrite(grey, squares(3), metadata={"axes": "YX", "PhysicalSizeX": 2.0, "PhysicalSizeY": 2.0})
    status, _, err = run(*paths, "--image", grey)
    assert (status, f"{paths[0]} against {paths[1]}: their pixel sizes differ" in err) == (2, True)
    way = err_way(run(*paths)[2])
    for options, unit, area in ((way, "um^2", 36 * 0.36), (["--unit", "px"], "px^2", 36)):
        row = json.loads(run(*paths, *options, "--json")[1])
        assert row["files"][0]["true"]["mean_area"] == pytest.approx(area)
        assert row["arms"][1]["unit"] == unit


def err_way(text):
    """The options that a message says to give."""
    return ["--pixel-size", text.split("give --pixel-size, such as ")[1].split(", or")[0]]


def test_the_advice_where_some_files_have_no_pixel_size_works(run, tmp_path):
    paths = sizes_partly(tmp_path)
    assert run(*paths)[0] == 2
    for options, area in ((["--pixel-size", "0.5"], 9.0), (["--unit", "px"], 36.0)):
        files = json.loads(run(*paths, *options, "--json")[1])["files"]
        assert [file["true"]["mean_area"] for file in files] == pytest.approx([area] * 2)


def test_empty_fields_are_told_in_one_note(run, tmp_path):
    for name in ("m", "t"):
        write(tmp_path / name, {f"f{k}": squares(n) for k, n in enumerate((9, 8, 7, 6, 0, 0, 0, 0))})
    out = " ".join(run(tmp_path / "m", tmp_path / "t", "--measure", "count,mean_area,density")[1].split())
    told = [note for note in out.split(" - ") if note.startswith("no objects")]
    assert told == [
        "no objects: count, mean_area, density of predicted and true in 4 of 8 files (f4, f5, f6, ...)."
    ]
    assert out.count("same in every pixel") == 1
