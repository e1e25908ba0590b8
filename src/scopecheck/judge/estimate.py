"""From pairs of numbers to a bias with its interval, on the scale on which it is judged."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scopecheck.judge.intervals import limits_of_agreement, mean_interval, pooled_interval

NO_SPREAD = "No spread between acquisitions: the interval has no width, which proves little."
ZERO = "A measured value is 0, so fractions were averaged instead of log ratios."


@dataclass(frozen=True)
class Estimate:
    """A bias and what surrounds it; fractions (relative) or in the unit (absolute), unless said otherwise."""

    bias: float
    ends: tuple[float, float] | None  # of the 90 % interval, not yet widened
    limits: tuple[float, float] | None
    own: NDArray  # each acquisition's own error
    log: bool  # whether the interval was computed on the log scale
    sd: float  # of one acquisition's error, on the scale of the computation
    informative: int  # acquisitions that say something: those with a truth above 0, for a pooled ratio
    note: str


def estimate(m: NDArray, t: NDArray, scope: str, relative: bool, pooled: bool) -> Estimate:
    """Estimate the bias of checked numbers `m` against `t`, both of shape (n,)."""
    positive = bool((m > 0).all() and (t > 0).all())
    with np.errstate(divide="ignore", invalid="ignore"):
        own = np.where((m == 0) & (t == 0), 0.0, m / t - 1) if relative else m - t
    errors = np.log(m) - np.log(t) if relative and positive else own
    own_back = np.expm1 if relative and positive else np.asarray
    log = relative and (positive or pooled)
    back = np.expm1 if log else np.asarray

    n = m.size
    informative = int(np.sum(t > 0)) if pooled else n
    bias = float(m.sum() / t.sum() - 1 if pooled else own_back(errors.mean()))
    ends, limits, sd, note = None, None, 0.0, "" if pooled or log or not relative else ZERO
    if scope == "image":
        ends = bias, bias
    elif n > 1 and informative > 1:
        low, high, se = pooled_interval(m, t) if pooled else mean_interval(errors)
        with np.errstate(over="ignore"):  # a hopeless spread may reach beyond the largest number: infinity
            ends, sd = (float(back(low)), float(back(high))), float(se * np.sqrt(informative))
        if sd == 0:
            note = f"{note} {NO_SPREAD}".strip()
    if n > 1 and np.isfinite(errors).all():
        lower, upper = limits_of_agreement(errors)
        with np.errstate(over="ignore"):
            limits = float(own_back(lower)), float(own_back(upper))
    return Estimate(bias, ends, limits, own, log, sd, informative, note)
