"""`scopecheck locate`: how an image was taken, and whether that was tested."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scopecheck.cli.options import AsJson, print_table

if TYPE_CHECKING:
    from scopecheck.score.locate import Place

UNITS = {
    "photons": "in a bright pixel, above background",
    "blur": "pixels (s.d.)",
    "diameter": "pixels",
    "coverage": "of the field",
    "touching": "of the objects",
    "contrast": "times the noise",
    "noise": "grey values (s.d.)",
    "background": "photons a pixel",
    "objects": "",
}
HELD = ("inside, as known", "inside, as estimated")  # images that were not swept, of the envelope's record


def locate(
    image: Annotated[Path, typer.Argument(metavar="IMAGE", help="One plane as it came from the camera.")],
    masks: Annotated[
        Path | None, typer.Option(help="Its label image; else a threshold finds the objects.")
    ] = None,
    offset: Annotated[float | None, typer.Option(help="Grey value of a dark pixel, if you know it.")] = None,
    as_given: Annotated[
        bool, typer.Option("--as-given", help="Go on with a processed image; its light is not estimated.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Estimate light, blur, size and density of an image, and what a tool is expected to be off by there.

    What is expected comes from the settings that `scopecheck sweep` went through on simulated nuclei: the
    error, interpolated between the settings around those of the image, and a span made to hold the error of
    nine in ten images that were not swept. "Inside, as known" counts how many it held at known settings;
    "inside, as estimated" at settings that were estimated from the image, as they are here; each first of
    simulated images, then of real nuclei that were taken again, of which the spans hold fewer. It says
    "outside everything tested" where there are no such settings.

    Refused is an image that shows traces of interpolation, denoising or compression, unless --as-given. What
    leaves no trace in the noise is not told: an image made smaller, most of all by averaging, some denoising,
    a fine JPEG that was cropped since, sharpening. Its light is then wrong. Give the file that the microscope
    wrote.
    """
    from scopecheck.score.locate import locate as find

    place = find(image, masks, offset=offset, as_given=as_given)
    if as_json:
        from scopecheck.record.result import strict

        typer.echo(json.dumps(strict(_content(place)), indent=1, ensure_ascii=False))
        return
    _say(place)


def _content(place: Place) -> dict[str, Any]:
    return {
        "image": str(place.image),
        "objects_by": place.by,
        "estimates": {name: getattr(place.found, name) for name in UNITS},
        "why_not": place.found.why,
        "expected": {
            name: {m: one._asdict() if one else None for m, one in several.items()}
            for name, several in place.expected.items()
        },
        "held": {
            name: {m: one._asdict() for m, one in e.held.items()} for name, e in place.envelopes.items()
        },
        "outside": place.outside,
        "tested": {
            name: one._asdict() | {"inside": one.inside(place.found)} for name, one in place.tested.items()
        },
        "notes": place.notes,
    }


def _say(place: Place) -> None:
    from rich.console import Console

    from scopecheck.record.envelope import told

    console = Console(highlight=False, markup=False, soft_wrap=True)
    console.print(f"{place.image}: objects by {place.by}")
    rows = []
    for name, unit in UNITS.items():
        value = getattr(place.found, name)
        if value != value:
            rows.append((name, "unknown", place.found.why.get(name, "no object was found"), ""))
            continue
        tested = "as right as the masks"
        if known := place.tested.get(name):
            tested = known.told() if known.inside(place.found) else f"OUTSIDE: {known.told()}"
        rows.append((name, f"{value:.3g}", unit, tested))
    _table(["estimate", "value", "", "estimator tested"], rows)
    for name, several in place.expected.items():
        envelope = place.envelopes[name]
        if missing := place.outside[name]:
            said = "; ".join(f"{k}: swept from {low:g} to {high:g}" for k, (low, high) in missing.items())
            console.print(f"{name}: outside everything tested ({said})")
            continue
        console.print(f"{name}: {envelope.source}, {envelope.n} images a setting")
        lines = []
        for measurement, one in several.items():
            relative, band = envelope.relative[measurement], envelope.tolerance[measurement]
            limits = f"{told(band[0], relative)} to {told(band[1], relative)}"
            error, spread = "not run at a setting around yours", ""
            if one is not None:
                error = told(one.bias, relative)
                spread = f"{told(one.low, relative)} to {told(one.high, relative)}"
            held = envelope.held[measurement].told() if measurement in envelope.held else ("not asked",) * 2
            lines.append((measurement, error, spread, *held, limits))
        _table(["number", "expected error", "span", *HELD, "tolerance"], lines)
    for note in place.notes:
        console.print(f"note: {note}")


def _table(headings: list[str], rows: Sequence[tuple[str, ...]]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(*headings, box=box.SIMPLE_HEAD)
    for row in rows:
        table.add_row(*row)
    print_table(Console(highlight=False, markup=False), table)
