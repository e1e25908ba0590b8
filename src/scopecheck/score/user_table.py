"""A table that a person or a program wrote: its text, its columns, and numbers as people write them."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from scopecheck.errors import InputError

if TYPE_CHECKING:
    import numpy as np

LARGEST = 1 << 29  # bytes of a table that is read
MISSING = ("", "na", "n/a", "nan", "none", "null", "-", "inf", "-inf", "+inf", "infinity")
NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_POINT = re.compile(r"[-+]?(?:[1-9]\d{0,2}(?:,\d{3})+(?:\.\d*)?|(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)")
_COMMA = re.compile(r"[-+]?(?:[1-9]\d{0,2}(?:\.\d{3})+(?:,\d*)?|(?:\d+,?\d*|,\d+)(?:[eE][-+]?\d+)?)")
_THREE = re.compile(r"[-+]?[1-9]\d{0,2}\.\d{3}")  # 1.234, which may be 1234 written with a point
LARGE = 1e50  # no measurement is larger, nor smaller and not 0 than its inverse
_ODD = re.compile(r"[ '’\u00a0\u202f]")
_PARTED = re.compile(r"[-+]?\d{1,3}(?:[ '’\u00a0\u202f]\d{3})+(?:[.,]\d*)?")  # 1 234 or 1'234.5
_BLANK = re.compile(r"(?<!\d)[\s_]+|[\s_]+(?!\d)|(?<=[^\W\d])-(?=\w)|(?<=\w)-(?=[^\W\d])")
_BRACKETS = re.compile(r"(.*?)\s*[\[(]\s*([^()\[\]]*?)\s*[\])]\s*")
_TAIL = re.compile(r"(.*?)[_ ](um\^?[23]?|[µμ]m\^?[23²³]?|nm\^?[23]?|px\^?[23]?|mm\^?[23]?)", re.I)


@dataclass(frozen=True)
class Sheet:
    """The cells of a table as text; numbers are read when a column is asked for.

    Attributes
    ----------
    path : Path
    headings : list of str
        None stands twice; "" is a column without one.
    rows : list of list of str
        As many cells each as there are headings.
    lines : list of int
        The rows' lines in the file, from 1.
    decimal : str or None
        ``point`` or ``comma``, where it was said.
    notes : list of str
        How the file was read, where that is not plain.
    """

    path: Path
    headings: list[str]
    rows: list[list[str]]
    lines: list[int]
    decimal: str | None = None
    notes: list[str] = field(default_factory=list)


def read_sheet(path: Path, expected: str, *, decimal: str | None = None, least: int = 2) -> Sheet:
    """Read a table of text: a line of headings, and rows parted by commas, semicolons or tabs.

    Lines that begin with # and Excel's ``sep=;`` are passed over, and so are the three lines with which
    TrackMate explains its headings.

    Parameters
    ----------
    path : Path
        UTF-8, UTF-16 with its mark, or Windows-1252, which is noted.
    expected : str
        Headings of such a table, for messages: ``field,count``.
    decimal : {"point", "comma"}, optional
        What separates decimals; by default what the numbers say.
    least : int
        Columns that are expected at least.

    Raises
    ------
    InputError
        If there is no such file, it is no text or has no rows, headings are missing or stand twice, or a row
        has more cells than there are headings.
    """
    text, notes = _text(path, expected)
    lines = io.StringIO(text, newline="")
    mark = _separator(path, text, expected, least)
    reader = csv.reader(lines, delimiter=mark)
    try:
        found = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise InputError(f"{path}: line {reader.line_num} cannot be read ({error}); is it a table?") from None
    kept = [(line, row) for line, row in found if not _aside(row[0])]
    if remarks := [line for line, row in found if row[0].lstrip().startswith("#")]:
        many = f"{len(remarks)} lines begin" if len(remarks) > 1 else "1 line begins"
        notes.append(f"{path.name}: {many} with # and {'are' if len(remarks) > 1 else 'is'} passed over.")
    headings = [cell.strip() for cell in kept[0][1]]
    while headings and not headings[-1]:
        headings.pop()
    _headings(path, headings, expected)
    kept = _without_trackmate(headings, kept[1:], path, notes)
    rows, short = [], []
    for line, row in kept:
        if any(cell.strip() for cell in row[len(headings) :]):
            hint = (
                " Do numbers hold commas? Put them in quotes, write them without, or part cells by semicolons"
                " or tabs." * (mark == ",")
            )
            raise InputError(
                f"{path}: line {line} has {len(row)} columns, but there are {len(headings)} headings;"
                f" expected one cell a heading.{hint}"
            )
        short += [line] * (len(row) < len(headings))
        rows.append((row + [""] * len(headings))[: len(headings)])
    if not rows:
        raise InputError(f"{path}: holds headings and no line; expected a line a field.")
    if short:
        notes.append(
            f"{path.name}: {len(short)} lines (first line {short[0]}) end before the last heading; what they"
            " lack is taken for empty."
        )
    return Sheet(path, headings, rows, [line for line, _ in kept], decimal, notes)


def _text(path: Path, expected: str) -> tuple[str, list[str]]:
    if not path.exists():
        raise InputError(f"{path}: no such file; expected a table (CSV or TSV) with a line a field.")
    if path.is_dir():
        raise InputError(f"{path}: is a folder; expected one table (CSV or TSV) with a line a field.")
    if path.stat().st_size > LARGEST:
        raise InputError(f"{path}: is larger than {LARGEST >> 20} MB; is it a table? Give one row a field.")
    data, notes = path.read_bytes(), []
    wide = data[:2] in (b"\xff\xfe", b"\xfe\xff")
    if not wide and (data[:4] == b"PK\x03\x04" or b"\0" in data[:4096]):
        raise InputError(f"{path}: is no text, perhaps a spreadsheet; save it as CSV (UTF-8) and give that.")
    try:
        text = data.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError:
        if wide:
            raise InputError(f"{path}: is cut short or no text in UTF-16; save it as CSV (UTF-8).") from None
        text = data.decode("cp1252", "replace")  # Fiji and Excel on older Windows
        notes.append(f"{path}: is not UTF-8 and was read as Windows-1252.")
    if not any(line.strip() and not _aside(line) for line in text.splitlines()):
        raise InputError(f"{path}: is empty; expected headings ({expected}) and a line a field.")
    return text, notes


def _aside(line: str) -> bool:
    """Whether a line is a remark, or Excel's word on what parts its columns."""
    return line.lstrip().startswith("#") or re.fullmatch(r"\s*\"?sep=.?\"?\s*", line) is not None


