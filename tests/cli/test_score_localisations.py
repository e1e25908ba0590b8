"""`scopecheck score localisations`: verdicts on planted lists, chance beside them, bad input in one line."""

import json

import numpy as np
import pytest


@pytest.fixture
def run(score):
    return lambda *arguments: score("localisations", *arguments)


def table(path, frames, positions, head="frame,x [nm],y [nm]"):
    rows = [f"{k},{','.join(f'{v:.3f}' for v in row)}" for k, row in zip(frames, positions, strict=True)]
    path.write_text("\n".join([head, *rows]) + "\n")
    return path


def planted(seed=0, n=400, frames=20, side=8000):
    """Emitters; of each ten, eight are found 10 nm off, and one is invented far from all."""
    rng = np.random.default_rng(seed)
    true, of = rng.uniform(0, side, (n, 2)), rng.integers(1, frames + 1, n)
    kept = np.arange(n) % 10 < 8
    turn = rng.uniform(0, 2 * np.pi, kept.sum())
    near = true[kept] + 10 * np.column_stack((np.cos(turn), np.sin(turn)))
    ghosts = rng.uniform(side + 600, side + 2000, (n // 10, 2))
    of_ghosts = rng.integers(1, frames + 1, n // 10)
    return (of, true), (np.concatenate((of[kept], of_ghosts)), np.concatenate((near, ghosts)))


@pytest.fixture
def movie(tmp_path):
    true, found = planted()
    return table(tmp_path / "found.csv", *found), table(tmp_path / "true.csv", *true)


def test_a_planted_list_is_judged_beside_chance(run, movie):
    code, out, _ = run(*movie, "--tolerance", "0.15", "--json")
    told = json.loads(out)
    assert code == 0
    assert told["found"]["recall"] == pytest.approx(0.8, abs=0.01)
    assert told["found"]["precision"] == pytest.approx(8 / 9, abs=0.01)
    assert told["found"]["rmse_lateral"] == pytest.approx(10, abs=0.5)
    assert told["chance"]["places"]["jaccard"] < 0.1
    assert told["chance"]["frames"]["jaccard"] < 0.1
    arms = {row["measurement"]: row for row in told["arms"]}
    assert arms["localisations"]["bias"] == pytest.approx(-0.1)
    assert arms["localisations"]["label"] == "HOLDS BY CANCELLATION"  # -10 %, and 30 % are missed or invented
    assert arms["missed_fraction"]["label"] == "FAILS"
    assert arms["false_fraction"]["label"] == "HOLDS"
    assert [at["radius"] for at in told["radii"]] == [50, 100, 250]
    assert told["scope"] == "image"


def test_the_text_says_the_same_and_keeps_to_its_width(run, movie):
    code, out, _ = run(*movie, "--merge", "30,1")
    assert code == 0
    assert "in wrong frames" in out
    assert "(n = 1 movies)" in out
    assert "Molecules, where localisations within 30 nm" in out
    assert "Give --tolerance for a verdict" in out
    assert max(map(len, out.splitlines())) <= 80


def test_several_movies_are_a_population(run, tmp_path):
    for side in ("found", "true"):
        (tmp_path / side).mkdir()
    for k in range(5):
        true, found = planted(seed=k)
        table(tmp_path / "found" / f"m{k}.csv", *found)
        table(tmp_path / "true" / f"m{k}.csv", *true)
    code, out, _ = run(tmp_path / "found", tmp_path / "true", "--tolerance", "0.15", "--json")
    rows = {row["measurement"]: row for row in json.loads(out)["arms"]}
    assert code == 0
    assert (rows["missed_fraction"]["scope"], rows["missed_fraction"]["n"]) == ("population", 5)
    assert rows["missed_fraction"]["verdict"] == "FAILS"
    (tmp_path / "found" / "m3.csv").unlink()
    code, _, err = run(tmp_path / "found", tmp_path / "true")
    assert code == 2
    assert "lacks m3" in err


def test_a_wrong_list_is_no_better_than_chance(run, tmp_path):
    rng = np.random.default_rng(5)
    (of, true), (of_found, found) = planted(n=1600, side=4050)
    here = table(tmp_path / "true.csv", of, true)
    for name, frames, places in (
        ("places", of_found, rng.uniform(0, 4050, found.shape)),
        ("frames", rng.permutation(of_found), found),
    ):
        code, out, _ = run(
            table(tmp_path / f"{name}.csv", frames, places), here, "--tolerance", "0.2", "--json"
        )
        told = json.loads(out)
        assert code == 0
        assert not any(row["verdict"] == "HOLDS" for row in told["arms"])
        assert any("No better than chance" in note for note in told["notes"])
        assert told["arms"][0]["marks"] == ["NOT BETTER THAN CHANCE"]


def test_half_a_pixel_is_told_and_counted(run, tmp_path, movie):
    _, (frames, found) = planted()
    code, out, _ = run(table(tmp_path / "half.csv", frames, found + [50, -50]), movie[1], "--json")
    told = json.loads(out)
    assert code == 0
    assert any("shifted alike" in note and "x +50 nm, y -50 nm" in note for note in told["notes"])
    assert told["found"]["rmse_lateral"] == pytest.approx(np.hypot(70.7, 10), abs=1)
    assert not any("displaced" in n or "shifted" in n for n in json.loads(run(*movie, "--json")[1])["notes"])


def spoilt(kind):
    (of, true), (of_found, found) = planted()
    tables = {
        "frames from 0": (of_found - 1, found, "frame,x [nm],y [nm]"),
        "pixels": (of_found, found / 100, "frame,x [nm],y [nm]"),
        "swapped": (of_found, found[:, ::-1], "frame,x [nm],y [nm]"),
        "upside down": (of_found, [0, 9000] + found * [1, -1], "frame,x [nm],y [nm]"),
        "mirrored": (of_found, [9000, 0] + found * [-1, 1], "frame,x [nm],y [nm]"),
        "no unit": (of_found, found, "frame,x,y"),
        "in pixels": (of_found, found / 100, "frame,x [px],y [px]"),
        "other frames": (of_found + 900, found, "frame,x [nm],y [nm]"),
    }
    return tables[kind], (of, true)


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("frames from 0", "One table counts frames from 0, the other from 1"),
        ("pixels", "Is one of the two in pixels or micrometres?"),
        ("swapped", "x and y are swapped"),
        ("upside down", "upside down (y = about 8999 - y)"),
        ("mirrored", "mirrored (x = about 8999 - x)"),
        ("no unit", "names no unit; give the units"),
        ("in pixels", "is in pixels; give the pixel size"),
        ("other frames", "no frame in common"),
    ],
)
def test_what_is_in_another_frame_or_unit_is_refused(run, tmp_path, movie, kind, said):
    (frames, found, head), _ = spoilt(kind)
    code, out, err = run(table(tmp_path / "bad.csv", frames, found, head), movie[1])
    assert (code, out) == (2, "")
    assert said in err
    assert len(err.strip().splitlines()) == 1


def test_short_tables_in_pixels_are_refused_together(run, tmp_path):
    for side in ("found", "true"):
        (tmp_path / side).mkdir()
    for k in range(6):
        frames, places = [1, 2, 3, 4, 5], np.random.default_rng(k).uniform(0, 8000, (5, 2))
        table(tmp_path / "true" / f"m{k}.csv", frames, places)
        table(tmp_path / "found" / f"m{k}.csv", frames, places / 100)
    status, _, error = run(str(tmp_path / "found"), str(tmp_path / "true"))
    assert status == 2
    assert "Is one of the two in pixels or micrometres?" in error


def test_the_advice_works(run, tmp_path, movie):
    (frames, found, head), _ = spoilt("in pixels")
    bad = table(tmp_path / "bad.csv", frames, found, head)
    assert run(bad, movie[1], "--pixel-size", "100")[0] == 0
    (frames, found, head), _ = spoilt("no unit")
    assert run(table(tmp_path / "bare.csv", frames, found, head), movie[1], "--units", "nm")[0] == 0
    (frames, found, head), _ = spoilt("swapped")
    assert run(table(tmp_path / "swapped.csv", frames, found, head), movie[1], "--as-given")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--radius", "-5"), "--radius: -5; expected nanometres, above 0"),
        (("--merge", "60"), "--merge: 60; expected nanometres and frames"),
        (("--merge", "60,1.5"), "whole number of dark frames"),
        (("--units", "km"), "--units: 'km'"),
        (("--tolerance", "jaccard=0.1"), "names jaccard; measured are localisations"),
    ],
)
def test_bad_options_are_named(run, movie, arguments, said):
    code, _, err = run(*movie, *arguments)
    assert code == 2
    assert said in err


