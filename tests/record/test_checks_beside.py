"""Checks of a page with two tools, and the small things that a trial of masks needs."""

import warnings

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from skimage.io import imsave

from scopecheck import record
from scopecheck.errors import InputError

mpl.use("agg")


def numbers(mask, case):
    return {"area_fraction": float(np.mean(mask > 0))}


def tool_off_by(factor):
    """A tool whose area fraction is the image's mean, `factor` times too large."""
    return lambda image: np.arange(image.size).reshape(image.shape) < factor * image.sum()


def case_of(share):
    image = np.zeros((10, 10))
    image.ravel()[: round(100 * share)] = 1
    return record.Case(image, image > 0)


def signs(row, tool):
    return {"area": row.measured["area_fraction"]}


@pytest.fixture
def page(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SCOPECHECK_RECIPE", raising=False)
    page = record.start("planted-areas")
    monkeypatch.setattr(page, "inside", lambda name, measured, true: abs(measured / true - 1) <= 0.1)
    return page


def trial_on(page, factor):
    return record.Trial(page, tool=tool_off_by(factor), numbers=numbers, scores=record.mask_scores)


def test_checks_of_two_trials_are_counted_together_each_with_its_own_limits(page):
    good, wrong = trial_on(page, 1.0), trial_on(page, 2.0)
    good.run("fine", [case_of(0.2), case_of(0.4)])  # good numbers, one above the limit of 0.3
    wrong.run("off", [case_of(0.1), case_of(0.3)])  # wrong ones: 0.2 below the limit of 0.5, 0.6 above it
    checks = good.checks(signs, [case_of(0.3).image])
    checks.count(beside=[wrong.checks(signs, [case_of(0.25).image, case_of(0.1).image])])
    counts = checks.counted["area"]
    assert (counts.hits, counts.misses, counts.false_alarms, counts.quiet) == (1, 1, 1, 1)
    rule = page._alarms[0]["rule"]
    assert "0.3, the largest of 1" in rule
    assert "0.5, the largest of 2" in rule


def test_a_mask_may_be_the_truth_of_ones_own_image_where_the_recipe_says_so(page, tmp_path):
    image, mask = tmp_path / "mine.tif", tmp_path / "mask.tif"
    patches = np.zeros((10, 10), np.uint8)
    patches[0, :] = patches[4:6, :] = 255
    imsave(image, patches // 255, check_contrast=False)
    imsave(mask, patches, check_contrast=False)
    trial = trial_on(page, 2.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)  # a newer numpy deprecates what tifffile does
        mine = trial.one(image, mask, mask=True)
    assert mine.true == {"area_fraction": pytest.approx(0.3)}
    assert mine.measured == {"area_fraction": pytest.approx(0.6)}
    with pytest.warns(UserWarning, match="may be a mask"):
        trial.one(image, mask)


def test_what_is_no_case_is_refused_by_name(page):
    with pytest.raises(InputError, match=r"found str"):
        trial_on(page, 1.0).run("fine", ["field.tif"])


def test_a_mask_is_drawn_with_the_outlines_of_its_patches():
    mask = np.zeros((20, 20), bool)
    mask[2:6, 2:6] = mask[10:16, 8:18] = True
    figure, ax = plt.subplots()
    record.draw_outlines(ax, mask.astype(float), None, mask)
    outlines = ax.collections[0].get_paths()
    spans = sorted(np.ptp(p.vertices, axis=0).round().tolist() for p in outlines)
    plt.close(figure)
    assert spans == [[4.0, 4.0], [10.0, 6.0]]
