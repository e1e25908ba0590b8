"""`scopecheck correct`: the number of a whole study, corrected by the fields whose truth is known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scopecheck.cli.options import AsJson, check_choice, print_table, sizes, whole_sides
from scopecheck.errors import InputError

if TYPE_CHECKING:
    from scopecheck.score.correct import CorrectedStudy

ESTIMANDS = {"mean": "mean", "total": "total", "ratio": "pooled ratio"}


def correct(
    tool: Annotated[
        Path,
        typer.Argument(metavar="TOOL", help="The tool's number of every field: a table, or label images."),
    ],
    truth: Annotated[
        Path | None,
        typer.Argument(
            metavar="[TRUTH]", help="The truth of some of these fields, likewise; or --truth-value."
        ),
    ] = None,
    chosen: Annotated[
        str | None, typer.Option(help="How the annotated fields were chosen: random or hand. Must be said.")
    ] = None,
    field: Annotated[str | None, typer.Option(help="Column of the fields' names, in both tables.")] = None,
    value: Annotated[
        str | None,
        typer.Option(help="Column of the tool's number; of label images the measure, such as count."),
    ] = None,
    truth_field: Annotated[str | None, typer.Option(help="Column of the names in TRUTH, if another.")] = None,
    truth_value: Annotated[str | None, typer.Option(help="Column of the true number, if another.")] = None,
    per: Annotated[
        str | None, typer.Option(help="Column below the line, in both tables: sum of value over sum of this.")
    ] = None,
    condition: Annotated[
        str | None, typer.Option(help="Column of the condition: each is corrected alone, and all together.")
    ] = None,
    strata: Annotated[
        str | None,
        typer.Option(
            help="Column of the strata within which fields were drawn; or 3 for parts of like numbers."
        ),
    ] = None,
    known: Annotated[
        list[str] | None,
        typer.Option(
            help="Column known of all fields (density, brightness, sharpness, noise); may be repeated."
        ),
    ] = None,
    estimand: Annotated[
        str, typer.Option(help="mean (of a field), total (of the study), or ratio (with --per).")
    ] = "mean",
    scope: Annotated[
        str, typer.Option(help="study: of these fields; population: of what they are a random sample of.")
    ] = "study",
    half_width: Annotated[
        str | None, typer.Option(help="Wished half-width: 5% of the number, or a number in its unit.")
    ] = None,
    image: Annotated[
        Path | None,
        typer.Option(help="Folder of the grey images of all fields: brightness, sharpness, noise."),
    ] = None,
    pixel_size: Annotated[str | None, typer.Option(help="Micrometres, for label images.")] = None,
    border: Annotated[
        str, typer.Option(help="keep or drop objects that touch the edge, of label images.")
    ] = "keep",
    shape: Annotated[
        str | None, typer.Option(help="Rows,columns of the images that outlines were drawn on.")
    ] = None,
    children: Annotated[
        Path | None,
        typer.Option(
            help="Folder of label images of spots or nuclei within the cells of TOOL: children a parent."
        ),
    ] = None,
    truth_children: Annotated[Path | None, typer.Option(help="The true ones, within those of TRUTH.")] = None,
    decimal: Annotated[str | None, typer.Option(help="point or comma, where a table leaves it open.")] = None,
    all_fields: Annotated[
        Path | None,
        typer.Option(help="Table of all fields, where TOOL has a row an object; --condition is its column."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the draw of the fields to annotate next.")] = 0,
    as_given: Annotated[
        bool,
        typer.Option(
            "--as-given", help="Go on where the annotated fields look unlike the rest, or units differ."
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Correct a tool's number over a whole study by the truth of a few fields drawn at random.

    Beside the corrected number with its 90 % interval stand what the annotated fields alone give and what the
    tool said. Ends with 2 on bad input, and where the annotated fields cannot speak for the rest.
    """
    from scopecheck.score.correct import Asked, content, correct_study, correct_tables

    if chosen is None:
        raise InputError(
            "--chosen: say how the annotated fields were chosen, random or hand. The interval rests on it:"
            " drawn by chance they speak for all fields, picked by eye they may not."
        )
    check_choice("chosen", chosen, ("random", "hand"))
    check_choice("estimand", estimand, tuple(ESTIMANDS))
    check_choice("scope", scope, ("study", "population"))
    check_choice("border", border, ("keep", "drop"))
    if decimal is not None:
        check_choice("decimal", decimal, ("point", "comma"))
    if estimand == "total" and scope == "population":
        raise InputError(
            "--estimand total: a population has no total; ask for its mean, or for --scope study."
        )
    asked = Asked(
        chosen=chosen,
        field=field,
        value=value,
        true_field=truth_field,
        true_value=truth_value,
        per=per,
        condition=condition,
        strata=int(strata) if strata and strata.isdigit() else strata,
        known=tuple(known or ()),
        estimand="pooled ratio" if per and estimand == "mean" else ESTIMANDS[estimand],
        scope=scope,
        half_width=half_width,
        decimal=decimal,
        every=all_fields,
        seed=seed,
        as_given=as_given,
    )
    if per and estimand == "total":
        raise InputError("--per: gives a ratio, which has no total; leave out --estimand total or --per.")
    if (children is None) != (truth_children is None):
        raise InputError("--children: the tool's and true ones are needed; give --truth-children, too.")
    if children is not None and border == "drop":
        raise InputError("--children: is made for --border keep.")
    if tool.is_dir():
        from scopecheck.score.correct_images import tables_of

        sides = None if shape is None else whole_sides(shape)
        size = None if pixel_size is None else sizes(pixel_size)
        below = None if children is None or truth_children is None else (children, truth_children)
        mine, theirs, asked, notes = tables_of(
            tool, truth, image, asked, pixel_size=size, border=border, shape=sides, children=below
        )
        found = correct_tables(mine, theirs, asked, notes)
    else:
        given_for_folders = (
            ("image", image),
            ("pixel-size", pixel_size),
            ("shape", shape),
            ("children", children),
        )
        for option, given in given_for_folders:
            if given is not None:
                raise InputError(f"--{option}: is for folders of label images, and {tool} is none.")
        found = correct_study(tool, truth, asked)
    if as_json:
        typer.echo(
            json.dumps(_content(found, tool, truth, chosen, content(found)), indent=1, ensure_ascii=False)
        )
    else:
        _show(found, tool, truth, asked)


