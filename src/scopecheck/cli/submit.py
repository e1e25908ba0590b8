"""`scopecheck submit`: judge a folder of a tool's outputs against a dataset of the catalogue."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from scopecheck.cli.options import AsJson, print_table
from scopecheck.errors import InputError


def submit(
    folder: Annotated[Path, typer.Argument(help="Label images of a tool, and manifest.json beside them.")],
    out: Annotated[
        Path | None, typer.Option(help="Write the entries for results.json there; keep it in submissions/.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Judge a folder of label images that a tool made of a dataset of the catalogue.

    The manifest names tool, version, settings, dataset with its hash, the files, and each measurement with
    its tolerance. The rules are those of `scopecheck score labels`. Ends with 0 when judged, whatever the
    verdict; with 2 on bad input.
    """
    from scopecheck.record import published
    from scopecheck.record.result import caption
    from scopecheck.record.tables import detail, verdicts
    from scopecheck.score.submission import judge_folder

    if not folder.is_dir():
        raise InputError(f"{folder}: is no folder; expected one with manifest.json and the label images")
    results, rows, notes = judge_folder(folder)
    if out:
        published.write(results, out)
    if as_json:
        content = results.model_dump(mode="json") | {"notes": notes}
        typer.echo(json.dumps(content, indent=1, ensure_ascii=False))
        return
    from rich.console import Console

    console = Console(highlight=False)
    first = results.entries[0]
    console.print(f"{first.tool} {first.version} on {', '.join(first.data)} ({first.setting})", markup=False)
    print_table(console, verdicts(rows, rows[0].scope or ""))
    console.print(caption(rows), markup=False)
    notes += [f"{row.measurement}: {told}" for row in rows if (told := detail(row))]
    for note in dict.fromkeys(notes):
        console.print(f"- {note}", markup=False)
    if out:
        console.print(f"Wrote {out}", markup=False)
