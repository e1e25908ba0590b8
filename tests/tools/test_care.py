"""CARE's helper: one seed gives one network, and a kept one answers as the one that was trained."""

import pytest

TRAIN = """
from scopecheck.tools import care as tool
tool.prepare(3)
import numpy as np
from csbdeep.models import CARE, Config

sharp = np.random.default_rng(0).random((40, 32, 32, 1)).astype(np.float32)
noisy = sharp + np.random.default_rng(1).normal(0, 0.1, sharp.shape).astype(np.float32)
def network(folder):
    config = Config("YX", 1, 1, unet_n_first=4, unet_n_depth=1, unet_kern_size=3, train_epochs=1,
                    train_steps_per_epoch=3, train_batch_size=4, train_tensorboard=False)
    return CARE(config, "tiny", basedir=folder)
with tool.training(3) as folder:
    model = network(folder)
    model.train(noisy[4:], sharp[4:], validation_data=(noisy[:4], sharp[:4]))
image = noisy[0, ..., 0]
other = network  # with other first weights
"""


@pytest.mark.tool
@pytest.mark.slow
def test_the_same_seed_trains_the_same_network_and_a_kept_one_answers_alike(kept_alike):
    pytest.importorskip("csbdeep")
    kept_alike(TRAIN, lost="000")
