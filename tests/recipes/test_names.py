"""Every name of ours that a recipe, the template or a page's script takes from the package exists there."""

import ast
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPTS = [*ROOT.glob("recipes/*.py"), ROOT / "recipes/template.py.txt", *ROOT.glob("book/images/*.py")]


def taken(tree: ast.AST) -> dict[str, str]:
    """The names that a script gives to what it imports from the package, and what each is."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "scopecheck":
            found |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            ours = [alias for alias in node.names if alias.name.split(".")[0] == "scopecheck"]
            found |= {alias.asname or "scopecheck": alias.name for alias in ours}
    return found


def resolved(full: str) -> object:
    """The module, or the module's attribute, of a dotted name; AttributeError where there is none."""
    try:
        return importlib.import_module(full)
    except ModuleNotFoundError:
        parent, _, name = full.rpartition(".")
        return getattr(importlib.import_module(parent), name)


def missing(text: str) -> list[str]:
    """The names that a script takes, at an import or by a dot, and the package does not have."""
    tree, said = ast.parse(text), []
    names = taken(tree)
    wanted = set(names.values())
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            head, _, rest = ast.unparse(node).partition(".")
            if head in names and rest.replace(".", "").isidentifier():
                wanted.add(f"{names[head]}.{rest}")
    for full in sorted(wanted):
        parts = full.split(".")
        try:
            value = resolved(".".join(parts[:2]))
            for count in range(3, len(parts) + 1):
                if type(value).__name__ != "module":  # what a function or a class has is not ours to know
                    break
                value = resolved(".".join(parts[:count]))
        except (AttributeError, ModuleNotFoundError) as error:
            said.append(f"{full}: {error}")
    return said


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_every_name_of_ours_resolves(path):
    assert missing(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("from scopecheck.measure import particle", "measure.particle"),
        ("from scopecheck import measure\nmeasure.particles.match", "measure.particles"),
        ("from scopecheck.measure import picks as p\np.chanse(3)", "picks.chanse"),
        ("import scopecheck.recorder", "scopecheck.recorder"),
    ],
)
def test_a_name_that_is_not_there_is_seen(text, name):
    assert name in "; ".join(missing(text))
