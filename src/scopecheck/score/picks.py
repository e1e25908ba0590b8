"""Picks that any program made, judged against true particles: files or folders in, verdicts out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scopecheck.errors import InputError
from scopecheck.score import pick_curve
from scopecheck.score.pair_names import few
from scopecheck.score.pick_tables import Picks, pair, read
from scopecheck.score.rows import judged_row

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from scopecheck.record.result import ArmResult

FRACTIONS = (0.1, 0.2, 0.25, 0.3, 0.4, 0.5)  # of the diameter: radii at which precision and recall are given
AXES = ["x", "y", "z"]
REPEATS = 20  # random draws a micrograph
CROWDED = 30  # pairs of random points that are enough to tell half of them from chance
MEASURES = {"particles": "relative", "delivered": "relative", "junk_fraction": "absolute"}

WAYS = {  # what to do, by what the hint says
    "upside down": "One of the two counts y from the other edge, as CryoPPP's tables and pictures do: give"
    " --flipped truth or --flipped picks, with --shape",
    " by ": "They are from another binning: give coordinates in pixels of the truth's micrograph",
    "swapped": "x is the column and y the row (and z the plane): exchange them in one of the files",
    "depth": "One of the two counts z from the other end: turn it in one of the files (planes - 1 - z)",
}


@dataclass(frozen=True)
class PicksScore:
    """What `score_picks` found.

    Attributes
    ----------
    scope : str
        ``image`` for one micrograph, ``population`` for several.
    radius : float
        Largest distance of a pair, px.
    rows : list of ArmResult
        particles, delivered and junk_fraction, with the keys of ``verdict.json``.
    plausibility : dict of str to float
        What a user sees without a truth: number of picks, median score.
    found : dict of str to float
        precision, recall, F1 and, where every pick has a score, average precision; over all micrographs. The
        last is of all picks, those that `min_score` leaves out as well.
    chance : dict of str to float
        The same of random points, with standard deviations, and any-hit chance.
    radii : list of dict
        radius (px), precision, recall over all micrographs.
    curve : list of dict
        By falling threshold of the score: picks, precision, recall, and both of random points; of all picks.
    files : list of dict
        What was found on each micrograph.
    notes : list of str
        How the input was read, and what a reader must know.
    """

    scope: str
    radius: float
    rows: list[ArmResult]
    plausibility: dict[str, float]
    found: dict[str, float]
    chance: dict[str, float]
    radii: list[dict[str, float]]
    curve: list[dict[str, float]]
    files: list[dict[str, Any]]
    notes: list[str] = field(default_factory=list)


def score_picks(
    picks: Path,
    true: Path,
    *,
    radius: float | None = None,
    diameter: float | None = None,
    shape: tuple[int, ...] | None = None,
    micrograph: str | None = None,
    flipped: Sequence[str] = (),
    missing: str | None = None,
    min_score: float | None = None,
    pixel_size: float | None = None,
    origins: str = "apply",
    third: str = "auto",
    tolerance: Mapping[str, float | tuple[float, float]] | None = None,
    truth_uncertainty: Mapping[str, float] | None = None,
    as_given: bool = False,
    pairing: str | None = None,
    watch: Callable[[Sequence[str]], Iterable[str]] = iter,
) -> PicksScore:
    """Judge picks against true particles, micrograph by micrograph or tomogram by tomogram.

    Parameters
    ----------
    picks, true : Path
        A file, or a folder of files, that `data.read_picks` reads. Micrographs are paired by name. Where both
        have z, distances are in space.
    radius, diameter : float, optional
        Largest distance of a pair, and the particle's diameter, px. The radius is by default a quarter of the
        diameter, and the diameter what the truth's table gives; else one of the two is needed.
    shape : (Y, X) or (Z, Y, X), optional
        Size of a micrograph or tomogram, px; by default the box that holds all points.
    micrograph : str, optional
        Judge this one alone; where a file names none, its name.
    flipped : sequence of {"picks", "truth"}
        Which of the two counts y from the other edge.
    missing : {"none", "skip"}, optional
        What it means where a micrograph of the truth has no file in a folder of picks: no picks, or not
        judged. By default that is an error.
    min_score : float, optional
        Judge the picks that score at least this.
    pixel_size, origins, third
        As `data.read_picks`.
    tolerance, truth_uncertainty : mapping of str to float or (low, high), optional
        By measurement (`MEASURES`); the key ``all`` stands for those not named.
    pairing : str, optional
        How the micrographs' names pair: 'PATTERN=PATTERN', or a table's name; see `pairing_given.by_names`.
    as_given : bool
        Do not refuse picks that would match far better upside down, swapped or at another binning.
    watch : callable
        Wraps the list of micrographs, to show progress.

    Returns
    -------
    PicksScore

    Raises
    ------
    InputError
        One file given twice, files that cannot be read, share no micrograph or are missing, tomograms against
        images, no pick at all, no radius, or coordinates that are plainly of another frame.
    """
    import numpy as np

    from scopecheck.measure import picks as picking

    if Path(picks).resolve() == Path(true).resolve():
        raise InputError(f"{picks}: given as picks and as truth; give the picks first, then the truth.")
    for option, extra in (("tolerance", tolerance), ("truth-uncertainty", truth_uncertainty)):
        if wrong := [name for name in extra or {} if name not in (*MEASURES, "all")]:
            raise InputError(f"--{option}: names {', '.join(wrong)}; measured are {', '.join(MEASURES)}.")
    notes: list[str] = []
    how: dict[str, Any] = {"pixel_size": pixel_size, "origins": origins, "third": third}
    given = {
        name: read(Path(path), micrograph, shape, name in flipped, notes, missing, **how)
        for name, path in (("picks", picks), ("truth", true))
    }
    if not any(len(part) for part in given["truth"].tables.values()):
        raise InputError(f"{true}: holds no particle; expected a truth of at least one in all.")
    given["picks"] = pick_curve.without_empty_scores(given["picks"], notes)
    axes = AXES[: _axes(given)]
    if shape is not None and len(shape) != len(axes):
        raise InputError(
            f"--shape: {len(shape)} sides; expected {'planes,' * (len(axes) == 3)}rows,columns of"
            f" {'tomograms' if len(axes) == 3 else 'micrographs'}."
        )
    if radius is None:
        if diameter is None:
            diameter = _stated(given["truth"], notes)
        else:
            notes += _differ(given["truth"], f"the diameter given, {diameter:.3g} px")
        radius = picking.RADIUS * diameter
    else:
        notes += _differ(given["truth"], f"the radius given, {radius:.3g} px")
    pairs = every_pair = pair(given["picks"], given["truth"], notes, missing, pairing)
    if min_score is not None:
        pairs = pick_curve.kept(every_pair, min_score, notes)
    elif any(".cbox" in part.attrs["file"].lower() for part in given["picks"].tables.values()):
        notes.append(
            "A .cbox holds every box above a low floor, below the picker's own threshold too; --min-score"
            " cuts it."
        )
    fields = [(_points(p, axes), _points(t, axes)) for p, t in pairs.values()]
    height, planes = (None, None) if shape is None else (shape[-2], shape[0] if len(axes) == 3 else None)
    if not as_given and (said := picking.frame_hint(fields, radius=radius, height=height, planes=planes)):
        way = "; ".join(way for sign, way in WAYS.items() if sign in said)
        raise InputError(f"{picks} against {true}: {said}. {way}; or --as-given.")
    if shape is None:
        every = [_points(table, axes) for both in every_pair.values() for table in both]
        shape = tuple(int(side) + 1 for side in np.ceil(np.concatenate(every).max(axis=0))[::-1])
        told = " x ".join(map(str, shape)), "Z x Y x X"[-len(axes) * 4 + 3 :]
        notes.append(
            f"No --shape: chance is drawn in the box that holds all points, {told[0]} px ({told[1]})."
        )
    found = []
    for name, (p, t) in zip(watch(list(pairs)), fields, strict=True):
        scores = pairs[name][0]["score"].to_numpy(dtype=float)
        try:
            found.append(_one(name, p, t, scores, radius, shape, notes))
        except InputError as error:
            raise InputError(f"{picks} against {true}: {name}: {error}") from None
    wide = diameter or radius / picking.RADIUS
    stated = {"the diameter in the truth's table": _values(given["truth"].tables, "diameter")}
    boxes = {f"the boxes of the {name}": _values(one.tables, "box") for name, one in given.items()}
    doubt = picking.size_hint([t for _, t in fields], diameter=wide, stated=stated, boxes=boxes)
    if not doubt and not any([*stated.values(), *boxes.values()]):
        doubt = _apart_hint(fields, wide)
    if diameter is None:
        doubt = doubt.replace("given as", f"not given; by the radius, {radius:.3g} px, it would be", 1)
    notes += [doubt] * bool(doubt)
    scope = "image" if len(found) == 1 else "population"
    if scope == "population":
        notes.append(f"Each of the {len(found)} micrographs is taken for one independent acquisition.")
    scores = np.concatenate([p["score"].to_numpy(dtype=float) for p, _ in pairs.values()])
    plausibility = {"picks": float(len(scores))}
    if len(scores) and np.isfinite(scores).all():
        plausibility["median score"] = float(np.median(scores))
    pooled, by_chance = _pooled([one["match"] for one in found]), _chance(found)
    notes += (worse := _no_better(pooled, by_chance))
    better = None if pooled["precision"] != pooled["precision"] else not worse
    rows = [
        _row(
            Path(picks), measure, found, scope, tolerance or {}, truth_uncertainty or {}, plausibility, better
        )
        for measure in MEASURES
    ]
    radii = sorted({*(part * wide for part in FRACTIONS), radius})
    ranked = (
        found
        if min_score is None
        else [
            _one(name, _points(p, axes), _points(t, axes), p["score"].to_numpy(float), radius, shape, [])
            for name, (p, t) in every_pair.items()
        ]
    )
    table, ap, drawn = pick_curve.curve(ranked, radius)
    if ap == ap:
        pooled["average precision"], by_chance["average precision"] = ap, drawn
    return PicksScore(
        scope,
        radius,
        rows,
        plausibility,
        pooled,
        by_chance,
        [_pooled_at(found, at) for at in radii],
        pick_curve.thinned(table, keep=min_score).to_dict("records"),  # type: ignore[arg-type]
        [_file(one) for one in found],
        notes,
    )


def _axes(given: Mapping[str, Picks]) -> int:
    """Return 3 for tomograms and 2 for images; refuse one against the other."""
    held = {name: [part for part in one.tables.values() if len(part)] for name, one in given.items()}
    solid = {name: any("z" in part for part in parts) for name, parts in held.items() if parts}
    if len(set(solid.values())) > 1:
        kinds = ", ".join(
            f"{given[name].path} (the {name}) {'has x, y, z' if own else 'has x, y alone'}"
            for name, own in solid.items()
        )
        raise InputError(
            f"{kinds}; picks in a tomogram are judged by a truth in the tomogram. Give both with z, or both"
            " without it. Where a third number was taken for what it is not: --third z or --third score."
        )
    return 3 if solid["truth"] else 2


def _points(table: pd.DataFrame, axes: list[str]) -> NDArray:
    return table.reindex(columns=axes).to_numpy(dtype=float)


def _stated(truth: Picks, notes: list[str]) -> float:
    """Return the diameter that the truth's own tables give, as CryoPPP's do."""
    stated = _sizes(truth)
    if len(stated) > 1:
        raise InputError(
            f"{truth.path}: the truth's tables give different diameters ({_named(stated)}); give --diameter,"
            " the one to judge by (or --radius), or judge the micrographs of each apart."
        )
    if not stated or not min(stated) > 0:
        raise InputError("no radius: give --diameter, the particle's diameter (or --radius).")
    notes.append(f"No --diameter: {min(stated):g} px, as the truth's table gives it.")
    return min(stated)


def _sizes(truth: Picks) -> dict[float, list[str]]:
    """Return the files of each diameter that the truth's tables give."""
    stated: dict[float, list[str]] = {}
    for table in truth.tables.values():
        for value in sorted({*_values({"": table}, "diameter")}):
            stated.setdefault(value, []).append(table.attrs["file"])
    return stated


