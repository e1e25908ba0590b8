"""The published RLN: kept as its authors left it, and nothing but arithmetic in it."""

import os
from pathlib import Path

import numpy as np
import pytest

from scopecheck import data
from scopecheck.errors import DataError, InputError

tf = pytest.importorskip("tensorflow")

from scopecheck.tools import rln  # noqa: E402


@pytest.fixture(scope="module")
def restore():
    return rln.published(data.fetch("rln-published"))


def test_what_is_kept_is_what_was_published():
    files = Path(os.environ.get("SCOPECHECK_MIRROR", "nowhere")) / "light" / "rln"
    if not files.is_dir():
        pytest.skip("the published files are not here")
    assert rln.freeze(files) == data.fetch("rln-published").read_bytes()


def test_volumes_are_drawn_by_themselves_whatever_lies_beside_them(restore):
    volumes = np.random.default_rng(0).random((6, 8, 16, 16))
    together = restore(volumes)
    assert together.shape == volumes.shape
    np.testing.assert_allclose(restore(volumes[4:5])[0], together[4], rtol=1e-6)
    np.testing.assert_array_equal(restore(volumes), together)


def test_with_their_own_statistics_the_volumes_beside_it_matter(restore):
    volumes = np.random.default_rng(0).random((4, 8, 16, 16))
    alone = restore(volumes[:1], own=True)[0]
    assert not np.allclose(alone, restore(volumes, own=True)[0], rtol=1e-3)
    assert not np.allclose(alone, restore(volumes[:1])[0], rtol=1e-3)


def test_its_size_is_the_papers():
    graph = tf.compat.v1.GraphDef()
    graph.ParseFromString(data.fetch("rln-published").read_bytes())
    filters = [
        tf.make_ndarray(node.attr["value"].tensor).size
        for node in graph.node
        if node.op == "Const" and len(tf.make_ndarray(node.attr["value"].tensor).shape) == 5
    ]
    assert 13_000 < sum(filters) < 17_000  # "roughly 16,000 parameters" with the normalisations


@pytest.mark.parametrize(
    "volumes", [np.zeros((8, 16, 16)), np.zeros((1, 7, 16, 16)), np.full((1, 8, 16, 16), np.nan)]
)
def test_volumes_it_cannot_take_are_refused(restore, volumes):
    with pytest.raises(InputError, match="volumes"):
        restore(volumes)


def test_a_graph_that_reads_files_is_refused(tmp_path):
    graph = tf.compat.v1.GraphDef()
    node = graph.node.add()
    node.op, node.name = "ReadFile", "update/Mean_2"
    (tmp_path / "evil.pb").write_bytes(graph.SerializeToString())
    with pytest.raises(DataError, match="ReadFile"):
        rln.published(tmp_path / "evil.pb")


def test_what_is_no_graph_is_refused(tmp_path):
    (tmp_path / "noise.pb").write_bytes(b"\xff" * 64)
    (tmp_path / "empty.pb").write_bytes(b"")
    for name in ("noise.pb", "empty.pb"):
        with pytest.raises(DataError, match=name):
            rln.published(tmp_path / name)
