"""What the tools built on Keras share: training from a seed in a folder that goes, and kept networks."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scopecheck.tools import stardist, weights

# Kept networks are asked hundreds of images. oneDNN saves a tenth to four tenths of a recipe's time, and no
# bias moved by more than a millionth. To be said before TensorFlow is imported; what the caller said holds.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
_TOKENS = count(1)  # one for each file that was opened, never given twice


@contextmanager
def training(seed: int) -> Iterator[str]:
    """Train from this seed, without progress bars; gives a folder for what the package writes meanwhile."""
    with stardist.training(seed), TemporaryDirectory() as folder:
        yield folder


def settling(steps: int, first: float = 0.0004) -> Any:
    """Adam whose step shrinks to nothing along half a cosine: where a training ends, the network has settled.

    Parameters
    ----------
    steps : int
        Batches that the training takes.
    first : float
        Step size at the start.

    Returns
    -------
    tf.keras.optimizers.Optimizer
        For a model's ``prepare_for_training``.

    Notes
    -----
    Loshchilov and Hutter 2017, https://arxiv.org/abs/1608.03983, without restarts
    """
    import tensorflow as tf

    return tf.keras.optimizers.Adam(tf.keras.optimizers.schedules.CosineDecay(first, steps))


def write(network: Any, path: str | Path, **beside: NDArray) -> None:
    """Write the network's arrays in their order, and the arrays `beside` by name; see `weights.write`."""
    weights.write(path, {**_arrays(network), **beside})


def fill(network: Any, path: str | Path, **beside: tuple[int, ...]) -> dict[str, NDArray]:
    """Fill a Keras network in place with what `write` kept, and return the arrays beside it.

    Parameters
    ----------
    network : tf.keras.Model
        Of the same make as the kept one.
    path : str or Path
        A file of `write`.
    **beside : tuple of int
        Name and shape of each array that was kept beside the network.

    Returns
    -------
    dict of str to ndarray

    Raises
    ------
    DataError
        If the file is missing, damaged, or was kept from a network of another make.
    """
    numbers, told = _read(network, path, beside)
    network.set_weights(numbers)
    network.predict = lambda image, **_options: ask(network, image)
    return told


def filled(
    network: Any, path: str | Path, **beside: tuple[int, ...]
) -> tuple[SimpleNamespace, dict[str, NDArray]]:
    """As `fill`, for a network that serves many: what is given back brings its numbers when it is asked.

    To build a network takes a second, and a page may ask thirty trainings of one make.

    Returns
    -------
    (SimpleNamespace, dict of str to ndarray)
        With ``predict`` alone, and the arrays beside it.
    """
    numbers, told = _read(network, path, beside)
    mine = next(_TOKENS)

    def predict(image: ArrayLike, **_options: Any) -> NDArray[np.float32]:
        if getattr(network, "holds", None) != mine:
            network.set_weights(numbers)
            network.holds = mine
        return ask(network, image)

    return SimpleNamespace(predict=predict), told


def ask(network: Any, batch: ArrayLike) -> NDArray[np.float32]:
    """Ask a network for one batch, as ``predict`` does.

    For each batch Keras would build a data pipeline that takes as long as the network.

    Parameters
    ----------
    network : tf.keras.Model
        Of one input.
    batch : array_like, (n, ..., channels)

    Returns
    -------
    ndarray of float32
    """
    import tensorflow as tf

    if not hasattr(network, "asked"):
        shape = [tf.TensorSpec(network.input_shape, tf.float32)]
        network.asked = tf.function(lambda given: network(given, training=False), input_signature=shape)
    return np.asarray(network.asked(tf.constant(batch, tf.float32)))


def _read(network: Any, path: str | Path, beside: dict[str, tuple[int, ...]]) -> tuple[list[NDArray], dict]:
    """The kept numbers, in the network's order, and those beside them; DataError where they do not fit it."""
    found, own = weights.read(path), _arrays(network)
    weights.fit(path, found, {name: value.shape for name, value in own.items()} | beside)
    return [found[name] for name in own], {name: found[name] for name in beside}


def _arrays(network: Any) -> weights.Arrays:
    return {f"{k:03d}": np.asarray(value) for k, value in enumerate(network.get_weights())}
