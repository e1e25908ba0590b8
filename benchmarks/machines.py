"""How far does a machine move a network, and what it measures? ``python benchmarks/machines.py``

One machine plays several: other numbers of threads, instruction sets and BLAS kernels, each in a process of
its own. Under every setting the kept network of a recipe looks at one image, and the recipe's own training
call trains it again with the same seed. Both are compared with the setting that the recipes use.
``benchmarks/machines.json`` keeps the result; the page "Running the recipes" shows it.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
RECIPES = ("segmentation-unet-dice-trap", "segmentation-confluence", "segmentation-stardist")
AVX2 = {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2", "MKL_ENABLE_INSTRUCTIONS": "AVX2"}
SETTINGS: dict[str, dict[str, str]] = {  # the first one is what the recipes use
    "one thread": {},
    "again": {},
    "two threads": {"THREADS": "2", "OMP_WAIT_POLICY": "passive"},
    "AVX2 instructions": AVX2,
    "OpenBLAS Haswell": {"OPENBLAS_CORETYPE": "Haswell"},
    "OpenBLAS SkylakeX": {"OPENBLAS_CORETYPE": "SkylakeX"},
    "oneDNN in TensorFlow": {"TF_ENABLE_ONEDNN_OPTS": "1"},
}


def child(recipe: str, out: str, anew: bool) -> None:
    """Run the recipe's cells until its networks stand; let one look at an image; train it again."""
    import IPython.display
    import matplotlib
    from threadpoolctl import threadpool_info

    from scopecheck.runner.find import read_notebook
    from scopecheck.tools import stardist, unet

    matplotlib.use("agg")
    IPython.display.display = lambda *_, **__: None
    threads = int(os.environ.get("THREADS", "1"))
    as_shipped = unet.reproducible, stardist.prepare
    unet.reproducible = lambda seed: as_shipped[0](seed, threads=threads)
    stardist.prepare = lambda seed=0: as_shipped[1](seed, threads=threads)
    path = HERE.parent / "recipes" / f"{recipe}.py"
    os.environ["SCOPECHECK_RECIPE"] = str(path)
    names: dict = {"__name__": "__main__"}
    for cell in read_notebook(path).cells:
        if cell.cell_type == "code":
            exec(compile(cell.source, recipe, "exec"), names)  # ours: a recipe of this repository
        if {"nets", "models"} & set(names) and {"monai_unet", "held_out", "each_training"} & set(names):
            break
    look, train = LOOKS[recipe]
    found = {f"kept {k}": v for k, v in look(names, (names.get("nets") or names["models"])[0]).items()}
    if anew:
        net = train(names)
        found |= {f"anew {k}": v for k, v in look(names, net).items()}
    found["weights"] = (
        flat(f"weights/{'real-' if 'confluence' in recipe else ''}0.npz") if anew else np.zeros(0)
    )
    kernels = {f"{i['internal_api']} {i.get('architecture', '')}".strip() for i in threadpool_info()}
    np.savez(out, kernels=np.array(sorted(kernels)), **found)


def flat(path: str) -> np.ndarray:
    """All filters of a kept network in one row."""
    with np.load(path, allow_pickle=False) as file:
        return np.concatenate([file[k].astype(float).ravel() for k in file.files if file[k].ndim > 1])


def torch_look(image):
    def look(names, net):
        run = names.get("monai_unet") or names["cells"]
        answer = run(image(names), net=net)
        found, probability = answer
        measured = found.mean() if found.dtype == bool else found.max()
        return {"probability": probability, "measured": measured}

    return look


def stardist_look(names, model):
    """Object probability on the network's grid; number of nuclei in the BBBC038 field."""
    from scopecheck import data

    image = data.load("bbbc038-field").image
    probability, _ = model.predict(names["normalize"](image, 1, 99.8))
    return {"probability": probability, "measured": names["segment"](image, model)[0].max()}


LOOKS = {
    "segmentation-unet-dice-trap": (
        torch_look(lambda n: n["field_of"](100, touching=0.5).image),
        lambda n: n["unet"].keep(n["train"](0), "weights/0.npz"),
    ),
    "segmentation-confluence": (
        torch_look(lambda n: n["real"]["2"].image),
        lambda n: n["unet"].keep(
            n["train"]([n["real"]["1"].image], [n["real"]["1"].truth], 0), "weights/real-0.npz"
        ),
    ),
    "segmentation-stardist": (
        stardist_look,
        lambda n: n["train"]([n["training_pair"](k, 0) for k in range(n["TRAINED"])], 0),
    ),
}


def compared(shipped: dict, other: dict) -> dict:
    """What a setting changes, against the one the recipes use."""
    row = {"kernels": ", ".join(other["kernels"].tolist())}
    for which in ("kept", "anew"):
        if f"{which} probability" not in other or f"{which} probability" not in shipped:
            continue
        a, b = shipped[f"{which} probability"], other[f"{which} probability"]
        row[which] = {
            "largest change of a probability": float(f"{np.abs(a - b).max():.2g}"),
            "pixels that change side": float(f"{np.mean((a > 0.5) != (b > 0.5)):.2g}"),
            "measured": float(f"{float(other[f'{which} measured']):.5g}"),
        }
        if which == "anew":
            moved = np.linalg.norm(other["weights"] - shipped["weights"]) / np.linalg.norm(shipped["weights"])
            row[which]["change of the filters"] = float(f"{moved:.2g}")
    return row


def cpu() -> str:
    """The processor's name, as Linux or the platform tells it."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.is_file() else []
    named = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--recipe", choices=RECIPES, action="append")
    parser.add_argument("--setting", choices=SETTINGS, action="append")
    parser.add_argument("--kept-only", action="store_true", help="do not train anew")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        return child(*given.child, anew=not given.kept_only)
    target = HERE / "machines.json"
    result = json.loads(target.read_text()) if target.is_file() else {}
    result["cpu"] = cpu()
    base, *others = SETTINGS
    for recipe in given.recipe or RECIPES:
        with tempfile.TemporaryDirectory() as folder:
            found = {}
            for setting in [base, *(s for s in others if s in (given.setting or others))]:
                if ("TensorFlow" in setting) != ("stardist" in recipe) and "TensorFlow" in setting:
                    continue
                out = str(Path(folder, f"{len(found)}.npz"))
                command = [sys.executable, __file__, "--child", recipe, out]
                unchanged = {"OMP_NUM_THREADS": SETTINGS[setting].get("THREADS", "1"), "PYTHONHASHSEED": "0"}
                environment = {**os.environ, "TF_ENABLE_ONEDNN_OPTS": "0", **unchanged, **SETTINGS[setting]}
                subprocess.run(
                    command + ["--kept-only"] * given.kept_only, check=True, cwd=folder, env=environment
                )
                found[setting] = dict(np.load(out, allow_pickle=False))
                row = compared(found[base], found[setting])
                result.setdefault(recipe, {}).setdefault(setting, {}).update(row)
                print(recipe, setting, json.dumps(row), flush=True)
                target.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
