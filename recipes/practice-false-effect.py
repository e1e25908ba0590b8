# ---
# jupyter:
#   jupytext: {notebook_metadata_filter: "kernelspec,scopecheck", text_representation: {extension: .py, format_name: percent}}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
#   scopecheck:
#     schema: "2.0"
#     kind: recipe
#     id: practice-false-effect
#     title: "An effect out of nothing: a treatment that changes the picture and not the number"
#     failure_mode: "effects made by the tool: its bias is another in the treated wells than in the controls"
#     tools: [stardist, ppi-python]
#     datasets: {embedded: [stardist-nuclei-trainings, cellpose-cyto-2020], public: [bbbc039], archive: []}
#     measurements:
#       count: {unit: fold, name: effect on the count, estimand: per-acquisition mean, scale: relative, tolerance: 0.10,
#         why: "A change by a fifth is commonly called an effect; an error of 10 % is half of it."}
#       area: {unit: fold, name: effect on the mean area, estimand: per-acquisition mean, scale: relative, tolerance: 0.10,
#         why: "As the count: nuclei that swell by a fifth are reported as swollen."}
#       called: {unit: share, name: effects called on the count, estimand: per-acquisition mean, scale: absolute, tolerance: 0.05,
#         why: "A test at 5 % calls an effect in one of twenty experiments without any. Twice as many is a test that lies."}
#       called_area: {unit: share, name: effects called on the area, estimand: per-acquisition mean, scale: absolute, tolerance: 0.05,
#         why: "As on the count."}
#     minutes: {quick: 2, full: 30}
#     memory_gib: 3
#     picture: called-area
#     goals:
#       - "Tell the bias of a number from the bias of a difference, and say which changes of a picture make an effect out of nothing"
#       - "Correct each condition by a few annotated wells of its own, and say what that costs"
# ---

# %% [markdown]
# # An effect out of nothing: a treatment that changes the picture and not the number
#
# ## In one minute
# **Question.** A drug makes nuclei dimmer, or cells clump, and does nothing to their number. A tool counts them in treated and in control wells, and a t-test compares the
# two. How often does it find an effect that is not there?
#
# **Time.** Two minutes to run, fifteen to read. **You need** to know what a t-test is.

# %% tags=["parameters"]
profile = "quick"
tier = "embedded"
seed = 0
wells = 8  # of each condition
annotated = 4  # of these, counted by hand for the remedy
my_image = ""  # a stack: the planes of the control wells, then as many of the treated ones

# %% tags=["hide-input"]
from scopecheck.tools import stardist as helper

helper.prepare(seed)  # TensorFlow quiet, repeatable, on the CPU

import warnings
from dataclasses import replace
from functools import partial

import matplotlib.pyplot as plt
import numpy as np
from csbdeep.utils import normalize
from IPython.display import Markdown, display
from scipy.stats import t as student
from scipy.stats import ttest_ind
from stardist.models import Config2D, StarDist2D

from scopecheck import acquire, data, measure, record
from scopecheck.judge.correction import corrected
from scopecheck.measure.intensity import noise_level
from scopecheck.record.strips import quoted, strips
from scopecheck.tools import classical

page = record.start("practice-false-effect", profile=profile, tier=tier, seed=seed)
page.opening()
page.tolerances()

# %% [markdown]
# ## What is measured
# An experiment has wells of two conditions, one field each. Published are the **effect on the count**, mean count of the treated wells over that of the controls, and the
# **effect on the mean area**. **Effects called** is the share of experiments in which a t-test says p < 0.05, on the counts or on the mean areas: of many experiments with
# half of the wells of each condition, drawn from those that were taken. Where the treatment does nothing to the number, that share should be 5 %.


# %%
def table(labels):  # (number, condition, well)
    def one(found):
        return found.max(), np.count_nonzero(found) / max(found.max(), 1)

    return np.moveaxis([[one(found) for found in condition] for condition in labels], -1, 0)


