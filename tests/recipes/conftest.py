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


def code_lines(source: str) -> list[str]:
    """Lines with code: neither empty nor a comment alone."""
    return [line for line in source.splitlines() if line.strip() and not line.strip().startswith("#")]


def our_names(source: str) -> set[str]:
    """Names of ours a reader meets in a cell: ``record.start`` and ``page.add`` count as one each."""
    tree = ast.parse(re.sub(r"^(\s*)[%!]", r"\1# ", source, flags=re.MULTILINE))
    homes: dict[str, str] = {}
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "scopecheck":
            for alias in node.names:
                homes[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if node.value.id in {"judge", "measure", "acquire", "data", "tools", "record"}:
                found.add(f"{node.value.id}.{node.attr}")
            elif node.value.id == "page":
                found.add(f"page.{node.attr}")
    modules = {"judge", "measure", "acquire", "data", "tools", "record"}
    return found | {name for name, home in homes.items() if home.split(".")[-1] not in modules}


def faults(path: Path) -> list[str]:
    """Say everything in which a recipe or page departs from the rules; an empty list is a good one."""
    recipe, parameters, cells = read_recipe(path), defaults(path), read_notebook(path).cells
    said = []
    header = path.read_text(encoding="utf-8").split("\n# ---\n", maxsplit=1)[0].count("\n") + 2
    if header > 70:
        said.append(f"a header of {header} lines, at most 70")
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
    return said + _code_faults(cells) + _arm_faults(recipe)


def _code_faults(cells: list) -> list[str]:
    said, total, names = [], 0, set()
    code = [c for c in cells if c.cell_type == "code"]
    for number, cell in enumerate(cells, 1):
        tags = set(cell.metadata.get("tags", []))
        if cell.cell_type != "code":
            continue
        if not tags & FOLDED:
            lines = len(code_lines(cell.source))
            total += lines
            names |= our_names(cell.source)
            if lines > 15:
                said.append(f"cell {number} shows {lines} lines of code, at most 15")
    if total > 150:
        said.append(f"{total} visible lines of code, at most 150")
    if len(names) > 8:
        said.append(f"{len(names)} names of ours, at most 8: {sorted(names)}")
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
    figures = sum("subplots(" in c.source or "plt.figure(" in c.source for c in code)
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
