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
steps = 1500
train_anew = False
my_list = ""  # a table of localisations, as ThunderSTORM, Picasso or SMAP write it

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
from scopecheck.record.along import along, leaves, panels
from scopecheck.record.strips import quoted, strips

page = record.start("superres-annapalm", profile=profile, tier=tier, seed=seed)
page.opening()
page.tolerances()

# %% [markdown]
# ## What is measured
#
# **Length of filaments** and **crossings** of a picture: lines are where a ridge filter (*Sato's*, 50 nm wide) answers with more than half of its answer to a true
# filament, thinned to one pixel and 0.3 µm long or more; a crossing is where three or more branches meet. **Invented filament** lies farther than 0.1 µm from anything
# that is there, filament or not. The true picture and those of all methods are measured alike.

# %%
SIDE, PIXEL = 6400, 25  # of the field and of a pixel of the picture, nm


def seen(image, way):
    line = ridges.standing(image, 2.0) > thresholds.get(way, np.inf)
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
# A cell is a square of 6.4 µm with eight filaments. In a frame ten of their molecules are localised, each 20 nm off (s.d.), and every second frame has one localisation
# that is nowhere. The list of the first `frames` is drawn into pixels of 25 nm, its two halves by time apart. A plain picture, *widefield*, is taken beside it.


