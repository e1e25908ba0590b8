"""Checks that need no truth: their limits, their hits and false alarms, and what they say of one image."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from scopecheck.record import plots, text

if TYPE_CHECKING:
    from scopecheck.judge import Alarms
    from scopecheck.record.trial import Case, Row, Trial


class Point(NamedTuple):
    """One check of one case: its value, whether it is an alarm, and whether the number was wrong."""

    measurement: str
    check: str
    arm: str
    value: float
    alarm: bool
    wrong: bool
    case: int = 0  # the same for all points of one case


class Checks:
    """Checks with the limits that a rehearsal set; made by `Trial.checks`.

    An alarm is a value above the largest that the same tool had on the rehearsal cases, or above a limit that
    was declared. A stand-in that is a control has the limits of the trial's tool.
    """

    def __init__(
        self,
        trial: "Trial",
        signs: Callable[..., dict[str, float]],
        rehearsal: Sequence["Case"] = (),
        declared: dict[str, float] | None = None,
        wrong: Callable[["Row"], bool] | None = None,
    ):
        self.trial, self.signs, self.rehearsal, self.declared = trial, signs, rehearsal, declared
        self._known_wrong = wrong
        self._limits: dict[int, tuple[Any, dict[str, float]]] = {}
        self._values: dict[int, tuple[Row, dict[str, float]]] = {}
        self.points: list[Point] = []
        self.counted: dict[str, Alarms] = {}

    @property
    def limits(self) -> dict[str, float]:
        """Limit of each check for the trial's tool."""
        return self.limits_of(self.trial.tool)

    def limits_of(self, tool: Callable[..., Any]) -> dict[str, float]:
        """Limit of each check for a tool: as declared, else the largest value on the rehearsal cases."""
        if self.declared is not None:
            return self.declared
        if id(tool) not in self._limits:
            told = [self.signs(self.trial._row(case, tool), tool) for case in self.rehearsal]
            largest = {k: max(v[k] for v in told if not np.isnan(v[k])) for k in told[0]}
            self._limits[id(tool)] = (tool, largest)
        return self._limits[id(tool)][1]

    def count(
        self, leave_out: Sequence[str] = (), together: bool = False, beside: Sequence["Checks"] = ()
    ) -> Any:
        """Count hits and false alarms over all cases of all arms, and write them on the page.

        Parameters
        ----------
        leave_out : sequence of str
            Arms that are not asked. Arms made by `Trial.again` never are.
        together : bool
            Count a case once, as wrong when any of its numbers is; else once a measurement.
        beside : sequence of Checks
            The same checks of the page's other trials, each with limits of its own, counted with these.

        Returns
        -------
        Markdown
            A table: alarms on wrong numbers, and on good ones.
        """
        from scopecheck import judge

        every = [self, *beside]
        for one in every:
            for key, rows in one.trial.rows.items():
                for row in rows:
                    if row.arm not in leave_out and key not in one.trial.changed:
                        one._look(key, row, together)
        points = [point for one in every for point in one.points]
        names = list(dict.fromkeys(p.measurement for p in points))
        for name in names:
            for check in self.limits:
                mine = [p for p in points if (p.measurement, p.check) == (name, check)]
                if not mine:
                    continue
                found = judge.alarms([p.alarm for p in mine], [p.wrong for p in mine])
                label = check if len(names) == 1 else f"{check} ({name})"
                self.counted[label] = found
                limits = (
                    f"{one.limits[check]:.3g}, "
                    + ("declared before the run" if one.declared is not None else one._largest())
                    for one in every
                )
                rule = f"its value is above {' or '.join(dict.fromkeys(limits))}"
                self.trial.page.alarms(label, found, rule=rule, quiet=True)
        return text.alarms(self.counted)

    def silent(self) -> list[str]:
        """Arms that were wrong in every case counted, and in none of them a check raised its alarm."""
        arms = dict.fromkeys(p.arm for p in self.points)
        return [arm for arm in arms if all(p.wrong and not p.alarm for p in self.points if p.arm == arm)]

    def any_of(self, checks: Sequence[str]) -> "Alarms":
        """Count a rule that refuses a number where any of these checks raises its alarm.

        Its misses are wrong numbers that the rule lets pass, its false alarms good ones that it turns away.
        """
        from scopecheck import judge

        rang: dict[tuple[str, int], list[bool]] = {}
        for p in self.points:
            if p.check in checks:
                rang.setdefault((p.measurement, p.case), []).append(p.alarm)
        wrong = {(p.measurement, p.case): p.wrong for p in self.points}
        return judge.alarms([any(alarms) for alarms in rang.values()], [wrong[key] for key in rang])

    def figure(self) -> Any:
        """Hits beside false alarms, one line a check."""
        return plots.alarms(self.counted)

    def rang(self, arm: str) -> list[set[str]]:
        """The checks that raise an alarm on each case of an arm."""
        limits = self._limits_in(arm)
        told = [self._values_of(row, self.trial.tools[arm]) for row in self.trial.rows[arm]]
        return [{check for check, value in values.items() if value > limits[check]} for values in told]

    def by_arm(
        self,
        arms: Sequence[str] = (),
        checks: Sequence[str] = (),
        draw: Callable[[Any, str], None] | None = None,
    ) -> Any:
        """In how many cases of each arm each check rang, and how many numbers were wrong: a figure.

        Parameters
        ----------
        arms, checks : sequence of str
            These alone; by default all that were run, and all that have a limit.
        draw : callable, optional
            ``draw(axis, arm)`` draws a small picture of the arm beside its line.
        """
        page, checks = self.trial.page, list(checks or self.limits)
        arms = [arm for arm in arms or self.trial.rows if arm in self.trial.rows]
        lines, counts = page.verdicts(*arms), []
        for line in lines:
            rows, rang = self.trial.rows[line.arm], self.rang(line.arm)
            wrong = sum(self._wrong(row, line.measurement) for row in rows)
            counts.append({check: sum(check in some for some in rang) for check in checks} | {"wrong": wrong})
        return plots.by_arm(lines, counts, [len(self.trial.rows[line.arm]) for line in lines], draw)

    def ring(self, row: "Row") -> None:
        """Print what each check says of one case."""
        for check, value in self.signs(row, self.trial.tool).items():
            limit = self.limits[check]
            said = "ALARM" if value > limit else "not made" if np.isnan(value) else "quiet"
            print(f"{check:>20} {value:8.2f}  {said} (limit {limit:.2f})")

    def _largest(self) -> str:
        return f"the largest of {len(self.rehearsal)} rehearsal cases"

    def _limits_in(self, arm: str) -> dict[str, float]:
        control = self.trial.page.control(self.trial.rows[arm][0].arm)
        return self.limits if control else self.limits_of(self.trial.tools[arm])

    def _values_of(self, row: "Row", tool: Callable[..., Any]) -> dict[str, float]:
        """The signs of a row of an arm, made once."""
        if id(row) not in self._values:  # the row is kept beside them, so that its id stays its own
            self._values[id(row)] = (row, self.signs(row, tool))
        return self._values[id(row)][1]

    def _wrong(self, row: "Row", name: str) -> bool:
        """Whether a number is wrong: by construction where that is known, else outside its tolerance."""
        if self._known_wrong:
            return self._known_wrong(row)
        return not self.trial.page.inside(name, row.measured[name], row.true[name])

    def _look(self, key: str, row: "Row", together: bool) -> None:
        limits, values = self._limits_in(key), self._values_of(row, self.trial.tools[key])
        wrong = {name: self._wrong(row, name) for name in row.asked}
        if together:
            wrong = {"any number": any(wrong.values())}
        for name, is_wrong in wrong.items():
            for check, value in values.items():
                if not np.isnan(value):
                    self.points.append(
                        Point(name, check, row.arm, value, bool(value > limits[check]), is_wrong, id(row))
                    )
