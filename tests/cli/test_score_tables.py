"""`scopecheck score labels --from table`: numbers per field as programs write them, and every bad table."""

import json
import os
from itertools import permutations

import numpy as np
import pytest
from scipy import stats

from scopecheck.score.field_numbers import ERROR, LOOKS, against_exchange

N = 12


@pytest.fixture
def run(score):
    return lambda *arguments: score("labels", *arguments, "--from", "table")


def numbers(seed=0, factor=1.0, n=N):
    rng = np.random.default_rng(seed)
    true = rng.integers(20, 140, n)
    return np.round(factor * true * rng.uniform(0.97, 1.03, n)).astype(int), true


def table(path, heads, rows, sep=","):
    lines = [sep.join(map(str, row)) for row in [heads, *rows]]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def pair(tmp_path, got, true, head="count", true_head="count"):
    mine = table(tmp_path / "tool.csv", ("field", head), [(f"f{i}", x) for i, x in enumerate(got)])
    return mine, table(
        tmp_path / "truth.csv", ("field", true_head), [(f"f{i}", x) for i, x in enumerate(true)]
    )


def judged(run, *arguments):
    status, out, err = run(*arguments, "--json")
    assert (status, err) == (0, ""), err
    content = json.loads(out)
    return content, content["arms"][0]


def refused(run, *arguments):
    status, out, err = run(*arguments)
    assert (status, out) == (2, "")
    assert err.startswith("scopecheck: ")
    assert err.count("\n") == 1
    return err


def test_the_verdict_is_that_of_a_t_interval_on_log_ratios(run, tmp_path):
    for factor, word in ((1, "HOLDS"), (0.8, "FAILS")):
        got, true = numbers(factor=factor)
        content, row = judged(run, *pair(tmp_path, got, true), "--tolerance", "0.1")
        told = stats.ttest_1samp(np.log(got / true), 0).confidence_interval(0.9)
        assert row["interval"] == pytest.approx(np.expm1([told.low, told.high]))
        assert (row["verdict"], row["scope"], row["n"]) == (word, "population", N)
        assert content["better_than_chance"] is True
        assert content["scores"][ERROR] == pytest.approx(np.abs(got / true - 1).mean())
        assert content["chance"][ERROR] > 0.3
        assert content["scores"][LOOKS] == pytest.approx(stats.pearsonr(got, true)[0])
    status, out, _ = run(*pair(tmp_path, got, true), "--tolerance", "0.1", "--fail-on", "FAILS")
    assert status == 1
    assert "the truths exchanged between fields" in " ".join(out.split())


def test_chance_is_every_order_of_a_few_fields():
    got, true = numbers(n=5)
    scores, chance, better, p = against_exchange(got, true, relative=True)
    orders = [np.abs(got / true[list(order)] - 1).mean() for order in permutations(range(5))]
    assert chance[ERROR] == pytest.approx(np.mean(orders))
    assert p == pytest.approx(np.mean(np.array(orders) <= scores[ERROR] + 1e-12))
    assert better
    assert against_exchange(got[:3], true[:3], relative=True)[2] is None
    assert against_exchange(got, np.full(5, 7), relative=True)[2] is None


def test_numbers_that_do_not_follow_the_truth_are_never_HOLDS(run, tmp_path):
    rng = np.random.default_rng(4)
    true = rng.integers(96, 105, N)
    content, row = judged(run, *pair(tmp_path, np.full(N, 100), true), "--tolerance", "0.1")
    assert (row["verdict"], content["better_than_chance"]) == ("UNDETERMINED", False)
    assert "NOT BETTER THAN CHANCE" in row["label"]
    assert any(
        note.startswith("Not better than chance: with the truths exchanged") for note in content["notes"]
    )
    few, _ = judged(run, *pair(tmp_path, true[:3], true[:3]), "--tolerance", "0.1")
    assert any("Chance cannot be told, since 3 fields are too few" in note for note in few["notes"])


