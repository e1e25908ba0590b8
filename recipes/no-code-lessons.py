# ---
# jupyter:
#   jupytext:
#     notebook_metadata_filter: kernelspec,scopecheck
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
#   scopecheck:
#     schema: "2.0"
#     kind: page
#     id: no-code-lessons
#     title: The lessons without code
# ---

# %% [markdown]
# # The lessons without code
#
# The same lessons with ImageJ (Fiji), QuPath or a spreadsheet, for a class that does not program. Each takes 20 to 30 minutes: answer the two questions of the
# [picture quiz](picture-quiz), make **one** result with the mouse, let a command judge it, and judge the example folders, where all images were done. All
# images by hand take longer. These minutes are a plan; no class has been timed yet.
#
# **Files.** This page makes them, and their truth is known, since everything is simulated:
# [lessons.zip](figures/lessons.zip). Unpack it, open a terminal in the folder of a lesson, and make
# `scopecheck` available there: `source .venv/bin/activate` in the repository's folder, then `cd` to the lesson.
#
# **Windows.** An ordinary Windows terminal has neither `make` nor `source`, and we have not tried one. Use the Linux terminal of WSL, or sit with a pair that has
# Linux or macOS.
#
# **What should come out** stands folded below each lesson: word, error, scope and n of the example folders. This page ran the commands when it was made.
#
# **What we did not run.** The steps follow the documented menus of ImageJ and QuPath. We have neither here, so **no step below was clicked
# by us**. Who teaches them clicks through them once before. Where a menu of your version differs, trust your version. The files in the folders `example_…` were made by scikit-image, which
# played the steps; they have the form that ImageJ or QuPath writes, and every command of this page was run on files of that form.

# %% tags=["parameters"]
profile = "quick"
tier = "embedded"
seed = 0

# %% tags=["hide-input"]
import json
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import mrcfile
import numpy as np
import pandas as pd
import tifffile
from scipy import ndimage
from skimage.feature import peak_local_max
from skimage.measure import find_contours

from scopecheck import acquire, record
from scopecheck.acquire.outlines import ellipse
from scopecheck.acquire.spots import field
from scopecheck.record.result import SHAPES
from scopecheck.record.tables import percent
from scopecheck.tools import classical

ROOT, FIELDS, SIDE = Path("lessons"), 6, (256, 256)


def put(path, image):
    """Write one TIFF, with its folder."""
    (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
    tifffile.imwrite(ROOT / path, image)


def photo(light, at):
    return acquire.expose(light, acquire.Camera(), 1000 * seed + at)


def outlines(path, labels):
    """Write objects as QuPath exports them: GeoJSON, one polygon each."""
    found = []
    for k in range(1, labels.max() + 1):
        ring = max(find_contours(np.pad(labels == k, 1), 0.5), key=len)[:, ::-1] - 0.5  # (x, y) of edges
        shape = {"type": "Polygon", "coordinates": [ring.round(2).tolist()]}
        found.append({"type": "Feature", "geometry": shape, "properties": {"objectType": "annotation"}})
    (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"type": "FeatureCollection", "features": found})
    (ROOT / path).write_text(text, encoding="utf-8")


def score(lesson, words):
    """What `scopecheck score` answers in the folder of a lesson."""
    command = [str(Path(sys.executable).with_name("scopecheck")), "score", *shlex.split(words), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT / lesson)
    return json.loads(done.stdout)


def judged(lesson, *commands):
    """One row a number that a command judges, as it prints them."""
    rows = []
    for words in commands:
        answer = score(lesson, words)
        files = " ".join(w for w in shlex.split(words)[1:] if "example" in w)
        for arm in (arm for arm in answer["arms"] if arm["tolerance"]):
            error = percent(arm["bias"], arm["scale"], arm["unit"])
            word = f"{SHAPES.get(arm['verdict'], '–')} {arm['label']}"
            rows.append((f"`{files}`", arm["measurement"], word, error, f"{arm['scope']}, n = {arm['n']}"))
        if ratio := answer.get("ratio"):
            n = f"n = {ratio['n_first']} and {ratio['n_second']}"
            read = f"{ratio['restored']:.2f}, true {ratio['truth']:.2f}, raw {ratio['raw']:.2f}"
            rows.append((f"`{files}`", "treated over control", read, f"{ratio['error']:+.0%}", n))
    return record.markdown(["files", "number", "word", "error", "scope, n"], rows)


