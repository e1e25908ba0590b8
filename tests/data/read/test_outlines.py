"""Outlines drawn as labels: held against other libraries and analytic areas; files of their real writers."""

import contextlib
import json
import zipfile

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.draw import polygon as skimage_polygon

from scopecheck.data.read.geojson import read_geojson
from scopecheck.data.read.ome_rois import read_ome_rois
from scopecheck.data.read.outlines import Bits, Outline, Outlines, box, ellipse, labelled
from scopecheck.errors import InputError

SHAPE = (60, 80)


def star(centre, radii):
    """A polygon around a centre, its corners in turn."""
    turn = np.linspace(0, 2 * np.pi, len(radii), endpoint=False)
    return np.column_stack([centre[0] + radii * np.cos(turn), centre[1] + radii * np.sin(turn)])


def shoelace(corners):
    x, y = corners.T
    return abs((x * np.roll(y, -1) - np.roll(x, -1) * y).sum()) / 2


def drawn(*rings, shape=SHAPE):
    return labelled(Outlines("x", [Outline("one", [list(rings)])]), shape)[0] > 0


@given(
    seed=st.integers(0, 10**6),
    corners=st.integers(3, 30),
    centre=st.tuples(st.floats(-5, 85), st.floats(-5, 65)),
)
@settings(max_examples=80, deadline=None)
def test_the_pixels_are_those_of_skimage_whose_pixels_are_points_at_their_centres(seed, corners, centre):
    rng = np.random.default_rng(seed)
    ring = star(centre, rng.uniform(3, 25, corners))
    there = np.zeros(SHAPE, bool)
    there[skimage_polygon(ring[:, 1] - 0.5, ring[:, 0] - 0.5, SHAPE)] = True
    outlines = Outlines("x", [Outline("one", [[ring]]), Outline("two", [[box(0, 0, 1, 1)]])])
    labels, _ = labelled(Outlines("x", [*outlines.objects, *outlines.objects[1:]]), SHAPE)
    there[0, 0] = True
    assert np.array_equal(labels > 0, there)


def test_large_areas_are_those_of_the_shoelace_formula():
    rng = np.random.default_rng(1)
    ring = star((500, 400), rng.uniform(200, 350, 40))
    assert drawn(ring, shape=(800, 1000)).sum() == pytest.approx(shoelace(ring), rel=1e-3)
    disc = ellipse(100, 100, 600, 400)
    assert drawn(disc, shape=(800, 1000)).sum() == pytest.approx(np.pi * 300 * 200, rel=1e-3)


@pytest.mark.parametrize("offset", [0, 0.5, 0.25])
def test_neighbours_that_share_an_edge_share_no_pixel_and_leave_none(offset):
    tiles = [box(4 * i + offset, 4 * j + offset, 4, 4) for i in range(15) for j in range(10)]
    tiles = [tile if i % 2 else tile[::-1] for i, tile in enumerate(tiles)]  # drawn in either sense
    labels, notes = labelled(Outlines("x", [Outline(str(i), [[t]]) for i, t in enumerate(tiles)]), SHAPE)
    assert (np.bincount(labels.ravel())[1:] == 16).all()
    assert len(notes) == 1


def test_whole_corners_are_corners_of_pixels_and_holes_are_holes():
    found = drawn(box(2, 3, 10, 8), box(4, 5, 3, 2))
    expected = np.zeros(SHAPE, bool)
    expected[3:11, 2:12] = True
    expected[5:7, 4:7] = False
    assert np.array_equal(found, expected)


def test_overlaps_lost_and_cut_outlines_are_told():
    objects = [("a", box(0, 0, 10, 10)), ("b", box(5, 0, 10, 10)), ("speck", box(20.6, 20.6, 0.3, 0.3))]
    objects += [("under", box(30, 30, 4, 4)), ("over", box(29, 29, 6, 6)), ("edge", box(70, 50, 20, 20))]
    labels, notes = labelled(Outlines("x", [Outline(name, [[one]]) for name, one in objects]), SHAPE)
    assert np.bincount(labels.ravel())[1:].tolist() == [50, 100, 0, 0, 36, 100]
    told = "; ".join(notes)
    assert "4 of 6 outlines overlap, in 66 pixels" in told
    assert "1 outlines (speck) hold no pixel's centre inside the image, and are not counted" in told
    assert "1 outlines (under) are covered by others altogether" in told
    assert "1 outlines reach out of the image and were cut" in told


