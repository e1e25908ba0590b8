"""Reading label and grey images: formats, pixel sizes, and what must be refused with one clear message."""

import json
import logging
import pickle
import re
import subprocess
import sys
import zlib

import numpy as np
import pytest
import tifffile
from PIL import Image

from scopecheck.data import read_image, read_labels
from scopecheck.errors import InputError

zarr = pytest.importorskip("zarr")


@pytest.fixture
def labels():
    array = np.zeros((40, 50), np.uint16)
    array[5:15, 5:20] = 1
    array[20:30, 30:45] = 700
    return array


@pytest.fixture
def stack(labels):
    return np.stack([labels * 0, labels, labels, labels[::-1], labels])


def ome_zarr(path, array, axes, scale, *, version=3, unit="micrometer", labels=None, coarse=True):
    """Write an OME-Zarr by hand: 0.5 (zarr 3) or 0.4 (zarr 2)."""

    def image(group, data):
        levels = []
        for level in range(1 + coarse):
            step = 2**level
            at = tuple(slice(None, None, step if a in "yx" else 1) for a in axes)
            member = group.create_array(
                str(level), shape=data[at].shape, dtype=data.dtype, chunks=data[at].shape
            )
            member[...] = data[at]
            factors = [s * (step if a in "yx" else 1) for a, s in zip(axes, scale, strict=True)]
            levels.append(
                {"path": str(level), "coordinateTransformations": [{"type": "scale", "scale": factors}]}
            )
        kinds = {"t": "time", "c": "channel"}
        described = [{"name": a, "type": kinds.get(a, "space")} for a in axes]
        for axis in described:
            if axis["type"] == "space" and unit:
                axis["unit"] = unit
        about = {"multiscales": [{"axes": described, "datasets": levels}]}
        group.attrs.update({"ome": {"version": "0.5", **about}} if version == 3 else about)

    root = zarr.open_group(str(path), mode="w", zarr_format=version)
    image(root, array)
    if labels:
        folder = root.create_group("labels")
        names = {"labels": list(labels)}
        folder.attrs.update({"ome": names} if version == 3 else names)
        for name, data in labels.items():
            image(folder.create_group(name), data)
    return path


def axes_of(array):
    return {"axes": "ZYX"[-array.ndim :]}


WRITERS = {
    "plain.tif": lambda path, array: tifffile.imwrite(path, array),
    "deflate.tiff": lambda path, array: tifffile.imwrite(path, array, compression="zlib"),
    "tiles.tif": lambda path, array: tifffile.imwrite(path, array, tile=(16, 16), compression="zlib"),
    "big.tif": lambda path, array: tifffile.imwrite(path, array, bigtiff=True),
    "x.ome.tif": lambda path, array: tifffile.imwrite(path, array, ome=True, metadata=axes_of(array)),
    "imagej.tif": lambda path, array: tifffile.imwrite(path, array, imagej=True, metadata=axes_of(array)),
    "pages.tif": lambda path, array: tifffile.imwrite(path, array, metadata=None),
    "x.npy": lambda path, array: np.save(path, array),
    "x.png": lambda path, array: Image.fromarray(array).save(path),
}


@pytest.mark.parametrize("name", WRITERS)
def test_labels_come_back_as_int32(tmp_path, labels, name):
    WRITERS[name](tmp_path / name, labels)
    picture = read_labels(tmp_path / name)
    assert picture.array.dtype == np.int32
    assert np.array_equal(picture.array, labels)
    assert picture.pixel_size is None
    image = read_image(str(tmp_path / name)).array
    assert image.dtype == np.uint16
    assert np.array_equal(image, labels)


@pytest.mark.parametrize("name", [name for name in WRITERS if not name.endswith("png")])
def test_stacks_come_back_as_zyx(tmp_path, stack, name):
    WRITERS[name](tmp_path / name, stack)
    assert np.array_equal(read_labels(tmp_path / name).array, stack)


