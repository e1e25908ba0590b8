"""Installing scopecheck on Colab changes no package that is there already.

Colab's environment holds a version of each package in ``pins-*.txt``. pip leaves an installed version alone
where the requirements admit it, so what has to be shown is that they admit all of these versions at once:
pip resolves core and runner with every pin as a constraint, for the Python of that Colab, and takes no other
version. That shows it for the packages that the files name, not for those that nobody wrote down.
"""

import importlib.util
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CORE, RUN = PROJECT["dependencies"], PROJECT["optional-dependencies"]["run"]

spec = importlib.util.spec_from_file_location("run_recipe", HERE / "run_recipe.py")
run_recipe = importlib.util.module_from_spec(spec)
spec.loader.exec_module(run_recipe)


def interpreter(minor: str) -> str | None:
    """A Python of this version, by its name on the path or among pyenv's."""
    here = [f"python{minor}", *map(str, Path.home().glob(f".pyenv/versions/{minor}.*/bin/python"))]
    works = "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2])"
    for name in filter(shutil.which, here):
        told = subprocess.run([name, "-c", works], capture_output=True, text=True).stdout
        if told.strip() == minor:
            return name
    return None


*OLDER, NEWEST = sorted(HERE.glob("pins-*.txt"))


@pytest.fixture(
    scope="module",
    params=[*(pytest.param(path, marks=pytest.mark.weekly) for path in OLDER), NEWEST],
    ids=lambda p: p.stem,
)
def colab(request, tmp_path_factory):
    """Resolve with the pins of one Colab; gives what would change, or what pip says."""
    minor = re.search(r"# Python (\d+\.\d+)", request.param.read_text(encoding="utf-8"))[1]
    python = interpreter(minor)
    if not python:
        pytest.skip(f"no Python {minor} is here")
    work, pins = tmp_path_factory.mktemp("colab"), run_recipe.read_pins(request.param)
    subprocess.run([python, "-m", "venv", work / "venv"], check=True)

    def resolve(wanted):
        try:
            found = run_recipe.resolve(work / "venv/bin/python", wanted, pins, work)
        except subprocess.CalledProcessError as err:
            if "from versions: none" in err.stderr or "Connection" in err.stderr:
                pytest.skip(f"no package registry can be reached: {err.stderr.splitlines()[-1]}")
            return err.stderr
        assert "numpy" in found  # a bare environment: everything is in the report
        return {name: version for name, version in found.items() if name in pins and version != pins[name]}

    return resolve


@pytest.mark.slow
def test_nothing_that_colab_holds_would_change(colab):
    """What is admitted with the runner is so without it: fewer bounds have to be met."""
    assert colab(CORE + RUN) == {}


@pytest.mark.slow
def test_a_bound_that_lifts_a_package_of_colab_is_found(colab):
    assert "ResolutionImpossible" in colab(["numpy", "ipykernel>=6.29"])


def test_pins_are_read_as_pip_freeze_prints_them(tmp_path):
    path = tmp_path / "freeze.txt"
    path.write_text(
        "# x==1\nPillow==11.3.0\ntorch==2.10.0+cu128\nen_core @ https://x/y==2\ntf_keras==2.19.0\n"
    )
    assert run_recipe.read_pins(path) == {"pillow": "11.3.0", "torch": "2.10.0", "tf-keras": "2.19.0"}
