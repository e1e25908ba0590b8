"""What the `scopecheck check` commands share: the table of checks, and what they were worth elsewhere."""

from __future__ import annotations

import json
import math
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scopecheck.cli.options import print_table

if TYPE_CHECKING:
    from scopecheck.score.checks import Check
    from scopecheck.score.worth import Worth

Limits = Annotated[
    str | None,
    typer.Option(
        "--limit",
        help="Limits of your own: baseline=0.2, and others with commas. An alarm is a value above. Declare"
        " them before you look.",
    ),
]
Tool = Annotated[
    str | None, typer.Option(help="Part of a recipe's name, such as cellpose: what it found stands first.")
]
AsGiven = Annotated[bool, typer.Option("--as-given", help="Go on where a file looks wrong.")]
NOT_GOOD = (
    "A silent check does not say that a number is right. It passed as many wrong ones as stand beside it."
)
FAR = "How far your images are from those is not known; the worth of a check was counted on those alone."


def print_json(about: dict[str, Any], checks: Sequence[Check], notes: Sequence[str]) -> None:
    """Print what was found for a program."""
    from scopecheck.record.result import SCHEMA_VERSION, strict

    content = {"schema_version": SCHEMA_VERSION, **about, "checks": [one.as_json() for one in checks]}
    content |= {"distance": _distance(notes) or None, "notes": [*notes, *_closing(notes)]}
    typer.echo(json.dumps(strict(content), indent=1, ensure_ascii=False))


def show(head: str, checks: Sequence[Check], n: int, notes: Sequence[str]) -> None:
    """Print the checks that were asked as a table, why others were not, and what they were worth."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    from scopecheck.score.checks import UNMEASURED
    from scopecheck.score.pair_names import few

    console = Console(highlight=False)

    def say(text: str) -> None:
        """Print a paragraph broken between words."""
        wrapped = textwrap.fill(text, console.width, subsequent_indent="  ", break_on_hyphens=False)
        typer.echo(wrapped)

    console.print(head, markup=False)
    asked = [one for one in checks if one.said != "not asked"]
    table = Table(box=box.SIMPLE_HEAD)
    columns = ("check", "measured, worst" if n > 1 else "measured", "limit", "said", "passed", "false alarms")
    for heading in columns:
        table.add_column(heading, no_wrap=heading == "check")
    for one in asked:
        said = one.said.upper() if one.rang else one.said
        said += f" {len(one.rang)}/{n}" if one.rang and n > 1 else ""
        table.add_row(one.rule.name, _measured(one), _limit(one), said, *_beside(one))
    if asked:
        print_table(console, table)
    if known := [(one, row) for one in asked for row in one.worth]:
        say(
            "Passed: wrong numbers on which the check was silent; false alarms: good ones on which it rang,"
            " in the recipe nearest in kind. Counts are of one seed; --json tells how far others lay apart."
        )
        print_table(console, _worths(known))
    told: list[str] = []
    told += [f"{one.rule.name} rang on {few(one.rang)}." for one in asked if one.rang and n > 1]
    if unknown := [one.rule.name for one in asked if not one.worth]:
        told.append(f"{', '.join(unknown)}: {UNMEASURED}.")
    told += [_not_asked(one) for one in checks if one.said == "not asked"]
    told += [part for one in asked if (part := _partly(one, n))]
    told += [f"{one.rule.name}: {one.rule.like}." for one in asked if one.rule.like]
    told += _there(known)
    told += _of_good(asked)
    for note in dict.fromkeys([*told, *notes, *_closing(notes)]):
        say(f"- {note}")


def _measured(one: Check) -> str:
    return one.told if one.value is None or one.rule.bare else f"{one.value:.2f}: {one.told}"


def _limit(one: Check) -> str:
    """The limit and its source; a rule of yes or no, and one of chance, is told by its source."""
    in_words = one.rule.bare and one.source == one.rule.source and (not one.limit or "rarer" in one.source)
    return one.source if in_words else f"{one.limit:.3g}, {one.source}"


def _beside(one: Check) -> tuple[str, str]:
    if not one.worth:
        return "unknown", "unknown"
    row = one.worth[0]
    passed, false = f"{row.misses}/{row.wrong}", f"{row.false_alarms}/{row.good}"
    return passed if row.wrong else "unknown", false if row.good else "unknown"


def _worths(known: Sequence[tuple[Check, Worth]]) -> Any:
    """Every line that is known of the checks asked, with exact intervals of both rates."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, title="How often they rang where the truth was known, 90 % intervals")
    for heading in ("check", "recipe", "on wrong", "on good"):
        table.add_column(heading, no_wrap=True)
    for one, row in known:
        wrong = f"{row.hits}/{row.wrong}, {_span(row.hit_low, row.hit_high)}"
        good = f"{row.false_alarms}/{row.good}, {_span(row.false_low, row.false_high)}"
        table.add_row(one.rule.name, row.recipe, wrong, good)
    return table


def _span(low: float, high: float) -> str:
    if math.isnan(low):
        return "none was asked"
    return f"{100 * low:.0f}–{100 * high:.0f} %"


def _there(known: Sequence[tuple[Check, Worth]]) -> list[str]:
    """What the counts are of, and where a check rang for good ones about as often as for wrong."""
    told = [
        f"{row.recipe}: {row.tool}; {row.images}; wrong by {row.measurement.replace('_', ' ')}."
        for _, row in known
    ]
    poor = [f"{one.rule.name} ({row.recipe})" for one, row in known if row.tells is False]
    if poor:
        told.append(f"No better than chance, for it rang as often on good numbers: {', '.join(poor)}.")
    return told


def _distance(notes: Sequence[str]) -> list[str]:
    """What was said of how far the files lie from those that were counted or swept."""
    return [note for note in notes if note.startswith("Beside ")]


def _closing(notes: Sequence[str]) -> list[str]:
    return [NOT_GOOD] if _distance(notes) else [NOT_GOOD, FAR]


def _not_asked(one: Check) -> str:
    """Why a check was not asked; what was measured is told, where there is a number without a limit."""
    if one.value is None:
        return f"{one.rule.name}: not asked: {one.told}."
    return f"{one.rule.name}: {_measured(one)}; not asked: {one.source}."


def _partly(one: Check, n: int) -> str:
    """Which files gave no number."""
    lacking = {file: value for file, value in one.files.items() if isinstance(value, str)}
    if not lacking:
        return ""
    first = next(iter(lacking))
    return f"{one.rule.name}: not asked of {len(lacking)} of {n} files ({first}: {lacking[first]})."


def _of_good(asked: Sequence[Check]) -> list[str]:
    """How often a limit rings by chance that is the largest of a few good files."""
    sources = {one.source for one in asked if one.source.startswith("largest of")}
    counts = sorted({int(source.split()[2]) for source in sources})
    return [
        f"A limit that is the largest of {n} good files rings on one in {n + 1} that are as good, each check"
        " by itself."
        for n in counts
    ]
