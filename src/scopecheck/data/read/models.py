"""Atomic models, and what the EMDB records of an entry."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scopecheck.data.read.mrc import is_file
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
        (c.name, r.seqid.num, r.name, a.name, _element(a, r), *a.pos.tolist(), a.b_iso, polymer)
        for c in (structure[0] if len(structure) else ())
        for r in c
        for polymer in [r.entity_type == gemmi.EntityType.Polymer]
        for a in r
    ]
    if not rows:
        raise InputError(f"{path}: holds no atoms; expected an atomic model (PDB or mmCIF).")
    columns = ["chain", "residue", "name", "atom", "element", "x", "y", "z", "b", "polymer"]
    return pd.DataFrame(rows, columns=columns)


def read_mapq(path: str | Path, chain: str) -> pd.Series:
    """Read the Q-score of each residue of a chain from the table that MapQ writes (``..._All.txt``).

    Returns
    -------
    Series of float
        By residue number; residues without a score are left out.

    Raises
    ------
    InputError
        If there is no such file, or it has no scored residue of the chain.
    """
    import pandas as pd

    path = is_file(path, "the table that MapQ writes (..._All.txt)")
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    rows = [row for line in lines if (row := line.split("\t"))[0] == chain and len(row) > 5]
    found = {int(row[2]): float(row[5]) for row in rows if row[2].isdigit() and row[5].strip()}
    if not found:
        raise InputError(
            f"{path}: no scored residue of chain {chain!r}; expected lines 'chain, name, number, ...'."
        )
    return pd.Series(found)


def _element(atom: Any, residue: Any) -> str:
    """The element; CHARMM's PDB files leave it out, and CA, CE or HG of an amino acid are no metals."""
    name, held = atom.name.lstrip("0123456789"), atom.element.name
    doubtful = (len(held) == 2 or held == "X") and held != "Se" and name and residue.het_flag != "H"
    if doubtful and {"N", "CA", "C"} <= {other.name for other in residue}:
        return str(name[0])
    return str(held)


# what is asked of a record, and the way of tags to it in EMDB's XML and JSON (schema 3)
_RECORD: dict[str, tuple[str, type]] = {
    "title": ("admin/title", str),
    "sample": ("sample/name", str),
    "method": ("structure_determination/method", str),
    "deposited": ("key_dates/deposition", str),
    "microscope": ("microscope", str),
    "voltage": ("acceleration_voltage", float),
    "cs": ("nominal_cs", float),
    "defocus_min": ("nominal_defocus_min", float),
    "defocus_max": ("nominal_defocus_max", float),
    "dose": ("average_electron_dose_per_image", float),
    "detector": ("film_or_detector_model", str),
    "buffer_ph": ("buffer/ph", float),
    "cryogen": ("cryogen_name", str),
    "resolution": ("final_reconstruction/resolution", float),
    "resolution_method": ("final_reconstruction/resolution_method", str),
    "particles": ("final_reconstruction/number_images_used", int),
    "symmetry": ("applied_symmetry/point_group", str),
    "pixel_size": ("map/pixel_spacing/x", float),
    "contour_level": ("map/contour_list/level", float),
    "half_maps": ("half_map/file", list),
    "masks": ("segmentation/file", list),
    "pdb": ("pdb_reference/pdb_id", list),
    "doi": ("journal_citation/external_references", str),
}
_ANGSTROM = {"\u00b5m": 1e4, "\u03bcm": 1e4, "um": 1e4, "nm": 10.0, "\u00c5": 1.0, "\u212b": 1.0, "A": 1.0}
Leaf = tuple[tuple[str, ...], str, str]  # tags on the way, value, unit


def read_emdb_record(path: str | Path) -> dict[str, Any]:
    """Read an EMDB entry's record, the XML header file or the API's JSON (schema 3).

    Returns
    -------
    dict
        accession and, of these, those that the record states: title, sample, method, deposited, microscope,
        voltage (kV), cs (mm), defocus_min and defocus_max (A, underfocus positive), dose (e/A^2), detector,
        buffer_ph, cryogen, resolution (A), resolution_method, particles, symmetry, pixel_size (A),
        contour_level, half_maps, masks and pdb (lists), doi. A field that the record leaves out is absent.

    Raises
    ------
    InputError
        If the file is neither, has no accession, or has text where a number belongs.
    """
    path = is_file(path, "an EMDB record (XML or JSON)")
    text = path.read_bytes()
    try:
        leaves = list(_leaves(json.loads(text) if text.lstrip()[:1] == b"{" else _xml(path, text)))
    except (ValueError, SyntaxError, RecursionError) as error:
        raise InputError(f"{path}: is neither XML nor JSON ({error}); expected an EMDB record.") from None
    accession = next((value for at, value, _ in leaves if at[-1:] == ("emdb_id",)), None)
    if not accession:
        raise InputError(f"{path}: has no emdb_id; expected the record of an EMDB entry.")
    record: dict[str, Any] = {"accession": accession}
    for name, (where, kind) in _RECORD.items():
        found = [leaf for leaf in leaves if _leads(leaf[0], where.split("/"))]
        if name == "doi":
            found = [leaf for leaf in found if "10." in leaf[1]]
        if not found:
            continue
        _, value, unit = min(found, key=lambda leaf: len(leaf[0]))
        try:
            record[name] = [leaf[1] for leaf in found] if kind is list else kind(value)
        except ValueError:
            raise InputError(f"{path}: {where} is {value!r}; expected a number.") from None
        if name.startswith("defocus") and unit in _ANGSTROM:
            record[name] *= _ANGSTROM[unit]
        elif name.startswith("defocus"):
            del record[name]  # of an unknown unit
    return record


def _leads(at: tuple[str, ...], wanted: list[str]) -> bool:
    """Whether the tags of `wanted` stand in this order on the way to a leaf, the last as the leaf's own."""
    rest = iter(at)
    return at[-1:] == (wanted[-1],) and all(tag in rest for tag in wanted)


def _xml(path: Path, text: bytes) -> dict[str, Any]:
    """Put an XML file into the shape of the API's JSON."""
    from xml.etree import ElementTree

    if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
        raise InputError(f"{path}: declares entities, which an EMDB record does not; it is not opened.")

    def plain(element: ElementTree.Element) -> dict[str, Any]:
        held: dict[str, Any] = {**element.attrib, "valueOf_": (element.text or "").strip()}
        for child in element:
            held.setdefault(child.tag.rpartition("}")[2], []).append(plain(child))
        return held

    return plain(ElementTree.fromstring(text))


def _leaves(tree: Any, at: tuple[str, ...] = (), unit: str = "") -> Iterator[Leaf]:
    if isinstance(tree, dict):
        for key, value in tree.items():
            if key != "units":
                below = at if key == "valueOf_" else (*at, key)
                yield from _leaves(value, below, str(tree.get("units", "")) if below == at else "")
    elif isinstance(tree, list):
        for value in tree:
            yield from _leaves(value, at, unit)
    elif tree not in (None, ""):
        yield at, str(tree), unit
