"""Matching of picks, chance, curves: against brute force, other libraries and cases known by construction."""

import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching
from scipy.spatial.distance import cdist

from scopecheck.errors import InputError
from scopecheck.measure import picks as picking

WEEKLY = bool(os.environ.get("WEEKLY"))
check = settings(deadline=None, max_examples=200 if WEEKLY else 50)


def pr_curve(picks, scores, truth, radius):
    """Of one micrograph."""
    return picking.curve(scores, picking.hits(picks, scores, truth, radius), len(truth))


@st.composite
def scenes(draw):
    """Picks and particles on a small grid: ties, twins and distances equal to the radius are common."""
    at = st.tuples(st.integers(0, 9), st.integers(0, 9))
    picks, truth = (np.array(draw(st.lists(at, max_size=12)), float).reshape(-1, 2) for _ in range(2))
    return picks, truth, draw(st.sampled_from([1.0, 2.0, 2.5, 5.0, 20.0]))


def brute_force(picks, truth, radius):
    """Number of pairs and total distance by the full cost matrix: a pair is worth more than all distances."""
    distance = cdist(picks, truth)
    if not distance.size:
        return 0, 0.0
    rows, columns = linear_sum_assignment(np.where(distance <= radius, distance - 1e6, 0.0))
    paired = distance[rows, columns] <= radius
    return int(paired.sum()), float(distance[rows, columns][paired].sum())


@check
@given(scenes())
def test_the_matching_is_the_optimum_of_the_full_cost_matrix(scene):
    picks, truth, radius = scene
    got = picking.match(picks, truth, radius)
    pairs, total = brute_force(picks, truth, radius)
    assert got.tp == pairs
    assert got.distance.sum() == pytest.approx(total)
    for column in got.pairs.T:
        assert len(set(column.tolist())) == len(column)
    apart = np.hypot(*(picks[got.pairs[:, 0]] - truth[got.pairs[:, 1]]).T) if got.tp else np.zeros(0)
    np.testing.assert_allclose(got.distance, apart)
    assert (got.distance <= radius).all()


@pytest.mark.parametrize("radius", [20, 54, 150])
def test_a_crowded_field_of_a_thousand(radius):
    rng = np.random.default_rng(radius)
    truth = rng.uniform(0, 4096, (1000, 2))
    picks = np.concatenate((truth[:700] + rng.normal(0, 20, (700, 2)), rng.uniform(0, 4096, (300, 2))))
    got = picking.match(picks, truth, radius)
    pairs, total = brute_force(picks, truth, radius)
    assert got.tp == pairs
    assert got.distance.sum() == pytest.approx(total, rel=1e-9)


@check
@given(scenes())
def test_exchange_shift_and_scale_change_nothing(scene):
    picks, truth, radius = scene
    forth, back = picking.match(picks, truth, radius), picking.match(truth, picks, radius)
    assert (forth.tp, forth.precision) == (back.tp, pytest.approx(back.recall, nan_ok=True))
    assert forth.distance.sum() == pytest.approx(back.distance.sum())
    assert forth.f1 == pytest.approx(back.f1, nan_ok=True)
    angstrom = picking.match(2 * (picks + 64), 2 * (truth + 64), 2 * radius)
    assert angstrom.tp == forth.tp
    assert angstrom.distance.sum() == pytest.approx(2 * forth.distance.sum())


def test_one_particle_serves_one_pick_and_more_pairs_go_before_short_ones():
    got = picking.match([(0, 0), (1, 0)], [(0, 0)], 5)
    assert (got.pairs.tolist(), got.precision, got.recall) == ([[0, 0]], 0.5, 1.0)
    # the short pair 1-0 alone, or the two long ones
    got = picking.match([(0, 0), (4, 0)], [(3, 0), (8, 0)], 4)
    assert got.pairs.tolist() == [[0, 0], [1, 1]]
    assert got.distance.tolist() == [3.0, 4.0]
    assert got.f1 == 1.0


