"""Checks that need no truth: a value a file, a limit, and what silence and alarms have been worth elsewhere.

A check says alarm or silent, never good. It rings where a value lies above its limit. Limits come, in this
order, from the user (stated), from a rule that the recipes declared before their runs or that chance gives
(rule), or from files that the user knows to be good (the largest value on them, as the recipes take it from
their rehearsals). Where there is none of these, or no value, it is not asked, and says why.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, TypeGuard

from scopecheck.errors import InputError
from scopecheck.score import worth
from scopecheck.score.worth import Worth

if TYPE_CHECKING:
    from numpy.typing import NDArray

Value = tuple[float, str] | str  # a number, larger is worse, and how it is told; or why there is none
UNMEASURED = "not measured in any recipe, so silence there has no known worth"


@dataclass(frozen=True)
class Rule:
    """What a check asks, before any file is looked at.

    Attributes
    ----------
    name, what : str
        Its name, and what it measures, in one clause.
    limit : float, optional
        Declared before: by a recipe, by chance or by definition.
    source : str
        Where that limit comes from, and how it is told.
    nearest : tuple of (recipe, check)
        Where it was measured, the nearest in kind first.
    like : str
        How what was measured there differs from what is asked here; empty where it does not.
    bare : bool
        Whether a value is told in full by its words, without the number.
    """

    name: str
    what: str
    limit: float | None = None
    source: str = ""
    nearest: tuple[tuple[str, str], ...] = ()
    like: str = ""
    bare: bool = False


@dataclass(frozen=True)
class Check:
    """What a check said.

    Attributes
    ----------
    rule : Rule
    said : {"alarm", "silent", "not asked"}
    value : float or None
        The worst of all files.
    told : str
        The same, as a reader sees it; where it was not asked, why not.
    limit : float or None
    source : str
        Where the limit comes from.
    rang : list of str
        Files on which it rang.
    files : dict of str to float or str
        Each file's value, or why there is none.
    worth : list of Worth
        The nearest in kind first; empty where no recipe measured it.
    """

    rule: Rule
    said: str
    value: float | None
    told: str
    limit: float | None
    source: str
    rang: list[str] = field(default_factory=list)
    files: dict[str, float | str] = field(default_factory=dict)
    worth: list[Worth] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """What a program reads of it."""
        about = {key: getattr(self.rule, key) for key in ("name", "what")}
        about |= {key: getattr(self, key) for key in ("said", "value", "told", "limit", "source", "rang")}
        kept = [one.name for one in fields(Worth)] + ["tool", "images", "tells"]
        worths = [{key: getattr(one, key) for key in kept} for one in self.worth]
        note = self.rule.like if self.worth else UNMEASURED
        return about | {"files": self.files, "worth": worths, "worth_note": note}


def judge(
    rules: Sequence[Rule],
    values: Mapping[str, Mapping[str, Value]],
    expected: Mapping[str, Mapping[str, Value]],
    stated: Mapping[str, float],
    *,
    tool: str | None = None,
    measurement: str | None = None,
) -> list[Check]:
    """Hold the values of all files against the limits.

    Parameters
    ----------
    rules : sequence of Rule
    values : mapping of file to mapping of check to Value
        Of the files that are asked about.
    expected : likewise
        Of files that are known to be good; may be empty.
    stated : mapping of check to float
        Limits that the user stated.
    tool, measurement : str, optional
        Of what the recipes measured, take that of this number where there is any, and put that of the tool
        whose recipe's name holds this first.

    Raises
    ------
    InputError
        A stated limit of a check that is not among the rules, or that is not a finite number.
    """
    names = [rule.name for rule in rules]
    for name, limit in stated.items():
        if name not in names:
            raise InputError(f"--limit: no check {name!r}; expected {', '.join(names)}.")
        if not isinstance(limit, float) or not math.isfinite(limit):
            raise InputError(f"--limit: {name} has {limit}; expected one finite number.")
    return [
        _said(
            rule,
            {file: of[rule.name] for file, of in values.items() if rule.name in of},
            {file: of[rule.name] for file, of in expected.items() if rule.name in of},
            stated.get(rule.name),
            _worths(rule, tool, measurement),
        )
        for rule in rules
        if any(rule.name in of for of in values.values())
    ]


def _said(
    rule: Rule, mine: Mapping[str, Value], good: Mapping[str, Value], stated: float | None, known: list[Worth]
) -> Check:
    numbers = {file: value for file, value in mine.items() if _is_number(value)}
    files = {file: value[0] if _is_number(value) else _why(value) for file, value in mine.items()}
    if not numbers:
        reasons = "; ".join(dict.fromkeys(map(_why, mine.values())))
        return Check(rule, "not asked", None, reasons, None, "", files=files, worth=known)
    limit, source = _limit(rule, good, stated)
    worst = max(numbers, key=lambda file: numbers[file][0])
    value, told = numbers[worst]
    if limit is None:
        return Check(rule, "not asked", value, told, None, source, files=files, worth=known)
    rang = [file for file, one in numbers.items() if one[0] > limit]
    return Check(rule, "alarm" if rang else "silent", value, told, limit, source, rang, files, known)


def _is_number(value: Value) -> TypeGuard[tuple[float, str]]:
    return not isinstance(value, str) and not math.isnan(value[0])


def _why(value: Value) -> str:
    """Why there is no number; NaN, which no check should give, is none either."""
    return value if isinstance(value, str) else "the value is not a number"


def _limit(rule: Rule, good: Mapping[str, Value], stated: float | None) -> tuple[float | None, str]:
    if stated is not None:
        return stated, "stated"
    if rule.limit is not None:
        return rule.limit, rule.source
    there = [value[0] for value in good.values() if _is_number(value)]
    if there:
        n = len(there)
        return max(there), f"largest of {n} good file{'s' * (n > 1)}"
    if good:
        return None, f"no limit: on the good files, {_why(next(iter(good.values())))}"
    return None, f"no limit: give --expect, or --limit {rule.name.replace(' ', '-')}=..."


def _worths(rule: Rule, tool: str | None, measurement: str | None) -> list[Worth]:
    """What is known of a check, the nearest in kind first, by tool and then by the number."""
    rows = [row for recipe, check in rule.nearest for row in worth.of(recipe, check)]
    of_it = [row for row in rows if measurement is None or row.measurement in (measurement, worth.ANY)]
    return sorted(of_it or rows, key=lambda row: tool is not None and tool not in row.recipe)


def apart(mine: Mapping[str, NDArray], good: Mapping[str, NDArray], path: Any) -> None:
    """Refuse good files that hold the very values of a file that is asked: it would be its own limit."""
    held = {(one.shape, one.tobytes()): name for name, one in mine.items() if one.size}
    for name, one in good.items():
        if (other := held.get((one.shape, one.tobytes()))) is not None:
            raise InputError(
                f"{path}: {name} holds the very values of {other}, which is asked; nothing can be its own"
                " limit. Leave it out of one of the two."
            )


def named(text: str | None) -> dict[str, float]:
    """Read --limit: 'baseline=0.2,odd-sizes=0.1'."""
    found: dict[str, float] = {}
    for part in (text or "").split(","):
        if not part.strip():
            continue
        name, _, value = part.partition("=")
        name = name.strip().replace("-", " ")
        try:
            number = float(value)
        except ValueError:
            raise InputError(f"--limit: {part.strip()!r}; expected CHECK=NUMBER, as baseline=0.2.") from None
        if name in found:
            raise InputError(f"--limit: {name} is given twice.")
        found[name] = number
    return found
