"""Pictures of lists: positions counted in pixels, and smoothed."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scopecheck.errors import InputError
from scopecheck.measure.localisations import pixel_side
from scopecheck.measure.picks.matching import points, positive


def picture(positions: ArrayLike, side: float, pixel: float, sigma: float = 1.0) -> NDArray[np.float64]:
    """Draw positions into a square picture, each as a Gaussian that sums to 1.

    Parameters
    ----------
    positions : array_like, (n, 2)
        x, y, nm; (0, 0) is the outer corner of the first pixel. Those outside are left out.
    side : float
        Of the field, nm; a whole number of pixels.
    pixel : float
        nm.
    sigma : float
        Width (s.d.) of the Gaussian, pixels; 0: none. Beyond the edge the picture goes on mirrored.

    Returns
    -------
    (Y, X) float64

    Raises
    ------
    InputError
        If the side is not a whole number of pixels, or a number is out of range.
    """
    from scipy.ndimage import gaussian_filter

    p, n = points(positions, "positions"), positive(side) / pixel_side(pixel)
    if abs(n - round(n)) > 1e-9 or not sigma >= 0:
        raise InputError(
            f"side {side:g}, pixel {pixel:g}, sigma {sigma:g}: expected whole pixels, sigma 0 or above."
        )
    edges = np.arange(round(n) + 1) * pixel
    counts = np.histogram2d(p[:, 1], p[:, 0], bins=(edges, edges))[0] if len(p) else np.zeros((round(n),) * 2)  # type: ignore[arg-type]
    return gaussian_filter(counts, sigma, mode="reflect") if sigma else counts
