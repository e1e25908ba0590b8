"""`scopecheck correct`: what it answers, and what it refuses with one line and status 2."""

import json
import os

import numpy as np
import pytest
import tifffile

pytest.importorskip("ppi_py")


N, SHOWN = 60, 12


@pytest.fixture
def correct(scopecheck):
    """Call `scopecheck correct`."""
    return lambda *arguments: scopecheck("correct", *arguments)


def numbers(seed=5):
    rng = np.random.default_rng(seed)
    y = rng.normal(100, 25, N).round(1)
    return y, (0.8 * y + rng.normal(0, 5, N)).round(1), rng.choice(N, SHOWN, replace=False)


def table(path, rows, heads=("field", "count"), sep=","):
    path.write_text("\n".join(sep.join(map(str, row)) for row in [heads, *rows]) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def study(tmp_path):
    """A study of 60 fields in two plates, of which 12 were annotated."""
    y, f, at = numbers()
    rows = [(f"f{i:03d}", "AB"[i % 2], f[i], 2 * y[i]) for i in range(N)]
    tool = table(tmp_path / "tool.csv", rows, ("field", "plate", "count", "brightness"))
    truth = table(tmp_path / "truth.csv", [(f"f{i:03d}", y[i]) for i in at])
    return tool, truth


def asked(correct, *arguments):
    status, out, err = correct(*arguments, "--json")
    assert (status, err) == (0, "")
    return json.loads(out)


USUAL = ("--value", "count", "--chosen", "random")


def test_it_gives_what_the_judge_gives_and_says_what_it_is(correct, study):
    from scopecheck.judge.correction import corrected

    y, f, at = numbers()
    told = asked(correct, *study, *USUAL, "--half-width", "2%", "--known", "brightness")
    answer = corrected(f, at, y[at])
    (row,) = told["rows"]
    assert (row["corrected"], row["interval"]) == (answer.value, list(answer.interval))
    assert (row["n"], row["fields"], row["as_good_as"]) == (SHOWN, N, answer.equivalent)
    assert row["interval"][0] < y.mean() < row["interval"][1]
    assert row["further"] == answer.further(0.02 * answer.value) == len(told["next"])
    assert told["exchangeable"]["known"] == ["count", "brightness"]
    assert not set(told["next"]) & {f"f{i:03d}" for i in at}
    status, out, err = correct(*study, *USUAL, "--half-width", "2%")
    assert (status, err) == (0, "")
    words = " ".join(out.split())
    assert "The numbers are those of these fields." in words
    assert f"takes {row['further']} further annotated field" in words
    assert "as good as" in words
    assert "no alarm" in words


def test_one_table_with_a_column_of_truths_gives_the_same(correct, study, tmp_path):
    y, f, at = numbers()
    rows = [(f"f{i:03d}", f[i], y[i] if i in at else "") for i in range(N)]
    one = table(tmp_path / "one.csv", rows, ("field", "count", "by hand"))
    told = asked(correct, one, *USUAL, "--truth-value", "by hand")
    assert told["rows"][0]["corrected"] == pytest.approx(
        asked(correct, *study, *USUAL)["rows"][0]["corrected"]
    )


def test_conditions_are_corrected_alone_and_together(correct, tmp_path):
    y, f, _ = numbers()
    f[1::2] += 30
    tool = table(
        tmp_path / "c.csv", [(f"f{i}", "ab"[i % 2], f[i]) for i in range(N)], ("field", "drug", "count")
    )
    truth = table(tmp_path / "t.csv", [(f"f{i}", y[i]) for i in range(20)])
    told = asked(correct, tool, truth, *USUAL, "--condition", "drug")
    names = [row["condition"] for row in told["rows"]]
    assert names == ["a", "b", "all fields"]
    a, b, both = (row["corrected"] for row in told["rows"])
    assert both == pytest.approx((a + b) / 2, abs=1)
    assert told["rows"][2]["strata"] == 2
    own = "Each row is estimated on its own, with a weight of its own for the tool"
    assert sum(note.startswith(own) for note in told["notes"]) == 1
    _, out, _ = correct(tool, truth, *USUAL, "--condition", "drug")
    assert own in " ".join(out.split())
    assert not any(note.startswith(own) for note in asked(correct, tool, truth, *USUAL)["notes"])


def test_a_ratio_is_that_of_two_sums(correct, tmp_path):
    y, f, at = numbers()
    heads = ("field", "positive", "cells")
    tool = table(tmp_path / "c.csv", [(f"f{i}", 0.25 * f[i], f[i]) for i in range(N)], heads)
    truth = table(tmp_path / "t.csv", [(f"f{i}", 0.25 * y[i], y[i]) for i in at], heads)
    told = asked(correct, tool, truth, "--chosen", "random", "--value", "positive", "--per", "cells")
    assert told["rows"][0]["estimand"] == "pooled ratio"
    assert told["rows"][0]["corrected"] == pytest.approx(0.25)
    assert told["rows"][0]["unit"] == ""


def areas(tmp_path, unit, true_unit, times=1.0):
    """Counts, and areas that the truth gives `times` as large; and what `correct` is asked."""
    y, f, at = numbers()
    own = np.random.default_rng(1).normal(5000, 300, N).round(1)
    rows = [(f"f{i}", f[i], own[i]) for i in range(N)]
    tool = table(tmp_path / "c.csv", rows, ("field", "count", f"area{unit}"))
    rows = [(f"f{i}", y[i], round(times * own[i], 1)) for i in at]
    truth = table(tmp_path / "t.csv", rows, ("field", "count", f"area{true_unit}"))
    return tool, truth, *USUAL, "--per", "area"


def test_units_below_the_line_have_to_agree(correct, tmp_path):
    status, out, err = correct(*areas(tmp_path, " [um^2]", " [px^2]", 9.46))
    assert (status, out) == (2, "")
    assert "t.csv: column 'area [px^2]' is in px^2, but 'area [um^2]' of" in err
    told = asked(correct, *areas(tmp_path, " [um^2]", " [µm²]"))
    assert told["rows"][0]["unit"] == "count/um^2"
    told = asked(correct, *areas(tmp_path, "", " [um^2]"))
    assert told["rows"][0]["unit"] == "count/um^2"
    assert any("'area' of c.csv names no unit, and 'area [um^2]' of t.csv um^2" in x for x in told["notes"])


def test_numbers_below_the_line_that_look_like_another_unit_are_refused(correct, tmp_path):
    given = areas(tmp_path, "", "", 9.46)
    status, out, err = correct(*given)
    said = "the truth of 'area', below the line, is 9.46 times the tool's number in every field, as where"
    assert (status, out) == (2, "")
    assert said in err
    assert "Give both in one unit" in err
    told = asked(correct, *given, "--as-given")
    assert any(said in note and note.endswith("taken as given.") for note in told["notes"])
    tool, truth = rows_of(other_unit)
    heads = ("field", "count", "cells")
    tool = table(tmp_path / "a.csv", [(*row, 7) for row in tool], heads)
    truth = table(tmp_path / "b.csv", [(*row, 7) for row in truth], heads)
    status, _, err = correct(tool, truth, *USUAL, "--per", "cells")
    assert status == 2
    assert "the truth is 0.13 times the tool's number in every field" in err


def test_a_ratio_of_label_images_bears_both_units(correct, tmp_path):
    for name in ("tool", "true"):
        (tmp_path / name).mkdir()
    for i in range(8):
        picture = np.zeros((40, 40), np.uint16)
        for k in range(3 + i % 3):
            picture[8 * k : 8 * k + 5, 2 : 8 + i % 2] = k + 1
        tifffile.imwrite(tmp_path / "true" / f"f{i}.tif", picture)
        picture[picture == 3] = 0
        tifffile.imwrite(tmp_path / "tool" / f"f{i}.tif", picture)
    given = (tmp_path / "tool", tmp_path / "true", *USUAL, "--per", "total_area")
    told = asked(correct, *given)
    assert told["rows"][0]["unit"] == "objects/px^2"
    assert told["rows"][0]["corrected"] == pytest.approx(1 / 32.5, rel=0.02)
    _, out, _ = correct(*given)
    assert "count over total_area, objects/px^2" in " ".join(out.split())


@pytest.mark.parametrize(
    ("heads", "name", "extra"),
    [
        (("ImageNumber", "FileName_DNA", "Count_Nuclei"), "{i},img{i:03d}.tif", ("--value", "Count_Nuclei")),
        ((" ", "Slice", "Count"), "{i},img{i:03d}.tif", ()),
        (("Image", "Name", "Num Detections"), "img{i:03d}.tif,PathAnnotationObject", ()),
    ],
)
def test_tables_of_cellprofiler_fiji_and_qupath(correct, tmp_path, heads, name, extra):
    y, f, at = numbers()
    tool = table(tmp_path / "c.csv", [(name.format(i=i), f[i]) for i in range(N)], heads)
    truth = table(tmp_path / "t.csv", [(f"img{i:03d}", y[i]) for i in at], ("field", "n"))
    extra = extra or ("--value", heads[-1])
    told = asked(correct, tool, truth, "--chosen", "random", *extra, "--truth-field", "field")
    assert told["rows"][0]["n"] == SHOWN
    assert any(note.startswith("Fields pair by names") or "equal names" in note for note in told["notes"])


def test_semicolons_decimal_commas_a_bom_and_utf16(correct, tmp_path):
    y, f, at = numbers()
    plain = asked(
        correct,
        table(tmp_path / "a.csv", [(f"f{i}", f[i]) for i in range(N)]),
        table(tmp_path / "b.csv", [(f"f{i}", y[i]) for i in at]),
        *USUAL,
    )

    def comma(x):
        return f"{x:.1f}".replace(".", ",")

    tool = table(tmp_path / "c.csv", [(f"f{i}", comma(f[i])) for i in range(N)], sep=";")
    truth = table(tmp_path / "d.csv", [(f"f{i}", comma(y[i])) for i in at], sep="\t")
    tool.write_text(tool.read_text("utf-8"), encoding="utf-8-sig")
    truth.write_text(truth.read_text("utf-8"), encoding="utf-16")
    told = asked(correct, tool, truth, *USUAL)
    assert told["rows"] == plain["rows"]
    assert sum("comma is read as the decimal sign" in note for note in told["notes"]) == 2


def test_signs_of_thousands(correct, tmp_path):
    y, f, at = numbers()
    tool = table(tmp_path / "c.csv", [(f"f{i}", f'"{1e5 * f[i]:,.1f}"') for i in range(N)])
    truth = table(tmp_path / "d.csv", [(f"f{i}", f"{1e5 * y[i]:,.0f}".replace(",", "'")) for i in at])
    told = asked(correct, tool, truth, *USUAL)
    assert told["rows"][0]["uncorrected"] == pytest.approx(1e5 * f.mean())
    assert any("sign of thousands" in note for note in told["notes"])


def test_label_images_are_measured_as_score_labels_does(correct, tmp_path):
    rng = np.random.default_rng(3)
    for folder in ("pred", "gt", "grey"):
        (tmp_path / folder).mkdir()
    truths = rng.integers(20, 60, 20)
    for i, count in enumerate(truths):
        for folder, k in (("pred", int(0.8 * count)), ("gt", count)):
            labels = np.zeros(32 * 64, np.uint16)
            labels[: 16 * k : 16] = np.arange(1, k + 1)
            if folder == "pred" or i % 2 == 0:
                tifffile.imwrite(tmp_path / folder / f"img{i}_{folder}.tif", labels.reshape(32, 64))
        tifffile.imwrite(tmp_path / "grey" / f"img{i}.tif", rng.poisson(50, (32, 64)).astype(np.uint16))
    told = asked(
        correct, tmp_path / "pred", tmp_path / "gt", "--chosen", "random", "--image", tmp_path / "grey"
    )
    (row,) = told["rows"]
    assert (row["n"], row["fields"], row["unit"]) == (10, 20, "objects")
    assert row["interval"][0] <= truths.mean() <= row["interval"][1]
    assert told["exchangeable"]["known"] == ["count", "brightness", "sharpness", "noise"]
    area = asked(
        correct,
        tmp_path / "pred",
        tmp_path / "gt",
        "--chosen",
        "random",
        "--value",
        "total_area",
        "--per",
        "count",
    )
    assert area["rows"][0]["corrected"] == pytest.approx(1)  # each object is one pixel


@pytest.fixture
def families(tmp_path):
    """Cells of 8 x 8 pixels with planted spots of one pixel; the tool misses one spot in each cell."""
    rng = np.random.default_rng(11)
    each = rng.integers(2, 9, (20, 6))
    for folder in ("cells", "true_cells", "spots", "true_spots"):
        (tmp_path / folder).mkdir()
    for i, spots in enumerate(each):
        cells, kids = np.zeros((10, 60), np.uint16), {"spots": None, "true_spots": None}
        for k in range(6):
            cells[1:9, 10 * k + 1 : 10 * k + 9] = k + 1
        for folder, fewer in (("spots", 1), ("true_spots", 0)):
            kids[folder] = np.zeros_like(cells)
            for k, n in enumerate(spots - fewer):
                for j in range(n):
                    kids[folder][2 + 2 * (j // 4), 10 * k + 1 + 2 * (j % 4)] = 10 * k + 1 + j
        kids["spots"][0, 0] = 999  # in no cell
        tifffile.imwrite(tmp_path / "cells" / f"f{i}.tif", cells)
        tifffile.imwrite(tmp_path / "spots" / f"f{i}.tif", kids["spots"])
        if i % 2:
            tifffile.imwrite(tmp_path / "true_cells" / f"f{i}.tif", cells)
            tifffile.imwrite(tmp_path / "true_spots" / f"f{i}.tif", kids["true_spots"])
    return tmp_path, each


def test_children_per_parent_are_corrected(correct, families):
    """As a table of the planted numbers of each field is; in all fields a cell lacks one spot."""
    folder, each = families
    cells = (folder / "cells", folder / "true_cells", "--chosen", "random")
    kids = ("--children", folder / "spots", "--truth-children", folder / "true_spots")
    told = asked(correct, *cells, *kids)
    (row,) = told["rows"]
    assert (told["value"], row["unit"], row["n"]) == ("children_per_parent", "children a parent", 10)
    mean = each.mean(axis=1)
    tool = table(folder / "tool.csv", [(f"f{i}", repr(float(m - 1))) for i, m in enumerate(mean)])
    truth = table(folder / "truth.csv", [(f"f{i}", repr(float(mean[i]))) for i in range(1, 20, 2)])
    (planted,) = asked(correct, tool, truth, *USUAL)["rows"]
    assert row["corrected"] == pytest.approx(planted["corrected"])
    assert row["interval"] == pytest.approx(planted["interval"])
    assert row["interval"][0] <= each.mean() <= row["interval"][1]
    assert row["uncorrected"] == pytest.approx(each.mean() - 1)
    assert any("20 children lie in no parent" in note for note in told["notes"])
    pooled = asked(correct, *cells, *kids, "--value", "children", "--per", "count")
    assert pooled["rows"][0]["corrected"] == pytest.approx(row["corrected"])  # six cells in every field


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--children", "spots"), "--children: the tool's and true ones are needed"),
        (("--value", "children"), "--value children: give --children and --truth-children"),
        (("--children", "spots", "--truth-children", "none"), "none: no such folder"),
        (("--children", "true_spots", "--truth-children", "spots"), "no file of children for 10 of 20"),
        (
            ("--children", "spots", "--truth-children", "true_spots", "--value", "count"),
            "does not ask for them",
        ),
        (
            ("--children", "spots", "--truth-children", "true_spots", "--border", "drop"),
            "made for --border keep",
        ),
    ],
)
def test_children_that_do_not_fit_end_with_2(correct, families, monkeypatch, more, said):
    monkeypatch.chdir(families[0])
    status, out, err = correct("cells", "true_cells", "--chosen", "random", *more)
    assert (status, out) == (2, "")
    assert said in err


def test_a_field_without_parents_has_no_children_a_parent(correct, families):
    folder, _ = families
    tifffile.imwrite(folder / "cells" / "f0.tif", np.zeros((10, 60), np.uint16))
    kids = ("--children", folder / "spots", "--truth-children", folder / "true_spots")
    status, _, err = correct(folder / "cells", folder / "true_cells", "--chosen", "random", *kids)
    assert status == 2
    assert "f0.tif: holds no parent" in err
    assert "--value children --per count" in err


def test_fields_picked_by_eye_are_refused_and_strata_may_mend_it(correct, tmp_path):
    y, f, _ = numbers()
    order = np.argsort(f)
    tool = table(tmp_path / "c.csv", [(f"f{i}", f[i]) for i in range(N)])
    dense = table(tmp_path / "d.csv", [(f"f{i}", y[i]) for i in order[-10:]])
    for chosen in ("random", "hand"):
        status, _, err = correct(tool, dense, "--value", "count", "--chosen", chosen)
        assert status == 2
        assert "no random sample by 'count': it is higher" in err
        assert "--strata 3" in err
    status, _, err = correct(tool, dense, *USUAL, "--strata", 3)
    assert status == 2
    assert "stratum part 1 has 0 annotated fields" in err
    told = asked(correct, tool, dense, *USUAL, "--as-given")
    assert told["exchangeable"]["alarm"]
    assert any(note.startswith("Taken as given, though") for note in told["notes"])
    more = [*order[41::2], *order[2:20:4], *order[22:40:4]]  # dense ones are still too many
    mixed = table(tmp_path / "m.csv", [(f"f{i}", y[i]) for i in more])
    told = asked(correct, tool, mixed, *USUAL, "--strata", 3)
    assert told["rows"][0]["strata"] == 3
    row = told["rows"][0]
    assert abs(row["corrected"] - y.mean()) < abs(row["uncorrected"] - y.mean()) / 3


def test_chosen_by_hand_is_said_in_capitals_and_few_fields_are_warned_of(correct, study, tmp_path):
    tool, truth = study
    told = asked(correct, tool, truth, "--value", "count", "--chosen", "hand")
    assert any(note.startswith("NOT A RANDOM SAMPLE") for note in told["notes"])
    few = tmp_path / "few.csv"
    few.write_text("\n".join(truth.read_text("utf-8").splitlines()[:6]) + "\n", encoding="utf-8")
    told = asked(correct, tool, few, *USUAL)
    assert any("fewer than 8 annotated fields" in note for note in told["notes"])
    assert not any("fewer than 8" in note for note in asked(correct, tool, truth, *USUAL)["notes"])


def test_a_field_far_from_all_others_is_named(correct, tmp_path):
    y, f, at = numbers()
    odd = next(i for i in range(N) if i not in at)
    f[odd] = 2
    truth = table(tmp_path / "t.csv", [(f"f{i}", y[i]) for i in at])
    told = asked(correct, table(tmp_path / "c.csv", [(f"f{i}", f[i]) for i in range(N)]), truth, *USUAL)
    assert any(
        note.startswith(f"1 field (f{odd}): the tool's number is less than 1/5") for note in told["notes"]
    )
    own = [(f"f{i}", f[i], "odd" if i == odd else "rest") for i in range(N)]
    tool = table(tmp_path / "s.csv", own, ("field", "count", "kind"))
    truth = table(tmp_path / "t.csv", [(f"f{i}", y[i]) for i in [*at, odd]])
    told = asked(correct, tool, truth, *USUAL, "--strata", "kind")
    assert told["rows"][0]["strata"] == 2
    assert not any("less than 1/5" in note for note in told["notes"])


def test_a_population_is_wider_and_has_no_total(correct, study):
    narrow, wide = (
        asked(correct, *study, *USUAL, "--scope", scope)["rows"][0] for scope in ("study", "population")
    )
    assert narrow["corrected"] == wide["corrected"]
    assert wide["half_width"] > narrow["half_width"]
    status, _, err = correct(*study, *USUAL, "--scope", "population", "--estimand", "total")
    assert status == 2
    assert "no total" in err


@pytest.mark.parametrize("where", ["tool", "truth", "names"])
def test_fields_that_share_wells_do_not_stand_for_a_population(correct, tmp_path, where):
    y, f, at = numbers()
    name = "p1_A0{w}_s{i}" if where == "names" else "f{i}"
    names = [name.format(i=i, w=1 + i // 10) for i in range(N)]
    heads = [("field", "Metadata_Well" if where == side else "x", "count") for side in ("tool", "truth")]
    tool = table(tmp_path / "c.csv", [(names[i], f"w{i // 10}", f[i]) for i in range(N)], heads[0])
    truth = table(tmp_path / "t.csv", [(names[i], f"w{i // 10}", y[i]) for i in at], heads[1])
    assert asked(correct, tool, truth, *USUAL)["rows"][0]["n"] == SHOWN
    status, out, err = correct(tool, truth, *USUAL, "--scope", "population")
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert "no independent draws from a population" in err
    assert ("names hold 6 wells" if where == "names" else "column 'Metadata_Well' names") in err
    told = asked(correct, tool, truth, *USUAL, "--scope", "population", "--as-given")
    assert any(note.startswith("Taken as given, though") for note in told["notes"])


def test_each_condition_is_given_the_fields_that_its_own_number_needs(correct, tmp_path):
    rng = np.random.default_rng(2)
    y = rng.normal(100, 20, 400)
    drugs = ["drug"] * 100 + ["ctrl"] * 300
    noise = np.where(np.arange(400) < 100, 18, 2) * rng.standard_normal(400)
    at = {*rng.choice(100, 12, False).tolist(), *(100 + rng.choice(300, 40, False)).tolist()}
    rows = [
        (f"{drugs[i]}{i}", drugs[i], f"{y[i] + noise[i]:.1f}", f"{y[i]:.1f}" if i in at else "", "ab"[i % 2])
        for i in range(400)
    ]
    path = table(tmp_path / "c.csv", rows, ("field", "cond", "count", "by_hand", "plate"))
    given = (path, *USUAL, "--truth-value", "by_hand", "--condition", "cond", "--as-given", "--half-width")
    for more in ((), ("--strata", "plate")):
        told = asked(correct, *given, "4%", *more)
        needs = {row["condition"]: row["further"] for row in told["rows"]}
        assert needs["drug"] > 5
        assert needs["ctrl"] == 0
        assert len(told["next"]) == len(set(told["next"])) == needs["drug"]
        assert all(name.startswith("drug") and int(name[4:]) not in at for name in told["next"])
    both = asked(correct, *given, "0.5%")
    needs = {row["condition"]: row["further"] for row in both["rows"]}
    held = [sum(name.startswith(one) for name in both["next"]) for one in ("drug", "ctrl")]
    assert held[0] >= needs["drug"]
    assert held[1] >= needs["ctrl"] > 0


@pytest.mark.parametrize("met", [0, 1, 4, 5])
def test_rare_events_are_warned_of_beside_the_interval(correct, tmp_path, met):
    true = [1 if i < met else 0 for i in range(30)]
    rows = [(f"f{i}", int(i < met or i % 12 == 11), true[i] if i < 30 else "") for i in range(200)]
    path = table(tmp_path / "c.csv", rows, ("field", "count", "by_hand"))
    given = (path, *USUAL, "--truth-value", "by_hand", "--as-given", "--half-width", "0.05")
    doubt = asked(correct, *given)["rows"][0]["doubt"]
    told = (
        "no annotated field of 30 has"
        if not met
        else f"{met} of 30 annotated fields {'has' if met == 1 else 'have'}"
    )
    assert doubt.startswith(f"{told} another true number than 0") if met < 5 else doubt == ""
    words = " ".join(correct(*given)[1].split())
    assert ("DOUBTFUL INTERVAL, all fields:" in words) == (met < 5)


def test_a_width_of_nothing_is_not_said_to_be_reached(correct, tmp_path):
    rows = [(f"f{i}", int(i % 20 == 19), 0 if i < 19 else "") for i in range(100)]
    path = table(tmp_path / "c.csv", rows, ("field", "count", "by_hand"))
    given = (path, "--value", "count", "--truth-value", "by_hand", "--chosen", "random", "--as-given")
    told = asked(correct, *given, "--half-width", "0.05")
    assert (told["rows"][0]["half_width"], told["rows"][0]["further"], len(told["next"])) == (0, None, 5)
    words = " ".join(correct(*given, "--half-width", "0.05")[1].split())
    assert "cannot be told: nothing varies among the annotated fields" in words
    assert "is reached." not in words


def rows_of(change):
    """The study's two tables, changed; each a list of (field, count)."""
    y, f, at = numbers()
    tool, truth = [[f"f{i:03d}", f[i]] for i in range(N)], [[f"f{i:03d}", y[i]] for i in at]
    change(tool, truth)
    return tool, truth


def drop(tool, truth):
    del truth[2:]


def stranger(tool, truth):
    truth[0][0] = "f999"


def almost(tool, truth):
    truth[0][0] = "g" + truth[0][0][1:]


def twice(tool, truth):
    truth.append(list(truth[0]))


def twice_in_study(tool, truth):
    tool.append(list(tool[3]))


def objects(tool, truth):
    tool *= 3


def no_number(tool, truth):
    tool[4][1] = "NaN"


def empty(tool, truth):
    tool[4][1] = ""


def infinite(tool, truth):
    truth[1][1] = "inf"


def word(tool, truth):
    tool[4][1] = "n/a"


def sentinel(tool, truth):
    tool[4][1] = -1


def huge(tool, truth):
    tool[4][1] = "1e308"


def huge_truth(tool, truth):
    truth[1][1] = "-1e400"


def other_unit(tool, truth):
    for row in truth:
        row[1] = next(t[1] for t in tool if t[0] == row[0]) * 0.1296


def open_comma(tool, truth):
    for row in tool:
        row[1] = f'"1,{int(row[1]) + 100}"'


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (drop, "2 annotated fields; expected 3 or more, drawn at random from the 60"),
        (stranger, "1 of 12 annotated fields (f999) are not in the study"),
        (almost, "a near name is never taken for the same"),
        (twice, "stands 2 times in column 'field'"),
        (twice_in_study, "field 'f003' stands 2 times in column 'field'"),
        (objects, "a row an object"),
        (no_number, "line 6 (field 'f004'): 'count' is NaN, no number (1 of 60 lines)"),
        (empty, "line 6 (field 'f004'): 'count' is empty, no number"),
        (infinite, "'count' is inf, no number (1 of 12 lines)"),
        (word, "'count' is n/a, no number"),
        (sentinel, "is -1 in 1 of 60 fields and else never below 0"),
        (
            huge,
            "line 6 (field 'f004'): 'count' is 1e308, above 1e50, which no measurement gives (1 of 60 lines)",
        ),
        (huge_truth, "'count' is -1e400, above 1e50, which no measurement gives (1 of 12 lines)"),
        (other_unit, "the truth is 0.13 times the tool's number in every field, as where the units differ"),
        (open_comma, "thousands or decimals? Say --decimal comma or --decimal point"),
    ],
)
def test_bad_tables_end_with_2_and_one_line(correct, tmp_path, change, said):
    tool, truth = rows_of(change)
    status, out, err = correct(
        table(tmp_path / "c.csv", tool),
        table(tmp_path / "d.csv", truth),
        "--value",
        "count",
        "--chosen",
        "random",
    )
    assert (status, out) == (2, "")
    assert said in err
    assert err.startswith("scopecheck: ")
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((*USUAL, "--children", "x", "--truth-children", "y"), "--children: is for folders"),
        (("--value", "count"), "--chosen: say how the annotated fields were chosen"),
        ((*USUAL[:3], "eye"), "--chosen: 'eye' is not known"),
        (("--chosen", "random", "--value", "cuont"), "did you mean 'count'?"),
        (("--chosen", "random"), "name the one that is meant with --value"),
        ((*USUAL, "--field", "well"), "has no column 'well', --field; its headings are field, plate"),
        ((*USUAL, "--half-width", "-3"), "--half-width: '-3'; expected 5%"),
        ((*USUAL, "--half-width", "five"), "--half-width: 'five'"),
        ((*USUAL, "--strata", "1"), "--strata: 1; expected 2 to 30 parts"),
        ((*USUAL, "--estimand", "ratio"), "needs --per"),
        ((*USUAL, "--per", "plate"), "has no column 'plate', --per"),
        ((*USUAL, "--image", "x"), "--image: is for folders"),
        ((*USUAL, "--known", "plate"), "'plate' is 'A', no number"),
        ((*USUAL, "--decimal", "dot"), "--decimal: 'dot' is not known"),
    ],
)
def test_bad_options_end_with_2(correct, study, arguments, said):
    import re

    status, out, err = correct(*study, *arguments)
    assert (status, out) == (2, "")
    assert re.search(said.replace("?", r"\?"), err), err


