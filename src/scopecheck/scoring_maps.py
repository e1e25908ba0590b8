"""Two half maps that any program made, judged: files in, a resolution that may be quoted or a refusal out."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from scopecheck.errors import InputError

if TYPE_CHECKING:
    from scopecheck.measure.maps import Curve
    from scopecheck.record.result import ArmResult

THRESHOLDS = (0.143, 0.5)


@dataclass(frozen=True)
class FSCScore:
    """What `score_fsc` found.

    Attributes
    ----------
    box : int
    pixel_size : float
        Angstrom.
    threshold : float
    curves : dict of str to Curve
        ``unmasked``; with a mask also ``masked``, ``randomised``, ``corrected``.
    found : list of dict
        Per curve: resolution at the threshold and at 0.5, the interval with its method, and the reason where
        there is none.
    checks : list of dict
        Checks that need no truth: ``check``, ``alarm``, ``value``, ``said``.
    quoted : dict
        The resolution that may be quoted: ``curve``, ``resolution``, ``interval``, ``reason`` of a refusal.
    row : ArmResult or None
        The claim against the quoted resolution, where a claim was given.
    notes : list of str
    """

    box: int
    pixel_size: float
    threshold: float
    curves: dict[str, Curve]
    found: list[dict[str, Any]]
    checks: list[dict[str, Any]]
    quoted: dict[str, Any]
    row: ArmResult | None
    notes: list[str] = field(default_factory=list)


def score_fsc(
    half1: Path,
    half2: Path,
    *,
    mask: Path | None = None,
    pixel_size: float | None = None,
    threshold: float = 0.143,
    claimed: float | None = None,
    tolerance: float | tuple[float, float] | None = None,
    seed: int = 0,
) -> FSCScore:
    """Judge the resolution of two half maps, and a resolution that was claimed of them.

    Parameters
    ----------
    half1, half2 : Path
        Unmasked, unfiltered half maps, MRC.
    mask : Path, optional
        MRC of the same box, 0 to 1.
    pixel_size : float, optional
        Angstrom; by default what the files say.
    threshold : float
    claimed : float, optional
        Angstrom.
    tolerance : float or (low, high), optional
        Of claimed / found - 1. The truth's uncertainty is the wider side of the FSC's interval.
    seed : int
        Of the phase randomisation.

    Returns
    -------
    FSCScore

    Raises
    ------
    InputError
        If a file cannot be read as a map, or the files do not belong together.
    """
    from scopecheck.measure import maps

    if Path(half1).resolve() == Path(half2).resolve():
        raise InputError(f"{half1}: given twice; a map's FSC with itself is 1. Give the other half map too.")
    if claimed is not None and not (math.isfinite(claimed) and claimed > 0):
        raise InputError(f"claimed: {claimed:g}; expected a resolution in Angstrom, above 0.")
    if claimed is None and tolerance is not None:
        raise InputError("tolerance: given without a claimed resolution; there is nothing to judge.")
    a, b, inside, size, notes = _read(half1, half2, mask, pixel_size)
    if claimed is not None and claimed < 2 * size:
        raise InputError(
            f"claimed: {claimed:g} A is finer than Nyquist, {2 * size:.3g} A at {size:.4g} A/px."
        )
    try:
        if inside is None:
            curves, corrected = {"unmasked": maps.fsc(a, b)}, None
        else:
            corrected = maps.randomised(a, b, inside, seed, threshold=threshold)
            names = ("unmasked", "masked", "randomised", "corrected")
            curves = {name: getattr(corrected, name) for name in names}
        alike = maps.same(a, b)
    except InputError as error:
        raise InputError(f"{half1} against {half2}: {error}") from None
    found = []
    for name, one in curves.items():
        if name == "randomised":
            continue
        source = corrected if name == "corrected" and corrected is not None else one
        interval = maps.fsc_interval(source, threshold, size, mask=None if name == "unmasked" else inside)
        at = maps.crossing(one, threshold, size)
        found.append(
            {"curve": name, "resolution": at.resolution, "interval": [interval.low, interval.high]}
            | {"method": interval.method, "reason": at.reason or interval.reason, "rises": at.rises}
            | {"at_0.5": maps.resolution(one, 0.5, size)}
        )
    checks = [{"check": "halves are two maps", "alarm": bool(alike), "value": alike or "yes"}]
    checks[0]["said"] = f"the two half maps are {alike}: the FSC says nothing" if alike else "they differ"
    checks += _checks(curves, corrected, found[-1], threshold, size, claimed, inside, a + b)
    notes += _opposite(curves["unmasked"])
    quoted = _quoted(found, alike, corrected)
    row = None if claimed is None else _judge(half1, claimed, quoted, tolerance)
    return FSCScore(len(a), size, threshold, curves, found, checks, quoted, row, notes)


def _read(
    half1: Path, half2: Path, mask: Path | None, pixel_size: float | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None, float, list[str]]:
    from scopecheck.data import read_map

    if mask is not None and Path(mask).resolve() in (Path(half1).resolve(), Path(half2).resolve()):
        raise InputError(f"{mask}: given as mask and as half map; give a mask from 0 to 1.")
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        first, second = (read_map(path, pixel_size=pixel_size) for path in (half1, half2))
        inside = None if mask is None else read_map(mask, pixel_size=pixel_size)
    files: list[tuple[Path | None, Any]] = [(half1, first), (half2, second)]
    files += [] if inside is None else [(mask, inside)]
    for path, one in files:
        if one.values.ndim != 3 or len(set(one.values.shape)) > 1:
            raise InputError(f"{path}: has the shape {one.values.shape}; expected a cubic map (D, D, D).")
        if one.values.shape != first.values.shape:
            what = "mask and half maps need" if path == mask else "both halves need"
            raise InputError(
                f"{path}: its box is {len(one.values)}, that of {half1} {len(first.values)}; {what} one box."
            )
        if not np.isfinite(one.values).all():
            raise InputError(f"{path}: holds NaN or infinite values; expected finite densities.")
        if np.ptp(one.values) == 0 and path != mask:
            raise InputError(f"{path}: every voxel is {one.values.flat[0] + 0.0:g}; expected a density map.")
    sizes = [one.pixel_size for _, one in files]
    size = pixel_size if pixel_size is not None else sizes[0]
    if not (size and math.isfinite(size) and size > 0):
        raise InputError(f"{half1}: gives no pixel size ({size}); give --pixel-size in Angstrom.")
    for path, other in zip((half2, mask), sizes[1:], strict=False):
        if pixel_size is None and not abs(other / size - 1) < 1e-3:
            raise InputError(
                f"{path}: its pixel size is {other:.4g} A, that of {half1} {size:.4g} A; one of them is"
                " wrong, or they are two binnings. Give --pixel-size if the header is wrong."
            )
    notes = [str(one.message) for one in said if issubclass(one.category, UserWarning)]
    for path, _ in files if pixel_size is not None else ():
        stated = _stated(path)
        if stated and abs(stated / size - 1) > 0.01:
            notes.append(
                f"{path}: its header gives {stated:.4g} A/px, --pixel-size {size:.4g}: every resolution here"
                f" is {size / stated:.3g} times that of the header."
            )
    away = np.abs(np.subtract(second.origin, first.origin)).max() / size
    if away > 0.5:
        notes.append(
            f"{half2}: its origin is {away:.0f} voxels away from that of {half1}; the FSC compares voxel by"
            " voxel and looks at no origin."
        )
    if inside is not None:
        notes += _mask_notes(mask, inside, first, size)
    empty = float(np.mean((first.values == 0) & (second.values == 0)))
    if empty > 0.05:
        notes.append(
            f"{empty:.0%} of the voxels are exactly 0 in both: the halves were masked before, and the curve"
            " called unmasked holds that mask."
        )
    return first.values, second.values, None if inside is None else inside.values, float(size), notes


def _opposite(curve: Curve) -> list[str]:
    """A note where the coarsest shells, which hold the most signal, are against each other."""
    coarse = float(np.median(curve.fsc[1:6]))  # noise alone gives five such shells no common sign
    if not coarse < -0.5:
        return []
    return [
        f"The two halves have opposite sign: the FSC of the coarsest shells is {coarse:.2f}. Multiply one of"
        " them by -1 if its contrast was inverted."
    ]


def _stated(path: Path | None) -> float:
    """Pixel size of a header, 0 where it gives none; the file has been read already."""
    import mrcfile

    with mrcfile.open(path, mode="r", header_only=True, permissive=True) as mrc:
        return float(mrc.voxel_size.x)


def _mask_notes(path: Path | None, inside: Any, first: Any, size: float) -> list[str]:
    values = inside.values
    low, high = float(values.min()), float(values.max())
    if low < 0 or high > 1.0001:
        raise InputError(f"{path}: values go from {low:g} to {high:g}; expected a mask from 0 to 1.")
    if high == 0:
        raise InputError(f"{path}: the mask is 0 everywhere; expected 1 inside the particle.")
    away = np.abs(np.subtract(inside.origin, first.origin)) / size
    if away.max() > 1 and any(inside.origin):
        raise InputError(
            f"{path}: its origin is {away.max():.0f} voxels away from the half map's: the mask lies"
            " elsewhere. Resample it onto the map's grid, or set its origin if the header is wrong."
        )
    notes = [f"The mask holds {float(values.mean()):.1%} of the box."]
    if not ((values > 0.01) & (values < 0.99)).any():
        notes.append("The mask has a hard edge, which correlates the halves by itself.")
    faces = max(float(np.take(values, at, axis).max()) for axis in range(3) for at in (0, -1))
    if faces > 0.5:
        notes.append("The mask reaches the edge of the box.")
    return notes


def _checks(
    curves: dict[str, Curve],
    corrected: Any,
    best: dict[str, Any],
    threshold: float,
    size: float,
    claimed: float | None,
    mask: np.ndarray | None,
    mean: np.ndarray,
) -> list[dict[str, Any]]:
    from scopecheck.measure import maps

    near = maps.floor(curves["unmasked"])
    said = f"mean {near.mean:.3f} ± {near.sd:.3f} over {near.shells} shells"
    if near.alarm:
        said += ": common to both halves (noise, particles, a reference), or signal up to Nyquist"
    rows: list[dict[str, Any]] = [
        {"check": "unmasked FSC near Nyquist", "alarm": near.alarm, "value": near.mean, "said": said}
    ]
    fell = not math.isnan(best["resolution"])
    said = f"the {best['curve']} curve falls below {threshold:g}" if fell else best["reason"]
    if "from the first shell" in said and best["curve"] != "unmasked":
        said += ": the halves share nothing inside the mask; does it lie on the particle?"
    rows.append({"check": "curve falls", "alarm": not fell, "value": best["resolution"], "said": said})
    if math.isfinite(best["rises"]):
        said = f"the {best['curve']} curve is above {threshold:g} again at {best['rises']:.2f} A"
        rows.append({"check": "curve stays down", "alarm": True, "value": best["rises"], "said": said})
    if corrected is None or mask is None:
        return rows
    tie = maps.floor(maps.fsc(mask, mean))
    said = f"FSC of the mask with the mean map near Nyquist {tie.mean:.3f} ± {tie.sd:.3f}"
    said += ": the mask was made from this noise" if tie.alarm else ""
    rows.append({"check": "mask knows no noise", "alarm": tie.alarm, "value": tie.mean, "said": said})
    limit, at = maps.LIMIT, {"at the found resolution" if fell else "at the last shell": corrected.claimed}
    if not fell and math.isnan(corrected.claimed):
        at = {}
    at |= {} if claimed is None else {"at the claimed resolution": size / claimed}
    for name, frequency in at.items():
        value = corrected.at(frequency)
        value = 0.0 if math.isnan(value) and math.isfinite(corrected.frequency) else value
        said = f"{value:.3f} at {size / frequency:.2f} A, limit {limit:g}"
        if math.isnan(value):
            said = corrected.reason
        rows.append(
            {"check": f"randomised FSC {name}", "alarm": not abs(value) <= limit}
            | {"value": value, "said": said}
        )
    return rows


def _quoted(found: list[dict[str, Any]], alike: str, corrected: Any) -> dict[str, Any]:
    best = found[-1]
    reason = best["reason"] if math.isnan(best["resolution"]) else ""
    if corrected is not None and corrected.refused:
        reason = corrected.reason
    if alike:
        reason = f"the two half maps are {alike}"
    kept = {key: best[key] for key in ("curve", "resolution", "interval")}
    nothing = {"resolution": math.nan, "interval": [math.nan, math.nan]} if reason else {}
    return kept | nothing | {"reason": reason}


def _judge(path: Path, claimed: float, quoted: dict[str, Any], tolerance: Any) -> ArmResult:
    from scopecheck import judge
    from scopecheck.record.result import ArmResult, judged

    common: dict[str, Any] = {"recipe": "score fsc", "arm": str(path), "measurement": "resolution"}
    common |= {"unit": "A", "tier": "", "profile": ""}
    if quoted["reason"]:
        return ArmResult(**common, reason=f"refused: {quoted['reason']}", n=1, scope="image")
    sides = [abs(end / quoted["resolution"] - 1) for end in quoted["interval"]]
    doubt = max(sides) if all(math.isfinite(side) for side in sides) else None
    verdict = judge.agreement(
        [claimed], [quoted["resolution"]], scope="image", tolerance=tolerance, truth_uncertainty=doubt
    )
    return ArmResult(**common, **judged(verdict))
