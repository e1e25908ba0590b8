"""Single particle images: projection, contrast transfer, dose and noise at a stated ratio."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import fft

from scopecheck.acquire.cryoem.ctf import CTF, damage, transfer
from scopecheck.acquire.cryoem.inputs import (
    number,
    rotation_matrices,
    shift_vectors,
    signal_to_noise,
    volume_box,
    whole,
)
from scopecheck.acquire.cryoem.poses import uniform_rotations
from scopecheck.acquire.cryoem.projection import project
from scopecheck.errors import InputError


@dataclass(frozen=True)
class ParticleSet:
    """Particle images with their exact truth.

    Parameters
    ----------
    images : ndarray, shape (N, D, D), float32
        With noise; protein is dark.
    clean : ndarray, shape (N, D, D), float32
        Without noise, CTF applied.
    rotations : ndarray, shape (N, 3, 3)
    shifts : ndarray, shape (N, 2)
        Pixels (x, y).
    ctfs : tuple of CTF
        One for each particle.
    state : ndarray, shape (N,), int
        Which volume each particle shows.
    pixel_size : float
        Angstrom.
    snr : float
        As asked; infinity without noise.
    noise_sd : float
        Standard deviation of the noise, in the unit of `clean`.
    """

    images: np.ndarray
    clean: np.ndarray
    rotations: np.ndarray
    shifts: np.ndarray
    ctfs: tuple[CTF, ...]
    state: np.ndarray
    pixel_size: float
    snr: float
    noise_sd: float


def particles(
    volumes: np.ndarray,
    *,
    n: int,
    pixel_size: float,
    snr: float | None,
    seed: int,
    state: np.ndarray | None = None,
    rotations: np.ndarray | None = None,
    shifts: np.ndarray | None = None,
    ctfs: CTF | Sequence[CTF] | None = None,
    dose: float | None = None,
) -> ParticleSet:
    """Take particles of one or several volumes.

    The box is periodic: signal that the CTF carries past an edge comes back on the other side, as
    reconstruction programs assume. Take a larger volume and crop the images to see what a small box loses.

    Parameters
    ----------
    volumes : ndarray, shape (D, D, D) or (k, D, D, D)
    n : int
        Number of particles, 1 or more.
    pixel_size : float
        Angstrom.
    snr : float or None
        Signal to noise ratio as the package defines it. None or infinity: no noise. 0: noise alone, of
        standard deviation 1, while `clean` shows what the images do not hold.
    seed : int
        Of everything drawn here; the noise does not depend on which of the others are given.
    state : ndarray of int, shape (n,), optional
        Volume of each particle; equal shares in random order unless given.
    rotations : ndarray, shape (n, 3, 3), optional
        Uniform unless given.
    shifts : ndarray, shape (n, 2), optional
        None unless given.
    ctfs : CTF or sequence of n, optional
        Unless given: underfocus uniform from 1 to 2 um, astigmatism up to 50 nm, 300 kV, 2.7 mm, 10 %.
    dose : float, optional
        Electrons a square Angstrom. With it, amplitudes fade by radiation damage before the ratio is set, and
        the noise is that of counted electrons (Poisson) instead of Gaussian.

    Returns
    -------
    ParticleSet

    Raises
    ------
    InputError
        If a volume is odd, not cubic or not finite, an argument has the wrong sign, or lengths do not agree.
    """
    volumes = np.asarray(volumes)
    models = [volume_box(v, "volumes") for v in (volumes if volumes.ndim == 4 else [volumes])]
    if not models:
        raise InputError("volumes: expected one volume or more, got none")
    if whole(n, "n") < 1:
        raise InputError("n: expected 1 particle or more")
    number(pixel_size, "pixel_size", above=0)
    ratio = signal_to_noise(snr)
    draw, noise_seed = np.random.SeedSequence(seed).spawn(2)
    rng = np.random.default_rng(draw)
    rotations = (
        uniform_rotations(n, rng.integers(2**31)) if rotations is None else rotation_matrices(rotations, n)
    )
    shifts = shift_vectors(shifts, n)
    state = rng.permutation(np.arange(n) % len(models)) if state is None else np.asarray(state)
    if state.shape != (n,) or state.dtype.kind not in "iu" or not np.isin(state, range(len(models))).all():
        raise InputError(
            f"state: expected {n} whole numbers from 0 to {len(models) - 1} (volumes given: {len(models)})"
        )
    optics = _ctfs(ctfs, n, rng)
    box = models[0].shape[0]
    projections = np.empty((n, box, box), np.float32)
    for index, model in enumerate(models):
        shown = state == index
        if shown.any():
            projections[shown] = project(model, rotations[shown], shifts[shown])
    clean = modulate(projections, optics, pixel_size, dose)
    variance = float(clean.var(axis=(1, 2), dtype=float).mean())
    images, noise_sd = expose(clean, variance, ratio, np.random.default_rng(noise_seed), dose, pixel_size)
    return ParticleSet(images, clean, rotations, shifts, optics, state, float(pixel_size), ratio, noise_sd)


def modulate(
    images: np.ndarray, ctfs: Sequence[CTF], pixel_size: float, dose: float | None = None
) -> np.ndarray:
    """Apply one CTF to each image (N, Y, X), and the fading of a dose; float32."""
    fy = fft.fftfreq(images.shape[1], pixel_size)[:, None]
    fx = fft.rfftfreq(images.shape[2], pixel_size)[None, :]
    fading = 1.0 if dose is None else damage(dose, np.hypot(fx, fy), ctfs[0].voltage)
    out = np.empty(images.shape, np.float32)
    step = max(1, 1_000_000 // images[0].size)
    for first in range(0, len(images), step):
        batch = slice(first, first + step)
        values = fft.rfft2(images[batch]) * transfer(ctfs[batch], fx, fy) * fading
        out[batch] = fft.irfft2(values, s=images.shape[1:])
    return out


def expose(
    clean: np.ndarray,
    variance: float,
    snr: float,
    rng: np.random.Generator,
    dose: float | None = None,
    pixel_size: float = 1.0,
    strength: np.ndarray | float = 1.0,
) -> tuple[np.ndarray, float]:
    """Noise whose variance is ``variance / snr``, in the unit of `clean`: images (float32) and noise sd.

    With a dose the electrons in a pixel are counted: their mean number follows `clean` with the contrast that
    the ratio implies, and what would be darker than black is black. `strength` scales the noise by place.
    """
    if dose is not None:
        number(dose, "dose", above=0)
    if snr == np.inf:
        return clean.copy(), 0.0
    if snr == 0:
        return rng.standard_normal(clean.shape, np.float32), 1.0
    if not variance > 0:
        raise InputError("volumes: the clean images are constant, so no noise has a stated ratio to them")
    sd = float(np.sqrt(variance / snr))
    if dose is None:
        return clean + rng.standard_normal(clean.shape, np.float32) * np.float32(sd) * np.float32(
            strength
        ), sd
    electrons = dose * pixel_size**2
    contrast = 1 / (sd * np.sqrt(electrons))  # of one unit of clean; shot noise sqrt(electrons) is sd units
    if contrast * np.sqrt(variance) > 0.5:
        raise InputError(
            f"dose: {dose:g} e/A^2 is {electrons:.3g} electrons a pixel, too few for an SNR of {snr:g};"
            " raise the dose or lower the ratio"
        )
    mean = electrons * np.clip(1 + contrast * clean.astype(float), 0, None)
    noise = (rng.poisson(mean) - mean) / (electrons * contrast)
    seen = (mean / electrons - 1) / contrast  # clean, cut at black
    return (seen + noise * strength).astype(np.float32), sd


def _ctfs(ctfs: CTF | Sequence[CTF] | None, n: int, rng: np.random.Generator) -> tuple[CTF, ...]:
    if ctfs is None:
        u = rng.uniform(10_000, 20_000, n)
        v = u - rng.uniform(0, 500, n)
        angle = rng.uniform(0, 180, n)
        return tuple(CTF(*map(float, one)) for one in zip(u, v, angle, strict=True))
    given = (ctfs,) * n if isinstance(ctfs, CTF) else tuple(ctfs)
    if len(given) != n or not all(isinstance(one, CTF) for one in given):
        raise InputError(f"ctfs: expected one CTF, or one for each of {n} particles")
    return given
