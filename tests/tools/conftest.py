"""What tests of trained tools share: one script run twice, each time in a process of its own."""

import os
import subprocess
import sys
from importlib.util import find_spec

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


TENSORFLOW = (
    "from scopecheck.tools import stardist; stardist.prepare(); import csbdeep.models, stardist.models"
)
# Imports what takes seconds; of each script named to it a copy of this process is made, which runs it.
SERVE = """
import os, sys, traceback
exec(sys.argv[1])
for line in sys.stdin:
    script, *ends = line.rstrip().split("|")
    child = os.fork()
    if not child:
        for number, name in enumerate(ends, start=1):
            os.dup2(os.open(name, os.O_CREAT | os.O_WRONLY), number)
        status = 0
        try:
            exec(compile(open(script, encoding="utf-8").read(), script, "exec"), {"__name__": "__main__"})
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else bool(end.code)
            if isinstance(end.code, str):
                print(end.code, file=sys.stderr)
        except BaseException:
            traceback.print_exc()
            status = 1
        sys.stdout.flush()
        os._exit(status)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


def _without_settings() -> dict[str, str]:
    """The environment without TensorFlow's settings, which the tools set themselves."""
    return {name: value for name, value in os.environ.items() if not name.startswith("TF_")}


@pytest.fixture(scope="session")
def _servers():
    """Processes by what they have imported, started when first asked for."""
    started: dict[str, subprocess.Popen] = {}

    def having(imports):
        if imports not in started:
            pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
            command = [sys.executable, "-c", SERVE, imports]
            started[imports] = subprocess.Popen(command, env=_without_settings(), text=True, **pipes)
        return started[imports]

    yield having
    for process in started.values():
        process.communicate()


@pytest.fixture
def in_process(_servers, tmp_path):
    """Run a script in a process of its own; its exit status, and what it printed on both streams.

    It is a copy of one that has imported what takes seconds; weekly, or without copies, a new one.
    """

    def run(code, imports=TENSORFLOW, package="stardist"):
        if not find_spec(package):
            pytest.skip(f"{package} is not installed")
        if os.environ.get("WEEKLY") or not hasattr(os, "fork"):
            command = [sys.executable, "-c", code]
            done = subprocess.run(command, env=_without_settings(), capture_output=True, text=True)
            return done.returncode, done.stdout, done.stderr
        script, *ends = (tmp_path / f"script.{ending}" for ending in ("py", "out", "err"))
        script.write_text(code, encoding="utf-8")
        server = _servers(imports)
        print(script, *ends, sep="|", file=server.stdin, flush=True)
        status = int(server.stdout.readline())
        said = [path.read_text(encoding="utf-8") for path in ends]
        for path in ends:
            path.unlink()
        return status, *said

    return run


@pytest.fixture
def twice(in_process, tmp_path):
    """Run a script twice with another ``{path}`` to write to; what each run printed, line by line.

    Outside the weekly tests the first run also stands for the second: that a seed repeats itself is then
    asked of StarDist alone, whose helper the others share.
    """

    def run(code):
        said = []
        for k in range(2 if os.environ.get("WEEKLY") else 1):
            status, out, err = in_process(code.replace("{path}", str(tmp_path / f"{k}.npz")))
            assert status == 0, err[-2000:]
            said.append(out.strip().splitlines())
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
        first, second = twice(code)
        assert first[-1] == second[-1]
        assert "DataError" in first[0]
        assert "another network" in first[0]

    return check
