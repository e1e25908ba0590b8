"""What the reviewed runs of a recipe said: words, biases and alarms, kept as ``recorded/<id>.json``.

The file is written by ``python -m scopecheck.runner.gather`` alone and committed. It says which word a run is
compared with, how steady the words are over seeds and machines, and what was predicted for each arm, so that
a prediction cannot be edited quietly.
"""

from collections import Counter
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from scopecheck.errors import RecipeError
from scopecheck.record.plan import Arm, Profile, Scope, Tier, Word
from scopecheck.record.recipe import first_faults

LABEL = r"^(HOLDS( (ON AVERAGE ONLY|BY CANCELLATION).*)?|(FAILS|UNDETERMINED)( NOT BETTER THAN CHANCE)?)$"
Label = Annotated[str, Field(pattern=LABEL)]
NOT_RUN = "not run"  # stands for a word where a seed could not judge an arm that another one could


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Prediction(_Strict):
    """What the plan said of one verdict when the runs were first gathered; None where that was not kept."""

    arm: str
    measurement: str
    predicted: Word
    origin: str
    scope: Scope | None = None
    control: str | None = None  # "none" where there was none; so in `data`
    data: str | None = None  # names with a space between them

    @classmethod
    def of(cls, arm: Arm) -> "Prediction":
        """What a line of the plan declares."""
        given = arm.model_dump(include={"arm", "measurement", "predicted", "origin", "scope"})
        return cls(**given, control=arm.control or "none", data=" ".join(arm.data) or "none")

    def _told(self) -> dict[str, str | None]:
        predicted = f"{self.predicted} ({self.origin})"
        return {"was predicted": predicted, "had the scope": self.scope} | {
            "had the control": self.control,
            "had the data": self.data,
        }


class ArmWords(_Strict):
    """One arm and measurement: what each seed gave, in the order of the seeds; a fraction where relative."""

    arm: str
    measurement: str
    words: list[
        Annotated[str, Field(pattern=f"{LABEL}|^({NOT_RUN})?$")]
    ]  # empty: judged, without a tolerance
    biases: list[float | None]


class Runs(_Strict):
    """Runs of one profile and tier that differ in the seed alone; the first seed is the default one."""

    profile: Profile
    tier: Tier
    seeds: list[int] = Field(min_length=1)
    key: str = ""  # of the default seed's result; empty where it was not kept
    scopecheck: str
    versions: dict[str, str] = {}
    arms: list[ArmWords]
    alarms: dict[str, list[list[int]]] = {}  # check: per seed hits, misses, false alarms, quiet
    notes: dict[str, list[float]] = {}  # what the page noted: per seed one number

    @model_validator(mode="after")
    def _one_of_each_seed(self) -> "Runs":
        lengths = [len(row) for a in self.arms for row in (a.words, a.biases)]
        lengths += [len(row) for row in self.alarms.values()] + [len(row) for row in self.notes.values()]
        if set(lengths) - {len(self.seeds)}:
            raise ValueError(f"every list must have one entry a seed, {len(self.seeds)}")
        return self

    def of(self, arm: str, measurement: str) -> ArmWords | None:
        """What these runs said of one verdict, or None."""
        return next((a for a in self.arms if (a.arm, a.measurement) == (arm, measurement)), None)

    def labels(self, arm: str, measurement: str) -> dict[str, int]:
        """How often each word came, the most frequent first; empty where these runs did not judge it."""
        found = self.of(arm, measurement)
        return dict(Counter(found.words).most_common()) if found else {}

    def biases(self, arm: str, measurement: str) -> list[float]:
        """The finite biases, one a seed."""
        found = self.of(arm, measurement)
        return [b for b in found.biases if b is not None] if found else []

    def alarm(self, check: str) -> tuple[int, int, int, int]:
        """Hits, wrong measurements, false alarms and good measurements of a check, summed over the seeds."""
        hits, misses, false, quiet = (sum(column) for column in zip(*self.alarms[check], strict=True))
        return hits, hits + misses, false, false + quiet


class Elsewhere(_Strict):
    """A word that the same recipe gave with the default seed on another machine."""

    arm: str
    measurement: str
    label: Label
    where: str
    profile: Profile = "quick"


