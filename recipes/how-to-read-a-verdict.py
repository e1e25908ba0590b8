# ---
# jupyter:
#   jupytext:
#     notebook_metadata_filter: kernelspec,scopecheck
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
#   scopecheck:
#     schema: "2.0"
#     kind: page
#     id: how-to-read-a-verdict
#     title: How to read a verdict
# ---

# %% [markdown]
# # How to read a verdict
#
# A tool gave you a number: so many nuclei, so large a cell. A *verdict* says whether that number agrees with the truth, well
# enough for the use you declared beforehand. It is one of three words, always with a shape, so that no colour is needed:
#
# - ● **HOLDS**: the error, with its uncertainty, lies wholly inside the tolerance.
# - ■ **FAILS**: it lies wholly outside.
# - ◇ **UNDETERMINED**: it does neither, and a reason is given.
#
# This page shows, with small **made-up** numbers, how a verdict is reached and the four ways in which it is misread:
# taking its *scope* too wide, forgetting that the *truth* is uncertain, trusting an *average*, and being fooled by errors
# that *cancel*. No real image is used here; every word below is computed by the judge that the recipes use.

# %% tags=["parameters"]
profile = "quick"
tier = "embedded"
seed = 7

# %% tags=["hide-input"]
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import Markdown, display
from matplotlib.patheffects import withStroke

from scopecheck import judge, record

record.use_style()
Path("figures").mkdir(exist_ok=True)
COLOUR = {"HOLDS": "#0072B2", "FAILS": "#D55E00", "UNDETERMINED": "#666666"}
HALO = [withStroke(linewidth=3, foreground="white")]
MARK = {"HOLDS": "o", "FAILS": "s", "UNDETERMINED": "D"}


def forest(axis, rows, note, tolerance=10):
    """Draw (name, verdict, single errors in %) from top to bottom over the band of tolerance."""
    axis.axvspan(-tolerance, tolerance, color="#009E73", alpha=0.18, lw=0)
    axis.axvline(0, color="black", lw=0.8)
    for y, (_, verdict, single) in enumerate(rows):
        colour = COLOUR[verdict.word]
        axis.plot(single, np.full(len(single), y + 0.24), "|", color="0.35", ms=9, mew=1.3)
        if verdict.interval:
            axis.plot(100 * np.array(verdict.interval), [y, y], color=colour, lw=3, solid_capstyle="butt")
        fill = "white" if verdict.word == "UNDETERMINED" else colour
        axis.plot(100 * verdict.bias, y, MARK[verdict.word], color=fill, mec=colour, mew=2, ms=10)
        reason = f" ({verdict.reason})" if verdict.reason else ""
        text = f"{verdict.label}{reason}, {verdict.scope}, n = {verdict.n}"
        place = (0.015, y - 0.26)
        axis.annotate(
            text, place, xycoords=("axes fraction", "data"), fontsize=9.5, color=colour, path_effects=HALO
        )
    axis.set_yticks(range(len(rows)), [name for name, *_ in rows])
    axis.set_ylim(len(rows) - 0.4, -0.7)
    axis.tick_params(axis="y", length=0)
    axis.set_xlabel(f"error of the measurement, %{note}")


def errors(measured, true):
    return 100 * (np.divide(measured, true) - 1)


def ratios(n, bias, spread):
    """Make up n ratios of measured to true whose logarithms have exactly this mean and standard deviation."""
    draw = np.random.default_rng(seed + n).normal(size=n)
    return np.exp(bias + spread * (draw - draw.mean()) / draw.std(ddof=1))


# %% [markdown]
# ## Three words
#
# A tool counts nuclei in fields whose true counts are known. Before the run somebody wrote: *a count wrong by up to 10 % does
# not change my conclusion*. That is the **tolerance**. The judge takes the error of each field and from them the average
# error, the **bias**, with a 90 % **interval**: the range of averages these fields are compatible with.

# %%
true = np.array([96, 110, 84, 120, 101, 92, 115, 88])
tools = {
    "tool A": true * ratios(8, 0.01, 0.04),  # mean and spread of the log ratios, made up
    "tool B": true * ratios(8, 0.33, 0.08),
    "tool C": true * ratios(8, -0.06, 0.12),
}
three = {
    name: judge.agreement(measured, true, scope="population", tolerance=0.10)
    for name, measured in tools.items()
}
for name, verdict in three.items():
    print(f"{name}: {verdict}")

