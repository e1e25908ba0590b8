"""Picks without a truth: too near to each other, or at places where chance alone would not put so many.

Points are (x, y), pixels of the micrograph. An axis is 0 for x, 1 for y: the rarer of the two.
"""

import numpy as np
from numpy.typing import ArrayLike

from scopecheck.errors import InputError
from scopecheck.measure import evenness
from scopecheck.measure.picks.matching import RADIUS

FEW = 20  # picks under which coordinates say nothing
# Twins: as maps-fsc-traps declared of particles that two halves share. The others: see `evenness`.
LIMITS = {"twins": 0.01, "sub-pixel": evenness.RARE, "grid": evenness.RARE, "tiles": evenness.RARE}


def by_rule(xy: ArrayLike, diameter: float, shape: tuple[int, int]) -> dict[str, float]:
    """Share of twins, and how rare the places are; NaN where a check cannot be asked.

    Parameters
    ----------
    xy : array_like, (n, 2)
    diameter : float
        Of the particle, pixels.
    shape : (Y, X)
        Of the micrograph, pixels.

    Returns
    -------
    dict of str to float
        As `LIMITS`: an alarm is a value above.
    """
    points = np.asarray(xy, float).reshape(-1, 2)
    asked = {
        "sub-pixel": lambda: fractions(points)[-1],
        "grid": lambda: grid(points)[-1],
        "tiles": lambda: evenness.tiles(points[:, ::-1], shape).p,
    }
    found = {"twins": twins(points, diameter) / len(points) if len(points) > 1 else float("nan")}
    for name, ask in asked.items():
        try:
            found[name] = evenness.rarity(ask())
        except InputError:  # too few picks, or whole pixels
            found[name] = float("nan")
    return found


def twins(points: ArrayLike, diameter: float) -> int:
    """Count picks, (n, 2) or (n, 3), with another within a quarter of the diameter."""
    from scipy.spatial import cKDTree

    at = np.asarray(points, float)
    return int((cKDTree(at).query(at, k=2)[0][:, 1] <= RADIUS * diameter).sum())


def fractions(xy: ArrayLike) -> tuple[int, float]:
    """Kolmogorov and Smirnov's test of the fractions of a pixel against evenness: axis, chance.

    Raises
    ------
    InputError
        Too few picks, whole pixels, or a few places within a pixel.
    """
    from scipy.stats import kstest

    points = _enough(xy)
    parts = np.mod(points, 1)
    kinds = [len(np.unique(np.round(axis, 3) % 1)) for axis in parts.T]
    if max(kinds) == 1:
        raise InputError("coordinates are whole pixels")
    if max(kinds) <= 10:
        raise InputError(f"coordinates are rounded to {max(kinds)} places within a pixel")
    p = [min(1.0, 2 * float(kstest(axis, "uniform").pvalue)) for axis in parts.T]
    return int(np.argmin(p)), min(p)


def grid(xy: ArrayLike) -> tuple[int, int, float]:
    """Find the coarser grid of pixels on which picks gather (`evenness.grid`): axis, step, chance.

    Raises
    ------
    InputError
        Too few picks.
    """
    steps = [evenness.grid(axis) for axis in _enough(xy).T]
    axis = int(np.argmin([p for _, p in steps]))
    step, p = steps[axis]
    return axis, step, min(1.0, 2 * p)


def _enough(xy: ArrayLike) -> np.ndarray:
    points = np.asarray(xy, float).reshape(-1, 2)
    if len(points) < FEW:
        raise InputError(f"{len(points)} picks; expected {FEW}")
    return points
