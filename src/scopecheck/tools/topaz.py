"""Topaz: what a user should not have to know to run its command line so that it starts, repeats and is safe.

The command line stays Topaz's own: :func:`command` stands where ``topaz`` stands in its documentation. The
process it starts declares the operators that torchvision misses, fixes threads and seed (``topaz normalize``
fits its mixture to a random sample of pixels), and opens weights as tensors only.

Source of the method: Bepler et al. 2019, Nature Methods, https://doi.org/10.1038/s41592-019-0575-8
"""

import ctypes
import os
import subprocess
import sys
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from scopecheck.errors import DataError, InputError
from scopecheck.tools.common import limit_threads, seed_everything
from scopecheck.tools.torchvision_shim import prepare

# What ``topaz extract -m`` takes, and the file in its package; the command's default is resnet16.
DETECTORS = {
    "resnet16": "resnet16_u64.sav",
    "resnet16_u64": "resnet16_u64.sav",
    "resnet16_u32": "resnet16_u32.sav",
    "resnet8": "resnet8_u64.sav",
    "resnet8_u64": "resnet8_u64.sav",
    "resnet8_u32": "resnet8_u32.sav",
}


def command(*, seed: int = 0, threads: int = 1) -> list[str]:
    """Give the words that stand for ``topaz`` in a command line.

    Parameters
    ----------
    seed : int
        From 0 to 2**32 - 1. ``topaz normalize`` draws the pixels it fits from NumPy's global generator.
    threads : int
        Threads of the process; at least 1.

    Returns
    -------
    list of str
        For ``subprocess.run([*command(), "extract", ...])``.

    Raises
    ------
    InputError
        If the seed is outside its range or there is less than one thread.
    DataError
        If Topaz is not installed.
    """
    if not 0 <= seed < 2**32 or threads < 1:
        raise InputError(f"seed {seed} and threads {threads}: expected 0 to 2**32 - 1, and 1 or more")
    if find_spec("topaz") is None:
        raise DataError("Topaz is not installed; install the package topaz-em")
    return [sys.executable, "-m", "scopecheck.tools.topaz", str(seed), str(threads)]


def run(*words: object, seed: int = 0, threads: int = 1) -> str:
    """Run ``topaz`` with these words to its end, and give what it printed.

    Parameters
    ----------
    *words : str, Path or number
        As on its command line, e.g. ``"normalize", "-o", folder, *files``.
    seed, threads : int
        As `command`.

    Raises
    ------
    InputError
        As `command`.
    DataError
        If Topaz is not installed or stops with an error; its last words are in the message.
    """
    told = [*command(seed=seed, threads=threads), *map(str, words)]
    ended = subprocess.run(
        told, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, errors="replace"
    )
    if ended.returncode:
        last = " / ".join(line.strip() for line in ended.stdout.splitlines()[-3:] if line.strip())
        raise DataError(
            f"topaz {' '.join(map(str, words[:1]))} stopped with status {ended.returncode}: {last}"
        )
    return ended.stdout


def weights(detector: str = "resnet16") -> Path:
    """Give the file of one of the detectors that come with Topaz, for its hash.

    Raises
    ------
    InputError
        If there is no detector of that name.
    DataError
        If Topaz, or the file in it, is missing.
    """
    if detector not in DETECTORS:
        raise InputError(f"{detector!r}: Topaz has no detector of that name; expected one of {[*DETECTORS]}")
    found = find_spec("topaz")
    if found is None or not found.submodule_search_locations:
        raise DataError("Topaz is not installed; install the package topaz-em")
    path = Path(next(iter(found.submodule_search_locations)), "pretrained/detector", DETECTORS[detector])
    if not path.is_file():
        raise DataError(f"{path}: the detector is missing; install topaz-em again")
    return path


def main(arguments: list[str]) -> Any:
    """Run ``topaz`` with the words after seed and threads; called by the process of :func:`command`."""
    seed, threads, *words = arguments
    os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS"), threads)
    limit_threads(int(threads))
    _keep_memory()
    prepare()
    import torch

    torch.set_num_threads(int(threads))
    seed_everything(int(seed))
    # Topaz opens every model file with full unpickling, which can run code of whoever made the file.
    torch.load = partial(_load_tensors, torch.load)
    sys.argv = ["topaz", *words]
    from topaz.main import main as topaz

    return topaz()


def _keep_memory() -> None:
    """Ask glibc to keep freed memory: handing it back after every layer takes a third of the time here."""
    libc: Any = ctypes.CDLL(None) if sys.platform == "linux" else None
    if hasattr(libc, "mallopt"):
        libc.mallopt(-4, 0)  # M_MMAP_MAX: large blocks from the heap
        libc.mallopt(-1, 2**31 - 1)  # M_TRIM_THRESHOLD: and kept there


def _load_tensors(load: Any, file: Any, *args: Any, **options: Any) -> Any:
    from pickle import UnpicklingError

    try:
        return load(file, *args, **options | {"weights_only": True})
    except UnpicklingError as err:
        raise SystemExit(
            f"{getattr(file, 'name', file)}: this model file holds more than tensors; opening it could run"
            f" code of whoever made it. Use one of Topaz's own detectors: {', '.join(DETECTORS)}"
        ) from err


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
