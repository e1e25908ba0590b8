"""Gather runs that differ in the seed alone into ``recipes/seeds/<id>.json``, which the page then reads.

``python -m scopecheck.runner.seeds [ID ...]`` takes, for every recipe named (all when none is), the newest
result of each seed in the results folder: quick profile, one tier, every other parameter at its default.
Where seeds were run in more than one tier, the tier with the most seeds is taken, the higher of two alike.
"""

import json
import sys
from pathlib import Path
from typing import Any

from scopecheck.errors import InputError, RecipeError
from scopecheck.record.recipe import TIERS, read_recipe
from scopecheck.record.result import ArmResult, read_verdict, write_json
from scopecheck.record.seeds import ArmSeeds, Seeds, read_seeds, seeds_path
from scopecheck.runner.find import find, locate, results_folder


def gather(recipe: str, results: Path) -> Seeds:
    """Put the verdicts of a recipe's seeds together.

    Parameters
    ----------
    recipe : str
        The recipe's id.
    results : Path
        The folder of results.

    Raises
    ------
    InputError
        If there are fewer than two seeds, or they were run with another text of the recipe, another state of
        the package or other versions of a tool.
    """
    runs = _runs(recipe, results)
    by_tier = {t: [run for tier, _, run in runs if tier == t] for t in TIERS}
    tier = max(TIERS, key=lambda t: (len(by_tier[t]), TIERS.index(t)))
    chosen = sorted(by_tier[tier], key=lambda run: run["parameters"]["seed"])
    if len(chosen) < 2:
        raise InputError(
            f"{results / recipe}: seeds of the quick profile found: {len(chosen)}; expected two or more."
            f" Run them first: scopecheck run {recipe} -p seed=1"
        )
    used = [run["parameters"]["seed"] for run in chosen]
    for seed, run in zip(used, chosen, strict=True):
        for what in ("versions", "sources"):
            if run.get(what) != chosen[0].get(what):
                raise InputError(
                    f"{results / recipe}: seeds {used[0]} and {seed} were run with other {what}; expected the"
                    " same. Run the older one again."
                )
    told = [read_verdict(results / recipe / run["key"] / "verdict.json") for run in chosen]
    rows = [{(a.arm, a.measurement): a for a in v.arms} for v in told]
    judged = dict.fromkeys(pair for row in rows for pair, a in row.items() if a.status == "judged")
    arms = []
    for arm, measurement in judged:  # in any seed: that another could not judge it is an answer, too
        of = [row.get((arm, measurement)) for row in rows]
        labels = [_own_word(a) if a and a.status == "judged" else "not run" for a in of]
        biases = [_short(a.bias) if a else None for a in of]
        arms.append(ArmSeeds(arm=arm, measurement=measurement, labels=labels, biases=biases))
    counts = [
        {a["check"]: [a[k] for k in ("hits", "misses", "false_alarms", "quiet")] for a in v.alarms}
        for v in told
    ]
    notes = [name for name in told[0].notes if all(name in v.notes for v in told)]
    return Seeds(
        recipe=recipe,
        profile="quick",
        tier=tier,
        scopecheck=told[0].scopecheck,
        seeds=used,
        arms=arms,
        alarms={check: [c[check] for c in counts] for check in counts[0] if all(check in c for c in counts)},
        notes={name: [float(f"{v.notes[name]:.4g}") for v in told] for name in notes},
    )


def _runs(recipe: str, results: Path) -> list[tuple[str, int, dict[str, Any]]]:
    """The newest run of every tier and seed, all else at its default."""
    newest: dict[tuple[str, int], dict[str, Any]] = {}
    for path in (results / recipe).glob("*/run.json"):
        run = json.loads(path.read_text(encoding="utf-8"))
        given = run["parameters"]
        if path.parent.name == run["key"] and set(run["changed"]) <= {"seed", "tier"}:
            place = given["tier"], given["seed"]
            newest[place] = max(newest.get(place, run), run, key=lambda r: r["ended"])
    return [(*place, run) for place, run in newest.items()]


def _own_word(arm: ArmResult) -> str:
    """What the run itself said, also where the arm is quoted as UNSTABLE."""
    return arm.run_label or arm.label


def _short(value: float | None) -> float | None:
    """Four significant digits: the file is read by people and compared by git."""
    return None if value is None else float(f"{value:.4g}")


def main(names: list[str]) -> int:
    """Write the files; gives the exit status."""
    paths = [locate(name) for name in names] or [p for p in find() if read_recipe(p).kind == "recipe"]
    for path in paths:
        found = gather(path.stem, results_folder())
        target, before = seeds_path(path), read_seeds(path)
        target.parent.mkdir(exist_ok=True)
        judged = {(a.arm, a.measurement) for a in found.arms}
        found.elsewhere = [e for e in before.elsewhere if (e.arm, e.measurement) in judged] if before else []
        for e in found.elsewhere:
            print(
                f"{target}: kept from before: {e.arm}/{e.measurement} said {e.label} on {e.where};"
                " take it out where the recipe computes it in another way now"
            )
        write_json(target, found.model_dump())
        moved = sum(len(found.labels(a.arm, a.measurement)) > 1 for a in found.arms)
        print(f"{target}: seeds {found.seeds}, tier {found.tier}, {moved} of {len(found.arms)} words change")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (InputError, RecipeError) as err:
        print(err, file=sys.stderr)
        sys.exit(2)
