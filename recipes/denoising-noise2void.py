# ---
# jupyter:
#   jupytext: {notebook_metadata_filter: "kernelspec,scopecheck", text_representation: {extension: .py, format_name: percent}}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
#   scopecheck:
#     schema: "2.0"
#     kind: recipe
#     id: denoising-noise2void
#     title: "What is left of the spots? Noise2Void where its assumption holds, and where it does not"
#     failure_mode: "restoration that invents or removes: a clean image whose spots are not the specimen's"
#     tools: [n2v]
#     datasets: {embedded: [n2v-spots-trainings, idr0062-6001240], public: [bbbc039], archive: []}
#     measurements:
#       spots: {unit: spots, estimand: pooled ratio, scale: relative, tolerance: 0.10,
#         why: "Transcripts or vesicles a cell that change by a fifth are commonly called an effect; an error of 10 % is half of it."}
#       light: {unit: photons, name: light of a spot, estimand: per-acquisition mean, scale: relative, tolerance: 0.10,
#         why: "Brightness is read as the number of molecules in a spot; steps of a factor of 2 stay apart as long as each is right to some 10 %."}
#       invented: {unit: per 1000 µm², name: invented spots, estimand: per-acquisition mean, scale: absolute, tolerance: 1.7,
#         why: "A cell covers some 300 µm². A false spot makes a silent cell look active; 1.7 per 1000 µm² is one in every second cell."}
#     minutes: {quick: 4, full: 240}
#     memory_gib: 3
#     picture: clean-and-wrong
#     goals:
#       - "Name the assumption of a self-supervised denoiser, and the ways in which cameras and software break it"
#       - "Tell PSNR, a score of the picture, from the truth of its spots, and find shared noise in your own raw data"
# ---

# %% [markdown]
# # What is left of the spots? Noise2Void where its assumption holds, and where it does not
# ## In one minute
# **Question.** Noise2Void learns to denoise from the noisy images themselves: it hides a pixel and guesses it from its neighbours. It can do so because the
# noise of a pixel is assumed to tell nothing about the next pixel, and the specimen does. What becomes of the number of spots, of their light, and of places
# without a spot, when that is true, and when it is not?
#
# **Time.** Four minutes to run, twenty to read. **You need** to know what a pixel, a photon and a Gaussian are.

# %% tags=["parameters"]
profile = "quick"
tier = "embedded"
seed = 0
steps = 800
train_anew = False
my_image = ""
my_spot_width = 1.3  # s.d. of a spot of yours, pixels: its width at half its height over 2.35

# %% tags=["hide-input"]
from scopecheck.tools import noise2void

noise2void.prepare(seed)  # TensorFlow quiet, repeatable, on the CPU

from dataclasses import replace
from functools import partial

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import Markdown, display
from n2v.internals.N2V_DataGenerator import N2V_DataGenerator
from n2v.models import N2V, N2VConfig
from scipy import ndimage

from scopecheck import acquire, data, record
from scopecheck.acquire.looks import magnified
from scopecheck.acquire.spots import field
from scopecheck.acquire.time import repeats
from scopecheck.measure import frc, intensity, invented, picks, spots
from scopecheck.record.strips import quoted, side_by_side, strips
from scopecheck.tools.denoisers import NAMES, denoised
from scopecheck.tools.once import once

page = record.start("denoising-noise2void", profile=profile, tier=tier, seed=seed)
page.opening()
page.tolerances()

# %% [markdown]
# ## What is measured
# A field holds bright spots on the uneven background of a cell: transcripts, vesicles, receptors. Three numbers of it are published: how many **spots** there
# are, in all fields together; the mean **light of a spot** that was found; and **invented spots**, found farther than 2.5 pixels from any true one.
#
# A spot is found where the image, smoothed as wide as the microscope's spot, stands out of the same image smoothed wider (*difference of Gaussians*) by more
# than a threshold. Its light is what lies within three widths, less the level of a ring around. Noise2Void and its baseline are measured by the same lines.


# %%
def numbers(answer, case):
    n, light = len(answer["spots"]), answer["light"]
    told = {"spots": float(n), "light": max(light.mean(), 0) if n else np.nan}
    if case.truth is None:
        return told
    pairs = picks.match(answer["spots"], case.truth["spots"], radius=2.5)
    return told | {"invented": 1000 * (n - pairs.tp) / case.truth["area"]}


