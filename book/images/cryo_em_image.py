"""Draws book/images/cryo-em-image.png: from a density to a particle image and a micrograph, by simulation."""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from scopecheck import data
from scopecheck.acquire import cryoem

PIXEL, BOX, SEED = 6.0, 96, 4


def ribosome() -> np.ndarray:
    """The model of PDB 6ZU5 as a density, atoms weighted by atomic number."""
    found = Path(data.fetch("6zu5-ribosome"))
    path = found if found.is_file() else next(p for p in sorted(found.rglob("*")) if ".cif" in p.name)
    atoms = data.read_model(path)
    weights = atoms.element.str.title().map({"C": 6, "N": 7, "O": 8, "P": 15, "S": 16, "Mg": 12, "Zn": 30})
    xyz = atoms[["x", "y", "z"]].to_numpy()
    return cryoem.density(xyz, weights.fillna(6).to_numpy(float), box=BOX, pixel_size=PIXEL, resolution=15)


def main() -> None:
    """Draw and save."""
    volume, rotations = ribosome(), cryoem.uniform_rotations(1, SEED)
    ctf = cryoem.CTF(20_000)
    view = {"n": 1, "pixel_size": PIXEL, "seed": SEED, "rotations": rotations, "ctfs": ctf}
    noisy = cryoem.particles(volume, snr=0.1, **view)
    field = cryoem.micrograph(
        volume,
        shape=(512, 512),
        pixel_size=PIXEL,
        n=25,
        diameter=300,
        snr=0.1,
        seed=SEED,
        ctf=ctf,
        contaminants=cryoem.KINDS,
        ice_gradient=0.3,
    )
    figure, axes = plt.subplots(1, 4, figsize=(12.5, 3.5), layout="constrained")
    panels = [
        (cryoem.project(volume, rotations)[0], "a  projection"),
        (noisy.clean[0], "b  through the microscope"),
        (noisy.images[0], "c  with the electrons there are"),
        (field.image, "d  the field, and what is in it"),
    ]
    for axis, (image, title) in zip(axes, panels, strict=True):
        low, high = np.percentile(image, [0.3, 99.7])
        axis.imshow(image, cmap="gray", vmin=low, vmax=high)
        axis.set_title(title, loc="left", fontsize=10)
        axis.set_axis_off()
        length = 200 / PIXEL if image.shape[0] == BOX else 500 / PIXEL
        edge = 0.94 * image.shape[0]
        axis.plot([0.05 * image.shape[0], 0.05 * image.shape[0] + length], [edge, edge], "w", lw=5)
        axis.plot([0.05 * image.shape[0], 0.05 * image.shape[0] + length], [edge, edge], "k", lw=2.5)
    axes[3].scatter(field.particles.x, field.particles.y, s=70, fc="none", ec="#E69F00", lw=1)
    for kind, part in field.contaminants.groupby("kind"):
        for x, y in part[["x", "y"]].to_numpy():
            style = {"facecolor": "white", "edgecolor": "none", "pad": 0.8, "alpha": 0.85}
            above = y - 24 if kind == "gold" else y  # a bead is smaller than its name
            axes[3].text(
                *np.clip([x, above], 30, 480), kind, ha="center", va="center", fontsize=7, bbox=style
            )
    figure.savefig(Path(__file__).with_name("cryo-em-image.png"), dpi=130)


if __name__ == "__main__":
    main()
