"""The real files, from the package registry and from a mirror: they are what the catalogue says of them."""

import json

import numpy as np
import pytest

from scopecheck import data
from scopecheck.data import cache

pytestmark = pytest.mark.slow


def objects(labels):
    return len(np.unique(labels)) - 1


def test_the_field_is_the_one_that_stardist_ships(real_files):
    sample = real_files(data.load, "bbbc038-field")
    assert (sample.image.shape, sample.image.dtype, objects(sample.truth)) == ((512, 512), np.uint16, 125)
    nuclei = pytest.importorskip("stardist.data").test_image_nuclei_2d
    image, mask = nuclei(return_mask=True)
    np.testing.assert_array_equal(sample.image, image)
    np.testing.assert_array_equal(sample.truth, mask)


def test_the_fields_of_the_screen_are_of_wells_of_their_own_and_hold_their_nuclei(real_files):
    fields = real_files(data.samples, "bbbc039")
    assert len(fields) == 50
    assert len({f.acquisition for f in fields}) == 50
    assert {(f.image.shape, f.image.dtype.name) for f in fields} == {((520, 696), "uint16")}
    assert sum(objects(f.truth) for f in fields) == 5652
    first = fields[0]
    assert first.image[first.truth > 0].mean() > 2 * first.image[first.truth == 0].mean()


def test_the_weights_begin_as_their_format_does(real_files):
    path = real_files(data.fetch, "cellpose-cyto-2020")
    assert path.stat().st_size == 26_462_244
    assert int.from_bytes(path.read_bytes()[:8], "little") == 0x112  # magic number of an MXNet array list


def test_the_blastocyst_holds_61_nuclei(real_files):
    sample = real_files(data.load, "idr0062-6001240")
    assert (sample.image.shape, sample.image.dtype) == ((236, 275, 271), np.uint16)
    assert objects(sample.truth) == 61
    plane = data.plane("idr0062-6001240", z=107, channel="DAPI")
    np.testing.assert_array_equal(plane.image, sample.image[107])
    np.testing.assert_array_equal(plane.truth, sample.truth[107])
    # DAPI is bright inside nuclei: the channel and the labels belong together
    assert np.median(plane.image[plane.truth > 0]) > 5 * np.median(plane.image[plane.truth == 0])


def test_phase_contrast_polygons_are_as_the_faults_say(real_files):
    found = {sample.name: sample for sample in real_files(data.samples, "cell-aap-phase")}
    assert {name: objects(sample.truth) for name, sample in found.items()} == {"0": 132, "1": 240, "2": 195}
    entry = data.describe("cell-aap-phase")
    ratios = []
    for table in (file for file in entry.files if file.role == "truth"):
        from scopecheck.data.decode import polygons

        rows = json.loads(cache.cached_path(entry, table).read_text())["annotations"]
        ratios += [np.count_nonzero(polygons([row], (1024, 1024))) / row["area"] for row in rows]
    assert np.mean(ratios) == pytest.approx(0.97, abs=0.005)
    assert min(ratios) == pytest.approx(0.89, abs=0.005)
    assert max(ratios) == pytest.approx(1.02, abs=0.005)


def test_the_science_bowl_images_and_their_settings(real_files):
    found = real_files(data.samples, "bbbc038-stage1-test")
    entry = data.describe("bbbc038-stage1-test")
    images = [file for file in entry.files if file.role != "truth"]
    assert len(images) == entry.acquisitions == entry.acquisitions_in_original == 65
    pinned = sum(file.sha256 is not None for file in images)
    assert pinned == 44 <= len(found) <= 65  # the others where they can be had
    assert all(objects(sample.truth) > 0 for sample in found)
    settings = {sample.setting for sample in found}
    assert {"256x256 grey", "520x696 grey", "512x680 colour"} <= settings
    for sample in found:
        assert sample.image.ndim == (3 if sample.setting.endswith("colour") else 2)
    # nuclei of a fluorescence field are brighter than what lies around them
    fields = [s for s in found if s.setting == "520x696 grey"]
    assert all(s.image[s.truth > 0].mean() > 1.5 * s.image[s.truth == 0].mean() for s in fields)


def test_usiigaci_masks_hold_the_cells_stated(real_files):
    found = {sample.name: objects(sample.truth) for sample in real_files(data.samples, "usiigaci-phase")}
    assert found == {"val_set46": 73, "val_set47": 49, "train_set1": 66}


def test_the_unet_answers_its_own_test_input(real_files):
    folder = real_files(data.fetch, "bioimageio-unet-nuclei")
    onnxruntime = pytest.importorskip("onnxruntime")
    image = np.load(folder / "test_input.npy", allow_pickle=False).astype(np.float32)
    image = (image - image.mean()) / (image.std() + 1e-6)
    session = onnxruntime.InferenceSession(str(folder / "weights.onnx"), providers=["CPUExecutionProvider"])
    logits = session.run(None, {session.get_inputs()[0].name: image})[0]
    expected = np.load(folder / "test_output.npy", allow_pickle=False)
    np.testing.assert_allclose(1 / (1 + np.exp(-logits)), expected, atol=1e-4)
