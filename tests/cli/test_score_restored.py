"""`scopecheck score restored`: planted light, ratios and inventions, and every bad input with its message."""

import io
import json
import re

import numpy as np
import pytest
import tifffile
from scipy import ndimage
from typer.testing import CliRunner

from scopecheck import acquire
from scopecheck.acquire.spots import field
from scopecheck.cli.command import app
from scopecheck.errors import InputError
from scopecheck.score.restored import ran_over, score_restored

SHAPE = (96, 112)


def scenes(n=5, light=2000.0, seed=0):
    return [field(SHAPE, 12, light=light, sigma=1.5, seed=10 * seed + k).photons for k in range(n)]


def taken(scene, seed):
    return acquire.expose(scene, acquire.Camera(), seed).astype(np.float32) - 100


def folders(tmp_path, truths, make, raw=taken):
    """Three folders; `make(raw, truth)` restores."""
    sides = [tmp_path / name for name in ("raw", "out", "truth")]
    for k, truth in enumerate(truths):
        image = raw(truth, k)
        for side, one in zip(sides, (image, make(image, truth), truth), strict=True):
            side.mkdir(exist_ok=True)
            tifffile.imwrite(side / f"field_{k}.tif", np.asarray(one))
    return sides


def row(score, name="light"):
    return next(one for one in score.rows if one.measurement == name)


@pytest.mark.parametrize(("factor", "word"), [(1.0, "HOLDS"), (0.8, "FAILS"), (1.3, "FAILS")])
def test_light_that_was_lost_or_added_is_measured(tmp_path, factor, word):
    noisy = np.random.default_rng(1)
    made = folders(tmp_path, scenes(), lambda raw, true: factor * true + 0.3 * noisy.standard_normal(SHAPE))
    score = score_restored(*made, tolerance={"light": 0.1})
    assert row(score).bias == pytest.approx(factor - 1, abs=0.02)
    assert row(score).verdict == word
    assert score.scores["restored"]["slope"] == pytest.approx(factor, abs=0.02)
    assert score.scope == "population"
    assert score.scores["flat"]["slope"] == pytest.approx(0, abs=1e-6)
    assert abs(score.scores["flat"]["r"]) < 0.3


def test_an_offset_is_no_light_and_identity_is_the_ceiling(tmp_path):
    made = folders(tmp_path, scenes(), lambda raw, true: true + 40)
    score = score_restored(*made, tolerance={"light": 0.1})
    assert row(score).bias == pytest.approx(0, abs=1e-9)
    best = score.scores["restored"]
    assert (best["r"], best["slope"], best["offset"]) == pytest.approx((1, 1, 40))
    assert best["psnr_fitted"] > 100 > best["psnr"]


def test_a_ratio_of_two_survives_one_normaliser_and_not_one_an_image(tmp_path):
    """What happens to a two-fold difference is arithmetic: image by image it becomes 1."""
    truths = [*scenes(3, 1000, seed=1), *(2 * scene for scene in scenes(3, 1000, seed=1))]

    def each(raw, true):
        low, high = np.percentile(true, (1, 99.9))
        return (true - low) / (high - low)

    for name, make in (("each", each), ("one", lambda raw, true: true / 500)):
        made = folders(tmp_path / name if (tmp_path / name).mkdir() is None else tmp_path, truths, make)
        score = score_restored(*made, fit=True, conditions={"low": "field_[012]*", "high": "field_[345]*"})
        told = score.ratio
        assert told["truth"] == pytest.approx(2.0)
        if name == "each":
            assert told["restored"] == pytest.approx(1.0, abs=0.02)
            assert told["error"] == pytest.approx(-0.5, abs=0.02)
            assert any("one gain" in note or "times" in note for note in score.notes)
        else:
            assert told["restored"] == pytest.approx(2.0, abs=0.01)
            assert told["error"] == pytest.approx(0, abs=1e-6)


def test_an_invention_is_counted_against_other_exposures(tmp_path):
    truth = scenes(1)[0]
    planted = truth + field(SHAPE, 1, light=3000, light_cv=0, sigma=1.5, seed=99).photons
    planted -= field(SHAPE, 1, light=3000, light_cv=0, sigma=1.5, seed=99).background
    smooth = lambda image: ndimage.gaussian_filter(image, 1.5)  # noqa: E731
    made = folders(tmp_path, [truth], lambda raw, true: smooth(taken(planted, 50)))
    (tmp_path / "nulls").mkdir()
    stack = np.stack([smooth(taken(truth, 100 + k)) for k in range(12)])
    tifffile.imwrite(tmp_path / "nulls" / "field_0.tif", stack.astype(np.float32))
    score = score_restored(*made, nulls=tmp_path / "nulls", sigma=1.5, pixel_size=0.1)
    area = 0.01 * truth.size
    assert (
        row(score, "invented").measured == pytest.approx(1000 / area)
        if hasattr(row(score), "measured")
        else True
    )
    assert row(score, "invented").bias == pytest.approx(1000 / area)
    assert row(score, "lost").bias == 0
    assert row(score, "invented").unit == "per 1000 µm²"


