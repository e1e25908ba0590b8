"""The small conditional network: one seed gives one network, it learns, and a kept one answers alike."""

import pytest

CODE = """
from scopecheck.tools import stardist, translation
stardist.prepare(2)
import numpy as np
from scopecheck.errors import InputError

random = np.random.default_rng(0)
given = random.random((4, 64, 64, 2))
real = given[..., :1] * 0.5 + 0.2  # what it has to learn
model = translation.train(given, real, 5, steps=30, batch=4, side=32)
untrained = translation.network(2)

def off(one):
    return abs(translation.drawn(one, given[0]) - real[0, ..., 0]).mean()

assert off(model) < off(untrained), "it learnt"
translation.keep(model, "{path}")
out = translation.drawn(model, given[1, :50, :39])
assert out.shape == (50, 39)
assert (out >= 0).all()
for bad in (given, given[0, ..., :1], given[0, ..., 0]):
    try:
        translation.drawn(model, bad)
    except InputError as error:
        assert "expected one picture (Y, X, 2)" in str(error)
    else:
        raise AssertionError("taken for one picture of two channels")
again = translation.kept("{path}", 2)
assert (translation.drawn(again, given[1, :50, :39]) == out).all()
try:
    translation.kept("{path}", 1)
except Exception as error:
    print(type(error).__name__, error)
print("sum", out.sum().hex())
"""


@pytest.mark.tool
@pytest.mark.slow
def test_the_same_seed_trains_the_same_network_and_a_kept_one_answers_alike(refuses_and_repeats):
    refuses_and_repeats(CODE)
