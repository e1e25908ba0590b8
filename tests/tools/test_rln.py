"""The published RLN: nothing but arithmetic is run of its files, and what it draws is its own."""

from importlib.util import find_spec

import numpy as np
import pytest

from scopecheck import data
from scopecheck.errors import DataError, InputError
from scopecheck.tools import rln

# TensorFlow takes seconds to import, which workers that run other tests need not.
pytestmark = pytest.mark.skipif(find_spec("tensorflow") is None, reason="TensorFlow is not installed")


@pytest.fixture(scope="module")
def restore():
    try:
        return rln.published(data.fetch("rln-published"))
    except DataError as fault:
        if "not the published graph" in str(fault) or "known operations" in str(fault):
            raise
        pytest.skip(f"the published files cannot be had: {fault}")


def graph_of(folder, op):
    import tensorflow as tf

    kept = tf.compat.v1.MetaGraphDef()
    node = kept.graph_def.node.add()
    node.op, node.name = op, rln.ANSWER
    (folder / "model.ckpt.meta").write_bytes(kept.SerializeToString())
    tf.train.Checkpoint(step=tf.Variable(1)).write(str(folder / "model.ckpt"))
    return folder


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


def test_its_size_is_the_papers(restore):
    import tensorflow as tf

    graph = rln._frozen(data.fetch("rln-published"))
    arrays = [tf.make_ndarray(node.attr["value"].tensor) for node in graph.node if node.op == "Const"]
    assert 13_000 < sum(array.size for array in arrays if array.ndim == 5) < 17_000  # "roughly 16,000"


@pytest.mark.parametrize(
    "volumes", [np.zeros((8, 16, 16)), np.zeros((1, 7, 16, 16)), np.full((1, 8, 16, 16), np.nan)]
)
def test_volumes_it_cannot_take_are_refused(restore, volumes):
    with pytest.raises(InputError, match="volumes"):
        restore(volumes)


def test_a_graph_that_reads_files_is_refused(tmp_path):
    with pytest.raises(DataError, match="ReadFile"):
        rln.published(graph_of(tmp_path, "ReadFile"))


@pytest.mark.parametrize("what", [b"\xff" * 64, b""])
def test_what_is_no_graph_is_refused(tmp_path, what):
    (tmp_path / "model.ckpt.meta").write_bytes(what)
    with pytest.raises(DataError, match="not the published graph"):
        rln.published(tmp_path)


def test_files_that_are_not_there_are_told(tmp_path):
    with pytest.raises(DataError, match=r"model\.ckpt\.meta"):
        rln.published(tmp_path)
