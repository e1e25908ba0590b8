"""Emitters of a table's rows, where the table tells them."""

import numpy as np
import pytest

from scopecheck.data.read.emitters import emitter_ids
from scopecheck.errors import InputError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("frame,x [nm],y [nm],emitter\n0,1,1,5\n1,1,1,5\n1,9,9,7\n", [5, 5, 7]),
        ("\nframe;Emitter ID;x [nm]\n0;3;1,5\n2;4;2,5\n", [3, 4]),
        ("id\tframe\tx [nm]\n1\t0\t1\n2\t1\t1\n", None),  # ThunderSTORM numbers its rows
        ("frame,x [nm]\n0,1\n", None),
    ],
)
def test_tables_that_tell_and_tables_that_do_not(tmp_path, text, expected):
    (tmp_path / "t.csv").write_text(text)
    got = emitter_ids(tmp_path / "t.csv")
    assert (got if expected is None else got.tolist()) == expected


def test_what_is_no_number_is_named(tmp_path):
    (tmp_path / "t.csv").write_text("frame,emitter\n0,a\n")
    with pytest.raises(InputError, match=r"t\.csv: emitter"):
        emitter_ids(tmp_path / "t.csv")


@pytest.mark.parametrize(("ids", "expected"), [([2, 2, 9], [2, 2, 9]), ([-1, -1, -1], None)])
def test_decodes_ids_are_read_where_they_were_given(tmp_path, ids, expected):
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "em.h5", "w") as file:
        file["data/id"] = np.array(ids)
    got = emitter_ids(tmp_path / "em.h5")
    assert (got if expected is None else got.tolist()) == expected
