"""What the judge accepts; every refusal is a ValueError that says what was expected."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

SCOPES = ("image", "setting", "population")
ESTIMANDS = ("per-acquisition mean", "pooled ratio")
SCALES = ("relative", "absolute")


def check_choice(name: str, value: str, allowed: tuple[str, ...]) -> None:
    """Refuse a `value` that is not one of `allowed`."""
    if value not in allowed:
        raise ValueError(f"{name} is {value!r}; expected one of {', '.join(map(repr, allowed))}")


LEAVE_OUT = "leave that acquisition out of both lists and say so, or repair the measurement"


def numbers(name: str, values: ArrayLike, todo: str = LEAVE_OUT) -> NDArray[np.float64]:
    """Return `values` as a 1D float64 array of finite numbers, or refuse them, naming the index at fault."""
    try:
        array = np.atleast_1d(np.asarray(values, dtype=np.float64))
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must hold numbers, one per acquisition: {error}") from None
    if array.ndim != 1:
        raise ValueError(f"{name} has shape {array.shape}; expected one number per acquisition, shape (n,)")
    if array.size == 0:
        raise ValueError(f"{name} is empty; a verdict needs at least one acquisition")
    bad = np.flatnonzero(~np.isfinite(array))
    if bad.size:
        raise ValueError(
            f"{name}[{bad[0]}] is {array[bad[0]]} ({bad.size} of {array.size} are not finite); {todo}"
        )
    return array


def paired(measured: ArrayLike, true: ArrayLike, scope: str) -> tuple[NDArray, NDArray]:
    """Check both lists together: equal length, and a single number where `scope` is ``image``.

    In scope ``setting`` one true number may stand for all noise seeds, since they share one source.
    """
    m, t = numbers("measured", measured), numbers("true", true)
    if scope == "setting" and t.size == 1:
        t = np.repeat(t, m.size)
    if m.size != t.size:
        raise ValueError(f"measured has {m.size} numbers and true has {t.size}; expected pairs, in one order")
    if scope == "image" and m.size != 1:
        raise ValueError(f"scope 'image' judges one acquisition, but {m.size} were given; use 'population'")
    return m, t


def measured_and_true(measured: ArrayLike, true: ArrayLike, scope: str) -> tuple[NDArray, NDArray]:
    """As `paired`, with `measured` of shape (n,), or (trainings, n) where several trainings were tried.

    Every training measured the same acquisitions. A single one has no spread, so (1, n) is refused.
    """
    try:
        level = np.ndim(measured) == 2
    except ValueError:  # rows of unequal length
        raise ValueError(
            "measured has rows of unequal length; expected every training to measure the same acquisitions"
        ) from None
    if not level:
        return paired(measured, true, scope)
    if len(measured) < 2:  # type: ignore[arg-type]
        raise ValueError("measured has the shape (1, n); one training alone is given as (n,)")
    pairs = [paired(row, true, scope) for row in measured]  # type: ignore[union-attr]
    return np.array([m for m, _ in pairs]), pairs[0][1]


def averaged(gross_error: ArrayLike | None, measured: NDArray) -> ArrayLike | None:
    """Average a gross error of shape (trainings, n) over the trainings; leave any other as it is."""
    if gross_error is None or measured.ndim == 1 or np.ndim(gross_error) != 2:
        return gross_error
    if np.shape(gross_error) != measured.shape:
        raise ValueError(f"gross_error has shape {np.shape(gross_error)}; expected {measured.shape}")
    return np.asarray(gross_error, float).mean(0)


def check_ratio(measured: NDArray, true: NDArray, estimand: str) -> None:
    """Refuse numbers that have no ratio: negative values, or a truth of zero."""
    for name, values in (("measured", measured), ("true", true)):
        bad = np.flatnonzero(values < 0)
        if bad.size:
            raise ValueError(
                f"{name}[{bad[0]}] is {values[bad[0]]}, but a ratio needs numbers >= 0; use scale='absolute'"
            )
    zero = np.flatnonzero(true == 0)
    if estimand == "pooled ratio" and zero.size == true.size:
        raise ValueError("every true value is 0, so no ratio exists; use scale='absolute'")
    if estimand != "pooled ratio" and zero.size:
        raise ValueError(
            f"true[{zero[0]}] is 0, so its ratio does not exist; "
            "use estimand='pooled ratio' or scale='absolute'"
        )


def tolerance_pair(tolerance: float | tuple[float, float] | None) -> tuple[float, float] | None:
    """Return the tolerance as (low, high) with low <= 0 <= high; one number means (-number, +number)."""
    if tolerance is None:
        return None
    try:
        ends = np.atleast_1d(np.asarray(tolerance, dtype=np.float64))
    except (TypeError, ValueError):
        raise ValueError(f"tolerance {tolerance!r} is not a number or a (low, high) pair") from None
    if ends.shape == (1,):
        ends = np.array([-ends[0], ends[0]])
    if ends.shape != (2,) or not np.isfinite(ends).all() or not ends[0] <= 0 <= ends[1] or ends[0] == ends[1]:
        raise ValueError(
            f"tolerance {tolerance!r} must be one number above 0, or (low, high) with low <= 0 <= high"
        )
    return float(ends[0]), float(ends[1])


def yes_no(name: str, value: object) -> None:
    """Refuse what is not True, False or None."""
    if value is not None and not isinstance(value, (bool, np.bool_)):
        raise ValueError(f"{name} is {value!r}; expected True, False or None")


def uncertainty(value: float | None) -> float | None:
    """Check the truth's systematic uncertainty: a finite number >= 0, or None where it is unknown."""
    if value is None:
        return None
    u = numbers("truth_uncertainty", value, "expected one number >= 0, or None where unknown")
    if u.size != 1 or u[0] < 0:
        raise ValueError(f"truth_uncertainty is {value!r}; expected one number >= 0, or None where unknown")
    return float(u[0])


def gross(gross_error: ArrayLike | None, true: NDArray, pooled: bool) -> tuple[float | None, float]:
    """Return the gross error as a fraction of true objects, averaged like the estimand, and in objects."""
    if gross_error is None:
        return None, 0.0
    todo = "where no true object exists, give one number: all misses + inventions over all true objects"
    values = numbers("gross_error", gross_error, todo)
    if values.size not in (1, true.size) or (values < 0).any():
        raise ValueError(f"gross_error must be one number >= 0, or {true.size} of them; got {gross_error!r}")
    objects = float(np.mean(values * true))
    return (objects / float(true.mean()) if pooled else float(values.mean())), objects
