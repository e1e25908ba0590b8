"""Orientations: uniform, preferred, in error, and as RELION's Euler angles."""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from scopecheck.acquire.cryoem.inputs import number, rotation_matrices, whole
from scopecheck.errors import InputError


def uniform_rotations(n: int, seed: int) -> np.ndarray:
    """Orientations drawn uniformly over all rotations.

    Parameters
    ----------
    n : int
    seed : int

    Returns
    -------
    ndarray, shape (n, 3, 3), float64
    """
    quaternions = np.random.default_rng(seed).standard_normal((whole(n, "n"), 4))
    return _matrices(Rotation.from_quat(quaternions)) if n else np.zeros((0, 3, 3))


def preferred_rotations(
    n: int, *, kappa: float, seed: int, axis: tuple[float, float, float] = (0.0, 0.0, 1.0)
) -> np.ndarray:
    """Orientations whose viewing direction gathers around an axis; the in-plane angle stays uniform.

    The viewing direction d (last row of R) follows the von Mises-Fisher density ``exp(kappa d.axis)`` on the
    sphere, which is sampled exactly; its mean ``d.axis`` is ``coth(kappa) - 1 / kappa`` (Fisher 1953,
    doi:10.1098/rspa.1953.0064).

    Parameters
    ----------
    n : int
    kappa : float
        Concentration, 0 (uniform) or more. At 10 the mean angle to the axis is about 23 degrees.
    seed : int
    axis : (x, y, z)
        Preferred viewing direction in the volume, of any length above 0.

    Returns
    -------
    ndarray, shape (n, 3, 3), float64
    """
    number(kappa, "kappa", minimum=0)
    target = np.asarray(axis, float)
    if target.shape != (3,) or not np.isfinite(target).all() or not np.linalg.norm(target) > 0:
        raise InputError(f"axis: expected a direction (x, y, z), got {axis}")
    target = target / np.linalg.norm(target)
    rng = np.random.default_rng(seed)
    u, around, psi = rng.random((3, whole(n, "n")))
    along = 2 * u - 1 if kappa < 1e-6 else 1 + np.log(u + (1 - u) * np.exp(-2 * kappa)) / kappa
    along = np.clip(along, -1.0, 1.0)
    tilt = np.degrees(np.arccos(along))
    about_z = rotations_from_relion(np.stack([360 * around, tilt, 360 * psi], axis=1))
    return about_z @ _matrices(Rotation.align_vectors([[0.0, 0.0, 1.0]], [target])[0])


def perturb_rotations(rotations: np.ndarray, degrees: float, seed: int) -> np.ndarray:
    """Orientations in error: each is followed by a small random rotation.

    Parameters
    ----------
    rotations : ndarray, shape (N, 3, 3)
    degrees : float
        Standard deviation of the error about each of the three axes; the whole angle's root mean square is
        ``sqrt(3)`` times that.
    seed : int

    Returns
    -------
    ndarray, shape (N, 3, 3), float64
    """
    rotations = rotation_matrices(rotations)
    number(degrees, "degrees", minimum=0)
    error = np.radians(degrees) * np.random.default_rng(seed).standard_normal((len(rotations), 3))
    return _matrices(Rotation.from_rotvec(error)) @ rotations if len(rotations) else rotations


def rotations_from_relion(angles: np.ndarray) -> np.ndarray:
    """Rotation matrices of RELION's Euler angles.

    Parameters
    ----------
    angles : ndarray, shape (N, 3)
        rot, tilt, psi in degrees.

    Returns
    -------
    ndarray, shape (N, 3, 3), float64
    """
    angles = np.asarray(angles, float)
    if angles.ndim != 2 or angles.shape[1] != 3 or not np.isfinite(angles).all():
        raise InputError(
            f"angles: expected finite rot, tilt, psi in degrees (N, 3), got shape {angles.shape}"
        )
    if not len(angles):
        return np.zeros((0, 3, 3))
    return _matrices(Rotation.from_euler("ZYZ", angles, degrees=True)).transpose(0, 2, 1)


def rotations_to_relion(rotations: np.ndarray) -> np.ndarray:
    """RELION's Euler angles of rotation matrices; at tilt 0 or 180, where rot and psi are one, psi is 0.

    Parameters
    ----------
    rotations : ndarray, shape (N, 3, 3)

    Returns
    -------
    ndarray, shape (N, 3), float64
        rot, tilt, psi in degrees; tilt from 0 to 180.
    """
    r = rotation_matrices(rotations)
    across = np.hypot(r[:, 2, 0], r[:, 2, 1])
    pole = across < 1e-7
    rot = np.arctan2(r[:, 2, 1], r[:, 2, 0])
    psi = np.arctan2(r[:, 1, 2], -r[:, 0, 2])
    rot = np.where(pole, np.arctan2(np.sign(r[:, 2, 2]) * r[:, 0, 1], r[:, 1, 1]), rot)
    psi = np.where(pole, 0.0, psi)
    return np.degrees(np.stack([rot, np.arctan2(across, r[:, 2, 2]), psi], axis=1))


def _matrices(rotation: Rotation) -> np.ndarray:
    return np.asarray(rotation.as_matrix(), float)
