"""Tables with a row an object, as CellProfiler, QuPath, Fiji and TrackMate write them, one number a field."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path

from scopecheck.errors import InputError
from scopecheck.score.level_names import is_level
from scopecheck.score.pair_names import few
from scopecheck.score.user_table import Sheet, bare, numbers, place, read_sheet

AROUND = ("Annotation", "TMA core", "Root object", "Image")  # of QuPath: no objects themselves


def program(sheet: Sheet) -> str:
    """Whose table of objects this is by its headings, "" where it need not be one."""
    heads = set(sheet.headings)
    if {"ImageNumber", "ObjectNumber"} <= heads:
        return "CellProfiler"
    if "TRACK_ID" in heads and {"POSITION_X", "FRAME"} <= heads:
        return "TrackMate"
    if "Image" in heads and "Object type" in heads:
        at = sheet.headings.index("Object type")
        if {row[at].strip() for row in sheet.rows} & {"Detection", "Cell", "Tile"}:
            return "QuPath"
    if sheet.headings[0] == "" and "Area" in heads and not {"Count", "Average Size"} & heads:
        return "Fiji"
    return ""


def field_of(sheet: Sheet, path: Path, asked: str | None) -> str:
    """The column that names the fields of a table of objects."""
    if asked is not None:
        return sheet.headings[place(path, sheet.headings, asked, "--field")]
    if program(sheet) == "TrackMate":
        raise InputError(
            f"{path}: is TrackMate's table of the spots of a movie. Its frames are no independent fields; put"
            " the tables of all movies into one, with a column that names the movie, and give --field movie."
        )
    for name in ("Image", "ImageNumber", "Slice", "Label"):
        if name in sheet.headings:
            return name
    raise InputError(f"{path}: is a table of objects; name the column that tells their fields with --field.")


def how_to(path: Path, whose: str) -> str:
    """What is said of a table of objects that is given for one of fields."""
    whose = f"{whose}'s" if whose else "seemingly a"
    return (
        f"{path}: is {whose} table of objects, with a row an object. Fields in which nothing was found are"
        " not in it, so that a mean over it is too high. Give --all-fields TABLE, in which every field that"
        " was looked at has a row (CellProfiler's Image.csv, a list of names under a heading), and --value"
        " count, or total:COLUMN or mean:COLUMN. Or give a table with a row a field."
    )


def _without_annotations(sheet: Sheet) -> Sheet:
    """QuPath writes what was drawn around objects, or around a tissue core, into the same table."""
    if program(sheet) != "QuPath":
        return sheet
    at = sheet.headings.index("Object type")
    around = [row[at].strip() in AROUND for row in sheet.rows]
    if not any(around):
        return sheet
    kinds = ", ".join(sorted({row[at].strip() for row, one in zip(sheet.rows, around, strict=True) if one}))
    sheet.notes.append(
        f"{sheet.path.name}: {sum(around)} rows of type {kinds} are left out: they lie around objects."
    )
    kept = [i for i, one in enumerate(around) if not one]
    return replace(sheet, rows=[sheet.rows[i] for i in kept], lines=[sheet.lines[i] for i in kept])


def grouped(sheet: Sheet, field: str, every: Path | None, value: str | None) -> tuple[Sheet, str, str]:
    """One number a field from a table of objects.

    Parameters
    ----------
    sheet : Sheet
        A row an object.
    field : str
        Heading of the fields' names.
    every : Path or None
        Table that names all fields, under the same heading or the first column's. None: of the truth, of
        which the fields that it names are taken, and no others.
    value : str, optional
        ``count`` (the default), ``total:COLUMN`` or ``mean:COLUMN``.

    Returns
    -------
    sheet : Sheet
        With the columns `field` and `value`, a row a field, and notes on how many have no object; with the
        other columns of `every`; and with columns of wells or animals which the objects' table has.
    value : str
    unit : str

    Raises
    ------
    InputError
        If an object's field is not in the list, a field stands in it twice, or a mean is asked of no object.
    """
    path, notes = sheet.path, sheet.notes
    sheet = _without_annotations(sheet)
    listed = (
        _named(sheet, field) if every is None else read_sheet(every, "field", decimal=sheet.decimal, least=1)
    )
    at = listed.headings.index(field) if field in listed.headings else 0
    names = [row[at].strip() for row in listed.rows]
    if twice := [name for name, n in Counter(names).items() if n > 1 or not name]:
        raise InputError(f"{every}: field {twice[0]!r} stands twice or is empty; expected each field once.")
    value = value or "count"
    how, _, column = value.partition(":")
    if how not in ("count", "total", "mean") or (how == "count") == bool(column):
        raise InputError(
            f"--value {value}: of a table of objects expected count, total:COLUMN or mean:COLUMN."
        )
    owner = sheet.headings.index(field)
    members: dict[str, list[int]] = {name: [] for name in names}
    for i, row in enumerate(sheet.rows):
        name = row[owner].strip()
        if name not in members:
            near = get_close_matches(name, names, 1)
            hint = f" (nearest there: {near[0]!r}; a near name is never taken)" if near else ""
            raise InputError(
                f"{path}: line {sheet.lines[i]}: field {name!r} is not in {every}{hint}; expected every field"
                " in it."
            )
        members[name].append(i)
    if empty := [name for name, rows in members.items() if not rows]:
        notes.append(f"{path.name}: {len(empty)} of {len(names)} fields have no object ({few(empty)}).")
    unit = "objects"
    cells: Sequence[float] = [len(rows) for rows in members.values()]
    if how != "count":
        head = sheet.headings[place(path, sheet.headings, column, "--value")]
        got = numbers(sheet, {head: [row[sheet.headings.index(head)] for row in sheet.rows]}, notes)[head]
        unit = bare(head)[1]
        if how == "mean" and empty:
            raise InputError(
                f"{path}: {value} is not defined for {len(empty)} fields without an object ({few(empty)});"
                f" ask for count or total:{column}, or leave these fields out of {every} and say so."
            )
        cells = [float(got[rows].mean() if how == "mean" else got[rows].sum()) for rows in members.values()]
    rows = [[name, repr(cell)] for name, cell in zip(names, cells, strict=True)]
    heads = [field, value]
    first = [inside[0] if inside else None for inside in members.values()]
    for head in dict.fromkeys([*listed.headings, *filter(is_level, sheet.headings)]):
        if not head or head in heads or head == listed.headings[at]:
            continue
        heads.append(head)
        source, lines = (listed, range(len(names))) if head in listed.headings else (sheet, first)
        spot = source.headings.index(head)
        for row, line in zip(rows, lines, strict=True):
            row.append("" if line is None else source.rows[line][spot])
    notes.append(
        f"{path.name}: {len(sheet.rows)} objects are taken together to {value} of {len(names)} fields."
    )
    if every is None:
        notes += _of_the_named(path, field, how, len(names))
    return Sheet(path, heads, rows, listed.lines, "point", notes), value, unit


def _of_the_named(path: Path, field: str, how: str, many: int) -> list[str]:
    """What a reader must know where the fields of a truth are those which its objects name."""
    said = f"{path.name}: names {many} fields; these are taken for annotated, and no others."
    if how != "mean":
        said += (
            " A field that was annotated and holds no object is not in a table of objects, and without it"
            " the mean of the truths is too high: if there is one, give the truth as a table of numbers per"
            " field, in which it has a 0."
        )
    if field != "ImageNumber":
        return [said]
    return [
        said,
        f"{path.name}: fields pair by ImageNumber, which CellProfiler counts from 1 in every run; see that"
        " both tables number the same images alike.",
    ]


def _named(sheet: Sheet, field: str) -> Sheet:
    """The fields that a table of objects names, a row each, with the line where each is met first."""
    at = sheet.headings.index(field)
    first: dict[str, int] = {}
    for row, line in zip(sheet.rows, sheet.lines, strict=True):
        first.setdefault(row[at].strip(), line)
    if "" in first:
        raise InputError(f"{sheet.path}: line {first['']}: no field's name in column {field!r}.")
    return Sheet(sheet.path, [field], [[name] for name in first], list(first.values()), sheet.decimal)
