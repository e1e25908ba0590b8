"""FSC against other programs and analytic cases: shells, crossings, masks, properties, bad input."""

import math
import shutil
import subprocess

import mrcfile
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.ndimage import distance_transform_edt

from scopecheck.errors import InputError
from scopecheck.measure import maps

relion = pytest.mark.skipif(not shutil.which("relion_image_handler"), reason="RELION is not installed")


def radii(box):
    k = np.fft.fftfreq(box)
    return np.sqrt(k[:, None, None] ** 2 + k[:, None] ** 2 + np.fft.rfftfreq(box) ** 2)


def shaped(box, power, rng):
    """White noise given a radial power: a specimen with a known power in every shell."""
    spectrum = np.fft.rfftn(rng.standard_normal((box,) * 3)) * np.sqrt(power(radii(box)))
    return np.fft.irfftn(spectrum, (box,) * 3)


def halves(box, seed=0, power=lambda r: 10 * np.exp(-((r / 0.12) ** 2)), dtype=np.float32):
    rng = np.random.default_rng(seed)
    specimen = shaped(box, power, rng)
    return [(specimen + rng.standard_normal(specimen.shape)).astype(dtype) for _ in range(2)]


def curve(values):
    values = np.asarray(values, float)
    return maps.Curve(np.arange(len(values)) / (2 * len(values) - 2), values, np.full(len(values), 100))


