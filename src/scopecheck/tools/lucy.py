"""Richardson and Lucy's steps, alone and inside a small network after the design of RLN; it is not RLN.

Each step of the network compares the picture that the present estimate would give with the one that was
taken, as Richardson and Lucy do, and a few filters correct what the step makes of it. The answer is the
estimate, seen through the same point spread function again.

Sources: Richardson 1972, https://doi.org/10.1364/JOSA.62.000055; Lucy 1974, https://doi.org/10.1086/111605;
the design with such steps: Li et al. 2022, https://doi.org/10.1038/s41592-022-01652-7
"""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.signal import fftconvolve

from scopecheck.errors import InputError
from scopecheck.tools import keras

if TYPE_CHECKING:
    from tensorflow.keras import Model

_FLOOR = 1e-3  # of the network's unit: a ratio needs a denominator above 0


def denoised(image: ArrayLike, psf: ArrayLike, steps: int = 20) -> NDArray[np.float64]:
    """Restore by Richardson and Lucy's own steps, and look at what they found through the microscope again.

    Parameters
    ----------
    image : array_like, (Y, X)
        Photons, background included, offset subtracted; what is below 0.01 is raised to it.
    psf : array_like, (P, P), P odd
        Point spread function; scaled to sum to 1.
    steps : int

    Returns
    -------
    (Y, X) float64
        Photons. Beyond its edge the image goes on mirrored.

    Raises
    ------
    InputError
        If either is not one plane, or the point spread function has an even side or sums to nothing.
    """
    from skimage.restoration import richardson_lucy

    kernel = np.asarray(psf, float)
    if np.ndim(image) != 2 or kernel.ndim != 2 or not all(side % 2 for side in kernel.shape):
        raise InputError(
            f"image: shape {np.shape(image)}, psf {kernel.shape}; expected planes (Y, X) and (P, P), P odd."
        )
    if not kernel.sum() > 0:
        raise InputError(f"psf: sums to {kernel.sum():g}; expected a sum above 0.")
    kernel, reach = kernel / kernel.sum(), 2 * len(kernel)
    around = np.pad(np.clip(np.asarray(image, float), 0.01, None), reach, mode="symmetric")
    top = around.max()  # scikit-image starts from 1/2 everywhere
    sharp = richardson_lucy(around / top, kernel, num_iter=steps, clip=False) * top
    seen = fftconvolve(sharp, kernel, mode="same")
    return np.asarray(seen[reach:-reach, reach:-reach], float)


def network(psf: ArrayLike, steps: int = 4, filters: int = 8) -> "Model":
    """Build the network, untrained: before any training it is Richardson and Lucy's own.

    Parameters
    ----------
    psf : array_like, (P, P), P odd
        Point spread function, scaled to sum to 1 here.
    steps : int
    filters : int
        Of each of a step's two layers of 3 x 3 pixels.

    Returns
    -------
    tf.keras.Model
        From (n, Y, X, 1) to the same: photons over one fixed number, background included, about 0 to 1.
    """
    import tensorflow as tf

    layers, kernel = tf.keras.layers, np.asarray(psf, np.float32)
    back = (kernel / kernel.sum())[..., None, None]
    blur, reach = np.ascontiguousarray(back[::-1, ::-1]), len(back) // 2  # conv2d does not turn its kernel

    def seen(image: "tf.Tensor", by: NDArray = blur) -> "tf.Tensor":
        around = tf.pad(image, [[0, 0], [reach, reach], [reach, reach], [0, 0]], "SYMMETRIC")
        return tf.nn.conv2d(around, by, 1, "VALID")

    def step(both: "list[tf.Tensor]") -> "tf.Tensor":
        estimate, taken = both
        return estimate * seen(taken / tf.maximum(seen(estimate), _FLOOR), back)

    raw = layers.Input((None, None, 1))
    taken = layers.Lambda(lambda image: tf.maximum(image, _FLOOR))(raw)
    estimate = layers.Lambda(seen)(taken)
    for _ in range(steps):
        stepped = layers.Lambda(step)([estimate, taken])
        drawn = layers.Concatenate()([stepped, estimate])
        for _layer in range(2):
            drawn = layers.Conv2D(filters, 3, padding="same", activation="relu")(drawn)
        # what the filters correct is a factor; zeros at first make it 1
        factor = layers.Conv2D(1, 3, padding="same", kernel_initializer="zeros")(drawn)
        estimate = layers.Lambda(lambda both: both[0] * tf.exp(tf.clip_by_value(both[1], -3, 3)))(
            [stepped, factor]
        )
    return tf.keras.Model(raw, layers.Lambda(seen)(estimate))


def train(psf: ArrayLike, noisy: NDArray, sharp: NDArray, seed: int, steps: int = 1000) -> "Model":
    """Train a network by the mean absolute error; the step shrinks to nothing along half a cosine.

    Parameters
    ----------
    psf : array_like, (P, P)
        As of `network`.
    noisy, sharp : ndarray, (n, Y, X, 1) float32
        Pairs of patches, over the same fixed number.
    seed : int
    steps : int
        Batches of 16 patches, rounded up to whole epochs.

    Returns
    -------
    tf.keras.Model

    Raises
    ------
    InputError
        If there is no patch, or those of a pair are not of one shape.
    """
    if np.ndim(noisy) != 4 or not len(noisy) or np.shape(noisy) != np.shape(sharp):
        raise InputError(
            f"noisy: shape {np.shape(noisy)}, sharp {np.shape(sharp)}; expected pairs of patches"
            " (n, Y, X, 1)."
        )
    with keras.training(seed):
        model = network(psf)
        each = -(-len(noisy) // 16)
        epochs = -(-steps // each)
        model.compile(keras.settling(epochs * each, first=0.001), loss="mae")
        model.fit(noisy, sharp, epochs=epochs, batch_size=16, verbose=0)
    return model


def keep(model: "Model", path: str | Path) -> "Model":
    """Write a trained network to a file of plain numbers, and go on with what was written."""
    keras.write(model, path)
    keras.fill(model, path)
    return model


def kept(psf: ArrayLike, path: str | Path) -> "Model":
    """Build a network and fill it with the numbers that `keep` wrote; DataError where they do not fit it."""
    model = network(psf)
    keras.fill(model, path)
    return model
