"""Imports between the rooms of the package point one way, in every file, and never in a circle.

An import counts wherever it stands: at the top, inside a function, or under TYPE_CHECKING, since a file that
names a type of a higher floor knows of that floor as well. So does a string that is a module's name, a chain
of dots from the package, and a file of types (.pyi). The package bare (``import scopecheck``) hands over all
rooms and is refused. Circles are of imports that run: two files of one room may name each other's types.
"""

import ast
import re
import shutil
from functools import lru_cache
from graphlib import CycleError, TopologicalSorter
from importlib.util import resolve_name
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


WHOLE = "scopecheck.*"
MODULE = re.compile(r"scopecheck(\.\w+)+")
IMPORTER = re.compile(r"(\w+\.)*(import_module|__import__)")


def modules(source: Path) -> dict[str, list[Path]]:
    """Every module of a copy of the package, by its dotted name: its file, and that of its types."""
    found: dict[str, list[Path]] = {}
    for path in sorted([*source.rglob("*.py"), *source.rglob("*.pyi")]):
        parts = path.relative_to(source.parent).with_suffix("").parts
        found.setdefault(".".join(parts[:-1] if parts[-1] == "__init__" else parts), []).append(path)
    return found


def by_call(node: ast.Call, package: str) -> set[str]:
    """What import_module and __import__ are told to import: a relative name, or the package bare."""
    words = [*node.args, *(keyword.value for keyword in node.keywords)]
    names = [word.value for word in words if isinstance(word, ast.Constant) and isinstance(word.value, str)]
    base = next((name for name in names if name[:1] != "."), package)
    found = {resolve_name(name, base) for name in names if name[:1] == "."}
    return found or {WHOLE for name in names if name == "scopecheck"}


def imported(name: str, path: Path, known: dict[str, list[Path]], *, types: bool = True) -> set[str]:
    """The modules of the package that a file imports (with `types`, for its annotations alone as well)."""
    package = name if path.stem == "__init__" else name.rpartition(".")[0]
    wanted, strings = named(path.read_text(encoding="utf-8"), package, types)
    wanted = wanted | (strings & known.keys())
    return {full if full in known or full == WHOLE else full.rpartition(".")[0] for full in wanted}


@lru_cache(maxsize=1024)  # a planted copy differs in one file
def named(text: str, package: str, types: bool) -> tuple[set[str], set[str]]:
    """What a text imports, and dotted texts that count where they are modules."""
    wanted, strings, nodes = set(), set(), [*ast.walk(ast.parse(text))]
    never = [node for node in nodes if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    unseen = {id(inner) for block in never for inner in ast.walk(block)} if not types else set()
    for node in nodes:
        if id(node) in unseen:
            continue
        if isinstance(node, ast.Import):
            wanted |= {WHOLE if alias.name == "scopecheck" else alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            wanted |= {f"{base}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Call) and IMPORTER.fullmatch(ast.unparse(node.func)):
            wanted |= by_call(node, package)
        elif isinstance(node, ast.JoinedStr):
            first = ast.unparse(node)[2:].partition("{")[0]  # before the first braces: 'scopecheck.measure.'
            if first == "scopecheck.":
                wanted.add(WHOLE)
            else:
                strings.add(first.rstrip("."))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            wanted |= {node.value} if MODULE.fullmatch(node.value) else set()
        elif isinstance(node, ast.Attribute) and MODULE.fullmatch(dotted := ast.unparse(node)):
            strings.add(dotted)  # the shorter chains within are nodes, too
    return {full for full in wanted if full.split(".")[0] == "scopecheck"}, strings


def room(module: str) -> str:
    """The room of a module: the first part of its name, or the first two where these are a room."""
    parts = module.split(".")[1:]
    both = ".".join(parts[:2])
    return both if both in BELOW else parts[0] if parts else ""


def faults(source: Path) -> list[str]:
    """What is wrong with the imports of a copy of the package; empty where nothing is."""
    known, said = modules(source), []
    arrows = {name: set().union(*(imported(name, p, known) for p in paths)) for name, paths in known.items()}
    for name, others in arrows.items():
        if name == "scopecheck":
            said += [f"scopecheck imports {other}" for other in others]
        elif room(name) not in BELOW:
            said.append(f"{name} stands in no room; the rooms are {', '.join(BELOW)}")
        else:
            allowed = {"", room(name), *BELOW[room(name)], *(GROUND if room(name) not in GROUND else ())}
            said += [f"{name} imports {other}" for other in sorted(others) if room(other) not in allowed]
    runs = {name: imported(name, paths[0], known, types=False) - {name} for name, paths in known.items()}
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
    "by the whole package": ("measure/objects.py", "import scopecheck"),
    "by its dots alone": ("measure/objects.py", "import scopecheck\nx = scopecheck.score.labels"),
    "by dots beside a lower room": (
        "acquire/camera.py",
        "import scopecheck.judge\nx = scopecheck.data.where",
    ),
    "by a star": ("measure/objects.py", "from scopecheck import *"),
    "by __import__": ("measure/objects.py", "__import__('scopecheck.score.labels')"),
    "by the string of the whole": ("measure/objects.py", "x = __import__('scopecheck').score"),
    "by a relative string": ("measure/objects.py", "import_module('.score', 'scopecheck')"),
    "by a relative string of its own": ("judge/power.py", "import_module('..score', package=__package__)"),
    "by a keyword": ("measure/objects.py", "import_module(name='scopecheck.score')"),
    "by keywords": ("measure/objects.py", "import_module(package='scopecheck', name='.score')"),
    "by another name": ("measure/objects.py", "im('scopecheck.score')"),
    "by a string put together": ("measure/objects.py", "import_module(f'scopecheck.{room}')"),
    "in a file of types": ("data/__init__.pyi", "from scopecheck.score import labels"),
    "in a new file of types": ("data/cache.pyi", "from scopecheck.score import labels"),
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
    name = ".".join(("scopecheck", *Path(file).with_suffix("").parts)).removesuffix(".__init__")
    reported = [said for said in faults(copy) if re.search(rf"(^|circle.* ){name}( |$)", said)]
    assert len(reported) == 1 or "circle" in reported[-1]


def test_recipes_never_import_the_runner_or_the_command():
    known = modules(SOURCE)
    for path in [*RECIPES.glob("*.py"), RECIPES / "template.py.txt"]:
        above = {room(name) for name in imported("recipes", path, known)} & {"runner", "cli"}
        assert not above, f"{path.name} imports {above}"
