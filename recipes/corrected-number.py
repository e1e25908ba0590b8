# ---
# jupyter:
#   jupytext:
#     notebook_metadata_filter: kernelspec,scopecheck
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
#   scopecheck:
#     schema: "2.0"
#     kind: page
#     id: corrected-number
#     title: The corrected number
#     picture: coverage
# ---

# %% [markdown]
# # The corrected number
#
# A tool measured all your fields. A person measured a few of them. `scopecheck correct` puts both together: the tool's number
# over all fields, corrected by what it gets wrong in the annotated ones, with a 90 % interval. The method is prediction-powered
# inference {cite:p}`angelopoulos2023`; estimate and weight are those of its authors' package, `ppi-python`.
#
# The package's interval is made for many annotated fields out of infinitely many. A study has 20 to 2,000 fields, and 3 to 30 of
# them are annotated. So this page puts intervals on trial, as [the judge's page](judge-calibration) does with the judge: studies
# are made up whose true mean is known, the truth of all but *n* fields is hidden, and coverage is counted. Then the same is done
# with real fields.
#
# **What is promised.** The interval is of the mean of *these N fields*, not of others. It rests on one thing alone: the annotated
# fields were drawn at random. Fields of one well, or planes of one volume, may be as alike as they like. With
# `--scope population` the interval is of what the fields are a sample of; then they have to be independent.

# %% tags=["parameters"]
profile = "quick"
tier = "embedded"
seed = 2

# %% tags=["hide-input"]
import json
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from IPython.display import Markdown, display

from scopecheck import record
from scopecheck.judge import correction_calibration as calibration
from scopecheck.judge.correction import TUNED_FROM

page = record.start("corrected-number", profile=profile, tier=tier, seed=seed)
record.use_style()
trials = 1_000 if profile == "quick" else 20_000
home = page.front.path.parent / "studies" if page.front else Path("studies")
LOW = 88.5

# %% [markdown]
# ## What was expected
#
# Before the first run it was written down what coverage each interval would have, and by which rule one would be chosen:
# of those that keep 88.5 % in every plain family from 5 annotated fields on, the narrowest; if none does, the one whose lowest
# coverage is highest. The table below shows both, so that you see where we were wrong.
#
# **What the rule chose, and what we changed.** In the first run (seed 1) no interval kept 88.5 % in all families, and the rule chose
# the one that counts the slope and enlarges the residuals. With 3 annotated fields that interval is useless: a weight learned from
# 3 points is worth nothing, and the interval knows it. So below 8 annotated fields the tool is followed as it is (weight 1). That
# was decided *after* the first table was seen. This page is another seed.

# %% tags=["hide-input"]
seen = []
for kind, families in (("plain", calibration.FAMILIES), ("stress", calibration.STRESS)):
    for name, family in families.items():
        for n in calibration.NUMBERS:
            for n_all in calibration.STUDIES:
                if n < n_all:
                    rates = calibration.rates(family, n, n_all, trials=trials, seed=seed)
                    rates["chosen"] = rates[calibration.chosen(n)]
                    seen += [
                        (kind, name, n, n_all, method, 100 * r.coverage, r.half_width)
                        for method, r in rates.items()
                    ]
columns = ["kind", "family", "n", "N", "interval", "coverage", "half-width"]
frame = pd.DataFrame(seen, columns=columns)
plain = frame[frame["kind"] == "plain"]
error = 100 * np.sqrt(0.09 / trials)


def flag(value):
    return "" if np.isnan(value) else f"{value:.1f}" + (" ▼" if value < LOW else "")


lowest = plain.groupby(["interval", "n"])["coverage"].min().unstack()
width = plain.groupby(["interval", "n"])["half-width"].median().unstack()
display(lowest.map(flag).rename_axis(columns="lowest coverage, % — annotated fields"))
display(width.round(1).rename_axis(columns="median half-width, % of the mean — annotated fields"))
display(
    Markdown(
        f"*Tables: eight intervals over {len(calibration.FAMILIES)} plain families and studies of "
        f"{', '.join(map(str, calibration.STUDIES))} fields; {trials:,} studies a cell, so each has a standard error of "
        f"{error:.1f} %, and the lowest of {len(calibration.FAMILIES) * len(calibration.STUDIES)} cells lies about two of them too low. "
        f"▼: below {LOW} %. `chosen` is what the command gives: weight 1 below {TUNED_FROM} annotated fields, a learned weight from there.*"
    )
)

