"""`scopecheck score picks` on files that are not what they seem: each kind is read right or refused."""

import json

import numpy as np
import pytest

SIDE = 1000
HOW = ("--diameter", "40", "--shape", f"{SIDE},{SIDE}")
GRID = np.array([(x, y) for x in range(60, SIDE - 50, 90) for y in range(60, SIDE - 50, 90)], float)


@pytest.fixture
def run(score):
    return lambda *arguments: score("picks", *arguments)


@pytest.fixture
def judged(run):
    """What `--json` says; the command must end well."""

    def call(*arguments):
        status, out, err = run(*arguments, "--json")
        assert status == 0, err
        return json.loads(out)

    return call


def star(path, columns, rows, block="particles", optics=None):
    """Write a STAR table; optics is {column: value} of one group."""
    text = ""
    if optics:
        text += "data_optics\n\nloop_\n_rlnOpticsGroup #1\n"
        text += "".join(f"_{name} #{i}\n" for i, name in enumerate(optics, 2))
        text += "1 " + " ".join(str(x) for x in optics.values()) + "\n\n"
        columns, rows = [*columns, "rlnOpticsGroup"], [[*row, 1] for row in rows]
    text += f"data_{block}\n\nloop_\n" + "".join(f"_{name} #{i}\n" for i, name in enumerate(columns, 1))
    path.write_text(text + "".join(" ".join(str(x) for x in row) + "\n" for row in rows))
    return path


def named(path, by_name):
    rows = [(name, f"{x:.3f}", f"{y:.3f}") for name, xy in by_name.items() for x, y in xy]
    return star(path, ["rlnMicrographName", "rlnCoordinateX", "rlnCoordinateY"], rows)


def some(seed, n=35):
    """Places of the grid, jittered; another seed gives others."""
    rng = np.random.default_rng(seed)
    return GRID[rng.permutation(len(GRID))[:n]] + rng.uniform(-8, 8, (n, 2))


def notes(content, text):
    return [note for note in content["notes"] if text in note]


# --- micrographs of equal name in different folders


def two_grids(prefix="MotionCorr/{}/Movies/"):
    """Six names in each of two folders; what lies in which is right, or exchanged."""
    right = {
        f"{prefix.format(job)}{i:04d}.mrc": some(10 * i + k)
        for i in range(6)
        for k, job in enumerate(("job002", "job004"))
    }
    other = {"job002": "job004", "job004": "job002"}
    exchanged = {
        name.replace(job, other[job]): xy for name, xy in right.items() for job in other if job in name
    }
    return right, exchanged


@pytest.mark.parametrize("prefix", ["MotionCorr/{}/Movies/", "{}/", "/data/proj/{}/a/b/"])
def test_equal_names_in_two_folders_stay_apart(judged, tmp_path, prefix):
    """Two grids exchanged: 12 micrographs and the few pairs of two grids (once n = 6, precision 1.0)."""
    right, _ = two_grids(prefix)
    _, exchanged = two_grids("job_picks/{}/")
    truth = named(tmp_path / "t.star", right)
    tolerance = ("--tolerance", "0.1", "--as-given")
    wrong = judged(named(tmp_path / "p.star", exchanged), truth, *HOW, *tolerance)
    by_hand = sum(
        (np.hypot(*(some(10 * i)[:, None] - some(10 * i + 1)[None]).transpose(2, 0, 1)) <= 10).any(1).sum()
        for i in range(6)
    )
    assert wrong["n"] == 12
    assert sum(one["picks"] for one in wrong["files"]) == 420
    assert sum(one["delivered"] for one in wrong["files"]) == pytest.approx(2 * by_hand, abs=2)
    labels = {row["measurement"]: row["label"] for row in wrong["arms"]}
    assert labels == {
        "particles": "HOLDS BY CANCELLATION",  # as many picks as particles, and hardly one of them right
        "delivered": "FAILS",
        "junk_fraction": "FAILS",
    }
    good, _ = two_grids("x/{}/y/")
    content = judged(named(tmp_path / "g.star", good), truth, *HOW)
    assert (content["n"], content["found"]["precision"], content["found"]["recall"]) == (12, 1.0, 1.0)
    assert {one["name"] for one in content["files"]} >= {"job002/0000", "job004/0000"}


def test_equal_names_in_a_tree_of_folders_and_in_one_table(judged, tmp_path):
    right, _ = two_grids()
    for name, xy in right.items():
        file = tmp_path / "tree" / name.replace("MotionCorr", "AutoPick").replace(".mrc", "_autopick.txt")
        file.parent.mkdir(parents=True, exist_ok=True)
        np.savetxt(file, xy, fmt="%.3f")
    content = judged(tmp_path / "tree", named(tmp_path / "t.star", right), *HOW)
    assert (content["n"], content["found"]["recall"]) == (12, 1.0)


def test_one_micrograph_of_two_folders_meets_its_own(run, judged, tmp_path):
    right, _ = two_grids("{}/")
    truth = named(tmp_path / "t.star", right)
    lone = named(tmp_path / "p.star", {"raw/job004/0003.mrc": right["job004/0003.mrc"]})
    content = judged(lone, truth, *HOW)
    own = next(one for one in content["files"] if one["name"] == "job004/0003")
    assert own["recall"] == 1.0
    bare = named(tmp_path / "b.star", {"0003.mrc": right["job004/0003.mrc"]})
    status, _, err = run(bare, truth, *HOW)
    assert status == 2
    assert "its 0003 may be of any of 2 micrographs of that name" in err
    alone = judged(lone, truth, *HOW, "--micrograph", "job004/0003")
    assert (alone["n"], alone["found"]["recall"]) == (1, 1.0)
    status, _, err = run(truth, truth.rename(tmp_path / "u.star"), *HOW, "--micrograph", "0003")
    assert status == 2


