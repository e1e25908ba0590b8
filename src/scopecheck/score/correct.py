"""A tool's numbers of all fields and the truth of a few, from tables: the corrected number."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scopecheck.errors import InputError
from scopecheck.score.field_table import FieldTable, read_fields, read_truth
from scopecheck.score.pair_names import few, match
from scopecheck.score.user_table import place as heading_place

if TYPE_CHECKING:
    import numpy as np

    from scopecheck.judge.correction import Corrected, Exchange

FIRST = 5  # fields to annotate next where no number of them is known
LISTED = 20  # fields named to be annotated next
FAR = 5.0  # times the median of the tool's numbers, from which a field is named
RARE = 5  # annotated true numbers unlike the most common one, below which the interval covers too little
OTHER_UNIT = 3.0  # truth and tool further apart than this in every field alike: another unit?
WHOLE = "all fields"


@dataclass(frozen=True)
class Asked:
    """How a study is read and corrected; declared before anything is opened.

    Attributes
    ----------
    chosen : {"random", "hand"}
        How the annotated fields were chosen.
    field, value, true_field, true_value : str, optional
        Headings of the columns; where not given they are found if there is no doubt.
    per : str, optional
        Heading of the number below the line, in both tables: a pooled ratio.
    condition : str, optional
        Heading of the condition; each is corrected alone, and all together as strata.
    strata : str or int, optional
        Heading, or into how many equal parts the fields are sorted by the tool's number.
    known : sequence of str
        Headings of what else is known of all fields, for the test of exchangeability.
    estimand, scope : str
        As `judge.correction.corrected`.
    half_width : str, optional
        Wished: ``5%`` of the corrected number, or a number in its unit.
    decimal : {"point", "comma"}, optional
        What separates decimals, where a table leaves it in doubt.
    every : Path, optional
        Table that names all fields, where the tool's is a table of objects (`object_table`); condition,
        strata and what else is known are its columns then.
    seed : int
        Of the draw of the fields to annotate next, and of the permutations.
    as_given : bool
        Go on where the annotated fields are unlike the rest, or numbers look like those of another unit.
    """

    chosen: str
    field: str | None = None
    value: str | None = None
    true_field: str | None = None
    true_value: str | None = None
    per: str | None = None
    condition: str | None = None
    strata: str | int | None = None
    known: Sequence[str] = ()
    estimand: str = "mean"
    scope: str = "study"
    half_width: str | None = None
    decimal: str | None = None
    every: Path | None = None
    seed: int = 0
    as_given: bool = False


@dataclass(frozen=True)
class CorrectedRow:
    """The corrected number of one condition, or of the whole study.

    Attributes
    ----------
    condition : str
        ``all fields`` for the whole study.
    answer : Corrected
    wished, further : float or None, int or None
        Half-width asked for, in the unit; and the further annotated fields that bring it, None where it was
        not asked, cannot be reached by annotating, or cannot be told (`flat`).
    doubt : str
        Why the interval is not to be trusted, where so few true numbers differ from the rest; else empty.
    """

    condition: str
    answer: Corrected
    wished: float | None
    further: int | None
    doubt: str = ""

    @property
    def flat(self) -> bool:
        """Whether nothing varies among the annotated fields: a width of 0 then says nothing."""
        a = self.answer
        return a.n < a.n_all and a.half_width <= 1e-9 * abs(a.value)


@dataclass(frozen=True)
class CorrectedStudy:
    """What `correct_study` found: rows, the test of exchangeability, fields to annotate next, and notes."""

    rows: list[CorrectedRow]
    exchange: Exchange
    known: list[str]
    unit: str
    value: str
    next_fields: list[str]
    next_strata: str
    notes: list[str] = field(default_factory=list)


@dataclass
class _Study:
    """All fields with the tool's numbers; the annotated ones with the true ones."""

    names: list[str]
    tool: np.ndarray
    at: np.ndarray
    true: np.ndarray
    tool_per: np.ndarray | None
    true_per: np.ndarray | None
    conditions: list[str] | None
    strata: np.ndarray | None
    known: dict[str, np.ndarray]
    unit: str
    value: str


