"""Tubes: as thick and as long as asked for."""

import numpy as np
import pytest
from scipy import ndimage

from scopecheck.acquire.tubes import tubes
from scopecheck.errors import InputError

SHAPE = 40, 80, 80


def test_a_ball_has_the_volume_of_a_ball():
    balls = tubes(SHAPE, 1, 3, radius=4.0, length=(0, 0))
    assert balls.sum() == pytest.approx(4 / 3 * np.pi * 4**3, rel=0.1)


def test_a_straight_tube_has_the_volume_of_a_cylinder_with_round_ends():
    volumes = [tubes(SHAPE, 1, seed, radius=3.0, length=(20, 20), bend=0.0).sum() for seed in range(30)]
    whole = np.pi * 3**2 * 20 + 4 / 3 * np.pi * 3**3
    assert whole < np.max(volumes) < 1.35 * whole  # the middle line is rounded to voxels


def test_it_is_nowhere_thicker_than_asked_for():
    tube = tubes(SHAPE, 1, 5, radius=3.0, bend=0.05)
    assert ndimage.distance_transform_edt(tube).max() <= 4.5


def test_as_many_as_asked_for_when_they_do_not_touch():
    pieces = [
        ndimage.label(tubes((60, 120, 120), 5, seed, radius=1.0, length=(5, 10)))[1] for seed in range(10)
    ]
    assert max(pieces) == 5
    assert not tubes(SHAPE, 0, 1).any()


def test_the_seed_decides():
    assert (tubes(SHAPE, 6, 1) == tubes(SHAPE, 6, 1)).all()
    assert (tubes(SHAPE, 6, 1) != tubes(SHAPE, 6, 2)).any()


@pytest.mark.parametrize(("shape", "n"), [((40, 80), 3), ((4, 80, 80), 3), (SHAPE, -1)])
def test_what_it_refuses(shape, n):
    with pytest.raises(InputError, match="shape, n"):
        tubes(shape, n, 0)
