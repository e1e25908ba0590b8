"""Size, shape and intensity object by object."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scopecheck.measure.perobject import PerObject, per_object

if TYPE_CHECKING:
    import pandas as pd


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

    each = per_object(labels, image, pixel_size, border, background, saturation, unit)
    dim, what = each.image.ndim, "area" if each.image.ndim == 2 else "volume"
    shapes = _shapes(each)
    columns: dict[str, tuple[NDArray, str]] = {
        "label": (each.labels, ""),
        what: (each.pixels * float(np.prod(each.scale)), f"{each.length}^{dim}"),
        "equivalent_diameter": (shapes["equivalent_diameter_area"], each.length),
    }
    for axis, letter in enumerate("zyx"[-dim:]):
        columns[f"centroid_{letter}"] = (shapes[f"centroid-{axis}"], each.length)
    columns["major_axis"] = (shapes["axis_major_length"], each.length)
    columns["minor_axis"] = (shapes["axis_minor_length"], each.length)
    for name in ("perimeter", "eccentricity", "solidity", "extent"):
        if name in shapes:
            columns[name] = (shapes[name], each.length if name == "perimeter" else "")
    columns["touches_border"] = (each.touches_border, "")
    if each.background is not None:
        columns["mean_intensity"] = (each.total / each.pixels, "grey levels")
        columns["total_intensity"] = (each.total, "grey levels")
        columns["saturated_pixels"] = (each.saturated, "px")
    frame = pd.DataFrame({name: values[each.keep] for name, (values, _) in columns.items()})
    frame.attrs["units"] = {name: text for name, (_, text) in columns.items()}
    frame.attrs.update(background=each.background, saturation=each.saturation)
    return frame


def _shapes(each: PerObject) -> dict[str, NDArray]:
    """scikit-image's shape columns, one row per object; NaN where a shape is not defined."""
    import warnings

    from skimage.measure import regionprops_table

    names = ["equivalent_diameter_area", "centroid", "axis_major_length", "axis_minor_length"]
    names += ["solidity", "extent"]
    if each.image.ndim == 2:
        names += ["eccentricity"] + ["perimeter"] * (each.scale[0] == each.scale[1])
    # Renumbered from 1: scikit-image keeps a list as long as the largest label.
    dense = np.zeros(each.image.shape, np.int32)
    inside = each.image != 0
    dense[inside] = np.searchsorted(each.labels, each.image[inside]) + 1
    with warnings.catch_warnings(), np.errstate(divide="ignore", invalid="ignore"):
        warnings.simplefilter("ignore")  # convex hulls of flat objects, which become NaN below
        columns = regionprops_table(dense, properties=names, spacing=each.scale)
    columns["solidity"] = np.where(np.isfinite(columns["solidity"]), columns["solidity"], np.nan)
    return columns
