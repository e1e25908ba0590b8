"""Figures that recipes share: examples with outlines, errors of all arms, alarms of all checks, remedies."""

from collections.abc import Callable, Sequence
from itertools import cycle
from typing import TYPE_CHECKING, Any

import numpy as np

from scopecheck.record.figures import COLOURS, draw_outlines, mark, save
from scopecheck.record.result import UNSTABLE, ArmResult

if TYPE_CHECKING:
    from scopecheck.judge import Alarms
    from scopecheck.measure.maps import Curve
    from scopecheck.record.trial import Row

HUES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7")
BAND = "#D4EDE5"
WORDS = "● holds, ■ fails, ◇ undecided, △ changes with the seed; hollow ○ □: of one image alone"


def show(figure: Any, name: str) -> None:
    """Save a figure as ``figures/<name>.png`` beside the result, and show it."""
    import matplotlib.pyplot as plt

    save(figure, name)
    plt.show()
    plt.close(figure)


def examples(
    rows: dict[str, "Row"],
    columns: int = 3,
    part: float = 0.5,
    draw: Callable[..., None] | None = None,
    numbers: Sequence[str] = (),
) -> Any:
    """One case of each arm with its title; of label images the truth solid and the tool's answer dashed.

    Parameters
    ----------
    rows : dict of str to Row
        By title.
    columns : int
        Panels side by side.
    part : float
        Share of each side that is shown, from the first row and column on.
    draw : callable, optional
        ``draw(axis, row, title)`` for answers that are no label images.
    numbers : sequence of str
        Measurements whose relative errors stand in the titles, below the scores.
    """
    import matplotlib.pyplot as plt

    lines = -(-len(rows) // columns)
    height = 3.5 if not numbers else 3.9
    figure, axes = plt.subplots(lines, columns, figsize=(3.2 * columns, height * lines), squeeze=False)
    for axis, (title, row) in zip(axes.flat, rows.items(), strict=False):
        if numbers:
            title = "\n".join((title, *_said(row, numbers)))
        if draw:
            draw(axis, row, title)
            continue
        cut = tuple(slice(0, round(size * part)) for size in row.case.image.shape[:2])
        truth = None if row.case.truth is None else row.case.truth[cut]
        draw_outlines(axis, row.case.image[cut], truth, row.answer[cut], title=title)
        if axis.get_legend():
            axis.get_legend().remove()
    for axis in list(axes.flat)[len(rows) :]:
        axis.set_axis_off()
    return figure


def _said(row: "Row", numbers: Sequence[str]) -> list[str]:
    """How good one answer looks, and how far its numbers are off: two short lines."""
    off = [f"{name.replace('_', ' ')} {row.measured[name] / row.true[name] - 1:+.0%}" for name in numbers]
    return [", ".join(f"{score} {value:.2f}" for score, value in row.looks.items()), ", ".join(off)]


def errors(rows: Sequence[ArmResult], names: dict[str, str], reach: float = 1.1) -> Any:
    """Error of every arm with its interval, beside how good the arm looks.

    Parameters
    ----------
    rows : sequence of ArmResult
        Judged entries; those of other measurements than `names` are left out. Errors are relative, or
        differences of fractions. Of how good an arm looks, scores from 0 to 1 are drawn.
    names : dict of str to str
        Measurement to what the legend calls it.
    reach : float
        Errors beyond are drawn at the edge, as an arrowhead.
    """
    import matplotlib.pyplot as plt

    rows = [r for r in rows if r.measurement in names and r.bias is not None]
    arms = list(dict.fromkeys(r.arm for r in rows))
    size = (9.5, 0.2 * len(arms) * (1 + 0.6 * len(names)) + 1.9)
    figure, (left, right) = plt.subplots(1, 2, figsize=size, sharey=True, width_ratios=[2, 1])
    offsets = dict(zip(names, np.linspace(-0.24, 0.24, len(names)) if len(names) > 1 else [0.0], strict=True))
    edge = 100 * reach
    for r in rows:
        assert r.bias is not None
        hue, y, bias = (
            HUES[list(names).index(r.measurement)],
            arms.index(r.arm) + offsets[r.measurement],
            r.bias,
        )
        ends = [np.clip(100 * (bias if e is None else e), -edge, edge) for e in r.interval or (bias, bias)]
        left.plot(ends, [y, y], color=hue, lw=2.5)
        look = mark(r, 8) | {"mec": hue}
        look["color"] = hue if look["color"] != "white" else "white"
        if abs(100 * bias) > edge:
            look["marker"] = ">" if bias > 0 else "<"
        left.plot(np.clip(100 * bias, -edge, edge), y, **look)
    _tolerance(left, rows)
    for (_name, said), hue in zip(names.items(), HUES, strict=False):
        left.plot([], [], "o", color=hue, label=said)
    named = dict.fromkeys(score for r in rows for score in r.plausibility)
    scores = [s for s in named if all(0 <= (r.plausibility.get(s) or 0) <= 1 for r in rows)]
    for k, score in enumerate(scores):
        value = {r.arm: r.plausibility.get(score) for r in rows}
        points = [(v, arms.index(arm)) for arm, v in value.items() if v is not None]
        fill = ("black", "white", "#999999")[k % 3]
        right.plot(*zip(*points, strict=True), "o", color="black", mfc=fill, ms=7, label=score)
    if len(names) > 1:
        left.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3, fontsize=10)
    right.legend(loc="lower left", bbox_to_anchor=(0, 1), fontsize=10)
    left.set_yticks(range(len(arms)), arms)
    left.set(xlabel="error, % (shaded: tolerance)", ylim=(len(arms) - 0.5, -0.5))
    right.set(xlim=(0, 1.03), xlabel="how good it looks")
    return figure


