"""Label images of a whole study, and true ones of some of its fields, measured into two tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scopecheck.errors import InputError
from scopecheck.score.children import UNIT, family, of_parents
from scopecheck.score.correct import Asked
from scopecheck.score.field_table import FieldTable
from scopecheck.score.label_files import is_outlined, read_outlined
from scopecheck.score.pair_names import few, match
from scopecheck.score.pairs import _listed, _of_one_kind, stem
from scopecheck.score.user_table import Sheet
from scopecheck.score.whole import whole

if TYPE_CHECKING:
    import numpy as np

SEEN = ("brightness", "sharpness", "noise")
FAMILY = ("children_per_parent", "children")  # measures that need the label images of the children


def tables_of(
    tool: Path,
    truth: Path | None,
    image: Path | None,
    asked: Asked,
    *,
    pixel_size: Sequence[float] | None,
    border: str,
    shape: Sequence[int] | None = None,
    children: tuple[Path, Path] | None = None,
) -> tuple[FieldTable, FieldTable, Asked, list[str]]:
    """Measure label images as `score labels` does, one number a field.

    Parameters
    ----------
    tool, truth : Path
        Folders: label images of all fields, and true ones of some.
    image : Path, optional
        Folder of grey images of all fields, of which brightness, sharpness and noise are taken.
    asked : Asked
        `value` and `per` name measures (`measure.quantities`); count by default. With `children` also
        children_per_parent, then the default, and children.
    pixel_size : sequence of float, optional
        Micrometres along the axes; by default what the files say.
    border : {"keep", "drop"}
    shape : sequence of int, optional
        Of the images that outlines were drawn on, where files hold outlines.
    children : (Path, Path), optional
        Folders of the label images of children (spots, nuclei), the tool's and true ones; `tool` and `truth`
        then hold their parents (cells).

    Returns
    -------
    mine, theirs : FieldTable
        Of all fields and of the annotated ones.
    asked : Asked
        With the columns as they are called in these tables.
    notes : list of str

    Raises
    ------
    InputError
        If files cannot be read, are no label images, or a measure is not defined on one.
    """
    if truth is None or not truth.is_dir():
        raise InputError(
            f"{tool}: is a folder of label images, so the truth has to be one, too; got {truth or 'none'}."
            " To correct numbers that are measured already, give two tables."
        )
    for option, given in (
        ("field", asked.field),
        ("truth-field", asked.true_field),
        ("condition", asked.condition),
    ):
        if given is not None:
            raise InputError(f"--{option}: is a column of a table, and {tool} is a folder of label images.")
    if asked.known or asked.true_value or isinstance(asked.strata, str):
        raise InputError(
            f"--known, --truth-value and a --strata column are for tables, and {tool} is a folder."
        )
    notes: list[str] = []
    listed = {"prediction": _listed(tool, notes), "truth": _listed(truth, notes)}
    listed, said = _of_one_kind(listed, {"prediction": tool, "truth": truth})
    notes += said
    first = asked.value or (FAMILY[0] if children else "count")
    names = list(dict.fromkeys([first, *([asked.per] if asked.per else []), "count"]))
    if not children and (lacking := [name for name in names if name in FAMILY]):
        raise InputError(
            f"--value {lacking[0]}: give --children and --truth-children, folders of label images."
        )
    if children and not set(names) & set(FAMILY):
        raise InputError(
            f"--children: given, but --value {first} does not ask for them; expected {few(FAMILY)}."
        )
    for folder in children or ():
        if not folder.is_dir():
            raise InputError(f"{folder}: no such folder; expected the label images of children.")
    below = children or (None, None)
    mine, theirs = (
        _table(folder, listed[side], names, pixel_size, border, shape, notes, kids)
        for (side, folder), kids in zip((("prediction", tool), ("truth", truth)), below, strict=True)
    )
    known = ["count"] if names[0] != "count" else []
    if image is not None:
        mine = _with_looks(mine, listed["prediction"], image, notes)
        known += list(SEEN)
    else:
        notes.append(
            "Brightness, sharpness and noise are not looked at: --image, a folder of the grey images of all"
            " fields."
        )
    return mine, theirs, replace(asked, value=names[0], known=known), notes


def _table(
    folder: Path,
    paths: Sequence[Path],
    names: Sequence[str],
    pixel_size: Sequence[float] | None,
    border: str,
    shape: Sequence[int] | None,
    notes: list[str],
    children: Path | None = None,
) -> FieldTable:
    read: dict[str, list[str]] = {}
    rows, units = [], {name: "" for name in names}
    kids = {} if children is None else of_parents(children, paths, notes)
    odd = {"lie in no parent": 0, "reach over two parents or more": 0}
    for number, path in enumerate(_watched(paths)):
        measured = _measured(path, names, pixel_size, border, shape, read, kids.get(path), odd)
        for name, quantity in measured.items():
            if number and quantity.unit != units[name]:
                raise InputError(
                    f"{path}: {name} comes in {quantity.unit} and before in {units[name]}, since not all"
                    " files give a pixel size; give --pixel-size."
                )
            units[name] = quantity.unit
        rows.append([stem(path), *(repr(float(measured[name].value)) for name in names)])
    fields = [row[0] for row in rows]
    if twice := [name for name in fields if fields.count(name) > 1]:
        raise InputError(
            f"{folder}: two files are called {twice[0]!r}, in other formats; leave the one that is meant."
        )
    notes += [f"{few(files)} ({len(files)} of {len(paths)} files): {note}." for note, files in read.items()]
    notes += [f"{children}: {n} children {what}." for what, n in odd.items() if n]
    sheet = Sheet(folder, ["field", *names], rows, list(range(1, len(rows) + 1)), "point")
    return FieldTable(sheet, fields, "field", units)


def _watched(paths: Sequence[Path]) -> Iterable[Path]:
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    return track(paths, "Measuring", console=console, transient=True, disable=not console.is_terminal)


def _measured(
    path: Path,
    names: Sequence[str],
    pixel_size: Sequence[float] | None,
    border: str,
    shape: Sequence[int] | None,
    read: dict[str, list[str]],
    kids: Path | None,
    odd: dict[str, int],
) -> dict[str, Any]:
    from scopecheck import measure

    picture = _labels(path, shape, read)
    below = None if kids is None else _labels(kids, shape, read).array
    size: Any = pixel_size or picture.pixel_size
    if size is not None and len(size) == 1:
        size = size[0]
    try:
        plain = [name for name in names if name not in FAMILY]
        found = measure.quantities(picture.array, pixel_size=size, border=border, only=plain)
        if below is not None:
            found = _family(picture.array, below, odd) | found
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    for name, quantity in found.items():
        if quantity.value != quantity.value:
            what = "volume" if "volume" in name else "area"
            raise InputError(
                f"{path}: {name} is not defined ({quantity.note}). The mean over all objects of the study is"
                f" --value total_{what} --per count."
                if name not in FAMILY
                else f"{path}: holds no parent, so children have none. Over all parents of the study ask"
                " --value children --per count."
            )
    return {name: found[name] for name in names}


def _labels(path: Path, shape: Sequence[int] | None, read: dict[str, list[str]]) -> Any:
    from scopecheck.data.labels import read_labels

    picture = read_outlined(path, shape, "--shape") if is_outlined(path) else read_labels(whole(path))
    for note in picture.notes:
        read.setdefault(note, []).append(path.name)
    return picture


def _family(parents: np.ndarray, children: np.ndarray, odd: dict[str, int]) -> dict[str, Any]:
    """Children in parents, in all and in the mean of a parent; those that are odd are counted."""
    from scopecheck.measure.quantities import Quantity

    found = family(parents, children)
    for what, n in zip(odd, (found.orphans, found.shared), strict=True):
        odd[what] += n
    total, parent = float(found.children.sum()), len(found.children)
    each = total / parent if parent else float("nan")
    return {FAMILY[0]: Quantity(each, UNIT), FAMILY[1]: Quantity(total, "children")}


def _with_looks(table: FieldTable, paths: Sequence[Path], image: Path, notes: list[str]) -> FieldTable:
    """The table with brightness, sharpness and noise of every field's grey image."""
    from scopecheck.data.read.images import read_image

    found = {stem(path): path for path in _listed(image, notes, labels=False)}
    pairs, how = match(table.names, list(found))
    if lost := [name for name in table.names if name not in pairs]:
        raise InputError(
            f"{image}: no grey image for {len(lost)} of {len(paths)} fields ({few(lost)}) by their names."
        )
    notes.append(f"Grey images pair {how}.")
    rows = []
    for row in table.sheet.rows:
        grey = read_image(whole(found[pairs[row[0]]])).array
        rows.append([*row, *(repr(value) for value in looks(grey))])
    return replace(table, sheet=replace(table.sheet, headings=[*table.headings, *SEEN], rows=rows))


def looks(grey: np.ndarray) -> tuple[float, float, float]:
    """Brightness, sharpness and noise of a grey image, (Y, X) or (Z, Y, X), to tell fields apart.

    Returns
    -------
    brightness : float
        Mean grey level.
    sharpness : float
        Variance of the Laplacian over that of the image; 0 for a constant image.
    noise : float
        Standard deviation of the noise in grey levels, by Immerkaer's mask, which is blind to slopes.

    References
    ----------
    Immerkaer (1996), doi:10.1006/cviu.1996.0060. Pertuz et al. (2013), doi:10.1016/j.patcog.2012.11.011.
    """
    import numpy as np
    from scipy import ndimage

    planes = np.asarray(grey, float).reshape(-1, *grey.shape[-2:])
    mask = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], float)
    spread = planes.var()
    fine = np.var([ndimage.laplace(plane) for plane in planes])
    rough = np.mean([np.abs(ndimage.convolve(plane, mask)).mean() for plane in planes])
    return (
        float(planes.mean()),
        float(fine / spread) if spread else 0.0,
        float(np.sqrt(np.pi / 2) * rough / 6),
    )