# %% [markdown]
# ## Segmentation: one patch, two nuclei
#
# 1. In ImageJ open `images/f0.tif`. *Process > Filters > Gaussian Blur*, sigma 2.
# 2. *Image > Adjust > Threshold*, method Otsu, *Dark background* ticked, *Apply*.
# 3. *Analyze > Analyze Particles*, size 30-Infinity, show nothing, tick *Add to Manager*.
# 4. In the ROI Manager: *Deselect*, then *More > Save*, as `f0.zip` in a new folder `my_rois`.
#
# ```bash
# scopecheck score labels my_rois/f0.zip truth/f0.tif --measure count --tolerance 0.10
# ```
#
# Read the scope: one image. What all six fields give, without a click:
#
# ```bash
# scopecheck score labels example_patches/ truth/ --measure count --tolerance 0.10
# scopecheck score labels example_watershed/ truth/ --measure count --tolerance 0.10
# ```
#
# **If you are fast.** Empty the manager, do `f1` to `f5` as well, and score the folder. Then once more, with *Process > Binary > Watershed* between steps 2 and 3,
# into a folder `my_watershed`.
#
# ```bash
# scopecheck score labels my_rois/ truth/ --measure count --tolerance 0.10
# scopecheck score labels my_watershed/ truth/ --measure count --tolerance 0.10
# ```
#
# In QuPath instead: *Analyze > Cell detection > Cell detection* on each image, then *File > Export objects as GeoJSON* into a folder `my_qupath`.
#
# ```bash
# scopecheck score labels my_qupath/ truth/ --measure count --tolerance 0.10
# ```
#
# **Ask.** Which of the two looked better on the screen? Which number would you have published? Suppose that a cut invents as many nuclei as it misses: what is the
# error of the count? (None. The word then carries the mark *by cancellation*. No folder here gives it.)

# %% tags=["hide-input"]
for k in range(FIELDS):
    scene = acquire.scenes.nuclei(
        SIDE, 28, diameter=22, touching=0.5, elongation=1.1, spacing=6, seed=100 * seed + k
    )
    image = photo(acquire.optics.gaussian_blur(scene.photons, 1.0), k)
    put(f"segmentation/images/f{k}.tif", image.astype(np.uint16))
    put(f"segmentation/truth/f{k}.tif", scene.labels.astype(np.uint16))
    mask = classical.foreground(image, 2)
    outlines(f"segmentation/example_patches/f{k}.geojson", classical.objects(mask))
    outlines(f"segmentation/example_watershed/f{k}.geojson", classical.split(mask))

# %% tags=["hide-input", "hide-output"]
judged(
    "segmentation",
    "labels example_patches/f0.geojson truth/f0.tif --measure count --tolerance 0.10",
    "labels example_patches/ truth/ --measure count --tolerance 0.10",
    "labels example_watershed/ truth/ --measure count --tolerance 0.10",
)