@pytest.mark.parametrize("version", [2, 3])
def test_ome_zarr_gives_full_resolution_the_label_image_and_its_pixel_size(tmp_path, stack, version):
    image = np.stack([stack, stack + 5])[:, None]
    path = ome_zarr(
        tmp_path / "x.zarr",
        image,
        "ctzyx",
        [1, 1, 0.5, 0.36, 0.25],
        version=version,
    )
    with pytest.raises(InputError, match=r"axes C=2, Z=5.*Save one channel"):
        read_image(path)
    one = ome_zarr(tmp_path / "y.zarr", stack[None], "czyx", [1, 0.5, 0.36, 0.25], version=version)
    picture = read_image(one)
    assert np.array_equal(picture.array, stack)
    assert picture.pixel_size == (0.5, 0.36, 0.25)


@pytest.mark.parametrize("version", [2, 3])
def test_ome_zarr_labels_are_found_or_named(tmp_path, labels, version):
    write = {"version": version, "unit": "nanometer"}
    one = ome_zarr(tmp_path / "one.zarr", labels + 9, "yx", [360, 250], labels={"nuclei": labels}, **write)
    picture = read_labels(one)
    assert np.array_equal(picture.array, labels)
    assert picture.pixel_size == pytest.approx((0.36, 0.25))
    assert np.array_equal(read_labels(one / "labels" / "nuclei").array, labels)
    two = ome_zarr(tmp_path / "two.zarr", labels, "yx", [1, 1], labels={"a": labels, "b": labels}, **write)
    with pytest.raises(InputError, match=r"has 2 label images \(a, b\); give the path of one"):
        read_labels(two)


def test_a_bare_zarr_array_and_one_without_units(tmp_path, labels):
    zarr.save_array(str(tmp_path / "bare.zarr"), labels)
    assert np.array_equal(read_labels(tmp_path / "bare.zarr").array, labels)
    path = ome_zarr(tmp_path / "u.zarr", labels, "yx", [0.3, 0.3], unit=None)
    assert read_labels(path).pixel_size is None


@pytest.mark.parametrize(
    ("unit", "size"), [("µm", 0.25), ("nm", 0.00025), ("mm", 250.0), ("pixel", None), ("cm", 2500.0)]
)
def test_ome_tiff_pixel_size_is_in_micrometres(tmp_path, labels, unit, size):
    about = {"axes": "YX", "PhysicalSizeX": 0.25, "PhysicalSizeXUnit": unit}
    about |= {"PhysicalSizeY": 0.25, "PhysicalSizeYUnit": unit}
    tifffile.imwrite(tmp_path / "x.ome.tif", labels, metadata=about)
    expected = None if size is None else pytest.approx((size, size))
    assert read_labels(tmp_path / "x.ome.tif").pixel_size == expected


@pytest.mark.parametrize("unit", ["um", "micron", "\\u00B5m", "µm"])
def test_imagej_pixel_size_is_in_micrometres(tmp_path, stack, unit):
    tifffile.imwrite(
        tmp_path / "x.tif",
        stack,
        imagej=True,
        resolution=(4.0, 2.0),
        metadata={"axes": "ZYX", "spacing": 1.5, "unit": unit.encode("ascii", "ignore").decode() or "um"},
    )
    picture = read_labels(tmp_path / "x.tif")
    if unit == "µm":  # not in ASCII, so the file says "m": metres are read as metres
        assert picture.pixel_size == pytest.approx((1.5e6, 5e5, 2.5e5))
    else:
        assert picture.pixel_size == pytest.approx((1.5, 0.5, 0.25))


def test_printing_resolution_is_no_pixel_size(tmp_path, labels):
    tifffile.imwrite(tmp_path / "x.tif", labels, resolution=(72, 72), resolutionunit="INCH")
    assert read_labels(tmp_path / "x.tif").pixel_size is None


def test_a_palette_png_holds_labels_by_their_index(tmp_path, labels):
    index = (labels == 1) + 2 * (labels > 1)
    indexed = Image.new("P", (50, 40))
    indexed.putdata(index.ravel().tolist())
    indexed.putpalette([0, 0, 0, 255, 0, 0, 0, 255, 0])
    indexed.save(tmp_path / "x.png")
    assert np.array_equal(read_labels(tmp_path / "x.png").array, index)


