"""What must hold for any two label images."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from scopecheck import measure

LABELS = st.integers(0, 5)
SHAPES = st.one_of(
    hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=9),
    hnp.array_shapes(min_dims=3, max_dims=3, min_side=1, max_side=4),
)


@st.composite
def pairs(draw):
    shape = draw(SHAPES)
    dtype = draw(st.sampled_from([np.uint8, np.int32, np.int64]))
    return tuple(draw(hnp.arrays(dtype, shape, elements=LABELS)) for _ in range(2))


THRESHOLDS = st.floats(0.01, 1.0)
check = settings(deadline=None, max_examples=150)


@check
@given(pairs(), THRESHOLDS)
def test_counts_add_up(images, threshold):
    predicted, true = images
    match = measure.match(predicted, true, threshold)
    assert match.tp + match.fp == match.n_predicted == len(np.unique(predicted[predicted > 0]))
    assert match.tp + match.fn == match.n_true == len(np.unique(true[true > 0]))
    assert match.inventions - match.misses == match.n_predicted - match.n_true
    assert 0 <= match.misses <= match.n_true
    assert 0 <= match.inventions <= match.n_predicted


@check
@given(pairs(), THRESHOLDS)
def test_pairs_are_one_to_one_and_carry_their_own_iou(images, threshold):
    predicted, true = images
    match = measure.match(predicted, true, threshold)
    for column in match.pairs.T:
        assert len(set(column.tolist())) == len(column)
    for (p, t), iou in zip(match.pairs.tolist(), match.iou, strict=True):
        both, either = ((predicted == p) & (true == t)).sum(), ((predicted == p) | (true == t)).sum()
        assert iou == both / either
        assert threshold <= iou <= 1


@check
@given(pairs(), THRESHOLDS)
def test_f1_accuracy_pq_and_iou_are_tied_to_each_other(images, threshold):
    match = measure.match(*images, threshold)
    if match.n_true + match.n_predicted == 0:
        assert all(np.isnan([match.f1, match.accuracy, match.pq, match.precision, match.recall]))
        return
    assert match.f1 == pytest.approx(2 * match.accuracy / (1 + match.accuracy))
    assert 0 <= match.accuracy <= match.f1 <= 1
    if match.tp:
        assert match.f1 == pytest.approx(2 / (1 / match.precision + 1 / match.recall))
        assert match.pq == pytest.approx(match.mean_iou * match.f1)
        assert match.mean_iou <= match.mean_dice <= 1


@check
@given(pairs(), THRESHOLDS)
def test_exchange_of_the_images(images, threshold):
    forth, back = measure.match(*images, threshold), measure.match(*images[::-1], threshold)
    assert (forth.tp, forth.fp, forth.fn) == (back.tp, back.fn, back.fp)
    assert (forth.merges, forth.splits) == (back.splits, back.merges)
    assert (forth.misses, forth.inventions) == (back.inventions, back.misses)
    assert forth.iou.sum() == pytest.approx(back.iou.sum())


@check
@given(pairs(), THRESHOLDS, st.permutations(range(1, 6)), st.permutations(range(1, 6)))
def test_names_of_labels_do_not_matter(images, threshold, order, other_order):
    predicted, true = images
    renamed = np.array([0, *(1000 * one for one in order)])[predicted], np.array([0, *other_order])[true]
    before, after = measure.match(predicted, true, threshold), measure.match(*renamed, threshold)
    for name, value in before.summary().items():
        assert after.summary()[name] == pytest.approx(value, nan_ok=True), name


@check
@given(pairs())
def test_a_higher_threshold_never_matches_more(images):
    matches = measure.match(*images, [0.1, 0.25, 0.5, 0.75, 1.0])
    assert [m.tp for m in matches] == sorted((m.tp for m in matches), reverse=True)
    assert len({(m.merges, m.splits, m.misses, m.inventions) for m in matches}) == 1


@check
@given(pairs())
def test_an_image_matches_itself(images):
    match = measure.match(images[0], images[0], 1.0)
    assert match.tp == match.n_true
    assert (match.merges, match.splits, match.misses, match.inventions) == (0, 0, 0, 0)
    assert measure.gross_error(match) == 0


@check
@given(pairs())
def test_pixel_dice(images):
    predicted, true = (image > 0 for image in images)
    dice = measure.pixel_dice(*images)
    assert dice == pytest.approx(measure.pixel_dice(predicted, true), nan_ok=True)
    if predicted.any() or true.any():
        jaccard = (predicted & true).sum() / (predicted | true).sum()
        assert dice == pytest.approx(2 * jaccard / (1 + jaccard))
    else:
        assert np.isnan(dice)


@check
@given(pairs())
def test_border_rule_is_the_same_as_removing_the_objects_first(images):
    dropped = [measure.drop_border(image) for image in images]
    for image, left in zip(images, dropped, strict=True):
        edge = np.ones(image.shape, bool)
        edge[tuple(slice(1, -1) for _ in image.shape)] = False
        assert set(np.unique(left)) == {0} | (set(np.unique(image)) - set(image[edge])) or not left.any()
        assert not left[edge].any()
    ours, by_hand = measure.match(*images, border="drop"), measure.match(*dropped)
    for name, value in by_hand.summary().items():
        assert ours.summary()[name] == pytest.approx(value, nan_ok=True), name


@check
@given(pairs())
def test_pooling_is_matching_side_by_side(images):
    """Two images scored together are one image with both, a column of background between them."""
    predicted, true = images
    gap = np.zeros((*true.shape[:-1], 1), true.dtype)
    one = measure.match(predicted, true, 0.4)
    both = measure.match(
        np.concatenate((predicted, gap, np.where(predicted, predicted + 10, 0)), axis=-1),
        np.concatenate((true, gap, np.where(true, true + 10, 0)), axis=-1),
        0.4,
    )
    for name, value in measure.pool([one, one]).summary().items():
        assert both.summary()[name] == pytest.approx(value, nan_ok=True), name
