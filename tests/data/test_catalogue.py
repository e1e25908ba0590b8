"""The catalogue: what ships is whole and honest, and what is corrupt is named."""

import re
from pathlib import Path

import numpy as np
import pytest

from scopecheck import data
from scopecheck.data import cache
from scopecheck.data.catalogue import catalogue, catalogue_path
from scopecheck.errors import DataError

NAMES = [
    "bbbc038-field",
    "idr0062-6001240",
    "cellpose-cyto-2020",
    "cell-aap-phase",
    "bbbc038-stage1-test",
    "bbbc039",
    "bioimageio-unet-nuclei",
    "usiigaci-phase",
    "empiar10017-betagal",
    "empiar10146-apoferritin",
    "t40-fsc",
    "emd30342-qscore",
    "emd20026-qscore",
    "emd6272-crop",
    "emdb-small",
    "mrc-300kv",
    "cryodrgn-testdata",
    "cryolo-picks",
    "adk-dims",
    "emd-21457-spike",
    "emd-3488-haemoglobin",
    "6zu5-ribosome",
    "micassess-examples",
    "roodmus-spike",
    "unet-nuclei-trainings",
    "unet-phase-contrast-trainings",
    "care-filaments-trainings",
    "n2v-spots-trainings",
    "stardist-nuclei-trainings",
    "deepstorm-trainings",
    "deepstorm-demo1",
    "annapalm-trainings",
    "locan-lists",
    "crossmodality-trainings",
    "pysted-maps",
    "rln-published",
]


def test_the_catalogue_names_what_the_recipes_need():
    assert sorted(catalogue().datasets) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_every_entry_is_complete(name):
    entry = data.describe(name)
    assert all(file.sha256 and file.bytes for file in entry.files if not entry.may_lack(file))
    assert sum(map(entry.may_lack, entry.files)) == (21 if name == "bbbc038-stage1-test" else 0)
    assert entry.accession
    assert entry.licence
    assert entry.citation
    if entry.kind == "images":
        assert entry.truth.made_by
        assert entry.truth.faults
        assert {"count", "mean_area", "total_intensity", "area_fraction"} <= set(entry.truth.uncertainty)
        assert "cellpose-cyto-2020" in entry.seen_by
        assert 1 <= entry.acquisitions <= entry.acquisitions_in_original
    if entry.kind == "files":
        assert entry.notes
        assert entry.truth is None or entry.truth.faults


@pytest.mark.parametrize("name", NAMES)
def test_no_source_can_change_under_its_address(name):
    entry = data.describe(name)
    for source in {s for file in entry.files for s in entry.sources_of(file)}:
        if source.kind == "url":
            assert re.search(r"/[0-9a-f]{40}/", source.url), f"{source.url} is not pinned to a commit"
        if source.kind == "archive":
            assert source.archive.startswith("https://")


def test_embedded_data_come_from_packages_or_with_scopecheck():
    for entry in catalogue().datasets.values():
        if entry.tier == "embedded":
            assert all(entry.sources_of(file)[0].kind in ("package", "beside") for file in entry.files)


def test_what_comes_with_scopecheck_is_small_and_holds_plain_numbers_alone():
    entries = [e for e in catalogue().datasets.values() if any(s.beside for s in e.sources)]
    assert entries
    for entry in entries:
        assert data.is_here(entry.name)  # in the repository itself, whole
        for file in entry.files:
            assert file.bytes < 1_000_000
            with np.load(cache.beside(entry.sources[0].fill(file.name)), allow_pickle=False) as arrays:
                assert all(np.isfinite(arrays[name]).all() for name in arrays.files)


def test_unknown_uncertainty_is_none_and_a_stated_one_is_a_number(world, blob):
    world.add("made", {"a": (blob, [{"url": "http://localhost/a"}])}, kind="images")
    assert data.truth_uncertainty("made", "count") == pytest.approx(0.02)
    assert data.truth_uncertainty("made", "mean_area") is None
    assert data.truth_uncertainty("made", "never heard of") is None


def test_weights_have_no_truth_to_be_uncertain():
    assert data.truth_uncertainty("cellpose-cyto-2020", "count") is None


def test_the_pixel_size_of_the_blastocyst_is_the_archives():
    # Blin et al. 2019 state 0.5 um between planes; x and y from the archive's OME-Zarr metadata
    assert data.describe("idr0062-6001240").pixel_size == pytest.approx((0.5, 0.36, 0.36), rel=2e-3)
    assert data.describe("bbbc038-field").pixel_size is None


@pytest.mark.parametrize("wrong", ["bbbc38-field", "BBBC038-field", "bbbc038_field"])
def test_a_misspelt_name_is_put_right(wrong):
    with pytest.raises(DataError, match=f"No dataset is called '{wrong}'. Did you mean bbbc038-field"):
        data.describe(wrong)


def test_a_name_like_no_other_lists_them_all():
    with pytest.raises(DataError, match="Known: bbbc038-field, "):
        data.fetch("xyzzy")


