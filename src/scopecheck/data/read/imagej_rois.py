"""Regions of ImageJ's ROI manager: one .roi, or a zip of them."""

from __future__ import annotations

import io
import zipfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scopecheck.data.read.outlines import LARGEST, Outline, Outlines, box, content, ellipse, ring
from scopecheck.errors import InputError

if TYPE_CHECKING:
    import numpy as np

LARGEST_ROI = 1 << 26
MOST = 200_000


def read_rois(path: Path) -> Outlines:
    """Read ImageJ's regions: polygons, freehand and traced outlines, rectangles, ovals and composites.

    Nothing is written to the disk: of a zip the members are read one by one, each of at most 64 MB.
    Lines, angles, points and text have no area and are left out, with a note.

    Returns
    -------
    Outlines
        Without a shape, which ROI files do not hold.

    Raises
    ------
    InputError
        If the package roifile is missing, the file is damaged, encrypted, too large, or holds no region.
    """
    try:
        import roifile
    except ImportError:
        raise InputError(
            f"{path}: reading ImageJ's ROIs needs the package roifile; type: pip install"
            " 'scopecheck[outlines]'."
        ) from None
    found: list[Outline] = []
    odd: Counter[str] = Counter()
    notes: list[str] = []
    rounded = 0
    for name, data in _members(path, notes):
        try:
            roi = roifile.ImagejRoi.frombytes(data)
            parts = _parts(path, name, roi, roifile)
        except InputError:
            raise
        except Exception as error:  # a damaged ROI can raise anything
            raise InputError(f"{path}: {name}: cannot be read ({str(error)[:100]}).") from None
        if parts is None:
            odd[roi.roitype.name.lower()] += 1
            continue
        rounded += bool(roi.roitype == roifile.ROI_TYPE.RECT and roi.rounded_rect_arc_size)
        found.append(Outline(name, [parts], roi.z_position or roi.position or None))
    if odd:
        told = ", ".join(f"{n} {kind}" for kind, n in odd.items())
        notes.append(f"{sum(odd.values())} ROIs without an area are left out ({told})")
    if not found:
        raise InputError(
            f"{path}: holds no ROI with an area{f' ({told})' if odd else ''}; expected outlines."
        )
    if rounded:
        notes.append(f"{rounded} rectangles with round corners are taken with sharp ones")
    return Outlines(path, found, notes=notes)


def _members(path: Path, notes: list[str]) -> list[tuple[str, bytes]]:
    """Names and contents of the ROIs in a file."""
    data = content(path)
    if data[:4] == b"Iout":
        return [(path.stem, data)]
    if data[:4] not in (b"PK\x03\x04", b"PK\x05\x06"):
        raise InputError(f"{path}: is no ROI and no zip of ROIs, or it is damaged; save it in ROI Manager.")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            every = [one for one in archive.infolist() if not one.is_dir()]
            held = [one for one in every if one.filename.lower().endswith(".roi")]
            if not held:
                names = ", ".join(one.filename for one in every[:3]) or "nothing"
                raise InputError(f"{path}: is a zip that holds {names}; expected ImageJ's .roi files.")
            if len(held) < len(every):
                notes.append(f"{len(every) - len(held)} files of the zip are no ROIs and are left out")
            if len(held) > MOST or sum(one.file_size for one in held) > LARGEST:
                size = sum(one.file_size for one in held) >> 20
                raise InputError(
                    f"{path}: holds {len(held)} ROIs of {size} MB; expected at most {MOST} of"
                    f" {LARGEST >> 20} MB together."
                )
            return [(Path(one.filename).stem, _member(path, archive, one)) for one in held]
    except InputError:
        raise
    except (
        Exception
    ) as error:  # zipfile and its codecs raise many kinds; every one means that it cannot be read
        raise InputError(f"{path}: the zip is damaged or encrypted ({str(error)[:100]}).") from None


def _member(path: Path, archive: zipfile.ZipFile, one: zipfile.ZipInfo) -> bytes:
    if one.file_size > LARGEST_ROI:
        raise InputError(f"{path}: {one.filename} has {one.file_size >> 20} MB, too much for one ROI.")
    with archive.open(one) as file:
        return file.read(LARGEST_ROI)


def _parts(path: Path, name: str, roi: Any, roifile: Any) -> list[np.ndarray] | None:
    """The rings of one ROI, or None where it has no area."""
    kinds = roifile.ROI_TYPE
    if roi.composite:
        return [ring(path, name, one) for one in roi.coordinates(multi=True)]
    if roi.roitype in (kinds.RECT, kinds.OVAL):
        if roi.subtype == roifile.ROI_SUBTYPE.TEXT:
            return None
        sides = (roi.left, roi.top, roi.right - roi.left, roi.bottom - roi.top)
        if roi.subpixelrect:
            sides = (roi.xd, roi.yd, roi.widthd, roi.heightd)
        return [ring(path, name, (box if roi.roitype == kinds.RECT else ellipse)(*sides))]
    if roi.roitype in (kinds.POLYGON, kinds.FREEHAND, kinds.TRACED):
        return [ring(path, name, roi.coordinates())]
    return None
