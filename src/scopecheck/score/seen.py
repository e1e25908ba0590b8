"""How far your files lie from those on which the recipes counted what their checks are worth.

`seen.csv` is made from the recipes' own runs by ``python benchmarks/seen.py`` and by nothing else: of each
setting between which values nine in ten of the cases lay that were counted, and the one in their middle.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

TABLE = Path(__file__).with_name("seen.csv")
HEADS = ("recipe", "setting", "low", "middle", "high", "cases")
_MOST = "of nine in ten of them"


class Seen(NamedTuple):
    """What the cases of a recipe had of one setting: percentiles 5, 50 and 95."""

    recipe: str
    setting: str
    low: float
    middle: float
    high: float
    cases: int


def of_images(raw: ArrayLike, restored: ArrayLike) -> dict[str, float]:
    """What tells one restored image from another, whatever its unit: light, and the size of structure.

    Parameters
    ----------
    raw, restored : array_like, (Y, X) or (Z, Y, X)
        Of a stack the middle plane is looked at.

    Returns
    -------
    dict of str to float
        ``light over noise``: the raw image's 99.9th percentile less its median, in standard deviations of the
        noise between its neighbours; NaN where there is none. ``structure in pixels``: how far the restored
        image's autocorrelation takes to fall to a half; NaN where it is constant.
    """
    from scopecheck.measure.intensity import noise_level

    taken, made = (_middle_plane(one) for one in (raw, restored))
    noise = noise_level(taken)
    light = float(np.percentile(taken, 99.9) - np.median(taken))
    return {
        "light over noise": light / noise if noise > 0 else float("nan"),
        "structure in pixels": _half(made),
    }


def of_picks(xy: ArrayLike, diameter: float | None) -> dict[str, float]:
    """How many picks a micrograph has, and how near they lie.

    Parameters
    ----------
    xy : array_like, (n, 2)
        Pixels.
    diameter : float or None
        Of the particle, pixels.

    Returns
    -------
    dict of str to float
        ``picks``, and ``neighbour in diameters``: the median distance to the nearest other pick; NaN with
        fewer than two picks or without a diameter.
    """
    from scipy.spatial import cKDTree

    points = np.asarray(xy, float).reshape(-1, 2)
    near = float("nan")
    if diameter and len(points) > 1:
        near = float(np.median(cKDTree(points).query(points, k=2)[0][:, 1])) / diameter
    return {"picks": float(len(points)), "neighbour in diameters": near}


def of_halves(box: int, pixel_size: float, resolution: float) -> dict[str, float]:
    """The size of the box, and the claimed resolution, both in voxels."""
    return {"box in voxels": float(box), "resolution in voxels": resolution / pixel_size}


def far_from(recipes: Iterable[str], yours: Sequence[Mapping[str, float]]) -> list[str]:
    """Say for each recipe how far yours lie from the cases on which its checks were counted.

    Parameters
    ----------
    recipes : iterable of str
        Those that the table does not know are left out.
    yours : sequence of mapping
        Of each image, micrograph or map what one of the functions above gives; their median is told.
    """
    if not yours:
        return []
    mine = {name: middle([one[name] for one in yours]) for name in yours[0]}
    told = ", ".join(f"{name} {value:.3g}" for name, value in mine.items() if value == value)
    if not told:
        return []
    many = f" (median of {len(yours)})" if len(yours) > 1 else ""
    said = []
    for recipe in dict.fromkeys(recipes):
        known = {row.setting: row for row in table() if row.recipe == recipe}
        if not known:
            continue
        far = [
            apart(name, mine[name], row.low, row.high, _MOST) for name, row in known.items() if name in mine
        ]
        where = "; ".join(filter(None, far)) or f"inside {_MOST.removeprefix('of ')}"
        said.append(
            f"Beside the cases on which {recipe} counted its checks, yours{many} have {told}: {where}."
        )
    return said


def apart(setting: str, value: float, low: float, high: float, what: str) -> str:
    """How far outside of what was swept, or counted, a setting lies; empty where it lies inside."""
    if value != value:
        return f"{setting} is not known ({what} {low:.3g} to {high:.3g})"
    if low <= value <= high:
        return ""
    if value > high:
        return f"{setting} is {value / high:.2g} times the largest {what}, {high:.3g}"
    return f"{setting} is {value / low:.2g} of the smallest {what}, {low:.3g}"


def middle(values: Iterable[float]) -> float:
    """The median of the values that are known; NaN of none."""
    known = [value for value in values if value == value]
    return float(np.median(known)) if known else float("nan")


@lru_cache(maxsize=1)
def table() -> tuple[Seen, ...]:
    """The table that ships with the package."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return tuple(
        Seen(
            row["recipe"],
            row["setting"],
            float(row["low"]),
            float(row["middle"]),
            float(row["high"]),
            int(row["cases"]),
        )
        for row in rows
    )


def _middle_plane(image: ArrayLike) -> NDArray[np.float64]:
    values = np.asarray(image, float)
    return values[len(values) // 2] if values.ndim == 3 else values


def _half(image: NDArray) -> float:
    """Pixels over which the autocorrelation, in the mean over directions, falls to a half."""
    from scipy import fft

    away = image - image.mean()
    if not np.ptp(away):
        return float("nan")
    size = tuple(2 * side for side in image.shape)  # what goes out at one edge does not come in at another
    shared = fft.irfft2(np.abs(fft.rfft2(away, size)) ** 2, size)
    seen = fft.irfft2(np.abs(fft.rfft2(np.ones(image.shape), size)) ** 2, size)
    alike = shared / np.maximum(seen, 1) / (away**2).mean()
    rows, columns = (fft.fftfreq(side, 1 / side) for side in size)
    ring = np.rint(np.hypot(rows[:, None], columns)).astype(int)
    reach = min(image.shape) // 2
    inside = ring <= reach
    mean = np.bincount(ring[inside], alike[inside]) / np.bincount(ring[inside])
    below = np.flatnonzero(mean < 0.5)
    if not len(below):
        return float(reach)
    k = int(below[0])
    return float(k - (0.5 - mean[k]) / (mean[k - 1] - mean[k]))
