"""A wheel made from the source archive carries the catalogue and the recipes with their plans and records."""

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from scopecheck.data.catalogue import catalogue
from scopecheck.record.recipe import read_recipe
from scopecheck.record.recorded import read_recorded

REPOSITORY = Path(__file__).parents[2]
PARTS = ["pyproject.toml", "setup.py", "MANIFEST.in", "README.md", "LICENSE", "src", "data", "recipes"]
CODE = "from scopecheck import data; from scopecheck.data import catalogue as c; print(c.catalogue_path()); "
CODE += "print(len(c.catalogue().datasets), len(data.describe('idr0062-6001240').files)); "
CODE += "print(data.is_here('unet-nuclei-trainings'))"
ALONE = """
from scopecheck import record
page = record.start("segmentation-confluence")
print(page.front.path)
print(len(page.front.arms), page.scope("held-out"), page.data("held-out"))
print(page.recorded.word("quick", "held-out", "area_fraction"), page.seeds.seeds)
"""


def build(source: Path, kind: str, out: Path) -> Path:
    code = f"from setuptools import build_meta; print('made', build_meta.build_{kind}({str(out)!r}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=source, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return out / done.stdout.split("made ")[-1].strip()


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """A folder with the package as a wheel installs it, the wheel built from the source archive."""
    pytest.importorskip("setuptools", "70.1")
    tmp_path = tmp_path_factory.mktemp("wheel")
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
    return site


def said(code: str, site: Path, folder: Path) -> list[str]:
    """What code prints in a folder where the installed package is all there is of ours."""
    ours = {"SCOPECHECK_CATALOGUE", "SCOPECHECK_RECIPE", "SCOPECHECK_RECIPES"}
    env = {k: v for k, v in os.environ.items() if k not in ours} | {"PYTHONPATH": str(site)}
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.slow
def test_an_installed_wheel_finds_its_catalogue(site, tmp_path):
    path, counts, networks = said(CODE, site, tmp_path)
    assert networks == "True"  # the kept networks come along, whole
    assert Path(path) == site / "scopecheck" / "data" / "_catalogue" / "catalogue.yaml"
    assert counts == f"{len(catalogue().datasets)} 242"


@pytest.mark.slow
def test_a_notebook_alone_in_an_empty_folder_knows_its_plan(site, tmp_path):
    path, plan, kept = said(ALONE, site, tmp_path)
    assert Path(path) == site / "scopecheck" / "_recipes" / "segmentation-confluence.py"
    own = read_recipe(REPOSITORY / "recipes" / "segmentation-confluence.py")
    assert plan == f"{len(own.arms)} image ['cell-aap-phase']"
    assert kept == f"{read_recorded(own.path).word('quick', 'held-out', 'area_fraction')} [0, 1, 2, 3, 4]"
    inside = {
        p.relative_to(site / "scopecheck" / "_recipes") for p in Path(path).parent.rglob("*") if p.is_file()
    }
    left_out = {"notebooks", "__pycache__", "template.csv", "template.py.txt"}
    held = [p.relative_to(own.path.parent) for p in own.path.parent.rglob("*") if p.is_file()]
    assert inside == {p for p in held if not left_out & set(p.parts)}


def test_the_wheel_carries_what_checks_were_worth(site):
    from scopecheck.score import worth

    assert (site / "scopecheck/score/worth.csv").read_bytes() == worth.TABLE.read_bytes()
