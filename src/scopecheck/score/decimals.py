"""Numbers as people and spreadsheets write them: read where there is one way to, else refused."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scopecheck.errors import InputError

_POWER = r"(?:[eE][-+]?\d+)?"
_PLAIN = re.compile(rf"[-+]?(?:\d+\.?\d*|\.\d+){_POWER}")
_COMMA = re.compile(rf"[-+]?\d*,\d+{_POWER}|[-+]?\d{{1,3}}(?:\.\d{{3}})+,\d+")  # 12,5 or 1.234,5
_COMMAS = re.compile(r"[-+]?\d{1,3}(?:,\d{3})+(?:\.\d*)?")  # 1,234 or 1,234.5
_BLANKS = re.compile(r"[-+]?\d{1,3}(?:[ '’\u00a0\u202f]\d{3})+(?:[.,]\d+)?")  # 1 234 or 1'234.5
_ODD = re.compile(r"[ '’\u00a0\u202f]")
MISSING = ("", "na", "n/a", "nan", "none", "null", "-", "inf", "-inf", "+inf", "infinity")


def numbers(
    path: Path, columns: Mapping[str, Sequence[str]], lines: NDArray, notes: list[str]
) -> dict[str, NDArray[np.float64]]:
    """Read columns of one table, all of them by one habit of writing; how is noted.

    A comma is the decimal point, or it parts thousands, where every number with one can be read in that way
    alone. Where all can be read both ways nothing is guessed.

    Parameters
    ----------
    path : Path
        The table, for messages.
    columns : mapping of str to sequence of str
        Cells by heading.
    lines : ndarray, shape (n,)
        The cells' lines in the file.
    notes : list of str
        What was done is added.

    Raises
    ------
    InputError
        Naming heading and line, for a cell without a number, and for numbers that can be read in two ways.
    """
    clean = {
        heading: [cell.strip().replace("\u2212", "-") for cell in cells] for heading, cells in columns.items()
    }
    odd = [
        (heading, i, cell)
        for heading, cells in clean.items()
        for i, cell in enumerate(cells)
        if not _PLAIN.fullmatch(cell)
    ]
    for heading, i, cell in odd:
        if cell.lower() in MISSING:
            missing = sum(one[0] == heading and one[2].lower() in MISSING for one in odd)
            raise InputError(
                f"{path}: line {lines[i]}: {heading!r} is {cell or 'empty'}, no number ({missing} of"
                f" {len(lines)} lines); repair it, or leave these lines out and say so."
            )
        if not any(way.fullmatch(cell) for way in (_COMMA, _COMMAS, _BLANKS)):
            raise InputError(
                f"{path}: line {lines[i]}: {heading!r} is {cell!r}, no number; write digits with a decimal"
                " point, and the unit into the heading, as in 'measured [um^2]'."
            )
    if odd:
        drop, point = _habit(path, clean, odd, lines)
        changed = {(heading, i) for heading, i, _ in odd}
        for heading, cells in clean.items():
            clean[heading] = [
                _ODD.sub("", cell).replace(drop, "").replace(point, ".") if (heading, i) in changed else cell
                for i, cell in enumerate(cells)
            ]
        said = [f"{path}: {len(odd)} numbers are not plainly written ({odd[0][2]} was read as"]
        notes.append(f"{said[0]} {float(clean[odd[0][0]][odd[0][1]]):g}, line {lines[odd[0][1]]}).")
    return {heading: np.array(cells, dtype=np.float64) for heading, cells in clean.items()}


def _habit(
    path: Path, clean: Mapping[str, Sequence[str]], odd: list[tuple[str, int, str]], lines: NDArray
) -> tuple[str, str]:
    """What to drop and what is the decimal point, in the numbers that are not plainly written."""
    commas = [one for one in odd if "," in one[2]]
    if not commas:
        return ",", "."
    plain = (cell for cells in clean.values() for cell in cells if _PLAIN.fullmatch(cell))
    points = next((cell for cell in plain if "." in cell), "")
    bare = [(heading, i, _ODD.sub("", cell)) for heading, i, cell in commas]
    blanks = any(_ODD.search(cell) for _, _, cell in odd)
    decimal = all(_COMMA.fullmatch(cell) for _, _, cell in bare)
    thousands = all(_COMMAS.fullmatch(cell) for _, _, cell in bare) and not blanks
    heading, i, cell = commas[0]
    where = f"{path}: line {lines[i]}: {heading!r} is {cell}"
    todo = "Write all numbers with a decimal point and no other mark."
    if decimal and thousands and not points:
        both = f"{cell.replace(',', '')} or {cell.replace(',', '.')}"
        raise InputError(f"{where}, which may be {both}: thousands or decimals? {todo}")
    if thousands:
        return ",", "."
    if decimal and not points:
        return ".", ","
    beside = f", and others have a point ({points})" if points else ", and others another habit"
    raise InputError(f"{where}{beside}, so that commas may be either. {todo}")
