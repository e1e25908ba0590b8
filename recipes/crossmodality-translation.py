# ---
# jupyter:
#   jupytext: {notebook_metadata_filter: "kernelspec,scopecheck", text_representation: {extension: .py, format_name: percent}}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
#   scopecheck:
#     schema: "2.0"
#     kind: recipe
#     id: crossmodality-translation
#     title: "A STED picture from a confocal one, and focus from blur: which of the small objects are there?"
#     failure_mode: "super-resolution that miscounts or invents: a sharp picture of small objects that are not there, or of half of them"
#     tools: [tensorflow-cpu]
#     datasets: {embedded: [crossmodality-trainings, pysted-maps], public: [], archive: []}
#     measurements:
#       density: {unit: per µm², name: density of objects, estimand: pooled ratio, scale: relative, tolerance: 0.10,
#         why: "Densities of synaptic nanodomains are compared between conditions that differ by a fifth and more; 10 % is half of that."}
#       width: {unit: nm, name: width of objects, estimand: per-acquisition mean, scale: relative, tolerance: 0.10,
#         why: "Sizes of nanodomains are reported to change by a fifth; 10 % is half of that."}
#       appeared: {unit: share, name: objects that appeared, estimand: per-acquisition mean, scale: absolute, tolerance: 0.10,
#         why: "Who points at one object of a picture should be right in nine of ten cases."}
#       vanished: {unit: share, name: objects that vanished, estimand: per-acquisition mean, scale: absolute, tolerance: 0.10,
#         why: "Who says that an object is gone should be right in nine of ten cases."}
#       moved: {unit: share, name: objects that moved, estimand: per-acquisition mean, scale: absolute, tolerance: 0.10,
#         why: "Which of two neighbours another protein lies on is asked of single objects; as for those that appeared."}
#     minutes: {quick: 3, full: 60}
#     memory_gib: 3
#     picture: unseen
#     goals:
#       - "Count the small objects that a network draws and the specimen does not have, those it loses and those it moves"
#       - "Tell a structure that was not in the training from one that was, with and without a truth"
# ---

# %% [markdown]
# # A STED picture from a confocal one, and focus from blur: which of the small objects are there?
#
# ## In one minute
#
# **Question.** A network has seen pairs of pictures: confocal and STED, or out of focus and in focus. From then on it draws the second from the first. Are the small
# objects in the drawing there? How many, how wide? And what does it draw of a structure that no pair has shown?
#
# **Time.** Three minutes to run, twenty to read. **You need** to know what a point spread function is.

# %% tags=["parameters"]
profile = "quick"
tier = "embedded"
seed = 0
steps = 1000
train_anew = False
my_confocal = ""  # a confocal picture, pixels of 20 nm
my_sted = ""  # the STED picture of the same field

# %% tags=["hide-input"]
from scopecheck.tools import stardist, translation

stardist.prepare(seed)  # TensorFlow quiet, repeatable, on the CPU

from dataclasses import replace
from functools import partial

import numpy as np
from IPython.display import Markdown, display
from scipy.signal import fftconvolve
from skimage.restoration import richardson_lucy

from scopecheck import data, record
from scopecheck.acquire import defocused, sted
from scopecheck.acquire.defocused import spot
from scopecheck.measure import intensity, localisations, spots
from scopecheck.measure.dots import fwhm, inside, round_spots
from scopecheck.measure.squirrel import squirrel
from scopecheck.record.along import panels
from scopecheck.record.dots import dot_scores
from scopecheck.record.strips import quoted, strips
from scopecheck.tools.once import once

page = record.start("crossmodality-translation", profile=profile, tier=tier, seed=seed)
page.opening()
page.tolerances()

# %% [markdown]
# ## What is measured
#
# **Objects** are spots: maxima of the picture smoothed by a Gaussian of 1.5 pixels less one that is 1.6 times as wide, round (a line is no object), above a threshold, and
# 8 pixels from the edge. Each kind of picture has a threshold of its own, set on fields that are judged nowhere; all else is alike for the true picture and all others.
# **Density** is their number over the area, **width** the mean full width at half maximum. Drawn objects and true ones are paired one to one within 7 pixels. **Appeared**: the
# share of the drawn that have no partner. **Vanished**: the share of the true that have none. **Moved**: the share of the true whose partner is more than 3 pixels away.
# A pixel is 20 nm for STED, 100 nm for focus.

