"""Labelling density: fewer fluorophores in the same structure."""

from __future__ import annotations

from dataclasses import replace
from typing import overload

import numpy as np

from scopecheck.acquire.optics import light
from scopecheck.acquire.truth import Scene, total_photons
from scopecheck.errors import InputError


@overload
def thin_labelling(scene: Scene, fraction: float, seed: int, *, photons_per_label: float = ...) -> Scene: ...
@overload
def thin_labelling(
    scene: np.ndarray, fraction: float, seed: int, *, photons_per_label: float = ...
) -> np.ndarray: ...
def thin_labelling(
    scene: Scene | np.ndarray, fraction: float, seed: int, *, photons_per_label: float = 20.0
) -> Scene | np.ndarray:
    """Label only a part of what could be labelled: dimmer, and granular because labels are whole.

    Each pixel holds a Poisson number of labels with mean ``fraction * light / photons_per_label``, and each
    label gives `photons_per_label`. The mean falls by `fraction`, the variance between specimens is
    ``fraction * light * photons_per_label``. A grain is one pixel wide: blur after, not before. The
    background is not labelled and stays.

    Parameters
    ----------
    scene : Scene or ndarray of shape (Y, X)
        A scene, or the expected photons above background of an image.
    fraction : float
        Share of the full labelling, above 0 up to 1.
    seed : int
    photons_per_label : float
        Expected photons that one label gives in the exposure.

    Returns
    -------
    Scene or ndarray, as given. A scene keeps its labels and gets new exact totals.

    Raises
    ------
    InputError
        If the fraction or the photons a label are outside their range, or light is negative.
    """
    if not 0 < fraction <= 1:
        raise InputError(f"fraction: expected a share above 0 and up to 1, got {fraction}")
    if not (np.isfinite(photons_per_label) and photons_per_label > 0):
        raise InputError(f"photons_per_label: expected a positive number, got {photons_per_label}")
    signal = scene.photons - scene.background if isinstance(scene, Scene) else light(scene)
    if signal.min() < 0:
        raise InputError("image: expected photons above background, 0 or more; subtract the background first")
    labels = np.random.default_rng([seed, 1]).poisson(fraction * signal / photons_per_label)
    thinned = labels * float(photons_per_label)
    if not isinstance(scene, Scene):
        return thinned
    objects = scene.objects.assign(photons=total_photons(thinned, scene.labels))
    return replace(scene, photons=thinned + scene.background, objects=objects)
