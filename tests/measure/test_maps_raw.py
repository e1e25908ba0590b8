"""Half maps that are raw, and half maps that were masked or filtered before; noise that agrees by chance."""

import numpy as np
import pytest
from scipy import stats

from scopecheck.measure import maps

D = 48
K = np.sqrt(np.fft.fftfreq(D)[:, None, None] ** 2 + np.fft.fftfreq(D)[:, None] ** 2 + np.fft.rfftfreq(D) ** 2)
R = np.sqrt(sum(np.square(axis) for axis in np.ogrid[tuple(slice(-D // 2, D // 2) for _ in range(3))]))
BODY = (R < 9) & (np.arange(D) > 20)  # a ball of which a side is cut off: no mask of it is a ball


def through(values, factor):
    return np.fft.irfftn(np.fft.rfftn(values) * factor, values.shape)


def halves(shape=lambda k: np.ones_like(k), seed=0):
    """A specimen in both, and noise whose power spectrum is `shape` (of frequency in 1/pixel)."""
    rng = np.random.default_rng(seed)
    true = through(6 * rng.standard_normal((D,) * 3) * BODY + 20 * BODY, np.exp(-((K / 0.12) ** 2) / 2))
    return [true + through(rng.standard_normal((D,) * 3), np.sqrt(shape(K))) for _ in range(2)]


def ball(radius, edge):
    return np.clip(0.5 + (radius - R) / max(edge, 1e-9), 0, 1)


def filled(values):
    """As RELION leaves a map: beyond the inscribed ball, the mean of what was there."""
    inside = ball(D / 2, 3)
    return values * inside + np.average(values, weights=1 - inside) * (1 - inside)


CTF = lambda k: np.sin(60 * np.pi * k**2 + 0.1) ** 2  # noqa: E731, of one defocus, with its zeros
SPECTRA = {
    "white": lambda k: np.ones_like(k),
    "growing with frequency": lambda k: k + 0.01,
    "growing, damped by a B-factor and divided": lambda k: (k + 0.01) * np.exp(12 * k**2),
    "falling": lambda k: np.exp(-14 * k**2),
    "rings of one defocus": lambda k: CTF(k) + 1e-4,
    "divided by them": lambda k: 1 / (CTF(k) * np.exp(-6 * k**2) + 0.02),
    "interpolation ends near Nyquist": lambda k: np.cos(np.pi * np.clip(k - 0.4, 0, 0.1) / 0.2) ** 2,
    "nothing beyond Nyquist": lambda k: k <= 0.5,
    "alignment differs at low frequency": lambda k: 1 + 100 * np.exp(-((k / 0.05) ** 2) / 2),
}
WINDOWS = {
    "none": lambda values: values,
    "corners filled": filled,
    "a cosine window": lambda values: (
        values * (0.5 + 0.5 * np.cos(np.pi * np.clip((2 * R / D - 0.85) / 0.14, 0, 1)))
    ),
    "images windowed": lambda values: values * ball(0.92 * D / 2, 0.14 * D / 2),
    "divided by the interpolation": lambda values: values / np.sinc(R / D),
}


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("spectrum", SPECTRA)
def test_raw_halves_raise_nothing(spectrum, window):
    for seed in range(3):
        a, b = (WINDOWS[window](one).astype(np.float32) for one in halves(SPECTRA[spectrum], seed))
        found = maps.surroundings(a, b)
        assert not found.masked
        assert not found.padded
        assert found.fades == 1
        assert found.quiet < 0.01
        for power in maps.noise_power(a, b):
            assert maps.cut(power)[0] == 0
            assert maps.rise(power) < 100


SOFT = maps.soften(BODY, 5)
OUTSIDE = SOFT == 0
TINY = np.random.default_rng(9).standard_normal((2, D, D, D))
MASKED = {
    "zeros outside": lambda a, b: (a * SOFT, b * SOFT),
    "another constant": lambda a, b: (a * SOFT + 7 * (1 - SOFT), b * SOFT + 7 * (1 - SOFT)),
    "constants that differ": lambda a, b: (a * SOFT + 7 * (1 - SOFT), b * SOFT - 3 * (1 - SOFT)),
    "the mean": lambda a, b: (a * SOFT + a.mean() * (1 - SOFT), b * SOFT + b.mean() * (1 - SOFT)),
    "a hard edge": lambda a, b: (a * BODY, b * BODY),
    "tiny noise added": lambda a, b: (a * SOFT + 0.03 * TINY[0], b * SOFT + 0.03 * TINY[1]),
    "smooth outside": lambda a, b: [
        one * SOFT + through(one, np.exp(-((K / 0.04) ** 2))) * (1 - SOFT) for one in (a, b)
    ],
    "one half only": lambda a, b: (a, b * SOFT),
    "float16": lambda a, b: [(one * SOFT + 3.3).astype(np.float16) for one in (a, b)],
    "a ball": lambda a, b: (a * ball(13, 3), b * ball(13, 3)),
    "sharpened, then masked": lambda a, b: [through(one, np.exp(8 * K**2)) * SOFT for one in (a, b)],
}


@pytest.mark.parametrize("how", MASKED)
def test_a_mask_from_before_is_found(how):
    a, b = (np.asarray(one, np.float32) for one in MASKED[how](*halves()))
    found = maps.surroundings(a, b)
    assert found.masked
    assert found.uneven == (how == "one half only")
    planted = {"a hard edge": ~BODY, "a ball": ball(13, 3) == 0}.get(how, OUTSIDE)
    middle = R < 0.9 * D / 2
    assert 0.4 * planted[middle].mean() < found.quiet < 1.1 * planted[R < 0.95 * D / 2].mean() + 0.01


@pytest.mark.parametrize("wide", [6, 12, 40])
@pytest.mark.parametrize("constant", [0.0, "mean"])
def test_padding_is_told_from_masks_of_other_shapes_and_counts_are_without_it(constant, wide):
    small = halves()
    padded = [np.pad(one, wide, constant_values=one.mean() if constant == "mean" else 0) for one in small]
    found = maps.surroundings(*padded)
    assert found.padded
    assert not found.masked
    share = (D / (D + 2 * wide)) ** 3
    assert found.support.mean() == pytest.approx(share, rel=0.15)
    curve = maps.fsc(*padded)
    # Padding correlates a shell along two of three directions: between share and 1, and fewer the wider.
    assert share < maps.effective_counts(curve, found.support)[20] / curve.counts[20] < 1.7 * share ** (2 / 3)


FILTERS = {  # the filter's amplitude, and the frequency at which it (or 1 % of its power) ends
    "sharp": (lambda: K <= 0.15, 0.15, 0.02),
    "sharp and late": (lambda: K <= 0.4, 0.4, 0.02),
    "cosine edge": (lambda: np.clip(0.5 + (0.2 - K) / 0.06, 0, 1), 0.22, 0.03),
    "Butterworth of order 20": (lambda: (1 + (K / 0.15) ** 40) ** -0.5, 0.15 * 100 ** (1 / 40), 0.03),
    "Gaussian": (lambda: np.exp(-((K / 0.1) ** 2) / 2), 0.1 * np.sqrt(np.log(1e4)), 0.05),
    "sharpened, then sharp": (lambda: np.exp(8 * K**2) * (K <= 0.25), 0.25, 0.03),
}


@pytest.mark.parametrize("how", FILTERS)
def test_a_filter_is_found_where_it_ends(how):
    factor, end, near = FILTERS[how]
    a, b = (through(one, factor()).astype(np.float32) for one in halves())
    for power in maps.noise_power(a, b):
        shell, share = maps.cut(power)
        assert shell / D == pytest.approx(end, abs=near)
        assert share < 0.05


def test_a_filter_on_one_half_is_found_in_that_half():
    a, b = halves()
    first, second = maps.noise_power(a, through(b, K <= 0.15))
    assert maps.cut(first)[0] == 0
    assert maps.cut(second)[0] / D == pytest.approx(0.15, abs=0.02)


def test_noise_power_is_what_was_planted():
    a, b = halves(lambda k: np.exp(-8 * k**2))
    power, _ = maps.noise_power(a, b)
    shell = np.arange(8, 24)
    assert power[shell] / D**3 == pytest.approx(np.exp(-8 * (shell / D) ** 2), rel=0.15)


def test_chance_is_that_of_a_correlation_of_n_numbers():
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((2, D, D, D))
    found = maps.agreement(maps.fsc(a, b), 1.5 / D)
    assert found.n == 18  # distance 1, sqrt 2: 6 + 12 Fourier voxels
    x, y = rng.standard_normal((2, 400_000, 18))
    drawn = (x * y).sum(1) / np.sqrt((x * x).sum(1) * (y * y).sum(1))
    assert (drawn > found.limit).mean() == pytest.approx(1e-4, abs=6e-5)
    wide = maps.agreement(maps.fsc(a, b), 10.5 / D)
    assert wide.n == pytest.approx(4 / 3 * np.pi * 10.5**3, rel=0.02)
    assert wide.limit == pytest.approx(stats.norm.isf(1e-4) / np.sqrt(wide.n), rel=0.01)
    with_mask = maps.agreement(maps.fsc(a, b), 10.5 / D, maps.soft_mask((D,) * 3, 12, 4))
    assert with_mask.n < 0.2 * wide.n


@pytest.mark.parametrize("box", [24, 32, 48])
@pytest.mark.parametrize("masking", [False, True])
def test_noise_agrees_by_chance_only(box, masking):
    """The first shell alone is above 0.143 in one of four pairs."""
    above, mask = 0, maps.soft_mask((box,) * 3, 0.25 * box, 4) if masking else None
    for seed in range(60):
        a, b = np.random.default_rng([seed, box]).standard_normal((2, box, box, box))
        curve = maps.fsc(a, b, mask)
        at = maps.crossing(curve)
        if at.reason:
            continue
        above += 1
        assert maps.agreement(curve, at.frequency, mask).chance
    assert above >= 6


@pytest.mark.parametrize("masking", [False, True])
def test_weak_signal_is_beyond_chance(masking):
    mask = maps.soften(BODY, 5) if masking else None
    for seed in range(10):
        rng = np.random.default_rng(seed)
        true = 0.6 * through(rng.standard_normal((D,) * 3) * BODY + BODY, np.exp(-((K / 0.1) ** 2) / 2))
        a, b = (true + rng.standard_normal(true.shape) for _ in range(2))
        curve = maps.fsc(a, b, mask)
        at = maps.crossing(curve)
        assert 3 < D * at.frequency < 9
        assert not maps.agreement(curve, at.frequency, mask).chance
