"""A run: the key, the lock, the limits, and what a failed one leaves."""

import json
import os
import signal
import sys
import threading
import time
from pathlib import Path

import nbformat
import psutil
import pytest
from filelock import FileLock

from scopecheck.errors import InputError
from scopecheck.record import read_verdict
from scopecheck.runner import run as runner
from scopecheck.runner.key import key_of
from scopecheck.runner.run import _work_of

LOG = "import os; open(os.environ['LOG'], 'a').write(f'{seed}\\n')"


@pytest.fixture
def log(tmp_path, monkeypatch):
    """A file to which a recipe adds a line each time it runs."""
    path = tmp_path / "log"
    monkeypatch.setenv("LOG", str(path))
    return path


def folders(place, name):
    return sorted(p.name for p in (place.results / name).iterdir() if p.is_dir())


def test_a_result_is_whole_and_the_same_key_runs_nothing(place, run, run_here, log):
    page = place.page("small", LOG)
    first, second = run(page), run(page)
    assert (first.status, second.status) == ("ran", "unchanged")
    assert first.folder == second.folder
    assert log.read_text() == "0\n"
    made = {p.name for p in (place.results / "small" / folders(place, "small")[0]).iterdir()}
    assert made == {"small.ipynb", "run.json", "ro-crate-metadata.json"}
    info = json.loads(Path(first.folder, "run.json").read_text())
    assert info["parameters"]["seed"] == 0
    assert info["flags"]["TF_DETERMINISTIC_OPS"] == "1"
    again = run_here(page, again=True)
    assert (again.status, again.because) == ("ran", ["asked for again"])
    assert log.read_text() == "0\n0\n"
    assert len(folders(place, "small")) == 1


def test_the_notebook_gets_values_this_interpreter_its_threads_and_its_recipe(
    place, run, tmp_path, monkeypatch
):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    target = tmp_path / "written"
    code = f'"; open({str(target)!r}, "w") #'
    body = (
        "import os, sys\nopen('got', 'w').write(repr((seed, rate, name, on, sizes)))\n"
        "open('told', 'w').write('\\n'.join([sys.executable, os.environ['OMP_NUM_THREADS'],"
        " os.environ['SCOPECHECK_RECIPE'], os.environ['PYTHONHASHSEED'], os.getcwd()]))"
    )
    page = place.page("small", body)
    heard: list[dict] = []
    given = {"name": code, "seed": "5", "on": "no", "sizes": "[7]"}
    outcome = run(page, given=given, jobs=1, tell=lambda **m: heard.append(m))
    assert outcome.status == "ran"
    assert Path(outcome.folder, "got").read_text() == repr((5, 0.5, code, False, [7]))
    assert not target.exists()
    told = Path(outcome.folder, "told").read_text().splitlines()
    cores = len(os.sched_getaffinity(0))
    assert told[:4] == [sys.executable, str(cores), str(page), "0"]
    assert told[4].endswith("/out")
    cells = [(m["cell"], m["of"]) for m in heard if m.get("of")]
    assert cells == [(1, 4), (2, 4), (3, 4), (4, 4)]  # with the cell of the given parameters
    assert heard[-1]["outcome"].status == "ran"


@pytest.mark.parametrize(
    "code",
    [
        "{__import__('os').getcwd()}",
        "\\",
        "\\'; 1/0 #",
        '"""',
        "a\nimport os\n",
        "%%bash",
        "$(touch x)",
        "é\u2028ü",
    ],
)
def test_no_text_of_a_parameter_becomes_code(code):
    from papermill.translators import PythonTranslator

    space: dict = {}
    exec(PythonTranslator.codify({"name": code, "sizes": [code]}), space)
    assert space["name"] == code
    assert space["sizes"] == [code]


def test_an_unknown_parameter_stops_everything_before_it_starts(place, run, log):
    pages = [place.page("one", LOG), place.page("two", LOG)]
    with pytest.raises(InputError, match="unknown parameter"):
        run(*pages, given={"sede": "1"})
    assert not log.exists()


def test_a_notebook_that_raises_names_cell_and_error_and_is_kept_aside(place, run, run_here):
    page = place.page("small", "print('so far')\nraise ValueError('first line\\nthe end')")
    outcome = run(page)
    assert outcome.status == "failed"
    assert outcome.why == "small: cell 3 of 3 raised ValueError: the end"
    assert outcome.folder.endswith("small/failed")
    notebook = nbformat.read(outcome.folder + "/small.ipynb", as_version=4)
    texts = [o.get("text", "") for c in notebook.cells for o in c.get("outputs", [])]
    assert "so far\n" in texts
    assert folders(place, "small") == ["failed"]
    place.page("small", "print(1)")
    assert run_here(page).status == "ran"