def test_no_picks_and_no_particles_have_defined_answers():
    none, some = np.zeros((0, 2)), [(1, 1)]
    assert np.isnan(picking.match(none, some, 3).precision)
    assert picking.match(none, some, 3).recall == 0
    assert picking.match(some, none, 3).precision == 0
    assert np.isnan(picking.match(some, none, 3).recall)
    assert np.isnan(picking.match([], [], 3).f1)
    assert len(pr_curve(none, [], some, 3)) == 0
    assert np.isnan(picking.average_precision(pr_curve(none, [], some, 3)))


@check
@given(scenes(), st.randoms(use_true_random=False))
def test_hits_among_the_best_picks_are_their_largest_matching(scene, random):
    picks, truth, radius = scene
    scores = np.array([random.randint(0, 6) for _ in picks], float)
    hit = picking.hits(picks, scores, truth, radius)
    order = np.argsort(-scores, kind="stable")
    for k in range(1, len(picks) + 1):
        near = cdist(picks[order[:k]], truth) <= radius
        largest = (maximum_bipartite_matching(csr_array(near), perm_type="column") >= 0).sum()
        assert hit[order[:k]].sum() == largest
    table = pr_curve(picks, scores, truth, radius)
    for row in table.itertuples():
        got = picking.match(picks[scores >= row.threshold], truth, radius)
        assert (row.picks, row.precision) == (got.n_picks, pytest.approx(got.precision))
        assert row.recall == pytest.approx(got.recall, nan_ok=True)


@pytest.mark.parametrize("seed", range(4))
def test_average_precision_is_scikit_learns_times_the_share_that_can_be_found(seed):
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(seed)
    truth = rng.uniform(0, 1000, (80, 2))
    picks = np.concatenate((truth[:60] + rng.normal(0, 5, (60, 2)), rng.uniform(0, 1000, (60, 2))))
    scores = np.round(rng.normal(np.repeat((1.0, 0.0), 60)), 1)  # with ties
    hit = picking.hits(picks, scores, truth, 20)
    table = pr_curve(picks, scores, truth, 20)
    theirs = metrics.average_precision_score(hit, scores) * hit.sum() / len(truth)
    assert picking.average_precision(table) == pytest.approx(theirs)
    precision, recall, thresholds = metrics.precision_recall_curve(hit, scores)
    np.testing.assert_array_equal(table["threshold"], thresholds[::-1])
    np.testing.assert_allclose(table["precision"], precision[:-1][::-1])
    np.testing.assert_allclose(table["recall"], recall[:-1][::-1] * hit.sum() / len(truth))


def test_average_precision_by_hand():
    # hit, miss, hit; the third particle is never found: (1/1 + 2/3) / 3
    table = pr_curve([(0, 0), (50, 0), (100, 0)], [3, 2, 1], [(1, 0), (100, 0), (200, 0)], 5)
    assert table["precision"].tolist() == pytest.approx([1, 1 / 2, 2 / 3])
    assert table["recall"].tolist() == pytest.approx([1 / 3, 1 / 3, 2 / 3])
    assert picking.average_precision(table) == pytest.approx((1 + 2 / 3) / 3)


def test_chance_on_separate_discs_is_their_area():
    """Discs that do not touch cover m pi r^2 of the field; one point hits with that probability."""
    grid = np.stack(np.meshgrid(np.arange(100, 1000, 200), np.arange(100, 1000, 200)), -1).reshape(-1, 2)
    covered = len(grid) * np.pi * 40**2 / 999**2
    got = picking.chance(4000, grid, shape=(1000, 1000), radius=40, repeats=10)
    assert got.any_hit == pytest.approx(covered, abs=4 * got.any_hit_sd / np.sqrt(10))
    assert got.any_hit_sd == pytest.approx(np.sqrt(covered * (1 - covered) / 4000), rel=0.6)
    # one to one: a particle is delivered unless all points miss its disc
    expected = 1 - (1 - np.pi * 40**2 / 999**2) ** 200
    got = picking.chance(200, grid, shape=(1000, 1000), radius=40, repeats=40)
    assert got.recall == pytest.approx(expected, abs=4 * got.recall_sd / np.sqrt(40) + 1e-9)
    assert got.precision == pytest.approx(got.recall * len(grid) / 200)
    assert got.any_hit > got.precision
    assert got == picking.chance(200, grid, shape=(1000, 1000), radius=40, repeats=40)