def test_seventy_thousand_objects_and_none(tmp_path):
    many = np.arange(280 * 250, dtype=np.uint32).reshape(280, 250) + 1
    many = np.kron(many, np.array([[1, 0], [0, 0]], np.uint32))
    for name in ("many.tif", "many.npy"):
        WRITERS["plain.tif" if name.endswith("tif") else "x.npy"](tmp_path / name, many)
        assert read_labels(tmp_path / name).array.max() == 70_000
    np.save(tmp_path / "none.npy", np.zeros((9, 9), np.uint8))
    assert not read_labels(tmp_path / "none.npy").array.any()
    np.save(tmp_path / "long.npy", np.full((9, 9), 2**40))
    assert read_labels(tmp_path / "long.npy").array.dtype == np.int64


@pytest.mark.parametrize("name", [name for name in WRITERS if name.endswith(("tif", "tiff"))])
@pytest.mark.parametrize("silenced", [False, True])  # as the import of another library can leave it
def test_a_truncated_tiff_is_never_taken_for_whole(tmp_path, stack, name, silenced, monkeypatch):
    monkeypatch.setattr(logging.getLogger("tifffile"), "disabled", silenced)
    WRITERS[name](tmp_path / name, stack)
    whole = (tmp_path / name).read_bytes()
    said = []
    for cut in sorted({*range(1, len(whole), max(1, len(whole) // 60)), *range(len(whole) - 9, len(whole))}):
        short = tmp_path / f"short-{name}"
        short.write_bytes(whole[:cut])
        try:
            array = read_labels(short).array
        except InputError as error:
            said.append(str(error))
        else:  # what was cut off held no pixels and no description
            assert np.array_equal(array, stack)
            assert cut > len(whole) - 64
    assert len(said) > 50
    assert all(text.startswith(f"{short}: is ") and "\n" not in text for text in said)


def test_three_or_four_planes_written_as_colour_are_refused_with_the_cure(tmp_path, stack):
    with pytest.warns(DeprecationWarning, match="RGB"):
        tifffile.imwrite(tmp_path / "x.tif", stack[:3])
    with pytest.raises(InputError, match="photometric='minisblack'"):
        read_labels(tmp_path / "x.tif")
    tifffile.imwrite(tmp_path / "x.tif", stack[:3], photometric="minisblack")
    assert np.array_equal(read_labels(tmp_path / "x.tif").array, stack[:3])


def test_a_cut_tiff_says_so(tmp_path, labels):
    tifffile.imwrite(tmp_path / "x.tif", labels)
    (tmp_path / "x.tif").write_bytes((tmp_path / "x.tif").read_bytes()[:-500])
    with pytest.raises(InputError, match=r"x\.tif: is cut short or damaged.*Write or copy it again"):
        read_labels(tmp_path / "x.tif")


@pytest.mark.parametrize("name", ["x.png", "x.npy"])
def test_other_truncated_files_are_refused(tmp_path, labels, name):
    WRITERS[name](tmp_path / name, labels)
    whole = (tmp_path / name).read_bytes()
    for cut in range(1, len(whole) - 20, max(1, len(whole) // 30)):
        (tmp_path / name).write_bytes(whole[:cut])
        with pytest.raises(InputError, match=r"cut short or damaged|another format"):
            read_labels(tmp_path / name)


def test_a_damaged_zarr_chunk_is_refused(tmp_path, labels):
    path = ome_zarr(tmp_path / "x.zarr", labels, "yx", [1, 1], coarse=False)
    chunk = path / "0" / "c" / "0" / "0"
    chunk.write_bytes(chunk.read_bytes()[:-7])
    with pytest.raises(InputError, match=r"x\.zarr: is cut short or damaged"):
        read_labels(path)


def save(name, array):
    def write(folder):
        path = folder / name
        if name.endswith("npy"):
            np.save(path, array, allow_pickle=True)
        elif name.endswith("png"):
            Image.fromarray(array).save(path)
        else:
            tifffile.imwrite(path, array)
        return path

    return write


def raw(name, content):
    def write(folder):
        (folder / name).write_bytes(content)
        return folder / name

    return write


def folder_of(name, *held):
    def write(folder):
        (folder / name).mkdir()
        for part in held:
            (folder / name / part).write_text("{not json")
        return folder / name

    return write


SQUARE = np.eye(8, dtype=np.uint8)
BAD_LABELS = {
    "missing": (lambda folder: folder / "gone.tif", "no such file or folder"),
    "empty": (raw("x.tif", b""), r"is empty \(0 bytes\)"),
    "not a tiff": (
        raw("x.tif", b"hello, this is text"),
        "is named .tif but holds another format, or it is damaged",
    ),
    "a png named tif": (
        raw("x.tif", b"\x89PNG\r\n\x1a\n" + zlib.compress(b"")),
        "is named .tif but holds .png",
    ),
    "jpeg": (raw("x.jpg", b"\xff\xd8\xff"), r"has the suffix '\.jpg'; expected \.tif"),
    "no suffix": (raw("x", b"abc"), "suffix"),
    "rgb tiff": (save("x.tif", np.zeros((20, 20, 3), np.uint8)), "is a colour picture"),
    "rgb png": (save("x.png", np.zeros((20, 20, 3), np.uint8)), "is a colour picture"),
    "rgb npy": (save("x.npy", np.zeros((20, 20, 4), np.uint8)), "is a colour picture"),
    "float": (save("x.tif", np.ones((9, 9), np.float32) / 2), "float32, expected whole-number labels"),
    "nan": (save("x.npy", np.full((9, 9), np.nan)), "holds NaN; expected whole-number labels"),
    "negative": (save("x.tif", -SQUARE.astype(np.int16)), "holds the negative value -1"),
    "boolean": (save("x.npy", SQUARE > 0), "does not tell objects apart"),
    "0 and 255": (
        save("x.png", np.pad(np.full((8, 2), 255, np.uint8), ((0, 0), (0, 6)))[:, [0, 2, 0, 2, 0, 2]]),
        "so it is a mask",
    ),
    "objects": (
        save("x.npy", np.array([[1, None]], object)),
        r"Python objects \(a pickle\), which are never opened",
    ),
    "line": (save("x.npy", np.arange(5)), r"has the shape \(5,\)"),
    "number": (save("x.npy", np.array(3)), r"has the shape \(\)"),
    "4D": (save("x.npy", np.ones((2, 3, 9, 9), int)), r"expected a plane \(Y, X\) or a stack"),
    "no pixels": (save("x.npy", np.ones((0, 9), int)), "holds no pixels"),
    "complex": (save("x.npy", np.ones((9, 9), complex)), "complex128, expected whole-number labels"),
    "text": (save("x.npy", np.array([["a", "b"]])), "expected whole-number labels"),
    "folder": (
        folder_of("x.zarr", "a.txt"),
        r"is a folder that holds a\.txt; expected one image or an OME-Zarr",
    ),
    "empty folder": (folder_of("x"), "is a folder that is empty"),
    "corrupt zarr": (folder_of("x.zarr", "zarr.json"), "cut short or damaged"),
}


@pytest.mark.parametrize(
    ("value", "dtype"), [(1, np.uint8), (255, np.uint8), (1, np.int64), (65535, np.uint16), (7, np.int32)]
)
@pytest.mark.parametrize("deep", [False, True])
def test_a_mask_of_any_value_is_no_label_image(tmp_path, value, dtype, deep):
    drawn = np.zeros((20, 20), bool)
    drawn[1:5, 1:5] = drawn[5:9, 5:9] = True  # they touch at a corner: one piece
    one, three = drawn.copy(), drawn.copy()
    three[12:15, 1:4] = three[12:15, 10:14] = True
    for name, kept in (("one", one), ("three", three)):
        np.save(tmp_path / f"{name}.npy", (np.stack([kept] * 3) if deep else kept) * dtype(value))
    assert read_labels(tmp_path / "one.npy").array.max() == value  # one object, whatever its number
    said = (
        rf"three\.npy: holds 0 and {value} alone, in 3 separate pieces, so it is a mask; expected one number"
    )
    with pytest.raises(InputError, match=said + r".*skimage\.measure\.label\(mask\)\.$"):
        read_labels(tmp_path / "three.npy")
    assert read_labels(tmp_path / "three.npy", mask=True).array.max() == value


@pytest.mark.parametrize("case", BAD_LABELS)
def test_what_is_no_label_image_is_refused_in_one_line(tmp_path, case):
    write, message = BAD_LABELS[case]
    path = write(tmp_path)
    with pytest.raises(InputError, match=message) as caught:
        read_labels(path)
    assert str(caught.value).startswith(f"{path}")
    assert "\n" not in str(caught.value)


def test_a_zarr_group_that_is_no_image_is_refused(tmp_path):
    zarr.open_group(str(tmp_path / "x.zarr"), mode="w")
    with pytest.raises(InputError, match="a zarr group without 'multiscales'"):
        read_image(tmp_path / "x.zarr")


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((20, 20, 3), np.uint8), "is a colour picture"),
        (np.full((9, 9), np.nan), "holds NaN or infinite"),
        (np.full((9, 9), np.inf), "holds NaN or infinite"),
        (SQUARE > 0, "expected grey levels"),
    ],
)
def test_what_is_no_grey_image_is_refused(tmp_path, array, message):
    np.save(tmp_path / "x.npy", array)
    with pytest.raises(InputError, match=message):
        read_image(tmp_path / "x.npy")


def test_a_pickle_is_not_executed(tmp_path):
    class Trap:
        def __reduce__(self):
            return (open, (str(tmp_path / "sprung"), "w"))

    np.save(tmp_path / "x.npy", np.array([Trap()], object), allow_pickle=True)
    with pytest.raises(InputError, match=re.escape("never opened")):
        read_labels(tmp_path / "x.npy")
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize(
    ("dtype", "filters", "compressor"),
    [
        ("|O", [{"id": "pickle", "protocol": 5}], None),
        ("|u1", [{"id": "pickle", "protocol": 5}], None),
        ("|u1", None, {"id": "pickle", "protocol": 5}),
    ],
)
def test_a_pickle_in_a_zarr_is_not_executed(tmp_path, dtype, filters, compressor):
    sprung = tmp_path / "sprung"

    class Trap:
        def __reduce__(self):
            return (open, (str(sprung), "w"))

    path = tmp_path / "x.zarr"
    path.mkdir()
    about = {"zarr_format": 2, "shape": [4, 4], "chunks": [4, 4], "dtype": dtype, "order": "C"}
    about |= {"fill_value": 0, "filters": filters, "compressor": compressor}
    (path / ".zarray").write_text(json.dumps(about))
    (path / "0.0").write_bytes(pickle.dumps(Trap()))
    with pytest.raises(InputError, match=re.escape("never opened")):
        read_labels(path)
    assert not sprung.exists()


def test_a_file_of_several_images_is_refused(tmp_path, labels):
    with tifffile.TiffWriter(tmp_path / "x.tif") as tiff:
        tiff.write(labels, metadata=None)
        tiff.write(labels[:20], metadata=None)
    with pytest.raises(InputError, match=r"holds 2 images \(\(40, 50\), \(20, 50\)\); expected a plane"):
        read_labels(tmp_path / "x.tif")


def test_a_png_too_large_to_open_is_refused(tmp_path, monkeypatch, labels):
    WRITERS["x.png"](tmp_path / "x.png", labels)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 900)
    with pytest.raises(InputError, match=r"too large for a PNG.*save it as TIFF"):
        read_labels(tmp_path / "x.png")


@pytest.mark.parametrize("compression", ["lzw", "zstd", "lerc", "packbits", "lzma"])
def test_compressed_tiff_is_read_and_without_imagecodecs_it_says_what_to_install(
    tmp_path, labels, compression, monkeypatch
):
    tifffile.imwrite(tmp_path / "x.tif", labels, compression=compression)
    assert np.array_equal(read_labels(tmp_path / "x.tif").array, labels)
    code = (
        "import sys; sys.modules['imagecodecs'] = None\n"
        "from scopecheck.data import read_labels\n"
        "try: print(read_labels(sys.argv[1]).array.sum())\n"
        "except Exception as error: print(type(error).__name__, error)"
    )
    said = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "x.tif")], capture_output=True, text=True, check=True
    ).stdout
    if compression in ("packbits", "lzma"):  # which tifffile undoes by itself
        assert int(said) == labels.sum()
    else:
        assert said.startswith(
            f"InputError {tmp_path / 'x.tif'}: is compressed in a way that needs the package"
        )
        assert "type: pip install imagecodecs" in said
        assert "damaged" not in said


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_decimal_labels_are_taken_where_each_is_whole(tmp_path, labels, dtype):
    np.save(tmp_path / "x.npy", labels.astype(dtype))
    picture = read_labels(tmp_path / "x.npy")
    assert (picture.array.dtype, np.array_equal(picture.array, labels)) == (np.int32, True)
    assert picture.notes == (f"labels are {dtype}, all of them whole, and are taken as whole numbers",)
    assert read_labels(tmp_path / "x.npy").array.max() == 700
    most = 2 ** (np.finfo(dtype).nmant + 1)  # from here a label and the next are the same number
    for value, message in ((0.5, "1 of 2000 pixels are not whole, such as 0.5"), (most, f"From {most} on")):
        wrong = labels.astype(dtype)
        wrong[6, 6] = value
        np.save(tmp_path / "y.npy", wrong)
        with pytest.raises(InputError, match=message):
            read_labels(tmp_path / "y.npy")
    wrong[6, 6] = -1
    np.save(tmp_path / "y.npy", wrong)
    with pytest.raises(InputError, match="negative value -1"):
        read_labels(tmp_path / "y.npy")


