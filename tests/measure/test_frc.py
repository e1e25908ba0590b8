"""Fourier ring correlation: the definition by hand, noise, a planted resolution, and what it cannot tell."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from scopecheck.acquire import localisation as sim
from scopecheck.errors import InputError
from scopecheck.measure import frc


def by_hand(a, b):
    """Rings of whole distances, [k, k + 1), over the whole transform."""
    p, q = np.fft.fftshift(np.fft.fft2(a)), np.fft.fftshift(np.fft.fft2(b))
    y, x = (np.arange(n) - n // 2 for n in a.shape)
    away = np.sqrt(x**2 + y[:, None] ** 2)
    told = []
    for k in range(min(a.shape) // 2):
        on = (away >= k) & (away < k + 1)
        cross = (p[on] * np.conj(q[on])).sum().real
        told.append(cross / np.sqrt((np.abs(p[on]) ** 2).sum() * (np.abs(q[on]) ** 2).sum()))
    return np.array(told)


@pytest.mark.parametrize("side", [32, 33, 64, 97])
def test_it_is_the_definition_to_a_part_in_a_million_millions(side):
    rng = np.random.default_rng(side)
    a = gaussian_filter(rng.normal(size=(side, side)), 1)
    b = a + 0.1 * rng.normal(size=(side, side))
    got = frc.frc(a, b, counting="floor")
    np.testing.assert_allclose(got.fsc[: side // 2], by_hand(a, b), atol=1e-12)
    assert frc.frc(a, b).counts.sum() <= side * side
    assert frc.frc(a, b).counts[0] == 1


def test_an_image_agrees_with_itself_and_noise_with_nothing():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 200, 200))
    assert frc.frc(a, a).fsc == pytest.approx(1)
    assert frc.frc(a, -a).fsc == pytest.approx(-1)
    curve = frc.frc(a, b)
    z = curve.fsc[5:] * np.sqrt(curve.counts[5:])  # a ring of n pixels holds n independent real numbers
    assert z.std() == pytest.approx(1, rel=0.15)
    assert frc.frc(a, b).fsc == pytest.approx(frc.frc(3 * a, 0.2 * b).fsc)


def test_a_rectangle_has_rings_of_one_frequency():
    rng = np.random.default_rng(1)
    y, x = np.mgrid[:60, :90]
    wave = np.cos(2 * np.pi * 0.2 * x) + np.cos(2 * np.pi * 0.2 * y)  # both at a fifth of 1/pixel
    a, b = (wave + 0.01 * rng.normal(size=wave.shape) for _ in range(2))
    curve = frc.frc(a, b)
    assert curve.frequency[-1] == 0.5
    assert curve.fsc[12] > 0.99
    assert np.abs(curve.fsc[14:30]).max() < 0.5


def test_the_resolution_is_where_the_planted_signal_falls_to_a_sixth_of_the_noise():
    """FRC = s / (s + n): at 1/7 the signal's power, here a Gaussian's, is 1/6 of the noise's."""
    side, sigma, ratio = 512, 2.0, 50.0
    rng = np.random.default_rng(3)
    k = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.fftfreq(side))
    power = ratio * np.exp(-4 * np.pi**2 * sigma**2 * k**2)
    specimen = np.fft.ifft2(np.fft.fft2(rng.normal(size=(side, side))) * np.sqrt(power)).real
    a, b = (specimen + rng.normal(size=specimen.shape) for _ in range(2))
    at = np.sqrt(np.log(6 * ratio) / (4 * np.pi**2 * sigma**2))
    assert frc.resolution(frc.frc(a, b), pixel_size=20) == pytest.approx(20 / at, rel=0.08)
    assert np.isnan(frc.resolution(frc.frc(a, a), 20))  # never falls
    noise = rng.normal(size=(2, side, side))
    assert np.isnan(frc.resolution(frc.frc(*noise), 20))  # below from the start
    with pytest.raises(InputError, match="pixel size: -1; expected the side of a pixel"):
        frc.resolution(frc.frc(a, b), -1)


def test_halves_by_event_tell_blinking_from_structure_and_random_rows_do_not():
    """Molecules at random places, each seen ten times: there is no structure to agree on beside them."""
    rng = np.random.default_rng(0)
    places, times = rng.uniform(200, 6200, (1500, 2)), rng.integers(0, 3000, 1500)
    at = np.repeat(places, 10, axis=0) + rng.normal(0, 8, (15_000, 2))
    of = np.repeat(times, 10) + np.tile(np.arange(10), 1500)
    rows = rng.random(len(at)) < 0.5
    by_event = frc.halves(at, of, radius=60, dark=1, seed=0)
    assert (by_event[0] ^ by_event[1]).all()
    curves = [
        frc.frc(*(frc.render(at[half], (6400, 6400), 20) for half in (first, ~first)))
        for first in (rows, by_event[0])
    ]
    middle = slice(20, 80)
    assert curves[0].fsc[middle].mean() > 0.7
    assert abs(curves[1].fsc[middle].mean()) < 0.1


def test_a_trace_added_to_two_smoothed_noises_repeats_itself_and_is_no_truth():
    """What a smoother leaves of two independent noises does not agree; what a tool adds to both does."""
    rng = np.random.default_rng(0)
    print_ = gaussian_filter(rng.normal(size=(256, 256)), 2)
    invented = [gaussian_filter(rng.normal(size=(256, 256)), 2) * 0.3 + print_ for _ in range(2)]
    truth = np.zeros((256, 256))
    truth[100, 100] = 1
    low = slice(3, 30)
    assert frc.frc(*invented).fsc[low].mean() > 0.8  # highly reproducible
    assert abs(frc.frc(invented[0], truth).fsc[low].mean()) < 0.2  # and not true


def test_render_counts_every_localisation_in_its_pixel():
    image = frc.render([[10, 70], [10, 75], [95, 5]], (100, 100), 10)
    assert image.shape == (10, 10)
    assert (image[7, 1], image[0, 9], image.sum()) == (2, 1, 3)
    sites = sim.rings(3, 2000, 0)
    assert frc.render(sites, (2000, 2000), 25).sum() == len(sites)


@pytest.mark.parametrize(
    ("a", "b", "said"),
    [
        (np.zeros((3, 9)), np.zeros((3, 9)), "at least 4 pixels"),
        (np.zeros((8, 9)), np.zeros((9, 8)), "expected the same"),
        (np.zeros((4, 5, 6)), np.zeros((4, 5, 6)), "one plane"),
        (np.full((8, 8), np.inf), np.zeros((8, 8)), "NaN or infinity"),
        (np.zeros((8, 8), complex), np.zeros((8, 8)), "real numbers"),
    ],
)
def test_bad_input_is_named(a, b, said):
    with pytest.raises(InputError, match=said):
        frc.frc(a, b)
    with pytest.raises(InputError, match="nearest or floor"):
        frc.frc(np.zeros((8, 8)), np.zeros((8, 8)), counting="ceil")
