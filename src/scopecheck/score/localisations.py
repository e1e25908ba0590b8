"""Localised molecules, whichever program found them, against known emitters: tables in, verdicts out."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scopecheck.errors import InputError
from scopecheck.score import localisation_signs as signs
from scopecheck.score.pair_names import few
from scopecheck.score.rows import judged_row

if TYPE_CHECKING:
    import pandas as pd

    from scopecheck.measure.localisations import Chance, LocalisationMatch
    from scopecheck.record.result import ArmResult

MEASURES = {"localisations": "relative", "missed_fraction": "absolute", "false_fraction": "absolute"}
SUFFIXES = {".csv", ".txt", ".tsv", ".xls", ".hdf5", ".h5"}  # ThunderSTORM writes tab-separated .xls, too
REPEATS = 10  # random draws a movie; at the other radii fewer


@dataclass(frozen=True)
class LocalisationsScore:
    """What `score_localisations` found.

    Attributes
    ----------
    scope : str
        ``image`` for one movie, ``population`` for several.
    radius, axial : float
        Largest lateral distance of a pair, and in 3D the largest axial one, nm.
    rows : list of ArmResult
        The measurements of `MEASURES`, with the keys of ``verdict.json``.
    found : dict of str to float
        jaccard, precision, recall, rmse_lateral (nm), in 3D rmse_axial (nm), and efficiency; over all movies.
    chance : dict of str to dict
        By what is wrong with them (``places``, ``frames``): jaccard, jaccard_sd, precision, recall.
    radii : list of dict
        At each radius (nm): jaccard, precision, recall, rmse_lateral, efficiency, in 3D rmse_axial, and the
        same by chance.
    density : dict of str to float
        Localisations and emitters a frame and square micrometre, over the box that holds all emitters.
    molecules : dict of str to float
        Where a merging radius was given: how many molecules the tables hold under the rule, and how many
        localisations a molecule; ``emitters``, where every table of emitters tells which row is of which.
    files : list of dict
        What was found in each movie, and what of it chance gives at random places (``chance jaccard``...).
    notes : list of str
        How the input was read, and what a reader must know.
    """

    scope: str
    radius: float
    axial: float
    rows: list[ArmResult]
    found: dict[str, float]
    chance: dict[str, dict[str, float]]
    radii: list[dict[str, float]]
    density: dict[str, float]
    molecules: dict[str, float]
    files: list[dict[str, Any]]
    notes: list[str] = field(default_factory=list)


def score_localisations(
    found: Path,
    true: Path,
    *,
    radius: float = 250.0,
    axial: float = 500.0,
    pixel_size: float | None = None,
    units: str | None = None,
    merge: tuple[float, int] | None = None,
    tolerance: Mapping[str, float | tuple[float, float]] | None = None,
    truth_uncertainty: Mapping[str, float] | None = None,
    as_given: bool = False,
) -> LocalisationsScore:
    """Judge localisations against emitters, movie by movie.

    Parameters
    ----------
    found, true : Path
        Tables that `data.read.localisations` reads, or two folders of them that are paired by name. Positions
        and frames of both count alike.
    radius, axial : float
        Largest lateral and, in 3D, axial distance of a pair, nm.
    pixel_size : float, optional
        Nanometres a pixel, where a table is in pixels.
    units : {"nm", "um", "px"}, optional
        Of tables whose headings name none.
    merge : (nm, frames), optional
        Count molecules, too: localisations within the radius and at most so many dark frames apart are one.
    tolerance, truth_uncertainty : mapping of str to float or (low, high), optional
        By measurement (`MEASURES`); the key ``all`` stands for those not named.
    as_given : bool
        Do not refuse localisations that would match far better turned, swapped or in another unit.

    Returns
    -------
    LocalisationsScore

    Raises
    ------
    InputError
        One table given twice, tables that cannot be read or share no name, no emitter, 2D against 3D, no
        frame in common, or positions that are plainly in another frame of reference.
    """
    from scopecheck.measure import localisations as measure

    if Path(found).resolve() == Path(true).resolve():
        raise InputError(f"{found}: given as localisations and as emitters; give the localisations first.")
    for option, extra in (("tolerance", tolerance), ("truth-uncertainty", truth_uncertainty)):
        if wrong := [name for name in extra or {} if name not in (*MEASURES, "all")]:
            raise InputError(f"--{option}: names {', '.join(wrong)}; measured are {', '.join(MEASURES)}.")
    notes: list[str] = []
    movies = []
    for name, paths in _pairs(Path(found), Path(true), notes).items():
        tables = [_read(path, pixel_size, units, notes) for path in paths]
        movies.append(_movie(name, paths, tables, notes))
    signs.refuse_copies(movies)
    if len({movie["p"].shape[1] for movie in movies}) > 1:
        notes.append("Some movies have z and others not; all are judged in x and y.")
        for movie in movies:
            movie["p"], movie["t"] = movie["p"][:, :2], movie["t"][:, :2]
    for movie in movies:
        movie["match"] = signs.matched(movie, radius, axial)
    if not as_given:
        for movie in movies:
            signs.refuse_another_unit([movie], radius)
            signs.refuse_shifted_frames(movie, radius, axial)
            signs.refuse_turned_depth(movie, radius, axial)
        signs.refuse_another_unit(movies, radius)
        signs.refuse_another_frame(found, true, movies, radius)
    scope = "image" if len(movies) == 1 else "population"
    notes.append(
        "One movie: a word speaks of this one only; its frames are not independent."
        if scope == "image"
        else f"Each of the {len(movies)} movies is taken for one independent acquisition."
    )
    radii = sorted({*measure.RADII, radius})
    drawn = {wrong: _drawn(movies, radius, axial, wrong) for wrong in ("places", "frames")}
    luck = {wrong: _luck(movies, draws) for wrong, draws in drawn.items()}
    at = [{"radius": r} | _pooled([signs.matched(m, r, axial) for m in movies]) for r in radii]
    for line in at:
        here = luck["places"]
        if line["radius"] != radius:
            here = _luck(movies, _drawn(movies, line["radius"], axial, "places", 3))
        line |= {f"chance {name}": here[name] for name in line if name in here}
    pooled = _pooled([m["match"] for m in movies])
    better = _better(movies, pooled, luck, radius, axial, notes)
    notes += signs.narrow(movies, radius) + signs.displaced(movies, radius)
    notes += signs.too_exact(pooled["rmse_lateral"])
    rows = [
        _row(Path(found), measure_, movies, scope, tolerance or {}, truth_uncertainty or {}, pooled, better)
        for measure_ in MEASURES
    ]
    return LocalisationsScore(
        scope,
        radius,
        axial,
        rows,
        pooled,
        luck,
        at,
        _density(movies),
        _molecules(movies, *merge) if merge else {},
        [_file(m, by) for m, by in zip(movies, drawn["places"], strict=True)],
        list(dict.fromkeys(notes)),
    )


def _pairs(found: Path, true: Path, notes: list[str]) -> dict[str, tuple[Path, Path]]:
    """The two tables of each movie, by its name."""
    if found.is_dir() != true.is_dir():
        raise InputError(f"{found} against {true}: a folder and a file; give two tables or two folders.")
    if not found.is_dir():
        return {found.stem: (found, true)}
    of = [_tables(folder) for folder in (found, true)]
    lacking = sorted(set(of[1]) - set(of[0]))
    if lacking or not of[1]:
        what = f"lacks {few(lacking)}" if lacking else "holds no table"
        raise InputError(
            f"{found if lacking else true}: {what}; expected one table a movie, with the names of {true}. A"
            " movie in which nothing was found has a table with headings alone; other files belong elsewhere."
        )
    if spare := sorted(set(of[0]) - set(of[1])):
        notes.append(f"{found}: not judged, since {true} has no table of the name: {few(spare)}.")
    return {name: (of[0][name], of[1][name]) for name in of[1]}


def _tables(folder: Path) -> dict[str, Path]:
    """Tables by their names, without hidden files, ThunderSTORM's protocols and read-me files."""
    every = [
        p
        for p in sorted(folder.iterdir())
        if p.suffix.lower() in SUFFIXES
        and not p.name.startswith(".")
        and not p.stem.lower().endswith("-protocol")
        and not p.stem.lower().startswith("readme")
    ]
    named = {p.stem: p for p in every}
    if len(named) < len(every):
        twice = sorted({p.name for p in every} - {p.name for p in named.values()})
        raise InputError(f"{folder}: two tables have one name ({few(twice)}); leave the one that is meant.")
    return named


