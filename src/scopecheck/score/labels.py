"""Label images that any tool made, judged against true ones: files or folders in, verdicts out."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scopecheck.errors import InputError
from scopecheck.score import children
from scopecheck.score.label_files import chooses, is_outlined, read_outlined
from scopecheck.score.pair_names import few
from scopecheck.score.pairs import Pair, is_zarr, pair_up
from scopecheck.score.rules import Rules
from scopecheck.score.whole import whole

if TYPE_CHECKING:
    from scopecheck.record.result import ArmResult


@dataclass(frozen=True)
class Score:
    """What `score_labels` found.

    Attributes
    ----------
    scope : str
        ``image`` for a pair of files, ``population`` for folders.
    rows : list of ArmResult
        One a measurement, with the keys of ``verdict.json``.
    plausibility : dict of str to float
        The looks-good scores: F1 over all objects, and mean pixel Dice of the files that hold any; NaN where
        there is no object at all.
    scores : dict of str to float
        precision, recall, mean IoU (of matched pairs) and PQ over all objects.
    chance : dict of str to float
        What the predicted objects score at random places (`measure.chance`), under the names of
        `plausibility` and `scores`, and their gross error; empty where one side has no object.
    better : bool or None
        Whether the objects agree better than that; None where one side has no object.
    objects : dict of str to int
        Sums over all files: true, predicted, misses, inventions, merges, splits.
    files : list of dict
        What was measured on each pair.
    notes : list of str
        How the input was read, and what a reader must know.
    units : list of str or None
        The well or animal of each file, where several files are of one; these are what is independent.
    """

    scope: str
    rows: list[ArmResult]
    plausibility: dict[str, float]
    scores: dict[str, float]
    chance: dict[str, float]
    better: bool | None
    objects: dict[str, int]
    files: list[dict[str, Any]]
    notes: list[str] = field(default_factory=list)
    units: list[str] | None = None

    @property
    def n(self) -> int:
        """How many independent acquisitions there are."""
        return len(set(self.units) if self.units else self.files)


def score_labels(
    predicted: Path,
    true: Path,
    rules: Rules = Rules(),  # noqa: B008 - frozen
    *,
    image: Path | None = None,
    watch: Callable[[Sequence[Pair]], Iterable[Pair]] = iter,
) -> Score:
    """Judge predicted label images against true ones by what a biologist would publish.

    Parameters
    ----------
    predicted, true : Path
        Two files or two folders (files are paired by name); see `data.read_labels` for formats.
    rules : Rules
        How they are read, measured and judged.
    image : Path, optional
        Grey image(s) of the same shape, for intensities.
    watch : callable
        Wraps the list of pairs, to show progress.

    Returns
    -------
    Score

    Raises
    ------
    InputError
        If files cannot be read or paired, shapes differ, a measurement is not known or not possible, or a
        file is certainly no label image.
    """
    from scopecheck import measure
    from scopecheck.judge import inputs
    from scopecheck.score import grey_levels, signs
    from scopecheck.score.units import check_units

    pairs, notes = pair_up(predicted, true, image, as_given=rules.as_given, pair=rules.pairing)
    scope = "image" if not Path(predicted).is_dir() or is_zarr(Path(predicted)) else "population"
    units = None
    if scope == "population":
        units, said = _units(predicted, true, pairs, rules)
        notes += said
    else:
        pairs = [_planes(pairs[0], rules)]
    families = children.pair_children(pairs, rules.children) if rules.children else {}
    found: list[dict[str, Any]] = []
    for pair in watch(pairs):
        try:
            found.append(_measure(pair, len(found), notes, rules, families.get(pair.name)))
        except InputError as error:
            text = str(error)
            named = text.startswith(tuple(str(path) for path in (pair.predicted, pair.true, pair.image)))
            raise InputError(text if named else f"{pair.predicted} against {pair.true}: {text}") from None
        if len(found) == 1 and rules.scale == "absolute" and rules.units is not None:
            measured = {name: quantity.unit for name, quantity in found[0]["true"].items()}
            for option in ("tolerance", "truth_uncertainty"):
                told = rules.units.get(option, {})
                check_units(option.replace("_", "-"), getattr(rules, option), told, measured)
    notes += _how_read(found)
    notes += grey_levels.dark(found)
    notes += signs.report([(file["pair"], file["looks"]) for file in found], rules)
    notes += _frame(predicted, true, found, rules)
    names = list(found[0]["true"])
    for option, given in (("tolerance", rules.tolerance), ("truth uncertainty", rules.truth_uncertainty)):
        if extra := [name for name in given if name not in (*names, "all")]:
            raise InputError(f"{option}: names {', '.join(extra)}; measured are {', '.join(names)}.")
    for name in names:
        if len(kinds := {file["true"][name].unit for file in found}) > 1:
            raise InputError(
                f"{name}: comes in {' and '.join(sorted(kinds))}, since not all files give a pixel size;"
                " give --pixel-size or --unit px."
            )
    matches = [file["match"] for file in found]
    pooled = measure.pool(matches)
    dices = [file["dice"] for file in found if not math.isnan(file["dice"])]
    plausibility = {
        f"F1@{rules.threshold:g}": pooled.f1,
        "pixel Dice": statistics.fmean(dices) if dices else math.nan,
    }
    scores = {"precision": pooled.precision, "recall": pooled.recall}
    scores |= {"mean IoU": pooled.mean_iou, "PQ": pooled.pq}
    better, chance = _floor(found, rules.threshold, each=rules.ratio_each)
    worse, nonsense = measure.by_file([file["chance"] for file in found])
    if better is False:
        notes.append(_no_better(pooled, chance, rules.threshold))
    if worse and len(found) > 1:
        sided = sum(file["chance"].better is not None for file in found)
        names_worse = [found[i]["pair"].predicted.name for i in worse]
        notes.append(_no_better_files(names_worse, sided, bool(better) and nonsense))
    better = better and not nonsense
    inner: bool | None = None
    if families:
        inner, more = children.report(found, rules.threshold)
        notes += more
    rows = []
    for name in names:
        lost = name == children.MEASURE and inner is False
        verdict = _verdict(name, found, units, scope, rules, False if lost else better)
        asked: dict[str, Any] = {"scope": scope, "scale": rules.scale, "estimand": rules.estimand}
        asked["tolerance"] = inputs.tolerance_pair(rules.tolerance_of(name))
        asked["truth_uncertainty"] = inputs.uncertainty(rules.uncertainty_of(name))
        rows.append(_row(predicted, name, found, verdict, plausibility, chance, asked, units, rules))
    counted = {"true": "n_true", "predicted": "n_predicted"}
    objects = {
        key: sum(int(getattr(match, counted.get(key, key))) for match in matches)
        for key in ("true", "predicted", "misses", "inventions", "merges", "splits")
    }
    files = [_file(f, rules.threshold) for f in found]
    return Score(scope, rows, plausibility, scores, chance, better, objects, files, notes, units)


def _units(
    predicted: Path, true: Path, pairs: Sequence[Pair], rules: Rules
) -> tuple[list[str] | None, list[str]]:
    """The well or animal of each pair, where the names hold several pairs of one; and notes."""
    from scopecheck.score.replicates import of_names

    ways = [
        [(path.relative_to(folder) if path.is_relative_to(folder) else path).as_posix() for path in paths]
        for folder, paths in (
            (Path(true), [pair.true for pair in pairs]),
            (Path(predicted), [pair.predicted for pair in pairs]),
        )
    ]
    units, kind, guess = of_names(ways, rules.level)
    said = f"Each of the {len(pairs)} pairs is taken for one independent acquisition."
    if units is not None:
        said = (
            f"Taken for independent acquisitions are the {kind} in the files' names: {len(set(units))}"
            f" ({len(pairs)} pairs). Fields of one are not independent of each other and are averaged first."
        )
    return units, [text for text in (said, guess) if text]


def averaged(
    measured: Sequence[float], true: Sequence[float], units: Sequence[str] | None, rules: Rules
) -> tuple[Sequence[float], Sequence[float]]:
    """Numbers of each independent acquisition: of each file, or the mean over the files of one unit.

    Units come in the order of their first files, which is that of ``dict.fromkeys(units)``.
    """
    from scopecheck.judge.levels import level_means

    if units is None:
        return measured, true
    m, t, _ = level_means(measured, true, units, scale=rules.scale, estimand=rules.estimand)
    return m.tolist(), t.tolist()


def _measure(
    pair: Pair, number: int, notes: list[str], rules: Rules, family: tuple[Path, Path] | None
) -> dict[str, Any]:
    from scopecheck import measure
    from scopecheck.measure.objects import matched, overlaps
    from scopecheck.score import grey_levels, signs

    pictures, looks = signs.read(pair, _pictures(pair, rules), rules)
    labels = {key: pictures[key].array for key in ("predicted", "true")}
    grey = None
    if pair.image is not None:
        grey = pictures["image"].array
    overlap = overlaps(labels["predicted"], labels["true"], rules.border)
    match = matched(overlap, [rules.threshold])[0]
    chance = measure.chance(
        labels["predicted"],
        labels["true"],
        rules.threshold,
        border=rules.border,
        seed=(0, number),
        overlap=overlap,
    )
    if labels["true"].any() and (labels["predicted"] == labels["true"]).all():
        same = pictures["predicted"].notes + ("prediction and truth are the same in every pixel",)
        pictures["predicted"] = pictures["predicted"]._replace(notes=same)
    size = None
    if rules.pixel_size is None and rules.unit != "px":
        size = _agreed_size(pair, {key: picture.pixel_size for key, picture in pictures.items()})
    if rules.pixel_size is not None:
        size, axes = tuple(rules.pixel_size), labels["true"].ndim
        if len(size) == 1 and axes == 2:
            size *= 2
        if len(size) != axes:
            expected = (
                "one number, or y,x" if axes == 2 else "z,y,x: planes are rarely as far apart as pixels"
            )
            raise InputError(f"--pixel-size: {len(size)} given for {axes}D labels; expected {expected}.")
    notes += [note for note in _doubted(rules.pixel_size, size, pictures) if note not in notes]
    if rules.unit == "um" and size is None:
        raise InputError(
            "neither file gives a pixel size, so micrometres cannot be given;"
            " add --pixel-size, as the microscope's metadata has it, or ask for --unit px."
        )
    what = "area" if labels["true"].ndim == 2 else "volume"
    usual = ["count", f"mean_{what}", f"total_{what}"] + ["total_intensity"] * (grey is not None)
    how: dict[str, Any] = {"pixel_size": size, "unit": rules.unit, "border": rules.border}
    how["only"] = list(rules.measures or usual)
    levels: dict[str, float] = {}
    if grey is not None:
        how["saturation"] = rules.saturation
        levels = grey_levels.levels(rules.grey_background, pair, grey, labels)
    measured: dict[str, Any] = {
        key: measure.quantities(array, grey, background=levels.get(key), **how)
        for key, array in labels.items()
    }
    held: Any = None
    if family is not None:
        more, *held = children.of_pair(labels, family, rules.threshold, (1, number))
        for key, quantity in more.items():
            measured[key][children.MEASURE] = quantity
    dice = measure.pixel_dice(labels["predicted"], labels["true"])
    return (
        measured
        | {"pair": pair, "match": match, "chance": chance, "dice": dice, "pixel_size": size, "grey": levels}
        | {"children": held}
        | {"labels": (labels["predicted"], labels["true"])}
        | {"read": {key: picture.notes for key, picture in pictures.items()}, "looks": looks}
    )


def _pictures(pair: Pair, rules: Rules) -> dict[str, Any]:
    from scopecheck.data.read.images import read_image, read_unchecked_labels

    sides = {"predicted": "prediction", "true": "truth"}
    drawn = [key for key in sides if is_outlined(getattr(pair, key), rules.way(sides[key]))]
    for key, side in sides.items():
        way = rules.way(side)
        if chooses(way) and key not in drawn and (side in rules.labels or not drawn):
            raise InputError(
                f"{getattr(pair, key)}: --labels {way} chooses among outlines, and this is a label image."
                " Leave it out, or name the side with outlines: --labels truth=..., prediction=..."
            )
    pictures = {
        key: read_unchecked_labels(
            whole(getattr(pair, key)), own=side in pair.own, mask=rules.numbering(side) is not None
        )
        for key, side in sides.items()
        if key not in drawn
    }
    if pair.image is not None:
        pictures["image"] = read_image(whole(pair.image), own="image" in pair.own)
    shape, told = rules.shape, "--shape"
    for key in drawn:
        if shape is None and pictures:
            other = "image" if "image" in pictures else next(iter(pictures))
            shape, told = pictures[other].array.shape, f"the {sides.get(other, other)}'s"
        path, way = getattr(pair, key), rules.way(sides[key])
        pictures[key] = read_outlined(path, shape, told, way)
    return pictures


def _planes(pair: Pair, rules: Rules) -> Pair:
    """Of a file that is one of several of one image, take its own planes where another file is a plane."""
    from scopecheck.data.read import ome

    sides = {"prediction": pair.predicted, "truth": pair.true, "image": pair.image}
    several = [side for side, path in sides.items() if path is not None and ome.members(path)]
    if not several:
        return pair
    deep = {picture.array.ndim for picture in _pictures(pair, rules).values()}
    return replace(pair, own=frozenset(several)) if len(deep) > 1 else pair


def _how_read(found: Sequence[dict[str, Any]]) -> list[str]:
    """One note for each way in which files were read, with the files."""
    said: dict[str, list[str]] = {}
    for file in found:
        for key, notes in file["read"].items():
            for note in notes:
                said.setdefault(note, []).append(getattr(file["pair"], key).name)
    return [
        f"{few(dict.fromkeys(names))}{f' ({len(names)} files)' * (len(names) > 1)}: {note}."
        for note, names in said.items()
    ]


def _agreed_size(pair: Pair, sizes: Mapping[str, tuple[float, ...] | None]) -> tuple[float, ...] | None:
    known = {getattr(pair, key): size for key, size in sizes.items() if size is not None}
    first = next(iter(known), None)
    for path, size in known.items():
        if len(size) == len(known[first]) and any(
            abs(a / b - 1) > 0.01 for a, b in zip(size, known[first], strict=True)
        ):
            raise InputError(
                f"{first} against {path}: their pixel sizes differ, {_by(known[first])} and {_by(size)} um;"
                f" give --pixel-size, such as {','.join(f'{one:g}' for one in size)}, or --unit px."
            )
    return known.get(first)


def _doubted(
    given: Sequence[float] | None, size: tuple[float, ...] | None, pictures: Mapping[str, Any]
) -> list[str]:
    """What is odd about a pixel size: another unit, or not what the files say."""
    from scopecheck.score.pixel_size import slip

    stated = next((p.pixel_size for p in pictures.values() if p.pixel_size is not None), None)
    if given is None:
        if size and set(size[-2:]) == {1}:
            what = "areas" if len(size) == 2 else "volumes"
            return [
                f"The files' pixel size is exactly 1 um, which many programs write for 'not known': {what} in"
                f" um^{len(size)} rest on it. Give --pixel-size, as the microscope's metadata"
                " has it, or --unit px."
            ]
        return [note] if size and (note := slip(size[-1], None, "um", "the files' pixel size")) else []
    if note := slip(given[-1], stated[-1] if stated else None, "um"):
        if given[-1] < 1e-6 and "meant" in note:  # too small to be measured with
            raise InputError(note)
        return [note]
    if stated and abs(given[-1] / stated[-1] - 1) > 0.01:
        return [f"--pixel-size {given[-1]:g}: the files say {stated[-1]:g} um; the option was taken."]
    return []


def _by(size: tuple[float, ...]) -> str:
    return " x ".join(f"{one:g}" for one in size)


KEPT = 1 << 26  # pixels of the first images that are kept to see whether another frame fits better


def _frame(predicted: Path, true: Path, found: list[dict], rules: Rules) -> list[str]:
    """Refuse, or note, predictions that match far better when all are turned or shifted alike."""
    from scopecheck.measure import frame

    kept: list[Any] = []
    pixels = 0
    for file in found:
        pixels += file["labels"][1].size
        if not kept or pixels <= KEPT:
            kept.append(file["labels"])
        file["labels"] = None
    if len({labels.ndim for both in kept for labels in both}) > 1:
        return []
    matches = None if rules.border == "drop" else [file["match"] for file in found[: len(kept)]]
    said = frame.orientation_hint(kept, rules.threshold, matches)
    if said and not rules.as_given:
        raise InputError(
            f"{predicted} against {true}: {said}. Save both in one frame, axes ([z,] y, x) counted from"
            " the same corner; or --as-given."
        )
    return [f"Another frame fits better: {said}."] if said else []


def _floor(found: list[dict], threshold: float, *, each: bool) -> tuple[bool | None, dict[str, float]]:
    """Whether the objects of all files agree better than chance, and what chance scores, as they are scored.

    Gross errors are averaged over the files (`each`) or taken over all objects.
    """
    from scopecheck import measure

    draws = [file["chance"] for file in found]
    pooled = measure.pool_chance(draws)
    if pooled.better is None:
        return None, {}
    told, by_file = pooled.scores(), [one.scores() for one in draws]
    dices = [one["Dice"] for one in by_file if not math.isnan(one["Dice"])]
    wrong = [one["gross error"] for one in by_file if not math.isnan(one["gross error"])]
    chance = {f"F1@{threshold:g}": told["F1"], "pixel Dice": statistics.fmean(dices)}
    chance |= {key: told[key] for key in ("precision", "recall", "mean IoU", "PQ")}
    return pooled.better, chance | {"gross error": statistics.fmean(wrong) if each else told["gross error"]}


def _no_better(match: Any, chance: dict[str, float], threshold: float) -> str:
    name = f"F1@{threshold:g}"
    return (
        "Not better than chance: the predicted objects agree with the true ones no better than the same"
        f" objects at random places ({name} {match.f1:.2f}, there {chance[name]:.2f}), so nothing is called"
        " HOLDS. Are prediction and truth of the same image, and in one frame?"
    )


def _no_better_files(names: list[str], asked: int, nonsense: bool) -> str:
    said = (
        f"{len(names)} of {asked} files with objects on both sides agree no better than the same objects at"
        f" random places: {few(names)}. "
    )
    if nonsense:
        return (
            f"Not better than chance: {said}Honest files are rarely so, and these are too many, so nothing is"
            " called HOLDS, though the others agree. Are prediction and truth of the same images there?"
        )
    return f"{said}Look at them: are prediction and truth of the same image there?"


def _verdict(
    name: str, found: list[dict], units: list[str] | None, scope: str, rules: Rules, better: bool | None
) -> Any:
    """Return the verdict on one measurement, or the reason why there is none."""
    from scopecheck import judge, measure
    from scopecheck.score import grey_levels

    numbers = {key: [float(file[key][name].value) for file in found] for key in ("predicted", "true")}
    for key, values in numbers.items():
        for value, file in zip(values, found, strict=True):
            if not math.isfinite(value):
                note = file[key][name].note or "not a number"
                return f"not defined for {getattr(file['pair'], key)}: {note}"
    ratio = rules.scale == "relative"
    if ratio and (text := grey_levels.below_zero(name, found, found[0]["true"][name].unit)):
        return text
    if ratio and (rules.ratio_each or not any(numbers["true"])):
        for value, file in zip(numbers["true"], found, strict=True):
            if value == 0:
                note = file["true"][name].note or "a value of 0"
                way = "judge with --scale absolute or --estimand pooled"
                return f"no ratio to {file['pair'].true}: {note}; {way}"
    gross = None
    if name == "count":
        matches = [file["match"] for file in found]
        each = [measure.gross_error(match) for match in matches]
        wrong = sum(match.misses + match.inventions for match in matches)
        total = sum(match.n_true for match in matches)
        if units is not None and rules.ratio_each:
            each = [
                statistics.fmean(e for e, u in zip(each, units, strict=True) if u == unit)
                for unit in dict.fromkeys(units)
            ]
        gross = each if rules.ratio_each else wrong / total if total else None
    measured, true = averaged(numbers["predicted"], numbers["true"], units, rules)
    return judge.agreement(
        measured,
        true,
        scope=scope,
        tolerance=rules.tolerance_of(name),
        scale=rules.scale,
        estimand=rules.estimand,
        truth_uncertainty=rules.uncertainty_of(name),
        gross_error=gross,
        better_than_chance=better,
    )


def _row(
    predicted: Path,
    name: str,
    found: list[dict],
    verdict: Any,
    plausibility: dict[str, float],
    chance: dict[str, float],
    asked: dict[str, Any],
    units: list[str] | None,
    rules: Rules,
) -> ArmResult:
    from scopecheck.record.result import ArmResult, judged
    from scopecheck.record.tables import far_outside

    common: dict[str, Any] = {
        "recipe": "score labels",
        "arm": str(predicted),
        "measurement": name,
        "tier": "",
        "profile": "",
    }
    common |= {"unit": found[0]["true"][name].unit, "plausibility": plausibility, "chance": chance}
    if isinstance(verdict, str):
        return ArmResult(**common, **asked, reason=verdict, n=len(set(units) if units else found))
    row = ArmResult(**common, **judged(verdict))
    names = list(dict.fromkeys(units)) if units else [file["pair"].predicted.name for file in found]
    got, true = ([float(file[key][name].value) for file in found] for key in ("predicted", "true"))
    far = far_outside(row, names, *averaged(got, true, units, rules))
    row.note = "; ".join(text for text in (row.note, far) if text)
    return row


def _file(file: dict[str, Any], threshold: float) -> dict[str, Any]:
    pair, match = file["pair"], file["match"]
    values = {
        key: {name: quantity.value for name, quantity in file[key].items()} for key in ("predicted", "true")
    }
    noted = {
        f"{key} {name}": quantity.note
        for key in ("predicted", "true")
        for name, quantity in file[key].items()
        if quantity.note
    }
    scores: dict[str, Any] = {f"F1@{threshold:g}": match.f1, "pixel Dice": file["dice"]}
    scores |= {"precision": match.precision, "recall": match.recall}
    scores |= {"mean IoU": match.mean_iou, "PQ": match.pq}
    scores["better_than_chance"], scores["chance"] = _floor([file], threshold, each=False)
    counts = {key: getattr(match, key) for key in ("misses", "inventions", "merges", "splits")}
    about = {"name": pair.name, "prediction": str(pair.predicted), "truth": str(pair.true)}
    about |= {"grey_background": file["grey"]} if file["grey"] else {}
    return about | {"pixel_size_um": file["pixel_size"]} | values | scores | counts | {"notes": noted}
