"""OME-TIFF images that lie in several files: which files they are, and which plane lies where."""

from __future__ import annotations

import math
from collections.abc import Mapping, Set
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree

from scopecheck.errors import InputError


class Spread(NamedTuple):
    """One image of a set of OME-TIFF files.

    Attributes
    ----------
    files : tuple of Path
        The files that hold its planes, in the order of the planes; they need not all be there.
    axes : str
        Letters of the axes before Y, X, slowest first.
    shape : tuple of int
        Lengths of these axes.
    places : list of (int, Path, int)
        Number of a plane in the image, C order over `axes`, its file, and its page there.
    pixels : Element
        The image's element Pixels.
    """

    files: tuple[Path, ...]
    axes: str
    shape: tuple[int, ...]
    places: list[tuple[int, Path, int]]
    pixels: ElementTree.Element


def spread(path: Path) -> Spread | None:
    """Return the image that a file holds planes of, where its OME-XML speaks of several files; else None.

    A file is known by its UUID, also where it was renamed, or by its name. The XML may lie in this file, in
    another TIFF or in a companion.ome (BinaryOnly).

    Raises
    ------
    InputError
        If the file with the XML is not there, the XML cannot be read or does not name this file, or the file
        holds planes of several images.
    """
    xml = _xml(path)
    if not xml:
        return None
    root = _parsed(path, xml)
    own, source = root.get("UUID"), path
    if (elsewhere := root.find("{*}BinaryOnly")) is not None:
        source = path.parent / str(elsewhere.get("MetadataFile"))
        if not source.is_file():
            source = _by_uuid(path.parent, {str(elsewhere.get("UUID"))}).get(
                elsewhere.get("UUID", ""), source
            )
        if not source.is_file():
            raise InputError(
                f"{path}: is one file of a set that {source.name} describes, which is not in {path.parent};"
                " copy it there, or give it this name back."
            )
        is_text = source.suffix.lower() in (".ome", ".xml")
        root = _parsed(source, source.read_text(encoding="utf-8") if is_text else _xml(source) or "")
    all_pixels = [pixels for pixels in root.iter() if pixels.tag.endswith("}Pixels")]
    now = _renamed(path.parent, all_pixels)
    placed = [_placed(pixels, path, source, own, root.get("UUID"), now) for pixels in all_pixels]
    named = {file for _, _, places in placed for _, file, _ in places}
    if named == {path} or not named:
        return None
    if len(named) == 1:  # a file that was given another name names its former self
        placed = [(axes, shape, [(i, path, page) for i, _, page in pl]) for axes, shape, pl in placed]
    mine = [i for i, (_, _, places) in enumerate(placed) if any(file == path for _, file, _ in places)]
    if not mine:
        listed = ", ".join(sorted(file.name for file in named)[:3])
        raise InputError(
            f"{path}: its OME-XML is of a set of {len(named)} other files ({listed}, ...); expected its own"
            " name among them. Give the file the name that it had."
        )
    if len(mine) > 1:
        raise InputError(f"{path}: holds planes of {len(mine)} images; expected a plane or stack a file.")
    axes, shape, places = placed[mine[0]]
    return Spread(
        tuple(dict.fromkeys(file for _, file, _ in places)), axes, shape, places, all_pixels[mine[0]]
    )


def members(path: Path) -> tuple[Path, ...]:
    """Return the files of the image that `path` holds planes of, if these are several; never raises."""
    try:
        image = spread(path)
    except Exception:  # whatever is wrong with the file is told where it is read
        return ()
    return image.files if image is not None and len(image.files) > 1 else ()


def _xml(path: Path) -> str | None:
    import tifffile

    with tifffile.TiffFile(path) as tiff:
        return tiff.ome_metadata


def _parsed(path: Path, xml: str) -> ElementTree.Element:
    try:
        return ElementTree.fromstring(xml)
    except ElementTree.ParseError as error:
        raise InputError(f"{path}: its OME-XML cannot be read ({error}); write it again.") from None


@lru_cache(maxsize=4096)
def _uuid(path: Path, _changed: int) -> str | None:
    try:
        xml = _xml(path)
        return _parsed(path, xml).get("UUID") if xml else None
    except Exception:  # whatever is wrong with the file is told where it is read
        return None


def _by_uuid(folder: Path, wanted: Set[str]) -> dict[str, Path]:
    """Find the TIFF files of a folder that have these UUIDs, each in one file alone."""
    found: dict[str, list[Path]] = {}
    for file in sorted(folder.iterdir()):
        if file.suffix.lower() in (".tif", ".tiff") and file.is_file():
            found.setdefault(_uuid(file, file.stat().st_mtime_ns) or "", []).append(file)
    return {uuid: files[0] for uuid, files in found.items() if uuid in wanted and len(files) == 1}


def _renamed(folder: Path, all_pixels: list[ElementTree.Element]) -> dict[str, Path]:
    """Files of a set by the name that its XML gives, where they have another name now."""
    said = {
        ((one.text or "").strip(), one.get("FileName", ""))
        for px in all_pixels
        for one in px.iterfind("{*}TiffData/{*}UUID")
    }
    names: dict[str, str] = {uuid: name for uuid, name in said if uuid and name}
    if len(names) < len(said):  # without UUIDs, or with one for several files
        return {}
    there = {uuid: folder / name for uuid, name in names.items() if (folder / name).is_file()}
    held = {uuid: _uuid(file, file.stat().st_mtime_ns) for uuid, file in there.items()}
    other = {uuid for uuid in names if uuid not in held or (held[uuid] != uuid and held[uuid] in names)}
    found = _by_uuid(folder, other) if other else {}
    if lost := [names[uuid] for uuid in sorted(other & there.keys() - found.keys())]:
        raise InputError(
            f"{folder / lost[0]}: has the name of one file of its set and the UUID of another; give the files"
            " of the set the names that they had."
        )
    return {names[uuid]: file for uuid, file in found.items()}


