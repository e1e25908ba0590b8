"""State fractions and what stands beside them: analytic cases, planted truth, scikit-learn, cryoDRGN."""

import os

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation
from scipy.stats import norm

from scopecheck.errors import InputError
from scopecheck.measure import states

pytest.importorskip("sklearn")
check = settings(deadline=None, max_examples=15)


def two_gaussians(n, share, apart, seed=0, d=1):
    rng = np.random.default_rng(seed)
    rare = np.arange(n) < round(n * share)
    z = rng.normal(size=(n, d))
    z[rare, 0] += apart
    order = rng.permutation(n)
    return z[order], rare[order]


# ---- views


def test_labels_that_follow_the_view_are_told_from_labels_that_do_not():
    rotations = Rotation.random(1500, random_state=0).as_matrix()
    luck = np.random.default_rng(0).random((200, 1500)) < 0.1
    small = np.mean([states.view_dependence(rotations, labels) < 0.05 for labels in luck])
    assert small == pytest.approx(0.05, abs=0.045)  # 3 standard errors of 200 draws
    from_above = rotations[:, 2, 2] > 0.8  # rare where the view is near the z axis: a tenth of the sphere
    assert states.view_dependence(rotations, from_above) < 1e-6
    turned = rotations @ Rotation.from_euler("x", 90, degrees=True).as_matrix()  # onto another corner's patch
    assert states.view_dependence(turned, from_above) < 1e-6
    assert states.view_dependence(rotations, np.zeros(1500, bool)) == 1
    psi = np.linspace(0, 360, 1500)
    in_plane = (
        Rotation.from_euler("z", psi[:, None], degrees=True).as_matrix() @ rotations[0]
    )  # one view, turned
    assert states.view_dependence(in_plane, psi < 36) == 1
    with pytest.raises(InputError, match=r"\(n, 3, 3\)"):
        states.view_dependence(rotations[0], from_above[:3])


# ---- the mixture rule and k-means beside it


@pytest.mark.parametrize(("share", "apart"), [(0.5, 4), (0.1, 4), (0.02, 5), (0.02, -5)])
def test_a_planted_share_is_found_within_its_sampling_error(share, apart):
    z, rare = two_gaussians(2000, share, apart)
    found = states.mixture(z)
    assert found.fraction == pytest.approx(share, abs=3 * np.sqrt(share / 2000) + 0.005)
    assert found.labels.sum() == pytest.approx(2000 * share, rel=0.2)
    assert found.bic_gain > 100
    overlap = norm.cdf(-abs(apart) / 2)  # no rule does much better than the midpoint here
    assert (found.labels == rare).mean() > 1 - 2 * overlap - 0.01


def test_k_means_on_the_same_numbers_reads_a_rare_state_as_nearly_half():
    """The trap of the issue: at 2 % the mixture reads 2 % and k-means tens of per cent."""
    z, _ = two_gaussians(2000, 0.02, 5)
    fraction, labels = states.kmeans_fraction(z)
    assert fraction == labels.mean()
    assert fraction > 0.3
    assert states.mixture(z).fraction < 0.025
    balanced, _ = two_gaussians(2000, 0.5, 6)
    assert states.kmeans_fraction(balanced)[0] == pytest.approx(0.5, abs=0.01)


def test_one_gaussian_has_no_gain_and_its_size_is_that_of_the_bic_penalty():
    z = np.random.default_rng(1).normal(size=3000)
    gain = states.mixture(z).bic_gain
    # three more parameters cost 3 ln n; the likelihood gains a few units at most
    assert -3 * np.log(3000) - 1 < gain < 0


def test_bic_gain_is_scikit_learns_from_a_start_at_the_truth():
    from sklearn.mixture import GaussianMixture

    z, _ = two_gaussians(1500, 0.2, 4, d=2)
    scaled = (z - z.mean(0)) / z.std(0)
    fits = [
        GaussianMixture(k, n_init=10, random_state=0, reg_covar=1e-3, tol=1e-6, max_iter=999) for k in (1, 2)
    ]
    fits = [fit.fit(scaled) for fit in fits]
    found = states.mixture(z)
    assert found.bic_gain == pytest.approx(fits[0].bic(scaled) - fits[1].bic(scaled), abs=0.5)
    assert found.fraction == pytest.approx(fits[1].weights_.min(), abs=0.002)