def _separator(path: Path, text: str, expected: str, least: int) -> str:
    """What parts the headings: that which gives most of them."""
    first = next(line for line in text.splitlines() if line.strip() and not _aside(line))
    count = {mark: len(next(csv.reader([first], delimiter=mark))) for mark in "\t;,"}
    mark = max(count, key=lambda one: count[one])
    if count[mark] < least:
        raise InputError(
            f"{path}: its first line, {first.strip()[:60]!r}, has one column; expected headings such as"
            f" {expected} with commas, semicolons or tabs between."
        )
    return mark


def _headings(path: Path, headings: Sequence[str], expected: str) -> None:
    if twice := [one for i, one in enumerate(headings) if one and one in headings[:i]]:
        raise InputError(f"{path}: two columns are called {twice[0]!r}; give each a heading of its own.")
    if all(
        _PARTED.fullmatch(one) or _POINT.fullmatch(one) or _COMMA.fullmatch(one) for one in headings if one
    ):
        raise InputError(
            f"{path}: the first line holds numbers alone; expected headings, such as {expected}."
        )


def _without_trackmate(
    headings: Sequence[str], rows: list[tuple[int, list[str]]], path: Path, notes: list[str]
) -> list[tuple[int, list[str]]]:
    """Leave out the lines in which TrackMate gives each heading's name, short name and unit."""
    if headings[:2] != ["LABEL", "ID"] and not {"TRACK_ID", "POSITION_X"} <= set(headings):
        return rows
    at = next((i for i, one in enumerate(headings) if one == "ID" or one.endswith("_ID")), 0)
    more = next(
        (i for i, (_, row) in enumerate(rows[:4]) if row[at : at + 1] and row[at].strip().isdigit()), 0
    )
    if more:
        notes.append(f"{path.name}: TrackMate's {more} further lines of headings are passed over.")
    return rows[more:]


def key(name: str) -> str:
    """What is left of a name where case, blanks, underscores and inner hyphens make no difference.

    Between two numbers they do: 1_12 is not 11_2.
    """
    return _BLANK.sub("", name).casefold()


def bare(heading: str) -> tuple[str, str]:
    """A heading's name and its unit, "" where none is named: 'area [um^2]', 'Area µm^2', 'area_um2'."""
    fit = _BRACKETS.fullmatch(heading) or _TAIL.fullmatch(heading)
    return (fit[1], fit[2]) if fit and fit[1] else (heading, "")


