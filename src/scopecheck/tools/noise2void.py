"""Noise2Void: what a user should not have to know to train it, quietly and so that it repeats itself.

The network and the calls stay Noise2Void's own (`N2VConfig`, `N2V_DataGenerator`, `N2V`, ``train``,
``predict``). Here trained networks become files of plain numbers, and come back.

Source of the method: Krull et al. 2019, CVPR, https://doi.org/10.1109/CVPR.2019.00223
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from scopecheck.tools import keras
from scopecheck.tools.keras import settling, training
from scopecheck.tools.stardist import prepare

if TYPE_CHECKING:
    from n2v.models import N2V

__all__ = ["keep", "kept", "prepare", "settling", "training"]
_NETWORKS: dict[str, Any] = {}  # of each make of `kept`


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
    return _scaled(model, keras.fill(model.keras_model, path, **_scale(model)))


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
        To be asked, and not to be trained further: those of one make share their network.

    Raises
    ------
    DataError
        If the file is missing, damaged, or was kept from a network of another make.
    """
    any_patches = np.random.default_rng(0).random((4, 64, 64, 1), np.float32)
    with training(0) as folder, _built_once():
        model = build(any_patches, folder)
    model.keras_model, scale = keras.filled(model.keras_model, path, **_scale(model))
    return _scaled(model, scale)


@contextmanager
def _built_once() -> Iterator[None]:
    """Meanwhile the package builds a network of each make once, and gives it to all that ask for it."""
    from n2v.models import N2V

    build = N2V._build

    def shared(model: "N2V") -> Any:
        make = {name: value for name, value in vars(model.config).items() if name not in ("means", "stds")}
        if (key := repr(sorted(make.items()))) not in _NETWORKS:
            _NETWORKS[key] = build(model)
        return _NETWORKS[key]

    N2V._build = shared
    try:
        yield
    finally:
        N2V._build = build


def _scale(model: "N2V") -> dict[str, tuple[int, ...]]:
    """Shapes of the normalisation."""
    return dict.fromkeys(("means", "stds"), (len(model.config.means),))


def _scaled(model: "N2V", scale: dict[str, np.ndarray]) -> "N2V":
    for name, values in scale.items():  # the package keeps them as text
        setattr(model.config, name, [str(value) for value in values.tolist()])
    return model