# --- tomograms

BOX = (200, SIDE, SIDE)
DEEP = ("--diameter", "40", "--shape", "200,1000,1000")


def solid(seed, n=40):
    rng = np.random.default_rng(seed)
    return np.column_stack([some(seed, n), rng.uniform(20, 180, n)])


def tomo_star(path, by_name, name="rlnTomoName", extra=()):
    rows = [(key, *(f"{x:.3f}" for x in row)) for key, xyz in by_name.items() for row in xyz]
    return star(path, [name, *(f"rlnCoordinate{a}" for a in "XYZ"), *extra], rows)


def tomo_cbox(path, xyz):
    head = "data_global\n\n_version 1.0\n\ndata_cryolo\n\nloop_\n"
    names = ["CoordinateX", "CoordinateY", "CoordinateZ", "Width", "Height", "Depth", "Confidence"]
    rows = [f"{x - 20:.3f} {y - 20:.3f} {z:.3f} 40 40 40 0.9" for x, y, z in xyz]
    text = head + "".join(f"_{name} #{i}\n" for i, name in enumerate(names, 1)) + "\n".join(rows) + "\n"
    path.write_text(text + "\ndata_cryolo_include\n\nloop_\n_slice_index #1\n20\n21\n")


def tomo_files(folder, kind, by_name):
    folder.mkdir()
    for name, xyz in by_name.items():
        if kind == "cbox":
            tomo_cbox(folder / f"{name}.cbox", xyz)
        elif kind == "star":
            tomo_star(folder / f"{name}.star", {f"tomograms/{name}.mrc": xyz}, "rlnMicrographName")
        elif kind == "csv":
            body = "\n".join(",".join(f"{v:.3f}" for v in row) for row in xyz)
            (folder / f"{name}.csv").write_text(f"x,y,z\n{body}\n")
        elif kind == "box":
            rows = np.column_stack([xyz[:, :2] - 20, xyz[:, 2], np.full((len(xyz), 3), 40)])
            np.savetxt(folder / f"{name}.box", rows, fmt="%.3f")
        elif kind == "json":
            centred = (xyz - np.array(BOX[::-1]) / 2).round(3).tolist()
            boxes = [[*row, "tomobox", 1.0, 0] for row in centred]
            (folder / f"{name}.json").write_text(json.dumps({"boxes_3d": boxes, "boxes": []}))
        else:
            np.savetxt(folder / f"{name}.{kind}", xyz, fmt="%.3f")
    return folder


TOMOS = {f"TS_{i:02d}": solid(i) for i in range(1, 6)}


@pytest.mark.parametrize("kind", ["star", "cbox", "csv", "box", "json", "txt", "coords"])
def test_tomograms_are_matched_in_space_and_kept_apart(run, judged, tmp_path, kind):
    """The same picks in every format: right ones score 1; 100 voxels off in z they score nothing."""
    truth = tomo_star(tmp_path / "truth.star", TOMOS)
    right = judged(tomo_files(tmp_path / "right", kind, TOMOS), truth, *DEEP, "--tolerance", "0.1")
    assert right["n"] == 5
    assert right["found"]["precision"] == right["found"]["recall"] == 1.0
    assert {row["label"] for row in right["arms"]} == {"HOLDS"}
    moved = {name: xyz * (1, 1, 0) + (0, 0, 1) * ((xyz[:, 2:] + 100) % 199) for name, xyz in TOMOS.items()}
    wrong = tomo_files(tmp_path / "wrong", kind, moved)
    content = judged(wrong, truth, *DEEP, "--tolerance", "0.1", "--as-given")
    assert content["found"]["recall"] == 0
    assert all(row["verdict"] != "HOLDS" for row in content["arms"])
    assert notes(content, "No better than chance")


def test_chance_in_a_tomogram_is_the_filled_volume(judged, tmp_path):
    """Spheres round particles that lie farther apart than two radii, over the volume of the ice."""
    truth = tomo_star(tmp_path / "truth.star", TOMOS)
    content = judged(tomo_files(tmp_path / "p", "csv", TOMOS), truth, *DEEP, "--radius", "20")
    for one, xyz in zip(content["files"], TOMOS.values(), strict=True):
        low, high = one["planes"]
        assert (low, high) == pytest.approx((xyz[:, 2].min(), xyz[:, 2].max()), abs=1e-3)
        side = SIDE - 1 - 2 * one["border"]
        filled = 40 * 4 / 3 * np.pi * 20**3 / (side**2 * (high - low))
        assert one["chance any_hit"] == pytest.approx(filled, abs=0.02)
        assert one["chance any_hit"] < 0.1  # in the plane it would be 40 pi 20^2 / 1000^2 = 0.05 of nothing


def test_tomograms_of_one_plane_are_as_images(judged, tmp_path):
    flat = {name: xyz * (1, 1, 0) + (0, 0, 50) for name, xyz in TOMOS.items()}
    images = {name: xyz[:, :2] for name, xyz in TOMOS.items()}
    deep = judged(tomo_files(tmp_path / "p", "csv", flat), tomo_star(tmp_path / "t.star", flat), *DEEP)
    plain = judged(named(tmp_path / "q.star", images), named(tmp_path / "u.star", images), *HOW)
    assert deep["found"] == plain["found"]
    assert deep["chance"]["any_hit"] == pytest.approx(plain["chance"]["any_hit"], abs=0.03)


