"""Every command line of the book on checks without a truth runs, and its words are those of the answer."""

import re
import shlex
from pathlib import Path

import mrcfile
import numpy as np
import pytest
import tifffile
from scipy.ndimage import gaussian_filter

from scopecheck import acquire
from scopecheck.measure import maps
from scopecheck.score import check_labels, rerun, worth

BOOK = Path(__file__).parents[2] / "book" / "own-without-truth.md"


def text():
    return BOOK.read_text(encoding="utf-8")


def lines():
    return [line for line in text().splitlines() if line.startswith("scopecheck ")]


def put(folder, images):
    folder.mkdir()
    for k, image in enumerate(images):
        tifffile.imwrite(folder / f"f{k}.tif", np.asarray(image))


def labels_and_images(folder):
    for name, seeds in (("my", (0, 1)), ("good", (2, 3, 4))):
        scenes = [acquire.scenes.nuclei((128, 128), 12, seed=seed) for seed in seeds]
        put(folder / f"{name}_masks", [scene.labels.astype(np.uint16) for scene in scenes])
        grey = [acquire.expose(scene.photons, acquire.Camera(), k) for k, scene in enumerate(scenes)]
        put(folder / f"{name}_images", [image.astype(np.uint16) for image in grey])


def restored(folder):
    rng = np.random.default_rng(0)
    scene = gaussian_filter(rng.random((64, 64)) ** 40, 3) * 8000 + 50
    for raw, out in (("raw", "denoised"), ("raw2", "denoised2"), ("good_raw", "good_denoised")):
        taken = [rng.poisson(scene).astype(np.float32) for _ in range(2)]
        put(folder / raw, taken)
        put(folder / out, [gaussian_filter(image, 1.5) for image in taken])


def picks(folder):
    xy = np.random.default_rng(0).uniform(100, 3900, (100, 2))
    head = "\ndata_\n\nloop_\n_rlnMicrographName #1\n_rlnCoordinateX #2\n_rlnCoordinateY #3\n"
    rows = [f"m{k % 2}.mrc {x:.3f} {y:.3f}" for k, (x, y) in enumerate(xy)]
    (folder / "my_picks.star").write_text(head + "\n".join(rows) + "\n")


def halves(folder):
    rng = np.random.default_rng(1)
    true = gaussian_filter(rng.standard_normal((32,) * 3), 2) * maps.soft_mask((32,) * 3, 8, 2) * 40
    noisy = {f"half{k}": true + rng.standard_normal(true.shape) for k in (1, 2)}
    for name, values in (noisy | {"mask": maps.soft_mask(true.shape, 9, 4)}).items():
        with mrcfile.new(folder / f"{name}.mrc") as file:
            file.set_data(values.astype(np.float32))
            file.voxel_size = 1.5


MADE = {"labels": labels_and_images, "denoised": restored, "picks": picks, "halves": halves}


@pytest.mark.parametrize("line", lines())
def test_the_command_lines_of_the_book_run(scopecheck, tmp_path, monkeypatch, line):
    monkeypatch.chdir(tmp_path)
    words = shlex.split(line)
    MADE[words[2]](tmp_path)
    # The networks themselves are run in test_check_rerun.py.
    bright = lambda image: (check_labels_of(image), -1.0)  # noqa: E731
    monkeypatch.setattr(rerun, "loaded", lambda tool, diameter: bright)
    status, out, err = scopecheck(*words[1:])
    assert (status, err) == (0, ""), err
    assert "A silent check does not say that a number is right" in out
    if "--limit" in words:
        assert "stated" in out
    if "--expect" in words:
        assert "good files" in " ".join(out.split())


def check_labels_of(image):
    from scopecheck.tools import classical

    return classical.nuclei(image)


def test_the_book_shows_every_command_and_every_way():
    shown = {line.split()[2] for line in lines() if line.split()[1] == "check"}
    assert shown == {"labels", "picks", "halves", "denoised"}
    every = " ".join(lines())
    for option in ("--expect", "--limit", "--size", "--rerun cellpose", "--rerun stardist", "--tool"):
        assert option in every


def test_the_checks_of_the_book_are_those_of_the_command():
    table = text()[text().index("| check |") : text().index("The last six")]
    told = re.findall(r"^\| ([a-z, ]+) \|", table, re.MULTILINE)[1:]
    assert [name for one in told for name in one.split(", ")] == [r.name for r in check_labels.RULES]
    for rule in check_labels.RULES[-6:]:
        assert rule.nearest == (("segmentation-stardist", rule.name),)  # on StarDist alone


def test_the_numbers_of_the_book_are_those_of_the_recipe():
    row = next(r for r in worth.of("segmentation-cellpose", "baseline") if r.measurement == "count")
    assert f"*Passed {row.misses}/{row.wrong}*" in text()
    assert f"of {row.wrong} wrong" in text()
    assert f"was silent on {row.misses}." in text()
    assert f"*False alarms {row.false_alarms}/{row.good}*" in text()
    assert f"of {row.good} good ones, it rang on {row.false_alarms}." in text()
