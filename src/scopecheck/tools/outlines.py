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
    """Share of objects with a waist, with a seam, of light that no object covers; NaN where there is none.

    Parameters
    ----------
    labels : ndarray of int, (Y, X)
    image : ndarray, (Y, X)
        Bright on dark.
    """
    n = np.count_nonzero(np.unique(labels))
    return {
        "waists": waists(labels) / n if n else float("nan"),
        "seams": seams(labels) / n if n else float("nan"),
        "light outside": light_outside(labels, classical.foreground(image)),
    }


def light_outside(labels: NDArray, bright: NDArray) -> float:
    """Share of the bright pixels, (Y, X) of bool, that no object covers; NaN where none is bright."""
    return float((labels[bright] == 0).mean()) if bright.any() else float("nan")


def waists(labels: NDArray) -> int:
    """Count the objects that the classical baseline would cut, each cut out and looked at alone."""
    from skimage.measure import regionprops
    from skimage.segmentation import relabel_sequential

    dense = relabel_sequential(labels)[0]
    return sum(int(classical.split(np.pad(one.image, 1)).max() > 1) for one in regionprops(dense))


def seams(labels: NDArray) -> int:
    """Count objects beside another, at most two pixels away, where the baseline would not cut the two."""
    from scipy.ndimage import find_objects
    from skimage.segmentation import expand_labels, relabel_sequential

    grown = expand_labels(relabel_sequential(labels)[0], 1)
    boxes = find_objects(grown)
    found: set[int] = set()
    for a, b in _neighbours(grown):
        both = tuple(
            slice(min(p.start, q.start), max(p.stop, q.stop))
            for p, q in zip(boxes[a - 1], boxes[b - 1], strict=True)
        )
        if classical.split(np.pad(np.isin(grown[both], (a, b)), 1)).max() == 1:
            found |= {a, b}
    return len(found)


def _neighbours(labels: NDArray) -> set[tuple[int, int]]:
    """Pairs of labels, the smaller first, that share a side of a pixel."""
    sides = [(labels[:-1], labels[1:]), (labels[:, :-1], labels[:, 1:])]
    beside = np.concatenate([np.stack([a, b], -1)[(a != b) & (a > 0) & (b > 0)] for a, b in sides])
    return {(int(a), int(b)) for a, b in np.unique(np.sort(beside, axis=1), axis=0)}
