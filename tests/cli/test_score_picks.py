"""`scopecheck score picks`: verdicts on planted picks, and every bad input with its one-line message."""

import json
import os

import numpy as np
import pytest

SIDE = 1024
GRID = np.array([(x, y) for x in range(60, SIDE - 30, 90) for y in range(90, SIDE - 90, 90)], float)
NAMES = [f"m{i}" for i in range(6)]


@pytest.fixture
def run(score):
    return lambda *arguments: score("picks", *arguments)


def box(path, xy, size=40, scores=None):
    """Write EMAN boxes: corner, width, height and, where there are, scores."""
    columns = [xy - size / 2, np.full(xy.shape, size)]
    columns += [] if scores is None else [np.reshape(scores, (-1, 1))]
    np.savetxt(path, np.hstack(columns), fmt="%g", delimiter="\t")
    return path


def star(path, by_name):
    rows = [f"{name}.mrc {x:.3f} {y:.3f}" for name, xy in by_name.items() for x, y in xy]
    head = "\ndata_\n\nloop_\n_rlnMicrographName #1\n_rlnCoordinateX #2\n_rlnCoordinateY #3\n"
    path.write_text(head + "\n".join(rows) + "\n")
    return path


def planted(i):
    """True particles of micrograph i; picks that miss 4, and add 10 that are none, with the lowest scores."""
    rng = np.random.default_rng(i)
    truth = GRID[rng.permutation(len(GRID))[:60]] + rng.uniform(-8, 8, (60, 2))
    wrong = GRID[:10] + 45  # in the middle of four places
    picks = np.concatenate((truth[4:] + rng.uniform(-3, 3, (56, 2)), wrong))
    return truth, picks, np.concatenate((rng.uniform(0.5, 1, 56), rng.uniform(0, 0.4, 10)))


@pytest.fixture
def six(tmp_path):
    """Six micrographs: 60 particles, 66 picks, 56 of them right."""
    folder = tmp_path / "picker"
    folder.mkdir()
    for i, name in enumerate(NAMES):
        _, picks, scores = planted(i)
        box(folder / f"{name}.box", picks, scores=scores)
    return folder, star(tmp_path / "truth.star", {name: planted(i)[0] for i, name in enumerate(NAMES)})


HOW = ("--diameter", "40", "--shape", f"{SIDE},{SIDE}")


def arms(text):
    return {row["measurement"]: row for row in json.loads(text)["arms"]}


def test_micrographs_are_one_population_and_errors_are_exact(run, six):
    tolerance = ("--tolerance", "particles=0.15,delivered=0.1,junk_fraction=0.1")
    status, out, _ = run(*six, *HOW, *tolerance, "--json")
    content, rows = json.loads(out), arms(out)
    assert status == 0
    assert (content["scope"], content["n"], content["radius_px"]) == ("population", 6, 10.0)
    assert [rows[name]["label"] for name in ("particles", "delivered", "junk_fraction")] == [
        "HOLDS BY CANCELLATION",
        "HOLDS",
        "FAILS",
    ]
    assert rows["particles"]["bias"] == pytest.approx(66 / 60 - 1)
    assert rows["particles"]["gross_error"] == pytest.approx((4 + 10) / 60)
    assert rows["delivered"]["bias"] == pytest.approx(56 / 60 - 1)
    assert rows["junk_fraction"]["bias"] == pytest.approx(10 / 66)
    assert (rows["junk_fraction"]["scale"], rows["delivered"]["scale"]) == ("absolute", "relative")
    found = content["found"]
    assert found["precision"] == pytest.approx(56 / 66)
    assert found["recall"] == pytest.approx(56 / 60)
    assert found["F1"] == pytest.approx(2 * 56 / 126)
    assert found["average precision"] == pytest.approx(56 / 60)  # every hit scores above every miss
    assert content["files"][3]["delivered"] == 56


def test_chance_stands_beside_and_is_the_covered_area(run, six):
    content = json.loads(run(*six, *HOW, "--json")[1])
    each = content["files"][0]
    inside = SIDE - 1 - 2 * each["border"]
    covered = 60 * np.pi * 10**2 / inside**2  # discs of the radius round the particles do not touch
    assert content["chance"]["any_hit"] == pytest.approx(covered, abs=0.01)
    assert content["chance"]["precision"] <= content["chance"]["any_hit"]
    assert content["chance"]["recall"] == pytest.approx(content["chance"]["precision"] * 66 / 60)
    assert each["border"] == pytest.approx(min(planted(0)[1].min(), SIDE - 1 - planted(0)[1].max()), abs=0.01)