def _read(path: Path, pixel_size: float | None, units: str | None, notes: list[str]) -> pd.DataFrame:
    from scopecheck.data.read.localisations import read_localisations

    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        table = read_localisations(path, pixel_size=pixel_size, units=units)
    notes += [str(one.message) for one in said if issubclass(one.category, UserWarning)]
    return table


def _movie(
    name: str, paths: Sequence[Path], tables: Sequence[pd.DataFrame], notes: list[str]
) -> dict[str, Any]:
    """Positions and frames of both tables of a movie."""
    import numpy as np

    if not len(tables[1]):
        raise InputError(f"{paths[1]}: holds no emitter; expected a truth of at least one.")
    if not len(tables[0]):
        notes.append(f"{paths[0]}: holds no localisation; every emitter counts as missed.")
    solid = ["z" in table for table in tables]
    if solid[0] != solid[1] and len(tables[0]):
        flat = paths[solid.index(False)]
        notes.append(f"{flat}: has no z; judged in x and y.")
    axes = ["x", "y", "z"] if all(solid) or (solid[1] and not len(tables[0])) else ["x", "y"]
    movie: dict[str, Any] = {"name": name, "paths": paths}
    movie |= {side: t.reindex(columns=axes).to_numpy(float) for side, t in zip("pt", tables, strict=True)}
    movie |= {f"of {side}": t["frame"].to_numpy(int) for side, t in zip("pt", tables, strict=True)}
    if len(tables[0]) and not len(np.intersect1d(movie["of p"], movie["of t"])):
        ranges = [f"{t['frame'].min()} to {t['frame'].max()}" for t in tables]
        raise InputError(
            f"{paths[0]} against {paths[1]}: no frame in common ({ranges[0]} and {ranges[1]}); expected one"
            " movie, with frames that count from the same number."
        )
    return movie


