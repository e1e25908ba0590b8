"""Imports between the floors of the package point one way."""

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "scopecheck"

# floor -> the floors it may import, besides itself
BELOW = {
    "judge": set(),
    "measure": {"judge"},
    "acquire": {"judge", "measure"},
    "data": {"judge", "measure"},
    "tools": {"judge", "measure"},
    "record": {"judge", "measure", "acquire", "data", "tools"},
    "runner": {"judge", "measure", "acquire", "data", "record"},
}


def imported_floors(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level:
            package = path.relative_to(SOURCE.parent).parent.parts
            base = package[: len(package) - node.level + 1]
            names = [
                ".".join([*base, node.module or "", alias.name]).replace("..", ".") for alias in node.names
            ]
        else:
            continue
        found |= {name.split(".")[1] for name in names if name.startswith("scopecheck.") and name.count(".")}
    return found


@pytest.mark.parametrize("floor", sorted(BELOW))
def test_a_floor_imports_only_lower_floors(floor):
    for path in (SOURCE / floor).glob("**/*.py"):
        above = imported_floors(path) & set(BELOW) - BELOW[floor] - {floor}
        assert not above, f"{path.relative_to(SOURCE)} imports {above}"


def test_the_judge_imports_nothing_of_ours():
    for path in (SOURCE / "judge").glob("*.py"):
        assert imported_floors(path) <= {"judge"}, path.name


def test_recipes_never_import_the_runner():
    for path in (SOURCE.parents[1] / "recipes").glob("*.py"):
        assert "runner" not in imported_floors(path), path.name