def place(path: Path, headings: Sequence[str], asked: str, option: str) -> int:
    """Which column an option asks for, by its heading with the unit or without.

    Raises
    ------
    InputError
        If there is none, naming the nearest, which is never taken.
    """
    names = [bare(one)[0] for one in headings]
    ways = (
        (list(headings), asked),
        ([key(x) for x in headings], key(asked)),
        ([key(x) for x in names], key(asked)),
    )
    for known, wanted in ways:
        if found := [i for i, one in enumerate(known) if one == wanted and headings[i]]:
            if len(found) > 1:
                both = " and ".join(repr(headings[i]) for i in found)
                raise InputError(f"{path}: {option} {asked!r} may be {both}; write it as in the table.")
            return found[0]
    near = get_close_matches(asked, [one for one in headings if one], 1)
    hint = f" (did you mean {near[0]!r}?)" if near else ""
    raise InputError(
        f"{path}: has no column {asked!r}{hint}, {option}; its headings are"
        f" {', '.join(one or '(none)' for one in headings)}."
    )


def looks_numeric(cells: Sequence[str]) -> bool:
    """Whether the first cells that hold anything look like numbers."""
    held = [cell.strip() for cell in cells[:1000] if cell.strip().lower() not in MISSING][:50]
    return bool(held) and all(re.fullmatch(r"[-+\u2212.,'’\s\u00a0\u202f\de]+", cell, re.I) for cell in held)


def numbers(
    sheet: Sheet,
    columns: Mapping[str, Sequence[str]],
    notes: list[str],
    *,
    lines: Sequence[int] | None = None,
    names: Sequence[str] | None = None,
) -> dict[str, np.ndarray]:
    """Read columns of one table, all of them by one habit of writing; how is noted.

    A comma is the decimal sign, or that of thousands, where all numbers can be read in that way alone, or
    `sheet.decimal` says it. Where they can be read in both ways nothing is guessed. A point is the decimal
    sign, but for a column in which it may part thousands: 1.180 beside 964 is refused, and 1.180 beside 1.048
    noted.

    Parameters
    ----------
    sheet : Sheet
    columns : mapping of str to sequence of str
        Cells by heading.
    notes : list of str
        What was done is added.
    lines : sequence of int, optional
        The cells' lines in the file; by default all of the sheet's.
    names : sequence of str, optional
        The cells' fields, for messages.

    Returns
    -------
    dict of str to ndarray of float64, (n,)

    Raises
    ------
    InputError
        Naming heading and line, for a cell without a number, numbers that can be read in two ways, and such
        as no measurement gives (`LARGE`).
    """
    import numpy as np

    lines = sheet.lines if lines is None else lines
    clean = {head: [one.strip().replace("\u2212", "-") for one in cells] for head, cells in columns.items()}
    odd = [
        (head, i, cell)
        for head, cells in clean.items()
        for i, cell in enumerate(cells)
        if not NUMBER.fullmatch(cell)
    ]
    for head, i, cell in odd:
        _readable(sheet, odd, head, cell, _where(sheet, lines, names, i), len(lines))
    points = next((c for cells in clean.values() for c in cells if NUMBER.fullmatch(c) and "." in c), "")
    comma = _comma_is_decimal(sheet, odd, points, lines, names)
    marked = odd
    if comma:  # then a point parts thousands, also where there is no comma
        marked = [
            (h, i, c) for h, cells in clean.items() for i, c in enumerate(cells) if re.search(r"[^\d+-]", c)
        ]
    for head, i, cell in marked:
        text = _ODD.sub("", cell)
        if not (_COMMA if comma else _POINT).fullmatch(text):
            raise InputError(
                f"{_where(sheet, lines, names, i)}: {head!r} is {cell!r}, no number where a"
                f" {'comma' if comma else 'point'} is the decimal sign. Write all numbers alike."
            )
        clean[head][i] = text.replace(".", "").replace(",", ".") if comma else text.replace(",", "")
    if changed := [one for one in marked if clean[one[0]][one[1]] != one[2]]:
        notes += [one for one in _told(sheet, changed, comma, clean, lines) if one not in notes]
    if not sheet.decimal and not any("," in cell for _, _, cell in odd):
        for head, cells in clean.items():
            notes += [one for one in _points(sheet, head, cells, lines, names) if one not in notes]
    read = {head: np.array(cells, dtype=np.float64) for head, cells in clean.items()}
    for head, values in read.items():
        size = np.abs(values)
        if (far := np.flatnonzero((size > LARGE) | ((size > 0) & (size < 1 / LARGE)))).size:
            i, end = int(far[0]), "above 1e50" if size[far[0]] > 1 else "nearer to 0 than 1e-50"
            raise InputError(
                f"{_where(sheet, lines, names, i)}: {head!r} is {columns[head][i].strip()}, {end}, which no"
                f" measurement gives ({far.size} of {values.size} lines); is it a code for 'missing'? Measure"
                " this field, or leave it out and say so."
            )
    return read


def _where(sheet: Sheet, lines: Sequence[int], names: Sequence[str] | None, i: int) -> str:
    return f"{sheet.path}: line {lines[i]}" + (f" (field {names[i]!r})" if names is not None else "")


