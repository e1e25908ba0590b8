"""Pairs that the user gives with --pair: a pattern for the names of each side, or a table of files."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from scopecheck.errors import InputError
from scopecheck.score.pair_names import core, core_text, few, match

HEADINGS = {"prediction": "prediction", "predicted": "prediction", "pred": "prediction"}
HEADINGS |= {"truth": "truth", "true": "truth", "gt": "truth", "image": "image"}
_WHOLE = r"(?:(?<!\d)|(?!\d))"  # a place that does not cut a number in two


def is_pattern(text: str) -> bool:
    """Whether --pair holds patterns, and no table's name."""
    return "=" in text and ("{}" in text or "*" in text)


def patterns(text: str, sides: Sequence[str]) -> dict[str, re.Pattern[str]]:
    """Read 'PATTERN=PATTERN' (a third one for the images) into one regular expression a side.

    ``{}`` stands for the part that both names share and ``*`` for anything; in a pattern without ``{}``
    ``*`` is the shared part. Neither cuts a number, nor reaches over the / of a folder.

    Raises
    ------
    InputError
        If there are more or fewer patterns than sides, or they do not hold the same number of shared parts.
    """
    parts = [part.strip() for part in text.split("=")]
    if len(parts) not in (2, len(sides)):
        raise InputError(
            f"--pair: {text!r} has {len(parts)} patterns; expected one for each of {', '.join(sides)}, such"
            " as '{}_pred.tif={}_gt.tif'."
        )
    made = {}
    for side, part in zip(sides, parts, strict=False):
        shared = "{}" if "{}" in part else "*"
        pieces = re.split(r"(\{\}|\*)", part)
        made[side] = re.compile(
            "".join(
                re.escape(piece)
                if piece not in ("{}", "*")
                else _WHOLE + ("([^/]+?)" if piece == shared else "[^/]*?") + _WHOLE
                for piece in pieces
            )
        )
    counts = {pattern.groups for pattern in made.values()}
    if len(counts) > 1 or 0 in counts:
        raise InputError(
            f"--pair: {text!r}: both patterns need the same number of {{}}, the part that the names share;"
            " such as '{}_pred.tif={}_gt.tif'."
        )
    return made


def keys(pattern: re.Pattern[str], names: Iterable[tuple[str, ...]]) -> dict[tuple[str, ...], tuple]:
    """Return the shared part of each name that fits, numbers as numbers; each name may come in several forms.

    The first form that fits counts.
    """
    found = {}
    for forms in names:
        if fit := next((fit for form in forms if (fit := pattern.fullmatch(form))), None):
            found[forms] = tuple(
                tuple(int(x) if x.isdecimal() else x for x in re.split(r"(\d+)", part) if x)
                for part in fit.groups()
            )
    return found


def by_pattern(
    text: str, listed: Mapping[str, Sequence[Path]], given: Mapping[str, Path]
) -> tuple[dict[str, dict[str, Path]], list[str]]:
    """Pair the files of folders by --pair 'PATTERN=PATTERN'; names are tried with and without their format.

    A file that fits no pattern is left out, and so is a prediction without a truth; both are noted.

    Parameters
    ----------
    text : str
    listed : mapping of str to sequence of Path
        Files by side: prediction, truth and, where there is one, image.
    given : mapping of str to Path
        The folder of each side.

    Returns
    -------
    rows : dict of str to dict of str to Path
        One file a side, by the part that they share.
    notes : list of str

    Raises
    ------
    InputError
        As `patterns`; if a side has no file that fits, two that share a key, no key is common, or a truth has
        no partner.
    """
    notes, held = [], {}
    for side, pattern in patterns(text, list(listed)).items():
        forms = {_forms(path, given[side]): path for path in listed[side]}
        found: dict[tuple, Path] = {}
        for form, key in keys(pattern, forms).items():
            if key in found:
                both = f"{found[key].name} and {forms[form].name}"
                raise InputError(
                    f"{given[side]}: {both} both have {_text(key)!r} where --pair {text!r} has {{}}; write"
                    " the pattern so that it fits one of them, or give --pair a table of the files."
                )
            found[key] = forms[form]
        if not found:
            raise InputError(
                f"--pair: {text!r} fits none of the {len(forms)} files of {given[side]} given as {side}"
                f" ({few(path.name for path in forms.values())})."
            )
        if left := [path.name for path in forms.values() if path not in found.values()]:
            notes.append(f"{given[side]}: left out {len(left)} that the pattern does not fit ({few(left)}).")
        held[side] = found
    common = set.intersection(*(set(found) for found in held.values()))
    if not common:
        shown = "; ".join(f"{side}: {few(map(_text, found))}" for side, found in held.items())
        raise InputError(f"--pair: {text!r} finds no part that the names share ({shown}).")
    if alone := [path.name for key, path in held["truth"].items() if key not in common]:
        others = " or no ".join(side for side in held if side != "truth")
        raise InputError(
            f"{given['truth']}: {len(alone)} of {len(held['truth'])} truths ({few(alone)}) have no {others}"
            f" by --pair {text!r}. Where the tool found nothing, its label image"
            " holds no label; to leave fields out, give --pair a table of the files that are meant."
        )
    for side, found in held.items():
        if alone := [path.name for key, path in found.items() if key not in common]:
            notes.append(f"{given[side]}: left out {len(alone)} without a truth ({few(alone)}).")
    rows = {_text(key): {side: held[side][key] for side in held} for key in sorted(common, key=_text)}
    return rows, notes


