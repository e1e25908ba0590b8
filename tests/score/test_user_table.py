"""Tables that people and programs write: cells, headings and numbers, read in one way or refused."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scopecheck.errors import InputError
from scopecheck.score.user_table import Sheet, bare, numbers, place, read_sheet

HABITS = {  # how programs write a number: its thousands and its decimals
    "plain": lambda x: f"{x:.2f}",
    "english": lambda x: f"{x:,.2f}",
    "german": lambda x: f"{x:,.2f}".translate(str.maketrans(",.", ".,")),
    "swiss": lambda x: f"{x:,.2f}".replace(",", "'"),
    "french": lambda x: f"{x:,.2f}".replace(",", "\u202f").replace(".", ","),
}


def sheet(cells, decimal=None):
    return Sheet(Path("t.csv"), ["x"], [[cell] for cell in cells], list(range(2, len(cells) + 2)), decimal)


@pytest.mark.parametrize("habit", HABITS)
@given(values=st.lists(st.integers(-(10**9), 10**9).map(lambda n: n / 100), min_size=1, max_size=20))
@settings(max_examples=60, deadline=None)
def test_every_habit_is_read_as_it_was_written_or_refused(habit, values):
    """Python's own formatting is the independent source; nothing is ever read as another number."""
    cells = [HABITS[habit](value) for value in values]
    got = numbers(sheet(cells), {"x": cells}, [])["x"]
    assert np.array_equal(got, np.round(values, 2))


@given(
    values=st.lists(st.integers(0, 10**7), min_size=1, max_size=6),
    habit=st.sampled_from([HABITS["english"], HABITS["german"]]),
    decimals=st.booleans(),
)
@settings(max_examples=100, deadline=None)
def test_said_decimals_are_never_guessed(values, habit, decimals):
    cells = [
        habit(v / 100) if decimals else habit(v).split("," if "," in habit(0) else ".")[0] for v in values
    ]
    said = "comma" if habit is HABITS["german"] else "point"
    got = numbers(sheet(cells, said), {"x": cells}, [])["x"]
    assert np.array_equal(got, [v / 100 if decimals else v for v in values])


@pytest.mark.parametrize(
    ("cells", "decimal", "said"),
    [
        (["1,234", "5"], None, "which may be 1234 or 1.234: thousands or decimals?"),
        (["12,5", "4.125"], None, "and others have a point (4.125): thousands or decimals?"),
        (["12,5", "1,234,567"], None, "and others another habit"),
        (["12,5"], "point", "no number where a point is the decimal sign"),
        (["12.5"], "comma", "no number where a comma is the decimal sign"),
        (["1 2"], None, "no number; write digits"),
        (["12345 678"], None, "no number; write digits"),
        (["1_000"], None, "no number; write digits"),
        (["0x10"], None, "no number; write digits"),
        (["-"], None, "is -, no number (1 of 1 lines)"),
    ],
)
def test_what_cannot_be_read_in_one_way_is_refused(cells, decimal, said):
    with pytest.raises(InputError) as error:
        numbers(sheet(cells, decimal), {"x": cells}, [])
    assert said in str(error.value)
    assert "line 2" in str(error.value)


def test_points_part_thousands_where_another_number_has_both_marks_and_it_is_told():
    notes = []
    cells = ["1.234,5", "4.125", "7", "0,5"]
    assert numbers(sheet(cells), {"x": cells}, notes)["x"].tolist() == [1234.5, 4125, 7, 0.5]
    assert notes == [
        "t.csv: in 'x' 3 numbers are not plainly written, and a comma is read as the decimal sign (1.234,5 as"
        " 1234.5, line 2)."
    ]
    assert numbers(sheet(["0,125"]), {"x": ["0,125"]}, [])["x"] == [0.125]  # no thousands begin with 0


@pytest.mark.parametrize("cells", [["964", "1.180", "1.048"], ["1.180", "-3"], ["7", "12.345"]])
def test_a_point_that_may_part_thousands_is_refused_and_said_it_is_read(cells):
    with pytest.raises(InputError, match=r"thousands or decimals\? Say --decimal comma if points part"):
        numbers(sheet(cells), {"x": cells}, [])
    assert numbers(sheet(cells, "point"), {"x": cells}, [])["x"].tolist() == [float(one) for one in cells]
    read = numbers(sheet(cells, "comma"), {"x": cells}, [])["x"].tolist()
    assert read == [float(one.replace(".", "")) for one in cells]


def test_three_digits_after_every_point_are_decimals_and_it_is_told():
    notes, cells = [], ["1.439", "12.500", "103.120"]
    assert numbers(sheet(cells), {"x": cells}, notes)["x"].tolist() == [1.439, 12.5, 103.12]
    assert len(notes) == 1
    assert "1.439 (line 2) as 1.439, not as 1439" in notes[0]
    for plain in (["0.439", "1.500"], ["1.5", "964"], ["1034.125", "9"], ["1.2345", "1.234"], ["1", "2"]):
        notes = []
        assert numbers(sheet(plain), {"x": plain}, notes)["x"].tolist() == [float(one) for one in plain]
        assert notes == []


@pytest.mark.parametrize("cell", ["1e308", "1e400", "-1e300", "-1e400", "1e51", "1e-60", "5e-324"])
def test_numbers_that_no_measurement_gives_are_refused(cell):
    cells = ["3", cell, "4"]
    with pytest.raises(
        InputError, match=r"t.csv: line 3: 'x' is .* which no measurement gives \(1 of 3 lines"
    ):
        numbers(sheet(cells), {"x": cells}, [])


def test_units_of_headings_and_the_nearest_name():
    assert bare("Area µm^2") == ("Area", "µm^2")
    assert bare("area [um^2]") == ("area", "um^2")
    assert bare("area_px2") == ("area", "px2")
    assert bare("Count_Nuclei") == ("Count_Nuclei", "")
    assert place("t", ["Area µm^2", "n"], "area", "--value") == 0
    with pytest.raises(InputError, match="did you mean 'count'"):
        place("t", ["field", "count"], "cuont", "--value")
    with pytest.raises(InputError, match="may be 'a b' and 'a_b'"):
        place("t", ["a b", "a_b"], "A B", "--value")


def test_no_table_is_one_line(tmp_path):
    (tmp_path / "w.csv").write_bytes("field,count\na,1".encode("utf-16-le"))
    with pytest.raises(InputError, match="is no text"):
        read_sheet(tmp_path / "w.csv", "field,count")
    (tmp_path / "x.csv").write_bytes(b"\xff\xfea\x00b")
    with pytest.raises(InputError, match="cut short"):
        read_sheet(tmp_path / "x.csv", "field,count")
    (tmp_path / "s.csv").write_text("field,count\na,1\nb\n")
    got = read_sheet(tmp_path / "s.csv", "field,count")
    assert got.rows == [["a", "1"], ["b", ""]]
    assert "1 lines (first line 3) end before the last heading" in got.notes[0]
