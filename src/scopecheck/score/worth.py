"""What each check that needs no truth was worth where the truth was known: in the recipes' own runs.

`worth.csv` is made from the recipes' recorded runs by ``python -m scopecheck.score.worth`` and by nothing
else. A line is one check of one measurement in one recipe: hits, misses, false alarms and quiet of seed 0,
exact 90 % intervals of both rates (Clopper and Pearson 1934, doi:10.1093/biomet/26.4.404), and between
which rates the seeds lay. Seeds are not added up: they ask the same arms again and are no independent cases.
"""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from functools import lru_cache
from pathlib import Path

TABLE = Path(__file__).with_name("worth.csv")
SIGNIFICANT = 0.05
ANY = "any number"  # a case counts once, as wrong where any of its numbers is

# recipe: the tool, the images, and what was wrong or right where a check's label does not say it
KINDS: dict[str, tuple[str, str, str]] = {
    "crossmodality-translation": (
        "networks for confocal to STED and for focus",
        "simulated confocal images",
        ANY,
    ),
    "denoising-noise2void": ("Noise2Void", "simulated spots, on plain and real backgrounds", ANY),
    "heterogeneity-cryodrgn": ("cryoDRGN", "simulated particles of adenylate kinase", ANY),
    "maps-fsc-traps": (
        "half maps by back-projection",
        "simulated half maps of adenylate kinase",
        "resolution",
    ),
    "picking-topaz": ("Topaz", "micrographs of ribosomes, simulated and real", ANY),
    "practice-false-effect": (
        "StarDist, between two conditions",
        "nuclei, simulated and real, in wells",
        ANY,
    ),
    "restoration-care": ("CARE", "cells with filaments, simulated, and real nuclei", ANY),
    "restoration-rln": ("the published RLN network", "simulated mitochondria, threads and balls, 3D", ANY),
    "segmentation-cellpose": ("Cellpose (cyto, 2020)", "nuclei, simulated and real fluorescence", "count"),
    "segmentation-confluence": ("a U-Net for confluence", "phase contrast, real and drawn", "area_fraction"),
    "segmentation-stardist": ("StarDist", "nuclei, rods and branched cells, simulated and real", ANY),
    "segmentation-unet-dice-trap": ("a U-Net", "nuclei, simulated and real fluorescence", "count"),
    "structure-passport": ("no network; a model in its map", "cryo-EM models, right and wrong", "placement"),
    "superres-annapalm": ("a network after ANNA-PALM", "simulated filaments from few frames", ANY),
    "superres-deepstorm": ("a Deep-STORM-style network", "simulated movies of emitters", ANY),
}


@dataclass(frozen=True)
class Worth:
    """One check of one measurement in one recipe.

    Attributes
    ----------
    recipe, check, measurement : str
        As the recipe calls them.
    profile, tier : str
        Of the runs.
    hits, misses : int
        Wrong numbers with and without an alarm, of the default seed.
    false_alarms, quiet : int
        Good numbers with and without an alarm.
    hit_low, hit_high, false_low, false_high : float
        Exact 90 % intervals of hits / wrong and false alarms / good; NaN where there was none of the kind.
    seeds : int
        How many were run.
    hit_least, hit_most, false_least, false_most : float
        Smallest and largest rate over the seeds.
    """

    recipe: str
    check: str
    measurement: str
    profile: str
    tier: str
    hits: int
    misses: int
    false_alarms: int
    quiet: int
    hit_low: float
    hit_high: float
    false_low: float
    false_high: float
    seeds: int
    hit_least: float
    hit_most: float
    false_least: float
    false_most: float

    @property
    def wrong(self) -> int:
        """Wrong numbers."""
        return self.hits + self.misses

    @property
    def good(self) -> int:
        """Good numbers."""
        return self.false_alarms + self.quiet

    @property
    def tool(self) -> str:
        """The tool whose numbers were right or wrong."""
        return KINDS[self.recipe][0]

    @property
    def images(self) -> str:
        """The images that it was run on."""
        return KINDS[self.recipe][1]

    @property
    def tells(self) -> bool | None:
        """Whether it rang more often for wrong numbers than for good ones; None where one kind is lacking.

        By Fisher's exact test at 5 %, one-sided. Cases of one arm are alike, so the test is a lenient one.
        """
        if not (self.wrong and self.good):
            return None
        from scipy.stats import fisher_exact

        table = [[self.hits, self.misses], [self.false_alarms, self.quiet]]
        return bool(fisher_exact(table, alternative="greater").pvalue < SIGNIFICANT)


