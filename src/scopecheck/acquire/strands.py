"""Fields of bent filaments (microtubules, actin, intermediate filaments), seen through a microscope."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scopecheck.acquire.localisation import Optics, filaments, spots
from scopecheck.errors import InputError

_APART = 0.5  # pixels between the points of light that make a line


def strands(
    side: int, n: int, *, light: float = 33.0, sigma: float = 1.3, seed: int = 0
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Draw filaments that go from edge to edge of a square field.

    Parameters
    ----------
    side : int
        Pixels.
    n : int
        Filaments; 0 gives an empty field.
    light : float
        Photons of one pixel of a filament's length. A straight one is light / (sqrt(2 pi) sigma) bright along
        its middle.
    sigma : float
        Width (s.d.) of the Gaussian that a point is, pixels.
    seed : int

    Returns
    -------
    photons : (side, side) float64
        Expected, without background.
    lines : (side, side) bool
        Pixels that a filament runs through.

    Raises
    ------
    InputError
        If a number is out of range.
    """
    if side < 1 or n < 0 or not (light >= 0 and sigma > 0):
        raise InputError(
            f"side {side}, n {n}, light {light:g}, sigma {sigma:g}: expected a side of 1 pixel or more, n and"
            " light of 0 or above, and a sigma above 0."
        )
    lines = np.zeros((side, side), bool)
    if n == 0:
        return np.zeros((side, side)), lines
    at = filaments(n, float(side), seed, apart=_APART)  # its unit of length is the pixel here
    lines[tuple(at[:, 1::-1].astype(int).clip(0, side - 1).T)] = True
    each = np.full(len(at), light * _APART)
    return spots(at, each, (side, side), optics=Optics(pixel=1.0, sigma=sigma)), lines
