"""EMPIAR and EMDB by accession, on a local server with the archives' listing and file tree."""

import gzip
import json
import re
import shutil

import pytest
from typer.testing import CliRunner

from scopecheck import data
from scopecheck.cli.command import app
from scopecheck.data import archives, cache, datasets
from scopecheck.errors import DataError

PAGE = """<html><body><h1>Index of {here}</h1><table>
<tr><th><a href="?C=N;O=D">Name</a></th><th><a href="?C=S;O=A">Size</a></th></tr>
<tr><td><a href="/empiar/world_availability/">Parent Directory</a></td></tr>
<tr><td><a href="../">..</a></td></tr>{rows}</table></body></html>"""
FILES = {
    "data/Micrographs/a b.mrc": b"first micrograph",
    "data/Micrographs/m2.mrc": b"second micrograph, longer",
    "data/Micrographs/m3.mrc": b"third",
    "data/Particles/deep/stack.mrcs": b"particles",
}
RECORD = """<?xml version="1.0"?><emd emdb_id="EMD-99999" version="3.0.0.0">
<admin><title>A made-up complex</title></admin>
<map format="CCP4"><pixel_spacing><x units="A">1.5</x><y units="A">1.5</y></pixel_spacing>
<contour_list><contour primary="true"><level>0.02</level></contour></contour_list>
<file>emd_99999.map.gz</file></map>
<interpretation><half_map_list><half_map><file>emd_99999_half_map_1.map.gz</file></half_map>
<half_map><file>emd_99999_half_map_2.map.gz</file></half_map></half_map_list></interpretation></emd>"""


@pytest.fixture
def archive(world, server, monkeypatch):
    """A server with one entry of each archive; a catalogue with nothing of them."""
    world.add("one", {"a": (b"abc", [{"url": f"{server.url}/a"}])})
    root = server.root / "empiar" / "10017"
    for name, content in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    (root / "data" / "Micrographs" / "odd?name.mrc").write_bytes(b"a name that is not plain")
    for folder in [root / "data", *(path for path in (root / "data").rglob("*") if path.is_dir())]:
        held = sorted(folder.iterdir())
        rows = "".join(
            f'<tr><td><a href="{path.name.replace(" ", "%20")}{"/" if path.is_dir() else ""}">x</a></td></tr>'
            for path in held
        )
        outside = '<tr><td><a href="../../../secret.mrc">up</a><a href="http://h/x.mrc">other</a></td></tr>'
        (folder / "index.html").write_text(PAGE.format(here=folder.name, rows=rows + outside))
    sets = [
        {"name": "micrographs", "directory": "/data/Micrographs", "pixel_width": "1.77", "details": None},
        {"name": "particles", "directory": "/data/Particles", "pixel_width": "1.77", "details": None},
    ]
    api = server.root / "api" / "10017"
    api.mkdir(parents=True)
    (api / "index.html").write_text(json.dumps({"EMPIAR-10017": {"title": "Beta-gal", "imagesets": sets}}))
    emdb = server.root / "emdb" / "EMD-99999"
    for name, content in {
        "header/emd-99999.xml": RECORD.encode(),
        "map/emd_99999.map.gz": gzip.compress(b"map"),
        "other/emd_99999_half_map_1.map.gz": gzip.compress(b"half 1"),
        "other/emd_99999_half_map_2.map.gz": gzip.compress(b"half 2"),
    }.items():
        (emdb / name).parent.mkdir(parents=True, exist_ok=True)
        (emdb / name).write_bytes(content)
    monkeypatch.setattr(archives, "EMPIAR_API", f"{server.url}/api")
    monkeypatch.setattr(archives, "EMPIAR_FILES", f"{server.url}/empiar")
    monkeypatch.setattr(archives, "EMDB_FILES", f"{server.url}/emdb")
    return world


def run(*words):
    return CliRunner().invoke(app, ["data", *words])


@pytest.mark.filterwarnings("ignore:.*first fetch")
def test_three_files_of_an_empiar_entry(archive):
    done = run("fetch", "empiar:10017", "--limit", "3")
    assert done.exit_code == 0, done.output
    folder = archive.cache / "empiar-10017"
    assert f"empiar:10017: {folder}" in done.output
    found = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert found == {name: FILES[name] for name in list(FILES)[:3]}
    pins = json.loads(cache.lock_path().read_text())
    assert sorted(pins) == [f"empiar-10017/{name}" for name in sorted(list(FILES)[:3])]
    assert data.where("empiar:10017") == folder


@pytest.mark.parametrize("words", [("empiar:10017",), ("empiar:10017", "--limit", "0"), ("nothing:1",)])
def test_an_error_names_its_entry_once(archive, words):
    done = run("fetch", *words)
    assert done.exit_code == 2
    assert done.output.count(words[0]) == 1


@pytest.mark.filterwarnings("ignore:.*first fetch")
def test_the_listing_is_walked_down_to_the_second_image_set(archive):
    entry = archives.entry("EMPIAR:EMPIAR-10017", 99)
    assert [file.name for file in entry.files] == list(FILES)  # nothing from above, elsewhere or of odd names
    assert [file.bytes for file in entry.files] == [len(content) for content in FILES.values()]
    assert entry.accession == "EMPIAR-10017"
    assert "1.77 A" in entry.pixel_size_note


@pytest.mark.filterwarnings("ignore:.*first fetch")
def test_a_changed_file_of_the_archive_is_refused(archive, server):
    data.fetch("empiar:10017", limit=1)
    (server.root / "empiar/10017" / next(iter(FILES))).write_bytes(b"FIRST micrograph")
    shutil.rmtree(archive.cache / "empiar-10017")
    with pytest.raises(DataError, match="wrong hash, expected sha256"):
        data.fetch("empiar:10017", limit=1)