@pytest.mark.parametrize("turned", ["picks", "truth"])
def test_images_against_tomograms_are_refused(run, tmp_path, turned):
    flat = named(tmp_path / "flat.star", {name: xyz[:, :2] for name, xyz in TOMOS.items()})
    deep = tomo_star(tmp_path / "deep.star", TOMOS)
    status, _, err = run(*((deep, flat) if turned == "truth" else (flat, deep)), "--diameter", "40")
    assert status == 2
    assert "has x, y alone" in err
    assert "has x, y, z" in err
    assert "Give both with z" in err


def test_some_rows_or_some_files_with_z_are_refused(run, tmp_path):
    truth = tomo_star(tmp_path / "truth.star", TOMOS)
    part = {name: xyz.astype(object) for name, xyz in TOMOS.items()}
    rows = [(name, *row) for name, xyz in part.items() for row in xyz]
    rows[3] = (*rows[3][:3], "<NA>")
    partial = star(tmp_path / "part.star", ["rlnTomoName", *(f"rlnCoordinate{a}" for a in "XYZ")], rows)
    status, _, err = run(partial, truth, *DEEP)
    assert status == 2
    assert "1 of 200 picks have no z, and the others have" in err
    mixed = tomo_files(tmp_path / "mixed", "csv", TOMOS)
    np.savetxt(mixed / "TS_09.txt", some(3))
    status, _, err = run(mixed, truth, "--diameter", "40")
    assert status == 2
    assert "5 of 6 have z (TS_01.csv) and the others have none (TS_09.txt)" in err


def test_a_third_number_is_score_or_z_and_is_said(run, judged, tmp_path):
    """Whole planes beyond 30 are z, small numbers are scores; either can be told."""
    xy, rng = some(1), np.random.default_rng(0)
    scored = np.column_stack([xy, rng.uniform(0, 1, len(xy))])
    np.savetxt(tmp_path / "m.txt", scored, fmt="%.4f")
    np.savetxt(tmp_path / "t.txt", xy, fmt="%.4f")
    content = judged(tmp_path / "m.txt", tmp_path / "t.txt", *HOW)
    assert content["found"]["recall"] == 1.0
    assert "average precision" in content["found"]
    (note,) = notes(content, "the third number of a row")
    assert "is taken for the score; if it is not, give --third z" in note
    np.savetxt(tmp_path / "p.txt", np.column_stack([xy, 100 * scored[:, 2]]), fmt="%.4f")  # in per cent
    status, _, err = run(tmp_path / "p.txt", tmp_path / "t.txt", *HOW)
    assert status == 2
    assert "--third score" in err
    told = judged(tmp_path / "p.txt", tmp_path / "t.txt", *HOW, "--third", "score")
    assert told["found"] == content["found"]
    (tmp_path / "h.txt").write_text("# x y score\n" + (tmp_path / "p.txt").read_text())
    headed = judged(tmp_path / "h.txt", tmp_path / "t.txt", *HOW)
    assert headed["found"] == content["found"]
    assert not notes(headed, "the third number")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda p: p[:, ::-1], "when x and z are swapped"),
        (lambda p: p * (1, -1, 1) + (0, SIDE - 1, 0), "when turned upside down"),
        (lambda p: p * (1, 1, -1) + (0, 0, 199), "when turned over in depth (z = about 199 - z)"),
        (lambda p: p / 4, "when multiplied by 4"),
    ],
)
def test_another_frame_in_space_is_refused(run, tmp_path, change, said):
    truth = tomo_star(tmp_path / "truth.star", TOMOS)
    moved = tomo_files(tmp_path / "p", "csv", {name: change(xyz) for name, xyz in TOMOS.items()})
    status, _, err = run(moved, truth, "--diameter", "40")
    assert status == 2
    assert f"200 of 200 picks match {said}" in err or f"199 of 200 picks match {said}" in err
    assert run(moved, truth, "--diameter", "40", "--as-given")[0] == 0


def test_relion_5_counts_from_the_middle_of_the_tomogram(run, judged, tmp_path):
    rows = [
        (name, *(f"{x:.3f}" for x in (row - np.array([500, 500, 100])) * 1.5))
        for name, xyz in TOMOS.items()
        for row in xyz
    ]
    columns = ["rlnTomoName", *(f"rlnCenteredCoordinate{a}Angst" for a in "XYZ")]
    optics = {"rlnTomoTiltSeriesPixelSize": 1.5}
    centred = star(tmp_path / "p.star", columns, rows, optics=optics)
    truth = tomo_star(tmp_path / "truth.star", TOMOS)
    assert judged(centred, truth, *DEEP)["found"]["recall"] == 1.0
    status, _, err = run(centred, truth, "--diameter", "40")
    assert status == 2
    assert "give its size, --shape planes,rows,columns" in err
    bare = star(tmp_path / "b.star", columns, rows)
    status, _, err = run(bare, truth, *DEEP)
    assert status == 2
    assert "give --pixel-size" in err
    assert judged(bare, truth, *DEEP, "--pixel-size", "1.5")["found"]["recall"] == 1.0


def test_a_shape_of_the_wrong_number_of_sides(run, tmp_path):
    truth = tomo_star(tmp_path / "truth.star", TOMOS)
    status, _, err = run(tomo_files(tmp_path / "p", "csv", TOMOS), truth, *HOW)
    assert status == 2
    assert "expected planes,rows,columns" in err


# --- RELION's origins


