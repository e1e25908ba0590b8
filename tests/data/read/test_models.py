"""Atomic models, and records of the EMDB in both of its forms."""

import gzip
import json

import gemmi
import numpy as np
import pytest

from scopecheck import data
from scopecheck.errors import InputError

PDB = """\
ATOM      1  N   GLY A   7      11.104   6.134  -6.504  1.00 12.50           N
ATOM      2  CA AGLY A   7      11.639   6.071  -5.147  0.60 13.00           C
ATOM      3  CA BGLY A   7      12.639   7.071  -5.147  0.40 13.00           C
TER
HETATM    4 ZN    ZN B 101       1.000   2.000   3.000  1.00 20.00          ZN
HETATM    5  O   HOH B 201       4.000   5.000   6.000  1.00 30.00           O
END
"""
XML = """<?xml version="1.0"?>
<emd emdb_id="EMD-12345" version="3.0.8.0"><admin><title>A complex</title>
<key_dates><deposition>2020-01-31</deposition></key_dates></admin>
<crossreferences><citation_list><primary_citation><journal_citation published="true"><title>A paper</title>
<external_references type="PUBMED">12345</external_references>
<external_references type="DOI">doi:10.1000/x</external_references></journal_citation></primary_citation>
</citation_list><pdb_list><pdb_reference><pdb_id>7abc</pdb_id></pdb_reference></pdb_list></crossreferences>
<sample><name>Ribosome with drug</name><supramolecule_list><complex_supramolecule><name>part</name>
</complex_supramolecule></supramolecule_list></sample>
<structure_determination_list><structure_determination structure_determination_id="1">
<method>singleParticle</method>
<microscopy_list><single_particle_microscopy><microscope>FEI TITAN KRIOS</microscope>
<acceleration_voltage units="kV">300</acceleration_voltage><nominal_cs units="mm">2.7</nominal_cs>
<nominal_defocus_min units="nm">800.0</nominal_defocus_min>
<nominal_defocus_max units="\u00b5m">2.5</nominal_defocus_max><image_recording_list><image_recording>
<film_or_detector_model>GATAN K3 (6k x 4k)</film_or_detector_model>
<average_electron_dose_per_image units="e/\u00c5^2">50.0</average_electron_dose_per_image></image_recording>
</image_recording_list></single_particle_microscopy></microscopy_list>
<singleparticle_processing><final_reconstruction><applied_symmetry><point_group>C3</point_group>
</applied_symmetry><resolution units="\u00c5">2.9</resolution>
<resolution_method>FSC 0.143 CUT-OFF</resolution_method><number_images_used>131899</number_images_used>
</final_reconstruction></singleparticle_processing></structure_determination></structure_determination_list>
<map><pixel_spacing><x units="\u00c5">1.06</x></pixel_spacing></map></emd>
"""
WANTED = {
    "accession": "EMD-12345",
    "title": "A complex",
    "sample": "Ribosome with drug",
    "method": "singleParticle",
    "deposited": "2020-01-31",
    "microscope": "FEI TITAN KRIOS",
    "voltage": 300.0,
    "cs": 2.7,
    "defocus_min": 8000.0,
    "defocus_max": 25000.0,
    "dose": 50.0,
    "detector": "GATAN K3 (6k x 4k)",
    "resolution": 2.9,
    "resolution_method": "FSC 0.143 CUT-OFF",
    "particles": 131899,
    "symmetry": "C3",
    "pixel_size": 1.06,
    "pdb": ["7abc"],
    "doi": "doi:10.1000/x",
}


def write(folder, name, text):
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def test_every_atom_once_ligands_told_apart(tmp_path):
    path = write(tmp_path, "m.pdb", PDB)
    found = data.read_model(path)
    assert found["atom"].tolist() == ["N", "CA", "ZN", "O"]  # the first of two conformations
    assert found.loc[0, ["chain", "residue", "name", "element", "x", "y", "z", "b"]].tolist() == [
        "A",
        7,
        "GLY",
        "N",
        11.104,
        6.134,
        -6.504,
        12.5,
    ]
    assert found["polymer"].tolist() == [True, True, False, False]
    assert found["element"].tolist()[2] == "Zn"
    (tmp_path / "m.pdb.gz").write_bytes(gzip.compress(path.read_bytes()))
    assert data.read_model(tmp_path / "m.pdb.gz").equals(found)
    gemmi.read_structure(str(path)).make_mmcif_document().write_file(str(tmp_path / "m.cif"))
    columns = ["chain", "residue", "name", "atom", "x", "y", "z"]
    assert data.read_model(tmp_path / "m.cif")[columns].equals(found[columns])


def test_calcium_is_told_from_c_alpha_where_the_file_names_no_element(tmp_path):
    bare = [
        "ATOM      1 N    HSE A   1       1.000   1.000   1.000  1.00  0.00      PROT",
        "ATOM      2 CA   HSE A   1       2.000   1.000   1.000  1.00  0.00      PROT",
        "ATOM      3 HE1  HSE A   1       2.000   2.000   1.000  1.00  0.00      PROT",
        "ATOM      4 C    HSE A   1       3.000   1.000   1.000  1.00  0.00      PROT",
        "HETATM    5 CA    CA A   2       9.000   9.000   9.000  1.00  0.00      IONS",
    ]
    found = data.read_model(write(tmp_path, "m.pdb", "\n".join([*bare, "END", ""])))
    assert found["element"].tolist() == ["N", "C", "H", "C", "Ca"]


