"""Arrays come out of a pickle as numpy wrote them, and nothing that a file asks for is run."""

import os
import pickle
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from scopecheck.unpickling import load_arrays, load_dict

NUMBERS = hnp.arrays(
    st.sampled_from([">f8", "<f4", ">i2", "u1", "?", "<i8"]),
    hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
)


@settings(deadline=None)
@given(array=NUMBERS, protocol=st.integers(0, 5), order=st.permutations([0, 1, 2]), fortran=st.booleans())
def test_any_array_of_numbers_is_given_back(array, protocol, order, fortran):
    array = np.asfortranarray(array) if fortran else array
    array = array.transpose(order) if array.ndim == 3 else array
    (found,) = load_arrays(pickle.dumps(array, protocol))
    assert found.dtype == array.dtype.newbyteorder("=")
    np.testing.assert_array_equal(found, array)


@pytest.mark.parametrize("core", ["core", "_core"])
@pytest.mark.parametrize("protocol", [3, 4, 5])
def test_files_of_numpy_1_and_2_are_read_by_either(core, protocol):
    content = pickle.dumps(np.eye(3), protocol)
    if protocol > 3:
        assert content[2:3] == b"\x95"  # a frame states how long it is; without one nothing does
        content = content[:2] + content[11:]
    for old in ("core", "_core"):
        for module in ("multiarray", "numeric"):
            was, now = f"numpy.{old}.{module}", f"numpy.{core}.{module}"
            if protocol == 3:
                content = content.replace(f"c{was}\n".encode(), f"c{now}\n".encode())
            else:  # a name's length, one byte, stands before it
                content = content.replace(_short(was), _short(now))
    assert f"numpy.{core}.".encode() in content
    np.testing.assert_array_equal(load_arrays(content)[0], np.eye(3))


def test_the_parts_of_a_tuple_and_the_first_of_two_pickles():
    first, second = load_arrays(pickle.dumps((np.ones(2), np.arange(3))))
    assert (first.tolist(), second.tolist()) == ([1, 1], [0, 1, 2])
    assert load_arrays(pickle.dumps(1) + pickle.dumps(2)) == [1]
    assert load_arrays(pickle.dumps({"z": 1})) == [{"z": 1}]


def test_arrays_inside_dicts_lists_and_tuples_are_given_back():
    array = np.eye(3)
    held = {"z": array, "more": [array, (array, "text")], "seen": {1, 2}, (1, "k"): None}
    (found,) = load_arrays(pickle.dumps(held))
    assert found.keys() == held.keys()
    assert (found["seen"], found[1, "k"], found["more"][1][1]) == ({1, 2}, None, "text")
    for one in (found["z"], found["more"][0], found["more"][1][0]):
        assert type(one) is np.ndarray
        np.testing.assert_array_equal(one, array)
    twice = [array]
    for _ in range(60):  # 2**60 arrays, were each written out
        twice = [twice, twice]
    left, right = load_arrays(pickle.dumps(twice))
    assert left is right


def test_what_holds_itself_or_is_too_deep_is_refused():
    itself: list = [1]
    itself.append({"again": itself})
    deep: list = []
    for _ in range(150):
        deep = [deep]
    for held in (itself, deep):
        with pytest.raises(pickle.UnpicklingError, match="it holds itself, or is nested over 100 deep"):
            load_arrays(pickle.dumps(held))


@pytest.mark.parametrize(
    "held", [np.dtype, np.dtype("f4"), {"kind": np.dtype("f4")}, {np.dtype("i2"): 1}, [{np.dtype("i2")}]]
)
def test_a_name_of_numpy_outside_an_array_is_not_handed_out(held):
    with pytest.raises(pickle.UnpicklingError, match="it holds a name of numpy outside an array"):
        load_arrays(pickle.dumps(held))


