"""Everything a machine without a network needs, in one folder: data, wheels, the repository, the book."""

import shutil
import subprocess
import sys
from pathlib import Path

from scopecheck.data.download import sha256_file
from scopecheck.errors import DataError, InputError

SUMS = "SHA256SUMS"
# In the bundle: the mirror, the wheels, the repository, the rendered book.
DATA, WHEELS, SOURCE, BOOK = "data", "wheels", "scopecheck", "book"
MAKEFILE = f"""\
# The targets of {SOURCE}/Makefile, with packages and data taken from this folder once its hashes are right.
PYTHON ?= python3.11
export PIP_NO_INDEX = 1
export PIP_FIND_LINKS = $(CURDIR)/{WHEELS}
export PIP_CONFIG_FILE = /dev/null
export SCOPECHECK_MIRROR = $(CURDIR)/{DATA}

.PHONY: check env recipes book test workshop
env recipes book test workshop: check
\t@$(MAKE) --no-print-directory -C {SOURCE} $@ PYTHON=$(PYTHON)

check:  ## every file is what it was when the bundle was made
\t@sha256sum --check --quiet {SUMS} || \\
\t  {{ echo "The bundle is damaged: copy the files named above again. Nothing was installed." >&2; exit 1; }}
"""
README = """\
scopecheck without a network. On a machine with Python 3.11, make and sha256sum ({platform}),
with this folder at a place whose path has no space, type in it:

    make check
    make recipes
    make test

The first compares every file with {sums}; the others do so, too. The second sets up an
environment from {wheels}/, runs the recipes of the tier {tier} and builds the book; the third
runs the tests. To read at once: {book}/index.html. Before a class, `make env` and `make workshop`
say whether this laptop is ready, and what is missing.

Jobs of a cluster: type `make env` here, then go on in {source}/ as the page "Running the
recipes" says, after

    export SCOPECHECK_MIRROR="$PWD/{data}"

In a container: Dockerfile and scopecheck.def copy this folder and type the same.
"""


def make_bundle(
    target: Path,
    root: Path,
    names: list[str],
    *,
    tier: str,
    lock: Path,
    book: Path,
    platforms: list[str] | None = None,
) -> Path:
    """Put data, wheels, the repository and the rendered book into a folder.

    Parameters
    ----------
    target : Path
        The bundle. It appears whole; until then what is there lies in ``target.part``, which the same call
        goes on with.
    root : Path
        A git checkout of the repository; the files that git knows are taken, as they are.
    names : list of str
        Datasets and weights of the catalogue.
    tier : str
        What ``make recipes`` runs in the bundle.
    lock : Path
        Pinned requirements, a line each.
    book : Path
        The folder of the rendered book.
    platforms : list of str, optional
        Tags of the platform for the wheels, as pip names them (``manylinux_2_28_x86_64``); else this one.

    Returns
    -------
    Path
        ``target``.

    Raises
    ------
    InputError
        If there is something at `target`, the lock or the book is missing, or `root` is no git checkout.
    DataError
        If a dataset cannot be had, or a package has no wheel for the platform.
    """
    if target.exists():
        raise InputError(f"{target}: is there already; name another folder, or remove it")
    if not (book / "index.html").is_file():
        raise InputError(f"{book}: holds no rendered book (index.html); type `make book`, or give --book")
    if not lock.is_file():
        raise InputError(f"{lock}: no such file; expected pinned requirements, a line each (--lock)")
    part = target.with_name(f"{target.name}.part")
    part.mkdir(parents=True, exist_ok=True)
    _repository(root, part, lock)
    _wheels(lock, part / WHEELS, platforms or [])
    _data(names, part / DATA)
    shutil.rmtree(part / BOOK, ignore_errors=True)
    shutil.copytree(book, part / BOOK)
    platform = ", ".join(platforms) if platforms else f"as this one, {sys.platform}"
    (part / "Makefile").write_text(f"{MAKEFILE}\nexport TIER ?= {tier}\n", encoding="utf-8")
    readme = README.format(
        platform=platform, sums=SUMS, wheels=WHEELS, tier=tier, book=BOOK, source=SOURCE, data=DATA
    )
    (part / "README").write_text(readme, encoding="utf-8")
    _write_sums(part)
    part.rename(target)
    return target


def _repository(root: Path, part: Path, lock: Path) -> None:
    """The files that git knows, with the lock that was asked for; the files for containers beside them."""
    told = subprocess.run(["git", "-C", str(root), "ls-files", "-z"], capture_output=True, check=False)
    if told.returncode or not (root / "workflow" / "Dockerfile").is_file():
        raise InputError(f"{root}: is no git checkout of scopecheck; type it in the repository's folder")
    shutil.rmtree(part / SOURCE, ignore_errors=True)
    for name in filter(None, told.stdout.decode().split("\0")):
        if (root / name).is_file():
            (part / SOURCE / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, part / SOURCE / name)
    shutil.copyfile(lock, part / SOURCE / "requirements.lock")
    for name in ("Dockerfile", "scopecheck.def"):
        shutil.copyfile(root / "workflow" / name, part / name)


def _wheels(lock: Path, wheels: Path, platforms: list[str]) -> None:
    """A wheel of every pinned package; what has none is built here: for another platform only if pure."""
    for_platform = [a for tag in platforms for a in ("--platform", tag)]
    python = ["--python-version", "3.11", "--implementation", "cp"]
    _pip("download", "--no-deps", *for_platform, *python, "--requirement", str(lock), "--dest", str(wheels))
    unfit = []
    for source in sorted(p for p in wheels.iterdir() if p.suffix != ".whl"):
        before = set(wheels.glob("*.whl"))
        _pip("wheel", "--no-deps", "--wheel-dir", str(wheels), str(source))
        for made in set(wheels.glob("*.whl")) - before:
            if platforms and not made.name.endswith("-none-any.whl"):
                unfit.append(source.name)
                made.unlink()
        if source.name not in unfit:
            source.unlink()
    if unfit:
        raise DataError(
            f"{', '.join(unfit)}: no wheel for {', '.join(platforms)}, and one built here would not do there;"
            f" build it on such a machine and put it into {wheels} in the place of the source"
        )


def _pip(*arguments: str) -> None:
    """Run pip; what it says of a failure is the message."""
    command = [
        sys.executable,
        "-m",
        "pip",
        *arguments,
        "--quiet",
        "--disable-pip-version-check",
        "--no-input",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or [done.stderr]
        raise DataError(f"pip {arguments[0]}: {' '.join(errors)}")


def _data(names: list[str], mirror: Path) -> None:
    """Every dataset into a mirror; the message names all that cannot be had."""
    from scopecheck import data

    failed = []
    for name in names:
        try:
            data.fetch(name, to=mirror)
        except DataError as err:
            failed.append(str(err))
    if failed:
        raise DataError("; ".join(failed))
    (mirror / "manifest.json.lock").unlink(missing_ok=True)


def _write_sums(folder: Path) -> None:
    """The hash of every file, as sha256sum writes and checks it."""
    lines = []
    for path in sorted(p for p in folder.rglob("*") if p.is_file() and p != folder / SUMS):
        lines.append(f"{sha256_file(path)}  {path.relative_to(folder).as_posix()}\n")
    (folder / SUMS).write_text("".join(lines), encoding="utf-8")
