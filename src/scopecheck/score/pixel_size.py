"""A pixel size given in another unit than the one asked for."""

from __future__ import annotations

UNITS = {"m": 1.0, "mm": 1e-3, "um": 1e-6, "nm": 1e-9, "A": 1e-10}
LIKELY = {"um": ("nm", "mm", "m", "A"), "A": ("nm", "um", "mm", "m")}  # what else is meant, likeliest first
USUAL = {"um": (0.001, 10.0), "A": (0.1, 100.0)}  # of microscopes: electron to low-power optics; of maps


def meant(given: float, stated: float | None, unit: str) -> str:
    """Name the unit in which a number would be the size that a file states; empty where none does.

    Parameters
    ----------
    given, stated : float
        As typed, and as the file has it in `unit`; None where it has none.
    unit : str
        ``um`` or ``A``.
    """
    if not stated or not given > 0:
        return ""
    for other, metres in UNITS.items():
        if other != unit and abs(given * metres / (stated * UNITS[unit]) - 1) < 0.02:
            return other
    return ""


def slip(given: float, stated: float | None, unit: str, source: str = "--pixel-size") -> str:
    """Say where a pixel size was probably meant in another unit.

    It is said where the file states the very number in another unit, and, where the file states none, where
    the size lies outside what microscopes have: 1 nm to 10 um for ``um``, 0.1 to 100 A for ``A``.

    Parameters
    ----------
    given : float
        As typed.
    stated : float or None
        What the file says, in `unit`; None where it says nothing.
    unit : {"um", "A"}
        That of the option.
    source : str
        Where the number was given, at the head of the sentence.

    Returns
    -------
    str
        A sentence, or empty.
    """
    if other := meant(given, stated, unit):
        return (
            f"{source} {given:g}: is in {unit}, and the file's own size is {stated:.4g} {unit}, which is"
            f" {given:g} {other}. Was it meant in {other}? Then give --pixel-size {stated:.4g}."
        )
    low, high = USUAL[unit]
    if stated or low <= given <= high:
        return ""
    hint = ""
    for other in LIKELY[unit]:
        size = given * UNITS[other] / UNITS[unit]
        if low <= size <= high:
            hint = f" If it was meant in {other}, give --pixel-size {size:.4g}."
            break
    return f"{source} {given:g}: is in {unit}; microscopes have {low:g} to {high:g}.{hint}"
