"""Picked coordinates, whichever program wrote them, as particle centres in one frame."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from scopecheck.data.read.mrc import is_file, micrograph_name, read_micrograph
from scopecheck.data.read.pick_formats import KNOWN, How, reader
from scopecheck.data.read.pick_lists import listed
from scopecheck.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

_FAR = 1e9  # px; no micrograph is as wide, and squares of greater numbers overflow at the end
_NO_SCORE = -999.0  # RELION's and Warp's for a pick without a score


def read_picks(
    path: str | Path,
    *,
    micrograph: str | None = None,
    height: int | None = None,
    flipped: bool = False,
    shape: tuple[int, ...] | None = None,
    pixel_size: float | None = None,
    origins: str = "apply",
    third: str = "auto",
    full_names: bool = False,
) -> pd.DataFrame:
    """Read picked particles: centres in pixels of the micrograph, x the column and y the row of its array.

    The format is told by the content: RELION and CryoPPP .star, RELION's list of such files (autopick.star),
    .box (corner and size, here the centre), crYOLO .cbox (likewise), CryoPPP's CSV, Topaz's table and others
    with the headings x and y, EMAN2's info .json, plain rows "x y [score or z]", and cryoSPARC .cs (fractions
    of the micrograph). A table with a header and no rows is no picks, which is an answer; a file with nothing
    in it is an error.

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
        becomes height - 1 - y. Needs `height` or `shape`. A .cs, which counts so too, is turned without it,
        by the size of the micrograph that it gives; there `flipped` turns y back.
    shape : tuple of int, optional
        (rows, columns) of the micrograph or (planes, rows, columns) of the tomogram, to check the picks
        against.
    pixel_size : float, optional
        Angstrom per pixel of the micrograph, for RELION's origins; by default what the file says.
    origins : {"apply", "ignore"}
        What to do with RELION's origins (rlnOriginX, rlnOriginXAngst, ...): a centre is the coordinate less
        the origin. See `origins.moved_by_origins`.
    third : {"auto", "z", "score"}
        What the third of three plain numbers is. By default as a comment above the rows says, or z where all
        are at least 0 and one is above 30; a guess is warned of.
    full_names : bool
        Keep folders in the names of micrographs. Without it the folders that tell equal names apart are kept.

    Returns
    -------
    DataFrame
        micrograph (name without suffix), x, y (px), of a tomogram z (px, the plane), score (NaN where the
        file has none; -999 is none), and where the table gives it the particle's diameter (px).

    Raises
    ------
    InputError
        If the file is missing, empty or of no known format, holds coordinates that are no numbers or beyond
        any micrograph, names no such micrograph, has picks outside the micrograph, or more picks than it has
        pixels; if some rows have a z and others none.

    Warns
    -----
    UserWarning
        If all of at least 20 picks lie in one corner of the micrograph, as those of a binned copy do; where
        origins were applied, a .cs was turned, scores are -999 or the third number was guessed.
    """
    import pandas as pd

    path = is_file(path, KNOWN, "holds no picks")
    how = How(pixel_size, origins, third, shape)
    if (files := listed(path)) is not None:
        rows = pd.concat([_rows(file, how).assign(micrograph=name) for name, file in files])
        named = True
    else:
        rows = _rows(path, how)
        named = "micrograph" in rows
    rows = rows.reset_index(drop=True)
    names = rows.pop("micrograph") if named else [micrograph or path.stem] * len(rows)
    rows.insert(0, "micrograph", [without_suffix(name) for name in names])
    known = list(dict.fromkeys(rows["micrograph"]))
    if named and micrograph is not None:
        rows = _one_micrograph(path, rows, known, micrograph)
    if not full_names:
        short = shortest(list(dict.fromkeys(rows["micrograph"])))
        rows["micrograph"] = [short[name] for name in rows["micrograph"]]
    if shape is not None:
        height = shape[-2]
    if flipped:
        if height is None:
            raise InputError(f"{path}: flipped=True needs the micrograph's height in rows; give height=.")
        rows["y"] = height - 1 - rows["y"]
    _inside(path, rows, height, shape)
    return rows


def without_suffix(name: object) -> str:
    """Return a micrograph's name with its folders and without its image suffix."""
    text = str(name).replace("\\", "/")
    folder, slash, last = text.rpartition("/")
    return folder + slash + micrograph_name(last)


def shortest(names: list[str]) -> dict[str, str]:
    """Return each name without its folders, but for those folders that tell equal names apart."""
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(micrograph_name(name), []).append(name)
    found = {}
    for last, alike in groups.items():
        for name, told in zip(alike, telling(alike), strict=True):
            found[name] = "/".join((*told, last))
    return found


def telling(alike: list[str]) -> list[tuple[str, ...]]:
    """Return of each path the folders that are not common to all, from the left and from the right."""
    folders = [PurePosixPath(name).parts[:-1] for name in alike]
    if len(folders) == 1:
        return [()]
    shortest_path = min(len(parts) for parts in folders)
    left = 0
    while left < shortest_path and len({parts[left] for parts in folders}) == 1:
        left += 1
    right = 0
    while right < shortest_path - left and len({parts[-1 - right] for parts in folders}) == 1:
        right += 1
    return [parts[left : len(parts) - right] for parts in folders]


