"""A tool from outside: Otsu's threshold and a watershed with scikit-image. It imports nothing of scopecheck.

``python segment.py IMAGE.tif FOLDER`` segments one field of nuclei and leaves in FOLDER what ``scopecheck
submit`` takes: the label image and its manifest.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
import skimage
import tifffile
from scipy import ndimage
from skimage.feature import peak_local_max
from skimage.filters import gaussian, threshold_otsu
from skimage.segmentation import watershed

SIGMA, SMALLEST, APART = 1.0, 20, 5  # pixels


def segment(image: np.ndarray) -> np.ndarray:
    """Label bright nuclei (Y, X), cut apart where the distance to the background has a waist."""
    smooth = gaussian(image, SIGMA, preserve_range=True)
    mask = smooth > threshold_otsu(smooth)
    distance = gaussian(ndimage.distance_transform_edt(mask), 1)
    peaks = peak_local_max(distance, min_distance=APART, labels=ndimage.label(mask)[0])
    seeds = np.zeros(image.shape, int)
    seeds[tuple(peaks.T)] = np.arange(1, len(peaks) + 1)
    labels = watershed(-distance, seeds, mask=mask).astype(np.uint16)
    labels[np.bincount(labels.ravel())[labels] < SMALLEST] = 0
    return labels


def main(image: Path, folder: Path) -> None:
    """Segment one image and write the manifest beside the result."""
    folder.mkdir(parents=True, exist_ok=True)
    started = time.perf_counter()
    labels = segment(tifffile.imread(image))
    seconds = time.perf_counter() - started
    tifffile.imwrite(folder / "field.tif", labels)
    half = "Assays call a change of 20 % an effect; half of that still leaves two wells apart."
    manifest = {
        "schema_version": "1.0",
        "tool": "Otsu and watershed (scikit-image)",
        "version": skimage.__version__,
        "settings": {"sigma": SIGMA, "smallest object": SMALLEST, "seeds apart": APART},
        "dataset": "bbbc038-field",
        "dataset_sha256": "1c7420fa46b37d58c06f1015e3f38a4378f8a806c8228dfee6f472aa2ea4019f",
        "setting": "as published",
        "failure_mode": "segmentation distribution shift",
        "files": "{}.tif",
        "measurements": {
            "count": {"tolerance": 0.1, "why": half, "estimand": "pooled ratio"},
            "mean_area": {"tolerance": 0.1, "why": half},
        },
        "seen_in_training": "no",
        "seconds": round(seconds, 3),
    }
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
