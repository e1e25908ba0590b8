"""One image with its truth, as `data.samples` gives it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, eq=False)
class Sample:
    """One image with its truth.

    Attributes
    ----------
    name : str
        Name within the dataset.
    image : ndarray
        (Y, X), (Y, X, C) or (Z, Y, X), as stored.
    truth : ndarray of int32 or None
        Label image of the same Y, X (and Z); 0 is background.
    pixel_size : tuple of float or None
        Micrometres along the image's spatial axes in their order; None where not known.
    acquisition : str
        Samples with the same acquisition (planes of one volume) are not independent.
    dataset : str
        The catalogue's name.
    setting : str
        The acquisition setting as far as it can be told, to group by.
    """

    name: str
    image: np.ndarray
    truth: np.ndarray | None
    pixel_size: tuple[float, ...] | None
    acquisition: str
    dataset: str
    setting: str = ""

    def crop(self, part: tuple[slice, ...]) -> Sample:
        """The same sample, of which image and truth keep this part alone (slices along Y and X)."""
        return replace(self, image=self.image[part], truth=None if self.truth is None else self.truth[part])
