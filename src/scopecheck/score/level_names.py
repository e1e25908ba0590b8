"""Headings, and names of fields, that say of which well or animal a field is, as programs write them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from scopecheck.errors import InputError
from scopecheck.score.user_table import bare

# What programs and people put before and after: Image_Metadata_Well, WellName, Well position, Plate ID.
_BEFORE = "(?:image|img|metadata|meta)*"
_AFTER = "(?:id|name|no|nr|num|number|position|pos|label|index|code|coordinate|location|barcode)?"
LEVELS = {
    "animal": "animal mouse rat donor patient subject participant individual embryo larva pup fish zebrafish"
    " fly worm",
    "plate": "plate assayplate microplate barcode",
    "well": "well dish slide coverslip coverglass chamber flask section organoid spheroid explant tmacore",
    "row": "row wellrow platerow",
    "column": "column col wellcolumn wellcol platecolumn platecol",
}
# What may group fields, too, but is not taken for a level unless --level asks for it.
BATCHES = "plate day date batch session run cage litter sample specimen replicate replica repeat"
BATCHES += " biologicalreplicate biologicalrepeat biorep bioreplicate experiment exp expt passage culture"
# A well of a plate in a field's name: A01, H12, P24, WellB03, A01f00d0 (ArrayScan), r02c05f01 (Harmony).
_WELL = re.compile(
    r"(?:(?<![A-Za-z0-9])|(?<=[Ww]ell))([A-P](?:0?[1-9]|1[0-9]|2[0-4]))(?![A-Za-z0-9]|(?<=\d)\.\d)"
    r"|(?<![A-Za-z0-9])([A-P](?:0[1-9]|1[0-9]|2[0-4]))(?=f\d)"
    r"|(?<![A-Za-z0-9])(r\d{1,2}c\d{1,2})(?=f\d|[^A-Za-z0-9]|$)"
)

# An animal or a repeat in a field's name or path: mouse1, donor_B2, rep3, exp-02.
_ANIMAL = re.compile(
    r"(?i)(?<![a-z])((?:mouse|animal|rat|donor|patient|subject|fish|embryo|larva|worm|fly|rep(?:licate)?|biorep"
    r"|exp(?:eriment)?)[ _-]?[a-z]?\d+[a-z]?)(?![a-z0-9])"
)


def plain_heading(heading: str) -> str:
    """Return what is left of a heading without its unit, case, blanks, underscores and other marks."""
    return re.sub(r"[\W_]", "", bare(heading)[0]).casefold()


def means(heading: str, words: str, *, after: bool = True) -> bool:
    """Whether a heading is one of these words as programs write it: Metadata_Well, WellName for well."""
    known = "|".join(map(re.escape, words.split()))
    return re.fullmatch(f"{_BEFORE}(?:{known}){_AFTER if after else ''}", plain_heading(heading)) is not None


def is_level(heading: str) -> bool:
    """Whether a heading names one of `LEVELS`."""
    return any(means(heading, words) for words in LEVELS.values())


def level_places(
    path: object, headings: Sequence[str], rows: Sequence[Sequence[str]], besides: Sequence[int] = ()
) -> dict[str, int]:
    """Which column names the animal, plate, well, and row and column of the plate.

    Raises
    ------
    InputError
        Where two columns may be the same level and group the lines in ways that do not nest.
    """
    places = {}
    for role, words in LEVELS.items():
        found = [i for i, head in enumerate(headings) if i not in besides and means(head, words)]
        found = [i for i in found if any(row[i].strip() for row in rows)]
        if found:
            places[role] = one_of(path, headings, rows, found, role)
    return places


def one_of(
    path: object,
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    found: Sequence[int],
    role: str,
    *,
    finest: bool = False,
) -> int:
    """Return the column that groups most lines together (or fewest), of several that have one role."""
    names = {i: [row[i].strip() for row in rows] for i in found}
    sizes = {i: len(set(names[i])) for i in found}
    if finest:
        return max(found, key=lambda i: sizes[i])
    top = min(found, key=lambda i: sizes[i])
    for i in found:
        if len(set(zip(names[top], names[i], strict=True))) > sizes[i]:
            raise InputError(
                f"{path}: the columns {headings[top]!r} and {headings[i]!r} may both be the {role}, and"
                " neither lies within the other; leave one of them, or give it another heading."
            )
    return top


def wells_in(names: Sequence[str]) -> list[str] | None:
    """Return each field's name up to its well, where all hold one and not all the same; else None."""
    found = [_WELL.search(name) for name in names]
    fits = [fit for fit in found if fit]
    if len(fits) < len(names) or len({fit[0] for fit in fits}) < 2:
        return None
    return [name[: fit.end()] for name, fit in zip(names, fits, strict=True)]


def well_in(name: str) -> str:
    """Return the well that a field's name holds, "" where it holds none."""
    fit = _WELL.search(name)
    return fit[0] if fit else ""


def animals_in(names: Sequence[str]) -> list[str] | None:
    """Return the animal or repeat in each field's name (mouse1, rep 2), where all hold one; else None."""
    found = [_ANIMAL.findall(name) for name in names]
    if not all(found):
        return None
    return [" ".join(sorted({re.sub(r"[ _-]", "", one).casefold() for one in several})) for several in found]


def batches(headings: Sequence[str], rows: Sequence[Sequence[str]], besides: Sequence[int] = ()) -> list[str]:
    """Return the headings of days, plates and the like that several rows share."""
    found = [i for i, head in enumerate(headings) if i not in besides and means(head, BATCHES)]
    return [headings[i] for i in found if 1 < len({row[i].strip() for row in rows} - {""}) < len(rows)]
