"""Every case of canonical.yaml gives the answers worked out by hand, however the two images are stored."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import yaml

from scopecheck import measure

CASES = yaml.safe_load(Path(__file__).with_name("canonical.yaml").read_text(encoding="utf-8"))


def number(text) -> float:
    return float(text) if text in ("nan", "inf") else float(Fraction(text))


def draw(rows: list[str]) -> np.ndarray:
    return np.array([[0 if character == "." else ord(character) for character in row] for row in rows])


def answers(predicted, true) -> dict[str, float]:
    match = measure.match(predicted, true)
    return {
        **match.summary(),
        "gross_error": measure.gross_error(match),
        "pixel_dice": measure.pixel_dice(predicted, true),
    }


RNG = np.random.default_rng(0)
NAMES = RNG.choice(np.arange(1, 2**20), 256, replace=False)
NAMES[0] = 0
STORED = {
    "as drawn": lambda a: a,
    "uint8": lambda a: a.astype(np.uint8),
    "big-endian uint16": lambda a: a.astype(">u2"),
    "column order": np.asfortranarray,
    "mirrored view": lambda a: a[:, ::-1],
    "every second pixel of a larger image": lambda a: np.repeat(np.repeat(a, 2, 0), 2, 1)[::2, ::2],
    "other, not contiguous labels": lambda a: NAMES[a],
    "labels above 2**32": lambda a: a.astype(np.int64) << 34,
    "turned": lambda a: np.rot90(a),
    "larger pixels": lambda a: np.repeat(np.repeat(a, 3, 0), 3, 1),
    "3D": lambda a: np.stack([a] * 6),
    "3D, along another axis": lambda a: np.stack([a] * 5, axis=2),
}


@pytest.mark.parametrize("stored", STORED)
@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_answers(case, stored):
    predicted, true = (STORED[stored](draw(case[which])) for which in ("predicted", "truth"))
    given = answers(predicted, true)
    expected = {name: number(value) for name, value in case["answer"].items()}
    assert given.keys() - {"threshold"} == expected.keys()
    for name, value in expected.items():
        assert given[name] == pytest.approx(value, rel=1e-12, nan_ok=True), name


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_areas_and_counts(case):
    for which, count, area in zip(
        ("predicted", "truth"), ("n_predicted", "n_true"), case["areas"], strict=True
    ):
        given = measure.quantities(draw(case[which]))
        assert given["count"].value == case["answer"][count]
        assert given["mean_area"].value == pytest.approx(number(area), nan_ok=True)


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_exchanging_the_images_exchanges_the_answers(case):
    forth = answers(draw(case["predicted"]), draw(case["truth"]))
    back = answers(draw(case["truth"]), draw(case["predicted"]))
    exchange = {
        "precision": "recall",
        "fp": "fn",
        "n_true": "n_predicted",
        "merges": "splits",
        "misses": "inventions",
    }
    exchange |= {there: here for here, there in exchange.items()}
    for name in forth.keys() - {"gross_error"}:
        assert forth[name] == pytest.approx(back[exchange.get(name, name)], nan_ok=True), name


def test_every_kind_of_error_is_in_the_table():
    """The table would prove little if a column never left its neutral value."""
    for name in ("fp", "fn", "merges", "splits", "misses", "inventions"):
        assert any(case["answer"][name] for case in CASES), name
