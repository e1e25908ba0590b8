"""Bytes to a temporary file: HTTP with retry and resume, the package registry, members of archives."""

from __future__ import annotations

import hashlib
import os
import tarfile
import threading
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from scopecheck.data.catalogue import Package

if TYPE_CHECKING:
    from requests import Response
    from rich.progress import Progress

TIMEOUT = (15.0, 60.0)  # seconds to connect, seconds without a byte
ATTEMPTS = 3
RESUME_FROM = 200_000_000  # bytes; a smaller file starts again
SHOW_FROM = 1_000_000  # bytes; a smaller file has no progress bar of its own
_hashes: dict[tuple[str, int, int, int], str] = {}


class Unreachable(Exception):
    """One source could not give the file; the next one may."""


class _Task:
    """What pooch's downloader reports to, shown as one line of a rich progress display."""

    total: int = 0

    def __init__(self, progress: Progress, label: str, size: int | None, start: int):
        task = progress.add_task(label, total=size, completed=start)
        self.update = lambda amount: progress.update(task, advance=amount)
        self.reset = lambda: progress.update(task, completed=start)
        self.close = lambda: progress.update(task, visible=False)


def sha256_file(path: Path) -> str:
    """Return a file's sha256, computed once per process while the file stays as it is."""
    import pooch

    stat = path.stat()
    key = (str(path), stat.st_ino, stat.st_size, stat.st_mtime_ns)
    if key not in _hashes:
        _hashes[key] = pooch.file_hash(str(path), alg="sha256")
    return _hashes[key]


def sha256_of(data: bytes) -> str:
    """Return the sha256 of bytes as hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file so that it is either whole or absent."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.{threading.get_ident()}.part")
    try:
        part.write_bytes(data)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def download(
    address: str,
    part: Path,
    size: int | None,
    progress: Progress | None = None,
    label: str | None = None,
    pinned: bool = True,
) -> None:
    """Download an address into `part`; a dropped one is tried again, over 200 MB it goes on where it stopped.

    Where no hash is `pinned` to tell what was meant, a web page in the file's place and an answer that does
    not say where it ends are refused.

    Raises Unreachable if the server cannot be reached, refuses, or drops the connection three times, and
    OSError if `part` cannot be written.
    """
    import pooch
    import requests

    if (size or 0) <= RESUME_FROM:
        part.unlink(missing_ok=True)
    reason = ""
    for _ in range(ATTEMPTS):
        start = part.stat().st_size if part.is_file() and (size or 0) > RESUME_FROM else 0
        if start and start == size:
            return
        with open(part, "ab" if start else "wb") as out:

            def whole_again(response, *_, out=out, **__):  # the server ignored the range: drop what was there
                if response.status_code == 200:
                    out.truncate(0)
                if response.ok and not response.is_redirect and not pinned:
                    _trusted(response, part.name.removesuffix(".part"))

            task = None
            if progress is not None and (size is None or size >= SHOW_FROM):
                task = _Task(progress, label or part.name.removesuffix(".part"), size, start)
            bring = pooch.HTTPDownloader(
                progressbar=task or False,
                chunk_size=1 << 16,
                timeout=TIMEOUT,
                headers={"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {}),
                hooks={"response": whole_again},
            )
            try:
                bring(address, out, None)
                return
            except requests.HTTPError as error:
                status = error.response.status_code
                if status != 416:  # 416: a part longer than the file; it is dropped and fetched again
                    raise Unreachable(f"the server answered {status} {error.response.reason}") from None
                out.truncate(0)
            except requests.RequestException as error:
                out.flush()
                got = os.fstat(out.fileno()).st_size
                reason = f"{type(error).__name__} after {got} of {size or 'unknown'} bytes"
                if not got and isinstance(error, requests.ConnectionError):
                    raise Unreachable(f"not reachable ({type(error).__name__})") from None
            finally:
                if task is not None:
                    task.close()
    raise Unreachable(f"{reason}, tried {ATTEMPTS} times")


def _trusted(response: Response, name: str) -> None:
    """Refuse an answer that could be a login page, or cut short without a sign of it."""
    page = response.headers.get("Content-Type", "").lower().startswith("text/html")
    fault = ""
    if page and not name.lower().endswith((".html", ".htm")):
        fault = "the server sent a web page (text/html) in its place; open the address in a browser"
    elif (
        "Content-Length" not in response.headers
        and response.headers.get("Transfer-Encoding", "").lower() != "chunked"
    ):
        fault = "the server does not say how long it is, so a part could pass for the whole"
    if fault:
        response.close()
        raise Unreachable(fault)


def from_registry(package: Package, part: Path, progress: Progress | None = None) -> None:
    """Download one file of the package registry (`PIP_INDEX_URL` where set), never building it."""
    import pypi_simple
    import requests

    endpoint = os.environ.get("PIP_INDEX_URL") or pypi_simple.PYPI_SIMPLE_ENDPOINT
    try:
        with pypi_simple.PyPISimple(endpoint) as registry:
            listed = registry.get_project_page(package.package, timeout=TIMEOUT).packages
    except pypi_simple.NoSuchProjectError:
        raise Unreachable("the registry has no such project") from None
    except (requests.RequestException, pypi_simple.UnsupportedContentTypeError) as error:
        raise Unreachable(f"the registry is not reachable ({type(error).__name__})") from None
    found = next((item for item in listed if item.filename == package.filename), None)
    if found is None:
        raise Unreachable(f"the registry does not list {package.filename}")
    digest = (found.digests or {}).get("sha256")
    if digest and digest != package.sha256:
        raise Unreachable(f"wrong hash, expected sha256 {package.sha256}, the registry lists {digest}")
    download(found.url, part, package.bytes, progress, package.filename)


def members(archive: Path, wanted: Mapping[str, int | None]) -> Iterator[tuple[str, bytes]]:
    """Yield the wanted members of a wheel, zip or tar as bytes, in one pass; Unreachable if it is damaged.

    Only regular files whose name is asked for exactly, and whose size is as expected, are read; nothing is
    written, so no name in the archive can choose where anything goes.
    """
    left = set(wanted)
    try:
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as box:
                for info in box.infolist():
                    if info.filename in left and wanted[info.filename] in (None, info.file_size):
                        left.discard(info.filename)
                        yield info.filename, box.read(info)
        else:
            with tarfile.open(archive, "r:*") as tar:
                for item in tar:
                    if item.name in left and item.isreg() and wanted[item.name] in (None, item.size):
                        left.discard(item.name)
                        handle = tar.extractfile(item)
                        assert handle is not None
                        yield item.name, handle.read()
                    if not left:
                        return
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, zlib.error) as error:
        raise Unreachable(f"{archive.name} cannot be read as an archive ({error})") from None