def test_one_table_other_headings_a_subset_and_pooled_zeros(run, tmp_path):
    got, true = numbers()
    got[2] = true[2] = 0
    rows = [(f"f{i}", got[i], true[i] if i != 5 else "") for i in range(N)]
    one = table(tmp_path / "one.csv", ("Image", "Num Detections", "by hand"), rows)
    given = (one, "--value", "Num Detections", "--truth-value", "by hand", "--tolerance", "0.1")
    content, row = judged(run, *given, "--estimand", "pooled")
    assert (row["n"], row["verdict"]) == (N - 1, "HOLDS")
    assert any("1 fields without a truth are left out (f5)" in note for note in content["notes"])
    assert "truth of field 'f2' is 0 (1 of 11 fields)" in refused(run, *given)


def in_wells(tmp_path, heading, well="w{}", field="f{}", n=3, each=10, seed=0):
    """A table of fields whose error is that of their well, as a verdict over fields would not see."""
    rng = np.random.default_rng(seed)
    rows = []
    for w in range(n):
        error = 0.04 * rng.standard_normal()
        for i in range(each):
            true = rng.uniform(40, 140)
            got = true * np.exp(error + 0.001 * rng.standard_normal())
            rows.append(
                (field.format(each * w + i, w=w + 1, s=i), well.format(w), f"{got:.4f}", f"{true:.4f}")
            )
    return table(tmp_path / "wells.csv", ("field", heading, "count", "by_hand"), rows)


WELLS = ("--value", "count", "--truth-value", "by_hand", "--tolerance", "0.1")


@pytest.mark.parametrize("heading", ["well", "Metadata_Well", "Image_Metadata_WellID", "dish", "animal"])
def test_fields_of_a_table_that_names_its_wells_are_never_independent(run, tmp_path, heading):
    content, row = judged(run, in_wells(tmp_path, heading), *WELLS)
    assert (row["n"], row["verdict"], row["reason"]) == (3, "UNDETERMINED", "too few")
    assert (content["level"], content["n"], len(content["fields"])) == (heading, 3, 30)
    assert not any("fields is taken for one independent" in note for note in content["notes"])
    path = in_wells(tmp_path, heading, n=6, seed=1)
    _, row = judged(run, path, *WELLS)
    cells = [line.split(",") for line in path.read_text("utf-8").splitlines()[1:]]
    logs = np.log([float(one[2]) / float(one[3]) for one in cells]).reshape(6, 10).mean(axis=1)
    told = stats.ttest_1samp(logs, 0).confidence_interval(0.9)
    assert (row["n"], row["verdict"]) == (6, "HOLDS")
    assert row["interval"] == pytest.approx(np.expm1([told.low, told.high]))
    said = refused(run, path, *WELLS, "--level", "field")
    assert "hold several lines each: these are not independent" in said


def test_wells_of_fields_names_and_of_the_truths_table_count_once(run, tmp_path):
    path = in_wells(tmp_path, "x", field="IXMtest_A0{w}_s{s}_w1051DAA7C.tif")
    content, row = judged(run, path, *WELLS)
    assert (row["n"], row["verdict"], content["level"]) == (3, "UNDETERMINED", "well")
    assert any("names hold 3 wells (A01, A02, A03) of 30 fields" in note for note in content["notes"])
    content, row = judged(run, path, *WELLS, "--level", "field")
    assert (row["n"], content["level"]) == (30, "field")
    assert any("fields of one are not independent" in note for note in content["notes"])
    assert judged(run, path, *WELLS, "--level", "x")[1]["n"] == 3
    assert "has no column 'y', --level" in refused(run, path, *WELLS, "--level", "y")
    got, true = numbers()
    mine = table(tmp_path / "tool.csv", ("field", "count"), [(f"f{i}", x) for i, x in enumerate(got)])
    rows = [(f"f{i}", f"w{i % 4}", x) for i, x in enumerate(true)]
    theirs = table(tmp_path / "truth.csv", ("field", "Well", "count"), rows)
    given = (mine, theirs, "--tolerance", "0.1", "--value", "count")
    assert judged(run, *given)[1]["n"] == 4
    assert judged(run, *given, "--level", "well")[1]["n"] == 4


