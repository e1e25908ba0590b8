"""Quantities and tables against scikit-image, geometry and arithmetic done by hand."""

import numpy as np
import pytest
from skimage.measure import regionprops

from scopecheck import measure
from scopecheck.errors import InputError


@pytest.fixture
def field():
    """Three objects, labels not contiguous, one at the border; background 100, objects 150 and 180."""
    labels = np.zeros((20, 30), np.int32)
    labels[2:6, 3:9] = 4
    labels[10:15, 10:20] = 900
    labels[17:20, 0:5] = 7
    image = np.full(labels.shape, 100, np.uint16)
    image[labels > 0] = 150
    image[labels == 7] = 180
    return labels, image


def test_worked_by_hand_in_pixels(field):
    labels, image = field
    given = measure.quantities(labels, image)
    expected = {
        "count": (3, "objects"),
        "mean_area": ((24 + 50 + 15) / 3, "px^2"),
        "total_area": (89, "px^2"),
        "area_fraction": (89 / 600, ""),
        "density": (3 / 600, "1/px^2"),
        "total_intensity": (50 * 74 + 80 * 15, "grey levels"),
        "mean_intensity": ((50 + 50 + 80) / 3, "grey levels"),
    }
    assert {name: (q.value, q.unit) for name, q in given.items()} == {
        name: (pytest.approx(value), unit) for name, (value, unit) in expected.items()
    }
    assert not any(q.note for q in given.values())


def test_worked_by_hand_in_micrometres(field):
    given = measure.quantities(field[0], pixel_size=(0.5, 0.25), border="drop")
    assert given["count"].value == 2
    assert given["mean_area"] == measure.Quantity(37 * 0.125, "um^2")
    assert given["total_area"].value == pytest.approx(74 * 0.125)
    assert given["area_fraction"].value == pytest.approx(74 / 600)
    assert given["density"].value == pytest.approx(2 / (600 * 0.125e-6))
    assert given["density"].unit == "1/mm^2"
    assert str(given["mean_area"]) == "4.625 um^2"


def test_three_dimensions_with_anisotropic_voxels():
    labels = np.zeros((6, 10, 12), np.uint8)
    labels[1:3, 2:5, 2:6] = 1
    labels[3:5, 6:9, 6:9] = 2
    given = measure.quantities(labels, pixel_size=(0.5, 0.36, 0.36))
    voxel = 0.5 * 0.36**2
    assert given["mean_volume"].value == pytest.approx(21 * voxel)
    assert given["mean_volume"].unit == "um^3"
    assert given["total_volume"].value == pytest.approx(42 * voxel)
    assert given["volume_fraction"].value == pytest.approx(42 / 720)
    assert given["density"].value == pytest.approx(2 / (720 * voxel * 1e-9))
    assert given["density"].unit == "1/mm^3"
    assert "mean_area" not in given


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int32, np.float32])
def test_same_answer_however_stored(field, dtype):
    labels, image = field
    expected = measure.quantities(labels, image, saturation=1e4)
    for stored in (lambda a: a, np.asfortranarray, lambda a: np.repeat(a, 2, axis=1)[:, ::2]):
        assert measure.quantities(stored(labels), stored(image.astype(dtype)), saturation=1e4) == expected


def test_background_is_the_median_outside_objects_unless_given(field):
    labels, image = field
    image[0, :5] = 5000
    assert measure.background_level(image, labels) == 100
    assert measure.quantities(labels, image)["total_intensity"].value == 4900
    assert measure.quantities(labels, image, background=0)["total_intensity"].value == 150 * 74 + 180 * 15
    assert measure.quantities(labels, image, background=90)["mean_intensity"].value == pytest.approx(70)


def test_the_background_does_not_depend_on_the_border_rule(field):
    labels, image = field
    image[0:2] = 3000
    kept, dropped = (measure.quantities(labels, image, border=rule) for rule in ("keep", "drop"))
    assert kept["total_intensity"].value - dropped["total_intensity"].value == 80 * 15


