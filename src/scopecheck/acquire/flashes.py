"""Fields of emitters, and flashes of one frame each: as many as wished, so that density alone is varied."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scopecheck.acquire import localisation
from scopecheck.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

KINDS = ("anywhere", "filaments", "rings")


def emitters(kind: str, side: float, seed: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Put emitters into a square field.

    Parameters
    ----------
    kind : {"anywhere", "filaments", "rings"}
        20,000 places at random; 8 bent filaments, an emitter every 8 nm, each 8 nm (s.d.) off; 25 rings of
        60 emitters with a radius of 80 nm (`localisation.rings`).
    side : float
        Of the field, nm.
    seed : int

    Returns
    -------
    xyz : (n, 3) float64
        nm; z is 0.
    centres : (m, 2) float64
        Of the rings, nm; none of another kind.

    Raises
    ------
    InputError
        If there is no such kind, or what it holds does not fit into the field.
    """
    none = np.zeros((0, 2))
    if kind == "anywhere":
        places = np.random.default_rng([seed, 2]).uniform(0, side, (20_000, 2))
        return np.column_stack((places, np.zeros(len(places)))), none
    if kind == "filaments":
        return localisation.label(localisation.filaments(8, side, seed), 1, seed, linker=8), none
    if kind != "rings":
        raise InputError(f"{kind!r}: expected one of {', '.join(KINDS)}.")
    sites = localisation.rings(25, side, seed)
    return sites, sites.reshape(25, -1, 3).mean(axis=1)[:, :2]


def once(
    n: int, on: float | ArrayLike, frames: int, seed: int | list[int], *, photons: float = 1000.0
) -> "pd.DataFrame":
    """Let some of the emitters flash in each frame, drawn anew and for this frame alone.

    Where emitters are few, one may be drawn twice in a frame.

    Parameters
    ----------
    n : int
        Emitters.
    on : float or array_like of float, (frames,)
        How many flash in a frame, on average (Poisson).
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
    import pandas as pd

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
