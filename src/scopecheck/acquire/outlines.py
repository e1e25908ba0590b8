"""Outlines of simulated objects, and where they are put."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from scipy import ndimage

from scopecheck.errors import InputError

TRIES = 400


def ellipse(long: float, short: float, angle: float) -> np.ndarray:
    """Mask (odd, odd) of a centred ellipse; axes in pixels, angle in radians from the x axis."""
    half = int(np.ceil(long / 2))
    y, x = np.mgrid[-half : half + 1, -half : half + 1]
    along = x * np.cos(angle) + y * np.sin(angle)
    across = y * np.cos(angle) - x * np.sin(angle)
    return (along / (long / 2)) ** 2 + (across / (short / 2)) ** 2 <= 1.0


def stroke(segments: list[tuple[np.ndarray, np.ndarray]], width: float, soma: float = 0.0) -> np.ndarray:
    """Mask (odd, odd) of all pixels within `width` / 2 of a segment (y, x), or `soma` / 2 of the centre."""
    reach = max(float(np.abs(end).max()) for segment in segments for end in segment)
    half = int(np.ceil(max(reach + width / 2, soma / 2)))
    grid = np.moveaxis(np.mgrid[-half : half + 1, -half : half + 1], 0, -1).astype(float)
    mask = np.hypot(grid[..., 0], grid[..., 1]) <= soma / 2
    for start, end in segments:
        line = end - start
        share = np.clip(((grid - start) @ line) / max(float(line @ line), 1e-12), 0.0, 1.0)
        mask |= np.linalg.norm(grid - start - share[..., None] * line, axis=-1) <= width / 2
    return mask


def place_outlines(
    labels: np.ndarray,
    outlines: Iterable[np.ndarray],
    *,
    spacing: float,
    touching: float,
    random: np.random.Generator,
    centres: Sequence[np.ndarray] = (),
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Put masks into a field one after the other, at random places where they fit, off the border.

    Parameters
    ----------
    labels : ndarray, shape (Y, X), int32
        Objects 1 to k that are already there.
    outlines : bool masks with odd sides
        The new ones; they get the labels k + 1, k + 2, and so on.
    spacing, touching : float
        As in `scenes.nuclei`; where no contact is to be had, `spacing` alone rules.
    random : numpy Generator
    centres : sequence of (y, x)
        Where the k masks were put.

    Returns
    -------
    (ndarray of shape (Y, X), list of (y, x))
        All labels, and where all masks were put.

    Raises
    ------
    InputError
        If a mask fits nowhere after many tries.
    """
    if not 0 <= touching <= 1:
        raise InputError(f"touching: expected a share from 0 to 1, got {touching}")
    centres = list(centres)
    margin = int(np.ceil(max(spacing, 0.0)))
    padded = np.pad(labels, margin)
    labels = padded[margin : padded.shape[0] - margin, margin : padded.shape[1] - margin]
    for mask in outlines:
        wide = np.pad(mask, margin + 1)
        outside, inside = ndimage.distance_transform_edt(~wide), ndimage.distance_transform_edt(wide)
        keep_free = np.where(wide, -inside < spacing, outside <= spacing)[1:-1, 1:-1]
        in_contact = len(centres) > 0 and random.random() < touching
        core = mask if spacing >= 0 else keep_free
        for attempt in range(2 * TRIES):
            if in_contact and attempt < TRIES:
                low = _beside(labels, centres[random.integers(len(centres))], core, random)
            else:
                low = _corner(labels, random.random(2) * np.array(labels.shape), mask)
                if low is not None and _cut(padded, low, keep_free)[keep_free].any():
                    low = None
            if low is not None and paint(labels, low, mask, len(centres) + 1):
                centres.append(low + np.array(mask.shape) // 2)
                break
        else:
            raise InputError(
                f"object {len(centres) + 1} found no place in a field of {labels.shape} after {2 * TRIES}"
                " tries; ask for fewer or smaller objects, less spacing, or a larger field"
            )
    return labels.copy(), centres


def paint(labels: np.ndarray, low: np.ndarray, mask: np.ndarray, label: int) -> bool:
    """Give the free pixels under a mask to a label, one piece of them; False where half of them is taken."""
    here = _cut(labels, low, mask)
    pieces = ndimage.label(mask & (here == 0))[0]
    sizes = np.bincount(pieces.ravel(), minlength=2)[1:]
    if 2 * sizes.max() <= mask.sum():
        return False
    here[pieces == 1 + sizes.argmax()] = label
    return True


def _corner(labels: np.ndarray, centre: np.ndarray, mask: np.ndarray) -> np.ndarray | None:
    """First pixel (y, x) of a mask centred at (y, x), or None where it would touch the border."""
    low = np.rint(centre).astype(int) - np.array(mask.shape) // 2
    inside = (low >= 1).all() and (low + mask.shape <= np.array(labels.shape) - 1).all()
    return low if inside else None


def _cut(labels: np.ndarray, low: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The view of `labels` under a mask whose first pixel is at `low`."""
    return labels[low[0] : low[0] + mask.shape[0], low[1] : low[1] + mask.shape[1]]


def _beside(
    labels: np.ndarray, centre: np.ndarray, core: np.ndarray, random: np.random.Generator
) -> np.ndarray | None:
    """Walk from a centre outwards until the mask lies on no other object; None when that fails."""
    angle = random.uniform(0, 2 * np.pi)
    step = np.array([np.sin(angle), np.cos(angle)])
    for distance in np.arange(0.0, 2.0 * max(core.shape), 0.7):
        low = _corner(labels, centre + distance * step, core)
        if low is None:
            return None
        if not _cut(labels, low, core)[core].any():
            return low
    return None
