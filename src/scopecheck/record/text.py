"""What a page says about its plan and its verdicts in words: tables for the reader, and sentences."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from scopecheck.record import tables
from scopecheck.record.recipe import Recipe
from scopecheck.record.result import ArmResult, installed

if TYPE_CHECKING:
    from IPython.display import Markdown

    from scopecheck.judge import Alarms


def markdown(heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> "Markdown":
    """A Markdown table; a sentence where it has no row."""
    from IPython.display import Markdown

    rows = list(rows)
    if not rows:
        return Markdown("*None of this was run.*")
    lines = [heads, ["---"] * len(heads), *rows]
    return Markdown("\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines))


def tolerances(front: Recipe) -> "Markdown":
    """What is measured, its unit, its tolerance and why that much."""
    rows = [
        (
            name.replace("_", " "),
            m.unit if m.unit != "1" else "",
            tables.span([*band], m.scale, m.unit) if (band := m.band()) else "none",
            m.why,
        )
        for name, m in front.measurements.items()
    ]
    return markdown(["number", "unit", "tolerance", "why that much"], rows)


def truths(front: Recipe, tier: Any) -> "Markdown":
    """What the catalogue knows of the truth of each dataset that a run of this tier may read."""
    from scopecheck import data

    rows = []
    for name in front.datasets.upto(tier):
        entry = data.describe(name)
        if entry.truth is None:
            continue
        known = [(m.replace("_", " "), data.truth_uncertainty(name, m)) for m in front.measurements]
        said = ", ".join(f"{m} {'unknown' if u is None else f'{u:.0%}'}" for m, u in known)
        rows.append(
            (
                f"{name} ({entry.accession})",
                f"{entry.truth.how}, by {entry.truth.made_by}",
                said,
                entry.licence,
            )
        )
    return markdown(["dataset", "truth", "its uncertainty", "licence"], rows)


def alarms(counted: dict[str, "Alarms"]) -> "Markdown":
    """Hits and false alarms of each check, as counts."""
    rows = [
        (check, f"{c.hits} of {c.hits + c.misses}", f"{c.false_alarms} of {c.false_alarms + c.quiet}")
        for check, c in counted.items()
    ]
    return markdown(["check", "alarms on wrong numbers (hits)", "on good ones (false alarms)"], rows)


def arms(rows: Iterable[ArmResult]) -> "Markdown":
    """Looks, error, word and baseline of some verdicts, one line each."""
    rows = list(rows)
    scores = list(dict.fromkeys(score for r in rows for score in r.plausibility))
    lines = []
    for r in rows:
        base = r.baseline or {}
        shown = [
            tables.scored(v, r.chance.get(s)) if (v := r.plausibility.get(s)) is not None else ""
            for s in scores
        ]
        error = tables.percent(r.bias, r.scale, r.unit)
        by_base = tables.percent(base.get("bias"), r.scale, r.unit) if base else ""
        lines.append((r.arm, r.measurement, *shown, error, f"{r.told} ({r.sample})", by_base))
    return markdown(["arm", "number", *scores, "error", "verdict", "baseline's error"], lines)


def matrix(rows: Iterable[ArmResult]) -> "Markdown":
    """Arms by measurements, one line an arm: its looks, then word and error of each number asked of it."""
    rows = list(rows)
    names = list(dict.fromkeys(r.measurement for r in rows))
    scores = list(dict.fromkeys(score for r in rows for score in r.plausibility))

    def cell(r: ArmResult | None) -> str:
        if r is None:
            return ""
        if r.status != "judged":
            return f"{r.shape} {r.status}"
        return f"{r.shape} {r.label} {tables.percent(r.bias, r.scale, r.unit)}"

    lines = []
    for arm in dict.fromkeys(r.arm for r in rows):
        mine = {r.measurement: r for r in rows if r.arm == arm}
        first = next((r for r in mine.values() if r.status == "judged"), next(iter(mine.values())))
        looks = [f"{v:.2f}" if (v := first.plausibility.get(s)) is not None else "" for s in scores]
        sample = f", {first.sample}" if first.status == "judged" else ""
        lines.append((tables.named(first) + sample, *looks, *(cell(mine.get(name)) for name in names)))
    return markdown(["arm", *scores, *(name.replace("_", " ") for name in names)], lines)


def tally(rows: Iterable[ArmResult]) -> str:
    """How often each word came, controls left out."""
    said = [r.verdict or "no verdict" for r in rows if not r.control]
    parts = ", ".join(f"{said.count(word)} {word}" for word in sorted(set(said)))
    return f"{parts} of {len(said)}" if said else "no verdict"


def methods(front: Recipe, tier: Any) -> str:
    """Tools with their versions, data with their accessions, and the tolerances: for a Methods section."""
    from scopecheck import __version__, data

    tools = ", ".join(f"{name} {installed(name) or '(not installed)'}" for name in front.tools)
    read = [data.describe(name) for name in front.datasets.upto(tier)]
    known = ", ".join(dict.fromkeys(f"{e.accession}" for e in read if e.truth))
    bands = ", ".join(
        f"{name.replace('_', ' ')} {tables.span([*band], m.scale, m.unit)}"
        for name, m in front.measurements.items()
        if (band := m.band())
    )
    return (
        f"Tools: {tools}; judged with scopecheck {__version__}. Data: {known or 'simulated'}."
        f" Tolerances, declared before the run: {bands}."
    )