# %% [markdown]
# ## It looks right
# These conditions differ in what the camera did to the light, and software to the picture before it was denoised. A spot sends 300 photons unless said here.

# %%
conditions = {
    "plain": {},  # noise of photons and of reading: no pixel tells about the noise of the next
    "bright": {"light": 1000.0},
    "dim": {"light": 100.0},
    "rows": {"row_noise": 4.0},  # a row is read 4 electrons (s.d.) too high or too low: a very bad camera
    "registered": {"shift": 0.5},  # moved by half a pixel, as drift correction does
    "clipped": {"clip": True},  # the median is subtracted, and what falls below 0 is cut
    "gamma": {"gamma": 0.5},  # shown with a gamma of 0.5, as software brightens what is dark, and saved so
    "fine": {"psf": 0.5},  # large pixels: a spot is hardly wider than the pixel that is hidden
}
trainings = range(3 if profile == "quick" else 5)  # of each condition

# %% tags=["hide-input"]
planes = [data.plane("idr0062-6001240", z=z, channel="DAPI") for z in range(62, 182, 10)]
real = {"nuclei": page.samples("bbbc039")[:12], "embryo": planes}
real = {name: [magnified(one.image, one.truth, 256, times=8) for one in them] for name, them in real.items()}
conditions |= {name: {} for name, them in real.items() if them}


def field_of(number, condition="plain", n=60, brighter=1.0, frames=2, seen_as=None, **light):
    """256 x 256 pixels with n spots, exposed `frames` times: as given to the tool, as exposed, and the truth."""
    how = {"light": 300.0, "psf": 1.3, "row_noise": 0.0, "shift": 0.0, "clip": False, "gamma": 1.0}
    how |= conditions[condition]
    at, pixel, shift = 10_000 * seed + number, 0.13 / how["psf"], how["shift"]  # micrometres a pixel
    like = {"light": brighter * how["light"], "sigma": how["psf"], "seed": at} | light
    if condition in real:  # no background is both learnt and judged
        like["look"] = real[condition][number % 6 + 6 * (number >= 1000)]
    here = there = field((256, 256), n, **like)
    camera = acquire.Camera(row_noise=how["row_noise"])
    image = raw = repeats(here.photons, camera, frames, at) - float(camera.offset)
    if shift:
        there = field((256, 256), n, shift=shift, **like)
        image = ndimage.shift(raw, (0, shift, shift), order=1, mode="nearest")
    if how["clip"]:
        image = np.clip(raw - np.median(raw), 0, None)
    if how["gamma"] != 1:
        image = 200 * (np.clip(raw, 0, None) / 200) ** how["gamma"]  # 200 photons stay 200
    truth = {"scene": there.photons, "spots": there.xy, "area": raw[0].size * pixel**2, "raw": raw}
    true = {"spots": float(n), "light": there.light.mean() if n else np.nan, "invented": 0.0}
    return record.Case(image, truth, true, {"condition": seen_as or condition, "psf": how["psf"]}, seed=at)


# %% [markdown]
# Noise2Void {cite:p}`krull2019` is trained on the noisy images, in a training reduced for minutes: 16 filters for 32, 800 batches of 16 patches where its authors'
# example takes thousands of 128, and a step that shrinks to nothing. With a step that stayed, light hung on the moment at which
# the training ended: the positive control told. Each condition has networks of its own, trained on six fields judged nowhere.


# %%
def network(patches, folder, mask=None):
    config = N2VConfig(
        patches, unet_kern_size=3, unet_n_depth=2, unet_n_first=16, batch_norm=True, train_loss="mse",
        train_epochs=steps // 50, train_steps_per_epoch=50, train_batch_size=16, train_checkpoint=None,
        train_reduce_lr=None, n2v_perc_pix=0.198, n2v_neighborhood_radius=5, n2v_patch_shape=(64, 64),
        n2v_manipulator="uniform_withCP", structN2Vmask=mask)  # fmt: skip
    return N2V(config, "spots", basedir=folder)


# %%
def train(frames, t, mask=None):
    frames = [frame.astype(np.float32)[None, ..., None] for frame in frames]
    with noise2void.training(t) as folder:
        patches = N2V_DataGenerator().generate_patches_from_list(frames, shape=(64, 64), augment=mask is None)
        if mask:  # rows must stay rows: turned upside down and mirrored, but not on their side
            patches = np.concatenate([patches[:, ::up, ::left] for up in (1, -1) for left in (1, -1)])
        patches = np.random.default_rng(t).permutation(patches)
        model = network(patches[16:], folder, mask)
        model.prepare_for_training(noise2void.settling(steps))
        model.train(patches[16:], patches[:16])
    return model


