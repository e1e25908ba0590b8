"""Files listed at a fixed commit without a hash: fetched where they can be had, else left out quickly."""

import numpy as np
import pytest

from scopecheck import data, judge, record
from scopecheck.data import datasets
from scopecheck.data.catalogue import describe
from scopecheck.record import provenance

COMMIT = "0123456789abcdef" * 2 + "01234567"


@pytest.fixture
def growing(world, server, blob):
    """`grown`: one pinned file, and two that the catalogue knows by their address alone."""
    place = server.root / COMMIT
    place.mkdir()
    (place / "a.bin").write_bytes(blob)
    world.add(
        "grown",
        {n: (blob, [{"url": f"{server.url}/{COMMIT}/{{name}}"}]) for n in ("a.bin", "b.bin", "c.bin")},
    )
    for file in world.content["datasets"]["grown"]["files"][1:]:
        del file["sha256"], file["bytes"]
    world.write()
    return place


def test_what_cannot_be_had_is_left_out_and_asked_for_once(growing, server):
    datasets._out_of_reach.clear()
    folder = data.fetch("grown")
    assert [p.name for p in folder.iterdir()] == ["a.bin"]
    asked = [path for path in map(str, server.log) if "b.bin" in path or "c.bin" in path]
    assert len(asked) == 1  # after the first that is not there, no other is tried
    data.fetch("grown")
    assert len([path for path in map(str, server.log) if "b.bin" in path or "c.bin" in path]) == 1
    assert data.is_here("grown")
    assert [name for name, _ in provenance.dataset_files("grown")] == ["a.bin"]
    assert provenance.further_files("grown") == 0


def test_what_can_be_had_is_pinned_and_changes_the_datasets_hash(growing, blob):
    datasets._out_of_reach.clear()
    data.fetch("grown")
    before = provenance.dataset_sha256("grown")
    for name in ("b.bin", "c.bin"):
        (growing / name).write_bytes(blob + name.encode())
    datasets._out_of_reach.clear()
    with pytest.warns(UserWarning, match="first fetch, pinned as sha256"):
        data.fetch("grown")
    assert provenance.further_files("grown") == 2
    assert provenance.dataset_sha256("grown") != before
    assert all(digest != "not pinned" for _, digest in provenance.dataset_files("grown"))


def test_a_recorded_word_is_not_compared_with_one_of_more_files(monkeypatch):
    monkeypatch.setattr("scopecheck.record.page.further_files", lambda name: 21)
    monkeypatch.setattr("scopecheck.record.page.dataset_sha256", lambda name: "0" * 64)
    page = record.start("no-such-recipe")
    row = page.add(
        "mine", judge.agreement(np.ones(6), np.ones(6), scope="population", tolerance=0.1), datasets=["x"]
    )
    assert "; 21 files more than the recorded word was made from" in row.note
    assert (row.recorded, row.words_seen, row.stable, row.differs) == (None, {}, None, False)


def test_every_image_of_the_science_bowls_set_is_listed_at_its_commit():
    entry = describe("bbbc038-stage1-test")
    images = [file for file in entry.files if file.role != "truth"]
    assert len(images) == 65
    commit = "/ee7c37eb666b7d697269149b6902f2ff3062dcd0/"
    assert all(commit in s.url for file in entry.files for s in entry.sources_of(file))
