"""Fourier ring correlation: down to which detail two images of one specimen agree.

It tells how far a picture repeats itself, not how true it is: what a method invents in both halves, it
agrees on. Two halves must be independent: two exposures, or two sets of blinking events. Rows of a table of
localisations that are dealt out at random are not, since one molecule seen in several frames then stands in
both.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scopecheck.errors import InputError
from scopecheck.measure.localisations import molecules, pixel_side
from scopecheck.measure.maps.shells import Curve, crossing, threads
from scopecheck.measure.picks.matching import points

THRESHOLD = 1 / 7  # of two half images, as Nieuwenhuizen et al. 2013, https://doi.org/10.1038/nmeth.2448


def frc(first: ArrayLike, second: ArrayLike, *, counting: str = "nearest") -> Curve:
    """Fourier ring correlation of two images.

    Ring k holds the Fourier pixels whose distance from the origin, in units of 1/N, is nearest to k, where N
    is the shorter side; k goes from 0 to N // 2. Every pixel of the whole transform counts once. No mean is
    taken off and no edge is softened: an image that is cut out of a larger one may want both before.

    Parameters
    ----------
    first, second : array_like, (Y, X)
        Two images of one shape.
    counting : {"nearest", "floor"}
        ``floor``: ring k holds distances from k up to k + 1, as in locan, for comparison.

    Returns
    -------
    Curve
        Frequencies in 1/pixel, correlation (``fsc``) and number of Fourier pixels of each ring.

    Raises
    ------
    InputError
        If the images are not 2D, smaller than 4, of different shape or not finite.

    References
    ----------
    Saxton and Baumeister 1982, doi:10.1111/j.1365-2818.1982.tb00405.x. Nieuwenhuizen et al. 2013,
    doi:10.1038/nmeth.2448.
    """
    from scipy import fft

    if counting not in ("nearest", "floor"):
        raise InputError(f"counting: {counting!r}; expected nearest or floor.")
    a, b = _image("first image", first), _image("second image", second)
    if a.shape != b.shape:
        raise InputError(f"second image: has the shape {b.shape}, the first {a.shape}; expected the same.")
    height, width = a.shape
    side, workers = min(a.shape), threads(a.size)
    p, q = (fft.rfft2(image, workers=workers) for image in (a, b))
    rows = ((np.arange(height) + height // 2) % height - height // 2) * (side / height)
    columns = np.arange(width // 2 + 1)
    away = np.sqrt(rows[:, None] ** 2 + (columns * (side / width)) ** 2)
    ring = np.floor(away + 0.5 if counting == "nearest" else away).astype(np.intp)
    last = side // 2
    twice = np.where((columns > 0) & (2 * columns < width), 2.0, 1.0)  # their mates are not stored

    def summed(values: NDArray) -> NDArray:
        return np.bincount(ring.ravel(), (values * twice).ravel(), minlength=last + 1)[: last + 1]

    cross = summed(p.real * q.real + p.imag * q.imag)
    powers = [summed(f.real**2 + f.imag**2) for f in (p, q)]
    with np.errstate(invalid="ignore", divide="ignore"):
        values = cross / np.sqrt(powers[0] * powers[1])
    values = np.clip(np.where(np.isfinite(values), values, np.nan), -1, 1)
    counts = summed(np.ones(ring.shape)).astype(np.int64)
    return Curve(np.arange(last + 1) / side, values, counts)


def resolution(curve: Curve, pixel_size: float, threshold: float = THRESHOLD) -> float:
    """The detail at which a curve first falls below the threshold, in the unit of the pixel size; NaN: never.

    A curve that stays above to the end says that the pixels are too large to tell, and one that is below from
    the first ring on that nothing agrees: neither is a resolution.

    Parameters
    ----------
    curve : Curve
        As `frc` gives it.
    pixel_size : float
        In any unit of length.
    threshold : float
        1/7 is customary.

    Raises
    ------
    InputError
        If the pixel size is not above 0.
    """
    return pixel_side(pixel_size) / crossing(curve, threshold).frequency


def halves(
    positions: ArrayLike, frames: ArrayLike, radius: float, dark: int, seed: int
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Deal localisations into two halves, all of one molecule into the same.

    Parameters
    ----------
    positions : array_like, (n, 2) or (n, 3)
        nm.
    frames : array_like of int, (n,)
    radius : float
        As `localisations.molecules`: nm that a molecule seen again may be away.
    dark : int
        Frames for which it may be dark. Too few put one molecule into both halves, and the curve rises.
    seed : int

    Returns
    -------
    two (n,) arrays of bool
    """
    of = molecules(positions, frames, radius, dark)
    sides = np.random.default_rng(seed).random(int(of.max()) + 1 if len(of) else 0) < 0.5
    first = sides[of]
    return first, ~first


def render(positions: ArrayLike, side: tuple[float, float], pixel_size: float) -> NDArray[np.float64]:
    """Count localisations in square pixels: (Y, X), from 0 to `side` (y, x), in the unit of the positions.

    Parameters
    ----------
    positions : array_like, (n, 2) or (n, 3)
        x, y.
    side : (float, float)
        Height and width of the picture.
    pixel_size : float

    Raises
    ------
    InputError
        If positions are no finite pairs, or a side or the pixel size is not above 0.
    """
    p, size = points(positions, "positions"), pixel_side(pixel_size)
    if len(side) != 2 or not all(0 < length < np.inf for length in side):
        raise InputError(f"side: {side}; expected the height and width of the picture, both above 0.")
    shape = tuple(int(np.ceil(length / size)) for length in side)
    edges = [np.arange(n + 1) * size for n in shape]
    return np.histogramdd(p[:, 1::-1], bins=edges)[0]


def _image(name: str, values: ArrayLike) -> NDArray:
    array = np.asarray(values)
    if array.ndim != 2 or min(array.shape) < 4:
        raise InputError(
            f"{name}: has the shape {array.shape}; expected one plane (Y, X), at least 4 pixels a side."
        )
    if array.dtype.kind not in "fiub":
        raise InputError(f"{name}: values are {array.dtype}; expected real numbers.")
    if not np.isfinite(array).all():
        raise InputError(f"{name}: holds NaN or infinity; expected a finite grey level in every pixel.")
    return array.astype(np.float64)
