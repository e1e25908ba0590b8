"""Intervals of a difference between two means or two pooled ratios; replicates are on the last axis."""

import numpy as np
from numpy.typing import NDArray
from scipy import special

from scopecheck.judge.intervals import LEVEL, _jackknife_error, _quantile, mean_interval, pooled_interval

ENOUGH = 5  # replicates in each condition from which Welch's interval keeps its promise
Ends = tuple[NDArray, NDArray, NDArray]  # low, high, standard error


def difference_interval(of: NDArray, over: NDArray) -> Ends:
    """Interval of the difference of two means of independent replicates, of unequal spread.

    From 5 replicates in each condition on Welch's interval. With fewer it covers too little where the other
    condition has many (88 % with 3 and 30, 84 % with 2 and 30, of 90 %), so the half-widths of the two means'
    own intervals are added in quadrature, which covers at least what it says for normal errors.

    Parameters
    ----------
    of, over : ndarray, shapes (..., n) and (..., k)
        One error per replicate on the judging scale, two or more of each.

    Returns
    -------
    low, high, standard_error : ndarray, shape (...)
        The 90 % interval of mean of `of` less mean of `over`, and its standard error. Without any spread the
        interval has no width.

    References
    ----------
    Welch (1947), doi:10.1093/biomet/34.1-2.28. Satterthwaite (1946), doi:10.2307/3002019. Banerjee (1960),
    Sankhya 22, 357-358 (half-widths in quadrature).
    """
    if min(of.shape[-1], over.shape[-1]) < ENOUGH:
        return _in_quadrature(mean_interval(of), mean_interval(over))
    return welch_interval(of, over)


def welch_interval(of: NDArray, over: NDArray) -> Ends:
    """Welch's interval of the difference of two means whatever their numbers; see `difference_interval`."""
    return _welch(mean_interval(of), of.shape[-1] - 1, mean_interval(over), over.shape[-1] - 1)


def pooled_interval_of_two(m1: NDArray, t1: NDArray, m2: NDArray, t2: NDArray) -> Ends:
    """Interval of log(sum m1 / sum t1) - log(sum m2 / sum t2), for independent replicates.

    The half-widths of the two ratios' own jackknife intervals are added in quadrature. Their quantiles are
    not Student's, and Welch's way of putting them together covered too little for few against many.

    Parameters
    ----------
    m1, m2 : ndarray, shapes (..., n) and (..., k)
        Measured amounts, >= 0, some of them above 0.
    t1, t2 : ndarray, shapes (n,) and (k,)
        True amounts, >= 0, two or more of each above 0.

    Returns
    -------
    low, high, standard_error : ndarray, shape (...)
    """
    return _in_quadrature(pooled_interval(m1, t1), pooled_interval(m2, t2))


def paired_pooled_interval(m1: NDArray, t1: NDArray, m2: NDArray, t2: NDArray) -> Ends:
    """As `pooled_interval_of_two`, for pairs: the jackknife leaves out a pair at a time.

    Parameters
    ----------
    m1, t1, m2, t2 : ndarray, shapes (..., n), (n,), (..., n), (n,)

    Returns
    -------
    low, high, standard_error : ndarray, shape (...)
    """
    shares = [t / t.sum() for t in (t1, t2)]
    residuals = [m / m.sum(-1)[..., None] - share for m, share in zip((m1, m2), shares, strict=True)]
    enlarged = [r / (1 - share) for r, share in zip(residuals, shares, strict=True)]
    error = _jackknife_error(enlarged[0] - enlarged[1], np.zeros(t1.size))
    error = np.where(error > 1e-12, error, 0.0)
    centre = np.log(m1.sum(-1) / t1.sum()) - np.log(m2.sum(-1) / t2.sum())
    # A pair weighs what its two shares weigh on average.
    half = _quantile(tuple(((shares[0] + shares[1]) / 2).tolist())) * error
    return centre - half, centre + half, error


def _welch(of: Ends, freedom_of: int, over: Ends, freedom_over: int) -> Ends:
    """Put two means together whose intervals and degrees of freedom are known."""
    centre = (of[0] + of[1]) / 2 - (over[0] + over[1]) / 2
    a, b = of[2] ** 2, over[2] ** 2
    some = np.where(a + b > 0, a + b, 1.0)
    freedom = 1 / np.maximum((a / some) ** 2 / freedom_of + (b / some) ** 2 / freedom_over, 1e-12)
    half = special.stdtrit(freedom, 0.5 + LEVEL / 2) * np.sqrt(a + b)
    return centre - half, centre + half, np.sqrt(a + b)


def _in_quadrature(of: Ends, over: Ends) -> Ends:
    """Put two intervals together by adding their half-widths in quadrature."""
    centre = (of[0] + of[1]) / 2 - (over[0] + over[1]) / 2
    half = np.hypot(of[1] - of[0], over[1] - over[0]) / 2
    return centre - half, centre + half, np.hypot(of[2], over[2])
