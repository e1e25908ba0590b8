"""Sweep a recipe's own tool over a grid of acquisition settings; what is finished is on disk at once."""

from __future__ import annotations

import csv
import json
import math
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from itertools import product
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from filelock import FileLock

from scopecheck.errors import InputError, RecipeError
from scopecheck.record.envelope import read_sweep
from scopecheck.runner.conditions import Setting, Setup, Source, cells_to_trial
from scopecheck.runner.key import key_of

MEASURED = [
    "measurement",
    "n",
    "trainings",
    "bias",
    "low",
    "high",
    "least",
    "most",
    "word",
    "tool_seconds",
    "seconds",
]
MOST = 100_000  # settings of one sweep
ALLOWED: dict[str, tuple[Callable[[float], bool], str]] = {
    "diameter": (lambda x: x >= 2, "at least 2 pixels"),
    "coverage": (lambda x: 0 < x < 1, "a share above 0 and below 1"),
    "touching": (lambda x: 0 <= x <= 1, "a share from 0 to 1"),
    "photons": (lambda x: x > 0, "more than 0"),
    "background": (lambda x: x >= 0, "0 or more"),
    "blur_px": (lambda x: x >= 0, "0 or more"),
    "pixel_factor": (lambda x: x > 0, "more than 0"),
    "fall_off": (lambda x: 0 <= x <= 1, "a share from 0 to 1"),
    "labelled": (lambda x: 0 < x <= 1, "a share above 0, at most 1"),
}
_AHEAD = 4  # settings handed to each process before it asks

_setup: Setup | InputError | RecipeError | None = None


def grid(texts: list[str], source: Source) -> dict[str, tuple[float, ...]]:
    """Read ``name=value,value`` of each setting.

    Raises
    ------
    InputError
        If a setting is not one of the source's or is given twice, or a value is not finite, stands twice or
        is none that the setting can have.
    """
    found: dict[str, tuple[float, ...]] = {}
    for text in texts:
        name, equals, values = text.partition("=")
        if not equals or name not in source.settings:
            known = ", ".join(source.settings)
            raise InputError(
                f"--grid {text}: expected NAME=VALUE,VALUE; of {source.name} can be set: {known}"
            )
        if name in found:
            raise InputError(f"--grid {name}: is given twice; put all its values into one, {name}=1,2")
        try:
            found[name] = tuple(float(value) for value in values.split(","))
        except ValueError:
            raise InputError(
                f"--grid {text}: expected numbers with commas between them, as {name}=1,2.5"
            ) from None
        if not all(map(math.isfinite, found[name])) or len(set(found[name])) < len(found[name]):
            raise InputError(f"--grid {text}: expected finite numbers, each once")
        allowed, bounds = ALLOWED[name]
        if odd := [value for value in found[name] if not allowed(value)]:
            raise InputError(f"--grid {text}: {name} cannot be {odd[0]:g}; expected {bounds}")
    if not found:
        raise InputError(
            f"no --grid: nothing is swept; of {source.name} can be set: {', '.join(source.settings)}"
        )
    total = math.prod(map(len, found.values()))
    if total > MOST:
        raise InputError(
            f"--grid: {total:,} settings; at most {MOST:,} are swept at a time. Give fewer values."
        )
    return found


def settings(values: dict[str, tuple[float, ...]]) -> list[Setting]:
    """Every combination, the last name changing fastest."""
    return [dict(zip(values, one, strict=True)) for one in product(*values.values())]


