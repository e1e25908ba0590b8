"""Simulated micrographs: what is said to be there is there, and nothing else."""

import numpy as np
import pytest
from scipy import ndimage
from scipy.spatial import distance

from scopecheck.acquire import cryoem
from scopecheck.errors import InputError

PIXEL = 4.0
FIELD = {"shape": (384, 448), "pixel_size": PIXEL, "diameter": 90.0, "seed": 3}


@pytest.fixture(scope="module")
def volume():
    rng = np.random.default_rng(0)
    lobes = [(0, 0, 0), (24, 4, 0), (-12, 20, 12), (0, -10, -24)]
    atoms = np.concatenate([rng.normal(size=(50, 3)) * 5 + lobe for lobe in lobes])
    return cryoem.density(atoms, box=32, pixel_size=PIXEL, resolution=12)


@pytest.fixture(scope="module")
def crowded(volume):
    """Every kind of contaminant, a gradient and overlaps, without noise."""
    return cryoem.micrograph(
        volume, n=60, snr=None, contaminants=cryoem.KINDS, ice_gradient=0.6, overlap=0.2, **FIELD
    )


def test_a_particle_cut_from_the_field_is_the_particle_of_its_pose(volume):
    ctf = cryoem.CTF(9_000, 8_500, 20)
    rotations = cryoem.uniform_rotations(25, 7)
    field = cryoem.micrograph(
        volume, n=25, snr=None, minimum_distance=180, ctf=ctf, rotations=rotations, **FIELD
    )
    table = field.particles
    centres = table[["x", "y"]].to_numpy()
    corner = np.rint(centres).astype(int)
    alone = cryoem.particles(
        volume,
        n=25,
        pixel_size=PIXEL,
        snr=None,
        seed=0,
        rotations=cryoem.rotations_from_relion(table[["rot", "tilt", "psi"]].to_numpy()),
        shifts=centres - corner,
        ctfs=ctf,
    )
    for (x, y), image in zip(corner, alone.clean, strict=True):
        cut = field.clean[y - 11 : y + 11, x - 11 : x + 11]  # a radius, where no neighbour reaches
        assert np.corrcoef(cut.ravel(), image[5:27, 5:27].ravel())[0, 1] > 0.98
    assert np.allclose(cryoem.rotations_from_relion(table[["rot", "tilt", "psi"]].to_numpy()), rotations)


def test_x_is_the_column_and_y_the_row(volume):
    field = cryoem.micrograph(volume, n=3, snr=None, minimum_distance=500, **FIELD)
    darkest = ndimage.minimum_filter(field.clean, 15)
    assert field.image.shape == (384, 448)
    for x, y in field.particles[["x", "y"]].to_numpy():
        assert darkest[round(y), round(x)] < field.clean.mean() - 3 * field.clean.std()
    assert field.particles.x.max() > 384 or field.particles.x.between(0, 447).all()


def test_centres_keep_their_distances_and_stay_inside(volume):
    field = cryoem.micrograph(volume, n=80, snr=0.1, **FIELD)
    centres = field.particles[["x", "y"]].to_numpy()
    radius = 45 / PIXEL
    assert distance.pdist(centres).min() >= 90 / PIXEL
    assert not field.particles.overlapping.any()
    assert centres.min() >= radius - 0.5
    assert (centres.max(axis=0) <= np.array([447, 383]) - radius + 0.5).all()
    assert len(field.contaminants) == 0
    assert not field.junk.any()


def test_overlap_is_the_share_that_was_asked_for(volume):
    field = cryoem.micrograph(volume, n=50, snr=0.1, overlap=0.2, **FIELD)
    centres = field.particles[["x", "y"]].to_numpy()
    nearest = np.sort(distance.squareform(distance.pdist(centres)), axis=1)[:, 1]
    assert len(centres) == 50
    assert np.array_equal(field.particles.overlapping.to_numpy(), nearest < 90 / PIXEL)
    # ten were put beside another; each has at least itself and its host nearer than a diameter
    assert 20 <= field.particles.overlapping.sum() <= 30
    assert nearest.min() >= 0.1 * 90 / PIXEL