def test_a_condition_without_truth_is_named(correct, tmp_path):
    y, f, _ = numbers()
    tool = table(
        tmp_path / "c.csv", [(f"f{i}", "ab"[i >= 40], f[i]) for i in range(N)], ("field", "drug", "count")
    )
    truth = table(tmp_path / "t.csv", [(f"f{i}", y[i]) for i in range(0, 40, 4)])
    status, _, err = correct(tool, truth, *USUAL, "--condition", "drug", "--as-given")
    assert status == 2
    assert "condition 'b' has no annotated fields of 20" in err


def test_units_in_headings_have_to_agree(correct, tmp_path):
    y, f, at = numbers()
    tool = table(tmp_path / "c.csv", [(f"f{i}", f[i]) for i in range(N)], ("field", "area (px^2)"))
    for heading, status in (("area (um^2)", 2), ("area_px2", 0), ("area", 0)):
        truth = table(tmp_path / "t.csv", [(f"f{i}", y[i]) for i in at], ("field", heading))
        got, out, err = correct(tool, truth, "--chosen", "random")
        assert got == status
        assert ("is in um^2, but 'area (px^2)'" in err) == (status == 2)
        assert ("taken for one unit" in " ".join(out.split())) == (heading == "area")


OBJECTS = ("ImageNumber", "ObjectNumber", "AreaShape_Area")


