"""What tests of trained tools share: one script run twice, each time in a process of its own."""

import os
import subprocess
import sys

import pytest

KEPT = """
from scopecheck.tools import weights

path = "{path}"
tool.keep(model, path)
out = model.predict(image, axes="YX")
with tool.training(4) as folder:
    elsewhere = other(folder).predict(image, axes="YX")
assert abs(elsewhere - out).max() > 0
assert (tool.kept(network, path).predict(image, axes="YX") == out).all()
numbers = weights.read(path)
numbers.pop("{lost}")
weights.write(path + ".npz", numbers)
try:
    tool.kept(network, path + ".npz")
except Exception as error:
    print(type(error).__name__, error)
print("sum", out.astype("f8").sum().hex())
"""


@pytest.fixture
def twice(tmp_path):
    """Run a script twice with another ``{path}`` to write to; what each run printed, line by line.

    Each starts TensorFlow anew, so that outside the weekly tests the first run also stands for the second:
    that a seed repeats itself is then asked of StarDist alone, whose helper the others share.
    """

    def run(code):
        said = []
        for k in range(2 if os.environ.get("WEEKLY") else 1):
            text = code.replace("{path}", str(tmp_path / f"{k}.npz"))
            done = subprocess.run(
                [sys.executable, "-c", text],
                capture_output=True,
                text=True,
                env=dict(os.environ),
                check=False,
            )
            assert done.returncode == 0, done.stderr[-2000:]
            said.append(done.stdout.strip().splitlines())
        return [said[0], said[-1]]

    return run


@pytest.fixture
def kept_alike(twice):
    """Train by a script, keep the network, and ask it again: one seed gives one network, which answers alike.

    The script leaves `tool`, `network`, the trained `model`, an `image`, and ``other(folder)``, an untrained
    network that answers otherwise; `lost` is an array that a damaged file lacks.
    """

    def check(script, lost, more=""):
        first, second = twice(script + KEPT.replace("{lost}", lost) + more)
        assert "DataError" in first[0]
        assert f"{lost} is absent" in first[0]
        assert first[-1] == second[-1], "one seed, one network"
        assert len(first) == 2, "nothing else is printed"

    return check


@pytest.fixture
def refuses_and_repeats(twice):
    """Run a script twice: first it prints how a network of another make was refused, last the same sum."""

    def check(code):
        pytest.importorskip("tensorflow")
        first, second = twice(code)
        assert first[-1] == second[-1]
        assert "DataError" in first[0]
        assert "another network" in first[0]

    return check
