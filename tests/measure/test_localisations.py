"""Localisations against emitters: a published value, the full assignment, random lists, planted truths."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from scopecheck.errors import InputError
from scopecheck.measure import localisations as loc


def assigned(found, true, radius):
    """Pairs and total distance by the full cost matrix, as many pairs as possible first."""
    apart = cdist(found, true)
    rows, columns = linear_sum_assignment(np.where(apart <= radius, apart - 1e9, 0))
    kept = apart[rows, columns][apart[rows, columns] <= radius]
    return len(kept), kept.sum()


def test_efficiency_is_decodes_test_vector():
    """JAC 0.91204 and an RMSE of 32.077 nm give 0.66739 in DECODE's own tests."""
    assert loc.efficiency(0.91204, 32.077) == pytest.approx(0.66739, abs=5e-6)
    assert loc.efficiency(1.0, 0.0) == 1
    assert loc.efficiency(0.5, 0.0, loc.ALPHA["axial"]) == 0.5
    assert np.isnan(loc.efficiency(float("nan"), 3))
    with pytest.raises(InputError, match="not per cent"):
        loc.efficiency(91.2, 32)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), frames=st.integers(1, 4), n=st.integers(0, 25), m=st.integers(0, 25))
def test_each_frame_is_matched_as_by_the_full_assignment(seed, frames, n, m):
    rng = np.random.default_rng(seed)
    f, t = rng.uniform(-300, 700, (n, 2)), rng.uniform(-300, 700, (m, 2))
    of_f, of_t = rng.integers(-1, frames, n), rng.integers(-1, frames, m)
    got = loc.match(f, t, 120, frames=(of_f, of_t))
    sums = [assigned(f[of_f == k], t[of_t == k], 120) for k in range(-1, frames)]
    assert got.tp == sum(pairs for pairs, _ in sums)
    assert got.lateral.sum() == pytest.approx(sum(total for _, total in sums), abs=1e-4)
    assert (of_f[got.pairs[:, 0]] == of_t[got.pairs[:, 1]]).all()


def test_a_frame_too_full_for_all_distances_gives_the_same_pairs(monkeypatch):
    rng = np.random.default_rng(7)
    t = rng.uniform(0, 3000, (200, 2))
    f = t + rng.normal(0, 60, t.shape)
    whole = loc.match(f, t, 150)
    monkeypatch.setattr(loc, "_WHOLE", 100)
    assert loc.match(f, t, 150).pairs.tolist() == whole.pairs.tolist()


def test_scores_of_a_planted_list():
    true = np.array([[0, 0], [1000, 0], [2000, 0], [3000, 0.0]])
    found = np.array([[3, 4], [1000, 0], [2000, 400], [9000, 0.0]])  # 5 nm off, exact, too far, nowhere
    got = loc.match(found, true, 250)
    assert (got.tp, got.n_found, got.n_true) == (2, 4, 4)
    assert got.jaccard == pytest.approx(2 / 6)
    assert got.precision == got.recall == 0.5
    assert got.rmse_lateral == pytest.approx(np.sqrt(25 / 2))
    assert np.isnan(got.rmse_axial)
    assert got.efficiency == pytest.approx(1 - np.hypot(4 / 6, 0.01 * np.sqrt(12.5)))
    assert "2 pairs of 4 localisations and 4 emitters" in repr(got)


def test_in_depth_each_axis_has_its_limit_and_both_errors_are_told():
    true = np.zeros((1, 3))
    assert loc.match([[0, 0, 499]], true, 250).tp == 1
    assert loc.match([[0, 0, 501]], true, 250).tp == 0
    assert loc.match([[240, 0, 490]], true, 250).tp == 1
    assert loc.match([[240, 80, 0]], true, 250).tp == 0
    got = loc.match([[30, 40, -100]], true, 250)
    assert (got.rmse_lateral, got.rmse_axial, got.axial.tolist()) == (50, 100, [-100])
    assert got.efficiency == pytest.approx(((1 - 0.5) + (1 - 0.5)) / 2)


