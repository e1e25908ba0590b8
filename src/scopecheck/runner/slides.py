"""Slides and the sheets, from pages of the book: cards become slides, the text below one its notes.

A deck is one HTML file that opens offline. With reveal.js at hand, as the package that ``npm pack`` writes,
it turns pages; without, its slides stand one below another.
"""

import argparse
import base64
import hashlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from html import escape
from pathlib import Path
from typing import NamedTuple

from scopecheck.errors import InputError

DECKS = ("teach-90-minutes", "teach-half-day")
SHEETS = ("teach-cheat-sheet", "teach-number-sheet")
REVEAL = "reveal.js-5.2.1.tgz"
SHA256 = "359b575dd51bbda32f89b2fd4c7dc46ad7389a805572158916c29252f7a27333"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
KINDS = {".png": "image/png", ".svg": "image/svg+xml"}
CARD = re.compile(r"^::::\{card\} (?P<title>[^\n]+)\n:class-card: slide\n\n(?P<body>.*?)^::::$", re.M | re.S)
FIGURE = re.compile(r"^:::\{figure\} (\S+)\n(?::[^\n]*\n)*\n(.*?)^:::$", re.M | re.S)

LOOK = """
body { font-family: Helvetica, Arial, sans-serif; color: #222; }
:is(.reveal, body) section { text-align: left; }
:is(.reveal, body) section h2 { font-size: 44px; text-transform: none; margin: 0 0 24px; color: #0072B2; }
:is(.reveal, body) section :is(p, li) { font-size: 28px; line-height: 1.4; margin: 8px 0; }
:is(.reveal, body) section blockquote { width: auto; margin: 8px 0; padding: 4px 20px; box-shadow: none;
 border-left: 6px solid #0072B2; font-style: normal; }
:is(.reveal, body) section code { font-size: 23px; }
:is(.reveal, body) section img { display: block; margin: 0 auto; max-width: 100%; max-height: 430px; }
:is(.reveal, body) section figure { margin: 0; }
:is(.reveal, body) section p.caption { font-size: 20px; line-height: 1.3; }
:is(.reveal, body) section table { font-size: 22px; margin: 8px 0; border-collapse: collapse; }
:is(.reveal, body) section :is(th, td) { padding: 4px 12px; border-bottom: 1px solid #ccc; text-align: left; }
:is(.reveal, body) section .part { font-size: 18px; color: #666; margin-bottom: 8px; }
"""
PLAIN = """
section { width: 1180px; min-height: 620px; margin: 20px auto; padding: 30px; border: 1px solid #ccc;
 font-size: 30px; page-break-after: always; position: relative; }
section aside { color: #555; border-top: 1px solid #ccc; margin-top: 1em; }
"""
PAPER = """
@page { size: A4; margin: 11mm 14mm; }
body { font: 12.2pt/1.42 Helvetica, Arial, sans-serif; color: #111; margin: 0; }
h1 { font-size: 20pt; margin: 0 0 2mm; } h2 { font-size: 14pt; margin: 4mm 0 1mm; color: #0072B2; }
ul { margin: 0; padding-left: 4.5mm; } p { margin: 1mm 0; }
blockquote { margin: 1mm 0; padding-left: 3mm; border-left: 2px solid #0072B2; }
"""


class Slide(NamedTuple):
    """One card of a plan: the part it stands in, its title, its Markdown, and the text below it."""

    part: str
    title: str
    body: str
    notes: str


def included(text: str, book: Path) -> str:
    """A page with its ``{include}`` directives replaced by what they name.

    Raises
    ------
    InputError
        If a file is not there.
    """

    def read(found: re.Match[str]) -> str:
        path = book / found[1]
        if not path.is_file():
            raise InputError(f"{path}: not there; write it first: scopecheck report --book {book}")
        return path.read_text(encoding="utf-8").rstrip()

    return re.sub(r"^```\{include\} (\S+)\n```$", read, text, flags=re.M)


def slides(text: str) -> list[Slide]:
    """The cards of a plan; what stands below one, to the next card or heading, is its notes."""
    found, cards = [], list(CARD.finditer(text))
    for card, after in zip(cards, [*cards, None][1:], strict=True):
        part = ([""] + re.findall(r"^## (.+)$", text[: card.start()], re.M))[-1]
        below = text[card.end() : after.start() if after else len(text)]
        found.append(
            Slide(part, card["title"], card["body"].strip(), re.split(r"^## ", below, flags=re.M)[0].strip())
        )
    return found


def to_html(text: str, book: Path) -> str:
    """Markdown as HTML: links become their words, figures carry their pictures inside."""
    from markdown_it import MarkdownIt

    text = re.sub(r"(?<!!)\[([^\]]+)\]\([^)\s]+\)", r"\1", FIGURE.sub(_figure, text))
    html = MarkdownIt("commonmark", {"html": True}).enable("table").render(text)
    return re.sub(r'src="([^"]+)"', lambda f: f'src="{_inside(book / f[1])}"', html)


def _figure(found: re.Match[str]) -> str:
    words = re.sub(r"[*`]", "", " ".join(found[2].split()))
    return f'<figure><img src="{found[1]}" alt=""><p class="caption">{escape(words)}</p></figure>'


