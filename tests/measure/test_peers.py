"""The same counts and scores as the tools of the field, on the same label images."""

import numpy as np
import pytest

from scopecheck import measure

THRESHOLDS = [0.1, 0.3, 0.5, 0.6, 0.75, 0.9]


def compact(labels):
    """Labels renumbered from 1, which Cellpose's metrics need."""
    found, where = np.unique(labels, return_inverse=True)
    return where.reshape(labels.shape).astype(np.int32) + (0 if found[0] == 0 else 1)


def test_the_disturbed_images_hold_every_kind_of_error(pair):
    match = measure.match(*pair)
    assert match.tp > 0
    assert min(match.fp, match.fn, match.merges, match.splits, match.misses, match.inventions) > 0


@pytest.mark.tool
def test_stardist_matching(pair):
    matching = pytest.importorskip("stardist.matching").matching
    predicted, true = pair
    for ours, theirs in zip(
        measure.match(predicted, true, THRESHOLDS),
        matching(true, predicted, THRESHOLDS, report_matches=True),
        strict=True,
    ):
        for name in ("tp", "fp", "fn", "n_true", "precision", "recall", "accuracy", "f1"):
            assert getattr(ours, name) == pytest.approx(getattr(theirs, name)), (name, theirs.thresh)
        assert ours.n_predicted == theirs.n_pred
        if ours.threshold >= 0.5:
            expected = (
                theirs.mean_matched_score if ours.tp else float("nan")
            )  # StarDist gives 0 without pairs
            assert ours.mean_iou == pytest.approx(expected, rel=1e-6, nan_ok=True)
            assert ours.pq == pytest.approx(theirs.panoptic_quality, rel=1e-6)
        if ours.threshold > 0.5:  # at exactly 0.5 either of two equal partners may be named
            pairs = {theirs.matched_pairs[position][::-1] for position in theirs.matched_tps}
            assert {tuple(one) for one in ours.pairs.tolist()} == pairs


@pytest.mark.tool
@pytest.mark.parametrize("threshold", [0.5, 0.8])
def test_stardist_matching_dataset(threshold):
    matching_dataset = pytest.importorskip("stardist.matching").matching_dataset
    from scipy.ndimage import label

    rng = np.random.default_rng(3)
    true = [label(rng.random((60, 60)) < 0.45)[0] for _ in range(4)]
    predicted = [label(np.where(rng.random((60, 60)) < 0.05, 0, one))[0] for one in true]
    theirs = matching_dataset(true, predicted, thresh=threshold, show_progress=False)
    ours = measure.pool([measure.match(p, t, threshold) for p, t in zip(predicted, true, strict=True)])
    for name in ("tp", "fp", "fn", "n_true", "precision", "recall", "accuracy", "f1"):
        assert getattr(ours, name) == pytest.approx(getattr(theirs, name)), name
    assert ours.mean_iou == pytest.approx(theirs.mean_matched_score, rel=1e-6)
    assert ours.pq == pytest.approx(theirs.panoptic_quality, rel=1e-6)


@pytest.mark.tool
def test_cellpose_average_precision_and_mask_ious(pair):
    metrics = pytest.importorskip("cellpose.metrics")
    predicted, true = compact(pair[0]), compact(pair[1])
    matches = measure.match(predicted, true, THRESHOLDS)
    theirs = metrics.average_precision(true, predicted, THRESHOLDS)
    for name, values in zip(("accuracy", "tp", "fp", "fn"), theirs, strict=True):
        assert [getattr(match, name) for match in matches] == pytest.approx(values), name
    iou, partner = metrics.mask_ious(true, predicted)
    at_half = matches[THRESHOLDS.index(0.5)]
    assert np.sort(iou[iou >= 0.5]) == pytest.approx(np.sort(at_half.iou))
    above = {(int(partner[i]), i + 1) for i in np.flatnonzero(iou > 0.5)}
    assert above == {
        tuple(one) for one, value in zip(at_half.pairs.tolist(), at_half.iou, strict=True) if value > 0.5
    }


@pytest.mark.tool
def test_exactly_half_counts_as_in_stardist_and_cellpose():
    """The tie: an object split into equal halves has two partners at IoU 0.5, of which one counts."""
    matching = pytest.importorskip("stardist.matching").matching
    average_precision = pytest.importorskip("cellpose.metrics").average_precision
    true = np.zeros((6, 6), np.int32)
    true[1:5, 1:5] = 1
    predicted = true.copy()
    predicted[3:5, 1:5] = 2
    ours = measure.match(predicted, true, 0.5)
    assert (ours.tp, ours.fp, ours.fn) == (1, 1, 0)
    assert matching(true, predicted, 0.5).tp == 1
    assert average_precision(true, predicted, [0.5])[1][0] == 1
    assert measure.match(predicted, true, 0.5 + 1e-12).tp == 0


def brute_force(iou, threshold):
    """The best matching by trying every one: most pairs first, then the largest sum of IoU."""
    best = (0, 0.0)

    def extend(row, used, pairs, total):
        nonlocal best
        if row == len(iou):
            best = max(best, (pairs, total))
            return
        extend(row + 1, used, pairs, total)
        for column, value in enumerate(iou[row]):
            if value >= threshold and column not in used:
                extend(row + 1, used | {column}, pairs + 1, total + value)

    extend(0, frozenset(), 0, 0.0)
    return best


@pytest.mark.parametrize("seed", range(20))
def test_below_half_the_assignment_is_the_best_there_is(seed):
    rng = np.random.default_rng(seed)
    true, predicted = (np.kron(rng.integers(0, 6, (3, 4)), np.ones((2, 2), int)) for _ in range(2))
    predicted = np.roll(predicted, 1, axis=rng.integers(2))
    iou = [
        [
            ((true == t) & (predicted == p)).sum() / ((true == t) | (predicted == p)).sum()
            for p in np.unique(predicted)
            if p
        ]
        for t in np.unique(true)
        if t
    ]
    for threshold in (0.05, 0.15, 0.25):
        match = measure.match(predicted, true, threshold)
        pairs, total = brute_force(iou, threshold)
        assert match.tp == pairs
        assert match.iou.sum() == pytest.approx(total)


def test_both_passes_give_identical_answers(pair):
    pytest.importorskip("numba")
    from scopecheck.measure.overlap import contingency

    locked = [a.copy() for a in pair]
    for array in locked:
        array.setflags(write=False)
    stored = [
        pair,
        pair[::-1],
        locked,
        [a.T for a in pair],
        [a.astype(np.uint16) for a in pair],
        [a.astype(">u2") for a in pair],
        [pair[0].astype(np.uint32), pair[1].astype(np.uint64)],
    ]
    for images in stored:
        ours, compiled = (contingency(*images, engine=engine) for engine in ("numpy", "numba"))
        for name in vars(ours):
            np.testing.assert_array_equal(getattr(ours, name), getattr(compiled, name), err_msg=name)


def test_both_passes_agree_over_many_blocks_and_labels():
    """More labels than the hash table starts with, and more pixels than one block."""
    pytest.importorskip("numba")
    from scopecheck.measure.overlap import contingency

    rng = np.random.default_rng(0)
    true = np.kron(rng.permutation(90_000).reshape(300, 300), np.ones((3, 3), np.int32))
    predicted = np.roll(true, (1, 1), (0, 1))
    ours, compiled = (contingency(predicted, true, engine=engine) for engine in ("numpy", "numba"))
    for name in vars(ours):
        np.testing.assert_array_equal(getattr(ours, name), getattr(compiled, name), err_msg=name)
    assert len(ours.true_labels) == 89_999
    assert ours.true_area.sum() == 9 * 89_999
