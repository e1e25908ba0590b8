# ---
# jupyter:
#   jupytext:
#     notebook_metadata_filter: kernelspec,scopecheck
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
#   scopecheck:
#     schema: "2.0"
#     kind: page
#     id: what-the-judge-refuses
#     title: What the judge refuses
# ---

# %% [markdown]
# # What the judge refuses
#
# A number can be compared with another number whatever both of them are. That is how nonsense gets a verdict: a mask in
# which cell *classes* are numbered is read as if it numbered cells, a file that was saved in 8 bits lost every cell after
# the 255th, a map was masked before it was compared. Each of these gives a number that looks fine.
#
# This page makes such files, one kind of mistake at a time, and puts them before the command `scopecheck score`. It shows
# what plain counting would have said, what is right, and what the command says. Everything here is made up and small, so
# that you can check each line yourself.

# %% tags=["parameters"]
profile = "quick"
tier = "embedded"
seed = 0

# %% tags=["hide-input"]
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import mrcfile
import numpy as np
import tifffile
from IPython.display import Markdown, display
from scipy import ndimage
from skimage.segmentation import relabel_sequential

from scopecheck import acquire, record
from scopecheck.measure import maps

record.use_style()
rng = np.random.default_rng(seed)
home = Path(tempfile.mkdtemp())
rows = []  # what was given, what plain counting says, what is right, what the command says
surroundings = {**os.environ, "COLUMNS": "400", "NO_COLOR": "1"}


def score(*words):
    """Run `scopecheck score` as you would type it; gives its exit status and what it printed."""
    command = [str(Path(sys.executable).with_name("scopecheck")), "score", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, env=surroundings, cwd=home)
    printed = done.stdout if done.returncode == 0 else done.stderr
    return done.returncode, printed.replace(f"{home}/", "")


def ask(what, plain, right, *words, measurement="count", about="."):
    """Put files before the command and keep a row: the refusal, or the word and the first note about the matter."""
    status, printed = score(*words, "--json")
    if status == 2:
        said = f"Refused. {printed.strip().splitlines()[-1].removeprefix('scopecheck: ')}"
    else:
        answer = json.loads(printed)
        arm = next(a for a in answer["arms"] if a["measurement"] == measurement)
        bias = "" if arm["bias"] is None else f", bias {arm['bias']:+.1%}"
        said = f"{arm['label'] or 'No verdict'} ({measurement}, n = {arm['n']}{bias}). {arm['reason']}"
        said += " " + next((note for note in answer["notes"] if re.search(about, note)), "")
    rows.append((what, plain, right, said))


def told():
    """The rows so far, one paragraph each, and none left."""
    lines = [
        f"- **{what}.** Plain counting: {plain}. Right: {right}.\n\n  > {said}\n"
        for what, plain, right, said in rows
    ]
    rows.clear()
    display(Markdown("\n".join(lines)))


# %% [markdown]
# ## Label images
#
# A label image gives every cell a number of its own, and 0 to the background. Here are eight fields of 40 true cells, of
# which a tool misses every fifth: the count is wrong by -20 % and must come out FAILS at a tolerance of 10 %.

# %%
fields = [acquire.scenes.nuclei((256, 256), 40, diameter=18.0, spacing=2.0, seed=k).labels for k in range(8)]
found = [np.where(field % 5 == 0, 0, field) for field in fields]


def folders(name, predicted, true):
    """Two folders of TIFF files, as a tool and an annotator would leave them."""
    for part, images in (("tool", predicted), ("truth", true)):
        (home / name / part).mkdir(parents=True)
        for k, image in enumerate(images):
            tifffile.imwrite(home / name / part / f"field_{k}.tif", image)
    return home / name / "tool", home / name / "truth"


def count_error(predicted, true):
    """What plain counting says: distinct numbers other than 0, over all files."""
    sums = [sum(np.unique(image[image > 0]).size for image in images) for images in (predicted, true)]
    return f"{100 * (sums[0] / sums[1] - 1):+.0f} %"


honest = folders("honest", found, fields)
print(score("labels", *honest, "--tolerance", "0.1")[1])

# %% [markdown]
# That is the honest case, and how to read it is told on [another page](how-to-read-a-verdict). Now the same fields, spoilt in
# one way at a time. In the first, the "tool" has simply thrown 40 cells anywhere: number and areas are perfect.

