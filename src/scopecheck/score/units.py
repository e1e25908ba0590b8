"""Numbers on the absolute scale carry the unit in which the measurement comes, so that none means another."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from scopecheck.errors import InputError

_PLAIN = str.maketrans({"µ": "u", "μ": "u", "²": "2", "³": "3"})
_EXAMPLE = {"objects": "2 objects", "px^2": "20 px^2", "um^2": "5 um^2", "grey levels": "1000 grey levels"}


def plain(unit: str) -> str:
    """One spelling of a unit: "µm²", "um2" and "um^2" are one, and so are "object" and "objects"."""
    text = " ".join(unit.translate(_PLAIN).lower().split())
    text = re.sub(r"(?<=[a-z])\^?(?=[23]$)", "^", text)
    return {"object": "objects", "grey level": "grey levels", "gray levels": "grey levels"}.get(text, text)


def check_units(
    option: str, given: Mapping[str, object], units: Mapping[str, str], measured: Mapping[str, str]
) -> None:
    """Refuse a number whose unit is missing, or is not that of the measurement which it is meant for.

    Parameters
    ----------
    option : str
        Its name, for the message.
    given : mapping
        Numbers by measurement; the key ``all`` stands for those not named.
    units : mapping of str to str
        The units given with them, under the same keys; "" where none was.
    measured : mapping of str to str
        Measurements and the units in which they come; "" is a fraction and needs none.

    Raises
    ------
    InputError
        Naming the measurement, both units, and what to write.
    """
    for name, unit in measured.items():
        key = name if name in given else "all"
        if key not in given or plain(units.get(key, "")) == plain(unit):
            continue
        got = f"is given in {units[key]}" if units.get(key) else "is given without a unit"
        if key == "all":
            got = f"the number for all measurements {got}"
        raise InputError(
            f"--{option}: {name} comes in {unit or 'no unit, a fraction'}, but {got}; on the absolute scale"
            f" write each with its own unit: --{option} '{','.join(example(measured))}'."
        )


def example(measured: Mapping[str, str]) -> Sequence[str]:
    """What to write for these measurements, with made-up numbers."""
    made = {name: _EXAMPLE.get(unit, f"1 {unit}" if unit else "0.02") for name, unit in measured.items()}
    return [f"{name}={text}" for name, text in made.items()]