def _pooled(matches: Sequence[LocalisationMatch]) -> dict[str, float]:
    """Scores of all movies together."""
    import numpy as np

    from scopecheck.measure import localisations as measure

    axial = [m.axial for m in matches if m.axial is not None]
    every = measure.LocalisationMatch(
        np.concatenate([m.pairs for m in matches]),
        np.concatenate([m.lateral for m in matches]),
        np.concatenate(axial) if axial else None,
        sum(m.n_found for m in matches),
        sum(m.n_true for m in matches),
    )
    names = ["jaccard", "precision", "recall", "rmse_lateral", *["rmse_axial"] * bool(axial), "efficiency"]
    return {name: float(getattr(every, name)) for name in names}


def _drawn(
    movies: Sequence[Mapping[str, Any]], radius: float, axial: float, wrong: str, repeats: int = REPEATS
) -> list[Chance]:
    """What localisations at random places, or in wrong frames, score in each movie."""
    from scopecheck.measure import localisations as measure

    return [
        measure.chance(
            m["p"],
            m["t"],
            radius,
            frames=(m["of p"], m["of t"]),
            axial=axial,
            wrong=wrong,
            seed=(0, k),
            repeats=repeats,
        )
        for k, m in enumerate(movies)
    ]


def _luck(movies: Sequence[Mapping[str, Any]], drawn: Sequence[Chance]) -> dict[str, float]:
    """What chance scores over all movies, weighed by emitters."""
    import numpy as np

    from scopecheck.measure import localisations as measure

    # a movie in which nothing was found has no chance; it scores 0 with and without
    weight = np.array([len(m["t"]) if len(m["p"]) else 0 for m in movies], float)
    if not weight.any():
        return dict.fromkeys((*measure.SCORES, "jaccard_sd"), float("nan"))
    weight, some = weight / weight.sum(), weight > 0
    told = {}
    for name in measure.SCORES:
        values = np.array([getattr(d, name) for d in drawn])
        there = some & np.isfinite(values)  # without a pair there is no RMSE
        told[name] = float(np.average(values[there], weights=weight[there])) if there.any() else float("nan")
    spread = np.array([d.jaccard_sd for d in drawn])[some]
    return told | {"jaccard_sd": float(np.sqrt(np.sum((weight[some] * spread) ** 2)))}


