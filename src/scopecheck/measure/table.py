"""Size, shape and intensity object by object."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scopecheck.errors import InputError
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
    only: str | Sequence[str] | None = None,
) -> pd.DataFrame:
    """Measure every object: size, shape and, with an image, intensity.

    Sizes and shapes are scikit-image's `regionprops_table`, given the pixel size along each axis.

    Parameters
    ----------
    labels, image, pixel_size, border, background, saturation, unit
        As `quantities`.
    only : str or sequence of str, optional
        Columns wanted, in this order; shapes that are not wanted are not worked out, which saves most of the
        time.

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
        As `quantities`; a name in `only` that such a table does not have.
    """
    import pandas as pd

    each = per_object(labels, image, pixel_size, border, background, saturation, unit)
    dim, what = each.image.ndim, "area" if each.image.ndim == 2 else "volume"
    wanted = None if only is None else [only] if isinstance(only, str) else list(only)
    columns: dict[str, tuple[NDArray, str]] = {
        "label": (each.labels, ""),
        what: (each.pixels * float(np.prod(each.scale)), f"{each.length}^{dim}"),
    }
    columns |= _shapes(each, wanted)
    columns["touches_border"] = (each.touches_border, "")
    if each.background is not None:
        columns["mean_intensity"] = (each.total / each.pixels, "grey levels")
        columns["total_intensity"] = (each.total, "grey levels")
        columns["saturated_pixels"] = (each.saturated, "px")
    if lacking := [name for name in wanted or () if name not in columns]:
        raise InputError(f"only: no column {lacking[0]!r}; expected {', '.join(columns)}")
    columns = columns if wanted is None else {name: columns[name] for name in wanted}
    frame = pd.DataFrame({name: values[each.keep] for name, (values, _) in columns.items()})
    frame.attrs["units"] = {name: text for name, (_, text) in columns.items()}
    frame.attrs.update(background=each.background, saturation=each.saturation)
    return frame


def _shapes(each: PerObject, wanted: Sequence[str] | None) -> dict[str, tuple[NDArray, str]]:
    """Shape columns with their units, one row an object; NaN where a shape is not defined."""
    import warnings

    from skimage.measure import regionprops_table

    dim, length = each.image.ndim, each.length
    shapes = {"equivalent_diameter": ("equivalent_diameter_area", length)}
    shapes |= {f"centroid_{letter}": (f"centroid-{k}", length) for k, letter in enumerate("zyx"[-dim:])}
    shapes |= {"major_axis": ("axis_major_length", length), "minor_axis": ("axis_minor_length", length)}
    if dim == 2:
        shapes |= {"perimeter": ("perimeter", length)} if each.scale[0] == each.scale[1] else {}
        shapes |= {"eccentricity": ("eccentricity", "")}
    shapes |= {"solidity": ("solidity", ""), "extent": ("extent", "")}
    names = {source.split("-")[0] for name, (source, _) in shapes.items() if wanted is None or name in wanted}
    # Renumbered from 1: scikit-image keeps a list as long as the largest label.
    dense = np.zeros(each.image.shape, np.int32)
    inside = each.image != 0
    dense[inside] = np.searchsorted(each.labels, each.image[inside]) + 1
    with warnings.catch_warnings(), np.errstate(divide="ignore", invalid="ignore"):
        warnings.simplefilter("ignore")  # convex hulls of flat objects, which become NaN below
        found = regionprops_table(dense, properties=sorted(names), spacing=each.scale) if names else {}
    if "solidity" in found:
        found["solidity"] = np.where(np.isfinite(found["solidity"]), found["solidity"], np.nan)
    nothing = np.full(len(each.labels), np.nan)
    return {name: (found.get(source, nothing), unit) for name, (source, unit) in shapes.items()}