def _named(stated: Mapping[float, list[str]]) -> str:
    return "; ".join(f"{value:g} px in {few(files)}" for value, files in sorted(stated.items()))


def _differ(truth: Picks, by: str) -> list[str]:
    """Remark diameters that differ from one of the truth's tables to another, where one is judged by."""
    if len(stated := _sizes(truth)) < 2:
        return []
    return [
        f"{truth.path}: the truth's tables give different diameters ({_named(stated)}); all micrographs are"
        f" judged by {by}. Are they of one particle and one pixel size? If not, judge them apart."
    ]


def _values(tables: Mapping[str, pd.DataFrame], column: str) -> list[float]:
    return [float(x) for table in tables.values() if column in table for x in table[column].dropna()]


def _apart_hint(fields: Sequence[tuple[NDArray, NDArray]], diameter: float) -> str:
    """Say so where picks and particles lie too far apart for the diameter, as at twice the pixel size.

    Where coordinates are all that is known: particles in a crowded field come as near as one diameter, and
    pickers let picks come to 0.4 to 1 diameters. Points that keep one diameter apart and lie at random beyond
    have half as many pairs within 1.41 diameters as random points. So fewer than half within 1.45, of the
    picks and of the truth alike, is the sign, where random points would have `CROWDED` pairs; a sparse field
    says nothing. `particles.size_hint` sees the other direction, particles too near, in crowded fields too.
    """
    import numpy as np

    from scopecheck.measure.picks.mistakes import pairs_within

    reach = 1.45 * diameter
    for sets in zip(*fields, strict=True):
        pairs, random = np.sum([pairs_within(points, reach) for points in sets], axis=0)
        if random < CROWDED or pairs >= random / 2:
            return ""
    return (
        f"The diameter is given as {diameter:.3g} px; picks and true particles both keep farther apart:"
        f" {pairs:.0f} pairs of true particles are within {reach:.3g} px, and of random points there would be"
        f" {random:.0f}. Is the diameter, or the pixel size, wrong by a factor?"
    )


