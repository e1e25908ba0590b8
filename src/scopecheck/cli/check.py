"""`scopecheck check`: what can be asked of results without a truth, and what each answer has been worth."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any

import typer

from scopecheck.cli import check_table
from scopecheck.cli.check_table import AsGiven, Limits, Tool
from scopecheck.cli.options import AsJson, check_choice, number, positive, sizes
from scopecheck.errors import InputError

app = typer.Typer(
    no_args_is_help=True,
    help="Check results without a truth: alarm or silent, never good, with what each has been worth.",
)
NUMBERS = ("count", "mean_area", "total_intensity", "area_fraction")
_RANGE = re.compile(r"\s*([\d.]+)\s*:\s*([\d.]+)\s*(px|um|µm)?\s*", re.I)


@app.command()
def labels(
    masks: Annotated[Path, typer.Argument(metavar="MASKS", help="Label images: a file or a folder.")],
    image: Annotated[Path | None, typer.Option(help="Their grey images: a file or a folder.")] = None,
    size: Annotated[
        str | None,
        typer.Option(help="Diameters between which you expect 95 % of the objects: 10:40px, or 6:12um."),
    ] = None,
    pixel_size: Annotated[
        str | None, typer.Option(help="Micrometres: 0.36, or y,x, or z,y,x; by default what the files say.")
    ] = None,
    expect: Annotated[
        Path | None,
        typer.Option(help="Label images that you know to be good, of the same tool: they set the limits."),
    ] = None,
    expect_image: Annotated[Path | None, typer.Option(help="The grey images of --expect.")] = None,
    limit: Limits = None,
    baseline: Annotated[
        str, typer.Option(help="nuclei (bright objects: their number) or texture (confluent cells: area).")
    ] = "nuclei",
    label_way: Annotated[
        str | None,
        typer.Option("--labels", metavar="<str>", help="Number objects anew: connected or linked."),
    ] = None,
    background: Annotated[
        str | None, typer.Option(metavar="<str>", help="Label that is the background: 7, or 0,7.")
    ] = None,
    as_given: AsGiven = False,
    rerun: Annotated[
        str | None,
        typer.Option(
            help="Run a tool again, mirrored and with more noise: cellpose (cyto, 2020), stardist (published"
            " 2D_versatile_fluo) or stardist-kept (the recipe's own). Needs --image and the tool installed."
        ),
    ] = None,
    diameter: Annotated[
        str | None, typer.Option(help="With --rerun cellpose: of the objects, pixels.")
    ] = None,
    tool: Tool = None,
    measure: Annotated[
        str | None, typer.Option(help=f"The number that you will publish: {', '.join(NUMBERS)}.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check label images without a truth.

    A check rings above its limit: one of your own (--limit, --size), one that was declared before, or the
    largest value on label images that you know to be good (--expect). Each file is looked at by itself. Ends
    with 0, whatever rang; with 2 on bad input.
    """
    from scopecheck.score import checks, signs
    from scopecheck.score.check_labels import Asked, check_labels
    from scopecheck.score.rules import Rules

    check_choice("baseline", baseline, ("nuclei", "texture"))
    measure = measure or ("area_fraction" if baseline == "texture" else "count")
    check_choice("measure", measure, NUMBERS)
    if label_way is not None:
        check_choice("labels", label_way, ("connected", "linked"))
    rules = Rules(
        pixel_size=None if pixel_size is None else sizes(pixel_size),
        labels={} if label_way is None else {signs.ALONE: label_way},
        background={} if background is None else {signs.ALONE: _labels_of(background)},
        as_given=as_given,
    )
    asked = Asked(
        size=None if size is None else _size(size),
        baseline=baseline,
        rules=rules,
        limits=checks.named(limit),
        tool=_known(tool),
        measurement=measure,
    )
    more: list[str] = []
    again: dict[str, Any] = {} if rerun is None else _again(rerun, diameter, image, more)
    if rerun is None and diameter is not None:
        raise InputError("--diameter: given without --rerun; sizes that you expect are --size.")
    found = check_labels(masks, image, expect=expect, expect_image=expect_image, asked=asked, **again)
    notes = [*found.notes, *more, _yours(found.about)]
    if as_json:
        about = {"masks": str(masks), "image": None if image is None else str(image), "n": len(found.files)}
        check_table.print_json(about | {"about": found.about}, found.checks, notes)
        return
    head = f"masks: {masks}" + (f"\nimage: {image}" if image else "")
    check_table.show(head, found.checks, len(found.files), notes)


