"""What lies in a micrograph beside particles, drawn with exact truth."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy import ndimage

from scopecheck.errors import InputError

KINDS = ("ice", "carbon", "aggregate", "gold", "empty")
COUNTS = {"ice": 2, "carbon": 1, "aggregate": 2, "gold": 4, "empty": 1}


@dataclass
class Scene:
    """The layers of a micrograph while it is drawn; all share the padded grid ``y``, ``x`` (pixels).

    Parameters
    ----------
    y, x : ndarray
        Coordinates of the field, negative in its padding: shapes (H, 1) and (1, W).
    shape : (Y, X)
        Of the field without padding.
    diameter : float
        Of a particle, pixels.
    pixel_size : float
        Angstrom.
    peak, depth : float
        A particle's largest projected density, and how dark it becomes at its darkest pixel.
    phase, mass : ndarray, shape (H, W)
        Projected density that goes through the CTF, and darkening that does not.
    thickness : ndarray, shape (H, W)
        Of the ice, 1 on average.
    junk : ndarray, shape (H, W), uint8
    clumps : list of (k, 2)
        Members of each aggregate, pixels (x, y).
    rows : list of dict
        The table of contaminants.
    """

    y: np.ndarray
    x: np.ndarray
    shape: tuple[int, int]
    diameter: float
    pixel_size: float
    peak: float
    depth: float
    rng: np.random.Generator
    phase: np.ndarray = field(init=False)
    mass: np.ndarray = field(init=False)
    thickness: np.ndarray = field(init=False)
    junk: np.ndarray = field(init=False)
    clumps: list[np.ndarray] = field(default_factory=list)
    rows: list[dict] = field(default_factory=list)

    def __post_init__(self) -> None:
        size = (self.y.size, self.x.size)
        self.phase, self.mass = np.zeros(size), np.zeros(size)
        self.thickness, self.junk = np.ones(size), np.zeros(size, np.uint8)

    def inner(self, layer: np.ndarray) -> np.ndarray:
        """A layer without its padding."""
        top, left = int(-self.y[0, 0]), int(-self.x[0, 0])
        return layer[top : top + self.shape[0], left : left + self.shape[1]]

    def free(self, reach: float, inside: float) -> np.ndarray:
        """Pixels of the field at least `reach` from any junk and `inside` from the border."""
        room = ndimage.distance_transform_edt(self.inner(self.junk) == 0) >= reach
        rows, columns = np.ogrid[: self.shape[0], : self.shape[1]]
        room &= (rows >= inside) & (rows <= self.shape[0] - 1 - inside)
        return room & (columns >= inside) & (columns <= self.shape[1] - 1 - inside)

    def find_room(self, kind: str, radius: float) -> tuple[float, float, np.ndarray]:
        """A free place for something round: x, y and the distance of every pixel from it."""
        ys, xs = np.nonzero(self.free(radius, radius))
        if not len(ys):
            raise InputError(
                f"contaminants: no room for '{kind}' of radius {radius:.0f} px in a field of"
                f" {self.shape[0]} x {self.shape[1]} pixels; take a larger shape or fewer contaminants"
            )
        chosen = self.rng.integers(len(ys))
        x, y = float(xs[chosen]), float(ys[chosen])
        return x, y, np.hypot(self.y - y, self.x - x)

    def record(self, kind: str, x: float, y: float, radius: float, region: np.ndarray) -> None:
        """Write one contaminant into the table and the class map."""
        self.rows.append({"kind": kind, "x": x, "y": y, "radius": float(radius)})
        self.junk[region] = KINDS.index(kind) + 1


def draw(scene: Scene, kinds: tuple[str, ...]) -> None:
    """Draw the contaminants of each kind into the scene, in the order of `KINDS` that leaves most room."""
    unknown = sorted(set(kinds) - set(KINDS))
    if isinstance(kinds, str) or unknown:
        raise InputError(f"contaminants: expected names out of {', '.join(KINDS)}, got {kinds!r}")
    painters = {"carbon": _carbon, "empty": _empty, "aggregate": _aggregate, "ice": _ice, "gold": _gold}
    for kind, paint in painters.items():
        for _ in range(COUNTS[kind] if kind in kinds else 0):
            paint(scene)


def _carbon(scene: Scene) -> None:
    """Film beyond a straight edge, a fifth of the field: more mass, amorphous texture with Thon rings."""
    angle = scene.rng.uniform(0, 2 * np.pi)
    along = scene.x * np.cos(angle) + scene.y * np.sin(angle)
    edge = np.quantile(scene.inner(along), 0.8)
    region = along > edge
    middle = np.array([scene.shape[1] - 1, scene.shape[0] - 1]) / 2
    offset = edge - middle @ [np.cos(angle), np.sin(angle)]
    x, y = middle + offset * np.array([np.cos(angle), np.sin(angle)])
    texture = ndimage.gaussian_filter(scene.rng.standard_normal(region.shape), 0.5)
    scene.phase += np.where(region, 0.8 * scene.peak * texture / texture.std(), 0)
    scene.mass += 0.7 * scene.depth / (1 + np.exp(-np.clip(along - edge, -50, 50)))
    scene.record("carbon", x, y, np.inf, region)


def _empty(scene: Scene) -> None:
    """A round patch of thin ice that holds no particles."""
    radius = 0.14 * min(scene.shape)
    x, y, distance = scene.find_room("empty", radius)
    scene.thickness *= 1 - 0.6 / (1 + np.exp(np.clip((distance - radius) / 2, -50, 50)))
    scene.record("empty", x, y, radius, distance <= radius)


def _aggregate(scene: Scene) -> None:
    """Several of the particle's own projections, closer than a diameter; the field adds them to `phase`."""
    members = int(scene.rng.integers(6, 11))
    spread = 0.35 * scene.diameter * np.sqrt(members)
    x, y, _ = scene.find_room("aggregate", spread + 0.5 * scene.diameter)
    turn, out = scene.rng.uniform(0, 2 * np.pi, members), spread * np.sqrt(scene.rng.random(members))
    centres = np.stack([x + out * np.cos(turn), y + out * np.sin(turn)], axis=1)
    near = [np.hypot(scene.y - cy, scene.x - cx) <= scene.diameter / 2 for cx, cy in centres]
    scene.clumps.append(centres)
    scene.record("aggregate", x, y, spread + 0.5 * scene.diameter, np.any(near, axis=0))


