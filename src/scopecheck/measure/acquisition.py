"""How an image was taken, from the image itself: light, blur, and how its objects lie.

These are the settings that recipes vary. `acquisition` refuses an image that was interpolated, denoised or
compressed: its noise tells nothing about its light.

On simulated nuclei with known settings (tests/measure/test_acquisition.py: 10 to 5,000 photons over a
background of 2 to 1,000, a blur of 0.5 to 5 pixels, objects 9 to 45 pixels wide on 3 to 40 % of the field)
each estimate was held against the truth. `RANGES` says where it was near, in terms of the estimates.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf
from typing import NamedTuple
from warnings import catch_warnings, simplefilter

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scopecheck.errors import InputError
from scopecheck.measure import jpeg
from scopecheck.measure.intensity import noise_level
from scopecheck.measure.processed import processed

_LEVELS = 8  # of light, between which the noise is compared
_LEAST = 40  # fine differences a level; fewer give no spread
_EVEN = 40  # per cent of the places of a level, those around which the light changes least
_LONE = 200  # pixels along outlines, below which no blur is told
_NEAR = 6.0  # pixels on either side of an outline that its blur is read from
_STEP = 0.5  # pixels


class Tested(NamedTuple):
    """Where an estimator was near the truth, on simulated fields.

    Attributes
    ----------
    share : str
        Of the estimates there.
    within : str
        How near they were: a fraction of the truth, or of the objects.
    where : dict of str to (float, float) or None
        Least and most of the estimates on which that depends; None where no such place was found.
    """

    share: str
    within: str
    where: dict[str, tuple[float, float]] | None

    def inside(self, found: Acquisition) -> bool:
        """Whether an image lies there."""
        where = self.where
        return where is not None and all(
            low <= getattr(found, name) <= high for name, (low, high) in where.items()
        )

    def told(self) -> str:
        """In words."""
        if self.where is None:
            return f"nowhere were {self.share} within {self.within}"
        places = [f"{name} {_span(low, high)}" for name, (low, high) in self.where.items()]
        return f"{self.share} within {self.within}: {', '.join(places)}"


@dataclass(frozen=True)
class Acquisition:
    """What an image tells of how it was taken; NaN where it tells nothing, with the reason in `why`.

    Attributes
    ----------
    photons : float
        Detected photons of a pixel as bright as the 99.9th percentile, above the background (the 1st), as
        `acquire.retake` counts them.
    background : float
        Photons of the background above what a dark pixel would show; only with a known `offset`.
    noise : float
        Standard deviation of the noise, grey values (`intensity.noise_level`).
    blur : float
        Standard deviation of the Gaussian blur at the outlines of the objects, pixels.
    diameter : float
        Of the circle of the median area, pixels.
    coverage : float
        Share of the field that is covered by objects.
    touching : float
        Share of the objects that touch another one.
    contrast : float
        Mean grey value of the objects less the median outside, over `noise`.
    objects : int
    why : dict of str to str
    """

    photons: float
    background: float
    noise: float
    blur: float
    diameter: float
    coverage: float
    touching: float
    contrast: float
    objects: int
    why: dict[str, str]


# Each tolerance was stated before; a range is where the share lay inside it. What the masks give is as right
# as the masks, and is not here.
RANGES = {
    "photons": Tested("half", "20 %", {"photons": (50.0, 5000.0), "contrast": (3.0, inf)}),
    "blur": Tested("9 in 10", "20 %", {"blur": (0.5, 4.0)}),
    "contrast": Tested("7 in 10", "10 %", {"contrast": (1.5, 5.0)}),
    "noise": Tested("9 in 10", "10 %", {"contrast": (0.0, 4.0)}),
    "background": Tested("9 in 10", "10 %", None),
}
# With the objects of the classical baseline instead of true ones.
BY_BASELINE = RANGES | {
    "blur": Tested("9 in 10", "20 %", {"blur": (0.5, 4.0), "contrast": (3.0, inf)}),
    "diameter": Tested("9 in 10", "10 %", {"blur": (0.0, 2.0), "contrast": (5.0, inf)}),
    "coverage": Tested("9 in 10", "10 %", {"blur": (0.0, 2.0), "contrast": (5.0, inf)}),
    "touching": Tested("9 in 10", "0.1", {"blur": (0.0, 1.0), "contrast": (8.0, inf)}),
    "objects": Tested("8 in 10", "10 %", {"blur": (0.0, 2.0), "contrast": (5.0, inf)}),
}
FIELDS = {"diameter": (9.0, 45.0), "coverage": (0.03, 0.4)}  # all that was tested


def gain(image: ArrayLike) -> tuple[float, float]:
    """Grey values a photon, and the noise of reading in grey values, from how noise rises with light.

    The variance of the finest differences (Haar, along the diagonal) is taken at eight levels of the local
    mean, from their median absolute value; a line through these has the gain as its slope (the mean-variance
    method: Janesick 2007, doi:10.1117/3.725073; from one image: Foi et al. 2008,
    doi:10.1109/TIP.2008.2001399).

    Parameters
    ----------
    image : array_like, (Y, X)

    Returns
    -------
    (float, float)
        NaN and NaN where the noise does not rise with the light: noise of reading alone, too little range of
        light, or structure as fine as pixels.
    """
    values = np.asarray(image, float)
    rows, columns = (side // 2 * 2 for side in values.shape)
    blocks = values[:rows, :columns].reshape(rows // 2, 2, columns // 2, 2).swapaxes(1, 2)
    mean = blocks.mean(axis=(2, 3))
    detail = (blocks[..., 0, 0] - blocks[..., 0, 1] - blocks[..., 1, 0] + blocks[..., 1, 1]) / 2
    # Places are sorted by what lies around them, and chosen where that is even: neither is told by the
    # difference inside the place itself, so that no choice makes the noise look smaller.
    around = (9 * _box(mean) - mean) / 8
    uneven = np.sqrt(np.clip(_box(mean**2) - _box(mean) ** 2, 0, None))
    low, high = np.percentile(around, [1, 99.9])
    level = np.clip(((around - low) / (high - low) * _LEVELS).astype(int), 0, _LEVELS - 1)
    light, variance, many = [], [], []
    for k in range(_LEVELS):
        here = level == k
        if np.count_nonzero(here) * _EVEN < 100 * _LEAST:
            continue
        here &= uneven <= np.percentile(uneven[here], _EVEN)
        light.append(np.median(around[here]))
        variance.append((np.median(np.abs(detail[here])) / 0.6744897501960817) ** 2)
        many.append(np.count_nonzero(here))
    if len(light) < 3:
        return float("nan"), float("nan")
    weight = np.sqrt(many) / np.maximum(variance, max(variance) * 1e-6)
    slope, height = np.polyfit(np.array(light) - low, variance, 1, w=weight)
    if slope <= 0:
        return float("nan"), float("nan")
    return float(slope), float(np.sqrt(max(height, 0.0)))


def edge_blur(image: ArrayLike, labels: ArrayLike) -> float:
    """Standard deviation of the blur across the outlines of objects, in pixels.

    Grey values are averaged by their distance from the nearest outline, inside and outside, and an error
    function is fitted to that profile: the edge of a sharp object seen through a Gaussian. Pixels nearer to
    two objects than 12 pixels apart are left out.

    Parameters
    ----------
    image, labels : array_like, (Y, X)
        Grey values, and objects that follow the true outlines; those of a tool that draws wide or jagged
        give a wider blur.

    Returns
    -------
    float
        NaN where fewer than 200 pixels lie along lone outlines, or no step is seen there.
    """
    from scipy.ndimage import distance_transform_edt, maximum_filter, minimum_filter
    from scipy.optimize import OptimizeWarning, curve_fit
    from scipy.special import erf

    values, of = np.asarray(image, float), np.asarray(labels).astype(np.int64)
    inside = of > 0
    if not inside.any() or inside.all():
        return float("nan")
    wide = 2 * int(_NEAR) + 1
    largest = maximum_filter(of, wide)
    smallest = minimum_filter(np.where(inside, of, np.iinfo(np.int64).max), wide)
    alone = largest == smallest  # one object, and no other, within reach
    apart = np.where(inside, distance_transform_edt(inside) - 0.5, 0.5 - distance_transform_edt(~inside))
    used = alone & (np.abs(apart) <= _NEAR)
    if np.count_nonzero(used) < _LONE:
        return float("nan")
    place = np.round(apart[used] / _STEP).astype(int)
    at, which = np.unique(place, return_inverse=True)
    profile = np.bincount(which, values[used]) / np.bincount(which)
    many = np.bincount(which)
    step = profile[at > 0].max() - profile[at < 0].min()
    if not step > 0:
        return float("nan")

    def edge(x: NDArray, low: float, high: float, middle: float, sigma: float) -> NDArray:
        return low + (high - low) * (1 + erf((x - middle) / (np.sqrt(2) * sigma))) / 2

    start = [profile.min(), profile.max(), 0.0, 1.5]
    limits = ([-np.inf, -np.inf, -_NEAR, 0.05], [np.inf, np.inf, _NEAR, 2 * _NEAR])
    with catch_warnings():
        simplefilter("ignore", OptimizeWarning)  # of the covariance, which nobody asks for
        try:
            found, _ = curve_fit(edge, at * _STEP, profile, start, sigma=1 / np.sqrt(many), bounds=limits)
        except RuntimeError:
            return float("nan")
    return float(found[3])


def touching(labels: ArrayLike) -> float:
    """Share of the objects (Y, X) that share a border with another one, corners included; NaN without any."""
    of = np.asarray(labels)
    ids = np.unique(of[of > 0])
    if not ids.size:
        return float("nan")
    pairs = []
    for ahead, behind in (
        (of[1:], of[:-1]),
        (of[:, 1:], of[:, :-1]),
        (of[1:, 1:], of[:-1, :-1]),
        (of[1:, :-1], of[:-1, 1:]),
    ):
        meet = (ahead != behind) & (ahead > 0) & (behind > 0)
        pairs += [ahead[meet], behind[meet]]
    return float(np.unique(np.concatenate(pairs)).size / ids.size)


def acquisition(
    image: ArrayLike, labels: ArrayLike, *, offset: float | None = None, as_given: bool = False
) -> Acquisition:
    """Estimate how an image of bright objects was taken.

    Parameters
    ----------
    image : array_like, (Y, X)
        As it came from the camera. A constant factor and offset do no harm.
    labels : array_like of int, (Y, X)
        Its objects.
    offset : float, optional
        Grey value of a dark pixel, if known; no place of the image can be darker, its noise apart.
    as_given : bool
        Go on where the image bears traces of processing; light is then not estimated.

    Returns
    -------
    Acquisition

    Raises
    ------
    InputError
        If the image is not one finite plane of at least 32 pixels a side, is constant, has another shape than
        its labels, or was interpolated, denoised, compressed or has noise of whole rows; if `offset` is not
        finite, lies below what such whole numbers can hold, or above the image's darkest hundredth.
    """
    values, of = np.asarray(image), np.asarray(labels)
    # Grey values that were stretched or clipped keep the line between noise and light.
    signs = jpeg.signs(values, replace(processed(values), empty=0.0, lowest=0.0, highest=0.0).signs())
    if signs and not as_given:
        raise InputError(
            f"image: {'; '.join(signs)}. Its noise then tells nothing about its light; give the image as it"
            " came from the camera, or go on without an estimate of light by as_given=True."
        )
    if of.shape != values.shape:
        raise InputError(f"labels: have the shape {of.shape}, the image {values.shape}; expected the same.")
    grey = values.astype(float)
    if not np.ptp(grey):
        raise InputError("image: has one grey value; there is nothing to see on it.")
    low, bright = np.percentile(_box(grey), [1, 99.9])  # of light, not of its noise
    noise = noise_level(grey)
    if offset is not None:
        _possible(offset, values, low, noise)
    why: dict[str, str] = {}
    slope = float("nan") if signs else gain(grey)[0]
    if not np.isfinite(slope):
        why["photons"] = "; ".join(signs) or "its noise does not rise with its light"
    ids, area = np.unique(of[of > 0], return_counts=True)
    if not ids.size:
        why["objects"] = "no object was found"
    dark = float("nan") if offset is None else max(low - offset, 0.0) / slope
    if offset is None:
        why["background"] = "the grey value of a dark pixel is not known"
    blur = edge_blur(grey, of)
    if not np.isfinite(blur):
        why["blur"] = "too few outlines without a neighbour"
    contrast = float("nan")
    if ids.size and (of == 0).any():
        outside = float(np.median(grey[of == 0]))
        contrast = (float(grey[of > 0].mean()) - outside) / noise if noise else float("nan")
    return Acquisition(
        photons=(bright - low) / slope,
        background=dark,
        noise=noise,
        blur=blur,
        diameter=float(2 * np.sqrt(np.median(area) / np.pi)) if ids.size else float("nan"),
        coverage=float((of > 0).mean()),
        touching=touching(of),
        contrast=contrast,
        objects=int(ids.size),
        why=why,
    )


def _span(low: float, high: float) -> str:
    if high == inf:
        return f"from {low:g}"
    return f"{low:g} to {high:g}" if low else f"up to {high:g}"


def _possible(offset: float, values: NDArray, low: float, noise: float) -> None:
    """Refuse a grey value that no dark pixel of this image can have."""
    advice = "Give the mean grey value of an image without light, or leave it out."
    if not np.isfinite(offset):
        raise InputError(f"offset: {offset:g}; expected a grey value. {advice}")
    if offset < 0 and values.dtype.kind == "u":
        raise InputError(f"offset: {offset:g}, and the image holds whole numbers from 0 on. {advice}")
    if offset > low + noise:
        raise InputError(
            f"offset: {offset:g} is brighter than the darkest hundredth of the image ({low:.5g}); a dark"
            f" pixel is not. {advice}"
        )


def _box(values: NDArray) -> NDArray:
    from scipy.ndimage import uniform_filter

    return np.asarray(uniform_filter(values, 3))
