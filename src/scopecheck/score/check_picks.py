"""Picked particles without a truth: what their scores, their places and their coordinates tell."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from scopecheck.errors import InputError
from scopecheck.measure import evenness
from scopecheck.measure.picks import alone
from scopecheck.measure.picks.alone import LIMITS
from scopecheck.score import checks, pick_curve
from scopecheck.score.checks import Check, Rule, Value
from scopecheck.score.pick_tables import read
from scopecheck.score.seen import far_from, of_picks

if TYPE_CHECKING:
    import pandas as pd

TOPAZ = "picking-topaz"
NO_SCORE = "the picks have no scores"

RULES = (
    Rule(
        "doubt", "mean of 1 less the probability that Topaz's scores stand for", nearest=((TOPAZ, "doubt"),)
    ),
    Rule(
        "stability",
        "log of how much the number falls when the threshold rises by 1",
        nearest=((TOPAZ, "stability"),),
    ),
    Rule(
        "twins",
        "share of picks with another within a quarter of the diameter",
        limit=LIMITS["twins"],
        source="as maps-fsc-traps declared of shared particles",
        nearest=((TOPAZ, "twins"),),
    ),
    Rule(
        "sub-pixel",
        "rarity (-log10 of the chance) of such fractions of a pixel",
        LIMITS["sub-pixel"],
        "rarer than 1 in 100",
        bare=True,
    ),
    Rule(
        "grid",
        "rarity (-log10 of the chance) of so many on a coarser grid",
        LIMITS["grid"],
        "rarer than 1 in 100",
        nearest=((TOPAZ, "grid"),),
        like="there it rang for real micrographs, which were shrunk before they were picked, right or wrong",
        bare=True,
    ),
    Rule(
        "tiles",
        "rarity (-log10 of the chance) of one of 16 tiles so unlike its neighbours in number",
        LIMITS["tiles"],
        "rarer than 1 in 100",
        nearest=((TOPAZ, "tiles"),),
        bare=True,
    ),
)


@dataclass(frozen=True)
class PicksCheck:
    """What `check_picks` found: checks, the micrographs, the number of picks, and how the input was read."""

    checks: list[Check]
    files: list[str]
    picks: int
    notes: list[str] = field(default_factory=list)


def check_picks(
    picks: Path,
    *,
    diameter: float | None = None,
    shape: tuple[int, ...] | None = None,
    threshold: float | None = None,
    expect: Path | None = None,
    limits: Mapping[str, float] | None = None,
    pixel_size: float | None = None,
    origins: str = "apply",
    third: str = "auto",
) -> PicksCheck:
    """Ask picks what can be asked without a truth, micrograph by micrograph.

    Parameters
    ----------
    picks : Path
        A file, or a folder of files, that `data.read_picks` reads.
    diameter : float, optional
        Of the particle, px.
    shape : (Y, X), optional
        Size of a micrograph, px.
    threshold : float, optional
        Score at which the picks were cut; by default their lowest.
    expect : Path, optional
        Picks that are known to be good, of the same tool: the largest value on their micrographs is the limit
        of each check that has no other.
    limits : mapping of check to float, optional
    pixel_size, origins, third
        As `data.read_picks`.

    Returns
    -------
    PicksCheck

    Raises
    ------
    InputError
        Files that cannot be read, that hold no pick at all, or picks that are their own limit.
    """
    if expect is not None and Path(expect).resolve() == Path(picks).resolve():
        raise InputError(f"{expect}: given as picks and as --expect; picks cannot be their own limit.")
    notes: list[str] = []
    how: dict[str, Any] = {"pixel_size": pixel_size, "origins": origins, "third": third}
    asked = {"diameter": diameter, "shape": shape}
    values: dict[str, dict[str, Value]] = {}
    good: dict[str, dict[str, Value]] = {}
    points: list[dict[str, NDArray]] = []
    n = 0
    for into, path in ((values, picks), (good, expect)):
        if path is not None:
            given = read(Path(path), None, shape, False, notes, **how)
            tables = pick_curve.without_empty_scores(given, notes).tables
            points.append({name: table[["x", "y"]].to_numpy(float) for name, table in tables.items()})
            into |= _of(tables, threshold, asked, notes, path)
            n = n or sum(len(table) for table in tables.values())
            if not n:
                raise InputError(f"{picks}: holds no pick; there is nothing to check.")
    if expect is not None:
        checks.apart(points[0], points[1], expect)
    found = checks.judge(RULES, values, good, limits or {})
    notes += far_from([TOPAZ], [of_picks(xy, diameter) for xy in points[0].values()])
    return PicksCheck(found, list(values), n, list(dict.fromkeys(notes)))


def _of(
    tables: Mapping[str, pd.DataFrame],
    threshold: float | None,
    asked: Mapping[str, Any],
    notes: list[str],
    path: Path,
) -> dict[str, dict[str, Value]]:
    scores = np.concatenate([table["score"].to_numpy(float) for table in tables.values()])
    cut = threshold
    if cut is None and len(scores) and np.isfinite(scores).all():
        cut = float(scores.min())
        notes.append(f"{path}: cut at a score of {cut:.4g}, their lowest; --threshold says otherwise.")
    probabilities = bool(len(scores)) and bool(np.all((scores >= 0) & (scores <= 1)))
    return {name: _values(table, cut, probabilities, asked) for name, table in tables.items()}


def _values(
    table: pd.DataFrame, cut: float | None, probabilities: bool, asked: Mapping[str, Any]
) -> dict[str, Value]:
    if not len(table):
        return dict.fromkeys((rule.name for rule in RULES), "no pick")
    xy = table[["x", "y"]].to_numpy(float)
    return {
        **_of_scores(table["score"].to_numpy(float), cut, probabilities),
        "twins": _twins(table, asked["diameter"]),
        "sub-pixel": _fractions(xy),
        "grid": _grid(xy),
        "tiles": _tiles(table, asked["shape"]),
    }


def _of_scores(scores: NDArray, cut: float | None, probabilities: bool) -> dict[str, Value]:
    from scipy.special import expit

    names = ("doubt", "stability")
    if not np.isfinite(scores).all():
        return dict.fromkeys(names, NO_SCORE)
    if probabilities:
        why = "scores from 0 to 1 are no log-likelihood ratios, as Topaz's are, of which this was measured"
        return dict.fromkeys(names, why)
    assert cut is not None
    doubt = float(1 - expit(scores).mean())
    left = int((scores > cut + 1).sum())
    fall = math.log((len(scores) + 1) / (left + 1))
    return {"doubt": (doubt, f"{len(scores)} picks"), "stability": (fall, f"{len(scores)} to {left}")}


def _twins(table: pd.DataFrame, diameter: float | None) -> Value:
    if diameter is None:
        return "give --diameter"
    if len(table) < 2:
        return "one pick"
    near = alone.twins(table[["x", "y", *(["z"] if "z" in table else [])]], diameter)
    return near / len(table), f"{near} of {len(table)}"


def _fractions(xy: NDArray) -> Value:
    try:
        axis, p = alone.fractions(xy)
    except InputError as error:
        return str(error)
    return evenness.rarity(p), f"{'xy'[axis]}, {_chance(p)}"


def _grid(xy: NDArray) -> Value:
    try:
        axis, step, p = alone.grid(xy)
    except InputError as error:
        return str(error)
    return evenness.rarity(p), f"{'xy'[axis]} by {step} px, {_chance(p)}"


def _tiles(table: pd.DataFrame, shape: tuple[int, ...] | None) -> Value:
    if shape is None:
        return "give --shape"
    try:
        worst = evenness.tiles(table[["y", "x"]].to_numpy(float), (shape[-2], shape[-1]))
    except InputError as error:
        return str(error).replace("objects", "picks").rstrip(".")
    place = f"row {worst.row + 1}, column {worst.column + 1}"
    return evenness.rarity(worst.p), f"{worst.found} in {place}; beside it {worst.expected:.1f}"


def _chance(p: float) -> str:
    return f"chance {p:.2g}" if p > 1e-6 else "chance under one in a million"
