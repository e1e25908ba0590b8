# ---
# jupyter:
#   jupytext:
#     notebook_metadata_filter: kernelspec,scopecheck
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
#   scopecheck:
#     schema: "2.0"
#     kind: page
#     id: metric-names
#     title: Metric names that clash
# ---

# %% [markdown]
# # Metric names that clash
#
# Two papers report an *average precision* of 0.7. One means that seven tenths of all objects, found or missed or
# invented, were right. The other means the area under a curve of precision over recall. The numbers cannot be compared,
# and nothing in the name says so.
#
# ## One name, several meanings
#
# Write TP for matched pairs of predicted and true objects, FP for predicted objects left over, FN for true objects left
# over. A pair may match when its intersection over union (IoU) reaches a stated threshold.
#
# | name | where | means |
# |---|---|---|
# | accuracy | StarDist {cite:p}`schmidt2018` | TP / (TP + FP + FN) |
# | average precision (AP) | Cellpose {cite:p}`stringer2021`, Data Science Bowl 2018 {cite:p}`caicedo2019` | TP / (TP + FP + FN), at one threshold or averaged over thresholds |
# | average precision (AP) | object detection, particle picking | area under precision over recall, as the confidence threshold moves |
# | accuracy | classification, pixel scores | share of all pixels that are right, background included |
# | F1, object Dice | everywhere | 2 TP / (2 TP + FP + FN), on objects |
# | Dice, F1 | pixel segmentation | the same formula, on pixels |
# | mean Dice | many papers | over matched pairs, or over images, or over classes: seldom said |
# | Jaccard | pixel segmentation | IoU of two masks |
# | Jaccard | localisation microscopy | TP / (TP + FP + FN), on molecules |
# | PQ | panoptic segmentation {cite:p}`kirillov2019` | sum of the pairs' IoU / (TP + FP/2 + FN/2) |
#
# In this book: *F1* is on objects at the IoU threshold in its name, *pixel Dice* is on pixels, *accuracy* is StarDist's.
# We do not write "average precision" without saying which.
#
# ## What each score sees
#
# Below are the smallest scenes in which one thing goes wrong. They are made up, six squares on a grid, so that you can
# check each number by counting.

# %% tags=["parameters"]
profile = "quick"
tier = "embedded"
seed = 0

# %% tags=["hide-input"]
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from IPython.display import Markdown, display

from scopecheck import measure, record

record.use_style()


def squares(side: int = 12, gap: int = 4) -> np.ndarray:
    """Six numbered squares in two rows."""
    labels = np.zeros((2 * side + 3 * gap, 3 * side + 4 * gap), np.int32)
    for k in range(6):
        y, x = gap + (k // 3) * (side + gap), gap + (k % 3) * (side + gap)
        labels[y : y + side, x : x + side] = k + 1
    return labels


truth = squares()

# %% [markdown]
# Each case is the truth with one change.

# %%
merged = np.where(truth == 2, 1, truth)
merged[4:16, 16:20] = 1  # a bridge between the first two squares
split = np.where((truth == 1) & (np.arange(truth.shape[1]) < 10), 7, truth)
shifted = np.roll(truth, 2, axis=1)
missed = np.where(truth == 6, 0, truth)
invented = truth.copy()
invented[0:3, 0:3] = 7
wide = np.zeros_like(truth)
for k in range(1, 7):  # every outline two pixels too wide
    y, x = np.nonzero(truth == k)
    wide[y.min() - 2 : y.max() + 3, x.min() - 2 : x.max() + 3] = k
cancel = np.where(missed == 5, 0, invented * (truth != 6))
cancel[-3:, -3:] = 8

# %% tags=["hide-input"]
cases = {
    "identical": truth,
    "one merge": merged,
    "one split": split,
    "all shifted by 2 px": shifted,
    "one miss": missed,
    "one invention": invented,
    "all 2 px too wide": wide,
    "two misses, two inventions": cancel,
    "nothing found": np.zeros_like(truth),
}
figure, axes = plt.subplots(3, 3, figsize=(7.5, 5.6))
for ax, (name, labels) in zip(axes.flat, cases.items(), strict=True):
    ax.imshow(truth > 0, cmap="Greys", vmin=0, vmax=3)
    for k in np.unique(labels[labels > 0]):
        padded = np.pad(labels == k, 1)
        y, x = (np.arange(n) - 1 for n in padded.shape)
        ax.contour(x, y, padded, [0.5], colors="#D55E00", linewidths=2)
    ax.set_title(name)
    ax.axis("off")
plt.show()

# %% [markdown]
# **One kind of error a panel.** Grey squares are the truth, the same in every panel. Orange lines are what a tool would
# have drawn. The table below gives every score for every panel.

# %% tags=["hide-input"]
true_area = measure.quantities(truth)["mean_area"].value
rows = []
for name, labels in cases.items():
    at_half, at_high = measure.match(labels, truth, threshold=[0.5, 0.75])
    found = measure.quantities(labels)
    count, area = found["count"].value, found["mean_area"].value
    rows.append(
        {
            "case": name,
            "pixel Dice": measure.pixel_dice(labels, truth),
            "F1@0.5": at_half.f1,
            "F1@0.75": at_high.f1,
            "accuracy@0.5": at_half.accuracy,
            "PQ@0.5": at_half.pq,
            "merges": at_half.merges,
            "splits": at_half.splits,
            "misses": at_half.misses,
            "inventions": at_half.inventions,
            "count error": f"{100 * (count / 6 - 1):+.0f} %",
            "mean area error": f"{100 * (area / true_area - 1):+.0f} %" if count else "no object",
        }
    )
table = pd.DataFrame(rows).set_index("case")
display(table.style.format(precision=2, na_rep="not defined"))

# %% tags=["hide-input"]
by = table.loc
display(
    Markdown(
        f"""Read three lines of it.

- **All 2 px too wide**: F1 at 0.5 is {by["all 2 px too wide", "F1@0.5"]:.2f}, pixel Dice is
  {by["all 2 px too wide", "pixel Dice"]:.2f}, and the mean area is off by {by["all 2 px too wide", "mean area error"]}.
- **One merge**: pixel Dice barely moves ({by["one merge", "pixel Dice"]:.2f}); the count is off by
  {by["one merge", "count error"]}.
- **Two misses, two inventions**: the count error is {by["two misses, two inventions", "count error"]}, and F1 is
  {by["two misses, two inventions", "F1@0.5"]:.2f}. A count can be exact and its objects wrong. This is why a verdict that
  holds with a large gross error is marked BY CANCELLATION.
"""
    )
)

# %% [markdown]
# ## Ties, thresholds and empty images
#
# Above an IoU of 0.5 an object can have only one partner, so there is nothing to choose. At exactly 0.5 two partners are
# possible, and programs differ: some count the pair, some do not. Here, as in StarDist, a pair at exactly the threshold
# counts, once. Below 0.5 the pairs depend on how they are chosen; here as many as possible are matched.
#
# An empty truth has no recall, and an empty prediction no precision. Some programs print 0, some 1. Here such a score is
# *not defined* and says so, because a mean over images that mixes in zeros or ones is a different number.
#
# ## What to report
#
# Name the score, the formula or its source, the threshold, whether it was computed on pixels or objects, and over what it
# was averaged. Then report the measurement.
