"""From pairs of numbers to a bias with its interval, on the scale on which it is judged."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scopecheck.judge.intervals import limits_of_agreement, mean_interval, pooled_interval

NO_SPREAD = "No spread between acquisitions: the interval has no width, which proves little."
LN2 = np.log(2.0)


def to_scale(measured: ArrayLike, true: ArrayLike = 1.0) -> NDArray:
    """Return the error of `measured` against `true` on the relative scale, defined for every ratio.

    The log ratio, ln r, where at least half was measured; below r = 1/2 its tangent, 2 r - 1 - ln 2. So the
    scale is monotone and smooth, and total loss stands at -1 - ln 2 = -1.69 instead of minus infinity.

    Parameters
    ----------
    measured, true : array_like
        Amounts, of shapes that broadcast. An edge of tolerance e is given as 1 + e against 1.

    Returns
    -------
    ndarray
        Errors without unit; infinity where `true` is 0 and `measured` is not, 0 where both are 0.
    """
    m, t = np.asarray(measured, float), np.asarray(true, float)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        value = np.where(m < t / 2, 2 * m / t - 1 - LN2, np.log(m) - np.log(t))
    return np.where((m == 0) & (t == 0), 0.0, value)


def to_bias(value: ArrayLike) -> NDArray:
    """Turn values of `to_scale` back into fractions (0.41 is +41 %); what lies below total loss gives -1."""
    v = np.asarray(value, float)
    with np.errstate(over="ignore"):  # a hopeless spread may reach beyond the largest number: infinity
        return np.where(v > -LN2, np.expm1(v), np.maximum((v + 1 + LN2) / 2, 0) - 1)


@dataclass(frozen=True)
class Estimate:
    """A bias and what surrounds it; fractions (relative) or in the unit (absolute), unless said otherwise."""

    bias: float
    ends: tuple[float, float] | None  # of the 90 % interval, not yet widened
    limits: tuple[float, float] | None
    own: NDArray  # each acquisition's own error
    scaled: Callable[[NDArray], NDArray]  # takes biases to the scale of the computation
    sd: float  # of one acquisition's error, on the scale of the computation
    informative: int  # acquisitions that say something: those with a truth above 0, for a pooled ratio
    note: str


def estimate(m: NDArray, t: NDArray, scope: str, relative: bool, pooled: bool) -> Estimate:
    """Estimate the bias of checked numbers `m` against `t`, both of shape (n,)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        own = np.where((m == 0) & (t == 0), 0.0, m / t - 1) if relative else m - t
    errors, back = (to_scale(m, t), to_bias) if relative else (own, np.asarray)

    n = m.size
    informative = int(np.sum(t > 0)) if pooled else n
    bias = float(m.sum() / t.sum() - 1 if pooled else back(errors.mean()))
    ends, limits, sd, note = None, None, 0.0, ""
    if scope == "image":
        ends = bias, bias
    elif n > 1 and informative > 1:
        low, high, se = pooled_interval(m, t) if pooled else mean_interval(errors)
        with np.errstate(over="ignore"):
            low, high = np.expm1([low, high]) if pooled else back([low, high])
        ends, sd = (float(low), float(high)), float(se * np.sqrt(informative))
        note = NO_SPREAD if sd == 0 else ""
    if n > 1 and np.isfinite(errors).all():
        low, high = back(limits_of_agreement(errors))
        limits = float(low), float(high)
    scaled = _log if pooled else _scaled if relative else np.asarray
    return Estimate(bias, ends, limits, own, scaled, sd, informative, note)


def _log(bias: NDArray) -> NDArray:
    return np.log(np.clip(1 + bias, 1e-300, None))


def _scaled(bias: NDArray) -> NDArray:
    return to_scale(1 + bias)
