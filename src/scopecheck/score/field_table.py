"""A table with one row a field, as CellProfiler, Fiji, QuPath and spreadsheets write it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from scopecheck.errors import InputError
from scopecheck.score.object_table import field_of, grouped, how_to, program
from scopecheck.score.pair_names import few
from scopecheck.score.user_table import Sheet, bare, looks_numeric, numbers, place, read_sheet

if TYPE_CHECKING:
    import numpy as np

# What the field's column is called, in the order in which it is looked for; by hand, by Fiji, by QuPath.
FIELDS = (
    "field",
    "image",
    "name",
    "file",
    "filename",
    "file name",
    "slice",
    "label",
    "image name",
    "imagename",
)


@dataclass(frozen=True)
class FieldTable:
    """A table's cells with the fields' names; numbers are read when a column is asked for.

    Attributes
    ----------
    sheet : Sheet
    names : list of str
        The field of each row, each once.
    field : str
        Heading of the names; empty where the table was measured and has none.
    units : dict of str to str, optional
        Of the columns that were measured; else a unit is read from the heading: ``area (um^2)``,
        ``area_um2``.
    decimal : {"point", "comma"}, optional
        Of the columns beside those measured, which may come from a table that was read.
    """

    sheet: Sheet
    names: list[str]
    field: str
    units: Mapping[str, str] | None = None
    decimal: str | None = "point"

    @property
    def path(self) -> Path:
        """Where the table lies."""
        return self.sheet.path

    @property
    def headings(self) -> list[str]:
        """The columns' headings."""
        return self.sheet.headings

    def cells(self, heading: str) -> list[str]:
        """The cells of one column."""
        at = self.headings.index(heading)
        return [row[at] for row in self.sheet.rows]

    def column(self, heading: str, option: str) -> str:
        """The heading as it is written in the table."""
        return self.headings[place(self.path, self.headings, heading, option)]

    def words(self, heading: str, option: str) -> list[str]:
        """A column of words, none of them empty."""
        cells = [cell.strip() for cell in self.cells(self.column(heading, option))]
        if "" in cells:
            raise InputError(
                f"{self.path}: {option} {heading!r} is empty for field {self.names[cells.index('')]!r}."
            )
        return cells

    def number_column(self, heading: str | None, option: str, besides: Collection[str | None] = ()) -> str:
        """The heading of a column of numbers: the one that is named, or the only one there is."""
        if heading is None and self.units is not None and len(self.units) == 1:
            return next(iter(self.units))  # of a table of objects, beside columns of wells
        if heading is not None:
            return self.column(heading, option)
        found = [
            one
            for one in self.headings
            if one and one != self.field and one not in besides and looks_numeric(self.cells(one))
        ]
        if len(found) != 1:
            held = f"the columns {few(map(repr, found))} hold numbers" if found else "no column holds numbers"
            raise InputError(f"{self.path}: {held}; name the one that is meant with {option}.")
        return found[0]

    def numbers(
        self, heading: str, notes: list[str], rows: Sequence[int] | None = None
    ) -> tuple[np.ndarray, str]:
        """A column as finite numbers, and its unit where the heading names one; see `user_table.numbers`."""
        cells = self.cells(heading)
        chosen = range(len(cells)) if rows is None else rows
        beside = self.units is not None and heading not in self.units
        got = numbers(
            replace(self.sheet, decimal=self.decimal) if beside else self.sheet,
            {heading: [cells[i] for i in chosen]},
            notes,
            lines=[self.sheet.lines[i] for i in chosen],
            names=[self.names[i] for i in chosen],
        )
        return got[heading], self.unit(heading)

    def unit(self, heading: str) -> str:
        """The unit of a column; empty where none is named."""
        known = self.units or {}
        return known[heading] if heading in known else bare(heading)[1]