# %%
def cell(number, kind="filaments", frames=100, n=8, precision=20.0):
    at = 10_000 * seed + number
    sites, each = structure(kind, at, n), 10 * n / 8
    how = {"each": each, "precision": precision}
    halves = [localised(sites, frames // 2, SIDE, [at, k], **how) for k in (0, 1)]
    image = [drawn(half[["x", "y"]], frames // 2) for half in halves]
    return case_of(np.stack([*image, widefield(sites, each, at)]), sites, each, at)


def drawn(xy, frames):  # as if every list had the same number of frames
    return 500 / frames * picture(xy, SIDE, PIXEL)


# %% tags=["hide-input"]
thresholds, NONE = {}, np.zeros((0, 3))


def structure(kind, at, n):
    if kind == "rings":
        return localisation.rings(25, SIDE, at)
    if kind == "pores":
        return localisation.pores(60, SIDE, at)
    return localisation.filaments(n, SIDE, at) if kind == "filaments" else NONE


def widefield(sites, each, at):  # photons of a plain picture, spots 130 nm wide, over a typical filament's
    light = picture(sites[:, :2], SIDE, 100, 1.3) * 4000 * each / max(len(sites), 1)
    taken = acquire.expose(light + 5, acquire.Camera(offset=100), at) - 100.0
    return np.kron((taken - 5) / 30, np.ones((4, 4)))


def case_of(image, sites, each=10, at=None, filaments=True):
    here = picture(sites[:, :2], SIDE, PIXEL, 0) > 0
    near = ndimage.distance_transform_edt(~here) <= 4 if here.any() else here
    true = 500 * each / max(len(sites), 1) * picture(sites[:, :2], SIDE, PIXEL, 1.4)
    truth = seen(true, "truth" if filaments else None) | {"near": near, "here": here}
    case = record.Case(image, truth, seed=at)
    return replace(case, true=numbers(truth, case) | {"invented": 0.0})


# %% [markdown]
# **ANNA-PALM** {cite:p}`ouyang2018` draws the picture of many frames from that of few: one network draws, another learns to tell its pictures from real ones, and the
# first learns not to be told. Ours follows that idea and is small (16 to 64 filters, pieces of 128 pixels, 1,500 batches of 8): it is not ANNA-PALM. It learns from 40
# cells that are judged nowhere, 20 to 300 frames beside 3,000 of the same cell: from the list alone, **sparse**, or with the **widefield** picture beside it.


# %%
def given(image, way):
    sparse, wide = image[:2].mean(axis=0), image[2]
    return np.stack([sparse, wide] if way == "widefield" else [sparse], axis=-1)


def train(way, t):
    cells = [cell(10**6 + 100 * t + k, frames=int(2 * np.geomspace(10, 150, 40)[k])) for k in range(40)]
    long = [cell(10**6 + 100 * t + k, frames=3000).image[:2].mean(axis=0) for k in range(40)]
    pictures = np.stack([given(one.image, way) for one in cells])
    return translation.train(pictures, np.stack(long)[..., None], t, steps=steps)


# %% [markdown]
# **Three trainings of each are kept with this book.** Controls are asked of the first; every other word is judged over all three, and the spread between them is a
# part of its interval. `train_anew = True` trains them here. The baseline is the sparse picture itself, **smoothed** by a Gaussian of 50 nm.


# %%
def palm(image, way="sparse", t=0):
    return seen(translation.drawn(networks[way, t], given(image, way)), (way, t))


def smoothed(image):
    return seen(ndimage.gaussian_filter(image[:2].mean(axis=0), 2), "smoothed")


# %% tags=["hide-input"]
def network_of(way, t):
    if train_anew or steps != 1500:
        return translation.keep(train(way, t), f"weights/{way}-{t}.npz")
    folder = data.fetch("annapalm-trainings")
    return translation.kept(folder / f"{way}-{t}.npz", 2 if way == "widefield" else 1)


networks = {(way, t): network_of(way, t) for way in ("sparse", "widefield") for t in range(3)}
trained = {
    way: [partial(palm, way=way, t=t) for w, t in networks if w == way] for way in ("sparse", "widefield")
}
known = [cell(3000 + k) for k in range(6)]  # for the thresholds alone
here = [case.truth["here"] for case in known]
thresholds["truth"] = ridges.typical([case.truth["image"] for case in known], here, 2.0) / 2
for tool in (smoothed, *trained["sparse"], *trained["widefield"]):
    answers = [tool(case.image) for case in known]
    thresholds[answers[0]["way"]] = ridges.typical([a["image"] for a in answers], here, 2.0) / 2


def real_lists():
    folder, told = data.fetch("locan-lists"), {}
    for name, file in {"real-clathrin": "clathrin_3d", "real-pore": "npc_gp210"}.items():
        with asdf.open(folder / f"{file}.asdf") as source:
            table = pd.DataFrame(np.array(source["data"], float), columns=list(source["columns"]))
        table = table.sort_values("frame", kind="stable")[["position_x", "position_y"]].to_numpy()
        table += SIDE / 2 - (table.min(axis=0) + table.max(axis=0)) / 2
        first = table[: min(1000, len(table) // 2)]  # as many as 100 frames of a cell have
        halves = [drawn(half, 50) for half in np.array_split(first, 2)]
        full = np.column_stack((table, np.zeros(len(table))))
        told[name] = [case_of(np.stack([*halves, widefield(full, 10, seed)]), full, filaments=False)]
    return told


def looks(answer, case):
    found, true = numbers(answer, case), case.true["length"]
    beyond = found["invented"] * (SIDE / 1000) ** 2 / 1000
    wrong = {"length": (abs(true - found["length"] + beyond) + beyond) / true} if true else {}
    return record.Scores(intensity.looks([answer["image"]], [case.truth["image"]]), wrong)


def beside(case):
    told = {"list": case.image[:2].mean(axis=0), "smoothed": smoothed(case.image)["image"]}
    told |= {name: trained[name][0](case.image)["image"] for name in ("sparse", "widefield")}
    middle = slice(64, 192)
    return {name: image[middle, middle] for name, image in (told | {"truth": case.truth["image"]}).items()}


record.show(panels(beside(known[0]), 3.2), "looks-right")

# %% [markdown]
# *The middle of one cell, 100 frames: the list as it is, smoothed, what the networks draw of it, and the truth.*
#
# ## Predict
#
# Write down the number of frames from which you expect the length to be right, and what the network will make of rings with a radius of 80 nm.
#
# ## The truth
#
# Cells are simulated, because nothing else tells where every filament runs. Two lists are real: clathrin and one nuclear pore, as they come with the package *locan*; no
# filament is in them, and what is there is what all their localisations show.
#
# ## Does the measurement hold?
#
# *frames-300* is the positive control: as many frames as the densest in the training. In *swapped*, the negative one, the images are those of other cells, with twice
# as many filaments.


# %%
trial = record.Trial(page, tool=trained["sparse"], numbers=numbers, scores=looks, baseline=smoothed)
few = {frames: [cell(k, frames=frames) for k in range(6)] for frames in (10, 30, 100, 300)}
fuller = [replace(c, image=cell(k + 50, frames=300, n=16).image) for k, c in enumerate(few[300])]
trial.run("swapped", fuller)
for frames, cells in few.items():
    trial.run(f"frames-{frames}", cells)
    if frames < 300:
        trial.run(f"widefield-{frames}", cells, tool=trained["widefield"])

# %% [markdown]
# ## Shift
#
# All with 100 frames: *crowded*, twice as many filaments; *imprecise*, localisations 40 nm off; *empty*, those alone that are nowhere; *rings* and *pores*, which no
# training has shown; and the two real lists.

# %%
shifts = {"crowded": {"n": 16}, "imprecise": {"precision": 40.0}}
shifts |= {kind: {"kind": kind} for kind in ("empty", "rings", "pores")}
shifted = {name: [cell(200 + k, **setting) for k in range(6)] for name, setting in shifts.items()}
for name, cells in shifted.items():
    trial.run(name, cells)
    trial.run(f"widefield-{name}", cells, tool=trained["widefield"])
for name, cells in real_lists().items():
    trial.run(name, cells)

# %% tags=["hide-input"]
at = sorted(few)
errors = {name: [page[f"frames-{f}", name].bias for f in at] for name in ("length", "crossings")}
errors["length, smoothed"] = [page[f"frames-{f}", "length"].baseline["bias"] for f in at]
record.show(along(at, errors, 0.1, "frames"), "frames")
reached = {name: leaves(at[::-1], off[::-1], 0.1) for name, off in errors.items()}
display(record.markdown(["number", "off by 10 % at, frames (fewer are worse)"], reached.items()))
record.show(strips(page.verdicts(measurement="invented"), "invented filament, µm per 1000 µm²"), "invented")
unseen = {f"{kind}: {k}": v for kind in ("rings", "pores") for k, v in beside(shifted[kind][0]).items()}
record.show(panels({k: v for k, v in unseen.items() if "smoothed" not in k}, 3.2, rows=2), "unseen")

# %% [markdown]
# *First picture: the errors of length and crossings against the number of frames; a cell's eight filaments have ten localisations a frame. Second: filament that is drawn
# farther than 0.1 µm from anything that is there; a cell has about 1,000 µm on 1000 µm². Orange: the smoothed list. Third: rings (top) and pores (below), which no training
# has shown. Look for lines that join what lies apart.*
#
# ## Would you have noticed?
#
# Three checks need no truth. An alarm is a value above the largest of 12 rehearsal cells like *frames-100*, judged nowhere. **halves**: 1 less the correlation between
# what the network draws of the two halves of the list. **widefield**: 1 less the correlation of the drawn picture, blurred to fit, with the plain one (*RSP* of SQUIRREL
# {cite:p}`culley2018`). **trainings**: how far three trainings differ in a pixel (s.d.), over the picture's mean.


# %%
def signs(row, tool):
    image, drawing = row.case.image, row.answer["image"]
    one, other = (tool(np.stack([half, half, image[2]]))["image"] for half in image[:2])
    told = {
        "halves": 1 - np.corrcoef(one.ravel(), other.ravel())[0, 1] if one.any() and other.any() else np.nan
    }
    told["widefield"] = 1 - squirrel(drawing, image[2][::4, ::4]).rsp if drawing.any() else np.nan
    several = np.array([each(image)["image"] for each in trained[row.answer["way"][0]]])
    return told | {"trainings": several.std(axis=0).mean() / max(several.mean(), 1e-6)}


checks = trial.checks(signs, [cell(5000 + k) for k in range(12)])

# %% tags=["hide-input"]
display(checks.count(together=True))
record.show(checks.figure(), "alarms")

# %% [markdown]
# *Each line counts cells, those with a number outside its tolerance and those without. A useful check has its blue triangle far right of its orange one.*
#
# ## What to do
#
# - **Frames.** Take as many as the smoothed list needs wherever you can; it draws nothing that is not there.
# - **Widefield.** A plain picture costs one exposure. Does it keep the network from inventing?

# %% tags=["hide-input"]
arms = [
    ("frames-10", "length"),
    ("frames-30", "length"),
    ("frames-30", "crossings"),
    ("frames-100", "length"),
]
arms += [(kind, "invented") for kind in ("frames-10", "empty", "rings", "pores")]
lines = [
    (
        arm,
        name,
        *(
            quoted(page[a, name])
            for a in (arm, arm.replace("frames", "widefield") if "frames" in arm else f"widefield-{arm}")
        ),
    )
    for arm, name in arms
]
record.markdown(["cells", "number", "list alone", "with the widefield picture"], lines)

# %% [markdown]
# ## On your own images
#
# Give a path as `my_list`: a table with frame, x and y in nm. The square of 6.4 µm with most localisations is taken; its first tenth is given to the network, and all of it
# is the truth. Without a path the cell shows a simulated cell.

# %%
mine = cell(400)
if my_list:
    table = data.read_localisations(my_list).sort_values("frame")
    corner = [SIDE * (table[axis] // SIDE).mode()[0] for axis in ("x", "y")]
    xy = table[["x", "y"]].to_numpy() - corner
    xy = xy[((xy >= 0) & (xy < SIDE)).all(axis=1)]
    frames = 10 * len(xy) // 105  # as if ten and a half were localised in each
    halves = [drawn(half, frames / 20) for half in np.array_split(xy[: len(xy) // 10], 2)]
    full = np.column_stack((xy, np.zeros(len(xy))))
    mine = case_of(np.stack([*halves, widefield(full, 10, seed)]), full)
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
    f"> Pictures were drawn by a network after the idea of ANNA-PALM, trained on simulated filaments. On {v.n} simulated cells the length of filaments was off by {v.bias:+.0%} "
    f"with 100 frames (90 % interval over trainings and cells {v.interval[0]:+.0%} to {v.interval[1]:+.0%}; tolerance ±{v.tolerance[1]:.0%}, declared beforehand) and by {w.bias:+.0%} with "
    f"10. Of rings, which the training had not shown, it drew {x.bias:.0f} µm of filament per 1000 µm².\n\n{page.methods()}"
)
display(report, page.table(), Markdown(page.surprises()))
page.save()
page.answer(
    panels(beside(shifted["rings"][0]), 3.2),
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
# Which structure of your own cells was not in the training? Give its list to the network, and measure what joins.
# ```


# %% tags=["solution", "hide-cell"]
true = few[10][0].true["length"]
gaps = {frames: 1000 * true / (10 * frames) for frames in few}
print({frames: f"{gap:.0f} nm" for frames, gap in gaps.items()})
assert gaps[10] > 300
assert gaps[300] < 50

# %% [markdown]
# ### Limits
#
# - A small network, trained for minutes on one structure. A larger one may know more structures; it knows none that it was not shown.
# - Lists are simulated without repeated flashes and without drift; the widefield picture of the real lists is drawn from the list itself.
