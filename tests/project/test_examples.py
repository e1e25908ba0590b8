"""The examples in docstrings run and say what they show."""

import doctest
import importlib
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src"
OPTIONAL = {"scopecheck.judge.correction": "ppi_py"}  # what an example needs besides the core
SHOWN = [path for path in sorted(SOURCE.rglob("*.py")) if "    >>> " in path.read_text("utf-8")]


@pytest.mark.parametrize("path", SHOWN, ids=lambda path: ".".join(path.relative_to(SOURCE).parts)[:-3])
def test_examples_are_right(path):
    name = ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")
    if name in OPTIONAL:
        pytest.importorskip(OPTIONAL[name])
    result = doctest.testmod(importlib.import_module(name))
    assert result.attempted
    assert not result.failed


@pytest.mark.parametrize("name", ["judge.agreement", "judge.alarms", "measure.match", "measure.quantities"])
def test_what_every_recipe_uses_has_an_example(name):
    module, _, function = f"scopecheck.{name}".rpartition(".")
    assert ">>> " in getattr(importlib.import_module(module), function).__doc__