# %%
NEAR, FAR = 3, 7  # pixels


def seen(image, way):
    return {"image": image, "xy": round_spots(image, 1.5, thresholds.get(way, np.inf)), "way": way}


# %%
def numbers(answer, case):
    pixel, xy = case.units["pixel"], answer["xy"]  # of a pixel, nm
    area = np.prod(np.array(answer["image"].shape) - 16) * (pixel / 1000) ** 2  # µm², less the edges
    width = pixel * np.nanmean(fwhm(answer["image"], xy)) if len(xy) else np.nan
    told = {"density": len(xy) / area, "width": width}
    if case.truth is None:
        return told
    pairs, true = localisations.match(xy, case.truth["xy"], FAR), len(case.truth["xy"])
    told["appeared"] = 1 - pairs.tp / len(xy) if len(xy) else np.nan
    told["vanished"] = 1 - pairs.tp / true if true else 0.0
    told["moved"] = (pairs.lateral > NEAR).sum() / true if true else 0.0
    return told


# %% [markdown]
# ## It looks right
#
# A field is a square of 4.5 µm. *clusters*: 15 synapses, each of one to four nanodomains 90 to 160 nm apart. The confocal microscope has a spot 169 nm wide and sees a
# synapse; STED, 58 nm, sees its domains. Both pictures are taken by **pySTED** {cite:p}`bilodeau2024`, a simulator of such microscopes, from one map of molecules: one confocal
# scan, and ten of STED. The truth is the STED picture without noise.
#
# For **focus**, a field is 22 µm wide, with 110 beads within 4 µm above and below the plane in focus. A widefield microscope (NA 0.8, made for
# oil, 50 µm deep in water, so that spots above and below focus differ) takes that plane. The picture to be drawn is the one it would have taken at another plane, 1 to 3 µm higher. Here, too, the truth is without noise.

# %% tags=["hide-input"]
thresholds = {}


def case_of(pictures, way, seed=None, **told):
    images, truth = pictures
    units = {"pixel": 20 if way == "truth" else 100}
    return record.Case(images, seen(truth, way), told=told, units=units, seed=seed)


def field(number, kind="clusters", n=15, most=4, **how):
    at = 10_000 * seed + number
    return case_of(sted.pictures(sted.specimen(kind, at, n, most), at, **how), "truth", at)


def volume(number, plane, n=110, **how):
    at = 10_000 * seed + number
    return case_of(defocused.pictures(defocused.beads(n, at), plane, at, **how), "in focus", at, plane=plane)


def spreads(plane):  # point spread functions of what is given and of what is to be drawn
    return (sted.psf(), sted.psf(0.105)) if plane is None else (spot(-plane), spot(0))


def of_plane(way, plane):
    return way if plane is None else f"{way}, {plane} µm"


def maps(kind):
    files = sorted(data.fetch("pysted-maps").glob(f"{kind}-*.npy"))
    return [case_of(sted.pictures(20 * np.load(f), seed + k), "truth") for k, f in enumerate(files)]


# %% [markdown]
# Networks that draw a STED picture from a confocal one {cite:p}`wang2019` or refocus a picture (Deep-Z {cite:p}`wu2019`) are trained as a pair: one draws, another learns to
# tell its pictures from real ones. Ours follows that idea and is small (16 to 64 filters, 1,000 batches of 8 pieces of 128 pixels): it is none of theirs. Each training has
# 160 pairs that are judged nowhere, and its pictures to be drawn are without noise, which is better than any laboratory has. Three of them: from **clusters** alone; from
# **mixed** fields, half of them with fibres among the clusters; and to **refocus** beads, told the distance to the plane.


