"""Do two pictures lie upon each other?"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scopecheck.errors import InputError


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
        Pixels along (Y, X), to a tenth or two. None where it fits as it is (within 0.3 pixels), or nowhere:
        where one of them is constant, the shift is longer than a quarter of a side, or the correlation of
        what overlaps stays below 0.4 or gains less than a tenth of what it lacks.

    Raises
    ------
    InputError
        If they are not two planes, or two stacks, of one shape.

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

    if np.shape(image) != np.shape(other) or np.ndim(image) not in (2, 3):
        raise InputError(
            f"image: shape {np.shape(image)}, other {np.shape(other)}; expected two planes, or two stacks, of"
            " one shape."
        )
    planes = (np.asarray(a, float) for a in (image, other))
    one, two = (gaussian_filter(a if a.ndim == 2 else a.mean(axis=0), 1.5) for a in planes)
    if not (np.ptp(one) and np.ptp(two)):
        return None
    first = np.rint(_shift(one, two))
    if not _near(first, one.shape):
        return None
    # What entered at the edges pulls towards 0: the pictures are looked at again where they overlap.
    inner = _overlap(one.shape, first)
    moved = first + _shift(shift(one, first, order=1, mode="nearest")[inner], two[inner])
    if max(abs(moved)) < 0.3 or not _near(moved, one.shape):
        return None
    inner = _overlap(one.shape, moved)
    back = shift(one, moved, order=1, mode="nearest")
    before, after = (correlation(a[inner], two[inner]) for a in (one, back))
    if after < 0.4 or after - before < 0.1 * (1 - before):  # other places, or no matter
        return None
    along = ", ".join(f"{name} {by:+.1f}" for name, by in zip("YX", moved, strict=True))
    return moved, f"{along} pixels (correlation {after:.3f}, as given {before:.3f})"


def _shift(one: NDArray, two: NDArray) -> NDArray[np.float64]:
    """Pixels along (Y, X) by which one has to be moved, by the peak of their correlation; softly cut."""
    from skimage.registration import phase_cross_correlation

    soft = np.outer(*map(np.hanning, one.shape))  # what enters at an edge has no partner
    pair = (soft * (a - a.mean()) for a in (two, one))
    return np.asarray(phase_cross_correlation(*pair, upsample_factor=10, normalization=None)[0], float)


def _near(moved: NDArray, shape: tuple[int, ...]) -> bool:
    return bool(max(abs(moved) / shape) <= 0.25)


def _overlap(shape: tuple[int, ...], moved: NDArray) -> tuple[slice, ...]:
    edges = np.ceil(abs(moved)).astype(int)
    return tuple(slice(edge, size - edge) for size, edge in zip(shape, edges, strict=True))


def correlation(a: NDArray, b: NDArray) -> float:
    """Pearson's r of two arrays of one shape; 0 where one of them is constant."""
    return float(np.corrcoef(a.ravel(), b.ravel())[0, 1]) if np.ptp(a) and np.ptp(b) else 0.0
