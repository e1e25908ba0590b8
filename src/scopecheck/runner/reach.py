"""Which modules of the package a recipe can reach, each with a hash of what it does.

Sources are parsed and never imported. A file that is reached is taken whole: all it imports, at its head or
inside a function, is reached too. Of a package, whose ``__init__`` passes names on (``from .floor import
chance``, or a table for its ``__getattr__``), what was asked of it is reached and not all it offers. Where it
cannot be told what was asked (the package handed on as a value, a name that nobody knows, a module named at
run time), the whole package is: a needless run is better than a stale result.
"""

import ast
import hashlib
import re
from collections.abc import Collection, Iterator
from functools import lru_cache
from pathlib import Path

PACKAGE = Path(__file__).parents[1]
NAME = PACKAGE.name
_TABLES = {"_HOMES", "_LATER"}  # as lazy packages call theirs, {module: names}; any other dict is a constant
_NAMED = re.compile(rf"((?<![\w./-])|(?<=-m)){NAME}(\.\w+)+")  # not a file, results/scopecheck.png
_TELLS = re.compile(r"print|(\w+\.)?(warn|Markdown)")  # calls that show their texts to a reader
_CODE = re.compile(rf"(^|[\n;])\s*(from|import)\s+{NAME}\b")
_SHELL = re.compile(rf"^\s*#?\s*!.*\b{NAME}\b|^\s*#?\s*%%(bash|sh)\b", re.MULTILINE)
# decorators that enter nothing in a register
_HARMLESS = re.compile(
    r"(\w+\.)?(dataclass|cache|lru_cache|cached_property|contextmanager|total_ordering|wraps|overload|final|n?jit)"
)
_WITH_DOCSTRING = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
_BY_NAME = re.compile(r"exec|eval|__import__|(importlib\.)?import_module|(runpy\.)?run_(module|path)")

Asked = tuple[str, ...]  # a dotted name, scopecheck.measure.match; "*" at its end asks for all


def reached(text: str, package: Path = PACKAGE) -> dict[str, str]:
    """Every module that a program can reach, and 16 hex digits that change when what the module does changes.

    Parameters
    ----------
    text : str
        The program: a recipe.
    package : Path
        The folder of the package.

    Returns
    -------
    dict of str to str
        ``measure.overlap: 1f0c...`` in order of names. Comments, docstrings and layout do not count, nor does
        what an ``__init__`` merely passes on.
    """
    todo, found, seen = [*_asked(text, ""), *_commands(text)], set[Path](), set[Asked]()
    while todo:
        asked = todo.pop()
        if asked in seen:
            continue
        seen.add(asked)
        for path in _homes(asked, package, todo):
            if path not in found:
                found.add(path)
                if path.name == "__init__.py":
                    todo += _acting(path, package)
                else:
                    todo += _asked(path.read_text(encoding="utf-8"), _dotted(path.parent, package))
    return dict(sorted((_dotted(p, package).partition(".")[2] or NAME, _does(p)) for p in found))


