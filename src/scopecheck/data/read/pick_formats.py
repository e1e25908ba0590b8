"""The formats of picked coordinates, one reader each; `picks.read_picks` checks what they give."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

from scopecheck.data.read import particle_tables, star
from scopecheck.data.read.origins import moved_by_origins, pixel
from scopecheck.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

KNOWN = (
    ".star (RELION), .box (EMAN, REPIC), .cbox (crYOLO), CryoPPP's table, Topaz's table, EMAN2's .json, a"
    " table with the headings x and y, rows of x y, or .cs (cryoSPARC)"
)
SCORES = ("score", "confidence", "fom", "probability", "prob", "ncc", "cc", "llr")
NAMES = ("micrograph", "micrograph_name", "image_name", "tomogram", "tomo_name", "tomo", "image")
DEEP = 30  # a third number that goes beyond this is a plane of a tomogram; scores of pickers stay below


@dataclass(frozen=True)
class How:
    """What the file itself may leave open; see `picks.read_picks`."""

    pixel_size: float | None = None
    origins: str = "apply"
    third: str = "auto"
    shape: Sequence[int] | None = None


Reader = Callable[[Path, How], "pd.DataFrame | dict"]


def reader(path: Path) -> Reader:
    """Return the reader of the file's format, told by its first line that says something."""
    with path.open("rb") as handle:
        start = handle.read(4096)
    if start[:6] in particle_tables.CS_MAGIC:
        return _cs
    text = start.decode("utf-8-sig", errors="replace")
    lines = [line.strip() for line in text.splitlines()]
    first = next((line for line in lines if line and not line.startswith(("#", ";"))), "")
    if not first and len(start) < 4096:
        raise InputError(f"{path}: holds no picks; expected {KNOWN}.")
    if first.startswith("data_"):
        return _star
    if first.startswith("{"):
        return _eman2
    header = {cell.strip().strip('"').lower() for cell in re.split(r"[\t,;]", first)}
    if {"x-coordinate", "y-coordinate"} <= header:
        return _cryoppp
    if {"image_name", "x_coord", "y_coord"} <= header or {"x", "y"} <= header:
        return _headed
    if all(re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?|nan", cell, re.I) for cell in _cells(first)):
        return _numbers
    if {"x", "y"} <= {cell.lower() for cell in _cells(first)}:
        return _headed
    raise InputError(f"{path}: is of no known format (it begins {first[:60]!r}); expected {KNOWN}.")


def _cells(line: str) -> list[str]:
    return re.split(r"[\s,]+", line.strip())


def _star(path: Path, how: How) -> pd.DataFrame | dict:
    import pandas as pd

    tables = star.blocks(path)
    for table in tables.values():
        if {"CoordinateX", "CoordinateY", "Width", "Height"} <= set(table):  # crYOLO: corner and size
            box = table.reindex(columns=["CoordinateX", "CoordinateY", "CoordinateZ", "Width", "Height"])
            box = box.apply(pd.to_numeric, errors="coerce")
            found = {
                "x": box["CoordinateX"] + box["Width"] / 2,
                "y": box["CoordinateY"] + box["Height"] / 2,
            }
            if box["CoordinateZ"].notna().any():  # of a tomogram: the plane through the centre
                found["z"] = box["CoordinateZ"]
            return found | ({"score": table["Confidence"]} if "Confidence" in table else {})
    for table in tables.values():
        if {"rlnCoordinateX", "rlnCoordinateY"} <= set(table) or "rlnCenteredCoordinateXAngst" in table:
            return _relion(path, table, tables.get("optics"), how)
    held = ", ".join(str(column) for column in next(iter(tables.values())))[:120]
    raise InputError(
        f"{path}: has no coordinates (columns {held}); expected rlnCoordinateX and rlnCoordinateY."
    )


def _relion(path: Path, table: pd.DataFrame, optics: pd.DataFrame | None, how: How) -> pd.DataFrame:
    """Centres in pixels of the micrograph or tomogram: coordinates less the origins that refinement found."""
    import pandas as pd

    if optics is not None and {"rlnOpticsGroup"} <= set(table) & set(optics):
        own = [column for column in optics if column not in table or column == "rlnOpticsGroup"]
        table = table.merge(optics[own].drop_duplicates("rlnOpticsGroup"), on="rlnOpticsGroup", how="left")
    rows = pd.DataFrame(index=table.index)
    solid = "rlnCoordinateZ" in table or "rlnCenteredCoordinateZAngst" in table
    names = ("rlnTomoName", "rlnMicrographName") if solid else ("rlnMicrographName", "rlnTomoName")
    if name := next((column for column in names if column in table), ""):
        rows["micrograph"] = table[name]
    for axis in "XYZ"[: 2 + solid]:
        if f"rlnCoordinate{axis}" in table:
            rows[axis.lower()] = pd.to_numeric(table[f"rlnCoordinate{axis}"], errors="coerce")
        else:
            rows[axis.lower()] = _from_the_corner(path, table, axis, how)
    if "rlnAutopickFigureOfMerit" in table:
        rows["score"] = table["rlnAutopickFigureOfMerit"]
    return moved_by_origins(path, rows, table, pixel_size=how.pixel_size, origins=how.origins)


def _from_the_corner(path: Path, table: pd.DataFrame, axis: str, how: How) -> pd.Series:
    """RELION 5 counts in Angstrom from the tomogram's centre; here in its pixels from its corner."""
    import pandas as pd

    if how.shape is None or len(how.shape) != 3:
        raise InputError(
            f"{path}: counts coordinates from the centre of the tomogram (rlnCenteredCoordinate{axis}Angst);"
            " give its size, --shape planes,rows,columns, in pixels of the tilt series."
        )
    size = pixel(table, how.pixel_size, solid=True)[0]
    if size is None:
        raise InputError(
            f"{path}: gives coordinates in Angstrom and no pixel size (rlnTomoTiltSeriesPixelSize); give"
            " --pixel-size, Angstrom per pixel of the tilt series."
        )
    numbers = pd.to_numeric(table[f"rlnCenteredCoordinate{axis}Angst"], errors="coerce")
    return numbers / size + how.shape["ZYX".index(axis)] / 2


def _cs(path: Path, how: How) -> dict:
    table = particle_tables.read_cs(path)
    if "x" not in table:
        raise InputError(
            f"{path}: has no picked locations (location/center_x_frac); export the picks with them."
        )
    shifted = "shift_x" in table and bool(table[["shift_x", "shift_y"]].any(axis=None))
    warnings.warn(
        f"{path}: cryoSPARC counts y from the other edge, so y is turned here (rows of the micrograph less"
        " y). Where the other table is of micrographs that were written the other way up, by another motion"
        " correction, give --flipped picks (or truth) to turn it back."
        + " The shifts of its alignments are not applied."
        * shifted,
        stacklevel=4,
    )
    return {column: table[column] for column in ("micrograph", "x", "y", "score") if column in table}


def _cryoppp(path: Path, how: How) -> pd.DataFrame:
    table = _table(path, ",")
    table = table.rename(columns={"x-coordinate": "x", "y-coordinate": "y"})
    return table[[column for column in ("x", "y", "diameter") if column in table]]


def _headed(path: Path, how: How) -> pd.DataFrame:
    """Read Topaz's table, or any with the headings x, y and perhaps z, score, micrograph, diameter."""
    with path.open(encoding="utf-8-sig") as handle:
        heading = next(line for line in handle if line.strip() and not line.startswith(("#", ";")))
    separator = next((mark for mark in "\t,;" if mark in heading), r"\s+")
    table = _table(path, separator)
    names = {f"{axis}_coord": axis for axis in "xyz"}
    for wanted, known in (("micrograph", NAMES), ("score", SCORES)):
        if first := next((column for column in known if column in table), None):
            names[first] = wanted
    table = table.rename(columns=names)
    return table[[c for c in ("micrograph", "x", "y", "z", "score", "diameter") if c in table]]


def _table(path: Path, separator: str) -> pd.DataFrame:
    import pandas as pd

    try:
        table = pd.read_csv(
            path, sep=separator, comment="#", dtype={name: str for name in NAMES}, encoding="utf-8-sig"
        )
    except (ValueError, OSError) as error:
        raise InputError(
            f"{path}: cannot be read as a table ({' '.join(str(error).split())[:120]})."
        ) from None
    return table.rename(columns=lambda column: str(column).strip().lower())


def _eman2(path: Path, how: How) -> dict:
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        solid = "boxes_3d" in held and not held.get("boxes")
        rows = [[float(x) for x in box[: 2 + solid]] for box in held["boxes_3d" if solid else "boxes"]]
        found = {axis: [row[at] for row in rows] for at, axis in enumerate("xyz"[: 2 + solid])}
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise InputError(
            f"{path}: is no EMAN2 info file ({error!r}); expected 'boxes' of [x, y, kind]."
        ) from None
    if not solid:
        return found
    if how.shape is None or len(how.shape) != 3:
        raise InputError(
            f"{path}: counts boxes_3d from the centre of the tomogram; give its size, --shape"
            " planes,rows,columns, in pixels of the tilt series."
        )
    return {axis: [x + how.shape["zyx".index(axis)] / 2 for x in found[axis]] for axis in found}


def _numbers(path: Path, how: How) -> dict:
    """Rows of numbers: x y [score or z], EMAN's corner x and y, width, height [score], or an old .cbox."""
    import numpy as np

    text = path.read_text(encoding="utf-8-sig")
    try:
        values = np.loadtxt(StringIO(text.replace(",", " ")), ndmin=2, comments=("#", ";"))
    except ValueError as error:
        raise InputError(f"{path}: rows are not all of the same numbers ({error}).") from None
    count = values.shape[1]
    if count < 2 or count > 7:
        raise InputError(
            f"{path}: has rows of {count} numbers; expected x y [score or z], or x y width height [score]."
        )
    if count <= 3:
        third = {} if count == 2 else {_third(path, text, values[:, 2], how.third): values[:, 2]}
        return {"x": values[:, 0], "y": values[:, 1]} | third
    if count >= 5 and _is_a_3d_box(values):  # EMAN's of a tomogram: corner x, corner y, plane, width, height
        centre = values[:, :2] + values[:, 3:5] / 2
        warnings.warn(
            f"{path}: rows are taken for boxes in a tomogram: corner x, corner y, plane, width, height.",
            stacklevel=4,
        )
        return {"x": centre[:, 0], "y": centre[:, 1], "z": values[:, 2]}
    if (values[:, 2:4] <= 0).any():
        raise InputError(f"{path}: has a box without width or height; expected x y width height [score].")
    centre = values[:, :2] + values[:, 2:4] / 2
    kinds = count >= 5 and set(values[:, 4]) <= {-1.0, -2.0, -3.0}  # EMAN's type of box; anything else scores
    return {"x": centre[:, 0], "y": centre[:, 1]} | (
        {"score": values[:, 4]} if count >= 5 and not kinds else {}
    )


def _third(path: Path, text: str, values, third: str) -> str:
    """Say whether the third number of a row is the score or z, and warn of what was only guessed."""
    if third != "auto":
        return third
    heading = " ".join(line for line in text.splitlines() if line.strip().startswith(("#", ";")))
    words = set(re.findall(r"[a-z]+", heading.lower()))
    if "z" in words or path.suffix.lower() == ".coords":  # crYOLO's and IMOD's of a tomogram
        return "z"
    if words & {*SCORES, "scores", "confidences"} or not len(values):
        return "score"
    deep = bool(values.max() > DEEP and values.min() >= 0)
    told = ("z, the plane in a tomogram", "score") if deep else ("the score", "z")
    warnings.warn(
        f"{path}: the third number of a row, {values.min():g} to {values.max():g}, is taken for {told[0]};"
        f" if it is not, give --third {told[1]}.",
        stacklevel=4,
    )
    return "z" if deep else "score"


def _is_a_3d_box(values) -> bool:
    """Whether columns 4 and 5 are one size, and column 3 is not that size but a plane."""
    size = values[:, 3]
    return bool((size == values[:, 4]).all() and (size > 1).all() and (values[:, 2] != size).any())
