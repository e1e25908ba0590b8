"""The grey level that is subtracted from each image, and signs that it does not serve."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scopecheck.errors import InputError
from scopecheck.score.pair_names import few

if TYPE_CHECKING:
    import numpy as np

    from scopecheck.score.pairs import Pair

Grey = float | str | Mapping[str, float] | None


def read(text: str | None) -> Grey:
    """Read --grey-background: a grey level, ``image``, or a table of image and level.

    Raises
    ------
    InputError
        If it is none of these, or a line of the table holds no name and finite number.
    """
    if text is None or text == "image":
        return text
    try:
        level = float(text)
    except ValueError:
        level = math.nan
    if math.isfinite(level):
        return level
    path = Path(text)
    if not path.is_file():
        raise InputError(
            f"--grey-background: {text!r} is neither a grey level, nor the word image, nor a table's name."
        )
    levels: dict[str, float] = {}
    with path.open(encoding="utf-8-sig", newline="") as stream:
        for number, row in enumerate(csv.reader(stream), 1):
            cells = [cell.strip() for cell in (row[0].split("\t") if len(row) == 1 else row)]
            if not any(cells):
                continue
            try:
                name, level = cells[0], float(cells[1])
            except (IndexError, ValueError):
                if number == 1:  # the headings
                    continue
                raise _odd(path, number, cells) from None
            if len(cells) != 2 or not math.isfinite(level):
                raise _odd(path, number, cells)
            if levels.get(Path(name).name, level) != level:
                raise InputError(f"{path}, line {number}: {name} has two levels.")
            levels[Path(name).name] = level
    if not levels:
        raise InputError(f"{path}: no line of an image and its grey level, such as 'field_01.tif,104.5'.")
    return levels


def _odd(path: Path, number: int, cells: Sequence[str]) -> InputError:
    held = ", ".join(cells)
    return InputError(
        f"{path}, line {number}: {held!r}; expected an image's name and one grey level, such as"
        " 'field_01.tif,104.5'."
    )


def levels(given: Grey, pair: Pair, image: np.ndarray, labels: Mapping[str, np.ndarray]) -> dict[str, float]:
    """The level to subtract, for the predicted and the true labels of one image.

    By default each side has its own, the median of the pixels outside its own objects: what someone who had
    only that side would subtract. ``image`` gives both sides the median outside the objects of either.

    Raises
    ------
    InputError
        If no pixel is left outside, or the table does not name the image.
    """
    from scopecheck.measure import background_level

    if isinstance(given, Mapping):
        assert pair.image is not None
        for name in (pair.image.name, pair.image.stem, pair.name):
            if name in given:
                return dict.fromkeys(labels, float(given[name]))
        raise InputError(f"{pair.image}: not in the table of --grey-background, which has {few(given)}.")
    if isinstance(given, (int, float)):
        return dict.fromkeys(labels, float(given))
    chosen = dict(labels)
    if given == "image":
        chosen = dict.fromkeys(labels, sum((array > 0) for array in labels.values()))  # type: ignore[arg-type]
    try:
        return {key: background_level(image, array) for key, array in chosen.items()}
    except InputError as error:
        if "every pixel belongs" not in str(error):
            raise
        raise InputError(
            f"{pair.image}: every pixel belongs to an object, so there is no background to measure; give its"
            " grey level with --grey-background."
        ) from None


def below_zero(name: str, found: Sequence[Mapping[str, Any]], unit: str) -> str:
    """Why there is no ratio where a sum of grey levels is below zero; empty where none is."""
    for key in ("true", "predicted"):
        low = [file for file in found if file[key][name].value < 0]
        if not low:
            continue
        first = low[0]
        others = f" and {len(low) - 1} more of {len(found)} files" if len(low) > 1 else ""
        level = first["grey"][key]
        return (
            f"no ratio, {name} is below zero for {getattr(first['pair'], key)}{others}:"
            f" {first[key][name].value:.5g} {unit} after subtracting {level:g} a pixel; give the right"
            " --grey-background, invert images with dark objects, or judge with --scale absolute --tolerance"
            f" '{name}=... {unit}'"
        )
    return ""


def dark(found: Sequence[Mapping[str, Any]]) -> list[str]:
    """One note that names the images most of whose true objects are darker than the background."""
    from scopecheck.measure.quantities import DARKER

    names = [
        file["pair"].image.name
        for file in found
        if file["grey"] and any(DARKER in quantity.note for quantity in file["true"].values())
    ]
    if not names:
        return []
    return [
        f"Dark on bright: most true objects are darker than the background in {few(names)} ({len(names)} of"
        f" {len(found)} images), so that intensity above background is negative; invert such images."
    ]
