"""From particle images back to the volume, at given poses, by damped least squares: maps and one component.

The images are taken to be those of `particles`: CTF known, noise white. This is the plain linear counterpart
of the forward model, for baselines and nulls; it is no reconstruction program.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from scopecheck.acquire.cryoem.ctf import CTF, ctf_image
from scopecheck.acquire.cryoem.inputs import number, rotation_matrices, shift_vectors
from scopecheck.acquire.cryoem.poses import perturb_rotations
from scopecheck.acquire.cryoem.stack import particles
from scopecheck.errors import InputError

if TYPE_CHECKING:
    from scipy.sparse import csr_array

ROUNDS = 20  # of the alternation
SEARCH = ((30, 6.0), (30, 2.0))  # trials and their size, degrees


def reconstruct(
    images: np.ndarray,
    rotations: np.ndarray,
    ctfs: Sequence[CTF],
    pixel_size: float,
    shifts: np.ndarray | None = None,
) -> np.ndarray:
    """Make a volume from particle images at given poses.

    Each voxel of the transform is the least-squares value of all slices that touch it (trilinear), damped by
    the mean weight of the voxels that were seen.

    Parameters
    ----------
    images : ndarray, shape (N, D, D)
        D even; with the contrast that the CTFs have.
    rotations : ndarray, shape (N, 3, 3)
    ctfs : sequence of CTF, length N
    pixel_size : float
        Angstrom.
    shifts : ndarray, shape (N, 2), optional
        Where the particles lie from the centre of their images, pixels (x, y).

    Returns
    -------
    ndarray, shape (D, D, D) as (Z, Y, X), float32

    Raises
    ------
    InputError
        If shapes or lengths do not agree, or D is odd.
    """
    images = _stack(images)
    box = images.shape[1]
    grid = _back(*_slices(images, rotations, ctfs, pixel_size, shifts))
    spectrum = grid.reshape((box + 1,) * 3)[:-1, :-1, :-1]
    return np.fft.fftshift(np.fft.ifftn(np.fft.ifftshift(spectrum)).real).astype(np.float32)


def principal_component(
    images: np.ndarray,
    rotations: np.ndarray,
    ctfs: Sequence[CTF],
    pixel_size: float,
    *,
    noise_sd: float,
    seed: int,
    shifts: np.ndarray | None = None,
) -> np.ndarray:
    """Give each particle its coordinate along the one volume that explains most of what the mean does not.

    A principal component in 3D at given poses, by alternating least squares: a volume from the coordinates,
    coordinates from the volume (damped by the noise), twenty times.

    Parameters
    ----------
    images, rotations, ctfs, pixel_size, shifts
        As `reconstruct`.
    noise_sd : float
        Standard deviation of the noise in a pixel.
    seed : int
        Of the coordinates at the start.

    Returns
    -------
    ndarray, shape (N,)
        Mean 0 and standard deviation 1; the sign is open.

    Raises
    ------
    InputError
        As `reconstruct`, or if `noise_sd` is negative.

    References
    ----------
    Punjani and Fleet 2021, J Struct Biol 213:107702, https://doi.org/10.1016/j.jsb.2021.107702
    """
    images = _stack(images)
    n, box = images.shape[:2]
    power = (box * number(noise_sd, "noise_sd", minimum=0)) ** 2  # of the noise in a Fourier pixel
    cut, ctf, values = _slices(images, rotations, ctfs, pixel_size, shifts)
    rest = values - ctf * (cut @ _back(cut, ctf, values))
    z = np.random.default_rng(seed).normal(size=n)
    for _ in range(ROUNDS):
        shown = (ctf * (cut @ _back(cut, ctf, rest, np.repeat(z, len(rest) // n)))).reshape(n, -1)
        z = (shown.conj() * rest.reshape(n, -1)).real.sum(1) / ((abs(shown) ** 2).sum(1) + power)
        z = (z - z.mean()) / max(z.std(), 1e-12)
    return z


def search_rotations(
    images: np.ndarray,
    rotations: np.ndarray,
    ctfs: Sequence[CTF],
    pixel_size: float,
    *,
    seed: int,
    trials: Sequence[tuple[int, float]] = SEARCH,
) -> np.ndarray:
    """Search each particle's rotation once more, around a given one, against the map of all particles.

    Of rotations drawn around the best so far, the one is kept whose projection of the map correlates best
    with the image.

    Parameters
    ----------
    images, rotations, ctfs, pixel_size
        As `reconstruct`; the particles lie in the centre of their images.
    seed : int
        Of the trials.
    trials : sequence of (int, float)
        How many, and their standard deviation about each axis, degrees.

    Returns
    -------
    ndarray, shape (N, 3, 3)

    Raises
    ------
    InputError
        As `reconstruct`.
    """
    images = _stack(images)
    consensus = reconstruct(images, rotations, ctfs, pixel_size)
    best, score = np.asarray(rotations, float), np.full(len(images), -np.inf)
    known: dict[str, Any] = {"n": len(images), "pixel_size": pixel_size, "snr": None, "seed": 0, "ctfs": ctfs}
    sizes = [degrees for count, degrees in trials for _ in range(count)]
    for k, degrees in enumerate(sizes):
        tried = perturb_rotations(best, degrees, seed + k)
        seen = particles(consensus, rotations=tried, **known).clean
        like = (seen * images).sum((1, 2)) / np.linalg.norm(seen, axis=(1, 2))
        best = np.where((like > score)[:, None, None], tried, best)
        score = np.maximum(like, score)
    return best


def _stack(images: np.ndarray) -> np.ndarray:
    images = np.asarray(images)
    if images.ndim != 3 or not len(images) or images.shape[1] != images.shape[2] or images.shape[1] % 2:
        raise InputError(f"images: shape {images.shape}; expected (N, D, D) with an even D, one or more")
    if not np.isfinite(images).all():
        raise InputError("images: hold NaN or infinity; leave those particles out")
    return images


def _slices(
    images: np.ndarray,
    rotations: np.ndarray,
    ctfs: Sequence[CTF],
    pixel_size: float,
    shifts: np.ndarray | None,
) -> tuple[csr_array, np.ndarray, np.ndarray]:
    """The matrix that cuts all slices from a grid (D + 1 a side), their CTF, and the images' transforms.

    Of each image the half plane inside Nyquist is kept, (N * K,) values.
    """
    from scipy.sparse import csr_array

    n, box = images.shape[:2]
    if len(ctfs) != n:
        raise InputError(f"ctfs: expected one for each of {n} particles, got {len(ctfs)}")
    turned, half = rotation_matrices(rotations, n), box // 2
    ky, kx = np.mgrid[1 - half : half, :half]
    near = kx**2 + ky**2 < (half - 1) ** 2
    kx, ky = kx[near], ky[near]
    values = np.fft.rfft2(np.fft.ifftshift(images, axes=(1, 2)))[:, ky, kx]
    if shifts is not None and np.any(shifts):
        values = values * np.exp(2j * np.pi / box * (shift_vectors(shifts, n) @ np.stack([kx, ky])))
    ctf = np.stack([ctf_image(c, (box, box), pixel_size)[ky, kx] for c in ctfs]).ravel()
    at = (np.stack([kx, ky], axis=1) @ turned[:, :2]).reshape(-1, 3)[:, ::-1] + half
    low = np.floor(at).astype(np.int32)
    columns, amounts = [], []
    for corner in np.ndindex(2, 2, 2):
        columns.append(np.ravel_multi_index((low + corner).T, (box + 1,) * 3))
        amounts.append(np.prod(np.where(corner, at - low, 1 - at + low), axis=1))
    entries = np.stack(amounts, 1).ravel().astype(np.float32), np.stack(columns, 1).ravel()
    cut = csr_array((*entries, np.arange(len(at) + 1) * 8), shape=(len(at), (box + 1) ** 3))
    return cut, ctf, values.ravel()


def _back(
    cut: csr_array, ctf: np.ndarray, values: np.ndarray, weight: np.ndarray | float = 1.0
) -> np.ndarray:
    """The grid that fits slices of these values, each times a weight, best; a real volume's, damped."""
    top, under = cut.T @ (ctf * weight * values), cut.T @ (ctf * weight) ** 2
    top, under = top + top[::-1].conj(), under + under[::-1]
    return np.asarray(top / (under + under[under > 0].mean()))
