"""What a recipe's text must look like; `structure_faults(path)` lists what is wrong with one."""

import ast
import re
import symtable
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import takewhile
from pathlib import Path

import numpy as np
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
FOLDED = {"hide-input", "hide-cell", "remove-input", "remove-cell"}
TAGS = FOLDED | {"solution", "parameters", "verdict", "nbval-check-output"}
# A caption is an italic paragraph below its figure (text, or display(Markdown(f"*…*"))), or an alt text.
CAPTION = re.compile(r"""(^|["'])\*[^*\s]|!\[[^\]]{15,}\]|:alt:|\{figure\}""", re.MULTILINE)

LIMITS = {  # of a recipe; solutions of exercises are apart, see `apart`
    "visible cell": (15, "lines in a visible cell"),
    "visible": (150, "visible lines of code"),
    "folded cell": (30, "lines in a folded cell"),
    "folded": (220, "folded lines of code"),
    "solution cell": (50, "lines in a solution cell"),
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
# Our objects, by what makes them and by the names they mostly have: what is called on one is a name of ours,
# too, and the same name whichever of its kind it is called on. (Checks are made by .checks(...) of a trial.)
MAKERS = {"record.start": "page", "record.Trial": "trial"}
OUR_OBJECTS = {"page": "page", "trial": "trial", "checks": "checks"}
COMMON = {*dir(dict), *dir(list), *dir(str), *dir(np.ndarray)}  # what a reader knows of any container

REFUSED = {  # a recipe leaves to the page what the page does, and hides no code in a string
    r"(.*\.)?judge\.agreement": "calls judge.agreement: a trial or the page judges",
    r"(.*\.)?savefig": "calls savefig: record.show keeps a picture",
    r"(.*\.)?DataError": "names DataError: page.samples, files and elsewhere say what is absent",
    r"((__)?builtins(__)?\.)?(exec|eval)": "calls exec or eval",
}


def code_lines(source: str) -> list[str]:
    """Lines with code: neither empty nor a comment alone."""
    return [line for line in source.splitlines() if line.strip() and not line.strip().startswith("#")]


def width(line: str) -> int:
    """Characters of a line of code, without what its texts say and without comments."""
    return len(re.sub(r"""("[^"]*"|'[^']*')""", '""', line).split("  #")[0].rstrip())


def count_lines(source: str) -> int:
    """Lines with code; of statements that share a line each counts as one."""
    starts = Counter(
        node.lineno
        for node in ast.walk(parsed(source))
        if isinstance(node, ast.stmt) and ast.unparse(node) != "..."
    )
    return len(code_lines(source)) + sum(number - 1 for number in starts.values())


def without_magics(source: str) -> str:
    return re.sub(r"^(\s*)[%!]", r"\1# ", source, flags=re.MULTILINE)


def parsed(source: str) -> ast.Module:
    """The cell's syntax tree, magics left out."""
    return ast.parse(without_magics(source))


def imported_from_us(sources: list[str]) -> dict[str, str]:
    """Names that any cell imports from the package, with the dotted name behind each."""
    found = {}
    for node in (node for source in sources for node in ast.walk(parsed(source))):
        if isinstance(node, ast.ImportFrom):
            found |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {
                alias.asname or alias.name.split(".")[0]: alias.name
                if alias.asname
                else alias.name.split(".")[0]
                for alias in node.names
            }
    return {name: full for name, full in found.items() if full.split(".")[0] == "scopecheck"}


def full_name(node: ast.expr, us: dict[str, str]) -> str:
    """An expression as text, what it starts with by its full name: `scopecheck.judge.agreement`."""
    head, *rest = ast.unparse(node).split(".")
    return ".".join([us.get(head, head), *rest])


def kind_of(node: ast.expr | None, kinds: dict[str, str], us: dict[str, str]) -> str:
    """Which of our objects an expression is, makes or stands for: `page`, `trial`, `checks`; else nothing."""
    if isinstance(node, ast.IfExp):
        return kind_of(node.body, kinds, us) or kind_of(node.orelse, kinds, us)
    if isinstance(node, ast.NamedExpr):
        return kind_of(node.value, kinds, us)
    if isinstance(node, ast.Call):
        if isinstance(node.func, ast.Attribute) and node.func.attr == "checks":
            return "checks"
        node = node.func
    if not isinstance(node, (ast.Name, ast.Attribute)):
        return ""
    full = full_name(node, us)
    return MAKERS.get(".".join(full.split(".")[-2:])) or kinds.get(full, "")


def our_objects(sources: list[str], us: dict[str, str]) -> dict[str, str]:
    """Names that our objects are kept in, and functions of the recipe that return one, with their kinds."""
    kinds, before = dict(OUR_OBJECTS), 0
    pairs = [pair for source in sources for node in ast.walk(parsed(source)) for pair in _given(node)]
    while len(kinds) > before:  # a name may be given to a name
        before = len(kinds)
        kinds |= {name: kind for name, value in pairs if (kind := kind_of(value, kinds, us))}
    return kinds


def _given(node: ast.AST) -> Iterator[tuple[str, ast.expr | None]]:
    """Which names a statement gives to which expressions; a function's name to what it returns."""
    pairs: list[tuple[ast.expr, ast.expr | None]] = []
    if isinstance(node, ast.Assign):
        pairs = [(target, node.value) for target in node.targets]
    elif isinstance(node, (ast.AnnAssign, ast.NamedExpr)):
        pairs = [(node.target, node.value)]
    elif isinstance(node, ast.For) and isinstance(node.iter, (ast.Tuple, ast.List)):
        pairs = [(node.target, one) for one in node.iter.elts]
    elif isinstance(node, ast.FunctionDef):
        returned = [inner.value for inner in ast.walk(node) if isinstance(inner, ast.Return)]
        pairs = [(ast.Name(node.name), value) for value in returned]
    for target, value in pairs:
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
            pairs += zip(target.elts, value.elts, strict=False)
        elif isinstance(target, ast.Name):
            yield target.id, value


def chains(source: str) -> Iterator[tuple[ast.expr, list[str]]]:
    """Every name and every chain of dots of a cell, the longest: what it starts from, and its parts."""
    inner = set()
    for node in ast.walk(parsed(source)):  # outer attributes come before those that they hold
        if isinstance(node, (ast.Attribute, ast.Name)) and node not in inner:
            parts, at = [], node
            while isinstance(at, ast.Attribute):
                parts, at = [at.attr, *parts], at.value
                inner.add(at)
            yield at, parts


def our_names(source: str, us: dict[str, str], kinds: dict[str, str]) -> set[str]:
    """Names of ours that a cell uses; `acquire.optics.resample`, `page.judge`, `trial.run` are one each."""
    found = set()
    for at, parts in chains(source):
        if isinstance(at, ast.Name) and at.id in us:
            found.add(".".join([at.id, *parts]))
        elif parts and (kind := kind_of(at, kinds, us)):
            found.add(f"{kind}.{parts[0]}")
    return found


def scopes(source: str) -> Iterator[symtable.SymbolTable]:
    """The cell's own scope first, then those within it, of functions, classes and comprehensions."""
    todo = [symtable.symtable(without_magics(source), "cell", "exec")]
    for scope in todo:
        yield scope
        todo += scope.get_children()


def made(source: str) -> set[str]:
    """Names that a cell gives to the notebook, wherever they stand; imports are of libraries."""
    top, *within = scopes(source)
    return {s.get_name() for s in top.get_symbols() if s.is_assigned() and not s.is_imported()} | {
        s.get_name()
        for scope in within
        for s in scope.get_symbols()
        if s.is_declared_global() and s.is_assigned()
    }


def used(source: str) -> set[str]:
    """Names that a cell reads and has not made itself."""
    top, *within = scopes(source)
    read = {s.get_name() for s in top.get_symbols() if s.is_referenced()} | {
        s.get_name() for scope in within for s in scope.get_symbols() if s.is_referenced() and s.is_global()
    }
    return read - {s.get_name() for s in top.get_symbols() if s.is_assigned()}


def folded_names(source: str, hidden: set[str], kinds: dict[str, str]) -> set[str]:
    """Names from folded cells that a cell reads; what hangs on one of them (`session.run`) is one each."""
    read = used(source) & hidden - set(OUR_OBJECTS)
    return {
        ".".join([at.id, *([] if at.id in kinds else takewhile(lambda part: part not in COMMON, parts))])
        for at, parts in chains(source)
        if isinstance(at, ast.Name) and at.id in read
    }


def headings(cell) -> list[str]:
    text = re.sub(r"```.*?```", "", cell.source, flags=re.DOTALL) if cell.cell_type == "markdown" else ""
    return [line.strip() for line in text.splitlines() if re.match(r"#{1,6} ", line)]


def tags_of(cell) -> set[str]:
    return set(cell.metadata.get("tags", []))


def apart(cells: list) -> set[int]:
    """Which cells are solutions and nothing else: below the exercises, and read by no other cell."""
    start = next((i for i, cell in enumerate(cells) if "## Exercises" in headings(cell)), len(cells))
    code = {i: cell for i, cell in enumerate(cells) if cell.cell_type == "code"}
    makes, reads = ({i: of(cell.source) for i, cell in code.items()} for of in (made, used))
    found = {i for i, cell in code.items() if i > start and "solution" in tags_of(cell)}
    for _ in code:  # a solution that is read is a cell like others, and what it reads itself is no solution
        others = code.keys() - found
        made_by_others = set().union(*(makes[j] for j in others))
        found -= {
            i for i in found for j in others if makes[i] & (reads[j] if j > i else reads[j] - made_by_others)
        }
    return found


def count_code(cells: list) -> dict[str, int | list[str]]:
    """Lines and names of a recipe's code cells, as a reader meets them; of names the list."""
    visible, folded, solutions, widths, hidden, shown = [], [], [], [0], set(), set()
    code = [cell for cell in cells if cell.cell_type == "code"]
    us = imported_from_us([cell.source for cell in code])
    kinds = our_objects([cell.source for cell in code], us)
    free = apart(cells)
    for i, cell in enumerate(cells):
        if i in free:
            solutions.append(count_lines(cell.source))
        elif cell.cell_type == "code":
            widths += map(width, code_lines(cell.source))
            if tags_of(cell) & FOLDED:
                folded.append(count_lines(cell.source))
                hidden |= made(cell.source) - shown
            else:
                visible.append(cell.source)
                shown |= made(cell.source)
    lines = [count_lines(source) for source in visible]
    return {
        "visible cell": max(lines, default=0),
        "visible": sum(lines),
        "folded cell": max(folded, default=0),
        "folded": sum(folded),
        "solution cell": max(solutions, default=0),
        "line": max(widths),
        "names of ours": sorted(set().union(*(our_names(source, us, kinds) for source in visible))),
        "names from folded cells": sorted(
            set().union(*(folded_names(source, hidden, kinds) for source in visible))
        ),
    }


def refused(cells: list) -> list[str]:
    """What a recipe does not write, in whichever cell."""
    sources = [cell.source for cell in cells if cell.cell_type == "code"]
    us, names = imported_from_us(sources), set()
    for node in (node for source in sources for node in ast.walk(parsed(source))):
        if isinstance(node, (ast.Name, ast.Attribute)):
            names.add(full_name(node, us))
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    said = [what for how, what in REFUSED.items() if any(re.fullmatch(how, n, re.DOTALL) for n in names)]
    for cell in cells:
        said += [f"a cell has the tag {tag}, which is none of ours" for tag in sorted(tags_of(cell) - TAGS)]
        beside = [key for key in cell.metadata if key != "tags" and not key.startswith("lines_to_")]
        said += [f"a cell has {key} beside its tags, which may hide its code" for key in beside]
    return said


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
    heads = [heading for cell in cells for heading in headings(cell)]
    if sum(heading.startswith("# ") for heading in heads) != 1:
        said.append("exactly one '# Title' is needed")
    if recipe.kind == "page":
        return said
    if not {"profile", "tier", "seed"} <= set(parameters):
        said.append("the parameters cell needs profile, tier and seed")
    found = [heading for heading in heads if heading in SECTIONS]
    if found != SECTIONS:
        said.append(f"sections are {found}, missing {[s for s in SECTIONS if s not in found]}")
    return (
        said
        + size_faults(path, recipe.id, cells)
        + refused(cells)
        + _cell_faults(cells)
        + _arm_faults(recipe)
    )


def _cell_faults(cells: list) -> list[str]:
    said = []
    code = [c for c in cells if c.cell_type == "code"]
    tags = [tags_of(cell) for cell in code]
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
