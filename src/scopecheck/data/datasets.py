"""Names in, verified arrays with their truth out."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from scopecheck.data import archives, cache, download, mirror
from scopecheck.data.catalogue import Kind, catalogue, describe
from scopecheck.data.sample import Sample
from scopecheck.errors import DataError

_out_of_reach: set[str] = set()  # datasets of which a further file could not be had in this process


def fetch(
    name: str, *, kinds: tuple[Kind, ...] | None = None, to: Path | None = None, limit: int | None = None
) -> Path:
    """Fetch every file of a dataset into the cache; return its folder, or its file where there is only one.

    `name` is one of the catalogue, or an accession, "empiar:10017" or "emdb:EMD-30342", whose files are
    fetched from the archive and pinned in the user's lock on first use. With `limit`, the first files alone
    are fetched, and the dataset's folder is returned.

    Files that the catalogue lists without a hash are fetched where they can be had, pinned likewise, and left
    out where not; after one that cannot be had, this process tries no other of that dataset.

    `kinds` ("package", "url", "archive", "beside") are the kinds of source to try, in this order; None: as
    catalogued. With `to` the files are copied to that folder too, a mirror for `SCOPECHECK_MIRROR`, and
    where they lie there is returned. Raises DataError if the name is not known or no source gives a file
    with its hash.
    """
    from rich import progress as bars
    from rich.console import Console

    entry = archives.entry(name, limit) if archives.parse(name) else describe(name)
    if limit is not None and limit < 1:
        raise DataError(f"{name}: the limit is {limit}; expected at least 1 file.")
    files = entry.files[:limit]
    missing = [file for file in files if not cache.ready(entry, file)]
    further = [file for file in missing if entry.may_lack(file)]
    if missing := [file for file in missing if file not in further]:
        what, speed = bars.TextColumn("{task.description}"), bars.DownloadColumn()
        columns = [what, bars.BarColumn(), speed, bars.TimeElapsedColumn(), bars.TimeRemainingColumn()]
        console = Console(stderr=True, force_jupyter=False)
        in_notebook = "ipykernel" in sys.modules  # where a moving bar would stay on the page for ever
        with bars.Progress(*columns, console=console, transient=True, disable=in_notebook) as progress:
            total = sum(file.bytes or 0 for file in missing)
            task = progress.add_task(f"{name}, {len(missing)} file(s)", total=total)
            for file in missing:
                cache.ensure(entry, file, kinds, progress)
                progress.update(task, advance=file.bytes or 0)
    for file in further if name not in _out_of_reach else []:
        try:
            cache.ensure(entry, file, kinds)
        except DataError:
            _out_of_reach.add(name)
            break
    if to is None:
        return where(name)
    here = [file for file in files if not entry.may_lack(file) or cache.ready(entry, file)]
    whole = {file.name: cache.ensure(entry, file, kinds) for file in here}
    return mirror.write(
        to, entry.name, {file: (path, download.sha256_file(path)) for file, path in whole.items()}
    )


def where(name: str) -> Path:
    """Return where a dataset lies, or would lie, in the cache: its folder, or its only file."""
    if folder := archives.folder(name):
        return cache.cache_dir() / folder
    entry = describe(name)
    return cache.cached_path(entry, entry.files[0] if len(entry.files) == 1 else None)


def is_here(name: str) -> bool:
    """Tell whether a dataset can be had without a network: in the cache, in a mirror, or with scopecheck.

    Files that the catalogue lists without a hash do not count: the dataset is of use without them.
    """
    entry = describe(name)
    return all(
        cache.ready(entry, f) or mirror.holds(cache.expected(entry, f)) or cache.comes_along(entry, f)
        for f in entry.files
        if not entry.may_lack(f)
    )


def samples(name: str) -> list[Sample]:
    """Fetch a dataset and return all its samples; a volume is one sample, (Z, Y, X) of its nuclear channel.

    Raises DataError if it is not known, is a weight file, or cannot be fetched.
    """
    from scopecheck.data import decode, volumes

    entry = describe(name)
    if entry.kind != "images":
        raise DataError(f"{name} holds {entry.kind}, not images: data.fetch({name!r}) gives the path.")
    if entry.format == "ome-zarr":
        return [volumes.plane(name, z=None)]
    fetch(name)
    return decode.READERS[entry.format](entry)


def load(name: str) -> Sample:
    """Fetch a dataset that has one sample and return it; for one that has several, use `samples`."""
    found = samples(name)
    if len(found) != 1:
        raise DataError(f"{name} has {len(found)} samples: use data.samples({name!r}).")
    return found[0]


@cache.usable()
def clean(names: list[str] | None = None) -> int:
    """Remove datasets from the cache (None: all, and the registry files) and return the bytes freed.

    Only folders that the catalogue or an accession names are removed, so a cache folder set by mistake loses
    nothing else.
    """
    import shutil

    before = cache.used()
    folders = [path.name for path in cache.cache_dir().glob("*")]
    entries = [name for name in folders if re.fullmatch(r"(empiar|emd)-\d+", name)]
    known = [*catalogue().datasets, "packages", *entries]
    if names:
        known = [archives.folder(name) or describe(name).name for name in names]
    for name in known:
        if (cache.cache_dir() / name).is_dir():
            shutil.rmtree(cache.cache_dir() / name)
    return before - cache.used()
