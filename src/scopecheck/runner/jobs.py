"""The runs that a cluster is given: one a recipe and seed, with what each may take."""

import math
from dataclasses import dataclass
from pathlib import Path

from scopecheck.runner.find import resolve_parameters
from scopecheck.runner.key import key_of

# A recipe's minutes are an estimate for two cores: a job gets so many times as long, and at least so much.
SPARE, LEAST_MINUTES = 3, 30
PAGE_MINUTES = 10  # a page declares none
BESIDE_MIB = 512  # for the runner itself, beside the memory that the recipe may use


@dataclass(frozen=True)
class Job:
    """One run of a recipe.

    Attributes
    ----------
    recipe, profile, tier : str
    seed : int
    key : str
        Of its result, ``results/<recipe>/<key>``.
    minutes : int
        Wall-clock limit.
    memory_mib : int
        Memory of the job, MiB.
    gpu : str
        ``none``, ``optional`` or ``needed``.
    """

    recipe: str
    profile: str
    tier: str
    seed: int
    key: str
    minutes: int
    memory_mib: int
    gpu: str


def jobs_of(paths: list[Path], profile: str, tier: str, seeds: int) -> list[Job]:
    """The default seed of every recipe and the seeds that follow; a page once.

    Parameters
    ----------
    paths : list of Path
    profile, tier : str
    seeds : int
        Runs of each recipe.

    Raises
    ------
    InputError
        If a profile or tier is unknown.
    RecipeError
        If a recipe is malformed.
    """
    found = []
    for path in paths:
        given = {"profile": profile, "tier": tier}
        recipe, parameters, _ = resolve_parameters(path, given)
        minutes = recipe.minutes.get(profile, PAGE_MINUTES)  # type: ignore[call-overload]
        limit = max(LEAST_MINUTES, math.ceil(SPARE * minutes))
        memory = math.ceil(1024 * recipe.memory_gib) + BESIDE_MIB
        for n in range(seeds if recipe.kind == "recipe" else 1):
            seed = parameters["seed"] + n
            key = key_of(path, {**parameters, "seed": seed})
            found.append(Job(recipe.id, profile, tier, seed, key, limit, memory, recipe.gpu))
    return found
