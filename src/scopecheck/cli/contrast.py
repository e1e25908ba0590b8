"""`scopecheck score contrast`: judge a difference between two conditions, from a table."""

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
    print_table,
)
from scopecheck.errors import InputError
from scopecheck.score.rules import fractions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from scopecheck.record.result import ArmResult
    from scopecheck.score.contrast import ContrastScore

ESTIMANDS = {"mean": "per-acquisition mean", "pooled": "pooled ratio"}
MEANT = {
    "DIFFERENTIAL": "each condition holds alone, and the difference is not shown to: two words that hold say"
    " little about a difference.",
    "EQUALLY BIASED": "biased, and equally so: each condition fails alone, and the difference holds.",
}


def contrast(
    table: Annotated[Path, typer.Argument(metavar="TABLE", help="CSV or TSV with headings, a line a field.")],
    of: Annotated[str | None, typer.Option(help="The condition above the line: treated.")] = None,
    over: Annotated[str | None, typer.Option(help="The condition below it: control.")] = None,
    condition: Annotated[
        str | None, typer.Option(help="Heading of the column of conditions, where it is not 'condition'.")
    ] = None,
    measured: Annotated[str | None, typer.Option(help="Heading of the measured numbers, likewise.")] = None,
    true: Annotated[str | None, typer.Option(help="Heading of the true numbers, likewise.")] = None,
    level: Annotated[
        str | None,
        typer.Option(
            help="Heading of what is independent: well, animal, or another. By default animal or well, where"
            " the table names them, else each line."
        ),
    ] = None,
    paired: Annotated[
        str | None, typer.Option(help="Heading of what was seen under both conditions: animal, field.")
    ] = None,
    tolerance: Annotated[
        str | None,
        typer.Option(
            help="0.1 for the difference and each condition alone, or contrast=0.1,treated=0.2; with --scale"
            " absolute with the table's unit. Declare it before."
        ),
    ] = None,
    truth_uncertainty: Annotated[
        str | None,
        typer.Option(
            help="The truth's own systematic uncertainty, 0.02; in the difference it counts as opposed in the"
            " two conditions, unless contrast=0.01 says what is left of it there."
        ),
    ] = None,
    scale: Annotated[
        str, typer.Option(help="relative (the ratio of the conditions) or absolute (their difference).")
    ] = "relative",
    estimand: Annotated[
        str, typer.Option(help="mean (ratio of geometric means) or pooled (ratio of means).")
    ] = "mean",
    decimal: Annotated[
        str | None, typer.Option(help="point or comma, where the table leaves it open.")
    ] = None,
    as_json: AsJson = False,
    fail_on: FailOn = None,
) -> None:
    """Judge a difference between two conditions: is the measured ratio that of the truth?

    The tool's error in a ratio is the difference of its errors: a bias that is the same in both conditions
    cancels. Lines of one well or animal are averaged first. Ends with 0 when judged, whatever the verdict;
    with 2 on bad input.
    """
    from scopecheck.score.contrast import ContrastRules, score_contrast

    failing = fail_words(fail_on)
    check_choice("estimand", estimand, tuple(ESTIMANDS))
    check_choice("scale", scale, ("relative", "absolute"))
    if decimal is not None:
        check_choice("decimal", decimal, ("point", "comma"))
    if estimand == "pooled" and scale == "absolute":
        raise InputError("--estimand pooled: is a ratio; leave it out with --scale absolute.")
    units: dict[str, dict[str, str]] = {"tolerance": {}, "truth_uncertainty": {}}
    limits = by_measure("tolerance", tolerance, units["tolerance"])
    unsure = by_measure("truth-uncertainty", truth_uncertainty, units["truth_uncertainty"])
    doubts(unsure, relative=scale == "relative")
    fractions(limits if scale == "relative" else {})
    if scale == "relative" and (odd := [u for told in units.values() for u in told.values() if u]):
        raise InputError(
            f"--tolerance: has the unit {odd[0]!r}; on the relative scale give a fraction, 0.1 for 10 %."
            " Units belong to --scale absolute."
        )
    columns = {"condition": condition, "measured": measured, "true": true}
    rules = ContrastRules(
        of=of,
        over=over,
        columns={role: heading for role, heading in columns.items() if heading is not None},
        level=level,
        paired=paired,
        tolerance=limits,
        truth_uncertainty=unsure,
        units=units,
        scale=scale,
        estimand=ESTIMANDS[estimand],
        decimal=decimal,
    )
    score = score_contrast(table, rules)
    if as_json:
        typer.echo(json.dumps(_content(score, table, rules.paired), indent=1, ensure_ascii=False))
    else:
        _show(score, table)
    end(score.rows, failing)


