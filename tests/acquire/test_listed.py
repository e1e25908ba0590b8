"""Lists of localisations: as many and as precise as asked for."""

import numpy as np
import pytest

from scopecheck.acquire.listed import localised
from scopecheck.errors import InputError

SITES = np.array([(1000.0, 2000.0), (4000.0, 3000.0)])


def test_numbers_and_precision_are_those_asked_for():
    told = localised(SITES, 500, 6400, 1, each=8, precision=15, false=0)
    assert len(told) / 500 == pytest.approx(8, rel=0.05)
    off = told[["x", "y"]].to_numpy()[:, None] - SITES
    off = off[np.arange(len(off)), np.hypot(*off.transpose(2, 0, 1)).argmin(axis=1)]
    assert off.std(axis=0) == pytest.approx([15, 15], rel=0.05)
    assert abs(off.mean(axis=0)).max() < 1.5
    assert told["frame"].is_monotonic_increasing


def test_without_a_structure_there_are_false_ones_alone_and_anywhere():
    told = localised(np.zeros((0, 3)), 2000, 1000, 1, each=10, false=3)
    assert len(told) / 2000 == pytest.approx(3, rel=0.05)
    quarters = np.histogram2d(told["x"], told["y"], bins=2, range=[[0, 1000]] * 2)[0]
    assert quarters / len(told) == pytest.approx(np.full((2, 2), 0.25), abs=0.02)


def test_what_falls_outside_the_field_is_left_out():
    told = localised([(0.0, 500.0)], 1000, 1000, 1, each=1, precision=20, false=0)
    assert (told["x"] >= 0).all()
    assert len(told) == pytest.approx(500, abs=80)  # half of them


@pytest.mark.parametrize("wrong", [{"frames": 0}, {"side": 0}, {"each": -1}, {"precision": -1}])
def test_numbers_out_of_range_are_refused(wrong):
    with pytest.raises(InputError, match="expected at least one frame"):
        localised(**({"sites": SITES, "frames": 3, "side": 100, "seed": 0} | wrong))
