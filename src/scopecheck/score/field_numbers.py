"""A number a field from tables, judged against the true one: what can be told where no objects are seen."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as default
from itertools import permutations
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scopecheck.errors import InputError
from scopecheck.score.correct import places, read_signs, same_unit
from scopecheck.score.field_table import FieldTable, read_fields, read_truth
from scopecheck.score.pair_names import few
from scopecheck.score.replicates import of_fields

if TYPE_CHECKING:
    import numpy as np

    from scopecheck.record.result import ArmResult

ERROR, LOOKS = "mean error of a field", "correlation"
LEAST = 4  # fields from which an exchange can be told from chance at 5 %: one order of 24
WHOLE = 6  # fields up to which all orders are taken
DRAWS = 999
MOST = 5_000_000  # numbers that are exchanged in all; of more fields fewer draws, never under 99


@dataclass(frozen=True)
class NumberRules:
    """How two tables are read and judged; declared before anything is opened.

    Attributes
    ----------
    field, value, true_field, true_value : str, optional
        Headings; where not given they are found if there is no doubt.
    decimal : {"point", "comma"}, optional
    level : str, optional
        Heading of what is independent, or ``field``; by default animal or well, where a table or the fields'
        names say them.
    every : Path, optional
        Table that names all fields of `predicted`, where it has a row an object. Of a truth with a row an
        object the fields that it names are judged.
    tolerance, truth_uncertainty : mapping
        By heading, or ``all``.
    units : mapping of str to mapping
        Units given with these two.
    scale, estimand : str
        As `judge.agreement`.
    as_given : bool
        Take -1 or -999 in every negative cell for a number.
    """

    field: str | None = None
    value: str | None = None
    true_field: str | None = None
    true_value: str | None = None
    decimal: str | None = None
    level: str | None = None
    every: Path | None = None
    tolerance: Mapping[str, Any] = default(default_factory=dict)
    truth_uncertainty: Mapping[str, Any] = default(default_factory=dict)
    units: Mapping[str, Mapping[str, str]] = default(default_factory=dict)
    scale: str = "relative"
    estimand: str = "per-acquisition mean"
    as_given: bool = False


@dataclass(frozen=True)
class NumberScore:
    """What `score_numbers` found: the verdict, scores beside chance, every field's numbers, and notes.

    `level` is what was taken for independent, a heading of the table or ``field``.
    """

    row: ArmResult
    level: str
    scores: dict[str, float]
    chance: dict[str, float]
    better: bool | None
    fields: list[dict[str, Any]]
    notes: list[str]


def score_numbers(predicted: Path, true: Path | None, rules: NumberRules) -> NumberScore:
    """Judge a tool's number of each field against the true one.

    Fields of one well or animal are averaged first, where a table or the fields' names say them
    (`replicates.of_fields`): never are they taken for independent. Chance is what the same numbers give with
    the truths exchanged between the fields. Objects are not seen: misses that inventions make up for cannot
    be told.

    Parameters
    ----------
    predicted : Path
        A table with a row a field (`field_table.read_fields`).
    true : Path or None
        The same of the truth. None: the truth is a column of `predicted`.
    rules : NumberRules

    Raises
    ------
    InputError
        Where a table cannot be read without doubt, fields do not pair, units differ, numbers have no ratio,
        or a level is asked for that is not independent.
    """
    mine = read_fields(predicted, rules.field, decimal=rules.decimal, every=rules.every, value=rules.value)
    theirs = mine
    if true is not None:
        named, of = rules.true_field or rules.field, rules.true_value
        if rules.every is None:
            theirs = read_fields(true, named, decimal=rules.decimal)
        else:
            theirs = read_truth(true, named, mine, decimal=rules.decimal, value=of)
    notes: list[str] = []
    value, column, got, at, truth, unit, names = _columns(mine, theirs, rules, notes)
    notes[:0] = dict.fromkeys([*mine.sheet.notes, *theirs.sheet.notes])
    measured = got[at]
    judged = set(at.tolist())
    if left := [name for i, name in enumerate(mine.names) if i not in judged]:
        notes.append(f"{len(left)} fields without a truth are left out ({few(left)}).")
    _ratios(predicted, value, names, measured, truth, rules)
    listed = [
        {"field": name, "measured": float(m), "true": float(t)}
        for name, m, t in zip(names, measured, truth, strict=True)
    ]
    both = (mine,) if theirs is mine else (mine, theirs)
    rows = [at.tolist(), list(range(truth.size))][: len(both)]
    units, guess = of_fields(
        both,
        rows,
        (value, column),
        (measured, truth),
        level=rules.level,
        scale=rules.scale,
        estimand=rules.estimand,
    )
    level, what = "field", "fields"
    independent = f"Each of the {len(names)} fields is taken for one independent acquisition."
    if units is not None:
        level, what = units.level, "independent acquisitions"
        independent = (
            f"Taken for independent acquisitions are the names of column {level!r}: {units.names.size}"
            f" ({len(names)} fields). Fields of one are not independent of each other and are averaged first."
        )
        names, measured, truth = units.names.tolist(), units.measured, units.true
    scores, chance, better, p = against_exchange(measured, truth, relative=rules.scale == "relative")
    notes += _chance_notes(scores, chance, better, p, len(names), what)
    notes += [text for text in (independent, guess) if text]
    notes.append(
        "Numbers alone: which objects were found is not seen, nor whether inventions make up for misses."
        " Label images or outlines of the same fields show it."
    )
    scope = "population" if len(listed) > 1 else "image"
    row = _row(predicted, value, unit, measured, truth, names, rules, (scores, chance, better), scope)
    return NumberScore(row, level, scores, chance, better, listed, notes)


def _columns(mine: FieldTable, theirs: FieldTable, rules: NumberRules, notes: list[str]) -> Any:
    """The tool's numbers of all fields, where the true ones belong, these, their unit and fields."""
    import numpy as np

    given = None if mine.units else rules.value
    value = mine.number_column(given, "--value", besides=(rules.true_value,))
    got, unit = mine.numbers(value, notes)
    if theirs is mine:
        if rules.true_value is None:
            raise InputError(
                f"{mine.path}: no table of truths is given; give one as the second argument, or name with"
                " --truth-value the column that holds the truth."
            )
        column = mine.number_column(rules.true_value, "--truth-value")
        if column == value:
            raise InputError(
                f"{mine.path}: --value and --truth-value both name {value!r}; one is the tool's."
            )
        rows = [i for i, cell in enumerate(mine.cells(column)) if cell.strip()]
        if not rows:
            raise InputError(f"{mine.path}: column {column!r} is empty; expected the truth of some fields.")
        truth, true_unit = mine.numbers(column, notes, rows=rows)
        at = np.array(rows)
    else:
        asked = None if theirs.units else rules.true_value or (value if value in theirs.headings else None)
        column = theirs.number_column(asked, "--truth-value")
        truth, true_unit = theirs.numbers(column, notes)
        at = np.array(places(mine, theirs, notes), int)
    same_unit(mine, value, unit, theirs, column, true_unit, notes)
    for table, head, numbers in ((mine, value, got), (theirs, column, truth)):
        read_signs(table, head, numbers, notes, as_given=rules.as_given)
    return value, column, got, at, truth, unit or true_unit, [mine.names[i] for i in at]


