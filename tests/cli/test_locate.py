"""`scopecheck locate` estimates how an image was taken, and says what was tested there."""

import json
import re
import shlex
from pathlib import Path

import numpy as np
import pytest
import tifffile
from scipy.ndimage import gaussian_filter, zoom

from scopecheck import acquire
from scopecheck.cli.locate import UNITS
from scopecheck.record.envelope import envelope_tables, read_envelope


@pytest.fixture
def field(tmp_path):
    """(image, masks): 100 photons at the brightest, a blur of 2 pixels, nuclei 24 pixels wide."""
    scene = acquire.scenes.nuclei((256, 256), 20, diameter=24, photons=100, background=0, seed=5)
    light = acquire.optics.gaussian_blur(scene.photons, 2.0)
    image = acquire.expose(light * 100 / np.percentile(light, 99.9) + 10, acquire.Camera(), 5)
    tifffile.imwrite(tmp_path / "field.tif", image)
    tifffile.imwrite(tmp_path / "masks.tif", scene.labels.astype(np.uint16))
    return tmp_path / "field.tif", tmp_path / "masks.tif"


def test_what_was_set_is_found(scopecheck, field):
    image, masks = field
    status, out, err = scopecheck("locate", image, "--masks", masks, "--offset", 100, "--json")
    assert (status, err) == (0, "")
    told = json.loads(out)
    assert told["objects_by"] == str(masks)
    found = told["estimates"]
    assert found["photons"] == pytest.approx(100, rel=0.3)
    assert found["blur"] == pytest.approx(2, rel=0.2)
    assert found["diameter"] == pytest.approx(24, rel=0.1)
    assert found["background"] == pytest.approx(10, abs=6)
    assert found["objects"] == 20


def test_without_masks_it_says_who_found_the_objects(scopecheck, field):
    status, out, _ = scopecheck("locate", field[0])
    assert status == 0
    assert "objects by the classical baseline" in out
    assert "give --masks if you have them" in out
    assert "unknown" in out  # the background
    said = " ".join(out.split())
    assert "without, they are estimated of bright and sharp objects alone" in said
    touch = json.loads(scopecheck("locate", field[0], "--json")[1])["tested"]["touching"]
    assert (touch["within"], touch["where"]["blur"], touch["inside"]) == ("0.1", [0.0, 1.0], False)
    assert "touching" in said.partition("looked up at such an estimate:")[2]


def test_every_estimate_says_where_its_estimator_was_tested(scopecheck, field, monkeypatch):
    from scopecheck.measure.acquisition import BY_BASELINE, RANGES

    monkeypatch.setenv("COLUMNS", "300")
    for masks, ranges in (((), BY_BASELINE), (("--masks", field[1]), RANGES)):
        status, out, _ = scopecheck("locate", field[0], "--offset", 100, *masks)
        assert status == 0
        for name in UNITS:
            (row,) = (line for line in out.splitlines() if line.split()[:1] == [name])
            assert (ranges[name].told() if name in ranges else "as right as the masks") in row
            assert ("OUTSIDE" in row) == bool(re.search(rf"note: {name} \S+ may be wrong", out))


@pytest.mark.parametrize(
    ("offset", "said"),
    [
        ("nan", "expected a grey value"),
        ("inf", "expected a grey value"),
        ("99999", "brighter than the darkest"),
    ],
)
def test_an_offset_that_no_dark_pixel_has_is_refused(scopecheck, field, offset, said):
    status, out, err = scopecheck("locate", field[0], "--masks", field[1], "--offset", offset)
    assert (status, out) == (2, "")
    assert "field.tif: --offset: " in err
    assert said in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    "spoilt",
    [
        lambda grey: grey.reshape(128, 2, 128, 2).mean(axis=(1, 3)),
        lambda grey: zoom(grey, 0.4, order=1),
        lambda grey: 2 * grey - gaussian_filter(grey, 1.5),
    ],
    ids=["the mean of 2 x 2 pixels", "0.4 times, by lines", "an unsharp mask"],
)
def test_known_limits_that_are_not_told(scopecheck, field, tmp_path, spoilt):
    """Their noise is white, or rises with the light: the book and --help say so, and what to give instead."""
    grey = spoilt(tifffile.imread(field[0]).astype(float))
    tifffile.imwrite(tmp_path / "small.tif", grey.astype(np.float32))
    status, _, err = scopecheck("locate", tmp_path / "small.tif", "--json")
    assert (status, err) == (0, "")
    for text in (BOOK.read_text(encoding="utf-8"), scopecheck("locate", "--help")[1]):
        words = re.sub(r"[^\w .,:-]", " ", text)
        assert {"made smaller", "sharpen"} == set(re.findall("made smaller|sharpen", " ".join(words.split())))
        assert "the file that the microscope wrote" in " ".join(words.split())


