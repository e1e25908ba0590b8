"""What a recipe's text must look like; `structure_faults(path)` lists what is wrong with one."""

import ast
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from scopecheck.record import read_recipe
from scopecheck.runner.find import defaults, read_notebook

SECTIONS = [
    "## In one minute",
    "## What is measured",
    "## It looks right",
    "## Predict",
    "## The truth",
    "## Does the measurement hold?",
    "## Shift",
    "## Would you have noticed?",
    "## What to do",
    "## On your own images",
    "## What to write",
    "## Exercises",
    "### Limits",
]
FOLDED = {"hide-input", "hide-cell", "remove-input", "remove-cell", "solution"}
# A caption is an italic paragraph below its figure (text, or display(Markdown(f"*…*"))), or an alt text.
CAPTION = re.compile(r"""(^|["'])\*[^*\s]|!\[[^\]]{15,}\]|:alt:|\{figure\}""", re.MULTILINE)

LIMITS = {  # of a recipe; solutions of exercises are apart
    "visible cell": (15, "lines in a visible cell"),
    "visible": (150, "visible lines of code"),
    "folded cell": (30, "lines in a folded cell"),
    "folded": (220, "folded lines of code"),
    "line": (110, "characters in a line of code, its texts left out"),
    "names of ours": (15, "names of ours in visible cells"),
    "names from folded cells": (8, "names used in visible cells and made in folded ones"),
    "header": (70, "lines of header"),
    "file": (450, "lines of file"),
}
OLDER = {  # written before there was a limit for the whole file: they meet all others
    "heterogeneity-cryodrgn",
    "maps-fsc-traps",
    "picking-topaz",
    "segmentation-cellpose",
    "segmentation-confluence",
    "segmentation-stardist",
    "segmentation-unet-dice-trap",
    "structure-passport",
}
OUR_OBJECTS = {"page", "trial", "checks"}  # made by ours; what is called on them is a name of ours, too


def code_lines(source: str) -> list[str]:
    """Lines with code: neither empty nor a comment alone."""
    return [line for line in source.splitlines() if line.strip() and not line.strip().startswith("#")]


def width(line: str) -> int:
    """Characters of a line of code, without what its texts say and without comments."""
    return len(re.sub(r"""("[^"]*"|'[^']*')""", '""', line).split("  #")[0].rstrip())


def parsed(source: str) -> ast.Module:
    """The cell's syntax tree, magics left out."""
    return ast.parse(re.sub(r"^(\s*)[%!]", r"\1# ", source, flags=re.MULTILINE))


def imported_from_us(sources: list[str]) -> set[str]:
    """Names that any cell imports from the package."""
    return {
        alias.asname or alias.name.split(".")[0]
        for source in sources
        for node in ast.walk(parsed(source))
        if (isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "scopecheck")
        or (isinstance(node, ast.Import) and node.names[0].name.split(".")[0] == "scopecheck")
        for alias in node.names
    }


def our_names(source: str, ours: set[str]) -> set[str]:
    """Names of ours that a cell uses; `acquire.optics.resample`, `page.judge`, `trial.run` are one each."""
    found, inner = set(), set()
    for node in ast.walk(parsed(source)):  # outer attributes come before those that they hold
        if isinstance(node, ast.Attribute) and node not in inner:
            parts, at = [node.attr], node.value
            while isinstance(at, ast.Attribute):
                inner.add(at)
                parts, at = [at.attr, *parts], at.value
            if isinstance(at, ast.Name) and at.id in ours:
                inner.add(at)
                found.add(".".join([at.id, *parts]))
            elif isinstance(at, ast.Name) and at.id in OUR_OBJECTS:
                inner.add(at)
                found.add(f"{at.id}.{parts[0]}")
        elif isinstance(node, ast.Name) and node not in inner and node.id in ours:
            found.add(node.id)
    return found


def made(source: str) -> set[str]:
    """Names that a cell defines or assigns at its top level."""
    names = set()
    for node in parsed(source).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            names.add(node.name)
        else:
            names |= {
                n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
            }
    return names


def used(source: str) -> set[str]:
    """Names that a cell reads and has not made itself."""
    tree = parsed(source)
    names = [n for n in ast.walk(tree) if isinstance(n, ast.Name)]
    own = {n.id for n in names if isinstance(n.ctx, ast.Store)} | {
        n.arg for n in ast.walk(tree) if isinstance(n, ast.arg)
    }
    return {n.id for n in names if isinstance(n.ctx, ast.Load)} - own


