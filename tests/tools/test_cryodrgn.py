"""cryoDRGN's files: what we write is what its own readers read; what it writes is read without its code."""

import os
import pickle
import subprocess
import sys
import warnings
from dataclasses import dataclass

import numpy as np
import pytest

from scopecheck.errors import DataError, InputError
from scopecheck.tools import common
from scopecheck.tools import cryodrgn as tool

mrcfile = pytest.importorskip("mrcfile")


@dataclass(frozen=True)
class CTF:
    """The fields of acquire.cryoem.CTF; tools and acquire do not import each other."""

    defocus_u: float = 15000
    defocus_v: float | None = None
    angle: float = 30
    voltage: float = 300
    cs: float = 2.7
    amplitude_contrast: float = 0.1
    phase_shift: float = 0


def turn_z(degrees: float) -> np.ndarray:
    c, s = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])


@pytest.fixture
def inputs():
    rng = np.random.default_rng(0)
    return {
        "images": rng.normal(size=(3, 16, 16)).astype(np.float32),
        "rotations": np.stack([turn_z(a) for a in (0, 90, 200)]),
        "shifts": np.array([[0, 0], [3, -2], [0.5, 1]]),
        "ctfs": [CTF(15000), CTF(16000, 15000, phase_shift=90), CTF(17000, 17100, -20)],
        "pixel_size": 4.0,
    }


def test_the_stack_is_an_image_stack_with_its_pixel_size(tmp_path, inputs):
    stack, _, _ = tool.write_inputs(tmp_path / "new", **inputs)
    with mrcfile.open(stack) as mrc:
        assert mrc.is_image_stack()
        assert mrc.voxel_size.x == pytest.approx(4.0)
        np.testing.assert_array_equal(mrc.data, inputs["images"])  # row 0 stays row 0
    assert mrcfile.validate(stack)


def test_ctf_rows_by_hand(tmp_path, inputs):
    _, _, ctf = tool.write_inputs(tmp_path, **inputs)
    rows = pickle.loads(ctf.read_bytes())
    expected = [
        [16, 4, 15000, 15000, 30, 300, 2.7, 0.1, 0],
        [16, 4, 16000, 15000, 30, 300, 2.7, 0.1, 90],
        [16, 4, 17000, 17100, -20, 300, 2.7, 0.1, 0],
    ]
    np.testing.assert_allclose(rows, expected, rtol=1e-6)


@pytest.mark.tool
def test_cryodrgn_reads_them_and_centres_a_displaced_point(tmp_path, inputs):
    pytest.importorskip("cryodrgn")
    import torch
    from cryodrgn import ctf as drgn_ctf
    from cryodrgn import fft
    from cryodrgn.dataset import ImageDataset
    from cryodrgn.lattice import Lattice
    from cryodrgn.pose import PoseTracker

    images = np.zeros((3, 16, 16), np.float32)
    for image, (x, y) in zip(images, np.round(inputs["shifts"]).astype(int), strict=True):
        image[8 + y, 8 + x] = 1
    inputs |= {"images": images, "shifts": np.round(inputs["shifts"])}
    stack, poses, ctf = tool.write_inputs(tmp_path, **inputs)

    data = ImageDataset(mrcfile=str(stack), lazy=False, invert_data=False, window=False, norm=(0, 1))
    tracker = PoseTracker.load(str(poses), 3, 16)  # the box, not cryoDRGN's box + 1: see write_inputs
    lattice = Lattice(data.D, extent=0.5)
    transforms = torch.stack([data[i]["y"].reshape(-1) for i in range(3)])
    moved = lattice.translate_ht(transforms, tracker.trans.unsqueeze(1)).view(3, data.D, data.D)
    for transform in moved:
        back = fft.iht2_center(transform[:-1, :-1]).numpy()
        assert np.unravel_index(back.argmax(), back.shape) == (8, 8)
        assert back.max() > 0.8
    np.testing.assert_allclose(tracker.rots, inputs["rotations"], atol=1e-6)
    read = drgn_ctf.load_ctf_for_training(16, str(ctf))
    np.testing.assert_allclose(read[1], [4, 16000, 15000, 30, 300, 2.7, 0.1, 90], rtol=1e-6)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"images": np.zeros((3, 15, 15))}, "even D"),
        ({"images": np.zeros((3, 16, 12))}, "even D"),
        ({"images": np.zeros((0, 16, 16))}, "one image or more"),
        ({"images": np.full((3, 16, 16), np.nan)}, "finite"),
        ({"rotations": np.zeros((2, 3, 3))}, "expected"),
        ({"rotations": np.stack([np.diag([1.0, 1, -1])] * 3)}, "determinant"),
        ({"rotations": np.ones((3, 3, 3))}, "orthonormal"),
        ({"shifts": np.zeros((3, 3))}, "expected"),
        ({"shifts": np.full((3, 2), 40.0)}, "40.0 px in a box of 16"),
        ({"ctfs": [CTF()]}, "1 CTFs"),
        ({"ctfs": [CTF(np.nan)] * 3}, "defocus_u is nan"),
        ({"pixel_size": -1.0}, "positive"),
    ],
)
def test_inputs_that_do_not_fit_are_refused_before_anything_is_written(tmp_path, inputs, change, said):
    with pytest.raises(InputError, match=said):
        tool.write_inputs(tmp_path / "none", **(inputs | change))
    assert not (tmp_path / "none").exists()


