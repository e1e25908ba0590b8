"""Structure that a restored image has and the truth has not, or the other way round, beyond what noise does.

The question is put to one output of a tool, the truth, and several more outputs of the same tool on other
noise of the same scene (the nulls):

1. What a linear filter makes of the truth is taken off the output: blur, sharpening and gain are bias, not
   hallucination. The filter is fitted to the output, and again without the places at which something stood
   out: pixel by pixel as far as 5 pixels, whatever its shape (a blur along one direction, a shift); and, for
   what is left, ring by ring in Fourier space, alike in all directions and as far as the image goes.
   Structure that lies farther beside its place counts.
2. What is left is compared with shapes as small as the microscope draws: a spot, and segments of several
   directions. This gives an amount of light at every place and for every shape.
3. That amount is divided by its standard deviation over the nulls. The threshold is what the largest value
   of a whole null exceeds with the chance asked for, so it is a family-wise rate for the field.

A tool that invents the same spot at every noise is caught, because the nulls tell the spread alone and not
the mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import fft

from scopecheck.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

LEAST_NULLS = 10
_DIRECTIONS = 4
_ROUNDS = 8
REACH = 5  # pixels that a filter without symmetry may reach
_RIDGE = 1e-6  # of the power of the truth's detail: what it hardly holds is not fitted


@dataclass(frozen=True, eq=False)
class Invented:
    """What stands out of noise in one output.

    Attributes
    ----------
    invented, lost : DataFrame
        One row a place: y, x (pixels, whole), z (standard deviations, above 0), light (in the output's units,
        integrated over the shape), shape (``spot`` or ``segment``). Strongest first; places nearer than two
        widths are one.
    threshold : float
        Standard deviations, two-sided, for the whole field.
    z : (Y, X) float64
        Of the shape that stands out most at each pixel, with its sign.
    """

    invented: pd.DataFrame
    lost: pd.DataFrame
    threshold: float
    z: NDArray

    def density(self, pixel_size: float) -> tuple[float, float]:
        """Invented and lost structures an area, 1/unit^2 of the pixel size."""
        area = self.z.size * pixel_size**2
        return len(self.invented) / area, len(self.lost) / area


def shapes(sigma: float, length: float = 4.0) -> dict[str, list[NDArray]]:
    """Footprints with unit sum: the spot, and segments as wide, `length` sigmas long, in four directions."""
    if not sigma > 0:
        raise InputError(f"sigma: {sigma}; expected the width of the spot in pixels, above 0.")
    half = int(np.ceil(4 * sigma + length * sigma / 2))
    y, x = np.mgrid[-half : half + 1, -half : half + 1].astype(float)
    found: dict[str, list[NDArray]] = {"spot": [np.exp(-(x**2 + y**2) / (2 * sigma**2))], "segment": []}
    for angle in np.arange(_DIRECTIONS) * np.pi / _DIRECTIONS:
        along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
        beyond = np.clip(np.abs(along) - length * sigma / 2, 0, None)
        found["segment"].append(np.exp(-(across**2 + beyond**2) / (2 * sigma**2)))
    return {name: [kernel / kernel.sum() for kernel in kernels] for name, kernels in found.items()}


def linear_part(out: ArrayLike, true: ArrayLike) -> NDArray[np.float64]:
    """What a linear filter makes of the truth, fitted to the output; the mean is fitted apart.

    Two filters are fitted by least squares, in turn: one of 11 x 11 pixels and any shape, and an isotropic
    one that goes as far as the image, with one real factor a ring of Fourier space, straight from ring to
    ring; a ring in which the truth has no power gets 0. Beyond their edges the images go on mirrored, as most
    filters take them to.
    """
    image, light = _plane("out", out), _plane("true", true)
    if image.shape != light.shape:
        raise InputError(f"out: shape {image.shape}, true {light.shape}; expected the same.")
    return _filtered(image, _known(light))


@dataclass(frozen=True, eq=False)
class _Known:
    """What fitting a filter needs of the truth, worked out once."""

    spectrum: NDArray  # of the mirrored truth
    away: NDArray  # its rings
    twice: NDArray
    power: NDArray  # of each ring
    around: NDArray  # spectrum of the truth, mirrored as far as the filter of any shape reaches
    solve: NDArray  # inverse of its taps' products


def _known(light: NDArray) -> _Known:
    from scipy.ndimage import gaussian_filter

    rows, columns = (fft.fftfreq(2 * light.shape[0])[:, None], fft.rfftfreq(2 * light.shape[1]))
    twice = np.where((columns > 0) & (columns < 0.5), 2.0, 1.0)  # their mates are not stored
    away, spectrum = np.hypot(rows, columns) * min(light.shape), _mirrored(light)
    power = np.bincount(_rings(away), (twice * np.abs(spectrum) ** 2).ravel()[1:])
    around = np.pad(light - light.mean(), REACH, mode="symmetric")
    taps = np.lib.stride_tricks.sliding_window_view(around, (2 * REACH + 1,) * 2)
    products = np.zeros((taps[0, 0].size,) * 2)
    for some in np.array_split(np.arange(len(taps)), max(len(taps) // 32, 1)):  # all at once fill the memory
        here = taps[some].reshape(-1, len(products))
        products += here.T @ here
    ridge = _RIDGE * ((light - gaussian_filter(light, REACH)) ** 2).sum() + np.finfo(float).tiny
    inverse = np.linalg.inv(products + ridge * np.eye(len(products)))
    return _Known(spectrum, away, twice, power, fft.rfft2(around), inverse)


def _filtered(image: NDArray, known: _Known) -> NDArray[np.float64]:
    """The two filters of `linear_part`, in turn."""
    made = image.mean() + _of_any_shape(image - image.mean(), known)
    made = made + _isotropic(image - made, known)
    return made + _of_any_shape(image - made, known)


def _of_any_shape(image: NDArray, known: _Known) -> NDArray[np.float64]:
    size = tuple(side + 2 * REACH for side in image.shape)
    asked = fft.irfft2(known.around * fft.rfft2(image, size).conj(), size)
    kernel = known.solve @ asked[: 2 * REACH + 1, : 2 * REACH + 1].ravel()
    spread = fft.rfft2(kernel.reshape((2 * REACH + 1,) * 2), size)
    return fft.irfft2(known.around * spread.conj(), size)[: image.shape[0], : image.shape[1]]


def _isotropic(image: NDArray, known: _Known) -> NDArray[np.float64]:
    p, q = _mirrored(image), known.spectrum
    cross = np.bincount(_rings(known.away), (known.twice * (p * q.conj()).real).ravel()[1:])
    enough = known.power > 1e-12 * known.power.max()
    factor = np.divide(cross, known.power, out=np.zeros_like(cross), where=enough)
    made = q * np.interp(known.away, np.arange(len(factor)), factor)
    made[0, 0] = p[0, 0]
    height, width = image.shape
    return fft.irfft2(made, (2 * height, 2 * width))[:height, :width]


def _mirrored(image: NDArray) -> NDArray[np.complex128]:
    """Spectrum of an image that goes on mirrored beyond its lower and right edges."""
    return fft.rfft2(np.pad(image, [(0, side) for side in image.shape], mode="symmetric"))


def _rings(away: NDArray) -> NDArray[np.intp]:
    return np.rint(away).astype(np.intp).ravel()[1:]  # without the mean


def null_test(
    out: ArrayLike,
    true: ArrayLike,
    nulls: ArrayLike,
    sigma: float,
    *,
    alpha: float = 0.05,
    length: float = 4.0,
) -> Invented:
    """Find what a tool invented and what it lost.

    Parameters
    ----------
    out : array_like, (Y, X)
        The tool's output.
    true : array_like, (Y, X)
        The truth, in any unit, on the same pixels.
    nulls : array_like, (K, Y, X)
        The same tool's outputs for K other draws of the acquisition's noise on the same scene; 10 or more.
    sigma : float
        Width (s.d.) of the smallest structure that the microscope draws, pixels.
    alpha : float
        Chance that a field without inventions shows one or more.
    length : float
        Of the segments, in sigmas.

    Returns
    -------
    Invented

    Raises
    ------
    InputError
        If shapes differ, values are not finite, there are fewer than 10 nulls, all nulls are equal, or alpha
        is not between 0 and 1.
    """
    return expected(true, nulls, sigma, alpha=alpha, length=length).look(out)


def expected(
    true: ArrayLike, nulls: ArrayLike, sigma: float, *, alpha: float = 0.05, length: float = 4.0
) -> Nulls:
    """What noise alone does to a tool's outputs of one scene, to look at several of them: as `null_test`."""
    if not 0 < alpha < 1:
        raise InputError(f"alpha: {alpha}; expected a chance between 0 and 1.")
    others = np.asarray(nulls, float)
    if others.ndim != 3 or len(others) < LEAST_NULLS:
        raise InputError(
            f"nulls: shape {others.shape}; expected at least {LEAST_NULLS} outputs (K, Y, X) of the same tool"
            " on other noise."
        )
    light, sigma, length = _plane("true", true), float(sigma), float(length)
    if not 0 < sigma < min(light.shape) / 10:
        raise InputError(
            f"sigma: {sigma:g} px for an image of {light.shape}; expected above 0, and a tenth of its side at"
            " most. It is told in pixels."
        )
    bank = _bank(sigma, length, light.shape)
    if others.shape[1:] != light.shape or not np.isfinite(others).all():
        raise InputError(
            f"nulls: shape {others.shape}; expected finite planes of {light.shape}, as the truth."
        )
    if any(
        np.ptp(one - other) < 1e-6 * np.ptp(other) for one, other in zip(others[1:], others, strict=False)
    ):
        raise InputError("nulls: two are equal, but for a constant; expected outputs on independent noise.")
    known = _known(light)
    there = np.array([_lights(image - _filtered(image, known), bank) for image in others])
    spread = _spread(there.var(axis=0, ddof=1), sigma)
    if not (spread > 0).all():
        raise InputError("nulls: do not differ from each other; expected outputs on independent noise.")
    largest = _largest(there, sigma)
    place, scale = _gumbel(largest)
    threshold = float(place + scale * _quantile(len(largest), alpha))
    return Nulls(light, spread, threshold, sigma, length, known)


