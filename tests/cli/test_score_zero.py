"""`scopecheck score labels` at zero and below: lost fields, negative sums, dark objects, units."""

import json

import numpy as np
import pytest
import tifffile

from scopecheck.score.units import plain


@pytest.fixture
def run(score):
    return lambda *arguments: score("labels", *arguments)


def grid(n, side=6, shape=(64, 200)):
    """`n` squares of `side` pixels, ten apart."""
    labels = np.zeros(shape, np.uint16)
    for i in range(n):
        y, x = divmod(i, 18)
        labels[2 + 10 * y : 2 + 10 * y + side, 2 + 10 * x : 2 + 10 * x + side] = i + 1
    return labels


def write(folder, arrays):
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in arrays.items():
        tifffile.imwrite(folder / f"{name}.tif", array)
    return folder


def arms(text):
    return {row["measurement"]: row for row in json.loads(text)["arms"]}


def test_the_last_object_of_a_failed_field_lost_makes_the_bias_worse(run, tmp_path):
    """Once the mean went over to fractions there, and the bias from -29 % to -18 %."""
    truth = write(tmp_path / "t", {f"f{i}": grid(40) for i in range(6)})
    biases = []
    for left in (3, 2, 1, 0):
        model = write(tmp_path / f"m{left}", {f"f{i}": grid(left if i == 4 else 40) for i in range(6)})
        row = arms(run(model, truth, "--tolerance", "count=0.1", "--json")[1])["count"]
        assert (row["verdict"], row["far"]) == ("UNDETERMINED", [4])
        assert ("nothing of 40" if left == 0 else f"{left} of 40") in row["note"]
        assert "f4.tif" in row["note"]
        # by hand: below a half the log ratio goes on as 2 r - 1 - ln 2
        biases.append(row["bias"])
        assert row["bias"] == pytest.approx(np.expm1((2 * left / 40 - 1 - np.log(2)) / 6))
    assert biases == sorted(biases, reverse=True)


def test_the_lost_field_is_named_where_the_word_holds(run, tmp_path):
    names = [f"field_{i:02d}" for i in range(60)]
    truth = write(tmp_path / "t", {name: grid(20, shape=(30, 200)) for name in names})
    lost = {name: grid(0 if name == "field_07" else 20, shape=(30, 200)) for name in names}
    status, out, _ = run(write(tmp_path / "m", lost), truth, "--tolerance", "count=0.1")
    text = " ".join(out.split())
    assert status == 0
    assert "● HOLDS" in text
    assert "1 of 60 far outside" in text
    assert "far outside: field_07.tif (nothing of 20)" in text


@pytest.fixture
def negative(tmp_path):
    """Six fields, objects 50 above a background of 100; in f2 the background outside is uneven and bright."""
    counts = (20, 24, 30, 27, 36, 22)
    labels = {f"f{i}": grid(n) for i, n in enumerate(counts)}
    grey = {name: np.where(array > 0, 150, 100).astype(np.uint16) for name, array in labels.items()}
    grey["f2"] = np.where(labels["f2"] > 0, 150, 400).astype(np.uint16)
    truth, images = write(tmp_path / "t", labels), write(tmp_path / "i", grey)
    model = write(tmp_path / "m", {name: np.where(a > 2, a, 0) for name, a in labels.items()})
    return model, truth, images


def test_a_sum_below_zero_stops_neither_the_folder_nor_the_other_measures(run, negative):
    model, truth, images = negative
    status, out, err = run(model, truth, "--image", images, "--tolerance", "0.3", "--json")
    assert (status, err) == (0, "")
    rows = arms(out)
    assert [rows[name]["verdict"] for name in ("count", "mean_area", "total_area")] == ["HOLDS"] * 3
    reason = rows["total_intensity"]["reason"]
    assert rows["total_intensity"]["verdict"] is None
    # 30 objects of 36 pixels, 250 below a background of 400
    assert f"total_intensity is below zero for {truth / 'f2.tif'}: -2.7e+05 grey levels" in reason
    assert "after subtracting 400 a pixel" in reason
    assert "scale=" not in out
    assert any("Dark on bright" in note and "f2.tif (1 of 6" in note for note in json.loads(out)["notes"])


