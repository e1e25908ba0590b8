"""How a recipe's words and numbers change with its seed: kept beside the recipe as ``seeds/<id>.json``.

The file is written by ``python -m scopecheck.runner.seeds`` from results of several seeds and committed, so
that a page can say how steady its verdicts are without running itself again.
"""

from collections import Counter
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from scopecheck.errors import RecipeError
from scopecheck.record.recipe import first_faults


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ArmSeeds(_Strict):
    """One arm and measurement: what each seed gave, in the order of the seeds; a fraction where relative."""

    arm: str
    measurement: str
    labels: list[str]
    biases: list[float | None]


class Elsewhere(_Strict):
    """A word that the same recipe gave with seed 0 on another machine."""

    arm: str
    measurement: str
    label: str
    where: str


class Seeds(_Strict):
    """Runs of one recipe that differ in the seed alone, and words that other machines gave."""

    recipe: str
    profile: str
    tier: str
    scopecheck: str
    seeds: list[int]
    arms: list[ArmSeeds]
    alarms: dict[str, list[list[int]]] = {}  # check: per seed hits, misses, false alarms, quiet
    notes: dict[str, list[float]] = {}  # what the page noted: per seed one number
    elsewhere: list[Elsewhere] = []  # written by hand: a run on another machine that gave another word

    @model_validator(mode="after")
    def _one_of_each_seed(self) -> "Seeds":
        lengths = [len(row) for a in self.arms for row in (a.labels, a.biases)]
        lengths += [len(row) for row in self.alarms.values()] + [len(row) for row in self.notes.values()]
        if set(lengths) - {len(self.seeds)}:
            raise ValueError(f"every list must have one entry a seed, {len(self.seeds)}")
        return self

    def labels(self, arm: str, measurement: str) -> dict[str, int]:
        """How often each word came, the most frequent first; empty where the seeds did not judge it."""
        found = [a.labels for a in self.arms if (a.arm, a.measurement) == (arm, measurement)]
        return dict(Counter(found[0]).most_common()) if found else {}

    def words_seen(self, arm: str, measurement: str) -> dict[str, int]:
        """How often each word came over the seeds and on other machines, the most frequent first."""
        seen = Counter(self.labels(arm, measurement))
        seen.update(e.label for e in self.elsewhere if (e.arm, e.measurement) == (arm, measurement))
        return dict(seen.most_common())

    def biases(self, arm: str, measurement: str) -> list[float]:
        """The finite biases, one a seed."""
        found = [a.biases for a in self.arms if (a.arm, a.measurement) == (arm, measurement)]
        return [b for b in found[0] if b is not None] if found else []

    def alarm(self, check: str) -> tuple[int, int, int, int]:
        """Hits, wrong measurements, false alarms and good measurements of a check, summed over the seeds."""
        hits, misses, false, quiet = (sum(column) for column in zip(*self.alarms[check], strict=True))
        return hits, hits + misses, false, false + quiet

    def text(self, shown: list[tuple[str, str]]) -> str:
        """Say, in Markdown, how many words were the same with every seed and which were not.

        Parameters
        ----------
        shown : list of (str, str)
            The arms and measurements that the page judges; others are left out.
        """
        told = {pair: self.labels(*pair) for pair in shown if self.labels(*pair)}
        moved = {pair: words for pair, words in told.items() if len(words) > 1}
        listed = "; ".join(f"`{arm}` {m}: {counted(words)}" for (arm, m), words in moved.items())
        both = [any(w.startswith("HOLDS") for w in words) and "FAILS" in words for words in moved.values()]
        text = (
            f"**Other seeds.** When this page was reviewed, the {self.profile} profile was run with the seeds"
            f" {', '.join(map(str, self.seeds))}. The word was the same"
            f" {len(self.seeds)} times for {len(told) - len(moved)} of {len(told)} verdicts."
        )
        if moved:
            text += f" The others changed and are shown as UNSTABLE: {listed}."
            text += f" {sum(both) or 'None'} of these said HOLDS with one seed and FAILS with another."
        away = [e for e in self.elsewhere if (e.arm, e.measurement) in shown]
        if away:
            text += " Seed 0 on another machine gave other words: "
            text += "; ".join(f"`{e.arm}` {e.measurement}: {e.label} ({e.where})" for e in away) + "."
        return text


def counted(words: dict[str, int]) -> str:
    """Words with their counts, as ``HOLDS 3, FAILS 2``."""
    return ", ".join(f"{word or 'no verdict'} {n}" for word, n in words.items())


def seeds_path(recipe: Path) -> Path:
    """Where the seeds of a recipe file are kept."""
    return recipe.parent / "seeds" / f"{recipe.stem}.json"


def read_seeds(recipe: Path) -> Seeds | None:
    """Read what is kept of a recipe's seeds, or None where nothing is.

    Raises
    ------
    RecipeError
        If the file does not fit, or belongs to another recipe.
    """
    path = seeds_path(recipe)
    if not path.is_file():
        return None
    try:
        found = Seeds.model_validate_json(path.read_text(encoding="utf-8"))
    except ValidationError as err:
        raise RecipeError(
            f"{path}: not a record of seeds: {first_faults(err)}; write it again:"
            " python -m scopecheck.runner.seeds"
        ) from err
    if found.recipe != recipe.stem:
        raise RecipeError(f"{path}: belongs to {found.recipe!r}, expected {recipe.stem!r}")
    return found
