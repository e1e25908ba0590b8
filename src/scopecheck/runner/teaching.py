"""What a teacher needs of each recipe: its header, its concept map, and what people will get wrong."""

import re
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from scopecheck.errors import RecipeError
from scopecheck.record.overview import State
from scopecheck.record.recipe import Recipe, first_faults
from scopecheck.record.recorded import Recorded, read_recorded
from scopecheck.runner.classroom import found, samples


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Note(_Strict):
    """One thing that people say, the question that helps, and the verdicts that the recipe found."""

    wrong: str
    ask: str
    found: list[str] = []  # as arm/measurement, of the recorded quick runs
    means: str = ""  # what these words say, where they could be read as the opposite


class Teaching(_Strict):
    """What is written by hand for a recipe, ``book/teaching/<id>.yaml``; the rest is in its header."""

    needs: list[str] = Field(min_length=1)
    reading: int = Field(gt=0)  # minutes
    exercise: int = Field(gt=0)  # minutes
    concepts: list[tuple[str, str, str]] = Field(min_length=3)  # from, how, to
    notes: list[Note] = Field(min_length=2)


def read_teaching(path: Path) -> Teaching:
    """Read and check what is written for the teacher of one recipe.

    Raises
    ------
    RecipeError
        If the file is no YAML, does not fit, or its concepts lead in a circle.
    """
    try:
        told = Teaching.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (ValidationError, yaml.YAMLError) as err:
        raise RecipeError(f"{path}: notes for teachers: {' '.join(first_faults(err).split())}") from err
    try:
        layers(told.concepts)
    except ValueError as err:
        raise RecipeError(f"{path}: {err}") from err
    return told


def layers(concepts: list[tuple[str, str, str]]) -> dict[str, int]:
    """How many steps each concept lies below those that nothing leads to; ValueError in a circle."""
    depth = {name: 0 for first, _, last in concepts for name in (first, last)}
    for _ in depth:
        before = dict(depth)
        for first, _, last in concepts:
            depth[last] = max(depth[last], depth[first] + 1)
        if depth == before:
            return depth
    raise ValueError("its concepts lead in a circle; leave one link out")


def write_teaching(recipes: list[Recipe], notes: Path, generated: Path) -> None:
    """Write ``teach-<id>.md``, ``concepts-<id>.svg``, ``teaching.md``, ``teaching-minutes.md`` for the book.

    Parameters
    ----------
    recipes : list of Recipe
        All recipes; pages are left out.
    notes : Path
        The folder of ``<id>.yaml``; a recipe without one is said to have none.
    generated : Path
        The folder that is written to.

    Raises
    ------
    RecipeError
        If a file of notes does not fit, or names a verdict that was not recorded.
    """
    rows = ["| recipe | you need to know | read | run | exercises |", "|---|---|---|---|---|"]
    for recipe in (r for r in recipes if r.kind == "recipe"):
        link, path = f"[{recipe.title}](recipes/{recipe.id})", notes / f"{recipe.id}.yaml"
        if not path.is_file():
            rows.append(f"| {link} | *no notes for teachers yet* | | {recipe.minutes['quick']:g} | |")
            continue
        told = read_teaching(path)
        draw(told.concepts, generated / f"concepts-{recipe.id}.svg")
        (generated / f"teach-{recipe.id}.md").write_text(header(recipe, told), encoding="utf-8")
        minutes = f"{told.reading} | {recipe.minutes['quick']:g} | {told.exercise}"
        rows.append(f"| {link} | {'; '.join(told.needs)} | {minutes} |")
    (generated / "teaching.md").write_text("\n".join(rows) + "\n", encoding="utf-8")
    each = [r.minutes["quick"] for r in recipes if r.kind == "recipe"]
    said = f"By their headers the {len(each)} recipes run for {sum(each):g} minutes on two free cores; a busy"
    (generated / "teaching-minutes.md").write_text(f"{said} laptop takes longer.\n", encoding="utf-8")


