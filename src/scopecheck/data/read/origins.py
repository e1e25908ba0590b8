"""RELION's origins: how far refinement found each particle off the place where it was extracted."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from scopecheck.errors import InputError

if TYPE_CHECKING:
    import pandas as pd


def moved_by_origins(
    path: Path, rows: pd.DataFrame, table: pd.DataFrame, *, pixel_size: float | None, origins: str
) -> pd.DataFrame:
    """Return the centres less their origins, as RELION itself re-extracts them, and warn that they moved.

    Coordinates are pixels of the micrograph. Origins are Angstrom (rlnOriginXAngst, from 3.1), or pixels of
    the extracted image (rlnOriginX), which may be a binned one. Both are brought to pixels of the micrograph
    by `pixel`; for the second that takes the image's own pixel size as well, and where one of the two is not
    known, image and micrograph are taken to be of one pixel size, and the warning says so.

    Raises
    ------
    InputError
        Origins in Angstrom and no pixel size of the micrograph; origins of a subtomogram that is turned
        against its tomogram (rlnTomoSubtomogramRot, ...), since these are along the turned axes.
    """
    import numpy as np
    import pandas as pd

    axes = [axis for axis in ("x", "y", "z") if axis in rows]
    angstrom = any(f"rlnOrigin{axis.upper()}Angst" in table for axis in axes)
    names = {axis: f"rlnOrigin{axis.upper()}{'Angst' * angstrom}" for axis in axes}
    names = {axis: name for axis, name in names.items() if name in table}
    found = {axis: pd.to_numeric(table[name], errors="coerce") for axis, name in names.items()}
    if not any((origin != 0).any() for origin in found.values()):
        return rows
    listed = ", ".join(names.values())
    for axis, origin in found.items():
        if origin.isna().any():
            first = int(np.flatnonzero(origin.isna())[0])
            raise InputError(
                f"{path}: {names[axis]} of particle {first + 1} is {table[names[axis]].iloc[first]}, no"
                " number. Correct it, or give --origins ignore."
            )
    if origins == "ignore":
        warnings.warn(f"{path}: has origins ({listed}), which are left out (--origins ignore).", stacklevel=5)
        return rows
    turned = [f"rlnTomoSubtomogram{angle}" for angle in ("Rot", "Tilt", "Psi")]
    if any((pd.to_numeric(table[name], errors="coerce") != 0).any() for name in turned if name in table):
        raise InputError(
            f"{path}: its origins ({listed}) are along the axes of subtomograms that are turned"
            " (rlnTomoSubtomogramRot, ...), and are not applied here. Give the coordinates after"
            " re-extraction with recentring, or --origins ignore to take them as they are."
        )
    solid = "z" in rows
    micrograph, whence = pixel(table, pixel_size, solid=solid)
    if angstrom:
        if micrograph is None:
            raise InputError(
                f"{path}: gives origins in Angstrom ({listed}) and no pixel size of the micrograph; give"
                " --pixel-size, Angstrom per pixel of the micrograph (or --origins ignore)."
            )
        scale, unit = 1 / micrograph, f"Angstrom at {_told(micrograph)} A per pixel, {whence}"
    else:
        image = _image_pixel(table)
        if image is None or micrograph is None:
            scale, unit = (
                1.0,
                (
                    "pixels of the extracted images, taken for pixels of the micrograph: if they were binned,"
                    " give --origins ignore, or a table with origins in Angstrom"
                ),
            )
        else:
            scale = image / micrograph
            unit = f"pixels of the extracted images, {_told(scale)} of the micrograph's, {whence}"
    moved = rows.copy()
    for axis, origin in found.items():
        moved[axis] = rows[axis] - origin * scale
    lengths = np.sqrt(np.sum([(moved[axis] - rows[axis]) ** 2 for axis in found], axis=0))
    warnings.warn(
        f"{path}: centres are coordinates less origins ({listed}, in {unit}); they moved"
        f" {np.median(lengths):.3g} px in the middle, at most {lengths.max():.3g}.",
        stacklevel=5,
    )
    return moved


def pixel(table: pd.DataFrame, given: float | None, *, solid: bool) -> tuple[pd.Series | float | None, str]:
    """Return Angstrom per pixel of the micrograph, or of the tilt series, and where that stands.

    What is given goes first. A micrograph's own (rlnMicrographPixelSize) goes before its movie's
    (rlnMicrographOriginalPixelSize), which is the same where motion correction did not bin.
    """
    import pandas as pd

    if given is not None:
        return given, "as given"
    names = ("rlnTomoTiltSeriesPixelSize",) if solid else ()
    for name in (*names, "rlnMicrographPixelSize", "rlnMicrographOriginalPixelSize"):
        if name in table:
            size = pd.to_numeric(table[name], errors="coerce")
            if (size > 0).all():
                movie = ", the movie's: if motion correction binned, give --pixel-size"
                return size, f"by {name}" + movie * (name == "rlnMicrographOriginalPixelSize")
    return None, ""


def _image_pixel(table: pd.DataFrame) -> pd.Series | None:
    import pandas as pd

    if "rlnImagePixelSize" in table:
        size = pd.to_numeric(table["rlnImagePixelSize"], errors="coerce")
    elif {"rlnDetectorPixelSize", "rlnMagnification"} <= set(table):  # until 3.0; micrometres at the detector
        size = pd.to_numeric(table["rlnDetectorPixelSize"], errors="coerce") * 1e4
        size = size / pd.to_numeric(table["rlnMagnification"], errors="coerce")
    else:
        return None
    return size if (size > 0).all() else None


def _told(size: pd.Series | float) -> str:
    import numpy as np

    low, high = float(np.min(size)), float(np.max(size))
    return f"{low:.4g}" if low == high else f"{low:.4g} to {high:.4g}"
