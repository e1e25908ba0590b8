"""`scopecheck check labels`: values of planted faults, limits, what silence was worth, and bad input."""

import json
import math
import re

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter
from scipy.stats import binom

from scopecheck import measure
from scopecheck.measure import evenness
from scopecheck.score import worth
from scopecheck.score.check_labels import Asked, check_labels


@pytest.fixture
def run(scopecheck):
    return lambda *arguments: scopecheck("check", "labels", *arguments)


def squares(n=30, side=8, shape=(128, 128), step=20):
    labels = np.zeros(shape, np.uint16)
    for i in range(n):
        y, x = divmod(i, 6)
        labels[4 + step * y : 4 + step * y + side, 4 + step * x : 4 + step * x + side] = i + 1
    return labels


def disc(shape, y, x, r):
    rows, columns = np.indices(shape)
    return (rows - y) ** 2 + (columns - x) ** 2 <= r * r


def lit(labels, seed=0):
    """A grey image in which the objects are bright, as a camera without processing gives it."""
    light = 40.0 + 200.0 * (labels > 0)
    return np.random.default_rng(seed).poisson(light).astype(np.uint16)


def put(folder, **arrays):
    folder.mkdir(exist_ok=True)
    for name, array in arrays.items():
        tifffile.imwrite(folder / f"{name}.tif", array)
    return folder


def values(found):
    return {one.rule.name: one for one in found.checks}


def told(text):
    return {one["name"]: one for one in json.loads(text)["checks"]}


def of(tmp_path, labels, image=None, **asked):
    masks = put(tmp_path / "one", f=labels) / "f.tif"
    grey = None if image is None else put(tmp_path / "grey", f=image) / "f.tif"
    return values(check_labels(masks, grey, asked=Asked(**asked)))


def test_half_of_the_objects_lost_is_the_log_ratio_of_the_counts(tmp_path):
    whole = squares()
    half = np.where(whole % 2, whole, 0)
    one = of(tmp_path, half, lit(whole), limits={"baseline": 0.1})["baseline"]
    assert one.value == pytest.approx(math.log(31 / 16))
    assert (one.said, one.told, one.source) == ("alarm", "15 against 30", "stated")
    assert of(tmp_path, whole, lit(whole), limits={"baseline": 0.1})["baseline"].value == 0


def test_light_that_no_object_covers_is_counted(tmp_path):
    whole = squares()
    half = np.where(whole % 2, whole, 0)
    assert of(tmp_path, half, lit(whole))["light outside"].value == pytest.approx(0.5, abs=0.05)
    assert of(tmp_path, whole, lit(whole))["light outside"].value < 0.35  # the blur of the baseline


def test_sizes_against_what_was_stated(tmp_path):
    """Squares of side s have the diameter 2 s / sqrt(pi); six of thirty were drawn at twice the side."""
    labels = squares()
    for i in range(6):
        y, x = 4, 4 + 20 * i
        labels[y : y + 16, x : x + 16] = i + 1
    wide = 2 * 8 / math.sqrt(math.pi)
    found = of(tmp_path, labels, size=(8.0, 10.0, "px"))
    assert found["odd sizes"].value == 6 / 30
    assert (found["odd sizes"].limit, found["odd sizes"].said) == (0.05, "alarm")
    assert found["median size"].value == pytest.approx(abs(math.log(wide / math.sqrt(80))))
    assert found["median size"].said == "silent"
    assert found["large objects"].value == 6 / 30
    assert of(tmp_path, labels, size=(12.0, 14.0, "px"))["median size"].said == "alarm"


def test_micrometres_are_those_of_the_pixel_size(run, tmp_path):
    masks = put(tmp_path / "one", f=squares()) / "f.tif"
    how = ("--size", "4:5um", "--pixel-size", "0.5", "--json")  # 8 px squares: 9.03 px, 4.51 um
    assert told(run(masks, *how)[1])["median size"]["told"] == "4.51 um"
    status, _, err = run(masks, "--size", "4:5um")
    assert (status, "add --pixel-size" in err) == (2, True)


def test_an_object_in_pieces_and_one_with_a_waist(tmp_path):
    labels = squares(28)
    labels[104:112, 84:92] = 30
    labels[112:120, 110:118] = 30  # apart from the first
    both = disc(labels.shape, 60, 12, 7) | disc(labels.shape, 60, 22, 7)
    found = of(tmp_path, labels)
    assert (found["in pieces"].value, found["in pieces"].said) == (1 / 29, "alarm")
    bare = np.where(both, 31, np.where(disc(labels.shape, 20, 60, 8), 32, 0)).astype(np.uint16)
    assert of(tmp_path, bare)["waists"].value == 1 / 2
    assert of(tmp_path, squares())["waists"].value == 0


