"""StarDist: what a user should not have to know to train it, quietly and so that it repeats itself.

The network and the calls stay StarDist's own (`Config2D`, `StarDist2D`, ``train``, ``predict_instances``).
Here are TensorFlow's messages, threads, determinism and GPU, and the published weights with one clear error.

Source of the method: Schmidt et al. 2018, MICCAI, https://doi.org/10.1007/978-3-030-00934-2_30
"""

import io
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from scopecheck.errors import DataError, InputError
from scopecheck.tools import weights
from scopecheck.tools.common import limit_threads, seed_everything

if TYPE_CHECKING:
    from stardist.models import StarDist2D

PUBLISHED = ("2D_versatile_fluo", "2D_versatile_he", "2D_paper_dsb2018", "2D_demo")


def prepare(seed: int = 0, *, threads: int = 1, gpu: bool = False) -> None:
    """Make TensorFlow quiet and repeatable; call it before StarDist is imported.

    Seeds Python, NumPy and TensorFlow, asks TensorFlow for operations that add up in a fixed order, and
    fixes the number of threads. On this machine the same seed then gives the same network. Another processor
    or thread count may differ in the last digits: compare words, not floats.

    Parameters
    ----------
    seed : int
        From 0 to 2**32 - 1. StarDist draws its training patches from NumPy's generator, TensorFlow its first
        weights from its own; both are set.
    threads : int
        Threads of TensorFlow, whatever the environment says: with two, the same seed gives another network.
    gpu : bool
        Let TensorFlow use a GPU if it finds one. Off by default: words then agree between machines.

    Raises
    ------
    InputError
        If the seed is outside its range or there is less than one thread.
    """
    if not 0 <= seed < 2**32 or threads < 1:
        raise InputError(f"seed {seed} and threads {threads}: expected 0 to 2**32 - 1, and 1 or more")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")  # oneDNN adds up in an order that depends on the CPU
    # The number of threads that share a float32 sum changes it, and so the network: not the caller's choice.
    os.environ |= {"TF_NUM_INTRAOP_THREADS": str(threads), "TF_NUM_INTEROP_THREADS": str(threads)}
    limit_threads(threads)
    # csbdeep's own import of pkg_resources, which nobody who reads a recipe can act on
    warnings.filterwarnings("ignore", message="pkg_resources is deprecated", category=UserWarning)
    warnings.filterwarnings(
        "ignore", message="IProgress not found"
    )  # a progress bar that needs a browser widget
    import tensorflow as tf

    tf.get_logger().setLevel("ERROR")
    tf.autograph.set_verbosity(0)
    if not gpu and tf.config.get_visible_devices("GPU"):
        tf.config.set_visible_devices([], "GPU")
    tf.config.experimental.enable_op_determinism()
    seed_everything(seed)


@contextmanager
def quiet() -> Iterator[None]:
    """Swallow progress bars while a block runs; when it raises, show what was printed."""
    said = io.StringIO()
    try:
        with redirect_stdout(said), redirect_stderr(said):
            yield
    except BaseException:
        print(said.getvalue()[-2000:])
        raise


@contextmanager
def training(seed: int) -> Iterator[None]:
    """Train from this seed (`prepare`), without progress bars (`quiet`)."""
    prepare(seed)
    with quiet():
        yield


def published(name: str = "2D_versatile_fluo") -> "StarDist2D":
    """Fetch one of the networks that StarDist's authors trained and published, and check its hash.

    Parameters
    ----------
    name : str
        As ``StarDist2D.from_pretrained`` knows it.

    Returns
    -------
    stardist.models.StarDist2D
        With the thresholds its authors chose. Kept in Keras' cache folder after the first call.

    Raises
    ------
    InputError
        If there is no network of that name.
    DataError
        If it cannot be had, for example without a network connection.
    """
    if name not in PUBLISHED:
        raise InputError(f"{name!r}: no published StarDist network of that name; expected {PUBLISHED}")
    from stardist.models import StarDist2D

    try:
        with redirect_stdout(io.StringIO()):
            return StarDist2D.from_pretrained(name)
    except Exception as err:  # Keras raises a bare Exception when a download fails
        raise DataError(
            f"the published StarDist network {name} cannot be had: {err}. It is fetched once from its"
            " authors' release page; try again with a network connection."
        ) from err


def rounded(model: "StarDist2D") -> "StarDist2D":
    """Round a trained network's filters to what `keep` writes of them (float16), in place.

    Call it before the thresholds are chosen, so that they belong to the network that is judged.
    """
    numbers = weights.rounded(_arrays(model))
    model.keras_model.set_weights([numbers[name].astype(np.float32) for name in numbers])
    return model


def keep(model: "StarDist2D", path: str | Path) -> "StarDist2D":
    """Write a trained network and its thresholds to a file of plain numbers, and go on with what was written.

    Parameters
    ----------
    model : stardist.models.StarDist2D
        Its filters are rounded in place to what the file holds (float16).
    path : str or Path
        File to write, ``.npz``.

    Returns
    -------
    stardist.models.StarDist2D
        The same model, rounded.
    """
    chosen = np.array([model.thresholds.prob, model.thresholds.nms], dtype=np.float64)
    weights.write(path, {**_arrays(model), "thresholds": chosen})
    return kept(model, path)


def kept(model: "StarDist2D", path: str | Path) -> "StarDist2D":
    """Fill a network with the numbers and thresholds that `keep` wrote.

    Parameters
    ----------
    model : stardist.models.StarDist2D
        Built with the kept one's configuration; filled in place.
    path : str or Path
        A file of `keep`.

    Returns
    -------
    stardist.models.StarDist2D
        The same model.

    Raises
    ------
    DataError
        If the file is missing, damaged, or was kept from a network of another make.
    """
    found, own = weights.read(path), _arrays(model)
    weights.fit(path, found, {name: value.shape for name, value in own.items()} | {"thresholds": (2,)})
    prob, nms = found["thresholds"].tolist()
    model.keras_model.set_weights([found[name] for name in own])
    model.thresholds = {"prob": prob, "nms": nms}
    # An image is one batch. For each one Keras would build a data pipeline that takes as long as the network.
    model.keras_model.predict = lambda image, **_options: model.keras_model.predict_on_batch(image)
    return model


def _arrays(model: "StarDist2D") -> weights.Arrays:
    return {f"{k:03d}": value for k, value in enumerate(model.keras_model.get_weights())}
