"""Write what the book is built from: executed pages with their stamp, tables of verdicts, the first page."""

import re
import shutil
from base64 import b64decode
from pathlib import Path
from typing import Any

from scopecheck.record import front, published
from scopecheck.record.overview import State, markdown, summary
from scopecheck.runner import colab, results_page
from scopecheck.runner.cite import PAPERS
from scopecheck.runner.classroom import wide, write_plans
from scopecheck.runner.find import read_notebook
from scopecheck.runner.teaching import write_figures, write_teaching


def write_book(states: list[State], folder: Path, submissions: Path | None = None) -> Path:
    """Write pages and tables for the book.

    Parameters
    ----------
    states : list of State
        Latest state of every recipe.
    folder : Path
        The book's folder; ``recipes/<id>.ipynb``, ``_generated/verdicts.md``, ``_generated/summary.md``, for
        the first page ``_generated/front.md`` and ``_generated/remember.md``, for each recipe that names
        a picture ``_generated/picture-<id>.md``, and for teachers ``_generated/teach-<id>.md`` and what
        ``teaching`` and ``classroom`` name beside it are written there; and all results as
        ``_generated/results.json`` and ``_generated/results.md``.
    submissions : Path, optional
        A folder of files that ``scopecheck submit`` wrote, for all results.

    Returns
    -------
    Path
        ``folder``.
    """
    import nbformat

    pages, generated = folder / "recipes", folder / "_generated"
    for made in (pages, generated):
        made.mkdir(parents=True, exist_ok=True)
    for old in pages.glob("*.ipynb"):  # and nothing else: the folder may hold what is not ours
        old.unlink()
    shutil.rmtree(pages / "figures", ignore_errors=True)
    for s in states:
        cited = (folder / "extra" / "citations" / s.recipe.id / "CITATION.cff").is_file()
        nbformat.write(page(s, cited), pages / f"{s.recipe.id}.ipynb")
        if s.folder and (s.folder / "figures").is_dir():
            shutil.copytree(s.folder / "figures", pages / "figures" / s.recipe.id)
        if s.recipe.picture:
            (generated / f"picture-{s.recipe.id}.md").write_text(remembered(s), encoding="utf-8")
    (generated / "verdicts.md").write_text(markdown(states), encoding="utf-8")
    (generated / "summary.md").write_text(summary(states), encoding="utf-8")
    (generated / "front.md").write_text(f"```{{raw}} html\n{front.html(states)}```\n", encoding="utf-8")
    (generated / "remember.md").write_text(_remember(states, generated), encoding="utf-8")
    write_teaching([s.recipe for s in states], folder / "teaching", generated)
    write_figures(states, folder)
    write_plans(states, folder)
    results = published.collect(states, submissions)
    published.write(results, generated / "results.json")
    told = f"```{{raw}} html\n{results_page.html(results)}```\n"
    (generated / "results.md").write_text(told, encoding="utf-8")
    return folder


def _remember(states: list[State], folder: Path) -> str:
    """The picture of the first page, or what to type to have it."""
    if not front.picture(states, folder / "front.png"):
        return "*This picture is drawn from results, and there are none here yet: type `make recipes`.*\n"
    said = front.told(states)
    return f":::{{figure}} _generated/front.png\n:alt: {said}\n:width: 100%\n\n{said}\n:::\n"


def page(state: State, cited: bool = False) -> Any:
    """The executed notebook with its stamp under the title, or the bare one with a note why not.

    Where the page is `cited`, it links its CITATION.cff, which lies at the root of the built book.
    """
    import nbformat

    at = f"../../citations/{state.recipe.id}/CITATION.cff"
    cite = f'**Cite** this page and what it rests on: <a href="{at}">CITATION.cff</a>' if cited else ""
    if state.folder:
        notebook = nbformat.read(state.folder / f"{state.recipe.id}.ipynb", as_version=4)
        text = stamp(state, cite)
    else:
        notebook = read_notebook(state.recipe.path)
        what = (
            f"This recipe was {state.why}."
            if state.status == "not run"
            else f"This recipe failed. {state.why}"
        )
        text = (
            f":::{{warning}}\n{what} The page shows its text and code; no number on it was measured.\n\n"
            f"To run it, type `scopecheck run {state.recipe.id}` in the repository's folder, then"
            " `make book`.\n:::" + f"\n\n{cite}" * bool(cite)
        )
        for cell in notebook.cells:  # figures, and files beside them, that were not made
            if cell.cell_type == "markdown":
                cell.source = re.sub(
                    r"(?:!\[([^\]]*)\]\((?!http)|\[([^\]]*)\]\(figures/)[^)]*\)", r"*\1\2*", cell.source
                )
    for cell in notebook.cells:  # every recipe has its own folder of figures
        if cell.cell_type == "markdown":
            cell.source = cell.source.replace("](figures/", f"](figures/{state.recipe.id}/")
    notebook.metadata.pop("papermill", None)
    section = state.recipe.title
    for cell, below in zip(notebook.cells, [*notebook.cells[1:], None], strict=True):
        if cell.cell_type == "markdown":
            section = ([section] + re.findall(r"^#+ (.*)", cell.source, flags=re.MULTILINE))[-1]
        elif any("image/png" in o.get("data", {}) for o in cell.outputs):
            alt = _caption(cell, below) or f"Figure of the section {section}"
            cell.metadata["mystnb"] = {"image": {"alt": alt, "classes": wide(_pngs(cell))}}
        cell.metadata.pop("papermill", None)
        if "injected-parameters" in cell.metadata.get("tags", []):
            cell.metadata.tags.append("hide-input")
    if notebook.cells and notebook.cells[0].cell_type == "markdown":
        title, _, rest = notebook.cells[0].source.partition("\n")
        notebook.cells[0].source = f"{title}\n\n{text}\n{rest}"
    return notebook


