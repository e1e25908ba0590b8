"""OME-Zarr volumes, read by channel and plane from the cache; what is missing is fetched file by file."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

from scopecheck.data import cache
from scopecheck.data.catalogue import Kind, describe
from scopecheck.data.sample import Sample
from scopecheck.errors import DataError, InputError


def open_zarr(name: str, *, kinds: tuple[Kind, ...] | None = None) -> Any:
    """Open an OME-Zarr dataset lazily as a read-only zarr group; a file is verified before it is read.

    `kinds` are the kinds of source to try, in this order: a mirror and ("archive",) give only the files that
    are read, a package is fetched once and all its files of this dataset with it. Raises DataError, here or
    on reading, if a file cannot be had with its hash.
    """
    import zarr
    from zarr.storage import LocalStore

    entry = describe(name)
    if entry.format != "ome-zarr":
        raise DataError(f"{name} is not an OME-Zarr image but {entry.format}.")
    files = {file.name: file for file in entry.files}

    class CatalogueStore(LocalStore):
        async def get(self, key, prototype=None, byte_range=None):
            if key not in files:
                return None
            await asyncio.to_thread(partial(cache.ensure, entry, files[key], kinds))
            return await super().get(key, prototype, byte_range)

        async def get_partial_values(self, prototype, key_ranges):
            return [await self.get(key, prototype, byte_range) for key, byte_range in key_ranges]

        async def exists(self, key):
            return key in files

    folder = cache.cached_path(entry)
    with cache.usable():
        folder.mkdir(parents=True, exist_ok=True)
    return zarr.open_group(CatalogueStore(folder, read_only=True), mode="r", use_consolidated=False)


def plane(
    name: str, *, z: int | None, channel: str | int = "DAPI", kinds: tuple[Kind, ...] | None = None
) -> Sample:
    """Return one plane of an OME-Zarr volume with its outlines, reading no other file than it needs.

    Parameters
    ----------
    name
        A dataset whose format is ome-zarr.
    z
        The plane, 0-based; None gives the volume: arrays (Z, Y, X), pixel_size (z, y, x).
    channel
        A channel's name (case does not matter) or index.
    kinds
        As in `open_zarr`; None is the catalogue's order.

    Returns
    -------
    Sample
        image (Y, X) as stored, truth (Y, X) int32, pixel_size (y, x) in micrometres; all planes of a volume
        share one acquisition.
    """
    entry, group = describe(name), open_zarr(name, kinds=kinds)
    image, labels = group["0"], group["labels/0/0"]
    named = [str(item["label"]) for item in group.attrs["ome"]["omero"]["channels"]]
    known = {str(i): i for i in range(len(named))} | {label.lower(): i for i, label in enumerate(named)}
    if (index := known.get(str(channel).lower())) is None:
        raise InputError(f"{name} has no channel {channel!r}; it has {', '.join(named)}.")
    if z is not None and z not in range(image.shape[1]):
        raise InputError(f"{name} has no plane {z}; z runs from 0 to {image.shape[1] - 1}.")
    at = slice(None) if z is None else int(z)
    size, title = entry.pixel_size, named[index]
    if z is not None:
        size, title = size and size[1:], f"z={z} {title}"
    return Sample(title, image[index, at], labels[0, at].astype("int32"), size, name, name, entry.modality)