def count_code(cells: list) -> dict[str, int | list[str]]:
    """Lines and names of a recipe's code cells, as a reader meets them; of names the list."""
    visible, folded, widths, ours, shown, hidden = [], [], [0], set(), set(), set()
    code = [cell for cell in cells if cell.cell_type == "code"]
    us = imported_from_us([cell.source for cell in code])
    read = set()
    for cell in code:
        tags = set(cell.metadata.get("tags", []))
        if "solution" in tags:
            continue
        lines = code_lines(cell.source)
        widths += map(width, lines)
        if tags & FOLDED:
            folded.append(len(lines))
            hidden |= made(cell.source) - shown
        else:
            visible.append(len(lines))
            ours |= our_names(cell.source, us)
            shown |= made(cell.source)
            read |= used(cell.source)
    return {
        "visible cell": max(visible, default=0),
        "visible": sum(visible),
        "folded cell": max(folded, default=0),
        "folded": sum(folded),
        "line": max(widths),
        "names of ours": sorted(ours),
        "names from folded cells": sorted(read & hidden - OUR_OBJECTS),
    }


def size_faults(path: Path, name: str, cells: list) -> list[str]:
    """Which of the limits a recipe does not keep."""
    text = path.read_text(encoding="utf-8")
    counted = count_code(cells)
    counted["header"] = text.split("\n# ---\n", maxsplit=1)[0].count("\n") + 2
    counted["file"] = text.count("\n")
    said = []
    for key, (limit, what) in LIMITS.items():
        found = counted[key]
        number = len(found) if isinstance(found, list) else found
        if number > limit and not (name in OLDER and key == "file"):
            which = f": {', '.join(found)}" if isinstance(found, list) else ""
            said.append(f"{number} {what}, at most {limit}{which}")
    return said


def faults(path: Path) -> list[str]:
    """Say everything in which a recipe or page departs from the rules; an empty list is a good one."""
    recipe, parameters, cells = read_recipe(path), defaults(path), read_notebook(path).cells
    said = []
    first = next((c for c in cells if c.cell_type == "markdown"), None)
    if first is None or not first.source.startswith("# "):
        said.append("the first markdown cell does not start with '# Title'")
    headings = [
        line.strip()
        for c in cells
        if c.cell_type == "markdown"
        for line in re.sub(r"```.*?```", "", c.source, flags=re.DOTALL).splitlines()
        if re.match(r"#{1,6} ", line)
    ]
    if sum(h.startswith("# ") for h in headings) != 1:
        said.append("exactly one '# Title' is needed")
    if recipe.kind == "page":
        return said
    if not {"profile", "tier", "seed"} <= set(parameters):
        said.append("the parameters cell needs profile, tier and seed")
    found = [h for h in headings if h in SECTIONS]
    if found != SECTIONS:
        said.append(f"sections are {found}, missing {[s for s in SECTIONS if s not in found]}")
    return said + size_faults(path, recipe.id, cells) + _cell_faults(cells) + _arm_faults(recipe)


def _cell_faults(cells: list) -> list[str]:
    said = []
    code = [c for c in cells if c.cell_type == "code"]
    tags = [set(c.metadata.get("tags", [])) for c in code]
    if not any({"verdict", "nbval-check-output"} <= t for t in tags):
        said.append("no cell is tagged verdict and nbval-check-output")
    if any(("verdict" in t) != ("nbval-check-output" in t) for t in tags):
        said.append("verdict and nbval-check-output go together")
    if not any("solution" in t for t in tags):
        said.append("no cell is tagged solution")
    if any("solution" in t and not t & {"hide-cell", "hide-input"} for t in tags):
        said.append("a solution is not folded")
    prose = "\n".join(c.source for c in cells if c.cell_type == "markdown")
    draws = ("subplots(", "plt.figure(", "record.show(")
    figures = sum(any(how in c.source for how in draws) for c in code)
    captions = len(CAPTION.findall(prose)) + sum(len(CAPTION.findall(c.source)) for c in code)
    if captions < figures:
        said.append(f"{figures} cells draw figures, {captions} captions or alt texts")
    return said


def _arm_faults(recipe) -> list[str]:
    controls = {a.control for a in recipe.arms if a.tier == "embedded" and a.profile == "quick"}
    return [
        f"no {kind} control in the quick embedded run"
        for kind in ("positive", "negative")
        if kind not in controls
    ]


@pytest.fixture(scope="session")
def structure_faults() -> Callable[[Path], list[str]]:
    return faults
