"""Several trainings of one network as a level of their own: the procedure is judged, not one network.

Every training measured the same acquisitions. What is asked for is the bias of *a* training on *an*
acquisition, so both are samples: an interval over acquisitions alone would speak of these networks, and one
over trainings alone of these images.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scopecheck.judge.estimate import Estimate, estimate, to_bias, to_scale
from scopecheck.judge.intervals import limits_of_agreement, mean_interval


def over_trainings(
    m: NDArray, t: NDArray, scope: str, relative: bool, pooled: bool
) -> tuple[Estimate, tuple[float, ...]]:
    """Estimate the bias over trainings and acquisitions.

    The error is averaged over trainings on the judging scale (a pooled ratio: the amounts are averaged) and
    then judged over acquisitions as ever. The half-width of that interval and of Student's interval of the
    trainings' own errors (T - 1 degrees of freedom) are added in quadrature. For normal errors
    (training + acquisition + rest) the two mean squares are independent, their sum is on average at least the
    variance of the mean, and the interval covers at least what it says (Banerjee 1960). For one image only
    the trainings count.

    Parameters
    ----------
    m : ndarray, shape (T, n)
        Checked measured amounts: T trainings, two or more, and n acquisitions (noise seeds; one image).
    t : ndarray, shape (n,)
        True amounts.
    scope : {"image", "setting", "population"}
        As in `verdict.agreement`.
    relative, pooled : bool
        Scale and estimand.

    Returns
    -------
    estimate : Estimate
        `own` is each acquisition's error with the training that is farthest off on it; `sd` is between
        acquisitions; the limits of agreement are those of one training on one acquisition.
    biases : tuple of float, length T
        Each training's bias, judged alone.

    References
    ----------
    Banerjee, S. K. (1960), Approximate confidence interval for linear functions of means of k populations
    when the population variances are not equal, Sankhya 22, 357-358.
    """
    mean_errors = relative and not pooled
    average = t * (1 + to_bias(to_scale(m, t).mean(0))) if mean_errors else m.mean(0)
    middle = estimate(average, t, scope, relative, pooled)
    each = [estimate(row, t, scope, relative, pooled) for row in m]
    biases = np.array([one.bias for one in each])

    low, high, _ = mean_interval(_scaled(biases, relative))
    half, ends = (low - high) / 2, middle.ends
    if ends is not None:
        centre = _scaled(middle.bias, relative)
        reach = np.hypot(_scaled(ends, relative) - centre, half)
        ends = _back(centre - reach[0], relative), _back(centre + reach[1], relative)

    errors = to_scale(m, t) if relative else m - t
    limits = middle.limits
    if errors.size > 1 and np.isfinite(errors).all():
        lower, upper = limits_of_agreement(errors.ravel())
        limits = _back(lower, relative), _back(upper, relative)
    worst = np.array([one.own for one in each])[np.abs(errors).argmax(0), np.arange(t.size)]
    return replace(middle, ends=ends, limits=limits, own=worst), tuple(biases.tolist())


def _scaled(bias: ArrayLike, relative: bool) -> NDArray:
    """Biases on the scale on which trainings are compared."""
    return to_scale(1 + np.asarray(bias)) if relative else np.asarray(bias)


def _back(value: ArrayLike, relative: bool) -> float:
    return float(to_bias(value) if relative else value)  # type: ignore[arg-type]