def test_a_nucleus_drawn_as_two_has_a_seam(tmp_path):
    labels = squares()
    assert of(tmp_path, labels)["seams"].value == 0
    cut = labels == 1
    cut[:, : int(np.argwhere(cut)[:, 1].mean())] = False
    labels[cut] = 31
    seen = of(tmp_path, labels)["seams"]
    assert (seen.value, seen.told) == (2 / 31, "2 of 31")
    stack = of(tmp_path, np.stack([labels] * 5))["seams"]
    assert (stack.value, stack.told) == (None, "seams are looked for in planes, and this is a stack")


def test_objects_taken_away_at_the_border_are_missed(tmp_path):
    """The chance is that of the binomial, from the boxes of what is left; nothing touches here."""
    found = of(tmp_path, squares())["border"]
    expected = 30 * (128 * 128 / 119**2 - 1)
    assert found.value == pytest.approx(-math.log10(2 * binom.cdf(0, 30, expected / (30 + expected))))
    assert found.told == "0 of 30; expected 5 to 9"  # the second counts slivers: 135 * 135 / 119**2 - 1
    assert found.said == "silent"  # 30 objects are too few to tell
    whole = scattered(0, n=400)
    assert of(tmp_path, whole)["border"].said == "silent"
    assert of(tmp_path, measure.drop_border(whole))["border"].said == "alarm"


def scattered(seed, n=60, side=300):
    """Discs 13 px wide anywhere in a larger field, whose middle is taken: the border cuts as it may."""
    rng, labels = np.random.default_rng(seed), np.zeros((side + 60, side + 60), np.uint16)
    spot = disc((13, 13), 6, 6, 6)
    for i in range(n):
        y, x = rng.integers(0, side + 47, 2)
        window = labels[y : y + 13, x : x + 13]
        if not window[spot].any():
            window[spot] = i + 1
    return labels[30:-30, 30:-30]


def test_objects_put_down_anywhere_raise_no_alarm_at_the_border():
    rare = [evenness.border(scattered(seed)).p < 0.01 for seed in range(40)]
    assert sum(rare) <= 2


def test_an_empty_tile_is_found_and_even_fields_raise_none():
    rng = np.random.default_rng(1)
    points = rng.uniform(0, 400, (600, 2))
    lost = points[~((points[:, 0] < 99.5) & (points[:, 1] > 299.5))]
    worst = evenness.tiles(lost, (400, 400))
    assert (worst.row, worst.column, worst.found) == (0, 3, 0)
    beside = ((points[:, 0] < 199.5) & (points[:, 1] > 199.5)).sum() - (len(points) - len(lost))
    assert worst.expected == pytest.approx(beside / 3)
    assert worst.p < 1e-3
    even = [evenness.tiles(rng.uniform(0, 400, (300, 2)), (400, 400)).p < 0.01 for _ in range(60)]
    assert sum(even) <= 2


def test_the_largest_value_of_the_good_files_is_the_limit(run, tmp_path):
    whole = squares()
    drop = {f"g{k}": np.where(whole > k, whole, 0).astype(np.uint16) for k in range(3)}
    good = put(tmp_path / "good", **drop)
    good_image = put(tmp_path / "good_image", **{f"g{k}": lit(whole, k) for k in range(3)})
    masks = put(
        tmp_path / "m",
        a=np.where(whole != 9, whole, 0).astype(np.uint16),
        b=np.where(whole > 3, whole, 0).astype(np.uint16),
    )
    image = put(tmp_path / "i", a=lit(whole, 8), b=lit(whole, 9))
    status, out, err = run(masks, "--image", image, "--expect", good, "--expect-image", good_image, "--json")
    assert status == 0, err
    one = told(out)["baseline"]
    assert one["limit"] == pytest.approx(math.log(31 / 29))
    assert one["source"] == "largest of 3 good files"
    assert one["rang"] == ["b"]
    assert one["files"] == {"a": pytest.approx(math.log(31 / 30)), "b": pytest.approx(math.log(31 / 28))}


