"""What an editor is told of the packages that load lazily is what Python finds there."""

import ast
import importlib
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src"
LAZY = sorted(path for path in SOURCE.rglob("__init__.py") if "def __getattr__" in path.read_text("utf-8"))


def named(stub: Path) -> dict[str, str]:
    """The names of a stub, and the module from which each comes."""
    nodes = [node for node in ast.parse(stub.read_text("utf-8")).body if isinstance(node, ast.ImportFrom)]
    return {alias.asname: node.module for node in nodes for alias in node.names if alias.asname == alias.name}


@pytest.mark.parametrize("init", LAZY, ids=lambda path: ".".join(path.relative_to(SOURCE).parts[:-1]))
def test_the_stub_names_exactly_what_the_package_offers_from_where_it_is(init):
    package = importlib.import_module(".".join(init.relative_to(SOURCE).parts[:-1]))
    told = named(init.with_suffix(".pyi"))
    lacking = sorted(set(package.__all__) - set(told))
    assert not lacking, f"__init__.pyi lacks {lacking}: from its.home import name as name"
    assert not set(told) - set(package.__all__)
    for name, module in told.items():
        thing = getattr(package, name)
        assert thing is getattr(importlib.import_module(module), name)
        assert getattr(thing, "__module__", module) == module  # its home, not one that passes it on


def test_there_are_packages_that_load_lazily():
    assert [path.parent.name for path in LAZY] == ["data", "maps"]