def _inside(path: Path) -> str:
    """A picture as a data URI."""
    if not path.is_file() or path.suffix not in KINDS:
        raise InputError(f"{path}: no PNG or SVG there; make it: scopecheck report --book book")
    return f"data:{KINDS[path.suffix]};base64,{base64.b64encode(path.read_bytes()).decode()}"


def reveal(path: Path) -> dict[str, str] | None:
    """Style and scripts of reveal.js out of its package; None where it is not there.

    Raises
    ------
    InputError
        If the file is another than the one whose hash is known.
    """
    if not path.is_file():
        return None
    seen = hashlib.sha256(path.read_bytes()).hexdigest()
    if seen != SHA256:
        raise InputError(f"{path}: has the SHA-256 {seen}, expected {SHA256}; remove it and try again")
    wanted = {"style": "reveal.css", "theme": "theme/white.css", "script": "reveal.js"}
    found = {}
    with tarfile.open(path) as archive:
        for name, member in wanted.items():
            file = archive.extractfile(f"package/dist/{member}")
            if file is None:
                raise InputError(f"{path}: holds no dist/{member}")
            found[name] = file.read().decode("utf-8")
    found["theme"] = re.sub(r"@import[^;]+;", "", found["theme"])  # its fonts, which would lie beside it
    return found


def deck(page: Path, with_reveal: dict[str, str] | None) -> str:
    """A plan's slides as one HTML file."""
    book, text = page.parent, page.read_text(encoding="utf-8")
    title = text.partition("\n")[0].lstrip("# ")
    parts = []
    for s in slides(text):
        head = f'<div class="part">{escape(s.part)}</div><h2>{escape(s.title)}</h2>'
        shown, said = (to_html(included(part, book), book) for part in (s.body, s.notes))
        parts.append(f'<section>{head}\n{shown}<aside class="notes">{said}</aside></section>')
    if not parts:
        raise InputError(f"{page}: holds no card of the class slide")
    body, look, script = "\n".join(parts), LOOK + PLAIN, ""
    if with_reveal:
        body = f'<div class="reveal"><div class="slides">{body}</div></div>'
        look = with_reveal["style"] + with_reveal["theme"] + LOOK
        begin = "Reveal.initialize({hash: true, width: 1280, height: 720, margin: 0.06, center: false});"
        script = "<script>" + with_reveal["script"].replace("</script", r"<\/script") + f"\n{begin}</script>"
    return document(title, look, body + script)


def document(title: str, style: str, body: str) -> str:
    """A whole HTML page that needs no other file."""
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><style>{style}</style>'
    return f'<!doctype html><html lang="en"><head>{head}</head><body>{body}</body></html>\n'


def sheet(page: Path) -> str:
    """A sheet as HTML for one page of A4; what its book page says of itself is left out."""
    text = re.sub(r"^\*One page to print.*\n", "", page.read_text(encoding="utf-8"), flags=re.M)
    return document(text.partition("\n")[0].lstrip("# "), PAPER, to_html(text, page.parent))


def browser() -> str | None:
    """A browser that prints to PDF, or None."""
    return next((found for name in BROWSERS if (found := shutil.which(name))), None)


def print_pdf(html: Path, pdf: Path, program: str) -> None:
    """Print an HTML file to PDF by headless Chromium.

    Raises
    ------
    InputError
        If it wrote nothing.
    """
    with tempfile.TemporaryDirectory() as profile:
        flags = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--no-pdf-header-footer",
            f"--user-data-dir={profile}",
        ]
        command = [program, *flags, f"--print-to-pdf={pdf}", html.resolve().as_uri()]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if not pdf.is_file():
        raise InputError(f"{pdf}: {program} wrote no PDF: {done.stderr.strip()[-200:]}")


def main(arguments: list[str]) -> int:
    """Write the decks and the sheets; gives the exit status."""
    parser = argparse.ArgumentParser(prog="python -m scopecheck.runner.slides", description=__doc__)
    parser.add_argument("out", type=Path, help="folder to write to; reveal.js is looked for in it")
    parser.add_argument("--book", type=Path, default=Path("book"))
    given = parser.parse_args(arguments)
    given.out.mkdir(parents=True, exist_ok=True)
    found = reveal(given.out / REVEAL)
    if not found:
        print(f"No {REVEAL} in {given.out} (npm pack writes it): the slides will stand one below another.")
    made = {f"{name.removeprefix('teach-')}.html": deck(given.book / f"{name}.md", found) for name in DECKS}
    made |= {f"{name.removeprefix('teach-')}.html": sheet(given.book / f"{name}.md") for name in SHEETS}
    for name, text in made.items():
        (given.out / name).write_text(text, encoding="utf-8")
        print(f"Wrote {given.out / name}")
    program = browser()
    if not program:
        print("No Chromium here: open the sheets in any browser and print them to PDF.")
    for name in SHEETS if program else ():
        html = given.out / f"{name.removeprefix('teach-')}.html"
        print_pdf(html, html.with_suffix(".pdf"), str(program))
        print(f"Wrote {html.with_suffix('.pdf')}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except InputError as err:
        print(err, file=sys.stderr)
        sys.exit(2)
