"""Several fields of one well, or several wells of one animal: the level that is independent counts."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scopecheck.judge import inputs
from scopecheck.judge.estimate import to_bias, to_scale


def log_ratios(measured: NDArray, true: NDArray) -> NDArray:
    """Log of measured over true; minus infinity where nothing was measured, 0 where nothing was there."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(measured == true, 0.0, np.log(measured) - np.log(true))


def level_means(
    measured: ArrayLike, true: ArrayLike, units: ArrayLike, *, scale: str, estimand: str
) -> tuple[NDArray, NDArray, NDArray]:
    """Give each well (or animal) the mean of its fields, so that it counts once.

    Fields of one well share its cells, its stain and its focus. Taken for independent they make an interval
    too narrow (pseudoreplication). The mean of each unit is one independent number, and units count alike.
    In a balanced table that is what a mixed model with a random effect of the unit gives. In an unbalanced
    one such a model weighs units by their fields and so answers another question; and its variance between
    units, from three to ten of them, is often estimated as 0, which brings the narrow interval back.

    Parameters
    ----------
    measured, true : array_like, shape (n,)
        Numbers of each field.
    units : array_like, shape (n,)
        Which unit each field belongs to.
    scale, estimand : str
        As in `judge.agreement`. On the relative scale a unit's ratio is the geometric mean of its fields'
        ratios; where nothing was measured in one of them, their errors are averaged on the judging scale. For
        a pooled ratio a unit's amounts are sums.

    Returns
    -------
    measured, true : ndarray, shape (k,)
        Of each unit, in the order in which they first come: true numbers are means (pooled ratio: sums), and
        measured ones are such that their error is the unit's.
    first : ndarray, shape (k,)
        Position of the first field of each unit.

    Raises
    ------
    ValueError
        For numbers that `judge.agreement` refuses.

    References
    ----------
    Hurlbert (1984), doi:10.2307/1942661. Lazic (2010), doi:10.1186/1471-2202-11-5. Lord et al. (2020),
    doi:10.1083/jcb.202001064.
    """
    m, t = inputs.paired(measured, true, "population")
    if scale == "relative":
        inputs.check_ratio(m, t, estimand)
    _, first, place = np.unique(np.asarray(units), return_index=True, return_inverse=True)
    order = np.argsort(first)
    counts = np.bincount(place)

    def summed(values: NDArray) -> NDArray:
        return np.bincount(place, values)[order]

    number = counts[order]
    if estimand == "pooled ratio":
        return summed(m), summed(t), first[order]
    if scale == "absolute":
        return summed(m) / number, summed(t) / number, first[order]
    mean = summed(t) / number
    error = summed(to_scale(m, t)) / number
    log = summed(log_ratios(m, t)) / number
    return mean * np.where(np.isfinite(log), np.exp(log), 1 + to_bias(error)), mean, first[order]
