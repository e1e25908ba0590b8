# ---
# jupyter:
#   jupytext:
#     notebook_metadata_filter: kernelspec,scopecheck
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
#   scopecheck:
#     schema: "2.0"
#     kind: page
#     id: judge-calibration
#     title: How far can you trust this judge?
# ---

# %% [markdown]
# # How far can you trust this judge?
#
# Every table in this book says HOLDS, FAILS or UNDETERMINED. A judge that hands out these words can itself be wrong. Here
# it is put on trial: we make up measurements whose true bias we know, let the judge decide, and count its mistakes.
#
# Two numbers matter.
#
# - **Coverage.** The judge states a 90 % interval of the bias. How often does it contain the true bias? Never less than in
#   88.5 %, is the promise. More is not promised against: it costs width, which is printed.
# - **Wrong HOLDS.** The true bias sits exactly at the edge of tolerance, where nothing may be promised any more. How
#   often does the judge say HOLDS all the same? At most 1 in 20 is what two one-sided tests promise
#   {cite:p}`schuirmann1987`.
#
# Most of the page is made up, because only there the truth is known. One section draws from real, annotated fields. All
# numbers on this page are computed when the page is run; the outlines on the real fields were drawn once, and are kept.

# %% tags=["parameters"]
profile = "quick"
tier = "embedded"
seed = 1

# %% tags=["hide-input"]
import json
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from IPython.display import Markdown, display

from scopecheck import judge, record
from scopecheck.judge import calibration
from scopecheck.judge.estimate import to_scale

page = record.start("judge-calibration", profile=profile, tier=tier, seed=seed)
record.use_style()
Path("figures").mkdir(exist_ok=True)
trials = 40_000 if profile == "quick" else 200_000
numbers = (2, 3, 5, 10, 30)
mean, pooled = "per-acquisition mean", "pooled ratio"

# %% [markdown]
# ## What the judge is shown
#
# One simulated *acquisition* is a field with 5 to 300 objects. Each object has its own error; part of that error is shared
# by all objects of the field (a bad focus hits them all). The shared part is the *intraclass correlation*, ICC: 0 means
# every object errs on its own, 0.5 means half of the variance is the field's.
#
# These are the *guaranteed families*: here the judge must keep its promise.
#
# | ingredient | values |
# |---|---|
# | shape of the errors | normal and log-normal, on the scale that is judged |
# | shared part (ICC) | 0, 0.05, 0.1, 0.25, 0.5 |
# | objects in a field | *equal* (then ICC makes no difference); *even* (any number from 5 to 300 alike); *mostly small* (as many fields below 39 as above) |
# | fields in a set | 2, 3, 5, 10, 30 |
# | question | mean over fields; pooled ratio (all measured over all true) |
#
# The cell that does it calls the judge's own functions, the same as every recipe.

# %%
guaranteed = []
for estimand in (mean, pooled):
    for shape in ("normal", "log-normal"):
        scale = "absolute" if (estimand, shape) == (mean, "normal") else "relative"
        for sizes in ("equal", "even", "mostly small"):
            for icc in (0,) if sizes == "equal" else (0, 0.05, 0.1, 0.25, 0.5):
                family = calibration.objects(icc, sizes, shape, estimand)
                for n in numbers:
                    seen = calibration.rates(
                        family, n, trials=trials, seed=seed, scale=scale, estimand=estimand
                    )
                    guaranteed.append((estimand, shape, sizes, icc, n, seen))

# %% tags=["hide-input"]
frame = pd.DataFrame(guaranteed, columns=["question", "shape", "objects", "ICC", "n", "rates"])
frame["coverage"] = [100 * r.coverage for r in frame["rates"]]
frame["wrong HOLDS"] = [100 * max(r.holds_low, r.holds_high) for r in frame["rates"]]
frame["wrong FAILS"] = [100 * max(r.fails_low, r.fails_high) for r in frame["rates"]]
frame["excess"] = [100 * r.excess for r in frame["rates"]]
low = 88.5
limit = 100 * (0.05 + 2 * np.sqrt(0.05 * 0.95 / 10_000))
below, too_many = frame[frame["coverage"] < low], frame[frame["wrong HOLDS"] > limit]
independent = (frame["ICC"] == 0) & (frame["objects"] != "equal")

