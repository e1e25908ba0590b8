"""The key of a result: everything that decides it, hashed."""

import hashlib
import json
import platform
import re
from pathlib import Path
from typing import Any

from scopecheck import __version__
from scopecheck.data.catalogue import catalogue_path
from scopecheck.errors import RecipeError
from scopecheck.record.plan import plan_path
from scopecheck.record.recipe import Recipe, read_recipe
from scopecheck.record.recorded import read_recorded
from scopecheck.record.result import installed
from scopecheck.runner.find import defaults
from scopecheck.runner.reach import reached, without

KEPT = ("notebooks", "recorded")  # beside the recipes: derived from results
# What the catalogue says of a dataset and a run may use; its files count by their hashes.
DECIDES = {"format", "pixel_size_um", "acquisitions", "truth", "seen_by", "root"}
_CALLED = {"modules": "module", "versions": "version of", "parameters": "parameter", "data": "dataset"}
_CALLED |= {"beside": "file", "flags": "flag"}

# Set in every recipe's process: the same input gives the same output as far as the tools allow.
FLAGS = {
    "PYTHONHASHSEED": "0",
    "TF_DETERMINISTIC_OPS": "1",
    "TF_CUDNN_DETERMINISTIC": "1",
    "TF_ENABLE_ONEDNN_OPTS": "0",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "CUBLAS_WORKSPACE_CONFIG": ":4096:8",
}
# Their recipes ask kept networks hundreds of images, see `tools.keras`.
KEPT_NETWORKS = {"csbdeep", "n2v", "tensorflow-cpu"}
ALWAYS = ("numpy", "scipy", "scikit-image", "papermill")
ENGINES = {
    "cellpose": ("torch",),
    "cryodrgn": ("torch",),
    "monai": ("torch",),
    "stardist": ("csbdeep", "tensorflow-cpu"),
    "topaz-em": ("torch", "torchvision"),
}


def flags_of(recipe: Recipe) -> dict[str, str]:
    """What is set in the environment of this recipe's process."""
    return {**FLAGS, "TF_ENABLE_ONEDNN_OPTS": "1"} if KEPT_NETWORKS & set(recipe.tools) else FLAGS


def versions(recipe: Recipe) -> dict[str, str]:
    """Versions of Python, the recipe's tools with what computes for them, and what every recipe stands on."""
    engines = [name for tool in recipe.tools for name in ENGINES.get(tool, ())]
    found = {name: installed(name) or "not installed" for name in (*recipe.tools, *engines, *ALWAYS)}
    return {"python": platform.python_version(), "scopecheck": __version__, **found}


def public(found: dict[str, str]) -> dict[str, str]:
    """Versions without the build: 2.13.0 of 2.13.0+cpu, which is the same code for another machine."""
    return {name: version.partition("+")[0] for name, version in found.items()}


def sources(recipe: Recipe, settled: dict[str, Any]) -> dict[str, Any]:
    """The sha256 of the recipe, of its plan and of files it reads beside it; its modules, each with a hash.

    What runs for a reader's own image alone is not reached while the parameter of that (``my_...``) is empty.
    What is kept of earlier runs lies beside it, too, and is none of it: it tells of results and decides none.
    """
    path, plan = recipe.path, plan_path(recipe.path)
    text = path.read_text(encoding="utf-8")
    try:
        empty = {name for name, value in settled.items() if name.startswith("my_") and not value}
        modules = reached(without(text, empty))
    except SyntaxError as err:
        raise RecipeError(f"{path}: line {err.lineno}: {err.msg}") from err
    return {
        "recipe": _sha256(path),
        "plan": _sha256(plan) if plan.is_file() else "",
        "beside": {f"{p.parent.name}/{p.name}": _sha256(p) for p in _beside(path, text)},
        "modules": modules,
    }


def recorded_hash(recipe: Recipe, profile: str) -> str:
    """The sha256 of what a page of this profile quotes of recorded runs; it decides no result.

    It is no part of the key: a result whose page quotes other runs than these is made again under it.
    """
    kept = read_recorded(recipe.path)
    runs = [r for r in kept.runs if r.profile in (profile, "quick")] if kept else []
    told = [r.model_dump(exclude={"key", "scopecheck", "versions"}) for r in runs]
    told += [e.model_dump() for e in kept.elsewhere] if kept else []
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _beside(path: Path, text: str) -> list[Path]:
    """Files of the folders beside a recipe that it names as a string, such as ``recipes/fields``."""
    folders = [p for p in path.parent.iterdir() if p.is_dir() and p.name not in (*KEPT, "__pycache__")]
    named = [p for p in folders if re.search(rf"""["']{re.escape(p.name)}["'/]""", text)]
    files = [f for p in named for f in sorted(p.rglob("*")) if f.is_file()]
    return [*files, catalogue_path()] if "scopecheck.data.catalogue" in text else files


def data_hashes(recipe: Recipe, tier: str) -> dict[str, str]:
    """The sha256 of every dataset a run of this tier may read, with what the catalogue says of its truth.

    Raises
    ------
    RecipeError
        If the front matter names a dataset that is not in the catalogue.
    """
    from scopecheck.data import describe
    from scopecheck.record.provenance import dataset_sha256

    hashes = {}
    for name in recipe.datasets.upto(tier):  # type: ignore[arg-type]
        try:
            told = describe(name).model_dump_json(include=DECIDES)
            hashes[name] = hashlib.sha256(f"{dataset_sha256(name)} {told}".encode()).hexdigest()
        except (RuntimeError, ValueError) as err:
            raise RecipeError(f"{recipe.path}: dataset {name!r}: {err}") from err
    return hashes


def parts_of(path: Path, parameters: dict[str, Any]) -> dict[str, Any]:
    """Everything that decides a result, part by part; the key is a hash of it.

    Parameters
    ----------
    path : Path
        The recipe; its plan is the file of the same name that ends with ``.csv``.
    parameters : dict
        Those that differ from their defaults, or all.

    Raises
    ------
    RecipeError
        If the recipe is malformed.
    """
    recipe, settled = read_recipe(path), {**defaults(path), **parameters}
    return {
        **sources(recipe, settled),
        "parameters": settled,
        "versions": public(versions(recipe)),
        "data": data_hashes(recipe, settled.get("tier", "embedded")),
        "flags": flags_of(recipe),
    }


def key_of(path: Path, parameters: dict[str, Any]) -> str:
    """Sixteen hex digits that change when anything that decides the result changes; see ``parts_of``."""
    return digest(parts_of(path, parameters))


def digest(parts: dict[str, Any]) -> str:
    """The key of given parts."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def changes(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """What differs between the parts of two keys, in words: ``measure/overlap.py changed``.

    A part that ``before`` does not tell, as results of earlier versions do not, counts as changed.
    """
    said = []
    for part, value in now.items():
        old = before.get(part)
        if old == value:
            continue
        if not isinstance(value, dict) or not isinstance(old, dict):
            said.append(f"the {_CALLED.get(part, part)} changed" if old is not None else f"no {part} known")
            continue
        for name in sorted({*old, *value}, key=str):
            a, b = old.get(name), value.get(name)
            if a != b:
                what = f"{_CALLED.get(part, part)} {name}"
                if part in ("parameters", "versions", "flags"):
                    said.append(f"{what}: {a} before, {b} now")
                else:
                    said.append(
                        f"{what} " + ("is new" if a is None else "is gone" if b is None else "changed")
                    )
    return said