def test_the_reader_sees_word_scope_n_and_chance(run, six):
    status, out, _ = run(*six, *HOW, "--tolerance", "0.1", "--pixel-size", "8")
    said = " ".join(out.split())
    assert status == 0
    for text in (
        "● HOLDS",
        "population",
        "Matched one to one within 10 px (80 A)",
        "precision 0.848 0.0",
        "average precision 0.933",
        "any-hit, several picks to one particle",
        "396 picks, 360 true particles, 336 delivered, 60 picks that are none (n = 6 micrographs)",
        "How it looks: picks 396, median score 0.",
        "one independent acquisition",
        "agrees with annotation",
    ):
        assert text in said, text


def test_one_micrograph_is_an_image_by_name_or_by_two_files(run, six):
    folder, truth = six
    content = json.loads(run(*six, *HOW, "--micrograph", "m2.mrc", "--json")[1])
    assert (content["scope"], [one["name"] for one in content["files"]]) == ("image", ["m2"])
    lone = star(truth.parent / "lone.star", {"m2": planted(2)[0]})
    two = json.loads(run(folder / "m2.box", lone, *HOW, "--json")[1])
    assert two["found"] == content["found"]
    other = box(truth.parent / "mine.box", planted(2)[1])
    renamed = json.loads(run(other, lone, *HOW, "--json")[1])
    assert renamed["found"]["recall"] == content["found"]["recall"]
    assert any("taken for one micrograph, m2" in note for note in renamed["notes"])


def test_lengths_in_angstrom_and_in_pixels_are_one(run, six):
    in_px = json.loads(run(*six, *HOW, "--json")[1])
    angstrom = ("--diameter", "80A", "--pixel-size", "2", "--shape", f"{SIDE},{SIDE}")
    assert json.loads(run(*six, *angstrom, "--json")[1])["found"] == in_px["found"]
    both = json.loads(run(*six, *HOW, "--radius", "20 px", "--json")[1])
    assert both["radius_px"] == 20
    assert [at["radius"] for at in in_px["radii"]] == [4, 8, 10, 12, 16, 20]
    recall = [at["recall"] for at in in_px["radii"]]
    assert recall == sorted(recall)
    assert recall[2] == pytest.approx(56 / 60)


def test_the_diameter_that_the_truth_gives_is_taken(run, six, tmp_path):
    """CryoPPP's table: y from the other edge, and the diameter of each particle."""
    truth = planted(0)[0]
    rows = [f"{x:g},{SIDE - 1 - y:g},40" for x, y in truth.round()]
    table = tmp_path / "m0.csv"
    table.write_text("\n".join(["X-Coordinate,Y-Coordinate,Diameter", *rows]) + "\n")
    how = ("--shape", f"{SIDE},{SIDE}", "--flipped", "truth", "--json")
    content = json.loads(run(six[0] / "m0.box", table, *how)[1])
    assert content["radius_px"] == 10
    assert content["found"]["recall"] == pytest.approx(56 / 60)
    assert any("No --diameter: 40 px" in note for note in content["notes"])


def test_exit_status_follows_fail_on_alone(run, six):
    tolerance = ("--tolerance", "0.1")
    assert run(*six, *HOW, *tolerance)[0] == 0
    assert run(*six, *HOW, *tolerance, "--fail-on", "FAILS")[0] == 1
    assert run(*six, *HOW, "--tolerance", "0.2", "--fail-on", "FAILS")[0] == 0


def test_without_a_shape_the_box_of_all_points_serves(run, six):
    content = json.loads(run(*six, "--diameter", "40", "--json")[1])
    assert content["found"]["recall"] == pytest.approx(56 / 60)
    assert any("No --shape: chance is drawn in the box" in note for note in content["notes"])


def test_micrographs_of_one_table_alone_are_left_out_and_said(run, six):
    folder, _ = six
    (folder / "m5.box").rename(folder / "n5.box")
    content = json.loads(run(*six, *HOW, "--missing", "skip", "--json")[1])
    assert content["n"] == 5
    assert any("1 of 6 micrographs of the picks are not in the truth" in note for note in content["notes"])
    assert any("1 of 6 micrographs of the truth are not in the picks" in note for note in content["notes"])


