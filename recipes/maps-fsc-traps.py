# ---
# jupyter:
#   jupytext:
#     notebook_metadata_filter: kernelspec,scopecheck
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
#   scopecheck:
#     schema: "2.0"
#     kind: recipe
#     id: maps-fsc-traps
#     title: "Five things that look like resolution: FSC traps, and the checks that catch them"
#     failure_mode: "a resolution that masks, shared noise, duplicates, sharpening or sampling made"
#     tools: [cryodrgn]
#     datasets:
#       embedded: [adk-dims]
#       public: [t40-fsc, emd30342-qscore, emdb-small]
#       archive: []
#     measurements:
#       resolution:
#         unit: "Å"
#         estimand: per-acquisition mean
#         scale: relative
#         tolerance: 0.10
#         why: >-
#           What can be seen changes in steps: helices become rods near 9 Å, strands separate near 4.8 Å, large
#           side chains appear near 3.8 Å, ordered water near 3 Å. From strands to side chains to water each step
#           is about a fifth of the number. An error of a tenth is half a step, and moves a map into the wrong class.
#       q_score:
#         unit: "1"
#         estimand: per-acquisition mean
#         scale: absolute
#         tolerance: 0.05
#         why: >-
#           Over deposited maps the mean Q-score falls by nearly 0.2 for every Angstrom of resolution. A change of
#           0.05 is worth 0.3 Å, about a tenth of a resolution of 3 to 4 Å: the same half step as above.
#     minutes: {quick: 4, full: 10}
#     memory_gib: 4
#     gpu: none
#     picture: trap-by-check
#     goals:
#       - "Say for each of five traps why the curve between two half maps rises although the map did not get better"
#       - "Choose, for a given claim, the check that can catch its trap, and know what each check cannot see"
#       - "Write a resolution down so that another person can repeat it: halves, mask, curve, threshold, sharpening"
#     # Every arm but the public ones is a set of independent simulated datasets: another conformation of the molecule,
#     # other orientations, other noise. Claimed is what the arm would publish; true is where the Fourier shell
#     # correlation of its map with the noise-free density falls to 0.5. Predicted before any run of this page.
# ---

# %% [markdown]
# # Five things that look like resolution
#
# ## In one minute
#
# **Question.** A cryo-EM map is published with one number, its resolution: where the Fourier shell correlation (FSC) of two
# half maps falls to 0.143. Five things make that number, or the picture, say more or less than the data hold. How far off is the number then, and
# which check would have told you?
#
# **Time.** Four minutes to run, twenty to read. **You need** to know what a Fourier transform is, and that a map is an
# average of many noisy pictures of particles.

# %% tags=["parameters"]
profile = "quick"
tier = "embedded"
seed = 0
datasets = 5
particles = 600
my_half1 = ""
my_half2 = ""
my_mask = ""
my_pixel = 0.0

# %% tags=["hide-input"]
import argparse
import logging
import os
import tempfile
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

warnings.filterwarnings("ignore")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import matplotlib.pyplot as plt
import MDAnalysis
import mrcfile
import numpy as np
import pandas as pd
import torch
from IPython.display import Markdown, display, update_display
from scipy import fft, ndimage
from scipy.spatial import cKDTree

from scopecheck import data, judge, record
from scopecheck.acquire import cryoem
from scopecheck.errors import InputError
from scopecheck.measure import maps
from scopecheck.tools import cryodrgn, torchvision_shim

if bool(my_half1) != bool(my_half2):
    raise InputError("my_half1, my_half2: one of them is given; expected both half maps, or neither")
if my_mask and not my_half1:
    raise InputError("my_mask: given without half maps; expected my_half1 and my_half2 as well")
for own_path in filter(None, (my_half1, my_half2, my_mask)):
    if not Path(own_path).is_file():
        raise InputError(f"{own_path}: no such file; expected the path of an .mrc or .map file")

torchvision_shim.prepare()
from cryodrgn.commands import backproject_voxel

for name in list(logging.root.manager.loggerDict):
    if name.startswith("cryodrgn"):
        logging.getLogger(name).setLevel(logging.ERROR)
torch.set_num_threads(1)
warnings.filterwarnings("ignore")  # MDAnalysis and torch set their own
record.use_style()
plt.rcParams.update({"font.size": 10, "axes.titlesize": 10, "legend.fontsize": 9})
Path("figures").mkdir(exist_ok=True)
page = record.start("maps-fsc-traps", profile=profile, tier=tier, seed=seed)
if profile == "full":
    datasets = 2 * datasets
BOX, PIXEL, DIAMETER = 64, 2.0, 60.0  # voxels, A, A
NUMBER = 1000 * (seed + 10)  # of the first dataset


def show(name):
    plt.savefig(f"figures/{name}.png")
    plt.show()


answer = display(Markdown("*The answer is filled in here when the page has run.*"), display_id="answer")
opening = display(Markdown("*And the picture.*"), display_id="opening")

# %% [markdown]
# ## What is measured
#
# The **resolution that a map's authors would claim**, in Å, against the **true resolution of that map**. The claim is the
# point at which the FSC of two half maps falls to 0.143 {cite:p}`rosenthal2003`, by linear interpolation between two shells.
# The true resolution is the point at which the FSC of the whole map with the noise-free density falls to 0.5, inside a soft
# mask around that density. The two thresholds are the same statement: a whole map whose halves agree to F agrees with the
# truth to √(2F/(1+F)), and for 0.143 that is 0.5.
#
# An error of −40 % means that the claim is finer than the map by that much. Where a curve never falls, the claim is Nyquist,
# two pixels, because that is what gets written down.

# %% tags=["hide-input"]
if page.front:
    for name, m in page.front.measurements.items():
        how = f"{m.tolerance:.0%}" if m.scale == "relative" else f"{m.tolerance:g}"
        display(Markdown(f"- **{name.replace('_', ' ')}: tolerance {how}.** {m.why}"))

# %% [markdown]
# ## It looks right
#
# The specimen is adenylate kinase on its way from closed to open. It is simulated, and far too small for a microscope; poses
# and defocus are known exactly. What is left is the step from half maps to a number. Each dataset is another conformation with its
# own orientations, defocus values and noise.

# %% tags=["hide-input"]
folder = data.fetch("adk-dims")
universe = MDAnalysis.Universe(str(folder / "adk.psf"), str(folder / "adk_dims.dcd"))
heavy = universe.select_atoms("not name H*")
LID = np.isin(heavy.resids, range(122, 160))


def conformation(k, away=0):
    """Atoms of dataset k, A, in the frame of their principal axes; `away` frames further on the path."""
    frame = np.random.default_rng(NUMBER + k).integers(len(universe.trajectory))
    universe.trajectory[(frame + away) % len(universe.trajectory)]
    xyz = heavy.positions.astype(float)
    xyz -= np.average(xyz, axis=0, weights=heavy.masses)
    axes = np.linalg.svd(xyz, full_matrices=False)[2]
    axes[2] *= np.linalg.det(axes)
    return xyz @ axes.T


def density(xyz, keep=None, resolution=4.0):
    keep = np.ones(len(xyz), bool) if keep is None else keep
    return cryoem.density(xyz[keep], heavy.masses[keep], box=BOX, pixel_size=PIXEL, resolution=resolution,
                          centre=(0, 0, 0))  # fmt: skip


# %%
def take(volume, number, n=particles, rotations=None):
    defocus = np.random.default_rng(number).uniform(6000, 12000, n)  # A, underfocus
    ctfs = [cryoem.CTF(one, b_factor=300) for one in defocus]
    return cryoem.particles(
        volume, n=n, pixel_size=PIXEL, snr=0.03, seed=number, rotations=rotations, ctfs=ctfs
    )


# %% [markdown]
# The signal-to-noise ratio of 0.03 is the variance of the noise-free picture over that of its noise. It was chosen with the
# B-factor in pilots that looked at the positive control alone, on other seeds, so that the true resolution lies well short of
# Nyquist. A first version of this page had a ratio of 0.01 and a B-factor of 150 Å². There the curve ran so flat near 0.143 that
# five datasets could not decide the control. The steeper fall-off is the easier case; the seeds are new. cryoDRGN's
# `backproject_voxel` {cite:p}`zhong2021` makes the map and both half maps; it puts every second particle into each half, so the order
# of the stack decides who is in which half.


