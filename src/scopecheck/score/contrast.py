"""A difference between two conditions, from a table of fields: file in, verdicts out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from scopecheck.errors import InputError
from scopecheck.score.condition_table import Table, read_table
from scopecheck.score.pair_names import few
from scopecheck.score.replicates import Replicates, replicates

if TYPE_CHECKING:
    from scopecheck.judge.contrast import Contrast
    from scopecheck.record.result import ArmResult

DIFFERENCE = "contrast"  # what options call the difference, beside the names of the conditions
MOST_POOLED = 10_000  # independent replicates of a condition for which a pooled ratio's quantile is simulated


@dataclass(frozen=True)
class ContrastRules:
    """What `score_contrast` is told besides the table.

    Attributes
    ----------
    of, over : str, optional
        The two conditions: the ratio is `of` over `over`, the difference `of` minus `over`.
    columns : mapping of str to str
        Headings of ``condition``, ``measured`` and ``true``, where they are not the usual ones.
    level : str, optional
        Column that names what is independent; by default animal or well, where the table names them.
    paired : str, optional
        Column that names what was seen under both conditions.
    tolerance, truth_uncertainty : mapping of str to float or (low, high)
        By condition, or ``contrast``; the key ``all`` stands for those not named.
    units : mapping of str to mapping
        Units given with these two, by the same keys.
    scale, estimand : str
        As `judge.agreement`.
    decimal : {"point", "comma"}, optional
        What separates decimals, where the table leaves it in doubt.
    """

    of: str | None = None
    over: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    level: str | None = None
    paired: str | None = None
    tolerance: Mapping[str, Any] = field(default_factory=dict)
    truth_uncertainty: Mapping[str, Any] = field(default_factory=dict)
    units: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    scale: str = "relative"
    estimand: str = "per-acquisition mean"
    decimal: str | None = None

    def of_each(self, given: Mapping[str, Any], name: str) -> Any:
        """The number of one condition, or of the difference."""
        return given.get(name, given.get("all"))


@dataclass(frozen=True)
class ContrastScore:
    """What `score_contrast` found.

    Attributes
    ----------
    of, over : str
        The conditions.
    rows : list of ArmResult
        `of` alone, `over` alone, and the difference, with the keys of ``verdict.json``.
    contrast : Contrast
        See `judge.contrast`.
    level : str
        What one independent replicate is: a heading of the table, or ``line``.
    fields : (int, int)
        Lines of each condition.
    unit : str
        Unit of the numbers, as the table says; empty where it does not.
    replicates : list of dict
        Condition, name, number of lines, measured and true number of each independent replicate.
    notes : list of str
        How the input was read, and what a reader must know.
    """

    of: str
    over: str
    rows: list[ArmResult]
    contrast: Contrast
    level: str
    fields: tuple[int, int]
    unit: str
    replicates: list[dict[str, Any]]
    notes: list[str] = field(default_factory=list)


def score_contrast(path: Path, rules: ContrastRules = ContrastRules()) -> ContrastScore:
    """Judge the difference between two conditions of a table, and each condition alone.

    The lines of one well or animal are averaged first, so that what is independent counts once; see
    `judge.levels`. A table that names its wells or animals is never judged over its lines.

    Parameters
    ----------
    path : Path
        One line a field: condition, measured, true, and where there are any animal, plate, well, field.
    rules : ContrastRules

    Returns
    -------
    ContrastScore

    Raises
    ------
    InputError
        For tables that cannot be read (`condition_table.read_table`), fields that occur twice, a level that
        is not independent, fewer than two replicates in a condition, pairs without a partner, numbers that
        have no ratio, and options that name what is not there.
    """
    from scopecheck.judge.contrast import contrast

    more = {f"--{name}": given for name in ("level", "paired") if (given := getattr(rules, name))}
    table = read_table(
        Path(path), of=rules.of, over=rules.over, columns=rules.columns, more=more, decimal=rules.decimal
    )
    _known(table, rules)
    _units(table, rules)
    notes = list(table.notes)
    _ratios(table, rules, notes)
    of, over = replicates(table, rules.scale, rules.estimand, notes)
    pooled = rules.estimand == "pooled ratio"
    if pooled and max(of.measured.size, over.measured.size) > MOST_POOLED:
        raise InputError(
            f"{table.path}: a condition has more independent replicates than the {MOST_POOLED:,} for which"
            " --estimand pooled is made; name their wells or animals in a column, or give --estimand mean."
        )
    doubt = rules.truth_uncertainty
    try:
        answer = contrast(
            (of.measured, of.true),
            (over.measured, over.true),
            scope="population",
            tolerance=rules.of_each(rules.tolerance, DIFFERENCE),
            alone=(rules.of_each(rules.tolerance, table.of), rules.of_each(rules.tolerance, table.over)),
            scale=rules.scale,
            estimand=rules.estimand,
            paired=rules.paired is not None,
            truth_uncertainty=(rules.of_each(doubt, table.of), rules.of_each(doubt, table.over)),
            left_uncertainty=doubt.get(DIFFERENCE),
        )
    except ValueError as error:
        raise InputError(
            f"{table.path}: {named(str(error), f'condition {table.of!r}', f'condition {table.over!r}')}"
        ) from None
    notes += _scatter(table)
    return ContrastScore(
        table.of,
        table.over,
        _rows(table, (of, over), answer, rules),
        answer,
        of.level,
        (int((~table.second).sum()), int(table.second.sum())),
        table.unit,
        [*_listed(table.of, of), *_listed(table.over, over)],
        list(dict.fromkeys(notes)),
    )


def _known(table: Table, rules: ContrastRules) -> None:
    """Refuse numbers for what is not judged, and conditions with a name that options have a use for."""
    names = (table.of, table.over, DIFFERENCE, "all")
    for option, given in (("tolerance", rules.tolerance), ("truth-uncertainty", rules.truth_uncertainty)):
        if wrong := [name for name in given if name not in names]:
            raise InputError(
                f"--{option}: names {', '.join(wrong)}; judged are {', '.join(names[:3])}. One number without"
                " a name is for all three."
            )
    if taken := [name for name in names[:2] if name in (DIFFERENCE, "all")]:
        raise InputError(
            f"{table.path}: a condition is called {taken[0]!r}, which is what options call"
            f" {'the difference' if taken[0] == DIFFERENCE else 'all of them'}; give it another name."
        )


def _units(table: Table, rules: ContrastRules) -> None:
    """Refuse numbers on the absolute scale that are not in the table's unit."""
    from scopecheck.score.units import check_units

    if rules.scale != "absolute":
        return
    for option, given in (("tolerance", rules.tolerance), ("truth_uncertainty", rules.truth_uncertainty)):
        units, name = rules.units.get(option, {}), option.replace("_", "-")
        if not table.unit and (odd := [unit for unit in units.values() if unit]):
            raise InputError(
                f"--{name}: is given in {odd[0]}, but {table.path} names no unit; write it into the headings,"
                f" such as 'measured [{odd[0]}]', or give the number alone."
            )
        check_units(name, given, units, dict.fromkeys((table.of, table.over, DIFFERENCE), table.unit))


