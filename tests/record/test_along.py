"""Errors along a setting: where they leave the tolerance."""

import numpy as np
import pytest

from scopecheck.record.along import along, leaves, panels


@pytest.mark.parametrize(
    ("off", "said"),
    [
        ([0, 0.05, 0.02], "above 4"),
        ([-0.2, 0, 0], "below 1"),
        ([0, -0.2, -0.4], "about 1.4"),  # half way from 1 to 2 on a logarithmic scale
        ([0.05, 0.05, 0.15], "about 2.8"),
    ],
)
def test_where_an_error_leaves_its_tolerance(off, said):
    assert leaves([1, 2, 4], off, 0.1) == said


def test_an_error_that_turns_back_has_left_it_once():
    assert leaves([1, 2, 4, 8], [0, 0.2, 0, 0.3], 0.1) == "about 1.4"


def test_a_line_each_and_the_tolerance():
    ax = along([1, 2], {"a": [0, -0.2], "b": [0.1, 0.3]}, 0.1, "density").axes[0]
    assert [line.get_label() for line in ax.lines] == ["a", "b"]
    assert ax.get_xlabel() == "density"


def test_pictures_of_one_field_have_bars_of_one_length():
    figure = panels({"coarse": np.eye(16), "fine": np.eye(64)}, 3.2)
    assert [a.get_title() for a in figure.axes[:2]] == ["coarse", "fine"]
    assert len({text.get_text() for a in figure.axes for text in a.texts}) == 1
