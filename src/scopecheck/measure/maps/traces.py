"""What a mask or a filter left in two half maps, as alarms: checks that need no truth."""

from typing import NamedTuple

from numpy.typing import NDArray

from scopecheck.measure.maps.halves import same
from scopecheck.measure.maps.raw import Surroundings, cut, noise_power, rise, surroundings

SHARP = 100  # growth of the noise power towards Nyquist beyond that of a reconstruction
LIMITS = {"two maps": 0.0, "masked before": 0.0, "filtered before": 0.0}


class Traces(NamedTuple):
    """What was left.

    Attributes
    ----------
    masked, padded : bool
        Noise is missing in part of the box, or beyond a smaller one.
    cuts : list of (int, float)
        Of each half that was filtered: the shell, and the share of power from there on.
    rise : float
        How many times the noise grows towards Nyquist, in the half where it grows most.
    """

    masked: bool
    padded: bool
    cuts: list[tuple[int, float]]
    rise: float

    @property
    def sharpened(self) -> bool:
        """Whether the noise grows as after sharpening, which changes an FSC with a mask."""
        return self.rise > SHARP


def traces(where: Surroundings, noise: tuple[NDArray, ...]) -> Traces:
    """Read them off the surroundings and the noise of two halves (`surroundings`, `noise_power`)."""
    cuts = [one for one in map(cut, noise) if one[0]]
    masked = where.masked and not (where.uneven and cuts)  # what is filtered alone is smoother alone
    return Traces(masked, where.padded, cuts, max(map(rise, noise)))


def by_rule(half1: NDArray, half2: NDArray) -> dict[str, float]:
    """Alarms (1) of two half maps, (Z, Y, X), that are read with a mask; NaN where one map has no noise.

    Returns
    -------
    dict of str to float
        As `LIMITS`: an alarm is a value above.
    """
    if same(half1, half2):
        return {"two maps": 1.0, "masked before": float("nan"), "filtered before": float("nan")}
    where = surroundings(half1, half2)
    found = traces(where, noise_power(half1, half2))
    return {
        "two maps": 0.0,
        "masked before": float(found.masked or found.padded),
        "filtered before": float(bool(found.cuts) or found.sharpened),
    }
