"""Flashes of one frame each: numbers and light as asked for."""

import numpy as np
import pytest

from scopecheck.acquire import flashes
from scopecheck.errors import InputError


def test_as_many_flash_as_asked_for_with_the_light_asked_for():
    told = flashes.once(1000, 20, 2000, seed=1, photons=800)
    per_frame = np.bincount(told["frame"], minlength=2000)
    assert per_frame.mean() == pytest.approx(20, rel=0.02)  # Poisson: 4.5 of s.d. in 2,000 frames
    assert per_frame.var() == pytest.approx(20, rel=0.15)
    assert told["photons"].mean() == pytest.approx(800, rel=0.02)
    assert told["photons"].std() == pytest.approx(400, rel=0.03)  # gamma of shape 4: half of the mean
    assert set(told["emitter"]) <= set(range(1000))


def test_a_number_for_each_frame():
    told = flashes.once(10, [0, 5, 100], 3, seed=[1, 2])
    assert np.bincount(told["frame"], minlength=3)[0] == 0
    assert np.bincount(told["frame"])[2] > 60


def test_the_seed_decides():
    assert flashes.once(10, 5, 9, seed=1).equals(flashes.once(10, 5, 9, seed=1))
    assert not flashes.once(10, 5, 9, seed=1).equals(flashes.once(10, 5, 9, seed=2))


@pytest.mark.parametrize("wrong", [{"n": 0}, {"on": -1}, {"on": np.nan}, {"photons": 0}])
def test_numbers_out_of_range_are_refused(wrong):
    with pytest.raises(InputError, match="once"):
        flashes.once(**({"n": 5, "on": 2, "frames": 3, "seed": 0} | wrong))


def test_fields_of_emitters_hold_what_they_say():
    xyz, centres = flashes.emitters("rings", 6400, 0)
    assert xyz.shape == (1500, 3)
    away = np.hypot(*(xyz[:, :2].reshape(25, 60, 2) - centres[:, None]).transpose(2, 0, 1))
    assert away.mean() == pytest.approx(80, abs=2)  # the mean distance asked for
    for kind in ("anywhere", "filaments"):
        xyz, centres = flashes.emitters(kind, 6400, 0)
        assert not len(centres)
        assert (xyz[:, :2] > -50).all()
        assert (xyz[:, :2] < 6450).all()
    with pytest.raises(InputError, match="expected one of"):
        flashes.emitters("spirals", 6400, 0)