# %% [markdown]
# Training takes minutes and differs a little from machine to machine, so **three trainings of each condition are kept with this book**, made by the call
# above. Controls are asked of the first; every other word is judged over all three, and the spread between them is a part of its interval.
# `train_anew = True` trains them here. The judged baseline is a Gaussian filter as wide as the microscope's spot; it learns nothing.
# The threshold is the one that finds the spots of the training's fields best (F1): for each method and condition, with the truth at hand. Yours will be worse.

# %% tags=["hide-input"]
anew = train_anew or steps != 800 or profile == "full"
kept = None if anew else data.fetch("n2v-spots-trainings")
masks = {"rows-masked": [[1] * 47]}  # as far as the network sees, 23 pixels to either side
learnt = {c: [field_of(1000 + k, c.replace("-masked", "")) for k in range(6)] for c in [*conditions, *masks]}


def network_of(condition, t):
    if anew:
        model = train([case.image[0] for case in learnt[condition]], t, masks.get(condition))
        return noise2void.keep(model, f"weights/{condition}-{t}.npz")
    return noise2void.kept(partial(network, mask=masks.get(condition)), kept / f"{condition}-{t}.npz")


networks, thresholds = {c: [network_of(c, t) for t in trainings] for c in learnt}, {}
for model in [one for several in networks.values() for one in several]:
    model.predict = once(model.predict)  # no frame is restored twice


# %%
def noise2void_spots(frames, condition, psf, training=0, move=0.0):
    image = networks[condition][training].predict(frames[0].astype(np.float32), axes="YX").astype(float)
    image = ndimage.shift(image, move, order=1, mode="nearest") if move else image
    return spots_in(image, condition, psf, (training, move))


def by_eye(case):  # thresholds without a truth
    for way, tool in {(0, 0.0): noise2void_spots, "Gaussian": filtered_spots}.items():
        image, psf = tool(case.image, **case.told)["image"], case.told["psf"]
        strongest = spots.find(image, psf, 0)[0][:20]
        thresholds[case.told["condition"], way] = spots.typical([image], [strongest], psf) / 2


# %% tags=["hide-input"]
def filtered_spots(frames, condition, psf, way="Gaussian"):
    return spots_in(denoised(frames[0], way, psf), condition, psf, way)


def spots_in(image, condition, psf, way):
    xy, light = spots.find(image, psf, thresholds.get((condition, way), np.inf))
    return {"image": image, "spots": xy, "light": light}


filters = {name: partial(filtered_spots, way=name) for name in NAMES}
for c, cases in learnt.items():
    moves = (0.0, 0.5) if c == "plain" else (0.0,)
    ways = {(t, m): partial(noise2void_spots, training=t, move=m) for t in trainings for m in moves}
    for name, way in (ways | filters).items():
        images = [way(case.image, c, case.told["psf"])["image"] for case in cases]
        places = [case.truth["spots"] + (name in ways and name[1]) for case in cases]
        thresholds[c, name] = spots.best(images, places, cases[0].told["psf"])


# The same six images with every seed, since their networks are kept.
alone = [field_of(2000 + k - 10_000 * seed, seen_as=f"alone-{k}") for k in range(6)]
for k, case in enumerate(alone):
    learnt[f"alone-{k}"] = [case]
    networks[f"alone-{k}"] = [network_of(f"alone-{k}", 0)]
    by_eye(case)


def panels(case, arm):
    found = {"raw": {"image": case.image[0]}, "Gaussian": filtered_spots(case.image, **case.told)}
    found["Noise2Void"] = noise2void_spots(case.image, **case.told)
    figure, ax = plt.subplots(1, 3, figsize=(9.6, 3.7))
    for a, (name, told) in zip(ax, found.items(), strict=True):
        title, got = f"{arm}, {name}", told.get("spots")
        if case.truth:
            title += f": {intensity.looks([told['image']], [case.truth['scene']])['PSNR, dB']:.0f} dB"
        title += "" if got is None else f", {len(got)} spots"
        record.draw_points(a, told["image"], case.truth and case.truth["spots"], got, 5, 0.1, title)
    return figure


