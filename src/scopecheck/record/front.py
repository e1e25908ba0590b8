"""The book's first page: one picture of looks against number, and the verdicts by failure mode as HTML."""

import textwrap
from collections.abc import Sequence
from html import escape
from pathlib import Path

from scopecheck.record import tables
from scopecheck.record.figures import COLOURS, use_style
from scopecheck.record.overview import State
from scopecheck.record.plots import BAND
from scopecheck.record.result import ArmResult, caption

REACH = 6.0  # tolerances that the picture shows to either side
WIDE = 22  # characters of a label: half the picture


def by_failure(states: Sequence[State]) -> dict[str, list[State]]:
    """Recipes by failure mode: what their header names before a colon, in the order of the states."""
    groups: dict[str, list[State]] = {}
    for s in states:
        if s.recipe.kind == "recipe":
            groups.setdefault(s.recipe.failure_mode.split(":")[0].strip(), []).append(s)
    return groups


def case_of(states: Sequence[State]) -> ArmResult | None:
    """The case of a failure mode to remember: the FAILS that looks best.

    Controls and arms without a score are left out, and words of one image where there are others. The best
    looks are the highest score between 0 and 1; of scores without such bounds the farthest error counts.
    """
    failed = [
        a
        for s in states
        for a in s.arms
        if a.verdict == "FAILS" and not a.control and a.plausibility and a.tolerance and a.bias is not None
    ]
    several = [a for a in failed if not a.of_one_image] or failed

    def rank(a: ArmResult) -> tuple[float, float]:
        bounded = _bounded(a)
        return (-1.0 if bounded is None else bounded, abs(_tolerances(a)))

    return max(several, key=rank, default=None)


def picture(states: Sequence[State], path: Path) -> bool:
    """Draw how good a result looks beside how far its number is off, one case of each failure mode.

    Parameters
    ----------
    states : sequence of State
        As `overview.latest` gives them.
    path : Path
        PNG file to write.

    Returns
    -------
    bool
        Whether there was a case to draw; without one nothing is written.
    """
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    cases = [(mode, case) for mode, group in by_failure(states).items() if (case := case_of(group))]
    if not cases:
        return False
    with rc_context():
        use_style()
        figure = Figure(figsize=(4.8, 1.0 + 1.2 * len(cases)))
        figure.set_layout_engine("none")
        FigureCanvasAgg(figure)
        under, height = 0.62 / figure.get_figheight(), 1 - 1.0 / figure.get_figheight()
        left, right = (figure.add_axes((x, under, 0.44, height)) for x in (0.03, 0.53))
        for y, (mode, a) in enumerate(cases):
            score, value = next(iter(a.plausibility.items()))
            if (bounded := _bounded(a)) is not None:
                score, value = next((k, v) for k, v in a.plausibility.items() if v == bounded)
                left.barh(y, bounded, height=0.34, color=COLOURS["HOLDS"])
            at = max(-REACH, min(REACH, _tolerances(a)))
            right.barh(y, at, height=0.34, color=COLOURS["FAILS"])
            name = a.measurement.replace("_", " ")
            said = f"{name} {tables.percent(a.bias, a.scale, a.unit)}"
            said = said if len(said) <= WIDE else f"{name} {tables.percent(a.bias, a.scale, '')}"
            where = _short(f"{mode[:1].upper()}{mode[1:]} ({a.arm})", 46)
            score = _short(score, WIDE - 3)
            left.text(0, y - 0.56, where, fontsize=10, color="#555555", va="center")
            left.text(0, y - 0.3, f"{score} {value:.2f}", fontsize=12, va="center")
            right.text(-REACH, y - 0.3, said, fontsize=12, va="center", fontweight="bold")
        right.axvspan(-1, 1, color=BAND, lw=0, zorder=0)
        right.axvline(0, color="black", lw=0.8)
        left.set_zorder(right.get_zorder() + 1)  # its lines go on over the other's shade
        left.set(
            xlim=(0, 1),
            xticks=[0, 0.5, 1],
            yticks=[],
            ylim=(len(cases) - 0.7, -0.75),
            xlabel="how good it looks",
        )
        right.set(xlim=(-REACH, REACH), yticks=[], ylim=left.get_ylim())
        right.set(xlabel="how far the number is off,\nin tolerances (green: allowed)")
        for ax in (left, right):
            ax.spines["left"].set_visible(False)
            ax.patch.set_visible(False)
        figure.savefig(path, dpi=150, metadata={"Software": None}, bbox_inches=None)
    return True


