"""What panoptica says to the inputs of the page "Judging the judges".

Its pins (pandas below 3, rich below 14) cannot be met beside the other tools of this project, so it is asked
in an environment of its own, and its answers are kept with the hash of what it was asked:

    scopecheck run judging-the-judges
    python -m venv apart && apart/bin/pip install panoptica
    apart/bin/python benchmarks/panoptica_says.py results/judging-the-judges/*/objects.npy \\
        recipes/peers/panoptica.json
"""

import contextlib
import io
import json
import math
import sys
from hashlib import sha256
from importlib import metadata

import numpy as np


def scores(predicted: np.ndarray, true: np.ndarray) -> dict[str, float | None]:
    """Recognition quality (which is F1), panoptic quality and foreground Dice, at an IoU of 0.5."""
    from panoptica import InputType, Metric, NaiveThresholdMatching, Panoptica_Evaluator

    evaluator = Panoptica_Evaluator(
        expected_input=InputType.UNMATCHED_INSTANCE,
        instance_matcher=NaiveThresholdMatching(matching_metric=Metric.IOU, matching_threshold=0.5),
        instance_metrics=[Metric.IOU, Metric.DSC],
        global_metrics=[Metric.DSC],
    )
    with contextlib.redirect_stdout(io.StringIO()):
        found = evaluator.evaluate(predicted.astype(np.uint16), true.astype(np.uint16), verbose=False)
    told = found["ungrouped"].to_dict()
    named = {"F1": "rq", "PQ": "pq", "pixel Dice": "global_bin_dsc"}
    values = {name: float(told[key]) if key in told else math.nan for name, key in named.items()}
    return {name: None if math.isnan(value) else value for name, value in values.items()}


def main(inputs: str, output: str) -> None:
    """Read pairs (k, 2, Y, X) of label images and write the scores of each."""
    pairs = np.load(inputs, allow_pickle=False)
    kept = {"version": metadata.version("panoptica"), "sha256": sha256(pairs.tobytes()).hexdigest()}
    answers = [scores(predicted, true) for predicted, true in pairs]
    with open(output, "w", encoding="utf-8") as stream:
        json.dump(kept | {"scores": answers}, stream, indent=1)
        stream.write("\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
