"""All verdicts of the latest results: as a table in the terminal and as text for the book."""

import json
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from scopecheck.record import tables
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
