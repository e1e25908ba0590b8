# ---
# jupyter:
#   jupytext:
#     notebook_metadata_filter: kernelspec,scopecheck
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
#   scopecheck:
#     schema: "2.0"
#     kind: page
#     id: contrast-calibration
#     title: Is the difference real, or is it the tool's?
#     picture: contrast
# ---

# %% [markdown]
# # Is the difference real, or is it the tool's?
#
# Most numbers in biology are published as differences: twice as many cells in the treated wells, a third less signal in the
# mutant. The tool's error in such a number is not its bias. It is the *difference of its biases* in the two conditions.
#
# - A bias that both conditions share **cancels**. A tool that misses one nucleus in five everywhere gives the right ratio.
# - A bias that they do not share **makes an effect out of nothing**, or hides one. A treatment that makes cells dim, round or
#   crowded is also a change of the images, and tools answer to that.
#
# So two HOLDS say little about the difference, and two FAILS do not condemn it. The difference has to be judged itself.
# This page shows the point on made-up numbers, then puts the judge of differences on trial: how often does its 90 % interval
# contain the true error, and how often does it say HOLDS of a ratio that sits at the very edge of tolerance? Everything
# here is simulated, because only then is the truth known.

# %% tags=["parameters"]
profile = "quick"
tier = "embedded"
seed = 3

# %% tags=["hide-input"]
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from IPython.display import Markdown, display

from scopecheck import record
from scopecheck.judge import contrast_calibration as calibration
from scopecheck.judge.contrast import contrast
from scopecheck.record.result import SHAPES

record.use_style()
trials = 40_000 if profile == "quick" else 200_000  # of pooled ratios, which take longer, a quarter
low = 88.5
limit = 100 * (0.05 + 2 * np.sqrt(0.05 * 0.95 / 10_000))

# %% [markdown]
# ## The point, in one picture
#
# Eight wells of each condition, and nothing differs between them: the true ratio is 1. Four made-up tools count the cells. The
# tolerance is 10 %, for each condition alone and for their ratio.

# %%
rng = np.random.default_rng([seed, 7])
tools = {  # what each finds, of 100 cells: treated, control
    "right in both": (1.00, 1.00),
    "finds 80 % in both": (0.80, 0.80),
    "finds 80 % of the treated": (0.80, 1.00),
    "finds 108 % and 93 %": (1.08, 0.93),
}
answers = {}
for name, found in tools.items():
    true = rng.integers(80, 121, (2, 8)).astype(float)
    measured = true * np.array(found)[:, None] * np.exp(0.02 * rng.standard_normal((2, 8)))
    answers[name] = contrast(
        (measured[0], true[0]),
        (measured[1], true[1]),
        scope="population",
        tolerance=0.1,
        truth_uncertainty=0,
    )

# %% tags=["hide-input"]
figure, axes = plt.subplots(1, 2, figsize=(9, 4.2), sharey=True)
lines = (("of", "treated", "^", "#D55E00", -0.14), ("over", "control", "o", "#0072B2", 0.14))


def drawn(axis, verdict, y, marker, colour, label):
    ends = 100 * np.array(verdict.interval)
    axis.plot(ends, [y, y], color=colour, lw=3)
    axis.plot(100 * verdict.bias, y, marker, color=colour, ms=8, label=label)


for row, answer in enumerate(answers.values()):
    for side, label, marker, colour, shift in lines:
        drawn(axes[0], getattr(answer, side), row + shift, marker, colour, label if row == 0 else None)
    drawn(axes[1], answer.verdict, row, "D", "black", None)
    word = f"{SHAPES[answer.verdict.word]} {answer.verdict.label}"
    axes[1].text(-27, row - 0.25, word, fontsize=9)
for axis, title in zip(axes, ("each condition alone", "treated over control"), strict=True):
    axis.axvspan(-10, 10, color="0.9", zorder=0)
    axis.axvline(0, color="0.5", lw=1)
    axis.set(title=title, xlabel="error, %", xlim=(-28, 28))
axes[0].set_yticks(range(len(answers)), list(answers))
axes[0].set_ylim(len(answers) - 0.5, -0.6)
axes[0].legend(loc="lower right", fontsize=9)
record.show(figure, "contrast")

# %% [markdown]
# *Figure: what each made-up tool makes of two conditions that do not differ. Left: its error in each condition alone, with 90 % intervals; the
# grey band is the tolerance. Right: the error of the ratio. Compare the second row with the third: the tool that is wrong in both conditions
# gives the right ratio, and the tool that is right in one of them invents an effect. In the last row each condition holds, and the ratio does not.*

# %% tags=["hide-input"]
record.markdown(
    ["tool", "treated", "control", "true ratio", "measured ratio", "the ratio"],
    [
        (name, a.of.label, a.over.label, f"{a.true:.2f}", f"{a.measured:.2f}", a.verdict.label)
        for name, a in answers.items()
    ],
)

