"""A trained network kept as a file of plain numbers: no pickle, no code of its author.

Filters are kept as float16, which halves the file; the rest (biases, running means and variances, counters)
is small and kept as it is. The network that is judged is the one that was kept: whoever writes a file rounds
the network in hand, too.
"""

import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from scopecheck.errors import DataError

Arrays = dict[str, npt.NDArray]


def rounded(arrays: Mapping[str, npt.NDArray]) -> Arrays:
    """Return float32 arrays of two or more axes as float16, the others as they are."""
    return {k: v.astype(np.float16) if v.dtype == np.float32 and v.ndim > 1 else v for k, v in arrays.items()}


def write(path: str | Path, arrays: Mapping[str, npt.NDArray]) -> Arrays:
    """Write a network's arrays, rounded; return what a reader of the file will get.

    Parameters
    ----------
    path : str or Path
        File to write, ``.npz``; its folder is made. The same arrays always give the same bytes.
    arrays : mapping of str to ndarray
        Numbers by name.

    Returns
    -------
    dict of str to ndarray
        As `read` gives them: float16 turned back into float32.
    """
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, **rounded(arrays))  # type: ignore[arg-type]
    return read(path)


def read(path: str | Path) -> Arrays:
    """Read a network's arrays.

    Parameters
    ----------
    path : str or Path
        A file of `write`.

    Returns
    -------
    dict of str to ndarray
        Numbers by name; float16 comes as float32.

    Raises
    ------
    DataError
        If the file is missing or holds anything but plain arrays.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            found = {name: file[name] for name in file.files}
    except (OSError, ValueError, EOFError, AttributeError, zipfile.BadZipFile, zlib.error) as error:
        raise DataError(f"{path}: not a kept network ({error}); expected an .npz of plain arrays") from None
    return {k: v.astype(np.float32) if v.dtype == np.float16 else v for k, v in found.items()}


def fit(path: str | Path, found: Mapping[str, npt.NDArray], expected: Mapping[str, tuple[int, ...]]) -> None:
    """Refuse arrays that do not belong to the network in hand.

    Parameters
    ----------
    path : str or Path
        Named in the error.
    found : mapping of str to ndarray
        What was read.
    expected : mapping of str to tuple of int
        The network's shapes by name.

    Raises
    ------
    DataError
        If a name or a shape differs; the first one is named.
    """
    have = {name: value.shape for name, value in found.items()}
    for name in [*expected, *have]:
        if have.get(name) != expected.get(name):
            raise DataError(
                f"{path}: {name} is {have.get(name, 'absent')}, this network has"
                f" {expected.get(name, 'none of that name')}; it was kept from another network"
            )
