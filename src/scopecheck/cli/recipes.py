"""`scopecheck list`, `show`, `run` and `report`: the recipes, what runs gave, and the book's tables."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from scopecheck.cli.options import AsJson, parameters
from scopecheck.errors import InputError, RecipeError

app = typer.Typer(
    help="Does the number you would publish from an AI-processed image still hold?",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
Name = Annotated[str, typer.Argument(help="The recipe's id, as `scopecheck list` gives it.")]


def _say(content: Any) -> None:
    from scopecheck.record.result import strict

    typer.echo(json.dumps(strict(content), indent=1, ensure_ascii=False))


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """List the recipes: what each judges, its tools, and how long a quick run takes."""
    from scopecheck.record.recipe import read_recipe
    from scopecheck.runner.find import find

    recipes, bad = [], []
    for path in find():
        try:
            recipes.append(read_recipe(path))
        except RecipeError as err:
            bad.append(str(err))
    for fault in bad:
        typer.echo(f"scopecheck: {fault}", err=True)
    if as_json:
        _say([r.model_dump(mode="json", by_alias=True, exclude={"path"}) for r in recipes])
        raise typer.Exit(2 if bad else 0)
    wide = max((len(r.id) for r in recipes), default=0)
    for r in recipes:
        verdicts = f"{len(r.arms)} verdicts" if r.arms else "page"
        minutes = f"{r.minutes['quick']:g} min" if r.minutes else ""
        typer.echo(f"{r.id:<{wide}}  {verdicts:<12}  {minutes:<7}  {', '.join(r.tools)}".rstrip())
        typer.echo(f"    {r.title}")  # a line of its own: never cut, and wrapped by nothing but the terminal
    raise typer.Exit(2 if bad else 0)


@app.command()
def show(recipe: Name, as_json: AsJson = False) -> None:
    """Show one recipe: its measurements with their tolerances, its arms, and its parameters."""
    from scopecheck.record.plan import PROFILES
    from scopecheck.record.recipe import read_recipe
    from scopecheck.record.recorded import Recorded, counted, read_recorded
    from scopecheck.record.result import UNSTABLE
    from scopecheck.runner.find import defaults, locate

    path = locate(recipe)
    r, parameters = read_recipe(path), defaults(path)
    kept = read_recorded(path) or Recorded(recipe=r.id)
    if as_json:
        told = r.model_dump(mode="json", by_alias=True, exclude={"path"})
        for a in told["arms"]:
            a["recorded"] = {p: kept.word(p, a["arm"], a["measurement"]) for p in PROFILES}
        _say({**told, "parameters": parameters})
        return
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    console.print(f"[bold]{r.id}[/]: {r.title}")
    if r.failure_mode:
        console.print(f"Failure mode: {r.failure_mode}", markup=False)
    for goal in r.goals:
        console.print(f"  - {goal}", markup=False)
    for name, m in r.measurements.items():
        console.print(
            f"{name} ({m.unit}), {m.estimand}, tolerance {m.tolerance} {m.scale}: {m.why}", markup=False
        )
    if r.arms:
        table = Table()
        heads = ("arm, measurement", "where", "control", "predicted", "recorded", "seen in training")
        for head in heads:
            table.add_column(head, no_wrap=head == heads[0])
        for a in r.arms:
            seen = kept.words_seen("quick", a.arm, a.measurement)
            unstable = f"{UNSTABLE} ({counted(seen)})" if len(seen) > 1 else ""
            recorded = unstable or kept.word("quick", a.arm, a.measurement) or "not yet"
            where = f"{a.tier}, {a.profile}"
            row = (where, a.control or "", a.predicted or "", recorded, a.seen_in_training)
            table.add_row(f"{a.arm}\n{a.measurement}", *row, end_section=True)
        console.print(table)
    console.print(
        "Parameters (-p name=value): " + ", ".join(f"{k}={v!r}" for k, v in parameters.items()), markup=False
    )


@app.command()
def run(
    recipe: Annotated[list[str] | None, typer.Argument(help="Ids of recipes.")] = None,
    parameter: Annotated[
        list[str] | None,
        typer.Option("-p", "--parameter", metavar="NAME=VALUE", help="A parameter; repeat it."),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Run every recipe.")] = False,
    profile: Annotated[
        str | None, typer.Option(help="quick (laptops, CI) or full (the printed book).")
    ] = None,
    tier: Annotated[
        str | None, typer.Option(help="embedded, public or archive: which data may be used.")
    ] = None,
    jobs: Annotated[int, typer.Option(min=1, max=64, help="Recipes at a time.")] = 1,
    again: Annotated[bool, typer.Option("--again", help="Run even where nothing changed.")] = False,
    why: Annotated[bool, typer.Option("--why", help="Name all that changed since the last run.")] = False,
    minutes: Annotated[float, typer.Option(min=0.01, help="Time limit of a recipe, minutes.")] = 360,
    memory_gib: Annotated[float | None, typer.Option(min=0.05, help="Memory limit of a recipe, GiB.")] = None,
    threads: Annotated[
        int | None, typer.Option(min=1, help="Threads of a recipe; else the cores are shared out.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Run recipes, or all; what has not changed since its last run is not run again.

    Ends with 0 when all is well, 1 when a recipe failed or a verdict differs from the recorded one, 2 on bad
    input. A recipe that cannot run here is reported as not run, with the reason. One that only takes long
    goes on; it is ended when it does nothing for ten minutes, or at the time limit.
    """
    from contextlib import nullcontext

    from scopecheck.runner.find import find, locate, results_folder
    from scopecheck.runner.progress import following, summary
    from scopecheck.runner.run import run_all

    if bool(recipe) == every:
        raise InputError("name one recipe, or give --all (and not both); `scopecheck list` names them")
    named = [f"{k}={v}" for k, v in (("profile", profile), ("tier", tier)) if v]
    given = parameters([*(parameter or []), *named])
    paths = find() if every else [locate(name) for name in dict.fromkeys(recipe or [])]
    limits: dict[str, Any] = {"jobs": jobs, "again": again, "minutes": minutes, "memory_gib": memory_gib}
    limits["threads"] = threads
    try:
        with nullcontext(lambda **_: None) if as_json else following(len(paths), why) as tell:
            outcomes = run_all(paths, given, results_folder(), tell=tell, **limits)
    except KeyboardInterrupt:
        typer.echo("scopecheck: interrupted; run the same command again to go on", err=True)
        raise typer.Exit(130) from None
    if as_json:
        _say([vars(o) for o in outcomes])
    else:
        summary(outcomes)
    if any(o.bad for o in outcomes):
        raise typer.Exit(1)


