"""Measured and true numbers of real fields, one row a field, for the judge's own page.

    python benchmarks/fields.py bbbc038 cellpose
    python benchmarks/fields.py bbbc039 threshold --images DIR --masks DIR

writes recipes/fields/SET-TOOL.json. Cellpose with its 2020 weights draws nuclei in each annotated field,
and is told the diameter of the circle with the median annotated area, as in the recipe on Cellpose;
`threshold` is Otsu's threshold and a watershed on the distance to the edge, as that recipe's baseline.
BBBC038 (stage 1 test set) comes from the catalogue, grey images alone. BBBC039 is not in the catalogue:
give the folders of its archives `images.zip` and `masks.zip` (https://bbbc.broadinstitute.org/BBBC039,
CC0); whichever fields lie there are taken. A field without an annotated nucleus is left out. Cellpose takes
5 to 30 seconds a field on one core.
"""

import argparse
import hashlib
import json
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path

import numpy as np
from scipy import ndimage
from skimage.feature import peak_local_max
from skimage.filters import gaussian, threshold_otsu
from skimage.io import imread
from skimage.measure import label
from skimage.segmentation import watershed

from scopecheck import data, measure
from scopecheck.runner.conditions import typical_diameter
from scopecheck.tools import cellpose

Draw = Callable[[np.ndarray, float], np.ndarray]
MEASURES = ("count", "mean_area", "total_area", "total_intensity")


def bbbc038() -> Iterator[tuple[str, str, np.ndarray, np.ndarray]]:
    """Name, setting, image and labels of the grey images of the catalogue's stage 1 test set."""
    for sample in data.samples("bbbc038-stage1-test"):
        if sample.setting.endswith("grey"):
            yield sample.name[:8], sample.setting, sample.image, sample.truth


def bbbc039(images: Path, masks: Path) -> Iterator[tuple[str, str, np.ndarray, np.ndarray]]:
    """The same of the fields of BBBC039; touching nuclei have different values of red."""
    for path in sorted(masks.glob("*.png")):
        plate = path.stem.split("_")[1:3]  # well and site
        yield "_".join(plate), "one", imread(images / f"{path.stem}.tif"), label(imread(path)[..., 0])


def by_cellpose() -> tuple[Draw, dict[str, str]]:
    """Cellpose with the weights of 2020, and what it is called."""
    weights = Path(data.fetch("cellpose-cyto-2020"))
    model = cellpose.load_cyto_2020(weights)
    about = {"tool": f"Cellpose {version('cellpose')} with the weights of 2020 (cyto_0)"}
    about["weights_sha256"] = hashlib.sha256(weights.read_bytes()).hexdigest()

    def draw(image: np.ndarray, diameter: float) -> np.ndarray:
        return model.eval(image, diameter=diameter, channels=[0, 0], batch_size=1)[0]

    return draw, about


by_skimage = {"tool": f"Otsu's threshold and watershed, scikit-image {version('scikit-image')}"}


def by_threshold(image: np.ndarray, diameter: float) -> np.ndarray:
    """Otsu's threshold and a watershed on the distance to the edge; it is told the diameter too."""
    smooth = gaussian(np.asarray(image, dtype=float), 1)
    mask = smooth > threshold_otsu(smooth)
    pieces = ndimage.label(mask)[0]
    mask &= (np.bincount(pieces.ravel()) > 15)[pieces]
    depth = gaussian(ndimage.distance_transform_edt(mask), 1)
    peaks = peak_local_max(depth, min_distance=max(2, int(diameter / 3)), labels=ndimage.label(mask)[0])
    seeds = np.zeros(mask.shape, np.int32)
    seeds[tuple(peaks.T)] = np.arange(1, len(peaks) + 1)
    return watershed(-depth, seeds, mask=mask)


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("name", choices=("bbbc038", "bbbc039"))
    ask.add_argument("tool", choices=("cellpose", "threshold"))
    ask.add_argument("--images", type=Path)
    ask.add_argument("--masks", type=Path)
    given = ask.parse_args()
    draw, tool = by_cellpose() if given.tool == "cellpose" else (by_threshold, by_skimage)
    target = Path(__file__).parents[1] / "recipes" / "fields" / f"{given.name}-{given.tool}.json"
    target.parent.mkdir(exist_ok=True)
    rows = []
    for name, setting, image, truth in (
        bbbc038() if given.name == "bbbc038" else bbbc039(given.images, given.masks)
    ):
        if not truth.any():
            print(f"{name}: no annotated nucleus, left out")
            continue
        drawn = draw(image, typical_diameter(truth))
        row = {"field": name, "setting": setting}
        row["sha256"] = hashlib.sha256(np.ascontiguousarray(image).tobytes()).hexdigest()
        for key, labels in (("measured", drawn), ("true", truth)):
            found = measure.quantities(labels, image, only=MEASURES)
            row[key] = {
                m: round(float(q.value), 3) if np.isfinite(q.value) else None for m, q in found.items()
            }
        rows.append(row)
        print(name, setting, row["measured"]["count"], row["true"]["count"], flush=True)
    about = {"set": given.name, "tool": tool["tool"], "scopecheck": version("scopecheck")}
    about |= {"made_by": f"python benchmarks/fields.py {given.name} {given.tool}"} | tool
    about["sha256"] = "of the pixels, as read"
    lines = ",\n".join(f"  {json.dumps(row)}" for row in rows)
    text = json.dumps(about, indent=1)[:-2] + f',\n "fields": [\n{lines}\n ]\n}}\n'
    target.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
