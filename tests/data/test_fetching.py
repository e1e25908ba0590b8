"""Fetching over a real HTTP server on its bad days: nothing half-written is ever taken for whole."""

import hashlib
import json
import socket

import pytest

from scopecheck import data
from scopecheck.data import download
from scopecheck.errors import DataError


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def asked(server, path="a.bin"):
    return [ask for ask in server.log if ask[0] == path and ask[1] != "client left"]


def test_a_file_is_fetched_once_and_its_path_is_returned(one, server, blob):
    path = data.fetch("one")
    assert path.read_bytes() == blob
    assert data.fetch("one") == path == data.where("one")
    assert len(asked(server)) == 1
    assert one.leftovers() == []


def test_a_file_that_comes_along_is_taken_from_beside_the_catalogue(world, blob):
    (world.file.parent / "weights").mkdir()
    beside = world.file.parent / "weights" / "a.bin"
    beside.write_bytes(blob)
    world.add("ours", {"a.bin": (blob, [{"beside": "weights/{name}"}])})
    assert data.is_here("ours")
    assert data.fetch("ours").read_bytes() == blob
    assert data.fetch("ours").parent.parent == world.cache


@pytest.mark.parametrize("what", ["changed", "missing"])
def test_a_file_that_should_come_along_and_is_not_what_it_should_be_is_refused(world, blob, what):
    (world.file.parent / "weights").mkdir()
    if what == "changed":
        (world.file.parent / "weights" / "a.bin").write_bytes(b"x" + blob[1:])
    world.add("ours", {"a.bin": (blob, [{"beside": "weights/{name}"}])})
    assert not data.is_here("ours")
    said = "wrong hash" if what == "changed" else "cannot be read"
    with pytest.raises(
        DataError, match=rf"ours/a\.bin: no source gave it[\s\S]*beside the catalogue[\s\S]*{said}"
    ):
        data.fetch("ours")
    assert world.leftovers() == []


def test_a_dropped_connection_is_tried_again(one, server, blob):
    server.mood["a.bin"] = ["drop", "drop"]
    assert data.fetch("one").read_bytes() == blob
    assert len(asked(server)) == 3
    assert one.leftovers() == []


def test_a_connection_that_always_drops_gives_no_file(one, server, blob):
    server.mood["a.bin"] = "drop"
    with pytest.raises(
        DataError, match=r"one/a\.bin: no source gave it[\s\S]*of 400000 bytes, tried 3 times"
    ):
        data.fetch("one")
    assert not data.where("one").exists()
    assert not data.is_here("one")
    assert one.leftovers() == []
    server.mood.clear()
    assert data.fetch("one").read_bytes() == blob


def test_a_wrong_hash_names_file_source_and_both_hashes(one, server, blob):
    wrong = b"x" * len(blob)
    (server.root / "a.bin").write_bytes(wrong)
    with pytest.raises(DataError) as caught:
        data.fetch("one")
    message = str(caught.value)
    for part in ("one/a.bin", f"archive {server.url}/a.bin", sha256(blob), sha256(wrong)):
        assert part in message
    assert not data.where("one").exists()
    assert one.leftovers() == []


def test_a_second_source_serves_when_the_first_is_wrong(world, server, blob):
    (server.root / "bad.bin").write_bytes(blob[::-1])
    (server.root / "good.bin").write_bytes(blob)
    sources = [
        {"url": f"{server.url}/missing"},
        {"url": f"{server.url}/bad.bin"},
        {"archive": f"{server.url}/good.bin"},
    ]
    world.add("two", {"a.bin": (blob, sources)})
    assert data.fetch("two").read_bytes() == blob
    assert [path for path, _ in server.log] == ["missing", "bad.bin", "good.bin"]


def test_a_404_says_so(one, server):
    server.mood["a.bin"] = "404"
    with pytest.raises(DataError, match="the server answered 404"):
        data.fetch("one")
    assert len(asked(server)) == 1
    assert not data.where("one").exists()


def test_a_redirect_is_followed(one, server, blob):
    server.mood["a.bin"] = "redirect"
    assert data.fetch("one").read_bytes() == blob
    assert asked(server, "moved/a.bin") == [("moved/a.bin", None)]


def test_a_slow_server_is_waited_for(one, server, blob):
    server.mood["a.bin"] = "slow"
    assert data.fetch("one").read_bytes() == blob


def test_a_server_that_stops_sending_is_given_up(one, server, monkeypatch):
    monkeypatch.setattr(download, "TIMEOUT", (1.0, 0.3))
    server.mood["a.bin"] = "stall"
    with pytest.raises(DataError, match="tried 3 times"):
        data.fetch("one")
    assert not data.where("one").exists()


def test_no_network_says_what_to_do(one, monkeypatch):
    def refuse(*_, **__):
        raise OSError("no network")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    with pytest.raises(DataError, match=r"not reachable[\s\S]*SCOPECHECK_MIRROR=DIR"):
        data.fetch("one")


def test_a_server_that_is_not_there(world, blob):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    world.add("gone", {"a.bin": (blob, [{"url": f"http://127.0.0.1:{port}/a.bin"}])})
    with pytest.raises(DataError, match="not reachable"):
        data.fetch("gone")


def test_a_damaged_file_in_the_cache_is_fetched_again(one, server, blob):
    path = data.fetch("one")
    path.write_bytes(blob[:1000])
    assert not data.is_here("one")
    assert data.fetch("one").read_bytes() == blob
    path.write_bytes(b"y" * len(blob))
    assert data.fetch("one").read_bytes() == blob
    assert len(asked(server)) == 3


