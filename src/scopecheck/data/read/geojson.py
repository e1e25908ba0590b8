"""Objects that QuPath exports as GeoJSON."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from scopecheck.data.read.outlines import Outline, Outlines, content, ring
from scopecheck.errors import InputError

NO_CLASS = "no class"
OBJECTS = ("cell", "detection", "tile")  # what QuPath's detection makes; annotations are regions around it


def read_geojson(path: Path, *, nuclei: bool = False, only: str | None = None) -> Outlines:
    """Read polygons of a GeoJSON file in pixel coordinates (x, y), as QuPath writes it.

    Where the file holds cells or detections, the annotations around them are regions and are left out.
    Points and lines are left out. What is left out is noted.

    Parameters
    ----------
    path : Path
    nuclei : bool
        Of cells take ``nucleusGeometry`` instead of the cell's outline.
    only : str, optional
        The class of the objects that are meant, such as ``Tumor`` or ``Tumor: Positive``; all by default.

    Returns
    -------
    Outlines
        Without a shape, which GeoJSON does not hold.

    Raises
    ------
    InputError
        If the file is no GeoJSON of polygons, corners are no finite numbers, it was written in degrees, or no
        object of the file has a class while `only` names one.

    References
    ----------
    RFC 7946, doi:10.17487/RFC7946. Bankhead et al. (2017), doi:10.1038/s41598-017-17204-5.
    """
    features = _features(path)
    kinds = [_property(one, "objectType") for one in features]
    notes = []
    kept = list(range(len(features)))
    if (some := [i for i, kind in enumerate(kinds) if kind in OBJECTS]) and len(some) < len(kept):
        notes.append(
            f"{len(kept) - len(some)} annotations are taken for regions around {len(some)} cells or"
            " detections, and left out"
        )
        kept = some
    classes = Counter(_class(features[i]) for i in kept)
    told = ", ".join(f"{name} {n}" for name, n in classes.most_common(4))
    if only is not None:
        if features and set(classes) == {NO_CLASS}:
            raise InputError(f"{path}: no object has a class; leave out --labels class:{only}.")
        if features and only not in classes and not any(_related(name, only) for name in classes):
            raise InputError(f"{path}: no object is of the class {only!r}; there are {told}.")
        kept = [i for i in kept if _related(_class(features[i]), only)]
        notes.append(f"{len(kept)} objects of the class {only} are taken ({told})")
    found: list[Outline] = []
    odd: Counter[str] = Counter()
    lacking = 0
    for i in kept:
        one, name = features[i], f"object {i + 1}"
        geometry = one.get("geometry")
        if nuclei:
            geometry = one.get("nucleusGeometry")
            lacking += geometry is None
        if geometry is None:
            odd["no geometry"] += not nuclei
            continue
        kind = geometry.get("type") if isinstance(geometry, dict) else None
        if kind not in ("Polygon", "MultiPolygon"):
            odd[str(kind)] += 1
            continue
        plane = geometry.get("plane") if isinstance(geometry.get("plane"), dict) else {}
        z = int(plane.get("z", 0)) if isinstance(plane.get("z", 0), int | float) else 0
        parts = geometry.get("coordinates")
        parts = [parts] if kind == "Polygon" else parts
        if not isinstance(parts, list) or not all(isinstance(part, list) and part for part in parts):
            raise InputError(f"{path}: {name}: has no coordinates; expected rings of corners.")
        found.append(
            Outline(name, [[ring(path, name, r) for r in part] for part in parts], z + 1 if z else None)
        )
    if nuclei and lacking == len(kept):
        raise InputError(f"{path}: no object has a nucleus ('nucleusGeometry'); leave out --labels nuclei.")
    if lacking:
        notes.append(f"{lacking} of {len(kept)} objects have no nucleus and are left out")
    if left := sum(odd.values()):
        told = ", ".join(f"{n} {kind}" for kind, n in odd.items() if n)
        notes.append(f"{left} objects that are no polygons are left out ({told})") if told else None
    if kept and not found:
        raise InputError(
            f"{path}: holds no polygon ({', '.join(f'{n} {kind}' for kind, n in odd.items())}); expected"
            " outlines. Points have no area: count them in a table."
        )
    if only is None and len(classes) > 1:
        notes.append(f"objects of {len(classes)} classes are taken together ({told})")
    if any(one.plane for one in found):
        found = [Outline(one.name, one.parts, one.plane or 1) for one in found]
    return Outlines(path, found, notes=notes)


def _features(path: Path) -> list[dict[str, Any]]:
    data = content(path)
    try:
        held = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: is no GeoJSON or is cut short ({str(error)[:80]}).") from None
    if isinstance(held, dict):
        if isinstance(crs := held.get("crs"), dict) and "CRS84" in str(crs):
            raise InputError(f"{path}: is in degrees on the Earth (CRS84); expected pixels of an image.")
        kind = held.get("type")
        held = held.get("features") if kind == "FeatureCollection" else [held] if kind == "Feature" else None
    if not isinstance(held, list) or not all(isinstance(one, dict) for one in held):
        raise InputError(f"{path}: is JSON, but no GeoJSON of features; export objects as GeoJSON in QuPath.")
    if any(one.get("type") != "Feature" for one in held):
        raise InputError(f"{path}: holds what is no GeoJSON feature; export objects as GeoJSON in QuPath.")
    return held


def _property(feature: dict[str, Any], name: str) -> Any:
    properties = feature.get("properties")
    return properties.get(name) if isinstance(properties, dict) else None


def _class(feature: dict[str, Any]) -> str:
    said = _property(feature, "classification")
    name = said.get("name") if isinstance(said, dict) else said
    return str(name) if name else NO_CLASS


def _related(name: str, only: str) -> bool:
    """Whether a class is the one that is meant, or one derived from it, as QuPath names them."""
    return name == only or name.startswith(f"{only}: ")
