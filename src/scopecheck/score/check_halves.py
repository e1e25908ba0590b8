"""Half maps without a truth: the checks of the recipe on FSC traps that need only the maps and a mask."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from scopecheck.errors import InputError
from scopecheck.measure.maps import traces
from scopecheck.score import checks
from scopecheck.score.checks import Check, Rule, Value
from scopecheck.score.seen import far_from, of_halves

TRAPS = "maps-fsc-traps"
DECLARED = "declared in the recipe"
NO_MASK = "give --mask"
THRESHOLD = 0.143
CONES, LAST = 64, 5


def _rule(name: str, what: str, limit: float, bare: bool = True) -> Rule:
    return Rule(name, what, limit, DECLARED, nearest=((TRAPS, name),), bare=bare)


def _raw(name: str, what: str, source: str) -> Rule:
    return Rule(name, what, traces.LIMITS[name], source, nearest=((TRAPS, name),), bare=True)


RULES = (
    _raw("two maps", "whether the halves are one map", "they must differ"),
    _raw("masked before", "whether noise is missing in part of the box", "noise in all the box"),
    _raw("filtered before", "whether noise is missing before Nyquist", "no end of the noise before Nyquist"),
    _rule("randomised", "phase-randomised FSC at the claimed resolution", 0.2),
    _rule("floor", "unmasked FSC, mean of the last five shells", 0.05),
    _rule("never falls", f"whether the claimed curve stays above {THRESHOLD} up to Nyquist", 0.0),
    _rule("gap", "resolution without a mask over the claimed one", 1 / 0.8, bare=False),
    _rule("cone area", "1 less the conical FSC area ratio", 0.5),
    _rule("local", "resolution in the worst eighth of the mask over the claimed one", 1.25, bare=False),
    _rule("mask", "FSC of mask and map, mean of the last five shells", 0.05),
)


@dataclass(frozen=True)
class HalvesCheck:
    """What `check_halves` found.

    Attributes
    ----------
    checks : list of Check
    claimed : float
        Angstrom: as given, or read off the curve.
    curve : str
        From which curve it was read; empty where it was given.
    pixel_size : float
        Angstrom.
    box : int
    notes : list of str
    """

    checks: list[Check]
    claimed: float
    curve: str
    pixel_size: float
    box: int
    notes: list[str] = field(default_factory=list)


def check_halves(
    half1: Path,
    half2: Path,
    mask: Path | None = None,
    *,
    pixel_size: float | None = None,
    claimed: float | None = None,
    limits: Mapping[str, float] | None = None,
    seed: int = 0,
) -> HalvesCheck:
    """Ask two half maps what can be asked without a truth.

    Parameters
    ----------
    half1, half2 : Path
        Unmasked, unfiltered half maps, MRC.
    mask : Path, optional
        MRC of the same box, 0 to 1.
    pixel_size, claimed : float, optional
        Angstrom; by default what the headers say, and where the curve falls to 0.143: the corrected one with
        a mask, else the unmasked.
    limits : mapping of check to float, optional
        In place of those declared.
    seed : int
        Of the random phases.

    Returns
    -------
    HalvesCheck

    Raises
    ------
    InputError
        As `score_fsc`.
    """
    from scopecheck.measure import maps
    from scopecheck.score.fsc import raw_signs
    from scopecheck.score.fsc_read import read_halves

    if Path(half1).resolve() == Path(half2).resolve():
        raise InputError(f"{half1}: given twice; a map's FSC with itself is 1. Give the other half map too.")
    a, b, inside, size, notes = read_halves(Path(half1), Path(half2), mask, pixel_size)
    if claimed is not None and not (math.isfinite(claimed) and claimed >= 2 * size):
        raise InputError(f"--claimed: {claimed:g} A; expected Angstrom, from Nyquist, {2 * size:.3g} A, on.")
    try:
        alike = maps.same(a, b)
        corrected = None if inside is None else maps.randomised(a, b, inside, seed, threshold=THRESHOLD)
        plain = maps.fsc(a, b) if corrected is None else corrected.unmasked
    except InputError as error:
        raise InputError(f"{half1} against {half2}: {error}") from None
    curve = plain if corrected is None else corrected.corrected
    name = "unmasked" if corrected is None else "corrected"
    resolution = claimed or _read(curve, size)
    found: dict[str, Value] = {"two maps": (float(bool(alike)), alike or "they differ")}
    if alike:
        found |= dict.fromkeys(("masked before", "filtered before"), "the halves are one map")
    else:
        _, signs = raw_signs(
            maps.surroundings(a, b), maps.noise_power(a, b), len(a), size, inside is not None
        )
        for own, sign in zip(("masked before", "filtered before"), signs, strict=False):
            found[own] = (float(sign["alarm"]), sign["said"])
    found["floor"] = _mean(plain.fsc[-LAST:])
    at = maps.crossing(curve, THRESHOLD, size)
    never = "never falls" in at.reason
    found["never falls"] = (float(never), "stays above" if never else f"falls, {name}")
    if corrected is None or inside is None:
        found |= dict.fromkeys(("randomised", "gap", "cone area", "local", "mask"), NO_MASK)
    else:
        shared = corrected.at(size / resolution)
        # What has no shell with random phases left cannot be corrected: as bad as an FSC can be.
        found["randomised"] = (1.0, "no shell is left") if math.isnan(shared) else (shared, f"{shared:.2f}")
        ratio = _read(plain, size) / resolution
        found["gap"] = (ratio, f"{_read(plain, size):.3g} and {resolution:.3g} A")
        found["mask"] = _mean(maps.fsc(inside, (a + b) / 2).fsc[-LAST:])
        found["cone area"] = _tried(lambda: _cones(a, b, inside))
        found["local"] = _tried(lambda: _worst(a, b, inside, size, resolution))
    judged = checks.judge(RULES, {"halves": found}, {}, limits or {})
    notes = [*notes, *far_from([TRAPS], [of_halves(len(a), size, resolution)])]
    return HalvesCheck(judged, resolution, "" if claimed else name, size, len(a), notes)


def _read(curve: Any, size: float) -> float:
    """The resolution that would be written down: Nyquist where a curve never falls, the box where at once."""
    from scopecheck.measure import maps

    found = maps.crossing(curve, THRESHOLD, size)
    if "never falls" in found.reason:
        return 2 * size
    return size * curve.box if math.isnan(found.resolution) else found.resolution


def _mean(values: np.ndarray) -> Value:
    mean = float(np.mean(values))
    return "the last shells hold no power" if math.isnan(mean) else (mean, f"{mean:.3f}")


def _cones(a: np.ndarray, b: np.ndarray, mask: np.ndarray) -> Value:
    from scopecheck.measure import maps

    lost = 1 - maps.conical_area_ratio(maps.conical_fsc(a, b, CONES, mask))
    return lost, f"{lost:.2f}"


def _worst(a: np.ndarray, b: np.ndarray, mask: np.ndarray, size: float, resolution: float) -> Value:
    from scopecheck.measure import maps

    worst = max(_read(maps.fsc(a, b, part), size) for part in maps.octants(mask, 10 / size))
    return worst / resolution, f"{worst:.3g} and {resolution:.3g} A"


def _tried(make: Callable[[], Value]) -> Value:
    """The value, or why these maps do not give it."""
    try:
        return make()
    except InputError as error:
        return str(error).rstrip(".")
