"""Fields of bright spots (transcripts, vesicles, receptors) on the uneven background of a cell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scopecheck.acquire.localisation import Optics, spots
from scopecheck.errors import InputError

_MISSES = 20_000  # places in a row that are too near to another spot: the field is full


@dataclass(frozen=True, eq=False)
class Field:
    """What arrives from a field, before any camera.

    Attributes
    ----------
    photons : (Y, X) float64
        Expected photons a pixel, background included.
    background : (Y, X) float64
        Of these, what comes from no spot.
    xy : (n, 2) float64
        Centres of the spots, pixels; (0, 0) is the centre of the first pixel.
    light : (n,) float64
        Expected photons of each.
    """

    photons: NDArray
    background: NDArray
    xy: NDArray
    light: NDArray


def field(
    shape: tuple[int, int],
    n: int,
    *,
    light: float = 300.0,
    light_cv: float = 0.3,
    sigma: float = 1.3,
    apart: float = 12.0,
    background: tuple[float, float] = (5.0, 25.0),
    look: ArrayLike | None = None,
    shift: float = 0.0,
    seed: int = 0,
) -> Field:
    """Draw a field of spots.

    Parameters
    ----------
    shape : (Y, X)
        Pixels.
    n : int
        Spots; 0 gives an empty field. More of them leave the first ones where they were.
    light, light_cv : float
        Mean photons of a spot, and the spread between spots over it (log-normal).
    sigma : float
        Width (s.d.) of the Gaussian that a spot is, pixels.
    apart : float
        Least distance between two spots, pixels.
    background : (float, float)
        Photons a pixel of the dimmest and the brightest parts.
    look : array_like, (Y, X), optional
        An image whose course the background takes, e.g. of a real cell; by default smooth and random.
    shift : float
        The specimen is moved by so many pixels along x and y.
    seed : int

    Returns
    -------
    Field

    Raises
    ------
    InputError
        If a number is out of range, `look` has another shape or does not vary, or the spots do not fit.
    """
    from scipy.ndimage import gaussian_filter

    low, high = background
    if n < 0 or not (light > 0 and light_cv >= 0 and sigma > 0 and apart >= 0 and 0 <= low <= high):
        raise InputError(
            f"n {n}, light {light:g}, light_cv {light_cv:g}, sigma {sigma:g}, apart {apart:g}, background"
            f" {background}: expected n, light_cv and apart of 0 or above, light and sigma above 0, and a"
            " background that goes from 0 or above upwards."
        )
    rng = np.random.default_rng([seed, 5])
    course = gaussian_filter(rng.standard_normal(shape), min(shape) / 10, mode="reflect")
    if look is not None:
        course = np.asarray(look, float)
        if course.shape != tuple(shape) or not np.ptp(course) > 0:
            raise InputError(f"look: shape {course.shape}; expected {shape}, and values that vary.")
    level = np.clip((course - course.mean()) / course.std(), -2, 2)
    floor = (low + high) / 2 + (high - low) / 4 * level
    edge = min(6 * sigma, min(shape) / 4)
    xy, placed, missed = np.zeros((n, 2)), 0, 0
    while placed < n:
        new = rng.uniform(edge, np.array(shape[::-1]) - 1 - edge)
        if (np.hypot(*(xy[:placed] - new).T) >= apart).all():
            xy[placed], placed, missed = new, placed + 1, 0
        elif (missed := missed + 1) == _MISSES:
            raise InputError(f"n: {n} spots do not fit {apart:g} pixels apart into {shape}; ask for fewer.")
    spread = np.sqrt(np.log1p(light_cv**2))
    each = light * np.random.default_rng([seed, 6]).lognormal(-(spread**2) / 2, spread, n)
    at = xy + shift
    nm = np.column_stack([at + 0.5, np.zeros(n)])  # the unit of a pixel: its centre lies half a pixel inside
    return Field(floor + spots(nm, each, shape, optics=Optics(pixel=1.0, sigma=sigma)), floor, at, each)
