"""A table with one row a field, as CellProfiler, Fiji, QuPath and spreadsheets write it."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from scopecheck.errors import InputError
from scopecheck.score.pair_names import few

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
_POINT = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?", re.I)
_COMMA = re.compile(r"[-+]?(\d+,?\d*|,\d+)(e[-+]?\d+)?", re.I)
_THOUSANDS = {
    "point": re.compile(r"[-+]?\d{1,3}(,\d{3})+(\.\d*)?"),
    "comma": re.compile(r"[-+]?\d{1,3}(\.\d{3})+(,\d*)?"),
}
_UNIT = re.compile(
    r"[(\[]\s*([^()\[\]]+?)\s*[)\]]\s*$|_(um\^?[23]?|µm[²³]?|nm\^?[23]?|px\^?[23]?|mm\^?[23]?)$", re.I
)


@dataclass(frozen=True)
class FieldTable:
    """Cells as text, by heading, with the fields' names; numbers are read when a column is asked for.

    Attributes
    ----------
    path : Path
    headings : list of str
    rows : list of list of str
    names : list of str
        The field of each row, each once.
    field : str
        Heading of the names; empty where the table was measured and has none.
    decimal : str or None
        ``point`` or ``comma``, where it was said.
    units : dict of str to str, optional
        Of the columns that were measured; else a unit is read from the heading: ``area (um^2)``,
        ``area_um2``.
    """

    path: Path
    headings: list[str]
    rows: list[list[str]]
    names: list[str]
    field: str
    decimal: str | None = None
    units: Mapping[str, str] | None = None

    def cells(self, heading: str) -> list[str]:
        """The cells of one column."""
        at = self.headings.index(heading)
        return [row[at] for row in self.rows]

    def column(self, heading: str, option: str) -> str:
        """The heading as it is written in the table; letters' case and blanks at its ends do not count."""
        if heading in self.headings:
            return heading
        alike = [one for one in self.headings if one.casefold() == heading.strip().casefold()]
        if len(alike) == 1:
            return alike[0]
        near = get_close_matches(heading, self.headings, 1)
        hint = f" (did you mean {near[0]!r}?)" if near else ""
        raise InputError(
            f"{self.path}: {option} {heading!r} is no column{hint}; it has"
            f" {', '.join(map(repr, self.headings))}."
        )

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
        if heading is not None:
            return self.column(heading, option)
        found = [
            one
            for one in self.headings
            if one and one != self.field and one not in besides and _numeric(self.cells(one))
        ]
        if len(found) != 1:
            held = f"the columns {few(map(repr, found))} hold numbers" if found else "no column holds numbers"
            raise InputError(f"{self.path}: {held}; name the one that is meant with {option}.")
        return found[0]

    def numbers(
        self, heading: str, notes: list[str], rows: Sequence[int] | None = None
    ) -> tuple[np.ndarray, str]:
        """A column as finite numbers, and its unit where the heading names one.

        Raises
        ------
        InputError
            Naming the field, for an empty cell, NaN, text, or a comma that may be a decimal or a thousands
            sign.
        """
        import numpy as np

        cells = self.cells(heading)
        chosen = range(len(cells)) if rows is None else rows
        texts = [(self.names[i], cells[i].strip()) for i in chosen]
        said = _decimal([text for _, text in texts], self, heading)
        values = [_number(text, said, name, self, heading) for name, text in texts]
        if said == "comma" and any("," in text for _, text in texts):
            note = f"{self.path.name}: in {heading!r} a comma is read as the decimal sign."
            notes += [note] if note not in notes else []
        elif any("," in text for _, text in texts):
            note = f"{self.path.name}: in {heading!r} a comma is read as the sign of thousands."
            notes += [note] if note not in notes else []
        return np.array(values, float), self.unit(heading)

    def unit(self, heading: str) -> str:
        """The unit of a column; empty where none is named."""
        if self.units is not None:
            return self.units.get(heading, "")
        found = _UNIT.search(heading)
        return found[1] or found[2] if found else ""


def _numeric(cells: Sequence[str]) -> bool:
    """Whether the first cells that hold anything look like numbers."""
    held = [cell.strip() for cell in cells[:1000] if cell.strip()][:50]
    return bool(held) and all(re.fullmatch(r"[-+.,'’\s\u00a0\u202f\de]+", cell, re.I) for cell in held)


