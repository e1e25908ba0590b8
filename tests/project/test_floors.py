"""Imports between the rooms of the package point one way, in every file, and never in a circle.

An import counts wherever it stands: at the top, inside a function, or under TYPE_CHECKING, since a file that
names a type of a higher floor knows of that floor as well. Circles are of imports that run: two files of one
room may name each other's types.
"""

import ast
import shutil
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "scopecheck"
RECIPES = SOURCE.parents[1] / "recipes"

GROUND = {"errors", "unpickling", "arrays"}
# room -> the rooms it may import, besides itself and, of a room above it, the ground
BELOW: dict[str, set[str]] = {
    "errors": set(),
    "unpickling": {"errors"},
    "arrays": {"errors"},
    "judge": set(),
    "measure": {"judge"},
    "acquire": {"judge", "measure"},
    "data.read": set(),
    "data": {"judge", "measure", "data.read"},
    "tools": {"judge", "measure"},
}
BELOW["record"] = set(BELOW) - GROUND
BELOW["score"] = BELOW["record"] | {"record"}
BELOW["runner"] = BELOW["record"] - {"tools"} | {"record"}
BELOW["cli"] = set(BELOW) - GROUND


def modules(source: Path) -> dict[str, Path]:
    """Every module of a copy of the package, by its dotted name."""
    found = {}
    for path in sorted(source.rglob("*.py")):
        parts = path.relative_to(source.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imported(name: str, path: Path, known: dict[str, Path], *, types: bool = True) -> set[str]:
    """The modules of the package that a file imports (with `types`, for its annotations alone as well)."""
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    wanted, nodes = set(), [*ast.walk(ast.parse(path.read_text(encoding="utf-8")))]
    never = [node for node in nodes if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    unseen = {id(inner) for block in never for inner in ast.walk(block)} if not types else set()
    for node in nodes:
        if id(node) in unseen:
            continue
        if isinstance(node, ast.Import):
            wanted |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            wanted |= {f"{base}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Call) and "import_module" in ast.unparse(node.func):
            wanted |= {arg.value for arg in node.args if isinstance(arg, ast.Constant)}
    wanted = {full for full in wanted if full.split(".")[0] == "scopecheck"}
    return {full if full in known else full.rpartition(".")[0] for full in wanted}


def room(module: str) -> str:
    """The room of a module: the first part of its name, or the first two where these are a room."""
    parts = module.split(".")[1:]
    both = ".".join(parts[:2])
    return both if both in BELOW else parts[0] if parts else ""


def faults(source: Path) -> list[str]:
    """What is wrong with the imports of a copy of the package; empty where nothing is."""
    known, said = modules(source), []
    arrows = {name: imported(name, path, known) for name, path in known.items()}
    for name, others in arrows.items():
        if name == "scopecheck":
            said += [f"scopecheck/__init__.py imports {other}" for other in others]
        elif room(name) not in BELOW:
            said.append(f"{name} stands in no room; the rooms are {', '.join(BELOW)}")
        else:
            allowed = {"", room(name), *BELOW[room(name)], *(GROUND if room(name) not in GROUND else ())}
            said += [f"{name} imports {other}" for other in sorted(others) if room(other) not in allowed]
    runs = {name: imported(name, path, known, types=False) for name, path in known.items()}
    try:
        TopologicalSorter(runs).prepare()
    except CycleError as error:
        said.append(f"circle: {' -> '.join(reversed(error.args[1]))}")
    return said


def test_imports_point_one_way_in_every_file_and_never_in_a_circle():
    assert len(modules(SOURCE)) > 100
    assert faults(SOURCE) == []


PLANTED = {
    "measure imports score": ("measure/objects.py", "from scopecheck.score import labels"),
    "inside a function": ("measure/objects.py", "def f():\n    from scopecheck.score.labels import Score"),
    "for its type alone": ("judge/power.py", "if TYPE_CHECKING:\n    from scopecheck.record import Result"),
    "by a relative name": ("measure/maps/local.py", "from ...score import labels"),
    "by a plain import": ("acquire/camera.py", "import scopecheck.data.cache as c"),
    "by its string": ("data/cache.py", "import_module('scopecheck.acquire.optics')"),
    "a reader imports a measure": ("data/read/images.py", "from scopecheck.measure.signs import look"),
    "a reader imports the catalogue": ("data/read/mrc.py", "from scopecheck.data import catalogue"),
    "the ground imports a room": ("arrays.py", "from scopecheck import judge"),
    "the ground imports its neighbour": ("unpickling.py", "from scopecheck import arrays"),
    "the package imports a room": ("__init__.py", "from scopecheck import judge"),
    "the runner imports a tool": ("runner/run.py", "from scopecheck.tools import unet"),
    "the record imports the command": ("record/page.py", "from scopecheck import cli"),
    "a file without a room": ("scoring.py", "x = 1"),
    "a circle": ("data/download.py", "from scopecheck.data import mirror"),
    "a circle in functions": ("judge/estimate.py", "def f():\n    from scopecheck.judge import verdict"),
}


@pytest.mark.parametrize("plant", PLANTED)
def test_a_planted_import_is_reported(tmp_path, plant):
    file, text = PLANTED[plant]
    copy = shutil.copytree(SOURCE, tmp_path / "scopecheck", ignore=shutil.ignore_patterns("__pycache__"))
    with (copy / file).open("a", encoding="utf-8") as handle:
        handle.write(f"\n\n{text}\n")
    name = ".".join(("scopecheck", *Path(file).with_suffix("").parts))
    reported = [said for said in faults(copy) if name in said.replace("/__init__.py", ".__init__")]
    assert len(reported) == 1 or "circle" in reported[-1]


def test_recipes_never_import_the_runner_or_the_command():
    known = modules(SOURCE)
    for path in [*RECIPES.glob("*.py"), RECIPES / "template.py.txt"]:
        above = {room(name) for name in imported("recipes", path, known)} & {"runner", "cli"}
        assert not above, f"{path.name} imports {above}"
