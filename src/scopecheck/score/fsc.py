"""Two half maps that any program made, judged: files in, a resolution that may be quoted or a refusal out."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from scopecheck.errors import InputError

if TYPE_CHECKING:
    from scopecheck.measure.maps import Agreement, Curve, Interval
    from scopecheck.record.result import ArmResult

RAW = "Give them as the reconstruction left them (RELION: _unfil.mrc; cryoSPARC: map_half_A, map_half_B)"
OWN_BOX = "Give them in the box in which they were reconstructed, without padding or mask"
FORBIDDING = {  # checks with whose alarm no claim holds, and why
    "halves not masked before": f"the half maps are not as the reconstruction left them. {RAW}",
    "halves not filtered before": f"the half maps are not as the reconstruction left them. {RAW}",
    "unmasked FSC near Nyquist": "what the halves share there they may share at the crossing. Give half maps"
    " of independent halves, unmasked; where signal reaches Nyquist, of smaller pixels",
    "mask knows no noise": "what the mask shares with the map is no signal. Give a mask from a smooth map",
}


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
    raw : dict
        Whether the half maps are as the reconstruction left them: ``masked`` and ``padded`` (bool), ``quiet``
        (share of the middle of the box without noise), ``filtered`` (Angstrom from which noise is missing, or
        NaN), ``rise`` (times that the noise power grows towards Nyquist).
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
    raw: dict[str, Any] = field(default_factory=dict)
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
        If a file cannot be read as a map, the files do not belong together, or the pixel size is not known.
    """
    from scopecheck.measure import maps
    from scopecheck.score.fsc_read import read_halves

    if Path(half1).resolve() == Path(half2).resolve():
        raise InputError(f"{half1}: given twice; a map's FSC with itself is 1. Give the other half map too.")
    if claimed is not None and not (math.isfinite(claimed) and claimed > 0):
        raise InputError(f"claimed: {claimed:g}; expected a resolution in Angstrom, above 0.")
    if claimed is None and tolerance is not None:
        raise InputError("tolerance: given without a claimed resolution; there is nothing to judge.")
    a, b, inside, size, notes = read_halves(Path(half1), Path(half2), mask, pixel_size)
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
    where = None if alike else maps.surroundings(a, b)
    noise = () if alike else maps.noise_power(a, b)
    support = None  # the unmasked curve's own mask, where both halves are without noise somewhere
    if where is not None and not where.uneven and where.quiet + where.corners > 0.01:
        support = where.support
    found = _found(curves, corrected, a, b, inside, support, threshold, size)
    checks = [{"check": "halves are two maps", "alarm": bool(alike), "value": alike or "yes"}]
    checks[0]["said"] = f"the two half maps are {alike}: the FSC says nothing" if alike else "they differ"
    raw, signs = raw_signs(where, noise, len(a), size, inside is not None)
    checks += signs + _checks(curves, corrected, found[-1], threshold, size, claimed, inside, a + b)
    notes += _opposite(curves["unmasked"])
    quoted = _quoted(found, alike, corrected, raw, len(a), size)
    row = None if claimed is None else _judge(half1, claimed, quoted, tolerance, raw, checks, size)
    return FSCScore(len(a), size, threshold, curves, found, checks, quoted, row, raw, notes)