def test_saturation_is_flagged(field):
    labels, image = field
    image[3, 4] = 65535
    note = measure.quantities(labels, image)["mean_intensity"].note
    assert note == "1 of 3 objects hold saturated pixels (grey level 65535 or more)"
    assert (
        "2 of 2" in measure.quantities(labels, image, saturation=150, border="drop")["total_intensity"].note
    )
    assert measure.quantities(labels, image, saturation=150)["mean_area"].note == ""
    table = measure.table(labels, image)
    assert table.set_index("label")["saturated_pixels"].to_dict() == {4: 1, 7: 0, 900: 0}
    as_float = measure.table(labels, image.astype(float))
    assert as_float["saturated_pixels"].sum() == 0
    assert as_float.attrs["saturation"] is None


def test_table_agrees_with_scikit_image():
    rng = np.random.default_rng(1)
    labels = np.zeros((80, 90), np.int32)
    for label in range(3, 60, 4):
        y, x = rng.integers(5, 70, 2)
        labels[y : y + rng.integers(2, 12), x : x + rng.integers(2, 15)] = label
    image = rng.normal(200, 30, labels.shape)
    table = measure.table(labels, image, pixel_size=(0.3, 0.3), background=12.5)
    regions = regionprops(labels, intensity_image=image, spacing=(0.3, 0.3))
    assert table["label"].tolist() == [region.label for region in regions]
    names = {
        "area": "area",
        "equivalent_diameter": "equivalent_diameter_area",
        "major_axis": "axis_major_length",
        "minor_axis": "axis_minor_length",
        "perimeter": "perimeter",
        "eccentricity": "eccentricity",
        "solidity": "solidity",
        "extent": "extent",
    }
    for ours, theirs in names.items():
        assert table[ours].to_numpy() == pytest.approx([region[theirs] for region in regions]), ours
    assert table["centroid_x"].to_numpy() == pytest.approx([region.centroid[1] for region in regions])
    assert table["mean_intensity"].to_numpy() + 12.5 == pytest.approx([r.intensity_mean for r in regions])
    pixels = np.array([region.num_pixels for region in regions])
    assert table["total_intensity"].to_numpy() == pytest.approx(table["mean_intensity"].to_numpy() * pixels)


def test_table_sums_up_to_the_quantities(field):
    labels, image = field
    for border in ("keep", "drop"):
        table = measure.table(labels, image, pixel_size=0.2, border=border)
        whole = measure.quantities(labels, image, pixel_size=0.2, border=border)
        assert len(table) == whole["count"].value
        assert table["area"].mean() == pytest.approx(whole["mean_area"].value)
        assert table["total_intensity"].sum() == pytest.approx(whole["total_intensity"].value)
        assert table["mean_intensity"].mean() == pytest.approx(whole["mean_intensity"].value)
    assert table.attrs["units"]["area"] == "um^2"
    assert table.attrs["units"]["equivalent_diameter"] == "um"


def test_ball_in_anisotropic_voxels_has_its_diameter():
    """A ball of 8 um across, imaged with planes 1 um and pixels 0.4 um apart."""
    z, y, x = np.indices((13, 31, 31))
    ball = (((z - 6) * 1.0) ** 2 + ((y - 15) * 0.4) ** 2 + ((x - 15) * 0.4) ** 2 <= 16).astype(np.uint8)
    row = measure.table(ball, pixel_size=(1.0, 0.4, 0.4)).iloc[0]
    assert row["equivalent_diameter"] == pytest.approx(8, rel=0.02)
    assert row["volume"] == pytest.approx(4 / 3 * np.pi * 64, rel=0.05)
    assert row["major_axis"] == pytest.approx(8, rel=0.05)
    assert row[["centroid_z", "centroid_y", "centroid_x"]].tolist() == pytest.approx([6, 6, 6])


def test_shapes_that_are_not_defined():
    labels = np.zeros((5, 12, 12), np.int32)
    labels[2, 2:6, 2:6] = 1
    labels[2, 9, 9] = 2
    table = measure.table(labels)
    assert table["solidity"].isna().all()
    assert table["volume"].tolist() == [16, 1]
    flat = measure.table(labels[2], pixel_size=(0.2, 0.3))
    assert "perimeter" not in flat  # pixels are not square
    assert flat["solidity"].tolist() == [1, 1]
    assert flat["eccentricity"].iloc[1] == 0


