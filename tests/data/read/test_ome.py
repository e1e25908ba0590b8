"""OME-TIFF images that lie in several files: read once and whole, or plane by plane; never with a hole."""

import itertools

import numpy as np
import pytest
import tifffile

from scopecheck.data import read_image, read_labels
from scopecheck.errors import InputError

SPACE = "http://www.openmicroscopy.org/Schemas/OME/2016-06"


def ome_set(folder, arrays, *, names="{image}_z{z}.ome.tif", form="master in all", order="XYZCT", per_file=1):
    """Write images (C, Z, Y, X) with `per_file` planes of Z a file, as Bio-Formats and Micro-Manager do.

    form: "master in all" (each file has the whole XML), "companion" (x.companion.ome beside them), or "binary
    only" (the first file has it, the others point there).
    """
    folder.mkdir(parents=True, exist_ok=True)
    files, images = {}, []
    for image, array in arrays.items():
        channels, depth, height, width = array.shape
        tiffdata = []
        for c, first in itertools.product(range(channels), range(0, depth, per_file)):
            name = names.format(image=image, z=first, c=c)
            planes = array[c, first : first + per_file]
            files[name] = planes
            tiffdata += [
                f'<TiffData FirstC="{c}" FirstZ="{first + i}" FirstT="0" IFD="{i}" PlaneCount="1">'
                f'<UUID FileName="{name}">urn:uuid:{name}</UUID></TiffData>'
                for i in range(len(planes))
            ]
        images.append(
            f'<Image ID="Image:{image}"><Pixels ID="Pixels:{image}" DimensionOrder="{order}" Type="uint16"'
            f' SizeX="{width}" SizeY="{height}" SizeZ="{depth}" SizeC="{channels}" SizeT="1"'
            ' PhysicalSizeX="0.25" PhysicalSizeY="0.25" PhysicalSizeZ="2.0">'
            f"{''.join(tiffdata)}</Pixels></Image>"
        )
    body = "".join(images)
    first = next(iter(files))
    if form == "companion":
        text = f'<?xml version="1.0" encoding="UTF-8"?><OME xmlns="{SPACE}" UUID="urn:uuid:c">{body}</OME>'
        (folder / "set.companion.ome").write_text(text, encoding="utf-8")
    for name, planes in files.items():
        about = body
        if form == "companion" or (form == "binary only" and name != first):
            master = "set.companion.ome" if form == "companion" else first
            about = f'<BinaryOnly MetadataFile="{master}" UUID="urn:uuid:{master}"/>'
        xml = (
            f'<?xml version="1.0" encoding="UTF-8"?><OME xmlns="{SPACE}" UUID="urn:uuid:{name}">{about}</OME>'
        )
        tifffile.imwrite(folder / name, planes, description=xml, metadata=None, photometric="minisblack")
    return [folder / name for name in files]


FORMS = ["master in all", "companion", "binary only"]


@pytest.fixture
def stack():
    """Object k lies in k + 1 planes: only the right planes in the right order give it back."""
    labels = np.zeros((1, 6, 20, 30), np.uint16)
    for k in range(6):
        labels[0, : k + 1, 3 * k, 2:9] = k + 1
    return labels


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("per_file", [1, 2, 4])
def test_every_file_of_a_set_gives_the_whole_image_or_its_own_planes(tmp_path, stack, form, per_file):
    files = ome_set(tmp_path, {"a": stack}, form=form, per_file=per_file)
    for i, path in enumerate(files):
        whole = read_labels(path)
        assert np.array_equal(whole.array, stack[0])
        assert whole.pixel_size == (2.0, 0.25, 0.25)
        assert f"one of {len(files)} OME-TIFF files of one image, which is read whole" in whole.notes[0]
        own = read_labels(path, own=True)
        assert np.array_equal(own.array, stack[0, i * per_file : (i + 1) * per_file].squeeze())
        assert own.pixel_size[-2:] == (0.25, 0.25)
        assert "its own planes alone are read" in own.notes[0]
        assert np.array_equal(read_image(path).array, stack[0])


