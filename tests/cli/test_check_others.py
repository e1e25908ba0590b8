"""`scopecheck check halves`, `denoised` and `picks`: planted faults, limits of the recipes, and bad input."""

import json
import math
import re

import mrcfile
import numpy as np
import pytest
import tifffile
from scipy.ndimage import gaussian_filter
from scipy.stats import kstest

from scopecheck.measure import evenness, maps
from scopecheck.score import worth

BOX, PIXEL = 48, 1.5


@pytest.fixture
def run(scopecheck, monkeypatch, tmp_path):
    """Call the command in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: scopecheck("check", *arguments)


def told(text):
    return {one["name"]: one for one in json.loads(text)["checks"]}


def write_map(path, values, voxel=PIXEL):
    with mrcfile.new(path, overwrite=True) as file:
        file.set_data(np.asarray(values, np.float32))
        file.voxel_size = voxel


@pytest.fixture
def halves(tmp_path):
    """Two honest half maps, a soft mask, halves that share noise, and a mask made of their noise."""
    rng, k = np.random.default_rng(1), np.fft.fftfreq(BOX)
    r = np.sqrt(k[:, None, None] ** 2 + k[:, None] ** 2 + np.fft.rfftfreq(BOX) ** 2)
    white = rng.standard_normal((BOX,) * 3) * maps.soft_mask((BOX,) * 3, 12, 0)
    true = math.sqrt(40) * np.fft.irfftn(np.fft.rfftn(white) * np.exp(-((r / 0.1) ** 2) / 2), white.shape)
    shared = rng.standard_normal(true.shape)
    for k in (1, 2):
        own = rng.standard_normal(true.shape)
        write_map(tmp_path / f"h{k}.mrc", true + own)
        write_map(tmp_path / f"s{k}.mrc", true + 0.7 * own + 0.7 * shared)
    write_map(tmp_path / "mask.mrc", maps.soft_mask(true.shape, 14, 6))
    write_map(tmp_path / "hard.mrc", maps.soft_mask(true.shape, 14, 0))
    return tmp_path


def test_halves_are_held_against_the_limits_that_the_recipe_declared(run, halves):
    status, out, err = run("halves", "h1.mrc", "h2.mrc", "--mask", "mask.mrc", "--json")
    assert status == 0, err
    found = told(out)
    a, b, mask = (mrcfile.read(halves / f"{name}.mrc") for name in ("h1", "h2", "mask"))
    plain = maps.fsc(a, b)
    assert found["floor"]["value"] == pytest.approx(plain.fsc[-5:].mean())
    assert found["mask"]["value"] == pytest.approx(maps.fsc(mask, (a + b) / 2).fsc[-5:].mean(), abs=1e-5)
    claimed = json.loads(out)["claimed_A"]
    ratio = maps.resolution(plain, 0.143, PIXEL) / claimed
    assert found["gap"]["value"] == pytest.approx(ratio)
    cones = maps.conical_fsc(a, b, 64, mask)
    assert found["cone area"]["value"] == pytest.approx(1 - maps.conical_area_ratio(cones))
    limits = {name: one["limit"] for name, one in found.items()}
    declared = {"randomised": 0.2, "floor": 0.05, "never falls": 0, "gap": 1.25, "cone area": 0.5}
    assert limits.items() >= (declared | {"local": 1.25, "mask": 0.05}).items()
    for name in declared:
        assert found[name]["worth"][0]["check"] == name
    assert found["two maps"]["worth"][0]["check"] == "two maps"
    quiet = {name: one["said"] for name, one in found.items() if name != "gap"}
    assert set(quiet.values()) == {"silent"}


def test_noise_that_the_halves_share_rings(run, halves):
    found = told(run("halves", "s1.mrc", "s2.mrc", "--mask", "mask.mrc", "--json")[1])
    assert found["floor"]["said"] == found["never falls"]["said"] == "alarm"
    assert found["floor"]["value"] == pytest.approx(0.5, abs=0.05)  # 0.7 of either kind
    found = told(run("halves", "s1.mrc", "s2.mrc", "--json")[1])
    assert found["floor"]["said"] == "alarm"
    assert found["mask"] | {"files": 0} == found["mask"] | {"files": 0, "said": "not asked"}
    assert found["mask"]["told"] == "give --mask"


def test_halves_that_are_one_map_are_told_and_what_was_masked_before(run, halves):
    write_map(halves / "again.mrc", mrcfile.read(halves / "h1.mrc"))
    found = told(run("halves", "h1.mrc", "again.mrc", "--json")[1])
    assert found["two maps"]["said"] == "alarm"
    assert found["masked before"]["said"] == "not asked"
    mask = mrcfile.read(halves / "hard.mrc")
    for k in (1, 2):
        write_map(halves / f"m{k}.mrc", mrcfile.read(halves / f"h{k}.mrc") * mask)
    assert told(run("halves", "m1.mrc", "m2.mrc", "--json")[1])["masked before"]["said"] == "alarm"


def test_a_finer_claim_is_held_against_the_unmasked_curve(run, halves):
    found = told(run("halves", "h1.mrc", "h2.mrc", "--mask", "mask.mrc", "--claimed", "3.2", "--json")[1])
    assert found["gap"]["said"] == "alarm"
    assert found["local"]["said"] == "alarm"


def write(folder, **images):
    folder.mkdir(exist_ok=True)
    for name, image in images.items():
        tifffile.imwrite(folder / f"{name}.tif", np.asarray(image))
    return folder


@pytest.fixture
def denoised(tmp_path):
    """Raw images of blobs; what a filter made of them; and one that took a fifth of the light."""
    rng = np.random.default_rng(0)
    scenes = [gaussian_filter(rng.random((96, 96)) ** 40, 3) * 8000 + 50 for _ in range(3)]
    raw, second = ([rng.poisson(s).astype(np.float32) for s in scenes] for _ in range(2))
    write(tmp_path / "raw", **{f"f{k}": image for k, image in enumerate(raw)})
    write(tmp_path / "raw2", **{f"f{k}": image for k, image in enumerate(second)})
    write(tmp_path / "true", **{f"f{k}": s.astype(np.float32) for k, s in enumerate(scenes)})
    write(tmp_path / "dim", **{f"f{k}": 0.8 * s.astype(np.float32) for k, s in enumerate(scenes)})
    write(tmp_path / "out", **{f"f{k}": gaussian_filter(image, 2) for k, image in enumerate(raw)})
    write(tmp_path / "out2", **{f"f{k}": gaussian_filter(image, 2) for k, image in enumerate(second)})
    return tmp_path


def test_noise_alone_was_taken_where_the_truth_was_given_back(run, denoised):
    found = told(run("denoised", "raw", "true", "--limit", "residual-x=0.05,residual-y=0.05", "--json")[1])
    for name in ("residual x", "residual y", "light"):
        assert found[name]["said"] == "silent"
    assert found["residual x"]["value"] < 0.04
    found = told(run("denoised", "raw", "out", "--expect", "true", "--expect-raw", "raw", "--json")[1])
    assert found["residual x"]["source"] == "largest of 3 good files"
    assert found["residual x"]["said"] == "alarm"  # a filter leaves its own share of each pixel's noise


def test_light_that_was_taken_rings_by_the_limit_of_the_recipe(run, denoised):
    one = told(run("denoised", "raw", "dim", "--json")[1])["light"]
    assert one["limit"] == pytest.approx(math.log(1.1))
    assert one["value"] == pytest.approx(-math.log(0.8), abs=0.02)
    assert (one["said"], len(one["rang"])) == ("alarm", 3)
    assert one["worth"][0]["hits"] == worth.of("restoration-care", "light")[0].hits


def test_a_second_exposure_is_compared(run, denoised):
    how = ("--second-raw", "raw2", "--second-out", "out2", "--limit", "again=0.5,blurred=0.5")
    found = told(run("denoised", "raw", "out", *how, "--json")[1])
    pairs = [[tifffile.imread(denoised / d / f"f{k}.tif").ravel() for d in ("out", "out2")] for k in range(3)]
    worst = max(1 - np.corrcoef(*pair)[0, 1] for pair in pairs)
    assert found["again"]["value"] == pytest.approx(worst)
    assert 0 < found["blurred"]["value"] < 0.5
    assert found["again"]["worth"][0]["tells"] is False
    assert "No better than chance" in " ".join(run("denoised", "raw", "out", *how)[1].split())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda image: image[::-1], "fits the raw one better turned upside down"),
        (lambda image: image.T, "fits the raw one better transposed"),
        (lambda image: np.roll(image, 45, axis=(0, 1)), "is no more like the raw one"),
        (lambda image: np.random.default_rng(5).random(image.shape), "do they show the same place?"),
    ],
)
def test_a_restored_image_of_another_place_or_way_round_is_noted(run, denoised, change, said):
    images = {f"f{k}": change(tifffile.imread(denoised / "out" / f"f{k}.tif")) for k in range(3)}
    write(denoised / "other", **images)
    for more in ([], ["--second-out", "other"]):
        told = run("denoised", "raw", "out" if more else "other", *more)[1]
        if more:
            said = said.replace("the raw one", "the first")
        assert said in " ".join(told.split())
    assert "better" not in run("denoised", "raw", "out")[1]


def test_a_movie_on_both_sides_is_noted_and_huge_values_are_refused(run, denoised):
    frames = np.stack([tifffile.imread(denoised / "raw" / f"f{k}.tif") for k in range(3)])
    tifffile.imwrite(denoised / "movie.tif", frames, photometric="minisblack")
    tifffile.imwrite(denoised / "smooth.tif", gaussian_filter(frames, (0, 2, 2)), photometric="minisblack")
    told = " ".join(run("denoised", "movie.tif", "smooth.tif")[1].split())
    assert "3 planes, taken for one volume; give frames of a movie one by one" in told
    tifffile.imwrite(denoised / "huge.tif", frames.astype(float) * 1e300, photometric="minisblack")
    status, _, error = run("denoised", "movie.tif", "huge.tif")
    assert status == 2
    assert "huge.tif: holds values above 1e+100" in error


def test_images_in_which_nothing_changed_or_is_seen_are_not_judged(run, denoised):
    found = told(run("denoised", "raw", "raw2", "--json")[1])
    assert found["again"]["told"] == "give --second-out"
    write(denoised / "same", **{f"f{k}": tifffile.imread(denoised / "raw" / f"f{k}.tif") for k in range(3)})
    assert told(run("denoised", "raw", "same", "--json")[1])["residual x"]["told"] == "nothing was taken away"
    write(denoised / "flat", **{f"f{k}": np.full((96, 96), 3.0, np.float32) for k in range(3)})
    status, out, _ = run("denoised", "raw", "flat")
    assert status == 0
    assert "light: not asked: an image is constant" in out
    assert "the restored image is constant" in out


def table(path, by_name):
    lines = ["image_name\tx_coord\ty_coord\tscore"]
    lines += [f"{name}\t{x:.3f}\t{y:.3f}\t{s:.4f}" for name, rows in by_name.items() for x, y, s in rows]
    path.write_text("\n".join(lines) + "\n")
    return path


def scattered(seed, n=150, mean=2.0):
    rng = np.random.default_rng(seed)
    grid = np.stack(np.meshgrid(np.arange(15), np.arange(15)), -1).reshape(-1, 2)
    at = grid[rng.permutation(len(grid))[:n]] * 65 + rng.uniform(20, 30, (n, 2))
    return np.c_[at, rng.normal(mean, 2, n)]


def test_scores_are_held_against_those_of_good_picks(run, tmp_path):
    table(tmp_path / "good.txt", {"a": scattered(0), "b": scattered(1)})
    rows = scattered(2, mean=0.0)
    table(tmp_path / "mine.txt", {"m": rows})
    status, out, err = run("picks", "mine.txt", "--expect", "good.txt", "--threshold", "-6", "--json")
    assert status == 0, err
    found = told(out)
    scores = rows[:, 2].round(4)
    assert found["doubt"]["value"] == pytest.approx(np.mean(1 / (1 + np.exp(scores))))
    assert found["stability"]["value"] == pytest.approx(np.log(151 / ((scores > -5).sum() + 1)))
    assert found["doubt"]["said"] == "alarm"
    assert found["doubt"]["worth"][0]["recipe"] == "picking-topaz"


def test_twins_and_coarse_coordinates_ring(run, tmp_path):
    rows = scattered(3)
    twice = np.concatenate((rows, rows[:30] + [3, 0, 0]))
    table(tmp_path / "twice.txt", {"m": twice})
    one = told(run("picks", "twice.txt", "--diameter", "40", "--json")[1])["twins"]
    assert (one["value"], one["limit"], one["said"]) == (60 / 180, 0.01, "alarm")
    assert one["worth"][0]["recipe"] == "picking-topaz"
    binned = rows.copy()
    binned[:, :2] = 8 * np.rint(rows[:, :2] / 8)
    table(tmp_path / "binned.txt", {"m": binned})
    found = told(run("picks", "binned.txt", "--diameter", "40", "--json")[1])
    assert (found["grid"]["said"], found["sub-pixel"]["told"]) == ("alarm", "coordinates are whole pixels")
    assert "by 8 px" in found["grid"]["told"]
    assert found["grid"]["worth"][0]["check"] == "grid"
    assert found["sub-pixel"]["worth"] == []  # pickers give whole pixels
    assert "no known worth" in found["sub-pixel"]["worth_note"]
    locked = rows.copy()
    locked[:, 0] = np.rint(rows[:, 0]) + 0.2 * np.random.default_rng(0).random(len(rows))
    table(tmp_path / "locked.txt", {"m": locked})
    one = told(run("picks", "locked.txt", "--json")[1])["sub-pixel"]
    expected = 2 * kstest(locked[:, 0].round(3) % 1, "uniform").pvalue
    assert one["value"] == pytest.approx(-math.log10(max(expected, 1e-300)))
    assert one["said"] == "alarm"
    table(tmp_path / "fine.txt", {"m": rows})
    found = told(run("picks", "fine.txt", "--diameter", "40", "--shape", "1000,1000", "--json")[1])
    assert {found[name]["said"] for name in ("twins", "grid", "sub-pixel", "tiles")} == {"silent"}


def test_even_coordinates_lie_on_no_grid():
    rng = np.random.default_rng(0)
    rare = [evenness.grid(rng.integers(0, 4000, 200))[1] < 0.01 for _ in range(200)]
    assert sum(rare) <= 2
    assert evenness.grid(16 * rng.integers(0, 200, 200))[0] == 16


def test_probabilities_are_not_taken_for_the_scores_that_were_measured(run, tmp_path):
    rows = scattered(0)
    rows[:, 2] = np.linspace(0.1, 0.9, len(rows))
    table(tmp_path / "p.txt", {"m": rows})
    one = told(run("picks", "p.txt", "--limit", "doubt=0.5", "--json")[1])["doubt"]
    assert one["said"] == "not asked"
    assert "no log-likelihood ratios" in one["told"]


BAD = {
    "one half twice": (("halves", "h1.mrc", "h1.mrc"), "given twice"),
    "a claim beyond Nyquist": (("halves", "h1.mrc", "h2.mrc", "--claimed", "2"), "from Nyquist, 3 A, on"),
    "a claim that is none": (("halves", "h1.mrc", "h2.mrc", "--claimed", "x"), "is not a number"),
    "no half map": (("halves", "h1.mrc", "none.mrc"), "none.mrc"),
    "a limit of no check of maps": (("halves", "h1.mrc", "h2.mrc", "--limit", "x=1"), "no check 'x'"),
    "other shapes": (("denoised", "raw", "small"), "shapes differ"),
    "colour": (("denoised", "raw", "rgb"), "is a colour picture"),
    "one folder twice": (("denoised", "raw", "raw"), "given as raw and as restored"),
    "good ones without raw": (("denoised", "raw", "out", "--expect", "out2"), "give both"),
    "a second raw alone": (("denoised", "raw", "out", "--second-raw", "raw2"), "without --second-out"),
    "the first as second": (("denoised", "raw", "out", "--second-out", "out"), "first and the second take"),
    "no picks": (("picks", "empty.txt"), "holds no pick"),
    "no such picks": (("picks", "none.txt"), "none.txt"),
    "picks as their own limit": (("picks", "p.txt", "--expect", "p.txt"), "cannot be their own limit"),
    "a copy as their limit": (("picks", "p.txt", "--expect", "copy.txt"), "nothing can be its own limit"),
    "good images that are asked": (
        ("denoised", "raw", "out", "--expect", "out/f0.tif", "--expect-raw", "raw/f0.tif"),
        "nothing can be its own limit",
    ),
    "a diameter in A alone": (("picks", "p.txt", "--diameter", "100A"), "needs --pixel-size"),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_input_is_one_line_and_status_2(run, tmp_path, request, kind):
    arguments, said = BAD[kind]
    if arguments[0] != "picks":
        request.getfixturevalue(arguments[0])
    write(tmp_path / "small", **{f"f{k}": np.eye(40, dtype=np.float32) for k in range(3)})
    write(tmp_path / "rgb", **{f"f{k}": np.zeros((96, 96, 3), np.uint8) for k in range(3)})
    table(tmp_path / "p.txt", {"m": scattered(0)})
    table(tmp_path / "copy.txt", {"n": scattered(0)})
    (tmp_path / "empty.txt").write_text("image_name\tx_coord\ty_coord\tscore\n")
    status, out, err = run(*arguments)
    assert (status, out, len(err.splitlines())) == (2, "", 1), out
    assert said in err


@pytest.mark.parametrize("columns", [60, 80])
@pytest.mark.parametrize("kind", ["halves", "denoised", "picks"])
def test_no_word_is_cut(run, tmp_path, monkeypatch, request, kind, columns):
    if kind != "picks":
        request.getfixturevalue(kind)
    table(tmp_path / "p.txt", {"m": scattered(0), "n": scattered(1)})
    arguments = {
        "halves": ("halves", "h1.mrc", "h2.mrc", "--mask", "mask.mrc"),
        "denoised": ("denoised", "raw", "out", "--limit", "residual-x=0.1"),
        "picks": ("picks", "p.txt", "--diameter", "40", "--limit", "doubt=0.2,stability=0.1"),
    }[kind]
    monkeypatch.setenv("COLUMNS", "400")
    wide = run(*arguments)[1]
    monkeypatch.setenv("COLUMNS", str(columns))
    narrow = run(*arguments)[1]
    words = [set(re.findall(r"[A-Za-z_]{3,}", text)) for text in (wide, narrow)]
    assert words[0] - words[1] <= {"check"}
    assert max(map(len, narrow.splitlines())) <= columns
    assert "silence" in narrow or "silent" in narrow


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda raw: np.roll(raw, (3, 5), (0, 1)), "fits the raw one better moved by Y -3.0, X -5.0 pixels"),
        (lambda raw: raw.astype(float) - 500, "the restored image holds negative values, which no light has"),
        (lambda raw: (raw.astype(int) - raw.min() - 9).astype(np.uint16), "uint16 seems to wrap around"),
        (lambda raw: raw + 1, None),
    ],
)
def test_a_restored_image_that_lies_elsewhere_or_ran_over_its_end_is_noted(run, tmp_path, change, said):
    from scopecheck import acquire
    from scopecheck.acquire.spots import field

    raw = acquire.expose(field((128, 128), 20, light=3000, seed=3).photons, acquire.Camera(), 3)
    tifffile.imwrite(tmp_path / "raw.tif", raw)
    made = change(raw)
    tifffile.imwrite(tmp_path / "out.tif", made if made.dtype == np.uint16 else made.astype(np.float32))
    notes = json.loads(run("denoised", "raw.tif", "out.tif", "--json")[1])["notes"]
    found = [note for note in notes if re.search("moved by|negative|wrap around", note)]
    assert len(found) == (said is not None)
    assert said is None or said in found[0]


def exposures(n=2, light=3000):
    from scopecheck import acquire
    from scopecheck.acquire.spots import field

    scene = field((128, 128), 20, light=light, seed=3).photons
    return [acquire.expose(scene, acquire.Camera(), k) for k in range(n)]


def noted(run, tmp_path, *more, **images):
    for name, image in images.items():
        tifffile.imwrite(tmp_path / f"{name}.tif", image, photometric="minisblack")
    return json.loads(run("denoised", "raw.tif", "out.tif", *more, "--json")[1])["notes"]


def test_a_camera_image_cast_to_8_bits_is_told_by_the_other(run, tmp_path):
    raw = exposures(1, light=12000)[0]
    clean = gaussian_filter(raw.astype(np.float32), 1)
    notes = noted(run, tmp_path, raw=raw.astype(np.uint8), out=clean)
    assert any("raw.tif: the raw image of uint8 seems to wrap around" in note for note in notes)
    notes = noted(run, tmp_path, raw=raw, out=clean.astype(np.uint8))
    assert any("out.tif: the restored image of uint8 seems to wrap around" in note for note in notes)
    assert not any("wrap around" in note for note in noted(run, tmp_path, raw=raw, out=clean))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda image: np.roll(image, (6, -4), (0, 1)), "fits the first better moved by Y -6.0, X +4.0"),
        (lambda image: np.full_like(image, 7), "the second take is constant"),
        (lambda image: image, None),
    ],
)
def test_a_second_take_that_lies_elsewhere_or_shows_nothing_is_noted(run, tmp_path, change, said):
    raw, second = exposures()
    outs = [gaussian_filter(image.astype(np.float32), 1) for image in (raw, change(second))]
    images = {"raw": raw, "out": outs[0], "raw2": change(second), "out2": outs[1]}
    more = ("--second-raw", "raw2.tif", "--second-out", "out2.tif")
    found = [note for note in noted(run, tmp_path, *more, **images) if "second take" in note]
    assert len(found) == 2 * (said is not None)
    assert all(said in note for note in found)


def test_what_was_done_to_one_plane_of_a_stack_is_told_with_the_plane(run, tmp_path):
    planes = np.stack(exposures(3))
    planes[0] = np.minimum(planes[0], np.percentile(planes[0], 97)).astype(planes.dtype)
    out = gaussian_filter(planes.astype(np.float32), (0, 1, 1))
    notes = " ".join(noted(run, tmp_path, raw=planes, out=out))
    assert re.search(
        r"raw\.tif: the raw image: .*clipped there \(in plane 1 of 3, of which 3 were looked at\)", notes
    )
