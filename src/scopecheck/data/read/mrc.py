"""Maps, particle stacks and micrographs, as numbers with their pixel size; what is damaged is said."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from scopecheck.data.read.formats import damaged, read_png
from scopecheck.errors import InputError

if TYPE_CHECKING:
    import numpy as np

MODES = "0 (int8), 1 (int16), 2 (float32), 6 (uint16) or 12 (float16)"
_ALIKE = {1: ("int8", "uint8"), 2: ("int16", "uint16", "float16")}  # types of one width, in bytes


class MapFile(NamedTuple):
    """A map and where it lies.

    Attributes
    ----------
    values : ndarray of float32
        (Z, Y, X), whichever order the file stores.
    pixel_size : float
        Edge of a voxel in Angstrom.
    origin : tuple of float
        x, y, z in Angstrom of the centre of voxel [0, 0, 0], in the frame of a model.
    path : Path
    """

    values: np.ndarray
    pixel_size: float
    origin: tuple[float, float, float]
    path: Path


def is_file(path: str | Path, what: str, empty: str = "is empty") -> Path:
    """Return the path of a file that is there and holds something; InputError otherwise."""
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: no such file; expected {what}.")
    try:
        with path.open("rb") as handle:
            if handle.read(1):
                return path
    except OSError as error:
        raise InputError(f"{path}: cannot be opened ({error.strerror}).") from None
    raise InputError(f"{path}: {empty} (0 bytes); expected {what}. Write or copy it again.")


def micrograph_name(name: object) -> str:
    """Return a micrograph's name without folder and image suffix, by which tables are matched."""
    return re.sub(
        r"\.(mrcs?|tiff?|eer|jpe?g|png|st|map|rec|tomostar)$",
        "",
        str(name).rpartition("/")[2],
        flags=re.IGNORECASE,
    )


def _open(path: Path, remedy: str) -> tuple[np.ndarray, Any]:
    """Return the body as float32 and the header; InputError where one does not fit the other, or for NaN."""
    import mrcfile
    import numpy as np

    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            with mrcfile.open(path, mode="r", permissive=True) as mrc:  # older files lack the 'MAP ' of 2000
                data, header = mrc.data, mrc.header.copy()
            if data is not None:
                data.flags.writeable = True  # it is ours; mrcfile guards its file, which is closed
        faults = [str(item.message) for item in caught if "Map ID" not in str(item.message)]
    except (ValueError, OSError, EOFError) as error:
        data, header, faults = None, None, [str(error)]
    if data is None or any("larger than expected" in fault for fault in faults):
        said = " ".join("; ".join(faults).split())[:200]
        raise InputError(
            f"{path}: header and body do not agree, or it is no MRC file ({said}). Expected an MRC file, mode"
            f" {MODES}, whose body has the length its header states; it is cut short, or the mode or the size"
            " in its header is wrong. Write or copy it again."
        )
    if data.size == 0:
        raise InputError(f"{path}: holds no pixels.")
    if data.dtype.kind == "c":
        raise InputError(
            f"{path}: holds complex numbers (a transform, mode {header.mode}); expected an image."
        )
    _right_mode(path, data, header)
    if data.dtype.kind == "f" and not np.isfinite(data).all():
        wrong = ~np.isfinite(data)
        at = " and ".join(f"{i}" for i in np.argwhere(wrong)[0])
        raise InputError(
            f"{path}: {int(wrong.sum())} of {data.size} values are NaN or infinite, the first at index {at};"
            f" expected finite numbers. {remedy}"
        )
    return data.astype(np.float32, copy=False), header


def _right_mode(path: Path, data: np.ndarray, header: Any) -> None:
    """Refuse numbers that miss the header's least and greatest where another type of their width meets them.

    The length of the body cannot tell such types apart. Statistics alone are no ground: programs leave them
    unset (DMIN not below DMAX) or do not renew them when they change the values.
    """
    import numpy as np

    low, high = float(header.dmin), float(header.dmax)
    alike = _ALIKE.get(data.dtype.itemsize, ())

    def meets(kind: str) -> bool:
        values = data.view(np.dtype(kind).newbyteorder(data.dtype.byteorder))
        off = [abs(float(values.min()) - low), abs(float(values.max()) - high)]
        return all(difference <= 0.01 * (high - low) for difference in off)

    if alike and low < high and not meets(data.dtype.name):
        for kind in alike:
            if meets(kind):
                raise InputError(
                    f"{path}: as mode {header.mode} ({data.dtype.name}) its values go from {data.min():g} to"
                    f" {data.max():g}; its header states {low:g} to {high:g}, which they are as {kind}. The"
                    " mode is wrong; write the file again with the right one."
                )
    if data.dtype.kind in "iu" and not low < high and _wrapped(data):
        warnings.warn(
            f"{path}: as mode {header.mode} ({data.dtype.name}) its values crowd at both ends of the type's"
            " range and spare the middle, as those of another integer type do, and its header has no"
            " statistics to tell. Is the mode wrong?",
            stacklevel=4,
        )


def _wrapped(data: np.ndarray) -> bool:
    """Tell whether both outer quarters of an integer type hold values and its middle half hardly any.

    The two ends themselves do not count: a mask of least and greatest is none.
    """
    import numpy as np

    ends = np.iinfo(data.dtype)
    quarter = (int(ends.max) - int(ends.min) + 1) // 4
    low = ((data > ends.min) & (data < ends.min + quarter)).mean()
    high = ((data < ends.max) & (data > ends.max - quarter)).mean()
    middle = ((data >= ends.min + quarter) & (data <= ends.max - quarter)).mean()
    return bool(min(low, high) > 0.01 > middle)


