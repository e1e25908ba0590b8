# ---
# jupyter:
#   jupytext: {notebook_metadata_filter: "kernelspec,scopecheck", text_representation: {extension: .py, format_name: percent}}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
#   scopecheck:
#     schema: "2.0"
#     kind: recipe
#     id: superres-annapalm
#     title: "Drawn from few frames: how many does a network after ANNA-PALM need, and what does it draw where no filament is?"
#     failure_mode: "super-resolution that miscounts or invents: a sharp picture of molecules that are not there, or of half of them"
#     tools: [tensorflow-cpu]
#     datasets: {embedded: [annapalm-trainings, locan-lists], public: [], archive: []}
#     measurements:
#       length: {unit: µm, name: length of filaments, estimand: pooled ratio, scale: relative, tolerance: 0.10,
#         why: "Polymer mass of a cytoskeleton is compared between conditions that differ by a fifth and more; 10 % is half of that."}
#       crossings: {unit: crossings, name: crossings, estimand: pooled ratio, scale: relative, tolerance: 0.20,
#         why: "Networks are told apart when one has half as many crossings again; 20 % is less than half of that."}
#       invented: {unit: µm per 1000 µm², name: invented filament, estimand: per-acquisition mean, scale: absolute, tolerance: 3.3,
#         why: "A cell covers some 300 µm². One micrometre is enough to join two filaments, or to give a bare cell its first: 3.3 per 1000 µm² is one a cell."}
#     minutes: {quick: 2, full: 60}
#     memory_gib: 3
#     picture: unseen
#     goals:
#       - "Find the number of frames from which length and crossings hold, with a network and without"
#       - "Measure what is drawn of structures that were not in the training, and say which check would have told"
# ---

# %% [markdown]
# # Drawn from few frames: how many does a network after ANNA-PALM need, and what does it draw where no filament is?
#
# ## In one minute
#
# **Question.** A picture of single molecules takes thousands of frames. A network that has learnt what filaments look like draws the same picture from a hundred. Are the
# length and the crossings of the filaments right? And what does it draw of clathrin pits, of nuclear pores, of nothing?
#
# **Time.** Two minutes to run, twenty to read. **You need** to know what a list of localisations is.

# %% tags=["parameters"]
profile = "quick"
tier = "embedded"
seed = 0
steps = 1000
train_anew = False
my_list = ""  # a table of localisations, as ThunderSTORM, Picasso or SMAP write it
my_unit = ""  # nm, um or px, where its headings name none
my_pixel_size = 0  # nm, where it is in pixels

# %% tags=["hide-input"]
from scopecheck.tools import stardist, translation

stardist.prepare(seed)  # TensorFlow quiet, repeatable, on the CPU

from dataclasses import replace
from functools import partial

import asdf
import numpy as np
import pandas as pd
from IPython.display import Markdown, display
from scipy import ndimage
from skimage.morphology import remove_small_objects, skeletonize

from scopecheck import acquire, data, record
from scopecheck.acquire import localisation
from scopecheck.acquire.listed import localised
from scopecheck.measure import intensity, ridges, structures
from scopecheck.measure.rendered import picture
from scopecheck.measure.squirrel import squirrel
from scopecheck.record.along import along, panels
from scopecheck.record.strips import quoted, strips
from scopecheck.tools.once import once

page = record.start("superres-annapalm", profile=profile, tier=tier, seed=seed)
page.opening()
page.tolerances()

# %% [markdown]
# ## What is measured
#
# **Length of filaments** and **crossings** of a picture: lines are where a ridge filter (*Sato's*, 50 nm wide) answers with more than half of its answer to a true
# filament, thinned to one pixel and 0.3 µm long or more; a crossing is where three or more branches meet. **Invented filament** is what is drawn as filament farther than
# 0.1 µm from a true one; where no filament is, all of it, less what the picture of all molecules gives. The true picture and all others are measured alike.

# %%
SIDE, PIXEL = 6400, 25  # of the field and of a pixel of the picture, nm


def seen(image, way):
    line = ridges.standing(image, 2.0) > thresholds.get("smoothed" if way == "smoothed" else "truth", np.inf)
    line = remove_small_objects(skeletonize(line), max_size=11, connectivity=2)
    return {"image": image, "line": line, "way": way}


