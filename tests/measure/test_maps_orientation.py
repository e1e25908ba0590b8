"""Directional FSC against a known direction-dependent SSNR, FSC = S / (1 + S); SCF against analytic views."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from scopecheck.errors import InputError
from scopecheck.measure import maps
from scopecheck.measure.maps import orientation

AXES = {"x": [1, 0, 0], "y": [0, 1, 0], "z": [0, 0, 1]}


def fourier_grid(box):
    k = np.fft.fftfreq(box)
    z, y, x = np.meshgrid(k, k, np.fft.rfftfreq(box), indexing="ij")
    return x, y, z, np.sqrt(x * x + y * y + z * z)


def halves(box, ssnr, seed=0):
    """Two half maps of white noise and one specimen whose power over the noise's is `ssnr` at each voxel."""
    rng = np.random.default_rng(seed)
    specimen = np.fft.irfftn(np.fft.rfftn(rng.standard_normal((box,) * 3)) * np.sqrt(ssnr), (box,) * 3)
    return [specimen + rng.standard_normal(specimen.shape) for _ in range(2)]


def missing_along_z(box):
    """SSNR that falls off towards the z axis, as side views are short of it."""
    _, _, z, r = fourier_grid(box)
    cosine = np.divide(z, r, out=np.zeros_like(r), where=r > 0)
    return 20 * np.exp(-((r / 0.2) ** 2)) * (1.02 - cosine**2)


def views(directions):
    """Rotations whose last row is each direction."""
    d = np.asarray(directions, float)
    d = d / np.linalg.norm(d, axis=1, keepdims=True)
    other = np.where(np.abs(d[:, :1]) < 0.9, [[1.0, 0, 0]], [[0.0, 1, 0]])
    first = np.cross(d, other)
    first /= np.linalg.norm(first, axis=1, keepdims=True)
    return np.stack([first, np.cross(d, first), d], axis=1)


def side_views(n, axis=2):
    angle = 2 * np.pi * (np.arange(n) + 0.5) / n
    flat = np.zeros((n, 3))
    flat[:, (axis + 1) % 3], flat[:, (axis + 2) % 3] = np.cos(angle), np.sin(angle)
    return views(flat)


