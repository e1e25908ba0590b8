"""Signs that two tables of localisations are not of one frame, unit or movie, before they are judged."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scopecheck.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from scopecheck.measure.localisations import LocalisationMatch

FRAMES_LOOKED_AT = 60  # the fullest ones, for signs of another frame of reference
WAYS = {  # what to do, by what the hint says
    "upside down": "One of the two counts y from the other edge: turn it in one of the tables",
    "mirrored": "One of the two counts x from the other edge: turn it in one of the tables",
    "swapped": "x is the column and y the row: exchange them in one of the tables",
    " by ": "One of the two is in another unit or of another pixel size: say so by --units and --pixel-size",
}


def matched(movie: Mapping[str, Any], radius: float, axial: float) -> LocalisationMatch:
    """Pair the localisations of one movie with its emitters."""
    from scopecheck.measure import localisations as measure

    frames = movie["of p"], movie["of t"]
    return measure.match(movie["p"], movie["t"], radius, frames=frames, axial=axial)


def refuse_copies(movies: Sequence[Mapping[str, Any]]) -> None:
    """One table given twice under two names is one acquisition."""
    seen: dict[tuple[bytes, ...], Path] = {}
    for movie in movies:
        for path, side in zip(movie["paths"], "pt", strict=True):
            if len(movie[side]) < 5:
                continue
            held = side.encode(), movie[side].tobytes(), movie[f"of {side}"].tobytes()
            if held in seen:
                raise InputError(
                    f"{path}: holds what {seen[held]} holds; expected a table of its own. Leave the copy out."
                )
            seen[held] = path


def refuse_another_unit(movies: Sequence[Mapping[str, Any]], radius: float) -> None:
    """Where tables together span a tenth of the others or less: pixels taken for nanometres, say."""
    import numpy as np

    every = {side: np.concatenate([movie[side] for movie in movies]) for side in "pt"}
    if min(map(len, every.values())) < 8:  # fewer may lie side by side
        return
    for axes, least in ((slice(0, 2), 4 * radius), (slice(2, 3), 100.0)):
        if not every["t"][:, axes].size:
            continue
        ends = [np.percentile(every[side][:, axes], (1, 99), axis=0) for side in "pt"]  # a stray row is none
        spans = [float((high - low).max()) for low, high in ends]
        if max(spans) > least and min(spans) * 10 <= max(spans):
            paths, along = movies[0]["paths"], "in z " if axes.start else ""
            raise InputError(
                f"{paths[0]} against {paths[1]}: {along}localisations span {spans[0]:.4g} nm and emitters"
                f" {spans[1]:.4g} nm; expected the same field. Is one of the two in pixels or micrometres?"
                " Write the unit into its headings (x [px], with --pixel-size; z [um]); or --as-given."
            )


def refuse_shifted_frames(movie: Mapping[str, Any], radius: float, axial: float) -> None:
    """Where far more localisations match in the frame before or after: one table counts from 0."""
    from scopecheck.measure import localisations as measure

    for near in sorted({min(measure.RADII), radius}):
        for step in (1, -1):
            if told := _far_better(movie, {**movie, "of p": movie["of p"] + step}, near, axial):
                paths = movie["paths"]
                raise InputError(
                    f"{paths[0]} against {paths[1]}: {told[1]} localisations match when 1 is"
                    f" {'added to' if step > 0 else 'taken from'} their frames, and {told[0]} as given"
                    f" (within {near:g} nm). One table counts frames from 0, the other from 1: count both"
                    " from the same; or --as-given."
                )


def refuse_turned_depth(movie: Mapping[str, Any], radius: float, axial: float) -> None:
    """Where far more localisations match with z turned round: one table counts it the other way."""
    if movie["p"].shape[1] < 3:
        return
    turned = {**movie, "p": movie["p"] * [1, 1, -1]}
    for depth in (axial / 5, axial):
        if told := _far_better(movie, turned, radius, depth):
            paths = movie["paths"]
            raise InputError(
                f"{paths[0]} against {paths[1]}: {told[1]} localisations match with the sign of z turned, and"
                f" {told[0]} as given. One of the two counts z the other way: turn it; or --as-given."
            )


def refuse_another_frame(found: Path, true: Path, movies: Sequence[Mapping], radius: float) -> None:
    """Where far more localisations match mirrored, turned, swapped or in another unit."""
    import numpy as np

    from scopecheck.measure import localisations as measure
    from scopecheck.measure import picks

    fields: list[tuple[NDArray, NDArray]] = []
    every = np.concatenate([movie[side][:, :2] for movie in movies for side in "pt"])
    low = np.minimum(every.min(axis=0), 0)  # edges are sought among positions that count from 0
    for movie in movies:
        frames, count = np.unique(movie["of t"], return_counts=True)
        for frame in frames[np.argsort(-count, kind="stable")][:FRAMES_LOOKED_AT]:
            p, t = (movie[side][movie[f"of {side}"] == frame, :2] - low for side in "pt")
            fields.append((p, t))
    mirrored = [(p[:, ::-1], t[:, ::-1]) for p, t in fields]  # what is upside down then is mirrored in x
    for near in sorted({min(measure.RADII), radius}):
        for given in (fields, mirrored):
            if said := picks.frame_hint(given, radius=near):
                said = said.replace("picks", "localisations").replace(" px", " nm")
                if number := re.search(r"about ([\d.e+]+)", said):
                    edge = float(number[1]) + 2 * low[0 if given is mirrored else 1]
                    said = said.replace(number[0], f"about {edge:.0f}")
                if given is mirrored:
                    said = said.replace("turned upside down", "mirrored")
                    said = said.replace("y = ", "x = ").replace("- y", "- x")
                way = "; ".join(way for sign, way in WAYS.items() if sign in said)
                raise InputError(f"{found} against {true}: {said}. {way}; or --as-given.")


_FINEST = 1.0  # nm
_UNIT = "are both tables in pixels or µm under headings that say nm? Then write their positions in nm."
_FULL = 12.0  # per square micrometre and frame; the densest movies that localisation is tried on have 5 to 10


def narrow(movies: Sequence[Mapping[str, Any]], radius: float) -> list[str]:
    """Remark a field hardly wider than the radius, or fuller than any: both lists in another unit, say."""
    import numpy as np

    wide = [np.ptp(m["t"][:, :2], axis=0).max() for m in movies if len(m["t"]) > 1]
    if not wide:
        return []
    if max(wide) > 4 * radius:
        full = [
            len(m["t"]) / len(np.unique(m["of t"])) / (np.prod(np.ptp(m["t"][:, :2], axis=0)) / 1e6)
            for m in movies
            if len(m["t"]) > 20 and np.ptp(m["t"][:, :2], axis=0).min() > 0
        ]
        if not full or np.median(full) < _FULL:
            return []
        return [
            f"{np.median(full):.0f} emitters lie in a square micrometre of a frame, where a microscope tells"
            f" apart ten at most: {_UNIT}"
        ]
    return [
        f"All emitters lie within {max(wide):.0f} nm, hardly more than the radius of {radius:g} nm, so that"
        f" nearly any two are a pair: {_UNIT}"
    ]


def too_exact(rmse: float) -> list[str]:
    """Remark pairs that lie closer than any microscope localises."""
    if rmse == 0:
        return ["RMSE is exactly 0: are the localisations a copy of the emitters?"]
    if not rmse < _FINEST:
        return []
    return [f"Pairs are {rmse:.2g} nm apart (RMSE), where a microscope localises to 1 nm at best: {_UNIT}"]


def displaced(movies: Sequence[Mapping[str, Any]], radius: float) -> list[str]:
    """Remark pairs that are displaced: all alike, as by half a pixel, or by place and time."""
    import numpy as np

    apart, where, when = ([], [], [])
    for m in movies:
        pairs = m["match"].pairs
        apart.append(m["p"][pairs[:, 0]] - m["t"][pairs[:, 1]])
        where.append(m["t"][pairs[:, 1], :2])
        when.append(m["of t"][pairs[:, 1]])
    off, at, of = np.concatenate(apart), np.concatenate(where), np.concatenate(when)
    if len(off) < 40:
        return []
    shift, sure = np.median(off, axis=0), 1.25 * off.std(axis=0) / np.sqrt(len(off))
    if not (np.abs(shift) > np.maximum(5 * sure, 2.0)).any():
        return []
    halves = [values < np.median(values) for values in (*at.T, of)]
    differ = [
        np.abs(np.median(off[h], axis=0) - np.median(off[~h], axis=0))
        for h in halves
        if min(h.sum(), (~h).sum()) >= 20
    ]
    named = ", ".join(f"{axis} {value:+.0f} nm" for axis, value in zip("xyz", shift, strict=False))
    alike = all((d < np.maximum(0.25 * np.abs(shift).max(), 8 * sure)).all() for d in differ)
    left = np.sqrt((((off - shift)[:, :2]) ** 2).sum(axis=1).mean())
    before = np.sqrt((off[:, :2] ** 2).sum(axis=1).mean())
    if alike and (left < 0.8 * before or np.abs(shift[2:]).sum() > 5):
        return [
            f"All pairs are shifted alike: localisations lie at {named} of their emitters (median). Programs"
            " differ by half a pixel in where 0 is; RMSE and efficiency count the shift. Correct it in one of"
            " the tables, if that is what it is."
        ]
    return [
        f"Pairs are displaced ({named}, median), not alike in all parts of the field and the movie, or too"
        f" far for the radius of {radius:g} nm: by drift, another pixel size, or a shift. RMSE counts it."
    ]


def _far_better(
    movie: Mapping[str, Any], other: Mapping[str, Any], radius: float, axial: float
) -> tuple[int, int] | None:
    """Pairs as given and changed, where the change finds far more: by the sign test, and by a tenth.

    It must also find a third of what there is: what fits a few rows only is not the frame of the table.
    """
    from scipy.stats import binom

    given, changed = (set(matched(m, radius, axial).pairs[:, 0].tolist()) for m in (movie, other))
    more, fewer = len(changed - given), len(given - changed)
    if (
        len(changed) > 0.3 * min(len(movie["p"]), len(movie["t"]))
        and more + fewer
        and more - fewer > 0.1 * max(len(given), 10)
        and binom.sf(more - 1, more + fewer, 0.5) < 1e-6
    ):
        return len(given), len(changed)
    return None
