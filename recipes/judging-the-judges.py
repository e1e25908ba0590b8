# ---
# jupyter:
#   jupytext:
#     notebook_metadata_filter: kernelspec,scopecheck
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
#   scopecheck:
#     schema: "2.0"
#     kind: page
#     id: judging-the-judges
#     title: Judging the judges
# ---

# %% [markdown]
# # Judging the judges
#
# A score is a measuring instrument, and an instrument is checked before it is used. Three inputs have a known answer.
# The **truth itself** must give the best value there is: the ceiling. **Nothing** must give no credit. The same
# objects **thrown at random** must give what luck gives: the floor. A score that is silent about a transposed or shifted
# result is checked by transposing and shifting one.
#
# This page puts such inputs through the measures of this book and through those of other programs, and prints what each
# says. It judges no tool. It tells you which question each number answers.

# %% tags=["parameters"]
profile = "quick"
tier = "embedded"
seed = 0

# %% tags=["hide-input"]
import contextlib
import io
import json
import tempfile
import warnings
from hashlib import sha256
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import tifffile
from IPython.display import Markdown, display

from scopecheck import acquire, measure, record
from scopecheck.measure import maps
from scopecheck.measure import picks as particles
from scopecheck.record.result import installed

record.use_style()
page = record.start("judging-the-judges", profile=profile, tier=tier, seed=seed)
rng = np.random.default_rng(seed)


def table(rows, **columns):
    """A table of numbers with two decimals; what is not defined says so."""
    frame = pd.DataFrame(rows, columns=["given", *columns]).set_index("given")
    display(frame.style.format(precision=2, na_rep="not defined"))
    return frame


def named(title, package):
    """A column's title with the version of the program that gives its numbers."""
    return f"{title}, {package} {installed(package) or 'not installed'}"


# %% [markdown]
# ## Objects
#
# A simulated field of 40 nuclei, known pixel by pixel. Each line below is that field with one change. None of the changes
# needs a tool, and none touches the number of nuclei or their areas, except the empty ones.

# %%
field = acquire.scenes.nuclei((256, 256), 40, diameter=20.0, spacing=2.0, seed=seed)
truth = field.labels
other_names = np.concatenate(([0], rng.permutation(truth.max()) + 1))
elsewhere = acquire.scenes.nuclei((256, 256), 40, diameter=20.0, spacing=2.0, seed=seed + 1).labels
nothing = np.zeros_like(truth)
given = {
    "the truth itself": (truth, truth),
    "the truth, its numbers shuffled": (other_names[truth].astype(np.int32), truth),
    "nothing found": (nothing, truth),
    "nothing found, nothing there": (nothing, nothing),
    "the truth, transposed": (np.ascontiguousarray(truth.T), truth),
    "the truth, mirrored": (np.ascontiguousarray(truth[:, ::-1]), truth),
    "the truth, shifted by 30 px": (np.roll(truth, 30, axis=1), truth),
    "another field of 40 nuclei": (elsewhere, truth),
}

# %% tags=["hide-input"]
figure, axes = plt.subplots(2, 3, figsize=(7.5, 5.2))
shown = ["the truth itself", "nothing found", "the truth, transposed"]
shown += ["the truth, mirrored", "the truth, shifted by 30 px", "another field of 40 nuclei"]
for axis, name in zip(axes.flat, shown, strict=True):
    axis.imshow(truth > 0, cmap="Greys", vmin=0, vmax=3)
    axis.contour(given[name][0] > 0, [0.5], colors="#D55E00", linewidths=1)
    axis.set_title(name, fontsize=10)
    axis.axis("off")
plt.show()

# %% [markdown]
# **Same number, same areas, other places.** Grey is the truth, the same in every panel; orange lines are what was given
# as a result. Count and mean area are exact in all panels but the empty one. Only a score that compares places can tell
# the first panel from the rest.

