"""What may be believed of an FSC: phase randomisation, floor, intervals, local resolution."""

import math
import shutil
import subprocess

import mrcfile
import numpy as np
import pytest

from scopecheck.errors import InputError
from scopecheck.measure import maps

BOX = 48


def radii(box):
    k = np.fft.fftfreq(box)
    return np.sqrt(k[:, None, None] ** 2 + k[:, None] ** 2 + np.fft.rfftfreq(box) ** 2)


def filtered(values, gain):
    return np.fft.irfftn(np.fft.rfftn(values) * gain(radii(len(values))), values.shape)


def compact(seed, peak, width, radius=12):
    """A specimen inside a ball, with a power that falls as a Gaussian of the frequency."""
    rng = np.random.default_rng(seed)
    inside = maps.soft_mask((BOX,) * 3, radius, 0)
    values = filtered(rng.standard_normal((BOX,) * 3) * inside, lambda r: np.exp(-((r / width) ** 2) / 2))
    return np.sqrt(peak) * values


def with_noise(specimen, seed):
    rng = np.random.default_rng(seed)
    return [(specimen + rng.standard_normal(specimen.shape)).astype(np.float32) for _ in range(2)]


def test_random_phases_keep_amplitudes_and_what_is_below():
    a = with_noise(compact(0, 40, 0.12), 1)[0].astype(np.float64)
    random = maps.randomise_phases(a, 0.2, seed=3)
    before, after = np.fft.rfftn(a), np.fft.rfftn(random)
    below = radii(BOX) < 0.2 - 1e-6
    np.testing.assert_allclose(after[below], before[below], atol=1e-6)
    np.testing.assert_allclose(np.abs(after), np.abs(before), atol=1e-6)
    turned = np.angle(after[~below] / before[~below])
    assert abs(np.exp(1j * turned).mean()) < 5 / np.sqrt(turned.size)
    np.testing.assert_array_equal(random, maps.randomise_phases(a, 0.2, seed=3))
    assert not np.array_equal(random, maps.randomise_phases(a, 0.2, seed=4))


