"""Lists of localisations, as a single-molecule microscope and its software give them of a known structure."""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from scopecheck.errors import InputError


def localised(
    sites: ArrayLike,
    frames: int,
    side: float,
    seed: int | list[int],
    *,
    each: float = 10.0,
    precision: float = 20.0,
    false: float = 0.5,
) -> pd.DataFrame:
    """Localise a structure: in each frame some of its sites, and some that are nowhere.

    Parameters
    ----------
    sites : array_like, (n, 2) or (n, 3)
        x, y of the structure, nm; none: nothing but false localisations.
    frames : int
    side : float
        Of the square field, nm.
    seed : int or list of int
    each : float
        Localisations of sites in a frame, on average (Poisson), each of a site drawn at random.
    precision : float
        How far they are off along each axis (s.d.), nm.
    false : float
        Localisations in a frame that lie anywhere, on average (Poisson).

    Returns
    -------
    DataFrame
        x, y (nm), frame (from 0), in the order of the frames. Those outside the field are left out.

    Raises
    ------
    InputError
        If a number is out of range.
    """
    at = np.asarray(sites, float)
    if frames < 1 or min(each, precision, false) < 0 or not side > 0:
        raise InputError(
            f"frames {frames}, each {each:g}, precision {precision:g}, false {false:g}, side {side:g}:"
            " expected at least one frame, a side above 0, and the others not below 0."
        )
    random = np.random.default_rng(seed)
    true = np.repeat(np.arange(frames), random.poisson(each if len(at) else 0, frames))
    nowhere = np.repeat(np.arange(frames), random.poisson(false, frames))
    drawn = at[random.integers(len(at), size=len(true)), :2] if len(at) else np.zeros((0, 2))
    xy = np.concatenate(
        (drawn + random.normal(0, precision, drawn.shape), random.uniform(0, side, (len(nowhere), 2)))
    )
    told = pd.DataFrame({"x": xy[:, 0], "y": xy[:, 1], "frame": np.concatenate((true, nowhere))})
    inside = ((xy >= 0) & (xy < side)).all(axis=1)
    return told[inside].sort_values("frame", kind="stable").reset_index(drop=True)
