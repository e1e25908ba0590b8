"""Picks by micrograph or tomogram, and which true particles lie on the same one."""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from scopecheck.data.read.mrc import micrograph_name
from scopecheck.data.read.pick_lists import is_blank
from scopecheck.errors import InputError
from scopecheck.score.pair_given import by_names
from scopecheck.score.pair_names import Tokens, core, few, match

if TYPE_CHECKING:
    import pandas as pd

NUMBER = r"[-+\d.eE]+"
BOX = re.compile(
    rf"^[ \t]*{NUMBER}[ \t,]+{NUMBER}[ \t,]+({NUMBER})[ \t,]+{NUMBER}", re.M
)  # corner, width, height


@dataclass
class Picks:
    """Picks of a path by micrograph.

    Attributes
    ----------
    path : Path
        As given.
    tables : dict of str to DataFrame
        x, y, (z,) score of each micrograph, by its name with folders and without suffix. A table's attrs
        tell its file; an EMAN file's width of a box, px, is its column box.
    whole : bool
        One table names all micrographs, so that one it does not name has no picks.
    lone : bool
        One file of one micrograph, whose name may be the file's.
    """

    path: Path
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    whole: bool = False
    lone: bool = False


def read(
    path: Path,
    micrograph: str | None,
    shape: tuple[int, ...] | None,
    flipped: bool,
    notes: list[str],
    missing: str | None = None,
    **how: Any,
) -> Picks:
    """Read a file, RELION's list of files or job's folder, or a folder of picks; no rows are no picks.

    `how` goes to `data.read_picks`.

    Raises
    ------
    InputError
        As `data.read_picks`; where a folder holds no file of picks; where a listed file
        is not there and `missing` does not say what that means; where some files have z and others not.
    """
    import pandas as pd

    from scopecheck.data import read_picks
    from scopecheck.data.read import pick_lists
    from scopecheck.data.read.picks import meant_by

    given = Picks(path)
    asked = path
    if path.is_dir() and (result := pick_lists.result_of_job(path)) is not None:
        notes.append(f"{path}: is a RELION job's folder; read is {result.name}.")
        asked = result
    named = pick_lists.listed(asked) if asked.is_file() else None
    if named is not None:
        named = _there(asked, named, missing, notes)
        files = [(_without_suffix(name), file) for name, file in named]
    elif asked.is_dir():
        found = pick_lists.files_of(asked)
        if not found:
            raise InputError(f"{path}: holds no file of picks; expected {', '.join(pick_lists.SUFFIXES)}.")
        files = [(file.relative_to(asked).with_suffix("").as_posix(), file) for file in found]
    else:
        files = [(asked.stem, asked)]
    if micrograph is not None:
        meant = meant_by(micrograph, [name for name, _ in files])
        files = [(name, file) for name, file in files if name in meant] or files
    alone = micrograph if len(files) == 1 and named is None else None
    said: list[str] = []
    for own, file in files:
        if is_blank(file) or (missing == "none" and _bare_star(file)):
            table = pd.DataFrame({"micrograph": pd.Series(dtype=str), "x": [], "y": [], "score": []})
        else:
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                how |= {"shape": shape, "flipped": flipped, "full_names": True}
                table = read_picks(file, micrograph=alone, **how)
            said += [str(one.message) for one in caught if issubclass(one.category, UserWarning)]
        if named is not None or (asked.is_dir() and set(table["micrograph"]) == {file.stem}):
            table["micrograph"] = own  # with its folder
        if len(table) and (width := _box_width(file)):
            table["box"] = width
        parts = {str(key): part for key, part in table.groupby("micrograph", sort=False)}
        if not parts:
            notes.append(f"{file}: holds no picks, which is counted as none.")
            parts = {alone or own: table}
        for key, part in parts.items():
            if key in given.tables:
                both = f"{given.tables[key].attrs['file']} and {file.name}"
                raise InputError(
                    f"{path}: {stem(key)} occurs in two files, {both}; leave the one that is meant."
                )
            part.attrs["file"] = file.name
            given.tables[key] = part
    if micrograph is not None and len(given.tables) > 1:
        meant = meant_by(micrograph, list(given.tables))
        if len(meant) != 1:
            names = few(meant or [stem(key) for key in given.tables])
            raise InputError(
                f"{path}: has {len(meant) or 'no'} micrographs {micrograph}; it names {names}."
                " Give one of them, with its folder where names are equal."
            )
        given.tables = {meant[0]: given.tables[meant[0]]}
    gathered = _gathered(path, said)
    notes[:0] = [note for note in gathered if "third number" in note]  # first: it decides what is matched
    notes += [note for note in gathered if "third number" not in note]
    _of_one_kind(path, given.tables)
    if len(files) == 1 and named is None:
        own_names = {stem(key) for key in given.tables}
        by_itself = len(own_names) == 1 and bool(match(list(own_names), [stem(micrograph or asked.stem)])[0])
        given.whole, given.lone = not by_itself, by_itself and not asked.is_dir()
    return given