# %% tags=["hide-input"]
expected = pd.read_csv(home / "expected.csv") if (home / "expected.csv").is_file() else pd.DataFrame()
rows = []
for line in expected.itertuples():
    family, _, method = line.what.partition(", ")
    if family == "plain families":
        got = lowest.loc[method].get(line.n)
    elif family in calibration.STRESS:
        part = frame[(frame["family"] == family) & (frame["interval"] == method) & (frame["n"] == line.n)]
        got = part["coverage"].min()
    else:
        continue
    rows.append((family, method, line.n, line.expected, round(got, 1), round(got - line.expected, 1)))
compared = pd.DataFrame(rows, columns=["families", "interval", "n", "expected", "found", "difference"])
if len(compared):
    far = compared[compared["difference"].abs() > 3]
    worst = compared.loc[compared["difference"].abs().idxmax()]
    display(
        Markdown(
            f"**Surprises.** Of {len(compared)} expectations {len(far)} were off by more than 3 %. The largest: {worst['interval']}, "
            f"{worst['families']}, n = {worst['n']}: expected {worst['expected']} %, found {worst['found']} %."
        )
    )
    display(far.set_index(["families", "interval", "n"]))

# %% [markdown]
# ## Where the chosen interval breaks
#
# - *Plain families*: the tool is off by a constant, in proportion, or the more the denser the field; the truth is normal or
#   skewed; the tool's number has noise, which may grow with density; or the tool knows nothing.
# - *Stress*: the truth is strongly skewed (log-normal, σ = 1); the tool finds nothing in one field of ten or of fifty; fields of
#   two objects; half of the fields empty; an event in one field of twelve or of twenty, and none in the others (added after the
#   first runs, when a reader had met it); a perfect tool.

# %% tags=["hide-input"]
chosen = frame[frame["interval"] == "chosen"]
alone = frame[frame["interval"] == "annotated alone"]
both = chosen.groupby(["kind", "family", "n"])["coverage"].min().unstack()
display(both.map(flag).rename_axis(columns="coverage of the chosen interval, % — annotated fields"))
by_size = chosen[chosen["kind"] == "plain"].groupby(["N", "n"])["coverage"].min().unstack()
display(
    by_size.map(flag).rename_axis(columns="plain families, by fields in the study (N), % — annotated fields")
)

figure, axes = plt.subplots(2, 1, figsize=(6, 7.4), sharex=True)
place = {n: i for i, n in enumerate(calibration.NUMBERS)}
marks = (("plain", "o", "#0072B2", -0.1), ("stress", "^", "#D55E00", 0.1))
for kind, mark, colour, shift in marks:
    part = chosen[chosen["kind"] == kind].groupby(["family", "n"])["coverage"].min().reset_index()
    axes[0].plot(
        part["n"].map(place) + shift, part["coverage"], mark, color=colour, ms=7, alpha=0.7, label=kind
    )
axes[0].axhline(90, color="0.3", lw=1)
axes[0].axhline(LOW, color="0.3", lw=1.2, ls="--")
axes[0].set(ylabel="coverage, %", ylim=(min(65, both.min().min() - 3), 101))
axes[0].legend(loc="lower right", fontsize=10)
for rows_of, mark, colour, label in (
    (chosen, "o", "#0072B2", "corrected"),
    (alone, "s", "#666666", "annotated alone"),
):
    middle = rows_of[rows_of["kind"] == "plain"].groupby("n")["half-width"].median()
    axes[1].plot(middle.index.map(place), middle, mark + "-", color=colour, ms=7, label=label)
axes[1].set(ylabel="half-width, % of the mean", xlabel="annotated fields", ylim=(0, None))
axes[1].set_xticks(list(place.values()), list(map(str, place)))
axes[1].legend(loc="upper right", fontsize=10)
record.show(figure, "coverage")

# %% [markdown]
# *Figure: what the correction costs and what it gains. Above: how often the 90 % interval holds the study's true mean; each mark
# is one family at its worst size of study; below the dashed line it says more than it knows. The two lowest are rare events. Below:
# how wide it is, beside that of the annotated fields without the tool.*

