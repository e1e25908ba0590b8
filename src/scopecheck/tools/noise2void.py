"""Noise2Void: what a user should not have to know to train it, quietly and so that it repeats itself.

The network and the calls stay Noise2Void's own (`N2VConfig`, `N2V_DataGenerator`, `N2V`, ``train``,
``predict``). TensorFlow is prepared as for StarDist; here are the folder that the package insists on, and
trained networks kept as plain numbers.

Source of the method: Krull et al. 2019, CVPR, https://doi.org/10.1109/CVPR.2019.00223
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

from scopecheck.tools import stardist, weights
from scopecheck.tools.stardist import prepare

if TYPE_CHECKING:
    from n2v.models import N2V

__all__ = ["keep", "kept", "prepare", "training"]


@contextmanager
def training(seed: int) -> Iterator[str]:
    """Train from this seed, without progress bars; gives a folder for what the package writes meanwhile."""
    with stardist.training(seed), TemporaryDirectory() as folder:
        yield folder


def keep(model: "N2V", path: str | Path) -> "N2V":
    """Write a trained network and its normalisation to a file of plain numbers; go on with what was written.

    Parameters
    ----------
    model : n2v.models.N2V
        Its filters are rounded in place to what the file holds (float16).
    path : str or Path
        File to write, ``.npz``.

    Returns
    -------
    n2v.models.N2V
        The same model, rounded.
    """
    scale = {name: np.array(getattr(model.config, name), float) for name in ("means", "stds")}
    weights.write(path, {**_arrays(model), **scale})
    return _filled(model, path)


def kept(build: Callable[[np.ndarray, str], "N2V"], path: str | Path) -> "N2V":
    """Build a network and fill it with the numbers and the normalisation that `keep` wrote.

    Parameters
    ----------
    build : callable
        ``build(patches, folder)`` gives the untrained network, as for the training; what the patches
        (4, 64, 64, 1) hold does not matter.
    path : str or Path
        A file of `keep`.

    Returns
    -------
    n2v.models.N2V

    Raises
    ------
    DataError
        If the file is missing, damaged, or was kept from a network of another make.
    """
    any_patches = np.random.default_rng(0).random((4, 64, 64, 1), np.float32)
    with training(0) as folder:
        return _filled(build(any_patches, folder), path)


def _filled(model: "N2V", path: str | Path) -> "N2V":
    found, own = weights.read(path), _arrays(model)
    expected = {name: value.shape for name, value in own.items()}
    channels = (len(model.config.means),)
    weights.fit(path, found, expected | {"means": channels, "stds": channels})
    model.keras_model.set_weights([found[name] for name in own])
    for name in ("means", "stds"):  # the package keeps them as text
        setattr(model.config, name, [str(value) for value in found[name].tolist()])
    # An image is one batch. For each one Keras would build a data pipeline that takes as long as the network.
    model.keras_model.predict = lambda image, **_options: model.keras_model.predict_on_batch(image)
    return model


def _arrays(model: "N2V") -> weights.Arrays:
    return {f"{k:03d}": value for k, value in enumerate(model.keras_model.get_weights())}
