"""Cryo-EM particles against theory: densities, projections, orientations, contrast transfer, noise."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scopecheck.acquire import cryoem
from scopecheck.errors import InputError


def blobs(seed=0, box=32, pixel=3.0, resolution=9.0):
    """A specimen without symmetry."""
    rng = np.random.default_rng(seed)
    lobes = [(0, 0, 0), (20, 4, 0), (-10, 16, 10), (0, -8, -20)]
    atoms = np.concatenate([rng.normal(size=(50, 3)) * 4 + lobe for lobe in lobes])
    return cryoem.density(atoms, box=box, pixel_size=pixel, resolution=resolution)


def angle_between(a, b):
    """Rotation angle from each of `a` to each of `b`, degrees."""
    trace = np.einsum("nij,nij->n", a, b)
    return np.degrees(np.arccos(np.clip((trace - 1) / 2, -1, 1)))


def test_an_atoms_density_is_its_gaussian_at_its_place():
    volume = cryoem.density(
        np.array([[6.0, -4.0, 10.0]]), np.array([7.0]), box=32, pixel_size=2, resolution=8, centre=(0, 0, 0)
    )
    assert volume.dtype == np.float32
    assert np.unravel_index(volume.argmax(), volume.shape) == (16 + 5, 16 - 2, 16 + 3)  # z, y, x
    assert volume.sum() == pytest.approx(7, rel=1e-3)
    # amplitude 1/e at the resolution: 8 A is frequency index 8 of a box of 64 A
    spectrum = np.abs(np.fft.fftn(volume))
    assert spectrum[0, 0, 8] / spectrum[0, 0, 0] == pytest.approx(np.exp(-1), rel=0.01)


def test_density_is_centred_on_the_centroid_unless_told():
    rng = np.random.default_rng(1)
    atoms = rng.normal(size=(400, 3)) * 5 + [100, -50, 30]
    volume = cryoem.density(atoms, box=24, pixel_size=3, resolution=9)
    grid = np.indices(volume.shape) - 12
    assert (grid * volume).sum(axis=(1, 2, 3)) / volume.sum() == pytest.approx(np.zeros(3), abs=0.01)


def test_density_of_many_atoms_is_the_sum_of_its_parts():
    rng = np.random.default_rng(2)
    atoms, weights = rng.normal(size=(25_000, 3)) * 6, rng.uniform(1, 8, 25_000)
    settings_ = {"box": 16, "pixel_size": 4, "resolution": 10, "centre": (0, 0, 0)}
    whole = cryoem.density(atoms, weights, **settings_)
    parts = [cryoem.density(atoms[part], weights[part], **settings_) for part in (np.s_[:9000], np.s_[9000:])]
    assert whole == pytest.approx(parts[0] + parts[1], rel=1e-4, abs=1e-5 * float(whole.max()))


def test_projections_are_those_of_rotated_gaussians():
    place = np.array([4.0, -2.0, 5.0])
    volume = cryoem.density(place[None], box=32, pixel_size=1, resolution=9, centre=(0, 0, 0))
    rotations, sigma = cryoem.uniform_rotations(40, 0), 9 / (np.pi * np.sqrt(2))
    shifts = np.random.default_rng(0).uniform(-1.5, 1.5, (40, 2))
    y, x = np.mgrid[:32, :32] - 16.0
    for image, rotation, shift in zip(
        cryoem.project(volume, rotations, shifts), rotations, shifts, strict=True
    ):
        px, py = (rotation @ place)[:2] + shift
        exact = np.exp(-((x - px) ** 2 + (y - py) ** 2) / (2 * sigma**2)) / (2 * np.pi * sigma**2)
        assert image == pytest.approx(exact, abs=0.005 * float(exact.max()))


def test_projections_along_the_axes_are_sums_of_voxels():
    volume = blobs(resolution=15)  # nothing left at Nyquist, where a projection is cut to the circle
    straight, from_x = cryoem.project(
        volume, np.array([np.eye(3), [[0.0, 1, 0], [0, 0, 1], [1, 0, 0]]])
    )  # the second image has y of the volume along x and z along y
    peak = straight.max()
    assert straight == pytest.approx(volume.sum(axis=0), abs=0.01 * float(peak))
    assert from_x == pytest.approx(volume.sum(axis=2), abs=0.01 * float(peak))


@settings(deadline=None, max_examples=15)
@given(seed=st.integers(0, 999), scale=st.floats(-3, 3))
def test_projection_is_linear_and_keeps_mass(seed, scale):
    one, two = blobs(1, box=24, pixel=4.0), blobs(2, box=24, pixel=4.0)
    rotations = cryoem.uniform_rotations(3, seed)
    both = cryoem.project(one + np.float32(scale) * two, rotations)
    assert both == pytest.approx(
        cryoem.project(one, rotations) + scale * cryoem.project(two, rotations),
        abs=1e-3 * float(one.sum()) / 24,
    )
    assert both.sum(axis=(1, 2)) == pytest.approx(
        np.full(3, (one + scale * two).sum()), abs=1e-3 * float(one.sum())
    )


def test_uniform_rotations_are_proper_and_uniform():
    rotations = cryoem.uniform_rotations(20_000, 4)
    assert np.allclose(rotations @ rotations.transpose(0, 2, 1), np.eye(3))
    assert np.linalg.det(rotations) == pytest.approx(np.ones(20_000))
    assert rotations.mean(axis=0) == pytest.approx(np.zeros((3, 3)), abs=0.02)
    assert (rotations**2).mean(axis=0) == pytest.approx(np.full((3, 3), 1 / 3), abs=0.02)
    # density of the rotation angle is (1 - cos) / pi, mean pi/2 + 2/pi
    angle = angle_between(rotations, np.broadcast_to(np.eye(3), rotations.shape))
    assert angle.mean() == pytest.approx(np.degrees(np.pi / 2 + 2 / np.pi), abs=1)
    assert np.array_equal(rotations, cryoem.uniform_rotations(20_000, 4))


@pytest.mark.parametrize("kappa", [0, 0.5, 5, 50, 2000])
@pytest.mark.parametrize("axis", [(0, 0, 1), (1, -2, 2), (0, 0, -3)])
def test_preferred_directions_follow_von_mises_and_fisher(kappa, axis):
    rotations = cryoem.preferred_rotations(20_000, kappa=kappa, seed=1, axis=axis)
    cosine = rotations[:, 2] @ np.array(axis) / np.linalg.norm(axis)
    mean = 1 / np.tanh(kappa) - 1 / kappa if kappa else 0
    assert cosine.mean() == pytest.approx(mean, abs=4 / np.sqrt(20_000) * max(1e-3, 1 - mean))
    assert np.allclose(rotations @ rotations.transpose(0, 2, 1), np.eye(3))
    psi = np.radians(cryoem.rotations_to_relion(rotations)[:, 2])
    assert abs(np.exp(1j * psi).mean()) < 0.03  # the in-plane angle stays uniform


def test_pose_errors_have_the_stated_spread_about_each_axis():
    true = cryoem.uniform_rotations(20_000, 0)
    wrong = cryoem.perturb_rotations(true, 4.0, seed=1)
    angle = angle_between(true, wrong)
    assert np.sqrt((angle**2).mean()) == pytest.approx(4 * np.sqrt(3), rel=0.02)
    assert np.array_equal(cryoem.perturb_rotations(true, 0, seed=1), true)


@settings(deadline=None, max_examples=50)
@given(
    rot=st.floats(-180, 180),
    tilt=st.one_of(st.sampled_from([0.0, 180.0]), st.floats(0, 180)),
    psi=st.floats(-180, 180),
)
def test_euler_angles_come_back(rot, tilt, psi):
    rotation = cryoem.rotations_from_relion([[rot, tilt, psi]])
    angles = cryoem.rotations_to_relion(rotation)
    assert 0 <= angles[0, 1] <= 180
    assert cryoem.rotations_from_relion(angles) == pytest.approx(rotation, abs=1e-6)


@pytest.mark.parametrize(("voltage", "wavelength"), [(100, 0.037014), (200, 0.025079), (300, 0.019687)])
def test_first_zero_of_the_ctf_gives_the_electrons_wavelength(voltage, wavelength):
    # without Cs and amplitude contrast the n-th zero lies at sqrt(n / (wavelength * defocus))
    ctf = cryoem.CTF(20_000, voltage=voltage, cs=0, amplitude_contrast=0)
    values = cryoem.ctf_image(ctf, (1, 40_000), 1.0)[0, :20_000]
    crossing = np.nonzero(np.diff(np.sign(values[1:])))[0][0] + 1.5
    assert 1 / (20_000 * (crossing / 40_000) ** 2) == pytest.approx(wavelength, rel=1e-3)


def test_ctf_at_zero_frequency_with_astigmatism_phase_plate_and_b_factor():
    plain = cryoem.ctf_image(cryoem.CTF(15_000, amplitude_contrast=0.07), (64, 64), 2.0)
    assert plain[0, 0] == pytest.approx(-0.07)
    assert (plain[0, 1:8] < 0).all()  # underfocus: protein is dark
    # astigmatism: along x the defocus is u, along y it is v
    astigmatic = cryoem.ctf_image(cryoem.CTF(15_000, 9_000), (64, 64), 2.0)
    assert astigmatic[0] == pytest.approx(cryoem.ctf_image(cryoem.CTF(15_000), (64, 64), 2.0)[0])
    assert astigmatic[:, 0] == pytest.approx(cryoem.ctf_image(cryoem.CTF(9_000), (64, 64), 2.0)[:, 0])
    turned = cryoem.ctf_image(cryoem.CTF(15_000, 9_000, angle=90), (64, 64), 2.0)
    assert turned == pytest.approx(astigmatic.T)
    # towards (+x, +y), a growing row, at 45 degrees
    diagonal = cryoem.ctf_image(cryoem.CTF(15_000, 9_000, angle=45), (64, 64), 2.0)
    line = np.arange(32)
    assert diagonal[line, line] == pytest.approx(
        cryoem.ctf_image(cryoem.CTF(15_000), (64, 64), 2.0)[line, line]
    )
    assert cryoem.ctf_image(cryoem.CTF(0, phase_shift=90), (64, 64), 2.0)[0, 0] == pytest.approx(
        -np.sqrt(0.99)
    )
    faded = cryoem.ctf_image(cryoem.CTF(15_000, b_factor=100), (64, 64), 2.0)
    plain = cryoem.ctf_image(cryoem.CTF(15_000), (64, 64), 2.0)
    assert faded[0, 16] == pytest.approx(plain[0, 16] * np.exp(-100 * (16 / 128) ** 2 / 4))


@pytest.mark.parametrize("dose", [5.0, 40.0])
def test_damage_is_the_mean_fading_over_the_exposure(dose):
    frequency = np.array([0.02, 0.1, 1 / 3])
    critical = 0.245 * frequency**-1.665 + 2.81
    spent = np.linspace(0, dose, 20_001)[:, None]
    expected = np.exp(-spent / (2 * critical)).mean(axis=0)
    assert cryoem.damage(dose, frequency) == pytest.approx(expected, rel=1e-4)
    assert cryoem.damage(dose, np.array([0.0]))[0] == 1
    assert cryoem.damage(0, frequency) == pytest.approx(1)
    assert (cryoem.damage(dose, frequency, voltage=200) < cryoem.damage(dose, frequency)).all()


@pytest.mark.parametrize("snr", [0.01, 0.1, 3.0])
@pytest.mark.parametrize("dose", [None, 50.0])
def test_signal_to_noise_is_as_defined(snr, dose):
    if dose and snr > 1:
        dose = 50_000.0
    taken = cryoem.particles(blobs(), n=60, pixel_size=3, snr=snr, seed=2, dose=dose)
    noise = taken.images - taken.clean
    ratio = taken.clean.var(axis=(1, 2)).mean() / noise.var()
    assert ratio == pytest.approx(snr, rel=0.03)
    assert noise.std() == pytest.approx(taken.noise_sd, rel=0.02)
    assert noise.mean() == pytest.approx(0, abs=0.02 * taken.noise_sd)


def test_counted_electrons_come_in_whole_numbers():
    taken = cryoem.particles(blobs(), n=20, pixel_size=3, snr=0.1, seed=2, dose=2.0)
    electrons = 2.0 * 3.0**2
    contrast = 1 / (taken.noise_sd * np.sqrt(electrons))
    counts = electrons * (1 + contrast * taken.images.astype(float))
    assert counts == pytest.approx(np.rint(counts), abs=1e-3)
    assert counts.mean() == pytest.approx(electrons * (1 + contrast * taken.clean.mean()), rel=0.01)


def test_without_noise_and_without_signal():
    volume = blobs()
    clean = cryoem.particles(volume, n=8, pixel_size=3, snr=None, seed=0)
    assert np.array_equal(clean.images, clean.clean)
    assert (clean.snr, clean.noise_sd) == (np.inf, 0)
    assert np.array_equal(
        cryoem.particles(volume, n=8, pixel_size=3, snr=np.inf, seed=0).images, clean.images
    )
    noise = cryoem.particles(volume, n=50, pixel_size=3, snr=0, seed=0)
    assert noise.images.std() == pytest.approx(1, abs=0.02)
    assert abs(np.corrcoef(noise.images.ravel(), noise.clean.ravel())[0, 1]) < 0.02


def test_protein_is_dark_and_clean_images_are_projections_through_the_ctf():
    volume = blobs()
    rotations = cryoem.uniform_rotations(5, 8)
    ctf = cryoem.CTF(12_000, 11_000, 30)
    taken = cryoem.particles(volume, n=5, pixel_size=3, snr=None, seed=0, rotations=rotations, ctfs=ctf)
    projections = cryoem.project(volume, rotations)
    expected = np.fft.ifft2(np.fft.fft2(projections) * cryoem.ctf_image(ctf, (32, 32), 3)).real
    # at Nyquist a real image holds no antisymmetric part, hence the loose last digits
    assert taken.clean == pytest.approx(expected, abs=1e-3 * float(np.abs(expected).max()))
    for image, projection in zip(taken.clean, projections, strict=True):
        assert np.corrcoef(image.ravel(), projection.ravel())[0, 1] < -0.5


def test_states_seeds_and_defaults():
    volumes = np.stack([blobs(1), blobs(2)])
    taken = cryoem.particles(volumes, n=40, pixel_size=3, snr=0.1, seed=5)
    again = cryoem.particles(volumes, n=40, pixel_size=3, snr=0.1, seed=5)
    other = cryoem.particles(volumes, n=40, pixel_size=3, snr=0.1, seed=6)
    assert np.array_equal(taken.images, again.images)
    assert not np.array_equal(taken.images, other.images)
    assert np.bincount(taken.state).tolist() == [20, 20]
    assert all(10_000 <= ctf.defocus_u <= 20_000 for ctf in taken.ctfs)
    assert len({ctf.defocus_u for ctf in taken.ctfs}) == 40
    rare = np.r_[np.ones(4, int), np.zeros(36, int)]
    chosen = cryoem.particles(
        volumes, n=40, pixel_size=3, snr=None, seed=5, state=rare, rotations=taken.rotations, ctfs=taken.ctfs
    )
    for state in (0, 1):
        alone = cryoem.particles(
            volumes[state], n=40, pixel_size=3, snr=None, seed=0, rotations=taken.rotations, ctfs=taken.ctfs
        )
        assert np.array_equal(chosen.clean[rare == state], alone.clean[rare == state])


GOOD = {"n": 4, "pixel_size": 3.0, "snr": 0.1, "seed": 0}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"volumes": np.zeros((33, 33, 33))}, "even box"),
        ({"volumes": np.zeros((32, 32, 30))}, "cubic"),
        ({"volumes": np.full((32, 32, 32), np.nan)}, "NaN"),
        ({"volumes": np.zeros((32, 32, 32))}, "constant"),
        ({"volumes": np.zeros((32, 32))}, "cubic"),
        ({"volumes": np.zeros((0, 32, 32, 32))}, "one volume or more"),
        ({"volumes": np.zeros((32, 32, 32), complex)}, "real numbers"),
        ({"pixel_size": -1.0}, "pixel_size"),
        ({"pixel_size": np.nan}, "pixel_size"),
        ({"snr": -0.1}, "snr"),
        ({"snr": np.nan}, "snr"),
        ({"n": 0}, "1 particle or more"),
        ({"n": 2.5}, "whole number"),
        ({"state": np.array([0, 0, 0, 1])}, "state"),
        ({"rotations": np.zeros((4, 3, 3))}, "rotation matrices"),
        ({"rotations": -np.stack([np.eye(3)] * 4)}, "determinant"),
        ({"rotations": np.stack([np.eye(3)] * 3)}, "each of 4"),
        ({"shifts": np.zeros((4, 3))}, "shifts"),
        ({"ctfs": [cryoem.CTF(15_000)] * 3}, "each of 4"),
        ({"dose": 0.0}, "dose"),
        ({"dose": 0.001, "snr": 2}, "too few"),
    ],
)
def test_bad_particles_are_refused(change, message):
    with pytest.raises(InputError, match=message):
        cryoem.particles(**{"volumes": blobs(), **GOOD, **change})


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"defocus_u": -15_000}, "overfocus"),
        ({"defocus_u": 15_000, "defocus_v": -1}, "overfocus"),
        ({"defocus_u": 1.5}, "micrometres"),
        ({"defocus_u": np.nan}, "defocus_u"),
        ({"defocus_u": 15_000, "voltage": 300_000}, "kV"),
        ({"defocus_u": 15_000, "voltage": 0}, "voltage"),
        ({"defocus_u": 15_000, "cs": -2.7}, "cs"),
        ({"defocus_u": 15_000, "amplitude_contrast": 10}, "fraction"),
        ({"defocus_u": 15_000, "b_factor": -50}, "b_factor"),
    ],
)
def test_bad_ctfs_are_refused(values, message):
    with pytest.raises(InputError, match=message):
        cryoem.CTF(**values)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"xyz": np.zeros((0, 3))}, "atoms"),
        ({"xyz": np.array([[0, 0, np.nan]])}, "finite"),
        ({"xyz": np.array([[0.0, 0, 0], [200, 0, 0]])}, "larger box"),
        ({"weights": np.ones(3)}, "weights"),
        ({"box": 31}, "even"),
        ({"pixel_size": 0}, "pixel_size"),
        ({"resolution": 5}, "finer than two pixels"),
    ],
)
def test_bad_densities_are_refused(change, message):
    good = {"xyz": np.array([[0.0, 0, 0], [5, 5, 5]]), "box": 32, "pixel_size": 3, "resolution": 9}
    with pytest.raises(InputError, match=message):
        cryoem.density(**{**good, **change})


def test_bad_orientations_are_refused():
    with pytest.raises(InputError, match="kappa"):
        cryoem.preferred_rotations(3, kappa=-1, seed=0)
    with pytest.raises(InputError, match="axis"):
        cryoem.preferred_rotations(3, kappa=1, seed=0, axis=(0, 0, 0))
    with pytest.raises(InputError, match="degrees"):
        cryoem.perturb_rotations(np.eye(3)[None], -2, seed=0)
    with pytest.raises(InputError, match="rot, tilt, psi"):
        cryoem.rotations_from_relion(np.zeros((2, 2)))
    with pytest.raises(InputError, match="shape"):
        cryoem.ctf_image(cryoem.CTF(15_000), (32,), 1.0)
