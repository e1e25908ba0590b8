"""What was done to half maps before rings; half maps as a reconstruction leaves them are quiet."""

import numpy as np
import pytest

from scopecheck.measure import maps
from scopecheck.measure.maps.traces import LIMITS, by_rule

BOX = 48


@pytest.fixture(scope="module")
def halves():
    rng = np.random.default_rng(0)
    z, y, x = np.indices((BOX,) * 3) - BOX // 2
    signal = 3 * np.exp(-(x**2 + y**2 + z**2) / 60.0)
    return [(signal + rng.normal(size=signal.shape)).astype(np.float32) for _ in range(2)]


def rung(a, b):
    return {name for name, value in by_rule(a, b).items() if value > LIMITS[name]}


def test_raw_halves_are_quiet(halves):
    assert rung(*halves) == set()


def test_one_map_twice(halves):
    found = by_rule(halves[0], halves[0])
    assert found["two maps"] == 1
    assert np.isnan(found["masked before"])


def test_masked_filtered_and_sharpened_before(halves):
    z, y, x = np.indices((BOX,) * 3) - BOX // 2
    ball = x**2 + y**2 + z**2 < 14**2
    assert "masked before" in rung(*(one * ball for one in halves))
    assert "filtered before" in rung(*(maps.low_pass(one, 8.0, 1.0) for one in halves))
    k = np.sqrt(sum(f**2 for f in np.meshgrid(*[np.fft.fftfreq(BOX)] * 3, indexing="ij")))
    sharp = [np.fft.ifftn(np.fft.fftn(one) * np.exp(14 * np.minimum(k, 0.5))).real for one in halves]
    assert "filtered before" in rung(*(one.astype(np.float32) for one in sharp))