@app.command()
def report(
    book: Annotated[
        Path | None, typer.Option(help="Write pages, tables and a picture for the book there.")
    ] = None,
    export: Annotated[
        Path | None, typer.Option(help="Write results.json there: runs, records and submissions.")
    ] = None,
    results: Annotated[
        list[Path] | None,
        typer.Option(help="Folder of results, by default results; for --export repeat it, the first wins."),
    ] = None,
    runs: Annotated[
        Path | None, typer.Option(help="Write every verdict of every seed there, a table (CSV).")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show all verdicts of the latest results; with --book, write what the book is built from."""
    from scopecheck.record import published
    from scopecheck.record.overview import latest, rich_table
    from scopecheck.runner.find import find, recipes_folder, results_folder

    folders = results or [results_folder()]
    if missing := [folder for folder in results or [] if not folder.is_dir()]:
        raise InputError(f"--results: {missing[0]} is no folder; expected one that `scopecheck run` wrote")
    if len(folders) > 1 and (book or as_json or not export):
        raise InputError("--results: several folders are for --export alone; give one")
    states = [latest(path, folder) for folder in folders for path in find()]
    submissions = published.submissions_folder(recipes_folder())
    if book:
        from scopecheck.runner.book import write_book

        typer.echo(f"Wrote {write_book(states, book, submissions)}", err=as_json)
    if export:
        written = published.write(published.collect(states, submissions), export)
        typer.echo(f"Wrote {written}", err=as_json)
    if runs:
        from scopecheck.cli.options import write_table
        from scopecheck.runner.gather import RUNS, runs_table

        rows = runs_table([s.recipe for s in states], results_folder())
        write_table(runs, RUNS, rows)
        typer.echo(f"Wrote {runs}: {len(rows)} verdicts", err=as_json)
    if as_json:
        _say([s.as_dict() for s in states])
    elif not (book or export or runs):
        rich_table(states)
