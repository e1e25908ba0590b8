"""Topaz's command line in our process: safe weights, the same picks twice, and picks where particles are."""

import hashlib
import subprocess
import sys

import numpy as np
import pytest

from scopecheck.data import read_picks
from scopecheck.errors import DataError, InputError
from scopecheck.tools import topaz


@pytest.mark.parametrize(("seed", "threads"), [(-1, 1), (2**32, 1), (0, 0)])
def test_impossible_seed_or_threads_are_refused(seed, threads):
    with pytest.raises(InputError, match=r"expected 0 to 2\*\*32 - 1, and 1 or more"):
        topaz.command(seed=seed, threads=threads)


def test_unknown_detector_is_refused_by_name():
    with pytest.raises(InputError, match=r"'resnet50': .*resnet16_u32"):
        topaz.weights("resnet50")


def test_without_topaz_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(topaz, "find_spec", lambda name: None)
    for call in (topaz.command, topaz.weights):
        with pytest.raises(DataError, match="install the package topaz-em"):
            call()


IMPORTS = (
    "from scopecheck.tools import torchvision_shim; torchvision_shim.prepare();"
    " import topaz.main, topaz.commands.normalize, topaz.commands.extract"
)


def by_command(*words, seed=0):
    done = subprocess.run([*topaz.command(seed=seed), *words], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def again(in_process):
    """As `by_command`, in a process that need not import all of it again."""

    def run(*words, seed=0):
        code = (
            f"import sys; from scopecheck.tools.topaz import main; sys.exit(main({[str(seed), '1', *words]}))"
        )
        return in_process(code, IMPORTS, "topaz")

    return run


def blobs():
    """Six plain dark blobs, as particles look at 8 A a pixel, in noise; and their centres (x, y)."""
    centres = np.array([[30, 45], [75, 22], [125, 40], [38, 110], [88, 92], [130, 128]])
    y, x = np.mgrid[:160, :160]
    image = np.random.default_rng(3).normal(size=(160, 160))
    for cx, cy in centres:
        image -= 3 * np.exp(-(((x - cx) ** 2 + (y - cy) ** 2) / (2 * 6.0**2)))
    return image, centres


def write(path, image):
    mrcfile = pytest.importorskip("mrcfile")
    with mrcfile.new(path, overwrite=True) as file:
        file.set_data((3000 + 500 * image).astype(np.float32))
    return str(path)


@pytest.mark.tool
class TestProgram:
    @pytest.fixture(autouse=True)
    def _installed(self):
        pytest.importorskip("torch")
        if topaz.find_spec("topaz") is None:
            pytest.skip("Topaz is not installed")

    def test_every_detector_is_where_topaz_looks_for_it(self):
        # published with the package; resnet16 is the command's default and the one of 64 units
        digests = {
            name: hashlib.sha256(topaz.weights(name).read_bytes()).hexdigest() for name in topaz.DETECTORS
        }
        assert len(set(digests.values())) == 4
        assert digests["resnet16"] == digests["resnet16_u64"]
        assert digests["resnet8"] == digests["resnet8_u64"]

    @pytest.mark.slow
    def test_picks_lie_on_particles_and_repeat_themselves(self, again, tmp_path):
        image, centres = blobs()
        path = write(tmp_path / "frame.mrc", image)
        tables = []
        for folder, run in (("a", by_command), ("b", again)):
            assert run("normalize", "-o", str(tmp_path / folder), path, seed=5)[0] == 0
            out = tmp_path / f"{folder}.txt"
            words = ["-m", "resnet8_u32", "-r", "14", "-t", "0", "-d", "-1", "-o", str(out)]
            status, _, said = run("extract", *words, str(tmp_path / folder / "frame.mrc"))
            assert status == 0, said
            tables.append(out.read_text())
        assert tables[0] == tables[1]
        rows = [line.split("\t") for line in tables[0].splitlines()]
        assert rows[0] == ["image_name", "x_coord", "y_coord", "score"]
        xy = np.array([[float(r[1]), float(r[2])] for r in rows[1:]])
        nearest = np.linalg.norm(centres[:, None] - xy[None], axis=2).min(axis=1)
        assert (nearest < 7.8).all()  # every particle, within a quarter of 31 px: row and column not swapped
        assert len(xy) <= 2 * len(centres)
        picks = read_picks(out)  # and the reader gives what stands in the table
        assert picks[["x", "y"]].to_numpy() == pytest.approx(xy)
        assert set(picks["micrograph"]) == {"frame"}

    @pytest.mark.slow
    def test_a_model_file_that_would_run_code_is_refused(self, again, tmp_path):
        import torch

        image, _ = blobs()
        frame = write(tmp_path / "frame.mrc", image)
        witness, model = tmp_path / "witness", tmp_path / "model.sav"

        class Bad:
            """A pickle that opens a file when loaded fully, as torch.save writes one."""

            def __reduce__(self):
                return open, (str(witness), "w")

        torch.save(Bad(), model)
        words = ["-m", str(model), "-r", "14", "-d", "-1", "-o", str(tmp_path / "o.txt")]
        status, _, said = again("extract", *words, frame)
        assert status != 0
        assert "holds more than tensors" in said
        assert "resnet16_u32" in said
        assert not witness.exists()


def test_run_gives_what_was_printed_or_the_last_words_of_the_failure(monkeypatch):
    said = [sys.executable, "-c"]
    monkeypatch.setattr(topaz, "command", lambda **_: said)
    assert topaz.run("import sys; print(sys.argv[1:])", 3, "x").strip() == "['3', 'x']"
    with pytest.raises(DataError, match=r"status 3: cannot read a\.mrc"):
        topaz.run("import sys; print('cannot read a.mrc', file=sys.stderr); sys.exit(3)")
