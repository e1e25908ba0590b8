"""Which emitter each row of a table of known emitters is of, where the table says so."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from scopecheck.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

_NAMES = ("emitter", "emitter_id", "emitter id")
_HDF5 = b"\x89HDF\r\n\x1a\n"


def emitter_ids(path: str | Path) -> NDArray | None:
    """Read the emitter of each row, in the order in which `read_localisations` gives the rows.

    Parameters
    ----------
    path : str or Path
        A table that `read_localisations` reads: CSV or text with a column ``emitter``, or DECODE's HDF5 with
        ``data/id`` of 0 or above. ThunderSTORM's ``id`` numbers rows and is none.

    Returns
    -------
    (n,) int64, or None
        None where the table tells no emitter.

    Raises
    ------
    InputError
        If the column is there and holds no whole numbers.
    """
    import numpy as np
    import pandas as pd

    path = Path(path)
    with path.open("rb") as handle:
        hdf5 = handle.read(8) == _HDF5
    if hdf5:
        import h5py

        with h5py.File(path, "r") as file:
            ids = file.get("data/id")
            told = np.asarray(ids[:]) if isinstance(ids, h5py.Dataset) and ids.ndim == 1 else None
        return told.astype(np.int64) if told is not None and len(told) and told.min() >= 0 else None
    with path.open(encoding="utf-8-sig", errors="replace") as text:
        first = next((line for line in text if line.strip()), "")
    mark = max(",;\t", key=first.count)
    names = [cell.strip().strip("\"'").strip().lower() for cell in first.split(mark)]
    place = next((names.index(name) for name in _NAMES if name in names), None)
    if place is None:
        return None
    column = pd.read_csv(path, sep=mark, usecols=[place], encoding="utf-8-sig", encoding_errors="replace")
    numbers = pd.to_numeric(column.iloc[:, 0], errors="coerce")
    if numbers.isna().any() or (numbers % 1 != 0).any():
        raise InputError(
            f"{path}: {names[place]}: holds values that are no whole numbers; expected one number an emitter."
        )
    return numbers.to_numpy(np.int64)