def whole_transform(a, b, nearest=True):
    """The definition, written out over the whole transform."""
    box = len(a)
    first, second = np.fft.fftn(a.astype(float)), np.fft.fftn(b.astype(float))
    k = np.fft.fftfreq(box) * box
    shell = np.floor(np.sqrt(k[:, None, None] ** 2 + k[:, None] ** 2 + k**2) + 0.5).astype(int).ravel()

    def over(values):
        return np.bincount(shell, values.ravel())[: box // 2 + 1]

    powers = over(np.abs(first) ** 2) * over(np.abs(second) ** 2)
    return over((first.conj() * second).real) / np.sqrt(powers), over(np.ones(a.shape))


@pytest.mark.parametrize("box", [4, 5, 16, 33, 48])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_voxel_of_the_whole_transform_counts_once(box, dtype):
    a, b = halves(box, dtype=dtype)
    found = maps.fsc(a, b)
    values, counts = whole_transform(a, b)
    np.testing.assert_allclose(found.fsc, values, atol=2e-6)
    np.testing.assert_array_equal(found.counts, counts)
    np.testing.assert_allclose(found.frequency, np.arange(box // 2 + 1) / box)
    assert found.box == box


@relion
@pytest.mark.parametrize("box", [32, 48, 50])
def test_relion_prints_the_same_to_1e_4(tmp_path, box):
    a, b = halves(box)
    for name, values in (("a", a), ("b", b)):
        mrcfile.write(tmp_path / f"{name}.mrc", values, voxel_size=1.5)
    printed = subprocess.run(
        ["relion_image_handler", "--i", "a.mrc", "--fsc", "b.mrc", "--angpix", "1.5"],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    rows = [line.split() for line in printed.splitlines()]
    theirs = np.array([[float(x) for x in row] for row in rows if len(row) == 4 and row[0].isdigit()])
    ours = maps.fsc(a, b, counting="relion")
    assert len(theirs) == box // 2 + 1
    assert np.abs(ours.fsc - theirs[:, 3]).max() < 1e-4
    # Their weights are not ours: a plane of the stored half counts double. Small, but not 1e-4.
    assert 1e-4 < np.abs(maps.fsc(a, b).fsc - theirs[:, 3]).max() < 0.1


@pytest.mark.tool
@pytest.mark.parametrize("box", [32, 48, 108])  # at 51 voxels cryoDRGN's radius may round the other way
@pytest.mark.parametrize("masked", [False, True])
def test_cryodrgn_gives_the_same_to_1e_4(box, masked):
    torch = pytest.importorskip("torch")
    theirs = pytest.importorskip("cryodrgn.commands_utils.fsc").get_fsc_curve
    a, b = halves(box)
    mask = maps.soft_mask(a.shape, box / 4, 5) if masked else None
    table = theirs(torch.tensor(a), torch.tensor(b), None if mask is None else torch.tensor(mask))
    ours = maps.fsc(a, b, mask, counting="cryodrgn")
    assert len(ours.fsc) == len(table)
    assert np.abs(ours.fsc - table.fsc.to_numpy()).max() < 1e-4
    np.testing.assert_allclose(ours.frequency, table.pixres)


@pytest.mark.parametrize("seed", range(3))
def test_known_ssnr_gives_s_over_1_plus_s(seed):
    """Each half map has its own noise of power 1: the FSC expected in a shell is S / (1 + S)."""

    def ssnr(r):
        return 20 * np.exp(-((r / 0.15) ** 2))

    a, b = halves(64, seed, ssnr, np.float64)
    found = maps.fsc(a, b)
    s = ssnr(found.frequency)
    expected = s / (1 + s)
    spread = (1 - expected**2) / np.sqrt(found.counts)
    errors = ((found.fsc - expected) / spread)[4:]  # within a wide low shell S is not one number
    assert np.abs(errors).max() < 4.5
    assert errors.std() < 1.4


volumes = hnp.arrays(np.float64, (6, 6, 6), elements=st.floats(-100, 100, width=32))


@settings(deadline=None, max_examples=60)
@given(volumes, volumes, st.sampled_from(["sphere", "relion", "cryodrgn"]))
def test_symmetric_and_between_minus_1_and_1(a, b, counting):
    found, back = maps.fsc(a, b, counting=counting), maps.fsc(b, a, counting=counting)
    np.testing.assert_allclose(found.fsc, back.fsc, atol=1e-12)
    held = found.fsc[np.isfinite(found.fsc)]
    assert (np.abs(held) <= 1).all()


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**31), st.floats(0.01, 100), st.floats(0.01, 100))
def test_scale_does_not_matter_and_a_map_agrees_with_itself(seed, one, two):
    a, b = halves(8, seed, dtype=np.float64)
    np.testing.assert_allclose(maps.fsc(one * a, two * b).fsc, maps.fsc(a, b).fsc, atol=1e-9)
    np.testing.assert_allclose(maps.fsc(a, two * a).fsc, 1, atol=1e-9)
    np.testing.assert_allclose(maps.fsc(a, -a).fsc, -1, atol=1e-9)


def test_a_mirrored_map_has_the_same_fsc_between_its_own_halves():
    a, b = halves(32)
    mirrored = maps.fsc(np.roll(a[::-1], 1, 0), np.roll(b[::-1], 1, 0))
    np.testing.assert_allclose(mirrored.fsc, maps.fsc(a, b).fsc, atol=1e-5)


def test_a_filter_on_both_halves_does_not_move_the_unmasked_curve():
    a, b = halves(32, dtype=np.float64)
    sharper = [np.fft.irfftn(np.fft.rfftn(x) * np.exp(20 * radii(32) ** 2), x.shape) for x in (a, b)]
    moved = np.abs(maps.fsc(*sharper).fsc - maps.fsc(a, b).fsc)
    assert moved[:3].max() < 0.1  # inside a wide low shell the filter is not one number
    assert moved[4:].max() < 0.02


def test_crossing_is_interpolated_between_two_shells():
    found = maps.crossing(curve([1, 0.9, 0.5, 0.1, 0.0]), 0.143, 2.0)
    shell = 2 + (0.5 - 0.143) / 0.4
    assert found.frequency == pytest.approx(shell / 8)
    assert found.resolution == pytest.approx(2 * 8 / shell)
    assert maps.resolution(curve([1, 0.9, 0.5, 0.1, 0.0]), 0.5, 2.0) == pytest.approx(2 * 8 / 2)
    assert math.isnan(found.rises)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ([1, 0.9, 0.8, 0.7, 0.6], "never falls to 0.143 before Nyquist (4 A)"),
        ([1, 0.1, 0.0, 0.0, 0.0], "below 0.143 from the first shell (16 A) on"),
        ([1, 0.9, 0.8, np.nan, np.nan], "the maps hold no power from 5.33 A on: filtered before"),
        ([1, np.nan, np.nan, np.nan, np.nan], "the maps have no power: nothing to correlate"),
    ],
)
def test_no_crossing_has_a_named_reason(values, reason):
    found = maps.crossing(curve(values), 0.143, 2.0)
    assert math.isnan(found.resolution)
    assert found.reason == reason
    assert math.isnan(maps.resolution(curve(values), 0.143, 2.0))


def test_a_curve_that_rises_again_is_read_at_its_first_fall_and_said():
    values = [1, 0.9, 0.1, 0.3, 0.4, 0.3, 0.0, 0.2, 0.0]
    found = maps.crossing(curve(values), 0.143, 1.0)
    assert found.resolution == pytest.approx(16 / (1 + (0.9 - 0.143) / 0.8))
    assert found.rises == pytest.approx(16 / 5)  # the lone shell at 7 is noise


def test_soft_mask_is_centred_and_falls_over_its_edge():
    mask = maps.soft_mask((32, 32, 32), 8, 6)
    assert mask[16, 16, 16] == 1
    np.testing.assert_allclose(mask[16, 16, 16:], mask[16, 16:, 16])
    assert mask[16, 16, 24] == 1
    assert mask[16, 16, 27] == pytest.approx(0.5, abs=1e-6)
    assert mask[16, 16, 30] == pytest.approx(0, abs=1e-6)
    np.testing.assert_array_equal(maps.soft_mask((33,) * 3, 8, 6), maps.soft_mask((33,) * 3, 8, 6)[::-1])
    hard = maps.soft_mask((32, 32, 32), 8, 0)
    assert set(np.unique(hard)) == {0, 1}
    assert hard.sum() == pytest.approx(4 / 3 * np.pi * 8**3, rel=0.03)


