"""Restored images, whichever tool made them, against a truth, and beside the raw ones they came from."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from scopecheck.errors import InputError
from scopecheck.measure.registered import SHIFTS, correlation, detail, elsewhere, moved_by, turned_by
from scopecheck.score.pair_names import few
from scopecheck.score.rows import judged_row
from scopecheck.score.whole import whole

if TYPE_CHECKING:
    from scopecheck.record.result import ArmResult

MEASURES = {"light": "relative", "invented": "absolute", "lost": "absolute"}
_LARGEST = 1e100  # of a grey value
_MOVED = 1.0  # pixels, from which on two images do not show the same place


@dataclass(frozen=True)
class RestoredScore:
    """What `score_restored` found.

    Attributes
    ----------
    scope : str
        ``image`` for one acquisition, ``population`` for several.
    rows : list of ArmResult
        The measurements of `MEASURES` that could be made, with the keys of ``verdict.json``.
    scores : dict of str to dict
        Means over acquisitions, of ``restored``, ``raw`` and a ``flat`` picture that shows nothing: light
        (over the true light); slope, offset, scatter, r (of grey values as a line of the truth's, over
        pixels); psnr, psnr_fitted (dB), ssim, ssim_fitted; residual_x, residual_y (correlation between
        neighbours in raw less restored, after the gain and offset that bring these two together).
    ratio : dict of str to float
        Where two conditions were named: true, restored and raw ratio of their light (geometric means; 1 for a
        picture that tells nothing), and the error of the restored one with its 90 % interval (Welch, over
        acquisitions).
    files : list of dict
        The same for each acquisition.
    notes : list of str
        How the input was read, and what a reader must know.
    """

    scope: str
    rows: list[ArmResult]
    scores: dict[str, dict[str, float]]
    ratio: dict[str, Any]
    files: list[dict[str, Any]]
    notes: list[str] = field(default_factory=list)


def score_restored(
    raw: Path,
    restored: Path,
    true: Path,
    *,
    fit: bool = False,
    conditions: Mapping[str, str] | None = None,
    nulls: Path | None = None,
    sigma: float | None = None,
    pixel_size: float | None = None,
    tolerance: Mapping[str, float | tuple[float, float]] | None = None,
    truth_uncertainty: Mapping[str, float] | None = None,
    as_given: bool = False,
) -> RestoredScore:
    """Judge restored images, acquisition by acquisition.

    Parameters
    ----------
    raw, restored, true : Path
        Three images (Y, X) or (Z, Y, X) on the same pixels, or three folders of them, paired by name.
    fit : bool
        Bring all restored images to the truth's grey values by one gain and one offset, the same for all,
        which the line of restored over true grey values gives: for a tool that gives no photons. Their light
        is then right on average by construction. Never image by image: any two conditions would be alike.
    conditions : mapping of str to str, optional
        Two conditions, each a pattern of names (``{"control": "ctl*", "treated": "drug*"}``): the ratio of
        their light is told, second over first.
    nulls : Path, optional
        Folder with a stack (K, Y, X) for each acquisition, K of 10 or more: what the tool gave for other
        exposures of the same scene. Invented and lost structures are counted with it (`measure.invented`).
    sigma : float, optional
        Width (s.d.) of the finest structure that the microscope draws, pixels; asked for with `nulls`.
    pixel_size : float, optional
        Micrometres: structures are then counted for 1000 square micrometres, else for a megapixel.
    tolerance, truth_uncertainty : mapping of str to float or (low, high), optional
        By measurement (`MEASURES`); the key ``all`` stands for those not named.
    as_given : bool
        Do not refuse images that are moved against each other.

    Returns
    -------
    RestoredScore

    Raises
    ------
    InputError
        Files that cannot be read or paired, two sides that are one file, other shapes (a movie given as one
        image), a truth without contrast, images that are moved against each other, a condition that no file
        or every file belongs to; images that are turned or mirrored against each other.
    """
    from scopecheck.score.pairs import pair_up

    for option, extra in (("tolerance", tolerance), ("truth-uncertainty", truth_uncertainty)):
        if wrong := [name for name in extra or {} if name not in (*MEASURES, "all")]:
            raise InputError(f"--{option}: names {', '.join(wrong)}; measured are {', '.join(MEASURES)}.")
    if (nulls is None) != (sigma is None):
        raise InputError(
            "--nulls and --sigma: give both, the exposures and the width of the finest structure."
        )
    if nulls is None and (asked := [name for name in ("invented", "lost") if name in (tolerance or {})]):
        raise InputError(f"--tolerance: names {', '.join(asked)}, which cannot be counted without --nulls.")
    if Path(raw).resolve() in (Path(restored).resolve(), Path(true).resolve()):
        raise InputError(f"{raw}: given as the raw image and as another one; give raw, restored, truth.")
    pairs, notes = pair_up(Path(restored), Path(true), Path(raw), as_given=as_given)
    found: list[dict[str, Any]] = []
    seen: list[tuple[str, str]] = []
    for pair in pairs:
        assert pair.image is not None
        found.append(
            _read(pair.name, {"raw": pair.image, "restored": pair.predicted, "truth": pair.true}, seen)
        )
    notes += together(seen)
    _refuse_copies(found)
    for one in found:
        _registered(one, notes, as_given)
    _fitted(found, notes, fit)
    for k, one in enumerate(found):
        _measured(one, k)
    if nulls is not None and sigma is not None:
        for one in found:
            _against_nulls(one, Path(nulls), sigma, pixel_size)
    scope = "image" if len(found) == 1 else "population"
    better = _better(found, notes)
    names = [one["name"] for one in found]
    unit = "per 1000 µm²" if pixel_size else "per megapixel"
    looks = _mean([one["scores"]["restored"] for one in found])
    rows = [
        judged_row(
            {
                "recipe": "score restored",
                "arm": str(restored),
                "measurement": name,
                "tier": "",
                "profile": "",
                "plausibility": {k: v for k, v in looks.items() if k in ("ssim", "psnr") and np.isfinite(v)},
                "scale": scale,
                "unit": "grey values" if name == "light" else unit,
            },
            [one["numbers"][name] for one in found],
            names,
            scope=scope,
            tolerance=tolerance or {},
            uncertainty=truth_uncertainty or {},
            gross=None,
            better=better,
            undefined="nothing stands out of its background",
            no_ratio="its truth has no light above the background",
        )
        for name, scale in MEASURES.items()
        if name in found[0]["numbers"]
    ]
    scores = {kind: _mean([one["scores"][kind] for one in found]) for kind in ("restored", "raw", "flat")}
    files = [{"name": one["name"], **one["scores"]["restored"], **one["told"]} for one in found]
    return RestoredScore(
        scope, rows, scores, _ratio(found, conditions, notes), files, list(dict.fromkeys(notes))
    )


OVER = "seems to wrap around; save it as float32"


def _read(name: str, paths: Mapping[str, Path], seen: list[tuple[str, str]]) -> dict[str, Any]:
    """The three images of an acquisition; what they plainly are not is refused or noted."""
    from scopecheck.data.read.images import read_image
    from scopecheck.measure import jpeg
    from scopecheck.measure.intensity import noise_level
    from scopecheck.measure.processed import seen_in

    given = {side: grey(path, read_image(whole(path)).array) for side, path in paths.items()}
    shapes = {side: image.shape for side, image in given.items()}
    for side, shape in shapes.items():
        if len(shape) == 3 and shape[-1] in (3, 4) and min(shape[:2]) > 4:
            raise InputError(f"{paths[side]}: shape {shape}, a colour picture; give one grey level a pixel.")
    if len(set(shapes.values())) > 1:
        told = ", ".join(f"{side} {shape}" for side, shape in shapes.items())
        movie = len({len(shape) for shape in shapes.values()}) > 1
        raise InputError(
            f"{paths['restored']}: shapes differ ({told}); expected three images of the same pixels."
            + (
                " A movie or a stack is not one image; give one frame, or stacks on all sides."
                if movie
                else ""
            )
        )
    if given["truth"].ndim == 3:
        seen.append(
            (f"{len(given['truth'])} planes, taken for one volume; give frames of a movie one by one", name)
        )
    if not np.ptp(given["truth"].astype(float)):
        raise InputError(f"{paths['truth']}: is constant; a truth needs contrast to compare with.")
    for one, other in (("raw", "truth"), ("restored", "truth"), ("raw", "restored")):
        if np.array_equal(given[one], given[other]):
            if one == "raw" and other == "truth":
                raise InputError(f"{paths['raw']}: holds the very pixels of {paths['truth']}.")
            seen.append((f"the {one} image and the {other} hold the very same pixels", name))
    middle = {side: image if image.ndim == 2 else image[len(image) // 2] for side, image in given.items()}
    of = {side: file_of(name, path) for side, path in paths.items()}
    if min(middle["raw"].shape) >= 32:
        for side, image in given.items():
            signs = seen_in(image)
            if side == "truth":  # a simulated one may well have one even background
                signs = [sign for sign in signs if "smallest" not in sign]
            clipped = [sign for sign in signs if "clipped" in sign]
            kept = jpeg.signs(image, signs) if side == "raw" else clipped
            seen += [(f"the {side} image: {sign}", of[side]) for sign in kept]
    else:
        seen.append(("under 32 pixels a side, so not looked at for traces of processing", name))
    for side in ("raw", "restored"):
        if not np.ptp(given[side].astype(float)):
            kind, value = given[side].dtype, given[side].flat[0]
            full = kind.kind in "ui" and value == np.iinfo(kind).max
            why = f": every pixel has {value}, the largest of {kind}, so it is saturated" if full else ""
            seen.append((f"the {side} image is constant{why}", of[side]))
    if len(np.unique(given["truth"])) == 2:
        seen.append(("the truth has two grey values: is it a mask? Light needs grey levels", of["truth"]))
    if min(middle["raw"].shape) >= 32 and np.ptp(middle["raw"]):
        noise = {side: noise_level(middle[side]) / np.std(middle[side]) for side in ("raw", "truth")}
        if noise["truth"] > 2 * noise["raw"]:
            seen.append(("the truth is noisier than the raw image; are the two exchanged?", name))
        elif noise["truth"] > 0.2:
            seen.append(("the truth has noise of its own, which counts as an error of every image", name))
    over = [side for side, image in given.items() if ran_over(image, given["truth"].astype(float))]
    for side in over:
        seen.append((f"the {side} image of {given[side].dtype} {OVER}", of[side]))
    seen += [(said, of[side]) for side, image in given.items() for said in negative(side, image)]
    images = {side: image.astype(float) for side, image in given.items()}
    return {"name": name, "paths": paths, "wrapped": over} | images


def grey(path: Path, image: NDArray) -> NDArray:
    """The image, unless it holds numbers whose squares no float holds."""
    if image.dtype.kind == "f" and not (np.abs(image.astype(float)) < _LARGEST).all():
        raise InputError(
            f"{path}: holds values above {_LARGEST:g}; expected grey values. Divide them before it is saved."
        )
    return image


def file_of(name: str, path: Path) -> str:
    """What to call the file of one side: the pair's name where it has that, else its own."""
    return name if path.stem == Path(name).stem or path.name == name else path.name