def test_outlines_of_another_scale_and_impossible_shapes_are_refused():
    outlines = Outlines("x", [Outline("a", [[box(500, 500, 10, 10)]])])
    with pytest.raises(InputError, match=r"to row 510, column 510.*at another scale"):
        labelled(outlines, SHAPE)
    for shape in ((0, 5), (5,), (10**5, 10**5)):
        with pytest.raises(InputError, match="no label image can have the shape"):
            labelled(outlines, shape)


def test_planes():
    objects = [Outline("a", [[box(0, 0, 5, 5)]], 1), Outline("b", [[box(0, 0, 5, 5)]], 3)]
    stack = labelled(Outlines("x", objects), (3, 10, 10))[0]
    assert [int(plane.max()) for plane in stack] == [1, 0, 2]
    with pytest.raises(InputError, match="lie on 2 planes"):
        labelled(Outlines("x", objects), SHAPE)
    with pytest.raises(InputError, match="name no plane of a stack of 2"):
        labelled(Outlines("x", objects), (2, 10, 10))


def test_masks_of_bits_lie_where_they_say_also_over_the_edge():
    mask = np.random.default_rng(0).random((20, 30)) < 0.5
    for y, x in ((5, 7), (-4, -6), (50, 70)):
        labels = labelled(
            Outlines("x", [Outline("m", [Bits(y, x, mask)]), *[Outline("b", [[box(0, 0, 1, 1)]])] * 2]), SHAPE
        )[0]
        expected = np.zeros((120, 140), bool)
        expected[30 + y : 50 + y, 30 + x : 60 + x] = mask
        expected = expected[30:90, 30:110]
        expected[0, 0] = True
        assert np.array_equal(labels > 0, expected)


def feature(ring, kind="detection", *, geometry=None, **more):
    closed = [*map(list, ring), list(ring[0])]
    about = {"objectType": kind} | more
    return {
        "type": "Feature",
        "id": "0",
        "geometry": geometry or {"type": "Polygon", "coordinates": [closed]},
        "properties": about,
    }


def geojson(path, features, whole=True):
    held = {"type": "FeatureCollection", "features": features} if whole else features
    path.write_text(json.dumps(held), encoding="utf-8")
    return path


def test_qupath_cells_with_nuclei_inside_an_annotation(tmp_path):
    rings = [box(5 + 20 * i, 5, 15, 15) for i in range(3)]
    cells = []
    for i, one in enumerate(rings):
        cell = feature(one, "cell", classification={"name": ["Tumor", "Stroma"][i % 2], "color": [1, 2, 3]})
        nucleus = box(8 + 20 * i, 8, 4, 5)
        cell["nucleusGeometry"] = {
            "type": "Polygon",
            "coordinates": [[*nucleus.tolist(), nucleus[0].tolist()]],
        }
        cells.append(cell)
    region = feature(box(0, 0, 70, 50), "annotation")
    path = geojson(tmp_path / "q.geojson", [region, *cells])
    outlines = read_geojson(path)
    labels = labelled(outlines, SHAPE)[0]
    assert np.bincount(labels.ravel())[1:].tolist() == [225] * 3
    told = "; ".join(outlines.notes)
    assert "1 annotations are taken for regions around 3 cells" in told
    assert "2 classes are taken together (Tumor 2, Stroma 1)" in told
    nuclei = labelled(read_geojson(path, nuclei=True), SHAPE)[0]
    assert np.bincount(nuclei.ravel())[1:].tolist() == [20] * 3
    alone = geojson(
        tmp_path / "a.geojson", [region], whole=False
    )  # an array of features, as QuPath also writes
    assert labelled(read_geojson(alone), SHAPE)[0].sum() == 70 * 50


def test_objects_of_one_class_of_qupath(tmp_path):
    """A class takes those derived from it, as QuPath's own selection does; another name is refused."""
    names = ["Tumor: Positive", "Tumor: Negative", "Stroma", "Tumors", None]
    cells = [
        feature(box(5 + 12 * i, 5, 8, 8), "cell", **({"classification": {"name": name}} if name else {}))
        for i, name in enumerate(names)
    ]
    path = geojson(tmp_path / "q.geojson", cells)
    for only, n in (("Tumor", 2), ("Tumor: Positive", 1), ("Stroma", 1), ("no class", 1)):
        outlines = read_geojson(path, only=only)
        assert len(np.unique(labelled(outlines, SHAPE)[0])) - 1 == n
        assert any(f"{n} objects of the class {only} are taken" in note for note in outlines.notes)
    with pytest.raises(InputError, match=r"no object is of the class 'tumor'; there are .*Stroma 1"):
        read_geojson(path, only="tumor")
    with pytest.raises(InputError, match="no object has a class; leave out --labels class:Tumor"):
        read_geojson(geojson(tmp_path / "n.geojson", [feature(box(0, 0, 4, 4), "cell")]), only="Tumor")


