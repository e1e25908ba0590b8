"""Bright lines of a fluorescence image: how far they stand out, and how far known ones do."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scopecheck.errors import InputError


def standing(image: ArrayLike, sigma: float) -> NDArray[np.float64]:
    """How far each pixel stands out as part of a bright line: Sato's filter, as scikit-image has it.

    Parameters
    ----------
    image : array_like, (Y, X)
    sigma : float
        Width (s.d.) of a line, pixels. The answer to a line is in proportion to its light.

    Returns
    -------
    (Y, X) float64
        0 where nothing is line-like.

    Raises
    ------
    InputError
        If the image is not one plane of finite grey levels, or sigma is not above 0.

    Notes
    -----
    Sato et al. 1998, Medical Image Analysis 2:143, https://doi.org/10.1016/S1361-8415(98)80009-1
    """
    from skimage.filters import sato

    values = np.asarray(image, float)
    if values.ndim != 2 or not values.size or not np.isfinite(values).all():
        raise InputError(f"image: shape {values.shape}; expected one plane (Y, X) of finite grey levels.")
    if not sigma > 0:
        raise InputError(f"sigma: {sigma}; expected the width of a line in pixels, above 0.")
    return np.asarray(sato(values, sigmas=[sigma], black_ridges=False), float)


def typical(images: ArrayLike, lines: ArrayLike, sigma: float) -> float:
    """How far known lines stand out: the median of `standing` over their pixels.

    Parameters
    ----------
    images : array_like, (K, Y, X)
    lines : array_like of bool, (K, Y, X)
        Pixels that a line runs through.
    sigma : float

    Raises
    ------
    InputError
        As `standing`; or if there is no line.
    """
    images, known = np.asarray(images, float), np.asarray(lines, bool)
    if known.shape != images.shape or not known.any():
        raise InputError("lines: expected the pixels of known lines, in the shape of the images.")
    return float(np.median(np.stack([standing(image, sigma) for image in images])[known]))
