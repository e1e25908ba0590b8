"""A small network after the design of Deep-STORM: from a frame of flashes to a picture of where they are.

Each pixel of the frame becomes four by four, and a convolutional encoder and decoder draws a peak at each
emitter. It learns from frames whose emitters are known. Its loss is the squared difference between what it
draws and the known peaks, both seen through a narrow Gaussian, plus the mean of all that is drawn.

It is ours and reduced, and not Deep-STORM: four pixels for one where its authors take eight; 8, 16, 32 and
64 filters where they take 32, 64, 128 and 512; patches of 128 pixels where they take 208.

Source of the design: Nehme et al. 2018, https://doi.org/10.1364/OPTICA.5.000458
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scopecheck.errors import InputError
from scopecheck.tools import keras
from scopecheck.tools.lucy import keep

if TYPE_CHECKING:
    import tensorflow as tf

__all__ = ["FINER", "PUBLISHED", "WIDTHS", "drawn", "keep", "kept", "network", "targets", "train"]

FINER = 4  # pixels of the picture along one of the frame
WIDTHS, PUBLISHED = (8, 16, 32, 64), (32, 64, 128, 512)  # filters of ours, and of its authors
_PEAK = 100.0  # of an emitter while it learns: at 1 the mean of what is drawn would outweigh the difference
_SIDE = 32  # of a patch, pixels of the frame
_SEEN = 1.0  # width (s.d.) of the narrow Gaussian, pixels of the picture


def network(widths: Sequence[int] = WIDTHS) -> "tf.keras.Model":
    """Build the network, untrained: from (n, Y, X, 1), sides a multiple of 2, to (n, 4 Y, 4 X, 1)."""
    import tensorflow as tf

    layers = tf.keras.layers
    frame = layers.Input((None, None, 1))
    seen = layers.UpSampling2D(FINER)(frame)

    def convolved(image: "tf.Tensor", filters: int) -> "tf.Tensor":
        out = layers.Conv2D(filters, 3, padding="same", use_bias=False)(image)
        return layers.ReLU()(layers.BatchNormalization(momentum=0.9)(out))

    for filters in widths[:-1]:
        seen = layers.MaxPooling2D()(convolved(seen, filters))
    seen = convolved(seen, widths[-1])
    for filters in widths[-2::-1]:
        seen = convolved(layers.UpSampling2D()(seen), filters)
    return tf.keras.Model(frame, layers.Conv2D(1, 1, use_bias=False)(seen))


def targets(xy: ArrayLike, frames: ArrayLike, n: int, shape: tuple[int, int]) -> NDArray[np.float32]:
    """Draw what the network is to draw: 1 in the pixel of each emitter.

    Parameters
    ----------
    xy : array_like, (m, 2)
        Of the emitters, in pixels of the frame; (0, 0) is the outer corner of the first pixel.
    frames : array_like of int, (m,)
        From 0.
    n : int
        Frames.
    shape : (Y, X)
        Of a frame.

    Returns
    -------
    (n, 4 Y, 4 X, 1) float32

    Raises
    ------
    InputError
        If an emitter lies outside the frames.
    """
    out = np.zeros((n, FINER * shape[0], FINER * shape[1], 1), np.float32)
    x, y = np.floor(FINER * np.asarray(xy, float).reshape(-1, 2).T).astype(int)
    when = np.asarray(frames).astype(int)
    if any((at < 0).any() or (at >= end).any() for at, end in zip((when, y, x), out.shape, strict=False)):
        raise InputError(f"xy, frames: an emitter is outside {n} frames of {shape} pixels; leave it out.")
    np.add.at(out[..., 0], (when, y, x), 1)
    return out


def train(
    frames: NDArray,
    emitters: NDArray,
    seed: int,
    *,
    steps: int = 500,
    batch: int = 16,
    widths: Sequence[int] = WIDTHS,
) -> "tf.keras.Model":
    """Train a network; Adam's step, 0.001 at first, shrinks to nothing along half a cosine.

    Parameters
    ----------
    frames : ndarray, (n, Y, X)
        Scaled. Each is cut into patches of 32 x 32 pixels; what is left at its end is not used.
    emitters : ndarray, (n, 4 Y, 4 X, 1) float32
        As `targets` gives them.
    seed : int
    steps, batch : int
        Batches, and frames in each.
    widths : sequence of int
        Filters of each level.

    Returns
    -------
    tf.keras.Model

    Raises
    ------
    InputError
        If frames are smaller than a patch, or `emitters` are not of these frames.
    """
    import tensorflow as tf

    n, *sides = np.shape(frames) or (0,)
    drawings = (n, *(FINER * side for side in sides), 1)
    if not n or len(sides) != 2 or min(sides) < _SIDE or np.shape(emitters) != drawings:
        raise InputError(
            f"frames: shape {np.shape(frames)}, emitters {np.shape(emitters)}; expected frames (n, Y, X) of"
            f" at least {_SIDE} pixels a side, as a patch has, and of each a drawing, {FINER} times as fine:"
            f" (n, {FINER} Y, {FINER} X, 1)."
        )
    away = np.arange(-3, 4)
    narrow = np.exp(-(away**2) / (2 * _SEEN**2))
    narrow = (np.outer(narrow, narrow) / narrow.sum() ** 2).astype(np.float32)[..., None, None]

    def loss(known: "tf.Tensor", given: "tf.Tensor") -> "tf.Tensor":
        apart = tf.nn.conv2d(_PEAK * known - given, narrow, 1, "SAME")
        return tf.reduce_mean(apart**2) + tf.reduce_mean(tf.abs(given))

    given, known = (
        _patches(np.asarray(frames, np.float32)[..., None], _SIDE),
        _patches(emitters, _SIDE * FINER),
    )
    with keras.training(seed):
        model = network(widths)
        each = min(max(len(given) // batch, 1), steps)
        epochs = -(-steps // each)
        model.compile(keras.settling(epochs * each, first=0.001), loss=loss)
        model.fit(given[: each * batch], known[: each * batch], batch, epochs, verbose=0)
    return model


def drawn(model: "tf.keras.Model | SimpleNamespace", frames: NDArray, batch: int = 10) -> NDArray[np.float32]:
    """Ask a network: from frames (n, Y, X), scaled as in its training, to pictures (n, 4 Y, 4 X).

    An emitter is about 1 in the sum over its peak. Negative values become 0, as its authors have it.

    Raises
    ------
    InputError
        If these are not frames, one at least.
    """
    if np.ndim(frames) != 3 or not np.size(frames):
        raise InputError(f"frames: shape {np.shape(frames)}; expected (n, Y, X), one frame as frame[None].")
    given = np.asarray(frames, np.float32)[..., None]
    high, wide = given.shape[1:3]
    even = np.pad(given, ((0, 0), (0, high % 2), (0, wide % 2), (0, 0)), mode="edge")
    parts = [model.predict(even[k : k + batch], verbose=0)[..., 0] for k in range(0, len(even), batch)]
    out = np.concatenate(parts)[:, : FINER * high, : FINER * wide]
    return np.clip(out, 0, None) / np.float32(_PEAK)


def kept(path: str | Path, widths: Sequence[int] = WIDTHS) -> SimpleNamespace:
    """Take what `keep` wrote for the one network of these widths; DataError where it does not fit it."""
    return keras.filled(_shared(tuple(widths)), path)[0]


@cache
def _shared(widths: tuple[int, ...]) -> "tf.keras.Model":
    """The network that all kept ones of these widths fill in turn: to build it takes half a second."""
    return network(widths)


def _patches(stack: NDArray, side: int) -> NDArray[np.float32]:
    """Cut (n, Y, X, 1) into squares of a side."""
    rows, columns = (range(0, size - side + 1, side) for size in stack.shape[1:3])
    return np.concatenate([stack[:, y : y + side, x : x + side] for y in rows for x in columns])