@settings(deadline=None, max_examples=25)
@given(st.integers(1, 60), st.floats(0, 40), st.floats(0, 30), st.integers(0, 99))
def test_random_points_keep_their_distance_and_their_border(n, apart, border, seed):
    from scopecheck.measure.picks import scatter

    low, high = np.array([border] * 2), np.array([639 - border, 479 - border])
    xy = scatter._scatter(n, low, high, apart, np.random.default_rng(seed))
    assert xy.shape == (n, 2)
    assert ((xy >= low) & (xy <= high)).all()
    assert n < 2 or (cdist(xy, xy) + 1e9 * np.eye(n)).min() >= apart
    nearest, edge = picking.spacing(xy, (480, 640))
    assert edge >= border - 1e-9
    assert n < 2 or nearest >= apart - 1e-9


def test_random_points_fill_the_field_evenly():
    """One point after another at a quarter of the jamming density: every quadrant gets its share."""
    from scopecheck.measure.picks import scatter

    rng = np.random.default_rng(0)
    xy = np.concatenate([scatter._scatter(150, np.zeros(2), np.full(2, 999.0), 30, rng) for _ in range(40)])
    share = np.histogram2d(*xy.T, bins=2, range=[(0, 999)] * 2)[0] / len(xy)
    np.testing.assert_allclose(share, 0.25, atol=0.02)


def test_too_many_points_are_refused():
    with pytest.raises(InputError, match="at most one a pixel"):
        picking.chance(101, [(1, 1)], shape=(10, 10), radius=2)
    with pytest.raises(InputError, match="do not fit"):
        picking.chance(90, [(1, 1)], shape=(100, 100), radius=2, minimum_distance=20)
    with pytest.raises(InputError, match="leaves nothing"):
        picking.chance(3, [(1, 1)], shape=(100, 100), radius=2, border=60)


def test_junk_by_class():
    classes = np.zeros((20, 30), np.uint8)
    classes[:, 10:20], classes[15:, :] = 1, 3
    picks = [(2, 3), (12, 3), (19.4, 14.4), (5, 16), (29, 19), (29, 0)]
    got = picking.junk(picks, classes, ("ice", "carbon", "gold"))
    assert got == pytest.approx({"ice": 2 / 6, "carbon": 0, "gold": 2 / 6})
    assert all(np.isnan(v) for v in picking.junk([], classes, ("ice", "carbon", "gold")).values())
    with pytest.raises(InputError, match=r"1 of 1 lie outside the junk map of 20 x 30 pixels \(Y x X\)"):
        picking.junk([(5, 25)], classes, ("ice", "carbon", "gold"))
    with pytest.raises(InputError, match="whole, 0 to 2"):
        picking.junk(picks, classes, ("ice", "carbon"))


def test_calibration_of_scores_that_are_probabilities():
    rng = np.random.default_rng(0)
    scores = rng.uniform(0, 1, 20_000)
    table = picking.calibration(scores, rng.uniform(size=20_000) < scores)
    assert table["n"].tolist() == [2000] * 10
    np.testing.assert_allclose(table["precision"], table["score"], atol=0.035)
    inside = (table["lower"] <= table["score"]) & (table["score"] <= table["upper"])
    assert inside.sum() >= 7  # each end errs in 5 %
    one = picking.calibration([3.0, 3.0, 3.0, 3.0, 3.0], [True] * 5)
    assert (one["n"].tolist(), one["precision"].tolist()) == ([5], [1.0])
    assert one["lower"][0] == pytest.approx(0.05 ** (1 / 5))  # exact: 5 of 5
    assert one["upper"][0] == 1.0


