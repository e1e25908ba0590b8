"""Which picks and which true particles lie on one micrograph."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from scopecheck.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

SUFFIXES = (".star", ".box", ".cbox", ".csv", ".txt", ".tsv", ".json", ".cs", ".coord")
TAIL = re.compile(r"[_-](auto|manual)?(picks?|picked|coords?|coordinates|particles|boxes|truth|gt)$", re.I)
NUMBER = r"[-+\d.eE]+"
BOX = re.compile(
    rf"^[ \t]*{NUMBER}[ \t,]+{NUMBER}[ \t,]+({NUMBER})[ \t,]+{NUMBER}", re.M
)  # corner, width, height


def read(
    path: Path, micrograph: str | None, shape: tuple[int, int] | None, flipped: bool, notes: list[str]
) -> dict[str, pd.DataFrame]:
    """Read a file or a folder of picks into x, y, score by micrograph; a table without rows is no picks.

    An EMAN file's width of a box, px, is kept as the column box. Each table's attrs tell its file and
    whether that is the only one and names its micrographs by itself (one_table).

    Raises
    ------
    InputError
        As `data.read_picks`; where a folder holds no file of picks, or no file any pick.
    """
    from scopecheck.data import read_picks

    files = [path]
    if path.is_dir():
        files = [file for file in sorted(path.iterdir()) if file.suffix.lower() in SUFFIXES]
        if not files:
            raise InputError(f"{path}: holds no file of picks; expected {', '.join(SUFFIXES)}.")
        if micrograph is not None:
            wanted = stem(micrograph)
            files = [file for file in files if wanted in (file.stem, TAIL.sub("", file.stem))] or files
    name = stem(micrograph) if micrograph is not None and len(files) == 1 else micrograph
    found: dict[str, pd.DataFrame] = {}
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        for file in files:
            table = read_picks(file, micrograph=name, shape=shape, flipped=flipped)
            if file.suffix.lower() == ".box" and (width := BOX.search(file.read_text(encoding="utf-8-sig"))):
                table["box"] = float(width[1])
            parts = {str(key): part for key, part in table.groupby("micrograph", sort=False)}
            if not parts:
                notes.append(f"{file}: holds no picks, which is counted as none.")
            for key, part in (parts or {name or file.stem: table}).items():
                if key in found:
                    both = f"{found[key].attrs['file']} and {file.name}"
                    raise InputError(
                        f"{path}: {key} occurs in two files, {both}; leave the one that is meant."
                    )
                part.attrs["file"] = file.name
                found[key] = part
    # a file of one micrograph may name it too, by its own name
    lone = set(found) <= {name, files[0].stem, TAIL.sub("", files[0].stem)}
    for part in found.values():
        part.attrs["one_table"] = len(files) == 1 and not lone
    notes += [str(one.message) for one in said if issubclass(one.category, UserWarning)]
    if not any(len(part) for part in found.values()):
        raise InputError(f"{path}: holds no picks; expected at least one particle in all.")
    return found


def stem(name: str) -> str:
    """Return a micrograph's name without folder and format."""
    return re.sub(r"\.(mrcs?|tiff?|jpe?g|png|eer|map)$", "", Path(name).name, flags=re.I)


def pair(
    picks: Path, true: Path, tables: dict[str, dict[str, pd.DataFrame]], notes: list[str]
) -> dict[str, tuple[pd.DataFrame, pd.DataFrame]]:
    """Pair picks and truth by the micrograph's name; with a note on those that one lacks.

    Names are compared as they are and, where none meet so, without a tail such as ``_picks``. Two files of
    one micrograph each need no common name where a file's name is all there is to go by. Where the picks are
    one table that names micrographs, one that it does not name counts as one without picks, since a picker
    writes no row where it found nothing; where they are a folder, a file that is not there is left out.

    Raises
    ------
    InputError
        If no micrograph is common, or two files are of one micrograph once the tails are left out.
    """
    mine, theirs = tables["picks"], tables["truth"]
    if not mine.keys() & theirs.keys():
        mine, theirs = _without_tails(picks, mine), _without_tails(true, theirs)
    both = [name for name in theirs if name in mine]
    if not both and len(mine) == len(theirs) == 1:
        (one,), (other,) = mine, theirs
        if one == TAIL.sub("", picks.stem) or other == TAIL.sub("", true.stem):
            notes.append(f"{picks} and {true} are taken for one micrograph, {other}.")
            return {other: (mine[one], theirs[other])}
    if not both:
        shown = [_few(list(t)) for t in (mine, theirs)]
        raise InputError(
            f"{picks} and {true} have no micrograph in common: picks on {shown[0]}, truth on {shown[1]}."
            " Expected the same names; give --micrograph NAME where a file names none."
        )
    first = next(iter(mine.values()))
    if first.attrs["one_table"] and (none := [name for name in theirs if name not in mine]):
        mine = mine | {name: first.iloc[:0] for name in none}
        both = list(theirs)
        notes.append(
            f"{len(none)} of {len(theirs)} micrographs of the truth are not named in {picks}, which is one"
            f" table, and are counted as without picks ({_few(none)}). If the picker did not see one, take it"
            " out of the truth, or judge another alone with --micrograph NAME."
        )
    for which, table, other in (("picks", mine, "truth"), ("truth", theirs, "picks")):
        if left := [name for name in table if name not in both]:
            notes.append(
                f"{len(left)} of {len(table)} micrographs of the {which} are not in the {other} and are left"
                f" out ({_few(left)})."
            )
    return {name: (mine[name], theirs[name]) for name in both}


def _without_tails(path: Path, tables: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    found: dict[str, pd.DataFrame] = {}
    for name, part in tables.items():
        bare = TAIL.sub("", name)
        if bare in found:
            here = [found[bare].attrs["file"], part.attrs["file"]]
            both = " and ".join(here) if here[0] != here[1] else f"two names in {here[0]}"
            raise InputError(
                f"{path}: {both} are both taken for the micrograph {bare}; expected one. Leave the one that"
                " is meant."
            )
        found[bare] = part
    return found


def _few(names: list[str]) -> str:
    return ", ".join(names[:2]) + ", ..." * (len(names) > 2)
