"""Every pick format: a known particle at its known place, on real files too; what is wrong is said."""

import json
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import cKDTree

from scopecheck import data
from scopecheck.errors import InputError
from scopecheck.measure import picks as picking

MIC = "Falcon_2012_06_12-14_33_35_0"
SHAPE = (4096, 4096)


def write(folder, name, text):
    (folder / name).write_text(text)
    return folder / name


def offsets(picks, truth, radius):
    """Vectors from each truth to the pick nearest to it, within the radius; and the fraction that has one."""
    near, at = cKDTree(picks[["x", "y"]]).query(truth[["x", "y"]])
    vectors = picks[["x", "y"]].to_numpy()[at] - truth[["x", "y"]].to_numpy()
    return vectors[near < radius], float((near < radius).mean())


# one particle, written as each program writes it: centre (300, 500), 1000 rows, 800 columns
STAR = "data_\n\nloop_\n_rlnCoordinateX #1\n_rlnCoordinateY #2\n{more}\n300.0 500.0 {rest}\n"
CBOX = "\n".join(
    ["data_global", "", "_version 1.0", "", "data_cryolo", "", "loop_", "{columns}", "{row}", ""]
)
ONE = {
    "relion.star": STAR.format(
        more="_rlnMicrographName #3\n_rlnAutopickFigureOfMerit #4", rest="Micrographs/m.mrc 1.5"
    ),
    "relion31.star": "data_optics\n\nloop_\n_rlnOpticsGroup #1\n_rlnVoltage #2\n1 300\n\n"
    "data_particles\n\nloop_\n"
    "_rlnCoordinateX #1\n_rlnCoordinateY #2\n_rlnMicrographName #3\n_rlnOpticsGroup #4\n"
    "300 500 job/m.mrc 1\n",
    "m.box": "210\t410\t180\t180\t1.5\n",
    "eman1.box": "210 410 180 180 -3\n",
    "m.cbox": CBOX.format(
        columns="_CoordinateX #1\n_CoordinateY #2\n_CoordinateZ #3\n_Width #4\n_Height #5\n_Depth #6\n"
        "_EstWidth #7\n_EstHeight #8\n_Confidence #9\n_NumBoxes #10\n_Angle #11",
        row="210 410 <NA> 180 180 <NA> 100 100 1.5 1 <NA>",
    ),
    "old.cbox": "210 410 180 180 1.5 100 100\n",
    "cryoppp.csv": "X-Coordinate,Y-Coordinate,Diameter\n300,499,108\n",
    "topaz.txt": "image_name\tx_coord\ty_coord\tscore\nm\t300\t500\t1.5\n",
    "topaz.csv": "image_name,x_coord,y_coord,score\nm.mrc,300,500,1.5\n",
    "m_info.json": json.dumps({"boxes": [[300, 500, "manual"]], "ctf": []}),
    "xy.txt": "# x y score\n300 500 1.5\n",
}
SCORED = {"relion.star", "m.box", "m.cbox", "old.cbox", "topaz.txt", "topaz.csv", "xy.txt"}


@pytest.mark.parametrize("name", ONE)
def test_one_particle_is_where_each_program_put_it(tmp_path, name):
    flipped = name == "cryoppp.csv"
    picks = data.read_picks(
        write(tmp_path, name, ONE[name]), micrograph="m", height=1000, flipped=flipped, shape=(1000, 800)
    )
    assert picks[["micrograph", "x", "y"]].values.tolist() == [["m", 300.0, 500.0]]
    score = picks["score"].item()
    assert score == 1.5 if name in SCORED else np.isnan(score)
    assert list(picks)[:4] == ["micrograph", "x", "y", "score"]


@given(x=st.floats(0, 799), y=st.floats(0, 999), size=st.integers(2, 400))
@settings(max_examples=30, deadline=None)
def test_a_box_and_its_centre_and_a_flip_and_its_flip_agree(tmp_path_factory, x, y, size):
    folder = tmp_path_factory.mktemp("p")
    box = write(folder, "a.box", f"{x - size / 2!r} {y - size / 2!r} {size} {size}\n")
    once = data.read_picks(box, shape=(1000, 800))
    assert once[["x", "y"]].to_numpy()[0] == pytest.approx((x, y), abs=1e-9)
    again = write(folder, "b.txt", f"{x!r} {999 - y!r}\n")
    assert data.read_picks(again, height=1000, flipped=True)["y"].item() == pytest.approx(y, abs=1e-9)


