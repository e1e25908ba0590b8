"""How `score labels` pairs files: guesses that are told, advice that works, --pair by pattern or table."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import tifffile

from scopecheck.errors import InputError
from scopecheck.score.pair_given import keys, patterns
from scopecheck.score.pairs import pair_up

COUNTS = {0: 3, 1: 5, 2: 4, 10: 7, 20: 2, 100: 6}


@pytest.fixture
def run(score):
    return lambda *arguments: score("labels", *arguments)


def field(count, extra=0):
    """`count` separate squares of 16 px, each `extra` rows higher: the count tells the field."""
    labels = np.zeros((40, 80), np.uint16)
    for i in range(count):
        y, x = divmod(i, 8)
        labels[1 + 10 * y : 5 + 10 * y + extra, 1 + 10 * x : 5 + 10 * x] = i + 1
    return labels


def folder(path, form, numbers=COUNTS, made=field):
    path.mkdir(parents=True, exist_ok=True)
    for k in numbers:
        name = form.format(k)
        if name.endswith(".npy"):
            np.save(path / name, made(COUNTS[k]))
        else:
            tifffile.imwrite(path / name, made(COUNTS[k]))
    return path


def judged(run, *arguments):
    """The counts of each pair, true against predicted, of a call that must succeed."""
    status, out, err = run(*arguments, "--json")
    assert status == 0, err
    content = json.loads(out)
    assert all(file["true"]["count"] == file["predicted"]["count"] for file in content["files"])
    return content


def advice(text):
    """The pattern that a message says to give."""
    return re.search(r"--pair '([^']+)'", text)[1]


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        ("{:03d}_img_cp_masks.tif", "{:03d}_masks.tif"),
        ("mask{:03d}.tif", "man_seg{:03d}.tif"),
        ("LblImg_f{:d}.tif", "f{:d}.tif"),
        ("f{:d}_pred_labels.tif", "f{:d}_ground_truth.npy"),
        ("img{:d}.tif", "img{:04d}.tif"),
        ("anything_w{:d}_net.tif", "w{:d}.tif"),
    ],
)
def test_names_that_tools_write_pair_and_the_pairs_are_told(run, tmp_path, mine, theirs):
    content = judged(run, folder(tmp_path / "m", mine), folder(tmp_path / "t", theirs))
    assert content["n"] == len(COUNTS)
    (told,) = [note for note in content["notes"] if " pairs by " in note]
    assert all(f"{mine.format(k)} with {theirs.format(k)}" in told for k in COUNTS)


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        ("frank_{:d}.tif", "anna_{:d}.tif"),
        ("exp1_{:d}.tif", "exp2_{:d}.tif"),
        ("wellA_{:d}_a.tif", "wellB_{:d}_b.tif"),
        ("a{:d}x.npy", "b{:d}y.tif"),
    ],
)
def test_what_cannot_be_told_is_refused_with_a_pattern_that_works(run, tmp_path, mine, theirs):
    paths = folder(tmp_path / "m", mine), folder(tmp_path / "t", theirs)
    status, _, err = run(*paths)
    assert (status, "6 of 6 files" in err) == (2, True)
    content = judged(run, *paths, "--pair", advice(err))
    assert content["n"] == 6
    assert any(f"6 pairs by --pair '{advice(err)}'" in note for note in content["notes"])


def test_img1_never_meets_img10(run, tmp_path):
    paths = folder(tmp_path / "m", "img{:d}.tif", (1, 2)), folder(tmp_path / "t", "img{:d}.tif", (10, 20))
    status, _, err = run(*paths)
    assert (status, "2 of 2 files (img1.tif, img2.tif) have no truth" in err) == (2, True)
    for pattern in ("img{}*.tif=img{}*.tif", "img{}.tif=img{}0.tif", "*={}"):
        status, _, err = run(*paths, "--pair", pattern)
        assert status == 2
        assert "finds no part that the names share" in err or "fits none of the" in err


def table(path, *lines):
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_advice_to_write_a_table_works(run, tmp_path):
    """One prediction has no truth: the line that the message shows judges the rest."""
    paths = (
        folder(tmp_path / "m", "f{:d}_x.tif", (0, 1, 2)),
        folder(tmp_path / "t", "f{:d}_y.tif", (0, 1, 10)),
    )
    status, _, err = run(*paths)
    assert status == 2
    heading, line = re.search(
        r"table: (\S+) as the first line of a text file, then (\S+) and so on", err
    ).groups()
    content = judged(run, *paths, "--pair", table(tmp_path / "pairs.csv", heading, line, "f1_x.tif,f1_y.tif"))
    assert content["n"] == 2
    assert any("2 pairs as" in note and "f1_x.tif with f1_y.tif" in note for note in content["notes"])


@pytest.mark.parametrize(
    "lines", [("a0.tif;b1.tif", "a1.tif;b0.tif"), ("truth\tprediction", "b1.tif\ta0.tif")]
)
def test_tables_with_other_commas_and_no_headings(run, tmp_path, lines):
    mine, truth = folder(tmp_path / "m", "a{:d}.tif", (0, 1)), folder(tmp_path / "t", "b{:d}.tif", (0, 1))
    rows = [one for one in lines if "truth" not in one]
    content = json.loads(run(mine, truth, "--pair", table(tmp_path / "p.csv", *lines), "--json")[1])
    assert content["n"] == len(rows)
    assert content["files"][0]["prediction"].endswith("a0.tif")
    assert content["files"][0]["truth"].endswith("b1.tif")


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (("prediction,truth",), "holds no row"),
        (("prediction,image", "a0.tif,b0.tif"), "has no column truth"),
        (("a0.tif",), "line 1 has 1 columns; expected 2: prediction,truth"),
        (("a0.tif,gone.tif",), "line 1 names 'gone.tif', which is neither in"),
        (("a0.tif,b0.tif", "a0.tif,b1.tif"), "line 2 names"),
        (("a0.tif,",), "line 1 names 'nothing'"),
    ],
)
def test_a_wrong_table_is_told_by_its_line(run, tmp_path, lines, message):
    paths = folder(tmp_path / "m", "a{:d}.tif", (0, 1)), folder(tmp_path / "t", "b{:d}.tif", (0, 1))
    status, _, err = run(*paths, "--pair", table(tmp_path / "p.csv", *lines))
    assert (status, message in err) == (2, True)


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("{}_a.tif", "cannot be read as a table"),
        ("pairs.csv", "cannot be read as a table"),
        ("{}={}={}={}", "has 4 patterns; expected one for each of prediction, truth"),
        ("{}_{}.tif={}.tif", "need the same number of {}"),
        ("a.tif={}.tif", "need the same number of {}"),
        ("{}_c.tif={}.tif", "fits none of the 2 files of"),
        ("a{}=c{}", "fits none of the 2 files of"),
        ("a{}.tif=*.tif", "finds no part that the names share (prediction: 0, 1; truth: b0, b1)"),
    ],
)
def test_a_wrong_pattern_is_told(run, tmp_path, pattern, message):
    paths = folder(tmp_path / "m", "a{:d}.tif", (0, 1)), folder(tmp_path / "t", "b{:d}.tif", (0, 1))
    status, _, err = run(*paths, "--pair", pattern)
    assert (status, err.count("\n")) == (2, 1)
    assert message in err


def test_patterns_say_what_is_shared_and_what_is_not(run, tmp_path):
    mine, truth = folder(tmp_path / "m", "run7_{:d}_x9.tif"), folder(tmp_path / "t", "{:03d} by Anna.npy")
    for pattern in (
        "run7_{}_x9.tif={} by Anna.npy",
        "*_{}_*={} by *",
        "run7_{}_x9={} by Anna",
        "run7_*_x9=* by Anna",
    ):
        assert judged(run, mine, truth, "--pair", pattern)["n"] == 6
    status, _, err = run(mine, truth, "--pair", "*_{}_*={} by *=x")
    assert (status, "has 3 patterns" in err) == (2, True)


def test_a_truth_without_a_prediction_is_refused_and_a_prediction_without_a_truth_is_left_out(run, tmp_path):
    """As the sparse truths of the Cell Tracking Challenge."""
    mine, truth = (
        folder(tmp_path / "RES", "mask{:03d}.tif"),
        folder(tmp_path / "SEG", "man_seg{:03d}.tif", (1, 10)),
    )
    status, _, err = run(mine, truth)
    assert (
        status,
        "RES: 4 of 6 files (mask000.tif, mask002.tif, mask020.tif, ...) have no truth" in err,
    ) == (2, True)
    content = judged(run, mine, truth, "--pair", advice(err))
    assert content["n"] == 2
    assert any("RES: left out 4 without a truth (mask000.tif" in note for note in content["notes"])
    (mine / "mask010.tif").unlink()
    status, _, err = run(mine, truth, "--pair", "mask{}=man_seg{}")
    assert (status, "1 of 2 truths (man_seg010.tif) have no prediction by --pair" in err) == (2, True)


def test_two_masks_of_each_field_are_refused_with_a_pattern_that_takes_one(run, tmp_path):
    mine = folder(folder(tmp_path / "m", "f{:d}_nuclei_mask.tif"), "f{:d}_cells_mask.tif")
    truth = folder(tmp_path / "t", "f{:d}.tif")
    status, _, err = run(mine, truth)
    assert (status, advice(err)) == (2, "{}_cells_mask.tif={}.tif")
    content = judged(run, mine, truth, "--pair", advice(err))
    assert content["n"] == 6
    assert any(
        "m: left out 6 that the pattern does not fit (f0_nuclei_mask" in note for note in content["notes"]
    )


def test_one_folder_may_hold_both(run, tmp_path):
    folder(tmp_path, "f{:d}_pred.tif"), folder(tmp_path, "f{:d}_gt.tif")
    status, _, err = run(tmp_path, tmp_path)
    assert (status, "If one folder holds both, tell them apart with --pair" in err) == (2, True)
    assert judged(run, tmp_path, tmp_path, "--pair", "{}_pred.tif={}_gt.tif")["n"] == 6


def test_a_folder_for_each_field(run, tmp_path):
    for k, count in COUNTS.items():
        for name in ("pred.tif", "gt.tif"):
            (tmp_path / f"field{k}").mkdir(exist_ok=True)
            tifffile.imwrite(tmp_path / f"field{k}" / name, field(count))
    content = judged(run, tmp_path, tmp_path, "--pair", "{}/pred.tif={}/gt.tif")
    assert [file["name"] for file in content["files"]] == sorted(f"field{k}" for k in COUNTS)


def cellpose_folder(path):
    """What Cellpose leaves beside its images, as its save_masks and masks_flows_to_seg name and hold it."""
    folder(path, "{:03d}_img.tif", made=lambda n: field(n) * 9 + 100)
    folder(path, "{:03d}_img_cp_masks.tif")
    folder(path, "{:03d}_img_outlines_cp_masks.tif", made=lambda n: (field(n) > 0).astype(np.uint8))
    folder(path, "{:03d}_img_flows_cp_masks.tif", made=lambda n: np.zeros((40, 80, 3), np.uint8))
    folder(path, "{:03d}_img_dP_cp_masks.tif", made=lambda n: np.zeros((2, 40, 80), np.float32))
    for k, count in COUNTS.items():
        held = {"masks": field(count), "outlines": field(count), "filename": "x", "diameter": np.float32(8)}
        held |= {
            "flows": [np.zeros((1, 40, 80), np.uint8), []],
            "chan_choose": [0, 0],
            "ismanual": np.zeros(3, bool),
        }
        np.save(path / f"{k:03d}_img_seg.npy", held, allow_pickle=True)
        (path / f"{k:03d}_img_cp_outlines.txt").write_text("1,1\n")
    return path


def test_a_cellpose_folder_as_it_is(run, tmp_path):
    mine = cellpose_folder(tmp_path / "cellpose")
    for form in ("{:03d}_masks.tif", "{:03d}_img_masks.tif", "{:03d}_img.tif", "{:03d}.npy"):
        content = judged(run, mine, folder(tmp_path / form[5:-4], form))
        assert {file["prediction"][-12:] for file in content["files"]} == {"cp_masks.tif"}
        notes = " ".join(content["notes"])
        assert "of files of several kinds 6 are taken (000_img_cp_masks.tif" in notes
        assert "and 30 left out (000_img.tif" in notes


def test_cellpose_folders_on_either_side(run, tmp_path):
    """Also as truth, on both sides, and beside predictions that are named like the images."""
    mine, other = cellpose_folder(tmp_path / "cellpose"), cellpose_folder(tmp_path / "again")
    for form in ("{:03d}_masks.tif", "{:03d}_img.tif", "{:03d}_img_cp_masks.tif"):
        content = judged(run, folder(tmp_path / form[5:-4], form), mine)
        assert {file["truth"][-12:] for file in content["files"]} == {"cp_masks.tif"}
    for image in ("", "005_img.tif"):  # which Cellpose found nothing in
        if image:
            for path in (mine, other):
                tifffile.imwrite(path / image, field(3) * 9 + 100)
        content = judged(run, mine, other)
        assert content["n"] == 6
        sides = {file[side][-12:] for file in content["files"] for side in ("prediction", "truth")}
        assert sides == {"cp_masks.tif"}


def test_one_odd_name_does_not_leave_the_others_out(run, tmp_path):
    for name in "mt":
        tifffile.imwrite(folder(tmp_path / name, "f{:d}.tif") / "f1_mask.tif", field(9))
    assert judged(run, tmp_path / "m", tmp_path / "t")["n"] == 7


@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize(
    ("form", "numbers"),
    [
        ("{:03d}_masks.tif", (0, 1, 2)),
        ("{:03d}_masks.tif", (1, 2, 20)),
        ("anna{:03d}_masks.tif", tuple(COUNTS)),
        ("{:03d}_img.tif", (2, 10)),
    ],
)
def test_advice_takes_the_masks_of_a_cellpose_folder(run, tmp_path, form, numbers, swapped):
    """Followed to the letter it pairs masks of one field, on whichever side the folder is."""
    paths = [cellpose_folder(tmp_path / "cellpose"), folder(tmp_path / "other", form, numbers)]
    (paths[0] / "000_img_cp_masks.tif").unlink()
    paths = paths[::-1] if swapped else paths
    status, _, err = run(*paths)
    assert status == 2
    if "--pair '" in err:
        pairs = advice(err)
    else:
        lines = re.search(r"table: (\S+) as the first line of a text file, then (\S+) and so on", err)
        pairs = table(tmp_path / "pairs.csv", *lines.groups())
    content = judged(run, *paths, "--pair", pairs)
    side = "truth" if swapped else "prediction"
    assert {file[side][-12:] for file in content["files"]} == {"cp_masks.tif"}


def test_a_training_folder_of_images_and_masks_is_a_truth_and_gives_the_images(run, tmp_path):
    mine = cellpose_folder(tmp_path / "cellpose")
    truth = folder(
        folder(tmp_path / "train", "{:03d}_img.tif", made=lambda n: field(n) + 9), "{:03d}_masks.tif"
    )
    content = judged(run, mine, truth, "--image", truth)
    assert {file["truth"][-9:] for file in content["files"]} == {"masks.tif"}
    # each object's 16 pixels of grey level n + 9 over a background of 9
    assert content["files"][0]["true"]["total_intensity"] == sum(16 * n for n in (1, 2, 3))


def test_masks_that_cellpose_kept_in_seg_npy_are_read(run, tmp_path):
    mine = cellpose_folder(tmp_path / "cellpose")
    for path in mine.iterdir():
        if not path.name.endswith("_seg.npy"):
            path.unlink()
    assert judged(run, mine, folder(tmp_path / "t", "{:03d}_masks.tif"))["n"] == 6


def test_a_pair_of_sets_or_files_with_names_that_do_not_matter(tmp_path):
    folder(tmp_path, "x{:d}.tif", (0, 1))
    pairs, notes = pair_up(tmp_path / "x0.tif", tmp_path / "x1.tif")
    assert ([(pair.predicted.name, pair.true.name) for pair in pairs], notes) == ([("x0.tif", "x1.tif")], [])
    with pytest.raises(InputError, match="--pair: is for folders"):
        pair_up(tmp_path / "x0.tif", tmp_path / "x1.tif", pair="{}={}")


def test_whole_decimal_labels_are_told_once(run, tmp_path):
    mine = folder(tmp_path / "m", "f{:d}.tif", made=lambda n: field(n).astype(np.float32))
    content = judged(run, mine, folder(tmp_path / "t", "f{:d}.tif"))
    (note,) = [note for note in content["notes"] if "float32" in note]
    assert note.endswith("(6 files): labels are float32, all of them whole, and are taken as whole numbers.")


@pytest.mark.parametrize(
    ("pattern", "name", "key"),
    [
        ("{}_pred.tif", "a_1_pred.tif", (("a_", 1),)),
        ("img{}.tif", "img010.tif", ((10,),)),
        ("img1{}.tif", "img10.tif", None),
        ("{}*.tif", "10.tif", ((10,),)),
        ("*{}.tif", "10.tif", ((10,),)),
        ("{}x{}.tif", "3x04.tif", ((3,), (4,))),
        ("a.c{}", "abc1", None),
        ("{}[1].tif", "f[1].tif", (("f",),)),
        ("{}.tif", "a/b.tif", None),
    ],
)
def test_a_pattern_takes_whole_numbers_and_is_else_literal(pattern, name, key):
    made = patterns(f"{pattern}={pattern}", ["prediction", "truth"])["prediction"]
    assert keys(made, [(name,)]).get((name,)) == key


@pytest.mark.parametrize(
    "pattern", ["run7_{}_net.tif={}_anna.tif", "{}_pred.tif={}_gt.tif", "{}/pred.tif={}/gt.tif"]
)
def test_the_patterns_of_the_book_work(run, tmp_path, pattern):
    assert pattern in (Path(__file__).parents[2] / "book" / "own-images.md").read_text(encoding="utf-8")
    for k, count in COUNTS.items():
        for name in pattern.split("="):
            path = tmp_path / name.replace("{}", str(k))
            path.parent.mkdir(exist_ok=True)
            tifffile.imwrite(path, field(count))
    assert judged(run, tmp_path, tmp_path, "--pair", pattern)["n"] == 6


def test_grey_images_take_a_third_pattern_or_column_or_pair_by_name(run, tmp_path):
    mine, truth = folder(tmp_path / "m", "frank{:d}.tif"), folder(tmp_path / "t", "anna{:d}_gt.tif")
    grey = folder(tmp_path / "i", "raw{:d}x.tif", made=lambda n: np.full((40, 80), n, np.uint8))
    named = folder(tmp_path / "j", "anna{:d}.tif", made=lambda n: np.full((40, 80), n, np.uint8))
    rows = ["image,truth,prediction", *(f"raw{k}x.tif,anna{k}_gt.tif,frank{k}.tif" for k in COUNTS)]
    ways = {
        "frank{}=anna{}_gt=raw{}x": grey,
        "frank{}=anna{}_gt": named,
        str(table(tmp_path / "p.csv", *rows)): grey,
    }
    for pairing, images in ways.items():
        how = (
            "--image",
            images,
            "--pair",
            pairing,
            "--measure",
            "mean_intensity,count",
            "--grey-background",
            "0",
        )
        content = judged(run, mine, truth, *how)
        assert all(file["true"]["mean_intensity"] == file["true"]["count"] for file in content["files"])
    status, _, err = run(mine, truth, "--image", grey, "--pair", "frank{}=anna{}_gt")
    assert (status, "give --pair a third pattern, 'PREDICTION=TRUTH=IMAGE'" in err) == (2, True)
    (grey / "raw10x.tif").unlink()
    status, _, err = run(mine, truth, "--image", grey, "--pair", "frank{}=anna{}_gt=raw{}x")
    assert (status, "1 of 6 truths (anna10_gt.tif) have no prediction or no image by" in err) == (2, True)