@app.command()
def picks(
    picked: Annotated[Path, typer.Argument(metavar="PICKS", help="Picks: a file, or a folder of them.")],
    diameter: Annotated[
        str | None, typer.Option(help="Of the particle: 108 or 108px, or 190A with --pixel-size.")
    ] = None,
    pixel_size: Annotated[str | None, typer.Option(help="Angstrom per pixel of the micrograph.")] = None,
    shape: Annotated[str | None, typer.Option(help="Rows,columns of a micrograph: 4096,4096.")] = None,
    threshold: Annotated[
        str | None, typer.Option(help="Score at which the picks were cut; by default their lowest.")
    ] = None,
    expect: Annotated[
        Path | None,
        typer.Option(help="Picks that you know to be good, of the same tool: they set the limits."),
    ] = None,
    limit: Limits = None,
    origins: Annotated[str, typer.Option(help="RELION's origins: apply or ignore.")] = "apply",
    third: Annotated[str, typer.Option(help="The third of three plain numbers: auto, z or score.")] = "auto",
    as_json: AsJson = False,
) -> None:
    """Check picked particles without a truth.

    Reads what `scopecheck score picks` reads. A check rings above its limit: one of your own (--limit), one
    that was declared before, or the largest value on picks that you know to be good (--expect). Each
    micrograph is looked at by itself. Ends with 0, whatever rang; with 2 on bad input.
    """
    from scopecheck.cli.picks import pixels, sides
    from scopecheck.score import checks
    from scopecheck.score.check_picks import check_picks

    check_choice("origins", origins, ("apply", "ignore"))
    check_choice("third", third, ("auto", "z", "score"))
    angstrom = None if pixel_size is None else positive("pixel-size", pixel_size)
    found = check_picks(
        picked,
        diameter=pixels("diameter", diameter, angstrom),
        shape=None if shape is None else sides(shape),
        threshold=None if threshold is None else number("threshold", threshold),
        expect=expect,
        limits=checks.named(limit),
        pixel_size=angstrom,
        origins=origins,
        third=third,
    )
    if as_json:
        about = {"picks": str(picked), "n": len(found.files), "n_picks": found.picks}
        check_table.print_json(about, found.checks, found.notes)
        return
    head = f"picks: {picked} ({found.picks} on {len(found.files)} micrographs)"
    check_table.show(head, found.checks, len(found.files), found.notes)