def test_wells_of_the_list_of_all_fields_are_kept_of_a_table_of_objects(run, tmp_path):
    got, true = numbers()
    mine = table(tmp_path / "Nuclei.csv", ("ImageNumber", "ObjectNumber", "AreaShape_Area"), objects_of(got))
    rows = [(i + 1, 1 + i % 6, x) for i, x in enumerate(true)]
    every = table(tmp_path / "Image.csv", ("ImageNumber", "Metadata_Well", "Count_Nuclei"), rows)
    given = ("--all-fields", every, "--truth-value", "Count_Nuclei", "--field", "ImageNumber")
    content, row = judged(run, mine, every, *given, "--tolerance", "0.1")
    assert (row["n"], content["level"], row["verdict"]) == (6, "Metadata_Well", "HOLDS")


def cellprofiler_image(tmp_path, values):
    rows = [(i + 1, f"img{i}.tif", x) for i, x in enumerate(values)]
    return table(tmp_path / "Image.csv", ("ImageNumber", "FileName_DNA", "Count_Nuclei"), rows)


def objects_of(values, start=1):
    return [(i + start, j + 1, 50 + j) for i, x in enumerate(values) for j in range(x)]


def test_tables_of_images_of_cellprofiler_and_fiji(run, tmp_path):
    got, true = numbers()
    truth = table(tmp_path / "t.csv", ("field", "n"), [(f"img{i}", x) for i, x in enumerate(true)])
    given = ("--truth-field", "field", "--tolerance", "0.1")
    mine = cellprofiler_image(tmp_path, got)
    assert judged(run, mine, truth, "--value", "Count_Nuclei", *given)[1]["verdict"] == "HOLDS"
    heads = ("Slice", "Count", "Total Area", "Average Size", "%Area", "Mean")  # Analyze Particles' Summary
    rows = [(f"img{i}.tif", x, 900.5, 30.1, 3.2, 255) for i, x in enumerate(got)]
    mine = table(tmp_path / "Summary.csv", heads, rows)
    assert judged(run, mine, truth, "--value", "count", *given)[1]["verdict"] == "HOLDS"


def test_objects_of_cellprofiler_need_the_list_of_fields(run, tmp_path):
    got, true = numbers()
    got[3] = 0
    mine = table(tmp_path / "Nuclei.csv", ("ImageNumber", "ObjectNumber", "AreaShape_Area"), objects_of(got))
    truth = cellprofiler_image(tmp_path, true)
    assert "is CellProfiler's table of objects" in refused(run, mine, truth)
    given = ("--all-fields", truth, "--truth-value", "Count_Nuclei", "--field", "ImageNumber")
    content, _ = judged(run, mine, truth, *given)
    assert [one["measured"] for one in content["fields"]] == got.tolist()
    assert any("1 of 12 fields have no object (4)" in note for note in content["notes"])
    total, _ = judged(run, mine, truth, *given, "--value", "total:AreaShape_Area")
    assert total["fields"][0]["measured"] == sum(50 + j for j in range(got[0]))
    assert "is not defined for 1 fields without an object (4)" in refused(
        run, mine, truth, *given, "--value", "mean:AreaShape_Area"
    )
    assert "expected count, total:COLUMN or mean:COLUMN" in refused(
        run, mine, truth, *given, "--value", "area"
    )
    short = table(tmp_path / "short.csv", ("ImageNumber",), [(i,) for i in range(1, 11)])
    assert "field '11' is not in" in refused(run, mine, truth, *given[2:], "--all-fields", short)


