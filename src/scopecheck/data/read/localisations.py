"""Tables of localised molecules, whichever program wrote them, as positions in nanometres."""

from __future__ import annotations

import re
import warnings
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scopecheck.data.read.mrc import is_file
from scopecheck.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

KNOWN = (
    "a table of localisations: CSV or text with headings (ThunderSTORM, SMAP, Elyra...), Picasso's .hdf5, or"
    " DECODE's .h5"
)
UNITS = {"nm": 1.0, "nanometer": 1.0, "um": 1000.0, "µm": 1000.0, "μm": 1000.0, "micrometer": 1000.0}
PIXELS = ("px", "pix", "pixel", "pixels")
_FAR = 1e15  # a thousand kilometres, in nm
_HDF5 = b"\x89HDF\r\n\x1a\n"
# x [nm], X (nm), Position X [nm], xnm, x_nm, x_pix, x
_AXIS = re.compile(
    r"(?:position[ _-]?)?([xyz])"
    r"(?:[ _-]*[\[(]? *(nm|nanometer|um|µm|μm|micrometer|px|pix|pixels?) *[\])]?)?"
)
_FRAME = ("frame", "first frame", "frame number", "framenumber", "frame_ix", "image-id", "t")


def read_localisations(
    path: str | Path, *, pixel_size: float | None = None, units: str | None = None
) -> pd.DataFrame:
    """Read localised molecules: nanometres, x along the columns of the image and y along its rows.

    Nothing is added for half a pixel: programs differ in whether 0 is the corner or the centre of the first
    pixel (ThunderSTORM counts from the corner). `score localisations` says when two tables differ by that.

    Parameters
    ----------
    path : str or Path
        CSV or text with a line of headings, separated by commas, semicolons or tabs; Picasso's HDF5 with
        a dataset ``locs``, in pixels of the camera; or DECODE's with ``data/xyz``, whose x counts rows of
        the camera and becomes y here.
    pixel_size : float, optional
        Nanometres a pixel, where the table is in pixels; Picasso's is by default read from the ``.yaml``
        beside it, DECODE's from the file.
    units : {"nm", "um", "px"}, optional
        Of x and y (and z) where the headings name none; where they name one, that holds, and it is said. A z
        is never in pixels of the camera: its heading has to name nm or um.

    Returns
    -------
    DataFrame
        frame (whole), x, y and, where the table has it, z, in nm; in the order of the file.

    Raises
    ------
    InputError
        If the file is missing, empty, of no known format, without frame, x or y, in units that are not told
        or in pixels of a size that is not told, or holds values that are no numbers.

    Warns
    -----
    UserWarning
        If a pixel size was read from the file or one beside, the units given are not the headings', commas
        were read as decimal points, x and y changed places, or all z are equal and are left out.
    """
    if Path(path).is_dir():
        raise InputError(f"{path}: is a folder; expected {KNOWN}.")
    path = is_file(path, KNOWN, "holds no localisations")
    if pixel_size is not None and not 0 < pixel_size < float("inf"):
        raise InputError(f"pixel size: {pixel_size}; expected nanometres a pixel, above 0.")
    if units not in (None, "nm", "um", "px"):
        raise InputError(f"units: {units!r}; expected nm, um or px.")
    with path.open("rb") as handle:
        start = handle.read(8)
    return (_hdf5 if start == _HDF5 else _headed)(path, pixel_size, units)


def _headed(path: Path, pixel_size: float | None, units: str | None) -> pd.DataFrame:
    import pandas as pd

    raw = path.read_bytes()
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise InputError(f"{path}: is text in UTF-16; save it as CSV in UTF-8.")
    if b"\0" in raw:
        raise InputError(f"{path}: is no text; expected {KNOWN}.")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")  # Elyra's µ
    first = next((line for line in text.splitlines() if line.strip()), "")
    mark = max(",;\t", key=first.count)
    names = [cell.strip().strip("\"'").strip().lower() for cell in first.split(mark)]
    axes = _axes(names)
    frame = next((names.index(name) for name in _FRAME if name in names), None)
    if frame is None or not {"x", "y"} <= set(axes):
        there = {*axes} if frame is None else {*axes, "frame"}
        lacking = [name for name in ("frame", "x", "y") if name not in there]
        raise InputError(
            f"{path}: its headings ({first.strip()[:80]}) name no {' and no '.join(lacking)}; expected"
            f" columns such as frame, x [nm], y [nm]. Write {KNOWN}."
        )
    try:
        table = pd.read_csv(StringIO(text), sep=mark, header=None, skiprows=_lines_before(text) + 1)
    except pd.errors.EmptyDataError:
        table = pd.DataFrame(columns=range(len(names)))
    except pd.errors.ParserError:
        raise InputError(f"{path}: its rows differ in their number of columns; expected {KNOWN}.") from None
    spare = table.iloc[:, len(names) :]
    if table.shape[1] < len(names) or spare.notna().any(axis=None):
        raise InputError(
            f"{path}: has {len(names)} headings and {table.shape[1]} columns; expected as many of both. Are"
            " there commas for decimals, or names of rows without a heading? Write the table without them."
        )
    wanted = {"frame": frame} | {axis: place for axis, (place, _) in sorted(axes.items())}
    found = pd.DataFrame({n: _numbers(path, table[k], n, commas=mark != ",") for n, k in wanted.items()})
    for axis, (_, unit) in axes.items():
        found[axis] *= _nanometres(path, axis, unit, units, pixel_size)
    return _flat_if_2d(path, _with_frames(path, found))


