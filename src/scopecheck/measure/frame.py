"""Labels in another frame than the truth's: noticed, because they would match if they were turned or shifted.

Tried are the orientations that keep the shape (in 2D eight for square images and four for others; in 3D those
of the plane, with the order of planes as it is and reversed), and for each the whole-pixel shift, around the
edges, at which the insides of the objects coincide most (by cross-correlation). All files are changed alike.

A change is named where its pairs at the threshold outnumber those of the labels as given, and those of the
changed labels moved aside by one and a half object widths, which is chance in that frame, or shifted as far
another way, which would do as well if the objects strayed each on its own: by the sign test at `ALPHA` over
the number of changes tried, a shift counting as one for each object that the field could hold. So a bad
prediction, which matches nowhere, is not taken for a turned one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from scopecheck.measure.matched import Match
from scopecheck.measure.objects import matched, overlaps
from scopecheck.measure.registered import TURNS

ALPHA = 5e-4  # chance of a word where there is nothing, all changes taken together, as for picks
_LARGE = 1 << 22  # pixels beyond which shifts are sought on every k-th row and column, and then refined

Field = tuple[NDArray, NDArray]  # predicted and true labels of one image


def orientation_hint(
    fields: Sequence[Field], threshold: float = 0.5, matches: Sequence[Match] | None = None
) -> str:
    """Say so where the predicted objects match far better once all images are turned or shifted alike.

    Parameters
    ----------
    fields : sequence of (predicted, true)
        Checked label images of equal shape, a pair an image, (Y, X) or (Z, Y, X).
    threshold : float
        Smallest IoU of a matched pair.
    matches : sequence of Match, optional
        Of the images as given, where they are at hand.

    Returns
    -------
    str
        "" when all is well, or when there are too few objects to tell.
    """
    from scipy.stats import binom

    now, n, m, most = _pairs(fields, threshold) if matches is None else _summed(matches)
    if not most or binom.sf(most - 1, most + now, 0.5) > ALPHA:
        return ""  # no change could be better by enough
    turned = {name: [(turn(p), t) for p, t in fields] for name, turn in _turns(fields).items()}
    places = _places(fields)
    for shifted, tried in ((False, len(turned)), (True, len(turned) * places)):
        if binom.sf(most - 1, most + now, 0.5) * tried > ALPHA:
            break
        then, name, best = 0, "", list(fields)
        others: list[tuple[list[tuple[int, ...]], list[Field]]] = []
        for turn, changed in turned.items():
            said = turn
            if shifted:
                shift = _shift(changed)
                start, changed = changed, [(_rolled(p, shift), t) for p, t in changed]
                said = " and ".join(filter(None, [turn, f"shifted by {_by(shift)} px"]))
            if (pairs := _pairs(changed, threshold)[0]) > then:
                then, name, best = pairs, said, changed
                others = [(_others(shift, start[0][0].shape), start)] if shifted else []
        beside = int(np.ceil(_beside(best, threshold)))
        for moves, start in others:
            for move in moves:
                beside = max(beside, _pairs([(_rolled(p, move), t) for p, t in start], threshold)[0])
        if tried * binom.sf(then - 1, then + max(now, beside), 0.5) <= ALPHA:
            f1 = [2 * pairs / (n + m) for pairs in (then, now)]
            return (
                f"{then} of {n} predicted objects match the truth (IoU {threshold:g}) when {name}, and {now}"
                f" as given: F1 {f1[0]:.2f} for {f1[1]:.2f}"
            )
    return ""


def _pairs(fields: Sequence[Field], threshold: float) -> tuple[int, int, int, int]:
    """Pairs, predicted and true objects, and the most pairs there could be."""
    return _summed([matched(overlaps(p, t), [threshold])[0] for p, t in fields])


def _summed(matches: Sequence[Match]) -> tuple[int, int, int, int]:
    return (
        sum(one.tp for one in matches),
        sum(one.n_predicted for one in matches),
        sum(one.n_true for one in matches),
        sum(min(one.n_predicted, one.n_true) for one in matches),
    )


def _turns(fields: Sequence[Field]) -> dict[str, Callable[[NDArray], NDArray]]:
    """Orientations in which every image keeps its shape."""
    turns = {name: turn for name, turn in TURNS.items() if all(turn(p).shape == t.shape for p, t in fields)}
    if fields[0][0].ndim == 3:
        for name, turn in list(turns.items()):
            said = " and ".join(filter(None, ["with its planes in reverse", name]))
            turns[said] = lambda a, turn=turn: turn(a[::-1])  # type: ignore[misc]
    return turns


def _places(fields: Sequence[Field]) -> int:
    """How many objects the largest image could hold side by side."""
    area = max(1.0, _area(fields))
    return max(1, int(max(t.size for _, t in fields) / area))


def _area(fields: Sequence[Field]) -> float:
    """Median area of the true objects, px."""
    areas = [np.unique(t[t != 0], return_counts=True)[1] for _, t in fields]
    return float(np.median(np.concatenate(areas))) if any(len(a) for a in areas) else 0.0


def _shift(fields: Sequence[Field]) -> tuple[int, ...]:
    """The shift of the predictions, around the edges, at which most insides of objects coincide."""
    from scipy import fft

    shape = fields[0][1].shape
    alike = [(p, t) for p, t in fields if t.shape == shape]
    every = max(1, int(np.ceil((fields[0][1].size / _LARGE) ** 0.5)))
    total: NDArray | float = 0.0
    for p, t in alike:
        a, b = (_inside(one)[..., ::every, ::every].astype(np.float32) for one in (p, t))
        total = total + fft.rfftn(b - b.mean()) * fft.rfftn(a - a.mean()).conj()
    thin = (*shape[:-2], *(-(-size // every) for size in shape[-2:]))
    peak = np.unravel_index(int(np.argmax(fft.irfftn(total, thin))), thin)
    shift = [int(x) for x in peak]
    shift[-2:] = [every * x for x in shift[-2:]]
    if every > 1:
        for axis in (len(shape) - 2, len(shape) - 1):
            steps = range(-every, every + 1)
            near = [[x + step * (i == axis) for i, x in enumerate(shift)] for step in steps]
            shift = max(near, key=lambda one: _coincide(*alike[0], one))
    return tuple(x - size if x > size // 2 else x for x, size in zip(shift, shape, strict=True))


def _inside(labels: NDArray) -> NDArray:
    """Where an object goes on to the next row and column: objects that touch are told apart."""
    inside = labels != 0
    inside[..., 1:, :] &= labels[..., 1:, :] == labels[..., :-1, :]
    inside[..., 1:] &= labels[..., 1:] == labels[..., :-1]
    return inside


def _others(shift: tuple[int, ...], shape: tuple[int, ...]) -> list[tuple[int, ...]]:
    """Shifts as far another way: to the other three sides of the plane, and the other way along z.

    Without those that come to lie near the shift itself: over the edge, a shift by half the field and its
    opposite are one.
    """
    *z, y, x = shift
    back = [-planes for planes in z]
    found = []
    for move in {(*back, -y, -x), (*back, x, -y), (*back, -x, y)}:
        apart = [
            (a - b + size // 2) % size - size // 2 for a, b, size in zip(move, shift, shape, strict=True)
        ]
        if 2 * np.linalg.norm(apart) > np.linalg.norm(shift):
            found.append(move)
    return sorted(found)


def _coincide(predicted: NDArray, true: NDArray, shift: Sequence[int]) -> int:
    return int(np.count_nonzero(_rolled(_inside(predicted), shift) & _inside(true)))


def _rolled(labels: NDArray, shift: Sequence[int]) -> NDArray:
    return np.roll(labels, tuple(shift), tuple(range(labels.ndim)))


def _beside(fields: Sequence[Field], threshold: float) -> float:
    """Mean number of pairs with the predictions moved aside by one and a half object widths, in the plane."""
    far = max(2, int(1.5 * _area(fields) ** (1 / fields[0][0].ndim)))
    moves = [(0,) * (fields[0][0].ndim - 2) + move for move in ((far, 0), (-far, 0), (0, far), (0, -far))]
    return float(np.mean([_pairs([(_rolled(p, m), t) for p, t in fields], threshold)[0] for m in moves]))


def _by(shift: Sequence[int]) -> str:
    return (
        ", ".join(f"{axis} {x:+d}" for axis, x in zip("zyx"[-len(shift) :], shift, strict=True) if x) or "0"
    )