def refined(path, truth, sd, columns, scale, optics=None, extra=()):
    """Write particles extracted sd px off their centres, with the origins that bring them back."""
    rng = np.random.default_rng(7)
    rows = []
    for name, xy in truth.items():
        off = rng.normal(0, sd, xy.shape).round(3)
        rows += [
            (f"{name}.mrc", *(f"{v:.3f}" for v in (*(a + o), *(o * scale))), *(v for _, v in extra))
            for a, o in zip(xy, off, strict=True)
        ]
    names = ["rlnMicrographName", "rlnCoordinateX", "rlnCoordinateY", *columns, *(n for n, _ in extra)]
    return star(path, names, rows, optics=optics)


PX, ANGST = ["rlnOriginX", "rlnOriginY"], ["rlnOriginXAngst", "rlnOriginYAngst"]
ORIGINS = {  # columns, what the origins are multiplied by, optics, further columns, options
    "pixels, nothing known": (PX, 1, None, (), ()),
    "pixels of images binned by 4": (
        PX,
        1 / 4,
        {"rlnImagePixelSize": 4.8, "rlnMicrographPixelSize": 1.2},
        (),
        (),
    ),
    "pixels, version 3.0, binned by 2": (
        PX,
        1 / 2,
        None,
        (("rlnMagnification", 10000), ("rlnDetectorPixelSize", 2.4)),
        ("--pixel-size", "1.2"),
    ),
    "Angstrom": (ANGST, 1.2, {"rlnImagePixelSize": 4.8, "rlnMicrographPixelSize": 1.2}, (), ()),
    "Angstrom, movie's pixel": (
        ANGST,
        1.2,
        {"rlnImagePixelSize": 4.8, "rlnMicrographOriginalPixelSize": 1.2},
        (),
        (),
    ),
    "Angstrom, movie binned": (
        ANGST,
        1.2,
        {"rlnImagePixelSize": 4.8, "rlnMicrographOriginalPixelSize": 0.6},
        (),
        ("--pixel-size", "1.2"),
    ),
}


@pytest.mark.parametrize("case", ORIGINS)
def test_origins_are_applied_in_their_unit_and_said(judged, tmp_path, case):
    """Origins of 8 px as truth: picks on the particles match 97 %, and without them about three quarters."""
    columns, scale, optics, extra, options = ORIGINS[case]
    truth = {f"m{i}": some(i, 60) for i in range(6)}
    rng = np.random.default_rng(3)
    picks = named(
        tmp_path / "p.star", {f"{k}.mrc": xy + rng.normal(0, 3.9, xy.shape) for k, xy in truth.items()}
    )
    star_file = refined(tmp_path / "run_data.star", truth, 8, columns, scale, optics, extra)
    how = (*options, *HOW)
    near = np.random.default_rng(3)
    within = [np.hypot(*near.normal(0, 3.9, xy.shape).T) <= 10 for xy in truth.values()]
    content = judged(picks, star_file, *how)
    assert content["found"]["recall"] == pytest.approx(np.concatenate(within).mean(), abs=0.012)
    assert content["found"]["recall"] > 0.95
    (note,) = notes(content, "centres are coordinates less origins")
    assert columns[0] in note
    left = judged(picks, star_file, *how, "--origins", "ignore", "--as-given")
    assert left["found"]["recall"] < 0.7
    assert notes(left, "which are left out")


def test_origins_in_angstrom_need_the_micrographs_pixel(run, judged, tmp_path):
    truth = {"m0": some(0, 60)}
    picks = named(tmp_path / "p.star", {"m0.mrc": truth["m0"]})
    star_file = refined(tmp_path / "t.star", truth, 8, ANGST, 1.2, {"rlnImagePixelSize": 4.8})
    status, _, err = run(picks, star_file, *HOW)
    assert status == 2
    assert "origins in Angstrom (rlnOriginXAngst, rlnOriginYAngst) and no pixel size of the micrograph" in err
    assert judged(picks, star_file, *HOW, "--pixel-size", "1.2")["found"]["recall"] == 1.0
    assert run(picks, star_file, *HOW, "--origins", "ignore")[0] == 0


def test_origins_of_zero_are_not_spoken_of(judged, tmp_path):
    truth = {"m0": some(0, 60)}
    picks = named(tmp_path / "p.star", {"m0.mrc": truth["m0"]})
    content = judged(picks, refined(tmp_path / "t.star", truth, 0, ANGST, 1.2), *HOW)
    assert content["found"]["recall"] == 1.0
    assert not notes(content, "origins")


@pytest.mark.parametrize("angles", [0, 30])
def test_origins_in_a_tomogram(run, judged, tmp_path, angles):
    """Applied in z too; refused along the axes of a subtomogram that is turned."""
    rng = np.random.default_rng(1)
    rows = []
    for name, xyz in TOMOS.items():
        off = rng.normal(0, 8, xyz.shape).round(3)
        rows += [
            (name, *(f"{v:.3f}" for v in (*(a + o), *(1.5 * o))), angles)
            for a, o in zip(xyz, off, strict=True)
        ]
    columns = ["rlnTomoName", *(f"rlnCoordinate{a}" for a in "XYZ"), *(f"rlnOrigin{a}Angst" for a in "XYZ")]
    table = star(
        tmp_path / "t.star",
        [*columns, "rlnTomoSubtomogramRot"],
        rows,
        optics={"rlnTomoTiltSeriesPixelSize": 1.5, "rlnImagePixelSize": 6},
    )
    picks = tomo_files(tmp_path / "p", "csv", TOMOS)
    status, out, err = run(picks, table, *DEEP, "--radius", "3", "--json")
    if angles:
        assert status == 2
        assert "subtomograms that are turned" in err
        assert run(picks, table, *DEEP, "--origins", "ignore")[0] == 0
    else:
        assert json.loads(out)["found"]["recall"] == 1.0