lines = [
    f"**{trials:,} sets of fields in each of {len(frame)} cells.** Coverage is to be {low} % or more, and "
    f"wrong HOLDS at or below {limit:.1f} % (5 % and twice the standard error of 10,000 trials; more are run so "
    "that chance plays little part).",
    f"- Coverage: {len(below)} of {len(frame)} cells below {low} %. "
    f"Lowest {frame['coverage'].min():.1f} %, highest {frame['coverage'].max():.1f} %.",
    f"- Wrong HOLDS: {len(too_many)} of {len(frame)} cells above the limit; the highest is "
    f"{frame['wrong HOLDS'].max():.2f} %. Below 5 fields there are none, because HOLDS needs 5.",
    f"- Wrong FAILS (the true bias at the edge, the judge says FAILS): at most {frame['wrong FAILS'].max():.2f} %.",
    f"- What it costs: the intervals are wider than the ideal ones, which have the same centre and cover exactly 90 %, by "
    f"{frame['excess'].median():.1f} % in the median cell and {frame['excess'].max():.0f} % in the worst. Where fields are of "
    f"unequal size and objects err independently it is {frame[independent]['excess'].median():.0f} % in the median cell, "
    f"elsewhere {abs(frame[~independent]['excess'].median()):.1f} % (worst {frame[~independent]['excess'].max():.0f} %). "
    "From one number a field the judge cannot tell whether small fields are the noisy ones; it then says UNDETERMINED more "
    "often, never HOLDS too often.",
]
if len(below) or len(too_many):
    broken = pd.concat([below, too_many])[["question", "shape", "objects", "ICC", "n"]]
    lines.append(f"- **The promise is broken** in {broken.to_dict('records')}.")
display(Markdown("\n".join(lines)))

# %% tags=["hide-input"]
figure, axes = plt.subplots(2, 1, figsize=(6, 7.2), sharex=True)
positions = {n: i for i, n in enumerate(numbers)}
groups = (
    (frame[~independent], "o", "#0072B2", "equal sizes, or ICC 0.05 to 0.5", -0.12),
    (frame[independent], "^", "#D55E00", "unequal sizes and ICC 0", 0.12),
)
for axis, column in zip(axes, ("coverage", "wrong HOLDS"), strict=True):
    for rows, marker, colour, label, shift in groups:
        jitter = np.linspace(-0.08, 0.08, len(rows))
        x = rows["n"].map(positions) + shift + jitter
        axis.plot(x, rows[column], marker, color=colour, ms=6, alpha=0.7, label=label, ls="none")
axes[0].axhline(low, color="0.3", lw=1.2, ls="--")
axes[0].set(ylabel="coverage, %", ylim=(86, 95))
axes[0].text(-0.42, low - 0.55, f"promised: {low} % or more", fontsize=10)
axes[0].legend(loc="upper right", fontsize=10)
axes[1].axhline(limit, color="0.3", lw=1.2, ls="--")
axes[1].text(-0.42, limit + 0.12, f"limit {limit:.1f} %", fontsize=10)
axes[1].set(ylabel="wrong HOLDS, %", ylim=(-0.3, 7), xlabel="fields in a set")
axes[1].text(0.5, 0.35, "HOLDS is never said\nbelow 5 fields", ha="center", fontsize=10)
axes[1].set_xticks(list(positions.values()), [str(n) for n in numbers])
figure.savefig("figures/guaranteed.png")
plt.show()

# %% [markdown]
# *Figure: does the judge keep its promise? Each mark is one kind of made-up data, judged many thousand times; sets get
# larger to the right. Above: how often the 90 % interval contains the truth; no mark may lie below the dashed line. Look at
# the orange triangles: when fields are of unequal size and objects err independently, small sets get intervals that are too
# wide. Below: how often HOLDS is said of a measurement at the very edge of tolerance; no mark may lie above the dashed line.*

# %% tags=["hide-input"]
cells = frame.groupby(["question", "objects", "ICC", "n"])


def flag(value: float) -> str:
    return f"{value:.1f}" + (" ▼" if value < low else "")