@dataclass(frozen=True, eq=False)
class Nulls:
    """What noise alone does at every place of a scene; made by `expected`.

    Attributes
    ----------
    true : (Y, X) float64
    spread : (shapes, Y, X) float64
        Standard deviation of each shape's light over the nulls.
    threshold : float
        As `Invented.threshold`.
    sigma, length : float
        As given.
    """

    true: NDArray
    spread: NDArray
    threshold: float
    sigma: float
    length: float
    _known: _Known

    def look(self, out: ArrayLike) -> Invented:
        """Find what one output invented and lost."""
        from scipy.ndimage import gaussian_filter

        given, sigma = _plane("out", out), self.sigma
        bank = _bank(sigma, self.length, self.true.shape)
        if given.shape != self.true.shape:
            raise InputError(f"out: shape {given.shape}, true {self.true.shape}; expected the same.")
        made, masked = _filtered(given, self._known), np.zeros(self.true.shape, bool)
        for _ in range(_ROUNDS):
            here = _lights(given - made, bank)
            best = np.abs(here / self.spread).argmax(axis=0)
            z, amount = (np.take_along_axis(a, best[None], axis=0)[0] for a in (here / self.spread, here))
            # What was invented pulls the fitted filter towards it, and then the rest seems made or lost, too.
            # The strongest is left out first: without it, weaker places may be none.
            strange = np.abs(z) > max(self.threshold, 0.25 * float(np.abs(z).max()))
            reach = gaussian_filter(strange.astype(float), self.length * sigma / 2, mode="constant")
            near = masked | (reach > 1e-3)
            if (near == masked).all() or near.mean() > 0.5:
                break
            masked = near
            for _ in range(_ROUNDS):  # what is left out takes the value that the rest foretells
                made = _filtered(np.where(masked, made, given), self._known)
        names = bank.names[best]
        made_up, lost = (_places(s * z, s * amount, names, self.threshold, sigma) for s in (1, -1))
        return Invented(made_up, lost, self.threshold, z)


