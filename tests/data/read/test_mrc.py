"""Maps, stacks and micrographs: row order, axis order, origin, pixel size, and what is damaged."""

import gzip
import struct
import warnings

import mrcfile
import numpy as np
import pytest
import tifffile
from PIL import Image

from scopecheck import data
from scopecheck.errors import InputError


def write(path, values, pixel_size=1.5, **header):
    """Write an MRC file with mrcfile; `header` sets fields by name, `origin` and `cellb` as (x, y, z)."""
    with mrcfile.new(path, overwrite=True) as mrc:
        mrc.set_data(values)
        if pixel_size:
            mrc.voxel_size = pixel_size
        for name, value in header.items():
            if name in ("origin", "cellb"):
                mrc.header[name] = tuple(value)
            else:
                mrc.header[name] = value
    return path


@pytest.fixture
def values():
    return np.random.default_rng(0).normal(size=(4, 5, 6)).astype(np.float32)


def test_row_0_is_the_first_row_of_the_file(tmp_path, values):
    path = write(tmp_path / "m.mrc", values[0])
    first = np.array(struct.unpack("<6f", path.read_bytes()[1024 : 1024 + 24]), np.float32)
    image, size = data.read_micrograph(path)
    np.testing.assert_array_equal(image[0], first)
    np.testing.assert_array_equal(image, values[0])
    assert size == pytest.approx(1.5)
    stack, size = data.read_stack(write(tmp_path / "s.mrcs", values))
    np.testing.assert_array_equal(stack, values)
    assert size == pytest.approx(1.5)
    assert data.read_stack(path)[0].shape == (1, 5, 6)
    assert data.read_stack(write(tmp_path / "n.mrcs", values, pixel_size=None))[1] is None


@pytest.mark.parametrize("dtype", ["int8", "int16", "uint16", "float16", "float32"])
def test_every_real_mode_is_read(tmp_path, dtype):
    counts = np.arange(24).reshape(4, 6).astype(dtype)
    image, _ = data.read_micrograph(write(tmp_path / "m.mrc", counts))
    assert image.dtype == np.float32
    np.testing.assert_array_equal(image, np.arange(24).reshape(4, 6))


@pytest.mark.parametrize(
    ("true", "mode"),
    [("float16", 1), ("float16", 6), ("int16", 6), ("int16", 12), ("uint16", 1), ("uint16", 12)],
)
def test_a_mode_of_the_same_width_is_noticed_by_the_headers_statistics(tmp_path, values, true, mode):
    scaled = {"float16": values, "int16": values * 1000, "uint16": (values + 5) * 6000}[true].astype(true)
    path = write(tmp_path / "m.mrc", scaled, mode=mode, rms=-1)  # as microscopes leave it
    with pytest.raises(InputError, match=rf"{path}: as mode {mode} .* which they are as {true}"):
        data.read_map(path)


@pytest.mark.parametrize(
    "stated",
    [
        {"dmin": 0, "dmax": -1, "dmean": -2, "rms": -1},  # not set, as MRC2014 has it
        {"dmin": 0, "dmax": 0, "dmean": 0, "rms": 0},
        {"dmin": -1600, "dmax": 1e6},  # not renewed after a change of the values
        {"dmin": 0, "dmax": 300},
    ],
)
def test_statistics_that_are_not_set_or_old_are_no_fault(tmp_path, values, stated):
    scaled = (values * 1000).astype(np.int16)
    np.testing.assert_array_equal(data.read_map(write(tmp_path / "m.mrc", scaled, **stated)).values, scaled)


UNSET = {"dmin": 0, "dmax": 0, "dmean": 0, "rms": 0}


@pytest.mark.parametrize(("true", "mode"), [("int16", 6), ("uint16", 1)])
def test_a_wrong_mode_without_statistics_is_noticed_by_its_two_ends(tmp_path, values, true, mode):
    """Numbers round 0 as uint16, and round 32768 as int16, lie at both ends of the range."""
    body = (values * 300 + (32768 if true == "uint16" else 0)).astype(true)
    path = write(tmp_path / "m.mrc", body, mode=mode, **UNSET)
    with pytest.warns(
        UserWarning, match=rf"{path}: as mode {mode} .* crowd at both ends of the type's range"
    ):
        data.read_map(path)


@pytest.mark.parametrize(
    "body",
    [
        np.random.default_rng(0).normal(0, 9000, (4, 30, 30)).clip(-32768, 32767).astype(np.int16),
        np.random.default_rng(0).poisson(2, (4, 30, 30)).astype(np.uint16),
        np.random.default_rng(0).integers(0, 65536, (4, 30, 30)).astype(np.uint16),
        (np.random.default_rng(0).integers(0, 2, (4, 30, 30)) * 65535).astype(np.uint16),  # a mask
        np.random.default_rng(0).integers(-128, 128, (4, 30, 30)).astype(np.int8),
    ],
)
def test_a_right_mode_without_statistics_is_read_without_a_word(tmp_path, body):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(data.read_map(write(tmp_path / "m.mrc", body, **UNSET)).values, body)


