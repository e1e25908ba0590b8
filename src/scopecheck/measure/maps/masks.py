"""Soft masks: a mask's edge must be wide, or the mask itself correlates the half maps."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scopecheck.errors import InputError


def soft_mask(shape: tuple[int, int, int], radius: float, edge: float = 6.0) -> NDArray:
    """Ball with a raised-cosine edge, centred at voxel D // 2.

    Parameters
    ----------
    shape : (Z, Y, X)
    radius : float
        Voxels; 1 up to here.
    edge : float
        Voxels; falls from 1 to 0 over this width. 0 makes a hard mask.

    Returns
    -------
    (Z, Y, X) float32, 0 to 1
    """
    if not radius >= 0:
        raise InputError(f"radius: {radius}; expected voxels, not below 0.")
    axes = np.ogrid[tuple(slice(-(n // 2), n - n // 2) for n in shape)]
    return _fall(np.sqrt(sum(np.square(axis, dtype=np.float32) for axis in axes)) - np.float32(radius), edge)


def soften(binary: ArrayLike, edge: float = 6.0) -> NDArray:
    """Add a raised-cosine edge outside a binary mask.

    Parameters
    ----------
    binary : (Z, Y, X) array of bool
        True inside.
    edge : float
        Voxels; falls from 1 at the surface to 0 over this width.

    Returns
    -------
    (Z, Y, X) float32, 0 to 1

    Raises
    ------
    InputError
        If nothing is inside.
    """
    from scipy.ndimage import distance_transform_edt

    inside = np.asarray(binary) > 0
    if not inside.any():
        raise InputError("mask: is empty; expected at least one voxel inside. Lower the density threshold.")
    # Beyond the edge all is 0, so distances are measured in the smallest box that holds the edge.
    margin = math.ceil(min(edge, max(inside.shape))) + 1 if edge > 0 else 1
    box = tuple(slice(max(where.min() - margin, 0), where.max() + margin + 1) for where in np.nonzero(inside))
    soft = np.zeros(inside.shape, np.float32)
    soft[box] = _fall(distance_transform_edt(~inside[box]).astype(np.float32), edge)
    return soft


def octants(mask: ArrayLike, edge: float = 6.0, least: float = 0.02) -> list[NDArray]:
    """Cut the inside of a mask into its eight octants about its centre, each with a soft edge.

    Parameters
    ----------
    mask : (Z, Y, X) array, 0 to 1
        Inside is above 0.5.
    edge : float
        Voxels, as in `soften`. The soft edges of neighbours overlap.
    least : float
        Octants with less than this share of the inside are left out.

    Returns
    -------
    list of (Z, Y, X) float32, 0 to 1
        Empty where nothing is inside.
    """
    inside = np.asarray(mask) > 0.5
    if not inside.any():
        return []
    centre = [where.mean() for where in np.nonzero(inside)]
    sides = [place > middle for place, middle in zip(np.indices(inside.shape), centre, strict=True)]
    parts = [inside & (sides[0] == z) & (sides[1] == y) & (sides[2] == x) for z, y, x in np.ndindex(2, 2, 2)]
    return [soften(part, edge) for part in parts if part.sum() > least * inside.sum()]


def _fall(distance: NDArray, edge: float) -> NDArray:
    if not edge >= 0:
        raise InputError(f"edge: {edge}; expected voxels, not below 0.")
    if edge == 0:
        return (distance <= 0).astype(np.float32)
    return (0.5 + 0.5 * np.cos(math.pi * np.clip(distance / np.float32(edge), 0, 1))).astype(np.float32)
