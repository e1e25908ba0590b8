"""Mirrors: folders with a `manifest.json` of file and sha256, tried first, for machines without a network."""

from __future__ import annotations

import json
import os
import shutil
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from scopecheck.data import download
from scopecheck.errors import DataError


@lru_cache(maxsize=4)
def _index(mirrors: str) -> tuple[dict[str, list[Path]], dict[str, str]]:
    """Read every manifest.json below the mirror folders.

    Gives {sha256: paths, in the folders' order} and {file as the manifest names it: sha256, the first}.
    """
    found: dict[str, list[Path]] = {}
    named: dict[str, str] = {}
    for root in filter(None, mirrors.split(os.pathsep)):
        if not Path(root).is_dir():
            raise DataError(f"SCOPECHECK_MIRROR names {root}, which is not a folder. Correct or unset it.")
        for folder, _, names in os.walk(root):
            if "manifest.json" not in names:
                continue
            manifest, base = Path(folder, "manifest.json"), Path(folder).resolve()
            try:
                for row in json.loads(manifest.read_text(encoding="utf-8")):
                    path = (base / row["file"]).resolve()
                    if path.is_relative_to(base):
                        found.setdefault(row["sha256"], []).append(path)
                        named.setdefault(row["file"], row["sha256"])
            except (OSError, ValueError, TypeError, KeyError) as error:
                text = f"{manifest}: not a mirror's manifest ({error}); expected rows of file, sha256."
                raise DataError(text) from None
    return found, named


def named() -> dict[str, str]:
    """Return {dataset/file: sha256} as the manifests of the mirror folders name them."""
    return _index(os.environ.get("SCOPECHECK_MIRROR", ""))[1]


def copies(sha256: str | None) -> list[Path]:
    """Return the files of the mirror folders (`SCOPECHECK_MIRROR`) that a manifest lists with this hash."""
    listed = _index(os.environ.get("SCOPECHECK_MIRROR", ""))[0].get(sha256 or "", [])
    return [path for path in listed if os.path.isfile(path)]


def holds(sha256: str | None) -> bool:
    """Tell whether a mirror has a file that really has this hash."""
    for path in copies(sha256):
        with suppress(OSError):
            if download.sha256_file(path) == sha256:
                return True
    return False


def copy(source: Path, part: Path) -> None:
    """Copy a mirror's file to `part`; one that cannot be read is a source that failed."""
    try:
        handle = source.open("rb")
    except OSError as error:
        raise download.Unreachable(f"cannot be read ({error.strerror})") from None
    with handle, part.open("wb") as out:
        shutil.copyfileobj(handle, out, 1 << 20)


def write(folder: Path, name: str, files: dict[str, tuple[Path, str]]) -> Path:
    """Copy files, given as {name: (path, sha256)}, to `folder/NAME` and list them in its `manifest.json`."""
    from filelock import FileLock

    manifest = folder / "manifest.json"
    rows = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{manifest}.lock"):
            for file, (source, sha256) in files.items():
                target = folder / name / file
                if not target.is_file() or download.sha256_file(target) != sha256:
                    download.write_bytes(target, source.read_bytes())
                rows.append({"file": f"{name}/{file}", "bytes": target.stat().st_size, "sha256": sha256})
            old = json.loads(manifest.read_text(encoding="utf-8")) if manifest.is_file() else []
            kept = [row for row in old if not row["file"].startswith(f"{name}/")]
            download.write_bytes(manifest, json.dumps(kept + rows, indent=1).encode())
    except (OSError, ValueError, TypeError, KeyError) as error:
        why = getattr(error, "strerror", None) or error
        raise DataError(f"{folder}: the mirror cannot be written ({why}). Name another folder.") from None
    return folder / name