# %% tags=["hide-input"]
columns = ["count", "mean area", "F1@0.5", "PQ@0.5", "pixel Dice", "gross error"]
rows = []
for name, (predicted, true) in given.items():
    match = measure.match(predicted, true)
    numbers = {key: measure.quantities(labels) for key, labels in (("given", predicted), ("true", true))}
    count, area = (
        numbers["given"][m].value / numbers["true"][m].value if numbers["true"][m].value else np.nan
        for m in ("count", "mean_area")
    )
    scores = [match.f1, match.pq, measure.pixel_dice(predicted, true), measure.gross_error(match)]
    rows.append([name, count, area, *scores])
ours = table(rows, **dict.fromkeys(columns))

# %% [markdown]
# *Measures of this book. Count and mean area are given as a fraction of the true value: 1 is perfect. Read the last five
# lines: a perfect count and area, and objects that are almost nowhere where they should be.*
#
# The same inputs, in other programs. `accuracy` is TP / (TP + FP + FN), which Cellpose calls average precision. The
# adapted Rand error and the variation of information of scikit-image {cite:p}`vanderwalt2014` are errors: 0 is perfect.

# %%
from skimage.metrics import adapted_rand_error, variation_of_information


def stardist_says(predicted, true):
    from stardist.matching import matching

    one = matching(true, predicted, thresh=0.5)
    return {"F1": one.f1, "PQ": one.panoptic_quality}


def cellpose_says(predicted, true):
    from cellpose.metrics import average_precision

    return {"accuracy": float(average_precision([true], [predicted], threshold=[0.5])[0][0, 0])}


def skimage_says(predicted, true):
    rand = adapted_rand_error(true, predicted)[0]
    return {"Rand error": rand, "information": sum(variation_of_information(true, predicted))}


# %% tags=["hide-input"]
peers = {"stardist": stardist_says, "cellpose": cellpose_says, "scikit-image": skimage_says}
said = {name: {} for name in given}
for package, ask in peers.items():
    if installed(package) is None:
        display(Markdown(f"*{package} is not installed here, so it is not asked.*"))
        continue
    for name, (predicted, true) in given.items():
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for score, value in ask(predicted, true).items():
                said[name][f"{score}, {package} {installed(package)}"] = value

stacked = np.stack([np.stack(pair) for pair in given.values()]).astype(np.int32)
np.save("objects.npy", stacked)
apart = page.front.path.parent / "peers" / "panoptica.json" if page.front else None
kept = json.loads(apart.read_text(encoding="utf-8")) if apart and apart.is_file() else {}
same_input = kept.get("sha256") == sha256(stacked.tobytes()).hexdigest()
if same_input:
    for name, scores in zip(given, kept["scores"], strict=True):
        for score, value in scores.items():
            said[name][f"{score}, panoptica {kept['version']}"] = np.nan if value is None else value
theirs = pd.DataFrame(said).T
theirs.index.name = "given"
display(theirs.style.format(precision=2, na_rep="not defined"))

# %% tags=["hide-input"]
how = (
    f"panoptica {kept['version']} cannot share an environment with the other tools here, so it was asked in one of its own"
    " (`benchmarks/panoptica_says.py`); its answers are kept with the hash of the inputs above."
    if same_input
    else "panoptica is not shown: its kept answers belong to other inputs than these (another seed)."
)
moved = [name for name in given if name not in list(given)[:4]]
best = ours.loc["the truth itself", ["F1@0.5", "PQ@0.5", "pixel Dice"]]
f1 = theirs.loc[moved, [c for c in theirs if c.startswith("F1")]]
empty = theirs.loc["nothing found, nothing there"]
unsaid = [name for name, value in empty.items() if np.isnan(value)]
told = ", ".join(f"{name}: {value:.2f}" for name, value in empty.items() if not np.isnan(value))
display(
    Markdown(
        f"*What other programs say to the same inputs. {how}*\n\n"
        f"The truth itself, under whatever numbers, gets the ceiling from all of them, and {best.min():.2f} from our F1,"
        f" PQ and Dice. For the {len(moved)} fields whose objects lie elsewhere, F1 is between"
        f" {f1.min(axis=None):.2f} and {f1.max(axis=None):.2f}, and no score says which of the {len(moved)} it is looking at."
        f" The programs part where nothing was found and nothing is there. No number: {', '.join(unsaid) or 'none of them'}."
        f" A number: {told or 'none of them'}. Ours is *not defined*, because a mean over images into which zeros or ones"
        " are mixed is another number."
    )
)

