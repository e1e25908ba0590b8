"""Files that their readers take although something of them is missing, or cannot be told from labels."""

from __future__ import annotations

import zlib
from pathlib import Path

from scopecheck.data.read.formats import damaged
from scopecheck.errors import InputError

START = b"\x89PNG\r\n\x1a\n"
PIECE = 2**20  # bytes
LARGEST = 2**31  # bytes of rows; Pillow refuses what is far smaller
SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # a pixel, by the kind of colour
ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def whole(path: Path) -> Path:
    """The path, once nothing is known to be missing in what it holds; other faults are the reader's to find.

    Raises
    ------
    InputError
        A PNG that lacks its last part or some of its rows, which Pillow takes for black; a NPY of numbers
        longer than 64 bits.
    """
    kind = path.suffix.lower()
    if kind == ".png" and path.is_file():
        _whole_png(path)
    if kind == ".npy" and path.is_file():
        _plain_npy(path)
    return path


def _whole_png(path: Path) -> None:
    try:
        content = path.read_bytes()
    except OSError:
        return  # its reader says so
    if not content.startswith(START):
        return
    head, parts, at, ended = b"", [], len(START), False
    while not ended and at + 12 <= len(content):
        length, kind = int.from_bytes(content[at : at + 4], "big"), content[at + 4 : at + 8]
        body = content[at + 8 : at + 8 + length]
        if kind == b"IHDR":
            head = body
        if kind == b"IDAT":
            parts.append(body)
        ended, at = kind == b"IEND", at + 12 + length
    if not ended:
        raise damaged(path, "it ends before its last part")
    if len(head) < 13 or head[9] not in SAMPLES:
        return
    needed = _length(head)
    try:
        if needed <= LARGEST and not _holds(b"".join(parts), needed):
            raise damaged(path, "it holds too few pixels")
    except zlib.error:
        return  # Pillow says so


def _holds(packed: bytes, needed: int) -> bool:
    """Whether so many bytes come out; unpacked by pieces, so that no file fills the memory."""
    stream, held = zlib.decompressobj(), 0
    while held < needed:
        piece = stream.decompress(packed, PIECE)
        if not piece:
            return False
        held, packed = held + len(piece), stream.unconsumed_tail
    return True


def _length(head: bytes) -> int:
    """Bytes of all rows, each with the number of its filter before it."""
    width, height = int.from_bytes(head[:4], "big"), int.from_bytes(head[4:8], "big")
    bits = head[8] * SAMPLES[head[9]]
    total = 0
    for x, y, dx, dy in ADAM7 if head[12] else [(0, 0, 1, 1)]:
        columns, rows = -(-(width - x) // dx), -(-(height - y) // dy)
        if columns > 0 and rows > 0:
            total += rows * (1 + -(-columns * bits // 8))
    return total


def _plain_npy(path: Path) -> None:
    from numpy.lib import format as npy

    try:
        with path.open("rb") as file:
            major = npy.read_magic(file)[0]
            dtype = (npy.read_array_header_1_0 if major == 1 else npy.read_array_header_2_0)(file)[2]
    except (ValueError, EOFError, OSError):
        return  # numpy says so
    if dtype.kind in "fc" and dtype.itemsize > 8 * (1 + (dtype.kind == "c")):
        raise InputError(
            f"{path}: values are {dtype}; expected numbers of at most 64 bits. Save .astype('float64')."
        )