# %% tags=["hide-input"]
figure, axis = plt.subplots(figsize=(6, 3.4))
axis.set_xlim(-40, 60)
forest(axis, [(name, three[name], errors(tools[name], true)) for name in tools], "")
figure.savefig("figures/three-words.png")
plt.show()

# %% [markdown]
# *Figure (made-up numbers): three tools, eight fields each. The green band is the tolerance. Small grey strokes are single
# fields, the thick bar is the 90 % interval of their average. Look where the bar lies: wholly inside the band is HOLDS,
# wholly outside is FAILS, across an edge is UNDETERMINED.*

# %% tags=["hide-input"]
c = three["tool C"]
display(
    Markdown(
        f"UNDETERMINED is no shame: it says what is missing. Tool C's reason is *{c.reason}*: its fields differ too much. "
        f"If average and spread stay as they are, **{c.further}** further fields would give a clear word four times "
        "in five. The other reasons are *too few* (HOLDS needs 5 independent acquisitions, FAILS needs 2) and *truth* "
        "(below)."
    )
)

# %% [markdown]
# ## Scope: of what does it speak?
#
# Beside the word stands its scope, and a number n.
#
# | scope | n counts | the word speaks of |
# |---|---|---|
# | image | 1 | this one image, as it is |
# | setting | noise seeds: one source, taken again at least 5 times | this specimen under this setting |
# | population | independent acquisitions | further acquisitions of the same kind |
#
# Ten re-takes of one field are ten numbers, yet one specimen. They agree with each other because they show the same nuclei.

# %%
fields = np.full(10, 100.0)
once = 100 * ratios(10, -0.05, 0.14)  # every field has its own error
once = once[np.argsort(np.abs(once - 100))]  # the first one happens to be good
again = once[0] * ratios(10, 0.0, 0.012)  # that field, taken ten times: noise alone differs
scopes = {
    "one image": judge.agreement(once[0], 100, scope="image", tolerance=0.10, truth_uncertainty=0.02),
    "the same field,\n10 re-takes": judge.agreement(again, 100, scope="setting", tolerance=0.10),
    "10 fields": judge.agreement(once, fields, scope="population", tolerance=0.10),
}
for name, verdict in scopes.items():
    print(f"{' '.join(name.split())}: {verdict}")

# %% tags=["hide-input"]
figure, axis = plt.subplots(figsize=(6, 3.5))
axis.set_xlim(-40, 45)
singles = ([errors(once[0], 100)], errors(again, 100), errors(once, fields))
forest(axis, [(k, v, s) for (k, v), s in zip(scopes.items(), singles, strict=True)], "")
figure.savefig("figures/scope.png")
plt.show()

# %% [markdown]
# *Figure (made-up numbers): one tool, three scopes. Look at the strokes. Ten re-takes of one field (middle) lie on top of each
# other; ten fields (bottom) scatter widely. The narrow bar in the middle is true of that one specimen, and says nothing about
# the next field. Anyone who counted the re-takes as ten fields would publish it as a general result.*
#
# Planes of one volume, crops of one image, noise seeds and re-takes are never independent acquisitions.

# %% [markdown]
# ## Truth: how sure is the yardstick?
#
# Truth is made by people or by a model. If two annotators draw outlines 5 % apart, no tool can be judged to 1 %. So each
# dataset carries the *systematic uncertainty* of its truth, and the interval is widened by it on both sides: the lower end of
# the ratio of measured to true is divided by 1 + u, the upper end by 1 - u (differences move by u itself). When it exceeds
# the tolerance, the judge refuses, and no number of further images is offered: images are not what is lacking. Where nobody
# knows the uncertainty, the page says *agrees with annotation*, not *is right*.

# %%
measured = true * ratios(8, 0.025, 0.025)
doubts = {
    f"truth known\nto {100 * u:.0f} %": judge.agreement(
        measured, true, scope="population", tolerance=0.10, truth_uncertainty=u
    )
    for u in (0.0, 0.04, 0.08, 0.12)
}
for name, verdict in doubts.items():
    print(f"{' '.join(name.split())}: {verdict}")

# %% tags=["hide-input"]
figure, axis = plt.subplots(figsize=(6, 4.3))
axis.set_xlim(-25, 30)
forest(axis, [(k, v, errors(measured, true)) for k, v in doubts.items()], "")
exact = 100 * np.array(doubts["truth known\nto 0 %"].interval)
for y in range(1, 4):
    axis.plot(exact, [y, y], color="black", lw=3, solid_capstyle="butt", zorder=2.5)
