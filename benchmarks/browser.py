"""The browser's verdict, run by node, beside the Python command: 2048 x 2048 pixels, 3,000 objects.

Run `python benchmarks/browser.py`; it needs node 18 or newer. The answers must be equal. The two take turns,
and the minimum of the rounds is given. Of node, and of Python with the package imported, the time is that of
reading and judging two PNG files; of the command, that of its whole process. Processor time stands beside it,
since a machine may be busy with more.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from objects import scene
from PIL import Image

from scopecheck.score.labels import Score, score_labels
from scopecheck.score.rules import Rules

MODULE = Path(__file__).parents[1] / "book" / "_static" / "verdict.mjs"
NODE = """
import { readFile } from "node:fs/promises";
const { judge } = await import(process.argv[1]);
const fileAt = (path) => ({ path, bytes: async () => new Uint8Array(await readFile(path)) });
const side = (path) => ({ path, folder: false, files: [fileAt(path)] });
const rules = { tolerance: [-0.1, 0.1], uncertainty: 0.02, asGiven: false }, times = [];
let answer;
for (let i = 0; i < 4; i++) {
  const [begin, cpu] = [performance.now(), process.cpuUsage()];
  answer = await judge(side("predicted.png"), side("truth.png"), rules);
  const used = process.cpuUsage(cpu);
  times.push([(performance.now() - begin) / 1e3, (used.user + used.system) / 1e6]);
}
console.log(JSON.stringify({ times, objects: answer.objects, words: answer.rows.map((row) => row.label) }));
"""


def by_node() -> tuple[dict[str, tuple[float, float]], dict, list[str]]:
    """The first call of a new process, and the best of three more."""
    command = ["node", "--input-type=module", "-e", NODE, MODULE.as_uri()]
    told = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    first, *more = map(tuple, told["times"])
    return {"node, first call": first, "node, later call": min(more)}, told["objects"], told["words"]


def by_python() -> tuple[tuple[float, float], Score]:
    begin, cpu = time.perf_counter(), time.process_time()
    rules = Rules(tolerance={"all": 0.1}, truth_uncertainty={"all": 0.02}, unit="px")
    score = score_labels(Path("predicted.png"), Path("truth.png"), rules)
    return (time.perf_counter() - begin, time.process_time() - cpu), score


def by_command() -> tuple[float, float]:
    begin, before = time.perf_counter(), os.times()
    call = "from scopecheck.cli import main; main()"
    asked = ["score", "labels", "predicted.png", "truth.png", "--unit", "px", "--tolerance", "0.1", "--json"]
    subprocess.run([sys.executable, "-c", call, *asked], capture_output=True, check=True)
    after = os.times()
    used = after.children_user - before.children_user + after.children_system - before.children_system
    return time.perf_counter() - begin, used


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    truth = scene((2048, 2048), 3000, 15, 0).astype(np.uint16)
    predicted = scene((2048, 2048), 3000, 15, 1).astype(np.uint16)
    found: dict[str, list[tuple[float, float]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        Image.fromarray(truth).save("truth.png")
        Image.fromarray(predicted).save("predicted.png")
        by_python()  # imports, and compiles where numba is installed
        for _ in range(rounds):
            node, objects, words = by_node()
            python, score = by_python()
            if (objects, words) != (score.objects, [row.label for row in score.rows]):
                raise SystemExit(f"node says {objects}, {words}; Python {score.objects}, {score.rows}")
            for name, times in (node | {"Python, imported": python, "the command": by_command()}).items():
                found.setdefault(name, []).append(times)
        os.chdir("/")
    best = {name: [min(column) for column in zip(*times, strict=True)] for name, times in found.items()}
    base = best["the command"]
    print(f"2048 x 2048, {score.objects['true']} true and {score.objects['predicted']} predicted objects,")
    print(f"answers equal, minimum of {rounds} rounds\n")
    print("| | seconds | of processor | ratio to the command | of processor |\n|---|---|---|---|---|")
    for name, (seconds, used) in best.items():
        print(f"| {name} | {seconds:.2f} | {used:.2f} | {seconds / base[0]:.2f} | {used / base[1]:.2f} |")


if __name__ == "__main__":
    main()
