"""The look of real objects, magnified until it is smooth: its course is real, and its light is known."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scopecheck.errors import InputError


def magnified(image: ArrayLike, labels: ArrayLike, side: int, times: int = 6) -> NDArray[np.float64]:
    """Cut a square around the largest object of an image and magnify it; what is of no object becomes dark.

    A real image carries noise, which must not count as structure: it is smoothed by one pixel before it is
    magnified, so that nothing in it is finer than `times` pixels.

    Parameters
    ----------
    image : array_like, (Y, X)
    labels : array_like of int, (Y, X)
        Its objects; 0 is background.
    side : int
        Pixels of the square that is returned, a multiple of `times`.
    times : int

    Returns
    -------
    (side, side) float64
        From 0 to 1.

    Raises
    ------
    InputError
        If the shapes differ, there is no object, or the image is smaller than the square that is cut.
    """
    from scipy import ndimage

    values, objects = np.asarray(image, float), np.asarray(labels)
    part = side // times
    if values.ndim != 2 or objects.shape != values.shape or not (objects > 0).any():
        raise InputError(f"labels: shape {objects.shape}; expected objects in the shape {values.shape}.")
    if side % times or min(values.shape) < part:
        raise InputError(f"side {side}, times {times}: expected a multiple, and an image of {part} pixels.")
    middle = ndimage.center_of_mass(objects == np.bincount(objects[objects > 0]).argmax())
    top, left = (
        int(np.clip(at - part / 2, 0, size - part)) for at, size in zip(middle, values.shape, strict=True)
    )
    bright = np.where(objects > 0, values - np.median(values), 0)[top : top + part, left : left + part]
    smooth = ndimage.zoom(ndimage.gaussian_filter(bright, 1), times, order=3)
    return np.clip(smooth / smooth.max(), 0, None)