def test_a_micrograph_on_which_nothing_was_picked_counts(run, six):
    folder, _ = six
    (folder / "m5.box").unlink()
    (folder / "m5.txt").write_text("image_name\tx_coord\ty_coord\tscore\n")
    content = json.loads(run(*six, *HOW, "--tolerance", "0.1", "--json")[1])
    assert content["n"] == 6
    assert content["found"]["recall"] == pytest.approx(5 * 56 / 360)
    rows = {row["measurement"]: row for row in content["arms"]}
    assert rows["junk_fraction"]["verdict"] is None
    assert rows["junk_fraction"]["reason"] == "not defined on m5: no picks"
    mean = (5 * np.log(56 / 60) + np.log(0.5) - 1) / 6  # nothing found stands at ln(1/2) - 1
    assert rows["delivered"]["bias"] == pytest.approx(np.expm1(mean))
    assert rows["delivered"]["far"] == [5]
    assert "far outside: m5 (nothing of 60)" in rows["delivered"]["note"]


def test_one_table_that_names_no_pick_on_a_micrograph_found_none_there(run, six, tmp_path):
    """The same picks in one table and in a folder with an empty file score alike; m5 has none."""
    folder, truth = six
    (folder / "m5.box").unlink()
    (folder / "m5.txt").write_text("image_name\tx_coord\ty_coord\tscore\n")
    table = star(tmp_path / "table.star", {f"m{i}": planted(i)[1].round(2) for i in range(5)})
    content = json.loads(run(table, truth, *HOW, "--json")[1])
    empty = json.loads(run(folder, truth, *HOW, "--json")[1])
    assert content["n"] == empty["n"] == 6
    assert content["found"]["recall"] == pytest.approx(5 * 56 / 360)
    assert content["found"]["recall"] == empty["found"]["recall"]
    (note,) = [note for note in content["notes"] if "without picks" in note]
    assert f"1 of 6 micrographs of the truth are not named in {table}" in note
    assert "(m5)" in note
    assert "take it out of the truth, or give --missing skip, or judge another alone with --micr" in note
    skipped = json.loads(run(table, truth, *HOW, "--missing", "skip", "--json")[1])
    assert (skipped["n"], skipped["found"]["recall"]) == (5, pytest.approx(56 / 60))
    alone = json.loads(run(table, truth, *HOW, "--micrograph", "m1", "--json")[1])
    assert (alone["n"], alone["found"]["recall"]) == (1, pytest.approx(56 / 60))
    assert not any("without picks" in note for note in alone["notes"])


def test_a_file_of_one_micrograph_that_names_it_is_no_table_of_all(run, six):
    lone = star(six[1].parent / "m2_autopick.star", {"m2": planted(2)[1]})
    content = json.loads(run(lone, six[1], *HOW, "--json")[1])
    assert content["n"] == 1
    assert any("5 of 6 micrographs of the truth are not in the picks" in note for note in content["notes"])


def test_a_score_that_random_points_reach_is_said_to_be_chance(run, six, tmp_path):
    """Picks in the middle of four places of the grid hit no particle; the right ones hit 56."""
    other = box(tmp_path / "m0.box", GRID[:60] + 45)
    notes = json.loads(run(other, six[1], *HOW, "--as-given", "--json")[1])["notes"]
    (note,) = [note for note in notes if "No better than chance" in note]
    assert "precision 0.000, of random points 0.0" in note
    assert not any("chance: precision" in note for note in json.loads(run(*six, *HOW, "--json")[1])["notes"])


def test_picks_upside_down_are_refused_turned_or_judged_as_given(run, six, tmp_path):
    folder, _ = six
    for i, name in enumerate(NAMES):
        _, picks, scores = planted(i)
        box(folder / f"{name}.box", np.stack((picks[:, 0], SIDE - 1 - picks[:, 1]), 1), scores=scores)
    status, _, err = run(*six, *HOW)
    assert status == 2
    assert "336 of 396 picks match when turned upside down" in err
    assert "--flipped truth or --flipped picks" in err
    turned = json.loads(run(*six, *HOW, "--flipped", "picks", "--json")[1])
    assert turned["found"]["recall"] == pytest.approx(56 / 60)
    status, out, _ = run(*six, *HOW, "--as-given", "--json")
    assert status == 0
    assert json.loads(out)["found"]["recall"] < 0.5


