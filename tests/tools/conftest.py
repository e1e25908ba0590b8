"""What tests of trained tools share: one script run twice, each time in a process of its own."""

import os
import subprocess
import sys

import pytest


@pytest.fixture
def twice(tmp_path):
    """Run a script twice with another ``{path}`` to write to; what each run printed, line by line."""

    def run(code):
        said = []
        for k in range(2):
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
        return said

    return run
