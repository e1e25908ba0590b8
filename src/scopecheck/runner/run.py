"""Run recipes: a key, a lock, papermill in a child process, a rename."""

import contextlib
import json
import os
import platform
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import psutil
from filelock import FileLock, Timeout

from scopecheck.errors import DataError, RecipeError
from scopecheck.record.published import now
from scopecheck.record.recipe import Recipe
from scopecheck.record.recorded import counted
from scopecheck.record.result import installed, read_verdict, write_json
from scopecheck.runner.find import resolve_parameters
from scopecheck.runner.key import changes, digest, flags_of, parts_of, public, recorded_hash, versions

Tell = Callable[..., None]

WALL_MINUTES = 360.0  # a recipe may take that long, however slow the machine
# A recipe has stalled when for so long no cell was finished and its processes, ended ones among them, used
# less than this share of one core (a kernel that only waits uses 0.0004) and wrote fewer bytes than these.
STALL_MINUTES, STALL_SHARE, STALL_BYTES = 10.0, 0.01, 1_000_000
YOUNG, LOOK_EVERY = 10.0, 0.5  # seconds
FULL_BYTES = 65_536  # a disk with less room than that is full
QUICK_SECONDS = 150.0  # of processor time: what a recipe's quick profile is planned to stay within


@dataclass
class Outcome:
    """What became of a recipe: ``ran``, ``unchanged``, ``failed`` or ``not run``; why; where it lies."""

    recipe: str
    status: str
    why: str = ""
    folder: str = ""
    because: list[str] = field(default_factory=list)  # why it was run: what changed since its last run
    seconds: float = 0.0
    cpu_seconds: float | None = (
        None  # of its run, also of an earlier one under the same key; None where unknown
    )
    profile: str = ""
    differs: list[str] = field(default_factory=list)  # verdicts that differ from the recorded ones

    @property
    def bad(self) -> bool:
        """Whether continuous integration must fail."""
        return self.status == "failed" or bool(self.differs)


class _Stopped(Exception):
    """The recipe's process was ended by the runner, or ended badly; its text says why."""


@dataclass(frozen=True)
class _Job:
    """One recipe with its settled parameters, its limits, and who is to be told."""

    recipe: Recipe
    parameters: dict[str, Any]
    changed: dict[str, Any]
    home: Path
    minutes: float
    stall: float
    memory: float
    threads: int
    again: bool
    stop: threading.Event
    tell: Tell


def run_all(
    paths: list[Path],
    given: dict[str, str],
    results: Path,
    *,
    jobs: int = 1,
    again: bool = False,
    minutes: float = WALL_MINUTES,
    stall_minutes: float = STALL_MINUTES,
    memory_gib: float | None = None,
    threads: int | None = None,
    tell: Tell = lambda **_: None,
) -> list[Outcome]:
    """Run recipes, ``jobs`` at a time; what has a result under the same key is not run again.

    Parameters
    ----------
    paths : list of Path
        Recipe files.
    given : dict of str to str
        Parameters as typed; every recipe must know them.
    results : Path
        Folder of results; ``results/<id>/<key>`` appears whole or not at all.
    jobs : int
        Recipes at a time.
    again : bool
        Run even where a result with the same key exists.
    minutes : float
        Wall-clock limit of one recipe. The minutes that its front matter declares are an estimate to show, no
        limit: a slow machine is not a broken recipe.
    stall_minutes : float
        A recipe is ended when for so long no cell was finished and its processes were idle.
    memory_gib : float, optional
        Limit of the resident memory of one recipe's processes, GiB, instead of its own.
    threads : int, optional
        Threads of one recipe; without it the cores are shared out among the ``jobs``.
    tell : callable
        Receives ``recipe``, ``cell``, ``of`` as a run goes on and ``outcome`` at its end.

    Returns
    -------
    list of Outcome
        In the order of ``paths``.

    Raises
    ------
    InputError
        If a parameter is unknown or of the wrong type; nothing has run then.
    """
    settled: list[_Job | Outcome] = []
    stop, threads = threading.Event(), threads or _cores() // jobs or 1
    for path in paths:
        try:
            recipe, parameters, changed = resolve_parameters(path, given)
        except RecipeError as err:
            settled.append(Outcome(path.stem, "failed", str(err)))
            continue
        home = (results / recipe.id).resolve()
        limits = minutes, stall_minutes, memory_gib or recipe.memory_gib, threads
        settled.append(_Job(recipe, parameters, changed, home, *limits, again, stop, tell))

    def one(item: _Job | Outcome) -> Outcome:
        try:
            outcome = item if isinstance(item, Outcome) else _run_one(item)
        except (OSError, _Stopped) as err:  # before it began, or where not even its failure can be written
            assert isinstance(item, _Job)
            outcome = Outcome(item.recipe.id, "failed", f"{item.recipe.id}: {err}")
        if not stop.is_set():
            tell(recipe=outcome.recipe, outcome=outcome)
        return outcome

    with ThreadPoolExecutor(max_workers=jobs) as pool:
        futures = [pool.submit(one, item) for item in settled]
        try:
            return [f.result() for f in futures]
        except BaseException:
            stop.set()
            for f in futures:
                f.cancel()
            raise