figure.savefig("figures/truth.png")
plt.show()

# %% [markdown]
# *Figure (made-up numbers): the same tool on the same fields, four times. The black part of each bar is what the fields say;
# the rest is doubt about the truth itself. Look how the same measurement goes from HOLDS to UNDETERMINED although the tool did
# nothing else: the yardstick became too coarse for the tolerance.*

# %% [markdown]
# ## Averages: right on average, wrong in every field
#
# The bias is an average. Errors of single fields may be large and cancel in it. If you publish one number over many fields,
# the average is what counts. If you compare field with field, or cell with cell, it is worth nothing.

# %%
sixty = np.full(60, 100.0)
scattered = 100 * ratios(60, 0.02, 0.25)
steady = 100 * ratios(60, 0.0, 0.04)
average = judge.agreement(scattered, sixty, scope="population", tolerance=0.10)
each = judge.agreement(steady, sixty, scope="population", tolerance=0.10)
print(f"tool D: {average}")
print(f"tool E: {each}")

# %% tags=["hide-input"]
figure, axes = plt.subplots(2, 1, figsize=(6, 4.8), sharex=True)
for axis, name, values, verdict in (
    (axes[0], "tool D", scattered, average),
    (axes[1], "tool E", steady, each),
):
    single = errors(values, sixty)
    inside = np.abs(single) <= 10
    axis.axvspan(-10, 10, color="#009E73", alpha=0.18, lw=0)
    axis.axvline(0, color="black", lw=0.8)
    bins = np.arange(-60, 105, 5)
    height = np.zeros(len(bins))
    for value, good in sorted(zip(single, inside, strict=True)):
        place = int(np.searchsorted(bins, value))
        height[place] += 1
        x, marker = bins[place] - 2.5, "o" if good else "x"
        axis.plot(x, height[place], marker, color="#0072B2" if good else "#D55E00", ms=5, mew=1.6)
    axis.plot(
        100 * np.array(verdict.interval), [-2, -2], color=COLOUR[verdict.word], lw=3, solid_capstyle="butt"
    )
    axis.plot(100 * verdict.bias, -2, MARK[verdict.word], color=COLOUR[verdict.word], ms=9)
    axis.set(yticks=[], ylim=(-4, height.max() + 5), xlim=(-60, 100))
    axis.spines["left"].set_visible(False)
    label = f"{name}: {verdict.label}\n{verdict.inside} of {verdict.n} fields inside"
    axis.text(0.99, 0.97, label, transform=axis.transAxes, ha="right", va="top", fontsize=10.5)
axes[1].set_xlabel("error of one field, %  (o inside tolerance, x outside)")
figure.savefig("figures/averages.png")
plt.show()

# %% [markdown]
# *Figure (made-up numbers): two tools, 60 fields each; every mark is one field, a cross is a field that is wrong by more than
# the tolerance (green band). The thick bar at the bottom is the interval of the average: inside the band for both. Look at
# the crosses: tool D is right on average only.*

# %% tags=["hide-input"]
bound = {
    n: judge.agreement(np.full(n, 1.0), np.full(n, 1.0), scope="population", tolerance=0.1)
    for n in (5, 10, 30, 60)
}
proofs = ", ".join(f"{n} of {n} proves {v.inside_bound:.0%}" for n, v in bound.items())
display(
    Markdown(
        "So every population verdict carries the fraction of acquisitions that are themselves inside tolerance, with the lowest "
        f"fraction that is still believable (one-sided 95 % bound). Below 80 % inside, the word becomes **HOLDS ON AVERAGE "
        f"ONLY**. Tool D: {average.inside} of {average.n}, at least {average.inside_bound:.0%}. And few fields prove "
        f"little even when all are right: {proofs}."
    )
)

# %% [markdown]
# ## Cancellation: the right number of the wrong things
#
# A count has a special way of being right by accident. A tool that misses ten nuclei and invents ten others reports the
# correct number.

# %%
rng = np.random.default_rng(seed)
grid = np.stack(np.meshgrid(np.arange(6), np.arange(5)), -1).reshape(-1, 2) * 20 + 12
nuclei = grid + rng.uniform(-2.5, 2.5, grid.shape)
order = rng.permutation(30)
missed = order[:9]
gaps = rng.permutation([i for i in range(30) if i % 6 < 5 and i < 24])[:9]
invented = grid[gaps] + 10
counted = len(nuclei) - len(missed) + len(invented)
gross = (len(missed) + len(invented)) / len(nuclei)
fooled = judge.agreement(
    counted, len(nuclei), scope="image", tolerance=0.10, truth_uncertainty=0.0, gross_error=gross
)
print(fooled)