def numbers(answer, case):
    count, area = table(answer["labels"] if isinstance(answer, dict) else answer)
    if isinstance(answer, dict):
        return answer["by"](count, area, table(case.truth))
    half, told = len(count[0]) // 2, {"count": fold(count), "area": fold(area)}
    apart = bool(case.truth) and case.truth[0] is case.truth[1]  # real fields, taken for both conditions
    return told | {"called": called(count, half, apart), "called_area": called(area, half, apart)}


# %% tags=["hide-input"]
def fold(values):
    return values[1].mean() / values[0].mean()


def called(values, half, apart=False):
    """Share of experiments in which a t-test calls an effect; `apart`: none with one field on both sides."""
    experiments = draws(len(values[0]), half, apart=apart)
    # Four wells of one count have no spread: p is 0, or none where both conditions have that count.
    warnings.filterwarnings("ignore", "Precision loss", RuntimeWarning)
    return np.mean([ttest_ind(values[0, a], values[1, b]).pvalue < 0.05 for a, b in experiments])


def draws(n, half, many=200, apart=False):
    """Wells of each condition, drawn without a look at their numbers: the same for every arm."""
    rng = np.random.default_rng([seed, 5])
    both = [[rng.permutation(n) for _ in range(2)] for _ in range(many)]
    return [(one[:half], one[-half:] if apart else other[:half]) for one, other in both]


# %% [markdown]
# ## It looks right
# Wells differ in their number of nuclei, as wells do: 14 in a field, with a spread of 2. The controls are well lit, sharp, and most nuclei lie apart. A treatment changes one
# thing.

# %%
treatments = {
    "same": {},
    "dimmer": {"photons": 15},  # 150 in the controls
    "blurred": {"blur": 3.0},  # 1 pixel in the controls
    "clumped": {"touching": 0.9},  # one nucleus in ten touches another in the controls
    "denser": {"n": 28},  # twice as many: a true effect
}


# %% tags=["hide-input"]
def well(number, n=14, photons=150, blur=1.0, touching=0.1, diameter=20):
    at = 10_000 * seed + number
    many = max(round(np.random.default_rng([at, 1]).normal(n, n / 7)), 1)
    how = {"diameter": diameter, "touching": touching, "photons": photons, "spacing": 2}
    scene = acquire.scenes.nuclei((216, 216), many, seed=at, **how)
    light = acquire.optics.gaussian_blur(scene.photons, blur)
    return acquire.expose(light, acquire.Camera(), at), scene.labels


controls = {}  # the same wells in every arm


def experiment(k, truth_of=None, **treatment):
    for i in range(wells):
        controls.setdefault((k, i), well(1000 * k + i))
    sides = [[controls[k, i] for i in range(wells)]]
    sides.append([well(1000 * k + 500 + i, **treatment) for i in range(wells)])
    images, truth = ([[pair[part] for pair in side] for side in sides] for part in (0, 1))
    case = record.Case(images, truth, seed=k)
    return replace(case, true=numbers(truth, case) | {"called": 0.05, "called_area": 0.05})


# %% [markdown]
# **StarDist** {cite:p}`schmidt2018` with the first of the networks that are kept with [its recipe](segmentation-stardist), by its own call. Beside it, the classical baseline of this
# book: Otsu's threshold and a watershed.


# %%
def stardist_wells(images):
    return [[segment(image) for image in condition] for condition in images]


def threshold_wells(images):
    return [[classical.nuclei(image) for image in condition] for condition in images]


# %% tags=["hide-input"]
config = Config2D(n_rays=32, grid=(2, 2), unet_n_filter_base=16, train_patch_size=(64, 64))
with helper.quiet():
    model = StarDist2D(config, name="training-0", basedir=None)
model, memory = helper.kept(model, data.fetch("stardist-nuclei-trainings") / "0.npz"), {}


def segment(image):
    key = hash(image.tobytes())  # the controls are in every arm
    if key not in memory:
        memory[key] = model.predict_instances(normalize(image, 1, 99.8))[0]
    return memory[key]


