"""Q-score against MapQ's own numbers and analytic peaks; correlation and model density against numpy."""

import os
from pathlib import Path

import mrcfile
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scopecheck import data
from scopecheck.errors import InputError
from scopecheck.measure import maps
from scopecheck.measure.maps import model

MIRROR = Path(os.environ.get("SCOPECHECK_MIRROR") or Path(__file__).parents[3] / "shared" / "data")
MAPQ = MIRROR / "cryoem" / "mapq-qscore"


def peaks(atoms, sigma, *, shape=(24, 24, 24), pixel=0.5, origin=(0.0, 0.0, 0.0), amplitude=1.0, floor=0.0):
    """A map of Gaussian peaks of one width."""
    z, y, x = np.indices(shape)
    where = np.stack([x, y, z], -1) * pixel + np.asarray(origin)
    r2 = ((where[..., None, :] - np.asarray(atoms)) ** 2).sum(-1)
    return floor + amplitude * np.exp(-0.5 * r2 / sigma**2).sum(-1)


@pytest.fixture(scope="module")
def reference():
    """The crop of EMD-30342, chain A of 7CEC and MapQ's Q-scores of its atoms and residues."""
    if not MAPQ.is_dir():
        pytest.skip(f"the mirror has no {MAPQ.name}")
    gemmi = pytest.importorskip("gemmi")
    with mrcfile.open(MAPQ / "390_emd_30342_A_z4.mrc") as file:
        values, pixel = file.data.copy(), float(file.voxel_size.x)
        origin = [float(file.header.origin[k]) for k in "xyz"]
    block = gemmi.cif.read(str(MAPQ / "390_7cec_A__Q__390_emd_30342_A_z4.cif")).sole_block()
    columns = ["Cartn_x", "Cartn_y", "Cartn_z", "Q_score", "auth_seq_id"]
    atoms = pd.DataFrame([list(row) for row in block.find("_atom_site.", columns)], columns=columns).astype(
        float
    )
    residues = data.read_mapq(MAPQ / "390_7cec_A__Q__390_emd_30342_A_z4_All.txt", "A")
    return values, pixel, origin, atoms, residues


def test_the_q_scores_of_mapq(reference):
    values, pixel, origin, atoms, residues = reference
    atoms["ours"] = model.q_score(values, pixel, origin, atoms[["Cartn_x", "Cartn_y", "Cartn_z"]])
    ours = atoms.groupby(atoms["auth_seq_id"].astype(int))["ours"].mean()
    assert len(residues) == 553
    off = ours[residues.index] - residues
    assert np.corrcoef(ours[residues.index], residues)[0, 1] >= 0.99
    assert off.abs().median() <= 0.015
    assert abs(off.mean()) <= 0.01
    assert np.corrcoef(atoms["ours"], atoms["Q_score"])[0, 1] >= 0.985


@pytest.mark.weekly
def test_a_rule_that_differs_shows(reference, monkeypatch):
    """Points nearest to their own atom, not 0.9 of the way: the bias of a first trial, +0.05."""
    values, pixel, origin, atoms, residues = reference
    monkeypatch.setattr(model, "OWN", 1.0)
    atoms["ours"] = model.q_score(values, pixel, origin, atoms[["Cartn_x", "Cartn_y", "Cartn_z"]])
    ours = atoms.groupby(atoms["auth_seq_id"].astype(int))["ours"].mean()[residues.index]
    assert (ours - residues).mean() == pytest.approx(0.05, abs=0.01)


def test_scores_are_averaged_over_the_atoms_of_each_residue():
    atoms = pd.DataFrame({"x": [3.0, 9.0, 6.0], "y": [6.0] * 3, "z": [6.0] * 3, "residue": [7, 2, 7]})
    values = peaks(atoms[["x", "y", "z"]].to_numpy(), 0.6, shape=(60, 60, 60), pixel=0.2)
    values += np.random.default_rng(0).normal(0, 0.05 * values.max(), values.shape).astype(values.dtype)
    each = model.q_score(values, 0.2, (0, 0, 0), atoms[["x", "y", "z"]])
    found = model.q_by_residue(values, 0.2, (0, 0, 0), atoms)
    assert found.to_dict() == pytest.approx({2: each[1], 7: (each[0] + each[2]) / 2})
    assert each[0] != each[2]


def test_a_gaussian_of_the_right_width_is_a_perfect_peak():
    atom = [[6.1, 5.9, 6.05]]
    score = model.q_score(peaks(atom, 0.6, shape=(60, 60, 60), pixel=0.2), 0.2, (0, 0, 0), atom)
    assert score[0] == pytest.approx(1, abs=0.002)


