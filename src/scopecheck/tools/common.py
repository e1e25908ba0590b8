"""Seeds, threads and version records shared by all tools."""

import os
import random
import sys
from collections.abc import Callable, Iterable, Sequence
from importlib import metadata
from typing import TypeVar

import numpy as np

Item = TypeVar("Item")
Done = TypeVar("Done")


def side_by_side(
    run: Callable[[Sequence[Item]], Done], items: Sequence[Item], workers: int = 2
) -> list[tuple[Sequence[Item], Done]]:
    """Run a function that starts a program of its own on every second item and on the rest, at once.

    Parameters
    ----------
    run : callable
        Is given a part of the items.
    items : sequence
        Every second one, and the rest; no empty part is run.
    workers : int
        Threads; 1 runs one part after the other, for programs that need much memory.

    Returns
    -------
    list of (items, result)
        One of each part.
    """
    from concurrent.futures import ThreadPoolExecutor

    parts = [part for part in (items[::2], items[1::2]) if len(part)]
    with ThreadPoolExecutor(workers) as pool:
        return list(zip(parts, pool.map(run, parts), strict=True))


def seed_everything(seed: int) -> None:
    """Seed Python, NumPy and whichever of PyTorch and TensorFlow is already imported.

    Parameters
    ----------
    seed : int
        Non-negative; the same number is given to every generator.
    """
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 - the tools draw from NumPy's global generator
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(seed)
    if sys.modules.get("tensorflow"):  # None where a tool's import of it is kept out
        sys.modules["tensorflow"].random.set_seed(seed)


def limit_threads(n: int = 1) -> None:
    """Let numerical libraries use ``n`` threads; call it before the tool is imported.

    Parameters
    ----------
    n : int
        Threads per process. Values already set in the environment are kept.
    """
    for name in (
        "OMP_NUM_THREADS",
        "MKL_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "NUMBA_NUM_THREADS",
        "TF_NUM_INTRAOP_THREADS",
        "TF_NUM_INTEROP_THREADS",
    ):
        os.environ.setdefault(name, str(n))
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(int(os.environ["OMP_NUM_THREADS"]))


def versions(packages: Iterable[str]) -> dict[str, str]:
    """Give the installed version of each package.

    Parameters
    ----------
    packages : iterable of str
        Distribution names, as the package registry spells them.

    Returns
    -------
    dict of str to str
        Name to version; ``"not installed"`` where there is none.
    """
    found = {}
    for name in packages:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found
