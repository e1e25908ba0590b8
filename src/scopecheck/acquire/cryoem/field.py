"""Whole micrographs: particles and what lies between them, through one CTF, with one noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from scopecheck.acquire.cryoem.contaminants import Scene, draw
from scopecheck.acquire.cryoem.ctf import CTF
from scopecheck.acquire.cryoem.inputs import number, rotation_matrices, signal_to_noise, volume_box, whole
from scopecheck.acquire.cryoem.poses import rotations_to_relion, uniform_rotations
from scopecheck.acquire.cryoem.projection import project
from scopecheck.acquire.cryoem.stack import expose, modulate
from scopecheck.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

VIEWS = 48  # uniform views that set the contrast of a particle and with it the noise


@dataclass(frozen=True)
class Micrograph:
    """A micrograph with its exact truth.

    Parameters
    ----------
    image : ndarray, shape (Y, X), float32
        With noise; protein is dark.
    clean : ndarray, shape (Y, X), float32
        Without noise.
    particles : DataFrame
        x, y (centre, pixels), rot, tilt, psi (RELION, degrees), overlapping (another particle is nearer than
        a diameter). Members of aggregates are not in it.
    contaminants : DataFrame
        kind, x, y, radius (pixels). For carbon, x and y are the edge's point nearest to the field's centre
        and the radius is infinite.
    junk : ndarray, shape (Y, X), uint8
        0, or the place in `KINDS` plus 1. Aggregates cover their members' discs.
    pixel_size : float
        Angstrom.
    thickness : ndarray, shape (Y, X), float32
        Of the ice, 1 on average before thin patches.
    noise_sd : float
        Of the noise where the thickness is 1, in the unit of `clean`.
    """

    image: np.ndarray
    clean: np.ndarray
    particles: pd.DataFrame
    contaminants: pd.DataFrame
    junk: np.ndarray
    pixel_size: float
    thickness: np.ndarray
    noise_sd: float


def micrograph(
    volume: np.ndarray | None,
    *,
    shape: tuple[int, int],
    pixel_size: float,
    n: int,
    diameter: float,
    snr: float | None,
    seed: int,
    ctf: CTF | None = None,
    minimum_distance: float | None = None,
    contaminants: tuple[str, ...] = (),
    ice_gradient: float = 0.0,
    overlap: float = 0.0,
    rotations: np.ndarray | None = None,
    dose: float | None = None,
) -> Micrograph:
    """Take a micrograph of particles at random places.

    Particles lie whole in the field (a radius from its border) and outside of every contaminant. The noise is
    the one `particles` would add to single images of this volume in its box at this ratio, averaged over 48
    uniform views, whatever else is in the field: fields with and without particles have the same noise.

    Parameters
    ----------
    volume : ndarray, shape (D, D, D), or None
        None: no particles; with `n` 0. A particle's contrast is then taken as 1, its darkest pixel as 4.
    shape : (Y, X)
    pixel_size : float
        Angstrom, of volume and micrograph.
    n : int
    diameter : float
        Of a particle, Angstrom.
    snr : float or None
        As in `particles`.
    seed : int
    ctf : CTF, optional
        One for the field; 1.5 um underfocus unless given.
    minimum_distance : float, optional
        Between centres, Angstrom; the diameter unless given.
    contaminants : tuple out of `KINDS`
        "ice": two crystals; "carbon": a film beyond a straight edge, a fifth of the field, with more mass
        (darker) and a texture that shows Thon rings; "aggregate": two clumps of 6 to 10 of the particle's
        projections; "gold": four beads of 10 nm; "empty": a patch of thin ice without particles.
    ice_gradient : float
        Difference of the ice's thickness between two opposite sides relative to its mean, 0 to 1.5. Thicker
        ice is darker, and its noise has a variance proportional to the thickness.
    overlap : float
        Share of the particles, 0 to 0.5, that are put at 0.3 to 0.8 diameters from another one.
    rotations : ndarray, shape (n, 3, 3), optional
        Uniform unless given.
    dose : float, optional
        As in `particles`.

    Returns
    -------
    Micrograph

    Raises
    ------
    InputError
        If the particles or contaminants do not fit, or an argument cannot be used.
    """
    model = None if volume is None else volume_box(volume)
    shape, n = _shape(shape), whole(n, "n")
    if model is None and (n or "aggregate" in contaminants):
        raise InputError(
            "volume: particles and aggregates need one, got None; take n=0 and other contaminants"
        )
    number(pixel_size, "pixel_size", above=0)
    wide = number(diameter, "diameter", above=0) / pixel_size
    if wide < 2 or wide >= min(shape):
        raise InputError(
            f"diameter: {diameter:g} A is {wide:.3g} pixels of {pixel_size:g} A in a field of {shape};"
            " check the units"
        )
    if not 0 <= number(ice_gradient, "ice_gradient") <= 1.5 or not 0 <= number(overlap, "overlap") <= 0.5:
        raise InputError(
            f"ice_gradient and overlap: expected 0 to 1.5 and 0 to 0.5, got {ice_gradient}, {overlap}"
        )
    apart = (
        wide
        if minimum_distance is None
        else number(minimum_distance, "minimum_distance", minimum=0) / pixel_size
    )
    ratio = signal_to_noise(snr)
    ctf = CTF(15_000.0) if ctf is None else ctf
    if not isinstance(ctf, CTF):
        raise InputError(f"ctf: expected one CTF for the field, got {type(ctf).__name__}")
    scene_rng, place_rng, noise_rng = map(np.random.default_rng, np.random.SeedSequence(seed).spawn(3))
    variance, depth, peak = _contrast(model, ctf, pixel_size, dose)
    pad = max(64, 0 if model is None else len(model))
    y = np.arange(-pad, shape[0] + pad)[:, None]
    x = np.arange(-pad, shape[1] + pad)[None, :]
    scene = Scene(y, x, shape, wide, float(pixel_size), peak, depth, scene_rng)
    draw(scene, contaminants)
    turn = scene_rng.uniform(0, 2 * np.pi)
    slope = (x - x.mean()) * np.cos(turn) + (y - y.mean()) * np.sin(turn)
    scene.thickness *= np.clip(1 + ice_gradient * slope / np.ptp(scene.inner(slope)), 0.05, None)
    centres = _places(scene, n, apart, overlap, place_rng)
    if rotations is None:
        rotations = uniform_rotations(n, place_rng.integers(2**31))
    rotations = rotation_matrices(rotations, n)
    if model is not None:
        clumped = np.concatenate([np.zeros((0, 2)), *scene.clumps])
        tumbled = uniform_rotations(len(clumped), scene_rng.integers(2**31))
        _paste(scene, model, np.concatenate([centres, clumped]), np.concatenate([rotations, tumbled]))
    clean = modulate(scene.phase[None], [ctf], pixel_size, dose)[0] - scene.mass
    clean -= 2 * depth * (scene.thickness - 1)
    clean = scene.inner(clean).astype(np.float32)
    thickness = scene.inner(scene.thickness).astype(np.float32)
    image, noise_sd = expose(clean, variance, ratio, noise_rng, dose, pixel_size, np.sqrt(thickness))
    tables = _tables(centres, rotations, wide, scene.rows)
    junk = np.ascontiguousarray(scene.inner(scene.junk))
    return Micrograph(image, clean, *tables, junk, float(pixel_size), thickness, noise_sd)


def _shape(shape: tuple[int, int]) -> tuple[int, int]:
    if len(shape) != 2 or min(whole(length, "shape") for length in shape) < 16:
        raise InputError(f"shape: expected (Y, X) of 16 pixels or more, got {shape}")
    return int(shape[0]), int(shape[1])


def _contrast(
    model: np.ndarray | None, ctf: CTF, pixel_size: float, dose: float | None
) -> tuple[float, float, float]:
    """Of a particle: variance over the box, depth of its darkest pixel, peak of its projection."""
    if model is None:
        return 1.0, 4.0, 4.0
    views = project(model, uniform_rotations(VIEWS, 0))
    clean = modulate(views, [ctf] * VIEWS, pixel_size, dose)
    depth = np.median(clean, axis=(1, 2)) - clean.min(axis=(1, 2))
    return float(clean.var(axis=(1, 2)).mean()), float(depth.mean()), float(views.max(axis=(1, 2)).mean())


def _places(scene: Scene, n: int, apart: float, overlap: float, rng: np.random.Generator) -> np.ndarray:
    """Centres (n, 2) as x, y, at sub-pixel places."""
    room = scene.free(scene.diameter / 2, scene.diameter / 2)
    touching = round(overlap * n)
    open_ = room.copy()
    rows, columns = np.ogrid[: room.shape[0], : room.shape[1]]
    centres: list[tuple[float, float]] = []
    reach = apart + np.sqrt(
        0.5
    )  # half a pixel's diagonal more: the next one's sub-pixel part comes no nearer
    for candidate in rng.permutation(np.flatnonzero(room)):
        if len(centres) == n - touching:
            break
        y, x = divmod(int(candidate), room.shape[1])
        if not open_[y, x]:
            continue
        cx, cy = x + rng.uniform(-0.5, 0.5), y + rng.uniform(-0.5, 0.5)
        centres.append((cx, cy))
        far = int(reach) + 2
        near = np.s_[max(0, y - far) : y + far + 1, max(0, x - far) : x + far + 1]
        open_[near] &= np.hypot(rows[near[0]] - cy, columns[:, near[1]] - cx) >= reach
    if len(centres) < n - touching:
        raise InputError(
            f"n: only {len(centres)} of {n - touching} particles fit at a distance of {apart:.3g} pixels;"
            " take a larger shape, fewer particles or a smaller minimum_distance"
        )
    hosts = rng.permutation(len(centres))[:touching]
    for host in hosts:
        for _ in range(100):
            turn, out = rng.uniform(0, 2 * np.pi), rng.uniform(0.3, 0.8) * scene.diameter
            cx, cy = centres[host][0] + out * np.cos(turn), centres[host][1] + out * np.sin(turn)
            y, x = round(cy), round(cx)
            if 0 <= y < room.shape[0] and 0 <= x < room.shape[1] and room[y, x]:
                centres.append((cx, cy))
                break
        else:
            raise InputError("overlap: no room beside a particle; take a larger shape or fewer contaminants")
    return np.asarray(centres, float).reshape(-1, 2)


def _paste(scene: Scene, model: np.ndarray, centres: np.ndarray, rotations: np.ndarray) -> None:
    """Add projections to the phase layer at sub-pixel places."""
    box = len(model)
    corner = np.rint(centres).astype(int)
    views = project(model, rotations, centres - corner)
    for (x, y), view in zip(corner, views, strict=True):
        top, left = y - box // 2 - int(scene.y[0, 0]), x - box // 2 - int(scene.x[0, 0])
        scene.phase[top : top + box, left : left + box] += view


def _tables(
    centres: np.ndarray, rotations: np.ndarray, diameter: float, rows: list[dict]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    import pandas as pd
    from scipy.spatial import cKDTree

    table = pd.DataFrame(centres, columns=["x", "y"])
    table[["rot", "tilt", "psi"]] = rotations_to_relion(rotations)
    near = (
        cKDTree(centres).query(centres, k=2)[0][:, 1] if len(centres) > 1 else np.full(len(centres), np.inf)
    )
    table["overlapping"] = near < diameter
    return table, pd.DataFrame(rows, columns=["kind", "x", "y", "radius"])
