"""cryoDRGN: its input files, its program started so that it repeats itself, and what it wrote read safely.

``python -m scopecheck.tools.cryodrgn train_vae ...`` is ``cryodrgn train_vae ...``: the words go to
cryoDRGN's own command line as they are. Before that one thread is set, torchvision is made importable where
its library does not fit (`torchvision_shim`), and TensorFlow, which umap alone asks for, is left out.
cryoDRGN's output holds Python pickles; they are read here by an unpickler that builds arrays alone.

Source of the method: Zhong et al. 2021, Nature Methods 18:176-185, https://doi.org/10.1038/s41592-020-01049-4
"""

import argparse
import contextlib
import logging
import os
import pickle
import re
import sys
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from scopecheck.errors import DataError, InputError
from scopecheck.tools import torchvision_shim
from scopecheck.tools.common import limit_threads
from scopecheck.unpickling import load_arrays

_EPOCH = re.compile(
    r"Epoch: (\d+) Average gen loss = ([-+.\deE]+), KLD = ([-+.\deE]+), total loss = ([-+.\deE]+)"
)


def write_inputs(
    folder: str | Path,
    images: npt.ArrayLike,
    rotations: npt.ArrayLike,
    shifts: npt.ArrayLike,
    ctfs: Sequence[Any],
    pixel_size: float,
) -> tuple[Path, Path, Path]:
    """Write particles, poses and CTF parameters as cryoDRGN reads them.

    Parameters
    ----------
    folder : str or Path
        Made if it is not there; files of the same names are replaced.
    images : array_like, shape (N, D, D)
        Particles, D even; written as they are. cryoDRGN turns their sign unless it is told
        ``--uninvert-data``: give that when the protein is dark.
    rotations : array_like, shape (N, 3, 3)
        In cryoDRGN's convention: ``grid @ R`` are the Fourier coordinates of a slice.
    shifts : array_like, shape (N, 2)
        Displacement (x, y) of each particle from the centre of its image, px.
    ctfs : sequence of acquire.cryoem.CTF, length N
        Defocus in Angstrom (positive is underfocus), degrees, kV, mm. A B-factor has no place in the file and
        is left out: cryoDRGN then knows no envelope.
    pixel_size : float
        Angstrom.

    Returns
    -------
    tuple of Path
        ``particles.mrcs``, ``poses.pkl`` (rotations and shifts that centre the image, as a fraction of D) and
        ``ctf.pkl`` (N rows of D, pixel size, defocus U, V, angle, kV, Cs, amplitude contrast, phase shift).

    Raises
    ------
    InputError
        If a shape or a length does not fit, a number is not finite, a matrix is no rotation, or D is odd.

    Notes
    -----
    cryoDRGN 4.3.1 multiplies the fraction by D + 1 instead of D, so it applies a shift that is 1/D too large.
    """
    import mrcfile

    x = np.asarray(images, np.float32)
    r, t = np.asarray(rotations, float), np.asarray(shifts, float)
    if x.ndim != 3 or len(x) == 0 or x.shape[1] != x.shape[2] or x.shape[1] % 2:
        raise InputError(f"images: shape {x.shape}; expected (N, D, D) with an even D, one image or more")
    n, box = x.shape[:2]
    if r.shape != (n, 3, 3) or t.shape != (n, 2) or len(ctfs) != n:
        raise InputError(
            f"{n} images, rotations {r.shape}, shifts {t.shape}, {len(ctfs)} CTFs: expected ({n}, 3, 3),"
            f" ({n}, 2) and {n}"
        )
    if not all(np.isfinite(part).all() for part in (x, r, t)) or not pixel_size > 0:
        raise InputError(
            f"images, rotations and shifts must be finite and pixel_size positive, not {pixel_size}"
        )
    if not np.allclose(r @ r.transpose(0, 2, 1), np.eye(3), atol=1e-4) or (np.linalg.det(r) < 0).any():
        raise InputError("rotations: not all are rotations (orthonormal, determinant +1)")
    if np.abs(t).max() >= box:
        raise InputError(
            f"shifts: up to {np.abs(t).max():.1f} px in a box of {box}; expected pixels of that box"
        )
    names = ("defocus_u", "defocus_v", "angle", "voltage", "cs", "amplitude_contrast", "phase_shift")
    table = np.array([[box, pixel_size, *(_number(ctf, name) for name in names)] for ctf in ctfs], np.float32)
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    paths = folder / "particles.mrcs", folder / "poses.pkl", folder / "ctf.pkl"
    with mrcfile.new(paths[0], data=x, overwrite=True) as mrc:
        mrc.set_image_stack()
        mrc.voxel_size = pixel_size
    paths[1].write_bytes(pickle.dumps((r.astype(np.float32), (-t / box).astype(np.float32)), protocol=4))
    paths[2].write_bytes(pickle.dumps(table, protocol=4))
    return paths