@pytest.mark.parametrize("form", FORMS)
def test_a_lost_file_is_named_and_never_read_as_zeros(tmp_path, stack, form):
    files = ome_set(tmp_path, {"a": stack}, form=form)
    files[3].unlink()
    for path in files[:3] + files[4:]:
        with pytest.raises(InputError, match=r"is one of 6 files of one image, of which 1 is not in .*a_z3"):
            read_labels(path)
    assert np.array_equal(read_labels(files[4], own=True).array, stack[0, 4])


@pytest.mark.parametrize(
    ("form", "lost"), [("companion", "set.companion.ome"), ("binary only", "a_z0.ome.tif")]
)
def test_a_lost_description_is_named(tmp_path, stack, form, lost):
    files = ome_set(tmp_path, {"a": stack}, form=form)
    (tmp_path / lost).unlink()
    with pytest.raises(
        InputError, match=f"a set that {lost} describes, which is not in .*; copy it there, or"
    ):
        read_labels(files[2])


@pytest.mark.parametrize("form", FORMS)
def test_positions_that_lie_in_a_file_each_are_images_of_their_own(tmp_path, stack, form):
    positions = {"p0": stack, "p1": stack[:, ::-1] * 0 + stack[:, ::-1], "p2": stack[..., ::-1]}
    files = ome_set(tmp_path, positions, form=form, per_file=6, names="{image}.ome.tif")
    for path, array in zip(files, positions.values(), strict=True):
        picture = read_labels(path)
        assert np.array_equal(picture.array, array[0])
        assert picture.notes == ()
    files[1].unlink()  # whose loss is no matter to the others
    assert np.array_equal(read_labels(files[2]).array, positions["p2"][0])


def test_positions_and_planes_in_files_of_their_own(tmp_path, stack):
    files = ome_set(tmp_path, {"p0": stack, "p1": stack[..., ::-1]}, form="companion")
    assert np.array_equal(read_labels(files[8]).array, stack[0, :, :, ::-1])


@pytest.mark.parametrize("order", ["XYZCT", "XYCZT", "XYTZC"])
def test_channels_are_refused_whole_and_read_one_by_one(tmp_path, stack, order):
    two = np.concatenate([stack, stack + 7])
    files = ome_set(tmp_path, {"a": two}, names="{image}_c{c}.ome.tif", per_file=6, order=order)
    with pytest.raises(InputError, match="C=2"):
        read_image(files[0])
    assert np.array_equal(read_image(files[1], own=True).array, two[1])


def test_tifffile_reads_a_whole_set_alike(tmp_path, stack):
    """The independent reader, where nothing is missing."""
    files = ome_set(tmp_path, {"a": stack})
    assert np.array_equal(tifffile.imread(files[0]), stack[0])


def test_a_file_that_was_renamed_is_read_still(tmp_path, stack):
    (whole,) = ome_set(tmp_path, {"a": stack}, per_file=6)
    whole.rename(tmp_path / "other.ome.tif")
    assert np.array_equal(read_labels(tmp_path / "other.ome.tif").array, stack[0])
    named = tmp_path / "without-uuid.ome.tif"
    xml = tifffile.TiffFile(tmp_path / "other.ome.tif").ome_metadata.replace(
        ' UUID="urn:uuid:a_z0.ome.tif"', ""
    )
    tifffile.imwrite(named, stack[0], description=xml, metadata=None, photometric="minisblack")
    assert np.array_equal(read_labels(named).array, stack[0])


