"""Which names of two lists mean the same field or micrograph, as far as the names alone can tell."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence

Tokens = tuple[int | str, ...]

# What programs write before and after the part of a name that says which field it is.
ROLES = {
    "labels": "mask masks label labels labeled labelled lbl seg segm segmentation segmentations instance"
    " instances object objects identities track",
    "prediction": "pred preds prediction predictions predicted output outputs out result results res cp"
    " cellpose stardist unet omnipose ilastik",
    "truth": "gt truth true ground groundtruth manual man annot annotated annotation annotations reference"
    " ref",
    "image": "img image images im raw",
    "beside": "outline outlines flow flows cellprob prob probs probability probabilities overlay overlays"
    " dp boundary boundaries",
    "micrograph": "patch rigid aligned doseweighted dw nodw frame frames fractions eer info automatch"
    " autopick manualpick auto pick picks picked coord coords coordinates particles boxes",
}
_ROLE = {word: role for role, listed in ROLES.items() for word in listed.split()}
_WORD = re.compile(r"\d+|dP(?![a-z])|[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_A-Za-z]+")
_UID = re.compile(r"^\d{15,}[_-](?=.)")  # cryoSPARC writes the exposure's number of 21 digits before the name
_STAMP = 100_000  # numbers from here are times, dates or identifiers, smaller ones may be another index


def tokens(name: str) -> Tokens:
    """Return a name's words in small letters and its numbers as numbers: img007_A gives img, 7, a."""
    return tuple(_word(part) for part in _WORD.findall(name))


def _word(part: str) -> int | str:
    return int(part) if part.isdecimal() else part.casefold()


def core(name: str) -> Tokens:
    """Return a name's words without cryoSPARC's number and without words of a role at either end.

    007_img_cp_masks and 7_masks both give 7, and X_patch_aligned_doseweighted gives x. A name of nothing but
    such words keeps them.
    """
    found = tokens(_UID.sub("", name))
    held = [i for i, word in enumerate(found) if word not in _ROLE]
    return found[held[0] : held[-1] + 1] if held else found


def core_text(name: str) -> str:
    """Return the part of a name from its core's first word to the last, as it is written."""
    cut = _UID.sub("", name)
    parts = list(_WORD.finditer(cut))
    kept = [part for part in parts if _word(part[0]) not in _ROLE] or parts
    return cut[kept[0].start() : kept[-1].end()] if kept else name


def roles(name: str) -> frozenset[str]:
    """Return the roles that the words around a name's core speak of: labels, prediction, truth, image, ..."""
    found, kept = Counter(tokens(_UID.sub("", name))), Counter(core(name))
    return frozenset(_ROLE[word] for word in found - kept if word in _ROLE)


def match(left: Sequence[str], right: Sequence[str]) -> tuple[dict[str, str], str]:
    """Pair names (without format) that mean the same thing; what is not certain is left alone.

    Of these ways the first that pairs most names: they are equal; their cores are (`core`: numbers are
    compared as numbers, so that img007 meets img7 and never img70); what varies within each list is, and
    one of the two cores holds the other's words in their order; every core of one list holds exactly one of
    the other list (the longest, where it holds several), one to one over both lists.

    The last way cannot go wrong where each name has a partner and one of the two names holds the other's
    core: whoever was given a partner that is not his own would have a longer one, and so on round the
    circle, which cannot close. It does not apply where a small number that the partner lacks varies from
    name to name, since that may be another index.

    Parameters
    ----------
    left, right : sequence of str
        Names, each once.

    Returns
    -------
    pairs : dict of str to str
        Name of `left` to name of `right`; empty where no way pairs any.
    how : str
        The way, in words for a note.
    """
    ways: dict[str, Callable[[], dict[str, str]]] = {
        "by equal names": lambda: _equal(left, right, str),
        "by names without what says their role, such as mask or gt": lambda: _equal(left, right, core),
        "by what varies in the names": lambda: _varying(left, right),
        "by the longest part that the names share": lambda: _holding(left, right),
    }
    best: dict[str, str] = {}
    told = ""
    for how, way in ways.items():
        if len(best) == len(left) == len(right):
            break
        if len(found := way()) > len(best):
            best, told = found, how
    return best, told


def _equal(left: Sequence[str], right: Sequence[str], key: Callable[[str], Hashable]) -> dict[str, str]:
    """Pair by equal keys; nothing where a key stands for two names of one list."""
    mine, theirs = {key(name): name for name in left}, {key(name): name for name in right}
    if len(mine) < len(left) or len(theirs) < len(right):
        return {}
    return {name: theirs[own] for own, name in mine.items() if own and own in theirs}


def _varying(left: Sequence[str], right: Sequence[str]) -> dict[str, str]:
    if not len(left) == len(right) > 1:
        return {}
    varies = _without_constants(left), _without_constants(right)
    mine, theirs = ({own: name for name, own in one.items()} for one in varies)
    if mine.keys() != theirs.keys() or len(mine) < len(left):
        return {}
    pairs = {name: theirs[own] for own, name in mine.items()}
    cores = [(core(a), core(b)) for a, b in pairs.items()]
    held = all(_holds(a, b) for a, b in cores) or all(_holds(b, a) for a, b in cores)
    return pairs if held else {}


def _without_constants(names: Sequence[str]) -> dict[str, Tokens]:
    """Return the cores without the words that all of them begin with and end with."""
    cores = {name: core(name) for name in names}
    head = _alike(list(cores.values()))
    cores = {name: own[head:] for name, own in cores.items()}
    tail = _alike([own[::-1] for own in cores.values()])
    return {name: own[: len(own) - tail] for name, own in cores.items()}


def _alike(cores: list[Tokens]) -> int:
    columns = zip(*cores, strict=False)
    return next((i for i, column in enumerate(columns) if len(set(column)) > 1), min(map(len, cores)))


def _holding(left: Sequence[str], right: Sequence[str]) -> dict[str, str]:
    if not left or len(left) != len(right):
        return {}
    pairs = _held_by(left, right)
    return pairs or {mine: theirs for theirs, mine in _held_by(right, left).items()}


def _held_by(outer: Sequence[str], inner: Sequence[str]) -> dict[str, str]:
    """Give each outer name the one inner name whose core it holds; nothing unless that is one to one."""
    cores = {name: core(name) for name in inner}
    common = Counter(word for own in cores.values() for word in set(own))
    by_rarest = defaultdict(list)  # an outer core need be compared with few inner ones
    for name, own in cores.items():
        if own:
            by_rarest[min(own, key=lambda word: common[word])].append(name)
    pairs, over = {}, []
    for name in outer:
        mine = core(name)
        held = [other for word in set(mine) for other in by_rarest[word] if _holds(mine, cores[other])]
        longest = max((len(cores[other]) for other in held), default=0)
        held = [other for other in held if len(cores[other]) == longest]
        if len(held) != 1:
            return {}
        pairs[name] = held[0]
        left_over = Counter(mine) - Counter(cores[held[0]])
        over.append({word for word in left_over if isinstance(word, int) and word < _STAMP})
    one_to_one = len(set(pairs.values())) == len(inner)
    return pairs if one_to_one and all(numbers == over[0] for numbers in over) else {}


def _holds(outer: Tokens, inner: Tokens) -> bool:
    """Whether the words of `inner` occur in `outer` in their order."""
    rest = iter(outer)
    return bool(inner) and all(word in rest for word in inner)


def few(names: Iterable[str]) -> str:
    """The first three of a list of names, for a message."""
    every = list(names)
    return ", ".join(every[:3]) + ", ..." * (len(every) > 3)
