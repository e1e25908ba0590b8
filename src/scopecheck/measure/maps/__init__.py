"""Cryo-EM maps in, resolution and agreement out.

Maps are (Z, Y, X), cubic, with the rotation centre at voxel D // 2 of each axis; frequencies are in 1/pixel
(0 to 0.5), resolutions in Angstrom.
"""

from importlib import import_module
from typing import Any

from scopecheck.measure.maps.filters import low_pass, sharpen
from scopecheck.measure.maps.halves import Floor, floor, same
from scopecheck.measure.maps.interval import Agreement, Interval, agreement, effective_counts, fsc_interval
from scopecheck.measure.maps.local import LocalResolution, local_resolution
from scopecheck.measure.maps.masks import octants, soft_mask, soften
from scopecheck.measure.maps.randomise import LIMIT, Corrected, randomise_phases, randomised
from scopecheck.measure.maps.raw import Surroundings, cut, noise_power, rise, surroundings
from scopecheck.measure.maps.shells import Crossing, Curve, crossing, fsc, resolution

_LATER = {
    "orientation": (
        "Cones",
        "Sampling",
        "conical_area_ratio",
        "conical_fsc",
        "directional_fsc",
        "orientation_histogram",
        "sampling_compensation",
        "sphericity",
        "spread",
    ),
    "model": ("correlation", "model_density", "placement", "q_by_residue", "q_score"),
}

__all__ = [
    "LIMIT",
    "Agreement",
    "Cones",
    "Corrected",
    "Crossing",
    "Curve",
    "Floor",
    "Interval",
    "LocalResolution",
    "Sampling",
    "Surroundings",
    "agreement",
    "conical_area_ratio",
    "conical_fsc",
    "correlation",
    "crossing",
    "cut",
    "directional_fsc",
    "effective_counts",
    "floor",
    "fsc",
    "fsc_interval",
    "local_resolution",
    "low_pass",
    "model_density",
    "noise_power",
    "octants",
    "orientation_histogram",
    "placement",
    "q_by_residue",
    "q_score",
    "randomise_phases",
    "randomised",
    "resolution",
    "rise",
    "same",
    "sampling_compensation",
    "sharpen",
    "soft_mask",
    "soften",
    "sphericity",
    "spread",
    "surroundings",
]


def __getattr__(name: str) -> Any:
    for module, names in _LATER.items():
        if name in names:
            return getattr(import_module(f"scopecheck.measure.maps.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