def test_nothing_gives_no_number_and_never_an_error():
    nothing = np.zeros((0, 2))
    one = loc.match(nothing, [[0, 0]], 50, frames=([], [3]))
    assert (one.tp, one.recall, one.jaccard) == (0, 0, 0)
    assert np.isnan([one.precision, one.rmse_lateral, one.efficiency]).all()
    assert np.isnan(loc.match(nothing, nothing, 50).jaccard)
    assert np.isnan(loc.chance(nothing, [[0, 0]], 50, frames=([], [0])).jaccard)
    assert loc.molecules(nothing, [], 20).tolist() == []


def test_random_lists_score_what_other_means_say():
    """Within 50 nm few points compete: Jaccard is near d pi r^2 / (2 - d pi r^2); at 250 nm by assignment.

    The emitters come from the seed that chance has by default: it must not draw their places again.
    """
    rng = np.random.default_rng(0)
    n, frames, side = 225, 40, 6400  # 5.5 a square micrometre
    true, of = rng.uniform(0, side, (n * frames, 2)), np.repeat(np.arange(frames), n)
    hit = n / side**2 * np.pi * 50**2
    pairs = [assigned(rng.uniform(0, side, (n, 2)), true[of == k], 250)[0] for k in range(10)]
    crowded = np.mean(pairs) / (2 * n - np.mean(pairs))
    for radius, expected, close in ((50, hit / (2 - hit), 0.003), (250, crowded, 0.02)):
        by_places = loc.chance(true, true, radius, frames=(of, of), repeats=3)
        by_frames = loc.chance(true, true, radius, frames=(of, of), wrong="frames", repeats=3)
        assert by_places.jaccard == pytest.approx(expected, abs=close)
        assert by_frames.jaccard == pytest.approx(expected, abs=close)  # without structure both are the same
        assert by_places.jaccard_sd < 0.02


def test_a_structure_scores_in_wrong_frames_what_random_places_do_not():
    rng = np.random.default_rng(1)
    along = rng.uniform(0, 1e4, 3000)  # one filament, 20 nm wide, in a field of 10 micrometres
    true = np.column_stack((along, 5000 + rng.normal(0, 20, 3000)))
    true[:2] = [0, 0], [1e4, 1e4]
    of = np.repeat(np.arange(60), 50)
    places, frames = (loc.chance(true, true, 250, frames=(of, of), wrong=w) for w in ("places", "frames"))
    assert frames.jaccard > 5 * places.jaccard


def test_one_emitter_is_not_met_at_random_places():
    of = np.arange(50)
    got = loc.chance(np.zeros((50, 2)), np.zeros((50, 2)), 100, frames=(of, of))
    assert got.jaccard < 0.5  # the box is four radii wide, though all emitters lie at one place


def test_many_sightings_of_few_molecules_need_little_memory():
    """Forty sites, each seen in every hundredth of 50,000 frames: no two sightings are near in both."""
    at, when = np.tile(np.arange(40)[:, None] * [500, 0], (500, 1)), np.repeat(np.arange(500) * 100, 40)
    assert loc.molecules(at, when, radius=60, dark=2).max() + 1 == 20_000


def test_chance_repeats_itself_and_needs_two_frames_to_exchange_them():
    rng = np.random.default_rng(2)
    f, of = rng.uniform(0, 1000, (30, 2)), np.arange(30) % 3
    one, two, other = (loc.chance(f, f, 100, frames=(of, of), seed=s) for s in (1, 1, 2))
    assert repr(one) == repr(two) != repr(other)  # the axial RMSE is NaN in 2D
    alone = np.zeros(30, int)
    assert np.isnan(loc.chance(f, f, 100, frames=(alone, alone), wrong="frames").jaccard)
    with pytest.raises(InputError, match="places"):
        loc.chance(f, f, 100, frames=(of, of), wrong="colour")