# %%
def given(image, plane=None):  # about 0 to 1, as networks like it
    if plane is None:
        return image[0][..., None] / 20
    return np.stack([(image[0] - 10) / 60, np.full(image[0].shape, plane / 3)], axis=-1)  # less background


def train(way, t):
    at, random = 10**6 + 1000 * t, np.random.default_rng(t)
    if way == "refocus":
        cases = [volume(at + k, plane) for k, plane in enumerate(random.uniform(-3, 3, 160).round(1))]
    else:
        cases = [field(at + k, "fibres" if way == "mixed" and k % 2 else "clusters") for k in range(160)]
    inputs = np.stack([given(case.image, **case.told) for case in cases])
    sharp = np.stack([case.truth["image"] for case in cases])[..., None]
    drawings = (sharp - 10) / 60 if way == "refocus" else sharp / 10
    return translation.train(inputs, drawings, t, steps=steps)


# %% [markdown]
# **Three trainings of each are kept with this book.** Controls are asked of the first; every other word is judged over all three, and the spread between them is a
# part of its interval. `train_anew = True` trains them here. The baseline is a plain **deconvolution**: fifty steps of Richardson and Lucy with the point spread
# function of the training's microscope, the result seen through that of the picture to be drawn.


# %%
@once  # the checks ask again for what was drawn before
def by_network(network, image, plane):
    return translation.drawn(network, given(image, plane))


def translate(image, plane=None, way="clusters", t=0):
    return seen(by_network(networks[way][t], image, plane), way)


def deconvolved(image, plane=None):
    wide, sharp = spreads(plane)
    light = image[0] if plane is None else image[0] - 10  # less background
    around = np.pad(np.clip(light, 0.01, None), 48, mode="symmetric").astype(np.float32)
    objects = richardson_lucy(around / around.max(), wide.astype(np.float32), num_iter=50, clip=False)
    drawn = fftconvolve(objects * around.max(), sharp, mode="same")[48:-48, 48:-48]
    return seen(drawn.astype(float), of_plane("deconvolved", plane))


def real(image, plane=None):  # the picture that the microscope itself takes
    return seen(image[2], "truth" if plane is None else "in focus")


# %% tags=["hide-input"]
def network_of(way, t):
    if train_anew or steps != 1000 or profile == "full":
        return translation.keep(train(way, t), f"weights/{way}-{t}.npz")
    kept = data.fetch("crossmodality-trainings") / f"{way}-{t}.npz"
    return translation.kept(kept, 2 if way == "refocus" else 1)


trainings = range(3 if profile == "quick" else 5)
networks = {way: [network_of(way, t) for t in trainings] for way in ("clusters", "mixed", "refocus")}
trained = {way: [partial(translate, way=way, t=t) for t in trainings] for way in networks}

# %% [markdown]
# **Thresholds** are those that find known objects best (largest F1), for each kind of picture by itself: the nanodomains of six fields, the beads within 1 µm of the plane of
# three volumes. The true picture has that of what the microscope itself takes, a deconvolved one that of its plane, for it fades; a network has the one that is best at 1 µm.

# %% tags=["hide-input"]
known = {None: [(case := field(3000 + k), sted.nanodomains(15, case.seed)) for k in range(6)]}
for plane in (1, 2, 3):
    cases = [volume(3000 + 10 * plane + k, plane) for k in range(3)]
    known[plane] = [(c, defocused.near(defocused.beads(110, c.seed), plane)) for c in cases]


def set_threshold(way, tools, planes):
    pairs = [(tool, *pair) for tool in tools for plane in planes for pair in known[plane]]
    images = [tool(case.image, **case.told)["image"] for tool, case, _xy in pairs]
    thresholds[way] = spots.best(images, [xy for _tool, _case, xy in pairs], 1.5, NEAR)


set_threshold("truth", [real], [None])
set_threshold("in focus", [real], [1, 2, 3])
for plane in known:
    set_threshold(of_plane("deconvolved", plane), [deconvolved], [plane])
for way, plane in {"clusters": None, "mixed": None, "refocus": 1}.items():
    set_threshold(way, trained[way], [plane])


