"""Write a ``CITATION.cff`` for every recipe and page: the tools, the papers and the data to cite with it.

``python -m scopecheck.runner.cite`` writes ``book/extra/citations/<id>/CITATION.cff`` from the headers of
the recipes, what is recorded of their runs, ``data/catalogue.yaml`` and ``book/references.bib``. It needs
pybtex, which comes with the extra ``book``. The built book has them at ``citations/<id>/CITATION.cff``.
"""

import re
import sys
from pathlib import Path
from typing import Any

import yaml

from scopecheck.errors import InputError, RecipeError
from scopecheck.record.recipe import Recipe, read_recipe
from scopecheck.record.recorded import read_recorded
from scopecheck.runner.find import find, recipes_folder

# Whom to cite for a tool, as keys of the book's bibliography.
PAPERS = {
    "cellpose": "stringer2021",
    "stardist": "schmidt2018",
    "n2v": "krull2019",
    "csbdeep": "weigert2018",
    "monai": "cardoso2022",
    "onnxruntime": "ouyang2022",
    "scikit-image": "vanderwalt2014",
    "torch": "ronneberger2015",
    "topaz-em": "bepler2019",
    "cryodrgn": "zhong2021",
    "cryosparc-tools": "punjani2017",
    "gemmi": "wojdyr2022",
}
# Pages whose numbers came from tools and data that they do not run or read themselves, or only in part.
RESTS_ON: dict[str, tuple[list[str], list[str]]] = {
    "envelope-cellpose": (["cellpose"], ["cellpose-cyto-2020", "bbbc039"]),
    "envelope-stardist": (["stardist"], ["stardist-nuclei-trainings", "bbbc039"]),
    "envelope-unet": (["monai", "onnxruntime"], ["unet-nuclei-trainings", "bbbc039"]),
    "corrected-number": (
        ["ppi-python", "cellpose", "stardist", "scikit-image"],
        ["bbbc039", "bbbc038-stage1-test", "idr0062-6001240"],
    ),
    "judge-calibration": (["cellpose", "scikit-image"], ["bbbc039", "bbbc038-stage1-test"]),
    "judging-the-judges": (
        ["cellpose", "stardist", "scikit-image", "topaz-em", "cryodrgn", "panoptica", "py-ctcmetrics"],
        [],
    ),
}
KINDS = {"article": "article", "inproceedings": "conference-paper"}
FIELDS = {
    "journal": "journal",
    "booktitle": "collection-title",
    "volume": "volume",
    "doi": "doi",
    "note": "notes",
}


def keys_of(recipe: Recipe) -> list[str]:
    """The papers to cite with a recipe: those of its tools, then those that its text cites, each once."""
    text = recipe.path.read_text(encoding="utf-8")
    cited = [key.strip() for found in re.findall(r"\{cite:\w+\}`([^`]+)`", text) for key in found.split(",")]
    return list(dict.fromkeys([*(PAPERS[tool] for tool in tools_of(recipe) if tool in PAPERS), *cited]))


def tools_of(recipe: Recipe) -> list[str]:
    """The tools of a recipe, or those whose numbers a page shows."""
    return [*recipe.tools, *RESTS_ON.get(recipe.id, ([], []))[0]]


def citation(
    recipe: Recipe, root: dict[str, Any], papers: dict[str, dict[str, Any]], address: str
) -> dict[str, Any]:
    """What the ``CITATION.cff`` of a recipe holds.

    Parameters
    ----------
    recipe : Recipe
        Its front matter.
    root : dict
        The repository's own ``CITATION.cff``.
    papers : dict of str to dict
        References by key of the bibliography, as `bibliography` gives them.
    address : str
        Of the repository.

    Returns
    -------
    dict
        Citation File Format 1.2.0. Data that come with scopecheck itself are cited with it and not apart.

    Raises
    ------
    InputError
        If the recipe cites a paper that the bibliography lacks.
    """
    from scopecheck import data

    if lost := [key for key in keys_of(recipe) if key not in papers]:
        raise InputError(
            f"{recipe.path}: cites {', '.join(lost)}, which book/references.bib lacks; add the entry"
        )
    recorded = read_recorded(recipe.path)
    versions = recorded.runs[0].versions if recorded and recorded.runs else {}
    named = [*recipe.datasets.upto("archive"), *(name for arm in recipe.arms for name in arm.data)]
    named += RESTS_ON.get(recipe.id, ([], []))[1]
    entries = [data.describe(name) for name in dict.fromkeys(named)]
    others = [e for e in entries if any(s.kind != "beside" for f in e.files for s in e.sources_of(f))]
    references = [
        *(_tool(tool, versions.get(tool)) for tool in tools_of(recipe)),
        *(papers[key] for key in keys_of(recipe)),
        *map(_dataset, others),
    ]
    return {
        "cff-version": "1.2.0",
        "message": "If you use this recipe or a number of it, please cite it, its tools, papers and data.",
        "title": f"{recipe.title} ({recipe.id}, in: {root['title']})",
        "type": "software",
        "authors": root["authors"],
        "license": root["license"],
        "version": root["version"],
        "repository-code": address,
    } | ({"references": references} if references else {})


