"""`scopecheck score contrast`: planted differences, levels and pairs, and every bad table."""

import json
import os
import re
import shlex
from pathlib import Path

import numpy as np
import pytest
import tifffile
from scipy import stats

BOOK = [Path(__file__).parents[2] / "book" / f"own-two-{what}.md" for what in ("conditions", "tools")]


@pytest.fixture
def run(score):
    return lambda *arguments: score("contrast", *arguments)


def write(path, lines, head="condition,measured,true"):
    path.write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")
    return path


def fields(bias, n=6, spread=0.01, seed=0, truth=100):
    """Lines of each condition: measured is its multiple of the truth, with a little noise."""
    rng = np.random.default_rng(seed)
    made = []
    for condition, factor in bias.items():
        for _ in range(n):
            true = truth * rng.uniform(0.8, 1.2)
            made.append((condition, true * factor * np.exp(spread * rng.standard_normal()), true))
    return made


def plain(rows):
    return [f"{condition},{measured:.3f},{true:.3f}" for condition, measured, true in rows]


def judged(run, table, *options):
    status, out, err = run(table, *options, "--json")
    assert status == 0, err
    content = json.loads(out)
    return content, {row["measurement"]: row for row in content["arms"]}


def refused(run, table, *options):
    status, out, err = run(table, *options)
    assert (status, out) == (2, "")
    assert err.startswith("scopecheck: ")
    assert err.count("\n") == 1
    return err


@pytest.mark.parametrize(
    ("bias", "labels"),
    [
        ({"control": 1.0, "treated": 1.0}, ("HOLDS", "HOLDS", "HOLDS")),
        ({"control": 0.8, "treated": 0.8}, ("FAILS", "FAILS", "HOLDS EQUALLY BIASED")),
        ({"control": 1.0, "treated": 0.8}, ("FAILS", "HOLDS", "FAILS")),
        ({"control": 0.93, "treated": 1.08}, ("HOLDS", "HOLDS", "FAILS DIFFERENTIAL")),
    ],
)
def test_a_planted_difference_of_biases_is_judged(run, tmp_path, bias, labels):
    table = write(tmp_path / "t.csv", plain(fields(bias)))
    content, rows = judged(run, table, "--tolerance", "0.1")
    assert tuple(row["label"] for row in rows.values()) == labels
    assert list(rows) == ["treated", "control", "treated over control"]
    error = bias["treated"] / bias["control"] - 1
    assert rows["treated over control"]["bias"] == pytest.approx(error, abs=0.02)
    told = content["contrast"]
    assert told["measured"] / told["true"] - 1 == pytest.approx(
        rows["treated over control"]["bias"], abs=1e-6
    )
    assert (content["n"], content["level"]) == ({"treated": 6, "control": 6}, "line")


def test_the_text_says_what_the_marks_mean_and_how_many(run, tmp_path):
    table = write(tmp_path / "t.csv", plain(fields({"control": 0.8, "treated": 0.8})))
    status, out, _ = run(table, "--tolerance", "0.1")
    text = " ".join(out.split())
    assert status == 0
    assert "biased, and equally so" in text
    assert "treated over control, ratio of geometric means: measured" in text
    assert "treated is compared with control, which is named like a control" in text
    assert "Each line is taken for one independent replicate." in text
    assert "3 verdicts, 3 with acquisitions" in text
    few = write(tmp_path / "few.csv", plain(fields({"control": 1.0, "treated": 1.0}, n=3)))
    text = " ".join(run(few, "--tolerance", "0.1")[1].split())
    assert "none with acquisitions or seeds enough to say HOLDS" in text  # three and three are not five


def test_without_a_tolerance_there_is_no_word(run, tmp_path):
    table = write(tmp_path / "t.csv", plain(fields({"a": 1.0, "b": 1.0})))
    content, rows = judged(run, table)
    assert {row["verdict"] for row in rows.values()} == {None}
    assert list(rows) == ["b", "a", "b over a"]  # the first of the table stands below
    assert "Give --tolerance for a verdict" in run(table)[1]
    assert "b is compared with a, which comes first in the table" in " ".join(content["notes"])


def test_conditions_columns_and_tolerances_by_name(run, tmp_path):
    rows = fields({"wt": 1.0, "mutant": 1.05, "rescue": 0.5})
    table = write(tmp_path / "t.tsv", ["\t".join(map(str, row)) for row in rows], "Genotype\tcells\tby hand")
    named = ("--condition", "genotype", "--measured", "cells", "--true", "by hand")
    options = ("--of", "mutant", "--over", "wt", "--tolerance", "0.1,contrast=0.01,wt=-0.2:0.3")
    content, arms = judged(run, table, *named, *options)
    assert {name: row["tolerance"] for name, row in arms.items()} == {
        "mutant": [-0.1, 0.1],
        "wt": [-0.2, 0.3],
        "mutant over wt": [-0.01, 0.01],
    }
    assert any("Left out: rescue (6 lines)" in note for note in content["notes"])
    swapped = judged(run, table, *named, "--of", "wt", "--over", "mutant")[1]["wt over mutant"]
    assert 1 + swapped["bias"] == pytest.approx(1 / (1 + arms["mutant over wt"]["bias"]))