def correct_study(tool: Path, truth: Path | None, asked: Asked) -> CorrectedStudy:
    """Correct the tool's number over a whole study by the truth of some of its fields.

    Parameters
    ----------
    tool : Path
        A table with a row a field, or a folder of label images measured before (`measured_table`).
    truth : Path or None
        The same of the annotated fields. None: the truth is a column of `tool`, empty where not annotated.
    asked : Asked

    Returns
    -------
    CorrectedStudy

    Raises
    ------
    InputError
        Where a table cannot be read without doubt, fields do not pair, too few are annotated, or the
        annotated fields are no sample of the study by what is known of all fields.
    """
    _installed()
    notes: list[str] = []
    mine = read_fields(tool, asked.field, decimal=asked.decimal, every=asked.every, value=asked.value)
    theirs = mine
    if truth is not None:
        named = asked.true_field or asked.field
        theirs = read_truth(truth, named, mine, decimal=asked.decimal, value=asked.true_value)
    return correct_tables(mine, theirs, asked, notes)


def correct_tables(mine: FieldTable, theirs: FieldTable, asked: Asked, notes: list[str]) -> CorrectedStudy:
    """As `correct_study`, of tables that are read already; `notes` go first."""
    _installed()
    notes += [note for table in (mine, theirs) for note in table.sheet.notes if note not in notes]
    study = _study(mine, theirs, asked, notes)
    if asked.scope == "population":
        _independent(mine, theirs, study, asked, notes)
    _other_unit(study, theirs.path, asked, notes)
    strata = _all_strata(study)
    rows = _rows(study, strata, asked, notes)
    exchange = _exchange(study, strata, asked, notes)
    _word(rows, asked, notes)
    _odd(study, notes)
    chosen, how = _next(study, strata, rows, asked)
    return CorrectedStudy(rows, exchange, list(study.known), study.unit, study.value, chosen, how, notes)


def _installed() -> None:
    if find_spec("ppi_py") is None:
        raise InputError(
            "scopecheck correct needs the package ppi-python, which is optional; type: pip install"
            " 'scopecheck[correct]'."
        )


def _study(mine: FieldTable, theirs: FieldTable, asked: Asked, notes: list[str]) -> _Study:
    """Read the columns, and find the annotated fields among all."""
    import numpy as np

    value = mine.number_column(asked.value, "--value", besides=(asked.per, asked.true_value))
    tool, unit = mine.numbers(value, notes)
    if theirs is mine:
        if not asked.true_value:
            raise InputError(
                f"{mine.path}: no table of truths is given; give one as the second argument, or name with"
                " --truth-value the column that holds the truth and is empty where a field is not annotated."
            )
        if asked.true_value == value:
            raise InputError(
                f"{mine.path}: --value and --truth-value both name {value!r}; one is the tool's."
            )
        column = theirs.number_column(asked.true_value, "--truth-value")
        rows = [i for i, cell in enumerate(theirs.cells(column)) if cell.strip()]
        if not rows:
            raise InputError(
                f"{mine.path}: column {column!r} is empty; expected the truth of 3 fields or more."
            )
        at = np.array(rows)
        true, true_unit = theirs.numbers(column, notes, rows=rows)
    else:
        given = asked.true_value or (value if value in theirs.headings else None)
        column = theirs.number_column(given, "--truth-value", besides=(asked.per,))
        true, true_unit = theirs.numbers(column, notes)
        at = np.array(places(mine, theirs, notes), int)
    same_unit(mine, value, unit, theirs, column, true_unit, notes)
    tool_per, true_per, unit = _per(mine, theirs, value, unit or true_unit, asked, notes)
    if at.size < 3:
        raise InputError(
            f"{theirs.path}: {at.size} annotated field{'s' * (at.size != 1)}; expected 3 or more, drawn at"
            f" random from the {len(mine.names)} of {mine.path}."
        )
    read_signs(mine, value, tool, notes, as_given=asked.as_given)
    read_signs(theirs, column, true, notes, as_given=asked.as_given)
    _of_every(mine, asked)
    known = {value: tool} if tool_per is None else {value: tool, str(asked.per): tool_per}
    for name in asked.known:
        known[name] = mine.numbers(mine.number_column(name, "--known"), notes)[0]
    conditions = None if asked.condition is None else mine.words(asked.condition, "--condition")
    strata = _strata(mine, tool if tool_per is None else tool / np.where(tool_per, tool_per, 1), asked)
    return _Study(mine.names, tool, at, true, tool_per, true_per, conditions, strata, known, unit, value)


