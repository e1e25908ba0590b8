"""Localised molecules, whichever program found them, against known emitters: tables in, verdicts out."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scopecheck.errors import InputError
from scopecheck.score.pair_names import few

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from scopecheck.measure.localisations import Chance, LocalisationMatch
    from scopecheck.record.result import ArmResult

MEASURES = {"localisations": "relative", "missed_fraction": "absolute", "false_fraction": "absolute"}
SUFFIXES = {".csv", ".txt", ".tsv", ".xls", ".hdf5", ".h5"}  # ThunderSTORM writes tab-separated .xls, too
REPEATS = 10  # random draws a movie
FRAMES_LOOKED_AT = 60  # the fullest ones, for signs of another frame of reference
WAYS = {  # what to do, by what the hint says
    "upside down": "One of the two counts y from the other edge: turn it in one of the tables",
    "swapped": "x is the column and y the row: exchange them in one of the tables",
    " by ": "One of the two is in another unit or of another pixel size: say so by --units and --pixel-size",
}


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
        At each radius (nm): jaccard and its chance, precision, recall, rmse_lateral, efficiency.
    density : dict of str to float
        Localisations and emitters a frame and square micrometre, over the box that holds all emitters.
    molecules : dict of str to float
        Where a merging radius was given: how many molecules the tables hold under the rule, and how many
        localisations a molecule.
    files : list of dict
        What was found in each movie.
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
        One table given twice, tables that cannot be read or share no name, no emitter, no localisation, 2D
        against 3D, no frame in common, or positions that are plainly in another frame of reference.
    """
    from scopecheck.measure import localisations as measure

    if Path(found).resolve() == Path(true).resolve():
        raise InputError(f"{found}: given as localisations and as emitters; give the localisations first.")
    for option, extra in (("tolerance", tolerance), ("truth-uncertainty", truth_uncertainty)):
        if wrong := [name for name in extra or {} if name not in (*MEASURES, "all")]:
            raise InputError(f"--{option}: names {', '.join(wrong)}; measured are {', '.join(MEASURES)}.")
    notes: list[str] = []
    movies = []
    for name, paths in _pairs(Path(found), Path(true)).items():
        tables = [_read(path, pixel_size, units, notes) for path in paths]
        movies.append(_movie(name, paths, tables, radius, axial, notes))
    if not as_given:
        for movie in movies:
            _refuse_another_unit(movie)
            _refuse_shifted_frames(movie, axial)
        _refuse_another_frame(found, true, movies, radius)
    scope = "image" if len(movies) == 1 else "population"
    notes.append(
        "One movie: a word speaks of this one only; its frames are not independent."
        if scope == "image"
        else f"Each of the {len(movies)} movies is taken for one independent acquisition."
    )
    radii = sorted({*measure.RADII, radius})
    at = [{"radius": r} | _pooled([_match(m, r, axial) for m in movies]) for r in radii]
    for line in at:
        line["chance jaccard"] = _luck(movies, line["radius"], axial, "places")["jaccard"]
    luck = {wrong: _luck(movies, radius, axial, wrong) for wrong in ("places", "frames")}
    pooled = _pooled([m["match"] for m in movies])
    better = _better(pooled, luck, notes)
    notes += _moved(movies)
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
        [_file(m) for m in movies],
        list(dict.fromkeys(notes)),
    )


def _pairs(found: Path, true: Path) -> dict[str, tuple[Path, Path]]:
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
            " movie in which nothing was found has a table with headings alone."
        )
    return {name: (of[0][name], of[1][name]) for name in of[1]}


def _tables(folder: Path) -> dict[str, Path]:
    every = [p for p in sorted(folder.iterdir()) if p.suffix.lower() in SUFFIXES]
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
    name: str,
    paths: Sequence[Path],
    tables: Sequence[pd.DataFrame],
    radius: float,
    axial: float,
    notes: list[str],
) -> dict[str, Any]:
    import numpy as np

    if not len(tables[1]):
        raise InputError(f"{paths[1]}: holds no emitter; expected a truth of at least one.")
    solid = ["z" in table for table in tables]
    if solid[0] != solid[1] and len(tables[0]):
        flat = paths[solid.index(False)]
        notes.append(f"{flat}: has no z; judged in x and y.")
    axes = ["x", "y", "z"] if all(solid) else ["x", "y"]
    movie: dict[str, Any] = {"name": name, "paths": paths}
    movie |= {side: t.reindex(columns=axes).to_numpy(float) for side, t in zip("pt", tables, strict=True)}
    movie |= {f"of {side}": t["frame"].to_numpy(int) for side, t in zip("pt", tables, strict=True)}
    both = np.intersect1d(movie["of p"], movie["of t"])
    if len(tables[0]) and not len(both):
        ranges = [f"{t['frame'].min()} to {t['frame'].max()}" for t in tables]
        raise InputError(
            f"{paths[0]} against {paths[1]}: no frame in common ({ranges[0]} and {ranges[1]}); expected one"
            " movie, with frames that count from the same number."
        )
    movie["match"] = _match(movie, radius, axial)
    return movie