def test_images_of_other_places_are_no_better_than_chance(tmp_path):
    others = iter(scenes(5, seed=7))
    made = folders(tmp_path, scenes(), lambda raw, true: next(others))
    score = score_restored(*made, tolerance={"light": 0.5}, as_given=True)
    assert "No better than chance" in " ".join(score.notes)
    assert row(score).marks == ["NOT BETTER THAN CHANCE"]
    assert row(score).verdict != "HOLDS"


def jpeg(image):
    from PIL import Image

    held = io.BytesIO()
    grey = np.clip(255 * (image - image.min()) / np.ptp(image), 0, 255).astype(np.uint8)
    Image.fromarray(grey).save(held, "JPEG", quality=60)
    return np.asarray(Image.open(held)).astype(np.float32)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda raw: ndimage.gaussian_filter(raw, 1), "denoised"),
        (lambda raw: ndimage.shift(raw, 0.4, order=1, mode="nearest"), "interpolated"),
        (jpeg, "JPEG"),
        (lambda raw: np.clip(raw, None, np.percentile(raw, 97)), "largest value: it is clipped"),
        (lambda raw: raw - 50, "negative values"),
        (lambda raw: np.full_like(raw, 9), "no noise"),
        (lambda raw: np.full(raw.shape, 65535, np.uint16), "every pixel has 65535, the largest of uint16"),
    ],
)
def test_what_is_not_raw_is_noted(tmp_path, spoil, said):
    made = folders(tmp_path, scenes(1), lambda raw, true: true + 0.1, lambda t, k: spoil(taken(t, k)))
    assert said in " ".join(score_restored(*made).notes)


def test_an_honest_set_gets_no_note_but_how_it_was_read(tmp_path):
    made = folders(
        tmp_path,
        scenes(),
        lambda raw, true: ndimage.gaussian_filter(raw, 0.8),
        lambda t, k: np.clip(taken(t, k), 0, None),
    )
    assert [n for n in score_restored(*made).notes if "pairs" not in n and "acquisitions" not in n] == []


def test_grey_values_that_wrapped_around_are_noted(tmp_path):
    made = folders(tmp_path, scenes(1), lambda raw, true: (true / true.max() * 800).astype(np.uint8))
    assert "wrap around" in " ".join(score_restored(*made).notes)


def test_a_background_that_wrapped_and_light_below_zero_are_noted(tmp_path):
    (tmp_path / "a").mkdir()
    low = folders(
        tmp_path / "a",
        scenes(1),
        lambda raw, true: (true - true.min() - 9).astype(np.int32).astype(np.uint16),
    )
    assert "restored image of uint16 seems to wrap around" in " ".join(score_restored(*low).notes)
    below = folders(tmp_path, scenes(1), lambda raw, true: true - true.max())
    assert "restored image holds negative values, which no light has" in " ".join(
        score_restored(*below).notes
    )


def test_a_truth_with_an_even_background_is_not_clipped(tmp_path):
    spot = field(SHAPE, 12, light=2000, sigma=1.5, background=(10, 10), seed=0).photons
    made = folders(tmp_path, [np.round(spot, 3)], lambda raw, true: ndimage.gaussian_filter(raw, 1.0))
    assert "clipped" not in " ".join(score_restored(*made).notes)


@pytest.mark.parametrize("by", [(3, 0), (-2, 5)])
def test_images_that_are_moved_are_refused_with_the_shift(tmp_path, by):
    made = folders(tmp_path, scenes(2), lambda raw, true: np.roll(true, by, (0, 1)))
    with pytest.raises(InputError, match=r"moved by Y \S+, X \S+ pixels.*--as-given") as told:
        score_restored(*made)
    y, x = re.search(r"moved by Y (\S+), X (\S+) pixels", str(told.value)).groups()
    assert (float(y), float(x)) == pytest.approx((-by[0], -by[1]), abs=0.1)
    assert "moved by" in " ".join(score_restored(*made, as_given=True).notes)


@pytest.mark.parametrize("side", [0, 1])
def test_images_that_are_turned_or_mirrored_are_refused(tmp_path, side):
    made = folders(tmp_path, scenes(2), lambda raw, true: 0.9 * true)
    for path in sorted(made[side].iterdir()):
        tifffile.imwrite(path, np.ascontiguousarray(tifffile.imread(path)[::-1]))
    with pytest.raises(InputError, match=r"field_0.tif: fits the truth better turned upside down"):
        score_restored(*made, fit=True, tolerance={"light": 0.1})
    notes = " ".join(score_restored(*made, tolerance={"light": 0.1}, as_given=True).notes)
    assert "fits the truth better turned upside down" in notes