def test_cryosparc_locations_are_fractions_of_the_micrograph(tmp_path):
    dataset = pytest.importorskip("cryosparc.dataset").Dataset
    held = dataset.allocate(
        2,
        [
            ("location/micrograph_path", "O"),
            ("location/micrograph_shape", "<u4", (2,)),
            ("location/center_x_frac", "<f4"),
            ("location/center_y_frac", "<f4"),
            ("pick_stats/ncc_score", "<f4"),
        ],
    )
    held["location/micrograph_path"] = ["J1/m.mrc", "J1/n.mrc"]
    held["location/micrograph_shape"] = [[1000, 800]] * 2
    held["location/center_x_frac"] = [0.375, 0.5]
    held["location/center_y_frac"] = [0.5, 0.75]  # from the other edge
    held["pick_stats/ncc_score"] = [0.5, 0.75]
    for version in (1, 2):  # numpy's format and cryoSPARC's own
        held.save(tmp_path / f"{version}.cs", format=version)
        with pytest.warns(UserWarning, match="counts y from the other edge, so y is turned"):
            picks = data.read_picks(tmp_path / f"{version}.cs", shape=(1000, 800))
        assert picks.values.tolist() == [["m", 300.0, 500.0, 0.5], ["n", 400.0, 250.0, 0.75]]


def test_cryolo_sits_on_cryoppps_particles_only_after_the_flip(real):
    folder = real("empiar10017-betagal")
    boxes = data.read_picks(folder / f"picks_repic/crYOLO/{MIC}.box", shape=SHAPE)
    table = folder / f"coords_cryoppp/{MIC}.csv"
    truth = data.read_picks(table, shape=SHAPE, flipped=True)
    assert (len(boxes), len(truth)) == (719, 629)
    assert truth.iloc[0][["x", "y"]].tolist() == [3752.0, 4095.0 - 693.0]  # the table's first row: 3752,693
    assert set(truth["diameter"]) == {108.0}
    vectors, found = offsets(boxes, truth, 27)
    assert found > 0.95
    assert np.abs(np.median(vectors, axis=0)).max() <= 3
    upside_down = data.read_picks(table, shape=SHAPE)
    assert offsets(boxes, upside_down, 27)[1] < 0.2
    # chance alone: 719 discs of 27 px cover about 719 pi 27^2 / 4096^2 = 0.098 of the field
    said = picking.frame_hint(
        [(boxes[["x", "y"]].to_numpy(), upside_down[["x", "y"]].to_numpy())], height=4096, radius=27
    )
    assert "upside down" in said
    assert not picking.frame_hint(
        [(boxes[["x", "y"]].to_numpy(), truth[["x", "y"]].to_numpy())], height=4096, radius=27
    )


def test_cryolos_own_files_give_centres(real):
    folder = real("cryolo-picks")
    corners = data.read_picks(folder / "2d_left.box")[["x", "y"]].to_numpy()
    assert corners.tolist() == [[24, 40], [36, 62], [78, 51]]  # 14 35 20 10 is the box around 24, 40
    drawn = data.read_picks(folder / "2d_particles.cbox")[["x", "y"]].to_numpy()
    assert len(drawn) == 3
    assert cKDTree(drawn).query(corners)[0].max() < 2.5  # drawn by hand: a tenth of their width
    with pytest.raises(InputError, match="without width or height"):  # centres, by its name alone
        data.read_picks(folder / "2d_center.box")
    picks = data.read_picks(folder / "particle_cbox_2d/TcdA1-0018_frames_sum.cbox")
    assert len(picks) == 120
    # the first line's corner, 3700.37, 3874.46, and half of 220 px; its confidence
    assert picks.iloc[0][["x", "y", "score"]].tolist() == pytest.approx(
        [3810.3672, 3984.4556, 0.657845], abs=1e-4
    )
    assert picks["score"].between(0, 1).all()
    assert picking.spacing(picks[["x", "y"]], (4096, 4096))[0] > 50  # two picks never share a particle


def test_cryoppps_star_and_table_hold_the_same_picks(real):
    folder = real("empiar10017-betagal") / "coords_cryoppp"
    table = data.read_picks(folder / f"{MIC}.csv", height=4096, flipped=True)
    star = data.read_picks(folder / "sample.star", micrograph=f"{MIC}.mrc", height=4096, flipped=True)
    pd.testing.assert_frame_equal(table.drop(columns="diameter"), star)