def of_objects(tmp_path, drug="Metadata_Drug"):
    """Tables of objects of the tool and of the truth's 12 fields, and that of all fields."""
    y, f, at = numbers()
    f[3] = 0
    counts = f.astype(int), y.astype(int)
    rows = [(i + 1, j + 1, 20) for i in range(N) for j in range(counts[0][i])]
    tool = table(tmp_path / "tool.csv", rows, OBJECTS)
    rows = [(i + 1, j + 1, 21) for i in sorted(at) for j in range(counts[1][i])]
    truth = table(tmp_path / "by_hand.csv", rows, OBJECTS)
    rows = [(i + 1, "ab"[i % 2], f'"{y[i]:.1f}"'.replace(".", ",")) for i in range(N)]
    every = table(tmp_path / "Image.csv", rows, ("ImageNumber", drug, "brightness"))
    return tool, truth, every, *counts, at


def test_a_truth_of_objects_is_taken_for_the_fields_that_it_names(correct, tmp_path):
    from scopecheck.judge.correction import corrected

    tool, truth, every, f, y, at = of_objects(tmp_path)
    given = ("--all-fields", every, "--chosen", "random")
    told = asked(correct, tool, truth, *given)
    row, answer = told["rows"][0], corrected(f, np.sort(at), y[np.sort(at)])
    assert (row["n"], row["fields"], row["unit"]) == (SHOWN, N, "objects")
    assert row["corrected"] == pytest.approx(answer.value)
    words = " ".join(told["notes"])
    assert "by_hand.csv: names 12 fields; these are taken for annotated, and no others." in words
    assert "give the truth as a table of numbers per field, in which it has a 0" in words
    assert "tool.csv: 1 of 60 fields have no object (4)" in words
    alone = table(tmp_path / "t.csv", [(i + 1, y[i]) for i in at], ("ImageNumber", "count"))
    plain = asked(correct, tool, alone, *given)
    assert plain["rows"][0]["corrected"] == pytest.approx(row["corrected"])
    assert "taken for annotated" not in " ".join(plain["notes"])
    total = asked(correct, tool, truth, *given, "--value", "total:AreaShape_Area")
    assert total["rows"][0]["annotated_alone"] == pytest.approx(21 * y[at].mean())


