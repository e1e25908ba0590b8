"""A bundle holds everything a machine without a network needs, and says when it is damaged."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from scopecheck.cli.command import app
from scopecheck.errors import DataError, InputError
from scopecheck.runner import bundle
from scopecheck.runner.bundle import make_bundle

ROOT = Path(__file__).parents[2]
WITHOUT_NETWORK = ["unshare", "-n"]
# A repository of the same targets that is set up in seconds, from one pure wheel; the network has to be gone.
MAKEFILE = """\
TIER ?= embedded
env:
\t$(PYTHON) -m pip install --quiet --disable-pip-version-check --target .venv -r requirements.lock
recipes: env
\tPYTHONPATH=.venv $(PYTHON) -c 'import iniconfig; print("imported", iniconfig.__name__, "$(TIER)")'
\t"$(PROBE)" -c 'from scopecheck import data; print("fetched", data.fetch("stardist-nuclei-trainings").name)'
\t! "$(PROBE)" -c 'import socket; socket.create_connection(("192.0.2.1", 9), 1)' 2> /dev/null
"""


@pytest.fixture
def repository(tmp_path):
    root = tmp_path / "repository"
    (root / "workflow").mkdir(parents=True)
    (root / "Makefile").write_text(MAKEFILE)
    for name in ("Dockerfile", "scopecheck.def"):
        shutil.copy(ROOT / "workflow" / name, root / "workflow")
    (root / "requirements.lock").write_text("iniconfig==2.3.1\n")
    (root / "book").mkdir()
    (root / "book" / "index.html").write_text("<p>The book.</p>")
    (root / "not-known-to-git").write_text("mine")
    for command in (["init", "-q"], ["add", "Makefile", "workflow", "requirements.lock"]):
        subprocess.run(["git", "-C", str(root), *command], check=True, capture_output=True)
    return root


def bundled(root: Path, names=("stardist-nuclei-trainings",), tier="public", **more) -> Path:
    keywords = {"lock": root / "requirements.lock", "book": root / "book", "tier": tier, **more}
    try:
        return make_bundle(root.parent / "bundle", root, list(names), **keywords)
    except DataError as err:
        if "No matching distribution" in str(err) and "platforms" not in more:
            pytest.skip("not run: the package registry cannot be reached")
        raise


def can_leave_the_network() -> bool:
    return (
        bool(shutil.which("unshare"))
        and not subprocess.run([*WITHOUT_NETWORK, "true"], capture_output=True, check=False).returncode
    )


@pytest.mark.slow
def test_a_bundle_works_without_a_network_and_not_when_damaged(repository, tmp_path):
    if not can_leave_the_network():
        pytest.skip("not run: no network namespace can be made here (unshare -n)")
    made = bundled(repository)
    inside = "Dockerfile Makefile README SHA256SUMS book data scopecheck scopecheck.def wheels"
    assert sorted(p.name for p in made.iterdir()) == inside.split()
    assert not (made / "scopecheck" / "not-known-to-git").exists()
    listed = subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=made, check=False)
    assert listed.returncode == 0
    names = {line.split("  ", 1)[1] for line in (made / "SHA256SUMS").read_text().splitlines()}
    there = {p.relative_to(made).as_posix() for p in made.rglob("*") if p.is_file()}
    assert names == there - {"SHA256SUMS"}

    moved = made.rename(tmp_path / "node")
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PIP_", "SCOPECHECK"))}
    environment |= {"SCOPECHECK_CACHE": str(tmp_path / "cache"), "PYTHONPATH": str(ROOT / "src")}
    environment |= {"PROBE": sys.executable, "SCOPECHECK_CATALOGUE": str(ROOT / "data" / "catalogue.yaml")}
    lines = re.findall(r"^    (make .+)$", (moved / "README").read_text(), re.MULTILINE)
    assert lines == ["make check", "make recipes", "make test"]
    named = re.search(r"^env .*: check$", (moved / "Makefile").read_text(), re.MULTILINE)[0]
    assert {"recipes", "test", "workshop"} <= set(named.removesuffix(": check").split())

    def typed(line):
        command = [*WITHOUT_NETWORK, *line.split(), f"PYTHON={sys.executable}"]
        return subprocess.run(
            command, cwd=moved, env=environment, capture_output=True, text=True, check=False
        )

    done = typed(lines[1])
    assert done.returncode == 0, done.stderr
    assert "imported iniconfig public" in done.stdout
    assert "fetched stardist-nuclei-trainings" in done.stdout

    shutil.rmtree(moved / "scopecheck" / ".venv")
    (wheel,) = (moved / "wheels").iterdir()
    wheel.write_bytes(wheel.read_bytes()[:-1] + b"x")
    for line in lines:
        damaged = typed(line)
        assert damaged.returncode != 0
        assert wheel.name in damaged.stdout + damaged.stderr
        assert "The bundle is damaged" in damaged.stderr
    assert not (moved / "scopecheck" / ".venv").exists()


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ({"book": Path("nowhere")}, "nowhere: holds no rendered book"),
        ({"lock": Path("nowhere.lock")}, "nowhere.lock: no such file"),
    ],
)
def test_what_is_missing_is_named_and_nothing_is_written(repository, what, said):
    with pytest.raises(InputError, match=said):
        bundled(repository, **what)
    assert not list(repository.parent.glob("bundle*"))


def test_a_folder_that_is_there_is_not_written_over(repository):
    (repository.parent / "bundle").mkdir()
    with pytest.raises(InputError, match="is there already"):
        bundled(repository)


def test_no_checkout_is_said(repository):
    shutil.rmtree(repository / ".git")
    with pytest.raises(InputError, match="is no git checkout of scopecheck"):
        bundled(repository)
    assert not (repository.parent / "bundle").exists()


def test_every_dataset_that_cannot_be_had_is_named_and_no_bundle_appears(repository, monkeypatch):
    def refuse(name, to):
        raise DataError(f"{name}: no source gives it")

    monkeypatch.setattr(bundle, "_wheels", lambda *_: None)
    monkeypatch.setattr("scopecheck.data.fetch", refuse)
    with pytest.raises(DataError, match="one: no source gives it; two: no source gives it"):
        bundled(repository, ("one", "two"))
    assert not (repository.parent / "bundle").exists()


@pytest.mark.parametrize(
    ("name", "fits"), [("tool-1-py3-none-any.whl", True), ("tool-1-cp311-cp311-x.whl", False)]
)
def test_a_wheel_built_here_does_for_another_platform_only_if_it_is_pure(monkeypatch, tmp_path, name, fits):
    def pip(*arguments):
        (tmp_path / ("tool-1.tar.gz" if arguments[0] == "download" else name)).touch()

    monkeypatch.setattr(bundle, "_pip", pip)
    if fits:
        bundle._wheels(Path("lock"), tmp_path, ["other"])
    else:
        with pytest.raises(DataError, match=r"tool-1.tar.gz: no wheel for other"):
            bundle._wheels(Path("lock"), tmp_path, ["other"])
    assert (tmp_path / name).exists() == fits
    assert (tmp_path / "tool-1.tar.gz").exists() != fits


def test_an_unknown_dataset_or_tier_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for asked in (["--data", "bbbc38"], ["--tier", "all"]):
        said = CliRunner().invoke(app, ["bundle", "out", *asked])
        assert isinstance(said.exception, (InputError, DataError)), said.output
    assert not list(tmp_path.iterdir())


def test_containers_type_what_the_readme_says():
    """No engine builds them here: their commands are held against the README's, their parts read."""
    readme = set(re.findall(r"^(make (?:recipes|test))\b", (ROOT / "README.md").read_text(), re.MULTILINE))
    assert readme == {"make recipes", "make test"}
    recipe = (ROOT / "workflow" / "scopecheck.def").read_text()
    parts = dict(re.findall(r"^%(\w+)\n((?:    .*\n)+)", recipe, re.MULTILINE))
    assert set(parts) == {"files", "post", "runscript", "test"}
    typed = {name: [line.strip() for line in text.splitlines()] for name, text in parts.items()}
    assert {typed["runscript"][-1], typed["test"][-1]} == readme
    assert re.findall(r"^(\w+): (\S+)$", recipe, re.MULTILINE)[-2:] == [
        ("Bootstrap", "docker"),
        ("From", "python:3.11-bookworm"),
    ]
    docker = (ROOT / "workflow" / "Dockerfile").read_text()
    told = re.findall(r"^([A-Z]+) (.*)$", docker, re.MULTILINE)
    assert [word for word, _ in told] == ["FROM", "COPY", "WORKDIR", "RUN", "CMD"]
    assert told[0][1] == "python:3.11-bookworm"  # of the lock's Python
    assert " ".join(json.loads(told[-1][1])) in readme
    assert told[-2][1] == typed["post"][-1] == "make env"
    targets = set(re.findall(r"^([a-z ]+): check$", bundle.MAKEFILE, re.MULTILINE)[0].split())
    assert {"env", "recipes", "test"} <= targets
