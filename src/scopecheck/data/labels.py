"""Label images by path, refused where their values are certainly no labels."""

from __future__ import annotations

import warnings
from pathlib import Path

from scopecheck.data.read.images import Picture, read_unchecked_labels
from scopecheck.errors import InputError


def read_labels(path: str | Path, *, mask: bool = False, own: bool = False) -> Picture:
    """Read a label image: one number an object, 0 for background.

    TIFF, OME-TIFF, ImageJ TIFF, PNG (also with a palette), NPY, and OME-Zarr 0.4 and 0.5 at full
    resolution: the image's only member of `labels`, or the label image whose path is given. Axes of length
    1 are dropped. Chunks that an OME-Zarr does not hold are background, as its standard says. Of Cellpose's
    `_seg.npy` the masks are read. Decimal numbers are taken where each is whole and told from its neighbours.

    Parameters
    ----------
    path : str or Path
    mask : bool
        Accept a mask too, in which one value stands for every object (for measures of the covered area).
    own : bool
        Of an image that lies in several OME-TIFF files, read the planes of this file alone; by default the
        whole image is read, whichever of its files is given.

    Returns
    -------
    Picture

    Raises
    ------
    InputError
        If there is no such file, it is empty, damaged, cut short or not what its name says, or does not hold
        whole-number labels of one plane or one stack; also for a mask, classes, a numbered background, planes
        numbered each on its own, and interpolated values (`measure.signs`). Of a mask it is refused only
        where the covered area would be wrong.

    Warns
    -----
    UserWarning
        Where its values make it doubtful that the file is a label image.
    """
    from scopecheck.measure.signs import look

    picture = read_unchecked_labels(path, mask=mask, own=own)
    for sign in look(picture.array).signs:
        if mask and sign.name not in ("steps", "background", "inverted"):
            continue
        text = f"{Path(path)}: {sign.sentence(sign.code)}."
        if sign.certain:
            raise InputError(text)
        warnings.warn(text, stacklevel=2)
    return picture
