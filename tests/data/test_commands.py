"""`scopecheck data` as a user types it."""

import json

import pytest
from typer.testing import CliRunner

from scopecheck import data
from scopecheck.cli.data import app
from scopecheck.data import mirror
from scopecheck.errors import DataError


def run(*args, status=0):
    result = CliRunner().invoke(app, list(args))
    assert result.exit_code == status, result.output
    return result


def test_list_and_show_as_tables_and_as_json(one, monkeypatch, tmp_path):
    assert "one" in run("list").output
    assert json.loads(run("list", "--json").stdout)[0] == {
        "name": "one",
        "tier": "archive",
        "what": "made up",
        "bytes": 400_000,
        "cached": "0/1",
    }
    monkeypatch.setenv("SCOPECHECK_CACHE", str(tmp_path / "[b] c"))
    assert "[b] c, 0.0 MB" in " ".join(run("list").output.split())
    shown = run("show", "one").output
    assert "licence: CC0 1.0" in shown
    assert json.loads(run("show", "one", "--json").stdout)["files"][0]["bytes"] == 400_000


def test_fetch_verify_where_clean(one, blob):
    assert str(data.where("one")) in run("fetch", "one").output
    assert json.loads(run("verify", "--json").stdout)[0]["state"] == "right"
    found = json.loads(run("where", "one", "--json").stdout)
    assert (found["path"], found["in_cache"], found["in_mirror"]) == (str(data.where("one")), 1, 0)
    cleaned = json.loads(run("clean", "--json").stdout)
    assert (cleaned["freed"], cleaned["left"]) == (len(blob), 0)
    assert not data.where("one").exists()
    assert json.loads(run("verify", "one", "--json").stdout)[0]["state"] == "not fetched"


def test_verify_finds_a_damaged_file(one, blob):
    data.fetch("one").write_bytes(b"z" * len(blob))
    (row,) = json.loads(run("verify", "--json", status=1).stdout)
    assert row["state"] == "wrong"
    assert row["wrong"] == [str(data.where("one"))]
    said = run("verify", status=1)
    assert f"{data.where('one')}: not what the catalogue says; `scopecheck data fetch one`" in said.stderr


def test_verify_tells_a_part_from_the_whole(one, blob, server):
    rows = {name: (blob, [{"url": f"{server.url}/a.bin"}]) for name in ("x.bin", "y.bin")}
    one.add("two", rows)
    data.fetch("two")
    assert json.loads(run("verify", "two", "--json").stdout)[0]["state"] == "right"
    (data.where("two") / "y.bin").unlink()
    (row,) = json.loads(run("verify", "two", "--json").stdout)
    assert (row["state"], row["files"]) == ("in part", "1/2")


def test_where_gives_the_sources_in_the_order_in_which_they_are_tried(world, blob):
    sources = [{"url": "http://localhost/z"}, {"archive": "http://localhost/a"}]
    world.add("two", {"a.bin": (blob, sources)})
    found = json.loads(run("where", "two", "--json").stdout)["sources"]
    assert found == ["url http://localhost/z", "archive http://localhost/a"]


def test_fetch_goes_on_after_a_failure_and_says_so(one, server):
    one.add("gone", {"g.bin": (b"abc", [{"url": f"{server.url}/none"}])})
    result = run("fetch", "--all", "--json", status=2)
    rows = {row["name"]: row for row in json.loads(result.stdout)}
    assert rows["one"]["path"] == str(data.where("one"))
    assert "answered 404" in rows["gone"]["error"]
    assert "1 of 2 could not be fetched" in result.stderr


def test_fetch_to_writes_a_mirror_and_names_the_next_step(one, tmp_path, blob):
    folder = tmp_path / "mirror"
    assert f"SCOPECHECK_MIRROR={folder}" in run("fetch", "one", "--to", str(folder)).output
    assert (folder / "one" / "a.bin").read_bytes() == blob
    run("fetch", "one", "--to", str(folder))
    assert len(json.loads((folder / "manifest.json").read_text())) == 1
    mirror._index.cache_clear()


def test_clean_leaves_what_is_not_its_own(one):
    data.fetch("one")
    (one.cache / "thesis.txt").write_text("mine")
    run("clean", "one")
    assert (one.cache / "thesis.txt").read_text() == "mine"
    assert not (one.cache / "one").exists()


@pytest.mark.parametrize("args", [["fetch"], ["fetch", "--all", "one"]])
def test_fetch_wants_names_or_all(one, args):
    assert "give names, or --all" in run(*args, status=2).output


@pytest.mark.parametrize("command", ["show", "fetch", "where", "clean", "verify"])
def test_an_unknown_name_is_put_right(one, command):
    result = CliRunner().invoke(app, [command, "ome"])
    assert result.exit_code != 0
    if command != "fetch":  # fetch goes on with the other names and reports
        assert isinstance(result.exception, DataError)
    assert "Did you mean one" in f"{result.exception} {result.output}"


def test_a_limit_takes_the_first_files_of_a_catalogue_name(one, blob, server, tmp_path):
    one.add("three", {name: (blob, [{"url": f"{server.url}/a.bin"}]) for name in ("x.bin", "y.bin", "z.bin")})
    said = run("fetch", "three", "--limit", "2", "--to", str(tmp_path / "to"))
    assert "three: 2 of 3 files" in said.stderr
    assert sorted(path.name for path in data.where("three").iterdir()) == ["x.bin", "y.bin"]
    assert sorted(path.name for path in (tmp_path / "to" / "three").iterdir()) == ["x.bin", "y.bin"]
    assert json.loads(run("verify", "three", "--json").stdout)[0]["state"] == "in part"
    assert "2 of 3 files" not in run("fetch", "three", "--limit", "9").stderr
    assert json.loads(run("verify", "three", "--json").stdout)[0]["state"] == "right"
    assert (
        "the limit is 0; expected at least 1 file" in run("fetch", "three", "--limit", "0", status=2).stderr
    )
