"""Particle tables of RELION, cryoSPARC and cryoDRGN: one convention, nothing guessed, nothing executed."""

import os
import pickle
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.transform import Rotation

from scopecheck import data
from scopecheck.errors import InputError

OPTICS = """data_optics

loop_
_rlnOpticsGroup #1
_rlnVoltage #2
_rlnSphericalAberration #3
_rlnAmplitudeContrast #4
_rlnImagePixelSize #5
_rlnImageSize #6
1 300 2.7 0.1 1.25 64
2 200 0.01 0.07 2.5 32

"""
PARTICLES = """data_particles

loop_
_rlnImageName #1
_rlnMicrographName #2
_rlnCoordinateX #3
_rlnCoordinateY #4
_rlnAngleRot #5
_rlnAngleTilt #6
_rlnAnglePsi #7
_rlnOriginXAngst #8
_rlnOriginYAngst #9
_rlnDefocusU #10
_rlnDefocusV #11
_rlnDefocusAngle #12
_rlnPhaseShift #13
_rlnRandomSubset #14
_rlnOpticsGroup #15
1@a.mrcs Micrographs/1.mrc 100 200 10 20 30 2.5 -5 15000 14000 45 0 1 1
2@a.mrcs Micrographs/1.mrc 300 400 40 50 60 2.5 -5 16000 15500 -30 90 2 2
"""
OLD = """
data_images

loop_
_rlnImageName #1
_rlnAngleRot #2
_rlnAngleTilt #3
_rlnAnglePsi #4
_rlnOriginX #5
_rlnOriginY #6
_rlnMagnification #7
_rlnDetectorPixelSize #8
1@a.mrcs 10 20 30 2 -4 50000 7
"""


def write(folder, name, content):
    path = folder / name
    path.write_text(content) if isinstance(content, str) else path.write_bytes(content)
    return path


def matrices(table):
    """CryoDRGN's rotation of each row: the transpose of RELION's Rz(rot) Ry(tilt) Rz(psi)."""
    angles = table[["rot", "tilt", "psi"]].to_numpy()
    return Rotation.from_euler("ZYZ", angles, degrees=True).as_matrix().transpose(0, 2, 1)


def test_relion_31_takes_each_particles_optics_group(tmp_path):
    found = data.read_particles(
        write(tmp_path, "p.star", OPTICS + PARTICLES), needs=("poses", "ctf", "half_set", "place")
    )
    assert found["voltage"].tolist() == [300, 200]
    assert found["pixel_size"].tolist() == [1.25, 2.5]
    assert found["box"].tolist() == [64, 32]
    # an origin of 2.5 A moves the image by that, so the particle lies at -2.5 A, which is -2 px or -1 px
    assert found[["shift_x", "shift_y"]].values.tolist() == [[-2, 4], [-1, 2]]
    assert found["micrograph"].tolist() == ["1", "1"]
    assert found["phase_shift"].tolist() == [0, 90]
    assert found["half_set"].tolist() == [1, 2]


def test_relion_30_gives_pixels_and_the_pixel_size_of_the_detector(tmp_path):
    found = data.read_particles(write(tmp_path, "p.star", OLD))
    assert found["pixel_size"].item() == pytest.approx(1.4)  # 7 um at a magnification of 50,000
    assert found[["shift_x", "shift_y"]].values.tolist() == [[-2, 4]]
    assert not {"defocus_u", "voltage", "half_set", "x"} & set(found)  # absent, not guessed


