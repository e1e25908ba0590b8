"""What the `scopecheck score` commands share: options read into words and numbers, the table of verdicts."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scopecheck.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from scopecheck.record.result import ArmResult

FAIL_WORDS = ("FAILS", "UNDETERMINED")
_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?"
_WITH_UNIT = re.compile(rf"\s*({_NUMBER}(?:\s*:\s*{_NUMBER})?)\s*([^:]*?)\s*", re.I)
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
FailOn = Annotated[str | None, typer.Option(help=f"Exit with 1 on any of: {','.join(FAIL_WORDS)}.")]


def fail_words(text: str | None) -> list[str]:
    """Read --fail-on."""
    words = [word.strip().upper() for word in text.split(",")] if text else []
    if wrong := [word for word in words if word not in FAIL_WORDS]:
        raise InputError(f"--fail-on: {', '.join(wrong)} is unknown; expected {', '.join(FAIL_WORDS)}.")
    return words


def end(rows: Sequence[ArmResult], failing: Sequence[str]) -> None:
    """End with status 1 where a verdict is one of the words of --fail-on."""
    if hit := [row.measurement for row in rows if row.verdict in failing]:
        typer.echo(f"scopecheck: --fail-on {','.join(failing)}: {', '.join(hit)}", err=True)
        raise typer.Exit(1)


def check_choice(option: str, value: str, allowed: Sequence[str]) -> None:
    """Refuse a word that the option does not know."""
    if value not in allowed:
        from difflib import get_close_matches

        near = get_close_matches(value, allowed, 1)
        hint = f" (did you mean {near[0]}?)" if near else ""
        raise InputError(f"--{option}: {value!r} is not known{hint}; expected one of {', '.join(allowed)}.")


def number(option: str, text: str) -> float:
    """Read a number given to an option."""
    try:
        return float(text)
    except ValueError:
        raise InputError(f"--{option}: {text!r} is not a number.") from None


def positive(option: str, text: str, what: str = "a positive number") -> float:
    """A finite number above 0 from an option's text."""
    value = number(option, text)
    if not 0 < value < float("inf"):
        raise InputError(f"--{option}: {text}; expected {what}.")
    return value


def sizes(text: str, option: str = "pixel-size", what: str = "micrometres per pixel") -> list[float]:
    """Read --pixel-size: one positive number, or one per axis."""
    found = [number(option, x) for x in text.split(",")]
    if not all(math.isfinite(x) and x > 0 for x in found):
        raise InputError(f"--{option}: {text}; expected positive {what}.")
    return found


def whole_sides(text: str, option: str = "shape") -> tuple[int, ...]:
    """Read --shape: rows,columns, or planes,rows,columns."""
    sides = [number(option, side) for side in text.split(",")]
    if len(sides) not in (2, 3) or not all(1 <= side < 1e6 and side == int(side) for side in sides):
        raise InputError(
            f"--{option}: {text}; expected rows,columns (of a stack planes,rows,columns) in whole pixels,"
            " such as 1024,2048."
        )
    return tuple(int(side) for side in sides)


def by_measure(option: str, text: str | None, units: dict[str, str] | None = None) -> dict[str, Any]:
    """Numbers by measurement from '0.1' (for all), 'count=0.1,...' or 'count=-0.1:0.2'.

    Where `units` is given, a number may carry one ('count=2 objects'), and they are put into it.
    """
    found: dict[str, Any] = {}
    for part in (text or "").split(","):
        if not part.strip():
            continue
        name, _, value = part.rpartition("=")
        unit = ""
        if units is not None and (read := _WITH_UNIT.fullmatch(value)):
            value, unit = read.groups()
        ends = tuple(number(option, end) for end in value.split(":"))
        if len(ends) > 2:
            raise InputError(f"--{option}: {part!r} has more than two ends; expected LOW:HIGH or one number.")
        name = name.strip() or "all"
        if name in found:
            raise InputError(f"--{option}: {name} is given twice.")
        found[name] = ends[0] if len(ends) == 1 else ends
        if units is not None:
            units[name] = unit
    return found


def doubts(given: dict[str, Any], *, relative: bool) -> dict[str, float]:
    """The truth's uncertainty by measurement, as one number each, 0 or above; a relative one is below 1."""
    for name, value in given.items():
        if isinstance(value, tuple):
            raise InputError(f"--truth-uncertainty: {name} has two ends; expected one number.")
        if not value >= 0:  # nan is not
            raise InputError(f"--truth-uncertainty: {value:g} for {name}; expected 0 or above, 0.02 for 2 %.")
        if relative and value >= 1:
            meant = f"{value:g} means {100 * value:g} %; write {value / 100:g} for {value:g} %."
            raise InputError(f"--truth-uncertainty: {meant}")
    return given


def print_table(console: Console, table: Table) -> None:
    """Print a table without cutting a word; where the terminal is too narrow for that, a paragraph a row."""
    from rich.cells import cell_len

    table.collapse_padding, table.pad_edge = True, False
    texts = [[str(column.header), *map(str, column.cells)] for column in table.columns]
    whole = [max(map(cell_len, cells)) for cells in texts]
    widths = [max(cell_len(word) for cell in cells for word in cell.split() or [""]) for cells in texts]
    first = [i for i, column in enumerate(table.columns) if column.no_wrap]  # widened before the others
    for column, width in zip(table.columns, widths, strict=True):
        column.min_width, column.no_wrap = width, False
    unbound = console.options.update(width=10_000)
    spare = console.width - console.measure(table, options=unbound).minimum
    if spare < 0:
        if table.title:
            console.print(table.title, markup=False)
        for cells in zip(*(cells[1:] for cells in texts), strict=True):
            told = [f"{heads[0]} {cell}".strip() for heads, cell in zip(texts, cells, strict=True) if cell]
            console.print(f"{cells[0]}: {'; '.join(told[1:])}", markup=False)
        console.print()
        return
    for group in (first, range(len(widths))):
        while spare and (tight := [i for i in group if widths[i] < whole[i]]):
            widths[max(tight, key=lambda i: whole[i] - widths[i])] += 1
            spare -= 1
    for column, width in zip(table.columns, widths, strict=True):
        column.width = width
    console.print(table)


def parameters(texts: list[str]) -> dict[str, str]:
    """Read ``name=value`` of each -p; one that is given twice must say the same."""
    given: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise InputError(f"-p {text}: expected name=value")
        if given.setdefault(name, value) != value:
            raise InputError(f"{name} is given twice, as {given[name]!r} and as {value!r}")
    return given


def write_table(path: Path, columns: Sequence[str], rows: list[dict[str, Any]]) -> None:
    """Write rows as CSV; the file is whole or not there."""
    import csv
    from io import StringIO

    from scopecheck.data.download import write_bytes

    text = StringIO()
    lines = csv.DictWriter(text, columns, lineterminator="\n")
    lines.writeheader()
    lines.writerows(rows)
    write_bytes(path, text.getvalue().encode())
