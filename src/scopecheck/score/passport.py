"""The passport of a cryo-EM structure: what is known, what is missing, which claims the evidence bears."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from scopecheck.errors import InputError
from scopecheck.measure import maps
from scopecheck.measure.maps import model as fits
from scopecheck.measure.maps import orientation

if TYPE_CHECKING:
    import pandas as pd

DISTANCE = 1.0  # Angstrom that the atoms of a claim may lie from where the map puts them
WORDS = ("borne", "refused", "not known")
ATOMIC_NUMBER = {"C": 6, "N": 7, "O": 8, "P": 15, "S": 16, "Mg": 12, "Fe": 26, "Zn": 30}


def expected_q(resolution: float) -> float:
    """Mean Q-score (sigma 0.6) of protein in published maps of a resolution in Angstrom.

    The regression line of Pintilie et al. (2020), doi:10.1038/s41592-020-0731-1.
    """
    return 1.1192 - 0.1775 * resolution


@dataclass(frozen=True)
class Need:
    """What a kind of claim asks for: density as in an average map of `resolution`, and these fields."""

    resolution: float
    fields: tuple[str, ...]


_ALWAYS = ("resolution", "resolution method", "half maps", "pixel size")
NEEDS = {
    "design target": Need(4.5, _ALWAYS),
    "epitope": Need(4.0, (*_ALWAYS, "sample")),
    "ligand pose": Need(3.5, (*_ALWAYS, "sample", "buffer pH", "dose")),
}


@dataclass(frozen=True)
class Claim:
    """Something said of a few residues.

    Attributes
    ----------
    name : str
    kind : {"design target", "epitope", "ligand pose"}
        Design target: the chain runs here. Epitope: these side chains point here. Ligand pose: it binds so.
    chain : str
    residues : tuple of int
        As numbered in the model; for a ligand its own number.
    """

    name: str
    kind: str
    chain: str
    residues: tuple[int, ...]


@dataclass(frozen=True)
class Judged:
    """A claim, the local evidence and the word.

    Attributes
    ----------
    word : {"borne", "refused", "not known"}
        Refused where the evidence speaks against it; not known where a field that it needs is missing.
    reasons : tuple of str
    modelled : int
        Residues of the claim that the model has.
    q : float
        Mean Q-score (sigma 0.6) of the claim's atoms, those on constant density left out.
    distance : float
        Angstrom from the atoms to where the map puts them (`measure.maps.model.placement`).
    """

    claim: Claim
    word: str
    reasons: tuple[str, ...]
    modelled: int
    q: float
    distance: float


@dataclass(frozen=True)
class Passport:
    """One page about a structure.

    Attributes
    ----------
    title : str
    rows : tuple of (section, field, value, source)
        Value and source are empty where the field is missing.
    claims : tuple of Judged
    conflicts : tuple of str
        Fields that two sources give differently.
    """

    title: str
    rows: tuple[tuple[str, str, str, str], ...]
    claims: tuple[Judged, ...] = ()
    conflicts: tuple[str, ...] = field(default=())

    @property
    def missing(self) -> list[str]:
        """Names of the fields that no source gives."""
        return [name for _, name, value, _ in self.rows if not value]

    def to_html(self) -> str:
        """The page as HTML tables; a word stands beside its shape, never as a colour alone."""
        shape = {"borne": "&#9679;", "refused": "&#10005;", "not known": "?"}
        parts = [f"<h4>{escape(self.title)}</h4>", '<table class="passport"><thead><tr>']
        parts += [f"<th>{head}</th>" for head in ("", "field", "value", "source")]
        parts.append("</tr></thead><tbody>")
        before = ""
        for section, *cells in self.rows:
            shown = ["" if section == before else section, cells[0], cells[1] or "missing", cells[2]]
            parts.append("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in shown) + "</tr>")
            before = section
        parts.append("</tbody></table>")
        if self.claims:
            heads = ("claim", "kind", "modelled", "local Q", "off its density, Å", "word", "because")
            parts.append('<table class="claims"><thead><tr>' + "".join(f"<th>{h}</th>" for h in heads))
            parts.append("</tr></thead><tbody>")
            for one in self.claims:
                cells = [one.claim.name, one.claim.kind, f"{one.modelled} of {len(one.claim.residues)}"]
                cells += [_number(one.q, ".2f"), _number(one.distance, ".1f")]
                row = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
                row += f"<td>{shape[one.word]} {one.word}</td><td>{escape('; '.join(one.reasons))}</td>"
                parts.append(f"<tr>{row}</tr>")
            parts.append("</tbody></table>")
        parts += [f"<p>Sources differ: {escape(said)}</p>" for said in self.conflicts]
        parts.append(f"<p>Missing: {escape(', '.join(self.missing) or 'nothing that is asked for')}.</p>")
        return "".join(parts)


def _number(value: Any, form: str = ".3g") -> str:
    return format(float(value), form) if value is not None and math.isfinite(float(value)) else ""


def passport(
    title: str,
    *,
    record: Mapping[str, Any] | None = None,
    particles: "pd.DataFrame | None" = None,
    rotations: NDArray | None = None,
    density: Any = None,
    half_maps: tuple[NDArray, NDArray] | None = None,
    model: "pd.DataFrame | None" = None,
    claims: Sequence[Claim] = (),
) -> Passport:
    """Write the passport of a structure from whatever is at hand.

    Parameters
    ----------
    title : str
    record : mapping, optional
        Of an EMDB entry (`data.read_emdb_record`).
    particles : DataFrame, optional
        `data.read_particles`.
    rotations : (N, 3, 3) array, optional
        Of the particles, cryoDRGN's convention (`acquire.cryoem.rotations_from_relion`).
    density : MapFile, optional
        The map that the model was built in (`data.read_map`, or anything with values, pixel_size, origin).
    half_maps : two (D, D, D) arrays, optional
        On the map's grid.
    model : DataFrame, optional
        `data.read_model`; hydrogens are left out.
    claims : sequence of Claim
        Judged where there are a map and a model.

    Returns
    -------
    Passport
        A field that none of these gives is missing. Nothing is guessed or taken over from elsewhere.

    Raises
    ------
    InputError
        If a claim is of an unknown kind or names no residue, or claims come without map or model.
    """
    for claim in claims:
        if claim.kind not in NEEDS or not claim.residues:
            raise InputError(
                f"claim {claim.name!r}: kind {claim.kind!r}; expected {', '.join(NEEDS)}, with residues."
            )
    if claims and (density is None or model is None):
        raise InputError("claims: need a map and a model to be judged by; give density and model.")
    found: dict[str, dict[str, tuple[str, str]]] = {}
    _recorded(found, record or {})
    conflicts = _particles(found, record or {}, particles, rotations)
    conflicts += _map(found, record or {}, density, half_maps)
    judged: tuple[Judged, ...] = ()
    if model is not None:
        atoms = model[model["element"] != "H"].reset_index(drop=True)
        judged = _model(found, record or {}, density, atoms, claims)
    rows = []
    for section, names in SECTIONS.items():
        for name in names:
            value, source = found.get(section, {}).get(name, ("", ""))
            rows.append((section, name, value, source))
    return Passport(title, tuple(rows), judged, tuple(conflicts))


SECTIONS = {
    "acquisition": ("microscope", "voltage", "Cs", "detector", "dose", "defocus"),
    "sample": ("sample", "buffer pH", "cryogen", "symmetry"),
    "particles": ("number", "half sets", "micrographs", "pixel size of particles", "SCF of the views",
                  "unsampled by the views"),
    "map": ("pixel size", "box", "resolution", "resolution method", "half maps", "FSC 0.143",
            "conical area ratio", "masks"),
    "model": ("atoms", "ligands", "map correlation", "mean Q", "Q expected at the resolution"),
    "provenance": ("accession", "deposited", "PDB", "publication"),
}  # fmt: skip
# section, field, name in the record, unit
_RECORD = (
    ("acquisition", "microscope", "microscope", ""),
    ("acquisition", "voltage", "voltage", "kV"),
    ("acquisition", "Cs", "cs", "mm"),
    ("acquisition", "detector", "detector", ""),
    ("acquisition", "dose", "dose", "e/A^2"),
    ("sample", "sample", "sample", ""),
    ("sample", "buffer pH", "buffer_ph", ""),
    ("sample", "cryogen", "cryogen", ""),
    ("sample", "symmetry", "symmetry", ""),
    ("particles", "number", "particles", ""),
    ("map", "pixel size", "pixel_size", "A"),
    ("map", "resolution", "resolution", "A"),
    ("map", "resolution method", "resolution_method", ""),
    ("map", "half maps", "half_maps", ""),
    ("map", "masks", "masks", ""),
    ("provenance", "accession", "accession", ""),
    ("provenance", "deposited", "deposited", ""),
    ("provenance", "PDB", "pdb", ""),
    ("provenance", "publication", "doi", ""),
)
Found = dict[str, dict[str, tuple[str, str]]]


def _put(found: Found, section: str, name: str, value: str, source: str) -> None:
    if value:
        found.setdefault(section, {}).setdefault(name, (value, source))


def _recorded(found: Found, record: Mapping[str, Any]) -> None:
    for section, name, key, unit in _RECORD:
        value = record.get(key)
        if value not in (None, "", []):
            each = value if isinstance(value, list) else [value]
            text = ", ".join(f"{one:g}" if isinstance(one, float) else str(one) for one in each)
            _put(found, section, name, f"{text} {unit}".strip(), "record")
    if "defocus_min" in record and "defocus_max" in record:
        said = f"{record['defocus_min']:.0f} to {record['defocus_max']:.0f} A"
        _put(found, "acquisition", "defocus", said, "record")


def _particles(
    found: Found, record: Mapping[str, Any], table: "pd.DataFrame | None", rotations: NDArray | None
) -> list[str]:
    conflicts = []
    if table is not None:
        source = "particle table"
        if record.get("particles") not in (None, len(table)):
            conflicts.append(f"the record counts {record['particles']} particles, the table has {len(table)}")
        _put(found, "particles", "number", str(len(table)), source)
        for section, name, column, unit in (
            ("acquisition", "voltage", "voltage", "kV"),
            ("acquisition", "Cs", "cs", "mm"),
            ("particles", "pixel size of particles", "pixel_size", "A"),
        ):
            if column in table:
                text = ", ".join(f"{v:.4g}" for v in sorted(set(table[column].astype(float).round(4))))
                _put(found, section, name, f"{text} {unit}", source)
                given = record.get(column)
                if column == "voltage" and given is not None and text != f"{given:.4g}":
                    conflicts.append(f"the record says {given:g} kV, the particle table {text}")
        if {"defocus_u", "defocus_v"} <= set(table.columns):
            mean = (table["defocus_u"] + table["defocus_v"]) / 2
            _put(found, "acquisition", "defocus", f"{mean.min():.0f} to {mean.max():.0f} A", source)
        if "half_set" in table:
            sizes = table["half_set"].value_counts().sort_index()
            _put(found, "particles", "half sets", " and ".join(map(str, sizes)), source)
        if "micrograph" in table:
            _put(found, "particles", "micrographs", str(table["micrograph"].nunique()), source)
    if rotations is not None:
        try:
            views = orientation.sampling_compensation(rotations)
            said = f"{views.scf:.2f}", f"{100 * views.unsampled:.1f} %"
        except InputError as error:
            said = (f"not computed ({error})",) * 2
        _put(found, "particles", "SCF of the views", said[0], "computed from the poses")
        _put(found, "particles", "unsampled by the views", said[1], "computed from the poses")
    return conflicts


def _map(
    found: Found, record: Mapping[str, Any], density: Any, half_maps: tuple[NDArray, NDArray] | None
) -> list[str]:
    conflicts = []
    if density is not None:
        given = record.get("pixel_size")
        if given is not None and abs(given / density.pixel_size - 1) > 0.005:
            conflicts.append(
                f"pixel size {given:g} A in the record, {density.pixel_size:g} A in the map's header"
            )
        _put(found, "map", "pixel size", f"{density.pixel_size:.4g} A", "map header")
        _put(found, "map", "box", " x ".join(map(str, density.values.shape[::-1])), "map header")
    if half_maps is not None and density is not None:
        _put(found, "map", "half maps", "2", "given")
        found_at = maps.crossing(maps.fsc(*half_maps), 0.143, density.pixel_size)
        said = found_at.reason or f"{found_at.resolution:.2f} A, no mask"
        _put(found, "map", "FSC 0.143", said, "computed from the half maps")
        ratio = orientation.conical_area_ratio(orientation.conical_fsc(*half_maps, 100))
        _put(found, "map", "conical area ratio", _number(ratio, ".2f"), "computed from the half maps")
    return conflicts


def _model(
    found: Found, record: Mapping[str, Any], density: Any, atoms: "pd.DataFrame", claims: Sequence[Claim]
) -> tuple[Judged, ...]:
    xyz = atoms[["x", "y", "z"]].to_numpy(float)
    _put(found, "model", "atoms", str(len(atoms)), "model")
    if "polymer" in atoms:
        ligands = atoms.loc[~atoms["polymer"].astype(bool), ["chain", "residue", "name"]].drop_duplicates()
        names = ligands["name"].value_counts()
        said = ", ".join(f"{n} {name}" for name, n in names.items()) or "none"
        _put(found, "model", "ligands", said, "model")
    if density is None:
        return ()
    resolution = record.get("resolution")
    weights = np.array([ATOMIC_NUMBER.get(str(e).capitalize(), 6) for e in atoms["element"]], float)
    grid = (density.pixel_size, density.origin)
    q = fits.q_score(density.values, *grid, xyz)
    mean = float(np.nanmean(q)) if np.isfinite(q).any() else math.nan
    _put(found, "model", "mean Q", _number(mean, ".2f"), "computed from map and model")
    if resolution:
        drawn = fits.model_density(xyz, density.values.shape, *grid, resolution=resolution, weights=weights)
        near = drawn > 0.05 * drawn.max()
        together = maps.correlation(density.values, drawn, near) if near.any() else math.nan
        _put(found, "model", "map correlation", _number(together, ".2f"), "computed, near the model")
        line = f"{expected_q(resolution):.2f}"
        _put(found, "model", "Q expected at the resolution", line, "regression over published maps")
    have = {name for part in found.values() for name in part}
    return tuple(_judge(claim, atoms, xyz, weights, q, density, resolution, have) for claim in claims)


def _judge(
    claim: Claim, atoms: "pd.DataFrame", xyz: NDArray, weights: NDArray, q: NDArray, density: Any,
    resolution: float | None, have: set[str],
) -> Judged:  # fmt: skip
    need = NEEDS[claim.kind]
    mine = ((atoms["chain"] == claim.chain) & atoms["residue"].isin(claim.residues)).to_numpy()
    modelled = int(atoms.loc[mine, "residue"].nunique())
    against, lacking = [], [name for name in need.fields if name not in have]
    if modelled < len(claim.residues):
        against.append(
            f"{len(claim.residues) - modelled} of {len(claim.residues)} residues are not in the model"
        )
    local, distance = math.nan, math.nan
    if modelled:
        scores = q[mine]
        flat = int(np.isnan(scores).sum())
        local = float(np.nanmean(scores)) if flat < len(scores) else math.nan
        place = fits.placement(
            density.values, density.pixel_size, density.origin, xyz[mine],
            resolution=resolution or need.resolution, weights=weights[mine],
        )  # fmt: skip
        distance = place.distance
        if not distance <= DISTANCE:
            said = f"{distance:.1f} A off its density" if math.isfinite(distance) else "there is no density"
            against.append(f"{said}, {DISTANCE:g} A is allowed")
        if flat:
            against.append(f"{flat} of {len(scores)} atoms lie where the map is constant")
        if local < expected_q(need.resolution):
            against.append(f"local Q {local:.2f}, {expected_q(need.resolution):.2f} is needed")
    if resolution is not None and resolution > need.resolution:
        against.append(f"the map has {resolution:g} A, {need.resolution:g} A is needed")
    reasons = against or ["local density and fields suffice"]
    if lacking and not against:
        reasons = [f"missing: {', '.join(lacking)}"]
    word = "refused" if against else "not known" if lacking else "borne"
    return Judged(claim, word, tuple(reasons), modelled, local, distance)