def test_each_cone_has_the_fsc_of_its_own_ssnr():
    box, half_angle = 64, 20.0
    ssnr = missing_along_z(box)
    a, b = halves(box, ssnr)
    x, y, z, r = fourier_grid(box)
    shell, weight = np.floor(r * box + 0.5).astype(int), np.where((x > 0) & (x < 0.5), 2, 1)
    for axis in (*AXES.values(), [1, 1, 1]):
        unit = np.asarray(axis) / np.linalg.norm(axis)
        cosine = np.abs(x * unit[0] + y * unit[1] + z * unit[2]) / np.maximum(r, 1e-9)
        inside = (cosine >= np.cos(np.radians(half_angle)) - 1e-6) & (shell <= box // 2)
        curve = maps.directional_fsc(a, b, axis, half_angle=half_angle)
        for k in range(8, box // 2, 6):
            here = inside & (shell == k)
            power = np.average(ssnr[here], weights=weight[here])
            assert curve.counts[k] == weight[here].sum()
            spread = 1 / np.sqrt(curve.counts[k])  # of a correlation of as many independent numbers
            assert curve.fsc[k] == pytest.approx(power / (1 + power), abs=3.5 * spread)


def test_directions_are_x_y_z_and_maps_z_y_x():
    a, b = halves(64, missing_along_z(64))
    found = {name: maps.resolution(maps.directional_fsc(a, b, axis), 0.143) for name, axis in AXES.items()}
    assert found["z"] > 1.2 * max(found["x"], found["y"])
    turned = [np.ascontiguousarray(m.transpose(2, 1, 0)) for m in (a, b)]  # z becomes x
    again = {name: maps.resolution(maps.directional_fsc(*turned, axis), 0.143) for name, axis in AXES.items()}
    assert again["x"] == pytest.approx(found["z"])
    assert again["z"] == pytest.approx(found["x"])


def test_a_cone_of_90_degrees_is_the_whole_shell():
    a, b = halves(32, missing_along_z(32))
    cone, whole = maps.directional_fsc(a, b, [1, 2, 3], half_angle=90), maps.fsc(a, b)
    np.testing.assert_allclose(cone.fsc, whole.fsc, atol=1e-12)
    np.testing.assert_array_equal(cone.counts, whole.counts)


def test_opposite_directions_are_one():
    a, b = halves(32, missing_along_z(32))
    one, other = (maps.directional_fsc(a, b, d) for d in ([1, -2, 0.5], [-1, 2, -0.5]))
    np.testing.assert_array_equal(one.fsc, other.fsc)


def test_a_cone_of_too_few_voxels_takes_the_whole_shell():
    a, b = halves(16, np.ones((16, 16, 9)))
    cones = maps.conical_fsc(a, b, [[1, 1, 1]], half_angle=10)
    assert cones.counts[0, 1] == 0
    assert cones.fsc[0, 1] == pytest.approx(maps.fsc(a, b).fsc[1])


def test_area_ratio_and_sphericity_tell_isotropic_from_not():
    """Areas and radii of the two specimens are known: S / (1 + S) at the axis' own SSNR."""
    box = 64
    _, _, _, r = fourier_grid(box)
    even = halves(box, 20 * np.exp(-((r / 0.2) ** 2)))
    uneven = halves(box, missing_along_z(box))
    round_, flat = (maps.conical_fsc(*pair, 150) for pair in (even, uneven))
    assert maps.conical_area_ratio(round_) > 0.75
    assert maps.sphericity(round_) > 0.98
    assert maps.conical_area_ratio(flat) < 0.5
    assert maps.sphericity(flat) < 0.95


def planted(n, radius):
    """Cones whose curves fall, like a step, through the threshold at a known radius."""
    axes = orientation.spread(n)
    frequency = np.linspace(0, 0.5, 501)
    fsc = (frequency <= radius(axes)[:, None]).astype(float)
    return orientation.Cones(frequency, axes, fsc, np.ones(fsc.shape, int), 20.0)


def test_sphericity_of_an_ellipsoid():
    """Oblate, half axes 0.4, 0.4, 0.2: surface by the closed formula of a spheroid."""
    a, c = 0.4, 0.2
    cones = planted(1500, lambda d: 1 / np.sqrt((d[:, 0] ** 2 + d[:, 1] ** 2) / a**2 + d[:, 2] ** 2 / c**2))
    e = np.sqrt(1 - c**2 / a**2)
    area = 2 * np.pi * a**2 * (1 + (1 - e**2) / e * np.arctanh(e))
    volume = 4 / 3 * np.pi * a * a * c
    assert maps.sphericity(cones) == pytest.approx(
        np.pi ** (1 / 3) * (6 * volume) ** (2 / 3) / area, abs=0.005
    )
    assert maps.sphericity(planted(200, lambda d: np.full(len(d), 0.3))) == pytest.approx(1, abs=1e-6)


def test_area_ratio_of_planted_curves():
    cones = planted(100, lambda d: 0.2 + 0.2 * d[:, 2] ** 2)
    assert maps.conical_area_ratio(cones) == pytest.approx(0.5, abs=0.01)


def test_no_correlation_at_all():
    zero = orientation.Cones(np.linspace(0, 0.5, 9), orientation.spread(100), *np.zeros((2, 100, 9)), 20.0)
    assert np.isnan(maps.conical_area_ratio(zero))
    assert np.isnan(zero.resolutions()).all()


def test_uniform_views_compensate_fully():
    rotations = Rotation.random(20_000, random_state=0).as_matrix()
    found = maps.sampling_compensation(rotations)
    assert found.scf == pytest.approx(1 - 2 * 50 / 20_000, abs=0.004)
    assert found.unsampled == 0
    assert found.relative.mean() == pytest.approx(1, abs=0.005)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_side_views_about_one_axis(axis):
    found = maps.sampling_compensation(side_views(20_000, axis))
    assert found.scf == pytest.approx(8 / np.pi**2, abs=0.005)


def test_side_views_sample_as_one_over_the_sine():
    found = maps.sampling_compensation(side_views(20_000))
    sine = np.sqrt(1 - found.directions[:, 2] ** 2)
    away = sine > 0.1
    np.testing.assert_allclose(found.relative[away], 2 / (np.pi * sine[away]), rtol=0.06)


@pytest.mark.parametrize("n", [500, 1000, 10_000])
def test_a_single_view_leaves_nothing(n):
    """A view reaches 1 % of the shell; the published rule for the rest gives 2 / N."""
    spun = Rotation.random(random_state=1).as_matrix()
    found = maps.sampling_compensation(np.broadcast_to(spun, (n, 3, 3)))
    assert found.unsampled == pytest.approx(0.99, abs=0.003)
    assert found.scf == pytest.approx(2 / n, rel=0.05)


@settings(max_examples=20, deadline=None)
@given(st.integers(100, 3000), st.sampled_from([10, 20, 50]), st.integers(0, 50))
def test_scf_of_few_views_lies_in_0_to_1_or_is_refused(n, radius, seed):
    rotations = Rotation.random(n, random_state=seed).as_matrix()
    if n < 10 * radius:
        with pytest.raises(InputError, match="views"):
            maps.sampling_compensation(rotations, radius=radius)
        return
    found = maps.sampling_compensation(rotations, radius=radius)
    assert 0 < found.scf <= 1
    assert found.scf == pytest.approx(1 - 2 * radius / n, abs=0.08)


def test_a_missing_cone_lies_between():
    tilt = Rotation.random(20_000, random_state=2).as_matrix()
    near_z = tilt[np.abs(tilt[:, 2, 2]) > np.cos(np.radians(30))]
    found = maps.sampling_compensation(near_z)
    # views within 30 degrees of z leave the double cone of 60 degrees about z empty
    assert found.unsampled == pytest.approx(1 - np.cos(np.radians(60)), abs=0.03)
    assert found.scf < 0.1


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 100))
def test_the_frame_does_not_matter_to_scf(seed):
    rng = np.random.default_rng(seed)
    rotations = views(rng.normal(size=(3000, 3)) * [1, 1, 2])
    turned = rotations @ Rotation.random(random_state=seed).as_matrix()
    first, other = (maps.sampling_compensation(r, radius=20).scf for r in (rotations, turned))
    assert 0 < first <= 1
    assert other == pytest.approx(first, abs=0.02)