def write_figures(states: list[State], book: Path) -> None:
    """Write ``_generated/figure-<id>--<name>.md`` for each figure that a page for teachers includes.

    Raises
    ------
    RecipeError
        If a page includes a figure of a recipe that there is not, or that its run did not make.
    """
    known = {s.recipe.id: s for s in states}
    for page in sorted(book.glob("teach-*.md")):
        text = page.read_text(encoding="utf-8")
        for file, recipe, name in re.findall(r"_generated/(figure-([a-z0-9-]+?)--([a-z0-9-]+)\.md)", text):
            if recipe not in known:
                raise RecipeError(f"{page}: includes {file}; there is no recipe or page {recipe!r}")
            (book / "_generated" / file).write_text(_figure(known[recipe], name, page), encoding="utf-8")


def _figure(state: State, name: str, page: Path) -> str:
    recipe = state.recipe
    if state.folder is None:
        told = f"*This picture is made by {recipe.title!r}, which has not run here:"
        return f"{told} `scopecheck run {recipe.id}`.*\n"
    if not (state.folder / "figures" / f"{name}.png").is_file():
        raise RecipeError(f"{page}: includes the figure {name!r}, which {recipe.id} does not make")
    return f"![{recipe.title} {name.replace('-', ', ')}](recipes/figures/{recipe.id}/{name}.png)\n"


def header(recipe: Recipe, told: Teaching) -> str:
    """One recipe for its teacher, in MyST: prerequisites, goals, minutes, concept map, notes."""
    kept = read_recorded(recipe.path) or Recorded(recipe=recipe.id)
    lines = [
        f"**Recipe**: [{recipe.title}](recipes/{recipe.id})",
        "",
        f"**Failure**: {recipe.failure_mode}",
        "",
        f"**You need to know** {'; '.join(told.needs)}",
        "",
        f"**Minutes**: {told.reading} to read, {recipe.minutes['quick']:g} to run, {told.exercise} for the"
        " exercises",
        "",
        "**Afterwards you can**",
        "",
        *(f"- {goal.rstrip('.')}" for goal in recipe.goals),
        "",
        f":::{{figure}} _generated/concepts-{recipe.id}.svg",
        f":alt: {'; '.join(' '.join(link) for link in told.concepts)}",
        ":width: 100%",
        "",
        f"Concept map of *{recipe.title}*",
        ":::",
        "",
        "**What people will say, and what to ask**",
        "",
    ]
    printed = samples(recipe.path)
    for note in told.notes:
        words = "; ".join(_found(recipe, kept, pair, printed) for pair in note.found)
        means = f" {note.means}" if note.means else ""
        lines.append(f"- *{note.wrong}* {note.ask}" + (f" Found: {words}." if words else "") + means)
    return "\n".join(lines) + "\n"


def _found(recipe: Recipe, kept: Recorded, pair: str, printed: dict[tuple[str, str], str]) -> str:
    """What the reviewed runs said of one verdict, as its page shows it."""
    told = found(recipe, kept, pair, printed)
    return f"`{told.arm}`, {told.name}: {told.word}, {told.error} ({told.sample})"


def draw(concepts: list[tuple[str, str, str]], path: Path) -> None:
    """Draw a concept map as SVG: boxes from above to below, each arrow with its words."""
    import textwrap

    from matplotlib.figure import Figure

    depth = layers(concepts)
    rows = [[name for name in depth if depth[name] == k] for k in range(max(depth.values()) + 1)]
    at = {name: ((i + 0.5) / len(row), -k) for k, row in enumerate(rows) for i, name in enumerate(row)}
    figure = Figure(figsize=(7, 1.15 * len(rows)))
    ax: Any = figure.add_axes((0, 0, 1, 1))
    ax.set(xlim=(0, 1), ylim=(-len(rows) + 0.5, 0.5))
    ax.axis("off")
    box = {"boxstyle": "round,pad=0.4", "fc": "#E8F1F8", "ec": "#0072B2"}
    for name, place in at.items():
        ax.text(*place, textwrap.fill(name, 24), ha="center", va="center", fontsize=11, bbox=box, zorder=3)
    for first, how, last in concepts:
        (x, y), (to, below) = at[first], at[last]
        arrow = {"arrowstyle": "-|>", "color": "#555555", "shrinkA": 16, "shrinkB": 18}
        ax.annotate("", (to, below), (x, y), arrowprops=arrow)
        plain = {"fc": "white", "ec": "none", "pad": 1}
        ax.text((x + to) / 2, (y + below) / 2, how, ha="center", va="center", fontsize=10, bbox=plain)
    figure.savefig(path, metadata={"Date": None})
