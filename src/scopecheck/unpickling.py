"""Arrays read out of a Python pickle without running anything that its author wrote.

A pickle is a program: opening one the usual way runs it. cryoDRGN keeps poses, CTF and latent coordinates in
pickles, so they are read here by an unpickler that knows the few names an array of numbers needs and builds
the array by code of this file. numpy's own names are never handed out either: called with forged arguments,
they write wherever they like.
"""

import io
import pickle
import re
from typing import Any

import numpy as np
import numpy.typing as npt


def load_arrays(content: bytes) -> list[Any]:
    """Read the first pickle of a file.

    Parameters
    ----------
    content : bytes
        Of any pickle protocol; what follows the first pickle is left alone.

    Returns
    -------
    list
        The parts of the tuple or list that it holds, or the one thing it holds: arrays of whole or decimal
        numbers or truth values in this machine's byte order, beside what a pickle holds without any name
        (numbers, text, and dicts, lists, tuples and sets of these and of arrays).

    Raises
    ------
    pickle.UnpicklingError
        If it asks for any other name, holds an array that contradicts itself, holds one of numpy's names
        outside an array, holds itself or is nested over 100 deep, or is cut short.
    """
    held = _loaded(_ArraysOnly(io.BytesIO(content)))
    return list(held) if isinstance(held, tuple | list) else [held]


def load_dict(content: bytes) -> dict[Any, Any]:
    """Read the one dict that numpy.save wrote, as Cellpose's `_seg.npy` holds it.

    Parameters
    ----------
    content : bytes
        The pickle, which lies behind the header of the .npy file.

    Returns
    -------
    dict
        Of what `load_arrays` reads, and of single numbers of numpy, which come as arrays without axes.

    Raises
    ------
    pickle.UnpicklingError
        As `load_arrays`; also if it holds anything but one dict.
    """
    held = _loaded(_OneObject(io.BytesIO(content)))
    if not isinstance(held, dict):
        raise pickle.UnpicklingError(f"it holds {type(held).__name__}, no dict")
    return held


def _loaded(unpickler: pickle.Unpickler) -> Any:
    try:
        return _unwrapped(unpickler.load(), {})
    except pickle.UnpicklingError:
        raise
    except Exception as error:  # a damaged pickle can raise anything
        raise pickle.UnpicklingError(
            f"it is cut short or damaged ({type(error).__name__}: {error})"
        ) from error


class _Dtype:
    """Stands for numpy.dtype: real numbers of one size, nothing else."""

    def __init__(self, name: object = "", *_: object):
        if not (isinstance(name, str) and re.fullmatch(r"[<>|=]?([iuf][1248]|b1)", name)):
            raise pickle.UnpicklingError(f"it holds an array of kind {name!r}")
        try:
            self.dtype = np.dtype(name)
        except TypeError as error:  # f1 is no number type
            raise pickle.UnpicklingError(f"it holds an array of kind {name!r}") from error

    def __setstate__(self, state: object) -> None:
        order = state[1] if isinstance(state, tuple) and len(state) > 1 else None
        if order not in ("<", ">", "|", "="):
            raise pickle.UnpicklingError(f"it holds an array of byte order {order!r}")
        self.dtype = self.dtype.newbyteorder(order)


class _Array:
    """Stands for an array, made by numpy's `_reconstruct` and its state, or by numpy's `_frombuffer`."""

    def __init__(self, *_: object):
        self.values: npt.NDArray = np.zeros(0)
        self.held: list[Any] = []  # the object of an array that holds one, which only `load_dict` makes

    def __setstate__(self, state: object) -> None:
        if not isinstance(state, tuple) or len(state) != 5:
            raise pickle.UnpicklingError("an array in it is malformed")
        _, shape, kind, fortran, raw = state
        self.fill(raw, kind, shape, "F" if fortran else "C")

    def fill(self, raw: Any, kind: Any, shape: Any, order: Any, axes: Any = None) -> "_Array":
        """Check every part, then copy the bytes into an array."""
        known = isinstance(raw, bytes | bytearray) and isinstance(kind, _Dtype) and isinstance(shape, tuple)
        known = known and kind.dtype != object
        known = known and order in ("C", "F", "K") and all(type(n) is int and n >= 0 for n in shape)
        if order == "K":
            known = known and isinstance(axes, tuple | list) and sorted(axes) == list(range(len(shape)))
        if not known:
            raise pickle.UnpicklingError("an array in it is malformed")
        try:
            values = np.frombuffer(raw, kind.dtype).reshape(shape, order="F" if order == "F" else "C")
        except ValueError as error:
            raise pickle.UnpicklingError(f"an array in it is malformed ({error})") from error
        values = values.transpose(axes) if order == "K" else values
        self.values = values.astype(values.dtype.newbyteorder("="))
        return self