def _no_better(found: Mapping[str, float], chance: Mapping[str, float]) -> list[str]:
    """Remark a precision within two standard deviations of random points', or below; recall goes with it."""
    got, mean, sd = found["precision"], chance["precision"], chance["precision_sd"]
    if not got <= mean + 2 * sd:
        return []
    return [
        f"No better than chance: precision {got:.3f}, of random points {mean:.3f} ± {sd:.3f}. Are picks and"
        " truth of the same micrograph, and of one frame?"
    ]


def _one(
    name: str,
    p: NDArray,
    t: NDArray,
    scores: NDArray,
    radius: float,
    shape: tuple[int, ...],
    notes: list[str],
) -> dict[str, Any]:
    from scopecheck.measure import picks as picking

    how = _layout(name, p, shape, notes)
    return {
        "name": name,
        "p": p,
        "t": t,
        "scores": scores,
        "match": picking.match(p, t, radius),
        "chance": picking.chance(len(p), t, radius=radius, repeats=REPEATS, **how),
        "how": how,
    }


def _layout(name: str, p: NDArray, shape: tuple[int, ...], notes: list[str]) -> dict[str, Any]:
    """Say where random points may lie (`particles.layout`), and note where they cannot be as far apart."""
    from scopecheck.measure import picks as picking

    how = picking.layout(p, shape)
    fits, apart = how["minimum_distance"], picking.spacing(p, shape)[0]
    if apart > fits:
        notes.append(f"{name}: random points are {fits:.3g} px apart; at the picks' {apart:.3g} none fit.")
    return how