def negative(side: str, image: NDArray) -> list[str]:
    """What negative values say of an image; empty without them."""
    if np.min(image) >= 0:
        return []
    why = "so something was subtracted from it" if side == "raw" else "which no light has"
    return [f"the {side} image holds negative values, {why}"]


def together(seen: Sequence[tuple[str, str]]) -> list[str]:
    """One note for what was seen in several files; numbers that differ do not tell notes apart."""
    told: dict[str, tuple[str, list[str]]] = {}
    for said, name in seen:
        told.setdefault(re.sub(r"[\d.]+", "#", said), (said, []))[1].append(name)
    return [f"{few(names)}: {said}{'' if said.endswith('?') else '.'}" for said, names in told.values()]


def _refuse_copies(found: Sequence[Mapping[str, Any]]) -> None:
    """One acquisition saved under several names is not several."""
    seen: dict[tuple[bytes, bytes], str] = {}
    for one in found:
        key = (one["restored"].tobytes(), one["truth"].tobytes())
        if key in seen:
            raise InputError(
                f"{one['paths']['restored']}: holds the very pixels of {seen[key]}, and so does its truth;"
                " one acquisition counts once. Leave one of them out."
            )
        seen[key] = one["name"]


def ran_over(image: NDArray, light: NDArray) -> bool:
    """Whether whole numbers of an image ran over their end, as another image of the same light tells.

    Bright places then lie far below the line that the dimmer ones follow, many of them below dimmer ones; or
    grey values rise with the light through their range again and again; or as `measure.processed.wrapped`.
    Where noise is a quarter of the range, as after a dozen turns, none of it is told.
    """
    from scopecheck.measure.processed import wrapped

    if image.dtype.kind not in "ui":
        return False
    if wrapped(image):
        return True
    top = float(np.iinfo(image.dtype).max)
    if _again_and_again(image, light, top + 1):
        return True
    dim = light <= np.percentile(light, 90)
    if not (np.ptp(light[dim]) and np.ptp(image[dim])):
        return False
    expected = np.polyval(np.polyfit(light[dim], image[dim].astype(float), 1), light)
    over = (expected > top) & (image < top)
    if over.sum() < 3 or np.median((expected - image)[over]) <= top / 2:
        return False
    under = (expected > top / 2) & (expected <= top)
    before = image[under if under.any() else dim & (light > np.percentile(light, 80))]
    return bool((image[over] < np.median(before)).mean() > 0.2)  # a root, say, rises on and on


