"""Particle tables of RELION, cryoSPARC and cryoDRGN: poses, CTF, place and half set, in one convention."""

from __future__ import annotations

import pickle
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scopecheck.data.read import star
from scopecheck.data.read.mrc import is_file, micrograph_name
from scopecheck.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from scipy.spatial.transform import Rotation

CS_MAGIC = (b"\x93NUMPY", b"\x95CSDAT")
NEEDS = {
    "poses": ("rot", "tilt", "psi"),
    "ctf": ("defocus_u", "defocus_v", "defocus_angle", "voltage", "cs", "amplitude_contrast"),
    "half_set": ("half_set",),
    "place": ("micrograph", "x", "y"),
}
_RELION = {
    "rlnAngleRot": "rot",
    "rlnAngleTilt": "tilt",
    "rlnAnglePsi": "psi",
    "rlnDefocusU": "defocus_u",
    "rlnDefocusV": "defocus_v",
    "rlnDefocusAngle": "defocus_angle",
    "rlnVoltage": "voltage",
    "rlnSphericalAberration": "cs",
    "rlnAmplitudeContrast": "amplitude_contrast",
    "rlnPhaseShift": "phase_shift",
    "rlnCtfBfactor": "b_factor",
    "rlnImageSize": "box",
    "rlnMicrographName": "micrograph",
    "rlnCoordinateX": "x",
    "rlnCoordinateY": "y",
    "rlnRandomSubset": "half_set",
}
_CTF_PKL = ["box", "pixel_size", "defocus_u", "defocus_v", "defocus_angle"]
_CTF_PKL += ["voltage", "cs", "amplitude_contrast", "phase_shift"]


def read_particles(path: str | Path, *, needs: tuple[str, ...] = ()) -> pd.DataFrame:
    """Read a particle table: RELION .star (3.0, 3.1 and later), cryoSPARC .cs, cryoDRGN poses or CTF .pkl.

    Parameters
    ----------
    path : str or Path
    needs : tuple of str
        What must be there: "poses", "ctf", "half_set", "place".

    Returns
    -------
    DataFrame
        One row a particle, of these columns those that the file holds; nothing is guessed. rot, tilt, psi:
        RELION's Euler angles (ZYZ, degrees). shift_x, shift_y: pixels by which the particle lies off the
        image's centre, the negative of the origin or shift that the programs store. shift_x_box,
        shift_y_box: the same in fractions of the box, where the file gives no box (cryoDRGN's poses).
        defocus_u, defocus_v (A, positive is underfocus), defocus_angle (degrees), voltage (kV), cs (mm),
        amplitude_contrast, phase_shift (degrees), b_factor (A^2). box (px), pixel_size (A). micrograph
        (without folder and suffix), x, y (px of it; cryoSPARC's y, which counts from the other edge, is
        turned). half_set (1, 2).

    Raises
    ------
    InputError
        If the file is none of these, is damaged, holds Python objects, lacks its optics groups or something
        that `needs` names, or has a number that is none.

    Warns
    -----
    UserWarning
        If a defocus is negative (overfocus) or below 100 A, which mostly is a sign of another convention; if
        optics groups are described and no particle names its own.
    """
    import numpy as np
    import pandas as pd

    if unknown := [need for need in needs if need not in NEEDS]:
        raise InputError(f"{path}: needs names {unknown[0]!r}; expected some of {', '.join(NEEDS)}.")
    path = is_file(path, "particles (.star, .cs or cryoDRGN's .pkl)")
    with path.open("rb") as handle:
        start = handle.read(6)
    if start in CS_MAGIC:
        rows = read_cs(path)
    elif start[:1] == b"\x80":
        rows = pd.DataFrame(_cryodrgn(path))
    elif b"\0" in start:
        raise InputError(
            f"{path}: is no particle table; expected RELION .star, cryoSPARC .cs or cryoDRGN .pkl."
        )
    else:
        rows = _relion(path)
    if rows.empty:
        raise InputError(f"{path}: holds no particles.")
    if "micrograph" in rows:
        rows["micrograph"] = [micrograph_name(name) for name in rows["micrograph"]]
    for need in needs:
        if missing := [column for column in NEEDS[need] if column not in rows]:
            raise InputError(
                f"{path}: its particles have no {need} ({', '.join(missing)} missing); expected"
                f" {', '.join(NEEDS[need])}. Export the table with them."
            )
    for column in rows.columns.difference(["micrograph"]):
        numbers = pd.to_numeric(rows[column], errors="coerce").to_numpy(float)
        if not np.isfinite(numbers).all():
            first = int(np.flatnonzero(~np.isfinite(numbers))[0])
            raise InputError(
                f"{path}: {column} of particle {first + 1} is {rows[column].iloc[first]}, no number."
            )
        rows[column] = numbers
    if both := [column for column in ("defocus_u", "defocus_v") if column in rows]:
        defocus = rows[both]
        for wrong, said in (
            (defocus < 0, "a negative defocus, which is overfocus here; is its underfocus negative?"),
            ((defocus > 0) & (defocus < 100), "a defocus below 100 A; is it in micrometres?"),
        ):
            if many := wrong.any(axis=1).sum():
                warnings.warn(f"{path}: {many} of {len(rows)} particles have {said}", stacklevel=2)
    return rows


