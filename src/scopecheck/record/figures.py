"""The style of the book's figures: outlines on images, scale bars, and the shape of each word."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from scopecheck.record.result import UNSTABLE, ArmResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = {"HOLDS": "#0072B2", "FAILS": "#D55E00", "UNDETERMINED": "#666666", None: "#666666"}
COLOURS |= {UNSTABLE: "#8A4B73"}
MARKERS = {"HOLDS": "o", "FAILS": "s", "UNDETERMINED": "D", UNSTABLE: "^", None: "|"}
TRUTH, PREDICTED = "#F0E442", "#56B4E9"


def mark(row: ArmResult, size: float = 9) -> dict[str, Any]:
    """How a verdict is drawn in every picture: the keywords of ``ax.plot`` for one point.

    The shape and the colour are the word's. It is filled only where the word is HOLDS or FAILS and speaks of
    more than one image; that of one image is hollow.

    Parameters
    ----------
    row : ArmResult
        As ``page.add`` and ``page.rows`` give it.
    size : float
        Of the marker, points.
    """
    colour = COLOURS[row.verdict]
    filled = row.holds or row.fails
    look = {"marker": MARKERS[row.verdict], "color": colour if filled else "white", "mec": colour}
    return look | {"ls": "", "ms": size, "mew": size / 5}


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


def save(figure: Any, name: str) -> None:
    """Write a figure as ``figures/<name>.png`` into the working folder, where the result is."""
    Path("figures").mkdir(exist_ok=True)
    figure.savefig(f"figures/{name}.png")


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
    for region in regionprops(labels.astype(np.uint8) if labels.dtype == bool else labels):
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
    truth, predicted : ndarray of int or bool, optional
        Label images (Y, X), 0 is background; or masks.
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
        look = {"frameon": True, "framealpha": 1, "facecolor": "#333333", "labelcolor": "white"}
        ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.01), ncol=2, fontsize=10, **look)


def draw_points(
    ax: "Axes",
    image: np.ndarray,
    truth: Any = None,
    predicted: Any = None,
    radius: float = 12,
    pixel_size: float | Sequence[float] | None = None,
    title: str = "",
) -> None:
    """Show a micrograph, slightly smoothed for the eye, with rings around true points and picks.

    Parameters
    ----------
    ax : Axes
        Where to draw; its ticks go.
    image : ndarray, (Y, X)
        Shown between its 0.5th and 99.5th percentile.
    truth, predicted : DataFrame or array, (n, 2), optional
        x, y of true points (solid yellow, a little smaller) and of picks (blue), pixels.
    radius : float
        Of the rings, pixels.
    pixel_size : float or (y, x), optional
        Micrometres per pixel; where it is not known the bar is in pixels.
    title : str
        Of the panel.
    """
    from matplotlib.collections import EllipseCollection
    from scipy.ndimage import gaussian_filter

    smooth = gaussian_filter(np.asarray(image, float), max(image.shape) / 400)
    low, high = np.percentile(smooth, (0.5, 99.5))
    ax.imshow(smooth, cmap="gray", vmin=low, vmax=high, interpolation="nearest")
    for points, colour, part in ((truth, TRUTH, 0.7), (predicted, PREDICTED, 1.0)):
        if points is not None:
            at = points[["x", "y"]] if hasattr(points, "columns") else points
            xy = np.asarray(at, float).reshape(-1, 2)
            size = np.full(len(xy), 2 * radius * part)
            rings = EllipseCollection(size, size, 0, units="xy", offsets=xy, transOffset=ax.transData)
            rings.set(facecolor="none", edgecolor=colour, linewidth=1.2)
            ax.add_collection(rings)
    scale_bar(ax, pixel_size)
    ax.set(xticks=[], yticks=[], title=title)