# %%
def backproject(folder, images, rotations, shifts, ctfs, pixel=PIXEL, more=("--no-fsc-vals",)):
    cryodrgn.write_inputs(folder, images, rotations, shifts, ctfs, pixel)
    parser = argparse.ArgumentParser()
    backproject_voxel.add_args(parser)
    args = parser.parse_args(
        [f"{folder}/particles.mrcs", "--poses", f"{folder}/poses.pkl", "-o", f"{folder}/maps",
         "--ctf", f"{folder}/ctf.pkl", "--uninvert-data", *more])  # fmt: skip
    backproject_voxel.main(args)
    names = "half_map_a", "half_map_b", "backproject"
    return [mrcfile.read(f"{folder}/maps/{name}.mrc") for name in names]


# %% tags=["hide-input"]
def reconstruct(taken, first, second, images=None, ctfs=None, shifts=None, pixel=PIXEL):
    """Half maps and map of the particles listed in `first` and `second`."""
    n = min(len(first), len(second))
    order = np.stack([first[:n], second[:n]], 1).ravel()
    images = taken.images if images is None else images
    ctfs = taken.ctfs if ctfs is None else ctfs
    shifts = taken.shifts if shifts is None else shifts
    with tempfile.TemporaryDirectory() as folder:
        return backproject(folder, images[order], taken.rotations[order], shifts[order],
                           [ctfs[i] for i in order], pixel)  # fmt: skip


def frequencies(box, pixel):
    """Spatial frequency squared, 1/A^2, of each voxel of a real transform."""
    s = fft.fftfreq(box, pixel) ** 2
    return s[:, None, None] + s[:, None] + fft.rfftfreq(box, pixel) ** 2


def filtered(values, factor):
    return fft.irfftn(fft.rfftn(values) * factor, values.shape).astype(np.float32)


def low_passed(values, resolution, pixel=PIXEL):
    return filtered(values, np.exp(-frequencies(len(values), pixel) * resolution**2 / 2))


def sharpened(values, b, pixel=PIXEL):
    square = frequencies(len(values), pixel)
    inside = square <= (0.5 / pixel + 1 / (len(values) * pixel)) ** 2  # up to Nyquist, no corners
    return filtered(values, np.where(inside, np.exp(b * np.where(inside, square, 0) / 4), 0))


def own_claim(half1, half2, average, number=0):
    """What cryoDRGN itself reports for its maps: the last shell of its corrected curve at or above 0.143."""
    from cryodrgn.commands_utils.fsc import calculate_cryosparc_fscs, get_fsc_thresholds

    np.random.seed(number)  # noqa: NPY002, cryoDRGN draws its random phases from here
    curves = calculate_cryosparc_fscs(*(torch.from_numpy(m) for m in (average, half1, half2)), apix=PIXEL)
    table = pd.DataFrame({"pixres": curves.index, "fsc": curves["Corrected"].to_numpy()})
    return PIXEL / get_fsc_thresholds(table, PIXEL, verbose=False)[1]


started = time.perf_counter()
volume = density(conformation(900))
example = take(volume, NUMBER + 900)
with tempfile.TemporaryDirectory() as folder:
    half1, half2, whole = backproject(
        folder, example.images, example.rotations, example.shifts, example.ctfs, more=()
    )
    own = pd.read_csv(f"{folder}/maps/fsc-vals.txt", sep=r"\s+")
print(f"{particles} particles to two half maps and a map in {time.perf_counter() - started:.0f} s")
print(f"resolution by its own rule and mask: {own_claim(half1, half2, whole):.2f} A")

