"""EMPIAR-10017: published picks against CryoPPP's annotation, as scored once outside this package."""

import os

import numpy as np
import pytest

from scopecheck import data
from scopecheck.measure import picks as picking

pytestmark = pytest.mark.slow
SHAPE, DIAMETER = (4096, 4096), 108
# precision, recall over 12 micrographs at 54 px, one to one, from the data's own notes
PUBLISHED = {"crYOLO": (0.854, 0.929), "topaz": (0.726, 0.844), "deepPicker": (0.513, 0.248)}


@pytest.fixture(scope="module")
def folder(real):
    return real("empiar10017-betagal")


def files(folder, part, ending):
    return {path.name.removesuffix(ending): path for path in folder.rglob(f"{part}*{ending}")}


@pytest.fixture(scope="module")
def truth(folder, pickers):
    picked = set().union(*pickers.values())
    return {
        name: data.centres_from_mask(path)[["x", "y"]].to_numpy()
        for name, path in files(folder, "Falcon", "_mask.jpg").items()
        if name in picked
    }


@pytest.fixture(scope="module")
def pickers(folder):
    return {
        picker: {
            path.stem: data.read_picks(path)
            for path in folder.rglob("*.box")
            if picker.lower() in str(path.relative_to(folder)).lower()
        }
        for picker in PUBLISHED
    }


def scored(picks, truth, radius):
    """Precision and recall over all micrographs, by summed counts."""
    got = [picking.match(picks[name][["x", "y"]], truth[name], radius) for name in sorted(picks)]
    pairs, n, m = (sum(getattr(one, key) for one in got) for key in ("tp", "n_picks", "n_truth"))
    return pairs / n, pairs / m


@pytest.mark.parametrize("picker", PUBLISHED)
def test_published_precision_and_recall(picker, pickers, truth):
    """The same on 12 micrographs; where 5 of them are at hand, as near as a sample of 5 comes."""
    picks = pickers[picker]
    allowed = 0.002 if len(picks) == 12 else 0.015
    assert len(picks) in (5, 12)
    assert scored(picks, truth, 54) == pytest.approx(PUBLISHED[picker], abs=allowed)


def test_a_quarter_of_the_diameter_is_stricter_and_keeps_the_order(pickers, truth):
    strict = {picker: scored(picks, truth, DIAMETER / 4) for picker, picks in pickers.items()}
    for picker, (precision, recall) in strict.items():
        loose = scored(pickers[picker], truth, DIAMETER / 2)
        assert 0.85 * loose[0] < precision < loose[0]
        assert recall < loose[1]
    assert strict["crYOLO"][0] > strict["topaz"][0] > strict["deepPicker"][0]


def test_chance_in_a_crowded_field(pickers, truth):
    """Random points with the border of crYOLO: at 54 px 37 to 39 % hit, about 30 % one to one."""
    picks, got = pickers["crYOLO"], {}
    for name, table in picks.items():
        _, border = picking.spacing(table[["x", "y"]], SHAPE)
        for radius in (54, 27):
            drawn = picking.chance(
                len(table), truth[name], shape=SHAPE, radius=radius, border=border, repeats=5
            )
            got.setdefault(radius, []).append((drawn.any_hit, drawn.precision))
    any_hit, one_to_one = np.mean(got[54], axis=0)
    assert 0.365 <= any_hit <= 0.395
    assert one_to_one == pytest.approx(0.30, abs=0.025)
    any_hit, one_to_one = np.mean(got[27], axis=0)
    assert any_hit == pytest.approx(0.09, abs=0.02)
    assert one_to_one == pytest.approx(0.09, abs=0.02)
    assert one_to_one <= any_hit