def test_fail_on_looks_at_every_row(run, tmp_path):
    table = write(tmp_path / "t.csv", plain(fields({"control": 1.0, "treated": 0.8})))
    status, _, err = run(table, "--tolerance", "0.1", "--fail-on", "FAILS")
    assert (status, "treated, treated over control" in err) == (1, True)
    assert run(table, "--tolerance", "0.5", "--fail-on", "FAILS,UNDETERMINED")[0] == 0


def wells(spread_well=0.1, spread=0.01, n=5, each=4, head="condition,well,field,measured,true"):
    rng = np.random.default_rng(4)
    rows = []
    for condition in ("control", "treated"):
        for w in range(n):
            shift = spread_well * rng.standard_normal()
            for f in range(each):
                true = rng.uniform(80, 120)
                rows.append(
                    (
                        condition,
                        f"{condition[0]}{w}",
                        f,
                        true * np.exp(shift + spread * rng.standard_normal()),
                        true,
                    )
                )
    return rows


def test_a_table_that_names_its_wells_is_judged_over_wells(run, tmp_path):
    rows = wells()
    lines = [f"{c},{w},{f},{m:.4f},{t:.4f}" for c, w, f, m, t in rows]
    table = write(tmp_path / "t.csv", lines, "condition,well,field,measured,true")
    content, arms = judged(run, table, "--tolerance", "0.1")
    assert (content["n"], content["level"]) == ({"treated": 5, "control": 5}, "well")
    assert content["lines"] == {"treated": 20, "control": 20}
    means = {}
    for condition, well, _, m, t in rows:
        means.setdefault((condition, well), []).append(np.log(round(m, 4) / round(t, 4)))
    sides = [[np.mean(v) for k, v in means.items() if k[0] == c] for c in ("treated", "control")]
    told = stats.ttest_ind(*sides, equal_var=False).confidence_interval(0.9)
    assert arms["treated over control"]["interval"] == pytest.approx(np.expm1([told.low, told.high]))
    # taken for independent, the same fields would have an interval too narrow by about half
    bare = [line.split(",") for line in lines]
    naive = write(tmp_path / "n.csv", [f"{c},{m},{t}" for c, _, _, m, t in bare])
    narrow = judged(run, naive)[1]["treated over control"]["interval"]
    assert np.diff(narrow) < 0.6 * np.diff(arms["treated over control"]["interval"])


@pytest.mark.parametrize("level", ["field", "well"])
def test_a_level_that_another_column_groups_is_refused(run, tmp_path, level):
    rows = wells()
    lines = [f"{c},{w[0]}{int(w[1]) // 2},{w},{f},{m:.4f},{t:.4f}" for c, w, f, m, t in rows]
    table = write(tmp_path / "t.csv", lines, "condition,animal,well,field,measured,true")
    err = refused(run, table, "--level", level)
    what = "lines" if level == "field" else "wells"
    assert f"--level asks for {what}, but the table names 6 units in its column 'animal'" in err
    assert "Leave --level out to judge over animals" in err
    content, _ = judged(run, table)
    assert (content["n"], content["level"]) == ({"treated": 3, "control": 3}, "animal")
    assert judged(run, table, "--level", "animal")[0]["n"] == content["n"]


@pytest.mark.parametrize(
    "heading",
    ["Metadata_Well", "Image_Metadata_Well", "WellName", "Well position", "Well ID", "wellIndex"]
    + ["WELL LABEL", "dish", "Slide", "embryo", "Embryo_ID", "Image_Metadata_Mouse"]
    + ["wells", "mice", "Dishes", "larvae", "Coverslips", "animals"],
)
def test_levels_are_known_in_the_spellings_of_programs(run, tmp_path, heading):
    lines = [f"{c},{w},{m:.4f},{t:.4f}" for c, w, _, m, t in wells(n=2, each=6)]
    table = write(tmp_path / "t.csv", lines, f"condition,{heading},measured,true")
    content, arms = judged(run, table, "--tolerance", "0.5")
    assert (content["n"], content["level"]) == ({"treated": 2, "control": 2}, heading)
    assert {row["verdict"] for row in arms.values()} == {"UNDETERMINED"}
    assert "hold several lines each: these are not independent" in refused(run, table, "--level", "field")