def _relion(path: Path) -> pd.DataFrame:
    import pandas as pd

    table = star.table(path)

    def number(column: str) -> pd.Series:
        return pd.to_numeric(table[column], errors="coerce")  # a word is NaN, which read_particles refuses

    rows = table[[column for column in _RELION if column in table]].rename(columns=_RELION)
    if "rlnImagePixelSize" in table:
        rows["pixel_size"] = number("rlnImagePixelSize")
    elif {"rlnDetectorPixelSize", "rlnMagnification"} <= set(table):  # until 3.0; micrometres at the detector
        rows["pixel_size"] = number("rlnDetectorPixelSize") * 1e4 / number("rlnMagnification")
    for axis in "XY":
        if f"rlnOrigin{axis}" in table:
            rows[f"shift_{axis.lower()}"] = -number(f"rlnOrigin{axis}")
        elif f"rlnOrigin{axis}Angst" in table:
            if "pixel_size" not in rows:
                raise InputError(
                    f"{path}: gives origins in Angstrom and no pixel size (rlnImagePixelSize); expected it in"
                    " 'data_optics'. Take the whole file that RELION wrote."
                )
            rows[f"shift_{axis.lower()}"] = -number(f"rlnOrigin{axis}Angst") / rows["pixel_size"]
    if rows.empty and not len(rows.columns):
        raise InputError(f"{path}: has none of the columns of particles (rlnAngleRot, rlnDefocusU, ...).")
    return rows


def read_cs(path: Path) -> pd.DataFrame:
    """Read a cryoSPARC dataset through cryosparc-tools; one that holds Python objects is refused unopened."""
    import numpy as np
    import pandas as pd
    from scipy.spatial.transform import Rotation

    with path.open("rb") as handle:
        if handle.read(6) == CS_MAGIC[0]:
            handle.seek(0)
            try:
                version = np.lib.format.read_magic(handle)
                read = (
                    np.lib.format.read_array_header_1_0
                    if version[0] == 1
                    else np.lib.format.read_array_header_2_0
                )
                shape, _, dtype = read(handle)
            except ValueError as error:
                raise InputError(
                    f"{path}: is a damaged .cs file ({error}). Write or copy it again."
                ) from None
            if dtype.hasobject:
                raise InputError(
                    f"{path}: holds Python objects (a pickle), which are never opened; expected a .cs file of"
                    " numbers and fixed-length text. Export it from cryoSPARC again."
                )
            if dtype.names is None or len(shape) != 1:
                raise InputError(
                    f"{path}: is an array of numbers, no cryoSPARC dataset; expected named fields."
                )
    try:
        from cryosparc.dataset import Dataset
    except ImportError:
        raise InputError(f"{path}: reading .cs needs cryosparc-tools: pip install cryosparc-tools.") from None
    try:
        found = Dataset.load(path)
    except Exception as error:  # the library wraps whatever happened in its own error, of no common base
        said = " ".join(str(error.__cause__ or error).split())[:160]
        raise InputError(f"{path}: is cut short or no cryoSPARC dataset ({said}). Export it again.") from None
    fields, rows = set(found.fields()), {}

    def column(field: str, width: int = 1) -> Any:
        values = np.asarray(found[field])
        if values.dtype.kind not in "iuf" or values.shape[1:] != ((width,) if width > 1 else ()):
            raise InputError(
                f"{path}: {field} is {values.dtype} of shape {values.shape}; expected {width} number"
                f"{'s' * (width > 1)} for each particle. Export it from cryoSPARC again."
            )
        return values

    def first(*names: str) -> str:
        return next((name for name in names if name in fields), "")

    plain = {
        "accel_kv": "voltage",
        "cs_mm": "cs",
        "amp_contrast": "amplitude_contrast",
        "bfactor": "b_factor",
    }
    plain |= {"df1_A": "defocus_u", "df2_A": "defocus_v"}
    rows = {name: column(f"ctf/{field}") for field, name in plain.items() if f"ctf/{field}" in fields}
    for field, name in {"df_angle_rad": "defocus_angle", "phase_shift_rad": "phase_shift"}.items():
        if f"ctf/{field}" in fields:
            rows[name] = np.degrees(column(f"ctf/{field}").astype(float))
    if "blob/psize_A" in fields:
        rows["pixel_size"] = column("blob/psize_A")
    if "blob/shape" in fields:
        rows["box"] = column("blob/shape", 2)[:, -1]
    home = first("alignments3D/pose", "alignments_class_0/pose").rpartition("/")[0]
    if home:
        turned = Rotation.from_rotvec(column(f"{home}/pose", 3).astype(float))
        rows |= dict(zip(("rot", "tilt", "psi"), euler(turned).T, strict=True))
        if f"{home}/split" in fields:
            rows["half_set"] = column(f"{home}/split") + 1
    home = home or first("alignments2D/shift").rpartition("/")[0]
    if home and f"{home}/shift" in fields:
        if "pixel_size" in rows and f"{home}/psize_A" not in fields:
            raise InputError(
                f"{path}: gives {home}/shift and not {home}/psize_A, the pixel of the shifts;"
                " expected both. Export the particles with all of their alignments."
            )
        scale = column(f"{home}/psize_A") / rows["pixel_size"] if "pixel_size" in rows else 1.0
        shift = -column(f"{home}/shift", 2).astype(float)
        rows |= {"shift_x": shift[:, 0] * scale, "shift_y": shift[:, 1] * scale}
    if {"location/center_x_frac", "location/center_y_frac", "location/micrograph_shape"} <= fields:
        size = column("location/micrograph_shape", 2).astype(float)
        rows["x"] = column("location/center_x_frac") * size[:, 1]
        rows["y"] = (1 - column("location/center_y_frac").astype(float)) * size[:, 0]  # from the other edge
    if name := first("location/micrograph_path", "micrograph_blob/path"):
        rows["micrograph"] = [str(item) for item in found[name]]
    if name := first("pick_stats/ncc_score"):
        rows["score"] = column(name)
    return pd.DataFrame(rows, index=range(len(found)))