def test_histogram_has_every_view_in_its_place():
    counts, elevation, azimuth = maps.orientation_histogram(views([[0, 0, 1], [0, 0, -1], [1, 0.01, 0.01]]))
    assert counts.sum() == 3
    assert counts[-1].sum() == counts[0].sum() == 1
    assert counts[9, 18] == 1
    assert (elevation[0], elevation[-1], azimuth[0], azimuth[-1]) == (-90, 90, -180, 180)


def test_histogram_bins_hold_equal_solid_angle():
    counts, _, _ = maps.orientation_histogram(
        Rotation.random(60_000, random_state=4).as_matrix(), azimuths=12, elevations=10
    )
    assert ((counts - 500) ** 2 / 500).sum() < 180  # chi-squared of 119 degrees of freedom, p = 0.0003


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda m: maps.conical_fsc(m, m[:8, :8, :8]), "box"),
        (lambda m: maps.conical_fsc(m, m * np.nan), "NaN"),
        (lambda m: maps.conical_fsc(m, m, half_angle=0), "half_angle"),
        (lambda m: maps.conical_fsc(m, m, [[0, 0, 0]]), "directions"),
        (lambda m: maps.conical_fsc(m, m, 0), "directions"),
        (lambda m: maps.directional_fsc(m, m, [[1, 0, 0]]), "direction"),
        (lambda m: maps.sphericity(maps.conical_fsc(m, m, 10)), "100"),
        (lambda m: maps.sampling_compensation(np.zeros((0, 3, 3))), "rotations"),
        (lambda m: maps.sampling_compensation(np.ones((2, 3, 3))), "rotation matrices"),
        (lambda m: maps.sampling_compensation(np.eye(3)[None], radius=0), "radius"),
        (lambda m: maps.sampling_compensation(np.eye(3)[None]), "1 views; expected at least 500"),
        (lambda m: maps.orientation_histogram(np.eye(3)[None], azimuths=0), "bins"),
    ],
)
def test_bad_input(call, said):
    with pytest.raises(InputError, match=said):
        call(np.random.default_rng(0).random((16, 16, 16)))