def _of_every(mine: FieldTable, asked: Asked) -> None:
    """Of a table of objects the columns beside its number stand in the table of all fields: say so."""
    if asked.every is None or not mine.units:
        return
    heads = [one for one in mine.headings if one not in mine.units]
    of = asked.strata if isinstance(asked.strata, str) else None
    for option, name in (
        ("--condition", asked.condition),
        ("--strata", of),
        *(("--known", x) for x in asked.known),
    ):
        if name is not None:
            heading_place(asked.every, heads, name, option)


def places(mine: FieldTable, theirs: FieldTable, notes: list[str]) -> list[int]:
    """Position in the study of each annotated field; names pair as those of label images do."""
    place = {name: i for i, name in enumerate(mine.names)}
    missing = [name for name in theirs.names if name not in place]
    if not missing:
        return [place[name] for name in theirs.names]
    stems = {_stem(name): name for name in mine.names}, {_stem(name): name for name in theirs.names}
    pairs, how = match(list(stems[1]), list(stems[0])) if all(map(len, stems)) else ({}, "")
    if len(stems[0]) == len(mine.names) and len(pairs) == len(theirs.names) == len(stems[1]):
        shown = [f"{stems[0][b]} with {stems[1][a]}" for a, b in pairs.items()]
        notes.append(f"Fields pair {how}: {few(shown)}.")
        found = {stems[1][a]: place[stems[0][b]] for a, b in pairs.items()}
        return [found[name] for name in theirs.names]
    lost = [name for name in missing if _stem(name) not in pairs] or missing
    near = get_close_matches(lost[0], mine.names, 1, 0.6)
    hint = f" (nearest there: {near[0]!r}; a near name is never taken for the same)" if near else ""
    raise InputError(
        f"{theirs.path}: {len(lost)} of {len(theirs.names)} annotated fields ({few(lost)}) are not in the"
        f" study {mine.path}{hint}. Every annotated field must be one of the study's: write its name as it"
        " stands there."
    )


def _stem(name: str) -> str:
    tail = re.split(r"[\\/]", name)[-1]
    return re.sub(r"(\.ome)?\.(tiff?|png|npy|zarr|czi|nd2|lif|jpe?g|bmp|qptiff|svs)$", "", tail, flags=re.I)


def _per(
    mine: FieldTable, theirs: FieldTable, value: str, unit: str, asked: Asked, notes: list[str]
) -> tuple[Any, Any, str]:
    """The tool's and true numbers below the line, and the unit of the answer; none below, that of `value`."""
    if asked.per is None:
        if asked.estimand == "pooled ratio":
            raise InputError("--estimand ratio: needs --per, the column below the line, such as cells.")
        return None, None, unit
    if theirs is mine:
        raise InputError(
            "--per: needs the truth as a table of its own, with both columns, since each has a true and a"
            " tool's number."
        )
    both = [t.number_column(asked.per, "--per") for t in (mine, theirs)]
    (tool, tool_unit), (true, true_unit) = (
        table.numbers(column, notes) for table, column in zip((mine, theirs), both, strict=True)
    )
    same_unit(mine, both[0], tool_unit, theirs, both[1], true_unit, notes)
    for table, column, values in zip((mine, theirs), both, (tool, true), strict=True):
        if values.sum() <= 0 or (values < 0).any():
            raise InputError(
                f"{table.path}: column {column!r} adds up to {values.sum():g}; a ratio needs a sum above 0."
            )
    return tool, true, _unit_of_ratio(value, unit, both[0], tool_unit or true_unit)