def test_texture_is_set_on_the_good_files(run, tmp_path):
    """Rough cells that fill a half; a mask of a quarter is off by a factor of two."""
    rng = np.random.default_rng(0)
    inside = np.zeros((128, 128), bool)
    inside[:, :64] = True
    image = np.where(inside, rng.normal(100, 20, inside.shape), rng.normal(100, 2, inside.shape)).clip(1)
    half, quarter = inside.astype(np.uint16), (inside & (np.indices(inside.shape)[0] < 64)).astype(np.uint16)
    good = put(tmp_path / "good", a=half), put(tmp_path / "good_image", a=image.astype(np.float32))
    masks, grey = put(tmp_path / "m", a=quarter), put(tmp_path / "i", a=image.astype(np.float32))
    how = ("--baseline", "texture", "--image", grey, "--expect", good[0], "--expect-image", good[1])
    one = told(run(masks, *how, "--as-given", "--json")[1])["texture"]
    assert one["value"] == pytest.approx(math.log(2), abs=0.02)
    assert one["said"] == "alarm"
    assert one["worth"][0]["recipe"] == "segmentation-confluence"


def test_what_silence_was_worth_is_what_the_recipe_counted(run, tmp_path):
    masks = put(tmp_path / "one", f=squares()) / "f.tif"
    image = put(tmp_path / "grey", f=lit(squares())) / "f.tif"
    how = ("--image", image, "--limit", "baseline=0.1,large-objects=0.1")
    row = next(r for r in worth.of("segmentation-cellpose", "baseline") if r.measurement == "count")
    out = run(masks, *how)[1]
    line = next(line for line in out.splitlines() if line.startswith(" baseline"))
    assert f"{row.misses}/{row.wrong}" in line
    assert f"{row.false_alarms}/{row.good}" in line
    assert "silent" in line
    assert "good," not in out.replace("good numbers", "")
    assert "A silent check does not say that a number is right" in out
    assert "is not known" in out  # how far the images are
    first = told(run(masks, *how, "--tool", "unet", "--json")[1])["baseline"]["worth"][0]
    assert first["recipe"] == "segmentation-unet-dice-trap"
    other = told(run(masks, *how, "--measure", "total_intensity", "--json")[1])
    assert [one["measurement"] for one in other["baseline"]["worth"]] == ["total_intensity", "any number"]
    assert other["large objects"]["worth"][0]["measurement"] == "count"  # it was counted by nothing else


def test_a_check_without_limit_is_not_asked_and_says_how_it_would_be(run, tmp_path):
    status, out, _ = run(put(tmp_path / "one", f=squares()) / "f.tif")
    joined = " ".join(out.split())
    assert status == 0
    for said in (
        "baseline: not asked: give --image.",
        "large objects: 0.00: 0 of 30; not asked: no limit: give --expect, or --limit large-objects=",
        "odd sizes: not asked: give --size LOW:HIGH",
        "tiles: not asked: 30 objects; tiles need 80, five in each of 16.",
    ):
        assert said in joined


def stretched(image):
    low, high = np.percentile(image, (2, 99))
    return ((image.astype(float) - low) / (high - low) * 255).clip(0, 255).astype(np.uint8)


NOTICED = {
    "one grey value": (lambda image: np.full_like(image, 7), "every pixel has the grey level 7"),
    "8 bits after auto-contrast": (stretched, "8 bits from 0 to 255, as after an automatic contrast"),
    "dark objects": (lambda image: 400 - image, "objects are darker than their surroundings"),
}


@pytest.mark.parametrize("kind", NOTICED)
def test_what_an_image_shows_of_its_past_is_noticed(run, tmp_path, kind):
    change, said = NOTICED[kind]
    masks = put(tmp_path / "m", f=squares())
    status, out, err = run(masks, "--image", put(tmp_path / "i", f=change(lit(squares()))))
    assert status == 0, err
    assert said in " ".join(out.split())


def test_an_image_as_it_came_from_the_camera_raises_no_note(run, tmp_path):
    out = run(put(tmp_path / "m", f=squares()), "--image", put(tmp_path / "i", f=lit(squares())))[1]
    assert "f.tif" not in out


