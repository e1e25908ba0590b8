"""What objects score at random places, against enumeration, products of areas, and planted truths."""

import itertools
import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import binary_dilation, gaussian_filter
from scipy.stats import binom
from skimage.measure import label as numbered

from scopecheck import measure
from scopecheck.errors import InputError
from scopecheck.measure import floor
from scopecheck.measure.objects import overlaps


def put(shape, *boxes):
    """Label image of boxes, given as (first, size) an axis, numbered 3, 6, ..."""
    labels = np.zeros(shape, np.int32)
    for label, box in enumerate(boxes, 1):
        labels[tuple(slice(first, first + size) for first, size in box)] = 3 * label
    return labels


def field(rng, n, side=96, radius=5):
    """`n` discs that do not touch, at random places."""
    labels, (y, x) = np.zeros((side, side), np.int32), np.ogrid[:side, :side]
    while labels.max() < n:
        r = radius * rng.uniform(0.7, 1.3)
        cy, cx = rng.uniform(r, side - 1 - r, 2)
        disc = (y - cy) ** 2 + (x - cx) ** 2 <= r * r
        if not labels[disc].any():
            labels[disc] = labels.max() + 1
    return labels


@pytest.mark.parametrize("shape", [(20, 26), (7, 12, 14)])
def test_one_object_at_every_place_it_can_lie(shape):
    """Against all places, tried one by one."""
    size = [4, 5, 3][: len(shape)]
    true = put(shape, [(n // 2 - 2, s) for n, s in zip(shape, size, strict=True)])
    predicted = put(shape, [(1, s) for s in size])
    ious = []
    for corner in itertools.product(*(range(1, n - s) for n, s in zip(shape, size, strict=True))):
        there = put(shape, list(zip(corner, size, strict=True)))
        ious.append(((there > 0) & (true > 0)).sum() / ((there > 0) | (true > 0)).sum())
    got = measure.chance(predicted, true, 0.4, draws=4000)
    assert not got.shifted
    assert got.scores()["IoU"] == pytest.approx(np.mean(ious), abs=4 * np.std(ious) / np.sqrt(4000))
    hit = np.mean(np.array(ious) >= 0.4)
    for name in ("F1", "precision", "recall"):
        assert got.scores()[name] == pytest.approx(hit, abs=4 * np.sqrt(hit / 4000))
    assert got.scores()["mean IoU"] == pytest.approx(np.mean([i for i in ious if i >= 0.4]), abs=0.05)
    assert got.reached()["IoU"] == pytest.approx(np.quantile(ious, 0.95), abs=0.03)


@pytest.mark.parametrize("parts", [(0.1, 0.4), (0.5, 0.5), (0.9, 0.7)])
def test_a_shifted_mask_shares_the_product_of_the_areas(parts):
    """Over all shifts |P and T| / N is exactly |P| / N times |T| / N."""
    rng = np.random.default_rng(3)
    predicted, true = (rng.random((80, 100)) < part for part in parts)
    got = measure.chance(predicted, true)
    p, t = predicted.mean(), true.mean()
    assert got.shifted
    assert got.scores()["Dice"] == pytest.approx(2 * p * t / (p + t), rel=0.01)
    assert got.scores()["IoU"] == pytest.approx(p * t / (p + t - p * t), rel=0.01)
    assert measure.chance(true, true).better
    assert measure.chance(np.roll(true, (31, 47), (0, 1)), true).better is False


@pytest.mark.parametrize("shape", [(60, 80), (5, 50, 60)])
def test_objects_are_put_down_whole_and_apart(shape):
    rng = np.random.default_rng(5)
    boxes = [[(int(rng.integers(0, n - 8)) if n > 8 else 1, min(3, n - 2)) for n in shape] for _ in range(30)]
    labels = put(shape, *boxes)
    names, area = np.unique(labels[labels > 0], return_counts=True)
    objects = floor._pixels(labels, names, area)
    corners = floor._apart(objects, 50, rng)
    assert corners is not None
    for corner in corners:
        at, of = floor._moved(objects, corner, shape, np.ones(len(names), bool))
        assert len(np.unique(at)) == len(at) == area.sum()
        assert (np.bincount(of) == area).all()
    assert len(np.unique(corners, axis=0)) == 50


def test_what_every_place_overlaps_alike():
    """Truth everywhere: all placed pixels are shared, in every draw."""
    predicted = put((40, 50), [(3, 6), (4, 7)], [(20, 5), (30, 5)])
    got = measure.chance(predicted, np.full((40, 50), 9))
    assert (got.shared == (predicted > 0).sum()).all()
    assert (got.p, got.better) == (1.0, False)


@settings(deadline=None, max_examples=25 if os.environ.get("WEEKLY") else 10)
@given(st.integers(0, 2**32 - 1), st.integers(1, 12))
def test_truth_against_itself_is_better_than_chance(seed, n):
    true = field(np.random.default_rng(seed), n)
    got = measure.chance(true, true, seed=seed)
    assert got.better is True
    assert got.found == pytest.approx(n)  # an IoU of 1 each
    again = measure.chance(true, true, seed=seed)
    assert (got.best == again.best).all()
    assert n < 3 or (got.best != measure.chance(true, true, seed=seed + 1).best).any()


def tissue(rng, n=50, side=80):
    """Cells that fill the field: every pixel belongs to the nearest of `n` points."""
    points, grid = rng.uniform(0, side, (n, 2)), np.stack(np.indices((side, side)), -1)
    return ((grid[:, :, None] - points) ** 2).sum(-1).argmin(-1) + 1


@pytest.mark.parametrize(
    "make",
    [
        lambda r: field(r, 3, radius=8),
        pytest.param(lambda r: field(r, 12, radius=6), marks=pytest.mark.weekly),
        tissue,
    ],
    ids=["3", "12", "tissue"],
)
def test_objects_thrown_at_random_are_not(make):
    """5 % pass by the rule; 7 of 30 or more, and weekly 10 of 60, would be a chance of 1 in 1,500."""
    better, (fields, most) = 0, (60, 10) if os.environ.get("WEEKLY") else (30, 7)
    for seed in range(fields):
        rng = np.random.default_rng([7, seed])
        true, predicted = make(rng), make(rng)
        better += measure.chance(predicted, true, seed=[8, seed]).better
    assert better < most


def test_poor_but_honest_masks_and_few_objects_are():
    """Masks a quarter as large as the truth have F1 0 and still lie where the objects are."""
    for n, seed in itertools.product((1, 3, 10), range(10)):
        true = field(np.random.default_rng(seed), n, radius=7)
        predicted, (y, x) = np.zeros_like(true), np.indices(true.shape)
        for label in range(1, n + 1):
            cy, cx = np.argwhere(true == label).mean(axis=0)
            predicted[
                (true == label) & ((y - cy) ** 2 + (x - cx) ** 2 <= (true == label).sum() / 4 / np.pi)
            ] = label
        assert measure.match(predicted, true).f1 == 0
        assert measure.chance(predicted, true).better


def test_many_large_objects_are_sampled_and_thinned_without_changing_the_answer(monkeypatch):
    rng = np.random.default_rng(11)
    true = np.kron(field(rng, 120, side=200, radius=4), np.ones((5, 5), np.int32))
    predicted = np.roll(true, (9, 5), (0, 1))
    thin = measure.chance(predicted, true)
    monkeypatch.setattr(floor, "PIXELS", 10**9)
    monkeypatch.setattr(floor, "OBJECTS", 10**9)
    whole = measure.chance(predicted, true)
    assert (thin.placed, whole.placed) == (100, 120)
    assert (thin.better, whole.better) == (True, True)
    assert thin.scores()["F1"] == pytest.approx(whole.scores()["F1"], abs=0.006)
    for name in ("Dice", "IoU", "gross error"):
        assert thin.scores()[name] == pytest.approx(whole.scores()[name], rel=0.04)


def test_nothing_to_compare_and_nowhere_to_go_have_an_answer():
    empty, one = np.zeros((30, 30), int), put((30, 30), [(4, 5), (6, 5)])
    for predicted, true in ((empty, empty), (empty, one), (one, empty)):
        got = measure.chance(predicted, true)
        assert got.better is None
        assert not got.best.any()
    assert measure.chance(empty, one).scores()["gross error"] == 1
    assert np.isnan(measure.chance(empty, empty).scores()["F1"])
    full = np.ones((30, 30), int)
    assert measure.chance(full, full).better is False  # every place is the given one
    # each side empty where the other is not: there is something to find, and it was not found
    apart = measure.pool_chance([measure.chance(empty, one), measure.chance(one, empty)])
    assert (apart.n_true, apart.n_predicted, apart.better) == (1, 1, False)


def test_cells_as_high_as_their_stack_are_shifted_in_the_plane():
    """Nine of 16 columns: no cell is cut, so that a draw is a shift over whole cells or none."""
    rng = np.random.default_rng(4)
    true = np.repeat(np.kron(np.arange(1, 17).reshape(4, 4), np.ones((8, 8), int))[None], 5, axis=0)
    got = measure.chance(true, true)
    assert got.shifted
    assert got.better
    other = np.roll(true, (4, 4), (1, 2))
    assert measure.chance(other, true, seed=int(rng.integers(99))).better is False


def test_files_add_up_and_the_border_rule_is_kept():
    rng = np.random.default_rng(2)
    pairs = [(field(rng, 5), field(rng, 7)) for _ in range(3)]
    each = [measure.chance(*pair, seed=(0, i)) for i, pair in enumerate(pairs)]
    pooled = measure.pool_chance(each)
    assert (pooled.n_predicted, pooled.n_true) == (15, 21)
    assert pooled.found == pytest.approx(sum(one.found for one in each))
    assert pooled.scores()["F1"] == pytest.approx(2 * sum(one.tp.mean() for one in each) / 36)
    with pytest.raises(InputError, match="one threshold"):
        measure.pool_chance([each[0], measure.chance(*pairs[0], 0.3)])
    with pytest.raises(InputError, match="at least one image"):
        measure.pool_chance([])
    with pytest.raises(InputError, match="draws: 0"):
        measure.chance(*pairs[0], draws=0)
    cut = put((40, 40), [(0, 5), (9, 5)], [(20, 5), (20, 5)])
    got = measure.chance(cut, cut, border="drop")
    assert (got.n_true, got.n_predicted, got.found) == (1, 1, 1)
    given = measure.chance(cut, cut, border="drop", overlap=overlaps(cut, cut, "drop"))
    assert (given.best == got.best).all()


def rolled(n, by, seed=0):
    """Discs 20 pixels wide, and the same a constant shift aside."""
    true = field(np.random.default_rng(seed), n, side=256, radius=10)
    return np.roll(true, by, 1), true


@pytest.mark.parametrize("n", [8, 20, 40])
@pytest.mark.parametrize("by", [11, 12, 14])
def test_slivers_of_the_right_objects_are_no_partners(n, by):
    """Half a width aside or more: every object meets its own, by less than half, and none is found."""
    predicted, true = rolled(n, by)
    got = measure.chance(predicted, true)
    match = measure.match(predicted, true)
    assert match.f1 <= got.scores()["F1"]
    assert measure.gross_error(match) >= got.scores()["gross error"]
    assert (got.matched, got.with_own) == (match.tp, n - match.inventions)
    assert got.better is False
    assert measure.chance(*rolled(n, 4)).better


def inner(true, part):
    """Of each object the middle, `part` of its area: an IoU of that, in place."""
    predicted, (y, x) = np.zeros_like(true), np.indices(true.shape)
    for label in np.unique(true[true > 0]):
        own = true == label
        cy, cx = np.argwhere(own).mean(axis=0)
        predicted[own & ((y - cy) ** 2 + (x - cx) ** 2 <= part * own.sum() / np.pi)] = label
    return predicted


def kinds_of_fields(kind, rng, n):
    """Sparse fields as the judge's page has them: discs of radius 7 in 96 x 96 pixels."""
    true = field(rng, n, radius=7)
    kept = [label for label in range(1, n + 1) if rng.random() > 0.2] or [1]
    if kind == "poor":
        return inner(np.where(np.isin(true, kept), true, 0), 0.3), true
    moved = np.zeros_like(true)
    for label in kept:
        angle, off = rng.uniform(0, 2 * np.pi), 7 * rng.uniform(0.17, 0.38)
        by = np.round([off * np.sin(angle), off * np.cos(angle)]).astype(int)
        moved[np.roll(true == label, by, (0, 1))] = label
    return moved, true


@pytest.mark.parametrize(
    ("n", "kind"),
    [
        (1, "honest"),
        pytest.param(1, "poor", marks=pytest.mark.weekly),
        pytest.param(3, "honest", marks=pytest.mark.weekly),
        (3, "poor"),
        pytest.param(10, "honest", marks=pytest.mark.weekly),
        pytest.param(10, "poor", marks=pytest.mark.weekly),
    ],
)
def test_rate_of_honest_sparse_fields_and_folders_that_are_marked(kind, n):
    """At most 2 % of fields, and 5 % of folders of 8: by the binomial tail, 160 fields show 9 or fewer."""
    fields = [
        measure.chance(*kinds_of_fields(kind, np.random.default_rng([n, i]), n), seed=(n, i))
        for i in range(160)
    ]
    assert sum(one.better is False for one in fields) <= 9
    rng = np.random.default_rng(n)
    sets = [[fields[i] for i in rng.choice(160, 8, replace=False)] for _ in range(300)]
    assert np.mean([measure.by_file(one)[1] for one in sets]) <= 0.05
    assert not any(measure.pool_chance(one).better is False for one in sets)


@pytest.mark.parametrize("n", [1, 2, 12])
def test_folders_whose_files_are_nonsense_are_marked(n):
    """The mark falls where the probability of as many files is 5 % or less, by the rates stated."""
    rate = max(0.02, 0.2**n)
    good = [measure.chance(true, true) for true in (field(np.random.default_rng(i), n) for i in range(10))]
    assert all(one.better for one in good)
    wrong, seed = [], 0
    while len(wrong) < 10:
        rng = np.random.default_rng([5, seed])
        one = measure.chance(field(rng, n), field(rng, n), seed=seed)
        wrong, seed = wrong + [one] * (one.better is False), seed + 1
    for files, bad in itertools.product((2, 3, 8, 10), range(11)):
        if bad <= files:
            worse, many = measure.by_file(good[: files - bad] + wrong[:bad])
            assert worse == list(range(files - bad, files))
            assert many == (bad > 0 and binom.sf(bad - 1, files, rate) <= 0.05)
    assert measure.by_file([]) == ([], False)


def test_files_that_can_show_nothing_are_not_held_against_a_folder():
    full, empty = np.ones((30, 30), int), np.zeros((30, 30), int)
    cannot = [measure.chance(full, full), measure.chance(full, empty), measure.chance(empty, empty)]
    assert measure.by_file(cannot * 5) == ([], False)


@pytest.mark.parametrize("covered", [0.7, 0.8, 0.9])
def test_confluence_in_one_piece_is_better_in_place_alone(covered):
    """One object matches one at every shift, so that F1 and gross error cannot show what the IoU does."""
    smooth = gaussian_filter(np.random.default_rng(3).normal(size=(160, 160)), 5)
    true = numbered(smooth > np.quantile(smooth, 1 - covered)) == 1
    other = gaussian_filter(np.random.default_rng(4).normal(size=(160, 160)), 5)
    drawn = binary_dilation(true).astype(int)
    assert measure.chance(drawn, true.astype(int)).better
    assert (
        measure.chance((other > np.quantile(other, 1 - covered)).astype(int), true.astype(int)).better
        is False
    )
