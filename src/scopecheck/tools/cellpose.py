"""The original 2020 Cellpose weights, read from their MXNet file and run by today's Cellpose 3.

The first release kept its network as an MXNet parameter file. MXNet is no longer maintained, so the file is
read here directly: a header, then one dense float32 array after another, then their names. Every length is
checked against the bytes that are left; nothing in the file is executed.

Source of the method: Stringer et al. 2021, Nature Methods 18:100-106, https://doi.org/10.1038/s41592-020-01018-x
"""

import struct
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from scopecheck.errors import InputError

if TYPE_CHECKING:
    from cellpose.models import CellposeModel

_LIST_MAGIC = 0x112
_ARRAY_MAGIC = 0xF993FAC9
_FLOAT32 = 0
_MAX_DIMS = 8
_PARTS = {
    "gamma": "weight",
    "beta": "bias",
    "running_mean": "running_mean",
    "running_var": "running_var",
    "weight": "weight",
    "bias": "bias",
}


class _Reader:
    """Little-endian reads that never pass the end of the file."""

    def __init__(self, path: Path):
        self.path = path
        self.data = path.read_bytes()
        self.at = 0

    def fail(self, what: str) -> InputError:
        return InputError(
            f"{self.path}: {what} at byte {self.at:,} of {len(self.data):,}; expected the dense float32 MXNet"
            " parameter file of Cellpose 0.0.1. Fetch it again: this is cut short, damaged or another file."
        )

    def take(self, n: int, what: str) -> bytes:
        if n > len(self.data) - self.at:
            raise self.fail(f"the file ends inside {what} ({n:,} bytes needed)")
        piece = self.data[self.at : self.at + n]
        self.at += n
        return piece

    def unpack(self, layout: str, what: str) -> tuple:
        return struct.unpack("<" + layout, self.take(struct.calcsize("<" + layout), what))