def test_multipolygons_with_holes_and_planes(tmp_path):
    def closed(*ring):
        return [*map(list, ring), list(ring[0])]

    parts = [
        [closed(*box(0, 0, 10, 10).tolist()), closed(*box(2, 2, 3, 3).tolist())],
        [closed(*box(20, 20, 5, 5).tolist())],
    ]
    plane = {"c": -1, "z": 2, "t": 0}
    one = feature([(0, 0)], geometry={"type": "MultiPolygon", "coordinates": parts, "plane": plane})
    outlines = read_geojson(geojson(tmp_path / "m.geojson", [one]))
    assert outlines.objects[0].plane == 3
    assert (labelled(outlines, SHAPE)[0] > 0).sum() == 100 - 9 + 25


POINT = {"type": "Feature", "geometry": {"type": "Point", "coordinates": [1, 2]}, "properties": {}}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty (0 bytes)"),
        ("{", "is no GeoJSON or is cut short"),
        ("[" * 100_000, "is no GeoJSON or is cut short"),
        ("{}", "no GeoJSON of features"),
        ('{"cells": [1]}', "no GeoJSON of features"),
        ("[1, 2]", "no GeoJSON of features"),
        ('[{"type": "Polygon"}]', "holds what is no GeoJSON feature"),
        (json.dumps([POINT]), "holds no polygon (1 Point); expected outlines"),
        (json.dumps([feature([[0, 0], [1, 1]])]), "has 2 corners; an outline needs 3"),
        (json.dumps([feature([[0, 0], [1, float("nan")], [2, 2]])]), "no pairs of finite numbers"),
        (json.dumps([feature([[0, 0], [1, "a"], [2, 2]])]), "no pairs of numbers"),
        (json.dumps([feature([[0, 0]], geometry={"type": "Polygon"})]), "has no coordinates"),
        (
            json.dumps([feature([[0, 0]], geometry={"type": "Polygon", "coordinates": [3]})]),
            "no pairs of finite",
        ),
        (
            '{"type": "FeatureCollection", "crs": {"name": "CRS84"}, "features": []}',
            "in degrees on the Earth",
        ),
    ],
)
def test_what_is_no_geojson_of_outlines_is_refused(tmp_path, text, said):
    path = tmp_path / "x.geojson"
    path.write_text(text)
    with pytest.raises(InputError) as error:
        read_geojson(path)
    assert said in str(error.value)
    assert str(path) in str(error.value)


def test_nothing_found_is_a_result_and_points_beside_outlines_are_told(tmp_path):
    empty = read_geojson(geojson(tmp_path / "e.geojson", []))
    assert labelled(empty, SHAPE)[0].max() == 0
    both = read_geojson(geojson(tmp_path / "b.geojson", [POINT, feature(box(0, 0, 4, 4), "annotation")]))
    assert both.notes == ["1 objects that are no polygons are left out (1 Point)"]
    with pytest.raises(InputError, match="no object has a nucleus"):
        read_geojson(geojson(tmp_path / "n.geojson", [feature(box(0, 0, 4, 4), "cell")]), nuclei=True)


roifile = pytest.importorskip("roifile")


def rois(path, members):
    for name, roi in members.items():
        roi.name = name
    roifile.roiwrite(path, list(members.values()))
    return path


def made(kind, left, top, right, bottom):
    roi = roifile.ImagejRoi()
    roi.roitype = kind
    roi.version, roi.left, roi.top, roi.right, roi.bottom = 228, left, top, right, bottom
    return roi