@pytest.mark.parametrize("wide", [1.0, 2.0])
def test_a_wider_peak_scores_as_the_integral_says(wide):
    """An atom alone has eight points a shell, so its score is a correlation over the radius."""
    atom = [[6.0, 6.0, 6.0]]
    score = model.q_score(peaks(atom, wide, shape=(120, 120, 120), pixel=0.1), 0.1, (0, 0, 0), atom)
    r = np.arange(21) * 0.1
    expected = np.corrcoef(np.exp(-0.5 * (r / wide) ** 2), np.exp(-0.5 * (r / 0.6) ** 2))[0, 1]
    assert score[0] == pytest.approx(expected, abs=0.003)


def test_a_hole_is_minus_one_and_nothing_is_nothing():
    atom = [[6.0, 6.0, 6.0]]
    assert model.q_score(peaks(atom, 0.6, amplitude=-3), 0.5, (0, 0, 0), atom)[0] < -0.95
    assert np.isnan(model.q_score(np.full((24, 24, 24), 3.0), 0.5, (0, 0, 0), atom)[0])
    assert np.isnan(model.q_score(peaks(atom, 0.6), 0.5, (0, 0, 0), [[40.0, 6, 6]])[0])


def test_a_neighbour_takes_its_own_density():
    """1.5 A from another atom the score stays near that of the atom alone; without the neighbour it drops."""
    atoms = [[5.4, 6.0, 6.0], [6.9, 6.0, 6.0]]
    density = peaks(atoms, 0.6, shape=(60, 60, 60), pixel=0.2)
    both, alone = (model.q_score(density, 0.2, (0, 0, 0), a)[0] for a in (atoms, atoms[:1]))
    assert both > 0.97
    assert alone < both - 0.02


def test_order_of_atoms_does_not_matter():
    rng = np.random.default_rng(0)
    atoms = rng.uniform(3, 9, (12, 3))
    density = peaks(atoms, 0.8)
    order = rng.permutation(12)
    straight, mixed = (model.q_score(density, 0.5, (0, 0, 0), a) for a in (atoms, atoms[order]))
    np.testing.assert_allclose(straight[order], mixed)


@settings(max_examples=15, deadline=None)
@given(st.floats(0.1, 100), st.floats(-50, 50), st.tuples(*[st.floats(-30, 30)] * 3))
def test_scale_offset_and_frame_do_not_matter(scale, offset, frame):
    atoms = np.array([[5.0, 6.0, 6.5], [6.4, 6.0, 6.0], [5.5, 7.2, 5.0]])
    density = peaks(atoms, 0.7)
    first = model.q_score(density, 0.5, (0, 0, 0), atoms)
    other = model.q_score(scale * density + offset, 0.5, frame, atoms + np.asarray(frame))
    np.testing.assert_allclose(first, other, atol=2e-3)
    assert (np.abs(first) <= 1).all()


def test_axes_are_x_y_z_against_z_y_x():
    atom = [[3.0, 6.0, 9.0]]
    density = peaks(atom, 0.6)
    assert np.unravel_index(density.argmax(), density.shape) == (18, 12, 6)
    assert model.q_score(density, 0.5, (0, 0, 0), atom)[0] > 0.95
    assert model.q_score(density, 0.5, (0, 0, 0), [[9.0, 6.0, 3.0]])[0] < 0.5


def test_model_density_is_a_gaussian_of_the_stated_width():
    atom = [[8.3, 7.6, 8.1]]
    density = model.model_density(atom, (32, 32, 32), 0.5, (0, 0, 0), resolution=4.0, weights=[6])
    sigma = 4.0 / (np.pi * np.sqrt(2))
    assert density.sum() == pytest.approx(6, rel=1e-3)
    expected = peaks(atom, sigma, shape=(32, 32, 32))
    np.testing.assert_allclose(density, expected * 6 / expected.sum(), atol=0.02 * density.max())
    assert maps.correlation(density, expected) > 0.9995


def test_model_density_leaves_out_what_lies_outside():
    inside = model.model_density([[8.0, 8, 8]], (32, 32, 32), 0.5, (0, 0, 0), resolution=3)
    both = model.model_density([[8.0, 8, 8], [90, 0, 0]], (32, 32, 32), 0.5, (0, 0, 0), resolution=3)
    np.testing.assert_array_equal(inside, both)


def test_correlation_is_numpys_inside_a_mask():
    rng = np.random.default_rng(3)
    a, b = rng.normal(size=(2, 9, 8, 7))
    inside = rng.random(a.shape) > 0.6
    assert maps.correlation(a, b) == pytest.approx(np.corrcoef(a.ravel(), b.ravel())[0, 1])
    assert maps.correlation(a, b, inside) == pytest.approx(np.corrcoef(a[inside], b[inside])[0, 1])
    assert maps.correlation(a, -2 * a + 3, inside) == pytest.approx(-1)
    assert np.isnan(maps.correlation(a, np.ones_like(a)))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000), st.floats(0.01, 100), st.floats(-10, 10))
def test_correlation_is_symmetric_and_blind_to_scale(seed, scale, offset):
    a, b, w = np.random.default_rng(seed).random((3, 5, 6, 7))
    one = maps.correlation(a, b, w)
    assert -1 <= one <= 1
    assert maps.correlation(b, a, w) == pytest.approx(one)
    assert maps.correlation(scale * a + offset, b, w) == pytest.approx(one, abs=1e-6)


