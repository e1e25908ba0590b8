"""What a label image, an intensity image and a pixel size must be before anything is measured on them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scopecheck.errors import InputError


def _looks_like_colour(shape: tuple[int, ...]) -> bool:
    return len(shape) == 3 and shape[-1] in (3, 4) and min(shape[:2]) > 4


def label_image(labels: ArrayLike, name: str = "labels", *, mask: bool = False) -> NDArray:
    """Return `labels` as an array after checking that it is a label image.

    Parameters
    ----------
    labels : array of int, (Y, X) or (Z, Y, X)
        0 is background, every other value is one object. Values need not be contiguous.
    name : str
        What to call the array in a message.
    mask : bool
        Accept a boolean mask too (for pixel measures that do not tell objects apart).

    Raises
    ------
    InputError
        NaN, float, boolean or negative labels, a colour image, no pixels, or neither 2D nor 3D.
    """
    array = np.asarray(labels)
    kind = array.dtype.kind
    if kind == "f":
        if np.isnan(array).any():
            raise InputError(f"{name}: holds NaN; expected whole-number labels. Set NaN to 0 (background).")
        raise InputError(
            f"{name}: values are {array.dtype}, expected whole-number labels. "
            "If every value is whole, convert with .astype('int32'); threshold a probability map first."
        )
    if kind == "b" and not mask:
        raise InputError(
            f"{name}: a True/False mask does not tell objects apart; expected one number per object. "
            "Number the objects with skimage.measure.label(mask)."
        )
    if kind not in "iub":
        raise InputError(f"{name}: values are {array.dtype}, expected whole-number labels.")
    if array.ndim not in (2, 3):
        raise InputError(f"{name}: has {array.ndim} axes {array.shape}; expected (Y, X) or (Z, Y, X).")
    if array.size == 0:
        raise InputError(f"{name}: holds no pixels, shape {array.shape}.")
    if _looks_like_colour(array.shape):
        raise InputError(
            f"{name}: shape {array.shape} looks like a colour (RGB) picture, expected one label per pixel. "
            "Read the label file itself, or take the one channel that holds the labels."
        )
    if kind == "i" and (low := array.min()) < 0:
        raise InputError(f"{name}: holds the negative value {low}; expected 0 for background, labels from 1.")
    if array.dtype == np.uint64 and array.max() > np.iinfo(np.int64).max:
        raise InputError(f"{name}: holds labels above 2**63 - 1; renumber the objects from 1.")
    return array


def same_shape(predicted: NDArray, true: NDArray) -> None:
    """Raise InputError unless two label images lie on the same pixels."""
    if predicted.shape != true.shape:
        hint = "Take both from the same plane and scale."
        if predicted.shape == true.shape[:-2] + true.shape[:-3:-1]:
            hint = "One is the other transposed (y and x swapped): transpose one of them."
        elif predicted.shape == true.shape[::-1]:
            hint = "One has its axes in the opposite order (x, y, z): transpose it to (z, y, x)."
        if predicted.ndim != true.ndim:
            hint = "One is 2D and the other 3D: choose the plane that was annotated."
        raise InputError(
            f"predicted labels have shape {predicted.shape} and true labels {true.shape}; "
            f"expected the same shape. {hint}"
        )


def grey_image(image: ArrayLike, labels: NDArray) -> NDArray:
    """Return `image` as an array after checking that it is grey, finite and lies on the pixels of `labels`.

    Raises
    ------
    InputError
        RGB where grey is needed, a different shape, NaN or infinite values, or values that are not numbers.
    """
    array = np.asarray(image)
    if array.dtype.kind not in "iuf":
        raise InputError(f"image: values are {array.dtype}, expected grey levels: whole or decimal numbers.")
    if array.ndim == labels.ndim + 1 and array.shape[:-1] == labels.shape and array.shape[-1] in (2, 3, 4):
        raise InputError(
            f"image: shape {array.shape} has {array.shape[-1]} colour channels, expected one grey level per "
            f"pixel, {labels.shape}. Choose the channel to be measured, for example image[..., 0]."
        )
    if array.shape != labels.shape:
        raise InputError(
            f"image: shape {array.shape} differs from the labels' {labels.shape}; expected the same shape."
        )
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise InputError("image: holds NaN or infinite values; expected a finite grey level in every pixel.")
    return array


def spacing(pixel_size: float | Sequence[float] | None, ndim: int) -> tuple[float, ...] | None:
    """Pixel size as one number of micrometres per axis, in the order of the array's axes; None stays None.

    Raises
    ------
    InputError
        Not positive, or not one number per axis: a single number is accepted in 2D only, since a stack's
        planes are rarely as far apart as its pixels.
    """
    if pixel_size is None:
        return None
    axes = "(y, x)" if ndim == 2 else "(z, y, x)"
    try:
        sizes = np.asarray(pixel_size, dtype=float)
    except (TypeError, ValueError):
        raise InputError(f"pixel_size: {pixel_size!r}; expected {axes} in micrometres.") from None
    if sizes.ndim == 0 and ndim == 2:
        sizes = np.repeat(sizes, 2)
    if sizes.shape != (ndim,):
        raise InputError(
            f"pixel_size: {pixel_size!r} does not fit {ndim}D labels; expected {axes} in micrometres."
        )
    if not (np.isfinite(sizes).all() and (sizes > 0).all()):
        raise InputError(f"pixel_size: {pixel_size!r}; expected positive micrometres per pixel.")
    return tuple(float(size) for size in sizes)


def border_rule(border: str) -> str:
    """Raise InputError unless `border` is "keep" or "drop"."""
    if border not in ("keep", "drop"):
        raise InputError(f'border: {border!r} is not a rule; expected "keep" or "drop".')
    return border