# %% [markdown]
# ## Restoration: twice as bright, or not
#
# Six control fields and six treated ones, whose spots are twice as bright.
#
# 1. In ImageJ open `raw/control_0.tif`. *Process > Filters > Gaussian Blur*, sigma 1.
# 2. Look at its brightest spot, then open `raw/treated_0.tif` and do the same. *File > Save As > Tiff*, under the same names, in a new folder `my_smoothed`.
# 3. Both once more from `raw`: *Process > Enhance Contrast*, saturated 0.35 %, tick *Normalize*; save in a folder `my_normalised`.
# 4. Compare the two normalised images on the screen. Then judge all twelve, which lie ready:
#
# ```bash
# scopecheck score restored raw/ example_smoothed/ truth/ --fit --conditions control=control*,treated=treated* --tolerance 0.10
# scopecheck score restored raw/ example_normalised/ truth/ --fit --conditions control=control*,treated=treated* --tolerance 0.10
# ```
#
# **If you are fast.** *Process > Batch > Macro* does all twelve at once: input `raw`, output the new folder, output format TIFF, and one line of macro, for the first
# folder and for the second:
#
# ```text
# run("Gaussian Blur...", "sigma=1");
# run("Enhance Contrast...", "saturated=0.35 normalize");
# ```
#
# ```bash
# scopecheck score restored raw/ my_smoothed/ truth/ --fit --conditions control=control*,treated=treated* --tolerance 0.10
# scopecheck score restored raw/ my_normalised/ truth/ --fit --conditions control=control*,treated=treated* --tolerance 0.10
# ```
#
# `--fit` means that all restored images are first taken times one number, plus one number, to bring them to the unit of the truth; the ratio between images stays.
# The word speaks of the light of all fields. The last lines speak of the ratio: *Light of treated over control*, with what was true, restored and raw.
#
# **Ask.** Open one normalised control and one normalised treated field side by side. Can you tell which is which? Who decided the brightness of each?

# %% tags=["hide-input"]
for name, light in (("control", 1500), ("treated", 3000)):
    for k in range(FIELDS):
        true = field(
            SIDE, 20, light=light, sigma=2.5, apart=22, background=(8, 12), seed=100 * seed + k
        ).photons
        raw = photo(true, k + (50 if name == "treated" else 0))
        low, high = np.percentile(raw, (0.175, 99.825))
        wide = np.clip((raw - low) / (high - low), 0, 1) * 65535
        put(f"restoration/raw/{name}_{k}.tif", raw.astype(np.uint16))
        put(f"restoration/truth/{name}_{k}.tif", true.astype(np.float32))
        smooth = ndimage.gaussian_filter(raw.astype(np.float32), 1.0)
        put(f"restoration/example_smoothed/{name}_{k}.tif", smooth.round().astype(np.uint16))
        put(f"restoration/example_normalised/{name}_{k}.tif", wide.astype(np.uint16))

# %% tags=["hide-input", "hide-output"]
judged(
    "restoration",
    "restored raw/ example_smoothed/ truth/ --fit --conditions control=control*,treated=treated* --tolerance 0.10",
    "restored raw/ example_normalised/ truth/ --fit --conditions control=control*,treated=treated* --tolerance 0.10",
)

# %% [markdown]
# ## Picking: how many picks does an empty frame get?
#
# Five frames with particles, `m0` to `m4`. There is none in `empty.tif`.
#
# 1. In ImageJ open `frames/m0.tif`. *Process > Filters > Gaussian Blur*, sigma 3.
# 2. *Process > Find Maxima*, prominence 5, output type *List*. A table of X and Y appears.
# 3. In the table's window: *File > Save As*, as `m0.csv` in a new folder `my_picks`. Then count the maxima of `empty.tif` at the same prominence.
# 4. What all five frames give at a prominence of 5 and of 25:
#
# ```bash
# scopecheck score picks example_many/ truth/ --diameter 20 --shape 256,256 --tolerance delivered=0.2,junk_fraction=0.2
# scopecheck score picks example_strict/ truth/ --diameter 20 --shape 256,256 --tolerance delivered=0.2,junk_fraction=0.2
# ```
#
# **If you are fast.** Do `m1` to `m4` as well, then all five with a prominence of 25, into a folder `my_strict_picks`.
#
# ```bash
# scopecheck score picks my_picks/ truth/ --diameter 20 --shape 256,256 --tolerance delivered=0.2,junk_fraction=0.2
# scopecheck score picks my_strict_picks/ truth/ --diameter 20 --shape 256,256 --tolerance delivered=0.2,junk_fraction=0.2
# ```
#
# *delivered* is the share of true particles that have a pick, *junk_fraction* the share of picks that are no particle.
#
# **Ask.** Both tables hold nearly all particles. What else did you have to know? Which prominence would you have chosen from the empty frame alone?

