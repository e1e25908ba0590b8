"""The page as a person uses it, in headless Chromium: files dropped, or chosen by keyboard."""

import json
import re
import shutil
import subprocess
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from scopecheck.score.labels import score_labels
from scopecheck.score.rules import Rules

HERE = Path(__file__).parent
BOOK = HERE.parents[1] / "book"
PAGE = BOOK / "in-your-browser.md"
RESULT = 'document.querySelector(".scv-result").innerText'
DONE = f"/Not judged|The same by command/.test({RESULT})"
ROWS = '[...document.querySelectorAll(".scv-result tbody tr")]'
VERDICTS = f"{ROWS}.map((row) => [...row.cells].map((cell) => cell.innerText))"
FIRST, SECOND = (f".scv-slots fieldset:nth-child({i})" for i in (1, 2))


def page():
    """What the page holds besides prose, as the book shows it."""
    parts = re.findall(r"```\{raw\} html\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)
    assert len(parts) == 5
    for i, part in enumerate(parts):
        if part.startswith(":file:"):
            parts[i] = (BOOK / part.split()[1]).read_text(encoding="utf-8")
    return '<!doctype html><html lang="en"><meta charset="utf-8"><title>try</title>' + (
        f'<meta name="viewport" content="width=device-width"><body>{"".join(parts)}</body></html>'
    )


@pytest.fixture
def drive(node, tmp_path, monkeypatch):
    """Take steps in a page that lies on disk (or is served from there); gives what was read."""
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        pytest.skip("no Chromium is installed: the page was not tried by drag and drop and by keyboard")
    monkeypatch.chdir(tmp_path)
    Path("page.html").write_text(page(), encoding="utf-8")

    def take(steps, address=None):
        Path("steps.json").write_text(json.dumps(steps), encoding="utf-8")
        where = address or (tmp_path / "page.html").as_uri()
        command = [node, str(HERE / "drive.mjs"), chromium, where, "steps.json"]
        ran = subprocess.run(command, capture_output=True, text=True, encoding="utf-8")
        assert ran.returncode == 0, ran.stderr
        told = json.loads(ran.stdout)
        assert told["errors"] == []
        assert set(told["asked"]) <= {where, where.rpartition("/")[0] + "/favicon.ico"}, "it asked for more"
        return told["seen"]

    return take


@pytest.fixture
def served(tmp_path):
    """The address of the test's folder, served."""
    handler = partial(SimpleHTTPRequestHandler, directory=tmp_path)
    handler.log_message = lambda *_: None
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/page.html"
    server.shutdown()
    server.server_close()


def folders(n=6):
    """Two folders of label images, and the verdicts that Python gives on them."""
    random = np.random.default_rng(8)
    for i in range(n):
        truth = np.zeros((60, 70), np.uint8)
        for k in range(20):
            y, x = 3 + 14 * (k // 5), 3 + 13 * (k % 5)
            truth[y : y + random.integers(6, 11), x : x + random.integers(6, 11)] = k + 1
        for name, labels in (("out", np.where(truth == 1 + i, 0, truth)), ("gt", truth)):
            Path(name).mkdir(exist_ok=True)
            Image.fromarray(labels).save(f"{name}/f{i}.png")
    score = score_labels(Path("out"), Path("gt"), Rules(tolerance={"all": 0.1}, unit="px"))
    return score.rows


def paths(folder):
    return [str(path) for path in sorted(Path(folder).resolve().iterdir())]


def assert_shown(seen, rows):
    assert [line[0].split()[0] for line in seen] == [row.measurement for row in rows]
    for line, row in zip(seen, rows, strict=True):
        assert row.label in line[1], (line, row)
        assert line[2] == f"{row.scope}, n = {row.n}"


def test_files_that_are_dropped_on_a_page_from_disk(drive):
    rows = folders()
    steps = [["drop", FIRST, *paths("out")], ["drop", SECOND, *paths("gt")], ["tab", "input[type=number]"]]
    steps += [["type", "10"], ["tab", "button"], ["press", "Enter", 13], ["wait", DONE], ["read", VERDICTS]]
    assert_shown(drive(steps)[0], rows)


def test_folders_that_are_dropped(drive, served):
    """From a server a dropped folder is opened; from disk Chromium does not, and the page says what to do."""
    rows = folders()
    drop = [["drop", FIRST, str(Path("out").resolve())], ["drop", SECOND, str(Path("gt").resolve())]]
    first = f'document.querySelector("{FIRST} [role=status]").innerText'
    steps = [
        *drop,
        ["wait", f'{first} !== "Nothing yet."'],
        ["read", first],
        ["tab", "input[type=number]"],
        ["type", "10"],
    ]
    steps += [["tab", "button"], ["press", "Enter", 13], ["wait", DONE], ["read", VERDICTS]]
    said, seen = drive(steps, served)
    assert said == "out: 6 files."
    assert_shown(seen, rows)
    (said,) = drive(steps[:4])
    assert "Choose it by the button" in said


def test_by_keyboard_alone(drive):
    """Tab and Enter reach every input, in both ways of choosing; the result is in a live region."""
    rows = folders()
    inputs = [f"{box} input[webkitdirectory]" for box in (FIRST, SECOND)]
    steps = []
    for selector, folder in zip(inputs, ("out", "gt"), strict=True):
        steps += [["tab", selector], ["choose", str(Path(folder).resolve())]]
    steps += [
        ["tab", "input[type=number]"],
        ["type", "10"],
        ["tab", ".scv button"],
        ["press", "Enter", 13],
        ["wait", DONE],
    ]
    steps += [["read", VERDICTS], ["read", 'document.querySelector(".scv-result").getAttribute("aria-live")']]
    inputs = '[...document.querySelectorAll(".scv input, .scv select")]'
    steps += [["read", f"{inputs}.every((one) => one.labels.length === 1)"]]
    steps += [["read", 'document.querySelector(".scv select").offsetParent === null']]
    seen, live, labelled, no_columns = drive(steps)
    assert_shown(seen, rows)
    assert (live, labelled, no_columns) == ("polite", True, True)
    single = [
        ["tab", f"{FIRST} input[multiple]"],
        ["choose", paths("out")[0]],
        ["tab", f"{SECOND} input[multiple]"],
    ]
    single += [
        ["choose", paths("gt")[0]],
        ["tab", ".scv button"],
        ["press", "Enter", 13],
        ["wait", DONE],
        ["read", RESULT],
    ]
    assert "no verdict: no tolerance" in drive(single)[0]


def test_a_table_and_its_columns(drive):
    lines = ["field,plate,true by hand,tool", *(f"f{i},1,{20 + i},{20 + i + i % 2}" for i in range(9))]
    Path("numbers.csv").write_text("\n".join(lines) + "\n")
    chosen = '[...document.querySelectorAll(".scv select")].map((one) => one.value)'
    steps = [["drop", FIRST, str(Path("numbers.csv").resolve())], ["wait", f"{chosen}[0]"], ["read", chosen]]
    steps += [
        ["tab", ".scv select"],
        ["press", "ArrowDown", 40],
        ["press", "ArrowDown", 40],
        ["read", chosen],
    ]
    steps += [["tab", "input[type=number]"], ["type", "10"], ["tab", ".scv button"], ["press", "Enter", 13]]
    steps += [["wait", DONE], ["read", VERDICTS]]
    guessed, columns, seen = drive(steps)
    assert guessed == ["plate", "true by hand"]
    assert columns == ["tool", "true by hand"]
    assert seen[0][:3] == ["tool", "● HOLDS", "population, n = 9"]


def test_what_cannot_be_judged_is_said_and_the_page_goes_on(drive):
    folders(1)
    Path("bad.png").write_bytes(b"no image")
    judge = [["tab", ".scv button"], ["press", "Enter", 13]]
    steps = [*judge, ["wait", DONE], ["read", RESULT], ["drop", FIRST, str(Path("bad.png").resolve())]]
    steps += [
        ["drop", SECOND, *paths("gt")],
        *judge,
        ["wait", f"/bad.png: /.test({RESULT})"],
        ["read", RESULT],
    ]
    steps += [
        ["drop", FIRST, *paths("out")],
        *judge,
        ["wait", f"/The same by command/.test({RESULT})"],
        ["read", RESULT],
    ]
    nothing, bad, good = drive(steps)
    assert "Nothing to judge yet" in nothing
    assert "bad.png: is named .png but holds another format" in bad
    assert "scopecheck score labels f0.png f0.png --unit px" in good


@pytest.mark.parametrize("width", [360, 1280])
def test_it_fits_and_the_sliders_answer(drive, width):
    rows = folders()
    fields = 'document.querySelector("#scopecheck-fields [role=status]").innerText'
    steps = [["size", width, 900], ["drop", FIRST, *paths("out")], ["drop", SECOND, *paths("gt")]]
    steps += [
        ["tab", "input[type=number]"],
        ["type", "10"],
        ["tab", ".scv button"],
        ["press", "Enter", 13],
        ["wait", DONE],
    ]
    steps += [
        ["read", "document.documentElement.scrollWidth"],
        ["read", fields],
        ["tab", "input[type=range]:not([min='1'])"],
    ]
    steps += [*[["press", "ArrowRight", 39]] * 3, ["read", fields], ["read", VERDICTS]]
    wide, before, after, seen = drive(steps)
    assert wide <= width
    assert "were 6 fields" in before
    assert "were 9 fields" in after
    assert "HOLDS" in after
    assert_shown(seen, rows)
