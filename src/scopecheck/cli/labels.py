"""`scopecheck score labels`: judge label images that any tool made."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scopecheck.cli import numbers
from scopecheck.cli.against import difference, show_difference
from scopecheck.cli.options import (
    AsJson,
    FailOn,
    by_measure,
    check_choice,
    doubts,
    end,
    fail_words,
    print_table,
    sizes,
    whole_sides,
)
from scopecheck.errors import InputError
from scopecheck.score.pair_names import few
from scopecheck.score.rules import fractions

if TYPE_CHECKING:
    from scopecheck.score.labels import Score

ESTIMANDS = {"mean": "per-acquisition mean", "pooled": "pooled ratio"}
SHAPES = ("area", "volume")
MEASURES = ("count", *(f"{how}_{what}" for what in SHAPES for how in ("mean", "total")))
MEASURES += (*(f"{what}_fraction" for what in SHAPES), "density", "total_intensity", "mean_intensity")
SHORT = {"area": "mean_area", "volume": "mean_volume", "intensity": "total_intensity"}


def labels(
    predicted: Annotated[Path, typer.Argument(metavar="PRED", help="Predicted labels: a file or a folder.")],
    true: Annotated[
        Path | None, typer.Argument(metavar="TRUTH", help="True labels: a file or a folder.")
    ] = None,
    image: Annotated[Path | None, typer.Option(help="Grey image or folder of them, for intensities.")] = None,
    pixel_size: Annotated[
        str | None, typer.Option(help="Micrometres: 0.36, or y,x, or z,y,x; by default what the files say.")
    ] = None,
    unit: Annotated[str | None, typer.Option(help="px or um; um needs a pixel size.")] = None,
    measure: Annotated[
        str | None,
        typer.Option(
            help=f"Any of {', '.join(MEASURES)}, with commas between. In short: area, volume (the mean),"
            " intensity (the total)."
        ),
    ] = None,
    tolerance: Annotated[
        str | None,
        typer.Option(
            help="0.1 for all, or count=0.1 and area=-0.05:0.1 with a comma between; with --scale absolute"
            " each with its unit, as 'count=2 objects'. Declare it before."
        ),
    ] = None,
    truth_uncertainty: Annotated[
        str | None,
        typer.Option(help="The truth's own systematic uncertainty: 0.02, or count=0.02,..., as --tolerance."),
    ] = None,
    threshold: Annotated[float, typer.Option(help="IoU from which two objects are one, for F1.")] = 0.5,
    border: Annotated[str, typer.Option(help="keep or drop objects that touch the edge.")] = "keep",
    scale: Annotated[
        str, typer.Option(help="relative (fractions of the truth) or absolute (differences, in the unit).")
    ] = "relative",
    estimand: Annotated[str, typer.Option(help="mean (each file alike) or pooled (sums).")] = "mean",
    background: Annotated[
        list[str] | None,
        typer.Option(
            metavar="<str>",
            help="Label that is the background where it is not 0: 7, or 0,7, or truth=7. (The grey level is"
            " --grey-background.)",
        ),
    ] = None,
    label_way: Annotated[
        list[str] | None,
        typer.Option(
            "--labels",
            metavar="<str>",
            help="Number objects anew: connected (each piece of one value; for masks, classes), linked (the"
            " planes of a stack joined); or which outlines are meant: nuclei (of QuPath's cells), class:Tumor"
            " (QuPath's class), rois (of an OME-TIFF). For one side, truth=connected.",
        ),
    ] = None,
    grey_background: Annotated[
        str | None,
        typer.Option(
            help="Grey level to subtract: one for all images; or image, of each image the median outside all"
            " objects; or a CSV table of image,level. By default, for each label image the median outside its"
            " own objects."
        ),
    ] = None,
    saturation: Annotated[float | None, typer.Option(help="Grey level from which pixels are full.")] = None,
    as_given: Annotated[
        bool,
        typer.Option(
            "--as-given",
            help="Go on where names say PRED and TRUTH are swapped, a file looks wrong, another frame fits.",
        ),
    ] = False,
    pair: Annotated[
        str | None,
        typer.Option(
            help="How names pair, where the guess fails: '{}_p.tif={}_t.tif' ({} is what both share, * is"
            " anything), or a CSV table of prediction,truth."
        ),
    ] = None,
    shape: Annotated[
        str | None,
        typer.Option(help="Rows,columns (or planes,rows,columns) of the images that outlines were drawn on."),
    ] = None,
    children: Annotated[
        Path | None,
        typer.Option(help="Predicted labels of what lies inside the objects: spots a cell, nuclei a cell."),
    ] = None,
    truth_children: Annotated[Path | None, typer.Option(help="The true ones.")] = None,
    source: Annotated[
        str | None,
        typer.Option("--from", help="table: PRED and TRUTH are tables with a row a field, not label images."),
    ] = None,
    field: Annotated[str | None, typer.Option(help="Of a table, the column of the fields' names.")] = None,
    value: Annotated[
        str | None,
        typer.Option(help="Column of the tool's number; of objects count, total:COLUMN or mean:COLUMN."),
    ] = None,
    truth_field: Annotated[str | None, typer.Option(help="Column of the names in TRUTH, if another.")] = None,
    truth_value: Annotated[
        str | None, typer.Option(help="Column of the true number, if another, or in PRED without a TRUTH.")
    ] = None,
    decimal: Annotated[str | None, typer.Option(help="point or comma, where a table leaves it open.")] = None,
    level: Annotated[
        str | None,
        typer.Option(
            help="Of a table, the column of what is independent, or field; of folders, field. By default"
            " animal or well, where a column or the fields' names say them."
        ),
    ] = None,
    all_fields: Annotated[
        Path | None, typer.Option(help="Table of all fields' names, where PRED has a row an object.")
    ] = None,
    against: Annotated[
        Path | None,
        typer.Option(
            help="What another tool made of the same fields: both are judged, and their difference."
        ),
    ] = None,
    as_json: AsJson = False,
    fail_on: FailOn = None,
) -> None:
    """Judge predicted labels against true ones by what a biologist would publish.

    Folders are paired by file name, and each pair is taken for one independent acquisition; pairs of one well
    or animal, where the files' names say it, are averaged first. TIFF, OME-TIFF,
    OME-Zarr, PNG, NPY and Cellpose's _seg.npy; outlines of QuPath (GeoJSON), ImageJ (ROI zip) and OMERO
    (OME-XML). Ends with 0 when judged, whatever the verdict; with 2 on bad input.
    """
    from scopecheck.record.result import strict
    from scopecheck.score import grey_levels, signs
    from scopecheck.score.against import score_two
    from scopecheck.score.labels import score_labels
    from scopecheck.score.rules import Rules

    failing = fail_words(fail_on)
    check_choice("estimand", estimand, tuple(ESTIMANDS))
    check_choice("scale", scale, ("relative", "absolute"))
    check_choice("border", border, ("keep", "drop"))
    if unit is not None:
        check_choice("unit", unit, ("px", "um"))
    measures = [name.strip() for name in measure.split(",") if name.strip()] if measure else None
    for name in measures or ():
        check_choice("measure", name, (*MEASURES, *SHORT))
    measures = [SHORT.get(name, name) for name in measures] if measures else None
    if not 0 < threshold <= 1:
        raise InputError(f"--threshold: {threshold:g} is no IoU; expected above 0 and not above 1.")
    units: dict[str, dict[str, str]] = {"tolerance": {}, "truth_uncertainty": {}}
    limits = _named("tolerance", tolerance, units["tolerance"], scale)
    unsure = doubts(
        _named("truth-uncertainty", truth_uncertainty, units["truth_uncertainty"], scale),
        relative=scale == "relative",
    )
    fractions(limits if scale == "relative" else {})
    columns = {"field": field, "value": value, "truth-field": truth_field, "truth-value": truth_value}
    columns |= {
        "decimal": decimal,
        "level": level,
        "all-fields": None if all_fields is None else str(all_fields),
    }
    numbers.check_source(source, predicted, columns)
    if source == "table":
        if lone := [name for name, given in _of_images(locals()).items() if given]:
            raise InputError(f"--{lone[0]}: is for label images, and --from table gives numbers.")
        from scopecheck.score.field_numbers import NumberRules

        number_rules = NumberRules(
            field=field,
            value=value,
            true_field=truth_field,
            true_value=truth_value,
            decimal=decimal,
            level=level,
            every=all_fields,
            tolerance=limits,
            truth_uncertainty=unsure,
            units=units,
            scale=scale,
            estimand=ESTIMANDS[estimand],
            as_given=as_given,
        )
        end([numbers.judge(predicted, true, number_rules, as_json)], failing)
        return
    if true is None:
        raise InputError(
            "missing argument 'TRUTH'; `scopecheck score labels --help` lists what there is. (One table with"
            " a column of truths: --from table --truth-value COLUMN.)"
        )
    if (children is None) != (truth_children is None):
        raise InputError("--children: predicted and true ones are compared; give --truth-children, too.")
    if children is not None and (border == "drop" or against is not None):
        raise InputError("--children: is made for --border keep, and without --against.")
    levels = {"grey-background": grey_background, "saturation": saturation}
    if image is None and (lone := [name for name, level in levels.items() if level is not None]):
        raise InputError(f"--{lone[0]}: given without --image; intensities need the grey image.")
    rules = Rules(
        tolerance=limits,
        truth_uncertainty=unsure,
        units=units,
        scale=scale,
        estimand=ESTIMANDS[estimand],
        measures=measures,
        pixel_size=None if pixel_size is None else sizes(pixel_size),
        unit=unit,
        threshold=threshold,
        border=border,
        grey_background=grey_levels.read(grey_background),
        saturation=saturation,
        labels=_ways(_joined(label_way)),
        background=signs.by_side("background", _joined(background), _label),
        as_given=as_given,
        pairing=pair,
        children=None if children is None or truth_children is None else (children, truth_children),
        shape=None if shape is None else whole_sides(shape),
        level=level,
    )
    watch = iter if as_json else _progress
    if against is not None:
        two = score_two(predicted, against, true, rules, image=image, watch=watch)
        if as_json:
            both = [_content(two.first, predicted, true, border), _content(two.second, against, true, border)]
            content = both[0] | {"against": both[1], "difference": strict(difference(two))}
            typer.echo(json.dumps(content, indent=1, ensure_ascii=False))
        else:
            _show(two.first, predicted, true, threshold)
            _show(two.second, against, true, threshold)
            show_difference(two, predicted, against)
        end([*two.first.rows, *two.second.rows, *two.rows], failing)
        return
    score = score_labels(predicted, true, rules, image=image, watch=watch)
    if as_json:
        typer.echo(json.dumps(_content(score, predicted, true, border), indent=1, ensure_ascii=False))
    else:
        _show(score, predicted, true, threshold)
    end(score.rows, failing)


def _of_images(given: dict[str, Any]) -> dict[str, Any]:
    """The options that label images alone have use for, as they were given."""
    names = "image pixel_size unit measure background label_way grey_background saturation pair shape"
    names += " against children truth_children"
    return {name.replace("_", "-").replace("label-way", "labels"): given[name] for name in names.split()}


def _by_text(files: Sequence[dict[str, Any]]) -> list[str]:
    """One note for each thing that is said of measurements: of which, and in which files."""
    from scopecheck.measure.quantities import DARKER

    said: dict[str, list[tuple[str, str, str]]] = {}
    for file in files:
        for what, texts in file["notes"].items():
            for text in texts.split("; "):
                if DARKER in text:  # told once, with the images, by grey_levels.dark
                    continue
                said.setdefault(text, []).append((*what.split(maxsplit=1), file["name"]))  # type: ignore[arg-type]
    notes = []
    for text, places in said.items():
        sides, names, where = (list(dict.fromkeys(one)) for one in zip(*places, strict=True))
        held = f" in {len(where)} of {len(files)} files ({few(where)})" if len(files) > 1 else ""
        notes.append(f"{text}: {', '.join(names)} of {' and '.join(sides)}{held}.")
    return notes


def _named(option: str, text: str | None, units: dict[str, str], scale: str) -> dict[str, Any]:
    """Numbers by measurement, under its full name; their units go into `units`."""
    read: dict[str, str] = {}
    given = by_measure(option, text, read)
    if twice := [name for name in given if name in SHORT and SHORT[name] in given]:
        raise InputError(f"--{option}: {SHORT[twice[0]]} is given twice, once as {twice[0]}.")
    if scale == "relative" and (odd := next((unit for unit in read.values() if unit), "")):
        raise InputError(
            f"--{option}: {text!r} has the unit {odd!r}; on the relative scale give a fraction, 0.1 for 10 %."
            " Units belong to --scale absolute."
        )
    units |= {SHORT.get(name, name): unit for name, unit in read.items()}
    return {SHORT.get(name, name): value for name, value in given.items()}


def _joined(parts: list[str] | None) -> str | None:
    """One text of an option that may be given for each side."""
    return None if parts is None else ",".join(parts)


def _label(text: str) -> int:
    """Read one number of --background."""
    if not text.isdigit():
        raise InputError(
            f"--background: {text!r} is no label; expected a whole number, the label that is the background."
            " The grey level to subtract from an image is --grey-background."
        )
    return int(text)


def _ways(text: str | None) -> dict[str, str]:
    """Read --labels: one word for both sides, or one a side."""
    from scopecheck.score import signs
    from scopecheck.score.label_files import CLASS

    found = signs.by_side("labels", text, str)
    for words in found.values():
        a_class = len(words) == 1 and words[0].startswith(CLASS) and words[0] != CLASS
        if not a_class:
            check_choice("labels", ",".join(words), ("connected", "linked", "nuclei", "rois", "class:NAME"))
    return {side: words[0] for side, words in found.items()}


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
    about |= {"scope": score.scope, "n": score.n, "border": border}
    parts: dict[str, Any] = {
        "plausibility": score.plausibility,
        "scores": score.scores,
        "chance": score.chance,
    }
    parts |= {"better_than_chance": score.better, "objects": score.objects, "files": score.files}
    return strict(about | {"arms": [row.model_dump() for row in score.rows]} | parts | {"notes": score.notes})


def _scored(name: str, value: float, chance: dict[str, float]) -> str:
    """A score, with what chance scores where that is known and defined."""
    from scopecheck.record.tables import shown

    by_chance = chance.get(name, math.nan)
    return f"{name} {shown(value, '.2f')}" + ("" if math.isnan(by_chance) else f" (chance {by_chance:.2f})")


def _show(score: Score, predicted: Path, true: Path, threshold: float) -> None:
    from rich.console import Console

    from scopecheck.record.result import caption
    from scopecheck.record.tables import detail, shown, verdicts

    console = Console(highlight=False)
    console.print(f"prediction: {predicted}\ntruth:      {true}", markup=False)
    print_table(console, verdicts(score.rows, score.scope))
    notes = list(score.notes)
    for row in score.rows:
        values = [
            shown(statistics.fmean(file[key][row.measurement] for file in score.files), ".5g")
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
    looks, scores = (
        ", ".join(_scored(name, value, score.chance) for name, value in numbers.items())
        for numbers in (score.plausibility, score.scores)
    )
    counted = ", ".join(f"{count} {name}" for name, count in score.objects.items())
    console.print(f"How it looks: {looks} ({counted})", markup=False)
    console.print(f"Matched at IoU {threshold:g}: {scores}", markup=False)
    console.print(caption(score.rows))
    if score.scope == "image":
        notes.append("One pair of files: a word speaks of this image only.")
    if all(row.tolerance is None for row in score.rows):
        notes.append("Give --tolerance for a verdict, taken from your biology before you look.")
    notes += _by_text(score.files)
    for note in dict.fromkeys(notes):
        console.print(f"- {note}", markup=False)
