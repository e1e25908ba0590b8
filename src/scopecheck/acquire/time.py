"""One specimen over time: frames that repeat it with noise of their own, and light that bleaches it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scopecheck.acquire.camera import Camera, expose
from scopecheck.acquire.optics import light
from scopecheck.errors import InputError


def repeats(photons: NDArray, camera: Camera, n: int, seed: int) -> NDArray:
    """Take the same expected light n times: frames that differ by their noise alone.

    Parameters
    ----------
    photons : ndarray, (Y, X)
        Expected photons a pixel and frame.
    camera : Camera
        Its fixed pattern is the same in all frames.
    n : int
        Frames.
    seed : int

    Returns
    -------
    ndarray, (n, Y, X), ADU

    Raises
    ------
    InputError
        As `acquire.expose`, or if n is below 1.
    """
    if n < 1:
        raise InputError(f"n: {n}; expected at least one frame.")
    return expose(np.broadcast_to(light(photons, "photons"), (n, *np.shape(photons))), camera, seed)


def bleached(
    photons: NDArray, background: NDArray | float, frames: int, exposure: float, lifetime: float
) -> NDArray:
    """Expected light of a series whose specimen bleaches while it is lit.

    A molecule sends light until it bleaches, after an exponential time. Frame k then collects, of what the
    specimen would send in one unit of exposure at first, lifetime (exp(-k exposure / lifetime) -
    exp(-(k + 1) exposure / lifetime)): a longer exposure collects more in each frame and less later. All the
    light that there is, over any series, is at most lifetime times that of one unit.

    Parameters
    ----------
    photons : ndarray, (Y, X)
        Expected photons a pixel of the unbleached specimen in one unit of exposure, without background.
    background : ndarray, (Y, X), or float
        Likewise, of what does not bleach.
    frames : int
    exposure : float
        Of each frame, units; light is off between frames.
    lifetime : float
        Mean time until a molecule bleaches, units of exposure; infinity: never.

    Returns
    -------
    ndarray, (frames, Y, X), float64
        Expected photons a pixel, to be given to `acquire.expose`.

    Raises
    ------
    InputError
        If a number is not positive, or light is negative or not finite.
    """
    specimen = light(photons, "photons")
    rest = np.asarray(background, float)
    if rest.shape not in ((), specimen.shape):
        raise InputError(f"background: shape {rest.shape}; expected one number, or {specimen.shape}.")
    if frames < 1 or not (0 < exposure < np.inf and lifetime > 0):
        raise InputError(
            f"frames {frames}, exposure {exposure}, lifetime {lifetime}: expected at least one frame, and"
            " times above 0, the exposure a finite one."
        )
    if specimen.min() < 0 or not (np.isfinite(rest).all() and rest.min() >= 0):
        raise InputError("photons, background: expected finite light of 0 and above.")
    start = np.arange(frames) * exposure
    if np.isfinite(lifetime):
        share = -lifetime * np.exp(-start / lifetime) * np.expm1(-exposure / lifetime)
    else:
        share = np.full(frames, float(exposure))
    return share[:, None, None] * specimen + exposure * rest
