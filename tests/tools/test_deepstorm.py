"""The network after Deep-STORM: what it is to draw, one seed gives one network, a kept one answers alike."""

import pytest

from scopecheck.errors import InputError
from scopecheck.tools import deepstorm

CODE = """
from scopecheck.tools import deepstorm, stardist
stardist.prepare(3)
import numpy as np
from scopecheck.errors import InputError

random = np.random.default_rng(0)
frames = random.random((8, 64, 32)).astype("f4")
emitters = deepstorm.targets(random.uniform(0, 32, (40, 2)), np.arange(40) % 8, 8, (64, 32))
model = deepstorm.train(frames, emitters, 3, steps=3, batch=4, widths=(2, 4))
deepstorm.keep(model, "{path}")
out = deepstorm.drawn(model, frames)
assert (deepstorm.drawn(deepstorm.kept("{path}", (2, 4)), frames) == out).all()
odd = deepstorm.drawn(model, frames[:3, :9, :11], batch=2)
assert odd.shape == (3, 36, 44)
assert (odd >= 0).all()
for bad in (frames[0], frames[:0]):
    try:
        deepstorm.drawn(model, bad)
    except InputError as error:
        assert "expected (n, Y, X)" in str(error)
    else:
        raise AssertionError("a frame was taken for a movie")
try:
    deepstorm.kept("{path}", (2, 8))
except Exception as error:
    print(type(error).__name__, error)
print("sum", out.astype("f8").sum().hex())
"""


def test_an_emitter_is_one_in_its_quarter_pixel():
    # x 2.30 pixels lies in the tenth quarter from the left edge (index 9), y 0.10 in the first
    out = deepstorm.targets([(2.30, 0.10), (2.30, 0.10)], [1, 1], 2, (4, 6))
    assert out.shape == (2, 16, 24, 1)
    assert out[1, 0, 9, 0] == 2  # two in one place are two
    assert out.sum() == 2


@pytest.mark.parametrize(("xy", "frame"), [((6.0, 1.0), 0), ((-0.01, 1.0), 0), ((1.0, 1.0), 2)])
def test_an_emitter_outside_is_refused(xy, frame):
    with pytest.raises(InputError, match="outside 2 frames"):
        deepstorm.targets([xy], [frame], 2, (4, 6))


@pytest.mark.tool
@pytest.mark.slow
def test_the_same_seed_trains_the_same_network_and_a_kept_one_answers_alike(refuses_and_repeats):
    refuses_and_repeats(CODE)
