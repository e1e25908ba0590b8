"""`scopecheck bundle`: everything a machine without a network needs, in one folder."""

from pathlib import Path
from typing import Annotated

import typer

from scopecheck.cli.options import check_choice


def bundle(
    folder: Annotated[Path, typer.Argument(help="The bundle that is written; it must not be there yet.")],
    tier: Annotated[str, typer.Option(help="Data for embedded, public or archive.")] = "embedded",
    data: Annotated[
        list[str] | None, typer.Option(help="These names of `data list` alone; repeat it.")
    ] = None,
    platform: Annotated[
        list[str] | None,
        typer.Option(help="Wheels for it, as pip names it: manylinux_2_28_x86_64; repeat it. Else this one."),
    ] = None,
    lock: Annotated[Path, typer.Option(help="Pinned requirements.")] = Path("requirements.lock"),
    book: Annotated[Path, typer.Option(help="The rendered book.")] = Path("_build/html"),
) -> None:
    """Write data, weights, wheels, the repository and the rendered book into one folder, with their hashes.

    On a machine without a network its README's three lines run the recipes. Type it in the repository's
    folder, after `make book`. A bundle that was broken off is gone on with by the same command.
    """
    from scopecheck.data.catalogue import catalogue, describe
    from scopecheck.record.plan import TIERS
    from scopecheck.runner.bundle import make_bundle

    check_choice("tier", tier, TIERS)
    upto = TIERS[: TIERS.index(tier) + 1]  # type: ignore[arg-type]
    names = [describe(name).name for name in data or []] or [
        entry.name for entry in catalogue().datasets.values() if entry.tier in upto
    ]
    made = make_bundle(folder, Path.cwd(), names, tier=tier, lock=lock, book=book, platforms=platform)
    size = sum(path.stat().st_size for path in made.rglob("*") if path.is_file())
    typer.echo(f"{made}: {size / 1e6:,.1f} MB. Copy it; {made / 'README'} says what to type there.")