def _found(
    curves: dict[str, Curve],
    corrected: Any,
    a: np.ndarray,
    b: np.ndarray,
    mask: np.ndarray | None,
    support: np.ndarray | None,
    threshold: float,
    size: float,
) -> list[dict[str, Any]]:
    """Resolution and interval of each curve; none where noise alone would give one as well."""
    from scopecheck.measure import maps

    found = []
    plain = None if mask is None else _without_mean(a, b, mask)
    for name, one in curves.items():
        if name == "randomised":
            continue
        source = corrected if name == "corrected" else one
        inside, shared = (support, one) if plain is None or name == "unmasked" else (mask, plain)
        interval = maps.fsc_interval(source, threshold, size, mask=inside)
        at = maps.crossing(one, threshold, size)
        row = {"curve": name, "resolution": at.resolution, "interval": [interval.low, interval.high]}
        row |= {"crossing": at.resolution, "at_0.5": maps.resolution(one, 0.5, size), "rises": at.rises}
        method = interval.method
        if inside is support:
            method = method.replace("for the mask", "for the part of the box without noise")
        row |= {"method": method, "reason": at.reason or interval.reason}
        if not at.reason and (why := _by_chance(maps.agreement(shared, at.frequency, inside), interval)):
            row |= {"resolution": math.nan, "interval": [math.nan, math.nan], "at_0.5": math.nan}
            row["reason"] = f"the shells up to {at.resolution:.3g} A agree {why}"
        found.append(row)
    return found


def _without_mean(a: np.ndarray, b: np.ndarray, mask: np.ndarray) -> Curve:
    """FSC inside a mask without the mean, with which the mask, that both share, agrees with itself."""
    from scopecheck.measure import maps

    means = [np.float32(np.average(half, weights=mask)) for half in (a, b)]
    return maps.fsc(a - means[0], b - means[1], mask)


def _by_chance(shared: Agreement, interval: Interval) -> str:
    """Why a crossing may come from noise alone: its interval holds "none", too; else empty."""
    few = f"to {shared.mean:.2f} over {max(shared.n, 1):.0f} independent values"
    if shared.chance:
        return f"{few}, as noise alone may (up to {shared.limit:.2f}): no resolution can be told from none"
    if math.isnan(interval.high):
        return f"{few}, and the 90 % interval holds none at all ({interval.reason})"
    return ""