def test_what_the_spans_held_is_said_as_the_record_has_it(scopecheck, field, monkeypatch):
    """In the table, in --json and in the book."""
    monkeypatch.setenv("COLUMNS", "300")
    held = {name: read_envelope(path).held for name, path in envelope_tables().items()}
    out = scopecheck("locate", field[0], "--masks", field[1])[1]
    told = json.loads(scopecheck("locate", field[0], "--masks", field[1], "--json")[1])["held"]
    page = BOOK.read_text(encoding="utf-8")
    helped = " ".join(re.sub(r"[^\w .,:-]", " ", scopecheck("locate", "--help")[1]).split())
    rows = [" ".join(line.split()) for line in out.splitlines()]
    names = {"cellpose": "Cellpose", "stardist": "StarDist", "unet": "U-Net"}
    assert "90 % span" not in out
    for recipe, several in held.items():
        assert told[recipe] == {m: {k: list(v) for k, v in h._asdict().items()} for m, h in several.items()}
        (tool,) = (name for key, name in names.items() if key in recipe)
        for measurement, one in several.items():
            known, estimated = one.told()
            assert any(row.startswith(f"{measurement} ") and f"{known} {estimated} " in row for row in rows)
            line = f"| {tool} | {measurement.replace('_', ' ')} | {known} | {estimated} |"
            assert line in page
    assert "then of real nuclei that were taken again, of which the spans hold fewer" in helped


@pytest.mark.skipif(not envelope_tables(), reason="nothing was swept yet")
def test_what_is_expected_or_that_it_was_not_tested(scopecheck, field, tmp_path):
    image, masks = field
    told = json.loads(scopecheck("locate", image, "--masks", masks, "--json")[1])
    assert set(told["expected"]) == set(envelope_tables())
    for name, several in told["expected"].items():
        assert told["outside"][name] == {}
        assert several["count"]["low"] <= several["count"]["bias"] <= several["count"]["high"]
    small = tifffile.imread(masks).copy()
    small[small > 2] = 0  # two of twenty: sparser than anything that was swept
    tifffile.imwrite(tmp_path / "two.tif", small)
    out = scopecheck("locate", image, "--masks", tmp_path / "two.tif")[1]
    assert "outside everything tested (coverage: swept from" in " ".join(out.split())


def test_masks_of_another_image(scopecheck, field, tmp_path):
    tifffile.imwrite(tmp_path / "one.tif", tifffile.imread(field[0])[:64, :64])
    status, _, err = scopecheck("locate", tmp_path / "one.tif", "--masks", field[1])
    assert status == 2
    assert "masks.tif: have the shape (256, 256), the image (64, 64)" in err


@pytest.mark.parametrize(
    ("image", "said"),
    [
        (np.full((64, 64), 7, np.uint16), "has one grey value everywhere (7)"),
        (np.zeros((4, 64, 64), np.uint16), "expected one plane"),
        (np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8), "one.tif: "),
        (np.full((64, 64), np.nan, np.float32), "NaN"),
        (np.random.default_rng(0).poisson(9, (16, 16)).astype(np.uint16), "at least 32 pixels a side"),
    ],
)
def test_bad_input_is_one_line(scopecheck, tmp_path, image, said):
    kind = "rgb" if image.shape[-1] == 3 else "minisblack"
    tifffile.imwrite(tmp_path / "one.tif", image, photometric=kind)
    status, out, err = scopecheck("locate", tmp_path / "one.tif")
    assert (status, out) == (2, "")
    assert said in err
    assert "one.tif" in err
    assert err.count("\n") == 1