@app.command()
def halves(
    half1: Annotated[Path, typer.Argument(metavar="HALF1", help="Half map, unmasked and unfiltered (MRC).")],
    half2: Annotated[Path, typer.Argument(metavar="HALF2", help="The other half map.")],
    mask: Annotated[Path | None, typer.Option(help="Mask of the same box, 0 to 1 (MRC).")] = None,
    pixel_size: Annotated[
        str | None, typer.Option(help="Angstrom; by default the header's, unless that says 1.0.")
    ] = None,
    claimed: Annotated[
        str | None, typer.Option(help="The resolution that you would write, Angstrom; else read off the FSC.")
    ] = None,
    limit: Limits = None,
    seed: Annotated[int, typer.Option(help="Of the random phases.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Check two half maps without a truth, by the limits that the recipe on FSC traps declared.

    Ends with 0, whatever rang; with 2 on bad input.
    """
    from scopecheck.score import checks
    from scopecheck.score.check_halves import check_halves

    if seed < 0:
        raise InputError(f"--seed: {seed}; expected a whole number, 0 or above.")
    found = check_halves(
        half1,
        half2,
        mask,
        pixel_size=None if pixel_size is None else positive("pixel-size", pixel_size, "Angstrom per voxel"),
        claimed=None if claimed is None else positive("claimed", claimed, "Angstrom"),
        limits=checks.named(limit),
        seed=seed,
    )
    if as_json:
        about: dict[str, Any] = {"half_maps": [str(half1), str(half2)]}
        about |= {
            "mask": None if mask is None else str(mask),
            "box": found.box,
            "pixel_size_A": found.pixel_size,
            "claimed_A": found.claimed,
            "claimed_of": found.curve,
        }
        check_table.print_json(about, found.checks, found.notes)
        return
    read = f", read off the {found.curve} curve at 0.143" if found.curve else ""
    head = f"half maps: {half1}\n           {half2}\nmask:      {mask or 'none'}\n"
    head += f"box {found.box}, {found.pixel_size:.4g} A/px; claimed {found.claimed:.2f} A{read}"
    check_table.show(head, found.checks, 1, found.notes)


@app.command()
def denoised(
    raw: Annotated[Path, typer.Argument(metavar="RAW", help="Images as they came from the camera.")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="What the tool made of them, likewise.")],
    second_raw: Annotated[Path | None, typer.Option(help="A second exposure of each scene.")] = None,
    second_out: Annotated[Path | None, typer.Option(help="What the tool made of the second.")] = None,
    expect: Annotated[
        Path | None, typer.Option(help="Restored images that you know to be good: they set the limits.")
    ] = None,
    expect_raw: Annotated[Path | None, typer.Option(help="The raw images of --expect.")] = None,
    limit: Limits = None,
    tool: Tool = None,
    as_json: AsJson = False,
) -> None:
    """Check denoised or otherwise restored images without a truth.

    A check rings above its limit: one of your own (--limit), one that was declared before, or the largest
    value on images that you know to be good (--expect, --expect-raw). Ends with 0, whatever rang; with 2 on
    bad input.
    """
    from scopecheck.score import checks
    from scopecheck.score.check_denoised import check_denoised

    found = check_denoised(
        raw,
        out,
        second_raw=second_raw,
        second_restored=second_out,
        expect=expect,
        expect_raw=expect_raw,
        limits=checks.named(limit),
        tool=_known(tool),
    )
    if as_json:
        about = {"raw": str(raw), "restored": str(out), "n": len(found.files)}
        check_table.print_json(about, found.checks, found.notes)
        return
    check_table.show(f"raw: {raw}\nrestored: {out}", found.checks, len(found.files), found.notes)


def _again(tool: str, diameter: str | None, image: Path | None, notes: list[str]) -> dict[str, Any]:
    """Load the tool of --rerun, and give its checks."""
    from scopecheck.score import rerun

    check_choice("rerun", tool, rerun.TOOLS)
    if image is None:
        raise InputError(f"--rerun {tool}: needs --image, the grey images that the tool is run on.")
    wide = None if diameter is None else positive("diameter", diameter, "pixels, above 0")
    segment = rerun.loaded(tool, wide)
    return {"extra": rerun.runner(tool, segment, notes), "extra_rules": rerun.rules(tool)}


def _yours(about: dict[str, float]) -> str:
    told = f"{about['objects']:.0f} objects, {about['objects per megapixel']:.0f} a megapixel"
    wide = about.get("median diameter, px")
    return f"Yours: {told}{'' if wide is None else f', median diameter {wide:.3g} px'}."


def _size(text: str) -> tuple[float, float, str]:
    """Read --size."""
    said = f"--size: {text!r}; expected two diameters and their unit, as 10:40px or 6:12um."
    if not (read := _RANGE.fullmatch(text)) or not read[3]:
        raise InputError(said)
    try:
        low, high = float(read[1]), float(read[2])
    except ValueError:
        raise InputError(said) from None
    if not 0 < low < high:
        raise InputError(f"--size: {text!r}; expected the smaller diameter, above 0, before the larger.")
    return low, high, "px" if read[3].lower() == "px" else "um"


def _labels_of(text: str) -> list[int]:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not parts or not all(part.isdigit() for part in parts) or parts == ["0"]:
        raise InputError(f"--background: {text!r}; expected the labels that are background, as 7 or 0,7.")
    return [int(part) for part in parts]


def _known(tool: str | None) -> str | None:
    """Refuse a tool that no recipe's name holds."""
    from scopecheck.score.worth import KINDS

    if tool is not None and not any(tool in recipe for recipe in KINDS):
        raise InputError(f"--tool: no recipe of {tool!r}; recipes with checks are {', '.join(KINDS)}.")
    return tool
