"""Denoisers that learn nothing, as scikit-image and SciPy have them, to stand beside those that do."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

from scopecheck.errors import InputError

NAMES = ("raw", "Gaussian", "median", "non-local means")


def denoised(image: ArrayLike, name: str, sigma: float) -> NDArray[np.float64]:
    """Denoise one plane.

    Parameters
    ----------
    image : array_like, (Y, X)
    name : {"raw", "Gaussian", "median", "non-local means"}
        Nothing at all; a Gaussian as wide as the microscope's spot; the median of 3 x 3 pixels; non-local
        means (Buades et al. 2005, https://doi.org/10.1109/CVPR.2005.38) with the noise that
        `measure.intensity.noise_level` finds.
    sigma : float
        Width (s.d.) of the microscope's spot, pixels.

    Returns
    -------
    (Y, X) float64

    Raises
    ------
    InputError
        If there is no denoiser of that name, or the image is not one plane.
    """
    values = np.asarray(image, float)
    if values.ndim != 2:
        raise InputError(f"image: shape {values.shape}; expected one plane (Y, X). Take frame after frame.")
    if name == "raw":
        return values
    if name == "Gaussian":
        return ndimage.gaussian_filter(values, sigma)
    if name == "median":
        return ndimage.median_filter(values, 3)
    if name != "non-local means":
        raise InputError(f"{name!r}: expected one of {', '.join(NAMES)}.")
    from skimage.restoration import denoise_nl_means

    from scopecheck.measure.intensity import noise_level

    noise = noise_level(values)
    out = denoise_nl_means(values, patch_size=5, patch_distance=6, h=0.8 * noise, sigma=noise, fast_mode=True)
    return np.asarray(out, float)
