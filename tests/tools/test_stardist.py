"""StarDist's helper: the same seed gives the same network, silence, and one clear error."""

import sys

import numpy as np
import pytest

from scopecheck.errors import DataError, InputError
from scopecheck.tools import stardist as tool

TRAIN = """
from scopecheck.tools import stardist as tool
tool.prepare({seed})
import numpy as np
from stardist.models import Config2D, StarDist2D
yy, xx = np.mgrid[:64, :64]
label = np.zeros((64, 64), np.uint16)
for k, (y, x) in enumerate([(14, 14), (14, 46), (46, 14), (46, 46)], start=1):
    label[(yy - y) ** 2 + (xx - x) ** 2 <= 81] = k
image = (label > 0) + 0.05 * np.random.default_rng(0).normal(size=label.shape)
config = Config2D(n_rays=8, grid=(2, 2), unet_n_filter_base=4, unet_n_depth=1, unet_n_conv_per_depth=1,
                  net_conv_after_unet=8, train_patch_size=(32, 32), train_batch_size=2,
                  train_tensorboard=False)
model = StarDist2D(config, name="tiny", basedir=None)
with tool.quiet():
    model.train([image] * 2, [label] * 2, validation_data=([image], [label]), epochs=1, steps_per_epoch=3)
tool.rounded(model)
prob, dist = model.predict(image)
tool.keep(model, "{path}")
other = tool.kept(StarDist2D(config, name="tiny", basedir=None), "{path}")
assert other.thresholds == model.thresholds
assert all((a == b).all() for a, b in zip(other.keras_model.get_weights(), model.keras_model.get_weights()))
assert (other.predict(image)[0] == prob).all()
print("sum", prob.astype("f8").sum().hex(), dist.astype("f8").sum().hex())
"""


def test_quiet_swallows_what_is_printed_and_shows_it_when_the_block_raises(capsys):
    with tool.quiet():
        print("epoch 1")
        print("epoch 2", file=sys.stderr)
    assert capsys.readouterr() == ("", "")

    def stops():
        with tool.quiet():
            print("epoch 3")
            raise RuntimeError("stopped")

    with pytest.raises(RuntimeError, match="stopped"):
        stops()
    assert capsys.readouterr().out.strip() == "epoch 3"


@pytest.mark.parametrize(("seed", "threads"), [(-1, 1), (2**32, 1), (0, 0)])
def test_seed_and_threads_outside_their_range_are_refused(seed, threads):
    with pytest.raises(InputError, match="expected"):
        tool.prepare(seed, threads=threads)


def test_an_unknown_published_network_is_refused_without_a_download():
    with pytest.raises(InputError, match="2D_versatile_fluo"):
        tool.published("2D_versatile_flou")


@pytest.mark.tool
def test_published_names_are_the_ones_stardist_registers():
    pytest.importorskip("stardist")
    tool.prepare()
    from csbdeep.models.pretrained import get_registered_models
    from stardist.models import StarDist2D

    assert set(tool.PUBLISHED) == set(get_registered_models(StarDist2D, return_aliases=False))


@pytest.mark.tool
def test_a_failed_download_becomes_one_clear_error(monkeypatch):
    pytest.importorskip("stardist")
    tool.prepare()
    from stardist.models import StarDist2D

    def no_network(name):
        raise Exception("URL fetch failure")

    monkeypatch.setattr(StarDist2D, "from_pretrained", no_network)
    with pytest.raises(DataError, match="2D_versatile_fluo cannot be had: URL fetch failure"):
        tool.published()


@pytest.mark.tool
@pytest.mark.slow
def test_the_same_seed_gives_the_same_network_and_file_and_nothing_is_printed(in_process, tmp_path):
    runs = [
        in_process(TRAIN.format(seed=seed, path=tmp_path / f"{k}.npz")) for k, seed in enumerate((3, 3, 4))
    ]
    assert [status for status, *_ in runs] == [0, 0, 0], runs
    (_, first, said), (_, second, _), (_, other, _) = runs
    files = [(tmp_path / f"{k}.npz").read_bytes() for k in range(3)]
    assert files[0] == files[1] != files[2]
    assert first == second
    assert first != other
    assert first.splitlines()[-1].startswith("sum ")
    assert len([line for line in first.splitlines() if line]) <= 3  # StarDist names its default thresholds
    assert said == ""


@pytest.mark.tool
def test_a_star_convex_polygon_keeps_a_disc_and_loses_a_bent_arm():
    """The prior's limit, from StarDist's own functions: pi/n-gon area for a disc, cut off behind a bend."""
    pytest.importorskip("stardist")
    tool.prepare()
    from stardist.geometry import polygons_to_label, star_dist

    yy, xx = np.mgrid[:120, :120]
    disc = ((yy - 60) ** 2 + (xx - 60) ** 2 <= 40**2).astype(np.uint16)
    bent = np.zeros((120, 120), np.uint16)
    bent[50:60, 10:100] = 1
    bent[50:110, 90:100] = 1
    drawn = {}
    for name, mask in (("disc", disc), ("bent", bent)):
        centre = np.array([[60, 60]]) if name == "disc" else np.array([[55, 30]])
        distances = star_dist(mask, 32)[tuple(centre.T)]
        drawn[name] = (polygons_to_label(distances, centre, mask.shape) > 0).sum() / mask.sum()
    inscribed = 32 / (2 * np.pi) * np.sin(2 * np.pi / 32)  # a regular 32-gon in its circle: 0.9936
    to_the_edge = (40.5 / 40) ** 2  # StarDist's rays end at the outer edge of the last pixel
    assert drawn["disc"] == pytest.approx(inscribed * to_the_edge, abs=0.01)
    assert drawn["bent"] < 0.75  # the arm below row 60 is out of sight from there


@pytest.mark.tool
def test_a_kept_network_answers_as_keras_own_predict_does(tmp_path):
    pytest.importorskip("stardist")
    tool.prepare()
    from stardist.models import Config2D, StarDist2D

    with tool.quiet():
        model = StarDist2D(Config2D(n_rays=8, grid=(2, 2), unet_n_filter_base=4), name="one", basedir=None)
    network = tool.keep(model, tmp_path / "one.npz").keras_model
    image = np.random.default_rng(0).random((1, 64, 48, 1), np.float32)
    quick, slow = network.predict(image), type(network).predict(network, image, verbose=0)
    assert all((a == b).all() for a, b in zip(quick, slow, strict=True))
