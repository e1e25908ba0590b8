"""`scopecheck score fsc`: resolution of known half maps, refusals, bad input with its one-line message."""

import json
import math

import mrcfile
import numpy as np
import pytest

from scopecheck.measure import maps

BOX, PIXEL = 48, 1.5


@pytest.fixture
def run(score, monkeypatch, tmp_path):
    """Call the command in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: score("fsc", *arguments)


def write(path, values, voxel=PIXEL, origin=None):
    with mrcfile.new(path, overwrite=True) as mrc:
        mrc.set_data(np.asarray(values, np.float32))
        mrc.voxel_size = voxel
        if origin is not None:
            mrc.header.origin = origin
    return path


def specimen(width=0.1, peak=40):
    k = np.fft.fftfreq(BOX)
    r = np.sqrt(k[:, None, None] ** 2 + k[:, None] ** 2 + np.fft.rfftfreq(BOX) ** 2)
    rng = np.random.default_rng(0)
    white = rng.standard_normal((BOX,) * 3) * maps.soft_mask((BOX,) * 3, 12, 0)
    return math.sqrt(peak) * np.fft.irfftn(np.fft.rfftn(white) * np.exp(-((r / width) ** 2) / 2), white.shape)


@pytest.fixture
def files(tmp_path):
    rng = np.random.default_rng(1)
    true = specimen()
    for name in ("h1.mrc", "h2.mrc"):
        write(tmp_path / name, true + rng.standard_normal(true.shape))
    write(tmp_path / "mask.mrc", maps.soft_mask(true.shape, 14, 6))
    return tmp_path


def test_resolution_and_interval_are_those_of_the_measure(run, files):
    status, out, _ = run("h1.mrc", "h2.mrc", "--mask", "mask.mrc", "--json")
    assert status == 0
    content = json.loads(out)
    a, b, mask = (mrcfile.read(files / f"{name}.mrc") for name in ("h1", "h2", "mask"))
    found = {row["curve"]: row for row in content["curves"]}
    assert list(found) == ["unmasked", "masked", "corrected"]
    assert found["unmasked"]["resolution"] == pytest.approx(maps.resolution(maps.fsc(a, b), 0.143, PIXEL))
    masked = maps.fsc(a, b, mask)
    assert found["masked"]["resolution"] == pytest.approx(maps.resolution(masked, 0.143, PIXEL))
    assert found["masked"]["at_0.5"] == pytest.approx(maps.resolution(masked, 0.5, PIXEL))
    assert content["fsc"]["masked"]["fsc"] == pytest.approx(masked.fsc.tolist())
    # Noise has power 1 everywhere and the specimen 40 exp(-(f/0.1)^2) inside its ball, a ninth of the mask's
    # square: the masked curve falls to 0.143 where S = 1/6.
    mass = (maps.soft_mask(a.shape, 12, 0) * mask**2).sum() / (mask**2).sum()
    expected = PIXEL / (0.1 * math.sqrt(math.log(40 * mass * 6)))
    low, high = found["masked"]["interval"]
    assert low < expected < high
    quoted = content["quoted"]
    assert (quoted["curve"], quoted["reason"]) == ("corrected", "")
    assert quoted["resolution"] == found["corrected"]["resolution"]
    assert not any(check["alarm"] for check in content["checks"])
    assert all("conditional on this one split" in row["method"] for row in content["curves"])


def test_a_claim_is_judged_against_what_was_found(run, files):
    words = {}
    for claimed in (3.2, 5.6, 12):
        given = ("h1.mrc", "h2.mrc", "--mask", "mask.mrc", "--claimed", claimed, "--tolerance", 0.3)
        status, out, err = run(*given, "--json", "--fail-on", "FAILS")
        (row,) = json.loads(out)["arms"]
        assert (row["scope"], row["n"], row["unit"]) == ("image", 1, "A")
        assert (status == 1) == (row["verdict"] == "FAILS") == ("--fail-on" in err)
        words[claimed] = row["verdict"]
    assert words == {3.2: "FAILS", 5.6: "HOLDS", 12: "FAILS"}
    status, out, _ = run("h1.mrc", "h2.mrc", "--claimed", 6, "--json")
    assert json.loads(out)["arms"][0]["verdict"] is None


def test_what_is_printed_for_people(run, files):
    status, out, _ = run("h1.mrc", "h2.mrc", "--mask", "mask.mrc", "--claimed", "5.6", "--tolerance", "0.3")
    assert status == 0
    quoted = json.loads(run("h1.mrc", "h2.mrc", "--mask", "mask.mrc", "--json")[1])["quoted"]["resolution"]
    assert f"Resolution: {quoted:.2f} A (corrected FSC = 0.143)." in out
    assert "Claim: ● HOLDS" in out
    assert "ALARM" not in out


def test_copies_are_not_quoted(run, files):
    write(files / "copy.mrc", 2 * mrcfile.read(files / "h1.mrc"))
    status, out, _ = run("h1.mrc", "copy.mrc", "--mask", "mask.mrc", "--claimed", "5", "--json")
    content = json.loads(out)
    assert status == 0
    assert content["quoted"]["resolution"] is None
    assert content["quoted"]["reason"] == "the two half maps are copies up to scale and offset"
    assert content["arms"][0]["verdict"] is None
    assert content["arms"][0]["reason"].startswith("refused: ")
    _, out, _ = run("h1.mrc", "copy.mrc")
    assert "No resolution is quoted: the two half maps are copies" in out


def test_a_mask_that_makes_the_claim_is_refused(run, files):
    write(files / "tight.mrc", maps.soft_mask((BOX,) * 3, 3, 0))
    content = json.loads(run("h1.mrc", "h2.mrc", "--mask", "tight.mrc", "--json")[1])
    assert content["quoted"]["resolution"] is None
    assert "the mask makes the claim" in content["quoted"]["reason"]
    assert "The mask has a hard edge, which correlates the halves by itself." in content["notes"]
    raised = {check["check"] for check in content["checks"] if check["alarm"]}
    assert "randomised FSC at the found resolution" in raised


def test_a_mask_of_the_noise_is_seen(run, files):
    mean = mrcfile.read(files / "h1.mrc") + mrcfile.read(files / "h2.mrc")
    write(files / "own.mrc", mean > np.quantile(mean, 0.995))
    content = json.loads(run("h1.mrc", "h2.mrc", "--mask", "own.mrc", "--json")[1])
    assert {"mask knows no noise", "curve falls"} <= {c["check"] for c in content["checks"] if c["alarm"]}
    assert content["quoted"]["resolution"] is None
    assert content["quoted"]["reason"].startswith("never falls to 0.143 before Nyquist (3 A)")


def test_common_noise_is_seen_in_the_floor(run, files):
    rng = np.random.default_rng(7)
    common = 0.6 * rng.standard_normal((BOX,) * 3)
    for name in ("h1", "h2"):
        write(files / f"c{name}.mrc", mrcfile.read(files / f"{name}.mrc") + common)
    content = json.loads(run("ch1.mrc", "ch2.mrc", "--json")[1])
    floor = next(check for check in content["checks"] if check["check"] == "unmasked FSC near Nyquist")
    assert floor["alarm"]
    assert floor["value"] == pytest.approx(0.36 / 1.36, abs=0.03)
    assert content["quoted"]["resolution"] is None  # it never falls


def test_masked_halves_are_said(run, files):
    ball = maps.soft_mask((BOX,) * 3, 16, 4)
    for name in ("h1", "h2"):
        write(files / f"m{name}.mrc", mrcfile.read(files / f"{name}.mrc") * ball)
    content = json.loads(run("mh1.mrc", "mh2.mrc", "--json")[1])
    assert any("exactly 0 in both" in note for note in content["notes"])


def test_pixel_size_of_the_user_wins(run, files):
    write(files / "other.mrc", mrcfile.read(files / "h2.mrc"), voxel=3)
    one = json.loads(run("h1.mrc", "h2.mrc", "--json")[1])["quoted"]["resolution"]
    two = json.loads(run("h1.mrc", "other.mrc", "--pixel-size", "3", "--json")[1])
    assert two["pixel_size_A"] == 3
    assert two["quoted"]["resolution"] == pytest.approx(2 * one)
    (note,) = [note for note in two["notes"] if "--pixel-size" in note]
    assert note.endswith("h1.mrc: its header gives 1.5 A/px, --pixel-size 3: every resolution here is 2 times"
                         " that of the header.")  # fmt: skip
    write(files / "none.mrc", mrcfile.read(files / "h2.mrc"), voxel=0)
    assert run("h1.mrc", "none.mrc", "--pixel-size", "1.5")[0] == 0


def test_a_mask_off_the_particle_and_no_crossing_are_worded(run, files):
    off = np.roll(maps.soft_mask((BOX,) * 3, 5, 3), (BOX // 2, BOX // 2), (0, 1))
    write(files / "off.mrc", off)
    content = json.loads(run("h1.mrc", "h2.mrc", "--mask", "off.mrc", "--json")[1])
    checks = {check["check"]: check for check in content["checks"]}
    assert checks["curve falls"]["alarm"]
    assert checks["curve falls"]["said"].startswith(
        "below 0.143 from the first shell (72 A) on: the halves share"
    )
    assert "does it lie on the particle?" in checks["curve falls"]["said"]
    assert not any(name.startswith("randomised FSC") for name in checks)
    assert content["quoted"]["resolution"] is None


def test_halves_of_opposite_sign_are_said(run, files):
    write(files / "minus.mrc", -mrcfile.read(files / "h2.mrc"))
    (note,) = [
        note for note in json.loads(run("h1.mrc", "minus.mrc", "--json")[1])["notes"] if "sign" in note
    ]
    shells = maps.fsc(mrcfile.read(files / "h1.mrc"), mrcfile.read(files / "h2.mrc")).fsc[1:6]
    assert f"opposite sign: the FSC of the coarsest shells is -{np.median(shells):.2f}. Multiply one" in note
    assert "opposite sign" not in run("h1.mrc", "h2.mrc", "--json")[1]
    noise = np.random.default_rng(5).standard_normal((2, BOX, BOX, BOX))
    write(files / "n1.mrc", noise[0]), write(files / "n2.mrc", noise[1])
    assert "opposite sign" not in run("n1.mrc", "n2.mrc", "--json")[1]


def test_what_a_reader_warns_of_is_a_note(run, files):
    counts = np.random.default_rng(0).normal(0, 300, (BOX,) * 3).astype(np.int16)
    with mrcfile.new(files / "counts.mrc") as mrc:
        mrc.set_data(counts)
        mrc.voxel_size, mrc.header.mode, mrc.header.dmin, mrc.header.dmax = PIXEL, 6, 0, 0
    status, out, err = run("counts.mrc", "h1.mrc", "--json")
    assert (status, err) == (0, "")
    assert any("counts.mrc: as mode 6 (uint16)" in note for note in json.loads(out)["notes"])


def test_origins_that_differ_are_said(run, files):
    write(files / "moved.mrc", mrcfile.read(files / "h2.mrc"), origin=(BOX * PIXEL, 0, 0))
    notes = json.loads(run("h1.mrc", "moved.mrc", "--json")[1])["notes"]
    assert (
        "moved.mrc: its origin is 48 voxels away from that of h1.mrc; the FSC compares voxel by voxel"
        in notes[0]
    )


def nan_in(values):
    values = values.copy()
    values[1, 2, 3] = np.nan
    return values


def damage(path, how):
    raw = bytearray(path.read_bytes())
    if how == "truncated":
        raw = raw[: len(raw) // 2]
    elif how == "mode":
        raw[12:16] = (99).to_bytes(4, "little")
    elif how == "mode of another length":
        raw[12:16] = (1).to_bytes(4, "little")
    else:
        raw = bytearray()
    path.write_bytes(raw)


BAD = {
    "missing": (("h1.mrc", "gone.mrc"), "gone.mrc: no such file"),
    "the same file twice": (("h1.mrc", "./h1.mrc"), "h1.mrc: given twice; a map's FSC with itself is 1"),
    "half as mask": (("h1.mrc", "h2.mrc", "--mask", "h1.mrc"), "h1.mrc: given as mask and as half map"),
    "other box": (
        ("h1.mrc", "box.mrc"),
        "its box is 40, that of h1.mrc 48; both halves need one box",
    ),
    "not a cube": (("h1.mrc", "flat.mrc"), "flat.mrc: has the shape (24, 48, 48); expected a cubic map"),
    "other pixel size": (("h1.mrc", "pixel.mrc"), "pixel.mrc: its pixel size is 3 A, that of h1.mrc 1.5 A"),
    "no pixel size": (("h1.mrc", "none.mrc"), "none.mrc: the header gives no voxel size"),
    "NaN": (("h1.mrc", "nan.mrc"), "nan.mrc: 1 of 110592 values are NaN or infinite"),
    "NaN in a mask": (
        ("h1.mrc", "h2.mrc", "--mask", "nan.mrc"),
        "expected finite numbers. Write the map again without them.",
    ),
    "no pixel size, what to do": (("none.mrc", "h1.mrc"), "Give its pixel size (--pixel-size; pixel_size in"),
    "seed below 0": (
        ("h1.mrc", "h2.mrc", "--mask", "map.mrc", "--seed", "-1"),
        "--seed: -1; expected a whole number, 0 or above.",
    ),
    "constant": (("h1.mrc", "zero.mrc"), "zero.mrc: every voxel is 0; expected a density map"),
    "truncated": (("h1.mrc", "truncated.mrc"), "truncated.mrc: header and body do not agree"),
    "mode": (("h1.mrc", "mode.mrc"), "mode.mrc: header and body do not agree, or it is no MRC file"),
    "mode of another length": (("h1.mrc", "mode of another length.mrc"), "header and body do not agree"),
    "empty": (("h1.mrc", "empty.mrc"), "empty.mrc: is empty (0 bytes)"),
    "mask of other box": (("h1.mrc", "h2.mrc", "--mask", "box.mrc"), "mask and half maps need one box"),
    "mask of zeros": (("h1.mrc", "h2.mrc", "--mask", "zero.mrc"), "zero.mrc: the mask is 0 everywhere"),
    "mask beyond 1": (("h1.mrc", "h2.mrc", "--mask", "map.mrc"), "expected a mask from 0 to 1"),
    "mask elsewhere": (
        ("h1.mrc", "h2.mrc", "--mask", "away.mrc"),
        "away.mrc: its origin is 48 voxels away from the half map's: the mask lies elsewhere",
    ),
    "mask of other pixel size": (("h1.mrc", "h2.mrc", "--mask", "pixel.mrc"), "its pixel size is 3 A"),
    "threshold": (("h1.mrc", "h2.mrc", "--threshold", "1.43"), "--threshold: 1.43; expected a correlation"),
    "pixel size": (("h1.mrc", "h2.mrc", "--pixel-size", "0"), "--pixel-size: 0; expected Angstrom"),
    "tolerance in per cent": (
        ("h1.mrc", "h2.mrc", "--claimed", "5", "--tolerance", "5"),
        "--tolerance: 5; expected a fraction",
    ),
    "tolerance without claim": (("h1.mrc", "h2.mrc", "--tolerance", "0.1"), "without a claimed resolution"),
    "claim beyond Nyquist": (("h1.mrc", "h2.mrc", "--claimed", "2"), "claimed: 2 A is finer than Nyquist"),
    "claim below 0": (("h1.mrc", "h2.mrc", "--claimed", "-3"), "claimed: -3; expected a resolution"),
    "word": (("h1.mrc", "h2.mrc", "--fail-on", "BAD"), "BAD"),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_line(run, files, case):
    half = mrcfile.read(files / "h2.mrc")
    write(files / "box.mrc", np.abs(half[:40, :40, :40]) / 100)
    write(files / "flat.mrc", half[:24])
    write(files / "pixel.mrc", np.abs(half) / 100, voxel=3)
    write(files / "none.mrc", half, voxel=0)
    write(files / "nan.mrc", nan_in(half))
    write(files / "zero.mrc", 0 * half)
    write(files / "map.mrc", half + 1)
    write(files / "away.mrc", maps.soft_mask(half.shape, 14, 6), origin=(BOX * PIXEL, 0, 0))
    for how in ("truncated", "mode", "mode of another length", "empty"):
        write(files / f"{how}.mrc", half)
        damage(files / f"{how}.mrc", how)
    arguments, message = BAD[case]
    status, out, err = run(*arguments)
    assert status == 2
    assert out == ""
    assert err.count("\n") == 1
    assert err.startswith("scopecheck: ")
    assert message in err