def euler(rotation: Rotation) -> np.ndarray:
    """Return RELION's rot, tilt, psi in degrees, (N, 3): Rz(rot) Ry(tilt) Rz(psi), cryoDRGN's transposed."""
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", UserWarning
        )  # at tilt 0 rot and psi are one angle; scipy puts it in rot
        return rotation.as_euler("ZYZ", degrees=True)


def _load_pickle(path: Path) -> list[Any]:
    """Return what the pickle holds, one thing or the parts of a tuple."""
    from scopecheck.unpickling import load_arrays

    try:
        return load_arrays(path.read_bytes())
    except pickle.UnpicklingError as error:
        raise InputError(
            f"{path}: is refused: {error}; a pickle may only hold arrays of numbers here, since opening"
            " another one can run whatever its author wrote. If a copy was broken off, copy it again."
        ) from None


def _cryodrgn(path: Path) -> dict[str, np.ndarray]:
    """CryoDRGN's poses (rotations, or rotations and shifts in fractions of the box) or CTF (N, 9)."""
    import numpy as np
    from scipy.spatial.transform import Rotation

    parts = _load_pickle(path)
    shapes = [part.shape for part in parts if isinstance(part, np.ndarray)]
    if len(shapes) < len(parts):
        shapes = []
    if len(shapes) == 1 and len(shapes[0]) == 2 and shapes[0][1] == 9:
        return dict(zip(_CTF_PKL, parts[0].T.astype(float), strict=True))
    if shapes and shapes[0][1:] == (3, 3) and shapes[1:] in ([], [(shapes[0][0], 2)]):
        rotations = parts[0].astype(float)
        if wrong := int((~np.isfinite(rotations)).any(axis=(1, 2)).sum()):
            raise InputError(
                f"{path}: {wrong} of {len(rotations)} rotations hold NaN or infinity; expected matrices of"
                " finite numbers. Leave those particles out."
            )
        off = np.abs(rotations @ rotations.transpose(0, 2, 1) - np.eye(3)).max(initial=0)
        if off > 1e-3 or (np.linalg.det(rotations) < 0).any():
            raise InputError(f"{path}: its matrices are no rotations; expected poses that cryoDRGN wrote.")
        if len(parts) == 2 and (most := np.abs(parts[1]).max(initial=0)) > 1:  # cryoDRGN's own limit
            raise InputError(
                f"{path}: a shift of {most:.3g} box widths; expected fractions of the box, at most 1."
                " If they are pixels, divide them by the box."
            )
        turned = Rotation.from_matrix(rotations.transpose(0, 2, 1))
        rows = dict(zip(("rot", "tilt", "psi"), euler(turned).T, strict=True))
        if len(parts) == 2:
            rows |= {
                "shift_x_box": -parts[1][:, 0].astype(float),
                "shift_y_box": -parts[1][:, 1].astype(float),
            }
        return rows
    raise InputError(
        f"{path}: holds {shapes or [type(part).__name__ for part in parts[:3]]}; expected cryoDRGN's poses,"
        " rotations (N, 3, 3) with or without shifts (N, 2), or its CTF (N, 9)."
    )
