# ---
# jupyter:
#   jupytext:
#     notebook_metadata_filter: kernelspec,scopecheck
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
#   scopecheck:
#     schema: "2.0"
#     kind: page
#     id: null-test
#     title: How faint an invention can be seen?
# ---

# %% [markdown]
# # How faint an invention can be seen?
#
# A restored image may hold a spot that the specimen has not. The **null test** looks for such places: it takes what blur and
# gain explain off one output, and asks whether what is left stands out of the spread over other exposures of the same scene,
# restored alike. A test like this can be wrong in two ways, and both are counted here.
#
# - **False alarms.** A tool that invents nothing is called an inventor. Asked for is one field in twenty.
# - **Misses.** An invention is there and not seen. How often depends on its light.
#
# Everything here is simulated, because only then is it known what was invented. The scenes, noises and tools of this page
# were not used to choose anything in the test.

# %% tags=["parameters"]
profile = "quick"
tier = "embedded"
seed = 0

# %% tags=["hide-input"]
import matplotlib.pyplot as plt
import numpy as np
from IPython.display import Markdown
from scipy import ndimage
from scipy.stats import binomtest

from scopecheck import acquire, record
from scopecheck.acquire.spots import field
from scopecheck.measure import invented

record.use_style()
SIDE, SIGMA, NULLS = 64, 1.3, 20
fields = {"quick": 400, "full": 2000}[profile]  # clean ones; as many plantings for each brightness and shape

# %% [markdown]
# Three kinds of noise, each with a tool that does not invent: a linear filter may blur and sharpen what is there.

# %%
camera, rowed = acquire.Camera(), acquire.Camera(row_noise=3.0)
kinds = {
    "independent, smoothed": (camera, lambda image: ndimage.gaussian_filter(image, 1.0)),
    "of rows, sharpened": (rowed, lambda image: 2 * image - ndimage.gaussian_filter(image, 2.0)),
    "shared, moved by half a pixel": (
        camera,
        lambda image: ndimage.shift(image, 0.5, order=1, mode="reflect"),
    ),
}

# %% [markdown]
# A scene has 8 spots on uneven background, and a new one is drawn for every ten fields. Planted is a spot as wide as the
# microscope draws, or a segment of that width in one of four directions, with *k* times the standard deviation that noise gives
# to the light under that very shape. Four are planted in a field, one in each quarter, at random places.


# %% tags=["hide-input"]
def scene(number, kind):
    """The truth, a source of outputs of one scene, and what noise does to them."""
    cam, tool = kinds[kind]
    light = field((SIDE, SIDE), 8, light=400, sigma=SIGMA, apart=8, seed=1000 * seed + number).photons
    at = 10_000 * (1000 * seed + number)

    def output(exposure):
        return tool(acquire.expose(light, cam, at + exposure).astype(float) - cam.offset)

    nulls = np.stack([output(k) for k in range(NULLS)])
    true = ndimage.shift(light, 0.5, order=1, mode="reflect") if "moved" in kind else light
    return output, invented.expected(true, nulls, SIGMA)


