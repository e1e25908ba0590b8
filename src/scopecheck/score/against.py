"""Two tools on the same fields, each against one truth, and the paired difference of their errors."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scopecheck.errors import InputError
from scopecheck.score.labels import Score, averaged, score_labels
from scopecheck.score.pair_names import few
from scopecheck.score.pairs import Pair
from scopecheck.score.rules import Rules

if TYPE_CHECKING:
    from scopecheck.record.result import ArmResult


@dataclass(frozen=True)
class Two:
    """What `score_two` found.

    Attributes
    ----------
    first, second : Score
        Each tool against the truth.
    rows : list of ArmResult
        One a measurement: the error of `first` less that of `second`, field by field (relative: of the ratio
        of the two tools' numbers). HOLDS: the tools agree within the tolerance.
    notes : list of str
        Which tool is nearer to the truth, on how many fields.
    """

    first: Score
    second: Score
    rows: list[ArmResult]
    notes: list[str]


def score_two(
    first: Path,
    second: Path,
    true: Path,
    rules: Rules = Rules(),  # noqa: B008 - frozen
    *,
    image: Path | None = None,
    watch: Callable[[Sequence[Pair]], Iterable[Pair]] = iter,
) -> Two:
    """Judge two tools' label images against one truth, and the difference of their errors.

    Both tools saw the same fields, so the difference is taken field by field (well by well, where the names
    hold several fields of one), and the truth's own error,
    which both share, cancels: the difference is judged without it.

    Parameters
    ----------
    first, second, true : Path
        Three files or three folders.
    rules, image, watch
        As `score_labels`, for both.

    Raises
    ------
    InputError
        As `score_labels`; if both tools are one file or folder, or were not paired with the same truths.
    """
    if Path(first).resolve() == Path(second).resolve():
        raise InputError(f"--against: {second} is the prediction itself; give what another tool made.")
    scores = [score_labels(one, true, rules, image=image, watch=watch) for one in (first, second)]
    by_truth = [{file["truth"]: file for file in score.files} for score in scores]
    if lonely := sorted(set(by_truth[0]) ^ set(by_truth[1])):
        raise InputError(
            f"{second} against {first}: {len(lonely)} true files have a prediction of one tool alone"
            f" ({few(Path(name).name for name in lonely)}); expected both tools on the same fields."
        )
    pairs = [(file, by_truth[1][truth]) for truth, file in by_truth[0].items()]
    # The wells of each field, where either tool is judged over them: so is their difference.
    first_units, second_units = (
        dict(zip((file["truth"] for file in score.files), score.units, strict=True)) if score.units else None
        for score in scores
    )
    named = first_units or second_units
    units = [named[truth] for truth in by_truth[0]] if named else None
    rows, notes = [], []
    for one, other in zip(scores[0].rows, scores[1].rows, strict=True):
        rows.append(_difference((first, second), one, other, pairs, units, rules))
        if said := _nearer((first, second), one, pairs):
            notes.append(said)
    same = [file["name"] for file, other in pairs if file["predicted"] == other["predicted"]]
    if same:
        many = f"{len(same)} of {len(pairs)} fields ({few(same)})"
        notes.append(f"Both tools measured the very same on {many}.")
    return Two(scores[0], scores[1], rows, notes)


def _difference(
    names: tuple[Path, Path],
    one: ArmResult,
    other: ArmResult,
    pairs: Sequence[tuple[dict[str, Any], dict[str, Any]]],
    units: Sequence[str] | None,
    rules: Rules,
) -> ArmResult:
    """The paired difference of one measurement's errors; not judged where one of the two is not."""
    from scopecheck.judge.contrast import contrast
    from scopecheck.record.result import ArmResult, judged
    from scopecheck.score.contrast import named

    name = one.measurement
    common: dict[str, Any] = {
        "recipe": "score labels",
        "arm": f"{names[0]} against {names[1]}",
        "measurement": name,
        "unit": one.unit,
        "tier": "",
        "profile": "",
    }
    told: dict[str, Any] = {"scope": one.scope, "scale": rules.scale, "estimand": rules.estimand}
    told |= {"n": len(set(units) if units else pairs), "tolerance": one.tolerance}
    for path, row in zip(names, (one, other), strict=True):
        if row.bias is None:
            return ArmResult(**common, **told, reason=f"{path}: {row.reason}")
    sides = []
    for k in (0, 1):
        numbers = [[float(both[k][key][name]) for both in pairs] for key in ("predicted", "true")]
        sides.append(averaged(numbers[0], numbers[1], units, rules))
    try:
        answer = contrast(
            sides[0],
            sides[1],
            scope=one.scope or "population",
            tolerance=rules.tolerance_of(name),
            scale=rules.scale,
            estimand=rules.estimand,
            paired=True,
            truth_uncertainty=rules.uncertainty_of(name),
            left_uncertainty=0.0,
        )
    except ValueError as error:
        return ArmResult(**common, **told, reason=named(str(error), str(names[0]), str(names[1])))
    about = common | judged(_beside_rows(answer.verdict, one, other))
    row = ArmResult(**about)
    if row.far:
        called = list(dict.fromkeys(units)) if units else [file["name"] for file, _ in pairs]
        far = f"far outside: {few(called[i] for i in row.far)}"
        row.note = "; ".join(text for text in (row.note, far) if text)
    return row


def _beside_rows(verdict: Any, one: ArmResult, other: ArmResult) -> Any:
    """The difference's verdict, its mark by the words that were printed, which chance may have changed."""
    from dataclasses import replace

    from scopecheck.judge.contrast import ALIKE, DIFFERENTIAL, mark

    kept = tuple(text for text in verdict.marks if text not in (ALIKE, DIFFERENTIAL))
    return replace(verdict, marks=(*kept, *mark(one.verdict, other.verdict, verdict.word)))


def _nearer(
    names: tuple[Path, Path], one: ArmResult, pairs: Sequence[tuple[dict[str, Any], dict[str, Any]]]
) -> str:
    """On how many fields which tool is nearer to the truth."""
    count = [0, 0]
    for both in pairs:
        off = [abs(file["predicted"][one.measurement] - file["true"][one.measurement]) for file in both]
        if all(map(math.isfinite, off)) and off[0] != off[1]:
            count[off[1] < off[0]] += 1
    if not sum(count):
        return ""
    told = f"{names[0]} on {count[0]} of {len(pairs)} fields, {names[1]} on {count[1]}"
    return f"{one.measurement}: nearer to the truth is {told}."
