"""How much of a masked FSC the mask made: phases beyond a frequency are random, the mask is the same."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scopecheck.errors import InputError
from scopecheck.measure.maps.shells import Curve, checked, checked_mask, crossing, fsc, threads

LIMIT = 0.2  # size of the randomised FSC at the claimed shell above which the correction is not believed
START = 0.8  # phases are randomised from where the unmasked FSC falls below this
SKIP = 2  # shells after that which still hold neighbours with their true phases


@dataclass(frozen=True)
class Corrected:
    """The FSC with the mask's share taken out.

    Attributes
    ----------
    unmasked, masked, randomised, corrected : Curve
        ``corrected`` is the masked curve up to two shells after `frequency`, and beyond
        (masked - randomised) / (1 - randomised), not below -1.
    frequency : float
        1/pixel from which phases are random; NaN where none could be.
    claimed : float
        Frequency, 1/pixel, at which the corrected curve falls to the threshold; the last shell where it never
        does; NaN where it starts below or ends in shells without power.
    at_claim : float
        Randomised FSC there: mean over the claimed shell and its two neighbours.
    refused : bool
        Whether the correction must not be quoted; `reason` says why.
    reason : str
    """

    unmasked: Curve
    masked: Curve
    randomised: Curve
    corrected: Curve
    frequency: float
    claimed: float
    at_claim: float
    refused: bool
    reason: str = ""

    def at(self, frequency: float) -> float:
        """Randomised FSC at a frequency, 1/pixel: mean of the nearest shell and its two neighbours.

        Only shells with random phases count; NaN where there is none.
        """
        return _near(self.randomised, self.frequency, frequency)


def randomise_phases(values: ArrayLike, frequency: float, seed: int) -> NDArray:
    """Give random phases to all Fourier components from a frequency on; amplitudes stay.

    Parameters
    ----------
    values : (D, D, D) array
    frequency : float
        1/pixel.
    seed : int

    Returns
    -------
    (D, D, D) array of the same precision
    """
    return _randomise(checked("map", values), frequency, np.random.default_rng(seed))


def _randomise(array: NDArray, frequency: float, rng: np.random.Generator) -> NDArray:
    from scipy import fft

    box, workers = len(array), threads(array.size)
    spectrum = fft.rfftn(array, workers=workers)
    # Phases of real white noise: uniform, and Friedel pairs belong together by construction.
    noise = fft.rfftn(rng.standard_normal(array.shape, array.dtype), workers=workers, overwrite_x=True)
    full = np.square(fft.fftfreq(box))
    beyond = full[:, None, None] + full[:, None] + np.square(fft.rfftfreq(box)) >= (frequency - 1e-9) ** 2
    noise = noise[beyond]
    spectrum[beyond] = np.abs(spectrum[beyond]) * (noise / np.abs(noise))
    return fft.irfftn(spectrum, array.shape, workers=workers, overwrite_x=True)


def randomised(
    a: ArrayLike,
    b: ArrayLike,
    mask: ArrayLike,
    seed: int,
    *,
    threshold: float = 0.143,
    limit: float = LIMIT,
) -> Corrected:
    """Masked FSC corrected for what the mask adds, by phase randomisation.

    Beyond the frequency where the unmasked FSC first falls below 0.8, each half map gets random phases of its
    own, and is masked again: any FSC that is left there was made by the mask. Where its size is above
    `limit` at the shell that would be quoted, the correction is refused. A negative one counts likewise: a
    shell of a small mask holds few independent numbers, and to subtract less than nothing invents FSC.

    The correction sees what a mask does to noise that knows nothing of it. It does not see noise or particles
    common to both halves, whose phases agree as those of signal do, nor a mask that was thresholded from the
    noisy map itself: random phases break just the tie between that mask and the noise.

    Parameters
    ----------
    a, b : (D, D, D) arrays
        Unmasked half maps.
    mask : (D, D, D) array, 0 to 1
    seed : int
    threshold : float
        Of the FSC, for the claim.
    limit : float
        Largest size of the randomised FSC at the claimed shell with which the correction is quoted.

    Returns
    -------
    Corrected

    Raises
    ------
    InputError
        As `fsc`.

    References
    ----------
    Chen et al. (2013), doi:10.1016/j.ultramic.2013.06.004. Start at 0.8 and two shells of distance as in
    RELION's postprocessing: Scheres (2012), doi:10.1016/j.jsb.2012.09.006.
    """
    first = checked("first map", a)
    second = checked("second map", b, first)
    inside = checked_mask(mask, first)
    if not 0 < limit < 1:
        raise InputError(f"limit: {limit}; expected a correlation between 0 and 1.")
    unmasked, masked = fsc(first, second), fsc(first, second, inside)
    low = np.flatnonzero(~(unmasked.fsc[1:] >= START)) + 1
    if not low.size:
        reason = f"the unmasked FSC never falls below {START:g}, so no shell is free of signal to randomise"
        nothing = Curve(masked.frequency, np.full_like(masked.fsc, np.nan), masked.counts)
        last = float(masked.frequency[-1])
        return Corrected(unmasked, masked, nothing, masked, math.nan, last, math.nan, True, reason)
    start = float(unmasked.frequency[low[0]])
    rngs = (np.random.default_rng(child) for child in np.random.SeedSequence(seed).spawn(2))
    random = fsc(_randomise(first, start, next(rngs)), _randomise(second, start, next(rngs)), inside)
    values = masked.fsc.copy()
    beyond = slice(low[0] + SKIP, None)
    with np.errstate(invalid="ignore", divide="ignore"):
        values[beyond] = (values[beyond] - random.fsc[beyond]) / (1 - random.fsc[beyond])
    corrected = Curve(masked.frequency, np.clip(values, -1, 1), masked.counts)
    claim = crossing(corrected, threshold)
    never = claim.reason.startswith("never")
    at = float(masked.frequency[-1]) if never else claim.frequency
    found = _near(random, start, at)
    reason = ""
    if abs(found) > limit:
        reason = f"randomised FSC {found:.2f} at the claimed shell, limit {limit:g}: the mask makes the claim"
    return Corrected(unmasked, masked, random, corrected, start, at, found, bool(reason), reason)


def _near(curve: Curve, start: float, frequency: float) -> float:
    if not math.isfinite(start) or not math.isfinite(frequency):
        return math.nan
    shell = round(frequency * curve.box)
    first = max(shell - 1, round(start * curve.box) + SKIP)
    values = curve.fsc[first : shell + 2]
    return float(np.nanmean(values)) if np.isfinite(values).any() else math.nan