def _there(
    path: Path, named: list[tuple[str, Path]], missing: str | None, notes: list[str]
) -> list[tuple[str, Path]]:
    """Return the listed files that are there; an error or a note on those that are not."""
    gone = [name for name, file in named if not file.is_file()]
    notes.append(f"{path}: is a list of {len(named)} files of coordinates, which are read.")
    if not gone:
        return named
    if missing is None:
        raise InputError(
            f"{path}: {len(gone)} of {len(named)} files of coordinates that it lists are not there"
            f" ({few([stem(name) for name in gone])}). Give --missing none if nothing was picked on those"
            " micrographs, --missing skip to leave them out, or copy the files."
        )
    return [(name, file) for name, file in named if file.is_file()]


def _box_width(path: Path) -> float | None:
    if path.suffix.lower() != ".box":
        return None
    found = BOX.search(path.read_text(encoding="utf-8-sig"))
    return float(found[1]) if found else None


def _bare_star(path: Path) -> bool:
    from scopecheck.data.read.star import says_something

    return path.suffix.lower() == ".star" and path.stat().st_size > 0 and not says_something(path)


def _of_one_kind(path: Path, tables: dict[str, pd.DataFrame]) -> None:
    """Refuse a folder in which some files are of tomograms and others of images."""
    solid = {key: "z" in part for key, part in tables.items() if len(part)}
    if len(set(solid.values())) > 1:
        first = {kind: next(key for key, own in solid.items() if own == kind) for kind in (True, False)}
        with_z, without = (tables[first[kind]].attrs["file"] for kind in (True, False))
        raise InputError(
            f"{path}: {sum(solid.values())} of {len(solid)} have z ({with_z}) and the others have none"
            f" ({without}); expected all of tomograms or all of images. Give them apart; where a third number"
            " was taken for what it is not, --third z or --third score."
        )


def _gathered(path: Path, said: list[str]) -> list[str]:
    """Return one note for what was said of many files alike."""
    groups: dict[str, list[str]] = {}
    for text in said:
        rest = text.partition(": ")[2]
        groups.setdefault(re.sub(r"\d[\d.,]*", "#", rest), []).append(text)
    told = []
    for alike in groups.values():
        more = f" The same is said of {len(alike) - 1} more files in {path}." * (len(alike) > 1)
        told.append(alike[0] + more)
    return told


def stem(name: str) -> str:
    """Return a micrograph's name without folder and format."""
    return micrograph_name(name)


def _without_suffix(name: str) -> str:
    return (PurePosixPath(name).parent / stem(name)).as_posix()


def pair(
    mine: Picks, theirs: Picks, notes: list[str], missing: str | None = None, pairing: str | None = None
) -> dict[str, tuple[pd.DataFrame, pd.DataFrame]]:
    """Pair picks and truth by the micrograph's name; with a note on those that one lacks.

    Names are compared without folders, but for the folders that tell equal names apart, by
    `pair_names.match`. Two files of one micrograph each need no common name where a file's name is all
    there is to go by. Where the picks are one table that names micrographs, one that it does not name counts
    as one without picks, since a picker writes no row where it found nothing. Where they are a folder, or a
    list of files, a file that is not there may mean that or not, and `missing` has to say: ``none`` or
    ``skip``. With `pairing` the names are paired by that pattern or table; see `pair_given.by_names`.

    Raises
    ------
    InputError
        If no micrograph is common, names do not tell which of several is meant, or files are missing.
    """
    own, other = _told_apart(mine, theirs)
    if pairing:
        full = (_full(mine, own), _full(theirs, other))
        partners, how = by_names(pairing, *full), f"by --pair {pairing}"
    else:
        partners, how = match(list(own), list(other))
    first, second = next(iter(own)), next(iter(other))
    if not partners and len(own) == len(other) == 1 and (mine.lone or theirs.lone):
        notes.append(f"{mine.path} and {theirs.path} are taken for one micrograph, {second}.")
        partners = {first: second}
    elif not partners and not pairing and _nothing(mine, missing):
        notes.append(
            f"{mine.path}: holds no pick at all, which is counted as none on each of the {len(other)}"
            f" micrographs of the truth ({few(list(other))})."
        )
        return {name: (own[first].iloc[:0], part) for name, part in other.items()}
    elif not partners:
        _no_two_of_one(mine, own)
        _no_two_of_one(theirs, other)
        shown = [few(list(names)) for names in (own, other)]
        raise InputError(
            f"{mine.path} and {theirs.path} have no micrograph in common: picks on {shown[0]}, truth on"
            f" {shown[1]}. Expected the same names; give --micrograph NAME where a file names none, or --pair"
            " 'PATTERN=PATTERN' for the names, where {} is the part that both share and * anything."
        )
    changed = [(a, b) for a, b in partners.items() if a != b]
    if changed and how:
        example = few([f"{a} = {b}" for a, b in changed])
        notes.append(f"Micrographs are paired {how} ({example}).")
    back = {b: a for a, b in partners.items()}
    found = {b: (own[back[b]], other[b]) for b in other if b in back}
    lacking = [name for name in other if name not in back]
    if lacking and missing != "skip" and (mine.whole or missing == "none"):
        empty = next(iter(own.values())).iloc[:0]
        found = {b: found.get(b, (empty, other[b])) for b in other}
        why = f"not named in {mine.path}, which is one table," if mine.whole else f"not in {mine.path}"
        notes.append(
            f"{len(lacking)} of {len(other)} micrographs of the truth are {why} and are counted as without"
            f" picks ({few(lacking)}). If the picker did not see one, take it out of the truth, or give"
            " --missing skip, or judge another alone with --micrograph NAME."
        )
        lacking = []
    if lacking and missing is None and not mine.lone:
        raise InputError(
            f"{mine.path}: has no file for {len(lacking)} of {len(other)} micrographs of the truth"
            f" ({few(lacking)}). Give --missing none if the picker found nothing there, or --missing skip to"
            " leave them out."
        )
    spare = [name for name in own if name not in partners]
    for which, left, whole in (("picks", spare, own), ("truth", lacking, other)):
        if left:
            against = "truth" if which == "picks" else "picks"
            notes.append(
                f"{len(left)} of {len(whole)} micrographs of the {which} are not in the {against} and are"
                f" left out ({few(left)})."
            )
    return found