def by_table(table: Path, given: Mapping[str, Path]) -> list[dict[str, Path]]:
    """Read pairs from a table of two columns, prediction and truth (three with the image), a row each.

    Commas, semicolons or tabs; a first line of headings is optional and may bring the columns in any order.
    A file is looked for in the folder given for its side, then beside the table.

    Raises
    ------
    InputError
        If the table cannot be read or is empty, a row has too few columns, or a file is missing or named
        twice.
    """
    rows = _rows(table)
    sides = list(given)
    if rows and all(cell.lower() in HEADINGS for cell in rows[0][1]):
        order = [HEADINGS[cell.lower()] for cell in rows.pop(0)[1]]
    else:
        order = sides
    if missing := [side for side in sides if side not in order]:
        raise InputError(f"{table}: has no column {', '.join(missing)}; expected {','.join(sides)}.")
    if not rows:
        raise InputError(f"{table}: holds no row; expected {','.join(sides)} and a row for each pair.")
    found, seen = [], set()
    for number, row in rows:
        if len(row) < len(order):
            raise InputError(
                f"{table}: line {number} has {len(row)} columns; expected {len(order)}: {','.join(order)}."
            )
        cells = dict(zip(order, row, strict=False))
        paths = {side: _found(table, number, given[side], cells[side]) for side in sides}
        for side, path in paths.items():
            if (side, path.resolve()) in seen:
                raise InputError(f"{table}: line {number} names {path} again; expected each file once.")
            seen.add((side, path.resolve()))
        found.append(paths)
    return found


def by_names(text: str, mine: Mapping[str, str], theirs: Mapping[str, str]) -> dict[str, str]:
    """Pair names of micrographs, of picks and of the truth, by a pattern or a table of two columns.

    Parameters
    ----------
    text : str
    mine, theirs : mapping of str to str
        Names as they are printed, and the same with all their folders; the user may give either, in a table
        with a format and the folders before them as well.

    Raises
    ------
    InputError
        As `patterns` and `by_table`; if no two names are paired, or a name would be paired twice.
    """
    if is_pattern(text):
        made = list(patterns(text, ["picks", "truth"]).values())
        left, right = (keys(one, own.items()) for one, own in zip(made, (mine, theirs), strict=True))
        by_key: dict[tuple, list[str]] = {}
        for (name, _), key in right.items():
            by_key.setdefault(key, []).append(name)
        every = [(a, b) for (a, _), key in left.items() for b in by_key.get(key, [])]
    else:
        every = []
        for number, row in _rows(Path(text)):
            if number == 1 and {cell.lower() for cell in row} <= {"picks", "truth"}:
                continue
            pair = [_meant(cell, own) for cell, own in zip(row, (mine, theirs), strict=False)]
            if len(pair) < 2 or not all(pair):
                raise InputError(
                    f"{text}: line {number} is {','.join(row)}; expected a micrograph of the picks"
                    f" ({few(mine)}) and one of the truth ({few(theirs)})."
                )
            every.append((pair[0], pair[1]))
    pairs = dict(every)
    if len(pairs) < len(every) or len(set(pairs.values())) < len(every):
        raise InputError(f"--pair: {text!r} pairs a micrograph twice; expected each name once.")
    if not pairs:
        raise InputError(
            f"--pair: {text!r} pairs none of the micrographs; those of the picks are {few(mine)}, those of"
            f" the truth {few(theirs)}."
        )
    return pairs


def _meant(cell: str, names: Mapping[str, str]) -> str:
    """Return the printed name that a cell of a table means, or "" where none or several may be meant."""
    if cell in names:
        return cell
    for text in (cell, re.sub(r"\.[^./]+$", "", cell)):  # as written, then without its format
        found = [
            name
            for name, full in names.items()
            if text in (name, full) or text.endswith(("/" + name, "/" + full))
        ]
        exact = [name for name in found if text in (name, names[name])]
        if len(best := exact or found) == 1:
            return best[0]
    return ""