@pytest.mark.parametrize("heading", ["well_count", "n_wells", "farewell", "unwell", "cells", "rowan"])
def test_what_is_no_level_is_none(run, tmp_path, heading):
    lines = [f"{c},{w},{m:.4f},{t:.4f}" for c, w, _, m, t in wells(n=2, each=6)]
    table = write(tmp_path / "t.csv", lines, f"condition,{heading},measured,true")
    assert judged(run, table)[0]["level"] == "line"


@pytest.mark.parametrize(
    "name",
    ["plate1_{w}_s{f}.tif", "IXMtest_{w}_s{f}_w1051DAA7C.tif", "MFGTMP_12_{w}f0{f}d0.TIF", "Well{w}_Seq{f}"]
    + ["p/{w}/s{f}.png", "{r}f0{f}p01-ch1sk1fk1fl1.tiff", "X_{w}_T0001F00{f}L01A01Z01C01.tif"],
)
def test_wells_in_the_names_of_fields_count_once_unless_said_otherwise(run, tmp_path, name):
    lines = []
    for c, w, f, m, t in wells(spread_well=0.01):
        row, column = 1 + (c == "treated"), int(w[1]) + 1
        called = name.format(w=f"{'AB'[row - 1]}0{column}", r=f"r0{row}c0{column}", f=f)
        lines.append(f"{c},{called},{m:.4f},{t:.4f}")
    table = write(tmp_path / "t.csv", lines, "condition,field,measured,true")
    content, _ = judged(run, table, "--tolerance", "0.1")
    assert (content["n"], content["level"]) == ({"treated": 5, "control": 5}, "well")
    assert any("each counts once. If these are none, --level field" in one for one in content["notes"])
    content, _ = judged(run, table, "--tolerance", "0.1", "--level", "field")
    assert (content["n"], content["level"]) == ({"treated": 20, "control": 20}, "line")
    assert any("fields of one are not independent" in one for one in content["notes"])


@pytest.mark.parametrize(
    "name",
    ["{c}/well{k}/img{f}.tif", "{c}_dish{k}_img{f}.tif", "{c}_coverslip-{k}_img{f}.tif", "Slide A{k} {c} {f}"]
    + ["plate1/{c}0{k}/img{f}.tif", "x_{c}0{k}_s{f}.tif", "{c}_W000{k}_P000{f}_T0001.tif"]
    + ["--W00{n}--P0000{f}--Z00000--dapi.tif", "W{n}F00{f}T0001Z01C1.tif", "{c}_rep1_dish{k}_{f}"],
)
def test_wells_and_dishes_count_once_as_people_and_microscopes_number_them(run, tmp_path, name):
    at = [(c, k, f) for c in "ba" for k in range(1, 6) for f in range(6)]
    named = [(c, name.format(c=c, k=k, f=f, n=10 * (c == "a") + 10 + k), k, f) for c, k, f in at]
    lines = [f"{c},{called},{100 + k + f},{101 + f}" for c, called, k, f in named]
    table = write(tmp_path / "t.csv", lines, "condition,field,measured,true")
    content, _ = judged(run, table)
    assert (content["n"], content["level"]) == ({"b": 5, "a": 5}, "well")
    assert any("Wells: the fields' names hold 10 wells (" in note for note in content["notes"])
    content, _ = judged(run, table, "--level", "field")
    assert content["n"] == {"b": 30, "a": 30}


@pytest.mark.parametrize("heading", ["ObjectNumber", "Object ID", "cell_id", "Nucleus_Label"])
def test_a_line_an_object_is_refused_unless_its_well_is_named(run, tmp_path, heading):
    at = [(c, w, k) for c in "ba" for w in range(5) for k in range(4)]
    lines = [f"{c},{w},{4 * w + k},{100 + w + k},{101 + k}" for c, w, k in at]
    table = write(tmp_path / "t.csv", lines, f"condition,X,{heading},measured,true")
    said = refused(run, table)
    assert f"column {heading!r} numbers objects, so that each of the 40 lines seems to be one" in said
    assert "Give a line a field" in said
    content, _ = judged(run, table, "--level", "field")
    assert content["n"] == {"b": 20, "a": 20}
    table = write(tmp_path / "w.csv", lines, f"condition,well,{heading},measured,true")
    content, _ = judged(run, table)
    assert content["n"] == {"b": 5, "a": 5}


