"""CARE's helper: one seed gives one network, and a kept one answers as the one that was trained."""

import pytest

TRAIN = """
from scopecheck.tools import care as tool
tool.prepare(3)
import numpy as np
from csbdeep.models import CARE, Config
from scopecheck.tools import weights

sharp = np.random.default_rng(0).random((40, 32, 32, 1)).astype(np.float32)
noisy = sharp + np.random.default_rng(1).normal(0, 0.1, sharp.shape).astype(np.float32)
def network(folder):
    config = Config("YX", 1, 1, unet_n_first=4, unet_kern_size=3, train_epochs=1, train_steps_per_epoch=3,
                    train_batch_size=4, train_tensorboard=False)
    return CARE(config, "tiny", basedir=folder)
with tool.training(3) as folder:
    model = network(folder)
    model.train(noisy[4:], sharp[4:], validation_data=(noisy[:4], sharp[:4]))
path = "{path}"
tool.keep(model, path)
image = noisy[0, ..., 0]
out = model.predict(image, axes="YX")
with tool.training(4) as folder:  # other first weights
    elsewhere = network(folder).predict(image, axes="YX")
assert abs(elsewhere - out).max() > 0
assert (tool.kept(network, path).predict(image, axes="YX") == out).all()
numbers = weights.read(path)
numbers.pop("000")
weights.write(path + ".npz", numbers)
try:
    tool.kept(network, path + ".npz")
except Exception as error:
    print(type(error).__name__, error)
print("sum", out.astype("f8").sum().hex())
"""


@pytest.mark.tool
@pytest.mark.slow
def test_the_same_seed_trains_the_same_network_and_a_kept_one_answers_alike(twice):
    pytest.importorskip("csbdeep")
    first, second = twice(TRAIN)
    assert "DataError" in first[0]
    assert "000 is absent" in first[0]
    assert first[-1] == second[-1], "one seed, one network"
    assert len(first) == 2, "nothing else is printed"