@pytest.mark.parametrize(("factor", "how"), [(1 / 4, "multiplied by 4"), (2, "divided by 2")])
def test_picks_of_another_binning_are_refused(run, six, factor, how):
    folder, _ = six
    for i, name in enumerate(NAMES):
        box(folder / f"{name}.box", planted(i)[1] * factor)
    status, _, err = run(*six, "--diameter", "40")
    assert status == 2
    assert f"336 of 396 picks match when {how}" in err
    assert "They are from another binning" in err


def upside_down(xy):
    return np.stack((xy[:, 0], SIDE - 1 - xy[:, 1]), axis=1)


FRAMES = {  # planted mistake, without a shape: what is said of it, and what to do
    "flip": (upside_down, "when turned upside down (y = about 1023 - y)", "--flipped truth"),
    "flip, binned": (
        lambda xy: upside_down(xy) / 4,
        "when multiplied by 4 and turned upside down",
        "--flipped",
    ),
    "2.5": (lambda xy: xy / 2.5, "when multiplied by 2.5,", "pixels of the truth's micrograph"),
    "6": (lambda xy: xy / 6, "when multiplied by 6,", "another binning"),
    "1.5": (lambda xy: xy * 1.5, "when divided by 1.5,", "another binning"),
    "swap": (lambda xy: xy[:, ::-1], "when x and y are swapped,", "x is the column and y the row"),
    "swap, flip": (lambda xy: upside_down(xy)[:, ::-1], "x and y are swapped and turned upside", "--flipped"),
}


@pytest.mark.parametrize("mistake", FRAMES)
def test_another_frame_is_refused_without_a_shape(run, six, mistake):
    """56 of the 66 picks of each micrograph are right, once the planted mistake is undone."""
    change, said, way = FRAMES[mistake]
    for i, name in enumerate(NAMES):
        box(six[0] / f"{name}.box", change(planted(i)[1]))
    for options in ((), ("--micrograph", "m3")):  # all together, and one alone
        status, _, err = run(*six, "--diameter", "40", *options)
        assert status == 2
        right = int(err.split(" picks match ")[0].split()[-3])
        every = 56 if options else 336
        assert every - 2 <= right <= every  # boxes are written with six digits
        assert said in err
        assert way in err
        assert err.count("\n") == 1
    assert run(*six, "--diameter", "40", "--as-given")[0] == 0


@pytest.mark.parametrize(
    ("diameter", "said"),
    [
        (
            "160",
            "given as 160 px; the boxes of the picks: 40 px; half of the true particles have a neighbour",
        ),
        ("15", "given as 15 px; the boxes of the picks: 40 px."),
    ],
)
def test_a_diameter_out_of_proportion_is_remarked(run, six, diameter, said):
    """A pixel size wrong by a factor, either way: boxes are 40 px, particles at least 74 px apart."""
    notes = json.loads(run(*six, "--diameter", diameter, "--shape", "1024,1024", "--json")[1])["notes"]
    assert any(said in note and "wrong by a factor?" in note for note in notes)
    for right in ("40", "30", "20"):  # boxes of 1 to 2 diameters
        notes = json.loads(run(*six, "--diameter", right, "--shape", "1024,1024", "--json")[1])["notes"]
        assert not any("factor?" in note for note in notes)


@pytest.mark.parametrize(("angstrom", "doubted"), [("2", False), ("1", True), ("4", True)])
def test_a_pixel_size_against_the_truths_own_diameter(run, six, tmp_path, angstrom, doubted):
    """Particles of 80 A are 40 px at 2 A; at 1 and 4 A per pixel they would be 80 and 20."""
    rows = [f"{x:g},{y:g},40" for x, y in planted(0)[0].round()]
    (tmp_path / "m0.csv").write_text("\n".join(["X-Coordinate,Y-Coordinate,Diameter", *rows]) + "\n")
    how = ("--diameter", "80A", "--pixel-size", angstrom, "--json")
    notes = json.loads(run(six[0] / "m0.box", tmp_path / "m0.csv", *how)[1])["notes"]
    assert any("the diameter in the truth's table: 40 px" in note for note in notes) == doubted


@pytest.mark.parametrize(
    ("radius", "said"),
    [
        ("5", "not given; by the radius, 5 px, it would be 20 px; the diameter in the truth's table: 40 px"),
        ("10", ""),
        (
            "20",
            "not given; by the radius, 20 px, it would be 80 px; the diameter in the truth's table: 40 px",
        ),
    ],
)
def test_a_radius_alone_against_the_truths_own_diameter(run, six, tmp_path, radius, said):
    """A radius in Angstrom by half and by twice the pixel size is 5 and 20 px."""
    rows = [f"{x:g},{y:g},40" for x, y in planted(0)[0].round()]
    (tmp_path / "m0.csv").write_text("\n".join(["X-Coordinate,Y-Coordinate,Diameter", *rows]) + "\n")
    content = json.loads(run(six[0] / "m0.box", tmp_path / "m0.csv", "--radius", radius, "--json")[1])
    found = [note for note in content["notes"] if "factor?" in note]
    assert len(found) == bool(said)
    assert said in "".join(found)


