"""How far a resolution can be trusted: from repeated splits into half sets, else from shell counts."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scopecheck.errors import InputError
from scopecheck.measure.maps.randomise import SKIP, Corrected
from scopecheck.measure.maps.shells import Curve, crossing

LEVEL = 0.90
CHANCE = 1e-4  # of pairs of pure noise that may be taken for agreement


@dataclass(frozen=True)
class Interval:
    """90 % interval of the resolution at a threshold.

    Attributes
    ----------
    low, high : float
        Angstrom, the finer end first; NaN where that end was not reached.
    resolution : float
        Angstrom: of the curve itself, or the mean of the splits (taken in frequency).
    n : int
        Splits; 1 from shell counts.
    method : str
        What the interval speaks of.
    reason : str
        Why an end is NaN, else empty.
    """

    low: float
    high: float
    resolution: float
    n: int
    method: str
    reason: str = ""


def effective_counts(curve: Curve, mask: ArrayLike | None = None) -> NDArray:
    """Independent real numbers in each shell, for noise that is white before the mask.

    A mask m correlates Fourier voxels at distance q by the transform of m^2 at q. A shell of n voxels then
    has n^2 / (sum of squared correlations over all its pairs) independent ones. The sum is taken in real
    space, over the autocorrelation of m^2, with the transform of a ball's shell for the shell's own.

    Parameters
    ----------
    curve : Curve
        As `fsc` gives it with ``counting="sphere"``.
    mask : (D, D, D) array, optional
        The mask of the curve. Without one the counts are returned: too many where the maps were masked or
        padded before.

    Returns
    -------
    (K,) float64
    """
    counts = curve.counts.astype(float)
    if mask is None:
        return counts
    radius, weight = _lags(curve.box, mask)
    thick = np.sinc(radius)
    sums = [float(weight @ (np.sinc(2 * k * radius) * thick) ** 2) for k in range(len(counts))]
    return np.minimum(counts, 1 / np.maximum(sums, 1e-300))


def _lags(box: int, mask: ArrayLike) -> tuple[NDArray, NDArray]:
    """Distances, in boxes, and the autocorrelation of a mask's square summed at each."""
    from scipy import fft

    square = np.square(np.asarray(mask, np.float32))
    if square.shape != (box,) * 3:
        raise InputError(f"mask: has the shape {square.shape}; the curve is of maps of {(box,) * 3}.")
    power = np.abs(fft.rfftn(square)) ** 2
    together = fft.irfftn(power, square.shape) / power.flat[0]
    lag = (fft.fftfreq(box) * box).round().astype(np.intp) ** 2
    place = (lag[:, None, None] + lag[:, None] + lag).ravel()
    weight = np.bincount(place, together.ravel())
    radius = np.sqrt(np.flatnonzero(weight)) / box
    return radius, weight[np.flatnonzero(weight)]


@dataclass(frozen=True)
class Agreement:
    """Whether the shells before a crossing agree beyond chance.

    Attributes
    ----------
    mean : float
        FSC over these shells, weighted by their counts.
    n : float
        Independent real numbers in all of them together.
    limit : float
        Mean that noise exceeds in one of 10 000 pairs.
    """

    mean: float
    n: float
    limit: float

    @property
    def chance(self) -> bool:
        """Whether the mean is one that noise gives, too."""
        return not self.mean > self.limit


def agreement(curve: Curve, frequency: float, mask: ArrayLike | None = None) -> Agreement:
    """Ask whether two half maps share anything in the shells up to a frequency.

    The first shells hold few numbers: in the first one, 18, noise alone is above 0.143 in one of four pairs.
    The correlation over all shells up to the crossing is compared with what independent noise gives, by
    Student's t of a correlation of n numbers of known mean. With a mask, n is that of the whole ball of
    these shells, counted as in `effective_counts`.

    Parameters
    ----------
    curve : Curve
        Of the maps, times the mask where there is one. Take off their mean inside the mask first, or the
        mask, which both share, agrees with itself.
    frequency : float
        1/pixel; shells from the first up to it are looked at.
    mask : (D, D, D) array, optional

    Returns
    -------
    Agreement

    References
    ----------
    Student (1908), doi:10.2307/2331474 (t of a correlation).
    """
    from scipy import special

    last = max(1, math.floor(frequency * curve.box + 1e-9))
    shells = slice(1, last + 1)
    counts, values = curve.counts[shells].astype(float), curve.fsc[shells]
    good = np.isfinite(values)
    if not good.any():
        return Agreement(math.nan, 0.0, math.nan)
    n = float(counts[good].sum())
    if mask is not None:
        radius, weight = _lags(curve.box, mask)
        turn = np.maximum(2 * math.pi * (last + 0.5) * radius, 1e-6)
        ball = np.where(turn < 1e-3, 1.0, 3 * special.spherical_jn(1, turn) / turn)
        n = min(n, 1 / float(weight @ ball**2))
    t = float(special.stdtrit(max(n - 1, 1e-3), 1 - CHANCE))
    mean = float(np.average(values[good], weights=counts[good]))
    return Agreement(mean, n, t / math.sqrt(max(n - 1, 1e-3) + t * t))


