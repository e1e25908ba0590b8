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
#     minutes: {quick: 2, full: 60}
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
# **Time.** Two minutes to run, twenty to read. **You need** to know what a point spread function is.

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
from skimage.feature import hessian_matrix, hessian_matrix_eigvals
from skimage.restoration import richardson_lucy

from scopecheck import data, record
from scopecheck.acquire import defocused, sted
from scopecheck.acquire.defocused import spot
from scopecheck.measure import intensity, localisations, spots
from scopecheck.measure.squirrel import squirrel
from scopecheck.measure.widths import fwhm
from scopecheck.record.along import panels
from scopecheck.record.strips import quoted, strips

page = record.start("crossmodality-translation", profile=profile, tier=tier, seed=seed)
page.opening()
page.tolerances()

# %% [markdown]
# ## What is measured
#
# **Objects** are spots: maxima of the picture smoothed by a Gaussian of 1.5 pixels less one that is 1.6 times as wide, above a threshold that was set on six fields that
# are judged nowhere. Their **density** is their number over the area, their **width** the mean full width at half maximum. Drawn objects and true ones are paired one to
# one within 7 pixels. A drawn one without a partner **appeared**, a true one without a partner **vanished**, and a partner more than 3 pixels away has **moved**.
# A pixel is 20 nm for STED, 100 nm for focus. The true picture and all others are measured alike.

# %%
NEAR, FAR, BORDER, ROUND = 3, 7, 8, 1 / 3  # pixels; curvature along over that across


def seen(image, way):
    xy, _light = spots.find(image, 1.5, thresholds.get(way, np.inf))
    bent = hessian_matrix_eigvals(hessian_matrix(image, 1.5, use_gaussian_derivatives=False))
    weak, strong = bent[:, *xy[:, ::-1].astype(int).T]  # curvatures along and across
    inside = ((xy >= BORDER) & (xy < image.shape[0] - BORDER)).all(axis=1)
    return {"image": image, "xy": xy[inside & (weak < ROUND * strong)], "way": way}


# %%
def numbers(answer, case):
    pixel, xy = case.units["pixel"], answer["xy"]  # of a pixel, nm
    area = ((answer["image"].shape[0] - 2 * BORDER) * pixel / 1000) ** 2
    told = {"density": len(xy) / area, "width": np.nan}
    if len(xy):
        told["width"] = pixel * np.nanmean(fwhm(answer["image"], xy))
    if case.truth is None:
        return told
    pairs, true = localisations.match(xy, case.truth["xy"], FAR), len(case.truth["xy"])
    told["appeared"] = 1 - pairs.tp / len(xy) if len(xy) else 0.0
    told["vanished"] = 1 - pairs.tp / true if true else 0.0
    told["moved"] = (pairs.lateral > NEAR).sum() / true if true else 0.0
    return told


# %% [markdown]
# ## It looks right
#
# A field is a square of 4.5 µm. *clusters*: 15 synapses, each of one to four nanodomains 90 to 160 nm apart. The confocal microscope has a spot 169 nm wide and sees a
# synapse; STED, 58 nm, sees its domains. Both pictures are taken by **pySTED** {cite:p}`bilodeau2024`, a simulator of such microscopes, from one map of molecules. The truth
# is the STED picture without noise.
#
# For **focus**, a field is 22 µm wide, with 110 beads within 4 µm above and below the plane in focus. A widefield microscope (NA 0.8, 20 µm deep in water) takes that plane.
# The picture to be drawn is the one it would have taken at another plane, 1 to 3 µm higher. Here, too, the truth is without noise.

# %% tags=["hide-input"]
thresholds = {}


def case_of(pictures, way, seed=None, **told):
    images, truth = pictures
    units = {"pixel": 20 if way == "truth" else 100}
    return record.Case(images, seen(truth, way), told=told, units=units, seed=seed)


def field(number, kind="clusters", n=15, **how):
    at = 10_000 * seed + number
    return case_of(sted.pictures(sted.specimen(kind, at, n), at, **how), "truth", at)


def volume(number, plane, n=110, **how):
    at = 10_000 * seed + number
    return case_of(defocused.pictures(defocused.beads(n, at), plane, at, **how), "in focus", at, plane=plane)