@pytest.mark.parametrize(
    "name",
    ["img{i}_C1.tif", "exp{i}_F01.tif", "A{i}_x.tif", "field {i}", "96well{i}.tif", "img{i}_b01.tif"]
    + ["b{i}.tif", "well{i}_s1.tif", "x_w{i}DAPI.tif"],
)
def test_names_that_only_look_like_wells_are_lines(run, tmp_path, name):
    lines = [f"{c},{name.format(i=i)},{m},{t}" for i, (c, m, t) in enumerate(fields({"a": 1.0, "b": 1.0}), 1)]
    content, _ = judged(run, write(tmp_path / "t.csv", lines, "condition,field,measured,true"))
    assert content["level"] == "line"
    assert not any("wells (" in note for note in content["notes"])


def test_rows_and_columns_of_a_plate_are_wells_and_days_are_named(run, tmp_path):
    rows = [(c, 1 + (c == "a"), k, f, 100 + k + f, 101) for c in "ab" for k in (1, 2, 3) for f in (1, 2)]
    lines = [",".join(map(str, row)) for row in rows]
    content, _ = judged(run, write(tmp_path / "h.csv", lines, "condition,Row,Column,Field,measured,true"))
    assert (content["n"], content["level"]) == ({"b": 3, "a": 3}, "well")
    wells = write(tmp_path / "d.csv", lines, "condition,Day,Well,k,measured,true")
    content, _ = judged(run, wells)
    assert (content["n"], content["level"]) == ({"b": 3, "a": 3}, "Well")


@pytest.mark.parametrize("heading", ["replicate", "Bio_Rep", "Experiment", "Day", "session"])
def test_what_a_study_repeats_is_never_passed_over_in_silence(run, tmp_path, heading):
    """Three repeats of ten fields: lines are judged only where that is said."""
    rows = [(c, r, 100 + r + f, 101 + f) for c in "ab" for r in (1, 2, 3) for f in range(10)]
    lines = [",".join(map(str, row)) for row in rows]
    table = write(tmp_path / "t.csv", lines, f"condition,{heading},measured,true")
    status, out, err = run(table, "--of", "b", "--over", "a")
    assert (status, out) == (2, "")
    assert f"--level {heading!r}, or --level field" in " ".join(err.split())
    content, _ = judged(run, table, "--level", heading)
    assert (content["n"], content["level"]) == ({"b": 3, "a": 3}, heading)
    content, _ = judged(run, table, "--level", "field")
    assert content["level"] == "line"
    once = [",".join(map(str, (c, r, 100 + r, 101))) for c in "ab" for r in range(6)]
    content, _ = judged(run, write(tmp_path / "o.csv", once, f"condition,{heading},measured,true"))
    assert content["n"] == {"b": 6, "a": 6}  # each once in each condition


NAMED = ["data/mouse{r}/img_{f}.tif", "Patient {r}_{f}.tif", "rep-{r} field {f}", "Exp{r}_{f}"]


@pytest.mark.parametrize("name", NAMED)
def test_animals_and_repeats_in_the_names_of_fields_count_once(run, tmp_path, name):
    at = [(c, r, f) for c in "ab" for r in (1, 2, 3) for f in range(10)]
    lines = [f"{c},{c}/{name.format(r=r, f=f)},{100 + r + f},{101 + f}" for c, r, f in at]
    content, _ = judged(run, write(tmp_path / "t.csv", lines, "condition,field,measured,true"))
    assert content["n"] == {"b": 3, "a": 3}
    assert any("Animals or repeats: the fields' names hold" in note for note in content["notes"])


def test_two_columns_of_one_level_are_the_wider_one_or_refused(run, tmp_path):
    lines = [f"{c},{c}{k // 2},{c}{k},{100 + k},101" for c in "ab" for k in (0, 1, 2, 3) for _ in "xy"]
    content, _ = judged(run, write(tmp_path / "t.csv", lines, "condition,mouse,embryo,measured,true"))
    assert (content["n"], content["level"]) == ({"b": 2, "a": 2}, "mouse")
    lines = [f"{c},{c}{k % 2},{c}{k % 3},{100 + k},101" for c in "ab" for k in range(6)]
    said = refused(run, write(tmp_path / "u.csv", lines, "condition,mouse,donor,measured,true"))
    assert "'mouse' and 'donor' may both be the animal, and neither lies within the other" in said


def test_a_condition_left_out_that_looks_misspelt_is_said_loudly(run, tmp_path):
    rows = plain(fields({"control": 1.0, "treated": 1.0, "drug 1": 1.0, "drug 2": 1.0}, n=7))
    rows += ["contro,50,50", "treate,60,61"]
    table = write(tmp_path / "t.csv", rows)
    notes = judged(run, table, "--of", "treated", "--over", "control")[0]["notes"]
    assert [note.split(":")[0] for note in notes[:2]] == [
        "MISSPELT? Condition 'contro' (1 line) is left out, and looks like --over 'control'",
        "MISSPELT? Condition 'treate' (1 line) is left out, and looks like --of 'treated'",
    ]
    notes = judged(run, table, "--of", "drug 1", "--over", "control")[0]["notes"]
    assert sum("MISSPELT" in note for note in notes) == 1  # a second dose is no slip of the pen


