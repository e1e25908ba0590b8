"""Numbers on an absolute scale, a line a verdict; and a verdict with its number, for a table."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from scopecheck.record.figures import mark
from scopecheck.record.tables import percent
from scopecheck.record.text import markdown

if TYPE_CHECKING:
    from IPython.display import Markdown

    from scopecheck.record.result import ArmResult
    from scopecheck.record.trial import Case, Tool, Trial


def strips(rows: Sequence["ArmResult"], label: str) -> Any:
    """Errors on an absolute scale with their intervals, the baseline's beside them, the tolerance shaded.

    The scale is linear up to 1 and logarithmic from there on.

    Parameters
    ----------
    rows : sequence of ArmResult
        Judged entries of one measurement, at least one.
    label : str
        Of the axis, with its unit.

    Returns
    -------
    matplotlib.figure.Figure
    """
    import matplotlib.pyplot as plt

    figure, ax = plt.subplots(figsize=(8.4, 0.36 * len(rows) + 1.4))
    for y, row in enumerate(rows):
        if row.bias is None or row.interval is None:
            continue
        ends = [end for end in row.interval if end is not None]
        ax.plot(ends, [y] * len(ends), color="black", lw=2)
        ax.plot(row.bias, y, **mark(row))
        if row.baseline:
            ax.plot(row.baseline["bias"], y, "|", color="#E69F00", ms=14, mew=3)
    low, high = rows[0].tolerance or (0, 0)
    ax.axvspan(low, high, color="#009E73", alpha=0.15, lw=0)
    ax.set_xscale("symlog", linthresh=1)
    ax.xaxis.set_major_formatter("{x:g}")
    ax.set_yticks(range(len(rows)), [row.arm for row in rows])
    ax.set(xlabel=f"{label} (shaded: tolerance)", ylim=(len(rows) - 0.5, -0.5))
    return figure


def quoted(row: "ArmResult") -> str:
    """The word and the error, as a table of remedies gives them."""
    return f"{row.told}, {percent(row.bias, row.scale)}" if row.verdict else row.told


def side_by_side(trial: "Trial", arms: Sequence[str], ways: Mapping[str, "Tool"]) -> "Markdown":
    """Errors of several methods on the cases of arms that were run, in the mean over cases, not judged.

    Parameters
    ----------
    trial : Trial
    arms : sequence of str
        Those that were not run are left out.
    ways : mapping of str to callable
        Methods by name, each as a trial's tool.

    Returns
    -------
    Markdown
        A line an arm, a column a method, in each cell the measurements in the order of the front matter.
    """
    scales = {name: m.scale for name, m in trial.page.front.measurements.items()} if trial.page.front else {}

    def errors(cases: "list[Case]", way: "Tool") -> str:
        told = [trial.numbers(way(case.image, **case.told), case) for case in cases]
        said = []
        for name, scale in scales.items():
            found = np.mean([numbers[name] for numbers in told])
            true = np.mean([case.true[name] for case in cases if case.true])
            said.append(f"{found - true:.1f}" if scale == "absolute" else percent(float(found / true - 1)))
        return ", ".join(said)

    run = {arm: [row.case for row in trial.rows[arm]] for arm in arms if trial.rows.get(arm)}
    lines = [(arm, *(errors(cases, way) for way in ways.values())) for arm, cases in run.items()]
    return markdown([", ".join(scales), *ways], lines)