def test_molecules_are_counted_by_the_rule():
    rng = np.random.default_rng(3)
    true = np.array([(x, y) for x in range(0, 4000, 400) for y in range(0, 4000, 400)], float)  # 100, apart
    of, at, when = [], [], []
    for k, place in enumerate(true):
        start = rng.integers(0, 500)
        on = [start, start + 1, start + 3]  # one dark frame between
        at += [place + rng.normal(0, 8, 2) for _ in on]
        when += on
        of += [k] * 3
    order = rng.permutation(len(of))
    at, when, of = np.array(at)[order], np.array(when)[order], np.array(of)[order]
    found = loc.molecules(at, when, radius=60, dark=1)
    assert found.max() + 1 == 100
    assert len({(a, b) for a, b in zip(found, of, strict=True)}) == 100  # the same groups
    assert found[0] == 0
    assert (np.diff([np.flatnonzero(found == k)[0] for k in range(100)]) > 0).all()
    assert loc.molecules(at, when, radius=60, dark=0).max() + 1 == 200  # the gap splits each


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 1000))
def test_moving_all_positions_or_frames_alike_changes_nothing(seed):
    rng = np.random.default_rng(seed)
    f, t = rng.uniform(0, 500, (20, 3)), rng.uniform(0, 500, (22, 3))
    of_f, of_t = rng.integers(0, 3, 20), rng.integers(0, 3, 22)
    given_, moved = (
        loc.match(f + by, t + by, 150, frames=(of_f + k, of_t + k)) for by, k in ((0, 0), (1e5, 700))
    )
    assert given_.pairs.tolist() == moved.pairs.tolist()
    assert given_.efficiency == pytest.approx(moved.efficiency)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: loc.match([[0, 0]], [[0, 0, 0]], 50), "2 coordinates, emitters 3"),
        (lambda: loc.match([[0, np.nan]], [[0, 0]], 50), "NaN"),
        (lambda: loc.match([[0, 0]], [[0, 0]], 0), "radius"),
        (lambda: loc.match([[0, 0]], [[0, 0]], 50, frames=([1, 2], [1])), "expected 1 numbers"),
        (lambda: loc.match([[0, 0]], [[0, 0]], 50, frames=([1.5], [1])), "whole numbers"),
        (lambda: loc.match([[0, 0]], [[0, 0]], 50, frames=([1e300], [1])), "numbers of frames"),
        (lambda: loc.molecules([[0, 0]], [0], 20, dark=-1), "not below 0"),
    ],
)
def test_bad_input_is_named(call, said):
    with pytest.raises(InputError, match=said):
        call()


def test_a_peak_is_where_its_pixel_is():
    pictures = np.zeros((3, 20, 30))
    pictures[1, 4, 7], pictures[2, 10, 20], pictures[2, 10, 21] = 1.0, 0.5, 0.4
    frames, xy, heights = loc.peaks(pictures, 0.1, 25, sigma=0)
    assert frames.tolist() == [1, 2]
    assert xy.tolist() == [[187.5, 112.5], [512.5, 262.5]]  # (column + 1/2, row + 1/2) times 25 nm
    assert heights.tolist() == [1.0, 0.5]


def test_a_smoothed_peak_has_the_height_of_the_gaussian():
    pictures = np.zeros((1, 41, 41))
    pictures[0, 20, 20] = 1
    _, _, heights = loc.peaks(pictures, 0.01, 25, sigma=2)
    assert heights == pytest.approx([1 / (2 * np.pi * 4)], rel=0.01)  # of a Gaussian of 2 pixels


@given(st.integers(0, 10**6), st.sampled_from([0.0, 0.4, 2.0]), st.sampled_from([3, 10**9]))
def test_each_regional_maximum_has_a_peak_and_peaks_are_no_neighbours(seed, least, levels):
    from scipy.ndimage import label
    from skimage.morphology import local_maxima

    rng = np.random.default_rng(seed)
    pictures = rng.integers(-1, levels, rng.integers(2, 12, 3)) / 3  # of few levels there are plateaus
    frames, xy, heights = loc.peaks(pictures, least, 10, sigma=0)
    columns, rows = (xy / 10 - 0.5).T.astype(int)
    assert heights.tolist() == pictures[frames, rows, columns].tolist()
    for frame, picture in enumerate(pictures):
        kept = np.zeros(picture.shape, bool)
        kept[rows[frames == frame], columns[frames == frame]] = True
        tops = local_maxima(picture) & (picture >= least) & (picture > 0)
        regions, n = label(tops, np.ones((3, 3)))
        assert set(regions[kept]) - {0} == set(range(1, n + 1))
        assert label(kept, np.ones((3, 3)))[1] == kept.sum()
        if levels > 3:
            assert (kept == tops).all()