def _match(movie: Mapping[str, Any], radius: float, axial: float) -> LocalisationMatch:
    from scopecheck.measure import localisations as measure

    frames = movie["of p"], movie["of t"]
    return measure.match(movie["p"], movie["t"], radius, frames=frames, axial=axial)


def _refuse_another_unit(movie: Mapping[str, Any]) -> None:
    """Where one table spans a tenth of the other or less: pixels taken for nanometres, say."""
    import numpy as np

    if min(len(movie["p"]), len(movie["t"])) < 20:
        return
    spans = [float(np.ptp(movie[side][:, :2], axis=0).max()) for side in "pt"]
    if min(spans) * 10 > max(spans):
        return
    paths = movie["paths"]
    raise InputError(
        f"{paths[0]} against {paths[1]}: localisations span {spans[0]:.4g} nm and emitters {spans[1]:.4g} nm;"
        " expected the same field. Is one of the two in pixels or micrometres? Write the unit into its"
        " headings (x [px], with --pixel-size); or --as-given."
    )


def _refuse_shifted_frames(movie: Mapping[str, Any], axial: float) -> None:
    """Where far more localisations match in the frame before or after: one table counts from 0."""
    from scopecheck.measure import localisations as measure

    near = min(measure.RADII)  # at larger radii a dense movie matches itself in any frame
    given = _match(movie, near, axial).tp
    moved = {k: _match({**movie, "of p": movie["of p"] + k}, near, axial).tp for k in (-1, 1)}
    best = max(moved, key=lambda k: moved[k])
    if moved[best] > 2 * given + 20:
        paths = movie["paths"]
        raise InputError(
            f"{paths[0]} against {paths[1]}: {moved[best]} localisations match when 1 is"
            f" {'added to' if best > 0 else 'taken from'} their frames, and {given} as given (within {near:g}"
            " nm). One table counts frames from 0, the other from 1: count both from the same; or --as-given."
        )


def _refuse_another_frame(found: Path, true: Path, movies: Sequence[Mapping], radius: float) -> None:
    import numpy as np

    from scopecheck.measure import picks

    fields: list[tuple[NDArray, NDArray]] = []
    for movie in movies:
        frames, count = np.unique(movie["of t"], return_counts=True)
        for frame in frames[np.argsort(-count, kind="stable")][:FRAMES_LOOKED_AT]:
            fields.append((movie["p"][movie["of p"] == frame, :2], movie["t"][movie["of t"] == frame, :2]))
    if said := picks.frame_hint(fields, radius=radius):
        said = said.replace("picks", "localisations").replace(" px", " nm")
        way = "; ".join(way for sign, way in WAYS.items() if sign in said)
        raise InputError(f"{found} against {true}: {said}. {way}; or --as-given.")


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


def _luck(movies: Sequence[Mapping[str, Any]], radius: float, axial: float, wrong: str) -> dict[str, float]:
    """What localisations at random places, or in wrong frames, score over all movies, weighed by emitters."""
    import numpy as np

    from scopecheck.measure import localisations as measure

    drawn: list[Chance] = [
        measure.chance(
            m["p"],
            m["t"],
            radius,
            frames=(m["of p"], m["of t"]),
            axial=axial,
            wrong=wrong,
            seed=(0, k),
            repeats=REPEATS,
        )
        for k, m in enumerate(movies)
    ]
    weight = np.array([len(m["t"]) for m in movies], float)
    weight /= weight.sum()
    told = {n: float(weight @ [getattr(d, n) for d in drawn]) for n in ("jaccard", "precision", "recall")}
    told["jaccard_sd"] = float(np.sqrt(np.sum((weight * [d.jaccard_sd for d in drawn]) ** 2)))
    return told


