"""Two half maps and a mask read from files; refused where they do not belong together."""

from __future__ import annotations

import math
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from scopecheck.errors import InputError

if TYPE_CHECKING:
    from scopecheck.data import MapFile

ROUNDING = 1e-3  # by which a mask may leave 0 to 1 without a word, as resampling and float16 make it
OVERSHOOT = 0.2  # by which it may leave it with a note, as splines and Fourier resampling make it
UNKNOWN = 1.0  # Angstrom: what many programs write into a header where they do not know the pixel size


class Halves(NamedTuple):
    """What `read_halves` gives: maps (D, D, D), a mask or None, Angstrom per voxel, and notes."""

    first: np.ndarray
    second: np.ndarray
    mask: np.ndarray | None
    pixel_size: float
    notes: list[str]


def read_halves(half1: Path, half2: Path, mask: Path | None, pixel_size: float | None) -> Halves:
    """Read two half maps and a mask of one grid.

    Parameters
    ----------
    half1, half2 : Path
    mask : Path, optional
    pixel_size : float, optional
        Angstrom, in place of what the headers say.

    Returns
    -------
    Halves

    Raises
    ------
    InputError
        If a file is no cubic map, boxes or pixel sizes differ, or the pixel size is not known: a header of
        exactly 1 A is no knowledge.
    """
    from scopecheck.data import read_map

    if mask is not None and Path(mask).resolve() in (Path(half1).resolve(), Path(half2).resolve()):
        raise InputError(f"{mask}: given as mask and as half map; give a mask from 0 to 1.")
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        first, second = (read_map(path, pixel_size=pixel_size) for path in (half1, half2))
        inside = None if mask is None else read_map(mask, pixel_size=first.pixel_size)
    notes = [str(one.message) for one in said if issubclass(one.category, UserWarning)]
    files: list[tuple[Path, MapFile]] = [(half1, first), (half2, second)]
    if mask is not None and inside is not None:
        files.append((mask, inside))
    for path, one in files:
        _check_values(path, one, half1, first, is_mask=one is inside)
    size = first.pixel_size
    notes += _pixel_sizes([path for path, _ in files], mask, size, pixel_size)
    away = _apart((half2, second), (half1, first))
    if away > 0.5:
        notes.append(
            f"{half2}: its origin is {away:.0f} voxels away from that of {half1}; the FSC compares voxel by"
            " voxel and looks at no origin."
        )
    values = None
    if mask is not None and inside is not None:
        away = _apart((mask, inside), (half1, first))
        if away > 1 and any(inside.origin):
            raise InputError(
                f"{mask}: its origin is {away:.0f} voxels away from the half map's: the mask lies"
                " elsewhere. Resample it onto the map's grid, or set its origin if the header is wrong."
            )
        values, said_of_it = _mask_values(mask, inside.values)
        notes += said_of_it
    return Halves(first.values, second.values, values, float(size), notes)


def _check_values(path: Path, one: MapFile, half1: Path, first: MapFile, *, is_mask: bool) -> None:
    if one.values.ndim != 3 or len(set(one.values.shape)) > 1:
        raise InputError(f"{path}: has the shape {one.values.shape}; expected a cubic map (D, D, D).")
    if one.values.shape != first.values.shape:
        what = "mask and half maps need" if is_mask else "both halves need"
        raise InputError(
            f"{path}: its box is {len(one.values)}, that of {half1} {len(first.values)}; {what} one box."
        )
    if not is_mask and np.ptp(one.values) == 0:
        raise InputError(f"{path}: every voxel is {one.values.flat[0] + 0.0:g}; expected a density map.")


def _stated(path: Path) -> float:
    """Pixel size of a header, 0 where it gives none; the file has been read already."""
    import mrcfile

    with mrcfile.open(path, mode="r", header_only=True, permissive=True) as mrc:
        return float(mrc.voxel_size.x)


def _unknown(stated: float) -> bool:
    return not stated or abs(stated / UNKNOWN - 1) < 1e-6


def _pixel_sizes(paths: list[Path], mask: Path | None, size: float, given: float | None) -> list[str]:
    """Refuse headers that contradict each other or say nothing; note what an option overrules."""
    from scopecheck.score.pixel_size import slip

    stated = {path: _stated(path) for path in paths}
    if given is not None:
        notes = []
        for path, one in stated.items():
            if not _unknown(one) and abs(one / size - 1) > 0.01:
                notes.append(
                    f"{path}: its header gives {one:.4g} A/px, --pixel-size {size:.4g}: every resolution here"
                    f" is {size / one:.3g} times that of the header."
                )
        known = next((one for one in stated.values() if not _unknown(one)), None)
        return [note for note in [slip(given, known, "A")] if note] + notes
    if _unknown(size):
        raise InputError(
            f"{paths[0]}: its header says 1 A per voxel, which many programs write where they do not know it;"
            " a resolution in A cannot be given from it. Give --pixel-size in Angstrom, from the"
            " reconstruction's settings (--pixel-size 1.0 if it truly is 1 A)."
        )
    notes = []
    for path, one in list(stated.items())[1:]:
        if path == mask and _unknown(one):
            notes.append(f"{path}: its header gives no pixel size; taken for the half maps' {size:.4g} A.")
        elif not abs(one / size - 1) < 1e-3:
            raise InputError(
                f"{path}: its pixel size is {one:.4g} A, that of {paths[0]} {size:.4g} A. If one of the"
                " headers is wrong, give the right size with --pixel-size; if they are two binnings, resample"
                " one onto the other's grid."
            )
    return notes


def _apart(one: tuple[Path, MapFile], other: tuple[Path, MapFile]) -> float:
    """Voxels between two origins, each taken by the pixel size of its own header.

    An origin is written in that header's Angstrom, also where the size in it is wrong.
    """
    places = []
    for path, found in (one, other):
        stated = _stated(path)
        starts = _from_starts(path)
        size = found.pixel_size if starts or not stated else stated
        places.append(np.array(found.origin) / size)
    return float(np.abs(places[0] - places[1]).max())


def _from_starts(path: Path) -> bool:
    """Whether `read_map` took the origin from start indices, in voxels of the size it was given."""
    import mrcfile

    with mrcfile.open(path, mode="r", header_only=True, permissive=True) as mrc:
        return not any(float(mrc.header.origin[axis]) for axis in "xyz")


def _mask_values(path: Path, values: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """Return a mask between 0 and 1, and what is to be said of it."""
    low, high = float(values.min()), float(values.max())
    if low < -OVERSHOOT or high > 1 + OVERSHOOT:
        todo = f" Divide it by {high:g}." if low >= 0 and math.isfinite(high) else " Is it a map?"
        raise InputError(f"{path}: values go from {low:g} to {high:g}; expected a mask from 0 to 1.{todo}")
    if not high > ROUNDING:
        raise InputError(f"{path}: the mask is 0 everywhere; expected 1 inside the particle.")
    notes = []
    if low < -ROUNDING or high > 1 + ROUNDING:
        notes.append(f"{path}: its values go from {low:.3g} to {high:.3g}; those beyond 0 and 1 were set to 0"
                     " and 1.")  # fmt: skip
    values = np.clip(values, 0, 1)
    notes.append(f"The mask holds {float(values.mean()):.1%} of the box.")
    if not ((values > 0.01) & (values < 0.99)).any():
        notes.append("The mask has a hard edge, which correlates the halves by itself.")
    faces = max(float(np.take(values, at, axis).max()) for axis in range(3) for at in (0, -1))
    if faces > 0.5:
        notes.append("The mask reaches the edge of the box.")
    return values, notes
