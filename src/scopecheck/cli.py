"""The command `scopecheck`: list, show, run and report recipes; score what tools made; fetch data."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from . import __version__, cli_data, cli_score, cli_score_cryoem, cli_score_maps
from .errors import DataError, InputError, RecipeError

app = typer.Typer(
    help="Does the number you would publish from an AI-processed image still hold?",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
cli_score.app.command("picks")(cli_score_cryoem.picks)
cli_score.app.command("fsc")(cli_score_maps.fsc)
app.add_typer(cli_data.app, name="data")
app.add_typer(cli_score.app, name="score")

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Name = Annotated[str, typer.Argument(help="The recipe's id, as `scopecheck list` gives it.")]


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"scopecheck {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True)] = False,
) -> None:
    pass


def _say(content: Any) -> None:
    from .record.result import strict

    typer.echo(json.dumps(strict(content), indent=1, ensure_ascii=False))


@app.command("list")
def list_(as_json: Json = False) -> None:
    """List the recipes: what each judges, its tools, and how long a quick run takes."""
    from .record.recipe import read_recipe
    from .runner.find import find

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
def show(recipe: Name, as_json: Json = False) -> None:
    """Show one recipe: its measurements with their tolerances, its arms, and its parameters."""
    from .record.recipe import read_recipe
    from .record.result import UNSTABLE
    from .record.seeds import counted, read_seeds
    from .runner.find import defaults, locate

    path = locate(recipe)
    r, parameters, seeds = read_recipe(path), defaults(path), read_seeds(path)
    if as_json:
        _say({**r.model_dump(mode="json", by_alias=True, exclude={"path"}), "parameters": parameters})
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
            seen = seeds.words_seen(a.arm, a.measurement) if seeds else {}
            unstable = f"{UNSTABLE} ({counted(seen)})" if len(seen) > 1 else ""
            recorded = unstable or a.recorded_in("quick") or "not yet"
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
    as_json: Json = False,
) -> None:
    """Run recipes, or all; what has not changed since its last run is not run again.

    Ends with 0 when all is well, 1 when a recipe failed or a verdict differs from the recorded one, 2 on bad
    input. A recipe that cannot run here is reported as not run, with the reason. One that only takes long
    goes on; it is ended when it does nothing for ten minutes, or at the time limit.
    """
    from contextlib import nullcontext

    from .runner.find import find, locate, results_folder
    from .runner.progress import following, summary
    from .runner.run import run_all

    if bool(recipe) == every:
        raise InputError("name one recipe, or give --all (and not both); `scopecheck list` names them")
    given: dict[str, str] = {}
    for text in [*(parameter or []), *(f"{k}={v}" for k, v in (("profile", profile), ("tier", tier)) if v)]:
        name, equals, value = text.partition("=")
        if not equals:
            raise InputError(f"-p {text}: expected name=value")
        if given.setdefault(name, value) != value:
            raise InputError(f"{name} is given twice, as {given[name]!r} and as {value!r}")
    paths = find() if every else [locate(name) for name in dict.fromkeys(recipe or [])]
    limits: dict[str, Any] = {"jobs": jobs, "again": again, "minutes": minutes, "memory_gib": memory_gib}
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
    as_json: Json = False,
) -> None:
    """Show all verdicts of the latest results; with --book, write what the book is built from."""
    from .record.overview import latest, rich_table
    from .runner.find import find, results_folder

    states = [latest(path, results_folder()) for path in find()]
    if book:
        from .runner.book import write_book

        typer.echo(f"Wrote {write_book(states, book)}", err=as_json)
    if as_json:
        _say([s.as_dict() for s in states])
    elif not book:
        rich_table(states)


_UsageError: Any = typer.BadParameter.__mro__[1]  # click's, which some versions of typer keep inside


def _misused(err: Any) -> str:
    """One line on a command line that cannot be read: the fault, what was meant, where it is explained."""
    text = " ".join(err.format_message().split()).rstrip(".")
    if option := getattr(err, "option_name", ""):
        near = getattr(err, "possibilities", None)
        hint = f" (did you mean {' or '.join(sorted(near))}?)" if near else ""
        text = f"no option {option}{hint}" if type(err).__name__ == "NoSuchOption" else text
    where = f"`{err.ctx.command_path} --help` lists what there is" if err.ctx else "see `scopecheck --help`"
    return f"{text[:1].lower()}{text[1:]}{'' if text.endswith('?') else ';'} {where}"


def main() -> None:
    """Run the command; bad input is one line on the standard error and exit status 2."""
    try:
        status = app(prog_name="scopecheck", standalone_mode=False)
    except _UsageError as err:
        if type(err).__name__ == "NoArgsIsHelpError":
            err.show()
        else:
            print(f"scopecheck: {_misused(err)}", file=sys.stderr)
        status = 2
    except typer.Abort:
        status = 130
    except (InputError, DataError, RecipeError, ValueError, OSError) as err:
        print(f"scopecheck: {' '.join(str(err).split())}", file=sys.stderr)
        status = 2
    sys.exit(status if isinstance(status, int) else 0)