def corrupt(world, change):
    world.add("one", {"a.bin": (b"abc", [{"url": "http://localhost/a"}])}, kind="images")
    change(world.content["datasets"]["one"])
    world.write()
    with pytest.raises(DataError) as caught:
        data.describe("one")
    return str(caught.value)


FAULTS = {
    "an extra field": (lambda e: e.update(colour="red"), ["'one'", "'colour'", "Extra inputs"]),
    "a missing field": (lambda e: e.pop("licence"), ["'one'", "'licence'", "Field required"]),
    "a bad hash": (lambda e: e["files"][0].update(sha256="abc"), ["'one'", "'files.0.sha256'", "pattern"]),
    "no hash": (lambda e: e["files"][0].pop("sha256"), ["'one'", "a.bin has no sha256"]),
    "no source": (lambda e: e["files"][0].update(sources=[]), ["'one'", "a.bin has no source"]),
    "a file twice": (lambda e: e["files"].append(e["files"][0]), ["'one'", "a.bin is listed twice"]),
    "a path that escapes": (
        lambda e: e["files"][0].update(name="../a"),
        ["'files.0.name'", "plain relative path"],
    ),
    "an absolute path": (
        lambda e: e["files"][0].update(name="/etc/x"),
        ["'files.0.name'", "plain relative path"],
    ),
    "a backslash": (lambda e: e["files"][0].update(name="a\\b"), ["'files.0.name'", "plain relative path"]),
    "a root that escapes": (lambda e: e.update(root="../out"), ["'root'", "plain relative path"]),
    "two kinds at once": (
        lambda e: e["files"][0].update(sources=[{"url": "u", "archive": "a"}]),
        ["'files.0.sources.0'", "exactly one of archive, url, package"],
    ),
    "a file beside that escapes": (
        lambda e: e["files"][0].update(sources=[{"beside": "../{name}"}]),
        ["'files.0.sources.0'", "not a plain path relative to the catalogue"],
    ),
    "a package not listed": (
        lambda e: e["files"][0].update(sources=[{"package": "p", "member": "m"}]),
        ["one: package 'p' is not listed"],
    ),
    "a package without a member": (
        lambda e: e["files"][0].update(sources=[{"package": "p"}]),
        ["'files.0.sources.0'", "member"],
    ),
    "images without truth": (lambda e: e.pop("truth"), ["'one'", "who made its truth"]),
    "a number without a source": (
        lambda e: e["truth"].update(uncertainty={"count": {"value": 0.1}}),
        ["'truth.uncertainty.count'", "needs its source"],
    ),
    "a tier of its own": (
        lambda e: e.update(tier="secret"),
        ["'one'", "'tier'", "'embedded', 'public' or 'archive'"],
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_corrupt_entry_is_named_with_its_field(world, fault):
    change, parts = FAULTS[fault]
    message = corrupt(world, change)
    for part in [str(world.file), "SCOPECHECK_CATALOGUE", *parts]:
        assert part in message


@pytest.mark.parametrize(
    "text", ["", "a: [", "- 1", "schema: '1.0'", "schema: '1.0'\ndatasets: {one: 1}", "\x00", "\xff"]
)
def test_a_file_that_is_no_catalogue(world, text):
    world.file.write_bytes(text.encode("latin-1"))
    with pytest.raises(DataError, match=r"catalogue\.yaml"):
        data.describe("one")


def test_a_dataset_cannot_name_a_folder_outside_the_cache(world):
    world.add("../out", {"a.bin": (b"abc", [{"url": "http://localhost/a"}])})
    with pytest.raises(DataError, match=r"entry '\.\./out', field 'name'"):
        data.fetch("../out")


def test_a_list_of_files_that_escapes_or_is_missing(world):
    for listed in ("../other.json", "missing.json"):
        world.add("one", {"a.bin": (b"abc", [{"url": "http://localhost/a"}])}, files_from=listed)
        with pytest.raises(DataError, match=r"catalogue\.yaml"):
            data.describe("one")


def test_a_catalogue_that_is_not_there(monkeypatch, tmp_path):
    monkeypatch.setenv("SCOPECHECK_CATALOGUE", str(tmp_path / "none.yaml"))
    with pytest.raises(DataError, match=r"none\.yaml: the catalogue cannot be read"):
        data.describe("one")


def test_the_packages_own_catalogue_is_found(monkeypatch):
    monkeypatch.delenv("SCOPECHECK_CATALOGUE", raising=False)
    assert catalogue_path().is_file()
    assert Path(catalogue_path()).name == "catalogue.yaml"


def test_names_are_quoted_in_addresses_and_kept_in_members():
    from scopecheck.data.catalogue import Source

    assert Source(url="http://h/{stem}/x/{name}").fill("a b.png") == "http://h/a%20b/x/a%20b.png"
    assert Source(package="p", member="p/{name}").fill("a b.png") == "p/a b.png"
