"""An OME-Zarr tree like the archive's, read by channel and plane from disk and over HTTP."""

import hashlib

import numpy as np
import pytest

from scopecheck import data
from scopecheck.errors import DataError, InputError

SHAPE = (2, 20, 30, 24)


@pytest.fixture
def arrays():
    rng = np.random.default_rng(1)
    image = rng.integers(0, 4000, SHAPE, dtype=np.uint16)
    labels = np.zeros((1, *SHAPE[1:]), np.int8)
    labels[0, 5:15, 3:9, 4:10] = 1
    labels[0, 8:19, 15:25, 12:20] = 7
    return image, labels


@pytest.fixture
def tree(world, server, arrays):
    """Write the tree below the server as the archive lays it out, in shards of 10 planes, and list it."""
    import zarr

    image, labels = arrays
    root = server.root / "made.zarr"
    group = zarr.open_group(root, mode="w", zarr_format=3)
    group.attrs["ome"] = {"version": "0.5", "omero": {"channels": [{"label": "LaminB1"}, {"label": "Dapi"}]}}
    for name, array in (("0", image), ("labels/0/0", labels)):
        made = group.create_array(
            name, shape=array.shape, dtype=array.dtype, chunks=(1, 1, 16, 16), shards=(1, 10, 32, 32)
        )
        made[...] = array
    files = []
    for path in sorted(p for p in root.rglob("*") if p.is_file()):
        content = path.read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        files.append({"name": path.relative_to(root).as_posix(), "sha256": digest, "bytes": len(content)})
    world.add(
        "made",
        files,
        format="ome-zarr",
        kind="images",
        root="made.zarr",
        pixel_size_um=[0.5, 0.25, 0.2],
        sources=[{"archive": f"{server.url}/made.zarr/{{name}}"}],
    )
    return root


def asked(server):
    return sorted(path.removeprefix("made.zarr/") for path, _ in server.log)


NEEDED = ["0/c/1/0/0/0", "0/zarr.json", "labels/0/0/c/0/0/0/0", "labels/0/0/zarr.json", "zarr.json"]


def test_a_plane_over_http_fetches_only_its_shards(tree, server, arrays):
    image, labels = arrays
    sample = data.plane("made", z=6, channel="DAPI", kinds=("archive",))
    np.testing.assert_array_equal(sample.image, image[1, 6])
    np.testing.assert_array_equal(sample.truth, labels[0, 6])
    assert (sample.image.dtype, sample.truth.dtype) == (np.uint16, np.int32)
    assert sample.pixel_size == (0.25, 0.2)
    assert sample.acquisition == "made"
    assert asked(server) == NEEDED


def test_the_next_plane_of_the_shard_comes_from_disk(tree, server, arrays):
    data.plane("made", z=6)
    server.log.clear()
    np.testing.assert_array_equal(data.plane("made", z=9).image, arrays[0][1, 9])
    assert server.log == []
    np.testing.assert_array_equal(data.plane("made", z=10, channel=0).image, arrays[0][0, 10])
    assert asked(server) == ["0/c/0/1/0/0", "labels/0/0/c/0/1/0/0"]


def test_a_volume_is_all_planes_of_a_channel(tree, arrays):
    sample = data.load("made")
    np.testing.assert_array_equal(sample.image, arrays[0][1])
    np.testing.assert_array_equal(sample.truth, arrays[1][0])
    assert sample.pixel_size == (0.5, 0.25, 0.2)
    np.testing.assert_array_equal(data.plane("made", z=None, channel="laminb1").image, arrays[0][0])


def test_a_whole_fetch_then_no_server(tree, server, arrays):
    folder = data.fetch("made")
    assert folder.name == "made.zarr"
    server.shutdown()
    np.testing.assert_array_equal(data.plane("made", z=0).image, arrays[0][1, 0])


@pytest.mark.parametrize("key", NEEDED)
def test_a_changed_file_is_never_read(tree, server, key):
    content = (tree / key).read_bytes()
    (tree / key).write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(DataError, match=f"made/{key}: no source gave it[\\s\\S]*wrong hash"):
        data.plane("made", z=6)
    (tree / key).write_bytes(content)
    data.plane("made", z=6)


def test_a_shard_damaged_on_disk_is_fetched_again(tree, world, arrays):
    data.plane("made", z=6)
    shard = data.where("made") / "0/c/1/0/0/0"
    content = shard.read_bytes()
    shard.write_bytes(content[:50] + b"\0" * 50 + content[100:])
    np.testing.assert_array_equal(data.plane("made", z=6).image, arrays[0][1, 6])
    assert shard.read_bytes() == content


def test_a_missing_shard_is_an_error_not_zeros(tree, server):
    (tree / "0/c/1/0/0/0").unlink()
    with pytest.raises(DataError, match="answered 404"):
        data.plane("made", z=6)


def test_channels_and_planes_that_are_not_there(tree, arrays):
    with pytest.raises(InputError, match="no channel 'GFP'; it has LaminB1, Dapi"):
        data.plane("made", z=0, channel="GFP")
    np.testing.assert_array_equal(
        data.plane("made", z=np.int64(3), channel=np.int64(1)).image, arrays[0][1, 3]
    )
    for channel in (2, -1, True, 0.5):
        with pytest.raises(InputError, match="no channel"):
            data.plane("made", z=0, channel=channel)
    for z in (20, -1, 1.5, "3"):
        with pytest.raises(InputError, match="z runs from 0 to 19"):
            data.plane("made", z=z)


def test_only_ome_zarr_has_planes(one):
    with pytest.raises(DataError, match="one is not an OME-Zarr image"):
        data.plane("one", z=0)


def test_the_store_cannot_be_written(tree):
    group = data.open_zarr("made")
    with pytest.raises(ValueError, match=r"read.only"):
        group["0"][0, 0] = 1
