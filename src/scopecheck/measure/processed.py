"""Is an image as it came from a camera? What software leaves behind in one image, found without a truth.

Counting noise and the noise of reading are independent from pixel to pixel. Interpolation (a shift, a
rotation, a change of scale), smoothing, denoising and compression make neighbours alike, and what assumes
independent noise (Noise2Void, resolution from one image, noise levels) is then wrong.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scopecheck.errors import InputError

_BLOCK = 8  # pixels a side; a quarter of the blocks, those with the least structure, are looked at
_LEAST = 32  # pixels a side of an image
_PLANES = 5  # of a stack that are looked at
# Raw images of six collections stay within 0.03 along both axes (one with noise of columns: 0.13). A linear
# shift by a fifth of a pixel gives 0.24, by a tenth 0.11, a cubic rotation 0.13 along both.
SHARED, BOTH = 0.15, 0.1
# Those raw images stay within 0.011, but for two of an iSIM whose columns do share noise (0.02 and 0.05).
LINES = 0.02
# Raw images: within 0.11. Noise2Void leaves 0.34 to 0.42, non-local means 0.22, total variation 0.28.
FADED = 0.15
# Raw images: 1.9 to 3.4, of a confocal embryo up to 4.2. Non-local means 8 to 30, at its weakest 4.
UNEVEN = 5.0
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
        raw image. One alone: a shift along that axis, or noise of whole rows (x) or columns (y). NaN where
        the image has no noise.
    error : float
        Standard error of these two for independent noise.
    rows, columns : float
        Share of the noise's variance that whole rows and whole columns have in common: 0 for a raw image.
    lines_error : float
        Standard error of the larger of these two for independent noise.
    faded : float
        By how much the noise is weaker at the finest detail (periods below 2.2 pixels) than at periods of 2.6
        to 4: 0 for noise that is independent between pixels. Below 0: it was sharpened.
    faded_error : float
        Its standard error for independent noise.
    uneven : float
        Variance of the noise in the noisiest tenth of the blocks over that in the quietest tenth, at like
        brightness: about 2 for a raw image, by chance. NaN where fewer than 64 blocks are looked at.
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
    rows: float
    columns: float
    lines_error: float
    faded: float
    faded_error: float
    uneven: float
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
        whole = {name: max(LINES, 5 * self.lines_error) for name in ("rows", "columns")}
        lines = [name for name, least in whole.items() if getattr(self, name) > least]
        said = []
        if np.isnan(self.along_x) or np.isnan(self.along_y):
            said.append("has no noise: it was denoised, drawn, or is constant")
        elif len(along) == 2:
            said.append(
                f"neighbours share noise (correlation {self.along_x:.2f} along x, {self.along_y:.2f} along"
                " y): it was interpolated, smoothed or denoised, unless fine structure fills the field"
            )
        elif lines:
            said += [
                f"whole {name} share noise ({getattr(self, name):.0%} of its variance)" for name in lines
            ]
        elif self.uneven > UNEVEN:
            said.append(
                f"its noise is {self.uneven:.1f} times as strong in some places as in others as bright: it"
                " was denoised"
            )
        elif along:
            said.append(
                f"neighbours share noise along {along[0]} (correlation {shared[along[0]]:.2f}): it was"
                " shifted or scaled along that axis"
            )
        elif self.faded > max(FADED, 4 * self.faded_error):
            said.append(
                f"its noise is {self.faded:.0%} weaker at the finest detail: it was denoised, smoothed or"
                " interpolated, unless fine structure fills the field"
            )
        elif min(*shared.values(), self.faded) < -max(SHARED, 4 * self.error, 4 * self.faded_error):
            said.append("its noise is strongest at the finest detail: it was sharpened or deconvolved")
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


def processed(image: ArrayLike, name: str = "image") -> Processed:
    """Look for traces of processing in one image.

    Neighbours are compared in second differences across the line that joins them, which no slope of the
    specimen enters, in the quarter of the blocks of 8 x 8 pixels that vary least once smoothed; whole lines
    by blocks of one row of blocks; the fading in the blocks' power spectra; unevenness by what is left of the
    blocks' variances when a straight line over brightness is divided out. In a field without any quiet place,
    fine structure counts as shared noise. A shift below a sixth of a pixel along one axis is not told, nor is
    JPEG whose steps are finer than the noise.

    Parameters
    ----------
    image : array_like, (Y, X)
        At least 32 pixels a side.
    name : str
        What to call it in a message, such as its path.

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
    if values.ndim != 2 or min(values.shape) < _LEAST or values.dtype.kind not in "fiub":
        raise InputError(
            f"{name}: shape {values.shape}, {values.dtype}; expected one plane (Y, X) of numbers, at least"
            f" {_LEAST} pixels a side."
        )
    if not np.isfinite(values).all():
        raise InputError(f"{name}: holds NaN or infinity; expected finite grey levels.")
    grey = values.astype(float)
    quiet = _quiet(grey)
    blocks = _blocks(grey)[quiet]
    along_x, along_y, error = _neighbours(blocks)
    (rows, row_error), (columns, column_error) = _line(grey, quiet), _line(grey.T, quiet.T)
    return Processed(
        along_x, along_y, error, rows, columns, max(row_error, column_error), *_fading(blocks),
        _unevenness(blocks), _grid(grey), _empty(values), *_ends(values),
    )  # fmt: skip


