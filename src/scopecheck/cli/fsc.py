"""`scopecheck score fsc`: judge the resolution of half maps that any program made."""

from __future__ import annotations

import json
import math
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scopecheck.cli.options import AsJson, FailOn, end, fail_words, print_table
from scopecheck.errors import InputError

if TYPE_CHECKING:
    from scopecheck.score.fsc import FSCScore


def fsc(
    half1: Annotated[Path, typer.Argument(metavar="HALF1", help="Half map, unmasked and unfiltered (MRC).")],
    half2: Annotated[Path, typer.Argument(metavar="HALF2", help="The other half map.")],
    mask: Annotated[Path | None, typer.Option(help="Mask of the same box, 0 to 1 (MRC).")] = None,
    pixel_size: Annotated[
        float | None, typer.Option(help="Angstrom; by default the header's, unless that says 1.0.")
    ] = None,
    threshold: Annotated[float, typer.Option(help="FSC at which to read the resolution.")] = 0.143,
    claimed: Annotated[float | None, typer.Option(help="The resolution that was claimed, Angstrom.")] = None,
    tolerance: Annotated[
        float | None, typer.Option(help="Of the claim: 0.05 is 5 %. Declare it before.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the random phases.")] = 0,
    as_json: AsJson = False,
    fail_on: FailOn = None,
) -> None:
    """Judge the resolution of two half maps, and refuse to quote one where a check forbids it.

    With a mask, the masked curve is corrected by phase randomisation; the correction is refused where the
    randomised FSC is above 0.2 at the resolution it would give. Ends with 0 when judged, whatever the
    verdict; with 2 on bad input.
    """
    from scopecheck.score.fsc import score_fsc

    failing = fail_words(fail_on)
    if not 0 < threshold < 1:
        raise InputError(f"--threshold: {threshold:g}; expected a correlation between 0 and 1.")
    if pixel_size is not None and not (math.isfinite(pixel_size) and pixel_size > 0):
        raise InputError(f"--pixel-size: {pixel_size:g}; expected Angstrom per voxel, above 0.")
    if tolerance is not None and not 0 < tolerance < 1:
        raise InputError(f"--tolerance: {tolerance:g}; expected a fraction, as 0.05 for 5 %.")
    if seed < 0:
        raise InputError(f"--seed: {seed}; expected a whole number, 0 or above.")
    score = score_fsc(
        half1,
        half2,
        mask=mask,
        pixel_size=pixel_size,
        threshold=threshold,
        claimed=claimed,
        tolerance=tolerance,
        seed=seed,
    )
    if as_json:
        typer.echo(json.dumps(_content(score, half1, half2, mask), indent=1, ensure_ascii=False))
    else:
        _show(score, half1, half2, mask)
    end([score.row] if score.row else [], failing)


def _content(score: FSCScore, half1: Path, half2: Path, mask: Path | None) -> dict[str, Any]:
    from scopecheck.record.result import SCHEMA_VERSION, strict

    about: dict[str, Any] = {"schema_version": SCHEMA_VERSION, "half_maps": [str(half1), str(half2)]}
    about |= {"mask": None if mask is None else str(mask), "box": score.box, "pixel_size_A": score.pixel_size}
    about |= {"threshold": score.threshold, "quoted": score.quoted, "curves": score.found, "raw": score.raw}
    about |= {"checks": score.checks, "arms": [] if score.row is None else [score.row.model_dump()]}
    fscs = {
        name: {"frequency_per_px": curve.frequency, "fsc": curve.fsc, "voxels": curve.counts}
        for name, curve in score.curves.items()
    }
    return strict(about | {"fsc": fscs, "notes": score.notes})


def _ends(interval: list[float]) -> str:
    low, high = ("open" if math.isnan(end) else f"{end:.2f}" for end in interval)
    return f"{low} to {high}"


def _show(score: FSCScore, half1: Path, half2: Path, mask: Path | None) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    from scopecheck.record.result import caption
    from scopecheck.record.tables import interval, percent

    console = Console(highlight=False)

    def say(text: str, hang: str = "") -> None:
        """Print a paragraph broken between words; only a path longer than a line is not whole."""
        typer.echo(textwrap.fill(text, console.width, subsequent_indent=hang, break_on_hyphens=False))

    for name, path in (("half maps: ", half1), (" " * 11, half2), ("mask:      ", mask or "none")):
        say(f"{name}{path}")
    say(f"box {score.box}, {score.pixel_size:.4g} A/px, Nyquist {2 * score.pixel_size:.3g} A")
    table = Table(box=box.SIMPLE_HEAD)
    for heading in ("FSC", f"A at {score.threshold:g}", "90 % interval", "A at 0.5"):
        table.add_column(heading, no_wrap=True)
    notes = list(score.notes)
    for row in score.found:
        none = math.isnan(row["resolution"])
        cells = ["none" if math.isnan(x) else f"{x:.2f}" for x in (row["resolution"], row["at_0.5"])]
        name = "as given" if row["curve"] == "unmasked" and score.raw["masked"] else row["curve"]
        table.add_row(name, cells[0], "" if none else _ends(row["interval"]), cells[1])
        notes += [f"No resolution of the {name} curve: {row['reason']}."] if none else []
    methods: dict[str, list[str]] = {}
    for row in score.found:
        methods.setdefault(row["method"], []).append(row["curve"])
    notes += [f"Interval, {', '.join(curves)}: from {method}." for method, curves in methods.items()]
    print_table(console, table)
    checks = Table(box=box.SIMPLE_HEAD)
    for heading in ("check", "", "said"):
        checks.add_column(heading, no_wrap=heading == "")
    for check in score.checks:
        checks.add_row(check["check"], "ALARM" if check["alarm"] else "quiet", check["said"])
    print_table(console, checks)
    quoted = score.quoted
    if quoted["reason"]:
        say(f"No resolution is quoted: {quoted['reason']}.")
    else:
        text = f"{quoted['resolution']:.2f} A ({quoted['curve']} FSC = {score.threshold:g})"
        if alarms := [check["check"] for check in score.checks if check["alarm"]]:
            text += f"; not to be quoted without the alarm: {', '.join(alarms)}"
        say(f"Resolution: {text}.")
    if (judged := score.row) is not None:
        say(
            f"Claim: {judged.shape} {judged.told.replace('this image', 'this map')}"
            + (f": {judged.reason}" if judged.reason else "")
        )
        if judged.bias is not None:
            told = f"{percent(judged.bias, judged.scale, judged.unit)}, 90 % interval {interval(judged)}"
            say(f"  claimed against found: {told}")
        console.print(caption([judged]))
        if judged.tolerance is None and not judged.reason.startswith("refused"):
            notes.append("Give --tolerance for a verdict, taken from what the map is for, before you look.")
    for note in notes:
        say(f"- {note}", "  ")
