"""Regions in OME-XML, as OMERO exports them: in an OME-TIFF, or in a file of their own."""

from __future__ import annotations

import base64
import binascii
import zlib
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from scopecheck.data.read.formats import _pixels_sizes
from scopecheck.data.read.outlines import Bits, Outline, Outlines, box, content, ellipse, ring
from scopecheck.errors import InputError

if TYPE_CHECKING:
    import numpy as np

MOST_BITS = 1 << 31


def read_ome_rois(path: Path) -> Outlines:
    """Read Polygon, Rectangle, Ellipse and Mask of the one image that OME-XML describes; an ROI is an object.

    Shapes of one ROI are taken together. Points, lines and labels have no area and are left out, with a note.

    Parameters
    ----------
    path : Path
        An OME-TIFF, or OME-XML.

    Returns
    -------
    Outlines
        With the shape and the pixel size that the XML gives.

    Raises
    ------
    InputError
        If it holds no OME-XML, several images or no region, or a shape lacks what it needs.

    References
    ----------
    Goldberg et al. (2005), doi:10.1186/gb-2005-6-5-r47.
    """
    root = _root(path)
    images = root.findall("{*}Image")
    if len(images) != 1:
        raise InputError(f"{path}: its OME-XML describes {len(images)} images; expected one image a file.")
    pixels = images[0].find("{*}Pixels")
    if pixels is None:
        raise InputError(f"{path}: its OME-XML gives no Pixels, so that the image's size is not known.")
    wanted = {one.get("ID") for one in images[0].findall("{*}ROIRef")}
    odd: Counter[str] = Counter()
    found: list[Outline] = []
    for roi in root.findall("{*}ROI"):
        if wanted and roi.get("ID") not in wanted:
            continue
        name = roi.get("Name") or roi.get("ID") or f"ROI {len(found) + 1}"
        parts: list[list[np.ndarray] | Bits] = []
        planes: set[int | None] = set()
        union = roi.find("{*}Union")
        for shape in union if union is not None else ():
            part = _part(path, name, shape)
            if part is None:
                odd[shape.tag.rpartition("}")[2]] += 1
                continue
            parts.append(part)
            planes |= {int(_numbers(path, name, shape, "TheZ")[0])} if shape.get("TheZ") else {None}
        if len(planes - {None}) > 1:
            raise InputError(f"{path}: {name} has shapes on several planes; expected one plane an ROI.")
        if parts:
            (plane,) = (planes - {None}) or {None}
            found.append(Outline(name, parts, None if plane is None else plane + 1))
    told = ", ".join(f"{n} {kind}" for kind, n in odd.items())
    if not found:
        raise InputError(f"{path}: its OME-XML holds no region{f' with an area ({told})' if odd else ''}.")
    notes = [f"{sum(odd.values())} shapes without an area are left out ({told})"] if odd else []
    sizes = _pixels_sizes(pixels)
    deep, high, wide = (int(one) for one in _numbers(path, "Pixels", pixels, "SizeZ", "SizeY", "SizeX"))
    axes = "ZYX" if deep > 1 else "YX"
    size = tuple(sizes[axis] for axis in axes) if all(axis in sizes for axis in axes) else None
    return Outlines(path, found, (deep, high, wide)[-len(axes) :], size, notes)


def _root(path: Path) -> ElementTree.Element:
    import tifffile

    if path.suffix.lower() in (".tif", ".tiff"):
        try:
            with tifffile.TiffFile(path) as tiff:
                xml = (tiff.ome_metadata or "").encode()
        except (tifffile.TiffFileError, OSError, ValueError) as error:
            raise InputError(f"{path}: cannot be read as TIFF ({str(error)[:100]}).") from None
        if not xml:
            raise InputError(f"{path}: is no OME-TIFF, so that it holds no OMERO ROIs.")
    else:
        xml = content(path)
    if b"<!DOCTYPE" in xml[:4096] or b"<!ENTITY" in xml:
        raise InputError(f"{path}: its XML defines entities, which are never opened; expected plain OME-XML.")
    try:
        root = ElementTree.fromstring(xml)
    except (ElementTree.ParseError, ValueError) as error:
        raise InputError(f"{path}: is no XML or is cut short ({str(error)[:80]}).") from None
    if root.tag.rpartition("}")[2] != "OME":
        raise InputError(f"{path}: is XML, but no OME-XML (its root is {root.tag.rpartition('}')[2]!r}).")
    return root


def _part(path: Path, name: str, shape: ElementTree.Element) -> list[np.ndarray] | Bits | None:
    """The rings or the bits of one shape, or None where it has no area."""
    kind = shape.tag.rpartition("}")[2]
    if kind == "Polygon":
        points = [pair.split(",") for pair in shape.get("Points", "").split()]
        return [_moved(path, name, shape, ring(path, name, points))]
    if kind == "Rectangle":
        corners = box(*_numbers(path, name, shape, "X", "Y", "Width", "Height"))
    elif kind == "Ellipse":
        x, y, rx, ry = _numbers(path, name, shape, "X", "Y", "RadiusX", "RadiusY")
        corners = ellipse(x - rx, y - ry, 2 * rx, 2 * ry)
    elif kind == "Mask":
        return _bits(path, name, shape)
    else:
        return None
    return [_moved(path, name, shape, ring(path, name, corners))]


def _numbers(path: Path, name: str, element: ElementTree.Element, *keys: str) -> list[float]:
    try:
        found = [float(element.get(key, "")) for key in keys]
    except ValueError:
        found = []
    if not found or not all(abs(one) < 1e12 for one in found):  # nan is not
        raise InputError(f"{path}: {name} lacks one of {', '.join(keys)}, or one is no usable number.")
    return found


def _moved(path: Path, name: str, shape: ElementTree.Element, corners: np.ndarray) -> np.ndarray:
    """Corners after the shape's own affine transform."""
    import numpy as np

    way = shape.find("{*}Transform")
    if way is None:
        return corners
    a = _numbers(path, name, way, "A00", "A10", "A01", "A11", "A02", "A12")
    return corners @ np.array([a[0:2], a[2:4]]) + a[4:6]


def _bits(path: Path, name: str, shape: ElementTree.Element) -> Bits:
    """A mask of one bit a pixel, rows one after the other, the highest bit first."""
    import numpy as np

    x, y, wide, high = _numbers(path, name, shape, "X", "Y", "Width", "Height")
    held = shape.find("{*}BinData")
    if held is None or min(wide, high) < 1 or shape.find("{*}Transform") is not None:
        raise InputError(f"{path}: {name}: the mask has no data or size, or is turned; export it as polygon.")
    n = int(wide) * int(high)
    size = (n + 7) // 8
    way = held.get("Compression", "none")
    try:
        data = base64.b64decode("".join((held.text or "").split()), validate=True)
        if way == "zlib":
            data = zlib.decompressobj().decompress(data, size)
        elif way != "none":
            raise InputError(f"{path}: {name}: the mask is compressed by {way}; expected zlib or none.")
    except (binascii.Error, zlib.error) as error:
        raise InputError(f"{path}: {name}: the mask's data are damaged ({error}).") from None
    if len(data) < size or n > MOST_BITS:
        raise InputError(
            f"{path}: {name}: the mask has {len(data)} bytes; {high:g} x {wide:g} pixels need {size}."
        )
    mask = np.unpackbits(np.frombuffer(data, np.uint8), count=n).astype(bool)
    return Bits(round(y), round(x), mask.reshape(int(high), int(wide)))