def _placed(
    pixels: ElementTree.Element,
    path: Path,
    source: Path,
    own: str | None,
    described: str | None,
    now: Mapping[str, Path],
) -> tuple[str, tuple[int, ...], list[tuple[int, Path, int]]]:
    """Return the axes before Y, X, their lengths, and where each plane of an image lies."""
    fastest = [axis for axis in pixels.get("DimensionOrder", "XYZCT") if axis in "ZCT"]
    sizes = {axis: int(pixels.get(f"Size{axis}", 1)) for axis in fastest}
    channel = pixels.find("{*}Channel")
    sizes["C"] //= max(1, int(channel.get("SamplesPerPixel", 1))) if channel is not None else 1
    total, places = math.prod(sizes.values()), []
    for data in pixels.iterfind("{*}TiffData"):
        uuid = data.find("{*}UUID")
        text, name = ("", "") if uuid is None else ((uuid.text or "").strip(), uuid.get("FileName", ""))
        if name in now:
            file = now[name]
        elif (text and text == own) or name.casefold() == path.name.casefold():
            file = path
        elif not name or (text and text == described):
            file = source
        else:
            file = path.parent / name
        start, step = 0, 1
        for axis in fastest:
            start, step = start + step * int(data.get(f"First{axis}", 0)), step * sizes[axis]
        count = int(data.get("PlaneCount", data.get("NumPlanes", 1 if "IFD" in data.attrib else total)))
        page = int(data.get("IFD", 0))
        places += [(start + i, file, page + i) for i in range(min(count, total - start))]
    axes = "".join(reversed(fastest))
    shape = tuple(sizes[axis] for axis in axes)
    return axes, shape, places


def read_spread(path: Path, image: Spread, own: bool) -> tuple[Any, str]:
    """Read the whole image, or the planes of it that lie in `path`; the array and its axes.

    Raises
    ------
    InputError
        If a file of the set or a plane is missing, or the planes of `path` are no full range of each axis.
    """
    import numpy as np
    import tifffile

    places = [place for place in image.places if not own or place[1] == path]
    if not own and (gone := [file.name for file in image.files if not file.is_file()]):
        raise InputError(
            f"{path}: is one of {len(image.files)} files of one image, of which {len(gone)} "
            f"{'is' if len(gone) == 1 else 'are'} not in {path.parent} ({', '.join(gone[:3])}"
            f"{', ...' if len(gone) > 3 else ''}); copy what is missing there, or give"
            " what was renamed its name back."
        )
    at = np.array([np.unravel_index(plane, image.shape) for plane, _, _ in places])
    held = [sorted(set(column)) for column in at.T.tolist()]
    shape = tuple(map(len, held))
    if not own:
        shape = image.shape
        if missing := sorted(set(range(math.prod(shape))) - {plane for plane, _, _ in places}):
            first = zip(image.axes, np.unravel_index(missing[0], shape), strict=True)
            where = ", ".join(f"{axis}={index}" for axis, index in first)
            raise InputError(
                f"{path}: its set of {len(image.files)} files lacks {len(missing)} of {math.prod(shape)}"
                f" planes (the first is {where}); write the set again."
            )
        held = [list(range(length)) for length in shape]
    if math.prod(shape) != len({plane for plane, _, _ in places}):
        raise InputError(
            f"{path}: holds {len(places)} planes of {image.axes} that are no full range; give the whole set."
        )
    array: Any = None
    opened: dict[Path, Any] = {}
    try:
        for where, (_, file, page) in zip(at.tolist(), places, strict=True):
            tiff = opened.setdefault(file, None) or tifffile.TiffFile(file)
            opened[file] = tiff
            if page >= len(tiff.pages):
                raise InputError(
                    f"{file}: holds {len(tiff.pages)} planes, but its set places plane {page + 1} there;"
                    " it is cut short. Write or copy it again."
                )
            _whole(file, tiff.pages[page])
            plane = tiff.pages[page].asarray()
            if array is None:
                array = np.zeros(shape + plane.shape, plane.dtype)
            if plane.shape != array.shape[len(shape) :] or plane.dtype != array.dtype:
                raise InputError(
                    f"{file}: a plane of {plane.shape}, {plane.dtype}; the others of its set are"
                    f" {array.shape[len(shape) :]}, {array.dtype}."
                )
            array[tuple(have.index(index) for have, index in zip(held, where, strict=True))] = plane
    finally:
        for tiff in opened.values():
            if tiff is not None:
                tiff.close()
    return array, image.axes + ("YX" if array.ndim == len(shape) + 2 else "YXS")


def _whole(path: Path, page: Any) -> None:
    size = path.stat().st_size
    for offset, count in zip(page.dataoffsets, page.databytecounts, strict=False):
        if offset + count > size:
            raise InputError(
                f"{path}: is cut short or damaged and cannot be read (it ends at byte {size}, its pixels at"
                f" {offset + count}). Write or copy it again."
            )
