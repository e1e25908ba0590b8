"""Names in, verified arrays with their truth out."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scopecheck.data import cache
from scopecheck.data.catalogue import Entry, File, Kind, describe
from scopecheck.errors import DataError, InputError

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, eq=False)
class Sample:
    """One image with its truth.

    Attributes
    ----------
    name : str
        Name within the dataset.
    image : ndarray
        (Y, X), (Y, X, C) or (Z, Y, X), as stored.
    truth : ndarray of int32 or None
        Label image of the same Y, X (and Z); 0 is background.
    pixel_size : tuple of float or None
        Micrometres along the image's spatial axes in their order; None where not known.
    acquisition : str
        Samples with the same acquisition (planes of one volume) are not independent.
    dataset : str
        The catalogue's name.
    setting : str
        The acquisition setting as far as it can be told, to group by.
    """

    name: str
    image: np.ndarray
    truth: np.ndarray | None
    pixel_size: tuple[float, ...] | None
    acquisition: str
    dataset: str
    setting: str = ""


def fetch(name: str, *, kinds: tuple[Kind, ...] | None = None) -> Path:
    """Fetch every file of a dataset into the cache and return its folder, or the file itself where there is only one.

    Parameters
    ----------
    name
        A name of the catalogue.
    kinds
        The kinds of source to try ("package", "url", "archive"), in this order; None tries all as the catalogue says.

    Raises
    ------
    DataError
        If the name is not known or no source gives a file with its hash.
    """
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    entry = describe(name)
    missing = [file for file in entry.files if not cache.ready(entry, file)]
    if missing:
        total = sum(file.bytes or 0 for file in missing)
        columns = [
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
        ]
        with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
            task = progress.add_task(f"{name}, {len(missing)} file(s)", total=total)
            for file in missing:
                cache.ensure(entry, file, kinds, progress)
                progress.update(task, advance=file.bytes or 0)
    return where(name)


def where(name: str) -> Path:
    """Return where a dataset lies, or would lie, in the cache: its folder, or its file where there is only one."""
    entry = describe(name)
    return cache.place(entry, entry.files[0] if len(entry.files) == 1 else None)


def _pixel_size(entry: Entry) -> tuple[float, ...] | None:
    return None if isinstance(entry.pixel_size_um, str) else entry.pixel_size_um


def _read(path: Path) -> np.ndarray:
    from skimage.io import imread

    try:
        return imread(path)
    except (ValueError, OSError) as error:
        raise DataError(f"{path}: cannot be read as an image ({error}).") from None


def _sample(entry: Entry, name: str, image: np.ndarray, truth: np.ndarray, setting: str) -> Sample:
    if truth.shape[:2] != image.shape[:2]:
        raise DataError(f"{entry.name}/{name}: image {image.shape} and truth {truth.shape} differ in shape.")
    return Sample(
        name, image, truth.astype("int32"), _pixel_size(entry), f"{entry.name}/{name}", entry.name, setting
    )


def _pairs(entry: Entry) -> list[Sample]:
    by_sample: dict[str, dict[str, File]] = defaultdict(dict)
    for file in entry.files:
        if file.sample is not None:
            by_sample[file.sample][file.role] = file
    return [
        _sample(
            entry,
            name,
            *(_read(cache.place(entry, pair[role])) for role in ("image", "truth")),
            entry.modality,
        )
        for name, pair in by_sample.items()
    ]


def decode_run_lengths(rows: list[str], shape: tuple[int, int]) -> np.ndarray:
    """Decode the Data Science Bowl's run lengths to a label image.

    Parameters
    ----------
    rows
        One string an object: pairs "start length", 1-based, counted down the columns.
    shape
        Y, X of the image.

    Returns
    -------
    ndarray of int32
        (Y, X); object k of `rows` has label k + 1. Where objects overlap the later one wins.
    """
    import numpy as np

    flat = np.zeros(shape[0] * shape[1], np.int32)
    for label, row in enumerate(rows, 1):
        runs = np.asarray(row.split(), int).reshape(-1, 2)
        for start, length in runs:
            flat[start - 1 : start - 1 + length] = label
    return flat.reshape(shape, order="F")


def _run_lengths(entry: Entry) -> list[Sample]:
    import csv

    import numpy as np

    table = next(file for file in entry.files if file.role == "truth")
    rows, shapes = defaultdict(list), {}
    with cache.place(entry, table).open(newline="") as handle:
        for row in csv.DictReader(handle):
            rows[row["ImageId"]].append(row["EncodedPixels"])
            shapes[row["ImageId"]] = (int(row["Height"]), int(row["Width"]))
    found = []
    for file in entry.files:
        if file is table:
            continue
        name, image = Path(file.name).stem, _read(cache.place(entry, file))
        colour = image.ndim == 3 and bool(np.ptp(image[..., :3], axis=-1).any())
        if image.ndim == 3:
            image = image[..., :3] if colour else image[..., 0]
        setting = f"{image.shape[0]}x{image.shape[1]} {'colour' if colour else 'grey'}"
        found.append(_sample(entry, name, image, decode_run_lengths(rows[name], shapes[name]), setting))
    return found


def decode_polygons(annotations: list[dict[str, Any]], shape: tuple[int, int]) -> np.ndarray:
    """Draw COCO polygons as a label image; a pixel of several polygons goes to the smallest of them.

    Parameters
    ----------
    annotations
        COCO annotations of one image; pixel centres lie at whole x, y.
    shape
        Y, X of the image.

    Returns
    -------
    ndarray of int32
        (Y, X); annotation k has label k + 1.
    """
    import numpy as np
    from skimage.draw import polygon

    drawn = []
    for label, item in enumerate(annotations, 1):
        mask = np.zeros(shape, bool)
        for part in item["segmentation"]:
            mask[polygon(part[1::2], part[0::2], shape)] = True
        drawn.append((int(mask.sum()), label, np.nonzero(mask)))
    labels = np.zeros(shape, np.int32)
    for _, label, pixels in sorted(drawn, key=lambda item: -item[0]):
        labels[pixels] = label
    return labels


def _coco(entry: Entry) -> list[Sample]:
    found = []
    for table in (file for file in entry.files if file.role == "truth"):
        content = json.loads(cache.place(entry, table).read_text(encoding="utf-8"))
        ids = {image["file_name"]: image["id"] for image in content["images"]}
        for file in entry.files:
            folder, _, base = file.name.rpartition("/")
            if file.role == "image" and folder == table.name.rpartition("/")[0]:
                image = _read(cache.place(entry, file))[..., 0]
                mine = [item for item in content["annotations"] if item["image_id"] == ids[base]]
                truth = decode_polygons(mine, image.shape)
                found.append(_sample(entry, file.sample or base, image, truth, entry.modality))
    return sorted(found, key=lambda sample: sample.name)


def samples(name: str) -> list[Sample]:
    """Fetch a dataset and return all of its samples; a volume is one sample, (Z, Y, X) of its nuclear channel.

    Raises
    ------
    DataError
        If it is not known, is a weight file, or cannot be fetched.
    """
    entry = describe(name)
    readers = {
        "pairs": _pairs,
        "run-lengths": _run_lengths,
        "coco": _coco,
        "ome-zarr": lambda e: [volume(e.name)],
    }
    if entry.format not in readers:
        raise DataError(f"{name} holds {entry.kind}, not images: use data.fetch({name!r}) for the path.")
    fetch(name)
    return readers[entry.format](entry)


def load(name: str) -> Sample:
    """Fetch a dataset that has one sample and return it.

    Raises
    ------
    DataError
        If it has several (use `samples`), is not known, or cannot be fetched.
    """
    found = samples(name)
    if len(found) != 1:
        raise DataError(f"{name} has {len(found)} samples: use data.samples({name!r}).")
    return found[0]


def open_zarr(name: str, *, kinds: tuple[Kind, ...] | None = None) -> Any:
    """Open an OME-Zarr dataset lazily, as a read-only zarr group: a chunk is fetched and verified when it is read.

    Parameters
    ----------
    name
        A dataset whose format is ome-zarr.
    kinds
        The kinds of source to try, in this order: ("archive",) reads over HTTP only what is asked for.
    """
    import asyncio

    import zarr
    from zarr.storage import LocalStore

    entry = describe(name)
    if entry.format != "ome-zarr":
        raise DataError(f"{name} is not an OME-Zarr image but {entry.format}.")
    files = {file.name: file for file in entry.files}

    class CatalogueStore(LocalStore):
        """A read-only store over the cache that fetches and checks a file before its first byte is used."""

        async def get(self, key, prototype=None, byte_range=None):
            if key not in files:
                return None
            await asyncio.to_thread(partial(cache.ensure, entry, files[key], kinds))
            return await super().get(key, prototype, byte_range)

        async def get_partial_values(self, prototype, key_ranges):
            return [await self.get(key, prototype, byte_range) for key, byte_range in key_ranges]

        async def exists(self, key):
            return key in files

    cache.place(entry).mkdir(parents=True, exist_ok=True)
    return zarr.open_group(
        CatalogueStore(cache.place(entry), read_only=True), mode="r", use_consolidated=False
    )


def _channel(group: Any, name: str, channel: str | int | None) -> int:
    labels = [str(item["label"]) for item in group.attrs["ome"]["omero"]["channels"]]
    if channel is None:
        channel = "dapi"
    if isinstance(channel, str):
        lower = [label.lower() for label in labels]
        if channel.lower() in lower:
            return lower.index(channel.lower())
    elif 0 <= channel < len(labels):
        return channel
    raise InputError(f"{name} has no channel {channel!r}; it has {', '.join(labels)}.")


def plane(
    name: str, *, z: int, channel: str | int | None = None, kinds: tuple[Kind, ...] | None = None
) -> Sample:
    """Return one plane of an OME-Zarr volume with its outlines; only the chunks it needs are fetched.

    Parameters
    ----------
    name
        A dataset whose format is ome-zarr.
    z
        The plane, 0-based.
    channel
        A channel's name (case does not matter) or index; None is DAPI.
    kinds
        The kinds of source to try, in this order; None is the catalogue's order.

    Returns
    -------
    Sample
        image (Y, X) as stored, truth (Y, X) int32, pixel_size (y, x) in micrometres. All planes share one acquisition.

    Raises
    ------
    InputError
        If there is no such plane or channel.
    DataError
        If a chunk cannot be fetched with its hash.
    """
    return _from_zarr(name, z, channel, kinds)


def volume(name: str, *, channel: str | int | None = None, kinds: tuple[Kind, ...] | None = None) -> Sample:
    """Return one channel of an OME-Zarr volume and its labels, both (Z, Y, X); pixel_size is (z, y, x) in micrometres."""
    return _from_zarr(name, None, channel, kinds)


def _from_zarr(name: str, z: int | None, channel: str | int | None, kinds: tuple[Kind, ...] | None) -> Sample:
    entry, group = describe(name), open_zarr(name, kinds=kinds)
    image, labels = group["0"], group["labels/0/0"]
    index = _channel(group, name, channel)
    depth = image.shape[1]
    if z is not None and not 0 <= z < depth:
        raise InputError(f"{name} has no plane {z}; z runs from 0 to {depth - 1}.")
    at = slice(None) if z is None else int(z)
    size = _pixel_size(entry)
    label = group.attrs["ome"]["omero"]["channels"][index]["label"]
    title = f"{label}" if z is None else f"z={z} {label}"
    size = size if z is None or size is None else size[1:]
    return Sample(title, image[index, at], labels[0, at].astype("int32"), size, name, name, entry.modality)
