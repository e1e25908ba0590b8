"""The lessons without code: every command line of the page runs on the files that the page makes."""

import json
import re
import shlex
import shutil
from pathlib import Path

import jupytext
import pytest

roifile = pytest.importorskip("roifile")

PAGE = Path(__file__).parents[2] / "recipes" / "no-code-lessons.py"
# What stands in for a folder that a participant makes by clicking: files of the form that the program writes.
MADE = {
    "my_qupath": "example_watershed",
    "my_smoothed": "example_smoothed",
    "my_normalised": "example_normalised",
    "my_picks": "example_many",
    "my_strict_picks": "example_strict",
}
ROIS = {  # saved by ImageJ's ROI Manager
    "my_rois": "example_patches",
    "my_watershed": "example_watershed",
    "my_open": "example_open",
    "my_open_85": "example_open_85",
}


def lines():
    return re.findall(r"^# (scopecheck .+)$", PAGE.read_text(encoding="utf-8"), re.M)


def by_this_code():
    """The lessons of a result that the page's code, as it stands, has given here, or None."""
    from scopecheck.runner.key import key_of

    results = PAGE.parents[1] / "results" / PAGE.stem
    made = (results / key_of(PAGE, {"tier": t}) / "figures/lessons.zip" for t in ("public", "embedded"))
    return next((path for path in made if path.is_file()), None)


@pytest.fixture(scope="session")
def lessons(tmp_path_factory):
    """The unpacked lessons.zip of the page, with the participants' folders beside the examples."""
    home = tmp_path_factory.mktemp("page")
    if not (packed := by_this_code()):
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(home)
            names = {}
            for cell in jupytext.read(PAGE).cells:
                if cell.cell_type == "code":
                    exec(cell.source, names)
        packed = home / "figures/lessons.zip"
    shutil.unpack_archive(packed, home / "lessons")
    for made, example in MADE.items():
        for found in home.glob(f"lessons/*/{example}"):
            shutil.copytree(found, found.parent / made)
    for made, example in ROIS.items():
        for found in home.glob(f"lessons/*/{example}"):
            (found.parent / made).mkdir()
            for file in found.glob("*.geojson"):
                rings = [
                    feature["geometry"]["coordinates"][0]
                    for feature in json.loads(file.read_text())["features"]
                ]
                rois = [roifile.ImagejRoi.frompoints(ring) for ring in rings]
                roifile.roiwrite(found.parent / made / f"{file.stem}.zip", rois)
    return home / "lessons"


ANSWERS: dict[str, tuple[int, str, str]] = {}  # each line is run once


def asked(score, lessons, monkeypatch, line):
    """The answer to a line of the page, in the folder of its lesson."""
    words = shlex.split(line)[1:]
    (first,) = lessons.glob(f"*/{words[2].rstrip('/')}")
    if line not in ANSWERS:
        monkeypatch.chdir(lessons / first.relative_to(lessons).parts[0])
        ANSWERS[line] = score(*words[1:], "--json")
    status, out, err = ANSWERS[line]
    assert (status, err) == (0, ""), err
    return json.loads(out)


def test_the_page_has_a_line_for_every_way():
    every = " ".join(lines())
    assert len(lines()) == 20
    for folder in (*MADE, *ROIS, *MADE.values(), *ROIS.values()):
        assert f" {folder}/ " in every


def test_what_the_page_ran_is_what_it_prints_for_the_reader():
    ran = re.findall(r'^    "((?:labels|restored|picks) .+)",$', PAGE.read_text(encoding="utf-8"), re.M)
    assert len(ran) == 9
    first = "labels example_patches/f0.geojson truth/f0.tif --measure count --tolerance 0.10"
    assert {f"scopecheck score {words}" for words in ran if words != first} <= {*lines()}
    assert f"scopecheck score {first.replace('example_patches/f0.geojson', 'my_rois/f0.zip')}" in lines()


@pytest.mark.parametrize("line", lines())
def test_the_command_lines_of_the_page_run(score, lessons, monkeypatch, line):
    assert asked(score, lessons, monkeypatch, line)


def word(score, lessons, monkeypatch, folder, measurement):
    (line,) = (line for line in lines() if f" {folder}/ " in line)
    rows = {r["measurement"]: r for r in asked(score, lessons, monkeypatch, line)["arms"]}
    return rows[measurement]["verdict"]


@pytest.mark.parametrize(
    ("folder", "measurement", "expected"),
    [
        ("my_rois", "count", "FAILS"),  # the folder; its first field alone is another line
        ("my_watershed", "count", "HOLDS"),
        ("my_qupath", "count", "HOLDS"),
        ("my_smoothed", "light", "HOLDS"),
        ("my_picks", "delivered", "HOLDS"),
        ("my_picks", "junk_fraction", "FAILS"),
        ("my_strict_picks", "delivered", "HOLDS"),
        ("my_strict_picks", "junk_fraction", "HOLDS"),
        ("my_open", "count", "HOLDS"),
    ],
)
def test_the_lessons_teach_what_they_say(score, lessons, monkeypatch, folder, measurement, expected):
    assert word(score, lessons, monkeypatch, folder, measurement) == expected


def test_the_rule_of_the_open_ones_and_the_ratio_of_the_normalised(score, lessons, monkeypatch):
    assert word(score, lessons, monkeypatch, "my_open_85", "count") != "HOLDS"
    (line,) = (line for line in lines() if " my_normalised/ " in line)
    assert asked(score, lessons, monkeypatch, line)["ratio"]["error"] < -0.3


def test_the_two_maps_claim_about_the_same(score, lessons, monkeypatch):
    told = [asked(score, lessons, monkeypatch, line) for line in lines() if " fsc " in line]
    honest, shared = (answer["curves"][0]["resolution"] for answer in told)
    assert shared == pytest.approx(honest, rel=0.1)