def test_one_table_twice_an_empty_truth_and_nothing_found(run, tmp_path, movie):
    assert "given as localisations and as emitters" in run(movie[1], movie[1])[2]
    nothing = table(tmp_path / "none.csv", [], [])
    assert "holds no emitter" in run(movie[0], nothing)[2]
    code, out, _ = run(nothing, movie[1], "--tolerance", "0.1", "--json")
    rows = {row["measurement"]: row for row in json.loads(out)["arms"]}
    assert code == 0
    assert rows["localisations"]["verdict"] == "FAILS"
    assert rows["false_fraction"]["reason"] == "not defined on none: no localisations"


def lasting(each=8, n=150, seed=0):
    """Emitters that stay on for several frames."""
    rng = np.random.default_rng(seed)
    start, at = rng.integers(0, 200, n), rng.uniform(0, 20_000, (n, 2))
    return np.repeat(start, each) + np.tile(np.arange(each), n), np.repeat(at, each, axis=0)


def test_frames_from_0_are_noticed_where_emitters_stay_on_too(run, tmp_path):
    of, true = lasting()
    here = table(tmp_path / "true.csv", of, true)
    code, _, err = run(table(tmp_path / "found.csv", of - 1, true + 3), here)
    assert code == 2
    assert "when 1 is added to their frames" in err
    assert run(table(tmp_path / "found.csv", of, true + 3), here)[0] == 0
    code, _, err = run(table(tmp_path / "half.csv", of - 1, true + 65), here)  # and half a large pixel
    assert code == 2
    assert "when 1 is added to their frames" in err


