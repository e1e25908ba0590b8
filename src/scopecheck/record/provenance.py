"""Provenance of a result: an RO-Crate linking raw inputs, outputs, tool, weights, parameters and machine."""

import hashlib
from pathlib import Path
from typing import Any

from scopecheck.record.plan import plan_path
from scopecheck.record.recipe import Recipe


def dataset_files(name: str) -> list[tuple[str, str]]:
    """Give (file name, sha256) of every file of a catalogue entry, sorted by name.

    A file that the catalogue lists without a hash is among them only where it is at hand.
    """
    from scopecheck.data import cache, describe

    entry = describe(name)
    here = [f for f in entry.files if not entry.may_lack(f) or cache.ready(entry, f)]
    return sorted((f.name, cache.expected(entry, f) or "not pinned") for f in here)


def dataset_sha256(name: str) -> str:
    """One sha256 for a catalogue entry: its file's, or that of the sorted ``sha256  name`` lines."""
    files = dataset_files(name)
    if len(files) == 1:
        return files[0][1]
    text = "".join(f"{digest}  {file}\n" for file, digest in files)
    return hashlib.sha256(text.encode()).hexdigest()


def further_files(name: str) -> int:
    """Count the files at hand that the catalogue lists without a hash; recorded words were made without."""
    from scopecheck.data import cache, describe

    entry = describe(name)
    return sum(entry.may_lack(file) and cache.ready(entry, file) for file in entry.files)


def write_crate(folder: str | Path, recipe: Recipe, run: dict[str, Any]) -> Path:
    """Write ``ro-crate-metadata.json`` into a result folder.

    Parameters
    ----------
    folder : str or Path
        Holds the executed notebook, ``verdict.json`` and figures; every file in it is an output.
    recipe : Recipe
        Its front matter.
    run : dict
        ``parameters``, ``versions`` (package to version), ``datasets`` (names the tier allows),
        ``datasets_missing`` (those that could not be had), ``started``, ``ended`` (ISO 8601), ``machine``
        (CPU, cores, system) and ``flags`` (environment set for determinism).

    Returns
    -------
    Path
        The file written.
    """
    from rocrate.model import ContextEntity
    from rocrate.rocrate import ROCrate

    folder = Path(folder)
    crate = ROCrate()
    crate.name = f"{recipe.id}: {recipe.title}"
    crate.description = f"One run of the recipe {recipe.id}, judged by scopecheck."

    def entity(at: str, kind: str, /, **properties: Any) -> Any:
        kept = {k: v for k, v in properties.items() if v not in (None, "", [], {})}
        return crate.add(ContextEntity(crate, at, properties={"@type": kind, **kept}))

    outputs = [
        crate.add_file(path, str(path.relative_to(folder)), properties={"name": path.name})
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith("ro-crate") and path.suffix != ".log"
    ]
    missing = run.get("datasets_missing", ())
    inputs = [_dataset(name, entity) for name in run["datasets"] if name not in missing]
    source = entity(
        f"#{recipe.id}.py", "SoftwareSourceCode", name=recipe.path.name, sha256=_sha256(recipe.path)
    )
    plan = plan_path(recipe.path)
    if plan.is_file():
        inputs.append(entity(f"#{plan.name}", "File", name=plan.name, sha256=_sha256(plan)))
    tools = [
        entity(f"#{name}-{version}", "SoftwareApplication", name=name, softwareVersion=version)
        for name, version in run["versions"].items()
    ]
    settings = [
        entity(f"#{kind}-{name}", "PropertyValue", name=name, value=str(value))
        for kind in ("parameters", "flags", "machine")
        for name, value in run[kind].items()
    ]
    crate.add_action(
        source,
        f"#run-{folder.name}",
        object=[*inputs, *settings],
        result=outputs,
        properties={
            "name": f"run of {recipe.id}",
            "startTime": run["started"],
            "endTime": run["ended"],
            "actionStatus": "http://schema.org/CompletedActionStatus",
        },
    )["softwareRequirements"] = tools
    crate.metadata.write(folder)
    return folder / "ro-crate-metadata.json"


def _dataset(name: str, entity: Any) -> Any:
    from scopecheck import data

    described = data.describe(name)
    files = [
        entity(f"#{name}/{file}", "File", name=file, sha256=digest) for file, digest in dataset_files(name)
    ]
    return entity(
        f"#{name}",
        "Dataset",
        name=name,
        identifier=getattr(described, "accession", None),
        license=getattr(described, "licence", None),
        citation=getattr(described, "citation", None),
        hasPart=files,
    )


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