def test_a_truth_of_objects_beside_numbers_per_field_says_which_number(correct, tmp_path):
    _, truth, _, f, y, at = of_objects(tmp_path)
    tool = table(tmp_path / "c.csv", [(i + 1, f[i]) for i in range(N)], ("ImageNumber", "count"))
    status, _, err = correct(tool, truth, *USUAL)
    assert status == 2
    assert "expected --truth-value count, total:COLUMN or mean:COLUMN" in err
    told = asked(correct, tool, truth, *USUAL, "--truth-value", "count")
    assert told["rows"][0]["annotated_alone"] == pytest.approx(y[at].mean())
    rows = [(i + 1, y[i] + k) for i in at for k in range(3)]  # three annotators are no objects
    for given in ((), ("--truth-value", "count")):
        status, _, err = correct(tool, table(tmp_path / "t.csv", rows, ("field", "count")), *USUAL, *given)
        assert status == 2


def test_the_condition_of_a_table_of_objects_is_that_of_its_fields(correct, tmp_path):
    tool, _, every, f, y, _ = of_objects(tmp_path)
    truth = table(tmp_path / "t.csv", [(i + 1, y[i]) for i in range(20)], ("ImageNumber", "count"))
    given = (tool, truth, "--all-fields", every, "--chosen", "random", "--as-given")
    told = asked(correct, *given, "--condition", "Metadata_Drug", "--known", "brightness")
    assert [row["condition"] for row in told["rows"]] == ["a", "b", "all fields"]
    assert [row["fields"] for row in told["rows"]] == [30, 30, 60]
    assert told["rows"][1]["uncorrected"] == pytest.approx(f[1::2].mean())
    assert told["exchangeable"]["known"] == ["count", "brightness"]
    status, _, err = correct(*given, "--condition", "Drug")
    assert status == 2
    assert "Image.csv: has no column 'Drug'" in err
    assert "--condition; its headings are ImageNumber, Metadata_Drug, brightness." in err


