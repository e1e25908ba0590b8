"""Lines of code of the package by room: no docstrings, no comments, no blank lines.

python benchmarks/lines.py [FOLDER]    # of a checkout; by default this one
"""

import ast
import sys
from collections import Counter
from pathlib import Path

DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def code_lines(text: str) -> int:
    """Lines that hold code."""
    told: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
            told |= set(range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1))
    lines = enumerate(text.splitlines(), 1)
    return sum(bool(line.strip()) and not line.strip().startswith("#") and i not in told for i, line in lines)


if __name__ == "__main__":
    source = Path(*sys.argv[1:2] or [Path(__file__).parents[1]]) / "src" / "scopecheck"
    rooms: Counter[str] = Counter()
    for path in source.rglob("*.py"):
        parts = path.relative_to(source).parts
        rooms[parts[0] if len(parts) > 1 else "ground"] += code_lines(path.read_text(encoding="utf-8"))
    for room, count in sorted(rooms.items()):
        print(f"{room:<8} {count:>6}")
    print(f"{'all':<8} {rooms.total():>6}")
