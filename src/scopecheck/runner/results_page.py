"""The page "All results": every entry of ``results.json`` as a table, which a script can filter."""

from collections.abc import Sequence
from html import escape

from scopecheck.record import tables
from scopecheck.record.figures import COLOURS
from scopecheck.record.published import Entry, Results, choices
from scopecheck.record.result import ArmResult, caption

HEADS = ("tool", "quantity", "setting", "word", "scope, n", "error (90 % interval)", "tolerance", "cost")
RECORD = "record"  # stands in the place of a word where there is none to quote, so that it can be filtered
NO_VERDICT = "no verdict"


def html(results: Results) -> str:
    """Give the filters, which a script shows, and the table, which is there in full without one.

    The table keeps its roles where a narrow screen shows each row as a paragraph, so that a screen reader
    still reads it as a table.
    """
    entries = results.entries
    asked = {
        "tool": choices(entries, "tool"),
        "quantity": choices(entries, "quantity"),
        "word": [w for w in _WORDS if w in {_word(e) for e in entries}],
        "failure mode": sorted({mode(e) for e in entries}),
    }
    filters = "".join(map(_select, asked.items()))
    heads = "".join(f'<th role="columnheader" scope="col">{head}</th>' for head in HEADS)
    rows = "\n".join(map(_row, entries))
    runs, records, sent = (sum(e.source == s for e in entries) for s in ("run", "record", "submission"))
    return (
        f'<div class="results">\n<p>{len(entries)} results of {results.made[:10]}: {runs} of runs at hand,'
        f" {records} that are recorded and were not run again here, {sent} submitted. The same as a file:"
        ' <a href="../results.json">results.json</a>, with its <a href="../results.schema.json">schema</a>,'
        f" version {results.schema_version}.</p>\n"
        f'<form class="filters" hidden aria-label="Filter the results">{filters}'
        '<button type="reset">show all</button></form>\n'
        f'<p class="shown" role="status" hidden></p>\n'
        f'<table role="table"><caption>{escape(_caption(entries))}</caption>'
        f'<thead role="rowgroup"><tr role="row">{heads}</tr></thead>'
        f'<tbody role="rowgroup">\n{rows}\n</tbody></table>\n'
        '<script src="../_static/results.js" defer></script>\n</div>\n'
    )


_WORDS = ("HOLDS", "FAILS", "UNDETERMINED", "UNSTABLE", NO_VERDICT, RECORD)


def mode(entry: Entry) -> str:
    """The failure mode as it is filtered by: what stands before a colon."""
    return entry.failure_mode.split(":")[0].strip() or "not stated"


def _word(entry: Entry) -> str:
    return entry.word or (RECORD if entry.source == "record" else NO_VERDICT)


def _caption(entries: Sequence[Entry]) -> str:
    return caption([_as_row(e) for e in entries if e.source != "record"])


def _select(named: tuple[str, list[str]]) -> str:
    name, values = named
    options = "".join(f"<option>{escape(value)}</option>" for value in values)
    key = name.replace(" ", "-")
    return f'<label>{name} <select name="{key}"><option value="">all</option>{options}</select></label>'


def _as_row(entry: Entry) -> ArmResult:
    """The entry as the other tables take it."""
    told = entry.model_dump(
        include={"label", "reason", "scope", "n", "bias", "interval", "tolerance", "scale"}
    )
    told |= entry.model_dump(include={"unit", "truth_uncertainty", "words_seen"})
    trainings = [entry.bias or 0.0] * entry.trainings  # their number is told, not they
    return ArmResult(
        **told,
        recipe=entry.recipe,
        arm=entry.setting,
        measurement=entry.quantity,
        verdict=entry.word,
        trainings=trainings,
        marks=["NOT BETTER THAN CHANCE"] if "NOT BETTER THAN CHANCE" in entry.label else [],
        stable=False if entry.word == "UNSTABLE" else None,
    )


def _row(entry: Entry) -> str:
    row = _as_row(entry)
    tool = escape(f"{entry.tool} {entry.version}".strip())
    tool += (
        f'<br><a href="recipes/{entry.recipe}.html">{escape(entry.recipe)}</a>'
        if entry.recipe
        else "<br>submitted"
    )
    if entry.settings:
        tool += "<br>" + escape(", ".join(f"{k} = {v}" for k, v in entry.settings.items()))
    if entry.source == "record":
        seen = ", ".join(f"{word or NO_VERDICT} {n}" for word, n in entry.words_seen.items())
        word = f"– not run here<br><small>recorded: {escape(seen or 'no verdict')}</small>"
        sample, error = f"{entry.scope}, n not kept", "interval not kept"
        if entry.biases_seen:
            ends = [min(entry.biases_seen), max(entry.biases_seen)]
            error += f"<br><small>seeds: {escape(tables.span([*ends], entry.scale, entry.unit))}</small>"
    else:
        word = f'<b style="color:{COLOURS.get(row.verdict, "#555555")}">{row.shape} {escape(row.told)}</b>'
        more = "; ".join(text for text in (row.reason, row.annotation) if text)
        word += f"<br><small>{escape(more)}</small>" * bool(more)
        sample = escape(row.sample)
        error = escape(f"{tables.percent(row.bias, row.scale, row.unit)} ({tables.interval(row)})")
    setting = escape(tables.named(row))
    cost = [] if entry.seconds is None else [f"{entry.seconds:.3g} s"]
    cost += [] if entry.memory_gib is None else [f"{entry.memory_gib:.1f} GiB in its run"]
    cells = (
        tool,
        escape(entry.quantity.replace("_", " ")),
        setting + f"<br><small>{escape(', '.join(entry.data) or 'simulated')}</small>",
        word,
        sample,
        error,
        escape(tables.band(row.tolerance, entry.scale, entry.unit)),
        escape(", ".join(cost) or "not taken"),
    )
    keys = {"tool": entry.tool, "quantity": entry.quantity, "word": _word(entry), "failure-mode": mode(entry)}
    marks = "".join(f' data-{key}="{escape(value)}"' for key, value in keys.items())
    told = "".join(
        f'<td role="cell" data-head="{escape(head)}">{cell}</td>'
        for head, cell in zip(HEADS, cells, strict=True)
    )
    return f'<tr role="row"{marks}>{told}</tr>'
