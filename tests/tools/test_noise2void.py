"""Noise2Void's helper: one seed gives one network, and a kept one answers as the one that was trained."""

import pytest

TRAIN = """
from scopecheck.tools import noise2void as tool
tool.prepare(3)
import numpy as np
from n2v.models import N2V, N2VConfig
from scopecheck.tools import weights

patches = np.random.default_rng(0).normal(100, 5, (40, 32, 32, 1)).astype(np.float32)
def network(patches, folder):
    config = N2VConfig(patches, unet_n_first=4, unet_kern_size=3, train_epochs=1, train_steps_per_epoch=3,
                       train_batch_size=4, n2v_patch_shape=(32, 32), train_loss="mse")
    return N2V(config, "tiny", basedir=folder)
with tool.training(3) as folder:
    model = network(patches, folder)
    model.train(patches[4:], patches[:4])
path = "{path}"
tool.keep(model, path)
image = patches[0, ..., 0]
out = model.predict(image, axes="YX")
with tool.training(4) as folder:  # other first weights, and other grey values
    elsewhere = network(3 * patches, folder).predict(image, axes="YX")
assert abs(elsewhere - out).max() > 0
assert (tool.kept(network, path).predict(image, axes="YX") == out).all()
assert abs(out.mean() - 100) < 20, "back in the grey values of the image"
numbers = weights.read(path)
numbers.pop("means")
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
    pytest.importorskip("n2v")
    first, second = twice(TRAIN)
    assert "DataError" in first[0]
    assert "means is absent" in first[0]
    assert first[-1] == second[-1], "one seed, one network"
    assert len(first) == 2, "nothing else is printed"