@pytest.fixture
def crowded():
    rng = np.random.default_rng(3)
    truth = np.array([(x, y) for x in range(90, 4000, 170) for y in range(90, 4000, 170)], float)
    truth = truth[rng.random(len(truth)) < 0.8] + rng.uniform(-55, 55, (1, 2))
    truth = truth + rng.uniform(-40, 40, truth.shape)
    return truth + rng.normal(0, 8, truth.shape), truth


def test_picks_upside_down_are_noticed(crowded):
    picks, truth = crowded
    assert picking.frame_hint([(picks, truth)], height=4096, radius=50) == ""
    wrong = np.stack((picks[:, 0], 4095 - picks[:, 1]), axis=1)
    said = picking.frame_hint([(wrong, truth)], height=4096, radius=50)
    assert said.startswith(f"{len(picks)} of {len(picks)} picks match when turned upside down")
    # as many random picks match no better either way up
    rng = np.random.default_rng(0)
    for _ in range(20):
        assert picking.frame_hint([(rng.uniform(0, 4096, picks.shape), truth)], height=4096, radius=50) == ""


@pytest.mark.parametrize(
    ("factor", "how"), [(4, "multiplied by 4"), (1 / 2, "divided by 2"), (8, "multiplied by 8")]
)
def test_picks_of_another_binning_are_noticed(crowded, factor, how):
    picks, truth = crowded
    assert picking.frame_hint([(picks, truth)], radius=50) == ""
    assert how in picking.frame_hint([(picks / factor, truth)], radius=50)


def upside_down(xy):
    return np.stack((xy[:, 0], 4095 - xy[:, 1]), axis=1)


@pytest.mark.parametrize("height", [None, 4096])
@pytest.mark.parametrize(
    ("change", "how"),
    [
        (upside_down, "turned upside down"),
        (lambda xy: upside_down(xy) / 4, "multiplied by 4 and turned upside down"),
        (lambda xy: xy / 2.5, "multiplied by 2.5"),
        (lambda xy: xy * 6, "divided by 6"),
        (lambda xy: xy[:, ::-1], "x and y are swapped"),
        (lambda xy: xy[:, ::-1] / 1.5, "x and y are swapped and multiplied by 1.5"),
    ],
)
def test_planted_frames_are_named(crowded, change, how, height):
    picks, truth = crowded
    said = picking.frame_hint([(change(picks), truth)], radius=50, height=height)
    assert said.startswith(f"{len(picks)} of {len(picks)} picks match when {how}")
    if "upside down" in how:
        assert float(said.split("about ")[1].split(" - y)")[0]) == pytest.approx(4095, abs=5)
    # few picks of each of ten micrographs, half of them wrong: too few alone, enough together
    rng = np.random.default_rng(1)
    few = [
        (np.concatenate((part, rng.uniform(0, 4096, part.shape))), truth)
        for part in np.array_split(picks[:60], 10)
    ]
    assert picking.frame_hint(few, radius=27, height=height) == ""
    changed = [(change(p), t) for p, t in few]
    assert f"picks match when {how}" in picking.frame_hint(changed, radius=27, height=height)
    assert picking.frame_hint(changed[:1], radius=27, height=height) == ""


@settings(deadline=None, max_examples=300 if WEEKLY else 60, derandomize=True)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([0, 0.05, 0.2, 0.5, 1]),
    st.sampled_from([0.1, 0.3, 0.6, 1]),
    st.booleans(),
    st.booleans(),
)
def test_good_and_bad_pickers_in_the_right_frame_are_never_refused(seed, recall, precision, corner, shy):
    """Also random points, particles in one corner only, and picks that keep away from every particle."""
    rng = np.random.default_rng(seed)
    size, diameter = rng.integers(800, 4200, 2), rng.uniform(40, 200)
    room = size * (rng.uniform(0.3, 1) if corner else 1)
    truth = rng.uniform(0, room - 1, (int(rng.integers(1, 3 + 0.4 * room.prod() / diameter**2) % 500) + 1, 2))
    good = truth[rng.random(len(truth)) < recall]
    good = good + rng.normal(0, 0.1 * diameter, good.shape)
    wrong = rng.uniform(0, size - 1, (1 + int(max(len(good), 5) * (1 / precision - 1)), 2))
    if shy:
        wrong = wrong[cdist(wrong, truth).min(axis=1) > diameter / 2]
    picks = np.concatenate((good, wrong))
    for height in (None, size[1]):
        assert picking.frame_hint([(picks, truth)], radius=diameter / 4, height=height) == ""


