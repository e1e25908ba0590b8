"""Signs in an array that it is not what a label image is: one number an object, 0 for background.

Every sign is either certain, so that a judge should stop, or a doubt to be told. The limits below were set by
what each fault must do to a file, before any file was looked at: in honest files the signs are absent or rare
(their rates are printed by the tests), in a wrong file they are in most of its objects.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from scopecheck.measure.overlap import contingency
from scopecheck.measure.pieces import Pieces, Runs, pieces, runs

FULL = (255, 65535)  # the largest numbers of 8 and 16 bits: what does not fit is clipped there or wraps to 0
SPECK = 0.1  # a piece below this share of its object, and of a usual object, is a slip of the pen
TOUCHED = 0.75  # of all others: a background meets nearly all, an object of a full field about six
MOST = 0.5  # an honest object may lie in pieces (cut by the plane or by another one), most of them do not
MANY = 0.25  # over a whole folder chance slips even out, so that a lower share is certain
LEVELS = 5  # numbers below which the order of neighbours says little: two of three follow each other anyway
FEW = 10  # objects, or pieces, below which a share says little
STEPPED, SOME_STEPS = 0.25, 0.05  # of the changes along rows; a one-pixel rim gives 0.5, an honest outline 0
NEARLY_NONE = 0.01  # of the pixels may be 0 where nothing is background, such as lines between objects
CONTINUES = 0.5  # IoU of outlines in neighbouring planes above which no two others can overlap as well


class Sign(NamedTuple):
    """One sign: its name, whether it is certain, what is seen, and what to do.

    `way` names options of ``scopecheck score labels``, with ``{side}`` for ``prediction`` or ``truth``;
    `code` says the same to who has the array.
    """

    name: str
    certain: bool
    text: str
    way: str
    code: str

    def sentence(self, what_to_do: str) -> str:
        """What is seen, then what to do."""
        end = "" if self.text.endswith("?") else "."
        return f"{self.text}{end} {what_to_do[0].upper()}{what_to_do[1:]}"


class Look(NamedTuple):
    """The signs of one image, and the counts that are added up over a folder.

    `ids` numbers occur, `several` of them lie in several pieces, which are `hidden` pieces more than numbers.
    """

    signs: list[Sign]
    ids: int
    several: int
    hidden: int


def look(labels: NDArray) -> Look:
    """Look for every sign in a label image, (Y, X) or (Z, Y, X) of whole numbers that are not negative."""
    cut = runs(labels)
    if not cut.value.any():
        return Look([], 0, 0, 0)
    if (steps := _steps(cut, labels.shape[-1])) and steps.certain:
        return Look([steps], 0, 0, 0)
    found = pieces(labels, cut)
    ids, first = np.unique(found.value, return_index=True)
    number = _numbers_of_pieces(found, first)
    several, hidden = ids[number > 1], int((number - 1).sum())
    planes = _planes(labels) if labels.ndim == 3 else None
    signs = [steps, planes, _background(labels, cut, ids), _one_value(labels, ids, number)]
    signs += [_inside(labels, ids), _specks(found, first)]
    if not any(sign and sign.certain for sign in signs):
        pieced = _limit(found, ids, number) or _several(ids, number)
        if pieced and pieced.certain:
            levels, line = _levels(labels, found, ids, steps), _outline(labels, ids, number)
            if levels and (len(ids) >= LEVELS or not line):
                return Look([levels._replace(certain=True)], 0, 0, 0)
            pieced = line or pieced
        signs.append(pieced)
    return Look([sign for sign in signs if sign], len(ids), len(several), hidden)


def grey(labels: NDArray) -> Sign | None:
    """Look for grey levels in a label image whose pieces are to be numbered anew, which would hide them."""
    cut = runs(labels)
    steps = _steps(cut, labels.shape[-1])
    if not cut.value.any() or (steps and steps.certain):
        return steps
    found = pieces(labels, cut)
    ids, first = np.unique(found.value, return_index=True)
    pieced = _several(ids, _numbers_of_pieces(found, first))
    return _levels(labels, found, ids, steps) if pieced and pieced.certain else None


def together(looks: Iterable[Look]) -> Sign | None:
    """Judge the files of a folder as one: what is a doubt in each may be certain in all of them."""
    counts = np.array([(one.ids, one.several, one.hidden) for one in looks]).reshape(-1, 3)
    ids, several, hidden = counts.sum(0).tolist()
    files = int((counts[:, 1] > 0).sum())
    if files < 2 or several < MANY * ids or hidden < FEW // 2:
        return None
    text = (
        f"{several} of {ids} numbers, in {files} of {len(counts)} files, lie in several separate pieces"
        f" ({ids + hidden} pieces in all), so that a number does not stand for one object"
    )
    return Sign("several", True, text, *_CONNECTED)


_CONNECTED = (
    "--labels {side}=connected counts every piece as an object",
    "number the pieces with skimage.measure.label(mask)",
)

_THRESHOLD = "save it without interpolation (nearest neighbour), or threshold it first"


def _listed(values: Sequence[int] | NDArray) -> str:
    return ", ".join(str(int(value)) for value in values[:4]) + (", ..." if len(values) > 4 else "")


def _numbers_of_pieces(found: Pieces, first: NDArray) -> NDArray:
    """In how many pieces that are no specks each number lies; in stacks, at once or with a gap between."""
    many = np.diff(first, append=len(found.value))
    largest, counted = found.pixels[first], _counted(found, first)
    number = np.add.reduceat(counted.astype(np.int64), first)
    loose = np.add.reduceat(found.pixels, first) - largest >= SPECK * largest  # by many specks
    number = np.where(loose, np.maximum(number, 2), number)
    if found.low.shape[1] == 3:
        for i in np.flatnonzero(number > 1):
            own = np.flatnonzero(counted[first[i] : first[i] + many[i]]) + first[i]
            number[i] = max(1, _at_once(found.low[own, 0], found.high[own, 0]))
    return number


def _counted(found: Pieces, first: NDArray) -> NDArray:
    """Of each piece, whether it is no speck beside its own number's largest and beside a usual object."""
    largest = found.pixels[first]
    usual = np.minimum(largest, np.median(largest))
    return found.pixels >= SPECK * np.repeat(usual, np.diff(first, append=len(found.value)))