def without(text: str, empty: Collection[str]) -> str:
    """A program without what stands under ``if my_image:`` while that parameter is empty: it does not run.

    Imports of ours whose names are used there alone go with it.
    """
    tree = ast.parse(text)
    before = _loaded(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id in empty:
            node.body = [ast.Pass()]
    gone = before - _loaded(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == NAME:
            node.names = [alias for alias in node.names if (alias.asname or alias.name) not in gone]
    tree.body = [node for node in tree.body if not (isinstance(node, ast.ImportFrom) and not node.names)]
    return ast.unparse(tree)


def _loaded(tree: ast.AST) -> set[str]:
    return {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}


def _does(path: Path) -> str:
    return _hashed(path.read_text(encoding="utf-8"), path.name == "__init__.py")


@lru_cache(maxsize=512)
def _hashed(text: str, init: bool) -> str:
    tree = ast.parse(text)
    if "__doc__" not in text:
        _strip(tree)
    if init:
        tree.body = [node for node in tree.body if not _passes_on(node)]
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest()[:16]


def _strip(tree: ast.AST) -> ast.AST:
    """Take out docstrings, and what stands under ``if TYPE_CHECKING:``, which never runs."""
    for node in ast.walk(tree):
        if _for_checkers(node):
            node.body = [ast.Pass()]  # type: ignore[attr-defined]
        elif isinstance(node, _WITH_DOCSTRING) and ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return tree


def _passes_on(node: ast.stmt) -> bool:
    """Whether a line of an ``__init__`` only offers names of other modules."""
    if isinstance(node, (ast.Import, ast.ImportFrom, ast.Pass)) or _for_checkers(node):
        return True
    return isinstance(node, ast.Assign) and (_table(node) is not None or _is_all(node))


def _is_all(node: ast.Assign) -> bool:
    return [t.id for t in node.targets if isinstance(t, ast.Name)] == ["__all__"]


def _table(node: ast.stmt) -> dict[str, str] | None:
    """The table of a lazy ``__init__`` as name to module."""
    if not isinstance(node, ast.Assign) or ast.unparse(node.targets[0]) not in _TABLES:
        return None
    try:
        table = ast.literal_eval(node.value)
    except ValueError:
        return None
    return {name: module for module, names in table.items() for name in names}


def _for_checkers(node: ast.AST) -> bool:
    """``if TYPE_CHECKING:``, which never runs."""
    return isinstance(node, ast.If) and ast.unparse(node.test).split(".")[-1] == "TYPE_CHECKING"


def _dotted(path: Path, package: Path) -> str:
    parts = path.relative_to(package.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _module(dotted: Asked, package: Path) -> Path | None:
    """The file of a module or of a package's ``__init__``."""
    place = package.parent.joinpath(*dotted)
    for path in (place / "__init__.py", place.with_suffix(".py")):
        if dotted and path.is_file():
            return path
    return None


def _homes(asked: Asked, package: Path, todo: list[Asked]) -> Iterator[Path]:
    """The files that a dotted name leads to; names that must be asked in turn are added to ``todo``."""
    for n in range(1, len(asked) + 1):
        path = _module(asked[:n], package)
        if path is None:
            return
        yield path
        if path.name != "__init__.py":
            return  # the rest are names within the file
        rest = asked[n:]
        if rest and rest[0] == "*":
            yield from sorted(path.parent.rglob("*.py"))
            return
        offered = _offered(path, package)
        if rest and rest[0] in offered and offered[rest[0]][: n + 1] != asked[: n + 1]:
            todo.append((*offered[rest[0]], *rest[1:]))  # and where a module has the same name, that as well
        elif rest and _module(asked[: n + 1], package) is None:
            if _defines(path, rest[0]):  # made in the __init__ itself, from whatever it imports
                todo.extend(offered.values())
            else:
                todo.append((*asked[:n], "*"))
            return


@lru_cache(maxsize=64)
def _parsed(path: Path, stamp: int) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _tree(path: Path) -> ast.Module:
    return _parsed(path, path.stat().st_mtime_ns)


def _offered(path: Path, package: Path) -> dict[str, Asked]:
    """What an ``__init__`` passes on: name to the dotted name behind it."""
    base = _dotted(path, package)
    found: dict[str, Asked] = {}
    for node in _tree(path).body:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            found |= _bound(node, base)
        elif table := _table(node):
            found |= {name: (*base.split("."), *home.split("."), name) for name, home in table.items()}
    return found


def _defines(path: Path, name: str) -> bool:
    """Whether an ``__init__`` makes the name itself."""
    for node in _tree(path).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.name == name:
            return True
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and any(
            isinstance(n, ast.Name) and n.id == name and isinstance(n.ctx, ast.Store) for n in ast.walk(node)
        ):
            return True
    return False


def _acting(path: Path, package: Path) -> Iterator[Asked]:
    """Modules that an ``__init__`` imports and whose import itself does something beside making names."""
    for asked in _offered_at_once(path, package):
        for n in range(len(asked), 0, -1):
            home = _module(asked[:n], package)
            if home is not None and home != path:
                if home.name == "__init__.py" or any(_acts(node) for node in _tree(home).body):
                    yield asked[:n]
                break


def _offered_at_once(path: Path, package: Path) -> list[Asked]:
    base = _dotted(path, package)
    nodes = [n for n in _tree(path).body if isinstance(n, (ast.Import, ast.ImportFrom))]
    return [asked for node in nodes for asked in _bound(node, base).values()]


def _acts(node: ast.stmt) -> bool:
    """Whether a line at the head of a module does more than make a name."""
    if isinstance(node, ast.Expr):
        return not isinstance(node.value, ast.Constant)
    if isinstance(node, (ast.Assign, ast.AugAssign)):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        return any(isinstance(n, (ast.Attribute, ast.Subscript)) for t in targets for n in ast.walk(t))
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return any(not _HARMLESS.fullmatch(ast.unparse(d).partition("(")[0]) for d in node.decorator_list)
    return not isinstance(node, (ast.Import, ast.ImportFrom, ast.AnnAssign, ast.Pass, ast.If)) or (
        isinstance(node, ast.If) and not _for_checkers(node)
    )


def _bound(node: ast.Import | ast.ImportFrom, inside: str) -> dict[str, Asked]:
    """Names that an import of ours binds, with the dotted name behind each."""
    if isinstance(node, ast.Import):
        ours = [a for a in node.names if a.name.split(".")[0] == NAME]
        return {a.asname or a.name: tuple(a.name.split(".")) for a in ours}
    base = inside.split(".")[: len(inside.split(".")) - node.level + 1] if node.level else []
    home = [*base, *(node.module.split(".") if node.module else [])]
    if home[:1] != [NAME]:
        return {}
    return {a.asname or a.name: (*home, a.name) for a in node.names}


@lru_cache(maxsize=512)
def _asked(text: str, inside: str) -> tuple[Asked, ...]:
    """All dotted names of the package that a program asks for."""
    return tuple(dict.fromkeys(_asking(text, inside)))


def _asking(text: str, inside: str) -> Iterator[Asked]:
    nodes = [*ast.walk(_strip(ast.parse(text)))]
    bound: dict[str, set[Asked]] = {}
    for node in nodes:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            for name, asked in _bound(node, inside).items():
                yield asked
                bound.setdefault(name.split(".")[0], set()).add(
                    asked if "." not in name else (NAME,)  # import scopecheck.measure binds scopecheck
                )
    yield from _used(nodes, bound)
    told = {id(text) for node in nodes for text in _told(node)}
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from _in_string(node.value, id(node) in told)
        elif isinstance(node, ast.Call) and _by_name(node):
            yield (NAME, "*")


def _used(nodes: list[ast.AST], bound: dict[str, set[Asked]]) -> Iterator[Asked]:
    """What is taken from each imported name, followed along its dots; a bare one may be asked for all."""
    inner = set()
    for node in nodes:
        if isinstance(node, ast.Attribute):
            chain: list[str] = []
            at: ast.expr = node
            while isinstance(at, ast.Attribute):
                chain.insert(0, at.attr)
                at = at.value
            if isinstance(at, ast.Name) and at.id in bound and id(at) not in inner:
                inner.add(id(at))
                for home in bound[at.id]:
                    yield (*home, *chain)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and id(node) not in inner:
            for home in bound.get(node.id, ()):
                yield (*home, "*")


def _told(node: ast.AST) -> Iterator[ast.expr]:
    """The texts that a call shows to a reader, or that an error says: a module named within is not run."""
    call = node.exc if isinstance(node, ast.Raise) else node
    if not isinstance(call, ast.Call) or call.keywords:  # print(..., file=script) may write a program
        return
    if call is not node or _TELLS.fullmatch(ast.unparse(call.func)):
        for text in call.args:
            yield from text.values if isinstance(text, ast.JoinedStr) else [text]


def _in_string(value: str, told: bool) -> Iterator[Asked]:
    """Modules named in a string: code for another interpreter, or words of a command, ``python -m ...``."""
    if _CODE.search(value):
        try:
            yield from _asked(value, "")
        except SyntaxError:
            yield (NAME, "*")
    else:
        for named in _NAMED.finditer(value):
            if not told or named.start() == 0:
                yield (*named[0].split("."), "*")


def _by_name(node: ast.Call) -> bool:
    """Whether a call imports or runs what is named, or written, only at run time."""
    called, first = ast.unparse(node.func), node.args[0] if node.args else None
    told = isinstance(first, ast.Constant) and str(first.value)[:1] != "." and "import" in called
    return not told and _BY_NAME.fullmatch(called) is not None


def _commands(text: str) -> Iterator[Asked]:
    """The command, where a recipe calls it: its name as an argument or in a list, or a shell line."""
    called = _SHELL.search(text) is not None
    for node in ast.walk(ast.parse(text)):
        for word in node.args if isinstance(node, ast.Call) else getattr(node, "elts", []):
            if isinstance(word, ast.Constant) and isinstance(word.value, str):
                called |= word.value == NAME or word.value.startswith(f"{NAME} ")
    if called:
        yield NAME, "cli", "*"
