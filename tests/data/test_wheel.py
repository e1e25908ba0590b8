"""A wheel, and a wheel made from the source archive, carry the catalogue."""

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from scopecheck.data.catalogue import catalogue

REPOSITORY = Path(__file__).parents[2]
PARTS = ["pyproject.toml", "setup.py", "MANIFEST.in", "README.md", "LICENSE", "src", "data"]
CODE = "from scopecheck import data; from scopecheck.data import catalogue as c; print(c.catalogue_path()); "
CODE += "print(len(c.catalogue().datasets), len(data.describe('idr0062-6001240').files)); "
CODE += "print(data.is_here('unet-nuclei-trainings'))"


def build(source: Path, kind: str, out: Path) -> Path:
    code = f"from setuptools import build_meta; print('made', build_meta.build_{kind}({str(out)!r}))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=source, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return out / done.stdout.split("made ")[-1].strip()


@pytest.mark.slow
def test_an_installed_wheel_finds_its_catalogue(tmp_path):
    pytest.importorskip("setuptools", "70.1")
    source = tmp_path / "source"
    source.mkdir()
    ignore = shutil.ignore_patterns("__pycache__", "*.egg-info", "_catalogue")
    for part in PARTS:
        if (REPOSITORY / part).is_dir():
            shutil.copytree(REPOSITORY / part, source / part, ignore=ignore)
        else:
            shutil.copy(REPOSITORY / part, source / part)
    sdist = build(source, "sdist", tmp_path)
    with tarfile.open(sdist) as tar:
        tar.extractall(tmp_path / "unpacked", filter="data")
    (unpacked,) = (tmp_path / "unpacked").iterdir()
    wheel = build(unpacked, "wheel", tmp_path)
    site = tmp_path / "site"
    with zipfile.ZipFile(wheel) as box:  # a wheel of pure Python is installed by unpacking it
        box.extractall(site)
    env = {k: v for k, v in os.environ.items() if k != "SCOPECHECK_CATALOGUE"} | {"PYTHONPATH": str(site)}
    done = subprocess.run([sys.executable, "-c", CODE], cwd=tmp_path, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    path, counts, networks = done.stdout.splitlines()
    assert networks == "True"  # the kept networks come along, whole
    assert Path(path) == site / "scopecheck" / "data" / "_catalogue" / "catalogue.yaml"
    assert counts == f"{len(catalogue().datasets)} 242"