def test_drift_and_scale_are_not_called_a_shift(run, tmp_path, movie):
    _, (frames, found) = planted(n=1000)
    true = table(tmp_path / "true.csv", *planted(n=1000)[0])
    for name, moved in (("drift", found + np.outer(frames, [10, 0])), ("scale", found * 1.02)):
        notes = json.loads(run(table(tmp_path / f"{name}.csv", frames, moved), true, "--json")[1])["notes"]
        assert any("not alike in all parts" in note for note in notes)
        assert not any("shifted alike" in note for note in notes)


def test_emitters_that_never_blink_are_judged_by_places_alone(run, tmp_path):
    rng = np.random.default_rng(0)
    at, of = np.tile(rng.uniform(0, 9000, (12, 2)), (30, 1)), np.repeat(np.arange(30), 12)
    found = table(tmp_path / "found.csv", of, at + rng.normal(0, 5, at.shape))
    told = json.loads(run(found, table(tmp_path / "true.csv", of, at), "--tolerance", "0.1", "--json")[1])
    assert {row["verdict"] for row in told["arms"]} == {"HOLDS"}
    assert any("same in all frames" in note for note in told["notes"])


def test_a_stray_row_does_not_refuse_a_table_and_density_counts_all_frames(run, tmp_path, movie):
    (_, true), (frames, found) = planted()
    far = table(tmp_path / "far.csv", [*frames, 1], [*found, [-4e6, 0]])
    assert run(far, movie[1])[0] == 0
    late = table(tmp_path / "late.csv", [*frames, 2000], [*found, [50, 50]])
    told = json.loads(run(late, movie[1], "--json")[1])
    assert told["density"]["emitters"] == pytest.approx(
        400 / (np.prod(np.ptp(true, axis=0)) / 1e6 * 2000), rel=0.01
    )


def test_copies_and_other_files_in_folders(run, tmp_path):
    for side in ("found", "true"):
        (tmp_path / side).mkdir()
        (tmp_path / side / "README.txt").write_text("hi")
        (tmp_path / side / ".m0.csv").write_text("hi")
    for k in range(2):
        true, found = planted(seed=k)
        table(tmp_path / "found" / f"m{k}.csv", *found)
        table(tmp_path / "true" / f"m{k}.csv", *true)
    (tmp_path / "true" / "m0-protocol.txt").write_text("{}")
    table(tmp_path / "found" / "extra.csv", *planted(seed=9)[1])
    code, out, _ = run(tmp_path / "found", tmp_path / "true", "--json")
    assert code == 0
    assert any("has no table of the name: extra" in note for note in json.loads(out)["notes"])
    for side in ("found", "true"):
        (tmp_path / side / "m1.csv").write_bytes((tmp_path / side / "m0.csv").read_bytes())
    code, _, err = run(tmp_path / "found", tmp_path / "true")
    assert code == 2
    assert "m1.csv: holds what" in err


def test_a_copy_of_the_truth_is_said(run, tmp_path, movie):
    copy = tmp_path / "copy.csv"
    copy.write_bytes(movie[1].read_bytes())
    assert any("RMSE is exactly 0" in note for note in json.loads(run(copy, movie[1], "--json")[1])["notes"])


@pytest.mark.parametrize(
    ("turn", "said"), [([1, 1, -1], "with the sign of z turned"), ([1, 1, 1e-3], "in z localisations span")]
)
def test_a_wrong_z_is_refused(run, tmp_path, turn, said):
    rng = np.random.default_rng(0)
    true, of = (
        np.column_stack((rng.uniform(0, 9000, (300, 2)), rng.uniform(-400, 400, 300))),
        np.arange(300) % 9,
    )
    head = "frame,x [nm],y [nm],z [nm]"
    found = table(tmp_path / "found.csv", of, (true + 3) * turn, head)
    code, _, err = run(found, table(tmp_path / "true.csv", of, true, head))
    assert code == 2
    assert said in err
    moved = table(tmp_path / "moved.csv", of, true + [0, 0, 300], head)
    notes = json.loads(run(moved, table(tmp_path / "true.csv", of, true, head), "--json")[1])["notes"]
    assert any("z +300 nm" in note for note in notes)