def test_zeros_and_negative_numbers_count_and_are_told(correct, tmp_path):
    y, f, at = numbers()
    f[:5], y[:5] = 0, 0
    f[7], f[8] = -2.5, -3.5
    tool = table(tmp_path / "c.csv", [(f"f{i}", f[i]) for i in range(N)])
    truth = table(tmp_path / "t.csv", [(f"f{i}", y[i]) for i in at])
    notes = asked(correct, tool, truth, *USUAL)["notes"]
    assert any("is 0 in 5 of 60 fields" in note for note in notes)
    assert any("is below 0 in 2 of 60 fields" in note for note in notes)


@pytest.mark.parametrize("kind", ["missing", "folder", "workbook", "numbers", "ragged", "heads"])
def test_what_is_no_table(correct, tmp_path, study, kind):
    path = tmp_path / "x.csv"
    if kind == "folder":
        path.mkdir()
    elif kind == "workbook":
        path.write_bytes(b"PK\x03\x04....")
    elif kind != "missing":
        text = {"numbers": "1,2\n3,4\n", "ragged": "field,count\na,1,5\n", "heads": "field,count\n"}[kind]
        path.write_text(text, encoding="utf-8")
    status, out, err = correct(study[0], path, *USUAL)
    assert (status, out) == (2, "")
    assert str(path) in err


