"""Object matching side by side with StarDist, Cellpose and panoptica: time, memory and equal answers.

Run `python benchmarks/objects.py`; benchmarks/README.md says how to install the peers. Prints Markdown tables
and writes nothing else. Tools take turns in random order, so that a busy machine slows all of them alike; in
its turn a tool is called until 10 ms have passed, and the time of one call is kept. The minimum and the
median over the turns are given, and ratios are of minima. Compiling and importing are not timed.
"""

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import argparse  # noqa: E402
import itertools  # noqa: E402
import math  # noqa: E402
import random  # noqa: E402
import statistics  # noqa: E402
import subprocess  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
from collections.abc import Callable  # noqa: E402
from importlib.metadata import PackageNotFoundError, version  # noqa: E402
from pathlib import Path  # noqa: E402
from unittest import mock  # noqa: E402

import numpy as np  # noqa: E402

from scopecheck import measure  # noqa: E402
from scopecheck.measure import overlap  # noqa: E402

# name: shape, objects, radius in pixels, rounds, ratio to the fastest peer that is asked for
CASES = {
    "2D, 256 x 256, 100 objects": ((256, 256), 100, 9, 50, 1.0),
    "2D, 512 x 512, 100 objects": ((512, 512), 100, 18, 50, 1.0),
    "2D, 4096 x 4096, 20,000 objects": ((4096, 4096), 20_000, 12, 2, 50.0),
    "3D, 128 x 1024 x 1024, 5,000 objects": ((128, 1024, 1024), 5_000, 14, 3, 2.0),
}

FLOOR = "one pass (floor)"
OWN = (FLOOR, "scopecheck", "scopecheck without numba")


def scene(shape: tuple[int, ...], n: int, radius: float, seed: int) -> np.ndarray:
    """Discs or balls on a jittered grid, labels 1 to n, int32; the grid is the same for every seed."""
    rng = np.random.default_rng(seed)
    labels = np.zeros(shape, np.int32)
    step = (math.prod(shape) / n) ** (1 / len(shape))
    cells = [max(1, round(size / step)) for size in shape]
    while math.prod(cells) < n:
        cells[-1] += 1
    places = itertools.islice(itertools.product(*(range(c) for c in cells)), n)
    for label, place in enumerate(places, 1):
        centre = [
            (p + 0.5) * size / c + rng.uniform(-2, 2) for p, size, c in zip(place, shape, cells, strict=True)
        ]
        r = radius * rng.uniform(0.8, 1.2)
        window = tuple(
            slice(max(0, int(c - r)), min(size, int(c + r) + 2))
            for c, size in zip(centre, shape, strict=True)
        )
        axes = np.ogrid[window]
        labels[window][sum((a - c) ** 2 for a, c in zip(axes, centre, strict=True)) <= r * r] = label
    return labels


def ours(predicted, true):
    match = measure.match(predicted, true, 0.5)
    return match.tp, match.fp, match.fn, match.mean_iou


def without_numba(predicted, true):
    with mock.patch.object(overlap, "_compiled_pass", return_value=None):
        return ours(predicted, true)


def one_pass(predicted, true):
    """The floor: read both arrays once."""
    predicted.max(), true.max()
    return None


def stardist_tool() -> Callable:
    from stardist.matching import matching

    def run(predicted, true):
        result = matching(true, predicted, thresh=0.5)
        return result.tp, result.fp, result.fn, result.mean_matched_score

    return run


def cellpose_tool() -> Callable:
    from cellpose.metrics import average_precision

    def run(predicted, true):
        _, tp, fp, fn = average_precision(true, predicted, threshold=[0.5])
        return int(tp[0]), int(fp[0]), int(fn[0]), None

    return run


def panoptica_tool() -> Callable:
    import contextlib
    import io

    with contextlib.redirect_stdout(io.StringIO()):
        from panoptica import InputType, NaiveThresholdMatching, Panoptica_Evaluator
        from panoptica.metrics import Metric

        evaluator = Panoptica_Evaluator(
            expected_input=InputType.UNMATCHED_INSTANCE,
            instance_matcher=NaiveThresholdMatching(matching_metric=Metric.IOU, matching_threshold=0.5),
            instance_metrics=[Metric.IOU],
            global_metrics=[],
        )
        evaluator.evaluate(scene((64, 64), 4, 9, 0), scene((64, 64), 4, 9, 0))  # it greets once

    def run(predicted, true):
        result = evaluator.evaluate(predicted, true)["ungrouped"]
        return result.tp, result.fp, result.fn, result.sq

    return run


def tools() -> dict[str, Callable]:
    found: dict[str, Callable] = {"scopecheck": ours, "scopecheck without numba": without_numba}
    for name, make in (
        ("stardist", stardist_tool),
        ("cellpose", cellpose_tool),
        ("panoptica", panoptica_tool),
    ):
        try:
            found[f"{name} {version(name)}"] = make()
        except (ImportError, PackageNotFoundError) as missing:
            print(f"{name}: not installed ({missing})", file=sys.stderr)
    return found


def available_gib() -> float:
    import psutil

    return psutil.virtual_memory().available / 2**30