def test_no_objects():
    empty = np.zeros((8, 9), np.uint16)
    image = np.full(empty.shape, 7, np.uint16)
    given = measure.quantities(empty, image, pixel_size=1.0)
    assert [
        given[n].value for n in ("count", "total_area", "area_fraction", "density", "total_intensity")
    ] == [0] * 5
    assert np.isnan([given["mean_area"].value, given["mean_intensity"].value]).all()
    assert given["mean_area"].note == "no objects"
    table = measure.table(empty, image)
    assert len(table) == 0
    assert {"label", "area", "solidity", "mean_intensity"} <= set(table.columns)


def test_all_objects_touch_the_border(field):
    labels = np.where(field[0] == 7, 7, 0)
    given = measure.quantities(labels, border="drop")
    assert given["count"] == measure.Quantity(0, "objects", "all 1 objects touch the border")
    assert np.isnan(given["mean_area"].value)
    assert len(measure.table(labels, border="drop")) == 0


def test_constant_image_is_noted(field):
    labels = field[0]
    given = measure.quantities(labels, np.full(labels.shape, 40, np.uint8))
    assert given["total_intensity"] == measure.Quantity(0, "grey levels", "constant image")


def test_seventy_thousand_objects():
    """More objects than 16 bits can number."""
    labels = np.zeros((800, 1400), np.int32)
    labels[1::4, 1::4] = np.arange(1, 70_001).reshape(200, 350)
    labels[2::4, 1::4] = labels[1::4, 1::4]
    given = measure.quantities(labels, pixel_size=0.5)
    assert given["count"].value == 70_000
    assert given["mean_area"].value == pytest.approx(0.5)
    match = measure.match(np.roll(labels, 1, axis=0), labels, 0.3)
    assert (match.tp, match.fp, match.fn) == (70_000, 0, 0)
    assert match.mean_iou == pytest.approx(1 / 3)


def test_only_what_is_asked(field):
    given = measure.quantities(*field, only=("count", "mean_intensity"))
    assert list(given) == ["count", "mean_intensity"]
    assert measure.quantities(field[0], only="count") == {"count": measure.Quantity(3, "objects")}


@pytest.mark.parametrize("shape", [(20, 30), (6, 20, 30)], ids=["2D", "3D"])
@pytest.mark.parametrize("empty", [False, True])
def test_a_table_of_some_columns_is_those_columns_of_the_whole_table(shape, empty):
    labels = np.zeros(shape, int)
    if not empty:
        labels[..., 2:7, 3:9], labels[..., 10:18, 12:14], labels[..., 19, :4] = 3, 5, 9
    image = np.random.default_rng(0).integers(0, 99, shape)
    size = (0.5,) * len(shape)
    whole = measure.table(labels, image, pixel_size=size)
    for name in whole.columns:
        one = measure.table(labels, image, pixel_size=size, only=name)
        assert list(one.columns) == [name]
        np.testing.assert_array_equal(one[name], whole[name])
        assert one.attrs["units"] == {name: whole.attrs["units"][name]}
    two = measure.table(labels, image, pixel_size=size, only=["solidity", "label"])
    np.testing.assert_array_equal(two, whole[["solidity", "label"]])
    with pytest.raises(InputError, match="no column 'roundness'; expected label"):
        measure.table(labels, only=["label", "roundness"])


def test_a_table_of_one_shape_does_not_work_out_the_others(monkeypatch):
    import skimage.measure

    asked = []
    real = skimage.measure.regionprops_table
    monkeypatch.setattr(
        skimage.measure, "regionprops_table", lambda *a, **k: asked.append(k["properties"]) or real(*a, **k)
    )
    measure.table(np.eye(5, dtype=int), only="solidity")
    measure.table(np.eye(5, dtype=int), only="area")
    assert asked == [["solidity"]]
