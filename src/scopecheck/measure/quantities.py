"""Quantities of a whole image with their units, as they would be published."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from scopecheck.errors import InputError
from scopecheck.measure.perobject import per_object

DARKER = "darker than the background"
SMALLEST, LARGEST = 1e-6, 1e6  # micrometres per pixel: a picometre, and a metre


@dataclass(frozen=True)
class Quantity:
    """A number with its unit.

    Attributes
    ----------
    value : float
        NaN where it is not defined, such as the mean area of no objects.
    unit : str
        "objects", "px^2" or "um^2" ("px^3", "um^3"), "1/px^2" or "1/mm^2", "grey levels", "" for a fraction.
    note : str
        What a reader must know beside the number: "no objects", saturated objects, a constant image.
    """

    value: float
    unit: str
    note: str = ""

    def __str__(self) -> str:
        text = f"{self.value:g} {self.unit}".rstrip()
        return f"{text} ({self.note})" if self.note else text


def quantities(
    labels: ArrayLike,
    image: ArrayLike | None = None,
    *,
    pixel_size: float | Sequence[float] | None = None,
    border: str = "keep",
    background: float | None = None,
    saturation: float | None = None,
    unit: str | None = None,
    only: str | Sequence[str] | None = None,
) -> dict[str, Quantity]:
    """Measure a label image as a whole: count, area or volume, density and, with an image, intensity.

    Parameters
    ----------
    labels : array of int, (Y, X) or (Z, Y, X)
        0 is background, every other value is one object.
    image : array of int or float, same shape, optional
        Grey levels.
    pixel_size : float or (y, x) or (z, y, x), optional
        Micrometres per pixel along each axis, from 1e-6 to 1e6. Without it areas are in pixels.
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
    only : str or sequence of str, optional
        Name or names of the quantities wanted; a name that these inputs cannot give is an error.

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

        With no objects, sums and counts are 0 and means are NaN, noted "no objects". Where most objects are
        darker than the background, both intensities are noted so.

    Raises
    ------
    InputError
        Bad labels, image, pixel size or rule; micrometres asked without pixel size; a name in `only` that is
        not measured on such inputs.

    Examples
    --------
    >>> import numpy as np
    >>> from scopecheck import measure
    >>> labels = np.zeros((8, 8), int)
    >>> labels[1:3, 1:3], labels[5:7, 4:7] = 1, 2
    >>> found = measure.quantities(labels, pixel_size=0.5)
    >>> found["count"].value, found["mean_area"].value, found["mean_area"].unit
    (2, 1.25, 'um^2')
    """
    each = per_object(labels, image, pixel_size, border, background, saturation, unit)
    if not all(SMALLEST <= length <= LARGEST for length in each.scale):
        raise InputError(
            f"pixel_size: {', '.join(f'{length:g}' for length in each.scale)} micrometres per pixel; expected"
            f" {SMALLEST:g} (a picometre) to {LARGEST:g} (a metre). Give it in micrometres."
        )
    size, dim, field = float(np.prod(each.scale)), each.image.ndim, each.image.size
    pixels, total, n = each.pixels[each.keep], each.total[each.keep], int(each.keep.sum())
    notes = [] if n else ["no objects"]
    if len(each.labels) and not n:
        notes = [f"all {len(each.labels)} objects touch the border"]
    note = "; ".join(notes)
    what, power = ("area" if dim == 2 else "volume"), f"{each.length}^{dim}"
    per, scale = (f"1/mm^{dim}", 1000.0**dim) if each.length == "um" else (f"1/{power}", 1.0)
    result = {
        "count": Quantity(n, "objects", note),
        f"mean_{what}": Quantity(float(pixels.mean()) * size if n else np.nan, power, note),
        f"total_{what}": Quantity(float(pixels.sum()) * size, power, note),
        f"{what}_fraction": Quantity(float(pixels.sum()) / field, "", note),
        "density": Quantity(n / (field * size) * scale, per, note),
    }
    if each.background is not None:
        notes += ["constant image"] if each.constant else []
        if count := int((each.saturated[each.keep] > 0).sum()):
            notes.append(
                f"{count} of {n} objects hold saturated pixels (grey level {each.saturation:g} or more)"
            )
        if n and 2 * (dark := int((total < 0).sum())) > n and not each.constant:
            notes.append(f"{dark} of {n} objects are {DARKER} ({each.background:g})")
        mean = float((total / pixels).mean()) if n else np.nan
        result["total_intensity"] = Quantity(float(total.sum()), "grey levels", "; ".join(notes))
        result["mean_intensity"] = Quantity(mean, "grey levels", "; ".join(notes))
    if only is None:
        return result
    return {name: _chosen(result, name, dim) for name in ([only] if isinstance(only, str) else only)}


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