# %% [markdown]
# ## Picks
#
# 60 particles of 20 pixels diameter on a micrograph of 512 x 512, and picks made from them. The match is one to one within
# a quarter of the diameter. Beside it stands the routine by which Topaz {cite:p}`bepler2019` scores itself, and *any hit*,
# which many scripts use: the share of picks that have some particle within the radius.

# %%
side, diameter, n = 512, 20.0, 60
centres = rng.uniform(20, side - 20, (n, 2)).round()
picks = {
    "the truth itself": centres,
    "the truth, its lines shuffled": rng.permutation(centres),
    "the truth, every pick twice": np.concatenate([centres, centres]),
    "no picks": np.zeros((0, 2)),
    "the truth, x and y exchanged": centres[:, ::-1],
    "the truth, upside down": centres * [1, -1] + [0, side - 1],
    "the truth, shifted by a diameter": centres + [diameter, 0],
    "as many random picks": rng.uniform(20, side - 20, (n, 2)),
}


def topaz_says(given, true, radius):
    from topaz.algorithms import match_coordinates

    return match_coordinates(true, given, radius)[0].mean()


# %% tags=["hide-input"]
radius = particles.RADIUS * diameter
topaz = named("precision", "topaz-em")
rows = []
for name, xy in picks.items():
    got = particles.match(xy, centres, radius)
    near = np.linalg.norm(xy[:, None] - centres[None], axis=2) <= radius
    luck = particles.chance(len(xy), centres, shape=(side, side), radius=radius, seed=seed)
    theirs = topaz_says(xy, centres, radius) if installed("topaz-em") and len(xy) else np.nan
    any_hit = near.any(axis=1).mean() if len(xy) else np.nan
    rows.append([name, got.precision, got.recall, luck.precision, theirs, any_hit])
picked = table(rows, precision=0, recall=0, **{"precision by chance": 0, topaz: 0, "any hit": 0})

# %% [markdown]
# *Look at the third line. With every pick given twice, one-to-one matching says that half of them are spare; "any hit"
# still calls all of them right.*
#
# ## Tracks
#
# Six cells drift through five frames. Tracks are written in the format of the Cell Tracking Challenge and scored by
# py-ctcmetrics, a published implementation of its measures {cite:p}`ulman2017`. This book has no tracking measure of its
# own yet, so here the others are judged alone. SEG is about outlines, DET about cells found, TRA about cells and links,
# LNK about links alone.

