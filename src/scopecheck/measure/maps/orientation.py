"""Resolution by direction, and how well the views of the particles fill Fourier space."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scopecheck.errors import InputError
from scopecheck.measure.maps.shells import Curve, checked, checked_mask, crossing, threads

ENOUGH = 10  # views for each voxel of the shell's radius, from which there is a sampling compensation factor
FEWEST = 20  # voxels of a shell in a cone from which their correlation is taken


@dataclass(frozen=True)
class Cones:
    """Fourier shell correlations in cones about several directions.

    Attributes
    ----------
    frequency : (K,) float64
        1/pixel, from 0 to Nyquist.
    directions : (n, 3) float64
        Unit vectors x, y, z of the cones' axes.
    fsc : (n, K) float64
        One curve a direction. A shell in which a cone holds fewer than 20 voxels takes the value of the whole
        shell.
    counts : (n, K) int64
        Fourier voxels in the cone, both of a Friedel pair counted.
    half_angle : float
        Degrees.
    """

    frequency: NDArray
    directions: NDArray
    fsc: NDArray
    counts: NDArray
    half_angle: float

    def resolutions(self, threshold: float = 0.143, pixel_size: float = 1.0) -> NDArray:
        """Resolution along each direction, (n,) Angstrom; NaN where a curve never falls to the threshold."""
        curves = (Curve(self.frequency, f, c) for f, c in zip(self.fsc, self.counts, strict=True))
        return np.array([crossing(curve, threshold, pixel_size).resolution for curve in curves])


@dataclass(frozen=True)
class Sampling:
    """How the views of a set of particles fill Fourier space.

    Attributes
    ----------
    scf : float
        Sampling compensation factor, by which uneven views lower the shell-averaged signal-to-noise ratio: 1
        for uniform views, 0 for a single one.
    unsampled : float
        Fraction of directions on the shell that no view reaches.
    directions : (m, 3) float64
        Unit vectors x, y, z spread evenly over a half sphere.
    relative : (m,) float64
        Views that reach each direction over their mean.
    n : int
        Views.
    """

    scf: float
    unsampled: float
    directions: NDArray
    relative: NDArray
    n: int


def spread(n: int) -> NDArray:
    """Return n unit vectors x, y, z (n, 3) spread evenly over the half sphere z > 0 (Fibonacci lattice)."""
    if n < 1:
        raise InputError(f"directions: {n}; expected at least 1.")
    z = (np.arange(n) + 0.5) / n
    around = math.pi * (3 - math.sqrt(5)) * np.arange(n)
    across = np.sqrt(1 - z**2)
    return np.stack([across * np.cos(around), across * np.sin(around), z], axis=1)


def _unit(directions: ArrayLike | int) -> NDArray:
    if isinstance(directions, int):
        return spread(directions)
    given = np.atleast_2d(np.asarray(directions, float))
    length = np.linalg.norm(given, axis=-1, keepdims=True)
    if given.ndim != 2 or given.shape[1] != 3 or not (np.isfinite(given).all() and (length > 0).all()):
        raise InputError(f"directions: shape {given.shape}; expected finite vectors x, y, z (n, 3), none 0.")
    return np.asarray(given / length)


def conical_fsc(
    a: ArrayLike,
    b: ArrayLike,
    directions: ArrayLike | int = 256,
    mask: ArrayLike | None = None,
    *,
    half_angle: float = 20.0,
) -> Cones:
    """Fourier shell correlation of two half maps inside double cones.

    Parameters
    ----------
    a, b : (D, D, D) arrays (Z, Y, X)
    directions : int or (n, 3) array of x, y, z
        Axes of the cones, or their number, spread evenly over a half sphere.
    mask : (D, D, D) array, optional
        0 to 1; both maps are multiplied by it. A mask that is not round has directions of its own.
    half_angle : float
        Degrees between axis and surface of a cone, above 0 to 90; at 90 every curve is the ordinary FSC.

    Returns
    -------
    Cones

    Raises
    ------
    InputError
        For maps of different box, not cubic or not finite, a mask that does not fit, or a bad angle.

    Notes
    -----
    Shells are those of `fsc` with ``counting="sphere"``. A curve of few voxels is noisy: with 20 degrees a
    cone holds 6 % of a shell.

    References
    ----------
    Tan et al. (2017), doi:10.1038/nmeth.4347.
    """
    from scipy import fft

    if not 0 < half_angle <= 90:
        raise InputError(f"half_angle: {half_angle}; expected degrees above 0, at most 90.")
    axes = _unit(directions)
    first = checked("first map", a)
    second = checked("second map", b, first)
    inside = 1 if mask is None else checked_mask(mask, first)
    box, half = len(first), len(first) // 2
    f, g = (fft.rfftn(m * inside, workers=threads(m.size)) for m in (first, second))
    k = np.fft.fftfreq(box, 1 / box)
    grid = np.stack(np.meshgrid(k, k, np.arange(half + 1.0), indexing="ij")[::-1], axis=-1)  # x, y, z
    radius = np.sqrt((grid**2).sum(axis=-1))
    shell = np.floor(radius + 0.5).astype(np.intp)
    keep = shell <= half
    weight = np.broadcast_to(np.where((grid[..., 0] > 0) & (2 * grid[..., 0] < box), 2, 1), shell.shape)[keep]
    shell = shell[keep]
    towards = (grid[keep] / np.maximum(radius[keep], 1)[:, None]).astype(np.float32)
    sums = [weight * part[keep] for part in ((f * g.conj()).real, np.abs(f) ** 2, np.abs(g) ** 2)] + [weight]
    least = math.cos(math.radians(half_angle)) - 1e-6

    def curve(chosen: NDArray) -> tuple[NDArray, NDArray]:
        at = shell[chosen]
        cross, p, q, n = (np.bincount(at, part[chosen], minlength=half + 1) for part in sums)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.clip(cross / np.sqrt(p * q), -1, 1), n.astype(np.int64)

    whole = curve(np.arange(len(shell)))[0]
    rows = [curve(np.flatnonzero(np.abs(towards @ axis) >= least)) for axis in axes.astype(np.float32)]
    counts = np.stack([row[1] for row in rows])
    values = np.where(counts >= FEWEST, np.stack([row[0] for row in rows]), whole)
    return Cones(np.arange(half + 1) / box, axes, values, counts, float(half_angle))


def directional_fsc(
    a: ArrayLike,
    b: ArrayLike,
    direction: ArrayLike,
    mask: ArrayLike | None = None,
    *,
    half_angle: float = 20.0,
) -> Curve:
    """Fourier shell correlation of two half maps along one direction (x, y, z); see `conical_fsc`."""
    if np.shape(direction) != (3,):
        raise InputError(f"direction: shape {np.shape(direction)}; expected one vector x, y, z.")
    cones = conical_fsc(a, b, np.asarray([direction]), mask, half_angle=half_angle)
    return Curve(cones.frequency, cones.fsc[0], cones.counts[0])


def conical_area_ratio(cones: Cones) -> float:
    """Smallest over largest area under the conical curves: 1 isotropic, towards 0 a missing direction.

    This is the conical FSC area ratio as described by the guide of cryoSPARC (half-angle 20 degrees, a value
    below 0.5 hints at preferred orientation). That program's masks, directions and treatment of low shells
    are its own, so its number for the same maps will differ. Here the area goes from shell 1 to Nyquist, by
    the trapezoidal rule, and correlations below 0 count as 0. Noise alone, in cones of few voxels, lowers it.

    Returns
    -------
    float
        In [0, 1]; NaN where no curve has any area.
    """
    from scipy.integrate import trapezoid

    areas = trapezoid(np.clip(np.nan_to_num(cones.fsc[:, 1:]), 0, 1), cones.frequency[1:], axis=1)
    return float(areas.min() / areas.max()) if areas.max() > 0 else math.nan


def sphericity(cones: Cones, threshold: float = 0.5) -> float:
    """Roundness of the surface on which the conical FSC falls to a threshold: 1 for a ball.

    Surface of the ball of the same volume over the surface, ``pi^(1/3) (6 V)^(2/3) / A``, of the polyhedron
    whose corners are the crossings along the cones' axes and their opposites. It is divided by the value of
    the same polyhedron with all corners at one radius. A curve that never falls ends at Nyquist, one that is
    below from the start at shell 1, so a map limited by its pixel size looks round.

    Parameters
    ----------
    cones : Cones
        At least 100 directions, spread over the sphere.
    threshold : float
        Correlation.

    Returns
    -------
    float

    References
    ----------
    Tan et al. (2017), doi:10.1038/nmeth.4347, who threshold a 3D FSC of voxels: not the same surface.
    """
    from scipy.spatial import ConvexHull

    if len(cones.directions) < 100:
        raise InputError(f"cones: {len(cones.directions)} directions; expected at least 100 over the sphere.")
    radius = 1 / cones.resolutions(threshold)
    below = cones.fsc[:, 1] < threshold
    radius = np.where(np.isnan(radius), np.where(below, cones.frequency[1], cones.frequency[-1]), radius)
    corners = np.concatenate([cones.directions, -cones.directions])
    triangles = ConvexHull(corners).simplices

    def roundness(r: NDArray) -> float:
        p, q, s = (corners * r[:, None])[triangles].transpose(1, 0, 2)
        volume = np.abs(np.einsum("ij,ij->i", p, np.cross(q, s))).sum() / 6
        area = np.linalg.norm(np.cross(q - p, s - p), axis=1).sum() / 2
        return float(np.pi ** (1 / 3) * (6 * volume) ** (2 / 3) / area)

    return roundness(np.concatenate([radius, radius])) / roundness(np.ones(len(corners)))


def _views(rotations: ArrayLike) -> NDArray:
    given = np.asarray(rotations, float)
    if given.ndim != 3 or given.shape[1:] != (3, 3) or not len(given) or not np.isfinite(given).all():
        raise InputError(f"rotations: shape {given.shape}; expected at least one finite matrix (N, 3, 3).")
    if np.abs(given @ given.transpose(0, 2, 1) - np.eye(3)).max() > 1e-3:
        raise InputError("rotations: not all are rotation matrices; expected orthonormal rows.")
    return given[:, 2]


def sampling_compensation(rotations: ArrayLike, *, radius: int = 50, directions: int = 2000) -> Sampling:
    """Sampling compensation factor of a set of views.

    A view reaches a direction k of the Fourier shell when its slice passes within half a voxel of it,
    ``|k . d| < 1 / (2 radius)`` with d the viewing direction, the last row of the rotation. With S the number
    of views that reach a direction, the factor is the harmonic over the arithmetic mean of S, N / (2 radius).

    Unsampled Fourier space: the harmonic mean is taken over the directions that are reached, as SCF, and a
    fraction z that is not reached lowers it to ``SCF / (1 + z / (1 - z) <S> SCF / 2)``, the rule of the
    authors' program (SCF*). N views of one direction then give 2 / N, which goes to 0. The rule
    counts a direction without any view as if it had two, so it means nothing where most have so few: fewer
    than 10 radius views, five a direction on average, are an error.

    Parameters
    ----------
    rotations : (N, 3, 3) array
        cryoDRGN's convention (`scopecheck.acquire.cryoem`). Symmetry mates, where there are any, are listed.
    radius : int
        Shell, in Fourier voxels.
    directions : int
        Directions looked at.

    Returns
    -------
    Sampling

    Raises
    ------
    InputError
        For fewer than 10 radius views, or matrices that are not rotations.

    Notes
    -----
    Uniform views give 1, side views about one axis 8 / pi^2 = 0.811, in the limit of many views. N uniform
    views give about ``1 - 2 radius / N`` for the shot noise of S, so N should be far above 2 x radius.
    The factor knows directions alone; a junk particle counts as much as a good one.

    References
    ----------
    Baldwin and Lyumkis (2020), doi:10.1016/j.pbiomolbio.2019.09.002, and (2021),
    doi:10.1016/j.pbiomolbio.2020.06.003.
    """
    views = _views(rotations)
    if radius < 1:
        raise InputError(f"radius: {radius}; expected at least 1 Fourier voxel.")
    if len(views) < ENOUGH * radius:
        raise InputError(
            f"rotations: {len(views)} views; expected at least {ENOUGH * radius} for radius {radius}."
            " Give more views, or a smaller radius."
        )
    axes = spread(directions)
    reached = np.zeros(directions)
    for start in range(0, len(views), 4096):
        reached += (np.abs(axes @ views[start : start + 4096].T) < 0.5 / radius).sum(axis=1)
    some, mean = reached > 0, len(views) / (2 * radius)  # each view reaches 1 / (2 radius) of the sphere
    z = 1 - float(some.mean())
    if not some.any():
        return Sampling(0.0, 1.0, axes, reached, len(views))
    factor = 1 / (float((1 / reached[some]).mean()) * mean)
    scf = min(factor / (1 + z / (1 - z) * mean * factor / 2), 1.0)
    return Sampling(scf, z, axes, reached / mean, len(views))


def orientation_histogram(
    rotations: ArrayLike, *, azimuths: int = 36, elevations: int = 18
) -> tuple[NDArray, NDArray, NDArray]:
    """Histogram of viewing directions over the whole sphere, in bins of equal solid angle.

    Parameters
    ----------
    rotations : (N, 3, 3) array
        cryoDRGN's convention; the viewing direction is the last row.
    azimuths, elevations : int
        Number of bins.

    Returns
    -------
    counts : (elevations, azimuths) int64
    elevation : (elevations + 1,) float64
        Edges in degrees, -90 to 90, evenly spaced in their sine.
    azimuth : (azimuths + 1,) float64
        Edges in degrees, -180 to 180.
    """
    views = _views(rotations)
    if min(azimuths, elevations) < 1:
        raise InputError(f"bins: {elevations} x {azimuths}; expected at least one each.")
    sine, around = np.linspace(-1, 1, elevations + 1), np.linspace(-180, 180, azimuths + 1)
    angle = np.degrees(np.arctan2(views[:, 1], views[:, 0]))
    at = np.stack([np.clip(views[:, 2], -1, 1), angle], axis=1)
    counts = np.histogramdd(at, bins=[sine, around])[0].astype(np.int64)
    return counts, np.degrees(np.arcsin(sine)), around