display(cells["coverage"].min().unstack("n").map(flag).rename_axis(columns="coverage, % — fields in a set"))
wide = cells["excess"].max().unstack("n").map(lambda x: f"{round(x) + 0.0:+.0f}")
display(wide.rename_axis(columns="excess width, % — fields in a set"))
wrong = frame.groupby(["question", "objects", "ICC", "n"])["wrong HOLDS"].max().unstack("n")[[5, 10, 30]]
display(wrong.map(lambda x: f"{x:.1f}" + (" ▲" if x > limit else "")).rename_axis(columns="wrong HOLDS, %"))

# %% [markdown]
# *Tables: the same, in numbers; of normal and log-normal errors the worse one is shown. ▼ below 88.5 %, ▲ above the limit.
# Excess width: how much wider the intervals are than ideal ones that cover exactly 90 %.*
#
# **Why not another interval?** The mean uses Student's interval: for independent normal errors of unequal spread it is
# never too narrow in sets of up to 14 fields, and hardly so in larger ones
# ([Bakirov and Székely 2006](https://doi.org/10.1007/s10958-006-0366-5),
# [Ibragimov and Müller 2010](https://doi.org/10.1198/jbes.2009.08046)). The pooled ratio uses the jackknife with a quantile
# simulated for the very sizes at hand, because the textbook (linearised) interval with Student's quantile is far too narrow
# when one large field carries the sum. The next cell measures that.

# %% tags=["hide-input"]
from scipy.special import stdtrit


