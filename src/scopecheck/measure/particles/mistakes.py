"""Coordinates in another frame than the truth's: noticed, because they would match if they were changed."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scopecheck.measure.particles.matching import match, points

FACTORS = (2, 3, 4, 8, 16, 1 / 2, 1 / 3, 1 / 4, 1 / 8, 1 / 16)  # usual binnings


def flip_hint(picks: ArrayLike, truth: ArrayLike, *, height: float, radius: float) -> str:
    """Say so where the picks, turned upside down, match far more particles; "" when all is well.

    `height` is the micrograph's number of rows. Far more: three standard deviations of the difference of two
    counts, so that a crowded field, where a flipped table still hits by chance, is told apart too.
    """
    p = points(picks)
    flipped = np.stack((p[:, 0], height - 1 - p[:, 1]), axis=1)
    return _hint(p, flipped, truth, radius, f"turned upside down (y = {height:g} - 1 - y)")


def binning_hint(picks: ArrayLike, truth: ArrayLike, *, radius: float) -> str:
    """Say so where the picks, times a usual binning factor, match more than twice as many."""
    p = points(picks)
    best = max(FACTORS, key=lambda factor: match(p * factor, truth, radius).tp)
    how = f"multiplied by {best:g}" if best > 1 else f"divided by {1 / best:g}"
    return _hint(p, p * best, truth, radius, how, times=2)


def _hint(p: NDArray, changed: NDArray, truth: ArrayLike, radius: float, how: str, times: float = 1) -> str:
    now, then = match(p, truth, radius).tp, match(changed, truth, radius).tp
    if then <= times * now or then - now <= 3 * np.sqrt(then + now):
        return ""
    return f"{then} of {len(p)} picks match when {how}, and {now} as given"
