"""Light before the camera: pixel size, blur by a stated point spread function, uneven illumination."""

from __future__ import annotations

import numpy as np
from scipy import ndimage, signal

from scopecheck.errors import InputError


def light(image: np.ndarray, name: str = "image") -> np.ndarray:
    """Check that an array can be expected photons or grey values, and give it as float64.

    Parameters
    ----------
    image : ndarray, shape (Y, X), real numbers
    name : str
        What the array is called in the error message.

    Returns
    -------
    ndarray, shape (Y, X), float64

    Raises
    ------
    InputError
        If the array is not 2D, is empty, or holds NaN or infinity.
    """
    image = np.asarray(image)
    if image.ndim != 2 or image.size == 0:
        raise InputError(
            f"{name}: expected one plane (Y, X), got shape {image.shape}; give one plane and channel"
        )
    if image.dtype.kind not in "buif":
        raise InputError(f"{name}: expected real numbers, got {image.dtype}")
    image = image.astype(np.float64)
    if not np.isfinite(image).all():
        raise InputError(f"{name}: holds NaN or infinity; replace those pixels before the image is re-taken")
    return image


def _overlaps(n_old: int, n_new: int) -> np.ndarray:
    """Share of every old pixel that falls into every new one, (n_new, n_old); columns sum to 1."""
    edges = np.arange(n_new + 1) * (n_old / n_new)
    low, high = edges[:-1, None], edges[1:, None]
    old = np.arange(n_old)[None, :]
    return np.clip(np.minimum(high, old + 1) - np.maximum(low, old), 0.0, None)


def resample(photons: np.ndarray, pixel_factor: float) -> np.ndarray:
    """Take the same field with pixels of another size; the photon number of the field stays exactly the same.

    The kernel is area averaging times the pixel's area: a new pixel collects the light of the area it
    covers, light being spread evenly over an old pixel. The whole field is kept, so the new shape is the
    old one divided by the factor and rounded, and the new pixel size is ``old size * old shape / new
    shape`` along each axis.

    Parameters
    ----------
    photons : ndarray, shape (Y, X)
        Photons a pixel.
    pixel_factor : float
        New pixel size over old pixel size; 2 is a binning of 2 x 2, a value below 1 makes pixels smaller.

    Returns
    -------
    ndarray, shape (round(Y / pixel_factor), round(X / pixel_factor)), float64

    Raises
    ------
    InputError
        If the factor is not positive or leaves no pixel.
    """
    photons = light(photons, "photons")
    rows, columns = resampled_shape(photons.shape, pixel_factor)
    if (rows, columns) == photons.shape:
        return photons
    return _overlaps(photons.shape[0], rows) @ photons @ _overlaps(photons.shape[1], columns).T


def resampled_shape(shape: tuple[int, ...], pixel_factor: float) -> tuple[int, int]:
    """Shape (Y, X) that `resample` gives.

    Raises
    ------
    InputError
        If the factor is not positive or leaves no pixel.
    """
    if not (np.isfinite(pixel_factor) and pixel_factor > 0):
        raise InputError(f"pixel_factor: expected a positive number (new over old size), got {pixel_factor}")
    rows, columns = (round(length / pixel_factor) for length in shape[-2:])
    if rows < 1 or columns < 1:
        raise InputError(
            f"pixel_factor: {pixel_factor} leaves no pixel of a field of {shape[0]} x {shape[1]}"
        )
    return rows, columns


def resample_labels(labels: np.ndarray, pixel_factor: float) -> np.ndarray:
    """Take the label under the centre of every new pixel (nearest neighbour).

    These labels serve matching alone: an area or a count that is to be true is taken from the source's
    labels.

    Parameters
    ----------
    labels : ndarray, shape (Y, X), integer
    pixel_factor : float
        As in `resample`.

    Returns
    -------
    ndarray, shape as `resample` gives, dtype of `labels`

    Raises
    ------
    InputError
        If the labels are not one plane, or the factor is not positive or leaves no pixel.
    """
    labels = np.asarray(labels)
    if labels.ndim != 2:
        raise InputError(f"labels: expected one plane (Y, X), got shape {labels.shape}")
    rows, columns = resampled_shape(labels.shape, pixel_factor)
    y = ((np.arange(rows) + 0.5) * labels.shape[0] / rows).astype(int)
    x = ((np.arange(columns) + 0.5) * labels.shape[1] / columns).astype(int)
    return labels[np.ix_(y, x)]


def gaussian_blur(photons: np.ndarray, sigma: float) -> np.ndarray:
    """Blur by a Gaussian; light that would leave the field is mirrored back, so the photon number is kept.

    Parameters
    ----------
    photons : ndarray, shape (Y, X)
    sigma : float
        Standard deviation in pixels (FWHM is 2.355 sigma); 0 changes nothing. The kernel ends at 4 sigma.

    Returns
    -------
    ndarray, shape (Y, X), float64
    """
    photons = light(photons, "photons")
    if not (np.isfinite(sigma) and sigma >= 0):
        raise InputError(f"sigma: expected 0 or a positive number of pixels, got {sigma}")
    return ndimage.gaussian_filter(photons, sigma, mode="reflect") if sigma > 0 else photons