def test_no_picks_and_one_pick_are_no_mistake():
    for picks in (np.zeros((0, 2)), [(5, 5)]):
        assert picking.frame_hint([(picks, [(500, 5)])], radius=9) == ""
    assert picking.frame_hint([], radius=9) == ""


def test_sizes_out_of_proportion(crowded):
    """Boxes of REPIC's width against the diameter at the right pixel size, and at half and twice of it."""
    truth = [crowded[1]]
    for diameter in (108, 54, 216):
        stated, boxes = {"table": [108.0] * 3}, {"boxes": [180.0] * 3}
        said = picking.size_hint(truth, diameter=diameter, stated=stated, boxes=boxes)
        assert said.count("table: 108 px") == (diameter != 108)
        assert said.count("boxes: 180 px") == (diameter == 54)
        near = np.median(np.sort(cdist(truth[0], truth[0]), axis=1)[:, 1])
        assert said.count("have a neighbour within") == (near < 0.6 * diameter)
        assert bool(said) == (diameter != 108)
    assert picking.size_hint(truth, diameter=108, stated={}, boxes={"boxes": []}) == ""


@pytest.mark.parametrize(
    ("picks", "message"),
    [
        ([(1, np.nan), (2, 3)], "picks: 1 of 2 positions are NaN or infinite"),
        ([(1, 2, 3, 4)], r"picks: has the shape \(1, 4\); expected \(n, 2\) or"),
        ([(1, 2, 3)], "picks have 3 coordinates, the truth 2; expected x, y or x, y, z of both"),
        ([("a", "b")], "picks: expected numbers x, y"),
    ],
)
def test_bad_points_are_refused(picks, message):
    with pytest.raises(InputError, match=message):
        picking.match(picks, [(1, 1)], 5)


def test_bad_radius_and_scores_are_refused():
    for radius in (0, -1, np.nan, np.inf):
        with pytest.raises(InputError, match="radius"):
            picking.match([(1, 1)], [(1, 1)], radius)
    with pytest.raises(InputError, match="one finite score for each pick"):
        picking.hits([(1, 1)], [np.nan], [(1, 1)], 5)
    with pytest.raises(InputError, match="one finite score for each pick"):
        pr_curve([(1, 1)], [1, 2], [(1, 1)], 5)


def apart(spacing, side, seed, fill):
    """Points at random that keep `spacing` apart, `fill` of as many as fit so."""
    return picking.scatter._scatter(
        int(fill * 0.5 * side**2 / (np.pi * spacing**2 / 4)),
        np.zeros(2),
        np.full(2, side),
        spacing,
        np.random.default_rng(seed),
    )


@pytest.mark.parametrize("times", [1.0, 1.1, 1.2])
def test_a_diameter_twice_too_wide_is_remarked_at_any_spacing_of_a_crowded_field(times):
    """Particles that keep 1, 1.1 or 1.2 diameters apart; twice the diameter is said, the right one is not."""
    for seed in range(5):
        truth = [apart(times * 40, 1000, seed, 0.9)]
        how = {"stated": {}, "boxes": {}}
        assert "have a neighbour within" in picking.size_hint(truth, diameter=80, **how)
        for right in (40, 50):  # and a quarter too wide
            assert picking.size_hint(truth, diameter=right, **how) == ""
        random = [np.random.default_rng(seed).uniform(0, 4000, (2400, 2))]  # half have one within 38
        assert picking.size_hint(random, diameter=55, **how) == ""


