"""What is independent in a table of fields: the animal, the well, or the field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from scopecheck.errors import InputError
from scopecheck.score.condition_table import Table, asked_role
from scopecheck.score.level_names import level_places, shared_in
from scopecheck.score.pair_names import few

if TYPE_CHECKING:
    from scopecheck.score.field_table import FieldTable

LINE = "line"


@dataclass(frozen=True)
class Replicates:
    """The independent replicates of one condition.

    Attributes
    ----------
    level : str
        What one is: a heading of the table, or ``line``.
    names : ndarray of str, shape (k,)
    measured, true : ndarray, shape (k,)
        See `judge.levels.level_means`.
    lines : ndarray of int, shape (k,)
        Lines of the table in each.
    """

    level: str
    names: NDArray[np.str_]
    measured: NDArray[np.float64]
    true: NDArray[np.float64]
    lines: NDArray[np.int64]


def replicates(table: Table, scale: str, estimand: str, notes: list[str]) -> tuple[Replicates, Replicates]:
    """Average the lines of a table up to what is independent, in each condition.

    Fields are averaged in their well, wells in their animal: each counts alike at its own level. Wells that
    only the fields' names, or rows and columns of a plate, seem to say are taken for wells, and that is
    noted; ``--level field`` says that they are none.

    Raises
    ------
    InputError
        For a line an object without its well or animal, a field that occurs twice, a level asked for that
        another column groups, fewer than two replicates in a condition, and pairs without a partner.
    """
    given = table
    table, guess = _with_wells(given)
    _no_objects(table)
    _no_field_twice(given, notes)
    level, paired = _level(table), "--paired" in table.asked
    sides = []
    for name, mine in ((table.of, ~table.second), (table.over, table.second)):
        side = _averaged(table, mine, level, scale, estimand)
        if side.measured.size < 2:
            many = f" ({mine.sum()} lines)" if mine.sum() > 1 else ""
            raise InputError(
                f"{table.path}: condition {name!r} has one independent replicate, a {side.level}{many}; a"
                " difference needs at least two in each condition, and five for HOLDS. Lines of one"
                " well or animal are not independent."
            )
        sides.append(side)
    shared = sorted(set(sides[0].names.tolist()) & set(sides[1].names.tolist()))
    if paired:
        sides[1] = _matched(table, sides[0], sides[1], shared)
    elif shared and level != LINE:
        notes.append(
            f"{len(shared)} names of column {sides[0].level!r} stand in both conditions ({few(shared)}) and"
            f" are taken for different ones; if each was seen under both, give --paired {sides[0].level!r}."
        )
    notes += _told(table, level, sides, paired)
    if guess:
        notes.append(guess)
    return sides[0], sides[1]


def of_fields(
    tables: Sequence[FieldTable],
    at: Sequence[Sequence[int]],
    besides: Sequence[str],
    numbers: tuple[NDArray, NDArray],
    *,
    level: str | None = None,
    scale: str = "relative",
    estimand: str = "per-acquisition mean",
) -> tuple[Replicates | None, str]:
    """Average a table of fields up to what is independent, where that is above the field.

    Parameters
    ----------
    tables : sequence of FieldTable
        The first that names a level is asked.
    at : sequence of sequence of int
        Rows of each, in the order of the numbers.
    besides : sequence of str
        Headings that are no level.
    numbers : (ndarray, ndarray), shapes (n,) and (n,)
        Measured and true.
    level : str, optional
        Heading of what is independent, or ``field``.
    scale, estimand : str
        As `judge.agreement`.

    Returns
    -------
    units : Replicates or None
        None where each field is one.
    guess : str
        What is to be said where rows and columns, or the fields' names, seem to say wells; else empty.

    Raises
    ------
    InputError
        For a level that is not there or that another column groups, and names that are missing.
    """
    for mine, rows in zip(tables, at, strict=True):
        last = mine is tables[-1]
        try:
            names, headings, asked = _names_of(mine, rows, besides, level)
        except InputError:
            if last or level is None:
                raise
            continue  # what is asked for may be a column of the next table
        lines = np.array([mine.sheet.lines[i] for i in rows])
        none = np.zeros(lines.size, dtype=bool)
        given = {} if level is None else {"--level": asked or level}
        table = Table(mine.path, "", "", lines, none, *numbers, names, given, headings, "")
        table, guess = _with_wells(table)
        role = _level(table)
        if role == LINE:
            if level is None and not last:
                continue
            return None, guess
        units = _averaged(table, ~none, role, scale, estimand)
        if units.names.size == lines.size:
            return None, ""
        return units, guess
    return None, ""


def of_names(ways: Sequence[Sequence[str]], level: str | None) -> tuple[list[str] | None, str, str]:
    """What is independent among files, by their names, as `of_fields` finds it in a table of fields.

    Parameters
    ----------
    ways : sequence of sequence of str
        Names of the same files, such as the true ones and the predicted ones; the first that say it count.
    level : str or None
        ``field``: each file is one, whatever the names say.

    Returns
    -------
    units : list of str or None
        The well or animal of each file; None where each file is one.
    kind : str
        ``wells`` or ``animals or repeats``; else empty.
    guess : str
        What is to be said of it, with `level`, too; else empty.
    """
    for names in ways:
        n = len(names)
        given = {} if level is None else {"--level": level}
        field = {"field": np.array(names, dtype=str)}
        none = np.zeros(n, dtype=bool)
        table = Table(Path(), "", "", np.arange(n), none, np.zeros(n), np.zeros(n), field, given, {}, "")
        table, guess = _with_wells(table)
        for role, kind in (("animal", "animals or repeats"), ("well", "wells")):
            if role in table.names:
                return table.names[role].tolist(), kind, guess
        if guess:
            return None, "", guess
    return None, "", ""


def _names_of(
    table: FieldTable, rows: Sequence[int], besides: Sequence[str], level: str | None
) -> tuple[dict[str, NDArray], dict[str, str], str | None]:
    """Columns of levels by role with the names at these rows, their headings, and the role asked for."""
    from scopecheck.score.condition_table import checked_names

    heads, sheet = table.headings, table.sheet
    besides = [*besides, table.field]
    kept = [sheet.rows[i] for i in rows]
    places = level_places(table.path, heads, kept, [heads.index(one) for one in besides if one in heads])
    asked = None
    if level is not None and level.lower() != "field":
        asked = asked_role(table.path, heads, places, level, "--level")
    names = {role: np.array([row[i].strip() for row in kept], dtype=str) for role, i in places.items()}
    lines = np.array([sheet.lines[i] for i in rows])
    for role, values in names.items():
        checked_names(table.path, heads[places[role]], values.tolist(), lines)
    names["field"] = np.array([table.names[i] for i in rows], dtype=str)
    headings = {role: heads[i] for role, i in places.items()}
    return names, headings | {"field": table.field}, asked


def _with_wells(table: Table) -> tuple[Table, str]:
    """The table with wells that it seems to name, where it names no level; and what is to be said of it."""
    if {"animal", "well"} & set(table.names):
        return table, ""
    names, found, role = table.names, None, "well"
    if {"row", "column"} <= set(names):
        found = [f"row {a}, column {b}" for a, b in zip(names["row"], names["column"], strict=True)]
        how = f"columns {table.headings['row']!r} and {table.headings['column']!r} name"
        shown: Sequence[str] = list(dict.fromkeys(found))
    elif "field" in names and (said := shared_in(names["field"].tolist(), table.second.tolist())):
        role, found, each = said
        how, shown = "the fields' names hold", list(dict.fromkeys(each))
    if found is None:
        return table, ""
    wells: Mapping[str, NDArray] = {**names, role: np.array(found, dtype=str)}
    wider = replace(table, names=dict(wells), headings={**table.headings, role: role})
    units = np.unique(_codes(table.second, *_columns(wider, role))).size
    if units == table.second.size or len(set(found)) < 2:
        return table, ""
    kind = "wells" if role == "well" else "animals or repeats"
    told = f"{how} {units} {kind} ({few(shown)}) of {table.second.size} fields"
    if table.asked:
        return table, f"It seems that {told}: fields of one are not independent of each other."
    return wider, f"{kind.capitalize()}: {told}; each counts once. If these are none, --level field."


def _codes(*columns: NDArray) -> NDArray[np.int64]:
    """One number for each combination of names."""
    code = np.zeros(columns[0].size, dtype=np.int64)
    for column in columns:
        _, inverse = np.unique(column, return_inverse=True)
        _, code = np.unique(code * (int(inverse.max()) + 1) + inverse, return_inverse=True)
    return code


def _columns(table: Table, role: str) -> list[NDArray]:
    """What names one unit of a level; a well is named by its plate, too."""
    plate = [table.names["plate"]] if role == "well" and "plate" in table.names else []
    return [*plate, table.names[role]]


def _groups(table: Table, upper: str, lower: str) -> bool:
    """Whether units of `upper` hold several of `lower`, and each of these lies in one of them."""
    mine = _codes(table.second, *_columns(table, upper))
    own = np.arange(mine.size) if lower == LINE else _codes(table.second, *_columns(table, lower))
    held = np.unique(_codes(mine, own)).size
    return held == np.unique(own).size > np.unique(mine).size


def _level(table: Table) -> str:
    """The role of what is independent; refused where the one asked for is not."""
    known = [role for role in ("animal", "well") if role in table.names]
    option = next((option for option in ("--paired", "--level") if option in table.asked), None)
    if {"--paired", "--level"} <= set(table.asked) and table.asked["--paired"] != table.asked["--level"]:
        raise InputError(
            f"{table.path}: --paired and --level name two columns; pairs are what is independent, so leave"
            " --level out."
        )
    if option is None:
        if len(known) == 2 and _groups(table, "well", "animal"):
            return "well"  # several animals share a well, as fish do
        if not known and table.repeats:
            raise InputError(
                f"{table.path}: several lines of one condition share a name in column {table.repeats[0]!r};"
                f" where these are what the study repeats, its lines are not independent. Say what is:"
                f" --level {table.repeats[0]!r}, or --level field for each line."
            )
        return known[0] if known else LINE
    asked = table.asked[option]
    if option == "--level" and asked == "field":
        asked = LINE
    elif asked not in table.names:
        raise InputError(f"{table.path}: {option}: has no names in a column {asked!r}; name one that has.")
    for role in known:
        if role != asked and _groups(table, role, asked):
            what = "lines" if asked == LINE else f"{table.headings[asked]}s"
            way = "Leave --level out" if option == "--level" else f"Give --paired {role}"
            units = np.unique(_codes(table.second, *_columns(table, role))).size
            raise InputError(
                f"{table.path}: {option} asks for {what}, but the table names {units} units in its column"
                f" {table.headings[role]!r}, which hold several {what} each: these are not independent."
                f" {way} to judge over {role}s."
            )
        if (role, asked) == ("animal", "well") and not _groups(table, "well", "animal"):
            crossed = np.unique(_codes(table.second, table.names["animal"], *_columns(table, "well"))).size
            if crossed > np.unique(_codes(table.second, *_columns(table, "well"))).size:
                raise InputError(
                    f"{table.path}: names of wells come again in other animals; leave --level out to judge"
                    " over animals."
                )
    return asked


def _averaged(table: Table, mine: NDArray, level: str, scale: str, estimand: str) -> Replicates:
    """The replicates of one condition, averaged level by level from the lines up."""
    from scopecheck.judge.levels import level_means

    measured, true = table.measured[mine], table.true[mine]
    if level == LINE:
        numbered = np.array([f"line {number}" for number in table.lines])
        names = table.names.get("field", numbered)
        return Replicates(LINE, names[mine], measured, true, np.ones(measured.size, dtype=np.int64))
    top = [column[mine] for column in _columns(table, level)]
    ladder = [top]
    for role in ("animal", "well"):
        if role in table.names and role != level:
            ladder.append([*ladder[-1], *(column[mine] for column in _columns(table, role))])
    rows = np.arange(measured.size)
    for columns in reversed(ladder):
        units = _codes(*columns)[rows]
        measured, true, first = level_means(measured, true, units, scale=scale, estimand=estimand)
        rows = rows[first]
    counts = np.bincount(_codes(*top))
    names = np.array([" ".join(parts) for parts in zip(*(column[rows] for column in top), strict=True)])
    return Replicates(table.headings[level], names, measured, true, counts[_codes(*top)[rows]])


def _matched(table: Table, of: Replicates, over: Replicates, shared: Sequence[str]) -> Replicates:
    """The second condition in the order of the first."""
    for mine, other, name in ((of, over, table.over), (over, of, table.of)):
        if lonely := sorted(set(mine.names.tolist()) - set(other.names.tolist())):
            raise InputError(
                f"{table.path}: --paired: {len(lonely)} of {mine.names.size} names of column {mine.level!r}"
                f" ({few(lonely)}) have no line of {name!r}; expected each under both conditions. Leave their"
                " lines out and say so, or judge without --paired."
            )
    place = {name: i for i, name in enumerate(over.names.tolist())}
    order = np.array([place[name] for name in of.names.tolist()])
    return Replicates(over.level, of.names, over.measured[order], over.true[order], over.lines[order])


def _no_objects(table: Table) -> None:
    """Refuse lines that are objects, where nothing names their well or animal, or says they are meant."""
    if table.objects and not table.asked and not {"animal", "well"} & set(table.names):
        raise InputError(
            f"{table.path}: column {table.objects!r} numbers objects, so that each of the"
            f" {table.second.size} lines seems to be one; objects of one field are not independent. Give a"
            " line a field, with those in which nothing was found, or name each object's well or animal in a"
            " column 'well' or 'animal'. If each line is an independent field all the same, --level field."
        )


def _no_field_twice(table: Table, notes: list[str]) -> None:
    """Refuse a field that is named twice; without names, lines that repeat another in every number."""
    others = [values for role, values in table.names.items() if role != "field"]
    if "field" in table.names:
        codes = _codes(table.second, *others, table.names["field"])
        named = True
    else:
        codes = _codes(table.second, *others, table.measured, table.true)
        named = False
    _, first, inverse = np.unique(codes, return_index=True, return_inverse=True)
    again = np.flatnonzero(first[inverse] != np.arange(codes.size))
    if not again.size:
        return
    here, before = table.lines[again[0]], table.lines[first[inverse[again[0]]]]
    if named:
        raise InputError(
            f"{table.path}: line {here} names the field {str(table.names['field'][again[0]])!r} again (line"
            f" {before}; {again.size} such lines); one field counts once. Leave one out, or give each its own"
            " name."
        )
    values = np.concatenate([table.measured[again], table.true[again]])
    # Counts are often alike; among very many lines a few decimal numbers are, too.
    if (values != np.round(values)).any() and again.size >= max(1, codes.size / 1000):
        raise InputError(
            f"{table.path}: line {here} holds the very numbers of line {before}, and of the same names"
            f" ({again.size} such lines): is it the same field twice? Leave one out, or name the fields in a"
            " column 'field'."
        )
    notes.append(
        f"{again.size} lines repeat another line's numbers (line {here} those of line {before}); name the"
        " fields in a column 'field', so that a field that is there twice can be told."
    )


def _told(table: Table, level: str, sides: Sequence[Replicates], paired: bool) -> list[str]:
    """What was taken for independent, and what speaks against it."""
    counted = []
    for name, side in zip((table.of, table.over), sides, strict=True):
        counted.append(f"{name}: {side.measured.size} ({side.lines.sum()} lines)")
    if level != LINE:
        how = "pairs" if paired else "independent replicates"
        return [f"Taken for {how} are the names of column {sides[0].level!r}: {', '.join(counted)}."]
    notes = [
        "Each line is taken for one independent replicate. Fields of one well or animal are not: name these"
        " in a column 'well' or 'animal'."
    ]
    notes += [
        f"Several lines share a name in column {head!r}; if these are not independent of each other, --level"
        f" {head!r}."
        for head in table.batches
    ]
    return notes
