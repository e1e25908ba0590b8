"""Figures: a scale bar of the right length, outlines around the right pixels, words told by shape."""

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure

from scopecheck import record
from scopecheck.record.figures import COLOURS, MARKERS, _outlines


def axes(shape=(100, 200)):
    ax = Figure().subplots()
    ax.imshow(np.zeros(shape))
    return ax


@pytest.mark.parametrize(
    ("pixel_size", "text", "pixels"),
    [
        (0.36, "10 µm", 10 / 0.36),  # a fifth of 200 px is 14.4 µm
        ((9.0, 0.25), "10 µm", 40),  # the size along x counts
        (0.065, "2 µm", 2 / 0.065),
        (None, "20 px", 20),
    ],
)
def test_scale_bar_has_the_length_it_says(pixel_size, text, pixels):
    ax = axes()
    record.scale_bar(ax, pixel_size)
    x = ax.lines[-1].get_xdata()
    assert ax.texts[-1].get_text() == text
    assert x[1] - x[0] == pytest.approx(pixels)


def area(line):
    x, y = line[:, 0], line[:, 1]
    return 0.5 * abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1)))


def test_outlines_run_half_a_pixel_around_each_object():
    labels = np.zeros((20, 30), int)
    labels[5:9, 10:16] = 3
    labels[0:2, 0:2] = 7  # in the corner: closed all the same
    lines = _outlines(labels)
    assert len(lines) == 2
    box, corner = lines
    assert (box.min(0), box.max(0)) == (pytest.approx([9.5, 4.5]), pytest.approx([15.5, 8.5]))
    assert area(box) == pytest.approx(4 * 6 - 0.5)  # the four corners are cut by 1/8 pixel each
    assert (corner.min(0), corner.max(0)) == (pytest.approx([-0.5, -0.5]), pytest.approx([1.5, 1.5]))


def test_draw_outlines_tells_truth_from_tool_by_line_too():
    ax = Figure().subplots()
    labels = np.zeros((20, 30), int)
    labels[5:9, 10:16] = 1
    record.draw_outlines(ax, np.ones((20, 30)), labels, np.roll(labels, 2), pixel_size=0.5, title="a field")
    truth, tool = ax.collections
    assert truth.get_linestyle() != tool.get_linestyle()
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["truth", "tool"]
    assert ax.get_title() == "a field"


def test_each_word_has_a_shape_and_a_colour_of_its_own():
    words = ("HOLDS", "FAILS", "UNDETERMINED")
    assert len({COLOURS[word] for word in words}) == 3
    assert len({MARKERS[word] for word in words}) == 3


def test_style_is_readable_and_leaves_no_trace_beyond_rc():
    with mpl.rc_context():
        record.use_style()
        assert mpl.rcParams["font.size"] >= 12


def test_rings_of_points_are_where_the_points_are():
    """x is the column; a table and an array draw the same rings, of twice the radius in diameter."""
    import pandas as pd

    ax, xy = Figure().subplots(), np.array([[30.0, 5.0], [60.0, 40.0]])
    image = np.random.default_rng(0).normal(size=(50, 80))
    record.draw_points(ax, image, truth=pd.DataFrame(xy, columns=["x", "y"]), predicted=xy + 1, radius=8)
    true, picked = ax.collections
    np.testing.assert_array_equal(true.get_offsets(), xy)
    np.testing.assert_array_equal(picked.get_offsets(), xy + 1)
    assert ax.texts[-1].get_text() == "10 px"  # the bar


def test_errors_draws_scores_from_0_to_1_alone(recipe, verdicts):
    page = record.start("shift-toy")
    looks = {"F1@0.5": 0.9, "picks a frame": 512.0}
    page.add("apart", verdicts[0](1.0), plausibility=looks)
    page.add("half lost", verdicts[0](0.5), plausibility=looks)
    figure = record.plots.errors(page.verdicts("apart", "half lost"), {"count": "count"})
    shown = [text.get_text() for text in figure.axes[1].get_legend().get_texts()]
    assert shown == ["F1@0.5"]