def _better(
    movies: Sequence[Mapping[str, Any]],
    found: Mapping[str, float],
    luck: Mapping[str, Mapping[str, float]],
    radius: float,
    axial: float,
    notes: list[str],
) -> bool | None:
    """Whether the Jaccard is two standard deviations above that of random places and of wrong frames."""
    if found["jaccard"] != found["jaccard"] or luck["places"]["jaccard"] != luck["places"]["jaccard"]:
        return None
    same = [{**m, "p": m["t"], "of p": m["of t"]} for m in movies]
    whole = _luck(same, _drawn(same, radius, axial, "frames", 3))
    asked = {"places": "at random places", "frames": "in wrong frames"}
    # the truth itself, in wrong frames; NaN: one frame. Where any two are a pair that says nothing
    if not whole["jaccard"] < 0.8 and not signs.narrow(movies, radius):
        del asked["frames"]
        notes.append(
            "The emitters are the same in all frames, so nothing tells a right frame from a wrong one; chance"
            " is judged by random places alone."
        )
    for wrong, said in asked.items():
        by = luck[wrong]
        if found["jaccard"] <= by["jaccard"] + 2 * by["jaccard_sd"]:
            notes.append(
                f"No better than chance: Jaccard {found['jaccard']:.3f}, of as many {said}"
                f" {by['jaccard']:.3f} ± {by['jaccard_sd']:.3f}. Are the tables of one movie?"
            )
            return False
        if found["jaccard"] < 3 * by["jaccard"] and found["jaccard"] < 0.5:
            notes.append(
                f"Little better than chance: Jaccard {found['jaccard']:.3f}, of as many {said}"
                f" {by['jaccard']:.3f}. Look at a smaller radius, and whether the tables are of one movie."
            )
    return True


def _density(movies: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Localisations and emitters a frame and square micrometre, from the first frame to the last of both."""
    import numpy as np

    volume = 0.0
    for m in movies:
        frames = np.concatenate((m["of p"], m["of t"]))
        volume += float(np.prod(np.ptp(m["t"][:, :2], axis=0)) / 1e6) * (int(np.ptp(frames)) + 1)
    sides = {"localisations": "p", "emitters": "t"}
    return {n: sum(len(m[s]) for m in movies) / volume for n, s in sides.items()} if volume else {}


def _molecules(movies: Sequence[Mapping[str, Any]], within: float, dark: int) -> dict[str, float]:
    import numpy as np

    from scopecheck.data.read.emitters import emitter_ids
    from scopecheck.measure import localisations as measure

    told: dict[str, float] = {"radius": within, "dark_frames": float(dark)}
    for name, side in (("found", "p"), ("true", "t")):
        groups = [measure.molecules(m[side], m[f"of {side}"], within, dark) for m in movies]
        count = sum(int(g.max()) + 1 for g in groups if len(g))
        told[name] = float(count)
        told[f"{name}_localisations_each"] = sum(map(len, groups)) / count if count else float("nan")
    known = 0
    for m in movies:
        ids = emitter_ids(m["paths"][1])
        if ids is None or len(ids) != len(m["t"]):
            return told
        known += len(np.unique(ids))
    return told | {"emitters": float(known)}


def _row(
    found: Path,
    measure: str,
    movies: Sequence[Mapping[str, Any]],
    scope: str,
    tolerance: Mapping[str, Any],
    uncertainty: Mapping[str, Any],
    pooled: Mapping[str, float],
    better: bool | None,
) -> ArmResult:
    matches = [m["match"] for m in movies]
    values = {
        "localisations": [(float(m.n_found), float(m.n_true)) for m in matches],
        "missed_fraction": [(1 - m.recall, 0.0) for m in matches],
        "false_fraction": [(1 - m.precision, 0.0) for m in matches],
    }[measure]
    looks = {name: value for name, value in pooled.items() if value == value}
    common: dict[str, Any] = {"recipe": "score localisations", "arm": str(found), "measurement": measure}
    common |= {"tier": "", "profile": "", "plausibility": looks, "scale": MEASURES[measure]}
    common["unit"] = "localisations" if measure == "localisations" else ""
    gross = None
    if measure == "localisations":
        gross = [(m.n_found + m.n_true - 2 * m.tp) / m.n_true for m in matches]
    return judged_row(
        common,
        values,
        [movie["name"] for movie in movies],
        scope=scope,
        tolerance=tolerance,
        uncertainty=uncertainty,
        gross=gross,
        better=better,
        undefined="no localisations",
        no_ratio="no emitter",
    )


def _file(movie: Mapping[str, Any], by_chance: Chance) -> dict[str, Any]:
    m = movie["match"]
    told = {"name": movie["name"], "localisations": m.n_found, "emitters": m.n_true, "found": m.tp}
    names = ("jaccard", "precision", "recall", "rmse_lateral", "rmse_axial", "efficiency")
    told |= {name: getattr(m, name) for name in names}
    return told | {f"chance {name}": getattr(by_chance, name) for name in names}
