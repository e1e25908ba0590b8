"""What the cases of the recipes' own runs were like: the table beside which `scopecheck check` sets yours.

    python benchmarks/seen.py                     # all; minutes
    python benchmarks/seen.py restoration-care    # this one anew

A recipe's code is run in this process, quick and embedded; of every case that its checks were asked of,
the functions of `scopecheck.score.seen` are measured. Writes src/scopecheck/score/seen.csv.
"""

import contextlib
import csv
import io
import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from scopecheck.record import Trial
from scopecheck.runner.find import read_notebook
from scopecheck.score import seen

RECIPES = Path(__file__).parents[1] / "recipes"
Told = Iterable[dict[str, float]]


def spots(row: Any) -> Told:
    """Noise2Void, and networks that draw one picture from another."""
    yield seen.of_images(row.case.image[0], row.answer["image"])


def pair(row: Any) -> Told:
    """CARE: control and treated."""
    for raw, restored in zip(row.case.image, row.answer["images"], strict=True):
        yield seen.of_images(raw, restored)


def volumes(row: Any) -> Told:
    """RLN: fields of one specimen."""
    for raw, restored in zip(row.case.image[0], row.answer["picture"], strict=True):
        yield seen.of_images(raw, restored)


def picks(row: Any) -> Told:
    """Topaz."""
    yield seen.of_picks(row.answer[["x", "y"]], row.case.units["diameter"])


def halves(row: Any) -> Told:
    """A claim on two half maps."""
    maps = row.case.image
    yield seen.of_halves(len(maps.half1), maps.pixel, row.answer.resolution)


KINDS: dict[str, Callable[[Any], Told]] = {
    "crossmodality-translation": spots,
    "denoising-noise2void": spots,
    "maps-fsc-traps": halves,
    "picking-topaz": picks,
    "restoration-care": pair,
    "restoration-rln": volumes,
}


def trials(name: str) -> list[Trial]:
    """Run a recipe's code, and return what it judged."""
    os.environ["SCOPECHECK_RECIPE"] = str(RECIPES / f"{name}.py")
    space: dict[str, Any] = {"__name__": "__main__", "display": lambda *_shown: None}
    with contextlib.redirect_stdout(io.StringIO()), TemporaryDirectory() as folder, contextlib.chdir(folder):
        for cell in read_notebook(RECIPES / f"{name}.py").cells:
            if cell.cell_type == "code":
                exec(compile(cell.source, name, "exec"), space)  # our own recipes
    return list({id(one): one for one in space.values() if isinstance(one, Trial)}.values())


def rows(name: str) -> list[seen.Seen]:
    """Of each setting percentiles 5, 50 and 95 over all cases."""
    told = [
        one
        for trial in trials(name)
        for arm, cases in trial.rows.items()
        if arm not in trial.changed
        for row in cases
        for one in KINDS[name](row)
    ]
    found = []
    for setting in told[0]:
        values = [one[setting] for one in told if np.isfinite(one[setting])]
        ends = [float(f"{value:.4g}") for value in np.percentile(values, (5, 50, 95))]
        found.append(seen.Seen(name, setting, *ends, len(values)))
    return found


def main(names: list[str]) -> None:
    """Measure anew, and keep what was not asked."""
    kept = [row for row in (seen.table() if seen.TABLE.exists() else ()) if row.recipe not in names]
    os.environ.setdefault("MPLBACKEND", "Agg")
    for name in names:
        kept += rows(name)
        with seen.TABLE.open("w", encoding="utf-8", newline="") as file:
            lines = csv.writer(file, lineterminator="\n")
            lines.writerow(seen.HEADS)
            lines.writerows(sorted(kept))
        print(name, "done", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:] or list(KINDS))
