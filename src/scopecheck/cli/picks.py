"""`scopecheck score picks`: judge picked particles that any program made."""

from __future__ import annotations

import json
import re
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
    from scopecheck.score.picks import PicksScore


def picks(
    picked: Annotated[Path, typer.Argument(metavar="PICKS", help="Picks: a file, or a folder of them.")],
    true: Annotated[Path, typer.Argument(metavar="TRUTH", help="True particles, likewise.")],
    diameter: Annotated[
        str | None, typer.Option(help="Of the particle: 108 or 108px, or 190A with --pixel-size.")
    ] = None,
    radius: Annotated[
        str | None, typer.Option(help="Largest distance of a pair; by default a quarter of the diameter.")
    ] = None,
    pixel_size: Annotated[str | None, typer.Option(help="Angstrom per pixel of the micrograph.")] = None,
    shape: Annotated[
        str | None, typer.Option(help="Rows,columns: 4096,4096; of a tomogram planes,rows,columns.")
    ] = None,
    micrograph: Annotated[str | None, typer.Option(metavar="NAME", help="Judge this one alone.")] = None,
    flipped: Annotated[
        str | None, typer.Option(help="picks, truth or both: counts y from the other edge, as CryoPPP does.")
    ] = None,
    min_score: Annotated[
        str | None, typer.Option(help="Judge the picks that score at least this; else all that are given.")
    ] = None,
    missing: Annotated[
        str | None,
        typer.Option(help="A micrograph without a file in PICKS: none (nothing picked) or skip (left out)."),
    ] = None,
    origins: Annotated[
        str, typer.Option(help="RELION's origins: apply (centre = coordinate - origin) or ignore.")
    ] = "apply",
    third: Annotated[str, typer.Option(help="The third of three plain numbers: auto, z or score.")] = "auto",
    tolerance: Annotated[
        str | None,
        typer.Option(help="0.1 for all, or delivered=0.1 and others with commas between. Declare it before."),
    ] = None,
    truth_uncertainty: Annotated[
        str | None, typer.Option(help="The truth's own systematic uncertainty: 0.02, or delivered=0.02,...")
    ] = None,
    as_given: Annotated[
        bool,
        typer.Option("--as-given", help="Go on where picks seem flipped, swapped or of another binning."),
    ] = False,
    pair: Annotated[
        str | None,
        typer.Option(
            help="How micrographs pair, where the guess fails: '*_{}_DW={}' ({} is what both names share, *"
            " is anything), or a CSV table of two columns, name in the picks and name in the truth."
        ),
    ] = None,
    as_json: AsJson = False,
    fail_on: FailOn = None,
) -> None:
    """Judge picked particles against true ones, beside what as many random points would score.

    Reads RELION .star (autopick.star and job folders too), .box, .cbox, CryoPPP, EMAN and Topaz tables and
    cryoSPARC .cs, whose y is turned. With z, picks are matched in the tomogram. Micrographs are paired by
    name; each is one independent acquisition. Lengths are pixels of the micrograph unless they end in A.
    Ends with 0 when judged, whatever the verdict; with 2 on bad input.
    """
    from scopecheck.score.picks import score_picks

    failing = fail_words(fail_on)
    limits = by_measure("tolerance", tolerance)
    unsure = doubts(by_measure("truth-uncertainty", truth_uncertainty), relative=True)
    fractions(limits)
    if missing is not None:
        check_choice("missing", missing, ("none", "skip"))
    check_choice("origins", origins, ("apply", "ignore"))
    check_choice("third", third, ("auto", "z", "score"))
    angstrom = None if pixel_size is None else positive("pixel-size", pixel_size)
    if flipped is not None:
        check_choice("flipped", flipped, ("picks", "truth", "both"))
        if shape is None:
            raise InputError(f"--flipped {flipped}: needs --shape, the micrograph's rows,columns.")
    score = score_picks(
        picked,
        true,
        radius=pixels("radius", radius, angstrom),
        diameter=pixels("diameter", diameter, angstrom),
        shape=None if shape is None else sides(shape),
        micrograph=micrograph,
        missing=missing,
        min_score=None if min_score is None else number("min-score", min_score),
        pixel_size=angstrom,
        origins=origins,
        third=third,
        flipped=("picks", "truth") if flipped == "both" else (flipped,) if flipped else (),
        tolerance=limits,
        truth_uncertainty=unsure,
        as_given=as_given,
        pairing=pair,
        watch=iter if as_json else _progress,
    )
    if as_json:
        typer.echo(json.dumps(_content(score, picked, true, angstrom), indent=1, ensure_ascii=False))
    else:
        _show(score, picked, true, angstrom)
    end(score.rows, failing)


def pixels(option: str, text: str | None, angstrom: float | None) -> float | None:
    """Pixels from '108', '108px' or '190A'."""
    if text is None:
        return None
    bare, unit = re.fullmatch(r"(.*?)\s*(px|A|Å)?", text.strip(), re.I).groups()  # type: ignore[union-attr]
    value = positive(option, bare)
    if (unit or "px").lower() == "px":
        return value
    if angstrom is None:
        raise InputError(f"--{option} {text}: needs --pixel-size, Angstrom per pixel; or give pixels.")
    return value / angstrom


