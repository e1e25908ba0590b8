"""Simulated movies of single molecules: photons, places, widths and times against what was asked for."""

import numpy as np
import pandas as pd
import pytest
from scipy import ndimage

from scopecheck.acquire import Camera
from scopecheck.acquire import localisation as sim
from scopecheck.errors import InputError
from scopecheck.measure import localisations, structures

STILL = Camera(gain=1, offset=0, read_noise=0)


def flashes(*rows):
    return pd.DataFrame(rows, columns=["frame", "emitter", "photons"])


def moments(image, pixel):
    """Photons, centre and standard deviation along x and y, nm, of one spot."""
    y, x = (np.arange(size) * pixel + pixel / 2 for size in image.shape)
    total = image.sum()
    means = (image.sum(0) @ x) / total, (image.sum(1) @ y) / total
    spread = (image.sum(0) @ (x - means[0]) ** 2) / total, (image.sum(1) @ (y - means[1]) ** 2) / total
    return total, means, np.sqrt(spread)


def test_a_flash_has_its_photons_its_place_and_its_width():
    optics = sim.Optics(pixel=100, sigma=130)
    movie, truth = sim.film(
        [[1834.0, 1512.0, 0.0]],
        flashes((1, 0, 2e5)),
        (32, 40),
        3,
        0,
        optics=optics,
        background=0,
        camera=STILL,
    )
    assert movie.shape == (3, 32, 40)
    assert movie[[0, 2]].max() == 0
    total, (x, y), (wide, high) = moments(movie[1].astype(float), 100)
    assert total == pytest.approx(2e5, rel=0.01)
    assert (x, y) == (pytest.approx(1834, abs=1), pytest.approx(1512, abs=1))
    pixels = np.sqrt(130**2 + 100**2 / 12)  # a pixel widens the spot
    assert (wide, high) == (pytest.approx(pixels, rel=0.01), pytest.approx(pixels, rel=0.01))
    assert truth.to_dict("records") == [
        {"frame": 1, "x": 1834.0, "y": 1512.0, "z": 0.0, "photons": 2e5, "emitter": 0}
    ]


def test_astigmatism_tells_above_from_below_focus():
    optics = sim.Optics(sigma=130, depth=400, astigmatism=250)
    assert optics.widths(250)[0] == pytest.approx(130)  # x is in focus above
    assert optics.widths(-250)[1] == pytest.approx(130)
    assert optics.widths(250)[1] == pytest.approx(130 * np.sqrt(1 + (500 / 400) ** 2))
    for z, ratio in ((-250, 1.6008), (0, 1.0), (250, 1 / 1.6008)):
        x, y = optics.widths(z)
        assert x / y == pytest.approx(ratio, rel=1e-3)


def test_drift_moves_the_truth_and_the_light_alike():
    every = flashes(*[(k, 0, 2e5) for k in range(11)])
    movie, truth = sim.film(
        [[1000, 1000, 0]], every, (30, 30), 11, 0, drift=(500, -300), background=0, camera=STILL
    )
    assert truth[["x", "y"]].iloc[[0, 5, 10]].to_numpy().tolist() == [[1000, 1000], [1250, 850], [1500, 700]]
    for k in (0, 5, 10):
        assert moments(movie[k].astype(float), 100)[1] == pytest.approx(truth[["x", "y"]].iloc[k], abs=2)


def test_flashes_outside_are_not_in_the_truth_and_their_light_may_be():
    movie, truth = sim.film([[-50, 500, 0]], flashes((0, 0, 1e5)), (10, 10), 1, 0, background=0, camera=STILL)
    assert len(truth) == 0
    assert 0.2e5 < movie.sum(dtype=float) < 0.5e5


def test_times_on_and_off_are_those_asked_for():
    told = sim.blink(400, 4000, 0, on=3.0, off=60.0, photons=1000)
    share = told["photons"].sum() / (400 * 4000 * 1000)
    assert share == pytest.approx(
        3 / 63, rel=0.05
    )  # light sent, of what all would send if they were always on
    assert told.groupby(["frame", "emitter"]).size().max() == 1
    one = told[told["emitter"] == 0]["frame"].to_numpy()
    assert (np.diff(one) >= 1).all()
    again = sim.blink(400, 4000, 0, on=3.0, off=60.0, photons=1000)
    pd.testing.assert_frame_equal(told, again)


def test_bleaching_ends_the_flashes_after_the_mean_number_of_them():
    """With long dark times, runs of frames are single times on: their number is geometric."""
    told = sim.blink(6000, 20_000, 1, on=1.0, off=300.0, bleach=4)
    starts = told.sort_values(["emitter", "frame"]).groupby("emitter")["frame"].diff().fillna(99) > 1
    assert starts.sum() / 6000 == pytest.approx(4, rel=0.05)
    early, late = (told["frame"] < 2000).sum(), (told["frame"] >= 18_000).sum()
    assert late < 0.05 * early


def test_density_and_blinking_are_changed_one_by_one():
    sites = sim.filaments(6, 6400, 0)
    sparse, dense = (sim.label(sites, share, 1) for share in (0.1, 0.5))
    assert len(dense) / len(sites) == pytest.approx(0.5, abs=0.03)
    assert len(sparse) / len(sites) == pytest.approx(0.1, abs=0.03)
    one, two = (sim.blink(len(sparse), 500, 2, off=off) for off in (50, 200))
    assert len(one) / len(two) == pytest.approx(201.5 / 51.5, rel=0.15)


