"""`scopecheck jobs`: the runs that a cluster is given, a line each."""

from dataclasses import asdict, fields
from pathlib import Path
from typing import Annotated

import typer


def jobs(
    recipe: Annotated[list[str] | None, typer.Argument(help="Ids of recipes; without any, all.")] = None,
    profile: Annotated[str, typer.Option(help="quick or full.")] = "quick",
    tier: Annotated[str, typer.Option(help="embedded, public or archive.")] = "embedded",
    seeds: Annotated[int, typer.Option(min=1, max=1000, help="Runs of each recipe; a page runs once.")] = 1,
    out: Annotated[Path, typer.Option(help="Table (CSV) that is written.")] = Path("jobs.csv"),
) -> None:
    """Write the runs of recipes as a table, a line each, for `workflow/scopecheck.sbatch` and Snakemake.

    A line holds recipe, profile, tier, seed, the key of the result, and what the job may take: minutes
    (three times the recipe's own, at least 30), memory and whether it needs a GPU; and whether it is at hand.
    """
    from scopecheck.cli.options import write_table
    from scopecheck.runner.find import find, locate, results_folder
    from scopecheck.runner.jobs import Job, jobs_of

    paths = [locate(name) for name in recipe] if recipe else find()
    found = jobs_of(paths, results_folder(), profile, tier, seeds)
    write_table(out, [f.name for f in fields(Job)], [asdict(job) for job in found])
    minutes, memory = max(job.minutes for job in found) + 10, max(job.memory_mib for job in found)
    there = sum(job.at_hand == "yes" for job in found)
    typer.echo(f"{out}: {len(found)} jobs, {there} of them at hand. On SLURM, as a job array:")
    typer.echo(
        f"  sbatch --array=1-{len(found)} --time={minutes} --mem={memory}M workflow/scopecheck.sbatch {out}"
    )
