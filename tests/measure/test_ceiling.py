"""Truth against itself gives every measure of agreement its ceiling, and nothing found gets no credit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scopecheck import measure
from scopecheck.acquire import scenes
from scopecheck.measure import maps, states
from scopecheck.measure import picks as picking

CEILING = {"precision": 1, "recall": 1, "f1": 1, "accuracy": 1, "pq": 1, "mean_iou": 1, "mean_dice": 1}
CEILING |= {"fp": 0, "fn": 0, "merges": 0, "splits": 0, "misses": 0, "inventions": 0}


@settings(max_examples=30, deadline=None)
@given(n=st.integers(1, 12), seed=st.integers(0, 1000), threshold=st.sampled_from([0.1, 0.5, 0.75, 1.0]))
def test_labels_against_themselves_under_other_names(n, seed, threshold):
    truth = scenes.nuclei((96, 96), n, diameter=12.0, seed=seed).labels
    names = np.concatenate(([0], np.random.default_rng(seed).permutation(n) + 1))
    for labels in (truth, names[truth]):
        summary = measure.match(labels, truth, threshold).summary()
        assert {name: summary[name] for name in CEILING} == CEILING
        assert measure.pixel_dice(labels, truth) == 1
        assert measure.gross_error(measure.match(labels, truth, threshold)) == 0


@settings(max_examples=30, deadline=None)
@given(n=st.integers(1, 12), seed=st.integers(0, 1000))
def test_nothing_found_gets_no_credit(n, seed):
    truth = scenes.nuclei((96, 96), n, diameter=12.0, seed=seed).labels
    match = measure.match(np.zeros_like(truth), truth)
    assert (match.f1, match.recall, match.accuracy, match.pq) == (0, 0, 0, 0)
    assert np.isnan(match.precision)
    assert measure.gross_error(match) == 1
    assert measure.pixel_dice(np.zeros_like(truth), truth) == 0


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 1000), n=st.integers(1, 60))
def test_picks_against_themselves_in_another_order(seed, n):
    rng = np.random.default_rng(seed)
    truth = np.stack([rng.permutation(400)[:n], rng.permutation(400)[:n]], axis=1).astype(float)
    given_, scores = rng.permutation(truth), rng.random(n)
    match = picking.match(given_, truth, 5.0)
    assert (match.precision, match.recall, match.f1) == (1, 1, 1)
    assert match.distance.max() == 0
    hit = picking.hits(given_, scores, truth, 0.5)
    assert hit.all()
    assert picking.average_precision(picking.curve(scores, hit, len(truth))) == pytest.approx(1)


def test_a_map_against_itself_and_under_another_name():
    rng = np.random.default_rng(0)
    one = rng.normal(size=(24, 24, 24))
    for other, said in ((one, "identical"), (3 * one + 2, "copies up to scale and offset")):
        assert np.nanmin(maps.fsc(one, other).fsc[1:]) == pytest.approx(1, abs=1e-9)
        assert maps.same(one, other) == said
        assert maps.correlation(one, other) == pytest.approx(1, abs=1e-9)


def test_states_against_themselves():
    truth = np.repeat([0, 1], [150, 50])
    assert states.recall_purity(truth, truth) == (1, 1)
    apart = np.stack([10.0 * truth, np.random.default_rng(0).normal(size=truth.size)], axis=1)
    assert states.separability(apart, truth) == pytest.approx(1)


def test_directions_and_single_images_against_themselves():
    one = np.random.default_rng(0).normal(size=(24, 24, 24))
    cones = maps.conical_fsc(one, one)
    assert maps.conical_area_ratio(cones) == pytest.approx(1)
    assert maps.sphericity(cones) == pytest.approx(1)
    own = np.random.default_rng(1).normal(size=(2, 24, 24, 24))
    told = states.per_image_fsc(own, own, [0, 1], [0, 1], consensus=own.mean(axis=0), at_noise=own)
    assert told["share"].to_list() == pytest.approx([1, 1])
