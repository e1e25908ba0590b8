"""Simulated scenes whose truth is exact: which pixel belongs to which object, and how much light it sends.

A scene is what arrives without any blur: an object's light lies inside its own label and nowhere else, so
areas, counts and photons add up exactly. Blur, pixel size and camera come after (`optics`, `expose`).
Shapes are drawn, not grown from a biological model. Lengths are in pixels of the scene.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from scipy import ndimage

from scopecheck.acquire.outlines import ellipse, place_outlines, stroke
from scopecheck.acquire.truth import Scene, total_photons
from scopecheck.errors import InputError

__all__ = ["Scene", "branched", "nuclei", "rods"]


def nuclei(
    shape: tuple[int, int],
    n: int,
    *,
    diameter: float = 20.0,
    spacing: float = 3.0,
    touching: float = 0.0,
    elongation: float = 1.25,
    photons: float = 100.0,
    background: float = 10.0,
    diameter_cv: float = 0.1,
    brightness_cv: float = 0.2,
    texture: float = 0.15,
    seed: int = 0,
) -> Scene:
    """Elliptical nuclei with a texture.

    Parameters
    ----------
    shape : (int, int)
        Field (Y, X) in pixels. Every object lies inside it, off the border.
    n : int
        Number of objects; 0 gives an empty field.
    diameter : float
        Mean diameter of the circle of the same area.
    spacing : float
        Smallest gap between objects. Below 0 outlines may run into each other by that depth; the pixel then
        belongs to the object placed first, as nuclei flatten against each other.
    touching : float
        Share of objects placed in contact with another one (0 to 1), even where `spacing` is above 0.
    elongation : float
        Long over short axis, 1 or more.
    photons : float
        Mean expected photons a pixel inside an object, above background.
    background : float
        Expected photons a pixel everywhere.
    diameter_cv, brightness_cv : float
        Spread between objects over the mean.
    texture : float
        Spread of the light between the pixels of one object over its mean.
    seed : int

    Returns
    -------
    Scene

    Raises
    ------
    InputError
        If a parameter is out of range or the objects do not fit.
    """
    random = np.random.default_rng([seed, 2])
    _check(n, diameter=diameter, elongation=elongation)

    def outlines() -> Iterator[np.ndarray]:
        for _ in range(n):
            size = diameter * max(0.3, 1 + diameter_cv * random.standard_normal())
            stretch = np.sqrt(elongation)
            yield ellipse(size * stretch, size / stretch, random.uniform(0, np.pi))

    look = (photons, background, brightness_cv, texture, diameter / 6)
    return _scene(shape, outlines(), spacing, touching, random, *look)


def rods(
    shape: tuple[int, int],
    n: int,
    *,
    length: float = 40.0,
    width: float = 10.0,
    spacing: float = 3.0,
    touching: float = 0.0,
    photons: float = 100.0,
    background: float = 10.0,
    length_cv: float = 0.2,
    brightness_cv: float = 0.2,
    texture: float = 0.1,
    seed: int = 0,
) -> Scene:
    """Straight rods with round ends, like bacteria; `length` counts the ends. Otherwise as `nuclei`."""
    random = np.random.default_rng([seed, 3])
    _check(n, length=length, width=width)

    def outlines() -> Iterator[np.ndarray]:
        for _ in range(n):
            size = max(1.1 * width, length * (1 + length_cv * random.standard_normal()))
            angle, half = random.uniform(0, np.pi), (size - width) / 2
            tip = np.array([half * np.sin(angle), half * np.cos(angle)])
            yield stroke([(-tip, tip)], width)

    look = (photons, background, brightness_cv, texture, width / 3)
    return _scene(shape, outlines(), spacing, touching, random, *look)


def branched(
    shape: tuple[int, int],
    n: int,
    *,
    arms: int = 4,
    length: float = 30.0,
    width: float = 6.0,
    soma: float = 14.0,
    spacing: float = 3.0,
    touching: float = 0.0,
    photons: float = 100.0,
    background: float = 10.0,
    brightness_cv: float = 0.2,
    texture: float = 0.1,
    seed: int = 0,
) -> Scene:
    """Cells with a round body of diameter `soma` and bent arms that reach `length` from its centre.

    They are not star-convex: from no point inside can the whole outline be seen. Otherwise as `nuclei`.
    """
    random = np.random.default_rng([seed, 4])
    _check(n, length=length, width=width, soma=soma, arms=arms)

    def outlines() -> Iterator[np.ndarray]:
        for _ in range(n):
            segments = [(np.zeros(2), np.zeros(2))]
            first = random.uniform(0, 2 * np.pi)
            for arm in range(arms):
                angle = first + 2 * np.pi * (arm + random.uniform(-0.2, 0.2)) / arms
                bend = angle + random.choice([-1, 1]) * random.uniform(0.7, 1.2)
                elbow = 0.55 * length * np.array([np.sin(angle), np.cos(angle)])
                tip = elbow + 0.45 * length * np.array([np.sin(bend), np.cos(bend)])
                segments += [(np.zeros(2), elbow), (elbow, tip)]
            yield stroke(segments, width, soma)

    look = (photons, background, brightness_cv, texture, width / 2)
    return _scene(shape, outlines(), spacing, touching, random, *look)


def _check(n: int, **lengths: float) -> None:
    if n < 0:
        raise InputError(f"n: expected 0 or more objects, got {n}")
    for name, value in lengths.items():
        if not (np.isfinite(value) and value >= 1):
            raise InputError(f"{name}: expected 1 or more, got {value}")


def _scene(
    shape: tuple[int, int],
    outlines: Iterable[np.ndarray],
    spacing: float,
    touching: float,
    random: np.random.Generator,
    photons: float,
    background: float,
    brightness_cv: float,
    texture: float,
    grain: float,
) -> Scene:
    """Place outlines and light them around `photons` a pixel; `grain` is the size of the texture."""
    import pandas as pd

    if len(shape) != 2 or min(shape) < 1:
        raise InputError(f"shape: expected (Y, X) of at least one pixel each, got {shape}")
    empty = np.zeros(shape, np.int32)
    labels = place_outlines(empty, outlines, spacing=spacing, touching=touching, random=random)[0]
    if not (photons >= 0 and background >= 0 and brightness_cv >= 0 and texture >= 0):
        raise InputError("photons, background, brightness_cv and texture: expected 0 or more")
    n = int(labels.max())
    rough = ndimage.gaussian_filter(random.standard_normal(labels.shape), max(grain, 0.5), mode="reflect")
    pattern = np.clip(1.0 + texture * rough / max(float(rough.std()), 1e-12), 0.05, None)
    spread = np.sqrt(np.log1p(brightness_cv**2))
    brightness = np.exp(spread * random.standard_normal(n) - spread**2 / 2)
    area = np.bincount(labels.ravel(), minlength=n + 1)[1:]
    scale = photons * brightness * area / np.maximum(total_photons(pattern, labels), 1e-12)
    signal = pattern * np.concatenate([[0.0], scale])[labels]
    y, x = np.indices(labels.shape)
    objects = pd.DataFrame(
        {
            "label": np.arange(1, n + 1),
            "y": total_photons(y, labels) / area,
            "x": total_photons(x, labels) / area,
            "area": area,
            "photons": total_photons(signal, labels),
        }
    )
    floor = np.full(labels.shape, float(background))
    return Scene(signal + floor, floor, labels, objects)