def remembered(state: State) -> str:
    """The recipe's picture to remember, with its caption, for a chapter to include; or why there is none."""
    import nbformat

    recipe = state.recipe
    link = f"[{recipe.title}](recipes/{recipe.id})"
    if not (state.folder and (state.folder / "figures" / f"{recipe.picture}.png").is_file()):
        return (
            f"*A picture of this is made by {link}, which has not run here: `scopecheck run {recipe.id}`.*\n"
        )
    cells = nbformat.read(state.folder / f"{recipe.id}.ipynb", as_version=4).cells
    caption = next(
        (
            found
            for cell, below in zip(cells, [*cells[1:], None], strict=True)
            if cell.cell_type == "code" and f'"{recipe.picture}"' in cell.source
            if (found := _caption(cell, below))
        ),
        recipe.title,
    )
    place = f"recipes/figures/{recipe.id}/{recipe.picture}.png"
    text = caption if caption.endswith((".", "?", ".)")) else f"{caption}."
    width = wide([(state.folder / "figures" / f"{recipe.picture}.png").read_bytes()])
    look = f":alt: {caption}\n:width: 100%\n:class: {width}\n:figclass: inner-scroll\n"
    return f":::{{figure}} {place}\n{look}\n{text} From {link}.\n:::\n"


def _pngs(cell: Any) -> list[bytes]:
    """The pictures that a cell made."""
    return [b64decode(o.data["image/png"]) for o in cell.outputs if "image/png" in o.get("data", {})]


def _caption(cell: Any, below: Any) -> str:
    """The italic caption of a picture, printed with it or in the next cell, as its alternative text."""
    texts = ["".join(o.data["text/markdown"]) for o in cell.outputs if "text/markdown" in o.get("data", {})]
    if below is not None and below.cell_type == "markdown":
        texts.append(below.source)
    # words of a caption may be emphasised themselves, so its end is a star behind the end of a sentence
    for text in re.split(r"\n\s*\n", "\n\n".join(texts)):
        if found := re.match(r"\*(?![*\s])(.*[.?!)])\*(?=\s|$)", text.strip(), flags=re.DOTALL):
            return " ".join(re.sub(r"[*`]", "", found[1]).split())
    return ""


def stamp(state: State, cite: str = "") -> str:
    """Tier, data with accession and licence, tool versions, date, run time, and how to cite (`cite`)."""
    from scopecheck import data

    run, recipe = state.run, state.recipe
    tier, profile = run["parameters"].get("tier", "embedded"), run["parameters"].get("profile", "quick")
    tools = ", ".join(f"{name} {run['versions'].get(name, '')}" for name in recipe.tools) or "none"
    keys = list(dict.fromkeys(PAPERS[t] for t in recipe.tools if t in PAPERS))
    lines = [
        f"- **Run**: {run['ended'][:10]}, profile {profile}, {run['seconds'] / 60:.1f} minutes,"
        f" {run['peak_gib']:.1f} GiB, on {run['machine']['cores']} cores ({run['machine']['cpu']});"
        f" key `{run['key']}`",
        f"- **Tier**: {tier}. **Tools**: {tools}" + (f"; cite {{cite:p}}`{','.join(keys)}`" if keys else ""),
    ]
    for name in run["datasets"]:
        d = data.describe(name)
        absent = " (could not be had in this run)" if name in run["datasets_missing"] else ""
        lines.append(f"- **Data** {name}{absent}: {d.accession}; {d.licence}; cite: {d.citation}")
    lines += [f"- {cite}"] if cite else []
    lines.append(
        f"- **Run it yourself**: `scopecheck run {recipe.id}`, or download the notebook from this page's bar"
    )
    lines.append(f"- **On Colab**: {colab.told(recipe.path)}")
    return "\n".join([":::{admonition} What this page was made from", ":class: note dropdown", *lines, ":::"])
