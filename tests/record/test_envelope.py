"""An envelope says what is between the points of a grid, and nothing beyond it."""

import json
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.interpolate import RegularGridInterpolator

from scopecheck.errors import InputError
from scopecheck.record.envelope import envelope_tables, picture, read_envelope, told

AXES = {"photons": (10.0, 100.0, 1000.0), "blur_px": (1.0, 4.0), "coverage": (0.1, 0.2, 0.4)}
HEAD = "photons,blur_px,coverage,measurement,n,trainings,bias,low,high,least,most,word,tool_seconds,seconds\n"


def bias(photons, blur, coverage):
    return -0.1 * np.log10(photons / 10) + 0.02 * np.log(blur) ** 2 + coverage


@pytest.fixture(scope="module")
def text():
    made_by = {"recipe": "segmentation-stardist", "source": "simulated", "seeds": [0, 1], "settings": [*AXES]}
    lines = [f"# {json.dumps(made_by)}\n", HEAD]
    for photons in AXES["photons"]:
        for blur in AXES["blur_px"]:
            for coverage in AXES["coverage"]:
                b = bias(photons, blur, coverage)
                at = f"{photons},{blur},{coverage}"
                lines.append(f"{at},count,2,1,{b},{b},{b},{b - 0.05},{b + 0.1},FAILS,,\n")
                lines.append(f"{at},mean_area,2,1,,,,,,not run: nothing was found,0.1,0.2\n")
    return "".join(lines)


@pytest.fixture(scope="module")
def envelope(text, tmp_path_factory):
    path = tmp_path_factory.mktemp("envelope") / "swept.csv"
    path.write_text(text)
    path.with_suffix(".json").write_text('{"stretch": {"count": 0.25}}')
    return read_envelope(path)


@given(
    photons=st.floats(10, 1000),
    blur=st.floats(1, 4),
    coverage=st.floats(0.1, 0.4),
)
def test_between_the_points_as_scipy_interpolates(envelope, photons, blur, coverage):
    """Linear in the logarithm of light and blur, and in coverage itself."""
    points = [np.log(AXES["photons"]), np.log(AXES["blur_px"]), AXES["coverage"]]
    grid = bias(*np.meshgrid(*AXES.values(), indexing="ij"))
    (expected,) = RegularGridInterpolator(points, grid)([np.log(photons), np.log(blur), coverage])
    found = envelope.expected("count", {"photons": photons, "blur_px": blur, "coverage": coverage})
    assert found.bias == pytest.approx(expected, abs=1e-9)
    assert found.low <= found.bias <= found.high


def test_the_span_is_a_share_of_what_images_around_differ_by(envelope):
    found = envelope.expected("count", {"photons": 30.0, "blur_px": 1.0, "coverage": 0.1})
    around = [bias(10, 1, 0.1), bias(100, 1, 0.1)]
    half = 0.25 * (max(around) + 0.1 - (min(around) - 0.05))
    assert (found.low, found.high) == pytest.approx((found.bias - half, found.bias + half))


def test_no_count_falls_below_nothing_and_nothing_at_all_is_inside(text, tmp_path):
    """A relative error ends at -1, where nothing was found; an absolute one has no such end."""
    path = tmp_path / "swept.csv"
    path.write_text(text)
    path.with_suffix(".json").write_text('{"stretch": {"count": 20}}')
    one = read_envelope(path)
    at = {"photons": 30.0, "blur_px": 2.0, "coverage": 0.1}
    found = one.expected("count", at)
    assert found.low == -1
    assert found.low <= 0 / 7 - 1 <= found.high  # a tool that found none of seven
    assert replace(one, relative={"count": False}).expected("count", at).low < -1


@pytest.mark.parametrize("path", envelope_tables().values(), ids=lambda path: path.stem)
def test_no_swept_tool_is_expected_to_lose_more_than_all(path):
    envelope = read_envelope(path)
    for setting in product(*envelope.axes.values()):
        found = envelope.expected("count", dict(zip(envelope.axes, setting, strict=True)))
        assert found is None or -1 <= found.low <= found.bias <= found.high


def test_at_a_point_it_is_the_point(envelope):
    found = envelope.expected("count", {"photons": 100.0, "blur_px": 4.0, "coverage": 0.2})
    b = bias(100, 4, 0.2)
    assert found == pytest.approx((b, b - 0.25 * 0.15, b + 0.25 * 0.15))


@pytest.mark.parametrize(
    ("setting", "named"),
    [
        ({"photons": 5.0, "blur_px": 2.0, "coverage": 0.2}, {"photons": (10.0, 1000.0)}),
        ({"photons": 50.0, "blur_px": 2.0, "coverage": np.nan}, {"coverage": (0.1, 0.4)}),
        ({"photons": 50.0, "coverage": 0.2}, {"blur_px": (1.0, 4.0)}),
    ],
)
def test_beyond_the_grid_it_says_so(envelope, setting, named):
    assert envelope.outside(setting) == named
    assert envelope.expected("count", setting) is None


def test_a_number_that_was_never_had_is_not_in_it(envelope):
    assert list(envelope.errors) == ["count"]


def test_a_table_that_is_not_whole(text, tmp_path):
    path = tmp_path / "half.csv"
    path.write_text("".join(text.splitlines(keepends=True)[:-2]))
    with pytest.raises(InputError, match=r"half.csv: 17 of 18 settings are there; finish the sweep"):
        read_envelope(path)
    path.write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match=r"half.csv: is no table of `scopecheck sweep`"):
        read_envelope(path)


def test_the_picture_has_each_number_and_frames_what_fails(envelope):
    figure = picture(envelope, "count", ("photons", "coverage"), ("blur_px", (1.0, 4.0)))
    texts = [text.get_text() for ax in figure.axes for text in ax.texts]
    assert len(texts) == 18
    assert texts[0] == told(bias(10, 1, 0.1), True) == "+10%"
    low, high = envelope.tolerance["count"]
    framed = sum(len(ax.patches) for ax in figure.axes)
    every = [bias(p, b, c) for p in AXES["photons"] for b in AXES["blur_px"] for c in AXES["coverage"]]
    assert framed == sum(not low <= one <= high for one in every)


@pytest.mark.parametrize("path", envelope_tables().values(), ids=lambda path: path.stem)
def test_what_comes_with_the_package_is_whole(path):
    envelope = read_envelope(path)
    assert {"photons", "blur_px", "diameter", "coverage", "touching"} == set(envelope.axes)
    beside = json.loads(path.with_suffix(".json").read_text())
    for way, (side, kind) in {
        "as_known": ("counted", "expected"),
        "as_estimated": ("counted", "by_estimate"),
        "real_as_known": ("retaken", "expected"),
        "real_as_estimated": ("retaken", "by_estimate"),
    }.items():
        kept = {name: getattr(one, way) for name, one in envelope.held.items()}
        assert kept == {name: tuple(one[kind]) for name, one in beside[side].items()}
        assert all(inside <= of for inside, of in kept.values())
    assert envelope.held.keys() == envelope.errors.keys()
