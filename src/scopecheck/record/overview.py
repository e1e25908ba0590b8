"""All verdicts of the latest results: as a table in the terminal, as text for the book, as a picture."""

import json
import textwrap
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from scopecheck.record import tables
from scopecheck.record.figures import COLOURS, mark, use_style
from scopecheck.record.recipe import Recipe, read_recipe
from scopecheck.record.result import ArmResult, caption, read_verdict


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
    found = [(k, v) for k, v in arm.plausibility.items() if word in k.lower() and v is not None]
    return tables.scored(found[0][1], arm.chance.get(found[0][0])) if found else ""


HEADS = "condition | measurement | verdict | scope, n | error (90 % interval) | F1 | Dice | predicted"


def _cells(arm: ArmResult) -> list[str]:
    """What stands under ``HEADS``."""
    error = tables.percent(arm.bias, arm.scale, arm.unit)
    if arm.interval:
        error += f" ({tables.interval(arm)})"
    where = [tables.named(arm), arm.measurement, tables.said(arm), arm.sample, error]
    return [*where, _looks(arm, "f1"), _looks(arm, "dice"), tables.expected(arm)]


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
        if s.recipe.kind == "page" and s.status != "failed":
            continue
        if s.status != "ok":
            console.print(f"[bold]{s.recipe.id}[/]:", end=" ")
            console.print(f"{'FAILED: ' if s.status == 'failed' else ''}{s.why}", markup=False)
            continue
        table = Table(title=f"{s.recipe.id} ({s.run['parameters'].get('profile', 'page')})")
        recorded = ["recorded"] if any(a.recorded for a in s.arms) else []
        for head in ["condition", "verdict", "error", "F1, Dice", "predicted", *recorded]:
            longest = {
                "condition": [w for a in s.arms for w in (a.arm, a.measurement)],
                "verdict": ["UNDETERMINED"],
            }
            table.add_column(head, overflow="fold", min_width=max(map(len, longest.get(head, [head]))))
        for arm in s.arms:
            if arm.status == "judged":
                name, measurement, word, scope, error, f1, dice, predicted = _cells(arm)
                row = [
                    f"{name}\n{measurement}",
                    f"{word}\n{scope}",
                    error,
                    f"{f1}\n{dice}".strip(),
                    predicted,
                ]
                differs = f"DIFFERS: {tables.unseen(arm)}" if arm.differs else ""
                row.append(differs or arm.recorded or "not yet")
                style = "bold" if arm.differs else ""
                table.add_row(*map(escape, row[: len(table.columns)]), style=style, end_section=True)
        console.print(table)
        for line in [*skipped(s.arms), *map(tables.alarm, s.alarms)]:
            console.print(line, markup=False)
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
        parts += [f"| {HEADS} |", "|---" * len(HEADS.split(" | ")) + "|"]
        before = ""
        for arm in (a for a in s.arms if a.status == "judged"):
            cells = [c.replace("|", "\\|") for c in _cells(arm)]
            cells[0], before = ("" if cells[0] == before else cells[0]), cells[0]
            parts.append(f"| {' | '.join(cells)} |")
        parts += ["", " ".join(skipped(s.arms)), ""]
    return "\n".join(parts)


def _missed(arms: list[ArmResult]) -> str:
    """How many predictions came out otherwise, of those whose arm has a word; UNSTABLE arms have none."""
    firm = [a for a in arms if a.predicted and a.verdict and not a.varies]
    return f"{sum(a.surprise for a in firm)} of {len(firm)}"


