"""What a run tells while it goes on (what, how far, how long) and at its end."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from scopecheck.runner.run import QUICK_SECONDS, Outcome

SIGNS = {"ran": "done", "unchanged": "unchanged", "failed": "FAILED", "not run": "not run"}


@contextmanager
def following(total: int, why: bool = False) -> Iterator[Callable[..., None]]:
    """Show one bar per running recipe and one for all; gives the function that ``run_all`` tells.

    With ``why`` every part that changed since a recipe's last run is named, else the first three.
    """
    plain = os.environ.get("SCOPECHECK_PROGRESS") == "plain"
    console = Console(stderr=True, highlight=False, force_terminal=False if plain else None)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[where]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        whole = progress.add_task("all recipes", total=total, where=f"0 of {total}")
        tasks: dict[str, Any] = {}
        done = 0

        def tell(
            recipe: str,
            outcome: Outcome | None = None,
            cell: int = 0,
            of: int = 0,
            minutes: float | None = None,
            because: list[str] | None = None,
            waiting: bool = False,
        ) -> None:
            nonlocal done
            if waiting:
                console.print(f"  waiting  {recipe}  another run of it goes on", markup=False)
                return
            if outcome is not None:
                done += 1
                progress.update(whole, completed=done, where=f"{done} of {total}")
                if recipe in tasks:
                    progress.remove_task(tasks.pop(recipe))
                line = f"{SIGNS[outcome.status]:>9}  {recipe}  {outcome.seconds:.0f} s"
                console.print(
                    line + (f"  {outcome.why}" if outcome.why else ""), markup=False, soft_wrap=True
                )
                return
            if recipe not in tasks:
                expected = f" (about {minutes:g} min)" if minutes else ""
                tasks[recipe] = progress.add_task(recipe + expected, total=None, where="starting")
                if not console.is_terminal:
                    console.print(f"  running  {recipe}{expected}", markup=False)
                if because:
                    said = because if why else _short(because)
                    console.print(f"  because  {recipe}: {'; '.join(said)}", markup=False, soft_wrap=True)
            if of:
                progress.update(tasks[recipe], total=of, completed=cell - 1, where=f"cell {cell} of {of}")

        yield tell


def summary(outcomes: list[Outcome]) -> None:
    """Say what became of the run, and name what to open."""
    console = Console(highlight=False, soft_wrap=True)
    for o in outcomes:
        for line in o.differs:
            console.print(f"{o.recipe}: differs from the recorded verdict: {line}", markup=False)
    if told := cost(outcomes):
        console.print(told, markup=False)
    counts = {s: sum(o.status == s for o in outcomes) for s in SIGNS}
    console.print(", ".join(f"{n} {s}" for s, n in counts.items() if n) + ".")
    pages = [Path(o.folder) / f"{o.recipe}.ipynb" for o in outcomes if o.folder and o.status != "not run"]
    if len(pages) == 1:
        console.print(f"Open {pages[0]}", markup=False)
    elif pages:
        console.print(f"Open a page, e.g. {pages[0]}; `scopecheck report` shows all verdicts.", markup=False)


def cost(outcomes: list[Outcome]) -> str:
    """The processor time that each quick run took, beside what is planned; one that took more is marked."""
    ran = [o for o in outcomes if o.status == "ran" and o.profile == "quick" and o.cpu_seconds is not None]
    told = [f"{o.recipe} {o.cpu_seconds:.0f}" + " OVER" * ((o.cpu_seconds or 0) > QUICK_SECONDS) for o in ran]
    return f"Processor seconds of quick runs, planned at most {QUICK_SECONDS:.0f}: {', '.join(told)}." * bool(
        ran
    )


def _short(because: list[str]) -> list[str]:
    return because if len(because) <= 4 else [*because[:3], f"and {len(because) - 3} more (--why)"]
