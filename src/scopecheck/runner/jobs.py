"""The runs that a cluster is given: one a recipe and seed, with what each may take."""

import math
from dataclasses import dataclass
from pathlib import Path

from scopecheck.runner.find import resolve_parameters
from scopecheck.runner.key import digest, parts_of
from scopecheck.runner.run import reasons

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
    at_hand : str
        ``yes`` where its result is there and would not be made again, else ``no``.
    """

    recipe: str
    profile: str
    tier: str
    seed: int
    key: str
    minutes: int
    memory_mib: int
    gpu: str
    at_hand: str


def jobs_of(paths: list[Path], results: Path, profile: str, tier: str, seeds: int) -> list[Job]:
    """The default seed of every recipe and the seeds that follow; a page once.

    Parameters
    ----------
    paths : list of Path
    results : Path
        The folder of results.
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
        recipe, parameters, _ = resolve_parameters(path, {"profile": profile, "tier": tier})
        parts = parts_of(path, parameters)
        minutes = recipe.minutes.get(profile, PAGE_MINUTES)  # type: ignore[call-overload]
        limit = max(LEAST_MINUTES, math.ceil(SPARE * minutes))
        memory = math.ceil(1024 * recipe.memory_gib) + BESIDE_MIB
        for n in range(seeds if recipe.kind == "recipe" else 1):
            seed = parameters["seed"] + n
            own = {**parts, "parameters": {**parameters, "seed": seed}}
            at_hand = "no" if reasons(recipe, own, results / recipe.id) else "yes"
            found.append(Job(recipe.id, profile, tier, seed, digest(own), limit, memory, recipe.gpu, at_hand))
    return found
