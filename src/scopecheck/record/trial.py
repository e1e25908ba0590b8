"""From cases to verdicts: a tool beside its baseline, measured, scored and judged alike in every arm."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from scopecheck.errors import InputError
from scopecheck.record.checks import Checks
from scopecheck.record.page import PLAN, Page
from scopecheck.record.scores import Scores, pooled_chance, retaken, scores

Numbers = dict[str, float]
Tool = Callable[..., Any]


@dataclass(eq=False)
class Case:
    """One acquisition, or one re-take of it: an image, a micrograph, a pair of half maps.

    Attributes
    ----------
    image : Any
        What the tool is given.
    truth : Any
        What its answer is scored against; None where there is none.
    true : dict of str to float, optional
        The true numbers; by default what `numbers` measures on `truth`. Of a re-take they are the source's.
    told : dict
        What the tool and the baseline are told besides the image, e.g. ``{"diameter": 20}``.
    units : dict of str to float
        ``"area"`` and ``"light"``: factors that turn pixels and grey values of a re-take into the source's.
        Also what else `numbers` has to know of the case's scale, e.g. ``{"diameter": 31}`` of a particle.
    seed : int, optional
        Of its noise or its simulation.
    name : str
        For figures and messages.
    seconds : float
        What was done before the tool is asked, and belongs to its time (a training on this very case).
    """

    image: Any
    truth: Any = None
    true: Numbers | None = None
    told: dict[str, Any] = field(default_factory=dict)
    units: Numbers = field(default_factory=lambda: {"area": 1.0, "light": 1.0})
    seed: int | None = None
    name: str = ""
    seconds: float = 0.0


@dataclass(eq=False)
class Row:
    """What came of one case: the answers of tool and baseline, their numbers, and how good the tool's looks.

    Where a tool gives a tuple, its first part is the answer and `more` holds the second, e.g. its confidence.
    """

    case: Case
    answer: Any
    more: Any
    base: Any
    true: Numbers
    measured: Numbers
    by_base: Numbers
    scores: Scores
    base_scores: Scores
    seconds: float = 0.0
    arm: str = ""  # as the plan names it
    asked: tuple[str, ...] = ()  # measurements that were judged of it

    @property
    def looks(self) -> Numbers:
        """How good the answer looks: scores by name."""
        return self.scores.looks


class Rows(list[Row]):
    """The rows of an arm. A notebook prints nothing where they are the last word of a cell."""

    def _ipython_display_(self) -> None:
        return None


class Trial:
    """One tool beside one baseline on the arms of a plan.

    Parameters
    ----------
    page : Page
        Where the verdicts are written.
    tool : callable or sequence of callables
        ``tool(case.image, **case.told)`` gives an answer, or an answer and something more. Several are the
        same network from several trainings: controls are asked of the first, all other arms of all of them.
    numbers : callable
        ``numbers(answer, case)`` gives the measurements by name, of a tool's answer and of the truth alike;
        NaN where a number does not exist.
    scores : callable
        ``scores(answer, case)`` gives `Scores`: how good it looks, gross errors, and chance; or the first
        of these alone, as a dict.
    baseline : callable, optional
        As `tool`, without training.
    chance : callable, optional
        ``chance(answer, case, seed)`` gives the numbers of as many objects at random places as the answer
        has, for answers that lie on no grid (picks). It stands where there is no other baseline.
    retaken : callable
        ``retaken(case, seed, **setting)`` gives the case as it would be under another setting.
    weight : str
        The measurement that weighs cases which are pooled into one (several images of scope ``image``);
        where `numbers` does not give it, all weigh alike.
    """

    def __init__(
        self,
        page: Page,
        *,
        tool: Tool | Sequence[Tool],
        numbers: Callable[[Any, Case], Numbers],
        scores: Callable[[Any, Case], Scores | Numbers] = scores,
        baseline: Tool | None = None,
        chance: Callable[[Any, Case, tuple[int, ...]], Numbers] | None = None,
        retaken: Callable[..., Case] = retaken,
        weight: str = "count",
    ):
        self.page, self.numbers, self.scores, self.baseline = page, numbers, scores, baseline
        self.chance, self.retaken = chance, retaken
        self.trained: list[Tool] = [tool] if callable(tool) else list(tool)
        self.weight = weight
        self.rows: dict[str, list[Row]] = {}  # by arm, of the first training
        self.tools: dict[str, Tool] = {}  # by arm, the first training
        self.sets: dict[str, list[list[Row]]] = {}  # by arm, of every training
        self.changed: set[str] = set()  # arms that are other arms' answers, changed
        self._bases: dict[int, tuple[Case, Any, Numbers, Scores]] = {}
        self._truths: dict[int, tuple[Case, Numbers]] = {}

    @property
    def tool(self) -> Tool:
        """The tool, of several trainings the first."""
        return self.trained[0]

    def run(
        self,
        arm: str,
        cases: Iterable[Any],
        *,
        tool: Tool | Sequence[Tool] | None = None,
        named: str | None = None,
        version: str | None = None,
        only: Sequence[str] = (),
        truth_uncertainty: Any = PLAN,
        scope: str | None = None,
    ) -> list[Row]:
        """Run an arm and judge every measurement that the plan asks of it.

        Parameters
        ----------
        arm : str
            As the plan names it.
        cases : iterable of Case or Sample
            None at all: the arm is written down as not run, with the reason that `page.samples` had.
        tool : callable or sequence of callables, optional
            Another tool than the trial's.
        named : str, optional
            Its package, where that is not the recipe's first.
        version : str, optional
            Its version where it was not run here, e.g. ``"as published"``; else the installed one.
        only : sequence of str, optional
            Measurements to judge, where another tool gives the rest of the arm (a negative control that
            spoils each number in a way of its own). The rows are then kept as ``"arm: measurement, ..."``.
        truth_uncertainty : float or None, optional
            Of the truth, a fraction; None: unknown. By default what the catalogue says of the plan's data.
        scope : str, optional
            A wider one than the plan's, where a profile above the arm's own has more acquisitions.

        Returns
        -------
        list of Row
            One a case, of the first training.
        """
        cases, key = [_as_case(one) for one in cases], f"{arm}: {', '.join(only)}" if only else arm
        tools = [tool] if callable(tool) else list(tool or self.trained)
        if tool is None and self.page.control(arm):
            tools = tools[:1]  # a control asks whether the call is right, not how trainings differ
        if not cases:
            self.page.lacking(arm)
            return Rows()
        sets = [[self._row(case, run, k) for k, case in enumerate(cases)] for run in tools]
        self.tools[key] = tools[0]
        noted = {"tool": named, "version": version, "truth_uncertainty": truth_uncertainty, "scope": scope}
        return self._settled(arm, sets, key=key, names=only, **noted)

    def retake(
        self,
        arm: str,
        sample: Any,
        *,
        seeds: Iterable[int],
        told: dict[str, Any] | None = None,
        tool: Tool | Sequence[Tool] | None = None,
        **setting: Any,
    ) -> list[Row]:
        """Take a case again under another setting, once a noise seed, and run the arm on that.

        Parameters
        ----------
        arm : str
            As the plan names it.
        sample : Case or Sample
            The source, whose numbers are the true ones.
        seeds : iterable of int
            One re-take each.
        told : dict, optional
            As `Case.told`, where it differs from the source's.
        **setting
            Of the trial's `retaken`; by default as `acquire.retake`: ``blur_px``, ``photons`` and so on.
        """
        source = _as_case(sample)
        same = {"true": self._true(source), "told": source.told | (told or {}), "name": arm}
        cases = [replace(self.retaken(source, seed, **setting), **same) for seed in seeds]  # type: ignore[arg-type]
        return self.run(arm, cases, tool=tool)

    def again(
        self, arm: str, of: str, change: Callable[[Row], Any], *, named: str | None = None
    ) -> list[Row]:
        """Judge another arm's answers, changed: a remedy, or spoilt on purpose.

        Parameters
        ----------
        arm, of : str
            The arm to judge, and the one whose answers are changed. Where that was not run, neither is this.
        change : callable
            ``change(row)`` gives the new answer, or the answer and something more.
        named : str, optional
            As in `run`.
        """
        if of not in self.sets:
            self.page.lacking(arm)
            return Rows()
        sources = self.sets[of][:1] if self.page.control(arm) else self._all_trainings(of)
        sets = [
            [self._made(row.case, change(row), row.more, k) for k, row in enumerate(rows)] for rows in sources
        ]
        self.tools[arm] = self.tools[of]
        self.changed.add(arm)
        return self._settled(arm, sets, tool=named)

    def judge(
        self, arm: str, sets: Sequence[Sequence[Row]], names: Iterable[str] | None = None, **noted: Any
    ) -> None:
        """Judge rows that are at hand, (trainings, cases), and write the verdicts down."""
        every = [row for rows in sets for row in rows]
        if self.chance and not self.baseline:
            for row in sets[0]:
                row.by_base = row.by_base or self.chance(row.answer, row.case, row.scores.seed)
        one = (noted.get("scope") or self.page.scope(arm)) == "image" and len(sets[0]) > 1
        fields = [[self._pooled(rows)] if one else list(rows) for rows in sets]
        luck = pooled_chance([row.scores for row in every])
        names_of_looks = dict.fromkeys(name for row in every for name in row.looks)
        looks = {name: _mean(row.looks.get(name, np.nan) for row in every) for name in names_of_looks}
        looks = {name: value for name, value in looks.items() if np.isfinite(value)}
        seeds = sorted({row.case.seed for row in every if row.case.seed is not None})
        for name in names or self.page.asked(arm, every[0].measured):
            lost = sum(not np.isfinite(row.measured[name]) for rows in fields for row in rows)
            if lost:
                total = sum(map(len, fields))
                self.page.not_run(
                    arm, name, f"it does not exist: nothing was found in {lost} of {total} images"
                )
                continue
            rules: dict[str, Any] = {k: noted[k] for k in ("truth_uncertainty", "scope") if k in noted}
            self.page.judge(
                arm,
                name,
                _shaped([[row.measured[name] for row in rows] for rows in fields]),
                [row.true[name] for row in fields[0]],
                gross_error=_gross([[row.scores for row in rows] for rows in fields], name),
                baseline=self._baseline(arm, name, sets[0], fields[0], rules),
                chance=luck,
                plausibility=looks,
                seconds=round(sum(row.seconds for row in every), 2),
                seeds=seeds or [self.page.seed],
                **noted,
            )

    def _baseline(
        self, arm: str, name: str, rows: Sequence[Row], fields: Sequence[Row], rules: dict[str, Any]
    ) -> Any:
        """The baseline's verdict on the same acquisitions, None where it has no number for each of them."""
        measured = [row.by_base.get(name, np.nan) for row in fields]
        if not np.isfinite(measured).all():
            return None
        gross = _gross([[row.base_scores for row in fields]], name)
        luck = pooled_chance([row.base_scores for row in rows])
        true = [row.true[name] for row in fields]
        return self.page.verdict(arm, name, measured, true, gross_error=gross, chance=luck, **rules)

    def trainings(
        self, arm: str, tools: dict[Any, Tool], cases: Callable[[Any], Iterable[Any]], **noted: Any
    ) -> None:
        """Judge an arm whose acquisitions are trainings: each tool on cases of its own, pooled into one."""
        rows = [
            self._pooled([self._row(_as_case(case), tool, k) for k, case in enumerate(cases(key))])
            for key, tool in tools.items()
        ]
        self.judge(arm, [rows], **noted)

    def words_over(self, tools: Iterable[Tool], arms: Iterable[str]) -> Any:
        """How often each word comes when these tools, trained alike, meet the same cases: a table."""
        from collections import Counter

        from scopecheck.record.text import markdown

        tools, lines = list(tools), []
        for arm in arms:
            sets = [[self._row(row.case, tool, k) for k, row in enumerate(self.rows[arm])] for tool in tools]
            for name in self.page.asked(arm, self.rows[arm][0].measured):
                said = Counter(
                    self.page.verdict(
                        arm,
                        name,
                        [row.measured[name] for row in rows],
                        [row.true[name] for row in rows],
                        gross_error=_gross([[row.scores for row in rows]], name),
                        chance=pooled_chance([row.scores for row in rows]),
                    ).label
                    for rows in sets
                )
                lines.append((arm, name, ", ".join(f"{word} {n}" for word, n in said.most_common())))
        return markdown(["arm", "measurement", f"words of {len(tools)} trainings"], lines)

    def one(self, image: Any, truth: Any = None, mask: bool = False, **told: Any) -> Row:
        """The tool on one image: what the cell for the reader's own images runs.

        Parameters
        ----------
        image : array, Case, Sample, str or Path
            As the tool takes it, or the path of an image file; a case or a sample brings its own truth.
        truth : array, str or Path, optional
            Label image, or its path; empty where there is none.
        mask : bool
            The file of the truth may be a mask, in which one value stands for every object: for areas alone.
        **told
            What the tool is told besides, e.g. ``diameter=20``.
        """
        from scopecheck import data

        if isinstance(image, (str, Path)):
            image = data.read_image(image).array
        if isinstance(truth, (str, Path)):
            truth = data.read_labels(truth, mask=mask).array if str(truth) else None
        if hasattr(image, "truth"):
            if truth is not None and str(truth):
                raise InputError("my_truth: a truth is given without my_image; give the image it belongs to.")
            case = _as_case(image)
            return self._row(replace(case, told=case.told | told) if told else case, self.tool)
        return self._row(Case(image, truth, told=told), self.tool)

    def right(self, row: Row) -> bool:
        """Whether every number of a row with a truth is inside its declared tolerance."""
        return all(self.page.inside(name, row.measured[name], true) for name, true in row.true.items())

    def checks(
        self,
        signs: Callable[[Row, Tool], Numbers],
        rehearsal: Iterable[Any] = (),
        *,
        limits: Numbers | None = None,
        wrong: Callable[[Row], bool] | None = None,
    ) -> Checks:
        """Checks that need no truth, with their limits set on cases that are judged nowhere, or declared.

        Parameters
        ----------
        signs : callable
            ``signs(row, tool)`` gives a number for each check, larger for worse; NaN where it was not made.
        rehearsal : iterable of Case, Sample or array
            An alarm is a value above the largest of these.
        limits : dict of str to float, optional
            In place of a rehearsal, where theory or the check's authors give a limit: an alarm is a value
            above it.
        wrong : callable, optional
            ``wrong(row)`` tells whether a case is wrong where that is known by construction; by default it is
            where its number is outside the tolerance.
        """
        return Checks(self, signs, [_as_case(one) for one in rehearsal], limits, wrong)

    def _all_trainings(self, arm: str) -> list[list[Row]]:
        """An arm's rows of every training, also where it is a control and was asked of the first alone."""
        sets, cases = self.sets[arm], [row.case for row in self.rows[arm]]
        if self.tools[arm] is not self.tool:
            return sets
        more = self.trained[len(sets) :]
        return sets + [[self._row(case, run, k) for k, case in enumerate(cases)] for run in more]

    def _settled(
        self, arm: str, sets: list[list[Row]], key: str = "", names: Sequence[str] = (), **noted: Any
    ) -> list[Row]:
        self.sets[key or arm], self.rows[key or arm] = sets, (rows := Rows(sets[0]))
        for row in sets[0]:
            row.arm, row.asked = arm, tuple(names or self.page.asked(arm, row.measured))
        self.judge(arm, sets, names, **noted)
        return rows

    def _row(self, case: Case, tool: Tool, number: int = 0) -> Row:
        started = time.perf_counter()
        answer = tool(case.image, **case.told)
        seconds = case.seconds + time.perf_counter() - started
        return self._made(case, answer, None, number, seconds)

    def _made(self, case: Case, answer: Any, more: Any, number: int, seconds: float = 0.0) -> Row:
        if isinstance(answer, tuple):
            answer, more = answer
        base, by_base, base_scores = self._by_baseline(case, number)
        measured = self.numbers(answer, case)
        if case.truth is None and case.true is None:
            return Row(case, answer, more, base, {}, measured, by_base, Scores(), base_scores, seconds)
        true = self._true(case)
        scored = _as_scores(self.scores(answer, case))
        scored.seed = (self.page.seed, number)
        return Row(case, answer, more, base, true, measured, by_base, scored, base_scores, seconds)

    def _true(self, case: Case) -> Numbers:
        """The true numbers of a case with a truth, measured once however many trainings meet it."""
        if case.true is not None:
            return case.true
        if id(case) not in self._truths:  # as for the baseline
            self._truths[id(case)] = (case, self.numbers(case.truth, case))
        return self._truths[id(case)][1]

    def _by_baseline(self, case: Case, number: int) -> tuple[Any, Numbers, Scores]:
        """The baseline's answer, numbers and scores, made once a case."""
        if not self.baseline:
            return None, {}, Scores()
        if id(case) not in self._bases:  # the case is kept beside its answer, so that its id stays its own
            base = self.baseline(case.image, **case.told)
            scored = Scores() if case.truth is None else _as_scores(self.scores(base, case))
            scored.seed = (self.page.seed, number)
            self._bases[id(case)] = (case, base, self.numbers(base, case), scored)
        return self._bases[id(case)][1:]

    def _pooled(self, rows: Sequence[Row]) -> Row:
        """Cases that are not independent as one: pooled ratios added up, else the mean over all objects."""
        summed = self.page.summed()

        def one(numbers: Sequence[Numbers]) -> Numbers:
            weights = [n.get(self.weight, 1.0) for n in numbers]
            return {
                name: sum(n[name] for n in numbers)
                if name in summed
                else _weighted([n[name] for n in numbers], weights)
                for name in numbers[0]
            }

        true = [row.true for row in rows]
        weights = [n.get(self.weight, 1.0) for n in true]

        def scored(several: Sequence[Scores]) -> Scores:
            gross = {k: _weighted([s.gross[k] for s in several], weights) for k in several[0].gross}
            looks = {k: _mean(s.looks[k] for s in several) for k in several[0].looks}
            return Scores(looks, gross, lambda seed: pooled_chance(several))

        return Row(
            rows[0].case,
            None,
            None,
            None,
            one(true),
            one([row.measured for row in rows]),
            one([row.by_base for row in rows]) if rows[0].by_base else {},
            scored([row.scores for row in rows]),
            scored([row.base_scores for row in rows]),
            sum(row.seconds for row in rows),
        )