def maps(kind):
    files = sorted(data.fetch("pysted-maps").glob(f"{kind}-*.npy"))
    return [case_of(sted.pictures(20 * np.load(f), seed + k), "truth") for k, f in enumerate(files)]


# %% [markdown]
# Networks that draw a STED picture from a confocal one {cite:p}`wang2019` or refocus a picture (Deep-Z {cite:p}`wu2019`) are trained as a pair: one draws, another learns to
# tell its pictures from real ones. Ours follows that idea and is small (16 to 64 filters, 1,000 batches of 8 pieces of 128 pixels): it is none of theirs. Each training has
# 160 pairs that are judged nowhere, and its pictures to be drawn are without noise, which is better than any laboratory has. Three of them: from **clusters** alone; from
# **mixed** fields, clusters in half of them and fibres in the others; and to **refocus** beads, told the distance to the plane.


# %%
def given(image, plane=None):
    if plane is None:
        return image[0][..., None] / 20
    return np.stack([(image[0] - 10) / 60, np.full(image[0].shape, plane / 3)], axis=-1)


def train(way, t):
    at, random = 10**6 + 1000 * t, np.random.default_rng(t)
    if way == "refocus":
        cases = [volume(at + k, plane) for k, plane in enumerate(random.uniform(-3, 3, 160).round(1))]
    else:
        kinds = ["clusters", "fibres" if way == "mixed" else "clusters"] * 80
        cases = [field(at + k, kind) for k, kind in enumerate(kinds)]
    inputs = np.stack([given(case.image, **case.told) for case in cases])
    sharp = np.stack([case.truth["image"] for case in cases])[..., None]
    drawings = (sharp - 10) / 60 if way == "refocus" else sharp / 10
    return translation.train(inputs, drawings, t, steps=steps)


# %% [markdown]
# **Three trainings of each are kept with this book.** Controls are asked of the first; every other word is judged over all three, and the spread between them is a
# part of its interval. `train_anew = True` trains them here. The baseline is a plain **deconvolution**: twenty steps of Richardson and Lucy with the point spread
# function of the training's microscope, the result seen through that of the picture to be drawn.


# %%
def translate(image, plane=None, way="clusters", t=0):
    return seen(translation.drawn(networks[way, t], given(image, plane)), way)


def deconvolved(image, plane=None):
    wide, sharp = (sted.psf(), sted.psf(0.105)) if plane is None else (spot(-plane), spot(0))
    around = np.pad(np.clip(image[0].astype(float), 0.01, None), 32, mode="symmetric")
    objects = richardson_lucy(around / around.max(), wide, num_iter=20, clip=False) * around.max()
    drawn = fftconvolve(objects, sharp, mode="same")[32:-32, 32:-32]
    return seen(drawn, "deconvolved" if plane is None else "deconvolved, focus")


def real(image, plane=None):  # the picture that the microscope itself takes
    return seen(image[2].astype(float), "truth" if plane is None else "in focus")


# %% tags=["hide-input"]
def network_of(way, t):
    if train_anew or steps != 1000:
        return translation.keep(train(way, t), f"weights/{way}-{t}.npz")
    folder = data.fetch("crossmodality-trainings")
    return translation.kept(folder / f"{way}-{t}.npz", 2 if way == "refocus" else 1)


def looks(answer, case):
    found, true, side = answer["xy"], case.truth["xy"], len(answer["image"]) - 1
    tp, n = localisations.match(found, true, NEAR).tp, len(found) + len(true)
    luck = localisations.match(np.column_stack((side - found[:, 1], found[:, 0])), true, NEAR).tp
    told = intensity.looks([answer["image"]], [case.truth["image"]])
    told |= {"F1": 2 * tp / n, "F1, field turned": 2 * luck / n} if n else {}
    partners = localisations.match(found, true, FAR).tp
    return record.Scores(told, {"density": (n - 2 * partners) / len(true)} if len(true) else {})


networks = {(way, t): network_of(way, t) for way in ("clusters", "mixed", "refocus") for t in range(3)}
trained = {
    way: [partial(translate, way=way, t=t) for w, t in networks if w == way]
    for way in ("clusters", "mixed", "refocus")
}

