"""Movies: one channel, one plane, many frames."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scopecheck.errors import InputError


def read_movie(path: str | Path) -> NDArray[np.float64]:
    """Read a movie from a TIFF, as Fiji and the programs of microscopes write them.

    Parameters
    ----------
    path : str or Path
        A ``.tif`` or ``.tiff`` whose frames are its time points, its slices or its pages.

    Returns
    -------
    (T, Y, X) float64
        Grey levels, at least two frames.

    Raises
    ------
    InputError
        If there is no such TIFF; or it holds one image alone, several channels, planes and times at once,
        colour, no grey levels, or one grey level everywhere.
    """
    import tifffile

    path = Path(path)
    if not path.is_file() or path.suffix.lower() not in (".tif", ".tiff"):
        raise InputError(f"{path}: no such TIFF; expected a movie as .tif (in Fiji: File, Save As, Tiff).")
    try:
        with tifffile.TiffFile(path) as file:
            frames, axes = file.series[0].asarray(), file.series[0].axes
    except (tifffile.TiffFileError, ValueError, IndexError) as error:
        raise InputError(f"{path}: cannot be read as a TIFF ({error}); expected a movie.") from None
    axes = "".join(name for name, n in zip(axes, frames.shape, strict=True) if n > 1)
    frames = frames.squeeze()
    if frames.ndim == 2:
        raise InputError(f"{path}: holds one image; expected a movie of two frames or more.")
    if frames.ndim != 3 or axes[1:] != "YX" or axes[0] in "CS":
        raise InputError(
            f"{path}: has the axes {axes} of {frames.shape}; expected frames of one channel and one plane."
        )
    if frames.dtype.kind not in "iuf" or not np.isfinite(frames).all() or frames.min() == frames.max():
        raise InputError(f"{path}: expected finite grey levels that are not the same everywhere.")
    return frames.astype(float)
