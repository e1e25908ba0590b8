"""``results.json``: what is published of all results, one entry a tool, version, quantity and setting."""

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from scopecheck import __version__
from scopecheck.errors import InputError
from scopecheck.record.overview import State
from scopecheck.record.plan import Arm
from scopecheck.record.recipe import Recipe, first_faults
from scopecheck.record.recorded import Recorded, Runs, read_recorded
from scopecheck.record.result import ArmResult, strict, write_json

VERSION = "1.0"  # of the schema: a minor version adds fields, a major one changes what a field means
Word = Literal["HOLDS", "FAILS", "UNDETERMINED", "UNSTABLE"]
NOT_RUN = "not run here: the record keeps no n and no interval, so no word is quoted"
Pair = tuple[float | None, float | None]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Entry(_Strict):
    """One measurement of one tool under one condition. A word never stands without scope and n."""

    source: Literal["run", "record", "submission"] = Field(
        description="A run at hand; a record of reviewed runs, not run again; outputs that others sent."
    )
    recipe: str = Field(default="", description="Id of the recipe; empty for a submission.")
    failure_mode: str = ""
    tool: str = Field(min_length=1)
    version: str = Field(default="", description="Of the tool.")
    settings: dict[str, Any] = Field(
        default={}, description="How the tool was set, as the submitter states it."
    )
    quantity: str = Field(min_length=1, description="What was measured.")
    unit: str = ""
    setting: str = Field(min_length=1, description="The condition: how images were taken, or which they are.")
    data: list[str] = Field(
        default=[], description="Names of the catalogue; none: simulated, the truth is exact."
    )
    control: Literal["positive", "negative"] | None = None
    word: Word | None = Field(default=None, description="None: no verdict, `reason` says why.")
    label: str = Field(
        default="", description="The word with its marks, or with its counts where it is UNSTABLE."
    )
    reason: str = ""
    scope: Literal["image", "setting", "population"] | None = None
    n: int | None = Field(
        default=None, description="Independent acquisitions; noise seeds at scope `setting`."
    )
    trainings: int = Field(
        default=0, description="Trainings of the network, where they are a level of their own."
    )
    estimand: str = ""
    scale: str = Field(
        default="", description="relative: bias, interval, tolerance are fractions; else in the unit."
    )
    bias: float | None = None
    interval: Pair | None = Field(
        default=None, description="90 % interval of the bias; null where there is none."
    )
    tolerance: Pair | None = Field(default=None, description="Declared before the run.")
    truth_uncertainty: float | None = Field(default=None, description="Null: not known.")
    plausibility: dict[str, float | None] = Field(default={}, description="How good it looks.")
    chance: dict[str, float | None] = Field(default={}, description="The same scores by chance.")
    predicted: str | None = Field(
        default=None, description="The word that was written down before the first run."
    )
    origin: str = Field(default="", description="What the prediction rests on; a first look was not blind.")
    seen_in_training: Literal["no", "yes", "unknown"] = "unknown"
    words_seen: dict[str, int] = Field(
        default={}, description="How often each word came in the reviewed runs."
    )
    biases_seen: list[float] = Field(default=[], description="Biases of the reviewed runs, one a seed.")
    profile: str = ""
    tier: str = ""
    seconds: float | None = Field(
        default=None, description="Of the tool in this setting; null where not taken."
    )
    run_seconds: float | None = Field(default=None, description="Of the recipe's whole run.")
    memory_gib: float | None = Field(default=None, description="Peak of the recipe's whole run.")
    when: str = Field(default="", description="ISO 8601; of a record empty.")
    key: str = Field(default="", description="Of the run, made of all that it was made from.")
    note: str = ""

    @model_validator(mode="after")
    def _word_with_its_scope(self) -> "Entry":
        if self.word and (self.scope is None or self.n is None):
            raise ValueError("a word needs its scope and its n")
        return self


class Results(_Strict):
    """The whole file. Never report a number or a word of it without its scope, n and interval."""

    schema_version: str = Field(default=VERSION, pattern=r"^1\.\d+$")
    made: str = Field(default="", description="ISO 8601.")
    scopecheck: str = Field(default="", description="Version that wrote the file.")
    entries: list[Entry]