@pytest.mark.parametrize("size", [float("nan"), 0, -1.5, float("inf")])
def test_a_pixel_size_that_is_none_is_refused(tmp_path, values, size):
    path = write(tmp_path / "m.map", values)
    said = rf"{path}: the pixel size \(--pixel-size, pixel_size\) is given as {size:g}; expected Angstrom per"
    with pytest.raises(InputError, match=said):
        data.read_map(path, pixel_size=size)


@pytest.mark.parametrize("order", [(1, 2, 3), (3, 2, 1), (2, 1, 3), (3, 1, 2), (2, 3, 1), (1, 3, 2)])
def test_a_map_is_z_y_x_whichever_axis_the_file_has_first(tmp_path, values, order):
    # order names the axis of columns, rows, sections (x is 1); what the file stores of values (Z, Y, X)
    stored = values.transpose([3 - axis for axis in order[::-1]])
    starts = dict(zip(order, (10, 20, 30), strict=True))  # of columns, rows, sections
    path = write(
        tmp_path / "m.map",
        np.ascontiguousarray(stored),
        mapc=order[0],
        mapr=order[1],
        maps=order[2],
        mx=6,
        my=5,
        mz=4,
        cella=(9.0, 7.5, 6.0),
        nxstart=10,
        nystart=20,
        nzstart=30,
    )
    found = data.read_map(path)
    np.testing.assert_array_equal(found.values, values)
    assert found.values.flags.writeable
    assert found.pixel_size == pytest.approx(1.5)
    assert found.origin == pytest.approx([1.5 * starts[axis] for axis in (1, 2, 3)])
    assert found.path == path


def test_the_origin_goes_before_the_starts_and_a_zipped_map_is_the_same(tmp_path, values):
    path = write(tmp_path / "m.map", values, origin=(1, 2, 3), nxstart=7)
    assert data.read_map(path).origin == (1.0, 2.0, 3.0)
    (tmp_path / "m.map.gz").write_bytes(gzip.compress(path.read_bytes()))
    np.testing.assert_array_equal(data.read_map(tmp_path / "m.map.gz").values, values)


def test_a_pixel_size_can_be_given_where_the_header_has_none(tmp_path, values):
    path = write(tmp_path / "m.map", values, pixel_size=None)
    with pytest.raises(InputError, match="gives no voxel size"):
        data.read_map(path)
    assert data.read_map(path, pixel_size=2.0).pixel_size == 2.0


@pytest.mark.slow
def test_a_model_lies_in_its_map_only_with_the_origin(real):
    folder = real("emd-21457-spike")
    found = data.read_map(folder / "emd_21457_seg.mrc")
    assert found.values.shape == (47, 40, 48)
    assert found.pixel_size == pytest.approx(1.05)
    assert found.origin == pytest.approx((162.75, 231.0, 204.75), abs=1e-3)

    def height(model, origin):
        at = np.rint((model[["x", "y", "z"]].to_numpy() - origin) / found.pixel_size).astype(int)[:, ::-1]
        inside = ((at >= 0) & (at < found.values.shape)).all(axis=1)
        sampled = found.values[tuple(at[inside].T)]
        return inside.mean(), (sampled.mean() - found.values.mean()) / found.values.std()

    starts = data.read_map(folder / "emd_21457_seg_nstart.mrc")  # the same crop, placed by NSTART
    assert starts.origin == pytest.approx(found.origin, abs=1e-3)
    np.testing.assert_array_equal(starts.values, found.values)
    atoms = data.read_model(folder / "6vyb_Ndom.pdb")
    atoms = atoms[atoms["polymer"]]
    inside, above = height(atoms, found.origin)
    assert inside > 0.99
    assert above > 1  # standard deviations of the map
    for step in np.vstack([np.eye(3), -np.eye(3)]) * 2.1:  # two voxels off in any direction fits less
        assert height(atoms, np.add(found.origin, step))[1] < above
    moved = data.read_model(folder / "6vyb_Ndom_shifted.pdb")
    at = (moved[["x", "y", "z"]].to_numpy() - found.origin) / found.pixel_size
    assert ((at >= 0) & (at < (48, 40, 47))).all(axis=1).mean() < 0.1


@pytest.mark.slow
def test_the_small_emdb_maps(real):
    folder = real("emdb-small")
    found = data.read_map(folder / "EMD-3197.map")  # 20^3 voxels of 11.4 A as its entry states
    assert found.values.shape == (20, 20, 20)
    assert found.pixel_size == pytest.approx(11.4)
    with pytest.raises(InputError, match="voxels that are not cubes"):
        data.read_map(folder / "EMD-3001.map")