def seg(path, **more):
    """Save what Cellpose's _seg.npy holds."""
    held = {"filename": "a.tif", "flows": [np.zeros((1, 4, 4), np.uint8), []], "diameter": np.float32(30)}
    np.save(path, held | {"chan_choose": [0, 0], "ismanual": np.zeros(2, bool)} | more, allow_pickle=True)
    return path


def test_the_masks_of_cellposes_seg_npy_are_read(tmp_path, labels):
    path = seg(tmp_path / "a_seg.npy", masks=labels, outlines=labels // 2)
    assert np.array_equal(read_labels(path).array, labels)
    with pytest.raises(InputError, match="holds no array 'masks'"):
        read_labels(seg(tmp_path / "b_seg.npy", outlines=labels))
    with pytest.raises(InputError, match=r"holds Python objects \(a pickle\), which are never opened"):
        read_labels(seg(tmp_path / "other.npy", masks=labels))


def test_a_seg_npy_that_asks_for_more_is_not_executed(tmp_path, labels):
    class Trap:
        def __reduce__(self):
            return (open, (str(tmp_path / "sprung"), "w"))

    path = seg(tmp_path / "a_seg.npy", masks=labels, model_path=Trap())
    with pytest.raises(
        InputError, match=r"a pickle that is not read, since it asks for .*Give the _cp_masks file"
    ):
        read_labels(path)
    assert not (tmp_path / "sprung").exists()
    whole = seg(tmp_path / "c_seg.npy", masks=labels).read_bytes()
    for cut in range(130, len(whole), 97):
        path.write_bytes(whole[:cut])
        with pytest.raises(InputError):
            read_labels(path)


@pytest.mark.tool
def test_the_seg_npy_that_cellpose_writes_is_read(tmp_path, labels):
    io = pytest.importorskip("cellpose.io")
    flows = [np.zeros((*labels.shape, 3), np.uint8), np.zeros((2, *labels.shape), np.float32)]
    flows += [np.linspace(-3, 3, labels.size, dtype=np.float32).reshape(labels.shape)]
    numbered = (labels == 1) + 2 * (labels == 700).astype(np.uint16)
    io.masks_flows_to_seg(labels, numbered, flows, str(tmp_path / "a.tif"), diams=np.float32(30))
    assert np.array_equal(read_labels(tmp_path / "a_seg.npy").array, numbered)
