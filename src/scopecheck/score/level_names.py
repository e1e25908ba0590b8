"""Headings, and names of fields, that say of which well or animal a field is, as programs write them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from scopecheck.errors import InputError
from scopecheck.score.user_table import bare

# What programs and people put before and after: Image_Metadata_Well, WellName, Well position, Plate ID.
_BEFORE = "(?:image|img|metadata|meta)*"
_AFTER = "(?:id|name|no|nr|num|number|position|pos|label|index|code|coordinate|location|barcode)?"
LEVELS = {  # plurals, too: a column of wells or mice holds their names
    "animal": "animal mouse rat donor patient subject participant individual embryo larva pup fish zebrafish"
    " fly worm animals mice rats donors patients subjects participants individuals embryos larvae pups fishes"
    " flies worms",
    "plate": "plate assayplate microplate barcode plates",
    "well": "well dish slide coverslip coverglass chamber flask section organoid spheroid explant tmacore"
    " wells dishes slides coverslips chambers flasks sections organoids spheroids explants tmacores",
    "row": "row wellrow platerow",
    "column": "column col wellcolumn wellcol platecolumn platecol",
}
# Headings of what tells one object of a field from another: ObjectNumber, Object ID, cell_id, NucleusLabel.
_OBJECT = "(?:object(?:no|nr|num|number|id|index|label)"
_OBJECT += "|(?:cell|nucleus|nuclei|spot|particle|roi|track)(?:id|index|label))"
# What may group fields, too, but is not taken for a level unless --level asks for it.
BATCHES = "plate day date batch session run cage litter sample specimen replicate replica repeat"
BATCHES += " biologicalreplicate biologicalrepeat biorep bioreplicate experiment exp expt passage culture"
# A well of a plate in a field's name: A01, H12, P24, WellB03, A01f00d0 (ArrayScan), r02c05f01 (Harmony).
_PLATE_WELL = re.compile(
    r"(?:(?<![A-Za-z0-9])|(?<=[Ww]ell))([A-P](?:0?[1-9]|1[0-9]|2[0-4]))(?![A-Za-z0-9]|(?<=\d)\.\d)"
    r"|(?<![A-Za-z0-9])([A-P](?:0[1-9]|1[0-9]|2[0-4]))(?=f\d)"
    r"|(?<![A-Za-z0-9])(r\d{1,2}c\d{1,2})(?=f\d|[^A-Za-z0-9]|$)"
)
# A dish or a numbered well: well1, Dish 2, coverslip-3, slide_A2.
_DISH = re.compile(
    r"(?i)(?<![a-z])((?:well|dish|slide|coverslip|coverglass|chamber|flask|organoid|spheroid|explant)"
    r"[ _-]?[a-z]?\d+[a-z]?)(?![a-z0-9])"
)
# Well before position or field, as microscopes number them: --W00001--P00000--, _W0001_P0002_, W1F003.
_NUMBERED = re.compile(r"(?<![A-Za-z0-9])(W\d{1,5})(?=[_-]{0,2}[PFS]\d)")
# A well in small letters, where it is a whole part of a path or stands between separators: p1/b02/s1.tif.
_SMALL = re.compile(r"(?:^|(?<=[/\\ _-]))([a-p](?:0[1-9]|1[0-9]|2[0-4]))(?=[/\\ _-]|\.(?!\d)|$)")
_WELLS = (_PLATE_WELL, _DISH, _NUMBERED, _SMALL)

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


def is_object(heading: str) -> bool:
    """Whether a heading is one under which programs number the objects of a field."""
    return re.fullmatch(_BEFORE + _OBJECT, plain_heading(heading)) is not None


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


def shared_in(
    names: Sequence[str], sides: Sequence[object] | None = None
) -> tuple[str, list[str], list[str]] | None:
    """Return what the fields' names say of wells, or else of animals or repeats, that several fields share.

    Each way of writing is tried in turn, and taken where all names hold it, not all the same, and fewer than
    there are names. Plates' wells come first, then animals, which may hold several dishes.

    Parameters
    ----------
    names : sequence of str
    sides : sequence, optional
        The condition of each: what has one name in two conditions is two.

    Returns
    -------
    role : str
        ``well`` or ``animal``; None instead of all three where the names say neither.
    units : list of str
        Of each name, what is one: the name up to its well, so that wells of two plates are two; or its
        animals and repeats.
    shown : list of str
        The well or animal of each name alone.
    """
    for role, way in (("well", _PLATE_WELL), ("animal", _ANIMAL), *(("well", way) for way in _WELLS[1:])):
        found = [list(way.finditer(name)) for name in names]
        if not all(found):
            continue
        if role == "well":
            shown = [fits[0][0] for fits in found]
            units = [name[: fits[0].end()] for name, fits in zip(names, found, strict=True)]
        else:
            told = [{re.sub(r"[ _-]", "", fit[0]).casefold() for fit in fits} for fits in found]
            shown = units = [" ".join(sorted(one)) for one in told]
        each = units if sides is None else list(zip(sides, units, strict=True))
        if len(set(shown)) > 1 and len(set(each)) < len(names):
            return role, units, shown
    return None


def batches(headings: Sequence[str], rows: Sequence[Sequence[str]], besides: Sequence[int] = ()) -> list[str]:
    """Return the headings of days, plates and the like that several rows share."""
    found = [i for i, head in enumerate(headings) if i not in besides and means(head, BATCHES)]
    return [headings[i] for i in found if 1 < len({row[i].strip() for row in rows} - {""}) < len(rows)]
