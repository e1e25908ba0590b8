"""Which files of picks a path stands for: one file, RELION's list of files, a job's folder, any folder."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from scopecheck.data.read import star
from scopecheck.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

SUFFIXES = (".star", ".box", ".cbox", ".csv", ".txt", ".tsv", ".json", ".cs", ".coord", ".coords")
_RESULTS = ("autopick.star", "manualpick.star", "particles.star", "run_data.star")  # of RELION's jobs
_NO_PICKS = re.compile(
    r"(job|job_pipeline|default_pipeline|.*_(optimiser|sampling|model|plot|pipeline))\.star"
    r"|coords_suffix_.*\.star|note\.txt|summary\.(star|txt)|run\.(out|err|job)",
    re.I,
)


def listed(path: Path) -> list[tuple[str, Path]] | None:
    """Micrographs and their files of coordinates where a star is RELION's list of them; None where not.

    The paths in it (rlnMicrographCoordinates of autopick.star) are relative to the project's folder, which is
    one of the folders that the star lies in.

    Raises
    ------
    InputError
        If none of the files is found from any of these folders.
    """
    if path.suffix.lower() != ".star" or "rlnMicrographCoordinates" not in _start(path):
        return None
    for table in star.blocks(path).values():
        if "rlnMicrographCoordinates" in table:
            break
    else:
        return None
    if "rlnMicrographName" not in table:
        raise InputError(f"{path}: lists files of coordinates without rlnMicrographName; expected both.")
    names, files = ([str(x) for x in table[c]] for c in ("rlnMicrographName", "rlnMicrographCoordinates"))
    where = path.resolve().parent
    for project in (where, *where.parents):
        if any((project / file).is_file() for file in files):
            return [(name, project / file) for name, file in zip(names, files, strict=True)]
    raise InputError(
        f"{path}: lists {len(files)} files of coordinates, and none is found ({files[0]}, from {where} or any"
        " folder above it). Expected RELION's project folder round it: copy the project's folders with it, or"
        " give the folder that holds the coordinate files."
    )


def result_of_job(folder: Path) -> Path | None:
    """Return the table of coordinates in a RELION job's folder; None where a folder is no such job's."""
    iterations = sorted(folder.glob("run_it*_data.star"))
    found = [folder / name for name in _RESULTS if (folder / name).is_file()] or iterations[-1:]
    return found[0] if found else None


def files_of(folder: Path) -> list[Path]:
    """Return the files of picks in a folder or, where it holds none itself, in the folders in it."""
    for pattern in ("*", "**/*"):
        found = [path for path in sorted(folder.glob(pattern)) if _holds_picks(path)]
        if found:
            return found
    return []


def is_blank(path: Path) -> bool:
    """Whether a file says by its emptiness that nothing was picked: .box, .txt or .coords without a row."""
    if path.suffix.lower() not in (".box", ".txt", ".coord", ".coords") or not path.is_file():
        return False
    lines: Sequence[str] = path.read_text(encoding="utf-8-sig", errors="replace").splitlines()
    return all(not line.strip() or line.strip().startswith(("#", ";")) for line in lines)


def _holds_picks(path: Path) -> bool:
    known = path.suffix.lower() in SUFFIXES and not _NO_PICKS.fullmatch(path.name)
    return known and path.is_file() and not path.name.startswith(".")


def _start(path: Path) -> str:
    with path.open("rb") as handle:
        return handle.read(65536).decode("utf-8-sig", errors="replace")