@pytest.mark.slow
def test_a_masks_centres_are_cryoppps_particles(real):
    folder = real("empiar10017-betagal")
    found = data.centres_from_mask(folder / f"masks/{MIC}_mask.jpg")
    truth = data.read_picks(folder / f"coords_cryoppp/{MIC}.csv", height=4096, flipped=True)
    assert set(found["micrograph"]) == {MIC}
    assert len(found) == pytest.approx(629, rel=0.03)
    vectors, matched = offsets(found, truth, 10)
    assert matched > 0.98
    assert np.abs(np.median(vectors, axis=0)).max() <= 1


def test_relions_picks_sit_on_the_simulations_particles(real):
    folder = real("roodmus-spike")
    truth = pd.read_csv(folder / "df_truth.csv")[["position_x", "position_y"]].to_numpy()
    picks = data.read_picks(folder / "relion_job007_particles.star", shape=(4000, 4000))
    assert len(picks) == 269
    assert set(picks["micrograph"]) == {"000000"}
    published = pd.read_csv(folder / "df_picked.csv")[["position_x", "position_y"]].to_numpy()
    assert sorted(map(tuple, picks[["x", "y"]].to_numpy())) == sorted(map(tuple, published))
    distance = cKDTree(truth).query(picks[["x", "y"]])[0]
    assert np.median(distance) < 12  # A, which are px here
    assert distance.max() < 100
    turned = np.column_stack([picks["x"], 3999 - picks["y"]])
    assert np.median(cKDTree(truth).query(turned)[0]) > 50
    assert "upside down" in picking.frame_hint([(turned, truth)], height=4000, radius=60)


def test_a_table_of_several_micrographs_gives_one(tmp_path):
    path = write(tmp_path, "t.txt", "image_name\tx_coord\ty_coord\tscore\na\t1\t2\t3\nb\t4\t5\t6\n")
    assert len(data.read_picks(path)) == 2
    assert data.read_picks(path, micrograph="b.mrc").values.tolist() == [["b", 4.0, 5.0, 6.0]]
    with pytest.raises(InputError, match="no picks on 'c'; it names a, b"):
        data.read_picks(path, micrograph="c")


def test_a_table_without_rows_is_no_picks(tmp_path):
    for name, text in {
        "t.txt": "image_name\tx_coord\ty_coord\tscore\n",
        "s.star": "data_\n\nloop_\n_rlnCoordinateX #1\n_rlnCoordinateY #2\n\n",
        "i.json": '{"boxes": []}',
    }.items():
        found = data.read_picks(write(tmp_path, name, text), shape=(100, 100))
        assert found.empty
        assert list(found) == ["micrograph", "x", "y", "score"]


WRONG = {
    "missing": (None, {}, "no such file"),
    "an empty file": ("", {}, "holds no picks"),
    "blank lines": ("\n \n# nothing\n", {}, "holds no picks"),
    "NaN": ("10 20\nnan 5\n", {}, "x of pick 2 is nan"),
    "words": ("once upon a time\n", {}, "no known format"),
    "a letter in a table": ("image_name\tx_coord\ty_coord\tscore\na\t1\tb\t3\n", {}, "y of pick 1 is b"),
    "rows of unlike length": ("1 2\n3 4 5\n", {}, "rows are not all"),
    "a box without width": ("1 2 0 0\n", {}, "without width"),
    "one number": ("7\n8\n", {}, "rows of 1 numbers"),
    "another binning": ("2000 300\n", {"shape": (1000, 800)}, "another binning"),
    "outside in y": ("20 1200\n", {"height": 1000}, "1 of 1 picks lie outside"),
    "flip without height": ("20 30\n", {"flipped": True}, "needs the micrograph's height"),
    "more than pixels": ("1 1\n" * 50, {"shape": (7, 7)}, "50 picks on a micrograph of 49 pixels"),
    "infinity": ("10 20\n5 1e999\n", {}, "y of pick 2 is inf"),
    "Latin-1": ("1 2\n# \xc5ngstr\xf6m\n".encode("latin-1"), {}, "is no UTF-8 text"),
    "a word in crYOLO's table": (
        ONE["m.cbox"].replace("210 410", "210 here"),
        {},
        "y of pick 1 is nan, no finite number",
    ),
    "no boxes": ('{"tracing": 1}', {}, "is no EMAN2 info file"),
    "a star without coordinates": (
        "data_\n\nloop_\n_rlnVoltage #1\n_x #2\n300 1\n",
        {},
        "has no coordinates",
    ),
    "a star of nothing": ("data_\n", {}, "holds 'data_' and no table under it; .* --missing none"),
    "a star with a ragged row": (
        "data_\n\nloop_\n_rlnCoordinateX #1\n_rlnCoordinateY #2\n1 2 3\n",
        {},
        "cannot be read as a STAR",
    ),
    "a star with a short row": (
        "data_\n\nloop_\n_rlnCoordinateX #1\n_rlnCoordinateY #2\n1 2\n3\n",
        {},
        "y of pick 2 is nan",
    ),
}


