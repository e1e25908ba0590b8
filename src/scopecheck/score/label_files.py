"""Label images of any kind of file: pixels as they are, outlines drawn into an image of known size."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from scopecheck.errors import InputError

if TYPE_CHECKING:
    from scopecheck.data.read.images import Picture
    from scopecheck.data.read.outlines import Outlines

OUTLINES = (".geojson", ".json", ".zip", ".roi", ".xml")
CLASS = "class:"  # before the name of one of QuPath's classes


def chooses(way: str | None) -> bool:
    """Whether a word of --labels says which of a file's outlines are meant; the others number objects."""
    return way is not None and (way in ("nuclei", "rois") or way.startswith(CLASS))


def is_outlined(path: Path, way: str | None = None) -> bool:
    """Whether a file holds outlines, or its OMERO ROIs are asked for."""
    return path.suffix.lower() in OUTLINES or way == "rois"


def field_stem(path: Path) -> str:
    """A file's name without its format; of outlines also without that of the image they were drawn on."""
    stem = path.stem
    if path.suffix.lower() in OUTLINES:
        stem = re.sub(r"\.(tiff?|png|npy|czi|nd2|lif|jpe?g|svs|ndpi|qptiff)$", "", stem, flags=re.I)
    return re.sub(r"\.ome$", "", stem, flags=re.I)


def read_outlined(path: Path, shape: Sequence[int] | None, told: str, way: str | None = None) -> Picture:
    """Draw a file's outlines as labels.

    Parameters
    ----------
    path : Path
    shape : (Y, X) or (Z, Y, X), optional
        Of the image, where the file does not tell it.
    told : str
        Where the shape comes from, for a note.
    way : {"nuclei", "rois", "class:NAME"}, optional

    Raises
    ------
    InputError
        Where the file cannot be read, the shape is not known, or it is not the one in the file.
    """
    from scopecheck.data.read.images import Picture
    from scopecheck.data.read.outlines import labelled

    held = _read(path, way)
    size = held.shape or (None if shape is None else tuple(shape))
    if size is None:
        raise InputError(f"{path}: outlines do not tell how large their image is; give --shape rows,columns.")
    if held.shape and shape is not None and tuple(shape) != held.shape and told == "--shape":
        raise InputError(
            f"{path}: says that its image has the shape {held.shape}, and --shape {tuple(shape)}."
        )
    labels, notes = labelled(held, size)
    where = "the file" if held.shape else told
    notes[0] += f" of an image of {' x '.join(map(str, size))} (by {where})"
    return Picture(labels, held.pixel_size, (*held.notes, *notes))


def _read(path: Path, way: str | None) -> Outlines:
    suffix = path.suffix.lower()
    if way is not None and way != "rois" and suffix not in (".geojson", ".json"):
        raise InputError(f"{path}: --labels {way} is for QuPath's GeoJSON, and this is none.")
    if suffix in (".geojson", ".json"):
        from scopecheck.data.read.geojson import read_geojson

        only = way.removeprefix(CLASS) if way and way.startswith(CLASS) else None
        return read_geojson(path, nuclei=way == "nuclei", only=only)
    if suffix in (".zip", ".roi"):
        from scopecheck.data.read.imagej_rois import read_rois

        return read_rois(path)
    if suffix in (".xml", ".tif", ".tiff"):
        from scopecheck.data.read.ome_rois import read_ome_rois

        return read_ome_rois(path)
    raise InputError(
        f"{path}: --labels rois is for OME-TIFF and OME-XML with OMERO's ROIs, and this is none."
    )
