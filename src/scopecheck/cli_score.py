"""`scopecheck score`: judge label images that any tool made."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scopecheck.errors import InputError

if TYPE_CHECKING:
    from scopecheck.scoring import Score

app = typer.Typer(no_args_is_help=True, help="Judge label images that any tool made against true ones.")
FAIL_WORDS = ("FAILS", "UNDETERMINED")
ESTIMANDS = {"mean": "per-acquisition mean", "pooled": "pooled ratio"}


@app.callback()
def _group() -> None:
    pass


@app.command()
def labels(
    predicted: Annotated[Path, typer.Argument(metavar="PRED", help="Predicted labels: a file or a folder.")],
    true: Annotated[Path, typer.Argument(metavar="TRUTH", help="True labels: a file or a folder.")],
    image: Annotated[Path | None, typer.Option(help="Grey image or folder of them, for intensities.")] = None,
    pixel_size: Annotated[
        str | None, typer.Option(help="Micrometres: 0.36, or y,x, or z,y,x; by default what the files say.")
    ] = None,
    unit: Annotated[str | None, typer.Option(help="px or um; um needs a pixel size.")] = None,
    measure: Annotated[
        str | None, typer.Option(help="count,mean_area,total_area,area_fraction,density,total_intensity,...")
    ] = None,
    tolerance: Annotated[
        str | None, typer.Option(help="0.1 for all, or count=0.1,mean_area=-0.05:0.1. Declare it before.")
    ] = None,
    truth_uncertainty: Annotated[
        str | None, typer.Option(help="The truth's own systematic uncertainty: 0.02, or count=0.02,...")
    ] = None,
    threshold: Annotated[float, typer.Option(help="IoU from which two objects are one, for F1.")] = 0.5,
    border: Annotated[str, typer.Option(help="keep or drop objects that touch the edge.")] = "keep",
    scale: Annotated[str, typer.Option(help="relative (fractions) or absolute (the unit).")] = "relative",
    estimand: Annotated[str, typer.Option(help="mean (each file alike) or pooled (sums).")] = "mean",
    background: Annotated[
        float | None, typer.Option(help="Grey level to subtract; by default the median outside objects.")
    ] = None,
    saturation: Annotated[float | None, typer.Option(help="Grey level from which pixels are full.")] = None,
    as_given: Annotated[
        bool, typer.Option("--as-given", help="Go on where names say PRED and TRUTH are swapped.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    fail_on: Annotated[
        str | None, typer.Option(help="Exit with 1 on any of these words: FAILS,UNDETERMINED.")
    ] = None,
) -> None:
    """Judge predicted labels against true ones by what a biologist would publish.

    Folders are paired by file name, and each pair is taken for one independent acquisition. TIFF, OME-TIFF,
    OME-Zarr, PNG and NPY. Ends with 0 when judged, whatever the verdict; with 2 on bad input.
    """
    from scopecheck import scoring

    failing = [word.strip().upper() for word in fail_on.split(",")] if fail_on else []
    if wrong := [word for word in failing if word not in FAIL_WORDS]:
        raise InputError(f"--fail-on: {', '.join(wrong)} is unknown; expected {', '.join(FAIL_WORDS)}.")
    if estimand not in ESTIMANDS:
        raise InputError(f"--estimand: {estimand!r} is not known; expected {' or '.join(ESTIMANDS)}.")
    if scale not in ("relative", "absolute"):
        raise InputError(f"--scale: {scale!r} is not known; expected relative or absolute.")
    measures = [name.strip() for name in measure.split(",") if name.strip()] if measure else None
    limits, doubts = _by_measure("tolerance", tolerance), _by_measure("truth-uncertainty", truth_uncertainty)
    if pairs := [name for name, value in doubts.items() if isinstance(value, tuple)]:
        raise InputError(f"--truth-uncertainty: {pairs[0]} has two ends; expected one number.")
    for value in limits.values() if scale == "relative" else ():
        far = max(value if isinstance(value, tuple) else (value,), key=abs)
        if abs(far) >= 1:
            raise InputError(
                f"--tolerance: {far:g} means {100 * far:g} %; write {far / 100:g} for {far:g} %."
            )
    levels = {"background": background, "saturation": saturation}
    if image is None and (lone := [name for name, level in levels.items() if level is not None]):
        raise InputError(f"--{lone[0]}: given without --image; intensities need the grey image.")
    score = scoring.score_labels(
        predicted,
        true,
        image=image,
        pixel_size=None if pixel_size is None else [_number("pixel-size", x) for x in pixel_size.split(",")],
        unit=unit,
        measures=measures,
        tolerance=limits,
        truth_uncertainty=doubts,  # type: ignore[arg-type]
        threshold=threshold,
        border=border,
        scale=scale,
        estimand=ESTIMANDS[estimand],
        background=background,
        saturation=saturation,
        as_given=as_given,
        watch=iter if as_json else _progress,
    )
    if as_json:
        typer.echo(json.dumps(_content(score, predicted, true, border), indent=1, ensure_ascii=False))
    else:
        _show(score, predicted, true)
    if hit := [row.measurement for row in score.rows if row.verdict in failing]:
        typer.echo(f"scopecheck: --fail-on {fail_on}: {', '.join(hit)}", err=True)
        raise typer.Exit(1)


def _number(option: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise InputError(f"--{option}: {text!r} is not a number.") from None


def _by_measure(option: str, text: str | None) -> dict[str, Any]:
    """Numbers by measurement from '0.1' (for all), 'count=0.1,...' or 'count=-0.1:0.2'."""
    found: dict[str, Any] = {}
    for part in (text or "").split(","):
        if not part.strip():
            continue
        name, _, value = part.rpartition("=")
        ends = tuple(_number(option, end) for end in value.split(":"))
        if len(ends) > 2:
            raise InputError(f"--{option}: {part!r} has more than two ends; expected LOW:HIGH or one number.")
        name = name.strip() or "all"
        if name in found:
            raise InputError(f"--{option}: {name} is given twice.")
        found[name] = ends[0] if len(ends) == 1 else ends
    return found


def _progress(pairs: Sequence[Any]) -> Iterable[Any]:
    from rich.console import Console
    from rich.progress import track

    return track(pairs, "Measuring", console=Console(stderr=True), transient=True, disable=len(pairs) < 3)


def _content(score: Score, predicted: Path, true: Path, border: str) -> dict[str, Any]:
    from scopecheck.record.result import SCHEMA_VERSION, strict

    about: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "prediction": str(predicted),
        "truth": str(true),
    }
    about |= {"scope": score.scope, "n": len(score.files), "border": border}
    parts = {"plausibility": score.plausibility, "objects": score.objects, "files": score.files}
    return strict(about | {"arms": [row.model_dump() for row in score.rows]} | parts | {"notes": score.notes})


def _shown(value: float, form: str) -> str:
    return "not defined" if math.isnan(value) else format(value, form)


def _band(tolerance: list[float] | None, scale: str, unit: str) -> str:
    from scopecheck.record.tables import percent, span

    if tolerance is None:
        return "none"
    if tolerance[0] == -tolerance[1]:
        return percent(tolerance[1], scale, unit).replace("+", "±")
    return span([*tolerance], scale, unit)


def _show(score: Score, predicted: Path, true: Path) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    from scopecheck.record.result import caption
    from scopecheck.record.tables import detail, interval, percent

    console = Console(highlight=False)
    console.print(f"prediction: {predicted}\ntruth:      {true}", markup=False)
    table = Table(box=box.SIMPLE_HEAD)
    for heading in ("measurement", "verdict", "scope", "n", "bias", "90 % interval", "tolerance"):
        table.add_column(heading, no_wrap=heading in ("measurement", "scope", "bias"))
    notes = list(score.notes)
    for row in score.rows:
        table.add_row(
            row.measurement,
            f"{row.shape} {row.label or 'no verdict'}"
            + (f": {row.reason}" if row.verdict and row.reason else ""),
            row.scope or score.scope,
            str(row.n),
            "" if row.bias is None else percent(row.bias, row.scale, row.unit),
            "" if row.bias is None else interval(row),
            _band(row.tolerance, row.scale, row.unit),
        )
        values = [
            _shown(statistics.fmean(file[key][row.measurement] for file in score.files), ".5g")
            for key in ("predicted", "true")
        ]
        told = [f"{values[0]} measured, {values[1]} true (mean of files)" if len(score.files) > 1 else ""]
        told[0] = told[0] or f"{values[0]} measured, {values[1]} true"
        told += [
            "" if row.verdict else f"no verdict: {row.reason}",
            row.annotation if row.verdict else "",
            detail(row),
        ]
        notes.append(
            f"{row.measurement} ({row.unit or 'fraction'}): {'; '.join(text for text in told if text)}"
        )
    console.print(table)
    looks = ", ".join(f"{name} {_shown(value, '.2f')}" for name, value in score.plausibility.items())
    counted = ", ".join(f"{count} {name}" for name, count in score.objects.items())
    console.print(f"How it looks: {looks} ({counted})", markup=False)
    console.print(caption(score.rows))
    if score.scope == "image":
        notes.append("One pair of files: a word speaks of this image only.")
    if all(row.tolerance is None for row in score.rows):
        notes.append("Give --tolerance for a verdict, taken from your biology before you look.")
    notes += [
        f"{file['name']}, {what}: {text}" for file in score.files for what, text in file["notes"].items()
    ]
    for note in dict.fromkeys(notes):
        console.print(f"- {note}", markup=False)
