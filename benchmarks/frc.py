"""Fourier ring correlation of 2048 x 2048 images beside locan's, and beside the two transforms alone.

Run `python benchmarks/frc.py` where locan is installed (or with a folder of it and of
what it needs in ``PYTHONPATH``). They take
turns in random order; the shortest of the rounds is given. Prints a Markdown table and writes nothing; ends
with status 1 where the two differ by more than 1e-12.
"""

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import random  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
from collections.abc import Callable  # noqa: E402
from importlib.metadata import version  # noqa: E402

import numpy as np  # noqa: E402
from scipy import fft  # noqa: E402

from scopecheck.measure import frc  # noqa: E402

SIDES, ROUNDS = (1024, 2048, 2047), 3


def main() -> None:
    try:
        from locan.analysis.fourier_ring_correlation import compute_fourier_ring_correlation
    except ImportError as error:
        sys.exit(f"locan cannot be imported ({error}); install it in a folder and name that in PYTHONPATH")
    print(f"locan {version('locan')}\n")
    print(
        "| side | scopecheck s | locan s | locan / ours | two transforms s | ours / transforms | difference |"
    )
    print("|---|---|---|---|---|---|---|")
    worst = 0.0
    for side in SIDES:
        rng = np.random.default_rng(side)
        a = rng.poisson(5, (side, side)).astype(float)
        b = a + rng.poisson(5, (side, side))
        tools: dict[str, Callable] = {
            "scopecheck": lambda a=a, b=b: frc.frc(a, b, counting="floor").fsc,
            "locan": lambda a=a, b=b: compute_fourier_ring_correlation(a, b, 1.0).correlation,
            "transforms": lambda a=a, b=b: [fft.rfft2(image) for image in (a, b)],
        }
        seconds: dict[str, list[float]] = {name: [] for name in tools}
        for _ in range(ROUNDS):
            for name in random.sample(list(tools), len(tools)):
                start = time.perf_counter()
                tools[name]()
                seconds[name].append(time.perf_counter() - start)
        best = {name: min(times) for name, times in seconds.items()}
        theirs = tools["locan"]()
        apart = float(np.abs(tools["scopecheck"]()[1 : 1 + len(theirs)] - theirs).max())
        worst = max(worst, apart)
        ratio, share = best["locan"] / best["scopecheck"], best["scopecheck"] / best["transforms"]
        row = (
            side,
            f"{best['scopecheck']:.3f}",
            f"{best['locan']:.2f}",
            f"{ratio:.1f}",
            f"{best['transforms']:.3f}",
        )
        print("| " + " | ".join(map(str, (*row, f"{share:.1f}", f"{apart:.1e}"))) + " |")
    sys.exit(0 if worst <= 1e-12 else 1)


if __name__ == "__main__":
    main()