def test_animals_weigh_alike_and_so_do_their_wells(run, tmp_path):
    lines = ["a,m1,w1,110,100", "a,m1,w1,110,100", "a,m1,w1,110,100", "a,m1,w2,90,100"]
    lines += ["a,m2,w1,100,100", "a,m2,w2,100,100", "b,m3,w1,100,100", "b,m4,w1,100,100"]
    table = write(tmp_path / "t.csv", lines, "condition,mouse,well,measured,true")
    content, _ = judged(run, table, "--of", "a")
    first = content["replicates"][0]
    assert (first["name"], first["lines"]) == ("m1", 4)
    assert first["measured"] == pytest.approx(100 * np.sqrt(1.1 * 0.9))  # of two wells, not of four lines
    assert "well names come again" not in json.dumps(content)


def test_a_well_of_another_plate_is_another_well_and_fish_share_wells(run, tmp_path):
    lines = [f"{c},{p},A1,{100 + p},100" for c in "ab" for p in (1, 2, 3)]
    table = write(tmp_path / "t.csv", lines, "condition,plate,well,measured,true")
    assert judged(run, table)[0]["n"] == {"b": 3, "a": 3}
    lines = [f"{c},w{w},fish{3 * w + k},{100 + w + k},100" for c in "ab" for w in (1, 2) for k in (0, 1)]
    table = write(tmp_path / "f.csv", lines, "condition,well,animal,measured,true")
    assert judged(run, table)[0]["level"] == "well"


def test_any_column_may_be_what_is_independent(run, tmp_path):
    lines = [f"{c},day{d},A{w},{100 + d + w},100" for c in "ab" for d in (1, 2, 3) for w in (1, 2)]
    table = write(tmp_path / "t.csv", lines, "condition,Day,well,measured,true")
    content, _ = judged(run, table, "--level", "day")
    assert (content["n"], content["level"]) == ({"b": 3, "a": 3}, "Day")
    assert any("names of column 'Day' stand in both conditions" in note for note in content["notes"])


def test_pairs_are_judged_as_pairs(run, tmp_path):
    rng = np.random.default_rng(5)
    shared, own = 0.2 * rng.standard_normal(6), 0.01 * rng.standard_normal((2, 6))
    measured = 100 * np.exp(shared + own)
    lines = [
        f"{c},m{i},{measured[k, i]:.5f},100" for k, c in enumerate(("before", "after")) for i in range(6)
    ]
    lines = [lines[i] for i in rng.permutation(12)]
    table = write(tmp_path / "t.csv", lines, "condition,mouse,measured,true")
    given = ("--of", "after", "--over", "before", "--tolerance", "contrast=0.1")
    content, arms = judged(run, table, *given, "--paired", "mouse")
    told = stats.ttest_rel(*np.log(measured)[::-1]).confidence_interval(0.9)
    assert arms["after over before"]["interval"] == pytest.approx(np.expm1([told.low, told.high]), abs=1e-6)
    assert (arms["after over before"]["verdict"], arms["after over before"]["n"]) == ("HOLDS", 6)
    content, arms = judged(run, table, *given)
    assert arms["after over before"]["verdict"] == "UNDETERMINED"
    assert any("give --paired 'mouse'" in note for note in content["notes"])
    table = write(tmp_path / "u.csv", lines[1:], "condition,mouse,measured,true")
    assert "names of column 'mouse'" in refused(run, table, *given, "--paired", "mouse")


def test_differences_carry_the_unit_of_the_table(run, tmp_path):
    lines = plain(fields({"control": 1.0, "treated": 1.1}))
    table = write(tmp_path / "t.csv", lines, "condition,measured [um^2],true (µm²)")
    content, arms = judged(run, table, "--scale", "absolute", "--tolerance", "5 um2")
    assert (content["unit"], list(arms)[2]) == ("um^2", "treated minus control")
    assert arms["treated minus control"]["verdict"] == "FAILS"
    assert "um^2" in run(table, "--scale", "absolute", "--tolerance", "5 um2")[1]
    assert "is given without a unit" in refused(run, table, "--scale", "absolute", "--tolerance", "5")
    assert "given in px" in refused(run, table, "--scale", "absolute", "--tolerance", "5 px")
    bare = write(tmp_path / "b.csv", lines)
    assert judged(run, bare, "--scale", "absolute", "--tolerance", "5")[1]
    assert "names no unit" in refused(run, bare, "--scale", "absolute", "--tolerance", "5 um")