def _full(given: Picks, tables: dict[str, pd.DataFrame]) -> dict[str, str]:
    """Return the name with all its folders of each name that is printed."""
    own = {id(table): name for name, table in given.tables.items()}
    return {name: own[id(table)] for name, table in tables.items()}


def _nothing(mine: Picks, missing: str | None) -> bool:
    """Whether picks that name no micrograph say that nothing was found on any.

    One empty file of rows may be of one micrograph alone, where `missing` has to say it.
    """
    if any(len(part) for part in mine.tables.values()):
        return False
    return missing == "none" or not (mine.lone and is_blank(mine.path))


def _no_two_of_one(given: Picks, tables: dict[str, pd.DataFrame]) -> None:
    """Refuse two names that are of one micrograph once the words of their role are left out."""
    first: dict[Tokens, str] = {}
    for name in tables:
        if (before := first.setdefault(core(name), name)) != name:
            here = [tables[before].attrs["file"], tables[name].attrs["file"]]
            both = " and ".join(here) if here[0] != here[1] else f"{before} and {name} in {here[0]}"
            raise InputError(
                f"{given.path}: {both} are both taken for one micrograph; expected one file of each. Leave"
                " the one that is meant."
            )


def _told_apart(mine: Picks, theirs: Picks) -> tuple[dict[str, pd.DataFrame], dict[str, pd.DataFrame]]:
    """Name micrographs without folders, but for the folders that tell equal names of a side apart.

    Where one side has several of a name and the other fewer, the other's are those whose folders hold the
    telling ones.
    """
    from scopecheck.data.read.picks import telling

    groups: dict[str, tuple[list[str], list[str]]] = {}
    for side, given in enumerate((mine, theirs)):
        for name in given.tables:
            groups.setdefault(stem(name), ([], []))[side].append(name)
    named: tuple[dict[str, pd.DataFrame], dict[str, pd.DataFrame]] = {}, {}
    for last, sides in groups.items():
        more = 0 if len(sides[0]) > len(sides[1]) else 1
        told = telling(sides[more])
        for side, given in enumerate((mine, theirs)):
            for at, name in enumerate(sides[side]):
                folders = told[at] if side == more else _meant(name, told)
                key = "/".join((*folders, last))
                if key in named[side] or (not folders and len(told) > 1):
                    raise InputError(
                        f"{given.path}: its {last} may be of any of {len(told)} micrographs of that name in"
                        f" {(mine, theirs)[more].path} ({few(['/'.join(way) for way in told])}); expected"
                        " names with the folders that tell them apart. Give one of them alone with"
                        " --micrograph FOLDER/NAME."
                    )
                named[side][key] = given.tables[name]
    return named


def _meant(name: str, told: list[tuple[str, ...]]) -> tuple[str, ...]:
    """Return those telling folders that lie in the name's own path, in their order; () where not one."""
    from scopecheck.data.read.picks import in_order

    parts = PurePosixPath(name).parts[:-1]
    held = [way for way in told if in_order(way, parts)]
    return max(held, key=len) if held else parts