def _tool(name: str, version: str | None) -> dict[str, Any]:
    """A package; who wrote its paper need not be who wrote the package, so no person is named."""
    told = {"type": "software", "title": name, "authors": [{"name": f"The developers of {name}"}]}
    return told | ({"version": version} if version else {})


def _dataset(entry: Any) -> dict[str, Any]:
    """The authors are named as the catalogue's citation begins; the whole of it stands in the notes."""
    who = re.split(r" \(|,? \d{4}", entry.citation.split(";")[0])[0]
    told = {"type": "data", "title": entry.title, "authors": [{"name": who}]}
    told["notes"] = f"Accession: {entry.accession}. Licence: {entry.licence}. Cite: {entry.citation}."
    return told | ({"doi": entry.doi} if entry.doi else {})


def bibliography(path: Path) -> dict[str, dict[str, Any]]:
    """The references of a BibTeX file by key, as the Citation File Format has them.

    Raises
    ------
    InputError
        If the file cannot be read.
    """
    from pybtex.database import parse_file
    from pybtex.exceptions import PybtexError

    try:
        entries = parse_file(str(path), bib_format="bibtex").entries
    except (PybtexError, OSError) as err:
        raise InputError(f"{path}: cannot be read as BibTeX: {' '.join(str(err).split())}") from err
    return {key: _paper(entry) for key, entry in entries.items()}


def _paper(entry: Any) -> dict[str, Any]:
    from pybtex.richtext import Text

    def plain(text: str) -> str:
        return str(Text.from_latex(text))

    def person(one: Any) -> dict[str, str]:
        if one.last_names == ["others"]:
            return {"name": "others"}
        parts = {"family-names": one.last_names, "given-names": one.first_names + one.middle_names}
        parts |= {"name-particle": one.prelast_names, "name-suffix": one.lineage_names}
        return {key: plain(" ".join(names)) for key, names in parts.items() if names}

    told: dict[str, Any] = {"type": KINDS.get(entry.type, "generic"), "title": plain(entry.fields["title"])}
    told["authors"] = [person(one) for one in entry.persons["author"]]
    told["year"] = int(entry.fields["year"])
    told |= {name: plain(entry.fields[field]) for field, name in FIELDS.items() if field in entry.fields}
    if told["type"] == "conference-paper":  # the format asks for the name of the conference
        told["conference"] = {"name": told["collection-title"]}
    first, _, last = entry.fields.get("pages", "").partition("--")
    return told | {name: page for name, page in (("start", first), ("end", last)) if page}


def texts(recipes: Path) -> dict[str, str]:
    """The ``CITATION.cff`` of every recipe and page of a folder, by id; beside it lies ``book``."""
    home = recipes.resolve().parent
    root = yaml.safe_load((home / "CITATION.cff").read_text(encoding="utf-8"))
    address = yaml.safe_load((home / "_config.yml").read_text(encoding="utf-8"))["repository"]["url"]
    papers = bibliography(home / "book" / "references.bib")
    found = {path.stem: citation(read_recipe(path), root, papers, address) for path in find(recipes)}
    return {
        name: yaml.dump(one, Dumper=_Plain, sort_keys=False, allow_unicode=True, width=110)
        for name, one in found.items()
    }


class _Plain(yaml.SafeDumper):
    """Writes the same authors out each time: an alias is not understood by all who read the format."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def main() -> None:
    """Write all of them; those of recipes that are gone are removed."""
    folder = recipes_folder().resolve().parent / "book" / "extra" / "citations"
    made = texts(recipes_folder())
    for old in folder.glob("*/CITATION.cff"):
        if old.parent.name not in made:
            old.unlink()
            old.parent.rmdir()
    for name, text in made.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / name / "CITATION.cff").write_text(text, encoding="utf-8")
    print(f"Wrote {len(made)} citations to {folder}")


if __name__ == "__main__":
    try:
        main()
    except (InputError, RecipeError, OSError) as fault:
        print(f"scopecheck: {fault}", file=sys.stderr)
        sys.exit(2)