# --- cryoSPARC


def cryosparc(path, by_name, flip=True):
    dataset = pytest.importorskip("cryosparc.dataset").Dataset
    n = sum(map(len, by_name.values()))
    held = dataset.allocate(
        n,
        [
            ("location/micrograph_path", "O"),
            ("location/micrograph_shape", "<u4", (2,)),
            ("location/center_x_frac", "<f4"),
            ("location/center_y_frac", "<f4"),
        ],
    )
    xy = np.concatenate(list(by_name.values()))
    held["location/micrograph_path"] = [name for name, own in by_name.items() for _ in own]
    held["location/micrograph_shape"] = [[SIDE, SIDE]] * n
    held["location/center_x_frac"] = xy[:, 0] / SIDE
    held["location/center_y_frac"] = 1 - xy[:, 1] / SIDE if flip else xy[:, 1] / SIDE
    held.save(path)
    return path


UID = "012345678901234567890"


@pytest.mark.parametrize("n", [4, 18, 60])
def test_cryosparcs_y_is_turned_however_few_the_picks(judged, tmp_path, n):
    """18 or fewer were FAILS -100 %; the names have cryoSPARC's number and endings."""
    truth = {f"m{i}.mrc": some(i, 60)[:n] for i in range(1, 6)}
    mine = {f"J7/imported/{UID}_m{i}_patch_aligned_doseweighted.mrc": truth[f"m{i}.mrc"] for i in range(1, 6)}
    content = judged(
        cryosparc(tmp_path / "p.cs", mine), named(tmp_path / "t.star", truth), *HOW, "--tolerance", "0.1"
    )
    assert (content["n"], content["found"]["precision"], content["found"]["recall"]) == (5, 1.0, 1.0)
    assert {row["label"] for row in content["arms"]} == {"HOLDS"}
    assert notes(content, "counts y from the other edge, so y is turned here")
    assert notes(content, "Micrographs are paired")


def test_cryosparcs_y_is_turned_back_where_the_micrographs_are_the_other_way_up(run, judged, tmp_path):
    truth = {f"m{i}.mrc": some(i, 60) for i in range(5)}
    other = cryosparc(tmp_path / "p.cs", truth, flip=False)
    star_file = named(tmp_path / "t.star", truth)
    status, _, err = run(other, star_file, *HOW)
    assert status == 2
    assert "300 of 300 picks match when turned upside down" in err
    assert judged(other, star_file, *HOW, "--flipped", "picks")["found"]["recall"] == 1.0


# --- a micrograph on which nothing was found


@pytest.fixture
def six(tmp_path):
    truth = {f"m{i}": some(i, 60) for i in range(6)}
    folder = tmp_path / "picker"
    folder.mkdir()
    for name, xy in truth.items():
        np.savetxt(folder / f"{name}.txt", xy, fmt="%.3f")
    return folder, named(tmp_path / "truth.star", {f"{k}.mrc": xy for k, xy in truth.items()})


def test_a_missing_file_is_refused_or_means_what_is_told(run, judged, six):
    folder, _ = six
    (folder / "m4.txt").unlink()
    status, _, err = run(*six, *HOW, "--tolerance", "0.1")
    assert status == 2
    assert "has no file for 1 of 6 micrographs of the truth (m4)" in err
    assert "--missing none if the picker found nothing there, or --missing skip to leave them out" in err
    none = judged(*six, *HOW, "--tolerance", "0.1", "--missing", "none")
    (delivered,) = [row for row in none["arms"] if row["measurement"] == "delivered"]
    assert none["n"] == 6
    assert none["found"]["recall"] == pytest.approx(5 / 6)
    assert delivered["bias"] <= -1 / 6
    assert delivered["verdict"] != "HOLDS"
    skipped = judged(*six, *HOW, "--missing", "skip")
    assert skipped["n"] == 5
    assert notes(skipped, "1 of 6 micrographs of the truth are not in the picks and are left out (m4).")


@pytest.mark.parametrize("suffix", [".box", ".txt", ".coords"])
@pytest.mark.parametrize("text", ["", "\n", "# x y\n"])
def test_an_empty_file_of_rows_means_none(judged, six, suffix, text):
    folder, _ = six
    (folder / "m4.txt").unlink()
    (folder / f"m4{suffix}").write_text(text)
    content = judged(*six, *HOW, "--tolerance", "0.1")
    assert (content["n"], content["found"]["recall"]) == (6, pytest.approx(5 / 6))
    (delivered,) = [row for row in content["arms"] if row["measurement"] == "delivered"]
    assert delivered["bias"] <= -1 / 6
    assert notes(content, f"m4{suffix}: holds no picks, which is counted as none")


def test_a_star_of_a_bare_data_is_refused_or_none(run, judged, six):
    folder, _ = six
    (folder / "m4.txt").unlink()
    (folder / "m4.star").write_text("\ndata_\n\n")
    status, _, err = run(*six, *HOW)
    assert status == 2
    assert "m4.star: holds 'data_' and no table under it" in err
    assert "--missing none" in err
    assert "NoneType" not in err
    assert judged(*six, *HOW, "--missing", "none")["n"] == 6


def test_an_empty_file_of_another_format_is_damaged(run, six):
    folder, _ = six
    (folder / "m4.txt").unlink()
    (folder / "m4.star").write_text("")
    assert run(*six, *HOW)[0] == 2


# --- RELION's lists and job folders


