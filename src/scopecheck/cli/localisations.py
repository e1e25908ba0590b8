"""`scopecheck score localisations`: judge localised molecules that any program made."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scopecheck.cli.options import (
    AsJson,
    FailOn,
    by_measure,
    check_choice,
    doubts,
    end,
    fail_words,
    number,
    positive,
    print_table,
)
from scopecheck.errors import InputError
from scopecheck.score.rules import fractions

if TYPE_CHECKING:
    from scopecheck.score.localisations import LocalisationsScore


def localisations(
    found: Annotated[
        Path, typer.Argument(metavar="FOUND", help="Localisations: a table, or a folder of them.")
    ],
    true: Annotated[Path, typer.Argument(metavar="TRUTH", help="Emitters, likewise.")],
    radius: Annotated[str, typer.Option(help="Largest lateral distance of a pair, nm.")] = "250",
    axial: Annotated[str, typer.Option(help="In 3D, the largest axial distance of a pair, nm.")] = "500",
    pixel_size: Annotated[
        str | None, typer.Option(help="Nanometres a pixel, where a table is in pixels.")
    ] = None,
    units: Annotated[
        str | None, typer.Option(help="nm, um or px: of a table whose headings name no unit.")
    ] = None,
    merge: Annotated[
        str | None,
        typer.Option(help="Count molecules, too: NM,FRAMES that one molecule may move and stay dark: 60,2."),
    ] = None,
    tolerance: Annotated[
        str | None,
        typer.Option(help="0.1 for all, or missed_fraction=0.2 and others with commas. Declare it before."),
    ] = None,
    truth_uncertainty: Annotated[
        str | None, typer.Option(help="The truth's own systematic uncertainty: localisations=0.02.")
    ] = None,
    as_given: Annotated[
        bool, typer.Option("--as-given", help="Go on where tables seem turned, swapped or in another unit.")
    ] = False,
    as_json: AsJson = False,
    fail_on: FailOn = None,
) -> None:
    """Judge localised molecules against emitters that are known, beside what chance would score.

    Reads tables with headings (ThunderSTORM, SMAP, Elyra, any CSV with frame, x [nm], y [nm]), Picasso's
    and DECODE's HDF5. Frame by frame, localisations and emitters are paired one to one. Chance is drawn
    twice: as many at random places, and the same ones in wrong frames. Each movie is one independent
    acquisition.
    Ends with 0 when judged, whatever the verdict; with 2 on bad input.
    """
    from scopecheck.score.localisations import score_localisations

    failing, limits = fail_words(fail_on), by_measure("tolerance", tolerance)
    unsure = doubts(by_measure("truth-uncertainty", truth_uncertainty), relative=True)
    fractions(limits)
    if units is not None:
        check_choice("units", units, ("nm", "um", "px"))
    score = score_localisations(
        found,
        true,
        radius=_nanometres("radius", radius),
        axial=_nanometres("axial", axial),
        pixel_size=None if pixel_size is None else _nanometres("pixel-size", pixel_size),
        units=units,
        merge=None if merge is None else _merge(merge),
        tolerance=limits,
        truth_uncertainty=unsure,
        as_given=as_given,
    )
    if as_json:
        typer.echo(json.dumps(_content(score, found, true), indent=1, ensure_ascii=False))
    else:
        _show(score, found, true)
    end(score.rows, failing)


def _nanometres(option: str, text: str) -> float:
    return positive(option, text, "nanometres, above 0")


def _merge(text: str) -> tuple[float, int]:
    parts = text.split(",")
    if len(parts) != 2:
        raise InputError(f"--merge: {text}; expected nanometres and frames, such as 60,2.")
    dark = number("merge", parts[1])
    if dark < 0 or dark % 1:
        raise InputError(f"--merge: {text}; the second is a whole number of dark frames, such as 60,2.")
    return _nanometres("merge", parts[0]), int(dark)


def _content(score: LocalisationsScore, found: Path, true: Path) -> dict[str, Any]:
    from scopecheck.record.result import SCHEMA_VERSION, strict

    about: dict[str, Any] = {"schema_version": SCHEMA_VERSION, "prediction": str(found), "truth": str(true)}
    about |= {"scope": score.scope, "n": len(score.files), "radius_nm": score.radius}
    about |= {"axial_nm": score.axial, "arms": [row.model_dump() for row in score.rows]}
    names = ("found", "chance", "radii", "density", "molecules", "files", "notes")
    return strict(about | {name: getattr(score, name) for name in names})


def _show(score: LocalisationsScore, found: Path, true: Path) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    from scopecheck.record.result import caption
    from scopecheck.record.tables import detail, shown, verdicts

    console = Console(highlight=False)
    console.print(f"localisations: {found}\nemitters: {true}", markup=False)
    print_table(console, verdicts(score.rows, score.scope))
    console.print(caption(score.rows))
    table = Table(box=box.SIMPLE_HEAD, title=f"Paired one to one within {score.radius:g} nm")
    for heading in ("", "these", "at random places", "in wrong frames"):
        table.add_column(heading)
    for name in ("jaccard", "precision", "recall"):
        by = [score.chance[wrong] for wrong in ("places", "frames")]
        spread = [f" ± {shown(b['jaccard_sd'], '.3f')}" if name == "jaccard" else "" for b in by]
        luck = [shown(b[name], ".3f") + s for b, s in zip(by, spread, strict=True)]
        table.add_row(name, shown(score.found[name], ".3f"), *luck)
    for name, digits in (("rmse_lateral", ".1f"), ("rmse_axial", ".1f"), ("efficiency", ".3f")):
        if name in score.found:
            luck = [shown(score.chance[wrong][name], digits) for wrong in ("places", "frames")]
            heading = f"{name.replace('_', ' ')} (nm)" if "rmse" in name else name
            table.add_row(heading, shown(score.found[name], digits), *luck)
    print_table(console, table)
    table = Table(box=box.SIMPLE_HEAD, title="At other radii (of as many at random places)")
    for heading in ("radius (nm)", "Jaccard", "RMSE (nm)", "efficiency"):
        table.add_column(heading)
    for at in score.radii:
        told = [
            f"{shown(at[name], digits)} ({shown(at[f'chance {name}'], digits)})"
            for name, digits in (("jaccard", ".3f"), ("rmse_lateral", ".1f"), ("efficiency", ".3f"))
        ]
        table.add_row(f"{at['radius']:g}", *told)
    print_table(console, table)
    sums = {key: sum(file[key] for file in score.files) for key in ("localisations", "emitters", "found")}
    each = "; ".join(f"{value:.3g} {name}" for name, value in score.density.items())
    console.print(
        f"{sums['localisations']} localisations, {sums['emitters']} emitters, {sums['found']} found"
        f" (n = {len(score.files)} movies)." + (f" A frame and square micrometre: {each}." if each else ""),
        markup=False,
    )
    notes = list(score.notes)
    if m := score.molecules:
        over = m["found"] / m["true"] - 1 if m["true"] else float("nan")
        notes.append(
            f"Molecules, where localisations within {m['radius']:g} nm and at most {m['dark_frames']:g} dark"
            f" frames apart are one: {m['found']:.0f} in the localisations, {m['true']:.0f} in the table of"
            f" emitters by the same rule ({over:+.0%})."
        )
        if known := m.get("emitters"):
            notes[-1] += (
                f" By its own column of emitters it holds {known:.0f}: the count of molecules is off by"
                f" {m['found'] / known - 1:+.0%}, and the rule alone by {m['true'] / known - 1:+.0%}."
            )
    for row in score.rows:
        told = [f"no verdict: {row.reason}" if not row.verdict else row.annotation, detail(row)]
        notes.append(f"{row.measurement}: {'; '.join(text for text in told if text)}")
    if all(row.tolerance is None for row in score.rows):
        notes.append("Give --tolerance for a verdict, taken from what your count needs before you look.")
    for note in dict.fromkeys(notes):
        console.print(f"- {note}", markup=False)
