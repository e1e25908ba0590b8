"""An image of a reader's own, for the last cell of a recipe."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scopecheck.data.read.images import read_image
from scopecheck.errors import InputError
from scopecheck.measure.processed import traces


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