def crowded(diameter, side, seed):
    """Points that lie at random, apart by at least a diameter, until 3000 trials have gone by."""
    rng, kept = np.random.default_rng(seed), np.empty((0, 2))
    for point in rng.uniform(10, side - 10, (3000, 2)):
        if not len(kept) or np.hypot(*(kept - point).T).min() >= diameter:
            kept = np.vstack((kept, point))
    return kept


@pytest.mark.parametrize(
    ("angstrom", "said"),
    [
        ("2", ""),
        ("4", "picks and true particles both keep farther apart: 0 pairs of true particles are within 29 px"),
        ("1", "half of the true particles have a neighbour within"),
    ],
)
def test_coordinates_alone_tell_a_pixel_size_wrong_by_two_in_a_crowded_field(run, tmp_path, angstrom, said):
    """Discs of 80 A are 40 px at 2 A; picks jitter by a tenth of a diameter, and a fifth of them is wrong."""
    truth = crowded(40, 1000, 0)
    rng = np.random.default_rng(1)
    np.savetxt(tmp_path / "truth.txt", truth)
    moved = np.clip(truth + rng.uniform(-2, 2, truth.shape), 0, 999)
    np.savetxt(tmp_path / "p.txt", moved[rng.random(len(truth)) < 0.8])
    how = ("--shape", "1000,1000", "--diameter", "80A", "--pixel-size", angstrom, "--json")
    content = json.loads(run(tmp_path / "p.txt", tmp_path / "truth.txt", *how)[1])
    found = [note for note in content["notes"] if "factor?" in note]
    assert len(found) == bool(said)
    assert said in "".join(found)


def test_a_sparse_field_tells_nothing_of_the_diameter(run, six):
    """A table of centres without boxes: 60 particles in 1024 px, 74 px apart, are too few to tell."""
    table = star(six[1].parent / "m0.star", {"m0": planted(0)[1]})
    notes = json.loads(run(table, six[1], *HOW, "--json")[1])["notes"]
    assert not any("factor?" in note for note in notes)


@pytest.mark.slow
def test_real_picks_at_the_right_pixel_size_and_wrong_by_two(real):
    """EMPIAR-10017, 1.77 A per pixel, particles of 190 A; coordinates alone, each micrograph by itself."""
    from scopecheck import data
    from scopecheck.measure import picks as picking
    from scopecheck.score.picks import _apart_hint

    folder = real("empiar10017-betagal")
    paths = [path for path in folder.rglob("*.box") if path.parent.name in ("crYOLO", "deepPicker", "topaz")]
    assert len(paths) >= 15
    if not os.environ.get("WEEKLY"):  # a micrograph of each picker
        paths = list({path.parent.name: path for path in sorted(paths)}.values())
    truths = {}
    for path in paths:
        if path.stem not in truths:
            (mask,) = folder.rglob(f"{path.stem}_mask.jpg")
            truths[path.stem] = data.centres_from_mask(mask)[["x", "y"]].to_numpy()
        picks, truth = data.read_picks(path)[["x", "y"]].to_numpy(), truths[path.stem]
        for angstrom, apart, near in ((1.77, False, False), (3.54, True, False), (0.885, False, True)):
            far = _apart_hint([(picks, truth)], 190 / angstrom)
            close = picking.size_hint([truth], diameter=190 / angstrom, stated={}, boxes={})
            assert ("farther apart" in far, "have a neighbour within" in close) == (apart, near)


def text(name, content):
    """Picks of the given content beside a good truth."""

    def make(folder):
        (folder / name).write_text(content)
        return [folder / name, star(folder / "truth.star", {"m0": planted(0)[0]}), *HOW]

    return make


def good(*options):
    def make(folder):
        return [
            box(folder / "m0.box", planted(0)[1]),
            star(folder / "t.star", {"m0": planted(0)[0]}),
            *options,
        ]

    return make


def named(folder):
    return [star(folder / "p.star", {"a": GRID}), star(folder / "t.star", {"b": GRID, "c": GRID}), *HOW]


