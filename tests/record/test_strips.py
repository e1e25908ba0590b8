"""Figures and tables of absolute numbers: every judged row is drawn, every method has its own errors."""

from types import SimpleNamespace

from scopecheck.record.strips import quoted, side_by_side, strips


def row(arm, **given):
    plain = {
        "arm": arm,
        "verdict": "FAILS",
        "marks": [],
        "scope": "population",
        "told": "FAILS",
        "scale": "absolute",
    }
    plain |= {
        "holds": False,
        "fails": True,
        "of_one_image": False,
        "bias": 12.0,
        "interval": [3.0, 20.0],
        "baseline": {"bias": 7.0},
        "tolerance": [-1.7, 1.7],
    }
    return SimpleNamespace(**(plain | given))


def test_bias_interval_baseline_and_tolerance_are_where_they_belong():
    figure = strips(
        [row("a"), row("b", bias=None, interval=None, verdict=None), row("c", baseline=None)], "spots"
    )
    ax = figure.axes[0]
    drawn = [(list(line.get_xdata()), list(line.get_ydata())) for line in ax.lines]
    assert ([3.0, 20.0], [0, 0]) in drawn
    assert ([12.0], [0]) in drawn
    assert ([7.0], [0]) in drawn
    assert not any(y[0] == 1 for _x, y in drawn), "what was not judged has no marker"
    assert sum(y[0] == 2 for _x, y in drawn) == 2
    assert [text.get_text() for text in ax.get_yticklabels()] == ["a", "b", "c"]
    assert "1.7" not in ax.get_xlabel()
    assert ax.get_xlabel() == "spots (shaded: tolerance)"


def test_a_word_is_quoted_with_its_error():
    assert quoted(row("a", scale="relative", bias=0.25)) == "FAILS, +25 %"
    assert quoted(row("a", verdict=None, told="not run")) == "not run"


def test_methods_stand_side_by_side_with_their_own_errors():
    scales = {"count": SimpleNamespace(scale="relative"), "invented": SimpleNamespace(scale="absolute")}
    cases = [
        SimpleNamespace(image=n, told={"by": 2}, true={"count": 10.0, "invented": 0.0}) for n in (4.0, 6.0)
    ]
    trial = SimpleNamespace(
        page=SimpleNamespace(front=SimpleNamespace(measurements=scales)),
        numbers=lambda answer, case: {"count": answer, "invented": answer / 10},
        rows={"plain": [SimpleNamespace(case=case) for case in cases]},
    )
    ways = {"twice": lambda image, by: by * image, "nothing": lambda image, by: 0 * image}
    table = side_by_side(trial, ["plain", "not run"], ways).data
    assert "count, invented" in table
    assert "0 %, 1.0" in table
    assert "-100 %, 0.0" in table
    assert "not run" not in table