def test_the_ways_out_of_a_negative_sum_work(run, negative, tmp_path):
    model, truth, images = negative
    how = ("--image", images, "--measure", "intensity", "--json")
    given = ("--scale", "absolute", "--tolerance", "total_intensity=2000000 grey levels")
    row = arms(run(model, truth, *how, *given)[1])["total_intensity"]
    # two objects of 36 pixels missed: 3600 too little in five fields; in f2 they count as background of 400
    assert row["verdict"] == "HOLDS"
    assert row["bias"] == pytest.approx((-5 * 2 * 36 * 50 + 2 * 36 * 250) / 6)
    row = arms(run(model, truth, *how, "--tolerance", "0.3", "--grey-background", "100")[1])[
        "total_intensity"
    ]
    assert row["verdict"] == "HOLDS"
    inverted = {path.stem: 65535 - tifffile.imread(path) for path in images.glob("*.tif")}
    assert "Dark on bright" in run(model, truth, "--image", write(tmp_path / "inv", inverted))[1]
    only = tmp_path / "mixed"
    write(only, {path.stem: tifffile.imread(path) for path in images.glob("*.tif")})
    write(only, {"f2": inverted["f2"]})
    row = arms(run(model, truth, "--image", only, *how[2:], "--tolerance", "0.3")[1])["total_intensity"]
    assert row["verdict"] == "HOLDS"


def test_the_background_is_of_each_image(run, tmp_path):
    """Every image has its own background, 100 to 600; objects are 50 above it."""
    names, levels = [f"f{i}" for i in range(6)], [100, 200, 300, 400, 500, 600]
    labels = {name: grid(20) for name in names}
    grey = {
        name: (np.where(labels[name] > 0, 50, 0) + level).astype(np.uint16)
        for name, level in zip(names, levels, strict=True)
    }
    wide = {name: grid(20, side=7) for name in names}
    model, truth, images = (write(tmp_path / k, v) for k, v in (("m", wide), ("t", labels), ("i", grey)))
    how = ("--image", images, "--measure", "intensity", "--tolerance", "0.1", "--json")
    table = tmp_path / "levels.csv"
    table.write_text("image,level\n" + "".join(f"{n}.tif,{k}\n" for n, k in zip(names, levels, strict=True)))
    for given in ((), ("--grey-background", "image"), ("--grey-background", table)):
        out = run(model, truth, *how, *given)[1]
        assert arms(out)["total_intensity"]["bias"] == pytest.approx(0, abs=1e-12)
        said = [file["grey_background"] for file in json.loads(out)["files"]]
        assert said == [{"predicted": level, "true": level} for level in levels]
    one = arms(run(model, truth, *how, "--grey-background", "100")[1])["total_intensity"]
    assert one["bias"] > 0.2  # one number for the folder counts the rims' background as light
    table.write_text("f0.tif\t100\n")
    status, _, err = run(model, truth, *how, "--grey-background", table)
    assert (status, "f1.tif: not in the table of --grey-background" in err) == (2, True)
    table.write_text("f0.tif,100\nf1.tif,bright\n")
    status, _, err = run(model, truth, *how, "--grey-background", table)
    assert (status, "line 2: 'f1.tif, bright'; expected an image's name" in err) == (2, True)
    status, _, err = run(model, truth, *how, "--grey-background", "median")
    assert (status, "neither a grey level, nor the word image" in err) == (2, True)


def test_image_means_the_pixels_outside_the_objects_of_either_side(run, tmp_path):
    """The tool missed most objects, so the median outside its own objects is that of objects."""
    labels = np.zeros((20, 20), np.uint16)
    labels[:, :14] = np.repeat(np.arange(1, 15), 20).reshape(14, 20).T
    grey = np.where(labels > 0, 150, 100).astype(np.uint16)
    model = write(tmp_path / "m", {"a": np.where(labels == 1, 1, 0).astype(np.uint16)})
    truth, image = write(tmp_path / "t", {"a": labels}), write(tmp_path / "i", {"a": grey})
    files = (model / "a.tif", truth / "a.tif", "--image", image / "a.tif", "--as-given", "--json")
    own = json.loads(run(*files)[1])["files"][0]["grey_background"]
    both = json.loads(run(*files, "--grey-background", "image")[1])["files"][0]["grey_background"]
    assert own == {"predicted": 150, "true": 100}
    assert both == {"predicted": 100, "true": 100}