def _ratios(table: Table, rules: ContrastRules, notes: list[str]) -> None:
    """Refuse numbers that have no ratio, naming their line."""
    if rules.scale != "relative":
        return
    path = table.path
    for role in ("measured", "true"):
        values = getattr(table, role)
        if (below := np.flatnonzero(values < 0)).size:
            raise InputError(
                f"{path}: line {table.lines[below[0]]}: {table.headings[role]!r} is {values[below[0]]:g}"
                f" ({below.size} of {values.size} lines are below 0), and a ratio needs numbers from 0 on; if"
                " a background was subtracted, leave it in, or judge differences with --scale absolute."
            )
    zero = np.flatnonzero(table.true == 0)
    if rules.estimand != "pooled ratio" and zero.size:
        raise InputError(
            f"{path}: line {table.lines[zero[0]]}: {table.headings['true']!r} is 0 ({zero.size} of"
            f" {table.true.size} lines), so there is no ratio to it; judge sums with --estimand pooled, or"
            " differences with --scale absolute."
        )
    lost = (table.measured == 0) & (table.true > 0)
    if lost.any():
        where = few(f"line {n}" for n in table.lines[lost])
        notes.append(f"Nothing was measured on {lost.sum()} lines whose truth is above 0 ({where}).")


def named(text: str, of: str, over: str) -> str:
    """A message of the judge, with the own names of the two sides and of the options."""
    for side, name in (("of", of), ("over", over)):
        if text.startswith((f"{side} has", f"{side}:")):
            text = name + text.removeprefix(side)
    text = text.replace("estimand='per-acquisition mean'", "--estimand mean")
    text = text.replace("estimand='pooled ratio'", "--estimand pooled")
    return text.replace("scale='absolute'", "--scale absolute")


def _scatter(table: Table) -> list[str]:
    """A note where the measured numbers are a steady multiple of the true ones: another unit?"""
    told = []
    for name, mine in ((table.of, ~table.second), (table.over, table.second)):
        m, t = table.measured[mine], table.true[mine]
        usable = (m > 0) & (t > 0)
        if usable.sum() < 2:
            continue
        ratio = np.log(m[usable] / t[usable])
        middle = float(np.median(ratio))
        if abs(middle) > np.log(3) and np.median(abs(ratio - middle)) < 0.2:
            told.append(
                f"{name}: measured numbers are about {np.exp(middle):.3g} times the true ones throughout; are"
                " both in one unit?"
            )
    return told


def _rows(
    table: Table, sides: tuple[Replicates, Replicates], answer: Contrast, rules: ContrastRules
) -> list[ArmResult]:
    from scopecheck.record.result import ArmResult, judged
    from scopecheck.record.tables import far_outside

    between = f"{table.of} {'over' if rules.scale == 'relative' else 'minus'} {table.over}"
    named = [[*map(str, side.names)] for side in sides]
    both = named[0]
    if not answer.paired:
        both = [f"{name} of {table.of}" for name in named[0]]
        both += [f"{name} of {table.over}" for name in named[1]]
    rows = []
    for name, verdict, names, side in (
        (table.of, answer.of, named[0], sides[0]),
        (table.over, answer.over, named[1], sides[1]),
        (between, answer.verdict, both, None),
    ):
        row = ArmResult(
            recipe="score contrast",
            arm=str(table.path),
            measurement=name,
            unit=table.unit,
            tier="",
            profile="",
            **judged(verdict),
        )
        if side is not None:
            far = far_outside(row, names, side.measured.tolist(), side.true.tolist())
        else:
            far = f"far outside: {few(names[i] for i in row.far)}" if row.far else ""
        row.note = "; ".join(text for text in (row.note, far) if text)
        rows.append(row)
    return rows


def _listed(condition: str, side: Replicates) -> Sequence[dict[str, Any]]:
    columns = (side.names.tolist(), side.lines.tolist(), side.measured.tolist(), side.true.tolist())
    return [
        {"condition": condition, "name": name, "lines": lines, "measured": measured, "true": true}
        for name, lines, measured, true in zip(*columns, strict=True)
    ]
