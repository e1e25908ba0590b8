"""The record of a run, as ``verdict.json`` holds it; newer minor versions only add keys."""

import json
import math
import os
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, ValidationError

from ..errors import RecipeError

if TYPE_CHECKING:
    from ..judge import Verdict

SCHEMA_VERSION = "1.2.0"
SHAPES = {"HOLDS": "●", "FAILS": "■", "UNDETERMINED": "◇", None: "–"}


class _Open(BaseModel):
    """Unknown keys are kept: a file of a newer minor version still reads."""

    model_config = ConfigDict(extra="allow")


class ArmResult(_Open):
    """One arm judged by one measurement. Units are a suffix string; a relative bias is a fraction."""

    recipe: str
    arm: str
    measurement: str
    unit: str = ""
    status: str = "judged"  # or "not run"
    verdict: str | None = None
    label: str = ""
    marks: list[str] = []
    reason: str = ""
    scope: str | None = None
    estimand: str = ""
    scale: str = ""
    bias: float | None = None
    interval: list[float | None] | None = None
    limits: list[float | None] | None = None
    n: int | None = None
    tolerance: list[float] | None = None
    truth_uncertainty: float | None = None
    inside: int | None = None
    inside_fraction: float | None = None
    inside_bound: float | None = None
    far: list[int] = []  # positions of the acquisitions that are far outside tolerance, see judge.Verdict
    gross_error: float | None = None
    further: int | str | None = None
    note: str = ""
    trainings: list[float] = []  # bias of each training, where several are a level of their own
    plausibility: dict[str, float | None] = {}
    chance: dict[str, float | None] = {}  # what the same scores are by chance, and the gross error
    baseline: dict[str, Any] | None = None
    control: str | None = None
    predicted: str | None = None
    origin: str = ""
    surprise: bool = False
    recorded: str | None = None
    differs: bool = False
    seen_in_training: str = "unknown"
    tool: str = ""
    version: str = ""
    data_sha256: dict[str, str] = {}
    seeds: list[int] = []
    over_seeds: dict[str, int] = {}  # words of the reviewed runs that differ in the base seed alone
    tier: str = "embedded"
    profile: str = "quick"
    seconds: float | None = None

    @property
    def shape(self) -> str:
        """The sign that stands beside the word, so that no verdict is told by colour alone."""
        return SHAPES.get(self.verdict, "–")

    @property
    def sample(self) -> str:
        """What the word speaks of and rests on, e.g. ``population, n = 6, 3 trainings``."""
        level = f", {len(self.trainings)} trainings" if self.trainings else ""
        return f"{self.scope}, n = {self.n}{level}"

    @property
    def varies(self) -> bool:
        """Whether the word was not the same with every reviewed seed."""
        return len(self.over_seeds) > 1

    @property
    def annotation(self) -> str:
        """What may be said where the truth's own uncertainty is unknown, else empty."""
        if self.status != "judged" or self.truth_uncertainty is not None:
            return ""
        return {"HOLDS": "agrees with annotation", "FAILS": "disagrees with annotation"}.get(
            self.verdict or "", "truth's uncertainty unknown"
        )


class Result(_Open):
    """A whole ``verdict.json``."""

    schema_version: str
    recipe: str
    title: str = ""
    profile: str = "quick"
    tier: str = "embedded"
    seed: int = 0
    started: str = ""
    seconds: float | None = None
    scopecheck: str = ""
    front_matter: bool = True
    arms: list[ArmResult] = []
    alarms: list[dict[str, Any]] = []
    notes: dict[str, float] = {}


def judged(verdict: "Verdict") -> dict[str, Any]:
    """Give what :class:`ArmResult` holds of a verdict.

    The interval of one image is its truth's uncertainty alone: where that is unknown there is none to tell.
    """
    told: dict[str, Any] = strict(asdict(verdict))
    told["verdict"] = told.pop("word")
    told["inside"] = None if verdict.tolerance is None else verdict.inside
    if verdict.scope == "image" and verdict.truth_uncertainty is None and not verdict.trainings:
        told["interval"] = None
    return told | {"label": verdict.label if verdict.word else ""}


