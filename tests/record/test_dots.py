"""Scores of drawn spots: worked by hand."""

import numpy as np
import pytest

from scopecheck.record import Case
from scopecheck.record.dots import dot_scores

IMAGE = np.random.default_rng(0).random((64, 64))


def spots(*xy):
    return {"image": IMAGE, "xy": np.array(xy, float).reshape(-1, 2)}


def test_near_ones_count_for_f1_and_far_ones_for_the_number():
    true = spots((10, 10), (30, 30), (50, 20))
    drawn = spots((11, 10), (35, 30), (20, 50))  # 1 pixel off, 5 pixels off, nowhere
    told = dot_scores(drawn, Case(IMAGE, true))
    assert told.looks["F1"] == pytest.approx(1 / 3)
    assert told.gross == {"density": pytest.approx(2 / 3)}


def test_the_turned_field_is_the_same_spots_elsewhere():
    true = spots((10, 20))
    told = dot_scores(spots((20, 53)), Case(IMAGE, true))  # turned by a quarter it lies at (10, 20)
    assert told.looks["F1"] == 0
    assert told.looks["F1, field turned"] == 1


def test_nothing_drawn_and_nothing_true():
    assert dot_scores(spots(), Case(IMAGE, spots((10, 10)))).gross == {"density": 1.0}
    nothing = dot_scores(spots(), Case(IMAGE, spots()))
    assert nothing.gross == {}
    assert "F1" not in nothing.looks