def test_a_truth_of_objects_is_judged_over_the_fields_that_it_names(run, tmp_path):
    got, true = numbers()
    heads = ("ImageNumber", "ObjectNumber", "AreaShape_Area")
    mine = table(tmp_path / "Nuclei.csv", heads, objects_of(got))
    some = [row for row in objects_of(true) if row[0] in (2, 3, 5, 8, 12)]
    truth = table(tmp_path / "by_hand.csv", heads, some)
    given = (mine, truth, "--all-fields", cellprofiler_image(tmp_path, got))
    content, row = judged(run, *given, "--value", "count", "--tolerance", "0.1")
    at = [1, 2, 4, 7, 11]
    assert row["n"] == 5
    assert [one["true"] for one in content["fields"]] == true[at].tolist()
    assert [one["measured"] for one in content["fields"]] == got[at].tolist()
    words = " ".join(content["notes"])
    assert "by_hand.csv: names 5 fields; these are taken for annotated, and no others." in words
    assert "give the truth as a table of numbers per field, in which it has a 0" in words
    assert "7 fields without a truth are left out" in words
    assert "counts from 1 in every run" in words
    content, _ = judged(run, *given, "--value", "total:AreaShape_Area")  # the truth's alike, not its count
    assert content["fields"][0]["true"] == sum(50 + j for j in range(true[1]))
    content, _ = judged(run, *given, "--value", "mean:AreaShape_Area")
    assert content["fields"][0]["true"] == pytest.approx(50 + (true[1] - 1) / 2)
    assert "is CellProfiler's table of objects" in refused(run, given[3], truth, "--value", "Count_Nuclei")
    said = refused(run, given[3], truth, "--value", "Count_Nuclei", *given[2:])
    assert "expected --truth-value count, total:COLUMN or mean:COLUMN" in said
    given = ("--value", "Count_Nuclei", "--truth-value", "count", "--field", "ImageNumber", *given[2:])
    assert judged(run, given[-1], truth, *given)[1]["n"] == 5


def test_objects_of_qupath_fiji_and_trackmate_are_known_by_their_headings(run, tmp_path):
    got, true = numbers()
    truth = table(tmp_path / "t.csv", ("field", "count"), [(f"img{i}", x) for i, x in enumerate(true)])
    every = table(tmp_path / "all.csv", ("Image",), [(f"img{i}",) for i in range(N)])
    heads = ("Image", "Object ID", "Object type", "Classification", "Parent", "Area µm^2")
    rows = [
        (f"img{i}", f"{i}-{j}", "Cell", "Tumor", "Root", 12.5) for i, x in enumerate(got) for j in range(x)
    ]
    mine = table(tmp_path / "q.tsv", heads, rows, "\t")
    assert "is QuPath's table of objects" in refused(run, mine, truth, "--truth-field", "field")
    given = ("--truth-field", "field", "--all-fields", every, "--tolerance", "0.1")
    assert judged(run, mine, truth, *given)[1]["verdict"] == "HOLDS"
    area, row = judged(run, mine, truth, *given, "--value", "total:Area", "--truth-value", "count")
    assert (row["unit"], area["fields"][0]["measured"]) == ("µm^2", 12.5 * got[0])
    rows += [(f"img{i}", f"A{i}", "Annotation", "Tumor", "Root", 90000) for i in range(N)]
    mine = table(tmp_path / "q.tsv", heads, rows, "\t")  # a rectangle a field, drawn around its cells
    again, row = judged(run, mine, truth, *given, "--value", "total:Area", "--truth-value", "count")
    assert again["fields"] == area["fields"]
    assert any(f"q.tsv: {N} rows of type Annotation are left out" in note for note in again["notes"])
    rows = [(1 + i, f"img{i}", 30.5, 200) for i, x in enumerate(got) for _ in range(x)]
    mine = table(tmp_path / "Results.csv", (" ", "Label", "Area", "Mean"), rows)
    assert "is Fiji's table of objects" in refused(run, mine, truth, "--truth-field", "field")
    assert judged(run, mine, truth, *given)[1]["verdict"] == "HOLDS"
    spots = [
        "LABEL,ID,TRACK_ID,QUALITY,POSITION_X,POSITION_Y,FRAME",
        "Label,Spot ID,Track ID,Quality,X,Y,Frame",
    ]
    spots += ["Label,Spot ID,Track ID,Quality,X,Y,Frame", ",,,(quality),(micron),(micron),"]
    spots += [f"ID{k},{k},0,3.5,1.0,2.0,{k % 3}" for k in range(9)]
    (tmp_path / "spots.csv").write_text("\n".join(spots))
    assert "frames are no independent fields" in refused(run, tmp_path / "spots.csv", truth)
    movies = [spots[0] + ",movie", *(line + "," for line in spots[1:4])]
    movies += [f"ID{k},{k},0,3.5,1.0,2.0,{k},img{i}" for i, x in enumerate(got) for k in range(x)]
    (tmp_path / "movies.csv").write_text("\n".join(movies))
    content, row = judged(run, tmp_path / "movies.csv", truth, "--field", "movie", *given)
    assert row["verdict"] == "HOLDS"
    assert any("TrackMate's 3 further lines of headings are passed over" in note for note in content["notes"])


