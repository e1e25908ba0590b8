"""Noise2Void's helper: one seed gives one network, and a kept one answers as the one that was trained."""

import pytest

TRAIN = """
from scopecheck.tools import noise2void as tool
tool.prepare(3)
import numpy as np
from n2v.models import N2V, N2VConfig

patches = np.random.default_rng(0).normal(100, 5, (40, 32, 32, 1)).astype(np.float32)
def network(patches, folder):
    config = N2VConfig(patches, unet_n_first=4, unet_n_depth=1, unet_kern_size=3, train_epochs=1,
                       train_steps_per_epoch=3, train_batch_size=4, n2v_patch_shape=(32, 32),
                       train_loss="mse")
    return N2V(config, "tiny", basedir=folder)
with tool.training(3) as folder:
    model = network(patches, folder)
    model.train(patches[4:], patches[:4])
image = patches[0, ..., 0]
def other(folder):  # other first weights, and other grey values
    return network(3 * patches, folder)
"""

ALTERNATING = """
assert abs(out.mean() - 100) < 20, "back in the grey values of the image"
with tool.training(4) as folder:  # a second training of the same make
    second = network(patches, folder)
    second.train(patches[4:], patches[:4])
paths = ["{path}".replace(".npz", end) for end in ("-0.npz", "-1.npz")]
wanted = [tool.keep(one, path).predict(image, "YX") for one, path in zip((model, second), paths)]
shared = [tool.kept(network, path) for path in paths]
assert abs(wanted[0] - wanted[1]).max() > 0.01
for k in (0, 1, 0, 0, 1):  # each brings its own numbers along
    assert (shared[k].predict(image, "YX") == wanted[k]).all()
del shared
for k in (0, 1) * 8:  # opened, asked and dropped: no number of the one before is left
    assert (tool.kept(network, paths[k]).predict(image, "YX") == wanted[k]).all()
"""


@pytest.mark.tool
@pytest.mark.slow
def test_the_same_seed_trains_the_same_network_and_a_kept_one_answers_alike(kept_alike):
    pytest.importorskip("n2v")
    kept_alike(TRAIN, lost="means", more=ALTERNATING)
