"""The reader of the 2020 weights, against files written by hand and against the tool's own layers."""

import struct

import numpy as np
import pytest

from scopecheck.errors import InputError
from scopecheck.tools.cellpose import read_mxnet, torch_name


def array_bytes(values, *, magic=0xF993FAC9, storage=0, kind=0, shape=None):
    """One dense array as MXNet 1.x writes it; laid out here by hand, not by the code under test."""
    values = np.asarray(values, dtype="<f4")
    shape = values.shape if shape is None else shape
    head = struct.pack("<Ii", magic, storage) + struct.pack("<I", len(shape))
    return head + struct.pack(f"<{len(shape)}q", *shape) + struct.pack("<iii", 1, 0, kind) + values.tobytes()


def file_bytes(arrays, names, *, magic=0x112, n_arrays=None, n_names=None):
    out = struct.pack("<QQQ", magic, 0, len(arrays) if n_arrays is None else n_arrays) + b"".join(arrays)
    out += struct.pack("<Q", len(names) if n_names is None else n_names)
    return out + b"".join(struct.pack("<Q", len(n)) + n for n in names)


GOOD = file_bytes([array_bytes([[1.5, -2.0, 0.25]]), array_bytes([7.0])], [b"a.weight", b"b.bias"])


def written(tmp_path, content):
    path = tmp_path / "weights"
    path.write_bytes(content)
    return path


def test_small_file_reads_back(tmp_path):
    found = read_mxnet(written(tmp_path, GOOD))
    assert list(found) == ["a.weight", "b.bias"]
    assert found["a.weight"].dtype == np.float32
    np.testing.assert_array_equal(found["a.weight"], [[1.5, -2.0, 0.25]])
    np.testing.assert_array_equal(found["b.bias"], [7.0])


@pytest.mark.parametrize("cut", range(len(GOOD)))
def test_every_truncation_is_refused(tmp_path, cut):
    with pytest.raises(InputError, match=r"weights: .*expected the dense float32 MXNet"):
        read_mxnet(written(tmp_path, GOOD[:cut]))


one = array_bytes([1.0])
BAD = {
    "another file": (b"PK\x03\x04" + bytes(60), "first number"),
    "more arrays than bytes": (file_bytes([one], [b"a"], n_arrays=2**40), "more than the file can hold"),
    "sparse array": (file_bytes([array_bytes([1.0], storage=1)], [b"a"]), "not a dense array"),
    "old array": (file_bytes([array_bytes([1.0], magic=0xF993FAC8)], [b"a"]), "not a dense array"),
    "float64": (file_bytes([array_bytes([1.0], kind=1)], [b"a"]), "number type 1"),
    "no dimension": (file_bytes([array_bytes([1.0], shape=())], [b"a"]), "0 dimensions"),
    "negative length": (file_bytes([array_bytes([1.0], shape=(-1,))], [b"a"]), r"shape \(-1,\)"),
    "overflowing shape": (
        file_bytes([array_bytes([1.0], shape=(2**40, 2**40))], [b"a"]),
        "ends inside array 0",
    ),
    "not a number": (file_bytes([array_bytes([np.nan])], [b"a"]), "NaN"),
    "names missing": (file_bytes([one, one], [b"a"]), "1 names for 2 arrays"),
    "long name": (file_bytes([one], [b"a"])[:-9] + struct.pack("<Q", 2**62) + b"a", "ends inside name 0"),
    "binary name": (file_bytes([one], [b"\xff\xfe"]), "not plain text"),
    "twice the same name": (file_bytes([one, one], [b"a", b"a"]), "same name"),
    "bytes left over": (GOOD + b"\0", "1 bytes are left over"),
}


@pytest.mark.parametrize("case", BAD)
def test_damage_is_named(tmp_path, case):
    content, said = BAD[case]
    with pytest.raises(InputError, match=said):
        read_mxnet(written(tmp_path, content))


def test_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match="nowhere: no such file"):
        read_mxnet(tmp_path / "nowhere")


def test_names_map_to_the_layers_of_cellpose_3():
    pairs = {
        "downsample.down.2.conv.1.0.gamma": "downsample.down.res_down_2.conv.conv_1.0.weight",
        "downsample.down.0.proj.1.weight": "downsample.down.res_down_0.proj.1.weight",
        "upsample.up.3.conv.1.conv.0.running_var": "upsample.up.res_up_3.conv.conv_1.conv.0.running_var",
        "upsample.up.1.conv.2.full.bias": "upsample.up.res_up_1.conv.conv_2.full.bias",
        "output.2.weight": "output.2.weight",
    }
    assert {name: torch_name(name) for name in pairs} == pairs


@pytest.mark.parametrize("name", ["fc1_weight", "downsample.gamma", "output.2.momentum", ""])
def test_foreign_names_are_refused(name):
    with pytest.raises(InputError, match="2020 Cellpose network"):
        torch_name(name)


