"""What the scores of picks are worth: precision and recall at every threshold, each beside chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from scopecheck.errors import InputError

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from scopecheck.score.pick_tables import Picks

ROWS = 100  # thresholds that are given, at most
DRAWS = 5  # random draws a micrograph for the curve of chance


def without_empty_scores(picks: Picks, notes: list[str]) -> Picks:
    """Take scores that are all alike for none: nothing can be put in order by them."""
    import numpy as np

    scores = np.concatenate([part["score"].to_numpy(float) for part in picks.tables.values()])
    if len(scores) < 2 or not np.isfinite(scores).all() or (scores != scores[0]).any():
        return picks
    notes.append(
        f"Every pick has the score {scores[0]:g}, which tells none from another; it is read as none."
    )
    return replace(
        picks, tables={key: _with(part, part.assign(score=np.nan)) for key, part in picks.tables.items()}
    )


def kept(
    pairs: Mapping[str, tuple[pd.DataFrame, pd.DataFrame]], least: float, notes: list[str]
) -> dict[str, tuple[pd.DataFrame, pd.DataFrame]]:
    """Keep the picks that score at least this.

    Raises
    ------
    InputError
        If some picks have no score.
    """
    picks = [p for p, _ in pairs.values()]
    lack = sum(int(p["score"].isna().sum()) for p in picks)
    count = sum(len(p) for p in picks)
    if lack:
        raise InputError(
            f"--min-score: {lack} of {count} picks have no score; expected a table with one for each pick,"
            " such as a .cbox or Topaz's."
        )
    found = {key: (p[p["score"] >= least], t) for key, (p, t) in pairs.items()}
    stay = sum(len(p) for p, _ in found.values())
    notes.append(
        f"--min-score {least:g} keeps {stay} of {count} picks. Choose it on micrographs that are not judged."
    )
    return found


def curve(scored: Sequence[Mapping[str, Any]], radius: float) -> tuple[pd.DataFrame, float, float]:
    """Return precision and recall by threshold over all micrographs, beside those of random points.

    Parameters
    ----------
    scored : sequence of mapping
        Of each micrograph p, t (points), scores, and how: the options of `picks.chance_hits`.
    radius : float
        As `picks.match`.

    Returns
    -------
    table : DataFrame
        threshold (falling), picks, precision, recall, chance precision, chance recall. Empty where picks have
        no scores.
    ap, chance : float
        Average precision, and that of random points with random scores; NaN where there is none.
    """
    import numpy as np
    import pandas as pd

    from scopecheck.measure import picks as picking

    scores = np.concatenate([one["scores"] for one in scored])
    if not len(scores) or not np.isfinite(scores).all():
        return pd.DataFrame(), float("nan"), float("nan")
    hit = np.concatenate([picking.hits(one["p"], one["scores"], one["t"], radius) for one in scored])
    m = sum(len(one["t"]) for one in scored)
    table = picking.curve(scores, hit, m)
    pairs = np.zeros(len(table))
    for one in scored:
        drawn = picking.chance_hits(len(one["p"]), one["t"], radius=radius, repeats=DRAWS, **one["how"])
        pairs += drawn[_counts(one["scores"], table["threshold"].to_numpy())]
    table["chance precision"] = pairs / table["picks"]
    table["chance recall"] = pairs / m if m else np.nan
    random = table[["chance precision", "chance recall"]].set_axis(["precision", "recall"], axis=1)
    return table, picking.average_precision(table), picking.average_precision(random)


def _counts(scores: NDArray, thresholds: NDArray) -> NDArray:
    """Picks that score at least each threshold."""
    import numpy as np

    return len(scores) - np.searchsorted(np.sort(scores), thresholds, side="left")


def thinned(table: pd.DataFrame, rows: int = ROWS, keep: float | None = None) -> pd.DataFrame:
    """Return at most so many rows, evenly over the picks kept; the last and that of `keep` among them."""
    import numpy as np

    if not len(table):
        return table
    wanted = np.linspace(0, table["picks"].iloc[-1], rows + 1)[1:]
    at = np.searchsorted(table["picks"].to_numpy(), wanted)
    if keep is not None:
        at = np.append(at, np.flatnonzero(table["threshold"].to_numpy() >= keep)[-1:])
    return table.iloc[np.unique(at)]


def _with(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    after.attrs = dict(before.attrs)
    return after