BAD = {
    "no such file": (("nowhere.tif",), "nowhere.tif: no such file or folder, given as masks"),
    "three colours": (("m", "--image", "rgb"), "is a colour picture"),
    "another size": (("m", "--image", "small"), "expected the image of which the masks were made"),
    "masks as their image": (("m", "--image", "m"), "f.tif would be taken as masks and as image"),
    "an image that is missing": (("m", "--image", "other"), "1 of 1 files (f.tif) have no image of the same"),
    "a file and a folder": (("m/f.tif", "--image", "small"), "masks is a file, image is a folder"),
    "a mask in pieces": (("mask",), "--labels connected counts every piece as an object"),
    "grey levels": (("grey",), "grey levels or probabilities do"),
    "a size without unit": (("m", "--size", "10:40"), "expected two diameters and their unit"),
    "a size the wrong way round": (("m", "--size", "40:10px"), "the smaller diameter, above 0, before"),
    "a limit of no check": (("m", "--limit", "beauty=1"), "no check 'beauty'; expected baseline"),
    "a limit that is no number": (("m", "--limit", "baseline=nan"), "baseline has nan; expected one finite"),
    "a limit without a name": (("m", "--limit", "0.1"), "expected CHECK=NUMBER"),
    "a limit of sizes without sizes": (("m", "--limit", "odd-sizes=0.1"), "give --size LOW:HIGH"),
    "good files that are the same": (("m", "--expect", "m"), "masks cannot be their own limit"),
    "a good file that is asked": (("m", "--expect", "m/f.tif"), "nothing can be its own limit"),
    "good images alone": (("m", "--expect-image", "small"), "given without --expect"),
    "a tool of no recipe": (("m", "--tool", "magic"), "no recipe of 'magic'"),
    "a side that is not there": (("m", "--labels", "truth=connected"), "expected one of connected, linked"),
    "a background that is none": (("m", "--background", "3"), "so that 0 is its background"),
    "an empty folder": (("empty",), "is empty; expected images"),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_input_is_one_line_and_status_2(run, tmp_path, monkeypatch, kind):
    arguments, said = BAD[kind]
    monkeypatch.chdir(tmp_path)
    whole = squares()
    put(tmp_path / "m", f=whole)
    put(tmp_path / "rgb", f=np.stack([lit(whole)] * 3, -1).astype(np.uint8))
    put(tmp_path / "small", f=lit(whole)[:64])
    put(tmp_path / "other", g=lit(whole))
    put(tmp_path / "mask", f=(whole > 0).astype(np.uint8) * 255)
    put(tmp_path / "grey", f=lit(whole))
    (tmp_path / "empty").mkdir()
    status, out, err = run(*arguments)
    assert (status, out, len(err.splitlines())) == (2, "", 1)
    assert said in err


def test_a_field_without_objects_is_told_and_never_silent_about_the_rest(run, tmp_path):
    masks = put(tmp_path / "m", a=squares(), b=np.zeros((128, 128), np.uint16))
    image = put(tmp_path / "i", a=lit(squares()), b=lit(squares()))
    status, out, _ = run(masks, "--image", image, "--limit", "baseline=0.2", "--json")
    content = json.loads(out)
    assert status == 0
    assert told(out)["baseline"]["rang"] == ["b"]
    assert told(out)["in pieces"]["files"]["b"] == "holds no object"
    assert any("b: holds no object" in note for note in content["notes"])


def test_counts_of_no_case_are_no_counts(run, tmp_path):
    """StarDist's tiles were asked of wrong results alone."""
    (row,) = worth.of("segmentation-stardist", "tiles")
    assert row.good == 0
    status, out, _ = run(str(put(tmp_path / "m", f=scattered(0, n=400)) / "f.tif"))
    text = " ".join(out.split())
    assert status == 0
    assert f"{row.misses}/{row.wrong} unknown" in text
    assert "0/0, none was asked" in text
    assert "nan" not in text.lower()


def test_no_border_is_expected_of_a_stack(tmp_path):
    labels = squares()
    deep = np.zeros((21, *labels.shape), labels.dtype)
    deep[5:16] = labels
    seen = of(tmp_path, deep)["border"]
    assert (seen.value, seen.told) == (None, "the border is looked at in planes, and this is a stack")


@given(
    st.lists(st.integers(0, 6), min_size=36, max_size=36),
    st.sampled_from(["none", "noise", "flat"]),
)
def test_a_nan_is_never_an_answer(tmp_path_factory, cells, kind):
    """Whatever the labels: each check has a finite value, or says why it has none."""
    labels = np.kron(np.reshape(cells, (6, 6)), np.ones((7, 7), int)).astype(np.uint16)
    folder = tmp_path_factory.mktemp("any")
    masks = put(folder / "m", f=labels) / "f.tif"
    image = None
    if kind != "none":
        grey = lit(labels) if kind == "noise" else np.full(labels.shape, 3, np.uint8)
        image = put(folder / "i", f=grey) / "f.tif"
    from scopecheck.score.rules import Rules

    asked = Asked(size=(5.0, 9.0, "px"), rules=Rules(as_given=True))
    for one in check_labels(masks, image, asked=asked).checks:
        assert one.said in ("alarm", "silent", "not asked")
        assert one.told
        assert one.value is None or math.isfinite(one.value)
        assert one.said == "not asked" or one.value is not None
        assert "nan" not in one.told.lower()


@pytest.mark.parametrize("columns", [40, 60, 80, 100])
def test_no_word_is_cut(run, tmp_path, monkeypatch, columns):
    masks = put(tmp_path / "m", a=squares(), b=squares(20))
    image = put(tmp_path / "i", a=lit(squares()), b=lit(squares()))
    how = (masks, "--image", image, "--limit", "baseline=0.2,light-outside=0.2", "--size", "8:10px")
    monkeypatch.setenv("COLUMNS", "400")
    wide = run(*how)[1]
    monkeypatch.setenv("COLUMNS", str(columns))
    narrow = run(*how)[1]
    words = [set(re.findall(r"[A-Za-z_]{3,}", text)) for text in (wide, narrow)]
    assert words[0] - words[1] <= {"measured", "check", *re.findall(r"[A-Za-z_]{3,}", str(tmp_path))}
    assert "…" not in narrow
    longest = max(len(line) for line in narrow.splitlines() if str(tmp_path) not in line)
    assert longest <= columns


@pytest.mark.parametrize(
    ("photons", "diameter", "n", "said"),
    [
        (200.0, 20.0, 100, "inside everything"),
        (200.0, 60.0, 15, "diameter is"),
        (2000.0, 20.0, 100, "photons is"),
        (200.0, 20.0, 30, "coverage is"),
    ],
)
def test_it_says_how_far_images_lie_from_those_that_were_swept(run, tmp_path, photons, diameter, n, said):
    """Held against the settings that the images were simulated with, and the ends of the shipped sweep."""
    from scopecheck import acquire
    from scopecheck.acquire.scenes import nuclei
    from scopecheck.record.envelope import envelope_tables, read_envelope

    swept = read_envelope(envelope_tables()["segmentation-stardist"]).axes["diameter"][-1]
    for name in ("masks", "images"):
        (tmp_path / name).mkdir()
    for k in range(3):
        scene = nuclei((512, 512), n, diameter=diameter, photons=photons, background=5, seed=k)
        seen = acquire.expose(gaussian_filter(scene.photons, 1.5), acquire.Camera(), k)
        tifffile.imwrite(tmp_path / "masks" / f"{k}.tif", scene.labels.astype(np.uint16))
        tifffile.imwrite(tmp_path / "images" / f"{k}.tif", seen)
    masks = str(tmp_path / "masks")
    got = run(masks, "--image", str(tmp_path / "images"), "--tool", "stardist", "--json")[1]
    told = [note for note in json.loads(got)["notes"] if note.startswith("Beside the images")]
    assert len(told) == 1
    assert "segmentation-stardist was swept over, yours (median of 3) have" in told[0]
    assert said in told[0]
    if diameter > swept:
        times = float(re.search(r"diameter is ([\d.]+) times", told[0])[1])
        assert times == pytest.approx(diameter / swept, rel=0.1)
    assert not [note for note in json.loads(run(masks, "--json")[1])["notes"] if "swept" in note]


def test_border_objects_lost_in_every_field_ring_together(run, tmp_path):
    """That none of few lies at the border is no rarity in one field, and one in six of them."""
    fields = {f"f{k}": scattered(k, n=40).astype(np.uint16) for k in range(6)}
    kept = told(run(put(tmp_path / "kept", **fields), "--json")[1])["border"]
    assert kept["said"] == "silent"
    lost = {}
    for name, labels in fields.items():
        edge = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
        lost[name] = np.where(np.isin(labels, edge), 0, labels).astype(np.uint16)
    rang = told(run(put(tmp_path / "lost", **lost), "--json")[1])["border"]
    assert rang["said"] == "alarm"
    assert rang["told"].startswith("in all files 0 of ")
    one = told(run(put(tmp_path / "one", f0=lost["f0"]) / "f0.tif", "--json")[1])["border"]
    assert one["said"] == "silent"
