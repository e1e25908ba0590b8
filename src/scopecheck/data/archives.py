"""Entries of EMPIAR and EMDB by their accession, listed live, each file pinned by its hash on first use.

The archives' own addresses are read with requests. The package empiarreader reads EMPIAR too, but its release
0.0.4 asks for scikit-image < 0.20, xarray < 2023 and setuptools < 68, which no current environment can give.
"""

from __future__ import annotations

import re
import warnings
from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote, unquote

from scopecheck.data import cache, download, mirror
from scopecheck.data.catalogue import Entry, File, Source, is_inside
from scopecheck.errors import DataError

EMPIAR_API = "https://www.ebi.ac.uk/empiar/api/entry"
EMPIAR_FILES = "https://ftp.ebi.ac.uk/empiar/world_availability"
EMDB_FILES = "https://ftp.ebi.ac.uk/pub/databases/emdb/structures"
_ACCESSION = re.compile(r"(empiar|emdb):(?:EMPIAR-|EMD-)?(\d{4,6})", re.IGNORECASE)


def parse(name: str) -> tuple[str, str] | None:
    """Return archive and number of `empiar:10017` or `emdb:EMD-30342`; None for a catalogue's name."""
    if found := _ACCESSION.fullmatch(name):
        return found[1].lower(), found[2]
    if ":" in name:
        raise DataError(f"{name!r} is no accession; expected empiar:10017 or emdb:EMD-30342.")
    return None


def folder(name: str) -> str | None:
    """Return the folder of an accession in the cache; None for a catalogue's name."""
    archive, number = parse(name) or ("", "")
    return f"{'emd' if archive == 'emdb' else archive}-{number}" if archive else None


def entry(name: str, limit: int | None = None) -> Entry:
    """Return an entry of EMPIAR or EMDB with its first `limit` files, as the archive lists them now.

    Where the archive cannot be reached, the entry is the files that the user's lock or a mirror names. EMDB's
    files are the record, the map and the half maps, in this order.

    Parameters
    ----------
    name : str
        ``empiar:10017``, ``emdb:EMD-30342``.
    limit : int, optional
        Number of files; EMPIAR needs it, since its entries hold up to terabytes.

    Returns
    -------
    Entry
        tier archive, without hashes: `cache.ensure` pins them.

    Raises
    ------
    DataError
        If there is no such entry, its listing cannot be read, or a limit is missing or below 1.
    """
    archive, number = parse(name) or ("", "")
    if limit is not None and limit < 1:
        raise DataError(f"{name}: the limit is {limit}; expected at least 1 file.")
    if archive == "empiar" and limit is None:
        raise DataError(f"{name}: an EMPIAR entry can hold terabytes; say how many files, e.g. --limit 3.")
    return (_empiar if archive == "empiar" else _emdb)(number, limit)


def _made(folder: str, base: str, names: list[str], about: dict[str, Any], limit: int | None) -> Entry:
    """Build the entry; where the archive gave no names, of what the lock and the mirrors name."""
    if not names:
        names = _known(folder)
    names = [name for name in names if is_inside(name)][:limit]
    if not names:
        raise DataError(f"{about['accession']}: its listing at {base} holds no file that can be fetched.")
    files = tuple(File(name=name, bytes=_size(f"{base}/{quote(name)}")) for name in names)
    return Entry(
        name=folder,
        kind="files",
        format="files",
        tier="archive",
        modality="cryo-EM",
        sources=(Source(archive=f"{base}/{{name}}"),),
        files=files,
        **({"pixel_size_um": "not known", "citation": f"see the entry {about['accession']}"} | about),
    )


def _get(address: str) -> Any:
    import requests

    try:
        answer = requests.get(address, timeout=download.TIMEOUT)
    except requests.RequestException as error:
        raise download.Unreachable(f"{address}: not reachable ({type(error).__name__})") from None
    if answer.status_code == 404:
        raise DataError(f"{address}: the archive has no such entry or folder (404); check the accession.")
    if not answer.ok:
        raise download.Unreachable(f"{address}: the server answered {answer.status_code} {answer.reason}")
    return answer


