"""Every command line of the book's pages on own label images and on other results runs, on small files."""

import json
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

BOOK = Path(__file__).parents[2] / "book"
PAGES = ("own-images", "own-other-results")
# The pages whose lines other tests run.
ELSEWHERE = {
    "own-formats": "test_book_formats.py",
    "own-few-truths": "test_correct.py",
    "own-without-truth": "test_check_book.py",
    "own-two-conditions": "test_score_contrast.py",
    "own-two-tools": "test_score_contrast.py",
    "own-where": "test_locate.py",
}


def lines(page):
    text = (BOOK / f"{page}.md").read_text(encoding="utf-8")
    return re.findall(r"^scopecheck .+$", text, re.MULTILINE)


def labels(folder):
    """Six fields under each of the page's ways to name them; the tool lost one object of fourteen."""
    names = {
        ("my_tool", "my_truth"): ("f{}.tif", "f{}.tif"),
        ("out", "truth"): ("run7_{}_net.tif", "{}_anna.tif"),
        ("both", "both"): ("{}_pred.tif", "{}_gt.tif"),
    }
    for k in range(6):
        true = acquire.scenes.nuclei((200, 200), 14, seed=k).labels.astype(np.uint16)
        for sides, forms in names.items():
            for side, form, found in zip(sides, forms, (np.where(true == 1, 0, true), true), strict=True):
                (folder / side).mkdir(exist_ok=True)
                tifffile.imwrite(folder / side / form.format(k), found)
    pairs = [f"run7_{k}_net.tif,{k}_anna.tif" for k in range(6)]
    (folder / "pairs.csv").write_text("\n".join(["prediction,truth", *pairs]) + "\n")
    return {"count": pytest.approx(-1 / 14)}


def picks(folder):
    """Five micrographs of 40 particles; picks lie 3 pixels off, and two of forty are missed."""
    rng, rows = np.random.default_rng(0), {"my_picks": [], "my_truth": []}
    grid = np.array([(x, y) for x in range(300, 3900, 400) for y in range(300, 3900, 400)], float)
    for k in range(5):
        true = grid[rng.permutation(len(grid))[:40]] + rng.uniform(-60, 60, (40, 2))
        for name, found in (("my_truth", true), ("my_picks", true[2:] + (3, 0))):
            rows[name] += [f"m{k}.mrc {x:.2f} {y:.2f}" for x, y in found]
    head = "\ndata_\n\nloop_\n_rlnMicrographName #1\n_rlnCoordinateX #2\n_rlnCoordinateY #3\n"
    for name, told in rows.items():
        (folder / f"{name}.star").write_text(head + "\n".join(told) + "\n")
    return {"delivered": pytest.approx(-2 / 40)}


def fsc(folder):
    """Half maps whose signal sinks into their noise at about 3.4 A."""
    rng, shape = np.random.default_rng(1), (48, 48, 48)
    white = rng.standard_normal(shape) * maps.soft_mask(shape, 12, 0)
    true = np.sqrt(40) * gaussian_filter(white, 1.6)
    noisy = {f"half{k}": true + rng.standard_normal(shape) for k in (1, 2)}
    for name, values in (noisy | {"mask": maps.soft_mask(shape, 14, 6)}).items():
        with mrcfile.new(folder / f"{name}.mrc") as file:
            file.set_data(values.astype(np.float32))
            file.voxel_size = 0.8
    return {}


def restored(folder):
    """Five scenes, and a restoration that lost a fifth of the light."""
    for k in range(5):
        scene = acquire.scenes.nuclei((128, 128), 12, photons=500, seed=k).photons
        raw = acquire.expose(scene, acquire.Camera(), k).astype(np.float32) - 100
        for name, image in (("raw", raw), ("denoised", 0.8 * scene), ("truth", scene)):
            (folder / name).mkdir(exist_ok=True)
            tifffile.imwrite(folder / name / f"f{k}.tif", image.astype(np.float32))
    return {"light": pytest.approx(-0.2, abs=1e-3)}


def localisations(folder):
    """400 emitters in 20 frames, of which nine in ten are found, 10 nm off."""
    rng = np.random.default_rng(0)
    true, frames = rng.uniform(0, 20_000, (400, 2)), rng.integers(1, 21, 400)
    kept = np.arange(400) % 10 < 9
    for name, of, places in (("emitters", frames, true), ("found", frames[kept], true[kept] + (10, 0))):
        told = [f"{k},{x:.2f},{y:.2f}" for k, (x, y) in zip(of, places, strict=True)]
        (folder / f"{name}.csv").write_text("\n".join(["frame,x [nm],y [nm]", *told]) + "\n")
    return {"localisations": pytest.approx(-0.1), "missed_fraction": pytest.approx(0.1)}


MADE = {"labels": labels, "picks": picks, "fsc": fsc, "restored": restored, "localisations": localisations}


@pytest.mark.parametrize("line", [line for page in PAGES for line in lines(page)])
def test_the_command_lines_of_the_book_run(scopecheck, tmp_path, monkeypatch, line):
    monkeypatch.chdir(tmp_path)
    words = shlex.split(line)
    known = MADE[words[2]](tmp_path)
    status, out, err = scopecheck(*words[1:], "--json")
    assert (status, err) == (0, ""), err
    arms = {row["measurement"]: row for row in json.loads(out)["arms"]}
    assert {name: arms[name]["bias"] for name in known} == known
    assert any(row["verdict"] for row in arms.values())  # each line has a tolerance


def test_no_page_of_the_part_has_lines_that_no_test_runs():
    shown = {page.stem for page in BOOK.glob("own-*.md") if "scopecheck " in page.read_text(encoding="utf-8")}
    assert shown == {*PAGES, *ELSEWHERE}
    for page, test in ELSEWHERE.items():
        text = (Path(__file__).parent / test).read_text(encoding="utf-8")
        assert page in text or (page.startswith("own-two-") and "own-two-{what}.md" in text)
    assert [len(lines(page)) for page in PAGES] == [4, 4]