def plant(out, known, k, shape, rng):
    """Add k standard deviations of light in each quarter; give the places."""
    kernels, offset = invented.shapes(SIGMA)[shape], 0 if shape == "spot" else 1
    out, places, half = out.copy(), [], len(kernels[0]) // 2
    for top, left in ((0, 0), (0, 1), (1, 0), (1, 1)):
        which = int(rng.integers(len(kernels)))
        y, x = (int(c) for c in rng.integers(half, SIDE // 2 - half, 2) + SIDE // 2 * np.array([top, left]))
        kernel, spread = kernels[which], known.spread[offset + which, y, x]
        out[y - half : y + half + 1, x - half : x + half + 1] += k * spread * kernel
        places.append((y, x))
    return out, places


# %% tags=["hide-input"]
BRIGHT = (2, 3, 5, 6.5, 8)
false, hits = {}, {}
for kind in kinds:
    alarms, found = 0, {(k, shape): 0 for k in BRIGHT for shape in ("spot", "segment")}
    for number in range(fields // 10):
        output, known = scene(number, kind)
        for k in range(10):
            told = known.look(output(NULLS + k))
            alarms += bool(len(told.invented) + len(told.lost))
        rng = np.random.default_rng([seed, number])
        for (k, shape), _ in found.items():
            for turn in range(-(-fields // 4 // (fields // 10))):  # four places each
                out, places = plant(output(NULLS + 10 + turn), known, k, shape, rng)
                got = known.look(out).invented
                near = (
                    [np.hypot(got["y"] - y, got["x"] - x).min() <= 2 * SIGMA + 1 for y, x in places]
                    if len(got)
                    else [False] * 4
                )
                found[k, shape] += sum(near)
    false[kind] = alarms, fields // 10 * 10
    hits |= {
        (kind, *key): (n, fields // 10 * 4 * -(-fields // 4 // (fields // 10))) for key, n in found.items()
    }


def rate(n, of):
    return n / of, *binomtest(n, of).proportion_ci(0.95)


def share(n, of):
    return "{:.1%} ({:.1%} to {:.1%})".format(*rate(n, of))


false["all"] = tuple(np.sum(list(false.values()), axis=0).tolist())
lines = [(kind, of, share(n, of)) for kind, (n, of) in false.items()]
record.markdown(["noise", "fields", "false alarms (95 % interval)"], lines)

# %% [markdown]
# *Share of fields in which something was called invented or lost though nothing was.* A scene's ten fields share their nulls, so they are
# not quite independent, and the true interval is a little wider.


# %% tags=["hide-input"]
def reaches(rates, least=0.95):
    """The k at which a curve of rates reaches the least one; NaN where it does not."""
    above = np.flatnonzero(np.asarray(rates) >= least)
    part = slice(max(above[0] - 1, 0), above[0] + 1) if len(above) else slice(0)
    return np.interp(least, rates[part], BRIGHT[part]) if len(above) else np.nan


figure, ax = plt.subplots(1, 2, figsize=(8.8, 4), sharey=True)
reached = {}
for a, shape in zip(ax, ("spot", "segment"), strict=True):
    for marker, kind in zip("os^", kinds, strict=True):
        found, low, high = np.transpose([rate(*hits[kind, k, shape]) for k in BRIGHT])
        off = 100 * np.abs(found - (low, high))
        a.errorbar(BRIGHT, 100 * found, off, fmt=f"{marker}-", capsize=3, label=kind)
        reached[kind, shape] = [reaches(curve) for curve in (found, high, low)]
    a.axhline(95, color="black", ls=":", lw=1)
    a.set(
        xlabel="light, s.d. of the noise under the shape",
        title=f"a planted {shape}",
        xticks=BRIGHT,
        ylim=(0, 102),
    )
ax[0].set(ylabel="found, %")
ax[1].legend(loc="lower right", fontsize=9)
record.show(figure, "curve")

# %% [markdown]
# *How many planted inventions were found, by their light, with 95 % intervals. The dotted line is 95 %.*

# %% tags=["hide-input"]
lines = []
for (kind, shape), ks in reached.items():
    found = [share(*hits[kind, k, shape]) for k in BRIGHT]
    told = "{:.1f} ({:.1f} to {:.1f})".format(*ks).replace("nan", f"above {BRIGHT[-1]}")
    lines.append((kind, shape, *found, told))
record.markdown(["noise", "planted", *(f"k = {k}" for k in BRIGHT), "95 % at k ="], lines)

# %% tags=["hide-input"]
best, worst = (end([ks[0] for ks in reached.values()]) for end in (np.nanmin, np.nanmax))
Markdown(
    f"A single place that is looked at alone would be found at *k* = 5 nearly always. Here a whole field is searched, at every pixel and for five shapes, so the "
    f"threshold has to be higher to keep false alarms to one field in twenty. **95 % are found from {best:.1f} to {worst:.1f} standard deviations on**, "
    "by noise and shape. An invention fainter than that may be there and not be called."
)

# %% [markdown]
# ## What this page does not show
#
# - Fields are small. In a larger one more places are searched, and the threshold is a little higher.
# - Shapes are a spot and a short segment. An invented texture is found by its brightest parts alone.
# - Noise that software made alike in every exposure, such as a fixed pattern, belongs to the nulls as well, and is called invented where the truth has not got it.
