"""Does a restored image still measure light? Linearity, agreement, contrast, noise and what a residual keeps.

Images are (Y, X) or (Z, Y, X), of one shape. Definitions:

* PSNR = 10 log10(range^2 / MSE), where the range is that of the truth, largest less smallest value.
* *Fitted* scores are those after the gain and offset that fit the image to the truth best by least squares:
  what is called scale-invariant PSNR. They forgive a wrong scale and must not be compared with plain ones.
* SSIM is scikit-image's, with the truth's range and its defaults (window of 7 pixels, even weights).
* Colocalisation: Pearson's r over the pixels asked for; Manders' M1 and M2 as scikit-image computes them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scopecheck.errors import InputError


@dataclass(frozen=True)
class Linearity:
    """A straight line of restored against true light.

    Attributes
    ----------
    slope : float
        Restored units a true unit: 1 keeps every ratio and difference.
    offset : float
        Restored value where there is no light: where it is not 0, ratios are not kept.
    scatter : float
        Standard deviation of the restored values about the line, restored units.
    r : float
        Pearson correlation.
    n : int
        Pixels, or objects.
    """

    slope: float
    offset: float
    scatter: float
    r: float
    n: int

    def ratio(self, low: float, high: float) -> float:
        """What becomes of the ratio of two true values, high / low, along the line."""
        bottom = self.slope * low + self.offset
        return (self.slope * high + self.offset) / bottom if bottom else math.inf


def linearity(restored: ArrayLike, true: ArrayLike, labels: ArrayLike | None = None) -> Linearity:
    """Fit restored light as a line of true light, by least squares over pixels or over objects.

    Parameters
    ----------
    restored, true : array_like, (Y, X) or (Z, Y, X)
    labels : array_like of int, same shape, optional
        Objects; 0 is background. With them, each object gives one point, the sums of its light above the
        median of the background, so that a line through many dim pixels does not hide what happens to the
        few bright ones.

    Returns
    -------
    Linearity

    Raises
    ------
    InputError
        If shapes differ, values are not finite, or the truth does not vary.
    """
    out, light = _pair(restored, true)
    if labels is None:
        return _line(out.ravel(), light.ravel())
    of = np.asarray(labels)
    if of.shape != light.shape or of.dtype.kind not in "iub":
        raise InputError(
            f"labels: shape {of.shape}, {of.dtype}; expected whole numbers, shape {light.shape}."
        )
    if of.dtype.kind == "i" and of.min() < 0:
        raise InputError(f"labels: hold {of.min()}; expected 0 for background and objects from 1.")
    outside = of == 0
    if not outside.any() or not of.any():
        raise InputError("labels: have no background or no object; expected both.")
    which = np.unique(of, return_inverse=True)[1].ravel()
    sums = [np.bincount(which, (image - np.median(image[outside])).ravel())[1:] for image in (out, light)]
    return _line(*sums)


def fitted(restored: ArrayLike, true: ArrayLike) -> NDArray[np.float64]:
    """The restored image times a gain plus an offset, those that bring it nearest to the truth.

    8-bit exports that were each stretched to their own range need this before any comparison.

    Parameters
    ----------
    restored, true : array_like, same shape

    Raises
    ------
    InputError
        If the shapes differ, or values are not finite.
    """
    out, light = _pair(restored, true)
    spread = out.var()
    gain = ((out - out.mean()) * (light - light.mean())).mean() / spread if spread else 0.0
    return light.mean() + gain * (out - out.mean())


def agreement(restored: ArrayLike, true: ArrayLike) -> dict[str, float]:
    """PSNR (dB), SSIM and normalised RMSE, plain and fitted, side by side.

    Parameters
    ----------
    restored, true : array_like, (Y, X)
        Of the same pixels.

    Returns
    -------
    dict of str to float
        psnr, psnr_fitted, ssim, ssim_fitted, nrmse, nrmse_fitted (RMSE over the truth's range). An image that
        is the truth has an infinite PSNR.

    Raises
    ------
    InputError
        If shapes differ, values are not finite, the truth is constant, or a side is below 7 pixels.
    """
    from skimage.metrics import structural_similarity

    out, light = _pair(restored, true)
    span = float(np.ptp(light))
    if not span:
        raise InputError("true: is constant; it has no range to compare with.")
    if min(light.shape) < 7:
        raise InputError(f"true: has the shape {light.shape}; expected at least 7 pixels a side, for SSIM.")
    told = {}
    for name, image in (("", out), ("_fitted", fitted(out, light))):
        error = float(np.sqrt(np.mean((image - light) ** 2)))
        told[f"psnr{name}"] = 20 * math.log10(span / error) if error else math.inf
        told[f"ssim{name}"] = float(structural_similarity(light, image, data_range=span))
        told[f"nrmse{name}"] = error / span
    return told


def looks(images: Sequence[ArrayLike], true: Sequence[ArrayLike]) -> dict[str, float]:
    """SSIM and PSNR (dB) after the best gain and offset, as of `agreement`, in the mean over images.

    Images of an even scene have neither and are left out; without any other nothing is returned. Raises
    InputError as `agreement`.
    """
    told = [agreement(a, b) for a, b in zip(images, true, strict=True) if np.ptp(np.asarray(b)) != 0]
    names = {"SSIM": "ssim_fitted", "PSNR, dB": "psnr_fitted"} if told else {}
    return {name: float(np.mean([one[key] for one in told])) for name, key in names.items()}


def looks_of_nothing(true: Sequence[ArrayLike]) -> dict[str, float]:
    """What `looks` gives a picture that shows nothing: grey, but for a slope of a thousandth across it."""
    grey = [np.broadcast_to(np.linspace(1, 1.001, np.shape(one)[1]), np.shape(one)) for one in true]
    return looks(grey, true)


def contrast(image: ArrayLike, labels: ArrayLike) -> float:
    """Mean light in the objects over that of the background, less 1 (Weber's contrast).

    NaN without objects, without background, or where the background is dark on average or below 0, as after
    its subtraction: a ratio to it says nothing.

    Parameters
    ----------
    image : array_like
    labels : array_like of int, same shape
        Objects; 0 is background.

    Raises
    ------
    InputError
        If the shapes differ, or values are not finite.
    """
    values, inside = np.asarray(image, float), np.asarray(labels) != 0
    if values.shape != inside.shape:
        raise InputError(f"labels: shape {inside.shape}; expected that of the image, {values.shape}.")
    if not np.isfinite(values).all():
        raise InputError("image: holds NaN or infinity; expected a finite value in every pixel.")
    if not inside.any() or inside.all():
        return math.nan
    dark = float(values[~inside].mean())
    return float(values[inside].mean()) / dark - 1 if dark > 0 else math.nan


def colocalisation(
    first: ArrayLike, second: ArrayLike, inside: ArrayLike | None = None, *, above: tuple[float, float]
) -> dict[str, float]:
    """Pearson's r, and Manders' M1 and M2, of two channels.

    Parameters
    ----------
    first, second : array_like, same shape
    inside : array_like of bool, optional
        Pixels that count.
    above : (float, float)
        Grey levels above which each channel is there. Manders' coefficients hang on them; choose them before.

    Returns
    -------
    dict of str to float
        pearson; m1, the share of the first channel's light where the second is there, and m2 likewise. NaN
        where a channel does not vary, or has no light.

    Raises
    ------
    InputError
        As `linearity`, or where no pixel counts.
    """
    from skimage.measure import manders_coloc_coeff, pearson_corr_coeff

    a, b = _pair(first, second)
    mask = np.ones(a.shape, bool) if inside is None else np.asarray(inside, bool)
    if mask.shape != a.shape or mask.sum() < 2:
        raise InputError(
            f"inside: shape {mask.shape}, {mask.sum()} pixels; expected two or more of {a.shape}."
        )
    clipped = [np.clip(image, 0, None) for image in (a, b)]
    varied = np.ptp(a[mask]) > 0 and np.ptp(b[mask]) > 0
    there = [(clipped[0], b > above[1]), (clipped[1], a > above[0])]
    m1, m2 = (
        float(manders_coloc_coeff(one, other, mask)) if one[mask].any() else math.nan for one, other in there
    )
    return {"pearson": float(pearson_corr_coeff(a, b, mask)[0]) if varied else math.nan, "m1": m1, "m2": m2}


def noise_level(image: ArrayLike) -> float:
    """Standard deviation of the noise of one image (Y, X), where it is white: from its finest Haar wavelets.

    The median of their absolute values over 0.6745, which structure hardly moves (Donoho and Johnstone 1994,
    doi:10.1093/biomet/81.3.425). Noise that is correlated from pixel to pixel, as after interpolation or
    denoising, is underestimated: see `residual_correlation`.

    Parameters
    ----------
    image : array_like, (Y, X)

    Raises
    ------
    InputError
        If the image is not one plane of at least 2 pixels a side, or not finite.
    """
    values = np.asarray(image, float)
    if values.ndim != 2 or min(values.shape) < 2 or not np.isfinite(values).all():
        raise InputError(f"image: shape {values.shape}; expected one plane of finite grey levels.")
    rows, columns = (side // 2 * 2 for side in values.shape)
    top, bottom = values[0:rows:2, :columns], values[1:rows:2, :columns]
    detail = (top[:, 0::2] - top[:, 1::2] - bottom[:, 0::2] + bottom[:, 1::2]) / 2
    return float(np.median(np.abs(detail)) / 0.6744897501960817)


def residual_correlation(raw: ArrayLike, restored: ArrayLike) -> dict[str, float]:
    """What is left in raw less restored: correlations with its neighbour along x and y, and with the image.

    A restoration that took the noise and nothing else leaves white noise: all three are 0 within about
    2 / sqrt(pixels). Along one axis alone: noise of rows or columns. Along both: structure was taken away, or
    the noise was not independent. With the image: light was moved in proportion to itself.

    Parameters
    ----------
    raw, restored : array_like, same shape

    Returns
    -------
    dict of str to float
        x, y, image; and error, the standard deviation of the first two for white noise.

    Raises
    ------
    InputError
        As `linearity`, or if nothing was changed.
    """
    before, after = _pair(raw, restored)
    left = before - after
    left = left - left.mean()
    power = float((left**2).mean())
    if not power:
        raise InputError("restored: is the raw image; there is no residual.")
    told = {
        name: float((np.delete(left, 0, axis) * np.delete(left, -1, axis)).mean()) / power
        for name, axis in (("x", -1), ("y", -2))
    }
    spread = after.std()
    told["image"] = (
        float((left * (after - after.mean())).mean() / (np.sqrt(power) * spread)) if spread else 0.0
    )
    return told | {"error": 1 / math.sqrt(left.size)}


def _line(out: NDArray, light: NDArray) -> Linearity:
    if len(light) < 2 or not np.ptp(light):
        raise InputError(f"true: {len(light)} values that do not vary; a line needs two that differ.")
    slope, offset = np.polyfit(light, out, 1)
    left = out - (slope * light + offset)
    r = float(np.corrcoef(light, out)[0, 1]) if np.ptp(out) else 0.0
    return Linearity(float(slope), float(offset), float(np.sqrt((left**2).mean())), r, len(light))


def _pair(first: ArrayLike, second: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Two finite images of one shape."""
    a, b = np.asarray(first), np.asarray(second)
    if a.shape != b.shape or a.ndim not in (2, 3) or not a.size:
        raise InputError(f"images: shapes {a.shape} and {b.shape}; expected one shape, (Y, X) or (Z, Y, X).")
    if a.dtype.kind not in "fiub" or b.dtype.kind not in "fiub":
        raise InputError(f"images: values are {a.dtype} and {b.dtype}; expected real numbers.")
    a, b = a.astype(np.float64), b.astype(np.float64)
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise InputError("images: hold NaN or infinity; expected a finite value in every pixel.")
    return a, b