def _row(
    picks: Path,
    measure: str,
    found: list[dict[str, Any]],
    scope: str,
    tolerance: Mapping[str, Any],
    uncertainty: Mapping[str, Any],
    plausibility: dict[str, float],
    better: bool | None,
) -> ArmResult:
    matches = [one["match"] for one in found]
    values = {
        "particles": [(m.n_picks, m.n_truth) for m in matches],
        "delivered": [(m.tp, m.n_truth) for m in matches],
        "junk_fraction": [(1 - m.precision, 0.0) for m in matches],
    }[measure]
    common: dict[str, Any] = {"recipe": "score picks", "arm": str(picks), "measurement": measure, "tier": ""}
    common |= {"profile": "", "plausibility": plausibility, "scale": MEASURES[measure]}
    common["unit"] = "" if measure == "junk_fraction" else "particles"
    gross = None
    if measure == "particles" and all(m.n_truth for m in matches):
        gross = [(m.n_picks + m.n_truth - 2 * m.tp) / m.n_truth for m in matches]
        drawn = [one["chance"].recall for one in found]
        by_chance = [m.n_picks / m.n_truth + 1 - 2 * d for m, d in zip(matches, drawn, strict=True)]
        common["chance"] = {"gross error": sum(by_chance) / len(matches)}
    return judged_row(
        common,
        values,
        [one["name"] for one in found],
        scope=scope,
        tolerance=tolerance,
        uncertainty=uncertainty,
        gross=gross,
        better=better,
        undefined="no picks",
        no_ratio="no true particle",
    )