def textbook(measured: np.ndarray, true: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    n, total = true.shape[-1], measured.sum(-1)
    centre = np.log(total / true.sum(-1)[:, None])
    residual = measured / total[..., None] - (true / true.sum(-1, keepdims=True))[:, None]
    half = stdtrit(n - 1, 0.95) * np.sqrt(n / (n - 1) * (residual**2).sum(-1))
    return np.expm1(centre - half), np.expm1(centre + half)


rows = {}
for icc in (0, 0.1, 0.5):
    family = calibration.objects(icc, "mostly small", "log-normal", pooled)
    for n in numbers:
        m, t = family(np.random.default_rng([seed, n]), trials, n, 0.0)
        for name, ends in (
            ("textbook", textbook(m, t)),
            ("this judge", calibration.judged_intervals(m, t, "relative", pooled)),
        ):
            rows[f"ICC {icc:g}, {name}", n] = 100 * np.mean((ends[0] <= 0) & (ends[1] >= 0))
table = pd.Series(rows).unstack()
display(table.map(flag).rename_axis(columns="coverage of the pooled ratio, % — fields in a set"))
display(
    Markdown(
        f"On these sets the textbook interval goes down to {table.filter(like='textbook', axis=0).min().min():.0f} %, "
        f"the judge's to {table.filter(like='judge', axis=0).min().min():.0f} %."
    )
)

# %% [markdown]
# ## What you should fear
#
# No interval that looks at a handful of fields can know about what those fields did not show. These *stress families* are
# not promised; they are printed so that you know where the word HOLDS can betray you.
#
# - **skewed**: errors with a long tail of losses (skewness 1, 2, 4), for example a tool that now and then merges a clump;
# - **one field in ten loses half**, or **finds nothing**: everything is fine until an out-of-focus field comes;
# - **few objects**: 5 or 20 objects a field, each missed or doubled by chance. Counts are whole numbers, so all fields can
#   show the very same number and the interval has no width at all.

# %% tags=["hide-input"]
stress = {
    "skewness 1, tail of losses": calibration.skewed(-1),
    "skewness 2, tail of losses": calibration.skewed(-2),
    "skewness 4, tail of losses": calibration.skewed(-4),
    "one field in ten loses half": calibration.catastrophic(),
    "one field in ten finds nothing": calibration.catastrophic(1.0),
    "5 objects a field, counted": calibration.few_objects(5),
    "20 objects a field, counted": calibration.few_objects(20),
}
results = {
    (name, n): calibration.rates(family, n, trials=trials, seed=seed, scale="relative", estimand=mean)
    for name, family in stress.items()
    for n in numbers
}
false_holds = pd.Series({k: 100 * max(r.holds_low, r.holds_high) for k, r in results.items()}).unstack()[
    [5, 10, 30]
]
false_fails = pd.Series({k: 100 * max(r.fails_low, r.fails_high) for k, r in results.items()}).unstack()
covered = pd.Series({k: 100 * r.coverage for k, r in results.items()}).unstack()
order = false_holds.max(axis=1).sort_values(ascending=False).index

figure, axis = plt.subplots(figsize=(6, 4.6))
for shift, n, marker, colour in (
    (0.2, 5, "s", "#D55E00"),
    (0, 10, "o", "#0072B2"),
    (-0.2, 30, "D", "#009E73"),
):
    y = np.arange(len(order))[::-1] + shift
    axis.plot(false_holds.loc[order, n], y, marker, color=colour, ms=8, label=f"{n} fields")
axis.axvline(5, color="0.3", lw=1.2, ls="--")
axis.text(5.7, len(order) - 0.45, "5 %, as promised", fontsize=10, va="center")
axis.set_yticks(np.arange(len(order))[::-1], order)
axis.set(
    xlabel="wrong HOLDS, % of sets",
    xlim=(-1, max(65, false_holds.max().max() + 5)),
    ylim=(-0.6, len(order) - 0.2),
)
axis.legend(loc="lower right", fontsize=10)
figure.savefig("figures/stress.png")
plt.show()

# %% [markdown]
# *Figure: wrong HOLDS where nothing is promised. Each row is one kind of trouble, worst on top; the true bias sits at the
# edge of tolerance. Right of the dashed line the judge says HOLDS more often than it should. Look how little a set of
# five (squares) protects against the rare lost field, and that more fields help slowly.*

# %% tags=["hide-input"]
display(false_holds.loc[order].round(1).rename_axis(columns="wrong HOLDS, %"))
display(false_fails.loc[order].round(1).rename_axis(columns="wrong FAILS, %"))
display(covered.loc[order].round(1).rename_axis(columns="coverage, %"))
lost, gone, tail = (
    "one field in ten loses half",
    "one field in ten finds nothing",
    "skewness 4, tail of losses",
)
unseen = 0.9**5
enough = int(np.ceil(np.log(0.05) / np.log(0.9)))
display(
    Markdown(
        f"**Fear most: the rare lost field.** With 5 fields the judge says HOLDS wrongly in "
        f"{false_holds.loc[lost, 5]:.0f} % of the sets when it loses half and in {false_holds.loc[gone, 5]:.0f} % when it "
        f"loses everything, for a plain reason: {100 * unseen:.0f} % of all sets of five contain no such field, and the other fields "
        f"are well inside the tolerance. With 30 fields it is still {false_holds.loc[lost, 30]:.0f} %, and "
        f"{false_holds.loc[gone, 30]:.0f} % where the lost field finds nothing at all. A long tail (skewness 4) gives "
        f"{false_holds.loc[tail, 5]:.0f} % with 5 fields and {false_holds.loc[tail, 30]:.0f} % with 30. Whole-number counts "
        f"are the lesser evil: at most {false_holds.filter(like='counted', axis=0).max().max():.0f} %, "
        "but two fields of 5 objects that happen to agree "
        f"can also give a wrong FAILS ({false_fails.loc['5 objects a field, counted', 2]:.0f} % of such pairs).\n\n"
        "**What protects you** is the number beside every verdict: the fraction of fields inside tolerance, with its lower "
        f"bound. 5 of 5 inside proves no more than 55 %; to show that at least nine fields in ten are "
        f"right takes {enough} fields without one failure. Read it before you believe a HOLDS from few fields. And any field at "
        "less than half or more than twice its truth is named beside the word as *far outside*."
    )
)

# %% [markdown]
# ## Real fields
#
# The families above are our choice. Real errors are skewed, come in clumps and know nothing of normal distributions. So we
# take the annotated fields at hand, let a tool measure each of them once, and pretend that these N fields are the whole
# population: then its bias is known exactly. From it *n* fields are drawn again and again, with replacement, as independent
# fields would be, and each draw is judged.
#
# - **BBBC038**: grey fields of the 2018 Data Science Bowl's stage 1 test set {cite:p}`caicedo2019`, many microscopes and
#   stains mixed; and the fields of its most frequent setting alone.
# - **BBBC039**: fields of one chemical screen {cite:p}`ljosa2012`, one microscope, one stain.
#
# Two tools: Cellpose with its weights of 2020 {cite:p}`stringer2021`, and a threshold with a watershed. What each measured is
# kept in `recipes/fields/`, made by `benchmarks/fields.py`.

# %% tags=["hide-input"]
kept = sorted((page.front.path.parent / "fields").glob("*.json")) if page.front else []
real, about, shape = {}, [], {}
draws = 10_000
for path in kept:
    content = json.loads(path.read_text(encoding="utf-8"))
    settings = pd.Series([field["setting"] for field in content["fields"]])
    most = settings.mode()[0]
    parts = {"": settings == settings} | ({f", {most}": settings == most} if settings.nunique() > 1 else {})
    for part, chosen in parts.items():
        name = f"{path.stem.replace('-', ' by ').replace('bbbc', 'BBBC')}{part}"
        rows = [field for field, yes in zip(content["fields"], chosen, strict=True) if yes]
        about.append(f"- {name}: {len(rows)} fields; {content['tool']}.")
        for measurement in rows[0]["true"]:
            both = [(r["measured"][measurement], r["true"][measurement]) for r in rows]
            both = np.array([b for b in both if b[0] is not None and min(b) >= 0 and b[1] > 0])
            errors = pd.Series(to_scale(*both.T))
            far = judge.agreement(*both.T, scope="population", tolerance=None).far
            shape[name, measurement] = {"N": len(both), "far outside": len(far), "skewness": errors.skew()}
            for n in (5, 8, 12, 18):
                real[name, measurement, n] = calibration.redrawn(
                    *both.T, n, trials=draws, seed=seed, estimand=mean
                )

if real:
    missed = pd.DataFrame(real, index=["too low", "too high"]).T.rename_axis(["fields", "measurement", "n"])
    reached = 100 * (1 - missed.sum(axis=1))
    shape = (
        pd.DataFrame(shape).T.rename_axis(["fields", "measurement"]).astype({"N": int, "far outside": int})
    )
    table = (
        shape.round({"skewness": 1})
        .join(reached.unstack("n").map(flag))
        .rename_axis(["fields", "measurement"])
    )
    display(Markdown("\n".join(about)))
    display(table)
    far = reached.reset_index(name="coverage").join(shape, on=["fields", "measurement"])
    groups = {
        word: far[(far["far outside"] > 0) == yes] for word, yes in (("no", False), ("at least one", True))
    }
    said = [
        f"Where **{word} field is far outside** ({group.groupby(['fields', 'measurement']).ngroups} of {len(table)} lines) coverage is "
        f"{group['coverage'].min():.0f} to {group['coverage'].max():.0f} %, in the median {group['coverage'].median():.0f} %."
        for word, group in groups.items()
        if len(group)
    ]
    lowest = reached.idxmin()
    display(
        Markdown(
            f"*Table: how often the 90 % interval of the mean over fields holds the bias of all N fields, in %, for draws of 5, 8, 12 "
            f"and 18 fields ({draws:,} draws a cell, standard error at most 0.5 %). N: fields on which the measurement exists; far "
            "outside: those at less than half or more than twice their truth; skewness of their errors.*\n\n"
            + " ".join(said)
            + f" The lowest of all, {reached.min():.0f} %, is {lowest[1]} in {lowest[0]} with {lowest[2]} fields: "
            "a draw that misses the one lost field is sure of itself and wrong. The interval lies wholly *above* the truth in up "
            f"to {100 * missed['too high'].max():.0f} % of the draws and wholly *below* it in up to {100 * missed['too low'].max():.0f} %; 5 % each is "
            "nominal, and with the true bias at that edge of tolerance so often a HOLDS would be wrong.\n\n"
            f"**So read a 90 % interval from a handful of real fields as one of {groups['no']['coverage'].min():.0f} to {groups['no']['coverage'].max():.0f} %, and as "
            "of no value against a rare field that fails altogether.** Only more fields show whether such fields exist; when one is among yours, it is named as *far outside*."
        )
    )
else:
    display(
        Markdown(
            "*The kept numbers are not at hand here: this section needs the repository's folder `recipes/fields`.*"
        )
    )

# %% [markdown]
# ## Does a worse result ever earn a better word?
#
# A mean can be helped by an error. Relative errors are averaged on one scale (log ratios down to a half, a straight line from
# there to nothing found), so that a field that loses more always pulls the bias further down. Two sentences are then true of
# every set, and tested:
#
# - **A field at least as far off as the mean, on the side of the bias, made worse still, never turns another word into HOLDS.**
#   The end of the interval on that side moves further out.
# - **No worsening of any field raises the number of fields inside tolerance**, so no mark ever goes away by it.
#
# It is *not* true of any field whatever. Errors of the other sign balance the mean, and errors that become alike have less
# spread. How often does that happen? One field of a set, drawn by chance, is moved anywhere further out on its own side.

# %% tags=["hide-input"]
helped, farthest = {}, []
for n in (5, 10, 30):
    for bias in (0, -0.05, -0.10):
        for sd in (0.03, 0.1, 0.2):
            rules = {"trials": trials, "seed": seed}
            seen = calibration.worsened(n, bias, sd, **rules)
            helped[n, f"{100 * bias:.0f} %", f"{100 * sd:.0f} %"] = seen[1:]
            farthest.append(calibration.worsened(n, bias, sd, **rules, farthest=True)[0])
helped = 100 * pd.DataFrame(helped, index=["ON AVERAGE ONLY", "plain HOLDS"]).T
helped.index.names = ["fields", "bias", "spread of fields"]
display(helped.unstack("fields").round(2).rename_axis(columns=["turned into, % of sets", "fields"]))
display(
    Markdown(
        f"*Table: of the sets that do not hold, those that hold after one field was made worse.*\n\n"
        f"A plain HOLDS is earned so in at most {helped['plain HOLDS'].max():.2f} % of the sets; HOLDS ON AVERAGE ONLY, which says "
        f"itself that single fields cancel, in up to {helped['ON AVERAGE ONLY'].max():.0f} %, in large sets of noisy fields. When it is the field "
        f"farthest off on the side of the bias that gets worse, it happened in {100 * max(farthest):.0f} % of all sets, as it must. A rule that "
        "forbade the rest would have to ask that HOLDS remain with any of the errors taken back. That would refuse many tools that are "
        "a little off and steady, and nearly all noisy ones, and the word would no longer be that of the interval shown, so there is none. The other way round, one field that gets "
        "worse widens the interval, and FAILS can become UNDETERMINED."
    )
)

# %% [markdown]
# ## Several trainings of one network
#
# Train a network twice and you have two networks. Where a page says how *networks trained so* measure, three trainings look
# at the same images, and the interval holds both levels: Student's interval over the images and Student's interval over the
# trainings, their half-widths added in quadrature (Banerjee 1960). With three trainings the second is wide, as it should be.
# For one image only the trainings count. Here is how often that covers a planted bias, and how often the word is wrongly
# HOLDS, when trainings, images and the rest each have a spread of their own.

# %% tags=["hide-input"]
levels = [(0.05, 0, 0.02, 1), (0.40, 0, 0.10, 1), (0.05, 0, 0.02, 5), (0, 0.05, 0.02, 5), (0.05, 0.05, 0.05, 5),
          (0.05, 0, 0.02, 18), (0, 0.05, 0.02, 18), (0.05, 0.05, 0.05, 18)]  # fmt: skip
few = 500 if profile == "quick" else 10_000
of_levels = []
for between, images, rest, n in levels:
    coverage, held = calibration.trained(between, images, rest, n, trials=few, seed=seed)
    of_levels.append((between, images, rest, n, round(100 * coverage, 1), round(100 * held, 1)))
columns = ["s.d. of trainings", "of images", "of the rest", "images", "coverage, %", "wrong HOLDS, %"]
display(pd.DataFrame(of_levels, columns=columns))
display(
    Markdown(
        f"{few:,} sets of three trainings a row (the simulation's own standard error is {100 * np.sqrt(0.09 / few):.1f} %). Where one "
        "level has all the spread the interval covers what it says; where both have, it covers more: the judge then says "
        "UNDETERMINED more often than it need."
    )
)

# %% [markdown]
# ## Better than chance?
#
# Objects thrown at random places can have the right count and the right mean area. So a table of labels is judged
# only where the predicted objects agree with the true ones better than the same objects put down again at random: 99 times,
# and at most 4 of them may do as well (5 %). What is compared is the sum of the best overlaps (IoU) of the predicted objects,
# not F1: an object that is drawn too small, with an IoU below 0.5, is found all the same.
#
# Such a rule can err twice. It can mark honest work in sparse fields, where one object must speak for the image, and it can
# let random objects pass. Both are counted here, on discs in fields of 96 x 96 pixels. *Honest* objects are drawn off
# centre, with an IoU of 0.6 to 0.8, and one in five is missed; *poor* ones cover a quarter of the true object.

# %% tags=["hide-input"]
from skimage.draw import disk

from scopecheck import measure

side, fields = 96, 160 if profile == "quick" else 1600


def discs(rng: np.random.Generator, n: int, radius: float) -> list[tuple[float, float, float]]:
    """Centres and radii of `n` discs that do not meet."""
    found: list[tuple[float, float, float]] = []
    while len(found) < n:
        r = radius * rng.uniform(0.7, 1.3)
        y, x = rng.uniform(r, side - 1 - r, 2)
        if all((y - b) ** 2 + (x - a) ** 2 > (r + s + 1) ** 2 for b, a, s in found):
            found.append((y, x, r))
    return found


def drawn(places: list[tuple[float, float, float]]) -> np.ndarray:
    labels = np.zeros((side, side), np.int32)
    for label, (y, x, r) in enumerate(places, 1):
        labels[disk((y, x), r, shape=labels.shape)] = label
    return labels


def honest(rng: np.random.Generator, places: list[tuple[float, float, float]], poor: bool):
    kept = [place for place in places if rng.random() > 0.2] or places[:1]
    moved = []
    for y, x, r in kept:
        angle, off = rng.uniform(0, 2 * np.pi), 0 if poor else r * rng.uniform(0.17, 0.38)
        moved.append((y + off * np.sin(angle), x + off * np.cos(angle), r / 2 if poor else r))
    return moved


marked = {}
kinds = [(kind, n, 7.0) for kind in ("honest", "poor", "random") for n in (1, 3, 10)] + [("random", 40, 5.0)]
for kind, n, radius in kinds:
    chances = []
    for i in range(fields):
        rng = np.random.default_rng([seed, n, i])
        true = discs(rng, n, radius)
        predicted = discs(rng, n, radius) if kind == "random" else honest(rng, true, kind == "poor")
        chances.append(measure.chance(drawn(predicted), drawn(true), seed=(seed, n, i)))
    name, rng = f"{kind}, {n} object{'s' * (n > 1)}", np.random.default_rng([seed, n])
    sets = [[chances[i] for i in rng.choice(fields, 8, replace=False)] for _ in range(2 * fields)]
    marked[name, "1 field"] = 100 * np.mean([one.better is False for one in chances])
    marked[name, "8 fields"] = 100 * np.mean([measure.pool_chance(one).better is False for one in sets])
chance_table = pd.Series(marked).unstack(sort=False)
display(chance_table.round(1).rename_axis(columns="marked NOT BETTER THAN CHANCE, %"))
false_marks = chance_table[~chance_table.index.str.startswith("random")]
caught = chance_table.filter(like="random", axis=0)
display(
    Markdown(
        f"{fields} fields a row, and {2 * fields} sets of eight drawn from them. Honest or poor work was marked in at most "
        f"{false_marks['1 field'].max():.1f} % of single fields and {false_marks['8 fields'].max():.1f} % of sets. Random "
        f"objects were marked in {caught.min().min():.0f} to {caught.max().max():.0f} %; 95 % is what the rule promises, so "
        "one nonsense in twenty still passes it. A large object in a small field is the hard case: where it covers a third of "
        "the width, few places are plainly worse than its own."
    )
)

# %% [markdown]
# ## How many wrong words in a table?
#
# At worst, when every measurement in a table sits at the edge of its tolerance, one HOLDS in twenty is wrong. A table of
# 20 verdicts may hold one. Measurements well inside or well outside their tolerance are judged right far more often. That is
# why each table's caption gives its number of verdicts.
#
# ## What this page does not show
#
# - The simulated tolerance is ±10 % and the spread is small (an acquisition of 39 objects errs by 3 %), so that a wrong
#   HOLDS is as likely as it can get. With a larger spread HOLDS becomes rare, right or wrong.
# - The truth is exact here. With an uncertain truth the interval is widened further and the judge is more careful.
# - Fields are independent here. Crops of one image, planes of one volume and re-takes are not, and the judge cannot see it:
#   say the scope honestly.
