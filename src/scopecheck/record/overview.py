"""All verdicts of the latest results: as a table in the terminal, as text for the book, as a picture."""

import json
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from . import tables
from .figures import COLOURS, MARKERS, use_style
from .recipe import Recipe, read_recipe
from .result import ArmResult, caption, read_verdict


@dataclass
class State:
    """The latest state of one recipe: ``ok``, ``failed`` or ``not run``; with its result, if any."""

    recipe: Recipe
    status: str
    why: str = ""
    folder: Path | None = None
    run: dict[str, Any] = field(default_factory=dict)
    arms: list[ArmResult] = field(default_factory=list)
    alarms: list[dict[str, Any]] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """What ``scopecheck report --json`` prints."""
        plain = asdict(self) | {"recipe": self.recipe.id, "title": self.recipe.title}
        plain["folder"] = str(self.folder) if self.folder else None
        plain["arms"] = [a.model_dump() for a in self.arms]
        return plain


def latest(path: Path, results: Path) -> State:
    """Read the latest state of a recipe.

    Parameters
    ----------
    path : Path
        The recipe's file.
    results : Path
        The folder of results.

    Raises
    ------
    RecipeError
        If the front matter or the result's ``verdict.json`` cannot be read.
    """
    recipe = read_recipe(path)
    home = results / recipe.id
    try:
        state = json.loads((home / "state.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return State(recipe, "not run", "not run, because nobody has run it here yet")
    if state["status"] in ("failed", "not run"):
        return State(recipe, state["status"], state["why"])
    folder = home / state["key"]
    if not (folder / "run.json").is_file():
        return State(recipe, "not run", "not run, because its result was removed")
    run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    if recipe.kind == "page":
        return State(recipe, "ok", folder=folder, run=run)
    verdict = read_verdict(folder / "verdict.json")
    return State(recipe, "ok", folder=folder, run=run, arms=verdict.arms, alarms=verdict.alarms)


def _looks(arm: ArmResult, word: str) -> str:
    found = [v for k, v in arm.plausibility.items() if word in k.lower() and v is not None]
    return f"{found[0]:.2f}" if found else ""


def _cells(arm: ArmResult) -> list[str]:
    """Condition, measurement, verdict, scope and n, error, F1, Dice, prediction."""
    name = f"{arm.arm} ({arm.control} control)" if arm.control else arm.arm
    error = tables.percent(arm.bias, arm.scale, arm.unit)
    if arm.interval:
        error += f" ({tables.span(arm.interval, arm.scale)})"
    looks = [_looks(arm, "f1"), _looks(arm, "dice")]
    return [
        name,
        arm.measurement,
        tables.said(arm),
        f"{arm.scope}, n = {arm.n}",
        error,
        *looks,
        tables.expected(arm),
    ]


HEADS = [
    "condition",
    "measurement",
    "verdict",
    "scope, n",
    "error (90 % interval)",
    "F1",
    "Dice",
    "predicted",
]


def skipped(arms: list[ArmResult]) -> list[str]:
    """One sentence per reason why arms were not run."""
    reasons = Counter(a.reason for a in arms if a.status != "judged")
    return [f"{n} verdict{'s' if n > 1 else ''} {reason}." for reason, n in reasons.items()]


def rich_table(states: list[State]) -> None:
    """Print one table a recipe, then the caption over all verdicts."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console(highlight=False)
    for s in states:
        if s.recipe.kind == "page" and s.status == "ok":
            continue
        if s.status != "ok":
            console.print(f"[bold]{s.recipe.id}[/]:", end=" ")
            console.print(f"{'FAILED: ' if s.status == 'failed' else ''}{s.why}", markup=False)
            continue
        table = Table(title=f"{s.recipe.id} ({s.run['parameters'].get('profile', 'page')})")
        for head in ("condition", "verdict", "error", "F1, Dice", "predicted", "recorded"):
            table.add_column(head, overflow="fold")
        for arm in s.arms:
            if arm.status == "judged":
                name, measurement, word, scope, error, f1, dice, predicted = _cells(arm)
                recorded = f"DIFFERS from {arm.recorded}" if arm.differs else arm.recorded or "not yet"
                row = (
                    f"{name}\n{measurement}",
                    f"{word}\n{scope}",
                    error,
                    f"{f1} {dice}",
                    predicted,
                    recorded,
                )
                table.add_row(*map(escape, row), style="bold" if arm.differs else "", end_section=True)
        console.print(table)
        for line in skipped(s.arms):
            console.print(line, markup=False)
        for a in s.alarms:
            console.print(tables.alarm(a), markup=False)
    console.print(caption([a for s in states for a in s.arms]), markup=False)


def markdown(states: list[State]) -> str:
    """Give the tables for the book's first page, tool by condition, in MyST."""
    parts = [caption([a for s in states for a in s.arms]), ""]
    for s in states:
        if s.recipe.kind == "page":
            continue
        tools = ", ".join(f"{t} {s.run['versions'][t]}" if s.run else t for t in s.recipe.tools)
        parts += [f"**[{s.recipe.title}](recipes/{s.recipe.id})** ({tools})", ""]
        if s.status != "ok":
            parts += [f"– {s.why if s.status == 'not run' else f'Failed: {s.why}'}", ""]
            continue
        parts += [f"| {' | '.join(HEADS)} |", "|---" * len(HEADS) + "|"]
        before = ""
        for arm in (a for a in s.arms if a.status == "judged"):
            cells = [c.replace("|", "\\|") for c in _cells(arm)]
            cells[0], before = ("" if cells[0] == before else cells[0]), cells[0]
            parts.append(f"| {' | '.join(cells)} |")
        parts += ["", " ".join(skipped(s.arms)), ""]
    return "\n".join(parts)


def picture(states: list[State], path: Path) -> None:
    """Draw all verdicts: a panel a recipe, a row a condition, a column a measurement.

    Parameters
    ----------
    states : list of State
        As :func:`latest` gives them.
    path : Path
        PNG file to write.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    use_style()
    shown = [s for s in states if s.recipe.kind == "recipe"]
    rows = {s.recipe.id: list(dict.fromkeys(a.arm for a in s.arms if a.status == "judged")) for s in shown}
    heights = [len(rows[s.recipe.id]) + 1.6 for s in shown]
    figure = Figure(figsize=(9, 0.42 * sum(heights) + 0.6))
    FigureCanvasAgg(figure)
    axes = figure.subplots(
        max(len(shown), 1), 1, squeeze=False, gridspec_kw={"height_ratios": heights or [1]}
    )[:, 0]
    for ax, s in zip(axes, shown, strict=False):
        names, columns = rows[s.recipe.id], list(s.recipe.measurements)
        for arm in (a for a in s.arms if a.status == "judged"):
            x, y = columns.index(arm.measurement), names.index(arm.arm)
            colour = COLOURS[arm.verdict]
            fill = colour if arm.verdict in ("HOLDS", "FAILS") else "white"
            ax.plot(x - 0.42, y, marker=MARKERS[arm.verdict], ms=9, color=fill, mec=colour, mew=1.8)
            text = f"{arm.label}\n{tables.percent(arm.bias, arm.scale, arm.unit)}, {arm.scope}, n = {arm.n}"
            ax.text(x - 0.37, y, text, va="center", fontsize=8.5, color=colour)
        ax.set_xlim(-0.5, max(len(columns), 2) - 0.5)
        ax.set_ylim(len(names) - 0.4, -0.6)
        ax.set_xticks(range(len(columns)), [c.replace("_", " ") for c in columns])
        ax.set_yticks(range(len(names)), names)
        ax.tick_params(length=0, labelsize=9, labeltop=True, labelbottom=False)
        ax.spines[:].set_visible(False)
        ax.set_title(s.recipe.title, fontsize=11, loc="left", fontweight="bold")
        if s.status != "ok":
            ax.text(-0.45, -0.2, f"– {s.why}"[:110], fontsize=9)
    figure.savefig(path, dpi=120, metadata={"Software": None})