# %% tags=["hide-input"]
figure, axis = plt.subplots(figsize=(6, 4.9))
axis.set_facecolor("0.12")
for i, (x, y) in enumerate(nuclei):
    found = i not in missed
    axis.add_patch(plt.Circle((x, y), 6.5, color="0.62" if found else "0.42", lw=0))
    if found:
        axis.add_patch(plt.Circle((x, y), 7.3, fill=False, ec="#56B4E9", lw=2))
for x, y in nuclei[missed]:
    axis.text(x, y, "missed", color="white", fontsize=9, ha="center", va="center")
for x, y in invented:
    axis.add_patch(plt.Circle((x, y), 4.2, fill=False, ec="#E69F00", lw=2, ls="--"))
axis.plot([], [], "o", mfc="none", mec="#56B4E9", mew=2, ms=11, ls="none", label="found")
axis.plot([], [], "o", mfc="none", mec="#E69F00", mew=2, ms=9, ls="none", label="invented (dashed)")
axis.set(xlim=(0, 124), ylim=(0, 104), xticks=[], yticks=[], aspect="equal")
axis.set_title(
    f"true {len(nuclei)}, counted {counted}: net error {100 * (counted / len(nuclei) - 1):.0f} %\n"
    f"missed {len(missed)}, invented {len(invented)}: gross error {100 * gross:.0f} %"
)
axis.legend(loc="upper center", bbox_to_anchor=(0.5, -0.02), ncols=2, fontsize=10.5)
figure.savefig("figures/cancellation.png")
plt.show()

# %% [markdown]
# *Figure (made-up scene): grey discs are nuclei. Blue rings are nuclei the tool found, dashed orange rings are nuclei it
# invented where none is. Look at the title: the count is exactly right, and it is right by accident, because the tool invented
# as many nuclei as it missed.*

# %% tags=["hide-input"]
display(
    Markdown(
        "So beside the net bias of a count stands the **gross error**: misses plus inventions, over the number of true objects. "
        f"Here it is {fooled.gross_error:.0%} at a bias of {fooled.bias:+.0%}. When it exceeds the tolerance, HOLDS is printed "
        f"as **{fooled.label}**. The number is right; what it was made from is not. On the next sample, where misses and "
        "inventions need not balance, it may be wrong, and anything measured on the single cells already is."
    )
)

# %% [markdown]
# ## One line of a table, word by word
#
# This is how the judge itself prints tool D:

# %%
print(average)

# %% tags=["hide-input"]
low, high = average.interval
display(
    Markdown(
        f"""
| printed | read as |
|---|---|
| {average.label} | the average is good enough; single fields are not |
| [{average.scope}, n = {average.n}] | speaks of further fields like these {average.n} independent ones |
| bias {average.bias:+.1%} | on average the tool measures this much too {"much" if average.bias > 0 else "little"} |
| 90 % interval {low:+.1%} to {high:+.1%} | averages these fields are compatible with; wholly inside the tolerance |
| tolerance {average.tolerance[0]:+.0%} to {average.tolerance[1]:+.0%} | declared before the run |
| {average.inside} of {average.n} inside (at least {average.inside_bound:.0%}) | fields whose own error is inside tolerance |
"""
    )
)

# %% [markdown]
# Relative errors are judged as ratios: +100 % (twice) and −50 % (half) average to no error. A field that measures less than
# half of the truth is counted on a straight line that goes on from there, so that a field on which nothing was found weighs
# a little more than one on which hardly anything was found, and two and a half times as much as one that lost half; an end of
# an interval below total loss is written −100 %. Such a field is also named as **far outside**, whatever the word: less than
# half or more than twice the truth, and outside the tolerance. Even where HOLDS is right about the average, look at it. The
# **limits of agreement** {cite:p}`bland1986`, where a table shows them, tell where about 95 % of single fields lie.
#
# A table of many verdicts will hold a wrong one: a measurement exactly at the edge of its tolerance is called HOLDS in up to
# one case of twenty. Each table's caption gives its number of verdicts. How well the judge keeps its promises, and when it
# does not, is measured in [How far can you trust this judge?](judge-calibration).