@pytest.mark.slow
def test_relions_own_files(real):
    folder = real("cryodrgn-testdata")
    new, again = (data.read_particles(folder / name) for name in ("relion31.star", "relion31.v2.star"))
    pd.testing.assert_frame_equal(new, again)  # the same table, its two blocks in the other order
    assert new.loc[0, ["rot", "tilt", "psi"]].tolist() == [-102.30296, 82.318041, 124.706463]
    assert new.loc[0, ["x", "y", "pixel_size"]].tolist() == [3277, 983, 2.806]
    old = data.read_particles(folder / "FinalRefinement-OriginalParticles-PfCRT.star")
    assert old["pixel_size"].tolist() == pytest.approx([1.035] * 5)
    assert old.loc[0, ["x", "y", "defocus_u"]].tolist() == [323, 3210, 15686]
    groups = data.read_particles(folder / "relion31.6opticsgroups.star")
    assert len(groups) == 139
    assert set(groups["cs"]) == {2.6, 2.7}
    assert set(groups["pixel_size"]) == {1.24, 1.25}
    assert data.read_particles(folder / "relion5.star").loc[0, "voltage"] == 100


def test_relions_particles_sit_on_the_simulations_truth(real):
    folder = real("roodmus-spike")
    found = data.read_particles(folder / "relion_job013_particles.star", needs=("poses", "ctf", "place"))
    truth = pd.read_csv(folder / "df_truth.csv")[["position_x", "position_y"]].to_numpy()
    near = np.linalg.norm(found[["x", "y"]].to_numpy()[:, None] - truth, axis=2).min(axis=1)
    assert np.median(near) < 12
    # the simulator's defocus, 15,310 A underfocus, as RELION's CTF fit found it
    assert (found["defocus_u"] + found["defocus_v"]).mean() / 2 == pytest.approx(15309.73, rel=0.01)
    assert found["pixel_size"].unique() == pytest.approx([1.40625])
    assert found["voltage"].unique() == [300]


@pytest.mark.slow
@pytest.mark.tool
def test_a_cs_of_2019_particles_against_cryodrgns_reading_of_it(real):
    pytest.importorskip("cryosparc")
    folder = real("cryodrgn-testdata")
    found = data.read_particles(folder / "cryosparc_P12_J24_001_particles.cs", needs=("poses", "ctf"))
    assert len(found) == 2019
    assert found["half_set"].value_counts().to_dict() == {1: 1010, 2: 1009}
    assert found["pixel_size"].unique() == pytest.approx([2.95])
    poses = data.read_particles(folder / "pose.cs.pkl")
    np.testing.assert_allclose(matrices(found), matrices(poses), atol=1e-5)
    np.testing.assert_allclose(poses["shift_x_box"] * 180, found["shift_x"], atol=1e-4)
    np.testing.assert_allclose(poses["shift_y_box"] * 180, found["shift_y"], atol=1e-4)
    ctf = data.read_particles(folder / "ctf2.pkl")
    np.testing.assert_allclose(ctf, found[list(ctf)], rtol=1e-6, atol=1e-4)
    with open(folder / "pose.cs.pkl", "rb") as handle:  # cryoDRGN's file, trusted here alone
        rotations, shifts = pickle.load(handle)
    np.testing.assert_allclose(matrices(found), rotations, atol=1e-5)
    np.testing.assert_allclose(-found[["shift_x", "shift_y"]] / 180, shifts, atol=1e-6)


@pytest.mark.slow
@pytest.mark.tool
def test_particles_of_empiar_10076_read_alike_from_relion_and_cryosparc(real):
    pytest.importorskip("cryosparc")
    folder = real("cryodrgn-testdata")
    star = data.read_particles(folder / "empiar_10076_7.star", needs=("ctf",))
    cs = data.read_particles(folder / "empiar_10076_7.cs", needs=("ctf",))
    both = [column for column in star if column in cs]
    assert {"defocus_u", "defocus_v", "defocus_angle", "voltage", "pixel_size"} <= set(both)
    np.testing.assert_allclose(star[both], cs[both], rtol=1e-5)
    with pytest.raises(InputError, match=r"have no poses \(rot, tilt, psi missing\)"):
        data.read_particles(folder / "empiar_10076_7.cs", needs=("poses",))
    images, _ = data.read_stack(folder / "empiar_10076_7.mrc")
    assert images.shape == (7, 320, 320)


