"""Two parts of a list are run at once and come back beside their items."""

from scopecheck.tools.common import side_by_side


def test_every_item_comes_back_beside_its_result():
    for n in (1, 2, 5):
        parts = side_by_side(lambda some: [10 * k for k in some], list(range(n)))
        assert [list(items) for items, _ in parts] == [
            part for part in (list(range(n))[::2], list(range(n))[1::2]) if part
        ]
        assert {k: v for items, done in parts for k, v in zip(items, done, strict=True)} == {
            k: 10 * k for k in range(n)
        }
    assert side_by_side(list, []) == []


def test_one_worker_runs_one_part_after_the_other():
    running, most = [], []

    def run(some):
        running.append(some)
        most.append(len(running))
        running.pop()

    side_by_side(run, list(range(8)), workers=1)
    assert most == [1, 1]