def _at_once(low: NDArray, high: NDArray) -> int:
    """Most pieces that share a plane, plus the gaps of whole planes between pieces.

    Pieces that follow each other plane by plane are one: an object that moves or leans.
    """
    steps = np.concatenate(
        (np.stack((low, np.ones_like(low)), 1), np.stack((high + 1, -np.ones_like(low)), 1))
    )
    steps = steps[np.lexsort((steps[:, 1], steps[:, 0]))]
    depth = int(np.cumsum(steps[:, 1]).max())
    order = np.argsort(low)
    gaps = low[order][1:] > np.maximum.accumulate(high[order])[:-1] + 1
    return depth + int(gaps.sum())


def _steps(cut: Runs, width: int) -> Sign | None:
    """Rims of values between those on either side: an interpolated, blurred or compressed picture."""
    row = cut.start // width
    inside = row[1:] == row[:-1]
    change = np.sign(np.diff(cut.value)) * inside
    total = int(inside.sum())
    rim = (cut.length[1:-1] == 1) & (change[1:] == change[:-1]) & (change[1:] != 0)
    steps = int((rim & (cut.value[1:-1] != 0)).sum())
    if steps < FEW or steps < SOME_STEPS * total:
        return None
    text = (
        f"{steps} of {total} changes of value along its rows go in steps of one pixel, as grey levels or"
        " probabilities do and the rims of a picture that was resized, smoothed or compressed"
    )
    return Sign("steps", steps >= STEPPED * total, text, _THRESHOLD, _THRESHOLD)


def _levels(labels: NDArray, found: Pieces, ids: NDArray, steps: Sign | None) -> Sign | None:
    """Numbers in several pieces that are grey levels: in steps once an enlargement is undone, or in order.

    Certain where both are seen. Neither counts in an image whose numbers lie in one piece each.
    """
    if steps and np.median(found.pixels) <= 2:  # much compressed
        return steps._replace(certain=True)
    small = _shrunk(labels)
    stepped = _steps(runs(small), small.shape[-1]) if small.size < labels.size else None
    share = _in_order(labels, ids)
    if not (stepped and stepped.certain) and share < MOST:
        return None
    text = f"its {len(ids)} numbers ({_listed(ids)}) lie in many pieces beside each other, as grey levels do"
    if share >= MOST:
        text += f": {share:.0%} of the borders between two of them are between neighbours in value"
    certain = bool(stepped and stepped.certain and share >= MOST)
    way = "threshold it, and give the mask with --labels {side}=connected"
    return Sign("steps", certain, text, way, "threshold it, and number the pieces of the mask")


