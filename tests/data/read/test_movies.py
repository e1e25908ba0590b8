"""Movies from TIFF: frames as they were written, and one clear message for what is no movie."""

import numpy as np
import pytest
import tifffile

from scopecheck.data.read.movies import read_movie
from scopecheck.errors import InputError


@pytest.mark.parametrize("axes", ["TYX", "ZYX", None])
def test_frames_come_as_they_were_written(tmp_path, axes):
    frames = np.random.default_rng(0).integers(0, 4000, (5, 6, 7)).astype(np.uint16)
    how = {"imagej": True, "metadata": {"axes": axes}} if axes else {"photometric": "minisblack"}
    tifffile.imwrite(tmp_path / "movie.tif", frames, **how)
    assert np.array_equal(read_movie(tmp_path / "movie.tif"), frames)


@pytest.mark.parametrize(
    ("array", "how", "said"),
    [
        (np.arange(42).reshape(6, 7), {}, "one image"),
        (np.arange(84).reshape(2, 6, 7), {"imagej": True, "metadata": {"axes": "CYX"}}, "axes CYX"),
        (
            np.arange(168).reshape(2, 2, 6, 7),
            {"imagej": True, "metadata": {"axes": "TZYX"}},
            "one channel and one plane",
        ),
        (np.ones((3, 6, 7)), {"photometric": "minisblack"}, "not the same everywhere"),
    ],
)
def test_what_is_no_movie_is_refused(tmp_path, array, how, said):
    tifffile.imwrite(tmp_path / "no.tif", array.astype(np.uint16), **how)
    with pytest.raises(InputError, match=said):
        read_movie(tmp_path / "no.tif")


def test_a_file_that_is_no_tiff_is_refused(tmp_path):
    (tmp_path / "no.tif").write_text("no TIFF")
    with pytest.raises(InputError, match="cannot be read as a TIFF"):
        read_movie(tmp_path / "no.tif")
    with pytest.raises(InputError, match="no such TIFF"):
        read_movie(tmp_path / "absent.tif")