def test_truths_that_err_are_taken_for_opposed_unless_said_otherwise(run, tmp_path):
    table = write(tmp_path / "t.csv", plain(fields({"control": 1.0, "treated": 1.0})))
    given = ("--tolerance", "0.1", "--truth-uncertainty")
    wide = judged(run, table, *given, "0.03")[1]["treated over control"]
    none = judged(run, table, *given, "0.03,contrast=0")[1]["treated over control"]
    assert (wide["truth_uncertainty"], none["truth_uncertainty"]) == (pytest.approx(1.03 / 0.97 - 1), 0)
    assert np.diff(wide["interval"]) > np.diff(none["interval"]) + 0.1
    assert judged(run, table, *given, "0.06")[1]["treated over control"]["reason"] == "truth"


def test_pooled_is_the_ratio_of_means_and_may_hold_zeros(run, tmp_path):
    lines = ["a,0,0", "a,30,20", "a,80,100", "a,9,10", "b,5,5", "b,0,4", "b,11,10", "b,50,50"]
    table = write(tmp_path / "t.csv", lines)
    content, arms = judged(run, table, "--estimand", "pooled", "--of", "a")
    assert content["contrast"] == {"measured": pytest.approx(119 / 66), "true": pytest.approx(130 / 69)}
    assert arms["a over b"]["bias"] == pytest.approx((119 / 130) / (66 / 69) - 1)
    assert any("Nothing was measured on 1 lines" in note for note in content["notes"])


def test_a_lost_field_is_named(run, tmp_path):
    rows = fields({"control": 1.0, "treated": 1.0})
    rows[2] = ("control", 3.0, 100.0)
    lines = [f"{c},f{i},{m},{t}" for i, (c, m, t) in enumerate(rows)]
    table = write(tmp_path / "t.csv", lines, "condition,image,measured,true")
    _, arms = judged(run, table, "--tolerance", "0.1")
    assert "far outside: f2 (3 of 100)" in arms["control"]["note"]
    assert "far outside: f2 of control" in arms["treated over control"]["note"]


