"""Movies of single molecules that blink, with the exact place and frame of every flash.

Positions are in nanometres, x along the columns and y along the rows of the image, z along the optical axis
with 0 in focus. (0, 0) is the outer corner of the first pixel, so the centre of pixel (row i, column j) lies
at x = (j + 0.5) pixel, y = (i + 0.5) pixel. Light is counted in photons.

Structure (`filaments`, `rings`, `pores`), labelling (`label`), blinking (`blink`) and the microscope (`film`)
are four steps, so that density and blinking can be changed one by one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scopecheck.acquire.camera import Camera, expose
from scopecheck.errors import InputError

if TYPE_CHECKING:
    import pandas as pd
    from scipy.sparse import csr_array

_REACH = 5.0  # a flash is drawn out to so many standard deviations


@dataclass(frozen=True)
class Optics:
    """A Gaussian point spread function, astigmatic if asked.

    Parameters
    ----------
    pixel : float
        Nanometres a pixel, in the specimen.
    sigma : float
        Standard deviation in focus, nm.
    depth : float
        Distance from focus at which the spot is sqrt(2) times as wide, nm; infinity: one width at any z.
    astigmatism : float
        Half the distance between the focus of x and that of y, nm; 0: round at any z.

    Notes
    -----
    The width along x is sigma sqrt(1 + ((z - astigmatism) / depth)^2), that along y the same of z +
    astigmatism: the defocusing curve of Huang et al. 2008, https://doi.org/10.1126/science.1153529, without
    its terms of higher order.
    """

    pixel: float = 100.0
    sigma: float = 130.0
    depth: float = float("inf")
    astigmatism: float = 0.0

    def __post_init__(self) -> None:
        if not (self.pixel > 0 and self.sigma > 0 and self.depth > 0 and np.isfinite(self.astigmatism)):
            raise InputError("Optics: expected a pixel, sigma and depth above 0, and a finite astigmatism.")
        if not np.isfinite([self.pixel, self.sigma]).all() or (self.astigmatism and np.isinf(self.depth)):
            raise InputError(
                "Optics: expected finite numbers, and for an astigmatism a depth, such as 400 nm."
            )

    def widths(self, z: ArrayLike) -> tuple[NDArray, NDArray]:
        """Standard deviation along x and along y at each z, nm."""
        z = np.asarray(z, float)
        x, y = ((z - side * self.astigmatism) / self.depth for side in (1, -1))
        return self.sigma * np.sqrt(1 + x**2), self.sigma * np.sqrt(1 + y**2)


def filaments(n: int, side: float, seed: int, *, bend: float = 0.3, apart: float = 8.0) -> NDArray:
    """Sites along bent filaments that cross a square field: (sites, 3) nm, z = 0.

    Parameters
    ----------
    n : int
        Filaments. Each goes from one edge of the field to another.
    side : float
        Of the field, nm.
    seed : int
    bend : float
        Largest sideways bulge of a filament, as a share of its length.
    apart : float
        Distance of neighbouring sites, nm; 8 nm is a tubulin dimer's length.
    """
    _positive(n=n, side=side, apart=apart)
    _not_below_0(bend=bend)
    rng = np.random.default_rng(seed)
    sites = [np.zeros((0, 2))]
    for _ in range(n):
        start, end = _two_edges(rng, side)
        along = end - start
        across = np.array([-along[1], along[0]]) * rng.uniform(-bend, bend)
        control = (start + end) / 2 + across * 2  # of a quadratic Bezier curve: it bulges by half of this
        t = np.linspace(0, 1, 400)[:, None]
        curve = (1 - t) ** 2 * start + 2 * t * (1 - t) * control + t**2 * end
        walked = np.concatenate(([0], np.cumsum(np.hypot(*np.diff(curve, axis=0).T))))
        at = np.arange(0, walked[-1], apart)
        sites.append(np.column_stack([np.interp(at, walked, curve[:, k]) for k in (0, 1)]))
    every = np.concatenate(sites)
    inside = ((every >= 0) & (every <= side)).all(axis=1)
    return np.column_stack((every[inside], np.zeros(inside.sum())))


def rings(
    n: int, side: float, seed: int, *, radius: float = 80.0, width: float = 15.0, sites: int = 60
) -> NDArray:
    """Sites on rings apart from each other, as clathrin-coated pits look in projection: (n sites, 3) nm.

    Parameters
    ----------
    n : int
        Rings. Their centres are at least three radii apart and from the edge.
    side : float
        Of the field, nm.
    seed : int
    radius, width : float
        Mean distance of a site from the centre, and its standard deviation, nm.
    sites : int
        A ring.
    """
    _positive(n=n, side=side, radius=radius, sites=sites)
    _not_below_0(width=width)
    rng = np.random.default_rng(seed)
    centres = _apart(rng, n, side, 3 * radius)
    angle = rng.uniform(0, 2 * np.pi, (n, sites))
    away = np.abs(rng.normal(radius, width, (n, sites)))
    xy = centres[:, None] + np.stack((away * np.cos(angle), away * np.sin(angle)), axis=-1)
    return np.column_stack((xy.reshape(-1, 2), np.zeros(n * sites)))


def pores(
    n: int, side: float, seed: int, *, radius: float = 53.7, corners: int = 8, each: int = 4
) -> NDArray:
    """Sites of nuclear pores: corners of a regular polygon, some sites each: (n corners each, 3) nm.

    Parameters
    ----------
    n : int
        Pores, each turned at random, with centres at least three radii apart and from the edge.
    side : float
        Of the field, nm.
    seed : int
    radius : float
        Of the corners, nm; 53.7 nm is that of Nup96 (Thevathasan et al. 2019, doi:10.1038/s41592-019-0574-9).
    corners, each : int
        Corners, and sites at each within 5 nm (s.d.).
    """
    _positive(n=n, side=side, radius=radius, corners=corners, each=each)
    rng = np.random.default_rng(seed)
    centres = _apart(rng, n, side, 3 * radius)
    angle = rng.uniform(0, 2 * np.pi, (n, 1)) + np.arange(corners) * 2 * np.pi / corners
    xy = centres[:, None] + radius * np.stack((np.cos(angle), np.sin(angle)), axis=-1)
    xy = np.repeat(xy.reshape(-1, 2), each, axis=0) + rng.normal(0, 5, (n * corners * each, 2))
    return np.column_stack((xy, np.zeros(len(xy))))


def label(sites: ArrayLike, share: float, seed: int, *, linker: float = 0.0) -> NDArray:
    """Emitters: a share of the sites, drawn at random, each displaced by its linker.

    Parameters
    ----------
    sites : array_like, (n, 3)
        nm.
    share : float
        Chance of a site to carry an emitter, 0 to 1.
    seed : int
    linker : float
        Standard deviation of the displacement along each axis of x and y, nm; antibodies: about 8.
    """
    if not 0 <= share <= 1:
        raise InputError(f"share: {share}; expected 0 to 1.")
    _not_below_0(linker=linker)
    rng, at = np.random.default_rng(seed), _places(sites, "sites")
    kept = at[rng.random(len(at)) < share]
    kept[:, :2] += linker * rng.standard_normal((len(kept), 2))
    return kept


def blink(
    n: int,
    frames: int,
    seed: int,
    *,
    on: float = 1.5,
    off: float = 200.0,
    bleach: float = float("inf"),
    photons: float = 1000.0,
) -> pd.DataFrame:
    """When each emitter is on, and how much light it sends: one row an emitter and frame in which it is on.

    Times on and off are exponential, in fractions of frames, so an emitter that is on for half a frame sends
    half the light. All start in a random phase of their cycle; the movie begins with none bleached.

    Parameters
    ----------
    n : int
        Emitters.
    frames : int
    seed : int
    on, off : float
        Mean time on and off, frames. The share of emitters that are on is on / (on + off).
    bleach : float
        Mean number of times on before an emitter bleaches.
    photons : float
        Mean light of an emitter that is on for a whole frame; from flash to flash it is exponential about it.

    Returns
    -------
    DataFrame
        frame (from 0), emitter (row of the positions), photons (expected; a camera's scatter about it).

    Raises
    ------
    InputError
        If a number is not positive.
    """
    import pandas as pd

    _positive(frames=frames, on=on, off=off, photons=photons)
    _not_below_0(n=n)
    if not bleach > 0:
        raise InputError(f"bleach: {bleach}; expected a number above 0, or infinity for never.")
    rng = np.random.default_rng(seed)
    rows: list[tuple[int, int, float]] = []
    for emitter in range(n):
        lit = rng.random() < on / (on + off)
        now = 0.0
        left = rng.geometric(1 / bleach) if np.isfinite(bleach) and bleach > 1 else (1 if bleach <= 1 else -1)
        while now < frames and left != 0:
            lasts = rng.exponential(on if lit else off)
            if lit:
                end, bright = min(now + lasts, frames), rng.exponential(photons)
                for frame in range(int(now), int(np.ceil(end))):
                    shared = min(end, frame + 1) - max(now, frame)
                    rows.append((frame, emitter, bright * shared))
                left -= 1
            now, lit = now + lasts, not lit
    every = pd.DataFrame(rows, columns=["frame", "emitter", "photons"])
    told = every.groupby(["frame", "emitter"])["photons"].sum().reset_index()  # on twice in one frame
    return told.astype({"frame": "int64", "emitter": "int64", "photons": "float64"})


def spots(
    positions: ArrayLike, photons: ArrayLike, shape: tuple[int, int], *, optics: Optics | None = None
) -> NDArray:
    """Light of emitters that all shine at once, without background or noise.

    Parameters
    ----------
    positions : array_like, (n, 3)
        x, y, z of the emitters, nm; x = 0 is the left edge of the first pixel.
    photons : array_like, (n,)
        Expected photons of each. Of those near the edge a part falls outside.
    shape : (Y, X)
        Pixels.
    optics : Optics, optional
        By default ``Optics()``.

    Returns
    -------
    ndarray, (Y, X), float64
        Expected photons a pixel: the Gaussian's integral over it.

    Raises
    ------
    InputError
        If positions are not (n, 3), or photons are not as many, finite and 0 or above.
    """
    at, bright = np.asarray(positions, float), np.asarray(photons, float)
    if at.ndim != 2 or at.shape[1] != 3 or bright.shape != (len(at),):
        raise InputError(
            f"positions: shape {at.shape}, photons {bright.shape}; expected (n, 3), x, y, z in nm, and (n,)."
        )
    if not (np.isfinite(at).all() and np.isfinite(bright).all() and (bright >= 0).all()):
        raise InputError("positions, photons: expected finite numbers, and photons of 0 or above.")
    optics = optics or Optics()
    return _shone(at, bright, np.zeros(len(at), int), (1, *shape), optics)[0]


def film(
    positions: ArrayLike,
    flashes: pd.DataFrame,
    shape: tuple[int, int],
    frames: int,
    seed: int,
    *,
    optics: Optics | None = None,
    background: float = 10.0,
    drift: tuple[float, float] = (0.0, 0.0),
    camera: Camera | None = None,
) -> tuple[NDArray, pd.DataFrame]:
    """Film the flashes.

    Parameters
    ----------
    positions : array_like, (n, 3)
        Of the emitters, nm.
    flashes : DataFrame
        As `blink` gives it.
    shape : (Y, X)
        Pixels.
    frames : int
    seed : int
        Of the camera's noise.
    optics : Optics, optional
        By default ``Optics()``, in two dimensions.
    background : float
        Photons a pixel and frame.
    drift : (float, float)
        How far the specimen moves along x and y from the first frame to the last, at an even speed, nm.
    camera : Camera, optional
        By default ``Camera()``, a quiet one.

    Returns
    -------
    movie : (frames, Y, X) uint8 or uint16
        Grey values.
    truth : DataFrame
        One row a flash: frame, x, y, z (nm, where the emitter was in that frame), photons, emitter. Flashes
        whose centre is outside the image are not in it, though their light may be.

    Raises
    ------
    InputError
        If positions are not (n, 3), a flash names no emitter or frame or has no light of 0 or more, the
        background is negative, or a number is not finite.
    """
    optics, camera = optics or Optics(), camera or Camera()
    at = _places(positions, "positions")
    if lacking := {"frame", "emitter", "photons"} - set(flashes):
        raise InputError(f"flashes: has no {', '.join(sorted(lacking))}; expected the columns of `blink`.")
    numbers = {name: flashes[name].to_numpy(float) for name in ("frame", "emitter", "photons")}
    if not all(np.isfinite(values).all() for values in numbers.values()) or (numbers["photons"] < 0).any():
        raise InputError("flashes: expected finite numbers, and photons of 0 or more.")
    if any((numbers[name] % 1).any() for name in ("frame", "emitter")):
        raise InputError("flashes: a frame or an emitter is no whole number; expected those of `blink`.")
    frame, emitter = (numbers[name].astype(np.int64) for name in ("frame", "emitter"))
    least, most = ([f(a) for a in (frame, emitter)] if len(flashes) else [0, 0] for f in (np.min, np.max))
    if len(flashes) and (min(least) < 0 or most[0] >= frames or most[1] >= len(at)):
        raise InputError("flashes: a frame or an emitter is out of range; expected those of `blink`.")
    _not_below_0(background=background)
    if np.shape(drift) != (2,) or not np.isfinite(drift).all():
        raise InputError(f"drift: {drift}; expected how far along x and y, nm.")
    part = frame / max(frames - 1, 1)
    x, y = (at[emitter, k] + drift[k] * part for k in (0, 1))
    z, photons = at[emitter, 2], numbers["photons"]
    light = background + _shone(np.column_stack([x, y, z]), photons, frame, (frames, *shape), optics)
    truth = flashes.assign(x=x, y=y, z=z)[["frame", "x", "y", "z", "photons", "emitter"]]
    inside = (x >= 0) & (y >= 0) & (x < shape[1] * optics.pixel) & (y < shape[0] * optics.pixel)
    return expose(light, camera, seed), truth[inside].reset_index(drop=True)


def _shone(
    at: NDArray, photons: NDArray, frame: NDArray, shape: tuple[int, int, int], optics: Optics
) -> NDArray:
    """Light of flashes, (frames, Y, X): of each the Gaussian's integral over every pixel.

    A flash is a column of light times a row of light; all of them are two sparse matrices, one row a flash.
    """
    from scipy.sparse import diags_array

    frames, high, wide = shape
    along, down = optics.widths(at[:, 2])
    columns = _along(at[:, 0], along, wide, optics.pixel)
    rows = _along(at[:, 1], down, high, optics.pixel)
    rows.resize(len(at), frames * high)
    rows.indices = rows.indices + (high * frame).repeat(np.diff(rows.indptr)).astype(rows.indices.dtype)
    return (rows.T @ diags_array(photons) @ columns).toarray().reshape(shape)


def _along(centre: NDArray, sigma: NDArray, size: int, pixel: float) -> csr_array:
    """What each pixel of a line gets of flashes at `centre`, (flashes, size); 0 beyond `_REACH` sigmas."""
    from scipy.sparse import csr_array
    from scipy.special import erf

    first, last = (
        np.clip(round_to((centre + way * _REACH * sigma) / pixel).astype(int), 0, size)
        for way, round_to in ((-1, np.floor), (1, np.ceil))
    )
    most = int((last - first).max(initial=0))
    pixels = first[:, None] + np.arange(most + 1)
    edges = (pixels * pixel - centre[:, None]) / (np.sqrt(2) * sigma[:, None])
    share, inside = np.diff(erf(edges), axis=1) / 2, pixels[:, :-1] < last[:, None]
    ends = np.concatenate(([0], np.cumsum(inside.sum(axis=1))))
    return csr_array((share[inside], pixels[:, :-1][inside], ends), shape=(len(centre), size))


def _two_edges(rng: np.random.Generator, side: float) -> tuple[NDArray, NDArray]:
    """Points on two different edges of the field."""
    edges = rng.permutation(4)[:2]
    ends = []
    for edge in edges:
        along = rng.uniform(0, side)
        ends.append(np.array([(along, 0.0), (side, along), (along, side), (0.0, along)][edge]))
    return ends[0], ends[1]


def _apart(rng: np.random.Generator, n: int, side: float, least: float) -> NDArray:
    """Random centres that keep a distance from each other and from the edge."""
    if side <= 2 * least:
        raise InputError(f"side: {side:g} nm; expected more than {2 * least:g} nm for objects of this size.")
    centres: list[NDArray] = []
    for _ in range(200 * n):
        new = rng.uniform(least, side - least, 2)
        if all(np.hypot(*(new - old)) >= least for old in centres):
            centres.append(new)
        if len(centres) == n:
            return np.array(centres)
    raise InputError(f"n: {n} objects do not fit {least:g} nm apart into {side:g} nm; ask for fewer.")


def _places(given: ArrayLike, name: str) -> NDArray[np.float64]:
    at = np.asarray(given, float)
    if at.ndim != 2 or at.shape[1] != 3 or not np.isfinite(at).all():
        raise InputError(f"{name}: shape {at.shape}; expected (n, 3), x, y and z in nm, all finite.")
    return at


def _positive(**numbers: float) -> None:
    for name, value in numbers.items():
        if not 0 < value < np.inf:
            raise InputError(f"{name}: {value}; expected a number above 0.")


def _not_below_0(**numbers: float) -> None:
    for name, value in numbers.items():
        if not 0 <= value < np.inf:
            raise InputError(f"{name}: {value}; expected a number, 0 or more.")