def test_a_processed_image_is_refused_or_its_light_is_not_told(scopecheck, field, tmp_path):
    smooth = gaussian_filter(tifffile.imread(field[0]).astype(np.float32), 1.5)
    tifffile.imwrite(tmp_path / "smooth.tif", smooth)
    status, _, err = scopecheck("locate", tmp_path / "smooth.tif")
    assert status == 2
    assert "smooth.tif: " in err
    assert "--as-given" in err
    status, out, _ = scopecheck("locate", tmp_path / "smooth.tif", "--as-given", "--json")
    assert status == 0
    told = json.loads(out)
    assert told["estimates"]["photons"] is None
    assert told["why_not"]["photons"]


def test_8_bits_are_noted(scopecheck, field, tmp_path):
    image = tifffile.imread(field[0]).astype(float)
    low, high = image.min(), np.percentile(image, 99)
    stretched = np.clip((image - low) / (high - low) * 255, 0, 255).astype(np.uint8)  # as auto-contrast does
    tifffile.imwrite(tmp_path / "eight.tif", stretched)
    status, out, _ = scopecheck("locate", tmp_path / "eight.tif")
    assert status == 0
    assert "8 bits" in out
    assert "stretched after rounding" in out
    assert "it is clipped there" in out


BOOK = Path(__file__).parents[2] / "book" / "own-where.md"


def lines(command):
    text = BOOK.read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line.startswith(f"scopecheck {command} ")]


@pytest.mark.parametrize("line", lines("locate"))
def test_the_lines_of_the_book_run(scopecheck, field, monkeypatch, line):
    monkeypatch.chdir(field[0].parent)
    field[0].rename("my_image.tif")
    field[1].rename("my_masks.tif")
    status, out, err = scopecheck(*shlex.split(line)[1:])
    assert (status, err) == (0, "")
    assert "photons" in out


@pytest.mark.parametrize("line", lines("sweep"))
def test_the_sweeps_of_the_book_are_as_it_says(scopecheck, monkeypatch, line):
    """The arguments as the sweep gets them; what it does with them is tested where it is quick."""
    asked = {}

    def sweep(recipe, parameters, changed, values, source, out, **more):
        asked.update(recipe=recipe.stem, values=values, source=source, out=out)
        return 7

    monkeypatch.setattr("scopecheck.runner.sweep.sweep", sweep)
    monkeypatch.setenv("SCOPECHECK_RECIPES", str(BOOK.parents[1] / "recipes"))
    status, out, err = scopecheck(*shlex.split(line)[1:])
    assert (status, err.strip()) == (0, "")  # the bar leaves an empty line
    assert "7 settings asked now" in out
    assert asked["recipe"] in line
    assert asked["source"].name in ("simulated", "bbbc038-field")
    assert "photons" in asked["values"]
    assert len(asked["source"].seeds) == 5
    assert f"--out {asked['out']}" in line


def test_masks_of_another_place_are_noticed(scopecheck, field, tmp_path, recwarn):
    labels = tifffile.imread(field[1])
    tifffile.imwrite(tmp_path / "moved.tif", np.roll(labels, (61, 61), (0, 1)))
    status, out, err = scopecheck("locate", field[0], "--masks", tmp_path / "moved.tif")
    assert (status, err) == (0, "")
    assert "hardly brighter than the rest of the image" in " ".join(out.split())
    assert "hardly brighter" not in scopecheck("locate", field[0], "--masks", field[1])[1]
    assert [str(one.message) for one in recwarn if "Covariance" in str(one.message)] == []