def test_depth_is_judged_where_both_have_it(run, tmp_path):
    rng = np.random.default_rng(0)
    true, of = (
        np.column_stack((rng.uniform(0, 8000, (200, 2)), rng.uniform(-400, 400, 200))),
        np.arange(200) % 9,
    )
    head = "frame,x [nm],y [nm],z [nm]"
    here = table(tmp_path / "true.csv", of, true, head)
    found = table(tmp_path / "found.csv", of, true + [0, 0, 30], head)
    told = json.loads(run(found, here, "--json")[1])
    assert told["found"]["rmse_axial"] == pytest.approx(30)
    assert told["found"]["efficiency"] == pytest.approx((1 + 0.85) / 2)
    flat = table(tmp_path / "flat.csv", of, true[:, :2])
    told = json.loads(run(flat, here, "--json")[1])
    assert "rmse_axial" not in told["found"]
    assert any("has no z; judged in x and y" in note for note in told["notes"])


def test_molecules_are_counted_against_the_tables_own_emitters(run, movie):
    found, true = movie
    heading, *rows = true.read_text().splitlines()
    true.write_text("\n".join([f"{heading},emitter", *(f"{row},{k // 4}" for k, row in enumerate(rows))]))
    known = -(-len(rows) // 4)  # four flashes an emitter
    code, out, _ = run(found, true, "--merge", "30,1", "--json")
    told = json.loads(out)["molecules"]
    assert code == 0
    assert told["emitters"] == known
    _, text, _ = run(found, true, "--merge", "30,1")
    assert f"it holds {known}" in " ".join(text.split())
    assert f"{told['found'] / known - 1:+.0%}" in text


def test_two_lists_in_pixels_under_headings_of_nm_are_remarked(run, tmp_path):
    """Each list alone would be refused beside a right one; both wrong alike match, in a field of 80 nm."""
    (of, true), (of_found, found) = planted()
    lists = table(tmp_path / "found.csv", of_found, found / 100), table(tmp_path / "true.csv", of, true / 100)
    code, out, _ = run(*lists)
    assert code == 0
    assert "All emitters lie within 80 nm" in " ".join(out.split())
    assert "write their positions in nm" in " ".join(out.split())


def test_a_field_of_usual_width_is_not_remarked(run, movie):
    assert "All emitters lie within" not in run(*movie)[1]


@pytest.mark.parametrize(("unit", "asked"), [(1.0, True), (100.0, False)])
def test_a_field_fuller_than_any_is_asked_for_its_unit(run, tmp_path, unit, asked):
    """60 emitters a frame of 1,500 pixels: 27 a square micrometre if the pixels were nanometres."""
    rng = np.random.default_rng(2)
    true, of = unit * rng.uniform(0, 1500, (600, 2)), np.repeat(np.arange(1, 11), 60)
    found = true + rng.normal(0, 10, true.shape)
    tables = table(tmp_path / "found.csv", of, found), table(tmp_path / "true.csv", of, true)
    content = json.loads(run(*tables, "--json")[1])
    for line in content["radii"]:  # no score without its chance
        assert all(f"chance {name}" in line for name in ("jaccard", "precision", "recall", "efficiency"))
    notes = content["notes"]
    assert any("are both tables in pixels" in note for note in notes) is asked


def test_every_score_of_a_file_has_its_chance_beside_it(run, movie):
    file = json.loads(run(*movie, "--json")[1])["files"][0]
    assert file["chance jaccard"] < 0.1 < file["jaccard"]
    names = {"jaccard", "precision", "recall", "rmse_lateral", "efficiency"}
    assert {name for name in file if name.startswith("chance ")} >= {f"chance {name}" for name in names}


@pytest.mark.parametrize(("frames", "side"), [(400, 512), (20, 64)])
def test_two_tables_in_pixels_under_headings_of_nm_are_asked_about(run, tmp_path, frames, side):
    true = planted(frames=frames, side=side)[0]
    rng = np.random.default_rng(1)
    lists = (true[0], true[1]), (true[0], true[1] + rng.normal(0, 0.2, true[1].shape))
    paths = [table(tmp_path / f"{name}.csv", *one) for name, one in zip("tp", lists, strict=True)]
    notes = " ".join(json.loads(run(paths[1], paths[0], "--json", "--as-given")[1])["notes"])
    assert "are both tables in pixels" in notes
    assert "same in all frames" not in notes


def test_a_table_without_a_localisation_is_said_to_be_empty(run, tmp_path, movie):
    empty = table(tmp_path / "empty.csv", [], np.zeros((0, 2)))
    code, out, _ = run(empty, movie[1], "--json")
    assert code == 0
    assert any("empty.csv: holds no localisation; every emitter" in note for note in json.loads(out)["notes"])
