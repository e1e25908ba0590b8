"""CARE: what a user should not have to know to train it, quietly and so that it repeats itself.

The network and the calls stay csbdeep's own (`create_patches`, `Config`, `CARE`, ``train``, ``predict``).
Here trained networks become files of plain numbers, and come back.

Source of the method: Weigert et al. 2018, https://doi.org/10.1038/s41592-018-0216-7
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scopecheck.errors import InputError
from scopecheck.measure.registered import moved_by
from scopecheck.tools import keras
from scopecheck.tools.keras import settling, training
from scopecheck.tools.stardist import prepare

if TYPE_CHECKING:
    from csbdeep.models import CARE

__all__ = ["as_pairs", "keep", "kept", "prepare", "settling", "training"]
LEAST = 128  # pixels: each half of a plane holds a patch of 64


def as_pairs(stack: ArrayLike, name: object = "stack") -> NDArray[np.float64]:
    """Return four planes, two in a short and then the same two in a long exposure, after checking them.

    Parameters
    ----------
    stack : array_like, (4, Y, X)
    name : object
        What to call it in a message, such as its path.

    Raises
    ------
    InputError
        If these are not four planes of at least 128 pixels a side, one of them is constant or holds NaN, or a
        short exposure fits its long one better when it is moved by a pixel or more: a network learns from
        pairs pixel by pixel. A smaller shift is printed.
    """
    planes = np.asarray(stack, float)
    if planes.ndim != 3 or len(planes) != 4:
        raise InputError(
            f"{name}: shape {planes.shape}; expected four planes (4, Y, X): control and treated in a short"
            " exposure, then both in a long one."
        )
    if min(planes.shape[1:]) < LEAST:
        raise InputError(
            f"{name}: {planes.shape[1]} x {planes.shape[2]} pixels; expected at least {LEAST} a side, because"
            " half of it is cut into patches of 64. Give larger fields."
        )
    if not np.isfinite(planes).all():
        raise InputError(f"{name}: holds NaN or infinity; expected finite grey levels in all four planes.")
    for plane, of in zip(planes, ("control", "treated", "control, long", "treated, long"), strict=True):
        if not np.ptp(plane):
            raise InputError(
                f"{name}: the plane {of} has the grey level {plane.flat[0]:g} everywhere; give an image with"
                " light."
            )
    for short, long in ((planes[k], planes[k + 2]) for k in (0, 1)):
        if found := moved_by(short, long):
            told = f"{name}: a short exposure fits its long one better moved by {found[1]}"
            if max(abs(found[0])) >= 1:
                raise InputError(f"{told}; register the planes before.")
            print(f"{told}: a network learns to move it, too.")
    return planes


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
