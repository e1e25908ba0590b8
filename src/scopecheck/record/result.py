"""The record of a run, as ``verdict.json`` holds it; newer minor versions only add keys."""

import json
import math
import os
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, ValidationError

from scopecheck.errors import RecipeError
from scopecheck.record.recorded import counted

if TYPE_CHECKING:
    from scopecheck.judge import Verdict

SCHEMA_VERSION = "1.2.0"
UNSTABLE = "UNSTABLE"  # the word of an arm that said different words in the runs that were kept
SHAPES = {"HOLDS": "●", "FAILS": "■", "UNDETERMINED": "◇", UNSTABLE: "△", None: "–"}
FIRST_LOOK = "first look"  # the origin of a prediction that rests on a first look of our own
# hollow: the word of one image carries over to no other
OF_ONE_IMAGE: dict[str | None, str] = {"HOLDS": "○", "FAILS": "□"}


class _Open(BaseModel):
    """Unknown keys are kept: a file of a newer minor version still reads."""

    model_config = ConfigDict(extra="allow")


class ArmResult(_Open):
    """One arm judged by one measurement. Units are a suffix string; a relative bias is a fraction.

    ``verdict`` and ``label`` are what may be quoted. Where the runs that were kept did not all say the same
    word, that is ``UNSTABLE`` with the counts, and the word of this one run stands in ``run_verdict`` and
    ``run_label`` alone.
    """

    recipe: str
    arm: str
    measurement: str
    unit: str = ""
    status: str = "judged"  # or "not run", or "not judged": it was not in the plan
    verdict: str | None = None
    label: str = ""
    run_verdict: str | None = None
    run_label: str = ""
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
    words_seen: dict[str, int] = {}  # these, and the words that other machines gave
    stable: bool | None = None  # whether these are one word; None where no such runs are kept
    tier: str = "embedded"
    profile: str = "quick"
    seconds: float | None = None

    @property
    def shape(self) -> str:
        """The sign that stands beside the word, so that no verdict is told by colour alone."""
        shapes = SHAPES | OF_ONE_IMAGE if self.of_one_image else SHAPES
        return shapes.get(self.verdict, "–")

    @property
    def word(self) -> str | None:
        """The word without its marks, by the name it has in ``judge.Verdict``."""
        return self.verdict

    @property
    def told(self) -> str:
        """The label as a page quotes it: the word of one image says so."""
        if not self.verdict:
            return self.label or "no verdict"
        return f"{self.label} on this image" if self.of_one_image else self.label

    @property
    def of_one_image(self) -> bool:
        """Whether the word speaks of one image, so that nothing is said of any other."""
        return self.scope == "image" and self.verdict is not None

    @property
    def holds(self) -> bool:
        """Whether a summary may count the arm among HOLDS; the word of one image it may not."""
        return self.verdict == "HOLDS" and not self.of_one_image

    @property
    def fails(self) -> bool:
        """Whether a summary may count the arm among FAILS; the word of one image it may not."""
        return self.verdict == "FAILS" and not self.of_one_image

    @property
    def sample(self) -> str:
        """What the word speaks of and rests on, e.g. ``population, n = 6, 3 trainings``."""
        level = f", {len(self.trainings)} trainings" if self.trainings else ""
        return f"{self.scope}, n = {self.n}{level}"

    @property
    def blind(self) -> bool:
        """Whether the word was predicted without having looked at such a result before."""
        return self.origin != FIRST_LOOK

    @property
    def varies(self) -> bool:
        """Whether the word was not the same in all runs that were kept."""
        return self.stable is False

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


def quotable(row: dict[str, Any]) -> dict[str, Any]:
    """Give what a row may quote where the words seen in the kept runs are known, and how it differs.

    An arm whose kept runs said different words is UNSTABLE, with the counts; what this run said is then
    neither quoted nor a surprise. This run ``differs`` when its word is none of those seen, or, where no runs
    were kept, is not the recorded one.

    Parameters
    ----------
    row : dict
        An arm as :func:`judged` gives it, with ``words_seen``, ``stable``, ``predicted`` and ``recorded``.
    """
    seen, label = row.get("words_seen") or {}, row["label"]
    told = {"run_verdict": row["verdict"], "run_label": label}
    told["differs"] = label not in seen if seen else row["recorded"] not in (None, label)
    if row.get("stable") is False:
        unstable = f"{UNSTABLE} ({counted(seen)})"
        told |= {"verdict": UNSTABLE, "label": unstable, "marks": [], "reason": "", "recorded": unstable}
        return told | {"surprise": False}
    return told | {
        "surprise": None not in (row["predicted"], row["verdict"]) and row["predicted"] != row["verdict"]
    }


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
    able = sum((not a.trainings or len(a.trainings) >= 3) and not a.varies for a in many)
    return len(words), able, 0.05 * able


def caption(arms: list[ArmResult]) -> str:
    """The sentence under a table: how many verdicts, and how many wrong HOLDS to expect at worst."""
    words, able, wrong = wrong_holds(arms)
    skipped = sum(a.status == "not run" for a in arms)
    images = sum(a.of_one_image and not a.trainings for a in arms)
    unstable, unplanned = sum(a.varies for a in arms), sum(a.status == "not judged" for a in arms)
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
    if unstable:
        were, them = ("is", "it is") if unstable == 1 else ("are", "they are")
        text += f" {unstable} {were} UNSTABLE: {them} counted with no word."
    if unplanned:
        text += f" {unplanned} more {'was' if unplanned == 1 else 'were'} not in the plan and not judged."
    return text + (f" {skipped} more {'was' if skipped == 1 else 'were'} not run." if skipped else "")