def collect(states: Iterable[State], submissions: Path | None = None) -> Results:
    """Put together what runs at hand, records and submissions say.

    Parameters
    ----------
    states : iterable of State
        As `overview.latest` gives them; of two states of one recipe and profile the first counts.
    submissions : Path, optional
        A folder of files that ``scopecheck submit`` wrote; it need not exist.

    Returns
    -------
    Results
        Runs and records in the order of the states, then submissions. What is recorded and was not judged
        by a run at hand has no word, since the record keeps no n and no interval.

    Raises
    ------
    InputError
        If a submission does not fit the schema.
    RecipeError
        If a record does not fit.
    """
    found: dict[tuple[str, str, str, str], Entry] = {}
    recipes: dict[str, Recipe] = {}
    for state in states:
        recipes.setdefault(state.recipe.id, state.recipe)
        for arm in (a for a in state.arms if a.status == "judged"):
            found.setdefault((state.recipe.id, arm.profile, arm.arm, arm.measurement), _of_run(state, arm))
    for recipe in recipes.values():
        kept = read_recorded(recipe.path) or Recorded(recipe=recipe.id)
        for runs in kept.runs:
            for words in runs.arms:
                declared = recipe.declared(words.arm, words.measurement)
                pair = recipe.id, runs.profile, words.arm, words.measurement
                if declared and pair in found:
                    found[pair].biases_seen = runs.biases(words.arm, words.measurement)
                elif declared:
                    found[pair] = _of_record(recipe, declared, runs, kept)
    order = {name: i for i, name in enumerate(recipes)}
    pairs = sorted(found, key=lambda pair: (order[pair[0]], pair[1] != "quick"))
    sent = sorted(submissions.glob("*.json")) if submissions else []
    entries = [found[pair] for pair in pairs] + [entry for path in sent for entry in read(path).entries]
    return made_now(entries)


def made_now(entries: list[Entry]) -> Results:
    """The entries with the time and the version of now."""
    return Results(made=now(), scopecheck=__version__, entries=entries)


def now() -> str:
    """The time, ISO 8601, UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _of_run(state: State, arm: ArmResult) -> Entry:
    run, recipe = state.run, state.recipe
    declared = recipe.declared(arm.arm, arm.measurement)
    same = (
        "unit label reason scope n estimand scale bias interval tolerance truth_uncertainty plausibility"
        " chance control predicted origin seen_in_training words_seen profile tier seconds note"
    )
    told = {name: getattr(arm, name) for name in same.split()} | {"word": arm.verdict}
    return Entry(
        **strict(told),
        source="run",
        recipe=recipe.id,
        failure_mode=recipe.failure_mode,
        tool=arm.tool or ", ".join(recipe.tools),
        version=arm.version,
        quantity=arm.measurement,
        setting=arm.arm,
        data=list(declared.data) if declared else sorted(arm.data_sha256),
        trainings=len(arm.trainings),
        run_seconds=run.get("seconds"),
        memory_gib=run.get("peak_gib"),
        when=run.get("ended", ""),
        key=run.get("key", ""),
    )


def _of_record(recipe: Recipe, arm: Arm, runs: Runs, kept: Recorded) -> Entry:
    measured = recipe.measurements[arm.measurement]
    biases = runs.biases(arm.arm, arm.measurement)
    seen = kept.words_seen(runs.profile, arm.arm, arm.measurement)
    word = kept.word(runs.profile, arm.arm, arm.measurement)
    return Entry(
        source="record",
        recipe=recipe.id,
        failure_mode=recipe.failure_mode,
        tool=recipe.tools[0],
        version=runs.versions.get(recipe.tools[0], ""),
        quantity=arm.measurement,
        unit=measured.unit,
        setting=arm.arm,
        data=list(arm.data),
        control=arm.control,
        reason=NOT_RUN,
        scope=arm.scope,
        estimand=measured.estimand,
        scale=measured.scale,
        tolerance=measured.band(),
        predicted=arm.predicted,
        origin=arm.origin,
        seen_in_training=arm.seen_in_training,
        words_seen=seen or ({word: 1} if word else {}),
        biases_seen=biases,
        profile=runs.profile,
        tier=runs.tier,
        key=runs.key,
    )


def read(path: str | Path) -> Results:
    """Read a ``results.json``, or what ``scopecheck submit`` wrote.

    Raises
    ------
    InputError
        If it cannot be read, is not JSON, or does not fit the schema.
    """
    path = Path(path)
    try:
        return Results.model_validate_json(path.read_text(encoding="utf-8"))
    except OSError as err:
        raise InputError(f"{path}: cannot be read ({err.strerror})") from err
    except ValidationError as err:
        raise InputError(
            f"{path}: does not fit the schema of results, version {VERSION}: {first_faults(err)}. Write it"
            " again with `scopecheck report --export` or `scopecheck submit`"
        ) from err


def write(results: Results, path: str | Path) -> Path:
    """Write ``results.json`` whole or not at all; its folder is made."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    return write_json(path, results.model_dump(mode="json"))


def schema() -> str:
    """The JSON schema of the file, as ``book/extra/results.schema.json`` holds it."""
    return json.dumps(Results.model_json_schema(mode="serialization"), indent=1, ensure_ascii=False) + "\n"


def submissions_folder(recipes: Path) -> Path:
    """Where submitted entries are kept: beside the folder of recipes."""
    return recipes.resolve().parent / "submissions"


def choices(entries: Sequence[Entry], name: str) -> list[str]:
    """What a field of the entries holds, each once and in order."""
    return sorted({value for entry in entries if (value := getattr(entry, name))})
