"""One-to-one matching of picked particles beside the full cost matrix: time, and the same optimum.

Run `python benchmarks/picks.py`. The peer is the loop that is usually written: for each micrograph, distances
(`scipy.spatial.distance.cdist`) and `scipy.optimize.linear_sum_assignment` over the whole matrix, with a cost
for what may not be paired that outweighs all distances. Both look for as many pairs as possible and then the
least total distance. They take turns in random order on each micrograph, so that a busy machine slows both
alike; the time of all micrographs is given, as the shortest of the rounds. Prints a Markdown table and writes
nothing; ends with status 1 where the two do not find the same optimum.
"""

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import argparse  # noqa: E402
import random  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
from collections.abc import Callable  # noqa: E402

import numpy as np  # noqa: E402
from scipy.optimize import linear_sum_assignment  # noqa: E402
from scipy.spatial.distance import cdist  # noqa: E402

from scopecheck.measure import picks as picking  # noqa: E402

SIDE, PARTICLES, MICROGRAPHS, ROUNDS = 4096, 1000, 200, 3
RADII = (27, 54)  # px: a quarter and half of a particle's diameter of 108 px
WANTED = 1.0  # times faster than the peer


def scene(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """1,000 particles in a crowded field, and as many picks: 850 near one (s.d. 12 px), 150 anywhere."""
    rng = np.random.default_rng(seed)
    truth = rng.uniform(0, SIDE, (PARTICLES, 2))
    near = truth[rng.permutation(PARTICLES)[:850]] + rng.normal(0, 12, (850, 2))
    return np.concatenate((near, rng.uniform(0, SIDE, (PARTICLES - 850, 2)))), truth


def ours(picks: np.ndarray, truth: np.ndarray, radius: float) -> tuple[int, float]:
    got = picking.match(picks, truth, radius)
    return got.tp, float(got.distance.sum())


def whole_matrix(picks: np.ndarray, truth: np.ndarray, radius: float) -> tuple[int, float]:
    distance = cdist(picks, truth)
    allowed = distance <= radius
    rows, columns = linear_sum_assignment(np.where(allowed, distance, 1e6))
    paired = allowed[rows, columns]
    return int(paired.sum()), float(distance[rows, columns][paired].sum())


TOOLS: dict[str, Callable] = {"scopecheck": ours, "cdist + linear_sum_assignment": whole_matrix}


def compare(scenes: list, radius: float, rounds: int) -> tuple[list[str], bool]:
    seconds: dict[str, list[float]] = {name: [] for name in TOOLS}
    found: dict[str, list] = {}
    for _ in range(rounds):
        spent = dict.fromkeys(TOOLS, 0.0)
        found = {name: [] for name in TOOLS}
        for picks, truth in scenes:
            for name in random.sample(list(TOOLS), len(TOOLS)):
                start = time.perf_counter()
                answer = TOOLS[name](picks, truth, radius)
                spent[name] += time.perf_counter() - start
                found[name].append(answer)
        for name, total in spent.items():
            seconds[name].append(total)
    best = {name: min(times) for name, times in seconds.items()}
    mine = np.array(found["scopecheck"])
    lines, all_same = [], True
    for name, answers in found.items():
        theirs = np.array(answers)
        same = (theirs[:, 0] == mine[:, 0]).all() and np.allclose(theirs[:, 1], mine[:, 1], rtol=1e-9)
        all_same &= bool(same)
        row = (radius, name, f"{best[name]:.3f}", f"{1000 * best[name] / len(scenes):.2f}")
        row += (f"{best[name] / best['scopecheck']:.1f}", f"{theirs[:, 0].sum():.0f}")
        row += (f"{theirs[:, 1].sum():.3f}", "yes" if same else "NO")
        lines.append("| " + " | ".join(map(str, row)) + " |")
    ratio = best["cdist + linear_sum_assignment"] / best["scopecheck"]
    word = "met" if ratio > WANTED and all_same else "NOT MET"
    print(f"{radius} px: peer / scopecheck = {ratio:.1f}, asked > {WANTED:g} and the same optimum: {word}")
    return lines, all_same


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--micrographs", type=int, default=MICROGRAPHS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    arguments = parser.parse_args()
    scenes = [scene(seed) for seed in range(arguments.micrographs)]
    for run in TOOLS.values():  # imports, before timing
        run(*scenes[0], RADII[0])
    answers = [compare(scenes, radius, arguments.rounds) for radius in RADII]
    print(f"\n{arguments.micrographs} micrographs, {PARTICLES} picks and {PARTICLES} particles each\n")
    print("| radius px | tool | s | ms a micrograph | times scopecheck | pairs | total distance px | same |")
    print("|---|---|---|---|---|---|---|---|")
    print("\n".join(line for lines, _ in answers for line in lines))
    sys.exit(0 if all(same for _, same in answers) else 1)


if __name__ == "__main__":
    main()