# %% [markdown]
# **Thresholds** are those that find known objects best (largest F1), for each kind of picture by itself: the nanodomains of six fields, and the beads within 1 µm of the
# plane of six volumes. That of the true picture is the one of the STED picture with its noise.

# %% tags=["hide-input"]
known = {"clusters": [field(3000 + k) for k in range(6)]}
known["focus"] = [volume(3000 + k, 1 + k % 3) for k in range(6)]
domains = [sted.nanodomains(15, case.seed) for case in known["clusters"]]
points = [(defocused.beads(110, case.seed), case.told["plane"]) for case in known["focus"]]
in_plane = [xyz[abs(xyz[:, 2] - plane) < 1, :2].astype(int) for xyz, plane in points]
ways = [("truth", [real], domains), ("deconvolved", [deconvolved], domains)]
ways += [("in focus", [real], in_plane), ("deconvolved, focus", [deconvolved], in_plane)]
ways += [(way, tools, in_plane if way == "refocus" else domains) for way, tools in trained.items()]
for way, tools, places in ways:
    cases = known["clusters" if places is domains else "focus"]
    images = [tool(case.image, **case.told)["image"] for tool in tools for case in cases]
    thresholds[way] = spots.best(images, places * len(tools), 1.5, NEAR)
for case in [*known["clusters"], *known["focus"]]:
    case.truth.update(seen(case.truth["image"], case.truth["way"]))


def beside(case):
    plane = case.told.get("plane")
    told = {"widefield" if plane else "confocal": case.image[0]}
    told |= {"deconvolved": deconvolved(case.image, **case.told)["image"]}
    for way in ["refocus"] if plane else ["clusters", "mixed"]:
        told[f"network, {way}"] = trained[way][0](case.image, **case.told)["image"]
    told |= {"in focus" if plane else "STED": case.image[2], "truth": case.truth["image"]}
    middle = slice(48, 176)
    return {name: image[middle, middle] for name, image in told.items()}


record.show(panels(beside(known["clusters"][0]), 2.6, rows=2), "looks-right")

# %% [markdown]
# *The middle of one field. The networks draw what looks like the STED picture: sharp domains where the confocal picture has a blur.*
#
# ## Predict
#
# Write down how many of the drawn domains you expect to be there, within 60 nm and within 140 nm. And what will the network that has seen clusters alone make of fibres?
#
# ## The truth
#
# Pictures are simulated, because no microscope takes both of one specimen without noise, drift and bleaching between them. Three sets of maps are after **real** STED
# pictures of neurons, made by a network of pySTED's authors: six of PSD95, six of actin, six of tubulin. What STED itself cannot resolve is in no truth here.

# %% tags=["hide-input"]
lines = []
for name, (cases, places) in {
    "STED": (known["clusters"], domains),
    "focus": (known["focus"], in_plane),
}.items():
    pairs = [localisations.match(case.truth["xy"], xy, NEAR) for case, xy in zip(cases, places, strict=True)]
    right, found, there = (sum(getattr(p, n) for p in pairs) for n in ("tp", "n_found", "n_true"))
    lines.append((name, f"{there}", f"{right / there:.0%}", f"{1 - right / found:.0%}"))
record.markdown(["picture without noise", "objects that are there", "found", "of those found, wrong"], lines)

# %% [markdown]
# ## Does the measurement hold?
#
# *sted* and *focused* are the positive controls: the pictures that the microscope itself takes, with their noise. In *swapped*, the negative control, the images are those
# of other fields with twice as many synapses.


# %%
trial = record.Trial(page, tool=trained["clusters"], numbers=numbers, scores=looks, baseline=deconvolved)
plain = [field(k) for k in range(8)]
fuller = [replace(case, image=field(k + 50, n=30).image) for k, case in enumerate(plain)]
trial.run("sted", plain, tool=real)
trial.run("swapped", fuller)
trial.run("clusters", plain)
trial.run("mixed-clusters", plain, tool=trained["mixed"])

# %% [markdown]
# ## Shift
#
# *crowded*: twice as many synapses. *dim*: a quarter of the time at each pixel. *blurred*: a confocal spot of 183 instead of 169 nm. *fibres* and *rings* (radius 80 nm) were
# in no training of the first network; *mixed* knows fibres. *psd95*, *factin* and *tubulin* are the maps after real pictures. *sted-*: what STED itself gives of each.