@pytest.mark.slow
@pytest.mark.tool
def test_relion_angles_are_cryodrgns_matrices(real):
    utils = pytest.importorskip("cryodrgn.utils")
    angles = np.random.default_rng(0).uniform((-180, 0, -180), (180, 180, 180), (200, 3))
    table = pd.DataFrame(angles, columns=["rot", "tilt", "psi"])
    np.testing.assert_allclose(matrices(table), utils.R_from_relion(angles), atol=1e-6)
    star = data.read_particles(real("cryodrgn-testdata") / "FinalRefinement-OriginalParticles-PfCRT.star")
    poses = data.read_particles(real("cryodrgn-testdata") / "pose.star.pkl")
    np.testing.assert_allclose(matrices(star), matrices(poses), atol=1e-6)
    np.testing.assert_allclose(star["shift_x"], poses["shift_x_box"] * 300, atol=1e-6)


@pytest.mark.parametrize("protocol", [3, 4, 5])
def test_poses_and_ctf_of_cryodrgn(tmp_path, protocol):
    turned = Rotation.random(5, random_state=0).as_matrix().astype(np.float32)
    shifts = np.linspace(-0.1, 0.1, 10).reshape(5, 2)
    path = write(tmp_path, "p.pkl", pickle.dumps((turned, shifts), protocol))
    found = data.read_particles(path)
    np.testing.assert_allclose(matrices(found), turned, atol=1e-5)
    np.testing.assert_allclose(found[["shift_x_box", "shift_y_box"]], -shifts)
    assert "shift_x" not in found  # the file gives no box
    alone = data.read_particles(write(tmp_path, "r.pkl", pickle.dumps(turned, protocol)))
    assert list(alone) == ["rot", "tilt", "psi"]
    rows = np.tile(np.float32([128, 1.5, 15000, 14000, 30, 300, 2.7, 0.1, 0]), (4, 1))
    ctf = data.read_particles(write(tmp_path, "c.pkl", pickle.dumps(rows, protocol)), needs=("ctf",))
    assert ctf.loc[0, ["box", "pixel_size", "defocus_v", "voltage"]].tolist() == [128, 1.5, 14000, 300]


def test_a_defocus_of_the_other_sign_is_noticed(tmp_path):
    text = OPTICS + PARTICLES.replace("15000 14000", "-15000 -14000")
    with pytest.warns(UserWarning, match="1 of 2 particles have a negative defocus"):
        assert data.read_particles(write(tmp_path, "p.star", text))["defocus_u"].min() == -15000


@pytest.mark.parametrize(
    ("defocus", "said"),
    [
        ("15000 -14000", "1 of 2 particles have a negative defocus"),
        ("15000 1.4", "1 of 2 particles have a defocus below 100 A"),
    ],
)
def test_the_second_defocus_is_looked_at_too(tmp_path, defocus, said):
    text = OPTICS + PARTICLES.replace("15000 14000", defocus)
    with pytest.warns(UserWarning, match=said):
        data.read_particles(write(tmp_path, "p.star", text))


def test_optics_groups_that_no_particle_names_are_noticed(tmp_path):
    text = OPTICS + PARTICLES.replace("_rlnOpticsGroup #15", "_rlnOther #15")
    text = text.replace("_rlnOriginXAngst", "_rlnOriginX").replace("_rlnOriginYAngst", "_rlnOriginY")
    path = write(tmp_path, "p.star", text)
    with pytest.warns(UserWarning, match=r"its particles do not name their group \(rlnOpticsGroup\)"):
        assert "voltage" not in data.read_particles(path)
    with (
        pytest.warns(UserWarning, match="left out"),
        pytest.raises(InputError, match=r"have no ctf \(voltage, cs, "),
    ):
        data.read_particles(path, needs=("ctf",))