def test_very_many_rows(correct, tmp_path):
    rng, many = np.random.default_rng(0), 100_000 if os.environ.get("WEEKLY") else 20_000
    y = rng.normal(100, 25, many)
    tool = table(tmp_path / "c.csv", [(f"f{i:06d}", f"{v:.2f}") for i, v in enumerate(0.9 * y)])
    truth = table(tmp_path / "t.csv", [(f"f{i:06d}", f"{y[i]:.2f}") for i in rng.choice(many, 30, False)])
    (row,) = asked(correct, tool, truth, *USUAL)["rows"]
    assert row["fields"] == many
    assert abs(row["corrected"] - 100) < 1


def test_without_the_package_it_says_what_to_install(correct, study, monkeypatch):
    import scopecheck.score.correct as module

    monkeypatch.setattr(module, "find_spec", lambda name: None)
    status, out, err = correct(*study, *USUAL)
    assert (status, out) == (2, "")
    assert "pip install 'scopecheck[correct]'" in err


def book_lines():
    from pathlib import Path

    text = (Path(__file__).parents[2] / "book" / "own-few-truths.md").read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line.startswith("scopecheck correct ")]


@pytest.mark.parametrize("line", book_lines())
def test_the_command_lines_of_the_book_run(correct, tmp_path, monkeypatch, line):
    import shlex

    monkeypatch.chdir(tmp_path)
    y, f, at = numbers()
    heads = ("field", "drug", "brightness", "count", "cells", "positive")
    rows = [(f"f{i}", "ab"[i % 2], 50 + i % 7, f[i], f[i], 0.3 * f[i]) for i in range(N)]
    table(tmp_path / "tool.csv", rows, heads)
    shown = [(f"f{i}", y[i], y[i], 0.3 * y[i]) for i in at]
    table(tmp_path / "truth.csv", shown, ("field", "count", "cells", "positive"))
    both = [(f"f{i}", f[i], y[i] if i in at else "") for i in range(N)]
    table(tmp_path / "study.csv", both, ("field", "count", "by_hand"))
    for folder in ("my_tool", "my_truth", "my_images", "my_spots", "true_spots"):
        (tmp_path / folder).mkdir()
        for i in range(10):
            labels = np.zeros((20, 40), np.uint16)
            labels.flat[: 16 * (20 + i) : 16] = np.arange(1, 21 + i)
            image = np.random.default_rng(i).poisson(20, labels.shape).astype(np.uint16)
            if not folder.endswith(("truth", "true_spots")) or i % 3 == 0:
                tifffile.imwrite(tmp_path / folder / f"f{i}.tif", image if "images" in folder else labels)
    status, out, err = correct(*shlex.split(line)[2:])
    assert (status, err) == (0, "")
    assert "corrected" in " ".join(out.split())


def test_the_book_shows_every_way():
    assert len(book_lines()) == 6
