"""How many further acquisitions a clear answer would take."""

from bisect import bisect_left

import numpy as np
from numpy.typing import NDArray
from scipy import special

from scopecheck.judge.intervals import LEVEL

WANTED = 0.80
MOST = 1_000
Edges = tuple[float, float]


def _error_and_halves(bias: float, sd: float, n: int) -> tuple[float, NDArray]:
    """Return the standard error, and the interval's half-width at 400 equally likely observed spreads."""
    likely, df = (np.arange(400) + 0.5) / 400, n - 1
    spread = np.sqrt(2 * special.gammaincinv(df / 2, likely) / df)
    error = max(sd / np.sqrt(n), 1e-12 * (1 + abs(bias)))
    return error, special.stdtrit(df, 0.5 + LEVEL / 2) * error * spread


def power_to_hold(bias: float, sd: float, n: int, edges: Edges) -> float:
    """Return the chance that the whole 90 % interval of a mean of `n` acquisitions lies inside `edges`.

    This is the power of two one-sided t tests, integrated over the distribution of the observed spread.

    Parameters
    ----------
    bias, sd : float
        Mean and standard deviation of the acquisitions' errors, on the scale of `edges`.
    n : int
        Number of acquisitions.
    edges : (float, float)
        Edges of the tolerance.

    References
    ----------
    Schuirmann (1987), doi:10.1007/BF01068419.
    """
    error, half = _error_and_halves(bias, sd, n)
    chance = special.ndtr((edges[1] - half - bias) / error) - special.ndtr((edges[0] + half - bias) / error)
    return float(np.clip(chance, 0, None).mean())


def power_to_fail(bias: float, sd: float, n: int, edges: Edges) -> float:
    """Return the chance that the whole 90 % interval lies outside `edges`; see `power_to_hold`."""
    error, half = _error_and_halves(bias, sd, n)
    below = special.ndtr((edges[0] - half - bias) / error)
    above = special.ndtr((bias - half - edges[1]) / error)
    return float((below + above).mean())


def further_acquisitions(
    bias: float, sd: float, n: int, inner: Edges, outer: Edges, fewest: tuple[int, int]
) -> int | str:
    """Return the further acquisitions for 80 % power if bias and spread are as observed, up to 1,000.

    Parameters
    ----------
    bias, sd, n : float, float, int
        What was observed, on the judging scale.
    inner, outer : (float, float)
        The tolerance narrowed, and enlarged, by the truth's uncertainty: between them nothing can be decided.
    fewest : (int, int)
        Fewest acquisitions with which a verdict may say HOLDS, and FAILS.
    """
    never = f"more than {MOST:,}"
    if inner[0] < bias < inner[1]:
        power, edges, least = power_to_hold, inner, fewest[0]
    elif bias < outer[0] or bias > outer[1]:
        power, edges, least = power_to_fail, outer, fewest[1]
    else:
        return never
    totals = range(max(n + 1, least), n + MOST + 1)
    place = bisect_left(totals, WANTED, key=lambda total: power(bias, sd, total, edges))
    return totals[place] - n if place < len(totals) else never
