"""From atoms to density, and from density to projections."""

from __future__ import annotations

import numpy as np
from scipy import fft, ndimage

from scopecheck.acquire.cryoem.inputs import number, rotation_matrices, shift_vectors, volume_box, whole
from scopecheck.errors import InputError

PADDING = 2  # oversampling of the volume's transform
ATOMS = 20_000  # placed at once
CHUNK = 2_000_000  # Fourier samples interpolated at once


def density(
    xyz: np.ndarray,
    weights: np.ndarray | None = None,
    *,
    box: int,
    pixel_size: float,
    resolution: float,
    centre: tuple[float, float, float] | None = None,
) -> np.ndarray:
    """Density of atoms, each a Gaussian.

    The Gaussian's standard deviation is ``resolution / (pi sqrt(2))``: its Fourier amplitude is 1/e at the
    resolution. An atom's voxels sum to its weight (to 4 % at a resolution of two pixels, better above).

    Parameters
    ----------
    xyz : ndarray, shape (n, 3)
        Atoms, x, y, z in Angstrom.
    weights : ndarray, shape (n,), optional
        For example atomic numbers; 1 each unless given.
    box : int
        Even side of the volume, voxels.
    pixel_size, resolution : float
        Angstrom; the resolution is at least two pixels.
    centre : (x, y, z), optional
        What comes to voxel ``box // 2``, Angstrom; the centroid of the atoms unless given. Conformations to
        be compared need one centre for all.

    Returns
    -------
    ndarray, shape (box, box, box) as (Z, Y, X), float32

    Raises
    ------
    InputError
        If an atom lies outside the box, or an argument cannot be used.
    """
    xyz = np.asarray(xyz, float)
    if xyz.ndim != 2 or xyz.shape[1] != 3 or not len(xyz) or not np.isfinite(xyz).all():
        raise InputError(f"xyz: expected finite atoms (n, 3) in Angstrom, got shape {xyz.shape}")
    weights = np.ones(len(xyz)) if weights is None else np.asarray(weights, float)
    if weights.shape != (len(xyz),) or not np.isfinite(weights).all():
        raise InputError(f"weights: expected one finite number for each of {len(xyz)} atoms")
    if whole(box, "box") % 2 or box < 4:
        raise InputError(f"box: expected an even number of 4 or more, got {box}")
    number(pixel_size, "pixel_size", above=0)
    if number(resolution, "resolution", above=0) < 2 * pixel_size:
        raise InputError(f"resolution: {resolution:g} A is finer than two pixels of {pixel_size:g} A")
    middle = xyz.mean(axis=0) if centre is None else np.asarray(centre, float)
    voxels = (xyz - middle) / pixel_size + box // 2
    outside = np.abs(voxels - (box - 1) / 2).max()
    if outside > box / 2:
        raise InputError(
            f"box: an atom lies {outside * pixel_size:.0f} A from the middle of a box of"
            f" {box * pixel_size:.0f} A; take a larger box or pixel_size"
        )
    sigma = resolution / (np.pi * np.sqrt(2)) / pixel_size
    grid = np.arange(box)
    volume = np.zeros((box, box, box))
    for first in range(0, len(xyz), ATOMS):
        place = voxels[first : first + ATOMS]
        gx, gy, gz = np.exp(-0.5 * ((grid - place.T[..., None]) / sigma) ** 2) / (np.sqrt(2 * np.pi) * sigma)
        gy *= weights[first : first + ATOMS, None]
        for z in grid:
            near = np.abs(place[:, 2] - z) < 6 * sigma
            volume[z] += (gy[near] * gz[near, z, None]).T @ gx[near]
    return volume.astype(np.float32)


def project(volume: np.ndarray, rotations: np.ndarray, shifts: np.ndarray | None = None) -> np.ndarray:
    """Projections of a volume by its central slices.

    The volume is padded twofold, its transform interpolated by cubic splines, and everything at or beyond
    Nyquist is left out. A pixel is the sum of the voxels along its line.

    Parameters
    ----------
    volume : ndarray, shape (D, D, D)
    rotations : ndarray, shape (N, 3, 3)
    shifts : ndarray, shape (N, 2), optional
        Pixels (x, y). What leaves the box comes back on its other side.

    Returns
    -------
    ndarray, shape (N, D, D), float32
    """
    volume = volume_box(volume)
    rotations = rotation_matrices(rotations)
    n, box = len(rotations), volume.shape[0]
    shifts = shift_vectors(shifts, n)
    large = PADDING * box
    padded = np.zeros((large,) * 3, np.float32)
    start = large // 2 - box // 2
    padded[(slice(start, start + box),) * 3] = volume
    spectrum = fft.fftshift(fft.fftn(fft.ifftshift(padded), overwrite_x=True))
    spectrum = ndimage.spline_filter(spectrum, order=3, output=np.complex64, mode="grid-wrap")
    ky = fft.fftfreq(box, 1 / box)[:, None] + np.zeros(box // 2 + 1)
    kx = np.zeros((box, 1)) + np.arange(box // 2 + 1)
    inside = kx**2 + ky**2 < (box / 2) ** 2
    plane = np.stack([kx[inside], ky[inside]], axis=1)
    images = np.empty((n, box, box), np.float32)
    step = max(1, CHUNK // len(plane))
    for first in range(0, n, step):
        batch = slice(first, first + step)
        where = PADDING * (plane @ rotations[batch, :2]) + large // 2  # (n, K, 3) as x, y, z
        flat = where.reshape(-1, 3).T[::-1]
        values = ndimage.map_coordinates(spectrum, flat, order=3, mode="grid-wrap", prefilter=False)
        values = values.reshape(where.shape[:2])
        values *= np.exp(-2j * np.pi / box * (shifts[batch] @ plane.T))
        slices = np.zeros((len(values), *inside.shape), np.complex64)
        slices[:, inside] = values
        images[batch] = fft.fftshift(fft.irfft2(slices, s=(box, box)), axes=(1, 2))
    return images
