"""Restored images, whichever tool made them, against a truth, and beside the raw ones they came from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from scopecheck.errors import InputError
from scopecheck.score.pair_names import few
from scopecheck.score.rows import judged_row

if TYPE_CHECKING:
    from scopecheck.record.result import ArmResult

MEASURES = {"light": "relative", "invented": "absolute", "lost": "absolute"}
SHIFTS = 19  # random ones: the own place is the best of twenty by chance in 5 %
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
        Means over acquisitions, of ``restored``, ``raw`` and a ``flat`` picture that shows nothing: slope,
        offset, scatter, r (of light as a line of true light, over pixels); psnr, psnr_fitted (dB), ssim,
        ssim_fitted; residual_x, residual_y (correlation between neighbours in raw less restored).
    ratio : dict of str to float
        Where two conditions were named: true, restored and raw ratio of their light, and the error of the
        restored one with its 90 % interval (Welch, over acquisitions).
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
        Bring all restored images to the truth's grey values by one gain and one offset, the same for all:
        for a tool that gives no photons. Never image by image, which would make any two conditions alike.
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
        or every file belongs to.
    """
    from scopecheck.score.pairs import pair_up

    for option, extra in (("tolerance", tolerance), ("truth-uncertainty", truth_uncertainty)):
        if wrong := [name for name in extra or {} if name not in (*MEASURES, "all")]:
            raise InputError(f"--{option}: names {', '.join(wrong)}; measured are {', '.join(MEASURES)}.")
    if (nulls is None) != (sigma is None):
        raise InputError(
            "--nulls and --sigma: give both, the exposures and the width of the finest structure."
        )
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
    notes += _together(seen)
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
    return RestoredScore(scope, rows, scores, _ratio(found, conditions), files, list(dict.fromkeys(notes)))


