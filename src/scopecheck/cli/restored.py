"""`scopecheck score restored`: judge denoised, deconvolved or otherwise restored images."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scopecheck.cli.options import (
    AsJson,
    FailOn,
    by_measure,
    doubts,
    end,
    fail_words,
    positive,
    print_table,
)
from scopecheck.errors import InputError
from scopecheck.score.rules import fractions

if TYPE_CHECKING:
    from scopecheck.score.restored import RestoredScore


def restored(
    raw: Annotated[Path, typer.Argument(metavar="RAW", help="Images as they came from the camera.")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="What the tool made of them, likewise.")],
    true: Annotated[Path, typer.Argument(metavar="TRUTH", help="The same places, known: likewise.")],
    fit: Annotated[
        bool, typer.Option("--fit", help="One gain and offset for all restored images, to the truth's unit.")
    ] = False,
    conditions: Annotated[
        str | None, typer.Option(help="Two conditions by their file names: control=ctl*,treated=drug*.")
    ] = None,
    nulls: Annotated[
        Path | None, typer.Option(help="Folder of stacks: the tool on 10 or more other exposures of each.")
    ] = None,
    sigma: Annotated[
        str | None, typer.Option(help="With --nulls: s.d. of the finest structure drawn, pixels.")
    ] = None,
    pixel_size: Annotated[str | None, typer.Option(help="Micrometres a pixel.")] = None,
    tolerance: Annotated[
        str | None, typer.Option(help="light=0.1, or invented=2 and others with commas. Declare it before.")
    ] = None,
    truth_uncertainty: Annotated[
        str | None, typer.Option(help="The truth's own systematic uncertainty: light=0.02.")
    ] = None,
    as_given: Annotated[
        bool, typer.Option("--as-given", help="Go on where images are moved against each other.")
    ] = False,
    as_json: AsJson = False,
    fail_on: FailOn = None,
) -> None:
    """Judge restored images against a truth, beside the raw images they were made of.

    Light is the mean grey value where the truth is bright (above Otsu's threshold, once smoothed by a pixel),
    less that of its dimmer half. Each file is one independent acquisition. Beside each score stand that of
    the raw image and that of a flat picture. Ends with 0 when judged, whatever the verdict; with 2 on bad
    input.
    """
    from scopecheck.score.restored import score_restored

    failing, limits = fail_words(fail_on), by_measure("tolerance", tolerance)
    fractions({name: value for name, value in limits.items() if name in ("light", "all")})
    unsure = by_measure("truth-uncertainty", truth_uncertainty)
    of_light = doubts(
        {name: value for name, value in unsure.items() if name in ("light", "all")}, relative=True
    )
    of_places = doubts(
        {name: value for name, value in unsure.items() if name not in of_light}, relative=False
    )
    score = score_restored(
        raw,
        out,
        true,
        fit=fit,
        conditions=None if conditions is None else _conditions(conditions),
        nulls=nulls,
        sigma=None if sigma is None else positive("sigma", sigma, "pixels, above 0"),
        pixel_size=None if pixel_size is None else positive("pixel-size", pixel_size, "micrometres, above 0"),
        tolerance=limits,
        truth_uncertainty=of_light | of_places,
        as_given=as_given,
    )
    if as_json:
        typer.echo(json.dumps(_content(score, raw, out, true), indent=1, ensure_ascii=False))
    else:
        _show(score, raw, out, true)
    end(score.rows, failing)


def _conditions(text: str) -> dict[str, str]:
    parts = [part.partition("=") for part in text.split(",")]
    if len(parts) != 2 or not all(name and pattern for name, _, pattern in parts):
        raise InputError(
            f"--conditions: {text}; expected two names and patterns: control=ctl*,treated=drug*."
        )
    return {name.strip(): pattern.strip() for name, _, pattern in parts}


def _content(score: RestoredScore, raw: Path, out: Path, true: Path) -> dict[str, Any]:
    from scopecheck.record.result import SCHEMA_VERSION, strict

    about: dict[str, Any] = {"schema_version": SCHEMA_VERSION, "raw": str(raw), "prediction": str(out)}
    about |= {"truth": str(true), "scope": score.scope, "n": len(score.files)}
    about["arms"] = [row.model_dump() for row in score.rows]
    return strict(about | {name: getattr(score, name) for name in ("scores", "ratio", "files", "notes")})


def _show(score: RestoredScore, raw: Path, out: Path, true: Path) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    from scopecheck.record.result import caption
    from scopecheck.record.tables import detail, shown, verdicts

    console = Console(highlight=False)
    console.print(f"raw: {raw}\nrestored: {out}\ntruth: {true}", markup=False)
    print_table(console, verdicts(score.rows, score.scope))
    console.print(caption(score.rows))
    console.print("Fitted: after the best gain and offset. As given: means something in one unit alone.")
    table = Table(box=box.SIMPLE_HEAD, title="Against the truth, over all pixels (mean over acquisitions)")
    for heading in ("", "restored", "raw", "a flat picture"):
        table.add_column(heading)
    names = {"light": "light over true light", "r": "correlation", "psnr_fitted": "PSNR, fitted (dB)"}
    names |= {"ssim_fitted": "SSIM, fitted", "slope": "slope, as given", "offset": "offset, as given"}
    names |= {"psnr": "PSNR, as given (dB)", "ssim": "SSIM, as given"}
    for name, said in names.items():
        if name in score.scores["restored"]:
            by = [score.scores[kind][name] for kind in ("restored", "raw", "flat")]
            table.add_row(said, *(shown(value, ".1f" if "psnr" in name else ".3f") for value in by))
    print_table(console, table)
    notes = list(score.notes)
    kept = score.scores["restored"]
    if "residual_x" in kept:
        notes.append(
            f"Raw less restored: neighbours correlate {kept['residual_x']:+.2f} along x and"
            f" {kept['residual_y']:+.2f} along y; 0 where noise was taken and nothing else."
        )
    if told := score.ratio:
        said = (
            f"Light of {told['second']} over {told['first']} (n = {told['n_second']} and {told['n_first']}):"
        )
        said += (
            f" true {told['truth']:.2f}, restored {told['restored']:.2f}, raw {told['raw']:.2f}; a picture"
        )
        said += " that tells nothing has 1."
        if "error" in told:
            said += f" The restored ratio is off by {told['error']:+.1%}"
            ends = told.get("interval")
            few = "; two acquisitions of each condition would give an interval"
            said += f" (90 % interval {ends[0]:+.1%} to {ends[1]:+.1%})." if ends else f"{few}."
        notes.append(said)
    for row in score.rows:
        told_of = [f"no verdict: {row.reason}" if not row.verdict else row.annotation, detail(row)]
        notes.append(f"{row.measurement}: {'; '.join(text for text in told_of if text)}")
    if not any(row.measurement == "invented" for row in score.rows):
        notes.append(
            "Whether structure was invented or lost cannot be told from one exposure: give the tool 10 others"
            " of the same scene, and --nulls and --sigma."
        )
    if all(row.tolerance is None for row in score.rows):
        notes.append("Give --tolerance for a verdict, taken from what your number needs before you look.")
    for note in dict.fromkeys(notes):
        console.print(f"- {note}", markup=False)