def _content(score: ContrastScore, path: Path, paired: str | None) -> dict[str, Any]:
    from scopecheck.record.result import SCHEMA_VERSION, strict

    answer = score.contrast
    about: dict[str, Any] = {"schema_version": SCHEMA_VERSION, "table": str(path), "scope": "population"}
    about |= {"of": score.of, "over": score.over, "level": score.level, "paired": paired}
    about |= {"n": dict(zip((score.of, score.over), answer.n, strict=True))}
    about |= {"lines": dict(zip((score.of, score.over), score.fields, strict=True)), "unit": score.unit}
    about["contrast"] = {"measured": answer.measured, "true": answer.true}
    about["arms"] = [row.model_dump() for row in score.rows]
    return strict(about | {"replicates": score.replicates, "notes": score.notes})


def verdict_table(rows: Sequence[ArmResult], sizes: Sequence[str]) -> Table:
    """Rows with their verdicts; of a difference n tells the replicates of both sides."""
    from rich import box
    from rich.table import Table

    from scopecheck.record.tables import band, interval, percent

    table = Table(box=box.SIMPLE_HEAD)
    for heading in ("", "verdict", "scope", "n", "bias", "90 % interval", "tolerance"):
        table.add_column(heading, no_wrap=heading in ("", "scope", "bias"))
    for row, size in zip(rows, sizes, strict=True):
        word = f"{row.shape} {row.told}" + (f": {row.reason}" if row.verdict and row.reason else "")
        judged = [""] * 2
        if row.bias is not None:
            judged = [percent(row.bias, row.scale, row.unit), interval(row)]
        table.add_row(
            row.measurement, word, row.scope or "", size, *judged, band(row.tolerance, row.scale, row.unit)
        )
    return table


def _show(score: ContrastScore, path: Path) -> None:
    from rich.console import Console

    from scopecheck.record.result import caption
    from scopecheck.record.tables import detail

    console, answer = Console(highlight=False), score.contrast
    console.print(f"table: {path}", markup=False)
    both = f"{answer.n[0]} pairs" if answer.paired else f"{answer.n[0]} and {answer.n[1]}"
    print_table(console, verdict_table(score.rows, [str(answer.n[0]), str(answer.n[1]), both]))
    # A difference holds with five replicates in each condition, not with five in both together.
    counted = [*score.rows[:2], score.rows[2].model_copy(update={"n": min(answer.n)})]
    console.print(caption(counted))
    notes = [_published(score), *(MEANT[mark] for mark in score.rows[2].marks if mark in MEANT), *score.notes]
    for row in score.rows:
        told = ["" if row.verdict else f"no verdict: {row.reason}", row.annotation if row.verdict else ""]
        if said := "; ".join(text for text in (*told, detail(row)) if text):
            notes.append(f"{row.measurement}: {said}")
    if all(row.tolerance is None for row in score.rows):
        notes.append("Give --tolerance for a verdict, taken from your biology before you look.")
    for note in dict.fromkeys(notes):
        console.print(f"- {note}", markup=False)


def _published(score: ContrastScore) -> str:
    """What would be published, and what is true."""
    from scopecheck.record.tables import shown

    answer = score.contrast
    relative, pooled = answer.verdict.scale == "relative", answer.verdict.estimand == "pooled ratio"
    what = "ratio of means" if pooled else "ratio of geometric means" if relative else "difference of means"
    unit = "" if relative or not score.unit else f" {score.unit}"
    numbers = [shown(value, ".4g") + unit for value in (answer.measured, answer.true)]
    sign = "over" if relative else "minus"
    return f"{score.of} {sign} {score.over}, {what}: measured {numbers[0]}, true {numbers[1]}."
