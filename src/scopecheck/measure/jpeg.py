"""Was an image compressed by JPEG? Its cosine coefficients then lie on multiples of a step, however fine."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

_BLOCK = 8  # pixels a side, as JPEG has them
_SIDE = 512  # pixels a side of the corner that is looked at
_STEPS = range(1, 25)  # grey values; a coarser one leaves a grid that `processed` sees
_LEAST = 50  # coefficients beyond the first step; fewer tell nothing
_SURE = 6.0  # standard errors
_GATHERED = 0.1  # mean cosine: rounding to whole grey values leaves 0.19 of a step of 1, 0.66 of a step of 2
# Of raw images 0 do; after JPEG of quality 75 to 100, 17 to 60 (tests/measure/test_jpeg.py).
FREQUENCIES = 5


def quantised(image: ArrayLike) -> int:
    """Count the frequencies of 8 x 8 blocks whose coefficients gather on multiples of a step.

    JPEG rounds each cosine coefficient of a block to a multiple of a step, and what is decoded is rounded to
    whole grey values, which blurs these multiples but does not hide them (Fan and de Queiroz 2003,
    doi:10.1109/TIP.2002.807361).

    Parameters
    ----------
    image : array_like, (Y, X)

    Returns
    -------
    int
        Of 60, on the grid of blocks that begins at the first pixel: an image that was cropped since shows
        none. 0 for an image that is not of 256 evenly spaced grey values at most. From `FREQUENCIES` on it
        was compressed.
    """
    values = np.asarray(image)
    if values.ndim != 2 or min(values.shape) < 4 * _BLOCK or not np.isfinite(values).all():
        return 0
    levels = np.unique(values)
    step = np.diff(levels.astype(float)).min() if len(levels) > 1 else 0.0
    if step == 0:
        return 0
    grey = (values - levels[0]) / step
    if grey.max() > 255 or np.abs(grey - np.rint(grey)).max() > 1e-3:
        return 0
    return _gathered(grey[:_SIDE, :_SIDE])


def signs(image: ArrayLike, others: Sequence[str] = ()) -> list[str]:
    """Add to what an image (Y, X) showed of its past that it was compressed, if nothing says so yet."""
    told = [*others]
    if not any("JPEG" in sign for sign in told) and (many := quantised(image)) >= FREQUENCIES:
        told.append(f"was compressed by JPEG: {many} of 60 cosine coefficients lie on multiples of a step")
    return told


def _gathered(grey: NDArray) -> int:
    from scipy.fft import dctn

    rows, columns = (side // _BLOCK for side in grey.shape)
    blocks = grey[: rows * _BLOCK, : columns * _BLOCK].reshape(rows, _BLOCK, columns, _BLOCK)
    found = np.abs(dctn(blocks, axes=(1, 3), norm="ortho")).transpose(1, 3, 0, 2).reshape(_BLOCK, _BLOCK, -1)
    many = 0
    for u, v in np.ndindex(_BLOCK, _BLOCK):
        if u % 4 or v % 4:  # the other four are sums of whole numbers, on a lattice in any image
            many += _on_steps(found[u, v])
    return many


def _on_steps(coefficients: NDArray) -> bool:
    for step in _STEPS:
        beyond = coefficients[coefficients > step / 2]  # a whole number of periods, none of them around 0
        if len(beyond) < _LEAST:
            return False
        mean = np.cos(2 * np.pi / step * beyond).mean()
        if mean > max(_GATHERED, _SURE / np.sqrt(2 * len(beyond))):
            return True
    return False
