"""By which rules label images are read, measured and judged; declared before anything is opened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from scopecheck.errors import InputError

Limit = float | tuple[float, float]
Side = str  # prediction, truth, or both


def fractions(limits: Mapping[str, Limit], where: str = "--tolerance") -> None:
    """Refuse relative tolerances of 100 % and more: they were meant in per cent."""
    for value in limits.values():
        far = max(value if isinstance(value, tuple) else (value,), key=abs)
        if abs(far) >= 1:
            raise InputError(f"{where}: {far:g} means {100 * far:g} %; write {far / 100:g} for {far:g} %.")


@dataclass(frozen=True)
class Rules:
    """What `score_labels` is told besides the files.

    Attributes
    ----------
    tolerance : mapping of str to float or (low, high)
        By measurement; the key ``all`` stands for those not named. Without a tolerance the verdict is null.
    truth_uncertainty : mapping of str to float
        The truth's own systematic uncertainty, likewise.
    units : mapping, optional
        Units given with `tolerance` and `truth_uncertainty` (the keys) on the absolute scale, by measurement;
        refused where they are not those in which it comes. None does not ask for them.
    scale, estimand : str
        As `judge.agreement`.
    measures : sequence of str, optional
        Keys of `measure.quantities`; by default count, mean and total area (volume), and total intensity
        where there are images.
    pixel_size : sequence of float, optional
        Micrometres (y, x) or (z, y, x), or one for both axes of a plane; by default what the files say, else
        areas are in pixels.
    unit : {"px", "um"}, optional
    threshold : float
        Intersection over union from which two objects are one.
    border : {"keep", "drop"}
        Whether objects that touch the edge count, in prediction and truth alike.
    grey_background : float, "image" or mapping of str to float, optional
        Grey level to subtract, of all images or by image; see `grey_levels.levels`.
    saturation : float, optional
        As `measure.quantities`.
    labels : mapping of str to str
        How to number the objects of ``prediction``, ``truth`` or ``both``: ``connected`` (every connected
        piece of one value), ``linked`` (the outlines of a stack's planes, joined), or which outlines of a
        file are meant: ``nuclei`` of QuPath's cells, ``rois`` of an OME-TIFF.
    shape : sequence of int, optional
        (Y, X) or (Z, Y, X) of the images on which outlines were drawn.
    children : (Path, Path), optional
        Predicted and true labels of what lies inside the objects (`score.children`).
    background : mapping of str to sequence of int
        The numbers that stand for the background, with the same keys.
    as_given : bool
        Do not refuse names that say that prediction and truth are swapped, files with the signs of what is no
        label image (`measure.signs`), nor labels that match far better turned or shifted (`measure.frame`).
    pairing : str, optional
        How files are paired: 'PATTERN=PATTERN', or a table's name; see `pair_given`.
    level : {"field"}, optional
        Each pair of files is independent, whatever wells or animals their names hold.
    """

    tolerance: Mapping[str, Limit] = field(default_factory=dict)
    truth_uncertainty: Mapping[str, float] = field(default_factory=dict)
    units: Mapping[str, Mapping[str, str]] | None = None
    scale: str = "relative"
    estimand: str = "per-acquisition mean"
    measures: Sequence[str] | None = None
    pixel_size: Sequence[float] | None = None
    unit: str | None = None
    threshold: float = 0.5
    border: str = "keep"
    grey_background: float | str | Mapping[str, float] | None = None
    saturation: float | None = None
    labels: Mapping[Side, str] = field(default_factory=dict)
    background: Mapping[Side, Sequence[int]] = field(default_factory=dict)
    as_given: bool = False
    pairing: str | None = None
    shape: Sequence[int] | None = None
    children: tuple[Path, Path] | None = None
    level: str | None = None

    def way(self, side: Side) -> str | None:
        """What --labels says of one side."""
        return self.labels.get(side, self.labels.get("both"))

    def numbering(self, side: Side) -> str | None:
        """How to number the objects of one side; None for as they are."""
        from scopecheck.score.label_files import chooses

        way = self.way(side)
        return None if chooses(way) else way

    def background_of(self, side: Side) -> Sequence[int] | None:
        """The numbers that stand for the background of one side; None where 0 alone does."""
        return self.background.get(side, self.background.get("both"))

    def tolerance_of(self, measurement: str) -> Limit | None:
        """The tolerance of one measurement."""
        return self.tolerance.get(measurement, self.tolerance.get("all"))

    def uncertainty_of(self, measurement: str) -> float | None:
        """The truth's systematic uncertainty in one measurement."""
        return self.truth_uncertainty.get(measurement, self.truth_uncertainty.get("all"))

    @property
    def ratio_each(self) -> bool:
        """Whether each file's ratio to its truth is taken, rather than a difference or the ratio of sums."""
        return self.scale == "relative" and self.estimand != "pooled ratio"
