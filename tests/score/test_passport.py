"""The passport: what is known and missing, and claims borne or refused on maps made from a known model."""

import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from scopecheck import data
from scopecheck.acquire import cryoem
from scopecheck.errors import DataError, InputError
from scopecheck.measure.maps import model as fits
from scopecheck.score import passport as made

# The least that the API's schema gives for the fields the passport asks for; every value is invented.
RECORD = {
    "emdb_id": "EMD-00000",
    "admin": {"title": "an invented entry", "key_dates": {"deposition": "2020-01-01"}},
    "sample": {"name": {"valueOf_": "an invented protein"}},
    "structure_determination_list": {
        "structure_determination": [
            {
                "method": "singleParticle",
                "specimen_preparation_list": {
                    "specimen_preparation": [
                        {"buffer": {"ph": "7.4"}, "vitrification": {"cryogen_name": "ETHANE"}}
                    ]
                },
                "microscopy_list": {
                    "microscopy": [
                        {
                            "microscope": "an invented microscope",
                            "acceleration_voltage": {"units": "kV", "valueOf_": "300"},
                            "nominal_cs": {"units": "mm", "valueOf_": "2.7"},
                            "nominal_defocus_min": {"units": "nm", "valueOf_": "800"},
                            "nominal_defocus_max": {"units": "nm", "valueOf_": "2000"},
                            "image_recording_list": {
                                "image_recording": [
                                    {
                                        "film_or_detector_model": {"valueOf_": "a detector"},
                                        "average_electron_dose_per_image": {"valueOf_": "50"},
                                    }
                                ]
                            },
                        }
                    ]
                },
                "image_processing": [
                    {
                        "final_reconstruction": {
                            "number_images_used": "200",
                            "resolution": {"units": "A", "valueOf_": "3.0"},
                            "resolution_method": "FSC 0.143 CUT-OFF",
                            "applied_symmetry": {"point_group": "C1"},
                        }
                    }
                ],
            }
        ]
    },
    "map": {"pixel_spacing": {"x": {"units": "A", "valueOf_": "0.8"}}},
    "interpretation": {"half_map_list": {"half_map": [{"file": "one.map.gz"}, {"file": "two.map.gz"}]}},
    "crossreferences": {"pdb_list": {"pdb_reference": [{"pdb_id": "0xxx"}]}},
}


def helix(residues=40, chain="A", start=(12.0, 12.0, 6.0)):
    """Backbone and one side-chain atom of a helix, 1.5 A a residue, in the order N, CA, C, O, CB."""
    radius = {"N": 1.55, "CA": 2.3, "C": 1.65, "O": 2.0, "CB": 3.3}
    turn = {"N": -27, "CA": 0, "C": 26, "O": 24, "CB": -12}
    rise = {"N": -0.9, "CA": 0.0, "C": 1.1, "O": 2.3, "CB": -0.2}
    rows = []
    for k in range(residues):
        for atom, r in radius.items():
            angle = np.radians(100 * k + turn[atom])
            xyz = np.array(start) + [r * np.cos(angle), r * np.sin(angle), 1.5 * k + rise[atom]]
            rows.append((chain, k + 1, "ALA", atom, atom[0], *xyz, 30.0, True))
    columns = ["chain", "residue", "name", "atom", "element", "x", "y", "z", "b", "polymer"]
    return pd.DataFrame(rows, columns=columns)


CLAIMS = (
    made.Claim("the chain", "design target", "A", tuple(range(8, 20))),
    made.Claim("these side chains", "epitope", "A", tuple(range(20, 30))),
    made.Claim("a pose", "ligand pose", "A", (31, 32, 33)),
)


@pytest.fixture(scope="module")
def whole():
    """A model and its map at 3 A with 3 % of noise, half maps, and the record of an invented entry."""
    atoms = helix()
    xyz, shape, pixel = atoms[["x", "y", "z"]].to_numpy(), (96, 32, 32), 0.8
    clean = fits.model_density(xyz, shape, pixel, (0, 0, 0), resolution=3)
    rng = np.random.default_rng(0)
    noise = [rng.normal(0, 0.03 * clean.max(), shape) for _ in range(2)]
    values = clean + (noise[0] + noise[1]) / 2
    density = SimpleNamespace(values=values.astype(np.float32), pixel_size=pixel, origin=(0.0, 0.0, 0.0))
    halves = tuple((clean + n)[:32] for n in noise)
    return atoms, density, halves


