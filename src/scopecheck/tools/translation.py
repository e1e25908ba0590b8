"""A small network that turns one picture into another, trained against a second one that judges its pictures.

The first (a U-Net) draws, the second looks at pieces of drawn and of real pictures, each beside what it was
made from, and learns to tell them apart; the first learns to be near the real picture and not to be told
apart. It is ours and small, and named after no tool.

Source of the design: Isola et al. 2017, https://doi.org/10.1109/CVPR.2017.632
"""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from scopecheck.errors import InputError
from scopecheck.tools import keras
from scopecheck.tools.lucy import keep

if TYPE_CHECKING:
    import tensorflow as tf

__all__ = ["drawn", "keep", "kept", "network", "train"]

WIDTHS = (16, 32, 64, 64)
_NEAR = 100.0  # weight of the mean absolute difference beside the judge's word, as in the source


def network(channels: int = 1) -> "tf.keras.Model":
    """Build the network that draws: from (n, Y, X, channels), sides a multiple of 16, to (n, Y, X, 1)."""
    import tensorflow as tf

    layers = tf.keras.layers
    given = layers.Input((None, None, channels))
    seen, kept = given, []
    for filters in WIDTHS:
        seen = layers.Conv2D(filters, 3, 2, padding="same", activation="relu")(seen)
        kept.append(seen)
    for before in [*kept[-2::-1], given]:
        seen = layers.Concatenate()([layers.UpSampling2D()(seen), before])
        filters = before.shape[-1] if before is not given else WIDTHS[0]
        seen = layers.Conv2D(filters, 3, padding="same", activation="relu")(seen)
    return tf.keras.Model(given, layers.Conv2D(1, 3, padding="same")(seen))


def _judge(channels: int) -> "tf.keras.Model":
    """The network that looks: from a picture and what it was made from to a word for each piece of it."""
    import tensorflow as tf

    layers = tf.keras.layers
    both = layers.Input((None, None, channels + 1))
    seen = both
    for filters in WIDTHS[:3]:
        seen = layers.LeakyReLU(0.2)(layers.Conv2D(filters, 4, 2, padding="same")(seen))
    return tf.keras.Model(both, layers.Conv2D(1, 4, padding="same")(seen))


def train(
    given: NDArray, real: NDArray, seed: int, *, steps: int = 1500, batch: int = 8, side: int = 128
) -> "tf.keras.Model":
    """Train it on pieces of pairs, cut out and turned at random; both steps shrink along half a cosine.

    Parameters
    ----------
    given : ndarray, (n, Y, X, channels)
    real : ndarray, (n, Y, X, 1)
        About 0 to 1.
    seed : int
    steps, batch : int
    side : int
        Of a piece, pixels; a multiple of 16.

    Returns
    -------
    tf.keras.Model
        The network that draws.

    Raises
    ------
    InputError
        If there are none, they are smaller than a piece, or those of a pair are not of the same pixels.
    """
    import tensorflow as tf

    fits = np.ndim(given) == np.ndim(real) == 4 and np.shape(given)[:3] == np.shape(real)[:3]
    if not fits or not len(given) or np.shape(real)[3] != 1 or min(np.shape(given)[1:3]) < side:
        raise InputError(
            f"given: shape {np.shape(given)}, real {np.shape(real)}; expected pairs of pictures of the same"
            f" pixels, (n, Y, X, channels) and (n, Y, X, 1), at least {side} a side, the side of a piece."
        )
    random = np.random.default_rng([seed, 7])
    pairs = np.concatenate((given, real), axis=-1).astype(np.float32)

    def pieces() -> NDArray[np.float32]:
        out = []
        for _ in range(batch):
            room = len(pairs), *(size - side + 1 for size in pairs.shape[1:3])
            k, y, x = (int(random.integers(most)) for most in room)
            piece = np.rot90(pairs[k, y : y + side, x : x + side], int(random.integers(4)))
            out.append(piece[:, ::-1] if random.random() < 0.5 else piece)
        return np.stack(out)

    with keras.training(seed):
        draws, judge = network(given.shape[-1]), _judge(given.shape[-1])
        steps_of = [keras.settling(steps, first=first) for first in (0.001, 0.0002)]
        cross = tf.keras.losses.BinaryCrossentropy(from_logits=True)

        @tf.function
        def step(both: "tf.Tensor") -> None:
            shown, true = both[..., :-1], both[..., -1:]
            with tf.GradientTape(persistent=True) as tape:
                picture = draws(shown, training=True)
                words = [judge(tf.concat((shown, one), -1), training=True) for one in (true, picture)]
                near = tf.reduce_mean(tf.abs(picture - true))
                drawing = _NEAR * near + cross(tf.ones_like(words[1]), words[1])
                judging = cross(tf.ones_like(words[0]), words[0]) + cross(tf.zeros_like(words[1]), words[1])
                judging = judging / 2
            for model, loss, by in ((draws, drawing, steps_of[0]), (judge, judging, steps_of[1])):
                numbers = model.trainable_variables
                by.apply_gradients(zip(tape.gradient(loss, numbers), numbers, strict=True))

        for _ in range(steps):
            step(tf.constant(pieces()))
    return draws


def drawn(model: "tf.keras.Model", given: NDArray) -> NDArray[np.float64]:
    """Ask it for one picture: from (Y, X, channels) to (Y, X), 0 or above; the edge is mirrored to fit.

    Raises
    ------
    InputError
        If this is not one picture of as many channels as the network has.
    """
    picture, channels = np.asarray(given, np.float32), model.input_shape[-1]
    if picture.ndim != 3 or picture.shape[-1] != channels or not picture.size:
        raise InputError(f"given: shape {picture.shape}; expected one picture (Y, X, {channels}).")
    high, wide = picture.shape[:2]
    room = [(0, -size % 16) for size in (high, wide)]
    even = np.pad(picture, [*room, (0, 0)], mode="symmetric")
    return np.clip(keras.ask(model, even[None])[0, :high, :wide, 0].astype(float), 0, None)


def kept(path: str | Path, channels: int = 1) -> "tf.keras.Model":
    """Build it and fill it with the numbers that `keep` wrote; DataError where they do not fit it."""
    model = network(channels)
    keras.fill(model, path)
    return model
