# ---
# jupyter:
#   jupytext:
#     notebook_metadata_filter: kernelspec,scopecheck
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
#   scopecheck:
#     schema: "2.0"
#     kind: page
#     id: picture-quiz
#     title: "A picture quiz: which of these two is right?"
# ---

# %% [markdown]
# # A picture quiz: which of these two is right?
#
# Ten questions, two for each way to fail. In the first of two the pictures **look alike and the truth differs**. In the second they
# **look different and the truth is the same**. Every picture was drawn by this page, so the truth is known.
#
# Write down A, B, *both* or *neither*, and how sure you are, before you open the answer. In a group: raise hands first, talk
# for a minute, raise hands again, and open the answer then. It is folded below its question, as *Show code cell output*; the code is folded
# apart.

# %% tags=["parameters"]
profile = "quick"
tier = "embedded"
seed = 0

# %% tags=["hide-input"]
import matplotlib.pyplot as plt
import numpy as np
from IPython.display import Markdown, display
from scipy import ndimage

from scopecheck import acquire, record
from scopecheck.acquire.outlines import ellipse
from scopecheck.acquire.spots import field
from scopecheck.measure import maps, picks, spots
from scopecheck.tools import classical

record.use_style()
CAMERA = acquire.Camera()


def pair(name, a, b, titles=("", ""), **how):
    """Two pictures side by side, each stretched from its own darkest to its own brightest pixel."""
    figure, axes = plt.subplots(1, 2, figsize=(8, 4.2))
    for ax, image, letter, title in zip(axes, (a, b), "AB", titles, strict=True):
        ax.imshow(image, cmap="gray", **how)
        ax.set_title(f"{letter}  {title}", loc="left", weight="bold")
        ax.axis("off")
    record.show(figure, name)


def answer(text):
    display(Markdown(f"**Answer.** {text}"))


def photo(scene, blur, at):
    """A camera's picture of a scene, blurred by so many pixels."""
    return acquire.expose(acquire.optics.gaussian_blur(scene, blur), CAMERA, 1000 * seed + at)


# %% [markdown]
# ## Segmentation
#
# A threshold marks the nuclei, and each connected patch is counted as one. The number that will be published is the count.

# %% tags=["hide-input"]
SIDE, LONG, WIDE = (192, 192), 34, 17
rng = np.random.default_rng([seed, 1])


