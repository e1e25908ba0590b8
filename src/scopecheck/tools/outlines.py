"""What outlines show without a truth, where no tool need be run again: checks of label images (Y, X).

`by_rule` has limits of its own; what `by_rehearsal` gives is to be set beside the same of good outlines.
"""

from contextlib import suppress

import numpy as np
from numpy.typing import NDArray

from scopecheck.errors import InputError
from scopecheck.measure import evenness, signs, table
from scopecheck.tools import classical

LIMITS = {"in pieces": 0.0, "border": evenness.RARE, "tiles": evenness.RARE}


def by_rule(labels: NDArray) -> dict[str, float]:
    """Share of objects in pieces, and how rare their places are; NaN where a check cannot be asked.

    Parameters
    ----------
    labels : ndarray of int, (Y, X)
        0 is background.

    Returns
    -------
    dict of str to float
        As `LIMITS`: an alarm is a value above.
    """
    seen = signs.look(labels)
    found = dict.fromkeys(LIMITS, float("nan"))
    if not seen.ids:
        return found
    found["in pieces"] = seen.several / seen.ids
    at, (height, width) = table(labels, only=["centroid_y", "centroid_x"]).to_numpy(), labels.shape
    with suppress(InputError):  # too few objects inside
        found["border"] = evenness.rarity(evenness.border(labels).p)
    with suppress(InputError):
        found["tiles"] = evenness.rarity(evenness.tiles(at, (height, width)).p)
    return found


def by_rehearsal(labels: NDArray, image: NDArray) -> dict[str, float]:
    """Share of objects with a waist, and of light that no object covers; NaN where there is none.

    Parameters
    ----------
    labels : ndarray of int, (Y, X)
    image : ndarray, (Y, X)
        Bright on dark.
    """
    n = np.count_nonzero(np.unique(labels))
    bright = classical.foreground(image)
    left, all_of_it = np.count_nonzero(bright & (labels == 0)), np.count_nonzero(bright)
    return {
        "waists": waists(labels) / n if n else float("nan"),
        "light outside": left / all_of_it if all_of_it else float("nan"),
    }


def waists(labels: NDArray) -> int:
    """Count the objects that the classical baseline would cut, each cut out and looked at alone."""
    from skimage.measure import regionprops
    from skimage.segmentation import relabel_sequential

    dense = relabel_sequential(labels)[0]
    return sum(int(classical.split(np.pad(one.image, 1)).max() > 1) for one in regionprops(dense))
