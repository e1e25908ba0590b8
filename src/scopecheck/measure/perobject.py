"""Inputs of a measurement checked once, and sums over the pixels of each object in one pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scopecheck.arrays import border_rule, grey_image, label_image, spacing
from scopecheck.errors import InputError
from scopecheck.measure.objects import border_labels
from scopecheck.measure.overlap import chunks, run_starts


def background_level(image: ArrayLike, labels: ArrayLike) -> float:
    """Median grey level of the pixels that belong to no object.

    Between crowded or blurred objects it lies above the true background; where a region without sample is at
    hand, its mean is the better number to pass as `background`.

    Parameters
    ----------
    image : array of int or float, grey levels
    labels : array of int, same shape

    Raises
    ------
    InputError
        Bad image or labels, or no pixel outside objects.
    """
    label_array = label_image(labels)
    outside = grey_image(image, label_array)[label_array == 0]
    if outside.size == 0:
        raise InputError("background: every pixel belongs to an object; give `background` as a grey level.")
    return float(np.median(outside))


@dataclass(frozen=True)
class PerObject:
    """Checked inputs and, for each object in the order of its label, sums over its pixels.

    `keep` says which objects the border rule leaves; `length` is "px" or "um", `scale` the size of a pixel
    along each axis in it. Without an image `background` is None and the sums of grey levels are 0.
    """

    image: NDArray
    scale: tuple[float, ...]
    length: str
    background: float | None
    saturation: float | None
    labels: NDArray
    pixels: NDArray
    total: NDArray  # sum of grey levels, background subtracted
    saturated: NDArray  # pixels at or above the saturation level
    touches_border: NDArray
    keep: NDArray
    constant: bool


def per_object(
    labels: ArrayLike,
    image: ArrayLike | None,
    pixel_size: float | Sequence[float] | None,
    border: str,
    background: float | None,
    saturation: float | None,
    unit: str | None,
) -> PerObject:
    """Check what `quantities` and `table` were given and sum over objects; no copy of an image is made."""
    array = label_image(labels)
    grey = None if image is None else grey_image(image, array)
    sizes = spacing(pixel_size, array.ndim)
    length = _unit(sizes, unit)
    drop = border_rule(border) == "drop"
    background, saturation = _levels(array, grey, background, saturation)

    parts = []
    for chunk in chunks(array, *(() if grey is None else (grey,)), size=1 << 18):
        starts = run_starts(chunk[0])
        pixels = np.diff(starts, append=chunk[0].size)
        total, full = np.zeros(len(pixels)), np.zeros(len(pixels))
        if grey is not None:
            total = np.add.reduceat(chunk[1], starts, dtype=np.float64)
            if saturation is not None:
                full = np.add.reduceat((chunk[1] >= saturation).astype(np.float64), starts)
        parts.append((chunk[0][starts].astype(np.int64), pixels, total, full))
    label, *columns = (np.concatenate(column) for column in zip(*parts, strict=True))
    found, where = np.unique(label, return_inverse=True)
    objects = found != 0
    pixels, total, full = (np.bincount(where, weights=column)[objects] for column in columns)
    touches = np.isin(found[objects], border_labels(array))
    return PerObject(
        image=array,
        scale=sizes if length == "um" and sizes else (1.0,) * array.ndim,
        length=length,
        background=background,
        saturation=saturation,
        labels=found[objects],
        pixels=pixels.astype(np.int64),
        total=total - (background or 0.0) * pixels,
        saturated=full.astype(np.int64),
        touches_border=touches,
        keep=~touches if drop else np.ones(len(touches), bool),
        constant=grey is not None and bool(grey.min() == grey.max()),
    )


def _levels(
    labels: NDArray, image: NDArray | None, background: float | None, saturation: float | None
) -> tuple[float | None, float | None]:
    """The background to subtract and the level from which a pixel is saturated; None without an image."""
    for name, value in (("background", background), ("saturation", saturation)):
        if value is None:
            continue
        if image is None:
            raise InputError(f"{name}: given without an image; pass the image to measure intensity.")
        if not (isinstance(value, (int, float, np.number)) and np.isfinite(value)):
            raise InputError(f"{name}: {value!r} is not a grey level; expected one finite number.")
    if image is None:
        return None, None
    if background is None:
        background = background_level(image, labels)
    if saturation is None and image.dtype.kind in "iu":
        saturation = float(np.iinfo(image.dtype).max)
    return background, saturation


def _unit(sizes: tuple[float, ...] | None, unit: str | None) -> str:
    if unit not in (None, "px", "um"):
        raise InputError(f'unit: {unit!r} is not known; expected "px" or "um".')
    if unit == "um" and sizes is None:
        raise InputError(
            "pixel_size: missing, so micrometres cannot be given. Pass pixel_size=(y, x) in micrometres "
            "((z, y, x) for a stack), as the microscope's metadata has it, or ask for pixels."
        )
    return unit or ("px" if sizes is None else "um")