# %% [markdown]
# The mark DIFFERENTIAL says: each condition HOLDS alone, the difference does not. EQUALLY BIASED says: each FAILS alone, and the
# difference HOLDS. The tool is biased, and equally so.
#
# ## What the judge is shown
#
# | family | what is drawn | how it is judged |
# |---|---|---|
# | normal | log errors of replicates, of equal spread or three times as wide in one condition | Welch's interval; below 5 replicates in a condition the two half-widths in quadrature |
# | skewed | gamma-shaped log errors, with their tails on one side in both conditions, or on opposite sides | the same |
# | pairs | the same animals under both conditions, which share 0, 50 or 90 % of the variance of their errors | Student's interval of the differences |
# | wells | 8 fields a well (or 1 to 15), which share 0, 10 or 50 % (ICC) | the mean of each well, then as above |
# | pooled | replicates of 5 to 300 objects; all measured over all true in each condition | jackknife, half-widths in quadrature |
#
# A replicate errs by 3 %, so that a wrong HOLDS is as likely as it gets. The true error of the ratio sits at an edge of the
# tolerance of 10 %, once at each.
#
# **What we expected.** These ranges of coverage were written down before the first run, from theory where there is one:
# Welch's interval {cite:p}`welch1947` is known to be close to nominal for normal errors, a skewness that both conditions share cancels in the
# difference, and fields that share a part ρ of their variance, *m* to a well, make an interval √(1 + (m − 1)ρ) too narrow
# where they are taken for independent.
#
# **What the first two runs showed**, with other seeds. Welch's interval covered 88.1 % with 3 replicates against 30 where errors are normal, and 84 %
# with 2: below the promise of 88.5 %. Where the ratio is pooled it covered 86.2 %, and with 5 against 30 it said a wrong HOLDS in 5.8 %.
# Since then the half-widths of the two conditions' own intervals are added in quadrature where a condition has fewer than 5 replicates, and
# always where the ratio is pooled. For normal errors that covers at least what it says, and is too wide where both conditions are alike. The
# expectations below are those of before, but for the row *Welch always* and the columns with 2 replicates, which were put in after the
# first run; so small sets and pooled ratios cover more than was expected.

# %%
balanced = [(2, 2), (3, 3), (5, 5), (10, 10), (30, 30)]
uneven = [(2, 30), (3, 30), (30, 3), (5, 30), (30, 5)]
expected = {  # family: (how it is drawn, replicates, coverage expected in %)
    "normal, equal spread": (calibration.normal(), balanced + uneven, (89, 92)),
    "the same, Welch always": (calibration.normal(welch=True), balanced + uneven, (83, 95)),
    "normal, one 3 times as wide": (calibration.normal(3), balanced + uneven, (88.5, 91)),
    "skewness 2, same side": (calibration.skewed(2, 2), balanced, (88.5, 92)),
    "skewness 2, opposite sides": (calibration.skewed(-2, 2), balanced, (80, 89)),
    "skewness 4, opposite sides": (calibration.skewed(-4, 4), balanced, (65, 87)),
    "pairs share 0 %": (calibration.pairs(0.0), balanced, (89.5, 90.5)),
    "pairs share 50 %": (calibration.pairs(0.5), balanced, (89.5, 90.5)),
    "pairs share 90 %": (calibration.pairs(0.9), balanced, (89.5, 90.5)),
    "the same, not paired": (calibration.pairs(0.9, judged_as_pairs=False), balanced, (98, 100)),
    "wells, ICC 0": (calibration.in_wells(0.0, 8), balanced, (89, 92)),
    "wells, ICC 0.1": (calibration.in_wells(0.1, 8), balanced, (89, 92)),
    "wells, ICC 0.5": (calibration.in_wells(0.5, 8), balanced, (89, 92)),
    "wells of 1 to 15 fields, ICC 0.1": (calibration.in_wells(0.1, 8, unequal=True), balanced, (88.5, 92)),
    "pooled, equal sizes": (calibration.pooled(0, "equal"), balanced + uneven, (89, 92)),
    "pooled, mostly small, ICC 0": (calibration.pooled(0, "mostly small"), balanced + uneven, (88.5, 94)),
    "pooled, mostly small, ICC 0.1": (calibration.pooled(0.1, "mostly small"), balanced + uneven, (88.5, 94)),
    "pooled, mostly small, ICC 0.5": (calibration.pooled(0.5, "mostly small"), balanced + uneven, (88.5, 94)),
    "pooled pairs, mostly small": (
        calibration.pooled(0.1, "mostly small", paired=True),
        balanced,
        (88.5, 94),
    ),
}
wrongly = {  # fields taken for independent: what goes wrong
    "fields as replicates, ICC 0": (calibration.in_wells(0.0, 8, over_fields=True), balanced, (89, 91)),
    "fields as replicates, ICC 0.1": (calibration.in_wells(0.1, 8, over_fields=True), balanced, (76, 82)),
    "fields as replicates, ICC 0.5": (calibration.in_wells(0.5, 8, over_fields=True), balanced, (50, 59)),
}