def _unit_of_ratio(value: str, unit: str, per: str, per_unit: str) -> str:
    """Such as objects/px^2; a column without a unit goes by its name, and two in one unit give a fraction."""
    from scopecheck.score.units import plain

    if plain(unit) == plain(per_unit):
        return ""
    return f"{unit or value}/{per_unit or per}"


def same_unit(
    mine: FieldTable, a: str, unit: str, theirs: FieldTable, b: str, true_unit: str, notes: list[str]
) -> None:
    """Refuse two columns in different units; note where one alone names its unit."""
    from scopecheck.score.units import plain

    if unit and true_unit and plain(unit) != plain(true_unit):
        raise InputError(
            f"{theirs.path}: column {b!r} is in {true_unit}, but {a!r} of {mine.path} is in {unit}; give"
            " both in one unit."
        )
    if bool(unit) != bool(true_unit):
        notes.append(
            f"Column {a!r} of {mine.path.name} names {unit or 'no unit'}, and {b!r} of {theirs.path.name}"
            f" {true_unit or 'no unit'}; they are taken for one unit."
        )


def _independent(mine: FieldTable, theirs: FieldTable, study: _Study, asked: Asked, notes: list[str]) -> None:
    """Refuse fields that share wells or animals where they are to stand for a population."""
    from scopecheck.score.replicates import of_fields

    besides = [one for one in (study.value, asked.true_value, asked.per, asked.condition) if one]
    groups = [(mine, list(range(len(study.names))), study.tool, study.tool)]
    if theirs is not mine:
        groups.append((theirs, list(range(study.at.size)), study.true, study.true))
    for table, rows, a, b in groups:
        units, guess = of_fields((table,), (rows,), besides, (a, b), scale="absolute")
        if units is None:
            continue
        where = f"column {units.level!r} names" if not guess else guess.split(": ", 1)[1].split(";")[0]
        many = f" {units.names.size} for {len(rows)} fields" if not guess else ""
        said = (
            f"{table.path}: --scope population: {where}{many}, and fields of one are no independent draws"
            " from a population, so that the interval would be too narrow"
        )
        if not asked.as_given:
            raise InputError(
                f"{said}. Ask for --scope study, the number of these fields; or give tables with a row for"
                " each, holding the mean of its fields; if they are independent all the same, --as-given."
            )
        notes.append(f"Taken as given, though {said}.")
        return


SENTINELS = {-1.0, -9.0, -99.0, -999.0, -9999.0}


def read_signs(
    table: FieldTable, column: str, values: np.ndarray, notes: list[str], *, as_given: bool
) -> None:
    """Refuse numbers that stand for "missing"; note negative ones, and zeros."""
    import numpy as np

    low = np.unique(values[values < 0])
    if low.size == 1 and low[0] in SENTINELS and not as_given:
        raise InputError(
            f"{table.path}: column {column!r} is {low[0]:g} in {int((values == low[0]).sum())} of"
            f" {values.size} fields and else never below 0, as programs write for 'missing'. Measure these"
            " fields, or leave them out of the study and say so; --as-given takes it for a number."
        )
    if low.size:
        notes.append(
            f"{table.path.name}: {column!r} is below 0 in {int((values < 0).sum())} of {values.size} fields;"
            " a count or an area never is."
        )
    if zeros := int((values == 0).sum()):
        notes.append(
            f"{table.path.name}: {column!r} is 0 in {zeros} of {values.size} fields; they count as they are."
        )


