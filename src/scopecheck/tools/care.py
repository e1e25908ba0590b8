"""CARE: what a user should not have to know to train it, quietly and so that it repeats itself.

The network and the calls stay csbdeep's own (`create_patches`, `Config`, `CARE`, ``train``, ``predict``).
Here trained networks become files of plain numbers, and come back.

Source of the method: Weigert et al. 2018, https://doi.org/10.1038/s41592-018-0216-7
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from scopecheck.tools import keras
from scopecheck.tools.keras import settling, training
from scopecheck.tools.stardist import prepare

if TYPE_CHECKING:
    from csbdeep.models import CARE

__all__ = ["keep", "kept", "prepare", "settling", "training"]


def keep(model: "CARE", path: str | Path) -> "CARE":
    """Write a trained network to a file of plain numbers, and go on with what was written.

    Parameters
    ----------
    model : csbdeep.models.CARE
        Its filters are rounded in place to what the file holds (float16).
    path : str or Path
        File to write, ``.npz``.

    Returns
    -------
    csbdeep.models.CARE
        The same model, rounded.
    """
    keras.write(model.keras_model, path)
    keras.fill(model.keras_model, path)
    return model


def kept(build: Callable[[str], "CARE"], path: str | Path) -> "CARE":
    """Build a network and fill it with the numbers that `keep` wrote.

    Parameters
    ----------
    build : callable
        ``build(folder)`` gives the untrained network, as for the training.
    path : str or Path
        A file of `keep`.

    Returns
    -------
    csbdeep.models.CARE

    Raises
    ------
    DataError
        If the file is missing, damaged, or was kept from a network of another make.
    """
    with training(0) as folder:
        model = build(folder)
    keras.fill(model.keras_model, path)
    return model