def installed(package: str) -> str | None:
    """The version of a package, or None."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def strict(value: Any) -> Any:
    """Turn numpy numbers, tuples and non-finite floats into what JSON can say; not finite becomes null."""
    if isinstance(value, dict):
        return {str(k): strict(v) for k, v in value.items()}
    if hasattr(value, "tolist"):  # numpy scalar or array
        value = value.tolist()
    if isinstance(value, (list, tuple, set)):
        return [strict(v) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def write_json(path: str | Path, content: Any) -> Path:
    """Write JSON so that a reader sees the whole file or none."""
    path = Path(path)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    text = json.dumps(strict(content), indent=1, ensure_ascii=False, allow_nan=False)
    with part.open("w", encoding="utf-8") as stream:
        stream.write(text + "\n")
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(part, path)
    return path


def read_verdict(path: str | Path) -> Result:
    """Read a ``verdict.json`` of this major version.

    Raises
    ------
    RecipeError
        If it is missing, is not JSON, lacks a key, or has another major schema version.
    """
    path = Path(path)
    try:
        result = Result(**json.loads(path.read_text(encoding="utf-8")))
    except OSError as err:
        raise RecipeError(f"{path}: cannot be read ({err.strerror}); run the recipe again") from err
    except (ValueError, TypeError, ValidationError) as err:
        raise RecipeError(f"{path}: not a verdict file: {' '.join(str(err).split())[:200]}") from err
    ours = SCHEMA_VERSION.split(".")[0]
    if result.schema_version.split(".")[0] != ours:
        told = f"schema version {result.schema_version}; this scopecheck reads {ours}.x: run the recipe again"
        raise RecipeError(f"{path}: {told}")
    return result


def wrong_holds(arms: list[ArmResult]) -> tuple[int, int, float]:
    """Count verdicts, those that chance could have made say HOLDS, and the wrong HOLDS to expect at worst.

    Chance could have made an arm say HOLDS when it has a tolerance, its truth is good enough, its objects
    agree better than at random places, and it has at least five acquisitions or seeds. At worst every one of
    them truly sits at the edge of its tolerance; the judge then errs in at most 5 %. At scope ``image``
    nothing is sampled but the trainings of a network, where there are several; else no such rate exists.

    Returns
    -------
    (int, int, float)
        Verdicts, those that chance could have made hold, and 0.05 times the latter.
    """
    words = [a for a in arms if a.verdict is not None]
    sure = [a for a in words if a.tolerance is not None and a.reason != "truth"]
    sure = [a for a in sure if "NOT BETTER THAN CHANCE" not in a.marks]
    many = [a for a in sure if (a.n or 0) >= 5 or (a.scope == "image" and a.trainings)]
    able = sum(not a.trainings or len(a.trainings) >= 3 for a in many)
    return len(words), able, 0.05 * able


def caption(arms: list[ArmResult]) -> str:
    """The sentence under a table: how many verdicts, and how many wrong HOLDS to expect at worst."""
    words, able, wrong = wrong_holds(arms)
    skipped = sum(a.status == "not run" for a in arms)
    images = sum(a.scope == "image" and not a.trainings for a in arms if a.verdict is not None)
    text = f"{words} verdict{'' if words == 1 else 's'}" if words else "No verdict"
    if able:
        text += (
            f", {able} with acquisitions or seeds enough to say HOLDS. Were all of these exactly at the edge"
            f" of tolerance, {wrong:.2g} wrong HOLDS would be expected (1 in 20)"
        )
    elif words > images:
        text += ", none with acquisitions or seeds enough to say HOLDS"
    text += "."
    if images:
        speak, them = ("speaks", "it") if images == 1 else ("speak", "them")
        text += f" {images} {speak} of one image without sampling: no such rate is known for {them}."
    return text + (f" {skipped} more {'was' if skipped == 1 else 'were'} not run." if skipped else "")
