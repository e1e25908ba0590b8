"""The file formats of `images`: each reader gives the array, one letter an axis, and micrometres by axis."""

from __future__ import annotations

import logging
import pickle
import re
import warnings
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from scopecheck.data.read import ome
from scopecheck.errors import InputError

_UNITS = {1.0: "um micron microns micrometer micrometre", 1e-3: "nm nanometer nanometre", 1e-6: "pm"}
_UNITS |= {1e3: "mm millimeter millimetre", 1e4: "cm centimeter", 1e6: "m meter", 1e-4: "a angstrom"}
_MICROMETRES = {name: size for size, names in _UNITS.items() for name in names.split()}
Read = tuple[Any, str, dict[str, float]]  # array, one letter an axis, micrometres of the axes that have them


def damaged(path: Path, error: object) -> InputError:
    """Return the error for a file whose reader gave up."""
    said = " ".join(str(error).split())[:160]
    return InputError(f"{path}: is cut short or damaged and cannot be read ({said}). Write or copy it again.")


def _pickled(path: Path) -> InputError:
    return InputError(
        f"{path}: holds Python objects (a pickle), which are never opened; expected numbers."
        " Save labels.astype('int32') instead."
    )


def read_npy(path: Path) -> Read:
    """Read an array of numbers, or the masks of Cellpose's `_seg.npy`; any other pickle is refused."""
    import numpy as np

    with path.open("rb") as file:
        major, _ = np.lib.format.read_magic(file)
        header = np.lib.format.read_array_header_1_0 if major == 1 else np.lib.format.read_array_header_2_0
        shape, _, kind = header(file)
        if kind.hasobject:
            if shape == () and path.stem.lower().endswith("_seg"):
                array = _cellpose_masks(path, file.read())
                return array, _guess(array.shape), {}
            raise _pickled(path)
    array = np.load(path, allow_pickle=False)
    return array, _guess(array.shape), {}


def _cellpose_masks(path: Path, content: bytes) -> Any:
    """Take the masks out of the dict that Cellpose saves, without running what a pickle may ask for."""
    import numpy as np

    from scopecheck.unpickling import load_dict

    try:
        masks = load_dict(content).get("masks")
    except pickle.UnpicklingError as error:
        raise InputError(
            f"{path}: is a pickle that is not read, since {error}; expected Cellpose's dict of arrays."
            " Give the _cp_masks file that Cellpose writes beside it, or save its masks alone as TIFF."
        ) from None
    if not isinstance(masks, np.ndarray):
        raise InputError(f"{path}: holds no array 'masks', as Cellpose's _seg.npy does; give label images.")
    return masks


def _guess(shape: tuple[int, ...]) -> str:
    """Axes of an array that names none: (Y, X), (Y, X, colour) or (Z, Y, X)."""
    if len(shape) == 3 and shape[-1] in (3, 4) and min(shape[:2]) > 4:
        return "YXS"
    return "?" * (len(shape) - 3) + "ZYX"[-len(shape) :] if shape else ""


def read_png(path: Path) -> Read:
    """Read a PNG; of one with a palette the indices, which are its labels."""
    import numpy as np
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path) as image:
                array = np.asarray(image)
    except Image.DecompressionBombError as error:
        raise InputError(f"{path}: is too large for a PNG ({error}); save it as TIFF.") from None
    return array, "YX" if array.ndim == 2 else "YXS", {}