# %%
shifts = {"crowded": {"n": 30}, "dim": {"dwell": 2.5e-6}, "blurred": {"blur": 1.5}}
shifts |= {kind: {"kind": kind} for kind in ("fibres", "rings")}
shifted = {name: [field(200 + k, **setting) for k in range(8)] for name, setting in shifts.items()}
shifted |= {kind: maps(kind) for kind in ("psd95", "factin", "tubulin")}
for name, cases in shifted.items():
    trial.run(name, cases)
    if name not in ("crowded", "dim", "blurred"):
        trial.run(f"mixed-{name}", cases, tool=trained["mixed"])
        trial.run(f"sted-{name}", cases, tool=real)

# %% [markdown]
# **Focus.** The same numbers for beads, at three distances; with three times as many beads; with *large* ones, 0.6 µm wide where the training had points; and *even*,
# through an objective without the aberration of 20 µm of water: there a bead above the plane in focus and one below give the same spot, and no picture tells which.

# %%
focusing = record.Trial(page, tool=trained["refocus"], numbers=numbers, scores=looks, baseline=deconvolved)
planes = {plane: [volume(600 + k, plane) for k in range(8)] for plane in (1, 2, 3)}
focusing.run("focused", planes[1], tool=real)
for plane, cases in planes.items():
    focusing.run(f"focus-{plane}", cases)
other = {"crowded": {"n": 330}, "large": {"large": 2.5}, "even": {"even": True}}
other = {name: [volume(700 + k, 1, **setting) for k in range(8)] for name, setting in other.items()}
for name, cases in other.items():
    focusing.run(f"focus-{name}", cases)

# %% tags=["hide-input"]
appeared = page.verdicts(measurement="appeared")
record.show(strips(appeared, "share of drawn objects that are not there"), "appeared")
unseen = {f"{kind}: {k}": v for kind in ("rings", "factin") for k, v in beside(shifted[kind][1]).items()}
unseen = {name: image for name, image in unseen.items() if "STED" not in name and "deconv" not in name}
record.show(panels(unseen, 2.6, rows=2), "unseen")
record.show(panels(beside(planes[2][0]), 12.8), "refocused")

# %% [markdown]
# *First picture: the share of drawn objects that are not there; shaded is the tolerance, orange the plain deconvolution. Second: rings (top) and actin (below), which the first
# network has never seen: look for dots where the truth has a line. Third: beads, to be refocused by 2 µm.*
#
# ## Would you have noticed?
#
# Three checks need no truth. An alarm is a value above the largest of 12 rehearsal fields like *clusters*, judged nowhere. **again**: 1 less the correlation between what
# the network draws of two pictures of the same field. **blurred**: 1 less the correlation of the drawing, blurred to fit, with the confocal picture (*RSP* of SQUIRREL
# {cite:p}`culley2018`). **trainings**: how far three trainings differ in a pixel (s.d.), divided by the mean brightness.


# %%
def signs(row, tool):
    image, drawing, way = row.case.image, row.answer["image"], row.answer["way"]
    told = {"again": np.nan, "blurred": np.nan, "trainings": np.nan}
    if way not in trained or not np.ptp(drawing):
        return told
    if (image[0] != image[1]).any():  # two pictures of the field
        told["again"] = 1 - np.corrcoef(drawing.ravel(), tool(image[1:])["image"].ravel())[0, 1]
    told["blurred"] = 1 - squirrel(drawing, image[0]).rsp
    several = np.array([each(image)["image"] for each in trained[way]])
    return told | {"trainings": several.std(axis=0).mean() / max(several.mean(), 1e-6)}


checks = trial.checks(signs, [field(5000 + k) for k in range(12)])

# %% tags=["hide-input"]
display(checks.count(together=True, leave_out=["sted", *(f"sted-{name}" for name in shifted)]))
record.show(checks.figure(), "alarms")