def compare(name: str, peers: dict[str, Callable], rounds: int | None) -> list[str]:
    shape, n, radius, usual, wanted = CASES[name]
    true, predicted = scene(shape, n, radius, 0), scene(shape, n, radius, 1)
    if n * n * 32 / 2**30 > 0.9 * available_gib():
        raise SystemExit(f"{name}: the peers need about {n * n * 32 / 2**30:.0f} GiB of free memory")
    times: dict[str, list[float]] = {tool: [] for tool in peers}
    answers = {}
    for _ in range(rounds or usual):
        for tool in random.sample(list(peers), len(peers)):  # a slow tool leaves cold caches to the next
            calls, start, passed = 0, time.perf_counter(), 0.0
            while passed < 0.01:
                answers[tool] = peers[tool](predicted, true)
                calls, passed = calls + 1, time.perf_counter() - start
            times[tool].append(passed / calls)
    fastest_peer = min((min(t) for tool, t in times.items() if tool not in OWN), default=None)
    best = min(times["scopecheck"])
    lines = []
    for tool, seconds in times.items():
        least, middle = min(seconds), statistics.median(seconds)
        row = [name, tool, f"{least:.4g}", f"{middle:.4g}", f"{least / best:.2f}"]
        if answers[tool] is not None:
            *counts, iou = answers[tool]
            same = counts == list(answers["scopecheck"][:3])
            same &= iou is None or abs(iou - answers["scopecheck"][3]) < 1e-6
            row += [*map(str, counts), "" if iou is None else f"{iou:.6f}", "yes" if same else "NO"]
        lines.append("| " + " | ".join(row + [""] * (10 - len(row))) + " |")
    if fastest_peer is not None:
        verdict = "met" if fastest_peer / best >= wanted else "NOT MET"
        print(f"{name}: fastest peer / scopecheck = {fastest_peer / best:.2f}, asked {wanted:g}: {verdict}")
    return lines


def with_chance(name: str, rounds: int = 5) -> str:
    """How long `score labels` takes over matching, and over what chance scores, which shares the overlaps."""
    from scopecheck.measure import objects

    shape, n, radius, _, _ = CASES[name]
    true, predicted = scene(shape, n, radius, 0), scene(shape, n, radius, 1)
    found = objects.overlaps(predicted, true)
    parts: dict[str, Callable] = {
        "match": lambda: measure.match(predicted, true),
        "chance": lambda: measure.chance(predicted, true, overlap=found),
    }
    best = dict.fromkeys(parts, math.inf)
    for _ in range(rounds):
        for part, run in parts.items():
            start = time.perf_counter()
            run()
            best[part] = min(best[part], time.perf_counter() - start)
    both = (best["match"] + best["chance"]) / best["match"]
    verdict = "met" if both <= 3 else "NOT MET"
    return f"| {name} | {best['match']:.3g} | {best['chance']:.3g} | {both:.2f} | {verdict} |"


def extra_memory(name: str) -> float | None:
    """Peak memory that a match takes beyond its inputs, over the inputs; as Linux counts it, else None."""
    status = Path("/proc/self/status")
    if not status.exists():
        return None
    shape, n, radius, _, _ = CASES[name]
    small = scene((64, 64), 4, 9, 0)
    overlap.contingency(small, small, engine="numba" if overlap._compiled_pass() else "numpy")
    true, predicted = scene(shape, n, radius, 0), scene(shape, n, radius, 1)

    def field(key: str) -> int:
        return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith(key))

    Path("/proc/self/clear_refs").write_text("5")  # the peak starts again from what is held now
    before = field("VmRSS")
    measure.match(predicted, true, 0.5)
    return (field("VmHWM") - before) * 1024 / (true.nbytes + predicted.nbytes)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--case", choices=CASES, action="append", help="only this case; may be repeated")
    parser.add_argument("--rounds", type=int, help="rounds for every case")
    parser.add_argument("--chance", action="store_true", help="only what chance adds to matching")
    parser.add_argument("--memory", choices=CASES, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.memory:
        print(extra_memory(arguments.memory))
        return
    if arguments.chance:
        print(with_chance("2D, 4096 x 4096, 20,000 objects"))
        return
    peers = {FLOOR: one_pass, **tools()}
    small = scene((64, 64), 4, 9, 0)
    for run in peers.values():  # compile before timing
        run(small, small)
    if overlap._compiled_pass():
        overlap.contingency(small, small, engine="numba")
    lines = []
    for name in arguments.case or CASES:
        lines += compare(name, peers, arguments.rounds)
    print("\n| case | tool | min s | median s | times scopecheck | TP | FP | FN | mean IoU | equal |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    print("\n".join(lines))
    print("\n| case | match s | chance s | both over match | at most 3 |\n|---|---|---|---|---|")
    print(with_chance("2D, 4096 x 4096, 20,000 objects"))
    print("\n| case | peak memory of scopecheck, inputs included, over the inputs |\n|---|---|")
    for name in arguments.case or CASES:
        command = [sys.executable, __file__, "--memory", name]
        extra = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
        print(f"| {name} | {'not measured' if extra == 'None' else f'{1 + float(extra):.2f}'} |")


if __name__ == "__main__":
    main()