class _Complaints(logging.Handler):
    """tifffile reads on past a missing part and only logs it: as an error, or that it is zeroed."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        said = record.getMessage()
        if record.levelno >= logging.ERROR or "zeroed" in said:
            self.said.append(said)


def read_tiff(path: Path, own: bool = False) -> Read:
    """Read a TIFF, OME-TIFF or ImageJ TIFF of one series at full resolution.

    Of an image that lies in several OME-TIFF files the whole is read, whichever of them is given, or with
    `own` the planes of this file alone.
    """
    import tifffile

    if image := ome.spread(path):
        array, axes = ome.read_spread(path, image, own)
        return array, axes, _pixels_sizes(image.pixels)
    log, complaints = logging.getLogger("tifffile"), _Complaints()
    spreads, log.propagate = log.propagate, False
    silent, log.disabled = log.disabled, False  # cryoDRGN's import silences every logger there is
    log.addHandler(complaints)
    try:
        with tifffile.TiffFile(path) as tiff:
            if len(tiff.series) > 1:
                shapes = ", ".join(str(series.shape) for series in tiff.series[:3])
                raise InputError(
                    f"{path}: holds {len(tiff.series)} images ({shapes}); expected a plane or stack a file."
                )
            series = tiff.series[0]
            held = path.stat().st_size
            for page in tiff.pages:
                for offset, count in zip(page.dataoffsets, page.databytecounts, strict=False):
                    if offset + count > held:
                        raise damaged(path, f"it ends at byte {held}, its pixels at {offset + count}")
            array, axes = series.asarray(), series.axes
            sizes = _ome_sizes(tiff.ome_metadata) if tiff.ome_metadata else _imagej_sizes(tiff)
    finally:
        log.removeHandler(complaints)
        log.propagate, log.disabled = spreads, silent
    if complaints.said:
        raise damaged(path, complaints.said[0])
    return array, axes, sizes


def _ome_sizes(xml: str) -> dict[str, float]:
    all_pixels = (one for one in ElementTree.fromstring(xml).iter() if one.tag.endswith("}Pixels"))
    return next((_pixels_sizes(pixels) for pixels in all_pixels), {})


def _pixels_sizes(pixels: ElementTree.Element) -> dict[str, float]:
    sizes = {}
    for axis in "XYZ":
        size = _micrometres(pixels.get(f"PhysicalSize{axis}"), pixels.get(f"PhysicalSize{axis}Unit", "um"))
        if size is not None:
            sizes[axis] = size
    return sizes


def _imagej_sizes(tiff: Any) -> dict[str, float]:
    """Only where ImageJ names the unit: the resolution of any other TIFF is mostly one for printing."""
    about = tiff.imagej_metadata or {}
    sizes, tags = {}, tiff.pages[0].tags
    for axis in "XY":
        pixels, per = tags[f"{axis}Resolution"].value if f"{axis}Resolution" in tags else (0, 1)
        size = _micrometres(per / pixels if pixels else None, about.get("unit"))
        if size is not None:
            sizes[axis] = size
    if (depth := _micrometres(about.get("spacing"), about.get("unit"))) is not None:
        sizes["Z"] = depth
    return sizes


def _micrometres(value: object, unit: object) -> float | None:
    """Size in micrometres, or None where it is no positive number of a known unit."""
    name = str(unit).strip().lower().replace("\\u00b5", "u")
    name = re.sub("[\u00b5\u03bc]", "u", name).replace("\u00e5", "a").replace("\u212b", "a")
    try:
        size = float(value) * _MICROMETRES[name]  # type: ignore[arg-type]
    except (TypeError, ValueError, KeyError):
        return None
    return size if 0 < size < float("inf") else None


def read_zarr(path: Path, labels: bool) -> Read:
    """Read an OME-Zarr 0.4 or 0.5 at full resolution (its label image where `labels`) or a bare array."""
    import zarr

    held = sorted(part.name for part in path.iterdir())
    if not {"zarr.json", ".zgroup", ".zarray"} & set(held):
        what = f"holds {', '.join(held[:3])}" if held else "is empty"
        raise InputError(
            f"{path}: is a folder that {what}; expected one image or an OME-Zarr (with zarr.json or .zgroup)."
        )
    try:
        node: Any = zarr.open(str(path), mode="r")
        if isinstance(node, zarr.Array):
            return _numbers(path, node), _guess(node.shape), {}
        group, name = _label_group(path, node) if labels else (node, "")
        about = group.attrs.get("ome", group.attrs)
        if "multiscales" not in about:
            raise InputError(
                f"{path}{name}: is a zarr group without 'multiscales'; expected an OME-Zarr image."
            )
        scales = about["multiscales"][0]
        first = max(scales["datasets"], key=lambda level: group[level["path"]].size)
        array = group[first["path"]]
        axes = scales.get("axes") or [{"name": axis} for axis in "tczyx"[-array.ndim :]]
        axes = [axis if isinstance(axis, dict) else {"name": axis} for axis in axes]
        letters = "".join(axis["name"].upper()[:1] for axis in axes)
        return _numbers(path, array), letters, _zarr_sizes(axes, scales, first)
    except InputError:
        raise
    except Exception as error:  # a store's codecs raise many kinds; every one means it cannot be read
        raise (_pickled(path) if "pickle" in str(error) else damaged(path, error)) from error


def _numbers(path: Path, array: Any) -> Any:
    """Read an array after making sure that nothing in it is a pickle, whichever version of zarr reads it."""
    codecs = [codec for kind in ("filters", "compressors") for codec in getattr(array, kind, None) or ()]
    if array.dtype.kind not in "biufc" or "pickle" in repr(codecs).lower():
        raise _pickled(path)
    return array[...]


def _label_group(path: Path, group: Any) -> tuple[Any, str]:
    """The label image of an OME-Zarr image, or the group itself where it is one."""
    import zarr

    if "labels" not in group:
        return group, ""
    folder = group["labels"]
    names = sorted(name for name, member in folder.members() if isinstance(member, zarr.Group))
    if len(names) != 1:
        listed = ", ".join(names) or "none"
        raise InputError(
            f"{path}: has {len(names)} label images ({listed}); give the path of one: {path}/labels/NAME."
        )
    return folder[names[0]], f"/labels/{names[0]}"


def _zarr_sizes(axes: list[dict], scales: dict, dataset: dict) -> dict[str, float]:
    factors = [1.0] * len(axes)
    for source in (dataset, scales):
        for step in source.get("coordinateTransformations", []):
            if step.get("type") == "scale":
                factors = [one * float(other) for one, other in zip(factors, step["scale"], strict=True)]
    sizes = {}
    for axis, factor in zip(axes, factors, strict=True):
        if (size := _micrometres(factor, axis.get("unit"))) is not None:
            sizes[axis["name"].upper()[:1]] = size
    return sizes
