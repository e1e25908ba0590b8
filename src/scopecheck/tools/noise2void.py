"""Noise2Void: what a user should not have to know to train it, quietly and so that it repeats itself.

The network and the calls stay Noise2Void's own (`N2VConfig`, `N2V_DataGenerator`, `N2V`, ``train``,
``predict``). Here trained networks become files of plain numbers, and come back.

Source of the method: Krull et al. 2019, CVPR, https://doi.org/10.1109/CVPR.2019.00223
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scopecheck.errors import InputError
from scopecheck.tools import keras
from scopecheck.tools.keras import settling, training
from scopecheck.tools.stardist import prepare

if TYPE_CHECKING:
    from n2v.models import N2V

__all__ = ["as_frame", "keep", "kept", "prepare", "settling", "training"]
LEAST = 128  # pixels a side, so that two patches of 64 fit beside each other


def as_frame(image: ArrayLike, name: object = "image") -> NDArray[np.float32]:
    """Return an image as what Noise2Void is trained on here: one plane, large enough to be cut into patches.

    Parameters
    ----------
    image : array_like, (Y, X)
    name : object
        What to call it in a message, such as its path.

    Raises
    ------
    InputError
        If it is a stack or a movie, or smaller than 128 pixels a side.
    """
    frame = np.asarray(image, np.float32)
    if frame.ndim != 2:
        raise InputError(f"{name}: shape {frame.shape}; expected one plane (Y, X). Save one frame as a file.")
    if min(frame.shape) < LEAST:
        raise InputError(
            f"{name}: {frame.shape[0]} x {frame.shape[1]} pixels; expected at least {LEAST} a side, because"
            " the network is trained on patches of 64. Give a larger field."
        )
    return frame


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
