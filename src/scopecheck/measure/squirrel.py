"""Does a super-resolved image, blurred, look like the plain one? RSE and RSP, as SQUIRREL defines them.

They compare at the resolution of the reference: what is invented or lost below it leaves no trace in them.
Source: Culley et al. 2018, Nat Methods 15:263, https://doi.org/10.1038/nmeth.4605
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scopecheck.errors import InputError

_SMALL = 512  # pixels a side, up to which two matrices are faster than a filter, and small enough to keep


@dataclass(frozen=True, eq=False)
class Squirrel:
    """A super-resolved image beside its reference.

    Attributes
    ----------
    rse : float
        Root of the mean squared difference, in the reference's grey levels.
    rsp : float
        Pearson correlation of the blurred image and the reference; below 0 where contrast is inverted.
    gain, offset : float
        Grey levels of the reference a unit of the super-resolved image, and at 0.
    sigma : float
        Of the Gaussian that blurs the super-resolved image to the reference, in its own pixels.
    error : (Y, X) float64
        Absolute difference at each pixel of the reference.
    """

    rse: float
    rsp: float
    gain: float
    offset: float
    sigma: float
    error: NDArray


def squirrel(image: ArrayLike, reference: ArrayLike, largest: float | None = None) -> Squirrel:
    """Blur and scale a super-resolved image so that it fits its reference best, and tell what is left.

    Parameters
    ----------
    image : array_like, (k Y, k X)
        Super-resolved; k whole.
    reference : array_like, (Y, X)
        The plain image of the same field, from light that did not make the other: not the same frames.
    largest : float, optional
        Largest sigma that is tried, in pixels of `image`; by default five pixels of the reference.

    Returns
    -------
    Squirrel

    Raises
    ------
    InputError
        If the images are not 2D, not finite, of sizes that are no whole multiple, or constant.
    """
    from scipy.ndimage import gaussian_filter
    from scipy.optimize import minimize_scalar

    fine, coarse = _image("image", image), _image("reference", reference)
    factor = fine.shape[0] // coarse.shape[0] if coarse.shape[0] else 0
    if factor < 1 or fine.shape != tuple(factor * side for side in coarse.shape):
        raise InputError(
            f"image: has the shape {fine.shape}, the reference {coarse.shape}; expected a whole multiple."
        )
    unit = float(np.ptp(fine))
    fine = fine / unit
    most = 5.0 * factor if largest is None else float(largest)
    if not most > 0:
        raise InputError(f"largest: {largest}; expected a sigma in pixels, above 0.")

    def seen(sigma: float) -> tuple[NDArray, float, float]:
        """The blurred image on the reference's pixels, and the gain and offset that fit it."""
        if factor > 1 and max(fine.shape) <= _SMALL:
            rows, columns = (_seen(side, factor, sigma) for side in coarse.shape)
            small = rows @ fine @ columns.T
        else:
            blurred = gaussian_filter(fine, sigma, mode="nearest") if sigma > 0 else fine
            small = blurred.reshape(coarse.shape[0], factor, coarse.shape[1], factor).mean(axis=(1, 3))
        gain = float(np.cov(small.ravel(), coarse.ravel())[0, 1] / max(small.var(ddof=1), 1e-300))
        return small, gain, float(coarse.mean() - gain * small.mean())

    def left(sigma: float) -> float:
        small, gain, offset = seen(sigma)
        return float(np.mean((gain * small + offset - coarse) ** 2))

    # the error may have several minima in the width: the best of a coarse search is refined
    tried = np.linspace(0, most, 26)
    best = int(np.argmin([left(sigma) for sigma in tried]))
    around = tried[max(best - 1, 0)], tried[min(best + 1, len(tried) - 1)]
    sigma = float(minimize_scalar(left, bounds=around, method="bounded", options={"xatol": 1e-3}).x)
    small, gain, offset = seen(sigma)
    error = gain * small + offset - coarse
    rsp = float(np.corrcoef(small.ravel(), coarse.ravel())[0, 1])
    return Squirrel(float(np.sqrt(np.mean(error**2))), rsp, gain / unit, offset, sigma, np.abs(error))


@lru_cache(maxsize=64)  # the widths of the coarse search come back with every image of a size
def _seen(side: int, factor: int, sigma: float) -> NDArray[np.float64]:
    """What a line of fine pixels is on a line of coarse ones, once blurred: (side, factor side).

    As scipy.ndimage blurs and then averages, and for small images in a fifth of the time.
    """
    fine, reach = factor * side, int(4 * sigma + 0.5)  # as scipy.ndimage ends a Gaussian
    away = np.arange(-reach, reach + 1)
    weight = np.exp(-0.5 * (away / sigma) ** 2) if sigma > 0 else np.ones(1)
    seen_at = np.arange(fine)[:, None] // factor * fine
    sent_by = np.clip(np.arange(fine)[:, None] + away, 0, fine - 1)  # beyond the edge the image goes on
    shares = np.broadcast_to(weight / weight.sum() / factor, sent_by.shape)
    summed = np.bincount((seen_at + sent_by).ravel(), shares.ravel(), side * fine)
    return summed.reshape(side, fine).astype(float, copy=False)


def _image(name: str, values: ArrayLike) -> NDArray[np.float64]:
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 2 or not array.size:
        raise InputError(f"{name}: has the shape {array.shape}; expected one plane (Y, X).")
    if not np.isfinite(array).all():
        raise InputError(f"{name}: holds NaN or infinity; expected finite grey levels.")
    if np.ptp(array) == 0:
        raise InputError(f"{name}: is constant; nothing can be fitted to it.")
    return array