def test_very_many_lines(run, tmp_path):
    rng, many = np.random.default_rng(0), 100_000 if os.environ.get("WEEKLY") else 24_000
    true = rng.uniform(50, 150, many)
    measured = true * np.exp(0.1 * rng.standard_normal(true.size))
    lines = [
        f"{'ab'[i % 2]},w{i % 40},{m:.4f},{t:.4f}"
        for i, (m, t) in enumerate(zip(measured, true, strict=True))
    ]
    table = write(tmp_path / "t.csv", lines, "condition,well,measured,true")
    content, arms = judged(run, table, "--tolerance", "0.1")
    assert content["lines"] == {"b": many // 2, "a": many // 2}
    assert content["n"] == {"b": 20, "a": 20}
    assert arms["b over a"]["verdict"] == "HOLDS"
    bare = write(tmp_path / "u.csv", [re.sub(",w[0-9]+", "", line) for line in lines])
    assert judged(run, bare, "--tolerance", "0.1")[1]["b over a"]["verdict"] == "HOLDS"
    assert "name their wells or animals" in refused(run, bare, "--estimand", "pooled")


SOME = ["a,10,11", "a,12,12", "b,20,19", "b,21,22"]


@pytest.mark.parametrize(
    ("lines", "options", "said"),
    [
        (
            ["a,1,", "a,2,NA", "b,3,3", "b,4,4"],
            (),
            "condition 'a' has no truth: 'true' is empty in all of its 2 lines",
        ),
        (
            ["a,1,1", "b,3,3", "b,4,4"],
            (),
            "condition 'a' has one independent replicate, a line; a difference needs",
        ),
        (
            [*SOME, "a,0,0"],
            (),
            "line 6: 'true' is 0 (1 of 5 lines), so there is no ratio to it; judge sums with",
        ),
        ([*SOME, "a,-3,4"], (), "line 6: 'measured' is -3 (1 of 5 lines are below 0)"),
        ([*SOME, "a,3,nan"], (), "line 6: 'true' is nan, no number (1 of 5 lines)"),
        ([*SOME, "a,,4"], (), "line 6: 'measured' is empty, no number"),
        ([*SOME, "a,inf,4"], (), "line 6: 'measured' is inf, no number"),
        ([*SOME, "a,many,4"], (), "line 6: 'measured' is 'many', no number; write digits"),
        ([*SOME, "a,5 %,4"], (), "line 6: 'measured' is '5 %', no number"),
        (
            [*SOME, "c,3,4"],
            (),
            "has 3 conditions, a (2 lines), b (2 lines), c (1 lines); name the two to compare",
        ),
        ([*SOME, "ctrl,3,4"], (), "such as --of 'a' --over 'ctrl'"),
        ([*SOME, "treated,3,4", "treted,3,5"], (), "'treated' and 'treted' look alike: is one mistyped?"),
        (SOME[:2], (), "has one condition, a (2 lines); a difference needs two"),
        ([*SOME, "A ,3,4"], (), "has 'a' (line 2, 2 in all) and 'A' (line 6, 1 in all): one name or two?"),
        ([*SOME, ",3,4"], (), "line 6: 'condition' is empty (1 of 5 lines)"),
        (SOME, ("--of", "aa"), "--of: no condition 'aa' (did you mean 'a'?)"),
        (SOME, ("--of", "a", "--over", "a"), "--of and --over both name a"),
        (
            SOME,
            ("--level", "dish"),
            "has no column 'dish', --level; its headings are condition, measured, true",
        ),
        (SOME, ("--level", "true"), "--level 'true' is the column of the true; name another"),
        (SOME, ("--measured", "cels"), "has no column 'cels'"),
        (SOME, ("--measured", "true"), "one column is given two roles"),
        (SOME, ("--paired", "field"), "--paired: has no names in a column 'field'"),
        (SOME, ("--tolerance", "tread=0.1"), "--tolerance: names tread; judged are b, a, contrast"),
        (SOME, ("--tolerance", "10"), "--tolerance: 10 means 1000 %"),
        (SOME, ("--tolerance", "0.1 um"), "Units belong to --scale absolute"),
        (SOME, ("--estimand", "median"), "--estimand: 'median' is not known"),
        (SOME, ("--estimand", "pooled", "--scale", "absolute"), "--estimand pooled: is a ratio"),
        (
            ["a,0,1", "a,0,2", "b,1,1", "b,2,2"],
            ("--estimand", "pooled"),
            "condition 'a': every measured value is 0",
        ),
        ([*SOME, "a,12.5,13.5", "a,12.5,13.5"], (), "line 7 holds the very numbers of line 6"),
        (
            [*SOME, 'a,"1,234",4'],
            (),
            "line 6: 'measured' is 1,234, which may be 1234 or 1.234: thousands or decimals?",
        ),
        ([*SOME, 'a,"12,5",4.5'], (), "line 6: 'measured' is 12,5, and others have a point (4.5)"),
        ([*SOME, 'a,"12,5","1,234,567"'], (), "'measured' is 12,5, and others another habit"),
        (
            [*SOME, "a,1,234,5"],
            (),
            "line 6 has 4 columns, but there are 3 headings; expected one cell a heading. Do",
        ),
        ([], (), "holds headings and no line"),
    ],
)
def test_bad_tables_are_one_line(run, tmp_path, lines, options, said):
    table = write(tmp_path / "t.csv", lines)
    assert said in refused(run, table, *options)


@pytest.mark.parametrize(
    ("head", "lines", "said"),
    [
        (
            "group,tool,true",
            SOME,
            "has no column 'measured'; its headings are group, tool, true. Name the column",
        ),
        ("condition,measured,true,manual", ["a,1,2,3"], "columns 'true' and 'manual' may both be the true"),
        ("condition,measured,measured", SOME, "two columns are called 'measured'"),
        (
            "condition measured true",
            ["a 1 2"],
            "has one column; expected headings such as condition,measured,true",
        ),
        ("condition,measured [um],true [px]", SOME, "name different units, um and px"),
        (
            "condition,measured,true,unit",
            ["a,1,2,um", "a,1,2,px", "b,1,2,um"],
            "um (line 2), px (line 3); expected one",
        ),
        (
            "condition,field,measured,true",
            ["a,f1,1,2", "a,f1,3,4", "b,f1,3,4"],
            "line 3 names the field 'f1' again (line 2",
        ),
        (
            "condition,well,measured,true",
            ["a,A1,1,2", "a,a1,3,4", "b,B1,3,4"],
            "'well' has 'A1' (line 2, 1 in all) and 'a1'",
        ),
        (
            "condition,well,measured,true",
            ["a,A1,1,2", "a,A1,3,4", "b,B1,3,4", "b,B2,1,1"],
            "'a' has one independent replicate, a well (2 lines)",
        ),
        (
            "condition,well,measured,true",
            ["a,,1,2", "a,A1,3,4", "b,B1,3,4"],
            "line 2: 'well' is empty (1 of 3 lines)",
        ),
    ],
)
def test_bad_headings_and_names_are_one_line(run, tmp_path, head, lines, said):
    assert said in refused(run, write(tmp_path / "t.csv", lines, head))


def test_files_that_are_no_tables_are_refused(run, tmp_path):
    assert "no such file" in refused(run, tmp_path / "no.csv")
    assert "is a folder" in refused(run, tmp_path)
    (tmp_path / "t.xlsx").write_bytes(b"PK\x03\x04rest")
    assert "save it as CSV" in refused(run, tmp_path / "t.xlsx")
    (tmp_path / "e.csv").write_text("\n# a remark\n")
    assert "is empty" in refused(run, tmp_path / "e.csv")


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("condition;measured;true\na;12,5;10\na;10;10\nb;9,25;10\nb;8;10\n", 12.5),
        ("condition;measured;true\na;1.012,5;10\na;10;10\nb;9,25;10\nb;8;10\n", 1012.5),
        ('condition,measured,true\na,"1,234.5",10\na,10,10\nb,9,10\nb,8,10\n', 1234.5),
        ('condition,measured,true\na,"1,234",10.5\na,10,10\nb,9,10\nb,8,10\n', 1234),
        ("condition,measured,true\na,1 234,10\na,10,10\nb,9,10\nb,8,10\n", 1234),
        ("sep=;\ncondition;measured;true\n# a remark\na;1'234;10\na;10;10\nb;9;10\nb;8;10\n", 1234),
        ("\ufeffcondition,measured,true\n a ,1e3,10\na,10,10\nb,9,10\nb,8,10\n", 1000),
    ],
)
def test_numbers_that_can_be_read_in_one_way_are_read_and_told(run, tmp_path, text, first):
    table = tmp_path / "t.csv"
    for encoding in ("utf-8", "utf-16"):
        if encoding == "utf-16" and text[0] == "\ufeff":
            continue
        table.write_text(text, encoding=encoding)
        content, _ = judged(run, table, "--of", "a")
        assert content["replicates"][0]["measured"] == first
        assert any("not plainly written" in note for note in content["notes"]) == ("1e3" not in text)