def panels(treatments, k=0):
    figure, ax = plt.subplots(1, len(treatments), figsize=(3.1 * len(treatments), 3.5))
    for a, (name, how) in zip(ax, treatments.items(), strict=True):
        image, truth = well(1000 * k + 500, **how)
        found = segment(image)
        title = f"{name}: {truth.max()} nuclei, {found.max()} found"
        record.draw_outlines(a, image, truth, found, title=title)
    return figure


def looks(answer, case):
    labels = answer["labels"] if isinstance(answer, dict) else answer
    pairs = [pair for sides in zip(labels, case.truth, strict=True) for pair in zip(*sides, strict=True)]
    return {"F1@0.5": np.mean([measure.match(*pair).f1 for pair in pairs])}


record.show(
    panels({name: treatments[name] for name in ("same", "dimmer", "blurred", "clumped")}), "looks-right"
)

# %% [markdown]
# *One treated well of each kind: the truth in yellow, StarDist dashed in blue.*
#
# ## Predict
# For each treatment, write down how often you expect an effect on the count to be called, and in which direction.
#
# ## The truth
# Wells are simulated, so that the number of nuclei is exact, and a treatment changes one thing alone. In the public tier, real fields of BBBC039 {cite:p}`caicedo2019cytometry` stand for
# wells, eight to an experiment. Each is taken again twice: as a control with 200 photons, and as treated with 20, or with a blur of 2 pixels. The same nuclei are on both sides, so that every true
# effect is 1, however they were outlined. A t-test never sees one field on both sides.
#
# ## Does the measurement hold?
# *same* is the positive control of both effects. In *other*, the negative control, the treated wells have 40 % more nuclei, each a tenth wider, than their truth says.

# %%
trial = record.Trial(page, tool=stardist_wells, numbers=numbers, scores=looks, baseline=threshold_wells)
blocks = range(6)
trial.run("same", [experiment(k) for k in blocks])
wrong = [experiment(k, n=14 * 1.4, diameter=22) for k in blocks]
trial.run("other", [replace(one, true=experiment(k).true) for k, one in zip(blocks, wrong, strict=True)])

# %% [markdown]
# ## Shift
# *denser* has a true effect on the count, which is to be found in full, and none on the area. All others have none on either.

# %%
for name in ("dimmer", "blurred", "clumped", "denser"):
    trial.run(name, [experiment(k, **treatments[name]) for k in blocks])

# %% tags=["hide-input"]
fields = [one for one in page.samples("bbbc039") if one.truth.any()][:48]


def retaken(k, **treatment):
    """Eight real fields, each taken again as a control and as treated."""
    parts = [one.crop(np.s_[132:388, 220:476]) for one in fields[8 * k : 8 * k + 8]]
    images = []
    for at, setting in ((0, {}), (50, treatment)):
        first, light = 10_000 * seed + 100 * k + at, {"photons": 200.0} | setting
        images.append([acquire.retake(p.image, seed=first + i, **light) for i, p in enumerate(parts)])
    case = record.Case(images, [[p.truth for p in parts]] * 2, seed=k)
    return replace(case, true=numbers(case.truth, case) | {"called": 0.05, "called_area": 0.05})


