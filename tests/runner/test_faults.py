"""Two runs at once, a slow file system, a full disk, a time limit: nothing lost, nothing twice."""

import contextlib
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from filelock import FileLock

from scopecheck.record.result import write_json
from scopecheck.runner import run as runner
from scopecheck.runner.key import digest, key_of, recorded_hash

END = "import os\nwith open(os.environ['LOG'], 'a') as log:\n    log.write(f'{name}\\n')"
RUN = [sys.executable, "-c", "from scopecheck.cli import main; main()", "run"]
# Every change of a folder, and every look into one, takes as long as on a far and busy file server.
SLOW = """\
import os, random, time
for name in ("rename", "replace", "mkdir", "listdir", "scandir", "unlink", "rmdir"):
    def slow(*args, _do=getattr(os, name), **more):
        if any("results" in str(a) for a in args):
            time.sleep(random.uniform(0.02, 0.4))
        return _do(*args, **more)
    setattr(os, name, slow)
"""


@pytest.fixture
def log(tmp_path, monkeypatch):
    path = tmp_path / "log"
    monkeypatch.setenv("LOG", str(path))
    return path


@pytest.fixture
def stub(monkeypatch):
    """In the place of a notebook: a result at once, for tests of what is done with it."""

    def execute(job, parts, work):
        (work / "out").mkdir(parents=True)
        run = {
            "key": digest(parts),
            "parameters": job.parameters,
            "ended": runner.now(),
            "datasets_missing": [],
        }
        run |= {"recorded": recorded_hash(job.recipe, "quick"), "versions": parts["versions"]}
        write_json(work / "out" / "run.json", run)

    monkeypatch.setattr(runner, "_execute", execute)


def keys_of(place, name):
    return {p.parent.name for p in (place.results / name).glob("[0-9a-f]*/run.json")}