def _again_and_again(image: NDArray, light: NDArray, levels: float) -> bool:
    """Whether grey values rise with the light through their range several times over.

    As angles of which the range is a full turn, they then keep to the light times some number of turns.
    """
    kept = image < levels - 1  # what is saturated stays where it is
    span = float(np.ptp(light[kept])) if kept.any() else 0.0
    bright = np.flatnonzero(kept & (light > np.median(light) + 0.05 * span))
    if bright.size < 100 or not span:
        return False
    some = bright[:: max(bright.size // 4000, 1)]
    turns = np.arange(0, 40, 0.1)
    angle = image.ravel()[some] / levels - turns[:, None] * light.ravel()[some] / span
    keeps = np.abs(np.exp(2j * np.pi * angle).mean(axis=1))
    return bool(keeps[turns > 1].max() > max(0.5, 1.5 * keeps[turns <= 1].max()))


def _registered(one: dict[str, Any], notes: list[str], as_given: bool) -> None:
    """Refuse images that fit far better when one of them is moved."""
    from scopecheck.measure.invented import REACH

    for side in ("raw", "restored"):
        if side in one["wrapped"]:  # what ran over its end fits badly wherever it lies
            continue
        if turned := turned_by(one[side], one["truth"]):
            how, after, before = turned
            said = f"{one['paths'][side]}: fits the truth better {how} (correlation {after:.3f}, as given"
            if not as_given:
                raise InputError(f"{said} {before:.3f}); turn it back, or go on with --as-given.")
            notes.append(f"{said} {before:.3f}).")
        if (found := moved_by(one[side], one["truth"])) is None:
            continue
        moved, how = found
        said = f"{one['paths'][side]}: fits the truth better moved by {how}"
        if max(abs(moved)) >= _MOVED and not as_given:
            raise InputError(f"{said}; register the images, or go on with --as-given.")
        beyond = ". What lies that far beside its place counts as lost there and invented here"
        notes.append(f"{said}{beyond if max(abs(moved)) > REACH else ''}.")


def _fitted(found: Sequence[dict[str, Any]], notes: list[str], fit: bool) -> None:
    """One gain and offset for all restored images, where that is asked for; a note where it seems needed."""
    out, light = (np.concatenate([one[side].ravel() for one in found]) for side in ("restored", "truth"))
    if not np.ptp(out):
        return
    slope, offset = np.polyfit(light, out, 1)  # restored over true: noise in the restored does not flatten it
    if slope <= 0:
        said = "Restored images are dark where the truth is bright"
        if fit:
            raise InputError(f"{found[0]['paths']['restored']}: {said.lower()}; --fit turns no image round.")
        notes.append(f"{said}: are they inverted?")
    elif fit:
        for one in found:
            one["gain"], one["offset"] = 1 / slope, -offset / slope
            one["restored"] = one["gain"] * one["restored"] + one["offset"]
        notes.append(
            f"All restored images were taken times {1 / slope:.4g} plus {-offset / slope:.4g}: their light is"
            " right on average by construction, and what differs between images is left."
        )
    elif not 1 / 3 < slope < 3:
        notes.append(
            f"Restored grey values rise by {slope:.3g} where the truth rises by 1; if they are in another"
            " unit, give --fit: one gain and offset for all images."
        )


def _measured(one: dict[str, Any], number: int) -> None:
    """Light above background where the truth is bright, scores, and what chance gives."""
    from scipy.ndimage import gaussian_filter
    from skimage.filters import threshold_otsu

    from scopecheck.measure import intensity

    light = one["truth"]
    smooth = gaussian_filter(light, 1)  # so that noise of the truth does not choose its own bright places
    there = smooth > threshold_otsu(smooth)
    dim = ~there & (smooth <= np.median(smooth[~there]))
    above = {
        side: float(one[side][there].mean() - one[side][dim].mean()) for side in ("raw", "restored", "truth")
    }
    one["light"] = above
    one["numbers"] = {"light": (max(above["restored"], 0.0), above["truth"])}
    flat = np.full_like(light, light.mean()) + 1e-9 * np.ptp(light) * np.indices(light.shape)[-1]
    one["scores"] = {}
    for kind, image in (("restored", one["restored"]), ("raw", one["raw"]), ("flat", flat)):
        line = intensity.linearity(image, light)
        told = {
            "light": 0.0 if kind == "flat" else above[kind] / above["truth"] if above["truth"] > 0 else np.nan
        }
        told |= {name: getattr(line, name) for name in ("slope", "offset", "scatter", "r")}
        if min(light.shape) >= 7:
            told |= {k: v for k, v in intensity.agreement(image, light).items() if not k.startswith("nrmse")}
        one["scores"][kind] = told
    one["told"] = {f"light_{side}": value for side, value in above.items()}
    together = intensity.fitted(one["restored"], one["raw"])
    if np.ptp(one["raw"] - together) > 1e-9 * max(np.ptp(one["raw"]), 1):
        left = intensity.residual_correlation(one["raw"], together)
        one["scores"]["restored"] |= {"residual_x": left["x"], "residual_y": left["y"]}
    mine, true = detail(one["restored"]), detail(light)
    one["detail"], one["own"] = (mine, true), correlation(mine, true)
    one["shifted"] = elsewhere(mine, true, [number, 17])


def _better(found: Sequence[Mapping[str, Any]], notes: list[str]) -> bool:
    """Whether the images' detail fits their truth better than when moved, and than that of the others."""
    own, moved = np.mean([one["own"] for one in found]), np.mean([one["shifted"] for one in found], axis=0)
    best, how = float(moved.max()), f"moved at random it reaches {moved.max():.3f} in {SHIFTS} draws"
    each = {one["name"]: max(one["shifted"]) for one in found}
    truths = {one["truth"].tobytes() for one in found}
    if len(found) > 2 and len(truths) == len(found) and len({one["truth"].shape for one in found}) == 1:
        crossed = np.array([[correlation(a["detail"][0], b["detail"][1]) for b in found] for a in found])
        turns = [np.diag(np.roll(crossed, by, axis=1)).mean() for by in range(1, len(found))]
        np.fill_diagonal(crossed, -1)
        each = {name: max(chance, crossed[k].max()) for k, (name, chance) in enumerate(each.items())}
        if max(turns) > best:
            best, how = float(max(turns)), f"with the truths of the others by {max(turns):.3f}"
    if own > best:
        alone = [one["name"] for one in found if one["own"] <= each[one["name"]]]
        if len(found) > 1 and alone:
            notes.append(f"{few(alone)}: fits another place no worse than its truth. Are files exchanged?")
        return True
    notes.append(
        f"No better than chance: the detail of restored and truth correlates by {own:.3f}; {how}. Do they"
        " show the same places?"
    )
    return False


def _against_nulls(one: dict[str, Any], folder: Path, sigma: float, pixel_size: float | None) -> None:
    from scopecheck.data.read.images import read_image
    from scopecheck.measure.invented import null_test

    if not folder.is_dir():
        raise InputError(f"--nulls: {folder} is no folder; expected one with a stack for each acquisition.")
    out = one["restored"]
    if out.ndim != 2:
        raise InputError(
            f"{one['paths']['restored']}: shape {out.shape}; --nulls is for single planes (Y, X)."
        )
    stem = one["paths"]["restored"].stem
    fitting = [path for path in sorted(folder.iterdir()) if path.stem == stem]
    if len(fitting) != 1:
        held = few(path.name for path in sorted(folder.iterdir()))
        raise InputError(
            f"--nulls: {folder} holds {len(fitting)} stacks named {stem}; it holds {held or 'nothing'}."
        )
    stack = read_image(whole(fitting[0])).array.astype(float)
    if stack.shape[1:] != out.shape or stack.ndim != 3:
        raise InputError(f"{fitting[0]}: shape {stack.shape}; expected (K, {out.shape[0]}, {out.shape[1]}).")
    stack = one.get("gain", 1.0) * stack + one.get("offset", 0.0)
    mean = stack.mean(axis=0)
    usual = np.median([correlation(plane, mean) for plane in stack])
    wide = out.std() / max(np.median(stack.std(axis=(1, 2))), 1e-300)
    if correlation(out, mean) < 0.5 * usual or not 1 / 3 < wide < 3:
        raise InputError(
            f"{fitting[0]}: does not look like the same tool on the same scene as {one['paths']['restored']}"
            f" (correlation with its mean {correlation(out, mean):.2f}, its own planes {usual:.2f}; values"
            f" vary {wide:.3g} times as much); give that tool's outputs on other exposures of this scene."
        )
    try:
        told = null_test(out, one["truth"], stack, sigma)
    except InputError as error:
        raise InputError(f"{fitting[0]}: {error}") from None
    unit = 1000 / pixel_size**2 if pixel_size else 1e6
    for name, places in (("invented", told.invented), ("lost", told.lost)):
        one["numbers"][name] = (len(places) * unit / out.size, 0.0)


def _ratio(
    found: Sequence[Mapping[str, Any]], conditions: Mapping[str, str] | None, notes: list[str]
) -> dict[str, Any]:
    """The ratio of two conditions' light, and how far the restored one is off."""
    from scipy import stats

    if not conditions:
        return {}
    if len(conditions) != 2:
        raise InputError("--conditions: expected two, such as control=ctl*,treated=drug*.")
    sets = {}
    for name, pattern in conditions.items():
        sets[name] = [one for one in found if any(fnmatchcase(text, pattern) for text in _names_of(one))]
        if not sets[name] or len(sets[name]) == len(found):
            raise InputError(
                f"--conditions: {pattern} fits {len(sets[name])} of {len(found)} acquisitions; expected some"
                f" and not all of {few(one['paths']['restored'].name for one in found)}."
            )
    first, second = sets
    inside = {name: {one["name"] for one in files} for name, files in sets.items()}
    if both := inside[first] & inside[second]:
        raise InputError(
            f"--conditions: {few(sorted(both))} would belong to both; give patterns that tell them apart."
        )
    if left := [one["name"] for one in found if one["name"] not in inside[first] | inside[second]]:
        notes.append(f"{few(left)}: belongs to neither condition.")
    told: dict[str, Any] = {"first": first, "second": second}
    told |= {"n_first": len(sets[first]), "n_second": len(sets[second])}
    logs = {
        side: [[np.log(max(one["light"][side], 1e-300)) for one in sets[name]] for name in (second, first)]
        for side in ("truth", "restored", "raw")
    }
    for side, (high, low) in logs.items():
        dark = min(one["light"][side] for name in sets for one in sets[name]) <= 0
        told[side] = float("nan") if dark else float(np.exp(np.mean(high) - np.mean(low)))
    if not np.isfinite(told["restored"] * told["truth"]):
        notes.append("No ratio of conditions: in some acquisition no light stands above the background.")
        return told
    off = [np.subtract(out, true) for out, true in zip(logs["restored"], logs["truth"], strict=True)]
    told["error"] = float(np.expm1(np.mean(off[0]) - np.mean(off[1])))
    if min(map(len, off)) > 1 and np.ptp(np.concatenate(off)) > 0:
        ends = stats.ttest_ind(*off, equal_var=False).confidence_interval(0.9)
        told["interval"] = [float(np.expm1(ends.low)), float(np.expm1(ends.high))]
    return told


def _names_of(one: Mapping[str, Any]) -> set[str]:
    """What a pattern may fit: the acquisition's name and the names of its files, with suffix and without."""
    files = one["paths"].values()
    return {one["name"], *(path.name for path in files), *(path.stem for path in files)}


def _mean(told: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {
        name: float(np.mean([one[name] for one in told]))
        for name in told[0]
        if all(name in one for one in told)
    }
