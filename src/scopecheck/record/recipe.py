"""The front matter of a recipe: read from the head of its text notebook and checked against a schema."""

from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from scopecheck.errors import RecipeError

Word = Literal["HOLDS", "FAILS", "UNDETERMINED"]
LABEL = r"^(HOLDS( (ON AVERAGE ONLY|BY CANCELLATION).*)?|(FAILS|UNDETERMINED)( NOT BETTER THAN CHANCE)?)$"
Label = Annotated[str, Field(pattern=LABEL)]
Tier = Literal["embedded", "public", "archive"]
Profile = Literal["quick", "full"]
TIERS: tuple[Tier, ...] = ("embedded", "public", "archive")
PROFILES: tuple[Profile, ...] = ("quick", "full")
CONTROL_WORD = {"positive": "HOLDS", "negative": "FAILS"}


def _yes_no(value: Any) -> Any:
    """YAML reads a bare yes or no as a truth value; here they are words."""
    return {True: "yes", False: "no"}.get(value, value) if isinstance(value, bool) else value


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


class Arm(_Strict):
    """One run of a tool under one acquisition, judged by one measurement."""

    arm: str
    measurement: str
    scope: str = "population"
    data: list[str] = []
    tier: Tier = "embedded"
    profile: Profile = "quick"
    control: Literal["positive", "negative"] | None = None
    predicted: Word | None
    origin: Literal["paper", "physics", "guess", "first look"]  # a first look of our own was not blind
    recorded: Label | dict[Profile, Label] | None = None
    seen_in_training: Annotated[Literal["no", "yes", "unknown"], BeforeValidator(_yes_no)]
    source: str

    def recorded_in(self, profile: str) -> str | None:
        """The label of the last reviewed run of this profile; a bare word speaks of ``quick`` alone."""
        if isinstance(self.recorded, dict):
            return dict(self.recorded).get(profile)  # type: ignore[call-overload]
        return self.recorded if profile == "quick" else None


class Recipe(_Strict):
    """The checked front matter, with the path it was read from."""

    schema_: Literal["1.0"] = Field(alias="schema")
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
    arms: list[Arm] = []
    path: Path

    @model_validator(mode="after")
    def _consistent(self) -> "Recipe":
        pairs = [(a.arm, a.measurement) for a in self.arms]
        for pair in pairs:
            if pair[1] not in self.measurements:
                raise ValueError(f"arm {pair[0]!r} names measurement {pair[1]!r}, which is not declared")
            if pairs.count(pair) > 1:
                raise ValueError(f"arm {pair[0]!r} declares measurement {pair[1]!r} twice")
        for a in self.arms:
            expected = CONTROL_WORD.get(a.control or "")
            if expected and a.predicted != expected:
                raise ValueError(f"{a.control} control {a.arm!r} must be predicted {expected}")
        if self.kind == "recipe" and not (self.arms and self.failure_mode and self.tools and self.goals):
            raise ValueError("a recipe needs arms, failure_mode, tools and goals (else write kind: page)")
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
    """Read and check the front matter of a text notebook (jupytext py:percent).

    Parameters
    ----------
    path : str or Path
        The recipe, e.g. ``recipes/segmentation-cellpose.py``; its name must be its id.

    Returns
    -------
    Recipe
        The front matter.

    Raises
    ------
    RecipeError
        If there is no such file, it is not UTF-8, has no header, or the header does not fit the schema; the
        message names the file, the field and what was expected.
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
    try:
        recipe = Recipe(**{**header, "path": path.resolve()})
    except (ValidationError, TypeError) as err:
        raise RecipeError(f"{path}: front matter: {first_faults(err)}") from err
    if recipe.id != path.stem:
        raise RecipeError(f"{path}: its id is {recipe.id!r}; id and file name must be the same")
    return recipe


def first_faults(err: Exception) -> str:
    """Where a record does not fit its schema and why, the first three faults of it."""
    if not isinstance(err, ValidationError):
        return str(err)
    faults = err.errors()
    said = [f"{'.'.join(str(p) for p in f['loc']) or 'recipe'}: {f['msg']}" for f in faults[:3]]
    more = f" (and {len(faults) - 3} more)" if len(faults) > 3 else ""
    return "; ".join(said) + more