@settings(check, max_examples=6)
@given(
    scale=st.floats(1e-3, 1e3),
    shift=st.floats(-1e2, 1e2),
    sign=st.sampled_from([-1, 1]),
    seed=st.integers(0, 5),
)
def test_scale_shift_mirror_and_order_of_the_latent_change_nothing(scale, shift, sign, seed):
    z, _ = two_gaussians(300, 0.2, 4, seed)
    order = np.random.default_rng(seed).permutation(300)
    plain, moved = states.mixture(z), states.mixture((sign * scale * z + shift)[order])
    assert moved.fraction == pytest.approx(plain.fraction, abs=2e-3)
    assert moved.bic_gain == pytest.approx(plain.bic_gain, abs=0.1)
    assert (moved.labels == plain.labels[order]).mean() > 0.99
    assert 0 <= plain.fraction <= 0.5


def test_collapsed_latent_space_holds_no_second_state():
    for z in (np.full((50, 3), 2.5), np.zeros(20)):
        found = states.mixture(z)
        assert (found.fraction, found.bic_gain, found.labels.any()) == (0, 0, False)
        assert states.kmeans_fraction(z)[0] == 0
    still = np.column_stack([two_gaussians(400, 0.3, 6)[0], np.full(400, 7.0)])  # one dimension is not used
    assert states.mixture(still).fraction == pytest.approx(0.3, abs=0.02)


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (np.zeros((9, 1)), "10 particles"),
        (np.zeros((20, 2, 2)), "expected"),
        (np.r_[np.zeros(20), np.nan], "NaN"),
        (np.r_[np.zeros(20), np.inf], "infinity"),
    ],
)
def test_latent_spaces_that_cannot_be_used(bad, said):
    for ask in (states.mixture, states.kmeans_fraction):
        with pytest.raises(InputError, match=said):
            ask(bad)


def test_presence_counts_nulls():
    z, _ = two_gaussians(500, 0.3, 5)
    gain = states.mixture(z).bic_gain
    found = states.presence(z, [gain - 1, gain + 1, gain, 0])
    assert (found.gain, found.p, found.n_null) == (gain, 3 / 5, 4)
    assert states.presence(z, np.zeros(99)).p == pytest.approx(0.01)
    with pytest.raises(InputError, match="null_gains"):
        states.presence(z, [])


def test_presence_of_nothing_is_found_as_often_as_p_says():
    """Small Gaussian clouds judged against as many others: p <= 0.1 for a tenth of them, within chance."""
    rng, n = np.random.default_rng(3), 80 if os.environ.get("WEEKLY") else 40
    clouds = rng.normal(size=(2 * n, 12))
    gains = np.array([states.mixture(z).bic_gain for z in clouds])
    p = np.array([(1 + (gains[n:] >= gain).sum()) / (n + 1) for gain in gains[:n]])
    assert states.presence(clouds[0], gains[n:]).p == p[0]
    # Two s.d., of those judged and of the others. None at all, once in 70 such draws, would be a fault here.
    assert (p <= 0.1).any()
    assert np.mean(p <= 0.1) == pytest.approx(0.1, abs=2 * np.sqrt(0.1 * 0.9 * 2 / n))
    assert np.mean(p) == pytest.approx(0.5, abs=2 * np.sqrt(1 / 12 * 2 / n))


# ---- recall, purity, separability, ceiling


def test_recall_and_purity_by_hand():
    truth = [1, 1, 1, 1, 0, 0, 0, 0]
    assert states.recall_purity([1, 1, 1, 0, 1, 0, 0, 0], truth) == (0.75, 0.75)
    assert states.recall_purity([1, 0, 0, 0, 0, 0, 0, 0], truth) == (0.25, 1.0)
    recall, purity = states.recall_purity(np.zeros(8, bool), truth)
    assert recall == 0
    assert np.isnan(purity)
    assert np.isnan(states.recall_purity([1, 0], [0, 0])[0])
    with pytest.raises(InputError, match="0 or 1"):
        states.recall_purity([0, 2], [0, 1])


@check
@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=2, max_size=30))
def test_recall_and_purity_are_scikit_learns(pairs):
    from sklearn.metrics import precision_score, recall_score

    found, rare = (np.array(x) for x in zip(*pairs, strict=True))
    recall, purity = states.recall_purity(found, rare)
    assert np.isnan(recall) if not rare.any() else recall == pytest.approx(recall_score(rare, found))
    assert np.isnan(purity) if not found.any() else purity == pytest.approx(precision_score(rare, found))


def test_separability_of_two_gaussians_is_the_analytic_auc():
    for apart in (0.0, 1.0, 3.0):
        z, rare = two_gaussians(4000, 0.3, apart, d=2)
        assert states.separability(z, rare) == pytest.approx(norm.cdf(apart / np.sqrt(2)), abs=0.02)
    assert states.separability(np.zeros(30), np.arange(30) < 10) == 0.5
    with pytest.raises(InputError, match="five of each"):
        states.separability(np.arange(30.0), np.arange(30) < 4)