def test_a_notebook_that_hangs_is_ended_with_all_it_started(place, run, tmp_path, monkeypatch):
    """It waits for a child that does nothing; from then on each look is ten hours after the last."""
    told = tmp_path / "pids"
    body = (
        "import subprocess, os\n"
        "child = subprocess.Popen(['sleep', '9999'], start_new_session=True)\n"
        f"open({str(told)!r}, 'w').write(f'{{os.getpid()}} {{child.pid}}.')\nchild.wait()"
    )
    late, real = [0.0], time.monotonic

    def clock():
        if told.is_file() and told.read_text().endswith("."):
            late[0] += 36_000
        return real() + late[0]

    monkeypatch.setattr(runner.time, "monotonic", clock)
    outcome = run(place.page("small", body), stall_minutes=600, minutes=1e9)
    said = "it stalled, 600 minutes in which its processes did nothing"
    assert (outcome.status, outcome.why) == ("failed", f"small: stopped in cell 3 of 3: {said}")
    pids = [int(p) for p in told.read_text().strip(".").split()]
    assert len(pids) == 2
    assert psutil.wait_procs([psutil.Process(p) for p in pids if alive(p)], timeout=600)[1] == []


def hours(rows, window=600.0):
    """When a run stalled, of hours with (seconds a look, processor share, bytes a second, cells a look)."""
    now, seconds, written, cell = 0.0, 0.0, 0, 0
    progress = runner._Progress(window, now)
    for every, share, bytes_, cells in rows:
        for _ in range(int(3600 / every)):
            now += every
            seconds, written, cell = seconds + share * every, written + int(bytes_ * every), cell + cells
            if progress.stalled(now, seconds, written, cell):
                return now
    return None


@pytest.mark.parametrize("every", [0.1, 7.0, 90.0])  # seconds between looks: a loaded machine looks seldom
def test_a_run_stalls_when_it_does_nothing_for_a_window_and_only_then(every):
    busy, slow, waiting = (every, 1.0, 0, 0), (every, 0.02, 0, 0), (every, 0.0004, 10, 0)
    writing, by_cells = (every, 0.0, 5_000, 0), (every, 0.0, 0, 1)
    for goes_on in (busy, slow, writing, by_cells):
        assert hours([goes_on] * 12) is None
    assert 600 < hours([waiting] * 12) <= 600 + 2 * every
    stopped = hours([busy, by_cells, waiting])
    assert 7200 + 600 - 2 * every <= stopped <= 7200 + 600 + 2 * every


def test_a_wall_limit_remains(place, run):
    outcome = run(place.page("small", "while True: pass"), minutes=0.02)
    assert outcome.status == "failed"
    assert outcome.why.endswith("it ran into its time limit of 0.02 minutes (--minutes)")


ALONE = "import time\nwhile time.process_time() < 0.5: pass\n"
CHILDREN = (  # it waits itself; what works are children, one after the other
    "import os, subprocess, sys\n"
    "while os.times().children_user < 0.5:\n    subprocess.run([sys.executable, '-c', 'sum(range(10**6))'])\n"
)


@pytest.mark.parametrize("code", [ALONE, CHILDREN], ids=["alone", "children"])
def test_the_work_of_ended_processes_stays_counted(tmp_path, code):
    code += "open('done', 'w').close()\nimport time; time.sleep(9999)"
    child = psutil.Popen([sys.executable, "-c", code], cwd=tmp_path)
    while not (tmp_path / "done").exists():
        assert child.poll() is None
        time.sleep(0.05)
    seen: dict = {}
    seconds, _ = _work_of([child], seen)
    assert seconds >= 0.45  # the clock of processes ticks in hundredths
    child.kill()
    child.wait()
    assert _work_of([child], seen)[0] == seconds


def alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_a_notebook_that_outgrows_its_memory_is_ended(place, run):
    body = "import time\nhog = []\nwhile True:\n    hog.append(bytearray(20_000_000)); time.sleep(0.01)"
    outcome = run(place.page("small", body), memory_gib=0.5)
    assert outcome.status == "failed"
    assert "stopped in cell 3 of 3: it outgrew its memory limit, 0." in outcome.why
    assert outcome.why.endswith("of 0.5 GiB")


def test_a_kernel_that_dies_is_a_failure_not_a_hang(place, run):
    outcome = run(place.page("small", "import os; os._exit(3)"))
    assert outcome.status == "failed"
    assert "Kernel died" in outcome.why or "DeadKernelError" in outcome.why