def test_points_as_far_apart_as_the_picks_score_more_by_chance(pickers, truth):
    """Spread-out points hit different particles: leaving out the minimum distance flatters a picker."""
    for name, table in list(pickers["crYOLO"].items())[:2]:
        apart, border = picking.spacing(table[["x", "y"]], SHAPE)
        assert 40 < apart < 108
        how = {"shape": SHAPE, "radius": 54, "border": border, "repeats": 5}
        spread = picking.chance(len(table), truth[name], minimum_distance=apart, **how)
        free = picking.chance(len(table), truth[name], **how)
        assert spread.precision > free.precision + 3 * free.precision_sd / np.sqrt(5)
        assert spread.any_hit == pytest.approx(free.any_hit, abs=0.03)


def test_the_flip_is_noticed_on_real_picks(pickers, truth):
    for picks in (pickers["crYOLO"], pickers["topaz"]):
        for name, table in picks.items():
            xy = table[["x", "y"]].to_numpy()
            flipped = np.stack((xy[:, 0], SHAPE[0] - 1 - xy[:, 1]), axis=1)
            assert picking.frame_hint([(xy, truth[name])], height=SHAPE[0], radius=27) == ""
            assert "upside down" in picking.frame_hint([(flipped, truth[name])], height=SHAPE[0], radius=27)
            assert picking.frame_hint([(xy, truth[name])], radius=27) == ""
            assert "multiplied by 4" in picking.frame_hint([(xy / 4, truth[name])], radius=27)


@pytest.mark.parametrize("picker", PUBLISHED)
def test_real_picks_are_refused_in_another_frame_and_only_there(picker, pickers, truth):
    """Micrographs alone and all together, with the height and without; daily two of them are changed."""

    def turned(xy):
        return np.stack((xy[:, 0], SHAPE[0] - 1 - xy[:, 1]), axis=1)

    fields = {name: (table[["x", "y"]].to_numpy(), truth[name]) for name, table in pickers[picker].items()}
    planted = {
        "match when turned upside down": turned,
        "match when multiplied by 4 and turned upside down": lambda xy: turned(xy) / 4,
        "match when multiplied by 2.5": lambda xy: xy / 2.5,
        "match when x and y are swapped": lambda xy: xy[:, ::-1],
    }
    for height in (None, SHAPE[0]):
        for some in ([field] for field in fields.values()):
            assert picking.frame_hint(some, radius=27, height=height) == ""
        for radius in (27, 54):
            assert picking.frame_hint(fields.values(), radius=radius, height=height) == ""
        for how, change in planted.items():
            for some in ([field] for field in [*fields.values()][: None if os.environ.get("WEEKLY") else 2]):
                changed = [(change(p), t) for p, t in some]
                assert how in picking.frame_hint(changed, radius=27, height=height)


@pytest.mark.parametrize("picker", PUBLISHED)
def test_cryoppps_list_upside_down_without_a_height(picker, folder, pickers):
    """Boxes against the CSV that counts y from the other edge."""
    (path,) = folder.rglob("coords_cryoppp/*.csv")
    picks = pickers[picker][path.stem][["x", "y"]].to_numpy()
    for flipped in (False, True):
        table = data.read_picks(path, height=SHAPE[0], flipped=flipped)[["x", "y"]].to_numpy()
        said = picking.frame_hint([(picks, table)], radius=27)
        assert ("turned upside down" in said) == (not flipped)


def test_scores_rank_the_picks(pickers, truth):
    """Topaz's log-likelihood ratios: the upper half of its picks holds fewer mistakes than the lower."""
    hit, scores = [], []
    for name, table in pickers["topaz"].items():
        scores.append(table["score"].to_numpy())
        hit.append(picking.hits(table[["x", "y"]], scores[-1], truth[name], 27))
    hit, scores = np.concatenate(hit), np.concatenate(scores)
    table = picking.calibration(scores, hit, bins=2)
    assert table["precision"][1] > table["precision"][0]
    curve = picking.curve(scores, hit, sum(len(truth[name]) for name in pickers["topaz"]))
    assert curve["recall"].iloc[-1] == pytest.approx(scored(pickers["topaz"], truth, 27)[1])
    assert 0 < picking.average_precision(curve) < curve["recall"].iloc[-1]
