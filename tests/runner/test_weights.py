"""Keeping the networks of a run: the listed files, their hashes, and nothing half-taken."""

import hashlib
import json

import pytest

from scopecheck.errors import InputError
from scopecheck.runner.weights import keep


@pytest.fixture
def here(tmp_path, monkeypatch):
    (tmp_path / "data" / "weights").mkdir(parents=True)
    (tmp_path / "result" / "weights").mkdir(parents=True)
    monkeypatch.setenv("SCOPECHECK_CATALOGUE", str(tmp_path / "data" / "catalogue.yaml"))
    listed = tmp_path / "data" / "weights" / "nets.json"
    listed.write_text(json.dumps({"0.npz": ["0" * 64, 1], "1.npz": ["0" * 64, 1]}), encoding="utf-8")
    return tmp_path


def test_the_listed_files_are_taken_with_their_hashes(here):
    for name in ("0.npz", "1.npz", "another.npz"):
        (here / "result" / "weights" / name).write_bytes(name.encode())
    listed = json.loads(keep("nets", here / "result").read_text(encoding="utf-8"))
    assert listed == {n: [hashlib.sha256(n.encode()).hexdigest(), 5] for n in ("0.npz", "1.npz")}
    kept = here / "data" / "weights" / "nets"
    assert sorted(path.name for path in kept.iterdir()) == ["0.npz", "1.npz"]


def test_a_run_without_one_of_them_changes_nothing(here):
    (here / "result" / "weights" / "0.npz").write_bytes(b"0")
    before = (here / "data" / "weights" / "nets.json").read_bytes()
    with pytest.raises(InputError, match=r"no weights/1\.npz \(1 of 2 are missing\).*train_anew=true"):
        keep("nets", here / "result")
    assert (here / "data" / "weights" / "nets.json").read_bytes() == before
    assert not (here / "data" / "weights" / "nets").exists()


def test_an_entry_that_is_none_is_named(here):
    with pytest.raises(InputError, match=r"other\.json: no such list"):
        keep("other", here / "result")