@pytest.fixture
def project(tmp_path):
    """Make a RELION 4 project: autopick.star lists six files by their paths in the project."""
    job = tmp_path / "project" / "AutoPick" / "job007"
    (job / "Movies").mkdir(parents=True)
    rows = []
    for i in range(6):
        file = f"AutoPick/job007/Movies/m{i}_autopick.star"
        xy = [(f"{x:.3f}", f"{y:.3f}", "-999.0") for x, y in some(i, 60)]
        columns = ["rlnCoordinateX", "rlnCoordinateY", "rlnAutopickFigureOfMerit"]
        star(tmp_path / "project" / file, columns, xy, block="")
        rows.append((f"MotionCorr/job002/Movies/m{i}.mrc", file))
    columns = ["rlnMicrographName", "rlnMicrographCoordinates"]
    star(job / "autopick.star", columns, rows, block="coordinate_files")
    (job / "job.star").write_text("data_job\n\n_rlnJobTypeLabel relion.autopick\n")
    (job / "note.txt").write_text(" ++++ Executing new job on Mon\n")
    return job, named(tmp_path / "truth.star", {f"m{i}.mrc": some(i, 60) for i in range(6)})


@pytest.mark.parametrize("which", ["list", "job", "tree"])
def test_relions_list_and_job_folder_are_followed(judged, project, which, tmp_path, monkeypatch):
    job, truth = project
    if which == "tree":
        (job / "autopick.star").unlink()
    monkeypatch.chdir(tmp_path)
    content = judged(job / "autopick.star" if which == "list" else job, truth, *HOW)
    assert (content["n"], content["found"]["recall"], content["found"]["precision"]) == (6, 1.0, 1.0)
    assert "average precision" not in content["found"]
    assert notes(content, "have the score -999, which programs write for none")
    if which != "tree":
        assert notes(content, "is a list of 6 files of coordinates")


def test_a_list_of_files_that_are_not_there(run, judged, project):
    job, truth = project
    (job / "Movies" / "m3_autopick.star").unlink()
    status, _, err = run(job, truth, *HOW)
    assert status == 2
    assert "1 of 6 files of coordinates that it lists are not there (m3)" in err
    assert judged(job, truth, *HOW, "--missing", "none")["found"]["recall"] == pytest.approx(5 / 6)
    for file in (job / "Movies").iterdir():
        file.unlink()
    status, _, err = run(job / "autopick.star", truth, *HOW)
    assert status == 2
    assert "lists 6 files of coordinates, and none is found" in err


def test_the_last_iteration_of_a_refinement_is_taken(judged, tmp_path):
    truth = {"m0": some(0, 60)}
    job = tmp_path / "Refine3D" / "job020"
    job.mkdir(parents=True)
    for name, sd in (("run_it001_data.star", 30), ("run_it002_data.star", 4)):
        refined(job / name, truth, sd, PX, 1)
    (job / "run_it002_optimiser.star").write_text("data_optimiser_general\n\n_rlnOutputRootName x\n")
    content = judged(named(tmp_path / "p.star", {"m0.mrc": truth["m0"]}), job, *HOW)
    assert content["found"]["recall"] == 1.0
    assert notes(content, "read is run_it002_data.star")


# --- scores


def test_scores_that_are_all_alike_are_none(judged, six, tmp_path):
    rows = "".join(f"m{i}\t{x:.2f}\t{y:.2f}\t1.0\n" for i in range(6) for x, y in some(i, 60))
    (tmp_path / "t.txt").write_text("image_name\tx_coord\ty_coord\tscore\n" + rows)
    content = judged(tmp_path / "t.txt", six[1], *HOW)
    assert "average precision" not in content["found"]
    assert content["curve"] == []
    assert notes(content, "Every pick has the score 1")


def floor(path, seed=0):
    """Write a Topaz table that holds 54 of 60 particles above 1 and 60 other places below, on each of six."""
    rows = ["image_name\tx_coord\ty_coord\tscore"]
    rng = np.random.default_rng(seed)
    for i in range(6):
        good, wrong = some(i, 60)[:54], GRID[rng.permutation(len(GRID))[:60]] + 45
        scores = np.concatenate([rng.uniform(1, 5, 54), rng.uniform(-6, 1, 60)])
        rows += [
            f"m{i}\t{x:.2f}\t{y:.2f}\t{s:.5f}" for (x, y), s in zip([*good, *wrong], scores, strict=True)
        ]
    path.write_text("\n".join(rows) + "\n")
    return path


def test_a_threshold_cuts_and_the_curve_stands_beside_chance(judged, run, six, tmp_path):
    """At 1 precision is 1 and recall 54/60; over the whole table precision is 54/114."""
    table = floor(tmp_path / "t.txt")
    whole = judged(table, six[1], *HOW, "--tolerance", "0.12")
    assert whole["found"]["precision"] == pytest.approx(54 / 114)
    cut = judged(table, six[1], *HOW, "--tolerance", "0.12", "--min-score", "1")
    assert cut["found"]["precision"] == 1.0
    assert cut["found"]["recall"] == pytest.approx(0.9)
    assert notes(cut, "--min-score 1 keeps 324 of 684 picks")
    assert {row["measurement"]: row["verdict"] for row in cut["arms"]}["junk_fraction"] == "HOLDS"
    for content in (whole, cut):
        assert content["found"]["average precision"] == pytest.approx(0.9)  # hits come first: recall of 0.9
        curve = content["curve"]
        assert [row["threshold"] for row in curve] == sorted((r["threshold"] for r in curve), reverse=True)
        assert len(curve) <= 101
        assert curve[-1]["picks"] == 684
        assert curve[-1]["precision"] == pytest.approx(54 / 114)
        assert curve[-1]["chance precision"] == pytest.approx(whole["chance"]["precision"], abs=0.02)
        by_hand = [r for r in curve if r["threshold"] >= 1]
        assert all(row["precision"] == 1 for row in by_hand)
        assert all(row["recall"] == pytest.approx(row["picks"] / 360) for row in by_hand)
        assert all(row["chance recall"] < row["recall"] for row in curve)
        random = content["chance"]["average precision"]
        assert 0 < random < 0.1  # recall of random points, about 0.09, times their precision
    assert any(abs(row["picks"] - 324) == 0 for row in cut["curve"])
    said = run(table, six[1], *HOW)[1]
    assert "score at least this (random points)" in " ".join(said.split())