@pytest.mark.slow
def test_two_commands_at_once_on_a_slow_file_system_run_each_recipe_once(place, log, tmp_path):
    (tmp_path / "slow").mkdir()
    (tmp_path / "slow" / "sitecustomize.py").write_text(SLOW)
    pages = [place.page(f"page-{i}", f"name = 'page-{i}'\n{END}") for i in range(2)]
    paths = [str(tmp_path / "slow"), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    both = [
        subprocess.Popen([*RUN, "--all", "--jobs", "2"], env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = [process.communicate()[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert sorted(log.read_text().split()) == ["page-0", "page-1"]
    assert [keys_of(place, p.stem) for p in pages] == [{key_of(p, {})} for p in pages]
    assert not list(place.results.glob("*/.work-*"))


def test_seeds_of_one_recipe_do_not_wait_for_each_other(place, run, stub, monkeypatch):
    page, execute = place.page("small"), runner._execute
    begun, other_done = threading.Event(), threading.Event()

    def execute_slowly(job, parts, work):
        if job.parameters["seed"] == 0:
            begun.set()
            assert other_done.wait(120)
        execute(job, parts, work)

    monkeypatch.setattr(runner, "_execute", execute_slowly)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(run, page)
        assert begun.wait(120)
        second = pool.submit(run, page, given={"seed": "1"})
        assert second.result(timeout=120).status == "ran"
        other_done.set()
        assert first.result().status == "ran"


def _home(place, name) -> Path:
    home = place.results / name
    home.mkdir(parents=True, exist_ok=True)
    return home


def test_what_a_killed_run_left_goes_also_where_another_key_is_run(place, run, stub):
    page, home = place.page("small"), _home(place, "small")
    here, there = f"{'a' * 16}-{platform.node()}-1", f"{'b' * 16}-another-machine-1"
    for left in (here, there, f"{'c' * 16}-{platform.node()}-1"):
        (home / f".work-{left}" / "out").mkdir(parents=True)
    with FileLock(home / f".lock-{'c' * 16}"):  # that run goes on
        assert run(page).status == "ran"
    left = {p.name for p in home.glob(".work-*")}
    assert left == {f".work-{there}", f".work-{'c' * 16}-{platform.node()}-1"}


def test_a_result_that_stepped_aside_for_one_that_never_came_is_back(place, run, stub):
    page = place.page("small")
    whole = Path(run(page).folder)
    left = whole.parent / f".work-{whole.name}-elsewhere-7"
    left.mkdir()
    whole.rename(left / "old")  # killed between the two renames
    assert run(page).status == "unchanged"
    assert (whole / "run.json").is_file()
    assert not left.exists()


def test_a_result_is_back_when_the_new_one_cannot_be_put_in_its_place(place, run, stub, monkeypatch):
    page = place.page("small")
    whole = Path(run(page).folder)
    kept = (whole / "run.json").read_bytes()

    def broken_off(work, final):
        final.rename(work / "old")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(runner, "_replace", broken_off)
    assert run(page, again=True).status == "failed"
    assert (whole / "run.json").read_bytes() == kept
    assert not list(whole.parent.glob(".work-*"))


def test_a_recipe_that_changes_while_its_run_waits_is_not_run_under_the_old_key(place, run, stub):
    page = place.page("small", "print(1)")
    key = key_of(page, {})

    def tell(**message):
        if message.get("waiting"):
            place.page("small", "print(2)")
            lock.release()

    lock = FileLock(_home(place, "small") / f".lock-{key}", thread_local=False)
    lock.acquire()
    outcome = run(page, tell=tell)
    assert outcome.why == "small: it was changed while it waited for another run; run it again"
    assert keys_of(place, "small") == set()
    assert run(page).status == "ran"


def test_no_locks_on_the_file_system_is_said(place, run, stub, monkeypatch):
    def refuse(self, *args, **more):
        raise NotImplementedError

    monkeypatch.setattr(FileLock, "acquire", refuse)
    outcome = run(place.page("small"))
    assert outcome.status == "failed"
    assert "this file system has no locks" in outcome.why
    assert "SCOPECHECK_RESULTS" in outcome.why


@pytest.fixture
def small_disk(place):
    """A results folder that is a file system of one megabyte; gives a function that resizes it."""
    place.results.mkdir()

    def mount(*options):
        return subprocess.run(["mount", *options, str(place.results)], capture_output=True, check=False)

    if os.geteuid() or not shutil.which("mount") or mount("-t", "tmpfs", "-o", "size=1m", "tmpfs").returncode:
        pytest.skip("not run: no file system can be mounted here")
    yield lambda size: mount("-o", f"remount,size={size}")
    subprocess.run(["umount", str(place.results)], check=True)


@pytest.mark.slow
def test_a_full_disk_leaves_what_was_there_and_nothing_half(place, run, run_here, log, small_disk):
    big = f"seed and open('figures/big', 'wb').write(bytes(3_000_000))\n{END}"
    page = place.page("small", big)
    first = run_here(page)
    kept = (Path(first.folder) / "run.json").read_bytes()

    full = run(page, given={"seed": "1"})
    assert full.status == "failed"
    assert "No space left on device" in full.why
    assert keys_of(place, "small") == {Path(first.folder).name}
    assert (Path(first.folder) / "run.json").read_bytes() == kept

    filler = place.results / "filled"  # until not even the reason can be written
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"x" * 1000)
    again = run(page, again=True)
    assert again.status == "failed"
    assert (Path(first.folder) / "run.json").read_bytes() == kept

    filler.unlink()
    small_disk("50m")
    assert run(page).status == "unchanged"
    assert run_here(page, given={"seed": "1"}).status == "ran"
    assert log.read_text() == "a\n" * 2
    assert not list(place.results.glob("*/.work-*"))


@pytest.mark.slow
def test_a_job_ended_at_its_time_limit_goes_on_next_time(place, log, tmp_path):
    """A scheduler says SIGTERM, and SIGKILL a little later, to all of a job."""
    page = place.page("small", f"import time\ntime.sleep(2)\n{END}")
    process = subprocess.Popen([*RUN, "small"], start_new_session=True, stderr=subprocess.DEVNULL)
    while not list(place.results.glob("small/.work-*/out/small.ipynb")):
        assert process.poll() is None
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGTERM)
    process.wait()
    assert keys_of(place, "small") == set()
    done = subprocess.run([*RUN, "small", "--json"], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)[0]["status"] == "ran"
    assert log.read_text() == "a\n"
    assert keys_of(place, "small") == {key_of(page, {})}
    assert not list(place.results.glob("*/.work-*"))