def _ratios(
    path: Path, value: str, names: list[str], measured: np.ndarray, truth: np.ndarray, rules: NumberRules
) -> None:
    """Refuse numbers that have no ratio, naming the field."""
    import numpy as np

    if rules.scale != "relative":
        return
    for what, numbers in (("measured", measured), ("true", truth)):
        if (low := np.flatnonzero(numbers < 0)).size:
            raise InputError(
                f"{path}: the {what} {value!r} of field {names[low[0]]!r} is {numbers[low[0]]:g}"
                f" ({low.size} of {numbers.size} are below 0), and a ratio needs numbers from 0 on; judge"
                " differences with --scale absolute."
            )
    zero = np.flatnonzero(truth == 0)
    if zero.size and (rules.estimand != "pooled ratio" or zero.size == truth.size):
        raise InputError(
            f"{path}: the truth of field {names[zero[0]]!r} is 0 ({zero.size} of {truth.size} fields), so"
            " that there is no ratio to it; judge with --estimand pooled or --scale absolute."
        )


def against_exchange(
    measured: np.ndarray, truth: np.ndarray, *, relative: bool, seed: int = 0
) -> tuple[dict[str, float], dict[str, float], bool | None, float]:
    """The mean error of a field and the correlation, and both with the truths exchanged between the fields.

    Parameters
    ----------
    measured, truth : ndarray of float, (n,)
    relative : bool
        Errors as fractions of the truth; of a truth of 0, and else, as differences.
    seed : int
        Of the draws; up to 6 fields all orders are taken.

    Returns
    -------
    scores, chance : dict of str to float
    better : bool or None
        Whether not one in twenty exchanges comes as near; None below 4 fields, or where all truths are alike.
    p : float
    """
    import numpy as np

    n = truth.size
    if n <= WHOLE:
        orders = (np.array(order) for order in permutations(range(n)))
    else:
        rng = np.random.default_rng(seed)
        draws = min(DRAWS, max(99, MOST // n))
        orders = (np.arange(n) if i == 0 else rng.permutation(n) for i in range(1 + draws))
    shares = relative and (truth > 0).all()

    def told(true: np.ndarray) -> tuple[float, float]:
        error = np.abs(measured - true) / (true if shares else 1)
        flat = n < 2 or np.ptp(measured) == 0 or np.ptp(true) == 0
        return float(error.mean()), math.nan if flat else float(np.corrcoef(measured, true)[0, 1])

    drawn = np.array([told(truth[order]) for order in orders])
    error, looks = told(truth)
    p = float((drawn[:, 0] <= error * (1 + 1e-12)).mean())
    better = None if n < LEAST or np.ptp(truth) == 0 else p <= 0.05
    by_chance = {ERROR: float(drawn[:, 0].mean()), LOOKS: float(drawn[:, 1].mean())}
    return {ERROR: error, LOOKS: looks}, by_chance, better, p


def _chance_notes(
    scores: dict[str, float], chance: dict[str, float], better: bool | None, p: float, n: int, what: str
) -> list[str]:
    if better is None:
        why = f"{n} {what} are too few" if n < LEAST else f"the truth is the same in all {what}"
        return [f"Chance cannot be told, since {why}; the word rests on the bias alone."]
    if better:
        return []
    return [
        f"Not better than chance: with the truths exchanged between the {what} the numbers agree as well in"
        f" {p:.0%} of all cases (mean error {scores[ERROR]:.3g}, there {chance[ERROR]:.3g}), so nothing is"
        f" called HOLDS. Either the tool does not follow the truth, or the {what} differ too little to show"
        " that it does: add fields that differ, or give label images."
    ]


def _row(
    path: Path,
    value: str,
    unit: str,
    measured: np.ndarray,
    truth: np.ndarray,
    names: list[str],
    rules: NumberRules,
    against: tuple[dict[str, float], dict[str, float], bool | None],
    scope: str,
) -> ArmResult:
    from scopecheck import judge
    from scopecheck.record.result import ArmResult, judged
    from scopecheck.record.tables import far_outside
    from scopecheck.score.units import check_units

    for option, given in (("tolerance", rules.tolerance), ("truth_uncertainty", rules.truth_uncertainty)):
        if wrong := [name for name in given if name not in (value, "all")]:
            raise InputError(f"--{option.replace('_', '-')}: names {', '.join(wrong)}; judged is {value}.")
        if rules.scale == "absolute":
            check_units(option.replace("_", "-"), given, rules.units.get(option, {}), {value: unit})
    scores, chance, better = against
    try:
        verdict = judge.agreement(
            measured,
            truth,
            scope=scope,
            tolerance=rules.tolerance.get(value, rules.tolerance.get("all")),
            scale=rules.scale,
            estimand=rules.estimand,
            truth_uncertainty=rules.truth_uncertainty.get(value, rules.truth_uncertainty.get("all")),
            better_than_chance=better,
        )
    except ValueError as error:
        raise InputError(f"{path}: {error}") from None
    common: dict[str, Any] = {"recipe": "score labels", "arm": str(path), "measurement": value, "unit": unit}
    row = ArmResult(
        **common,
        tier="",
        profile="",
        plausibility={LOOKS: scores[LOOKS]},
        chance=dict(chance),
        **judged(verdict),
    )
    far = far_outside(row, names, measured.tolist(), truth.tolist())
    row.note = "; ".join(text for text in (row.note, far) if text)
    return row