def _decimal(texts: Sequence[str], table: FieldTable, heading: str) -> str:
    """Whether a point or a comma separates decimals in a column."""
    if table.decimal:
        return table.decimal
    commas = [text for text in texts if "," in text]
    if not commas:
        return "point"
    sure = {_sure(text) for text in commas} - {""}
    if len(sure) == 1:
        return sure.pop()
    how = (
        "some cells say one and some the other"
        if sure
        else "with three digits behind it the cells do not tell"
    )
    raise InputError(
        f"{table.path}: column {heading!r} holds {commas[0]!r}, and a comma may be the decimal sign or that"
        f" of thousands ({how}). Say --decimal comma or --decimal point."
    )


def _sure(text: str) -> str:
    """What a number says by itself: 1,5 and 1.234,5 a decimal comma, 1,234.5 and 1,234,567 a point."""
    if "." in text:
        return "comma" if text.rindex(",") > text.rindex(".") else "point"
    if text.count(",") > 1:
        return "point"
    return "" if re.fullmatch(r"[-+]?[1-9]\d{0,2},\d{3}", text) else "comma"


def _number(text: str, decimal: str, name: str, table: FieldTable, heading: str) -> float:
    plain = re.sub(r"(?<=\d)[\s'’\u00a0\u202f](?=\d{3}(?!\d))", "", text)
    if decimal == "comma":
        plain = plain.replace(".", "") if _THOUSANDS["comma"].fullmatch(plain) else plain
        ok, plain = _COMMA.fullmatch(plain), plain.replace(",", ".")
    else:
        plain = plain.replace(",", "") if _THOUSANDS["point"].fullmatch(plain) else plain
        ok = _POINT.fullmatch(plain)
    if ok and math.isfinite(value := float(plain)):
        return value
    raise InputError(
        f"{table.path}: column {heading!r} is {text!r} for field {name!r}; expected a finite number. A field"
        " in which nothing was found has 0; one that was not measured has to be measured or left out of the"
        " study."
    )


def read_fields(path: Path, field: str | None, *, decimal: str | None = None) -> FieldTable:
    """Read a table of one row a field, parted by commas, semicolons or tabs.

    Parameters
    ----------
    path : Path
        CSV or text, in UTF-8 or, with its mark, UTF-16.
    field : str, optional
        Heading of the fields' names; by default what programs call it (`FIELDS`; CellProfiler's
        FileName_...).
    decimal : {"point", "comma"}, optional

    Raises
    ------
    InputError
        If there is no such table, no column of names, a name is empty or stands twice, or rows have other
        lengths than the headings.
    """
    text = _text(path)
    lines = list(csv.reader(io.StringIO(text), delimiter=_delimiter(text)))
    lines = [line for line in lines if any(cell.strip() for cell in line)]
    if len(lines) < 2:
        raise InputError(f"{path}: holds no rows; expected a line of headings and one row a field.")
    headings = [cell.strip() for cell in lines[0]]
    if all(_numeric([cell]) for cell in headings if cell):
        raise InputError(
            f"{path}: the first line holds numbers alone; expected headings, such as field,count."
        )
    if twice := [one for one in headings if one and headings.count(one) > 1]:
        raise InputError(f"{path}: the heading {twice[0]!r} stands twice; give each column its own.")
    for number, line in enumerate(lines[1:], 2):
        if len(line) != len(headings):
            raise InputError(
                f"{path}, row {number}: {len(line)} cells under {len(headings)} headings. Where commas stand"
                " in numbers, cells must be parted by semicolons or tabs, or stand in quotes."
            )
    table = FieldTable(path, headings, lines[1:], [], "", decimal)
    heading = table.column(field, "--field") if field else _field(table)
    names = [cell.strip() for cell in table.cells(heading)]
    if "" in names:
        raise InputError(f"{path}, row {names.index('') + 2}: no field's name in column {heading!r}.")
    _once(path, heading, names)
    return FieldTable(path, headings, lines[1:], names, heading, decimal)


def _text(path: Path) -> str:
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "is not there"
        raise InputError(f"{path}: {what}; expected a table (CSV) with one row a field.")
    raw = path.read_bytes()
    if raw[:4] == b"PK\x03\x04":
        raise InputError(f"{path}: is a workbook or archive, not a table of text; save it as CSV.")
    try:
        return raw.decode("utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1252", errors="replace")  # Fiji and Excel on older Windows


def _delimiter(text: str) -> str:
    first = next((line for line in text.splitlines() if line.strip()), "")
    return max(("\t", ";", ","), key=first.count)


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
    hint = (
        " It seems to have a row an object. Give one row a field, with those in which nothing was found: a"
        " table of objects does not have them."
        if many
        else " Leave one of the rows, or name the column that tells the fields apart with --field."
    )
    raise InputError(
        f"{path}: field {twice!r} stands {names.count(twice)} times in column {heading!r}.{hint}"
    )