def test_rois_that_roifile_writes(tmp_path):
    from scopecheck.data.read.imagej_rois import read_rois

    rng = np.random.default_rng(2)
    fine = star((20.3, 20.7), rng.uniform(6, 12, 14))
    members = {
        "whole": roifile.ImagejRoi.frompoints(box(40, 5, 10, 8).astype(int)),
        "fine": roifile.ImagejRoi.frompoints(fine),
        "rect": made(roifile.ROI_TYPE.RECT, 60, 30, 70, 35),
        "oval": made(roifile.ROI_TYPE.OVAL, 30, 30, 50, 50),
        "line": made(roifile.ROI_TYPE.LINE, 0, 0, 5, 5),
        "point": made(roifile.ROI_TYPE.POINT, 0, 0, 5, 5),
    }
    for name in ("whole", "fine", "rect", "oval"):
        members[name].position = 4

    outlines = read_rois(rois(tmp_path / "r.zip", members))
    labels, _ = labelled(outlines, SHAPE)
    assert [one.name for one in outlines.objects] == ["whole", "fine", "rect", "oval"]
    areas = np.bincount(labels.ravel())[1:]
    assert areas.tolist()[::2] == [80, 50]
    assert areas[1] == pytest.approx(shoelace(fine), rel=0.05)
    assert areas[3] == pytest.approx(np.pi * 100, rel=0.01)
    there = np.zeros(SHAPE, bool)
    there[skimage_polygon(*(fine.astype(np.float32)[:, ::-1] - 0.5).T, SHAPE)] = True
    assert np.array_equal(labels == 2, there)
    told = "; ".join(outlines.notes)
    assert "2 ROIs without an area are left out (1 line, 1 point)" in told
    assert "all outlines lie on plane 4" in told


def test_a_composite_roi_is_one_object_with_its_hole(tmp_path):
    from scopecheck.data.read.imagej_rois import read_rois

    path = []
    for one in (box(10, 10, 20, 20), box(15, 15, 5, 5), box(40, 40, 6, 6)):
        for i, (x, y) in enumerate(one):
            path += [min(i, 1), x, y]
        path.append(4)
    roi = made(roifile.ROI_TYPE.RECT, 10, 10, 46, 46)
    roi.multi_coordinates, roi.shape_roi_size = np.array(path, np.float32), len(path)
    (tmp_path / "c.roi").write_bytes(roi.tobytes())
    labels = labelled(read_rois(tmp_path / "c.roi"), SHAPE)[0]
    assert (labels.max(), (labels > 0).sum()) == (1, 400 - 25 + 36)