def read_fields(
    path: Path,
    field: str | None,
    *,
    decimal: str | None = None,
    every: Path | None = None,
    value: str | None = None,
    truth: bool = False,
) -> FieldTable:
    """Read a table of one row a field, or of one row an object where all fields are known.

    Parameters
    ----------
    path : Path
        See `user_table.read_sheet`.
    field : str, optional
        Heading of the fields' names; by default what programs call it (`FIELDS`; CellProfiler's
        FileName_...).
    decimal : {"point", "comma"}, optional
    every : Path, optional
        Table that names all fields; then a table of objects is taken together to `value`, a number a field
        (`object_table.grouped`).
    value : str, optional
    truth : bool
        Of a table of objects take the fields that it names, since which others were annotated nobody knows;
        see `read_truth`.

    Raises
    ------
    InputError
        If there is no such table, no column of names, a name is empty or stands twice, or it is a table of
        objects and its fields are not known.
    """
    sheet = read_sheet(path, "field,count", decimal=decimal)
    if whose := program(sheet):
        at = field_of(sheet, path, field)
        if every is None and not truth:
            raise InputError(how_to(path, whose))
        if truth and value is None:
            raise InputError(
                f"{path}: is {whose}'s table of objects, with a row an object, and the tool's table has a row"
                " a field; expected --truth-value count, total:COLUMN or mean:COLUMN, the number that a"
                " field's objects are taken together to. Or give the truth as a table with a row a field."
            )
        sheet, value, unit = grouped(sheet, at, every, value)
        return FieldTable(sheet, [row[0] for row in sheet.rows], at, {value: unit}, decimal)
    table = FieldTable(sheet, [], "")
    heading = table.column(field, "--field") if field else _field(table)
    names = [cell.strip() for cell in table.cells(heading)]
    if "" in names:
        line = sheet.lines[names.index("")]
        raise InputError(f"{path}: line {line}: no field's name in column {heading!r}.")
    objects = every is not None and len(set(names)) < len(names)
    if truth:  # it may also hold a field twice by mistake, or a row an annotator
        heads = [bare(one)[0].casefold() for one in table.headings]
        objects = 2 * len(set(names)) < len(names) and value is not None and value.casefold() not in heads
    if objects:
        sheet, value, unit = grouped(sheet, heading, every, value)
        return FieldTable(sheet, [row[0] for row in sheet.rows], heading, {value: unit}, decimal)
    _once(path, heading, names)
    return replace(table, names=names, field=heading)


def read_truth(
    path: Path, field: str | None, mine: FieldTable, *, decimal: str | None = None, value: str | None = None
) -> FieldTable:
    """Read the table of truths beside the tool's; a table of objects is taken for the fields that it names.

    Parameters
    ----------
    path : Path
    field : str, optional
    mine : FieldTable
        The tool's. If it was a table of objects, the truth's objects are taken together as its were.
    decimal : {"point", "comma"}, optional
    value : str, optional
        Of a table of objects ``count``, ``total:COLUMN`` or ``mean:COLUMN``.

    Raises
    ------
    InputError
        As `read_fields`; and if it is a table of objects, and nothing says which number is meant.
    """
    if value is None and mine.units:
        value = next(iter(mine.units))
    return read_fields(path, field, decimal=decimal, value=value, truth=True)


def _field(table: FieldTable) -> str:
    """The column of the fields' names, by what programs call it."""
    by_name = {one.casefold(): one for one in table.headings}
    held = [by_name[name] for name in FIELDS if name in by_name]
    files = [one for one in table.headings if one.startswith("FileName_")]
    if held or len(files) == 1:
        return held[0] if held else files[0]
    if "ImageNumber" in table.headings:
        return "ImageNumber"
    raise InputError(
        f"{table.path}: no column is called field, image, name, file, slice or label; name it with --field."
        f" It has {', '.join(map(repr, table.headings))}."
    )


def _once(path: Path, heading: str, names: Sequence[str]) -> None:
    if len(set(names)) == len(names):
        return
    seen: set[str] = set()
    twice = next(name for name in names if name in seen or seen.add(name))  # type: ignore[func-returns-value]
    many = 2 * len(set(names)) < len(names)
    hint = " Leave one of the rows, or name the column that tells the fields apart with --field."
    if many:
        hint = (
            " It seems to have a row an object. Give one row a field, with those in which nothing was found:"
            " a table of objects does not have them. Or give --all-fields TABLE, in which every field has a"
            " row."
        )
    raise InputError(
        f"{path}: field {twice!r} stands {names.count(twice)} times in column {heading!r}.{hint}"
    )
