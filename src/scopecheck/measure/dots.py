"""Small round objects in a picture: where they are, and how wide."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scopecheck.errors import InputError
from scopecheck.measure import spots

_DIRECTIONS, _STEP = 16, 0.25  # of the profiles, and between their places, pixels


def round_spots(
    image: ArrayLike, sigma: float, least: float, *, border: int = 8, roundness: float = 1 / 3
) -> NDArray[np.float64]:
    """Find spots that are no lines: `spots.find`, less what is near the edge, and less ridges.

    Parameters
    ----------
    image : array_like, (Y, X)
    sigma, least : float
        As of `scopecheck.measure.spots.find`.
    border : int
        Pixels along every edge in which nothing is looked for.
    roundness : float
        Least curvature along a spot over that across it, both of the image smoothed by `sigma`; 1 is round,
        0 a straight line.

    Returns
    -------
    (n, 2) float64
        x, y, whole pixels, the strongest first.

    Raises
    ------
    InputError
        As `scopecheck.measure.spots.find`.
    """
    from skimage.feature import hessian_matrix, hessian_matrix_eigvals

    xy, _light = spots.find(image, sigma, least)
    xy = xy[inside(xy, np.shape(image), border)]
    curved = hessian_matrix_eigvals(hessian_matrix(image, sigma, use_gaussian_derivatives=False))
    along, across = curved[:, *xy[:, ::-1].astype(int).T]  # negative at a maximum, the weaker first
    return xy[along < roundness * across]


def inside(xy: ArrayLike, shape: tuple[int, ...], border: int = 8) -> NDArray[np.bool_]:
    """Whether places (n, 2), x and y in pixels, are so far from the edges of an image (Y, X)."""
    at = np.asarray(xy, float)
    return ((at >= border) & (at < np.array(shape[::-1]) - border)).all(axis=1)


def fwhm(image: ArrayLike, xy: ArrayLike, reach: float = 6.0) -> NDArray[np.float64]:
    """Measure objects on the mean of 16 straight profiles through each, from its centre outwards.

    Parameters
    ----------
    image : array_like, (Y, X)
    xy : array_like, (n, 2)
        x, y of the objects' centres, pixels; (0, 0) is the centre of the first pixel.
    reach : float
        How far a profile goes, pixels; what is lowest on it is taken for the background. Beyond the edge of
        the image it goes on mirrored.

    Returns
    -------
    (n,) float64
        Twice the distance at which the profile first falls to half, pixels. NaN where the centre does not
        stand out of the profile. A centre that is half a pixel off makes a FWHM of 3.5 pixels 3 % wider.

    Raises
    ------
    InputError
        If the image is not one plane of finite numbers, places are not (n, 2) or outside the image, or reach
        is below 1.

    Examples
    --------
    >>> import numpy as np
    >>> from scopecheck.measure.dots import fwhm
    >>> y, x = np.mgrid[:31, :31]
    >>> fwhm(np.exp(-((x - 15) ** 2 + (y - 15) ** 2) / (2 * 1.5**2)), [(15, 15)]).round(2)
    array([3.54])
    """
    from scipy.ndimage import map_coordinates

    values, at = np.asarray(image, float), np.asarray(xy, float)
    if values.ndim != 2 or not values.size or not np.isfinite(values).all():
        raise InputError(f"image: shape {values.shape}; expected one plane (Y, X) of finite numbers.")
    if at.ndim != 2 or at.shape[1] != 2 or not np.isfinite(at).all():
        raise InputError(f"xy: shape {at.shape}; expected finite places (n, 2).")
    if ((at < -0.5) | (at > np.array(values.shape[::-1]) - 0.5)).any():
        raise InputError(f"xy: some lie outside the image of {values.shape} pixels; expected x, y in pixels.")
    if not reach >= 1:
        raise InputError(f"reach: {reach}; expected 1 pixel or more.")
    angle = np.arange(_DIRECTIONS) * 2 * np.pi / _DIRECTIONS
    away = np.arange(0, reach + _STEP / 2, _STEP)
    x, y = (
        at[:, k, None, None] + way[:, None] * away for k, way in enumerate((np.cos(angle), np.sin(angle)))
    )
    profiles = map_coordinates(values, [y, x], order=3, mode="mirror").mean(axis=1)
    low = profiles.min(axis=1, keepdims=True, initial=np.inf)
    half = profiles - (profiles[:, :1] + low) / 2
    out = np.full(len(at), np.nan)
    for k, line in enumerate(half):
        if line[0] > 1e-9 * abs(profiles[k, 0]):  # its lowest place is below half
            end = int(np.argmax(line <= 0))
            out[k] = 2 * (away[end] - _STEP * line[end] / (line[end] - line[end - 1]))
    return out
