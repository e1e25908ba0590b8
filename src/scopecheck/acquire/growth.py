"""A growing culture as phase contrast shows it: a phase-contrast-like simulation, not a physical model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from scopecheck.acquire.outlines import ellipse, paint, place_outlines
from scopecheck.errors import InputError

if TYPE_CHECKING:
    import pandas as pd


SQUEEZE = 0.2  # how deep the outlines of two cells may run into each other, as a share of the diameter
TOUCHING = 0.7  # share of daughters in contact with another cell


@dataclass(frozen=True)
class GrowthSeries:
    """A simulated culture over time.

    Parameters
    ----------
    photons : ndarray, shape (T, Y, X), float64
        Expected photons a pixel; `expose` makes frames of them.
    labels : ndarray, shape (T, Y, X), int32
        A cell keeps its label; daughters get new ones.
    table : DataFrame
        One row a frame: frame, hours, cells (their number), area_fraction (covered share of the field,
        exact).
    """

    photons: np.ndarray
    labels: np.ndarray
    table: pd.DataFrame


def growth_series(
    shape: tuple[int, int] = (512, 512),
    *,
    n: int = 40,
    frames: int = 7,
    hours: float = 48.0,
    doubling_time: float = 20.0,
    diameter: float = 30.0,
    elongation: float = 1.8,
    shrinkage: float = 0.0,
    seed: int = 0,
) -> GrowthSeries:
    """Simulate a culture that doubles its cells in a known time; phase-contrast-like, not a physical model.

    Cells stay where they are; at each frame daughters are put down until there are ``round(n * 2 ** (time /
    doubling_time))``, most of them in contact with a cell. Cells flatten against each other: a pixel
    belongs to the one that was there first. `phase_like` draws the look.

    Parameters
    ----------
    shape : (int, int)
        Field (Y, X), pixels.
    n : int
        Cells at the start, 1 or more.
    frames : int
        Frames from 0 to `hours`, both included; 2 or more.
    hours, doubling_time : float
        Length of the series and true doubling time of the cell number, hours.
    diameter, elongation : float
        Of the circle of a cell's area at the start, pixels; long over short axis.
    shrinkage : float
        Share of its area that a cell loses as the field goes from empty to full (0 to 0.9): crowded cells are
        smaller, so covered area then doubles more slowly than cells do.
    seed : int

    Returns
    -------
    GrowthSeries

    Raises
    ------
    InputError
        If a parameter is out of range or the field has no room for the last frame's cells.
    """
    import pandas as pd

    if (
        n < 1
        or frames < 2
        or not (hours > 0 and doubling_time > 0 and diameter >= 4 and 0 <= shrinkage <= 0.9)
    ):
        raise InputError(
            "expected n of 1 or more, frames of 2 or more, hours and doubling_time above 0, diameter"
            f" of 4 or more, shrinkage from 0 to 0.9; got {n}, {frames}, {hours}, {doubling_time},"
            f" {diameter}, {shrinkage}"
        )
    random = np.random.default_rng([seed, 5])
    labels, scale = np.zeros(shape, np.int32), 1.0
    centres: list[np.ndarray] = []
    angles: list[float] = []
    taken, rows = [], []
    for frame, time in enumerate(np.linspace(0.0, hours, frames)):
        covered = np.count_nonzero(labels) / labels.size
        scale = min(scale, float(np.sqrt(1.0 - shrinkage * covered)))
        labels = np.zeros(shape, np.int32)
        long, short = scale * diameter * np.sqrt(elongation), scale * diameter / np.sqrt(elongation)
        for label, (centre, angle) in enumerate(zip(centres, angles, strict=True), start=1):
            mask = ellipse(long, short, angle)
            if not paint(labels, centre - np.array(mask.shape) // 2, mask, label):
                raise InputError(
                    "growth_series: cells crowd each other out; use a larger field or fewer cells"
                )
        wanted = round(n * 2.0 ** (time / doubling_time))
        new = [float(angle) for angle in random.uniform(0, np.pi, wanted - len(angles))]
        labels, centres = place_outlines(
            labels,
            (ellipse(long, short, angle) for angle in new),
            spacing=-SQUEEZE * diameter,
            touching=TOUCHING if frame else 0.0,
            random=random,
            centres=centres,
        )
        angles += new
        taken.append(labels)
        rows.append((frame, float(time), wanted, np.count_nonzero(labels) / labels.size))
    seen = [phase_like(frame_labels, seed=(seed, frame)) for frame, frame_labels in enumerate(taken)]
    table = pd.DataFrame(rows, columns=["frame", "hours", "cells", "area_fraction"])
    return GrowthSeries(np.stack(seen), np.stack(taken), table)


def phase_like(
    labels: np.ndarray,
    *,
    photons: float = 400.0,
    halo: float = 0.35,
    texture: float = 0.12,
    seed: int | tuple[int, ...] = 0,
) -> np.ndarray:
    """Draw labels in the look of phase contrast, no physical model: darker, granular bodies, bright rims.

    Parameters
    ----------
    labels : ndarray, shape (Y, X), integer
        0 is the field.
    photons : float
        Background, photons a pixel.
    halo, texture : float
        Height of the rim and spread of the bodies' granules, as shares of the background.
    seed : int or tuple of int
        Of the granules.

    Returns
    -------
    ndarray, shape (Y, X), float64
        Expected photons a pixel.
    """
    random = np.random.default_rng([*np.atleast_1d(seed), 6])
    body = np.asarray(labels) > 0
    outside = ndimage.distance_transform_edt(~body) if body.any() else np.full(body.shape, np.inf)
    granules = ndimage.gaussian_filter(random.standard_normal(body.shape), 1.2)
    granules /= max(float(granules.std()), 1e-12)
    inside = body * (texture * granules - 0.12)
    rim = np.where(body, 0.0, halo * np.exp(-outside / 2.5))
    return photons * np.clip(1.0 + ndimage.gaussian_filter(inside + rim, 0.8), 0.05, None)
