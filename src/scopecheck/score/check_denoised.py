"""Restored images without a truth: what was taken away, whether light was kept, what a second take says."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scopecheck.errors import InputError
from scopecheck.measure.registered import correlation, detail, elsewhere, moved_by, turned_by
from scopecheck.score import checks, pairs
from scopecheck.score.checks import Check, Rule, Value
from scopecheck.score.seen import far_from, of_images
from scopecheck.score.whole import whole

N2V, CARE, RLN = "denoising-noise2void", "restoration-care", "restoration-rln"
TRANSLATION = "crossmodality-translation"
NO_OUT, NO_RAW = "give --second-out", "give --second-raw and --second-out"

RULES = (
    Rule(
        "residual x",
        "correlation of neighbours in a row of what was taken away; pure noise has none",
        nearest=((N2V, "residual along x"), (CARE, "residual")),
    ),
    Rule(
        "residual y",
        "the same in a column",
        nearest=((N2V, "residual along y"), (CARE, "residual")),
    ),
    Rule(
        "light",
        "log ratio of the light above the dim half, restored and raw",
        limit=math.log(1.1),
        source="a tenth, declared in the recipe",
        nearest=((CARE, "light"),),
        like="there the places without light were known; here they are the dim half of the raw image",
        bare=True,
    ),
    Rule(
        "again",
        "1 less the correlation of what was made of two exposures of one scene",
        nearest=((RLN, "again"), (TRANSLATION, "again")),
    ),
    Rule(
        "blurred",
        "1 less the correlation of the restored image, blurred, and a second raw one",
        nearest=((RLN, "blurred"), (TRANSLATION, "blurred")),
    ),
)


@dataclass(frozen=True)
class DenoisedCheck:
    """What `check_denoised` found: checks, the files' names, and how the input was read."""

    checks: list[Check]
    files: list[str]
    notes: list[str] = field(default_factory=list)


def check_denoised(
    raw: Path,
    restored: Path,
    *,
    second_raw: Path | None = None,
    second_restored: Path | None = None,
    expect: Path | None = None,
    expect_raw: Path | None = None,
    limits: Mapping[str, float] | None = None,
    tool: str | None = None,
) -> DenoisedCheck:
    """Ask restored images what can be asked without a truth.

    Parameters
    ----------
    raw, restored : Path
        Two images (Y, X) or (Z, Y, X) on the same pixels, or two folders of them, paired by name.
    second_raw, second_restored : Path, optional
        A second exposure of each scene, and what the tool made of it, likewise.
    expect, expect_raw : Path, optional
        Restored images that are known to be good, and their raw ones: the largest value on them is the limit
        of each check that has no other.
    limits : mapping of check to float, optional
    tool : str, optional
        As `checks.judge`.

    Returns
    -------
    DenoisedCheck

    Raises
    ------
    InputError
        Files that cannot be read or paired, one file given twice, colour, other shapes, a movie as one image.
    """
    if (expect is None) != (expect_raw is None):
        raise InputError("--expect and --expect-raw: give both, good restored images and their raw ones.")
    if expect is not None and Path(expect).resolve() == Path(restored).resolve():
        raise InputError(f"{expect}: given as restored and as --expect; images cannot be their own limit.")
    if second_raw is not None and second_restored is None:
        raise InputError("--second-raw: given without --second-out, what the tool made of it.")
    if Path(raw).resolve() == Path(restored).resolve():
        raise InputError(
            f"{raw}: given as raw and as restored; give the raw images first, then the restored."
        )
    notes: list[str] = []
    mine = _read(raw, restored, notes)
    if second_restored is not None:
        _second(mine, restored, second_restored, "second_out", notes)
    if second_raw is not None:
        _second(mine, raw, second_raw, "second_raw", notes)
    good = [] if expect is None or expect_raw is None else _read(expect_raw, expect, notes)
    made = [{one["name"]: one["restored"] for one in side} for side in (mine, good)]
    checks.apart(made[0], made[1], expect)
    values = {one["name"]: _values(one) for one in mine}
    found = checks.judge(RULES, values, {one["name"]: _values(one) for one in good}, limits or {}, tool=tool)
    light = next(one for one in found if one.rule.name == "light")
    if light.value is not None and light.value > math.log(3):
        notes.append(
            "The light differs by more than a factor of 3: where the tool gives another unit, the alarm of"
            " light says that alone. Bring all restored images to the raw unit by one gain and offset."
        )
    counted = [recipe for rule in RULES for recipe, _ in rule.nearest]
    named = [recipe for recipe in counted if tool and tool in recipe]
    seen = [of_images(one["raw"], one["restored"]) for one in mine if min(one["raw"].shape[-2:]) >= 32]
    notes += far_from(named or counted, seen)
    return DenoisedCheck(found, list(values), list(dict.fromkeys(notes)))


