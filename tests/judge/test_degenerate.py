"""Inputs that have no plain answer: each has a defined one, or one clear refusal."""

import numpy as np
import pytest

from scopecheck import judge

POPULATION = {"scope": "population", "tolerance": 0.10}
TRUE = [100.0] * 5


def test_nothing_found_anywhere_fails() -> None:
    for estimand in ("per-acquisition mean", "pooled ratio"):
        verdict = judge.agreement([0] * 5, TRUE, estimand=estimand, **POPULATION)
        assert (verdict.word, verdict.bias) == ("FAILS", -1.0)
        assert verdict.interval == (-1.0, -1.0)
        assert "No spread" in verdict.note


def test_a_zero_among_numbers_is_averaged_on_the_scale_of_all_others() -> None:
    verdict = judge.agreement([0, 2, 0, 1, 0], TRUE, **POPULATION)
    assert verdict.word == "FAILS"
    assert verdict.bias == pytest.approx(np.mean([-1, -0.98, -1, -0.99, -1]))  # a straight line down there
    one = judge.agreement([100, 100, 100, 100, 0], TRUE, **POPULATION)
    assert one.bias == pytest.approx(np.exp((np.log(0.5) - 1) / 5) - 1)  # total loss stands at ln(1/2) - 1
    assert (one.word, one.far) == ("UNDETERMINED", (4,))
    assert judge.agreement(0, 50, scope="image", tolerance=0.1).bias == -1.0


def test_an_end_below_total_loss_is_total_loss() -> None:
    wild, ends = [0, 250, 0, 0, 300], []
    for u in (0.0, 0.05, 0.1):
        ends.append(judge.agreement(wild, TRUE, truth_uncertainty=u, **POPULATION).interval)
    assert ends[0][0] == ends[1][0] == ends[2][0] == -1
    assert ends[0][1] < ends[1][1] < ends[2][1]


def test_zero_truth() -> None:
    with pytest.raises(ValueError, match=r"true\[1\] is 0"):
        judge.agreement([1, 2, 3], [1, 0, 3], **POPULATION)
    with pytest.raises(ValueError, match="every true value is 0"):
        judge.agreement([1, 2], [0, 0], estimand="pooled ratio", **POPULATION)
    pooled = judge.agreement(
        [10, 0, 3, 10, 11, 10], [10, 0, 0, 11, 10, 10], estimand="pooled ratio", **POPULATION
    )
    assert pooled.bias == pytest.approx(44 / 41 - 1)
    assert pooled.limits is None
    assert pooled.inside == 5  # 0 of 0 counts as right; 3 of 0 does not
    absolute = judge.agreement([0, 1, 0, 0, 0], [0] * 5, scope="population", tolerance=2, scale="absolute")
    assert absolute.word == "HOLDS"


def test_acquisitions_without_objects_do_not_count_towards_the_five() -> None:
    true = [10.0, 11.0, 12.0, 0.0, 0.0, 0.0]
    verdict = judge.agreement(true, true, estimand="pooled ratio", **POPULATION)
    assert (verdict.word, verdict.reason) == ("UNDETERMINED", "too few")
    assert verdict.further == 2  # with objects in them; six acquisitions are there already
    one = judge.agreement([10, 0, 0, 0, 0], [10, 0, 0, 0, 0], estimand="pooled ratio", **POPULATION)
    assert (one.word, one.interval) == ("UNDETERMINED", None)


def test_no_spread_is_said() -> None:
    verdict = judge.agreement([110] * 5, TRUE, **POPULATION)
    assert verdict.word == "HOLDS"  # the edge itself belongs to the tolerance
    assert "No spread" in verdict.note
    assert judge.agreement([0.1 * 3] * 7, [0.3] * 7, **POPULATION).interval == pytest.approx(
        (0, 0), abs=1e-12
    )


@pytest.mark.parametrize(
    ("measured", "true", "message"),
    [
        ([1, np.nan], [1, 2], r"measured\[1\] is nan"),
        ([1, 2], [np.inf, 2], r"true\[0\] is inf"),
        ([], [], "measured is empty"),
        ([1, 2], [1], "measured has 2 numbers and true has 1"),
        ([1, -2], [1, 2], r"measured\[1\] is -2.0"),
        ([[1, 2]], [[1, 2]], "shape"),
        (["many", 2], [1, 2], "must hold numbers"),
    ],
)
def test_refusals_name_the_place(measured: list, true: list, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        judge.agreement(measured, true, **POPULATION)


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"scope": "planes"}, "scope is 'planes'"),
        ({"scale": "percent"}, "scale is 'percent'"),
        ({"estimand": "median"}, "estimand is 'median'"),
        ({"scope": "image"}, "judges one acquisition, but 2 were given"),
        ({"tolerance": 0}, "one number above 0"),
        ({"tolerance": (0.1, 0.2)}, "low <= 0 <= high"),
        ({"tolerance": "small"}, "not a number"),
        ({"tolerance": np.nan}, "one number above 0"),
        ({"truth_uncertainty": -0.1}, "expected one number >= 0"),
        (
            {"truth_uncertainty": np.nan},
            r"truth_uncertainty\[0\] is nan .*; expected one number >= 0, or None",
        ),
        ({"gross_error": [0.1, 0.1, 0.1]}, "gross_error must be one number"),
        ({"gross_error": -1}, "gross_error must be one number"),
        ({"gross_error": [0.1, np.inf]}, r"gross_error\[1\] is inf .* where no true object exists, give one"),
        ({"gross_error": [0.1, np.nan]}, "where no true object exists, give one number"),
        ({"gross_error": ["few", 0.1]}, "gross_error must hold numbers"),
        ({"scale": "absolute", "estimand": "pooled ratio"}, "relative by nature"),
    ],
)
def test_refusals_of_keywords(keywords: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        judge.agreement([1, 2], [1, 2], **(POPULATION | keywords))


@pytest.mark.filterwarnings("error")
def test_hopeless_spread_has_an_infinite_end() -> None:
    verdict = judge.agreement([1e-30, 1e30, 1e250], [1, 1, 1], **POPULATION)
    assert verdict.word == "UNDETERMINED"
    assert verdict.interval == (-1.0, np.inf)