def number(name):
    return trials // 4 if "pooled" in name else trials


seen = [
    (name, n, k, foreseen, calibration.rates(family, n, k, trials=number(name), seed=seed))
    for name, (family, sizes, foreseen) in (expected | wrongly).items()
    for n, k in sizes
]

# %% tags=["hide-input"]
frame = pd.DataFrame(seen, columns=["family", "n", "k", "foreseen", "rates"])
frame["replicates"] = [f"{n} and {k}" for n, k in zip(frame["n"], frame["k"], strict=True)]
for column in ("coverage", "holds", "fails", "too_low", "too_high"):
    frame[column] = [100 * getattr(one, column) for one in frame["rates"]]


def told(rows):
    """Coverage of each family by replicates, its worst wrong words, and what was expected."""
    cells = rows.pivot(index="family", columns="replicates", values="coverage")
    order = [f"{n} and {k}" for n, k in balanced + uneven if f"{n} and {k}" in cells]
    cells = cells.loc[rows["family"].unique(), order]
    cells = cells.map(lambda x: "" if np.isnan(x) else f"{x:.1f}" + (" ▼" if x < low else ""))
    groups = rows.groupby("family", sort=False)
    flagged = lambda x: f"{x:.1f}" + (" ▲" if x > limit else "")  # noqa: E731
    cells["wrong HOLDS"] = groups["holds"].max().map(flagged)
    cells["wrong FAILS"] = groups["fails"].max().map(flagged)
    cells["expected"] = [f"{a:g} to {b:g}" for a, b in groups["foreseen"].first()]
    return cells.rename_axis(columns=None)


def surprises(rows):
    odd: dict[str, list[str]] = {}
    for r in rows.itertuples():  # 0.9 %: three standard errors of the simulation
        if not r.foreseen[0] - 0.9 <= r.coverage <= r.foreseen[1] + 0.9:
            odd.setdefault(r.family, []).append(f"{r.replicates} ({r.coverage:.1f} %)")
    number = sum(map(len, odd.values()))
    told = "; ".join(f"{family}: {', '.join(cells)}" for family, cells in odd.items())
    return (
        f"**Not as expected**, {number} of {len(rows)} cells: {told}."
        if odd
        else f"All {len(rows)} cells as expected."
    )


right = frame[frame["family"].isin(expected)]
display(told(right))
display(
    Markdown(
        f"*Table: how often the 90 % interval contains the true error of the ratio, in %, by replicates in each condition ({trials:,} experiments a cell and edge, of pooled ratios {trials // 4:,}; "
        f"▼ below {low} %). Wrong HOLDS and wrong FAILS: with the true error at an edge of tolerance, the worst of the row (▲ above {limit:.1f} %; "
        "HOLDS needs 5 replicates in each condition). Expected: written down before the first run.*\n\n"
        + surprises(right)
    )
)

# %% [markdown]
# ## What goes wrong when fields are taken for replicates
#
# Three wells with eight fields each are three replicates, not 24. The table below judges the same made-up wells as above, field
# by field. That is pseudoreplication {cite:p}`lazic2010,lord2020`.

# %% tags=["hide-input"]
wrong = frame[frame["family"].isin(wrongly)]
display(told(wrong))
half = wrong[wrong["family"].str.endswith("0.5")]
display(
    Markdown(
        "*Table: as above, with every field taken for an independent replicate; replicates are wells, of eight fields.*\n\n"
        f"Where the fields of a well share half of their variance, the interval that claims 90 % contains the truth in {half['coverage'].min():.0f} to "
        f"{half['coverage'].max():.0f} %, and a ratio at the very edge of tolerance is called HOLDS in up to {half['holds'].max():.0f} % and FAILS in up to "
        f"{half['fails'].max():.0f} %, where 5 % is promised. More wells do not help: the interval stays as much too narrow. {surprises(wrong)}\n\n"
        "That is why `scopecheck score contrast` never judges a table over fields where it names their wells or animals."
    )
)

# %% [markdown]
# **Why not a mixed model?** With the same number of fields in every well its estimate is the difference of the wells' means, and its
# standard error theirs. With unequal numbers it weighs wells by their fields, which answers another question, and from three
# to ten wells its variance between wells is often estimated as nothing at all. The means of the wells count alike, and need no
# such estimate. Wells of very unequal numbers of fields have means of unequal spread; the row with 1 to 15 fields shows what that costs.
#
# ## What this page does not show
#
# - Errors with tails on *opposite* sides break the promise, as the table shows. One condition in which single fields fail
#   altogether, beside one in which none does, is of that kind. Look at the fields that are named *far outside*.
# - The truth is exact here. If it errs alike in both conditions it cancels; if it does not, it is an effect of its own.
# - Wells of one plate, animals of one litter and plates of one day share things too. The judge sees only the names in the table.