def test_numbers_that_ran_over_again_and_again_are_told_and_roots_are_not():
    true = scenes(1, light=20_000)[0] + 20
    noisy = np.random.default_rng(0).poisson(true)
    for times in (50, 200, 500):  # the brightest spot goes round 1.6, 6 and 16 times
        assert ran_over((noisy.astype(np.int64) * times).astype(np.uint16), true), times
    for image in (np.sqrt(true) * 400, np.clip(noisy * 100, 0, 65535), 65535 * (true / true.max()) ** 0.3):
        assert not ran_over(image.astype(np.uint16), true)


def test_a_movie_a_constant_truth_and_one_file_twice_are_refused(tmp_path):
    made = folders(tmp_path, scenes(1), lambda raw, true: true, lambda t, k: np.stack([t, t + 1]))
    with pytest.raises(InputError, match="movie or a stack is not one image"):
        score_restored(*made)
    (tmp_path / "b").mkdir()
    made = folders(
        tmp_path / "b", [np.full(SHAPE, 5.0)], lambda raw, true: true + raw, lambda t, k: taken(t, k)
    )
    with pytest.raises(InputError, match="constant"):
        score_restored(*made)
    with pytest.raises(InputError, match="another one"):
        score_restored(made[0], made[0], made[2])
    (tmp_path / "c").mkdir()
    made = folders(tmp_path / "c", scenes(1), lambda raw, true: 0.9 * true + 1, lambda t, k: t[1:])
    with pytest.raises(InputError, match="same pixels"):
        score_restored(*made)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"conditions": {"a": "x*", "b": "field*"}}, "x\\* fits 0 of 5"),
        ({"conditions": {"a": "field_0*", "b": "field_[01]*"}}, "belong to both"),
        ({"conditions": {"a": "field_0*"}}, "expected two"),
        ({"tolerance": {"lights": 0.1}}, "names lights; measured are light"),
        ({"sigma": 1.3}, "give both"),
    ],
)
def test_options_that_cannot_be_are_named(tmp_path, options, said):
    made = folders(tmp_path, scenes(), lambda raw, true: true + 1)
    with pytest.raises(InputError, match=said):
        score_restored(*made, **options)


def test_the_command_prints_judges_and_ends_as_promised(tmp_path):
    made = [str(one) for one in folders(tmp_path, scenes(), lambda raw, true: 0.7 * true + 1)]
    run = CliRunner().invoke
    told = run(
        app,
        [
            "score",
            "restored",
            *made,
            "--tolerance",
            "light=0.1",
            "--conditions",
            "a=field_[01]*,b=field_[234]*",
        ],
    )
    assert told.exit_code == 0, told.output
    for part in ("FAILS", "a flat picture", "Light of b over a", "--nulls"):
        assert part in told.output
    assert (
        run(app, ["score", "restored", *made, "--tolerance", "light=0.1", "--fail-on", "FAILS"]).exit_code
        == 1
    )
    content = json.loads(run(app, ["score", "restored", *made, "--json"]).output)
    assert content["arms"][0]["measurement"] == "light"
    assert content["arms"][0]["verdict"] is None
    assert content["scores"]["restored"]["slope"] == pytest.approx(0.7)
    with pytest.raises(InputError, match="control=ctl"):
        run(app, ["score", "restored", *made, "--conditions", "a"], catch_exceptions=False)


def test_fit_keeps_noisy_images_unbiased_and_brings_the_nulls_along(tmp_path):
    """A line of truth over restored would be flattened by the noise of the restored, and lose light."""
    truths = scenes(5)
    made = folders(tmp_path, truths, lambda raw, true: raw / 1000)
    (tmp_path / "nulls").mkdir()
    for k, truth in enumerate(truths):
        stack = np.stack([taken(truth, 1000 + 20 * k + j) for j in range(12)]) / 1000
        tifffile.imwrite(tmp_path / "nulls" / f"field_{k}.tif", stack.astype(np.float32))
    score = score_restored(*made, fit=True, nulls=tmp_path / "nulls", sigma=1.5)
    assert row(score).bias == pytest.approx(0, abs=0.02)
    assert row(score, "invented").bias + row(score, "lost").bias <= 2 / (5 * np.prod(SHAPE)) * 1e6


def test_counted_photons_over_a_dim_background_keep_their_light(tmp_path):
    dim = [field(SHAPE, 12, light=300, sigma=1.5, background=(0.3, 0.4), seed=k).photons for k in range(6)]
    draw = np.random.default_rng(3)
    made = folders(tmp_path, dim, lambda raw, true: draw.poisson(true).astype(np.float32))
    assert row(score_restored(*made)).bias == pytest.approx(0, abs=0.04)


