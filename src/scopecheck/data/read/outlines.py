"""Objects that were drawn as outlines, and the label image that they make at the centres of pixels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from scopecheck.errors import InputError

if TYPE_CHECKING:
    import numpy as np

LARGEST = 1 << 29  # bytes of a file, or of all that a zip holds
MOST_PIXELS = 1 << 31
_BESIDE = 1e-6  # how far from a pixel's centre it is asked, so that no centre lies on an edge of two objects
_MOST_CORNERS = 100_000
_AT_ONCE = 1 << 20  # pixels that are asked at a time


class Bits(NamedTuple):
    """A mask whose first pixel lies at (y, x)."""

    y: int
    x: int
    mask: np.ndarray


@dataclass(frozen=True)
class Outline:
    """One object.

    Attributes
    ----------
    name : str
        What a message calls it.
    parts : list
        What makes it up together: each a list of closed rings, (n, 2) arrays of (x, y) in pixels, of which
        a second one inside the first is a hole; or `Bits`.
    plane : int or None
        Plane of the stack that it was drawn on, from 1; None where none is named.
    """

    name: str
    parts: list[list[np.ndarray] | Bits]
    plane: int | None = None


@dataclass(frozen=True)
class Outlines:
    """The objects of one file.

    Attributes
    ----------
    path : Path
    objects : list of Outline
    shape : tuple of int or None
        (Y, X) or (Z, Y, X) of the image, where the file tells it.
    pixel_size : tuple of float or None
        Micrometres along these axes, likewise.
    notes : list of str
        What was left out, and what was chosen.
    """

    path: Path
    objects: list[Outline]
    shape: tuple[int, ...] | None = None
    pixel_size: tuple[float, ...] | None = None
    notes: list[str] = field(default_factory=list)


def content(path: Path) -> bytes:
    """The bytes of a file that is not larger than `LARGEST`, and not empty."""
    if not path.is_file():
        raise InputError(f"{path}: no such file; expected outlines of objects.")
    if (size := path.stat().st_size) > LARGEST:
        raise InputError(f"{path}: has {size >> 20} MB; expected at most {LARGEST >> 20} MB of outlines.")
    if not size:
        raise InputError(f"{path}: is empty (0 bytes); expected outlines. Write or copy it again.")
    return path.read_bytes()


def ring(path: Path, name: str, points: object) -> np.ndarray:
    """Corners of a ring as an array (n, 2) of (x, y), without the first one repeated at the end.

    Raises
    ------
    InputError
        For fewer than 3 corners, and for what is no pair of finite numbers.
    """
    import numpy as np

    try:
        found = np.array(points, dtype=float)
    except (TypeError, ValueError):
        raise InputError(f"{path}: {name}: its corners are no pairs of numbers.") from None
    if found.ndim != 2 or found.shape[1] < 2 or not np.isfinite(found).all():
        raise InputError(f"{path}: {name}: its corners are no pairs of finite numbers.")
    found = found[:, :2]
    if len(found) > 1 and (found[0] == found[-1]).all():
        found = found[:-1]
    if len(found) < 3:
        raise InputError(f"{path}: {name}: has {len(found)} corners; an outline needs 3 or more.")
    return found


def ellipse(x: float, y: float, width: float, height: float) -> np.ndarray:
    """Corners of an ellipse in the box whose first corner is (x, y), four a pixel of its length or more."""
    import numpy as np

    turn = np.linspace(0, 2 * np.pi, min(max(64, 4 * int(width + height)), _MOST_CORNERS), endpoint=False)
    return np.column_stack([x + width / 2 * (1 + np.cos(turn)), y + height / 2 * (1 + np.sin(turn))])


def box(x: float, y: float, width: float, height: float) -> np.ndarray:
    """Corners of a rectangle."""
    import numpy as np

    return np.array([[x, y], [x + width, y], [x + width, y + height], [x, y + height]], float)


def labelled(outlines: Outlines, shape: Sequence[int]) -> tuple[np.ndarray, list[str]]:
    """Number the objects in a label image, in the order of the file.

    A pixel belongs to an object if its centre lies inside: pixel (0, 0) reaches from 0 to 1 and its centre is
    (0.5, 0.5), as in ImageJ, QuPath and OMERO. A centre on an edge belongs to what lies right of it or below,
    so that of outlines that meet there each pixel goes to one alone. Where objects overlap, the later one
    lies on top.

    Parameters
    ----------
    outlines : Outlines
    shape : (Y, X) or (Z, Y, X)
        In (Z, Y, X) each object goes to the plane that it names.

    Returns
    -------
    labels : ndarray of int32
    notes : list of str
        Overlaps, objects without a pixel, and outlines that reach out of the image.

    Raises
    ------
    InputError
        If most objects lie outside the image, objects are on several planes of what is to be one plane, or
        name none of a stack's.
    """
    import numpy as np

    path, shape, objects = outlines.path, tuple(shape), outlines.objects
    if len(shape) not in (2, 3) or min(shape) < 1 or math.prod(shape) > MOST_PIXELS:
        raise InputError(f"{path}: no label image can have the shape {shape}; expected rows and columns.")
    planes = _planes(outlines, shape)
    labels = np.zeros(shape, np.int32)
    shared, met, outside = 0, set(), []
    whole = np.zeros(len(objects), np.int64)
    for number, (one, plane) in enumerate(zip(objects, planes, strict=True), 1):
        rows, columns, inside, cut = _inside(one, shape[-2:])
        outside += [one.name] * cut
        whole[number - 1] = inside.sum()
        window = (labels if plane is None else labels[plane])[rows, columns]
        under = window[inside]
        if (covered := under[under > 0]).size:
            shared += covered.size
            met |= {number, *np.unique(covered).tolist()}
        window[inside] = number
    if 2 * len(outside) > len(objects):
        high, wide = _reach(objects)
        raise InputError(
            f"{path}: {len(outside)} of {len(objects)} outlines reach out of the image of {shape[-2]} rows"
            f" and {shape[-1]} columns (to row {high:g}, column {wide:g}). Were they drawn on another image,"
            " or at another scale?"
        )
    left = np.isin(np.arange(1, len(objects) + 1), labels)
    return labels, _notes(objects, outside, whole, left, shared, len(met))


def _planes(outlines: Outlines, shape: Sequence[int]) -> list[int | None]:
    named = [one.plane for one in outlines.objects]
    on = sorted({plane for plane in named if plane})
    if len(shape) == 2:
        if len(on) > 1:
            raise InputError(
                f"{outlines.path}: its outlines lie on {len(on)} planes ({on[0]} to {on[-1]}), and one plane"
                " is expected. For a stack give --shape planes,rows,columns; or give one plane's outlines."
            )
        if on:
            outlines.notes.append(f"all outlines lie on plane {on[0]}, which is taken for this image's")
        return [None] * len(named)
    if lost := [one.name for one in outlines.objects if not one.plane or one.plane > shape[0]]:
        raise InputError(
            f"{outlines.path}: {len(lost)} outlines ({', '.join(lost[:3])}) name no plane of a stack of"
            f" {shape[0]}; draw them on its planes, or give --shape rows,columns."
        )
    return [plane - 1 for plane in named if plane]


def _reach(objects: Sequence[Outline]) -> tuple[float, float]:
    """The largest row and column that an outline reaches."""
    ends = [
        (part.y + part.mask.shape[0], part.x + part.mask.shape[1])
        if isinstance(part, Bits)
        else (max(float(one[:, 1].max()) for one in part), max(float(one[:, 0].max()) for one in part))
        for each in objects
        for part in each.parts
    ]
    return max(end[0] for end in ends), max(end[1] for end in ends)


def _inside(one: Outline, shape: Sequence[int]) -> tuple[slice, slice, np.ndarray, bool]:
    """A window of the image, which of its pixels the object has, and whether it reaches out by a pixel."""
    import numpy as np

    boxes = []
    for part in one.parts:
        if isinstance(part, Bits):
            boxes.append((part.y, part.x, part.y + part.mask.shape[0], part.x + part.mask.shape[1]))
        else:
            every = np.concatenate(part)
            boxes.append((*np.floor(every.min(0))[::-1], *np.ceil(every.max(0))[::-1]))
    low, high = np.min(boxes, 0)[:2], np.max(boxes, 0)[2:]
    cut = bool((low < -1).any() or (high > np.array(shape) + 1).any())
    (top, left), (bottom, right) = (np.clip(ends, 0, shape).astype(int) for ends in (low, high))
    rows, columns = slice(top, bottom), slice(left, right)
    inside = np.zeros((bottom - top, right - left), bool)
    for part in one.parts:
        if isinstance(part, Bits):
            a, b = max(part.y, top), max(part.x, left)
            held = part.mask[a - part.y : bottom - part.y, b - part.x : right - part.x]
            inside[a - top : a - top + held.shape[0], b - left : b - left + held.shape[1]] |= held
        else:
            drawn = np.zeros_like(inside)
            for corners in part:
                drawn ^= _within(corners, top, left, inside.shape)
            inside |= drawn
    return rows, columns, inside, cut


def _within(corners: np.ndarray, top: int, left: int, shape: tuple[int, ...]) -> np.ndarray:
    """Which centres of a window of pixels lie inside a ring."""
    import numpy as np
    from matplotlib.path import Path as Ring

    drawn = Ring(np.concatenate([corners, corners[:1]]), closed=True)
    inside = np.zeros(shape, bool)
    step = max(1, _AT_ONCE // max(1, shape[1]))
    columns = left + 0.5 + _BESIDE + np.arange(shape[1])
    for start in range(0, shape[0], step):
        rows = top + 0.5 + _BESIDE + np.arange(start, min(start + step, shape[0]))
        centres = np.column_stack([np.tile(columns, rows.size), np.repeat(rows, columns.size)])
        inside[start : start + step] = drawn.contains_points(centres).reshape(rows.size, columns.size)
    return inside


def _notes(
    objects: Sequence[Outline],
    outside: Sequence[str],
    whole: np.ndarray,
    left: np.ndarray,
    shared: int,
    met: int,
) -> list[str]:
    import numpy as np

    notes = ["outlines were drawn as labels, at the centres of pixels"]
    if shared:
        notes.append(f"{met} of {len(objects)} outlines overlap, in {shared} pixels; the later lies on top")
    for lost, why in (
        (whole == 0, "hold no pixel's centre inside the image"),
        ((whole > 0) & ~left, "are covered by others altogether"),
    ):
        if names := [objects[i].name for i in np.flatnonzero(lost)]:
            notes.append(f"{len(names)} outlines ({', '.join(names[:3])}) {why}, and are not counted")
    if outside:
        notes.append(f"{len(outside)} outlines reach out of the image and were cut")
    return notes
