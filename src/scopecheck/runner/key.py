"""The key of a result: everything that decides it, hashed."""

import hashlib
import json
import platform
from pathlib import Path
from typing import Any

from .. import __version__
from ..errors import RecipeError
from ..record.recipe import Recipe
from ..record.result import installed
from ..record.seeds import seeds_path

# Set in every recipe's process: the same input gives the same output as far as the tools allow.
FLAGS = {
    "PYTHONHASHSEED": "0",
    "TF_DETERMINISTIC_OPS": "1",
    "TF_CUDNN_DETERMINISTIC": "1",
    "TF_ENABLE_ONEDNN_OPTS": "0",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "CUBLAS_WORKSPACE_CONFIG": ":4096:8",
}
ALWAYS = ("numpy", "scipy", "scikit-image", "papermill")
ENGINES = {
    "cellpose": ("torch",),
    "cryodrgn": ("torch",),
    "monai": ("torch",),
    "stardist": ("csbdeep", "tensorflow-cpu"),
    "topaz-em": ("torch", "torchvision"),
}


def versions(recipe: Recipe) -> dict[str, str]:
    """Versions of Python, the recipe's tools with what computes for them, and what every recipe stands on."""
    engines = [name for tool in recipe.tools for name in ENGINES.get(tool, ())]
    found = {name: installed(name) or "not installed" for name in (*recipe.tools, *engines, *ALWAYS)}
    return {"python": platform.python_version(), "scopecheck": __version__, **found}


def package_source() -> str:
    """One sha256 over the package's files that a recipe can import (not the runner's, not the command's)."""
    root, digest = Path(__file__).parents[1], hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        name = path.relative_to(root).as_posix()
        if not name.startswith(("runner/", "cli")):
            digest.update(name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def sources(recipe: Recipe) -> dict[str, str]:
    """The sha256 of the recipe's text and of the package, as a result was made from them."""
    return {"recipe": hashlib.sha256(recipe.path.read_bytes()).hexdigest(), "package": package_source()}


def data_hashes(recipe: Recipe, tier: str) -> dict[str, str]:
    """The sha256 of every dataset a run of this tier may read.

    Raises
    ------
    RecipeError
        If the front matter names a dataset that is not in the catalogue.
    """
    from ..record.provenance import dataset_sha256

    hashes = {}
    for name in recipe.datasets.upto(tier):  # type: ignore[arg-type]
        try:
            hashes[name] = dataset_sha256(name)
        except (RuntimeError, ValueError) as err:
            raise RecipeError(f"{recipe.path}: dataset {name!r}: {err}") from err
    return hashes


def key_of(recipe: Recipe, parameters: dict[str, Any]) -> str:
    """Sixteen hex digits that change when anything that decides the result changes.

    Parameters
    ----------
    recipe : Recipe
        Its source file is read, and what is kept of its seeds.
    parameters : dict
        All parameters, settled.
    """
    seeds = seeds_path(recipe.path)
    decides = {
        **sources(recipe),
        "seeds": hashlib.sha256(seeds.read_bytes()).hexdigest() if seeds.is_file() else "",
        "parameters": parameters,
        "versions": versions(recipe),
        "data": data_hashes(recipe, parameters.get("tier", "embedded")),
        "flags": FLAGS,
    }
    return hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()[:16]