record.show(panels(field_of(0), "plain"), "looks-right")

# %% [markdown]
# *One field. Small yellow rings: true spots; blue: found. The number is the PSNR: how near a picture is to the truth over all pixels, after the best gain and offset.*
# ## Predict
# For each condition above, write down: will the number of spots hold within a tenth? In which will most spots be found where there is none?
# ## The truth
# Scenes are simulated, because nothing else tells where every molecule is: places, photons and background are exact. Light spreads as a Gaussian of 130 nm, and
# the camera adds the noise of photons and 1.6 electrons of reading. Two backgrounds are real: of *embryo* planes of a mouse blastocyst
# {cite:p}`blin2019`, of *nuclei*, in the public tier, BBBC039 {cite:p}`caicedo2019cytometry`; patches are magnified until they are smooth, with spots planted in. A real image itself is no truth, for it has noise of its own.
# ## Does the measurement hold?
# *bright* is the positive control. *tampered*, the negative one, was exposed with 30 spots more, and all of them half as bright again, than its truth says.
# In *alone* each plain field has a network that learnt from this very image alone. Its threshold needs no truth: half of what the twenty strongest spots stand out.


# %% tags=["hide-input"]
def looks(answer, case):
    pairs = picks.match(answer["spots"], case.truth["spots"], radius=2.5)
    wrong = (pairs.n_picks + pairs.n_truth - 2 * pairs.tp) / max(pairs.n_truth, 1)
    return record.Scores(intensity.looks([answer["image"]], [case.truth["scene"]]), {"spots": wrong})


# %%
ways = [partial(noise2void_spots, training=t) for t in trainings]
trial = record.Trial(page, tool=ways, numbers=numbers, scores=looks, baseline=filtered_spots, weight="spots")
for condition in ("bright", "plain", "dim"):
    trial.run(condition, [field_of(k, condition) for k in range(6)])
more = [field_of(k, "bright", n=90, brighter=1.5).image for k in range(6)]
trial.run("tampered", [replace(field_of(k, "bright"), image=more[k]) for k in range(6)])
trial.run("alone", alone, tool=noise2void_spots)

# %% [markdown]
# ## Shift
# One breach of the assumption each. *empty* fields have no spot at all. After a gamma light is in no unit: it is not asked.

# %%
for condition in ("rows", "registered", "clipped", "fine"):
    trial.run(condition, [field_of(k, condition) for k in range(6)])
trial.run("gamma", [field_of(k, "gamma") for k in range(6)], only=["spots", "invented"])
trial.run("empty", [field_of(k, n=0) for k in range(6)])
trial.run("empty-registered", [field_of(k, "registered", n=0) for k in range(6)])
for name in ("nuclei", "embryo"):  # of each, where its images are at hand
    trial.run(name, [field_of(k, name) for k in range(6 * (name in conditions))], truth_uncertainty=0.0)

# %% tags=["hide-input"]
record.show(record.plots.errors(page.verdicts(), {"spots": "number", "light": "light of a spot"}), "errors")
nothing = intensity.looks_of_nothing([field_of(0).truth["scene"]])
print("a picture that shows nothing:", ", ".join(f"{name} {value:.2f}" for name, value in nothing.items()))
record.show(strips(page.verdicts(measurement="invented"), "invented spots per 1000 µm²"), "invented")
worst = max(trial.rows["rows"], key=lambda row: row.measured["invented"]).case
record.show(panels(worst, "rows"), "clean-and-wrong")

side_by_side(trial, list(conditions), {"Noise2Void": noise2void_spots, **filters})

# %% [markdown]
# *First picture, left: error of the two numbers in each condition, with its 90 % interval over fields and trainings (an arrow: off the scale); right: how near the
# picture is to the truth, over all pixels. Second: spots found where there is none (orange bars: by the Gaussian filter). Third: of the fields with noise of
# whole rows the one in which Noise2Void's picture has most false spots, blue rings without a yellow one. Table: Noise2Void's first training beside filters that learn
# nothing, and beside nothing at all (raw): ask of each row what restoring has gained. A filter that widens a spot spreads its light beyond the three widths that are summed, as the Gaussian does.*
#
# **Made, or passed on?** A spot without a true one may be noise that passed, or made by the method. The *null test* tells: the same scene is exposed twelve times
# more and restored alike. What stands out of the spread over these, after what a linear filter makes of the truth was taken off, was not made by noise. Beside
# it stands a proof that is often shown: two exposures restored alike, which agree (*Fourier ring correlation*).


