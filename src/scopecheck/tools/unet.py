"""U-Nets: what a user should not have to know to train one with MONAI or to run one from an ONNX file.

The network, the loss and the call stay the tool's own. Here are the seeds, the threads, the batches and the
cutting of images into pieces of the size that a network takes.
"""

import itertools
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scopecheck.errors import DataError, InputError
from scopecheck.tools import weights
from scopecheck.tools.common import seed_everything


def reproducible(seed: int, *, threads: int = 1) -> None:
    """Make PyTorch repeat itself on this machine: seeds, deterministic algorithms, a fixed thread count.

    Call it before the network is built, so that the first weights are drawn from the seed. Sums over another
    number of threads round differently, hence the fixed number. Another processor may still differ in the
    last digits: compare words, not floats.

    Parameters
    ----------
    seed : int
        Non-negative seed of Python's, NumPy's and PyTorch's generators.
    threads : int
        Threads of PyTorch's operators.
    """
    import torch

    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True)
    seed_everything(seed)


def keep(net: Any, path: str | Path) -> Any:
    """Write a trained PyTorch network to a file of plain numbers, and go on with what was written.

    Parameters
    ----------
    net : torch.nn.Module
        Its filters are rounded in place to what the file holds (float16).
    path : str or Path
        File to write, ``.npz``.

    Returns
    -------
    torch.nn.Module
        The same network, rounded and in evaluation mode.
    """
    weights.write(path, {name: value.detach().numpy() for name, value in net.state_dict().items()})
    return kept(net, path)


def kept(net: Any, path: str | Path) -> Any:
    """Fill a PyTorch network with the numbers that `keep` wrote.

    Parameters
    ----------
    net : torch.nn.Module
        Built as the kept one was; filled in place.
    path : str or Path
        A file of `keep`.

    Returns
    -------
    torch.nn.Module
        The same network, in evaluation mode.

    Raises
    ------
    DataError
        If the file is missing, damaged, or was kept from a network of another make.
    """
    import torch

    found = weights.read(path)
    weights.fit(path, found, {name: tuple(value.shape) for name, value in net.state_dict().items()})
    net.load_state_dict({name: torch.from_numpy(value) for name, value in found.items()})
    return net.eval()


def standardise(image: npt.ArrayLike) -> npt.NDArray[np.float32]:
    """Bring an image to zero mean and unit variance, as both U-Nets here are fed.

    Parameters
    ----------
    image : array_like, shape (Y, X)
        Grey image of any real dtype, finite.

    Returns
    -------
    ndarray, shape (Y, X), float32
        A constant image gives zeros.

    Raises
    ------
    InputError
        If the image is not two-dimensional, is empty, or holds a value that is not finite.
    """
    image = np.asarray(image, dtype=np.float64)
    if image.ndim != 2 or image.size == 0:
        raise InputError(
            f"image of shape {image.shape}: expected one grey plane (Y, X); choose a channel first"
        )
    if not np.isfinite(image).all():
        raise InputError("image holds NaN or infinity: replace these pixels before the network sees them")
    return np.asarray((image - image.mean()) / (image.std() + 1e-6), dtype=np.float32)


def batches(
    images: Sequence[npt.ArrayLike],
    masks: Sequence[npt.ArrayLike],
    *,
    steps: int,
    seed: int,
    size: int = 96,
    batch: int = 8,
) -> Iterator[tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]]:
    """Draw training batches: random crops, turned and mirrored, each image standardised as a whole.

    Parameters
    ----------
    images : sequence of array_like, each (Y, X)
        Grey images, at least ``size`` pixels high and wide.
    masks : sequence of array_like, each (Y, X)
        Foreground (bool) or labels; anything above zero is foreground.
    steps : int
        Number of batches.
    seed : int
        Seed of the crops.
    size, batch : int
        Edge of a crop in pixels; crops a batch.

    Yields
    ------
    tuple of ndarray
        Images and foreground, both (batch, 1, size, size) float32; foreground is 0 or 1.

    Raises
    ------
    InputError
        If the two lists do not match, or an image is smaller than a crop.
    """
    if len(images) != len(masks) or not len(images):
        raise InputError(
            f"{len(images)} images and {len(masks)} masks: expected one mask an image, at least one"
        )
    pairs = []
    for k, (image, mask) in enumerate(zip(images, masks, strict=True)):
        x, y = standardise(image), (np.asarray(mask) > 0).astype(np.float32)
        if x.shape != y.shape or min(x.shape) < size:
            raise InputError(
                f"pair {k}: image {x.shape}, mask {y.shape}: expected equal, at least {size} pixels"
            )
        pairs.append((x, y))
    rng = np.random.default_rng(seed)
    for _ in range(steps):
        crops = []
        for _ in range(batch):
            x, y = pairs[rng.integers(len(pairs))]
            r, c = (rng.integers(n - size + 1) for n in x.shape)
            both = np.rot90(np.stack([x, y])[:, r : r + size, c : c + size], rng.integers(4), axes=(1, 2))
            crops.append(both[:, :, ::-1] if rng.integers(2) else both)
        stack = np.ascontiguousarray(np.stack(crops))
        yield stack[:, :1], stack[:, 1:]