def sides(text: str) -> tuple[int, ...]:
    """Read --shape."""
    sides = [number("shape", side) for side in text.split(",")]
    if len(sides) not in (2, 3) or any(side < 1 or side % 1 for side in sides):
        raise InputError(
            f"--shape: {text}; expected rows,columns (of a tomogram planes,rows,columns) in whole pixels,"
            " such as 4096,4096."
        )
    return tuple(int(side) for side in sides)


def _progress(names: Any) -> Any:
    from rich.console import Console
    from rich.progress import track

    return track(names, "Matching", console=Console(stderr=True), transient=True, disable=len(names) < 3)


def _content(score: PicksScore, picked: Path, true: Path, angstrom: float | None) -> dict[str, Any]:
    from scopecheck.record.result import SCHEMA_VERSION, strict

    about: dict[str, Any] = {"schema_version": SCHEMA_VERSION, "prediction": str(picked)}
    about["truth"] = str(true)
    about |= {"scope": score.scope, "n": len(score.files), "radius_px": score.radius}
    about |= {"pixel_size_angstrom": angstrom, "arms": [row.model_dump() for row in score.rows]}
    names = ("plausibility", "found", "chance", "radii", "curve", "files", "notes")
    return strict(about | {name: getattr(score, name) for name in names})


def _show(score: PicksScore, picked: Path, true: Path, angstrom: float | None) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    from scopecheck.record.result import caption
    from scopecheck.record.tables import detail, shown, verdicts

    def length(px: float) -> str:
        return f"{px:.4g} px" + (f" ({px * angstrom:.4g} A)" if angstrom else "")

    console = Console(highlight=False)
    console.print(f"picks: {picked}\ntruth: {true}", markup=False)
    print_table(console, verdicts(score.rows, score.scope))
    console.print(caption(score.rows))
    table = Table(box=box.SIMPLE_HEAD, title=f"Matched one to one within {length(score.radius)}")
    for heading in ("", "these picks", "as many random points"):
        table.add_column(heading, no_wrap=True)
    for name, value in score.found.items():
        by_chance, sd = score.chance.get(name), score.chance.get(f"{name}_sd")
        spread = "" if sd is None else f" ± {shown(sd, '.3f')}"
        table.add_row(name, shown(value, ".3f"), "" if by_chance is None else f"{by_chance:.3f}{spread}")
    table.add_row("any-hit, several picks to one particle", "", f"{score.chance['any_hit']:.3f}")
    print_table(console, table)
    table = Table(box=box.SIMPLE_HEAD, title="At other radii")
    for heading in ("radius", "precision", "recall"):
        table.add_column(heading)
    for at in score.radii:
        table.add_row(length(at["radius"]), shown(at["precision"], ".3f"), shown(at["recall"], ".3f"))
    print_table(console, table)
    if score.curve:
        print_table(console, _thresholds(score))
    looks = ", ".join(f"{name} {value:.4g}" for name, value in score.plausibility.items())
    console.print(f"How it looks: {looks}", markup=False)
    sums = {key: sum(file[key] for file in score.files) for key in ("picks", "particles", "delivered")}
    console.print(
        f"{sums['picks']} picks, {sums['particles']} true particles, {sums['delivered']} delivered,"
        f" {sums['picks'] - sums['delivered']} picks that are none (n = {len(score.files)} micrographs)",
        markup=False,
    )
    notes = list(score.notes)
    for row in score.rows:
        told = [f"no verdict: {row.reason}" if not row.verdict else row.annotation, detail(row)]
        notes.append(f"{row.measurement}: {'; '.join(text for text in told if text)}")
    if score.scope == "image":
        notes.append("One micrograph: a word speaks of this one only.")
    if all(row.tolerance is None for row in score.rows):
        notes.append("Give --tolerance for a verdict, taken from what your map needs before you look.")
    for note in dict.fromkeys(notes):
        console.print(f"- {note}", markup=False)


def _thresholds(score: PicksScore) -> Any:
    """Lay out precision and recall at a few thresholds of the score."""
    from rich import box
    from rich.table import Table

    from scopecheck.record.tables import shown

    table = Table(box=box.SIMPLE_HEAD, title="Of all picks, those that score at least this (random points)")
    for heading in ("score", "picks", "precision", "recall"):
        table.add_column(heading)
    last = len(score.curve) - 1
    for at in sorted({round(last * part / 6) for part in range(7)}):
        row = score.curve[at]
        both = [
            f"{shown(row[k], '.3f')} ({shown(row[f'chance {k}'], '.3f')})" for k in ("precision", "recall")
        ]
        table.add_row(f"{row['threshold']:.4g}", f"{row['picks']:.0f}", *both)
    return table
