"""Local resolution: the FSC of what a small soft ball cuts out of both half maps."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scopecheck.errors import InputError
from scopecheck.measure.maps.masks import soft_mask
from scopecheck.measure.maps.shells import checked, checked_mask, crossing, fsc


@dataclass(frozen=True)
class LocalResolution:
    """Resolution at points of a grid.

    Attributes
    ----------
    centres : (n, 3) int
        Voxels (z, y, x).
    resolution : (n,) float
        Angstrom; NaN where the local curve did not fall to the threshold or started below it.
    reasons : tuple of str, length n
        Why a value is NaN, else empty.
    window : float
        Diameter of the window, Angstrom. A smaller one follows the map more closely and is noisier.
    threshold : float
    """

    centres: NDArray
    resolution: NDArray
    reasons: tuple[str, ...]
    window: float
    threshold: float


def local_resolution(
    a: ArrayLike,
    b: ArrayLike,
    *,
    pixel_size: float,
    window: int,
    threshold: float = 0.5,
    step: int = 4,
    mask: ArrayLike | None = None,
) -> LocalResolution:
    """Resolution around points of a grid, from the FSC inside a soft ball there.

    The ball of `window` voxels across falls from 1 to 0 over its outer half (raised cosine). Shells are
    1 / window apart, so that a resolution coarser than about half a window cannot be seen.

    Parameters
    ----------
    a, b : (D, D, D) arrays
        Unmasked half maps.
    pixel_size : float
        Angstrom.
    window : int
        Voxels across, even, at least 8 and at most D.
    threshold : float
        0.5 by default: the few Fourier voxels of a window make 0.143 too noisy.
    step : int
        Voxels between grid points.
    mask : (D, D, D) array, optional
        Only grid points where it is at least 0.5 are looked at.

    Returns
    -------
    LocalResolution

    Raises
    ------
    InputError
        If the maps or the window do not fit, or no grid point is left.

    References
    ----------
    Cardone, Heymann and Steven (2013), doi:10.1016/j.jsb.2013.08.002.
    """
    first = checked("first map", a)
    second = checked("second map", b, first)
    box = len(first)
    if window % 2 or not 8 <= window <= box:
        raise InputError(f"window: {window}; expected an even number of voxels from 8 to {box}.")
    if step < 1:
        raise InputError(f"step: {step}; expected at least 1 voxel.")
    half = window // 2
    places = np.arange(half, box - half + 1, step)
    grid = np.stack(np.meshgrid(places, places, places, indexing="ij"), -1).reshape(-1, 3)
    if mask is not None:
        grid = grid[checked_mask(mask, first)[tuple(np.minimum(grid, box - 1).T)] >= 0.5]
    if not len(grid):
        raise InputError("mask: holds no grid point whose window fits into the box; take a smaller window.")
    ball = soft_mask((window,) * 3, half / 2, half / 2)
    found = []
    for centre in grid:
        part = tuple(slice(c - half, c + half) for c in centre)
        found.append(crossing(fsc(first[part], second[part], ball), threshold, pixel_size))
    return LocalResolution(
        grid,
        np.array([one.resolution for one in found]),
        tuple(one.reason for one in found),
        window * pixel_size if math.isfinite(pixel_size) else math.nan,
        threshold,
    )