@pytest.mark.slow
def test_the_microscopes_own_micrographs(real):
    folder = real("mrc-300kv")
    for name, shape, size in [
        ("epu2.9_example.mrc", (4096, 4096), 0.667),
        ("fei-extended.mrc", (3838, 3710), 0.854),
    ]:
        image, pixel = data.read_micrograph(folder / name)
        assert image.shape == shape
        assert pixel == pytest.approx(size, abs=5e-4)
        with mrcfile.open(folder / name, permissive=True) as mrc:
            np.testing.assert_array_equal(image[0], mrc.data[0])


def test_pictures_of_micrographs(tmp_path):
    grey = np.arange(200, dtype=np.uint8).reshape(10, 20)
    Image.fromarray(grey).save(tmp_path / "m.png")
    Image.fromarray(np.full((64, 64), 77, np.uint8)).save(tmp_path / "m.jpg")
    tifffile.imwrite(tmp_path / "m.tif", grey, imagej=True, resolution=(1e3, 1e3), metadata={"unit": "um"})
    np.testing.assert_array_equal(data.read_micrograph(tmp_path / "m.png")[0], grey)
    assert (data.read_micrograph(tmp_path / "m.jpg")[0] == 77).all()
    image, size = data.read_micrograph(tmp_path / "m.tif")
    np.testing.assert_array_equal(image, grey)
    assert size == pytest.approx(10)  # 1,000 px a micrometre
    Image.fromarray(np.zeros((64, 64, 3), np.uint8)).save(tmp_path / "c.jpg")
    with pytest.raises(InputError, match="colour"):
        data.read_micrograph(tmp_path / "c.jpg")
    (tmp_path / "d.jpg").write_bytes((tmp_path / "m.jpg").read_bytes()[:200])
    with pytest.raises(InputError, match="cut short or damaged"):
        data.read_micrograph(tmp_path / "d.jpg")


@pytest.mark.filterwarnings("ignore:Data array contains NaN")  # mrcfile, on writing it
def test_nan_is_counted_and_named(tmp_path, values):
    values[2, 1, 3] = np.nan
    values[3, 0, 0] = np.inf
    with pytest.raises(
        InputError, match="2 of 120 values are NaN or infinite, the first at index 2 and 1 and 3"
    ):
        data.read_stack(write(tmp_path / "s.mrcs", values))


def spoil(path, how):
    content = bytearray(path.read_bytes())
    if how == "cut short":
        content = content[:-10]
    elif how == "mode of fewer bytes":
        content[12:16] = struct.pack("<i", 0)
    elif how == "mode of more bytes":
        content[12:16] = struct.pack("<i", 4)
    elif how == "a mode of no meaning":
        content[12:16] = struct.pack("<i", 77)
    elif how == "too many images":
        content[8:12] = struct.pack("<i", 400)
    elif how == "a header alone":
        content = content[:1024]
    elif how == "half a header":
        content = content[:500]
    elif how == "text":
        content = b"this is no image\n" * 100
    path.write_bytes(content)


@pytest.mark.parametrize(
    "how",
    [
        "cut short",
        "mode of fewer bytes",
        "mode of more bytes",
        "a mode of no meaning",
        "too many images",
        "a header alone",
        "half a header",
        "text",
    ],
)
def test_a_header_that_does_not_fit_its_body_is_refused(tmp_path, values, how):
    path = write(tmp_path / "s.mrcs", values)
    spoil(path, how)
    for read in (data.read_stack, data.read_map, data.read_micrograph):
        with pytest.raises(InputError, match=f"{path}: header and body do not agree"):
            read(path)


def test_what_is_no_single_map_or_micrograph(tmp_path, values):
    with pytest.raises(InputError, match="holds 4 frames; expected one micrograph"):
        data.read_micrograph(write(tmp_path / "movie.mrc", values))
    with pytest.raises(InputError, match="expected a volume of three axes"):
        data.read_map(write(tmp_path / "flat.mrc", values[0]))
    with pytest.raises(InputError, match="angles are not 90"):
        data.read_map(write(tmp_path / "bent.map", values, cellb=(90, 100, 90)))
    with pytest.raises(InputError, match="complex numbers"):
        data.read_stack(write(tmp_path / "c.mrc", values.astype(np.complex64)))
    with pytest.raises(InputError, match="no such file"):
        data.read_map(tmp_path / "none.map")
    (tmp_path / "empty.mrc").write_bytes(b"")
    with pytest.raises(InputError, match=r"is empty \(0 bytes\)"):
        data.read_stack(tmp_path / "empty.mrc")
