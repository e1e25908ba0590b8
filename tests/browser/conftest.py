"""The verdict of a browser, run by node."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "book" / "_static"
HERE = Path(__file__).parent
LEAST = 18  # node from which DecompressionStream and Blob are there


@pytest.fixture(scope="session")
def node():
    """The program node, or a skip that says so."""
    found = shutil.which("node")
    if found is None:
        pytest.skip("node is not installed: the verdict in the browser is not held against Python here")
    version = subprocess.run([found, "--version"], capture_output=True, text=True, check=True).stdout
    if int(re.findall(r"\d+", version)[0]) < LEAST:
        pytest.skip(f"node {version.strip()} is older than {LEAST}: the verdict in the browser is not tried")
    return found


@pytest.fixture
def answers(node, tmp_path, monkeypatch):
    """Answer a list of cases by a module of the book; paths are taken from the test's folder."""
    monkeypatch.chdir(tmp_path)

    def ask(cases, module="verdict.mjs"):
        Path("cases.json").write_text(json.dumps(cases), encoding="utf-8")
        command = [node, str(HERE / "run_cases.mjs"), str(STATIC / module), "cases.json"]
        ran = subprocess.run(command, capture_output=True, text=True, encoding="utf-8")
        assert ran.returncode == 0, ran.stderr
        return json.loads(ran.stdout)

    return ask


@pytest.fixture
def static():
    """The folder of what the book shows beside its pages."""
    return STATIC