class Runs:
    """Would make a folder of that name when it is unpickled the usual way."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return (os.mkdir, (str(self.marker),))


def test_what_a_file_asks_for_is_named_and_not_run(tmp_path):
    marker = tmp_path / "ran"
    pickle.loads(pickle.dumps(Runs(marker)))
    assert marker.is_dir()  # so the trap works
    marker.rmdir()
    for held in (Runs(marker), (np.eye(3), Runs(marker)), {"a": [Runs(marker)]}):
        with pytest.raises(pickle.UnpicklingError, match=r"it asks for (posix|nt)\.mkdir"):
            load_arrays(pickle.dumps(held))
    with pytest.raises(pickle.UnpicklingError, match="an array of kind 'O8'"):
        load_arrays(pickle.dumps(np.array([Runs(marker)], dtype=object)))
    assert not marker.exists()


@pytest.mark.parametrize(
    "array", [np.array(["a"]), np.zeros(2, complex), np.zeros(1, "M8[s]"), np.zeros(1, "f4,i4")]
)
def test_arrays_of_anything_but_real_numbers_are_refused(array):
    with pytest.raises(pickle.UnpicklingError, match="an array of kind"):
        load_arrays(pickle.dumps(array))


def test_every_shortened_file_is_refused():
    for protocol in (2, 4, 5):
        whole = pickle.dumps((np.eye(3), np.arange(3)), protocol)
        for end in range(len(whole)):
            with pytest.raises(pickle.UnpicklingError):
                load_arrays(whole[:end])


def _short(text):
    return b"\x8c" + bytes([len(text)]) + text.encode()


# Written by hand: pickles of numpy's own names whose arguments point where their author likes, or arrays
# longer than their bytes, that numpy's own reader might believe.
_START = b"cnumpy.core.multiarray\n_reconstruct\n(tR(K\x01"
_KIND = b"\x80\x05" + _short("numpy") + _short("dtype") + b"\x93"
_POINTER = b"\x80\x05" + _short("numpy") + _short("ndarray") + b"\x93K\x01\x85" + _short("O") + b"\x96\x08"
_BUFFER = b"cnumpy.core.numeric\n_frombuffer\n(C\x08abcdefghcnumpy\ndtype\n(Vf4\ntR"
FORGED = {
    "a pointer made of bytes": _POINTER + b"\0" * 7 + b"A" * 8 + b"\x87RK\0Ns.",
    "ndarray of objects": b"cnumpy\nndarray\n((K\x01tVO\ncbuiltins\nbytearray\n(tRtR.",
    "ndarray called": b"cnumpy\nndarray\n((K\x01tVb\ntR.",
    "a kind of objects": _KIND + _short("O8") + b"\x85R.",
    "a byte order of objects": _KIND
    + _short("f8")
    + b"\x85R(K\x03"
    + _short("O,")
    + b"NNNK\x08K\x08K\x3ftb.",
    "a byte order out of range": b"cnumpy\ndtype\n(Vf4\ntR(K\x03VO\nNNNK\x00K\x00K?tb.",
    "void": b"cnumpy\ndtype\n(VV8\ntR.",
    "no number type": b"cnumpy\ndtype\n(Vf1\ntR.",
    "too few bytes": _START + b"(K\x09K\x09tcnumpy\ndtype\n(Vf4\ntRI00\nC\x02abtb.",
    "negative shape": _START + b"(J\xff\xff\xff\xfftcnumpy\ndtype\n(Vf4\ntRI00\nC\x04abcdtb.",
    "axes that are none": _BUFFER + b"(K\x01K\x02tVK\n(K\x00K\x07ttR.",
    "no axes": _BUFFER + b"(K\x01K\x02tVK\ntR.",
    "another order": _BUFFER + b"(K\x01K\x02tVZ\ntR.",
    "too few arguments": b"cnumpy.core.numeric\n_frombuffer\n(tR.",
    "bytes of any length": b"c__builtin__\nbytes\n(I999999999999\ntR.",
    "another encoding": b"c_codecs\nencode\n(Vab\nVrot13\ntR.",
}


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_file_is_refused_and_harms_nothing(tmp_path, name):
    """In a process of its own: what it guards against ends the process."""
    (tmp_path / "z.pkl").write_bytes(FORGED[name])
    code = (
        "import sys, pickle\nfrom scopecheck.unpickling import load_arrays, load_dict\n"
        "for load in (load_arrays, load_dict):\n"
        "    try: load(open(sys.argv[1], 'rb').read())\n"
        "    except pickle.UnpicklingError as err: print('refused', err)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "z.pkl")], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("refused") == 2


def test_one_dict_as_numpy_saves_it_is_read():
    held = {"masks": np.arange(6).reshape(2, 3), "diameter": np.float32(3.5), "flows": [np.eye(2), None]}
    array = np.array(held, dtype=object)
    for protocol in (2, 3, 4, 5):
        found = load_dict(pickle.dumps(array, protocol))
        assert np.array_equal(found["masks"], held["masks"])
        assert found["diameter"] == np.float32(3.5)
        assert np.array_equal(found["flows"][0], np.eye(2))
        with pytest.raises(pickle.UnpicklingError, match="'O8'"):
            load_arrays(pickle.dumps(array, protocol))


@pytest.mark.parametrize(
    "held", [[1, 2], np.array([{}, {}], object), np.array([{}], object), np.array([1], object), np.eye(2), 3]
)
def test_anything_but_one_dict_is_refused(held):
    with pytest.raises(pickle.UnpicklingError):
        load_dict(pickle.dumps(held))


def test_a_dict_does_not_run_what_it_asks_for_nor_hold_itself(tmp_path):
    array = np.array({"masks": Runs(tmp_path / "ran")}, dtype=object)
    with pytest.raises(pickle.UnpicklingError, match=r"it asks for (posix|nt)\.mkdir"):
        load_dict(pickle.dumps(array))
    assert not (tmp_path / "ran").exists()
    inside = np.array(None, dtype=object)
    inside[()] = {"again": inside}
    with pytest.raises(pickle.UnpicklingError, match="holds itself"):
        load_dict(pickle.dumps(inside))
    deep = np.array(None, dtype=object)
    for _ in range(120):
        outer = np.array(None, dtype=object)
        outer[()] = deep
        deep = outer
    with pytest.raises(pickle.UnpicklingError, match="nested over 100 deep"):
        load_dict(pickle.dumps(deep))
