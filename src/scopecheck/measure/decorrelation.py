"""Resolution from one image, by how its phases agree with it: decorrelation analysis.

Source: Descloux, Grussmayer and Radenovic 2019, https://doi.org/10.1038/s41592-019-0515-7
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scopecheck.errors import InputError
from scopecheck.measure.processed import processed

_SAMPLES, _FILTERS = 100, 20
_EDGE = 0.1  # of a side, over which the image fades to its mean
_LEAST = 0.001  # a smaller rise is no maximum


def resolution(image: ArrayLike, pixel_size: float, *, as_given: bool = False) -> float:
    """The finest detail at which one image still differs from noise.

    The image is correlated with itself when every Fourier coefficient is set to length 1 and those beyond a
    frequency r are left out: d(r) rises while phases carry structure and falls where they carry noise. The
    image is high-pass filtered ever more; the highest frequency at which d(r) still has a maximum is the
    cut-off.

    Only for an image that you know to be raw. What was smoothed, interpolated, denoised or compressed is
    refused where it left a trace: the output of Noise2Void would get a better number than the raw image. A
    shift by a tenth of a pixel, or a cubic change of scale by a tenth, leaves none. Where spots are dim, the
    number can be that of the background's course.

    Parameters
    ----------
    image : array_like, (Y, X)
        At least 32 pixels a side.
    pixel_size : float
        In any unit.
    as_given : bool
        Go on where the image bears traces of processing (`measure.processed`).

    Returns
    -------
    float
        1 / frequency, in the unit of the pixel size. NaN where no maximum is found, as in pure noise. It says
        where structure ends, not whether the structure is true.

    Raises
    ------
    InputError
        As `measure.processed.processed`; if the pixel size is not positive; or if the image was interpolated,
        denoised, compressed or has noise of whole rows: phases then agree beyond what the optics passed.
    """
    if not pixel_size > 0:
        raise InputError(f"pixel_size: {pixel_size}; expected a length above 0.")
    signs = processed(image).signs()
    if signs and not as_given:
        raise InputError(
            f"image: {'; '.join(signs)}. Resolution from one image needs noise that is independent between"
            " pixels; take the image as it came from the camera, or go on with as_given=True."
        )
    values = np.asarray(image, float)
    height, width = values.shape
    faded = (values - values.mean()) * np.outer(_fade(height), _fade(width))
    length = np.abs(np.fft.fft2(faded)).ravel()
    radius = np.hypot(*np.meshgrid(np.fft.fftfreq(height), np.fft.fftfreq(width), indexing="ij")).ravel()
    inside = np.argsort(radius)[1 : int(np.count_nonzero(radius <= 0.5))]  # without the mean
    length, radius = length[inside], radius[inside]
    upto = np.linspace(0, 0.5, _SAMPLES + 1)[1:]
    first = _maximum(length, radius, upto)
    widest = 1 / first if np.isfinite(first) else min(values.shape) / 4
    found = [first]
    for sigma in np.geomspace(widest, 0.15, _FILTERS):
        passed = length * -np.expm1(-2 * (np.pi * sigma * radius) ** 2)
        found.append(_maximum(passed, radius, upto))
    return pixel_size / float(np.nanmax(found)) if np.isfinite(found).any() else float("nan")


def _fade(size: int) -> NDArray:
    from scipy.signal.windows import tukey

    return tukey(size, 2 * _EDGE)


def _maximum(length: NDArray, radius: NDArray, upto: NDArray) -> float:
    """The frequency at which d(r) is largest, if it falls again behind; NaN if it does not."""
    count = np.searchsorted(radius, upto, side="right")
    kept = np.concatenate([[0.0], np.cumsum(length)])[count]
    power = float((length**2).sum())
    if not power:
        return float("nan")
    d = np.divide(kept, np.sqrt(power * count), out=np.zeros(len(upto)), where=count > 0)
    for last in range(len(d), 1, -1):  # a maximum at the very end is noise that goes on
        best = int(d[:last].argmax())
        if best < last - 1:
            falls = d[best] - d[best:last].min() > _LEAST
            return float(upto[best]) if falls and best > 0 else float("nan")
    return float("nan")
