"""Verdicts as fixed lines of words and as an HTML table; no verdict stands without its scope and n."""

import math
from collections.abc import Sequence
from html import escape
from typing import Any

from scopecheck.record.recorded import counted
from scopecheck.record.result import ArmResult, caption


def percent(value: float | None, scale: str = "relative", unit: str = "") -> str:
    """A bias or a limit as a reader expects it: signed per cent when relative, else signed with its unit."""
    if value is None:
        return "not finite"
    if scale != "relative":
        return f"{value:+.3g} {unit if unit != '1' else ''}".rstrip()
    if abs(value) < 5e-4:
        return "0 %"
    return f"{100 * value:+.{0 if abs(value) >= 0.1995 else 1}f} %"


def span(pair: list[float | None] | None, scale: str, unit: str = "") -> str:
    """An interval, or the word none."""
    if pair is None:
        return "none"
    return f"{percent(pair[0], scale, unit)} to {percent(pair[1], scale, unit)}"


def interval(row: ArmResult) -> str:
    """A verdict's interval; that of one image and one network is the truth's uncertainty, if known."""
    if row.scope == "image" and row.truth_uncertainty is None and not row.trainings:
        return "not known"
    return span(row.interval, row.scale, row.unit)


def said(row: ArmResult) -> str:
    """Shape and word, with what qualifies the word."""
    if row.status != "judged":
        return f"{row.shape} {row.status}"
    text = f"{row.shape} {row.told}"
    if row.reason:
        text += f": {row.reason}"
    return f"{text} ({row.annotation})" if row.annotation else text


def named(row: ArmResult) -> str:
    """The arm, and which control it is."""
    return f"{row.arm} ({row.control} control)" if row.control else row.arm


def unseen(row: ArmResult) -> str:
    """How the word of this run differs from the kept ones, or an empty string."""
    if not row.differs:
        return ""
    if row.varies:
        return f"this run says {row.run_label or 'nothing'}, which no kept run said"
    return f"differs from recorded {row.recorded or counted(row.words_seen)}"


def words(rows: list[ArmResult]) -> str:
    """One line per verdict: arm, measurement, word, scope, n."""
    lines = []
    for r in rows:
        where = f"scope {r.sample}" if r.status == "judged" else r.reason
        control = f" [{r.control} control]" if r.control else ""
        new = f"; {unseen(r)}" if r.varies and r.differs else ""
        lines.append(f"{r.arm}{control} | {r.measurement} | {said(r)}{new} | {where}")
    return "\n".join(lines)


def expected(row: ArmResult) -> str:
    """What was predicted, with a surprise said as such."""
    if not row.predicted:
        return "nothing predicted"
    origin = row.origin if row.blind else f"{row.origin}, not blind"
    text = f"{row.predicted} ({origin})" if origin else row.predicted
    if row.varies:
        return f"{text}: neither met nor missed"
    return f"surprise: predicted {text}" if row.surprise else text


def foretold(rows: list[ArmResult]) -> str:
    """How many predictions came out otherwise: blind ones, those after a first look, and those undecided."""
    told = [r for r in rows if r.status == "judged" and r.predicted and r.verdict]
    firm = [r for r in told if not r.varies]
    blind, looked = [r for r in firm if r.blind], [r for r in firm if not r.blind]
    text = f"Of {len(blind)} predictions, {sum(r.surprise for r in blind)} came out with another word"
    if looked:
        odd = sum(r.surprise for r in looked)
        text += f"; of {len(looked)} more, which rest on a first look of our own and were not blind, {odd}"
    if len(told) > len(firm):
        text += f"; {len(told) - len(firm)} of UNSTABLE arms, neither met nor missed"
    odd_ones = [f"`{r.arm}` {r.measurement} ({r.told} instead of {r.predicted})" for r in firm if r.surprise]
    return f"{text}{': ' if odd_ones else ''}{'; '.join(odd_ones)}."


def detail(row: ArmResult) -> str:
    """Fraction inside, acquisitions far outside, gross error and further acquisitions, where they exist."""
    parts = []
    if row.scope == "population" and row.inside is not None and row.n:
        bound = "" if row.inside_bound is None else f" (at least {100 * row.inside_bound:.0f} % of all such)"
        parts.append(f"{row.inside} of {row.n} inside tolerance{bound}")
    if row.far:
        parts.append(f"{len(row.far)} of {row.n} far outside")
    if row.trainings:
        biases = ", ".join(percent(b, row.scale, row.unit) for b in row.trainings)
        parts.append(f"trainings one by one: {biases}")
    if row.gross_error is not None:
        drawn = row.chance.get("gross error")
        by_chance = "" if drawn is None else f" (chance {100 * drawn:.0f} %)"
        parts.append(f"gross error {100 * row.gross_error:.0f} %{by_chance}")
    if (told := steadiness(row)) and (not row.varies or row.words_seen != row.over_seeds):
        parts.append(told)  # the counts of an UNSTABLE arm stand in its label
    if row.further is not None:
        what = "noise seeds" if row.scope == "setting" else "acquisitions"
        parts.append(f"further {what}: {row.further}")
    if row.note:
        parts.append(row.note)
    return "; ".join(parts)