def _rows(table: Path) -> list[tuple[int, list[str]]]:
    """Lines of a table that hold anything, with their numbers."""
    try:
        text = table.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"--pair: {table} cannot be read as a table ({error}); expected 'PATTERN=PATTERN', where {{}} is"
            " the part that the names share, as in '{}_pred.tif={}_gt.tif', or a CSV of prediction,truth."
        ) from None
    delimiter = max(",;\t", key=text.partition("\n")[0].count)
    lines = [[cell.strip() for cell in row] for row in csv.reader(text.splitlines(), delimiter=delimiter)]
    return [(number, row) for number, row in enumerate(lines, 1) if any(row)]


def _found(table: Path, number: int, folder: Path, name: str) -> Path:
    tried = [place / name for place in (folder, table.parent)] if name else []
    if path := next((path for path in tried if path.exists()), None):
        return path
    raise InputError(
        f"{table}: line {number} names {name or 'nothing'!r}, which is neither in {folder} nor beside the"
        " table; write the file's name with its format."
    )


def suggestion(listed: Mapping[str, Sequence[Path]], held: Mapping[str, Sequence[Path]]) -> str:
    """Return a way to give the pairs that works on these files: a pattern of their names, or a table.

    `held` are all files of the folders, which a pattern meets, too; it may take none but those of `listed`.
    """
    for text in ("=".join(map(_template, listed.values())), *_around_the_core(listed)):
        try:
            rows, _ = by_pattern(text, held, dict.fromkeys(held, Path()))
        except InputError:
            continue
        if all(path in listed[what] for row in rows.values() for what, path in row.items()):
            return f"--pair '{text}', where {{}} is the part that the names share"
    files, sure = _first_pair(listed)
    line = ",".join(path.name for path in files) + " (if these are of one field)" * (not sure)
    return (
        f"a table: {','.join(listed)} as the first line of a text file, then {line} and so on, a line for"
        " each pair; give --pair FILE.csv"
    )


def _first_pair(listed: Mapping[str, Sequence[Path]]) -> tuple[list[Path], bool]:
    """The first files of one field by their names or numbers, and True; or the first ones, and False."""
    names = {
        what: {_forms(Path(path.name), Path())[0]: path for path in paths} for what, paths in listed.items()
    }
    partners = {what: match(list(names["truth"]), list(own))[0] for what, own in names.items()}
    numbers = {what: {_numbers(name): name for name in own} for what, own in names.items()}
    for true in names["truth"]:
        if all(true in own for own in partners.values()):
            return [names[what][partners[what][true]] for what in names], True
    for true in names["truth"]:
        if (own := _numbers(true)) and all(own in held for held in numbers.values()):
            return [names[what][numbers[what][own]] for what in names], True
    return [paths[0] for paths in listed.values()], False


def _numbers(name: str) -> tuple[int, ...]:
    return tuple(word for word in core(name) if isinstance(word, int))


def _around_the_core(listed: Mapping[str, Sequence[Path]]) -> list[str]:
    """Patterns for predictions that hold the first true name's core, such as '{}_nuclei_mask.tif={}.tif'."""
    true = listed["truth"][0].name
    field = core_text(_forms(Path(true), Path())[0])
    whole = re.compile(_WHOLE + re.escape(field) + _WHOLE)
    mine = [path.name for path in listed["prediction"] if whole.search(path.name)]
    names = [[name, true] for name in mine] if len(listed) == 2 else []
    return ["=".join(whole.sub("{}", name, count=1) for name in both) for both in names]


def _template(paths: Sequence[Path]) -> str:
    """Return the names' common beginning and end, with {} between; no number is cut."""
    names = [path.name for path in paths]
    head = common_start(names)
    rests = [name[len(head) :] for name in names]
    tail = re.sub(r"^\d+", "", common_start([rest[::-1] for rest in rests], whole=False)[::-1])
    return f"{head}{{}}{tail}"


def common_start(names: Sequence[str], whole: bool = True) -> str:
    """Return what all names begin with, by default without digits at its end, which may go on."""
    same = zip(*names, strict=False)
    length = next((i for i, letters in enumerate(same) if len(set(letters)) > 1), min(map(len, names)))
    return re.sub(r"\d+$", "", names[0][:length]) if whole else names[0][:length]


def _forms(path: Path, folder: Path) -> tuple[str, ...]:
    inside = path.relative_to(folder).as_posix() if path.is_relative_to(folder) else path.name
    return (re.sub(r"(\.ome)?\.[^./]+$", "", inside, flags=re.I), inside)


def _text(key: tuple) -> str:
    return " ".join("".join(map(str, part)) for part in key)
