"""The book's table of what another machine changes says what the benchmark's result file says."""

import json
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
NETWORKS = {
    "U-Net, simulated nuclei": "segmentation-unet-dice-trap",
    "U-Net, phase contrast": "segmentation-confluence",
}


def test_the_table_says_what_was_measured():
    kept = json.loads((ROOT / "benchmarks" / "machines.json").read_text(encoding="utf-8"))
    page = (ROOT / "book" / "running.md").read_text(encoding="utf-8")
    rows = [line.strip("| ").split(" | ") for line in page.splitlines() if line.startswith("| U-Net, ")]
    found = {(NETWORKS[network], setting): told for network, setting, *told in rows}
    measured = {
        (recipe, setting): row
        for recipe in NETWORKS.values()
        for setting, row in kept[recipe].items()
        if "anew" in row
    }
    assert set(found) == set(measured)
    for pair, (probability, filters, pixels, number) in found.items():
        row = measured[pair]
        for text, value in (
            (probability, row["kept"]["largest change of a probability"]),
            (filters, 100 * row["anew"]["change of the filters"]),
            (pixels, 100 * row["anew"]["pixels that change side"]),
        ):
            told = 0.0 if text == "none" else float(re.sub(" %$", "", text))
            assert abs(told - value) <= 0.12 * value  # one digit of a probability, two of the rest
        assert float(number) == row["anew"]["measured"]
        assert row["kept"]["pixels that change side"] == 0
