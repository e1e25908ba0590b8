"""Which predicted file belongs to which true one."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence, Sized
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path

from scopecheck.errors import InputError
from scopecheck.score.label_files import OUTLINES, field_stem
from scopecheck.score.pair_given import by_pattern, by_table, common_start, is_pattern, suggestion
from scopecheck.score.pair_names import core, core_text, few, match, roles

_SAYS_TRUTH = re.compile(r"(?<![a-z])(gt|(ground[ _-]?)?truth|manual|annotat\w*|reference)(?![a-z])", re.I)
_SAYS_PREDICTION = re.compile(
    r"(?<![a-z])(pred|predict\w*|cp_masks|cellpose|stardist|unet|outputs?|results?)(?![a-z])", re.I
)


@dataclass(frozen=True)
class Pair:
    """The files of one acquisition.

    `own` names the sides (prediction, truth, image) whose file is one of several OME-TIFF files of one image
    and of which its own planes alone are meant.
    """

    name: str
    predicted: Path
    true: Path
    image: Path | None = None
    own: frozenset[str] = frozenset()


def pair_up(
    predicted: Path,
    true: Path,
    image: Path | None = None,
    *,
    as_given: bool = False,
    pair: str | None = None,
) -> tuple[list[Pair], list[str]]:
    """Pair two files, or the files of two folders by their names.

    Names are compared as `pair_names.match` tells, and a note says how. Where a folder holds several
    files a field (Cellpose's image, masks, outlines), those are taken that say that they are labels. An image
    that lies in several OME-TIFF files is one acquisition, unless its files meet one file each.

    Parameters
    ----------
    predicted, true, image : Path
    as_given : bool
        Do not refuse names that say that prediction and truth are swapped.
    pair : str, optional
        'PATTERN=PATTERN' or a table's name; see `pair_given`. The folders may then be one.

    Raises
    ------
    InputError
        If a path is missing, a file meets a folder, a folder holds no image, a name occurs twice or has no
        partner, or the names say that prediction and truth are swapped.
    """
    predicted, true, image = Path(predicted), Path(true), None if image is None else Path(image)
    given = {"prediction": predicted, "truth": true} | ({} if image is None else {"image": image})
    for what, path in given.items():
        if not path.exists():
            raise InputError(f"{path}: no such file or folder, given as {what}.")
    folders = {what: path.is_dir() and not is_zarr(path) for what, path in given.items()}
    if predicted.resolve() == true.resolve() and not (pair and folders["prediction"]):
        raise InputError(
            f"{predicted}: given as prediction and as truth; give the prediction first, then the truth."
            + " If one folder holds both, tell them apart with --pair." * folders["prediction"]
        )
    if len(set(folders.values())) > 1:
        kinds = ", ".join(f"{what} is a {'folder' if held else 'file'}" for what, held in folders.items())
        raise InputError(f"{predicted}: {kinds}; give files alone or folders alone.")
    notes = [] if pair else _swapped(predicted, true, as_given)
    if not folders["prediction"]:
        if pair:
            raise InputError(f"--pair: is for folders, but {predicted} is a file; leave --pair out.")
        return [Pair(predicted.name, predicted, true, image)], notes
    if pair and not is_pattern(pair):
        rows = by_table(Path(pair), given)
        notes.append(f"{_counted(rows)} as {pair} has them: {_shown(rows)}.")
        return [_pair(stem(row["truth"]), row, _one_by_one(rows)) for row in rows], notes
    deep = pair is not None and "/" in pair
    listed = {what: _listed(path, notes, deep, labels=what != "image") for what, path in given.items()}
    if pair:
        named, more = by_pattern(pair, listed, given)
        if image is not None and "image" not in next(iter(named.values())):
            named = _with_images(named, listed["image"], image)
        notes += [*more, f"{_counted(named)} by --pair '{pair}': {_shown(list(named.values()))}."]
        own = _one_by_one(list(named.values()))
        return [_pair(name, row, own) for name, row in named.items()], notes
    return _guessed(listed, given, notes), notes


def beside(
    main: Path, image: Path | None, what: str = "masks", other: str = "image"
) -> tuple[list[tuple[str, Path, Path | None]], list[str]]:
    """One file, or the files of a folder, each with its image where images are given; for what has no truth.

    Files are chosen and paired by name as `pair_up` does it. Images that belong to no file are left out, with
    a note.

    Parameters
    ----------
    main, image : Path
    what, other : str
        What they are, for messages.

    Returns
    -------
    files : list of (name, path, image or None)
    notes : list of str

    Raises
    ------
    InputError
        If a path is missing, a file meets a folder, a folder holds no image, or a file has no image by name.
    """
    given = {what: Path(main)} | ({} if image is None else {other: Path(image)})
    for side, path in given.items():
        if not path.exists():
            raise InputError(f"{path}: no such file or folder, given as {side}.")
    folders = {side: path.is_dir() and not is_zarr(path) for side, path in given.items()}
    if len(set(folders.values())) > 1:
        kinds = ", ".join(f"{side} is a {'folder' if held else 'file'}" for side, held in folders.items())
        raise InputError(f"{main}: {kinds}; give files alone or folders alone.")
    paths = list(given.values())
    if not folders[what]:
        if image is not None and paths[0].resolve() == paths[1].resolve():
            raise InputError(f"{main}: given as {what} and as {other}; give two files.")
        return [(paths[0].name, paths[0], paths[1] if image is not None else None)], []
    notes: list[str] = []
    roles = {"prediction": paths[0]} | ({} if image is None else {"image": paths[1]})
    listed = {role: _listed(path, notes) for role, path in roles.items()}
    sets = {role: _sets(files) for role, files in listed.items()}
    joined = {role: [p for p in files if sets[role].get(p, [p])[0] == p] for role, files in listed.items()}
    chosen, said = _of_one_kind(joined, roles)
    names = {role: _names(files, sets[role]) for role, files in chosen.items()}
    for role, found in names.items():
        if not found:
            twice = next(iter(_duplicates(chosen[role] or joined[role]).items()), None)
            held = f"{twice[0]!r} is the name of {len(twice[1])} files" if twice else "holds no image"
            raise InputError(f"{roles[role]}: {held}; expected one file for each field. Leave the one meant.")
    notes += said
    if image is None:
        return [(name, path, None) for name, path in names["prediction"].items()], list(dict.fromkeys(notes))
    pairs, _ = match(list(names["prediction"]), list(names["image"]))
    if lonely := [path.name for name, path in names["prediction"].items() if name not in pairs]:
        raise InputError(
            f"{main}: {len(lonely)} of {len(names['prediction'])} files ({few(lonely)}) have no {other} of"
            f" the same name in {image}; give each its {other}, under its name."
        )
    if spare := [path.name for name, path in names["image"].items() if name not in pairs.values()]:
        notes.append(f"{image}: {len(spare)} that belong to no file are left out ({few(spare)}).")
    if same := [
        path.name for name, path in names["prediction"].items() if path == names["image"][pairs[name]]
    ]:
        raise InputError(
            f"{main}: {few(same)} would be taken as {what} and as {other}; give the folder of each, or names"
            " that say which is which."
        )
    files: list[tuple[str, Path, Path | None]] = []
    files += [(name, path, names["image"][pairs[name]]) for name, path in names["prediction"].items()]
    return files, list(dict.fromkeys(notes))


def _guessed(listed: dict[str, list[Path]], given: Mapping[str, Path], notes: list[str]) -> list[Pair]:
    """Pair by name: those that are labels, or all files; and where that fails, a set's files one by one."""
    sets = {what: _sets(paths) for what, paths in listed.items()}
    joined = {what: [p for p in paths if sets[what].get(p, [p])[0] == p] for what, paths in listed.items()}
    own = frozenset(what for what, held in sets.items() if held)
    for files, alone in ((joined, False), (listed, True))[: 1 + bool(own)]:
        chosen, said = _of_one_kind(files, given)
        ways: list[tuple[dict[str, list[Path]], list[str]]] = [(files, []), (chosen, said)]
        for tried, more in reversed(ways) if _of_most_fields(chosen, files) else ways:
            names = {what: _names(paths, {} if alone else sets[what]) for what, paths in tried.items()}
            if not all(names.values()):
                continue
            rows, how = _matched(names)
            if rows is not None:
                notes += [*more, f"{_counted(rows)} {how}: {_shown(rows)}."]
                return [_pair(name, row, own if alone else frozenset()) for name, row in _titled(rows)]
    raise min((_unpaired(files, given) for files in (joined, listed)), key=lambda one: one[0])[1]


def _matched(names: dict[str, dict[str, Path]]) -> tuple[list[dict[str, Path]] | None, str]:
    """Pair all files of all sides, or none; and how prediction and truth were paired."""
    rows = {true: {"truth": path} for true, path in names["truth"].items()}
    told = ""
    for what in names:
        if what == "truth":
            continue
        pairs, how = match(list(names[what]), list(rows))
        if not len(pairs) == len(names[what]) == len(rows):
            return None, ""
        for mine, true in pairs.items():
            rows[true][what] = names[what][mine]
        told = told or how
    return list(rows.values()), told


def _pair(name: str, row: Mapping[str, Path], own: frozenset[str] = frozenset()) -> Pair:
    return Pair(name, row["prediction"], row["truth"], row.get("image"), own)


def _one_by_one(rows: Sequence[Mapping[str, Path]]) -> frozenset[str]:
    """The sides of which the user named several OME-TIFF files of one image: their own planes are meant."""
    sides = {side: [row[side] for row in rows] for side in rows[0]}
    sets = {side: _sets(paths) for side, paths in sides.items()}
    return frozenset(side for side, held in sets.items() if any(len(files) > 1 for files in held.values()))


def _titled(rows: Sequence[Mapping[str, Path]]) -> list[tuple[str, Mapping[str, Path]]]:
    """Give each pair the part of the true file's name that says which field it is, in order."""
    titles = [core_text(stem(row["truth"])) for row in rows]
    if len(set(titles)) < len(rows):
        titles = [stem(row["truth"]) for row in rows]
    return sorted(zip(titles, rows, strict=True), key=lambda one: one[0])


def _counted(rows: Sized) -> str:
    return f"{len(rows)} pair{'s' * (len(rows) > 1)}"


def _shown(rows: Sequence[Mapping[str, Path]]) -> str:
    """The first pairs, file by file; `--json` has them all."""
    names = [(row["prediction"].name, row["truth"].name) for row in rows[:12]]
    said = [mine if mine == true else f"{mine} with {true}" for mine, true in names]
    return ", ".join(said) + f" and {len(rows) - 12} more" * (len(rows) > 12)


def _with_images(
    named: dict[str, dict[str, Path]], images: Sequence[Path], folder: Path
) -> dict[str, dict[str, Path]]:
    """Pair images, which --pair did not name, by name with the truth."""
    truths = {stem(row["truth"]): row for row in named.values()}
    pairs, _ = match(list(by_stem := {stem(path): path for path in images}), list(truths))
    if len(truths) < len(named) or len(pairs) < len(truths):
        raise InputError(
            f"{folder}: not every truth has an image by name; give --pair a third pattern,"
            " 'PREDICTION=TRUTH=IMAGE'."
        )
    for mine, true in pairs.items():
        truths[true]["image"] = by_stem[mine]
    return named


def _unpaired(listed: dict[str, list[Path]], given: Mapping[str, Path]) -> tuple[int, InputError]:
    """Say which files have no partner, or which two have one name, and what to do; and how many these are."""
    kept = {what: paths or listed[what] for what, paths in _of_one_kind(listed, given)[0].items()}
    way = suggestion(kept, listed)
    listed = kept
    for what, paths in listed.items():
        for name, twice in _duplicates(paths).items():
            both = " and ".join(path.name for path in twice)
            return 0, InputError(
                f"{given[what]}: {both} have the same name {name!r}; leave the one that is meant."
                f" Or give {way}."
            )
    names = {what: _names(paths, {}) for what, paths in listed.items()}
    for what, other in permutations(names, 2):
        pairs, _ = match(list(names[what]), list(names[other]))
        if lonely := [path.name for name, path in names[what].items() if name not in pairs]:
            return len(lonely), InputError(
                f"{given[what]}: {len(lonely)} of {len(names[what])} files ({few(lonely)}) have no {other} of"
                f" the same name in {given[other]}; give folders whose files pair by name, or {way}."
            )
    return 0, InputError(f"{given['prediction']}: the files do not pair by name; give {way}.")


def _of_one_kind(
    listed: dict[str, list[Path]], given: Mapping[str, Path]
) -> tuple[dict[str, list[Path]], list[str]]:
    """Where files of one folder share a core, take those whose names say that they are of the side's kind."""
    chosen, notes = {}, []
    for what, paths in listed.items():
        kept = _kind(what, paths) if len({core(stem(path)) for path in paths}) < len(paths) else paths
        chosen[what] = kept
        if left := [path.name for path in paths if path not in kept]:
            notes.append(
                f"{given[what]}: of files of several kinds {len(kept)} are taken"
                f" ({few(path.name for path in kept)}) and {len(left)} left out ({few(left)})."
            )
    return chosen, notes


def _of_most_fields(chosen: dict[str, list[Path]], files: dict[str, list[Path]]) -> bool:
    """Whether the chosen files are of half the fields or more, and no odd ones among files without words."""
    fields = [[len({core(stem(path)) for path in one[what]}) for one in (chosen, files)] for what in files]
    return all(2 * kept >= held for kept, held in fields)


def _kind(what: str, paths: list[Path]) -> list[Path]:
    """The files of a folder whose names say most clearly that they are a prediction, a truth or an image."""
    said = {path: roles(stem(path)) for path in paths}
    if what == "image":
        return [path for path, words in said.items() if not words - {"image"}]
    against = "truth" if what == "prediction" else "prediction"
    labels = [path for path, words in said.items() if "labels" in words and "beside" not in words]
    plain = [path for path in labels if not path.name.lower().endswith("_seg.npy")]  # which holds them too
    labels = plain or labels or paths
    mine = [path for path in labels if what in said[path]]
    return mine or [path for path in labels if against not in said[path]] or labels


def _sets(paths: list[Path]) -> dict[Path, list[Path]]:
    """The files of one image by each of its files, for every image that lies in several OME-TIFF files."""
    from scopecheck.data.read import ome

    found: dict[Path, list[Path]] = {}
    for path in paths:
        if path.suffix.lower() in (".tif", ".tiff") and path not in found and (files := ome.members(path)):
            here = [one for one in paths if one in files]
            found |= dict.fromkeys(here, here)
    return found


def _names(paths: list[Path], sets: Mapping[Path, list[Path]]) -> dict[str, Path]:
    """Files by stem, and a set by what its files' names have in common; empty where two have one name."""
    named = {}
    for path in paths:
        stems = [stem(one) for one in sets.get(path, [path])]
        start = re.sub(r"([ _.-]*[ztc])?[ _.-]*$", "", common_start(stems), flags=re.I)
        named[stems[0] if len(stems) == 1 else start or stems[0]] = path
    return named if len(named) == len(paths) else {}


def is_zarr(path: Path) -> bool:
    """Whether a folder is one zarr image, and not a folder of images."""
    return path.is_dir() and any((path / name).exists() for name in ("zarr.json", ".zgroup", ".zarray"))


def _listed(folder: Path, notes: list[str], deep: bool = False, *, labels: bool = True) -> list[Path]:
    from scopecheck.data.read.images import SUFFIXES

    every = sorted(folder.rglob("*") if deep else folder.iterdir())
    kinds: tuple[str, ...] = SUFFIXES
    if labels and not any(path.suffix.lower() in SUFFIXES for path in every):
        kinds = (*SUFFIXES, *OUTLINES)  # in a folder of their own: beside images a .json may be anything
    files: list[Path] = []
    left: list[Path] = []
    for path in every:
        if path.name.startswith(".") or (deep and any(is_zarr(parent) for parent in path.parents)):
            continue
        usable = is_zarr(path) if path.is_dir() else path.suffix.lower() in kinds
        if usable or not (deep and path.is_dir()):
            (files if usable else left).append(path)
    if not files:
        more = f" Of labels also outlines ({', '.join(OUTLINES)})." * labels
        held = f"holds {few(path.name for path in left)}" if left else "is empty"
        raise InputError(f"{folder}: {held}; expected images ({', '.join(SUFFIXES)}).{more}")
    if left:
        notes.append(
            f"{folder}: left out {len(left)} that are no images ({few(path.name for path in left)})."
        )
    return files


def stem(path: Path) -> str:
    """Return a file's name without its format."""
    return field_stem(path)


def _duplicates(paths: list[Path]) -> dict[str, list[Path]]:
    by_name = defaultdict(list)
    for path in paths:
        by_name[stem(path)].append(path)
    return {name: twice for name, twice in by_name.items() if len(twice) > 1}


def _swapped(predicted: Path, true: Path, as_given: bool) -> list[str]:
    """Notes on names that say the opposite of how they were given; an error where both do."""
    first = bool(_SAYS_TRUTH.search(predicted.name)) and not _SAYS_PREDICTION.search(predicted.name)
    second = bool(_SAYS_PREDICTION.search(true.name)) and not _SAYS_TRUTH.search(true.name)
    if first and second and not as_given:
        raise InputError(
            f"{predicted} is given as prediction and {true} as truth, but their names say the opposite;"
            " give the prediction first, then the truth, or add --as-given."
        )
    if first or second:
        odd = f"{predicted} as prediction" if first else f"{true} as truth"
        return [f"Read as given, {odd}: its name says otherwise. Prediction comes first, truth second."]
    return []