# %%
anywhere = [
    acquire.scenes.nuclei((256, 256), 40, diameter=18.0, spacing=2.0, seed=100 + k).labels for k in range(8)
]
many = [acquire.scenes.nuclei((700, 700), 500, diameter=16.0, spacing=2.0, seed=k).labels for k in range(5)]
fewer = [relabel_sequential(np.where(field % 10 < 3, 0, field))[0] for field in many]  # 30 % missed


def as_class(image):
    return np.where(image > 0, 1 + image % 3, 0).astype(np.uint8)


def eight_bits(image):
    return np.minimum(image, 255).astype(np.uint8)


def no_zero(image):
    return np.where(image == 0, 255, image).astype(np.uint8)


def inverted(image):
    return np.where(image == 0, 1, 0).astype(np.uint8)


def soft_rims(image):
    return np.rint(255 * ndimage.gaussian_filter((image > 0).astype(float), 1)).astype(np.uint8)


SPOILT = {  # what was done to the tool's files, to the truth's, and from which fields
    "cells thrown anywhere": (anywhere, fields, "wrong"),
    "classes instead of cells, both sides": (
        [as_class(x) for x in found],
        [as_class(x) for x in fields],
        "-20 %",
    ),
    "500 cells saved in 8 bits, 30 % missed": (
        [eight_bits(x) for x in fewer],
        [eight_bits(x) for x in many],
        "-30 %",
    ),
    "background numbered 255": ([no_zero(x) for x in found], [no_zero(x) for x in fields], "-20 %"),
    "masks inverted": ([inverted(x) for x in found], [inverted(x) for x in fields], "-20 %"),
    "soft rims saved as grey values": (
        [soft_rims(x) for x in found],
        [soft_rims(x) for x in fields],
        "-20 %",
    ),
    "a perfect tool, its files transposed": (
        [np.ascontiguousarray(x.T) for x in fields],
        fields,
        "0 %, in the right frame",
    ),
    "a perfect tool, its files shifted by 20 px": (
        [np.roll(x, 20, axis=1) for x in fields],
        fields,
        "0 %, in the right frame",
    ),
}

# %% tags=["hide-input"]
for k, (what, (predicted, true, right)) in enumerate(SPOILT.items()):
    given = folders(f"spoilt-{k}", predicted, true)
    measured = count_error(predicted, true)
    ask(what, measured, right, "labels", *given, "--tolerance", "0.1", about="chance|turned|shift|piece")
told()

# %% [markdown]
# ## Picked particles
#
# Twelve micrographs from two grids with 35 true particles each, of 40 pixels diameter. Programs number micrographs anew in
# every job, so `job002/0000.mrc` and `job004/0000.mrc` are two pictures. In the first line somebody exchanged the two
# grids: the picks of one are given as those of the other.

# %%
side, diameter, places = 1024, 40, {}
for job in ("job002", "job004"):
    for k in range(6):
        grid = np.stack(np.meshgrid(np.arange(60, side - 60, 90), np.arange(60, side - 60, 90)), -1).reshape(
            -1, 2
        )
        places[f"{job}/{k:04d}.mrc"] = rng.permutation(grid)[:35] + rng.uniform(-20, 20, (35, 2))
exchanged = {
    name: places[name.replace("job002", "job00X").replace("job004", "job002").replace("job00X", "job004")]
    for name in places
}


def star(name, columns, table):
    """A particle table as RELION writes it."""
    head = "\n".join(f"_{column} #{k + 1}" for k, column in enumerate(columns))
    lines = "\n".join(" ".join(f"{x:.2f}" if isinstance(x, float) else str(x) for x in row) for row in table)
    (home / name).write_text(f"\ndata_particles\n\nloop_\n{head}\n{lines}\n")
    return home / name


def flat(named, *more):
    """One row a particle: its micrograph, its coordinates, and what else is given."""
    return [
        (name, *map(float, xy), *map(float, extra))
        for name, xys in named.items()
        for xy, *extra in zip(xys, *more, strict=False)
    ]


centre = ("rlnMicrographName", "rlnCoordinateX", "rlnCoordinateY")
grids_exchanged = star("exchanged.star", centre, flat(exchanged)), star("grids.star", centre, flat(places))

tomograms = {f"TS_{k:02d}": rng.uniform(60, 400, (30, 3)) for k in range(6)}
deep = ("rlnTomoName", "rlnCoordinateX", "rlnCoordinateY", "rlnCoordinateZ")
other_depth = {name: xyz + [0, 0, 100] for name, xyz in tomograms.items()}
depth_wrong = star("other-depth.star", deep, flat(other_depth)), star("tomograms.star", deep, flat(tomograms))

