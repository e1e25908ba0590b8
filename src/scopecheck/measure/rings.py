"""Rings laid upon each other: how wide they are, and whether their middle is empty."""

import numpy as np
from numpy.typing import ArrayLike

from scopecheck.measure import structures
from scopecheck.measure.picks.matching import points


def superposed(
    positions: ArrayLike, centres: ArrayLike, *, reach: float = 200.0, middle: float = 40.0
) -> dict[str, float]:
    """Lay rings upon each other by their known centres, and measure what comes out.

    Parameters
    ----------
    positions : array_like, (n, 2)
        x, y, nm.
    centres : array_like, (m, 2)
        Of the rings, nm.
    reach : float
        Positions farther from every centre are left out, nm.
    middle : float
        What counts as the middle of a ring, nm from its centre.

    Returns
    -------
    dict of str to float
        radius, of the circle that fits best (`structures.ring`), nm; filled, the share of positions in the
        middle. A filled disc can have the radius of a ring. NaN with fewer than three positions.
    """
    p, c = points(positions, "positions"), points(centres, "centres")
    if not (len(p) and len(c)):
        return {"radius": float("nan"), "filled": float("nan")}
    from scipy.spatial import cKDTree

    away, nearest = cKDTree(c).query(p)
    near = away < reach
    if near.sum() < 3:
        return {"radius": float("nan"), "filled": float("nan")}
    ring = structures.ring((p - c[nearest])[near])
    return {"radius": ring.radius, "filled": float(np.mean(away[near] < middle))}