def _read(raw: Path, restored: Path, notes: list[str]) -> list[dict[str, Any]]:
    from scopecheck.data.read.images import read_image
    from scopecheck.score.restored import file_of, grey, together

    files, said = pairs.beside(restored, raw, "restored", "raw")
    notes += said
    found: list[dict[str, Any]] = []
    seen: list[tuple[str, str]] = []
    for name, path, raw_path in files:
        assert raw_path is not None
        paths = {"raw": raw_path, "restored": path}
        given = {side: grey(file, read_image(whole(file)).array) for side, file in paths.items()}
        _shapes(paths, given)
        seen += _looked_at(given, {side: file_of(name, path) for side, path in paths.items()})
        found.append({"name": name} | {side: image.astype(float) for side, image in given.items()})
    notes += together(seen)
    return found


def _shapes(paths: Mapping[str, Path], given: Mapping[str, NDArray]) -> None:
    """Refuse colour, and two images of other pixels."""
    for side, image in given.items():
        if image.ndim == 3 and image.shape[-1] in (3, 4) and min(image.shape[:2]) > 4:
            raise InputError(
                f"{paths[side]}: shape {image.shape}, a colour picture; give one grey level a pixel."
            )
    shapes = {side: image.shape for side, image in given.items()}
    if len(set(shapes.values())) > 1:
        told = ", ".join(f"{side} {shape}" for side, shape in shapes.items())
        movie = len({len(shape) for shape in shapes.values()}) > 1
        raise InputError(
            f"{paths['restored']}: shapes differ ({told}); expected two images of the same pixels."
            + " A movie or a stack is not one image; give one frame, or stacks on both sides." * movie
        )


def _looked_at(given: Mapping[str, NDArray], files: Mapping[str, str]) -> list[tuple[str, str]]:
    """What the images show of their past, and whether they lie on each other; each with its file."""
    from scopecheck.measure import jpeg
    from scopecheck.measure.processed import seen_in, wrapped
    from scopecheck.score.restored import OVER, negative, ran_over

    if np.array_equal(given["raw"], given["restored"]):
        return [("the raw image and the restored hold the very same pixels", files["restored"])]
    seen = [
        (said, files["restored"])
        for said in _beside(*(given[side].astype(float) for side in ("raw", "restored")))
    ]
    if given["raw"].ndim == 3:
        planes = f"{len(given['raw'])} planes, taken for one volume; give frames of a movie one by one"
        seen.append((planes, files["raw"]))
    for side, other in (("raw", "restored"), ("restored", "raw")):
        image, said = given[side], list[str]()
        if not np.ptp(image.astype(float)):
            said.append(f"the {side} image is constant")
        elif min(image.shape[-2:]) >= 32:
            signs = seen_in(image)
            clipped = [sign for sign in signs if "clipped" in sign]
            kept = jpeg.signs(image, signs) if side == "raw" else clipped
            said += [f"the {side} image: {sign}" for sign in kept]
        light = given[side if wrapped(given[other]) else other]  # one that ran over tells of no other
        if ran_over(image, light.astype(float)):
            said.append(f"the {side} image of {image.dtype} {OVER}")
        seen += [(one, files[side]) for one in [*said, *negative(side, image)]]
    if min(given["raw"].shape[-2:]) < 32:
        seen.append(("under 32 pixels a side, so not looked at for traces of processing", files["raw"]))
    return seen