@pytest.mark.slow
def test_the_elements_of_adenylate_kinase(real):
    found = data.read_model(real("adk-dims") / "adk_open.pdb")
    assert len(found) == 3341
    assert set(found["element"]) == {"C", "H", "N", "O", "S"}
    assert found["element"].value_counts()["S"] == (found["atom"].isin(["SD", "SG"])).sum()


def test_the_crop_of_emd_30342_and_its_model(real):
    folder = real("emd30342-qscore")
    atoms = data.read_model(folder / "390_7cec_A.cif")
    assert len(atoms) == 4308  # as its authors count them
    assert set(atoms["chain"]) == {"A"}
    found = data.read_map(folder / "390_emd_30342_A_z4.mrc")
    at = np.rint((atoms[["x", "y", "z"]].to_numpy() - found.origin) / found.pixel_size).astype(int)[:, ::-1]
    sampled = found.values[tuple(at.T)]
    above = (sampled.mean() - found.values.mean()) / found.values.std()
    assert above == pytest.approx(3.0, abs=0.3)  # as the data's own notes measured it


@pytest.mark.slow
def test_the_ribosome_is_whole(real):
    atoms = data.read_model(real("6zu5-ribosome"))
    assert len(atoms) == 165175
    extent = np.ptp(atoms[["x", "y", "z"]].to_numpy(), axis=0)
    assert (extent > 220).all()
    assert (extent < 270).all()


def test_what_is_no_model(tmp_path):
    with pytest.raises(InputError, match=r"holds no atoms|cannot be read"):
        data.read_model(write(tmp_path, "m.pdb", "hello\n"))
    with pytest.raises(InputError, match="cannot be read as an atomic model"):
        data.read_model(write(tmp_path, "m.cif", "hello\n"))
    with pytest.raises(InputError, match="no such file"):
        data.read_model(tmp_path / "none.pdb")


def test_a_record_as_xml(tmp_path):
    assert data.read_emdb_record(write(tmp_path, "emd-12345.xml", XML)) == WANTED


def test_a_record_as_json(tmp_path):
    tree = {
        "emdb_id": "EMD-12345",
        "admin": {"title": "A complex"},
        "sample": {
            "supramolecule_list": {"supramolecule": [{"name": {"valueOf_": "part"}}]},
            "name": {"valueOf_": "Drug"},
        },
        "structure_determination_list": {
            "structure_determination": [
                {
                    "method": "singleParticle",
                    "microscopy_list": {
                        "microscopy": [
                            {"acceleration_voltage": {"units": "kV", "valueOf_": "200"}, "microscope": "X"}
                        ]
                    },
                    "image_processing": [
                        {"final_reconstruction": {"resolution": {"units": "\u00c5", "valueOf_": "3.1"}}}
                    ],
                }
            ]
        },
        "interpretation": {"half_map_list": {"half_map": [{"file": "h1.map.gz"}, {"file": "h2.map.gz"}]}},
    }
    assert data.read_emdb_record(write(tmp_path, "r.json", json.dumps(tree))) == {
        "accession": "EMD-12345",
        "title": "A complex",
        "sample": "Drug",
        "method": "singleParticle",
        "microscope": "X",
        "voltage": 200.0,
        "resolution": 3.1,
        "half_maps": ["h1.map.gz", "h2.map.gz"],
    }


@pytest.mark.parametrize("gone", ["resolution", "number_images_used", "nominal_defocus_min", "point_group"])
def test_a_field_left_out_is_absent(tmp_path, gone):
    names = {
        "number_images_used": "particles",
        "nominal_defocus_min": "defocus_min",
        "point_group": "symmetry",
    }
    found = data.read_emdb_record(write(tmp_path, "r.xml", XML.replace(gone, "other")))
    wanted = dict(WANTED)
    del wanted[names.get(gone, gone)]
    wanted.pop("resolution_method", None) if gone == "resolution" else None
    assert found == wanted


def test_what_is_no_record(tmp_path):
    for text, said in [
        ("hello", "neither XML nor JSON"),
        ("{", "neither XML nor JSON"),
        ("{}", "has no emdb_id"),
        ("<a/>", "has no emdb_id"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "declares entities"),
        (XML.replace(">300<", ">high<"), "acceleration_voltage is 'high'; expected a number"),
    ]:
        with pytest.raises(InputError, match=said):
            data.read_emdb_record(write(tmp_path, "r.xml", text))


MAPQ = """Chain\tQ_chain\tEst.Res.\tExpectedQ@3.90
A\t0.45\t3.77\t=-0.1775 * 3.90 + 1.1192\t(Protein)

Sigma: 0.6

Chain\tRes\tRes #\tQ_backBone\tQ_sideChain\tQ_residue\tExpectedQ@3.90
A\tPHE\t1\t0.48\t0.23\t0.33\t0.42
A\tASN\t2\t0.63\t0.46\t\t0.42
A\tLEU\t4\t0.37\t0.50\t-0.05\t0.42
B\tLEU\t5\t0.37\t0.50\t0.44\t0.42
"""


def test_scores_of_mapq_are_read_by_residue(tmp_path):
    found = data.read_mapq(write(tmp_path, "x_All.txt", MAPQ), "A")
    assert found.to_dict() == {1: 0.33, 4: -0.05}


def test_a_table_without_the_chain_is_refused(tmp_path):
    path = write(tmp_path, "x_All.txt", MAPQ)
    with pytest.raises(InputError, match="no scored residue of chain 'C'"):
        data.read_mapq(path, "C")
    with pytest.raises(InputError, match="the table that MapQ writes"):
        data.read_mapq(tmp_path / "none_All.txt", "A")
