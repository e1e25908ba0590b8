"""Fourier shell correlation of two maps, and the frequency at which it falls to a threshold."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scopecheck.errors import InputError

COUNTING = ("sphere", "relion", "cryodrgn")
_LARGE = 1 << 20  # voxels from which several threads repay


@dataclass(frozen=True)
class Curve:
    """A Fourier shell correlation.

    Attributes
    ----------
    frequency : (K,) float64
        Shell k stands at k / D, in 1/pixel, from 0 to Nyquist (0.5).
    fsc : (K,) float64
        In [-1, 1]; NaN where one of the maps has no power in the shell.
    counts : (K,) int64
        Fourier voxels of the shell. The two of a Friedel pair both count, so that a shell holds as many
        independent real numbers as voxels, where neither mask nor padding correlates them.
    """

    frequency: NDArray
    fsc: NDArray
    counts: NDArray

    @property
    def box(self) -> int:
        """Voxels along an edge of the maps."""
        return round(1 / self.frequency[1])


@dataclass(frozen=True)
class Crossing:
    """Where a curve first falls to a threshold.

    Attributes
    ----------
    resolution : float
        Angstrom; NaN where there is no crossing.
    frequency : float
        1/pixel; NaN likewise.
    reason : str
        Why there is no resolution, else empty.
    rises : float
        Resolution, Angstrom, of the finest shell that is at or above the threshold again after the crossing
        and stands out of a run of at least two such shells; NaN where there is none.
    """

    resolution: float
    frequency: float
    reason: str = ""
    rises: float = math.nan


def checked(name: str, values: ArrayLike, like: NDArray | None = None) -> NDArray:
    """Return a cubic map of finite float32 or float64 values, of the same box as `like`.

    Raises
    ------
    InputError
        If the array is not 3D, not cubic, smaller than 4, of another box, or not finite.
    """
    array = np.asarray(values)
    if array.dtype.kind not in "fiub":
        raise InputError(f"{name}: values are {array.dtype}; expected real numbers.")
    if array.dtype not in (np.float32, np.float64):
        array = array.astype(np.float32 if array.dtype.itemsize < 4 else np.float64)
    if array.ndim != 3 or len(set(array.shape)) > 1:
        raise InputError(f"{name}: has the shape {array.shape}; expected a cubic map (D, D, D).")
    if len(array) < 4:
        raise InputError(f"{name}: has the shape {array.shape}; expected at least 4 voxels along an edge.")
    if like is not None and array.shape != like.shape:
        raise InputError(f"{name}: its box is {len(array)}, the other map's {len(like)}; expected the same.")
    if not np.isfinite(array).all():
        raise InputError(f"{name}: holds NaN or infinite values; expected a finite density in every voxel.")
    return array


def checked_mask(mask: ArrayLike, like: NDArray) -> NDArray:
    """Return a mask as an array of the map's precision; what rounding took beyond 0 and 1 is cut off.

    Raises
    ------
    InputError
        If its shape differs, it holds NaN or values more than 1e-6 outside [0, 1], or it is 0 everywhere.
    """
    array = np.asarray(mask)
    if array.shape != like.shape:
        raise InputError(f"mask: has the shape {array.shape}, the maps {like.shape}; expected the same.")
    array = array.astype(like.dtype, copy=False)
    low, high = float(array.min()), float(array.max())
    if not (low >= -1e-6 and high <= 1 + 1e-6):
        raise InputError(f"mask: values go from {low:g} to {high:g}; expected 0 (outside) to 1 (inside).")
    if high <= 0:
        raise InputError("mask: is 0 everywhere, nothing is left to compare; expected some voxels above 0.")
    return array.clip(0, 1) if low < 0 or high > 1 else array


def threads(size: int) -> int:
    """Threads for a transform of `size` voxels: what OMP_NUM_THREADS allows, else one a core; small: one."""
    allowed = os.environ.get("OMP_NUM_THREADS", "")
    return 1 if size < _LARGE else int(allowed) if allowed.isdigit() else os.cpu_count() or 1


def fsc(a: ArrayLike, b: ArrayLike, mask: ArrayLike | None = None, *, counting: str = "sphere") -> Curve:
    """Fourier shell correlation of two maps.

    Shell k holds the Fourier voxels whose distance from the origin, in voxels, is nearest to k; k goes from 0
    to D // 2. Every voxel of the whole transform counts once. A map times a mask is transformed, no mean is
    taken off. The transform is made in the precision of the maps (float32 or float64), sums in float64.

    Parameters
    ----------
    a, b : (D, D, D) arrays
        Two maps of one box.
    mask : (D, D, D) array, optional
        0 (outside) to 1 (inside); both maps are multiplied by it.
    counting : {"sphere", "relion", "cryodrgn"}
        ``relion``: as RELION 3.1 does, over the stored half of the transform, where the plane x = 0 holds
        both voxels of its Friedel pairs and so weighs double. ``cryodrgn``: as cryoDRGN 4.3 does, shell k
        holds distances from k - 1 up to k, ends before Nyquist, and shell 0 is 1 by definition. Both are
        there for comparison; they put the same data on slightly different shells.

    Returns
    -------
    Curve

    Raises
    ------
    InputError
        If the maps are not cubic, of different box or not finite, or the mask does not fit.

    References
    ----------
    Harauz and van Heel (1986), Optik 73, 146. Van Heel and Schatz (2005), doi:10.1016/j.jsb.2005.05.010.
    """
    from scipy import fft

    if counting not in COUNTING:
        raise InputError(f"counting: {counting!r} is not known; expected one of {', '.join(COUNTING)}.")
    first = checked("first map", a)
    second = checked("second map", b, first)
    inside = None if mask is None else checked_mask(mask, first)
    box, workers = len(first), threads(first.size)
    spectra = []
    for array in (first, second):
        array = array if inside is None else array * inside
        spectra.append(fft.rfftn(array, workers=workers, overwrite_x=inside is not None))
    cross, *powers, counts = shell_sums(spectra[0], spectra[1], box, counting)
    with np.errstate(invalid="ignore", divide="ignore"):
        values = cross / np.sqrt(powers[0] * powers[1])
    values = np.clip(np.where(np.isfinite(values), values, np.nan), -1, 1)
    if counting == "cryodrgn":
        values[0] = 1.0
    return Curve(np.arange(len(values)) / box, values, counts)


def shell_sums(first: NDArray, second: NDArray, box: int, counting: str) -> tuple[NDArray, ...]:
    """Sum cross-product, both powers and number over shells of two half transforms (D, D, D // 2 + 1).

    Voxels at (+-z, +-y, x) have one distance, so they are added before they are sorted into shells: a quarter
    of the voxels is left to sort.
    """
    half = box // 2
    steps = np.arange(half + 1)
    squares = np.arange(3 * half * half + 1)
    if counting == "cryodrgn":
        # Its radius is `integers ** 0.5`, which numpy may round below a whole number (51 for 51^2 on AVX512):
        # the same expression puts the same voxels into the same shell.
        shell = np.floor(squares**0.5).astype(np.intp) + 1
    else:
        shell = np.floor(np.sqrt(squares) + 0.5).astype(np.intp)
    last = half - 1 if counting == "cryodrgn" else half
    shell[shell > last] = last + 1
    twice = (steps > 0) & (2 * steps < box)  # those whose Friedel mate is not in the stored half
    weight = np.where(twice & (counting != "relion"), 2, 1)
    plane = steps[:, None] ** 2 + steps**2
    mirrored = np.where((steps > 0) & (2 * steps < box), 2, 1)
    number = mirrored[:, None] * weight

    def folded(rows: NDArray) -> NDArray:
        top = rows[: half + 1]
        mirror = rows[:half:-1]
        top[1 : 1 + len(mirror)] += mirror
        return top

    sums = np.zeros((3, last + 2))
    counts = np.zeros(last + 2, np.int64)
    for z in range(half + 1):
        parts = []
        for at in {z, (box - z) % box}:
            p, q = first[at], second[at]
            parts.append((p.real * q.real + p.imag * q.imag, p.real**2 + p.imag**2, q.real**2 + q.imag**2))
        where = shell[z * z + plane].ravel()
        for i, made in enumerate(zip(*parts, strict=True)):
            rows = made[0] if len(made) == 1 else np.add(made[0], made[1], out=made[0])
            values = folded(rows) * weight.astype(rows.dtype)
            sums[i] += np.bincount(where, values.ravel(), minlength=last + 2)
        counts += np.bincount(where, (number * mirrored[z]).ravel(), minlength=last + 2).astype(np.int64)
    return *sums[:, : last + 1], counts[: last + 1]


def crossing(curve: Curve, threshold: float = 0.143, pixel_size: float = 1.0) -> Crossing:
    """Find where a curve first falls below a threshold, by linear interpolation between two shells.

    Shell 0, the mean density, is not looked at. A resolution is given for a fall that was seen, never for the
    end of the curve.

    Parameters
    ----------
    curve : Curve
    threshold : float
        0.143 for two half maps, 0.5 for a map against its truth.
    pixel_size : float
        Angstrom.

    Returns
    -------
    Crossing

    References
    ----------
    Rosenthal and Henderson (2003), doi:10.1016/j.jmb.2003.07.013 (0.143).
    """
    if not (math.isfinite(pixel_size) and pixel_size > 0):
        raise InputError(f"pixel_size: {pixel_size}; expected Angstrom per voxel, above 0.")
    if not -1 < threshold < 1:
        raise InputError(f"threshold: {threshold}; expected a correlation between -1 and 1.")
    values, frequency = curve.fsc, curve.frequency
    empty = np.flatnonzero(np.isnan(values[1:])) + 1
    below = np.flatnonzero(values[1:] < threshold) + 1
    first = int(below[0]) if below.size else len(values)
    if empty.size and empty[0] < first:
        if empty[0] == 1:
            return Crossing(math.nan, math.nan, "the maps have no power: nothing to correlate")
        end = pixel_size / frequency[empty[0]]
        return Crossing(math.nan, math.nan, f"the maps hold no power from {end:.3g} A on: filtered before")
    if not below.size:
        end = pixel_size / frequency[-1]
        return Crossing(math.nan, math.nan, f"never falls to {threshold:g} before Nyquist ({end:.3g} A)")
    if first == 1:
        start = pixel_size / frequency[1]
        return Crossing(math.nan, math.nan, f"below {threshold:g} from the first shell ({start:.3g} A) on")
    high, low = values[first - 1], values[first]
    step = frequency[first] - frequency[first - 1]
    at = float(frequency[first - 1] + step * (high - threshold) / (high - low))
    above = values >= threshold
    runs = np.flatnonzero(above[first + 1 : -1] & above[first + 2 :]) + first + 2
    rises = pixel_size / frequency[runs[-1]] if runs.size else math.nan
    return Crossing(pixel_size / at, at, "", float(rises))


def resolution(curve: Curve, threshold: float = 0.143, pixel_size: float = 1.0) -> float:
    """Resolution in Angstrom at which a curve first falls below a threshold; NaN where it does not.

    `crossing` gives the reason for a NaN beside it, and states the rule.
    """
    return crossing(curve, threshold, pixel_size).resolution