def test_bad_zips_of_rois_are_refused_and_nothing_is_written(tmp_path):
    from scopecheck.data.read.imagej_rois import read_rois

    good = made(roifile.ROI_TYPE.RECT, 0, 0, 5, 5).tobytes()
    cases = {}
    (tmp_path / "none.zip").write_bytes(b"PK\x03\x04rest")
    cases["none.zip"] = "damaged or encrypted"
    (tmp_path / "text.roi").write_text("hello")
    cases["text.roi"] = "is no ROI and no zip of ROIs"
    (tmp_path / "short.roi").write_bytes(good[:40])
    cases["short.roi"] = "cannot be read"
    for name, member, data, said in (
        ("csv.zip", "a.csv", b"1", "a zip that holds a.csv"),
        ("broken.zip", "a.roi", b"Iout" + b"\xff" * 80, "no ROI with an area (1 unknown)"),
        (
            "line.zip",
            "a.roi",
            made(roifile.ROI_TYPE.LINE, 0, 0, 5, 5).tobytes(),
            "no ROI with an area (1 line)",
        ),
        ("bomb.zip", "a.roi", b"\0" * ((1 << 26) + 1), "too much for one ROI"),
    ):
        with zipfile.ZipFile(tmp_path / name, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(member, data)
        cases[name] = said
    for name, said in cases.items():
        with pytest.raises(InputError) as error:
            read_rois(tmp_path / name)
        assert said in str(error.value)
    with zipfile.ZipFile(tmp_path / "up.zip", "w") as archive:
        archive.writestr("../../up.roi", good)
    before = sorted(tmp_path.parent.rglob("*"))
    assert read_rois(tmp_path / "up.zip").objects[0].name == "up"
    assert sorted(tmp_path.parent.rglob("*")) == before


MASK = np.random.default_rng(3).random((9, 13)) < 0.5


def ome_xml(shapes, images=1, size=(60, 80)):
    import base64

    bits = base64.b64encode(np.packbits(MASK).tobytes()).decode()
    rois = "".join(
        f'<ROI ID="ROI:{i}"><Union>{one.replace("BITS", bits)}</Union></ROI>' for i, one in enumerate(shapes)
    )
    pixels = f'<Pixels ID="Pixels:0" DimensionOrder="XYCZT" Type="uint16" SizeX="{size[1]}" SizeY="{size[0]}"'
    pixels += ' SizeZ="1" SizeC="1" SizeT="1" PhysicalSizeX="0.5" PhysicalSizeY="0.5"/>'
    image = "".join(f'<Image ID="Image:{i}">{pixels}</Image>' for i in range(images))
    return f'<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06">{image}{rois}</OME>'


SHAPES = [
    '<Polygon ID="Shape:0" Points="2,3 12,3 12,11 2,11"/>',
    '<Rectangle ID="Shape:1" X="20" Y="20" Width="6" Height="5"/>'
    '<Ellipse ID="Shape:2" X="50" Y="30" RadiusX="8" RadiusY="6"/>',
    '<Mask ID="Shape:3" X="60" Y="4" Width="13" Height="9">'
    '<BinData BigEndian="true" Length="20">BITS</BinData></Mask>',
    '<Point ID="Shape:4" X="1" Y="1"/>',
    '<Rectangle ID="Shape:5" X="0" Y="0" Width="2" Height="3">'
    '<Transform A00="1" A10="0" A01="0" A11="1" A02="5" A12="40"/></Rectangle>',
]


def test_omero_rois_of_ome_xml_and_of_an_ome_tiff(tmp_path):
    path = tmp_path / "a.ome.xml"
    path.write_text(ome_xml(SHAPES))
    outlines = read_ome_rois(path)
    assert (outlines.shape, outlines.pixel_size) == ((60, 80), (0.5, 0.5))
    assert outlines.notes == ["1 shapes without an area are left out (1 Point)"]
    labels = labelled(outlines, SHAPE)[0]
    areas = np.bincount(labels.ravel())[1:].tolist()
    assert areas[0] == 80
    assert areas[1] == pytest.approx(30 + np.pi * 48, rel=0.03)
    assert np.array_equal(labels[4:13, 60:73] == 3, MASK)
    assert (labels[40:43, 5:7] == 4).all()
    tifffile.imwrite(
        tmp_path / "a.ome.tif", np.zeros(SHAPE, np.uint16), description=ome_xml(SHAPES), metadata=None
    )
    assert len(read_ome_rois(tmp_path / "a.ome.tif").objects) == 4
    tifffile.imwrite(tmp_path / "p.tif", np.zeros(SHAPE, np.uint16))
    with pytest.raises(InputError, match="is no OME-TIFF"):
        read_ome_rois(tmp_path / "p.tif")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<OME", "is no XML or is cut short"),
        ("<svg/>", "no OME-XML (its root is 'svg')"),
        ('<!DOCTYPE x [<!ENTITY a "b">]><OME/>', "defines entities"),
        (ome_xml(SHAPES, images=2), "describes 2 images"),
        (ome_xml([]), "holds no region"),
        (ome_xml(SHAPES[3:4]), "holds no region with an area (1 Point)"),
        (ome_xml(['<Rectangle X="1" Y="2" Width="3"/>']), "lacks one of X, Y, Width, Height"),
        (ome_xml(['<Ellipse X="1" Y="1" RadiusX="nan" RadiusY="1e99"/>']), "or one is no usable number"),
        (ome_xml(['<Rectangle X="1" Y="1" Width="2" Height="2" TheZ="a"/>']), "lacks one of TheZ"),
        (ome_xml(SHAPES, size=("a", 80)), "Pixels lacks one of SizeZ, SizeY, SizeX"),
        (ome_xml(['<Polygon Points="1,2 3"/>']), "no pairs of numbers"),
        (
            ome_xml(['<Mask X="1" Y="2" Width="99" Height="99"><BinData>BITS</BinData></Mask>']),
            "pixels need 1226",
        ),
        (ome_xml(['<Mask X="1" Y="2" Width="9" Height="9"><BinData>?</BinData></Mask>']), "data are damaged"),
    ],
)
def test_bad_ome_xml_is_refused(tmp_path, text, said):
    path = tmp_path / "x.ome.xml"
    path.write_text(text)
    with pytest.raises(InputError) as error:
        read_ome_rois(path)
    assert said in str(error.value)


@given(st.binary(max_size=200))
@settings(max_examples=60, deadline=None)
def test_any_bytes_are_read_or_refused_in_words(tmp_path_factory, data):
    from scopecheck.data.read.imagej_rois import read_rois

    folder = tmp_path_factory.mktemp("any")
    for name, read in (("a.geojson", read_geojson), ("a.roi", read_rois), ("a.xml", read_ome_rois)):
        (folder / name).write_bytes(b"Iout" + data if name == "a.roi" else data)
        with contextlib.suppress(InputError):  # any other error fails the test
            read(folder / name)
