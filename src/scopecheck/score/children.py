"""Children per parent (spots a cell, nuclei a cell), from two label images of one field."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scopecheck.errors import InputError
from scopecheck.score.label_files import is_outlined, read_outlined
from scopecheck.score.pair_names import few, match
from scopecheck.score.pairs import Pair, _listed, is_zarr, stem
from scopecheck.score.whole import whole

if TYPE_CHECKING:
    import numpy as np

MEASURE, UNIT = "children_per_parent", "children a parent"


@dataclass(frozen=True)
class Family:
    """Which child belongs to which parent.

    Attributes
    ----------
    children : ndarray of int, (parents,)
        Children of each parent, 0 where it has none.
    orphans : int
        Children that overlap no parent.
    shared : int
        Children that overlap several; each belongs to the one that it overlaps most.
    """

    children: np.ndarray
    orphans: int
    shared: int


def family(parents: np.ndarray, children: np.ndarray) -> Family:
    """Give each child to the parent that it overlaps most, of equal ones to the first.

    Parameters
    ----------
    parents, children : ndarray of int, of one shape
        Label images; 0 is background.

    Raises
    ------
    InputError
        If the shapes differ.
    """
    import numpy as np

    from scopecheck.measure.overlap import contingency

    if parents.shape != children.shape:
        raise InputError(
            f"children have the shape {children.shape} and parents {parents.shape}; expected label images of"
            " one field."
        )
    met = contingency(children, parents)  # pairs are ordered by parent
    order = np.lexsort((-met.true, met.pixels))  # the last is the largest, and of equal ones the first parent
    best = np.full(len(met.predicted_labels), -1)
    best[met.predicted[order]] = met.true[order]
    overlapped = np.bincount(met.predicted, minlength=len(best))
    return Family(
        np.bincount(best[best >= 0], minlength=len(met.true_labels)),
        int((best < 0).sum()),
        int((overlapped > 1).sum()),
    )


def measured(parents: np.ndarray, children: np.ndarray, path: Path, said: list[str]) -> Any:
    """The mean number of children over all parents, as a quantity; what is odd is added to `said`."""
    from scopecheck.measure.quantities import Quantity

    try:
        found = family(parents, children)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    total = int(found.children.sum())
    if found.orphans:
        said.append(f"{path.name}: {found.orphans} of {total + found.orphans} children lie in no parent")
    if found.shared:
        said.append(f"{path.name}: {found.shared} children reach over two parents or more")
    if not found.children.size:
        return Quantity(float("nan"), UNIT, "no parents")
    return Quantity(float(found.children.mean()), UNIT)


def pair_children(pairs: Sequence[Pair], folders: tuple[Path, Path]) -> dict[str, tuple[Path, Path]]:
    """The children's files of each pair of parents, by their names; of single files the two files themselves.

    Raises
    ------
    InputError
        If a path is missing, is a file where the parents are a folder, or a parent's file has no partner.
    """
    for path in folders:
        if not path.exists():
            raise InputError(f"{path}: no such file or folder, given as children.")
        if path.is_dir() and not is_zarr(path) and len({pair.predicted.parent for pair in pairs}) > 1:
            raise InputError(f"{path}: children are paired by name, for parents in one folder.")
    if not any(path.is_dir() and not is_zarr(path) for path in folders):
        if len(pairs) > 1:
            raise InputError(f"{folders[0]}: is a file, but the parents are a folder; give folders.")
        return {pairs[0].name: folders}
    predicted = of_parents(folders[0], [pair.predicted for pair in pairs], [])
    true = of_parents(folders[1], [pair.true for pair in pairs], [])
    return {pair.name: (predicted[pair.predicted], true[pair.true]) for pair in pairs}


def of_parents(folder: Path, parents: Sequence[Path], notes: list[str]) -> dict[Path, Path]:
    """The file of the children of each file of parents, by their names.

    Raises
    ------
    InputError
        If a parent's file has no partner.
    """
    files = {stem(file): file for file in _listed(folder, notes)}
    found, _ = match([stem(path) for path in parents], list(files))
    if lost := [stem(path) for path in parents if stem(path) not in found]:
        raise InputError(
            f"{folder}: no file of children for {len(lost)} of {len(parents)} files of parents"
            f" ({few(lost)}) by their names; a field without children has an empty label image."
        )
    return {path: files[found[stem(path)]] for path in parents}


def of_pair(
    labels: Mapping[str, np.ndarray], files: tuple[Path, Path], threshold: float, seed: tuple[int, ...]
) -> tuple[dict[str, Any], Any, Any, list[str]]:
    """Children per parent of both sides, how the children match, what chance gives them, and notes."""
    from scopecheck import measure
    from scopecheck.data.labels import read_labels
    from scopecheck.measure.objects import matched, overlaps

    said: list[str] = []
    told, arrays = {}, []
    for (key, parents), path in zip(labels.items(), files, strict=True):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            picture = (
                read_outlined(path, parents.shape, "the parents'")
                if is_outlined(path)
                else read_labels(whole(path))
            )
        said += [str(one.message) for one in caught if issubclass(one.category, UserWarning)]
        told[key] = measured(parents, picture.array, path, said)
        arrays.append(picture.array)
    predicted, true = arrays
    overlap = overlaps(predicted, true, "keep")
    chance = measure.chance(predicted, true, threshold, border="keep", seed=seed, overlap=overlap)
    return told, matched(overlap, [threshold])[0], chance, said


def report(found: Sequence[Mapping[str, Any]], threshold: float) -> tuple[bool | None, list[str]]:
    """Whether the children of all fields match better than chance, and notes."""
    from scopecheck import measure

    match = measure.pool([file["children"][0] for file in found])
    chance = measure.pool_chance([file["children"][1] for file in found])
    notes = [f"{text}." for file in found for text in file["children"][2]]
    by_chance = f" (chance {chance.scores()['F1']:.2f})" if chance.better is not None else ""
    notes.append(
        f"Children belong to the parent that they overlap most. Matched at IoU {threshold:g}: F1"
        f" {match.f1:.2f}{by_chance}, {match.n_true} true, {match.n_predicted} predicted."
    )
    if chance.better is False:
        notes.append("The children match no better than at random places, so their number is not HOLDS.")
    return chance.better, notes