@pytest.fixture
def record(tmp_path):
    path = tmp_path / "emd-00000.json"
    path.write_text(json.dumps(RECORD), encoding="utf-8")
    return data.read_emdb_record(path)


def words(page):
    return [one.word for one in page.claims]


def moved(atoms, by):
    return atoms.assign(**{axis: atoms[axis] + d for axis, d in zip("xyz", by, strict=True)})


def test_a_record_with_all_fields_and_claims_that_are_borne(whole, record):
    atoms, density, halves = whole
    page = made.passport("x", record=record, density=density, half_maps=halves, model=atoms, claims=CLAIMS)
    assert words(page) == ["borne"] * 3
    assert page.conflicts == ()
    assert page.claims[0].reasons == ("local density and fields suffice",)
    assert max(one.distance for one in page.claims) < 0.3
    given = {name: value for _, name, value, _ in page.rows}
    assert given["voltage"] == "300 kV"
    assert given["defocus"] == "8000 to 20000 A"
    assert given["half maps"] == "one.map.gz, two.map.gz"
    assert given["Q expected at the resolution"] == "0.59"  # 1.1192 - 0.1775 x 3.0, the published line
    assert given["ligands"] == "none"


@pytest.mark.parametrize("by", [(3.0, 0, 0), (0, -3.0, 0), (1.73, 1.73, -1.73)])
def test_a_model_3_angstrom_off_is_refused(whole, record, by):
    atoms, density, halves = whole
    page = made.passport(
        "x", record=record, density=density, half_maps=halves, model=moved(atoms, by), claims=CLAIMS
    )
    assert words(page) == ["refused"] * 3
    assert "off its density" in page.claims[0].reasons[0]


def test_a_mirrored_model_is_refused(whole, record):
    atoms, density, halves = whole
    mirror = atoms.assign(x=24 - atoms["x"])
    page = made.passport("x", record=record, density=density, half_maps=halves, model=mirror, claims=CLAIMS)
    assert words(page) == ["refused"] * 3


def test_a_swapped_map_is_refused(whole, record):
    atoms, density, halves = whole
    other = (
        helix(chain="B", start=(6.0, 16.0, 3.0)).sample(frac=0.5, random_state=1)[["x", "y", "z"]].to_numpy()
    )
    values = fits.model_density(other, density.values.shape, 0.8, (0, 0, 0), resolution=3)
    swapped = SimpleNamespace(values=values, pixel_size=0.8, origin=(0.0, 0.0, 0.0))
    page = made.passport("x", record=record, density=swapped, half_maps=halves, model=atoms, claims=CLAIMS)
    assert words(page) == ["refused"] * 3


def test_a_missing_field_is_named_and_the_claim_not_known(whole, record):
    atoms, density, halves = whole
    for key, said, kinds in (
        ("resolution_method", "resolution method", 3),
        ("sample", "sample", 2),
        ("dose", "dose", 1),
    ):
        less = {k: v for k, v in record.items() if k != key}
        page = made.passport("x", record=less, density=density, half_maps=halves, model=atoms, claims=CLAIMS)
        assert said in page.missing
        assert words(page) == ["borne"] * (3 - kinds) + ["not known"] * kinds
        assert page.claims[-1].reasons == (f"missing: {said}",)


def test_without_half_maps_anywhere_nothing_is_borne(whole, record):
    atoms, density, _ = whole
    less = {k: v for k, v in record.items() if k != "half_maps"}
    page = made.passport("x", record=less, density=density, model=atoms, claims=CLAIMS)
    assert words(page) == ["not known"] * 3
    assert {"half maps", "FSC 0.143", "conical area ratio"} <= set(page.missing)


def test_atoms_where_the_map_was_cut_away_are_counted(whole, record):
    atoms, density, halves = whole
    values = density.values.copy()
    values[:25] = 0  # 20 A of the helix
    cut = SimpleNamespace(values=values, pixel_size=density.pixel_size, origin=density.origin)
    claim = made.Claim("the start", "design target", "A", (2, 3, 4))
    page = made.passport("x", record=record, density=cut, half_maps=halves, model=atoms, claims=[claim])
    assert page.claims[0].word == "refused"
    assert any("15 of 15 atoms" in said for said in page.claims[0].reasons)
    assert np.isnan(page.claims[0].q)


def test_residues_that_were_not_modelled_are_counted(whole, record):
    atoms, density, halves = whole
    claim = made.Claim("a loop", "epitope", "A", tuple(range(35, 46)))
    page = made.passport("x", record=record, density=density, half_maps=halves, model=atoms, claims=[claim])
    assert page.claims[0].word == "refused"
    assert page.claims[0].modelled == 6
    assert page.claims[0].reasons[0] == "5 of 11 residues are not in the model"


