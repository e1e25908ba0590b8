"""FSC of two half maps side by side with RELION's and cryoDRGN's own programs: time, memory, equal answers.

Run `python benchmarks/maps.py`. It writes two half maps of each size into a temporary folder, runs every
program on them as a whole process, in random order, and prints Markdown. The time is that of the process from
start to end; start-up with imports and reading the files are given apart. The shortest of all rounds counts.
Processor seconds stand beside it, since scopecheck transforms on all cores (OMP_NUM_THREADS=1: on one) and
RELION's program on one.

Equal means shell by shell, in the shells of the program it is compared with: the programs put the same voxels
on different shells (`counting` of `measure.maps.fsc`). cryoDRGN needs tens of seconds and is run once; at
384^3 it takes several GiB. RELION is found on the PATH, cryoDRGN in this environment; what is missing is left
out and said.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

SIZES = (256, 384)
WANTED = 2.0
LIMIT = 1e-4

OURS = """
import json, sys, time
start = time.perf_counter()
from scopecheck.data import read_map
from scopecheck.measure import maps
import scipy.fft, mrcfile
ready = time.perf_counter()
a, b = (read_map(path).values for path in sys.argv[1:3])
read = time.perf_counter()
curve = maps.fsc(a, b, counting=sys.argv[3])
end = time.perf_counter()
for frequency, value in zip(curve.frequency, curve.fsc):
    print(frequency, value)
print(json.dumps({"imports": ready - start, "reading": read - ready, "fsc": end - read}), file=sys.stderr)
"""

CLI = "from scopecheck.cli import main; main()"

CRYODRGN_PARTS = """
import json, sys, time
start = time.perf_counter()
from cryodrgn.commands_utils.fsc import get_fsc_curve
from cryodrgn.source import MRCFileSource
ready = time.perf_counter()
a, b = (MRCFileSource(path).images() for path in sys.argv[1:3])
read = time.perf_counter()
get_fsc_curve(a, b)
end = time.perf_counter()
print(json.dumps({"imports": ready - start, "reading": read - ready, "fsc": end - read}), file=sys.stderr)
"""


def half_maps(box: int, folder: Path) -> list[str]:
    """Write two half maps: a smooth random specimen, and noise of each map's own."""
    import mrcfile
    from scipy import fft

    rng = np.random.default_rng(0)
    k = fft.fftfreq(box).astype(np.float32) ** 2
    square = k[:, None, None] + k[:, None] + fft.rfftfreq(box).astype(np.float32) ** 2
    spectrum = fft.rfftn(rng.standard_normal((box,) * 3, np.float32), workers=-1)
    specimen = fft.irfftn(spectrum * (4.5 * np.exp(-square / 0.02)), (box,) * 3, workers=-1)
    paths = [str(folder / f"half{i}_{box}.mrc") for i in (1, 2)]
    for path in paths:
        mrcfile.write(path, specimen + rng.standard_normal(specimen.shape, np.float32), voxel_size=1.0)
    return paths


def programs(paths: list[str], folder: Path) -> dict[str, list[str]]:
    """The command of each program; what is not installed is left out, with a line."""
    python = sys.executable
    found = {
        "scopecheck": [python, "-c", OURS, *paths, "relion"],
        "scopecheck score fsc": [python, "-c", CLI, "score", "fsc", *paths, "--json"],
    }
    relion = shutil.which("relion_image_handler")
    if relion:
        found["RELION"] = [relion, "--i", paths[0], "--fsc", paths[1], "--angpix", "1"]
    else:
        print("RELION: not installed", file=sys.stderr)
    try:
        tool = Path(python).with_name("cryodrgn_utils")
        found[f"cryoDRGN {version('cryodrgn')}"] = [
            str(tool),
            "fsc",
            *paths,
            "-o",
            str(folder / "theirs.txt"),
        ]
    except PackageNotFoundError:
        print("cryoDRGN: not installed", file=sys.stderr)
    return found