def beside(case):
    plane = case.told.get("plane")
    told = {"given": case.image[0], "deconvolved": deconvolved(case.image, **case.told)["image"]}
    for way in ["refocus"] if plane else ["clusters", "mixed"]:
        told[f"network, {way}"] = trained[way][0](case.image, **case.told)["image"]
    told |= {"truth": case.truth["image"]} if plane else {"STED": case.image[2], "truth": case.truth["image"]}
    return {name: image[48:176, 48:176] for name, image in told.items()}


record.show(panels(beside(known[None][0][0]), 2.6, rows=2), "looks-right")

# %% [markdown]
# *The middle of one field; what is given is the confocal picture. The networks draw what looks like the STED picture: sharp domains in its blurs. Count them.*
#
# ## Predict
# Write down which share of the drawn domains you expect to be there, within 140 nm, and which share of the true ones to be drawn. And what will the network that has seen
# clusters alone make of fibres?
#
# ## The truth
# Pictures are simulated, because no microscope takes both of one specimen without noise, drift and bleaching between them. Three sets of maps are after **real** STED
# pictures of neurons, made by a network of pySTED's authors: six of PSD95, six of actin, six of tubulin. What STED itself cannot resolve is in no truth here.

# %% tags=["hide-input"]
found = [(seen(case.truth["image"], "truth")["xy"], xy[inside(xy, (224, 224))]) for case, xy in known[None]]
there, right = sum(len(xy) for _f, xy in found), sum(localisations.match(*pair, NEAR).tp for pair in found)
Markdown(f"Of {there} nanodomains of six fields, the STED picture without noise shows {right / there:.0%}.")

# %% [markdown]
# ## Does the measurement hold?
# *sted* and *focused* are positive controls: the pictures that the microscope itself takes, with their noise. *single* is another, asked of the network: each synapse has one
# nanodomain, so that nothing has to be guessed. In *swapped*, the negative control, the images are those of other fields, with four synapses.


# %%
trial = record.Trial(page, tool=trained["clusters"], numbers=numbers, scores=dot_scores, baseline=deconvolved)
plain = [field(k) for k in range(8)]
emptier = [replace(case, image=field(k + 50, n=4).image) for k, case in enumerate(plain)]
trial.run("sted", plain, tool=real)
trial.run("single", [field(100 + k, most=1) for k in range(8)])
trial.run("swapped", emptier)
trial.run("clusters", plain)
trial.run("mixed-clusters", plain, tool=trained["mixed"])

# %% [markdown]
# ## Shift
# *crowded*: twice as many synapses. *dim*: a quarter of the time at each pixel. *blurred*: a confocal spot of 183 instead of 169 nm. *fibres*: filaments among the synapses,
# in half of the mixed training and in none of the other. *rings* (radius 80 nm) are in neither: objects are what is brightest along them. *psd95*, *factin* and *tubulin* are
# the maps after real pictures. *sted-*: what STED itself gives of each.

# %%
shifts = {"crowded": {"n": 30}, "dim": {"dwell": 2.5e-6}, "blurred": {"blur": 1.5}}
shifts |= {kind: {"kind": kind} for kind in ("fibres", "rings")}
shifted = {name: [field(200 + k, **setting) for k in range(8)] for name, setting in shifts.items()}
shifted |= {kind: maps(kind) for kind in ("psd95", "factin", "tubulin")}
itself = [f"sted-{name}" for name in shifted]
for name, cases in shifted.items():
    trial.run(name, cases)
    if name not in ("crowded", "dim", "blurred"):
        trial.run(f"mixed-{name}", cases, tool=trained["mixed"])
        trial.run(f"sted-{name}", cases, tool=real)

# %% [markdown]
# **Focus.** The same numbers for beads, at three distances; with three times as many beads; with *large* ones, 0.7 µm wide where the training had points; and *even*, through
# an objective made for water. There, spots above and below focus are alike, so that no picture tells which, and unlike those of the training.