def test_a_large_file_goes_on_where_it_stopped(one, server, blob, monkeypatch):
    monkeypatch.setattr(download, "RESUME_FROM", 1000)
    server.mood["a.bin"] = ["drop"]
    assert data.fetch("one").read_bytes() == blob
    (_, first), (_, second) = asked(server)
    assert first is None
    start = int(second.removeprefix("bytes=").removesuffix("-"))
    assert 0 < start <= len(blob) // 2


def test_a_part_left_by_an_earlier_run_is_completed(one, server, blob, monkeypatch):
    monkeypatch.setattr(download, "RESUME_FROM", 1000)
    part = data.where("one").with_name("a.bin.part")
    part.parent.mkdir(parents=True)
    part.write_bytes(blob[:150_000])
    assert data.fetch("one").read_bytes() == blob
    assert asked(server) == [("a.bin", "bytes=150000-")]


@pytest.mark.parametrize("left", [b"z" * 150_000, b"z" * 500_000])
def test_a_wrong_or_too_long_part_never_becomes_the_file(one, server, blob, monkeypatch, left):
    monkeypatch.setattr(download, "RESUME_FROM", 1000)
    part = data.where("one").with_name("a.bin.part")
    part.parent.mkdir(parents=True)
    part.write_bytes(left)
    assert data.fetch("one").read_bytes() == blob
    assert one.leftovers() == []


def test_a_server_without_ranges_is_read_from_the_start(one, server, blob, monkeypatch):
    monkeypatch.setattr(download, "RESUME_FROM", 1000)
    server.mood["a.bin"] = "no range"
    part = data.where("one").with_name("a.bin.part")
    part.parent.mkdir(parents=True)
    part.write_bytes(blob[:150_000])
    assert data.fetch("one").read_bytes() == blob


def test_an_archive_file_is_pinned_on_first_use(world, server, blob, tmp_path):
    (server.root / "live.bin").write_bytes(blob)
    world.add("live", [{"name": "live.bin", "sources": [{"archive": f"{server.url}/live.bin"}]}])
    with pytest.warns(UserWarning, match="pinned as sha256"):
        path = data.fetch("live")
    lock = tmp_path / "lock.json"
    assert json.loads(lock.read_text()) == {"live/live.bin": sha256(blob)}
    path.unlink()
    (server.root / "live.bin").write_bytes(b"changed")
    with pytest.raises(DataError, match="wrong hash"):
        data.fetch("live")


@pytest.mark.parametrize(
    ("mood", "size", "said"),
    [
        ("no length", None, r"does not say how long it is, so a part could pass for the whole"),
        ("login", None, r"sent a web page \(text/html\) in its place; open the address in a browser"),
        ("no length", 400_000, r"does not say how long it is"),
        (None, 400_001, r"wrong size, expected 400001 bytes, got 400000"),
    ],
)
def test_nothing_doubtful_is_pinned_on_first_use(world, server, blob, tmp_path, mood, size, said):
    (server.root / "live.bin").write_bytes(blob)
    row = {"name": "live.bin", "sources": [{"archive": f"{server.url}/live.bin"}]}
    world.add("live", [row | ({"bytes": size} if size else {})])
    server.mood["live.bin"] = mood
    with pytest.raises(DataError, match=rf"live/live\.bin: no source gave it[\s\S]*archive .*: .*{said}"):
        data.fetch("live")
    assert not data.where("live").exists()
    assert not (tmp_path / "lock.json").exists()
    assert world.leftovers() == []


def test_an_end_in_chunks_and_a_page_that_is_meant_are_pinned(world, server, blob):
    for name in ("live.bin", "live.html"):
        (server.root / name).write_bytes(blob)
    server.mood["live.bin"] = "chunked"
    rows = [{"name": n, "sources": [{"archive": f"{server.url}/{n}"}]} for n in ("live.bin", "live.html")]
    world.add("live", rows)
    with pytest.warns(UserWarning, match="pinned as sha256"):
        assert (data.fetch("live") / "live.bin").read_bytes() == blob


def test_a_hash_is_enough_where_the_server_says_little(one, server, blob):
    server.mood["a.bin"] = "login"
    assert data.fetch("one").read_bytes() == blob


def test_a_corrupt_lock_says_which_file(world, server, blob, tmp_path):
    world.add("live", [{"name": "live.bin", "sources": [{"archive": f"{server.url}/live.bin"}]}])
    for text in ("{", "[]"):
        (tmp_path / "lock.json").write_text(text)
        with pytest.raises(DataError, match=r"lock\.json: the lock of archive files cannot be read"):
            data.fetch("live")


def test_only_the_kinds_asked_for_are_tried(world, server, blob):
    (server.root / "u.bin").write_bytes(blob)
    world.add("two", {"a.bin": (blob, [{"url": f"{server.url}/u.bin"}, {"archive": f"{server.url}/none"}])})
    with pytest.raises(DataError, match=f"archive {server.url}/none"):
        data.fetch("two", kinds=("archive",))
    assert [path for path, _ in server.log] == ["none"]
    assert data.fetch("two", kinds=("archive", "url")).read_bytes() == blob
    assert [path for path, _ in server.log] == ["none", "none", "u.bin"]


def test_progress_names_the_file_and_how_far(one, server, blob, monkeypatch):
    from io import StringIO

    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

    from scopecheck.data import cache

    monkeypatch.setattr(download, "SHOW_FROM", 1000)
    shown = StringIO()
    entry = data.describe("one")
    columns = [TextColumn("{task.description}"), BarColumn(), DownloadColumn()]
    with Progress(*columns, console=Console(file=shown, force_terminal=True, width=120)) as progress:
        cache.ensure(entry, entry.files[0], None, progress)
        (task,) = progress.tasks
    assert task.description == "one/a.bin"
    assert task.completed == task.total == len(blob)