def _shrunk(labels: NDArray) -> NDArray:
    """Leave out rows and columns that repeat the one before, as an enlargement by nearest neighbour does."""
    for axis in (-2, -1):
        lines = np.moveaxis(labels, axis, 0)
        new = [True, *((one != two).any() for one, two in pairwise(lines))]
        labels = np.compress(new, labels, axis=axis)
    return labels


def _in_order(labels: NDArray, ids: NDArray) -> float:
    """Share of the border between two numbers at which they follow each other; 0 where this says little.

    That is where numbers are few or most borders are with 0, as those of objects are and of levels are not.

    Among k numbers in no order a share of 2 / k do, and 1/8 where k is large and k / 16 steps are allowed.
    """
    near = total = outer = 0
    for axis in (-2, -1):
        one, two = np.swapaxes(labels, axis, 0)[1:], np.swapaxes(labels, axis, 0)[:-1]
        meet = (one != two) & (one != 0) & (two != 0)
        apart = np.abs(np.searchsorted(ids, one[meet]) - np.searchsorted(ids, two[meet]))
        near, total = near + int((apart <= max(1, len(ids) // 16)).sum()), total + len(apart)
        outer += int(np.count_nonzero((one == 0) != (two == 0)))
    return near / total if len(ids) >= LEVELS and total > max(FEW, outer) else 0.0


def _several(ids: NDArray, number: NDArray) -> Sign | None:
    """Numbers in several pieces: classes, masks, tiles numbered each from 1, or a slip."""
    many = ids[number > 1]
    if not len(many):
        return None
    hidden, most = int((number - 1).sum()), int(ids[np.argmax(number)])
    certain = (len(many) >= MOST * len(ids) and hidden >= 2) or hidden >= max(FEW, MANY * len(ids))
    if len(ids) == 1:
        so = "so it is a mask; expected one number per object" if certain else "so it may be a mask"
        text = f"holds 0 and {most} alone, in {number.max()} separate pieces, {so}"
        return Sign("several", certain, text, *_CONNECTED)
    text = (
        f"{len(many)} of its {len(ids)} numbers ({_listed(many)}) lie in several separate pieces, {most} in"
        f" {number.max()}; {len(ids) + hidden} pieces in all"
    )
    text += ", so a number does not stand for one object" if certain else "; each number counts once"
    return Sign("several", certain, text, *_CONNECTED)


def _outline(labels: NDArray, ids: NDArray, number: NDArray) -> Sign | None:
    """A number in many pieces that are thin lines, beside others that are not: drawn outlines."""
    most = ids[np.argsort(-number, kind="stable")][:5]  # lines lie in as many pieces as there are objects
    inner = {int(i): _inner(labels, int(i)) for i in [*most, *ids[:: max(1, len(ids) // 10)]]}
    value = min(inner, key=lambda i: (inner[i], -number[ids == i][0]))
    if inner[value] > SPECK or max(inner.values()) <= SPECK or _beside(labels, value) < MOST:
        return None
    still = bool((number[ids != value] > 1).mean() >= MOST)
    text = f"{value} lies in {number[ids == value][0]} separate thin lines, as drawn outlines do"
    way = f"--background {{side}}=0,{value}" + (" --labels {side}=connected" if still else "")
    return Sign("outline", True, text, f"{way} leaves the outlines out", f"set {value} to 0")


def _inner(labels: NDArray, value: int) -> float:
    """Share of a number's pixels whose neighbours in the plane all hold it, too."""
    from scipy import ndimage

    drawn = labels == value
    inside = ndimage.binary_erosion(drawn, _in_plane(labels.ndim, 1))
    return float(np.count_nonzero(inside) / np.count_nonzero(drawn))


def _beside(labels: NDArray, value: int) -> float:
    """Share of a number's pixels that have another object beside them in the plane."""
    from scipy import ndimage

    drawn = labels == value
    beside = ndimage.binary_dilation((labels != 0) & ~drawn, _in_plane(labels.ndim, 2)) & drawn
    return float(np.count_nonzero(beside) / np.count_nonzero(drawn))


def _in_plane(ndim: int, connectivity: int) -> NDArray:
    from scipy import ndimage

    return ndimage.generate_binary_structure(2, connectivity).reshape((1,) * (ndim - 2) + (3, 3))


def _limit(found: Pieces, ids: NDArray, number: NDArray) -> Sign | None:
    """Numbers that ran into the end of 8 or 16 bits."""
    top, wider = int(ids[-1]), "save it in more bits"
    if top not in FULL or len(ids) <= top // 2:
        return None
    bits = 8 if top == 255 else 16
    apart = ids[(number > 1) & _far(found)]
    if number[-1] >= 3:
        text = (
            f"its largest number, {top}, the last that {bits} bits hold, lies in {number[-1]} separate"
            f" pieces: the objects from {top} on were all written as {top}"
        )
    elif len(apart) >= 3:
        text = (
            f"{len(apart)} of its {len(ids)} numbers ({_listed(apart)}) lie in pieces far apart and {top} is"
            f" the last that {bits} bits hold: the objects above {top} were numbered from 0 again,"
            f" and {top + 1} itself is lost"
        )
    else:
        note = f"its largest number is {top}, the last that {bits} bits hold: were there more objects?"
        if several := _several(ids, number):
            note += f" {several.text[0].upper()}{several.text[1:]}"
        return Sign("limit", bool(several and several.certain), note, f"{wider}; {_CONNECTED[0]}", wider)
    return Sign("limit", True, text, f"{wider}; {_CONNECTED[0]}", wider)


def _far(found: Pieces) -> NDArray:
    """Of each number, whether between its pieces lies more than the longest of them is long."""
    first = np.unique(found.value, return_index=True)[1]
    longest = np.maximum.reduceat(np.linalg.norm(found.high - found.low + 1, axis=1), first)
    low, high = np.minimum.reduceat(found.low, first), np.maximum.reduceat(found.high, first)
    return np.linalg.norm(high - low + 1, axis=1) > 3 * longest


def _background(labels: NDArray, cut: Runs, ids: NDArray) -> Sign | None:
    """A number other than 0 that stands for what is no object."""
    zero = int(cut.length[cut.value == 0].sum())
    pixels = np.bincount(np.searchsorted(ids, cut.value), cut.length * (cut.value != 0), len(ids))
    large = int(np.argmax(pixels))
    covered = f"the number {ids[large]} covers {pixels[large] / labels.size:.0%} of the field"
    lines = zero > NEARLY_NONE * labels.size
    if 0 < zero <= MANY * labels.size:  # 0 may stand for lines between objects alone
        from scipy import ndimage

        labels = np.where(labels == 0, ndimage.maximum_filter(labels, 3), labels)
    if np.count_nonzero(labels) < (1 - NEARLY_NONE) * labels.size:
        if pixels[large] <= MOST * labels.size:
            return None
        return Sign("cover", False, f"{covered}: one object, or the background?", *_background_is(ids[large]))
    none = "holds no pixel of 0" if not zero else "holds hardly any pixel of 0, or in lines alone"
    if len(ids) == 1:
        return Sign(
            "background", False, f"{none}: the whole field is one object, {ids[0]}", *_background_is(ids[0])
        )
    a, b = _neighbours(labels, ids)
    degree = np.bincount(np.concatenate((a, b)), minlength=len(ids))
    other = max(range(len(ids)), key=lambda i: (degree[i], pixels[i]))
    partner = np.zeros(len(ids), int)
    partner[a], partner[b] = b, a
    lonely = (degree == 1) & (partner == other) & ~_at_edge(labels, ids)
    touched, rest = int(degree[other]), len(ids) - 1
    certain = not lines and ((touched >= TOUCHED * rest and rest >= FEW) or bool(lonely.any()))
    text = (
        f"{none}, and the number {ids[other]}, {pixels[other] / labels.size:.0%} of the field, touches"
        f" {touched} of the {rest} others and encloses {int(lonely.sum())} whole"
    )
    text += ", as a numbered background does" if certain else "; expected 0 for background, if there is any"
    return Sign("background", certain, text, *_background_is(ids[other]))


def _background_is(number: int) -> tuple[str, str]:
    return (
        f"--background {{side}}={number} where {number} is the background",
        f"set {number} to 0 where it is",
    )


def _neighbours(labels: NDArray, ids: NDArray) -> tuple[NDArray, NDArray]:
    """Each pair of different numbers that share a face of a pixel, once, as positions in `ids`."""
    codes = [np.zeros(0, np.int64)]
    for axis in range(labels.ndim):
        one = labels[(slice(None),) * axis + (slice(1, None),)]
        two = labels[(slice(None),) * axis + (slice(None, -1),)]
        meet = (one != two) & (one != 0) & (two != 0)
        a, b = np.searchsorted(ids, one[meet]), np.searchsorted(ids, two[meet])
        codes.append(np.unique(np.minimum(a, b) * len(ids) + np.maximum(a, b)))
    code = np.unique(np.concatenate(codes))
    return code // len(ids), code % len(ids)


def _at_edge(labels: NDArray, ids: NDArray) -> NDArray:
    from scopecheck.measure.objects import border_labels

    if labels.ndim == 3:  # the ends of a stack cut objects that a background holds in every plane
        return np.isin(ids, np.concatenate([border_labels(plane) for plane in labels]))
    return np.isin(ids, border_labels(labels))


def _one_value(labels: NDArray, ids: NDArray, number: NDArray) -> Sign | None:
    """One number alone, whose zeros lie in islands inside it or that is written as a mask's."""
    if len(ids) > 1 or labels.all():
        return None
    from scipy import ndimage

    value = int(ids[0])
    if labels.ndim == 3:  # a plane is enough to see it, and the emptiest shows it best
        labels = labels[int(np.argmin([np.count_nonzero(plane) for plane in labels]))]
    zeros, n = ndimage.label(labels == 0)
    edge = np.unique(np.concatenate([zeros[0], zeros[-1], zeros[:, 0], zeros[:, -1]]))
    islands = n - np.count_nonzero(edge)
    if islands >= 3:
        text = f"holds 0 and {value} alone, and 0 lies in {islands} islands inside {value}: an inverted mask?"
        way = f"--background {{side}}={value} --labels {{side}}=connected if so"
        return Sign("inverted", False, text, way, "invert it if so")
    if value in FULL and number[0] == 1:
        text = f"holds 0 and {value} alone, as a mask does, in one piece: one object?"
        way = "give every object a number of its own if it is not"
        return Sign("mask", False, text, way, way)
    return None


def _inside(labels: NDArray, ids: NDArray) -> Sign | None:
    """Objects that lie wholly in another one, as nuclei in cells and cells in their drawn outlines do."""
    a, b = _neighbours(labels, ids)
    alone = np.bincount(np.concatenate((a, b)), minlength=len(ids)) == 1
    if not alone.any() or labels.all():
        return None
    free = _at_edge(labels, ids)
    for axis in range(labels.ndim - 2, labels.ndim):
        after = labels[(slice(None),) * axis + (slice(1, None),)]
        before = labels[(slice(None),) * axis + (slice(None, -1),)]
        for own, other in ((before, after), (after, before)):
            free[np.searchsorted(ids, np.unique(own[(other == 0) & (own != 0)]))] = True
    inside = int((alone & ~free).sum())
    if inside < MANY * len(ids):
        return None
    way = "leave out the outer or the inner ones where they are no objects of their own"
    return Sign("inside", False, f"{inside} of its {len(ids)} objects lie wholly inside another", way, way)


def _specks(found: Pieces, first: NDArray) -> Sign | None:
    """More scattered pixels than objects: noise, or a compressed picture."""
    specks = int((~_counted(found, first)).sum())
    if specks <= max(FEW, len(first)):
        return None
    way = "remove them, for they count as area of the objects whose numbers they bear"
    return Sign("specks", False, f"{specks} specks lie apart from its {len(first)} objects", way, way)


def _planes(labels: NDArray) -> Sign | None:
    """Outlines that go on in the next plane under another number: planes labelled each on its own."""
    same = other = apart = kept = 0
    for plane, following in pairwise(labels):
        met = contingency(plane, following)
        a, b = met.predicted_labels[met.predicted], met.true_labels[met.true]
        goes_on = met.iou > CONTINUES
        same += int((goes_on & (a == b)).sum())
        other += int((goes_on & (a != b)).sum())
        both = len(np.intersect1d(met.predicted_labels, met.true_labels))
        kept += int((a == b).sum())
        apart += both - int((a == b).sum())
    way = "--labels {side}=linked joins the outlines of neighbouring planes, where they are one stack"
    code = "number the objects of the whole stack"
    if other:
        text = f"of {same + other} outlines that go on in the next plane, {other} have another number there"
        certain = other >= 3 and other >= MANY * (same + other)
        text += ", as in planes that were labelled each on its own" if certain else ""
        return Sign("planes", certain, text, way, code)
    if apart > kept:
        text = (
            f"{apart} of {apart + kept} numbers that two neighbouring planes share lie there at places apart"
        )
        return Sign("planes", False, f"{text}: objects that move, or planes labelled each from 1?", way, code)
    return None


def inverted(predicted: NDArray, true: NDArray) -> float:
    """Correlation (phi) of two foregrounds: -1 where each is the other's background, NaN if one is flat."""
    p, t = predicted != 0, true != 0
    both, a, b = (float(np.count_nonzero(mask)) for mask in (p & t, p, t))
    spread = a * (p.size - a) * b * (p.size - b)
    return (both * p.size - a * b) / spread**0.5 if spread else float("nan")
