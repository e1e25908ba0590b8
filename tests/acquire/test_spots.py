"""Fields of spots: light, places and background are those asked for."""

import numpy as np
import pytest

from scopecheck.acquire.spots import field
from scopecheck.errors import InputError


def test_light_lies_where_the_truth_says():
    made = field((96, 80), 1, light=500, light_cv=0, sigma=1.5, seed=3)
    spot = made.photons - made.background
    y, x = np.indices(spot.shape)
    assert spot.sum() == pytest.approx(500, rel=1e-5)
    assert [(spot * x).sum() / 500, (spot * y).sum() / 500] == pytest.approx(made.xy[0], abs=1e-3)
    width = np.sqrt((spot * (x - made.xy[0, 0]) ** 2).sum() / 500)
    assert width == pytest.approx(np.sqrt(1.5**2 + 1 / 12), rel=1e-3)  # a pixel widens the spot


def test_mean_spread_and_distance_are_those_asked_for():
    many = [field((256, 256), 60, light=300, light_cv=0.3, seed=s) for s in range(40)]
    light = np.concatenate([one.light for one in many])
    assert light.mean() == pytest.approx(300, rel=3 * 0.3 / np.sqrt(2400))
    assert light.std() / light.mean() == pytest.approx(0.3, rel=0.08)
    for one in many:
        away = np.hypot(*(one.xy[:, None] - one.xy[None]).T)
        assert away[~np.eye(60, dtype=bool)].min() >= 12
        assert one.background.min() >= 5
        assert one.background.max() <= 25


def test_a_shift_moves_the_spots_alone_and_more_spots_leave_the_first_where_they_were():
    here, there, more = (
        field((64, 64), 3, seed=1),
        field((64, 64), 3, shift=0.5, seed=1),
        field((64, 64), 5, seed=1),
    )
    np.testing.assert_allclose(there.xy, here.xy + 0.5)
    np.testing.assert_array_equal(there.background, here.background)
    np.testing.assert_array_equal(more.xy[:3], here.xy)
    np.testing.assert_array_equal(more.light[:3], here.light)
    assert len(field((64, 64), 0).xy) == 0
    assert not (field((64, 64), 0).photons - field((64, 64), 0).background).any()


def test_a_background_may_follow_an_image():
    ramp = np.tile(np.arange(64.0), (64, 1))
    made = field((64, 64), 0, look=ramp, background=(10, 30))
    assert np.corrcoef(made.background.ravel(), ramp.ravel())[0, 1] > 0.999
    assert made.background.mean() == pytest.approx(20)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"n": -1}, "n -1"),
        ({"sigma": 0}, "sigma 0"),
        ({"background": (5, 1)}, "background"),
        ({"apart": 60}, "do not fit"),
        ({"look": np.zeros((8, 8))}, "look: shape"),
        ({"look": np.zeros((64, 64))}, "vary"),
    ],
)
def test_bad_input_is_named(wrong, said):
    with pytest.raises(InputError, match=said):
        field((64, 64), **({"n": 3} | wrong))
