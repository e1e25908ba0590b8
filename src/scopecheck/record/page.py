"""The page a recipe writes while it runs: entries, words, table, and at the end ``verdict.json``."""

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from scopecheck import __version__
from scopecheck.errors import DataError, RecipeError
from scopecheck.record import tables, text
from scopecheck.record.figures import save, use_style
from scopecheck.record.plan import CONTROL_WORD, SCOPES, TIERS, Arm
from scopecheck.record.provenance import dataset_sha256, further_files
from scopecheck.record.recipe import Recipe, read_recipe
from scopecheck.record.recorded import Recorded, Runs, read_recorded
from scopecheck.record.result import (
    SCHEMA_VERSION,
    ArmResult,
    Result,
    installed,
    judged,
    quotable,
    write_json,
)
from scopecheck.tools.common import limit_threads, seed_everything

if TYPE_CHECKING:
    from IPython.display import HTML, Markdown

    from scopecheck.data import Sample
    from scopecheck.judge import Alarms, Verdict
    from scopecheck.measure import Chance

PLAN: Any = object()  # what the plan says, where nothing else is given


def start(recipe: str, *, profile: str = "quick", tier: str = "embedded", seed: int = 0) -> "Page":
    """Open the page of a recipe.

    The front matter is looked for where the runner says (``SCOPECHECK_RECIPE``), else as ``recipes/<id>.py``
    in this folder or one above it, else among the recipes that came with the package. Without it the page
    works, says so, and checks nothing against a declaration.

    Parameters
    ----------
    recipe : str
        The recipe's id.
    profile, tier : str
        As in the parameters cell.
    seed : int
        As in the parameters cell; written into the record.

    Raises
    ------
    RecipeError
        If the front matter found is malformed or belongs to another recipe.
    """
    named = os.environ.get("SCOPECHECK_RECIPE")
    here = Path.cwd()
    folders = [*(p / "recipes" for p in (here, *here.parents)), packaged()]
    places = [Path(named)] if named else [folder / f"{recipe}.py" for folder in folders]
    path = next((p for p in places if p.is_file()), None)
    found = read_recipe(path) if path else None
    if found and found.id != recipe:
        raise RecipeError(f"{path}: record.start was given {recipe!r}, the front matter says {found.id!r}")
    use_style()
    limit_threads(1)
    seed_everything(seed)
    if not found:
        print(f"No front matter of {recipe} was found near {here}: nothing is checked against a declaration.")
    return Page(recipe, found, profile=profile, tier=tier, seed=seed)


def packaged() -> Path:
    """The folder of the recipes that came with the package: the installed copy, or the repository's own."""
    here = Path(__file__).resolve()
    installed = here.parents[1] / "_recipes"
    return installed if installed.is_dir() else here.parents[3] / "recipes"