def gaussian_psf(sigma: float) -> np.ndarray:
    """Gaussian point spread function up to 4 sigma, integrated over each pixel and summing to 1.

    Parameters
    ----------
    sigma : float
        Standard deviation in pixels, above 0.

    Returns
    -------
    ndarray, square with an odd side, float64
    """
    from scipy.special import erf

    if not (np.isfinite(sigma) and sigma > 0):
        raise InputError(f"sigma: expected a positive number of pixels, got {sigma}")
    size = 2 * int(np.ceil(4 * sigma)) + 1
    edges = (np.arange(size + 1) - size / 2) / (np.sqrt(2) * sigma)
    line = np.diff(erf(edges))
    psf = np.outer(line, line)
    return psf / psf.sum()


def physical_psf(
    pixel_size: float,
    *,
    na: float,
    wavelength: float,
    immersion_index: float = 1.515,
    sample_index: float | None = None,
    depth: float = 0.0,
    defocus: float = 0.0,
    size: int = 65,
    model: str = "vectorial",
) -> np.ndarray:
    """Point spread function of a widefield objective, computed by psfmodels and summing to 1.

    Light beyond the window is lost to it and the rest is scaled to 1: with a defocus, look whether `size`
    covers the rings.

    Parameters
    ----------
    pixel_size : float
        Pixel size in the specimen, um.
    na : float
        Numerical aperture; must be below the immersion's index.
    wavelength : float
        Emission wavelength, um.
    immersion_index, sample_index : float
        Refractive indices; the sample's is the immersion's unless given (no spherical aberration).
    depth : float
        Depth of the emitter below the coverslip, um.
    defocus : float
        Distance of the focal plane from the emitter, um.
    size : int
        Odd number of pixels along each axis.
    model : {"vectorial", "scalar"}
        Vectorial: Aguet et al. 2009, doi:10.1364/OE.17.006829. Scalar: Gibson and Lanni 1992,
        doi:10.1364/JOSAA.9.000154.

    Returns
    -------
    ndarray, shape (size, size), float64

    Raises
    ------
    InputError
        If a parameter is outside what the model can be computed for.
    ImportError
        If psfmodels is not installed; it is GPL-3.0 and comes with the extra `optics`.
    """
    if not (pixel_size > 0 and wavelength > 0):
        raise InputError(f"pixel_size and wavelength: expected um above 0, got {pixel_size} and {wavelength}")
    if not 0 < na < immersion_index:
        raise InputError(f"na: expected between 0 and the immersion's index {immersion_index}, got {na}")
    if model not in ("vectorial", "scalar"):
        raise InputError(f"model: expected 'vectorial' or 'scalar', got {model!r}")
    try:
        from psfmodels import make_psf
    except ImportError:
        raise ImportError(
            "physical_psf needs psfmodels (GPL-3.0), which is optional: pip install 'scopecheck[optics]',"
            " or blur by gaussian_psf"
        ) from None
    sample_index = immersion_index if sample_index is None else sample_index
    psf = make_psf(
        [depth + defocus],
        _odd(size),
        dxy=pixel_size,
        pz=depth,
        NA=na,
        wvl=wavelength,
        ns=sample_index,
        ni=immersion_index,
        ni0=immersion_index,
        model=model,  # type: ignore[arg-type]
    )[0]
    return psf / psf.sum()


def _odd(size: int) -> int:
    if int(size) != size or size < 1 or size % 2 == 0:
        raise InputError(f"size: expected an odd number of pixels, got {size}")
    return int(size)


def apply_psf(photons: np.ndarray, psf: np.ndarray) -> np.ndarray:
    """Blur by any point spread function; beyond its edge the field is taken as mirrored.

    Parameters
    ----------
    photons : ndarray, shape (Y, X)
    psf : ndarray, shape (P, Q), both odd
        Scaled to sum to 1 here. The photon number is kept where the PSF is its own mirror image along each
        axis; of any other a little is lost or gained within its reach of the edge.

    Returns
    -------
    ndarray, shape (Y, X), float64, nowhere outside the range of `photons`
    """
    photons, psf = light(photons, "photons"), light(psf, "psf")
    half_y, half_x = _odd(psf.shape[0]) // 2, _odd(psf.shape[1]) // 2
    if psf.min() < 0 or psf.sum() <= 0:
        raise InputError("psf: expected values of 0 and above with a sum above 0")
    padded = np.pad(photons, ((half_y, half_y), (half_x, half_x)), mode="symmetric")
    blurred = signal.fftconvolve(padded, psf / psf.sum(), mode="valid")
    return np.clip(blurred, photons.min(), photons.max())


def uneven_illumination(photons: np.ndarray, fall_off: float) -> np.ndarray:
    """Dim the field with the square of the distance from its centre.

    Parameters
    ----------
    photons : ndarray, shape (Y, X)
    fall_off : float
        Share of the light that is missing in the corner pixels, 0 to 1.

    Returns
    -------
    ndarray, shape (Y, X), float64
    """
    photons = light(photons, "photons")
    if not 0 <= fall_off <= 1:
        raise InputError(f"fall_off: expected a share from 0 to 1, got {fall_off}")
    y, x = np.ogrid[: photons.shape[0], : photons.shape[1]]
    squared = (y - (photons.shape[0] - 1) / 2) ** 2 + (x - (photons.shape[1] - 1) / 2) ** 2
    return photons * (1.0 - fall_off * squared / (squared.max() or 1.0))