@pytest.mark.parametrize("fault", WRONG)
def test_a_wrong_file_of_picks_is_said(tmp_path, fault):
    text, options, said = WRONG[fault]
    path = tmp_path / "picks.txt"
    if text is not None:
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(InputError, match=said) as caught:
        data.read_picks(path, **options)
    assert str(path) in str(caught.value)


def test_picks_of_a_binned_copy_are_noticed(tmp_path):
    rng = np.random.default_rng(0)
    path = tmp_path / "xy.txt"
    np.savetxt(path, rng.uniform(0, 1000, (60, 2)))
    with pytest.warns(UserWarning, match="copy binned by 4"):
        data.read_picks(path, shape=SHAPE)
    np.savetxt(path, rng.uniform(0, 4000, (60, 2)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(data.read_picks(path, shape=SHAPE)) == 60


def test_a_file_of_the_same_name_is_read_anew_after_a_failure(tmp_path):
    path = write(tmp_path, "a.star", "data_\n\nloop_\n_rlnCoordinateX #1\n_rlnCoordinateY #2\n1 2 3\n")
    with pytest.raises(InputError):
        data.read_picks(path)
    path.write_text("data_\n\nloop_\n_rlnCoordinateX #1\n_rlnCoordinateY #2\n1 2\n")
    assert data.read_picks(path)[["x", "y"]].values.tolist() == [[1.0, 2.0]]


def test_relions_origins_bring_picks_back_to_the_simulations_particles(real):
    """Particles extracted at picks and then classified; the simulation knows where they are."""
    folder = real("roodmus-spike")
    truth = pd.read_csv(folder / "df_truth.csv")[["position_x", "position_y"]].to_numpy()
    middle = {}
    for origins in ("apply", "ignore"):
        with pytest.warns(UserWarning, match="origins"):
            picks = data.read_picks(folder / "relion_job009_particles.star", origins=origins)
        middle[origins] = np.median(cKDTree(truth).query(picks[["x", "y"]])[0])
    assert middle["apply"] < 5 < 10 < middle["ignore"]  # px, which are A here


def test_equal_names_keep_the_folders_that_tell_them_apart(tmp_path):
    rows = [f"{name} {x} 5" for x, name in enumerate(("J/a/mov/m.mrc", "J/b/mov/m.mrc", "J/b/mov/n.mrc"))]
    head = "data_\n\nloop_\n_rlnMicrographName #1\n_rlnCoordinateX #2\n_rlnCoordinateY #3\n"
    path = write(tmp_path, "p.star", head + "\n".join(rows) + "\n")
    assert data.read_picks(path)["micrograph"].tolist() == ["a/m", "b/m", "n"]
    assert data.read_picks(path, micrograph="b/m")["x"].tolist() == [1.0]
    assert data.read_picks(path, micrograph="elsewhere/n.mrc")["x"].tolist() == [2.0]
    with pytest.raises(InputError, match="names 2 micrographs m"):
        data.read_picks(path, micrograph="m")


def test_cryolos_2d_and_3d_files(tmp_path):
    flat = ONE["m.cbox"].replace("210 410 <NA>", "210 410 0")  # as the box manager writes of an image
    assert list(data.read_picks(write(tmp_path, "a.cbox", flat))) == ["micrograph", "x", "y", "score"]
    deep = data.read_picks(write(tmp_path, "b.cbox", ONE["m.cbox"].replace("210 410 <NA>", "210 410 77")))
    assert deep[["x", "y", "z"]].values.tolist() == [[300.0, 500.0, 77.0]]
