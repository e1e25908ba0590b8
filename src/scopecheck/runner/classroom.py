"""What the teaching plans show of the recipes: recorded words, a part of a picture, what a check was worth.

Each entry of ``book/teaching/plans.yaml`` becomes ``_generated/plan-<name>.md``, which a plan includes. Words
and counts come from the reviewed runs, so they stand there where no recipe has run, too.
"""

import re
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError, model_validator

from scopecheck.errors import RecipeError
from scopecheck.record.overview import State
from scopecheck.record.recipe import Recipe, first_faults
from scopecheck.record.recorded import Recorded, counted, read_recorded
from scopecheck.record.result import OF_ONE_IMAGE, SHAPES, UNSTABLE
from scopecheck.record.tables import percent


class Shown(BaseModel):
    """One entry: a picture, else the words of the record; or what one check was worth.

    Where a picture and words are given, the words stand for the picture when its recipe has not run.
    """

    model_config = ConfigDict(extra="forbid")

    recipe: str
    picture: str = ""
    # left, top, right, bottom, as shares of the picture
    box: tuple[float, float, float, float] = (0, 0, 1, 1)
    caption: str = ""
    words: list[str] = []  # as arm/measurement, of the recorded quick runs
    scores: list[str] = []  # beside the words, where the recipe has run
    check: str = ""

    @model_validator(mode="after")
    def _shows_something(self) -> "Shown":
        if not (self.picture or self.words or self.check):
            raise ValueError("needs a picture, words or a check")
        left, top, right, bottom = self.box
        if not (0 <= left < right <= 1 and 0 <= top < bottom <= 1):
            raise ValueError("box is left, top, right, bottom, between 0 and 1")
        if self.picture and not self.caption:
            raise ValueError("a picture needs a caption of its own")
        return self


class Found(NamedTuple):
    """One verdict of the record, as a teacher reads it aloud."""

    arm: str
    name: str
    word: str
    error: str
    sample: str


def found(recipe: Recipe, kept: Recorded, pair: str, printed: dict[tuple[str, str], str]) -> Found:
    """What the reviewed runs said of one verdict: word, error of the default run, scope, n, number of runs.

    Scope and n are those that its notebook `printed`, by `samples`.

    Raises
    ------
    RecipeError
        If no quick run recorded it.
    """
    arm, _, measurement = pair.partition("/")
    runs = next((r for r in kept.runs if r.profile == "quick" and r.of(arm, measurement)), None)
    if runs is None:
        raise RecipeError(
            f"{recipe.id}: its notes for teachers name {pair!r}, which no quick run recorded; expected"
            f" arm/measurement as in `scopecheck show {recipe.id}`"
        )
    seen = kept.words_seen("quick", arm, measurement)
    word = next(iter(seen), kept.word("quick", arm, measurement) or "")
    told = f"{UNSTABLE} ({counted(seen)})" if len(seen) > 1 else word
    declared = recipe.declared(arm, measurement)
    shapes = SHAPES | OF_ONE_IMAGE if declared and declared.scope == "image" else SHAPES
    shape = shapes[UNSTABLE if len(seen) > 1 else word.split()[0]]
    m, of = recipe.measurements[measurement], runs.of(arm, measurement)
    error = percent(of.biases[0], m.scale, m.unit) if of else ""
    sample = printed.get((arm, measurement)) or (declared.scope if declared else None)
    times = f"{len(runs.seeds)} run{'s' if len(runs.seeds) > 1 else ''}"
    name = m.name or measurement.replace("_", " ")
    return Found(arm, name, f"{shape} {told}", error, f"{sample}, {times}" if sample else times)


def samples(recipe: Path) -> dict[tuple[str, str], str]:
    """Scope and n of each verdict, as the derived notebook's verdict cells print them; empty without one."""
    path = recipe.parent / "notebooks" / f"{recipe.stem}.ipynb"
    if not path.is_file():
        return {}
    import nbformat

    cells = nbformat.read(path, as_version=4).cells
    lines = [line for c in cells for o in c.get("outputs", []) for line in o.get("text", "").splitlines()]
    parts = [line.split(" | ") for line in lines]
    return {
        (p[0].partition(" [")[0], p[1]): p[3].removeprefix("scope ")
        for p in parts
        if len(p) == 4 and p[3].startswith("scope ")
    }