def test_soften_keeps_the_inside_and_falls_outside():
    inside = np.zeros((32, 32, 32), bool)
    inside[10:20, 10:20, 10:20] = True
    mask = maps.soften(inside, 4)
    assert (mask[inside] == 1).all()
    assert mask[15, 15, 21] == pytest.approx(0.5, abs=1e-6)  # two voxels out of four
    assert mask[15, 15, 24] == 0
    with pytest.raises(InputError, match="empty"):
        maps.soften(np.zeros((8, 8, 8)), 4)


@given(
    inside=hnp.arrays(bool, st.tuples(*[st.integers(3, 14)] * 3)).filter(np.any),
    edge=st.sampled_from([0, 0.5, 2.5, 6, 40, math.inf]),
)
@settings(max_examples=50, deadline=None)
def test_soften_is_the_cosine_of_the_distance_to_the_inside_everywhere(inside, edge):
    away = distance_transform_edt(~inside)
    expected = away <= 0 if edge == 0 else 0.5 + 0.5 * np.cos(np.pi * np.clip(away / edge, 0, 1))
    assert maps.soften(inside, edge) == pytest.approx(expected.astype(float), abs=1e-6)


def nan_in(array):
    array = array.copy()
    array[3, 3, 3] = np.nan
    return array


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda a, b: (a, b[:30, :30, :30]), "its box is 30, the other map's 32"),
        (lambda a, b: (a[:20], b[:20]), r"shape \(20, 32, 32\); expected a cubic map"),
        (lambda a, b: (a[0], b[0]), "expected a cubic map"),
        (lambda a, b: (a, nan_in(b)), "second map: holds NaN"),
        (lambda a, b: (a * np.inf, b), "first map: holds NaN"),
        (lambda a, b: (a * 1j, b), "expected real numbers"),
        (lambda a, b: (a[:2, :2, :2], b[:2, :2, :2]), "at least 4 voxels"),
        (lambda a, b: (a, b, np.ones((30,) * 3)), "mask: has the shape"),
        (lambda a, b: (a, b, np.zeros(a.shape)), "mask: is 0 everywhere"),
        (lambda a, b: (a, b, 3 * np.ones(a.shape)), "mask: values go from 3 to 3"),
        (lambda a, b: (a, b, nan_in(np.ones(a.shape))), "mask: values go from nan"),
    ],
)
def test_what_cannot_be_correlated_is_refused(change, message):
    with pytest.raises(InputError, match=message):
        maps.fsc(*change(*halves(32)))


def test_unknown_words_and_numbers_are_refused():
    a, b = halves(16)
    with pytest.raises(InputError, match="counting: 'eman' is not known"):
        maps.fsc(a, b, counting="eman")
    with pytest.raises(InputError, match="pixel_size"):
        maps.resolution(maps.fsc(a, b), 0.143, 0)
    with pytest.raises(InputError, match="threshold"):
        maps.resolution(maps.fsc(a, b), 1.5, 1)


def test_a_shell_without_power_has_no_correlation():
    flat = np.ones((8, 8, 8))
    found = maps.fsc(flat, flat)
    assert found.fsc[0] == 1
    assert np.isnan(found.fsc[1:]).all()
    assert maps.crossing(found).reason == "the maps have no power: nothing to correlate"


def test_published_curves_cross_where_they_are_said_to(real):
    """3DFSC's output for a tilted set, box 144, 1.31 A: 4.32 A, and 4.08, 4.16, 6.80 A along x, y, z."""
    t40 = real("t40-fsc")
    frequency, _, values = np.loadtxt(t40 / "ResEMT40-3DFSCOutglobalFSC.csv", delimiter=",").T
    whole = maps.Curve(frequency, values, np.ones(len(values), int))
    assert whole.box == 144
    assert maps.resolution(whole, 0.143, 1.31) == pytest.approx(4.32, abs=0.005)
    along = np.loadtxt(t40 / "PlotsT40-3DFSC.csv")[:, :3].T
    shells = np.arange(along.shape[1]) / 144
    found = [maps.resolution(maps.Curve(shells, one, np.ones(len(one), int)), 0.143, 1.31) for one in along]
    assert found == pytest.approx([4.08, 4.16, 6.80], abs=0.005)


def test_rounding_of_a_mask_is_cut_off():
    a, b = np.random.default_rng(0).standard_normal((2, 16, 16, 16))
    mask = maps.soft_mask(a.shape, 5, 3).astype(np.float64)
    off = mask.copy()
    off[0, 0, 0], off[8, 8, 8] = -1e-9, 1.0000001
    np.testing.assert_array_equal(maps.fsc(a, b, off).fsc, maps.fsc(a, b, mask).fsc)
    off[8, 8, 8] = 1.01
    with pytest.raises(InputError, match="expected 0"):
        maps.fsc(a, b, off)