def alarms(counted: dict[str, "Alarms"]) -> Any:
    """Share of wrong numbers and of good ones on which each check raised an alarm."""
    import matplotlib.pyplot as plt

    figure, ax = plt.subplots(figsize=(6.4, 1.4 + 0.42 * len(counted)))
    for y, c in enumerate(counted.values()):
        wrong, good = c.hits + c.misses, c.false_alarms + c.quiet
        hit = c.hits / wrong if wrong else np.nan  # where none of a kind were seen, no triangle stands
        false = c.false_alarms / good if good else np.nan
        ax.plot([100 * false, 100 * hit], [y, y], color="#999999", lw=2, zorder=0)
        ax.plot(100 * hit, y, "^", color=HUES[0], ms=10, label="wrong numbers: hits" if y == 0 else None)
        ax.plot(
            100 * false, y, "v", color=HUES[1], ms=10, label="good numbers: false alarms" if y == 0 else None
        )
    ax.set_yticks(range(len(counted)), list(counted))
    ax.set(xlim=(-3, 103), xlabel="alarms, %", ylim=(len(counted) - 0.5, -0.5))
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1), fontsize=10, ncols=2)
    return figure


def by_arm(
    rows: Sequence[ArmResult],
    counts: Sequence[dict[str, int]],
    cases: Sequence[int],
    draw: Callable[[Any, str], None] | None = None,
) -> Any:
    """In how many cases of each arm something came: a line an arm, a column each, the marker is the word.

    Parameters
    ----------
    rows : sequence of ArmResult
        Judged entries.
    counts : sequence of dict of str to int
        Of each row, by column; the paler the marker, the smaller the share of the cases.
    cases : sequence of int
        Of each row.
    draw : callable, optional
        ``draw(axis, arm)`` draws a small picture beside the line.
    """
    import matplotlib.pyplot as plt

    columns = list(dict.fromkeys(name for line in counts for name in line))
    several = len({r.measurement for r in rows}) > 1
    names = [f"{r.arm}, {r.measurement}" if several else r.arm for r in rows]
    figure = plt.figure(figsize=(2.4 + 0.42 * len(columns) + (1 if draw else 0), 1.3 + 0.36 * len(rows)))
    grid = figure.add_gridspec(len(rows), 2, width_ratios=(1, 0.42 * len(columns)))
    ax = figure.add_subplot(grid[:, 1] if draw else grid[:, :])
    for y, (r, line, of) in enumerate(zip(rows, counts, cases, strict=True)):
        for x, column in enumerate(columns):
            n, look = line.get(column, 0), mark(r, 19 if r.verdict == UNSTABLE else 15) | {"mew": 1.5}
            if n:
                ax.plot(x, y, **look, alpha=0.35 + 0.65 * n / of, zorder=0)
            ink = "white" if n and look["color"] != "white" else "black"
            ax.text(x, y, str(n) if n else "·", ha="center", va="center", fontsize=10, color=ink)
        if draw:
            small = figure.add_subplot(grid[y, 0])
            draw(small, r.arm)
            small.set(xticks=[], yticks=[])
            small.set_ylabel(names[y], rotation=0, ha="right", va="center", fontsize=11)
    ax.set(xlim=(-0.6, len(columns) - 0.4), ylim=(len(rows) - 0.5, -0.5), yticks=range(len(rows)))
    ax.set_yticklabels([""] * len(rows) if draw else names)
    ax.set_xticks(range(len(columns)), columns, rotation=60, ha="left", rotation_mode="anchor")
    ax.tick_params(length=0, labeltop=True, labelbottom=False)
    ax.spines[:].set_visible(False)
    return figure


