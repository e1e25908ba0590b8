"""Label files of a pair read as they are told to be read, and refused or noted by the signs in them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scopecheck.errors import InputError
from scopecheck.score.whole import whole

if TYPE_CHECKING:
    import numpy as np

    from scopecheck.data.read.images import Picture
    from scopecheck.measure.signs import Look, Sign
    from scopecheck.score.pairs import Pair
    from scopecheck.score.rules import Rules

SIDES = {"predicted": "prediction", "true": "truth"}
OF_MASKS = {"area_fraction", "total_area", "volume_fraction", "total_volume"}  # need no objects told apart
ALONE = "masks"  # the side of label images without a truth
OPPOSITE = -0.5  # correlation of two foregrounds: 0 by chance, -1 where one is the other's background


def read(
    pair: Pair, pictures: Mapping[str, Picture], rules: Rules
) -> tuple[dict[str, Picture], dict[str, tuple[list[str], Look]]]:
    """Number the objects of both label images by the rules; also notes on how, and the signs, by side.

    Of the measurements `OF_MASKS` alone are right for a mask of one piece, whatever its objects.

    Raises
    ------
    InputError
        If a file is certainly no label image and not told to be taken as given.
    """
    pictures, looks, certain = dict(pictures), {}, []
    for key, side in SIDES.items():
        pictures[key], looks[key], said = read_side(getattr(pair, key), pictures[key], side, rules)
        certain += said
    same = pictures["predicted"].array.shape == pictures["true"].array.shape
    of_masks = bool(rules.measures) and set(rules.measures or ()) <= OF_MASKS
    if same and (text := _inverted(pair, pictures, looks, of_masks)):
        certain.append(text)
        looks["predicted"][0].append(text)
    if certain and not rules.as_given:
        raise InputError(f"{'. Also, '.join(certain)}. --as-given goes on as it is.")
    return pictures, looks


def read_side(
    path: Path, picture: Picture, side: str, rules: Rules
) -> tuple[Picture, tuple[list[str], Look], list[str]]:
    """Number the objects of one label image by the rules: the image, how and its signs, and certain faults.

    `side` is one of `SIDES`, or `ALONE` where there is no other.
    """
    from scopecheck.measure.signs import grey, look

    array, notes = _background(path, picture.array, side, rules)
    levels = grey(array) if rules.numbering(side) else None
    array, more = _numbered(path, array, rules.numbering(side))
    seen = look(array)
    if levels:
        seen = seen._replace(signs=[levels, *(sign for sign in seen.signs if sign.name != levels.name)])
    certain = [_told(path, sign, side) for sign in seen.signs if sign.certain]
    return picture._replace(array=array), (notes + more, seen), certain


def read_alone(path: Path, rules: Rules) -> tuple[Picture, tuple[list[str], Look]]:
    """Read a label image that stands alone, by the rules, with how it was read and its signs.

    Raises
    ------
    InputError
        If the file cannot be read, or is certainly no label image and not told to be taken as given.
    """
    from scopecheck.data.read.images import read_unchecked_labels

    picture = read_unchecked_labels(whole(path), mask=rules.numbering(ALONE) is not None)
    picture, looks, certain = read_side(path, picture, ALONE, rules)
    if certain and not rules.as_given:
        raise InputError(f"{'. Also, '.join(certain)}. --as-given goes on as it is.")
    return picture, looks


def _inverted(
    pair: Pair, pictures: dict[str, Picture], looks: dict[str, tuple[list[str], Look]], of_masks: bool
) -> str:
    """What is said where one side is the other's background, or both look like backgrounds; else nothing."""
    import numpy as np

    from scopecheck.measure.signs import inverted

    arrays = {side: pictures[key].array for key, side in SIDES.items()}
    sides = list(arrays)
    end = ""
    if (phi := inverted(*arrays.values())) <= OPPOSITE:
        text = f"{pair.predicted}: its objects lie on the background of {pair.true} (correlation {phi:.2f})"
        sides = [max(arrays, key=lambda side: np.count_nonzero(arrays[side]))]
    elif all(any(sign.name == "inverted" for sign in one.signs) for _, one in looks.values()):
        if of_masks:  # confluent cells are one piece with holes, and each side's own note says so
            return ""
        text = f"{pair.predicted}: it and {pair.true} each hold one object alone, with islands of 0 inside it"
        kind = "area" if arrays["truth"].ndim == 2 else "volume"
        end = f". Where they are masks of confluent cells, --measure {kind}_fraction takes them as they are"
    else:
        return ""
    numbers = {side: np.bincount(arrays[side][arrays[side] > 0]).argmax() for side in sides}
    background = ",".join(f"{side}={number}" for side, number in numbers.items())
    connected = ",".join(f"{side}=connected" for side in sides)
    return (
        f"{text}, as inverted masks do. Where {' and '.join(sides)} is inverted, --background {background}"
        f" --labels {connected} counts what is left{end}"
    )


def _told(path: Path, sign: Sign, side: str) -> str:
    return f"{path}: {sign.sentence(_way(sign, side))}"


def _way(sign: Sign, side: str) -> str:
    """What to do about a sign, with the options as they are typed for this side."""
    return sign.way.replace("{side}=", "") if side == ALONE else sign.way.format(side=side)