def _hdf5(path: Path, pixel_size: float | None, units: str | None) -> pd.DataFrame:
    try:
        import h5py
    except ImportError:
        raise InputError(f"{path}: reading HDF5 needs h5py; install it: pip install h5py") from None
    try:
        with h5py.File(path, "r") as file:
            if isinstance(file.get("data/xyz"), h5py.Dataset):
                return _decode(path, file, pixel_size, units)
            return _picasso(path, file, pixel_size, units)
    except InputError:
        raise
    except (OSError, LookupError, TypeError, ValueError) as error:  # of h5py, numpy or pandas, on what is odd
        raise InputError(
            f"{path}: is cut short, damaged, or no table of numbers ({error}). Write or copy it again, or"
            " export it as CSV."
        ) from None


def _decode(path: Path, file: Any, pixel_size: float | None, units: str | None) -> pd.DataFrame:
    import numpy as np
    import pandas as pd

    xyz, frames = file["data/xyz"], file.get("data/frame_ix")
    meta = dict(file["meta"].attrs) if "meta" in file else {}
    if xyz.ndim != 2 or xyz.shape[1] not in (2, 3) or frames is None or frames.shape != xyz.shape[:1]:
        raise InputError(f"{path}: data/xyz and data/frame_ix do not fit; expected DECODE's (n, 3) and (n,).")
    places, unit = np.asarray(xyz[:], float), meta.get("xy_unit")
    if not isinstance(unit, str) or unit not in ("px", "nm"):
        raise InputError(f"{path}: its xy_unit is {unit!r}; expected px or nm.")
    if units not in (None, unit):
        warnings.warn(f"{path}: x and y are in {unit} by the file, whatever units say.", stacklevel=4)
    if unit == "px":
        told = np.ravel(pixel_size if pixel_size is not None else meta.get("px_size", ())).astype(float)
        if told.size not in (1, 2) or not (np.isfinite(told) & (told > 0)).all():
            raise InputError(f"{path}: is in pixels and tells no size of them; give it, nanometres.")
        if pixel_size is None:
            said = " x ".join(f"{size:g}" for size in told)
            warnings.warn(f"{path}: {said} nm a pixel, from the file.", stacklevel=4)
        places[:, :2] *= told
    warnings.warn(f"{path}: DECODE's x counts rows; x and y changed places.", stacklevel=4)
    columns = {"frame": frames[:], "x": places[:, 1], "y": places[:, 0]}
    columns |= {"z": places[:, 2]} if places.shape[1] == 3 else {}
    found = pd.DataFrame({n: _numbers(path, pd.Series(c), n) for n, c in columns.items()})
    return _flat_if_2d(path, _with_frames(path, found))


def _picasso(path: Path, file: Any, pixel_size: float | None, units: str | None) -> pd.DataFrame:
    import h5py
    import pandas as pd

    locs = file.get("locs")
    columns = set(locs.dtype.names or ()) if isinstance(locs, h5py.Dataset) and locs.ndim == 1 else set()
    if not {"frame", "x", "y"} <= columns:
        raise InputError(
            f"{path}: holds no dataset 'locs' with frame, x and y, nor DECODE's data/xyz; expected Picasso's"
            " or DECODE's HDF5. Export other programs' tables as CSV with units in their headings."
        )
    names = [n for n in ("frame", "x", "y", "z") if n in locs.dtype.names]
    found = pd.DataFrame({n: _numbers(path, pd.Series(locs[n][:]), n) for n in names})
    within = file["metadata"][()] if isinstance(file.get("metadata"), h5py.Dataset) else None
    if units not in (None, "px"):
        warnings.warn(
            f"{path}: Picasso's tables are in pixels of the camera, whatever units say.", stacklevel=4
        )
    size = pixel_size or _told_size(path, within)
    if size is None:
        raise InputError(
            f"{path}: is in pixels of the camera, and neither it nor a .yaml beside it tells their size; give"
            " the pixel size, nanometres."
        )
    found[["x", "y"]] = found[["x", "y"]].astype(float) * size  # z is in nanometres
    return _flat_if_2d(path, _with_frames(path, found))