def sweep(
    recipe: Path,
    parameters: dict[str, Any],
    changed: dict[str, Any],
    values: dict[str, tuple[float, ...]],
    source: Source,
    out: Path,
    *,
    jobs: int = 1,
    tell: Callable[[int, int], None] = lambda done, total: None,
) -> int:
    """Ask the tool of a recipe under every setting of a grid; go on where a sweep was broken off.

    Parameters
    ----------
    recipe : Path
    parameters, changed : dict
        All parameters of the recipe, and those that differ from its own.
    values : dict of str to tuple of float
        Of `grid`.
    source : Source
    out : Path
        A table (CSV), one line a setting and measurement, below one line that says what made it. Lines are
        added as settings are done; those that are there already are not asked again. The seconds of a
        setting stand in its last line.
    jobs : int
        Processes, each with the tool loaded once.
    tell : callable
        ``tell(done, total)`` after each setting.

    Returns
    -------
    int
        Settings that were asked now.

    Raises
    ------
    InputError
        If `out` was made by something else than this very sweep.
    RecipeError
        If the recipe's code does not lead to a trial.
    """
    cells_to_trial(recipe)  # refused here, where nothing is written yet
    out.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(out.with_name(f".{out.name}.lock")):  # a second sweep into the table waits for the first
        every = settings(values)
        made_by = {
            "recipe": recipe.stem,
            "key": key_of(recipe, parameters),
            "source": source.name,
            "side": source.side,
            "seeds": list(source.seeds),
            "chance": source.chance,
            "settings": list(values),
        }
        done = _done(out, made_by)
        todo = [one for one in every if _key(one) not in done]
        tell(len(every) - len(todo), len(every))
        if not todo:
            return 0
        context = get_context("spawn")
        with ProcessPoolExecutor(jobs, context, _load, (os.getpid(), recipe, changed, source)) as pool:
            for n, rows in enumerate(_answers(pool, todo, _AHEAD * jobs), start=1):
                with out.open("a", encoding="utf-8", newline="") as file:  # none before there is an answer
                    lines = csv.DictWriter(file, [*values, *MEASURED], restval="", lineterminator="\n")
                    if not file.tell():
                        file.write(f"# {json.dumps(made_by)}\n")
                        lines.writeheader()
                    lines.writerows(rows)
                tell(len(every) - len(todo) + n, len(every))
        return len(todo)


def _done(out: Path, made_by: dict[str, Any]) -> set[tuple[float, ...]]:
    """Settings that a table holds in full; a part of one, left by a broken sweep, is cut off."""
    if not out.is_file() or not out.stat().st_size:
        return set()
    before, lines = read_sweep(out)
    unlike = [name for name in made_by if before.get(name) != made_by[name]]
    if unlike:
        raise InputError(
            f"{out}: was made by another sweep ({' and '.join(unlike)}: not as now); give --out another name,"
            " or remove it"
        )
    text = out.read_text(encoding="utf-8").splitlines(keepends=True)[: 2 + len(lines)]
    if len("".join(text).encode()) < out.stat().st_size:
        out.write_text("".join(text), encoding="utf-8")
    return {tuple(float(line[name]) for name in made_by["settings"]) for line in lines}


def _key(setting: Setting) -> tuple[float, ...]:
    return tuple(setting.values())


def _answers(pool: ProcessPoolExecutor, todo: list[Setting], ahead: int) -> Iterator[list[dict[str, Any]]]:
    """Answers as they come, with few settings waiting, so that memory does not grow with the grid."""
    waiting, rest = set(), iter(todo)
    for setting in rest:
        waiting.add(pool.submit(_ask, setting))
        if len(waiting) < ahead:
            continue
        first = next(as_completed(waiting))
        waiting.remove(first)
        yield first.result()
    for future in as_completed(waiting):
        yield future.result()


def _load(parent: int, recipe: Path, changed: dict[str, Any], source: Source) -> None:
    from scopecheck.runner.child import die_with_parent

    global _setup
    die_with_parent()
    if os.getppid() == parent:
        try:
            _setup = Setup(recipe, changed, source)
        except (InputError, RecipeError) as err:  # raised here it would break the pool: told when asked
            _setup = err


def _ask(setting: Setting) -> list[dict[str, Any]]:
    assert _setup is not None
    if isinstance(_setup, Exception):
        raise _setup
    try:
        return _setup.judged(setting)
    except InputError as err:
        return [setting | {"measurement": "", "word": f"not run: {err}", "tool_seconds": 0.0, "seconds": 0.0}]