def read_plans(path: Path) -> dict[str, Shown]:
    """Read and check the entries of ``plans.yaml``; none where there is no such file.

    Raises
    ------
    RecipeError
        If the file is no YAML or does not fit.
    """
    if not path.is_file():
        return {}
    names = TypeAdapter(dict[str, Shown])
    try:
        return names.validate_python(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (ValidationError, yaml.YAMLError) as err:
        raise RecipeError(f"{path}: {' '.join(first_faults(err).split())}") from err


def write_plans(states: list[State], book: Path) -> None:
    """Write ``_generated/plan-<name>.md`` for each entry of ``teaching/plans.yaml``.

    Raises
    ------
    RecipeError
        If an entry names a recipe, a verdict, a figure or a check that there is not, or if a page for
        teachers includes an entry that there is not.
    """
    path, known = book / "teaching" / "plans.yaml", {s.recipe.id: s for s in states}
    entries = read_plans(path)
    for page in sorted(book.glob("teach-*.md")):
        for name in re.findall(r"_generated/plan-([a-z0-9-]+)\.md", page.read_text(encoding="utf-8")):
            if name not in entries:
                raise RecipeError(f"{page}: includes plan-{name}.md; {path} has no entry {name!r}")
    for name, shown in entries.items():
        if shown.recipe not in known:
            raise RecipeError(f"{path}: {name}: there is no recipe or page {shown.recipe!r}")
        text = _text(name, shown, known[shown.recipe], book / "_generated")
        (book / "_generated" / f"plan-{name}.md").write_text(text, encoding="utf-8")


def _text(name: str, shown: Shown, state: State, folder: Path) -> str:
    recipe = state.recipe
    kept = read_recorded(recipe.path) or Recorded(recipe=recipe.id)
    words = table(shown, state, kept) if shown.words else ""
    if shown.check:
        return worth(shown.check, recipe, kept)
    if not shown.picture:
        return words
    if state.folder is None:
        return (
            f"*The picture is made by [{recipe.title}](recipes/{recipe.id}), which has not run here:"
            f" `scopecheck run {recipe.id}`." + (f" Recorded were:*\n\n{words}" if words else "*\n")
        )
    source = state.folder / "figures" / f"{shown.picture}.png"
    if not source.is_file():
        raise RecipeError(f"plans.yaml: {name}: {recipe.id} makes no figure {shown.picture!r}")
    cut = f"plan-{name}.png"
    look = f":alt: {shown.caption}\n:width: 100%\n:class: {wide([_cut(source, shown.box, folder / cut)])}\n"
    return f":::{{figure}} _generated/{cut}\n{look}:figclass: inner-scroll\n\n{shown.caption}\n:::\n"


def _cut(source: Path, box: tuple[float, float, float, float], to: Path) -> bytes:
    """A part of a picture, written as PNG; its bytes."""
    from PIL import Image

    with Image.open(source) as picture:
        at = [round(share * side) for share, side in zip(box, picture.size * 2, strict=True)]
        picture.crop((at[0], at[1], at[2], at[3])).save(to, dpi=picture.info.get("dpi", (110, 110)))
    return to.read_bytes()


def wide(pngs: list[bytes]) -> str:
    """A class that tells the style sheet how many inches wide a picture was drawn, so how large its text is.

    On a phone a wide picture keeps a width at which its text can be read, and scrolls in its own box.
    """
    from PIL import Image

    pictures = [Image.open(BytesIO(png)) for png in pngs]
    widths = [round(p.width / p.info.get("dpi", (110, 110))[0]) for p in pictures]
    return f"inches-{min(16, max(5, *widths))}"


def table(shown: Shown, state: State, kept: Recorded) -> str:
    """The recorded words of an entry as a table; with scores of the run at hand, where they are asked for."""
    arms = {f"{a.arm}/{a.measurement}": a for a in state.arms}
    scores: list[str] = shown.scores if state.arms else []
    heads = ["condition, number", "word", "error", *scores, "scope, n"]
    rows, printed = [heads, ["---"] * len(heads)], samples(state.recipe.path)
    for pair in shown.words:
        told = found(state.recipe, kept, pair, printed)
        looks: dict[str, Any] = arms[pair].plausibility if pair in arms else {}
        values = ["–" if looks.get(s) is None else f"{looks[s]:.2f}" for s in scores]
        rows.append([f"`{told.arm}`, {told.name}", told.word, told.error, *values, told.sample])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows) + "\n"


def worth(check: str, recipe: Recipe, kept: Recorded) -> str:
    """One sentence on what a check without a truth was worth over the recorded quick runs.

    Raises
    ------
    RecipeError
        If no quick run recorded such a check.
    """
    runs = next((r for r in kept.runs if r.profile == "quick" and check in r.alarms), None)
    if runs is None:
        raise RecipeError(f"plans.yaml: no quick run of {recipe.id} recorded a check {check!r}")
    hits, wrong, false, good = runs.alarm(check)
    return (
        f"In {len(runs.seeds)} runs of [{recipe.title}](recipes/{recipe.id}) the check *{check}* rang on"
        f" **{hits} of {wrong}** cases with a number outside its tolerance, and falsely on"
        f" **{false} of {good}** others. On {wrong - hits} wrong cases it was silent.\n"
    )
