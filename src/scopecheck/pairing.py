"""Which predicted file belongs to which true one."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from scopecheck.errors import InputError

_TAIL = re.compile(
    r"[ _.-](cp_masks|masks?|labels?|pred|predictions?|predicted|seg|segmentation|gt|truth)$", re.I
)
_SAYS_TRUTH = re.compile(r"(?<![a-z])(gt|(ground[ _-]?)?truth|manual|annotat\w*|reference)(?![a-z])", re.I)
_SAYS_PREDICTION = re.compile(
    r"(?<![a-z])(pred|predict\w*|cp_masks|cellpose|stardist|unet|outputs?|results?)(?![a-z])", re.I
)


@dataclass(frozen=True)
class Pair:
    """The files of one acquisition."""

    name: str
    predicted: Path
    true: Path
    image: Path | None = None


def pair_up(
    predicted: Path, true: Path, image: Path | None = None, *, as_given: bool = False
) -> tuple[list[Pair], list[str]]:
    """Pair two files, or the files of two folders by their names.

    Names are compared without their format and, where they do not all meet so, without a tail such as
    ``_cp_masks``, ``_pred`` or ``_gt``.

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
    if predicted.resolve() == true.resolve():
        raise InputError(
            f"{predicted}: given as prediction and as truth; give the prediction first, then the truth."
        )
    folders = {what: path.is_dir() and not is_zarr(path) for what, path in given.items()}
    if len(set(folders.values())) > 1:
        kinds = ", ".join(f"{what} is a {'folder' if held else 'file'}" for what, held in folders.items())
        raise InputError(f"{predicted}: {kinds}; give files alone or folders alone.")
    notes = _swapped(predicted, true, as_given)
    if not folders["prediction"]:
        return [Pair(predicted.name, predicted, true, image)], notes
    listed = {what: _listed(path, notes) for what, path in given.items()}
    for key in (_stem, _trimmed):
        named = {what: _named(paths, key) for what, paths in listed.items()}
        if len({frozenset(names) for names in named.values()}) == 1:
            break
        if key is _stem and any(_duplicates(paths, _trimmed) for paths in listed.values()):
            break
    for what, paths in listed.items():
        for name, twice in _duplicates(paths, key).items():
            raise InputError(
                f"{given[what]}: {' and '.join(path.name for path in twice)} have the same name {name!r};"
                " leave the one that is meant."
            )
    everywhere = set.intersection(*(set(names) for names in named.values()))
    for what, names in named.items():
        lonely = sorted(set(names) - everywhere)
        if lonely:
            without = next(w for w in named if w != what and lonely[0] not in named[w])
            shown = ", ".join(names[name].name for name in lonely[:3]) + (", ..." if len(lonely) > 3 else "")
            raise InputError(
                f"{given[what]}: {len(lonely)} of {len(names)} files ({shown}) have no {without} of the same"
                f" name in {given[without]}; give folders whose files pair by name."
            )
    pairs = [
        Pair(name, *(named[what][name] for what in given))  # type: ignore[arg-type]
        for name in sorted(everywhere)
    ]
    return pairs, notes


def is_zarr(path: Path) -> bool:
    """Whether a folder is one zarr image, and not a folder of images."""
    return path.is_dir() and any((path / name).exists() for name in ("zarr.json", ".zgroup", ".zarray"))


def _listed(folder: Path, notes: list[str]) -> list[Path]:
    from scopecheck.data.images import SUFFIXES

    files: list[Path] = []
    left: list[Path] = []
    for path in sorted(folder.iterdir()):
        if path.name.startswith("."):
            continue
        usable = is_zarr(path) if path.is_dir() else path.suffix.lower() in SUFFIXES
        (files if usable else left).append(path)
    if not files:
        held = f"holds {', '.join(path.name for path in left[:3])}" if left else "is empty"
        raise InputError(f"{folder}: {held}; expected images ({', '.join(SUFFIXES)}).")
    if left:
        shown = ", ".join(path.name for path in left[:3]) + (", ..." if len(left) > 3 else "")
        notes.append(f"{folder}: left out {len(left)} that are no images ({shown}).")
    return files


def _stem(path: Path) -> str:
    return re.sub(r"\.ome$", "", path.stem, flags=re.I)


def _trimmed(path: Path) -> str:
    return _TAIL.sub("", _stem(path))


def _named(paths: list[Path], key: Callable[[Path], str]) -> dict[str, Path]:
    return {key(path): path for path in paths}


def _duplicates(paths: list[Path], key: Callable[[Path], str]) -> dict[str, list[Path]]:
    by_name = defaultdict(list)
    for path in paths:
        by_name[key(path)].append(path)
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
