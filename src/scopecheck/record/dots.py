"""Scores of drawn spots for a trial: how good they look, by chance too, and how wrong their number is."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from scopecheck.record.scores import Scores

if TYPE_CHECKING:
    from scopecheck.record.trial import Case


def dot_scores(drawn: dict[str, Any], case: "Case", near: float = 3.0, far: float = 7.0) -> Scores:
    """Score a picture and the spots found in it.

    Parameters
    ----------
    drawn : dict
        ``"image"``, (Y, X), and ``"xy"``, (n, 2), x and y in pixels.
    case : Case
        Its truth is such a dict.
    near, far : float
        Pixels within which a spot is right for F1, and within which it is one and the same for the number.

    Returns
    -------
    Scores
        Looks: those of `intensity.looks`, F1, and the F1 of the same spots in the field turned by a quarter.
        Gross error of ``density``: spots without a partner, drawn and true, over the true number.
    """
    from scopecheck.measure import intensity, localisations

    true = case.truth

    def pairs(xy: NDArray, within: float) -> int:
        return localisations.match(xy, true["xy"], within).tp

    xy, count = drawn["xy"], len(drawn["xy"]) + len(true["xy"])
    told = intensity.looks([drawn["image"]], [true["image"]])
    if count:
        turned = np.column_stack((len(drawn["image"]) - 1 - xy[:, 1], xy[:, 0]))
        told |= {"F1": 2 * pairs(xy, near) / count, "F1, field turned": 2 * pairs(turned, near) / count}
    known = len(true["xy"])
    return Scores(told, {"density": (count - 2 * pairs(xy, far)) / known} if known else {})
