"""The envelope of a tool, swept, and held against images that it has not seen.

    python benchmarks/envelope.py segmentation-stardist

writes recipes/envelopes/RECIPE.csv as `scopecheck sweep` does, and beside it RECIPE.json: on simulated images
at random settings inside the grid, and on real ones taken again with random light and blur, how often what
the envelope expects contains what the tool was off by. What is there already stays.
"""

import inspect
import json
import math
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from scopecheck import data
from scopecheck.errors import InputError
from scopecheck.measure.acquisition import acquisition
from scopecheck.record.envelope import LOGARITHMIC, Envelope, Expected, read_envelope
from scopecheck.record.trial import Case
from scopecheck.runner.conditions import SIMULATED, Setting, Setup, Source, typical_diameter
from scopecheck.runner.find import resolve_parameters
from scopecheck.runner.sweep import sweep
from scopecheck.score.locate import SETTINGS
from scopecheck.tools import classical

GRID = {
    "photons": (10.0, 40.0, 160.0, 640.0),
    "blur_px": (1.0, 2.0, 4.0),
    "diameter": (12.0, 22.0, 40.0),
    "coverage": (0.1, 0.3),
    "touching": (0.0, 0.6),
}
IMAGES, HELD_OUT = 3, 100
# Cellpose takes ten seconds for an image of small nuclei: fewer lights, images and held-out images.
COARSER = {"segmentation-cellpose": (GRID | {"photons": (10.0, 80.0, 640.0)}, 2, 60)}
RECIPES = Path(__file__).parents[1] / "recipes"


class Met(NamedTuple):
    """One held-out image and measurement.

    Attributes
    ----------
    setting, estimated : dict of str to float
        As it was, and as the image tells (`measure.acquisition`, objects by the classical baseline).
    measurement : str
    error : float
        Of the first training.
    expected, by_estimate : Expected or None
        Looked up at the known settings, and at the estimated ones.
    """

    setting: Setting
    estimated: Setting
    measurement: str
    error: float
    expected: Expected | None
    by_estimate: Expected | None


def drawn(envelope: Envelope, names: Iterable[str], rng: np.random.Generator) -> Setting:
    """A setting inside an envelope, drawn evenly on the scale of each axis."""
    setting = {}
    for name in names:
        values = envelope.axes[name]
        ends = np.log(values) if name in LOGARITHMIC else values
        at = rng.uniform(ends[0], ends[-1])
        setting[name] = float(np.exp(at) if name in LOGARITHMIC else at)
    return setting


def simulated(envelope: Envelope, setup: Setup, n: int, seed: int) -> Iterator[tuple[Setting, Case]]:
    """Simulated images at random settings; of seeds from 100,000 on, which no sweep uses."""
    rng = np.random.default_rng([seed, 11])
    for k in range(n):
        setting = drawn(envelope, envelope.axes, rng)
        with suppress(InputError):  # the objects do not fit
            yield setting, setup.case(setting, 100_000 + 1000 * seed + k)


def retaken(envelope: Envelope, setup: Setup, n: int) -> Iterator[tuple[Setting, Case]]:
    """Real fields (BBBC039) taken again with random light and blur; how objects lie, their outlines tell.

    A field keeps its own blur, as its outlines show it, and the blur is that of both together.
    """
    rng = np.random.default_rng(12)
    fields = [one for one in data.samples("bbbc039") if one.truth.any()]
    for k in range(n):
        field = fields[k % len(fields)].crop(np.s_[132:388, 220:476])
        source, light = Case(field.image, field.truth), drawn(envelope, ("photons", "blur_px"), rng)
        own = acquisition(field.image, field.truth, as_given=True)
        if not np.isfinite(own.blur):
            continue
        lie = {name: getattr(own, name) for name in ("diameter", "coverage", "touching")}
        case = setup.trial.retaken(source, 200_000 + k, **light)
        asks = "diameter" in inspect.signature(setup.trial.tool).parameters
        told = {"diameter": typical_diameter(field.truth)} if asks else {}
        yield (
            light | lie | {"blur_px": float(np.hypot(own.blur, light["blur_px"]))},
            replace(case, told=told, true=setup.trial.numbers(source.truth, source)),
        )


