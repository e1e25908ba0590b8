"""An image as found, taken again under other settings."""

from __future__ import annotations

import numpy as np

from scopecheck.acquire import optics
from scopecheck.acquire.camera import Camera, expose
from scopecheck.acquire.labelling import thin_labelling
from scopecheck.errors import InputError

BACKGROUND_PERCENTILE = 1.0
BRIGHT_PERCENTILE = 99.9


def found_levels(image: np.ndarray) -> tuple[float, float]:
    """Background and bright level of an image as found, in its own grey values.

    The rule: the background is the 1st percentile of all pixels, the bright level the 99.9th. The 1st
    percentile lies below the mean background by the source's own noise; what is left of the background is
    re-taken as light. A black frame around the picture makes the background 0: crop it first.

    Parameters
    ----------
    image : ndarray, shape (Y, X)

    Returns
    -------
    (float, float)
    """
    background, bright = np.percentile(optics.light(image), [BACKGROUND_PERCENTILE, BRIGHT_PERCENTILE])
    return float(background), float(bright)


def retake(
    image: np.ndarray,
    *,
    pixel_factor: float = 1.0,
    blur_px: float = 0.0,
    photons: float | None = None,
    background: float = 0.0,
    camera: Camera | None = None,
    seed: int = 0,
    psf: np.ndarray | None = None,
    fall_off: float = 0.0,
    labelled: float = 1.0,
    photons_per_label: float = 20.0,
) -> np.ndarray:
    """Take an image as found again: its grey values above background are ASSUMED to be proportional to light.

    The source keeps the noise, blur and quantisation it came with, so blur and noise are *added* ones and no
    setting is better than the source. Order: labelling, background, illumination, blur, pixel size, camera.

    Parameters
    ----------
    image : ndarray, shape (Y, X)
        Grey values as found.
    pixel_factor : float
        New over old pixel size; light is conserved, so larger pixels collect more. See `optics.resample` for
        the exact new pixel size.
    blur_px : float
        Standard deviation of the added Gaussian blur, in pixels of the source.
    photons : float, optional
        ASSUMED photons, in a pixel of the source's size, between the background and the 99.9th percentile
        of the image (`found_levels`). None: no camera and no noise, grey values stay in the source's unit.
    background : float
        Photons added everywhere, in a pixel of the source's size.
    camera : Camera, optional
        By default ``Camera()``.
    seed : int
        Noise seed. One seed with other settings is another exposure, not the same noise.
    psf : ndarray, optional
        Added blur by this point spread function at the source's pixel size (`optics.physical_psf`), instead
        of or after `blur_px`.
    fall_off : float
        Share of light missing at the far corners (`optics.uneven_illumination`).
    labelled, photons_per_label : float
        Share of the labels kept and the photons of each (`thin_labelling`).

    Returns
    -------
    ndarray, shape as `optics.resample` gives
        ADU as `expose` gives them; where `photons` is None the source's dtype, or float64 if it has decimals.

    Raises
    ------
    InputError
        If the image is constant, is not one finite plane, or camera settings are given without photons.
    """
    source = optics.light(image)
    low, bright = found_levels(source)
    if photons is None:
        if background or camera is not None or labelled != 1.0:
            raise InputError(
                "background, camera and labelled are in photons: give the assumed photons as well"
            )
        taken = optics.uneven_illumination(source - low, fall_off) + low
        taken = _blur(taken, blur_px, psf)
        taken = optics.resample(taken, pixel_factor)
        taken = taken * (taken.size / source.size)  # a mean of grey values, not their sum
        dtype = np.asarray(image).dtype
        return np.rint(taken).astype(dtype) if dtype.kind in "ui" else taken
    if not (np.isfinite(photons) and photons > 0 and np.isfinite(background) and background >= 0):
        raise InputError(
            f"photons above 0 and background of 0 or more expected, got {photons} and {background}"
        )
    if bright <= low:
        raise InputError(
            f"image: its 1st and 99.9th percentile are both {low:g}, so no light can be told from background;"
            " give an image with more than 0.1 % of its pixels brighter than the background"
        )
    expected = np.clip(source - low, 0.0, None) * (photons / (bright - low))
    if labelled != 1.0:
        expected = thin_labelling(expected, labelled, seed, photons_per_label=photons_per_label)
    expected = optics.uneven_illumination(expected + background, fall_off)
    expected = optics.resample(_blur(expected, blur_px, psf), pixel_factor)
    return expose(np.clip(expected, 0.0, None), Camera() if camera is None else camera, seed)


def noise_twin(image: np.ndarray, random: np.random.Generator | int) -> np.ndarray:
    """Make pure noise with an image's mean and power spectrum: its amplitudes, and the phases of white noise.

    What a tool finds in it, it finds in the noise alone (surrogate data, Theiler et al. 1992,
    doi:10.1016/0167-2789(92)90102-S). The power of the objects is in the spectrum, so the twin is as rough as
    the image.

    Parameters
    ----------
    image : ndarray, (Y, X)
        Grey values, finite.
    random : Generator or int
        Draws the phases.

    Returns
    -------
    ndarray, (Y, X), float64

    Raises
    ------
    InputError
        If the image is not a plane of finite numbers.
    """
    grey = np.asarray(image, float)
    if grey.ndim != 2 or not np.isfinite(grey).all():
        raise InputError(f"image: shape {grey.shape}; expected a plane (Y, X) of finite grey values.")
    amplitude = np.abs(np.fft.rfft2(grey - grey.mean()))
    white = np.fft.rfft2(np.random.default_rng(random).standard_normal(grey.shape))
    twin: np.ndarray = np.fft.irfft2(amplitude * white / np.abs(white), s=grey.shape)
    return grey.mean() + twin


def _blur(photons: np.ndarray, sigma: float, psf: np.ndarray | None) -> np.ndarray:
    blurred = optics.gaussian_blur(photons, sigma)
    return blurred if psf is None else optics.apply_psf(blurred, psf)