def raw_signs(
    where: Any, noise: tuple[np.ndarray, ...], box: int, size: float, masking: bool
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """What a mask or a filter left in the half maps, as numbers and as checks."""
    from scopecheck.measure.maps.traces import traces

    raw: dict[str, Any] = {"masked": False, "padded": False, "quiet": math.nan, "filtered": math.nan}
    raw["rise"] = math.nan
    if where is None:
        return raw, []
    found = traces(where, noise)
    masked, cuts = found.masked, found.cuts
    raw |= {"masked": masked, "padded": where.padded, "quiet": where.quiet}
    said = "noise everywhere in the middle of the box"
    if masked:
        said = f"masked before: {where.quiet:.0%} of the middle of the box holds no noise, as outside a mask"
        if where.quiet <= 0.05:
            said = "masked before: shells of the box hold less than a hundredth of the noise from"
            said += f" {where.fades:.2f} of its half side on, as under a soft ball"
        if where.uneven:
            said = f"one half was masked or smoothed before: in {where.quiet:.0%} of the middle of the box it"
            said += " has no fine noise where the other has"
    elif where.padded:
        said = (
            "noise fills a smaller box: masked by a cube, which changes the FSC, or padded, which does not;"
        )
        said += f" the files do not tell. {OWN_BOX}"
    elif where.corners > 0.01:
        said += f"; none in {where.corners:.0%} of the box towards its corners, where programs leave it out"
    checks = [
        {
            "check": "halves not masked before",
            "alarm": masked or where.padded,
            "value": where.quiet,
            "said": said,
        }
    ]
    said = "the noise does not end before Nyquist (a gentle filter leaves no end)"
    if cuts:
        shell, share = min(cuts)
        raw["filtered"] = box * size / shell
        which = "" if len(cuts) == 2 else "one half was "
        least = f"{share:.1g}" if share > 1e-6 else "less than a millionth"
        said = f"{which}filtered before: from {raw['filtered']:.3g} A on the noise has {least} of the power"
        said += " before (or the maps were resampled from larger pixels)"
    raw["rise"] = found.rise
    if found.sharpened:
        said += f"; it grows {raw['rise']:.2g} times towards it, as after sharpening, which changes no FSC"
        said += " without a mask" + ", but one with a mask" * masking
    checks.append(
        {"check": "halves not filtered before", "alarm": bool(cuts) or (found.sharpened and masking)}
        | {"value": raw["filtered"], "said": said}
    )
    return raw, checks


def _opposite(curve: Curve) -> list[str]:
    """A note where the coarsest shells, which hold the most signal, are against each other."""
    coarse = float(np.median(curve.fsc[1:6]))  # noise alone gives five such shells no common sign
    if not coarse < -0.5:
        return []
    return [
        f"The two halves have opposite sign: the FSC of the coarsest shells is {coarse:.2f}. Multiply one of"
        " them by -1 if its contrast was inverted."
    ]


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
    crosses = not math.isnan(best["crossing"])
    limit, at = maps.LIMIT, {"at the found resolution" if crosses else "at the last shell": corrected.claimed}
    if not crosses and math.isnan(corrected.claimed):
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


def _quoted(
    found: list[dict[str, Any]], alike: str, corrected: Any, raw: dict[str, Any], box: int, size: float
) -> dict[str, Any]:
    best = found[-1]
    reason = best["reason"] if math.isnan(best["resolution"]) else ""
    if corrected is not None and corrected.refused:
        reason = corrected.reason
    if 1 / best["resolution"] > 1 / raw["filtered"] - 2 / (box * size):  # two shells before it, or beyond
        reason = (
            f"the half maps were filtered before, at {raw['filtered']:.3g} A, where the curve falls. {RAW}"
        )
    if raw["masked"]:
        reason = f"the half maps were masked before, so no curve of theirs is unmasked. {RAW}"
    if raw["padded"]:
        reason = f"the half maps were masked or padded before: noise fills a smaller box only. {OWN_BOX}"
    if alike:
        reason = f"the two half maps are {alike}"
    kept = {key: best[key] for key in ("curve", "resolution", "interval")}
    nothing = {"resolution": math.nan, "interval": [math.nan, math.nan]} if reason else {}
    return kept | nothing | {"reason": reason}


def _judge(
    path: Path,
    claimed: float,
    quoted: dict[str, Any],
    tolerance: Any,
    raw: dict[str, Any],
    checks: list[dict[str, Any]],
    size: float,
) -> ArmResult:
    from scopecheck import judge
    from scopecheck.measure.maps.traces import SHARP
    from scopecheck.record.result import ArmResult, judged

    common: dict[str, Any] = {"recipe": "score fsc", "arm": str(path), "measurement": "resolution"}
    common |= {"unit": "A", "tier": "", "profile": ""}
    reason = quoted["reason"]
    if not reason and raw["rise"] > SHARP and quoted["curve"] != "unmasked":
        reason = f"the half maps were sharpened before, which a mask does not bear. {RAW}"
    if not reason and math.isfinite(raw["filtered"]):
        reason = f"the half maps were filtered before, from {raw['filtered']:.3g} A on. {RAW}"
    if reason:
        return ArmResult(**common, reason=f"refused: {reason}", n=1, scope="image")
    fine, coarse = quoted["interval"]
    fine = 2 * size if math.isnan(fine) else fine  # an open end reaches Nyquist at least
    doubt = max(abs(end / quoted["resolution"] - 1) for end in (fine, coarse))
    verdict = judge.agreement(
        [claimed],
        [quoted["resolution"]],
        scope="image",
        tolerance=tolerance,
        truth_uncertainty=min(doubt, 0.99),
    )
    # What an alarm tells of makes a resolution too fine: it leaves a claim to fail that is finer still.
    if verdict.word == "HOLDS" or (verdict.word == "FAILS" and claimed > quoted["resolution"]):
        for name in [check["check"] for check in checks if check["alarm"]]:
            if name in FORBIDDING:
                reason = f"refused: with the alarm '{name}' nothing HOLDS; {FORBIDDING[name]}"
                return ArmResult(**common, reason=reason, n=1, scope="image")
    return ArmResult(**common, **judged(verdict))
