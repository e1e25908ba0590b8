"""Label images without a truth: what can be asked of the files, and of the grey images they came from."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from scopecheck.errors import InputError
from scopecheck.measure import evenness
from scopecheck.score import checks, signs
from scopecheck.score.checks import Check, Rule, Value
from scopecheck.score.locate import away
from scopecheck.score.pair_names import few
from scopecheck.score.pairs import beside
from scopecheck.score.rules import Rules
from scopecheck.score.whole import whole

if TYPE_CHECKING:
    import pandas as pd

    from scopecheck.measure.signs import Look

ODD = 0.05  # of the objects may lie outside the diameters that --size states
Size = tuple[float, float, str]
NONE = "holds no object"
NO_IMAGE = "give --image"
NO_SIZE = "give --size LOW:HIGH, where you expect the diameters"
CELLPOSE, STARDIST, UNET = "segmentation-cellpose", "segmentation-stardist", "segmentation-unet-dice-trap"
CONFLUENCE = "segmentation-confluence"

RULES = (
    Rule(
        "baseline",
        "log ratio of the number of objects and that of a threshold and a watershed",
        nearest=((CELLPOSE, "baseline"), (UNET, "baseline"), (STARDIST, "baseline disagrees")),
    ),
    Rule(
        "texture",
        "log ratio of the area and that of a texture threshold set on the good files",
        nearest=((CONFLUENCE, "texture"),),
    ),
    Rule(
        "large objects",
        "share of objects larger than twice the median",
        nearest=((UNET, "sizes"),),
    ),
    Rule(
        "odd sizes",
        "share of objects whose diameter lies outside what you expect",
        nearest=((STARDIST, "odd sizes"),),
        like="there the range was 10 to 40 px for all images",
    ),
    Rule(
        "median size",
        "log ratio of the median diameter and the middle of what you expect",
        nearest=((CELLPOSE, "size"),),
        like="there what was expected was the diameter told to Cellpose, and the limit a rehearsal's",
    ),
    Rule(
        "in pieces",
        "share of objects that lie in several separate pieces",
        limit=0.0,
        source="an object is one piece",
        nearest=((STARDIST, "in pieces"),),
    ),
    Rule(
        "waists",
        "share of objects with a waist at which the classical baseline cuts them",
        nearest=((STARDIST, "waists"),),
    ),
    Rule(
        "seams",
        "share of objects that touch another without a waist between the two",
        nearest=((STARDIST, "seams"),),
    ),
    Rule(
        "light outside",
        "share of the pixels above Otsu's threshold that no object covers",
        nearest=((STARDIST, "light outside"),),
        bare=True,
    ),
    Rule(
        "border",
        "rarity (-log10 of the chance) of so few, or so many, objects at the border",
        limit=evenness.RARE,
        source="rarer than 1 in 100",
        nearest=((STARDIST, "border"),),
        bare=True,
    ),
    Rule(
        "tiles",
        "rarity (-log10 of the chance) of one of 16 tiles so unlike its neighbours in number",
        limit=evenness.RARE,
        source="rarer than 1 in 100",
        nearest=((STARDIST, "tiles"),),
        bare=True,
    ),
)


@dataclass(frozen=True)
class LabelsCheck:
    """What `check_labels` found.

    Attributes
    ----------
    checks : list of Check
    files : list of str
        The files' names.
    about : dict of str to float
        Of all files together: objects, median diameter (px), objects per megapixel.
    notes : list of str
        How the input was read, and what a reader must know.
    """

    checks: list[Check]
    files: list[str]
    about: dict[str, float]
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Asked:
    """What is asked besides the files.

    Attributes
    ----------
    size : (low, high, unit), optional
        Diameters between which all objects but `ODD` are expected, in px or um.
    baseline : {"nuclei", "texture"}
        The classical baseline: bright objects, or the texture of confluent cells.
    rules : Rules
        How label images are read: labels, background, as_given, pixel_size.
    limits : mapping of check to float
        Limits that the user states.
    tool, measurement : str, optional
        What the masks were made with and which number is to be published, to choose what is nearest.
    """

    size: Size | None = None
    baseline: str = "nuclei"
    rules: Rules = field(default_factory=Rules)
    limits: Mapping[str, float] = field(default_factory=dict)
    tool: str | None = None
    measurement: str | None = None


Extra = Callable[[str, NDArray, NDArray], dict[str, Value]]  # name, labels, image: further checks


def check_labels(
    masks: Path,
    image: Path | None = None,
    *,
    expect: Path | None = None,
    expect_image: Path | None = None,
    asked: Asked = Asked(),
    extra: Extra | None = None,
    extra_rules: Sequence[Rule] = (),
) -> LabelsCheck:
    """Ask label images what can be asked of them without a truth.

    Parameters
    ----------
    masks : Path
        A file, or a folder of them; see `data.read_labels`.
    image : Path, optional
        Their grey images, bright on dark, likewise.
    expect, expect_image : Path, optional
        Label images that are known to be good, of the same tool and kind of image, and their grey images: the
        largest value on them is the limit of each check that has no other.
    asked : Asked
    extra, extra_rules
        Further checks of each file that has an image, as of a tool that is run again.

    Returns
    -------
    LabelsCheck

    Raises
    ------
    InputError
        If files cannot be read or paired, are no label images, or shapes differ; a size in micrometres
        without a pixel size.
    """
    if expect_image is not None and expect is None:
        raise InputError("--expect-image: given without --expect, the masks that belong to it.")
    if expect is not None and Path(expect).resolve() == Path(masks).resolve():
        raise InputError(f"{expect}: given as masks and as --expect; masks cannot be their own limit.")
    if asked.size is None and (named := {"odd sizes", "median size"} & set(asked.limits)):
        raise InputError(f"--limit: {min(named)} is asked with --size alone; give --size LOW:HIGH.")
    notes: list[str] = []
    good = [] if expect is None else _read(expect, expect_image, asked, notes, "expected masks")
    mine = _read(masks, image, asked, notes, "masks")
    drawn = [{one["name"]: one["labels"] for one in side if len(one["table"])} for side in (mine, good)]
    checks.apart(drawn[0], drawn[1], expect)
    texture = _texture(good) if asked.baseline == "texture" else None
    values = {}
    for one in mine:
        values[one["name"]] = _values(one, asked, texture)
        if extra is not None:
            values[one["name"]] |= (
                dict.fromkeys((rule.name for rule in extra_rules), NO_IMAGE)
                if one["image"] is None
                else extra(one["name"], one["labels"], one["image"])
            )
    limits = {one["name"]: _values(one, asked, texture) for one in good}
    if extra is not None:
        for one in good:
            if one["image"] is not None:
                limits[one["name"]] |= extra(one["name"], one["labels"], one["image"])
    for side, into in ((mine, values), (good, limits)):
        if together := _of_all_borders([one["border"] for one in side]):
            for its in into.values():
                _rarer(its, together)
    rules = [_stated(rule, asked) for rule in RULES] + list(extra_rules)
    found = checks.judge(rules, values, limits, asked.limits, tool=asked.tool, measurement=asked.measurement)
    if asked.baseline == "nuclei" and (seen := [one for one in mine if one["image"] is not None]):
        notes += away([one["image"] for one in seen], [one["labels"] for one in seen], asked.tool)
    empty = [one["name"] for one in mine if not len(one["table"])]
    if empty:
        notes.append(f"{few(empty)}: {NONE}; of these nothing was asked but what needs none.")
    return LabelsCheck(found, [one["name"] for one in mine], _about(mine), list(dict.fromkeys(notes)))


def _stated(rule: Rule, asked: Asked) -> Rule:
    """The rule with the limit that the user's expectation of sizes gives it."""
    if asked.size is None or rule.name not in ("odd sizes", "median size"):
        return rule
    low, high, _ = asked.size
    if rule.name == "odd sizes":
        return replace(rule, limit=ODD, source="what --size leaves")
    return replace(rule, limit=math.log(high / low) / 2, source="the end of --size")


