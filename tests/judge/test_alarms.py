"""Counting alarms of checks that need no truth."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scopecheck import judge


@settings(deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1))
def test_counts_add_up(cases: list[tuple[bool, bool]]) -> None:
    counted = judge.alarms(*zip(*cases, strict=True))
    assert counted.hits == cases.count((True, True))
    assert counted.misses == cases.count((False, True))
    assert counted.false_alarms == cases.count((True, False))
    assert counted.quiet == cases.count((False, False))


def test_without_a_false_alarm_count_nothing_is_caught() -> None:
    only_wrong = judge.alarms([True, True], [True, True])
    assert not only_wrong.both_kinds
    assert "not judged" in str(only_wrong)
    both = judge.alarms([True, False, True], [True, True, False])
    assert both.both_kinds
    assert str(both) == "alarm on 1 of 2 wrong and 1 of 1 right measurements"


@pytest.mark.parametrize(
    ("alarm", "wrong"), [([], []), ([True], [True, False]), ([0.3], [True]), ([True], ["HOLDS"])]
)
def test_refusals(alarm: list, wrong: list) -> None:
    with pytest.raises(ValueError, match=r"alarm|wrong"):
        judge.alarms(alarm, wrong)
