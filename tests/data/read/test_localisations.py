"""Tables of localisations: units and headings of several programs, and every bad table with its message."""

import numpy as np
import pytest

from scopecheck.data.read.localisations import read_localisations as read
from scopecheck.errors import InputError

THUNDERSTORM = (
    '"id","frame","x [nm]","y [nm]","sigma [nm]","uncertainty [nm]"\n'
    "1,1,67.8,2484.2,111,9\n2,3,28.9,3531.1,107,8\n"
)
SMAP = "frame,xnm,ynm,znm,phot\n1,10,20,-30,500\n2,11,21,40,600\n"
ELYRA = (
    "Index\tFirst Frame\tNumber Frames\tPosition X [nm]\tPosition Y [nm]\tPrecision [nm]\n"
    "1\t1\t1\t15850.6\t23502.1\t8.6\n"
)
NANOIMAGER = (
    "Channel,Frame,X (nm),Y (nm),Z (nm),Photons\n0,7,40918.9,56104.7,0.0,139\n0,8,40948.2,56085.2,0.0,159\n"
)
PIXELS = "frame;x [px];y [px]\n0;1.5;2.5\n"
BARE = "frame,x,y\n0,1.5,2.5\n"


def write(tmp_path, text, name="table.csv", **how):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8", **how)
    return path


@pytest.mark.parametrize(
    ("text", "options", "frames", "x", "axes"),
    [
        (THUNDERSTORM, {}, [1, 3], [67.8, 28.9], "xy"),
        (SMAP, {}, [1, 2], [10, 11], "xyz"),
        (ELYRA, {}, [1], [15850.6], "xy"),
        (PIXELS, {"pixel_size": 100}, [0], [150], "xy"),
        (BARE, {"units": "um"}, [0], [1500], "xy"),
        (BARE, {"units": "px", "pixel_size": 160}, [0], [240], "xy"),
        ("\n\n" + THUNDERSTORM, {}, [1, 3], [67.8, 28.9], "xy"),
        ("\ufeff" + SMAP, {}, [1, 2], [10, 11], "xyz"),
        ("frame,x [nm],y [nm]\n", {}, [], [], "xy"),
        ("frame,x [µm],y [µm]\n4,1,2\n", {}, [4], [1000], "xy"),
        ("frame,xnm,ynm,xpix,ypix\n4,1500,200,15,2\n", {}, [4], [1500], "xy"),  # SMAP has both
        ("frame,xpix,ypix,xnm,ynm\n4,15,2,1500,200\n", {}, [4], [1500], "xy"),
        ("frame,x [nm],y [nm],\n4,1,2,\n", {}, [4], [1], "xy"),
        ("'frame','x [nm]','y [nm]'\r\n4,1,2\r\n", {}, [4], [1], "xy"),
    ],
)
def test_tables_of_several_programs_are_read_in_nanometres(tmp_path, text, options, frames, x, axes):
    table = read(write(tmp_path, text), **options)
    assert list(table) == ["frame", *axes]
    assert table["frame"].tolist() == frames
    assert table["x"].tolist() == pytest.approx(x)


def test_a_z_that_is_one_number_is_left_out_and_said(tmp_path):
    with pytest.warns(UserWarning, match="all z are 0; taken for 2D"):
        assert list(read(write(tmp_path, NANOIMAGER))) == ["frame", "x", "y"]


def test_latin_1_is_read(tmp_path):
    path = tmp_path / "elyra.txt"
    path.write_bytes("First Frame\tPosition X [µm]\tPosition Y [µm]\n1\t2\t3\n".encode("latin-1"))
    assert read(path)["y"].tolist() == [3000]


def picasso(path, names=("frame", "x", "y"), rows=((0, 1.5, 2.0), (4, 2.5, 3.0))):
    h5py = pytest.importorskip("h5py")
    types = [(n, "u4" if n == "frame" else "f4") for n in names]
    with h5py.File(path, "w") as file:
        file["locs"] = np.array([tuple(row) for row in rows], dtype=types)
    return path


