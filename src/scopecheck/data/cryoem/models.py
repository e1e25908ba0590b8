"""Atomic models, and what the EMDB records of an entry."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scopecheck.data.cryoem.mrc import is_file
from scopecheck.errors import InputError

if TYPE_CHECKING:
    import pandas as pd


def read_model(path: str | Path) -> pd.DataFrame:
    """Read the first model of a PDB or mmCIF file (also gzipped), one row an atom.

    Returns
    -------
    DataFrame
        chain, residue (number), name (of the residue), atom, element, x, y, z (Angstrom, the map's frame),
        b (A^2), polymer (False for ligands, ions and water). Of alternative conformations the first is
        kept.

    Raises
    ------
    InputError
        If the file cannot be read as a model or holds no atoms.
    """
    import gemmi
    import pandas as pd

    path = is_file(path, "an atomic model (.pdb or .cif)")
    try:
        structure = gemmi.read_structure(str(path))
        structure.setup_entities()
        structure.remove_alternative_conformations()
    except (RuntimeError, ValueError, OSError, IndexError) as error:
        said = " ".join(str(error).split())[:160]
        raise InputError(
            f"{path}: cannot be read as an atomic model ({said}); expected PDB or mmCIF."
        ) from None
    rows = [
        (c.name, r.seqid.num, r.name, a.name, a.element.name, *a.pos.tolist(), a.b_iso, polymer)
        for c in (structure[0] if len(structure) else ())
        for r in c
        for polymer in [r.entity_type == gemmi.EntityType.Polymer]
        for a in r
    ]
    if not rows:
        raise InputError(f"{path}: holds no atoms; expected an atomic model (PDB or mmCIF).")
    columns = ["chain", "residue", "name", "atom", "element", "x", "y", "z", "b", "polymer"]
    return pd.DataFrame(rows, columns=columns)


# what the passport asks of a record, and the names it goes by in EMDB's XML and JSON (schema 3)
_RECORD: dict[str, tuple[str, type]] = {
    "title": ("admin/title", str),
    "sample": ("sample/name", str),
    "method": ("structure_determination/method", str),
    "deposited": ("admin/key_dates/deposition", str),
    "microscope": ("microscopy/microscope", str),
    "voltage": ("microscopy/acceleration_voltage", float),
    "cs": ("microscopy/nominal_cs", float),
    "defocus_min": ("microscopy/nominal_defocus_min", float),
    "defocus_max": ("microscopy/nominal_defocus_max", float),
    "dose": ("image_recording/average_electron_dose_per_image", float),
    "detector": ("image_recording/film_or_detector_model", str),
    "buffer_ph": ("buffer/ph", float),
    "cryogen": ("vitrification/cryogen_name", str),
    "resolution": ("final_reconstruction/resolution", float),
    "resolution_method": ("final_reconstruction/resolution_method", str),
    "particles": ("final_reconstruction/number_images_used", float),
    "symmetry": ("applied_symmetry/point_group", str),
    "pixel_size": ("map/pixel_spacing/x", float),
    "contour_level": ("map/contour_list/contour/level", float),
    "half_maps": ("half_map/file", list),
    "masks": ("segmentation/file", list),
    "pdb": ("pdb_reference/pdb_id", list),
    "doi": ("journal_citation/external_references", str),
}


def read_emdb_record(path: str | Path) -> dict[str, Any]:
    """Read an EMDB entry's record, the XML header file or the API's JSON (schema 3).

    Returns
    -------
    dict
        accession and, of these, those that the record states: title, sample, method, deposited, microscope,
        voltage (kV), cs (mm), defocus_min and defocus_max (as recorded, mostly nm), dose (e/A^2), detector,
        buffer_ph, cryogen, resolution (A), resolution_method, particles, symmetry, pixel_size (A),
        contour_level, half_maps, masks and pdb (lists), doi. A field the record leaves out is absent, never
        guessed.

    Raises
    ------
    InputError
        If the file is neither, or has no accession.
    """
    path = is_file(path, "an EMDB record (XML or JSON)")
    text = path.read_bytes()
    try:
        tree = json.loads(text) if text.lstrip()[:1] == b"{" else _xml(path, text)
    except (ValueError, SyntaxError, RecursionError) as error:
        raise InputError(f"{path}: is neither XML nor JSON ({error}); expected an EMDB record.") from None
    leaves = list(_leaves(tree, ()))
    accession = next((value for at, value in leaves if at[-1] == "emdb_id"), None)
    if not accession:
        raise InputError(f"{path}: has no emdb_id; expected the record of an EMDB entry.")
    record: dict[str, Any] = {"accession": str(accession)}
    for name, (where, kind) in _RECORD.items():
        wanted = where.split("/")
        found = [value for at, value in leaves if _ends(at, wanted)]
        try:
            if found:
                record[name] = [str(value) for value in found] if kind is list else kind(found[0])
        except ValueError:
            raise InputError(f"{path}: {where} is {found[0]!r}; expected a number.") from None
    return record


def _ends(at: tuple[str, ...], wanted: list[str]) -> bool:
    """Whether the tags of `wanted` stand in this order on the way to a leaf, the last as the leaf's own."""
    rest = iter(at)
    return at[-1] == wanted[-1] and all(tag in rest for tag in wanted)


def _xml(path: Path, text: bytes) -> dict[str, Any]:
    from xml.etree import ElementTree

    if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
        raise InputError(f"{path}: declares entities, which an EMDB record does not; it is not opened.")

    def plain(element: ElementTree.Element) -> Any:
        held: list[Any] = [{key: value} for key, value in element.attrib.items()]
        held += [{child.tag.rpartition("}")[2]: plain(child)} for child in element]
        return [*held, (element.text or "").strip()]

    root = ElementTree.fromstring(text)
    return {root.tag.rpartition("}")[2]: plain(root)}


def _leaves(tree: Any, at: tuple[str, ...]) -> Any:
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from _leaves(value, at if key == "valueOf_" else (*at, key))
    elif isinstance(tree, list):
        for value in tree:
            yield from _leaves(value, at)
    elif tree not in (None, ""):
        yield at, tree