def _ice(scene: Scene) -> None:
    """A crystal: dark, uneven outline, a fringe, lattice lines of 3.9 A (three pixels if that is more)."""
    radius = scene.rng.uniform(0.6, 1.1) * scene.diameter
    x, y, distance = scene.find_room("ice", 1.25 * radius)
    around = np.arctan2(scene.y - y, scene.x - x)
    phases = scene.rng.uniform(0, 2 * np.pi, 3)
    outline = radius * (
        1 + sum(0.08 * np.cos(k * around + p) for k, p in zip((2, 3, 5), phases, strict=True))
    )
    region = distance <= outline
    body = 1 / (1 + np.exp(np.clip(distance - outline, -50, 50)))
    period = max(3.9 / scene.pixel_size, 3.0)
    turn = scene.rng.uniform(0, np.pi) + np.arange(3) * np.pi / 3
    lattice = sum(np.cos(2 * np.pi / period * (scene.x * np.cos(t) + scene.y * np.sin(t))) for t in turn)
    scene.phase += scene.peak * body * (1 + 0.5 * lattice)
    scene.mass += 1.5 * scene.depth * body
    scene.record("ice", x, y, 1.25 * radius, region)


def _gold(scene: Scene) -> None:
    """A bead of 10 nm (two pixels across at least): a strong dark disc with a fringe."""
    radius = max(50 / scene.pixel_size, 1.0)
    x, y, distance = scene.find_room("gold", radius)
    depth = np.sqrt(np.clip(1 - (distance / radius) ** 2, 0, None))
    scene.phase += 2 * scene.peak * depth
    scene.mass += 5 * scene.depth * depth
    scene.record("gold", x, y, radius, distance <= radius)