def test_picassos_hdf5_is_in_pixels_of_the_camera(tmp_path):
    path = picasso(tmp_path / "locs.hdf5")
    assert read(path, pixel_size=130)["x"].tolist() == [195, 325]
    with pytest.raises(InputError, match=r"a \.yaml beside it"):
        read(path)
    for wrong in ("Pixelsize: 130 nm\n", "Pixelsize: [130, 130]\n"):
        path.with_suffix(".yaml").write_text(wrong)
        with pytest.raises(InputError, match=r"the pixel size in locs\.yaml cannot be read"):
            read(path)
    path.with_suffix(".yaml").write_text("Pixelsize: -130\n")
    with pytest.raises(InputError, match="give the pixel size"):
        read(path)
    path.with_suffix(".yaml").write_text("Frames: 10\n---\nBox Size: 7\nPixelsize: 100\n")
    with pytest.warns(UserWarning, match="100 nm a pixel, from locs.yaml"):
        assert read(path)["y"].tolist() == [200, 300]
    deep = picasso(tmp_path / "deep.hdf5", ("frame", "x", "y", "z"), [(0, 1, 1, -40), (1, 1, 1, 60)])
    assert read(deep, pixel_size=100)["z"].tolist() == [-40, 60]  # z is in nanometres


@pytest.mark.parametrize(
    ("text", "options", "said"),
    [
        ("", {}, "holds no localisations"),
        (BARE, {}, "names no unit; give the units"),
        (PIXELS, {}, "is in pixels; give the pixel size"),
        ("frame,x,y,z\n1,2,3,4\n", {"units": "px", "pixel_size": 100}, "z is not in pixels"),
        ("frame,x [nm],y [nm]\n1,67,843,2484,156\n", {}, "3 headings and 5 columns"),
        ("frame,x [nm],y [nm]\n1,3,5,7\n", {}, "commas for decimals, or names of rows"),
        ("frame,x [nm],y [nm]\n1,2,3\n1,2,3,4\n", {}, "differ in their number of columns"),
        ("frame,x [nm],y [nm]\n1e300,3,5\n", {}, "no frames"),
        ("frame,x [nm],y [nm]\n1,1e308,5\n", {}, "x: holds 1e\\+308; expected a place"),
        ("frame,x [nm],y [nm]\n1,True,5\n", {}, "x: holds true and false"),
        ("a,b\n1,2\n", {}, "name no frame and no x and no y"),
        ("x [nm],y [nm]\n1,2\n", {}, "name no frame;"),
        ("frame,x [nm],y [nm]\n1,nan,2\n", {}, "x: 1 of 1 values are no finite"),
        ('frame,x [nm],y [nm]\n1,"3,5",2\n', {}, "Is a comma the decimal point"),
        ("frame,x [nm],y [nm]\n1.5,3,2\n", {}, "no frames"),
        ("frame,x [nm],y [nm]\n1,3\n", {}, "3 headings and 2 columns"),
        ("1,3,2\n4,5,6\n", {}, "name no frame and no x and no y"),
        (SMAP, {"units": "km"}, "expected nm, um or px"),
        (PIXELS, {"pixel_size": -1}, "above 0"),
    ],
)
def test_bad_tables_are_named(tmp_path, text, options, said):
    with pytest.raises(InputError, match=said) as error:
        read(write(tmp_path, text), **options)
    assert "\n" not in str(error.value)


def test_commas_for_decimals_are_read_where_they_part_no_columns(tmp_path):
    path = write(tmp_path, "frame;x [nm];y [nm]\n1;67,5;843\n")
    with pytest.warns(UserWarning, match="commas are read as decimal points"):
        assert read(path)["x"].tolist() == [67.5]


def test_a_unit_in_the_heading_holds_against_the_option_and_is_said(tmp_path):
    with pytest.warns(UserWarning, match="x is in nm by its heading"):
        assert read(write(tmp_path, SMAP), units="um")["x"].tolist() == [10, 11]
    with pytest.warns(UserWarning, match="in pixels of the camera, whatever units say"):
        assert read(picasso(tmp_path / "locs.hdf5"), units="nm", pixel_size=100)["x"].tolist() == [150, 250]


def test_picassos_pixel_size_may_stand_in_the_file(tmp_path):
    h5py = pytest.importorskip("h5py")
    path = picasso(tmp_path / "locs.hdf5")
    with h5py.File(path, "a") as file:
        file["metadata"] = '[{"Frames": 10}, {"Generated by": "Picasso", "Pixelsize": 108.0}]'
    with pytest.warns(UserWarning, match=r"108 nm a pixel, from locs\.hdf5"):
        assert read(path)["x"].tolist() == pytest.approx([162, 270])


