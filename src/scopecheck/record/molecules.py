"""Scores of localised molecules, for a trial: how good they look, by chance too, and how wrong a count is."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from scopecheck.record.scores import Scores

At = tuple[ArrayLike, ArrayLike]  # x, y (nm) of each, and its frame


def molecule_scores(found: At, true: At, *, picture: Any = None, pixel: float = 25.0) -> Scores:
    """Score localisations frame by frame.

    Parameters
    ----------
    found, true : (array_like (n, 2), array_like of int (n,))
        Positions, nm, and frames, after the same border rule.
    picture : array_like, (Y, X), optional
        What was drawn, added up over the frames, of the whole field.
    pixel : float
        Side of its pixels, nm.

    Returns
    -------
    Scores
        Looks: Jaccard within 100 nm and RMSE of the pairs, each beside what the same localisations get in
        wrong frames, and how alike the picture and the true positions are (by chance 0). Gross error of
        ``count``: misses and inventions within 250 nm over the true number.
    """
    from scopecheck.measure import localisations

    (xy, at), (known, when) = found, true
    frames = at, when
    match = localisations.match(xy, known, 100, frames=frames)
    luck = localisations.chance(xy, known, 100, frames=frames, wrong="frames", repeats=3)
    told = {"Jaccard": match.jaccard, "Jaccard in wrong frames": luck.jaccard}
    told |= {"RMSE, nm": match.rmse_lateral, "RMSE in wrong frames, nm": luck.rmse_lateral}
    if picture is not None:
        told["picture, r"] = localisations.likeness(picture, known, pixel)
    n, pairs = len(np.asarray(known)), localisations.match(xy, known, 250, frames=frames).tp
    return Scores(told, {"count": (len(np.asarray(xy)) + n - 2 * pairs) / n} if n else {})
