"""Where an image lies among the settings that recipes were swept over, and what is expected there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from scopecheck.errors import InputError
from scopecheck.score.seen import apart, middle
from scopecheck.score.whole import whole

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from scopecheck.measure.acquisition import Acquisition, Tested
    from scopecheck.record.envelope import Envelope, Expected

SETTINGS = {  # of an estimate, as a sweep calls it
    "photons": "photons",
    "blur": "blur_px",
    "diameter": "diameter",
    "coverage": "coverage",
    "touching": "touching",
}
_MANY = 20  # images from which the middle of a folder is told
# Of the range of grey values: simulated nuclei have 0.5 to 0.7, with 10 photons over 100 still 0.17.
_BRIGHTER = 0.1


@dataclass(frozen=True)
class Place:
    """What was estimated of one image, and what is expected there of each tool that was swept.

    Attributes
    ----------
    image : Path
    by : str
        Where its objects come from: the file of label images, or the classical baseline.
    found : Acquisition
    expected : dict of str to (dict of str to Expected or None)
        By recipe and measurement.
    outside : dict of str to dict of str to (float, float)
        By recipe: the settings that were not reached, or are not known, with the range that was swept.
    envelopes : dict of str to Envelope
    tested : dict of str to Tested
        By estimate: where its estimator was near the truth. Those that the masks give are not in it.
    notes : list of str
    """

    image: Path
    by: str
    found: Acquisition
    expected: dict[str, dict[str, Expected | None]]
    outside: dict[str, dict[str, tuple[float, float]]]
    envelopes: dict[str, Envelope]
    tested: dict[str, Tested]
    notes: list[str]


def locate(
    image: Path, masks: Path | None = None, *, offset: float | None = None, as_given: bool = False
) -> Place:
    """Estimate how an image was taken, and look its place up in the envelopes that come with the package.

    Parameters
    ----------
    image : Path
        One plane of bright objects, as it came from the camera.
    masks : Path, optional
        Its label image; without one the classical baseline finds the objects (`tools.classical.nuclei`).
    offset : float, optional
        Grey value of a dark pixel; refused where it cannot be (`acquisition`).
    as_given : bool
        Go on where the image was interpolated, denoised or compressed; its light is then not estimated.

    Raises
    ------
    InputError
        As `measure.acquisition.acquisition`, with the file; if a file cannot be read, or is a stack.
    """
    from scopecheck import data
    from scopecheck.measure.acquisition import BY_BASELINE, RANGES, acquisition
    from scopecheck.record.envelope import envelope_tables, read_envelope
    from scopecheck.tools import classical

    picture = data.read_image(whole(image))
    grey = picture.array
    if grey.ndim != 2:
        raise InputError(f"{image}: has the shape {grey.shape}; expected one plane. Save a plane of it.")
    if not np.ptp(grey):
        raise InputError(
            f"{image}: has one grey value everywhere ({grey.flat[0]}); there is nothing to see on it."
        )
    notes = list(picture.notes)
    if masks is None:
        labels, by = classical.nuclei(grey), "the classical baseline (Otsu's threshold, cut at waists)"
    else:
        read = data.read_labels(whole(masks))
        labels, by, notes = read.array, str(masks), notes + list(read.notes)
    try:
        found = acquisition(grey, labels, offset=offset, as_given=as_given)
    except InputError as err:
        text = str(err).replace("as_given=True", "--as-given")
        of, _, said = text.partition(": ")
        where = {"labels": str(masks), "offset": f"{image}: --offset"}.get(of, str(image))
        raise InputError(f"{where}: {said}") from None
    tested = BY_BASELINE if masks is None else RANGES
    if masks is not None and _elsewhere(grey, labels):
        notes.append(
            f"the objects of {masks} are hardly brighter than the rest of the image: are they masks of"
            " another one, or moved? All that is estimated of objects is then wrong"
        )
    notes += _doubts(grey, found, tested, masks is None)
    setting = {name: getattr(found, estimate) for estimate, name in SETTINGS.items()}
    envelopes = {name: read_envelope(path) for name, path in envelope_tables().items()}
    return Place(
        image,
        by,
        found,
        {name: {m: e.expected(m, setting) for m in e.errors} for name, e in envelopes.items()},
        {name: e.outside(setting) for name, e in envelopes.items()},
        envelopes,
        tested,
        notes,
    )


def _elsewhere(grey: NDArray, labels: NDArray) -> bool:
    """Whether objects are hardly brighter than the rest, beside the range of the image."""
    inside = labels > 0
    if not inside.any() or inside.all():
        return False
    low, high = np.percentile(grey, [5, 99])
    return bool(grey[inside].mean() - grey[~inside].mean() < _BRIGHTER * (high - low))


def away(images: Sequence[NDArray], labels: Sequence[NDArray], tool: str | None = None) -> list[str]:
    """How far images lie from those that recipes were swept over, a sentence a recipe.

    Parameters
    ----------
    images, labels : sequence of (Y, X) array
        Of more than 20, 20 spread over them are looked at; the median of each setting is told.
    tool : str, optional
        Only of recipes whose name holds this, if there is one.

    Returns
    -------
    list of str
        Empty where no image is a plane of at least 32 pixels a side that shows something.
    """
    from scopecheck.measure.acquisition import acquisition
    from scopecheck.record.envelope import envelope_tables, read_envelope

    pairs = [
        (image, of)
        for image, of in zip(images, labels, strict=True)
        if image.ndim == 2 and min(image.shape) >= 32 and np.ptp(image.astype(float)) and of.any()
    ]
    if not pairs:
        return []
    chosen = [pairs[k] for k in np.unique(np.linspace(0, len(pairs) - 1, _MANY).astype(int))]
    found = [acquisition(image, of, as_given=True) for image, of in chosen]
    yours = {name: middle([getattr(one, estimate) for one in found]) for estimate, name in SETTINGS.items()}
    tables = envelope_tables()
    named = {name: path for name, path in tables.items() if tool and tool in name}
    said = []
    for name, path in (named or tables).items():
        axes = read_envelope(path).axes
        far = [
            apart(setting, yours[setting], axes[setting][0], axes[setting][-1], "swept") for setting in axes
        ]
        told = ", ".join(
            f"{setting} {yours[setting]:.3g}" for setting in axes if yours[setting] == yours[setting]
        )
        where = "; ".join(filter(None, far)) or "inside everything that was swept"
        many = f" (median of {len(chosen)})" if len(chosen) > 1 else ""
        said.append(f"Beside the images that {name} was swept over, yours{many} have {told}: {where}.")
    return said


def _doubts(
    grey: np.ndarray, found: Acquisition, tested: Mapping[str, Tested], by_baseline: bool
) -> list[str]:
    """What may make the estimates wrong."""
    from scopecheck.measure.acquisition import FIELDS
    from scopecheck.measure.processed import processed, wrapped

    notes = []
    far = {
        name: one.told()
        for name, one in tested.items()
        if np.isfinite(getattr(found, name)) and not one.inside(found)
    }
    notes += [
        f"{name} {getattr(found, name):.3g} may be wrong; of the estimator's tests, {told}"
        for name, told in far.items()
    ]
    if doubted := [name for name in SETTINGS if name in far]:
        notes.append(f"what is expected of the tools was looked up at such an estimate: {', '.join(doubted)}")
    for name, (low, high) in FIELDS.items():
        value = getattr(found, name)
        if np.isfinite(value) and not low <= value <= high:
            notes.append(
                f"{name} {value:.3g}: the estimators were tested on fields with {low:g} to {high:g} alone"
            )
    if by_baseline:
        notes.append(
            "objects were found by the classical baseline, and may be wrong: give --masks if you have them."
            " Diameter, coverage and touching are then as right as your masks; without, they are estimated"
            " of bright and sharp objects alone"
        )
    notes += [sign for sign in processed(grey).signs() if "stretched" in sign or "clipped" in sign]
    if grey.min() < 0:
        notes.append("the image holds negative values, so something was subtracted from it")
    if wrapped(grey):
        notes.append("seems to wrap around: whole numbers ran over their end; save it as float32")
    if grey.dtype == np.uint8:
        notes.append(
            "8 bits: a constant factor and offset do no harm, but after a gamma, or a contrast that cut the"
            " dark or the bright end, the number of photons is wrong"
        )
    return notes
