"""Gather reviewed runs into ``recipes/recorded/<id>.json``, which the page then reads.

``python -m scopecheck.runner.gather [ID ...] [--profile quick] [--tier TIER]`` takes, for every recipe named
(all when none is), the newest result of each seed in the results folder: one profile, every other parameter
at its default. Each verdict is kept from the tier in which most seeds judged it, the higher of two alike.
What was recorded before and is not judged by these runs stays: the other profile, verdicts of another tier.

``... gather ID --elsewhere "another processor" --results FOLDER`` adds the words that the default seed gave
on another machine, whose folder of results was copied here.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from scopecheck.errors import InputError, RecipeError
from scopecheck.record.plan import PROFILES, TIERS, Profile, Tier, plan_path
from scopecheck.record.recipe import Recipe, read_recipe
from scopecheck.record.recorded import (
    NOT_RUN,
    ArmWords,
    Elsewhere,
    Prediction,
    Recorded,
    Runs,
    read_recorded,
    recorded_path,
)
from scopecheck.record.result import ArmResult, read_verdict, write_json
from scopecheck.runner.find import defaults, find, locate, results_folder
from scopecheck.runner.key import changes

Pair = tuple[str, str]
RUNS = (
    *("recipe", "profile", "tier", "seed", "key", "arm", "measurement", "word", "reason"),
    *("bias", "low", "high", "unit", "n"),
)


def gather(
    recipe: Recipe, results: Path, profile: Profile = "quick", tier: Tier | None = None, drop: bool = False
) -> Recorded:
    """Put what the runs of a recipe said together with what was recorded before.

    Parameters
    ----------
    recipe : Recipe
        The front matter; beside its file lies what was recorded before.
    results : Path
        The folder of results.
    profile : str
        The profile whose runs are gathered; what is recorded of the other one stays.
    tier : str, optional
        Gather the runs of this tier alone.
    drop : bool
        Leave out what was recorded of verdicts that the plan does not declare any more, and of those that
        these runs were to judge and could not in any seed.

    Raises
    ------
    InputError
        If a prediction was edited, a recorded verdict left the plan, the default seed was not run, or the
        runs were made from another text of the recipe, another state of the package or other versions.
    """
    before = read_recorded(recipe.path) or Recorded(recipe=recipe.id)
    plan = plan_path(recipe.path)
    if edited := before.edited(recipe.arms):
        raise InputError(f"{plan}: {'; '.join(edited)}. A prediction is never edited: put it back")
    if not drop and (gone := before.gone(recipe.arms)):
        raise InputError(
            f"{plan}: lacks {', '.join(gone)}, predicted before. Put the line back, or where the verdict was"
            " taken out of the recipe on purpose, say so: --drop"
        )
    new = _new(recipe, results, profile, tier)
    judged = {(a.arm, a.measurement) for r in new for a in r.arms}
    planned = {(a.arm, a.measurement) for a in recipe.arms}
    if drop:
        highest = max(TIERS.index(r.tier) for r in new)
        asked = [a for a in recipe.arms if TIERS.index(a.tier) <= highest and a.profile in (profile, "quick")]
        judged |= {(a.arm, a.measurement) for a in asked}
    kept = []
    for old in before.runs:
        stays = planned - (judged if old.profile == profile else set())
        if arms := [a for a in old.arms if (a.arm, a.measurement) in stays]:
            kept.append(old.model_copy(update={"arms": arms}))
    return Recorded(
        recipe=recipe.id,
        predicted=[Prediction.of(a) for a in recipe.arms],
        runs=sorted(new + kept, key=lambda r: (PROFILES.index(r.profile), -len(r.seeds), -len(r.arms))),
        elsewhere=[e for e in before.elsewhere if (e.arm, e.measurement) in planned],
    )


def _new(recipe: Recipe, results: Path, profile: Profile, tier: Tier | None) -> list[Runs]:
    """The runs at hand, a group a tier; each verdict in the group with the most seeds, the higher of two."""
    seed, home = defaults(recipe.path)["seed"], results / recipe.id
    by_tier: dict[Tier, list[dict[str, Any]]] = {t: [] for t in TIERS if tier in (None, t)}
    for run in newest_runs(home):
        given = run["parameters"]
        if given["profile"] == profile and given["tier"] in by_tier:
            by_tier[given["tier"]].append(run)
    groups: list[Runs] = []
    made_from: dict[str, Any] = {}
    for name, runs in by_tier.items():
        if not runs:
            continue
        runs.sort(key=lambda run: (run["parameters"]["seed"] != seed, run["parameters"]["seed"]))
        if runs[0]["parameters"]["seed"] != seed:
            raise InputError(
                f"{home}: the default seed {seed} was not run with profile {profile}, tier {name}; expected"
                f" it among the seeds. Run it: scopecheck run {recipe.id} --profile {profile} --tier {name}"
            )
        for run in runs:
            made_from = made_from or run
            if unlike := _unlike(made_from, run):
                said = [
                    f"seed {r['parameters']['seed']} (tier {r['parameters']['tier']})"
                    for r in (made_from, run)
                ]
                raise InputError(
                    f"{home}: {said[0]} and {said[1]} were not made from the same: {'; '.join(unlike[:3])}."
                    " Run the older one again, or name one tier: --tier"
                )
        groups.append(_group(home, runs, profile, name))
    if not groups:
        where = f"profile {profile}" + (f", tier {tier}" if tier else "")
        raise InputError(f"{home}: no run of {where} was found. Run it first: scopecheck run {recipe.id}")
    best: dict[Pair, Runs] = {}
    for group in groups:
        for a in group.arms:
            pair = a.arm, a.measurement
            best[pair] = max(best.get(pair, group), group, key=lambda g: (len(g.seeds), TIERS.index(g.tier)))
    for group in groups:
        group.arms = [a for a in group.arms if best[a.arm, a.measurement] is group]
    return [group for group in groups if group.arms]


def _unlike(one: dict[str, Any], two: dict[str, Any]) -> list[str]:
    """What two runs were not both made from, in words; data that one tier alone reads do not count."""
    parts = [{**run.get("sources", {}), "versions": run["versions"]} for run in (one, two)]
    shared = set(parts[0].get("data", {})) & set(parts[1].get("data", {}))
    parts = [p | {"data": {k: v for k, v in p.get("data", {}).items() if k in shared}} for p in parts]
    return changes(parts[0], parts[1]) or changes(parts[1], parts[0])


def newest_runs(home: Path) -> list[dict[str, Any]]:
    """The newest ``run.json`` of every profile, tier and seed, every other parameter at its default."""
    newest: dict[tuple[str, str, int], dict[str, Any]] = {}
    for path in home.glob("*/run.json"):
        run = json.loads(path.read_text(encoding="utf-8"))
        given = run["parameters"]
        if path.parent.name == run["key"] and set(run["changed"]) <= {"seed", "tier", "profile"}:
            place = given["profile"], given["tier"], given["seed"]
            newest[place] = max(newest.get(place, run), run, key=lambda r: r["ended"])
    return [*newest.values()]


def runs_table(recipes: list[Recipe], results: Path) -> list[dict[str, Any]]:
    """Every verdict of the newest run of each profile, tier and seed.

    Parameters
    ----------
    recipes : list of Recipe
    results : Path
        The folder of results.

    Returns
    -------
    list of dict
        One a verdict, with the columns `RUNS`; a verdict that a run could not judge has its reason alone.
    """
    rows = []
    for recipe in (r for r in recipes if r.kind == "recipe"):
        home = results / recipe.id
        runs = sorted(newest_runs(home), key=lambda run: [str(run["parameters"][k]) for k in RUNS[1:4]])
        for run in runs:
            for a in read_verdict(home / run["key"] / "verdict.json").arms:
                low, high = a.interval or (None, None)
                of = {"recipe": recipe.id, **{k: run["parameters"][k] for k in RUNS[1:4]}, "key": run["key"]}
                of |= {"arm": a.arm, "measurement": a.measurement, "word": _own_word(a), "reason": a.reason}
                rows.append({**of, "bias": a.bias, "low": low, "high": high, "unit": a.unit, "n": a.n})
    return rows


def _group(home: Path, runs: list[dict[str, Any]], profile: Profile, tier: Tier) -> Runs:
    """What runs that differ in the seed alone said, in their order."""
    told = [read_verdict(home / run["key"] / "verdict.json") for run in runs]
    rows = [{(a.arm, a.measurement): a for a in v.arms} for v in told]
    judged = dict.fromkeys(pair for row in rows for pair, a in row.items() if a.status == "judged")
    arms = []
    for arm, measurement in judged:  # in any seed: that another could not judge it is an answer, too
        of = [row.get((arm, measurement)) for row in rows]
        words = [_own_word(a) if a and a.status == "judged" else NOT_RUN for a in of]
        biases = [_short(a.bias) if a else None for a in of]
        arms.append(ArmWords(arm=arm, measurement=measurement, words=words, biases=biases))
    counts = [
        {a["check"]: [a[k] for k in ("hits", "misses", "false_alarms", "quiet")] for a in v.alarms}
        for v in told
    ]
    notes = [name for name in told[0].notes if all(name in v.notes for v in told)]
    return Runs(
        profile=profile,
        tier=tier,
        seeds=[run["parameters"]["seed"] for run in runs],
        key=runs[0]["key"],
        scopecheck=told[0].scopecheck,
        versions=runs[0]["versions"],
        arms=arms,
        alarms={check: [c[check] for c in counts] for check in counts[0] if all(check in c for c in counts)},
        notes={name: [float(f"{v.notes[name]:.4g}") for v in told] for name in notes},
    )


def _own_word(arm: ArmResult) -> str:
    """What the run itself said, also where the arm is quoted as UNSTABLE."""
    return arm.run_label or arm.label


def _short(value: float | None) -> float | None:
    """Four significant digits: the file is read by people and compared by git."""
    return None if value is None else float(f"{value:.4g}")


def elsewhere(recipe: Recipe, results: Path, where: str) -> Recorded:
    """Add to what is recorded the words in which another machine's default seed differs from this one's.

    Raises
    ------
    InputError
        If nothing is recorded here yet, or the other machine's folder holds no run of the default seed.
    """
    kept, seed = read_recorded(recipe.path), defaults(recipe.path)["seed"]
    if kept is None:
        raise InputError(f"{recorded_path(recipe.path)}: is not there; gather the runs made here first")
    runs = [run for run in newest_runs(results / recipe.id) if run["parameters"]["seed"] == seed]
    if not runs:
        raise InputError(f"{results / recipe.id}: holds no run of the default seed {seed}; expected one")
    away = {(e.profile, e.arm, e.measurement, e.where): e for e in kept.elsewhere}
    for run in runs:
        profile = run["parameters"]["profile"]
        for a in read_verdict(results / recipe.id / run["key"] / "verdict.json").arms:
            ours, label = kept.word(profile, a.arm, a.measurement), _own_word(a)
            if a.status == "judged" and ours and label and label != ours:
                said = {"arm": a.arm, "measurement": a.measurement, "label": label, "where": where}
                away[profile, a.arm, a.measurement, where] = Elsewhere(**said, profile=profile)
    return kept.model_copy(update={"elsewhere": [*away.values()]})


def main(arguments: list[str]) -> int:
    """Write the files; gives the exit status."""
    parser = argparse.ArgumentParser(prog="python -m scopecheck.runner.gather", description=__doc__)
    parser.add_argument("recipes", nargs="*", metavar="ID")
    parser.add_argument("--profile", choices=PROFILES, default="quick")
    parser.add_argument("--tier", choices=TIERS)
    parser.add_argument(
        "--drop", action="store_true", help="forget verdicts that left the plan, or that no run could judge"
    )
    parser.add_argument("--elsewhere", metavar="WHERE", help="add another machine's words, and name it so")
    parser.add_argument("--results", type=Path, help="folder of results, instead of ./results")
    given = parser.parse_args(arguments)
    every = [locate(name) for name in given.recipes] or find()
    for recipe in (r for r in map(read_recipe, every) if r.kind == "recipe"):
        target, results = recorded_path(recipe.path), given.results or results_folder()
        if given.elsewhere:
            found = elsewhere(recipe, results, given.elsewhere)
            print(f"{target}: {len(found.elsewhere)} words of other machines differ from the ones here")
        else:
            found = gather(recipe, results, given.profile, given.tier, given.drop)
            for line in _said(found):
                print(f"{target}: {line}")
        target.parent.mkdir(exist_ok=True)
        write_json(target, found.model_dump())
    return 0


def _said(found: Recorded) -> list[str]:
    lines = []
    for runs in found.runs:
        moved = sum(len(runs.labels(a.arm, a.measurement)) > 1 for a in runs.arms)
        lines.append(
            f"profile {runs.profile}, tier {runs.tier}, seeds {runs.seeds}, {moved} of {len(runs.arms)} words"
            f" change; key {runs.key or 'not kept'}"
            + ("; the tests want one seed or at least five" if 1 < len(runs.seeds) < 5 else "")
        )
    for e in found.elsewhere:
        lines.append(f"kept from before: {e.arm}/{e.measurement} said {e.label} on {e.where}")
    return lines


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (InputError, RecipeError) as err:
        print(err, file=sys.stderr)
        sys.exit(2)