def test_latent_is_read_as_cryodrgn_writes_it_and_by_epoch(tmp_path):
    mean = np.arange(6, dtype=np.float32).reshape(3, 2)
    for name, shift in (("z.pkl", 0), ("z.4.pkl", 10)):
        with open(tmp_path / name, "wb") as f:  # two pickles, one after the other
            pickle.dump(mean + shift, f)
            pickle.dump(-mean, f)
    np.testing.assert_array_equal(tool.read_latent(tmp_path), mean)
    np.testing.assert_array_equal(tool.read_latent(tmp_path, 4), mean + 10)
    with pytest.raises(DataError, match=r"z\.5\.pkl"):
        tool.read_latent(tmp_path, 5)


class _Runs:
    def __reduce__(self):
        return (exec, ("open('/tmp/should-not-be-there', 'w')",))


@pytest.mark.parametrize("bad", [_Runs(), {"z": 1}, np.zeros(3), np.array(["a"], object), "cut"])
def test_a_latent_file_that_is_something_else_is_refused(tmp_path, bad):
    content = pickle.dumps(np.zeros((9, 1)))[:-20] if isinstance(bad, str) else pickle.dumps(bad)
    (tmp_path / "z.pkl").write_bytes(content)
    with pytest.raises(DataError, match=r"z\.pkl"):
        tool.read_latent(tmp_path)


def test_losses_are_those_of_the_log(tmp_path):
    with pytest.raises(DataError, match=r"run\.log"):
        tool.read_losses(tmp_path)
    line = (
        "(INFO) (train_vae.py) (x) # =====> Epoch: {} Average gen loss = {}, KLD = {}, total loss = {}; Fin"
    )
    (tmp_path / "run.log").write_text(
        "\n".join(["noise", line.format(1, 0.99, 2.5, 1.01), line.format(2, "9.5e-01", 3.1, 0.97)])
    )
    table = tool.read_losses(tmp_path)
    assert table.to_dict("list") == {
        "epoch": [1, 2],
        "reconstruction": [0.99, 0.95],
        "kld": [2.5, 3.1],
        "total": [1.01, 0.97],
    }
    for name in ("z.pkl", "z.2.pkl"):  # the first epoch's was not kept
        (tmp_path / name).write_bytes(pickle.dumps(np.full((9, 1), len(name), np.float32)))
    run = tool.read_training(tmp_path)
    assert run.losses.equals(table)
    assert [z[0, 0] for z in (run.latent, *run.kept)] == [5, 7]


IMPORTS = "from scopecheck.tools import cryodrgn; cryodrgn.prepare(); import cryodrgn.commands.train_vae"
LAUNCH = "import sys; from scopecheck.tools import cryodrgn; sys.argv[1:] = {words}; cryodrgn.main()"