def _rows(path: Path, how: How) -> pd.DataFrame:
    """Read one file: finite numbers under x, y, z (if any), score, diameter (if any), and micrograph."""
    import numpy as np
    import pandas as pd

    path = is_file(path, KNOWN, "holds no picks")
    try:
        rows = pd.DataFrame(reader(path)(path, how)).reset_index(drop=True)
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is no UTF-8 text (at byte {error.start}); save it as UTF-8.") from None
    if "score" not in rows:
        rows["score"] = np.nan
    rows = rows[[c for c in ("micrograph", "x", "y", "z", "score", "diameter") if c in rows]].copy()
    if "z" in rows and (lack := int(pd.to_numeric(rows["z"], errors="coerce").isna().sum())):
        raise InputError(
            f"{path}: {lack} of {len(rows)} picks have no z, and the others have; expected all of a tomogram"
            " or none. Take the file that the picker wrote, or leave these rows out."
        )
    for column in rows.columns.difference(["micrograph"], sort=False):
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
    if (none := rows["score"] == _NO_SCORE).any():
        warnings.warn(
            f"{path}: {int(none.sum())} of {len(rows)} picks have the score {_NO_SCORE:g}, which programs"
            " write for none; it is read as none.",
            stacklevel=3,
        )
        rows.loc[none, "score"] = np.nan
    if "z" in rows and (rows["z"] == 0).all():  # as in .cbox files of images
        rows = rows.drop(columns="z")
    return rows


def _one_micrograph(path: Path, rows: pd.DataFrame, known: list[str], micrograph: str) -> pd.DataFrame:
    """Return the picks on one micrograph, that is named with as many of its folders as are needed."""
    meant = meant_by(micrograph, known)
    if known and not meant:
        names = ", ".join(micrograph_name(name) for name in known[:3]) + (" ..." if len(known) > 3 else "")
        raise InputError(f"{path}: has no picks on {micrograph_name(micrograph)!r}; it names {names}.")
    if len(meant) > 1:
        raise InputError(
            f"{path}: names {len(meant)} micrographs {micrograph_name(micrograph)} ({', '.join(meant[:3])});"
            " give the one that is meant with its folder."
        )
    return rows[rows["micrograph"].isin(meant)].reset_index(drop=True)


def meant_by(asked: str, names: list[str]) -> list[str]:
    """Return the micrographs of this name; where several have it, those in the folders that are asked."""
    wanted = PurePosixPath(without_suffix(asked)).parts
    alike = [name for name in names if micrograph_name(name) == wanted[-1]]
    held = [name for name in alike if in_order(wanted[:-1], PurePosixPath(name).parts[:-1])]
    return held or alike


def in_order(some: Iterable[str], parts: Iterable[str]) -> bool:
    """Whether these folders lie in a path in this order, with others between them or not."""
    rest = iter(parts)
    return all(folder in rest for folder in some)


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
    return rows.assign(micrograph=micrograph_name(Path(path).name).removesuffix("_mask"), score=np.nan)[
        ["micrograph", "x", "y", "score"]
    ]


def _inside(path: Path, rows: pd.DataFrame, height: int | None, shape: tuple[int, ...] | None) -> None:
    """Refuse picks that cannot lie on the micrograph; warn of those that seem binned."""
    import numpy as np

    if height is None or rows.empty:
        return
    sides = {"y": (height, "rows")}
    if shape is not None:
        solid = "z" in rows
        if len(shape) != 2 + solid:
            kind = "tomograms, which have z" if solid else "images, which have no z"
            raise InputError(
                f"{path}: holds picks on {kind}, and --shape has {len(shape)} sides; expected"
                f" {'planes,' * solid}rows,columns."
                + " Where a third number was taken for z, give --third score."
                * solid
            )
        words = ("planes", "rows", "columns")[-len(shape) :]
        sides = dict(zip("zyx"[-len(shape) :], zip(shape, words, strict=True), strict=True))
    size = " and ".join(f"{side} {word}" for side, word in sides.values())
    if shape is not None:
        most, room = rows.groupby("micrograph").size().max(), int(np.prod(shape))
        if most > room:
            raise InputError(f"{path}: {most} picks on a micrograph of {room} pixels; expected fewer.")
    outside = np.any([(rows[a] < -0.5) | (rows[a] > n - 0.5) for a, (n, _) in sides.items()], axis=0)
    if outside.any():
        at = rows.iloc[int(np.argmax(outside))]
        told = ", ".join(f"{axis} {at[axis]:g}" for axis in ("x", "y", "z") if axis in rows)
        raise InputError(
            f"{path}: {int(outside.sum())} of {len(rows)} picks lie outside the micrograph ({size}), e.g."
            f" {told}. Expected pixels of this micrograph: are they from another binning"
            " (multiply all by one factor), from another micrograph, or is height or flipped wrong?"
        )
    corner = max(rows[axis].max() / side for axis, (side, _) in sides.items() if axis != "z")
    if shape and len(rows) >= 20 and corner < 0.55:
        warnings.warn(
            f"{path}: all {len(rows)} picks lie in one corner of the micrograph ({size}), x to"
            f" {rows['x'].max():g} and y to {rows['y'].max():g}; are they from a copy binned by"
            f" {1 / max(corner, 1e-9):.0f}?",
            stacklevel=3,
        )
