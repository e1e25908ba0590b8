"""The validity envelope of a tool: where, among the settings that were swept, its numbers hold."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from scopecheck.errors import InputError

if TYPE_CHECKING:
    from IPython.display import Markdown
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

LOGARITHMIC = ("photons", "background", "blur_px", "diameter", "pixel_factor")


class Expected(NamedTuple):
    """What a tool's number is off by, at settings between those that were swept.

    Attributes
    ----------
    bias : float
        Interpolated between the settings around.
    low, high : float
        90 % span of a single image's error: `Envelope.stretch` times what single images at the settings
        around differ by, on either side of the bias; of a relative error not below -1, which is nothing left.
    """

    bias: float
    low: float
    high: float


class Held(NamedTuple):
    """How many images that were not swept the spans held, and of how many that lay inside the grid.

    Attributes
    ----------
    as_known : (int, int)
        Of simulated images, looked up at the settings as they were.
    as_estimated : (int, int)
        Looked up at what the image itself tells, with objects of the classical baseline.
    real_as_known, real_as_estimated : (int, int)
        The same of real images that were taken again.
    """

    as_known: tuple[int, int]
    as_estimated: tuple[int, int]
    real_as_known: tuple[int, int]
    real_as_estimated: tuple[int, int]

    def told(self) -> tuple[str, str]:
        """Looked up both ways, in words."""
        known, estimated = (
            f"{_of(simulated)}, real {_of(real)}"
            for simulated, real in (
                (self.as_known, self.real_as_known),
                (self.as_estimated, self.real_as_estimated),
            )
        )
        return known, estimated


@dataclass(frozen=True, eq=False)
class Envelope:
    """A swept grid.

    Attributes
    ----------
    recipe, source : str
    axes : dict of str to tuple of float
        The values of each setting, rising.
    n : int
        Images of each setting.
    tolerance : dict of str to (float, float)
        Of each measurement, as its recipe declares it.
    relative : dict of str to bool
        Whether errors are fractions of the truth; else they carry the measurement's unit.
    errors : dict of str to ndarray
        Of each measurement, shape (*axes, 3): bias, least and most error; NaN where there is none.
    words : dict of str to ndarray of str
        Of each measurement, shape of the grid.
    stretch : dict of str to float
        Of each measurement: how many times the spread around held the error of nine in ten unseen images
        (split conformal prediction, Lei et al. 2018, doi:10.1080/01621459.2017.1307116); 1 where not asked.
    held : dict of str to Held
        Of each measurement: how many of the images that were not swept the spans held; empty where not asked.
    """

    recipe: str
    source: str
    axes: dict[str, tuple[float, ...]]
    n: int
    tolerance: dict[str, tuple[float, float]]
    relative: dict[str, bool]
    errors: dict[str, NDArray[np.float64]]
    words: dict[str, NDArray[np.str_]]
    stretch: dict[str, float]
    held: dict[str, Held]

    def outside(self, setting: Mapping[str, float]) -> dict[str, tuple[float, float]]:
        """Settings that were not reached or are not known, with the range that was swept."""
        return {
            name: (values[0], values[-1])
            for name, values in self.axes.items()
            if not values[0] <= setting.get(name, math.nan) <= values[-1]
        }

    def expected(self, measurement: str, setting: Mapping[str, float]) -> Expected | None:
        """What a number is expected to be off by; None outside the grid, or beside what was not run."""
        if self.outside(setting):
            return None
        sides: list[tuple[int, ...]] = []
        shares: list[tuple[float, ...]] = []
        for name, values in self.axes.items():
            at = _scale(name, np.array(values))
            place = _scale(name, np.array(setting[name]))
            right = int(np.clip(np.searchsorted(at, place), 1, max(len(at) - 1, 1)))
            left = right - 1
            if len(at) == 1 or place <= at[left]:
                sides.append((left,))
                shares.append((1.0,))
            elif place >= at[right]:
                sides.append((right,))
                shares.append((1.0,))
            else:
                share = float((place - at[left]) / (at[right] - at[left]))
                sides.append((left, right))
                shares.append((1 - share, share))
        corners = np.array([self.errors[measurement][corner] for corner in product(*sides)])
        weights = np.array([math.prod(one) for one in product(*shares)])
        if not np.isfinite(corners).all():
            return None
        bias = float(corners[:, 0] @ weights)
        half = self.stretch.get(measurement, 1.0) * float(corners[:, 2].max() - corners[:, 1].min())
        least = -1.0 if self.relative[measurement] else -math.inf
        return Expected(bias, max(bias - half, least), bias + half)

    def slice(self, measurement: str, across: tuple[str, str], **at: float) -> NDArray[np.float64]:
        """Biases over two settings, (first, second), the others at the values given."""
        where: list[Any] = []
        for name, values in self.axes.items():
            where.append(slice(None) if name in across else values.index(at[name]))
        grid = self.errors[measurement][(*where, 0)]
        first, second = (list(self.axes).index(name) for name in across)
        return grid if first < second else grid.T


def read_sweep(path: Path) -> tuple[dict[str, Any], list[dict[str, str]]]:
    """What made a sweep's table, and its lines, without those of a setting that was broken off.

    Raises
    ------
    InputError
        If the file is no table of a sweep.
    """
    whole = path.read_text(encoding="utf-8").splitlines(keepends=True)
    try:
        made_by = json.loads(whole[0].removeprefix("# "))
        made_by["settings"]
    except (IndexError, ValueError, KeyError, TypeError):
        raise InputError(f"{path}: is no table of `scopecheck sweep`; give another name") from None
    lines = list(csv.DictReader(io.StringIO("".join(line for line in whole[1:] if line.endswith("\n")))))
    ends = [k for k, line in enumerate(lines) if line.get("seconds")]  # in the last line of each setting
    return made_by, lines[: ends[-1] + 1] if ends else []


def read_envelope(path: str | Path, recipes: Path | None = None) -> Envelope:
    """Read a table of `scopecheck sweep` whose grid is whole.

    Raises
    ------
    InputError
        If the file is no such table, or settings of its grid are lacking.
    RecipeError
        If its recipe cannot be read.
    """
    from scopecheck.record.page import packaged
    from scopecheck.record.recipe import read_recipe

    path = Path(path)
    made_by, lines = read_sweep(path)
    names = made_by["settings"]
    axes = {name: tuple(sorted({float(line[name]) for line in lines})) for name in names}
    shape = tuple(map(len, axes.values()))
    recipe = read_recipe((recipes or packaged()) / f"{made_by['recipe']}.py")
    known = {name: m.band() for name, m in recipe.measurements.items()}
    errors = {name: np.full((*shape, 3), np.nan) for name in known}
    words = {name: np.full(shape, "", dtype="<U40") for name in known}
    seen = set()
    for line in lines:
        at = tuple(axes[name].index(float(line[name])) for name in names)
        seen.add(at)
        if line["measurement"] in errors and line["bias"]:
            errors[line["measurement"]][at] = [float(line[k] or "nan") for k in ("bias", "least", "most")]
            words[line["measurement"]][at] = line["word"]
    if len(seen) < math.prod(shape):
        raise InputError(f"{path}: {len(seen)} of {math.prod(shape)} settings are there; finish the sweep")
    swept = {name for name, values in errors.items() if np.isfinite(values).any()}
    return Envelope(
        made_by["recipe"],
        made_by["source"],
        axes,
        len(made_by["seeds"]),
        {name: band for name, band in known.items() if name in swept and band},
        {name: recipe.measurements[name].scale == "relative" for name in swept},
        {name: values for name, values in errors.items() if name in swept},
        {name: values for name, values in words.items() if name in swept},
        _beside(path).get("stretch", {}),
        _held(path),
    )


def envelope_tables(recipes: Path | None = None) -> dict[str, Path]:
    """The swept tables that come with the package, by recipe."""
    from scopecheck.record.page import packaged

    return {path.stem: path for path in sorted((recipes or packaged()).glob("envelopes/*.csv"))}


def picture(
    envelope: Envelope,
    measurement: str,
    across: tuple[str, str],
    panels: tuple[str, tuple[float, ...]],
    **at: float,
) -> Figure:
    """Biases over two settings, a panel for each value of a third; framed where out of tolerance."""
    import matplotlib.pyplot as plt

    name, values = panels
    low, high = envelope.tolerance[measurement]
    figure, axes = plt.subplots(1, len(values), figsize=(1.2 + 3.0 * len(values), 3.4), squeeze=False)
    first, second = (envelope.axes[one] for one in across)
    for ax, value in zip(axes[0], values, strict=True):
        bias = envelope.slice(measurement, across, **{name: value}, **at)
        limit = 3 * max(abs(low), abs(high))
        ax.imshow(bias, cmap="RdBu_r", vmin=-limit, vmax=limit, origin="lower", aspect="auto")
        for y, x in np.ndindex(bias.shape):
            out = not low <= bias[y, x] <= high
            text = told(bias[y, x], envelope.relative[measurement])
            strong = abs(bias[y, x]) > 0.6 * limit
            ax.text(x, y, text, ha="center", va="center", fontsize=9, color="white" if strong else "black",
                    fontweight="bold" if out else "normal")  # fmt: skip
            if out:
                box = plt.Rectangle((x - 0.47, y - 0.47), 0.94, 0.94, fill=False, ec="black", lw=1.6)
                ax.add_patch(box)
        ax.set_xticks(range(len(second)), [f"{v:g}" for v in second])
        ax.set_yticks(range(len(first)), [f"{v:g}" for v in first])
        ax.set(xlabel=across[1], title=f"{name} {value:g}")
    axes[0, 0].set_ylabel(across[0])
    return figure


def swept(envelope: Envelope) -> Markdown:
    """The settings of an envelope, as a table."""
    from scopecheck.record.text import markdown

    lines = [(name, ", ".join(f"{value:g}" for value in values)) for name, values in envelope.axes.items()]
    return markdown(["setting", "swept"], lines)


def held_against(envelope: Envelope, table: Path) -> Markdown:
    """How often an envelope's spans contained the errors of images that were not swept, as a table.

    Read from the file beside the swept table (benchmarks/envelope.py).
    """
    from scopecheck.record.text import markdown

    lines = []
    for name, one in _beside(table)["counted"].items():
        off, width = (told(one[k], envelope.relative[name]).lstrip("+") for k in ("off", "width"))
        known, estimated = envelope.held[name].told()
        lines.append((name, known, width, off, estimated))
    heads = [
        "number",
        "inside, as known",
        "width of the span",
        "expected bias off by",
        "inside, as estimated",
    ]
    return markdown(heads, lines)


def _held(table: Path) -> dict[str, Held]:
    """What was counted beside a swept table, of each measurement; empty where not all was."""
    beside = _beside(table)
    simulated, real = beside.get("counted", {}), beside.get("retaken", {})
    return {
        name: Held(*(tuple(one[way]) for one in (told, real[name]) for way in ("expected", "by_estimate")))
        for name, told in simulated.items()
        if name in real
    }


def _of(pair: tuple[int, int]) -> str:
    return f"{pair[0]} of {pair[1]}" if pair[1] else "none inside the grid"


def _beside(table: Path) -> dict[str, Any]:
    """What stands beside a swept table: how its spans were chosen, and how they held."""
    path = table.with_suffix(".json")
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def told(error: float, relative: bool) -> str:
    """An error as text: in per cent where it is relative."""
    if np.isnan(error):
        return "none"
    return f"{error:+.0%}" if relative else f"{error:+.2g}"


def _scale(name: str, values: NDArray) -> NDArray:
    return np.log(np.maximum(values, 1e-3)) if name in LOGARITHMIC else np.asarray(values, float)