def _profile(parameters: dict[str, Any]) -> Any:
    return parameters.get("profile", "quick")


def _lock(job: _Job, key: str) -> Any:
    """Hold the lock of one key; while another run has it, say so once and heed an interruption."""
    lock, told = FileLock(_lock_path(job.home, key)), False
    while not job.stop.is_set():
        try:
            return lock.acquire(timeout=0.5)
        except Timeout:
            if not told:
                job.tell(recipe=job.recipe.id, waiting=True)
            told = True
        except NotImplementedError:
            raise _Stopped(
                f"{job.home}: this file system has no locks, so two runs could not tell each other; put the"
                " results on another one (SCOPECHECK_RESULTS)"
            ) from None
    raise _Stopped("interrupted")


def _lock_path(home: Path, key: str) -> Path:
    return home / f".lock-{key}"


def _run_one(job: _Job) -> Outcome:
    recipe, home, begun, key = job.recipe, job.home, time.monotonic(), ""
    own = not set(job.changed) - {"profile", "tier"}  # else an experiment, not the recipe's result
    outcome = Outcome(recipe.id, "failed", profile=_profile(job.parameters))
    home.mkdir(parents=True, exist_ok=True)
    try:
        parts = parts_of(recipe.path, job.parameters)
        key = digest(parts)
        with _lock(job, key):
            _clear(home, key)
            _bring(job, parts, outcome)
            if outcome.status != "not run":
                final = home / key
                outcome.folder = str(final)
                run = json.loads((final / "run.json").read_text(encoding="utf-8"))
                outcome.cpu_seconds = run.get("cpu_seconds")
                outcome.differs = _differences(recipe, final) if own else []
    except (RecipeError, _Stopped, OSError) as err:
        outcome.status, outcome.why = "failed", f"{recipe.id}: {str(err).removeprefix(f'{recipe.id}: ')}"
    outcome.seconds = round(time.monotonic() - begun, 1)
    if own and not job.stop.is_set():
        write_json(home / "state.json", {**asdict(outcome), "key": key, "when": now()})
    return outcome


def _bring(job: _Job, parts: dict[str, Any], outcome: Outcome) -> None:
    """Have the result of a key whose lock is held, running the recipe where it is not at hand."""
    recipe, home, key = job.recipe, job.home, digest(parts)
    if digest(parts_of(recipe.path, job.parameters)) != key:
        raise _Stopped("it was changed while it waited for another run; run it again")
    outcome.because = reasons(recipe, parts, home) or (["asked for again"] if job.again else [])
    if not outcome.because:
        outcome.status = "unchanged"
        return
    if why := _cannot_run(recipe):
        outcome.status, outcome.why = "not run", f"not run, because {why}"
        return
    expected = recipe.minutes.get(_profile(job.parameters))
    job.tell(recipe=recipe.id, minutes=expected, because=outcome.because)
    work = home / f".work-{key}-{platform.node()}-{os.getpid()}"
    try:
        _execute(job, parts, work)
        _replace(work, home / key)
        outcome.status = "ran"
    except (RecipeError, _Stopped, OSError):
        if (work / "out").is_dir() and any((work / "out").iterdir()):
            with FileLock(_lock_path(home, "failed")):  # runs of other keys keep theirs there, too
                shutil.rmtree(home / "failed", ignore_errors=True)
                (work / "out").rename(home / "failed")
            outcome.folder = str(home / "failed")
        raise
    finally:
        _put_back(work, home / key)