def _background(path: Path, array: np.ndarray, side: str, rules: Rules) -> tuple[np.ndarray, list[str]]:
    """Set the background's numbers to 0; where 0 is none of them, its pixels become an object."""
    import numpy as np

    values = rules.background_of(side)
    if values is None:
        return array, []
    outside, zero = np.isin(array, values), array == 0
    named, share = ", ".join(map(str, values)), outside.mean()
    if 0 in values or not zero.any():
        if not outside.any():
            return array, [f"holds no pixel of {named}, told to be its background"]
    elif side == ALONE and zero.mean() > share:
        raise InputError(
            f"{path}: {named} covers {share:.1%} of it and 0 covers {zero.mean():.1%}, so that 0 is its"
            " background; leave --background out."
        )
    elif side not in rules.background and zero.mean() > share:
        raise InputError(
            f"{path}: {named} covers {share:.1%} of it and 0 covers {zero.mean():.1%}, so that 0 is its"
            f" background. Where --background is meant for the other side, or nevertheless, name the side:"
            f" --background prediction={named} or truth={named}. (The grey level to subtract from an image is"
            " --grey-background.)"
        )
    new = np.where(outside, 0, array)
    if 0 not in values:
        new[zero] = int(array.max()) + 1
    return new, []


def _numbered(path: Path, array: np.ndarray, way: str | None) -> tuple[np.ndarray, list[str]]:
    """Number the objects anew."""
    import numpy as np
    from skimage.measure import label

    if way is None:
        return array, []
    before = len(np.unique(array[array != 0]))
    if way == "linked":
        if array.ndim != 3:
            raise InputError(f"{path}: --labels linked joins the planes of a stack, and this is one plane.")
        new = _linked(array)
    else:
        new = label(array, connectivity=array.ndim, background=0)
    new = new.astype(np.int32)
    return new, [f"{before} numbers became {int(new.max(initial=0))} objects (--labels {way})"]


def _linked(stack: np.ndarray) -> np.ndarray:
    """Join each plane's outline with the one in the next plane that it overlaps most, if that is mutual."""
    import numpy as np
    from skimage.measure import label

    from scopecheck.measure.overlap import contingency

    new = np.zeros(stack.shape, np.int64)
    last = 0
    for z, plane in enumerate(stack):
        here = label(plane, connectivity=2, background=0)
        number = np.concatenate(([0], last + 1 + np.arange(here.max(initial=0))))
        last = int(number[-1]) if len(number) > 1 else last
        if z:
            met = contingency(here, new[z - 1])
            order = np.argsort(met.pixels, kind="stable")
            a, b = met.predicted[order], met.true[order]
            best_a, best_b = np.full(len(met.predicted_labels), -1), np.full(len(met.true_labels), -1)
            best_a[a], best_b[b] = b, a  # the last, largest one stays
            for i in np.flatnonzero(best_a >= 0):
                if best_b[best_a[i]] == i:
                    number[met.predicted_labels[i]] = met.true_labels[best_a[i]]
        new[z] = number[here]
    found, where = np.unique(new, return_inverse=True)
    return where.reshape(new.shape) + (found[0] != 0)


def report(found: Iterable[tuple[Pair, dict[str, tuple[list[str], Look]]]], rules: Rules) -> list[str]:
    """Notes on all files, those of one kind in one; refuses a folder whose files are wrong together.

    Raises
    ------
    InputError
        If the files of one side, taken together, are certainly no label images.
    """
    files = list(found)
    notes = []
    for key, side in SIDES.items():
        notes += report_side([(getattr(pair, key), looks[key]) for pair, looks in files], side, rules)
    return notes


def report_side(files: list[tuple[Path, tuple[list[str], Look]]], side: str, rules: Rules) -> list[str]:
    """Notes on the files of one side, as `report`."""
    from scopecheck.measure.signs import together

    kinds: dict[str, list[str]] = {}
    ways: dict[str, str] = {}
    for path, (told_notes, seen) in files:
        for text in told_notes:
            kinds.setdefault("read", []).append(f"{path.name}: {text}")
        for sign in seen.signs:
            given = " (taken as given)" if sign.certain else ""
            kinds.setdefault(sign.name, []).append(f"{path.name}{given}: {sign.text}")
            ways[sign.name] = _way(sign, side)
    whole = together(seen for _, (_, seen) in files)
    if whole and not any(sign.certain for _, (_, seen) in files for sign in seen.signs):
        folder = files[0][0].parent
        if not rules.as_given:
            raise InputError(f"{_told(folder, whole, side)}. --as-given goes on as it is.")
        kinds["together"], ways["together"] = [f"{folder}: {whole.text}"], _way(whole, side)
    notes = []
    for name, texts in kinds.items():
        many = f" in {len(texts)} of {len(files)} files" if len(files) > 1 else ""
        said = "; ".join(texts[:3]) + ("; ..." if len(texts) > 3 else "")
        end = "" if said.endswith("?") else "."
        way = f" {ways[name][0].upper()}{ways[name][1:]}." if name in ways else ""
        notes.append(f"{side}{many}: {said}{end}{way}")
    return notes


def by_side(option: str, text: str | None, read: Any) -> dict[str, Any]:
    """Read 'A', 'A,B', 'truth=A' or 'prediction=A,B,truth=C' into lists by side."""
    found: dict[str, list[Any]] = {}
    side = "both"
    for part in (text or "").split(","):
        if not part.strip():
            continue
        name, equals, value = part.rpartition("=")
        if equals:
            side = name.strip().lower()
            if side not in SIDES.values():
                raise InputError(f"--{option}: {name.strip()!r} is no side; expected prediction= or truth=.")
        found.setdefault(side, []).append(read(value.strip()))
    if option == "background" and [0] in found.values():
        raise InputError("--background: 0 is that as it is. To subtract no grey level, --grey-background 0.")
    if text is not None and not found:
        raise InputError(f"--{option}: is empty.")
    return found