def _readable(
    sheet: Sheet, odd: Sequence[tuple[str, int, str]], head: str, cell: str, where: str, many: int
) -> None:
    """Refuse a cell that is no number in any habit of writing."""
    if cell.lower() in MISSING:
        missing = sum(one[0] == head and one[2].lower() in MISSING for one in odd)
        raise InputError(
            f"{where}: {head!r} is {cell or 'empty'}, no number ({missing} of {many} lines). A field in which"
            " nothing was found has 0; one that was not measured has to be measured, or left out, and that"
            " said."
        )
    text = _ODD.sub("", cell) if _PARTED.fullmatch(cell) else cell
    if not (_POINT.fullmatch(text) or _COMMA.fullmatch(text)):
        raise InputError(
            f"{where}: {head!r} is {cell!r}, no number; write digits with a decimal point, and the unit into"
            " the heading, as in 'measured [um^2]'."
        )


def _comma_is_decimal(
    sheet: Sheet,
    odd: Sequence[tuple[str, int, str]],
    points: str,
    lines: Sequence[int],
    names: Sequence[str] | None,
) -> bool:
    """Whether a comma separates decimals in these columns; `points` is a number with a point alone."""
    if sheet.decimal:
        return sheet.decimal == "comma"
    commas = [one for one in odd if "," in one[2]]
    if not commas:
        return False
    blanks = any(_ODD.search(cell) for _, _, cell in odd)  # which part thousands already
    texts = [_ODD.sub("", cell) for _, _, cell in commas]
    point = all(_POINT.fullmatch(text) for text in texts) and not blanks
    comma = all(_COMMA.fullmatch(text) for text in texts)
    # 4.125 beside 12,5 may be either, unless another number has both marks: 1.234,5
    mixed = bool(points) and not (
        _COMMA.fullmatch(points) and any("." in text and _COMMA.fullmatch(text) for text in texts)
    )
    head, i, cell = commas[0]
    where = f"{_where(sheet, lines, names, i)}: {head!r} is {cell}"
    todo = (
        "Say --decimal comma or --decimal point, or write all numbers with a decimal point and no other mark."
    )
    if point and comma and not points:
        both = f"{cell.replace(',', '')} or {cell.replace(',', '.')}"
        raise InputError(f"{where}, which may be {both}: thousands or decimals? {todo}")
    if point or (comma and not mixed):
        return not point
    beside = f", and others have a point ({points})" if points else ", and others another habit"
    raise InputError(f"{where}{beside}: thousands or decimals? {todo}")


def _points(
    sheet: Sheet, head: str, cells: Sequence[str], lines: Sequence[int], names: Sequence[str] | None
) -> list[str]:
    """Refuse points that may part thousands; a note where only three digits after each speak for it."""
    pointed = [i for i, cell in enumerate(cells) if "." in cell]
    if not pointed or not all(_THREE.fullmatch(cells[i]) for i in pointed):
        return []
    i, cell = pointed[0], cells[pointed[0]]
    rest = [one for one in cells if "." not in one and not re.fullmatch(r"[-+]?0+", one)]  # 0 tells nothing
    whole = next((one for one in rest if re.fullmatch(r"[-+]?\d+", one)), "")
    if whole:
        raise InputError(
            f"{_where(sheet, lines, names, i)}: {head!r} is {cell}, and others are whole numbers ({whole}):"
            f" {cell.replace('.', '')} or {float(cell):g}, thousands or decimals? Say --decimal comma if"
            " points part thousands, or --decimal point; or write numbers without signs of thousands."
        )
    if rest:
        return []
    return [
        f"{sheet.path.name}: in {head!r} every number has three digits after a point, which is read as the"
        f" decimal sign: {cell} (line {lines[i]}) as {float(cell):g}, not as {cell.replace('.', '')}. If"
        f" points part thousands, write {cell.replace('.', '')}, or say --decimal comma."
    ]


def _told(
    sheet: Sheet,
    odd: Sequence[tuple[str, int, str]],
    comma: bool,
    clean: Mapping[str, Sequence[str]],
    lines: Sequence[int],
) -> list[str]:
    """A note for each column on how its numbers were read."""
    told = []
    for head in dict.fromkeys(one[0] for one in odd):
        mine = [one for one in odd if one[0] == head]
        _, i, cell = next((one for one in mine if "," in one[2]), mine[0])
        sign = "decimal sign" if comma else "sign of thousands"
        how = f"a comma is read as the {sign}" if "," in cell else "what parts thousands is left out"
        many = f"{len(mine)} numbers are" if len(mine) > 1 else "1 number is"
        told.append(
            f"{sheet.path.name}: in {head!r} {many} not plainly written, and {how} ({cell} as"
            f" {float(clean[head][i]):.12g}, line {lines[i]})."
        )
    return told
