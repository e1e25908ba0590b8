"""Back from images: planted volumes, planted states and planted pose errors are found again."""

import numpy as np
import pytest

from scopecheck.acquire import cryoem
from scopecheck.errors import InputError
from scopecheck.measure import states

PIXEL = 3.0


def blobs(moved=0.0):
    """A specimen without symmetry; one of its lobes lies `moved` Angstrom further along y."""
    rng = np.random.default_rng(0)
    lobes = [(0, 0, 0), (20, 4, 0), (-10, 16, 10), (0, -8 - moved, -20)]
    atoms = np.concatenate([rng.normal(size=(50, 3)) * 4 + lobe for lobe in lobes])
    return cryoem.density(atoms, box=32, pixel_size=PIXEL, resolution=12, centre=(0, 0, 0))


def shot(volumes, n=300, snr=None, **told):
    return cryoem.particles(volumes, n=n, pixel_size=PIXEL, snr=snr, seed=1, **told)


def degrees_between(a, b):
    trace = np.einsum("nij,nij->n", a, b)
    return np.degrees(np.arccos(np.clip((trace - 1) / 2, -1, 1)))


def alike(a, b):
    return float(np.corrcoef(a.ravel(), b.ravel())[0, 1])


def test_the_volume_comes_back_at_its_poses_and_at_no_others():
    volume, taken = blobs(), shot(blobs())
    again = cryoem.reconstruct(taken.images, taken.rotations, taken.ctfs, PIXEL)
    assert again.shape == volume.shape
    assert again.dtype == np.float32
    assert alike(again, volume) > 0.95
    inverse = taken.rotations.transpose(0, 2, 1)  # as a program with the other convention would read them
    assert alike(cryoem.reconstruct(taken.images, inverse, taken.ctfs, PIXEL), volume) < 0.7


def test_images_are_centred_by_their_shifts():
    shifts = np.random.default_rng(3).uniform(-4, 4, (300, 2))
    taken, volume = shot(blobs(), shifts=shifts), blobs()
    told = cryoem.reconstruct(taken.images, taken.rotations, taken.ctfs, PIXEL, shifts)
    assert alike(told, volume) > 0.95
    for wrong in (None, -shifts):
        blurred = cryoem.reconstruct(taken.images, taken.rotations, taken.ctfs, PIXEL, wrong)
        assert alike(blurred, volume) < 0.9


def test_one_component_tells_two_states_apart_and_finds_none_in_one():
    state = (np.arange(400) % 5 == 0).astype(int)
    taken = shot(np.stack([blobs(), blobs(moved=12)]), n=400, snr=0.5, state=state)
    known = {"noise_sd": taken.noise_sd, "seed": 0}
    z = cryoem.principal_component(taken.images, taken.rotations, taken.ctfs, PIXEL, **known)
    assert z.mean() == pytest.approx(0, abs=1e-9)
    assert z.std() == pytest.approx(1)
    assert states.separability(z, state) > 0.9  # area under the ROC curve
    one = shot(blobs(), n=400, snr=0.5)
    z = cryoem.principal_component(one.images, one.rotations, one.ctfs, PIXEL, **known)
    assert states.separability(z, state) == pytest.approx(0.5, abs=0.15)  # 4 standard errors


def test_a_search_makes_pose_errors_smaller():
    taken = shot(blobs(), n=200, snr=1.0)
    believed = cryoem.perturb_rotations(taken.rotations, 6, 5)
    found = cryoem.search_rotations(
        taken.images, believed, taken.ctfs, PIXEL, seed=9, trials=((12, 6.0), (8, 2.0))
    )
    before, after = (degrees_between(r, taken.rotations).mean() for r in (believed, found))
    assert after < 0.75 * before


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"images": np.zeros((4, 31, 31))}, "even D"),
        ({"images": np.full((4, 32, 32), np.nan)}, "NaN"),
        ({"rotations": np.eye(3)[None]}, "one for each of 4"),
        ({"ctfs": ()}, "one for each of 4"),
    ],
)
def test_what_does_not_fit_is_refused(change, told):
    taken = shot(blobs(), n=4)
    given = {"images": taken.images, "rotations": taken.rotations, "ctfs": taken.ctfs} | change
    with pytest.raises(InputError, match=told):
        cryoem.reconstruct(**given, pixel_size=PIXEL)