def test_a_coarse_map_bears_no_pose(whole, record):
    atoms, density, halves = whole
    coarse = {**record, "resolution": 4.2}
    page = made.passport("x", record=coarse, density=density, half_maps=halves, model=atoms, claims=CLAIMS)
    assert words(page) == ["borne", "refused", "refused"]
    assert "the map has 4.2 A, 3.5 A is needed" in page.claims[2].reasons


def test_nothing_at_hand_is_all_missing():
    page = made.passport("nothing")
    assert len(page.missing) == len(page.rows) == sum(len(names) for names in made.SECTIONS.values())
    assert page.claims == ()


def test_particles_are_counted_and_disagreements_said(record):
    n = 200
    table = pd.DataFrame(
        {
            "defocus_u": np.linspace(9000, 21000, n),
            "defocus_v": np.linspace(9000, 19000, n),
            "voltage": 200.0,
            "half_set": np.arange(n) % 2 + 1,
            "micrograph": ["a", "b"] * (n // 2),
            "pixel_size": 1.25,
        }
    ).iloc[:150]
    single = np.broadcast_to(np.eye(3), (1000, 3, 3))
    page = made.passport("x", record=record, particles=table, rotations=single)
    given = {name: value for _, name, value, _ in page.rows}
    assert given["half sets"] == "75 and 75"
    assert given["micrographs"] == "2"
    assert given["pixel size of particles"] == "1.25 A"
    assert given["SCF of the views"] == "0.00"  # views of one direction: 2 / N
    few = made.passport("x", particles=table, rotations=single[:150])
    said = next(value for _, name, value, _ in few.rows if name == "SCF of the views")
    assert said.startswith("not computed (rotations: 150 views; expected at least 500")
    assert page.conflicts == (
        "the record counts 200 particles, the table has 150",
        "the record says 300 kV, the particle table 200",
    )


@pytest.mark.tool
@pytest.mark.slow
def test_real_particles_of_cryosparc():
    """2,019 particles at 200 kV, as cryosparc-tools' own reader gives them."""
    dataset = pytest.importorskip("cryosparc.dataset").Dataset
    try:
        path = data.fetch("cryodrgn-testdata") / "cryosparc_P12_J24_001_particles.cs"
    except DataError as error:
        pytest.skip(f"no source can be reached: {str(error).splitlines()[0]}")
    table, own = data.read_particles(path), dataset.load(path)
    poses = cryoem.rotations_from_relion(table[["rot", "tilt", "psi"]])
    page = made.passport("x", particles=table, rotations=poses)
    given = {name: value for _, name, value, _ in page.rows}
    split = np.bincount(own["alignments3D/split"])
    assert given["number"] == "2019" == str(len(own))
    assert given["half sets"] == " and ".join(map(str, split))
    assert given["voltage"] == f"{own['ctf/accel_kv'][0]:g} kV"
    assert given["pixel size of particles"] == f"{own['blob/psize_A'][0]:.4g} A"
    assert float(given["SCF of the views"]) < 0.81
    assert {"microscope", "dose", "sample", "half maps", "resolution"} <= set(page.missing)


def test_a_pixel_size_that_differs_is_said(whole, record):
    atoms, density, _ = whole
    page = made.passport("x", record={**record, "pixel_size": 1.6}, density=density, model=atoms)
    assert page.conflicts == ("pixel size 1.6 A in the record, 0.8 A in the map's header",)


def test_the_page_names_what_is_missing_and_escapes_what_it_is_given(whole):
    atoms, density, _ = whole
    page = made.passport(
        "<b>x</b>", record={"sample": "<script>"}, density=density, model=atoms, claims=CLAIMS[:1]
    )
    text = page.to_html()
    assert "<script>" not in text
    assert "&lt;b&gt;x" in text
    assert "<td>missing</td>" in text
    assert text.count("<table") == 2
    assert "? not known" in text


def test_bad_claims():
    with pytest.raises(InputError, match="need a map and a model"):
        made.passport("x", claims=CLAIMS)
    with pytest.raises(InputError, match="kind"):
        made.passport("x", claims=[made.Claim("y", "hope", "A", (1,))])
    with pytest.raises(InputError, match="residues"):
        made.passport("x", claims=[made.Claim("y", "epitope", "A", ())])
