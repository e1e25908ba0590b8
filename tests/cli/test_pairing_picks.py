"""`score picks --pair`: micrographs whose names the guess does not pair."""

import json

import numpy as np
import pytest


@pytest.fixture
def run(score):
    return lambda *arguments: score("picks", *arguments, "--diameter", "100")


@pytest.fixture
def folders(tmp_path):
    rng = np.random.default_rng(1)
    grid = np.stack(np.meshgrid(np.arange(9), np.arange(9)), -1).reshape(-1, 2) * 200.0 + 100
    for side in ("picks", "truth"):
        (tmp_path / side).mkdir()
    for k in (1, 2, 10, 20, 100):
        points = rng.permutation(grid)[:30]
        for side, name in (("picks", f"frank_{k:03d}_x7"), ("truth", f"anna_{k}")):
            np.savetxt(tmp_path / side / f"{name}.csv", points, "%.1f", ",", header="x,y", comments="")
    return tmp_path / "picks", tmp_path / "truth"


def test_a_pattern_or_a_table_pairs_what_the_guess_does_not(run, folders, tmp_path):
    status, _, err = run(*folders)
    assert (status, "have no micrograph in common" in err, "or --pair 'PATTERN=PATTERN'" in err) == (
        2,
        True,
        True,
    )
    for pattern in ("frank_{}_x7=anna_{}", "*_{}_*=*_{}"):
        status, out, err = run(*folders, "--pair", pattern, "--json")
        content = json.loads(out)
        assert (content["n"], content["found"]["recall"]) == (5, 1.0)  # points differ from file to file
        assert any(f"Micrographs are paired by --pair {pattern}" in note for note in content["notes"])
    rows = ["picks,truth", *(f"frank_{k:03d}_x7,anna_{k}" for k in (1, 2, 10, 20, 100))]
    (tmp_path / "pairs.csv").write_text("\n".join(rows))
    content = json.loads(run(*folders, "--pair", tmp_path / "pairs.csv", "--json")[1])
    assert (content["n"], content["found"]["recall"]) == (5, 1.0)


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("frank_{}=anna_{}", "pairs none of the micrographs; those of the picks are frank_001_x7"),
        ("frank_*=anna_*", "pairs none of the micrographs"),
        ("nothing", "cannot be read as a table"),
        ("{}=x=y", "has 3 patterns; expected one for each of picks, truth"),
        ("frank_*_x{}=anna_{}", "pairs none"),
        ("fr{}nk_*=ann{}_*", "pairs a micrograph twice"),
    ],
)
def test_a_pattern_that_does_not_pair_is_told(run, folders, pattern, said):
    status, _, err = run(*folders, "--pair", pattern)
    assert (status, err.count("\n")) == (2, 1)
    assert said in err


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        ("0012345678901234567{:02d}_Foil_{:d}_patch_aligned_doseweighted", "Foil_{1:d}"),
        ("mic_{:04d}_DW", "mic_{:04d}_info"),
        ("mic_{:04d}_automatch", "mic_{:04d}"),
        ("mic_{:04d}.frames", "mic_{:04d}_DW_particles"),
        ("mic_{:04d}_autopick", "Mic-{:d}_coords"),
    ],
)
def test_names_that_cryo_em_programs_write_pair_by_themselves(run, tmp_path, mine, theirs):
    rng = np.random.default_rng(2)
    grid = np.stack(np.meshgrid(np.arange(9), np.arange(9)), -1).reshape(-1, 2) * 200.0 + 100
    for k in (1, 2, 10, 20, 11):
        points = rng.permutation(grid)[:30]
        for side, form in (("picks", mine), ("truth", theirs)):
            (tmp_path / side).mkdir(exist_ok=True)
            path = tmp_path / side / f"{form.format(k, k)}.csv"
            np.savetxt(path, points, "%.1f", ",", header="x,y", comments="")
    content = json.loads(run(tmp_path / "picks", tmp_path / "truth", "--json")[1])
    assert (content["n"], content["found"]["recall"], content["found"]["precision"]) == (5, 1.0, 1.0)
    assert any("paired by names without what says their role" in note for note in content["notes"])