# %%
how = {"numbers": numbers, "scores": dot_scores, "baseline": deconvolved}
focusing = record.Trial(page, tool=trained["refocus"], **how)
volumes = {plane: [volume(600 + k, plane) for k in range(8)] for plane in (1, 2, 3)}
focusing.run("focused", volumes[1], tool=real)
for plane, cases in volumes.items():
    focusing.run(f"focus-{plane}", cases)
focusing.run("focus-crowded", [volume(700 + k, 1, n=330) for k in range(8)])
focusing.run("focus-large", [volume(700 + k, 1, large=2.5) for k in range(8)])
focusing.run("focus-even", [volume(700 + k, 1, even=True) for k in range(8)])

# %% tags=["hide-input"]
unseen = {f"{kind}: {k}": v for kind in ("rings", "factin") for k, v in beside(shifted[kind][1]).items()}
unseen = {k: image for k, image in unseen.items() if "STED" not in k and "deconv" not in k}
record.show(panels(unseen, 2.6, rows=2), "unseen")

# %% [markdown]
# *Rings (top) and a map of actin (below), which the first network has never seen. Follow one ring, and one stripe across the shaft of actin, from picture to picture.*

# %% tags=["hide-input"]
record.show(strips(page.verdicts(measurement="appeared"), "share that is not there"), "appeared")
record.show(panels(beside(volumes[1][0]), 12.8, rows=2), "refocused")
nothing = intensity.looks_of_nothing([case.truth["image"] for case in plain])
print("a picture that shows nothing:", ", ".join(f"{name} {value:.2f}" for name, value in nothing.items()))

# %% [markdown]
# *First picture: the share of drawn objects that are not there; shaded is the tolerance, orange the plain deconvolution. Second: beads, to be refocused by 1 µm.*
#
# ## Would you have noticed?
#
# Three checks need no truth. An alarm is a value above the largest of 12 rehearsal fields that are judged nowhere, like *clusters* or, for focus, like *focus-1*: it says *unlike
# the training's best case*. **again**: 1 less the correlation between what the network draws of two pictures of the same field. **blurred**: 1 less the correlation of the
# drawing, blurred to fit, with the second confocal picture (*RSP* of SQUIRREL {cite:p}`culley2018`). **trainings**: how far three trainings differ in a pixel (s.d.),
# divided by the mean brightness. A field counts as wrong where more than a quarter of the objects appeared or vanished.


# %%
def signs(row, tool):
    image, drawing, told, way = row.case.image, row.answer["image"], row.case.told, row.answer["way"]
    of = {"again": np.nan, "blurred": np.nan, "trainings": np.nan}
    if way not in trained or not np.ptp(drawing):
        return of
    if (image[0] != image[1]).any():  # two pictures of the field
        of["again"] = 1 - np.corrcoef(drawing.ravel(), tool(image[1:], **told)["image"].ravel())[0, 1]
    several = np.array([by_network(network, image, told.get("plane")) for network in networks[way]])
    of["trainings"] = several.std(axis=0).mean() / max(several.mean(), 1e-6)
    return of | {"blurred": 1 - squirrel(drawing, image[1]).rsp}


def wrong(row):
    return np.nanmax([row.measured["appeared"], row.measured["vanished"], 0]) > 0.25


checks = trial.checks(signs, [field(5000 + k) for k in range(12)], wrong=wrong)
focus_checks = focusing.checks(signs, [volume(5000 + k, 1) for k in range(12)], wrong=wrong)

# %% tags=["hide-input"]
display(checks.count(together=True, beside=[focus_checks], leave_out=["sted", "focused", *itself]))
record.show(checks.figure(), "alarms")

# %% [markdown]
# *Each line counts fields drawn from confocal pictures, wrong ones and others. A useful check has its blue triangle far right of its orange one.*
#
# ## What to do
# - **Take both.** A STED picture of a few fields of each structure and condition says what the drawing is worth there. What the training has not shown, no network knows.
# - **Mix the training.** The table shows what fibres among the pairs did, and what a plain deconvolution gives, which knows no structure at all.

