"""Put the modules of the browser's verdict into one file, which runs wherever a single file must do.

``python -m scopecheck.runner.widget`` writes ``book/_static/verdict.mjs`` from ``book/_static/verdict/*.js``;
with ``--check`` it writes nothing and ends with 1 where the file is not in step. A page opened from disk may
not import other files, and anywidget takes one. Each module becomes a function of its own, so that names do
not meet.
"""

import re
import sys
from pathlib import Path

from scopecheck.errors import InputError

IMPORT = re.compile(r'^import \{ (.*?) \} from "\./(\w+)\.js";\n', re.M)
EXPORT = re.compile(r"^export (?=(?:async )?function (\w+)|(?:const|class) (\w+))", re.M)
LAST = "widget"
SHOWN = {
    "judge_files": "judge",
    "fields": "fieldsNeeded",
    "text": "InputError",
}  # beside render, for a program


def bundled(folder: Path) -> str:
    """One ES module out of those of a folder.

    Raises
    ------
    InputError
        If a module imports one that is not there, or in a circle, or in a way that is not read here.
    """
    texts = {path.stem: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.js"))}
    done: dict[str, str] = {}

    def add(name: str, asked: tuple[str, ...]) -> None:
        if name in done:
            return
        if name not in texts or name in asked:
            why = "imports in a circle" if name in asked else "imports a module that is not there"
            raise InputError(
                f"{folder}: {why}: {' > '.join((*asked, name))}.js; expected modules of this folder."
            )
        for _, other in IMPORT.findall(texts[name]):
            add(other, (*asked, name))
        done[name] = _as_function(folder, name, texts[name])

    add(LAST, ())
    if left := sorted(texts.keys() - done.keys()):
        raise InputError(f"{folder}: nothing imports {', '.join(left)}.js; import it, or delete it.")
    shown = "\n".join(f"export const {{ {name} }} = ${module};" for module, name in SHOWN.items())
    head = "// Made from verdict/*.js by `python -m scopecheck.runner.widget`; change those.\n"
    end = f"export const {{ render }} = ${LAST};\nexport default {{ render }};\n"
    return head + "".join(done.values()) + shown + "\n" + end


def _as_function(folder: Path, name: str, text: str) -> str:
    names = [a or b for a, b in EXPORT.findall(text)]
    body = EXPORT.sub("", IMPORT.sub(r"const { \1 } = $\2;\n", text))
    if odd := re.search(r"^(import|export)\b.*", body, re.M):
        raise InputError(f"{folder / name}.js: {odd[0]!r} is not read; write imports and exports by name.")
    return f"const ${name} = (() => {{\n{body}return {{ {', '.join(names)} }};\n}})();\n\n"


def main(arguments: list[str]) -> int:
    """Write the file, or with ``--check`` compare it; the exit code."""
    folder = Path("book/_static/verdict")
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; run this from the repository's root.")
    text, path = bundled(folder), folder.with_suffix(".mjs")
    if "--check" in arguments:
        return int(not path.is_file() or path.read_text(encoding="utf-8") != text)
    path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