def _read(masks: Path, image: Path | None, asked: Asked, notes: list[str], what: str) -> list[dict[str, Any]]:
    """Label images with their grey images, and their objects in a table."""
    from scopecheck.data.read.images import read_image
    from scopecheck.measure import table

    files, said = beside(masks, image, what)
    notes += said
    found, looks = [], []
    for name, path, picture_path in files:
        picture, seen = signs.read_alone(path, asked.rules)
        looks.append((path, seen))
        notes += [f"{path.name}: {note}." for note in picture.notes]
        labels, grey = picture.array, None
        if picture_path is not None:
            grey = read_image(whole(picture_path)).array
            if grey.shape != labels.shape:
                raise InputError(
                    f"{picture_path}: shape {grey.shape}, and {path} has {labels.shape}; expected the image"
                    " of which the masks were made."
                )
            notes += _looked_at(grey, picture_path.name)
        size = _pixel_size(asked.rules.pixel_size, picture.pixel_size, labels.ndim, path)
        sided = [f"centroid_{axis}" for axis in "yx"]
        each = table(labels, only=["equivalent_diameter", *sided, "touches_border"])
        found.append(
            {"name": name, "path": path, "labels": labels, "image": grey, "size": size, "table": each}
            | {"look": seen[1], "border": _border(labels)}
        )
    notes += [
        note.replace(signs.ALONE, what, 1) for note in signs.report_side(looks, signs.ALONE, asked.rules)
    ]
    return found