# %% tags=["hide-input"]
rng = np.random.default_rng([seed, 3])
y, x = np.mgrid[-16:17, -16:17]
BLOB = np.exp(-(y**2 + x**2) / 2 / 4.0**2)


def maxima(frame, least):
    """Row, column of the maxima that rise at least so far, as ImageJ's table has them."""
    smooth = ndimage.gaussian_filter(frame.astype(float), 3)
    top = peak_local_max(
        smooth, min_distance=4, threshold_abs=np.median(smooth) + least, exclude_border=False
    )
    return pd.DataFrame({" ": range(1, len(top) + 1), "X": top[:, 1], "Y": top[:, 0]})


def table(path, rows):
    (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
    rows.to_csv(ROOT / path, index=False)


for name in ("m0", "m1", "m2", "m3", "m4", "empty"):
    frame = 1000 + 40 * rng.standard_normal(SIDE)
    at = (
        []
        if name == "empty"
        else rng.permutation([(32 + 48 * i, 32 + 48 * j) for i in range(5) for j in range(5)])[:18]
    )
    at = [np.array(place) + rng.integers(-10, 11, 2) for place in at]
    for cy, cx in at:
        frame[cy - 16 : cy + 17, cx - 16 : cx + 17] += 90 * BLOB
    frame = frame.round().astype(np.uint16)
    put(f"picking/frames/{name}.tif", frame)
    if name != "empty":
        table(f"picking/truth/{name}.csv", pd.DataFrame({"x": [p[1] for p in at], "y": [p[0] for p in at]}))
        table(f"picking/example_many/{name}.csv", maxima(frame, 5))
        table(f"picking/example_strict/{name}.csv", maxima(frame, 25))
    else:
        bare = f"Maxima of the empty frame: {len(maxima(frame, 5))} at 5, {len(maxima(frame, 25))} at 25."

# %% tags=["hide-input", "hide-output"]
print(bare)
judged(
    "picking",
    "picks example_many/ truth/ --diameter 20 --shape 256,256 --tolerance delivered=0.2,junk_fraction=0.2",
    "picks example_strict/ truth/ --diameter 20 --shape 256,256 --tolerance delivered=0.2,junk_fraction=0.2",
)

# %% [markdown]
# ## Heterogeneity: who belongs to the rare state?
#
# Six sheets of particle pictures. Most particles are closed and short, a few are open and longer. The share of open ones is wanted.
#
# 1. Fix the rule now: a particle is open when its area is above 110 pixels. Write it down.
# 2. In ImageJ open `sheets/d0.tif`. *Process > Filters > Gaussian Blur*, sigma 1.5. *Image > Adjust > Threshold*, Otsu, *Dark background*, *Apply*.
# 3. *Analyze > Analyze Particles*, size 110-Infinity, *Add to Manager*. Count them. Then by another rule that sounds as good, 85-Infinity.
# 4. What all six sheets give by the two rules:
#
# ```bash
# scopecheck score labels example_open/ truth/ --measure count --tolerance 0.5
# scopecheck score labels example_open_85/ truth/ --measure count --tolerance 0.5
# ```
#
# **If you are fast.** Save the open ones of each sheet as `d0.zip` to `d5.zip` in a new folder `my_open`, and those of the second rule in `my_open_85`.
#
# ```bash
# scopecheck score labels my_open/ truth/ --measure count --tolerance 0.5
# scopecheck score labels my_open_85/ truth/ --measure count --tolerance 0.5
# ```
#
# **Ask.** What would a sheet without any open particle give by each rule? Who has made that sheet before choosing?

# %% tags=["hide-input"]
rng = np.random.default_rng([seed, 4])
for k in range(FIELDS):
    light, truth = np.full((192, 320), 10.0), np.zeros((192, 320), np.uint16)
    opened = rng.permutation(60) < rng.integers(4, 9)
    for n, is_open in enumerate(opened):
        long = rng.normal(18.5 if is_open else 11.5, 1.0)
        shape = ellipse(long, 8.0, rng.uniform(0, np.pi))
        top, left = np.array([16 + 32 * (n // 10), 16 + 32 * (n % 10)]) - len(shape) // 2
        light[top : top + len(shape), left : left + len(shape)] += 30 * shape
        if is_open:
            truth[top : top + len(shape), left : left + len(shape)][shape] = n + 1
    image = photo(light, 70 + k)
    put(f"heterogeneity/sheets/d{k}.tif", image.astype(np.uint16))
    put(f"heterogeneity/truth/d{k}.tif", truth)
    mask = classical.foreground(image, 1.5)
    outlines(f"heterogeneity/example_open/d{k}.geojson", classical.objects(mask, 110))
    outlines(f"heterogeneity/example_open_85/d{k}.geojson", classical.objects(mask, 85))

# %% tags=["hide-input", "hide-output"]
judged(
    "heterogeneity",
    "labels example_open/ truth/ --measure count --tolerance 0.5",
    "labels example_open_85/ truth/ --measure count --tolerance 0.5",
)

# %% [markdown]
# ## A map and its passport: what the halves share
#
# No program with a mouse is needed here, only two files and a record. `honest_1.mrc` and `honest_2.mrc` are two half maps with noise of their own. In
# `shared_1.mrc` and `shared_2.mrc` both halves carry one more noise, the same.
#
# ```bash
# scopecheck score fsc honest_1.mrc honest_2.mrc
# scopecheck score fsc shared_1.mrc shared_2.mrc
# ```
#
# Then take the entry of a map that you use, on the pages of the EMDB, and fill in with a pencil: half maps deposited? mask deposited, and made from what? how were the
# halves kept apart? which particles, and from which micrographs? model, and fitted to which map? Each line that stays empty is a claim that cannot be checked.
#
# **Ask.** The two numbers are nearly the same, and one map is far from the truth. Which line of the record would have told?

# %% tags=["hide-input"]
rng = np.random.default_rng([seed, 5])
D = 48


def cloud(width):
    made = ndimage.gaussian_filter(rng.standard_normal((D, D, D)), width)
    return made / made.std()


blobs = np.zeros((D, D, D))
for place in rng.normal(D / 2, 5, (60, 3)).astype(int):
    blobs[tuple(place)] += 1
density = ndimage.gaussian_filter(blobs, 1.2)
density /= density[density > 0.05 * density.max()].std()
shared = 0.3 * cloud(1.4)
(ROOT / "passport").mkdir(exist_ok=True)
for name, more, own in (("honest", 0, 0.18), ("shared", shared, 0.3)):
    for half in (1, 2):
        with mrcfile.new(ROOT / f"passport/{name}_{half}.mrc", overwrite=True) as file:
            file.set_data((density + more + own * cloud(0.7)).astype(np.float32))
            file.voxel_size = 2.0

# %% tags=["hide-input", "hide-output"]
answers = [score("passport", f"fsc {name}_1.mrc {name}_2.mrc") for name in ("honest", "shared")]
claims = [
    (name, f"{answer['curves'][0]['resolution']:.1f} Å")
    for name, answer in zip(("honest", "shared"), answers, strict=True)
]
record.markdown(["half maps", "resolution at 0.143 (one pair, no truth asked: no word)"], claims)

# %% tags=["hide-input"]
Path("figures").mkdir(exist_ok=True)
shutil.make_archive("figures/lessons", "zip", ROOT)
lines = [
    (
        lesson.name,
        ", ".join(sorted(p.name for p in lesson.iterdir() if p.is_dir())) or "half maps",
        sum(p.is_file() for p in lesson.rglob("*")),
    )
    for lesson in sorted(ROOT.iterdir())
]
shutil.rmtree(ROOT)
record.markdown(["lesson", "folders", "files"], lines)