def _voxel(path: Path, header: Any) -> tuple[float, float, float]:
    """Voxel size along x, y, z in Angstrom; 0 where the header leaves it out."""
    sizes = []
    for axis in "xyz":
        cells, length = int(header[f"m{axis}"]), float(header.cella[axis])
        sizes.append(length / cells if cells > 0 else 0.0)
    if any(size < 0 for size in sizes):
        raise InputError(f"{path}: the header states a negative voxel size, {sizes} A; correct it.")
    return sizes[0], sizes[1], sizes[2]


def read_map(path: str | Path, *, pixel_size: float | None = None) -> MapFile:
    """Read a density map (.mrc, .map, .ccp4, also gzipped) in the order (Z, Y, X).

    The axes are put in order by MAPC, MAPR and MAPS. The origin is ORIGIN where it is set, else the start
    indices times the voxel (Cheng et al. 2015, doi:10.1016/j.jsb.2015.04.002, MRC2014).

    Parameters
    ----------
    path : str or Path
    pixel_size : float, optional
        Edge of a voxel in Angstrom, in place of what the header says or leaves out.

    Returns
    -------
    MapFile
        values (Z, Y, X) float32, pixel_size in Angstrom, origin (x, y, z) in Angstrom.

    Raises
    ------
    InputError
        If the file is not a whole MRC volume of finite numbers, or does not give one cubic voxel size; if the
        pixel size given is none.

    Warns
    -----
    UserWarning
        If an integer type seems to be another one and the header's statistics, which would tell, are not set.
    """
    import numpy as np

    path = is_file(path, "a map (.mrc or .map)")
    if pixel_size is not None and not 0 < pixel_size < float("inf"):
        raise InputError(
            f"{path}: the pixel size (--pixel-size, pixel_size) is given as {pixel_size:g}; expected Angstrom"
            " per voxel, above 0."
        )
    data, header = _open(path, "Write the map again without them.")
    if data.ndim != 3:
        raise InputError(f"{path}: has the shape {data.shape}; expected a volume of three axes.")
    order = [int(header.mapc), int(header.mapr), int(header.maps)]  # x is 1, y 2, z 3; fastest axis first
    if sorted(order) != [1, 2, 3]:
        order = [1, 2, 3]  # older programs leave the three at 0
    values = np.ascontiguousarray(data.transpose([2 - order.index(axis) for axis in (3, 2, 1)]))
    size = (pixel_size,) * 3 if pixel_size else _voxel(path, header)
    if not all(size) or max(size) > 1.001 * min(size):
        what = "no voxel size" if not all(size) else "voxels that are not cubes"
        raise InputError(
            f"{path}: the header gives {what} (x, y, z: {', '.join(f'{s:.4g}' for s in size)} A); expected"
            " one size in Angstrom. Give its pixel size (--pixel-size; pixel_size in Python), or resample"
            " the map."
        )
    if any(abs(float(header.cellb[angle]) - 90) > 0.01 for angle in ("alpha", "beta", "gamma")):
        raise InputError(f"{path}: the cell's angles are not 90 degrees; expected a box.")
    origin = [float(header.origin[axis]) for axis in "xyz"]
    if not any(origin):
        starts = [int(header[f"n{axis}start"]) for axis in "xyz"]  # of columns, rows, sections
        origin = [starts[order.index(axis)] * size[axis - 1] for axis in (1, 2, 3)]
    return MapFile(values, sum(size) / 3, (origin[0], origin[1], origin[2]), path)


def read_stack(path: str | Path) -> tuple[np.ndarray, float | None]:
    """Read a particle stack (.mrcs, .mrc): images (N, Y, X) float32 and Angstrom per pixel.

    Row 0 of an image is the first row the file stores. The pixel size is None where the header leaves it out;
    many programs write 1.0 there whatever the truth, so prefer the particle table's. Raises InputError for a
    file cut short, a mode that does not fit the body, and NaN; warns as `read_map`.
    """
    path = is_file(path, "a particle stack (.mrcs)")
    data, header = _open(path, "Leave those images out, or write them again.")
    if data.ndim not in (2, 3):
        raise InputError(f"{path}: has the shape {data.shape}; expected images (N, Y, X).")
    return data.reshape(-1, *data.shape[-2:]), _voxel(path, header)[0] or None


def read_micrograph(path: str | Path) -> tuple[np.ndarray, float | None]:
    """Read one micrograph (.mrc, .tif, .png, .jpg): image (Y, X) float32, and Angstrom per pixel or None.

    Row 0 is the first row the file stores; exports to PNG and JPEG often show an MRC file upside down. Raises
    InputError for a movie, colour, a damaged file and NaN.
    """
    import numpy as np

    from scopecheck.data.read.images import read_image

    path = is_file(path, "a micrograph (.mrc, .tif, .png or .jpg)")
    if path.suffix.lower() in (".jpg", ".jpeg"):
        try:
            array, axes, _ = read_png(path)
        except (OSError, SyntaxError) as error:
            raise damaged(path, error) from None
        if axes != "YX":
            raise InputError(f"{path}: is a colour picture; expected one grey level per pixel.")
        return array.astype(np.float32), None
    if path.suffix.lower() in (".mrc", ".mrcs", ".map"):
        stack, size = read_stack(path)
    else:
        picture = read_image(path)
        stack = picture.array.astype(np.float32).reshape(-1, *picture.array.shape[-2:])
        size = picture.pixel_size[-1] * 1e4 if picture.pixel_size else None
    if len(stack) != 1:
        raise InputError(f"{path}: holds {len(stack)} frames; expected one micrograph. Sum the movie first.")
    return stack[0], size