# %% tags=["hide-input"]
lost = both.loc["stress"].loc["one field in ten lost"]
few, many = lost[lost.index < TUNED_FROM], lost[lost.index >= TUNED_FROM]
sparse = both.loc["stress"].loc[["two objects a field, counted", "half of the fields empty"]]
sparse = sparse[[n for n in sparse.columns if n < TUNED_FROM]]
broken = both.loc["plain"]
names = [name for name, row in broken.iterrows() if (row < LOW - 2 * error).any()]
skew = both.loc["stress"].loc["truth strongly skewed"]
rare = both.loc["stress"].loc["an event in one field of twenty"]
display(
    Markdown(
        f"**Small n above all.** Below {TUNED_FROM} annotated fields the interval is a good one while the tool fails nowhere altogether. "
        f"With one field in ten lost it covers {few.min():.0f} to {few.max():.0f} %, since most handfuls hold no such field and the tool's "
        f"nothing counts in all the others; from {TUNED_FROM} on {many.min():.0f} to {many.max():.0f} %. Where fields are empty or hold two "
        f"objects it covers as little as {sparse.min().min():.0f} %, since annotated fields may agree by chance. The command says so under every interval "
        f"from fewer than {TUNED_FROM}.\n\n"
        f"**Rare events.** Where one field in twenty has an event, the interval covers {rare.min():.0f} to {rare.max():.0f} %: annotated fields "
        "without any agree perfectly, and the width is then 0. More fields help slowly. The command warns where fewer than five "
        "annotated fields differ from the most common one.\n\n"
        f"**Plain families that stay clearly below {LOW} %**: {', '.join(names) or 'none'}. Where the tool saturates in the densest fields and "
        "those are rare, few samples hold one.\n\n"
        f"**A strongly skewed truth** is covered in {skew.min():.0f} to {skew.max():.0f} %. The annotated fields alone do no better: "
        f"{alone[alone['family'] == 'truth strongly skewed'].groupby('n')['coverage'].min().min():.0f} % at worst. "
        "A total that rests on a few fields needs these fields annotated, as a stratum of their own."
    )
)

# %% [markdown]
# ## May the annotated fields speak for the rest?
#
# The interval holds for a random sample. `scopecheck correct` compares what is known of *all* fields (the tool's number and, where
# given, density, brightness, sharpness, noise) between the annotated ones and random draws. It refuses where the annotated ones
# are among the 5 % most unusual. How often is an honest choice refused, and how often is a choice by eye let through?

# %% tags=["hide-input"]
checks = 300 if profile == "quick" else 3_000


def known_of(rng):
    """Five known numbers of 60 fields; density and brightness go together."""
    table = rng.standard_normal((60, 5))
    table[:, 1] += table[:, 0]
    return table


choices = {
    "drawn at random": lambda rng, table, n: rng.choice(60, n, replace=False),
    "the densest": lambda rng, table, n: np.argsort(table[:, 0])[-n:],
    "from the denser half": lambda rng, table, n: rng.permutation(np.argsort(table[:, 0])[30:])[:n],
    "the most typical": lambda rng, table, n: np.argsort(np.abs(table[:, 0]))[:n],
    "by something not known": lambda rng, table, n: rng.choice(60, n, replace=False),
}
refused = {
    (name, n): 100
    * calibration.alarms(
        known_of, lambda rng, table, pick=pick, n=n: pick(rng, table, n), trials=checks, seed=seed
    )
    for name, pick in choices.items()
    for n in (3, 5, 10, 20)
}
refused = pd.Series(refused).unstack().loc[list(choices)]
display(refused.round(1).rename_axis(columns="refused, % — annotated fields"))
display(
    Markdown(
        f"*Table: {checks} studies of 60 fields a cell.* False alarms: {refused.loc['drawn at random'].min():.1f} to "
        f"{refused.loc['drawn at random'].max():.1f} % (5 % is the rule). **A silent test proves little**: of 3 fields from the denser half "
        f"{100 - refused.loc['from the denser half', 3]:.0f} % pass, and a choice by something that nobody wrote down always does. Draw "
        "by chance; the command names the next fields to annotate."
    )
)

# %% [markdown]
# ## Strata, ratios, populations
#
# The same interval serves where fields were drawn within strata, for a ratio of two sums, and for the population of which the study
# is a sample.

# %% tags=["hide-input"]
few_trials = 400 if profile == "quick" else 4_000
others = []
for name in ("bias proportional", "bias grows with density", "bias grows with density, skewed"):
    family = calibration.FAMILIES[name]
    for taken in ((2, 2, 4), (3, 3, 3), (5, 5, 10)):
        rate = calibration.strata_cover(family, taken, n_all=60, trials=few_trials, seed=seed)
        others.append(("strata, " + " + ".join(map(str, taken)), f"{name}, N = 60", 100 * rate))
    for n in (3, 8, 20):
        rate = calibration.population_covers(family, 100, n, n_all=40, trials=few_trials, seed=seed)
        others.append((f"population, n = {n}", f"{name}, N = 40", 100 * rate))
for n in (3, 8, 20):
    rate = calibration.ratio_covers(n, n_all=100, trials=few_trials, seed=seed)
    others.append((f"ratio, n = {n}", "share of positive cells, N = 100", 100 * rate))
others = pd.DataFrame(others, columns=["asked", "of", "coverage, %"]).sort_values("asked")
display(others.round(1).set_index(["asked", "of"]))
display(
    Markdown(
        f"*Table: {few_trials:,} studies a row, standard error {100 * np.sqrt(0.09 / few_trials):.1f} %.* Lowest "
        f"{others['coverage, %'].min():.1f} %, highest {others['coverage, %'].max():.1f} %."
    )
)