# %%
frames = []
for k in range(5):
    frame = np.zeros((96, 128), np.uint16)
    for cell in range(6):
        y, x = 8 + 30 * (cell // 2) + 2 * k, 10 + 60 * (cell % 2) + 5 * k
        frame[y : y + 12, x : x + 12] = cell + 1
    frames.append(frame)
whole = [(cell, 0, 4, 0) for cell in range(1, 7)]  # name, first frame, last frame, mother
cut = [(cell, 0, 1, 0) for cell in range(1, 7)] + [(cell + 6, 2, 4, 0) for cell in range(1, 7)]
tracks = {
    "the truth itself": (frames, whole),
    "the truth, its numbers shuffled": ([np.where(f > 0, 7 - f, 0) for f in frames], whole),
    "every track cut in two": ([np.where(f > 0, f + 6 * (k > 1), 0) for k, f in enumerate(frames)], cut),
    "frames in reverse order": (frames[::-1], whole),
    "mirrored": ([f[:, ::-1] for f in frames], whole),
    "shifted by one cell": ([np.roll(f, 12, axis=1) for f in frames], whole),
    "nothing found": ([np.zeros_like(f) for f in frames], []),
}


def ctc_says(given, lines):
    from ctc_metrics.scripts.evaluate import evaluate_sequence

    with (
        tempfile.TemporaryDirectory() as folder,
        contextlib.redirect_stdout(io.StringIO()),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        for place, name, listed, some, links in (
            ("truth/TRA", "man_track", "man_track.txt", frames, whole),
            ("truth/SEG", "man_seg", "", frames, whole),
            ("result", "mask", "res_track.txt", given, lines),
        ):
            target = Path(folder, place)
            target.mkdir(parents=True)
            for k, frame in enumerate(some):
                tifffile.imwrite(target / f"{name}{k:03d}.tif", frame.astype(np.uint16))
            if listed:
                np.savetxt(target / listed, np.reshape(links, (-1, 4)), fmt="%d")
        return evaluate_sequence(f"{folder}/result", f"{folder}/truth", threads=1)


# %% tags=["hide-input"]
if installed("py-ctcmetrics"):
    rows = []
    for name, (some, links) in tracks.items():
        try:
            got = ctc_says(some, links)
        except Exception as error:  # what a program does with an empty result is what this line asks
            got = {}
            display(Markdown(f"*{name}: py-ctcmetrics stops with {type(error).__name__}.*"))
        rows.append([name, *(np.nan if got.get(m) is None else got[m] for m in ("SEG", "DET", "TRA", "LNK"))])
    tracked = table(rows, SEG=0, DET=0, TRA=0, LNK=0)
    cut_line = tracked.loc["every track cut in two"]
    display(
        Markdown(
            f"*py-ctcmetrics {installed('py-ctcmetrics')}. With every track cut in two, TRA is still"
            f" {cut_line['TRA']:.2f}, because cells weigh more in it than links; no cell of the movie is followed to its"
            " end. A score over cells and links is no score of the events that a biologist counts.*"
        )
    )
else:
    display(Markdown("*py-ctcmetrics is not installed here, so it is not asked.*"))

# %% [markdown]
# ## Maps
#
# A density of 48 voxels made of 60 blobs, and what the Fourier shell correlation says when the second half map is the
# first itself, another name for it, or something else. A resolution is quoted where the curve falls below 0.143
# {cite:p}`rosenthal2003`; on pixels of 1 Angstrom the smallest that can be quoted is 2 Angstrom.

# %%
box = 48
grid = np.indices((box,) * 3) - box // 2
density = np.zeros((box,) * 3)
for centre in rng.normal(0, 6, (60, 3)):
    density += np.exp(-((grid - centre[:, None, None, None]) ** 2).sum(0) / 2.0)
noise = [rng.normal(0, 0.5 * density.std(), density.shape) for _ in range(2)]
half = density + noise[0]
halves = {
    "the same half twice": half,
    "the same half, ten times as bright": 10 * half,
    "the other half": density + noise[1],
    "the same half, axes exchanged": np.ascontiguousarray(half.transpose(2, 1, 0)),
    "the same half, mirrored": np.ascontiguousarray(half[:, :, ::-1]),
    "the same half, shifted by 4 voxels": np.roll(half, 4, axis=0),
    "noise alone": noise[1],
}


def cryodrgn_says(first, second):
    import torch
    from cryodrgn.commands_utils.fsc import get_fsc_curve

    curve = get_fsc_curve(
        torch.from_numpy(first.astype(np.float32)), torch.from_numpy(second.astype(np.float32))
    )
    below = np.flatnonzero(curve.fsc.to_numpy()[1:] < 0.143)
    return 1 / curve.pixres.to_numpy()[1 + below[0]] if below.size else 2.0


# %% tags=["hide-input"]
rows = []
beside = named("resolution", "cryodrgn")
for name, second in halves.items():
    curve = maps.fsc(half, second)
    theirs = np.nan
    if installed("cryodrgn"):
        with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
            theirs = cryodrgn_says(half, second)
    rows.append(
        [name, float(np.nanmean(curve.fsc[1:])), maps.resolution(curve), maps.same(half, second), theirs]
    )
resolved = table(rows, **{"mean FSC": 0, "resolution": 0, "noticed": 0, beside: 0})

# %% [markdown]
# ## What to take from this
#
# - A count, an area or a resolution can be exact and mean nothing. Ask for a score that compares places, and for its value
#   by chance.
# - The ceiling is the same everywhere. The answers to *nothing* are not: say which program gave a mean over images.
# - No score here says *transposed*, *mirrored* or *shifted*. `scopecheck score` tries these and says so.