def read_mxnet(path: str | Path) -> dict[str, np.ndarray]:
    """Read a list of named, dense float32 arrays as MXNet's ``save_parameters`` wrote them.

    Parameters
    ----------
    path : str or Path
        The parameter file.

    Returns
    -------
    dict of str to ndarray
        Name to float32 array, in the file's order.

    Raises
    ------
    InputError
        The file is missing, cut short or too long, or holds anything but finite dense float32 arrays.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: no such file; expected the MXNet parameter file of Cellpose 0.0.1.")
    read = _Reader(path)
    if (magic := read.unpack("Q", "the header")[0]) != _LIST_MAGIC:
        raise read.fail(f"the first number is {magic:#x}, not {_LIST_MAGIC:#x}")
    read.unpack("Q", "the header")
    (n_arrays,) = read.unpack("Q", "the number of arrays")
    if n_arrays > len(read.data) // 24:
        raise read.fail(f"{n_arrays:,} arrays are announced, more than the file can hold")
    arrays = [_array(read, i) for i in range(n_arrays)]
    (n_names,) = read.unpack("Q", "the number of names")
    if n_names != n_arrays:
        raise read.fail(f"{n_names:,} names for {n_arrays:,} arrays")
    names = []
    for i in range(n_names):
        (length,) = read.unpack("Q", f"the length of name {i}")
        raw = read.take(length, f"name {i}")
        if not raw.isascii():
            raise read.fail(f"name {i} is not plain text")
        names.append(raw.decode("ascii"))
    if read.at != len(read.data):
        raise read.fail(f"{len(read.data) - read.at:,} bytes are left over")
    if len(set(names)) != len(names):
        raise read.fail("two arrays have the same name")
    return dict(zip(names, arrays, strict=True))


def _array(read: _Reader, i: int) -> np.ndarray:
    what = f"array {i}"
    magic, storage = read.unpack("Ii", what)
    if magic != _ARRAY_MAGIC or storage != 0:
        raise read.fail(f"{what} is not a dense array (magic {magic:#x}, storage {storage})")
    (ndim,) = read.unpack("I", what)
    if not 1 <= ndim <= _MAX_DIMS:
        raise read.fail(f"{what} has {ndim} dimensions")
    shape = read.unpack(f"{ndim}q", what)
    _device, _index, kind = read.unpack("iii", what)
    if kind != _FLOAT32:
        raise read.fail(f"{what} has number type {kind}, not float32")
    if min(shape) < 1:
        raise read.fail(f"{what} has shape {shape}")
    size = 4
    for length in shape:
        size *= length  # Python integers do not overflow
    values = np.frombuffer(read.take(size, what), dtype="<f4").reshape(shape)
    if not np.isfinite(values).all():
        raise read.fail(f"{what} holds NaN or infinity")
    return values.astype(np.float32)


def torch_name(name: str) -> str:
    """Give the name Cellpose 3 uses for a parameter of the 2020 network.

    Parameters
    ----------
    name : str
        For example ``downsample.down.0.conv.1.0.gamma``.

    Returns
    -------
    str
        For example ``downsample.down.res_down_0.conv.conv_1.0.weight``.

    Raises
    ------
    InputError
        The name is none of the 2020 network's.
    """
    parts = name.split(".")
    if parts[-1] not in _PARTS or parts[0] not in ("downsample", "upsample", "output"):
        raise InputError(
            f"{name!r} is not a parameter of the 2020 Cellpose network; is this another model's file?"
        )
    parts[-1] = _PARTS[parts[-1]]
    if parts[0] != "output":
        if len(parts) < 6:
            raise InputError(f"{name!r} is too short for a parameter of the 2020 Cellpose network.")
        parts[2] = ("res_down_" if parts[0] == "downsample" else "res_up_") + parts[2]
        if parts[3] == "conv":
            parts[4] = "conv_" + parts[4]
    return ".".join(parts)


def _remembering(run: Callable[..., tuple[np.ndarray, ...]]) -> Callable[..., tuple[np.ndarray, ...]]:
    """The same function of an image, which answers from memory when image and settings come again."""
    seen: dict[Any, tuple[np.ndarray, ...]] = {}

    def answer(image: np.ndarray, **settings: Any) -> tuple[np.ndarray, ...]:
        pixels = sha256(image.tobytes()).digest()
        key = (pixels, image.shape, image.dtype.str, tuple(sorted(settings.items())))
        if key not in seen:
            seen[key] = run(image, **settings)
        return tuple(part.copy() for part in seen[key])

    return answer


def load_cyto_2020(
    weights_path: str | Path, *, diam_mean: float = 30.0, remember: bool = False
) -> "CellposeModel":
    """Build the Cellpose model with the weights its authors published in 2020.

    It is one network, the first of the four that the 2020 release averaged. Masks are made by the installed
    Cellpose 3, so flows are followed and filtered as that version does.

    Parameters
    ----------
    weights_path : str or Path
        The file ``cyto_0`` of Cellpose 0.0.1.6.
    diam_mean : float
        Diameter in pixels to which objects are scaled before the network sees them. The 2020 release wrote
        27, meaning the square root of the area; that is a diameter of 30 px, the number Cellpose 3 uses.
    remember : bool
        Keep what the network gave for every image (12 bytes a pixel), so that an image that comes again, for
        other masks or another threshold, costs its masks alone. The answers are the same.

    Returns
    -------
    cellpose.models.CellposeModel
        On the CPU; call its own ``eval(image, diameter=..., channels=[0, 0])``.

    Raises
    ------
    InputError
        The file cannot be read, or its arrays are not those of the 2020 network.
    """
    import torch
    from cellpose.models import CellposeModel
    from cellpose.resnet_torch import CPnet

    arrays = {torch_name(name): array for name, array in read_mxnet(weights_path).items()}
    # mkldnn off: with it the first eval replaces the layers, and a later training step crashes.
    model = CellposeModel(gpu=False, pretrained_model=False, mkldnn=False, diam_mean=diam_mean)
    model.net = CPnet([2, 32, 64, 128, 256], 3, sz=3, mkldnn=False, diam_mean=diam_mean)
    not_stored = ("diam_mean", "diam_labels", "num_batches_tracked")
    wanted = {k: tuple(v.shape) for k, v in model.net.state_dict().items() if not k.endswith(not_stored)}
    found = {k: v.shape for k, v in arrays.items()}
    wrong = sorted(k for k in wanted.keys() | found.keys() if wanted.get(k) != found.get(k))
    if wrong:
        first = wrong[0]
        raise InputError(
            f"{weights_path}: {len(wrong)} arrays do not fit the 2020 Cellpose network, first {first}: shape "
            f"{found.get(first, 'missing')}, expected {wanted.get(first, 'no such array')}."
        )
    model.net.load_state_dict({k: torch.from_numpy(v) for k, v in arrays.items()}, strict=False)
    model.net.eval()
    model.pretrained_model = str(weights_path)
    model.diam_mean = model.diam_labels = diam_mean
    if remember:
        model._run_net = _remembering(model._run_net)
    return model
