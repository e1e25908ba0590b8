"""What is done to a map after its reconstruction: a low-pass, and sharpening by a B-factor."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scopecheck.errors import InputError
from scopecheck.measure.maps.shells import checked, threads


def low_pass(values: ArrayLike, resolution: float, pixel_size: float) -> NDArray:
    """Low-pass a map by a Gaussian.

    Parameters
    ----------
    values : (D, D, D) array (Z, Y, X)
    resolution : float
        Angstrom, at which the amplitude is exp(-1/2) = 0.61 of what it was.
    pixel_size : float
        Angstrom.

    Returns
    -------
    (D, D, D) float32

    Raises
    ------
    InputError
        If the map is not cubic or not finite, or a length is not above 0.
    """
    array = checked("map", values)
    square = _frequencies(len(array), _length("pixel_size", pixel_size))
    return _filtered(array, np.exp(-square * _length("resolution", resolution) ** 2 / 2))


def sharpen(values: ArrayLike, b_factor: float, pixel_size: float) -> NDArray:
    """Multiply every Fourier component at frequency s by exp(-B s^2 / 4); a negative B-factor sharpens.

    Parameters
    ----------
    values : (Z, Y, X) array
        Not cubic, as a crop may be, it is filled up with zeros behind its last voxels, and cut again.
    b_factor : float
        Square Angstrom.
    pixel_size : float
        Angstrom.

    Returns
    -------
    (Z, Y, X) float32
        What lies beyond Nyquist, in the corners of the transform, is taken out.

    Raises
    ------
    InputError
        If the map is not finite, the B-factor not finite, or the pixel size not above 0.

    References
    ----------
    Rosenthal and Henderson (2003), doi:10.1016/j.jmb.2003.07.013.
    """
    given = np.asarray(values)
    if given.ndim == 3 and len(set(given.shape)) > 1:
        array = np.zeros((max(given.shape),) * 3, np.float32 if given.dtype == np.float32 else np.float64)
        array[tuple(map(slice, given.shape))] = given
    else:
        array = given
    array = checked("map", array)
    if not math.isfinite(b_factor):
        raise InputError(f"b_factor: {b_factor}; expected square Angstrom, negative to sharpen.")
    size = _length("pixel_size", pixel_size)
    square = _frequencies(len(array), size)
    inside = square <= (0.5 / size + 1 / (len(array) * size)) ** 2  # the last shell whole
    sharp = _filtered(array, np.where(inside, np.exp(-b_factor * np.where(inside, square, 0) / 4), 0))
    return sharp[tuple(map(slice, given.shape))]


def _length(name: str, value: float) -> float:
    if not (math.isfinite(value) and value > 0):
        raise InputError(f"{name}: {value}; expected Angstrom, above 0.")
    return value


def _frequencies(box: int, pixel_size: float) -> NDArray:
    """Spatial frequency squared, 1/A^2, of each voxel of a real transform."""
    from scipy import fft

    full = fft.fftfreq(box, pixel_size) ** 2
    square: NDArray = full[:, None, None] + full[:, None] + fft.rfftfreq(box, pixel_size) ** 2
    return square


def _filtered(array: NDArray, factor: NDArray) -> NDArray:
    from scipy import fft

    workers = threads(array.size)
    spectrum = fft.rfftn(array, workers=workers) * factor
    filtered: NDArray = fft.irfftn(spectrum, array.shape, workers=workers)
    return filtered.astype(np.float32)
