"""Confocal and STED pictures of one map of molecules, taken by the microscope of pySTED.

pySTED scans a map point by point, in about a second. Where nothing bleaches, a scan is the map convolved
with the effective point spread function; so it is taken here, in milliseconds and with the same counts.

Source: the pysted package, https://github.com/FLClab/pySTED
"""

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.signal import fftconvolve

from scopecheck.acquire import optics
from scopecheck.errors import InputError

if TYPE_CHECKING:
    from pysted.base import Microscope

PIXEL = 20  # of a map and of a picture, nm
SIDE = 224  # of a map, pixels, as the package's own
EXCITATION, DEPLETION = 90e-6, 0.105  # W; the second makes the spot of a confocal microscope 58 nm wide

# As in the package's tutorial: a dye like EGFP, and a STED beam that excites nothing by itself.
_DYE: dict[str, Any] = {"lambda_": 535e-9, "qy": 0.6, "tau": 3e-9, "tau_vib": 1e-12, "tau_tri": 1.2e-6}
_DYE |= {"sigma_abs": {488: 8e-23, 575: 2e-23}, "sigma_ste": {575: 3e-22}, "k1": 1.3e-15, "b": 1.4}


def nanodomains(n: int, seed: int, most: int = 4) -> NDArray[np.float64]:
    """Centres of the nanodomains of synapses that lie at random in a map, x and y in pixels.

    Parameters
    ----------
    n : int
        Synapses. Each has one nanodomain or several, 90 to 160 nm from one before and no two nearer.
    seed : int
    most : int
        Nanodomains of a synapse.

    Returns
    -------
    (domains, 2) float64
    """
    random, every = np.random.default_rng([seed, 1]), []
    for centre in random.uniform(20, SIDE - 20, (n, 2)):
        mine = [centre]
        for _ in range(int(random.integers(most))):
            angle, away = random.uniform(0, 2 * np.pi), random.uniform(4.5, 8)
            new = mine[-1] + away * np.array([np.cos(angle), np.sin(angle)])
            if min(np.hypot(*(new - one)) for one in mine) >= 4.5:
                mine.append(new)
        every += mine
    return np.array(every)


def specimen(kind: str, seed: int, n: int = 15, most: int = 4) -> NDArray[np.float64]:
    """A simulated map of molecules, with 0.2 a pixel that are bound to nothing.

    Parameters
    ----------
    kind : {"clusters", "fibres", "rings"}
        `nanodomains` of 60 to 180 molecules within 20 nm (s.d.); as many of them and six bent filaments with
        a molecule a nanometre; 25 rings, 80 nm in radius, with 480 molecules each.
    seed : int
    n, most : int
        Synapses, and the most nanodomains of one.

    Returns
    -------
    (224, 224) float64
        Molecules in each pixel.

    Raises
    ------
    InputError
        If there is no such kind.
    """
    from scopecheck.acquire import localisation
    from scopecheck.measure.rendered import picture

    if kind not in ("clusters", "fibres", "rings"):
        raise InputError(f"kind: {kind!r}; expected 'clusters', 'fibres' or 'rings'.")
    random, outlines = np.random.default_rng([seed, 2]), []
    if kind == "rings":
        outlines = [localisation.rings(25, PIXEL * SIDE, seed)]
    if kind == "fibres":
        outlines = [localisation.filaments(6, PIXEL * SIDE, seed)]
    xy = [np.repeat(sites[:, :2] / PIXEL, 8, axis=0) for sites in outlines]
    if kind != "rings":
        centres = nanodomains(n, seed, most)
        each = random.uniform(60, 180, len(centres)).astype(int)
        xy.append(np.repeat(centres, each, axis=0) + random.normal(0, 1, (each.sum(), 2)))
    return picture(np.concatenate(xy), SIDE, 1, 0) + random.poisson(0.2, (SIDE, SIDE))


def microscope() -> "Microscope":
    """Build it: 488 nm to excite, 575 nm to deplete, NA 1.4, pinhole of 0.7 Airy units, gated detection."""
    from pysted import base

    depleting = base.DonutBeam(575e-9, zero_residual=0, rate=40e6, tau=400e-12, anti_stoke=False)
    detector = base.Detector(noise=True, background=0, det_delay=750e-12, det_width=8e-9)
    return base.Microscope(
        base.GaussianBeam(488e-9), depleting, detector, base.Objective(), base.Fluorescence(**_DYE)
    )


