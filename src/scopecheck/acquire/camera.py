"""A scientific camera: expected photons in, grey values out.

The chain and its symbols follow the linear camera model of the EMVA standard 1288 (release 4.0) and the
mean-variance ("photon transfer") method of Janesick, doi:10.1117/3.725073: with Poisson light the variance
of a pixel over frames rises with its mean along a line whose slope is the gain and whose height at the
offset is the read noise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scopecheck.errors import InputError


@dataclass(frozen=True)
class Camera:
    """What a camera does to light; the default is a quiet sCMOS camera without a fixed pattern.

    Parameters
    ----------
    gain : float
        Grey values (ADU) an electron.
    offset : float
        Grey value of a dark pixel, ADU.
    read_noise : float
        Noise of reading one pixel, electrons RMS, independent between pixels and frames.
    bit_depth : int
        Grey values end at ``2 ** bit_depth - 1``; 1 to 16.
    full_well : float
        Electrons a pixel can hold; more are lost. By default no limit.
    quantum_efficiency : float
        Electrons a photon, 0 to 1. At the default of 1 "photons" means detected photons.
    dark : float
        Dark electrons a pixel and frame (Poisson).
    fixed_pattern : float
        Spread (SD) of the pixels' sensitivity as a fraction; the same in every frame of this camera.
    fixed_offset : float
        Spread (SD) of the pixels' offset, electrons; the same in every frame of this camera.
    row_noise : float
        Noise common to all pixels of a row, electrons RMS, new in every frame.
    serial : int
        Which camera it is: the seed of its fixed pattern. Frames of another shape show another pattern.
    """

    gain: float = 1.0
    offset: float = 100.0
    read_noise: float = 1.6
    bit_depth: int = 16
    full_well: float = np.inf
    quantum_efficiency: float = 1.0
    dark: float = 0.0
    fixed_pattern: float = 0.0
    fixed_offset: float = 0.0
    row_noise: float = 0.0
    serial: int = 0

    def __post_init__(self) -> None:
        for name in ("offset", "read_noise", "dark", "fixed_pattern", "fixed_offset", "row_noise"):
            value = getattr(self, name)
            if not (np.isfinite(value) and value >= 0):
                raise InputError(f"Camera {name}: expected 0 or a positive number, got {value}")
        if not (np.isfinite(self.gain) and self.gain > 0):
            raise InputError(f"Camera gain: expected a positive number, got {self.gain}")
        if not self.full_well > 0:
            raise InputError(f"Camera full_well: expected a positive number, got {self.full_well}")
        if not 0 < self.quantum_efficiency <= 1:
            raise InputError(
                f"Camera quantum_efficiency: expected above 0, at most 1; got {self.quantum_efficiency}"
            )
        if self.bit_depth not in range(1, 17):
            raise InputError(f"Camera bit_depth: expected a whole number from 1 to 16, got {self.bit_depth}")

    @property
    def saturation(self) -> int:
        """Grey value of a full pixel, by its bits or by its full well; read noise still spreads around the
        latter.
        """
        return int(min(2**self.bit_depth - 1, np.rint(self.full_well * self.gain + self.offset)))


def expose(photons: np.ndarray, camera: Camera, seed: int) -> np.ndarray:
    """Take frames of expected photons with a camera.

    Photons arrive as a Poisson number and become electrons, the full well cuts them, read, row and fixed
    noise are added, the gain and the offset make grey values of them, which are rounded and cut to the bit
    depth.

    Parameters
    ----------
    photons : ndarray, shape (Y, X) or (..., Y, X)
        Expected photons a pixel, 0 or more. Leading axes are frames: they share the fixed pattern.
    camera : Camera
    seed : int
        Of the noise that is new in every frame.

    Returns
    -------
    ndarray, shape of `photons`, uint8 up to 8 bit and uint16 above, ADU

    Raises
    ------
    InputError
        If photons are negative, not finite, or not at least 2D.
    """
    photons = np.asarray(photons, dtype=np.float64)
    if photons.ndim < 2 or photons.size == 0:
        raise InputError(f"photons: expected (Y, X) or (frames, Y, X), got shape {photons.shape}")
    if not np.isfinite(photons).all() or photons.min() < 0:
        raise InputError(
            "photons: expected finite numbers of 0 and above; subtract no background before exposing"
        )
    if photons.max() > 1e15:
        raise InputError(f"photons: expected at most 1e15 a pixel, got {photons.max():.3g}")
    pattern = np.random.default_rng([camera.serial, *photons.shape[-2:]])
    sensitivity = 1.0 + camera.fixed_pattern * pattern.standard_normal(photons.shape[-2:])
    pixel_offset = camera.fixed_offset * pattern.standard_normal(photons.shape[-2:])
    noise = np.random.default_rng(seed)
    expected = photons * camera.quantum_efficiency * np.clip(sensitivity, 0.0, None) + camera.dark
    electrons = np.minimum(noise.poisson(expected), camera.full_well).astype(np.float64)
    electrons += camera.read_noise * noise.standard_normal(photons.shape)
    electrons += camera.row_noise * noise.standard_normal(photons.shape[:-1])[..., None]
    grey = np.rint(camera.gain * (electrons + pixel_offset) + camera.offset)
    dtype = np.uint8 if camera.bit_depth <= 8 else np.uint16
    return np.clip(grey, 0, 2**camera.bit_depth - 1).astype(dtype)