def _replace(work: Path, final: Path) -> None:
    """Put a run's output in place by rename; an older result steps aside into the work folder first."""
    if final.exists():
        final.rename(work / "old")
    (work / "out").rename(final)


def _clear(home: Path, key: str) -> None:
    """Remove what killed runs left of this key, whose lock is held, and of others that no run holds.

    Of another key only what this machine left is looked at: not every file system shows the locks of others.
    """
    for left in home.glob(".work-*-*-*"):
        other, machine = left.name.split("-")[1], left.name.split("-", 2)[2].rpartition("-")[0]
        if other == key:
            _put_back(left, home / key)
        elif machine == platform.node():
            with contextlib.suppress(Timeout), FileLock(_lock_path(home, other), timeout=0):
                _put_back(left, home / other)


def _put_back(left: Path, whole: Path) -> None:
    """Remove a work folder; an older result in it comes back where no newer one is in its place."""
    if (left / "old").is_dir() and not whole.exists():
        (left / "old").rename(whole)
    shutil.rmtree(left, ignore_errors=True)


def _cannot_run(recipe: Recipe) -> str:
    """Why the recipe cannot run here, or an empty string."""
    missing = [t for t in recipe.tools if not installed(t)]
    if missing:
        extra = "pip install 'scopecheck[all]', or the tool's own extra"
        return f"{', '.join(missing)} is not installed ({extra})"
    if recipe.gpu == "needed" and not shutil.which("nvidia-smi"):
        return "it needs a GPU and none is here"
    from scopecheck import data

    for name in recipe.datasets.embedded:
        try:
            data.fetch(name)
        except DataError as err:
            return f"dataset {name} cannot be had: {err}"
    return ""


def reasons(recipe: Recipe, parts: dict[str, Any], home: Path) -> list[str]:
    """Why a recipe has to run, in words; empty where its result is at hand.

    Parameters
    ----------
    recipe : Recipe
    parts : dict
        Of its key (`key.parts_of`).
    home : Path
        The recipe's folder of results; it need not be there.
    """
    from scopecheck import data

    with contextlib.suppress(FileNotFoundError):
        os.listdir(home)  # has a network file system look anew: another machine may have just made it
    folder, parameters = home / digest(parts), parts["parameters"]
    if (folder / "run.json").is_file():
        run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        found = [f"dataset {name} is here now" for name in run["datasets_missing"] if data.is_here(name)]
        if run.get("recorded") != recorded_hash(recipe, _profile(parameters)):
            found.append("other runs are recorded than its page quotes")
        return found
    runs = []
    for path in home.glob("*/run.json"):
        with contextlib.suppress(FileNotFoundError):  # a run of another key just replaced it
            runs.append(json.loads(path.read_text(encoding="utf-8")))
    if not runs:
        return ["it has no result here yet"]
    # the newest with the same parameters, or of all
    last = max(runs, key=lambda run: (run["parameters"] == parameters, run["ended"]))
    before = {
        **last.get("sources", {}),
        "parameters": last["parameters"],
        "versions": public(last["versions"]),
    }
    return changes({**before, "flags": parts["flags"]}, parts) or ["the runner's flags changed"]


def _differences(recipe: Recipe, folder: Path) -> list[str]:
    if recipe.kind != "recipe":
        return []
    arms = [a for a in read_verdict(folder / "verdict.json").arms if a.differs]
    told = [(a, a.recorded or counted(a.words_seen), a.run_label or a.label) for a in arms]
    return [f"{a.arm}/{a.measurement}: recorded {before}, now {word}" for a, before, word in told]