@dataclass(frozen=True, eq=False)
class _Bank:
    """Spectra of all shapes, for images of one shape."""

    names: NDArray
    half: int
    size: tuple[int, int]
    spectra: NDArray


@lru_cache(maxsize=8)
def _bank(sigma: float, length: float, shape: tuple[int, int]) -> _Bank:
    named = [(name, kernel) for name, kernels in shapes(sigma, length).items() for kernel in kernels]
    kernels = np.array([kernel for _, kernel in named])
    half = kernels.shape[-1] // 2
    high, wide = (fft.next_fast_len(side + 2 * half, real=True) for side in shape)
    scaled = kernels / (kernels**2).sum(axis=(1, 2), keepdims=True)
    return _Bank(
        np.array([name for name, _ in named]), half, (high, wide), fft.rfft2(scaled, (high, wide)).conj()
    )


def _lights(image: NDArray, bank: _Bank) -> NDArray:
    """Least-squares amount of every shape at every place, (shapes, Y, X); mirrored beyond the edge."""
    whole = fft.rfft2(np.pad(image, bank.half, mode="reflect"), bank.size)
    return fft.irfft2(whole * bank.spectra, bank.size)[:, : image.shape[0], : image.shape[1]]


def _spread(variance: NDArray, sigma: float) -> NDArray:
    """Standard deviation over the nulls, (shapes, Y, X), smoothed as far as two spots reach."""
    from scipy.ndimage import gaussian_filter

    return np.sqrt(gaussian_filter(variance, (0, 2 * sigma, 2 * sigma), mode="nearest"))


