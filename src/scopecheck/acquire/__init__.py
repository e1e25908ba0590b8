"""Forward models: expected photons in, camera images out, and scenes whose truth is exact.

Arrays are (Y, X) unless a docstring says otherwise, pixel centres lie at whole numbers, and light is
counted in photons a pixel. Nothing here makes an image better than its source. `cryoem` states its own units
and conventions.
"""

from scopecheck.acquire import cryoem, optics, scenes
from scopecheck.acquire.camera import Camera, expose
from scopecheck.acquire.growth import GrowthSeries, growth_series, phase_like
from scopecheck.acquire.labelling import thin_labelling
from scopecheck.acquire.retaking import found_levels, noise_twin, retake

__all__ = [
    "Camera",
    "GrowthSeries",
    "cryoem",
    "expose",
    "found_levels",
    "growth_series",
    "noise_twin",
    "optics",
    "phase_like",
    "retake",
    "scenes",
    "thin_labelling",
]
