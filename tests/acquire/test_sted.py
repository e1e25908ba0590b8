"""Confocal and STED pictures against pySTED's own scan, point by point."""

from functools import lru_cache

import numpy as np
import pytest

from scopecheck.errors import InputError

base = pytest.importorskip("pysted.base")

from scopecheck.acquire import sted  # noqa: E402
from scopecheck.measure.dots import fwhm  # noqa: E402


@pytest.fixture(scope="module", autouse=True)
def _one_microscope():
    """Its point spread functions take a second, and are the same for all."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sted, "microscope", lru_cache(sted.microscope))
        yield


@pytest.fixture(scope="module")
def there():
    return np.random.default_rng(0).poisson(0.3, (64, 64))


@pytest.mark.parametrize("depletion", [0.0, 0.105])
def test_the_same_counts_as_a_scan_of_pysted(there, depletion):
    scope = sted.microscope()
    datamap = base.Datamap(there.copy(), 20e-9)
    datamap.set_roi(scope.cache(20e-9)[0], intervals="max")
    counts, _bleached, _rest = scope.get_signal_and_bleach(
        datamap, 20e-9, 1e-5, sted.EXCITATION, depletion, bleach=False, update=False, seed=3
    )
    np.testing.assert_array_equal(sted.taken(scope, there, depletion, 1e-5, 3), counts)


def test_the_widths_that_are_told():
    for depletion, wide in ((0.0, 169), (sted.DEPLETION, 58)):
        psf = sted.psf(depletion)
        assert psf.sum() == pytest.approx(1)
        assert 20 * fwhm(psf, [(22, 22)], reach=15)[0] == pytest.approx(wide, rel=0.03)


def test_photons_are_counted_as_expected(there):
    scope = sted.microscope()
    mean = sted.expected(scope, there, 0.0, 1e-4)
    counts = np.mean([sted.taken(scope, there, 0.0, 1e-4, seed) for seed in range(30)], axis=0)
    assert counts.mean() == pytest.approx(mean.mean(), rel=0.01)
    assert np.corrcoef(counts.ravel(), mean.ravel())[0, 1] > 0.95
    assert mean.mean() == pytest.approx(10 * sted.expected(scope, there, 0.0, 1e-5).mean())


def test_numpys_own_generator_is_left_alone(there):
    np.random.seed(1)  # noqa: NPY002
    first = np.random.random()  # noqa: NPY002
    np.random.seed(1)  # noqa: NPY002
    sted.taken(sted.microscope(), there, 0.0, 1e-5, 5)
    assert np.random.random() == first  # noqa: NPY002


def test_pictures_are_two_confocal_ones_and_a_sted_one(there):
    images, truth = sted.pictures(there, 4)
    again, _ = sted.pictures(there, 4)
    np.testing.assert_array_equal(images, again)
    assert images.shape == (3, 64, 64)
    assert truth.shape == (64, 64)
    assert (images[0] != images[1]).any()
    scope = sted.microscope()
    assert images[2].mean() == pytest.approx(truth.mean(), rel=0.02)
    assert images[:2].mean() == pytest.approx(sted.expected(scope, there, 0, 1e-5).mean(), rel=0.02)
    short, _ = sted.pictures(there, 4, dwell=2.5e-6)
    assert short[:2].mean() == pytest.approx(images[:2].mean(), rel=0.05)
    assert short[0].var() > images[0].var()


def test_nanodomains_are_as_far_apart_as_told():
    for seed in range(5):
        xy = sted.nanodomains(1, seed)
        away = np.hypot(*(xy[:, None] - xy).transpose(2, 0, 1))[~np.eye(len(xy), dtype=bool)]
        assert 1 <= len(xy) <= 4
        assert (away >= 4.5).all()
    assert 15 <= len(sted.nanodomains(15, 0)) <= 60


def test_molecules_lie_where_they_are_told():
    clusters = sted.specimen("clusters", 7)
    xy = sted.nanodomains(15, 7)
    near = [clusters[int(y) - 3 : int(y) + 5, int(x) - 3 : int(x) + 5].sum() for x, y in xy]
    assert min(near) > 50
    assert clusters.shape == (sted.SIDE, sted.SIDE)
    rings = sted.specimen("rings", 7)
    assert rings.sum() == pytest.approx(25 * 60 * 8 + 0.2 * sted.SIDE**2, rel=0.03)
    assert sted.specimen("fibres", 7).sum() > 1e4


@pytest.mark.parametrize(
    "wrong", [np.zeros((3, 4, 5)), np.full((8, 8), -1.0), np.full((8, 8), np.nan), np.zeros((0, 0))]
)
def test_maps_that_are_none_are_refused(wrong):
    with pytest.raises(InputError, match="molecules"):
        sted.expected(sted.microscope(), wrong, 0.0, 1e-5)


def test_settings_that_are_none_are_refused(there):
    with pytest.raises(InputError, match="depletion"):
        sted.expected(sted.microscope(), there, -1.0, 1e-5)
    with pytest.raises(InputError, match="kind"):
        sted.specimen("stars", 0)


def test_with_one_domain_each_there_are_as_many_as_synapses():
    assert len(sted.nanodomains(15, 3, most=1)) == 15
    both = sted.specimen("fibres", 7) - sted.specimen("clusters", 7)
    assert both.sum() > 1e4  # the filaments come on top