def _largest(there: NDArray, sigma: float) -> NDArray:
    """The largest value of each null, of all places and shapes, in standard deviations of the others.

    Each null is measured by the others, as the output is measured by all of them: with one of n left out the
    mean of the rest lies n / (n - 1) times as far from it as the mean of all.
    """
    n, away = len(there), there - there.mean(axis=0)
    squares = (away**2).sum(axis=0)
    found = []
    for one in away:
        rest = np.clip(squares - n / (n - 1) * one**2, 0, None) / (n - 2)
        found.append(float(np.abs(np.sqrt(n / (n - 1)) * one / _spread(rest, sigma)).max()))
    return np.array(found)


def _gumbel(maxima: NDArray) -> tuple[NDArray, NDArray]:
    """Place and scale of Gumbel's distribution, that of maxima, by mean and spread along the last axis."""
    scale = maxima.std(axis=-1, ddof=1) * np.sqrt(6) / np.pi
    return maxima.mean(axis=-1) - np.euler_gamma * scale, scale


@lru_cache(maxsize=32)
def _quantile(n: int, alpha: float) -> float:
    """How many scales above the place one more maximum lies with chance alpha; both are known from n others.

    As they are estimated this is more than Gumbel's own quantile. It does not depend on what they are.
    """
    draws = np.random.default_rng(0).gumbel(size=(20_000, n + 1))
    place, scale = _gumbel(draws[:, :n])
    return float(np.quantile((draws[:, n] - place) / scale, 1 - alpha))


def _places(z: NDArray, light: NDArray, names: NDArray, threshold: float, sigma: float) -> pd.DataFrame:
    import pandas as pd
    from skimage.feature import peak_local_max

    apart = max(1, int(np.ceil(2 * sigma)))
    at = peak_local_max(z, min_distance=apart, threshold_abs=threshold, exclude_border=False)
    rows, columns = at.T
    told = {"y": rows, "x": columns, "z": z[rows, columns], "light": light[rows, columns]}
    return pd.DataFrame(told | {"shape": names[rows, columns]}).sort_values(
        "z", ascending=False, ignore_index=True
    )


def _plane(name: str, values: ArrayLike) -> NDArray[np.float64]:
    array = np.asarray(values, float)
    if array.ndim != 2 or min(array.shape) < 8:
        raise InputError(f"{name}: shape {array.shape}; expected one plane (Y, X), at least 8 pixels a side.")
    if not np.isfinite(array).all():
        raise InputError(f"{name}: holds NaN or infinity; expected finite grey levels.")
    return array