def once(command: list[str], folder: Path) -> tuple[float, float, float, str, str]:
    """Wall seconds, processor seconds, peak GiB, standard output and error of one process."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=out, stderr=err, cwd=folder)
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0), err.seek(0)
        said, complaint = out.read(), err.read()
    if process.returncode:
        raise SystemExit(f"{command[0]} ended with {process.returncode}: {complaint[-500:]}")
    return wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 2**20, said, complaint


def curve_of(name: str, said: str, folder: Path) -> np.ndarray:
    if name.startswith("cryoDRGN"):
        return np.loadtxt(folder / "theirs.txt", skiprows=1)[:, 1]
    rows = [line.split() for line in said.splitlines()]
    if name == "RELION":
        return np.array([float(row[3]) for row in rows if len(row) == 4 and row[0].isdigit()])
    return np.array([float(row[1]) for row in rows])


def parts(name: str, command: list[str], paths: list[str], folder: Path, rounds: int) -> str:
    """Imports, reading and FSC as far as they can be told apart, the shortest of each."""
    if name == "RELION":
        stats = [[command[0], "--i", path, "--stats"] for path in paths]
        each = [sum(once(one, folder)[0] for one in stats) for _ in range(rounds)]
        return f"reading at most {min(each):.2f} (two runs of --stats)"
    if name.startswith("cryoDRGN"):
        command, rounds = [sys.executable, "-c", CRYODRGN_PARTS, *paths], 1
    if name == "scopecheck score fsc":
        return "with interval and checks"
    told = [json.loads(once(command, folder)[4].splitlines()[-1]) for _ in range(rounds)]
    return ", ".join(f"{part} {min(one[part] for one in told):.2f}" for part in told[0])


def compare(box: int, folder: Path, rounds: int) -> list[str]:
    paths = half_maps(box, folder)
    commands = programs(paths, folder)
    runs: dict[str, list[tuple[float, float, float]]] = {name: [] for name in commands}
    curves = {}
    for number in range(rounds):
        for name in random.sample(list(commands), len(commands)):
            if number and name.startswith("cryoDRGN"):
                continue  # tens of seconds: once
            *figures, said, _ = once(commands[name], folder)
            runs[name].append(tuple(figures))
            if name != "scopecheck score fsc" and not number:
                curves[name] = curve_of(name, said, folder)
    best = min(wall for wall, *_ in runs["scopecheck"])
    peers = {name: min(wall for wall, *_ in runs[name]) for name in runs if not name.startswith("scopecheck")}
    lines = []
    for name, figures in runs.items():
        walls = [wall for wall, *_ in figures]
        row = [f"{box}^3", name, f"{min(walls):.2f}", f"{statistics.median(walls):.2f}"]
        row += [f"{min(cpu for _, cpu, _ in figures):.2f}", f"{max(peak for *_, peak in figures):.2f}"]
        row += [f"{min(walls) / best:.2f}", parts(name, commands[name], paths, folder, rounds)]
        if name in peers:
            counting = "relion" if name == "RELION" else "cryodrgn"
            mine = once([*commands["scopecheck"][:-1], counting], folder)[3]
            apart = float(np.abs(curve_of("scopecheck", mine, folder) - curves[name]).max())
            row.append(f"{apart:.1e}, {'yes' if apart <= LIMIT else 'NO'}")
        lines.append("| " + " | ".join(row + [""] * (9 - len(row))) + " |")
    if peers:
        ratio = min(peers.values()) / best
        fastest = min(peers, key=lambda name: peers[name])
        verdict = "met" if ratio >= WANTED else "NOT MET"
        used = {name: min(cpu for _, cpu, _ in runs[name]) for name in (fastest, "scopecheck")}
        said = f"{ratio:.2f} (processor time {used[fastest] / used['scopecheck']:.2f})"
        print(f"{box}^3: {fastest} / scopecheck = {said}, asked {WANTED:g}: {verdict}", flush=True)
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--size", type=int, action="append", help="only this box; may be repeated")
    parser.add_argument("--rounds", type=int, default=10)
    arguments = parser.parse_args()
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        for box in arguments.size or SIZES:
            lines += compare(box, Path(folder), arguments.rounds)
    heads = ["maps", "program", "min s", "median s", "processor s", "peak GiB", "times scopecheck"]
    heads += ["of which, s", "largest difference, equal to 1e-4"]
    print(f"\n| {' | '.join(heads)} |\n|{'---|' * len(heads)}")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
