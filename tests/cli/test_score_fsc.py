"""`scopecheck score fsc`: resolution of known half maps, refusals, bad input with its one-line message."""

import json
import math

import mrcfile
import numpy as np
import pytest

from scopecheck.measure import maps
from scopecheck.score.fsc import score_fsc

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
    assert "Claim: ○ HOLDS on this map" in out
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


def plain_crossing(a, b, threshold=0.143):
    """Resolution by numpy alone: full transforms, rounded distances, first fall, linear between shells."""
    k = np.fft.fftfreq(BOX) * BOX
    shell = np.rint(np.sqrt(k[:, None, None] ** 2 + k[:, None] ** 2 + k**2)).astype(int).ravel()
    f, g = (np.fft.fftn(one.astype(float)).ravel() for one in (a, b))
    cross, *powers = (
        np.bincount(shell, weights)[: BOX // 2 + 1]
        for weights in ((f * g.conj()).real, np.abs(f) ** 2, np.abs(g) ** 2)
    )
    curve = cross / np.sqrt(powers[0] * powers[1])
    first = 1 + np.flatnonzero(curve[1:] < threshold)[0]
    at = first - 1 + (curve[first - 1] - threshold) / (curve[first - 1] - curve[first])
    return PIXEL * BOX / at


def filtered(values, amplitude):
    k = np.fft.fftfreq(BOX)
    r = np.sqrt(k[:, None, None] ** 2 + k[:, None] ** 2 + np.fft.rfftfreq(BOX) ** 2)
    return np.fft.irfftn(np.fft.rfftn(values.astype(float)) * amplitude(r), values.shape)


BODY = maps.soften(maps.soft_mask((BOX,) * 3, 10, 0) * (np.arange(BOX) > 18), 4)
NOT_RAW = {
    "zeros outside": (lambda a, b: (a * BODY, b * BODY), "masked"),
    "5 outside": (lambda a, b: (a * BODY + 5 * (1 - BODY), b * BODY + 5 * (1 - BODY)), "masked"),
    "the mean outside": (
        lambda a, b: [one * BODY + one.mean() * (1 - BODY) for one in (a, b)],
        "masked",
    ),
    "tiny noise over it": (
        lambda a, b: [one * BODY + 0.02 * filtered(one[::-1], lambda k: 1) for one in (a, b)],
        "masked",
    ),
    "one half masked": (lambda a, b: (a, b * BODY), "masked"),
    "sharp low-pass": (lambda a, b: [filtered(one, lambda k: k <= 0.12) for one in (a, b)], "filtered"),
    "low-pass with an edge": (
        lambda a, b: [filtered(one, lambda k: np.clip(0.5 + (0.1 - k) / 0.04, 0, 1)) for one in (a, b)],
        "filtered",
    ),
    "one half low-passed": (lambda a, b: (a, filtered(b, lambda k: k <= 0.12)), "filtered"),
    "masked, then low-passed": (
        lambda a, b: [filtered(one * BODY, lambda k: k <= 0.12) for one in (a, b)],
        "before",
    ),
}


@pytest.mark.parametrize("how", NOT_RAW)
def test_halves_that_are_not_raw_are_not_quoted(run, files, how):
    """What was quoted as unmasked lies off what numpy finds before the mask or the filter."""
    make, word = NOT_RAW[how]
    a, b = (mrcfile.read(files / f"{name}.mrc") for name in ("h1", "h2"))
    for name, values in zip(("n1", "n2"), make(a, b), strict=True):
        write(files / f"{name}.mrc", values)
    right = plain_crossing(a, b)
    before = json.loads(run("h1.mrc", "h2.mrc", "--json")[1])
    assert before["quoted"]["resolution"] == pytest.approx(right, rel=1e-4)
    assert before["raw"] == {"masked": False, "padded": False, "quiet": 0.0, "filtered": None} | {
        "rise": before["raw"]["rise"]
    }
    crossing = before["curves"][0]["crossing"]
    given = ("n1.mrc", "n2.mrc", "--tolerance", "0.1", "--json")
    content = json.loads(run(*given, "--claimed", f"{crossing:.2f}")[1])
    wrong = content["curves"][0]["crossing"]
    assert wrong is None or abs(wrong / right - 1) > 0.02
    for claim in (right, wrong or 4.0):
        content = json.loads(run(*given, "--claimed", f"{claim:.3f}")[1])
        assert content["quoted"]["resolution"] is None
        assert word in content["quoted"]["reason"]
        assert "before" in content["quoted"]["reason"]
        assert "RELION: _unfil.mrc" in content["quoted"]["reason"]
        (row,) = content["arms"]
        assert row["verdict"] is None
        assert row["reason"].startswith("refused: the half maps were")
    alarms = {check["check"] for check in content["checks"] if check["alarm"]}
    assert alarms & {"halves not masked before", "halves not filtered before"}


def test_a_filter_beyond_the_crossing_changes_no_number_and_gets_no_verdict(run, files):
    a, b = (mrcfile.read(files / f"{name}.mrc") for name in ("h1", "h2"))
    for name, one in (("n1", a), ("n2", b)):
        write(files / f"{name}.mrc", filtered(one, lambda k: k <= 0.42))
    content = json.loads(run("n1.mrc", "n2.mrc", "--claimed", "5.6", "--tolerance", "0.3", "--json")[1])
    assert content["quoted"]["resolution"] == pytest.approx(plain_crossing(a, b), rel=0.002)
    assert content["raw"]["filtered"] == pytest.approx(PIXEL / 0.42, rel=0.06)
    assert content["arms"][0]["verdict"] is None
    assert "filtered before" in content["arms"][0]["reason"]
    out = run("n1.mrc", "n2.mrc")[1]
    assert "not to be quoted without the alarm: halves not filtered before" in " ".join(out.split())


GENTLE = {
    "Gaussian": lambda k: np.exp(-((k / 0.2) ** 2) / 2),
    "Butterworth": lambda k: 1 / np.sqrt(1 + (k / 0.15) ** 8),
    "sharpened": lambda k: np.exp(10 * k**2),
    "blurred": lambda k: np.exp(-10 * k**2),
}


@pytest.mark.parametrize("how", GENTLE)
def test_what_changes_no_fsc_is_no_reason_to_refuse(run, files, how):
    a, b = (mrcfile.read(files / f"{name}.mrc") for name in ("h1", "h2"))
    for name, one in (("n1", a), ("n2", b)):
        write(files / f"{name}.mrc", filtered(one, GENTLE[how]))
    content = json.loads(run("n1.mrc", "n2.mrc", "--json")[1])
    assert content["quoted"]["resolution"] == pytest.approx(plain_crossing(a, b), rel=0.01)


def test_corners_that_a_program_filled_are_no_mask(run, files):
    ball = maps.soft_mask((BOX,) * 3, BOX / 2, 3)
    for name in ("h1", "h2"):
        one = mrcfile.read(files / f"{name}.mrc")
        write(files / f"c{name}.mrc", one * ball + one[ball == 0].mean() * (1 - ball))
    content = json.loads(run("ch1.mrc", "ch2.mrc", "--json")[1])
    said = {check["check"]: check for check in content["checks"]}["halves not masked before"]
    assert not said["alarm"]
    assert "towards its corners" in said["said"]
    assert content["quoted"]["reason"] == ""
    assert "for the part of the box without noise" in content["curves"][0]["method"]


@pytest.mark.parametrize("box", [20, *(pytest.param(box, marks=pytest.mark.weekly) for box in (32, 48))])
@pytest.mark.parametrize("mean", [0, 5])
def test_noise_is_not_quoted(tmp_path, box, mean):
    """Noise, with and without an offset, unmasked and masked: in one of four pairs the first shell agrees."""
    crossed = 0
    mask = write(tmp_path / "mask.mrc", maps.soft_mask((box,) * 3, box / 4, 4))
    for seed in range(40):
        noise = mean + np.random.default_rng([seed, box]).standard_normal((2, box, box, box))
        halves = [write(tmp_path / f"{i}.mrc", one) for i, one in enumerate(noise)]
        for inside in (None, mask) if seed % 4 == 0 or mean else (None,):
            found = score_fsc(*halves, mask=inside, claimed=2 * box * PIXEL / 3, tolerance=0.5)
            assert math.isnan(found.quoted["resolution"])
            assert found.quoted["reason"]
            assert all(math.isnan(row["resolution"]) for row in found.found)
            assert found.row.verdict is None
            crossed += not math.isnan(found.found[-1]["crossing"])
    assert crossed >= 5
    assert any("as noise alone may" in row["reason"] or "first shell" in row["reason"] for row in found.found)


def test_a_pixel_size_of_one_is_not_believed(run, files):
    for name in ("h1", "h2"):
        write(files / f"one{name}.mrc", mrcfile.read(files / f"{name}.mrc"), voxel=1)
    status, out, err = run("oneh1.mrc", "oneh2.mrc", "--claimed", "4", "--tolerance", "0.1")
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert (
        "oneh1.mrc: its header says 1 A per voxel, which many programs write where they do not know it" in err
    )
    assert "Give --pixel-size" in err
    right = json.loads(run("h1.mrc", "h2.mrc", "--json")[1])["quoted"]["resolution"]
    given = json.loads(run("oneh1.mrc", "oneh2.mrc", "--pixel-size", "1.5", "--json")[1])
    assert given["quoted"]["resolution"] == pytest.approx(right)
    assert not any("header" in note for note in given["notes"])
    true = json.loads(run("oneh1.mrc", "oneh2.mrc", "--pixel-size", "1.0", "--json")[1])
    assert true["quoted"]["resolution"] == pytest.approx(right / 1.5)
    write(files / "onemask.mrc", mrcfile.read(files / "mask.mrc"), voxel=1)
    content = json.loads(run("h1.mrc", "h2.mrc", "--mask", "onemask.mrc", "--json")[1])
    assert content["quoted"]["resolution"]
    assert "onemask.mrc: its header gives no pixel size; taken for the half maps' 1.5 A." in content["notes"]
    status, _, err = run("h1.mrc", "oneh2.mrc")
    assert status == 2
    assert "its pixel size is 1 A, that of h1.mrc 1.5 A" in err


def test_the_advice_on_pixel_sizes_that_differ_works(run, files):
    """An origin is written in the Angstrom of its own header, also of a wrong one."""
    for name, voxel in (("h1", 1.5), ("h2", 1.52), ("mask", 3.0)):
        write(
            files / f"o{name}.mrc",
            mrcfile.read(files / f"{name}.mrc"),
            voxel=voxel,
            origin=(-BOX / 2 * voxel,) * 3,
        )
    given = ("oh1.mrc", "oh2.mrc", "--mask", "omask.mrc")
    status, _, err = run(*given)
    assert status == 2
    assert "give the right size with --pixel-size" in err
    content = json.loads(run(*given, "--pixel-size", "1.5", "--json")[1])
    right = json.loads(run("h1.mrc", "h2.mrc", "--mask", "mask.mrc", "--json")[1])
    assert content["quoted"] == right["quoted"]
    assert not any("origin" in note for note in content["notes"])
    assert [note.split(":")[0] for note in content["notes"] if "its header gives" in note] == [
        "oh2.mrc",
        "omask.mrc",
    ]


@pytest.mark.parametrize(("given", "other"), [("0.15", "nm"), ("1.5e-4", "um"), ("1.5e-10", "m")])
def test_a_pixel_size_in_another_unit_is_noticed(run, files, given, other):
    notes = json.loads(run("h1.mrc", "h2.mrc", "--pixel-size", given, "--json")[1])["notes"]
    assert f"Was it meant in {other}? Then give --pixel-size 1.5." in notes[0]


@pytest.mark.parametrize("wrong", [1e-7, 1e-9, 5e-4])
def test_a_mask_off_by_rounding_is_taken(run, files, wrong):
    mask = mrcfile.read(files / "mask.mrc").astype(np.float64)
    mask[0, 0, 0], mask[BOX // 2, BOX // 2, BOX // 2] = -wrong, 1 + wrong
    write(files / "off.mrc", mask)
    content = json.loads(run("h1.mrc", "h2.mrc", "--mask", "off.mrc", "--json")[1])
    right = json.loads(run("h1.mrc", "h2.mrc", "--mask", "mask.mrc", "--json")[1])
    assert content["quoted"]["resolution"] == pytest.approx(right["quoted"]["resolution"], rel=1e-6)
    assert content["notes"] == right["notes"]


def test_a_mask_that_resampling_took_over_1_is_said_and_one_of_255_is_refused(run, files):
    mask = mrcfile.read(files / "mask.mrc")
    write(files / "over.mrc", 1.06 * mask - 0.03)
    notes = json.loads(run("h1.mrc", "h2.mrc", "--mask", "over.mrc", "--json")[1])["notes"]
    assert "over.mrc: its values go from -0.03 to 1.03; those beyond 0 and 1 were set to 0 and 1." in notes
    write(files / "big.mrc", 255 * mask)
    status, _, err = run("h1.mrc", "h2.mrc", "--mask", "big.mrc")
    assert status == 2
    assert "values go from 0 to 255; expected a mask from 0 to 1. Divide it by 255." in err


def test_an_interval_that_is_open_at_nyquist_is_no_certainty(tmp_path, run):
    rng = np.random.default_rng(3)
    true = specimen(width=0.26, peak=100)
    for name in ("h1.mrc", "h2.mrc"):
        write(tmp_path / name, true + rng.standard_normal(true.shape))
    quoted = json.loads(run("h1.mrc", "h2.mrc", "--json")[1])["quoted"]
    assert quoted["interval"][0] is None
    sides = 1 - 2 * PIXEL / quoted["resolution"], quoted["interval"][1] / quoted["resolution"] - 1
    given = ("--claimed", f"{quoted['resolution']:.4f}", "--json", "--tolerance")
    row = json.loads(run("h1.mrc", "h2.mrc", *given, 0.01)[1])["arms"][0]
    assert row["truth_uncertainty"] == pytest.approx(max(sides), abs=1e-3)
    assert row["verdict"] == "UNDETERMINED"
    content = json.loads(run("h1.mrc", "h2.mrc", *given, 0.03)[1])
    (row,) = content["arms"]
    assert row["verdict"] is None  # signal up to Nyquist, or something in common: the alarm does not tell
    assert "with the alarm 'unmasked FSC near Nyquist' nothing HOLDS" in row["reason"]
    assert content["quoted"] == quoted


def test_beside_common_noise_only_a_finer_claim_is_judged(run, files):
    """A coarser one may be right: what is common makes the curve fall late."""
    rng = np.random.default_rng(7)
    common = 0.25 * rng.standard_normal((BOX,) * 3)
    for name in ("h1", "h2"):
        write(files / f"c{name}.mrc", mrcfile.read(files / f"{name}.mrc") + common)
    found = json.loads(run("ch1.mrc", "ch2.mrc", "--json")[1])["quoted"]["resolution"]
    for claimed, word in ((found * 0.5, "FAILS"), (found, None), (found * 1.6, None)):
        told = ("--claimed", f"{claimed:.4f}", "--tolerance", 0.25, "--json")
        content = json.loads(run("ch1.mrc", "ch2.mrc", *told)[1])
        assert content["arms"][0]["verdict"] == word
        assert "unmasked FSC near Nyquist" in [c["check"] for c in content["checks"] if c["alarm"]]


Z = np.indices((BOX,) * 3) - (BOX - 1) / 2
AT = np.sqrt((Z**2).sum(0)) / (BOX / 2)
HIDDEN = {  # masks in units of half the box
    "cube 0.56": np.abs(Z).max(0) < 0.56 * BOX / 2,
    "cube 0.69": np.abs(Z).max(0) < 0.69 * BOX / 2,
    "cube 0.81": np.abs(Z).max(0) < 0.81 * BOX / 2,
    "cube 0.875": np.abs(Z).max(0) < 0.875 * BOX / 2,
    "box": (np.abs(Z) < np.array([0.6, 0.75, 0.9])[:, None, None, None] * BOX / 2).all(0),
    "sigmoid 0.69 of width 0.03": 1 / (1 + np.exp((AT - 0.69) / 0.03)),
    "sigmoid 0.69 of width 0.045": 1 / (1 + np.exp((AT - 0.69) / 0.045)),
    "sigmoid 0.56 of width 0.09": 1 / (1 + np.exp((AT - 0.56) / 0.09)),
    "gaussian 0.31": np.exp(-((AT / 0.31) ** 2) / 2),
    "gaussian 0.375": np.exp(-((AT / 0.375) ** 2) / 2),
    "cosine 0.66 to 0.84": 0.5 + 0.5 * np.cos(np.pi * np.clip((AT - 0.66) / 0.18, 0, 1)),
}


@pytest.mark.parametrize("how", HIDDEN)
def test_nothing_holds_of_halves_that_a_wide_mask_changed(tmp_path, run, how):
    """The noise is taken away beside the specimen, and the curve falls at a finer resolution."""
    rng = np.random.default_rng(5)
    true = specimen(width=0.16, peak=8)
    halves = [true + rng.standard_normal(true.shape) for _ in range(2)]
    for name, one in zip(("h1.mrc", "h2.mrc"), halves, strict=True):
        write(tmp_path / name, one * HIDDEN[how])
    curve = plain_crossing(*(one * HIDDEN[how] for one in halves))
    assert curve < 0.98 * plain_crossing(*halves)
    given = ("--claimed", f"{curve:.3f}", "--tolerance", 0.2, "--json")
    content = json.loads(run("h1.mrc", "h2.mrc", *given)[1])
    (row,) = content["arms"]
    assert row["verdict"] is None
    assert row["reason"].startswith("refused: ")
    assert any(check["alarm"] for check in content["checks"])
    if how.startswith(("cube", "box")):
        assert content["quoted"]["resolution"] is None
        assert "masked or padded before" in content["quoted"]["reason"]


def test_padded_halves_are_judged_in_their_own_box(run, files):
    """A file does not tell padding from a cube; the advice works where it was padding."""
    for name in ("h1", "h2"):
        write(files / f"p{name}.mrc", np.pad(mrcfile.read(files / f"{name}.mrc"), 6))
    right = json.loads(run("h1.mrc", "h2.mrc", "--json")[1])["quoted"]["resolution"]
    given = ("--claimed", f"{right:.2f}", "--tolerance", "0.3", "--json")
    content = json.loads(run("ph1.mrc", "ph2.mrc", *given)[1])
    assert content["raw"]["padded"]
    assert not content["raw"]["masked"]
    assert content["arms"][0]["verdict"] is None
    assert "Give them in the box in which they were reconstructed" in content["arms"][0]["reason"]
    assert json.loads(run("h1.mrc", "h2.mrc", *given)[1])["arms"][0]["verdict"] == "HOLDS"


def test_words_are_whole_in_80_columns(run, files, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    for name in ("h1", "h2"):
        write(files / f"m{name}.mrc", mrcfile.read(files / f"{name}.mrc") * BODY)
    write(files / "one.mrc", mrcfile.read(files / "mask.mrc"), voxel=1)
    for halves in (("h1.mrc", "h2.mrc"), ("mh1.mrc", "mh2.mrc")):
        given = (*halves, "--mask", "one.mrc", "--claimed", "5.6", "--tolerance", "0.3")
        out = run(*given)[1]
        content = json.loads(run(*given, "--json")[1])
        assert "…" not in out
        assert max(len(line.rstrip()) for line in out.splitlines()) <= 80
        told = " ".join([*content["notes"], *(check["said"] for check in content["checks"])])
        assert set(told.split()) <= set(out.replace("- ", " ").split())


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