def drawn(halves):
    """Twelve patches, each of one long nucleus or of two round ones; labels."""
    labels = np.zeros(SIDE, int)
    for k in range(12):
        angle = rng.uniform(0, np.pi)
        middle = np.array([32 + 64 * (k // 4), 24 + 48 * (k % 4)]) + rng.integers(-4, 5, 2)
        step = np.array([np.sin(angle), np.cos(angle)]) * LONG / 4
        whole = ellipse(LONG, WIDE, angle) if halves == 1 else ellipse(WIDE + 1, WIDE, angle)
        for sign in (-1, 1)[:halves]:
            top, left = np.round(middle + (halves - 1) * sign * step).astype(int) - len(whole) // 2
            part = labels[top : top + len(whole), left : left + len(whole)]
            part[whole & (part == 0)] = labels.max() + 1
    return labels


two, one = drawn(2), drawn(1)
looks = [photo(10 + 100.0 * (labels > 0), 3.2, k) for k, labels in enumerate((two, one))]
patches = [int(classical.objects(classical.foreground(image)).max()) for image in looks]
pair("segmentation-alike", *looks, [f"the tool counts {n}" for n in patches])

# %% [markdown]
# *Two fields of nuclei. Look at the waist of the long patches.*
#
# ```{exercise}
# :label: quiz-segmentation-alike
# In which field is the count right?
# ```

# %% tags=["hide-input", "hide-output", "solution"]
true = [int(labels.max()) for labels in (two, one)]
pair("segmentation-alike-answer", two % 7, one % 7, [f"{n} nuclei" for n in true])
answer(
    f"In B. A holds {true[0]} nuclei that touch in pairs, and the count is {patches[0]}. B holds {true[1]} long ones, and "
    f"the count is {patches[1]}. A mask cannot say which it is. Ask the tool for outlines, and look at the ones that are long."
)
assert patches[0] < 0.75 * true[0]
assert patches[1] == true[1]

# %% tags=["hide-input"]
scene = acquire.scenes.nuclei(SIDE, 20, diameter=22, spacing=8, seed=seed + 3).photons
looks = [photo(scene, 1.0, 3), photo(0.05 * scene, 1.0, 4)]
found = [int(classical.objects(classical.foreground(image, 2)).max()) for image in looks]
pair("segmentation-different", *looks, ["much light", "a twentieth of it"])

# %% [markdown]
# *One field, with much light and with little.*
#
# ```{exercise}
# :label: quiz-segmentation-different
# Each picture is smoothed and thresholded, and its patches are counted. In which is the count right?
# ```

# %% tags=["hide-input", "hide-output", "solution"]
answer(
    f"In both: {found[0]} and {found[1]}, and the truth is 20. Noise between single pixels does not move a count of large, separate "
    "objects. An ugly picture may measure well. Whether it does for your objects has to be measured, too."
)
assert found == [20, 20]

# %% [markdown]
# ## Restoration
#
# Spots are counted in a restored picture. Both pictures come from the same camera and were restored alike.

# %% tags=["hide-input"]
dim = field(SIDE, 30, light=60, sigma=1.6, light_cv=0.1, apart=9, background=(8, 8), seed=seed + 5)
bare = field(SIDE, 0, background=(8, 8), seed=seed + 5)
restored = [
    ndimage.gaussian_filter(photo(spotted.photons, 0, 5 + k).astype(float), 1.6)
    for k, spotted in enumerate((bare, dim))
]
alike = [len(spots.find(image, 1.6, 0.45)[0]) for image in restored]
pair("restoration-alike", *restored)

# %% [markdown]
# *Two restored fields.*
#
# ```{exercise}
# :label: quiz-restoration-alike
# Which of the two holds no spot at all?
# ```

# %% tags=["hide-input", "hide-output", "solution"]
answer(
    f"A. It was drawn with {len(bare.xy)} spots, B with {len(dim.xy)}. At one threshold the same program finds {alike[0]} spots in A "
    f"and {alike[1]} in B. A filter as wide as a spot turns noise into spots of just that width. Restore a field of which you know "
    "that it is empty: what is found there is invented everywhere else, too."
)
assert alike[0] > 5

# %% tags=["hide-input"]
bright = field(SIDE, 18, light=900, sigma=1.6, apart=14, seed=seed + 6)
raw = photo(bright.photons, 0, 9).astype(float)
flat = np.sqrt(np.clip(ndimage.gaussian_filter(raw, 1.0) - raw.min(), 0, None))
least = spots.best([raw], [bright.xy], 1.6)
counted = [
    len(spots.find(raw, 1.6, least)[0]),
    len(spots.find(flat, 1.6, spots.best([flat], [bright.xy], 1.6))[0]),
]
pair("restoration-different", raw, flat, ["as it came", "smoothed, square root"])

# %% [markdown]
# *One field: as the camera gave it, and smoothed with a square root of its grey values.*
#
# ```{exercise}
# :label: quiz-restoration-different
# In which is the number of spots right? In which could you compare their light?
# ```

# %% tags=["hide-input", "hide-output", "solution"]
answer(
    f"The number is right in both: {counted[0]} and {counted[1]} of {len(bright.xy)}, each with its own best threshold. The light can be compared in A "
    "alone. After a square root twice the light is no longer twice the grey value. Which number you publish decides whether "
    "a picture is good."
)
assert counted == [len(bright.xy)] * 2

# %% [markdown]
# ## Picking
#
# A picker looks for places that correlate with a template and aligns what it finds. The average of all its picks is shown.

# %% tags=["hide-input"]
BOX, MANY, SMALL = 32, 3000, 9.0
rng = np.random.default_rng([seed, 7])
y, x = np.mgrid[:BOX, :BOX] - BOX / 2
template = sum(
    h * np.exp(-((y - cy) ** 2 + (x - cx) ** 2) / 2 / w**2)
    for h, cy, cx, w in ((1, -4, -3, 2.5), (1, 4, -2, 2.5), (1.2, 0, 5, 2), (-0.8, 0, 0, 1.5))
)
template = (template - template.mean()) / template.std()


def picked(signal):
    """The average of noisy boxes, each moved to where it correlates best with the template."""
    boxes = rng.standard_normal((MANY, BOX, BOX)) + signal * template
    wanted = np.conj(np.fft.rfft2(template))
    match = np.fft.irfft2(np.fft.rfft2(boxes, axes=(1, 2)) * wanted, s=(BOX, BOX), axes=(1, 2))
    best = [np.unravel_index(one.argmax(), one.shape) for one in match]
    return np.mean([np.roll(b, (-dy, -dx), (0, 1)) for b, (dy, dx) in zip(boxes, best, strict=True)], axis=0)


averages = [picked(0.0), picked(0.15)]
like = [np.corrcoef(average.ravel(), template.ravel())[0, 1] for average in averages]
pair("picking-alike", *averages, [f"correlation with the template {r:.2f}" for r in like])

# %% [markdown]
# *The averages of two sets of picks.*
#
# ```{exercise}
# :label: quiz-picking-alike
# One set has no particle in it. Which?
# ```

# %% tags=["hide-input", "hide-output", "solution"]
answer(
    f"A. It is the average of {MANY:,} boxes of pure noise, each moved to where it looks most like the template. The template comes back, "
    f"with a correlation of {like[0]:.2f}; true particles give {like[1]:.2f}. The template was used to place every box. A picture of your "
    "particle out of boxes that were placed, or picked, by that picture proves nothing. Pick with another template, or on a frame without particles, and look what comes."
)
assert min(like) > 0.8

# %% tags=["hide-input"]
at = np.array(
    [
        (40 + 56 * i + rng.integers(-8, 9), 40 + 56 * j + rng.integers(-8, 9))
        for i in range(4)
        for j in range(4)
    ]
)
clean = np.zeros((256, 256))
for cy, cx in at:
    clean[cy - BOX // 2 : cy + BOX // 2, cx - BOX // 2 : cx + BOX // 2] += template - template[0, 0]
frames = [clean + noise * rng.standard_normal(clean.shape) for noise in (0.7, 3.5)]


def pick(frame, least=0.55):
    """Rows and columns where the frame, smoothed, correlates most with the template."""
    match = ndimage.correlate(frame, template, mode="wrap") / BOX**2
    top = (match == ndimage.maximum_filter(match, 21)) & (match > least)
    return np.argwhere(top)


taken = [pick(frame) for frame in frames]
matched = [picks.match(one[:, ::-1], at[:, ::-1], radius=6).tp for one in taken]
pair("picking-different", *frames)

# %% [markdown]
# *Two frames with the same particles in them.*
#
# ```{exercise}
# :label: quiz-picking-different
# In which frame does the picker find the particles?
# ```

# %% tags=["hide-input", "hide-output", "solution"]
answer(
    f"In both: {matched[0]} and {matched[1]} of {len(at)}, with {len(taken[0]) - matched[0]} and {len(taken[1]) - matched[1]} picks beside them. "
    "What the eye cannot see a filter of the right shape can. So do not judge a table of picks by whether you see the particles: "
    "count how many picks a frame of noise gives at the same threshold."
)
assert matched == [len(at)] * 2

# %% [markdown]
# ## Heterogeneity
#
# A network gives each particle a place in a *latent space*: numbers that say how its picture differs from others. Here it is one number a
# particle, and each histogram counts particles by it. Two humps are called two states.

# %% tags=["hide-input"]
rng = np.random.default_rng([seed, 8])
COUNT = 4000


def humps(name, a, b, edges):
    """Two histograms over the same edges."""
    figure, axes = plt.subplots(1, 2, figsize=(8, 3), sharex=True)
    for ax, places, letter in zip(axes, (a, b), "AB", strict=True):
        ax.hist(places, edges, color="#0072B2")
        ax.set(title=letter, xlabel="place in the latent space", yticks=[])
    record.show(figure, name)


states = rng.random(COUNT) < 0.5
two_states = np.where(states, 1.0, -1.0) + rng.normal(0, 0.55, COUNT)
turned = 1.4 * np.cos(rng.uniform(0, np.pi, COUNT)) + rng.normal(0, 0.3, COUNT)
humps("heterogeneity-alike", turned, two_states, np.linspace(-2.5, 2.5, 41))

# %% [markdown]
# *Latent places of two data sets.*
#
# ```{exercise}
# :label: quiz-heterogeneity-alike
# Which protein has two states?
# ```

# %% tags=["hide-input", "hide-output", "solution"]
answer(
    f"B, with {states.mean():.0%} in one of them. In A there is one state, seen from all sides: the place is the cosine of an angle that has nothing to do with the protein's shape, and a "
    "cosine spends most of its time at its two ends. The deeper valley of B is no proof: with more noise two states have a flat one. Errors of pose make humps, too. Ask what one state would look like, with the same noise and "
    "the same poses: that null has to be drawn before the word *states* is written."
)

# %% tags=["hide-input"]
rare = np.arange(COUNT) < COUNT // 10
places = [np.where(rare, 3.0, 0.0) + rng.normal(0, spread, COUNT) for spread in (0.5, 1.4)]
humps("heterogeneity-different", *places, np.linspace(-5, 8, 53))

# %% [markdown]
# *Latent places of two data sets of one protein, from a good microscope and from a worse one.*
#
# ```{exercise}
# :label: quiz-heterogeneity-different
# In which of the two is a rare state present?
# ```

# %% tags=["hide-input", "hide-output", "solution"]
cut = [float(np.mean(place > 1.5)) for place in places]
answer(
    f"In both, {rare.mean():.0%} of the particles. In B it lies under the flank of the common one. A cut in the middle says {cut[0]:.0%} in A and {cut[1]:.0%} in B: "
    "the same protein, the same rule, another number. One hump is no proof of one state, as two are none of two."
)
assert abs(cut[0] - 0.1) < 0.01 < cut[1] - 0.1

# %% [markdown]
# ## A map and its passport
#
# A map is published with one number, where the correlation of its two halves falls to 0.143.

# %% tags=["hide-input"]
rng = np.random.default_rng([seed, 9])
D, PIXEL = 48, 2.0
blobs = np.zeros((D, D, D))
for place in rng.normal(D / 2, 5, (60, 3)).astype(int):
    blobs[tuple(place)] += 1
density = ndimage.gaussian_filter(blobs, 1.2)
density /= density[density > 0.05 * density.max()].std()


def noisy(amount, width=0.7):
    """Noise of a map, white below so many voxels."""
    cloud = ndimage.gaussian_filter(rng.standard_normal((D, D, D)), width)
    return amount * cloud / cloud.std()


def read(halves):
    """Resolution that the halves claim, and that of their mean against the truth, Angstrom."""
    claim = maps.resolution(maps.fsc(*halves), 0.143, PIXEL)
    return claim, maps.resolution(maps.fsc(sum(halves) / 2, density), 0.5, PIXEL)


shared = noisy(0.3, 1.4)
honest = [density + noisy(0.18) for _ in range(2)]
common = [density + shared + noisy(0.3) for _ in range(2)]
claims = [read(common), read(honest)]
slices = [sum(halves)[D // 2] / 2 for halves in (common, honest)]
pair("passport-alike", *slices, [f"{claim:.1f} Å are claimed" for claim, _ in claims], vmin=0.7)

# %% [markdown]
# *The middle slices of two maps of one molecule, shown from one level on.*
#
# ```{exercise}
# :label: quiz-passport-alike
# Which map has earned its number?
# ```

# %% tags=["hide-input", "hide-output", "solution"]
answer(
    f"B. Against the true density A reaches {claims[0][1]:.1f} Å and B {claims[1][1]:.1f} Å. In A both halves carry the same noise, as after a mask that follows it or an alignment "
    "to one reference. Two halves vouch for each other only while they share nothing but the molecule."
)
assert claims[0][1] > 1.2 * claims[0][0]

# %% tags=["hide-input"]
sharp = [maps.sharpen(half, -120, PIXEL) for half in honest]
both = [read(honest)[0], read(sharp)[0]]
pair("passport-different", sum(honest)[D // 2], sum(sharp)[D // 2], ["as reconstructed", "sharpened"])

# %% [markdown]
# *One map, as it was reconstructed and sharpened.*
#
# ```{exercise}
# :label: quiz-passport-different
# Which of the two has the better resolution?
# ```

# %% tags=["hide-input", "hide-output", "solution"]
answer(
    f"Neither: {both[0]:.2f} Å and {both[1]:.2f} Å. Sharpening turns each shell up or down as a whole, in both halves alike, and the correlation does not see it. "
    "It changes what you see and adds nothing."
)
assert abs(both[1] / both[0] - 1) < 0.02