@pytest.mark.tool
class TestOriginalWeights:
    @pytest.fixture(scope="class")
    def weights(self):
        pytest.importorskip("cellpose")
        from scopecheck import data
        from scopecheck.errors import DataError

        try:
            return data.fetch("cellpose-cyto-2020")
        except DataError as why:
            pytest.skip(f"weights not reachable: {why}")

    @pytest.fixture(scope="class")
    def model(self, weights):
        from scopecheck.tools.cellpose import load_cyto_2020

        return load_cyto_2020(weights)

    def test_first_layers_agree_with_arithmetic_on_the_raw_arrays(self, weights, model):
        """The projection of the first block, done by numpy from the file's own names."""
        import torch

        raw = read_mxnet(weights)
        x = np.random.default_rng(0).normal(size=(2, 8, 8)).astype(np.float32)
        p = {k.split("proj.")[1]: v for k, v in raw.items() if k.startswith("downsample.down.0.proj.")}
        scale = p["0.gamma"] / np.sqrt(p["0.running_var"] + 1e-5)
        normed = (x - p["0.running_mean"][:, None, None]) * scale[:, None, None] + p["0.beta"][:, None, None]
        expected = np.einsum("oi,iyx->oyx", p["1.weight"][:, :, 0, 0], normed) + p["1.bias"][:, None, None]
        with torch.no_grad():
            got = model.net.downsample.down[0].proj(torch.from_numpy(x)[None])[0].numpy()
        np.testing.assert_allclose(got, expected, atol=1e-4)

    def test_every_array_is_used_once(self, weights, model):
        total = sum(v.size for v in read_mxnet(weights).values())
        skip = ("diam_mean", "diam_labels", "num_batches_tracked")
        assert total == sum(v.numel() for k, v in model.net.state_dict().items() if not k.endswith(skip))
        assert model.net.mkldnn is False
        assert not model.net.training

    def test_another_networks_arrays_are_refused(self, tmp_path):
        pytest.importorskip("cellpose")
        from scopecheck.tools.cellpose import load_cyto_2020

        other = file_bytes([array_bytes(np.ones((3, 3)))], [b"output.2.weight"])
        with pytest.raises(InputError, match=r"arrays do not fit .*expected"):
            load_cyto_2020(written(tmp_path, other))

    def test_a_remembered_image_is_run_once_and_answered_alike(self, weights, model, monkeypatch):
        from cellpose import models

        from scopecheck.tools.cellpose import load_cyto_2020

        runs = []
        through = models.run_net
        monkeypatch.setattr(models, "run_net", lambda *a, **k: runs.append(1) or through(*a, **k))
        y, x = np.mgrid[:80, :80]
        image = sum(np.exp(-((y - a) ** 2 + (x - b) ** 2) / 90) for a, b in ((20, 20), (55, 30), (40, 62)))
        how = {"diameter": 25.0, "channels": [0, 0]}
        keeps = load_cyto_2020(weights, remember=True)
        plain = {t: model.eval(image, cellprob_threshold=t, **how) for t in (0.0, 2.0)}
        runs.clear()
        for t in (0.0, 2.0, 0.0):  # a threshold is no setting of the network
            masks, flows, _ = keeps.eval(image, cellprob_threshold=t, **how)
            np.testing.assert_array_equal(masks, plain[t][0])
            np.testing.assert_array_equal(flows[2], plain[t][1][2])
            masks[:] = 0
            flows[2][:] = 0  # what the caller does to its answer does not reach the memory
        assert len(runs) == 1
        assert plain[0.0][0].max() == 3
        assert (plain[0.0][0] > 0).sum() > (plain[2.0][0] > 0).sum()
        keeps.eval(image.T, **how)
        keeps.eval(image, **how | {"diameter": 20.0})
        assert len(runs) == 3

    @pytest.mark.weekly  # the recipe segmentation-cellpose runs this field, too
    @pytest.mark.slow
    def test_known_field_gives_the_known_f1(self, model):
        """F1 0.89, count -4 % and mean area +41 % were measured before, with stardist's own matching."""
        from scopecheck import data

        stardist = pytest.importorskip("stardist.matching")
        field = data.load("bbbc038-field")
        masks, _flows, _styles = model.eval(field.image, diameter=20, channels=[0, 0], batch_size=1)
        assert masks.max() == 120
        assert stardist.matching(field.truth, masks, thresh=0.5).f1 == pytest.approx(0.89, abs=0.005)
        area = {
            name: (x > 0).sum() / (np.unique(x).size - 1) for name, x in (("p", masks), ("t", field.truth))
        }
        assert area["p"] / area["t"] == pytest.approx(1.41, abs=0.01)