def test_structures_are_where_they_should_be():
    ring = sim.rings(5, 4000, 0, radius=80, width=5)
    of = structures.clusters(ring, within=60, least=5)
    assert of.max() == 4
    fits = [structures.ring(ring[of == k, :2]) for k in range(5)]
    assert [f.radius for f in fits] == pytest.approx([80] * 5, abs=3)
    pore = sim.pores(4, 4000, 0)
    of = structures.clusters(pore, within=80, least=4)
    assert [structures.ring(pore[of == k, :2]).radius for k in range(4)] == pytest.approx([53.7] * 4, abs=2)
    line = sim.filaments(1, 5000, 3, bend=0.0, apart=10)
    assert np.hypot(*np.diff(line[:, :2], axis=0).T) == pytest.approx(10, abs=0.1)
    moved = sim.label(line, 1.0, 0, linker=8)[:, :2] - line[:, :2]
    assert moved.std(axis=0) == pytest.approx(8, rel=0.15)


def test_a_fit_of_single_spots_finds_what_was_filmed_where_they_lie_apart():
    """The chain end to end: film, find maxima, take centroids, score; one emitter in a frame."""
    rng = np.random.default_rng(0)
    at = np.column_stack((rng.uniform(500, 5900, (600, 2)), np.zeros(600)))
    told = flashes(*[(k, k, 4000.0) for k in range(600)])
    movie, truth = sim.film(at, told, (64, 64), 600, 1, background=5)
    found, of = [], []
    for k, frame in enumerate(movie.astype(float) - 105):
        smooth = ndimage.gaussian_filter(frame, 1.3)
        peaks = (smooth == ndimage.maximum_filter(smooth, 5)) & (smooth > 60)
        for row, column in np.argwhere(peaks):
            part = np.clip(frame[max(row - 3, 0) : row + 4, max(column - 3, 0) : column + 4], 0, None)
            y, x = ndimage.center_of_mass(part)
            found.append([(x + max(column - 3, 0) + 0.5) * 100, (y + max(row - 3, 0) + 0.5) * 100])
            of.append(k)
    got = localisations.match(found, truth[["x", "y"]], 100, frames=(of, truth["frame"]))
    assert got.jaccard > 0.97
    assert got.rmse_lateral < 30
    shift = np.median(
        np.array(found)[got.pairs[:, 0]] - truth[["x", "y"]].to_numpy()[got.pairs[:, 1]], axis=0
    )
    assert np.abs(shift).max() < 5  # both count from the corner of the first pixel


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: sim.Optics(sigma=0), "above 0"),
        (lambda: sim.label(np.zeros((3, 3)), 1.2, 0), "0 to 1"),
        (lambda: sim.blink(3, 10, 0, on=0), "on: 0; expected"),
        (lambda: sim.rings(500, 2000, 0), "do not fit"),
        (lambda: sim.rings(1, 300, 0), "expected more than"),
        (lambda: sim.film([[0, 0]], flashes(), (4, 4), 1, 0), "(n, 3)"),
        (lambda: sim.film([[0, 0, 0]], flashes((5, 0, 1)), (4, 4), 1, 0), "out of range"),
        (lambda: sim.film([[0, 0, 0]], flashes((0, 3, 1)), (4, 4), 1, 0), "out of range"),
        (lambda: sim.film([[0, 0, 0]], flashes((0, -1, 1)), (4, 4), 1, 0), "out of range"),
        (lambda: sim.film([[0, 0, 0]], flashes(), (4, 4), 1, 0, background=-1), "0 or more"),
        (lambda: sim.film([[0, 0, np.nan]], flashes((0, 0, 1)), (4, 4), 1, 0), "all finite"),
        (lambda: sim.film([[0, 0, 0]], flashes((0, 0, -200)), (4, 4), 1, 0), "photons of 0 or more"),
        (lambda: sim.film([[0, 0, 0]], flashes((0.5, 0, 1)), (4, 4), 1, 0), "no whole number"),
        (lambda: sim.film([[0, 0, 0]], flashes()[["frame"]], (4, 4), 1, 0), "has no emitter, photons"),
        (lambda: sim.film([[0, 0, 0]], flashes(), (4, 4), 1, 0, drift=(np.nan, 0)), "how far along x"),
        (lambda: sim.label([1, 2, 3], 0.5, 0), "expected (n, 3)"),
        (lambda: sim.label(np.zeros((3, 3)), 0.5, 0, linker=np.nan), "linker: nan; expected"),
        (lambda: sim.rings(1, 2000, 0, width=-5), "width: -5; expected"),
        (lambda: sim.filaments(2, 2000, 0, bend=np.nan), "bend: nan; expected"),
        (lambda: sim.blink(-1, 10, 0), "n: -1; expected"),
        (lambda: sim.Optics(astigmatism=300), "for an astigmatism a depth"),
    ],
)
def test_bad_input_is_named(call, said):
    with pytest.raises(InputError) as error:
        call()
    assert said in str(error.value)
