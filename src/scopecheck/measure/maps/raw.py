"""Signs that two half maps are not as the reconstruction left them: masked, or filtered, before."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scopecheck.measure.maps.shells import checked, shell_sums, threads

BALL = 0.9  # of half the box: windows of images (from 0.85 to 0.99, say) leave some noise up to here
INNER = 0.95  # the same for exact constants: windowed images do not make them, and corners lie beyond 1
FAINT = 0.01  # share of the noise power elsewhere at which a place or a shell is said to hold none
FAR = 1e-4  # the same where the fall is gentle, as that of a reconstruction is
FEW = 0.05  # share of the ball that may be without noise


@dataclass(frozen=True)
class Surroundings:
    """Where two half maps hold noise.

    Attributes
    ----------
    quiet : float
        Share of the middle that holds no noise: of the ball of radius 0.45 D, or, if more, of that of radius
        0.475 D where only exact constants count.
    corners : float
        Share of the box that is without noise outside that ball.
    padded : bool
        Whether what holds noise is a box in the box: the quiet voxels were added around it, which changes no
        FSC, or a mask was a cube, which does. The maps do not tell.
    masked : bool
        Whether a mask of another shape was applied before: `quiet` is above 5 %, or the noise `fades`, and
        the maps are not `padded`.
    fades : float
        Radius, in halves of the box, from which on shells of this radius hold less than a hundredth of the
        noise of others, as under a soft ball; 1 where none does within 0.9.
    uneven : bool
        Whether this is so in one of the halves only.
    support : (D, D, D) bool
        True where there is noise.
    """

    quiet: float
    corners: float
    padded: bool
    masked: bool
    fades: float
    uneven: bool
    support: NDArray


def _ball(box: int, part: float) -> NDArray:
    square = np.square(np.arange(box) - (box - 1) / 2)
    return square[:, None, None] + square[:, None] + square <= (part * box / 2) ** 2


def _rough(values: NDArray) -> NDArray:
    """Square of the second differences: noise without what is smooth or constant."""
    from scipy import ndimage

    rough = ndimage.laplace(values, mode="nearest")
    return np.square(rough, out=rough)


def _around(rough: NDArray, window: int) -> NDArray:
    from scipy import ndimage

    return np.maximum(ndimage.uniform_filter(rough, window, mode="nearest"), 0)


def _fades(rough: NDArray) -> float:
    """Radius, in halves of the box, at which shells hold a hundredth of the most noise; 1 if beyond `BALL`.

    The innermost fifth is not taken for the most, since symmetry adds noise at its axes.
    """
    box = len(rough)
    square = np.square(np.arange(box) - (box - 1) / 2)
    sums, counts = np.zeros((2, box))
    for plane, height in zip(rough, square, strict=True):
        shell = np.sqrt(height + square[:, None] + square).astype(int).ravel()
        sums += np.bincount(shell, plane.ravel(), minlength=box)
        counts += np.bincount(shell, minlength=box)
    first, last = round(0.1 * box), int(BALL * box / 2)
    level = sums[first:last] / np.maximum(counts[first:last], 1)
    faint = np.flatnonzero(level < FAINT * level.max(initial=0))
    return float((first + faint[0]) / (box / 2)) if len(faint) else 1.0


def surroundings(a: ArrayLike, b: ArrayLike) -> Surroundings:
    """Find where two half maps hold no noise of their own, as outside a mask that was applied before.

    Every voxel of a reconstruction gets noise from all images, so in raw half maps the noise is much alike
    everywhere but near the edges of the box, where programs window images (most from 0.85 of half the box on,
    to zero at its edge) and fill the corners. What is looked at is the difference of the halves, in which the
    specimen cancels, and in it the second differences between voxels, in which what is smooth cancels too. A
    place is without noise where they have less than a hundredth of the power that they have where most of it
    lies. Zeros, another constant, the mean, and a smooth background are alike in this.

    Not seen are masks that leave a hundredth of the noise up to 0.9 of half the box, which reconstruction
    programs' own windows do as well.

    A half that was masked alone is seen from the two halves' own second differences.

    Parameters
    ----------
    a, b : (D, D, D) arrays

    Returns
    -------
    Surroundings

    Raises
    ------
    InputError
        As `fsc`.
    """
    from scipy import ndimage

    first = checked("first map", a)
    second = checked("second map", b, first)
    box = len(first)
    window, ball = max(3, 2 * (box // 32) + 1), _ball(box, BALL)
    spread = [max(float(one.std(dtype=np.float64)), 1e-300) for one in (first, second)]
    rough = _rough(first / first.dtype.type(spread[0]) - second / first.dtype.type(spread[1]))
    fades, both = _fades(rough), _around(rough, window)
    level = _level(both[ball])
    silent = both <= FAINT * level
    share = float(silent[ball].mean())
    share = max(share, float((_constant(first) & _constant(second))[_ball(box, INNER)].mean()))
    uneven = False
    if share <= FEW:
        own = [
            _around(_rough(one), window) / (width * width)
            for one, width in zip((first, second), spread, strict=True)
        ]
        one_sided = np.minimum(*own) < FAINT * np.maximum(*own)
        if uneven := float(one_sided[ball].mean()) > FEW:
            silent, share = one_sided, float(one_sided[ball].mean())
    # A window that touches noise holds some: take back what the windows and the differences added.
    support = ndimage.minimum_filter(~silent, window + 2, mode="nearest")
    padded = float(support.mean()) < 1 - FEW and _is_box(support)  # no window leaves a box
    corners = float((silent & ~ball).mean())
    masked = (share > FEW or fades < 1) and not padded
    return Surroundings(share, corners, padded, masked, fades, uneven, support)


def _constant(values: NDArray) -> NDArray:
    """True where a voxel has the value of the next one along each axis; in noise, of integers too, few do."""
    flat = np.ones(values.shape, bool)
    for axis in range(3):
        here = tuple(slice(-1) if axis == k else slice(None) for k in range(3))
        flat[here] &= np.diff(values, axis=axis) == 0
    return flat


def _level(values: NDArray) -> float:
    """The value above which half of the sum lies: of the places that hold the noise, however few."""
    few = values[:: max(1, len(values) // 1_000_000)]
    ordered = np.sort(few)[::-1].astype(np.float64)
    sums = np.cumsum(ordered)
    return float(ordered[np.searchsorted(sums, 0.5 * sums[-1])])


def _is_box(inside: NDArray) -> bool:
    """Whether voxels fill the box around them: padded, or masked by a cube."""
    sides = [np.flatnonzero(inside.any(axis=tuple({0, 1, 2} - {axis}))) for axis in range(3)]
    if not all(len(side) for side in sides):
        return False
    return float(inside[tuple(slice(side[0], side[-1] + 1) for side in sides)].mean()) > 1 - FEW


def noise_power(a: ArrayLike, b: ArrayLike) -> tuple[NDArray, NDArray]:
    """Noise power of each half map in each shell, per Fourier voxel.

    A half of power P whose FSC with the other is c holds noise of power P (1 - c).

    Parameters
    ----------
    a, b : (D, D, D) arrays

    Returns
    -------
    two (D // 2 + 1,) float64
        NaN where a shell holds no power.
    """
    from scipy import fft

    first = checked("first map", a)
    second = checked("second map", b, first)
    workers = threads(first.size)
    spectra = [fft.rfftn(one, workers=workers) for one in (first, second)]
    cross, *powers, counts = shell_sums(spectra[0], spectra[1], len(first), "sphere")
    with np.errstate(invalid="ignore", divide="ignore"):
        alike = np.clip(np.nan_to_num(cross / np.sqrt(powers[0] * powers[1])), 0, 1)
    return powers[0] / counts * (1 - alike), powers[1] / counts * (1 - alike)


def cut(power: NDArray) -> tuple[int, float]:
    """Find the shell beyond which noise is missing.

    It is missing where all later shells hold less than a hundredth of what is there a tenth of Nyquist
    before, or less than a ten-thousandth of the strongest shell before. The noise of a reconstruction rises
    or falls slowly with frequency; its zeros between the rings of one defocus are followed by power again.
    The last tenth before Nyquist, where interpolation ends, is not looked at.

    Parameters
    ----------
    power : (K,) array
        Of the noise, as `noise_power` gives it.

    Returns
    -------
    shell : int
        First shell without; 0 where there is none.
    share : float
        Power that is left there, of that before; NaN where nothing is missing.
    """
    last = len(power) - 1
    wide = max(3, round(0.1 * last))
    later = np.maximum.accumulate(power[::-1])[::-1]  # the most that any shell from here on holds
    for shell in range(3, round(0.9 * last) + 1):
        before = power[max(2, shell - wide) : shell]
        near, far = float(np.median(before[: max(1, wide // 2)])), float(power[2:shell].max())
        if later[shell] < max(FAINT * near, FAR * far):
            return shell, float(later[shell] / max(near, far))
    return 0, math.nan


def rise(power: NDArray) -> float:
    """Noise power short of Nyquist over that at a tenth to a fifth of it.

    That of a reconstruction grows at most with frequency and with the inverse of what the microscope damps;
    sharpened maps are far beyond.

    Parameters
    ----------
    power : (K,) array
        Of the noise, as `noise_power` gives it.

    Returns
    -------
    float
        NaN for fewer than 20 shells.
    """
    last = len(power) - 1
    if last < 20:
        return math.nan
    coarse = float(np.median(power[round(0.1 * last) : round(0.2 * last) + 1]))
    fine = float(np.median(power[round(0.8 * last) : round(0.9 * last) + 1]))
    return fine / coarse if coarse > 0 else math.nan