# %% [markdown]
# ## Real fields
#
# Here the truth of a whole study is known, is hidden for all but *n* fields, and the study is corrected; again and again, with
# another draw each time. Counted is how often the interval holds the known mean of all its fields (that of the total is the same,
# times N). The tools' numbers are kept in `recipes/fields` and `recipes/studies`, made by `benchmarks/fields.py` and `benchmarks/studies.py`.

# %% tags=["hide-input"]
draws = 2_000 if profile == "quick" else 20_000
found, about = [], []
for path in sorted([*(home.parent / "fields").glob("*.json"), *home.glob("*.json")]):
    content = json.loads(path.read_text(encoding="utf-8"))
    about.append(f"- {path.stem}: {len(content['fields'])} fields; {content['tool']}.")
    for measurement in ("count", "total_area", "mean_area"):
        pairs = [(r["true"][measurement], r["measured"][measurement]) for r in content["fields"]]
        if any(value is None for pair in pairs for value in pair):
            continue  # a mean over no object; the ratio of the two sums is the number to ask for
        y, f = np.array(pairs, float).T
        odd = int(np.abs(y - f - np.median(y - f)).argmax())  # where the tool is like in no other field
        kept = np.arange(y.size) != odd
        for n in (3, 5, 8, 12, 20):
            if 2 * n > y.size:
                continue
            told = calibration.drawn(y, f, n, trials=draws, seed=seed)
            corrected, by_hand = told[calibration.chosen(n)], told["annotated alone"]
            spared = calibration.drawn(y[kept], f[kept], n, trials=draws, seed=seed)[calibration.chosen(n)][0]
            named = f"{content['fields'][odd]['field']} ({y[odd]:g} true, {f[odd]:g} by the tool)"
            found.append(
                (
                    path.stem,
                    measurement,
                    n,
                    100 * corrected[0],
                    100 * corrected[1],
                    100 * corrected[2],
                    100 * by_hand[0],
                    100 * spared,
                    named,
                )
            )
real = pd.DataFrame(
    found,
    columns=[
        "study",
        "number",
        "n",
        "covered",
        "wholly below",
        "wholly above",
        "annotated alone",
        "without it",
        "odd field",
    ],
)
if len(real):
    display(Markdown("\n".join(about)))
    table = real.pivot_table(index=["study", "number"], columns="n", values="covered")
    display(table.map(flag).rename_axis(columns="corrected interval covers, % — annotated fields"))
    other = real.pivot_table(index=["study", "number"], columns="n", values="annotated alone")
    display(other.map(flag).rename_axis(columns="annotated alone covers, % — annotated fields"))
    worst = real.loc[real["covered"].idxmin()]
    gained = real.loc[(real["without it"] - real["covered"]).idxmax()]
    counts = (real["covered"] >= LOW).sum(), (real["annotated alone"] >= LOW).sum()
    display(
        Markdown(
            f"*Tables: {draws:,} draws a cell, standard error at most 1.1 %.* The corrected interval covers {LOW} % or more in "
            f"{counts[0]} of {len(real)} cells, that of the annotated fields alone in {counts[1]}. The lowest is {worst['study']}, "
            f"{worst['number']}, n = {worst['n']}: {worst['covered']:.0f} %, of the draws {worst['wholly below']:.0f} % lie wholly below the "
            f"truth and {worst['wholly above']:.0f} % wholly above.\n\n"
            f"**One odd field is enough.** Take the one field of each study away in which the tool is off as in no other: then "
            f"{(real['without it'] >= LOW).sum()} of {len(real)} cells reach {LOW} %. Most is gained in {gained['study']}, {gained['number']}, n = "
            f"{gained['n']}: {gained['covered']:.0f} % with and {gained['without it']:.0f} % without {gained['odd field']}. The draws that miss such "
            "a field are sure of themselves and wrong; and the better the tool is elsewhere, the narrower the interval and the worse it "
            "gets. No interval from a handful of fields guards against it. But often the tool's own number shows it, without a truth: "
            "the command names fields far from all others. Annotate them as a stratum of their own, beside those drawn by chance. Where the "
            "*truth* is as uneven as in BBBC038, fields of many microscopes, neither interval is to be trusted."
        )
    )
else:
    display(
        Markdown(
            "*The kept numbers are not at hand here: this section needs the repository's folder `recipes`.*"
        )
    )

# %% [markdown]
# ## What this page does not show
#
# - The truth is taken for exact. An annotator who is 3 % high moves the corrected number by 3 %, and no interval here knows of it.
# - Whether another tool, or the same one with other settings, would have been better. Correct one that was chosen *before* the
#   annotated fields were looked at.
