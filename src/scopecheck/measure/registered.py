"""Do two pictures lie upon each other?"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scopecheck.errors import InputError

TURNS: dict[str, Callable[[NDArray], NDArray]] = {  # of the last two axes
    "": lambda a: a,
    "turned upside down": lambda a: a[..., ::-1, :],
    "mirrored left to right": lambda a: a[..., ::-1],
    "rotated by 180 degrees": lambda a: a[..., ::-1, ::-1],
    "transposed (y and x swapped)": lambda a: a.swapaxes(-1, -2),
    "rotated by 90 degrees": lambda a: np.rot90(a, 1, (-2, -1)),
    "rotated by 270 degrees": lambda a: np.rot90(a, 3, (-2, -1)),
    "transposed over the other diagonal": lambda a: np.rot90(a, 2, (-2, -1)).swapaxes(-1, -2),
}
SHIFTS = 19  # random ones: the own place is the best of twenty by chance in 5 %
_LARGEST = 1e100  # grey values whose squares no float holds are none


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
        If they are not two planes, or two stacks, of one shape and of finite numbers below 1e100.

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
    one, two = (gaussian_filter(_plane(a, name), 1.5) for a, name in ((image, "image"), (other, "other")))
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


def turned_by(image: ArrayLike, other: ArrayLike) -> tuple[str, float, float] | None:
    """How an image has to be turned or mirrored to fit another far better.

    Noise is smoothed away and the layout that many images share, such as a cell in the middle, taken off.

    Parameters
    ----------
    image, other : array_like, (Y, X) or (N, Y, X)
        Of one shape.

    Returns
    -------
    (str, float, float) or None
        In words, and the correlation turned and as given. None where it fits best as it is, or the
        correlation turned stays below 0.4 or gains less than a third of what it lacks.

    Raises
    ------
    InputError
        As `moved_by`.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy.ndimage import gaussian_filter
    >>> scene = gaussian_filter(np.random.default_rng(0).random((64, 64)), 2)
    >>> turned_by(scene[::-1], scene)[0]
    'turned upside down'
    """
    from scipy.ndimage import gaussian_filter

    if np.shape(image) != np.shape(other) or np.ndim(image) not in (2, 3):
        raise InputError(
            f"image: shape {np.shape(image)}, other {np.shape(other)}; expected two planes, or two stacks, of"
            " one shape."
        )
    one, two = (
        detail(gaussian_filter(_plane(a, name), 1.5)) for a, name in ((image, "image"), (other, "other"))
    )
    fits = {how: correlation(turn(one), two) for how, turn in TURNS.items() if turn(one).shape == two.shape}
    given, how = fits.pop(""), max(fits, key=lambda name: fits[name])
    if fits[how] < 0.4 or fits[how] - given < (1 - given) / 3:
        return None
    return how, fits[how], given


def detail(image: NDArray) -> NDArray[np.float64]:
    """An image (..., Y, X) less its coarse layout, which many fields share: that agrees without a reason."""
    from scipy.ndimage import gaussian_filter

    wide = [0] * (image.ndim - 2) + [min(image.shape[-2:]) / 12] * 2
    return np.asarray(image - gaussian_filter(image, wide, mode="nearest"), float)


def elsewhere(one: NDArray, two: NDArray, seed: Sequence[int]) -> list[float]:
    """Correlations of two details when one is moved at random, around the edges: `SHIFTS` draws of chance."""
    draw = np.random.default_rng(seed)
    by = [
        [int(draw.integers(size // 4, size - size // 4 + 1)) for size in two.shape[-2:]]
        for _ in range(SHIFTS)
    ]
    return [correlation(np.roll(one, shift, axis=(-2, -1)), two) for shift in by]


def _plane(image: ArrayLike, name: str) -> NDArray[np.float64]:
    values = np.asarray(image, float)
    if not (np.abs(values) < _LARGEST).all():
        raise InputError(f"{name}: holds NaN, infinity, or values above {_LARGEST:g}; expected grey values.")
    return values if values.ndim == 2 else values.mean(axis=0)


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