def test_a_member_that_was_renamed_is_known_by_its_uuid_alone(tmp_path, stack):
    files = ome_set(tmp_path, {"a": stack})
    files[2].rename(tmp_path / "x.ome.tif")
    for path in (tmp_path / "x.ome.tif", files[0]):
        assert np.array_equal(read_labels(path).array, stack[0])
    xml = tifffile.TiffFile(files[0]).ome_metadata.replace(' UUID="urn:uuid:a_z0.ome.tif"', "")
    tifffile.imwrite(tmp_path / "y.ome.tif", stack[0, 0], description=xml, metadata=None)
    with pytest.raises(InputError, match=r"is of a set of 6 other files.*Give the file the name that it had"):
        read_labels(tmp_path / "y.ome.tif")


@pytest.mark.parametrize("form", FORMS)
def test_members_that_were_all_renamed_or_changed_names_are_known_by_their_uuid(tmp_path, stack, form):
    files = ome_set(tmp_path, {"a": stack}, form=form)
    for z, path in enumerate(files):  # in the other order
        path.rename(tmp_path / f"{form}{5 - z}.ome.tif")
    files = [tmp_path / f"{form}{5 - z}.ome.tif" for z in range(6)]
    for z, path in enumerate(files):
        assert np.array_equal(read_labels(path).array, stack[0])
        assert np.array_equal(read_labels(path, own=True).array, stack[0, z])
    files[4].unlink()
    with pytest.raises(InputError, match=r"1 is not in .*a_z4.*or give what was renamed its name back"):
        read_labels(files[3])


def test_members_that_changed_names_are_in_their_places(tmp_path, stack):
    files = ome_set(tmp_path, {"a": stack})
    files[1].rename(tmp_path / "kept"), files[4].rename(files[1]), (tmp_path / "kept").rename(files[4])
    for path in files:
        assert np.array_equal(read_labels(path).array, stack[0])
    files[4].unlink()  # which is plane 1
    with pytest.raises(InputError, match=r"a_z1.ome.tif: has the name of one file .* the UUID of another"):
        read_labels(files[0])


def test_a_copy_beside_a_renamed_member_is_not_guessed(tmp_path, stack):
    files = ome_set(tmp_path, {"a": stack})
    for name in ("x.ome.tif", "y.ome.tif"):
        (tmp_path / name).write_bytes(files[2].read_bytes())
    assert np.array_equal(read_labels(files[0]).array, stack[0])
    files[2].unlink()
    with pytest.raises(InputError, match=r"1 is not in .*a_z2.*name back"):
        read_labels(files[0])


def test_a_set_with_planes_in_no_file_is_refused(tmp_path, stack):
    files = ome_set(tmp_path, {"a": stack})
    for path in files:
        xml = tifffile.TiffFile(path).ome_metadata.replace('SizeZ="6"', 'SizeZ="8"')
        planes = tifffile.imread(path, key=0)
        tifffile.imwrite(path, planes, description=xml, metadata=None)
    with pytest.raises(InputError, match=r"lacks 2 of 8 planes \(the first is T=0, C=0, Z=6\)"):
        read_labels(files[0])


def test_one_file_with_fewer_planes_than_it_says_is_refused(tmp_path, stack):
    xml = (
        f'<?xml version="1.0"?><OME xmlns="{SPACE}"><Image ID="Image:0"><Pixels ID="Pixels:0" SizeX="30"'
        ' DimensionOrder="XYZCT" Type="uint16" SizeY="20" SizeZ="8" SizeC="1" SizeT="1"><TiffData/></Pixels>'
        "</Image></OME>"
    )
    tifffile.imwrite(
        tmp_path / "x.ome.tif", stack[0], description=xml, metadata=None, photometric="minisblack"
    )
    with pytest.raises(InputError, match="cut short or damaged"):
        read_labels(tmp_path / "x.ome.tif")


def test_a_cut_member_is_refused(tmp_path, stack):
    files = ome_set(tmp_path, {"a": stack}, form="companion")
    files[3].write_bytes(files[3].read_bytes()[:-300])
    with pytest.raises(InputError, match="is cut short or damaged"):
        read_labels(files[0])
