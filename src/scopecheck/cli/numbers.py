"""`scopecheck score labels --from table`: a number a field, from tables, judged against the true one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from scopecheck.cli.options import check_choice, print_table
from scopecheck.errors import InputError

if TYPE_CHECKING:
    from scopecheck.record.result import ArmResult
    from scopecheck.score.field_numbers import NumberRules, NumberScore

FREE = ("level", "field")  # what needs no table
TABLES = (".csv", ".tsv", ".txt", ".xls", ".xlsx")


def check_source(source: str | None, predicted: Path, columns: Mapping[str, str | None]) -> None:
    """Refuse a table that is not said to be one, and columns where there is no table."""
    if source is not None:
        check_choice("from", source, ("table",))
        if columns["decimal"] is not None:
            check_choice("decimal", columns["decimal"], ("point", "comma"))
        return
    if predicted.suffix.lower() in TABLES:
        raise InputError(
            f"{predicted}: is a table; to judge a number a field, --from table --value COLUMN. Label images"
            " are given as files or folders."
        )
    # --level field is for folders, too: wells in the files' names are none.
    given = {name: text for name, text in columns.items() if text is not None and (name, text) != FREE}
    if lone := list(given):
        raise InputError(f"--{lone[0]}: is a column of a table; give --from table with it.")


def judge(predicted: Path, true: Path | None, rules: NumberRules, as_json: bool) -> ArmResult:
    """Judge, print, and give the row."""
    from scopecheck.score.field_numbers import score_numbers

    score = score_numbers(predicted, true, rules)
    if as_json:
        typer.echo(json.dumps(_content(score, predicted, true), indent=1, ensure_ascii=False))
    else:
        _show(score, predicted, true)
    return score.row


def _content(score: NumberScore, predicted: Path, true: Path | None) -> dict[str, Any]:
    from scopecheck.record.result import SCHEMA_VERSION, strict

    about: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "prediction": str(predicted),
        "truth": str(true or predicted),
        "scope": score.row.scope,
        "n": score.row.n,
        "level": score.level,
    }
    parts = {"scores": score.scores, "chance": score.chance, "better_than_chance": score.better}
    return strict(
        about | {"arms": [score.row.model_dump()]} | parts | {"fields": score.fields, "notes": score.notes}
    )


def _show(score: NumberScore, predicted: Path, true: Path | None) -> None:
    import statistics

    from rich.console import Console

    from scopecheck.record.result import caption
    from scopecheck.record.tables import detail, shown, verdicts

    console, row = Console(highlight=False), score.row
    console.print(f"prediction: {predicted}\ntruth:      {true or predicted}", markup=False)
    print_table(console, verdicts([row], row.scope or ""))
    told = ", ".join(
        f"{name} {shown(value, '.3g')} (chance {shown(score.chance[name], '.3g')})"
        for name, value in score.scores.items()
    )
    each, all_of = ("Field by field", "fields") if score.level == "field" else ("One by one", "these")
    console.print(f"{each}: {told}; chance: the truths exchanged between {all_of}.", markup=False)
    console.print(caption([row]))
    means = [statistics.fmean(one[key] for one in score.fields) for key in ("measured", "true")]
    said = [f"{shown(means[0], '.5g')} measured, {shown(means[1], '.5g')} true (mean of fields)"]
    said += ["" if row.verdict else f"no verdict: {row.reason}", row.annotation if row.verdict else ""]
    said.append(detail(row))
    notes = [*score.notes, f"{row.measurement}: {'; '.join(text for text in said if text)}"]
    if row.tolerance is None:
        notes.append("Give --tolerance for a verdict, taken from your biology before you look.")
    for note in dict.fromkeys(notes):
        console.print(f"- {note}", markup=False)