def numbers(answer, case):
    found = structures.filaments(answer["line"], PIXEL / 1000, least=12)
    told = {"length": found.length, "crossings": float(found.crossings)}
    if case.truth is None:
        return told
    beyond = structures.filaments(answer["line"] & ~case.truth["near"], PIXEL / 1000, least=1)
    return told | {"invented": 1000 * beyond.length / (SIDE / 1000) ** 2}


# %% [markdown]
# ## It looks right
#
# A field is a square of 6.4 µm with eight filaments. In a frame about ten of their molecules are localised (one of 500 sites), each 20 nm off (s.d.), and every second
# frame has one false localisation at a random place. The list of the first `frames` is drawn into pixels of 25 nm, its two halves by time apart. A plain picture,
# *widefield*, is taken beside it.


# %%
def field(number, kind="filaments", frames=100, n=8, precision=20.0):
    at = 10_000 * seed + number
    sites, per_site = structure(kind, at, n)
    how = {"each": len(sites) * per_site, "precision": precision}
    halves = [localised(sites, frames // 2, SIDE, [at, k], **how) for k in (0, 1)]
    image = [drawn(half[["x", "y"]], frames // 2) for half in halves]
    return case_of(taken(image, sites, per_site, at), sites, per_site, at, filaments=kind == "filaments")


def drawn(xy, frames):  # as if every list had the same number of frames
    return 500 / frames * picture(xy, SIDE, PIXEL)


# %% tags=["hide-input"]
thresholds, NONE = {}, np.zeros((0, 3))


def structure(kind, at, n):  # and how often a site is localised in a frame: alike for a µm of any outline
    if kind == "rings":
        return (sites := localisation.rings(25, SIDE, at)), 3 / len(sites)
    if kind == "pores":
        return (sites := localisation.pores(60, SIDE, at)), 5 / len(sites)
    return localisation.filaments(n, SIDE, at) if kind == "filaments" else NONE, 1 / 500


def widefield(
    sites, per_site, at
):  # photons of a plain picture, spots 130 nm wide, over a typical filament's
    light = 4000 * per_site * picture(sites[:, :2], SIDE, 100, 1.3)
    image = acquire.expose(light + 5, acquire.Camera(offset=100), at) - 100.0
    return np.kron((image - 5) / 30, np.ones((4, 4)))


def taken(halves, sites, per_site, at):  # with two plain pictures: one for the network, one for a check
    return np.stack([*halves, *(widefield(sites, per_site, k) for k in (at, 10**8 + at))])


def case_of(image, sites, per_site, at=None, filaments=True):
    here = picture(sites[:, :2], SIDE, PIXEL, 0) > 0
    near = ndimage.distance_transform_edt(~here) <= 4 if here.any() and filaments else np.zeros_like(here)
    truth = seen(500 * per_site * picture(sites[:, :2], SIDE, PIXEL, 1.4), "truth") | {
        "near": near,
        "here": here,
    }
    case = record.Case(image, truth, seed=at)
    return replace(case, true=numbers(truth, case))


# %% [markdown]
# **ANNA-PALM** {cite:p}`ouyang2018` draws the picture of many frames from that of few: one network draws, another learns to tell its pictures from real ones, and the
# first learns not to be told. Ours follows that idea and is small (16 to 64 filters, pieces of 128 pixels, 1,000 batches of 8), without the term that compares the drawn
# picture with the plain one while it learns: it is not ANNA-PALM. It learns from 160 fields that are judged nowhere, 10 to 300 frames beside 3,000 of the same field:
# from the list alone, **sparse**, or with the **widefield** picture as a second channel.


# %%
def given(image, way):
    sparse, wide = image[:2].mean(axis=0), image[2]
    return np.stack([sparse, wide] if way == "widefield" else [sparse], axis=-1)


def train(way, t):
    frames = 2 * np.random.default_rng(t).permutation(np.geomspace(5, 150, 160)).astype(int)
    few = [field(10**6 + 1000 * t + k, frames=int(frames[k])).image for k in range(160)]
    many = [field(10**6 + 1000 * t + k, frames=3000).image[:2].mean(axis=0) for k in range(160)]
    given_to_it = np.stack([given(image, way) for image in few])
    return translation.train(given_to_it, np.stack(many)[..., None], t, steps=steps)


# %% [markdown]
# **Three trainings of each are kept with this book.** Controls are asked of the first; every other word is judged over all three, and the spread between them is a
# part of its interval. `train_anew = True` trains them here. The baseline is the sparse picture itself, **smoothed** by a Gaussian of 50 nm. What counts as a line is
# set once, on six fields that are judged nowhere: for the networks by the true picture, which they are to draw, for the smoothed one by itself at 100 frames.


# %%
@once  # the checks ask again for what was drawn before
def by_network(network, image, way):
    return translation.drawn(network, given(image, way))


def palm(image, way="sparse", t=0):
    return seen(by_network(networks[way][t], image, way), (way, t))


def smoothed(image):
    return seen(ndimage.gaussian_filter(image[:2].mean(axis=0), 2), "smoothed")


# %% tags=["hide-input"]
def network_of(way, t):
    if train_anew or steps != 1000 or profile == "full":
        return translation.keep(train(way, t), f"weights/{way}-{t}.npz")
    folder = data.fetch("annapalm-trainings")
    return translation.kept(folder / f"{way}-{t}.npz", 2 if way == "widefield" else 1)


trainings = range(3 if profile == "quick" else 5)
networks = {way: [network_of(way, t) for t in trainings] for way in ("sparse", "widefield")}
trained = {way: [partial(palm, way=way, t=t) for t in trainings] for way in networks}
known = [field(3000 + k) for k in range(6)]
for way, images in {
    "truth": [case.truth["image"] for case in known],
    "smoothed": [smoothed(case.image)["image"] for case in known],
}.items():
    thresholds[way] = ridges.typical(images, [case.truth["here"] for case in known], 2.0) / 2


# %% tags=["hide-input"]
def real_lists():
    folder, told = data.fetch("locan-lists"), {}
    for name, file in {"real-clathrin": "clathrin_3d", "real-pore": "npc_gp210"}.items():
        with asdf.open(folder / f"{file}.asdf") as source:
            table = pd.DataFrame(np.array(source["data"], float), columns=list(source["columns"]))
        table = table.sort_values("frame", kind="stable")[["position_x", "position_y"]].to_numpy()
        table = table + SIDE / 2 - (table.min(axis=0) + table.max(axis=0)) / 2
        first = table[: min(1000, len(table) // 2)]  # as many as 100 frames of a field have
        halves = [drawn(half, len(first) / 20) for half in np.array_split(first, 2)]
        image = taken(halves, table, 10 / len(table), seed)
        told[name] = [case_of(image, table, 10 / len(table), filaments=False)]
    return told


def looks(answer, case):
    found, true = numbers(answer, case), case.true["length"]
    beyond = found["invented"] * (SIDE / 1000) ** 2 / 1000
    wrong = {"length": (abs(true - found["length"] + beyond) + beyond) / true} if true else {}
    return record.Scores(intensity.looks([answer["image"]], [case.truth["image"]]), wrong)


def beside(case):
    told = {"list": case.image[:2].mean(axis=0), "plain picture": np.clip(case.image[2], 0, None)}
    told |= {"list, smoothed": smoothed(case.image)["image"]}
    told |= {way: trained[way][0](case.image)["image"] for way in ("sparse", "widefield")}
    middle = slice(64, 192)
    return {name: image[middle, middle] for name, image in (told | {"truth": case.truth["image"]}).items()}


record.show(panels(beside(known[0]), 3.2, rows=2), "looks-right")

# %% [markdown]
# *The middle of one field, 100 frames: the list as it is, the plain picture, the list smoothed; what the networks draw of it, and the truth.*
#
# ## Predict
#
# Write down the number of frames from which you expect the length to be right, and what the network will make of rings with a radius of 80 nm.
#
# ## The truth
#
# Fields are simulated, because nothing else tells where every filament runs. Two lists are real, as they come with the package *locan*: clathrin, of a specimen that was
# expanded by a factor which its file may hold or not, so that its size is uncertain; and one nuclear pore, which tests nothing but an isolated dot. No filament is in
# either; the picture of their whole list is the truth.
#
# ## Does the measurement hold?
#
# *frames-300* is the positive control of length and invention: as many frames as the longest lists of the training. Crossings have none: they were to hold there, too, and
# with some seeds they do not. In *swapped*, the negative control, the images are those of other fields, with twice as many filaments.


# %%
trial = record.Trial(page, tool=trained["sparse"], numbers=numbers, scores=looks, baseline=smoothed)
few = {frames: [field(k, frames=frames) for k in range(10)] for frames in (10, 30, 100, 300)}
fuller = [replace(c, image=field(k + 50, frames=300, n=16).image) for k, c in enumerate(few[300])]
trial.run("swapped", fuller)
trial.run("frames-300", few[300], only=["length", "invented"])
trial.run("frames-300", few[300], tool=trained["sparse"], only=["crossings"])
for frames in (10, 30, 100):
    trial.run(f"frames-{frames}", few[frames])
    trial.run(f"widefield-{frames}", few[frames], tool=trained["widefield"])

# %% [markdown]
# ## Shift
#
# All with 100 frames: *crowded*, twice as many filaments; *imprecise*, localisations 40 nm off; *empty*, those alone that are nowhere; *rings* and *pores*, which no
# training has shown; and the two real lists.

# %%
shifts = {"crowded": {"n": 16}, "imprecise": {"precision": 40.0}}
shifts |= {kind: {"kind": kind} for kind in ("empty", "rings", "pores")}
shifted = {name: [field(200 + k, **setting) for k in range(10)] for name, setting in shifts.items()}
for name, fields in shifted.items():
    trial.run(name, fields)
    trial.run(f"widefield-{name}", fields, tool=trained["widefield"])
for name, fields in real_lists().items():
    trial.run(name, fields)

# %% tags=["hide-input"]
at = sorted(few)
errors = {name: [page[f"frames-{f}", name].bias for f in at] for name in ("length", "crossings")}
for name in ("length", "crossings"):
    errors[f"{name}, smoothed"] = [page[f"frames-{f}", name].baseline["bias"] for f in at]
record.show(along(at, errors, 0.1, "frames"), "frames")
lines = []
for name, off in errors.items():
    rows = [page[f"frames-{f}", name.partition(",")[0]] for f in at]
    right = [f for k, f in enumerate(at) if np.all(np.abs(off[k:]) <= rows[0].tolerance[1])]
    words = [row.baseline["verdict"] if "smoothed" in name else row.told for row in rows]
    lines.append((name, f"{right[0]}" if right else f"more than {at[-1]}", *words))
heads = ["number", "error inside its tolerance from, frames", *(f"word at {f}" for f in at)]
display(record.markdown(heads, lines))
record.show(strips(page.verdicts(measurement="invented"), "invented filament, µm per 1000 µm²"), "invented")
nothing = intensity.looks_of_nothing([few[100][0].truth["image"]])
print("a picture that shows nothing:", ", ".join(f"{name} {value:.2f}" for name, value in nothing.items()))

# %% [markdown]
# *First picture: the errors of length and crossings against the number of frames; shaded is the tolerance of the length, that of the crossings is twice as wide. Second:
# filament that is drawn where none is; a field has about 1,000 µm on 1000 µm². Orange: the smoothed list.*

# %% tags=["hide-input"]
unseen = {f"{kind}: {k}": v for kind in ("rings", "pores") for k, v in beside(shifted[kind][0]).items()}
unseen = {name: image for name, image in unseen.items() if "smoothed" not in name and "plain" not in name}
record.show(panels(unseen, 3.2, rows=2), "unseen")

# %% [markdown]
# *Rings (top) and pores (below), which no training has shown. Look for lines that join what lies apart.*
#
# ## Would you have noticed?
#
# Three checks need no truth. An alarm is a value above the largest of 12 rehearsal fields like *frames-100*, judged nowhere. **halves**: 1 less the correlation between
# what the network draws of the two halves of the list. **widefield**: 1 less the correlation of the drawn picture, blurred to fit, with a second plain one, which no network was
# given (*RSP* of SQUIRREL {cite:p}`culley2018`). **trainings**: how far three trainings differ in a pixel (s.d.), divided by the mean brightness.


# %%
def signs(row, tool):
    image, drawing, (way, t) = row.case.image, row.answer["image"], row.answer["way"]
    doubled = (np.stack([half, half, image[2]]) for half in image[:2])
    one, other = (by_network(networks[way][t], half, way) for half in doubled)
    told = {"halves": np.nan, "widefield": np.nan}
    if np.ptp(one) > 0 and np.ptp(other) > 0:
        told["halves"] = 1 - np.corrcoef(one.ravel(), other.ravel())[0, 1]
    if np.ptp(drawing) > 0:
        told["widefield"] = 1 - squirrel(drawing, image[3][::4, ::4]).rsp
    several = np.array([by_network(network, image, way) for network in networks[way]])
    return told | {"trainings": several.std(axis=0).mean() / max(several.mean(), 1e-6)}


checks = trial.checks(signs, [field(5000 + k) for k in range(12)])

# %% tags=["hide-input"]
display(checks.count(together=True, leave_out=["real-clathrin", "real-pore"]))
record.show(checks.figure(), "alarms")

# %% [markdown]
# *Each line counts fields, those with a number outside its tolerance and those without. A useful check has its blue triangle far right of its orange one.*
#
# ## What to do
#
# - **Frames.** Take as many as the smoothed list needs wherever you can: it has no training to draw from.
# - **Widefield.** A plain picture costs one exposure. The table shows what it does against invention.

# %% tags=["hide-input"]
pairs = {
    f"{a}-{n}" if a else n: f"widefield-{n}" for a, n in [("frames", 10), ("frames", 30), ("frames", 100)]
}
pairs |= {kind: f"widefield-{kind}" for kind in ("empty", "rings", "pores")}
asked = [
    (arm, name) for arm in pairs for name in ("length", "invented") if "frames" in arm or name == "invented"
]
lines = [(arm, name, quoted(page[arm, name]), quoted(page[pairs[arm], name])) for arm, name in asked]
record.markdown(["fields", "number", "list alone", "with the widefield picture"], lines)

# %% [markdown]
# ## On your own images
#
# Give a path as `my_list`: a table with frame, x and y, and `my_unit` or `my_pixel_size` where it needs them. The square of 6.4 µm with most localisations is taken; its first tenth by time is given to the network, and
# all of it, with its false localisations, is the truth. Without a path the cell shows a simulated field.

# %%
mine = field(400)
if my_list:
    table = data.own_list(my_list, pixel_size=my_pixel_size or None, units=my_unit or None)
    corners = (table[["x", "y"]] // SIDE).value_counts().index
    xy = table[["x", "y"]].to_numpy() - SIDE * np.array(corners[0])
    xy = xy[((xy >= 0) & (xy < SIDE)).all(axis=1)]
    if len(xy) < 1000:
        raise ValueError(f"{my_list}: {len(xy)} localisations in the fullest square; expected 1,000 or more.")
    halves = [drawn(half, len(half) / 10) for half in np.array_split(xy[: len(xy) // 10], 2)]
    mine = case_of(taken(halves, xy, 10 / len(xy), seed), xy, 10 / len(xy))
one = trial.one(mine)
for name, true in mine.true.items():
    print(f"{name}: {one.measured[name]:.1f}, of the whole list {true:.1f}")

# %% [markdown]
# ## What to write
#
# Give the number of frames and localisations, what was in the training, and the smoothed list beside the drawn picture.

# %% tags=["hide-input"]
v, w, x = page["frames-100", "length"], page["frames-10", "length"], page["rings", "invented"]
report = Markdown(
    f"> Pictures were drawn by a network after the idea of ANNA-PALM, trained on simulated filaments. On {v.n} simulated fields the length of filaments was off by {v.bias:+.0%} "
    f"with 100 frames (90 % interval over trainings and fields {v.interval[0]:+.0%} to {v.interval[1]:+.0%}; tolerance ±{v.tolerance[1]:.0%}, declared beforehand) and by {w.bias:+.0%} with "
    f"10. Of rings, which the training had not shown, it drew {x.bias:.0f} µm of filament per 1000 µm².\n\n{page.methods()}"
)
display(report, page.table(), Markdown(page.surprises()))
page.save()
page.answer(
    panels(beside(shifted["rings"][0]), 3.2, rows=2),
    " ".join(f"{row.arm}, {row.measurement}: {row.told}." for row in (v, w, x)),
)

# %% tags=["verdict", "nbval-check-output"]
page.words()

# %% [markdown]
# ## Exercises
#
# ```{exercise}
# :label: annapalm-recall
# Why can two networks trained on filaments agree on a line that is not there? (They have learnt the same: agreement is no truth.)
# ```
# ```{exercise}
# :label: annapalm-parameter
# How far apart are neighbours along a filament with 10, 100 and 300 frames? Compare with the 50 nm of the smoothed list.
# ```
# ```{exercise}
# :label: annapalm-new-data
# Which structure of your own fields was not in the training? Give its list to the network, and measure what joins.
# ```


# %% tags=["solution", "hide-cell"]
true = few[10][0].true["length"]
gaps = {frames: 1000 * true / (10 * frames) for frames in few}
print({frames: f"{gap:.0f} nm" for frames, gap in gaps.items()})
assert gaps[10] > 150
assert gaps[300] < 50

# %% [markdown]
# ### Limits
#
# - A small network, trained for minutes on one structure. A larger one may know more structures; it knows none that it was not shown.
# - Lists are simulated without repeated flashes and without drift; the widefield picture of the real lists is drawn from the list itself.