def gather(recipes: Path) -> list[Worth]:
    """Read the worth of every check from the recorded runs of the recipes in a folder.

    Raises
    ------
    RecipeError
        If a record does not fit, or belongs to a recipe that `KINDS` does not describe.
    """
    from scopecheck.errors import RecipeError
    from scopecheck.record.recorded import read_recorded

    found = []
    for path in sorted((recipes / "recorded").glob("*.json")):
        recorded = read_recorded(recipes / f"{path.stem}.py")
        for runs in recorded.runs if recorded else []:
            for label, counts in runs.alarms.items():
                if path.stem not in KINDS:
                    raise RecipeError(
                        f"{path}: has checks, and scopecheck.score.worth does not say of which tool;"
                        f" add {path.stem} to its KINDS"
                    )
                found.append(_worth(path.stem, label, runs.profile, runs.tier, counts))
    return found


def _worth(recipe: str, label: str, profile: str, tier: str, counts: list[list[int]]) -> Worth:
    check, _, measurement = label.removesuffix(")").partition(" (")
    hits, misses, false, quiet = counts[0]  # the default seed is the first
    rates = [[_rate(a, a + b), _rate(c, c + d)] for a, b, c, d in counts]
    hit, wrong = ([pair[k] for pair in rates] for k in (0, 1))
    ends = [*_ends(hits, hits + misses), *_ends(false, false + quiet)]
    numbers = [*ends, len(counts), min(hit), max(hit), min(wrong), max(wrong)]
    of = measurement or KINDS[recipe][2]
    return Worth(recipe, check, of, profile, tier, hits, misses, false, quiet, *numbers)  # type: ignore[arg-type]


def _rate(some: int, of: int) -> float:
    return round(some / of, 3) if of else float("nan")


def _ends(some: int, of: int) -> tuple[float, float]:
    from scopecheck.judge.intervals import fraction_bound

    if not of:
        return float("nan"), float("nan")
    return round(fraction_bound(some, of), 3), round(1 - fraction_bound(of - some, of), 3)


def text(rows: Iterable[Worth]) -> str:
    """The table as it is kept, a line a check."""
    written = io.StringIO()
    lines = csv.writer(written, lineterminator="\n")
    lines.writerow(field.name for field in fields(Worth))
    lines.writerows(astuple(row) for row in rows)
    return written.getvalue()


@lru_cache(maxsize=1)
def table() -> tuple[Worth, ...]:
    """The table that ships with the package."""
    kinds = {field.name: {"str": str, "int": int, "float": float}[str(field.type)] for field in fields(Worth)}
    with TABLE.open(encoding="utf-8", newline="") as file:
        return tuple(
            Worth(**{key: kinds[key](value) for key, value in row.items()}) for row in csv.DictReader(file)
        )


def of(recipe: str, check: str) -> list[Worth]:
    """What a recipe's check was worth, one a measurement: of the runs with the most numbers."""
    rows: dict[str, Worth] = {}
    for row in table():
        if (row.recipe, row.check) == (recipe, check):
            best = rows.setdefault(row.measurement, row)
            if (row.wrong + row.good, row.seeds) > (best.wrong + best.good, best.seeds):
                rows[row.measurement] = row
    return list(rows.values())


if __name__ == "__main__":
    TABLE.write_text(text(gather(Path(sys.argv[1] if len(sys.argv) > 1 else "recipes"))), encoding="utf-8")
