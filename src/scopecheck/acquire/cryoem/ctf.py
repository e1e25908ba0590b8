"""What the microscope and the dose do to the signal: contrast transfer function and radiation damage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass

import numpy as np

from scopecheck.acquire.cryoem.inputs import number
from scopecheck.errors import InputError


@dataclass(frozen=True)
class CTF:
    """Contrast transfer of one image.

    Parameters
    ----------
    defocus_u, defocus_v : float
        Angstrom, positive is underfocus; v is u unless given. Negative values are refused.
    angle : float
        Direction of `defocus_u`, degrees from the x axis towards growing y.
    voltage : float
        kV.
    cs : float
        Spherical aberration, mm.
    amplitude_contrast : float
        Fraction, 0 to 1.
    phase_shift : float
        Of a phase plate, degrees.
    b_factor : float
        Angstrom squared; amplitudes fall as ``exp(-b_factor s^2 / 4)``.

    Raises
    ------
    InputError
        If a value has the wrong sign or, for the defocus, looks like micrometres.
    """

    defocus_u: float
    defocus_v: float | None = None
    angle: float = 0.0
    voltage: float = 300.0
    cs: float = 2.7
    amplitude_contrast: float = 0.1
    phase_shift: float = 0.0
    b_factor: float = 0.0

    def __post_init__(self) -> None:
        if self.defocus_v is None:
            object.__setattr__(self, "defocus_v", self.defocus_u)
        for name in ("defocus_u", "defocus_v"):
            value = number(getattr(self, name), f"CTF {name}")
            if value < 0:
                raise InputError(
                    f"CTF {name}: {value:g} would be overfocus; underfocus is positive here (Angstrom), so"
                    " a file that writes it negative needs its sign changed"
                )
            if 0 < value < 100:
                raise InputError(f"CTF {name}: expected Angstrom, and {value:g} looks like micrometres")
        for name in ("angle", "phase_shift"):
            number(getattr(self, name), f"CTF {name}")
        for name in ("cs", "b_factor"):
            number(getattr(self, name), f"CTF {name}", minimum=0)
        number(self.voltage, "CTF voltage", above=0)
        if self.voltage > 3000:
            raise InputError(f"CTF voltage: expected kV (such as 300), got {self.voltage:g}")
        if not 0 <= number(self.amplitude_contrast, "CTF amplitude_contrast") <= 1:
            raise InputError(
                f"CTF amplitude_contrast: expected a fraction 0 to 1, got {self.amplitude_contrast}"
            )


def transfer(ctfs: Sequence[CTF], fx: np.ndarray, fy: np.ndarray) -> np.ndarray:
    """Values of every CTF at frequencies in 1/Angstrom, shape (len(ctfs), *broadcast(fx, fy)), float64.

    Phase as in Rohou and Grigorieff 2015, doi:10.1016/j.jsb.2015.08.008; wavelength relativistic.
    """
    u, v, angle, kv, cs, contrast, phase, b = (
        np.array([astuple(ctf) for ctf in ctfs], float).reshape(-1, 8).T[(...,) + (None,) * fx.ndim]
    )
    volts = 1e3 * kv
    wavelength = 12.2643247 / np.sqrt(volts * (1 + 0.978466e-6 * volts))  # Angstrom
    squared = fx**2 + fy**2
    # cos(2 (direction - angle)) by its addition theorem, without an arctangent
    double = np.where(squared > 0, squared, 1)
    cosine = (
        (fx**2 - fy**2) * np.cos(np.radians(2 * angle)) + 2 * fx * fy * np.sin(np.radians(2 * angle))
    ) / double
    defocus = 0.5 * (u + v + (u - v) * cosine)
    gamma = np.pi * (-defocus * wavelength * squared + 0.5e7 * cs * wavelength**3 * squared**2)
    return np.sin(gamma - np.radians(phase) - np.arcsin(contrast)) * np.exp(-b * squared / 4)


def ctf_image(ctf: CTF, shape: tuple[int, int], pixel_size: float) -> np.ndarray:
    """CTF on the grid of ``numpy.fft.fft2`` (zero frequency first).

    Its sign is that of the recorded contrast: negative at low frequency, so that protein is dark in an
    underfocused image. This is cryoDRGN's sign; RELION's is the opposite.

    Parameters
    ----------
    ctf : CTF
    shape : (Y, X)
    pixel_size : float
        Angstrom.

    Returns
    -------
    ndarray, shape (Y, X), float64, from -1 to 1
    """
    if not isinstance(ctf, CTF):
        raise InputError(f"ctf: expected a CTF, got {type(ctf).__name__}")
    number(pixel_size, "pixel_size", above=0)
    if len(shape) != 2 or min(shape) < 1:
        raise InputError(f"shape: expected (Y, X), got {shape}")
    fy, fx = (np.fft.fftfreq(length, pixel_size) for length in shape)
    return transfer([ctf], fx[None, :], fy[:, None])[0]


def damage(dose: float, frequency: np.ndarray, voltage: float = 300.0) -> np.ndarray:
    """Share of the amplitude left, at each frequency, in the plain sum of an exposure of that dose.

    The amplitude fades as ``exp(-dose / (2 N))`` with the critical dose ``N = 0.245 k^-1.665 + 2.81`` e/A^2
    at 300 kV, a fifth less at 200 kV (Grant and Grigorieff 2015, doi:10.7554/eLife.06980); the sum over
    the exposure is its mean.

    Parameters
    ----------
    dose : float
        Electrons a square Angstrom, 0 or more.
    frequency : ndarray
        1/Angstrom.
    voltage : float
        kV; 200 and below takes the smaller critical dose.

    Returns
    -------
    ndarray, shape of `frequency`, float64, from 0 to 1
    """
    number(dose, "dose", minimum=0)
    frequency = np.asarray(frequency, float)
    safe = np.where(frequency > 0, frequency, 1.0)
    critical = (0.245 * safe**-1.665 + 2.81) * (0.8 if voltage <= 200 else 1.0)
    spent = np.where(frequency > 0, dose / (2 * critical), 0.0)
    return np.where(spent > 1e-9, -np.expm1(-spent) / np.where(spent > 1e-9, spent, 1.0), 1.0)