def _told_size(path: Path, within: Any) -> float | None:
    """The pixel size, nm, that Picasso writes into a table or into the .yaml beside it."""
    import yaml

    beside = path.with_suffix(".yaml")
    if within is None and not beside.is_file():
        return None
    name = path.name if within is not None else beside.name
    try:
        text = within if within is not None else beside.read_bytes()
        text = text.decode("utf-8") if isinstance(text, bytes) else str(text)
        told = [part for part in yaml.safe_load_all(text) if part]  # JSON is YAML
        parts = [p for part in told for p in (part if isinstance(part, list) else [part])]
        sizes = {float(p["Pixelsize"]) for p in parts if isinstance(p, dict) and p.get("Pixelsize")}
    except (yaml.YAMLError, UnicodeDecodeError, TypeError, ValueError):
        raise InputError(f"{path}: the pixel size in {name} cannot be read; give it, nanometres.") from None
    if len(sizes) != 1 or not 0 < min(sizes) < float("inf"):
        return None
    (size,) = sizes
    warnings.warn(f"{path}: {size:g} nm a pixel, from {name}.", stacklevel=5)
    return size


def _axes(names: list[str]) -> dict[str, tuple[int, str | None]]:
    """Column and unit of each axis; of several columns of one the one in nm, um, pixels, or bare."""
    order = [*UNITS, *PIXELS, None]
    found: dict[str, tuple[int, str | None]] = {}
    for k, name in enumerate(names):
        if (m := _AXIS.fullmatch(name)) and (
            m[1] not in found or order.index(m[2]) < order.index(found[m[1]][1])
        ):
            found[m[1]] = k, m[2]
    return found


def _lines_before(text: str) -> int:
    """Empty lines above the headings."""
    return len(text) and next((k for k, line in enumerate(text.splitlines()) if line.strip()), 0)


def _numbers(path: Path, column: pd.Series, name: str, *, commas: bool = False) -> pd.Series:
    """Finite numbers of one column; `commas`: they part no columns, so they may mark decimals."""
    import numpy as np
    import pandas as pd

    values = pd.to_numeric(column, errors="coerce").astype(float)
    if column.dtype == bool or any(isinstance(cell, bool) for cell in column):
        raise InputError(f"{path}: {name}: holds true and false; expected numbers.")
    marked = not np.isfinite(values).all() and any("," in str(cell) for cell in column)
    said = " Is a comma the decimal point? Write a point." if marked else ""
    if said and commas:
        points = pd.Series([str(cell).replace(",", ".") for cell in column], index=column.index)
        values = pd.to_numeric(points, errors="coerce").astype(float)
        warnings.warn(f"{path}: commas are read as decimal points.", stacklevel=6)
    if bad := int((~np.isfinite(values)).sum()):
        said = said or " Leave these rows out, and say so."
        raise InputError(f"{path}: {name}: {bad} of {len(values)} values are no finite numbers.{said}")
    if name != "frame" and (far := values.abs().max()) > _FAR:
        raise InputError(f"{path}: {name}: holds {far:g}; expected a place in a field of view.")
    return values


def _nanometres(
    path: Path, axis: str, told: str | None, units: str | None, pixel_size: float | None
) -> float:
    """Nanometres a unit of one column."""
    unit = "px" if told in PIXELS else "um" if told and UNITS[told] == 1000 else told and "nm"
    if unit and units and unit != units:
        warnings.warn(f"{path}: {axis} is in {unit} by its heading, whatever units say.", stacklevel=5)
    unit = unit or units
    if unit is None:
        raise InputError(
            f"{path}: the heading of {axis} names no unit; give the units: nm, um or px, with the pixel size."
        )
    if unit == "px":
        if axis == "z":
            raise InputError(f"{path}: z is not in pixels of the camera; write its unit, z [nm] or z [um].")
        if pixel_size is None:
            raise InputError(f"{path}: {axis} is in pixels; give the pixel size, nanometres.")
        return pixel_size
    return UNITS[unit]


def _with_frames(path: Path, found: pd.DataFrame) -> pd.DataFrame:
    if (found["frame"] % 1 != 0).any() or (found["frame"].abs() >= 2**53).any():
        raise InputError(f"{path}: frame: holds numbers that are no frames; expected 0, 1, 2, ...")
    return found.astype({"frame": "int64"})


def _flat_if_2d(path: Path, found: pd.DataFrame) -> pd.DataFrame:
    """Leave out a z that says nothing: many programs write 0 for all."""
    if "z" in found and len(found) > 1 and found["z"].nunique() == 1:
        warnings.warn(f"{path}: all z are {found['z'].iloc[0]:g}; taken for 2D.", stacklevel=5)
        return found.drop(columns="z")
    return found