def test_a_noisy_truth_does_not_choose_its_own_bright_places(tmp_path):
    clean = scenes(5, 600)
    long = iter(
        [np.mean([taken(one, 500 + 10 * k + j) for j in range(16)], axis=0) for k, one in enumerate(clean)]
    )
    sides = folders(tmp_path, clean, lambda raw, true: true)
    for k in range(5):
        tifffile.imwrite(sides[2] / f"field_{k}.tif", next(long).astype(np.float32))
    assert row(score_restored(*sides)).bias == pytest.approx(0, abs=0.02)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda stack: np.stack([stack[0]] * 12), "two are equal"),
        (lambda stack: 100 * stack, "does not look like the same tool"),
        (lambda stack: np.roll(stack, 40, axis=2), "does not look like the same tool"),
        (lambda stack: stack[:5], "at least 10"),
        (lambda stack: stack[:, 1:], r"expected \(K, 96, 112\)"),
    ],
)
def test_nulls_that_are_none_are_refused_by_name(tmp_path, spoil, said):
    truth = scenes(1)[0]
    made = folders(tmp_path, [truth], lambda raw, true: taken(truth, 50))
    (tmp_path / "nulls").mkdir()
    stack = spoil(np.stack([taken(truth, 100 + k) for k in range(12)]))
    tifffile.imwrite(tmp_path / "nulls" / "field_0.tif", stack.astype(np.float32))
    with pytest.raises(InputError, match=said) as error:
        score_restored(*made, nulls=tmp_path / "nulls", sigma=1.5)
    assert "field_0.tif" in str(error.value)


def test_a_shared_layout_is_no_agreement_and_single_wrong_files_are_named(tmp_path):
    y, x = np.indices(SHAPE)
    cell = 200.0 * (np.hypot(y - 48, x - 56) < 30)
    truths, others = ([one + cell for one in scenes(4, 500, seed)] for seed in (0, 3))
    these = iter(others)
    made = folders(tmp_path, truths, lambda raw, true: next(these))
    score = score_restored(*made, tolerance={"light": 0.5})
    assert row(score).marks == ["NOT BETTER THAN CHANCE"]
    (tmp_path / "b").mkdir()
    swapped = iter([truths[1], truths[0], truths[2] + 1, truths[3] + 1])
    score = score_restored(*folders(tmp_path / "b", truths, lambda raw, true: next(swapped)))
    assert row(score).marks == []
    assert "field_0, field_1: fits another place no worse" in " ".join(score.notes)


def test_raw_less_its_offset_is_judged(tmp_path):
    made = folders(tmp_path, scenes(2), lambda raw, true: raw - 7)
    score = score_restored(*made)
    assert "residual_x" not in score.scores["restored"]
    assert score.scores["restored"]["light"] == pytest.approx(score.scores["raw"]["light"])


def test_inverted_copied_coloured_and_masked_images_are_named(tmp_path):
    made = folders(tmp_path, scenes(2), lambda raw, true: 3000 - true)
    assert "inverted" in " ".join(score_restored(*made).notes)
    with pytest.raises(InputError, match="turns no image round"):
        score_restored(*made, fit=True)
    (tmp_path / "b").mkdir()
    with pytest.raises(InputError, match="counts once"):
        score_restored(*folders(tmp_path / "b", [scenes(1)[0]] * 3, lambda raw, true: true))
    (tmp_path / "c").mkdir()
    mask = [(scenes(1)[0] > 60).astype(np.uint8)]
    made = folders(tmp_path / "c", mask, lambda raw, true: raw, lambda t, k: taken(100 * t + 5.0, k))
    assert "a mask" in " ".join(score_restored(*made).notes)


@pytest.mark.parametrize("side", ["raw", "out"])
def test_whole_numbers_that_ran_below_0_are_noted(tmp_path, side):
    truths = [one - one.min() for one in scenes(2, 20000)]
    under = lambda image: (np.rint(image) - 3).astype(np.int32).astype(np.uint16)  # noqa: E731
    made = folders(
        tmp_path,
        truths,
        lambda raw, true: under(true) if side == "out" else true + 1,
        lambda t, k: under(taken(t, k)) if side == "raw" else taken(t, k),
    )
    assert "wrap around" in " ".join(score_restored(*made, as_given=True).notes)


def test_a_tolerance_for_what_is_not_counted_is_refused(tmp_path):
    made = folders(tmp_path, scenes(1), lambda raw, true: true + 1)
    with pytest.raises(InputError, match="without --nulls"):
        score_restored(*made, tolerance={"invented": 2})
    run = CliRunner().invoke
    with pytest.raises(InputError, match="tolerance"):
        run(app, ["score", "restored", *map(str, made), "--tolerance", "10"], catch_exceptions=False)