def test_real_map_prefers_its_model_where_it_is(reference):
    values, pixel, origin, atoms, _ = reference
    xyz = atoms[["Cartn_x", "Cartn_y", "Cartn_z"]].to_numpy()
    there, moved = (
        maps.correlation(values, model.model_density(at, values.shape, pixel, origin, resolution=3.9))
        for at in (xyz, xyz + [3.0, 0, 0])
    )
    assert there > 0.7
    assert moved < there - 0.1


def chain(n=40):
    """A helix of atoms, 1.5 A apart along its axis."""
    turn = np.arange(n) * np.radians(100)
    return np.stack([12 + 2.3 * np.cos(turn), 12 + 2.3 * np.sin(turn), 4 + 0.4 * np.arange(n)], axis=1)


@settings(max_examples=12, deadline=None)
@given(st.tuples(*[st.floats(-2.3, 2.3)] * 3), st.tuples(*[st.floats(-40, 40)] * 3))
def test_placement_finds_a_planted_shift(moved, frame):
    atoms = chain() + np.asarray(frame)
    density = model.model_density(atoms, (32, 32, 32), 0.75, frame, resolution=3)
    noise = np.random.default_rng(1).normal(0, 0.1 * density.max(), density.shape)
    found = model.placement(density + noise, 0.75, frame, atoms + moved, resolution=3)
    np.testing.assert_allclose(found.shift, -np.asarray(moved), atol=0.15)
    assert found.distance == pytest.approx(np.linalg.norm(moved), abs=0.25)
    assert -1 <= found.here <= found.correlation + 0.01 <= 1.01


def test_placement_stays_within_its_reach():
    atoms = chain()
    density = model.model_density(atoms, (32, 32, 32), 0.75, (0, 0, 0), resolution=3)
    assert model.placement(density, 0.75, (0, 0, 0), atoms + [0, 4, 0], resolution=3, reach=2).distance < 3.2
    nothing = model.placement(np.ones((32, 32, 32)), 0.75, (-50, 0, 0), atoms + 300, resolution=3)
    assert np.isnan(nothing.distance)


def test_placement_at_the_edge_of_the_map():
    atoms = chain()
    density = model.model_density(atoms, (32, 32, 32), 0.75, (0, 0, 0), resolution=3)
    cut = density[:, :, 10:]
    assert model.placement(
        cut, 0.75, (7.5, 0, 0), atoms + [0, 0, 1.5], resolution=3
    ).distance == pytest.approx(1.5, abs=0.4)


def test_placement_in_a_real_map(reference):
    """Residues of 7CEC, moved by 2 A, are put back to within half an Angstrom of where they were."""
    values, pixel, origin, atoms, _ = reference
    loop = atoms[atoms["auth_seq_id"].between(5, 14)][["Cartn_x", "Cartn_y", "Cartn_z"]].to_numpy()
    there = model.placement(values, pixel, origin, loop, resolution=3.9)
    moved = model.placement(values, pixel, origin, loop + [2.0, 0, 0], resolution=3.9)
    assert there.distance < 1
    np.testing.assert_allclose(moved.shift + [2.0, 0, 0], there.shift, atol=0.5)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"values": np.zeros((3, 3))}, "three axes"),
        ({"values": np.full((4, 4, 4), np.nan)}, "NaN"),
        ({"pixel_size": 0.0}, "pixel_size"),
        ({"atoms": np.zeros((0, 3))}, "atoms"),
        ({"atoms": [[0.0, np.inf, 0]]}, "atoms"),
        ({"sigma": 0.0}, "sigma"),
    ],
)
def test_bad_input(changed, said):
    good = {"values": np.ones((4, 4, 4)), "pixel_size": 1.0, "origin": (0, 0, 0), "atoms": [[1.0, 1, 1]]}
    with pytest.raises(InputError, match=said):
        model.q_score(**{**good, **changed})


def test_bad_input_to_correlation_and_density():
    a = np.random.default_rng(0).random((4, 4, 4))
    for other, mask, said in ((a[:3], None, "shapes"), (a * np.nan, None, "NaN"), (a, a * 0, "mask")):
        with pytest.raises(InputError, match=said):
            maps.correlation(a, other, mask)
    with pytest.raises(InputError, match="weights"):
        model.model_density([[1.0, 1, 1]], (4, 4, 4), 1.0, (0, 0, 0), resolution=3, weights=[1, 2])
    with pytest.raises(InputError, match="resolution"):
        model.model_density([[1.0, 1, 1]], (4, 4, 4), 1.0, (0, 0, 0), resolution=0)
    with pytest.raises(InputError, match="reach"):
        model.placement(a, 1.0, (0, 0, 0), [[1.0, 1, 1]], resolution=3, reach=0)