def _execute(job: _Job, parts: dict[str, Any], work: Path) -> None:
    """Run the notebook in ``work`` and leave a whole result in ``work/out``."""
    from scopecheck import data
    from scopecheck.record.provenance import write_crate

    recipe, out = job.recipe, work / "out"
    (out / "figures").mkdir(parents=True)
    (work / "ipython").mkdir()
    spec = {"recipe": str(recipe.path), "work": str(work), "out": str(out), "parameters": job.changed}
    write_json(work / "spec.json", spec)
    flags = {**flags_of(recipe), **_thread_flags(job.threads)}
    if recipe.gpu == "none":
        flags["CUDA_VISIBLE_DEVICES"] = ""
    surroundings = {"JUPYTER_PATH": str(work / "jupyter"), "IPYTHONDIR": str(work / "ipython")}
    surroundings["SCOPECHECK_RECIPE"] = str(recipe.path)
    surroundings["SCOPECHECK_EXPERIMENT"] = " ".join(sorted(set(job.changed) - {"profile", "tier", "seed"}))
    started, clock, recorded = now(), time.monotonic(), recorded_hash(recipe, _profile(job.parameters))
    with (work / "stderr.txt").open("wb") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "scopecheck.runner.child", str(os.getpid()), str(work / "spec.json")],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            env={**os.environ, **flags, **surroundings},
            start_new_session=True,
        )
        peak, cpu_seconds = _watch(process, job, work / "stderr.txt")
    if recipe.kind == "recipe" and not (out / "verdict.json").is_file():
        raise _Stopped("it ran to its end and wrote no verdict.json: its last cell must call page.save()")
    if not any((out / "figures").iterdir()):
        (out / "figures").rmdir()
    datasets = recipe.datasets.upto(job.parameters.get("tier", "embedded"))
    run: dict[str, Any] = {
        "recipe": recipe.id,
        "key": digest(parts),  # of what was there when it began
        "parameters": job.parameters,
        "changed": job.changed,
        "versions": versions(recipe),
        "sources": {k: v for k, v in parts.items() if k not in ("parameters", "versions", "flags")},
        "recorded": recorded,
        "datasets": datasets,
        "datasets_missing": [n for n in datasets if not data.is_here(n)],
        "started": started,
        "ended": now(),
        "seconds": round(time.monotonic() - clock, 1),
        "cpu_seconds": cpu_seconds,
        "peak_gib": round(peak, 2),
        "machine": {"cpu": _cpu(), "cores": _cores(), "system": platform.platform()},
        "flags": flags,
    }
    write_json(out / "run.json", run)
    write_crate(out, recipe, run)


