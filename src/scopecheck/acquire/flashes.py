"""Flashes that last one frame each: as many as wished, so that density alone is varied."""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from scopecheck.errors import InputError


def once(
    n: int, on: float | ArrayLike, frames: int, seed: int | list[int], *, photons: float = 1000.0
) -> pd.DataFrame:
    """Let some of the emitters flash in each frame, drawn anew and for this frame alone.

    Parameters
    ----------
    n : int
        Emitters.
    on : float or array_like of float, (frames,)
        How many flash in a frame, on average; one is drawn again where there are few (Poisson).
    frames : int
    seed : int or list of int
    photons : float
        Mean light of a flash; its scatter (s.d.) is half of that (a gamma distribution of shape 4).

    Returns
    -------
    DataFrame
        frame, emitter, photons, as `localisation.blink` gives them.

    Raises
    ------
    InputError
        If a number is out of range.
    """
    many = np.broadcast_to(np.asarray(on, float), (frames,))
    if n < 1 or photons <= 0 or not (np.isfinite(many).all() and (many >= 0).all()):
        raise InputError(
            "once: expected at least one emitter, photons above 0, and numbers on of 0 or above."
        )
    random = np.random.default_rng(seed)
    frame = np.repeat(np.arange(frames), random.poisson(many))
    emitter = random.integers(n, size=len(frame))
    light = random.gamma(4, photons / 4, len(frame))
    return pd.DataFrame({"frame": frame, "emitter": emitter, "photons": light})