def _size(address: str) -> int | None:
    """The file's size as the server states it, for the progress bar and to resume; None where it does not."""
    import requests

    try:
        answer = requests.head(address, timeout=download.TIMEOUT, allow_redirects=True)
    except requests.RequestException:
        return None
    length = answer.headers.get("Content-Length", "") if answer.ok else ""
    return int(length) if length.isdigit() and "Content-Encoding" not in answer.headers else None


class _Links(HTMLParser):
    """The links of a folder's page that lead down: no sorting, no way up, no other host."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        target = unquote(dict(attrs).get("href") or "") if tag == "a" else ""
        if target and is_inside(target.rstrip("/")) and target not in self.names:
            self.names.append(target)


def _listed(base: str, folder: str, limit: int | None) -> list[str]:
    """File names below a folder, in the order of the archive's pages, folders after the files beside them."""
    names: list[str] = []
    ahead, seen = [folder], set()
    while ahead and (limit is None or len(names) < limit):
        here = ahead.pop(0)
        if here in seen:
            continue
        seen.add(here)
        page = _Links()
        page.feed(_get(f"{base}/{quote(here)}/").text)
        names += [f"{here}/{name}" for name in page.names if not name.endswith("/")]
        ahead += [f"{here}/{name.rstrip('/')}" for name in page.names if name.endswith("/")]
    return names


def _empiar(number: str, limit: int | None) -> Entry:
    base, folder = f"{EMPIAR_FILES}/{number}", f"empiar-{number}"
    about: dict[str, Any] = {"accession": f"EMPIAR-{number}", "licence": "CC0 1.0 (EMPIAR)", "title": folder}
    names: list[str] = []
    try:
        address = f"{EMPIAR_API}/{number}/"
        try:
            record = next(iter(_get(address).json().values()))
            sets = [(str(one["directory"]).strip("/"), one) for one in record["imagesets"]]
        except (ValueError, AttributeError, TypeError, KeyError, StopIteration):
            raise DataError(f"{address}: is not an EMPIAR record; expected JSON with 'imagesets'.") from None
        about["title"] = str(record.get("title") or folder)
        if sizes := {str(one.get("pixel_width") or "") for _, one in sets}:
            about |= (
                {"pixel_size_note": f"{', '.join(sorted(sizes))} A, as the entry states"}
                if any(sizes)
                else {}
            )
        for directory, _ in sets:
            if is_inside(directory) and (limit is None or len(names) < limit):
                names += _listed(base, directory, None if limit is None else limit - len(names))
    except download.Unreachable as error:
        _fall_back(folder, error, limit)
        names = []
    return _made(folder, base, names, about, limit)


def _emdb(number: str, limit: int | None) -> Entry:
    from scopecheck.data.read.models import read_emdb_record

    base, folder = f"{EMDB_FILES}/EMD-{number}", f"emd-{number}"
    about: dict[str, Any] = {"accession": f"EMD-{number}", "licence": "as EMDB states", "title": folder}
    names = [f"header/emd-{number}.xml", f"map/emd_{number}.map.gz"]
    first = _made(folder, base, names[:1], about, 1)
    record = read_emdb_record(cache.ensure(first, first.files[0]))
    about["title"] = str(record.get("title", folder))
    if "pixel_size" in record:
        about["pixel_size_um"] = (record["pixel_size"] * 1e-4,) * 3
    names += [f"other/{file}" for file in record.get("half_maps", [])]
    return _made(folder, base, names, about, limit)


def _known(folder: str) -> list[str]:
    """Files of an entry that the user's lock or a mirror names, without repetition."""
    every = dict.fromkeys([*cache.pins(), *mirror.named()])
    return [key.partition("/")[2] for key in every if key.startswith(f"{folder}/")]


def _fall_back(folder: str, error: Exception, limit: int | None) -> None:
    """Without the archive, go on with what the lock and the mirrors name; with nothing there, say so."""
    held = len(_known(folder))
    if not held:
        asked = f"{folder.replace('-', ':')} --limit {limit}"
        raise DataError(f"{error}. Without a network, {cache.without_network(asked)}") from None
    warnings.warn(
        f"{error}; going on with the {held} file(s) that were fetched before or that a mirror holds",
        stacklevel=5,
    )
