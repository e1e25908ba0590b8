"""Files of which something is missing are refused; whole ones of every kind are not."""

import tracemalloc
import zlib

import numpy as np
import pytest
from PIL import Image

from scopecheck.errors import InputError
from scopecheck.score.whole import START, whole

KINDS = {"1": 1, "L": 8, "P": 8, "I;16": 16, "LA": 8, "RGB": 8, "RGBA": 8}


@pytest.fixture
def picture(tmp_path):
    def write(mode, size=(23, 11)):
        path = tmp_path / "a.png"
        Image.new(mode, size).save(path)
        return path

    return write


def chunks(content):
    at, found = len(START), []
    while at < len(content):
        length = int.from_bytes(content[at : at + 4], "big")
        found.append((content[at + 4 : at + 8], content[at + 8 : at + 8 + length]))
        at += 12 + length
    return found


def joined(parts):
    crc = [(kind, body, zlib.crc32(kind + body)) for kind, body in parts]
    return START + b"".join(
        len(body).to_bytes(4, "big") + kind + body + check.to_bytes(4, "big") for kind, body, check in crc
    )


@pytest.mark.parametrize("mode", KINDS)
def test_a_whole_png_is_taken_and_one_without_a_row_is_not(mode, picture):
    path = picture(mode)
    assert whole(path) == path
    parts = chunks(path.read_bytes())
    rows = zlib.decompress(b"".join(body for kind, body in parts if kind == b"IDAT"))
    short = zlib.compress(rows[: len(rows) - len(rows) // 11])
    path.write_bytes(joined([(kind, short if kind == b"IDAT" else body) for kind, body in parts]))
    with pytest.raises(InputError, match=r"a\.png: is cut short or damaged .*too few pixels"):
        whole(path)


@pytest.mark.parametrize("side", [1, 2, 3, 5, 8, 9, 16, 17])
def test_an_interlaced_png_has_the_rows_of_seven_pictures(side, tmp_path):
    """Pixel by pixel, from the table of the standard (W3C PNG, section 8)."""
    lines = "16462646 77777777 56565656 77777777 36463646 77777777 56565656 77777777".split()  # noqa: SIM905
    table = np.array([list(map(int, line)) for line in lines])
    passes = table[np.arange(side)[:, None] % 8, np.arange(side) % 8]
    here = [np.argwhere(passes == k) for k in range(1, 8)]
    held = sum(len(set(at[:, 0])) * (1 + 2 * len(set(at[:, 1]))) for at in here if len(at))
    head = side.to_bytes(4, "big") * 2 + bytes([16, 0, 0, 0, 1])
    path = tmp_path / "a.png"
    for n, fits in ((held, True), (held - 1, False)):
        parts = [(b"IHDR", head), (b"IDAT", zlib.compress(bytes(n))), (b"IEND", b"")]
        path.write_bytes(joined(parts))
        if fits:
            assert whole(path) == path
        else:
            with pytest.raises(InputError, match="too few pixels"):
                whole(path)


def test_a_small_file_that_unpacks_to_much_is_not_unpacked(picture):
    path = picture("L")
    rows = zlib.compress(bytes(50_000_000), 9)  # 50 kB
    head = (23).to_bytes(4, "big") + (11).to_bytes(4, "big") + bytes([8, 0, 0, 0, 0])
    path.write_bytes(joined([(b"IHDR", head), (b"IDAT", rows), (b"IEND", b"")]))
    tracemalloc.start()
    try:
        assert whole(path) == path
        assert tracemalloc.get_traced_memory()[1] < 4e6
    finally:
        tracemalloc.stop()


def test_a_png_without_its_end_is_refused(picture):
    path = picture("L")
    path.write_bytes(path.read_bytes()[:-12])
    with pytest.raises(InputError, match="ends before its last part"):
        whole(path)


def test_what_another_reader_refuses_is_left_to_it(tmp_path):
    for name, content in {"a.png": b"GIF89a", "b.npy": b"no", "c.tif": b""}.items():
        (tmp_path / name).write_bytes(content)
        assert whole(tmp_path / name) == tmp_path / name
    assert whole(tmp_path / "none.png") == tmp_path / "none.png"


@pytest.mark.parametrize("dtype", ["float64", "float32", "complex128", "int64", "bool", "longdouble"])
def test_numbers_longer_than_64_bits_are_refused(dtype, tmp_path):
    np.save(tmp_path / "a.npy", np.zeros((4, 4), dtype))
    if dtype != "longdouble" or np.longdouble == np.float64:
        assert whole(tmp_path / "a.npy") == tmp_path / "a.npy"
        return
    with pytest.raises(InputError, match=r"values are float128; expected numbers of at most 64 bits"):
        whole(tmp_path / "a.npy")
