"""`scopecheck score labels A TRUTH --against B`: what is printed of the difference between two tools."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from scopecheck.cli.contrast import verdict_table
from scopecheck.cli.options import print_table

if TYPE_CHECKING:
    from scopecheck.score.against import Two

MEANT = {
    "DIFFERENTIAL": "each tool holds alone, and they are not shown to agree with each other.",
    "EQUALLY BIASED": "both tools are biased, and equally so: that they agree says nothing for either.",
}


def difference(two: Two) -> dict[str, Any]:
    """What JSON holds of the difference."""
    return {"arms": [row.model_dump() for row in two.rows], "notes": two.notes}


def show_difference(two: Two, first: Path, second: Path) -> None:
    """Print the paired difference of the two tools' errors, and what each word says of them."""
    from rich.console import Console

    from scopecheck.record.result import caption
    from scopecheck.record.tables import detail

    console = Console(highlight=False)
    relative = any(row.scale == "relative" for row in two.rows)
    sign = "over" if relative else "minus"
    console.print(f"\n{first} {sign} {second}, field by field:", markup=False)
    print_table(console, verdict_table(two.rows, [str(row.n) for row in two.rows]))
    console.print(caption(two.rows))
    notes = []
    for a, b, row in zip(two.first.rows, two.second.rows, two.rows, strict=True):
        if row.verdict:
            notes.append(f"{row.measurement}: {first} {a.told}, {second} {b.told}; {_says(row.verdict)}.")
            notes += [f"{row.measurement}: {MEANT[mark]}" for mark in row.marks if mark in MEANT]
        told = ["" if row.verdict else f"no verdict: {row.reason}", detail(row)]
        if said := "; ".join(text for text in told if text):
            notes.append(f"{row.measurement}: {said}")
    notes.append("The truth's own error is the same for both and is not in their difference.")
    for note in dict.fromkeys([*notes, *two.notes]):
        console.print(f"- {note}", markup=False)


def _says(word: str) -> str:
    """What the word on a difference of two tools says."""
    said = {"HOLDS": "they agree within the tolerance", "FAILS": "they differ by more than the tolerance"}
    return said.get(word, "whether they differ by more than the tolerance is not decided")