def _beside(raw: NDArray, restored: NDArray) -> list[str]:
    """Whether the restored image shows the place of the raw one, as it lies there."""
    if turned := turned_by(restored, raw):
        how, after, before = turned
        return [
            f"the restored image fits the raw one better {how} (correlation {after:.3f}, as given"
            f" {before:.3f}); turn it back"
        ]
    if found := moved_by(restored, raw):
        return [f"the restored image fits the raw one better moved by {found[1]}; register the two"]
    pair = detail(restored), detail(raw)
    if not (np.ptp(pair[0]) and np.ptp(pair[1])):
        return []
    own, chance = correlation(*pair), max(elsewhere(*pair, [0, 17]))
    if own > chance:
        return []
    return [
        f"the restored image is no more like the raw one (correlation {own:.3f}) than when it is moved at"
        f" random ({chance:.3f}); do they show the same place?"
    ]


def _second(mine: list[dict[str, Any]], first: Path, path: Path, key: str, notes: list[str]) -> None:
    """Read a second take of each scene, found by the name of the first, and note what it is not."""
    from scopecheck.data.read.images import read_image
    from scopecheck.score.restored import OVER, grey, ran_over

    if Path(first).resolve() == Path(path).resolve():
        raise InputError(f"{path}: given as the first and the second take; give another exposure.")
    side = "restored" if key == "second_out" else "raw"
    files, _ = pairs.beside(first, path, side, "second take")
    paths = {name: other for name, _, other in files}
    for one in mine:
        other = paths.get(one["name"], next(iter(paths.values())) if len(mine) == 1 else None)
        if other is None:
            raise InputError(f"{path}: has no second take of {one['name']}; expected one under its name.")
        image = grey(other, read_image(whole(other)).array)
        _shapes({"raw": Path(first), "restored": other}, {"raw": one[side], "restored": image})
        if np.array_equal(image, one[side]):
            raise InputError(f"{other}: holds the very pixels of the first take; give another exposure.")
        if not np.ptp(image.astype(float)):
            notes.append(f"{other}: the second take is constant.")
        elif ran_over(image, one[side]):
            notes.append(f"{other}: the second take of {image.dtype} {OVER}.")
        else:
            for said in _beside(one[side], image.astype(float)):
                said = said.replace("restored image", "second take").replace("raw one", "first")
                notes.append(f"{other}: {said}{'' if said.endswith('?') else '.'}")
        one[key] = image.astype(float)


def _values(one: Mapping[str, Any]) -> dict[str, Value]:
    from scopecheck.measure import intensity

    raw, out = one["raw"], one["restored"]
    if not (np.ptp(raw) and np.ptp(out)):
        return dict.fromkeys((rule.name for rule in RULES), "an image is constant")
    found: dict[str, Value] = {}
    together = intensity.fitted(out, raw)
    if np.ptp(raw - together) <= 1e-9 * np.ptp(raw):
        found |= dict.fromkeys(("residual x", "residual y"), "nothing was taken away")
    else:
        left = intensity.residual_correlation(raw, together)
        for axis in "xy":
            told = f"white noise within {2 * left['error']:.3f}"
            found[f"residual {axis}"] = (abs(left[axis]), told)
    found["light"] = _light(raw, out)
    found["again"] = (
        (1 - correlation(out, one["second_out"]), f"r = {correlation(out, one['second_out']):.3f}")
        if "second_out" in one
        else NO_OUT
    )
    found["blurred"] = _blurred(out, one["second_raw"]) if "second_raw" in one else NO_RAW
    return found


def _light(raw: NDArray, out: NDArray) -> Value:
    """Log ratio of the mean above that of the dim half, which is found in the smoothed raw image."""
    from scipy.ndimage import gaussian_filter

    smooth = gaussian_filter(raw, [0] * (raw.ndim - 2) + [3, 3])
    dim = smooth <= np.median(smooth)
    before, after = (float(image.mean() - image[dim].mean()) for image in (raw, out))
    if before <= 0 or after <= 0:
        return f"no light above the dim half in the {'raw' if before <= 0 else 'restored'} image"
    return abs(math.log(after / before)), f"{100 * (after / before - 1):+.1f} %"


def _blurred(out: NDArray, second: NDArray) -> Value:
    from scopecheck.measure.squirrel import squirrel

    if out.ndim != 2:
        return "is for planes, and this is a stack"
    if not np.ptp(second):
        return "the second take is constant"
    rsp = squirrel(out, second).rsp
    return 1 - rsp, f"r = {rsp:.3f}"
