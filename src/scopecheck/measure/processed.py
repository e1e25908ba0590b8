"""Is an image as it came from a camera? What software leaves behind in one image, found without a truth.

Counting noise and the noise of reading are independent from pixel to pixel. Interpolation (a shift, a
rotation, a change of scale), smoothing, denoising and compression make neighbours alike, and what assumes
independent noise (Noise2Void, resolution from one image, noise levels) is then wrong.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scopecheck.errors import InputError

_BLOCK = 16  # pixels a side; a quarter of the blocks, those with the least structure, are looked at
# Raw images of eight collections stay within 0.10 along one axis and 0.05 along both. A linear shift by a
# fifth of a pixel gives 0.24, a cubic rotation 0.13 along both.
SHARED, BOTH = 0.15, 0.1
COMPRESSED = 0.03  # raw images of seven collections stay below 0.015
EMPTY = 0.2
ENDS = 0.005


@dataclass(frozen=True)
class Processed:
    """What was found in one image.

    Attributes
    ----------
    along_x, along_y : float
        Correlation of the noise of a pixel with that of its neighbour in the row and in the column: 0 for a
        raw image. One alone: noise of whole rows (x) or columns (y). NaN where the image has no noise.
    error : float
        Standard error of these two for independent noise.
    compressed : float
        How much emptier the fine detail of 8 x 8 pixels is on one of the 64 possible grids than on the
        others: 0 without JPEG.
    empty : float
        Share of grey levels, of those that many pixels have, that no pixel exceeds by 1: 0 for a raw image.
        Grey values were stretched after they were rounded. NaN for images that are not of whole numbers.
    lowest, highest : float
        Share of pixels at the smallest and at the largest value, where it is more than the neighbouring
        values explain, else 0: clipped, saturated. Eight saturated pixels are enough to be told.
    """

    along_x: float
    along_y: float
    error: float
    compressed: float
    empty: float
    lowest: float
    highest: float

    def signs(self) -> list[str]:
        """What was found, in words; empty for an image that may be raw."""
        shared = {"x": self.along_x, "y": self.along_y}
        both = max(BOTH, 3 * self.error)
        least = both if min(shared.values()) > both else max(SHARED, 4 * self.error)
        along = [name for name, value in shared.items() if value > least]
        said = []
        if np.isnan(self.along_x) or np.isnan(self.along_y):
            said.append("has no noise: it was denoised, drawn, or is constant")
        elif len(along) == 2:
            said.append(
                f"neighbours share noise (correlation {self.along_x:.2f} along x, {self.along_y:.2f} along"
                " y): it was interpolated, smoothed or denoised, unless fine structure fills the field"
            )
        elif along:
            lines = "rows" if along == ["x"] else "columns"
            share = max(self.along_x, self.along_y)
            said.append(f"whole {lines} share noise (correlation {share:.2f} along {along[0]})")
        if self.compressed > COMPRESSED:
            said.append("bears the grid of JPEG compression")
        if self.empty > EMPTY:
            said.append(
                f"{self.empty:.0%} of its grey levels have an empty one above: stretched after rounding"
            )
        for name, share, least in (("smallest", self.lowest, ENDS), ("largest", self.highest, 0.0)):
            if share > least:
                said.append(f"{share:.2%} of its pixels have the {name} value: it is clipped there")
        return said


def processed(image: ArrayLike) -> Processed:
    """Look for traces of processing in one image.

    Neighbours are compared in second differences across the line that joins them, which no slope of the
    specimen enters, in the quarter of the blocks of 16 x 16 pixels that vary least once smoothed. In a field
    without any quiet place, fine structure counts as shared noise. JPEG whose
    steps are finer than the noise leaves no grid.

    Parameters
    ----------
    image : array_like, (Y, X)
        At least 32 pixels a side.

    Returns
    -------
    Processed

    Raises
    ------
    InputError
        If the image is not one plane of finite numbers, or too small.

    Examples
    --------
    >>> import numpy as np
    >>> raw = np.random.default_rng(0).poisson(50, (128, 128))
    >>> processed(raw).signs()
    []
    >>> processed((raw[:, 1:] + raw[:, :-1]) / 2).along_x > 0.4
    True
    """
    values = np.asarray(image)
    if values.ndim != 2 or min(values.shape) < 2 * _BLOCK or values.dtype.kind not in "fiub":
        raise InputError(
            f"image: shape {values.shape}, {values.dtype}; expected one plane (Y, X) of numbers, at least"
            f" {2 * _BLOCK} pixels a side."
        )
    if not np.isfinite(values).all():
        raise InputError("image: holds NaN or infinity; expected finite grey levels.")
    return Processed(
        *_shared(values.astype(float)), _grid(values.astype(float)), _empty(values), *_ends(values)
    )


def _blocks(image: NDArray) -> NDArray:
    height, width = (side // _BLOCK for side in image.shape)
    cut = image[: height * _BLOCK, : width * _BLOCK].reshape(height, _BLOCK, width, _BLOCK)
    return cut.swapaxes(1, 2).reshape(-1, _BLOCK, _BLOCK)


def _shared(image: NDArray) -> tuple[float, float, float]:
    from scipy.ndimage import gaussian_filter

    blocks = _blocks(image)
    structure = _blocks(gaussian_filter(image, 2)).std(axis=(1, 2))
    noisy = np.flatnonzero(np.ptp(blocks, axis=(1, 2)) > 0)  # cut at 0, or painted: nothing to be seen there
    quiet = blocks[noisy[np.argsort(structure[noisy])[: max(len(noisy) // 4, 2)]]]
    down = quiet[:, 2:] - 2 * quiet[:, 1:-1] + quiet[:, :-2]
    along = quiet[:, :, 2:] - 2 * quiet[:, :, 1:-1] + quiet[:, :, :-2]
    # A second difference shares pixels with its neighbours: 1.4 times the error of as many independent ones.
    error = 1.4 / np.sqrt(max(down[:, :, 1:].size, 1))
    return _alike(down[:, :, 1:], down[:, :, :-1]), _alike(along[:, 1:], along[:, :-1]), float(error)


def _alike(a: NDArray, b: NDArray) -> float:
    power = np.sqrt((a**2).sum() * (b**2).sum())
    return float((a * b).sum() / power) if power else float("nan")


def _grid(image: NDArray, most: int = 400) -> float:
    """JPEG rounds the cosine transform of 8 x 8 pixels, so on its own grid fine detail is often nearly 0."""
    from scipy.fft import dctn

    fine = np.add.outer(np.arange(8), np.arange(8)) >= 7
    found = []
    for top in range(8):
        for left in range(8):
            height, width = (image.shape[0] - top) // 8, (image.shape[1] - left) // 8
            part = image[top : top + 8 * height, left : left + 8 * width].reshape(height, 8, width, 8)
            part = part.swapaxes(1, 2).reshape(-1, 8, 8)
            part = part[:: max(len(part) // most, 1)]
            found.append(np.abs(dctn(part, axes=(1, 2), norm="ortho")[:, fine]).ravel())
    unit = float(np.median([np.sqrt((one**2).mean()) for one in found]))
    if not unit:
        return 0.0
    shares = np.sort([(one < 0.25 * unit).mean() for one in found])
    over, next_best = shares[-1] - np.median(shares), shares[-2] - np.median(shares)
    # By chance the best of 64 lies some 2.5 deviations above; a grid of two pixels has many best ones.
    chance = 5 * np.sqrt(0.16 / min(map(len, found)))
    return float(over) if over > chance and over > 1.15 * next_best else 0.0


def _empty(values: NDArray) -> float:
    """Share of levels with ten pixels or more that have none at the level above.

    Values of which each is a multiple of one number, as of 12 bits that fill 16, are no stretched ones.
    """
    if values.dtype.kind == "f" and (values != np.rint(values)).any():
        return float("nan")
    inner = values[(values > values.min()) & (values < values.max())].astype(np.int64)
    if inner.size < 100:
        return 0.0
    inner = (inner - inner.min()) // max(int(np.gcd.reduce(inner - inner.min())), 1)
    _, places, counts = np.unique(inner, return_index=True, return_counts=True)
    levels = inner[places]
    often = counts[:-1] >= 10
    return float((np.diff(levels)[often] > 1).mean()) if often.sum() >= 5 else 0.0


def _ends(values: NDArray) -> tuple[float, float]:
    """Share of pixels at either end, where it is more than twice that of the next fiftieth of the range.

    Few photons give many zeros without any cut, so the low end of images of few levels is not asked.
    """
    span = float(np.ptp(values.astype(float)))
    few_levels = values.dtype.kind != "f" and span < 30
    shares = []
    for end, sign in ((values.min(), 1), (values.max(), -1)):
        away = sign * (values.astype(float) - float(end))
        at = int((away == 0).sum())
        near = int(((away > 0) & (away <= max(0.02 * span, 1))).sum())
        told = span > 0 and at >= 8 and at > 2 * near and not (few_levels and sign > 0)
        shares.append(at / values.size if told else 0.0)
    return shares[0], shares[1]
