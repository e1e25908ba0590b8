"""Noise2Void: what a user should not have to know to train it, quietly and so that it repeats itself.

The network and the calls stay Noise2Void's own (`N2VConfig`, `N2V_DataGenerator`, `N2V`, ``train``,
``predict``). Here trained networks become files of plain numbers, and come back.

Source of the method: Krull et al. 2019, CVPR, https://doi.org/10.1109/CVPR.2019.00223
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from scopecheck.tools import keras
from scopecheck.tools.keras import settling, training
from scopecheck.tools.stardist import prepare

if TYPE_CHECKING:
    from n2v.models import N2V

__all__ = ["keep", "kept", "prepare", "settling", "training"]


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
    keras.write(model.keras_model, path, **scale)
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
    channels = (len(model.config.means),)
    scale = keras.fill(model.keras_model, path, means=channels, stds=channels)
    for name, values in scale.items():  # the package keeps them as text
        setattr(model.config, name, [str(value) for value in values.tolist()])
    return model
