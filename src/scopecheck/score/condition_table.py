"""A table of fields with condition, measured and true numbers: read, or refused with the line at fault."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scopecheck.errors import InputError
from scopecheck.score.level_names import batches, is_object, level_places, means, one_of
from scopecheck.score.pair_names import few
from scopecheck.score.units import plain
from scopecheck.score.user_table import MISSING, bare, key, numbers, place, read_sheet

COLUMNS = {  # headings that are taken for a role without being named; levels are in `level_names`
    "condition": ("condition", "conditions", "group", "treatment"),
    "measured": ("measured", "predicted", "prediction"),
    "true": ("true", "truth", "ground truth", "gt", "manual", "annotated", "reference"),
    "field": ("field", "image", "file", "filename", "name", "acquisition", "fov", "site"),
    "unit": ("unit", "units"),
}
NEEDED = ("condition", "measured", "true")
_STEP = re.compile(r"\d+(?:[.,]\d+)?|[A-Z]$")  # what drug 1 and drug 2, or drugA and drugB, differ in
CONTROLS = "control ctrl ctl vehicle dmso untreated mock wt wild-type wildtype baseline"


@dataclass(frozen=True)
class Table:
    """The lines of two conditions.

    Attributes
    ----------
    path : Path
    of, over : str
        The two conditions, as the table names them.
    lines : ndarray, shape (n,)
        Their lines in the file, from 1.
    second : ndarray of bool, shape (n,)
        Whether a line is of `over`.
    measured, true : ndarray, shape (n,)
    names : dict of str to ndarray of str
        Further columns by role (animal, plate, well, row, column, field) or by the name that was asked for;
        columns without a single name are left out.
    asked : dict of str to str
        Which of these each option asked for.
    headings : dict of str to str
        How the table calls these.
    unit : str
        Unit of the numbers, as the table says; empty where it does not.
    notes : list of str
    batches : sequence of str
        Headings of days, plates and the like that several lines share, and that no option asked for.
    repeats : sequence of str
        Those of them that several lines of one condition share.
    objects : str
        Heading of the column that numbers objects; empty where there is none.
    """

    path: Path
    of: str
    over: str
    lines: NDArray[np.int64]
    second: NDArray[np.bool_]
    measured: NDArray[np.float64]
    true: NDArray[np.float64]
    names: dict[str, NDArray[np.str_]]
    asked: dict[str, str]
    headings: dict[str, str]
    unit: str
    notes: list[str] = field(default_factory=list)
    batches: Sequence[str] = ()
    repeats: Sequence[str] = ()
    objects: str = ""


def read_table(
    path: Path,
    *,
    of: str | None = None,
    over: str | None = None,
    columns: Mapping[str, str] | None = None,
    more: Mapping[str, str] | None = None,
    decimal: str | None = None,
) -> Table:
    """Read a table of one line a field.

    Parameters
    ----------
    path : Path
        See `user_table.read_sheet`.
    of, over : str, optional
        The two conditions; may be left out where the table has two.
    columns : mapping of str to str, optional
        Heading of ``condition``, ``measured`` and ``true``, where it is none of `COLUMNS`.
    more : mapping of str to str, optional
        Further columns that options ask for, by heading or role; the keys are the options.
    decimal : {"point", "comma"}, optional

    Raises
    ------
    InputError
        For files that are no such table, columns that are not there or not one, conditions that are not two,
        names that nearly match, numbers that are missing or can be read in two ways, and units that differ.
    """
    sheet = read_sheet(path, "condition,measured,true", decimal=decimal)
    heads, rows, lines, notes = sheet.headings, sheet.rows, np.array(sheet.lines), list(sheet.notes)
    places = _places(path, heads, columns or {}, rows)
    asked = {option: asked_role(path, heads, places, name, option) for option, name in (more or {}).items()}
    named = [bare(head) for head in heads]
    unit = _unit(path, [named[places[role]][1] for role in ("measured", "true")], heads, places)
    words = {
        role: [row[at].strip() for row in rows]
        for role, at in places.items()
        if role not in ("measured", "true")
    }
    spelled = checked_names(path, heads[places["condition"]], words["condition"], lines)
    of, over = _two(path, spelled, of, over, notes)
    kept = np.flatnonzero(np.isin(words["condition"], (of, over)))
    second = np.array(words["condition"])[kept] == over
    cells = {role: [rows[i][places[role]] for i in kept] for role in ("measured", "true")}
    _truth(path, heads[places["true"]], cells["true"], second, (of, over))
    numbered = lines[kept]
    by_name = {heads[places[role]]: cells[role] for role in ("measured", "true")}
    got = numbers(sheet, by_name, notes, lines=numbered.tolist())
    if "unit" in words:
        unit = _one_unit(path, [words["unit"][i] for i in kept], numbered, unit)
    names = {
        role: np.array([values[i] for i in kept], dtype=str)
        for role, values in words.items()
        if role not in ("condition", "unit") and any(values)
    }
    for role, values in names.items():
        checked_names(path, heads[places[role]], values.tolist(), numbered)
    headings = {role: named[at][0] for role, at in places.items()}
    pair = got[heads[places["measured"]]], got[heads[places["true"]]]
    mine = [rows[i] for i in kept]
    shared = batches(heads, mine, [places[role] for role in asked.values() if role in places])
    repeats = [head for head in shared if not _once_each(second, [row[heads.index(head)] for row in mine])]
    table = Table(path, of, over, numbered, second, *pair, names, asked, headings, unit, notes)
    objects = next((head for i, head in enumerate(heads) if i not in places.values() and is_object(head)), "")
    return replace(table, batches=shared, repeats=repeats, objects=objects)


def _once_each(second: NDArray[np.bool_], names: Sequence[str]) -> bool:
    """Whether no name comes twice in one condition."""
    return len(set(zip(second.tolist(), map(str.strip, names), strict=True))) == len(names)


def _places(
    path: Path, heads: list[str], columns: Mapping[str, str], rows: Sequence[Sequence[str]]
) -> dict[str, int]:
    """Which column has which role."""
    places = {role: place(path, heads, columns[role], f"--{role}") for role in COLUMNS if role in columns}
    for role, known in COLUMNS.items():
        if role in columns:
            continue
        found = _headed(heads, role, known)
        if role == "field":
            found = [i for i in found if i not in places.values()]
        if len(found) > 1 and role != "field":
            both = " and ".join(repr(heads[i]) for i in found)
            way = f"name one: --{role} {heads[found[0]]!r}" if role in NEEDED else "leave one of them"
            raise InputError(f"{path}: the columns {both} may both be the {role}; {way}.")
        if found:
            places[role] = one_of(path, heads, rows, found, role, finest=True)
        elif role in NEEDED:
            raise InputError(
                f"{path}: has no column {role!r}; its headings are {', '.join(heads)}. Name the column that"
                f" it is: --{role} {next((h for h in heads if h), 'COLUMN')!r}."
            )
    places |= level_places(path, heads, rows, tuple(places.values()))
    if len({places[role] for role in NEEDED}) < len(NEEDED):
        told = ", ".join(f"--{role} {heads[places[role]]!r}" for role in NEEDED)
        raise InputError(f"{path}: one column is given two roles ({told}); expected three columns.")
    return places


def _headed(heads: list[str], role: str, known: Sequence[str]) -> list[int]:
    """Columns that are called so, and else those that programs call so: Metadata_Treatment, FileName_DNA."""
    words = [key(name) for name in known]
    if found := [i for i, head in enumerate(heads) if key(bare(head)[0]) in words]:
        return found
    field = role == "field"
    return [
        i
        for i, head in enumerate(heads)
        if means(head, " ".join(words), after=field)
        or (field and head.removeprefix("Image_").startswith("FileName_"))
    ]


def asked_role(path: Path, heads: list[str], places: dict[str, int], name: str, option: str) -> str:
    """The role of a column that an option asks for, which is put into `places` where it has none."""
    if name.lower() in (*places, "field") and name.lower() not in ("row", "column"):
        role = name.lower()
    else:
        at = place(path, heads, name, option)
        role = next((role for role, known in places.items() if known == at), name)
        places[role] = at
    if role in (*NEEDED, "unit"):
        raise InputError(f"{path}: {option} {name!r} is the column of the {role}; name another.")
    return role


def _unit(path: Path, told: Sequence[str], heads: list[str], places: Mapping[str, int]) -> str:
    """The unit that the headings give; refused where measured and true numbers have different ones."""
    if told[0] and told[1] and plain(told[0]) != plain(told[1]):
        both = " and ".join(repr(heads[places[role]]) for role in ("measured", "true"))
        raise InputError(
            f"{path}: the headings {both} name different units, {told[0]} and {told[1]}; expected one for"
            " both. Convert one column."
        )
    return told[0] or told[1]


def _one_unit(path: Path, units: list[str], lines: NDArray, headed: str) -> str:
    """The unit of a column of units; refused where lines differ."""
    first: dict[str, tuple[str, int]] = {plain(headed): (headed, 0)} if headed else {}
    for unit, line in zip(units, lines.tolist(), strict=True):
        first.setdefault(plain(unit), (unit, line))
    if len(first) > 1:
        told = ", ".join(f"{u or 'none'} (line {n})" if n else f"{u} (heading)" for u, n in first.values())
        raise InputError(
            f"{path}: numbers are in different units: {told}; expected one. Convert them, or judge each"
            " unit's lines in a table of their own."
        )
    return next(iter(first.values()))[0]


def checked_names(path: Path, heading: str, names: list[str], lines: NDArray) -> dict[str, int]:
    """How often each name comes; refused where two differ in case, blanks or underscores alone."""
    counts: dict[str, int] = {}
    first: dict[str, int] = {}
    for name, line in zip(names, lines.tolist(), strict=True):
        counts[name] = counts.get(name, 0) + 1
        first.setdefault(name, line)
    if "" in counts and counts[""] < len(names):
        raise InputError(
            f"{path}: line {first['']}: {heading!r} is empty ({counts['']} of {len(names)} lines); give every"
            " line its name, or leave these lines out and say so."
        )
    seen: dict[str, str] = {}
    for name in counts:
        other = seen.setdefault(key(name) or name, name)
        if other != name:
            told = " and ".join(f"{n!r} (line {first[n]}, {counts[n]} in all)" for n in (other, name))
            raise InputError(
                f"{path}: column {heading!r} has {told}: one name or two? Write them alike, or so that they"
                " differ in more than case, blanks or underscores."
            )
    return counts


def _two(
    path: Path, counts: Mapping[str, int], of: str | None, over: str | None, notes: list[str]
) -> tuple[str, str]:
    """The two conditions to compare: as named, or the only two, the control second."""
    names = list(counts)
    first = None if of is None else _condition(path, counts, of, "of")
    second = None if over is None else _condition(path, counts, over, "over")
    told = ", ".join(f"{name} ({n} lines)" for name, n in list(counts.items())[:8])
    told += f" and {len(counts) - 8} more" * (len(counts) > 8)
    if len(names) < 2:
        raise InputError(f"{path}: has one condition, {told}; a difference needs two.")
    left = [name for name in names if name not in (first, second)]
    if first is not None and first == second:
        raise InputError(f"{path}: --of and --over both name {first}; give two of {told}.")
    if len(names) > 2 and None in (first, second):
        control = next((name for name in left if key(name) in CONTROLS.split()), left[0])
        a = first or next(name for name in left if name != control)
        b = second or control
        near = [(n, m) for n in names for m in get_close_matches(n, [x for x in names if x != n], 1, 0.8)]
        odd = f" {near[0][0]!r} and {near[0][1]!r} look alike: is one mistyped?" if near else ""
        raise InputError(
            f"{path}: has {len(names)} conditions, {told}; name the two to compare, such as --of {a!r}"
            f" --over {b!r}.{odd}"
        )
    if first is None and second is None:
        controls = [name for name in names if key(name) in CONTROLS.split()]
        second = controls[0] if len(controls) == 1 else names[0]
        first = next(name for name in names if name != second)
        why = "which is named like a control" if len(controls) == 1 else "which comes first in the table"
        notes.append(f"{first} is compared with {second}, {why}; --of and --over say it otherwise.")
    first = first or next(name for name in left)
    second = second or next(name for name in left if name != first)
    others = [name for name in names if name not in (first, second)]
    notes += _misspelt(counts, others, first, second)
    if others:
        notes.append(f"Left out: {few(f'{name} ({counts[name]} lines)' for name in others)}.")
    return first, second


def _misspelt(counts: Mapping[str, int], others: Sequence[str], of: str, over: str) -> list[str]:
    """A note for each condition left out that looks like one of the two, mistyped; doses only look alike."""
    told = []
    for name in others:
        near = get_close_matches(name.casefold(), [of.casefold(), over.casefold()], 1, 0.8)
        for option, wanted in (("of", of), ("over", over)):
            if wanted.casefold() in near and _STEP.sub("", name) != _STEP.sub("", wanted):
                lines = f"{counts[name]} line{'s' * (counts[name] > 1)}"
                told.append(
                    f"MISSPELT? Condition {name!r} ({lines}) is left out, and looks like --{option}"
                    f" {wanted!r}: is {name} meant as {wanted}? Then write it so in the table; the word rests"
                    " on all lines of a condition."
                )
    return told


def _condition(path: Path, counts: Mapping[str, int], asked: str, option: str) -> str:
    """The condition that an option names."""
    for name in counts:
        if key(name) == key(asked):
            return name
    near = get_close_matches(asked.strip(), list(counts), 1)
    hint = f" (did you mean {near[0]!r}?)" if near else ""
    raise InputError(f"{path}: --{option}: no condition {asked!r}{hint}; the table has {few(counts)}.")


def _truth(path: Path, heading: str, cells: list[str], second: NDArray, names: tuple[str, str]) -> None:
    """Refuse a condition none of whose lines has a true number."""
    there = np.array([cell.strip().lower() not in MISSING for cell in cells])
    for name, mine in zip(names, (~second, second), strict=True):
        if not there[mine].any():
            raise InputError(
                f"{path}: condition {name!r} has no truth: {heading!r} is empty in all of its {mine.sum()}"
                " lines. A difference needs true numbers in both conditions, since the tool may err otherwise"
                " in each; count or outline some fields of it by hand, five or more independent ones."
            )