@pytest.mark.tool
@pytest.mark.slow
def test_train_vae_by_the_launcher_repeats_itself(in_process, tmp_path, inputs):
    """By its command, and by its function in processes that need not import all of it again."""
    pytest.importorskip("cryodrgn")
    images = np.random.default_rng(1).normal(size=(3, 16, 16)).astype(np.float32)
    stack, poses, ctf = tool.write_inputs(tmp_path, **(inputs | {"images": images}))
    runs = []
    for seed in (5, 5, 6):
        out = tmp_path / f"out{len(runs)}"
        words = [
            "train_vae", str(stack), "--poses", str(poses), "--ctf", str(ctf), "-o", str(out), "--zdim", "1",
            "-n", "2", "--enc-dim", "16", "--enc-layers", "1", "--dec-dim", "16", "--dec-layers", "1",
            "--seed", str(seed), "--shuffle-seed", str(seed), "--no-analysis",
        ]  # fmt: skip
        if runs:
            status, _, said = in_process(LAUNCH.format(words=words), IMPORTS, "cryodrgn")
        else:
            command = [sys.executable, "-m", "scopecheck.tools.cryodrgn", *words]
            done = subprocess.run(command, capture_output=True, text=True)
            status, said = done.returncode, done.stderr
        assert status == 0, said[-2000:]
        runs.append(tool.read_latent(out))
        assert list(tool.read_losses(out)["epoch"]) == [1, 2]
    assert runs[0].shape == (3, 1)
    np.testing.assert_array_equal(runs[0], runs[1])
    assert not np.array_equal(runs[0], runs[2])


def test_the_launcher_hands_on_its_words(monkeypatch):
    """Whatever stands after the module's name is what cryoDRGN's own main sees."""
    import types

    seen = {}
    stand_in = types.ModuleType("cryodrgn.command_line")
    stand_in.main_commands = lambda: seen.update(argv=list(sys.argv))
    monkeypatch.setitem(sys.modules, "cryodrgn", types.ModuleType("cryodrgn"))
    monkeypatch.setitem(sys.modules, "cryodrgn.command_line", stand_in)
    monkeypatch.setitem(sys.modules, "tensorflow", sys.modules.get("tensorflow"))
    monkeypatch.setattr("os.environ", dict(os.environ))
    monkeypatch.setattr(tool.torchvision_shim, "prepare", lambda: seen.update(shim=True))
    monkeypatch.setattr(sys, "argv", ["x.py", "train_vae", "a b.mrcs", "--zdim", "1"])
    with warnings.catch_warnings():
        tool.main()
    assert seen == {"shim": True, "argv": ["cryodrgn", "train_vae", "a b.mrcs", "--zdim", "1"]}


@pytest.mark.tool
def test_backproject_gives_back_the_density_that_the_particles_show(tmp_path):
    """500 noise-free projections of three blobs: both halves and the map resemble them."""
    pytest.importorskip("cryodrgn")
    from scopecheck.acquire import cryoem

    atoms = np.array([[-20.0, 0, 0], [25.0, 10, 5], [0, -15, 20]])
    volume = cryoem.density(atoms, [3.0, 1.0, 2.0], box=32, pixel_size=4.0, resolution=16.0)
    seen = cryoem.particles(volume, n=500, pixel_size=4.0, snr=None, seed=0)
    given = (seen.images, seen.rotations, np.zeros((500, 2)), seen.ctfs, 4.0)
    maps = tool.backproject(tmp_path / "new", *given)
    assert [m.shape for m in maps] == [(32, 32, 32)] * 3
    alike = [np.corrcoef(m.ravel(), volume.ravel())[0, 1] for m in maps]
    assert min(alike) > 0.9, alike
    mirrored = np.corrcoef(maps[2][::-1].ravel(), volume.ravel())[0, 1]
    assert mirrored < 0.7, mirrored  # not the other hand


def test_seeds_are_set_where_tensorflow_is_kept_out(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    common.seed_everything(3)
    first = np.random.random()  # noqa: NPY002
    common.seed_everything(3)
    assert np.random.random() == first  # noqa: NPY002