@pytest.mark.skipif(not shutil.which("relion_postprocess"), reason="RELION is not installed")
@pytest.mark.parametrize(("radius", "edge"), [(14, 6), (5, 0)])
def test_relion_postprocess_corrects_alike(tmp_path, radius, edge):
    """Unmasked and masked curves to 1e-4; the randomised one is drawn anew, so its mean over draws."""
    a, b = with_noise(compact(0, 40, 0.12), 1)
    mask = maps.soft_mask(a.shape, radius, edge)
    for name, values in (("h_half1_unfil", a), ("h_half2_unfil", b), ("mask", mask)):
        mrcfile.write(tmp_path / f"{name}.mrc", values, voxel_size=1.5)
    (tmp_path / "pp").mkdir()
    given = ["--i", "h_half1_unfil.mrc", "--i2", "h_half2_unfil.mrc", "--mask", "mask.mrc", "--o", "pp/pp"]
    subprocess.run(
        ["relion_postprocess", *given, "--angpix", "1.5"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    text = (tmp_path / "pp" / "pp.star").read_text().split("data_fsc")[1].split("data_guinier")[0]
    table = np.array(
        [[float(x) for x in line.split()] for line in text.splitlines() if len(line.split()) == 8]
    )
    corrected, unmasked, masked, random = (table[:, column] for column in (3, 5, 6, 7))
    assert np.abs(maps.fsc(a, b, counting="relion").fsc - unmasked).max() < 1e-4
    assert np.abs(maps.fsc(a, b, mask, counting="relion").fsc - masked).max() < 1e-4
    drawn = [maps.randomised(a, b, mask, seed) for seed in range(12)]
    beyond = table[:, 1] > drawn[0].frequency / 1.5 + 2 / (BOX * 1.5)
    values = np.array([one.randomised.fsc for one in drawn])[:, beyond]
    apart = (random[beyond] - values.mean(0)) / values.std(0, ddof=1)
    assert abs(apart.mean()) < 1
    assert np.sqrt((apart**2).mean()) < 2
    assert abs(random[beyond].mean() - values.mean()) < 0.06
    # And their formula is ours, with their own curves put in.
    theirs = ((masked - random)[beyond]) / (1 - random[beyond])
    assert np.abs(theirs - corrected[beyond]).max() < 2e-4


def test_a_wide_soft_mask_is_corrected_and_a_tight_hard_one_refused():
    a, b = with_noise(compact(0, 40, 0.08), 1)
    fair = maps.randomised(a, b, maps.soft_mask(a.shape, 14, 6), seed=0)
    assert not fair.refused
    assert fair.reason == ""
    assert abs(fair.at_claim) < 0.1
    assert fair.at(fair.claimed) == fair.at_claim
    assert maps.crossing(fair.corrected).frequency == pytest.approx(fair.claimed)
    for radius in (2, 3, 5):
        false = maps.randomised(a, b, maps.soft_mask(a.shape, radius, 0), seed=0)
        assert false.refused
        assert false.reason.endswith("limit 0.2: the mask makes the claim")
        assert abs(false.at_claim) > 0.2
        assert abs(fair.at(fair.claimed)) < abs(false.at(false.claimed))


def test_random_phases_do_not_see_a_mask_made_from_the_noise():
    """Thresholding the noisy map: FSC near 0.8 up to Nyquist, and nothing of it in the randomised curve.

    What sees it is that the mask itself agrees with the map where a smooth mask has nothing to agree with.
    """
    a, b = with_noise(compact(0, 40, 0.08), 1)
    mean = a + b
    own = (mean > np.quantile(mean, 0.995)).astype(np.float32)
    found = maps.randomised(a, b, own, seed=0)
    assert found.masked.fsc[-5:].mean() > 0.7
    assert abs(found.at_claim) < 0.2
    assert not found.refused
    assert maps.crossing(found.corrected).reason.startswith("never falls")
    assert maps.floor(maps.fsc(own, mean)).alarm
    assert not maps.floor(maps.fsc(maps.soft_mask(a.shape, 14, 6), mean)).alarm


def test_correction_takes_out_what_the_mask_put_in():
    """No specimen at all beyond 0.15: what a mask adds there is taken out again, shell by shell."""
    specimen = filtered(compact(2, 400, 0.3), lambda r: r < 0.15)
    a, b = with_noise(specimen, 5)
    mask = maps.soft_mask(a.shape, 5, 1)
    found = maps.randomised(a, b, mask, seed=1)
    beyond = found.masked.frequency > 0.15 + 6 / BOX
    assert abs(found.corrected.fsc[beyond].mean()) < 0.1
    np.testing.assert_allclose(
        found.corrected.fsc[beyond],
        ((found.masked.fsc - found.randomised.fsc) / (1 - found.randomised.fsc))[beyond],
    )
    low = found.masked.frequency < found.frequency + 1.5 / BOX
    np.testing.assert_array_equal(found.corrected.fsc[low], found.masked.fsc[low])


def test_noise_common_to_both_halves_passes_phase_randomisation_and_lifts_the_floor():
    rng = np.random.default_rng(0)
    common = 0.6 * rng.standard_normal((BOX,) * 3)
    apart, together = with_noise(compact(0, 40, 0.08), 1), with_noise(compact(0, 40, 0.08) + common, 1)
    quiet, loud = (maps.floor(maps.fsc(*pair)) for pair in (apart, together))
    assert not quiet.alarm
    assert abs(quiet.mean) < 4 * quiet.sd
    assert loud.alarm
    assert loud.mean == pytest.approx(0.36 / 1.36, abs=4 * loud.sd)  # common power over all power
    found = maps.randomised(*together, maps.soft_mask((BOX,) * 3, 14, 6), seed=0)
    assert not found.refused
    assert maps.crossing(found.corrected).reason.startswith("never falls")


def test_where_no_shell_is_free_of_signal_nothing_is_corrected():
    a, _ = with_noise(compact(0, 40, 0.08), 1)
    found = maps.randomised(a, a, maps.soft_mask(a.shape, 14, 6), seed=0)
    assert found.refused
    assert "never falls below 0.8" in found.reason
    assert math.isnan(found.frequency)


def test_floor_of_a_constant_map_and_of_no_shell():
    flat = maps.fsc(np.ones((8, 8, 8)), np.ones((8, 8, 8)))
    assert math.isnan(maps.floor(flat).mean)
    assert not maps.floor(flat).alarm
    with pytest.raises(InputError, match="no shell"):
        maps.floor(flat, start=0.6)


def test_copies_are_named():
    a, b = with_noise(compact(0, 40, 0.08), 1)
    assert maps.same(a, b) == ""
    assert maps.same(a, a.copy()) == "identical"
    assert maps.same(a, 3 * a + 1) == "copies up to scale and offset"
    assert maps.same(np.ones((8, 8, 8)), np.zeros((8, 8, 8))) == ""


@pytest.mark.parametrize("mask", [None, (10, 5), (6, 3)])
def test_effective_counts_give_the_spread_that_repeats_have(mask):
    """Pure noise: the FSC of a shell has the variance 1 / N, N independent real numbers."""
    rng = np.random.default_rng(0)
    box, ball = 32, None
    if mask is not None:
        ball = maps.soft_mask((box,) * 3, *mask)
    curves = [maps.fsc(*rng.standard_normal((2, box, box, box)).astype(np.float32), ball) for _ in range(150)]
    spread = np.std([one.fsc for one in curves], axis=0)[3:]
    expected = 1 / np.sqrt(maps.effective_counts(curves[0], ball))[3:]
    assert np.median(spread / expected) == pytest.approx(1, abs=0.08)
    assert np.abs(spread / expected - 1).max() < 0.3
    if mask is not None:
        naive = 1 / np.sqrt(curves[0].counts[3:])
        assert np.median(spread / naive) > 1.3


@pytest.mark.parametrize("threshold", [0.143, 0.5])
@pytest.mark.parametrize("masked", [False, True])
def test_the_interval_from_counts_covers(threshold, masked):
    """90 % intervals over 120 noise realisations of one specimen: at least 0.9, less four standard errors."""
    ball = maps.soft_mask((BOX,) * 3, 10, 5) if masked else None
    specimen = compact(1, 30, 0.14, 22 if ball is None else 10)
    curves = [maps.fsc(*with_noise(specimen, 100 + i), ball) for i in range(120)]
    mean = np.mean([one.fsc for one in curves], axis=0)
    truth = maps.resolution(maps.Curve(curves[0].frequency, mean, curves[0].counts), threshold, 1.5)
    intervals = [maps.fsc_interval(one, threshold, 1.5, mask=ball) for one in curves]
    assert math.isfinite(truth)
    covered = np.mean([not (one.low > truth or one.high < truth) for one in intervals])
    assert covered > 0.9 - 4 * math.sqrt(0.09 / 120)
    assert all("conditional on this one split" in one.method and one.n == 1 for one in intervals)


def test_a_corrected_curve_has_a_wider_interval():
    a, b = with_noise(compact(0, 40, 0.1), 1)
    ball = maps.soft_mask(a.shape, 14, 6)
    found = maps.randomised(a, b, ball, seed=0)
    plain = maps.fsc_interval(found.corrected, 0.143, 1.5, mask=ball)
    wide = maps.fsc_interval(found, 0.143, 1.5, mask=ball)
    assert wide.resolution == plain.resolution
    assert wide.low < plain.low < plain.high < wide.high
    with pytest.raises(InputError, match="needs the mask"):
        maps.fsc_interval(found, 0.143, 1.5)


def test_interval_from_splits_is_a_prediction_interval():
    """Curves whose crossings are known: 0.2 and four neighbours, Student with 4 degrees of freedom."""
    at = [0.19, 0.195, 0.2, 0.205, 0.21]
    frequency = np.arange(51) / 100

    def line(where):
        return maps.Curve(frequency, np.clip(0.143 + 4 * (where - frequency), -1, 1), np.ones(51, int))

    found = maps.fsc_interval([line(x) for x in at], 0.143, 2.0)
    half = 2.131847 * np.std(at, ddof=1) * math.sqrt(1.2)
    assert found.n == 5
    assert found.resolution == pytest.approx(10)
    assert (found.low, found.high) == pytest.approx((2 / (0.2 + half), 2 / (0.2 - half)), rel=1e-5)
    assert found.method == "5 random splits of the same particles"
    called = []
    asked = maps.fsc_interval(lambda seed: called.append(seed) or line(at[seed]), 0.143, 2.0, splits=5)
    assert called == [0, 1, 2, 3, 4]
    assert asked == found
    with pytest.raises(InputError, match="at least 3"):
        maps.fsc_interval([line(0.2)] * 2)
    one_open = maps.fsc_interval([*(line(x) for x in at), line(0.9)], 0.143, 2.0)
    assert math.isnan(one_open.high)
    assert one_open.reason.startswith("1 of 6 splits: never falls")


def test_interval_from_resplitting_particles_holds_further_splits():
    """Particles are noisy copies of one volume; each split averages two halves of them."""
    signal = compact(0, 32, 0.12)[:24, :24, :24]
    rng = np.random.default_rng(4)
    copies = signal + 3 * np.std(signal) * rng.standard_normal((40, 24, 24, 24)).astype(np.float32)

    def split(seed):
        order = np.random.default_rng(seed).permutation(40)
        return maps.fsc(copies[order[:20]].mean(0), copies[order[20:]].mean(0))

    found = maps.fsc_interval(split, 0.143, 2.0, splits=10)
    further = [maps.resolution(split(100 + k), 0.143, 2.0) for k in range(60)]
    inside = np.mean([found.low <= one <= found.high for one in further])
    assert found.n == 10
    assert 0.75 <= inside <= 1  # 90 % are expected; the interval itself varies with its 10 splits


def test_local_resolution_finds_the_half_that_is_blurred():
    rng = np.random.default_rng(0)
    white = rng.standard_normal((BOX,) * 3)
    left = np.arange(BOX)[None, None, :] < BOX // 2
    fine, coarse = (
        filtered(white, lambda r, w=w: np.sqrt(30) * np.exp(-((r / w) ** 2) / 2)) for w in (0.16, 0.07)
    )
    a, b = with_noise(np.where(left, fine, coarse), 1)
    found = maps.local_resolution(a, b, pixel_size=1.5, window=20, step=7)
    assert found.window == 30
    # S / (1 + S) = 0.5 where S = 1: 30 exp(-(f/w)^2) = 1.
    for side, width in (
        (found.centres[:, 2] < BOX // 2 - 5, 0.16),
        (found.centres[:, 2] > BOX // 2 + 5, 0.07),
    ):
        expected = 1.5 / (width * math.sqrt(math.log(30)))
        assert side.sum() >= 10
        assert np.nanmedian(found.resolution[side]) == pytest.approx(expected, rel=0.12)
    part = maps.local_resolution(a, b, pixel_size=1.5, window=20, step=7, mask=left * np.ones(a.shape))
    assert (part.centres[:, 2] < BOX // 2).all()
    for window in (7, 9, 50):
        with pytest.raises(InputError, match="window"):
            maps.local_resolution(a, b, pixel_size=1.5, window=window)
    corner = np.zeros(a.shape)
    corner[0, 0, 0] = 1
    with pytest.raises(InputError, match="no grid point"):
        maps.local_resolution(a, b, pixel_size=1.5, window=20, mask=corner)
