"""The envelope of a tool, swept, and held against images that it has not seen.

    python benchmarks/envelope.py segmentation-stardist

writes recipes/envelopes/RECIPE.csv as `scopecheck sweep` does, and beside it RECIPE.json: on simulated images
at random settings inside the grid, how often what the envelope expects contains what the tool was off by.
"""

import json
import math
import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from scopecheck.errors import InputError
from scopecheck.measure.acquisition import acquisition
from scopecheck.record.envelope import LOGARITHMIC, Envelope, Expected, read_envelope
from scopecheck.runner.conditions import SIMULATED, Setting, Setup, Source
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


def held_out(envelope: Envelope, setup: Setup, n: int, seed: int) -> list[Met]:
    """Ask the tool on n simulated images at random settings inside an envelope.

    Parameters
    ----------
    envelope : Envelope
    setup : Setup
        The recipe's own tool (`runner.conditions.Setup`).
    n : int
        Images, each at a setting of its own, drawn evenly on the scale of its axis.
    seed : int
        Of the settings; images have seeds from 100,000 on, which no sweep uses.
    """
    rng, met = np.random.default_rng([seed, 11]), []
    relative = envelope.relative
    for k in range(n):
        setting = {}
        for name, values in envelope.axes.items():
            ends = np.log(values) if name in LOGARITHMIC else values
            drawn = rng.uniform(ends[0], ends[-1])
            setting[name] = float(np.exp(drawn) if name in LOGARITHMIC else drawn)
        try:
            case = setup.case(setting, 100_000 + 1000 * seed + k)
        except InputError:
            continue  # the objects do not fit
        answer = setup.trial.tool(case.image, **case.told)
        answer = answer[0] if isinstance(answer, tuple) else answer
        measured, true = setup.trial.numbers(answer, case), setup.trial.numbers(case.truth, case)
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
        told[name]["width"] = float(
            np.median([one.expected.high - one.expected.low for one in mine if one.expected])
        )
        told[name]["off"] = float(
            np.median([abs(one.expected.bias - one.error) for one in mine if one.expected])
        )
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
    beside.unlink(missing_ok=True)
    told: dict[str, Any] = {"images": held}
    told["stretch"] = stretches(held_out(read_envelope(out), setup, held, 0))
    beside.write_text(json.dumps(told), encoding="utf-8")
    told["counted"] = counted(held_out(read_envelope(out), setup, held, 1))  # on images of their own
    beside.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
