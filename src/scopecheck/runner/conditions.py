"""One acquisition setting after another for the tool of a recipe, in a process that has it loaded."""

from __future__ import annotations

import ast
import contextlib
import inspect
import io
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from scopecheck.errors import InputError, RecipeError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from scopecheck.measure import Chance
    from scopecheck.record.trial import Case, Trial

Setting = dict[str, float]

SIMULATED = "simulated"
# What can be set, and what holds where it is not: of simulated nuclei, and of a real image taken again.
OF_SIMULATED: Setting = {
    "diameter": 22.0,
    "coverage": 0.15,
    "touching": 0.0,
    "photons": 150.0,
    "background": 10.0,
    "blur_px": 1.0,
}
OF_REAL: Setting = {
    "photons": 200.0,
    "background": 0.0,
    "blur_px": 0.0,
    "pixel_factor": 1.0,
    "fall_off": 0.0,
    "labelled": 1.0,
}
_SCENES = 64  # kept at hand: settings of light and blur share them
_FEW, _FAR = 19, 5.0  # draws, and standard deviations: Student's t of that size has a chance of 1 in 20,000


@dataclass(frozen=True)
class Source:
    """What is put before the tool: its kind, the side of the image, and the seeds of the images.

    Attributes
    ----------
    name : str
        ``simulated`` (a new specimen a seed), or a dataset of the catalogue (a new exposure a seed).
    side : int or None
        Pixels a side: of the simulated field (None: 256), or of the piece from the middle of the real one
        (None: the whole).
    seeds : tuple of int
    chance : bool
        Whether objects that match poorly are compared with objects at random places, as recipes do, which
        takes most of the time. Without it no word is taken back and no word is marked for that.
    """

    name: str
    side: int | None
    seeds: tuple[int, ...]
    chance: bool = True

    @property
    def settings(self) -> Setting:
        """What can be set, with what holds where it is not."""
        return OF_SIMULATED if self.name == SIMULATED else OF_REAL


class Placed(NamedTuple):
    """An answer beside its truth, both (Y, X), the seed of its random places, and how good it looks."""

    answer: NDArray
    truth: NDArray
    seed: tuple[int, int]
    looks: dict[str, float]


