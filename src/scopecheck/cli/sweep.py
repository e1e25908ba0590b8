"""`scopecheck sweep`: a recipe's own tool over a grid of acquisition settings."""

from pathlib import Path
from typing import Annotated

import typer

from scopecheck.cli.options import parameters


def sweep(
    recipe: Annotated[str, typer.Argument(help="The recipe's id, as `scopecheck list` gives it.")],
    over: Annotated[
        list[str] | None,
        typer.Option(
            "--grid", metavar="NAME=VALUES", help="A setting and its values: photons=20,60,200; repeat it."
        ),
    ] = None,
    source: Annotated[
        str, typer.Option(help="simulated, or a dataset of one image, as bbbc038-field, that is taken again.")
    ] = "simulated",
    side: Annotated[
        int | None, typer.Option(min=32, help="Pixels a side: of the field, or of a real image's middle.")
    ] = None,
    n: Annotated[int, typer.Option("-n", "--images", min=1, max=1000, help="Images of each setting.")] = 5,
    seed: Annotated[int, typer.Option(min=0, help="Of the first image; the others follow.")] = 0,
    parameter: Annotated[
        list[str] | None,
        typer.Option("-p", "--parameter", metavar="NAME=VALUE", help="A parameter of the recipe; repeat it."),
    ] = None,
    chance: Annotated[
        bool, typer.Option(help="Compare objects that match poorly with objects at random places; slow.")
    ] = True,
    out: Annotated[Path, typer.Option(help="Table (CSV) that is written, or gone on with.")] = Path(
        "sweep.csv"
    ),
    jobs: Annotated[int, typer.Option(min=1, max=64, help="Processes, each with the tool loaded once.")] = 1,
) -> None:
    """Ask a recipe's own tool under many acquisition settings, without a notebook for each.

    Gives a table with bias, 90 % interval and word of each measurement under each setting. Type the same
    command again to go on where it was broken off.

    Nuclei are simulated with known outlines: `diameter` and `blur_px` in pixels, `coverage` (share of the
    field under nuclei), `touching` (share that touch another), `photons` of a bright pixel (the 99.9th
    percentile, above background) and `background` a pixel. A real image is taken again: `photons`,
    `background`, `blur_px`, `pixel_factor`, `fall_off`, `labelled`.
    """
    from rich.console import Console
    from rich.progress import Progress

    from scopecheck.runner.conditions import Source
    from scopecheck.runner.find import locate, resolve_parameters
    from scopecheck.runner.sweep import grid
    from scopecheck.runner.sweep import sweep as run

    path = locate(recipe)
    _, whole, changed = resolve_parameters(path, parameters(parameter or []))
    where = Source(source, side, tuple(range(seed, seed + n)), chance)
    values = grid(over or [], where)
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(f"{recipe}, settings")
        asked = run(
            path, whole, changed, values, where, out, jobs=jobs,
            tell=lambda done, total: bar.update(task, completed=done, total=total),
        )  # fmt: skip
    typer.echo(f"{out}: {asked} settings asked now; n = {n} images each, {where.name}")