def held_out(envelope: Envelope, setup: Setup, images: Iterable[tuple[Setting, Case]]) -> list[Met]:
    """Ask the recipe's own tool on images of known settings, none of which was swept."""
    met, relative = [], envelope.relative
    for setting, case in images:
        answer = setup.trial.tool(case.image, **case.told)
        answer = answer[0] if isinstance(answer, tuple) else answer
        measured = setup.trial.numbers(answer, case)
        true = setup.trial.numbers(case.truth, case) if case.true is None else case.true
        try:
            found = acquisition(case.image, classical.nuclei(case.image))
            estimated = {name: float(getattr(found, one)) for one, name in SETTINGS.items()}
        except InputError:
            estimated = {}
        for name in envelope.errors:
            error = measured[name] / true[name] - 1 if relative[name] else measured[name] - true[name]
            both = (envelope.expected(name, one) for one in (setting, estimated))
            met.append(Met(setting, estimated, name, float(error), *both))
    return met


def counted(met: list[Met]) -> dict[str, dict[str, Any]]:
    """Of each measurement: how often each span held the error, its width, and how far the bias was off."""
    told: dict[str, dict[str, Any]] = {}
    for name in dict.fromkeys(one.measurement for one in met):
        mine = [one for one in met if one.measurement == name and np.isfinite(one.error)]
        told[name] = {"images": len(mine)}
        for way in ("expected", "by_estimate"):
            spoke = [(one.error, getattr(one, way)) for one in mine if getattr(one, way)]
            told[name][way] = (sum(e.low <= error <= e.high for error, e in spoke), len(spoke))
        spoke = [(one.error, one.expected) for one in mine if one.expected]
        if spoke:
            told[name]["width"] = float(np.median([e.high - e.low for _, e in spoke]))
            told[name]["off"] = float(np.median([abs(e.bias - error) for error, e in spoke]))
    return told


def stretches(met: list[Met]) -> dict[str, float]:
    """Of each measurement, the share of the spread around that holds the error of nine in ten images."""
    found = {}
    for name in dict.fromkeys(one.measurement for one in met):
        mine = [one for one in met if one.measurement == name and one.expected and np.isfinite(one.error)]
        # Until it is chosen the half-width is the whole spread.
        away = np.sort(
            [abs(m.error - m.expected.bias) / (m.expected.high - m.expected.bias) for m in mine if m.expected]
        )
        found[name] = round(float(away[min(math.ceil(0.9 * (len(away) + 1)), len(away)) - 1]), 4)
    return found


def main(name: str) -> None:
    """Sweep, then hold against."""
    recipe, out = RECIPES / f"{name}.py", RECIPES / "envelopes" / f"{name}.csv"
    _, parameters, changed = resolve_parameters(recipe, {})
    grid, images, held = COARSER.get(name, (GRID, IMAGES, HELD_OUT))
    sweep(recipe, parameters, changed, grid, Source(SIMULATED, None, tuple(range(images)), chance=False), out)
    setup = Setup(recipe, {}, Source(SIMULATED, 256, (0,)))
    beside = out.with_suffix(".json")
    told: dict[str, Any] = json.loads(beside.read_text(encoding="utf-8")) if beside.is_file() else {}
    told, envelope = {"images": held} | told, replace(read_envelope(out), stretch={})
    if "stretch" not in told:
        told["stretch"] = stretches(held_out(envelope, setup, simulated(envelope, setup, held, 0)))
    envelope = replace(envelope, stretch=told["stretch"])
    if "counted" not in told:  # on images of their own
        told["counted"] = counted(held_out(envelope, setup, simulated(envelope, setup, held, 1)))
    if "retaken" not in told:
        told["retaken"] = counted(held_out(envelope, setup, retaken(envelope, setup, held)))
    beside.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