def summary(states: list[State]) -> str:
    """Give one line a recipe for the book's first page, in MyST: how often each word came."""
    heads = ["HOLDS", "HOLDS, marked", "UNDETERMINED", "FAILS", "UNSTABLE", "of one image"]
    rows = [["recipe", *heads, "not as predicted", "not as after a first look"]]
    for s in (s for s in states if s.recipe.kind == "recipe"):
        told = [a for a in s.arms if a.status == "judged"]
        many = [a for a in told if not a.of_one_image]
        held = [a for a in many if a.holds]
        counts = [
            sum(a.label == "HOLDS" for a in held),
            sum(a.label != "HOLDS" for a in held),
            sum(a.verdict == "UNDETERMINED" for a in many),
            sum(a.verdict == "FAILS" for a in many),
            sum(a.varies for a in many),
            sum(a.of_one_image for a in told),
            *(_missed([a for a in told if a.blind is blind]) for blind in (True, False)),
        ]
        why = f" – {s.why}" if s.status != "ok" else ""
        rows.append([f"[{s.recipe.title}](recipes/{s.recipe.id}){why}", *map(str, counts)])
    lines = [f"{'* -' if k == 0 else '  -'} {cell}" for row in rows for k, cell in enumerate(row)]
    return "\n".join([":::{list-table}", ":header-rows: 1", ":class: summary", "", *lines, ":::", ""])


STEP = 3.0  # inches a column of the picture


def picture(states: list[State], path: Path) -> None:
    """Draw all verdicts: a panel a recipe, a row a condition, a column a measurement.

    Parameters
    ----------
    states : list of State
        As :func:`latest` gives them.
    path : Path
        PNG file to write.
    """
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    shown = [s for s in states if s.recipe.kind == "recipe"]
    lines = 3 + sum(3 + len({a.arm for a in s.arms if a.status == "judged"}) for s in shown)
    width = 2.4 + STEP * max([3, *(len(s.recipe.measurements) for s in shown)])
    height = 0.25 * lines
    with rc_context():
        use_style()
        figure = Figure(figsize=(width, height))
        figure.set_layout_engine("none")
        FigureCanvasAgg(figure)
        ax = figure.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(lines, 0))
        ax.set_axis_off()
        y = 1
        for s in shown:
            y = _panel(ax, s, y)
        under = caption([a for s in shown for a in s.arms])
        ax.text(0.1, lines - 0.9, textwrap.fill(under, int(12 * width)), fontsize=9, va="center")
        figure.savefig(path, dpi=100, bbox_inches=None, metadata={"Software": None})


def _fitting(text: str) -> float:
    """The size of type, points, at which a cell of the picture holds the text."""
    return 8.5 if len(text) < 42 else 7 if len(text) < 54 else 6


def _panel(ax: Any, state: State, y: int) -> int:
    """Draw one recipe's verdicts from line ``y`` down; gives the line after it."""
    arms = [a for a in state.arms if a.status == "judged"]
    columns = list(state.recipe.measurements)
    ax.text(0.1, y, state.recipe.title, fontsize=11, fontweight="bold", va="center")
    if not arms:
        ax.text(0.1, y + 1, f"– {state.why or 'no verdict'}"[:150], fontsize=9, va="center")
        return y + 3
    for x, name in enumerate(columns):
        ax.text(2.4 + STEP * x, y + 1, name.replace("_", " "), fontsize=9.5, va="center", style="italic")
    y += 2
    for name in dict.fromkeys(a.arm for a in arms):
        of_name = [a for a in arms if a.arm == name]
        alike = len({a.control for a in of_name}) == 1  # else it is said beside the one that is a control
        label = tables.named(of_name[0]) if alike else name
        ax.text(2.2, y, label, fontsize=9 if len(label) < 32 else 7.5, va="center", ha="right")
        for arm in of_name:
            at, colour = 2.45 + STEP * columns.index(arm.measurement), COLOURS[arm.verdict]
            ax.plot(at, y, **mark(arm, size=7))
            error = tables.percent(arm.bias, arm.scale, arm.unit)
            where = arm.sample.removeprefix("image, ") if arm.of_one_image else arm.sample  # its word says so
            text = f"{arm.told} {error} ({where})"
            text += f", {arm.control} control" if arm.control and not alike else ""
            ax.text(at + 0.15, y, text, va="center", fontsize=_fitting(text), color=colour)
        y += 1
    return y + 1