def far_outside(
    row: ArmResult, names: Sequence[str], measured: Sequence[float], true: Sequence[float]
) -> str:
    """Name the acquisitions that are far outside, with what was measured in each; empty for none."""
    told = [
        f"{names[i]} ({f'{measured[i]:.4g}' if measured[i] else 'nothing'} of {true[i]:.4g})" for i in row.far
    ]
    more = f" and {len(told) - 3} more" if len(told) > 3 else ""
    return f"far outside: {', '.join(told[:3])}{more}" if told else ""


def steadiness(row: ArmResult) -> str:
    """How often each word came over the reviewed seeds and elsewhere, or an empty string."""
    n = sum(row.over_seeds.values())
    away = sum(row.words_seen.values()) - n
    if len(row.over_seeds) == 1:
        text = f"{n} of {n} seeds say {next(iter(row.over_seeds)) or 'no verdict'}"
    else:
        text = f"{n} seeds: {counted(row.over_seeds)}" if n else ""
    return f"{text}, {away} more on another machine" if away else text


def html(rows: list[ArmResult]) -> str:
    """An HTML table; its caption gives the number of verdicts and the wrong HOLDS to expect at worst."""
    heads = ["arm", "measurement", "verdict", "scope, n", "bias", "90 % interval", "tolerance", "predicted"]
    lines = []
    skipped: dict[str, dict[str, list[str]]] = {}
    for r in rows:
        if r.status != "judged":
            skipped.setdefault(r.reason, {}).setdefault(named(r), []).append(r.measurement)
            continue
        cells = [
            named(r),
            f"{r.measurement} ({r.unit})" if r.unit not in ("", "1") else r.measurement,
            "; ".join(part for part in (said(r), unseen(r)) if part),
            r.sample,
            percent(r.bias, r.scale),
            interval(r.model_copy(update={"unit": ""})),  # the unit stands beside the measurement
            span([*r.tolerance], r.scale) if r.tolerance else "none declared",
            expected(r),
        ]
        cells = [f"<td>{escape(c)}</td>" for c in cells]
        cells[2] = cells[2].replace("<td>", '<td style="font-weight:bold">')
        lines.append(f"<tr>{''.join(cells)}</tr>")
        if more := "; ".join(part for part in (_beside(r), detail(r)) if part):
            lines.append(f'<tr class="more"><td></td><td colspan="{len(heads) - 1}">{escape(more)}</td></tr>')
    for reason, arms in skipped.items():
        names = "; ".join(f"{arm} ({', '.join(measurements)})" for arm, measurements in arms.items())
        lines.append(f'<tr><td colspan="{len(heads)}">– {escape(f"{reason}: {names}")}</td></tr>')
    head = "".join(f'<th scope="col">{h}</th>' for h in heads)
    return (
        '<div style="overflow-x:auto" tabindex="0" role="region" aria-label="Table of verdicts">'
        f'<table class="verdicts"><caption>{escape(caption(rows))}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table></div>"
    )


def scored(value: float, drawn: float | None) -> str:
    """A score with what chance scores, where that is known."""
    return f"{value:.2f}" if drawn is None else f"{value:.2f} (chance {drawn:.2f})"


def _beside(row: ArmResult) -> str:
    """How good the result looks, and the baseline's verdict."""
    looks = ", ".join(
        f"{k} {scored(v, row.chance.get(k))}" for k, v in row.plausibility.items() if v is not None
    )
    parts = [f"looks good: {looks}"] if looks else []
    if base := row.baseline:
        word, bias = base.get("label") or "no verdict", percent(base.get("bias"), row.scale)
        word += " on this image" if base.get("scope") == "image" and base.get("label") else ""
        parts.append(f"baseline: {word}, {bias} ({base.get('scope')}, n = {base.get('n')})")
    return "; ".join(parts)


def alarm(counts: dict) -> str:
    """One sentence on a check that needs no truth: how often it was right, and its false alarms."""
    wrong, right = counts["hits"] + counts["misses"], counts["false_alarms"] + counts["quiet"]
    rule = f" (alarm when {counts['rule']})" if counts.get("rule") else ""
    return (
        f"{counts['check']}{rule}: raised for {counts['hits']} of {wrong} wrong measurements,"
        f" and for {counts['false_alarms']} of {right} good ones (false alarms)."
    )


def shown(value: float, form: str) -> str:
    """A number, or the words not defined."""
    return "not defined" if math.isnan(value) else format(value, form)


def band(tolerance: list[float] | None, scale: str, unit: str) -> str:
    """A tolerance, as one number where both ends are alike."""
    if tolerance is None:
        return "none"
    if tolerance[0] == -tolerance[1]:
        return percent(tolerance[1], scale, unit).replace("+", "±")
    return span([*tolerance], scale, unit)


def verdicts(rows: Sequence[ArmResult], scope: str) -> Any:
    """Lay out measurements with their verdicts; none stands without scope and n."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD)
    for heading in ("measurement", "verdict", "scope", "n", "bias", "90 % interval", "tolerance"):
        table.add_column(heading, no_wrap=heading in ("measurement", "scope", "bias"))
    for row in rows:
        table.add_row(
            row.measurement,
            f"{row.shape} {row.told}"
            + (f": {row.reason}" if row.verdict and row.reason else "")
            + (f" ({len(row.far)} of {row.n} far outside)" if row.far else ""),
            row.scope or scope,
            str(row.n),
            "" if row.bias is None else percent(row.bias, row.scale, row.unit),
            "" if row.bias is None else interval(row),
            band(row.tolerance, row.scale, row.unit),
        )
    return table
