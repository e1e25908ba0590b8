"""What is exactly known of a simulated scene."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Scene:
    """Expected photons with their exact truth.

    Parameters
    ----------
    photons : ndarray, shape (Y, X), float64
        Expected photons a pixel, background included.
    background : ndarray, shape (Y, X), float64
        The part of `photons` that comes from no object.
    labels : ndarray, shape (Y, X), int32
        0 where there is no object, else 1 to n, each in use.
    objects : DataFrame
        One row an object: label, y, x (centroid), area (pixels), photons (total, background not counted).
    """

    photons: np.ndarray
    background: np.ndarray
    labels: np.ndarray
    objects: pd.DataFrame


def total_photons(signal: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Light of each object 1 to n, shape (n,), float64, in the unit of `signal` (Y, X)."""
    return np.bincount(labels.ravel(), weights=signal.ravel(), minlength=int(labels.max()) + 1)[1:]
