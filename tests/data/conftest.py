"""A local server with the archive's tree and its bad days, and a catalogue that points at it."""

import copy
import hashlib
import os
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest
import yaml

TRUTH = {
    "made_by": "a test",
    "how": "made up",
    "uncertainty": {"count": {"value": 0.02, "source": "a repeat"}, "mean_area": {"value": "unknown"}},
    "faults": ["none known"],
}
ABOUT = {
    "title": "made up",
    "tier": "archive",
    "accession": "none",
    "licence": "CC0 1.0",
    "citation": "none",
    "modality": "made up",
    "pixel_size_um": "not known",
}


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class Handler(BaseHTTPRequestHandler):
    """Serves files below the server's root; `server.mood` says how each path behaves."""

    def do_HEAD(self):
        file = self.server.root / unquote(self.path.lstrip("/"))
        self.send_response(200 if file.is_file() else 404)
        self.send_header("Content-Length", str(file.stat().st_size if file.is_file() else 0))
        self.end_headers()

    def do_GET(self):
        server, path = self.server, unquote(self.path.lstrip("/"))
        server.log.append((path, self.headers.get("Range")))
        moods = server.mood.get(path, [])
        mood = moods.pop(0) if isinstance(moods, list) and moods else moods
        file = server.root / (path + "index.html" if path.endswith("/") else path)
        if mood == "redirect":
            self.send_response(302)
            self.send_header("Location", f"/moved/{path}")
            self.end_headers()
            return
        if path.startswith("moved/"):
            file = server.root / path.removeprefix("moved/")
        if mood == "404" or not file.is_file():
            self.send_error(404)
            return
        data, start = file.read_bytes(), 0
        if self.headers.get("Range") and mood != "no range":
            start = int(self.headers["Range"].removeprefix("bytes=").split("-")[0])
            if start >= len(data):
                self.send_error(416)
                return
        self.send_response(206 if start else 200)
        page = file.suffix == ".html" or mood == "login"
        self.send_header("Content-Type", "text/html; charset=utf-8" if page else "application/octet-stream")
        if mood == "chunked":
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"%x\r\n%b\r\n0\r\n\r\n" % (len(data), data))
            return
        if mood != "no length":
            self.send_header("Content-Length", str(len(data) - start))
        self.end_headers()
        try:
            self._send(data[start:], mood)
        except (BrokenPipeError, ConnectionResetError):
            server.log.append((path, "client left"))

    def _send(self, data, mood):
        if mood in ("drop", "no length"):
            self.wfile.write(data[: len(data) // 2])
            self.wfile.flush()
            self.connection.close()
        elif mood == "stall":
            self.wfile.write(data[: len(data) // 2])
            self.wfile.flush()
            self.server.awake.wait(600)
        elif mood == "slow":
            for at in range(0, len(data), max(1, len(data) // 40)):
                self.wfile.write(data[at : at + max(1, len(data) // 40)])
                self.wfile.flush()
                time.sleep(0.03)
        else:
            self.wfile.write(data)

    def log_message(self, *_):
        pass


@pytest.fixture
def server(tmp_path):
    """The archive: `root` holds its files, `mood` is {path: mood or moods in turn}, `log` what was asked."""
    made = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.root, made.mood, made.log, made.awake = tmp_path / "archive", {}, [], threading.Event()
    made.root.mkdir()
    made.url = f"http://127.0.0.1:{made.server_address[1]}"
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield made
    made.awake.set()
    made.shutdown()
    made.server_close()


class World:
    """A cache, a lock and a catalogue of this test alone."""

    def __init__(self, folder: Path, monkeypatch):
        self.cache, self.file = folder / "cache", folder / "catalogue" / "catalogue.yaml"
        self.file.parent.mkdir()
        self.content = {"schema": "1.0", "packages": {}, "datasets": {}}
        self.env = {
            "SCOPECHECK_CACHE": str(self.cache),
            "SCOPECHECK_LOCK": str(folder / "lock.json"),
            "SCOPECHECK_CATALOGUE": str(self.file),
        }
        for name, value in self.env.items():
            monkeypatch.setenv(name, value)
        for name in (
            "SCOPECHECK_MIRROR",
            "PIP_INDEX_URL",
            "http_proxy",
            "HTTP_PROXY",
            "all_proxy",
            "ALL_PROXY",
        ):
            monkeypatch.delenv(name, raising=False)

    def add(self, name: str, files, *, format="files", kind="weights", **more):
        """Add a dataset; `files` is {name: (bytes, [sources])}, or rows as in the catalogue."""
        if isinstance(files, dict):
            files = [
                {"name": key, "sha256": sha256(data), "bytes": len(data), "sources": sources}
                for key, (data, sources) in files.items()
            ]
        entry = {**ABOUT, "kind": kind, "format": format, "files": files, **more}
        if kind == "images":
            entry["truth"] = copy.deepcopy(TRUTH)
        self.content["datasets"][name] = entry
        self.write()

    def write(self):
        self.file.write_text(yaml.safe_dump(self.content, sort_keys=False))
        os.utime(self.file, ns=(time.time_ns(), time.time_ns()))

    def child(self, code: str) -> list[str]:
        """Return the command of a Python child that runs `code` with `data` imported."""
        return [
            sys.executable,
            "-c",
            "from scopecheck import data\nfrom scopecheck.data import download\n" + code,
        ]

    def leftovers(self) -> list[Path]:
        return [p for p in self.cache.rglob("*.part")] if self.cache.exists() else []


@pytest.fixture
def world(tmp_path, monkeypatch):
    return World(tmp_path, monkeypatch)


@pytest.fixture
def blob():
    """Bytes that no compression shortens: 400 kB."""
    return np.random.default_rng(0).bytes(400_000)


@pytest.fixture
def one(world, server, blob):
    """A catalogue with one file, `one/a.bin`, that the server holds at `a.bin`."""
    (server.root / "a.bin").write_bytes(blob)
    world.add("one", {"a.bin": (blob, [{"archive": f"{server.url}/{{name}}"}])})
    return world