def _refused(*_: object) -> None:
    raise pickle.UnpicklingError("it calls numpy.ndarray")


def _from_buffer(*said: Any) -> _Array:
    return _Array().fill(*said)


def _encoded(text: object, code: object) -> bytes:
    """Bytes as pickle protocols 0 to 2 write them."""
    if not isinstance(text, str) or code != "latin1":
        raise pickle.UnpicklingError("bytes in it are malformed")
    return text.encode("latin1")


def _no_bytes() -> bytes:
    """The empty bytes of protocols 0 to 2; a length, which bytes() would believe, does not fit."""
    return b""


class _AnyDtype(_Dtype):
    """A number type, or that of an array that holds one object."""

    def __init__(self, name: object = "", *_: object):
        if name == "O8":
            self.dtype = np.dtype(object)
        else:
            super().__init__(name)


class _ArrayOrObject(_Array):
    def __setstate__(self, state: object) -> None:
        if isinstance(state, tuple) and len(state) == 5:
            _, shape, kind, _, raw = state
            if isinstance(kind, _AnyDtype) and kind.dtype == object:
                if shape != () or not isinstance(raw, list) or len(raw) != 1:
                    raise pickle.UnpicklingError("it holds an array of kind 'O8' that is not one object")
                self.held = raw
                return
        super().__setstate__(state)


def _scalar(kind: object = None, raw: object = None, *_: object) -> _Array:
    return _Array().fill(raw, kind, (), "C")


# numpy.core is numpy._core since numpy 2; an array's class may be named, as numpy's files do, and not called
_STANDS_FOR = {
    "numpy.dtype": _Dtype,
    "numpy.ndarray": _refused,
    "numpy.multiarray._reconstruct": _Array,
    "numpy.numeric._frombuffer": _from_buffer,
    "_codecs.encode": _encoded,
    "__builtin__.bytes": _no_bytes,
}

_IN_ONE_OBJECT = _STANDS_FOR | {
    "numpy.dtype": _AnyDtype,
    "numpy.multiarray._reconstruct": _ArrayOrObject,
    "numpy.multiarray.scalar": _scalar,
}

_DEEPEST = 100
_OPEN = object()  # marks a container that is being unwrapped: met again, it holds itself


def _unwrapped(part: Any, done: dict[int, Any], depth: int = 0) -> Any:
    """Put arrays in the place of what stands for them; each container once, however often it is named."""
    if isinstance(part, _Array) and not part.held:
        return part.values
    if isinstance(part, _Array):  # as a list of one, so that its depth counts
        return _unwrapped(part.held, done, depth)[0]
    if isinstance(part, _Dtype) or any(
        part is name for table in (_STANDS_FOR, _IN_ONE_OBJECT) for name in table.values()
    ):
        raise pickle.UnpicklingError("it holds a name of numpy outside an array")
    if not isinstance(part, dict | list | tuple | set | frozenset):
        return part
    if done.get(id(part)) is _OPEN or depth == _DEEPEST:
        raise pickle.UnpicklingError(f"it holds itself, or is nested over {_DEEPEST} deep")
    if id(part) not in done:
        done[id(part)] = _OPEN
        if isinstance(part, dict):
            pairs = [[_unwrapped(x, done, depth + 1) for x in pair] for pair in part.items()]
            done[id(part)] = dict(pairs)
        else:
            done[id(part)] = type(part)([_unwrapped(x, done, depth + 1) for x in part])
    return done[id(part)]


class _ArraysOnly(pickle.Unpickler):
    known = _STANDS_FOR

    def find_class(self, module: str, name: str) -> Any:
        asked = re.sub(r"^numpy\._?core\.", "numpy.", f"{module}.{name}")
        if asked not in self.known:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}")
        return self.known[asked]


class _OneObject(_ArraysOnly):
    known = _IN_ONE_OBJECT