def _as_case(one: Any) -> Case:
    if isinstance(one, Case):
        return one
    if hasattr(one, "image") and hasattr(one, "truth"):
        return Case(one.image, one.truth, name=getattr(one, "name", ""))
    if isinstance(one, np.ndarray):
        return Case(one)
    raise InputError(f"cases: expected record.Case, data.Sample or an image, found {type(one).__name__}.")


def _as_scores(given: Scores | Numbers) -> Scores:
    return given if isinstance(given, Scores) else Scores(given)


def _shaped(values: list[list[float]]) -> Any:
    """(trainings, cases) as they are; of one training (cases,)."""
    return values if len(values) > 1 else values[0]


def _gross(several: list[list[Scores]], name: str) -> Any:
    """Gross errors of a measurement, shaped as its numbers; None where it has none."""
    if not all(name in scored.gross for one in several for scored in one):
        return None
    return _shaped([[scored.gross[name] for scored in one] for one in several])


def _mean(values: Iterable[float]) -> float:
    known = [v for v in values if np.isfinite(v)]
    return float(np.mean(known)) if known else float("nan")


def _weighted(values: Sequence[float], weights: Sequence[float]) -> float:
    """Mean of values that exist where their weight is not 0; NaN where none does."""
    total = sum(weights)
    if not total:
        return float("nan")
    return float(sum(w * v for w, v in zip(weights, values, strict=True) if w) / total)
