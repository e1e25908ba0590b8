"""One measurement over several acquisitions, judged: the row that a command prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scopecheck.record.result import ArmResult


def judged_row(
    common: Mapping[str, Any],
    values: Sequence[tuple[float, float]],
    names: Sequence[str],
    *,
    scope: str,
    tolerance: Mapping[str, Any],
    uncertainty: Mapping[str, Any],
    gross: Sequence[float] | None,
    better: bool | None,
    undefined: str,
    no_ratio: str,
) -> ArmResult:
    """Judge (measured, true) of each acquisition; one that gives no number is named, and nothing is judged.

    `common` holds measurement and scale; `tolerance` and `uncertainty` are by measurement, ``all`` for the
    rest; `undefined` and `no_ratio` say what is missing where the measured number or the ratio is.
    """
    from scopecheck import judge
    from scopecheck.judge import inputs
    from scopecheck.record.result import ArmResult, judged
    from scopecheck.record.tables import far_outside

    measure, scale = common["measurement"], common["scale"]
    limits, doubt = (given.get(measure, given.get("all")) for given in (tolerance, uncertainty))
    asked: dict[str, Any] = {"scope": scope, "tolerance": inputs.tolerance_pair(limits), "n": len(values)}
    asked |= {"truth_uncertainty": inputs.uncertainty(doubt)}
    for (got, true), name in zip(values, names, strict=True):
        if got != got:
            return ArmResult(**common, **asked, reason=f"not defined on {name}: {undefined}")
        if scale == "relative" and true == 0:
            return ArmResult(**common, **asked, reason=f"no ratio on {name}: {no_ratio}")
    measured, truth = zip(*values, strict=True)
    verdict = judge.agreement(
        measured,
        truth,
        scope=scope,
        tolerance=limits,
        scale=scale,
        truth_uncertainty=doubt,
        gross_error=gross,
        better_than_chance=better,
    )
    row = ArmResult(**{**common, **judged(verdict)})
    far = far_outside(row, names, measured, truth)
    row.note = "; ".join(text for text in (row.note, far) if text)
    return row
