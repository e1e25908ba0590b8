"""The command `scopecheck`: its groups put together, and bad input as one line with exit status 2."""

import sys
from typing import Annotated, Any

import typer

from scopecheck import __version__
from scopecheck.cli import check, data
from scopecheck.cli.bundle import bundle
from scopecheck.cli.contrast import contrast
from scopecheck.cli.correct import correct
from scopecheck.cli.fsc import fsc
from scopecheck.cli.jobs import jobs
from scopecheck.cli.labels import labels
from scopecheck.cli.localisations import localisations
from scopecheck.cli.locate import locate
from scopecheck.cli.picks import picks
from scopecheck.cli.recipes import app
from scopecheck.cli.restored import restored
from scopecheck.cli.submit import submit
from scopecheck.cli.sweep import sweep
from scopecheck.errors import DataError, InputError, RecipeError

score = typer.Typer(
    no_args_is_help=True,
    help="Judge what any tool made: label images, picks, half maps, localisations, restored images; or a"
    " difference between two conditions.",
)
for judge in (labels, picks, fsc, localisations, restored, contrast):
    score.command()(judge)
app.command()(correct)
app.command()(locate)
app.command()(sweep)
app.command()(submit)
app.command()(jobs)
app.command()(bundle)
app.add_typer(data.app, name="data")
app.add_typer(score, name="score")
app.add_typer(check.app, name="check")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"scopecheck {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True)] = False,
) -> None:
    pass


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