def tiled(
    run: Callable[[npt.NDArray[np.float32]], Any],
    image: npt.ArrayLike,
    *,
    size: int = 512,
    halo: int = 32,
) -> npt.NDArray[np.float32]:
    """Run a network with a fixed input size over an image of any size.

    The image is standardised once, as a whole. An axis shorter than ``size`` is mirrored at its ends; a
    longer one is cut into pieces that overlap by at least two halos, and each pixel is taken from the piece
    in which it lies farther from the edge.

    Parameters
    ----------
    run : callable
        Takes (1, 1, size, size) float32 and gives the same shape (array or detached CPU tensor).
    image : array_like, shape (Y, X)
        Grey image.
    size, halo : int
        Edge of a piece and width of its margin, in pixels; ``size`` > 2 ``halo``.

    Returns
    -------
    ndarray, shape (Y, X), float32
        What ``run`` gives, e.g. the probability of foreground.

    Raises
    ------
    InputError
        If the image is unfit, or ``run`` gives another shape than it was given.
    """
    x = standardise(image)
    short = [max(size - n, 0) for n in x.shape]
    padded = np.pad(x, [(s // 2, s - s // 2) for s in short], mode="symmetric")
    cuts = [_pieces(n, size, halo) for n in padded.shape]
    out = np.empty(padded.shape, np.float32)
    for r, top, bottom in cuts[0]:
        for c, left, right in cuts[1]:
            given = np.asarray(run(np.ascontiguousarray(padded[None, None, r : r + size, c : c + size])))
            if given.shape != (1, 1, size, size):
                raise InputError(f"the network gave {given.shape}: expected (1, 1, {size}, {size})")
            out[top:bottom, left:right] = given[0, 0, top - r : bottom - r, left - c : right - c]
    return out[short[0] // 2 : short[0] // 2 + x.shape[0], short[1] // 2 : short[1] // 2 + x.shape[1]]


def _pieces(n: int, size: int, halo: int) -> list[tuple[int, int, int]]:
    """Start of each piece along one axis, and the span of pixels that is taken from it."""
    k = max(int(np.ceil((n - 2 * halo) / (size - 2 * halo))), 1)
    starts = [int(s) for s in np.linspace(0, n - size, k).round()]
    middle = [(a + size + b) // 2 for a, b in itertools.pairwise(starts)]
    return list(zip(starts, [0, *middle], [*middle, n], strict=True))


def load_onnx(path: str | Path) -> Any:
    """Open an ONNX file on the CPU with one thread, so that it repeats itself.

    Parameters
    ----------
    path : str or Path
        The weights, e.g. ``weights.onnx`` of a BioImage Model Zoo package. An ONNX file holds a graph and
        numbers; opening it runs no code of its author, unlike a pickled PyTorch file.

    Returns
    -------
    onnxruntime.InferenceSession
        Ready for ``session.run(None, {session.get_inputs()[0].name: x})``.

    Raises
    ------
    DataError
        If the file is missing or is no ONNX model.
    """
    import onnxruntime
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    if not os.path.isfile(path):
        raise DataError(f"{path}: no such file; expected the network's ONNX weights")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except (state.InvalidProtobuf, state.InvalidGraph, state.Fail, state.InvalidArgument) as err:
        raise DataError(
            f"{path}: not a readable ONNX model ({str(err).splitlines()[0]}); fetch it again"
        ) from err