@pytest.mark.filterwarnings("ignore:.*first fetch")
def test_without_the_archive_what_was_fetched_is_still_had(archive, server, monkeypatch):
    data.fetch("empiar:10017", limit=2)
    monkeypatch.setattr(archives, "EMPIAR_API", "http://127.0.0.1:9/api")
    with pytest.warns(UserWarning, match=r"not reachable .*going on with the 2 file"):
        folder = data.fetch("empiar:10017", limit=2)
    assert (folder / "data/Micrographs/m2.mrc").read_bytes() == FILES["data/Micrographs/m2.mrc"]
    cache.lock_path().unlink()
    with pytest.raises(DataError, match=r"not reachable.*fetch empiar:10017 --limit 2 --to DIR` where"):
        data.fetch("empiar:10017", limit=2)


@pytest.mark.filterwarnings("ignore:.*first fetch", "ignore:.*going on with")
@pytest.mark.parametrize(("name", "limit", "made"), [("empiar:10017", 2, 2), ("emdb:99999", None, 4)])
def test_the_advice_for_a_machine_without_a_network_works(archive, monkeypatch, tmp_path, name, limit, made):
    """What a machine with a network wrote with --to serves one that never had any."""
    at = {what: getattr(archives, what) for what in ("EMPIAR_API", "EMPIAR_FILES", "EMDB_FILES")}
    for what in at:
        monkeypatch.setattr(archives, what, "http://127.0.0.1:9/x")
    with pytest.raises(DataError, match="not reachable") as refused:
        data.fetch(name, limit=limit)
    words = re.search(r"run `scopecheck data (fetch \S+(?: --limit \d+)?) --to DIR`", str(refused.value))[1]
    for what, address in at.items():
        monkeypatch.setattr(archives, what, address)
    done = run(*words.split(), "--to", str(tmp_path / "DIR"))
    assert done.exit_code == 0, done.output
    for what in at:
        monkeypatch.setattr(archives, what, "http://127.0.0.1:9/x")
    datasets.clean()
    cache.lock_path().unlink()
    with pytest.raises(DataError, match="not reachable"):
        data.fetch(name, limit=limit)
    monkeypatch.setenv("SCOPECHECK_MIRROR", str(tmp_path / "DIR"))
    folder = data.fetch(name, limit=limit)
    assert len([path for path in folder.rglob("*") if path.is_file()]) == made
    assert len(cache.pins()) == made


@pytest.mark.filterwarnings("ignore:.*first fetch")
def test_record_map_and_half_maps_of_an_emdb_entry(archive):
    folder = data.fetch("emdb:EMD-99999")
    assert sorted(path.name for path in folder.rglob("*") if path.is_file()) == [
        "emd-99999.xml",
        "emd_99999.map.gz",
        "emd_99999_half_map_1.map.gz",
        "emd_99999_half_map_2.map.gz",
    ]
    record = data.read_emdb_record(folder / "header" / "emd-99999.xml")
    assert record["accession"] == "EMD-99999"
    assert record["pixel_size"] == 1.5
    assert record["contour_level"] == 0.02
    assert record["half_maps"] == ["emd_99999_half_map_1.map.gz", "emd_99999_half_map_2.map.gz"]
    assert "resolution" not in record
    assert archives.entry("emdb:99999").pixel_size == pytest.approx((1.5e-4,) * 3)
    assert len(list(data.fetch("emdb:99999", limit=2).rglob("*.gz"))) == 3  # earlier files stay


@pytest.mark.filterwarnings("ignore:.*first fetch")
def test_an_entry_goes_into_a_mirror_and_is_cleaned_away(archive, tmp_path):
    to = tmp_path / "mirror"
    data.fetch("empiar:10017", limit=1, to=to)
    rows = json.loads((to / "manifest.json").read_text())
    assert [row["file"] for row in rows] == ["empiar-10017/data/Micrographs/a b.mrc"]
    (archive.cache / "mine").mkdir()
    (archive.cache / "mine" / "a").write_bytes(b"kept")
    assert datasets.clean(["empiar:10017"]) >= len(b"first micrograph")
    data.fetch("empiar:10017", limit=1)
    datasets.clean()
    assert not (archive.cache / "empiar-10017").exists()
    assert (archive.cache / "mine" / "a").read_bytes() == b"kept"


@pytest.mark.parametrize(
    ("name", "limit", "said"),
    [
        ("empiar:10017", None, "can hold terabytes"),
        ("empiar:10017", 0, "expected at least 1"),
        ("empiar:77777", 1, "no such entry"),
        ("emdb:88888", None, "answered 404"),
        ("empiar:ten", 1, "is no accession"),
        ("pdb:1234", None, "is no accession"),
    ],
)
def test_what_cannot_be_had_is_said(archive, name, limit, said):
    with pytest.raises(DataError, match=said):
        data.fetch(name, limit=limit)


def test_an_answer_that_is_no_record(archive, server):
    (server.root / "api/10017/index.html").write_text("<html>maintenance</html>")
    with pytest.raises(DataError, match="is not an EMPIAR record"):
        data.fetch("empiar:10017", limit=1)
    (server.root / "api/10017/index.html").write_text(json.dumps({"EMPIAR-10017": {"imagesets": []}}))
    with pytest.raises(DataError, match="holds no file that can be fetched"):
        data.fetch("empiar:10017", limit=1)
