"""The words of a recipe do not depend on the machine: other threads, other kernels, other instructions."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TWO = ("structure-passport", "segmentation-unet-dice-trap")  # the two that need least time
CORES = ("Haswell", "SkylakeX", "Zen", "Sandybridge", "Nehalem", "NEOVERSEN1", "ARMV8")
ASK = "import numpy, threadpoolctl as t; print(*{i.get('architecture') for i in t.threadpool_info()})"


def core_types() -> list[str]:
    """Core types that this machine's OpenBLAS really uses when it is told to."""
    found = []
    for core in CORES:
        env = os.environ | {"OPENBLAS_CORETYPE": core}
        done = subprocess.run([sys.executable, "-c", ASK], env=env, capture_output=True, text=True)
        if core in done.stdout.split():
            found.append(core)
    return found


def words(settings: dict[str, str], results: Path) -> dict[tuple[str, str, str], str]:
    env = os.environ | settings | {"SCOPECHECK_RESULTS": str(results)}
    command = [sys.executable, "-c", "from scopecheck.cli import main; main()", "run"]
    runs = [
        subprocess.Popen([*command, recipe], cwd=ROOT, env=env, stdout=-1, stderr=-2, text=True)
        for recipe in TWO
    ]
    said = [run.communicate()[0] for run in runs]
    files = sorted(results.glob("*/*/verdict.json"))
    assert [path.parent.parent.name for path in files] == sorted(TWO), said
    found = [json.loads(path.read_text(encoding="utf-8")) for path in files]
    return {(v["recipe"], a["arm"], a["measurement"]): a["label"] for v in found for a in v["arms"]}


@pytest.mark.tool
@pytest.mark.slow
@pytest.mark.skipif(not os.environ.get("WEEKLY"), reason="takes minutes, so it runs once a week: WEEKLY=1")
def test_two_recipes_say_the_same_with_other_threads_kernels_and_instructions(tmp_path):
    for module in ("monai", "threadpoolctl"):
        pytest.importorskip(module)
    cores = core_types()
    if len(cores) < 2:
        pytest.skip(f"the BLAS of this machine knows {cores or 'none'} of the core types {CORES}")
    one = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "OPENBLAS_CORETYPE": cores[0]}
    two = {"OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2", "OPENBLAS_CORETYPE": cores[1]}
    older = {
        "ATEN_CPU_CAPABILITY": "default",
        "ONEDNN_MAX_CPU_ISA": "SSE41",
        "MKL_ENABLE_INSTRUCTIONS": "SSE4_2",
    }
    first, second = words(one | older, tmp_path / "one"), words(two, tmp_path / "two")
    assert len(first) > 20
    assert first == second
