"""The one file that is shipped is made of the modules, asks for nothing, and can stand inside a page."""

import re
import subprocess

import pytest

from scopecheck.errors import InputError
from scopecheck.runner.widget import bundled

FETCHES = r"\bfetch\(|XMLHttpRequest|WebSocket|EventSource|sendBeacon|importScripts|\bimport\(|https?://"
FETCHES += r"|\.src\b|\.href\b|new Image"


def read(static):
    return (static / "verdict.mjs").read_text(encoding="utf-8")


def test_it_is_in_step(static):
    """Else: python -m scopecheck.runner.widget."""
    assert read(static) == bundled(static / "verdict")


def test_nothing_is_asked_of_any_server(static):
    found = [line for line in read(static).splitlines() if re.search(FETCHES, line)]
    assert len(found) == 1
    assert 'createElementNS("http://www.w3.org/2000/svg"' in found[0]  # a name, which nothing asks for


def test_it_can_stand_in_a_page(static):
    """In a script element these would end it, or begin a remark."""
    assert not re.search(r"</script|<!--", read(static), re.I)


def test_it_is_a_module_with_render(node, static):
    code = "import(process.argv[1]).then((m) => console.log(typeof m.default.render, typeof m.judge))"
    ran = subprocess.run(
        [node, "-e", code, (static / "verdict.mjs").as_uri()], capture_output=True, text=True
    )
    assert ran.stdout == "function function\n", ran.stderr


MODULES = {
    "a circle": (
        {"widget": 'import { a } from "./a.js";\n', "a": 'import { b } from "./widget.js";\n'},
        "circle",
    ),
    "not there": ({"widget": 'import { a } from "./a.js";\n'}, "not there: widget > a.js"),
    "not used": ({"widget": "", "a": "export const b = 1;\n"}, "nothing imports a.js"),
    "another way": ({"widget": 'import * as a from "./a.js";\n'}, "is not read"),
}


@pytest.mark.parametrize("kind", MODULES)
def test_modules_that_do_not_fit_are_refused(tmp_path, kind):
    files, said = MODULES[kind]
    for name, text in files.items():
        (tmp_path / f"{name}.js").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=re.escape(said)):
        bundled(tmp_path)
