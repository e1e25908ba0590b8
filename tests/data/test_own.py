"""An image of one's own is read, checked, and what software left behind in it is said."""

import re

import numpy as np
import pytest
import tifffile
from scipy import ndimage

from scopecheck import acquire, data
from scopecheck.acquire.spots import field
from scopecheck.errors import InputError

RAW = acquire.expose(field((256, 256), 40, seed=0).photons, acquire.Camera(), 0)


def saved(folder, image):
    tifffile.imwrite(folder / "cell.tif", image, photometric="minisblack")
    return folder / "cell.tif"


def test_a_raw_plane_is_given_as_stored(tmp_path, capsys):
    given = data.own_image(saved(tmp_path, RAW), (128, 128))
    assert given.dtype == RAW.dtype
    assert (given == RAW).all()
    assert capsys.readouterr().out == f"{tmp_path}/cell.tif: no trace of software was found.\n"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda image: ndimage.gaussian_filter(image.astype(np.float32), 1), "neighbours share noise"),
        (
            lambda image: ndimage.shift(image.astype(np.float32), (0.5, 0.5), order=1),
            "neighbours share noise",
        ),
        (lambda image: np.minimum(image, np.percentile(image, 98)).astype(np.uint16), "clipped"),
        (lambda image: image.astype(np.float32) - 110, "holds negative values"),
        (lambda image: (image.astype(int) - 110).astype(np.uint16), "wrap around"),
    ],
)
def test_what_software_did_is_said(tmp_path, capsys, change, said):
    data.own_image(saved(tmp_path, change(RAW)))
    assert said in capsys.readouterr().out


def test_two_pictures_of_one_field_are_told_apart_by_their_shift(tmp_path, capsys):
    paths = [tmp_path / name for name in ("confocal.tif", "sted.tif", "smaller.tif")]
    for path, image in zip(paths, (RAW, np.roll(RAW, (0, 3), (0, 1)), RAW[:100]), strict=True):
        tifffile.imwrite(path, image, photometric="minisblack")
    one, two = data.own_pair(*paths[:2])
    assert (one == RAW).all()
    assert one.dtype == two.dtype == float
    assert re.search(r"fits .*sted\.tif better moved by Y [+-]0\.0, X \+3\.0", capsys.readouterr().out)
    tifffile.imwrite(tmp_path / "again.tif", RAW + 1, photometric="minisblack")
    data.own_pair(paths[0], tmp_path / "again.tif")
    assert not re.search("moved by|alike", capsys.readouterr().out)
    for name, image in (("turned", RAW[::-1]), ("inverted", 3000 - RAW), ("other", np.rot90(RAW, 1))):
        tifffile.imwrite(tmp_path / f"{name}.tif", np.ascontiguousarray(image), photometric="minisblack")
        data.own_pair(paths[0], tmp_path / f"{name}.tif")
        said = capsys.readouterr().out
        assert re.search(rf"{name}\.tif are hardly alike \(correlation (-?0\.\d\d|-1\.00)\)", said)
    with pytest.raises(InputError, match=r"confocal\.tif: holds the very pixels"):
        data.own_pair(paths[0], paths[0])
    with pytest.raises(InputError, match=r"smaller\.tif: shape \(100, 256\), .*\(256, 256\); expected"):
        data.own_pair(paths[0], paths[2])


@pytest.mark.parametrize(
    ("image", "least", "said"),
    [
        (np.zeros((3, 200, 200), np.uint16), (128, 128), "a stack or a movie; expected one plane (Y, X)"),
        (RAW, (4, 128, 128), "one plane; expected planes of one stack (Z, Y, X)"),
        (RAW[:100], (128, 128), "expected one plane (Y, X) of at least (128, 128) pixels"),
        (np.full((200, 200), 9, np.uint16), (128, 128), "grey level 9 everywhere"),
    ],
)
def test_another_image_is_refused(tmp_path, image, least, said):
    with pytest.raises(InputError, match=rf"cell\.tif: .*{re.escape(said)}"):
        data.own_image(saved(tmp_path, image), least)


def listed(folder, xy):
    frames = np.arange(len(xy))[::-1]
    rows = "\n".join(f"{frame},{x:.3f},{y:.3f}" for frame, (x, y) in zip(frames, xy, strict=True))
    (folder / "list.csv").write_text("frame,x [nm],y [nm]\n" + rows + "\n")
    return folder / "list.csv"


def test_a_list_is_given_by_time_and_its_reach_is_said(tmp_path, capsys):
    xy = np.random.default_rng(0).uniform(0, 25_600, (500, 2))
    table = data.own_list(listed(tmp_path, xy))
    np.testing.assert_allclose(table[["x", "y"]], xy[::-1], atol=1e-3)
    assert table["frame"].tolist() == list(range(500))
    said = capsys.readouterr().out
    assert "500 localisations in 25.6 x 25.6 µm" in said.replace("25.5", "25.6")
    assert "pixels" not in said
    for pixels in (256, 2048):  # of a camera
        data.own_list(listed(tmp_path, xy / 25_600 * pixels))
        assert "are these numbers pixels, under headings that say nm?" in capsys.readouterr().out


def test_a_list_in_pixels_is_read_with_their_size(tmp_path):
    path = listed(tmp_path, np.array([(1.0, 2.0), (30.0, 40.0)]))
    path.write_text(path.read_text().replace("[nm]", "[px]"))
    with pytest.raises(InputError, match="pixel size"):
        data.own_list(path)
    assert data.own_list(path, pixel_size=100)["x"].tolist() == [3000, 100]
    path.write_text(path.read_text().replace(" [px]", ""))
    assert data.own_list(path, units="um")["y"].tolist() == [40_000, 2000]


def test_an_empty_list_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"list\.csv: holds no localisation"):
        data.own_list(listed(tmp_path, np.zeros((0, 2))))
