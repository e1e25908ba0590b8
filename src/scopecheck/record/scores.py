"""The small adapters between a kind of data and a trial: how good an answer looks, a case taken again."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from scopecheck.measure import Chance
    from scopecheck.record.trial import Case


@dataclass(eq=False)
class Scores:
    """Scores of one answer.

    Attributes
    ----------
    looks : dict of str to float
        How good it looks, by score.
    gross : dict of str to float
        Gross error of the measurements that have one, by measurement.
    by_chance : callable, optional
        ``by_chance(seed)`` gives the same answer's scores at random places; asked once, when it is needed.
    seed : tuple of int
        For these places; each case of an arm has its own.
    """

    looks: dict[str, float] = field(default_factory=dict)
    gross: dict[str, float] = field(default_factory=dict)
    by_chance: Callable[[Any], "Chance | None"] | None = None
    seed: tuple[int, ...] = (0,)
    _drawn: Any = None

    def chance(self) -> Any:
        """The scores at random places, drawn once."""
        if self._drawn is None and self.by_chance:
            self._drawn = self.by_chance(self.seed)
        return self._drawn


def pooled_chance(several: Sequence[Scores]) -> "Chance | None":
    """Scores at random places, added up; None where nothing is known of chance."""
    from scopecheck import measure

    drawn = [luck for one in several if (luck := one.chance()) is not None]
    return measure.pool_chance(drawn) if drawn else None


def scores(answer: Any, case: "Case") -> Scores:
    """Score label images: F1 at IoU 0.5, pixel Dice, and the gross error of their count (`measure.match`)."""
    from scopecheck import measure

    found = measure.match(answer, case.truth)
    return Scores(
        {"F1@0.5": found.f1, "pixel Dice": measure.pixel_dice(answer, case.truth)},
        {"count": measure.gross_error(found)},
        lambda seed: measure.chance(answer, case.truth, seed=seed),
    )


def mask_scores(answer: Any, case: "Case", measurements: Sequence[str] = ("area_fraction",)) -> Scores:
    """Score masks: pixel Dice, and as gross error missed and invented pixels over the true ones."""
    from scopecheck import measure

    mask, true = np.asarray(answer) > 0, np.asarray(case.truth) > 0
    wrong = float(np.count_nonzero(mask != true) / np.count_nonzero(true)) if true.any() else float("inf")
    return Scores(
        {"pixel Dice": measure.pixel_dice(mask, true)},
        dict.fromkeys(measurements, wrong),
        lambda seed: measure.chance(mask, true, seed=seed),
    )


def retaken(source: "Case", seed: int, **setting: Any) -> "Case":
    """A labelled image taken again (`acquire.retake`), with units that lead back to the source's."""
    from scopecheck import acquire

    image = acquire.retake(source.image, seed=seed, **setting)
    truth = acquire.optics.resample_labels(source.truth, setting.get("pixel_factor", 1.0))
    low, bright = acquire.found_levels(source.image)
    photons, labelled = setting.get("photons"), setting.get("labelled", 1.0)
    light = (bright - low) / photons / labelled if photons else 1.0
    units = {"area": source.image.size / image.size, "light": light}
    return replace(source, image=image, truth=truth, units=units, seed=seed)
