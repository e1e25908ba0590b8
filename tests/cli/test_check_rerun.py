"""`scopecheck check labels --rerun`: a tool on the mirrored and the noisier image, and if it is missing."""

import json
import math

import numpy as np
import pytest
import tifffile
from scipy.ndimage import label

from scopecheck import acquire
from scopecheck.errors import DataError
from scopecheck.score import rerun
from scopecheck.tools import classical


@pytest.fixture
def run(scopecheck, tmp_path, monkeypatch):
    """Call the command in a folder that holds one small field of nuclei, its masks and its image."""
    monkeypatch.chdir(tmp_path)
    scene = acquire.scenes.nuclei((96, 96), 6, diameter=20, spacing=6, seed=3)
    tifffile.imwrite("masks.tif", scene.labels.astype(np.uint16))
    image = acquire.expose(scene.photons, acquire.Camera(), 0)
    tifffile.imwrite("image.tif", image.astype(np.uint16))
    return lambda *arguments: scopecheck("check", "labels", "masks.tif", *arguments)


def told(text):
    return {one["name"]: one for one in json.loads(text)["checks"]}


def bright(image):
    found = classical.nuclei(image)
    return found, -3.0


def one_side(image):
    """A tool that is blind on the left half: its mirror image loses what the image has."""
    mask = image > 50
    mask[:, : image.shape[1] // 2] = False
    return label(mask)[0], math.nan if not mask.any() else -1.0


def picture(*places):
    image = np.full((64, 64), 10, np.uint16)
    for y, x in places:
        image[y : y + 8, x : x + 8] = 200
    return image


def test_a_tool_that_is_blind_on_one_side_is_noticed_in_the_mirror():
    image = picture((8, 40), (24, 40), (40, 48))
    notes = []
    ask = rerun.runner("stardist", one_side, notes)
    answer = ask("f", label(image > 50)[0], image)
    assert answer["mirror"] == (1.0, "F1 0.00")  # flipped, all objects lie where it sees none
    assert notes == []
    both = picture((8, 8), (24, 40))
    ask("g", label(both > 50)[0], both)
    assert "g: stardist run here finds 1 objects and agrees with your masks by an F1 of 0.67" in notes[0]


def test_a_tool_that_does_not_mind_is_not_noticed():
    image = picture((8, 8), (24, 40), (40, 20))
    answer = rerun.runner("cellpose", bright, [])("f", label(image > 50)[0], image)
    assert answer["mirror"] == (0.0, "F1 1.00")
    assert answer["noise"] == (0.0, "3 and 3")
    assert answer["confidence"] == (-3.0, "3 objects")


def test_the_noisier_image_is_counted_again():
    seen = []

    def fewer(image):
        seen.append(image)
        found = label(picture((8, 8), (24, 40), (40, 20)) > 50)[0]
        return (found if len(seen) < 2 else np.where(found < 2, found, 0)), -1.0

    image = picture((8, 8), (24, 40), (40, 20))
    answer = rerun.runner("cellpose", fewer, [])("f", label(image > 50)[0], image)
    assert answer["noise"] == (pytest.approx(math.log(4 / 2)), "3 and 1")
    assert not np.array_equal(seen[0], seen[1])


@pytest.mark.parametrize(
    ("image", "said"),
    [
        (np.full((64, 64), 9, np.uint8), "the image shows nothing"),
        (np.zeros((3, 64, 64), np.uint8), "this is a stack"),
    ],
)
def test_what_cannot_be_run_says_why(image, said):
    answer = rerun.runner("cellpose", bright, [])("f", np.zeros(image.shape, int), image)
    assert set(answer) == {rule.name for rule in rerun.rules("cellpose")}
    assert all(said in value for value in answer.values())


def test_where_nothing_is_found_the_mirror_is_as_bad_as_can_be():
    image = picture()
    image[0, 0] = 11
    answer = rerun.runner("cellpose", one_side, [])("f", np.zeros(image.shape, int), image)
    assert answer["mirror"] == (1.0, "nothing was found")
    assert answer["confidence"] == "nothing was found"


BAD = {
    "no image": (("--rerun", "cellpose", "--diameter", "20"), "needs --image"),
    "no such tool": (("--image", "image.tif", "--rerun", "sam"), "expected one of cellpose, stardist"),
    "no diameter": (("--image", "image.tif", "--rerun", "cellpose"), "give --diameter"),
    "a diameter alone": (("--diameter", "20"), "given without --rerun"),
    "a diameter that is none": (
        ("--image", "image.tif", "--rerun", "cellpose", "--diameter", "-2"),
        "expected pixels, above 0",
    ),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_input_is_one_line_and_status_2(run, monkeypatch, kind):
    monkeypatch.setattr(rerun, "find_spec", lambda name: object())
    arguments, said = BAD[kind]
    status, out, err = run(*arguments)
    assert (status, out, len(err.splitlines())) == (2, "", 1)
    assert said in err


@pytest.mark.parametrize("tool", rerun.TOOLS)
def test_a_tool_that_is_not_there_says_what_to_install(run, monkeypatch, tool):
    monkeypatch.setattr(rerun, "find_spec", lambda name: None)
    status, out, err = run("--image", "image.tif", "--rerun", tool, "--diameter", "20")
    assert (status, out) == (2, "")
    assert f"pip install 'scopecheck[{tool.partition('-')[0]}]'" in err


def test_weights_that_cannot_be_had_are_one_line(run, monkeypatch):
    def none(tool, diameter):
        raise DataError("cyto_0: is not reachable; fetch it where there is a network")

    monkeypatch.setattr(rerun, "loaded", none)
    status, out, err = run("--image", "image.tif", "--rerun", "cellpose", "--diameter", "20")
    assert (status, out, len(err.splitlines())) == (2, "", 1)
    assert "not reachable" in err


@pytest.mark.tool
@pytest.mark.parametrize("tool", ["cellpose", "stardist-kept"])
def test_the_tools_themselves_find_a_sparse_field_alike(run, real_files, tool):
    pytest.importorskip(tool.partition("-")[0])
    limits = "mirror=0.5,noise=0.5,confidence=1"
    how = ("--image", "image.tif", "--rerun", tool, "--diameter", "20", "--limit", limits, "--json")
    status, out, err = run(*how)
    if status and "not reachable" in err:
        pytest.skip(err)
    assert status == 0, err
    found = told(out)
    assert {found[name]["said"] for name in ("mirror", "noise", "confidence")} == {"silent"}
    assert found["mirror"]["value"] < 0.2
    nearest = {"cellpose": "segmentation-cellpose", "stardist-kept": "segmentation-stardist"}[tool]
    assert found["mirror"]["worth"][0]["recipe"] == nearest
