"""Run Cellpose or StarDist again on a mirrored and on a noisier image, as the recipes' checks do."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scopecheck.errors import InputError
from scopecheck.score.checks import Rule, Value

CELLPOSE, STARDIST = "segmentation-cellpose", "segmentation-stardist"
TOOLS = ("cellpose", "stardist", "stardist-kept")
PHOTONS = 100  # of the brightest places, with which an image is taken again
ALIKE = 0.9  # F1 under which the masks given are said to be another network's

Segment = Callable[[NDArray], tuple[NDArray, float]]  # an image: labels, and how unsure the network is


def rules(tool: str) -> tuple[Rule, ...]:
    """The checks of a tool that is run again, nearest its own recipe."""
    cellpose = tool == "cellpose"
    mirror = ((CELLPOSE, "mirror"), (STARDIST, "turned and flipped"))
    unsure = ((CELLPOSE, "confidence"),) if cellpose else ((STARDIST, "low confidence"),)
    return (
        Rule(
            "mirror",
            "1 less the F1 between the objects of the image and of its mirror image",
            nearest=mirror if cellpose else mirror[::-1],
            like="" if cellpose else "there a quarter turn and a flip, by the worse F1 at an overlap of 0.7",
        ),
        Rule(
            "noise",
            f"log ratio of the numbers before and after the image is taken again with {PHOTONS} photons",
            nearest=((STARDIST, "re-taken image"),),
        ),
        Rule(
            "confidence",
            "minus the mean cell probability inside" if cellpose else "1 less the median object probability",
            nearest=unsure,
        ),
    )


def loaded(tool: str, diameter: float | None) -> Segment:
    """Load a network; a package or weights that are not there are one message that says what to install.

    Parameters
    ----------
    tool : {"cellpose", "stardist", "stardist-kept"}
        Cellpose with the cyto weights of 2020; StarDist's published 2D_versatile_fluo; the first of the
        networks that the StarDist recipe trained and keeps.
    diameter : float, optional
        Of the objects, pixels; Cellpose needs it.

    Returns
    -------
    callable
        An image (Y, X) in; labels, and how unsure the network is of them, out.

    Raises
    ------
    InputError
        If the package is not installed, or Cellpose is not told a diameter.
    DataError
        If the weights cannot be had.
    """
    package = tool.partition("-")[0]
    if find_spec(package) is None:
        raise InputError(
            f"--rerun {tool}: needs {package}, which is not installed; type:"
            f" pip install 'scopecheck[{package}]'"
        )
    if tool == "cellpose":
        if diameter is None:
            raise InputError(
                "--rerun cellpose: give --diameter, of the objects in pixels, as you told Cellpose."
            )
        return _cellpose(diameter)
    return _stardist(kept=tool == "stardist-kept")


def _cellpose(diameter: float) -> Segment:
    from scopecheck import data
    from scopecheck.tools.cellpose import load_cyto_2020

    model = load_cyto_2020(data.fetch("cellpose-cyto-2020"))

    def segment(image: NDArray) -> tuple[NDArray, float]:
        with warnings.catch_warnings():  # torch's about sparse tensors, which no user can act on
            warnings.simplefilter("ignore", UserWarning)
            masks, flows, _ = model.eval(image, diameter=diameter, channels=[0, 0], batch_size=1)
        return masks, -float(flows[2][masks > 0].mean()) if masks.any() else math.nan

    return segment


def _stardist(kept: bool) -> Segment:
    from scopecheck import data
    from scopecheck.tools import stardist as helper

    helper.prepare()
    from csbdeep.utils import normalize
    from stardist.models import Config2D, StarDist2D

    if kept:
        weights = data.fetch("stardist-nuclei-trainings") / "0.npz"
        config = Config2D(n_rays=32, grid=(2, 2), unet_n_filter_base=16, train_patch_size=(64, 64))
        with helper.quiet():
            model = helper.kept(StarDist2D(config, name="kept", basedir=None), weights)
    else:
        model = helper.published()

    def segment(image: NDArray) -> tuple[NDArray, float]:
        with helper.quiet():
            labels, details = model.predict_instances(normalize(image, 1, 99.8))
        return labels, 1 - float(np.median(details["prob"])) if labels.any() else math.nan

    return segment


def runner(
    tool: str, segment: Segment, notes: list[str]
) -> Callable[[str, NDArray, NDArray], dict[str, Value]]:
    """The checks of one file, by a loaded network; what must be said of it is added to the notes."""
    names = [rule.name for rule in rules(tool)]

    def ask(name: str, labels: NDArray, image: NDArray) -> dict[str, Value]:
        from scopecheck import acquire, measure

        if image.ndim != 2:
            return dict.fromkeys(names, "the tool is run on planes, and this is a stack")
        if not np.ptp(image.astype(float)):
            return dict.fromkeys(names, "the image shows nothing")
        found, unsure = segment(image)
        n = _count(found)
        if labels.any() and (f1 := measure.match(found, labels).f1) < ALIKE:
            notes.append(
                f"{name}: {tool} run here finds {n} objects and agrees with your masks by an F1 of {f1:.2f},"
                " so mirror, noise and confidence speak of that network and not of the one that made them."
            )
        noise: Value
        try:
            again = _count(segment(acquire.retake(image, photons=PHOTONS, seed=0))[0])
            noise = (abs(math.log((n + 1) / (again + 1))), f"{n} and {again}")
        except InputError as error:  # such as an image below 0, which no light is
            noise = str(error).rstrip(".")
        answer: dict[str, Value] = {
            "mirror": _mirror(tool, segment, image, found),
            "noise": noise,
            "confidence": "nothing was found" if math.isnan(unsure) else (unsure, f"{n} objects"),
        }
        return answer

    return ask


def _mirror(tool: str, segment: Segment, image: NDArray, found: NDArray) -> Value:
    """As the tool's own recipe turns the image; where nothing is found, as bad as can be."""
    from scopecheck import measure

    if not found.any():
        return 1.0, "nothing was found"
    if tool == "cellpose":
        f1 = [measure.match(segment(np.ascontiguousarray(image.T))[0].T, found).f1]
    else:
        turns: list[tuple[Any, Any]] = [(np.rot90, lambda x: np.rot90(x, -1)), (np.fliplr, np.fliplr)]
        f1 = [measure.match(back(segment(turn(image))[0]), found, 0.7).f1 for turn, back in turns]
    worst = float(np.nan_to_num(np.min(f1)))
    return 1 - worst, f"F1 {worst:.2f}"


def _count(labels: NDArray) -> int:
    return len(np.unique(labels[labels > 0]))
