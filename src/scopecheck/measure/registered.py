"""Do two pictures lie upon each other?"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def moved_by(image: ArrayLike, other: ArrayLike) -> tuple[NDArray[np.float64], str] | None:
    """By how many pixels an image has to be moved to fit another far better, and that in words.

    Noise is smoothed away before, by a Gaussian of 1.5 pixels; of a stack the mean plane is looked at.

    Parameters
    ----------
    image, other : array_like, (Y, X) or (N, Y, X)
        Of one shape.

    Returns
    -------
    (ndarray of 2 float, str) or None
        Pixels along (Y, X), to half a pixel: a shift of 8 is told as 7.6 to 8. None where it fits as it is
        (within 0.3 pixels), or nowhere: where one of them is constant, the shift is longer than a quarter of
        a side, or the correlation of what overlaps stays below 0.4 or gains less than a tenth of what it
        lacks.

    Notes
    -----
    Guizar-Sicairos et al. 2008, https://doi.org/10.1364/OL.33.000156, as scikit-image has it.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy.ndimage import gaussian_filter
    >>> scene = gaussian_filter(np.random.default_rng(0).random((64, 64)), 3)
    >>> moved_by(np.roll(scene, 3, axis=0), scene)[0].round().tolist()
    [-3.0, 0.0]
    """
    from scipy.ndimage import gaussian_filter, shift
    from skimage.registration import phase_cross_correlation

    planes = (np.asarray(a, float) for a in (image, other))
    one, two = (gaussian_filter(a if a.ndim == 2 else a.mean(axis=0), 1.5) for a in planes)
    if not (np.ptp(one) and np.ptp(two)):
        return None
    soft = np.outer(*map(np.hanning, one.shape))  # what enters at an edge has no partner
    moved, _, _ = phase_cross_correlation(
        *(soft * (a - a.mean()) for a in (two, one)), upsample_factor=10, normalization=None
    )
    if max(abs(moved)) < 0.3 or max(abs(moved) / one.shape) > 0.25:
        return None
    inner = tuple(slice(*_inside(size, by)) for size, by in zip(one.shape, moved, strict=True))
    back = shift(one, moved, order=1, mode="nearest")
    before, after = (correlation(a[inner], two[inner]) for a in (one, back))
    if after < 0.4 or after - before < 0.1 * (1 - before):  # other places, or no matter
        return None
    along = ", ".join(f"{name} {by:+.1f}" for name, by in zip("YX", moved, strict=True))
    return moved, f"{along} pixels (correlation {after:.3f}, as given {before:.3f})"


def _inside(size: int, by: float) -> tuple[int, int]:
    edge = int(np.ceil(abs(by)))
    return edge, size - edge


def correlation(a: NDArray, b: NDArray) -> float:
    """Pearson's r of two arrays of one shape; 0 where one of them is constant."""
    return float(np.corrcoef(a.ravel(), b.ravel())[0, 1]) if np.ptp(a) and np.ptp(b) else 0.0
