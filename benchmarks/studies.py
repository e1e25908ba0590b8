"""Measured and true numbers of whole studies, one row a field, for the page on the corrected number.

    python benchmarks/studies.py SET TOOL [EVERY]

takes every field, or every fifth where EVERY is 5, and writes recipes/studies/SET-TOOL.json, as
`benchmarks/fields.py` does for recipes/fields. Sets: `bbbc039`, the catalogue's 50 fields; `bbbc038`, the
grey ones of the stage 1 test set; `idr0062`, the planes of one embryo in which a nucleus is outlined.
Tools: `stardist`, the first of the networks that scopecheck keeps, trained on simulated nuclei; `cellpose`,
its network of 2020, told the diameter of the circle with the median annotated area; `threshold`, Otsu's
threshold and a watershed (`tools.classical`). Every field also has what is known without a truth:
brightness, sharpness, noise.
"""

import json
import sys
from collections.abc import Iterator
from importlib.metadata import version
from itertools import islice
from pathlib import Path

import numpy as np
from fields import Draw, bbbc038, by_cellpose

from scopecheck import data, measure
from scopecheck.runner.conditions import typical_diameter
from scopecheck.score.correct_images import looks
from scopecheck.tools import classical

MEASURES = ("count", "mean_area", "total_area")


def fields(name: str) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Name, image and labels of every field with a nucleus."""
    if name == "bbbc039":
        for sample in data.samples("bbbc039"):
            if sample.truth.any():
                yield sample.name, sample.image, sample.truth
        return
    if name == "bbbc038":
        yield from ((field, image, truth) for field, _, image, truth in bbbc038() if truth.any())
        return
    from scopecheck.data.volumes import open_zarr

    group = open_zarr("idr0062-6001240")
    image, labels = group["0"], group["labels/0/0"]
    for z in range(image.shape[-3]):
        truth = np.asarray(labels[..., z, :, :]).reshape(image.shape[-2:])
        if truth.any():
            yield f"z{z:03d}", np.asarray(image[..., 1, z, :, :]).reshape(truth.shape), truth


def by_stardist() -> tuple[Draw, str]:
    """The first kept network, and what it is called."""
    from csbdeep.utils import normalize
    from stardist.models import Config2D, StarDist2D

    from scopecheck.tools import stardist

    config = Config2D(n_rays=32, grid=(2, 2), unet_n_filter_base=16, train_patch_size=(64, 64))
    model = stardist.kept(
        StarDist2D(config, name="kept", basedir=None), data.fetch("stardist-nuclei-trainings") / "0.npz"
    )
    about = f"StarDist {version('stardist')}, trained on simulated nuclei by scopecheck"
    return lambda image, _: model.predict_instances(normalize(image, 1, 99.8))[0], about


def main() -> None:
    name, tool, every = (*sys.argv[1:], "1")[:3]
    if tool == "stardist":
        draw, about = by_stardist()
    elif tool == "cellpose":
        draw, said = by_cellpose()
        about = said["tool"]
    else:
        draw = lambda image, _: classical.split(classical.foreground(image))  # noqa: E731
        about = f"Otsu's threshold and watershed, scikit-image {version('scikit-image')}"
    rows = []
    for field, image, truth in islice(fields(name), 0, None, int(every)):
        row: dict = {"field": field}
        drawn = draw(image, typical_diameter(truth))
        for key, labels in (("measured", drawn), ("true", truth)):
            found = measure.quantities(labels.astype(np.int32), only=MEASURES)
            row[key] = {
                m: round(float(q.value), 3) if np.isfinite(q.value) else None for m, q in found.items()
            }
        row["known"] = dict(zip(("brightness", "sharpness", "noise"), map(float, looks(image)), strict=True))
        rows.append(row)
        print(field, row["measured"]["count"], row["true"]["count"], flush=True)
    told = {"set": name, "tool": about, "scopecheck": version("scopecheck")}
    told["made_by"] = " ".join(("python benchmarks/studies.py", *sys.argv[1:]))
    lines = ",\n".join(f"  {json.dumps(row)}" for row in rows)
    text = json.dumps(told, indent=1)[:-2] + f',\n "fields": [\n{lines}\n ]\n}}\n'
    (Path(__file__).parents[1] / "recipes" / "studies" / f"{name}-{tool}.json").write_text(
        text, encoding="utf-8"
    )


if __name__ == "__main__":
    main()