def test_pairs_within_a_distance_and_of_random_points():
    rng = np.random.default_rng(0)
    for axes, ball in ((2, np.pi * 30**2), (3, 4 / 3 * np.pi * 30**3)):
        xy = rng.uniform(0, 1000, (3000, axes))
        pairs, random = picking.mistakes.pairs_within(xy, 30)
        assert random == pytest.approx(3000 * 2999 / 2 * ball / 1000**axes, rel=0.01)
        assert pairs == pytest.approx(random, rel=0.1)


def test_matching_and_chance_in_space():
    """Points in a tomogram: pairs need x, y and z; chance is the filled volume, between the planes given."""
    rng = np.random.default_rng(1)
    truth = np.column_stack([rng.uniform(50, 950, (60, 2)), rng.uniform(0, 200, 60)])
    assert picking.match(truth, truth + (0, 0, 12), 10).tp == 0
    assert picking.match(truth, truth + (6, 0, 8), 10.01).tp == 60
    half = truth[truth[:, 2] < 100]
    got = picking.chance(3000, half, shape=(1000, 1000, 1000), radius=15, planes=(0, 100), repeats=10)
    assert got.any_hit == pytest.approx(len(half) * 4 / 3 * np.pi * 15**3 / 1e8, rel=0.25)
    thin = picking.chance(3000, half, shape=(1000, 1000, 1000), radius=15, repeats=10)
    assert thin.any_hit == pytest.approx(got.any_hit / 10, rel=0.6)


def test_hits_of_random_points_in_order_end_at_one_to_one_chance():
    truth = np.array([(x, y) for x in range(50, 1000, 100) for y in range(50, 1000, 100)], float)
    how = {"shape": (1000, 1000), "radius": 25, "minimum_distance": 20, "repeats": 20}
    pairs = picking.chance_hits(150, truth, **how)
    got = picking.chance(150, truth, **how)
    assert pairs[0] == 0
    assert (np.diff(pairs) >= 0).all()
    assert (np.diff(pairs) <= 1).all()
    assert pairs[-1] / 150 == pytest.approx(got.precision)  # the same draws
    assert pairs[1] == pytest.approx(100 * np.pi * 25**2 / 1e6, abs=0.25)


def test_layout_is_the_picks_own_where_random_points_fit_and_as_wide_as_fits_where_not():
    """A grid is packed more tightly than random points can be; its distance gives way."""
    few = picking.layout([(50, 60), (90, 60)], (400, 400))
    assert few == {"shape": (400, 400), "border": 50, "minimum_distance": 40}
    crowd = np.stack(np.meshgrid(np.arange(10, 391, 20), np.arange(10, 391, 20)), -1).reshape(-1, 2)
    tight = picking.layout(crowd, (400, 400))
    # 400 discs of this diameter cover 0.45 of the room inside the border of 9, short of jamming at 0.547
    assert 400 * np.pi * tight["minimum_distance"] ** 2 / 4 == pytest.approx(0.45 * (400 - 2 * 9) ** 2)
    assert picking.chance(len(crowd), crowd, radius=5, repeats=2, **tight).n == 400


def test_random_points_are_as_many_and_laid_out_as_the_picks():
    xy = np.random.default_rng(4).uniform(20, 380, (30, 2))
    got = picking.random_points(xy, xy, 15, (400, 400), (1, 2), repeats=3)
    how = picking.layout(xy, (400, 400))
    assert got == picking.chance(30, xy, radius=15, seed=(1, 2), repeats=3, **how)
    assert got.n == 30


def test_a_sequence_of_seeds_draws_other_points_for_each_case():
    how = {"shape": (300, 300), "radius": 20, "repeats": 3}
    first, again, second = (picking.chance(50, [(90, 90)], seed=(0, k), **how) for k in (0, 0, 1))
    assert first == again != second
