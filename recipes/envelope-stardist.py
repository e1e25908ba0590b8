# ---
# jupyter:
#   jupytext:
#     notebook_metadata_filter: kernelspec,scopecheck
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
#   scopecheck:
#     schema: "2.0"
#     kind: page
#     id: envelope-stardist
#     title: Where does StarDist hold?
#     picture: count-light-blur
# ---

# %% [markdown]
# # Where does StarDist hold?
#
# A verdict speaks of the images that were judged. Yours are dimmer, sharper or more crowded. This page shows what becomes of the
# numbers when the settings change, one grid point after another: the **validity envelope** of the networks of
# [the StarDist recipe](segmentation-stardist), which learnt from simulated nuclei. Another StarDist has another envelope.
#
# `scopecheck sweep` put simulated nuclei with known outlines before the recipe's own tool call. Each number in the pictures
# is the error over three fields and three trainings; a frame means that it is larger than the tolerance that the recipe declares.

# %% tags=["parameters"]
profile = "quick"
tier = "embedded"
seed = 0
recipe = "segmentation-stardist"

# %% tags=["hide-input"]
from scopecheck import record
from scopecheck.record.envelope import envelope_tables, held_against, picture, read_envelope, swept

record.use_style()
table = envelope_tables()[recipe]
envelope = read_envelope(table)
swept(envelope)

# %% [markdown]
# *`photons`: in a bright pixel above the background; `blur_px`: s.d. of the blur; `diameter` in pixels; `coverage`: share of the field
# under nuclei; `touching`: share of nuclei that touch another.*
#
# ## Light and blur
#
# Nuclei of three sizes, apart from each other, on a tenth of the field.

# %%
sizes = ("diameter", envelope.axes["diameter"])
few = {"coverage": 0.1, "touching": 0.0}
record.show(picture(envelope, "count", ("photons", "blur_px"), sizes, **few), "count-light-blur")

# %% [markdown]
# *Error of the count of nuclei over light and blur, a panel a size. Blue: too few; red: too many. Framed: out of tolerance.*

# %%
record.show(picture(envelope, "mean_area", ("photons", "blur_px"), sizes, **few), "area-light-blur")

# %% [markdown]
# *The same of the mean area. Blue: too small; red: too large.*
#
# ## Size and crowding
#
# In enough light, nearly sharp.

# %%
touch = ("touching", envelope.axes["touching"])
sharp = {"photons": envelope.axes["photons"][-1], "blur_px": 1.0}
record.show(picture(envelope, "count", ("diameter", "coverage"), touch, **sharp), "count-size-density")
record.show(picture(envelope, "mean_area", ("diameter", "coverage"), touch, **sharp), "area-size-density")

# %% [markdown]
# *As above; left no nuclei touch, right most of them do.*
#
# ## Does it hold for an image that was not swept?
#
# A grid is a promise about what lies between its points. It was held against simulated images at random settings inside the
# grid. Expected is a span around the interpolated error: a share of what single images at the settings around differ by. The share is the one
# that held nine in ten of a hundred such images (split conformal prediction); the table counts a hundred others. *As known* looks up the true settings. *As estimated* looks up what the image itself tells, as `scopecheck locate` does, with objects found by a
# threshold.
#
# *Real* are fields of nuclei outlined by hand (BBBC039 {cite:p}`caicedo2019cytometry`), taken again with random light and blur inside the grid; how its nuclei lie, each field's outlines tell. The
# grid knows ellipses alone. Where far fewer than nine in ten are inside, it is no guide to such nuclei.

# %% tags=["hide-input"]
held_against(envelope, table)

# %% [markdown]
# *Width, and error of the expected bias: medians over the simulated images. Counted are the images that lie inside the grid, as known or as estimated.*
#
# ## Where is your image?
#
# ```bash
# scopecheck locate my_image.tif --masks my_masks.tif
# ```
#
# estimates the settings of an image and looks it up here; or it says *outside everything tested*. To sweep other settings, or an
# image of the catalogue taken again:
#
# ```bash
# scopecheck sweep segmentation-stardist --grid photons=10,100,1000 --grid blur_px=1,2 -n 5 --out mine.csv
# scopecheck sweep segmentation-stardist --source bbbc038-field --grid photons=20,200 --out field.csv
# ```
#
# ### Limits
#
# - Nuclei are simulated ellipses before a simulated camera. Out-of-focus light, debris, uneven illumination and other shapes are
#   not in this grid: an image may lie inside it and still differ in what counts.
# - The span holds nine in ten images on average over the grid. At its dim and blurred corners it may hold fewer.