class Setup:
    """The trial of a recipe, made by its own code, and the judging of one setting after another."""

    def __init__(self, recipe: Path, parameters: dict[str, Any], source: Source):
        self.source = source
        self.trial: Trial = trial_of(recipe, parameters)
        self.page = self.trial.page
        self._real = None if source.name == SIMULATED else _sample(source)
        self._uncertainty = {name: self._known(name) for name in self.page.front.measurements}  # type: ignore[union-attr]

    def _known(self, name: str) -> float | None:
        """How far the truth may be off: 0 of a simulated one, else as the catalogue says."""
        from scopecheck import data

        return 0.0 if self._real is None else data.truth_uncertainty(self.source.name, name)

    def cases(self, setting: Setting) -> list[Case]:
        """The images of one setting."""
        return [self.case(setting, seed) for seed in self.source.seeds]

    def case(self, setting: Setting, seed: int) -> Case:
        """One image of a setting; what the setting leaves out is as the source has it."""
        setting = self.source.settings | setting
        if self._real is None:
            return _simulated(setting, seed, self.source.side or 256, _asks_diameter(self.trial.tool))
        changed = {k: v for k, v in setting.items() if v != OF_REAL[k] or k == "photons"}
        taken = self.trial.retaken(self._real, seed, **changed)
        told = {}
        if _asks_diameter(self.trial.tool):
            told = {"diameter": typical_diameter(self._real.truth) / setting["pixel_factor"]}
        return replace(taken, true=self._true, told=told)

    @property
    def _true(self) -> dict[str, float]:
        assert self._real is not None
        if self._real.true is None:
            self._real.true = self.trial.numbers(self._real.truth, self._real)
        return self._real.true

    def judged(self, setting: Setting) -> list[dict[str, Any]]:
        """One line a measurement: bias, interval and word of the tool under one setting.

        Raises
        ------
        InputError
            If there is no such image: objects that do not fit, light below 0.
        """
        from scopecheck.record.scores import Scores

        began = time.perf_counter()
        cases, by_tool, placed = self.cases(setting), 0.0, list[Placed]()
        sets: list[list[tuple[dict[str, float], Scores]]] = []
        for tool in self.trial.trained:
            rows = []
            for k, case in enumerate(cases):
                asked = time.perf_counter()
                answer = tool(case.image, **case.told)
                by_tool += time.perf_counter() - asked
                answer = answer[0] if isinstance(answer, tuple) else answer
                scored = self.trial.scores(answer, case)
                scored = scored if isinstance(scored, Scores) else Scores(scored)
                rows.append((self.trial.numbers(answer, case), scored))
                placed.append(Placed(answer, case.truth, (self.page.seed, k), scored.looks))
            sets.append(rows)
        luck = _chance(placed) if self.source.chance else None
        true = [self.trial.numbers(case.truth, case) if case.true is None else case.true for case in cases]
        lines = [self._line(name, sets, true, luck) for name in true[0] if name in self._uncertainty]
        seconds = {"tool_seconds": round(by_tool, 4), "seconds": round(time.perf_counter() - began, 4)}
        lines[-1] |= seconds
        return [setting | line for line in lines]

    def _line(
        self, name: str, sets: Sequence[Sequence[Any]], true: Sequence[dict[str, float]], luck: Chance | None
    ) -> dict[str, Any]:
        measured = np.array([[numbers[name] for numbers, _ in rows] for rows in sets])
        known = np.array([numbers[name] for numbers in true])
        line: dict[str, Any] = {"measurement": name, "n": measured.shape[1], "trainings": measured.shape[0]}
        if not np.isfinite(measured).all() or not np.isfinite(known).all():
            lost = int((~np.isfinite(measured)).sum())
            return line | {"word": f"not run: nothing was found in {lost} of {measured.size} images"}
        relative = self.page.front.measurements[name].scale == "relative"  # type: ignore[union-attr]
        with np.errstate(divide="ignore", invalid="ignore"):
            errors = measured / known - 1 if relative else measured - known
        scored = [[scores for _, scores in rows] for rows in sets]
        gross = None
        if all(name in one.gross for rows in scored for one in rows):
            gross = np.array([[one.gross[name] for one in rows] for rows in scored])
        single = measured.shape[0] == 1
        verdict = self.page.verdict(
            "",
            name,
            measured[0] if single else measured,
            known,
            scope="population" if self._real is None else "setting",
            truth_uncertainty=self._uncertainty[name],
            gross_error=None if gross is None else gross[0] if single else gross,
            chance=luck,
        )
        low, high = verdict.interval or (float("nan"), float("nan"))
        finite = errors[np.isfinite(errors)]
        spread = {"least": finite.min(), "most": finite.max()} if finite.size else {}
        told = {"bias": verdict.bias, "low": low, "high": high} | spread
        return line | {k: round(float(v), 4) for k, v in told.items()} | {"word": verdict.label}


def _chance(several: Sequence[Placed]) -> Chance | None:
    """What the objects score at random places; not asked where the pairs leave no doubt.

    Where nine objects in ten have a true one of their own no draw of 99 reaches that: the answer would be
    "better than chance". Where the given places lie far beyond a few draws it would be, too, and these will
    do (tests/runner/test_sweep.py holds both).
    """
    from scopecheck import measure
    from scopecheck.measure.floor import DRAWS

    if all(one.looks.get("F1@0.5", 0.0) >= 0.9 for one in several):
        return None

    def drawn(many: int) -> Chance:
        places = (measure.chance(one.answer, one.truth, seed=one.seed, draws=many) for one in several)
        return measure.pool_chance(places)

    few = drawn(_FEW)
    if few.better and few.found > few.best.mean() + _FAR * few.best.std(ddof=1):
        return few
    return drawn(DRAWS)


@lru_cache(_SCENES)
def _scene(n: int, diameter: float, touching: float, seed: int, side: int) -> Any:
    from scopecheck import acquire

    how = {"diameter": diameter, "touching": touching, "spacing": 0.0 if touching else 3.0}
    return acquire.scenes.nuclei((side, side), n, photons=100.0, background=0.0, seed=seed, **how)