def _other_unit(study: _Study, path: Path, asked: Asked, notes: list[str]) -> None:
    """Truth and tool apart by one factor in every field: another unit, or a bias; the files do not tell."""
    import numpy as np

    columns = [("the truth", study.tool, study.true)]
    if study.tool_per is not None and study.true_per is not None:
        columns.append((f"the truth of {asked.per!r}, below the line,", study.tool_per, study.true_per))
    for truth, tool, true in columns:
        mine = tool[study.at]
        if (mine <= 0).any() or (true <= 0).any():
            continue
        logs = np.log(true / mine)
        factor = float(np.exp(np.median(logs)))
        if logs.std() > 0.1 or 1 / OTHER_UNIT < factor < OTHER_UNIT:
            continue
        said = (
            f"{path}: {truth} is {factor:.3g} times the tool's number in every field, as where the units"
            " differ"
        )
        if not asked.as_given:
            raise InputError(f"{said}. Give both in one unit; if the tool is really so far off, --as-given.")
        notes.append(f"{said}; taken as given.")


def _strata(table: FieldTable, tool: np.ndarray, asked: Asked) -> np.ndarray | None:
    import numpy as np

    if asked.strata is None:
        return None
    if isinstance(asked.strata, int):
        if not 2 <= asked.strata <= len(tool) // 2:
            raise InputError(
                f"--strata: {asked.strata}; expected 2 to {len(tool) // 2} parts, or a column's name."
            )
        order = np.argsort(np.argsort(tool, kind="stable"), kind="stable")
        return np.array([f"part {1 + int(i)}" for i in order * asked.strata // len(tool)])
    return np.array(table.words(asked.strata, "--strata"))


def _all_strata(study: _Study) -> np.ndarray | None:
    """Conditions and strata together."""
    import numpy as np

    if study.conditions is None:
        return study.strata
    if study.strata is None:
        return np.array(study.conditions)
    return np.array([f"{a}, {b}" for a, b in zip(study.conditions, study.strata, strict=True)])


def _exchange(study: _Study, strata: np.ndarray | None, asked: Asked, notes: list[str]) -> Exchange:
    """Refuse annotated fields that are unlike the study."""
    import numpy as np

    from scopecheck.judge.correction import exchangeable

    found = exchangeable(
        np.column_stack(list(study.known.values())), study.at, strata=strata, seed=asked.seed
    )
    where = "within strata " if strata is not None else ""
    if not found.alarm:
        return found
    worst = list(study.known)[found.worst]
    said = (
        f"the {study.at.size} annotated fields are no random sample by {worst!r}: it is {found.how} in them"
        f" than {where}in the study (permutation test, p = {found.p:.3f})"
    )
    if not asked.as_given:
        more = (
            "annotate further fields drawn at random"
            if strata is not None
            else "--strata 3 compares within parts of like numbers, if fields were drawn at random in each"
        )
        raise InputError(
            f"{said[0].upper()}{said[1:]}, so they cannot speak for the other fields. What helps: {more}."
            " One honest random choice in twenty is refused so; if yours was made by a random number,"
            " --as-given."
        )
    notes.append(f"Taken as given, though {said}.")
    return found


def _rows(study: _Study, strata: np.ndarray | None, asked: Asked, notes: list[str]) -> list[CorrectedRow]:
    import numpy as np

    parts: dict[str, np.ndarray] = {}
    if study.conditions is not None:
        names = np.array(study.conditions)
        parts = {name: names == name for name in dict.fromkeys(study.conditions)}
        for name, inside in parts.items():
            if (held := int(inside[study.at].sum())) < 3:
                raise InputError(
                    f"condition {name!r} has {held or 'no'} annotated field{'s' * (held != 1)} of"
                    f" {int(inside.sum())}; expected 3 or more of each: a tool may err otherwise there,"
                    " which no other condition can tell."
                )
    every = np.ones(len(study.names), bool)
    rows = [_row(name, study, inside, study.strata, asked, notes) for name, inside in parts.items()]
    if len(parts) != 1:
        rows.append(_row(WHOLE, study, every, strata, asked, notes))
    return rows


def _row(
    name: str, study: _Study, inside: np.ndarray, strata: np.ndarray | None, asked: Asked, notes: list[str]
) -> CorrectedRow:
    import numpy as np

    from scopecheck.judge.correction import corrected

    place = np.cumsum(inside) - 1
    mine = inside[study.at]
    below: dict[str, Any] = {}
    if study.tool_per is not None and study.true_per is not None:
        below = {"predicted_per": study.tool_per[inside], "true_per": study.true_per[mine]}
    try:
        answer = corrected(
            study.tool[inside],
            place[study.at[mine]],
            study.true[mine],
            estimand=asked.estimand,
            scope=asked.scope,
            strata=None if strata is None else strata[inside],
            **below,
        )
    except ValueError as error:
        raise InputError(f"{name}: {error}.") from None
    if answer.note:
        notes.append(f"{name}: {answer.note}")
    wished = _wished(asked.half_width, answer.value)
    row = CorrectedRow(name, answer, wished, None, _rare(study.true[mine], answer))
    further = None if wished is None or row.flat else answer.further(wished)
    return replace(row, further=further)


def _rare(true: np.ndarray, answer: Corrected) -> str:
    """What is said where hardly any annotated field differs: rare events, of which few or none were met."""
    import numpy as np

    values, counts = np.unique(true, return_counts=True)
    most, other = counts.max(), true.size - counts.max()
    if answer.n == answer.n_all or other >= RARE or 2 * most < true.size:
        return ""
    met = f"{other} of {true.size} annotated fields {'has' if other == 1 else 'have'}"
    return (
        f"{met if other else f'no annotated field of {true.size} has'} another true number than"
        f" {values[counts.argmax()]:g}. Of events so rare the interval covers less often than it says:"
        f" annotate more fields, until {RARE} or more differ."
    )


def _wished(text: str | None, value: float) -> float | None:
    if text is None:
        return None
    fraction = text.strip().endswith("%")
    try:
        number = float(text.strip().removesuffix("%"))
    except ValueError:
        number = -1.0
    if not 0 < number < float("inf"):
        raise InputError(
            f"--half-width: {text!r}; expected 5% of the corrected number, or a number above 0 in its unit."
        )
    if fraction and not value:
        raise InputError("--half-width: the corrected number is 0, and a percentage of it means nothing.")
    return abs(value) * number / 100 if fraction else number


def _word(rows: Sequence[CorrectedRow], asked: Asked, notes: list[str]) -> None:
    """What a reader must know of the interval."""
    from scopecheck.judge.correction import TUNED_FROM

    if asked.chosen == "hand":
        notes.append(
            "NOT A RANDOM SAMPLE: the fields were chosen by hand, and the interval holds only if the choice"
            " had nothing to do with how far the tool is off in them. The test above sees what is known of"
            " all fields, and no more."
        )
    if small := [
        row for row in rows if not row.answer.tuned and 0 < row.answer.n < min(row.answer.n_all, TUNED_FROM)
    ]:
        notes.append(
            f"{', '.join(row.condition for row in small)}: fewer than {TUNED_FROM} annotated fields. The"
            " tool is followed as it is, and the interval is not to be trusted where a field may have"
            " failed altogether, or fields are empty or hold few objects: it then covered in 68 to 85 of 100"
            " made-up studies instead of 90 (page 'The corrected number')."
        )
    if len(rows) > 1:
        notes.append(
            "Each row is estimated on its own, with a weight of its own for the tool: the conditions' numbers"
            f" need not add up to that of {WHOLE}, nor their mean be it."
        )
    for row in rows:
        if row.answer.equivalent < row.answer.n:
            notes.append(
                f"{row.condition}: the tool is of no help here, its number does not follow the truth from"
                " field to field; the interval of the annotated fields alone is narrower."
            )


def _odd(study: _Study, notes: list[str]) -> None:
    """Name fields, not annotated, in which the tool's number is far from all others."""
    import numpy as np

    middle = float(np.median(study.tool))
    far = (study.tool < middle / FAR) | (study.tool > middle * FAR)
    far[study.at] = False
    if middle > 0 and (names := [study.names[i] for i in np.flatnonzero(far)]):
        notes.append(
            f"{len(names)} field{'s' * (len(names) > 1)} ({few(names)}): the tool's number is less than"
            f" 1/{FAR:g} or more than {FAR:g} times the median. No interval guards against a field in which"
            " the tool failed and which was not drawn. Look at them; they can be annotated as a stratum of"
            " their own (--strata)."
        )


def _next(
    study: _Study, strata: np.ndarray | None, rows: Sequence[CorrectedRow], asked: Asked
) -> tuple[list[str], str]:
    """Fields to annotate next, at random within strata: of each condition as many as it needs itself."""
    import numpy as np

    from scopecheck.judge.correction import next_fields

    wanted = {row.condition: FIRST if row.flat else row.further or 0 for row in rows}
    if not asked.half_width:
        wanted = {rows[-1].condition: FIRST}
    how = "conditions" if study.conditions is not None else "strata"
    chosen: list[int] = []
    for row in rows if study.conditions is not None and asked.half_width else ():
        inside = np.flatnonzero(np.array(study.conditions) == row.condition)
        if not inside.size or not wanted[row.condition]:
            continue
        held = np.flatnonzero(np.isin(inside, study.at))
        parts = None if study.strata is None else study.strata[inside]
        drawn = next_fields(inside.size, held, wanted[row.condition], strata=parts, seed=asked.seed)
        chosen += inside[drawn].tolist()
    if chosen:
        many = Counter(np.array(study.conditions)[chosen].tolist())
        how += f" ({', '.join(f'{n} of {name}' for name, n in many.items())})"
    if strata is None:
        strata, how = _strata_of(study.tool), "three parts of like numbers"
    left = wanted.get(rows[-1].condition, 0) - len(chosen)
    if left > 0 and (not chosen or rows[-1].condition == WHOLE):
        known = np.concatenate([study.at, np.array(chosen, int)])
        chosen += next_fields(len(study.names), known, left, strata=strata, seed=asked.seed)
    return [study.names[i] for i in chosen], how


def _strata_of(tool: np.ndarray) -> np.ndarray:
    import numpy as np

    order = np.argsort(np.argsort(tool, kind="stable"), kind="stable")
    return order * 3 // len(tool)


def content(found: CorrectedStudy) -> dict[str, Any]:
    """The answer as plain numbers and words, for JSON."""
    rows = []
    for row in found.rows:
        a = row.answer
        told: dict[str, Any] = {"condition": row.condition, "estimand": a.estimand, "scope": a.scope}
        told |= {
            "n": a.n,
            "fields": a.n_all,
            "unit": found.unit,
            "corrected": a.value,
            "interval": list(a.interval),
        }
        told |= {"annotated_alone": a.alone, "annotated_alone_interval": list(a.alone_interval)}
        told |= {
            "uncorrected": a.uncorrected,
            "as_good_as": a.equivalent,
            "weight": a.weight,
            "strata": a.strata,
        }
        told |= {"half_width": a.half_width, "wished_half_width": row.wished, "further": row.further}
        told["doubt"] = row.doubt
        rows.append(told)
    test: Mapping[str, Any] = {"p": found.exchange.p, "alarm": found.exchange.alarm, "known": found.known}
    return {"rows": rows, "exchangeable": test, "next": found.next_fields, "notes": found.notes}