def _short(text: str, most: int) -> str:
    return textwrap.shorten(text, most, placeholder=" …", break_on_hyphens=False)


def told(states: Sequence[State]) -> str:
    """The picture's caption: what each of its lines says."""
    lines = []
    for group in by_failure(states).values():
        if a := case_of(group):
            score = ", ".join(f"{k} {v:.2f}" for k, v in a.plausibility.items() if v is not None)
            error = tables.percent(a.bias, a.scale, a.unit)
            lines.append(f"{a.arm}: {score}, and the {a.measurement.replace('_', ' ')} is off by {error}")
    return (
        "One measured case of each failure mode: left how good the result looks, right how far the published"
        f" number is off. {'; '.join(lines)}."
    )


def html(states: Sequence[State]) -> str:
    """Every verdict of the latest results by failure mode and recipe: lines that wrap on a phone.

    A recipe that did not run says what to type. Beside each word stand its error, scope and n.
    """
    parts = [f"<p>{escape(caption([a for s in states for a in s.arms]))}</p>"]
    for mode, group in by_failure(states).items():
        parts.append(f'<h3 class="failure">{escape(mode[:1].upper() + mode[1:])}</h3>')
        parts += [_recipe(s) for s in group]
    return '<div class="front">' + "\n".join(parts) + "</div>\n"


def _recipe(state: State) -> str:
    link = f'<a href="recipes/{state.recipe.id}.html">{escape(state.recipe.title)}</a>'
    if state.status != "ok":
        why = state.why if state.status == "not run" else f"failed: {state.why}"
        todo = f"To run it, type <code>scopecheck run {state.recipe.id}</code>, then <code>make book</code>."
        return f"<p>{link}: {escape(why)}. {todo}</p>"
    told = [a for a in state.arms if a.status == "judged"]
    words = [a.verdict for a in told]
    counts = [
        f'<span style="color:{COLOURS[word]}">{shape} {words.count(word)} {word}</span>'
        for word, shape in (("HOLDS", "●"), ("FAILS", "■"), ("UNDETERMINED", "◇"), ("UNSTABLE", "△"))
        if word in words
    ]
    lines = []
    for name in state.recipe.measurements:
        mine = [a for a in told if a.measurement == name]
        if mine:
            lines.append(f"<p><b>{escape(name.replace('_', ' '))}</b></p><ul>{''.join(map(_arm, mine))}</ul>")
    skipped = [a for a in state.arms if a.status == "not run"]
    more = (
        f"<p>{len(skipped)} more not run: {escape('; '.join({a.reason for a in skipped}))}.</p>"
        if skipped
        else ""
    )
    return (
        f"<details><summary>{link}<br>{', '.join(counts) or 'no verdict'}</summary>"
        f"{''.join(lines)}{more}</details>"
    )


def _arm(a: ArmResult) -> str:
    error = tables.percent(a.bias, a.scale, a.unit)
    control = f" ({a.control} control)" if a.control else ""
    word = f'<b style="color:{COLOURS[a.verdict]}">{a.shape} {escape(a.told)}</b>'
    return f"<li>{word} {escape(a.arm)}{control}: {escape(error)} <small>{escape(a.sample)}</small></li>"


def _bounded(a: ArmResult) -> float | None:
    """The highest score that lies between 0 and 1, if any."""
    return max((v for v in a.plausibility.values() if v is not None and 0 <= v <= 1), default=None)


def _tolerances(a: ArmResult) -> float:
    """The error in tolerances, on its own side."""
    assert a.bias is not None
    assert a.tolerance is not None
    low, high = a.tolerance
    side = high if a.bias > 0 else -low
    return a.bias / side if side > 0 else REACH * (1 if a.bias > 0 else -1)