def test_a_threshold_needs_scores_and_may_keep_none(run, judged, six, tmp_path):
    status, _, err = run(*six, *HOW, "--min-score", "0.5")
    assert status == 2
    assert "360 of 360 picks have no score" in err
    none = judged(floor(tmp_path / "t.txt"), six[1], *HOW, "--min-score", "9", "--as-given")
    assert none["found"]["recall"] == 0
    assert run(*six, *HOW, "--min-score", "high")[0] == 2


def test_a_cbox_without_a_threshold_is_told_of_its_floor(judged, tmp_path):
    truth = tomo_star(tmp_path / "truth.star", TOMOS)
    content = judged(tomo_files(tmp_path / "p", "cbox", TOMOS), truth, *DEEP)
    assert notes(content, "A .cbox holds every box above a low floor")


# --- diameters, and words


def test_two_tables_with_different_diameters_are_named(run, judged, six, tmp_path):
    truth = tmp_path / "truth"
    truth.mkdir()
    for i, wide in enumerate((40, 40, 52, 40, 40, 40)):
        rows = [f"{x:.2f},{y:.2f},{wide}" for x, y in some(i, 60)]
        (truth / f"m{i}.csv").write_text("\n".join(["X-Coordinate,Y-Coordinate,Diameter", *rows]) + "\n")
    status, _, err = run(six[0], truth, "--shape", f"{SIDE},{SIDE}")
    assert status == 2
    assert "different diameters (40 px in m0.csv, m1.csv, m3.csv, ...; 52 px in m2.csv)" in err
    assert "give --diameter" in err
    assert judged(six[0], truth, *HOW)["found"]["recall"] == 1.0


APART = "particles=0.5,delivered=0.02,junk_fraction=0.3"


@pytest.mark.parametrize(
    ("n", "tolerance"),
    [
        (1, "0.001"),
        (3, "0.1"),
        (6, APART),
        *(
            pytest.param(n, tolerance, marks=pytest.mark.weekly)
            for n in (1, 3, 6)
            for tolerance in ("0.001", "0.1", APART)
            if (n, tolerance) not in [(1, "0.001"), (3, "0.1"), (6, APART)]
        ),
    ],
)
def test_no_word_is_cut_at_80_columns(run, judged, six, tmp_path, monkeypatch, tolerance, n):
    monkeypatch.setenv("COLUMNS", "80")
    table = floor(tmp_path / "t.txt")
    rows = table.read_text().splitlines()
    table.write_text("\n".join([rows[0], *(r for r in rows[1:] if int(r[1]) < n)]) + "\n")
    how = (table, six[1], *HOW, "--tolerance", tolerance, "--missing", "skip")
    for more in ((), ("--min-score", "0.97")):
        status, out, _ = run(*how, *more)
        assert status == 0
        assert "…" not in out
        said = " ".join(out.split())
        for row in judged(*how, *more)["arms"]:
            for word in (row["label"] or "").split():
                assert word in said
        assert max(map(len, out.splitlines())) <= 80


# --- names


NAMES = {
    "cryoSPARC": (UID + "_{}_patch_aligned_doseweighted", "{}"),
    "dose-weighted": ("{}_DW", "{}"),
    "EMAN2": ("{}_info", "{}"),
    "Gautomatch": ("{}_automatch", "{}"),
    "frames": ("{}.frames", "{}"),
    "RELION": ("{}_autopick", "{}_fractions"),
}


@pytest.mark.parametrize("kind", NAMES)
def test_names_that_programs_lengthen_are_paired_and_said(judged, six, tmp_path, kind):
    mine, theirs = NAMES[kind]
    folder = tmp_path / "renamed"
    folder.mkdir()
    for file in six[0].iterdir():
        file.rename(folder / f"{mine.format('FoilHole_12_Data_' + file.stem)}.txt")
    truth = {f"{theirs.format(f'FoilHole_12_Data_m{i}')}.mrc": some(i, 60) for i in range(6)}
    content = judged(folder, named(tmp_path / "t.star", truth), *HOW)
    assert (content["n"], content["found"]["recall"]) == (6, 1.0)
    assert notes(content, "Micrographs are paired")


# --- a picker that found nothing, on any micrograph


def _nothing(path, kind):
    """Write picks without a pick, as the kind of file says it; the path to give."""
    if kind in (".box", ".txt"):
        path.mkdir()
        for i in range(6):
            (path / f"m{i}{kind}").write_text("")
        return path
    file = path.with_suffix(".csv" if kind == "Topaz" else ".star")
    if kind == "Topaz":
        file.write_text("image_name\tx_coord\ty_coord\tscore\n")
    elif kind == "bare":
        file.write_text("\ndata_\n\n")
    else:
        star(file, ["rlnMicrographName", "rlnCoordinateX", "rlnCoordinateY"], [])
    return file


