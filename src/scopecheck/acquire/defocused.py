"""Widefield pictures of points above and below the plane in focus, by psfmodels' point spread functions.

Pixels are 100 nm; the objective has NA 0.8 and light 0.6 µm. It is made for oil and looks through 50 µm of
water, which makes spots above and below focus differ, or, `even`, is made for water: there they are alike.
"""

from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scopecheck.acquire import optics
from scopecheck.acquire.camera import Camera, expose

PIXEL, SIDE = 0.1, 224  # µm; of a picture, pixels
_REACH, _SPOT = 48, 1.6  # of a spot, and its width (s.d.) in focus, pixels


@cache
def spot(away: float, even: bool = False) -> NDArray[np.float64]:
    """Point spread function with focus so many µm above the point, to a tenth: (97, 97), its sum 1."""
    return _psf(round(away + _best(even), 1), even)


def beads(n: int, seed: int) -> NDArray[np.float64]:
    """Points at random within 4 µm of the plane at 0: x, y (pixels), z (µm), photons (1,000 to 3,000)."""
    low, high = (0, 0, -4, 1000), (SIDE, SIDE, 4, 3000)
    return np.random.default_rng([seed, 3]).uniform(low, high, (n, 4))


def near(points: ArrayLike, plane: float, within: float = 1.0) -> NDArray[np.int64]:
    """Whole x, y of those points that lie near a plane, both in µm."""
    there = np.asarray(points, float)
    return there[abs(there[:, 2] - plane) < within, :2].astype(np.int64)


def widefield(points: ArrayLike, plane: float, even: bool = False) -> NDArray[np.float64]:
    """Expected photons of a picture with focus at a plane.

    Parameters
    ----------
    points : array_like, (n, 4)
        x, y in pixels, of which the whole number is taken; z in µm; photons of each.
    plane : float
        Height of the plane in focus, µm.
    even : bool

    Returns
    -------
    (224, 224) float64
        With 10 photons of background in each pixel.
    """
    image = np.zeros((SIDE + 2 * _REACH, SIDE + 2 * _REACH))
    for x, y, z, photons in np.asarray(points, float):
        rows, columns = (slice(int(start), int(start) + 2 * _REACH + 1) for start in (y, x))
        image[rows, columns] += photons * spot(round(plane - z, 1), even)
    return image[_REACH:-_REACH, _REACH:-_REACH] + 10


def pictures(
    points: ArrayLike, plane: float, seed: int, *, large: float = 0.0, even: bool = False
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Two pictures with focus at 0 and one with focus at a plane, and that one without noise.

    Parameters
    ----------
    points, plane, even
        As of `widefield`.
    seed : int
    large : float
        Width (s.d., pixels) of a Gaussian that every point becomes, as bright in its middle as the point was.

    Returns
    -------
    images : (3, 224, 224) float64
        Photons.
    truth : (224, 224) float64
    """
    there = np.array(points, float)
    there[:, 3] *= 1 + (large / _SPOT) ** 2
    at_zero, truth = (optics.gaussian_blur(widefield(there, z, even), large) for z in (0, plane))
    camera = Camera(offset=100)
    taken = [expose(light, camera, seed + 10**5 * k) for k, light in enumerate((at_zero, at_zero, truth), 1)]
    return np.stack(taken) - 100.0, truth


@cache
def _best(even: bool) -> float:
    """Where the spot is brightest: the aberration moves it."""
    return float(max(np.arange(-10, 31) / 10, key=lambda defocus: _psf(float(defocus), even).max()))


def _psf(defocus: float, even: bool) -> NDArray[np.float64]:
    return optics.physical_psf(
        PIXEL,
        na=0.8,
        wavelength=0.6,
        immersion_index=1.33 if even else 1.515,
        sample_index=1.33,
        depth=0.0 if even else 50.0,
        defocus=defocus,
        size=2 * _REACH + 1,
        model="scalar",
    )