def _better(
    found: Mapping[str, float], luck: Mapping[str, Mapping[str, float]], notes: list[str]
) -> bool | None:
    """Whether the Jaccard is two standard deviations above that of random places and of wrong frames."""
    if found["jaccard"] != found["jaccard"] or luck["places"]["jaccard"] != luck["places"]["jaccard"]:
        return None
    for wrong, said in (("places", "at random places"), ("frames", "in wrong frames")):
        by = luck[wrong]
        if found["jaccard"] <= by["jaccard"] + 2 * by["jaccard_sd"]:
            notes.append(
                f"No better than chance: Jaccard {found['jaccard']:.3f}, of as many {said}"
                f" {by['jaccard']:.3f} ± {by['jaccard_sd']:.3f}. Are the tables of one movie?"
            )
            return False
    return True


def _moved(movies: Sequence[Mapping[str, Any]]) -> list[str]:
    """Remark pairs that are all shifted alike, as by half a pixel."""
    import numpy as np

    apart = [m["p"][m["match"].pairs[:, 0], :2] - m["t"][m["match"].pairs[:, 1], :2] for m in movies]
    every = np.concatenate(apart)
    if len(every) < 20:
        return []
    shift, sure = np.median(every, axis=0), 1.25 * every.std(axis=0) / np.sqrt(len(every))
    if not (np.abs(shift) > np.maximum(5 * sure, 2.0)).any():
        return []
    return [
        f"All pairs are shifted alike: localisations lie at x {shift[0]:+.0f} nm, y {shift[1]:+.0f} nm"
        " of their emitters (median). Programs differ by half a pixel in where 0 is; RMSE and efficiency"
        " count the shift. Correct it in one of the tables, if that is what it is."
    ]


def _density(movies: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    import numpy as np

    area = sum(
        float(np.prod(np.ptp(m["t"][:, :2], axis=0)) / 1e6) * len(np.unique(m["of t"])) for m in movies
    )
    sides = {"localisations": "p", "emitters": "t"}
    return {
        name: sum(len(m[s]) for m in movies) / area if area else float("nan") for name, s in sides.items()
    }


def _molecules(movies: Sequence[Mapping[str, Any]], within: float, dark: int) -> dict[str, float]:
    from scopecheck.measure import localisations as measure

    told: dict[str, float] = {"radius": within, "dark_frames": float(dark)}
    for name, side in (("found", "p"), ("true", "t")):
        groups = [measure.molecules(m[side], m[f"of {side}"], within, dark) for m in movies]
        count = sum(int(g.max()) + 1 for g in groups if len(g))
        told[name] = float(count)
        told[f"{name}_localisations_each"] = sum(map(len, groups)) / count if count else float("nan")
    return told


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
    from scopecheck import judge
    from scopecheck.judge import inputs
    from scopecheck.record.result import ArmResult, judged
    from scopecheck.record.tables import far_outside

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
    limits, doubt = (given.get(measure, given.get("all")) for given in (tolerance, uncertainty))
    asked: dict[str, Any] = {"scope": scope, "tolerance": inputs.tolerance_pair(limits)}
    asked |= {"truth_uncertainty": inputs.uncertainty(doubt)}
    for (got, _), movie in zip(values, movies, strict=True):
        if got != got:
            why = f"not defined on {movie['name']}: no localisations"
            return ArmResult(**common, **asked, n=len(movies), reason=why)
    got, true = zip(*values, strict=True)
    gross = None
    if measure == "localisations":
        gross = [(m.n_found + m.n_true - 2 * m.tp) / m.n_true for m in matches]
    verdict = judge.agreement(
        got,
        true,
        scope=scope,
        tolerance=limits,
        scale=MEASURES[measure],
        truth_uncertainty=doubt,
        gross_error=gross,
        better_than_chance=better,
    )
    row = ArmResult(**common | judged(verdict))
    names = [movie["name"] for movie in movies]
    row.note = "; ".join(text for text in (row.note, far_outside(row, names, got, true)) if text)
    return row


def _file(movie: Mapping[str, Any]) -> dict[str, Any]:
    m = movie["match"]
    told = {"name": movie["name"], "localisations": m.n_found, "emitters": m.n_true, "found": m.tp}
    names = ("jaccard", "precision", "recall", "rmse_lateral", "rmse_axial", "efficiency")
    return told | {name: getattr(m, name) for name in names}
