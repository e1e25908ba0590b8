"""Names in, verified arrays with their truth and acquisition out; see `data/catalogue.yaml`."""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOMES = {
    "catalogue": ("describe", "truth_uncertainty", "Entry"),
    "sample": ("Sample",),
    "datasets": ("fetch", "is_here", "load", "samples", "where"),
    "volumes": ("open_zarr", "plane"),
    "labels": ("read_labels",),
    "own": ("own_image", "own_list", "own_pair"),
    "read.images": ("read_image",),
    "read.mrc": ("MapFile", "read_map", "read_micrograph", "read_stack"),
    "read.picks": ("centres_from_mask", "read_picks"),
    "read.particle_tables": ("read_particles",),
    "read.models": ("read_emdb_record", "read_mapq", "read_model"),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}
__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value
