"""What every block of this package asks of its input."""

from __future__ import annotations

import numpy as np

from scopecheck.errors import InputError


def number(value: float, name: str, *, minimum: float = -np.inf, above: float = -np.inf) -> float:
    """A finite number, at least `minimum` and greater than `above`."""
    try:
        ok = np.ndim(value) == 0 and np.isfinite(value) and value >= minimum and value > above
    except TypeError:
        ok = False
    if not ok:
        lower = f" above {above:g}" if np.isfinite(above) else ""
        lower = f" of {minimum:g} or more" if np.isfinite(minimum) else lower
        raise InputError(f"{name}: expected a finite number{lower}, got {value!r}")
    return float(value)


def whole(value: int, name: str) -> int:
    """A whole number, 0 or more."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 0:
        raise InputError(f"{name}: expected a whole number, 0 or more, got {value!r}")
    return int(value)


def signal_to_noise(snr: float | None) -> float:
    """The ratio as a number: infinity stands for no noise."""
    if snr is None or (np.ndim(snr) == 0 and snr == np.inf):
        return np.inf
    return number(snr, "snr", minimum=0)


def volume_box(volume: np.ndarray, name: str = "volume") -> np.ndarray:
    """A cubic volume with an even box, as float32."""
    volume = np.asarray(volume)
    if volume.ndim != 3 or len(set(volume.shape)) != 1:
        raise InputError(
            f"{name}: expected a cubic volume (Z, Y, X), got shape {volume.shape}; crop or pad it to a cube"
        )
    if volume.shape[0] % 2 or volume.shape[0] < 4:
        raise InputError(f"{name}: expected an even box of 4 or more, got {volume.shape[0]}; pad it by one")
    if volume.dtype.kind not in "buif":
        raise InputError(f"{name}: expected real numbers, got {volume.dtype}")
    volume = volume.astype(np.float32)
    if not np.isfinite(volume).all():
        raise InputError(f"{name}: holds NaN or infinity; replace those voxels")
    return volume


def rotation_matrices(rotations: np.ndarray, n: int | None = None) -> np.ndarray:
    """Proper rotation matrices (N, 3, 3), float64."""
    rotations = np.asarray(rotations, float)
    if rotations.ndim != 3 or rotations.shape[1:] != (3, 3):
        raise InputError(f"rotations: expected matrices (N, 3, 3), got shape {rotations.shape}")
    if n is not None and len(rotations) != n:
        raise InputError(f"rotations: expected one for each of {n} particles, got {len(rotations)}")
    gram = rotations @ rotations.transpose(0, 2, 1)
    if not np.allclose(gram, np.eye(3), atol=1e-4) or not (np.linalg.det(rotations) > 0).all():
        raise InputError("rotations: expected proper rotation matrices (orthonormal, determinant +1)")
    return rotations


def shift_vectors(shifts: np.ndarray | None, n: int) -> np.ndarray:
    """Displacements (N, 2) in pixels, zero when None."""
    if shifts is None:
        return np.zeros((n, 2))
    shifts = np.asarray(shifts, float)
    if shifts.shape != (n, 2) or not np.isfinite(shifts).all():
        raise InputError(f"shifts: expected finite (x, y) in pixels, shape ({n}, 2), got {shifts.shape}")
    return shifts