def _simulated(setting: Setting, seed: int, side: int, diameter_told: bool) -> Case:
    """Nuclei of a known number a field, seen through a Gaussian blur by the default camera."""
    from scopecheck import acquire
    from scopecheck.record.trial import Case

    size = setting["diameter"]
    n = round(setting["coverage"] * side**2 / (np.pi / 4 * size**2))
    if n < 1:
        raise InputError(
            f"coverage {setting['coverage']:g} is not one nucleus of {size:g} pixels in {side} x {side}"
        )
    scene = _scene(n, size, setting["touching"], seed, side)
    light = acquire.optics.gaussian_blur(scene.photons, setting["blur_px"])
    # Photons are counted as `acquire.retake` counts those of a real image.
    photons = light * setting["photons"] / np.percentile(light, 99.9) + setting["background"]
    image = acquire.expose(photons, acquire.Camera(), seed)
    return Case(image, scene.labels, told={"diameter": size} if diameter_told else {}, seed=seed)


def _sample(source: Source) -> Case:
    from scopecheck import data
    from scopecheck.record.trial import Case

    sample: Any = data.load(source.name)
    if not hasattr(sample, "truth") or getattr(sample.truth, "ndim", 0) != 2:
        raise InputError(
            f"--source {source.name}: is not one image with a label image; try `scopecheck data show`"
        )
    if side := source.side:
        at = [(length - side) // 2 for length in sample.image.shape]
        if min(at) < 0:
            raise InputError(f"--side {side}: {source.name} is {sample.image.shape}; give a smaller side")
        sample = sample.crop(tuple(slice(a, a + side) for a in at))
    return Case(sample.image, sample.truth, name=source.name)


def typical_diameter(labels: np.ndarray) -> float:
    """Diameter of the circle that has the median area of the objects (Y, X), to a whole pixel."""
    area = np.unique(labels[labels > 0], return_counts=True)[1]
    return float(round(2 * np.sqrt(np.median(area) / np.pi)))


def _asks_diameter(tool: Callable[..., Any]) -> bool:
    return "diameter" in inspect.signature(tool).parameters


def cells_to_trial(recipe: Path) -> tuple[list[Any], int]:
    """The code cells of a recipe, and the place of the one that makes its `trial`; none of it is run.

    Raises
    ------
    RecipeError
        If it makes none on its own (one inside a function is none), or one whose answers are no label images.
    """
    from scopecheck.runner.find import read_notebook

    cells = [cell for cell in read_notebook(recipe).cells if cell.cell_type == "code"]
    made = [(k, found) for k, cell in enumerate(cells) if (found := _trial(cell.source))]
    if not made:
        raise RecipeError(
            f"{recipe.stem}: no cell has a line `trial = record.Trial(...)`; its tool cannot be asked alone."
            " sweep takes recipes that segment one image, as segmentation-stardist"
        )
    last, found = made[0]
    other = {"scores", "chance"} & {word.arg for word in getattr(found, "keywords", [])}
    if other:  # told before the code runs, which may train a network
        raise RecipeError(
            f"{recipe.stem}: its trial has {' and '.join(sorted(other))} of its own, so that its answers are"
            " no label images; sweep takes recipes that segment one image, as segmentation-stardist"
        )
    return cells, last


def trial_of(recipe: Path, parameters: dict[str, Any]) -> Trial:
    """Run the code of a recipe up to the cell that makes its `trial`, in this process, and return that.

    Raises
    ------
    RecipeError
        As `cells_to_trial`, or if its code ends with an error.
    """
    cells, last = cells_to_trial(recipe)
    names: dict[str, Any] = {"__name__": recipe.stem}
    home, before = Path.cwd(), os.environ.get("SCOPECHECK_RECIPE")
    os.environ["SCOPECHECK_RECIPE"] = str(recipe.resolve())
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        os.chdir(folder)  # figures of the way there are nobody's
        Path("figures").mkdir()
        try:
            for k, cell in enumerate(cells[: last + 1]):
                exec(compile(cell.source, f"{recipe.name}, cell {k + 1}", "exec"), names)
                if "parameters" in cell.metadata.get("tags", []):
                    names |= parameters
        except Exception as err:
            raise RecipeError(f"{recipe.stem}: {type(err).__name__} on the way to its trial: {err}") from err
        finally:
            os.chdir(home)
            del os.environ["SCOPECHECK_RECIPE"]
            if before is not None:
                os.environ["SCOPECHECK_RECIPE"] = before
    return names["trial"]


def _trial(code: str) -> ast.expr | None:
    """What a cell assigns to `trial`, if anything."""
    for node in ast.parse(code).body:
        if isinstance(node, ast.Assign) and any(
            isinstance(t, ast.Name) and t.id == "trial" for t in node.targets
        ):
            return node.value
    return None