def fsc_interval(
    source: Curve | Corrected | Sequence[Curve] | Callable[[int], Curve],
    threshold: float = 0.143,
    pixel_size: float = 1.0,
    *,
    mask: ArrayLike | None = None,
    splits: int = 10,
) -> Interval:
    """90 % interval of the resolution.

    From splits: the range in which the resolution of one more random split of the same particles is expected,
    Student's prediction interval in frequency. It holds what splitting and reconstruction vary, not that
    other particles would have been picked, nor what all splits share (mask, alignment, common noise).

    From one curve: Fisher's z of the FSC in every shell, with the number of independent values N of
    `effective_counts`; the ends are where the lower and the upper band fall to the threshold. It is
    conditional on this one split and on the specimen: signal is fixed and noise alone varies, which makes the
    variance of an FSC c not (1 - c^2)^2 / N but (1 - c)^2 (1 + 2 c - c^2) / N. A corrected curve has the
    noise of its randomised curve besides, (1 - c)^2 / N more.

    Parameters
    ----------
    source : Curve or Corrected, or sequence of Curve, or callable
        One curve, or the answer of `randomised`; or one curve per random split into half sets; or a function
        that takes a seed, splits the particles by it, reconstructs both halves and returns their curve. It is
        called with 0 to splits - 1.
    threshold : float
    pixel_size : float
        Angstrom.
    mask : (D, D, D) array, optional
        The mask of the curve, where there is one curve.
    splits : int
        How often a function is called.

    Returns
    -------
    Interval

    Raises
    ------
    InputError
        For fewer than 3 splits.

    References
    ----------
    Cardone et al. (2013), doi:10.1016/j.jsb.2013.08.002 (spread of an FSC). Fisher (1915),
    doi:10.2307/2331838.
    """
    if isinstance(source, Corrected):
        if mask is None:
            raise InputError("mask: missing; a corrected curve needs the mask it was made with.")
        start = source.frequency + (SKIP - 0.5) / source.corrected.box
        twice = source.corrected.frequency > start  # never, where nothing was randomised (NaN)
        return _from_counts(source.corrected, threshold, pixel_size, mask, twice)
    if isinstance(source, Curve):
        return _from_counts(source, threshold, pixel_size, mask, np.zeros(len(source.fsc), bool))
    curves = [source(seed) for seed in range(splits)] if callable(source) else list(source)
    return _from_splits(curves, threshold, pixel_size)


def _from_splits(curves: list[Curve], threshold: float, pixel_size: float) -> Interval:
    from scipy import special

    n = len(curves)
    if n < 3:
        raise InputError(f"{n} splits; expected at least 3 random splits of the particles into half sets.")
    method = f"{n} random splits of the same particles"
    found = [crossing(curve, threshold, pixel_size) for curve in curves]
    reasons = [one.reason for one in found if one.reason]
    if reasons:
        reason = f"{len(reasons)} of {n} splits: {reasons[0]}"
        return Interval(math.nan, math.nan, math.nan, n, method, reason)
    frequency = np.array([one.frequency for one in found])
    centre = float(frequency.mean())
    half = special.stdtrit(n - 1, 0.5 + LEVEL / 2) * frequency.std(ddof=1) * math.sqrt(1 + 1 / n)
    high = pixel_size / (centre - half) if half < centre else math.nan
    low = pixel_size / (centre + half) if centre + half <= 0.5 else math.nan
    reason = "" if low == low and high == high else "one end lies outside the measured frequencies"
    return Interval(float(low), float(high), pixel_size / centre, n, method, reason)


def _from_counts(
    curve: Curve, threshold: float, pixel_size: float, mask: ArrayLike | None, twice: NDArray
) -> Interval:
    from scipy import special

    method = "shell counts corrected for the mask" if mask is not None else "shell counts, no mask"
    method += ", conditional on this one split"
    middle = crossing(curve, threshold, pixel_size)
    counts = effective_counts(curve, mask)
    with np.errstate(divide="ignore"):
        score = np.arctanh(curve.fsc)
    signal = np.clip(np.nan_to_num(curve.fsc), 0, 1)
    fixed = np.sqrt(1 + 2 * signal - signal**2 + twice) / (1 + signal)
    half = special.ndtri(0.5 + LEVEL / 2) * fixed / np.sqrt(np.maximum(counts - 1, 1))
    ends = [
        crossing(Curve(curve.frequency, np.tanh(score + sign * half), curve.counts), threshold, pixel_size)
        for sign in (1, -1)
    ]
    reason = middle.reason
    if not reason:
        reason = "; ".join(
            f"{name} end: {one.reason}"
            for name, one in zip(("finer", "coarser"), ends, strict=True)
            if one.reason
        )
    return Interval(ends[0].resolution, ends[1].resolution, middle.resolution, 1, method, reason)