def _content(
    found: CorrectedStudy, tool: Path, truth: Path | None, chosen: str, told: dict[str, Any]
) -> dict[str, Any]:
    from scopecheck.record.result import SCHEMA_VERSION, strict

    about = {
        "schema_version": SCHEMA_VERSION,
        "prediction": str(tool),
        "truth": None if truth is None else str(truth),
    }
    return strict(about | {"value": found.value, "chosen": chosen} | told)


def _show(found: CorrectedStudy, tool: Path, truth: Path | None, asked: Any) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    from scopecheck.score.correct import LISTED

    console = Console(highlight=False)
    what = {"mean": "mean of a field", "total": "total of the study"}.get(
        asked.estimand, f"{found.value} over {asked.per}"
    )
    of = (
        "these fields"
        if asked.scope == "study"
        else "the population of which these fields are a random sample"
    )
    console.print(
        f"tool:  {tool}\ntruth: {truth or tool}, annotated fields chosen by {_by(asked.chosen)}", markup=False
    )
    table = Table(
        box=box.SIMPLE_HEAD, title=f"{found.value}, {what}{f', {found.unit}' if found.unit else ''}"
    )
    for heading in (
        "",
        "annotated",
        "corrected (90 % interval)",
        "annotated alone",
        "tool alone",
        "as good as",
    ):
        table.add_column(heading)
    for row in found.rows:
        a = row.answer
        table.add_row(
            row.condition,
            f"{a.n} of {a.n_all}",
            _with(a.value, a.interval),
            _with(a.alone, a.alone_interval),
            _plain(a.uncorrected, a.half_width),
            f"{a.equivalent} annotated fields",
        )
    print_table(console, table)
    for row in found.rows:
        if row.doubt:
            console.print(f"DOUBTFUL INTERVAL, {row.condition}: {row.doubt}", markup=False)
    console.print(f"The numbers are those of {of}.", markup=False)
    test = found.exchange
    console.print(
        f"Are the annotated fields like the rest? By {', '.join(found.known)}: p = {test.p:.3f}"
        f" ({'alarm' if test.alarm else 'no alarm'}; one random choice in twenty gives one).",
        markup=False,
    )
    for row in found.rows:
        if row.wished is not None:
            console.print(f"{row.condition}: {_further(row)}", markup=False)
    if found.next_fields:
        shown = found.next_fields[:LISTED]
        more = (
            f" and {len(found.next_fields) - LISTED} more (--json)" if len(found.next_fields) > LISTED else ""
        )
        console.print(
            f"Annotate next, drawn at random within {found.next_strata}: {', '.join(shown)}{more}.",
            markup=False,
        )
    for note in dict.fromkeys(found.notes):
        console.print(f"- {note}", markup=False)


def _by(chosen: str) -> str:
    return "chance" if chosen == "random" else "hand"


def _further(row: Any) -> str:
    wished = _plain(row.wished, row.wished)
    now = _plain(row.answer.half_width, row.wished)
    if row.flat:
        return (
            f"whether a half-width of {wished} is reached cannot be told: nothing varies among the annotated"
            " fields, so that a width of 0 is no precision. Annotate more."
        )
    if row.further is None:
        return f"a half-width of {wished} (now {now}) is out of reach, even if all fields were annotated."
    if not row.further:
        return f"the half-width is {now}; {wished} is reached."
    many = f"{row.further} further annotated field{'s' * (row.further > 1)}"
    return f"a half-width of {wished} (now {now}) takes {many}, if the spread stays as it is."


def _with(value: float, ends: tuple[float, float]) -> str:
    half = (ends[1] - ends[0]) / 2
    return f"{_plain(value, half)} ({_plain(ends[0], half)} to {_plain(ends[1], half)})"


def _plain(value: float, half: float) -> str:
    """A number down to the second digit of its interval's half-width."""
    from math import floor, log10

    size = min(abs(half) or abs(value) / 100 or 1, abs(value) or 1)
    digits = max(1 - floor(log10(size)), 0) if size else 0
    return f"{round(value, digits) + 0.0:.{min(digits, 12)}f}"