def test_a_recipe_gives_verdicts_and_one_that_differs_from_the_recorded_is_bad(place, run, run_here):
    recipe = place.recipe(recorded="HOLDS")
    text = recipe.read_text(encoding="utf-8").replace("{quick: 1, full: 1}", "{quick: 0.0001, full: 1}")
    recipe.write_text(text, encoding="utf-8")
    heard: list[dict] = []
    outcome = run(recipe, tell=lambda **m: heard.append(m))
    assert outcome.status == "ran"
    words = {a.arm: a.verdict for a in read_verdict(outcome.folder + "/verdict.json").arms}
    assert words == {"apart": "HOLDS", "lost": "FAILS", "field": "FAILS"}
    assert outcome.differs == ["field/count: recorded HOLDS, now FAILS"]
    assert outcome.bad
    (told,) = (m for m in heard if "minutes" in m)
    assert told["minutes"] == 0.0001  # an estimate and no limit: it took far more
    assert told["because"] == ["it has no result here yet"]
    assert outcome.cpu_seconds > 0.2
    again = run(recipe)  # unchanged, and still different
    assert (again.status, again.differs) == ("unchanged", outcome.differs)
    assert again.cpu_seconds == outcome.cpu_seconds
    experiment = run_here(recipe, given={"field": "1.3"})
    assert experiment.differs == []  # somebody asked for it
    assert experiment.because == ["parameter field: 1.4 before, 1.3 now"]


def test_a_wrong_control_breaks_a_recipe(place, run):
    broken = run(place.recipe(), given={"apart": "1.5"})
    assert broken.status == "failed"
    assert "positive control 'apart' (count) must be HOLDS and is FAILS" in broken.why


def test_a_recipe_must_save_its_page(place, run_here):
    recipe = place.recipe()
    recipe.write_text(recipe.read_text(encoding="utf-8").replace("page.save()", ""), encoding="utf-8")
    assert "wrote no verdict.json: its last cell must call page.save()" in run_here(recipe).why


def test_what_cannot_run_is_not_run_and_says_why(place, run):
    outcome = run(place.recipe(tool="no-such-tool"))
    assert (outcome.status, outcome.bad, outcome.folder) == ("not run", False, "")
    assert outcome.why.startswith("not run, because no-such-tool is not installed")
    state = json.loads((place.results / "shift-toy" / "state.json").read_text())
    assert state["status"] == "not run"


def test_no_network_is_a_reason(place, run, tmp_path, monkeypatch):
    recipe = place.recipe()
    text = recipe.read_text(encoding="utf-8").replace("{embedded: [],", "{embedded: [bbbc038-field],")
    recipe.write_text(text, encoding="utf-8")
    monkeypatch.setenv("SCOPECHECK_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("SCOPECHECK_MIRROR", raising=False)
    from scopecheck import data
    from scopecheck.errors import DataError

    def nothing(name):
        raise DataError(f"{name}: no source could be reached")

    monkeypatch.setattr(data, "fetch", nothing)
    outcome = run(recipe)
    assert outcome.status == "not run"
    assert "dataset bbbc038-field cannot be had: bbbc038-field: no source could be reached" in outcome.why


def test_data_that_arrives_later_is_a_reason_to_run_again(place, run_here, monkeypatch):
    from scopecheck import data

    here = {"now": False}
    monkeypatch.setattr(data, "is_here", lambda name: here["now"])
    recipe = place.recipe()
    text = recipe.read_text(encoding="utf-8").replace("public: [],", "public: [usiigaci-phase],")
    recipe.write_text(text, encoding="utf-8")
    given = {"tier": "public"}
    assert run_here(recipe, given=given).status == "ran"
    assert run_here(recipe, given=given).status == "unchanged"
    here["now"] = True
    assert run_here(recipe, given=given).status == "ran"
    assert run_here(recipe, given=given).status == "unchanged"


def test_a_malformed_recipe_fails_and_the_others_run(place, run_here):
    bad = place.page("bad")
    bad.write_text("print(1)", encoding="utf-8")
    outcomes = run_here(bad, place.page("good"))
    assert [o.status for o in outcomes] == ["failed", "ran"]
    assert "no front matter" in outcomes[0].why


def test_two_runs_of_one_recipe_wait_for_each_other(place, run, log):
    page = place.page("small", LOG)
    statuses: list[str] = []
    threads = [threading.Thread(target=lambda: statuses.append(run(page).status)) for _ in range(2)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert sorted(statuses) == ["ran", "unchanged"]
    assert log.read_text() == "0\n"


def test_a_run_that_waits_for_another_says_so_and_can_be_interrupted(place, run, log):
    page = place.page("small", LOG)
    home = place.results / "small"
    home.mkdir(parents=True)
    heard = []

    def tell(**message):
        heard.append(message)
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

    with FileLock(home / f".lock-{key_of(page, {})}"), pytest.raises(KeyboardInterrupt):
        run(page, tell=tell)
    assert heard == [{"recipe": "small", "waiting": True}]
    assert not log.exists()


@pytest.mark.skipif(os.name != "posix", reason="sockets that are files")
def test_a_kernel_takes_no_port_that_another_could_take_first(place, run):
    told = "from ipykernel.kernelapp import IPKernelApp\nassert IPKernelApp.instance().transport == 'ipc'"
    assert run(place.page("small", told)).status == "ran"
