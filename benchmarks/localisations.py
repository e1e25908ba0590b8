"""Matching localisations frame by frame beside the loop that is usually written: time, and the same optimum.

Run `python benchmarks/localisations.py`. The peer goes frame by frame: `scipy.spatial.distance.cdist` and
`scipy.optimize.linear_sum_assignment` over the whole matrix, where what may not be paired costs more than all
distances together. Both look for as many pairs as possible and then the least total distance. They take
turns in random order; the shortest of the rounds is given, in seconds of the processor. Three movies: 100,000
emitters in 5,000 frames; 81,000 in 361 frames, spread evenly; and the emitters of the stack that comes with
Deep-STORM, where that dataset (deepstorm-demo1) is at hand. Prints a Markdown table and writes nothing; ends
with status 1 where the two do not find the same optimum.
"""

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import random  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
from collections.abc import Callable  # noqa: E402

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
from scipy.optimize import linear_sum_assignment  # noqa: E402
from scipy.spatial.distance import cdist  # noqa: E402

from scopecheck import data  # noqa: E402
from scopecheck.errors import DataError  # noqa: E402
from scopecheck.measure import localisations  # noqa: E402

MOVIES = {"sparse": (100_000, 5000, 20_000.0), "dense": (81_000, 361, 6400.0)}  # emitters, frames, side in nm
RADII, ROUNDS = (50, 100, 250), 7
Movie = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def movie(emitters: int, frames: int, side: float) -> Movie:
    """Emitters spread evenly over the field and the frames, and what is found of them."""
    rng = np.random.default_rng(0)
    return found_of(rng.uniform(0, side, (emitters, 2)), rng.integers(0, frames, emitters), side)


def stack() -> Movie | None:
    """The emitters of Deep-STORM's simulated stack, 6.4 µm wide; None where it cannot be had."""
    try:
        folder = data.fetch("deepstorm-demo1")
    except DataError as error:
        print(f"the stack of Deep-STORM is left out: {error}\n")
        return None
    table = pd.read_excel(folder / "Positions_Bundeld_Tubulin_Recreated.xlsx", names=["frame", "x", "y"])
    return found_of(table[["x", "y"]].to_numpy(float), table["frame"].to_numpy(int), 6400.0)


def found_of(true: np.ndarray, of: np.ndarray, side: float) -> Movie:
    """Nine in ten emitters are found, 20 nm off (s.d.), and as many again as were missed are invented."""
    rng = np.random.default_rng(1)
    seen = rng.random(len(true)) < 0.9
    ghosts = int((~seen).sum())
    found = np.concatenate(
        (true[seen] + rng.normal(0, 20, (seen.sum(), 2)), rng.uniform(0, side, (ghosts, 2)))
    )
    return found, np.concatenate((of[seen], rng.integers(of.min(), of.max() + 1, ghosts))), true, of


def ours(found: np.ndarray, then: np.ndarray, true: np.ndarray, of: np.ndarray, radius: float) -> tuple:
    got = localisations.match(found, true, radius, frames=(then, of))
    return got.tp, float(got.lateral.sum())


def loop(found: np.ndarray, then: np.ndarray, true: np.ndarray, of: np.ndarray, radius: float) -> tuple:
    frames = np.arange(max(then.max(), of.max()) + 2)
    first, second = np.argsort(then, kind="stable"), np.argsort(of, kind="stable")
    cuts, marks = np.searchsorted(then[first], frames), np.searchsorted(of[second], frames)
    pairs, total = 0, 0.0
    for k in frames[:-1]:
        apart = cdist(found[first[cuts[k] : cuts[k + 1]]], true[second[marks[k] : marks[k + 1]]])
        rows, columns = linear_sum_assignment(np.where(apart <= radius, apart, 1e6))
        kept = apart[rows, columns]
        pairs, total = pairs + int((kept <= radius).sum()), total + float(kept[kept <= radius].sum())
    return pairs, total


TOOLS: dict[str, Callable] = {"scopecheck": ours, "cdist + linear_sum_assignment": loop}


def main() -> None:
    movies = {name: movie(*how) for name, how in MOVIES.items()} | {"Deep-STORM's stack": stack()}
    print("| movie | radius nm | tool | s | peer / scopecheck | pairs | total distance nm | same |")
    print("|---|---|---|---|---|---|---|---|")
    every_same = True
    for name, given in movies.items():
        if given is None:
            continue
        for radius in RADII:
            seconds: dict[str, list[float]] = {tool: [] for tool in TOOLS}
            answers = {tool: run(*given, radius) for tool, run in TOOLS.items()}  # imports, before timing
            for _ in range(ROUNDS):
                for tool in random.sample(list(TOOLS), len(TOOLS)):
                    start = time.process_time()
                    TOOLS[tool](*given, radius)
                    seconds[tool].append(time.process_time() - start)
            best = {tool: min(times) for tool, times in seconds.items()}
            mine = answers["scopecheck"]
            for tool, (pairs, total) in answers.items():
                same = pairs == mine[0] and bool(np.isclose(total, mine[1], rtol=1e-9))
                every_same &= same
                ratio = f"{best[tool] / best['scopecheck']:.2f}"
                row = (
                    name,
                    radius,
                    tool,
                    f"{best[tool]:.3f}",
                    ratio,
                    pairs,
                    f"{total:.1f}",
                    "yes" if same else "NO",
                )
                print("| " + " | ".join(map(str, row)) + " |")
    sys.exit(0 if every_same else 1)


if __name__ == "__main__":
    main()