# %% tags=["hide-input"]
def second_look(case, tool):
    outs = [tool(case.image[k:], **case.told)["image"] for k in range(13)]
    told = invented.null_test(outs[0], case.truth["scene"], outs[1:], sigma=case.told["psf"])
    soft = np.outer(np.hanning(256), np.hanning(256))  # edges of pictures agree, and are no specimen
    first, *others = [soft * (image - image.mean()) for image in (*outs[:2], case.truth["scene"])]
    pair, true = (frc.frc(first, other) for other in others)
    seen = (pair.frequency > 0.02) & (pair.frequency < 0.2)  # from the cell's course to a spot
    per_area = [1000 * len(places) / case.truth["area"] for places in (told.invented, told.lost)]
    truth = f"{(true.fsc[seen] ** 2).mean():.2f}" if np.ptp(case.truth["scene"]) else "none there"
    return [*(f"{value:.2f}" for value in (*per_area, pair.fsc[seen].mean())), truth]


asked = {c: field_of(0, c, frames=13) for c in ("plain", "rows", "registered", "clipped")}
asked |= {f"noise, {c}": field_of(0, c, n=0, frames=13, background=(15, 15)) for c in ("plain", "registered")}
tools = {"Noise2Void": noise2void_spots, "Gaussian": filtered_spots}
lines = [(c, name, *second_look(case, tool)) for c, case in asked.items() for name, tool in tools.items()]
record.markdown(["field", "method", "made", "lost", "exposures agree", "with the truth, squared"], lines)

# %% [markdown]
# *Made* and *lost*: places, per 1000 µm², where light is there or missing beyond noise and blur, in one field and one training; they need not be counted as spots. A
# field without either shows one in one of twenty cases. *noise*: even light, and no specimen at all. The last two are equal where all that the two exposures share is of the specimen. **Reproducible is not
# true**: where the first is above the second, both agree on something that the specimen has not.
# ## Would you have noticed?
# Four checks need no truth. An alarm is a value above the largest of 20 rehearsal fields: plain noise, other seeds, judged nowhere.
#
# **residual along x, along y**: correlation between neighbours in what was taken away, raw less restored; pure noise has none. **second frame**: how far the spots
# of a second exposure, restored alike, are others (1 less the F1 between the two). **baseline**: log ratio of the spots that both methods lead to.


# %%
def signs(row, tool):
    left = intensity.residual_correlation(row.case.image[0], row.answer["image"])
    told = {f"residual along {axis}": abs(left[axis]) for axis in "xy"} | {"second frame": np.nan}
    if len(row.case.image) > 1:
        second = tool(row.case.image[1:], **row.case.told)
        told["second frame"] = 1 - picks.match(row.answer["spots"], second["spots"], radius=2.5).f1
    counts = [max(len(found["spots"]), 0.5) for found in (row.answer, row.base)]
    return told | {"baseline": abs(np.log(counts[0] / counts[1]))}


checks = trial.checks(signs, [field_of(5000 + k) for k in range(20)])

# %% tags=["hide-input"]
display(checks.count(together=True))
record.show(checks.figure(), "alarms")

# %% [markdown]
# *Each line counts fields, those with a number outside its tolerance and those without. In a useful check blue is far right of orange. Shared noise is not yet a wrong number.*
# ## What to do
# - **Rows.** StructN2V {cite:p}`broaddus2020`, Noise2Void's own option, hides a stretch of the row together with the pixel, here as far as the network sees: what a
#   shorter mask leaves tells its noise. And without a network: each row's median off.
# - **Registration.** Noise that was moved is shared by neighbours. Is it better to restore the frame *before* it is moved? The plain network serves.

# %%
trial.run("rows-masked", [field_of(k, "rows", seen_as="rows-masked") for k in range(6)])
level = [field_of(k, "rows", seen_as="plain") for k in range(6)]
off = [np.median(case.image, axis=2, keepdims=True) - np.median(case.image) for case in level]
levelled = [replace(case, image=case.image - row) for case, row in zip(level, off, strict=True)]
trial.run("rows-median", levelled)