def backproject(
    folder: str | Path,
    images: npt.ArrayLike,
    rotations: npt.ArrayLike,
    shifts: npt.ArrayLike,
    ctfs: Sequence[Any],
    pixel_size: float,
    options: Sequence[str] = ("--uninvert-data", "--no-fsc-vals"),
) -> tuple[npt.NDArray, npt.NDArray, npt.NDArray]:
    """Make a map from particles with known poses by ``cryodrgn backproject_voxel``, in this process.

    Every second particle goes into each half map, so the order of the stack decides who is in which.

    Parameters
    ----------
    folder : str or Path
        For its files; made if it is not there. ``maps`` in it holds what the command wrote.
    images, rotations, shifts, ctfs, pixel_size
        As `write_inputs`.
    options : sequence of str
        Of its command line. The default is for dark protein, and leaves its own FSC out.

    Returns
    -------
    half_a, half_b, whole : array, (D, D, D), float32
        The two half maps, and the map of all particles.

    Raises
    ------
    InputError
        As `write_inputs`.
    DataError
        If cryoDRGN is not installed.
    """
    import mrcfile

    limit_threads(1)
    torchvision_shim.prepare()
    try:
        from cryodrgn.commands import backproject_voxel
    except ImportError as err:
        raise DataError(f"cryoDRGN cannot be loaded ({err}); install the package cryodrgn") from err
    stack, poses, ctf = write_inputs(folder, images, rotations, shifts, ctfs, pixel_size)
    out = Path(folder) / "maps"
    parser = argparse.ArgumentParser()
    backproject_voxel.add_args(parser)
    words = [str(stack), "--poses", str(poses), "--ctf", str(ctf), "-o", str(out), *options]
    silenced = logging.root.manager.disable
    logging.disable(logging.WARNING)  # a line a hundred particles
    try:
        with contextlib.redirect_stdout(None):
            backproject_voxel.main(parser.parse_args(words))
    finally:
        logging.disable(silenced)
    a, b, whole = (mrcfile.read(out / f"{name}.mrc") for name in ("half_map_a", "half_map_b", "backproject"))
    return a, b, whole


def _number(ctf: Any, name: str) -> float:
    value = getattr(ctf, name)
    if value is None and name == "defocus_v":
        value = ctf.defocus_u
    if value is None or not np.isfinite(value):
        raise InputError(f"ctfs: {name} is {value}; expected a number")
    return float(value)


def read_latent(folder: str | Path, epoch: int | None = None) -> npt.NDArray[np.float32]:
    """Read the latent coordinates of a training run.

    Parameters
    ----------
    folder : str or Path
        What ``train_vae`` was given as ``-o``.
    epoch : int, optional
        An epoch that was kept (``z.<epoch>.pkl``); the end of the run when not given.

    Returns
    -------
    ndarray, shape (N, zdim), float32
        The mean of each particle's posterior, in the order of the stack.

    Raises
    ------
    DataError
        If there is no such file, or it holds anything but arrays of that shape.
    """
    path = Path(folder) / ("z.pkl" if epoch is None else f"z.{epoch}.pkl")
    if not path.is_file():
        raise DataError(f"{path}: no such file; did train_vae come to its end? Its messages are in run.log")
    try:
        parts = load_arrays(path.read_bytes())
    except pickle.UnpicklingError as err:
        raise DataError(f"{path}: not a latent file of cryoDRGN ({err}); nothing in it was run") from err
    latent = parts[0] if len(parts) == 1 else None
    if not isinstance(latent, np.ndarray) or latent.ndim != 2 or latent.dtype.kind != "f":
        raise DataError(f"{path}: holds something else than an array (particles, zdim) of decimal numbers")
    return latent


def read_losses(folder: str | Path) -> pd.DataFrame:
    """Read the losses of every epoch from a training run's ``run.log``.

    Parameters
    ----------
    folder : str or Path
        What ``train_vae`` was given as ``-o``.

    Returns
    -------
    DataFrame
        Columns epoch, reconstruction (mean squared error, data in units of their s.d.), kld (nats), total.

    Raises
    ------
    DataError
        If there is no log or no finished epoch in it.
    """
    path = Path(folder) / "run.log"
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    rows = [(int(e), float(g), float(k), float(t)) for e, g, k, t in _EPOCH.findall(text)]
    if not rows:
        raise DataError(f"{path}: no finished epoch of train_vae in it; expected one line an epoch")
    table = pd.DataFrame(rows, columns=["epoch", "reconstruction", "kld", "total"])
    return table.drop_duplicates("epoch", keep="last", ignore_index=True)


@dataclass(frozen=True, eq=False)
class Training:
    """What is kept of a training run.

    Attributes
    ----------
    latent : ndarray, shape (N, zdim), float32
        At the end of the run.
    kept : list of ndarray
        The same after each epoch whose file is there, in order.
    losses : DataFrame
        As `read_losses`.
    """

    latent: npt.NDArray[np.float32]
    kept: list[npt.NDArray[np.float32]]
    losses: pd.DataFrame


def read_training(folder: str | Path) -> Training:
    """Read latent coordinates and losses of a training run.

    Parameters
    ----------
    folder : str or Path
        What ``train_vae`` was given as ``-o``.

    Raises
    ------
    DataError
        As `read_latent` and `read_losses`.
    """
    latent, losses = read_latent(folder), read_losses(folder)
    epochs = [e for e in losses["epoch"] if (Path(folder) / f"z.{e}.pkl").is_file()]
    return Training(latent, [read_latent(folder, e) for e in epochs], losses)


def prepare() -> None:
    """Make cryoDRGN importable, repeatable and quiet; call it before anything of it is imported.

    One thread, torchvision where its library does not fit, no TensorFlow, which umap would load for a network
    that cryoDRGN never asks for, and no warnings of its libraries.
    """
    os.environ |= {
        name: "1" for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS")
    }  # two add up in another order
    limit_threads(1)
    torchvision_shim.prepare()
    for category in (FutureWarning, UserWarning, DeprecationWarning):  # of umap, TensorFlow and torch.cuda
        warnings.simplefilter("ignore", category)
    sys.modules.setdefault("tensorflow", None)  # type: ignore[arg-type]


def main() -> None:
    """Run cryoDRGN's own command line, ``cryodrgn``, with the words this process was given."""
    prepare()
    from cryodrgn.command_line import main_commands

    sys.argv[0] = "cryodrgn"
    main_commands()


if __name__ == "__main__":
    main()
