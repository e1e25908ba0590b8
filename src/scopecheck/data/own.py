"""An image of a reader's own, for the last cell of a recipe."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from scopecheck.data.read.images import read_image
from scopecheck.data.read.localisations import read_localisations
from scopecheck.errors import InputError
from scopecheck.measure.processed import traces
from scopecheck.measure.registered import correlation, moved_by

if TYPE_CHECKING:
    import pandas as pd

NARROW = 4200.0  # no camera has more pixels a side, and hardly one sees a field of fewer nm
ALIKE = 0.4  # below which two pictures are not taken for one field


def own_image(path: str | Path, least: Sequence[int] = (32, 32)) -> NDArray:
    """Read a grey image of yours, and print in one line what software left behind in it.

    Parameters
    ----------
    path : str or Path
        Of one plane or one stack of one channel, as `data.read_image`.
    least : sequence of int
        Fewest pixels along each axis: two numbers ask for one plane (Y, X), three for a stack (Z, Y, X).

    Returns
    -------
    ndarray, (Y, X) or (Z, Y, X)
        As stored.

    Raises
    ------
    InputError
        As `data.read_image`; if the image has other axes, is smaller, or has one grey level everywhere.
    """
    array = read_image(path).array
    wanted = "one plane (Y, X)" if len(least) == 2 else "planes of one stack (Z, Y, X)"
    if array.ndim != len(least):
        got = "a stack or a movie" if array.ndim == 3 else "one plane"
        raise InputError(f"{path}: shape {array.shape}, {got}; expected {wanted}.")
    if (np.array(array.shape) < least).any():
        raise InputError(f"{path}: shape {array.shape}; expected {wanted} of at least {tuple(least)} pixels.")
    if not np.ptp(array):
        raise InputError(
            f"{path}: has the grey level {array.flat[0]:g} everywhere; give an image with light."
        )
    print(traces(array, str(path)))
    return array


def own_pair(
    path: str | Path, other: str | Path, least: Sequence[int] = (32, 32)
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Read two pictures of one field of yours; print what software left behind, and whether they are apart.

    Parameters
    ----------
    path, other : str or Path
        As of `own_image`.
    least : (int, int)
        Fewest rows and columns.

    Returns
    -------
    (ndarray, ndarray), (Y, X) float64
        As stored.

    Raises
    ------
    InputError
        As `own_image`; if they are not of one shape, or one picture twice.
    """
    from scipy.ndimage import gaussian_filter

    one, two = (own_image(each, least).astype(float) for each in (path, other))
    if one.shape != two.shape:
        raise InputError(
            f"{other}: shape {two.shape}, and {path}: {one.shape}; expected two pictures of the same pixels."
            " Crop or scale one of them to the other."
        )
    if np.array_equal(one, two):
        raise InputError(f"{other}: holds the very pixels of {path}; give the other picture.")
    if found := moved_by(one, two):
        print(f"{path}: fits {other} better moved by {found[1]}; register the two before.")
    elif (r := correlation(*(gaussian_filter(a, 1.5) for a in (one, two)))) < ALIKE:  # without its noise
        print(
            f"{path} and {other} are hardly alike (correlation {r:.2f}): do they show one field, one way up?"
        )
    return one, two


def own_list(
    path: str | Path, *, pixel_size: float | None = None, units: str | None = None
) -> "pd.DataFrame":
    """Read a list of localisations of yours, in the order of their frames; print how far they reach.

    Parameters
    ----------
    path : str or Path
    pixel_size, units
        As `data.read.localisations.read_localisations`.

    Returns
    -------
    DataFrame
        frame, x, y and, where the table has it, z, in nm.

    Raises
    ------
    InputError
        As `read_localisations`; or if the list is empty.
    """
    table = read_localisations(path, pixel_size=pixel_size, units=units).sort_values("frame", kind="stable")
    if not len(table):
        raise InputError(f"{path}: holds no localisation; give a list with some.")
    wide, high = (np.ptp(table[axis]) for axis in "xy")
    told = f"{path}: {len(table)} localisations in {wide / 1000:.3g} x {high / 1000:.3g} µm"
    if max(wide, high) < NARROW:
        told += "; is that one structure, or are these numbers pixels, under headings that say nm?"
    print(told)
    return table
