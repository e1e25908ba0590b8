"""Did a check that needs no truth notice what the truth shows?"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Alarms:
    """Counts over all (arm, replicate) pairs: what a check said against what the truth says.

    Attributes
    ----------
    hits, misses : int
        Wrong measurements with and without an alarm.
    false_alarms, quiet : int
        Right measurements with and without an alarm.
    """

    hits: int
    misses: int
    false_alarms: int
    quiet: int

    @property
    def both_kinds(self) -> bool:
        """Whether right and wrong measurements were both seen; if not, the check has caught nothing yet."""
        return self.hits + self.misses > 0 and self.false_alarms + self.quiet > 0

    def __str__(self) -> str:
        wrong, right = self.hits + self.misses, self.false_alarms + self.quiet
        text = f"alarm on {self.hits} of {wrong} wrong and {self.false_alarms} of {right} right measurements"
        return text if self.both_kinds else f"{text}: not judged, both kinds are needed"


def alarms(alarm: Sequence[bool], wrong: Sequence[bool]) -> Alarms:
    """Count hits and false alarms of a check whose rule was declared before the run.

    Parameters
    ----------
    alarm : sequence of bool, length n
        Whether the check raised an alarm, one per (arm, replicate).
    wrong : sequence of bool, length n
        Whether the measurement was wrong by the truth, in the same order.

    Raises
    ------
    ValueError
        For unequal lengths, an empty sequence, or values that are not True or False.

    Examples
    --------
    >>> from scopecheck import judge
    >>> print(judge.alarms(alarm=[True, True, False, False], wrong=[True, False, True, False]))
    alarm on 1 of 2 wrong and 1 of 2 right measurements
    """
    a, w = (np.atleast_1d(np.asarray(values)) for values in (alarm, wrong))
    if a.ndim != 1 or a.shape != w.shape or a.size == 0:
        raise ValueError(
            f"alarm has shape {a.shape} and wrong {w.shape}; expected one bool each per (arm, replicate)"
        )
    for name, values in (("alarm", a), ("wrong", w)):
        if values.dtype != np.bool_:
            raise ValueError(
                f"{name} has dtype {values.dtype}; expected True or False for each (arm, replicate)"
            )
    counts = [int(np.sum(x & y)) for x, y in ((a, w), (~a, w), (a, ~w), (~a, ~w))]
    return Alarms(*counts)
