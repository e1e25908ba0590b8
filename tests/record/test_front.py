"""The first page: the case that is remembered follows the stated rule, and every verdict is there."""

import pytest

from scopecheck import record
from scopecheck.record import front
from scopecheck.record.overview import State


def arm(name, bias, looks, verdict="FAILS", **more):
    known = {"recipe": "x", "measurement": "count", "label": verdict, "scope": "population", "n": 6}
    known |= {
        "scale": "relative",
        "tolerance": [-0.1, 0.1],
        "interval": [bias, bias],
        "truth_uncertainty": 0.0,
    }
    return record.ArmResult(arm=name, bias=bias, verdict=verdict, plausibility=looks, **known | more)


@pytest.fixture
def state(recipe):
    def make(*arms, status="ok", why=""):
        return State(record.read_recipe(recipe), status, why, arms=list(arms))

    return make


def test_the_case_to_remember_is_the_failure_that_looks_best(state):
    arms = (
        arm("good", 0.01, {"F1": 0.99}, "HOLDS"),
        arm("poor", -0.9, {"F1": 0.2}),
        arm("fine", 0.4, {"F1": 0.9, "Dice": 0.95}),
        arm("control", 0.5, {"F1": 1.0}, control="negative"),
        arm("one", 0.5, {"F1": 0.99}, scope="image"),
        arm("no score", 9.0, {}),
    )
    assert front.case_of([state(*arms)]).arm == "fine"
    assert front.case_of([state(arms[4])]).arm == "one"
    assert front.case_of([state(arms[0])]) is None
    unbounded = arm("a", 0.3, {"resolution, A": 3.1}), arm("b", 0.5, {"resolution, A": 9.0})
    assert front.case_of([state(*unbounded)]).arm == "b"


def test_the_page_says_every_word_with_scope_and_n_and_what_to_type(state, tmp_path):
    said = front.html(
        [state(arm("blur", 0.4, {"F1": 0.9})), state(status="not run", why="not run, because x")]
    )
    assert '<h3 class="failure">Segmentation distribution shift</h3>' in said
    assert "■ FAILS</b> blur: +40 % <small>population, n = 6</small>" in said
    assert "<code>scopecheck run shift-toy</code>" in said
    assert front.picture([state(arm("blur", 0.4, {"F1": 0.9}))], tmp_path / "front.png")
    assert not front.picture([state()], tmp_path / "none.png")
    assert not (tmp_path / "none.png").exists()


def test_names_from_outside_are_text_and_not_markup(state):
    assert "<script>" not in front.html([state(arm("<script>", 0.4, {"F1": 0.9}))])