real = {"real-same": {}, "real-dimmer": {"photons": 20.0}, "real-blurred": {"blur_px": 2.0}}
for name, how in real.items():
    trial.run(name, [retaken(k, **how) for k in range(len(fields) // 8)], truth_uncertainty=0.0)

if profile == "full":
    from scopecheck.tools.cellpose import load_cyto_2020

    cyto = load_cyto_2020(data.fetch("cellpose-cyto-2020"), remember=True)

    def cellpose_wells(images, wide):
        how = {"diameter": wide, "channels": [0, 0], "batch_size": 1}
        return [[cyto.eval(image, **how)[0].astype(int) for image in condition] for condition in images]

    for name in ("dimmer", "blurred", "clumped", *real):
        cases = [row.case for row in trial.rows.get(name, [])]
        told = partial(cellpose_wells, wide=27.0 if name in real else 20.0)  # median width of the nuclei
        trial.run(f"{name}-cellpose", cases, tool=told, named="cellpose", truth_uncertainty=0.0)

# %% tags=["hide-input"]
record.show(
    record.plots.errors(page.verdicts(), {"count": "effect on count", "area": "effect on area"}), "errors"
)
one, truth = well(500)
by_chance = measure.chance(segment(one), truth, seed=seed).beside()["F1@0.5"]
print(f"F1@0.5 of as many nuclei at random places: {by_chance:.2f}")
label = "effects called on the {}: share, less 5 %"
record.show(strips(page.verdicts(measurement="called"), label.format("count")), "called")

# %% [markdown]
# *First picture, left: the error of the two effects with its 90 % interval over experiments; right: how well the objects match. Second: how much more often than in one of twenty
# experiments a t-test calls an effect on the count; orange bars: by a threshold and a watershed.*

# %% tags=["hide-input"]
record.show(strips(page.verdicts(measurement="called_area"), label.format("mean area")), "called-area")

# %% [markdown]
# *How much more often than in one of twenty experiments a t-test calls an effect on the mean area, in nuclei that a treatment leaves as large as they were. Orange bars: by a threshold and a
# watershed. Areas differ little from well to well, so that a t-test finds a small difference of bias as well as a true one. (The line "other" is the negative control, with larger nuclei.)*
#
# ## Would you have noticed?
# Three checks need no truth. An alarm is a value above the largest of 10 rehearsal experiments like *same*. **brightness**, **noise**: how far the conditions' pictures differ in the light of
# their brightest pixels, and in noise (log ratio). **baseline**: how far the effects on the count by the two methods are apart (log ratio).


# %%
def signs(row, tool):
    bright, noise = (
        [np.mean([look(image) for image in side]) for side in row.case.image]
        for look in (lambda image: np.percentile(image, 99) - np.median(image), noise_level)
    )
    effects = [fold(table(labels)[0]) for labels in (row.answer, row.base)]
    ratios = {"brightness": bright, "noise": noise, "baseline": effects}
    return {name: abs(np.log(one[1] / one[0])) for name, one in ratios.items()}


checks = trial.checks(signs, [experiment(100 + k) for k in range(10)])

# %% tags=["hide-input"]
display(checks.count(together=True, leave_out=[f"{name}-cellpose" for name in (*treatments, *real)]))
record.show(checks.figure(), "alarms")

# %% [markdown]
# *Each line counts experiments: those with a number outside its tolerance, and those without. A useful check has its blue triangle far right of its orange one.*
#
# ## What to do
# Count some wells of **each** condition by hand, drawn at random. Then either compare these alone (*annotated*), or correct each condition by its own wells, with
# prediction-powered inference {cite:p}`angelopoulos2023` (*corrected*), and let the test know what the correction leaves open. Correcting both conditions by one factor takes away no
# difference between them.


# %%
def by_hand(count, area, true):
    few = draws(wells, annotated)
    folds = [[fold([side[a], other[b]]) for a, b in few] for side, other in true]
    told = {"count": np.mean(folds[0]), "area": np.mean(folds[1])}
    return told | {"called": called(true[0], annotated), "called_area": called(true[1], annotated)}


def by_correction(count, area, true):
    few, told = draws(wells, annotated, many=100), {}
    for name, tool, known in (("count", count, true[0]), ("area", area, true[1])):
        pairs = [[better(tool[side], w, known[side, w]) for side, w in enumerate(pair)] for pair in few]
        told[name] = np.mean([treated.value / control.value for control, treated in pairs])
        told["called" if name == "count" else "called_area"] = np.mean([differ(*pair) for pair in pairs])
    return told


# %% tags=["hide-input"]
def better(tool, which, known):
    return corrected(tool, which, known, scope="population")


def differ(one, other):  # Welch's test, from the two intervals
    errors = [side.half_width / student.ppf(0.95, side.df) for side in (one, other)]
    df = (errors[0] ** 2 + errors[1] ** 2) ** 2 / sum(
        e**4 / s.df for e, s in zip(errors, (one, other), strict=True)
    )
    return abs(one.value - other.value) > student.ppf(0.975, df) * np.hypot(*errors)


# %%
for name in ("dimmer", "blurred", "clumped"):
    for arm, by in {"corrected": by_correction, "annotated": by_hand}.items():
        trial.again(f"{name}-{arm}", of=name, change=lambda row, by=by: {"labels": row.answer, "by": by})

# %% tags=["hide-input"]
ends, two = ("", "-corrected", "-annotated"), ("area", "called_area")
lines = [(a, n, *(quoted(page[a + end, n]) for end in ends)) for a in ("dimmer", "blurred") for n in two]
record.markdown(["treatment", "number", "by the tool", "corrected", "annotated wells alone"], lines)

# %% [markdown]
# ## On your own images
# Give a path as `my_image`: a stack (Fiji's *Images to Stack*) with the planes of the control wells, then as many of the treated ones. To put another tool in the place of StarDist, change
# `stardist_wells`. For a table of numbers that you have already, `scopecheck score contrast` judges the difference and `scopecheck correct --condition` corrects it.

# %%
mine = experiment(50, **treatments["clumped"])
if my_image:
    planes = data.own_image(my_image, (4, 64, 64))
    if len(planes) % 2:
        raise ValueError(f"{my_image}: {len(planes)} planes; expected as many treated as control ones.")
    mine = record.Case([list(side) for side in np.split(planes, 2)])
one = trial.one(mine)
print(f"effect on the count {one.measured['count']:.2f}, on the mean area {one.measured['area']:.2f}")
checks.ring(one)

# %% [markdown]
# ## What to write
# Say how the tool's error was compared between the conditions, on how many wells of each, and how these were drawn.

# %% tags=["hide-input"]
v, w, x = page["same", "called_area"], page["dimmer", "called_area"], page["blurred", "area"]
report = Markdown(
    f"> Nuclei were counted with StarDist. In {v.n} simulated experiments of {wells} wells a condition, in which nothing differed, a t-test at 5 % called an effect on the mean area in {v.bias + 0.05:.0%}; "
    f"where the treated wells were dimmer, in {w.bias + 0.05:.0%}; a blur of 3 pixels changed the mean area by {x.bias:+.0%} (90 % interval {x.interval[0]:+.0%} to "
    f"{x.interval[1]:+.0%}). Each condition was therefore corrected by {annotated} annotated wells of its own.\n\n{page.methods()}"
)
display(report, page.table(), Markdown(page.surprises()))
page.save()
page.answer(
    panels({name: treatments[name] for name in ("same", "blurred")}),
    " ".join(f"{r.arm}, {r.measurement}: {r.told}." for r in (v, w, x)),
)

# %% tags=["verdict", "nbval-check-output"]
page.words()

# %% [markdown]
# ## Exercises
#
# ```{exercise}
# :label: effect-recall
# A tool misses a fifth of the nuclei in every image. What does it make of a true effect of 1.5? (1.5: what both conditions share cancels.)
# ```
# ```{exercise}
# :label: effect-parameter
# How many wells a condition does a t-test need to call a bias of 10 % in nine of ten experiments, if wells differ by 14 %? More wells make a false effect surer.
# ```
# ```{exercise}
# :label: effect-new-data
# Take ten of your control images and blur them by a pixel. Does your tool find an effect between these and the others?
# ```

# %% tags=["solution", "hide-cell"]
rng = np.random.default_rng(seed)
for n in (4, 8, 16, 32, 64):
    found = [ttest_ind(rng.normal(1, 0.14, n), rng.normal(0.9, 0.14, n)).pvalue < 0.05 for _ in range(400)]
    print(f"{n} wells a condition: called in {np.mean(found):.0%}")
assert np.mean(found) > 0.9

# %% [markdown]
# ### Limits
# - One network, which learnt from simulated nuclei. Another has other biases; what a treatment can do to a difference stays.
# - A well is one field here, and wells are independent. Fields of one well are not: `scopecheck score contrast` refuses to take them for replicates.
# - Experiments with half of the wells are drawn again and again from one block of wells; only blocks are counted as n.