@pytest.mark.parametrize("snr", [0.05, 0.5])
def test_the_noise_is_that_of_single_particles(volume, snr):
    ctf = cryoem.CTF(15_000)
    field = cryoem.micrograph(volume, n=40, snr=snr, ctf=ctf, **FIELD)
    single = cryoem.particles(volume, n=400, pixel_size=PIXEL, snr=snr, seed=0, ctfs=ctf)
    assert (field.image - field.clean).std() == pytest.approx(field.noise_sd, rel=0.01)
    assert field.noise_sd == pytest.approx(single.noise_sd, rel=0.05)


def test_fields_with_and_without_particles_have_the_same_noise(volume):
    full = cryoem.micrograph(volume, n=40, snr=0.1, **FIELD)
    bare = cryoem.micrograph(volume, n=0, snr=0.1, **FIELD)
    assert full.image - full.clean == pytest.approx(bare.image - bare.clean, abs=1e-4 * full.noise_sd)
    assert bare.clean.std() < 1e-6 * full.clean.std()
    assert len(bare.particles) == 0


def test_pure_noise_needs_no_volume():
    field = cryoem.micrograph(None, n=0, snr=0, **FIELD)
    assert field.image.std() == pytest.approx(1, abs=0.01)
    assert abs(field.image.mean()) < 0.01
    # white: neighbours are not correlated
    assert abs(np.corrcoef(field.image[:, 1:].ravel(), field.image[:, :-1].ravel())[0, 1]) < 0.01
    assert cryoem.micrograph(None, n=0, snr=0.25, contaminants=("gold",), **FIELD).noise_sd == pytest.approx(
        2
    )


def test_no_particle_touches_a_contaminant(crowded):
    reach = ndimage.distance_transform_edt(crowded.junk == 0)
    at = np.rint(crowded.particles[["y", "x"]].to_numpy()).astype(int)
    assert (reach[at[:, 0], at[:, 1]] >= 45 / PIXEL - 1).all()


def test_the_class_map_agrees_with_the_table(crowded):
    assert set(crowded.contaminants.kind) == set(cryoem.KINDS)
    y, x = np.mgrid[: crowded.junk.shape[0], : crowded.junk.shape[1]]
    covered = np.zeros(crowded.junk.shape, bool)
    for row in crowded.contaminants.itertuples():
        value = cryoem.KINDS.index(row.kind) + 1
        inside = np.hypot(x - row.x, y - row.y) <= row.radius
        if row.kind == "carbon":
            continue
        covered |= inside & (crowded.junk == value)
        share = (crowded.junk[inside] == value).mean()
        assert share == 1 if row.kind in ("gold", "empty") else 0.3 < share < 1
    assert np.array_equal(covered, (crowded.junk > 0) & (crowded.junk != cryoem.KINDS.index("carbon") + 1))
    gold = crowded.contaminants.query("kind == 'gold'")
    assert gold.radius.to_numpy() == pytest.approx(np.full(4, 50 / PIXEL))


def test_carbon_is_a_half_plane_of_a_fifth_of_the_field(crowded):
    carbon = crowded.junk == cryoem.KINDS.index("carbon") + 1
    assert carbon.mean() == pytest.approx(0.2, abs=0.005)
    edge = crowded.contaminants.query("kind == 'carbon'").iloc[0]
    middle = np.array([447, 383]) / 2
    normal = np.array([edge.x, edge.y]) - middle
    normal /= np.linalg.norm(normal)
    y, x = np.mgrid[:384, :448]
    beyond = (x - edge.x) * normal[0] + (y - edge.y) * normal[1] > 0
    assert np.array_equal(beyond, carbon)


def mean_where(field, region):
    return float(field.clean[region].mean())


def test_contrast_of_each_kind_is_as_stated(crowded):
    clear = crowded.junk == 0
    level, spread = mean_where(crowded, clear), crowded.clean[clear].std()
    at = {kind: crowded.junk == place + 1 for place, kind in enumerate(cryoem.KINDS)}
    assert mean_where(crowded, at["gold"]) < mean_where(crowded, at["ice"]) < level - 3 * spread
    assert mean_where(crowded, at["carbon"]) < level - spread
    assert mean_where(crowded, at["aggregate"]) < level
    assert mean_where(crowded, at["empty"]) > level + spread
    assert crowded.thickness[at["empty"]].mean() < 0.6 * crowded.thickness[clear].mean()