def _pooled(matches: list[Any]) -> dict[str, float]:
    from scopecheck.measure.matched import ratio

    pairs, n, m = (sum(getattr(match, key) for match in matches) for key in ("tp", "n_picks", "n_truth"))
    return {"precision": ratio(pairs, n), "recall": ratio(pairs, m), "F1": ratio(2 * pairs, n + m)}


def _pooled_at(found: list[dict[str, Any]], radius: float) -> dict[str, float]:
    from scopecheck.measure import picks as picking

    return {"radius": radius} | _pooled([picking.match(one["p"], one["t"], radius) for one in found])


def _chance(found: list[dict[str, Any]]) -> dict[str, float]:
    """Chance over all micrographs: of picks for precision and any hit, of particles for recall."""
    import numpy as np

    from scopecheck.measure.matched import ratio

    weights = {"precision": "n_picks", "recall": "n_truth", "any_hit": "n_picks"}
    told: dict[str, float] = {}
    for key, by in weights.items():
        count = np.array([getattr(one["match"], by) for one in found], float)
        mean, sd = (
            np.nan_to_num([getattr(one["chance"], name) for one in found]) for name in (key, f"{key}_sd")
        )
        told[key] = ratio(float((count * mean).sum()), count.sum())
        told[f"{key}_sd"] = ratio(float(np.sqrt(((count * sd) ** 2).sum())), count.sum())
    n, m = (sum(getattr(one["match"], key) for one in found) for key in ("n_picks", "n_truth"))
    told["F1"] = ratio(2 * told["precision"] * n, n + m)
    return told


def _file(one: dict[str, Any]) -> dict[str, Any]:
    m, drawn = one["match"], one["chance"]
    counts = {"name": one["name"], "picks": m.n_picks, "particles": m.n_truth, "delivered": m.tp}
    ratios = {"precision": m.precision, "recall": m.recall, "F1": m.f1}
    by_chance = {f"chance {key}": getattr(drawn, key) for key in ("precision", "recall", "any_hit")}
    layout = {key: value for key, value in one["how"].items() if key != "shape"}
    return counts | ratios | by_chance | layout
