"""Find recipes, read their parameters cell, and type the values a user gives for it."""

import ast
import difflib
import math
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from scopecheck.errors import InputError, RecipeError
from scopecheck.record.recipe import PROFILES, TIERS, Recipe, read_recipe

CHOICES = {"profile": PROFILES, "tier": TIERS}


def recipes_folder() -> Path:
    """``SCOPECHECK_RECIPES``, else ``recipes`` in the working folder."""
    return Path(os.environ.get("SCOPECHECK_RECIPES", "recipes"))


def results_folder() -> Path:
    """``SCOPECHECK_RESULTS``, else ``results`` in the working folder."""
    return Path(os.environ.get("SCOPECHECK_RESULTS", "results"))


def find(folder: Path | None = None) -> list[Path]:
    """All recipe files, sorted by name.

    Raises
    ------
    InputError
        If the folder does not exist or holds no recipe.
    """
    folder = folder or recipes_folder()
    paths = sorted(p for p in folder.glob("*.py") if not p.name.startswith("_"))
    if not paths:
        raise InputError(
            f"{folder}: no recipes here; run from the repository's root, or set SCOPECHECK_RECIPES"
        )
    return paths


def locate(name: str, folder: Path | None = None) -> Path:
    """The file of a recipe, given by id.

    Raises
    ------
    InputError
        If there is none of that name; the nearest names are offered.
    """
    known = {p.stem: p for p in find(folder)}
    if name not in known:
        raise InputError(
            f"no recipe {name!r}{_nearest(name, known)}; `scopecheck list` names all {len(known)}"
        )
    return known[name]


def _nearest(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(known), n=2, cutoff=0.5)
    return f" (did you mean {' or '.join(near)}?)" if near else ""


def read_notebook(path: Path) -> Any:
    """The recipe as a notebook with stable cell ids."""
    import jupytext

    notebook = jupytext.read(path)
    for i, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{i:03d}"
    return notebook


def defaults(path: Path) -> dict[str, Any]:
    """Names and default values of the one parameters cell.

    Raises
    ------
    RecipeError
        If there is no parameters cell, more than one, or a line of it is anything but ``name = literal`` with
        an int, float, str, bool or list of them.
    """
    cells = [c for c in read_notebook(path).cells if "parameters" in c.metadata.get("tags", [])]
    if len(cells) != 1:
        raise RecipeError(
            f"{path}: {len(cells)} cells are tagged parameters, a recipe needs exactly one:"
            ' start it with # %% tags=["parameters"]'
        )
    found: dict[str, Any] = {}
    try:
        for line in ast.parse(cells[0].source).body:
            target = line.targets[0] if isinstance(line, ast.Assign) else getattr(line, "target", None)
            if not isinstance(target, ast.Name) or not isinstance(line, (ast.Assign, ast.AnnAssign)):
                raise ValueError(f"line {line.lineno} is not name = literal")
            value = ast.literal_eval(line.value) if line.value else None
            if not isinstance(value, (bool, int, float, str, list)):
                raise ValueError(f"{target.id} is {value!r}, not an int, float, str, bool or list")
            found[target.id] = value
    except (ValueError, SyntaxError) as err:
        raise RecipeError(f"{path}: parameters cell: {err}") from err
    return found


def typed(name: str, text: str, default: Any) -> Any:
    """Read ``text`` as the type of ``default``; it is never evaluated as code.

    Raises
    ------
    InputError
        If it cannot be read as that type.
    """
    kind = type(default)
    try:
        if kind is bool:
            return {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}[
                text.lower()
            ]
        if kind is list:
            value = ast.literal_eval(text)
            inner = {type(v) for v in default}
            if not isinstance(value, list) or not all(isinstance(v, (bool, int, float, str)) for v in value):
                raise ValueError("not a list of plain values")
            if inner == {float}:
                return [_finite(v) for v in value]
            if inner and not {type(v) for v in value} <= inner:
                raise ValueError("other element types than the default")
            return value
        return _finite(text) if kind is float else kind(text)
    except (KeyError, ValueError, SyntaxError, TypeError, OverflowError, MemoryError, RecursionError) as err:
        shown = repr(text) if len(text) < 80 else f"{text[:40]!r}... ({len(text)} characters)"
        what = "a finite number (float)" if kind is float else kind.__name__
        raise InputError(
            f"parameter {name}={shown} cannot be read as {what}; the default is {default!r}"
        ) from err


def _finite(value: Any) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ValueError("not finite")
    return number


def resolve_parameters(path: Path, given: dict[str, str]) -> tuple[Recipe, dict[str, Any], dict[str, Any]]:
    """Read a recipe and its parameters, with those that were given in their place.

    Parameters
    ----------
    path : Path
        The recipe.
    given : dict of str to str
        Values as typed on the command line.

    Returns
    -------
    (Recipe, dict, dict)
        Front matter; all parameters; and those that differ from their default.

    Raises
    ------
    InputError
        If a parameter is unknown, of the wrong type, or not one of the choices.
    RecipeError
        If the recipe is malformed.
    """
    recipe, values = read_recipe(path), defaults(path)
    changed = {}
    for name, text in given.items():
        if name not in values:
            raise InputError(
                f"{recipe.id}: unknown parameter {name!r}{_nearest(name, values)}; it has {', '.join(values)}"
            )
        value = typed(name, text, values[name])
        if name in CHOICES and value not in CHOICES[name]:
            raise InputError(f"{recipe.id}: {name} is {value!r}, must be one of {', '.join(CHOICES[name])}")
        if value != values[name]:
            changed[name] = value
    return recipe, {**values, **changed}, changed