def wrapped(image: ArrayLike) -> bool:
    """Whether whole numbers seem to have run over the end of 8, 16 or 32 bits.

    Values then fill the first and the last tenth of the type's range and hardly anything between, or
    neighbours lie at its two ends far more often than half of it apart. What is saturated, or painted with
    the largest value, is left out.
    """
    values = np.asarray(image)
    if values.dtype.kind == "f" and (values != np.rint(values)).any():
        return False
    bits = values.dtype.itemsize * 8 if values.dtype.kind in "ui" else 32
    if values.dtype.kind == "f":  # as read from a file: the fewest bits that hold it
        bits = next((n for n in (8, 16) if values.max() < 2**n), 32)
    top = float(2 ** (bits - (values.dtype.kind == "i")) - 1)
    inner = values[values < top]
    between = int(((inner > 0.2 * top) & (inner < 0.8 * top)).sum())
    if min((inner > 0.9 * top).sum(), (inner < 0.1 * top).sum()) > 3 * between + 3:
        return True
    numbers = np.where(values == top, np.nan, values.astype(float)) / top
    over = half = 0
    for axis in range(numbers.ndim):
        apart = np.abs(np.diff(numbers, axis=axis))  # NaN is above and below nothing
        over, half = over + int((apart > 0.8).sum()), half + int(((apart > 0.4) & (apart < 0.6)).sum())
    return over > 3 * half + 12  # three hot pixels make twelve


def seen_in(image: ArrayLike, name: str = "image") -> list[str]:
    """Say what software left behind in an image, or in five planes spread over a stack or a movie.

    Parameters
    ----------
    image : array_like, (Y, X) or (N, Y, X)
    name : str
        What to call it in a message, such as its path.

    Returns
    -------
    list of str
        As `Processed.signs`; of a stack each with the planes, counted from 1.

    Raises
    ------
    InputError
        As `processed`; a stack without a plane.
    """
    values = np.asarray(image)
    planes = values[None] if values.ndim == 2 else values
    if planes.ndim != 3 or not len(planes):
        raise InputError(f"{name}: shape {values.shape}; expected one plane (Y, X), or planes (N, Y, X).")
    found: dict[str, tuple[str, list[int]]] = {}
    for k in np.unique(np.linspace(0, len(planes) - 1, _PLANES).astype(int)):
        for sign in processed(planes[k], name).signs():
            found.setdefault(re.sub(r"[\d.]+", "#", sign), (sign, []))[1].append(int(k) + 1)
    if values.ndim == 2:
        return [sign for sign, _ in found.values()]
    looked = min(_PLANES, len(planes))
    return [
        f"{sign} (in plane {', '.join(map(str, at))} of {len(planes)}, of which {looked} were looked at)"
        for sign, at in found.values()
    ]


def traces(image: ArrayLike, name: str = "image") -> str:
    """Tell in one line what software left behind in an image of yours, for a page.

    Parameters
    ----------
    image : array_like, (Y, X) or (N, Y, X)
        Of a stack or a movie five planes are looked at.
    name : str
        What to call it, such as its path.

    Returns
    -------
    str
        What `seen_in` says, negative values, and numbers that ran over their end; or that none of
        it was found.

    Raises
    ------
    InputError
        As `processed`.
    """
    values = np.asarray(image)
    said = seen_in(values, name)
    if values.min() < 0:
        said.append("holds negative values: something was subtracted from it")
    if wrapped(values):
        said.append("seems to wrap around: whole numbers ran over their end; save it as float32")
    return f"{name}: {'; '.join(said)}." if said else f"{name}: no trace of software was found."


