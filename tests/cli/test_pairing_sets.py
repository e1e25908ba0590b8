"""`score labels` on OME-TIFF images that lie in several files: n counts acquisitions, not files."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest
import tifffile

_SPEC = importlib.util.spec_from_file_location(
    "ome_sets", Path(__file__).parents[1] / "data/read/test_ome.py"
)
_SETS = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(_SETS)
FORMS, ome_set = _SETS.FORMS, _SETS.ome_set


def cells(seed=0, height=6):
    """Eight cells of 7 x 10 pixels in 6 planes and one more pixel row in the predicted: volumes are known."""
    labels = np.zeros((1, 6, 60, 60), np.uint16)
    for k in range(8):
        y, x = divmod(k, 4)
        labels[0, :, 4 + 25 * y : 4 + 25 * y + height, 2 + 14 * x + seed % 3 : 12 + 14 * x + seed % 3] = k + 1
    return labels


@pytest.fixture
def run(score):
    return lambda *arguments: json.loads(judged(score, *arguments))


def judged(score, *arguments):
    status, out, err = score("labels", *arguments, "--json")
    assert status == 0, err
    return out


@pytest.mark.parametrize("form", FORMS)
def test_six_files_of_one_stack_are_one_acquisition(run, tmp_path, form):
    ome_set(tmp_path / "m", {"a": cells(height=7)}, form=form)
    ome_set(tmp_path / "t", {"a": cells()}, form=form)
    content = run(tmp_path / "m", tmp_path / "t", "--unit", "px", "--tolerance", "0.2")
    assert content["n"] == 1
    assert content["files"][0]["true"]["mean_volume"] == 6 * 10 * 6
    assert content["files"][0]["predicted"]["mean_volume"] == 7 * 10 * 6
    assert all(row["verdict"] != "HOLDS" for row in content["arms"])  # one acquisition is no population
    assert sum("OME-TIFF files of one image, which is read whole" in note for note in content["notes"]) == 1


@pytest.mark.parametrize("form", ["master in all", "binary only"])
def test_renamed_sets_are_one_acquisition_still(run, tmp_path, form):
    for name, height in (("m", 7), ("t", 6)):
        for z, path in enumerate(ome_set(tmp_path / name, {"a": cells(height=height)}, form=form)):
            path.rename(tmp_path / name / f"plane{z}_{name}.ome.tif")
    content = run(tmp_path / "m", tmp_path / "t", "--pair", "plane{}_m=plane{}_t", "--unit", "px")
    assert content["n"] == 6
    content = run(tmp_path / "m", tmp_path / "t", "--unit", "px")
    assert [file["predicted"]["mean_volume"] for file in content["files"]] == [420]


def test_several_stacks_and_files_of_other_kinds(run, tmp_path):
    for name, height in (("m", 7), ("t", 6)):
        ome_set(tmp_path / name, {"a": cells(0, height)})
        ome_set(tmp_path / name, {"b": cells(1, height)}, per_file=2)
        tifffile.imwrite(tmp_path / name / "c.tif", cells(2, height)[0], photometric="minisblack")
    content = run(tmp_path / "m", tmp_path / "t", "--unit", "px")
    assert content["n"] == 3
    assert [file["name"] for file in content["files"]] == ["a_z0", "b_z0", "c"]
    assert {file["predicted"]["mean_volume"] for file in content["files"]} == {420}


@pytest.mark.parametrize("form", FORMS)
def test_a_set_meets_a_stack_in_one_file(run, tmp_path, form):
    ome_set(tmp_path / "m", {"a": cells(0, 7), "b": cells(1, 7)}, form=form)
    for name, seed in (("a", 0), ("b", 1)):
        (tmp_path / "t").mkdir(exist_ok=True)
        tifffile.imwrite(tmp_path / "t" / f"{name}.tif", cells(seed)[0], photometric="minisblack")
    content = run(tmp_path / "m", tmp_path / "t", "--unit", "px")
    assert content["n"] == 2
    assert [file["predicted"]["mean_volume"] for file in content["files"]] == [420, 420]


def test_a_set_meets_planes_file_by_file(run, tmp_path):
    """Grey images as the microscope wrote them, labels plane by plane: each file its own plane."""
    grey = ome_set(tmp_path / "i", {"a": cells() * 0 + np.arange(6, dtype=np.uint16)[:, None, None] + 5})
    for name, height in (("m", 7), ("t", 6)):
        (tmp_path / name).mkdir()
        for path, plane in zip(grey, cells(0, height)[0], strict=True):
            tifffile.imwrite(tmp_path / name / path.name.replace(".ome", ""), plane)
    content = run(
        tmp_path / "m", tmp_path / "t", "--image", tmp_path / "i", "--grey-background", "0", "--unit", "px"
    )
    assert content["n"] == 6
    assert [file["true"]["total_intensity"] for file in content["files"]] == [480 * (5 + z) for z in range(6)]
    assert any("planes of one stack are not independent acquisitions" in note for note in content["notes"])


def test_one_file_of_a_set_is_the_set_beside_a_stack_and_a_plane_beside_a_plane(run, tmp_path):
    files = ome_set(tmp_path / "m", {"a": cells(0, 7)})
    tifffile.imwrite(tmp_path / "stack.tif", cells()[0], photometric="minisblack")
    tifffile.imwrite(tmp_path / "plane.tif", cells()[0, 2])
    content = run(files[2], tmp_path / "stack.tif", "--unit", "px")
    assert content["files"][0]["predicted"]["mean_volume"] == 420
    content = run(files[2], tmp_path / "plane.tif", "--unit", "px")
    assert content["files"][0]["predicted"]["mean_area"] == 70
    assert any("its own planes alone are read" in note for note in content["notes"])


@pytest.mark.parametrize("form", FORMS)
def test_a_lost_file_is_an_error_that_names_it(score, tmp_path, form):
    for name, height in (("m", 7), ("t", 6)):
        ome_set(tmp_path / name, {"a": cells(0, height)}, form=form)
    (tmp_path / "m" / "a_z4.ome.tif").unlink()
    status, _, err = score("labels", tmp_path / "m", tmp_path / "t")
    assert (status, err.count("\n")) == (2, 1)
    assert "is one of 6 files of one image, of which 1 is not in" in err
    assert "a_z4.ome.tif" in err


def test_positions_in_files_of_their_own_are_an_acquisition_each(run, tmp_path):
    for name, height in (("m", 7), ("t", 6)):
        positions = {f"p{k}": cells(k, height) for k in range(5)}
        ome_set(tmp_path / name, positions, per_file=6, names="{image}.ome.tif", form="binary only")
    content = run(tmp_path / "m", tmp_path / "t", "--unit", "px")
    assert content["n"] == 5
    assert {file["true"]["mean_volume"] for file in content["files"]} == {360}


def test_planes_of_a_set_that_lost_one_name_the_plane_that_has_no_partner(score, tmp_path):
    files = ome_set(tmp_path / "m", {"a": cells(0, 7)})
    (tmp_path / "t").mkdir()
    for path, plane in zip(files, cells()[0], strict=True):
        tifffile.imwrite(tmp_path / "t" / path.name.replace(".ome", ""), plane)
    files[4].unlink()
    status, _, err = score("labels", tmp_path / "m", tmp_path / "t")
    assert (status, "t: 1 of 6 files (a_z4.tif) have no prediction of the same name" in err) == (2, True)


def test_the_description_of_a_set_is_no_image_but_says_what_to_give(score, tmp_path):
    files = ome_set(tmp_path, {"a": cells()}, form="companion")
    status, _, err = score("labels", tmp_path / "set.companion.ome", files[0])
    assert (status, "set.companion.ome: describes OME-TIFF files; give one of these" in err) == (2, True)


@pytest.mark.parametrize("form", FORMS)
def test_a_set_given_by_pattern_or_table_is_read_as_it_is_named(run, tmp_path, form):
    """Each of its files: plane by plane. One of its files: the whole."""
    for name, height in (("m", 7), ("t", 6)):
        ome_set(tmp_path / name, {"a": cells(0, height)}, form=form)
    content = run(tmp_path / "m", tmp_path / "t", "--unit", "px", "--pair", "{}.ome.tif={}.ome.tif")
    assert content["n"] == 6
    assert [file["predicted"]["mean_area"] for file in content["files"]] == [70] * 6
    assert any("planes of one stack are not independent acquisitions" in note for note in content["notes"])
    (tmp_path / "pairs.csv").write_text("a_z0.ome.tif,a_z0.ome.tif")
    content = run(tmp_path / "m", tmp_path / "t", "--unit", "px", "--pair", tmp_path / "pairs.csv")
    assert (content["n"], content["files"][0]["predicted"]["mean_volume"]) == (1, 420)
