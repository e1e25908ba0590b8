"""An image as found, taken again: assumed photons, conserved light, nothing better than the source."""

import numpy as np
import pytest

from scopecheck.acquire import Camera, found_levels, noise_twin, optics, retake, scenes
from scopecheck.errors import InputError

QUIET = Camera(read_noise=0.0, offset=100.0)


@pytest.fixture
def stairs():
    """Half background of 20, half signal of 220 grey values."""
    image = np.full((200, 200), 20, np.uint8)
    image[:, 100:] = 220
    return image


def test_levels_follow_the_stated_rule(stairs):
    assert found_levels(stairs) == (20.0, 220.0)
    ramp = np.linspace(0, 1000, 1001)[None, :]
    assert found_levels(ramp) == pytest.approx((10.0, 999.0))


def test_assumed_photons_and_background_arrive(stairs):
    taken = retake(stairs, photons=50.0, background=9.0, camera=QUIET, seed=1).astype(float) - 100
    assert taken[:, :100].mean() == pytest.approx(9.0, abs=4 * 3 / np.sqrt(20000))
    assert taken[:, 100:].mean() == pytest.approx(59.0, abs=4 * 7.7 / np.sqrt(20000))
    assert taken[:, 100:].var() == pytest.approx(59.0, rel=0.05)


def test_larger_pixels_collect_the_light_of_their_area(stairs):
    taken = retake(stairs, photons=10.0, pixel_factor=4, camera=QUIET, seed=2)
    assert taken.shape == (50, 50)
    assert taken[:, 26:].mean() - 100 == pytest.approx(160, rel=0.01)


def test_total_light_does_not_depend_on_blur_or_pixel_size():
    source = scenes.nuclei((128, 128), 12, seed=0).photons
    totals = [
        retake(source, photons=1e4, camera=Camera(read_noise=0, offset=0, gain=0.02), **how).sum(dtype=float)
        for how in ({}, {"blur_px": 2.0}, {"pixel_factor": 0.7}, {"psf": optics.gaussian_psf(1.2)})
    ]
    assert totals == pytest.approx([totals[0]] * 4, rel=2e-3)


def test_without_photons_grey_values_and_dtype_stay(stairs):
    same = retake(stairs)
    assert same.dtype == np.uint8
    assert np.array_equal(same, stairs)
    binned = retake(stairs, pixel_factor=2)
    assert np.array_equal(binned, stairs[::2, ::2])
    assert retake(stairs.astype(np.float32), blur_px=1).dtype == np.float64
    dimmed = retake(stairs, fall_off=0.5)
    assert dimmed[0, 0] == 20
    assert dimmed[0, -1] == pytest.approx(120, abs=1)


def test_thin_labelling_is_grainier_than_few_photons(stairs):
    thin = retake(stairs, photons=400.0, labelled=0.1, photons_per_label=20, camera=QUIET, seed=3)
    dim = retake(stairs, photons=40.0, camera=QUIET, seed=3)
    assert thin[:, 100:].mean() == pytest.approx(dim[:, 100:].mean(), rel=0.01)
    # Poisson labels of 20 photons each: variance 40 * 20, then 40 of photon noise
    assert thin[:, 100:].var() == pytest.approx(840, rel=0.05)
    assert dim[:, 100:].var() == pytest.approx(40, rel=0.05)


def test_seeds_reproduce_and_differ(stairs):
    one, same, other = (retake(stairs, photons=30, seed=s) for s in (4, 4, 5))
    assert one.dtype == np.uint16
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


@pytest.mark.parametrize(
    ("image", "how", "message"),
    [
        (np.full((9, 9), 7), {"photons": 20}, "no light can be told from background"),
        (np.eye(9), {"photons": 0}, "photons above 0"),
        (np.eye(9), {"photons": 10, "background": -1}, "background of 0 or more"),
        (np.eye(9), {"background": 5}, "give the assumed photons"),
        (np.eye(9), {"camera": Camera()}, "give the assumed photons"),
        (np.ones((3, 9, 9)), {}, "one plane"),
        (np.where(np.eye(9) > 0, np.nan, 1), {"photons": 5}, "NaN"),
    ],
)
def test_what_cannot_be_retaken_is_named(image, how, message):
    with pytest.raises(InputError, match=message):
        retake(image, **how)


def test_a_noise_twin_has_the_spectrum_and_nothing_of_the_picture():
    image = scenes.nuclei((120, 150), 10, seed=0).photons
    twin = noise_twin(image, 3)
    power = [np.abs(np.fft.fft2(x - x.mean())) for x in (image, twin)]
    np.testing.assert_allclose(power[0], power[1], atol=1e-6 * power[0].max())
    assert twin.mean() == pytest.approx(image.mean())
    assert abs(np.corrcoef(image.ravel(), twin.ravel())[0, 1]) < 0.2
    skew = [float(((x - x.mean()) ** 3).mean() / x.std() ** 3) for x in (image, twin)]
    assert skew[0] > 1 > 0.5 > abs(skew[1])  # bright objects on dark; noise has neither
    random = np.random.default_rng(3)
    np.testing.assert_array_equal(noise_twin(image, random), twin)
    assert not np.array_equal(noise_twin(image, random), twin)  # a generator goes on
    with pytest.raises(InputError, match="plane"):
        noise_twin(image[None], 0)
