"""The published checkpoint of RLN, a network with Richardson and Lucy's steps inside, run as it was left.

It is a graph of TensorFlow 1. `freeze` takes from the published files what draws the answer, with its numbers
in it, and nothing that trains, reads or writes; what is kept holds only operations of a list.

Source: Li et al. 2022, https://doi.org/10.1038/s41592-022-01652-7; files of
https://github.com/MeatyPlus/Richardson-Lucy-Net (MIT)
"""

from collections.abc import Callable
from pathlib import Path

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


def freeze(folder: str | Path) -> bytes:
    """Make one graph, numbers included, of the published files ``model.ckpt.meta``, ``.index`` and ``.data``.

    Raises
    ------
    DataError
        If the graph needs an operation that is not on the list.
    """
    import tensorflow as tf
    from tensorflow.core.protobuf import meta_graph_pb2

    kept = meta_graph_pb2.MetaGraphDef()
    kept.ParseFromString((Path(folder) / "model.ckpt.meta").read_bytes())
    numbers = tf.train.load_checkpoint(str(Path(folder) / "model.ckpt"))
    graph = tf.compat.v1.graph_util.extract_sub_graph(kept.graph_def, [ANSWER])
    for node in graph.node:
        node.attr.pop("_class", None)
        if node.op == "VariableV2":
            name, kind = node.name, node.attr["dtype"].type
            node.Clear()
            node.name, node.op = name, "Const"
            node.attr["dtype"].type = kind
            node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(numbers.get_tensor(name)))
    _check(graph, folder)
    return bytes(graph.SerializeToString(deterministic=True))


def published(path: str | Path) -> Callable[..., NDArray[np.float64]]:
    """Open what `freeze` made.

    Returns
    -------
    callable
        ``restore(volumes, own=False)`` takes volumes (n, Z, Y, X), each normalised to about 0 to 1, with even
        sides, and gives the drawn ones, (n, Z, Y, X) float64. With `own`, each layer is normalised by the
        means and variances of these volumes, four at a time, instead of those of the training.

    Raises
    ------
    DataError
        If the file is no such graph, or needs an operation that is not on the list.
    """
    import tensorflow as tf
    from google.protobuf.message import DecodeError

    graph = tf.compat.v1.GraphDef()
    try:
        graph.ParseFromString(Path(path).read_bytes())
    except DecodeError as fault:
        raise DataError(f"{path}: not a graph of TensorFlow ({fault}); fetch the file again.") from None
    _check(graph, path)
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


def _check(graph: object, where: object) -> None:
    nodes = list(graph.node)  # type: ignore[attr-defined]
    other = sorted({node.op for node in nodes} - _ALLOWED)
    if other or not nodes or graph.library.function:  # type: ignore[attr-defined]
        what = ", ".join(other) or "functions" if nodes else "nothing"
        raise DataError(f"{where}: holds {what}; expected a graph of {len(_ALLOWED)} known operations.")
