"""Curved tubes, threads and balls in a volume, as mitochondria, filaments and vesicles; voxels are cubes."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from scopecheck.errors import InputError

FLAT = 0.4  # of a tube's turns, the share that leads out of the plane: cells are flat


def tubes(
    shape: tuple[int, int, int],
    n: int,
    seed: int,
    *,
    radius: float = 2.0,
    length: tuple[int, int] = (25, 60),
    bend: float = 0.15,
) -> NDArray[np.bool_]:
    """Draw tubes that start anywhere and wind at random.

    Parameters
    ----------
    shape : (Z, Y, X)
    n : int
        Tubes; those that touch are one.
    seed : int
    radius : float
        Of a tube, voxels: what lies at most so far from a voxel of its middle line.
    length : (int, int)
        Shortest and longest middle line, voxels; what leaves the volume is cut. (0, 0): balls.
    bend : float
        S.d. of the change of direction at each step of half a voxel.

    Returns
    -------
    (Z, Y, X) bool

    Raises
    ------
    InputError
        If the shape is not three sides of at least 8 voxels, or n is below 0.
    """
    if len(shape) != 3 or min(shape) < 8 or n < 0:
        raise InputError(
            f"shape, n: {shape}, {n}; expected three sides of at least 8 voxels, and 0 tubes or more."
        )
    random, sides = np.random.default_rng(seed), np.array(shape)
    middle = np.zeros(shape, bool)
    for _ in range(n):
        at, way = random.uniform(4, sides - 4), random.normal(size=3) * [FLAT, 1, 1]
        for _step in range(1 + 2 * int(random.integers(length[0], length[1] + 1))):
            voxel = np.rint(at).astype(int)
            if ((voxel < 0) | (voxel >= sides)).any():
                break
            middle[tuple(voxel)] = True
            way = way / np.linalg.norm(way) + bend * random.normal(size=3) * [FLAT, 1, 1]
            at = at + 0.5 * way / np.linalg.norm(way)
    return np.asarray(ndimage.distance_transform_edt(~middle) <= radius) if n else middle