class Page:
    """What a recipe has judged so far; made by :func:`start`."""

    def __init__(self, recipe: str, front: Recipe | None, *, profile: str, tier: str, seed: int):
        self.recipe, self.front = recipe, front
        self.profile, self.tier, self.seed = profile, tier, seed
        self.recorded: Recorded = (front and read_recorded(front.path)) or Recorded(recipe=recipe)
        self._experiment = bool(
            os.environ.get("SCOPECHECK_EXPERIMENT")
        )  # parameters other than the kept runs'
        self._notes: dict[str, float] = {}
        self._absent: dict[str, str] = {}  # dataset: why it could not be had
        self._entries: list[ArmResult] = []
        self._alarms: list[dict[str, Any]] = []
        self._clock, self._started = time.monotonic(), datetime.now(UTC).isoformat(timespec="seconds")

    def add(
        self,
        arm: str,
        verdict: "Verdict",
        measurement: str = "count",
        plausibility: dict[str, float] | None = None,
        baseline: "Verdict | None" = None,
        seconds: float | None = None,
        seeds: list[int] | None = None,
        datasets: list[str] | None = None,
        tool: str | None = None,
        version: str | None = None,
        unit: str = "",
        chance: dict[str, float] | None = None,
    ) -> ArmResult:
        """Write one verdict down, and give it as it may be quoted.

        A page that quotes a word takes it from here or from :meth:`rows`, never from ``verdict``: an arm
        whose kept runs said different words is UNSTABLE, whatever this run says. A setting that the front
        matter does not declare is listed as not judged, since it was not in the plan.

        Parameters
        ----------
        arm, measurement : str
            As the front matter declares them.
        verdict : judge.Verdict
            From ``judge.agreement``, with the declared tolerance, estimand and scale.
        plausibility : dict of str to float, optional
            The looks-good scores of the same arm, e.g. ``{"F1@0.5": 0.9, "pixel Dice": 0.85}``.
        baseline : judge.Verdict, optional
            The classical baseline, judged alike.
        seconds : float, optional
            Run time of the tool in this arm, s.
        seeds : list of int, optional
            Noise or training seeds of the arm.
        datasets : list of str, optional
            Catalogue names the arm read; their hashes go into the record. None for simulated scenes.
        tool : str, optional
            What made the result; the first of the front matter's ``tools`` when not given.
        version : str, optional
            Its version where it was not run here, e.g. ``"as published"``; else the installed one.
        unit : str, optional
            Unit of the measurement, needed only where there is no front matter.
        chance : dict of str to float, optional
            What the scores of `plausibility` are by chance, under the same names, and the ``gross error``.

        Returns
        -------
        ArmResult
            The row written; ``told`` is the word to quote, ``holds`` and ``fails`` what may be counted.

        Raises
        ------
        RecipeError
            If the measurement is not declared, the arm is already written, or scope, tolerance, estimand or
            scale differ from the declaration.
        """
        row = judged(verdict) | self._described(arm, measurement)
        if not self._planned(arm, measurement):
            entry = _unplanned(row)
            self._entries.append(entry)
            return entry
        if self.front:
            self._check(arm, measurement, verdict)
            self._check_scope(arm, measurement, verdict)
            if baseline is not None:
                self._check(f"{arm} (baseline)", measurement, baseline)
        if more := sum(further_files(name) for name in datasets or []):
            row |= {"recorded": None, "over_seeds": {}, "words_seen": {}, "stable": None}
            told = f"{more} files more than the recorded word was made from, so it is not compared with it"
            row["note"] = "; ".join(part for part in (row["note"], told) if part)
        tool = tool or (self.front.tools[0] if self.front and self.front.tools else "")
        row["unit"] = row["unit"] or unit
        entry = ArmResult(
            **row | quotable(row),
            plausibility={k: float(v) for k, v in (plausibility or {}).items()},
            chance={k: float(v) for k, v in (chance or {}).items()},
            baseline=judged(baseline) if baseline is not None else None,
            seconds=seconds,
            seeds=[int(s) for s in (seeds or [])],
            tool=tool,
            version=version or ((installed(tool) or "not installed") if tool else ""),
            data_sha256={name: dataset_sha256(name) for name in datasets or []},
        )
        self._entries.append(entry)
        return entry

    def judge(
        self,
        arm: str,
        measurement: str,
        measured: Any,
        true: Any,
        *,
        scope: str | None = None,
        truth_uncertainty: Any = PLAN,
        gross_error: Any = None,
        baseline: Any = None,
        chance: "Chance | None" = None,
        **noted: Any,
    ) -> ArmResult:
        """Judge numbers as the plan declares, and write the verdict down.

        Where a number does not exist (NaN: a doubling time of what does not grow) there is none to judge: the
        arm is written down as not run, with how many are lacking; a baseline that lacks one is left out.

        Tolerance, scale and estimand are those of the measurement; scope and data those of the arm. The
        truth's uncertainty is what the catalogue states for the arm's data: 0 where it has none, unknown
        where it is for any of them.

        Parameters
        ----------
        arm, measurement : str
            As the plan names them.
        measured : array, (n,) or (trainings, n)
            The number of each acquisition (of each re-take, at scope ``setting``), in the measurement's unit.
        true : array, (n,)
            The true numbers.
        scope : str, optional
            Needed only where there is no plan.
        truth_uncertainty : float or None, optional
            Another one than the plan's data have, a fraction (or in the unit, on an absolute scale); None:
            unknown.
        gross_error : array, optional
            Misses and inventions over the true number, shape as `measured`.
        baseline : array, (n,), or judge.Verdict, optional
            The same number by a classical baseline, judged alike, or its verdict from :meth:`verdict`.
        chance : measure.Chance, optional
            The same objects at random places, pooled over all acquisitions.
        **noted
            As :meth:`add`: plausibility, seconds, seeds, datasets, tool, version.

        Raises
        ------
        RecipeError
            As :meth:`add`.
        """
        if lost := _lacking(measured):
            self.not_run(
                arm, measurement, f"it does not exist for {lost} of {np.size(measured)} acquisitions"
            )
            return self._entries[-1]
        rules: dict[str, Any] = {"scope": scope, "truth_uncertainty": truth_uncertainty}
        verdict = self.verdict(
            arm, measurement, measured, true, gross_error=gross_error, chance=chance, **rules
        )
        if baseline is not None and not hasattr(baseline, "word"):
            known = not _lacking(baseline)
            baseline = self.verdict(arm, measurement, baseline, true, **rules) if known else None
        if chance is not None:
            shown = {*noted.get("plausibility", {}), "gross error"}
            noted["chance"] = {k: v for k, v in chance.beside().items() if k in shown}
        noted.setdefault("datasets", self.data(arm))
        return self.add(arm, verdict, measurement, baseline=baseline, **noted)

    def verdict(
        self,
        arm: str,
        measurement: str,
        measured: Any,
        true: Any,
        *,
        scope: str | None = None,
        truth_uncertainty: Any = PLAN,
        gross_error: Any = None,
        chance: "Chance | None" = None,
    ) -> "Verdict":
        """Judge numbers in an arm's place, as :meth:`judge` does; nothing is written down."""
        from scopecheck import judge

        rules: dict[str, Any] = {"scope": scope or self.scope(arm), "tolerance": None}
        if self.front:
            if measurement not in self.front.measurements:
                known = ", ".join(self.front.measurements)
                raise RecipeError(f"{self.recipe}: {measurement!r} is not declared; declared: {known}")
            m = self.front.measurements[measurement]
            rules |= {"tolerance": m.band(), "scale": m.scale, "estimand": m.estimand}
        return judge.agreement(
            measured,
            true,
            **rules,
            gross_error=gross_error,
            truth_uncertainty=self.truth_uncertainty(arm, measurement)
            if truth_uncertainty is PLAN
            else truth_uncertainty,
            better_than_chance=None if chance is None else chance.better,
        )

    def inside(self, measurement: str, measured: float, true: float) -> bool:
        """Whether one number is inside its declared tolerance; one that does not exist is not."""
        m = self.front.measurements[measurement] if self.front else None
        low, high = (m.band() if m else None) or (-float("inf"), float("inf"))
        if m and m.scale == "absolute":
            error = measured - true
        else:
            error = measured / true - 1 if true else float("inf") if measured else 0.0
        return bool(low <= error <= high)

    def scope(self, arm: str) -> str:
        """The scope that the plan gives an arm."""
        return next((a.scope for a in self._planned_arms(arm)), "population")

    def data(self, arm: str) -> list[str]:
        """The datasets that the plan gives an arm; none where its cases are simulated."""
        return list(dict.fromkeys(name for a in self._planned_arms(arm) for name in a.data))

    def control(self, arm: str) -> str | None:
        """Which control an arm is, or None."""
        return next((a.control for a in self._planned_arms(arm) if a.control), None)

    def asked(self, arm: str, measured: Any = ()) -> list[str]:
        """The measurements that the plan asks of an arm; without a plan all that were measured."""
        return [a.measurement for a in self._planned_arms(arm)] or list(measured)

    def summed(self) -> set[str]:
        """Measurements that a study adds up over its fields: the pooled ratios."""
        front = self.front.measurements if self.front else {}
        return {name for name, m in front.items() if m.estimand == "pooled ratio"}

    def truth_uncertainty(self, arm: str, measurement: str) -> float | None:
        """What the catalogue states for the truth of an arm's data: 0 if simulated, None if unknown."""
        from scopecheck import data

        known = [
            data.truth_uncertainty(name, measurement) for name in self.data(arm) if data.describe(name).truth
        ]
        return None if None in known else max((u for u in known if u is not None), default=0.0)

    def samples(self, dataset: str) -> list["Sample"]:
        """The samples of a dataset, or none where this run's tier forbids it or its files cannot be had.

        Arms that the plan gives these data are then written down as not run, with the reason.
        """
        from scopecheck import data

        return self._had(dataset, data.samples) or []

    def files(self, dataset: str) -> Path | None:
        """The folder of a dataset's files, or None, as :meth:`samples`."""
        from scopecheck import data

        return self._had(dataset, data.fetch)

    def weights(self, dataset: str) -> Path | None:
        """The folder of a network's weights, or None: :meth:`files`."""
        return self.files(dataset)

    def elsewhere(self, arm: str, get: Callable[[], Any]) -> Any:
        """What `get` brings from outside the catalogue, e.g. a tool's published network, or None.

        None where the run's tier is embedded or `get` raises DataError; the arm, run on nothing, is then
        written down as not run, with the reason.
        """
        if self.tier == TIERS[0]:
            self._absent[arm] = f"it needs tier {TIERS[1]} and this run is tier {self.tier}"
            return None
        try:
            return get()
        except DataError as error:
            self._absent[arm] = str(error)
            return None

    def lacking(self, arm: str) -> None:
        """Write down as not run what this run should judge of an arm, for want of its data."""
        for a in self._planned_arms(arm):
            if self.front and not self.front.in_run(a, profile=self.profile, tier=self.tier):
                why = "; ".join(self._absent[d] for d in (*a.data, arm) if d in self._absent)
                self.not_run(arm, a.measurement, why or "no image of this setting could be had")

    def __getitem__(self, pair: tuple[str, str]) -> ArmResult:
        """What was written down for (arm, measurement).

        Raises
        ------
        KeyError
            If nothing was.
        """
        for entry in self._entries:
            if (entry.arm, entry.measurement) == pair:
                return entry
        raise KeyError(f"{pair[0]}/{pair[1]}: nothing was written down for it")

    def verdicts(self, *arms: str, measurement: str | None = None) -> list[ArmResult]:
        """The judged entries in the plan's order: of these arms (or all), and of one measurement (or all)."""
        return [
            r
            for r in self.rows()
            if r.status == "judged" and (not arms or r.arm in arms) and measurement in (None, r.measurement)
        ]

    def tolerances(self) -> "Markdown":
        """What is measured, its tolerance and why that much: a table for the reader."""
        return text.tolerances(self._declared())

    def truths(self) -> "Markdown":
        """What is known of the truth of each dataset that this run may read: a table for the reader."""
        return text.truths(self._declared(), self.tier)

    def tally(self, measurement: str) -> str:
        """How often each word came for one measurement, controls left out."""
        return text.tally(self.verdicts(measurement=measurement))

    def methods(self) -> str:
        """Tools, versions, data and tolerances in words, for a Methods section."""
        return text.methods(self._declared(), self.tier)

    def opening(self) -> None:
        """Keep the place, at the head of the page, of its answer and its picture."""
        from IPython.display import Markdown, display

        display(Markdown("*The answer is filled in here when the page has run.*"), display_id="answer")
        display(Markdown("*And the picture.*"), display_id="opening")

    def answer(self, figure: Any, said: str) -> None:
        """Fill the place at the head of the page with its answer and its picture."""
        import matplotlib.pyplot as plt
        from IPython.display import Markdown, update_display

        save(figure, "opening")
        plt.close(figure)
        update_display(figure, display_id="opening")
        update_display(Markdown(f"**Answer.** {said}"), display_id="answer")

    def surprises(self) -> str:
        """How many predictions came out otherwise, and how steady the words are over seeds: Markdown."""
        return f"{self.predictions()}\n\n{self.other_seeds()}"

    def _had(self, dataset: str, how: Any) -> Any:
        from scopecheck import data

        needed = data.describe(dataset).tier
        if TIERS.index(needed) > TIERS.index(self.tier):
            self._absent[dataset] = f"it needs tier {needed} and this run is tier {self.tier}"
            return None
        try:
            return how(dataset)
        except DataError as error:
            self._absent[dataset] = f"the files of {dataset} could not be had ({error})"
            return None

    def _planned_arms(self, arm: str) -> list["Arm"]:
        return [a for a in self.front.arms if a.arm == arm] if self.front else []

    def _declared(self) -> Recipe:
        if self.front is None:
            raise RecipeError(f"{self.recipe}: no front matter was found, so nothing is declared")
        return self.front

    def not_run(self, arm: str, measurement: str, why: str) -> None:
        """Write down that an arm was not run, and why; it is shown as such and never counts as passed."""
        row = self._described(arm, measurement)
        self._entries.append(_skipped(row, why) if self._planned(arm, measurement) else _unplanned(row))

    def alarms(self, check: str, alarms: "Alarms", rule: str = "", quiet: bool = False) -> None:
        """Write down how often a check that needs no truth was right, and print it with its false alarms.

        Parameters
        ----------
        check : str
            Name of the check.
        alarms : judge.Alarms
            Counts over all arms and both controls, from ``judge.alarms``.
        rule : str
            The alarm rule as declared before the run.
        quiet : bool
            Print nothing, where a table of all checks follows.
        """
        counts = {k: int(getattr(alarms, k)) for k in ("hits", "misses", "false_alarms", "quiet")}
        self._alarms.append({"check": check, "rule": rule, **counts})
        if not quiet:
            print(tables.alarm(self._alarms[-1]))

    def note(self, name: str, value: float) -> None:
        """Write down a number that is no verdict, so that runs with other seeds can be compared by it."""
        self._notes[name] = float(value)

    @property
    def seeds(self) -> Runs | None:
        """The reviewed runs with several seeds, of this profile or else of ``quick``; None where none are."""
        return self.recorded.several(self.profile) or self.recorded.several("quick")

    def other_seeds(self) -> str:
        """Say, in Markdown, how steady the words of this page are over the seeds it was reviewed with."""
        shown, front = [], self.front
        if front:
            told = [a for a in front.arms if not front.in_run(a, profile=self.profile, tier=self.tier)]
            shown = [(a.arm, a.measurement) for a in told]
        return self.recorded.text(self.seeds.profile if self.seeds else self.profile, shown)

    def predictions(self) -> str:
        """Say, in Markdown, how many predictions came out otherwise, first looks of our own counted apart."""
        return f"**Our predictions.** {tables.foretold(self.rows())}"

    def rows(self) -> list[ArmResult]:
        """All entries in declared order, with the declared arms that this profile and tier leave out."""
        rows = list(self._entries)
        if self.front:
            order = {(a.arm, a.measurement): i for i, a in enumerate(self.front.arms)}
            last = len(order)  # what was not in the plan stands below what was
            for a in self.front.arms:
                why = self.front.in_run(a, profile=self.profile, tier=self.tier)
                why = why or "; ".join(self._absent[d] for d in a.data if d in self._absent)
                if why and not self._entered(a.arm, a.measurement):
                    rows.append(_skipped(self._described(a.arm, a.measurement), why))
            rows.sort(key=lambda r: order.get((r.arm, r.measurement), last))
        return rows

    def words(self) -> None:
        """Print one fixed line per verdict, without floats, so that a re-run can be compared by words."""
        print(tables.words(self.rows()))

    def table(self, measurement: str | None = None) -> "HTML":
        """Give the verdicts as a table for the reader, with scope and n beside every word.

        Parameters
        ----------
        measurement : str, optional
            Show this measurement alone.
        """
        from IPython.display import HTML

        rows = [r for r in self.rows() if measurement in (None, r.measurement)]
        return HTML(tables.html(rows))

    def save(self) -> Path:
        """Write ``verdict.json`` into the working folder, whole or not at all.

        Raises
        ------
        RecipeError
            If a control gave another word than it must or was not run, or a declared arm of this run was
            neither judged nor reported as not run.
        """
        rows = self.rows()
        have = {(r.arm, r.measurement) for r in rows}
        declared = [(a.arm, a.measurement) for a in self.front.arms] if self.front else []
        if missing := ["/".join(pair) for pair in declared if pair not in have]:
            what = f"declared, but neither judged nor reported as not run: {', '.join(missing)}"
            raise RecipeError(f"{self.recipe}: {what}")
        for r in rows:
            expected = CONTROL_WORD.get(r.control or "")
            if expected and r.status != "judged" and self._entered(r.arm, r.measurement):
                raise RecipeError(f"{self.recipe}: {r.control} control {r.arm!r} was {r.reason}")
            if expected and r.status == "judged" and r.run_verdict != expected:
                raise RecipeError(
                    f"{self.recipe}: {r.control} control {r.arm!r} ({r.measurement}) must be {expected} and"
                    f" is {r.run_label or 'without a verdict'}{f' ({r.reason})' if r.reason else ''},"
                    f" scope {r.sample}, error {tables.percent(r.bias, r.scale, r.unit)}"
                    f" (90 % interval {tables.interval(r)}):"
                    " the recipe is broken, its other verdicts cannot be trusted"
                )
        result = Result(
            schema_version=SCHEMA_VERSION,
            recipe=self.recipe,
            title=self.front.title if self.front else "",
            profile=self.profile,
            tier=self.tier,
            seed=int(self.seed),
            started=self._started,
            seconds=round(time.monotonic() - self._clock, 1),
            scopecheck=__version__,
            front_matter=self.front is not None,
            arms=rows,
            alarms=self._alarms,
            notes=self._notes,
        )
        return write_json("verdict.json", result.model_dump())

    def _entered(self, arm: str, measurement: str) -> bool:
        return any((r.arm, r.measurement) == (arm, measurement) for r in self._entries)

    def _check(self, arm: str, measurement: str, verdict: "Verdict") -> None:
        assert self.front is not None
        m = self.front.measurements[measurement]
        given, band = verdict.tolerance, m.band()
        if given is not None:
            given = (float(given[0]), float(given[1]))
        same = given == band
        if given and band:
            same = max(abs(given[0] - band[0]), abs(given[1] - band[1])) < 1e-9
        for what, got, declared, equal in (
            ("tolerance", given, band, same),
            ("estimand", verdict.estimand, m.estimand, verdict.estimand == m.estimand),
            ("scale", verdict.scale, m.scale, verdict.scale == m.scale),
        ):
            if not equal:
                raise RecipeError(
                    f"{self.recipe}: arm {arm!r} judged {measurement} with {what} {got}, the front matter"
                    f" declares {declared}; a {what} is declared before the run and used as declared"
                )

    def _check_scope(self, arm: str, measurement: str, verdict: "Verdict") -> None:
        """A verdict speaks of what the plan says; a profile above the arm's own, with more data, of more."""
        a = self.front and self.front.declared(arm, measurement)
        if not a or self._experiment or verdict.scope == a.scope:
            return
        wider = SCOPES.index(verdict.scope) > SCOPES.index(a.scope)  # type: ignore[arg-type]
        if not (wider and a.profile != self.profile):
            raise RecipeError(
                f"{self.recipe}: arm {arm!r} judged {measurement} with scope {verdict.scope}, the plan"
                f" declares {a.scope}; a scope is declared before the run and used as declared"
            )

    def _described(self, arm: str, measurement: str) -> dict[str, Any]:
        """What is known of an arm before it is judged; an error where it is not declared or written twice."""
        if self._entered(arm, measurement):
            raise RecipeError(f"{self.recipe}: arm {arm!r}, measurement {measurement!r} is written twice")
        row: dict[str, Any] = {"recipe": self.recipe, "arm": arm, "measurement": measurement, "unit": ""}
        row |= {"recorded": None, "predicted": None, "tier": self.tier, "profile": self.profile}
        if self.front:
            if measurement not in self.front.measurements:
                known = ", ".join(self.front.measurements)
                what = f"{arm}/{measurement} is not declared in the front matter"
                raise RecipeError(f"{self.recipe}: {what}; declared measurements: {known}")
            m = self.front.measurements[measurement]
            row |= {"unit": m.unit, "estimand": m.estimand, "scale": m.scale}
        if self.front and (a := self.front.declared(arm, measurement)):
            row |= {"control": a.control, "predicted": a.predicted, "origin": a.origin, "tier": a.tier}
            row |= {"recorded": self.recorded.word(self.profile, arm, measurement)}
            row |= {"seen_in_training": a.seen_in_training}
        if not self._experiment:
            row |= {"over_seeds": self.recorded.labels(self.profile, arm, measurement)}
            row |= {"words_seen": (seen := self.recorded.words_seen(self.profile, arm, measurement))}
            row |= {"stable": len(seen) == 1 if seen else None}
        return row

    def _planned(self, arm: str, measurement: str) -> bool:
        return self.front is None or self.front.declared(arm, measurement) is not None


def _lacking(numbers: Any) -> int:
    """How many of these numbers do not exist (NaN)."""
    return int(np.count_nonzero(np.isnan(np.asarray(numbers, float))))


def _unplanned(row: dict[str, Any]) -> ArmResult:
    """A setting that the data hold and the front matter does not: its numbers, and no word."""
    why = "not judged: not in the plan"
    silent: dict[str, Any] = {
        "verdict": None,
        "label": "",
        "marks": [],
        "status": "not judged",
        "reason": why,
    }
    return ArmResult(**row | silent)


def _skipped(described: dict[str, Any], why: str) -> ArmResult:
    return ArmResult(**described, status="not run", reason=f"not run, because {why}")