# %% tags=["hide-input"]
fig, ax = plt.subplots(1, 3, figsize=(7, 2.7), width_ratios=(1, 1, 1.25))
for a, v, title in ((ax[0], volume, "truth, middle slice"), (ax[1], whole, "map from cryoDRGN")):
    a.imshow(v[BOX // 2], cmap="gray", vmin=np.percentile(v, 5), vmax=np.percentile(v, 99.9))
    a.plot([4, 14], [60, 60], color="white", lw=3)
    a.text(4, 57, "20 Å", color="white", fontsize=10)
    a.set(xticks=[], yticks=[], title=title)
for column, style in (("NoMask", ":"), ("Tight", "--"), ("Corrected", "-")):
    ax[2].plot(own.pixres, own[column], style, label=column)
ax[2].axhline(0.143, color="black", lw=0.8)
ticks = np.array([20, 10, 7, 5, 4])
ax[2].set(
    xticks=PIXEL / ticks,
    xticklabels=ticks,
    xlabel="Å",
    ylabel="FSC",
    ylim=(-0.1, 1.05),
    title="its own curves",
)
ax[2].legend(fontsize=9)
show("looks-right")

# %% [markdown]
# *Left: the density that was photographed. Middle: what comes back, with its noise. Right: the curves that cryoDRGN writes beside its
# map; the horizontal line is 0.143. Everything here is in order. The question is what can go wrong between these curves and the
# number.*
#
# ## Predict
#
# Write down, for each of the five, whether the claimed number changes and whether the map does: a tight hard mask; noise that both
# halves share; the same particle in both halves; strong sharpening; a pixel so large that the curve never falls. Which of them
# does phase randomisation catch?
#
# ## The truth
#
# The density is known exactly, so the true resolution has no uncertainty but that of reading a noisy curve. It is the true
# resolution *of that map*: a trap that also damages the map moves both numbers. One soft mask around the true density serves all
# truths of a dataset. A mirrored map is compared in the best of its four placements along the principal axes.
#
# ## Does the measurement hold?
#
# This is the whole measurement. `maps.randomised` gives the masked curve, the curve of the same maps with random phases beyond the
# shell where the unmasked FSC falls below 0.8, and the corrected curve {cite:p}`chen2013`.


# %%
def read(curve, threshold, pixel):
    found = maps.crossing(curve, threshold, pixel)
    if "never falls" in found.reason:
        return 2 * pixel  # Nyquist: what gets written down
    if "first shell" in found.reason:
        return pixel * curve.box  # nothing agrees
    return found.resolution


def claim(half1, half2, mask, corrected=True, pixel=PIXEL, phases=0):
    curves = maps.randomised(half1, half2, mask, seed=phases)
    quoted = curves.corrected if corrected else curves.masked
    return read(quoted, 0.143, pixel), quoted, curves


def true_resolution(average, truth, mask, pixel=PIXEL):
    return read(maps.fsc(average, truth, mask), 0.5, pixel)


# %% [markdown]
# The masks, from good to bad. All but the last are drawn on the map low-passed to 20 Å.


# %%
def soft(average, pixel=PIXEL):
    smooth = low_passed(average, 20, pixel)
    body = ndimage.binary_dilation(smooth > 0.2 * smooth.max(), iterations=round(4 / pixel))
    return maps.soften(body, 10 / pixel)


def hard(average):
    smooth = low_passed(average, 20)
    return (smooth > 0.35 * smooth.max()).astype(np.float32)


def from_noise(average, deviations=2):
    return (average > average.mean() + deviations * average.std()).astype(np.float32)


# %% [markdown]
# A case is one claim on one dataset: its half maps, mask, claim and true resolution. `judged` compares the claims of an arm with the
# truths. The plain FSC without any mask stands beside it as the classical baseline.


# %% tags=["hide-input"]
cases, shown, base = {}, {}, {}


def but(one, **new):
    """A copy of a record with some entries new."""
    return SimpleNamespace(**{**vars(one), **new})


def on_maps(one, change):
    """A copy whose half maps and map have been changed alike."""
    return but(one, **{name: change(getattr(one, name)) for name in ("half1", "half2", "average")})


def around(truth, pixel=PIXEL):
    """Soft mask around the noise-free density."""
    smooth = low_passed(truth, 10, pixel)
    body = ndimage.binary_dilation(smooth > 0.1 * smooth.max(), iterations=round(4 / pixel))
    return maps.soften(body, 10 / pixel)


def add_case(arm, one, mask=None, corrected=True, pixel=PIXEL, claimed=None, true=None):
    """One claim on one dataset; `one` holds half1, half2, average, truth, around and where its particles came from."""
    mask = soft(one.average, pixel) if mask is None else mask
    number, quoted, curves = claim(one.half1, one.half2, mask, corrected, pixel, one.number)
    if true is None:
        true = true_resolution(one.average, one.truth, one.around, pixel)
    case = SimpleNamespace(**vars(one))
    case.mask, case.quoted, case.curves, case.pixel = mask, quoted, curves, pixel
    case.claimed, case.true = number if claimed is None else claimed, true
    case.unmasked = read(curves.unmasked, 0.143, pixel)
    cases.setdefault(arm, []).append(case)


# %%
def judged(claimed, true):
    scope = "population"  # independent datasets
    return judge.agreement(claimed, true, scope=scope, tolerance=0.1, truth_uncertainty=0)


# %% tags=["hide-input"]
def settle(*arms):
    for arm in arms:
        true = [c.true for c in cases[arm]]
        shown[arm] = judged([c.claimed for c in cases[arm]], true)
        base[arm] = judged([c.unmasked for c in cases[arm]], true)
        looks = {"claimed, Å": np.mean([c.claimed for c in cases[arm]]),
                 "mean FSC": np.mean([np.nanmean(c.quoted.fsc) for c in cases[arm]])}  # fmt: skip
        shown[arm] = page.add(arm, shown[arm], measurement="resolution", plausibility=looks, baseline=base[arm],
                 seeds=[seed], datasets=["adk-dims"])  # fmt: skip
        v = shown[arm]
        print(
            f"{arm:>26}: claimed {looks['claimed, Å']:5.2f} Å, true {np.mean(true):5.2f} Å, {v.bias:+.0%}: {v.told}"
        )


# %% [markdown]
# **The halves of an honest dataset.** Every particle is in one half only. Each lies on one of 30 micrographs, at a place that is
# kept, because one of the checks below needs it.


# %% tags=["hide-input"]
def picks_of(n, number, micrographs=30):
    """Micrograph and place, px of 2 A, of n particles; no two of them nearer than a particle's diameter."""
    rng = np.random.default_rng(number)
    rows = []
    for m in range(micrographs):
        places = []
        while len(places) < -(-n // micrographs):
            spot = rng.uniform(0, 2048, 2)
            if all(np.hypot(*(spot - p)) > DIAMETER / PIXEL for p in places):
                places.append(spot)
        rows += [(m, *p) for p in places]
    return pd.DataFrame(rows[:n], columns=["micrograph", "x", "y"])


def split(n, number):
    order = np.random.default_rng(number).permutation(n)
    return order[: n // 2], order[n // 2 : 2 * (n // 2)]


shapes = [conformation(k) for k in range(datasets)]


def dataset(k):
    """Dataset k: particles, halves, maps and truth."""
    number = NUMBER + k
    xyz = shapes[k]
    truth = density(xyz)
    taken = take(truth, number)
    first, second = split(particles, number)
    half1, half2, average = reconstruct(taken, first, second)
    return SimpleNamespace(k=k, number=number, xyz=xyz, truth=truth, around=around(truth), taken=taken,
                           first=first, second=second, half1=half1, half2=half2, average=average,
                           picks=picks_of(particles, number), rotations=taken.rotations)  # fmt: skip


# %%
with ThreadPoolExecutor(2) as pool:
    sets = list(pool.map(dataset, range(datasets)))

for one in sets:
    add_case("independent", one)
    add_case("tool-own", one, claimed=own_claim(one.half1, one.half2, one.average, one.number))
    add_case("same-half-twice", but(one, half2=one.half1, second=one.first))
settle("independent", "tool-own", "same-half-twice")

# %% [markdown]
# **How sure is one claim?** Where the particles are at hand, they can be split again, reconstructed and read again. Where only two half
# maps are, the number of independent values in each shell gives an interval; it is conditional on that one split.

# %% tags=["hide-input"]
one = cases["independent"][0]


def resplit(number):
    """The corrected curve of one more random split of the same particles, under the same mask."""
    again = reconstruct(one.taken, *split(particles, NUMBER + 5000 + number))
    return maps.randomised(*again[:2], one.mask, seed=number).corrected


many = maps.fsc_interval(resplit, 0.143, PIXEL, splits=8)
single = maps.fsc_interval(one.curves, 0.143, PIXEL, mask=one.mask)
claims = [c.claimed for c in cases["independent"]]
display(Markdown(
    f"The first dataset, split anew {many.n} times: {many.resolution:.2f} Å, and 90 % of further splits between {many.low:.2f} and {many.high:.2f} Å. "
    f"From its two half maps alone: {single.low:.2f} to {single.high:.2f} Å. The claims of all {len(claims)} datasets lie between {min(claims):.2f} and "
    f"{max(claims):.2f} Å: other particles and another conformation are in neither interval."
))  # fmt: skip

# %% [markdown]
# **(a) The mask.** The maps do not change, only what is cut out of them before the curve is taken.

# %%
for one in sets:
    add_case("mask-hard", one, hard(one.average), corrected=False)
    add_case("mask-hard-corrected", one, hard(one.average))
    add_case("mask-from-noise", one, from_noise(one.average), corrected=False)
    add_case("mask-from-noise-corrected", one, from_noise(one.average))
    add_case("mask-dust-corrected", one, from_noise(one.average, deviations=1))
settle(*(arm for arm in cases if arm.startswith("mask")))


# %% tags=["hide-input"]
def angstrom_axis(ax, pixel=PIXEL, ticks=(20, 10, 7, 5, 4)):
    ax.axhline(0.143, color="black", lw=0.8)
    ax.set(
        xticks=[pixel / t for t in ticks], xticklabels=ticks, xlim=(0, 0.5), ylim=(-0.15, 1.05), xlabel="Å"
    )


fig, axes = plt.subplots(2, 4, figsize=(7, 4))
SHOWN = {"independent": "soft", "mask-hard-corrected": "hard", "mask-from-noise-corrected": "above 2 s.d.",
         "mask-dust-corrected": "above 1 s.d."}  # fmt: skip
for column, (arm, title) in enumerate(SHOWN.items()):
    case = cases[arm][0]
    top, bottom = axes[:, column]
    top.imshow(case.average[BOX // 2], cmap="gray")
    top.contour(case.mask[BOX // 2], [0.5], colors="#F0E442", linewidths=1.2)
    top.set(xticks=[], yticks=[], title=title)
    curves = case.curves
    for curve, colour, style, label in ((curves.masked, "#D55E00", "-", "masked"),
                                        (curves.randomised, "#999999", "--", "randomised"),
                                        (curves.corrected, "#0072B2", "-", "corrected")):  # fmt: skip
        bottom.plot(curve.frequency, curve.fsc, style, color=colour, label=label)
    bottom.axvline(PIXEL / case.true, color="#009E73", lw=1.5, ls=":", label="true")
    angstrom_axis(bottom)
fig.legend(*axes[1, 0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
axes[1, 0].set_ylabel("FSC")
show("masks")

# %% [markdown]
# *Top: the middle slice of one map, the mask in yellow. Bottom: the FSC of the same two half maps under each mask. Where the grey dashed
# curve is high, two maps with random phases agree because they wear one mask. Look where blue crosses the black line, and where it should:
# at the dotted green one.*

# %% tags=["hide-input"]
said = []
for arm, which in (("mask-hard-corrected", "a hard edge"), ("mask-from-noise-corrected", "all above two standard deviations"),
                   ("mask-dust-corrected", "all above one")):  # fmt: skip
    high = sum(not c.curves.at(PIXEL / c.claimed) <= 0.2 for c in cases[arm])
    said.append(f"{which}, claim off by {shown[arm].bias:+.0%}, refused in {high} of {len(cases[arm])}")
display(
    Markdown(
        f"**After correction:** {'; '.join(said)}. A correction can take off too much or too little. The limit of 0.2 sees the first."
    )
)

# %% [markdown]
# **(b) Noise common to both halves.** Aligning both halves to one noisy reference leaves the reference's noise in both maps.
# Reconstruction adds images up, so here the shared noise is added to the finished maps: it is the noise of *another* dataset's
# reconstruction, at a quarter or a twentieth of the power of a half map's own. That is a simulation of the effect, not of an alignment.


# %%
def with_common_noise(one, share):
    other = sets[(one.k + 1) % len(sets)]
    noise = (other.half1 - other.half2) / np.sqrt(2)  # no signal, the power of one half
    return on_maps(one, lambda m: m + np.sqrt(share) * noise)


for one in sets:
    add_case("common-noise", with_common_noise(one, 1 / 4))
    add_case("common-noise-weak", with_common_noise(one, 1 / 20))
settle("common-noise", "common-noise-weak")

# %% [markdown]
# **(c) The same particle in both halves.** A picker that marks a particle twice, a few pixels apart, gives two boxes with the same
# noise. Half of the particles are picked twice here, and the picks are split at random. The number of picks stays the same.


# %% tags=["hide-input"]
def repicked(one, share):
    """Picks of which `share` of the particles come twice, up to 3 px apart; the second box is the first, moved."""
    rng = np.random.default_rng(one.number + 500)
    unique = round(particles / (1 + share))
    again = rng.choice(unique, particles - unique, replace=False)
    move = rng.integers(-3, 4, (len(again), 2))
    images = np.array(
        [np.roll(one.taken.images[i], (-dy, -dx), (0, 1)) for i, (dx, dy) in zip(again, move, strict=True)]
    )
    table = one.picks.iloc[np.r_[:unique, again]].reset_index(drop=True)
    table.loc[unique:, ["x", "y"]] += move
    index = np.r_[:unique, again]
    stack = SimpleNamespace(images=np.concatenate([one.taken.images[:unique], images]), rotations=one.rotations[index],
                            shifts=np.r_[np.zeros((unique, 2)), -move.astype(float)],
                            ctfs=[one.taken.ctfs[i] for i in index])  # fmt: skip
    return stack, table


def rebuilt(one, stack, table, first, second, **also):
    half1, half2, average = reconstruct(stack, first, second, pixel=also.pop("pixel", PIXEL))
    new = {"half1": half1, "half2": half2, "average": average, "taken": stack, "picks": table, "first": first,
           "second": second, "rotations": stack.rotations}  # fmt: skip
    return but(one, **new, **also)


# %%
def without_repeats(table, distance):
    keep = []
    for _, spot in table.groupby("micrograph"):
        near = cKDTree(spot[["x", "y"]]).query_pairs(distance, output_type="ndarray")
        keep.extend(spot.index.difference(spot.index[near.max(axis=1)]))  # the later of two
    return np.sort(keep)


def duplicated(one, share=0.5):
    stack, table = repicked(one, share)
    return rebuilt(one, stack, table, *split(particles, one.number + 1))


def cleaned(one, share=0.5):
    stack, table = repicked(one, share)
    kept = table.loc[without_repeats(table, 0.25 * DIAMETER / PIXEL)]
    odd = kept.micrograph % 2 == 1
    return rebuilt(one, stack, table, kept.index[odd].to_numpy(), kept.index[~odd].to_numpy())


# %%
with ThreadPoolExecutor(2) as pool:
    for case in pool.map(duplicated, sets):
        add_case("duplicates", case)
settle("duplicates")

# %% [markdown]
# **(d) Sharpening.** A B-factor of −300 Å² is applied to the map and to both halves: every shell is multiplied by one number. The unmasked
# FSC must not move, but for the little that the factor changes across the width of a shell. What does move is the noise, and the fit of the model: the Q-score {cite:p}`pintilie2020` says how much the
# density around an atom looks like that of an atom.


# %%
for one in sets:
    add_case("sharpened", on_maps(one, lambda m: sharpened(m, b=300)))
settle("sharpened")

# %% tags=["hide-input"]
rows = []
for one, case in zip(sets, cases["sharpened"], strict=True):
    solvent, inside = one.around == 0, one.around == 1
    atoms = one.xyz + BOX // 2 * PIXEL  # origin at voxel 0
    row = {
        "FSC moved by": np.abs(maps.fsc(one.half1, one.half2).fsc - maps.fsc(case.half1, case.half2).fsc)[
            1:
        ].max()
    }
    for name, m in (("before", one.average), ("after", case.average)):
        row[f"noise peak {name}"] = np.abs(m[solvent]).max() / m[inside].mean()
        row[f"Q {name}"] = np.nanmean(maps.q_score(m, PIXEL, (0, 0, 0), atoms))
    rows.append(row)
moved = pd.DataFrame(rows)
display(Markdown(
    f"Over {len(moved)} datasets the unmasked FSC moved by at most {moved['FSC moved by'].max():.3f}. The highest noise peak outside the molecule "
    f"went from {moved['noise peak before'].mean():.1f} to {moved['noise peak after'].mean():.1f} times the mean density inside, and the mean "
    f"Q-score from {moved['Q before'].mean():.2f} to {moved['Q after'].mean():.2f}."
))  # fmt: skip

# %% [markdown]
# **(e) A curve that never falls.** The same particles at 5.33 Å a pixel, in a box of 24. The signal is strong at every frequency that is
# left, and the curve ends far above 0.143. What gets written down is Nyquist, two pixels: a property of the camera setting.


# %%
def binned(one, box=24):
    spectrum = fft.fftshift(fft.fft2(one.taken.images), axes=(1, 2))
    edge = (BOX - box) // 2
    spectrum = fft.ifftshift(spectrum[:, edge:-edge, edge:-edge], axes=(1, 2))
    stack = but(one.taken, images=fft.ifft2(spectrum).real.astype(np.float32))
    return rebuilt(one, stack, one.picks, one.first, one.second, pixel=PIXEL * BOX / box)


for one in sets:
    add_case(
        "binned",
        binned(one),
        pixel=PIXEL * BOX / 24,
        true=true_resolution(one.average, one.truth, one.around),
    )
settle("binned")

# %% [markdown]
# ## Shift
#
# These change the data, not the bookkeeping. For the first two one expects an honest number that gets worse.
#
# - **A small box.** Defocus spreads the signal: at 1 µm and 6 Å by 33 Å. A box of 80 Å around a molecule of 58 Å cuts it off.
# - **Defocus errors** of 1500 Å (s.d.) for each particle.
# - **The wrong hand.** Both halves mirrored: their FSC is the same number for number.
# - **Preferred orientation.** Views gather about one axis (von Mises-Fisher, concentration 10).
# - **A flexible domain.** The lid, residues 122 to 159, is blurred to 16 Å in the specimen itself.


# %% tags=["hide-input"]
def small_box(one, box=40):
    edge = (BOX - box) // 2
    inner = slice(edge, BOX - edge)
    stack = but(one.taken, images=one.taken.images[:, inner, inner])
    return rebuilt(one, stack, one.picks, one.first, one.second,
                   truth=one.truth[inner, inner, inner], around=one.around[inner, inner, inner])  # fmt: skip


def defocus_error(one, error=1500):
    off = np.random.default_rng(one.number).normal(0, error, particles)
    ctfs = [
        cryoem.CTF(max(c.defocus_u + d, 100), b_factor=300) for c, d in zip(one.taken.ctfs, off, strict=True)
    ]
    stack = but(one.taken, ctfs=ctfs)
    return rebuilt(one, stack, one.picks, one.first, one.second)


# %% tags=["hide-input"]
def preferred(one, kappa=10):
    rotations = cryoem.preferred_rotations(particles, kappa=kappa, seed=one.number, axis=(0, 0, 1))
    return rebuilt(one, take(one.truth, one.number, rotations=rotations), one.picks, one.first, one.second)


def flexible(one):
    lid = density(one.xyz, LID, resolution=16)
    truth = density(one.xyz, ~LID) + lid
    core = density(one.xyz, ~LID, resolution=16)
    return rebuilt(one, take(truth, one.number), one.picks, one.first, one.second, truth=truth, around=around(truth),
                   lid=maps.soften((lid > core) & (lid > 0.3 * lid.max()), 3))  # fmt: skip


# %% tags=["hide-input"]
def turned(values, axes):
    """A map mirrored along the given axes about voxel D // 2."""
    return np.roll(np.flip(values, axes), 1, axes)


def mirror_placements(values):
    """The mirrored map in its four placements along the principal axes."""
    return [turned(values, axes) for axes in ((0,), (1,), (2,), (0, 1, 2))]


def in_the_lid(case):
    """FSC of map and truth inside the lid, corrected for what so small a mask adds to both."""
    return maps.randomised(case.average, case.truth, case.lid, seed=case.number, threshold=0.5).corrected


AXIS = (0.0, 0.0, 1.0)
with ThreadPoolExecutor(2) as pool:
    for arm, make in (
        ("small-box", small_box),
        ("defocus-error", defocus_error),
        ("preferred", preferred),
        ("flexible", flexible),
    ):
        for case in pool.map(make, sets):
            add_case(arm, case)
for one in sets:
    case = on_maps(one, lambda m: turned(m, (0,)))
    best = min(true_resolution(m, one.truth, one.around) for m in mirror_placements(one.average))
    add_case("mirrored", case, true=best)
for one in list(cases["preferred"]):
    add_case(
        "preferred-worst",
        one,
        true=read(maps.directional_fsc(one.average, one.truth, AXIS, one.around), 0.5, PIXEL),
    )
for one in list(cases["flexible"]):
    add_case("flexible-domain", one, true=read(in_the_lid(one), 0.5, PIXEL))
settle(
    "small-box", "defocus-error", "mirrored", "preferred", "preferred-worst", "flexible", "flexible-domain"
)

# %% [markdown]
# Now all claims at once.

# %% tags=["hide-input"]
GROUPS = {"controls": ("independent", "same-half-twice"), "the tool's own": ("tool-own",),
          "(a) mask": ("mask-hard", "mask-hard-corrected", "mask-from-noise", "mask-from-noise-corrected", "mask-dust-corrected"),
          "(b) common noise": ("common-noise", "common-noise-weak"), "(c) same particles": ("duplicates",),
          "(d) sharpening": ("sharpened",), "(e) sampling": ("binned",),
          "shifts": ("small-box", "defocus-error", "mirrored", "preferred", "preferred-worst", "flexible", "flexible-domain")}  # fmt: skip
order = [arm for arms in GROUPS.values() for arm in arms]
fig, ax = plt.subplots(figsize=(7, 6.6))
for y, arm in enumerate(order):
    true, claimed = [np.array([getattr(c, k) for c in cases[arm]]) for k in ("true", "claimed")]
    ax.plot([true.mean(), claimed.mean()], [y, y], color="#999999", lw=2, zorder=0)
    ax.plot(true, np.full(len(true), y), "|", color="#009E73", ms=11, mew=2, label="true" if y == 0 else None)
    ax.plot(claimed, np.full(len(true), y), "o", color="#0072B2", ms=5, label="claimed" if y == 0 else None)
    ax.text(1.01, y, f"{shown[arm].shape} {shown[arm].word}", transform=ax.get_yaxis_transform(), va="center", fontsize=10,
            color=record.figures.COLOURS[shown[arm].word])  # fmt: skip
ax.axvline(2 * PIXEL, color="black", lw=0.8, ls=":")
ax.text(2 * PIXEL, -0.9, "Nyquist", ha="center", fontsize=10)
ax.set(xscale="log", xticks=(4, 5, 7, 10, 15, 25), xticklabels=(4, 5, 7, 10, 15, 25), xlabel="resolution, Å",
       yticks=range(len(order)), yticklabels=order, ylim=(len(order) - 0.5, -1.4))  # fmt: skip
ax.minorticks_off()
ax.legend(loc="lower right", fontsize=10)
show("claimed-and-true")

# %% [markdown]
# *Green bars: true resolution of each dataset's map. Blue dots: what would be published. A blue dot left of its green bar promises detail
# that is not there. Compare two rows with the control. Wrong defocus damages the map; do both marks move, so that the FSC says so? A small
# box damages it too; does the blue dot follow the green bar?*


# %% tags=["hide-input"]
def mean(arm, what):
    return float(np.mean([getattr(c, what) for c in cases[arm]]))


tiny = [small_box(one, box=32) for one in sets]
tiny = np.mean([true_resolution(one.average, one.truth, one.around) for one in tiny])


display(Markdown(
    f"**A small box is a loss.** Without a mask the halves cross 0.143 at {mean('small-box', 'unmasked'):.2f} Å in the small box and at "
    f"{mean('independent', 'unmasked'):.2f} Å in the large one: less solvent, less noise, a curve that looks "
    f"{'better' if mean('small-box', 'unmasked') < mean('independent', 'unmasked') else 'no better'}. The true resolution went from "
    f"{mean('independent', 'true'):.2f} Å to {mean('small-box', 'true'):.2f} Å, and in a box of 64 Å to {tiny:.2f} Å. Defocus errors took it to {mean('defocus-error', 'true'):.2f} Å."
))  # fmt: skip

# %% [markdown]
# **Direction and place.** The two arms ending in *worst* and *domain* quote an honest global number for a part of the map in which it is
# not true: a cone of 20° about the axis of the views, which they do not sample {cite:p}`tan2017`, and the blurred lid. In the public tier the
# published curves of a real data set with the same fault stand beside them.

# %% tags=["hide-input"]
fig, axes = plt.subplots(1, 2, figsize=(7, 3.6))
case = cases["preferred"][0]
for axis, label, colour in (
    ((1, 0, 0), "cone along x", "#56B4E9"),
    (AXIS, "cone along z, the viewing axis", "#D55E00"),
):
    curve = maps.directional_fsc(case.average, case.truth, axis, case.around)
    axes[0].plot(curve.frequency, curve.fsc, color=colour, label=label)
curve = maps.fsc(case.average, case.truth, case.around)
axes[0].plot(curve.frequency, curve.fsc, color="black", ls="--", label="all directions")
axes[0].set_title("preferred views")
case = cases["flexible"][0]
for curve, label, colour in ((maps.fsc(case.average, case.truth, case.around), "whole molecule", "black"),
                             (in_the_lid(case), "lid, corrected for its mask", "#D55E00")):  # fmt: skip
    axes[1].plot(curve.frequency, curve.fsc, color=colour, ls="--" if colour == "black" else "-", label=label)
axes[1].set_title("flexible domain")
for a in axes:
    angstrom_axis(a)
    a.axhline(0.5, color="black", lw=0.8, ls=":")
    a.set(ylim=(-0.15, 1.6), yticks=np.arange(0, 1.1, 0.2))
    a.legend(fontsize=9, loc="upper right")
axes[0].set_ylabel("FSC with the truth")
show("directions")

# %% [markdown]
# *FSC of the map with the truth; the dotted line is 0.5. Left: two directions of one map. Right: one map, whole and in the lid. The black
# dashed curve is what a single number sums up. How far left of it does the orange one fall? In the lid the corrected curve cannot be read
# before the shell at which phases become random; the true number there is the one given or a coarser one.*

# %% tags=["hide-input"]
if tier != "embedded":
    t40 = pd.read_csv(
        data.fetch("t40-fsc") / "PlotsT40-3DFSC.csv",
        sep=r"\s+",
        header=None,
        names=["x", "y", "z", "phase", "all"],
    )
    shells = np.arange(len(t40)) / 144
    curves = {
        k: maps.Curve(shells, t40[k].to_numpy(), np.ones(len(t40), int)) for k in ("x", "y", "z", "all")
    }
    published = {k: maps.resolution(c, 0.143, 1.31) for k, c in curves.items()}
    fig, ax = plt.subplots(figsize=(6, 3.4))
    for k, colour in (("x", "#56B4E9"), ("y", "#009E73"), ("z", "#D55E00"), ("all", "black")):
        ax.plot(
            curves[k].frequency,
            curves[k].fsc,
            color=colour,
            ls="--" if k == "all" else "-",
            label=f"{k}: {published[k]:.2f} Å",
        )
    angstrom_axis(ax, 1.31, (20, 10, 7, 5, 4, 3))
    ax.legend(fontsize=9)
    show("t40")
    verdict = judge.agreement([published["all"]], [published["z"]], scope="image", tolerance=0.10)
    page.add(
        "t40-worst",
        verdict,
        measurement="resolution",
        plausibility={"claimed, Å": published["all"]},
        datasets=["t40-fsc"],
        tool="3DFSC",
        version="as published",
    )
    display(Markdown(f"*Real data: the published curves of a data set tilted by 40° (T40). The dashed black curve gives {published['all']:.2f} Å. Along z the "
                     f"halves stop agreeing at {published['z']:.2f} Å. There is no truth here: the direction z stands for it.*"))  # fmt: skip

# %% [markdown]
# ## Would you have noticed?
#
# Ten checks that need no truth. Their rules were written down before the first run, but for the last and for the words "or no
# shell is left to randomise", which were added after one. The numbers in them come from theory or from the checks' authors, not from
# these data.
#
# - **randomised**: the phase-randomised FSC at the claimed resolution is above 0.2, or no shell is left to randomise. The
#   correction is then refused, not quoted.
# - **floor**: the unmasked FSC, averaged over the last five shells before Nyquist, is above 0.05.
# - **never falls**: the claimed curve does not reach 0.143 before Nyquist.
# - **identity**: more than 1 % of the particles have a neighbour in the other half, on the same micrograph, within a quarter of
#   the particle's diameter.
# - **gap**: the claim is finer than the unmasked FSC's own crossing by more than 20 %.
# - **cone area**: the conical FSC area ratio is below 0.5 (64 cones of 20° half-angle, inside the mask).
# - **views**: the sampling compensation factor of the orientations is below 0.81 (at shell 16).
# - **hand**: a model of another conformation fits the mirrored map better than the map.
# - **local**: in the worst eighth of the molecule the half maps agree only to a resolution 25 % coarser than the claim.
# - **mask**: the FSC of the mask with the map, averaged over the last five shells before Nyquist, is above 0.05. This one was
#   added after a first run, on other seeds and another signal-to-noise ratio.


# %% tags=["hide-input"]
CHECKS = {"randomised": "the randomised FSC at the claim is above 0.2, or cannot be had", "floor": "the unmasked FSC near Nyquist is above 0.05",
          "never falls": "the claimed curve does not reach 0.143", "identity": "more than 1 % of the particles have a close neighbour in the other half",
          "gap": "the claim is over 20 % finer than the unmasked crossing", "cone area": "the conical FSC area ratio is below 0.5",
          "views": "the sampling compensation factor is below 0.81", "hand": "another conformation fits the mirrored map better",
          "local": "the worst eighth is over 25 % coarser than the claim",
          "mask": "the FSC of mask and map near Nyquist is above 0.05"}  # fmt: skip


# %%
def shared_particles(case):
    """Share of the particles with a close neighbour, or themselves, in the other half."""
    a, b = case.picks.loc[case.first], case.picks.loc[case.second]
    spots = [np.c_[1e6 * t.micrograph, t.x, t.y] for t in (a, b)]  # micrographs are far apart
    near, _ = cKDTree(spots[0]).query(spots[1])
    return np.mean(near < 0.25 * DIAMETER / PIXEL)


def first_checks(case):
    at = case.curves.at(case.pixel / case.claimed)
    end = case.curves.unmasked.fsc[-5:].mean()
    falls = np.isfinite(maps.resolution(case.quoted, 0.143, case.pixel))
    return {"randomised": not at <= 0.2, "floor": end > 0.05, "never falls": not falls,
            "identity": shared_particles(case) > 0.01,
            "gap": case.claimed < 0.8 * case.unmasked}  # fmt: skip


# %% tags=["hide-input"]
def eighths(case):
    """Coarsest resolution of the eight octants of the molecule about its centre, from the half maps alone."""
    box = len(case.mask)
    body = case.mask > 0.5
    middle = np.array(ndimage.center_of_mass(body))
    side = np.moveaxis(np.indices(body.shape), 0, -1) > middle
    found = []
    for octant in np.ndindex(2, 2, 2):
        part = body & (side == np.array(octant, bool)).all(-1)
        if part.sum() > 0.02 * body.sum():
            found.append(
                read(maps.fsc(case.half1, case.half2, maps.soften(part, 10 / case.pixel)), 0.143, case.pixel)
            )
    return max(found) if found else box * case.pixel


def hand_is_wrong(case):
    """Whether another conformation, half the path away, fits the mirrored map better; each in four placements."""
    box = len(case.average)
    model = cryoem.density(conformation(case.k, away=49), heavy.masses, box=box, pixel_size=case.pixel,
                           resolution=max(6.0, 2 * case.pixel), centre=(0, 0, 0))  # fmt: skip
    ball = maps.soft_mask(model.shape, 0.6 * DIAMETER / case.pixel, 2)
    same_hand = [case.average] + [turned(case.average, axes) for axes in ((0, 1), (0, 2), (1, 2))]
    fits = [
        max(maps.correlation(m, model, ball) for m in group)
        for group in (same_hand, mirror_placements(case.average))
    ]
    return fits[1] > fits[0]


def later_checks(case):
    cones = maps.conical_fsc(case.half1, case.half2, 64, case.mask)
    scf = maps.sampling_compensation(case.rotations, radius=16).scf  # shell 16: 8 A in the large box
    return {"cone area": maps.conical_area_ratio(cones) < 0.5, "views": scf < 0.81,
            "hand": hand_is_wrong(case), "mask": maps.fsc(case.mask, case.average).fsc[-5:].mean() > 0.05, "local": eighths(case) > 1.25 * case.claimed}  # fmt: skip


alarms = {
    arm: [{k: bool(v) for k, v in (first_checks(c) | later_checks(c)).items()} for c in cases[arm]]
    for arm in order
}
wrong = [abs(c.claimed / c.true - 1) > 0.10 for arm in order for c in cases[arm]]
caught = {}
for check, rule in CHECKS.items():
    caught[check] = judge.alarms([a[check] for arm in order for a in alarms[arm]], wrong)
    page.alarms(check, caught[check], rule=rule)

# %% [markdown]
# Each line counts claims of one arm on one dataset: those off by more than the tolerance, and the good ones. The second half of a line
# matters as much as the first.


# %% tags=["hide-input"]
SHAPES = {"HOLDS": ("o", "#E69F00"), "FAILS": ("s", "#D55E00"), "UNDETERMINED": ("D", "#999999"),
          "UNSTABLE": ("^", "#8A4B73")}  # fmt: skip


def overview(arms, height, name, columns=tuple(CHECKS)):
    """The trap-by-check table: FSC curves at the left, claims, and a filled mark where a check rang."""
    columns = (*columns, "truth")
    shape = {"figsize": (7.4, height * len(arms) + 1.1), "width_ratios": (1, 4.4), "squeeze": False}
    fig, axes = plt.subplots(len(arms), 2, **shape)
    for (left, right), arm in zip(axes, arms, strict=True):
        for c in cases[arm]:
            left.plot(c.quoted.frequency / c.pixel, c.quoted.fsc, color="#0072B2", lw=1, alpha=0.5)
            left.axvline(1 / c.true, color="#009E73", lw=1, alpha=0.6)
        left.axhline(0.143, color="black", lw=0.6)
        left.set(xlim=(0, 0.25), ylim=(-0.1, 1.05), xticks=[], yticks=[])
        right.set(xlim=(-5.2, len(columns) - 0.5), ylim=(-1, 1), xticks=[], yticks=[])
        right.spines[:].set_visible(False)
        claimed, true = (np.mean([getattr(c, k) for c in cases[arm]]) for k in ("claimed", "true"))
        right.text(
            -5.3, 0, f"{arm}\n{claimed:.1f} Å, true {true:.1f}", va="center", fontsize=9, linespacing=1.1
        )
        marker, colour = SHAPES[shown[arm].word]
        off = sum(abs(c.claimed / c.true - 1) > 0.10 for c in cases[arm])
        for x, rang in enumerate([sum(a[check] for a in alarms[arm]) for check in columns[:-1]] + [off]):
            if rang:
                right.scatter(
                    x, 0, s=190, marker=marker, color=colour, alpha=0.3 + 0.7 * rang / len(cases[arm])
                )
            right.text(x, 0, f"{rang}" if rang else "·", ha="center", va="center", fontsize=10)
    for x, check in enumerate(columns):
        axes[0, 1].text(x - 0.2, 1.3, check, rotation=45, ha="left", va="bottom", fontsize=10)
    axes[-1, 0].set(xticks=[1 / 20, 1 / 7, 1 / 4], xticklabels=["20", "7", "4 Å"])
    plt.savefig(f"figures/{name}.png")
    return fig


overview(order, 0.46, "trap-by-check")
plt.show()

# %% [markdown]
# *Traps and the checks that see them. Each row is a claim: its FSC curves in blue (one a dataset), the true resolution in green, then the checks. The
# number in a mark says in how many datasets the check rang. Orange-red squares: rung at a claim that fails. Light orange circles: a
# false alarm, at a claim that holds. Grey diamonds: at a claim that was not decided; purple triangles: at one whose word changes with the seed. The last column needs the truth: how many claims
# were off by more than the tolerance. Read down a column to see what a check cannot see, and along a row to see who would have warned you.*

# %% tags=["hide-input"]
bad = [arm for arm in order if shown[arm].fails]
quiet = [check for check in CHECKS if check != "gap"]
silent = [arm for arm in bad if not any(sum(a[c] for a in alarms[arm]) > len(alarms[arm]) / 2 for c in quiet)]
lines = []
for check in CHECKS:
    seen = [arm for arm in bad if sum(a[check] for a in alarms[arm]) > len(alarms[arm]) / 2]
    false = [
        arm for arm in order if arm not in bad and sum(a[check] for a in alarms[arm]) > len(alarms[arm]) / 2
    ]
    lines.append(f"| {check} | {', '.join(seen) or 'none'} | {', '.join(false) or 'none'} | {caught[check].hits} of "
                 f"{caught[check].hits + caught[check].misses} | {caught[check].false_alarms} of {caught[check].false_alarms + caught[check].quiet} |")  # fmt: skip
head = [
    "| check | arms that fail, caught | arms that do not fail, disturbed | hits | false alarms |",
    "|---|---|---|---|---|",
]
display(Markdown("\n".join(head + lines)))
display(
    Markdown(
        f"Failing arms at which nothing but the gap rang in more than half of the datasets: {', '.join(silent) or 'none'}."
    )
)

# %% [markdown]
# *An arm is listed where a check rang in more than half of its datasets.*
#
# Three things are worth keeping. Phase randomisation, the usual check, sees what a mask adds, if the mask does not know the noise. Where
# the *unmasked* curve stays above 0.8 it has nothing to randomise and refuses. Shared noise and shared particles it cannot see. Two of the arms, *preferred-worst* and *flexible-domain*, have the same maps as *preferred* and
# *flexible*: what is wrong there is the reading of an honest number, so a check that rings for one rings for the other. And a check that
# rings often, like the gap, has caught little.

# %% tags=["hide-input"]
display(Markdown(page.other_seeds()))

# %% [markdown]
# ## What to do
#
# **Repair what can be repaired.** Repeats are found by their place: of two picks on one micrograph within a quarter of a diameter, one goes.
# Then the halves are split *by micrograph*, so that neighbours with overlapping boxes end up in one half.

# %%
with ThreadPoolExecutor(2) as pool:
    for case in pool.map(cleaned, sets):
        add_case("duplicates-removed", case)
settle("duplicates-removed")

# %% tags=["hide-input"]
after = [
    {k: bool(v) for k, v in (first_checks(c) | later_checks(c)).items()} for c in cases["duplicates-removed"]
]
rang = [f"{check} in {sum(a[check] for a in after)}" for check in CHECKS if any(a[check] for a in after)]
print(f"checks that ring at the repaired claims, of {len(after)}: {', '.join(rang) or 'none'}")
if profile == "full":
    for percent in (5, 10, 25):
        for one in sets:
            add_case(f"duplicates-{percent:02d}", duplicated(one, percent / 100))
        settle(f"duplicates-{percent:02d}")
refuse = ("randomised", "floor", "never falls", "identity", "mask")
kept = [(arm, i) for arm in order for i, a in enumerate(alarms[arm]) if not any(a[c] for c in refuse)]
still = [f"{arm}" for arm, i in kept if abs(cases[arm][i].claimed / cases[arm][i].true - 1) > 0.10]
names = "; ".join(f"{arm} {still.count(arm)}" for arm in dict.fromkeys(still))
good = sum(not w for w in wrong)
lost = good - (len(kept) - len(still))
display(Markdown(
    f"**Refuse what cannot.** Quote no number when one of {', '.join(refuse)} rings. Of {len(wrong)} claims, {sum(wrong)} were wrong. The rule keeps "
    f"{len(kept)}, of which {len(still)} are wrong{f' ({names})' if names else ''}. It also turned away {lost} of {good} good ones."
))  # fmt: skip

# %% [markdown]
# All rules but these two were declared before the first run, and nothing was chosen on these datasets, so the remedy is judged on them. What passes the rule
# and is still wrong needs a statement of another kind: the hand from the model, directions and places beside the global number.
#
# **Keep the record with the map.** B-factor and low-pass change what a reader sees and leave no trace in the FSC. They belong into the
# file. An MRC header has ten lines of text for it.

# %%
case = cases["sharpened"][0]
finished = low_passed(case.average, 0.5 * case.claimed)
with mrcfile.new("sharpened.mrc", data=finished, overwrite=True) as mrc:
    mrc.voxel_size = PIXEL
    mrc.add_label("B-factor -300 A^2 applied to map and half maps")
    mrc.add_label(f"low-pass Gaussian, amplitude 0.61 at {0.5 * case.claimed:.2f} A")
    mrc.add_label(f"FSC 0.143 at {case.claimed:.2f} A, soft mask at 20 A, corrected")
print(*mrcfile.open("sharpened.mrc", header_only=True).get_labels(), sep="\n")

# %% tags=["hide-input"]
if tier != "embedded":
    place = data.fetch("emd30342-qscore")
    real = data.read_map(place / "390_emd_30342_A_z4.mrc")
    model = data.read_model(place / "390_7cec_A.cif")
    text = (place / "390_7cec_A__Q__390_emd_30342_A_z4_All.txt").read_text()
    table = [line.split("\t") for line in text.splitlines() if line.startswith("A\t")]
    published = pd.Series({int(row[2]): float(row[5]) for row in table if row[2].isdigit() and row[5]})
    cube = np.zeros((max(real.values.shape),) * 3, np.float32)
    inner = tuple(slice(n) for n in real.values.shape)
    cube[inner] = real.values
    found = {}
    for b in (0, 25, 50, 100, 150):
        density_b = sharpened(cube, b, real.pixel_size)[inner] if b else real.values
        q = maps.q_score(density_b, real.pixel_size, real.origin, model[["x", "y", "z"]])
        found[b] = pd.Series(q).groupby(model.residue.to_numpy()).mean()[published.index]
    for arm, b in (("emd30342-q", 0), ("emd30342-q-sharpened", 150)):
        verdict = judge.agreement(
            [found[b].mean()], [published.mean()], scope="image", tolerance=0.05, scale="absolute"
        )
        page.add(arm, verdict, measurement="q_score", plausibility={"r with published": found[b].corr(published)},
                 datasets=["emd30342-qscore"], tool="scopecheck")  # fmt: skip
    display(Markdown(
        f"**Real: EMD-30342, chain A, {len(published)} residues.** Mean Q-score {found[0].mean():.3f} as deposited, published {published.mean():.3f}, r = {found[0].corr(published):.3f}. "
        "With more sharpening and no low-pass: " + ", ".join(f"B −{b} Å² {found[b].mean():.2f}" for b in found if b) + ". No FSC of this map can say so: half maps were not part of the file."
    ))  # fmt: skip
    for name in ("EMD-3197.map", "EMD-3001.map"):
        path = data.fetch("emdb-small") / name
        try:
            small = data.read_map(path)
            display(Markdown(f"**{name}**: {small.values.shape[0]} voxels of {small.pixel_size:.2f} Å along z. No resolution finer than {2 * small.pixel_size:.1f} Å can be true of it, and without half maps none can be checked."))  # fmt: skip
        except ValueError as error:
            display(Markdown(f"**{name}** is refused by the reader: {str(error).replace(str(path), name)}"))

# %% [markdown]
# ## On your own images
#
# Give the paths of two *unmasked, unfiltered* half maps as `my_half1` and `my_half2`, and a mask if you have one. Without paths the cell shows
# what it does with a map of this page. From the command line: `scopecheck score fsc HALF1 HALF2 --mask MASK`.

# %% tags=["hide-input"]
if not my_half1:
    for name, values in (("mine1.mrc", sets[0].half1), ("mine2.mrc", sets[0].half2)):
        mrcfile.write(name, values, voxel_size=PIXEL, overwrite=True)
    my_half1, my_half2 = "mine1.mrc", "mine2.mrc"

# %%
mine = [data.read_map(path) for path in (my_half1, my_half2)]
a, b, pixel = mine[0].values, mine[1].values, my_pixel or mine[0].pixel_size
mask = data.read_map(my_mask).values if my_mask else soft(a + b, pixel)
number, quoted, curves = claim(a, b, mask, pixel=pixel)
print(maps.same(a, b) or "the two half maps differ")
print(f"claim {number:.2f} A; Nyquist {2 * pixel:.2f} A")
print(f"unmasked {read(curves.unmasked, 0.143, pixel):.2f} A")
print(
    "correction refused: " + curves.reason
    if curves.refused
    else f"randomised FSC {curves.at_claim:.2f} at the claim"
)
print(f"floor near Nyquist {curves.unmasked.fsc[-5:].mean():.3f}; alarm above 0.05")

# %% [markdown]
# Then look where no half map can: are the two particle lists disjoint, by micrograph and place? Is the hand fixed, by a helix or a model?
# Are there directions without views, and parts without density?
#
# ## What to write

# %% tags=["hide-input"]
v, case = shown["independent"], cases["independent"][0]
display(Markdown(
    f"> Half maps were reconstructed from {2 * len(case.first)} particles, no two picks closer than the particle's diameter, split at random, "
    f"with cryoDRGN's backproject_voxel. Resolution: FSC 0.143 at {case.claimed:.2f} Å, linear interpolation, soft mask (map at 20 Å, 4 Å "
    f"dilation, 10 Å cosine edge), corrected by phase randomisation beyond {PIXEL / case.curves.frequency:.1f} Å; randomised FSC {case.curves.at_claim:.2f} at the claim; unmasked FSC 0.143 at "
    f"{case.unmasked:.2f} Å, {case.curves.unmasked.fsc[-5:].mean():.3f} near Nyquist ({2 * PIXEL:.1f} Å). No sharpening. On {v.n} simulated data sets of known truth the same procedure was "
    f"off by {v.bias:+.0%} (tolerance ±10 %): {v.told}."
))  # fmt: skip

# %% [markdown]
# Say which curve, which mask, which threshold, which split. A resolution without these four is a number without a unit.

# %% tags=["hide-input"]
display(page.table())

# %% tags=["verdict", "nbval-check-output"]
page.words()

# %% tags=["hide-input"]
page.save()
front = (
    "independent",
    "mask-hard",
    "mask-dust-corrected",
    "common-noise",
    "duplicates",
    "sharpened",
    "binned",
    "mirrored",
)
fig = overview(front, 0.6, "opening", ("randomised", "floor", "never falls", "identity", "mask", "hand"))
plt.close()
update_display(fig, display_id="opening")
worst = min((a for a in order if a not in ("same-half-twice",)), key=lambda a: shown[a].bias)
update_display(Markdown(
    f"**Answer.** On honest halves the claim is off by {shown['independent'].bias:+.0%}. With noise common to both halves it is off by {shown['common-noise'].bias:+.0%}, with particles in both "
    f"halves by {shown['duplicates'].bias:+.0%}, with a mask of dust drawn on the noise by {shown['mask-dust-corrected'].bias:+.0%} *after* correction. The largest promise was *{worst}*: "
    f"{mean(worst, 'claimed'):.1f} Å claimed, {mean(worst, 'true'):.1f} Å true. Of {len(bad)} failing arms, phase randomisation caught "
    f"{sum(sum(a['randomised'] for a in alarms[arm]) > len(alarms[arm]) / 2 for arm in bad)}. Picture: FSC curves (blue), the true resolution (green), and a numbered mark for each check that rang, "
    "square where the claim fails, round where it holds. The last column needs the truth."
), display_id="answer")  # fmt: skip

# %% [markdown]
# ## Exercises
#
# ```{exercise}
# :label: maps-fsc-traps-recall
#
# Two half maps agree to 0.143 at some shell. How well does their average agree with the truth there, and how well does one half map? Write
# down two numbers, then run the cell.
# ```

# %% tags=["solution", "hide-cell"]
half_snr = 0.143 / (1 - 0.143)  # signal over noise in one half map
print(
    f"average: {np.sqrt(2 * half_snr / (1 + 2 * half_snr)):.2f}, one half: {np.sqrt(half_snr / (1 + half_snr)):.2f}"
)
assert abs(np.sqrt(2 * half_snr / (1 + 2 * half_snr)) - 0.5) < 0.001

# %% [markdown]
# ```{exercise}
# :label: maps-fsc-traps-parameter
#
# How many cosine-edge Å does a mask need? Take the hard mask of one dataset and give it edges of 0, 4, 8 and 16 Å. Watch the randomised FSC at
# the claim, not the claim.
# ```

# %% tags=["solution", "hide-cell"]
one, found = sets[0], {}
for edge in (0, 4, 8, 16):
    mask = maps.soften(hard(one.average) > 0, edge / PIXEL)
    number, _, curves = claim(one.half1, one.half2, mask, corrected=False)
    found[edge] = curves.at(PIXEL / number)
    print(
        f"edge {edge:2d} A: claim {number:.2f} A without correction, randomised FSC there {found[edge]:.2f}"
    )
assert found[16] < found[0]

# %% [markdown]
# ```{exercise}
# :label: maps-fsc-traps-new-data
#
# There is nothing in a box of pure noise. Make two independent noise maps, draw a mask on their average as `from_noise` does, and claim a
# resolution, corrected. Which checks ring?
# ```

# %% tags=["solution", "hide-cell"]
rng = np.random.default_rng(seed)
noise = [rng.standard_normal((BOX,) * 3).astype(np.float32) for _ in range(2)]
number, quoted, curves = claim(*noise, from_noise(noise[0] + noise[1]))
print(
    f"claimed {number:.2f} A; unmasked {read(curves.unmasked, 0.143, PIXEL):.0f} A; refused: {curves.refused} ({curves.reason or 'no reason'})"
)
print("never falls:", "never falls" in maps.crossing(quoted, 0.143, PIXEL).reason)
print("gap:", number < 0.8 * read(curves.unmasked, 0.143, PIXEL))
assert read(curves.unmasked, 0.143, PIXEL) > 2 * number

# %% [markdown]
# ### Limits
#
# - Poses and defocus are exact here. Alignment makes errors of its own, and overfits noise; only its effect is simulated, as common noise.
# - One small protein, one microscope. Numbers in Å belong to these data; the order of the checks is what carries over.
# - The half-map noise is nearly white and independent from pixel to pixel. Detectors and ice add noise that is not.
# - The images wrap around at the edge of the large box, so the control has lost nothing to its box; a real one has.
# - The true resolution is read from a noisy curve, too. It scatters by a few per cent from one dataset to the next.
# - Datasets differ in conformation and noise and share molecule and settings: a population of experiments on one specimen.
# - Three things were mended after a run had shown them. One set of random phases had served all datasets, so that their corrections erred
#   together. The common noise had been spread over the whole box and stayed below the floor it was declared to have. The true resolution
#   inside the lid was read without correcting for the lid's own small mask. Predictions and tolerances stayed.
# - Real half maps and raw images are not in the public files used here. The T40 data are curves alone, EMD-30342 is one crop of one map.
