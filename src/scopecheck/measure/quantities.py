"""Quantities with units, as they would be published: of a whole image, and object by object."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scopecheck.errors import InputError
from scopecheck.measure.checks import border_rule, grey_image, label_image, spacing
from scopecheck.measure.objects import border_labels
from scopecheck.measure.overlap import chunks, run_starts

if TYPE_CHECKING:
    import pandas as pd

_BLOCK = 1 << 18


@dataclass(frozen=True)
class Quantity:
    """A number with its unit.

    Attributes
    ----------
    value : float
        NaN where it is not defined, such as the mean area of no objects.
    unit : str
        "objects", "px^2", "um^2", "1/mm^2", "grey levels", or "" for a fraction.
    note : str
        What a reader must know beside the number: "no objects", saturated objects, a constant image.
    """

    value: float
    unit: str
    note: str = ""

    def __str__(self) -> str:
        text = f"{self.value:g} {self.unit}".rstrip()
        return f"{text} ({self.note})" if self.note else text


@dataclass(frozen=True)
class _PerObject:
    """Sums over the pixels of each object, in the order of its label."""

    labels: NDArray
    pixels: NDArray
    total: NDArray  # sum of grey levels
    saturated: NDArray  # pixels at or above the saturation level
    touches_border: NDArray


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


def _sums(labels: NDArray, image: NDArray | None, saturation: float | None) -> _PerObject:
    """Sum over objects in one pass, by runs of equal labels; no copy of an image is made."""
    parts = []
    for chunk in chunks(labels, *(() if image is None else (image,)), size=_BLOCK):
        starts = run_starts(chunk[0])
        pixels = np.diff(starts, append=chunk[0].size)
        total = saturated = np.zeros(len(pixels))
        if image is not None:
            total = np.add.reduceat(chunk[1], starts, dtype=np.float64)
            if saturation is not None:
                saturated = np.add.reduceat((chunk[1] >= saturation).astype(np.float64), starts)
        parts.append((chunk[0][starts].astype(np.int64), pixels, total, saturated))
    label, *values = (np.concatenate(column) for column in zip(*parts, strict=True))
    found, where = np.unique(label, return_inverse=True)
    pixels, total, saturated = (np.bincount(where, weights=value) for value in values)
    objects = found != 0
    return _PerObject(
        found[objects],
        pixels[objects].astype(np.int64),
        total[objects],
        saturated[objects].astype(np.int64),
        np.isin(found[objects], border_labels(labels)),
    )


def _levels(
    labels: NDArray, image: NDArray | None, background: float | None, saturation: float | None
) -> tuple[float | None, float | None]:
    """The background to subtract and the level from which a pixel is saturated; None without an image."""
    if image is None:
        for name, value in (("background", background), ("saturation", saturation)):
            if value is not None:
                raise InputError(f"{name}: given without an image; pass the image to measure intensity.")
        return None, None
    if background is None:
        background = background_level(image, labels)
    if saturation is None and image.dtype.kind in "iu":
        saturation = float(np.iinfo(image.dtype).max)
    for name, value in (("background", background), ("saturation", saturation)):
        if value is not None and not (isinstance(value, (int, float, np.number)) and np.isfinite(value)):
            raise InputError(f"{name}: {value!r} is not a grey level; expected one finite number.")
    return background, saturation


def _unit(pixel_size: object, unit: str | None) -> str:
    if unit not in (None, "px", "um"):
        raise InputError(f'unit: {unit!r} is not known; expected "px" or "um".')
    if unit == "um" and pixel_size is None:
        raise InputError(
            "pixel_size: missing, so micrometres cannot be given. Pass pixel_size=(y, x) in micrometres "
            "((z, y, x) for a stack), as the microscope's metadata has it, or ask for pixels."
        )
    return unit or ("px" if pixel_size is None else "um")


def quantities(
    labels: ArrayLike,
    image: ArrayLike | None = None,
    *,
    pixel_size: float | Sequence[float] | None = None,
    border: str = "keep",
    background: float | None = None,
    saturation: float | None = None,
    unit: str | None = None,
    only: Sequence[str] | None = None,
) -> dict[str, Quantity]:
    """Measure a label image as a whole: count, area or volume, density and, with an image, intensity.

    Parameters
    ----------
    labels : array of int, (Y, X) or (Z, Y, X)
        0 is background, every other value is one object.
    image : array of int or float, same shape, optional
        Grey levels.
    pixel_size : float or (y, x) or (z, y, x), optional
        Micrometres per pixel along each axis. Without it areas are in pixels.
    border : {"keep", "drop"}
        "drop" leaves out the objects that touch the edge of the image. The field itself is not made smaller,
        so area fraction and density are then lower bounds.
    background : float, optional
        Grey level subtracted from every pixel. By default the median of the pixels outside all objects
        (`background_level`); 0 subtracts nothing. To compare a prediction with the truth by intensity alone,
        pass one number for both.
    saturation : float, optional
        Grey level from which a pixel counts as saturated. By default the largest value of an integer image's
        dtype; a 12-bit camera stored in 16 bits needs 4095 here.
    unit : {"px", "um"}, optional
        By default micrometres when `pixel_size` is given.
    only : sequence of str, optional
        Names of the quantities wanted; a name that these inputs cannot give is an error.

    Returns
    -------
    dict of str to Quantity
        * count: objects
        * mean_area (2D) or mean_volume (3D): mean over objects
        * total_area (2D) or total_volume (3D): sum over objects
        * area_fraction (2D) or volume_fraction (3D): total over the whole image
        * density: objects per mm^2 or mm^3 of image (per px^2 or px^3 without pixel size)
        * total_intensity: sum over all object pixels of grey level minus background
        * mean_intensity: mean over objects of each object's mean grey level minus background

        With no objects, sums and counts are 0 and means are NaN, noted "no objects".

    Raises
    ------
    InputError
        Bad labels, image, pixel size or rule; micrometres asked without pixel size; a name in `only` that is
        not measured on such inputs.
    """
    array = label_image(labels)
    grey = None if image is None else grey_image(image, array)
    sizes = spacing(pixel_size, array.ndim)
    length = _unit(sizes, unit)
    level, full = _levels(array, grey, background, saturation)
    each = _sums(array, grey, full)
    keep = ~each.touches_border if border_rule(border) == "drop" else np.ones(len(each.labels), bool)
    size = float(np.prod(sizes)) if length == "um" and sizes else 1.0

    n, dim = int(keep.sum()), array.ndim
    note = "" if n else "no objects"
    if len(each.labels) and not n:
        note = f"all {len(each.labels)} objects touch the border"
    what = "area" if dim == 2 else "volume"
    pixels = each.pixels[keep]
    field = array.size * size
    per = (f"1/mm^{dim}", 1000.0**dim) if length == "um" else (f"1/px^{dim}", 1.0)
    result = {
        "count": Quantity(n, "objects", note),
        f"mean_{what}": Quantity(float(pixels.mean()) * size if n else np.nan, f"{length}^{dim}", note),
        f"total_{what}": Quantity(float(pixels.sum()) * size, f"{length}^{dim}", note),
        f"{what}_fraction": Quantity(float(pixels.sum()) / array.size, "", note),
        "density": Quantity(n / field * per[1], per[0], note),
    }
    if grey is not None and level is not None:
        corrected = each.total[keep] - level * pixels
        notes = [note] if note else []
        if grey.min() == grey.max():
            notes.append("constant image")
        if count := int((each.saturated[keep] > 0).sum()):
            notes.append(f"{count} of {n} objects hold saturated pixels (grey level {full:g} or more)")
        mean = float((corrected / pixels).mean()) if n else np.nan
        result["total_intensity"] = Quantity(float(corrected.sum()), "grey levels", "; ".join(notes))
        result["mean_intensity"] = Quantity(mean, "grey levels", "; ".join(notes))
    return result if only is None else {name: _chosen(result, name, dim) for name in only}


def _chosen(result: dict[str, Quantity], name: str, dim: int) -> Quantity:
    if name in result:
        return result[name]
    other, here = ("area", "volume") if dim == 3 else ("volume", "area")
    if other in name and name.replace(other, here) in result:
        kind = "2D" if dim == 3 else "3D"
        raise InputError(
            f"{name}: a {kind} measure, but the labels are {dim}D. "
            f"Ask for {name.replace(other, here)}{', or choose one plane' if dim == 3 else ''}."
        )
    if name in ("total_intensity", "mean_intensity"):
        raise InputError(f"{name}: needs the grey image beside the labels.")
    raise InputError(f"{name}: not a quantity; expected one of {', '.join(result)}.")


def table(
    labels: ArrayLike,
    image: ArrayLike | None = None,
    *,
    pixel_size: float | Sequence[float] | None = None,
    border: str = "keep",
    background: float | None = None,
    saturation: float | None = None,
    unit: str | None = None,
) -> pd.DataFrame:
    """Measure every object: size, shape and, with an image, intensity.

    Sizes and shapes are scikit-image's `regionprops_table`, given the pixel size along each axis.

    Parameters
    ----------
    labels, image, pixel_size, border, background, saturation, unit
        As `quantities`.

    Returns
    -------
    pandas.DataFrame
        One row per object, in the order of its label, with the columns label, area (2D) or volume (3D),
        equivalent_diameter (of the circle or ball of that size), centroid_y and centroid_x (before them
        centroid_z in 3D; from the centre of the first pixel), major_axis, minor_axis, solidity, extent, in 2D
        eccentricity and, where pixels are square, perimeter, then touches_border and, with an image,
        mean_intensity, total_intensity (background subtracted) and saturated_pixels.
        `.attrs["units"]` gives the unit of each column, `.attrs["background"]` and `.attrs["saturation"]` the
        grey levels used. A shape that is not defined, such as the solidity of an object one plane thick in
        3D, is NaN. With no objects the table has its columns and no rows.

    Raises
    ------
    InputError
        As `quantities`.
    """
    import pandas as pd

    array = label_image(labels)
    grey = None if image is None else grey_image(image, array)
    sizes = spacing(pixel_size, array.ndim)
    length = _unit(sizes, unit)
    scale = sizes if length == "um" and sizes else (1.0,) * array.ndim
    level, full = _levels(array, grey, background, saturation)
    each = _sums(array, grey, full)
    dim = array.ndim

    frame = pd.DataFrame({"label": each.labels})
    shape = _shapes(array, each.labels, scale)
    frame["area" if dim == 2 else "volume"] = each.pixels * float(np.prod(scale))
    frame["equivalent_diameter"] = shape["equivalent_diameter_area"]
    for axis, letter in enumerate("yx" if dim == 2 else "zyx"):
        frame[f"centroid_{letter}"] = shape[f"centroid-{axis}"]
    frame["major_axis"] = shape["axis_major_length"]
    frame["minor_axis"] = shape["axis_minor_length"]
    for name in ("perimeter", "eccentricity", "solidity", "extent"):
        if name in shape:
            frame[name] = shape[name]
    frame["touches_border"] = each.touches_border
    units = dict.fromkeys(frame.columns, "") | {"area" if dim == 2 else "volume": f"{length}^{dim}"}
    lengths = ("equivalent_diameter", "major_axis", "minor_axis", "perimeter")
    units |= {name: length for name in frame.columns if name in lengths or name.startswith("centroid")}
    if grey is not None and level is not None:
        frame["total_intensity"] = each.total - level * each.pixels
        frame["mean_intensity"] = frame["total_intensity"] / each.pixels
        frame["saturated_pixels"] = each.saturated
        units |= {"total_intensity": "grey levels", "mean_intensity": "grey levels", "saturated_pixels": "px"}
    if border_rule(border) == "drop":
        frame = frame[~frame["touches_border"]].reset_index(drop=True)
    frame.attrs.update(units=units, background=level, saturation=full)
    return frame


def _shapes(labels: NDArray, found: NDArray, scale: tuple[float, ...]) -> dict[str, NDArray]:
    """scikit-image's shape columns, one row per label in `found`; NaN where a shape is not defined."""
    import warnings

    from skimage.measure import regionprops_table

    names = ["equivalent_diameter_area", "centroid", "axis_major_length", "axis_minor_length"]
    names += ["solidity", "extent"]
    if labels.ndim == 2:
        names += ["eccentricity"] + ["perimeter"] * (scale[0] == scale[1])
    # Renumbered from 1: scikit-image keeps a list as long as the largest label.
    dense = np.zeros(labels.shape, np.int32)
    inside = labels != 0
    dense[inside] = np.searchsorted(found, labels[inside]) + 1
    with warnings.catch_warnings(), np.errstate(divide="ignore", invalid="ignore"):
        warnings.simplefilter("ignore")  # hulls of flat objects, which become NaN below
        columns = regionprops_table(dense, properties=names, spacing=scale)
    columns["solidity"] = np.where(np.isfinite(columns["solidity"]), columns["solidity"], np.nan)
    return columns
