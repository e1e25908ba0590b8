"""Scores of molecules: misses and inventions do not cancel, and wrong frames are chance."""

import numpy as np
import pytest

from scopecheck.record.molecules import molecule_scores

TRUE = np.array([(k * 1000.0, 0.0) for k in range(20)]), np.arange(20)


def test_all_found_is_one_and_wrong_frames_are_chance():
    told = molecule_scores(TRUE, TRUE)
    assert told.looks["Jaccard"] == 1
    assert told.looks["Jaccard in wrong frames"] == 0
    assert told.looks["RMSE, nm"] == 0
    assert np.isnan(told.looks["RMSE in wrong frames, nm"])
    assert told.gross == {"count": 0}


def test_misses_and_inventions_add_up():
    xy, at = TRUE
    xy = xy.copy()
    xy[:5, 1] += 5000  # five are elsewhere: as many, and ten errors
    told = molecule_scores((xy, at), TRUE)
    assert told.gross["count"] == pytest.approx(10 / 20)


def test_without_a_true_one_there_is_no_gross_error():
    told = molecule_scores(TRUE, (np.zeros((0, 2)), np.zeros(0, int)))
    assert told.gross == {}
