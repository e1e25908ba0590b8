"""What checks were worth: the table that ships is that of the recorded runs, and its intervals are exact."""

import importlib
import json
import math
import shutil
from pathlib import Path

import pytest
from scipy.stats import binomtest

from scopecheck.errors import RecipeError
from scopecheck.score import worth

RECIPES = Path(__file__).parents[2] / "recipes"


def test_the_table_is_what_the_recorded_runs_give():
    made = worth.text(worth.gather(RECIPES))
    assert worth.TABLE.read_text(encoding="utf-8") == made, "run: python -m scopecheck.score.worth"
    assert worth.text(worth.table()) == made


def test_every_recorded_check_stands_in_it_and_no_other():
    """Read without our own reader: labels and the default seed's four counts."""
    kept = []
    for path in sorted((RECIPES / "recorded").glob("*.json")):
        for runs in json.loads(path.read_text(encoding="utf-8"))["runs"]:
            assert runs["seeds"][0] == 0 or not runs["alarms"]
            kept += [(path.stem, label, *counts[0]) for label, counts in runs["alarms"].items()]
    found = []
    for row in worth.table():
        numbers = (row.hits, row.misses, row.false_alarms, row.quiet)
        labels = (row.check, f"{row.check} ({row.measurement})")
        assert [one for one in kept if one[0] == row.recipe and one[1] in labels and one[2:] == numbers]
        found.append((row.recipe, row.check, *numbers))
    assert len(found) == len(kept) > 60


@pytest.mark.parametrize("row", worth.table(), ids=lambda row: f"{row.recipe}-{row.check}-{row.tier}")
def test_intervals_are_those_of_clopper_and_pearson(row):
    for some, of, ends in (
        (row.hits, row.wrong, (row.hit_low, row.hit_high)),
        (row.false_alarms, row.good, (row.false_low, row.false_high)),
    ):
        if not of:
            assert all(math.isnan(end) for end in ends)
            continue
        exact = binomtest(some, of).proportion_ci(0.9, method="exact")
        assert ends == pytest.approx((exact.low, exact.high), abs=6e-4)


def test_the_default_seed_lies_between_the_seeds():
    for row in worth.table():
        if row.wrong:
            assert row.hit_least - 1e-3 <= row.hits / row.wrong <= row.hit_most + 1e-3
        if row.good:
            assert row.false_least - 1e-3 <= row.false_alarms / row.good <= row.false_most + 1e-3


def test_of_takes_the_runs_with_the_most_numbers():
    found = {row.measurement: row for row in worth.of("segmentation-cellpose", "baseline")}
    assert set(found) == {"count", "mean_area", "total_intensity"}
    assert {row.tier for row in found.values()} == {"public"}
    assert worth.of("segmentation-cellpose", "no such check") == []


def test_a_check_that_rings_as_often_for_good_numbers_tells_nothing():
    """Fisher's exact test of two known tables: 9 of 10 against 1 of 10, and 5 of 10 against 5 of 10."""
    zeros = [0.0] * 4

    def made(*counts):
        return worth.Worth(
            "segmentation-cellpose", "x", "count", "quick", "public", *counts, *zeros, 1, *zeros
        )

    assert made(9, 1, 1, 9).tells is True
    assert made(5, 5, 5, 5).tells is False
    assert made(1, 9, 9, 1).tells is False
    assert made(5, 5, 0, 0).tells is None


def test_a_recipe_that_is_not_described_is_refused(tmp_path, monkeypatch):
    (tmp_path / "recorded").mkdir()
    shutil.copy(RECIPES / "recorded" / "picking-topaz.json", tmp_path / "recorded")
    assert worth.gather(tmp_path)
    monkeypatch.delitem(worth.KINDS, "picking-topaz")
    with pytest.raises(RecipeError, match="add picking-topaz to its KINDS"):
        worth.gather(tmp_path)


@pytest.mark.parametrize(
    ("command", "kinds"),
    [
        ("labels", ("segmentation-",)),
        ("picks", ("picking-",)),
        ("halves", ("maps-",)),
        ("denoised", ("denoising-", "restoration-", "crossmodality-")),
    ],
)
def test_a_check_is_worth_what_it_was_on_things_of_its_own_kind(command, kinds):
    rules = importlib.import_module(f"scopecheck.score.check_{command}").RULES
    counted = [recipe for rule in rules for recipe, _ in rule.nearest]
    assert counted
    unknown = {rule.name for rule in rules if not any(worth.of(*one) for one in rule.nearest)}
    assert unknown <= {"sub-pixel"}  # pickers of the recipes give whole pixels
    assert [recipe for recipe in counted if not recipe.startswith(kinds)] == []
