"""Errors along a setting that grows, where they leave the tolerance, and pictures of one field."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from scopecheck.errors import InputError
from scopecheck.record.figures import scale_bar

_STYLES = ("o-", "s--", "^:", "D-.")


def along(at: Sequence[float], errors: Mapping[str, Sequence[float]], limit: float, label: str) -> Any:
    """Draw relative errors along a setting, a line each; the tolerance is shaded, the setting logarithmic.

    Parameters
    ----------
    at : sequence of float
        The setting, above 0.
    errors : mapping of str to sequence of float
        Of each method, one a setting; fractions.
    limit : float
        Of the tolerance, to either side.
    label : str
        Of the setting, with its unit.

    Returns
    -------
    matplotlib.figure.Figure
    """
    import matplotlib.pyplot as plt

    figure, ax = plt.subplots(figsize=(7, 4))
    for k, (name, off) in enumerate(errors.items()):
        ax.plot(at, off, _STYLES[k % len(_STYLES)], label=name)
    ax.axhspan(-limit, limit, color="#009E73", alpha=0.15, lw=0)
    ax.set_xscale("log", base=2)
    ax.set_xticks(list(at), [f"{value:g}" for value in at])
    ax.minorticks_off()
    ax.yaxis.set_major_formatter(lambda value, _: f"{value:+.0%}")
    ax.set(xlabel=label, ylabel="error (shaded: tolerance)")
    ax.legend()
    return figure


def leaves(at: Sequence[float], off: Sequence[float], limit: float) -> str:
    """Where an error first leaves the tolerance along a growing setting, as a reader is told it.

    Between two settings it is taken to change in a straight line over the setting's logarithm.

    Raises
    ------
    InputError
        If an error is lacking.
    """
    errors = np.asarray(off, float)
    if errors.shape != (len(at),) or not np.isfinite(errors).all():
        raise InputError(f"off: {off}; expected one finite error for each of {len(at)} settings.")
    wrong = np.abs(errors) > limit
    if not wrong.any():
        return f"above {at[-1]:g}"
    k = int(np.argmax(wrong))
    if k == 0:
        return f"below {at[0]:g}"
    share = (np.copysign(limit, errors[k]) - errors[k - 1]) / (errors[k] - errors[k - 1])
    return f"about {at[k - 1] * (at[k] / at[k - 1]) ** share:.2g}"


def panels(pictures: Mapping[str, Any], across: float, *, rows: int = 1, alike: Sequence[str] = ()) -> Any:
    """Draw square pictures of one field beside each other, with a scale bar.

    Parameters
    ----------
    pictures : mapping of str to (Y, X) array
        By title; pixels may differ in size. A picture is shown from 0 to the brightest five hundredth.
    across : float
        Width of the field, micrometres.
    rows : int
    alike : sequence of str
        Titles of pictures that share one range, that of the brightest of them.

    Returns
    -------
    matplotlib.figure.Figure
    """
    import matplotlib.pyplot as plt

    columns = -(-len(pictures) // rows)
    top = {name: max(float(np.quantile(image, 0.998)), 1e-3) for name, image in pictures.items()}
    shared = max((top[name] for name in alike), default=0.0)
    figure, ax = plt.subplots(rows, columns, figsize=(3.2 * columns, 3.5 * rows), squeeze=False)
    for one, (name, image) in zip(ax.flat, pictures.items(), strict=False):
        one.imshow(image, cmap="inferno", vmin=0, vmax=shared if name in alike else top[name])
        one.set(title=name, xticks=[], yticks=[])
        scale_bar(one, across / np.shape(image)[1])
    for empty in ax.flat[len(pictures) :]:
        empty.axis("off")
    return figure
