"""From a dataset's verified files to samples: image files, run lengths, COCO polygons."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from scopecheck.data import cache
from scopecheck.data.catalogue import Entry, File
from scopecheck.data.sample import Sample
from scopecheck.errors import DataError


def run_lengths(rows: list[str], shape: tuple[int, ...]) -> np.ndarray:
    """Decode the Data Science Bowl's run lengths to a label image (Y, X) of int32.

    Each string of `rows` is an object: pairs "start length", 1-based, counted down the columns. Object k has
    label k + 1; where objects overlap the later one wins.
    """
    flat = np.zeros(int(np.prod(shape)), np.int32)
    for label, row in enumerate(rows, 1):
        for start, length in np.asarray(row.split(), int).reshape(-1, 2):
            flat[start - 1 : start - 1 + length] = label
    return flat.reshape(shape, order="F")


def polygons(annotations: list[dict[str, Any]], shape: tuple[int, ...]) -> np.ndarray:
    """Draw the COCO polygons of one image as a label image (Y, X) of int32; annotation k has label k + 1.

    Pixel centres lie at whole x, y; a pixel of several polygons goes to the smallest of them.
    """
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


def red_values(mask: np.ndarray) -> np.ndarray:
    """Label the connected patches of each red value of a mask (Y, X, C) on its own: int32 from 1.

    Values above 0 do not number the objects: they only differ between objects that touch, and come again
    elsewhere. Taken together the patches would merge what touches.
    """
    from skimage.measure import label

    red = mask[..., 0]
    labels = np.zeros(red.shape, np.int32)
    for value in np.unique(red[red > 0]):
        patches = label(red == value, connectivity=1)
        labels[patches > 0] = patches[patches > 0] + labels.max()
    return labels


def _read(entry: Entry, file: File) -> np.ndarray:
    from skimage.io import imread

    path = cache.cached_path(entry, file)
    try:
        return imread(path)
    except (ValueError, OSError) as error:
        raise DataError(f"{path}: cannot be read as an image ({error}).") from None


def _sample(entry: Entry, name: str, image: np.ndarray, truth: np.ndarray, setting: str) -> Sample:
    if truth.shape[:2] != image.shape[:2]:
        raise DataError(f"{entry.name}/{name}: image {image.shape} and truth {truth.shape} differ in shape.")
    size, own = entry.pixel_size, f"{entry.name}/{name}"
    return Sample(name, image, truth.astype(np.int32), size, own, entry.name, setting)


def _pairs(entry: Entry) -> list[Sample]:
    by_sample: dict[str, dict[str, np.ndarray]] = defaultdict(dict)
    for file in entry.files:
        if file.sample is not None:
            by_sample[file.sample][file.role] = _read(entry, file)
    return [_sample(entry, k, v["image"], v["truth"], entry.modality) for k, v in by_sample.items()]


def _red_values(entry: Entry) -> list[Sample]:
    """Images and masks in two folders; the part of a name behind its first _ is the well."""
    found = []
    for file in (f for f in entry.files if f.name.startswith("images/")):
        name = Path(file.name).stem
        mask = next(f for f in entry.files if f.name == f"masks/{name}.png")
        one = _sample(entry, name, _read(entry, file), red_values(_read(entry, mask)), name.split("_")[1])
        found.append(replace(one, acquisition=f"{entry.name}/{one.setting}"))
    return found


def _run_lengths(entry: Entry) -> list[Sample]:
    table = next(file for file in entry.files if file.role == "truth")
    rows, shapes = defaultdict(list), {}
    with cache.cached_path(entry, table).open(newline="", encoding="utf-8") as handle:
        for row in csv.DictReader(handle):
            rows[row["ImageId"]].append(row["EncodedPixels"])
            shapes[row["ImageId"]] = (int(row["Height"]), int(row["Width"]))
    found = []
    for file in entry.files:
        if file is table or (entry.may_lack(file) and not cache.ready(entry, file)):
            continue
        name, image = Path(file.name).stem, _read(entry, file)
        colour = image.ndim == 3 and bool(np.ptp(image[..., :3], axis=-1).any())
        if image.ndim == 3:
            image = image[..., :3] if colour else image[..., 0]
        setting = f"{image.shape[0]}x{image.shape[1]} {'colour' if colour else 'grey'}"
        found.append(_sample(entry, name, image, run_lengths(rows[name], shapes[name]), setting))
    return found


def _coco(entry: Entry) -> list[Sample]:
    found = []
    for table in (file for file in entry.files if file.role == "truth"):
        content = json.loads(cache.cached_path(entry, table).read_text(encoding="utf-8"))
        ids = {image["file_name"]: image["id"] for image in content["images"]}
        for file in (file for file in entry.files if file.role == "image"):
            if Path(file.name).parent == Path(table.name).parent:
                image = _read(entry, file)[..., 0]
                own = ids[Path(file.name).name]
                mine = [item for item in content["annotations"] if item["image_id"] == own]
                truth = polygons(mine, image.shape)
                found.append(_sample(entry, file.sample or file.name, image, truth, entry.modality))
    return sorted(found, key=lambda sample: sample.name)


READERS = {"pairs": _pairs, "red-values": _red_values, "run-lengths": _run_lengths, "coco": _coco}
