"""Slides come from the cards of the plans and open without another file; a sheet is one page."""

import io
import re
import shutil
import tarfile
from pathlib import Path

import pytest
from PIL import Image

from scopecheck.errors import InputError
from scopecheck.runner import slides

ROOT = Path(__file__).parents[2]
PLAN = """# A plan

## 1. First

::::{card} Look
:class-card: slide

```{include} _generated/figure.md
```

Say **A** or [B](page).
::::

Wait a minute.

::::{card} Again
:class-card: slide

- one
::::

## 2. Second

Nothing is shown.
"""


@pytest.fixture
def book(tmp_path):
    """A book of one plan, with a picture."""
    made = tmp_path / "book"
    (made / "_generated").mkdir(parents=True)
    Image.new("L", (4, 4)).save(made / "one.png")
    figure = ":::{figure} one.png\n:alt: x\n:width: 100%\n\nLook *here*, at a < b. From [it](x).\n:::\n"
    (made / "_generated/figure.md").write_text(figure)
    (made / "plan.md").write_text(PLAN)
    return made


def test_cards_become_slides_and_the_text_below_them_notes(book):
    found = slides.slides(PLAN)
    assert [(s.part, s.title, s.notes) for s in found] == [
        ("1. First", "Look", "Wait a minute."),
        ("1. First", "Again", ""),
    ]
    html = slides.deck(book / "plan.md", None)
    assert html.count("<section>") == 2
    assert 'src="data:image/png;base64,' in html
    assert "Look here, at a &lt; b. From it." in html
    assert "Say <strong>A</strong> or B." in html
    assert not re.search(r"(src|href)=\"(?!data:)", html)


@pytest.mark.parametrize("page", slides.DECKS)
def test_every_card_of_a_plan_is_a_slide(page):
    text = (ROOT / "book" / f"{page}.md").read_text(encoding="utf-8")
    assert len(slides.slides(text)) == text.count("::::{card}") > 8


def test_what_is_absent_is_named(book):
    (book / "one.png").unlink()
    with pytest.raises(InputError, match=r"one\.png: no PNG or SVG there"):
        slides.deck(book / "plan.md", None)
    (book / "_generated/figure.md").unlink()
    with pytest.raises(InputError, match=r"figure\.md: not there; write it first"):
        slides.deck(book / "plan.md", None)
    (book / "plan.md").write_text("# Nothing\n")
    with pytest.raises(InputError, match="no card"):
        slides.deck(book / "plan.md", None)


def test_reveal_is_taken_by_its_hash_alone(tmp_path, monkeypatch):
    path = tmp_path / slides.REVEAL
    assert slides.reveal(path) is None
    with tarfile.open(path, "w:gz") as archive:
        for name, text in (
            ("reveal.css", "a{}"),
            ("theme/white.css", "@import url(./fonts/x.css);b{}"),
            ("reveal.js", "var x = '</script>';"),
        ):
            member = tarfile.TarInfo(f"package/dist/{name}")
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    with pytest.raises(InputError, match="has the SHA-256"):
        slides.reveal(path)
    monkeypatch.setattr(slides, "SHA256", slides.hashlib.sha256(path.read_bytes()).hexdigest())
    found = slides.reveal(path)
    assert found == {"style": "a{}", "theme": "b{}", "script": "var x = '</script>';"}


def test_a_script_cannot_end_early(book):
    html = slides.deck(book / "plan.md", {"style": "", "theme": "", "script": "var x = '</script>';"})
    assert r"var x = '<\/script>';" in html
    assert "Reveal.initialize" in html


@pytest.mark.skipif(not (slides.browser() and shutil.which("pdfinfo")), reason="needs Chromium and pdfinfo")
@pytest.mark.parametrize("page", slides.SHEETS)
def test_a_sheet_is_one_page_of_a4(tmp_path, page):
    import subprocess

    html, pdf = tmp_path / "sheet.html", tmp_path / "sheet.pdf"
    html.write_text(slides.sheet(ROOT / "book" / f"{page}.md"), encoding="utf-8")
    slides.print_pdf(html, pdf, slides.browser())
    told = subprocess.run(["pdfinfo", pdf], capture_output=True, text=True, check=True).stdout
    assert re.search(r"^Pages:\s+1$", told, re.M), told
    assert "A4" in told
