"""Read label and grey images that any tool made, with their pixel size; refuse what is not one."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from scopecheck.data.read.formats import Read, damaged, read_npy, read_png, read_tiff, read_zarr
from scopecheck.errors import InputError

if TYPE_CHECKING:
    import numpy as np

SUFFIXES = (".tif", ".tiff", ".png", ".npy", ".zarr")
_MAGIC = {b"II*\0": ".tif", b"MM\0*": ".tif", b"II+\0": ".tif", b"MM\0+": ".tif"}
_MAGIC |= {b"\x89PNG": ".png", b"\x93NUM": ".npy", b"\xff\xd8\xff": ".jpg", b"PK\x03\x04": ".zip"}


class Picture(NamedTuple):
    """What a file holds.

    Attributes
    ----------
    array : ndarray
        (Y, X) or (Z, Y, X); labels are int32, or int64 where a label needs it; grey values as stored.
    pixel_size : tuple of float or None
        Micrometres along the array's axes; None where the file does not give all of them.
    notes : tuple of str
        How the file was read, where that is not plain; to be told after the file's name.
    """

    array: np.ndarray
    pixel_size: tuple[float, ...] | None
    notes: tuple[str, ...] = ()


def read_unchecked_labels(path: str | Path, *, mask: bool = False, own: bool = False) -> Picture:
    """Read a label image without asking whether its values look like labels; see `data.read_labels`.

    Raises
    ------
    InputError
        If there is no such file, it is empty, damaged, cut short or not what its name says, or does not hold
        whole-number labels of one plane or one stack; without `mask` also for a mask of True and False.
    """
    import numpy as np

    from scopecheck.arrays import label_image

    path = Path(path)
    notes = _spread_notes(path, own)
    array, axes, sizes = _read(path, labels=True, own=own)
    array, size = _spatial(path, array, axes, sizes)
    if (whole := _whole_numbers(path, array)) is not array:
        notes += (f"labels are {array.dtype}, all of them whole, and are taken as whole numbers",)
    array = label_image(whole, str(path), mask=mask)
    high = int(array.max(initial=0))
    return Picture(array.astype(np.int32 if high < 2**31 else np.int64), size, notes)


def _whole_numbers(path: Path, array: np.ndarray) -> np.ndarray:
    """Labels stored as decimal numbers, as integers; refused where one is not whole or is too large.

    From 2 to the power of the mantissa's length on, two labels would be stored as one number.
    """
    import numpy as np

    if array.dtype.kind != "f" or not np.isfinite(array).all():
        return array  # whole already, or refused with the other checks
    said = f"{path}: values are {array.dtype}, expected whole-number labels."
    if (broken := array[array != np.trunc(array)]).size:
        raise InputError(
            f"{said} {broken.size} of {array.size} pixels are not whole, such as {broken[0]:g}. Threshold a"
            " probability map and number its objects; resize labels without interpolation."
        )
    if array.max(initial=0) >= (limit := 2 ** (np.finfo(array.dtype).nmant + 1)):
        raise InputError(
            f"{said} From {limit} on, {array.dtype} stores two labels as one; save them as int32."
        )
    return array.astype(np.int64)


def _spread_notes(path: Path, own: bool) -> tuple[str, ...]:
    from scopecheck.data.read import ome

    if path.suffix.lower() not in (".tif", ".tiff") or not (files := ome.members(path)):
        return ()
    if own:
        read = "of which its own planes alone are read; planes of one stack are not independent acquisitions"
    else:
        read = "which is read whole, as one acquisition"
    return (f"one of {len(files)} OME-TIFF files of one image, {read}",)


def read_image(path: str | Path, *, own: bool = False) -> Picture:
    """Read a grey image: one plane or one stack of one channel, from the formats of `data.read_labels`.

    Parameters
    ----------
    path : str or Path
    own : bool
        As `data.read_labels`.

    Returns
    -------
    Picture

    Raises
    ------
    InputError
        As `data.read_labels`; also for colour, for several channels or times, and for NaN or infinity.
    """
    import numpy as np

    path = Path(path)
    notes = _spread_notes(path, own)
    array, size = _spatial(path, *_read(path, labels=False, own=own))
    if array.dtype.kind not in "iuf":
        raise InputError(
            f"{path}: values are {array.dtype}; expected grey levels as whole or decimal numbers."
        )
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise InputError(
            f"{path}: holds NaN or infinite values; expected a finite grey level in every pixel."
        )
    return Picture(array, size, notes)


def _read(path: Path, labels: bool, own: bool = False) -> Read:
    if not path.exists():
        raise InputError(f"{path}: no such file or folder; expected an image ({', '.join(SUFFIXES)}).")
    if path.is_dir():
        return read_zarr(path, labels)
    suffix = path.suffix.lower()
    if suffix == ".ome":
        raise InputError(f"{path}: describes OME-TIFF files; give one of these, and all of them are read.")
    if suffix not in SUFFIXES:
        named = f"has the suffix {suffix!r}" if suffix else "has no suffix"
        raise InputError(f"{path}: {named}; expected {', '.join(SUFFIXES)}. Save it in one of these formats.")
    try:
        with path.open("rb") as file:
            start = file.read(8)
    except OSError as error:
        raise InputError(f"{path}: cannot be opened ({error.strerror}).") from None
    if not start:
        raise InputError(f"{path}: is empty (0 bytes); expected an image. Write or copy it again.")
    kind = next((kind for magic, kind in _MAGIC.items() if start.startswith(magic)), "another format")
    if kind != {".tiff": ".tif"}.get(suffix, suffix):
        raise InputError(
            f"{path}: is named {suffix} but holds {kind}, or it is damaged; give it the suffix of what it is."
        )
    try:
        return read_tiff(path, own) if kind == ".tif" else {".png": read_png, ".npy": read_npy}[kind](path)
    except InputError:
        raise
    except MemoryError:
        raise InputError(f"{path}: does not fit into memory; cut it into parts.") from None
    except Exception as error:
        if isinstance(error, ImportError) or "imagecodecs" in str(error):  # a codec that is not installed
            raise InputError(
                f"{path}: is compressed in a way that needs the package imagecodecs ({error}), which is not"
                " installed here; type: pip install imagecodecs. Or save it without compression."
            ) from error
        # readers and codecs raise many kinds; every one means that the file cannot be read
        raise damaged(path, error) from error


def _spatial(
    path: Path, array: Any, axes: str, sizes: dict[str, float]
) -> tuple[np.ndarray, tuple[float, ...] | None]:
    """Drop axes of length 1 and refuse all but (Y, X) and (Z, Y, X)."""
    shape = dict(zip(axes, array.shape, strict=False))
    if array.ndim < 2 or "Y" not in axes:
        raise InputError(
            f"{path}: has the shape {array.shape}; expected a plane (Y, X) or a stack (Z, Y, X)."
        )
    if array.size == 0:
        raise InputError(f"{path}: holds no pixels, shape {array.shape}.")
    if "S" in axes and shape["S"] > 1:
        raise InputError(
            f"{path}: is a colour picture, shape {array.shape}; expected one grey level or label per pixel."
            " Save the channel that is meant; planes of a stack are written with photometric='minisblack'."
        )
    keep = [i for i, letter in enumerate(axes) if letter in "YX" or array.shape[i] > 1]
    left = "".join(axes[i] for i in keep)
    array = array.reshape([array.shape[i] for i in keep])
    # pages without a name are taken for planes of a stack
    left = re.sub("^[QI?](?=YX$)", "Z", left)
    if left not in ("YX", "ZYX"):
        listed = ", ".join(f"{letter}={shape[letter]}" for letter in left)
        raise InputError(
            f"{path}: has the axes {listed}; expected a plane (Y, X) or a stack (Z, Y, X)."
            " Save one channel and time."
        )
    known = all(letter in sizes for letter in left)
    return array, tuple(sizes[letter] for letter in left) if known else None