def test_an_even_picture_has_no_peak_and_a_flat_top_has_one():
    assert not len(loc.peaks(np.full((1, 32, 32), 7.0), 1, 10)[0])
    pictures = np.zeros((1, 32, 32))
    pictures[0, 4:8, 10:14] = 255
    assert loc.peaks(pictures, 1, 10, sigma=0)[1].tolist() == [[105, 45]]


def test_the_best_threshold_lies_between_what_is_true_and_what_is_not():
    rng = np.random.default_rng(3)
    places = np.array([(x, y) for x in range(5, 60, 10) for y in range(5, 60, 10)])
    pictures = np.zeros((4, 64, 64))
    true, of = [], []
    for k in range(4):
        real = rng.choice(len(places), 12, replace=False)
        for i, (x, y) in enumerate(places):
            pictures[k, y, x] = 1.0 if i in real else 0.2
        true += [((x + 0.5) * 25, (y + 0.5) * 25) for x, y in places[real]]
        of += [k] * 12
    least = loc.best_threshold(pictures, true, of, 25, sigma=0)
    assert 0.2 < least <= 1.0


def test_a_picture_is_like_its_own_emitters_and_not_like_others():
    rng = np.random.default_rng(0)
    xy, other = rng.uniform(0, 1600, (2, 100, 2))
    picture = np.zeros((64, 64))
    np.add.at(picture, tuple((xy[:, ::-1] // 25).astype(int).T), 1)
    assert loc.likeness(picture, xy, 25) == pytest.approx(1)
    assert abs(loc.likeness(picture, other, 25)) < 0.1
    assert np.isnan(loc.likeness(np.zeros((64, 64)), xy, 25))
    with pytest.raises(InputError, match=r"picture: shape \(2, 64, 64\); expected one plane"):
        loc.likeness(np.stack([picture] * 2), xy, 25)
    with pytest.raises(InputError, match="pixel size: 0; expected the side of a pixel"):
        loc.likeness(picture, xy, 0)


@pytest.mark.parametrize("wrong", [{"pictures": np.zeros((4, 4))}, {"pixel": 0}, {"sigma": -1}])
def test_peaks_of_what_is_no_stack_are_refused(wrong):
    with pytest.raises(InputError):
        loc.peaks(**({"pictures": np.zeros((2, 4, 4)), "least": 0.1, "pixel": 25} | wrong))


@pytest.mark.parametrize("seed", range(30))
def test_pairs_are_the_optimum_on_grids_in_depth_and_far_from_the_origin(seed):
    """Many equal distances, some exactly at the limit; frames are laid side by side inside."""
    rng = np.random.default_rng(seed)
    far, axes = (0, 1e6)[seed % 2], 2 + seed // 2 % 2
    found, true = (np.round(far + rng.uniform(-500, 700, (n, axes)), -2) for n in rng.integers(1, 150, 2))
    of = [rng.integers(0, 5, len(these)) for these in (found, true)]
    pairs, total = 0, 0.0
    for frame in range(5):
        p, q = found[of[0] == frame], true[of[1] == frame]
        apart = cdist(p, q)
        beyond = cdist(p[:, :2], q[:, :2]) > 100
        if axes == 3:
            beyond |= cdist(p[:, 2:], q[:, 2:]) > 500
        rows, columns = linear_sum_assignment(np.where(beyond, 1e7, apart))
        kept = apart[rows, columns][~beyond[rows, columns]]
        pairs, total = pairs + len(kept), total + kept.sum()
    got = loc.match(found, true, 100, frames=tuple(of))
    assert got.tp == pairs
    assert np.linalg.norm(found[got.pairs[:, 0]] - true[got.pairs[:, 1]], axis=1).sum() == pytest.approx(
        total
    )