def test_what_may_be_wrong_is_noted(run, tmp_path):
    rows = fields({"control": 0.1, "treated": 1.0}, spread=0.0)
    content, _ = judged(run, write(tmp_path / "t.csv", plain(rows)))
    assert any("control: measured numbers are about 0.1" in n for n in content["notes"])
    content, _ = judged(run, write(tmp_path / "v.csv", [*SOME, "a,10,11"]))
    assert any(
        "1 lines repeat another line's numbers (line 6 those of line 2)" in n for n in content["notes"]
    )


def label_image(n):
    labels = np.zeros((40, 80), np.uint16)
    for i in range(n):
        y, x = divmod(i, 8)
        labels[2 + 10 * y : 8 + 10 * y, 2 + 10 * x : 8 + 10 * x] = i + 1
    return labels


def labels_in(path, counts):
    path.mkdir()
    for i, n in enumerate(counts):
        tifffile.imwrite(path / f"f{i}.tif", label_image(n))


def commands():
    """Command lines of the book about differences."""
    text = "".join(page.read_text(encoding="utf-8") for page in BOOK)
    found = re.findall(r"^scopecheck (score .+)$", text, re.MULTILINE)
    return [line for line in found if "score contrast" in line or "--against" in line]


def test_the_book_shows_both(run):
    assert sum("score contrast" in line for line in commands()) >= 3
    assert any("--against" in line for line in commands())


@pytest.mark.parametrize("line", commands())
def test_the_command_lines_of_the_book_work(score, tmp_path, monkeypatch, line):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(6)
    made = []
    for condition in ("control", "low dose", "treated"):
        for animal in range(6):
            for well in range(2):
                true = rng.integers(60, 140)
                made.append(f"{condition},m{animal},w{well},{true + rng.integers(-2, 3)},{true}")
    write(tmp_path / "fields.csv", made, "condition,animal,well,measured,true")
    for name, less in (("cyto2", 1), ("cyto3", 0), ("truth", 0)):
        labels_in(tmp_path / name, [20 + i - less for i in range(6)])
    words = shlex.split(line)
    assert words[0] == "score"
    status, out, err = score(*words[1:])
    assert (status, err.strip()) == (0, "")
    assert "verdict" in out


def test_where_little_is_measured_the_ratio_is_judged_as_it_is_published(run, tmp_path):
    made = plain(fields({"treated": 0.02, "control": 0.06}, truth=1000))
    table = write(tmp_path / "few.csv", made)
    _, rows = judged(run, table, "--of", "treated", "--over", "control", "--tolerance", "0.1")
    row = rows["treated over control"]
    assert row["verdict"] == "FAILS"
    assert row["bias"] == pytest.approx(-2 / 3, abs=0.02)
    lost = [line.replace(line.split(",")[1], "0") if k % 2 else line for k, line in enumerate(made)]
    said = refused(run, write(tmp_path / "lost.csv", lost), "--of", "treated", "--over", "control")
    assert "condition 'treated': nothing was measured in" in said
    assert "use --estimand pooled or --scale absolute" in said