# %% [markdown]
# *Each line counts fields, those with a number outside its tolerance and those without. A useful check has its blue triangle far right of its orange one.*
#
# ## What to do
#
# - **Take both.** A STED picture of a few fields of each structure and condition says what the drawing is worth there. What the training has not shown, no network knows.
# - **Mix the training.** The table shows what fibres among the pairs did, and what a plain deconvolution gives, which knows no structure at all.

# %% tags=["hide-input"]
lines = []
for name in ("clusters", "fibres", "rings", "psd95", "factin", "tubulin"):
    arms = "sted" if name == "clusters" else f"sted-{name}", name, f"mixed-{name}"
    by = [page[arm, "density"] for arm in arms]
    lines.append((name, *map(quoted, by), f"{by[1].baseline['bias']:+.0%}"))
heads = ["STED itself", "network, clusters", "network, mixed", "deconvolved"]
record.markdown(["density of objects", *heads], lines)

# %% [markdown]
# ## On your own images
#
# Give the paths of a confocal and of a STED picture of one field, pixels of 20 nm, square, background subtracted. Both are scaled so that their brightest thousandth is what it is in
# *clusters*. Without paths the cell shows a simulated field.

# %%
mine = field(400)
if my_confocal:
    pair = [data.read_image(path).array.astype(float) for path in (my_confocal, my_sted)]
    like = [np.quantile(mine.image[k], 0.999) / np.quantile(pair[j], 0.999) for j, k in ((0, 0), (1, 2))]
    pair = [image * factor for image, factor in zip(pair, like, strict=True)]
    mine = replace(mine, image=np.stack([pair[0], *pair]), truth=seen(pair[1], "truth"))
one = trial.one(mine)
for name, value in one.measured.items():
    print(f"{name}: {value:.2f}, of the STED picture {one.true[name]:.2f}")
checks.ring(one)

# %% [markdown]
# ## What to write
#
# Call it a drawing, name the structures of the training, and give the share of objects that appeared and vanished on fields with both pictures.

# %% tags=["hide-input"]
v, w, x = page["clusters", "density"], page["clusters", "appeared"], page["factin", "density"]
report = Markdown(
    f"> STED-like pictures were drawn from confocal ones by a small network after Wang et al. 2019, trained on simulated synapses. On {v.n} simulated fields of the same kind the "
    f"density of nanodomains was off by {v.bias:+.0%} (90 % interval over trainings and fields {v.interval[0]:+.0%} to {v.interval[1]:+.0%}; tolerance ±{v.tolerance[1]:.0%}, declared "
    f"beforehand); {w.bias:.0%} of the drawn ones were not there. On maps of actin, which the training had not shown, the density was off by {x.bias:+.0%}.\n\n{page.methods()}"
)
display(report, page.table(), Markdown(page.surprises()))
page.save()
said = " ".join(f"{row.arm}, {row.measurement}: {row.told}." for row in (v, w, x))
page.answer(panels(unseen, 2.6, rows=2), said)

# %% tags=["verdict", "nbval-check-output"]
page.words()

# %% [markdown]
# ## Exercises
#
# ```{exercise}
# :label: translation-recall
# Two nanodomains 100 nm apart give a confocal spot of 169 nm. What does the network know that lets it draw two? (What the training had in such spots; not this specimen.)
# ```
# ```{exercise}
# :label: translation-parameter
# A drawing that is blurred looks like the confocal picture it came from. Below which size can the check *blurred* see nothing?
# ```
# ```{exercise}
# :label: translation-new-data
# Of which structure of your own do you have both pictures? Draw one from the other, and count what appeared.
# ```


# %% tags=["solution", "hide-cell"]
line = np.arange(-300, 301)
two = sum(np.exp(-((line - x) ** 2) / (2 * (169 / 2.355) ** 2)) for x in (-50, 50))
print(f"two domains 100 nm apart look like one, {np.ptp(line[two > two.max() / 2])} nm wide")
assert two.argmax() == 300

# %% [markdown]
# ### Limits
#
# - A small network, trained for minutes on simulated pairs. Published ones are larger and learn from thousands of measured pairs; of a structure in none of them they know as
#   little.
# - Nothing drifts or bleaches between the pictures. The pairs of a laboratory are registered by hand, which adds an error of its own.
# - The maps after real pictures are drawn by a network, too, that of pySTED's authors: their finest detail is its work.