def _read(name: str, paths: Mapping[str, Path], seen: list[tuple[str, str]]) -> dict[str, Any]:
    """The three images of an acquisition; what they plainly are not is refused or noted."""
    from scopecheck.data.read.images import read_image
    from scopecheck.measure.processed import processed

    given = {side: read_image(path).array for side, path in paths.items()}
    shapes = {side: image.shape for side, image in given.items()}
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
    if not np.ptp(given["truth"].astype(float)):
        raise InputError(f"{paths['truth']}: is constant; a truth needs contrast to compare with.")
    for one, other in (("raw", "truth"), ("restored", "truth"), ("raw", "restored")):
        if np.array_equal(given[one], given[other]):
            if one == "raw" and other == "truth":
                raise InputError(f"{paths['raw']}: holds the very pixels of {paths['truth']}.")
            seen.append((f"the {one} image and the {other} hold the very same pixels", name))
    middle = {side: image if image.ndim == 2 else image[len(image) // 2] for side, image in given.items()}
    if min(middle["raw"].shape) >= 32:
        if signs := processed(middle["raw"]).signs():
            seen += [(f"the raw image {sign}", name) for sign in signs]
        ends = processed(middle["restored"])
        if max(ends.lowest, ends.highest) > 0.005:
            seen += [(f"the restored image: {sign}", name) for sign in ends.signs() if "clipped" in sign]
    if not np.ptp(given["restored"].astype(float)):
        seen.append(("the restored image is constant", name))
    if _wrapped(given["restored"], given["truth"].astype(float)):
        dtype = given["restored"].dtype
        seen.append(
            (f"the restored image is dark where the truth is brightest; did {dtype} wrap around?", name)
        )
    if np.min(given["raw"]) < 0:
        seen.append(("the raw image holds negative values, so something was subtracted from it", name))
    return {"name": name, "paths": paths} | {side: image.astype(float) for side, image in given.items()}


def _together(seen: Sequence[tuple[str, str]]) -> list[str]:
    """One note for what was seen in several files; numbers that differ do not tell notes apart."""
    import re

    told: dict[str, tuple[str, list[str]]] = {}
    for said, name in seen:
        told.setdefault(re.sub(r"[\d.]+", "#", said), (said, []))[1].append(name)
    return [f"{few(names)}: {said}{'' if said.endswith('?') else '.'}" for said, names in told.values()]


def _wrapped(out: NDArray, light: NDArray) -> bool:
    """Whether whole numbers ran over: bright places lie far below the line that the dimmer ones follow."""
    if out.dtype.kind not in "ui":
        return False
    dim = light <= np.percentile(light, 90)
    if not (np.ptp(light[dim]) and np.ptp(out[dim])):
        return False
    top = float(np.iinfo(out.dtype).max)
    over = (expected := np.polyval(np.polyfit(light[dim], out[dim].astype(float), 1), light)) > top
    return bool(
        over.sum() >= 3
        and np.median((expected - out)[over & (out < top)] if (over & (out < top)).any() else 0) > top / 2
    )


def _registered(one: dict[str, Any], notes: list[str], as_given: bool) -> None:
    """Refuse images that fit far better when one of them is moved."""
    from scipy.ndimage import shift
    from skimage.registration import phase_cross_correlation

    for side in ("raw", "restored"):
        image, light = one[side], one["truth"]
        if not np.ptp(image):
            continue
        moved, _, _ = phase_cross_correlation(light, image, upsample_factor=10, normalization=None)
        if max(abs(moved)) < 0.3 or max(abs(moved) / image.shape) > 0.25:
            continue
        back = shift(image, moved, order=1, mode="nearest")
        inner = tuple(slice(*_inside(size, by)) for size, by in zip(image.shape, moved, strict=True))
        before, after = (_r(a[inner], light[inner]) for a in (image, back))
        if after < 0.5 or after - before < 0.1 * (1 - before):  # other places, or no matter
            continue
        along = ", ".join(f"{name} {by:+.1f}" for name, by in zip("ZYX"[-image.ndim :], moved, strict=True))
        said = f"{one['paths'][side]}: fits the truth better moved by {along} pixels (correlation {after:.3f}"
        said += f", as given {before:.3f})"
        if max(abs(moved)) >= _MOVED and not as_given:
            raise InputError(f"{said}; register the images, or go on with --as-given.")
        notes.append(f"{said}.")


def _inside(size: int, by: float) -> tuple[int, int]:
    edge = int(np.ceil(abs(by)))
    return edge, size - edge


def _fitted(found: Sequence[dict[str, Any]], notes: list[str], fit: bool) -> None:
    """One gain and offset for all restored images, where that is asked for; a note where it seems needed."""
    out, light = (np.concatenate([one[side].ravel() for one in found]) for side in ("restored", "truth"))
    if not np.ptp(out):
        return
    gain, offset = np.polyfit(out, light, 1)
    if fit:
        for one in found:
            one["restored"] = gain * one["restored"] + offset
        notes.append(f"All restored images times {gain:.4g} plus {offset:.4g}, which fits them to the truth.")
    elif abs(np.log(max(out.std() / light.std(), 1e-12))) > np.log(3):
        notes.append(
            f"Restored grey values vary {out.std() / light.std():.3g} times as much as the truth's; if they"
            " are in another unit, give --fit: one gain and offset for all images."
        )


def _measured(one: dict[str, Any], number: int) -> None:
    """Light above background where the truth is bright, scores, and what chance gives."""
    from skimage.filters import threshold_otsu

    from scopecheck.measure import intensity

    light, there = one["truth"], one["truth"] > threshold_otsu(one["truth"])
    above = {}
    for side in ("raw", "restored", "truth"):
        image = one[side]
        above[side] = float(image[there].mean() - np.median(image[~there]))
    one["light"] = above
    one["numbers"] = {"light": (max(above["restored"], 0.0), above["truth"])}
    flat = np.full_like(light, light.mean()) + 1e-9 * np.ptp(light) * np.indices(light.shape)[-1]
    one["scores"] = {}
    for kind, image in (("restored", one["restored"]), ("raw", one["raw"]), ("flat", flat)):
        line = intensity.linearity(image, light)
        told = {name: getattr(line, name) for name in ("slope", "offset", "scatter", "r")}
        if min(light.shape) >= 7:
            told |= {k: v for k, v in intensity.agreement(image, light).items() if not k.startswith("nrmse")}
        one["scores"][kind] = told
    one["told"] = {f"light_{side}": value for side, value in above.items()}
    if not np.array_equal(one["raw"], one["restored"]):
        left = intensity.residual_correlation(one["raw"], one["restored"])
        one["scores"]["restored"] |= {"residual_x": left["x"], "residual_y": left["y"]}
    draw = np.random.default_rng([number, 17])
    moved = []
    for _ in range(SHIFTS):
        by = [int(draw.integers(size // 4, size - size // 4 + 1)) for size in light.shape[-2:]]
        moved.append(_r(np.roll(one["restored"], by, axis=(-2, -1)), light))
    one["shifted"] = moved


def _better(found: Sequence[Mapping[str, Any]], notes: list[str]) -> bool:
    """Whether the images fit their truth better than when they are moved at random."""
    own = float(np.mean([one["scores"]["restored"]["r"] for one in found]))
    moved = np.mean([one["shifted"] for one in found], axis=0)
    if own > moved.max():
        return True
    notes.append(
        f"No better than chance: correlation with the truth {own:.3f}; the same images moved at random reach"
        f" {moved.max():.3f} in {SHIFTS} draws. Do they show the same places?"
    )
    return False


def _against_nulls(one: dict[str, Any], folder: Path, sigma: float, pixel_size: float | None) -> None:
    from scopecheck.data.read.images import read_image
    from scopecheck.measure.invented import null_test

    if not folder.is_dir():
        raise InputError(f"--nulls: {folder} is no folder; expected one with a stack for each acquisition.")
    stem = one["paths"]["restored"].stem
    fitting = [path for path in sorted(folder.iterdir()) if path.stem == stem]
    if len(fitting) != 1:
        held = few(path.name for path in sorted(folder.iterdir()))
        raise InputError(
            f"--nulls: {folder} holds {len(fitting)} stacks named {stem}; it holds {held or 'nothing'}."
        )
    told = null_test(one["restored"], one["truth"], read_image(fitting[0]).array.astype(float), sigma)
    unit = 1000 / pixel_size**2 if pixel_size else 1e6
    for name, places in (("invented", told.invented), ("lost", told.lost)):
        one["numbers"][name] = (len(places) * unit / one["truth"].size, 0.0)


def _ratio(found: Sequence[Mapping[str, Any]], conditions: Mapping[str, str] | None) -> dict[str, Any]:
    """The ratio of two conditions' light, and how far the restored one is off."""
    from scipy import stats

    if not conditions:
        return {}
    if len(conditions) != 2:
        raise InputError("--conditions: expected two, such as control=ctl*,treated=drug*.")
    sets = {}
    for name, pattern in conditions.items():
        sets[name] = [
            one
            for one in found
            if fnmatchcase(one["name"], pattern) or fnmatchcase(Path(one["name"]).stem, pattern)
        ]
        if not sets[name] or len(sets[name]) == len(found):
            raise InputError(
                f"--conditions: {pattern} fits {len(sets[name])} of {len(found)} acquisitions; expected some"
                f" and not all of {few(one['name'] for one in found)}."
            )
    first, second = sets
    if both := {one["name"] for one in sets[first]} & {one["name"] for one in sets[second]}:
        raise InputError(
            f"--conditions: {few(sorted(both))} would belong to both; give patterns that tell apart."
        )
    told: dict[str, Any] = {"first": first, "second": second}
    told |= {f"n_{name}": len(files) for name, files in (("first", sets[first]), ("second", sets[second]))}
    for side in ("truth", "restored", "raw"):
        low, high = (np.mean([one["light"][side] for one in sets[name]]) for name in (first, second))
        told[side] = float(high / low) if low > 0 and high > 0 else float("nan")
    if (
        min(one["light"]["restored"] for one in found) <= 0
        or min(one["light"]["truth"] for one in found) <= 0
    ):
        return told
    off = [
        [np.log(one["light"]["restored"] / one["light"]["truth"]) for one in sets[name]]
        for name in (second, first)
    ]
    told["error"] = float(np.expm1(np.mean(off[0]) - np.mean(off[1])))
    if min(map(len, off)) > 1 and np.ptp(np.concatenate(off)) > 0:
        ends = stats.ttest_ind(*off, equal_var=False).confidence_interval(0.9)
        told["interval"] = [float(np.expm1(ends.low)), float(np.expm1(ends.high))]
    return told


def _mean(told: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {
        name: float(np.mean([one[name] for one in told]))
        for name in told[0]
        if all(name in one for one in told)
    }


def _r(a: NDArray, b: NDArray) -> float:
    return float(np.corrcoef(a.ravel(), b.ravel())[0, 1]) if np.ptp(a) and np.ptp(b) else 0.0
