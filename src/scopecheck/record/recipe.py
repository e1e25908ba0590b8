"""A recipe's front matter: the header of its text notebook, checked against a schema, and its plan."""

from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from scopecheck.errors import RecipeError
from scopecheck.record.plan import PROFILES, TIERS, Arm, Profile, Tier, plan_path, read_plan


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Datasets(_Strict):
    """Dataset names of the catalogue, by the tier that needs them."""

    embedded: list[str] = []
    public: list[str] = []
    archive: list[str] = []

    def upto(self, tier: Tier) -> list[str]:
        """Names that a run of ``tier`` may read: its own and those of the lower tiers."""
        names = [name for t in TIERS[: TIERS.index(tier) + 1] for name in getattr(self, t)]
        return list(dict.fromkeys(names))


class Measurement(_Strict):
    """What is measured: unit, estimand, scale and the tolerance declared before the run, with its reason."""

    name: str = ""  # what a reader calls it; the key itself where empty
    unit: str
    estimand: Literal["per-acquisition mean", "pooled ratio"]
    scale: Literal["relative", "absolute"]
    tolerance: float | tuple[float, float] | None
    why: str = Field(min_length=10)

    def band(self) -> tuple[float, float] | None:
        """The tolerance as (low, high): signed fractions when relative, else in the unit."""
        if self.tolerance is None:
            return None
        if isinstance(self.tolerance, tuple):
            return self.tolerance
        return (-abs(self.tolerance), abs(self.tolerance))


class Recipe(_Strict):
    """The checked front matter: the header, the lines of the plan, and the path it was read from."""

    schema_: Literal["2.0"] = Field(alias="schema")
    kind: Literal["recipe", "page"] = "recipe"
    id: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    title: str
    failure_mode: str = ""
    tools: list[str] = []
    datasets: Datasets = Datasets()
    measurements: dict[str, Measurement] = {}
    minutes: dict[Profile, float] = {}
    memory_gib: float = Field(default=4.0, gt=0, le=1024)
    gpu: Literal["none", "optional", "needed"] = "none"
    goals: list[str] = []
    picture: str = Field(default="", pattern=r"^[a-z0-9-]*$")  # the figure to remember, figures/<picture>.png
    arms: list[Arm] = []  # the lines of the plan
    path: Path

    @model_validator(mode="after")
    def _consistent(self) -> "Recipe":
        if self.kind == "recipe" and not (self.failure_mode and self.tools and self.goals):
            raise ValueError("a recipe needs failure_mode, tools and goals (else write kind: page)")
        if self.kind == "recipe" and set(self.minutes) != set(PROFILES):
            raise ValueError("minutes needs quick and full")
        return self

    def declared(self, arm: str, measurement: str) -> Arm | None:
        """The declaration of one arm and measurement, or None."""
        return next((a for a in self.arms if (a.arm, a.measurement) == (arm, measurement)), None)

    def in_run(self, arm: Arm, *, profile: str, tier: str) -> str:
        """Empty when a run of this profile and tier has to judge the arm, else the reason why not."""
        if TIERS.index(arm.tier) > TIERS.index(tier):  # type: ignore[arg-type]
            return f"it needs tier {arm.tier} and this run is tier {tier}"
        if PROFILES.index(arm.profile) > PROFILES.index(profile):  # type: ignore[arg-type]
            return f"it needs profile {arm.profile} and this run is profile {profile}"
        return ""


def read_recipe(path: str | Path) -> Recipe:
    """Read and check the header of a text notebook (jupytext py:percent) and the plan beside it.

    Parameters
    ----------
    path : str or Path
        The recipe, e.g. ``recipes/segmentation-cellpose.py``; its name must be its id. Its plan is
        ``recipes/segmentation-cellpose.csv``; a page of ``kind: page`` may do without one.

    Returns
    -------
    Recipe
        The front matter.

    Raises
    ------
    RecipeError
        If there is no such file, it is not UTF-8, has no header, or the header or the plan does not fit its
        schema; the message names the file, the field and what was expected.
    """
    path = Path(path)
    if not path.is_file():
        raise RecipeError(f"{path}: no such recipe")
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as err:
        raise RecipeError(f"{path}: is not UTF-8 text (byte {err.start}); save it as UTF-8") from err
    ends = [i for i, line in enumerate(lines) if line.strip() == "# ---"][:2]
    if len(ends) < 2 or ends[0] != 0:
        raise RecipeError(
            f"{path}: no front matter; a recipe starts with a '# ---' header (see CONTRIBUTING)"
        )
    try:
        text = "\n".join(line.removeprefix("#").removeprefix(" ") for line in lines[1 : ends[1]])
        header = yaml.safe_load(text)["jupyter"]["scopecheck"]
    except yaml.YAMLError as err:
        raise RecipeError(f"{path}: the front matter is not YAML: {' '.join(str(err).split())}") from err
    except (KeyError, TypeError) as err:
        raise RecipeError(f"{path}: the front matter has no jupyter: scopecheck: block") from err
    plan = plan_path(path)
    try:
        if "arms" in header:
            raise RecipeError(f"{path}: arms stand in the plan, {plan.name}, not in the header")
        recipe = Recipe(**{**header, "path": path.resolve()})
    except (ValidationError, TypeError) as err:
        raise RecipeError(f"{path}: front matter: {first_faults(err)}") from err
    if recipe.id != path.stem:
        raise RecipeError(f"{path}: its id is {recipe.id!r}; id and file name must be the same")
    if recipe.kind == "page" and not plan.is_file():
        return recipe
    datasets = {tier: recipe.datasets.upto(tier) for tier in TIERS}
    return recipe.model_copy(update={"arms": read_plan(plan, list(recipe.measurements), datasets)})


def first_faults(err: Exception) -> str:
    """Where a record does not fit its schema and why, the first three faults of it."""
    if not isinstance(err, ValidationError):
        return str(err)
    faults = err.errors()
    said = [f"{'.'.join(str(p) for p in f['loc']) or 'recipe'}: {f['msg']}" for f in faults[:3]]
    more = f" (and {len(faults) - 3} more)" if len(faults) > 3 else ""
    return "; ".join(said) + more
