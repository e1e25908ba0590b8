"""Diffraction-limited spots: where they are, how much light they send, and which of them are true.

A spot is found where the image, smoothed as wide as the spot, stands out of the same image smoothed wider:
the difference of Gaussians, which is 0 on a level background. Images are (Y, X); positions are x, y in
pixels, and (0, 0) is the centre of the first pixel.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scopecheck.errors import InputError

WIDER = 1.6  # the ratio at which the difference of Gaussians comes nearest to their Laplacian
_INSIDE, _RING = 3.0, (4.0, 5.5)  # widths of the spot


def standing(image: ArrayLike, sigma: float) -> NDArray[np.float64]:
    """How far each pixel stands out: smoothed by sigma, less smoothed by 1.6 sigma (s.d., pixels)."""
    from scipy.ndimage import gaussian_filter

    values = _plane(image, sigma)
    return gaussian_filter(values, sigma) - gaussian_filter(values, WIDER * sigma)


def find(image: ArrayLike, sigma: float, least: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Find spots and measure their light.

    Parameters
    ----------
    image : array_like, (Y, X)
    sigma : float
        Width (s.d.) of a spot, pixels.
    least : float
        How far a spot has to stand out, as `standing` gives it.

    Returns
    -------
    xy : (n, 2) float64
        Whole pixels, the strongest first; two are at least 3 pixels apart.
    light : (n,) float64
        What lies within 3 sigma of the pixel, less as many pixels of the mean of a ring from 4 to 5.5 sigma,
        a pixel wide at least. Beyond the edge the image goes on mirrored. A neighbour nearer than 9 sigma
        falls into the ring.

    Raises
    ------
    InputError
        If the image is not one plane of finite grey levels, or sigma is not above 0.
    """
    from skimage.feature import peak_local_max

    out = standing(image, sigma)
    at = peak_local_max(out, min_distance=3, threshold_abs=least, exclude_border=False)
    outer = max(_RING[1], _RING[0] + 1 / sigma)  # one pixel wide at least, so that it is never empty
    half = int(np.ceil(outer * sigma))
    y, x = np.mgrid[-half : half + 1, -half : half + 1]
    away = np.hypot(y, x) / sigma
    inside, ring = away <= max(_INSIDE, 1 / sigma), (away >= _RING[0]) & (away <= outer)
    aperture = inside - ring * (inside.sum() / ring.sum())
    around = np.pad(np.asarray(image, float), half, mode="reflect")
    here = np.lib.stride_tricks.sliding_window_view(around, aperture.shape)[tuple(at.T)]
    return at[:, ::-1].astype(float), (here * aperture).sum(axis=(1, 2))


def typical(images: ArrayLike, places: list[NDArray], sigma: float) -> float:
    """How far known spots stand out, in the median: the largest of `standing` in 3 x 3 pixels around each.

    Parameters
    ----------
    images : array_like, (K, Y, X)
    places : list of K arrays, (n, 2)
        x, y of the spots of each image.
    sigma : float

    Raises
    ------
    InputError
        As `find`; or if there is no spot.
    """
    from scipy.ndimage import maximum_filter

    seen: list[float] = []
    for image, xy in zip(np.asarray(images, float), places, strict=True):
        highest = maximum_filter(standing(image, sigma), 3)
        seen += highest[tuple(np.rint(xy).astype(int).T[::-1])].tolist()
    if not seen:
        raise InputError("places: hold no spot; expected the known spots of the images.")
    return float(np.median(seen))


def best(images: ArrayLike, places: list[NDArray], sigma: float, radius: float = 2.5) -> float:
    """The threshold of `find` that finds known spots best: the largest F1 over all images.

    Thresholds from a fifth to one and a half times what is typical are tried, twenty-seven of them.

    Parameters
    ----------
    images : array_like, (K, Y, X)
    places : list of K arrays, (n, 2)
        x, y of the spots of each image.
    sigma : float
    radius : float
        Pixels from a true spot within which a spot that was found is right.

    Raises
    ------
    InputError
        As `typical`.
    """
    from scopecheck.measure import picks

    tried = typical(images, places, sigma) * np.linspace(0.2, 1.5, 27)
    right, found, known = np.zeros(len(tried)), np.zeros(len(tried)), sum(len(xy) for xy in places)
    for image, xy in zip(np.asarray(images, float), places, strict=True):
        every, _light = find(image, sigma, tried.min())
        strength = standing(image, sigma)[tuple(every.astype(int).T[::-1])]
        of_as_many: dict[int, int] = {}  # thresholds that keep as many keep the same
        for k, least in enumerate(tried):
            kept = every[strength > least]
            if len(kept) not in of_as_many:
                of_as_many[len(kept)] = picks.match(kept, xy, radius=radius).tp
            right[k] += of_as_many[len(kept)]
            found[k] += len(kept)
    return float(tried[(2 * right / np.maximum(found + known, 1)).argmax()])


def _plane(image: ArrayLike, sigma: float) -> NDArray[np.float64]:
    values = np.asarray(image, float)
    if values.ndim != 2 or not values.size or not np.isfinite(values).all():
        raise InputError(f"image: shape {values.shape}; expected one plane (Y, X) of finite grey levels.")
    if not sigma > 0:
        raise InputError(f"sigma: {sigma}; expected the width of a spot in pixels, above 0.")
    return values
