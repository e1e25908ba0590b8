"""Signs that a file is no label image: absent from honest ones, present where one thing was done to them."""

import os
from collections import Counter
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import ndimage
from skimage.measure import label, regionprops

from scopecheck.acquire import scenes
from scopecheck.measure.pieces import pieces, runs
from scopecheck.measure.signs import grey, inverted, look, together

FIELDS = 3 if os.environ.get("WEEKLY") else 1  # of each kind
SHAPES = arrays.array_shapes(min_dims=2, max_dims=3, min_side=1, max_side=8)


@settings(max_examples=200 if os.environ.get("WEEKLY") else 60, deadline=None)
@given(arrays.arrays(np.int32, SHAPES, elements=st.integers(0, 3)))
def test_pieces_are_those_of_scikit_image(labels):
    expected = sorted(
        (int(labels[tuple(region.coords[0])]), -int(region.area))
        + (tuple(region.coords.min(0)), tuple(region.coords.max(0)))
        for region in regionprops(label(labels, connectivity=labels.ndim, background=0))
    )
    found = pieces(labels)
    columns = zip(found.value, -found.pixels, map(tuple, found.low), map(tuple, found.high), strict=True)
    assert sorted(columns) == expected
    assert np.array_equal(np.repeat(runs(labels).value, runs(labels).length).reshape(labels.shape), labels)


@cache
def honest():
    """Simulated fields, as (kind, labels)."""
    return list(simulated())


def simulated():
    for seed in range(FIELDS):
        for n in (1, 3, 10, 60):
            yield "sparse", scenes.nuclei((400, 400), n, seed=seed).labels
        yield "touching", scenes.nuclei((400, 400), 200, spacing=-6, touching=0.5, seed=seed).labels
        yield "rods", scenes.rods((400, 400), 60, spacing=0, touching=0.5, seed=seed).labels
        yield "branched", scenes.branched((400, 400), 25, spacing=-3, touching=0.5, seed=seed).labels
        yield "255 objects", scenes.nuclei((512, 512), 255, diameter=16, spacing=0, seed=seed).labels
        crowd = scenes.nuclei((400, 400), 250, spacing=-6, touching=0.5, seed=seed).labels > 0
        yield "merged by a tool", label(ndimage.binary_dilation(crowd, iterations=3))
        yield from stacks(seed)
        for n in (2, 8, 30):
            centres = np.random.default_rng(seed).uniform(0, 200, (n, 2))
            grid = np.indices((200, 200))[..., None]
            near = ((grid - centres.T[:, None, None]) ** 2).sum(0).argmin(-1)
            yield "full tissue", near + 1
    y, x = np.indices((300, 300))
    yield "one covers the field", ((y - 150) ** 2 + (x - 150) ** 2 < 140**2).astype(int)


def stacks(seed):
    random = np.random.default_rng(seed)
    z, y, x = np.indices((10, 150, 150))
    thick, thin, moving = (np.zeros(z.shape, int) for _ in range(3))
    for i in range(1, 16):
        at, radius = random.uniform((0, 10, 10), (10, 140, 140)), random.uniform(8, 14)
        plane = (y - at[1]) ** 2 + (x - at[2]) ** 2
        thick[(plane + (4 * (z - at[0])) ** 2 < radius**2) & (thick == 0)] = i
        thin[(plane < radius**2) & (z == int(at[0])) & (thin == 0)] = i
    for i in range(1, 7):
        at, speed = random.uniform(40, 110, 2), random.normal(0, 15, 2)
        for t in range(10):
            inside = (y[0] - at[0] - t * speed[0]) ** 2 + (x[0] - at[1] - t * speed[1]) ** 2 < 64
            moving[t][inside & (moving[t] == 0)] = i
    return [("stack", thick), ("thin in a stack", thin), ("moving", moving)]


def counted(fields):
    files, refused, noted, looks = Counter(), Counter(), Counter(), []
    for kind, labels in fields:
        looks.append(look(labels))
        files[kind] += 1
        refused[kind] += any(sign.certain for sign in looks[-1].signs)
        noted[kind] += bool(looks[-1].signs)
    for kind, n in files.items():
        print(f"{kind}: {n} files, {refused[kind]} refused, {noted[kind]} noted")
    return files, refused, noted, together(looks)