def test_separability_is_not_fooled_by_many_dimensions():
    rng = np.random.default_rng(0)
    z, rare = rng.normal(size=(120, 40)), np.arange(120) < 60
    assert states.separability(z, rare) == pytest.approx(0.5, abs=0.15)  # shown labels are not judged


@pytest.mark.parametrize("apart", [0.5, 1.5, 2.5])
def test_the_ceiling_is_the_analytic_auc_of_the_likelihood_ratio(apart):
    """Two models d noise s.d. apart: AUC = Phi(d / sqrt 2); the rest of the image does not matter."""
    rng = np.random.default_rng(0)
    n, sd = 6000, 3.0
    common = rng.normal(size=(n, 4, 4)) * 10
    step = rng.normal(size=(n, 4, 4))
    step *= apart * sd / np.linalg.norm(step, axis=(1, 2))[:, None, None]
    rare = np.arange(n) < 2000
    images = common + rare[:, None, None] * step + rng.normal(0, sd, common.shape)
    found = states.ceiling(images, [common, common + step], rare, sd)
    assert found == pytest.approx(norm.cdf(apart / np.sqrt(2)), abs=0.015)


def test_ceiling_refuses():
    x, models = np.zeros((6, 4, 4)), np.zeros((2, 6, 4, 4))
    with pytest.raises(InputError, match=r"expected \(N, D, D\)"):
        states.ceiling(x, models[0], np.arange(6) < 3)
    with pytest.raises(InputError, match="both states"):
        states.ceiling(x, models, np.zeros(6))
    with pytest.raises(InputError, match="positive"):
        states.ceiling(x, models, np.arange(6) < 3, 0.0)


# ---- per-image FSC


def ball(shift=0.0, box=16):
    z, y, x = np.mgrid[:box, :box, :box] - box // 2
    return (np.exp(-(x**2 + y**2 + (z - shift) ** 2) / 6) + np.exp(-((x - 4) ** 2 + y**2 + z**2) / 3)).astype(
        np.float32
    )


def test_areas_of_a_perfect_an_inverted_and_a_consensus_map():
    truths = np.stack([ball(0), ball(2)])
    consensus = truths.mean(0)
    rng = np.random.default_rng(0)
    noisy = truths + rng.normal(0, 0.05, truths.shape).astype(np.float32)
    maps = np.stack([truths[0], -truths[1], consensus])
    table = states.per_image_fsc(
        maps, truths, [0, 1, 2, 2], [0, 1, 0, 1], consensus=consensus, at_noise=noisy
    )
    whole = 0.5 - 1 / 16  # shells 0 to D / 2 - 1
    assert isinstance(table, pd.DataFrame)
    np.testing.assert_allclose(table.area[:2], whole, atol=1e-4)
    assert table.signed[0] == pytest.approx(whole, abs=1e-4)
    # inverted: every shell is -1 but the first, which is 1 by definition
    assert table.signed[1] == pytest.approx(1 / 16 - whole, abs=1e-4)
    np.testing.assert_allclose(table.gain[2:], 0, atol=1e-9)
    np.testing.assert_allclose(table.area - table.consensus, table.gain)
    assert (table.at_noise < whole).all()
    assert (table.area.abs() <= 0.5).all()


@pytest.mark.tool
def test_the_area_is_that_of_cryodrgns_fsc_under_scikit_learns_auc():
    """CryoBench's per-image number: cryoDRGN's curve, scikit-learn's trapezoids."""
    pytest.importorskip("cryodrgn")
    import torch
    from cryodrgn.commands_utils.fsc import get_fsc_curve
    from sklearn.metrics import auc

    rng = np.random.default_rng(0)
    a, b = (ball(s) + rng.normal(0, 0.1, (16, 16, 16)).astype(np.float32) for s in (0, 1))
    table = states.per_image_fsc([a], [b], [0], [0], consensus=a, at_noise=[b])
    theirs = get_fsc_curve(torch.tensor(a), torch.tensor(b))
    assert table.area[0] == pytest.approx(auc(theirs.pixres, theirs.fsc.abs()), abs=1e-4)
    assert table.signed[0] == pytest.approx(auc(theirs.pixres, theirs.fsc), abs=1e-4)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"map_of": [1]}, "map_of"),
        ({"truth_of": [0.5]}, "truth_of"),
        ({"map_of": [0, 0]}, "equal"),
        ({"at_noise": np.zeros((2, 16, 16, 16))}, "at_noise"),
        ({"maps": np.zeros((16, 16, 16))}, "maps"),
    ],
)
def test_per_image_fsc_refuses(change, said):
    given = {"maps": [ball()], "truths": [ball()], "map_of": [0], "truth_of": [0], "consensus": ball()}
    given |= {"at_noise": [ball()]} | change
    with pytest.raises(InputError, match=said):
        states.per_image_fsc(**given)