def twice(folder):
    box(folder / "m0.box", GRID), box(folder / "m0.txt", GRID)
    return [folder, box(folder.parent / "t.box", GRID), *HOW]


def tails(folder):
    box(folder / "m0_autopick.box", GRID[:9]), box(folder / "m0_picks.box", GRID)
    return [folder, box(folder.parent / "m0.box", GRID), *HOW]


def crowd(folder):
    truth = star(folder / "t.star", {"m0": np.array([(3.0, 4.0)])})
    return [box(folder / "m0.box", np.tile(GRID[:3], (50, 1)) % 10), truth, "--diameter", "4"]


BAD = {
    "missing": (lambda f: [f / "gone.star", f / "t.star", *HOW], "gone.star"),
    "uncertainty in per cent": (
        lambda f: [f / "p.star", f / "t.star", *HOW, "--truth-uncertainty", "5"],
        "5 means 500 %; write 0.05 for 5 %",
    ),
    "NaN": (
        text("p.txt", "image_name\tx_coord\ty_coord\tscore\nm0\tnan\t3\t1\n"),
        "p.txt: x of pick 1 is nan",
    ),
    "words": (text("p.txt", "hello\nthere\n"), "p.txt: is of no known format"),
    "outside": (text("p.box", "3000\t5\t40\t40\n10\t5\t40\t40\n"), "1 of 2 picks lie outside the micrograph"),
    "more picks than pixels": (lambda f: [*crowd(f), "--shape", "11,12"], "150 picks on a micrograph of 132"),
    "no common micrograph": (named, "have no micrograph in common: picks on a, truth on b, c."),
    "no such micrograph": (
        lambda f: [*named(f), "--micrograph", "z"],
        "p.star: has no picks on 'z'; it names a.",
    ),
    "folder without picks": (
        lambda f: [(f / "d").mkdir() or f / "d", *good()(f)[1:], *HOW],
        "d: holds no file of picks; expected .star, .box",
    ),
    "one micrograph twice": (
        twice,
        "m0 occurs in two files, m0.box and m0.txt; leave the one that is meant.",
    ),
    "one micrograph twice, by tails": (
        tails,
        "m0_autopick.box and m0_picks.box are both taken for one micrograph; expected one file of each.",
    ),
    "one file twice": (
        lambda f: [good()(f)[0], f / "." / "m0.box", *HOW],
        "m0.box: given as picks and as truth; give the picks first, then the truth.",
    ),
    "beyond any micrograph": (
        text("p.txt", "5 6\n1e308 3\n"),
        "p.txt: x of pick 2 is 1e+308; expected pixels of a micrograph. Correct or remove that row.",
    ),
    "no diameter": (good(), "no radius: give --diameter, the particle's diameter (or --radius)."),
    "Angstrom without pixel size": (good("--diameter", "190A"), "--diameter 190A: needs --pixel-size"),
    "diameter of 0": (good("--diameter", "0"), "--diameter: 0; expected a positive number."),
    "diameter is text": (good("--diameter", "wide"), "--diameter: 'wide' is not a number."),
    "pixel size": (good(*HOW, "--pixel-size", "-1"), "--pixel-size: -1; expected a positive number."),
    "shape": (good("--diameter", "40", "--shape", "1024"), "--shape: 1024; expected rows,columns"),
    "flipped without shape": (
        good("--diameter", "40", "--flipped", "truth"),
        "truth: needs --shape",
    ),
    "flipped what": (good(*HOW, "--flipped", "x"), "--flipped: 'x' is not known; expected one of picks"),
    "tolerance for nothing": (
        good(*HOW, "--tolerance", "count=0.1"),
        "--tolerance: names count; measured are particles, delivered, junk_fraction.",
    ),
    "tolerance in per cent": (good(*HOW, "--tolerance", "10"), "--tolerance: 10 means 1000 %"),
    "fail on": (good(*HOW, "--fail-on", "WORSE"), "--fail-on: WORSE is unknown"),
    "unknown option": (good(*HOW, "--diametre", "3"), "no option --diametre (did you mean --diameter?)"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_line_and_status_2(run, tmp_path, case):
    make, message = BAD[case]
    (tmp_path / "in").mkdir()
    status, out, err = run(*make(tmp_path / "in"))
    assert status == 2
    assert message in err
    assert err.startswith("scopecheck: ")
    assert err.count("\n") == 1
    assert "Traceback" not in err + out