def test_no_honest_simulated_file_is_refused():
    _, refused, noted, whole = counted(honest())
    assert refused.total() == 0
    assert whole is None
    quiet = ("sparse", "touching", "rods", "branched", "merged by a tool", "thin in a stack")
    assert sum(noted[kind] for kind in quiet) == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        "bbbc038-stage1-test",
        "bbbc038-field",
        "usiigaci-phase",
        pytest.param("cell-aap-phase", marks=pytest.mark.weekly),
        pytest.param("idr0062-6001240", marks=pytest.mark.weekly),
    ],
)
def test_no_real_truth_is_refused(real_files, name):
    from scopecheck import data

    files, refused, noted, whole = counted((name, sample.truth) for sample in real_files(data.samples, name))
    assert refused.total() == 0
    assert whole is None
    assert noted[name] <= max(1, 0.05 * files[name])


CELLS = scenes.nuclei((300, 300), 30, seed=1).labels
CROWD = scenes.nuclei((600, 600), 300, diameter=14, spacing=2, seed=1).labels
EDGE = (ndimage.grey_erosion(CELLS, (3, 3)) != ndimage.grey_dilation(CELLS, (3, 3))) & (CELLS > 0)


@pytest.mark.parametrize(
    ("labels", "name", "said"),
    [
        (CELLS % 3 + (CELLS > 0), "several", "numbers"),
        ((CELLS > 0) * 7, "several", "holds 0 and 7 alone, in 30 separate pieces, so it is a mask"),
        (CROWD % 256, "limit", "were numbered from 0 again"),
        (np.minimum(CROWD, 255), "limit", "46 separate pieces: the objects from 255 on"),
        (np.where(CELLS > 0, CELLS + 1, 1), "background", "touches 30 of the 30 others and encloses 30"),
        (np.where(EDGE, 255, CELLS), "outline", "255 lies in 30 separate thin lines"),
        (np.where(EDGE, 2, CELLS > 0), "outline", "2 lies in 30 separate thin lines"),
        (np.rint(255 * ndimage.gaussian_filter((CELLS > 0) * 1.0, 1)).astype(int), "steps", "one pixel"),
    ],
)
def test_what_was_done_is_named(labels, name, said):
    signs = [sign for sign in look(labels).signs if sign.certain]
    assert [sign.name for sign in signs] == [name]
    assert said in signs[0].text


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (np.where(EDGE, CELLS + 30, CELLS), "30 of its 60 objects lie wholly inside another"),
        (np.where((CELLS == 0) & (np.arange(300) % 7 == 0) & (np.arange(300)[:, None] % 7 == 0), 1, CELLS),
         "specks lie apart from its 30 objects"),
    ],
)  # fmt: skip
def test_what_may_be_wrong_is_a_doubt(labels, said):
    signs = look(labels).signs
    assert not any(sign.certain for sign in signs)
    assert any(said in sign.text for sign in signs)


def probability(levels, sigma):
    """A network's map of cells, in `levels` steps above 0.3."""
    smooth = ndimage.gaussian_filter((CELLS > 0) * 1.0, sigma)
    return np.where(smooth > 0.3, np.rint(levels * smooth), 0).astype(int)


@pytest.mark.parametrize("factor", [1, 2, 2.5, 3])
@pytest.mark.parametrize("levels", [10, 30, 255])
@pytest.mark.parametrize("sigma", [1, 2, 4])
def test_grey_levels_are_known_at_any_size(levels, sigma, factor):
    """Enlarged by nearest neighbour no step is one pixel wide any more, yet a value is no class."""
    image = ndimage.zoom(probability(levels, sigma), factor, order=0)
    (sign,) = look(image).signs
    assert (sign.name, sign.certain) == ("steps", True)
    assert "connected counts every piece" not in sign.way
    assert grey(image) is not None  # what numbering the pieces would hide


def test_classes_masks_and_tiles_are_no_grey_levels():
    """Whose pieces may be numbered: also where they touch, and where they were enlarged."""
    random = np.random.default_rng(0)
    files = found = 0
    for _, labels in honest():
        if labels.ndim == 2:
            for k in (1, 2, 5, 8, 12):
                classes = np.append(0, random.integers(1, k + 1, labels.max()))[labels]
                files += 2
                found += bool(grey(classes)) + bool(grey(np.kron(classes, np.ones((2, 2), int))))
    print(f"{found} of {files} class maps taken for grey levels")
    assert found == 0


def test_the_correlation_of_foregrounds():
    """Against numpy's coefficient of correlation; opposite, equal, and not defined."""
    random = np.random.default_rng(0)
    a, b = random.random((2, 40, 40)) < 0.3
    assert inverted(a, b) == pytest.approx(np.corrcoef(a.ravel(), b.ravel())[0, 1])
    assert inverted(a, ~a) == pytest.approx(-1)
    assert inverted(a, a) == pytest.approx(1)
    assert np.isnan(inverted(a, np.ones_like(a)))
