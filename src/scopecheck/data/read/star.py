"""RELION's .star files of version 3.0 and of 3.1 and later, as one table."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from scopecheck.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

_NAMES = ["rlnMicrographName", "rlnImageName", "rlnImageOriginalName", "rlnOpticsGroupName"]


def blocks(path: Path) -> dict[str, pd.DataFrame]:
    """Return the file's data blocks by name, loops and single rows alike; InputError if it has none."""
    import linecache

    import pandas as pd
    import starfile

    if not says_something(path):
        raise InputError(
            f"{path}: holds 'data_' and no table under it; expected 'loop_', columns and rows. Where the"
            " program found nothing, give score picks --missing none, or leave the file out."
        )
    linecache.clearcache()  # starfile reads through it, and after a failure it still holds the old text
    try:
        found = starfile.read(path, always_dict=True, parse_as_string=_NAMES)
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, OSError) as error:
        said = " ".join(str(error).split())[:160] or type(error).__name__
        raise InputError(
            f"{path}: cannot be read as a STAR file ({said}); expected 'data_' blocks with 'loop_'."
        ) from None
    tables = {}
    for name, block in (found or {}).items():
        table = block if isinstance(block, pd.DataFrame) else pd.DataFrame([block])
        tables[name] = table.rename(columns=lambda column: str(column).lstrip("_"))
        columns = tables[name].columns
        if columns.has_duplicates:
            raise InputError(
                f"{path}: 'data_{name}' has the column {columns[columns.duplicated()][0]} twice; expected it"
                " once. Remove or rename one."
            )
    if not any(len(table.columns) for table in tables.values()):
        raise InputError(f"{path}: holds no table; expected a 'data_' block with 'loop_' and its columns.")
    return tables


def says_something(path: Path) -> bool:
    """Whether any line is more than a comment or the head of a block; starfile reads no file without one."""
    with path.open(encoding="utf-8-sig", errors="replace") as handle:
        lines = (line.strip() for line in handle)
        return any(line and not line.startswith(("#", "data_")) and line != "loop_" for line in lines)


def table(path: Path) -> pd.DataFrame:
    """Return the table of particles or picks with each row's optics group joined to it.

    A value that stands with the particle goes before its optics group's. Raises InputError where particles
    name an optics group that the file does not describe; warns where they name none and the file has some.
    """
    tables = blocks(path)
    optics = tables.pop("optics", None)
    names = [name for name in tables if name in ("particles", "images", "micrographs")] or list(tables)
    if not names:
        raise InputError(f"{path}: holds a table of optics groups alone; expected particles beside it.")
    rows = tables[names[0]]
    if "rlnOpticsGroup" not in rows:
        if optics is not None:
            warnings.warn(
                f"{path}: has 'data_optics', and its particles do not name their group (rlnOpticsGroup), so"
                " its voltage and pixel size are left out. Add the column, or take the file RELION wrote.",
                stacklevel=4,
            )
        return rows
    group = rows["rlnOpticsGroup"]
    if optics is None or "rlnOpticsGroup" not in optics:
        raise InputError(
            f"{path}: its particles name optics groups, and the file has no table 'data_optics', so voltage"
            " and pixel size are not known. Take the whole file that RELION wrote."
        )
    if missing := sorted(set(group) - set(optics["rlnOpticsGroup"])):
        listed = ", ".join(str(number) for number in missing[:5])
        raise InputError(
            f"{path}: particles name optics group {listed}, which 'data_optics' does not describe."
        )
    if (twice := optics["rlnOpticsGroup"].duplicated()).any():
        raise InputError(
            f"{path}: 'data_optics' describes group {optics['rlnOpticsGroup'][twice].iloc[0]} twice; expected"
            " one row for each group. Remove one."
        )
    own = [column for column in optics if column not in rows or column == "rlnOpticsGroup"]
    return rows.merge(optics[own], on="rlnOpticsGroup", how="left", validate="many_to_one")
