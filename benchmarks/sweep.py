"""A sweep of many settings beside a notebook for each: seconds a setting, beyond those of the tool.

    python benchmarks/sweep.py [SETTINGS]

The tool is the threshold of the recipes' template, which takes milliseconds, so that what is timed is ours:
making the image, measuring, scoring, judging, writing the line. The peer is the runner's own way of asking a
recipe, papermill with a kernel, on the same template. Both run one after the other in one process each.
"""

import csv
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from scopecheck.runner.conditions import Source
from scopecheck.runner.run import run_all
from scopecheck.runner.sweep import sweep

RECIPES = Path(__file__).parents[1] / "recipes"


def beyond_the_tool(recipe: Path, out: Path, n: int) -> tuple[float, float]:
    """Seconds a setting beyond the tool's own: of all, start included, and the median of the single ones."""
    values = {"photons": tuple(20.0 + k for k in range(n // 4)), "blur_px": (0.5, 1.0, 2.0, 4.0)}
    began = time.perf_counter()
    sweep(recipe, {"seed": 0}, {}, values, Source("simulated", 256, (0,)), out)
    whole = time.perf_counter() - began
    with out.open(encoding="utf-8") as file:
        next(file)
        lines = list(csv.DictReader(file))
    by_tool = [float(line["tool_seconds"]) for line in lines]
    single = [float(line["seconds"]) - tool for line, tool in zip(lines, by_tool, strict=True)]
    return (whole - sum(by_tool)) / n, statistics.median(single)


def main(most: int) -> None:
    """Time 100 settings, then more by tens, and a notebook."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        recipe = home / "segmentation-threshold.py"
        recipe.write_text((RECIPES / "template.py.txt").read_text(encoding="utf-8"), encoding="utf-8")
        plan = (RECIPES / "template.csv").read_text(encoding="utf-8")
        recipe.with_suffix(".csv").write_text(plan, encoding="utf-8")
        began = time.perf_counter()
        (outcome,) = run_all([recipe], {}, home / "results")
        notebook = time.perf_counter() - began
        print(f"one notebook: {notebook:.1f} s ({outcome.status})")
        os.environ.pop("SCOPECHECK_RECIPE", None)
        n = 100
        while n <= most:
            whole, single = beyond_the_tool(recipe, home / f"{n}.csv", n)
            print(
                f"{n:>6} settings: {1000 * single:.0f} ms a setting beyond the tool (median),"
                f" {1000 * whole:.0f} ms with the start; notebook / sweep {notebook / whole:.0f}"
            )
            n *= 10


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
