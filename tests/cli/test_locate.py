"""`scopecheck locate` estimates how an image was taken, and says what was tested there."""

import json
import shlex
from pathlib import Path

import numpy as np
import pytest
import tifffile

from scopecheck import acquire
from scopecheck.record.envelope import envelope_tables


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
    from scipy.ndimage import gaussian_filter

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