@pytest.mark.parametrize("kind", [".box", ".txt", ".star", "Topaz", "bare"])
def test_nothing_found_anywhere_fails_and_keeps_its_limits(run, judged, six, tmp_path, kind):
    _, truth = six
    picks = _nothing(tmp_path / "none", kind)
    more = ("--missing", "none") if kind == "bare" else ()
    if kind == "bare":
        status, _, err = run(picks, truth, *HOW)
        assert status == 2
        assert "--missing none" in err
    content = judged(picks, truth, *HOW, "--tolerance", "0.1", *more)
    assert (content["n"], content["found"]["recall"]) == (6, 0)
    rows = {row["measurement"]: row for row in content["arms"]}
    for measure in ("particles", "delivered"):
        assert rows[measure]["bias"] == -1
        assert rows[measure]["verdict"] == "FAILS"
    assert rows["junk_fraction"]["verdict"] is None
    assert rows["junk_fraction"]["tolerance"] == [-0.1, 0.1]
    assert rows["junk_fraction"]["scope"] == "population"
    assert notes(content, "counted as none")
    status, out, _ = run(picks, truth, *HOW, "--tolerance", "0.1", *more)
    assert status == 0
    assert "Give --tolerance" not in out


def test_one_empty_file_of_rows_is_one_micrographs(run, judged, six, tmp_path):
    _, truth = six
    (tmp_path / "z.box").write_text("")
    assert run(tmp_path / "z.box", truth, *HOW)[0] == 2  # of which of the six?
    assert judged(tmp_path / "z.box", truth, *HOW, "--missing", "none")["n"] == 6
    alone = judged(tmp_path / "z.box", truth, *HOW, "--micrograph", "m0", "--tolerance", "0.1")
    assert (alone["n"], alone["found"]["recall"]) == (1, 0)


def test_a_truth_without_a_particle_is_refused(run, six, tmp_path):
    picks, _ = six
    status, _, err = run(picks, _nothing(tmp_path / "none", ".txt"), *HOW)
    assert status == 2
    assert "holds no particle; expected a truth of at least one in all" in err


def test_nothing_found_in_tomograms_is_no_image(judged, tmp_path):
    rows = [("t1.mrc", *xy, 20 + i) for i, xy in enumerate(some(0))]
    columns = ["rlnTomoName", "rlnCoordinateX", "rlnCoordinateY", "rlnCoordinateZ"]
    truth = star(tmp_path / "t.star", columns, rows)
    picks = star(tmp_path / "p.star", columns, [])
    content = judged(picks, truth, "--diameter", "40", "--tolerance", "0.1")
    assert content["found"]["recall"] == 0


@pytest.mark.parametrize("given", [("--diameter", "60"), ("--radius", "15")])
def test_diameters_that_differ_are_named_where_one_is_given(judged, tmp_path, given):
    for folder in ("p", "t"):
        (tmp_path / folder).mkdir()
    for i in range(4):
        rows = "".join(f"{x:.0f},{y:.0f},1,{60 if i < 2 else 90}\n" for x, y in some(i, 20))
        (tmp_path / "t" / f"m{i}.csv").write_text("X-Coordinate,Y-Coordinate,Class 2D,Diameter\n" + rows)
        np.savetxt(tmp_path / "p" / f"m{i}.txt", some(i, 20), fmt="%.2f")
    shape = ("--shape", f"{SIDE},{SIDE}")
    (said,) = notes(judged(tmp_path / "p", tmp_path / "t", *given, *shape), "different diameters")
    assert "60 px in m0.csv, m1.csv; 90 px in m2.csv, m3.csv" in said
    assert f"judged by the {given[0][2:]} given, {given[1]} px" in said
    alone = judged(tmp_path / "p", tmp_path / "t", *given, *shape, "--micrograph", "m0")
    assert not notes(alone, "different diameters")


@pytest.mark.parametrize("form", ["printed", "full", "file", "above"])
def test_a_table_of_pairs_takes_printed_and_full_names(run, judged, tmp_path, form):
    """The truth's folders s0, s1 tell no names apart and are not printed."""
    by_name = {f"g{g}/s{i}/mic_{i}.mrc": some(10 * g + i) for g in (1, 2) for i in range(2)}
    truth = named(tmp_path / "t.star", by_name)
    for name, xy in by_name.items():
        group, _, last = name.split("/")
        file = tmp_path / "p" / f"job{group[1]}" / f"{last[:-4]}.txt"
        file.parent.mkdir(parents=True, exist_ok=True)
        np.savetxt(file, xy, fmt="%.2f")
    lines = {
        "printed": "job{g}/mic_{i},g{g}/mic_{i}",
        "full": "job{g}/mic_{i},g{g}/s{i}/mic_{i}",
        "file": "job{g}/mic_{i}.txt,g{g}/s{i}/mic_{i}.mrc",
        "above": "p/job{g}/mic_{i}.txt,Movies/g{g}/s{i}/mic_{i}.mrc",
    }[form]
    table = tmp_path / "pair.csv"
    rows = [lines.format(g=g, i=i) for g in (1, 2) for i in range(2)]
    table.write_text("picks,truth\n" + "\n".join(rows) + "\n")
    content = judged(tmp_path / "p", truth, *HOW, "--pair", table)
    assert (content["n"], content["found"]["recall"]) == (4, 1)
    table.write_text("job1/mic_0,mic_0\n")  # of which group?
    status, _, err = run(tmp_path / "p", truth, *HOW, "--pair", table)
    assert status == 2
    assert "line 1 is job1/mic_0,mic_0" in err