@pytest.fixture
def areas(tmp_path):
    truth = write(tmp_path / "t", {f"f{i}": grid(20) for i in range(6)})
    return write(tmp_path / "m", {f"f{i}": grid(19) for i in range(6)}), truth


def test_a_tolerance_on_the_absolute_scale_carries_its_unit(run, areas):
    absolute = ("--scale", "absolute", "--tolerance")
    for bare in ("0.1", "count=0.1", "count=2 objects,0.1"):
        status, _, err = run(*areas, *absolute, bare)
        assert status == 2
        assert "is given without a unit; on the absolute scale write each with its own unit" in err
        assert "--tolerance 'count=2 objects,mean_area=20 px^2,total_area=20 px^2'" in err
    example = err.split("--tolerance '")[1].split("'")[0]  # what the message says works
    rows = arms(run(*areas, *absolute, example, "--json")[1])
    assert (rows["count"]["verdict"], rows["count"]["bias"]) == ("HOLDS", -1)
    assert (rows["total_area"]["verdict"], rows["total_area"]["bias"]) == ("FAILS", -36)
    out = " ".join(run(*areas, *absolute, "count=2 objects", "--measure", "count")[1].split())
    assert "±2 objects" in out


@pytest.mark.parametrize(
    ("given", "options", "said"),
    [
        ("count=2 px^2", (), "--tolerance: count comes in objects, but is given in px^2"),
        ("mean_area=5 px^2", ("--pixel-size", "0.5"), "mean_area comes in um^2, but is given in px^2"),
        ("5 objects", (), "mean_area comes in px^2, but the number for all measurements is given in objects"),
        (
            "mean_area=5 um^2",
            ("--truth-uncertainty", "mean_area=1", "--pixel-size", "1"),
            "--truth-uncertainty: ",
        ),
    ],
)
def test_another_unit_is_refused(run, areas, given, options, said):
    status, _, err = run(*areas, "--scale", "absolute", "--tolerance", given, *options)
    assert status == 2
    assert said in err.splitlines()[-1]


@pytest.mark.parametrize(
    ("measure", "given", "pixel_size"),
    [
        ("count", "5objects", None),
        ("count", "1 object", None),
        ("mean_area", "5 um2", "0.5"),
        ("mean_area", "-5:3 µm²", "0.5"),
        ("area_fraction", "0.02", None),
        ("density", "1e3 1/mm^2", "0.5"),
    ],
)
def test_units_are_read_as_people_write_them(run, areas, measure, given, pixel_size):
    size = ("--pixel-size", pixel_size) if pixel_size else ()
    how = ("--measure", measure, "--scale", "absolute", "--json", *size)
    status, out, _ = run(*areas, *how, f"--tolerance={given}")
    assert status == 0
    first = given.split(" ")[0].removesuffix("objects").split(":")
    low, high = (
        (float(first[0]), float(first[-1])) if len(first) == 2 else (-float(first[0]), float(first[0]))
    )
    assert arms(out)[measure]["tolerance"] == [low, high]


def test_spellings_of_a_unit_are_one():
    assert {plain(text) for text in ("µm²", "um2", "um^2", " UM^2")} == {"um^2"}
    assert plain("object") == plain("objects") == "objects"
    assert plain("px^2") != plain("px^3")


def test_a_unit_on_the_relative_scale_is_refused(run, areas):
    for given in ("count=2 objects", "10%", "mean_area=5 px^2"):
        status, _, err = run(*areas, "--tolerance", given)
        assert (status, "Units belong to --scale absolute" in err) == (2, True)
