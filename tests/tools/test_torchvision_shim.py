"""The shim lets torchvision be imported, does its work once, and leaves a matching torchvision alone."""

import subprocess
import sys

import pytest

IMPORT = "import torchvision; print('imported', torchvision.__version__)"
SHIM = "from scopecheck.tools import torchvision_shim as s; print('declared', s.prepare(), s.prepare());"
# a stand-in for a matching library: the operators are there before anybody asks
MATCHING = """
import torch
own = torch.library.Library("torchvision", "DEF")
for name in ("nms", "qnms"):
    own.define(name + "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
own.impl("nms", lambda dets, scores, iou_threshold: torch.arange(len(dets)), "CPU")
"""


def _python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)


@pytest.mark.tool
def test_torchvision_imports_with_the_shim_whether_or_not_it_does_without():
    pytest.importorskip("torch")
    if subprocess.run(
        [sys.executable, "-c", "import importlib.util as u, sys; sys.exit(not u.find_spec('torchvision'))"]
    ).returncode:
        pytest.skip("torchvision is not installed")
    bare, shimmed = _python(IMPORT), _python(SHIM + IMPORT)
    assert shimmed.returncode == 0, shimmed.stderr
    assert "imported" in shimmed.stdout
    works = bare.returncode == 0
    assert works or "torchvision::nms does not exist" in bare.stderr
    # declared once where the import fails, and not at all where it works
    assert shimmed.stdout.startswith("declared False False" if works else "declared True False")


@pytest.mark.tool
def test_operators_that_exist_keep_their_kernel():
    pytest.importorskip("torch")
    done = _python(
        MATCHING + SHIM + "print(torch.ops.torchvision.nms(torch.zeros(3, 4), torch.zeros(3), 0.5).tolist())"
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["declared False False", "[0, 1, 2]"]


def test_without_torchvision_nothing_is_done(monkeypatch):
    from scopecheck.tools import torchvision_shim

    monkeypatch.setattr(torchvision_shim, "find_spec", lambda name: None)
    assert torchvision_shim.prepare() is False
