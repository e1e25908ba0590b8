"""Every command line that the book shows for a format runs, on files of that format."""

import json
import re
import shlex
from pathlib import Path

import numpy as np
import pytest
import tifffile
from skimage.draw import disk

roifile = pytest.importorskip("roifile")

SIZE = (200, 240)
BOOK = Path(__file__).parents[2] / "book" / "own-formats.md"


def lines():
    return re.findall(r"`scopecheck (score [^`]+)`", BOOK.read_text(encoding="utf-8"))


def circle(y, x, r):
    turn = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    return np.column_stack([x + 0.5 + r * np.cos(turn), y + 0.5 + r * np.sin(turn)])


def polygon(corners):
    return {"type": "Polygon", "coordinates": [[*corners.tolist(), corners[0].tolist()]]}


@pytest.fixture
def files(tmp_path):
    """Six fields of discs in every format, and tables of their counts."""
    rng = np.random.default_rng(0)
    for name in ("my_tool", "my_truth", "qupath", "rois", "omero", "omero_tiff", "spots", "true_spots"):
        (tmp_path / name).mkdir()
    counts = []
    for k in range(6):
        places = [(25 + 45 * i, 25 + 45 * j, rng.uniform(9, 14)) for i in range(4) for j in range(5)]
        places = [one for one in places if rng.random() < 0.4 + 0.1 * k]
        labels, spots = np.zeros((2, *SIZE), np.uint16)
        for n, (y, x, r) in enumerate(places, 1):
            labels[disk((y, x), r, shape=SIZE)] = n
            spots[int(y) : int(y) + 2, int(x) : int(x) + 2] = n
        for folder, array in (
            ("my_tool", labels),
            ("my_truth", labels),
            ("spots", spots),
            ("true_spots", spots),
        ):
            tifffile.imwrite(tmp_path / folder / f"f{k}.tif", array)
        rings = [circle(*place) for place in places]
        cells = [
            {
                "type": "Feature",
                "geometry": polygon(ring),
                "nucleusGeometry": polygon(circle(y, x, r / 2)),
                "properties": {"objectType": "cell", "classification": {"name": "Tumor"}},
            }
            for ring, (y, x, r) in zip(rings, places, strict=True)
        ]
        whole = {"type": "FeatureCollection", "features": cells}
        (tmp_path / "qupath" / f"f{k}.tif.geojson").write_text(json.dumps(whole))
        roifile.roiwrite(
            tmp_path / "rois" / f"f{k}.zip", [roifile.ImagejRoi.frompoints(one) for one in rings]
        )
        points = [" ".join(f"{x:.3f},{y:.3f}" for x, y in ring) for ring in rings]
        drawn = "".join(
            f'<ROI ID="ROI:{n}"><Union><Polygon ID="Shape:{n}" Points="{one}"/></Union></ROI>'
            for n, one in enumerate(points)
        )
        xml = (
            '<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"><Image ID="Image:0"><Pixels'
            ' ID="Pixels:0" DimensionOrder="XYCZT" Type="uint16" SizeX="240" SizeY="200" SizeZ="1" SizeC="1"'
            f' SizeT="1"/></Image>{drawn}</OME>'
        )
        (tmp_path / "omero" / f"f{k}.ome.xml").write_text(xml)
        path = tmp_path / "omero_tiff" / f"f{k}.ome.tif"
        tifffile.imwrite(path, rng.poisson(20, SIZE).astype(np.uint16), description=xml, metadata=None)
        counts.append(len(places))
    head, names = "field,count\n", [f"f{k}" for k in range(6)]
    rows = "".join(f"{name},{n}\n" for name, n in zip(names, counts, strict=True))
    for name in ("tool.csv", "truth.csv"):
        (tmp_path / name).write_text(head + rows)
    both = "".join(f"{name},{n},{n}\n" for name, n in zip(names, counts, strict=True))
    (tmp_path / "study.csv").write_text("field,count,by_hand\n" + both)
    (tmp_path / "fields.csv").write_text("field\n" + "\n".join(names) + "\n")
    objects = "".join(
        f"{name},{50 + j}\n" * 1 for name, n in zip(names, counts, strict=True) for j in range(n)
    )
    (tmp_path / "objects.csv").write_text("field,area\n" + objects)
    return tmp_path


def test_the_book_shows_every_format():
    assert len(lines()) == 12


@pytest.mark.parametrize("line", lines())
def test_the_command_lines_of_the_book_run(score, files, monkeypatch, line):
    monkeypatch.chdir(files)
    words = shlex.split(line)[1:]
    status, out, err = score(*words, "--json")
    assert (status, err) == (0, "")
    content = json.loads(out)
    rows = {row["measurement"]: row for row in content["arms"]}
    assert abs(rows["count"]["bias"]) < 1e-9
    if "mean_area" in rows:  # nuclei have half the cells' radius
        expected = 3 if "nuclei" in line else 0
        assert rows["mean_area"]["bias"] == pytest.approx(expected, abs=0.15 if expected else 0.01)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("my_tool my_truth --labels class:Tumor", "chooses among outlines, and this is a label image"),
        ("my_tool qupath --labels prediction=class:Tumor", "chooses among outlines"),
        ("my_tool qupath --labels truth=class:Stroma", "no object is of the class 'Stroma'; there are Tumor"),
        ("my_tool rois --labels truth=class:Tumor", "--labels class:Tumor is for QuPath's GeoJSON"),
        ("my_tool qupath --labels truth=class:", "'class:' is not known"),
    ],
)
def test_a_class_that_is_not_there_ends_with_2(score, files, monkeypatch, words, said):
    monkeypatch.chdir(files)
    status, out, err = score("labels", *words.split())
    assert (status, out) == (2, "")
    assert said in err