# %% tags=["hide-input"]
lines = []
for name in ("clusters", "fibres", "rings", "psd95", "factin", "tubulin"):
    arms = "sted" if name == "clusters" else f"sted-{name}", name, f"mixed-{name}"
    by = [page[arm, "density"] for arm in arms]
    true = sum(len(row.case.truth["xy"]) for row in trial.rows[name])
    lines.append((name, f"{true}", *map(quoted, by), f"{by[1].baseline['bias']:+.0%}"))
heads = ["true objects", "STED itself", "network, clusters", "network, mixed", "deconvolved"]
record.markdown(["density of objects", *heads], lines)

# %% [markdown]
# ## On your own images
# Give the paths of a confocal and of a STED picture of one field, with pixels of 20 nm and the background subtracted. Each is scaled so that its brightest thousandth is
# what it is in *clusters*. The STED picture is taken for the truth, so that its noise counts as objects. Without paths the cell shows a simulated field.

# %%
mine = field(400)
if my_confocal:
    confocal, sharp = data.own_pair(my_confocal, my_sted)
    confocal *= np.quantile(mine.image[0], 0.999) / np.quantile(confocal, 0.999)
    sharp *= np.quantile(mine.image[2], 0.999) / np.quantile(sharp, 0.999)
    mine = replace(mine, image=np.stack([confocal, confocal, sharp]), truth=seen(sharp, "truth"))
one = trial.one(mine)
for name, unit in (("density", "per µm²"), ("width", "nm")):
    print(f"{name}: {one.measured[name]:.3g} {unit}, of the STED picture {one.true[name]:.3g}")
print(*(f"{name}: {one.measured[name]:.0%}" for name in ("appeared", "vanished", "moved")), sep=", ")
checks.ring(one)

# %% [markdown]
# ## What to write
# Call it a drawing, name the structures of the training, and give the share of objects that appeared and vanished on fields with both pictures.

# %% tags=["hide-input"]
asked = [("clusters", "density"), ("clusters", "appeared"), ("factin", "density"), ("sted-factin", "density")]
v, w, x, y = (page[pair] for pair in asked)
report = Markdown(
    f"> STED-like pictures were drawn from confocal ones by a small network after Wang et al. 2019, trained on simulated synapses. On {v.n} simulated fields of the same kind the "
    f"density of nanodomains was off by {v.bias:+.0%} (90 % interval over trainings and fields {v.interval[0]:+.0%} to {v.interval[1]:+.0%}; tolerance ±{v.tolerance[1]:.0%}, declared "
    f"beforehand); {w.bias:.0%} of the drawn ones were not there. On maps of actin, which the training had not shown, the density was off by {x.bias:+.0%} (STED itself {y.bias:+.0%}).\n\n{page.methods()}"
)
display(report, page.table(), Markdown(page.surprises()))
page.save()
page.answer(panels(unseen, 2.6, rows=2), f"Density: {v.told}; of actin: {x.told}. Appeared: {w.told}.")

# %% tags=["verdict", "nbval-check-output"]
page.words()

# %% [markdown]
# ## Exercises
# ```{exercise}
# :label: translation-recall
# Two nanodomains 100 nm apart give a confocal spot of 169 nm. What does the network know that lets it draw two? (What the training had in such spots; not this specimen.)
# ```
# ```{exercise}
# :label: translation-parameter
# Below which size can the check *blurred* see nothing, and why?
# ```
# ```{exercise}
# :label: translation-new-data
# Of which structure of your own do you have both pictures? Draw one from the other, and count what appeared.
# ```


# %% tags=["solution", "hide-cell"]
line = np.arange(-300, 301)
two = sum(np.exp(-((line - x) ** 2) / (2 * (169 / 2.355) ** 2)) for x in (-50, 50))
assert two.argmax() == 300, "one maximum: two domains 100 nm apart look like one"

# %% [markdown]
# ### Limits
# - A small network, trained for minutes on simulated pairs. Published ones are larger and learn from thousands of measured pairs; of what is in none of them they know as little.
# - Nothing drifts or bleaches between the pictures. The pairs of a laboratory are registered, which adds an error of its own.
# - The maps after real pictures are drawn by a network, too, that of pySTED's authors: their finest detail is its work.
