"""Classical baselines without a network, one a task, the same on every page.

Nuclei: blur, Otsu's threshold (doi:10.1109/TSMC.1979.4310076), and a watershed on the distance to the
background from its maxima that rise above their surroundings by a waist depth, in pixels. That depth is
chosen by one rule (`choose_waist`); `WAIST` is what the rule gives on simulated tuning fields of nuclei 14 to
30 px wide of which a quarter, a half and three quarters touch (tests/tools/test_classical.py makes them).

Confluence: cells are where grey values vary, relative to their mean, within a window of 15 pixels, more than
a threshold whose area is right on the training images.
"""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

WAISTS = (0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0)
WAIST = 0.5
SMALLEST = 15.0  # pixels; what is smaller is dust
WINDOW = 15  # pixels a side, for the texture of cells


def foreground(image: ArrayLike, blur: float = 1.0) -> NDArray[np.bool_]:
    """Pixels brighter than Otsu's threshold of the blurred image; none where all are alike.

    Parameters
    ----------
    image : array, (Y, X)
        Grey values, bright on dark.
    blur : float
        Standard deviation of the Gaussian, pixels.
    """
    from skimage.filters import gaussian, threshold_otsu

    smooth = gaussian(np.asarray(image, float), blur, preserve_range=True)
    if np.ptp(smooth) == 0:
        return np.zeros(smooth.shape, bool)
    return np.asarray(smooth > threshold_otsu(smooth))


def objects(mask: ArrayLike, smallest: float = SMALLEST) -> NDArray[np.int32]:
    """Connected patches (8 neighbours) of a mask (Y, X), from 1, without those under `smallest` pixels."""
    from skimage.measure import label

    found = label(np.asarray(mask))
    keep = np.bincount(found.ravel()) >= smallest
    return label(np.asarray(mask) & keep[found]).astype(np.int32)


def split(mask: ArrayLike, smallest: float = SMALLEST, waist: float = WAIST) -> NDArray[np.int32]:
    """Cut the patches of a mask at their waists: a watershed on the distance to the background.

    Parameters
    ----------
    mask : array of bool, (Y, X)
        Foreground.
    smallest : float
        Patches with fewer pixels are dropped.
    waist : float
        A bump of the distance counts as an object when it rises at least this far, pixels. A patch with no
        such bump stays whole.

    Returns
    -------
    array of int32, (Y, X)
        Labels from 1.
    """
    from scipy.ndimage import distance_transform_edt
    from skimage.measure import label
    from skimage.morphology import h_maxima
    from skimage.segmentation import watershed

    found = objects(mask, smallest)
    distance = distance_transform_edt(found)
    seeds, n = label(h_maxima(distance, waist), return_num=True)
    without = np.setdiff1d(np.arange(1, found.max() + 1), found[seeds > 0])
    for k, lost in enumerate(without, start=n + 1):  # objects flatter than the waist keep one seed
        inside = np.where(found == lost, distance, 0)
        seeds[np.unravel_index(inside.argmax(), inside.shape)] = k
    return watershed(-distance, seeds, mask=found > 0).astype(np.int32)


def nuclei(image: ArrayLike, smallest: float = SMALLEST, waist: float = WAIST) -> NDArray[np.int32]:
    """Segment bright nuclei (Y, X): Otsu's threshold, cut at the waists (`foreground`, `split`)."""
    return split(foreground(image), smallest, waist)


def choose_waist(
    masks: Sequence[ArrayLike], counts: Sequence[float], waists: Iterable[float] = WAISTS
) -> float:
    """Choose the waist depth whose counts are nearest to the true ones.

    Parameters
    ----------
    masks : sequence of arrays of bool, (Y, X)
        Foreground of tuning fields, judged nowhere.
    counts : sequence of float
        True number of objects of each.
    waists : iterable of float
        Depths to choose from, pixels.

    Returns
    -------
    float
        The depth with the smallest mean absolute log ratio of counts; of several the first.
    """

    def error(waist: float) -> float:
        found = [max(int(split(mask, waist=waist).max()), 1) for mask in masks]
        return float(np.mean(np.abs(np.log(np.divide(found, counts)))))

    return min(waists, key=error)


def roughness(image: ArrayLike) -> NDArray[np.float64]:
    """Local contrast (Y, X): standard deviation over mean of grey values in a window of 15 x 15 pixels."""
    from scipy.ndimage import uniform_filter

    x = np.asarray(image, float)
    mean = uniform_filter(x, WINDOW)
    variance = np.clip(uniform_filter(x * x, WINDOW) - mean * mean, 0, None)
    return np.asarray(np.sqrt(variance) / np.maximum(mean, 1e-9))


def texture(image: ArrayLike, threshold: float) -> NDArray[np.bool_]:
    """Pixels (Y, X) whose surroundings are rougher than a threshold."""
    return roughness(image) > threshold


def fit_texture(images: Sequence[ArrayLike], masks: Sequence[ArrayLike]) -> float:
    """Choose the threshold whose area fraction is right on the training images, all pixels taken together."""
    share = np.mean([np.mean(np.asarray(mask) > 0) for mask in masks])
    rough = np.concatenate([roughness(image).ravel() for image in images])
    return float(np.quantile(rough, 1 - share))