class Recorded(_Strict):
    """What is kept of a recipe's reviewed runs; of one profile an arm stands in one of the ``runs`` alone."""

    recipe: str
    predicted: list[Prediction] = []
    runs: list[Runs] = []
    elsewhere: list[Elsewhere] = []  # words of other machines that no run kept here gave

    @model_validator(mode="after")
    def _each_once(self) -> "Recorded":
        stands = Counter((r.profile, a.arm, a.measurement) for r in self.runs for a in r.arms)
        if twice := ["/".join(at) for at, n in stands.items() if n > 1]:
            raise ValueError(f"an arm stands in one group of runs alone; twice: {', '.join(twice)}")
        return self

    def _runs_of(self, profile: str, arm: str, measurement: str) -> Runs | None:
        return next((r for r in self.runs if r.profile == profile and r.of(arm, measurement)), None)

    def word(self, profile: str, arm: str, measurement: str) -> str | None:
        """The label of the default seed's reviewed run, which a new run is compared with, or None."""
        runs = self._runs_of(profile, arm, measurement)
        found = runs and runs.of(arm, measurement)
        return found.words[0] if found and found.words[0] not in ("", NOT_RUN) else None

    def labels(self, profile: str, arm: str, measurement: str) -> dict[str, int]:
        """How often each word came over the seeds; empty where fewer than two were run."""
        runs = self._runs_of(profile, arm, measurement)
        return runs.labels(arm, measurement) if runs and len(runs.seeds) > 1 else {}

    def words_seen(self, profile: str, arm: str, measurement: str) -> dict[str, int]:
        """How often each word came over the seeds and on other machines, the most frequent first."""
        seen = Counter(self.labels(profile, arm, measurement))
        pair = arm, measurement
        away = [e for e in self.elsewhere if e.profile == profile and (e.arm, e.measurement) == pair]
        if away and not seen and (word := self.word(profile, arm, measurement)):
            seen[word] += 1
        seen.update(e.label for e in away)
        return dict(seen.most_common())

    def several(self, profile: str) -> Runs | None:
        """The runs of a profile with the most seeds, where these are two at least."""
        found = [r for r in self.runs if r.profile == profile and len(r.seeds) > 1]
        return max(found, key=lambda r: (len(r.seeds), len(r.arms)), default=None)

    def text(self, profile: str, shown: list[tuple[str, str]]) -> str:
        """Say, in Markdown, how many words were the same with every seed and which were not.

        Parameters
        ----------
        profile : str
            The profile whose runs are told.
        shown : list of (str, str)
            The arms and measurements that the page judges; others are left out.
        """
        told = {pair: self.labels(profile, *pair) for pair in shown if self.labels(profile, *pair)}
        if not told:
            return "**Other seeds.** No runs with other seeds are at hand; these words come from one."
        moved = {pair: words for pair, words in told.items() if len(words) > 1}
        listed = "; ".join(f"`{arm}` {m}: {counted(words)}" for (arm, m), words in moved.items())
        both = [any(w.startswith("HOLDS") for w in words) and "FAILS" in words for words in moved.values()]
        seeds = {tuple(r.seeds): None for pair in told if (r := self._runs_of(profile, *pair))}
        times = " or ".join(sorted({str(len(s)) for s in seeds}))
        text = (
            f"**Other seeds.** When this page was reviewed, the {profile} profile was run with the seeds"
            f" {'; '.join(', '.join(map(str, s)) for s in seeds)}. The word was the same"
            f" {times} times for {len(told) - len(moved)} of {len(told)} verdicts."
        )
        if moved:
            text += f" The others changed and are shown as UNSTABLE: {listed}."
            text += f" {sum(both) or 'None'} of these said HOLDS with one seed and FAILS with another."
        away = [e for e in self.elsewhere if e.profile == profile and (e.arm, e.measurement) in shown]
        if away:
            text += " Seed 0 on another machine gave other words: "
            text += "; ".join(f"`{e.arm}` {e.measurement}: {e.label} ({e.where})" for e in away) + "."
        return text

    def edited(self, arms: list[Arm]) -> list[str]:
        """Say which lines of a plan do not declare what they did when the runs were gathered."""
        now, out = {(a.arm, a.measurement): Prediction.of(a) for a in arms}, []
        for was in self.predicted:
            pair = was.arm, was.measurement
            declared = now.get(pair, was)._told()
            out += [
                f"{'/'.join(pair)} {what} {old}, the plan says {declared[what]}"
                for what, old in was._told().items()
                if old is not None and old != declared[what]
            ]
        return out

    def gone(self, arms: list[Arm]) -> list[str]:
        """Name the verdicts that were predicted when the runs were gathered and that a plan lacks."""
        planned = {(a.arm, a.measurement) for a in arms}
        pairs = [(kept.arm, kept.measurement) for kept in self.predicted]
        return ["/".join(pair) for pair in pairs if pair not in planned]


def counted(words: dict[str, int]) -> str:
    """Words with their counts, as ``HOLDS 3, FAILS 2``."""
    return ", ".join(f"{word or 'no verdict'} {n}" for word, n in words.items())


def recorded_path(recipe: Path) -> Path:
    """Where the reviewed runs of a recipe file are kept."""
    return recipe.parent / "recorded" / f"{recipe.stem}.json"


def read_recorded(recipe: Path) -> Recorded | None:
    """Read what is kept of a recipe's reviewed runs, or None where nothing is.

    Raises
    ------
    RecipeError
        If the file does not fit, or belongs to another recipe.
    """
    path = recorded_path(recipe)
    if not path.is_file():
        return None
    try:
        found = Recorded.model_validate_json(path.read_text(encoding="utf-8"))
    except ValidationError as err:
        raise RecipeError(
            f"{path}: not a record of runs: {first_faults(err)}; write it again:"
            f" python -m scopecheck.runner.gather {recipe.stem}"
        ) from err
    if found.recipe != recipe.stem:
        raise RecipeError(f"{path}: belongs to {found.recipe!r}, expected {recipe.stem!r}")
    return found