def _watch(process: "subprocess.Popen[bytes]", job: _Job, errors: Path) -> tuple[float, float]:
    """Follow a recipe's process to its end, or end it with all it started.

    Gives its peak memory, GiB, and the processor seconds of it and all it started, which hardly depend on
    what else the machine does.
    """
    last: dict[str, Any] = {}

    def listen() -> None:
        assert process.stdout is not None
        for raw in process.stdout:
            with contextlib.suppress(ValueError):
                message = json.loads(raw)
                if isinstance(message, dict):
                    last.update(message)
                    if "of" in message:
                        job.tell(recipe=job.recipe.id, **message)

    ears = threading.Thread(target=listen, daemon=True)
    ears.start()
    began, peak, why = time.monotonic(), 0.0, ""
    end = began + 60 * job.minutes
    work: dict[tuple[int, float], tuple[float, int]] = {}
    progress = _Progress(60 * job.stall, began)
    try:
        while process.poll() is None and not why:
            family = _family(process.pid)
            used = sum(_resident(p) for p in family) / 2**30
            peak = max(peak, used)
            seconds, written = _work_of(family, work)
            stalled = progress.stalled(time.monotonic(), seconds, written, last.get("cell", 0))
            where = f"in cell {last['cell']} of {last['of']}" if "of" in last else "while it started"
            if used > job.memory:
                why = f"stopped {where}: it outgrew its memory limit, {used:.1f} GiB of {job.memory:g} GiB"
            elif time.monotonic() > end:
                why = f"stopped {where}: it ran into its time limit of {job.minutes:g} minutes (--minutes)"
            elif stalled:
                why = f"stopped {where}: it stalled, {job.stall:g} minutes in which its processes did nothing"
            elif job.stop.is_set():
                why = f"stopped {where}: interrupted"
            else:  # a look goes through all processes of the machine; a young run is looked at often
                young = time.monotonic() - began < YOUNG
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(LOOK_EVERY / 5 if young else LOOK_EVERY)
    finally:
        for p in [*_family(process.pid)][::-1] if process.poll() is None else []:
            with contextlib.suppress(psutil.Error):
                p.kill()
        code = process.wait()
    ears.join(timeout=5)
    if not why and "failed" in last:
        why = f"cell {last['cell']} of {last.get('of', '?')} raised {last['failed']}"
    elif not why and code < 0:
        why = f"cell {last.get('cell', 0)}: its process was ended from outside, by signal {-code}"
    elif not why and (code or "done" not in last):
        tail = errors.read_text(encoding="utf-8", errors="replace").strip().splitlines() or ["no message"]
        if shutil.disk_usage(errors.parent).free < FULL_BYTES:  # then the message itself found no room
            tail = [f"No space left on device: {job.home}; make room there and run it again"]
        why = f"cell {last.get('cell', 0)}: its process ended ({code}): {tail[-1]}"
    if why:
        raise _Stopped(why)
    return peak, last["done"]


def _family(pid: int) -> list[psutil.Process]:
    """A process and all it started, the notebook's kernel among them."""
    with contextlib.suppress(psutil.Error):
        parent = psutil.Process(pid)
        return [parent, *parent.children(recursive=True)]
    return []


@dataclass
class _Progress:
    """When a run was last seen to go on, and what it had done by then."""

    window: float  # seconds
    since: float
    seconds: float = 0.0  # of processor time
    written: int = 0  # bytes
    cell: int = 0

    def stalled(self, now: float, seconds: float, written: int, cell: int) -> bool:
        """Take in what a run has done so far; whether it did nothing for the whole window."""
        busy = seconds - self.seconds > STALL_SHARE * self.window
        if busy or written - self.written > STALL_BYTES or cell != self.cell:
            self.since, self.seconds, self.written, self.cell = now, seconds, written, cell
        return now - self.since > self.window


def _work_of(
    family: list[psutil.Process], seen: dict[tuple[int, float], tuple[float, int]]
) -> tuple[float, int]:
    """Processor seconds and bytes written by a family since it began; ``seen`` keeps those of ended ones.

    A process also counts its ended children, so what a short one did between two looks is not lost. A child
    seen before it ended is then counted twice, which does not matter: an idle family adds nothing.
    """
    for p in family:
        with contextlib.suppress(psutil.Error):
            times = p.cpu_times()
            ended = getattr(times, "children_user", 0.0) + getattr(times, "children_system", 0.0)
            written = p.io_counters().write_chars if hasattr(p, "io_counters") else 0
            seen[p.pid, p.create_time()] = times.user + times.system + ended, written
    return sum(seconds for seconds, _ in seen.values()), sum(written for _, written in seen.values())


def _resident(process: psutil.Process) -> int:
    with contextlib.suppress(psutil.Error):
        return int(process.memory_info().rss)
    return 0


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _thread_flags(threads: int) -> dict[str, str]:
    """Threads of one recipe; what the user set before stays."""
    names = ("OMP", "MKL", "OPENBLAS", "NUMBA", "NUMEXPR")
    wanted = {f"{n}_NUM_THREADS": str(threads) for n in names}
    wanted |= {"TF_NUM_INTRAOP_THREADS": str(threads), "TF_NUM_INTEROP_THREADS": str(threads)}
    return {name: os.environ.get(name, value) for name, value in wanted.items()}


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