def spoil(got, true, kind):
    """Numbers of both tables, one of them spoiled."""
    mine, theirs = [[f"f{i}", x] for i, x in enumerate(got)], [[f"f{i}", x] for i, x in enumerate(true)]
    if kind == "zero":
        theirs[1][1] = 0
    elif kind == "negative":
        mine[1][1] = -3
    elif kind == "missing":
        mine[1][1] = -1
    elif kind == "nan":
        mine[1][1] = "NaN"
    elif kind == "almost":
        theirs[1][0] = "fi1"
    elif kind == "twice":
        theirs.append(theirs[0])
    elif kind == "comma":
        mine = [[name, f'"1,{x + 100}"'] for name, x in mine]
    elif kind == "objects":
        mine *= 3
    return mine, theirs


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("zero", "the truth of field 'f1' is 0 (1 of 12 fields), so that there is no ratio"),
        ("negative", "the measured 'count' of field 'f1' is -3 (1 of 12 are below 0)"),
        ("missing", "is -1 in 1 of 12 fields and else never below 0"),
        ("nan", "line 3 (field 'f1'): 'count' is NaN, no number"),
        ("almost", "a near name is never taken for the same"),
        ("twice", "field 'f0' stands 2 times"),
        ("comma", "thousands or decimals? Say --decimal comma"),
        ("objects", "Or give --all-fields TABLE"),
    ],
)
def test_bad_tables_are_one_line(run, tmp_path, kind, said):
    mine, theirs = spoil(*numbers(), kind)
    paths = (
        table(tmp_path / "a.csv", ("field", "count"), mine),
        table(tmp_path / "b.csv", ("field", "count"), theirs),
    )
    assert said in refused(run, *paths, "--tolerance", "0.1")


def test_units_and_options_that_do_not_fit(run, score, tmp_path):
    paths = pair(tmp_path, *numbers(), "area (px^2)", "area (um^2)")
    assert "is in um^2, but 'area (px^2)'" in refused(run, *paths)
    paths = pair(tmp_path, *numbers(), "area (um^2)", "area (um^2)")
    status, out, _ = run(*paths, "--scale", "absolute", "--tolerance", "5 um^2", "--json")
    assert (status, json.loads(out)["arms"][0]["verdict"]) == (0, "HOLDS")
    assert "is given in px" in refused(run, *paths, "--scale", "absolute", "--tolerance", "5 px")
    assert "--image: is for label images" in refused(run, *paths, "--image", "x")
    assert "names cells; judged is area" in refused(run, *paths, "--tolerance", "cells=0.1")
    assert "no table of truths is given" in refused(run, paths[0])
    for words, said in (
        ((*paths,), "is a table; to judge a number a field, --from table"),
        ((tmp_path, tmp_path, "--field", "x"), "--field: is a column of a table"),
        ((*paths, "--from", "tabel"), "--from: 'tabel' is not known (did you mean table?)"),
        ((tmp_path,), "missing argument 'TRUTH'"),
    ):
        status, out, err = score("labels", *words)
        assert (status, out) == (2, "")
        assert said in err


def test_very_many_rows(run, tmp_path):
    rng, many = np.random.default_rng(0), 100_000 if os.environ.get("WEEKLY") else 20_000
    true = rng.integers(50, 150, many)
    content, row = judged(
        run, *pair(tmp_path, true + rng.integers(-2, 3, true.size), true), "--tolerance", "0.1"
    )
    assert (row["n"], row["verdict"], content["better_than_chance"]) == (many, "HOLDS", True)