def psf(depletion: float = 0.0) -> NDArray[np.float64]:
    """Effective point spread function, scaled to sum to 1.

    Parameters
    ----------
    depletion : float
        Power of the STED beam, W: 0 is a confocal microscope (169 nm FWHM), 0.105 gives 58 nm.

    Returns
    -------
    (45, 45) float64
        In pixels of 20 nm.
    """
    effective = _effective(_microscope(), depletion)
    return effective / effective.sum()


def expected(
    scope: "Microscope", molecules: ArrayLike, depletion: float, dwell: float
) -> NDArray[np.float64]:
    """Expected photons of a scan in which nothing bleaches.

    Parameters
    ----------
    scope : pysted.base.Microscope
    molecules : array_like, (Y, X)
        In each pixel of 20 nm; beyond the edge there is none.
    depletion : float
        Power of the STED beam, W.
    dwell : float
        Time spent at a pixel, s.

    Returns
    -------
    (Y, X) float64
        Photons counted in a pixel, in the mean.

    Raises
    ------
    InputError
        If the map is not one plane of numbers of 0 or above, or depletion or dwell are below 0.
    """
    detector = scope.detector
    return _sent(scope, molecules, depletion, dwell) * detector.pcef * detector.pdef * dwell


def taken(
    scope: "Microscope", molecules: ArrayLike, depletion: float, dwell: float, seed: int
) -> NDArray[np.int64]:
    """Photons of one scan, with the detector's noise; parameters and errors as of `expected`."""
    sent = _sent(scope, molecules, depletion, dwell)
    before = np.random.get_state()  # noqa: NPY002 (pySTED draws from numpy's one generator)
    counts = scope.detector.get_signal(sent, np.full(sent.shape, dwell), scope.sted.rate, seed=seed)
    np.random.set_state(before)  # noqa: NPY002
    return np.asarray(counts, np.int64)


def pictures(
    molecules: ArrayLike, seed: int, *, dwell: float = 1e-5, blur: float = 0.0
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Two confocal pictures of a map and a STED one, and that one without noise.

    Parameters
    ----------
    molecules : array_like, (Y, X)
    seed : int
    dwell : float
        Time of a confocal picture at a pixel, s. STED takes ten scans of 20 µs with 0.105 W.
    blur : float
        Width (s.d., pixels) of a Gaussian that widens the confocal spot.

    Returns
    -------
    images : (3, Y, X) float64
        Photons; the confocal ones as in 10 µs, STED as in one scan.
    truth : (Y, X) float64
        Expected photons of one STED scan.
    """
    scope, there = _microscope(), np.asarray(molecules, float)
    hazy = optics.gaussian_blur(there, blur)
    images = [taken(scope, hazy, 0, dwell, seed + 10**5 * k) * 1e-5 / dwell for k in (1, 2)]
    images.append(taken(scope, there, DEPLETION, 2e-4, seed + 3 * 10**5) / 10)
    return np.stack(images), expected(scope, there, DEPLETION, 2e-5)


@cache
def _microscope() -> "Microscope":
    return microscope()


def _sent(scope: "Microscope", molecules: ArrayLike, depletion: float, dwell: float) -> NDArray[np.float64]:
    there = np.asarray(molecules, float)
    if there.ndim != 2 or not there.size or not np.isfinite(there).all() or there.min() < 0:
        raise InputError(
            f"molecules: shape {there.shape}; expected one plane (Y, X) of numbers of 0 or above."
        )
    if not (depletion >= 0 and dwell >= 0):
        raise InputError(f"depletion, dwell: {depletion} W, {dwell} s; expected 0 or above.")
    energy = np.clip(fftconvolve(there, _effective(scope, depletion), mode="same"), 0, None)
    return np.asarray(scope.fluo.get_photons(energy), float)


def _effective(scope: "Microscope", depletion: float) -> NDArray[np.float64]:
    return np.asarray(scope.get_effective(PIXEL * 1e-9, EXCITATION, float(depletion)), float)
