"""How well a map shows the atoms of a model: Q-score, model density, real-space correlation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scopecheck.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

POINTS = 8  # samples a shell
REACH = 2.0  # Angstrom, radius of the last shell
STEP = 0.1  # Angstrom between shells
OWN = 0.9  # a sample at radius r belongs to the atom when no other atom lies within OWN x r of it
TRIES = 50  # each with two more samples on the sphere than the last


def _map(values: ArrayLike, pixel_size: float) -> NDArray:
    array = np.asarray(values, np.float32)
    if array.ndim != 3 or min(array.shape) < 2:
        raise InputError(f"map: has the shape {array.shape}; expected three axes (Z, Y, X).")
    if not np.isfinite(array).all():
        raise InputError("map: holds NaN or infinite values; expected a finite density in every voxel.")
    if not (math.isfinite(pixel_size) and pixel_size > 0):
        raise InputError(f"pixel_size: {pixel_size}; expected Angstrom per voxel, above 0.")
    return array


def _atoms(atoms: ArrayLike) -> NDArray:
    xyz = np.asarray(atoms, float)
    if xyz.ndim != 2 or xyz.shape[1] != 3 or not len(xyz) or not np.isfinite(xyz).all():
        raise InputError(f"atoms: shape {xyz.shape}; expected finite x, y, z in Angstrom (n, 3), n above 0.")
    return xyz


def _spiral(n: int) -> NDArray:
    """Return n points on the unit sphere from pole to pole, on the spiral of Saff and Kuijlaars (1997)."""
    height = np.linspace(-1, 1, n)
    turn = np.zeros(n)
    turn[1:-1] = np.cumsum(3.6 / np.sqrt(n * (1 - height[1:-1] ** 2)))
    across = np.sqrt(np.clip(1 - height**2, 0, None))
    return np.stack([across * np.cos(turn), across * np.sin(turn), height], axis=1)


def q_score(
    values: ArrayLike,
    pixel_size: float,
    origin: Sequence[float] | NDArray,
    atoms: ArrayLike,
    *,
    sigma: float = 0.6,
) -> NDArray:
    """Q-score of each atom: how closely the density around it falls off like a Gaussian.

    The map is sampled (trilinear) at the atom and on shells up to 2 A, 0.1 A apart, with eight points or more
    each, and correlated, about the means, with ``exp(-r^2 / (2 sigma^2))``. The atom itself weighs as eight
    points. A point at radius r is used when no other atom lies within 0.9 r of it; the number of points tried
    on a sphere grows until eight are left. A shell that leaves none is left out. Since a correlation about
    the means ignores scale and offset, the amplitude that the paper takes from the map's mean and deviation
    has no effect here.

    Parameters
    ----------
    values : (Z, Y, X) array
        Density; outside the array it counts as 0.
    pixel_size : float
        Angstrom.
    origin : (x, y, z)
        Position of voxel (0, 0, 0) in the frame of the atoms, Angstrom.
    atoms : (n, 3) array
        All atoms of the model without hydrogens, x, y, z in Angstrom. Atoms left out claim no density, so
        their neighbours score differently.
    sigma : float
        Angstrom. 0.6 as in the paper; reports of the EMDB use 0.4 and are lower.

    Returns
    -------
    (n,) float64
        1 a perfect peak, 0 no relation, below 0 a hole. NaN where the density is constant around the atom or
        the atom lies outside the map.

    Raises
    ------
    InputError
        If the map, pixel size or atoms cannot be used.

    References
    ----------
    Pintilie et al. (2020), doi:10.1038/s41592-020-0731-1. Saff and Kuijlaars (1997), doi:10.1007/BF03024331.
    """
    from scipy.ndimage import map_coordinates
    from scipy.spatial import cKDTree

    density, xyz = _map(values, pixel_size), _atoms(atoms)
    if not sigma > 0:
        raise InputError(f"sigma: {sigma}; expected Angstrom, above 0.")
    start, n, tree = np.asarray(origin, float), len(xyz), cKDTree(xyz)

    def sampled(points: NDArray) -> NDArray:
        where = ((points - start) / pixel_size)[:, ::-1].T
        return map_coordinates(density, where, order=1, mode="constant", output=np.float64)

    # sums over the samples of each atom: number, u, u^2, w, w^2, u w
    sums = np.zeros((6, n))

    def add(owner: NDArray, u: NDArray, radius: float, times: int = 1) -> None:
        w = math.exp(-0.5 * (radius / sigma) ** 2)
        number, total, square = (np.bincount(owner, u**p, minlength=n) * times for p in (0, 1, 2))
        sums[:] += np.stack([number, total, square, w * number, w * w * number, w * total])

    everyone = np.arange(n)
    add(everyone, sampled(xyz), 0.0, POINTS)
    for radius in STEP * np.arange(1, round(REACH / STEP) + 1):
        left = everyone
        for more in range(TRIES):
            if not len(left):
                break
            sphere = radius * _spiral(POINTS + 2 * more)
            points = (xyz[left, None] + sphere).reshape(-1, 3)
            owner = np.repeat(left, len(sphere))
            # the two nearest atoms within reach: one of them may be the atom itself
            near = tree.query(points, k=2, distance_upper_bound=OWN * radius)[1]
            free = ((near == owner[:, None]) | (near == n)).all(axis=1)
            enough = free.reshape(len(left), -1).sum(axis=1) >= POINTS
            done = enough if more < TRIES - 1 else np.ones(len(left), bool)
            use = free & np.repeat(done, len(sphere))
            add(owner[use], sampled(points[use]), float(radius))
            left = left[~done]
    number, u, uu, w, ww, uw = sums
    with np.errstate(invalid="ignore", divide="ignore"):
        both = uu - u * u / number
        score = (uw - u * w / number) / np.sqrt(both * (ww - w * w / number))
    last = (np.array(density.shape[::-1]) - 1) * pixel_size
    outside = ((xyz < start) | (xyz > start + last)).any(axis=1)
    flat = both <= 1e-12 * np.maximum(uu, np.finfo(float).tiny)
    return np.where(outside | flat, np.nan, np.clip(score, -1, 1))


def q_by_residue(
    values: ArrayLike, pixel_size: float, origin: Sequence[float] | NDArray, model: pd.DataFrame
) -> pd.Series:
    """Mean Q-score of the atoms of each residue, by residue number.

    Parameters
    ----------
    values, pixel_size, origin
        As `q_score`.
    model : DataFrame
        Of one chain, with x, y, z (Angstrom) and residue, as ``data.read_model`` gives it.
    """
    import pandas as pd

    scores = q_score(values, pixel_size, origin, model[["x", "y", "z"]])
    return pd.Series(scores).groupby(model["residue"].to_numpy()).mean()


def model_density(
    atoms: ArrayLike,
    shape: tuple[int, int, int],
    pixel_size: float,
    origin: Sequence[float] | NDArray,
    *,
    resolution: float,
    weights: ArrayLike | None = None,
) -> NDArray:
    """Density of a model on the grid of a map, each atom a Gaussian.

    The standard deviation is ``resolution / (pi sqrt(2))``, 0.225 times the resolution; with coarse pixels it
    is at least half a pixel. Atoms outside the grid are left out.

    Parameters
    ----------
    atoms : (n, 3) array
        x, y, z in Angstrom.
    shape : (Z, Y, X)
        Of the map.
    pixel_size, resolution : float
        Angstrom.
    origin : (x, y, z)
        Position of voxel (0, 0, 0), Angstrom.
    weights : (n,) array, optional
        Such as atomic numbers; 1 each unless given.

    Returns
    -------
    (Z, Y, X) float32
    """
    from scipy.ndimage import gaussian_filter

    xyz = _atoms(atoms)
    weight = np.ones(len(xyz)) if weights is None else np.asarray(weights, float)
    if weight.shape != (len(xyz),) or not np.isfinite(weight).all():
        raise InputError(f"weights: expected one finite number for each of {len(xyz)} atoms.")
    if not (pixel_size > 0 and resolution > 0):
        raise InputError(f"pixel_size {pixel_size}, resolution {resolution}; expected Angstrom, above 0.")
    at = ((xyz - np.asarray(origin, float)) / pixel_size)[:, ::-1]
    low = np.floor(at).astype(int)
    part = at - low
    out = np.zeros(shape)
    for corner in np.ndindex(2, 2, 2):
        where = low + corner
        ok = ((where >= 0) & (where < shape)).all(axis=1)
        share = weight * np.prod(np.where(corner, part, 1 - part), axis=1)
        np.add.at(out, tuple(where[ok].T), share[ok])
    # sharing an atom among eight voxels has spread it already
    spread = max(resolution / (math.pi * math.sqrt(2)) / pixel_size, 0.5) ** 2 - 1 / 6
    return gaussian_filter(out, math.sqrt(spread), mode="constant", truncate=5).astype(np.float32)


def correlation(a: ArrayLike, b: ArrayLike, mask: ArrayLike | None = None) -> float:
    """Real-space correlation of two maps, about their means, within a mask.

    Parameters
    ----------
    a, b : (Z, Y, X) arrays
        A map and the density of its model on the same grid (`model_density`).
    mask : (Z, Y, X) array, optional
        Weights from 0 to 1; True or False will do. Without it the empty box raises the number.

    Returns
    -------
    float
        In [-1, 1]; NaN where one of them is constant inside the mask.

    Raises
    ------
    InputError
        For different shapes, values that are not finite, or an empty mask.
    """
    first, second = np.asarray(a, float), np.asarray(b, float)
    weight = np.ones(first.shape) if mask is None else np.asarray(mask, float)
    if not first.shape == second.shape == weight.shape:
        raise InputError(f"shapes {first.shape}, {second.shape}, mask {weight.shape}; expected the same.")
    if not (np.isfinite(first).all() and np.isfinite(second).all() and np.isfinite(weight).all()):
        raise InputError("map, model or mask: holds NaN or infinite values; expected finite ones.")
    if weight.min() < 0 or not weight.sum() > 0:
        raise InputError("mask: is 0 everywhere or has negative values; expected weights from 0 to 1.")
    p, q = (m - np.average(m, weights=weight) for m in (first, second))
    scale = math.sqrt((weight * p * p).sum() * (weight * q * q).sum())
    smallest = 1e-12 * weight.sum() * max(np.abs(first).max() * np.abs(second).max(), np.finfo(float).tiny)
    return float(np.clip((weight * p * q).sum() / scale, -1, 1)) if scale > smallest else math.nan


@dataclass(frozen=True)
class Placement:
    """Where a map puts a group of atoms.

    Attributes
    ----------
    shift : (3,) float64
        From the atoms as they are to the best place, x, y, z in Angstrom.
    distance : float
        Length of the shift, Angstrom.
    correlation, here : float
        At the best place and at the atoms' own, over the voxels of the group.
    """

    shift: NDArray
    distance: float
    correlation: float
    here: float


def placement(
    values: ArrayLike,
    pixel_size: float,
    origin: Sequence[float] | NDArray,
    atoms: ArrayLike,
    *,
    resolution: float,
    weights: ArrayLike | None = None,
    reach: float = 5.0,
) -> Placement:
    """Find the translation of a few atoms, such as a loop or a ligand, that fits the map best.

    The density of the atoms (`model_density`) is moved over the map within `reach`; at each place it is
    correlated with the map, about the means, over the voxels where it is above 5 % of its peak. The best
    place is refined by a parabola along each axis. No rotation is tried, and the other atoms are not taken
    away: the number says whether the group sits on density of its shape, and how far off it lies if not.

    Parameters
    ----------
    values : (Z, Y, X) array
        Density; outside the array it counts as 0.
    pixel_size, resolution : float
        Angstrom; the resolution is the map's.
    origin : (x, y, z)
        Position of voxel (0, 0, 0), Angstrom.
    atoms : (n, 3) array
        x, y, z in Angstrom.
    weights : (n,) array, optional
        Such as atomic numbers.
    reach : float
        Largest shift, Angstrom. With no density of that shape the distance is any number up to it.

    Returns
    -------
    Placement
        All NaN where the map is constant around the atoms.

    Raises
    ------
    InputError
        If the map, atoms or a number cannot be used.
    """
    from scipy import fft

    density, xyz, start = _map(values, pixel_size), _atoms(atoms), np.asarray(origin, float)
    if not reach > 0:
        raise InputError(f"reach: {reach}; expected Angstrom, above 0.")
    edge = (reach + 2 * resolution) / pixel_size
    low = np.floor((xyz.min(axis=0) - start) / pixel_size - edge).astype(int)[::-1]
    high = np.ceil((xyz.max(axis=0) - start) / pixel_size + edge).astype(int)[::-1] + 1
    shape = (int(high[0] - low[0]), int(high[1] - low[1]), int(high[2] - low[2]))
    around = np.zeros(shape)
    first, last = np.clip(low, 0, density.shape), np.clip(high, 0, density.shape)
    inside = density[tuple(slice(a, b) for a, b in zip(first, last, strict=True))]
    around[tuple(slice(a, b) for a, b in zip(first - low, last - low, strict=True))] = inside
    corner = start + low[::-1] * pixel_size
    probe = model_density(xyz, shape, pixel_size, corner, resolution=resolution, weights=weights)
    where = probe > 0.05 * probe.max()
    n = int(where.sum())
    probe = np.where(where, probe - probe[where].mean(), 0)

    def sums(weight: NDArray, of: NDArray) -> NDArray:
        """Sum of `weight` moved by every shift times `of`."""
        return np.asarray(fft.irfftn(np.conj(fft.rfftn(weight)) * fft.rfftn(of), s=shape))

    spread = sums(where, around**2) - sums(where, around) ** 2 / n
    flat = 1e-9 * max(float((around**2).max()) * n, float(np.finfo(float).tiny))
    moved = [np.fft.fftfreq(size, 1 / size) * pixel_size for size in shape]
    allowed = np.sqrt(moved[0][:, None, None] ** 2 + moved[1][:, None] ** 2 + moved[2] ** 2) <= reach
    allowed &= spread > flat
    if not allowed.any():
        return Placement(np.full(3, math.nan), math.nan, math.nan, math.nan)
    fit = sums(probe, around) / np.sqrt(np.maximum(spread, flat) * (probe**2).sum())
    best = [int(k) for k in np.unravel_index(int(np.where(allowed, fit, -np.inf).argmax()), shape)]
    shift = []
    for axis in range(3):
        through = fit[tuple(slice(None) if k == axis else best[k] for k in range(3))]
        line = np.take(through, best[axis] + np.arange(-1, 2), mode="wrap").astype(float)
        bend = line[0] - 2 * line[1] + line[2]
        part = float((line[0] - line[2]) / (2 * bend)) if bend < 0 else 0.0
        shift.append(moved[axis][best[axis]] + pixel_size * float(np.clip(part, -1, 1)))
    vector = np.array(shift[::-1])
    return Placement(vector, float(np.linalg.norm(vector)), float(fit[tuple(best)]), float(fit[0, 0, 0]))
