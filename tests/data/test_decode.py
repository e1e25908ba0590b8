"""Samples: run lengths, polygons and pairs against drawings made by hand and by other libraries."""

import json

import numpy as np
import pytest

from scopecheck import data
from scopecheck.data import decode
from scopecheck.errors import DataError


def test_run_lengths_go_down_the_columns_from_one():
    # the format's own description: pixels are numbered from one, top to bottom, then left to right
    labels = decode.run_lengths(["1 3 10 2", "6 1"], (4, 3))
    expected = [[1, 0, 0], [1, 2, 1], [1, 0, 1], [0, 0, 0]]
    np.testing.assert_array_equal(labels, expected)
    assert labels.dtype == np.int32


def test_run_lengths_round_trip():
    rng = np.random.default_rng(2)
    truth = rng.integers(0, 5, (31, 17))
    rows = []
    for label in range(1, 5):
        at = np.flatnonzero(truth.ravel(order="F") == label)
        starts = at[np.r_[True, np.diff(at) > 1]]
        ends = at[np.r_[np.diff(at) > 1, True]]
        rows.append(" ".join(f"{a + 1} {b - a + 1}" for a, b in zip(starts, ends, strict=True)))
    np.testing.assert_array_equal(decode.run_lengths(rows, truth.shape), truth)


def test_each_red_value_is_labelled_on_its_own():
    mask = np.zeros((6, 9, 4), np.uint8)
    mask[1:5, 1:3, 0] = 1  # touches the next
    mask[1:5, 3:5, 0] = 2
    mask[1:5, 6:8, 0] = 1  # the first value again, elsewhere
    mask[5, 8, 0] = 1  # meets the one before at a corner alone
    mask[..., 1:] = 255  # other channels say nothing
    labels = decode.red_values(mask)
    assert labels.dtype == np.int32
    assert sorted(np.bincount(labels.ravel())[1:]) == [1, 8, 8, 8]
    assert labels[1, 2] != labels[1, 3]
    assert labels[1, 1] != labels[1, 6]


def square(x0, y0, x1, y1):
    return {"segmentation": [[x0, y0, x1, y0, x1, y1, x0, y1]]}


def test_a_polygon_covers_the_pixels_whose_centres_it_holds():
    labels = decode.polygons([square(1.5, 0.5, 4.5, 2.5)], (5, 7))
    expected = np.zeros((5, 7), int)
    expected[1:3, 2:5] = 1
    np.testing.assert_array_equal(labels, expected)


def test_polygons_agree_with_pillow():
    from PIL import Image, ImageDraw

    # vertices as in the files: half pixels, so no pixel centre lies on an edge
    points = [30.5, 5.5, 55.5, 20.5, 48.5, 52.5, 20.5, 57.5, 6.5, 30.5]
    canvas = Image.new("1", (64 * 8, 64 * 8))
    ImageDraw.Draw(canvas).polygon([(p + 0.5) * 8 for p in points], fill=1)
    drawn = np.asarray(canvas)[4::8, 4::8]
    ours = decode.polygons([{"segmentation": [points]}], (64, 64)) > 0
    assert np.count_nonzero(ours != drawn) <= 0.01 * drawn.sum()


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_shared_pixel_goes_to_the_smaller_polygon(order):
    both = [square(-0.5, -0.5, 9.5, 9.5), square(2.5, 2.5, 4.5, 4.5)]
    labels = decode.polygons([both[i] for i in order], (12, 12))
    counts = np.bincount(labels.ravel(), minlength=3)[1:]
    assert [counts[order.index(i)] for i in (0, 1)] == [100 - 4, 4]


def test_coco_images_find_their_own_annotations(world, server):
    import io

    from PIL import Image

    def jpeg(grey):
        made = io.BytesIO()
        Image.fromarray(np.full((16, 16, 3), grey, np.uint8)).save(made, "JPEG")
        return made.getvalue()

    table = {
        "images": [{"id": 5, "file_name": "a.jpg"}, {"id": 6, "file_name": "b.jpg"}],
        "annotations": [{"image_id": 6, **square(0.5, 0.5, 4.5, 4.5)}],
    }
    contents = {"t/a.jpg": jpeg(10), "t/b.jpg": jpeg(200), "t/table.json": json.dumps(table).encode()}
    rows = []
    for name, content in contents.items():
        import hashlib

        path = server.root / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        role = "truth" if name.endswith("json") else "image"
        digest = hashlib.sha256(content).hexdigest()
        rows.append({"name": name, "sha256": digest, "bytes": len(content), "role": role})
    world.add("coco", rows, format="coco", kind="images", sources=[{"url": f"{server.url}/{{name}}"}])
    first, second = data.samples("coco")
    assert (first.truth.max(), second.truth.sum()) == (0, 16)
    assert first.image.shape == second.image.shape == (16, 16)
    assert first.acquisition != second.acquisition
    with pytest.raises(DataError, match=r"2 samples: use data\.samples\('coco'\)"):
        data.load("coco")


def pair(world, server, image, truth):
    import hashlib

    import tifffile

    rows = []
    for role, array in (("image", image), ("truth", truth)):
        path = server.root / f"{role}.tif"
        if isinstance(array, bytes):
            path.write_bytes(array)
        else:
            tifffile.imwrite(path, array)
        content = path.read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        rows.append({"name": path.name, "sha256": digest, "bytes": len(content), "role": role, "sample": "x"})
    world.add("pair", rows, format="pairs", kind="images", sources=[{"url": f"{server.url}/{{name}}"}])


def test_a_pair_keeps_its_dtype(world, server):
    image = np.arange(48, dtype=np.uint16).reshape(6, 8)
    pair(world, server, image, (image > 20).astype(np.uint8))
    sample = data.load("pair")
    np.testing.assert_array_equal(sample.image, image)
    assert (sample.image.dtype, sample.truth.dtype) == (np.uint16, np.int32)
    assert sample.truth.sum() == 27
    assert sample.pixel_size is None


def test_a_truth_of_another_shape_is_named(world, server):
    pair(world, server, np.zeros((6, 8), np.uint8), np.zeros((8, 6), np.uint8))
    with pytest.raises(DataError, match=r"pair/x: image \(6, 8\) and truth \(8, 6\) differ in shape"):
        data.load("pair")


def test_a_file_that_is_no_image_is_named(world, server):
    pair(world, server, b"not a tiff", np.zeros((8, 6), np.uint8))
    with pytest.raises(DataError, match=r"image\.tif: cannot be read as an image"):
        data.load("pair")


@pytest.mark.parametrize("kind", ["weights", "files"])
def test_weights_and_files_are_not_samples(one, kind):
    one.content["datasets"]["one"]["kind"] = kind
    one.write()
    with pytest.raises(DataError, match=rf"one holds {kind}, not images: data\.fetch\('one'\)"):
        data.samples("one")