def test_an_unknown_need_is_put_right(tmp_path):
    path = write(tmp_path, "p.star", OLD)
    said = rf"{path}: needs names 'pose'; expected some of poses, ctf, half_set, place\."
    with pytest.raises(InputError, match=said):
        data.read_particles(path, needs=("pose",))


class Evil:
    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return (os.system, (f"touch {self.marker}",))


def test_a_pickle_that_runs_code_is_refused_and_does_not_run(tmp_path):
    marker = tmp_path / "ran"
    for held in (Evil(marker), (np.eye(3)[None], Evil(marker)), np.array([Evil(marker)], dtype=object)):
        path = write(tmp_path, "p.pkl", pickle.dumps(held))
        with pytest.raises(
            InputError, match=r"is refused: it (asks for posix\.system|holds an array of kind 'O8')"
        ):
            data.read_particles(path)
    assert not marker.exists()
    for held in ({"a": 1}, [1, 2], "text", np.zeros((3, 4)), np.array(["a"], dtype=object)):
        with pytest.raises(InputError, match=r"expected cryoDRGN's poses|is refused"):
            data.read_particles(write(tmp_path, "p.pkl", pickle.dumps(held)))
    whole = pickle.dumps(np.eye(3)[None])
    with pytest.raises(InputError, match=r"is refused: .*truncated.*copy it again"):
        data.read_particles(write(tmp_path, "p.pkl", whole[: len(whole) // 2]))
    with pytest.raises(InputError, match="no rotations"):
        data.read_particles(write(tmp_path, "p.pkl", pickle.dumps(2 * np.eye(3)[None])))


POSES = np.tile(np.eye(3), (4, 1, 1))


@pytest.mark.parametrize(
    ("held", "said"),
    [
        (np.where(np.arange(4)[:, None, None] == 2, np.nan, POSES), "1 of 4 rotations hold NaN"),
        ((POSES, np.full((4, 2), 12.0)), "a shift of 12 box widths; expected fractions"),
    ],
)
def test_poses_that_cannot_be(tmp_path, held, said):
    path = write(tmp_path, "p.pkl", pickle.dumps(held))
    with pytest.raises(InputError, match=f"{path}: {said}"):
        data.read_particles(path)


def test_a_defocus_in_micrometres_is_noticed(tmp_path):
    text = OPTICS + PARTICLES.replace("15000 14000", "1.5 1.4")
    with pytest.warns(UserWarning, match="1 of 2 particles have a defocus below 100 A"):
        data.read_particles(write(tmp_path, "p.star", text))


POSE, SHIFT = ("alignments3D/pose", "<f4", 3), ("alignments3D/shift", "<f4", 2)
PLACE = [("location/center_x_frac", "<f4"), ("location/center_y_frac", "<f4")]


@pytest.mark.tool
@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ([POSE, SHIFT, ("blob/psize_A", "<f4")], "not alignments3D/psize_A"),
        ([("alignments3D/pose", "<f4", 2)], r"alignments3D/pose is .* expected 3 numbers"),
        ([("blob/shape", "<u4")], r"blob/shape is .* expected 2 numbers"),
        ([*PLACE, ("location/micrograph_shape", "<u4")], r"micrograph_shape is .* expected 2 numbers"),
        ([("ctf/df_angle_rad", "S4")], r"df_angle_rad is .* expected 1 number for"),
    ],
)
def test_a_cs_of_fields_that_do_not_fit(tmp_path, fields, said):
    pytest.importorskip("cryosparc")
    np.save(tmp_path / "p.npy", np.zeros(3, dtype=[("uid", "<u8"), *fields]))
    path = (tmp_path / "p.npy").rename(tmp_path / "p.cs")
    for read in (data.read_particles, data.read_picks):
        with pytest.raises(InputError, match=f"{path}: .*{said}"):
            read(path)


def test_a_cs_with_object_arrays_is_never_opened(tmp_path):
    marker = tmp_path / "ran"
    held = np.zeros(2, dtype=[("uid", "<u8"), ("blob/path", "O")])
    held["blob/path"] = [Evil(marker), "a"]
    np.save(tmp_path / "p.npy", held, allow_pickle=True)
    path = (tmp_path / "p.npy").rename(tmp_path / "p.cs")
    for read in (data.read_particles, data.read_picks):
        with pytest.raises(InputError, match=r"holds Python objects .*never opened"):
            read(path)
    assert not marker.exists()


def test_a_cs_that_is_no_dataset(tmp_path):
    np.save(tmp_path / "p.npy", np.zeros((3, 3)))
    path = (tmp_path / "p.npy").rename(tmp_path / "p.cs")
    with pytest.raises(InputError, match="no cryoSPARC dataset; expected named fields"):
        data.read_particles(path)
    path.write_bytes(b"\x93NUMPY\x01\x00")
    with pytest.raises(InputError, match="damaged"):
        data.read_particles(path)


@pytest.mark.tool
def test_a_cs_cut_short(tmp_path):
    pytest.importorskip("cryosparc")
    held = np.zeros(1000, dtype=[("uid", "<u8"), ("blob/psize_A", "<f4")])
    np.save(tmp_path / "p.npy", held)
    content = (tmp_path / "p.npy").read_bytes()
    with pytest.raises(InputError, match="cut short or no cryoSPARC dataset"):
        data.read_particles(write(tmp_path, "p.cs", content[:-100]))


WRONG = {
    "no optics table": (PARTICLES, (), "has no table 'data_optics'"),
    "a group not described": (OPTICS + PARTICLES.replace(" 2 2\n", " 2 7\n"), (), "optics group 7"),
    "optics alone": (OPTICS, (), "optics groups alone"),
    "no CTF": (OLD, ("ctf",), r"have no ctf \(defocus_u"),
    "no poses": ("data_\n\nloop_\n_rlnImageName #1\n_rlnVoltage #2\n1@a 300\n", ("poses",), "have no poses"),
    "no place": (OLD, ("place",), r"have no place \(micrograph, x, y missing\)"),
    "no half set": (OLD, ("half_set",), "have no half_set"),
    "NaN": (OLD.replace("10 20 30", "10 nan 30"), (), "tilt of particle 1 is nan"),
    "origins without a pixel size": (
        OPTICS.replace("_rlnImagePixelSize", "_rlnOther") + PARTICLES,
        (),
        "no pixel size",
    ),
    "a word for an origin": (OLD.replace("2 -4", "here -4"), (), "shift_x of particle 1 is nan"),
    "a group twice": (
        OPTICS.replace("0.07 2.5 32\n", "0.07 2.5 32\n1 200 2.7 0.1 1.5 64\n") + PARTICLES,
        (),
        "describes group 1 twice",
    ),
    "a column twice": (OLD.replace("AngleTilt", "AngleRot"), (), "has the column rlnAngleRot twice"),
    "no rows": (OLD.rpartition("1@")[0], (), "holds no particles"),
    "nothing of particles": ("data_\n\nloop_\n_a #1\n_b #2\n1 2\n", (), "none of the columns"),
    "text": ("hello\n", (), "holds no table"),
    "an image": (b"\x00\x01" * 600, (), "is no particle table"),
    "empty": (b"", (), r"is empty \(0 bytes\)"),
}


@pytest.mark.parametrize("fault", WRONG)
def test_a_wrong_particle_table_is_said(tmp_path, fault):
    content, needs, said = WRONG[fault]
    path = write(tmp_path, "p.star", content)
    with pytest.raises(InputError, match=said) as caught:
        data.read_particles(path, needs=needs)
    assert str(path) in str(caught.value)


def test_importing_the_readers_loads_nothing_heavy():
    code = "import sys; from scopecheck import data; data.read_picks, data.read_particles, data.read_map, "
    code += "data.read_model; print({'numpy', 'pandas', 'mrcfile', 'gemmi', 'starfile'} & set(sys.modules))"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.strip() == "set()"
