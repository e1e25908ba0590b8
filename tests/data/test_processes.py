"""What two processes, a kill, a full disk and a cut network do to the cache."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from scopecheck import data
from scopecheck.data import datasets, download, mirror
from scopecheck.errors import DataError

FETCH = "print(data.fetch('one'))"


def test_two_processes_fetch_a_file_once(one, server, blob):
    server.mood["a.bin"] = "slow"
    running = [subprocess.Popen(one.child(FETCH), stdout=subprocess.PIPE, text=True) for _ in range(2)]
    paths = [process.communicate()[0].strip() for process in running]
    assert [process.returncode for process in running] == [0, 0]
    assert paths[0] == paths[1] == str(data.where("one"))
    assert Path(paths[0]).read_bytes() == blob
    assert len(server.log) == 1


def test_killed_half_way_leaves_no_file_and_the_next_run_has_it(one, server, blob):
    server.mood["a.bin"] = "stall"  # sends one half and waits
    part = data.where("one").with_name("a.bin.part")
    process = subprocess.Popen(one.child(FETCH))
    while not (part.is_file() and part.stat().st_size > 0):
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert 0 < part.stat().st_size < len(blob)
    assert not data.where("one").exists()
    assert not data.is_here("one")
    server.mood.clear()
    assert data.fetch("one").read_bytes() == blob
    assert one.leftovers() == []


@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit on file size")
def test_a_full_disk_is_named_and_leaves_nothing(one, blob):
    code = (
        "import resource, sys\n"
        "from scopecheck.errors import DataError\n"
        "data.describe('one')\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        "try:\n    data.fetch('one')\nexcept DataError as error:\n    sys.exit(str(error))\n"
    )
    done = subprocess.run(one.child(code), capture_output=True, text=True)
    assert done.returncode == 1
    assert "one/a.bin: could not be written to" in done.stderr
    assert "It needs 400000 bytes" in done.stderr
    assert "SCOPECHECK_CACHE" in done.stderr
    assert not data.where("one").exists()
    assert one.leftovers() == []
    assert data.fetch("one").read_bytes() == blob


CANNOT = r"the cache cannot be used \(.*\)\. Allow it, or name another folder in SCOPECHECK_CACHE"


def test_a_cache_that_cannot_be_made(one, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("not a folder")
    one.add("tree", one.content["datasets"]["one"]["files"], format="ome-zarr")
    monkeypatch.setenv("SCOPECHECK_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(DataError, match=CANNOT):
        data.fetch("one")
    with pytest.raises(DataError, match=CANNOT):
        data.open_zarr("tree")


def test_a_cached_file_that_may_not_be_read(one, monkeypatch):
    path = data.fetch("one")

    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(download, "sha256_file", refuse)
    for ask in (data.fetch, data.is_here):
        with pytest.raises(DataError, match=f"{path}: {CANNOT}"):
            ask("one")


def test_a_folder_that_cannot_be_removed(one, tmp_path, blob):
    data.fetch("one")
    (one.cache / "one").rename(tmp_path / "elsewhere")
    (one.cache / "one").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(DataError, match=CANNOT):
        datasets.clean()
    assert (tmp_path / "elsewhere" / "a.bin").read_bytes() == blob


def _network_cut() -> list[str]:
    """Return a prefix that runs a command without any network, or [] where the system does not allow it."""
    for prefix in (["unshare", "-n"], ["unshare", "-rn"]):
        try:
            if subprocess.run([*prefix, "true"], capture_output=True, timeout=100).returncode == 0:
                return prefix
        except (OSError, subprocess.TimeoutExpired):
            continue
    return []


def test_a_mirror_serves_with_the_network_cut(one, server, blob, tmp_path, record_property):
    (server.root / "b.bin").write_bytes(blob[::-1])
    one.add("tree", {"deep/b.bin": (blob[::-1], [{"url": f"{server.url}/b.bin"}])}, root="b.zarr")
    command = [sys.executable, "-m", "scopecheck", "data", "fetch", "--all", "--to", str(tmp_path / "mirror")]
    command[1:3] = ["-c", "from scopecheck.cli import main; main()"]
    subprocess.run(command, check=True, capture_output=True)
    rows = json.loads((tmp_path / "mirror" / "manifest.json").read_text())
    assert [row["file"] for row in rows] == ["one/a.bin", "tree/deep/b.bin"]

    blocked = "import socket\ndef no(*a, **k): raise OSError('network cut')\nsocket.socket.connect = no\n"
    prefix = _network_cut()
    record_property("network cut by", " ".join(prefix) or "a blocked socket")
    code = "for name in ('one', 'tree'): print(data.fetch(name))"
    env = {**os.environ, "SCOPECHECK_CACHE": str(tmp_path / "node"), "SCOPECHECK_MIRROR": ""}
    child = prefix + one.child(code if prefix else blocked + code)
    refused = subprocess.run(child, env=env, capture_output=True, text=True)
    assert refused.returncode != 0
    assert "not reachable" in refused.stderr
    env["SCOPECHECK_MIRROR"] = os.pathsep.join([str(tmp_path / "mirror")])
    done = subprocess.run(child, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    first, second = map(Path, done.stdout.split())
    assert first.read_bytes() == blob
    assert second.read_bytes() == blob[::-1]


@pytest.fixture
def mirrored(one, tmp_path, monkeypatch):
    folder = tmp_path / "mirror"
    (folder / "one").mkdir(parents=True)
    monkeypatch.setenv("SCOPECHECK_MIRROR", str(folder))
    mirror._index.cache_clear()
    yield folder
    mirror._index.cache_clear()


def _row(one, file="one/a.bin"):
    return [{"file": file, "sha256": data.describe("one").files[0].sha256}]


def test_a_mirror_is_tried_before_the_archive(one, server, blob, mirrored):
    (mirrored / "one" / "a.bin").write_bytes(blob)
    (mirrored / "manifest.json").write_text(json.dumps(_row(one)))
    assert data.fetch("one").read_bytes() == blob
    assert server.log == []


def test_a_mirror_that_lies_is_passed_over(one, server, blob, mirrored):
    (mirrored / "one" / "a.bin").write_bytes(b"not it")
    (mirrored / "manifest.json").write_text(json.dumps(_row(one)))
    assert not data.is_here("one")
    assert data.fetch("one").read_bytes() == blob
    assert len(server.log) == 1


def test_a_second_mirror_serves_when_the_first_lies(one, server, blob, mirrored, monkeypatch, tmp_path):
    (mirrored / "one" / "a.bin").write_bytes(b"not it")
    (mirrored / "manifest.json").write_text(json.dumps(_row(one)))
    second = tmp_path / "second"
    shutil.copytree(mirrored, second)
    (second / "one" / "a.bin").write_bytes(blob)
    monkeypatch.setenv("SCOPECHECK_MIRROR", os.pathsep.join([str(mirrored), str(second)]))
    assert data.is_here("one")
    assert data.fetch("one").read_bytes() == blob
    assert server.log == []


def test_a_mirror_cannot_name_files_outside_itself(one, server, blob, mirrored):
    (mirrored.parent / "secret.bin").write_bytes(blob)
    (mirrored / "manifest.json").write_text(json.dumps(_row(one, "../secret.bin")))
    assert data.fetch("one").read_bytes() == blob
    assert len(server.log) == 1


def test_a_broken_manifest_and_a_missing_folder_are_named(one, mirrored, monkeypatch):
    (mirrored / "manifest.json").write_text('{"file": 1}')
    with pytest.raises(DataError, match=r"manifest\.json: not a mirror's manifest"):
        data.fetch("one")
    monkeypatch.setenv("SCOPECHECK_MIRROR", str(mirrored / "nowhere"))
    with pytest.raises(DataError, match="which is not a folder"):
        data.fetch("one")
