"""U-Net helpers: against the model's own shipped output, and against answers known beforehand."""

import os
from pathlib import Path

import numpy as np
import pytest

from scopecheck.errors import DataError, InputError
from scopecheck.tools import unet, weights


def _mirror(name: str) -> Path | None:
    roots = [Path(p) for p in os.environ.get("SCOPECHECK_MIRROR", "").split(os.pathsep) if p]
    roots.append(Path(__file__).parents[2].parent / "shared" / "data")
    found = (root / sub / name for root in roots for sub in ("", "light"))
    return next((p for p in found if p.is_dir()), None)


def _logistic(x):
    return 1 / (1 + np.exp(-x))


@pytest.fixture
def nuclei():
    pytest.importorskip("onnxruntime")
    folder = _mirror("model-unet2d-nuclei-broad")
    if folder is None:
        pytest.skip("the BioImage Model Zoo package is not in a mirror")
    session = unet.load_onnx(folder / "weights.onnx")
    name = session.get_inputs()[0].name
    return folder, lambda x: _logistic(session.run(None, {name: x})[0])


def test_standardise_by_hand():
    out = unet.standardise(np.array([[0, 2], [4, 2]], np.uint8))  # mean 2, variance 2
    assert out.dtype == np.float32
    np.testing.assert_allclose(out, np.array([[-1, 0], [1, 0]]) * np.sqrt(2), atol=1e-5)
    assert not unet.standardise(np.full((3, 3), 7)).any()


@pytest.mark.parametrize("bad", [np.zeros((4, 4, 3)), np.zeros((0, 5)), np.array([[1.0, np.nan]])])
def test_standardise_refuses(bad):
    with pytest.raises(InputError):
        unet.standardise(bad)


@pytest.mark.parametrize("shape", [(512, 512), (100, 161), (513, 700), (1022, 1024), (300, 1500)])
def test_tiled_identity_gives_the_standardised_image_back(shape):
    image = np.random.default_rng(0).normal(5, 3, shape)
    np.testing.assert_array_equal(unet.tiled(lambda x: x, image), unet.standardise(image))


def test_tiled_pieces_keep_the_halo():
    # a network that is wrong within 32 pixels of its own edge must not show inside the image
    def edge_blind(x):
        out = np.zeros_like(x)
        out[..., 32:-32, 32:-32] = 1
        return out

    out = unet.tiled(edge_blind, np.random.default_rng(1).normal(size=(900, 1100)))
    assert out[32:-32, 32:-32].min() == 1


def test_tiled_refuses_a_network_that_shrinks():
    with pytest.raises(InputError, match="expected"):
        unet.tiled(lambda x: x[..., :-2, :-2], np.eye(64), size=64, halo=8)


def test_batches_repeat_and_keep_pairs_together():
    image = np.random.default_rng(2).normal(size=(120, 130))
    mask = unet.standardise(image) > 0.3
    first, again = (list(unet.batches([image], [mask], steps=3, seed=5, size=64, batch=4)) for _ in range(2))
    assert [x.shape for x, _ in first] == [(4, 1, 64, 64)] * 3
    for (x, y), (x2, y2) in zip(first, again, strict=True):
        np.testing.assert_array_equal(x, x2)
        np.testing.assert_array_equal(y, y2)
        np.testing.assert_array_equal(y == 1, x > 0.3)  # still the mask of that very crop
    other = next(unet.batches([image], [mask], steps=1, seed=6, size=64, batch=4))
    assert not np.array_equal(other[0], first[0][0])


def test_batches_refuse():
    with pytest.raises(InputError, match="expected one mask an image"):
        next(unet.batches([np.eye(99)], [], steps=1, seed=0))
    with pytest.raises(InputError, match="at least 96"):
        next(unet.batches([np.eye(50)], [np.eye(50)], steps=1, seed=0))


def test_load_onnx_refuses(tmp_path):
    pytest.importorskip("onnxruntime")
    with pytest.raises(DataError, match="no such file"):
        unet.load_onnx(tmp_path / "none.onnx")
    (tmp_path / "bad.onnx").write_bytes(b"not a model at all")
    with pytest.raises(DataError, match=r"bad\.onnx"):
        unet.load_onnx(tmp_path / "bad.onnx")


@pytest.mark.tool
def test_nuclei_unet_gives_its_shipped_output(nuclei):
    folder, run = nuclei
    image = np.load(folder / "test_input.npy", allow_pickle=False).squeeze()
    expected = np.load(folder / "test_output.npy", allow_pickle=False).squeeze()
    out = unet.tiled(run, image)
    assert out.shape == expected.shape == (512, 512)
    np.testing.assert_allclose(out, expected, atol=1e-5)


@pytest.mark.tool
def test_the_network_that_is_kept_is_the_one_that_is_used(tmp_path):
    torch = pytest.importorskip("torch")
    nets = pytest.importorskip("monai.networks.nets")
    unet.reproducible(0)

    def made(channels=(4, 8)):
        return nets.UNet(2, 1, 1, channels=channels, strides=(2,), num_res_units=1, norm="batch")

    x = torch.from_numpy(np.random.default_rng(0).normal(size=(1, 1, 32, 32)).astype(np.float32))
    net = made()
    with torch.no_grad():
        net.train()(x)  # moves the running means
        before = net.eval()(x)
        here = unet.keep(net, tmp_path / "a" / "net.npz")(x)
        again = unet.kept(made(), tmp_path / "a" / "net.npz")(x)
    assert torch.equal(here, again)
    assert 0 < (here - before).abs().max() < 0.01  # float16 has 11 bits
    first = (tmp_path / "a" / "net.npz").read_bytes()
    unet.keep(net, tmp_path / "a" / "net.npz")
    assert (tmp_path / "a" / "net.npz").read_bytes() == first
    with pytest.raises(DataError, match="kept from another network"):
        unet.kept(made((8, 16)), tmp_path / "a" / "net.npz")


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x05\x06" + b"\0" * 10])
def test_a_kept_file_that_is_none_is_refused(tmp_path, content):
    path = tmp_path / "net.npz"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"net\.npz: not a kept network"):
        weights.read(path)
    with pytest.raises(DataError, match="not a kept network"):
        weights.read(tmp_path / "missing.npz")


def test_pickled_objects_are_never_loaded(tmp_path):
    np.savez(tmp_path / "net.npz", a=np.array([{"an": "object"}]))
    with pytest.raises(DataError, match="not a kept network"):
        weights.read(tmp_path / "net.npz")


@pytest.mark.tool
def test_monai_training_repeats_itself():
    torch = pytest.importorskip("torch")
    nets = pytest.importorskip("monai.networks.nets")
    losses = pytest.importorskip("monai.losses")
    rng = np.random.default_rng(0)
    mask = np.kron(rng.random((12, 12)) > 0.5, np.ones((8, 8))) > 0

    def train(seed):
        unet.reproducible(seed)
        net = nets.UNet(2, 1, 1, channels=(4, 8), strides=(2,), num_res_units=1)
        optimiser = torch.optim.AdamW(net.parameters(), lr=1e-2)
        loss = losses.DiceCELoss(sigmoid=True)
        seen = []
        for x, y in unet.batches([mask * 10.0], [mask], steps=12, seed=seed, size=32):
            optimiser.zero_grad()
            step = loss(net(torch.from_numpy(x)), torch.from_numpy(y))
            step.backward()
            optimiser.step()
            seen.append(step.item())
        return seen

    a, b, c = train(3), train(3), train(4)
    assert a == b
    assert a != c
    assert a[-1] < 0.7 * a[0]  # it learns: the picture is its own mask
