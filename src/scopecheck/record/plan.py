"""The plan of a recipe, ``<id>.csv``: one line a verdict, written by hand before the first run."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from scopecheck.errors import RecipeError

Word = Literal["HOLDS", "FAILS", "UNDETERMINED"]
Tier = Literal["embedded", "public", "archive"]
Profile = Literal["quick", "full"]
Scope = Literal["image", "setting", "population"]
TIERS: tuple[Tier, ...] = ("embedded", "public", "archive")
PROFILES: tuple[Profile, ...] = ("quick", "full")
SCOPES: tuple[Scope, ...] = ("image", "setting", "population")  # from the narrowest to the widest
CONTROL_WORD = {"positive": "HOLDS", "negative": "FAILS"}


class Arm(BaseModel):
    """One line of the plan: one run of a tool under one acquisition, judged by one measurement."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    arm: str = Field(min_length=1)
    measurement: str = Field(min_length=1)
    scope: Scope = "population"
    data: tuple[str, ...] = ()  # names of the catalogue; none: simulated scenes, whose truth is exact
    tier: Tier = "embedded"
    profile: Profile = "quick"
    control: Literal["positive", "negative"] | None = None
    predicted: Word
    origin: Literal["paper", "physics", "guess", "first look"] = "guess"  # a first look was not blind
    seen_in_training: Literal["no", "yes", "unknown"] = "unknown"
    source: str = ""


COLUMNS = tuple(Arm.model_fields)


def plan_path(recipe: Path) -> Path:
    """Where the plan of a recipe file lies."""
    return recipe.with_suffix(".csv")


def read_plan(path: str | Path, measurements: list[str], datasets: dict[Tier, list[str]]) -> list[Arm]:
    """Read and check a plan; an empty cell is the default of its column.

    Parameters
    ----------
    path : str or Path
        The plan, CSV in UTF-8 with the columns ``COLUMNS`` in any order; ``data`` holds several names with a
        space between them.
    measurements : list of str
        The measurements that the recipe's header declares.
    datasets : dict of str to list of str
        By tier, the datasets of the header that an arm of this tier may read.

    Returns
    -------
    list of Arm
        In the order of the lines.

    Raises
    ------
    RecipeError
        If a line does not fit; the message names file, line and column, and what was expected.
    """
    path = Path(path)
    arms: list[Arm] = []
    lines: dict[tuple[str, str], int] = {}
    for line, cells in _lines(path):
        arm = _arm(path, line, cells)
        pair = arm.arm, arm.measurement
        unknown = [name for name in arm.data if name not in datasets[arm.tier]]
        expected = CONTROL_WORD.get(arm.control or "")
        if arm.measurement not in measurements:
            known = ", ".join(measurements)
            what = f"{arm.measurement!r} is not declared in the header; expected one of {known}"
            raise _refused(path, line, "measurement", what)
        if unknown:
            known = ", ".join(datasets[arm.tier]) or "none"
            what = f"{unknown[0]!r} is not among the datasets that the header names for tier {arm.tier}"
            raise _refused(path, line, "data", f"{what}; expected, with spaces between them, some of {known}")
        if expected and arm.predicted != expected:
            raise _refused(path, line, "predicted", f"a {arm.control} control must be predicted {expected}")
        if pair in lines:
            what = f"{arm.arm!r} declares {arm.measurement!r} twice, in line {lines[pair]} before"
            raise _refused(path, line, "arm", what)
        lines[pair] = line
        arms.append(arm)
    if not arms:
        raise RecipeError(f"{path}: declares no verdict; expected one a line below the names of the columns")
    return arms


def _refused(path: Path, line: int, column: str, why: str) -> RecipeError:
    return RecipeError(f"{path}, line {line}, column {column}: {why}")


def _lines(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Number and cells, by column, of every line with something in it."""
    columns = ",".join(COLUMNS)
    try:
        text = path.read_text(encoding="utf-8-sig")  # Excel writes a byte order mark
    except FileNotFoundError as err:
        raise RecipeError(f"{path}: no such plan; expected a CSV file with the columns {columns}") from err
    except UnicodeDecodeError as err:
        raise RecipeError(f"{path}: is not UTF-8 text (byte {err.start}); save it as UTF-8") from err
    rows = csv.reader(io.StringIO(text), strict=True)
    heads: list[str] = []
    line = 1
    try:
        for row in rows:
            start, line = line, rows.line_num + 1
            cells = [cell.strip() for cell in row]
            if not any(cells):
                continue
            if not heads:
                heads = cells
                _check_columns(path, start, heads)
            elif len(cells) != len(heads):
                raise RecipeError(
                    f"{path}, line {start}: {len(cells)} cells, expected {len(heads)}; a text with a comma or"
                    f' a quote in it stands in quotes: "like this, and ""so"""'
                )
            else:
                yield start, dict(zip(heads, cells, strict=True))
    except csv.Error as err:
        raise RecipeError(f"{path}, line {line}: is not CSV: {err}; is a quote not closed?") from err
    if not heads:
        raise RecipeError(f"{path}: is empty; expected a first line with the columns {columns}")


def _check_columns(path: Path, line: int, heads: list[str]) -> None:
    if sorted(heads) != sorted(COLUMNS):
        unknown = ", ".join(h or "(empty)" for h in heads if h not in COLUMNS) or "none"
        missing = ", ".join(c for c in COLUMNS if c not in heads) or "none"
        what = f"unknown columns: {unknown}; missing: {missing}"
        raise RecipeError(
            f"{path}, line {line}: {what}; expected once each, with commas: {','.join(COLUMNS)}"
        )


def _arm(path: Path, line: int, cells: dict[str, str]) -> Arm:
    given: dict[str, Any] = {column: cell for column, cell in cells.items() if cell}
    if "data" in given:
        given["data"] = given["data"].split()
    try:
        return Arm(**given)
    except ValidationError as err:
        fault = err.errors()[0]
        column = str(fault["loc"][0])
        why = f"is not known: {fault['msg']}" if column in given else "is empty and has no default"
        raise _refused(path, line, column, f"{cells[column]!r} {why}") from err
