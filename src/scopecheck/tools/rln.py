"""The published checkpoint of RLN, a network with Richardson and Lucy's steps inside, run as it was left.

It is a graph of TensorFlow 1. What draws the answer is taken from the published files, with its numbers, and
nothing that trains, reads or writes: only operations of a list are run.

Source: Li et al. 2022, https://doi.org/10.1038/s41592-022-01652-7; files of
https://github.com/MeatyPlus/Richardson-Lucy-Net
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scopecheck.errors import DataError, InputError

ANSWER, SHAPE, IMAGES, OWN = (
    "update/Mean_2",
    "input/Placeholder",
    "input/Placeholder_1",
    "input/Placeholder_3",
)
BATCH = 4  # volumes at once, as the graph was built

_ALLOWED = {
    "Add",
    "AvgPool3D",
    "ConcatV2",
    "Const",
    "Conv3D",
    "Conv3DBackpropInputV2",
    "DivNoNan",
    "Fill",
    "Identity",
    "IdentityN",
    "Mean",
    "Merge",
    "Mul",
    "Pack",
    "Placeholder",
    "Reshape",
    "Rsqrt",
    "Shape",
    "Softplus",
    "SquaredDifference",
    "Squeeze",
    "StopGradient",
    "StridedSlice",
    "Sub",
    "Switch",
    "Tile",
}


def published(folder: str | Path) -> Callable[..., NDArray[np.float64]]:
    """Open the published files ``model.ckpt.meta``, ``.index`` and ``.data-00000-of-00001``.

    Returns
    -------
    callable
        ``restore(volumes, own=False)`` takes volumes (n, Z, Y, X), each normalised to about 0 to 1, with even
        sides, and gives the drawn ones, (n, Z, Y, X) float64. With `own`, each layer is normalised by the
        means and variances of these volumes, four at a time, instead of those of the training.

    Raises
    ------
    DataError
        If the files are no such graph, lack numbers, or need an operation that is not on the list.
    """
    import tensorflow as tf

    graph = _frozen(Path(folder))
    with tf.Graph().as_default() as made:
        tf.graph_util.import_graph_def(graph, name="")
    one = tf.compat.v1.ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=1)
    session = tf.compat.v1.Session(graph=made, config=one)

    def restore(volumes: ArrayLike, own: bool = False) -> NDArray[np.float64]:
        given = np.asarray(volumes, np.float32)
        if given.ndim != 4 or not len(given) or any(side % 2 for side in given.shape[1:]):
            raise InputError(f"volumes: shape {given.shape}; expected (n, Z, Y, X) with even sides.")
        if not np.isfinite(given).all():
            raise InputError("volumes: hold NaN or infinity; expected finite numbers.")
        drawn = []
        for start in range(0, len(given), BATCH):
            four = given[np.arange(start, start + BATCH) % len(given)]
            fed = {f"{SHAPE}:0": given.shape[1:], f"{IMAGES}:0": four.reshape(BATCH, -1), f"{OWN}:0": own}
            drawn.append(session.run(f"{ANSWER}:0", fed)[..., 0])
        return np.concatenate(drawn)[: len(given)].astype(float)

    return restore


def _frozen(folder: Path) -> Any:
    """The part of the graph that draws the answer, its variables turned into constants."""
    import tensorflow as tf
    from google.protobuf.message import DecodeError
    from tensorflow.core.protobuf import meta_graph_pb2

    kept, meta = meta_graph_pb2.MetaGraphDef(), folder / "model.ckpt.meta"
    try:
        kept.ParseFromString(meta.read_bytes())
        graph = tf.compat.v1.graph_util.extract_sub_graph(kept.graph_def, [ANSWER])
        numbers = tf.train.load_checkpoint(str(folder / "model.ckpt"))
        for node in graph.node:
            node.attr.pop("_class", None)
            if node.op == "VariableV2":
                name, kind = node.name, node.attr["dtype"].type
                node.Clear()
                node.name, node.op = name, "Const"
                node.attr["dtype"].type = kind
                node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(numbers.get_tensor(name)))
    except (OSError, DecodeError, AssertionError, ValueError, tf.errors.OpError) as fault:
        raise DataError(f"{meta}: not the published graph ({fault}); fetch the files again.") from None
    other = sorted({node.op for node in graph.node} - _ALLOWED)
    if other or graph.library.function:
        what = ", ".join(other) or "functions"
        raise DataError(f"{meta}: needs {what}; expected {len(_ALLOWED)} known operations alone.")
    return graph
