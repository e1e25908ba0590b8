"""Let torchvision be imported where its compiled operators do not fit the installed PyTorch.

The package registry's torchvision is linked to CUDA. Beside a PyTorch without CUDA its library does not load,
and ``import torchvision`` stops with "operator torchvision::nms does not exist", although Topaz and cryoDRGN
use no operator of it. Naming the two operators, without a kernel, is enough for the import. Where the library
loads, nothing is done.
"""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

_SCHEMAS = ("nms", "qnms")
_kept: list[Any] = []  # a library that is collected takes its operators along


def prepare() -> bool:
    """Declare ``torchvision::nms`` and ``torchvision::qnms`` if torchvision's own library does not load.

    Call it before torchvision, or a tool that imports it, is imported. A second call does nothing.

    Returns
    -------
    bool
        Whether the two operators had to be declared. False where torchvision is not installed, where its
        library loads, and where the operators exist already.
    """
    found = find_spec("torchvision")
    if found is None or not found.submodule_search_locations:
        return False
    import torch

    folder = Path(next(iter(found.submodule_search_locations)))
    for compiled in sorted(folder.glob("_C*")):
        try:
            torch.ops.load_library(str(compiled))
        except OSError:  # linked to another PyTorch or to CUDA
            continue
    missing = [name for name in _SCHEMAS if not hasattr(torch.ops.torchvision, name)]
    if missing:
        library = torch.library.Library("torchvision", "FRAGMENT")
        for name in missing:
            library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        _kept.append(library)
    return bool(missing)
