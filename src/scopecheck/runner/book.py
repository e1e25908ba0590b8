"""Write what the book is built from: executed pages with their stamp, tables of verdicts, the first page."""

import re
import shutil
from pathlib import Path
from typing import Any

from scopecheck.record import front
from scopecheck.record.overview import State, markdown, summary
from scopecheck.runner import colab
from scopecheck.runner.find import read_notebook
from scopecheck.runner.teaching import write_figures, write_teaching

# Whom to cite for a tool, as keys of the book's bibliography.
CITE = {
    "cellpose": "stringer2021",
    "stardist": "schmidt2018",
    "monai": "cardoso2022",
    "onnxruntime": "ouyang2022",
    "scikit-image": "vanderwalt2014",
    "torch": "ronneberger2015",
    "topaz-em": "bepler2019",
    "cryodrgn": "zhong2021",
    "cryosparc-tools": "punjani2017",
    "gemmi": "wojdyr2022",
}


def write_book(states: list[State], folder: Path) -> Path:
    """Write pages and tables for the book.

    Parameters
    ----------
    states : list of State
        Latest state of every recipe.
    folder : Path
        The book's folder; ``recipes/<id>.ipynb``, ``_generated/verdicts.md``, ``_generated/summary.md``, for
        the first page ``_generated/front.md`` and ``_generated/remember.md``, for each recipe that names
        a picture ``_generated/picture-<id>.md``, and for teachers ``_generated/teach-<id>.md`` and what
        ``teaching`` names beside it are written there.

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
        nbformat.write(page(s), pages / f"{s.recipe.id}.ipynb")
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
    return folder


def _remember(states: list[State], folder: Path) -> str:
    """The picture of the first page, or what to type to have it."""
    if not front.picture(states, folder / "front.png"):
        return "*This picture is drawn from results, and there are none here yet: type `make recipes`.*\n"
    said = front.told(states)
    return f":::{{figure}} _generated/front.png\n:alt: {said}\n:width: 100%\n\n{said}\n:::\n"


def page(state: State) -> Any:
    """The executed notebook with its stamp under the title, or the bare one with a note why not."""
    import nbformat

    if state.folder:
        notebook = nbformat.read(state.folder / f"{state.recipe.id}.ipynb", as_version=4)
        text = stamp(state)
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
            " `make book`.\n:::"
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
            cell.metadata["mystnb"] = {"image": {"alt": alt}}
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
    text = caption if caption.endswith((".", "?")) else f"{caption}."
    return f":::{{figure}} {place}\n:alt: {caption}\n:width: 100%\n\n{text} From {link}.\n:::\n"


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


def stamp(state: State) -> str:
    """Tier, data with accession and licence, tool versions, date, run time, and how to cite."""
    from scopecheck import data

    run, recipe = state.run, state.recipe
    tier, profile = run["parameters"].get("tier", "embedded"), run["parameters"].get("profile", "quick")
    tools = ", ".join(f"{name} {run['versions'].get(name, '')}" for name in recipe.tools) or "none"
    keys = list(dict.fromkeys(CITE[t] for t in recipe.tools if t in CITE))
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
    lines.append(
        f"- **Run it yourself**: `scopecheck run {recipe.id}`, or download the notebook from this page's bar"
    )
    lines.append(f"- **On Colab**: {colab.told(recipe.path)}")
    return "\n".join([":::{admonition} What this page was made from", ":class: note dropdown", *lines, ":::"])
