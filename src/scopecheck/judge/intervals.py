"""Intervals from acquisition-level numbers; every array has the acquisitions on its last axis."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import special

LEVEL = 0.90  # two one-sided tests at 5 %


def mean_interval(errors: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    """Student's interval of the mean error.

    For independent normal errors of *unequal* spread (acquisitions with few and with many objects) it covers
    at least what it says for up to 14 acquisitions (Bakirov and Szekely; Ibragimov and Mueller use it so).

    Parameters
    ----------
    errors : ndarray, shape (..., n)
        One error per acquisition on the judging scale, n >= 2.

    Returns
    -------
    low, high, standard_error : ndarray, shape (...)
        The 90 % interval and the standard error of the mean. Without any spread the interval has no width.

    References
    ----------
    Student (1908), doi:10.1093/biomet/6.1.1. Schuirmann (1987), doi:10.1007/BF01068419 (two one-sided tests).
    Bakirov and Szekely (2006), doi:10.1007/s10958-006-0366-5. Ibragimov and Mueller (2010),
    doi:10.1198/jbes.2009.08046.
    """
    n = errors.shape[-1]
    centre = errors.mean(-1)
    spread = errors.std(-1, ddof=1)
    # Equal errors have no spread: what is left is the rounding of their mean.
    spread = np.where(np.ptp(errors, axis=-1) <= 1e-12 * (1 + np.abs(centre)), 0.0, spread)
    half = special.stdtrit(n - 1, 0.5 + LEVEL / 2) * spread / np.sqrt(n)
    return centre - half, centre + half, spread / np.sqrt(n)


def pooled_interval(measured: NDArray, true: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    """Interval of log(sum of measured / sum of true).

    The standard error is the jackknife's: each acquisition's residual from the common ratio, enlarged by
    1 / (1 - its share of the truth). For few acquisitions of unequal size Student's quantile does not belong
    to it, so the quantile is simulated for exactly these sizes, for acquisitions of equal relative spread
    (equal sizes give Student's). The seed is fixed: the same sizes always give the same quantile.

    Parameters
    ----------
    measured : ndarray, shape (..., n)
        Measured amounts, >= 0.
    true : ndarray, shape (n,)
        True amounts, >= 0, at least two of them above 0.

    Returns
    -------
    low, high, standard_error : ndarray, shape (...)
        The 90 % interval and the standard error, on the log scale. Where all measured amounts are 0 both ends
        are minus infinity and the standard error is 0.

    References
    ----------
    Cochran, Sampling Techniques, 3rd ed., Wiley 1977 (ratio estimator). MacKinnon and White (1985),
    doi:10.1016/0304-4076(85)90158-7 (the enlarged residuals).
    """
    share = true / true.sum()
    total = measured.sum(-1)
    some = np.where(total > 0, total, 1.0)
    centre = np.log(some / true.sum())
    standard_error = _jackknife_error(measured / some[..., None] - share, share)
    standard_error = np.where((total > 0) & (standard_error > 1e-12), standard_error, 0.0)
    centre = np.where(total > 0, centre, -np.inf)
    half = _quantile(tuple(share.tolist())) * standard_error
    return centre - half, centre + half, standard_error


def _jackknife_error(residual: NDArray, share: NDArray) -> NDArray:
    n = share.size
    return np.sqrt((n - 1) / n * ((residual / (1 - share)) ** 2).sum(-1))


@lru_cache(maxsize=4096)
def _quantile(shares: tuple[float, ...]) -> float:
    """Return the simulated 90 % point of |weighted mean of equal normals| / its jackknife standard error."""
    share = np.array(shares)
    draws = int(np.clip(4_000_000 // share.size, 2_000, 20_000))
    normal = np.random.default_rng(20260101).standard_normal((draws, share.size))
    centre = normal @ share
    error = _jackknife_error(share * (normal - centre[:, None]), share)
    simulated = np.quantile(np.abs(centre) / error, LEVEL)
    # The same draws give Student's statistic, whose exact quantile takes out most of the simulation's error.
    student = np.abs(normal.mean(-1)) / (normal.std(-1, ddof=1) / np.sqrt(share.size))
    exact = special.stdtrit(share.size - 1, 0.5 + LEVEL / 2)
    return float(simulated * exact / np.quantile(student, LEVEL))


def limits_of_agreement(errors: NDArray) -> tuple[NDArray, NDArray]:
    """Return where about 95 % of single acquisitions' errors lie: mean -+ 1.96 standard deviations.

    References
    ----------
    Bland and Altman (1986), doi:10.1016/S0140-6736(86)90837-8.
    """
    centre, spread = errors.mean(-1), 1.96 * errors.std(-1, ddof=1)
    return centre - spread, centre + spread


def fraction_bound(inside: int, n: int) -> float:
    """Return the exact one-sided 95 % lower bound of a fraction seen as `inside` of `n`; 5 of 5 gives 0.549.

    References
    ----------
    Clopper and Pearson (1934), doi:10.1093/biomet/26.4.404.
    """
    return float(special.betaincinv(inside, n - inside + 1, 0.05)) if inside else 0.0


def widen(low: float, high: float, u: float, relative: bool) -> tuple[float, float]:
    """Move both ends of an interval of a bias outwards by the truth's systematic uncertainty `u`.

    On the relative scale the truth may be anything from (1 - u) to (1 + u) times its stated value, so a
    ratio r of measured to stated truth may be anything from r / (1 + u) to r / (1 - u); there is no upper
    limit from u = 1 on.
    """
    if not relative:
        return low - u, high + u
    return (1 + low) / (1 + u) - 1, (1 + high) / (1 - u) - 1 if u < 1 else float("inf")