def _pixel_size(
    given: Sequence[float] | None, stated: tuple[float, ...] | None, axes: int, path: Path
) -> tuple[float, ...] | None:
    if given is None:
        return stated
    size = tuple(given) * axes if len(given) == 1 and axes == 2 else tuple(given)
    if len(size) != axes:
        expected = "one number, or y,x" if axes == 2 else "z,y,x"
        raise InputError(f"--pixel-size: {len(given)} given for {path}, {axes}D; expected {expected}.")
    return size


def _looked_at(image: NDArray, name: str) -> list[str]:
    """What an image shows of its past, that a reader of its numbers must know."""
    from scopecheck.measure import jpeg
    from scopecheck.measure.processed import processed

    if not np.ptp(image.astype(float)):
        return [f"{name}: every pixel has the grey level {image.flat[0]:g}; the image shows nothing."]
    middle = image if image.ndim == 2 else image[len(image) // 2]
    said = []
    if min(middle.shape) >= 32:
        said = [sign for sign in jpeg.signs(middle, processed(middle).signs()) if "shared" not in sign]
    stretched = any("clipped" in sign or "stretched" in sign for sign in said)
    if image.dtype == np.uint8 and stretched and middle.min() == 0 and middle.max() == 255:
        said.append(
            "8 bits from 0 to 255, as after an automatic contrast: brightness says nothing from image"
        )
        said[-1] += " to image"
    return [f"{name}: {sign}." for sign in said]


def _texture(good: Sequence[Mapping[str, Any]]) -> float | None:
    """The threshold of the texture baseline, from good masks and their images."""
    from scopecheck.tools import classical

    whole = [one for one in good if one["image"] is not None and one["labels"].ndim == 2]
    if not whole:
        return None
    return classical.fit_texture([one["image"] for one in whole], [one["labels"] for one in whole])


def _values(one: Mapping[str, Any], asked: Asked, texture: float | None) -> dict[str, Value]:
    """The value of every check of one file, or why there is none."""
    labels, image, each = one["labels"], one["image"], one["table"]
    found: dict[str, Value] = {}
    if asked.baseline == "nuclei":
        found |= _of_baseline(labels, image, len(each))
    else:
        found["texture"] = _of_texture(labels, image, texture)
    found |= _of_sizes(each, labels.ndim, one["size"], asked.size)
    found["in pieces"] = _of_pieces(one["look"], len(each))
    found |= _of_shapes(labels, len(each))
    return found | _of_places(labels, each, one["border"])


def _of_baseline(labels: NDArray, image: NDArray | None, n: int) -> dict[str, Value]:
    from scopecheck.tools import classical, outlines

    if image is None:
        return {"baseline": NO_IMAGE, "light outside": NO_IMAGE}
    if image.ndim != 2:
        return dict.fromkeys(("baseline", "light outside"), "the baseline is for planes, and this is a stack")
    bright = classical.foreground(image)
    if not bright.any():
        return dict.fromkeys(("baseline", "light outside"), "the image shows nothing")
    if n and not (labels != 0).all() and image[labels != 0].mean() < image[labels == 0].mean():
        dark = "objects are darker than their surroundings, and the baseline looks for bright ones"
        return dict.fromkeys(("baseline", "light outside"), dark)
    by_base = int(classical.split(bright).max())
    ratio = abs(math.log((n + 1) / (by_base + 1)))
    share = outlines.light_outside(labels, bright)
    return {"baseline": (ratio, f"{n} against {by_base}"), "light outside": (share, f"{share:.1%}")}


def _of_texture(labels: NDArray, image: NDArray | None, threshold: float | None) -> Value:
    from scopecheck.tools import classical

    if image is None:
        return NO_IMAGE
    if threshold is None:
        return "give --expect and --expect-image, on which its threshold is set"
    if labels.ndim != 2:
        return "the baseline is for planes, and this is a stack"
    mine, other = float(np.mean(labels != 0)), float(classical.texture(image, threshold).mean())
    if not (mine and other):
        return NONE if not mine else "the baseline finds nothing"
    return abs(math.log(mine / other)), f"{mine:.0%} against {other:.0%}"


def _of_sizes(
    each: pd.DataFrame,
    axes: int,
    pixel: tuple[float, ...] | None,
    size: Size | None,
) -> dict[str, Value]:
    names = ("large objects", "odd sizes", "median size")
    if not len(each):
        lacking = NONE if size else NO_SIZE
        return {names[0]: NONE, names[1]: lacking, names[2]: lacking}
    wide = each["equivalent_diameter"].to_numpy(float)
    amount = wide**axes  # in proportion to area, or volume
    large = int(np.sum(amount > 2 * np.median(amount)))
    found: dict[str, Value] = {"large objects": (large / len(wide), f"{large} of {len(wide)}")}
    if size is None:
        return found | {names[1]: NO_SIZE, names[2]: NO_SIZE}
    low, high, unit = size
    if unit == "um":
        if pixel is None:
            raise InputError("--size: is in um, and the masks give no pixel size; add --pixel-size.")
        wide = wide * float(np.prod(pixel)) ** (1 / axes)
    odd = int(np.sum((wide < low) | (wide > high)))
    middle, seen = math.sqrt(low * high), float(np.median(wide))
    found["odd sizes"] = (odd / len(wide), f"{odd} of {len(wide)}")
    return found | {"median size": (abs(math.log(seen / middle)), f"{seen:.3g} {unit}")}


def _of_pieces(look: Look, n: int) -> Value:
    """Numbers in several pieces that are no specks, as `measure.signs` counts them."""
    if not look.ids:
        return "pieces are not counted where numbers are grey levels" if n else NONE
    return look.several / look.ids, f"{look.several} of {look.ids}"


def _of_shapes(labels: NDArray, n: int) -> dict[str, Value]:
    """Objects that the classical baseline would cut, and neighbours that it would leave as one."""
    from scopecheck.tools import outlines

    if not n:
        return {"waists": NONE, "seams": NONE}
    if labels.ndim != 2:
        why = "are looked for in planes, and this is a stack"
        return {"waists": f"waists {why}", "seams": f"seams {why}"}
    cut, drawn_twice = outlines.waists(labels), outlines.seams(labels)
    return {"waists": (cut / n, f"{cut} of {n}"), "seams": (drawn_twice / n, f"{drawn_twice} of {n}")}


def _border(labels: NDArray) -> evenness.Border | str:
    """How many objects touch the border, or why that says nothing."""
    if (
        labels.ndim != 2
    ):  # stacks are made to hold their cells, which lie anywhere in a plane and not in depth
        return "the border is looked at in planes, and this is a stack"
    try:
        return evenness.border(labels)
    except InputError as error:
        return str(error).removeprefix("labels: ").rstrip(".")


def _of_places(labels: NDArray, each: pd.DataFrame, at: evenness.Border | str) -> dict[str, Value]:
    if not len(each):
        return {"border": NONE, "tiles": NONE}
    found: dict[str, Value] = {
        "border": at if isinstance(at, str) else (evenness.rarity(at.p), _at_border(at))
    }
    height, width = labels.shape[-2:]
    try:
        worst = evenness.tiles(each[["centroid_y", "centroid_x"]].to_numpy(), (height, width))
        place = f"row {worst.row + 1}, column {worst.column + 1}"
        told = f"{worst.found} in {place}; beside it {worst.expected:.1f}"
        found["tiles"] = (evenness.rarity(worst.p), told)
    except InputError as error:
        found["tiles"] = str(error).rstrip(".")
    return found


def _at_border(at: evenness.Border) -> str:
    return f"{at.touching} of {at.touching + at.inside}; expected {at.low:.0f} to {at.high:.0f}"


def _of_all_borders(each: Sequence[evenness.Border | str]) -> evenness.Border | None:
    """The border of all fields together: few objects a field say little, and all of them much.

    Given what each field expects, numbers at the border are taken as those of Poisson.
    """
    from scipy.stats import poisson

    fields = [one for one in each if not isinstance(one, str)]
    if len(fields) < 2:
        return None
    touching, inside, low, high = (
        sum(getattr(at, name) for at in fields) for name in ("touching", "inside", "low", "high")
    )
    tails = float(poisson.cdf(touching, low)), float(poisson.sf(touching - 1, high))
    return evenness.Border(touching, inside, low, high, min(1.0, 2 * min(tails)))


def _rarer(values: dict[str, Value], together: evenness.Border) -> None:
    """Put the border of all fields in place of one field's own where it is the rarer."""
    own, rarity = values["border"], evenness.rarity(together.p)
    if rarity > evenness.RARE and (isinstance(own, str) or rarity > own[0]):
        values["border"] = rarity, f"in all files {_at_border(together)}"


def _about(mine: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    wide = np.concatenate([one["table"]["equivalent_diameter"].to_numpy(float) for one in mine])
    pixels = sum(one["labels"].size for one in mine)
    told = {"objects": float(len(wide)), "objects per megapixel": 1e6 * len(wide) / pixels}
    return told | ({"median diameter, px": float(np.median(wide))} if len(wide) else {})
