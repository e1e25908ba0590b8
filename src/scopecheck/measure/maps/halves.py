"""Checks of two half maps that need no truth: do they share anything but the specimen?"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from scopecheck.errors import InputError
from scopecheck.measure.maps.shells import Curve, checked

FLOOR = 0.05  # mean FSC near Nyquist from which something is said to be common to both halves


@dataclass(frozen=True)
class Floor:
    """What is left of an FSC near Nyquist.

    Attributes
    ----------
    mean : float
        Mean FSC of the last shells, weighted by their counts.
    sd : float
        Standard deviation of that mean if the halves shared nothing there.
    shells : int
        How many were averaged.
    alarm : bool
        Mean above the limit and above three standard deviations.
    """

    mean: float
    sd: float
    shells: int
    alarm: bool


def floor(curve: Curve, *, start: float = 0.45, limit: float = FLOOR) -> Floor:
    """Mean of the *unmasked* FSC near Nyquist, where independent halves share nothing but signal.

    An alarm says: the halves have something in common there. That is noise, particles or an alignment
    reference they share, or true signal up to Nyquist (then the pixel is too large to tell).

    Parameters
    ----------
    curve : Curve
        Of unmasked half maps.
    start : float
        1/pixel from which shells are averaged.
    limit : float
        Mean above which to raise an alarm.

    Raises
    ------
    InputError
        If no shell lies beyond `start`.
    """
    near = curve.frequency >= start
    if not near.any():
        raise InputError(f"start: no shell at or beyond {start:g} 1/pixel; the curve ends before.")
    near &= np.isfinite(curve.fsc)
    counts = curve.counts[near].astype(float)
    if not near.any():
        return Floor(math.nan, math.nan, 0, False)
    mean = float(np.average(curve.fsc[near], weights=counts))
    sd = float(1 / np.sqrt(counts.sum()))
    return Floor(mean, sd, int(near.sum()), mean > limit and mean > 3 * sd)


def same(a: ArrayLike, b: ArrayLike) -> str:
    """Say in what way two half maps are one map; empty where they are not.

    Parameters
    ----------
    a, b : (D, D, D) arrays

    Returns
    -------
    str
        ``identical``, ``copies up to scale and offset`` (their correlation over all voxels is 1 within
        1e-6), or empty.
    """
    first = checked("first map", a)
    second = checked("second map", b, first)
    if np.array_equal(first, second):
        return "identical"
    x, y = (m.ravel() - m.mean(dtype=np.float64).astype(m.dtype) for m in (first, second))
    power = math.sqrt(float(np.dot(x, x)) * float(np.dot(y, y)))
    alike = power > 0 and float(np.dot(x, y)) / power > 1 - 1e-6
    return "copies up to scale and offset" if alike else ""
