"""`scopecheck data`: list, show, fetch, verify, where and clean."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scopecheck.errors import DataError

if TYPE_CHECKING:
    from scopecheck.data.catalogue import Entry

app = typer.Typer(
    no_args_is_help=True, help="Datasets and weights: what they are, fetching, checking, cleaning."
)
Name = Annotated[str, typer.Argument(help="A name that `scopecheck data list` gives.")]
Names = Annotated[list[str] | None, typer.Argument(help="Names that `scopecheck data list` gives.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def _entry(name: str) -> Entry:
    """Return the catalogue's entry; an accession has none, and is known to fetch and clean alone."""
    from scopecheck.data import archives, datasets
    from scopecheck.data.catalogue import describe

    if archives.parse(name):
        raise DataError(
            f"{name}: is an accession, which `data fetch` and `data clean` alone know; expected a name of"
            f" `data list`. What was fetched of it lies in {datasets.where(name)}."
        )
    return describe(name)


def _size(count: int) -> str:
    return f"{count / 1e6:,.1f} MB"


def _print(rows: list[dict[str, Any]], as_json: bool, title: str = "", note: str = "") -> None:
    """Print rows as a table, or as JSON."""
    if as_json:
        typer.echo(json.dumps(rows, indent=1))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(*(rows[0] if rows else ()), title=title, caption=note)
    for column in table.columns[:1]:
        column.no_wrap = True
    for row in rows:
        table.add_row(*(_size(v) if k == "bytes" else v for k, v in row.items()))
    Console(markup=False, emoji=False).print(table)  # a path may hold brackets


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """List every dataset and weight file, and what the cache holds."""
    from scopecheck.data import cache
    from scopecheck.data.catalogue import catalogue

    rows = [
        {
            "name": entry.name,
            "tier": entry.tier,
            "what": entry.title,
            "bytes": entry.bytes,
            "cached": f"{len(cache.cached_files(entry))}/{len(entry.files)}",
        }
        for entry in catalogue().datasets.values()
    ]
    _print(rows, as_json, note=f"cache: {cache.cache_dir()}, {_size(cache.used())}")


@app.command()
def show(name: Name, as_json: AsJson = False) -> None:
    """Show accession, licence, citation, pixel size, truth, its faults, and what may have trained on it."""
    entry = _entry(name)
    from scopecheck.record.provenance import dataset_sha256

    found = entry.model_dump(mode="json", exclude_none=True) | {"sha256": dataset_sha256(name)}
    if as_json:
        typer.echo(json.dumps(found, indent=1))
        return
    import yaml

    found["files"] = f"{len(found['files'])} file(s), {_size(entry.bytes)}"
    typer.echo(yaml.safe_dump(found, sort_keys=False, allow_unicode=True, width=100).rstrip())


@app.command()
def fetch(
    names: Annotated[
        list[str] | None, typer.Argument(help="Names of `data list`, or empiar:10017, emdb:EMD-30342.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every dataset and weight file.")] = False,
    to: Annotated[Path | None, typer.Option(help="Write a mirror for SCOPECHECK_MIRROR there.")] = None,
    limit: Annotated[
        int | None, typer.Option(help="Files of each name, the first ones; EMPIAR needs it.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Fetch datasets into the cache and, with --to, a mirror folder for a machine without a network."""
    from scopecheck.data import archives, datasets
    from scopecheck.data.catalogue import catalogue, describe

    if bool(names) == everything:
        raise typer.BadParameter("give names, or --all")
    rows, failed = [], 0
    for name in catalogue().datasets if everything else names or []:
        try:
            path = datasets.fetch(name, to=to, limit=limit)
            whole = 0 if archives.parse(name) else len(describe(name).files)
            if limit is not None and limit < whole:
                said = f"{name}: {limit} of {whole} files; a recipe fetches the rest when it needs them."
                typer.echo(said, err=True)
            rows.append({"name": name, "path": str(path), "error": ""})
        except DataError as error:
            failed += 1
            rows.append({"name": name, "path": "", "error": str(error)})
    if as_json:
        _print(rows, True)
    for row in () if as_json else rows:
        said = row["path"] or row["error"]
        named = said.startswith((f"{row['name']}: ", repr(row["name"])))
        typer.echo(said if named else f"{row['name']}: {said}", err=bool(row["error"]))
    if to and failed < len(rows) and not as_json:
        typer.echo(f"On the machine without a network: export SCOPECHECK_MIRROR={to.absolute()}")
    if failed:
        typer.echo(f"{failed} of {len(rows)} could not be fetched.", err=True)
        raise typer.Exit(2)


@app.command()
def verify(names: Names = None, as_json: AsJson = False) -> None:
    """Hash the datasets in the cache; status 1 when a file is not what the catalogue says."""
    from scopecheck.data import cache
    from scopecheck.data.catalogue import catalogue

    rows, faults = [], []
    for name in names or catalogue().datasets:
        entry = _entry(name)
        here = cache.cached_files(entry)
        wrong = [str(cache.cached_path(entry, file)) for file in here if not cache.ready(entry, file)]
        part = "in part" if here else "not fetched"
        state = "wrong" if wrong else "right" if len(here) == len(entry.files) else part
        row = {"name": name, "state": state, "files": f"{len(here)}/{len(entry.files)}"}
        rows.append(row | {"wrong": wrong} if as_json else row)
        faults += [f"{path}: not what the catalogue says; `scopecheck data fetch {name}`" for path in wrong]
    _print(rows, as_json)
    if faults:
        typer.echo("\n".join(faults), err=True)
        raise typer.Exit(1)


@app.command()
def where(name: Name, as_json: AsJson = False) -> None:
    """Print where a dataset lies in the cache, whether it is there, and where it can be had."""
    from scopecheck.data import cache, datasets, mirror

    entry = _entry(name)
    here = [file for file in entry.files if cache.ready(entry, file)]
    mirrored = [file for file in entry.files if mirror.holds(cache.expected(entry, file))]
    sources = dict.fromkeys(source for file in entry.files for source in entry.sources_of(file))
    found: dict[str, Any] = {
        "path": str(datasets.where(name)),
        "files": len(entry.files),
        "in_cache": len(here),
        "in_mirror": len(mirrored),
        "sources": [
            f"{s.kind} {s.url or s.archive or s.beside or f'{s.package}, member {s.member}'}" for s in sources
        ],
        "archive_lock": str(cache.lock_path()),
    }
    if as_json:
        typer.echo(json.dumps(found, indent=1))
    else:
        typer.echo(found["path"])
        typer.echo(
            f"{len(here)} of {len(entry.files)} files in the cache, {len(mirrored)} in a mirror", err=True
        )
        typer.echo("\n".join(found["sources"]), err=True)


@app.command()
def clean(names: Names = None, as_json: AsJson = False) -> None:
    """Remove datasets from the cache; without names, all of them and the registry files they came in."""
    from scopecheck.data import cache, datasets

    freed = datasets.clean(names or None)
    left = cache.used()
    if as_json:
        typer.echo(json.dumps({"cache": str(cache.cache_dir()), "freed": freed, "left": left}))
    else:
        typer.echo(f"{_size(freed)} freed, {_size(left)} left in {cache.cache_dir()}")