def _blocks(image: NDArray) -> NDArray:
    """Rows of blocks, columns of blocks, pixels of each."""
    height, width = (side // _BLOCK for side in image.shape)
    return image[: height * _BLOCK, : width * _BLOCK].reshape(height, _BLOCK, width, _BLOCK).swapaxes(1, 2)


def _quiet(image: NDArray) -> NDArray[np.bool_]:
    """Which blocks vary least once smoothed; those cut at 0, or painted, show nothing."""
    from scipy.ndimage import gaussian_filter

    structure = _blocks(gaussian_filter(image, 2)).std(axis=(2, 3))
    noisy = np.ptp(_blocks(image), axis=(2, 3)) > 0
    order = np.argsort(np.where(noisy, structure, np.inf), axis=None, kind="stable")
    chosen = np.zeros(structure.size, bool)
    chosen[order[: max(int(noisy.sum()) // 4, min(2, int(noisy.sum())))]] = True
    return chosen.reshape(structure.shape)


def _second(blocks: NDArray) -> NDArray:
    """Second differences down each column."""
    return blocks[..., 2:, :] - 2 * blocks[..., 1:-1, :] + blocks[..., :-2, :]


def _neighbours(quiet: NDArray) -> tuple[float, float, float]:
    down, along = _second(quiet), _second(quiet.swapaxes(-1, -2))
    # A second difference shares pixels with its neighbours: 1.4 times the error of as many independent ones.
    error = 1.4 / np.sqrt(max(down[..., 1:].size, 1))
    return _alike(down[..., 1:], down[..., :-1]), _alike(along[..., 1:], along[..., :-1]), float(error)


def _line(image: NDArray, quiet: NDArray) -> tuple[float, float]:
    """How alike the same rows of two quiet blocks of one row of blocks are, and the error of that.

    Blocks apart share neither structure of the specimen nor what interpolation spreads, but noise of a row.
    """
    down = _second(_blocks(image))
    power = float((down[quiet] ** 2).mean()) if quiet.any() else 0.0
    means = np.where(quiet[..., None], down.mean(axis=3), 0.0)
    n = quiet.sum(axis=1)
    pairs = float((n * (n - 1)).sum() * down.shape[2])
    if not power or not pairs:
        return 0.0, float("inf")
    together = means.sum(axis=1) ** 2 - (means**2).sum(axis=1)
    return float(together.sum() / pairs / power), float(1.4 * np.sqrt(2 / pairs) / _BLOCK)


def _fading(quiet: NDArray) -> tuple[float, float]:
    """By how much the finest detail of quiet blocks is weaker than the next coarser one, and its error."""
    window = np.hanning(_BLOCK + 2)[1:-1]
    flat = (quiet - quiet.mean(axis=(-1, -2), keepdims=True)) * np.outer(window, window)
    power = (np.abs(np.fft.fft2(flat)) ** 2).mean(axis=0) if len(quiet) else np.zeros((_BLOCK, _BLOCK))
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(_BLOCK), np.fft.fftfreq(_BLOCK)))
    finer, coarser = power[frequency >= 0.45], power[(frequency >= 0.25) & (frequency < 0.38)]
    if not coarser.mean():
        return 0.0, float("inf")
    # A coefficient and its mirror image are one, and the window makes neighbours alike.
    error = 2 * np.sqrt((1 / finer.size + 1 / coarser.size) / len(quiet))
    return float(1 - finer.mean() / coarser.mean()), float(error)


def _unevenness(quiet: NDArray) -> float:
    if len(quiet) < 64:
        return float("nan")
    noise, light = (_second(quiet) ** 2).mean(axis=(-1, -2)), quiet.mean(axis=(-1, -2))
    dim, bright = np.array_split(np.argsort(light, kind="stable"), 3)[::2]
    rise = np.median(light[bright]) - np.median(light[dim])
    slope = (noise[bright].mean() - noise[dim].mean()) / rise if rise > 0 else 0.0
    line = noise.mean() + slope * (light - light.mean())
    low, high = np.percentile(noise / np.maximum(line, 0.2 * noise.mean()), (10, 90))
    return float(high / low) if low > 0 else float("inf")


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
