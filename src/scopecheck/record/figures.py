"""The style of the book's figures: outlines on images, scale bars, and verdicts told by word and shape."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from . import tables
from .result import ArmResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .page import Page

COLOURS = {"HOLDS": "#0072B2", "FAILS": "#D55E00", "UNDETERMINED": "#666666", None: "#666666"}
MARKERS = {"HOLDS": "o", "FAILS": "s", "UNDETERMINED": "D", None: "|"}
TRUTH, PREDICTED = "#F0E442", "#56B4E9"


def use_style() -> None:
    """Set matplotlib for this book: Okabe-Ito colours, type that stays readable at phone width, no grids."""
    import matplotlib as mpl
    from cycler import cycler

    okabe_ito = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000"]
    size = {"figure.figsize": (6.0, 4.0), "figure.dpi": 110, "savefig.dpi": 150, "savefig.bbox": "tight"}
    text = {"font.size": 12, "axes.titlesize": 12, "legend.frameon": False}
    lines = {"lines.linewidth": 2, "axes.spines.top": False, "axes.spines.right": False}
    colours = {"axes.prop_cycle": cycler(color=okabe_ito), "image.cmap": "gray"}
    style: Any = size | text | lines | colours | {"figure.constrained_layout.use": True}
    mpl.rcParams.update(style)


def _edged(width: float, colour: str) -> list[Any]:
    """Path effect that keeps what is drawn visible on any ground."""
    from matplotlib.patheffects import withStroke

    return [withStroke(linewidth=width, foreground=colour)]


def scale_bar(ax: "Axes", pixel_size: float | Sequence[float] | None, *, colour: str = "white") -> None:
    """Draw a scale bar of a round length, about a fifth of the width, into a shown image.

    Parameters
    ----------
    ax : Axes
        Holds an image drawn by ``imshow`` in pixels.
    pixel_size : float or (y, x) or None
        Micrometres per pixel along x; None draws a bar in pixels and says so.
    colour : str
        Of bar and text; an outline of the opposite shade keeps both visible.
    """
    (x0, x1), (bottom, top) = sorted(ax.get_xlim()), ax.get_ylim()
    size = 1.0 if pixel_size is None else float(np.ravel(pixel_size)[-1])
    fifth = (x1 - x0) * size / 5
    power = 10.0 ** np.floor(np.log10(fifth))
    length = max(step * power for step in (1, 2, 5) if step * power <= fifth)
    y, start = bottom + 0.06 * (top - bottom), x0 + 0.05 * (x1 - x0)
    shade = "black" if colour == "white" else "white"
    bar = [start, start + length / size]
    ax.plot(bar, [y, y], color=colour, lw=3, solid_capstyle="butt", path_effects=_edged(5, shade))
    ax.annotate(
        f"{length:g} {'px' if pixel_size is None else 'µm'}",
        (start, y),
        xytext=(0, 5),
        textcoords="offset points",
        color=colour,
        fontsize=11,
        path_effects=_edged(3, shade),
    )


def _outlines(labels: np.ndarray) -> list[np.ndarray]:
    """Closed outlines (k, 2) in (x, y) pixels, one or more per object, half a pixel around its pixels."""
    from skimage.measure import find_contours, regionprops

    lines = []
    for region in regionprops(labels):
        top, left = region.bbox[:2]
        for contour in find_contours(np.pad(region.image, 1).astype(np.float32), 0.5):
            lines.append(contour[:, ::-1] + [left - 1, top - 1])
    return lines


def draw_outlines(
    ax: "Axes",
    image: np.ndarray,
    truth: np.ndarray | None = None,
    predicted: np.ndarray | None = None,
    pixel_size: float | Sequence[float] | None = None,
    title: str = "",
) -> None:
    """Show an image with the outlines of true (solid yellow) and predicted (dashed blue) objects.

    Parameters
    ----------
    ax : Axes
        Where to draw; its ticks go.
    image : ndarray
        (Y, X) or (Y, X, 3); shown between its 1st and 99.8th percentile.
    truth, predicted : ndarray of int, optional
        Label images (Y, X), 0 is background.
    pixel_size : float or (y, x), optional
        Micrometres per pixel; where it is not known the bar is in pixels.
    title : str
        Of the panel.
    """
    from matplotlib.collections import LineCollection

    image = np.asarray(image)
    low, high = np.percentile(image, (1, 99.8))
    shown = np.clip((image - low) / max(high - low, 1e-12), 0, 1)
    ax.imshow(shown, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    dashed: Any = (0, (3, 2))
    for labels, colour, style, name in ((truth, TRUTH, "-", "truth"), (predicted, PREDICTED, dashed, "tool")):
        if labels is not None:
            lines = _outlines(np.asarray(labels))
            ax.add_collection(LineCollection(lines, colors=colour, linestyles=style, lw=1.3))
            ax.plot([], [], color=colour, ls=style, label=name)
    scale_bar(ax, pixel_size)
    ax.set(xticks=[], yticks=[], title=title)
    if truth is not None or predicted is not None:
        look = {"frameon": True, "framealpha": 0.6, "facecolor": "black", "labelcolor": "white"}
        ax.legend(loc="upper right", fontsize=10, **look)


def draw_verdicts(
    ax: "Axes", page: "Page | Sequence[ArmResult]", measurement: str | None = None, *, reach: float = 1.0
) -> None:
    """Draw verdicts as a forest plot: tolerance band, interval, and a marker whose shape is the word.

    Parameters
    ----------
    ax : Axes
        Where to draw; its figure's height is set to fit the rows.
    page : Page or sequence of ArmResult
        What to draw.
    measurement : str, optional
        Draw this one alone; needed when some measurements are absolute, in different units.
    reach : float
        Largest relative bias shown (1.0 is 100 %); what lies beyond is drawn at the edge with an arrow.

    Raises
    ------
    ValueError
        If the rows do not share one scale and unit, or none is left to draw.
    """
    rows = list(page.rows() if hasattr(page, "rows") else page)
    rows = [r for r in rows if measurement in (None, r.measurement) and r.status == "judged"]
    kinds = {(r.scale, "" if r.scale == "relative" else r.unit) for r in rows}
    if len(kinds) != 1:
        found = f"rows of one scale and unit, got {sorted(kinds)}"
        raise ValueError(f"draw_verdicts needs {found}: name a measurement")
    (scale, unit), single = kinds.pop(), len({r.measurement for r in rows}) == 1
    factor = 100.0 if scale == "relative" else 1.0
    limit = reach * factor if scale == "relative" else np.inf
    for y, r in enumerate(rows):
        colour = COLOURS[r.verdict]
        if r.tolerance:
            low, high = (factor * t for t in r.tolerance)
            ax.fill_betweenx([y - 0.42, y + 0.42], low, high, color="#009E73", alpha=0.18, lw=0)
        if r.interval:
            ends = [
                end * np.inf if value is None else factor * value
                for value, end in zip(r.interval, (-1, 1), strict=True)
            ]
            ax.plot(np.clip(ends, -limit, limit), [y, y], color=colour, lw=2.5, solid_capstyle="butt")
        bias = factor * r.bias if r.bias is not None else limit
        shape = MARKERS[r.verdict] if abs(bias) <= limit else ">" if bias > 0 else "<"
        filled = colour if r.verdict in ("HOLDS", "FAILS") else "white"
        at = np.clip(bias, -limit, limit)
        ax.plot(at, y, marker=shape, ms=9, color=filled, mec=colour, mew=2, clip_on=False)
        ax.annotate(
            f"{tables.said(r).split(' (')[0]}, {r.scope}, n = {r.n}",
            (0.01, y - 0.2),
            xycoords=("axes fraction", "data"),
            fontsize=9.5,
            color=colour,
            va="bottom",
            path_effects=_edged(3, "white"),
        )
    names = [r.arm if single else f"{r.arm}: {r.measurement}" for r in rows]
    kinds_of = [f"\n[{r.control} control]" if r.control else "" for r in rows]
    ax.set_yticks(range(len(rows)), [n + kind for n, kind in zip(names, kinds_of, strict=True)])
    ax.tick_params(axis="y", length=0, labelsize=10.5)
    ax.axvline(0, color="black", lw=0.8)
    ax.set_ylim(len(rows) - 0.4, -0.8)
    if np.isfinite(limit):
        ax.set_xlim(-1.05 * limit, 1.05 * limit)
    name = rows[0].measurement if single else "measurement"
    ax.set_xlabel(f"error of {name}, {'%' if scale == 'relative' else unit}\n(shaded: tolerance)")
    if ax.figure is not None and len(ax.figure.axes) == 1:
        ax.figure.set_size_inches(6.0, 1.3 + 0.62 * len(rows))  # type: ignore[union-attr]
