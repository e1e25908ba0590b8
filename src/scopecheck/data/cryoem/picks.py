"""Picked coordinates, whichever program wrote them, as particle centres in one frame."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

from scopecheck.data.cryoem import particles, star
from scopecheck.data.cryoem.mrc import bare, is_file, read_micrograph
from scopecheck.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

_FAR = 1e9  # px; no micrograph is as wide, and squares of greater numbers overflow at the end
_KNOWN = (
    ".star (RELION), .box (EMAN, REPIC), .cbox (crYOLO), CryoPPP's table, Topaz's table, EMAN2's .json, rows"
    " of x y, or .cs (cryoSPARC)"
)


def read_picks(
    path: str | Path,
    *,
    micrograph: str | None = None,
    height: int | None = None,
    flipped: bool = False,
    shape: tuple[int, int] | None = None,
) -> pd.DataFrame:
    """Read picked particles: centres in pixels of the micrograph, x the column and y the row of its array.

    The format is told by the content: RELION and CryoPPP .star, .box (corner and size, here the centre),
    crYOLO .cbox (likewise), CryoPPP's CSV, Topaz's table (tab or comma), EMAN2's info .json, plain rows "x
    y [score]", and cryoSPARC .cs (fractions of the micrograph). A table with a header and no rows is no
    picks, which is an answer; a file with nothing in it is an error.

    Parameters
    ----------
    path : str or Path
    micrograph : str, optional
        Where the file names micrographs: read this one alone. Where it does not: the name to give; by default
        the file's own.
    height : int, optional
        Rows of the micrograph.
    flipped : bool
        The file counts y from the other edge, as CryoPPP's tables and pictures do beside the MRC file: y
        becomes height - 1 - y. Needs `height` or `shape`.
    shape : tuple of int, optional
        (rows, columns) of the micrograph, to check the picks against.

    Returns
    -------
    DataFrame
        micrograph (name without folder and suffix), x, y (px), score (NaN where the file has none), and of
        CryoPPP's table the particle's diameter (px).

    Raises
    ------
    InputError
        If the file is missing, empty or of no known format, holds coordinates that are no numbers or beyond
        any micrograph, names no such micrograph, has picks outside the micrograph, or more picks than it has
        pixels.

    Warns
    -----
    UserWarning
        If all of at least 20 picks lie in one corner of the micrograph, as those of a binned copy do.
    """
    import numpy as np
    import pandas as pd

    path = is_file(path, _KNOWN, "holds no picks")
    try:
        rows = pd.DataFrame(_reader(path)(path)).reset_index(drop=True)
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is no UTF-8 text (at byte {error.start}); save it as UTF-8.") from None
    named = "micrograph" in rows
    if not named:
        rows["micrograph"] = micrograph or path.stem
    rows["micrograph"] = [bare(name) for name in rows["micrograph"]]
    if "score" not in rows:
        rows["score"] = np.nan
    rows = rows[["micrograph", "x", "y", "score", *(["diameter"] if "diameter" in rows else [])]]
    for column in rows.columns[1:]:
        numbers = pd.to_numeric(rows[column], errors="coerce")
        wrong = numbers.isna() & rows[column].notna() if column == "score" else ~np.isfinite(numbers)
        if wrong.any():
            first = int(np.flatnonzero(wrong)[0])
            said = rows[column].iloc[first]
            raise InputError(
                f"{path}: {column} of pick {first + 1} is {said}, no finite number; expected pixels."
            )
        rows[column] = numbers.astype(float)
        if column != "score" and (far := rows[column].abs() > _FAR).any():
            first = int(np.flatnonzero(far)[0])
            raise InputError(
                f"{path}: {column} of pick {first + 1} is {rows[column].iloc[first]:g}; expected pixels of a"
                " micrograph. Correct or remove that row."
            )
    if named and micrograph is not None:
        wanted = bare(micrograph)
        known = list(dict.fromkeys(rows["micrograph"]))
        rows = rows[rows["micrograph"] == wanted].reset_index(drop=True)
        if known and rows.empty:
            listed = ", ".join(known[:3]) + (" ..." if len(known) > 3 else "")
            raise InputError(f"{path}: has no picks on {wanted!r}; it names {listed}.")
    if shape is not None:
        height = shape[0]
    if flipped:
        if height is None:
            raise InputError(f"{path}: flipped=True needs the micrograph's height in rows; give height=.")
        rows["y"] = height - 1 - rows["y"]
    _inside(path, rows, height, shape)
    return rows


def centres_from_mask(path: str | Path, *, diameter: float = 108) -> pd.DataFrame:
    """Recover the particles of a CryoPPP mask, which draws each as a disc, as picks in the MRC file's frame.

    A centre is a local maximum (15 px window) of the distance to the background of at least 0.8 of the disc's
    radius, so discs that touch are told apart; y is counted from the other edge than the picture's.

    Parameters
    ----------
    path : str or Path
        A mask (.jpg, .png), discs above 127.
    diameter : float
        Of the discs, in pixels.

    Returns
    -------
    DataFrame
        As `read_picks`. Raises InputError if the mask holds no disc.
    """
    import numpy as np
    import pandas as pd
    from scipy.ndimage import distance_transform_edt
    from skimage.feature import peak_local_max

    mask, _ = read_micrograph(path)
    distance = distance_transform_edt(mask > 127)
    found = peak_local_max(distance, min_distance=7, threshold_abs=0.4 * diameter, exclude_border=False)
    if not len(found):
        raise InputError(
            f"{path}: holds no disc of {diameter:g} px; expected a CryoPPP mask, discs above 127."
        )
    rows = pd.DataFrame({"x": found[:, 1].astype(float), "y": mask.shape[0] - 1.0 - found[:, 0]})
    return rows.assign(micrograph=bare(Path(path).name).removesuffix("_mask"), score=np.nan)[
        ["micrograph", "x", "y", "score"]
    ]


def _inside(path: Path, rows: pd.DataFrame, height: int | None, shape: tuple[int, int] | None) -> None:
    """Refuse picks that cannot lie on the micrograph; warn of those that seem binned."""
    import numpy as np

    if height is None or rows.empty:
        return
    high, wide = shape or (height, np.inf)
    x, y = rows["x"].to_numpy(), rows["y"].to_numpy()
    size = f"{high} rows" + (f" and {wide} columns" if shape else "")
    if np.isfinite(wide):
        most = rows.groupby("micrograph").size().max()
        if most > high * wide:
            raise InputError(f"{path}: {most} picks on a micrograph of {high * wide} pixels; expected fewer.")
    outside = (x < -0.5) | (x > wide - 0.5) | (y < -0.5) | (y > high - 0.5)
    if outside.any():
        at = int(np.argmax(outside))
        raise InputError(
            f"{path}: {int(outside.sum())} of {len(rows)} picks lie outside the micrograph ({size}), e.g."
            f" x {x[at]:g}, y {y[at]:g}. Expected pixels of this micrograph: are they from another binning"
            " (multiply both by one factor), from another micrograph, or is height or flipped wrong?"
        )
    corner = max(x.max() / wide, y.max() / high)
    if shape and len(rows) >= 20 and corner < 0.55:
        warnings.warn(
            f"{path}: all {len(rows)} picks lie in one corner of the micrograph ({size}), x to {x.max():g}"
            f" and y to {y.max():g}; are they from a copy binned by {1 / max(corner, 1e-9):.0f}?",
            stacklevel=3,
        )


Reader = Callable[[Path], "pd.DataFrame | dict"]


def _reader(path: Path) -> Reader:
    """Return the reader of the file's format, told by its first line that says something."""
    with path.open("rb") as handle:
        start = handle.read(4096)
    if start[:6] in particles.CS_MAGIC:
        return _cs
    text = start.decode("utf-8-sig", errors="replace")
    lines = [line.strip() for line in text.splitlines()]
    first = next((line for line in lines if line and not line.startswith(("#", ";"))), "")
    if not first and len(start) < 4096:
        raise InputError(f"{path}: holds no picks; expected {_KNOWN}.")
    if first.startswith("data_"):
        return _star
    if first.startswith("{"):
        return _eman2
    header = {cell.strip().strip('"').lower() for cell in re.split(r"[\t,]", first)}
    if {"x-coordinate", "y-coordinate"} <= header:
        return _cryoppp
    if {"image_name", "x_coord", "y_coord"} <= header:
        return _topaz
    if all(re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?|nan", cell, re.I) for cell in _cells(first)):
        return _numbers
    raise InputError(f"{path}: is of no known format (it begins {first[:60]!r}); expected {_KNOWN}.")


def _cells(line: str) -> list[str]:
    return re.split(r"[\s,]+", line.strip())


def _star(path: Path) -> pd.DataFrame | dict:
    import pandas as pd

    tables = star.blocks(path)
    for table in tables.values():
        if {"CoordinateX", "CoordinateY", "Width", "Height"} <= set(table):  # crYOLO: corner and size
            box = table[["CoordinateX", "CoordinateY", "Width", "Height"]].apply(
                pd.to_numeric, errors="coerce"
            )
            return {
                "x": box["CoordinateX"] + box["Width"] / 2,
                "y": box["CoordinateY"] + box["Height"] / 2,
            } | ({"score": table["Confidence"]} if "Confidence" in table else {})
    for table in tables.values():
        if {"rlnCoordinateX", "rlnCoordinateY"} <= set(table):
            named = {
                "rlnMicrographName": "micrograph",
                "rlnCoordinateX": "x",
                "rlnCoordinateY": "y",
                "rlnAutopickFigureOfMerit": "score",
            }
            return table[[column for column in named if column in table]].rename(columns=named)
    held = ", ".join(str(column) for column in next(iter(tables.values())))[:120]
    raise InputError(
        f"{path}: has no coordinates (columns {held}); expected rlnCoordinateX and rlnCoordinateY."
    )


def _cs(path: Path) -> dict:
    table = particles.read_cs(path)
    if "x" not in table:
        raise InputError(
            f"{path}: has no picked locations (location/center_x_frac); export the picks with them."
        )
    return {column: table[column] for column in ("micrograph", "x", "y", "score") if column in table}


def _cryoppp(path: Path) -> pd.DataFrame:
    table = _table(path, ",")
    table = table.rename(columns={"x-coordinate": "x", "y-coordinate": "y"})
    return table[[column for column in ("x", "y", "diameter") if column in table]]


def _topaz(path: Path) -> pd.DataFrame:
    with path.open(encoding="utf-8-sig") as handle:
        table = _table(path, "\t" if "\t" in handle.readline() else ",")
    table = table.rename(columns={"image_name": "micrograph", "x_coord": "x", "y_coord": "y"})
    return table[[column for column in ("micrograph", "x", "y", "score") if column in table]]


def _table(path: Path, separator: str) -> pd.DataFrame:
    import pandas as pd

    try:
        table = pd.read_csv(path, sep=separator, comment="#", dtype={"image_name": str}, encoding="utf-8-sig")
    except (ValueError, OSError) as error:
        raise InputError(
            f"{path}: cannot be read as a table ({' '.join(str(error).split())[:120]})."
        ) from None
    return table.rename(columns=lambda column: str(column).strip().lower())


def _eman2(path: Path) -> dict:
    try:
        boxes = json.loads(path.read_text(encoding="utf-8"))["boxes"]
        rows = [(float(box[0]), float(box[1])) for box in boxes]
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise InputError(
            f"{path}: is no EMAN2 info file ({error!r}); expected 'boxes' of [x, y, kind]."
        ) from None
    return {"x": [row[0] for row in rows], "y": [row[1] for row in rows]}


def _numbers(path: Path) -> dict:
    """Rows of numbers: x y [score], EMAN's corner x, corner y, width, height [score], or an old .cbox."""
    import numpy as np

    text = path.read_text(encoding="utf-8-sig").replace(",", " ")
    try:
        values = np.loadtxt(StringIO(text), ndmin=2, comments=("#", ";"))
    except ValueError as error:
        raise InputError(f"{path}: rows are not all of the same numbers ({error}).") from None
    count = values.shape[1]
    if count < 2 or count > 7:
        raise InputError(
            f"{path}: has rows of {count} numbers; expected x y [score], or x y width height [score]."
        )
    if count <= 3:
        return {"x": values[:, 0], "y": values[:, 1]} | ({"score": values[:, 2]} if count == 3 else {})
    if (values[:, 2:4] <= 0).any():
        raise InputError(f"{path}: has a box without width or height; expected x y width height [score].")
    centre = values[:, :2] + values[:, 2:4] / 2
    kinds = count >= 5 and set(values[:, 4]) <= {-1.0, -2.0, -3.0}  # EMAN's type of box; anything else scores
    return {"x": centre[:, 0], "y": centre[:, 1]} | (
        {"score": values[:, 4]} if count >= 5 and not kinds else {}
    )