six = {name: xy for name, xy in places.items() if name.startswith("job002")}
for folder, some in (("found", list(six)[:5]), ("true", list(six))):
    (home / folder).mkdir()
    for name in some:
        lines = "\n".join(f"{x - 20:.1f} {y - 20:.1f} 40 40" for x, y in six[name])
        (home / folder / Path(name).with_suffix(".box").name).write_text(lines + "\n")

# %% tags=["hide-input"]
size = ("--diameter", diameter, "--shape", f"{side},{side}", "--tolerance", "0.1")
ask(
    "two grids exchanged",
    "6 micrographs, precision 1",
    "12 micrographs, hardly a pick on a particle",
    "picks",
    *grids_exchanged,
    *size,
    measurement="delivered",
)
ask(
    "picks at the wrong depth of a tomogram, by 100 voxels",
    "precision 1",
    "precision 0",
    "picks",
    *depth_wrong,
    "--diameter",
    40,
    "--tolerance",
    "0.1",
    measurement="delivered",
)
ask(
    "flat picks against a truth with depth",
    "precision 1",
    "cannot be compared",
    "picks",
    grids_exchanged[0],
    depth_wrong[1],
    "--diameter",
    diameter,
)
ask(
    "a micrograph without a file of picks",
    "0 %, over five",
    "-16.7 %, or ask",
    "picks",
    home / "found",
    home / "true",
    *size,
)
told()

# %% [markdown]
# ## Half maps
#
# Two reconstructions of a made-up particle from independent noise, 64 voxels of 1.5 Angstrom.

# %%
box, voxel = 64, 1.5
grid = np.indices((box,) * 3) - box // 2
particle = np.zeros((box,) * 3)
for centre_of_blob in rng.normal(0, 6, (80, 3)):
    particle += np.exp(-((grid - centre_of_blob[:, None, None, None]) ** 2).sum(0) / 1.5)
halves = [particle + rng.normal(0, 0.6 * particle.std(), particle.shape) for _ in range(2)]
inside = (grid**2).sum(0) < 20**2
radius = np.sqrt(sum(f**2 for f in np.meshgrid(*[np.fft.fftfreq(box, voxel)] * 3, indexing="ij")))


def smooth(half):
    return np.fft.ifftn(np.where(radius < 1 / 8, np.fft.fftn(half), 0)).real


def pair(name, first, second, voxel_size):
    for k, half in enumerate((first, second)):
        with mrcfile.new(home / f"{name}_half{k + 1}.mrc") as file:
            file.set_data(half.astype(np.float32))
            file.voxel_size = voxel_size
    return home / f"{name}_half1.mrc", home / f"{name}_half2.mrc"


MAPS = {  # the two halves, the voxel size in their header, and what is right
    "a header that was never set (1.0)": (halves, 1.0, "own"),
    "masked before, 0.3 outside": ([np.where(inside, half, 0.3) for half in halves], voxel, "own"),
    "masked before, the mean outside": (
        [np.where(inside, half, half.mean()) for half in halves],
        voxel,
        "own",
    ),
    "low-passed at 8 Angstrom before": ([smooth(half) for half in halves], voxel, "own"),
    "noise and nothing else": (rng.normal(size=(2, box, box, box)), voxel, "none"),
}

# %% tags=["hide-input"]
own = maps.resolution(maps.fsc(*halves), pixel_size=voxel)
for k, (what, (given, written, right)) in enumerate(MAPS.items()):
    read = maps.resolution(maps.fsc(*given), pixel_size=written)
    plain = f"no end, finer than {2 * written:.1f} A" if np.isnan(read) else f"{read:.1f} A"
    right = f"{own:.1f} A, from the halves as they were made" if right == "own" else "none"
    words = ("fsc", *pair(f"map-{k}", *given, written), "--claimed", "6", "--tolerance", "0.1")
    ask(what, plain, right, *words, measurement="resolution")
told()

# %% [markdown]
# ## And where it is not certain
#
# A field may truly hold one cell in two pieces, or 255 cells. Where a file might be right, the command goes on and says what
# it saw. Where it must be wrong, it stops, and the option that it names goes on: `--as-given` if you know better, or one that
# reads the file the other way, such as `--labels connected` or `--background 255`. [On your own images](../own-images) has
# them all.