def test_other_files_are_named(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read(tmp_path / "gone.csv")
    (tmp_path / "image.csv").write_bytes(b"\x00\x01" * 50)
    with pytest.raises(InputError, match="is no text"):
        read(tmp_path / "image.csv")
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "other.hdf5", "w") as file:
        file["data"] = [1, 2]
    with pytest.raises(InputError, match="no dataset 'locs'"):
        read(tmp_path / "other.hdf5")
    with h5py.File(tmp_path / "pandas.hdf5", "w") as file:
        file.create_group("locs")
    with pytest.raises(InputError, match="no dataset 'locs'"):
        read(tmp_path / "pandas.hdf5")
    with pytest.raises(InputError, match=r"nan\.hdf5: x: 1 of 1 values"):
        read(picasso(tmp_path / "nan.hdf5", rows=[(0, np.nan, 1)]), pixel_size=100)
    (tmp_path / "excel.txt").write_bytes(SMAP.encode("utf-16"))
    with pytest.raises(InputError, match="UTF-16; save it as CSV in UTF-8"):
        read(tmp_path / "excel.txt")
    whole = picasso(tmp_path / "cut.hdf5").read_bytes()
    (tmp_path / "cut.hdf5").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="damaged"):
        read(tmp_path / "cut.hdf5", pixel_size=100)


def decode(path, xyz=((1.0, 10.0, 50.0), (2.0, 20.0, -50.0)), frames=(3, 7), **meta):
    h5py = pytest.importorskip("h5py")
    with h5py.File(path, "w") as file:
        file["data/xyz"], file["data/frame_ix"] = np.array(xyz, np.float32), np.array(frames)
        group = file.create_group("meta")
        for name, value in ({"xy_unit": "px", "px_size": (100.0, 200.0)} | meta).items():
            if value is not None:
                group.attrs[name] = value
    return path


def test_decodes_x_counts_rows_and_its_pixels_have_two_sides(tmp_path):
    with pytest.warns(UserWarning, match="changed places") as said:
        table = read(decode(tmp_path / "em.h5"))
    assert table["frame"].tolist() == [3, 7]
    assert table["x"].tolist() == [2000, 4000]  # second column, 200 nm
    assert table["y"].tolist() == [100, 200]
    assert table["z"].tolist() == [50, -50]
    told = " ".join(str(one.message) for one in said)
    assert "100 x 200 nm a pixel" in told


def test_decodes_table_in_nanometres_is_taken_as_it_is(tmp_path):
    with pytest.warns(UserWarning, match="changed places"):
        table = read(decode(tmp_path / "nm.h5", xy_unit="nm", px_size=None))
    assert table["x"].tolist() == [10, 20]


def test_a_pixel_size_that_is_given_holds_for_decode(tmp_path):
    with pytest.warns(UserWarning, match="changed places"):
        table = read(decode(tmp_path / "em.h5"), pixel_size=10.0)
    assert table["x"].tolist() == [100, 200]


@pytest.mark.parametrize(
    ("meta", "said"),
    [
        ({"xy_unit": None}, "xy_unit"),
        ({"px_size": None}, "tells no size"),
        ({"px_size": (0.0, 100.0)}, "tells no size"),
        ({"frames": (1,)}, "do not fit"),
        ({"xyz": ((np.nan, 1.0, 1.0), (1.0, 1.0, 1.0))}, "no finite numbers"),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_decodes_files_that_do_not_fit_are_named(tmp_path, meta, said):
    path = decode(tmp_path / "bad.h5", **meta)
    with pytest.raises(InputError, match=said):
        read(path)


def test_odd_hdf5_and_a_folder_are_named(tmp_path):
    h5py = pytest.importorskip("h5py")
    kinds = [("frame", "u4"), ("x", "f4"), ("y", "f4")]
    for k, locs in enumerate((np.zeros((), kinds), np.zeros((2, 2), kinds))):
        with h5py.File(tmp_path / f"{k}.hdf5", "w") as file:
            file["locs"] = locs
        with pytest.raises(InputError, match=rf"{k}.hdf5: holds no dataset 'locs'"):
            read(tmp_path / f"{k}.hdf5", pixel_size=100)
    with pytest.raises(InputError, match=r"em.h5: is cut short, damaged, or no table of numbers"):
        read(decode(tmp_path / "em.h5", px_size="abc"))
    with pytest.raises(InputError, match=r"em.h5: its xy_unit is array"):
        read(decode(tmp_path / "em.h5", xy_unit=[1, 2]))
    with pytest.raises(InputError, match="is a folder"):
        read(tmp_path)