def fsc(
    ax: Any,
    curves: dict[str, "Curve"],
    pixel_size: float,
    thresholds: Sequence[float] = (0.143,),
    styles: Sequence[dict[str, Any]] = (),
    ticks: Sequence[float] = (20, 10, 7, 5, 4),
) -> None:
    """Draw Fourier shell correlations over frequency, with the resolution at the ticks.

    Parameters
    ----------
    ax : Axes
    curves : dict of str to measure.maps.Curve
        By what the legend calls them.
    pixel_size : float
        Angstrom.
    thresholds : sequence of float
        A thin line each.
    styles : sequence of dict
        Keywords of ``ax.plot``, one a curve.
    ticks : sequence of float
        Angstrom; those beyond Nyquist are left out.
    """
    lines = ("-", "--", "-.", ":")
    looks = styles or [{"color": hue, "ls": line} for hue, line in zip(HUES, lines, strict=True)]
    for (label, curve), look in zip(curves.items(), cycle(looks), strict=False):
        ax.plot(curve.frequency, curve.fsc, label=label, **look)
    for threshold in thresholds:
        ax.axhline(threshold, color="black", lw=0.8)
    shown = [t for t in ticks if t >= 2 * pixel_size * (1 - 1e-6)]
    ax.set_xticks([pixel_size / t for t in shown], [f"{t:g}" for t in shown])
    ax.set(xlim=(0, 0.5), ylim=(-0.15, 1.05), xlabel="resolution, Å", ylabel="FSC")


def arrows(pairs: dict[str, tuple[ArmResult, ArmResult]]) -> Any:
    """Errors before and after a remedy, an arrow each; the markers are the words."""
    import matplotlib.pyplot as plt

    figure, ax = plt.subplots(figsize=(6.4, 1.2 + 0.42 * len(pairs)))
    for y, (before, after) in enumerate(pairs.values()):
        line = {"arrowstyle": "->", "color": "#999999"}
        ax.annotate("", (100 * (after.bias or 0), y), (100 * (before.bias or 0), y), arrowprops=line)
        for r in (before, after):
            ax.plot(100 * (r.bias or 0), y, **mark(r))
    _tolerance(ax, [r for pair in pairs.values() for r in pair])
    ax.set_yticks(range(len(pairs)), list(pairs))
    ax.set(xlabel="error, % (shaded: tolerance)", ylim=(len(pairs) - 0.5, -0.5))
    return figure


def words_legend(ax: Any, loc: str = "best") -> None:
    """Explain the markers of the words in a legend."""
    for word, marker in (("HOLDS", "o"), ("FAILS", "s"), ("UNDETERMINED", "D"), ("UNSTABLE", "^")):
        fill = COLOURS[word] if word in ("HOLDS", "FAILS") else "white"
        ax.plot([], [], marker=marker, ls="", mfc=fill, mec=COLOURS[word], label=word)
    ax.legend(loc=loc, fontsize=10)


def _tolerance(ax: Any, rows: Sequence[ArmResult]) -> None:
    """Shade the tolerance where all share one, and draw the line of no error."""
    bands = {tuple(r.tolerance) for r in rows if r.tolerance}
    if len(bands) == 1:
        low, high = bands.pop()
        ax.axvspan(100 * low, 100 * high, color=BAND, lw=0, zorder=0)
    ax.axvline(0, color="black", lw=0.8)