def test_carbon_shows_thon_rings_of_the_ctf(volume):
    ctf = cryoem.CTF(25_000)
    field = cryoem.micrograph(
        volume,
        shape=(512, 512),
        pixel_size=PIXEL,
        diameter=90,
        n=0,
        snr=None,
        seed=1,
        ctf=ctf,
        contaminants=("carbon",),
    )
    carbon = field.junk > 0
    texture = np.where(carbon, field.clean - field.clean[carbon].mean(), 0)
    texture *= ndimage.gaussian_filter(carbon.astype(float), 6) > 0.999
    power = np.abs(np.fft.fft2(texture)) ** 2
    k = np.hypot(*np.meshgrid(np.fft.fftfreq(512), np.fft.fftfreq(512)))
    shell = np.rint(k * 512).astype(int).ravel()
    rings = np.bincount(shell, power.ravel())[20:240] / np.bincount(shell)[20:240]
    expected = np.bincount(shell, (cryoem.ctf_image(ctf, (512, 512), PIXEL) ** 2).ravel())[20:240]
    expected = expected / np.bincount(shell)[20:240]
    fall = np.polyfit(np.arange(220), np.log(rings), 2)
    flat = rings / np.exp(np.polyval(fall, np.arange(220)))
    assert np.corrcoef(flat, expected)[0, 1] > 0.8


def test_thicker_ice_is_darker_and_noisier(volume):
    field = cryoem.micrograph(volume, n=0, snr=0.1, ice_gradient=1.0, **FIELD)
    assert np.ptp(field.thickness) == pytest.approx(1.0, abs=0.01)
    assert field.thickness.mean() == pytest.approx(1.0, abs=0.01)
    assert np.corrcoef(field.thickness.ravel(), field.clean.ravel())[0, 1] == pytest.approx(-1, abs=1e-3)
    noise = field.image - field.clean
    thick = field.thickness > np.quantile(field.thickness, 0.8)
    thin = field.thickness < np.quantile(field.thickness, 0.2)
    expected = field.thickness[thick].mean() / field.thickness[thin].mean()
    assert noise[thick].var() / noise[thin].var() == pytest.approx(expected, rel=0.05)


def test_a_dose_counts_electrons_and_fades_the_signal(volume):
    plain = cryoem.micrograph(volume, n=40, snr=0.1, **FIELD)
    dosed = cryoem.micrograph(volume, n=40, snr=0.1, dose=50, contaminants=("gold",), **FIELD)
    clear = dosed.junk == 0
    noise = (dosed.image - dosed.clean)[clear]
    assert noise.std() == pytest.approx(dosed.noise_sd, rel=0.03)
    assert dosed.noise_sd < plain.noise_sd  # less signal at the same ratio
    assert np.isfinite(dosed.image).all()


def test_the_seed_decides(volume):
    settings = {"n": 20, "snr": 0.1, "contaminants": ("ice", "aggregate"), **FIELD}
    one, two = cryoem.micrograph(volume, **settings), cryoem.micrograph(volume, **settings)
    other = cryoem.micrograph(volume, **{**settings, "seed": 4})
    assert np.array_equal(one.image, two.image)
    assert one.particles.equals(two.particles)
    assert not np.allclose(one.particles[["x", "y"]], other.particles[["x", "y"]])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n": 2000}, "particles fit"),
        ({"n": -1}, "whole number"),
        ({"shape": (384,)}, "shape"),
        ({"shape": (8, 8)}, "shape"),
        ({"pixel_size": 0}, "pixel_size"),
        ({"diameter": 9e4}, "check the units"),
        ({"diameter": 1.0}, "check the units"),
        ({"diameter": -90}, "diameter"),
        ({"snr": -1}, "snr"),
        ({"contaminants": ("dust",)}, "names out of ice, carbon"),
        ({"contaminants": "ice"}, "names out of ice, carbon"),
        ({"contaminants": ("empty", "aggregate"), "shape": (72, 72)}, "no room"),
        ({"ice_gradient": 2.0}, "ice_gradient"),
        ({"overlap": 0.9}, "overlap"),
        ({"minimum_distance": -5}, "minimum_distance"),
        ({"rotations": np.eye(3)[None]}, "each of 10"),
        ({"ctf": 15_000}, "ctf"),
        ({"volume": None}, "n=0"),
        ({"volume": np.zeros((31, 31, 31))}, "even box"),
    ],
)
def test_bad_micrographs_are_refused(volume, change, message):
    with pytest.raises(InputError, match=message):
        cryoem.micrograph(**{"volume": volume, "n": 10, "snr": 0.1, **FIELD, **change})
