"""Numbers on an absolute scale, a line a verdict."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from scopecheck.record.figures import mark

if TYPE_CHECKING:
    from scopecheck.record.result import ArmResult


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