moved = [field_of(k, "registered", seen_as="plain") for k in range(6)]
before = [replace(case, image=case.truth["raw"]) for case in moved]
tools = [partial(noise2void_spots, training=t, move=0.5) for t in trainings]
trial.run("registered-after", before, tool=tools)

# %% tags=["hide-input"]
of = {"rows-masked": "rows", "rows-median": "rows", "registered-after": "registered"}
lines = [(a, n, quoted(page[of[a], n]), quoted(page[a, n])) for a in of for n in page.front.measurements]
record.markdown(["remedy", "number", "without it", "with it"], lines)

# %% [markdown]
# ## On your own images
# Give a path as `my_image`: one plane of at least 128 pixels a side, as it came from the camera, and the width of a spot as `my_spot_width`. A network is trained on it,
# which takes some minutes, and the threshold is chosen as in *alone*; look at the rings, and change the `2` in `by_eye`. The first line tells what software left behind in
# the image: Noise2Void is not for one whose neighbours share noise. The checks have the limits of the simulated camera. Without a path the cell shows a simulated field.

# %%
mine = field_of(200)
if my_image:
    frame = data.own_image(my_image, (128, 128)).astype(np.float32)
    networks["mine"] = [train([frame], seed)]
    mine = record.Case(frame[None], told={"condition": "mine", "psf": my_spot_width})
    by_eye(mine)
one = trial.one(mine)
print(f"{one.measured['spots']:.0f} spots; the Gaussian filter leads to {one.by_base['spots']:.0f}")
record.show(panels(mine, "yours" if my_image else "a field"), "own")
checks.ring(one)

# %% [markdown]
# With truth (a field that was also exposed much longer): count spots in both. Without: look at the residual. If its neighbours are correlated, ask for raw images.
# ## What to write
# Report the numbers of the raw images beside those of the restored ones, and say what was done to the images before.

# %% tags=["hide-input"]
v, w, x = page["plain", "spots"], page["fine", "light"], page["rows", "invented"]
report = Markdown(
    f"> Images were denoised with Noise2Void (trained for {steps} steps on six fields of each condition). On {v.n} simulated fields whose noise is independent "
    f"between pixels the number of spots was off by {v.bias:+.0%} (90 % interval over trainings and fields {v.interval[0]:+.0%} to {v.interval[1]:+.0%}; "
    f"tolerance ±{v.tolerance[1]:.0%}, declared beforehand). Spots hardly wider than a pixel came out {w.bias:+.0%} in light; with noise of whole rows "
    f"{x.bias:.1f} spots per 1000 µm² were found where there is none.\n\n{page.methods()}"
)
display(report, page.table(), Markdown(page.surprises()))
page.save()
page.answer(panels(worst, "rows"), " ".join(f"{r.arm}, {r.measurement}: {r.told}." for r in (v, w, x)))

# %% tags=["verdict", "nbval-check-output"]
page.words()

# %% [markdown]
# ## Exercises
# ```{exercise}
# :label: n2v-recall
# Why does Noise2Void reproduce noise that neighbours share, and lose light of a spot in one pixel? (What can be guessed is kept, specimen or not; the rest is taken for noise.)
# ```
# ```{exercise}
# :label: n2v-parameter
# How far must an image be moved before neighbours share noise? Try eighths of a pixel.
# ```
# ```{exercise}
# :label: n2v-new-data
# Are the raw images of your microscope fit for Noise2Void? Take a field without specimen, lamp on, in place of the simulated one here.
# ```

# %% tags=["solution", "hide-cell"]
lamp, shared = acquire.expose(np.full((256, 256), 20.0), acquire.Camera(), seed).astype(float), {}
for part in (0.0, 0.125, 0.25, 0.5):
    there = ndimage.shift(lamp, (part, part), order=1, mode="nearest")
    shared[part] = intensity.residual_correlation(there, np.full_like(there, there.mean()))["x"]
    print(f"moved by {part:.3f} px: correlation between neighbours {shared[part]:.2f}")
assert abs(shared[0.0]) < 0.02 < 0.4 < shared[0.5]

# %% [markdown]
# ### Limits
# - Small networks, trained for minutes: a longer training may keep more of dim spots. It cannot tell shared noise from specimen, nor can CAREamics, which follows Noise2Void.
# - Each threshold was chosen with the truth of other fields at hand; yours will be worse. Spots lie at least 12 pixels apart, without out-of-focus light.
